"""A definition that every lint rule finds clean, and what test cases make of it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from blueprinter.document import parse
from blueprinter.policy import AliasTable, KnownDefinition, read_aliases

SOUND: dict[str, Any] = {
    "name": "storage-https-only",
    "properties": {
        "displayName": "Storage accounts accept HTTPS only",
        "description": "Data on its way must be encrypted.",
        "mode": "Indexed",
        "metadata": {"category": "Storage", "version": "1.0.0"},
        "parameters": {
            "effect": {
                "type": "String",
                "metadata": {
                    "displayName": "Effect",
                    "description": "What happens to a resource that fails.",
                },
                "allowedValues": ["Audit", "Deny", "Disabled"],
                "defaultValue": "Audit",
            }
        },
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                    {
                        "field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly",
                        "notEquals": True,
                    },
                ]
            },
            "then": {"effect": "[parameters('effect')]"},
        },
    },
}

KNOWN = {
    "00000000-0000-0000-0000-000000000001": KnownDefinition("Old encryption", True, {}),
    "00000000-0000-0000-0000-000000000002": KnownDefinition(
        "Encryption", False, {"needed": True, "optional": False}
    ),
}

_ALIASES: dict[str, dict[str, str]] = {
    "Microsoft.Storage/storageAccounts": {
        "supportsHttpsTrafficOnly": "",
        "allowBlobPublicAccess": "Modifiable",
        "sku.name": "None",
    },
    "Microsoft.Network/networkSecurityGroups": {
        "securityRules[*]": "",
        "securityRules[*].access": "",
        "securityRules[*].name": "",
        "securityRules[*].sourceAddressPrefixes[*]": "",
    },
    "Microsoft.Network/networkSecurityGroups/securityRules": {"sourceAddressPrefix": ""},
    "Microsoft.Network/virtualNetworks": {"addressSpace.addressPrefixes[*]": ""},
    "Microsoft.DBforMySQL/servers": {"sslEnforcement": ""},
    "Microsoft.Sql/servers": {"minimalTlsVersion": ""},
    "Microsoft.Insights/diagnosticSettings": {"logs.enabled": ""},
}


def aliases(*, complete: bool) -> AliasTable:
    """A small table of aliases; attributes of `defaultMetadata` as Azure lists them."""
    providers: dict[str, list[Any]] = {}
    for type, names in _ALIASES.items():
        namespace, _, kind = type.partition("/")
        listed: list[dict[str, Any]] = [
            {
                "name": f"{type}/{name}",
                "defaultPath": f"properties.{name}",
                "paths": [],
                **({"defaultMetadata": {"type": "String", "attributes": attributes}} if attributes else {}),
            }
            for name, attributes in names.items()
        ]
        providers.setdefault(namespace, []).append({"resourceType": kind, "aliases": listed})
    providers.setdefault("Microsoft.Compute", []).append(
        {
            "resourceType": "virtualMachines",
            "aliases": [
                {"name": "Microsoft.Compute/imagePublisher", "defaultPath": "properties.x", "paths": []}
            ],
        }
    )
    value = [{"namespace": name, "resourceTypes": kinds} for name, kinds in providers.items()]
    table = read_aliases(parse(json.dumps(value), "aliases.json"))
    return table.complete() if complete else table


def draft(case: dict[str, Any]) -> Any:
    """The sound definition with the parts of a case: `if`, `then`, `properties` (merged; null takes away),
    `name_of`; or the whole `definition` or `set` of the case."""
    for whole in ("definition", "set"):
        if whole in case:
            return case[whole]
    found = deepcopy(SOUND)
    rule = found["properties"]["policyRule"]
    for part in ("if", "then"):
        if part in case:
            rule[part] = deepcopy(case[part])
    if "name_of" in case:
        found["name"] = case["name_of"]
    found["properties"] = merged(found["properties"], case.get("properties", {}))
    return found


def from_example(value: dict[str, Any]) -> Any:
    """An example of an explanation as a whole document: a condition, a `then`, parts of a rule, properties of a
    definition, or a definition or initiative as it is."""
    keys = set(value)
    if keys & {"policyDefinitions", "policyRule"} or "properties" in keys:
        return value
    if keys <= {"if", "then"} or "effect" in keys:
        parts = {"then": value} if "effect" in keys else value
        return draft({key: parts[key] for key in parts})
    if keys & {"field", "value", "count", "source", "allOf", "anyOf", "not"}:
        return draft({"if": value})
    own = {key: value[key] for key in ("if", "then") if key in value}
    found = draft(own)
    for key, part in value.items():
        if key not in own:
            declared = merged(SOUND["properties"]["parameters"], part) if key == "parameters" else part
            found["properties"][key] = declared
    return found


def merged(value: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch (RFC 7396)."""
    found = dict(value)
    for key, change in changes.items():
        if change is None:
            found.pop(key, None)
        elif isinstance(change, dict) and isinstance(found.get(key), dict):
            found[key] = merged(found[key], change)
        else:
            found[key] = deepcopy(change)
    return found
