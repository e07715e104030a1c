"""Whatever stands in a file, what comes back is diagnostics: each value in turn is replaced by one of another type."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blueprinter.blueprint import (
    Framework,
    load_assignment,
    load_blueprint,
    load_registers,
    resolve,
    validate_path,
)
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Json, parse

OTHERS: tuple[Json, ...] = (None, True, 7, 1.5, "", "x", "[parameters('a')]", "[oops", [], [1], {}, {"x": 1})
SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
ARGUMENT = {"value": ["[parameters('a')]"]}
FILES: dict[str, Json] = {
    "blueprint.json": {
        "schema": "blueprinter/blueprint/1",
        "name": "b",
        "properties": {
            "displayName": "d",
            "version": "1",
            "parameters": {
                "a": {
                    "type": "string",
                    "defaultValue": "x",
                    "allowedValues": ["x"],
                    "metadata": {"strongType": "s"},
                }
            },
            "resourceGroups": {
                "Hub": {"name": "[parameters('a')]", "location": "l", "tags": {"t": "v"}, "dependsOn": ["p"]}
            },
        },
    },
    "artifacts/p.json": {
        "kind": "policyAssignment",
        "properties": {
            "policyDefinitionId": "e56962a6-4747-49cd-b67b-bf8b01975c4c",
            "parameters": {"x": ARGUMENT},
            "notScopes": ["[subscription().id]"],
            "enforcementMode": "Default",
            "identity": {"type": "None"},
            "additionalRoles": [{"role": "r", "scope": "s"}],
        },
    },
    "artifacts/t.json": {
        "kind": "template",
        "properties": {
            "resourceGroup": "Hub",
            "dependsOn": ["p"],
            "parameters": {"x": ARGUMENT},
            "template": {"parameters": {"x": {"type": "array"}}, "resources": []},
        },
    },
    "artifacts/r.json": {
        "kind": "roleAssignment",
        "properties": {"roleDefinitionId": "/r", "principalIds": ["[parameters('a')]"]},
    },
    "controls.json": {
        "framework": "small",
        "controls": {
            "A.1.1": [
                {
                    "policyDefinition": "x",
                    "strength": "full",
                    "why": "w",
                    "equivalent": "/y",
                    "source": "live",
                },
                {"artifact": "t", "strength": "partial", "why": "w"},
            ],
            "4.1": [],
        },
    },
    "exemptions.json": {
        "exemptions": [
            {
                "name": "n",
                "scope": SUB,
                "assignment": "a",
                "policies": ["p"],
                "category": "Mitigated",
                "reason": "r",
                "owner": "o",
                "approvedBy": "b",
                "evidence": [{"uri": "u", "description": "d"}],
                "expiresOn": "2027-01-01",
            }
        ]
    },
    "attestations.json": {
        "attestations": [
            {
                "control": "A.1.3",
                "framework": "small",
                "scope": SUB,
                "state": "Compliant",
                "owner": "o",
                "approvedBy": "b",
                "method": "test",
                "assessedOn": "2026-01-01",
                "expiresOn": "2027-01-01",
                "evidence": [{"path": "e", "sha256": "0"}],
            }
        ]
    },
    "soa.json": {
        "framework": "small",
        "document": {"version": "3", "approvedOn": "2026-01-01"},
        "controls": {
            "A.1.1": {"applicable": True, "reasons": ["risk"], "status": "planned", "by": "2027-01-01"},
            "A.1.2": {"applicable": False, "justification": "j", "approver": "a", "approvedOn": "2026-01-01"},
            "A.1.3": {"applicable": True},
            "A.1.10": {"applicable": True},
        },
    },
    "inherited.json": {
        "evidence": [
            {
                "id": "i",
                "kind": "report",
                "standard": "small",
                "provider": "p",
                "clouds": ["AzureCloud"],
                "services": {"Microsoft.Storage": "in"},
                "controls": ["A.1.10"],
                "validFrom": "2026-01-01",
                "validTo": "2027-01-01",
            }
        ]
    },
    "assignments/prod.json": {
        "name": "n",
        "blueprint": "b",
        "scope": [SUB],
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/x": {}}},
        "parameters": {"a": {"value": "x"}, "s": {"reference": {"keyVault": {"id": "i"}, "secretName": "s"}}},
        "resourceGroups": {"Hub": {"name": "n", "location": "l"}},
        "locks": {"mode": "None", "excludedPrincipals": ["a"]},
        "rings": [{"name": "r", "subscriptions": [SUB], "promoteWhen": {"maxGaps": 0}}],
    },
    "assignments/azure.json": {
        "id": SUB + "/providers/Microsoft.Blueprint/blueprintAssignments/a",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "blueprintId": "/x/blueprints/b/versions/1",
            "scope": SUB,
            "parameters": {"a": {"value": "x"}},
            "resourceGroups": {"Hub": {"name": "n"}},
            "locks": {"mode": "none"},
        },
    },
}
BLUEPRINT = [name for name in FILES if name.startswith(("blueprint", "artifacts", "controls"))]
REGISTERS = ["exemptions.json", "attestations.json", "soa.json", "inherited.json"]
ASSIGNMENTS = [name for name in FILES if name.startswith("assignments")]


def places(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from places(member, (*path, key))


def replaced(value: Json, path: tuple[str | int, ...], other: Json) -> Json:
    if not path:
        return other
    whole = copy.deepcopy(value)
    holder = whole
    for key in path[:-1]:
        holder = holder[key]  # type: ignore[index, call-overload]  # the path was read from this value
    holder[path[-1]] = other  # type: ignore[index, call-overload]  # as above
    return whole


def variants(name: str) -> Iterator[str]:
    value = FILES[name]
    yield json.dumps(value)
    for path in places(value):
        for other in OTHERS:
            yield json.dumps(replaced(value, path, other))


def write(root: Path, names: list[str]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(FILES[name]), encoding="utf-8")


@pytest.mark.parametrize("name", BLUEPRINT)
def test_blueprints(tmp_path: Path, small: Framework, name: str) -> None:
    write(tmp_path, BLUEPRINT)
    loaded = refused = 0
    for text in variants(name):
        (tmp_path / name).write_text(text, encoding="utf-8")
        try:
            blueprint = load_blueprint(tmp_path, frameworks={"small": small}, builtin_facts=None)
            resolve(blueprint, definitions={}, sets={})
            loaded += 1
        except InvalidInput:
            refused += 1
    assert loaded
    assert refused


@pytest.mark.parametrize("name", REGISTERS)
def test_registers(tmp_path: Path, small: Framework, name: str) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    loaded = refused = 0
    for text in variants(name):
        (tmp_path / name).write_text(text, encoding="utf-8")
        validate_path(tmp_path / name, frameworks={"small": small}, now=now)
        try:
            load_registers(tmp_path, framework=small, now=now)
            loaded += 1
        except InvalidInput:
            refused += 1
    assert loaded
    assert refused


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_assignments(tmp_path: Path, name: str) -> None:
    write(tmp_path, BLUEPRINT)
    definition = FILES["blueprint.json"]
    (tmp_path / "blueprint.json").write_text(json.dumps(definition), encoding="utf-8")
    (tmp_path / "controls.json").unlink()
    blueprint = load_blueprint(tmp_path, frameworks={}, builtin_facts=None)
    loaded = refused = 0
    for text in variants(name):
        try:
            assignment = load_assignment(parse(text, name))
            loaded += 1
            resolve(blueprint, definitions={}, sets={}, assignment=assignment)
        except InvalidInput:
            refused += 1
    assert loaded
    assert refused


def test_frameworks(tmp_path: Path, small_text: str) -> None:
    value = parse(small_text, "small.yaml").value
    path = tmp_path / "frameworks" / "small.json"
    path.parent.mkdir()
    for place in places(value):
        for other in OTHERS:
            path.write_text(json.dumps(replaced(value, place, other)), encoding="utf-8")
            validate_path(path, frameworks={})
