"""From a property of an expanded resource back to the place in the template that made it."""

from __future__ import annotations

from msgspec import Struct

from blueprinter.arm.copying import Loop, LoopKind, property_loops
from blueprinter.arm.frames import View
from blueprinter.arm.instances import Instance
from blueprinter.arm.places import Place
from blueprinter.arm.syntax import is_expression
from blueprinter.arm.template import Members
from blueprinter.casing import key_of, same
from blueprinter.diagnostics import Position
from blueprinter.document import Json, tokens


class BodyOrigin(Struct, frozen=True, eq=False):
    """Where the parts of a resource's body come from; the template is walked again when this is asked.

    Called with a JSON pointer into the body it gives the place in the template: of the very value, of the
    expression that made it, or of the nearest thing around it that the template holds.
    """

    instance: Instance

    def __call__(self, pointer: str) -> Position:
        return self._source(pointer)[1].position()

    def is_from_expression(self, pointer: str) -> bool:
        """Whether the value at a pointer was made, alone or with what is around it, by one expression."""
        value, _ = self._source(pointer)
        return isinstance(value, str) and is_expression(value)

    def _source(self, pointer: str) -> tuple[Json, Place]:
        members = self.instance.node.members
        names = tokens(pointer)
        if not names:
            return None, members.place
        key = key_of(members.value, "name" if same(names[0], "id") else names[0])
        if key is None:
            return None, members.place
        return _descend(members.value[key], members.place.child(key), self.instance.view, names[1:])


def _descend(value: Json, place: Place, view: View, tokens: list[str]) -> tuple[Json, Place]:
    """Follows the tokens as far as the template reaches."""
    if not tokens:
        return value, place
    token, rest = tokens[0], tokens[1:]
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        return _descend(value[int(token)], place.child(int(token)), view, rest)
    if not isinstance(value, dict):
        return value, place
    for key, member in value.items():
        loops = property_loops(key, member)
        if loops is not None:
            found = _copied(loops, place.child(key), view, token)
            if found is not None:
                return _descend_turn(found, view, token, rest)
    key = next((key for key in value if _gives(key, token, place, view)), key_of(value, token) or "")
    if key not in value:
        return value, place
    return _descend(value[key], place.child(key), view, rest)


def _gives(key: str, name: str, place: Place, view: View) -> bool:
    """Whether a key of the template, which may be an expression, is the key `name` in the body."""
    if key == name:
        return True
    return key[:1] == "[" and view.frame.evaluator.key(key, place.child(key), view) == name


def _copied(items: list[dict[str, Json]], place: Place, view: View, name: str) -> Members | None:
    """The copy element that makes the property `name`."""
    for index, item in enumerate(items):
        loop = Members(item, place.child(index))
        if view.frame.evaluator.member(loop, "name", view) == name:
            return loop
    return None


def _descend_turn(loop: Members, view: View, name: str, tokens: list[str]) -> tuple[Json, Place]:
    """Follows the tokens into the array that a copy element makes; the first is the number of the turn."""
    if not tokens or not tokens[0].isdecimal():
        return None, loop.place
    inside = view.turn(Loop(name, int(tokens[0]), LoopKind.PROPERTY))
    return _descend(loop.get("input"), loop.at("input"), inside, tokens[1:])
