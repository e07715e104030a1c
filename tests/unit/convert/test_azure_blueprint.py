"""A blueprint of the old service becomes a repository that validates, renders, and says what changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from blueprinter.blueprint import Blueprint, LockMode, load_assignment, load_blueprint, validate_path
from blueprinter.cli import run
from blueprinter.convert import Migration, migrate, read_exported, report_lines
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Document, load, parse
from blueprinter.render import content_hash

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = "/providers/Microsoft.Management/managementGroups/corp"
TODAY = date(2026, 11, 22)
NOW = "2026-11-22T00:00:00Z"
SAMPLES = ["101-boilerplate", "caf-foundation", "iso_27001", "iso_27001_ase_sql", "iso_27001_shared_services"]

PROPERTIES: dict[str, Any] = {
    "blueprintId": f"{GROUP}/providers/Microsoft.Blueprint/blueprints/sample/versions/3.1",
    "scope": SUB,
    "parameters": {
        "who": {"value": "x"},
        "secret": {"reference": {"keyVault": {"id": "/v"}, "secretName": "s"}},
    },
    "resourceGroups": {"Hub": {"name": "rg-hub", "location": "westeurope"}},
    "locks": {"mode": "allResourcesReadOnly", "excludedPrincipals": ["p"], "excludedActions": ["a"]},
    "status": {
        "managedResources": [
            f"{SUB}/resourceGroups/RG-HUB",
            f"{SUB}/resourceGroups/rg-hub/providers/Microsoft.Authorization/policyAssignments/live",
            f"{SUB}/providers/Microsoft.Authorization/policyAssignments/one-of-two",
            f"{SUB}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-1111-1111-111111111111",
            f"{SUB}/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/v",
        ]
    },
}
EXPORTED: dict[str, Any] = {
    "id": f"{GROUP}/providers/Microsoft.Blueprint/blueprintAssignments/prod",
    "name": "prod",
    "type": "Microsoft.Blueprint/blueprintAssignments",
    "location": "westus2",
    "identity": {"type": "systemAssigned"},
    "properties": PROPERTIES,
}
FLAT = {key: value for key, value in {**EXPORTED, **PROPERTIES}.items() if key != "properties"}


def pascal(value: Any) -> Any:
    """As PowerShell prints it: the keys of objects with a capital, but for names that people gave."""
    if not isinstance(value, dict):
        return value
    kept = {"who", "secret", "Hub"}
    return {key if key in kept else key[:1].upper() + key[1:]: pascal(one) for key, one in value.items()}


def document(value: Any, name: str = "export.json") -> Document:
    return parse(json.dumps(value), name)


def blueprint(tmp_path: Path) -> Blueprint:
    """A folder in the flat layout, in an encoding and with an order that the service's tools left behind."""
    root = tmp_path / "old"
    root.mkdir(exist_ok=True)
    head = {
        "properties": {
            "targetScope": "subscription",
            "parameters": {"who": {"type": "string"}, "secret": {"type": "secureString"}},
            "resourceGroups": {"Hub": {}},
        }
    }
    (root / "blueprint.json").write_text(json.dumps(head), encoding="utf-16")
    policy = {
        "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/x",
        "parameters": {},
    }
    artifacts: Mapping[str, Any] = {
        "artifact.in-group": {"kind": "policyAssignment", "properties": {**policy, "resourceGroup": "Hub"}},
        "artifact.a": {"kind": "policyAssignment", "properties": {**policy, "displayName": "y" * 130}},
        "artifact.b": {
            "kind": "policyAssignment",
            "name": "second",
            "properties": {**policy, "dependsOn": ["in-group"]},
        },
        "artifact.role": {
            "kind": "roleAssignment",
            "properties": {
                "roleDefinitionId": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
                "principalIds": "[parameters('who')]",
                "dependsOn": ["b"],
            },
        },
    }
    for name, body in artifacts.items():
        (root / f"{name}.json").write_text(json.dumps(body), encoding="utf-8-sig")
    return load_blueprint(root, frameworks={}, builtin_facts=None)


