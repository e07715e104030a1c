"""How large a value may grow, and how much work a template may ask for.

A template with its copies is at most 4 MB, so no part of it can be larger. Source: Microsoft Learn, "ARM template
best practices". Azure ends what takes too long; here work is counted instead of time, so that the same template
always ends in the same way. Without the limits a few nested calls could fill the memory or never end.
"""

from __future__ import annotations

from collections.abc import Collection

from blueprinter.arm.model import ExpressionError, LimitPassed, Unknown, UnknownKey, Value

MAX_TEXT = 4 * 1024 * 1024
"""Characters of a text, and of a value when it is written as JSON."""
MAX_REDUCED = 1024 * 1024
"""Characters of the expression that is left of a value which only Azure knows."""
MAX_ELEMENTS = 1_000_000
"""Elements of an array."""
MAX_DEPTH = 128
"""How deep objects and arrays may stand in each other in a value that an expression gives."""
_DEEPEST = 256
"""The same for all that is looked at: a document has half as many levels."""
MAX_PAIRS = 20_000_000
"""Pairs of elements, or of characters, that one call of a function may compare."""
MAX_WORK = 200_000_000
"""Characters that a whole expansion may produce or look at, each step of a loop counted as some more."""

STEP = 100
"""What a call of a lambda counts as."""
TURN = 1_000
"""What a turn of a copy loop counts as."""
CALL = 1_250
"""What a call of a function that the template declares counts as."""
FREE = 256
"""Results up to this length are not counted."""
_NODE = 8
"""What a value counts as beside its text: quotes, commas, and the time to look at it."""
_MAX_SEEN = MAX_ELEMENTS // 4
"""Elements of a value with all that it holds."""
_MAX_SIZE = MAX_TEXT + _NODE * MAX_ELEMENTS


class Budget:
    """The work that is left to one expansion."""

    __slots__ = ("_left",)

    def __init__(self, work: int = MAX_WORK) -> None:
        self._left = work

    def spend(self, work: int) -> None:
        """Counts work. Raises `LimitPassed` when there was too much of it."""
        self._left -= work
        if self._left < 0:
            raise LimitPassed(
                "the template asks for more work than any template may, most often in nested loops"
            )


def bounded(text: str) -> str:
    """The text. Raises `ExpressionError` when it is too long."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"the text is longer than {MAX_TEXT:,} characters")
    return text


def bounded_array(elements: list[Value]) -> list[Value]:
    """The array. Raises `ExpressionError` when it has too many elements."""
    if len(elements) > MAX_ELEMENTS:
        raise ExpressionError(f"the array has more than {MAX_ELEMENTS:,} elements")
    return elements


def bounded_pairs(left: int, right: int) -> None:
    """Raises `LimitPassed` where comparing each of so many with each of so many others takes too long."""
    if left * right > MAX_PAIRS:
        raise LimitPassed(f"more than {MAX_PAIRS:,} comparisons in one call of a function")


MAX_POLICY_TEXT = 131_072
MAX_POLICY_DEPTH = 128
MAX_POLICY_NODES = 32_768
"""The largest text that a function of a policy may give, and the deepest and largest object or array that it may give
or be given. Source: Microsoft Learn, "Azure Policy definition structure policy rule", section "Limits enforced during
evaluation"."""


_HOLDERS = frozenset({list, dict})


def bounded_in_policy(value: Value) -> None:
    """Raises `LimitPassed` for what no function of a policy may give, or be given."""
    if isinstance(value, str):
        if len(value) > MAX_POLICY_TEXT:
            raise LimitPassed(f"a function of a policy gives at most {MAX_POLICY_TEXT:,} characters")
        return
    if isinstance(value, list) and len(value) < MAX_POLICY_NODES and _HOLDERS.isdisjoint(map(type, value)):
        return
    nodes, depth = 0, 0
    level: list[Value] = [value]
    while level:
        nodes, depth = nodes + len(level), depth + 1
        if nodes > MAX_POLICY_NODES:
            raise LimitPassed(f"a function of a policy takes and gives at most {MAX_POLICY_NODES:,} values")
        if depth > MAX_POLICY_DEPTH + 1:
            raise LimitPassed(f"a function of a policy takes and gives at most {MAX_POLICY_DEPTH} levels")
        inner: list[Value] = []
        for held in level:
            if isinstance(held, list):
                inner += held
            elif isinstance(held, dict):
                inner += held.values()
        level = inner


def size_of(value: Value) -> int:
    """About how many characters a value has as JSON; what stands in it several times counts each time.

    Raises `LimitPassed` for a value that is larger or deeper than any part of a template can be. Arrays that hold
    one another twice over double with each step: their size is found without walking all of it.
    """
    size, depth = 0, 0
    level: list[Value] = [value]
    while level:
        depth += 1
        inner: list[Value] = []
        for held in level:
            if isinstance(held, str):
                size += len(held)
            elif isinstance(held, list):
                inner += held
            elif isinstance(held, dict):
                size += sum(map(len, held))
                inner += held.values()
            elif isinstance(held, Unknown):
                size += len(held.expression)
            if size + _NODE * len(inner) > _MAX_SIZE:
                raise LimitPassed(f"the value is larger than {MAX_TEXT:,} characters")
        size += _NODE * len(level)
        if depth > MAX_DEPTH and inner:
            raise LimitPassed(f"the value is nested more than {MAX_DEPTH} levels deep")
        level = inner
    return size


def has_unknown(value: Value) -> bool:
    """Whether a value is unknown or holds something unknown. Raises `LimitPassed` where it is too large to tell."""
    return survey(value)[0]


def survey(value: Value) -> tuple[bool, int]:
    """Whether a value is unknown or holds something unknown, and how many elements were looked at for that.

    Raises `LimitPassed` for a value with more elements than any value may have.
    """
    if type(value) is Unknown:
        return True, 1
    if not isinstance(value, (list, dict)):
        return False, 1
    seen, depth = 0, 0
    level: list[Value] = [value]
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise LimitPassed(f"the value is nested more than {_DEEPEST} levels deep")
        inner: list[Value] = []
        for held in level:
            members: Collection[Value] = ()
            if isinstance(held, dict):
                if UnknownKey in map(type, held):
                    return True, seen
                members = held.values()
            elif isinstance(held, list):
                members = held
            kinds = set(map(type, members))
            seen += len(members)
            if Unknown in kinds:
                return True, seen
            if seen > _MAX_SEEN:
                raise LimitPassed(f"the value has more than {_MAX_SEEN:,} elements")
            if list in kinds or dict in kinds:
                inner += [one for one in members if type(one) is list or type(one) is dict]
        level = inner
    return False, seen
