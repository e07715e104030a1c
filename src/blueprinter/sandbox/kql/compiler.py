"""Scalar expressions to functions of a row, with their types: faults show before the first row."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from blueprinter.casing import get
from blueprinter.sandbox.kql.faults import Place, QueryFault, semantic, unknown_function
from blueprinter.sandbox.kql.functions import FUNCTIONS, FunctionRow
from blueprinter.sandbox.kql.matching import TEXT_TESTS, pattern_of, search
from blueprinter.sandbox.kql.syntax import (
    Among,
    Between,
    Binary,
    Call,
    Index,
    Literal,
    Member,
    Minus,
    Name,
    Scalar,
    Star,
)
from blueprinter.sandbox.kql.types import CONVERSIONS, NULLS, NUMBERS, Type, Value, to_real, to_text

Row: TypeAlias = "dict[str, Value]"
Columns: TypeAlias = "Mapping[str, Type]"
"""The columns of a table in their order; letter case of the names counts."""


class Compiled(Struct, frozen=True):
    type: Type
    evaluate: Callable[[Row], Value]


class Surroundings(Struct, frozen=True):
    """What an expression may refer to."""

    columns: Columns
    now: datetime


def compile_scalar(node: Scalar, around: Surroundings) -> Compiled:
    """Raises `QueryFault` for an unknown column or function, and for types that do not go together."""
    if isinstance(node, Literal):
        value = node.value
        return Compiled(node.type, lambda row: value)
    if isinstance(node, Name):
        return _column(node, around)
    if isinstance(node, Member):
        return _member(node, around)
    if isinstance(node, Index):
        return _index(node, around)
    if isinstance(node, Call):
        return _call(node, around)
    if isinstance(node, Star):
        raise semantic("'*' is not an expression.", node.place, "*")
    if isinstance(node, Minus):
        return _minus(node, around)
    if isinstance(node, Among):
        return _among(node, around)
    if isinstance(node, Between):
        return _between(node, around)
    return _binary(node, around)


def compile_predicate(node: Scalar, around: Surroundings) -> Callable[[Row], Value]:
    """An expression that is true, false or null."""
    found = compile_scalar(node, around)
    return _as(found, Type.BOOL, _place(node)).evaluate


def compile_text(node: Scalar, around: Surroundings) -> Callable[[Row], str]:
    """An expression that is a text."""
    return _as(compile_scalar(node, around), Type.TEXT, _place(node)).evaluate


def name_of(node: Scalar) -> str:
    """The name that a column takes from its expression: `properties.a[0].b` -> `properties_a_0_b`; "" = none."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Member):
        base = name_of(node.base)
        return f"{base}_{node.name}" if base else ""
    if isinstance(node, Index) and isinstance(node.index, Literal):
        base = name_of(node.base)
        return f"{base}_{node.index.value}" if base else ""
    if isinstance(node, Call):
        row = FUNCTIONS.get(node.name)
        if row is not None and row.keeps_name and node.arguments:
            return name_of(node.arguments[0])
    return ""


def _place(node: Scalar) -> Place:
    return node.place


def _as(found: Compiled, type: Type, place: Place, what: str = "") -> Compiled:
    """The value as another type: dynamic becomes what is wanted, a number any number."""
    if found.type is type or type is Type.DYNAMIC or (found.type is Type.LONG and type is Type.REAL):
        return found
    if found.type is not Type.DYNAMIC and not (found.type is Type.REAL and type is Type.LONG):
        told = f"{what}: e" if what else "E"
        raise semantic(f"{told}xpected a value of type {_kusto(type)}, not {_kusto(found.type)}.", place)
    convert, inner = CONVERSIONS[type], found.evaluate
    return Compiled(type, lambda row: convert(inner(row)))


def _kusto(type: Type) -> str:
    return {Type.LONG: "long", Type.REAL: "real", Type.BOOL: "bool", Type.DYNAMIC: "dynamic"}.get(type, type)


def _column(node: Name, around: Surroundings) -> Compiled:
    name = node.name
    if name not in around.columns:
        raise semantic(f"Failed to resolve column or scalar expression named '{name}'.", node.place, name)
    return Compiled(around.columns[name], operator.itemgetter(name))


def _member(node: Member, around: Surroundings) -> Compiled:
    """Resource Graph finds members without regard to letter case ("it can still return a value": Starter Resource
    Graph queries); the exact spelling goes first."""
    base = compile_scalar(node.base, around)
    _require_dynamic(base, node.place)
    inner, name = base.evaluate, node.name

    def evaluate(row: Row) -> Value:
        value = inner(row)
        return get(value, name) if isinstance(value, dict) else None

    return Compiled(Type.DYNAMIC, evaluate)


