"""The live service of Azure Blueprints, read while it answers: everything is kept, and only reads are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from blueprinter.azure import ArmClient, AzureError, connect_in_process
from blueprinter.blueprint import load_assignment, load_blueprint
from blueprinter.cli import run
from blueprinter.cli.commands import import_azure_blueprint
from blueprinter.convert import read_exported, read_live
from blueprinter.document import load

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = "/providers/Microsoft.Management/managementGroups/corp"
NOW = "2026-11-22T00:00:00Z"
HERE, ABOVE = f"{SUB}/providers/Microsoft.Blueprint", f"{GROUP}/providers/Microsoft.Blueprint"
POLICY = {"policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/x", "parameters": {}}


def definition(id: str) -> dict[str, Any]:
    return {"id": id, "name": id.rpartition("/")[2], "properties": {"targetScope": "subscription"}}


def artifact(name: str) -> dict[str, Any]:
    return {"kind": "policyAssignment", "name": name, "properties": POLICY}


def assignment(name: str, blueprint: str) -> dict[str, Any]:
    properties = {"blueprintId": blueprint, "scope": SUB, "parameters": {}, "resourceGroups": {}}
    return {
        "id": f"{HERE}/blueprintAssignments/{name}",
        "name": name,
        "location": "westeurope",
        "properties": {**properties, "locks": {"mode": "none"}, "status": {"managedResources": []}},
    }


LISTS: dict[str, list[dict[str, Any]]] = {
    f"{HERE}/blueprints": [definition(f"{HERE}/blueprints/own")],
    f"{HERE}/blueprints/own/artifacts": [artifact("draft")],
    f"{HERE}/blueprints/own/versions": [definition(f"{HERE}/blueprints/own/versions/1.0")],
    f"{HERE}/blueprints/own/versions/1.0/artifacts": [artifact("first"), artifact("second")],
    f"{ABOVE}/blueprints/corp/versions/2/artifacts": [artifact("two")],
    f"{ABOVE}/blueprints/corp/versions/3/artifacts": [artifact("three")],
    f"{HERE}/blueprintAssignments": [
        assignment("a", f"{HERE}/blueprints/own/versions/1.0"),
        assignment("b", f"{ABOVE}/blueprints/corp/versions/2"),
        assignment("c", f"{ABOVE}/blueprints/corp/versions/3"),
        assignment("d", f"{ABOVE}/blueprints/corp/versions/2"),
    ],
    **{f"{HERE}/blueprintAssignments/{name}/assignmentOperations": [{"name": "op"}] for name in "abcd"},
    f"{SUB}/providers/Microsoft.Authorization/denyAssignments": [{"name": "lock"}],
}
SINGLE = {f"{ABOVE}/blueprints/corp/versions/{name}": definition(f"{ABOVE}/blueprints/corp") for name in "23"}


@dataclass
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Service:
    """Answers lists with a page for each row."""

    refused: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        address, _, query = url.partition("?")
        path = unquote("/" + address.split("/", 3)[3])
        self.asked.append(f"{method} {path}")
        if path in self.refused:
            return Reply(403, b'{"error": {"code": "AuthorizationFailed", "message": "no"}}')
        if path in SINGLE:
            return Reply(200, json.dumps(SINGLE[path]).encode())
        if path not in LISTS:
            return Reply(404, b'{"error": {"code": "NotFound", "message": "none"}}')
        start = int(query.partition("page=")[2] or 0)
        page: dict[str, Any] = {"value": LISTS[path][start : start + 1]}
        if start + 1 < len(LISTS[path]):
            page["nextLink"] = f"{address}?page={start + 1}"
        return Reply(200, json.dumps(page).encode())


def client(service: Service) -> ArmClient:
    return ArmClient(connect_in_process(service), sleep=lambda seconds: None)


def test_everything_is_read_and_nothing_is_written() -> None:
    service = Service()
    found = read_live(client(service), SUB)
    assert found.refused == ()
    assert {one.partition(" ")[0] for one in service.asked} == {"GET"}
    folders = {name.rsplit("/", 1)[0] for name in found.files if name.endswith("blueprint.json")}
    assert folders == {"blueprints/own/draft", "blueprints/own/1.0", "blueprints/corp/2", "blueprints/corp/3"}
    assert "blueprints/own/1.0/artifacts/second.json" in found.files
    assert json.loads(found.files["deny-assignments.json"]) == {"value": [{"name": "lock"}]}
    assert json.loads(found.files["assignments/c.operations.json"]) == {"value": [{"name": "op"}]}
    assert dict(found.assignments) == {
        "assignments/a.json": "blueprints/own/1.0",
        "assignments/b.json": "blueprints/corp/2",
        "assignments/c.json": "blueprints/corp/3",
        "assignments/d.json": "blueprints/corp/2",
    }
    # a version that two assignments share is asked for once
    assert sum(one.endswith("corp/versions/2/artifacts") for one in service.asked) == 1


def test_what_is_refused_is_named_and_the_rest_is_kept() -> None:
    service = Service(
        refused={
            f"{ABOVE}/blueprints/corp/versions/2/artifacts",
            f"{HERE}/blueprintAssignments/a/assignmentOperations",
            f"{SUB}/providers/Microsoft.Authorization/denyAssignments",
        }
    )
    found = read_live(client(service), SUB)
    assert len(found.refused) >= 3
    assert all("AuthorizationFailed" in line for line in found.refused)
    assert "assignments/a.json" in found.files
    assert "deny-assignments.json" not in found.files
    assert dict(found.assignments)["assignments/b.json"] == ""


def test_a_scope_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(AzureError):
        read_live(client(Service(refused={f"{HERE}/blueprintAssignments"})), SUB)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service()
    monkeypatch.setattr(import_azure_blueprint, "client", lambda *_: client(service))
    out = tmp_path / "out"
    arguments = ["import", "azure-blueprint", "--subscription", SUB.rpartition("/")[2], "-d", str(out)]
    assert run([*arguments, "--now", "2026-11-22"]) == 0
    captured = capsys.readouterr()
    assert "read 4 drafts and versions, 4 assignments" in captured.err
    assert captured.out.count("Cut-over:") == 3
    assert sorted(folder.name for folder in (out / "blueprints").iterdir()) == ["corp-2", "corp-3", "own"]
    for file in sorted((out / "assignments").glob("*.yaml")):
        ours = load_assignment(load(file))
        root = out / "blueprints" / ours.blueprint
        assert load_blueprint(root, frameworks={}, builtin_facts=None).artifacts
    assert read_exported(load(out / "exported" / "assignments" / "a.json"), NOW)
    assert (out / "migration-corp-2.md").is_file()
    assert run(arguments) == 2  # nothing is overwritten
    capsys.readouterr()


def test_one_source_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--subscription", "x", "-m", "y"], [str(tmp_path), "-m", "y"]):
        assert run(["import", "azure-blueprint", *arguments, "-d", str(tmp_path / "out")]) == 2
    capsys.readouterr()
