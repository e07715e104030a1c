"""What generated code calls while it runs, and how it gives up: by raising, which hands the pair to the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from blueprinter.arm import ExpressionError, Value, normal_location
from blueprinter.casing import fold, get, key_of
from blueprinter.policy.operators import Absent, OperatorRow
from blueprinter.policy.subject import Undecidable

MISSING = Absent.MEMBER
"""What a member of an array lacks; null is something else there. What a resource lacks is None."""


class Unsure(Exception):
    """Generated code cannot tell; the interpreter can."""


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


def give_up(*_: object) -> NoReturn:
    """Ends the fast path for this policy and this row."""
    raise Unsure


class Keys:
    """Knows which keys can be taken as spelled, so that a key that is absent is not sought in every letter case.

    Objects of one kind have the same keys a thousand times over. A key is plain when no wanted name is the same but
    for letter case; an object of plain keys lacks what an exact look-up does not find.
    """

    __slots__ = ("_plain", "_wanted", "are_plain")

    MOST = 20_000
    """Keys that are remembered; tags may be called anything."""

    def __init__(self) -> None:
        self._wanted: dict[str, set[str]] = {}
        self._plain: set[str] = set()
        self.are_plain: Callable[[Mapping[str, Value]], bool] = self._plain.issuperset

    def want(self, name: str) -> None:
        """Announces a name that will be looked up."""
        self._wanted.setdefault(fold(name), set()).add(name)
        self._plain.clear()

    def seek(
        self, mapping: Mapping[str, Value], names: Sequence[str], absent: Value | Absent
    ) -> list[object]:
        """The values under these names, exact spelling first, else without regard to case."""
        for key in mapping:
            if key not in self._plain and len(self._plain) < self.MOST:
                wanted = self._wanted.get(fold(key))
                if wanted is None or wanted == {key}:
                    self._plain.add(key)
        found: list[object] = []
        for name in names:
            key = key_of(mapping, name)
            found.append(absent if key is None else mapping[key])
        return found

    def properties(self, row: Mapping[str, Value]) -> dict[str, Value]:
        """`properties` of a row that does not have them in plain sight: in another letter case, or null."""
        if key_of(row, "properties") is None:
            raise Unsure
        found = get(row, "properties")
        return found if isinstance(found, dict) else {}


class Places(dict[str, str]):
    """Locations as Azure compares them, remembered: `East US 2` is `eastus2`."""

    MOST = 10_000

    def __missing__(self, text: str) -> str:
        place = fold(normal_location(text))
        if len(self) < self.MOST:
            self[text] = place
        return place


def tester(operator: OperatorRow, right: Value, *, absent: Absent | None) -> Callable[[object], bool]:
    """An operator with its operand, for values that no quicker test covers. None stands for `absent`."""
    holds = operator.holds

    def test(value: object) -> bool:
        result = holds(absent if value is None else value, right)  # type: ignore[arg-type] # a JSON value or Absent
        if result is None:
            raise Unsure
        return result

    return test