def _index(node: Index, around: Surroundings) -> Compiled:
    base, index = compile_scalar(node.base, around), compile_scalar(node.index, around)
    _require_dynamic(base, node.place)
    inner, place = base.evaluate, index.evaluate

    def evaluate(row: Row) -> Value:
        value, at = inner(row), place(row)
        if isinstance(value, list) and isinstance(at, int) and not isinstance(at, bool):
            return value[at] if -len(value) <= at < len(value) else None
        if isinstance(value, dict) and isinstance(at, str):
            return get(value, at)
        return None

    return Compiled(Type.DYNAMIC, evaluate)


def _require_dynamic(base: Compiled, place: Place) -> None:
    if base.type is not Type.DYNAMIC:
        raise semantic(f"Only a dynamic value has members, this one is of type {_kusto(base.type)}.", place)


def _minus(node: Minus, around: Surroundings) -> Compiled:
    found = compile_scalar(node.operand, around)
    if found.type is Type.DYNAMIC:
        found = _as(found, Type.REAL, node.place)
    if found.type not in NUMBERS and found.type is not Type.TIMESPAN:
        raise semantic(f"A value of type {_kusto(found.type)} has no negative.", node.place)
    inner = found.evaluate

    def evaluate(row: Row) -> Value:
        value = inner(row)
        return None if value is None else -value

    return Compiled(found.type, evaluate)


# ---------------------------------------------------------------------------------------------------------- calls


def _call(node: Call, around: Surroundings) -> Compiled:
    if node.name in ("now", "ago"):
        return _time(node, around)
    row = FUNCTIONS.get(node.name)
    if row is None:
        raise unknown_function(node.name)
    check_count(node, row.minimum, row.maximum)
    if row.name == "extract":
        return _extract(node, row, around)
    arguments = [
        _argument(argument, position, row, around) for position, argument in enumerate(node.arguments)
    ]
    types = tuple(argument.type for argument in arguments)
    result = row.result if isinstance(row.result, Type) else row.result(types)
    evaluates, function = [argument.evaluate for argument in arguments], row.evaluate
    null = NULLS[result]

    def evaluate(values: Row) -> Value:
        try:
            return function(*[argument(values) for argument in evaluates])
        except OverflowError:
            # a moment that no calendar has, a number that is too large
            return null

    return Compiled(result, evaluate)


def _argument(node: Scalar, position: int, row: FunctionRow, around: Surroundings) -> Compiled:
    wanted = row.parameters[min(position, len(row.parameters) - 1)]
    found = compile_scalar(node, around)
    return found if wanted is None else _as(found, wanted, _place(node), f"{row.name}()")


def check_count(node: Call, minimum: int, maximum: int | None) -> None:
    """Raises `QueryFault` for too few or too many arguments."""
    count = len(node.arguments)
    if count < minimum or (maximum is not None and count > maximum):
        raise QueryFault(
            "InvalidFunctionArguments",
            f"Function '{node.name}' cannot be called with {count} arguments.",
            place=node.place,
            token=node.name,
        )


def _extract(node: Call, row: FunctionRow, around: Surroundings) -> Compiled:
    pattern = pattern_of(_literal_text(node.arguments[0]), node.place)
    group, text = (_argument(node.arguments[place], place, row, around).evaluate for place in (1, 2))
    return Compiled(Type.TEXT, lambda values: row.evaluate(pattern, group(values), text(values)))


def _literal_text(node: Scalar) -> str:
    if isinstance(node, Literal) and isinstance(node.value, str):
        return node.value
    raise semantic("A regular expression must be a literal.", _place(node))


def _time(node: Call, around: Surroundings) -> Compiled:
    check_count(node, 1 if node.name == "ago" else 0, 1)
    now = around.now
    if not node.arguments:
        return Compiled(Type.DATETIME, lambda row: now)
    span = _as(
        compile_scalar(node.arguments[0], around), Type.TIMESPAN, node.place, f"{node.name}()"
    ).evaluate
    sign = -1 if node.name == "ago" else 1

    def evaluate(row: Row) -> Value:
        value = span(row)
        return None if value is None else _within_range(operator.add, now, sign * value)

    return Compiled(Type.DATETIME, evaluate)


# ------------------------------------------------------------------------------------------------------ operators


