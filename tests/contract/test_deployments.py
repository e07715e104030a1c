"""DeploymentsMgmtClient: validate, create, look at, cancel and delete deployments of all scopes."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.resources import ResourceManagementClient

from contract.cloud import TENANT, Cloud
from contract.estate import STORAGE, VERSION, account, group_template, template


def _body(found: object, **parameters: object) -> dict[str, object]:
    values = {name: {"value": value} for name, value in parameters.items()}
    return {
        "location": "westeurope",
        "properties": {"mode": "Incremental", "template": found, "parameters": values},
    }


def test_subscription_deployment(
    cloud: Cloud, deployments: DeploymentsMgmtClient, resources: ResourceManagementClient
) -> None:
    body = _body(group_template(), group="rg")
    assert deployments.deployments.begin_validate_at_subscription_scope("d", body).result().error is None
    assert not deployments.deployments.check_existence_at_subscription_scope("d")
    made = deployments.deployments.begin_create_or_update_at_subscription_scope("d", body).result()
    assert made.properties.provisioning_state == "Succeeded"
    assert made.properties.outputs["https"]["value"] is True
    assert made.properties.outputs["group"] == {"type": "String", "value": "rg"}
    assert resources.resources.check_existence_by_id(account("account"), **VERSION)
    assert deployments.deployments.get_at_subscription_scope("d").location == "westeurope"
    assert [one.name for one in deployments.deployments.list_at_subscription_scope()] == ["d"]
    assert [one.name for one in deployments.deployments.list_by_resource_group("rg")] == ["inside"]
    operations = list(deployments.deployment_operations.list_at_subscription_scope("d"))
    targets = {
        one.properties.target_resource.resource_type.lower()
        for one in operations
        if one.properties.target_resource
    }
    assert targets == {"microsoft.resources/resourcegroups", "microsoft.resources/deployments"}
    assert {one.properties.provisioning_state for one in operations} == {"Succeeded"}
    exported = deployments.deployments.export_template_at_subscription_scope("d")
    assert list(exported.template["parameters"]) == ["group"]
    deployments.deployments.begin_delete_at_subscription_scope("d").result()
    with pytest.raises(ResourceNotFoundError) as caught:
        deployments.deployments.get_at_subscription_scope("d")
    assert caught.value.error.code == "DeploymentNotFound"
    # what it made stays
    assert resources.resource_groups.check_existence("rg")


def test_deployments_in_pages(cloud: Cloud, deployments: DeploymentsMgmtClient) -> None:
    for name in ("a", "b", "c"):
        deployments.deployments.begin_create_or_update_at_subscription_scope(name, _body(template())).result()
    cloud.sent.clear()
    assert len(list(deployments.deployments.list_at_subscription_scope(top=1))) == 3
    assert len(cloud.sent) == 3


def test_resource_group_deployment(
    deployments: DeploymentsMgmtClient, resources: ResourceManagementClient
) -> None:
    resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    found = template(
        "deploymentTemplate",
        parameters={"name": {"type": "string"}},
        resources=[
            {
                "type": STORAGE,
                "apiVersion": "2023-01-01",
                "name": "[parameters('name')]",
                "location": "[resourceGroup().location]",
            }
        ],
        outputs={"id": {"type": "string", "value": f"[resourceId('{STORAGE}', parameters('name'))]"}},
    )
    body = _body(found, name="one")
    del body["location"]
    made = deployments.deployments.begin_create_or_update("rg", "d", body).result()
    assert made.properties.outputs["id"]["value"] == account("one")
    assert [one.id for one in made.properties.output_resources] == [account("one")]


def test_management_group_deployment(deployments: DeploymentsMgmtClient) -> None:
    found = template(
        "managementGroupDeploymentTemplate",
        resources=[
            {
                "type": "Microsoft.Authorization/policyDefinitions",
                "apiVersion": "2023-04-01",
                "name": "made",
                "properties": {
                    "mode": "All",
                    "policyRule": {"if": {"field": "type", "equals": "x/y"}, "then": {"effect": "audit"}},
                },
            }
        ],
    )
    made = deployments.deployments.begin_create_or_update_at_management_group_scope(
        TENANT, "d", _body(found)
    ).result()
    assert made.properties.provisioning_state == "Succeeded"
    listed = deployments.deployments.list_at_management_group_scope(TENANT)
    assert [one.name for one in listed] == ["d"]


def test_what_if(deployments: DeploymentsMgmtClient) -> None:
    """Before: what would be made; after: nothing to do; with another value: what would change."""
    at = deployments.deployments

    def ask(**members: object) -> dict[str, str]:
        group = {
            "type": "Microsoft.Resources/resourceGroups",
            "apiVersion": "2022-09-01",
            "name": "rg",
            **members,
        }
        body = _body(template(resources=[{"location": "westeurope", **group}]))
        found = at.begin_what_if_at_subscription_scope("d", body).result()
        assert found.status == "Succeeded"
        return {change.resource_id.rpartition("/")[2]: change.change_type for change in found.changes}

    assert ask() == {"rg": "Create"}
    group = {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "rg"}
    body = _body(template(resources=[{"location": "westeurope", **group}]))
    at.begin_create_or_update_at_subscription_scope("d", body).result()
    assert ask() == {"rg": "NoChange"}
    assert ask(tags={"a": "b"}) == {"rg": "Modify"}


def test_a_failed_deployment_carries_the_reason(deployments: DeploymentsMgmtClient) -> None:
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
    poller = deployments.deployments.begin_create_or_update_at_subscription_scope("d", _body(found))
    with pytest.raises(HttpResponseError) as caught:
        poller.result()
    assert caught.value.error.code == "DeploymentFailed"
    assert [detail.code for detail in caught.value.error.details] == ["PolicyDefinitionNotFound"]
    assert deployments.deployments.get_at_subscription_scope("d").properties.provisioning_state == "Failed"
    operations = deployments.deployment_operations.list_at_subscription_scope("d")
    assert "Failed" in {one.properties.provisioning_state for one in operations}


def test_refusals(deployments: DeploymentsMgmtClient) -> None:
    start = deployments.deployments.begin_create_or_update_at_subscription_scope
    start("d", _body(template())).result()
    elsewhere = {**_body(template()), "location": "northeurope"}
    with pytest.raises(HttpResponseError) as moved:
        start("d", elsewhere)
    assert moved.value.error.code == "InvalidDeploymentLocation"
    with pytest.raises(HttpResponseError) as wrong:
        start("e", _body(template(resources=[{"type": "x/y"}])))
    assert wrong.value.error.code == "InvalidTemplate"
    with pytest.raises(HttpResponseError) as unknown:
        start("e", _body(template(), other=1))
    assert unknown.value.error.code == "InvalidTemplate"
    body = _body(template("deploymentTemplate"))
    del body["location"]
    with pytest.raises(ResourceNotFoundError) as homeless:
        deployments.deployments.begin_create_or_update("none", "d", body)
    assert homeless.value.error.code == "ResourceGroupNotFound"
    with pytest.raises(HttpResponseError) as done:
        deployments.deployments.cancel_at_subscription_scope("d")
    assert (done.value.status_code, done.value.error.code) == (409, "DeploymentCannotBeCancelled")


def test_a_poller_goes_on_from_its_token(deployments: DeploymentsMgmtClient) -> None:
    start = deployments.deployments.begin_create_or_update_at_subscription_scope
    poller = start("d", _body(group_template(), group="rg"))
    token = poller.continuation_token()
    made = start("d", _body(group_template(), group="rg"), continuation_token=token).result()
    assert made.properties.provisioning_state == "Succeeded"
