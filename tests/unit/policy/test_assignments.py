"""Initiatives put into force, values of parameters, and states rolled up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blueprinter.arm import Resource, Unknown
from blueprinter.document import parse
from blueprinter.policy import (
    AssignedPolicy,
    ComplianceState,
    UnsupportedReason,
    assign_set,
    definition_key,
    is_enforced,
    parameter_faults,
    read_definition,
    read_overrides,
    read_policy_set,
    read_resource_selectors,
    roll_up,
)
from blueprinter.policy.selectors import selects
from unit.policy.small_policies import definition, resource, state

EFFECT = {
    "effect": {"type": "String", "defaultValue": "audit"},
    "names": {"type": "Array", "defaultValue": ["b"]},
}
POLICY = definition(
    {"field": "name", "in": "[parameters('names')]"},
    {"effect": "[parameters('effect')]"},
    name="3f-one",
    parameters=EFFECT,
)


def initiative(member: dict[str, Any], parameters: dict[str, Any]) -> Any:
    members = [
        {"policyDefinitionReferenceId": "one", "policyDefinitionId": "/providers/x/3F-ONE", **member},
        {"policyDefinitionReferenceId": "two", "policyDefinitionId": "/providers/x/4F-TWO"},
    ]
    value = {"name": "set", "properties": {"parameters": parameters, "policyDefinitions": members}}
    return read_policy_set(parse(json.dumps(value), "set.json"))


def test_members_take_parameters_of_the_initiative() -> None:
    own = {
        "effect": {"value": "[parameters('e')]"},
        "names": {"value": ["[parameters('n')]", "[concat(parameters('n'), '2')]"]},
    }
    found = initiative(
        {"parameters": own}, {"e": {"type": "String", "defaultValue": "deny"}, "n": {"type": "String"}}
    )
    assigned, missing = assign_set(
        found, {definition_key(POLICY.id): POLICY}, {"N": "a"}, "/as/1", "/subscriptions/s"
    )
    (one,) = assigned
    assert dict(one.parameters) == {"effect": "deny", "names": ["a", "a2"]}
    assert (one.reference_id, one.assignment_id, one.scope) == ("one", "/as/1", "/subscriptions/s")
    assert one.set_definition_id == "/providers/Microsoft.Authorization/policySetDefinitions/set"
    assert missing == ("4f-two",)


def test_a_member_without_its_value_does_not_take_its_own_default() -> None:
    found = initiative({"parameters": {"names": {"value": "[parameters('n')]"}}}, {"n": {"type": "Array"}})
    (one,), _ = assign_set(found, {"3f-one": POLICY}, {})
    assert one.missing == ("names",)
    judged = state(one, resource("Contoso.Test/things", "b"))
    assert (judged.state, judged.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.PARAMETER_MISSING)


DECLARED = {
    "text": {"type": "string", "allowedValues": ["Audit", "Deny"]},
    "many": {"type": "Array", "allowedValues": ["a", "b"], "defaultValue": []},
    "number": {"type": "Integer", "defaultValue": 1},
    "flag": {"type": "Boolean", "defaultValue": True},
    "day": {"type": "DateTime", "defaultValue": "2026-01-01"},
}


@pytest.mark.parametrize(
    ("given", "faulty"),
    [
        ({"TEXT": "Audit"}, []),
        ({"text": "audit"}, ["text"]),
        ({"text": "Audit", "many": ["a", "b"]}, []),
        ({"text": "Audit", "many": ["A", "b"]}, ["many"]),
        ({"text": "Audit", "flag": "true"}, []),
        ({}, ["text"]),
        ({"text": "shout"}, ["text"]),
        ({"text": "Audit", "many": ["c"]}, ["many"]),
        ({"text": "Audit", "many": "a"}, ["many"]),
        ({"text": "Audit", "number": "1"}, ["number"]),
        ({"text": "Audit", "number": True}, ["number"]),
        ({"text": "Audit", "day": "soon"}, ["day"]),
        ({"text": "Audit", "texts": 1}, ["texts"]),
    ],
)
def test_values_that_azure_refuses(given: dict[str, Any], faulty: list[str]) -> None:
    declared = definition({"field": "name", "exists": True}, parameters=DECLARED).parameters
    assert [name for name, _ in parameter_faults(declared, given)] == faulty


S = ComplianceState


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((), None),
        ((S.UNKNOWN, S.COMPLIANT), S.COMPLIANT),
        ((S.COMPLIANT, S.NON_COMPLIANT), S.NON_COMPLIANT),
        ((S.ERROR, S.CONFLICT, S.EXEMPT), S.ERROR),
        ((S.EXEMPT, S.PROTECTED), S.PROTECTED),
        ((S.NOT_APPLICABLE, S.UNSUPPORTED), None),
    ],
)
def test_roll_up(states: tuple[S, ...], expected: S | None) -> None:
    assert roll_up(states) is expected


def test_static_and_direct_assignments() -> None:
    assert (
        state(AssignedPolicy(POLICY, {"names": ["x"]}), resource("Contoso.Test/things", "x")).effect
        == "audit"
    )


@pytest.mark.parametrize(
    ("mode", "acts"),
    [("Default", True), (None, True), ("DoNotEnforce", False), ("donotenforce", False), ("Enroll", False)],
)
def test_modes_of_enforcement(mode: str | None, acts: bool) -> None:
    assert is_enforced(mode) is acts


def test_resource_groups_have_one_type_in_selectors() -> None:
    group = "/subscriptions/s1/resourceGroups/rg"
    short = Resource(group, "Microsoft.Resources/resourceGroups", "rg", {"id": group, "name": "rg"})
    wanted = ["Microsoft.Resources/subscriptions/resourceGroups"]
    selectors, _ = read_resource_selectors([{"selectors": [{"kind": "resourceType", "in": wanted}]}])
    others, _ = read_resource_selectors([{"selectors": [{"kind": "resourceType", "notIn": wanted}]}])
    assert (selects(selectors, short), selects(others, short)) == (True, False)


def test_an_override_whose_references_are_not_known_stays_open() -> None:
    unknown = [Unknown("reference('x').name")]
    overrides, _ = read_overrides(
        [
            {
                "kind": "policyEffect",
                "value": "Deny",
                "selectors": [{"kind": "policyDefinitionReferenceId", "in": unknown}],
            }
        ]
    )
    one = AssignedPolicy(POLICY, {"names": ["x"]}, reference_id="one", overrides=overrides)
    judged = state(one, resource("Contoso.Test/things", "x"))
    assert (judged.state, judged.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.RUNTIME_VALUE)


@pytest.mark.parametrize("mode", [None, "", "Indexed"])
def test_a_definition_without_a_mode_looks_at_what_has_tags_and_a_location(mode: str | None) -> None:
    group = resource_group()
    rule = {"if": {"field": "tags.x", "exists": False}, "then": {"effect": "audit"}}
    whole = {"name": "n", "properties": {"policyRule": rule, **({} if mode is None else {"mode": mode})}}
    found = read_definition(parse(json.dumps(whole), "n.json"))
    assert found.mode == "Indexed"
    assert state(AssignedPolicy(found), group).state is ComplianceState.NOT_APPLICABLE
    bare = read_definition(parse(json.dumps(rule), "bare.json"))
    assert state(AssignedPolicy(bare), group).state is ComplianceState.NON_COMPLIANT


def resource_group() -> Resource:
    id_ = "/subscriptions/s1/resourceGroups/rg"
    type_ = "Microsoft.Resources/subscriptions/resourceGroups"
    return Resource(id_, type_, "rg", {"id": id_, "name": "rg", "type": type_, "location": "westeurope"})


def test_members_get_what_the_assignment_says() -> None:
    found = initiative({"definitionVersion": "1.*.*"}, {})
    overrides, _ = read_overrides([{"kind": "policyEffect", "value": "Deny"}])
    selectors, _ = read_resource_selectors([{"selectors": [{"kind": "resourceType", "in": ["a/b"]}]}])
    messages = [{"message": "general"}, {"message": "own", "policyDefinitionReferenceId": "ONE"}]
    (one,), _ = assign_set(
        found,
        {"3f-one": POLICY},
        {},
        resource_selectors=selectors,
        overrides=overrides,
        messages=messages,
    )
    assert (one.message, one.definition_version) == ("own", "1.*.*")
    assert (one.resource_selectors, one.overrides) == (selectors, overrides)


def test_groups_and_versions_of_an_initiative() -> None:
    value = {
        "name": "set",
        "properties": {
            "version": "2.1.0",
            "versions": ["2.1.0", "1.0.0"],
            "policyDefinitions": [
                {
                    "policyDefinitionId": "/providers/x/d",
                    "definitionVersion": "3.*.*-preview",
                    "groupNames": ["a_1"],
                }
            ],
            "policyDefinitionGroups": [
                {
                    "name": "A_1",
                    "additionalMetadataId": "/providers/Microsoft.PolicyInsights/policyMetadata/A_1",
                },
                {"name": "A_2", "displayName": "Second", "category": "General", "description": "more"},
            ],
        },
    }
    found = read_policy_set(parse(json.dumps(value), "set.json"))
    assert (found.version, found.versions) == ("2.1.0", ("2.1.0", "1.0.0"))
    assert found.groups == ("A_1", "A_2")
    first, second = found.group_details
    assert first.additional_metadata_id.endswith("/A_1")
    assert (second.display_name, second.category, second.description) == ("Second", "General", "more")
    (member,) = found.members
    assert (member.definition_version, member.groups) == ("3.*.*-preview", ("a_1",))


def test_versions_of_a_definition() -> None:
    found = definition(
        {"field": "name", "exists": True}, version="1.2.0-preview", versions=["1.2.0-preview", "1.1.0"]
    )
    assert (found.version, found.versions) == ("1.2.0-preview", ("1.2.0-preview", "1.1.0"))
