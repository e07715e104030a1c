"""Programs over part of a row: what they read of it, as attributes.

A function for parts is made when a row is first parsed so. Most programs never meet one: those that judge templates or
small inventories, or that word a single finding.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Protocol

from blueprinter.policy.compiled.assembly import assemble
from blueprinter.policy.compiled.code import (
    Namespace,
    assign,
    attribute,
    call,
    constant,
    either,
    function,
    give,
    load,
    mapping,
    other,
    same,
    when,
)
from blueprinter.policy.compiled.loads import ID, PROPERTIES, ROW, TYPE, Reads
from blueprinter.policy.compiled.runtime import LACKING, may_hold
from blueprinter.policy.compiled.shapes import Depths, Place, Shape

_GLANCE = "glance"
_VERDICT = "verdict"
_LINE = "line"

Code = int | tuple[Any, ...]
"""Verdicts on a row: a number, or a number and the keys of the rules that hold."""


class Part(Protocol):
    """Of a row what a program reads: `properties` with the attributes of members, columns as attributes, as
    `Reads.attributes` names them. What the row lacks is `LACKING`."""

    id: str
    spelled: str
    """The type as the row spells it."""
    stated: object
    """`apiVersion`, which is `LACKING` in most rows."""
    properties: object
    """With members as attributes, unless all of it is a column."""


Glance = Callable[[Any, bytes], Code | None]
"""A function of a `Part` and of the line that holds its row. It gives the verdicts; None = the row may have in another
letter case what the part lacks. Raises `FAULTS`, and `Unseen` likewise."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A function over parts of rows, and what it needs of columns and of members of `properties`: of those that are not
    named here all."""

    glance: Glance
    shapes: Mapping[Place, Shape] = field(default_factory=dict)


class Glancing(Protocol):
    """Makes a function for parts of rows, in which the values in these places are whole."""

    def __call__(self, whole: frozenset[Place]) -> Sight: ...


@dataclass(slots=True, eq=False)
class Glancer:
    """The functions for parts of rows, made from one for rows: `verdict`, which takes a row, then these columns and
    members of `properties`, by their names."""

    depths: Depths
    reads: Reads
    columns: Mapping[str, str]
    members: Mapping[str, str]
    as_row: bool
    """The row that it takes is looked at, otherwise None will do."""
    in_part: bool
    """All that it reads of values is known."""
    _made: dict[tuple[tuple[Place, Shape], ...], Sight] = field(default_factory=dict)
    """By shapes."""

    def __call__(self, whole: frozenset[Place]) -> Sight:
        shapes = {place: self.depths.shape(place, whole) for place in self._places()} if self.in_part else {}
        shapes = {place: shape for place, shape in shapes.items() if not shape.is_whole}
        kept = tuple(shapes.items())
        if kept not in self._made:
            self._made[kept] = Sight(self._glance(self.depths.function(_VERDICT, shapes)), shapes)
        return self._made[kept]

    def _glance(self, verdict: FunctionType) -> Glance:
        names = Namespace()
        made = _function(names, self.reads, self.columns, self.members, as_row=self.as_row)
        return assemble([made], {**names.objects, _VERDICT: verdict})[_GLANCE]

    def _places(self) -> list[Place]:
        named, inner = self.reads.attributes()
        return [*((name,) for name in named if name != PROPERTIES), *((PROPERTIES, name) for name in inner)]


def _function(
    names: Namespace, reads: Reads, columns: Mapping[str, str], members: Mapping[str, str], *, as_row: bool
) -> ast.FunctionDef:
    named, inner = reads.attributes()
    lacking = names.name_of(LACKING, "lacking")
    held = names.name_of(may_hold, "may_hold")
    made: list[ast.stmt] = [when(other(attribute(load(ROW), "stated"), lacking), [give(constant(None))])]
    values: dict[str, ast.expr] = {
        name: attribute(load(ROW), kept)
        for name, kept in ((ID, "id"), (TYPE, "spelled"))
        if name in reads.columns
    }

    def take(name: str, owner: str, kept: str) -> ast.expr:
        variable = names.fresh("value")
        value = load(variable)
        made.append(assign(variable, attribute(load(owner), kept)))
        absent = same(value, lacking)
        if name == PROPERTIES:  # null in their place says nothing of them
            absent = either([absent, same(value, constant(None))])
        made.append(when(absent, _settled(name, variable, held, provable=not as_row)))
        return value

    for name, kept in named.items():
        values[name] = take(name, ROW, kept)
    if PROPERTIES not in named:
        made.append(assign(PROPERTIES, take(PROPERTIES, ROW, PROPERTIES)))
    within = {name: take(name, PROPERTIES, kept) for name, kept in inner.items()}
    if within:
        values[PROPERTIES] = mapping(within)
    row = mapping(values) if as_row else constant(None)
    given = [*(values[name] for name in columns), *(within[name] for name in members)]
    return function(_GLANCE, [ROW, _LINE], [*made, give(call(load(_VERDICT), row, *given))])


def _settled(name: str, variable: str, held: ast.expr, *, provable: bool) -> list[ast.stmt]:
    """What to do where a part has no value of a name: its row lacks it, if the name stands nowhere in its line."""
    unsure = [give(constant(None))]
    if not provable or name == PROPERTIES or not (name.isascii() and name.isprintable()):
        return unsure
    if {'"', "\\"} & set(name):  # JSON has more than one way to write it
        return unsure
    sought = constant(f'"{name.lower()}"'.encode())
    return [when(call(held, load(_LINE), sought), unsure), assign(variable, constant(None))]


def seeing_nothing(whole: frozenset[Place]) -> Sight:
    """Of programs that read nothing."""
    return Sight(_nothing)


def _nothing(part: Part, line: bytes) -> int | None:
    return 0 if part.stated is LACKING and part.properties is not LACKING else None
