"""The ready-made pipelines: they parse, call commands and options that exist, and ask for no more than they need."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from blueprinter import __version__
from blueprinter.cli import run
from unit.cli.command_lines import parse

ROOT = Path(__file__).parents[3]
PIPELINES = ROOT / "examples" / "pipelines"
GITHUB = sorted((PIPELINES / "github").glob("*.yml"))
AZURE_DEVOPS = sorted((PIPELINES / "azure-devops").glob("*.yml"))
ACTION = ROOT / "action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
SYSTEMS = [
    pytest.param("github", GITHUB, id="github"),
    pytest.param("azure-devops", AZURE_DEVOPS, id="azure"),
]
ALL = [*GITHUB, *AZURE_DEVOPS, ACTION]

ALLOWED = {
    "pull-request": {"contents": "read", "security-events": "write"},
    "plan": {"contents": "read", "id-token": "write", "pull-requests": "write"},
    "assign": {"contents": "read", "id-token": "write"},
    "evaluate": {"contents": "read", "id-token": "write"},
}
SCRIPTS = ("run", "bash", "script", "inlineScript")
SHELL = re.compile(r'\s*(\|\||&&|;|<|>).*$|"\$\{\w+\[@\]\}"')


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def triggers(workflow: dict[Any, Any]) -> dict[str, Any]:
    found = workflow[True]  # YAML 1.1 reads the key `on` as true
    assert isinstance(found, dict)
    return found


def entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key), inner
            yield from entries(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from entries(inner)


def scripts(file: Path) -> list[str]:
    return [text for key, text in entries(read(file)) if key in SCRIPTS and isinstance(text, str)]


def command_lines(file: Path) -> list[list[str]]:
    """The arguments of every call of blueprinter; what the shell fills in stays as it is written."""
    lines = (line.strip() for text in scripts(file) for line in text.replace("\\\n", " ").splitlines())
    calls = [line for line in lines if line.startswith("blueprinter ")]
    if file == ACTION:
        calls = [_with_defaults(call) for call in calls]
    return [shlex.split(SHELL.sub("", call))[1:] for call in calls]


def _with_defaults(call: str) -> str:
    """A call of the action with the defaults of its inputs."""
    action = read(ACTION)
    (environment,) = (step["env"] for step in action["runs"]["steps"] if step.get("id") == "evaluate")
    for variable, expression in environment.items():
        name = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", expression)
        if name is not None:
            call = call.replace(f"${variable}", action["inputs"][name[1]]["default"])
    return call


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert run(["-q", "init"]) == 0
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.json").write_text("{}", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("system", "files"), SYSTEMS)
def test_both_systems_have_the_same_four(system: str, files: list[Path]) -> None:
    assert {file.stem for file in files} == set(ALLOWED)
    assert all(isinstance(read(file), dict) for file in files)


@pytest.mark.parametrize("file", ALL, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_command_and_option_exists(file: Path, repository: Path) -> None:
    calls = command_lines(file)
    assert calls
    for arguments in calls:
        parse(arguments)


def test_a_wrong_option_would_be_noticed(repository: Path) -> None:
    with pytest.raises(click.UsageError):
        parse(["evaluate", "--no-such-option"])


@pytest.mark.parametrize(("system", "files"), SYSTEMS)
def test_the_steps_do_what_they_are_for(system: str, files: list[Path]) -> None:
    calls = {file.stem: [" ".join(call) for call in command_lines(file)] for file in files}
    assert [call.split(" -")[0] for call in calls["pull-request"]] == [
        "validate",
        "policy lint",
        "policy test",
        "evaluate infra/**/*.json",
    ]
    assert [call.split()[0] for call in calls["plan"]] == ["plan"]
    assert [call.split()[0] for call in calls["assign"]] == ["plan", "assign"]
    assert "--plan out/plan.json --yes" in calls["assign"][1]
    assert [call.split()[0] for call in calls["evaluate"]] == ["evaluate", "drift"]
    assert "--save" in calls["evaluate"][0]
    for stem, file in ((file.stem, file) for file in files):
        assert ("--baseline baseline.json" in file.read_text()) == (stem in ("pull-request", "evaluate"))


@pytest.mark.parametrize("file", GITHUB, ids=lambda file: file.stem)
def test_workflows_have_the_least_permissions(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {}
    allowed = ALLOWED[file.stem]
    for job in workflow["jobs"].values():
        assert job["permissions"].items() <= allowed.items()
        signs_in = any("azure/login" in str(step.get("uses")) for step in job["steps"])
        assert ("id-token" in job["permissions"]) == signs_in
        assert job["timeout-minutes"] <= 120


@pytest.mark.parametrize("file", [*GITHUB, ACTION], ids=lambda file: file.stem)
def test_actions_are_pinned(file: Path) -> None:
    used = [value for key, value in entries(read(file)) if key == "uses"]
    assert used
    for name in used:
        assert re.fullmatch(r"(actions|azure|github)/[\w/-]+@(v\d+(\.\d+)*|[0-9a-f]{40})", name), name


@pytest.mark.parametrize("file", ALL, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_nothing_secret_is_named(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for word in ("secrets.", "client-secret", "password:", "AZURE_CREDENTIALS", "System.AccessToken"):
        assert word.casefold() not in text.casefold()


@pytest.mark.parametrize("file", [*GITHUB, ACTION], ids=lambda file: file.stem)
def test_no_expression_is_pasted_into_a_script(file: Path) -> None:
    # the text of an expression would be run: names of branches and inputs are what others write
    assert all("${{" not in text for text in scripts(file))


def test_a_fork_gets_no_token() -> None:
    plan = read(PIPELINES / "github" / "plan.yml")
    assert set(triggers(plan)) == {"pull_request"}
    assert "head.repo.full_name == github.repository" in plan["jobs"]["plan"]["if"]
    for file in GITHUB:
        assert "pull_request_target" not in file.read_text(encoding="utf-8")


def test_only_the_approved_job_writes_to_azure() -> None:
    jobs = read(PIPELINES / "github" / "assign.yml")["jobs"]
    assert jobs["assign"]["environment"] == "production"
    assert jobs["assign"]["needs"] == "plan"
    clients = {name: re.findall(r"vars\.(\w*CLIENT_ID)", str(job)) for name, job in jobs.items()}
    assert clients == {"plan": ["AZURE_PLAN_CLIENT_ID"], "assign": ["AZURE_CLIENT_ID"]}
    stages = read(PIPELINES / "azure-devops" / "assign.yml")["stages"]
    connections = [[value for key, value in entries(stage) if key == "azureSubscription"] for stage in stages]
    assert connections == [["blueprinter-plan"], ["blueprinter-assign"]]
    assert stages[1]["jobs"][0]["environment"] == "production"


def test_a_run_that_found_gaps_is_kept() -> None:
    # a cache that is saved at the end of a job, as both systems have one, is saved only when the job succeeds
    steps = read(PIPELINES / "github" / "evaluate.yml")["jobs"]["evaluate"]["steps"]
    used = {str(step.get("uses")).partition("@")[0]: step for step in steps}
    assert "actions/cache" not in used
    assert "!cancelled()" in used["actions/cache/save"]["if"]
    restored, saved = (used[f"actions/cache/{what}"]["with"] for what in ("restore", "save"))
    assert (restored["key"], restored["path"]) == (saved["key"], saved["path"])
    kept = [
        step
        for step in read(PIPELINES / "azure-devops" / "evaluate.yml")["steps"]
        if step.get("inputs", {}).get("artifact") == "history"
    ]
    assert [step["task"] for step in kept] == ["DownloadPipelineArtifact@2", "PublishPipelineArtifact@1"]
    assert kept[0]["inputs"]["allowFailedBuilds"] is True
    assert kept[1]["condition"] == "succeededOrFailed()"


def test_azure_devops_signs_in_only_where_azure_is_asked() -> None:
    for file in AZURE_DEVOPS:
        uses_azure = any(value == "AzureCLI@2" for key, value in entries(read(file)) if key == "task")
        assert uses_azure == (file.stem != "pull-request")


def test_inputs_of_the_action_are_used_and_described() -> None:
    action = read(ACTION)
    assert action["runs"]["using"] == "composite"
    text = ACTION.read_text(encoding="utf-8")
    for name, row in action["inputs"].items():
        assert f"${{{{ inputs.{name} }}}}" in text, name
        assert row["description"]
        assert isinstance(row["default"], str)


def test_hooks_call_commands_that_exist() -> None:
    hooks = read(HOOKS)
    assert [hook["id"] for hook in hooks] == [
        "blueprinter-validate",
        "blueprinter-policy-lint",
        "blueprinter-policy-test",
    ]
    for hook in hooks:
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
        parse(shlex.split(hook["entry"])[1:])
        assert re.search(hook["files"], "policies/governance/x/policy.json")
        assert not re.search(hook["files"], "docs/policies.md")


def test_the_version_is_this_one() -> None:
    for file in ("docs/pipelines.md", "examples/repository/requirements-blueprinter.txt"):
        versions = set(re.findall(r"(?:@|rev: )v(\d+\.\d+\.\d+)", (ROOT / file).read_text(encoding="utf-8")))
        assert versions == {__version__}
