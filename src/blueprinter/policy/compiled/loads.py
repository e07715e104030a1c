"""Reading properties: every path once, shared by all conditions of a function.

A tree of property names is collected while conditions are compiled, and written as statements when they are needed.
Keys are read as spelled; only where one is absent, and the object has keys that were never seen before, it is sought in
every letter case (`Keys`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from blueprinter.arm import Value
from blueprinter.casing import fold
from blueprinter.policy.compiled.code import (
    Namespace,
    assign,
    assign_each,
    both,
    call,
    choose,
    compare,
    constant,
    either,
    guarded,
    has_type,
    item,
    load,
    method,
    opposite,
    same,
    when,
)
from blueprinter.policy.compiled.runtime import MISSING, Keys, Places

ROW = "row"
PROPERTIES = "properties"
ID = "id"
TYPE = "type"

Steps = Sequence[str | int]
"""A path without `[*]`."""


Wanted = Mapping[str, "Wanted"]
"""Members of an object that are read, by key, each with what is read of it; nothing = all of it."""

WHOLE: Wanted = MappingProxyType({})
Row = Mapping[str, Value]
Keyed = tuple[str, ...]
"""A path of keys."""


@dataclass(slots=True)
class _Node:
    """A property: the variable that holds it, and what is read of it in turn."""

    key: str | int
    variable: str
    asked: bool = False
    """The value itself is wanted, not only what it holds."""
    folded: str = ""
    """The variable of its folded text, if one is wanted."""
    place: str = ""
    """The variable of the location that it names, if one is wanted."""
    members: dict[str | int, _Node] = field(default_factory=dict)
    written: bool = False
    """Code fills the variable already."""
    derived: set[str] = field(default_factory=set)
    """Which of the other two variables code fills already."""

    def new_members(self) -> list[_Node]:
        return [child for child in self.members.values() if not child.written]

    def named_members(self) -> list[_Node]:
        """Members by their names, where nothing else is read of the value; else none."""
        if self.asked or self.folded or self.place:
            return []
        members = list(self.members.values())
        return members if all(isinstance(one.key, str) for one in members) else []

    def wanted(self, like: Value, *, always: bool = False) -> Wanted:
        """What is read of the value: members where a value `like` it has them all, unless `always`; else all of it."""
        members = self.named_members()
        inside: Mapping[str, Value] = like if isinstance(like, dict) else {}
        if not always and not all(str(one.key) in inside for one in members):
            return WHOLE
        return {str(one.key): one.wanted(inside.get(str(one.key))) for one in members}


@dataclass(frozen=True, slots=True)
class Reads:
    """What a function reads of rows that have all of it, spelled so. Of such rows it needs nothing else."""

    columns: Wanted = field(default_factory=dict)

    def attributes(self) -> dict[str, str]:
        """The columns but for `id` and `type`, each with the attribute that holds it in a `Part`."""
        named = sorted(self.columns.keys() - {ID, TYPE})
        return {key: PROPERTIES if key == PROPERTIES else f"part_{place}" for place, key in enumerate(named)}

    def and_(self, other: Reads) -> Reads:
        """What two functions read."""
        return Reads(_all_of(self.columns, other.columns))


def attributes_of(wanted: Wanted) -> dict[str, str]:
    """The members of an object, each with the attribute that holds it in a part of that object."""
    return {key: f"part_{place}" for place, key in enumerate(sorted(wanted))}


def _all_of(one: Wanted, other: Wanted) -> Wanted:
    """The members that either names; of one that is in both what either reads of it, all of it if one does."""
    found = {**one, **other}
    for key in one.keys() & other.keys():
        found[key] = _all_of(one[key], other[key]) if one[key] and other[key] else WHOLE
    return found


@dataclass(frozen=True, slots=True)
class Taken:
    """How a function gets at a row: by variables that hold what it reads first."""

    variables: Mapping[Keyed, str]
    objects: Mapping[Keyed, str]
    """Variables of objects that are taken apart."""
    taking: Sequence[ast.stmt]
    """Fills the variables of columns and of members of `properties` from a row."""
    apart: Sequence[ast.stmt]
    """Fills the others, from `objects`."""
    inside: Sequence[ast.stmt]
    """What is read of their values in turn."""
    needs_row: bool
    """That looks at the row itself too."""


class Loads:
    """The properties that a function reads of one value: of the row, or of a member of one of its arrays.

    A property that a resource lacks is None, one that a member of an array lacks `MISSING`: null is something else
    there.
    """

    def __init__(self, base: str, names: Namespace, keys: Keys, places: Places) -> None:
        self._root = _Node("", base, asked=True, written=True)
        self._names = names
        self._keys = keys
        self._places = places
        self._of_row = base == ROW

    def variable(self, steps: Steps) -> str:
        """The variable that holds the value at a path."""
        return self._node(steps).variable

    def folded(self, steps: Steps) -> str:
        """The variable that holds the value with text folded."""
        node = self._node(steps)
        if not node.folded:
            node.folded = self._names.fresh("folded")
        return node.folded

    def place(self, steps: Steps) -> str:
        """The variable that holds the location which the value names."""
        node = self._node(steps)
        if not node.place:
            node.place = self._names.fresh("place")
        return node.place

    def _node(self, steps: Steps) -> _Node:
        node = self._root
        for step in steps:
            if step not in node.members:
                node.members[step] = _Node(step, self._names.fresh("value"))
                if isinstance(step, str):
                    self._keys.want(step)
            node = node.members[step]
        node.asked = True
        return node

    def reads(self, like: Row | None) -> Reads | None:
        """What is read of the row; None = more than columns by their names. `like` as for `taken`."""
        for key in self._root.members:
            if not isinstance(key, str) or (key != PROPERTIES and fold(key) == PROPERTIES):
                return None
        return Reads(self._wanted(like))

    def _wanted(self, like: Row | None) -> Wanted:
        values = like or {}
        return {
            str(key): node.wanted(values.get(str(key)), always=key == PROPERTIES)
            for key, node in self._root.members.items()
        }

    # ------------------------------------------------------------ statements

    def taken(self, like: Row | None) -> Taken:
        """The code for everything that was asked for of a row, in two steps: in place of `statements`.

        `like`: a row after which the steps are laid out. What is read of an object that has it there is taken from the
        row; where it may be absent, the object is. None = objects are taken, but for `properties`.
        """
        children = self._root.new_members()
        wanted = self._wanted(like)
        variables: dict[Keyed, str] = {}
        objects: dict[Keyed, str] = {}
        taking: list[ast.stmt] = [self._columns(children)] if children else []
        inside: list[ast.stmt] = []
        needs_row = False

        def apart(node: _Node, path: Keyed, wanted: Wanted) -> tuple[list[ast.stmt], list[ast.stmt]]:
            """Looks up the members of an object; and theirs in turn."""
            children = node.new_members()
            looked = self._looked_up(node, children)
            further: list[ast.stmt] = []
            for child in children:
                key = str(child.key)
                if wanted[key]:
                    objects[*path, key] = child.variable
                    further.append(if_object(child, (*path, key), wanted[key]))
                else:
                    variables[*path, key] = child.variable
                    inside.extend(self._below(child))
            return looked, further

        def if_object(node: _Node, path: Keyed, wanted: Wanted) -> ast.stmt:
            """The same of what may be no object, and has none of it then."""
            looked, further = apart(node, path, wanted)
            within = [variable for below, variable in variables.items() if below[: len(path)] == path]
            cleared = [assign(variable, constant(None)) for variable in within]
            return when(has_type(load(node.variable), "dict"), [*looked, *further], cleared)

        further: list[ast.stmt] = []
        for child in children:
            child.written = True
            key = str(child.key)
            if not wanted[key]:
                variables[key,] = child.variable
                inside.extend(self._below(child, of_root=True))
                needs_row = needs_row or (bool(child.members) and fold(key) == PROPERTIES)
            elif key == PROPERTIES:
                looked, more = apart(child, (key,), wanted[key])
                taking.extend([self._given_properties(child), *looked])
                further.extend(more)
            else:
                objects[key,] = child.variable
                further.append(if_object(child, (key,), wanted[key]))
        return Taken(variables, objects, taking, further, inside, needs_row)

    def statements(self) -> list[ast.stmt]:
        """The code that fills the variables which were asked for since the last time."""
        return self._added(self._root)

    def _added(self, node: _Node) -> list[ast.stmt]:
        """What was asked for below a variable that is filled already."""
        made = self._derived(node)
        old = [child for child in node.members.values() if child.written]
        if new := node.new_members():
            made.extend(self._of_object(new) if self._of_row and node is self._root else self._of_value(node))
        for child in old:
            made.extend(self._added(child))
        return made

    def _nothing(self, node: _Node) -> ast.expr:
        if self._of_row or not node.asked:
            return constant(None)
        return self._names.name_of(MISSING, "missing")

    def _of_object(self, children: Sequence[_Node]) -> list[ast.stmt]:
        """Columns of the row. Most sources give a row all of its columns, so a look-up that fails is rare."""
        made = [self._columns(children)]
        for child in children:
            child.written = True
            made.extend(self._below(child, of_root=True))
        return made

    def _columns(self, children: Sequence[_Node]) -> ast.stmt:
        base = load(self._root.variable)
        found = [assign(child.variable, item(base, constant(child.key))) for child in children]
        return guarded(found, load("KeyError"), [self._sought(self._root, children)])

    def _given_properties(self, node: _Node) -> ast.stmt:
        """Sees to it that the variable of `properties` holds an object."""
        # a row without `properties` leaves them open: that is for the interpreter to say
        found = call(self._names.name_of(self._keys.properties, "properties"), load(self._root.variable))
        return when(opposite(has_type(load(node.variable), "dict")), [assign(node.variable, found)])

    def _of_value(self, node: _Node) -> list[ast.stmt]:
        """Members of what may be an object, an array or neither."""
        named = [child for child in node.new_members() if isinstance(child.key, str)]
        indexed = [child for child in node.new_members() if not isinstance(child.key, str)]
        made: list[ast.stmt] = []
        value = load(node.variable)
        if named:
            cleared = [statement for child in named for statement in self._cleared(child)]
            if self._of_row or not node.asked or node is self._root:
                # what is no object has no `get`
                found = self._looked_up(node, named)
                safe = guarded(found, load("AttributeError"), [self._cleared_one(child) for child in named])
                made.append(when(value, [safe, *self._below_each(named)], cleared))
            else:
                made.append(when(has_type(value, "dict"), self._named(node, named), cleared))
        for child in indexed:
            child.written = True
            inside = both(
                [
                    has_type(value, "list"),
                    compare(call(load("len"), value), ast.Gt, constant(child.key)),
                ]
            )
            element = item(value, constant(child.key))
            made.append(assign(child.variable, choose(inside, element, self._nothing(child))))
            made.extend(self._below(child))
        return made

    def _named(self, node: _Node, children: Sequence[_Node]) -> list[ast.stmt]:
        """Members of an object, and what follows from them."""
        return [*self._looked_up(node, children), *self._below_each(children)]

    def _looked_up(self, node: _Node, children: Sequence[_Node]) -> list[ast.stmt]:
        """Members of an object, all looked up before any of them is looked into."""
        base = load(node.variable)
        found: list[ast.stmt] = []
        absent: list[ast.expr] = []
        for child in children:
            child.written = True
            key = constant(child.key)
            nothing = self._nothing(child)
            plain = isinstance(nothing, ast.Constant)
            found.append(assign(child.variable, method(base, "get", *([key] if plain else [key, nothing]))))
            lacks = same(load(child.variable), nothing)
            absent.append(both([lacks, compare(key, ast.NotIn, base)]) if plain else lacks)
        are_plain = self._names.name_of(self._keys.are_plain, "plain")
        found.append(
            when(both([either(absent), opposite(call(are_plain, base))]), [self._sought(node, children)])
        )
        return found

    def _sought(self, node: _Node, children: Sequence[_Node]) -> ast.stmt:
        """The members of an object whatever their letter case."""
        seek = self._names.name_of(self._keys.seek, "seek")
        keys = self._names.constant(tuple(str(child.key) for child in children))
        nothing = self._names.name_of(tuple(self._absent(child) for child in children), "absent")
        return assign_each(
            [child.variable for child in children], call(seek, load(node.variable), keys, nothing)
        )

    def _absent(self, node: _Node) -> object:
        return None if self._of_row or not node.asked else MISSING

    def _below_each(self, nodes: Sequence[_Node]) -> list[ast.stmt]:
        return [statement for node in nodes for statement in self._below(node)]

    def _below(self, node: _Node, *, of_root: bool = False) -> list[ast.stmt]:
        """What follows from a variable that has just been filled."""
        made = self._derived(node)
        if not node.members:
            return made
        if self._of_row and of_root and fold(str(node.key)) == PROPERTIES:
            return [*made, self._given_properties(node), *self._named(node, node.new_members())]
        return [*made, *self._of_value(node)]

    def _derived(self, node: _Node) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        value = load(node.variable)
        if node.folded and node.folded not in node.derived:
            node.derived.add(node.folded)
            folded = method(value, "casefold")
            if self._of_row:
                text = assign(node.folded, both([value, folded]))
                made.append(guarded([text], load("AttributeError"), [assign(node.folded, value)]))
            else:
                made.append(assign(node.folded, choose(has_type(value, "str"), folded, value)))
        if node.place and node.place not in node.derived:
            node.derived.add(node.place)
            made.append(assign(node.place, item(self._names.name_of(self._places, "places"), value)))
        return made

    def _cleared_one(self, node: _Node) -> ast.stmt:
        return assign(node.variable, self._nothing(node))

    def _cleared(self, node: _Node) -> list[ast.stmt]:
        """Everything below a value that is no object."""
        made: list[ast.stmt] = [self._cleared_one(node)]
        if node.folded:
            made.append(assign(node.folded, self._nothing(node)))
        if node.place:
            made.append(assign(node.place, self._nothing(node)))
        for child in node.members.values():
            made.extend(self._cleared(child))
        return made
