"""The version that an assignment names is what every command works with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blueprinter.deploy.template_spec import unpacked
from unit.deploy.box import SUB, storage
from unit.deploy.test_commands import assignment, code, head, repository, url, write

__all__ = ["repository", "url"]


@pytest.fixture
def published(repository: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Version 1.0.0 is published, and audits storage; the draft is 2.0.0, and denies it."""
    assert code("publish", "sample") == 0
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
        "then": {"effect": "Deny"},
    }
    body = {"mode": "Indexed", "displayName": "changed", "parameters": {}, "policyRule": rule}
    write("policies/storage/audits/policy.json", body)
    write("blueprints/sample/blueprint.json", head("2.0.0"))
    write("assignments/prod.json", assignment(version="1.0.0"))
    capsys.readouterr()
    return repository


def test_render_takes_the_version(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("-q", "render", "-a", "assignments/prod.json", "-d", "out") == 0
    template = Path("out/assignment.json").read_text()
    assert "Audit" in template
    assert "Deny" not in template
    assert code("render", "sample", "-a", "assignments/prod.json", "-d", "draft") == 2
    assert "BP275" in capsys.readouterr().err


def test_evaluate_takes_the_version(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    id = f"{SUB}/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/a"
    write("inventory.json", [{**storage()["resources"][0], "id": id}])
    judge = ("-a", "assignments/prod.json", "--inventory", "inventory.json", "-o", "json")
    assert code("evaluate", *judge) == 3
    run = json.loads(capsys.readouterr().out)
    assert run["run"]["blueprint"]["version"] == "1.0.0"
    assert [policy["displayName"] for policy in run["policies"]] == ["d"]
    assert code("evaluate", "sample", *judge) == 2
    assert "BP275" in capsys.readouterr().err


def test_a_live_run_takes_the_version(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("assign", "assignments/prod.json", "--yes") == 0
    capsys.readouterr()
    code("evaluate", "-a", "assignments/prod.json", "-o", "json")
    assert json.loads(capsys.readouterr().out)["run"]["blueprint"]["version"] == "1.0.0"


def test_a_version_that_is_not_at_hand_is_refused(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("assignments/prod.json", assignment(version="3.0.0"))
    write("inventory.json", [])
    for command in (
        ("render", "-a", "assignments/prod.json", "-d", "out"),
        ("evaluate", "-a", "assignments/prod.json", "--inventory", "inventory.json"),
    ):
        assert code(*command) == 2
        assert "wants 3.0.0 of `sample`, and at hand is 2.0.0" in capsys.readouterr().err


def test_registers_are_those_of_the_repository(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {
        "name": "legacy",
        "scope": SUB,
        "assignment": "prod",
        "policies": ["audits"],
        "category": "Waiver",
        "reason": "until migration",
        "owner": "team@contoso.example",
        "approvedBy": "ciso@contoso.example",
        "ticket": "RISK-1",
        "expiresOn": "2027-03-31",
    }
    write("registers/exemptions.json", {"schema": "blueprinter/exemptions/1", "exemptions": [entry]})
    assert code("plan", "assignments/prod.json", "-o", "json", "--now", "2026-11-22T00:00:00Z") == 0
    (plan,) = json.loads(capsys.readouterr().out)["plans"]
    assert [row["type"] for row in plan["changes"]].count("Microsoft.Authorization/policyExemptions") == 1


def test_an_archive_holds_what_a_folder_holds(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("publish", "sample") == 0
    assert code("publish", "sample", "--archive", "sample.zip") == 0
    folder = Path("published/sample/1.0.0")
    held = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert unpacked(Path("sample.zip").read_bytes(), "sample.zip") == held
    capsys.readouterr()
    assert code("publish", "sample", "--archive", "sample.zip") == 2
    assert "BP655" in capsys.readouterr().err
    assert code("publish", "sample", "--archive", "x.zip", "--template-spec", SUB) == 2
