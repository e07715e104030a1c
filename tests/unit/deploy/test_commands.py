"""The commands, against a sandbox that is served on the loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from blueprinter.cli import cli, run
from blueprinter.sandbox import SandboxServer, ServerSettings, open_sandbox
from unit.deploy.box import NOW, SUB, definition, storage


@pytest.fixture
def url() -> Iterator[str]:
    box = open_sandbox(clock=lambda: NOW, subscriptions=[SUB[15:]])
    server = SandboxServer(box, ServerSettings(port=0))
    with server:
        yield server.url


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> Path:
    """A user's repository, with one blueprint and one assignment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BLUEPRINTER_SANDBOX", url)
    write("policies/storage/audits/policy.json", definition())
    write("blueprints/sample/blueprint.json", head("1.0.0"))
    write(
        "blueprints/sample/artifacts/assign-audits.json",
        {"kind": "policyAssignment", "properties": {"policyDefinition": "audits", "parameters": {}}},
    )
    write(
        "blueprints/sample/artifacts/storage.json",
        {"kind": "template", "properties": {"resourceGroup": "app", "template": storage(), "parameters": {}}},
    )
    write("assignments/prod.json", assignment())
    return tmp_path


def head(version: str) -> dict[str, Any]:
    groups = {"app": {"name": "rg-app", "location": "westeurope"}}
    properties = {"version": version, "changeNotes": "x", "parameters": {}, "resourceGroups": groups}
    return {"schema": "blueprinter/blueprint/1", "name": "sample", "properties": properties}


def assignment(**more: Any) -> dict[str, Any]:
    return {
        "schema": "blueprinter/assignment/1",
        "name": "prod",
        "blueprint": "sample",
        "scope": SUB,
        "location": "westeurope",
        **more,
    }


def write(path: str, value: Any) -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value))


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), standalone_mode=False)


def code(*arguments: str) -> int:
    return run(arguments)


