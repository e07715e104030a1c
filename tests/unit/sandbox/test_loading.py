"""A sandbox is filled from files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blueprinter.diagnostics import InvalidInput
from blueprinter.policy import import_catalog
from blueprinter.sandbox import load_files
from unit.sandbox.heart_box import SUB, Asking

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
OTHER = "/subscriptions/22222222-2222-2222-2222-222222222222"
RULE = {"if": {"field": "location", "equals": "mars"}, "then": {"effect": "audit"}}


def write(folder: Path, name: str, value: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(value), encoding="utf-8")


def test_estate_brings_its_subscriptions_and_groups(tmp_path: Path) -> None:
    account = f"{OTHER}/resourceGroups/App/providers/Microsoft.Storage/storageAccounts/one"
    rows = [
        {
            "id": account,
            "type": "microsoft.storage/storageaccounts",
            "location": "westeurope",
            "properties": {},
        },
        {
            "id": f"{OTHER}/resourceGroups/Empty",
            "type": "microsoft.resources/resourcegroups",
            "location": "uksouth",
        },
    ]
    write(tmp_path, "estate.json", {"value": rows})
    asking = Asking()
    loaded = load_files(asking.box, [tmp_path], now=NOW)
    assert loaded.resources == 2
    assert asking.ok("GET", account)["location"] == "westeurope"
    groups = asking.ok("GET", f"{OTHER}/resourcegroups")["value"]
    assert [(group["name"], group["location"]) for group in groups] == [
        ("App", "westeurope"),
        ("Empty", "uksouth"),
    ]


def test_definitions_come_before_what_names_them(tmp_path: Path) -> None:
    definition = f"{SUB}/providers/Microsoft.Authorization/policyDefinitions/b-rule"
    assignment = f"{SUB}/providers/Microsoft.Authorization/policyAssignments/one"
    write(tmp_path, "a.json", {"id": assignment, "properties": {"policyDefinitionId": definition}})
    write(tmp_path, "b-rule.json", {"mode": "All", "policyRule": RULE})
    asking = Asking()
    loaded = load_files(asking.box, [tmp_path], now=NOW)
    assert (loaded.definitions, loaded.assignments) == (1, 1)
    assert asking.ok("GET", definition)["properties"]["policyRule"] == RULE
    assert asking.ok("GET", assignment)["name"] == "one"


def test_a_catalog_gives_its_builtins(tmp_path: Path) -> None:
    """What is custom in it is somebody's own, and stays out."""
    name = "11111111-2222-4333-8444-555555555555"
    properties = {"displayName": "b", "policyType": "BuiltIn", "mode": "All", "policyRule": RULE}
    member = {"policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{name}"}
    group = {"displayName": "s", "policyType": "BuiltIn", "policyDefinitions": [member]}
    write(tmp_path / "builtins", "one.json", {"name": name, "properties": properties})
    write(tmp_path / "builtins", "own.json", {"name": "own", "properties": {"policyRule": RULE}})
    write(tmp_path / "builtins", "set.json", {"name": f"f{name[1:]}", "properties": group})
    import_catalog(tmp_path / "builtins", tmp_path / "catalog.sqlite")
    asking = Asking()
    loaded = load_files(asking.box, [tmp_path / "catalog.sqlite"], now=NOW)
    assert (loaded.definitions, loaded.sets) == (1, 1)
    there = asking.ok("GET", f"/providers/Microsoft.Authorization/policyDefinitions/{name}")["properties"]
    assert there["policyRule"] == RULE


def test_what_is_refused_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path, "good.json", {"mode": "All", "policyRule": RULE})
    bad = f"{SUB}/providers/Microsoft.Authorization/policyAssignments/one"
    write(tmp_path, "bad.json", {"id": bad, "properties": {"policyDefinitionId": f"{bad}/none"}})
    asking = Asking()
    with pytest.raises(InvalidInput) as found:
        load_files(asking.box, [tmp_path], now=NOW)
    assert [(one.code, Path(one.position.file).name) for one in found.value.diagnostics] == [
        ("BP707", "bad.json")
    ]
    assert asking.ask("GET", f"{SUB}/providers/Microsoft.Authorization/policyDefinitions/good").status == 404
