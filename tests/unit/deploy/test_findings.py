"""What `plan` finds of answers that Azure gives: rights, providers, limits, old locks, stacks of others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprinter.deploy import DeployError, Plan
from blueprinter.diagnostics import Severity
from blueprinter.sandbox import Response
from unit.deploy.box import GROUP, STACK, SUB, Azure, Handle, Kit
from unit.deploy.test_plan import codes, planned


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def answering(azure: Azure, path: str, rows: list[Any]) -> None:
    """Lets a list end so: every GET whose path ends in `path` has these rows."""

    def around(handle: Handle) -> Handle:
        def handler(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
            if method == "GET" and url.partition("?")[0].endswith(path):
                return Response.of({"value": rows})
            return handle(method, url, headers, body)

        return handler

    azure.around = around


def found(azure: Azure, kit: Kit, severity: Severity) -> tuple[Plan, list[str]]:
    plan = planned(azure, kit.target())
    return plan, codes(plan, severity)


def test_a_right_that_is_missing(kit: Kit) -> None:
    azure = Azure()
    rows = [{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/write"]}]
    answering(azure, "/permissions", rows)
    plan, errors = found(azure, kit, Severity.ERROR)
    assert set(errors) == {"BP651"}
    missing = {one.action for one in plan.rights if one.held is False}
    assert "Microsoft.Authorization/policyAssignments/write" in missing
    assert "Microsoft.Storage/storageAccounts/write" not in missing


def test_an_api_version_that_is_gone(kit: Kit) -> None:
    azure = Azure()
    versions = ["2024-01-01", "2025-01-01", "2022-09-01"]
    type = {"resourceType": "storageAccounts", "apiVersions": versions}
    row = {"namespace": "Microsoft.Storage", "registrationState": "NotRegistered", "resourceTypes": [type]}
    answering(azure, "/providers", [row])
    plan, errors = found(azure, kit, Severity.ERROR)
    assert errors == ["BP647"]
    assert [one.hint for one in plan.diagnostics if one.code == "BP647"] == ["the nearest is 2024-01-01"]
    assert codes(plan) == ["BP648"]


def test_a_scope_that_is_full(kit: Kit) -> None:
    azure = Azure()
    rows = [
        {"id": f"{SUB}/providers/Microsoft.Authorization/policyAssignments/a{number}", "properties": {}}
        for number in range(199)
    ]
    answering(azure, "/policyAssignments", rows)
    _, errors = found(azure, kit, Severity.ERROR)
    assert errors == ["BP650"]


def test_locks_of_the_old_service(kit: Kit) -> None:
    azure = Azure()
    name = "Deny assignment 'x' created by Blueprint Assignment '/subscriptions/…/blueprintAssignments/old'."
    answering(azure, "/denyAssignments", [{"properties": {"denyAssignmentName": name}}])
    plan, warnings = found(azure, kit, Severity.WARNING)
    assert warnings == ["BP652"]
    assert "31 December 2026" in next(one.hint for one in plan.diagnostics if one.code == "BP652")


def test_a_stack_of_others_is_never_overwritten(kit: Kit) -> None:
    azure = Azure()
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
    }
    body = {
        "location": "westeurope",
        "properties": {
            "template": template,
            "actionOnUnmanage": {"resources": "detach"},
            "denySettings": {"mode": "none"},
        },
    }
    azure.put(STACK, body, "2024-03-01")
    _, errors = found(azure, kit, Severity.ERROR)
    assert errors == ["BP640"]
    with pytest.raises(DeployError):
        azure.assign(kit.target())
    assert azure.writes == []


def test_a_management_group_as_a_whole(kit: Kit) -> None:
    del kit.artifacts["storage"]
    kit.groups = {}
    kit.assignment |= {"managementGroup": "platform", "subscriptions": "all"}
    azure = Azure()
    azure.make_management_group()
    azure.assign(kit.target())
    assert azure.writes == [f"PUT {GROUP}/providers/Microsoft.Resources/deploymentStacks/prod"]
    made = azure.ids("Microsoft.Authorization/policyAssignments")
    assert all(one.startswith(GROUP) and len(one.rpartition("/")[2]) <= 24 for one in made)
    assert len(made) == 2
    assert not azure.assign(kit.target()).changed


def test_one_user_assigned_identity_and_locks(kit: Kit) -> None:
    id = f"{SUB}/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/blueprint"
    azure = Azure()
    azure.put(f"{SUB}/resourcegroups/ids", {"location": "westeurope"}, "2022-09-01")
    azure.put(id, {"location": "westeurope"}, "2023-01-31")
    principal = azure.get(id, "2023-01-31")["properties"]["principalId"]
    kit.assignment |= {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {id: {}}},
        "locks": {"mode": "AllResourcesReadOnly", "excludedPrincipals": [principal]},
    }
    azure.assign(kit.target())
    settings = azure.get(STACK)["properties"]["denySettings"]
    assert settings["excludedPrincipals"] == [principal]
    assert not azure.assign(kit.target()).changed


def test_nothing_secret_is_in_a_plan(kit: Kit) -> None:
    """Values of parameters are no part of what is printed."""
    kit.parameters["note"] = {"type": "string"}
    kit.assignment["parameters"] = {"note": {"value": "hidden-value-1"}}
    kit.artifacts["storage"]["properties"]["template"]["parameters"] = {"note": {"type": "string"}}
    kit.artifacts["storage"]["properties"]["parameters"] = {"note": {"value": "[parameters('note')]"}}
    from blueprinter.deploy import plan_json

    assert "hidden-value-1" not in json.dumps(plan_json([planned(Azure(), kit.target())]))