def test_the_whole_life_of_an_assignment(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("plan", "assignments/prod.json", "--exit-code", "--out", "plan.json") == 4
    assert "stprod1" in capsys.readouterr().out
    assert code("assign", "assignments/prod.json") == 2
    assert "BP657" in capsys.readouterr().err
    assert code("assign", "assignments/prod.json", "--plan", "plan.json", "--yes") == 0
    shown = capsys.readouterr()
    assert "assigned sample 1.0.0" in shown.out
    assert "done" in shown.err
    assert code("assign", "assignments/prod.json", "--plan", "plan.json", "--yes") == 1
    assert "BP641" in capsys.readouterr().err
    assert code("assign", "assignments/prod.json", "--yes") == 0
    assert "unchanged: sample 1.0.0" in capsys.readouterr().out
    assert code("plan", "assignments/prod.json", "--exit-code") == 0
    assert code("status", "assignments/prod.json") == 0
    assert "drift: none" in capsys.readouterr().out
    assert code("status") == 0
    assert "succeeded" in capsys.readouterr().out
    assert code("drift", "assignments/prod.json") == 0
    assert code("remediate", "assignments/prod.json", "--yes") == 0
    capsys.readouterr()
    assert code("unassign", "assignments/prod.json", "--delete-resources", "--yes") == 0
    assert "0 left" in capsys.readouterr().out
    assert code("drift", "assignments/prod.json", "-o", "json") == 4
    rows = json.loads(capsys.readouterr().out)["assignments"][0]["drifted"]
    assert {one["what"] for one in rows} == {"missing"}


def test_a_plan_of_something_else_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("plan.json", {"schema": "blueprinter/plan/1", "plans": []})
    assert code("assign", "assignments/prod.json", "--plan", "plan.json", "--yes") == 2
    assert "BP642" in capsys.readouterr().err


def test_a_published_version_is_what_an_assignment_gets(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("publish", "sample") == 0
    assert code("publish", "sample") == 0
    write(
        "blueprints/sample/artifacts/assign-audits.json",
        {
            "kind": "policyAssignment",
            "properties": {"policyDefinition": "audits", "parameters": {}, "displayName": "new"},
        },
    )
    capsys.readouterr()
    assert code("publish", "sample") == 2
    assert "BP655" in capsys.readouterr().err
    write("blueprints/sample/blueprint.json", head("2.0.0"))
    write("assignments/prod.json", assignment(version="1.0.0"))
    assert code("assign", "assignments/prod.json", "--yes") == 0
    assert "assigned sample 1.0.0" in capsys.readouterr().out
    write("assignments/prod.json", assignment(version="3.0.0"))
    assert code("plan", "assignments/prod.json") == 2
    assert "BP656" in capsys.readouterr().err
    write(
        "published/sample/1.0.0/blueprints/sample/artifacts/assign-audits.json",
        {
            "kind": "policyAssignment",
            "properties": {"policyDefinition": "audits", "parameters": {}, "displayName": "changed"},
        },
    )
    write("assignments/prod.json", assignment(version="1.0.0"))
    assert code("plan", "assignments/prod.json") == 2
    assert "changed after it was published" in capsys.readouterr().err


def test_an_environment_says_where(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("assignments/prod.json", assignment(scope="/subscriptions/99999999-9999-4999-8999-999999999999"))
    write(
        "blueprinter.yaml",
        {"schema": "blueprinter/environments/1", "environments": {"prod": {"scopes": [SUB]}}},
    )
    assert code("plan", "assignments/prod.json", "-e", "prod", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["plans"][0]["scope"] == SUB
    assert code("plan", "assignments/prod.json", "-e", "prodd") == 2
    assert "did you mean `prod`" in capsys.readouterr().err
    assert code("plan", "assignments/prod.json") == 1
    shown = capsys.readouterr().err
    assert "SubscriptionNotFound" in shown
    assert "Traceback" not in shown


def test_many_subscriptions_of_a_management_group(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = "00000000-0000-0000-0000-0000000000aa"
    assert code("plan", "assignments/prod.json", "-m", root, "-o", "json") == 0
    assert [one["scope"] for one in json.loads(capsys.readouterr().out)["plans"]] == [SUB]


def test_a_missing_parameter_is_found_before_anything_is_written(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = head("1.0.0")
    value["properties"]["parameters"] = {"who": {"type": "string"}}
    write("blueprints/sample/blueprint.json", value)
    write(
        "blueprints/sample/artifacts/assign-audits.json",
        {
            "kind": "policyAssignment",
            "properties": {
                "policyDefinition": "audits",
                "parameters": {},
                "notScopes": ["[parameters('who')]"],
            },
        },
    )
    assert code("plan", "assignments/prod.json") == 2
    assert "`who`" in capsys.readouterr().err


def test_rings_go_one_after_the_other(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = "/subscriptions/00000000-0000-0000-0000-000000000002"
    rings = [
        {"name": "audit", "enforcementMode": "DoNotEnforce", "subscriptions": [SUB]},
        {"name": "enforce", "promoteWhen": {"maxGaps": 0, "days": 7}},
    ]
    write("assignments/prod.json", assignment(scope=[SUB, other], rings=rings))
    assert code("plan", "assignments/prod.json", "--ring", "audit", "-o", "json") == 0
    assert [one["scope"] for one in json.loads(capsys.readouterr().out)["plans"]] == [SUB]
    assert code("plan", "assignments/prod.json", "--ring", "enforced") == 2
    assert "rings: audit, enforce" in capsys.readouterr().err


def test_ctrl_c_says_that_azure_goes_on(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("blueprinter.cli.commands.assign.assign", interrupted)
    assert code("assign", "assignments/prod.json", "--yes") == 130
    assert "blueprinter status" in capsys.readouterr().err


def test_failures_of_azure_are_shown_without_a_traceback(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = storage()
    broken["outputs"] = {"x": {"type": "string", "value": "[reference('stprod9', '2023-01-01').y]"}}
    properties = {"resourceGroup": "app", "template": broken, "parameters": {}}
    write("blueprints/sample/artifacts/storage.json", {"kind": "template", "properties": properties})
    assert code("assign", "assignments/prod.json", "--yes") == 1
    shown = capsys.readouterr().err
    assert "DeploymentStackDeploymentFailed" in shown
    assert "orrelation" in shown
    assert "Traceback" not in shown


def test_a_scope_that_fails_keeps_no_other_from_its_turn(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = "/subscriptions/00000000-0000-0000-0000-000000000009"
    write("assignments/prod.json", assignment(scope=[gone, SUB]))
    assert code("assign", "assignments/prod.json", "--yes") == 1
    shown = capsys.readouterr()
    assert "SubscriptionNotFound" in shown.err
    assert "assigned sample 1.0.0, content" in shown.out
    assert SUB in shown.out
