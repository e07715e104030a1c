"""Logical functions (Microsoft Learn, "Logical functions for ARM templates")."""

from __future__ import annotations

from typing import Any

from blueprinter.arm.model import ExpressionError, LimitPassed, Unknown, Value
from blueprinter.arm.rows import Category, Code, FormCompiler, FunctionRow, kind_of, pure, special, takes
from blueprinter.arm.secure_values import opened
from blueprinter.arm.syntax import Call, reduced_call, value_text


def _if(compiler: FormCompiler, call: Call) -> Code:
    condition, when_true, when_false = (compiler.compile(argument) for argument in call.arguments)

    def code(context: Any, bindings: tuple[Value, ...]) -> Value:
        chosen = opened(condition(context, bindings))
        if chosen is True:
            return when_true(context, bindings)
        if chosen is False:
            return when_false(context, bindings)
        if isinstance(chosen, Unknown):
            branches = (residue(when_true, context, bindings), residue(when_false, context, bindings))
            return reduced_call(call.name, (chosen, *branches))
        raise ExpressionError(
            f"the function `if` expects `condition` to be a boolean, got {kind_of(chosen)}", call.offset
        )

    return code


def residue(code: Code, context: Any, bindings: tuple[Value, ...]) -> Value:
    """The value of a branch of which is not known whether it is needed: its fault is kept as a call of `fail`."""
    try:
        return code(context, bindings)
    except LimitPassed:
        raise
    except ExpressionError as found:
        return reduced_call("fail", (found.message,))


def _junction(compiler: FormCompiler, call: Call, decisive: bool) -> Code:
    codes = [(compiler.compile(argument), argument.offset) for argument in call.arguments]

    def code(context: Any, bindings: tuple[Value, ...]) -> Value:
        unknown: list[Value] = []
        for step, offset in codes:
            value = opened(residue(step, context, bindings) if unknown else step(context, bindings))
            if value is decisive:
                return decisive
            if isinstance(value, Unknown):
                unknown.append(value)
            elif value is not (not decisive):
                raise ExpressionError(
                    f"the function `{call.name}` expects booleans, got {kind_of(value)}", offset
                )
        if not unknown:
            return not decisive
        return Unknown(value_text(unknown[0])) if len(unknown) == 1 else reduced_call(call.name, unknown)

    return code


def _and(compiler: FormCompiler, call: Call) -> Code:
    return _junction(compiler, call, decisive=False)


def _or(compiler: FormCompiler, call: Call) -> Code:
    return _junction(compiler, call, decisive=True)


def _not(value: bool) -> Value:
    return not value


def _bool(value: str | int | bool) -> Value:
    if isinstance(value, str):
        spelt = {"true": True, "false": False, "1": True, "0": False}.get(value.strip().lower())
        if spelt is None:
            raise ExpressionError(f"`{value}` is neither `true` nor `false`")
        return spelt
    return bool(value)


ROWS = (
    FunctionRow(
        "and",
        Category.LOGICAL,
        takes("arg1: bool", "arg2: bool", "more?...: bool"),
        "whether all arguments are true; the first false one decides",
        special(_and),
    ),
    FunctionRow(
        "bool",
        Category.LOGICAL,
        takes("arg1: string|int|bool"),
        "the text `true` or `false`, or a number, as a boolean",
        pure(_bool),
    ),
    FunctionRow("false", Category.LOGICAL, (), "false", pure(lambda: False)),
    FunctionRow(
        "if",
        Category.LOGICAL,
        takes("condition: bool", "trueValue: any", "falseValue: any"),
        "the one or the other value; the other is not evaluated",
        special(_if),
    ),
    FunctionRow("not", Category.LOGICAL, takes("arg1: bool"), "the opposite", pure(_not)),
    FunctionRow(
        "or",
        Category.LOGICAL,
        takes("arg1: bool", "arg2: bool", "more?...: bool"),
        "whether one argument is true; the first true one decides",
        special(_or),
    ),
    FunctionRow("true", Category.LOGICAL, (), "true", pure(lambda: True)),
)
