"""The nodes of a query: scalar expressions, and the operators that the rows pass through."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from blueprinter.sandbox.kql.faults import Place
from blueprinter.sandbox.kql.types import Type, Value


class Literal(Struct, frozen=True):
    value: Value
    type: Type
    place: Place


class Name(Struct, frozen=True):
    name: str
    place: Place


class Member(Struct, frozen=True):
    """`base.name` or `base['name']`."""

    base: Scalar
    name: str
    place: Place


class Index(Struct, frozen=True):
    """`base[0]`, `base[expression]`."""

    base: Scalar
    index: Scalar
    place: Place


class Call(Struct, frozen=True):
    name: str
    arguments: tuple[Scalar, ...]
    place: Place


class Star(Struct, frozen=True):
    """`*` as an argument: all columns."""

    place: Place


class Minus(Struct, frozen=True):
    operand: Scalar
    place: Place


class Binary(Struct, frozen=True):
    """`operator` as written: `==`, `contains`, `and`, …"""

    operator: str
    left: Scalar
    right: Scalar
    place: Place


class Among(Struct, frozen=True):
    """`left in (…)`, also `has_any`, `has_all`; `operator` as written."""

    operator: str
    left: Scalar
    items: tuple[Scalar, ...]
    place: Place


class Between(Struct, frozen=True):
    negated: bool
    operand: Scalar
    low: Scalar
    high: Scalar
    place: Place


Scalar: TypeAlias = "Literal | Name | Member | Index | Call | Star | Minus | Binary | Among | Between"


class Column(Struct, frozen=True):
    """`name = expression`, or an expression that names itself ("")."""

    name: str
    expression: Scalar


class Where(Struct, frozen=True):
    predicate: Scalar


class Project(Struct, frozen=True):
    columns: tuple[Column, ...]


class ProjectAway(Struct, frozen=True):
    """Names, `*` in them stands for any text. `keep`: these stay instead of going."""

    patterns: tuple[Name, ...]
    keep: bool = False


class ProjectRename(Struct, frozen=True):
    """Pairs of new name and old."""

    pairs: tuple[tuple[str, Name], ...]


class Extend(Struct, frozen=True):
    columns: tuple[Column, ...]


class Summarize(Struct, frozen=True):
    aggregates: tuple[Column, ...]
    keys: tuple[Column, ...]


class Distinct(Struct, frozen=True):
    """Nothing = all columns."""

    columns: tuple[Column, ...]
    place: Place


class Count(Struct, frozen=True):
    place: Place


class SortKey(Struct, frozen=True):
    expression: Scalar
    ascending: bool
    nulls_first: bool


class Sort(Struct, frozen=True):
    keys: tuple[SortKey, ...]


class Top(Struct, frozen=True):
    number: Scalar
    key: SortKey


class Limit(Struct, frozen=True):
    number: Scalar


class Expansion(Struct, frozen=True):
    column: Column
    to: Type | None


class MvExpand(Struct, frozen=True):
    expansions: tuple[Expansion, ...]
    limit: Scalar | None
    bags_as_arrays: bool
    index_column: str
    place: Place


class ParsedColumn(Struct, frozen=True):
    name: str
    type: Type


class Parse(Struct, frozen=True):
    """`parts`: texts that must stand there, columns that take what lies between, None for `*`, which skips."""

    kind: str
    expression: Scalar
    parts: tuple[str | ParsedColumn | None, ...]
    place: Place


class Join(Struct, frozen=True):
    kind: str
    right: Query
    on: tuple[tuple[Name, Name], ...]
    """Pairs of a left and a right column."""
    place: Place


class Union(Struct, frozen=True):
    inner: bool
    """Only the columns that all legs have."""
    source_column: str
    legs: tuple[Query, ...]
    place: Place


Operator: TypeAlias = (
    "Where | Project | ProjectAway | ProjectRename | Extend | Summarize | Distinct | Count | Sort | Top | Limit"
    " | MvExpand | Parse | Join | Union"
)


class Query(Struct, frozen=True):
    """A table and what happens to its rows. `table` "" = the one that is meant without a name."""

    table: str
    operators: tuple[Operator, ...]
    place: Place
