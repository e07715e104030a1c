"""Copy loops: what they are called, how often they turn, and the index of each turn.

Source: Microsoft Learn, "Resource iteration in ARM templates" and its pages on properties, variables and outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from blueprinter.arm.model import ExpressionError, Unknown, Value
from blueprinter.arm.syntax import quoted, value_text
from blueprinter.casing import key_of, same
from blueprinter.document import Json

MAX_COUNT = 800
"""The most turns of a loop: the same page."""
_DIGITS = 10


class LoopKind(StrEnum):
    """What a loop makes copies of."""

    RESOURCE = "resource"
    OUTPUT = "output"
    PROPERTY = "property"
    VARIABLE = "variable"


class Loop(Struct, frozen=True):
    """One turn of a loop. `index` is unknown where the number of turns is."""

    name: str
    index: int | Unknown
    kind: LoopKind


def property_loops(key: str, value: Json) -> list[dict[str, Json]] | None:
    """The loops of a member that is the `copy` element of properties or variables; None when it is a property
    of that name, or any other."""
    if key.lower() != "copy" or not isinstance(value, list):
        return None
    loops = [
        item for item in value if isinstance(item, dict) and key_of(item, "name") and key_of(item, "count")
    ]
    return loops if len(loops) == len(value) else None


def is_property_copy(key: str, value: Json) -> bool:
    """Whether a member of an object is the `copy` element of properties or variables."""
    return property_loops(key, value) is not None


def checked_count(value: Value) -> int | Unknown:
    """The number of turns; text that spells one is read. Raises `ExpressionError` where it is none."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _DIGITS:
        value = int(value)
    if type(value) is not int:
        raise ExpressionError(f"the count of a copy loop must be an integer, not `{value_text(value)}`")
    if value < 0:
        raise ExpressionError(f"the count of a copy loop must not be negative, it is `{value}`")
    if value > MAX_COUNT:
        raise ExpressionError(f"a copy loop turns at most {MAX_COUNT} times, not {value:,} times")
    return value


def copy_index(loops: Sequence[Loop], name: str | None, offset: int) -> Value:
    """`copyIndex([name,] offset)` inside these loops, outermost first.

    Without a name it is the index of the resource or output, else of the innermost loop. Raises
    `ExpressionError` outside of a loop, or of the one named.
    """
    if name is None:
        whole = [loop for loop in loops if loop.kind in {LoopKind.RESOURCE, LoopKind.OUTPUT}]
        found = next(reversed(whole or loops), None)
        if found is None:
            raise ExpressionError("`copyIndex` can be used in a copy loop only")
    else:
        found = next((loop for loop in reversed(loops) if same(loop.name, name)), None)
        if found is None:
            names = ", ".join(f"`{loop.name}`" for loop in loops) or "none"
            raise ExpressionError(f"there is no copy loop `{name}` here; loops around this place: {names}")
    if isinstance(found.index, Unknown):
        return Unknown(f"add({found.index.expression}, {offset})") if offset else found.index
    return found.index + offset


def unknown_turns(name: str, count: Unknown, member: Value) -> Unknown:
    """The array that a loop of unknown length gives, as one expression; `member` was evaluated with
    `turn_variable(name)` as its index."""
    return Unknown(f"map(range(0, {count.expression}), lambda({quoted(name)}, {value_text(member)}))")


def turn_variable(name: str) -> Unknown:
    """The index in a loop of unknown length, as it stands in `unknown_turns`."""
    return Unknown(f"lambdaVariables({quoted(name)})")
