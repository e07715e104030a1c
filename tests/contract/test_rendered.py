"""What `render` writes is deployed by the official clients: plainly, and as a stack with its settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.deploymentstacks import DeploymentStacksClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient

from blueprinter.azure import ArmClient, connect_in_process
from blueprinter.deploy import Target, assign
from contract.cloud import FIRST, SUBSCRIPTION, Cloud
from unit.deploy.box import Kit, settings
from unit.deploy.test_killed import everything


def file(target: Target, kind: str) -> Any:
    """One of the files, as a person would read it back."""
    return json.loads(target.rendered.files[f"assignment{kind}.json"])


def content(target: Target) -> dict[str, Any]:
    return {"template": file(target, ""), "parameters": file(target, ".parameters")["parameters"]}


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    found = everything(tmp_path)
    found.registers.clear()  # exemptions and attestations are no part of a template
    found.parameters = {"kind": {"type": "string"}}
    found.artifacts["storage"]["properties"] |= {"parameters": {"kind": {"value": "[parameters('kind')]"}}}
    template = found.artifacts["storage"]["properties"]["template"]
    template["parameters"] = {"kind": {"type": "string"}}
    template["resources"][0]["kind"] = "[parameters('kind')]"
    found.assignment["parameters"] = {"kind": {"value": "BlobStorage"}}
    return found


def test_as_a_deployment(
    kit: Kit, deployments: DeploymentsMgmtClient, policies: PolicyClient, resources: ResourceManagementClient
) -> None:
    target = kit.target()
    at = deployments.deployments
    body = {"location": "westeurope", "properties": {"mode": "Incremental", **content(target)}}
    assert at.begin_validate_at_subscription_scope("rendered", body).result().error is None
    done = at.begin_create_or_update_at_subscription_scope("rendered", body).result()
    assert done.properties.provisioning_state == "Succeeded"
    made = {one.name.rpartition("-")[0]: one for one in policies.policy_assignments.list()}
    assert set(made) == {"assign-audits", "assign-deploys", "assign-tags", "assign-trained", "controls"}
    acting = {name for name, one in made.items() if one.identity is not None}
    assert acting == {"assign-deploys", "assign-tags", "controls"}
    account = f"{SUBSCRIPTION}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/stprod1"
    assert resources.resources.get_by_id(account, api_version="2023-01-01").kind == "BlobStorage"


def test_as_a_stack(kit: Kit, cloud: Cloud, resources: ResourceManagementClient) -> None:
    kit.assignment["locks"] = {"mode": "AllResourcesDoNotDelete"}
    target = kit.target()
    stack = file(target, ".stack")
    assert stack.pop("scope") == SUBSCRIPTION
    name = stack.pop("name")
    body = {**stack, "properties": {**stack["properties"], **content(target)}}
    at = cloud.client(DeploymentStacksClient, FIRST).deployment_stacks
    assert at.begin_validate_stack_at_subscription(name, body).result().error is None
    done = at.begin_create_or_update_at_subscription(name, body).result()
    assert done.properties.provisioning_state == "succeeded"
    assert done.properties.deny_settings.mode == "denyDelete"
    account = next(one.id for one in done.properties.resources if one.id.endswith("/stprod1"))
    with pytest.raises(HttpResponseError) as refused:
        resources.resources.begin_delete_by_id(account, api_version="2023-01-01").result()
    assert refused.value.error is not None
    assert refused.value.error.code == "DenyAssignmentAuthorizationFailed"
    # `assign` takes it over with a tag of its own, and after that there is nothing to do
    with ArmClient(connect_in_process(cloud.handle), poll_seconds=0, sleep=cloud.waits.append) as arm:
        taken = assign(arm, target, settings(progress=False), lambda _: None)
        assert (taken.left, taken.diagnostics) == ((), ())
        managed = {one.id for one in at.get_at_subscription(name).properties.resources}
        assert managed == {one.id for one in done.properties.resources}
        cloud.sent.clear()
        assert not assign(arm, target, settings(progress=False), lambda _: None).changed
    assert {method for method, _ in cloud.sent} == {"GET"}
