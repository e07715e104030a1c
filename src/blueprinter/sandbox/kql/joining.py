"""`join`: rows of two tables side by side where their keys are equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from blueprinter.sandbox.kql.compiler import Columns, Row
from blueprinter.sandbox.kql.faults import semantic
from blueprinter.sandbox.kql.naming import free_name
from blueprinter.sandbox.kql.syntax import Join, Name
from blueprinter.sandbox.kql.types import NULLS, NUMBERS, Type, Value


def join(
    node: Join, left: Columns, right: Columns, right_rows: Iterable[Row]
) -> tuple[Columns, Callable[[Iterable[Row]], Iterator[Row]]]:
    """All columns of both; names of the right side that the left side has, too, get a `1` behind them (Understanding
    the Azure Resource Graph query language). innerunique takes one row of the left side for each key. Null keys
    find nothing."""
    for pair in node.on:
        _check_key(pair, left, right)
    names: dict[str, str] = {}
    taken = set(left)
    for name in right:
        names[name] = free_name(name, taken)
        taken.add(names[name])
    columns: dict[str, Type] = {**left, **{names[name]: type for name, type in right.items()}}
    left_keys = [pair[0].name for pair in node.on]
    right_keys = [pair[1].name for pair in node.on]
    no_left = {name: NULLS[type] for name, type in left.items()}
    no_right = {names[name]: NULLS[type] for name, type in right.items()}

    def run(rows: Iterable[Row]) -> Iterator[Row]:
        by_key: dict[tuple[Value, ...], list[Row]] = {}
        for row in right_rows:
            renamed = {names[name]: value for name, value in row.items()}
            by_key.setdefault(tuple(row[key] for key in right_keys), []).append(renamed)
        seen: set[tuple[Value, ...]] = set()
        for row in rows:
            key = tuple(row[name] for name in left_keys)
            if node.kind == "innerunique" and key in seen:
                continue
            seen.add(key)
            matches = [] if None in key else by_key.get(key, [])
            for match in matches:
                yield {**row, **match}
            if not matches and node.kind in ("leftouter", "fullouter"):
                yield {**row, **no_right}
        if node.kind == "fullouter":
            for key, others in by_key.items():
                if key not in seen or None in key:
                    yield from ({**no_left, **other} for other in others)

    return columns, run


def _check_key(pair: tuple[Name, Name], left: Columns, right: Columns) -> None:
    for side, columns in zip(pair, (left, right), strict=True):
        if side.name not in columns:
            raise semantic(f"Failed to resolve column named '{side.name}'.", side.place, side.name)
        if columns[side.name] is Type.DYNAMIC:
            raise semantic(
                f"join key '{side.name}' is of a 'dynamic' type. Please use an explicit cast.",
                side.place,
                side.name,
            )
    types = {left[pair[0].name], right[pair[1].name]}
    if len(types) > 1 and not types <= NUMBERS:
        raise semantic("join: the keys have different types.", pair[0].place, pair[0].name)
