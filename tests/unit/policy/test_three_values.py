"""What is not known never changes a verdict: a decided one is the same whatever the unknown value turns out to be."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from blueprinter.arm import Unknown
from blueprinter.policy import AliasTable, ComplianceState
from unit.policy.small_policies import definition, resource, state

ALIASES = AliasTable.inline({"p": "properties.p", "q": "properties.q", "r[*]": "properties.r[*]"})
VALUES: Any = st.sampled_from([None, True, "true", "a", "B", "10", 10, ["a"], ["b", 10], {"a": 1}, ""])
FIELDS = st.sampled_from(["p", "q", "r[*]"])
OPERATORS = st.sampled_from(
    [
        "equals",
        "notEquals",
        "in",
        "notIn",
        "contains",
        "notContains",
        "containsKey",
        "like",
        "notLike",
        "exists",
    ]
)


def _compare(field: str, operator: str, value: Any) -> dict[str, Any]:
    if operator == "exists":
        value = value is True
    return {"field": field, operator: value}


COMPARISONS = st.builds(_compare, FIELDS, OPERATORS, VALUES)
COUNTS = st.builds(
    lambda inner, least: {"count": {"field": "r[*]", "where": inner}, "greaterOrEquals": least},
    COMPARISONS,
    st.integers(0, 3),
)
CONDITIONS: Any = st.recursive(
    COMPARISONS | COUNTS,
    lambda inner: (
        st.builds(lambda members: {"allOf": members}, st.lists(inner, max_size=3))
        | st.builds(lambda members: {"anyOf": members}, st.lists(inner, max_size=3))
        | st.builds(lambda member: {"not": member}, inner)
    ),
    max_leaves=6,
)


def verdict(condition: Any, properties: dict[str, Any]) -> ComplianceState:
    subject = resource("Contoso.Test/things", "a", properties=properties)
    return state(definition(condition), subject, aliases=ALIASES).state


@settings(max_examples=150, deadline=None, derandomize=True)
@given(CONDITIONS, VALUES, st.lists(VALUES, max_size=3), st.sampled_from(["q", "member", "r"]), VALUES)
def test_a_decided_verdict_holds_for_every_value(
    condition: Any, p: Any, members: list[Any], hidden: str, value: Any
) -> None:
    unknown = Unknown("reference('x')")
    known: dict[str, Any] = {"p": p, "q": "a", "r": members}
    before, after = dict(known), dict(known)
    if hidden == "member":
        before["r"], after["r"] = [*members, unknown], [*members, value]
    else:
        before[hidden], after[hidden] = unknown, value
    decided = verdict(condition, before)
    if decided is not ComplianceState.UNSUPPORTED:
        assert verdict(condition, after) is decided
