"""`blueprinter init`: a repository that works at once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from blueprinter.cli import run
from blueprinter.cli.commands.init import PIPELINES, starting_files
from unit.cli.command_lines import parse
from unit.cli.conftest import Cli

STARTS_WITH = {
    ".gitignore",
    "README.md",
    "assignments/example.yaml",
    "blueprinter.yaml",
    "infra/storage.json",
    "policies/governance/tag-cost-centre/policy.json",
    "policies/governance/tag-cost-centre/tests.yaml",
    "registers/attestations.yaml",
    "registers/exemptions.yaml",
    "registers/inherited.yaml",
    "registers/soa.yaml",
}


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_repository_holds_one_of_each(cli: Cli, tmp_path: Path) -> None:
    done = cli("init")
    assert done.code == 0
    assert files(tmp_path) == STARTS_WITH
    assert f"{len(STARTS_WITH)} files written" in done.out
    assert "--pipeline github" in done.out


@pytest.mark.parametrize(
    ("pipeline", "folder"), [("github", ".github/workflows"), ("azure-devops", "pipelines")]
)
def test_pipelines_come_along(cli: Cli, tmp_path: Path, pipeline: str, folder: str) -> None:
    assert cli("init", "here", "--pipeline", pipeline).code == 0
    names = ("assign", "evaluate", "plan", "pull-request")
    more = {f"{folder}/blueprinter-{name}.yml" for name in names} | {"requirements-blueprinter.txt"}
    assert files(tmp_path / "here") == STARTS_WITH | more


def test_everything_validates_at_once(cli: Cli) -> None:
    cli("init")
    done = cli("validate", "-o", "json")
    assert done.code == 0
    found = json.loads(done.out)["diagnostics"]
    # forms that nobody has filled in yet, and nothing else
    assert {one["code"] for one in found if one["severity"] != "info"} == {"BP264"}
    assert cli("policy", "test").code == 0
    assert cli("policy", "lint", "--strict").code == 0


def test_the_first_evaluation_is_clean_and_its_policy_is_judged(cli: Cli) -> None:
    cli("init")
    done = cli(
        "evaluate",
        "-a",
        "assignments/example.yaml",
        "infra/**/*.json",
        "--policies",
        "policies",
        "-o",
        "json",
    )
    assert done.code == 0
    run_ = json.loads(done.out)
    states = run_["counts"]["states"]
    assert (states["gap"], states["at-risk"]) == (0, 0)
    assert run_["coverage"]
    lines = cli(
        "evaluate", "--policies", "policies", "infra/storage.json", "--all-states", "-o", "jsonl"
    ).out.splitlines()
    assert [json.loads(line)["complianceState"] for line in lines] == ["Compliant"]


def test_evaluate_without_anything_says_what_to_give(cli: Cli) -> None:
    cli("init")
    done = cli("evaluate")
    assert done.code == 2
    assert "--inventory" in done.err
    assert "-a" in done.err


def test_what_is_there_stays(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "soa.yaml").write_text("also mine", encoding="utf-8")
    done = cli("init")
    assert done.code == 0
    assert "2 files left as they were" in done.out
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "registers" / "soa.yaml").read_text(encoding="utf-8") == "also mine"
    again = cli("init", "--pipeline", "github")
    assert "5 files written" in again.out
    assert files(tmp_path) > STARTS_WITH


def test_a_link_to_nowhere_is_not_followed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "README.md").symlink_to(tmp_path / "elsewhere")
    assert cli("init").code == 0
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_the_way_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "registers").write_text("a file", encoding="utf-8")
    done = cli("init")
    assert done.code != 0
    assert "registers" in done.err


def test_what_it_says_to_do_next_can_be_called(cli: Cli, tmp_path: Path) -> None:
    told = [line.split() for line in cli("init").out.splitlines() if line.startswith("  blueprinter ")]
    (tmp_path / "estate").mkdir()
    assert len(told) == 6
    for _, *arguments in told:
        parse([argument.strip("'") for argument in arguments])


def test_quiet_says_nothing(cli: Cli) -> None:
    done = cli("-q", "init")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_what_is_ignored_is_what_the_commands_leave_behind(tmp_path: Path) -> None:
    assert run(["-q", "init", str(tmp_path)]) == 0
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    names = [".blueprinter/history.db", "out/report.html", "assignments/example.yaml", "baseline.json"]
    ignored = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", *names], capture_output=True, text=True, check=False
    )
    assert ignored.stdout.split() == names[:2]


def test_names_are_in_order_and_below_the_folder() -> None:
    for pipeline in (*PIPELINES, "none"):
        names = [name for name, _ in starting_files(pipeline)]
        assert names == sorted(names)
        assert not any(name.is_absolute() or ".." in name.parts for name in names)


def test_a_fault_in_the_environments_is_found(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    file = tmp_path / "blueprinter.yaml"
    good = file.read_text(encoding="utf-8")
    for fault, code in (
        (good.replace("cloud: AzureCloud", "cloud: AzureClod"), "BP603"),
        (good.replace("scopes:", "scops:"), "BP110"),
        (good.replace("# parameters:", "parameters:"), "BP101"),
    ):
        file.write_text(fault, encoding="utf-8")
        for paths in ((), ("blueprinter.yaml",), (".",)):
            done = cli("validate", *paths)
            assert done.code == 2
            assert f"error[{code}]" in done.out
