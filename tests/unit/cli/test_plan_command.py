"""What `plan`, `assign`, `status`, `drift` and `unassign` tell a person, and the command that they name next."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from blueprinter.cli import run
from unit.cli.command_lines import parse
from unit.deploy.box import SUB
from unit.deploy.test_commands import head, repository, url, write

__all__ = ["repository", "url"]
FILE = "assignments/prod.json"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def next_command(err: str) -> list[str]:
    (line,) = [line for line in err.splitlines() if line.startswith("next: blueprinter ")]
    return shlex.split(line.removeprefix("next: blueprinter "))


def test_a_plan_ends_with_the_command_that_does_it(
    repository: Path, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLUEPRINTER_SANDBOX")
    write("blueprinter.yaml", {"environments": {"test test": {"scopes": [SUB]}}})
    options = ["--sandbox", url, "--subscription", SUB, "--prune", "-e", "test test"]
    code, _, err = told(capsys, "plan", FILE, *options, "--out", "plan.json")
    assert code == 0
    command = next_command(err)
    parse(command)
    assert command[0] == "assign"
    assert command[2:4] == ["-e", "test test"]
    assert {"--sandbox", url, "--prune", "--plan", "plan.json"} < set(command)
    assert run([*command, "--yes"]) == 0
    assert "next:" not in told(capsys, "plan", FILE, *options)[2]


def test_with_errors_the_next_step_is_to_mend_them(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = f"{SUB}/providers/Microsoft.Authorization/policyDefinitions/gone"
    properties = {"policyDefinitionId": gone, "parameters": {}}
    write("blueprints/sample/artifacts/gone.json", {"kind": "policyAssignment", "properties": properties})
    code, out, err = told(capsys, "plan", FILE)
    assert code == 2
    assert "; 1 error" in out.splitlines()[1]
    assert err.splitlines()[0] == "1 error, 1 warning"  # that of the blueprint's file as well
    assert "next: mend the errors" in err
    assert "blueprinter assign" not in err


def test_everything_is_listed_with_v_before_or_behind(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = told(capsys, "plan", FILE)[1]
    behind, before = told(capsys, "plan", "-v", FILE)[1], told(capsys, "-v", "plan", FILE)[1]
    assert behind == before
    assert f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/stprod1" in behind
    assert "storageAccounts stprod1 in rg-app" in short
    assert "\x1b" not in short + behind
    assert told(capsys, "plan", "-q", FILE)[2] == ""


def test_what_assigning_says_next_can_be_called(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = told(capsys, "assign", FILE, "--yes")
    assert (code, len(out.splitlines())) == (0, 1)
    parse(next_command(err.replace(", then `blueprinter evaluate -a` with the same", "")))


def test_what_is_left_is_counted_by_kind_first(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-q", "assign", FILE, "--yes"]) == 0
    Path("blueprints/sample/artifacts/assign-audits.json").unlink()
    write("blueprints/sample/blueprint.json", head("2.0.0"))
    _, out, err = told(capsys, "plan", FILE)
    assert "1 to change, 2 to deploy again" in out.splitlines()[1]
    assert out.splitlines()[1].endswith("2 left behind")
    assert "--prune deletes the 2 left behind" in err
    _, out, _ = told(capsys, "assign", FILE, "--yes")
    assert "governance left over, which --prune deletes: 1 policy definition, 1 policy assignment" in out
    assert f"{SUB}/providers" not in out
    _, out, _ = told(capsys, "status", FILE)
    assert "governance left over" in out
    _, out, _ = told(capsys, "status", "-v", FILE)
    assert f"{SUB}/providers/Microsoft.Authorization/policyDefinitions/audits-" in out
    code, out, _ = told(capsys, "drift", FILE)
    assert code == 4
    assert out.splitlines()[0] == f"prod on {SUB}: 2 leftover"
    assert len(out.splitlines()) == 3
    _, out, _ = told(capsys, "unassign", FILE, "--yes")
    assert (
        "workload left over, which only `unassign --delete-resources` deletes: 1 resource group, 1 resource"
        in out
    )


def test_what_machines_read_has_no_prose(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = told(capsys, "plan", FILE, "-o", "json")
    assert json.loads(out)["schema"] == "blueprinter/plan/1"
    assert "-v lists" not in err