def _binary(node: Binary, around: Surroundings) -> Compiled:
    left, right = compile_scalar(node.left, around), compile_scalar(node.right, around)
    if node.operator in ("and", "or"):
        return _logic(node, left, right)
    if node.operator in TEXT_TESTS:
        test = TEXT_TESTS[node.operator]
        first, second = _text(left, node).evaluate, _text(right, node).evaluate
        return Compiled(Type.BOOL, lambda row: test(first(row), second(row)))
    if node.operator == "matches regex":
        pattern = pattern_of(_literal_text(node.right), node.place)
        subject = _text(left, node).evaluate
        return Compiled(Type.BOOL, lambda row: search(pattern, subject(row)) is not None)
    if node.operator in _ORDER:
        return _comparison(node.operator, left, right, node.place)
    return _arithmetic(node, left, right)


def _logic(node: Binary, left: Compiled, right: Compiled) -> Compiled:
    """Three-valued: null and false is false, null or true is true."""
    first = _as(left, Type.BOOL, node.place, node.operator).evaluate
    second = _as(right, Type.BOOL, node.place, node.operator).evaluate
    deciding = node.operator == "or"

    def evaluate(row: Row) -> Value:
        value = first(row)
        if value is deciding:
            return deciding
        other = second(row)
        if other is deciding:
            return deciding
        return None if value is None or other is None else not deciding

    return Compiled(Type.BOOL, evaluate)


def _text(found: Compiled, node: Binary | Among) -> Compiled:
    return _as(found, Type.TEXT, node.place, f"'{node.operator}'")


