"""The operators that rows pass through, and running a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from functools import reduce
from itertools import islice

from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.sandbox.kql.compiler import (
    Columns,
    Compiled,
    Row,
    Surroundings,
    compile_predicate,
    compile_scalar,
    name_of,
)
from blueprinter.sandbox.kql.faults import Place, semantic
from blueprinter.sandbox.kql.joining import join
from blueprinter.sandbox.kql.naming import Namer
from blueprinter.sandbox.kql.parser import parse
from blueprinter.sandbox.kql.parsing import parse_columns
from blueprinter.sandbox.kql.summarizing import summarize
from blueprinter.sandbox.kql.syntax import (
    Column,
    Count,
    Distinct,
    Expansion,
    Extend,
    Join,
    Limit,
    Literal,
    MvExpand,
    Name,
    Operator,
    Parse,
    Project,
    ProjectAway,
    ProjectRename,
    Query,
    Scalar,
    Sort,
    SortKey,
    Summarize,
    Top,
    Union,
    Where,
)
from blueprinter.sandbox.kql.types import NULLS, Type, Value, type_of_json

DEFAULT_EXPANSION = 128
LARGEST_EXPANSION = 2000
"""Rows that mv-expand makes of one, unless a limit says otherwise, and the highest limit (Understanding the Azure
Resource Graph query language)."""


class Table(Struct, frozen=True):
    """Rows have every column; a text is never None."""

    columns: Columns
    rows: Callable[[], Iterable[Row]]


class Result(Struct, frozen=True):
    columns: Columns
    rows: tuple[Row, ...]


Pass = Callable[[Iterable[Row]], Iterable[Row]]


class _World(Struct, frozen=True):
    tables: Mapping[str, Table]
    """By folded name."""
    default_table: str
    now: datetime


def run(query: Query | str, tables: Mapping[str, Table], *, default_table: str = "", now: datetime) -> Result:
    """The rows that a query gives. Names of tables are compared without regard to case, those of columns with it.
    Raises `QueryFault`; a query that would fail for some row fails before the first."""
    world = _World({fold(name): table for name, table in tables.items()}, default_table, now)
    columns, rows = _run(parse(query) if isinstance(query, str) else query, world)
    return Result(columns, tuple(rows))


def _run(query: Query, world: _World) -> tuple[Columns, Iterable[Row]]:
    name = query.table or world.default_table
    table = world.tables.get(fold(name))
    if table is None:
        raise semantic(f"Failed to resolve table expression named '{name}'.", query.place, name)
    columns: Columns = table.columns
    passes: list[Pass] = []
    for operator in query.operators:
        columns, onward = _compile(operator, Surroundings(columns, world.now), world)
        passes.append(onward)
    return columns, reduce(lambda rows, onward: onward(rows), passes, table.rows())


def _compile(operator: Operator, around: Surroundings, world: _World) -> tuple[Columns, Pass]:
    if isinstance(operator, Where):
        predicate = compile_predicate(operator.predicate, around)
        return around.columns, lambda rows: (row for row in rows if predicate(row) is True)
    if isinstance(operator, Project):
        return _project(operator.columns, around)
    if isinstance(operator, Extend):
        return _extend(operator.columns, around)
    if isinstance(operator, ProjectAway):
        return _project_away(operator, around)
    if isinstance(operator, ProjectRename):
        return _project_rename(operator, around)
    if isinstance(operator, Summarize):
        return summarize(operator, around)
    if isinstance(operator, Distinct):
        return _distinct(operator, around)
    if isinstance(operator, Count):
        return {"Count": Type.LONG}, lambda rows: iter([{"Count": sum(1 for _ in rows)}])
    if isinstance(operator, Sort):
        return around.columns, _sorting(operator.keys, around)
    if isinstance(operator, Top):
        number, sort = _number(operator.number, around), _sorting((operator.key,), around)
        return around.columns, lambda rows: islice(sort(rows), number)
    if isinstance(operator, Limit):
        most = _number(operator.number, around)
        return around.columns, lambda rows: islice(rows, most)
    if isinstance(operator, MvExpand):
        return _mv_expand(operator, around)
    if isinstance(operator, Parse):
        return parse_columns(operator, around)
    if isinstance(operator, Join):
        right_columns, right = _run(operator.right, world)
        return join(operator, around.columns, right_columns, right)
    return _union(operator, around, world)


def _named(columns: tuple[Column, ...], around: Surroundings) -> list[tuple[str, Compiled]]:
    namer = Namer()
    return [
        (namer.name(column.name, name_of(column.expression)), compile_scalar(column.expression, around))
        for column in columns
    ]


def _project(columns: tuple[Column, ...], around: Surroundings) -> tuple[Columns, Pass]:
    found = _named(columns, around)

    def run(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            yield {name: compiled.evaluate(row) for name, compiled in found}

    return {name: compiled.type for name, compiled in found}, run


def _extend(columns: tuple[Column, ...], around: Surroundings) -> tuple[Columns, Pass]:
    """Columns that are there already are replaced in their place."""
    found = _named(columns, around)

    def run(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            yield {**row, **{name: compiled.evaluate(row) for name, compiled in found}}

    return {**around.columns, **{name: compiled.type for name, compiled in found}}, run


def _project_away(operator: ProjectAway, around: Surroundings) -> tuple[Columns, Pass]:
    for pattern in operator.patterns:
        if "*" not in pattern.name:
            _require(pattern, around.columns)
    touched = {
        name
        for name in around.columns
        if any(fnmatchcase(name, pattern.name.replace("[", "[[]")) for pattern in operator.patterns)
    }
    kept = {name: type for name, type in around.columns.items() if (name in touched) is operator.keep}
    return kept, lambda rows: ({name: row[name] for name in kept} for row in rows)


def _project_rename(operator: ProjectRename, around: Surroundings) -> tuple[Columns, Pass]:
    for _, old in operator.pairs:
        _require(old, around.columns)
    new_names = {old.name: new for new, old in operator.pairs}
    clashes = set(new_names.values()) & (set(around.columns) - set(new_names))
    if clashes:
        raise semantic(f"A column named '{min(clashes)}' already exists.", operator.pairs[0][1].place)
    names = [(name, new_names.get(name, name)) for name in around.columns]
    columns = {new: around.columns[name] for name, new in names}
    return columns, lambda rows: ({new: row[name] for name, new in names} for row in rows)


def _require(name: Name, columns: Columns) -> None:
    if name.name not in columns:
        raise semantic(
            f"Failed to resolve column or scalar expression named '{name.name}'.", name.place, name.name
        )


def _distinct(operator: Distinct, around: Surroundings) -> tuple[Columns, Pass]:
    columns = operator.columns or tuple(Column("", Name(name, operator.place)) for name in around.columns)
    return summarize(Summarize((), columns), around)


def _number(node: Scalar, around: Surroundings) -> int:
    """A count of rows, which no row decides."""
    if not isinstance(node, Literal):
        raise semantic("A whole number is expected.", node.place)
    value = compile_scalar(node, around).evaluate({})
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise semantic("A whole number that is not negative is expected.", node.place)
    return value


def _sorting(keys: tuple[SortKey, ...], around: Surroundings) -> Callable[[Iterable[Row]], Iterator[Row]]:
    compiled = [(key, compile_scalar(key.expression, around)) for key in keys]
    for key, found in compiled:
        if found.type is Type.DYNAMIC:
            raise semantic(
                "order operator: key can't be of dynamic type. Please use an explicit cast.",
                key.expression.place,
            )

    def run(rows: Iterable[Row]) -> Iterator[Row]:
        found = list(rows)
        for key, value in reversed(compiled):
            found = _sorted(found, key, value)
        return iter(found)

    return run


def _sorted(rows: list[Row], key: SortKey, value: Compiled) -> list[Row]:
    known: list[tuple[Value, Row]] = []
    nulls: list[Row] = []
    for row in rows:
        found = value.evaluate(row)
        if found is None:
            nulls.append(row)
        else:
            known.append((found, row))
    # reversed twice, so that equal rows keep their order when descending
    known.sort(key=lambda pair: pair[0], reverse=not key.ascending)
    ordered = [row for _, row in known]
    return nulls + ordered if key.nulls_first else ordered + nulls


def _mv_expand(operator: MvExpand, around: Surroundings) -> tuple[Columns, Pass]:
    """An array gives a row for each item, a bag one for each of its members, null and single values one row, an empty
    array none. Several are gone through side by side, the shorter ones filled up with null."""
    limit = DEFAULT_EXPANSION if operator.limit is None else _number(operator.limit, around)
    if not 0 < limit <= LARGEST_EXPANSION:
        raise semantic(f"The limit of mv-expand is {LARGEST_EXPANSION}.", operator.place)
    namer = Namer()
    compiled: list[tuple[str, Compiled, Type | None]] = []
    for expansion in operator.expansions:
        found = compile_scalar(expansion.column.expression, around)
        if found.type is not Type.DYNAMIC:
            raise semantic("mv-expand: the value must be dynamic.", expansion.column.expression.place)
        name = namer.name(expansion.column.name, name_of(expansion.column.expression))
        compiled.append((name, found, expansion.to))
    columns = {**around.columns, **{name: to or Type.DYNAMIC for name, _, to in compiled}}
    index = operator.index_column
    if index:
        columns[index] = Type.LONG

    def run(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            parts = [_items(found.evaluate(row), operator.bags_as_arrays) for _, found, _ in compiled]
            for place in range(min(max(map(len, parts)), limit)):
                items = {
                    name: _cast(items[place] if place < len(items) else None, to)
                    for (name, _, to), items in zip(compiled, parts, strict=True)
                }
                yield {**row, **items, **({index: place} if index else {})}

    return columns, run


def _items(value: Value, bags_as_arrays: bool) -> list[Value]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [[key, item] if bags_as_arrays else {key: item} for key, item in value.items()]
    return [value]


def _cast(value: Value, to: Type | None) -> Value:
    """`to typeof(…)` does not convert: an item of another type becomes null."""
    if to is None or to is Type.DYNAMIC:
        return value
    type = type_of_json(value)
    if to is Type.REAL and type is Type.LONG:
        return float(value)
    return value if type is to else NULLS[to]


def _union(operator: Union, around: Surroundings, world: _World) -> tuple[Columns, Pass]:
    legs = [_run(leg, world) for leg in operator.legs]
    all_columns = [around.columns, *(columns for columns, _ in legs)]
    columns: dict[str, Type] = {}
    for one in all_columns:
        for name, type in one.items():
            if columns.setdefault(name, type) is not type:
                _refuse_types(name, operator.place)
    if operator.inner:
        columns = {name: type for name, type in columns.items() if all(name in one for one in all_columns)}
    source = operator.source_column

    def run(rows: Iterable[Row]) -> Iterator[Row]:
        for place, part in enumerate([rows, *(more for _, more in legs)]):
            for row in part:
                found = {name: row.get(name, NULLS[type]) for name, type in columns.items()}
                yield {source: f"union_arg{place}", **found} if source else found

    return ({source: Type.TEXT, **columns} if source else columns), run


def _refuse_types(name: str, place: Place) -> None:
    raise semantic(f"union: the column '{name}' has different types. Please use an explicit cast.", place)


__all__ = ["Expansion", "Result", "Table", "run"]