def written(migration: Migration, folder: Path) -> Path:
    for name, content in migration.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "value",
    [
        EXPORTED,
        {"value": [EXPORTED]},
        [EXPORTED],
        FLAT,
        pascal(EXPORTED),
        {"Name": "prod", "Id": EXPORTED["id"], "Location": "westus2", "LockMode": "AllResourcesReadOnly"}
        | {key: PROPERTIES[key] for key in ("blueprintId", "scope")}
        | {"Parameters": {"who": {"Value": "x"}, "secret": PROPERTIES["parameters"]["secret"]}}
        | {"ResourceGroups": {"Hub": {"Name": "rg-hub", "Location": "westeurope"}}},
        {
            "$schema": "https://schema.management.azure.com/schemas/2019-08-01/managementGroupDeploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "variables": {"name": "prod"},
            "resources": [{**EXPORTED, "name": "[variables('name')]", "apiVersion": "2018-11-01-preview"}],
        },
    ],
    ids=["rest", "list", "array", "flat", "powershell", "powershell-short", "template"],
)
def test_every_shape_of_an_exported_assignment(value: Any) -> None:
    (found,) = read_exported(document(value), NOW)
    assignment = found.assignment
    assert (assignment.name, assignment.blueprint, assignment.version) == ("prod", "sample", "3.1")
    assert assignment.scopes == (SUB,)
    assert assignment.location == "westus2"
    assert assignment.locks.mode is LockMode.READ_ONLY
    assert assignment.parameters["who"].value == "x"
    assert assignment.parameters["secret"].reference == PROPERTIES["parameters"]["secret"]["reference"]
    assert assignment.resource_groups == {"Hub": {"name": "rg-hub", "location": "westeurope"}}


def test_the_body_of_a_request_has_a_scope_to_add() -> None:
    body = {"location": "x", "properties": {**PROPERTIES, "scope": None}}
    (found,) = read_exported(document(body, "assign.json"), NOW)
    assert (found.assignment.name, found.assignment.scopes) == ("assign", ())
    assert [one.code for one in found.assignment.diagnostics] == ["BP270"]


@pytest.mark.parametrize("value", [{}, {"todo": "todo"}, [], {"value": []}, "text"])
def test_what_is_no_assignment_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_exported(document(value), NOW)
    assert [one.code for one in caught.value.diagnostics] == ["BP299"]


def test_a_repository_that_validates(tmp_path: Path) -> None:
    old = blueprint(tmp_path)
    folder = written(migrate(old, read_exported(document(EXPORTED), NOW), TODAY), tmp_path / "new")
    assert [one for one in validate_path(folder, frameworks={}) if one.severity == "error"] == []
    again = load_blueprint(folder / "blueprints" / "old", frameworks={}, builtin_facts=None)
    assert content_hash(again, {}) == content_hash(old, {})
    assert [one.name for one in again.artifacts] == [one.name for one in old.artifacts]
    # whatever `dependsOn` calls an artifact, it is still found
    assert not [one for one in again.diagnostics if "depend" in one.message]
    (given,) = read_exported(document(EXPORTED), NOW)
    ours = load_assignment(load(folder / "assignments" / "prod.yaml"))
    for key in (
        "name",
        "version",
        "scopes",
        "location",
        "parameters",
        "resource_groups",
        "locks",
        "stack_scope",
    ):
        assert getattr(ours, key) == getattr(given.assignment, key), key
    assert ours.blueprint == "old"
    assert ours.definition_scope == GROUP
    adopted: Any = load(folder / "assignments" / ours.adopted).value
    assert adopted["artifacts"] == {"in-group": {"name": "live"}}
    assert adopted["resourceGroups"] == {"Hub": {"existing": True}}


def test_the_same_input_gives_the_same_files(tmp_path: Path) -> None:
    old, exported = blueprint(tmp_path), read_exported(document(EXPORTED), NOW)
    assert migrate(old, exported, TODAY).files == migrate(old, exported, TODAY).files


