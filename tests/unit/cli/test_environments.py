"""Environments of `blueprinter.yaml` and environment variables: what holds over what, and what is wrong where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blueprinter.blueprint import load_assignment
from blueprinter.cli import run
from blueprinter.deploy import Environment, in_environment, read_environment
from blueprinter.diagnostics import InvalidInput
from unit.deploy.box import GROUP, SUB, document
from unit.deploy.test_commands import assignment, repository, url, write

__all__ = ["repository", "url"]
OTHER = "/subscriptions/00000000-0000-0000-0000-000000000002"
TENANT = "00000000-0000-0000-0000-0000000000aa"


def environments(common: dict[str, Any] | None = None, **rows: Any) -> None:
    write(
        "blueprinter.yaml",
        {"schema": "blueprinter/environments/1", **(common or {}), "environments": rows},
    )


def planned(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run(["plan", "assignments/prod.json", "-o", "json", *arguments]) == 0
    plans: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["plans"]
    return plans


def rendered(*arguments: str) -> dict[str, Any]:
    assert run(["-q", "render", "-a", "assignments/prod.json", "-d", "out", *arguments]) == 0
    found: dict[str, Any] = json.loads(Path("out/assignment.json").read_text(encoding="utf-8"))
    return found


def assigned(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        one["properties"]
        for one in template["resources"]
        if one["type"] == "Microsoft.Authorization/policyAssignments"
    ]


# --- what holds over what --------------------------------------------------------------------------------------------


def test_an_option_holds_over_a_variable_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which cloud an expression sees, said by each of the three in turn."""
    monkeypatch.chdir(tmp_path)
    Path("in.jsonl").write_text('{"expression": "[environment().name]"}\n', encoding="utf-8")

    def cloud(*options: str) -> str:
        capsys.readouterr()
        assert run([*options, "template", "eval", "in.jsonl"]) == 0
        value: str = json.loads(capsys.readouterr().out)["value"]
        return value

    assert cloud() == "AzureCloud"
    environments({"cloud": "AzureChinaCloud"}, gov={"cloud": "AzureUSGovernment"})
    assert cloud() == "AzureChinaCloud"
    assert cloud("-e", "gov") == "AzureUSGovernment"
    monkeypatch.setenv("BLUEPRINTER_ENVIRONMENT", "gov")
    assert cloud() == "AzureUSGovernment"
    monkeypatch.setenv("BLUEPRINTER_CLOUD", "AzureCloud")
    assert cloud() == "AzureCloud"
    assert cloud("--cloud", "azurechinacloud") == "AzureChinaCloud"


