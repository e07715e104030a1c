"""Functions that take a lambda (Microsoft Learn, "Lambda functions for ARM templates").

`lambda('item', body)` names variables that `lambdaVariables('item')` reads in its body; lambdas nest lexically.
Where an array is only known to Azure, the lambda is kept in the reduced expression, its body reduced too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from blueprinter.arm.functions.logical import residue
from blueprinter.arm.limits import STEP
from blueprinter.arm.model import ExpressionError, ExpressionSyntaxError, Unknown, Value
from blueprinter.arm.rows import TEMPLATE, Category, Code, FormCompiler, FunctionRow, kind_of, special, takes
from blueprinter.arm.secure_values import opened, secured
from blueprinter.arm.syntax import Call, Literal, Node, quoted, reduced_call, value_text

Apply = Callable[..., Value]
"""A lambda ready to be called with as many values as it names variables; more are left out."""


class _Lambda:
    """A compiled lambda."""

    __slots__ = ("body", "names")

    def __init__(self, compiler: FormCompiler, node: Node) -> None:
        if not isinstance(node, Call) or node.name.casefold() != "lambda":
            raise ExpressionSyntaxError("expected a `lambda(…)`", node.offset)
        *names, body = node.arguments
        self.names = tuple(str(name.value) for name in names if isinstance(name, Literal))
        self.body = compiler.within(self.names).compile(body)

    def bound(self, context: Any, bindings: tuple[Value, ...]) -> Apply:
        body, count = self.body, len(self.names)

        def apply(*values: Value) -> Value:
            context.spend(STEP)
            return body(context, bindings + values[:count])

        return apply

    def text(self, context: Any, bindings: tuple[Value, ...]) -> Unknown:
        """The lambda with its body reduced as far as that goes without knowing its variables."""
        variables = tuple(Unknown(f"lambdaVariables({quoted(name)})") for name in self.names)
        body = value_text(residue(self.body, context, bindings + variables))
        return Unknown(f"lambda({', '.join([*map(quoted, self.names), body])})")


Compute = Callable[..., Value]
"""The work of a function: its collection, other plain values, then its lambdas as `Apply`."""


def _form(compute: Compute, collection: type, plain: int = 0) -> Callable[[FormCompiler, Call], Code]:
    """A special form: the collection, `plain` evaluated arguments, then lambdas."""

    def compile_form(compiler: FormCompiler, call: Call) -> Code:
        codes = [compiler.compile(argument) for argument in call.arguments[: plain + 1]]
        lambdas = [_Lambda(compiler, argument) for argument in call.arguments[plain + 1 :]]
        name, offset = call.name, call.offset

        def code(context: Any, bindings: tuple[Value, ...]) -> Value:
            source, *others = (step(context, bindings) for step in codes)
            if isinstance(source, Unknown) and source.hidden:
                source = _with_secure_members(source)
            if isinstance(source, Unknown):
                return reduced_call(
                    name, [source, *others, *(one.text(context, bindings) for one in lambdas)]
                )
            if not isinstance(source, collection):
                wanted = "an array" if collection is list else "an object"
                raise ExpressionError(
                    f"the function `{name}` expects its first argument to be {wanted}, got {kind_of(source)}",
                    offset,
                )
            try:
                return compute(source, *others, *(one.bound(context, bindings) for one in lambdas))
            except _Undecided:
                return reduced_call(
                    name, [source, *others, *(one.text(context, bindings) for one in lambdas)]
                )
            except ExpressionError as found:
                if found.offset < 0:
                    found.offset = offset
                raise

        return code

    return compile_form


def _with_secure_members(source: Unknown) -> Value:
    """A secure array or object as a plain one of secure members."""
    value = opened(source)
    if isinstance(value, list):
        return [secured(element, f"{source.expression}[{index}]") for index, element in enumerate(value)]
    if isinstance(value, dict):
        return {key: secured(member, f"{source.expression}[{quoted(key)}]") for key, member in value.items()}
    return value


class _Undecided(Exception):
    """A lambda gave something that only Azure knows where its value decides."""


def _decided(value: Value, name: str) -> bool:
    value = opened(value)
    if isinstance(value, Unknown):
        raise _Undecided
    if isinstance(value, bool):
        return value
    raise ExpressionError(f"the lambda of `{name}` must give a boolean, got {kind_of(value)}")


def _key(value: Value, name: str) -> str:
    if isinstance(value, Unknown):
        raise _Undecided
    if value is None or isinstance(value, str):
        return value or ""
    raise ExpressionError(
        f"a key of `{name}` is a string, not {kind_of(value)}; `format('{{0}}', …)` makes one"
    )


def _map(source: list[Value], apply: Apply) -> Value:
    return [apply(item, index) for index, item in enumerate(source)]


def _filter(source: list[Value], apply: Apply) -> Value:
    return [item for index, item in enumerate(source) if _decided(apply(item, index), "filter")]


def _reduce(source: list[Value], initial: Value, apply: Apply) -> Value:
    current = initial
    for index, item in enumerate(source):
        current = apply(current, item, index)
    return current


def _sort(source: list[Value], before: Apply) -> Value:
    def order(left: Value, right: Value) -> int:
        if _decided(before(left, right), "sort"):
            return -1
        return 1 if _decided(before(right, left), "sort") else 0

    return sorted(source, key=cmp_to_key(order))


def _to_object(source: list[Value], key: Apply, value: Apply | None = None) -> Value:
    return {_key(key(item), "toObject"): item if value is None else value(item) for item in source}


def _group_by(source: list[Value], key: Apply, value: Apply | None = None) -> Value:
    groups: dict[str, list[Value]] = {}
    for item in source:
        groups.setdefault(_key(key(item), "groupBy"), []).append(item if value is None else value(item))
    return dict(groups.items())


def _map_values(source: dict[str, Value], apply: Apply) -> Value:
    return {key: apply(value) for key, value in source.items()}


def _lambda(compiler: FormCompiler, call: Call) -> Code:
    raise ExpressionSyntaxError(
        "a lambda stands only as an argument of a function that takes one", call.offset
    )


def _lambda_variables(compiler: FormCompiler, call: Call) -> Code:
    (argument,) = call.arguments
    if not isinstance(argument, Literal) or not isinstance(argument.value, str):
        raise ExpressionSyntaxError("the variables of a lambda are named by plain strings", call.offset)
    wanted = argument.value.casefold()
    places = [place for place, name in enumerate(compiler.variables) if name == wanted]
    if not places:
        raise ExpressionSyntaxError(f"no lambda around this names a variable `{argument.value}`", call.offset)
    innermost = places[-1]
    return lambda context, bindings: bindings[innermost]


ROWS = (
    FunctionRow(
        "filter",
        Category.LAMBDA,
        takes("inputArray: array", "predicate: lambda(1-2)"),
        "the elements for which the lambda gives true",
        special(_form(_filter, list), TEMPLATE),
    ),
    FunctionRow(
        "groupBy",
        Category.LAMBDA,
        takes("inputArray: array", "key: lambda(1-1)", "value?: lambda(1-1)"),
        "an object of arrays, one for each key",
        special(_form(_group_by, list), TEMPLATE),
    ),
    FunctionRow(
        "lambda",
        Category.LAMBDA,
        takes("variablesAndBody...: any"),
        "a function for an argument of another",
        special(_lambda, TEMPLATE),
    ),
    FunctionRow(
        "lambdaVariables",
        Category.LAMBDA,
        takes("name: string"),
        "the value of a variable of a lambda",
        special(_lambda_variables, TEMPLATE),
    ),
    FunctionRow(
        "map",
        Category.LAMBDA,
        takes("inputArray: array", "convert: lambda(1-2)"),
        "what the lambda makes of each element",
        special(_form(_map, list), TEMPLATE),
    ),
    FunctionRow(
        "mapValues",
        Category.LAMBDA,
        takes("inputObject: object", "convert: lambda(1-1)"),
        "the object with what the lambda makes of each value",
        special(_form(_map_values, dict), TEMPLATE),
    ),
    FunctionRow(
        "reduce",
        Category.LAMBDA,
        takes("inputArray: array", "initialValue: any", "combine: lambda(2-3)"),
        "the elements combined one after the other",
        special(_form(_reduce, list, plain=1), TEMPLATE),
    ),
    FunctionRow(
        "sort",
        Category.LAMBDA,
        takes("inputArray: array", "before: lambda(2-2)"),
        "the elements in an order; the lambda says whether its first stands before its second",
        special(_form(_sort, list), TEMPLATE),
    ),
    FunctionRow(
        "toObject",
        Category.LAMBDA,
        takes("inputArray: array", "key: lambda(1-1)", "value?: lambda(1-1)"),
        "an object of the elements by key",
        special(_form(_to_object, list), TEMPLATE),
    ),
)
