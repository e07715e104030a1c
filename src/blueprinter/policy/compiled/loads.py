"""Reading properties: every path once, shared by all conditions of a function.

A tree of property names is collected while conditions are compiled, and written as statements when all are known. Keys
are read as spelled; only where one is absent, and the object has keys that were never seen before, it is sought in
every letter case (`Keys`).
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from blueprinter.casing import fold
from blueprinter.policy.compiled.code import (
    Namespace,
    assign,
    both,
    call,
    choose,
    compare,
    either,
    has_type,
    item,
    load,
    method,
    opposite,
    same,
    when,
)
from blueprinter.policy.compiled.runtime import MISSING, Keys, Places, give_up

ROW = "row"


@dataclass(slots=True)
class _Node:
    """A property: the variable that holds it, and what is read of it in turn."""

    key: str | int
    variable: str
    folded: str = ""
    """The variable of its folded text, if one is wanted."""
    place: str = ""
    """The variable of the location that it names, if one is wanted."""
    members: dict[str | int, _Node] = field(default_factory=dict)


class Loads:
    """The properties that a function reads of one value: of the row, or of a member of one of its arrays."""

    def __init__(self, base: str, names: Namespace, keys: Keys, places: Places) -> None:
        self._root = _Node("", base)
        self._names = names
        self._keys = keys
        self._places = places
        self._of_row = base == ROW

    @property
    def base(self) -> str:
        """The variable of the value itself."""
        return self._root.variable

    def variable(self, steps: Sequence[str | int]) -> str:
        """The variable that holds the value at a path: None where a resource has none, `MISSING` in a member."""
        return self._node(steps).variable

    def folded(self, steps: Sequence[str | int]) -> str:
        """The variable that holds the value with text folded."""
        node = self._node(steps)
        if not node.folded:
            node.folded = self._names.fresh("folded")
        return node.folded

    def place(self, steps: Sequence[str | int]) -> str:
        """The variable that holds the location which the value names."""
        node = self._node(steps)
        if not node.place:
            node.place = self._names.fresh("place")
        return node.place

    def _node(self, steps: Sequence[str | int]) -> _Node:
        node = self._root
        for step in steps:
            if step not in node.members:
                node.members[step] = _Node(step, self._names.fresh("value"))
                if isinstance(step, str):
                    self._keys.want(step)
            node = node.members[step]
        return node

    # ------------------------------------------------------------ statements

    def statements(self) -> list[ast.stmt]:
        """The code that fills the variables."""
        root = self._root
        made = self._derived(root)
        if root.members:
            made.extend(self._known_object(root) if self._of_row else self._members(root))
        return made

    def _nothing(self) -> ast.expr:
        return ast.Constant(None) if self._of_row else self._names.name_of(MISSING, "missing")

    def _members(self, node: _Node) -> list[ast.stmt]:
        """The members of what may be an object, an array or neither."""
        named = [child for child in node.members.values() if isinstance(child.key, str)]
        indexed = [child for child in node.members.values() if not isinstance(child.key, str)]
        made: list[ast.stmt] = []
        value = load(node.variable)
        if named:
            absent = [statement for child in named for statement in self._cleared(child)]
            made.append(when(has_type(value, "dict"), self._named(node, named), absent))
        for child in indexed:
            place = int(child.key)
            inside = both(
                [
                    has_type(value, "list"),
                    compare(call(load("len"), value), ast.Gt(), ast.Constant(place)),
                ]
            )
            made.append(assign(child.variable, choose(inside, item(value, place), self._nothing())))
            made.extend(self._below(child))
        return made

    def _known_object(self, node: _Node) -> list[ast.stmt]:
        return self._named(node, list(node.members.values()))

    def _named(self, node: _Node, children: list[_Node]) -> list[ast.stmt]:
        """The members of an object, all looked up before any of them is looked into."""
        base = load(node.variable)
        made: list[ast.stmt] = []
        absent: list[ast.expr] = []
        for child in children:
            key = ast.Constant(child.key)
            if self._of_row:
                made.append(assign(child.variable, method(base, "get", key)))
                lacks = both(
                    [
                        same(load(child.variable), ast.Constant(None)),
                        compare(key, ast.NotIn(), base),
                    ]
                )
            else:
                made.append(assign(child.variable, method(base, "get", key, self._nothing())))
                lacks = same(load(child.variable), self._nothing())
            absent.append(lacks)
        targets = ast.Tuple([ast.Name(child.variable, ast.Store()) for child in children], ast.Store())
        keys = self._names.constant(tuple(str(child.key) for child in children))
        seek = self._names.name_of(self._keys.seek, "seek")
        plain = self._names.name_of(self._keys.are_plain, "plain")
        made.append(
            when(
                both([either(absent), opposite(call(plain, base))]),
                [ast.Assign([targets], call(seek, base, keys, self._nothing()))],
            )
        )
        for child in children:
            made.extend(self._below(child, of_root=node is self._root))
        return made

    def _below(self, node: _Node, *, of_root: bool = False) -> list[ast.stmt]:
        """What is derived from a variable that has just been filled."""
        made = self._derived(node)
        if not node.members:
            return made
        if self._of_row and of_root and fold(str(node.key)) == "properties":
            # a row without `properties` leaves them open: that is for the interpreter to say
            found = call(self._names.name_of(self._keys.properties, "properties"), load(self.base))
            made.append(when(opposite(has_type(load(node.variable), "dict")), [assign(node.variable, found)]))
            if all(isinstance(key, str) for key in node.members):
                return [*made, *self._known_object(node)]
        return [*made, *self._members(node)]

    def _derived(self, node: _Node) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        value = load(node.variable)
        if node.folded:
            made.append(assign(node.folded, choose(has_type(value, "str"), method(value, "casefold"), value)))
        if node.place:
            places = self._names.name_of(self._places, "places")
            absent = same(value, ast.Constant(None))
            unsure = call(self._names.name_of(give_up, "give_up"))
            known = ast.Subscript(places, value, ast.Load())
            made.append(
                assign(
                    node.place,
                    choose(has_type(value, "str"), known, choose(absent, ast.Constant(None), unsure)),
                )
            )
        return made

    def _cleared(self, node: _Node) -> list[ast.stmt]:
        """Everything below a value that is no object."""
        made: list[ast.stmt] = [assign(node.variable, self._nothing())]
        if node.folded:
            made.append(assign(node.folded, self._nothing()))
        if node.place:
            made.append(assign(node.place, self._nothing()))
        for child in node.members.values():
            made.extend(self._cleared(child))
        return made