_ORDER: Mapping[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparison(sign: str, left: Compiled, right: Compiled, place: Place) -> Compiled:
    """Null values (Kusto documentation): two nulls give null, null is unequal to everything else, and is neither
    smaller nor larger."""
    first, second = (side.evaluate for side in _alike(left, right, place))
    compare = _ORDER[sign]
    against_null = {"==": False, "!=": True, "<>": True}.get(sign)

    def evaluate(row: Row) -> Value:
        value, other = first(row), second(row)
        if value is None or other is None:
            return None if value is other else against_null
        return compare(value, other)

    return Compiled(Type.BOOL, evaluate)


def _alike(left: Compiled, right: Compiled, place: Place) -> tuple[Compiled, Compiled]:
    """Both sides as one type."""
    if left.type is Type.DYNAMIC and right.type is not Type.DYNAMIC:
        return _as(left, _wide(right.type), place), right
    if right.type is Type.DYNAMIC and left.type is not Type.DYNAMIC:
        return left, _as(right, _wide(left.type), place)
    numbers = left.type in NUMBERS and right.type in NUMBERS
    if left.type is Type.DYNAMIC or (left.type is not right.type and not numbers):
        raise semantic(
            f"Cannot compare values of types {_kusto(left.type)} and {_kusto(right.type)}."
            " Try adding explicit casts.",
            place,
        )
    return left, right


def _wide(type: Type) -> Type:
    """A fraction in JSON must not be cut before it is compared with a whole number."""
    return Type.REAL if type is Type.LONG else type


def _among(node: Among, around: Surroundings) -> Compiled:
    left = compile_scalar(node.left, around)
    items = [compile_scalar(item, around) for item in node.items]
    if len(items) == 1 and items[0].type is Type.DYNAMIC:
        # one dynamic array in place of the list: its items are compared as texts
        spread, inner = items[0].evaluate, left.evaluate
        return _among_texts(node, lambda row: to_text(inner(row)), lambda row: _spread(spread(row)))
    if node.operator in ("in", "!in"):
        pairs = [_alike(left, item, node.place) for item in items]
        sides = [(first.evaluate, second.evaluate) for first, second in pairs]
        wanted = node.operator == "in"
        return Compiled(
            Type.BOOL,
            lambda row: any(_equal(first(row), second(row)) for first, second in sides) is wanted,
        )
    texts = [_text(item, node).evaluate for item in items]
    return _among_texts(node, _text(left, node).evaluate, lambda row: [text(row) for text in texts])


def _spread(value: Value) -> list[str]:
    return [to_text(item) for item in value] if isinstance(value, list) else [to_text(value)]


def _equal(value: Value, other: Value) -> bool:
    return value is not None and bool(value == other)


def _among_texts(node: Among, subject: Callable[[Row], str], texts: Callable[[Row], list[str]]) -> Compiled:
    negated = node.operator.startswith("!")
    test: Callable[[str, str], bool] = {
        "in": operator.eq,
        "in~": TEXT_TESTS["=~"],
        "has_any": TEXT_TESTS["has"],
        "has_all": TEXT_TESTS["has"],
    }[node.operator.lstrip("!")]
    combine: Callable[..., bool] = all if node.operator == "has_all" else any

    def evaluate(row: Row) -> Value:
        text = subject(row)
        return combine(test(text, other) for other in texts(row)) is not negated

    return Compiled(Type.BOOL, evaluate)


def _between(node: Between, around: Surroundings) -> Compiled:
    """From low to high, both included; high may be a timespan from a datetime on."""
    operand, low, high = (compile_scalar(part, around) for part in (node.operand, node.low, node.high))
    if high.type is Type.TIMESPAN and low.type is Type.DATETIME:
        high = _arithmetic(Binary("+", node.low, node.high, node.place), low, high)
    above = _comparison(">=", operand, low, node.place).evaluate
    below = _comparison("<=", operand, high, node.place).evaluate
    negated = node.negated

    def evaluate(row: Row) -> Value:
        first, second = above(row), below(row)
        return None if first is None or second is None else (first and second) is not negated

    return Compiled(Type.BOOL, evaluate)


_SUMS: Mapping[tuple[str, Type, Type], Type] = {
    ("+", Type.DATETIME, Type.TIMESPAN): Type.DATETIME,
    ("+", Type.TIMESPAN, Type.DATETIME): Type.DATETIME,
    ("-", Type.DATETIME, Type.TIMESPAN): Type.DATETIME,
    ("-", Type.DATETIME, Type.DATETIME): Type.TIMESPAN,
    ("+", Type.TIMESPAN, Type.TIMESPAN): Type.TIMESPAN,
    ("-", Type.TIMESPAN, Type.TIMESPAN): Type.TIMESPAN,
    ("/", Type.TIMESPAN, Type.TIMESPAN): Type.REAL,
    ("*", Type.TIMESPAN, Type.LONG): Type.TIMESPAN,
    ("*", Type.TIMESPAN, Type.REAL): Type.TIMESPAN,
    ("*", Type.LONG, Type.TIMESPAN): Type.TIMESPAN,
    ("*", Type.REAL, Type.TIMESPAN): Type.TIMESPAN,
    ("/", Type.TIMESPAN, Type.LONG): Type.TIMESPAN,
    ("/", Type.TIMESPAN, Type.REAL): Type.TIMESPAN,
}


def _arithmetic(node: Binary, left: Compiled, right: Compiled) -> Compiled:
    left, right = _number(left), _number(right)
    sign = node.operator
    if left.type in NUMBERS and right.type in NUMBERS:
        result: Type | None = Type.LONG if left.type is right.type is Type.LONG else Type.REAL
    else:
        result = _SUMS.get((sign, left.type, right.type))
    if result is None:
        raise semantic(
            f"Arithmetic expression cannot be carried out between {_kusto(left.type)} and {_kusto(right.type)}.",
            node.place,
            sign,
        )
    calculate, first, second = _ARITHMETIC[sign], left.evaluate, right.evaluate

    def evaluate(row: Row) -> Value:
        value, other = first(row), second(row)
        return None if value is None or other is None else _within_range(calculate, value, other)

    return Compiled(result, evaluate)


def _within_range(calculate: Callable[[Value, Value], Value], value: Value, other: Value) -> Value:
    """null for a moment that no calendar has."""
    try:
        return calculate(value, other)
    except OverflowError:
        return None


def _number(found: Compiled) -> Compiled:
    """A number out of JSON keeps being whole."""
    if found.type is not Type.DYNAMIC:
        return found
    inner = found.evaluate

    def evaluate(row: Row) -> Value:
        value = inner(row)
        return value if isinstance(value, int) and not isinstance(value, bool) else to_real(value)

    return Compiled(Type.REAL, evaluate)


def _divide(value: Value, other: Value) -> Value:
    """Whole numbers divide to whole numbers, towards zero; by zero there is no result."""
    if isinstance(value, int) and isinstance(other, int):
        if other == 0:
            return None
        whole = abs(value) // abs(other)
        return whole if (value < 0) == (other < 0) else -whole
    if isinstance(other, timedelta):
        return value / other if other else None
    if other == 0:
        if isinstance(value, timedelta):
            return None
        return float("nan") if value == 0 else float("inf") if value > 0 else float("-inf")
    return value / other


def _remainder(value: Value, other: Value) -> Value:
    return None if other == 0 else value % other


_ARITHMETIC: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _remainder,
}
