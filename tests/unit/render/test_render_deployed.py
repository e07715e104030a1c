"""What is rendered is deployed by the sandbox, which refuses what Azure refuses: plainly, and as stacks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from blueprinter.azure import ArmClient, connect_in_process
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.render import Template
from blueprinter.sandbox import open_sandbox
from blueprinter.sandbox.model import Request
from unit.render.kit import OTHER, SUB, VAULT, WORKSPACE, Kit, auditing, deploying
from unit.render.test_render_samples import SHIPPED, rendered

VAULT_ID = VAULT["reference"]["keyVault"]["id"]
GROUP = "/providers/Microsoft.Management/managementGroups/platform"
OWN_VAULT = (
    f"{SUB}/resourceGroups/contoso-sharedsvcs-kv-rg/providers/Microsoft.KeyVault/vaults/contoso-sharedsvcs-kv"
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def client() -> Iterator[ArmClient]:
    """An Azure with the things that the examples' parameters name."""
    subscriptions = [scope.rpartition("/")[2] for scope in (SUB, OTHER)]
    box = open_sandbox(clock=lambda: datetime(2026, 11, 22, tzinfo=UTC), subscriptions=subscriptions)
    with ArmClient(
        connect_in_process(lambda *parts: box.handle(Request(*parts))), sleep=lambda seconds: None
    ) as found:
        for group in ("kv", "logs"):
            found.call("PUT", f"{SUB}/resourceGroups/{group}", "2024-11-01", body={"location": "westeurope"})
        vault = {
            "enabledForTemplateDeployment": True,
            "tenantId": "x",
            "sku": {"family": "A", "name": "standard"},
        }
        found.call("PUT", VAULT_ID, "2023-07-01", body={"location": "westeurope", "properties": vault})
        secret = {"properties": {"value": "p"}}
        found.call("PUT", f"{VAULT_ID}/secrets/p", "2023-07-01", body=secret)
        found.call("PUT", WORKSPACE, "2023-09-01", body={"location": "westeurope", "properties": {}})
        yield found
    box.close()


def put(client: ArmClient, template: Template, *, plainly: bool = False, **values: Any) -> dict[str, Any]:
    """Deploys one template, and gives what Azure says of it afterwards."""
    given = {name: {"value": value} for name, value in {**template.parameters, **values}.items()}
    content = {"template": dict(template.body), "parameters": given}
    body: dict[str, Any]
    if plainly:
        path, version = f"{template.scope}/providers/Microsoft.Resources/deployments/", "2025-04-01"
        body = {"location": template.location, "properties": {"mode": "Incremental", **content}}
    else:
        assert template.stack is not None
        path, version = (
            f"{template.stack_scope}/providers/Microsoft.Resources/deploymentStacks/",
            "2025-07-01",
        )
        settings: Any = template.stack["properties"]
        body = {**template.stack, "properties": {**settings, **content}}
    done: Any = client.wait(client.start("PUT", path + template.deployment, version, body=body))
    assert str(done["properties"]["provisioningState"]).lower() == "succeeded"
    properties: dict[str, Any] = done["properties"]
    return properties


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_blueprints(name: str, workspace: Workspace, client: ArmClient) -> None:
    made = rendered(workspace.blueprint(name), workspace)
    first = [put(client, one) for one in made.templates][-1]
    again = [put(client, one) for one in made.templates][-1]
    ids = [{row["id"] for row in one["resources"]} for one in (first, again)]
    assert ids[0] == ids[1]
    assert len(ids[0]) >= 1


SECRETS: dict[str, Any] = {
    "jumpbox_jumpbox-local-admin-password": {
        "reference": {"keyVault": {"id": OWN_VAULT}, "secretName": "jb-admin-user"}
    },
    "active-directory-domain-services_ad-domain-admin-password": {
        "reference": {"keyVault": {"id": OWN_VAULT}, "secretName": "domain-admin-user"}
    },
    "keyvault_jumpbox-local-admin-user-password": {"value": "one"},
    "keyvault_ad-domain-admin-user-password": {"value": "two"},
}


