"""How much work a comparison is. Azure limits how many conditions and functions a rule has, and a resource may be of
megabytes: together that leaves legal rules that would take minutes, so the whole of a rule has one more limit here.
"""

from __future__ import annotations

from blueprinter.arm import Value
from blueprinter.policy.operators import Left, OperatorRow

MAX_STEPS = 100_000
"""How many steps a rule may take on one resource: members of arrays, comparisons inside counts, and more of them for
what is large."""

_A_STEP = 256
_AN_ELEMENT = 16
"""An array is searched one element after the other: that many of `_A_STEP` for each."""
_SHORT = 128
"""Characters of a text that cost nothing of their own."""
_A_CHARACTER = {
    "match": 8,
    "notMatch": 8,
    "matchInsensitively": 8,
    "notMatchInsensitively": 8,
    "less": 64,
    "lessOrEquals": 64,
    "greater": 64,
    "greaterOrEquals": 64,
}
"""Of operators that look at each character in turn or bring texts into the order of a language; 1 for others."""
_EQUALITY = ("equals", "notEquals", "in", "notIn")


def effort(operator: OperatorRow, left: Left, right: Value) -> int:
    """The steps that a comparison takes beyond the one that each takes; 0 for values of usual size."""
    if operator.name == "exists":
        return 0
    if operator.name in _EQUALITY and isinstance(right, str):
        # texts of very different length differ at sight: the shorter one says how much there is to do
        return max(min(len(left), len(right)) - _SHORT, 0) // _A_STEP if isinstance(left, str) else 0
    if operator.name in _EQUALITY and isinstance(left, str):
        return _size(right, 1, deep=False) // _A_STEP
    if (
        operator.name in ("like", "notLike")
        and isinstance(right, str)
        and "?" in right
        and isinstance(left, str)
    ):
        return len(left) * len(right) // _A_STEP  # sought at each place, character by character
    character = _A_CHARACTER.get(operator.name, 1)
    deep = isinstance(left, (list, dict)) and isinstance(right, (list, dict))
    return (_size(left, character, deep=deep) + _size(right, character, deep=deep)) // _A_STEP


def _size(value: object, character: int, *, deep: bool) -> int:
    if isinstance(value, str):
        return max(len(value) - _SHORT, 0) * character
    if isinstance(value, dict):
        return _AN_ELEMENT * len(value) + (_members(list(value.values()), character) if deep else 0)
    if isinstance(value, list):
        if deep:
            return _AN_ELEMENT * len(value) + _members(value, character)
        return _AN_ELEMENT * len(value) + sum(
            (len(member) - _SHORT) * character
            for member in value
            if isinstance(member, str) and len(member) > _SHORT
        )
    return 0


def _members(members: list[object], character: int) -> int:
    return sum(_size(member, character, deep=True) for member in members)
