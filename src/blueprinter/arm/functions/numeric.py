"""Numeric functions (Microsoft Learn, "Numeric functions for ARM templates"): integers of 64 bits, checked."""

from __future__ import annotations

import re
from math import inf, isinf

from blueprinter.arm.model import ExpressionError, Value
from blueprinter.arm.rows import Category, FunctionRow, pure, takes

_INTEGER = re.compile(r"\s*[+-]?\d{1,40}\s*")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?\s*", re.ASCII)


def _checked(value: int) -> Value:
    if not -(2**63) <= value < 2**63:
        raise ExpressionError(f"the result `{value}` does not fit into 64 bits")
    return value


def _add(left: int, right: int) -> Value:
    return _checked(left + right)


def _sub(left: int, right: int) -> Value:
    return _checked(left - right)


def _mul(left: int, right: int) -> Value:
    return _checked(left * right)


def _div(left: int, right: int) -> Value:
    """Rounds toward zero."""
    if right == 0:
        raise ExpressionError("division by zero")
    quotient = abs(left) // abs(right)
    return _checked(quotient if (left < 0) == (right < 0) else -quotient)


def _mod(left: int, right: int) -> Value:
    """The remainder has the sign of the dividend."""
    if right == 0:
        raise ExpressionError("division by zero")
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


def _int(value: str | int) -> Value:
    if isinstance(value, int):
        return value
    if _INTEGER.fullmatch(value) is None or not value.isascii():
        raise ExpressionError(f"`{value}` is no integer")
    return _checked(int(value))


def _float(value: str | int | float) -> Value:
    if isinstance(value, str) and _NUMBER.fullmatch(value) is None:
        raise ExpressionError(f"`{value}` is no number")
    try:
        number = float(value)
    except OverflowError:  # of integers; texts give infinity
        number = inf
    if isinf(number):
        raise ExpressionError(f"the number `{str(value)[:40]}` is too large")
    return number


ROWS = (
    FunctionRow("add", Category.NUMERIC, takes("operand1: int", "operand2: int"), "the sum", pure(_add)),
    FunctionRow(
        "div",
        Category.NUMERIC,
        takes("operand1: int", "operand2: int"),
        "the quotient, without its fraction",
        pure(_div),
    ),
    FunctionRow(
        "float", Category.NUMERIC, takes("arg1: string|int|float"), "the value as a number", pure(_float)
    ),
    FunctionRow(
        "int", Category.NUMERIC, takes("valueToConvert: string|int"), "the value as an integer", pure(_int)
    ),
    FunctionRow(
        "mod", Category.NUMERIC, takes("operand1: int", "operand2: int"), "the remainder", pure(_mod)
    ),
    FunctionRow("mul", Category.NUMERIC, takes("operand1: int", "operand2: int"), "the product", pure(_mul)),
    FunctionRow(
        "sub", Category.NUMERIC, takes("operand1: int", "operand2: int"), "the difference", pure(_sub)
    ),
)
