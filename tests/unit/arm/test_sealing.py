"""Secrets of a template never reach what is printed or stored; extensions are what Azure gives back."""

from __future__ import annotations

import json

from blueprinter.arm import DeploymentContext, Unknown, expand, sealed
from blueprinter.document import parse

TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"password": {"type": "secureString"}},
    "resources": [
        {
            "type": "Microsoft.Compute/virtualMachines",
            "apiVersion": "2023-09-01",
            "name": "vm",
            "properties": {
                "osProfile": {
                    "adminPassword": "[parameters('password')]",
                    "customData": "[concat('pw=', parameters('password'))]",
                    "adminUsername": "operator",
                }
            },
        },
        {
            "type": "Microsoft.KeyVault/vaults/providers/diagnosticSettings",
            "apiVersion": "2021-05-01-preview",
            "name": "vault/Microsoft.Insights/audit",
            "properties": {},
        },
    ],
}
CONTEXT = DeploymentContext(subscription_id="1", resource_group="rg")


def test_a_secure_value_becomes_its_parameter() -> None:
    expansion = expand(
        parse(json.dumps(TEMPLATE), "t.json"), parameters={"password": "hunter2-secret"}, context=CONTEXT
    )
    profile = sealed(expansion).resources[0].body["properties"]["osProfile"]  # type: ignore[index, call-overload]
    assert profile["adminPassword"] == Unknown("parameters('password')")
    assert isinstance(profile["customData"], Unknown)
    assert profile["adminUsername"] == "operator"
    assert "hunter2" not in repr(sealed(expansion).resources[0].body)
    assert "hunter2" in str(expansion.secrets)
    assert "hunter2" not in repr(expansion)


def test_unknown_values_are_the_same_by_their_expressions_and_print_nothing_else() -> None:
    secure = Unknown("parameters('password')", known={"a": "hunter2"}, hidden=("hunter2",))
    assert secure == Unknown("parameters('password')")
    assert hash(secure) == hash(Unknown("parameters('password')"))
    assert secure != Unknown("parameters('other')")
    assert secure != "parameters('password')"
    assert "hunter2" not in f"{secure} {secure!r}"


def test_an_extension_written_as_a_child_has_its_own_type() -> None:
    expansion = expand(parse(json.dumps(TEMPLATE), "t.json"), parameters={"password": "x"}, context=CONTEXT)
    setting = expansion.resources[1]
    assert (setting.type, setting.name) == ("Microsoft.Insights/diagnosticSettings", "audit")
    assert setting.id.endswith("/vaults/vault/providers/Microsoft.Insights/diagnosticSettings/audit")
