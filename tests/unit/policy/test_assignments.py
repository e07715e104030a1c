"""Initiatives put into force, values of parameters, and states rolled up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blueprinter.document import parse
from blueprinter.policy import (
    AssignedPolicy,
    ComplianceState,
    UnsupportedReason,
    assign_set,
    definition_key,
    parameter_faults,
    read_overrides,
    read_policy_set,
    read_resource_selectors,
    roll_up,
)
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
