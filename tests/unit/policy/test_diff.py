"""`policy diff`: which states change from one version to the other, and what deny refuses."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.arm import Resource
from blueprinter.policy import (
    AliasTable,
    PolicyDefinition,
    PolicyDiff,
    Turn,
    Versions,
    pair_definitions,
)
from unit.policy.small_policies import NOW, Answers, definition, resource

SITES = "Microsoft.Web/sites"
AUDIT_OR_DENY = {
    "parameters": {
        "effect": {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"], "defaultValue": "Audit"}
    }
}
CHOSEN = {"effect": "[parameters('effect')]"}


def site(name: str, stage: str | None = None) -> Resource:
    return resource(SITES, name, properties={}, tags={} if stage is None else {"stage": stage})


def refusing(stage: str, then: Any = None, *, name: str = "test", **properties: Any) -> PolicyDefinition:
    """A policy that finds fault with sites of one stage."""
    condition = {
        "allOf": [{"field": "type", "equals": SITES}, {"field": "tags.stage", "equals": stage}],
    }
    return definition(condition, then, name=name, **properties)


def compared(
    old: PolicyDefinition | list[PolicyDefinition],
    new: PolicyDefinition | list[PolicyDefinition],
    *estate: Resource,
    parameters: dict[str, Any] | None = None,
    most: int = 1000,
) -> PolicyDiff:
    olds = old if isinstance(old, list) else [old]
    news = new if isinstance(new, list) else [new]
    versions = Versions(
        pair_definitions(olds, news), aliases=AliasTable.empty(), now=NOW, parameters=parameters
    )
    return versions.over([(estate, Answers())], most=most)


def turns(found: PolicyDiff) -> dict[str, int]:
    return {str(turn): count for turn, count in found.turns.items() if count}


def test_nothing_changes() -> None:
    found = compared(refusing("app"), refusing("app"), site("a", stage="app"), site("b", stage="x"))
    assert (turns(found), found.total, found.changes, found.resources) == ({}, 0, (), 2)
    assert [str(state) for state in found.policies[0].new] == ["NonCompliant", "Compliant"]


def test_states_turn_both_ways() -> None:
    found = compared(
        refusing("old"), refusing("new"), site("a", stage="old"), site("b", stage="new"), site("c")
    )
    assert turns(found) == {"becomesNonCompliant": 1, "becomesCompliant": 1}
    assert [(one.resource.name, str(one.old), str(one.new)) for one in found.changes] == [
        ("a", "NonCompliant", "Compliant"),
        ("b", "Compliant", "NonCompliant"),
    ]
    # what the old version found fault with, and what the new one does
    assert {(one.path, one.actual) for one in found.changes} == {("tags.stage", "old"), ("tags.stage", "new")}


def test_a_policy_that_does_not_apply_any_more() -> None:
    other = definition({"field": "type", "equals": "Microsoft.Sql/servers"})
    found = compared(refusing("app"), other, site("a", stage="app"))
    assert turns(found) == {"becomesNotApplicable": 1}


def test_undecided() -> None:
    new = definition({"value": "[resourceGroup().tags['stage']]", "equals": "prod"})
    found = compared(refusing("app"), new, site("a", stage="app"))
    assert turns(found) == {"becomesUndecided": 1}
    (change,) = found.changes
    assert "not collected" in change.detail


def test_deny_refuses_from_now_on() -> None:
    audit = refusing("app", {"effect": "audit"})
    deny = refusing("app", {"effect": "Deny"})
    found = compared(audit, deny, site("a", stage="app"), site("b"))
    assert turns(found) == {"becomesDenied": 1}
    assert (found.policies[0].denied, found.newly_denied) == (1, 1)
    assert [one.denied for one in found.changes] == [True]
    back = compared(deny, audit, site("a", stage="app"))
    assert (turns(back), back.newly_denied) == ({"noLongerDenied": 1}, 0)


def test_what_deny_would_refuse_where_it_is_allowed() -> None:
    policy = refusing("app", CHOSEN, **AUDIT_OR_DENY)
    tally = compared(policy, policy, site("a", stage="app"), site("b")).policies[0]
    assert (tally.denied, tally.newly_denied, tally.could_deny) == (0, 0, 1)
    chosen = compared(policy, policy, site("a", stage="app"), parameters={"effect": "Deny"}).policies[0]
    assert (chosen.denied, chosen.newly_denied, chosen.could_deny) == (1, 0, 1)
    only_audit = refusing("app", {"effect": "audit"})
    assert compared(only_audit, only_audit, site("a", stage="app")).policies[0].could_deny == 0


def test_values_go_where_they_are_taken() -> None:
    """A folder holds policies of several kinds: a value that one does not allow leaves its default."""
    deny = refusing("app", CHOSEN, name="one", **AUDIT_OR_DENY)
    fixed = refusing("app", {"effect": "audit"}, name="two")
    limited = {
        "parameters": {
            "effect": {"type": "String", "allowedValues": ["Audit", "Disabled"], "defaultValue": "Audit"}
        }
    }
    audit = refusing("app", CHOSEN, name="three", **limited)
    found = compared(
        [deny, fixed, audit], [deny, fixed, audit], site("a", stage="app"), parameters={"effect": "Deny"}
    )
    assert {one.name: one.denied for one in found.policies} == {"one": 1, "two": 0, "three": 0}


def test_definitions_are_matched_by_name_and_others_added_or_removed() -> None:
    old = [refusing("app", name="Kept"), refusing("app", name="gone")]
    new = [refusing("app", name="kept"), refusing("app", name="brought")]
    found = compared(old, new, site("a", stage="app"))
    assert [(one.name, one.side) for one in found.policies] == [
        ("brought", "added"),
        ("gone", "removed"),
        ("kept", "both"),
    ]
    assert turns(found) == {"becomesNonCompliant": 1, "becomesNotApplicable": 1}


def test_two_files_are_compared_whatever_they_are_called() -> None:
    pairings = pair_definitions([refusing("a", name="v1")], [refusing("a", name="v2")], by_name=False)
    assert [(one.name, one.old is not None, one.new is not None) for one in pairings] == [("v2", True, True)]


@pytest.mark.parametrize("most", [0, 2])
def test_the_list_is_limited_and_the_count_is_not(most: int) -> None:
    estate = [site(f"s{number}", stage="new") for number in range(5)]
    found = compared(refusing("old"), refusing("new"), *estate, most=most)
    assert (len(found.changes), found.total, found.turns[Turn.NON_COMPLIANT]) == (most, 5, 5)
    document = found.as_json()
    assert (document["changesTotal"], document["schema"]) == (5, "blueprinter/policy-diff/1")


def test_the_same_input_gives_the_same_bytes() -> None:
    estate = [site("a", stage="old"), site("b", stage="new")]
    assert (
        compared(refusing("old"), refusing("new"), *estate).as_json()
        == compared(refusing("old"), refusing("new"), *estate).as_json()
    )


def test_related_types_of_both_versions_are_needed() -> None:
    old = definition(
        {"field": "type", "equals": SITES},
        {"effect": "auditIfNotExists", "details": {"type": "Microsoft.Web/sites/config", "name": "web"}},
    )
    new = definition({"value": "[subscription().displayName]", "equals": "x"})
    versions = Versions(pair_definitions([old], [new]), aliases=AliasTable.empty(), now=NOW)
    assert versions.related_types == {"microsoft.web/sites/config", "microsoft.resources/subscriptions"}
