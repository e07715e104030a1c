"""Rules about what can never be, what always is, and what is said twice.

Only what is sure is reported: conditions on one and the same value, compared with constants or with one and the
same expression. What conditions demand is followed through `allOf`, `anyOf` and `not`; where several ways are
open, each is followed on its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from blueprinter.arm import ExpressionError, Value, normal_location, number_in
from blueprinter.casing import fold
from blueprinter.document import Json
from blueprinter.policy.fields import FieldKind, FieldName, read_field
from blueprinter.policy.lint_rules.draft import (
    Remark,
    RuleDraft,
    bound_wildcards,
    counted_by,
    logical_nodes,
    parameter_of,
)
from blueprinter.policy.operators import OPERATORS, Absent, Left
from blueprinter.policy.syntax import (
    AllOf,
    Compare,
    Condition,
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    Not,
    Operand,
    ValueCount,
    ValueLeft,
    as_value,
)

_MOST = 1000
"""Longer lists are not followed."""

# ---------------------------------------------------------------- what is demanded of one value


@dataclass(frozen=True, slots=True)
class Demand:
    """That a comparison comes out true, or false."""

    compare: Compare
    wanted: bool


@dataclass(slots=True)
class Claim:
    """What is demanded of one value so far."""

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


def _copy(claims: Claims) -> Claims:
    return {key: claim.copy() for key, claim in claims.items()}


def _add(claims: Claims, key: str, demand: Demand) -> Demand | None:
    """Adds a demand; one that cannot be met beside an earlier one is not added, and the earlier one is given."""
    claim = claims.setdefault(key, Claim())
    text = _text_of(demand.compare.right)
    for contrary in _contraries(demand, text):
        if contrary in claim.by_text:
            return claim.by_text[contrary]
    bound = _bound_against(claim, demand)
    if bound is not None:
        return bound
    left_over = claim.left_over
    if left_over is not None:
        left_over = [value for value in left_over if _may_be(demand, value)]
    elif (pinned := _pinned(demand)) is not None:
        left_over = [value for value in pinned if all(_may_be(one, value) for one in claim.demands)]
    if left_over is not None and not left_over:
        return _opponent(claim.demands, demand)
    claim.demands.append(demand)
    claim.by_text.setdefault((demand.compare.operator.name, demand.wanted, text), demand)
    claim.left_over = left_over
    if demand.wanted and _number(demand.compare.right) is not None:
        if demand.compare.operator.name in _FLOORS and _is_tighter(demand, claim.floor, up=True):
            claim.floor = demand
        elif demand.compare.operator.name in _CEILINGS and _is_tighter(demand, claim.ceiling, up=False):
            claim.ceiling = demand
    return None


def _contraries(demand: Demand, text: str) -> Iterator[tuple[str, bool, str]]:
    """The demands that say the contrary of one, whatever the value is."""
    operator = demand.compare.operator
    yield operator.name, not demand.wanted, text
    opposite = OPERATORS.get(operator.opposite)
    # `less` is no contrary of `greaterOrEquals`: neither holds for what is absent
    if opposite is not None and opposite is not operator and (operator.negative or opposite.negative):
        yield opposite.name, demand.wanted, text


def _opponent(earlier: list[Demand], demand: Demand) -> Demand:
    """The earlier demand that a new one meets worst: one that excludes it alone, else the last."""
    pinned = _pinned(demand)
    for one in earlier:
        values = _pinned(one) or pinned or []
        if values and not any(_may_be(one, value) and _may_be(demand, value) for value in values):
            return one
    return earlier[-1]


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


def _is_tighter(demand: Demand, known: Demand | None, *, up: bool) -> bool:
    new = _number(demand.compare.right)
    old = _number(known.compare.right) if known is not None else None
    return new is not None and (old is None or (new > old if up else new < old))


def _number(operand: Operand) -> int | float | None:
    value = operand.value if isinstance(operand, Constant) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


# ---------------------------------------------------------------- what a condition demands


@dataclass(frozen=True, slots=True)
class Choice:
    """A condition that can come out as wanted in several ways."""

    condition: Condition
    wanted: bool


def _parts(condition: Condition, wanted: bool) -> Iterator[Demand | Choice]:
    """What must be so for a condition to come out as wanted."""
    if isinstance(condition, Compare):
        yield Demand(condition, wanted)
    elif isinstance(condition, Not):
        yield from _parts(condition.member, not wanted)
    elif isinstance(condition, AllOf) is wanted or len(condition.members) == 1:
        for member in condition.members:
            yield from _parts(member, wanted)
    else:
        yield Choice(condition, wanted)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A demand that cannot be met, the one it cannot be met beside, and what was wanted of the whole."""

    demand: Demand
    earlier: Demand
    wanted: bool