def test_the_environment_may_be_named_before_or_after_the_command(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("assignments/prod.json", assignment(scope=OTHER))
    environments(test={"scopes": [SUB]}, other={"scopes": [OTHER]})
    assert planned(capsys, "-e", "test")[0]["scope"] == SUB
    capsys.readouterr()
    assert run(["-e", "test", "plan", "assignments/prod.json", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["plans"][0]["scope"] == SUB
    monkeypatch.setenv("BLUEPRINTER_ENVIRONMENT", "other")
    assert planned(capsys, "-e", "TEST")[0]["scope"] == SUB
    assert run(["plan", "assignments/prod.json"]) == 1  # a subscription that the sandbox does not have


def test_a_command_takes_its_options_from_variables(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLUEPRINTER_PLAN_EXIT_CODE", "1")
    assert run(["plan", "assignments/prod.json"]) == 4
    monkeypatch.setenv("BLUEPRINTER_PLAN_EXIT_CODE", "")
    assert run(["plan", "assignments/prod.json"]) == 0
    monkeypatch.setenv("BLUEPRINTER_PLAN_SUBSCRIPTION", OTHER)
    assert run(["plan", "assignments/prod.json"]) == 1
    assert planned(capsys, "--subscription", SUB)[0]["scope"] == SUB


def test_a_wrong_value_names_its_variable(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLUEPRINTER_EVALUATE_FAIL_ON", "gaps")
    assert run(["evaluate", "iso-27001-2022", "infra.json"]) == 2
    assert (
        "--fail-on comes from the environment variable BLUEPRINTER_EVALUATE_FAIL_ON"
        in capsys.readouterr().err
    )


def test_what_deletes_or_answers_is_never_taken_from_a_variable(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["assign", "assignments/prod.json", "--yes"]) == 0
    for name in ("YES", "PRUNE", "DELETE_RESOURCES"):
        monkeypatch.setenv(f"BLUEPRINTER_UNASSIGN_{name}", "1")
        monkeypatch.setenv(f"BLUEPRINTER_{name}", "1")
    capsys.readouterr()
    assert run(["unassign", "assignments/prod.json"]) == 2
    assert "BP657" in capsys.readouterr().err
    assert run(["unassign", "assignments/prod.json", "--yes"]) == 0
    assert "0 objects deleted" in capsys.readouterr().out


def test_arguments_never_come_from_a_variable(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ASSIGNMENTS", "ASSIGNMENT"):
        monkeypatch.setenv(f"BLUEPRINTER_PLAN_{name}", "assignments/prod.json")
    assert run(["plan"]) == 2
    assert "Missing argument" in capsys.readouterr().err


# --- what an environment says ----------------------------------------------------------------------------------------


def test_excluded_scopes_of_policies_add_up_and_are_what_lies_below(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        "blueprints/sample/artifacts/assign-audits.json",
        {
            "kind": "policyAssignment",
            "properties": {
                "policyDefinition": "audits",
                "parameters": {},
                "notScopes": [f"{SUB}/resourceGroups/own"],
            },
        },
    )
    environments(
        {"notScopes": [f"{SUB}/resourceGroups/all", f"{OTHER}/resourceGroups/elsewhere"]},
        test={"notScopes": [f"{SUB}/resourceGroups/test"]},
    )
    (one,) = assigned(rendered("-e", "test"))
    assert one["notScopes"] == [f"{SUB}/resourceGroups/{name}" for name in ("own", "all", "test")]
    (one,) = assigned(rendered())
    assert one["notScopes"] == [f"{SUB}/resourceGroups/{name}" for name in ("own", "all")]
    assert run(["-q", "assign", "assignments/prod.json", "--yes"]) == 0
    assert planned(capsys)[0]["pending"] is False
    (change,) = [row for row in planned(capsys, "-e", "test")[0]["changes"] if row["paths"]]
    assert change["paths"] == ["properties.notScopes"]


def test_an_inventory_is_judged_as_the_assignment_would_be(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {
            "id": f"{SUB}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{group}",
            "type": "microsoft.storage/storageaccounts",
            "name": group,
            "location": "westeurope",
            "properties": {},
        }
        for group in ("judged", "out")
    ]
    Path("estate.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    environments(test={"notScopes": [f"{SUB}/resourceGroups/out"]})

    def judged(*options: str) -> set[str]:
        capsys.readouterr()
        given = ("-a", "assignments/prod.json", "--inventory", "estate.jsonl")
        run(["-q", *options, "evaluate", *given, "--all-states", "-o", "jsonl"])
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return {
            one["resourceId"].rpartition("/")[2] for one in lines if one["complianceState"] == "NonCompliant"
        }

    assert judged() == {"judged", "out"}
    assert judged("-e", "test") == {"judged"}


def test_excluded_subscriptions_are_left_alone(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environments(test={"excludedScopes": [SUB]})
    assert run(["plan", "assignments/prod.json", "-e", "test"]) == 2
    shown = capsys.readouterr().err
    assert "BP654" in shown
    assert "blueprinter.yaml:1:" in shown
    assert run(["plan", "assignments/prod.json", "-e", "test", "--subscription", SUB]) == 2
    assert run(["plan", "assignments/prod.json", "-e", "test", "-m", TENANT]) == 2
    assert "every subscription of" in capsys.readouterr().err
    assert run(["evaluate", "-a", "assignments/prod.json", "-e", "test"]) == 2
    assert "among the excluded scopes" in capsys.readouterr().err
    environments(test={"excludedScopes": [OTHER]})
    assert planned(capsys, "-e", "test", "-m", TENANT)[0]["scope"] == SUB


def test_commands_without_an_assignment_take_the_scopes_of_the_environment(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-q", "assign", "assignments/prod.json", "--yes"]) == 0
    environments(test={"scopes": [SUB]}, group={"managementGroup": TENANT}, none={"excludedScopes": [SUB]})
    for name in ("test", "group"):
        capsys.readouterr()
        assert run(["status", "-e", name]) == 0
        assert f"{SUB}\n  succeeded  prod: sample 1.0.0" in capsys.readouterr().out
    assert run(["status", "-e", "none"]) == 2
    assert "every subscription of `the tenant`" in capsys.readouterr().err
    assert run(["status", "-e", "none", "--subscription", SUB]) == 2
    assert "is named, and is among the excluded scopes" in capsys.readouterr().err


def test_what_is_collected_is_what_the_environment_names(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("assignments/prod.json", assignment(scope=OTHER))
    environments(test={"scopes": [SUB]})
    assert run(["export", "inventory", "-a", "prod", "-e", "test", "-d", "estate"]) == 0
    (manifest,) = Path("estate").glob("*.manifest.json")
    assert SUB in manifest.read_text(encoding="utf-8")
    assert run(["evaluate", "-a", "prod", "-e", "test", "-q", "-o", "json=run.json"]) in (0, 5)
    found = json.loads(Path("run.json").read_text(encoding="utf-8"))
    assert [one["scope"] for one in found["population"]["scopes"]] == [SUB]
    arguments = found["run"]["arguments"]
    assert arguments[arguments.index("-e") + 1] == "test"


def test_a_management_group_of_an_environment_stands_for_all_of_its_subscriptions() -> None:
    """And not for those that the assignment's file names for another environment."""
    found = in_environment(
        load_assignment(document(assignment(), "prod.json")), Environment(management_group=GROUP)
    )
    assert (found.management_group, found.scopes) == (GROUP, ())


def test_registers_and_saved_runs_of_an_environment(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("registers/test").mkdir(parents=True)
    write("registers/test/exemptions.json", {"schema": "blueprinter/exemptions/1", "exemptions": [{}]})
    environments(test={"registers": "registers/test", "history": "test.db"}, prod={})
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
    }
    write("infra.json", template)
    evaluate = ("-q", "evaluate", "-a", "assignments/prod.json", "infra.json")
    assert run([*evaluate, "-e", "test"]) == 2
    assert "registers/test/exemptions.json" in capsys.readouterr().err
    write("registers/test/exemptions.json", {"schema": "blueprinter/exemptions/1", "exemptions": []})
    run([*evaluate, "-e", "test", "--save"])
    assert Path("test.db").is_file()
    assert run(["-e", "test", "history", "list"]) == 0
    assert "sample" in capsys.readouterr().out
    run([*evaluate, "--save"])
    assert Path(".blueprinter/history.db").is_file()


# --- what is wrong, and where ----------------------------------------------------------------------------------------

FAULTS = [
    ("environments: {test: {scopes: [/subscriptions/x]}}", "BP654", "1:32"),
    ("environments: {test: {excludedScopes: [/subscriptions/x]}}", "BP654", "1:40"),
    ("environments: {test: {notScopes: [sandbox]}}", "BP654", "1:35"),
    ("notScopes: [sandbox]\nenvironments: {test: {}}", "BP654", "1:13"),
    ("environments: {test: {identity: {type: Machine}}}", "BP654", "1:40"),
    ("environments: {test: {identity: {type: UserAssigned}}}", "BP654", "1:33"),
    ("environments: {test: {managementGroup: /subscriptions/x}}", "BP654", "1:40"),
    ("environments: {test: {definitionScope: platform}}", "BP654", "1:40"),
    ("environments: {test: {registers: nowhere}}", "BP101", "1:34"),
    ("environments: {test: {registers: ../x}}", "BP114", "1:34"),
    ("environments: {test: {parameters: [none.yaml]}}", "BP101", "1:36"),
    ("environments: {test: {scope: x}}", "BP110", "1:23"),
    ("environments: {test: {cloud: AzureClod}}", "BP603", "1:30"),
    ("cloud: AzureGermanCloud\nenvironments: {test: {}}", "BP603", "1:8"),
    ("environments: {prod: {}, stage: {}}", "BP654", "1:15"),
]


@pytest.mark.parametrize(("text", "code", "place"), FAULTS, ids=[text for text, _, _ in FAULTS])
def test_a_fault_has_its_place(tmp_path: Path, text: str, code: str, place: str) -> None:
    file = tmp_path / "blueprinter.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as found:
        read_environment(tmp_path, "test")
    first = found.value.diagnostics[0]
    assert (first.code, str(first.position)) == (code, f"{file}:{place}")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = "cloud: Clod\nnotScopes: [x]\nenvironments: {test: {scopes: [y], parameters: [z.yaml]}}"
    (tmp_path / "blueprinter.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as found:
        read_environment(tmp_path, "test")
    assert [one.code for one in found.value.diagnostics] == ["BP603", "BP654", "BP654", "BP101"]


def test_an_unknown_environment_lists_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    environments(test={}, prod={})
    assert run(["status", "-e", "pord"]) == 2
    shown = capsys.readouterr().err
    assert "did you mean `prod`?; environments: test, prod" in shown
    assert "blueprinter.yaml:1:" in shown
    Path("blueprinter.yaml").unlink()
    assert run(["status", "-e", "prod"]) == 2
    assert "there is no `blueprinter.yaml`" in capsys.readouterr().err
