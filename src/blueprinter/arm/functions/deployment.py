"""Functions of the deployment and its values (Microsoft Learn, "Deployment functions for ARM templates")."""

from __future__ import annotations

from typing import Any

from blueprinter.arm.model import AnyContext, ExpressionError, Language, TemplateContext, Unknown, Value
from blueprinter.arm.rows import TEMPLATE, Category, FunctionRow, Unknowns, contextual, kind_of, pure, takes
from blueprinter.arm.syntax import reduced_call

_ALL = (Language.TEMPLATE, Language.POLICY, Language.BLUEPRINT)


def _copy_index(context: TemplateContext, *arguments: Value) -> Value:
    if any(isinstance(argument, Unknown) for argument in arguments):
        return reduced_call("copyIndex", arguments)
    name: str | None = None
    rest = list(arguments)
    if rest and isinstance(rest[0], str):
        name = str(rest.pop(0))
    if len(rest) > 1 or any(type(offset) is not int for offset in rest):
        raise ExpressionError("`copyIndex` takes the name of a loop, an offset, or both in this order")
    offset = rest[0] if rest else 0
    return context.copy_index(name, offset if isinstance(offset, int) else 0)


def _deployment(context: TemplateContext) -> Value:
    return context.deployment_object()


def _environment(context: TemplateContext) -> Value:
    return context.environment()


def _fail(message: Value) -> Value:
    raise ExpressionError(str(message) if isinstance(message, str) else f"failed with {kind_of(message)}")


def _parameters(context: AnyContext, name: str) -> Value:
    return context.parameter(name)


def _variables(context: TemplateContext, name: str) -> Value:
    return context.variable(name)


def _deployer(context: TemplateContext) -> Value:
    return context.runtime("deployer", ())


def _external_input(context: TemplateContext, *arguments: Value) -> Value:
    return context.runtime("externalInputs", arguments)


def _extensions(context: TemplateContext, *arguments: Any) -> Value:
    return context.runtime("extensions", arguments)


ROWS = (
    FunctionRow(
        "copyIndex",
        Category.NUMERIC,
        takes("loopNameOrOffset?: string|int", "offset?: int"),
        "the number of the iteration, from 0 or from the offset",
        contextual(_copy_index, TEMPLATE, Unknowns.SEEN),
    ),
    FunctionRow(
        "deployer",
        Category.DEPLOYMENT,
        (),
        "who deploys",
        contextual(_deployer, TEMPLATE),
    ),
    FunctionRow("deployment", Category.DEPLOYMENT, (), "the deployment", contextual(_deployment, TEMPLATE)),
    FunctionRow(
        "environment",
        Category.DEPLOYMENT,
        (),
        "the endpoints of the cloud",
        contextual(_environment, TEMPLATE),
    ),
    FunctionRow(
        "extensions",
        Category.DEPLOYMENT,
        takes("name: string"),
        "the configuration of an extension",
        contextual(_extensions, TEMPLATE, Unknowns.SEEN),
    ),
    FunctionRow(
        "externalInputs",
        Category.DEPLOYMENT,
        takes("name: string", "more?...: any"),
        "an input that the deploying tool supplies",
        contextual(_external_input, TEMPLATE, Unknowns.SEEN),
    ),
    FunctionRow("fail", Category.DEPLOYMENT, takes("message: any"), "ends with this message", pure(_fail)),
    FunctionRow(
        "parameters",
        Category.DEPLOYMENT,
        takes("parameterName: string"),
        "the value of a parameter",
        contextual(_parameters, _ALL),
    ),
    FunctionRow(
        "variables",
        Category.DEPLOYMENT,
        takes("variableName: string"),
        "the value of a variable",
        contextual(_variables, TEMPLATE),
    ),
)
