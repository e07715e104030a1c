"""The public samples of Azure Blueprints as they are: planned, assigned, seen unchanged, and taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blueprinter.cli.deployment import Wish, targets_of
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.deploy import Environment, PlanOptions, Target, plan, status, unassign
from blueprinter.diagnostics import Severity
from unit.deploy.box import NOW, PERSON, SUB, Azure, settings

WORKSPACE = f"{SUB}/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/w"
VAULT = f"{SUB}/resourceGroups/contoso-{{0}}-kv-rg/providers/Microsoft.KeyVault/vaults/contoso-{{0}}-kv"


def secret(prefix: str, name: str) -> dict[str, Any]:
    return {"reference": {"keyVault": {"id": VAULT.format(prefix)}, "secretName": name}}


def value(one: Any) -> dict[str, Any]:
    return {"value": one}


SAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "101-boilerplate": (
        {"principalIds": value(PERSON), "genericBlueprintParameter": value("test")},
        {"SingleRG": {"name": "test-001", "location": "eastus"}},
    ),
    "caf-foundation": (
        {
            "Policy_CostCenter_Tag": value("4711"),
            "Policy_Resource-Types-DENY": value(["Microsoft.ClassicCompute/virtualMachines"]),
            "Organization_Name": value("contoso"),
            "KV-AccessPolicy": value(PERSON),
            "LogAnalytics_Location": value("West Europe"),
        },
        {},
    ),
    "iso_27001": (
        {
            "listOfAllowedLocations": value(["westeurope"]),
            "logAnalyticsWorkspaceForLinuxVMSS": value(WORKSPACE),
            "logAnalyticsWorkspaceforLinuxVMs": value(WORKSPACE),
            "logAnalyticsWorkspaceforWindowsVMSS": value(WORKSPACE),
            "logAnalyticsWorkspaceforWindowsVMs": value(WORKSPACE),
        },
        {},
    ),
    "iso_27001_ase_sql": (
        {
            "virtualNetworkandRouteTableARMtemplate_shared-services-subscription-id": value(SUB[15:]),
            "keyVaultARMtemplate_deployment-user-object-id": value(PERSON),
            "keyVaultARMtemplate_sql-admin-password": value("only-for-this-test-1!"),
            "azureSQLDatabaseARMtemplate_sql-admin-password": secret("workload", "sql-admin-user"),
            "azureSQLDatabaseARMtemplate_ad-user-object-id": value(PERSON),
            "azureSQLDatabaseARMtemplate_ad-admin-login": value("dba"),
        },
        {},
    ),
    "iso_27001_shared_services": (
        {
            "keyvault_jumpbox-local-admin-user-password": value("only-for-this-test-1!"),
            "keyvault_ad-domain-admin-user-password": value("only-for-this-test-2!"),
            "keyvault_deployment-user-object-id": value(PERSON),
            # the passwords of machines come from the vault that this very blueprint makes
            "jumpbox_jumpbox-local-admin-password": secret("sharedsvcs", "jb-admin-user"),
            "active-directory-domain-services_ad-domain-admin-password": secret(
                "sharedsvcs", "domain-admin-user"
            ),
        },
        {},
    ),
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("repository"))


def sample(shared: Path, name: str, root: Path, workspace: Workspace, azure: Azure) -> Target:
    parameters, groups = SAMPLES[name]
    file = root / f"{name}.json"
    body = {
        "schema": "blueprinter/assignment/1",
        "name": name.replace("_", "-"),
        "blueprint": str(shared / "data" / "azure-blueprints" / name),
        "scope": SUB,
        "location": "westeurope",
        "parameters": parameters,
        "resourceGroups": groups,
    }
    file.write_text(json.dumps(body))
    with azure.arm() as arm:
        (target,), _ = targets_of(Wish((file,), Environment(), "AzureCloud", NOW), arm, workspace)
    return target


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_from_plan_to_unassign(
    name: str, shared: Path, tmp_path: Path, workspace: Workspace
) -> None:
    azure = Azure()
    if name == "iso_27001_ase_sql":  # its network joins the one of the shared services
        azure.assign(sample(shared, "iso_27001_shared_services", tmp_path, workspace, azure), progress=False)
    empty = azure.contents()
    target = sample(shared, name, tmp_path, workspace, azure)
    azure.sent.clear()
    with azure.arm() as arm:
        planned = plan(arm, target, PlanOptions(settings(), workspace.aliases))
    assert azure.writes == []
    assert planned.pending
    assert {one.action for one in planned.changes} == {"add"}
    assert [one for one in planned.diagnostics if one.severity is Severity.ERROR] == []

    assert azure.assign(target, progress=False).changed
    assert not azure.assign(target, progress=False).changed
    assert azure.writes == []
    with azure.arm() as arm:
        assert status(arm, target, settings()).drifted == ()
        again = plan(arm, target, PlanOptions(settings(), workspace.aliases))
        assert again.changes == ()
        done = unassign(arm, target, azure.said.append, delete_resources=True)
    assert done.left == ()
    left = {key: row for key, row in azure.contents().items() if key not in empty}
    assert {row[0] for row in left.values()} <= {"Microsoft.Authorization/roleAssignments"}


def test_no_secret_is_printed_or_compared(shared: Path, tmp_path: Path, workspace: Workspace) -> None:
    azure = Azure()
    target = sample(shared, "iso_27001_shared_services", tmp_path, workspace, azure)
    azure.assign(target)
    assert not any("only-for-this-test" in line for line in azure.said)
