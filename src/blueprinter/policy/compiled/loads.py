"""Reading properties: every path once, shared by all conditions of a function.

A tree of property names is collected while conditions are compiled, and written as statements when they are needed.
Keys are read as spelled; only where one is absent, and the object has keys that were never seen before, it is sought in
every letter case (`Keys`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

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
    other,
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


class _Node(Struct):
    """A property: the variable that holds it, and what is read of it in turn."""

    key: str | int
    variable: str
    asked: bool = False
    """Code has the variable, not only what the value holds."""
    wanted: bool = False
    """The value itself is looked at."""
    is_array: bool = False
    """Code goes through its elements."""
    plain: list[str] = field(default_factory=list)
    """The names of what knows whether its keys are plain."""
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


class Branch(Struct):
    """A value that functions read: what of it."""

    variables: set[str]
    is_whole: bool
    """More of it is wanted than members by their names, and elements."""
    is_array: bool
    plain: set[str]
    """The names of what knows whether its keys are plain."""
    members: dict[str, Branch] = field(default_factory=dict)

    def merge(self, other: Branch) -> None:
        """What other functions read."""
        self.variables |= other.variables
        self.is_whole = self.is_whole or other.is_whole
        self.is_array = self.is_array or other.is_array
        self.plain |= other.plain
        for name, branch in other.members.items():
            if name in self.members:
                self.members[name].merge(branch)
            else:
                self.members[name] = branch


class Reads(Struct, frozen=True):
    """What a function reads of rows that have all of it, spelled so. Of such rows it needs nothing else."""

    columns: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    """Of `properties`, which is a column too, where nothing but these is read."""

    def attributes(self) -> tuple[dict[str, str], dict[str, str]]:
        """The columns but for `id` and `type`, and the members, each with the attribute that holds it in a `Part`."""
        columns = sorted(self.columns - {ID, TYPE} - ({PROPERTIES} if self.members else set()))
        return (
            {
                name: PROPERTIES if name == PROPERTIES else f"column_{place}"
                for place, name in enumerate(columns)
            },
            {name: f"member_{place}" for place, name in enumerate(sorted(self.members))},
        )

    def and_(self, other: Reads) -> Reads:
        """What two functions read."""
        members = self.members | other.members
        whole = any(PROPERTIES in one.columns and not one.members for one in (self, other))
        return Reads(self.columns | other.columns, frozenset() if whole else members)


class Taken(Struct, frozen=True):
    """How a function gets at a row: by variables that hold columns and members of `properties`."""

    columns: Mapping[str, str]
    """The variables of columns."""
    members: Mapping[str, str]
    """The variables of members of `properties`."""
    taking: Sequence[ast.stmt]
    """Fills them from a row."""
    inside: Sequence[ast.stmt]
    """What is read of their values in turn."""
    needs_row: bool
    """That looks at the row itself too."""

    @property
    def variables(self) -> tuple[str, ...]:
        return (*self.columns.values(), *self.members.values())


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
        node = self._node(steps)
        node.wanted = True
        return node.variable

    def array(self, steps: Steps) -> str:
        """The variable that holds the value at a path, of which only the elements are wanted."""
        node = self._node(steps)
        node.is_array = True
        return node.variable

    def holder(self, steps: Steps) -> str:
        """The variable that holds the value at a path, of which only that it is there is wanted."""
        return self._node(steps).variable

    def folded(self, steps: Steps) -> str:
        """The variable that holds the value with text folded."""
        node = self._node(steps)
        node.wanted = True
        if not node.folded:
            node.folded = self._names.fresh("folded")
        return node.folded

    def place(self, steps: Steps) -> str:
        """The variable that holds the location which the value names."""
        node = self._node(steps)
        node.wanted = True
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

    def branch(self) -> Branch:
        """What is read of the value."""
        return _branch(self._root)

    def reads(self) -> Reads | None:
        """What is read of the row; None = more than columns and members of `properties` by their names."""
        columns: dict[str, _Node] = {}
        for key, node in self._root.members.items():
            if not isinstance(key, str) or (key != PROPERTIES and fold(key) == PROPERTIES):
                return None
            columns[key] = node
        found = columns.get(PROPERTIES)
        names = found.members if found is not None and not found.asked else {}
        members = frozenset(key for key in names if isinstance(key, str))
        return Reads(frozenset(columns), members if len(members) == len(names) else frozenset())

    # ------------------------------------------------------------ statements

    def taken(self) -> Taken:
        """The code for everything that was asked for of a row, in two steps: in place of `statements`."""
        children = self._root.new_members()
        columns: dict[str, str] = {}
        members: dict[str, str] = {}
        taking: list[ast.stmt] = [self._columns(children)] if children else []
        inside: list[ast.stmt] = []
        needs_row = False
        for child in children:
            child.written = True
            named = [one for one in child.members.values() if isinstance(one.key, str)]
            if child.key == PROPERTIES and not child.asked and named and len(named) == len(child.members):
                found, below = self._of_properties(child)
                taking.extend(found)
                inside.extend(below)
                members.update((str(one.key), one.variable) for one in named)
            else:
                columns[str(child.key)] = child.variable
                inside.extend(self._below(child, of_root=True))
                needs_row = needs_row or (bool(child.members) and fold(str(child.key)) == PROPERTIES)
        return Taken(columns, members, taking, inside, needs_row)

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

    def _of_properties(self, node: _Node) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """Members of `properties` that the row has or not; and what follows from them."""
        # a row without `properties` leaves them open: that is for the interpreter to say
        found = call(self._names.name_of(self._keys.properties, "properties"), load(self._root.variable))
        given = when(opposite(has_type(load(node.variable), "dict")), [assign(node.variable, found)])
        looked, below = self._named(node, node.new_members())
        return [given, *looked], below

    def _of_value(self, node: _Node) -> list[ast.stmt]:
        """Members of what may be an object, an array or neither."""
        named = [child for child in node.new_members() if isinstance(child.key, str)]
        indexed = [child for child in node.new_members() if not isinstance(child.key, str)]
        made: list[ast.stmt] = []
        value = load(node.variable)
        if named:
            found, below = self._named(node, named)
            cleared = [statement for child in named for statement in self._cleared(child)]
            if self._of_row or not node.asked or node is self._root:
                # what is no object has no `get`; an empty one may be part of one that is not (`shapes`)
                safe = guarded(found, load("AttributeError"), [self._cleared_one(child) for child in named])
                made.append(when(other(value, constant(None)), [safe, *below], cleared))
            else:
                made.append(when(has_type(value, "dict"), [*found, *below], cleared))
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

    def _named(self, node: _Node, children: Sequence[_Node]) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """Members of an object, all looked up before any of them is looked into; and what follows from them."""
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
        are_plain = self._names.fresh("plain")
        self._names.objects[are_plain] = self._keys.are_plain
        node.plain.append(are_plain)
        found.append(
            when(
                both([either(absent), opposite(call(load(are_plain), base))]), [self._sought(node, children)]
            )
        )
        return found, [statement for child in children for statement in self._below(child)]

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

    def _below(self, node: _Node, *, of_root: bool = False) -> list[ast.stmt]:
        """What follows from a variable that has just been filled."""
        made = self._derived(node)
        if not node.members:
            return made
        if self._of_row and of_root and fold(str(node.key)) == PROPERTIES:
            looked, below = self._of_properties(node)
            return [*made, *looked, *below]
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


def _branch(node: _Node) -> Branch:
    indexed = any(not isinstance(key, str) for key in node.members)
    named = {str(key): _branch(child) for key, child in node.members.items() if not indexed}
    return Branch({node.variable}, node.wanted or indexed, node.is_array, set(node.plain), named)
