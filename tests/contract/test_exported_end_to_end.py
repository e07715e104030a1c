"""An exported blueprint from end to end without anything of Microsoft's: a folder of ours in the shape of theirs, with
an initiative of ours in the place of a built-in one.

The control table follows from the groups of the initiative: what is counted by hand is the example estate itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.place import PLATFORM, PRODUCTION, Place, imported, open_place
from unit.deploy.box import PERSON, READER

HTTPS, NETWORK, OWNERS, REVIEWED = (f"0000000{number}-aaaa-4bbb-8ccc-000000000000" for number in range(1, 5))
INITIATIVE = "0000000f-aaaa-4bbb-8ccc-000000000000"
STORAGE = "Microsoft.Storage/storageAccounts"


def builtin(name: str, condition: Any, effect: Any) -> dict[str, Any]:
    properties = {
        "displayName": name,
        "policyType": "BuiltIn",
        "mode": "Indexed",
        "metadata": {"version": "1.0.0", "category": "Test"},
        "version": "1.0.0",
        "parameters": {},
        "policyRule": {"if": condition, "then": effect},
    }
    return {
        "id": f"/providers/Microsoft.Authorization/policyDefinitions/{name}",
        "name": name,
        "properties": properties,
    }


def account(field: str, **compare: Any) -> dict[str, Any]:
    return {"allOf": [{"field": "type", "equals": STORAGE}, {"field": f"{STORAGE}/{field}", **compare}]}


def definitions() -> dict[str, dict[str, Any]]:
    """Two that a configuration decides, one that an assessment decides, one that people attest; their initiative."""
    found = {
        HTTPS: builtin(HTTPS, account("supportsHttpsTrafficOnly", notEquals="true"), {"effect": "audit"}),
        NETWORK: builtin(
            NETWORK, account("networkAcls.defaultAction", notEquals="Deny"), {"effect": "audit"}
        ),
        OWNERS: builtin(
            OWNERS,
            {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
            {
                "effect": "auditIfNotExists",
                "details": {
                    "type": "Microsoft.Security/assessments",
                    "name": "00000000-0000-0000-0000-00000000000f",
                    "existenceCondition": {
                        "field": "Microsoft.Security/assessments/status.code",
                        "equals": "Healthy",
                    },
                },
            },
        ),
        REVIEWED: builtin(
            REVIEWED,
            {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
            {"effect": "manual", "details": {"defaultState": "Unknown"}},
        ),
    }
    for name in (OWNERS, REVIEWED):
        found[name]["properties"]["mode"] = "All"
    groups = {
        HTTPS: ("A.13.2.1", "A.10.1.1"),
        NETWORK: ("A.13.1.1",),
        OWNERS: ("A.6.1.2",),
        REVIEWED: ("A.9.2.5",),
    }
    ids = sorted({f"ISO27001-2013_{one}" for named in groups.values() for one in named})
    members = [
        {
            "policyDefinitionId": found[name]["id"],
            "policyDefinitionReferenceId": f"member{number}",
            "groupNames": [f"ISO27001-2013_{one}" for one in named],
            "parameters": {},
        }
        for number, (name, named) in enumerate(groups.items())
    ]
    metadata = "/providers/Microsoft.PolicyInsights/policyMetadata"
    found[INITIATIVE] = {
        "id": f"/providers/Microsoft.Authorization/policySetDefinitions/{INITIATIVE}",
        "name": INITIATIVE,
        "properties": {
            "displayName": "ISO 27001:2013, a little of it",
            "policyType": "BuiltIn",
            "metadata": {"version": "1.0.0", "category": "Regulatory Compliance"},
            "version": "1.0.0",
            "parameters": {},
            "policyDefinitions": members,
            "policyDefinitionGroups": [
                {"name": one, "additionalMetadataId": f"{metadata}/{one}"} for one in ids
            ],
        },
    }
    return found


def sample() -> dict[str, Any]:
    """The blueprint: the initiative, a role, and a template in a group that the assignment places."""
    artifacts = "/providers/Microsoft.Blueprint/blueprints/Small_ISO/artifacts"
    kind = "Microsoft.Blueprint/blueprints/artifacts"
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string"}},
        "resources": [
            {
                "type": STORAGE,
                "apiVersion": "2018-07-01",
                "name": "[parameters('name')]",
                "location": "[resourceGroup().location]",
                "kind": "StorageV2",
                "sku": {"name": "Standard_LRS"},
                "properties": {"supportsHttpsTrafficOnly": True, "networkAcls": {"defaultAction": "Allow"}},
            }
        ],
    }
    return {
        "blueprint.json": {
            "properties": {
                "displayName": "Small ISO",
                "targetScope": "subscription",
                "parameters": {
                    "organization": {"type": "string"},
                    "readers": {"type": "array", "allowedValues": []},
                },
                "resourceGroups": {
                    "Logs": {
                        "name": "[concat(parameters('organization'), '-logs')]",
                        "metadata": {"displayName": "l"},
                    }
                },
            },
            "id": "/providers/Microsoft.Blueprint/blueprints/Small_ISO",
            "type": "Microsoft.Blueprint/blueprints",
            "name": "Small_ISO",
        },
        "artifact.iso.json": {
            "kind": "policyAssignment",
            "properties": {
                "policyDefinitionId": f"/providers/Microsoft.Authorization/policySetDefinitions/{INITIATIVE}",
                "parameters": {},
                "displayName": "[Preview]: ISO",
            },
            "type": kind,
            "id": f"{artifacts}/iso",
            "name": "iso",
        },
        "artifact.readers.json": {
            "kind": "roleAssignment",
            "properties": {
                "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{READER}",
                "principalIds": "[parameters('readers')]",
                "resourceGroup": "Logs",
            },
            "type": kind,
            "id": f"{artifacts}/readers",
            "name": "readers",
        },
        "artifact.logs.json": {
            "kind": "template",
            "properties": {
                "template": template,
                "resourceGroup": "Logs",
                "parameters": {"name": {"value": "[concat(parameters('organization'), 'logs1')]"}},
                "dependsOn": ["iso"],
            },
            "type": kind,
            "id": f"{artifacts}/logs",
            "name": "logs",
        },
    }


@pytest.fixture
def place(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    builtins, samples, repository = (tmp_path / name for name in ("builtins", "samples", "repository"))
    for folder in (builtins, samples / "small", repository):
        folder.mkdir(parents=True)
    for name, body in definitions().items():
        (builtins / f"{name}.json").write_text(json.dumps(body))
    for file, body in sample().items():
        (samples / "small" / file).write_text(json.dumps(body), encoding="utf-8-sig")
    imported(repository, builtins)
    estate = root / "examples" / "contoso" / "inventory"
    with open_place(repository, samples, estate, monkeypatch, capsys) as found:
        yield found


def test_from_validation_to_unassignment(place: Place) -> None:
    accounts = [row for row in place.rows() if row["type"].casefold() == STORAGE.casefold()]
    plain = [row for row in accounts if row["properties"].get("supportsHttpsTrafficOnly") is not True]
    open_ = [
        row for row in accounts if row["properties"].get("networkAcls", {}).get("defaultAction") != "Deny"
    ]
    assert (len(accounts), len(plain), len(open_)) == (10, 1, 1)
    before = place.ids()
    parameters = {"organization": {"value": "small"}, "readers": {"value": [PERSON]}}
    file = place.assignment("small", [PRODUCTION, PLATFORM], parameters, {"Logs": {"location": "westeurope"}})
    place.take_there("small", file)
    code, found = place.evaluate("small", "--save")
    assert code == 3
    controls = {one["id"]: one for one in found["controls"] if one["counted"]}
    # with the account that the blueprint makes in each of the two subscriptions, whose network is open
    assert {
        id: (one["state"], one["failing"], one["judged"], one["applicable"])
        for id, one in controls.items()
        if one["state"] != "not-automated"
    } == {
        "A.6.1.2": ("incomplete", 0, 0, 2),
        "A.10.1.1": ("gap", 1, 12, 12),
        "A.13.1.1": ("gap", 3, 12, 12),
        "A.13.2.1": ("gap", 1, 12, 12),
    }
    assert Counter(one["state"] for one in controls.values()) == {
        "gap": 3,
        "incomplete": 1,
        "not-automated": 110,
    }
    assert (
        found["coverage"]["fraction"] == "3 of 114" if "fraction" in found["coverage"] else found["coverage"]
    )
    assert "<html" in place.call("report", "-o", "html")
    place.call("unassign", file, "--prune", "--delete-resources", "--yes")
    assert place.ids() == before
