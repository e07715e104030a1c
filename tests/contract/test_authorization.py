"""AuthorizationManagementClient: role definitions and role assignments."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

from contract.cloud import FIRST, SUBSCRIPTION, Cloud

READER = (
    f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
)
SOMEONE = "11111111-1111-1111-1111-111111111111"
NAMES = [f"22222222-2222-2222-2222-22222222222{digit}" for digit in range(3)]


@pytest.fixture
def roles(cloud: Cloud) -> AuthorizationManagementClient:
    return cloud.client(AuthorizationManagementClient, FIRST)


def _assignment(principal: str = SOMEONE, role: str = READER) -> dict[str, object]:
    properties = {"roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal"}
    return {"properties": properties}


def test_role_assignment_from_birth_to_death(roles: AuthorizationManagementClient) -> None:
    at = roles.role_assignments
    made = at.create(SUBSCRIPTION, NAMES[0], _assignment())
    assert made.id == f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/{NAMES[0]}"
    assert (made.principal_id, made.scope, made.principal_type) == (SOMEONE, SUBSCRIPTION, "ServicePrincipal")
    assert at.get(SUBSCRIPTION, NAMES[0]).role_definition_id.lower() == READER.lower()
    assert [one.name for one in at.list_for_subscription(filter=f"principalId eq '{SOMEONE}'")] == [NAMES[0]]
    # the same again is the same
    assert at.create(SUBSCRIPTION, NAMES[0], _assignment()).name == NAMES[0]
    with pytest.raises(ResourceExistsError) as twice:
        at.create(SUBSCRIPTION, NAMES[1], _assignment())
    assert twice.value.error.code == "RoleAssignmentExists"
    with pytest.raises(HttpResponseError) as turned:
        at.create(SUBSCRIPTION, NAMES[0], _assignment(principal="33333333-3333-3333-3333-333333333333"))
    assert turned.value.error.code == "RoleAssignmentUpdateNotPermitted"
    at.delete(SUBSCRIPTION, NAMES[0])
    assert list(at.list_for_subscription(filter=f"principalId eq '{SOMEONE}'")) == []


def test_role_definitions(roles: AuthorizationManagementClient) -> None:
    at = roles.role_definitions
    readers = list(at.list(SUBSCRIPTION, filter="roleName eq 'Reader'"))
    assert [one.role_name for one in readers] == ["Reader"]
    body = {
        "properties": {
            "roleName": "Scanner",
            "type": "CustomRole",
            "permissions": [{"actions": ["*/read"], "notActions": []}],
            "assignableScopes": [SUBSCRIPTION],
        }
    }
    made = at.create_or_update(SUBSCRIPTION, NAMES[2], body)
    assert (made.role_name, made.role_type) == ("Scanner", "CustomRole")
    roles.role_assignments.create(SUBSCRIPTION, NAMES[0], _assignment(role=made.id))
    with pytest.raises(HttpResponseError) as used:
        at.delete(SUBSCRIPTION, NAMES[2])
    assert used.value.error.code == "RoleDefinitionHasAssignments"
    roles.role_assignments.delete(SUBSCRIPTION, NAMES[0])
    at.delete(SUBSCRIPTION, NAMES[2])


def test_assignments_are_seen_from_below(
    roles: AuthorizationManagementClient, resources: ResourceManagementClient
) -> None:
    resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    roles.role_assignments.create(SUBSCRIPTION, NAMES[0], _assignment())
    roles.role_assignments.create(f"{SUBSCRIPTION}/resourceGroups/rg", NAMES[1], _assignment())
    names = {one.name for one in roles.role_assignments.list_for_resource_group("rg")}
    assert {NAMES[0], NAMES[1]} <= names
    with pytest.raises(HttpResponseError) as missing:
        roles.role_assignments.create(SUBSCRIPTION, NAMES[2], _assignment(role=f"{READER[:-3]}999"))
    assert missing.value.error.code == "RoleDefinitionDoesNotExist"
