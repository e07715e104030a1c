"""PolicyClient: definitions, initiatives, assignments; what Azure refuses; policies that act."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient

from contract.cloud import SUBSCRIPTION, TENANT, Cloud
from contract.estate import VERSION, account, assign, definition, make_accounts


def _code(caught: pytest.ExceptionInfo[HttpResponseError]) -> str:
    assert caught.value.error is not None
    return str(caught.value.error.code)


def test_definition_from_birth_to_death(policies: PolicyClient) -> None:
    definitions = policies.policy_definitions
    made = definitions.create_or_update("place", definition())
    assert made.id == f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/place"
    assert (made.type, made.properties.policy_type) == ("Microsoft.Authorization/policyDefinitions", "Custom")
    assert made.properties.metadata["createdBy"]
    changed = definition()
    changed["properties"]["displayName"] = "Other"
    assert definitions.create_or_update("place", changed).properties.display_name == "Other"
    found = definitions.get("PLACE")
    assert found.properties.policy_rule == definition()["properties"]["policyRule"]
    definitions.delete("place")
    with pytest.raises(ResourceNotFoundError) as caught:
        definitions.get("place")
    assert _code(caught) == "PolicyDefinitionNotFound"
    assert caught.value.error.message == "The policy definition 'place' could not be found."


def test_definitions_in_pages(cloud: Cloud, policies: PolicyClient) -> None:
    for name in ("a", "b", "c"):
        policies.policy_definitions.create_or_update(name, definition())
    cloud.sent.clear()
    custom = policies.policy_definitions.list(filter="policyType eq 'Custom'", top=1)
    assert [one.name for one in custom] == ["a", "b", "c"]
    assert len(cloud.sent) == 3


def test_definition_at_a_management_group(policies: PolicyClient) -> None:
    made = policies.policy_definitions.create_or_update_at_management_group(TENANT, "place", definition())
    assert made.id.startswith("/providers/Microsoft.Management/managementGroups/")
    names = [one.name for one in policies.policy_definitions.list_by_management_group(TENANT)]
    assert "place" in names
    # assignable in the subscription below
    body = {"properties": {"policyDefinitionId": made.id}}
    assert (
        policies.policy_assignments.create(SUBSCRIPTION, "place", body).properties.policy_definition_id
        == made.id
    )


def test_initiative_from_birth_to_death(policies: PolicyClient) -> None:
    first = policies.policy_definitions.create_or_update("first", definition())
    member = {"policyDefinitionId": first.id, "policyDefinitionReferenceId": "one", "groupNames": ["g"]}
    body = {
        "properties": {
            "displayName": "Set",
            "policyDefinitionGroups": [{"name": "g", "displayName": "G"}],
            "policyDefinitions": [member],
        }
    }
    sets = policies.policy_set_definitions
    made = sets.create_or_update("set", body)
    assert made.properties.policy_definitions[0].policy_definition_reference_id == "one"
    assert [one.name for one in sets.list(filter="policyType eq 'Custom'")] == ["set"]
    with pytest.raises(HttpResponseError) as used:
        policies.policy_definitions.delete("first")
    assert _code(used) == "InvalidDeletePolicyDefinitionRequest"
    sets.delete("set")
    policies.policy_definitions.delete("first")


def test_assignment_from_birth_to_death(policies: PolicyClient) -> None:
    id = assign(policies, "audit")
    assignments = policies.policy_assignments
    found = assignments.get(SUBSCRIPTION, "place")
    assert found.id == id
    assert (found.properties.scope, found.properties.enforcement_mode) == (SUBSCRIPTION, "Default")
    assert found.properties.metadata["createdOn"]
    assert assignments.get_by_id(id.lstrip("/")).name == "place"
    selector = {"name": "here", "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}]}
    changed = assignments.update(SUBSCRIPTION, "place", {"properties": {"resourceSelectors": [selector]}})
    assert changed.properties.resource_selectors[0].name == "here"
    assert [one.name for one in assignments.list(filter="atExactScope()")] == ["place"]
    assignments.delete(SUBSCRIPTION, "place")
    assert list(assignments.list()) == []
    with pytest.raises(ResourceNotFoundError) as caught:
        assignments.get(SUBSCRIPTION, "place")
    assert _code(caught) == "PolicyAssignmentNotFound"


def test_assignments_seen_from_below(resources: ResourceManagementClient, policies: PolicyClient) -> None:
    resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    assign(policies, "audit", "above")
    assign(policies, "audit", "inside", f"{SUBSCRIPTION}/resourceGroups/rg")
    names = {one.name for one in policies.policy_assignments.list_for_resource_group("rg")}
    assert names == {"above", "inside"}
    exact = policies.policy_assignments.list_for_resource_group("rg", filter="atExactScope()")
    assert [one.name for one in exact] == ["inside"]
    below = policies.policy_assignments.list_for_resource_group("rg", filter="atScopeAndBelow()")
    assert [one.name for one in below] == ["inside"]
    assert {one.name for one in policies.policy_assignments.list(filter="atScopeAndBelow()")} == {
        "above",
        "inside",
    }


ASSIGNMENTS: list[tuple[dict[str, Any], int, str]] = [
    (
        {
            "properties": {
                "policyDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/none"
            }
        },
        404,
        "PolicyDefinitionNotFound",
    ),
    ({"properties": {"policyDefinitionId": "{place}", "nonsense": 1}}, 400, "InvalidRequestContent"),
    (
        {"properties": {"policyDefinitionId": "{place}", "parameters": {"other": {"value": 1}}}},
        400,
        "UndefinedPolicyParameter",
    ),
]


@pytest.mark.parametrize(("body", "status", "code"), ASSIGNMENTS, ids=[one[2] for one in ASSIGNMENTS])
def test_assignments_that_are_refused(
    policies: PolicyClient, body: dict[str, Any], status: int, code: str
) -> None:
    made = policies.policy_definitions.create_or_update("place", definition())
    properties = dict(body["properties"])
    properties["policyDefinitionId"] = properties["policyDefinitionId"].replace("{place}", made.id)
    with pytest.raises(HttpResponseError) as caught:
        policies.policy_assignments.create(SUBSCRIPTION, "a", {"properties": properties})
    assert (caught.value.status_code, _code(caught)) == (status, code)


def test_a_parameter_cannot_be_taken_away(policies: PolicyClient) -> None:
    policies.policy_definitions.create_or_update("place", definition())
    without = definition()
    without["properties"]["parameters"] = {}
    without["properties"]["policyRule"]["then"]["effect"] = "audit"
    assign(policies, "audit", "place")
    with pytest.raises(HttpResponseError) as caught:
        policies.policy_definitions.create_or_update("place", without)
    assert caught.value.status_code == 400


def test_deny_says_which_policy(resources: ResourceManagementClient, policies: PolicyClient) -> None:
    id = assign(policies, "deny")
    make_accounts(resources, good="westeurope")
    with pytest.raises(HttpResponseError) as caught:
        make_accounts(resources, bad="northeurope")
    error = caught.value.error
    assert (caught.value.status_code, error.code) == (403, "RequestDisallowedByPolicy")
    info = next(one for one in error.additional_info if one.type == "PolicyViolation").info
    assert info["policyAssignmentId"].lower() == id.lower()
    assert info["policyDefinitionEffect"].lower() == "deny"
    assert not resources.resources.check_existence_by_id(account("bad"), **VERSION)
    policies.policy_assignments.update(SUBSCRIPTION, "place", {"properties": {}})
    policies.policy_assignments.delete(SUBSCRIPTION, "place")
    make_accounts(resources, bad="northeurope")


def test_modify_changes_what_is_written(resources: ResourceManagementClient, policies: PolicyClient) -> None:
    contributor = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
    body = definition()
    body["properties"]["parameters"] = {}
    body["properties"]["policyRule"] = {
        "if": {
            "allOf": [
                {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                {"field": "tags['env']", "exists": False},
            ]
        },
        "then": {
            "effect": "modify",
            "details": {
                "roleDefinitionIds": [contributor],
                "operations": [{"operation": "add", "field": "tags['env']", "value": "unknown"}],
            },
        },
    }
    made = policies.policy_definitions.create_or_update("tag", body)
    assigned = policies.policy_assignments.create(
        SUBSCRIPTION,
        "tag",
        {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {"policyDefinitionId": made.id},
        },
    )
    assert assigned.identity.principal_id
    make_accounts(resources, one="westeurope")
    assert resources.resources.get_by_id(account("one"), **VERSION).tags == {"env": "unknown"}


def test_exemptions_by_the_general_client(
    resources: ResourceManagementClient, policies: PolicyClient
) -> None:
    """The client of policies has no exemptions; those of resources takes any id."""
    assignment = assign(policies, "audit")
    id = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyExemptions/e"
    body = {"properties": {"policyAssignmentId": assignment, "exemptionCategory": "Waiver"}}
    version = {"api_version": "2022-07-01-preview"}
    made = resources.resources.begin_create_or_update_by_id(id, body, **version).result()
    assert made.properties["exemptionCategory"] == "Waiver"
    assert resources.resources.get_by_id(id, **version).name == "e"
    resources.resources.begin_delete_by_id(id, **version).result()
    with pytest.raises(ResourceNotFoundError):
        resources.resources.get_by_id(id, **version)