@pytest.mark.parametrize("plainly", [True, False], ids=["deployment", "stack"])
@pytest.mark.parametrize("names", [["101-boilerplate"], ["caf-foundation"], ["iso_27001"], ["shared", "ase"]])
def test_public_samples(
    names: list[str], plainly: bool, workspace: Workspace, client: ArmClient, shared: Path
) -> None:
    """Shared services read their passwords from the vault that they create; the workload stands beside them."""
    folders = {"shared": "iso_27001_shared_services", "ase": "iso_27001_ase_sql"}
    for name in names:
        blueprint = workspace.blueprint(str(shared / "data" / "azure-blueprints" / folders.get(name, name)))
        given: dict[str, Any] = dict(SECRETS) if name == "shared" else {}
        for parameter, row in blueprint.parameters.items():
            if "subscription" in parameter.lower() and row.type == "string":
                given[parameter] = {"value": SUB.rpartition("/")[2]}
            elif "principal" in parameter.lower():
                given[parameter] = {"value": "11111111-1111-1111-1111-111111111111"}
        for template in rendered(blueprint, workspace, given).templates:
            put(client, template, plainly=plainly)


def test_definitions_above_and_roles_by_somebody_else(tmp_path: Path, client: ArmClient) -> None:
    client.call("PUT", GROUP, "2023-04-01", body={"properties": {"displayName": "Platform"}})
    client.call("PUT", f"{GROUP}{SUB}", "2023-04-01")
    kit = Kit(tmp_path, policies={"deploys": deploying(), "audits": auditing()})
    kit.groups = {"Hub": {"name": "rg-hub", "location": "westeurope"}}
    kit.policy("deploys", artifact="top")
    kit.policy("deploys", artifact="inside", resourceGroup="Hub")
    kit.policy("audits", artifact="audit")
    kit.role("readers", ["22222222-2222-2222-2222-222222222222"], resourceGroup="Hub")
    kit.assignment = {"definitionScope": GROUP}
    kit.options = {"split_roles": True}
    made = kit.render()
    assert [one.name for one in made.templates] == ["definitions", "assignment", "roles"]
    put(client, made.templates[0])
    principals = put(client, made.templates[1])["outputs"]["principals"]["value"]
    assert len(set(principals.values())) == 2
    put(client, made.templates[2], principals=principals)
    rows = client.items(f"{SUB}/providers/Microsoft.Authorization/roleAssignments", "2022-04-01")
    found: list[Any] = [row["properties"] for row in rows]
    assert {one["principalId"] for one in found} >= set(principals.values())


def test_an_upgrade_is_one_deployment(tmp_path: Path, client: ArmClient) -> None:
    """A policy leaves the set, a parameter is renamed, another gets another type: nothing is refused."""
    kit = Kit(tmp_path)
    kit.policies = {
        "tls": auditing(floor={"type": "String", "defaultValue": "1.2"}),
        "ports": auditing(ports={"type": "Array"}),
        "gone": auditing(),
    }
    kit.parameters = {"ports": {"type": "array", "defaultValue": [22]}}
    link = {"strength": "full", "why": "it reads the setting"}
    kit.controls = {
        "A.8.20": [{"policyDefinition": "ports", **link}],
        "A.8.9": [{"policyDefinition": "gone", **link}],
    }
    kit.policy("tls", artifact="tls")
    put(client, kit.render().templates[0])
    kit.policies["tls"] = auditing(level={"type": "Integer", "defaultValue": 2})
    kit.parameters = {"openPorts": {"type": "array", "defaultValue": [22]}}
    kit.policies["ports"] = auditing(openPorts={"type": "Array"})
    del kit.controls["A.8.9"]
    put(client, kit.render().templates[0])


def test_an_identity_elsewhere_is_granted_there(tmp_path: Path, client: ArmClient) -> None:
    place = WORKSPACE.replace(SUB, OTHER)
    client.call("PUT", f"{OTHER}/resourceGroups/logs", "2024-11-01", body={"location": "westeurope"})
    client.call("PUT", place, "2023-09-01", body={"location": "westeurope", "properties": {}})
    kit = Kit(tmp_path)
    kit.policies = {"deploys": deploying(place={"type": "String", "metadata": {"assignPermissions": True}})}
    kit.policy("deploys", parameters={"place": {"value": place}})
    put(client, kit.render().templates[0])
    rows = client.items(f"{place}/providers/Microsoft.Authorization/roleAssignments", "2022-04-01")
    assert [row for row in rows if str(row["id"]).lower().startswith(place.lower())]