@dataclass(frozen=True, slots=True)
class _Search:
    draft: RuleDraft
    counted: tuple[str, ...]

    def follow(self, condition: Condition, wanted: bool, claims: Claims) -> Iterator[Conflict]:
        """Every conflict on the ways in which a condition can come out as wanted; `claims` learns what holds."""
        choices: list[Choice] = []
        for part in _parts(condition, wanted):
            if isinstance(part, Choice):
                choices.append(part)
            elif (found := self._added(part, claims, wanted)) is not None:
                yield found
        for choice in choices:
            members = () if isinstance(choice.condition, (Compare, Not)) else choice.condition.members
            conflict = self._opposed(choice, _copy(claims))
            if conflict is not None:
                yield conflict
            for member in members:
                yield from self.follow(member, choice.wanted, _copy(claims))

    def _opposed(self, choice: Choice, claims: Claims) -> Conflict | None:
        """Why a condition cannot come out otherwise than wanted, if it cannot."""
        for part in _parts(choice.condition, not choice.wanted):
            if isinstance(part, Demand):
                found = self._added(part, claims, not choice.wanted)
                if found is not None:
                    return found
        return None

    def _added(self, demand: Demand, claims: Claims, wanted: bool) -> Conflict | None:
        key = self._key(demand.compare)
        if key is None:
            return None
        try:
            earlier = _add(claims, key, demand)
        except ExpressionError:  # values without an order
            return None
        return None if earlier is None else Conflict(demand, earlier, wanted)

    def _key(self, compare: Compare) -> str | None:
        """What stands for the value that is looked at; None where it is no single one."""
        left = compare.left
        if isinstance(left, FieldLeft):
            if isinstance(left.name, Expression):
                return f"field {left.name.text}"
            if left.name.wildcards > bound_wildcards(left.name, self.counted):
                return None
            return (
                f"tag {fold(left.name.tag)}"
                if left.name.kind is FieldKind.TAG
                else f"field {left.name.folded}"
            )
        if isinstance(left, ValueLeft):
            return f"value {left.value.text}" if isinstance(left.value, Expression) else None
        return f"count {json.dumps(self.draft.envelope.value(left.pointer), sort_keys=True)}"


def _conflicts(draft: RuleDraft) -> Iterator[Conflict]:
    for condition, related in draft.conditions():
        claims: Claims = {}
        existence = draft.rule.existence
        type = existence.type if existence is not None and related else None
        if isinstance(type, Constant):
            pointer = draft.then("details", "type") or draft.rule.then_pointer
            known = Compare(FieldLeft(read_field("type")), _EQUALS, type, pointer)
            _add(claims, "field type", Demand(known, True))
        yield from _Search(draft, ()).follow(condition, True, claims)
        yield from _in_counts(draft, condition, ())


_EQUALS = next(row for row in OPERATORS if row.name == "equals")


def _in_counts(draft: RuleDraft, condition: Condition, counted: tuple[str, ...]) -> Iterator[Conflict]:
    if isinstance(condition, Compare):
        left = condition.left
        if isinstance(left, (FieldCount, ValueCount)) and left.where is not None:
            inner = (*counted, *counted_by(left))
            yield from _Search(draft, inner).follow(left.where, True, {})
            yield from _in_counts(draft, left.where, inner)
    elif isinstance(condition, Not):
        yield from _in_counts(draft, condition.member, counted)
    else:
        for member in condition.members:
            yield from _in_counts(draft, member, counted)


# ---------------------------------------------------------------- rules


