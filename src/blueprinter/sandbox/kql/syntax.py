"""The nodes of a query: scalar expressions, and the operators that the rows pass through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from blueprinter.sandbox.kql.faults import Place
from blueprinter.sandbox.kql.types import Type, Value


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value
    type: Type
    place: Place


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Member:
    """`base.name` or `base['name']`."""

    base: Scalar
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Index:
    """`base[0]`, `base[expression]`."""

    base: Scalar
    index: Scalar
    place: Place


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Scalar, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Star:
    """`*` as an argument: all columns."""

    place: Place


@dataclass(frozen=True, slots=True)
class Minus:
    operand: Scalar
    place: Place


@dataclass(frozen=True, slots=True)
class Binary:
    """`operator` as written: `==`, `contains`, `and`, …"""

    operator: str
    left: Scalar
    right: Scalar
    place: Place


@dataclass(frozen=True, slots=True)
class Among:
    """`left in (…)`, also `has_any`, `has_all`; `operator` as written."""

    operator: str
    left: Scalar
    items: tuple[Scalar, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Between:
    negated: bool
    operand: Scalar
    low: Scalar
    high: Scalar
    place: Place


Scalar: TypeAlias = "Literal | Name | Member | Index | Call | Star | Minus | Binary | Among | Between"


@dataclass(frozen=True, slots=True)
class Column:
    """`name = expression`, or an expression that names itself ("")."""

    name: str
    expression: Scalar


@dataclass(frozen=True, slots=True)
class Where:
    predicate: Scalar


@dataclass(frozen=True, slots=True)
class Project:
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class ProjectAway:
    """Names, `*` in them stands for any text. `keep`: these stay instead of going."""

    patterns: tuple[Name, ...]
    keep: bool = False


@dataclass(frozen=True, slots=True)
class ProjectRename:
    """Pairs of new name and old."""

    pairs: tuple[tuple[str, Name], ...]


@dataclass(frozen=True, slots=True)
class Extend:
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Summarize:
    aggregates: tuple[Column, ...]
    keys: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Distinct:
    """Nothing = all columns."""

    columns: tuple[Column, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Count:
    place: Place


@dataclass(frozen=True, slots=True)
class SortKey:
    expression: Scalar
    ascending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Sort:
    keys: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class Top:
    number: Scalar
    key: SortKey


@dataclass(frozen=True, slots=True)
class Limit:
    number: Scalar


@dataclass(frozen=True, slots=True)
class Expansion:
    column: Column
    to: Type | None


@dataclass(frozen=True, slots=True)
class MvExpand:
    expansions: tuple[Expansion, ...]
    limit: Scalar | None
    bags_as_arrays: bool
    index_column: str
    place: Place


@dataclass(frozen=True, slots=True)
class ParsedColumn:
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Parse:
    """`parts`: texts that must stand there, columns that take what lies between, None for `*`, which skips."""

    kind: str
    expression: Scalar
    parts: tuple[str | ParsedColumn | None, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Join:
    kind: str
    right: Query
    on: tuple[tuple[Name, Name], ...]
    """Pairs of a left and a right column."""
    place: Place


@dataclass(frozen=True, slots=True)
class Union:
    inner: bool
    """Only the columns that all legs have."""
    source_column: str
    legs: tuple[Query, ...]
    place: Place


Operator: TypeAlias = (
    "Where | Project | ProjectAway | ProjectRename | Extend | Summarize | Distinct | Count | Sort | Top | Limit"
    " | MvExpand | Parse | Join | Union"
)


@dataclass(frozen=True, slots=True)
class Query:
    """A table and what happens to its rows. `table` "" = the one that is meant without a name."""

    table: str
    operators: tuple[Operator, ...]
    place: Place
