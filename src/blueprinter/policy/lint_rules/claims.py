"""What conditions demand of one and the same value, and whether anything can meet all of it.

Only what is sure counts: values are compared with constants, or with one and the same expression.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from blueprinter.arm import Value, normal_location, number_in
from blueprinter.policy.fields import FieldKind, FieldName
from blueprinter.policy.operators import OPERATORS, Absent, Left
from blueprinter.policy.syntax import Compare, Constant, Expression, FieldLeft, Operand

_MOST = 256
"""Longer lists are not followed."""
_MOST_TESTS = 200_000
"""How often values are tried out in one definition; what would take more is taken to be right."""


class Demand(Struct, frozen=True):
    """That a comparison comes out true, or false."""

    compare: Compare
    wanted: bool


class Claim(Struct):
    """What is demanded of one value so far. Branches share claims: one is copied before it is added to."""

    demands: list[Demand] = field(default_factory=list)
    by_text: dict[tuple[str, bool, str], Demand] = field(default_factory=dict)
    """By operator, outcome and operand."""
    floor: Demand | None = None
    ceiling: Demand | None = None
    left_over: list[Left] | None = None
    """The values that are still possible; None = any."""

    def copy(self) -> Claim:
        return Claim(list(self.demands), dict(self.by_text), self.floor, self.ceiling, self.left_over)


Claims: TypeAlias = "dict[str, Claim]"

_TESTABLE = frozenset(
    {
        *("equals", "notEquals", "in", "notIn", "like", "notLike", "contains", "notContains", "exists"),
        *("matchInsensitively", "notMatchInsensitively"),
    }
)
_OF_TEXT = _TESTABLE - {"equals", "notEquals", "in", "notIn", "exists"}


class Ledger:
    """Adds demands to claims, as long as there is patience left."""

    __slots__ = ("_tests",)

    def __init__(self) -> None:
        self._tests = 0

    def add(self, claims: Claims, key: str, demand: Demand) -> Demand | None:
        """Adds a demand; one that cannot be met beside an earlier one is not added, and the earlier one is given.
        Raises `ExpressionError` for values without an order."""
        claim = claims[key].copy() if key in claims else Claim()
        text = _text_of(demand.compare.right)
        for contrary in _contraries(demand, text):
            if contrary in claim.by_text:
                return claim.by_text[contrary]
        bound = _bound_against(claim, demand)
        if bound is not None:
            return bound
        left_over = claim.left_over
        if left_over is not None:
            left_over = [value for value in left_over if self._may_be(demand, value)]
        elif (pinned := _pinned(demand)) is not None:
            left_over = [value for value in pinned if all(self._may_be(one, value) for one in claim.demands)]
        if left_over is not None and not left_over:
            return self._opponent(claim.demands, demand)
        claim.demands.append(demand)
        claim.by_text.setdefault((demand.compare.operator.name, demand.wanted, text), demand)
        claim.left_over = left_over
        _note_bound(claim, demand)
        claims[key] = claim
        return None

    def _opponent(self, earlier: list[Demand], demand: Demand) -> Demand:
        """The earlier demand that a new one meets worst: one that excludes it alone, else the last."""
        pinned = _pinned(demand)
        for one in earlier:
            own = _pinned(one)
            if own is not None and not any(self._may_be(demand, value) for value in own):
                return one
            if pinned is not None and not any(self._may_be(one, value) for value in pinned):
                return one
        return earlier[-1]

    def _may_be(self, demand: Demand, value: Left) -> bool:
        self._tests += 1
        return self._tests > _MOST_TESTS or _may_be(demand, value)


def _contraries(demand: Demand, text: str) -> Iterator[tuple[str, bool, str]]:
    """The demands that say the contrary of one, whatever the value is."""
    operator = demand.compare.operator
    yield operator.name, not demand.wanted, text
    opposite = OPERATORS.get(operator.opposite)
    # `less` is no contrary of `greaterOrEquals`: neither holds for what is absent
    if opposite is not None and opposite is not operator and (operator.negative or opposite.negative):
        yield opposite.name, demand.wanted, text


def _pinned(demand: Demand) -> list[Left] | None:
    """The values that alone meet a demand; None = too many to list."""
    right = demand.compare.right
    name, wanted = demand.compare.operator.name, demand.wanted
    if not isinstance(right, Constant):
        return None
    if name == "exists":
        there = str(right.value).casefold() == "true"
        return None if there is wanted else [Absent.FIELD]
    if (name, wanted) in (("equals", True), ("notEquals", False)):
        return _candidates([right.value])
    if (name, wanted) in (("in", True), ("notIn", False)):
        return _candidates(right.value if isinstance(right.value, list) else [right.value])
    return None


def _candidates(values: Sequence[Value]) -> list[Left] | None:
    if not 0 < len(values) <= _MOST or not all(isinstance(value, (str, int, float)) for value in values):
        return None
    # the empty text equals what is absent
    return [*values, *([Absent.FIELD] if "" in values else [])]


def _may_be(demand: Demand, value: Left) -> bool:
    """Whether a value may meet a demand: false only where it surely does not."""
    operator, right = demand.compare.operator, demand.compare.right
    if not isinstance(right, Constant) or operator.name not in _TESTABLE:
        return True
    # text that spells a number equals that number, whose own text may be another
    if operator.name in _OF_TEXT and isinstance(value, str) and number_in(value) is not None:
        return True
    if _is_location(demand.compare) and isinstance(value, str):
        value = normal_location(value)
        truth = operator.holds(value, _normal(right.value))
    else:
        truth = operator.holds(value, right.value)
    return truth is None or truth is demand.wanted


def _normal(value: Value) -> Value:
    if isinstance(value, str):
        return normal_location(value)
    return [_normal(item) for item in value] if isinstance(value, list) else value


def _is_location(compare: Compare) -> bool:
    left = compare.left
    return (
        isinstance(left, FieldLeft)
        and isinstance(left.name, FieldName)
        and left.name.kind is FieldKind.LOCATION
    )


def _text_of(operand: Operand) -> str:
    """What stands for an operand where two are compared."""
    if isinstance(operand, Expression):
        return operand.text
    if isinstance(operand, Constant):
        return json.dumps(operand.value, sort_keys=True, default=str)
    return str(id(operand))


_FLOORS = {"greater": False, "greaterOrEquals": True}
"""Whether the number itself is meant too."""
_CEILINGS = {"less": False, "lessOrEquals": True}


def _bound_against(claim: Claim, demand: Demand) -> Demand | None:
    """The bound on numbers that leaves none for a new bound."""
    name, number = demand.compare.operator.name, _number(demand.compare.right)
    if not demand.wanted or number is None:
        return None
    other = claim.ceiling if name in _FLOORS else claim.floor if name in _CEILINGS else None
    if other is None:
        return None
    limit = _number(other.compare.right)
    if limit is None:
        return None
    floor, ceiling = (number, limit) if name in _FLOORS else (limit, number)
    both = {**_FLOORS, **_CEILINGS}
    touches = floor == ceiling and both[name] and both[other.compare.operator.name]
    return None if floor < ceiling or touches else other


def _note_bound(claim: Claim, demand: Demand) -> None:
    if not demand.wanted or _number(demand.compare.right) is None:
        return
    if demand.compare.operator.name in _FLOORS and _is_tighter(demand, claim.floor, up=True):
        claim.floor = demand
    elif demand.compare.operator.name in _CEILINGS and _is_tighter(demand, claim.ceiling, up=False):
        claim.ceiling = demand


def _is_tighter(demand: Demand, known: Demand | None, *, up: bool) -> bool:
    new = _number(demand.compare.right)
    old = _number(known.compare.right) if known is not None else None
    return new is not None and (old is None or (new > old if up else new < old))


def _number(operand: Operand) -> int | float | None:
    value = operand.value if isinstance(operand, Constant) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
