"""DeploymentStacksClient: make, change, deny, take down."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.resource.deploymentstacks import DeploymentStacksClient
from azure.mgmt.resource.resources import ResourceManagementClient

from contract.cloud import FIRST, TENANT, Cloud
from contract.estate import VERSION, account, group_template, template


@pytest.fixture
def stacks(cloud: Cloud) -> DeploymentStacksClient:
    return cloud.client(DeploymentStacksClient, FIRST)


def _stack(found: Any, *, unmanage: str = "delete", deny: str = "none", **parameters: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "properties": {
            "template": found,
            "parameters": {name: {"value": value} for name, value in parameters.items()},
            "actionOnUnmanage": {
                "resources": unmanage,
                "resourceGroups": unmanage,
                "managementGroups": unmanage,
            },
            "denySettings": {"mode": deny},
        },
    }


def test_stack_from_birth_to_death(
    stacks: DeploymentStacksClient, resources: ResourceManagementClient
) -> None:
    body = _stack(group_template(), group="rg")
    at = stacks.deployment_stacks
    assert at.begin_validate_stack_at_subscription("s", body).result().error is None
    made = at.begin_create_or_update_at_subscription("s", body).result()
    assert made.properties.provisioning_state == "succeeded"
    assert made.properties.outputs["https"]["value"] is True
    managed = {one.id.lower() for one in made.properties.resources}
    assert account("account").lower() in managed
    assert made.properties.duration
    assert [one.name for one in at.list_at_subscription()] == ["s"]
    assert at.export_template_at_subscription("s").template["parameters"]["group"]

    # what the template no longer names goes with its group
    smaller = at.begin_create_or_update_at_subscription("s", _stack(template())).result()
    assert smaller.properties.provisioning_state == "succeeded"
    assert {one.id.lower() for one in smaller.properties.deleted_resources} >= {account("account").lower()}
    assert not resources.resource_groups.check_existence("rg")

    at.begin_delete_at_subscription("s").result()
    with pytest.raises(ResourceNotFoundError) as caught:
        at.get_at_subscription("s")
    assert caught.value.error.code == "DeploymentStackNotFound"


def test_what_is_detached_stays(stacks: DeploymentStacksClient, resources: ResourceManagementClient) -> None:
    at = stacks.deployment_stacks
    at.begin_create_or_update_at_subscription(
        "s", _stack(group_template(), unmanage="detach", group="rg")
    ).result()
    at.begin_delete_at_subscription(
        "s", unmanage_action_resources="detach", unmanage_action_resource_groups="detach"
    ).result()
    assert resources.resources.check_existence_by_id(account("account"), **VERSION)


def test_deny_settings_deny(stacks: DeploymentStacksClient, resources: ResourceManagementClient) -> None:
    at = stacks.deployment_stacks
    at.begin_create_or_update_at_subscription(
        "s", _stack(group_template(), deny="denyDelete", group="rg")
    ).result()
    with pytest.raises(HttpResponseError) as caught:
        resources.resources.begin_delete_by_id(account("account"), **VERSION).result()
    assert (caught.value.status_code, caught.value.error.code) == (403, "DenyAssignmentAuthorizationFailed")
    # changes are allowed, and the stack itself may take it down
    resources.resources.begin_update_by_id(account("account"), {"tags": {"a": "b"}}, **VERSION).result()
    at.begin_delete_at_subscription("s", unmanage_action_resources="delete").result()
    assert not resources.resources.check_existence_by_id(account("account"), **VERSION)


def test_a_stack_that_fails(stacks: DeploymentStacksClient) -> None:
    found = template(
        resources=[
            {
                "type": "Microsoft.Authorization/policyAssignments",
                "apiVersion": "2023-04-01",
                "name": "a",
                "properties": {
                    "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/none"
                },
            }
        ]
    )
    poller = stacks.deployment_stacks.begin_create_or_update_at_subscription("s", _stack(found))
    with pytest.raises(HttpResponseError):
        poller.result()
    failed = stacks.deployment_stacks.get_at_subscription("s")
    assert failed.properties.provisioning_state == "failed"
    assert failed.properties.error.code == "DeploymentStackDeploymentFailed"


def test_stacks_of_groups(stacks: DeploymentStacksClient, resources: ResourceManagementClient) -> None:
    resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    body = _stack(template("deploymentTemplate"))
    del body["location"]
    at = stacks.deployment_stacks
    made = at.begin_create_or_update_at_resource_group("rg", "s", body).result()
    assert made.properties.provisioning_state == "succeeded"
    assert [one.name for one in at.list_at_resource_group("rg")] == ["s"]
    above = _stack(template("managementGroupDeploymentTemplate"))
    at.begin_create_or_update_at_management_group(TENANT, "m", above).result()
    assert [one.name for one in at.list_at_management_group(TENANT)] == ["m"]
