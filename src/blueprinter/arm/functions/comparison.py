"""Comparison functions (Microsoft Learn, "Comparison functions for ARM templates").

They compare exactly: strings by case, types never mixed; in policies too, whose conditions do otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from blueprinter.arm.comparing import compare_text, equal
from blueprinter.arm.functions.logical import residue
from blueprinter.arm.model import ExpressionError, Language, Unknown, Value
from blueprinter.arm.rows import (
    Category,
    Code,
    Form,
    FormCompiler,
    FunctionRow,
    Implementation,
    Unknowns,
    kind_of,
    pure,
    special,
    takes,
)
from blueprinter.arm.syntax import Call, reduced_call

_NUMBERS = frozenset({int, float})
"""The types of numbers; a boolean, which is an integer to Python, is none."""


def _equals(left: Value, right: Value) -> Value:
    result = equal(left, right)
    return reduced_call("equals", (left, right)) if result is None else result


def _order(left: Value, right: Value) -> int:
    if isinstance(left, str) and isinstance(right, str):
        return compare_text(left, right)
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        low, high = cast("int | float", left), cast("int | float", right)
        return (low > high) - (low < high)
    raise ExpressionError(f"cannot compare {kind_of(left)} with {kind_of(right)}")


def _policy_order(left: Value, right: Value) -> int:
    """As in templates, but null beside a text, or beside null, is the empty text."""
    texts = (str, type(None))
    if isinstance(left, texts) and isinstance(right, texts):
        return compare_text(left or "", right or "")
    return _order(left, right)


def _relation(name: str, summary: str, holds: Callable[[int], bool]) -> FunctionRow:
    def template(left: Value, right: Value) -> Value:
        return holds(_order(left, right))

    def policy(left: Value, right: Value) -> Value:
        return holds(_policy_order(left, right))

    return FunctionRow(
        name,
        Category.COMPARISON,
        takes("arg1: any", "arg2: any"),
        summary,
        {
            Language.TEMPLATE: Implementation(Form.PURE, template),
            Language.POLICY: Implementation(Form.PURE, policy),
        },
    )


def _coalesce(compiler: FormCompiler, call: Call) -> Code:
    codes = [compiler.compile(argument) for argument in call.arguments]

    def code(context: Any, bindings: tuple[Value, ...]) -> Value:
        kept: list[Value] = []
        for step in codes:
            value = residue(step, context, bindings) if kept else step(context, bindings)
            if value is None:
                continue
            if not isinstance(value, Unknown) or value.hidden:
                return reduced_call(call.name, [*kept, value]) if kept else value
            kept.append(value)
        if not kept:
            return None
        return kept[0] if len(kept) == 1 else reduced_call(call.name, kept)

    return code


ROWS = (
    FunctionRow(
        "coalesce",
        Category.COMPARISON,
        takes("arg1: any", "more?...: any"),
        "the first value that is not null; later ones are not evaluated",
        special(_coalesce),
    ),
    FunctionRow(
        "equals",
        Category.COMPARISON,
        takes("arg1: any", "arg2: any"),
        "whether two values are equal",
        pure(_equals, Unknowns.SEEN),
    ),
    _relation("greater", "whether the first value is greater", lambda order: order > 0),
    _relation("greaterOrEquals", "whether the first value is greater or equal", lambda order: order >= 0),
    _relation("less", "whether the first value is less", lambda order: order < 0),
    _relation("lessOrEquals", "whether the first value is less or equal", lambda order: order <= 0),
)
