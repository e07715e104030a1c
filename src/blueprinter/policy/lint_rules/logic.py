"""Rules about what can never be, what always is, and what is said twice.

What conditions demand is followed through `allOf`, `anyOf` and `not`; where several ways are open, each is followed on
its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import ExpressionError
from blueprinter.casing import fold
from blueprinter.document import Json
from blueprinter.policy.fields import FieldKind, read_field
from blueprinter.policy.lint_rules.claims import Claims, Demand, Ledger
from blueprinter.policy.lint_rules.draft import (
    Remark,
    RuleDraft,
    bound_wildcards,
    counted_by,
    logical_nodes,
    parameter_of,
)
from blueprinter.policy.operators import OPERATORS
from blueprinter.policy.syntax import (
    AllOf,
    Compare,
    Condition,
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    Not,
    ValueCount,
    ValueLeft,
    as_value,
)


class Choice(Struct, frozen=True):
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


class Conflict(Struct, frozen=True):
    """A demand that cannot be met, the one it cannot be met beside, and what was wanted of the whole."""

    demand: Demand
    earlier: Demand
    wanted: bool


class _Search(Struct, frozen=True):
    draft: RuleDraft
    ledger: Ledger
    counted: tuple[str, ...] = ()

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
            conflict = self._opposed(choice, dict(claims))
            if conflict is not None:
                yield conflict
            for member in members:
                yield from self.follow(member, choice.wanted, dict(claims))

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
            earlier = self.ledger.add(claims, key, demand)
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
    ledger = Ledger()
    for condition, related in draft.conditions():
        claims: Claims = {}
        existence = draft.rule.existence
        type = existence.type if existence is not None and related else None
        if isinstance(type, Constant):
            pointer = draft.then("details", "type") or draft.rule.then_pointer
            known = Compare(FieldLeft(read_field("type")), _EQUALS, type, pointer)
            ledger.add(claims, "field type", Demand(known, True))
        search = _Search(draft, ledger)
        yield from search.follow(condition, True, claims)
        yield from _in_counts(search, condition)


_EQUALS = next(row for row in OPERATORS if row.name == "equals")


def _in_counts(search: _Search, condition: Condition) -> Iterator[Conflict]:
    """Conflicts inside of counts, where each `where` stands for itself."""
    if isinstance(condition, Compare):
        left = condition.left
        if isinstance(left, (FieldCount, ValueCount)) and left.where is not None:
            inner = replace(search, counted=(*search.counted, *counted_by(left)))
            yield from inner.follow(left.where, True, {})
            yield from _in_counts(inner, left.where)
    elif isinstance(condition, Not):
        yield from _in_counts(search, condition.member)
    else:
        for member in condition.members:
            yield from _in_counts(search, member)


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