def test_the_report(tmp_path: Path) -> None:
    found = migrate(blueprint(tmp_path), read_exported(document(EXPORTED), NOW), TODAY).findings
    lines = list(report_lines(found))
    text = "\n".join(lines)
    assert "3 policy artifacts: " in text
    assert "1 secure parameter: " in text
    assert "a: its display name is cut at 128 characters" in text
    assert "5 resources managed; 2 matched, 2 assignments for" in text
    assert "AllResourcesReadOnly" in text
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads[:4] == ["What maps:", "What changes:", "What cannot be carried over:", "Cut-over:"]


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (
            date(2026, 12, 31),
            [
                "Export, before 2027-01-31",
                "Adopt and plan",
                "Set the locks to None, before 2026-12-31",
                "Assign",
                "Verify",
                "Delete the blueprint assignment, before 2027-01-31",
            ],
        ),
        (
            date(2027, 1, 1),
            [
                "Export, before 2027-01-31",
                "Adopt and plan",
                "Delete the blueprint assignment first",
                "Assign",
                "Verify",
            ],
        ),
        (date(2027, 2, 1), ["Check what is unprotected", "Adopt and plan", "Assign", "Verify"]),
    ],
)
def test_the_cut_over_depends_on_the_day(tmp_path: Path, today: date, expected: list[str]) -> None:
    found = migrate(blueprint(tmp_path), read_exported(document(EXPORTED), NOW), today).findings
    assert [one.about for one in found.steps] == expected


def test_without_locks_nothing_has_to_be_lifted(tmp_path: Path) -> None:
    body = {**EXPORTED, "properties": {**PROPERTIES, "locks": {"mode": "none"}}}
    for today in (TODAY, date(2027, 1, 1)):
        found = migrate(blueprint(tmp_path), read_exported(document(body), NOW), today).findings
        assert not [one for one in found.steps if "ocks" in one.about]
        assert found.steps[-1].about.startswith("Delete the blueprint assignment")


def test_a_report_without_assignments_says_how_to_get_them(tmp_path: Path) -> None:
    migration = migrate(blueprint(tmp_path), (), TODAY)
    assert "blueprintAssignments?api-version=" in "\n".join(report_lines(migration.findings))
    assert not [name for name in migration.files if name.startswith("assignments/")]


def test_what_people_wrote_is_no_markup_in_the_report(tmp_path: Path) -> None:
    root = tmp_path / "old"
    blueprint(tmp_path)
    head = json.loads((root / "blueprint.json").read_text(encoding="utf-16"))
    head["properties"]["displayName"] = "<img src=x> [a](b)"
    (root / "blueprint.json").write_text(json.dumps(head))
    report = migrate(load_blueprint(root, frameworks={}, builtin_facts=None), (), TODAY).report
    assert report.startswith("# From Azure Blueprints: \\<img src=x\\> \\[a\\]\\(b\\)\n")


@pytest.mark.parametrize("name", SAMPLES)
def test_public_samples(tmp_path: Path, shared: Path, name: str) -> None:
    old = load_blueprint(shared / "data" / "azure-blueprints" / name, frameworks={}, builtin_facts=None)
    folder = written(migrate(old, (), TODAY), tmp_path)
    (root,) = (folder / "blueprints").iterdir()
    again = load_blueprint(root, frameworks={}, builtin_facts=None)
    assert content_hash(again, {}) == content_hash(old, {})
    assert [one.code for one in again.diagnostics] == [one.code for one in old.diagnostics]


def test_an_assignment_as_a_template(shared: Path) -> None:
    file = (
        shared
        / "data"
        / "azure-blueprints"
        / "assign-blueprint"
        / "as-template-deployment"
        / "azuredeploy.json"
    )
    (found,) = read_exported(load(file), NOW)
    assert (found.assignment.blueprint, found.assignment.version) == ("AppNetwork2", "1.0")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blueprint(tmp_path)
    export = tmp_path / "export.json"
    export.write_text(json.dumps(EXPORTED))
    out = tmp_path / "out"
    arguments = ["import", "azure-blueprint", str(tmp_path / "old"), "-a", str(export), "-d", str(out)]
    assert run([*arguments, "--now", "2026-11-22"]) == 0
    captured = capsys.readouterr()
    assert "Set the locks to None, before 2026-12-31" in captured.out
    assert "wrote 8 files" in captured.err
    assert (
        "2026\\-11\\-22" in (out / "migration.md").read_text()
        or "2026-11-22" in (out / "migration.md").read_text()
    )
    assert run(arguments) == 2
    assert "exists" in capsys.readouterr().err
    assert run(["import", "azure-blueprint", str(tmp_path / "nothing"), "-d", str(out)]) == 2
