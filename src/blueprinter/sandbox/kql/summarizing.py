"""`summarize`: rows to groups, groups to rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.sandbox.kql.aggregates import (
    AGGREGATES,
    EXTREME_NAMES,
    EXTREMES,
    NUMERIC,
    ORDERED,
    AggregateRow,
)
from blueprinter.sandbox.kql.compiler import (
    Columns,
    Compiled,
    Row,
    Surroundings,
    check_count,
    compile_predicate,
    compile_scalar,
    name_of,
)
from blueprinter.sandbox.kql.faults import QueryFault, semantic
from blueprinter.sandbox.kql.naming import Namer
from blueprinter.sandbox.kql.syntax import (
    Among,
    Between,
    Binary,
    Call,
    Column,
    Index,
    Literal,
    Member,
    Minus,
    Name,
    Scalar,
    Star,
    Summarize,
)
from blueprinter.sandbox.kql.types import CONVERSIONS, Type, Value


class _Part(Struct, frozen=True):
    """What one aggregate gives: some columns, computed from the rows of a group."""

    columns: tuple[tuple[str, Type], ...]
    evaluate: Callable[[list[Row]], tuple[Value, ...]]


def summarize(
    node: Summarize, around: Surroundings
) -> tuple[Columns, Callable[[Iterable[Row]], Iterator[Row]]]:
    """The columns that come out, and how. Without keys there is always one row."""
    namer = Namer()
    keys: list[tuple[str, Compiled]] = []
    for column in node.keys:
        compiled = compile_scalar(column.expression, around)
        name = namer.name(column.name, name_of(column.expression))
        if compiled.type is Type.DYNAMIC:
            raise semantic(
                f"Summarize group key '{name}' is of a 'dynamic' type. Please use an explicit cast"
                f" (for example, 'summarize ... by tostring({name})').",
                column.expression.place,
                name,
            )
        keys.append((name, compiled))
    parts = [_part(column, around, namer, {name for name, _ in keys}) for column in node.aggregates]
    columns = {name: compiled.type for name, compiled in keys}
    columns.update({name: type for part in parts for name, type in part.columns})

    def run(rows: Iterable[Row]) -> Iterator[Row]:
        groups: dict[tuple[Value, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(compiled.evaluate(row) for _, compiled in keys), []).append(row)
        if not keys and not groups:
            groups[()] = []
        for values, members in groups.items():
            found = dict(zip((name for name, _ in keys), values, strict=True))
            for part in parts:
                found.update(zip((name for name, _ in part.columns), part.evaluate(members), strict=True))
            yield found

    return columns, run


def _part(column: Column, around: Surroundings, namer: Namer, keys: set[str]) -> _Part:
    node = column.expression
    if isinstance(node, Call) and node.name in EXTREME_NAMES:
        return _extreme(column, node, around, namer, keys)
    if isinstance(node, Call) and node.name in ("take_any", "any") and _stars(node):
        check_count(node, 1, 1)
        return _whole_row(around, keys)
    aggregates: dict[str, Compiled] = {}
    evaluates: dict[str, Callable[[list[Row]], Value]] = {}
    outer = _without_aggregates(node, around, aggregates, evaluates)
    if not aggregates:
        raise QueryFault(
            "InvalidAggregation",
            "An expression of summarize must hold an aggregation function.",
            place=node.place,
        )
    types = {name: compiled.type for name, compiled in aggregates.items()}
    whole = compile_scalar(outer, replace(around, columns=types))
    own = _own_name(node) if isinstance(node, Call) and node.name in AGGREGATES else name_of(node)
    name = namer.name(column.name, own)

    def evaluate(rows: list[Row]) -> tuple[Value, ...]:
        return (whole.evaluate({key: compute(rows) for key, compute in evaluates.items()}),)

    return _Part(((name, whole.type),), evaluate)


def _own_name(node: Call) -> str:
    row = AGGREGATES[node.name]
    if row.minimum == 0 or node.name == "countif":
        return row.prefix
    return row.prefix + name_of(node.arguments[0])


def _without_aggregates(
    node: Scalar,
    around: Surroundings,
    aggregates: dict[str, Compiled],
    evaluates: dict[str, Callable[[list[Row]], Value]],
) -> Scalar:
    """The expression with each aggregation in it replaced by a column that will hold its result."""

    def inner(child: Scalar) -> Scalar:
        return _without_aggregates(child, around, aggregates, evaluates)

    if isinstance(node, Call):
        if node.name in AGGREGATES:
            name = f"aggregate {len(aggregates)}"
            type, evaluates[name] = _aggregate(node, AGGREGATES[node.name], around)
            aggregates[name] = Compiled(type, lambda row: None)
            return Name(name, node.place)
        return replace(node, arguments=tuple(map(inner, node.arguments)))
    if isinstance(node, Binary):
        return replace(node, left=inner(node.left), right=inner(node.right))
    if isinstance(node, Among):
        return replace(node, left=inner(node.left), items=tuple(map(inner, node.items)))
    if isinstance(node, Between):
        return replace(node, operand=inner(node.operand), low=inner(node.low), high=inner(node.high))
    if isinstance(node, Minus):
        return replace(node, operand=inner(node.operand))
    if isinstance(node, Member):
        return replace(node, base=inner(node.base))
    if isinstance(node, Index):
        return replace(node, base=inner(node.base), index=inner(node.index))
    return node


def _aggregate(
    node: Call, row: AggregateRow, around: Surroundings
) -> tuple[Type, Callable[[list[Row]], Value]]:
    check_count(node, row.minimum, row.maximum)
    arguments, predicate = node.arguments, None
    if row.conditional:
        arguments, predicate = arguments[:-1], compile_predicate(arguments[-1], around)
    compiled = [_comparable(row.name, compile_scalar(argument, around), argument) for argument in arguments]
    for argument in arguments[1:]:
        if not isinstance(argument, Literal) or argument.type is not Type.LONG or argument.value is None:
            raise semantic(f"{node.name}(): a whole number is expected.", argument.place)
    evaluates = [argument.evaluate for argument in compiled]

    def evaluate(rows: list[Row]) -> Value:
        chosen = rows if predicate is None else [one for one in rows if predicate(one) is True]
        return row.evaluate([tuple(argument(one) for argument in evaluates) for one in chosen])

    return row.result(tuple(argument.type for argument in compiled)), evaluate


def _comparable(name: str, found: Compiled, node: Scalar) -> Compiled:
    """Sums need numbers; the order of dynamic values is that of their numbers."""
    if found.type is Type.DYNAMIC and name in ORDERED | NUMERIC:
        convert, inner = CONVERSIONS[Type.REAL], found.evaluate
        return Compiled(Type.REAL, lambda row: convert(inner(row)))
    if name in NUMERIC and found.type not in (Type.LONG, Type.REAL, Type.TIMESPAN):
        raise semantic(f"{name}(): a number is expected.", node.place)
    return found


def _stars(node: Call) -> bool:
    return any(isinstance(argument, Star) for argument in node.arguments)


def _whole_row(around: Surroundings, keys: set[str]) -> _Part:
    columns = tuple((name, type) for name, type in around.columns.items() if name not in keys)
    return _Part(columns, lambda rows: tuple(rows[0][name] if rows else None for name, _ in columns))


def _extreme(column: Column, node: Call, around: Surroundings, namer: Namer, keys: set[str]) -> _Part:
    """arg_max(expression, column…|*): the columns of the row in which the expression is largest."""
    check_count(node, 1, None)
    measure = compile_scalar(node.arguments[0], around)
    name = namer.name(column.name, name_of(node.arguments[0]) or node.name)
    columns: list[tuple[str, Compiled]] = [(name, measure)]
    for argument in node.arguments[1:]:
        if isinstance(argument, Star):
            columns += [
                (other, Compiled(type, _getter(other)))
                for other, type in around.columns.items()
                if other not in keys and other != name
            ]
        else:
            columns.append((namer.name("", name_of(argument)), compile_scalar(argument, around)))
    best = max if EXTREMES[node.name] else min

    def evaluate(rows: list[Row]) -> tuple[Value, ...]:
        known = [row for row in rows if measure.evaluate(row) is not None]
        if not known:
            return tuple(None for _ in columns)
        chosen = best(known, key=measure.evaluate)
        return tuple(compiled.evaluate(chosen) for _, compiled in columns)

    return _Part(tuple((other, compiled.type) for other, compiled in columns), evaluate)


def _getter(name: str) -> Callable[[Row], Value]:
    return lambda row: row[name]
