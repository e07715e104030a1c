"""What generated code calls while it runs, and how it gives up: by raising, which hands the pair to the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import NoReturn

from blueprinter.arm import ExpressionError, Value, normal_location
from blueprinter.casing import fold, get, key_of
from blueprinter.policy.effort import effort
from blueprinter.policy.fields import WideObjects
from blueprinter.policy.operators import Absent, Left, OperatorRow
from blueprinter.policy.subject import Undecidable

MISSING = Absent.MEMBER
"""What a member of an array lacks; null is something else there. What a resource lacks is None."""


class Lacking(Enum):
    """What the part of a row holds in place of what the row does not have, spelled so."""

    LACKING = "lacking"


LACKING = Lacking.LACKING


class Unsure(Exception):
    """Generated code cannot tell; the interpreter can."""


class Unseen(Exception):
    """A part of a row cannot tell; the whole row can."""


def unseen(mapping: object) -> NoReturn:
    """Stands for what knows the keys of an object where only some of its members are there."""
    raise Unseen


FAULTS = (
    Unsure,
    Undecidable,
    ExpressionError,
    RecursionError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""Everything that hands a pair to the interpreter: its own findings, and values of types that nobody expected."""


def may_hold(line: bytes, name: bytes) -> bool:
    """Whether a name, which is given in quotes and in small letters, may stand in a line of JSON in any letter case."""
    # a name can be written in escapes, and letters beyond ASCII fold to some of ASCII
    return not line.isascii() or b"\\" in line or name in line.lower()


def give_up(*_: object) -> NoReturn:
    """Ends the fast path for this policy and this row."""
    raise Unsure


class Keys:
    """Knows which keys can be taken as spelled, so that a key that is absent is not sought in every letter case.

    Objects of one kind have the same keys a thousand times over. A key is plain when no wanted name is the same but
    for letter case; an object of plain keys lacks what an exact look-up does not find. Where rows spell a wanted name
    in another way (`publicIPAddress` for `publicIpAddress`), that way is remembered.
    """

    __slots__ = ("_near", "_plain", "_seen", "_wanted", "are_plain")

    MOST = 20_000
    """Keys that are remembered; tags may be called anything."""

    def __init__(self) -> None:
        self._wanted: dict[str, set[str]] = {}
        self._plain: set[str] = set()
        self._near: set[str] = set()
        """Plain keys, and the other spellings in `_seen`."""
        self._seen: dict[str, str] = {}
        """The one other spelling of a wanted name that rows have."""
        self.are_plain: Callable[[Mapping[str, Value]], bool] = self._plain.issuperset

    def want(self, name: str) -> None:
        """Announces a name that will be looked up."""
        self._wanted.setdefault(fold(name), set()).add(name)

    def seek(
        self, mapping: Mapping[str, Value], names: Sequence[str], absent: Sequence[object]
    ) -> list[object]:
        """The values under these names, exact spelling first, else without regard to case."""
        if not self._near.issuperset(mapping):
            self._learn(mapping)
            if not self._near.issuperset(mapping):
                find = WideObjects().key_of
                keys = [find(mapping, name) for name in names]
                return [
                    nothing if key is None else mapping[key]
                    for key, nothing in zip(keys, absent, strict=True)
                ]
        seen = self._seen
        return [
            mapping[name] if name in mapping else mapping.get(seen.get(name, name), nothing)
            for name, nothing in zip(names, absent, strict=True)
        ]

    def _learn(self, mapping: Mapping[str, Value]) -> None:
        for key in mapping:
            if key in self._near or len(self._near) >= self.MOST:
                continue
            wanted = self._wanted.get(fold(key))
            if wanted is None or wanted == {key}:
                self._plain.add(key)
                self._near.add(key)
            elif len(wanted) == 1 and (name := next(iter(wanted))) not in self._seen:
                self._seen[name] = key
                self._near.add(key)

    def properties(self, row: Mapping[str, Value]) -> dict[str, Value]:
        """`properties` of a row that does not have them in plain sight."""
        found: object = get(row, "properties")
        if found is None:
            raise Unsure
        return found if isinstance(found, dict) else {}


class Places(dict[object, "str | None"]):
    """Locations as Azure compares them, remembered: `East US 2` is `eastus2`. None, which is absent, stays None."""

    MOST = 10_000

    def __missing__(self, text: object) -> str | None:
        if text is None:
            return None
        if not isinstance(text, str):
            raise Unsure
        place = fold(normal_location(text))
        if len(self) < self.MOST and len(text) <= _LONGEST:
            self[text] = place
        return place


SIZED = frozenset({str, list, dict})
"""Types of values that may be large."""

_MOST = 4_096
_LONGEST = 64


class Remembered(dict[str, bool]):
    """What an operator said of texts; the same few stand in many rows."""

    __slots__ = ("_test",)

    def __init__(self, test: Callable[[object], bool]) -> None:
        super().__init__()
        self._test = test

    def __missing__(self, text: str) -> bool:
        result = self._test(text)
        if len(self) < _MOST and len(text) <= _LONGEST:
            self[text] = result
        return result


_MOST_STEPS = 64
"""What the operand of a comparison may add to the steps of a rule; the interpreter weighs more of it."""


def tester(operator: OperatorRow, right: Value, *, absent: Absent | None) -> Callable[[object], bool]:
    """An operator with its operand, for values that no quicker test covers. None stands for `absent`.

    What costs more than the operand alone does is the interpreter's, which counts the steps of the whole rule.
    """
    holds = operator.holds
    steps = effort(operator, "", right)
    if steps > _MOST_STEPS:
        return give_up

    def test(value: object) -> bool:
        left: Left = absent if value is None else value  # type: ignore[assignment] # a JSON value or Absent
        if type(value) in SIZED and effort(operator, left, right) > steps:
            raise Unsure
        result = holds(left, right)
        if result is None:
            raise Unsure
        return result

    return test


def pair_tester(operator: OperatorRow, *, absent: Absent | None) -> Callable[[object, Value], bool]:
    """An operator for two values that depend on the resource. On the left None stands for `absent`."""
    holds = operator.holds

    def test(value: object, right: Value) -> bool:
        left: Left = absent if value is None else value  # type: ignore[assignment] # a JSON value or Absent
        if (type(value) in SIZED or type(right) in SIZED) and effort(operator, left, right):
            raise Unsure
        result = holds(left, right)
        if result is None:
            raise Unsure
        return result

    return test


def reader(steps: Sequence[str | int]) -> Callable[[Mapping[str, Value]], object]:
    """A function from a resource to the value at a path without `[*]`; None where it has none."""
    names = tuple(steps)

    def read(row: Mapping[str, Value]) -> object:
        value: object = row
        for step in names:
            if type(value) is dict:
                if step in value:
                    value = value[step]
                    continue
                key = key_of(value, step) if isinstance(step, str) else None
                if key is None:
                    return None
                value = value[key]
            elif type(value) is list and type(step) is int and step < len(value):
                value = value[step]
            else:
                return None
        return value

    return read
