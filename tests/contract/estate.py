"""Policies, templates and resources that several contract tests use, as plain JSON."""

from __future__ import annotations

from typing import Any

from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient

from contract.cloud import SUBSCRIPTION

GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
STORAGE = "Microsoft.Storage/storageAccounts"
VERSION = {"api_version": "2023-01-01"}


def account(name: str) -> str:
    return f"{GROUP}/providers/{STORAGE}/{name}"


def definition(effect: str = "audit", location: str = "westeurope") -> dict[str, Any]:
    """Storage accounts must lie in one place."""
    return {
        "properties": {
            "displayName": f"Storage in {location}",
            "policyType": "Custom",
            "mode": "Indexed",
            "parameters": {"effect": {"type": "String", "defaultValue": effect}},
            "policyRule": {
                "if": {
                    "allOf": [
                        {"field": "type", "equals": STORAGE},
                        {"field": "location", "notEquals": location},
                    ]
                },
                "then": {"effect": "[parameters('effect')]"},
            },
        }
    }


def assign(policies: PolicyClient, effect: str, name: str = "place", scope: str = SUBSCRIPTION) -> str:
    """Makes a definition and assigns it; the id of the assignment."""
    made = policies.policy_definitions.create_or_update(name, definition(effect))
    body = {"properties": {"policyDefinitionId": made.id, "displayName": name}}
    return str(policies.policy_assignments.create(scope, name, body).id)


def make_accounts(resources: ResourceManagementClient, **places: str) -> None:
    """Storage accounts by name, each at its location."""
    resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    for name, location in places.items():
        resources.resources.begin_create_or_update_by_id(
            account(name), {"location": location}, **VERSION
        ).result()


def template(schema: str = "subscriptionDeploymentTemplate", **members: Any) -> dict[str, Any]:
    """A template; `schema` says of which scope: `deploymentTemplate`, `managementGroupDeploymentTemplate`, …"""
    version = "2018-05-01" if schema.startswith("subscription") else "2019-04-01"
    version = "2019-08-01" if schema.startswith(("management", "tenant")) else version
    return {
        "$schema": f"https://schema.management.azure.com/schemas/{version}/{schema}.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
        **members,
    }


def group_template() -> dict[str, Any]:
    """A resource group, and a storage account in it by a nested deployment."""
    inner = template(
        "deploymentTemplate",
        resources=[
            {
                "type": STORAGE,
                "apiVersion": "2023-01-01",
                "name": "account",
                "location": "westeurope",
                "properties": {"supportsHttpsTrafficOnly": True},
            }
        ],
        outputs={"https": {"type": "bool", "value": "[reference('account').supportsHttpsTrafficOnly]"}},
    )
    return template(
        parameters={"group": {"type": "string"}},
        resources=[
            {
                "type": "Microsoft.Resources/resourceGroups",
                "apiVersion": "2022-09-01",
                "name": "[parameters('group')]",
                "location": "westeurope",
            },
            {
                "type": "Microsoft.Resources/deployments",
                "apiVersion": "2022-09-01",
                "name": "inside",
                "resourceGroup": "[parameters('group')]",
                "dependsOn": [
                    "[subscriptionResourceId('Microsoft.Resources/resourceGroups', parameters('group'))]"
                ],
                "properties": {
                    "mode": "Incremental",
                    "expressionEvaluationOptions": {"scope": "inner"},
                    "template": inner,
                },
            },
        ],
        outputs={
            "https": {"type": "bool", "value": "[reference('inside').outputs.https.value]"},
            "group": {"type": "string", "value": "[parameters('group')]"},
        },
    )