def contradiction(draft: RuleDraft) -> Iterator[Remark]:
    """Conditions that no resource can meet together: what they guard is never reached."""
    for conflict in _conflicts(draft):
        if conflict.wanted:
            yield Remark(
                conflict.demand.compare.pointer,
                f"this is never true together with line {draft.envelope.line(conflict.earlier.compare.pointer)}",
                "remove one of them, or put the alternatives into an `anyOf`",
            )


def tautology(draft: RuleDraft) -> Iterator[Remark]:
    """Conditions of which one always holds: an `anyOf` of them says nothing."""
    for conflict in _conflicts(draft):
        if not conflict.wanted:
            yield Remark(
                conflict.demand.compare.pointer,
                f"together with line {draft.envelope.line(conflict.earlier.compare.pointer)} this is always true",
                "for values that are none of several, write `notIn` or an `allOf`",
            )


def constant_condition(draft: RuleDraft) -> Iterator[Remark]:
    """A condition that does not depend on the resource or on any choice of parameters."""
    for condition, _ in draft.conditions():
        for node in logical_nodes(condition):
            if not isinstance(node, (Compare, Not)) and not node.members:
                said = "always true" if isinstance(node, AllOf) else "never true"
                yield Remark(node.pointer, f"without members this is {said}")
    for place in draft.places():
        compare = place.compare
        right = compare.right
        if not isinstance(right, Constant):
            continue
        if right.value == [] and compare.operator.name in ("in", "notIn"):
            said = "always" if compare.operator.negative else "never"
            yield Remark(draft.right(compare), f"`{compare.operator.name}` of an empty list is {said} true")
        elif isinstance(compare.left, ValueLeft):
            truth = _constant_truth(draft, compare)
            if truth is not None:
                said = "always" if truth else "never"
                yield Remark(compare.pointer, f"this compares two constants: it is {said} true")
            elif (found := _by_allowed_values(draft, compare)) is not None:
                parameter, truth = found
                said = "every" if truth else "no"
                yield Remark(
                    draft.right(compare),
                    f"this holds for {said} allowed value of the parameter `{parameter}`",
                )


def _constant_truth(draft: RuleDraft, compare: Compare) -> bool | None:
    left, right = compare.left, compare.right
    if (
        not isinstance(left, ValueLeft)
        or not isinstance(left.value, Constant)
        or not isinstance(right, Constant)
    ):
        return None
    try:
        return compare.operator.holds(left.value.value, right.value)
    except ExpressionError:
        return None


def _by_allowed_values(draft: RuleDraft, compare: Compare) -> tuple[str, bool] | None:
    """What a condition on a parameter always is, by its allowed values."""
    left, right = compare.left, compare.right
    if not isinstance(left, ValueLeft) or not isinstance(right, Constant):
        return None
    parameter = parameter_of(draft, left.value)
    if parameter is None or len(parameter.allowed) < 2 or fold(parameter.type) in ("array", "object"):
        return None
    values = [*parameter.allowed, *([parameter.default] if parameter.has_default else [])]
    try:
        truths = {compare.operator.holds(as_value(value), right.value) for value in values}
    except ExpressionError:
        return None
    truth = truths.pop() if len(truths) == 1 else None
    return None if truth is None else (parameter.name, truth)


def duplicate_condition(draft: RuleDraft) -> Iterator[Remark]:
    """One condition twice in one `allOf` or `anyOf`."""
    for condition, _ in draft.conditions():
        for node in logical_nodes(condition):
            if isinstance(node, (Compare, Not)):
                continue
            first: dict[str, str] = {}
            for member in node.members:
                text = json.dumps(_canonical(draft.envelope.value(member.pointer)), sort_keys=True)
                if text in first:
                    line = draft.envelope.line(first[text])
                    yield Remark(
                        member.pointer, f"the same condition stands in line {line}", "remove one of them"
                    )
                first.setdefault(text, member.pointer)


def _canonical(value: Json) -> Json:
    """A condition without regard to the letter case of its keys."""
    if isinstance(value, dict):
        return {fold(key): _canonical(member) for key, member in value.items()}
    return [_canonical(item) for item in value] if isinstance(value, list) else value
