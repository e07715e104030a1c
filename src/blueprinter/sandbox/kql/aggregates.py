"""The aggregation functions: one table, a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import orjson
from msgspec import Struct

from blueprinter.sandbox.kql.types import Type, Value, as_json

Rows: TypeAlias = "Sequence[tuple[Value, ...]]"
"""The arguments of every row of a group."""


class AggregateRow(Struct, frozen=True):
    """`prefix`: what the name of its column begins with; `conditional`: the last argument is a predicate, and only
    rows for which it is true are given to `evaluate`, without it. Null values do not count (Null values, Kusto
    documentation)."""

    name: str
    minimum: int
    maximum: int
    prefix: str
    result: Callable[[tuple[Type, ...]], Type]
    evaluate: Callable[[Rows], Value]
    conditional: bool = False


def _present(rows: Rows) -> list[Value]:
    return [row[0] for row in rows if row[0] is not None]


def _sum(rows: Rows) -> Value:
    found = _present(rows)
    return sum(found[1:], found[0]) if found else 0


def _average(rows: Rows) -> Value:
    found = _present(rows)
    return sum(found[1:], found[0]) / len(found) if found else None


def _smallest(rows: Rows) -> Value:
    return min(_present(rows), default=None)


def _largest(rows: Rows) -> Value:
    return max(_present(rows), default=None)


def _key(value: Value) -> Value:
    """What makes two values the same, containers included."""
    if isinstance(value, list | dict):
        return orjson.dumps(as_json(value), option=orjson.OPT_SORT_KEYS)
    return (type(value), value)


def _most(rows: Rows) -> int | None:
    return rows[0][1] if rows and len(rows[0]) > 1 else None


def _set(rows: Rows) -> list[Value]:
    found: dict[Value, Value] = {}
    for value in _present(rows):
        found.setdefault(_key(value), value)
    return list(found.values())[: _most(rows)]


def _list(rows: Rows) -> list[Value]:
    return _present(rows)[: _most(rows)]


def _distinct(rows: Rows) -> int:
    return len({_key(value) for value in _present(rows)})


def _any(rows: Rows) -> Value:
    return next((row[0] for row in rows if row[0] not in (None, "")), rows[0][0] if rows else None)


def _always(type: Type) -> Callable[[tuple[Type, ...]], Type]:
    return lambda types: type


def _same(types: tuple[Type, ...]) -> Type:
    return types[0]


def _mean(types: tuple[Type, ...]) -> Type:
    return types[0] if types[0] in (Type.TIMESPAN, Type.DATETIME) else Type.REAL


def _rows() -> tuple[AggregateRow, ...]:
    row, whole, bag = AggregateRow, _always(Type.LONG), _always(Type.DYNAMIC)
    return (
        row("count", 0, 0, "count_", whole, len),
        row("countif", 1, 1, "countif_", whole, len, conditional=True),
        row("dcount", 1, 2, "dcount_", whole, _distinct),
        row("dcountif", 2, 2, "dcountif_", whole, _distinct, conditional=True),
        row("count_distinct", 1, 1, "count_distinct_", whole, _distinct),
        row("sum", 1, 1, "sum_", _same, _sum),
        row("sumif", 2, 2, "sumif_", _same, _sum, conditional=True),
        row("avg", 1, 1, "avg_", _mean, _average),
        row("avgif", 2, 2, "avgif_", _mean, _average, conditional=True),
        row("min", 1, 1, "min_", _same, _smallest),
        row("minif", 2, 2, "minif_", _same, _smallest, conditional=True),
        row("max", 1, 1, "max_", _same, _largest),
        row("maxif", 2, 2, "maxif_", _same, _largest, conditional=True),
        row("make_set", 1, 2, "set_", bag, _set),
        row("makeset", 1, 2, "set_", bag, _set),
        row("make_set_if", 2, 2, "set_", bag, _set, conditional=True),
        row("make_list", 1, 2, "list_", bag, _list),
        row("makelist", 1, 2, "list_", bag, _list),
        row("make_list_if", 2, 2, "list_", bag, _list, conditional=True),
        row("take_any", 1, 1, "", _same, _any),
        row("any", 1, 1, "any_", _same, _any),
    )


AGGREGATES: Mapping[str, AggregateRow] = {row.name: row for row in _rows()}
EXTREMES: Mapping[str, bool] = {"arg_max": True, "arg_min": False}
"""Those that give a whole row; True = the row with the largest value."""
EXTREME_NAMES = frozenset(EXTREMES)
ORDERED = frozenset({"min", "minif", "max", "maxif"})
NUMERIC = frozenset({"sum", "sumif", "avg", "avgif"})
