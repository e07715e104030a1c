"""What people get wrong first: each is told with its place and a way on, exit code 2 (1 where Azure was asked), and no
traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from blueprinter.cli import run
from unit.deploy.test_commands import assignment, repository, url, write

__all__ = ["repository", "url"]
GIVEN = """\
name: prod
blueprint: sample
scope: /subscriptions/00000000-0000-0000-0000-000000000001
location: westeurope
"""

MISTAKES = [
    pytest.param(["plan", "assignments/porod.json"], "did you mean `assignments/prod.json`?", id="misspelt file"),
    pytest.param(["plan", "assignments"], "such as `assignments/prod.json`", id="folder for a file"),
    pytest.param(["plan", "x/y.yaml"], "is the path right?", id="no such folder"),
    pytest.param(["plan", "tab.yaml"], "tab.yaml:2:1: error[BP107]: found a tab", id="tab"),
    pytest.param(["plan", "tab.yaml"], "hint: indent with spaces", id="tab, what to do"),
    pytest.param(["plan", "key.yaml"], "key.yaml:2:1: error[BP110]: unknown key `blueprit`", id="wrong key"),
    pytest.param(["plan", "key.yaml"], "did you mean `blueprint`?", id="wrong key, what to do"),
    pytest.param(["plan", "name.yaml"], "name.yaml:2:12: error[BP191]", id="misspelt blueprint"),
    pytest.param(["plan", "name.yaml"], "did you mean `sample`?", id="misspelt blueprint, what to do"),
    pytest.param(["plan", "scope.yaml"], "scope.yaml:3:8: error[BP270]", id="subscription by name"),
    pytest.param(["plan", "place.yaml"], "such as `location: westeurope`", id="no location"),
    pytest.param(["plan", "asks.yaml"], "parameters: {who: {value: …}}", id="missing parameter"),
    pytest.param(["plan", "empty.yaml"], "empty.yaml:1:1: error[BP107]: the document is empty", id="empty file"),
    pytest.param(["plan", "notes.md"], "what does not end in .yaml or .yml is read as JSON", id="another file"),
    pytest.param(["plan", "prod", "--subscription", "prod"], "`az account list -o table`", id="option by name"),
    pytest.param(["plan", "prod", "--sandbox", "localhost:4280"], "http://127.0.0.1:4280", id="sandbox"),
    pytest.param(["plan", "prod", "-e", "prod"], "`blueprinter init` writes one", id="no environments"),
    pytest.param(["plna", "prod"], "did you mean `plan`?", id="misspelt command"),
    pytest.param(["history", "shwo"], "show", id="misspelt command of a group"),
    pytest.param(["plan", "prod", "--sanbox", "x"], "--sandbox", id="misspelt option"),
    pytest.param(["--cloud", "AzureGov", "plan", "prod"], "AzureUSGovernment", id="misspelt cloud"),
    pytest.param(["evaluate", "iso-27001-2202", "t.json"], "did you mean `iso-27001-2022`?", id="misspelt standard"),
    pytest.param(["evaluate", "iso-27001-2022"], "give --inventory or templates", id="nothing to judge"),
    pytest.param(["evaluate", "iso-27001-2022", "t.json"], "`t.json` names no file", id="no such template"),
    pytest.param(["evaluate", "iso-27001-2022", "'*.json'"], "quote a pattern", id="pattern without match"),
    pytest.param(["evaluate", "x/blueprint", "t.json"], "with blueprint.yaml or blueprint.json in it", id="no folder"),
    pytest.param(["evaluate", "-o", "pdf", "x", "t.json"], "formats: console, json", id="unknown format"),
    pytest.param(["report"], "`blueprinter evaluate … --save` starts one", id="no saved run"),
]  # fmt: skip


@pytest.fixture
def mistaken(repository: Path) -> Path:
    """A repository with one good assignment, `prod`, and the usual ways to get one wrong."""
    write("blueprints/asking/blueprint.json", {
        "schema": "blueprinter/blueprint/1",
        "name": "asking",
        "properties": {"version": "1.0.0", "changeNotes": "x", "parameters": {"who": {"type": "string"}}},
    })  # fmt: skip
    properties = {"policyDefinition": "audits", "parameters": {}, "notScopes": ["[parameters('who')]"]}
    kind = {"kind": "policyAssignment", "properties": properties}
    write("blueprints/asking/artifacts/audits.json", kind)
    for name, text in {
        "tab.yaml": GIVEN.replace("\nb", "\n\tb"),
        "key.yaml": GIVEN.replace("blueprint:", "blueprit:"),
        "name.yaml": GIVEN.replace("sample", "smaple"),
        "scope.yaml": GIVEN.replace("/subscriptions/00000000-0000-0000-0000-000000000001", "prod"),
        "place.yaml": GIVEN.replace("location: westeurope\n", ""),
        "asks.yaml": GIVEN.replace("sample", "asking"),
        "empty.yaml": "",
        "notes.md": "# Notes\n",
    }.items():
        (repository / name).write_text(text, encoding="utf-8")
    return repository


@pytest.mark.parametrize(("arguments", "told"), MISTAKES)
def test_a_mistake_is_told_with_a_way_on(
    mistaken: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert told in shown.err
    assert shown.out == ""
    assert "Traceback" not in shown.err


def test_a_name_is_enough_for_an_assignment(mistaken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "prod"]) == 0
    assert capsys.readouterr().out.startswith("prod: sample 1.0.0")
    (mistaken / "prod").write_text(GIVEN.replace("sample", "smaple"), encoding="utf-8")
    assert run(["plan", "prod"]) == 2  # a file of that name in the folder comes first


def test_a_subscription_that_is_not_there(mistaken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = "00000000-0000-0000-0000-000000000009"
    assert run(["plan", "prod", "--subscription", gone]) == 1
    shown = capsys.readouterr().err
    assert "SubscriptionNotFound" in shown
    assert "hint: is the id right, and signed in to its tenant?" in shown


def test_a_sandbox_that_is_not_running(mistaken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "prod", "--sandbox", "http://127.0.0.1:9"]) == 1
    shown = capsys.readouterr().err
    assert "error[BP605]" in shown
    assert "hint: is a sandbox running there? `blueprinter sandbox run --port 9`" in shown


def test_nobody_is_signed_in(
    mistaken: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLUEPRINTER_SANDBOX")
    for name in [one for one in os.environ if one.startswith(("AZURE_", "IDENTITY_", "MSI_", "IMDS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")  # nothing is asked of this machine
    assert run(["plan", "prod"]) == 1
    shown = capsys.readouterr().err
    assert "error[BP601]" in shown
    assert "hint: sign in with `az login`" in shown


@pytest.mark.skipif(os.geteuid() == 0, reason="whoever is root may read every file")
def test_a_file_that_may_not_be_read(mistaken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mistaken / "assignments" / "prod.json").chmod(0)
    assert run(["plan", "assignments/prod.json"]) == 2
    assert "whoever runs this may not read it" in capsys.readouterr().err


def test_a_new_user_sees_forms_that_are_not_filled_in_as_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["-q", "init"]) == 0
    capsys.readouterr()
    assert run(["validate"]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("BP264") == 1
    assert "and 5 more like it" in shown.out
    assert "0 errors, 6 warnings" in shown.err
    assert run(["validate", "-v"]) == 0
    assert capsys.readouterr().out.count("BP264") == 6
    assert run(["evaluate", "iso-27001-2022", "infra/storage.json"]) == 0
    shown = capsys.readouterr()
    assert shown.err.count("BP264") == 1
    assert shown.err.startswith("registers/inherited.yaml:")


def test_assignments_of_the_mistakes_are_good_otherwise(mistaken: Path) -> None:
    """Or each of them would be refused for another reason."""
    (mistaken / "good.yaml").write_text(GIVEN, encoding="utf-8")
    assert run(["plan", "good.yaml"]) == 0
    write("assignments/other.json", assignment())
    assert run(["plan", "other"]) == 0
