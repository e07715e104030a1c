"""What a body may hold, for the objects of the control plane: members as data, refused as Azure's own reader does.

A `Shape` describes one value. Members are compared without regard to case, as Azure's JSON reader compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from blueprinter.casing import fold
from blueprinter.document import Json
from blueprinter.sandbox.model import Refusal


class Kind(StrEnum):
    """What JSON a value may be; a member may always be null, as if it were not there, an item of an array may not."""

    OBJECT = "object"
    ARRAY = "array"
    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    ANY = "any"


class Shape(Struct, frozen=True):
    """One value of a body."""

    kind: Kind = Kind.ANY
    members: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    each: Shape | None = None
    """Of an array its items; of an object the values of members that are not named (None: there may be none)."""
    choices: tuple[str, ...] = ()
    """The texts that are taken, compared without regard to case; empty = any."""


ANY = Shape()
TEXT = Shape(Kind.STRING)
FLAG = Shape(Kind.BOOLEAN)
WHOLE = Shape(Kind.INTEGER)
NUMBER = Shape(Kind.NUMBER)
OBJECT = Shape(Kind.OBJECT, each=ANY)
"""An object of any members."""


def one_of(*choices: str) -> Shape:
    return Shape(Kind.STRING, choices=choices)


def record(members: Mapping[str, Shape], *required: str) -> Shape:
    """An object with these members and no others."""
    return Shape(Kind.OBJECT, members, frozenset(required))


def list_of(each: Shape) -> Shape:
    return Shape(Kind.ARRAY, each=each)


def map_of(each: Shape) -> Shape:
    return Shape(Kind.OBJECT, each=each)


READ_ONLY: Mapping[str, Shape] = {"id": TEXT, "name": TEXT, "type": TEXT, "systemData": ANY, "etag": TEXT}
"""Members that every ARM object has in answers; Azure takes them in requests and does not read them."""


def check_members(body: Json, shape: Shape, where: str = "") -> None:
    """Refuses a value that does not have the shape, with 400 `InvalidRequestContent` naming the member.

    `where` is the path of the value, `properties.parameters`. The words are those of the reader that Azure uses.
    """
    if body is None or shape.kind is Kind.ANY:
        return
    if not _fits(body, shape.kind):
        raise _refusal(
            f"Error converting value to type '{shape.kind}'. Path '{where}': {_short(body)} was given."
        )
    if shape.choices and isinstance(body, str) and fold(body) not in map(fold, shape.choices):
        raise _refusal(
            f"Error converting value \"{body}\" to one of '{', '.join(shape.choices)}'. Path '{where}'."
        )
    if isinstance(body, dict):
        _check_object(body, shape, where)
    elif isinstance(body, list) and shape.each is not None:
        for place, item in enumerate(body):
            if item is None and shape.each.kind is not Kind.ANY:
                raise _refusal(
                    f"Error converting value {{null}} to type '{shape.each.kind}'. Path '{where}[{place}]'."
                )
            check_members(item, shape.each, f"{where}[{place}]")


def _check_object(body: Mapping[str, Json], shape: Shape, where: str) -> None:
    known = {fold(name): member for name, member in shape.members.items()}
    given = {fold(name) for name, value in body.items() if value is not None}
    for name in sorted(shape.required):
        if fold(name) not in given:
            raise _refusal(f"Required property '{name}' not found in JSON. Path '{where}'.")
    for name, value in body.items():
        path = f"{where}.{name}" if where else name
        member = known.get(fold(name), shape.each)
        if member is None:
            raise _refusal(
                f"Could not find member '{name}' on object of type '{_type_name(where)}'. Path '{path}'."
            )
        check_members(value, member, path)


def _fits(value: Any, kind: Kind) -> bool:
    match kind:
        case Kind.OBJECT:
            return isinstance(value, dict)
        case Kind.ARRAY:
            return isinstance(value, list)
        case Kind.STRING:
            return isinstance(value, str)
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.NUMBER:
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case Kind.ANY:
            return True


def _type_name(where: str) -> str:
    return where or "request content"


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _refusal(text: str) -> Refusal:
    return Refusal(
        400,
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{text}'",
    )
