"""Programs over part of a row: what they read of it, as attributes.

A function for parts is made when a row is first parsed so. Most programs never meet one: those that judge templates or
small inventories, or that word a single finding.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import FunctionType, MappingProxyType
from typing import Any, Protocol

from msgspec import Struct, field

from blueprinter.policy.compiled.assembly import assemble
from blueprinter.policy.compiled.code import (
    Namespace,
    assign,
    attribute,
    call,
    choose,
    constant,
    either,
    function,
    give,
    guarded,
    item,
    load,
    mapping,
    other,
    same,
    when,
)
from blueprinter.policy.compiled.loads import ID, PROPERTIES, ROW, TYPE, Reads
from blueprinter.policy.compiled.runtime import FAULTS, LACKING, Unseen, may_hold
from blueprinter.policy.compiled.shapes import Depths, Place, Shape

_GLANCE = "glance"
_VERDICT = "verdict"
_LINE = "line"
_FOUND = "found"
_HELD = "held"
_BLIND = (*FAULTS, Unseen)

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


Glance = Callable[[Any, bytes], Any]
"""A function of a `Part` and of the line that holds its row. It gives what stands under the verdicts; None = the part
is not enough, for instance because the row may have in another letter case what the part lacks."""

Held = Callable[[bytes, bytes], bool]
"""Whether what `properties` lack may stand there in another letter case: see `may_hold`."""


class Sight(Protocol):
    """What a program sees of parts of rows."""

    @property
    def shapes(self) -> Mapping[Place, Shape]:
        """What it needs of columns and of members of `properties`: of those that are not named here all."""
        ...

    def glance(self, found: Mapping[Any, Any], held: Held = may_hold) -> Glance:
        """The function that gives what `found` has for the verdicts."""
        ...


class Glancing(Protocol):
    """Makes a function for parts of rows, in which the values in these places are whole."""

    def __call__(self, whole: frozenset[Place]) -> Sight: ...


class Itself(dict[Any, Any]):
    """Every key stands for itself."""

    def __missing__(self, key: Any) -> Any:
        return key


class Glancer(Struct, eq=False):
    """The functions for parts of rows, made from one for rows: `verdict`, which takes a row, then these columns and
    members of `properties`, by their names."""

    depths: Callable[[], Depths]
    """Works out how deep the functions read: most programs are never asked."""
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
        depths = self.depths()
        shapes = {place: depths.shape(place, whole) for place in self._places()} if self.in_part else {}
        shapes = {place: shape for place, shape in shapes.items() if not shape.is_whole}
        kept = tuple(shapes.items())
        if kept not in self._made:
            self._made[kept] = _Seen(shapes, self._function(depths.function(_VERDICT, shapes)))
        return self._made[kept]

    def _places(self) -> list[Place]:
        named, inner = self.reads.attributes()
        return [*((name,) for name in named if name != PROPERTIES), *((PROPERTIES, name) for name in inner)]

    def _function(self, verdict: FunctionType) -> FunctionType:
        """The function, but for what it finds by name: see `_Seen`."""
        names = Namespace()
        named, inner = self.reads.attributes()
        lacking = names.name_of(LACKING, "lacking")
        unsure = [give(constant(None))]
        made: list[ast.stmt] = [when(other(attribute(load(ROW), "stated"), lacking), unsure)]
        values: dict[str, ast.expr] = {
            name: attribute(load(ROW), kept)
            for name, kept in ((ID, "id"), (TYPE, "spelled"))
            if name in self.reads.columns
        }

        lacks = names.fresh("lacks")

        def take(name: str, owner: str, kept: str, held: ast.expr) -> ast.expr:
            variable = names.fresh("value")
            value = load(variable)
            made.append(assign(variable, attribute(load(owner), kept)))
            absent = same(value, lacking)
            if name == PROPERTIES:  # null in their place says nothing of them
                absent = either([absent, same(value, constant(None))])
            text = None if name == PROPERTIES else _sought(name)
            settled = (
                unsure
                if text is None
                else [
                    when(call(held, load(_LINE), constant(text)), unsure),
                    assign(lacks, constant(True)) if self.as_row else assign(variable, constant(None)),
                ]
            )
            made.append(when(absent, settled))
            return value

        anywhere = names.name_of(may_hold, "may_hold")
        if self.as_row:
            made.append(assign(lacks, constant(False)))
        for name, kept in named.items():
            values[name] = take(name, ROW, kept, anywhere)
        if PROPERTIES not in named:
            made.append(assign(PROPERTIES, take(PROPERTIES, ROW, PROPERTIES, anywhere)))
        within = {name: take(name, PROPERTIES, kept, load(_HELD)) for name, kept in inner.items()}
        if within:
            values[PROPERTIES] = mapping(within)
        given = [*(values[name] for name in self.columns), *(within[name] for name in self.members)]
        row: ast.expr = constant(None)
        if self.as_row:
            # null is not the same as nothing in a row that is put together again
            whole = mapping(values)
            row = choose(load(lacks), call(names.name_of(_without_lacking, "without_lacking"), whole), whole)
            given = [choose(same(value, lacking), constant(None), value) for value in given]
        code = names.fresh("code")
        said = assign(code, call(load(_VERDICT), row, *given))
        made.append(guarded([said], names.name_of(_BLIND, "blind"), unsure))
        made.append(give(item(load(_FOUND), load(code))))
        tree = function(_GLANCE, [ROW, _LINE], made)
        return assemble([tree], {**names.objects, _VERDICT: verdict})[_GLANCE]


class _Seen:
    """A function that was made, once with its names."""

    __slots__ = ("_function", "shapes")

    def __init__(self, shapes: Mapping[Place, Shape], function: FunctionType) -> None:
        self.shapes = shapes
        self._function = function

    def glance(self, found: Mapping[Any, Any], held: Held = may_hold) -> Glance:
        names = {**self._function.__globals__, _FOUND: found, _HELD: held}
        return FunctionType(self._function.__code__.replace(), names)


class _Nothing:
    """Of programs that read nothing: their verdict is 0."""

    shapes: Mapping[Place, Shape] = MappingProxyType({})

    def glance(self, found: Mapping[Any, Any], held: Held = may_hold) -> Glance:
        def glance(part: Part, line: bytes) -> Any:
            return found[0] if part.stated is LACKING and part.properties is not LACKING else None

        return glance


NOTHING_SEEN: Sight = _Nothing()


def seeing_nothing(whole: frozenset[Place]) -> Sight:
    """Of programs that read nothing."""
    return NOTHING_SEEN


def _without_lacking(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what it lacks, in `properties` either."""
    found = {name: value for name, value in row.items() if value is not LACKING}
    properties = found.get(PROPERTIES)
    if isinstance(properties, dict):
        found[PROPERTIES] = {name: value for name, value in properties.items() if value is not LACKING}
    return found


def _sought(name: str) -> bytes | None:
    """What to look for in a line that may have a name in any letter case; None = JSON has more than one way to write
    it."""
    if not (name.isascii() and name.isprintable()) or {'"', "\\"} & set(name):
        return None
    return f'"{name.lower()}"'.encode()
