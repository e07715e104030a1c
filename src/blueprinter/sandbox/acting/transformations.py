"""`$apply` of Policy Insights: filters, groups and aggregates, one after the other.

`filter(…)/groupby((A, B), aggregate($count as N, C with sum as D))/aggregate(…)`. Sources: Microsoft Learn, "Get
policy compliance data"; OData Extension for Data Aggregation Version 4.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.sandbox.acting.odata import Columns, Cursor, ODataFault, Predicate, Row, filter_at

Transformation: TypeAlias = "Callable[[Iterable[Row]], Iterable[Row]]"


class Apply(Struct, frozen=True):
    """What `$apply` makes of rows, and the columns that they have then."""

    run: Transformation
    columns: Columns
    grouped: bool
    """Whether the rows are groups, which have no columns but those that were asked for."""


class _Aggregate(Struct, frozen=True):
    """One aggregate: of the values of a column, or of the rows themselves where `column` is empty."""

    column: str
    method: Callable[[Sequence[Any]], Any]
    alias: str


def read_apply(text: str, columns: Columns) -> Apply:
    """`$apply`, ready to run. Raises `ODataFault`."""
    cursor = Cursor(text)
    steps: list[Transformation] = []
    grouped = False
    while True:
        name = cursor.name()
        cursor.expect("(")
        if name.is_word("filter"):
            steps.append(_keep(filter_at(cursor, columns)))
        elif name.is_word("groupby"):
            keys, aggregates = _groupby(cursor, columns)
            steps.append(_group(keys, aggregates))
            columns = Columns.of([*keys, *(one.alias for one in aggregates)])
            grouped = True
        elif name.is_word("aggregate"):
            aggregates = _aggregates(cursor, columns)
            steps.append(_group((), aggregates))
            columns = Columns.of(one.alias for one in aggregates)
            grouped = True
        else:
            raise ODataFault(f"'{name.text}' is no transformation: filter, groupby or aggregate", name.at)
        cursor.expect(")")
        if not cursor.mark("/"):
            cursor.end()
            return Apply(_chain(steps), columns, grouped)


def _groupby(cursor: Cursor, columns: Columns) -> tuple[tuple[str, ...], tuple[_Aggregate, ...]]:
    cursor.expect("(")
    keys = [columns.find(cursor.name())]
    while cursor.mark(","):
        keys.append(columns.find(cursor.name()))
    cursor.expect(")")
    if not cursor.mark(","):
        return tuple(keys), ()
    if not cursor.next.is_word("aggregate"):
        raise cursor.unexpected("'aggregate' expected")
    cursor.take()
    cursor.expect("(")
    aggregates = _aggregates(cursor, columns)
    cursor.expect(")")
    return tuple(keys), aggregates


def _aggregates(cursor: Cursor, columns: Columns) -> tuple[_Aggregate, ...]:
    found = [_aggregate(cursor, columns)]
    while cursor.mark(","):
        found.append(_aggregate(cursor, columns))
    return tuple(found)


def _aggregate(cursor: Cursor, columns: Columns) -> _Aggregate:
    token = cursor.name()
    column, method = "", _METHODS["$count"]
    if not token.is_word("$count"):
        column = columns.find(token)
        if not cursor.next.is_word("with"):
            raise cursor.unexpected("'with' expected")
        cursor.take()
        name = cursor.name()
        wanted = _METHODS.get(fold(name.text))
        if wanted is None or name.is_word("$count"):
            known = ", ".join(one for one in _METHODS if not one.startswith("$"))
            raise ODataFault(f"'{name.text}' is no aggregation method: {known}", name.at)
        method = wanted
    if not cursor.next.is_word("as"):
        raise cursor.unexpected("'as' expected")
    cursor.take()
    return _Aggregate(column, method, cursor.name().text)


def _average(values: Sequence[Any]) -> Any:
    return sum(values) / len(values) if values else None


_METHODS: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "$count": len,
    "sum": sum,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "average": _average,
    "countdistinct": lambda values: len(
        {fold(value) if isinstance(value, str) else value for value in values}
    ),
}


def _chain(steps: Sequence[Transformation]) -> Transformation:
    def run(rows: Iterable[Row]) -> Iterable[Row]:
        for step in steps:
            rows = step(rows)
        return rows

    return run


def _keep(predicate: Predicate) -> Transformation:
    return lambda rows: (row for row in rows if predicate(row))


def _group(keys: tuple[str, ...], aggregates: tuple[_Aggregate, ...]) -> Transformation:
    """Groups in the order of their first row; their keys are spelled as in that row."""

    def run(rows: Iterable[Row]) -> Iterable[Row]:
        groups: dict[tuple[Any, ...], tuple[Row, list[list[Any]]]] = {}
        for row in rows:
            key = tuple(_key(row.get(name)) for name in keys)
            group = groups.get(key)
            if group is None:
                group = groups[key] = (row, [[] for _ in aggregates])
            for one, values in zip(aggregates, group[1], strict=True):
                value = row.get(one.column) if one.column else True
                if value is not None and not (one.column and isinstance(value, list)):
                    values.append(value)
        if not keys and not groups:
            groups[()] = ({}, [[] for _ in aggregates])
        for first, lists in groups.values():
            found = {name: first.get(name) for name in keys}
            for one, values in zip(aggregates, lists, strict=True):
                found[one.alias] = one.method(_fit(values, one.method))
            yield found

    return run


def _fit(values: list[Any], method: Callable[[Sequence[Any]], Any]) -> list[Any]:
    """What a method can work with: numbers for sums and averages, one kind of values for the least and the most."""
    if method in (_METHODS["sum"], _METHODS["average"]):
        return [value for value in values if isinstance(value, (int, float))]
    if method in (_METHODS["min"], _METHODS["max"]) and any(isinstance(value, str) for value in values):
        return [str(value) for value in values]
    return values


def _key(value: Any) -> Any:
    if isinstance(value, str):
        return fold(value)
    return tuple(value) if isinstance(value, list) else value
