"""Which assignments act by themselves, and with which roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blueprinter.document import parse
from blueprinter.policy import (
    AssignedPolicy,
    Override,
    OverrideKind,
    Selector,
    SelectorKind,
    needs_identity,
    read_definition,
    role_ids,
)

ROLE = "B24988AC-6180-42a0-ab88-20f7382dd24c"
FULL = f"/providers/Microsoft.Authorization/roleDefinitions/{ROLE}"


def definition(effect: str, details: Any, parameters: Any = None) -> Any:
    body = {
        "mode": "Indexed",
        "parameters": parameters or {},
        "policyRule": {
            "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
            "then": {"effect": effect, "details": details},
        },
    }
    return read_definition(parse(json.dumps({"name": "d", "properties": body}), "d.json"))


EXISTS = {"type": "Microsoft.Insights/diagnosticSettings", "roleDefinitionIds": [FULL, FULL.lower()]}
DEPLOYS = {**EXISTS, "deployment": {"properties": {"mode": "incremental", "template": {}}}}
CHANGES = {"roleDefinitionIds": [FULL], "operations": [{"operation": "remove", "field": "tags['x']"}]}


@pytest.mark.parametrize(
    ("effect", "details", "roles", "acts"),
    [
        ("deployIfNotExists", DEPLOYS, (ROLE.lower(),), True),
        ("Modify", CHANGES, (ROLE.lower(),), True),
        ("auditIfNotExists", EXISTS, (ROLE.lower(),), False),
        ("deployIfNotExists", {**DEPLOYS, "roleDefinitionIds": []}, (), False),
        ("deployIfNotExists", {**DEPLOYS, "name": "[concat(field('name'), '/x')]"}, (ROLE.lower(),), True),
        ("modify", {**CHANGES, "conflictEffect": "[field('x')]"}, (ROLE.lower(),), True),
        ("audit", {}, (), False),
    ],
)
def test_roles_and_effects(effect: str, details: Any, roles: tuple[str, ...], acts: bool) -> None:
    found = definition(effect, details)
    assert role_ids(found) == roles
    assert needs_identity(AssignedPolicy(found)) is acts


PARAMETER = {"effect": {"type": "String", "defaultValue": "Disabled"}}
HERE = (Selector(SelectorKind.RESOURCE_LOCATION, ("westeurope",)),)
OTHER_MEMBER = (Selector(SelectorKind.REFERENCE_ID, ("other",)),)


@pytest.mark.parametrize(
    ("parameters", "overrides", "acts"),
    [
        ({}, (), False),
        ({"effect": "DeployIfNotExists"}, (), True),
        ({}, (Override(OverrideKind.EFFECT, "DeployIfNotExists", HERE),), True),
        ({"effect": "DeployIfNotExists"}, (Override(OverrideKind.EFFECT, "Disabled", HERE),), True),
        ({"effect": "DeployIfNotExists"}, (Override(OverrideKind.EFFECT, "Disabled"),), False),
        ({"effect": "DeployIfNotExists"}, (Override(OverrideKind.EFFECT, "Disabled", OTHER_MEMBER),), True),
        ({}, (Override(OverrideKind.EFFECT, ""),), True),  # only Azure knows to what
    ],
)
def test_the_effect_that_may_be_in_force(
    parameters: dict[str, Any], overrides: tuple[Override, ...], acts: bool
) -> None:
    found = definition("[parameters('effect')]", DEPLOYS, PARAMETER)
    policy = AssignedPolicy(found, parameters, overrides=overrides, reference_id="one")
    assert needs_identity(policy) is acts


def test_assign_permissions_is_read() -> None:
    parameters = {
        "a": {"type": "String", "metadata": {"assignPermissions": True}},
        "b": {"type": "String", "metadata": {"assignPermissions": "true"}},
        "c": {"type": "String"},
    }
    found = definition("audit", {}, parameters)
    assert {name: one.assign_permissions for name, one in found.parameters.items()} == {
        "a": True,
        "b": False,
        "c": False,
    }
