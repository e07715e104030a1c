"""docs/outputs.md says which keys machine outputs have: each shape is held against what the commands really print."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from blueprinter.cli import run
from unit.cli.shapes import Shape, shape_of
from unit.deploy.box import SUB, acting
from unit.deploy.test_commands import assignment, head, repository, url, write

__all__ = ["repository", "url"]
ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "outputs.md"
FILE = "assignments/prod.json"
EXAMPLES = ROOT / "examples" / "contoso"


def documented() -> dict[str, list[Shape]]:
    """Schema -> the shapes that are drawn for it."""
    found: dict[str, list[Shape]] = {}
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    for code in re.findall(r'`(\{"schema": "blueprinter/[^`]*\})`', text):
        name = re.match(r'\{"schema": "([^"]*)"', code)
        assert name is not None
        found.setdefault(name[1], []).append(shape_of(code))
    return found


SHAPES = documented()


def check(value: dict[str, Any]) -> None:
    """Raises where a value is of none of the shapes of its schema."""
    faults = [list(shape.faults(value)) for shape in SHAPES[value["schema"]]]
    assert [] in faults, min(faults, key=len)


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def call(*arguments: str | Path) -> dict[str, Any]:
        capsys.readouterr()
        run([str(argument) for argument in arguments])
        value: dict[str, Any] = json.loads(capsys.readouterr().out)
        check(value)
        return value

    return call


Printed = Callable[..., dict[str, Any]]


def filled(value: Any, path: str = "$") -> Iterator[str]:
    """The paths below which there is something, so that a shape was really looked at."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from filled(one, f"{path}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from filled(one, f"{path}[]")
    elif value is not None:
        yield path


def test_what_deploying_prints(
    repository: Path, printed: Printed, capsys: pytest.CaptureFixture[str]
) -> None:
    """One assignment through everything that can be told of it."""
    write("policies/storage/deploys/policy.json", acting())
    properties = {"policyDefinition": "deploys", "parameters": {}}
    write("blueprints/sample/artifacts/deploys.json", {"kind": "policyAssignment", "properties": properties})
    rings = [{"name": "all"}, {"name": "enforce", "promoteWhen": {"maxGaps": 0, "days": 7}}]
    given = {
        "identity": {"type": "SystemAssigned"},
        "locks": {"mode": "AllResourcesDoNotDelete"},
        "rings": rings,
    }
    write(FILE, assignment(**given))
    first = printed("plan", FILE, "-o", "json", "--what-if")
    seen = set(filled(first))
    assert {"$.plans[].changes[].id", "$.plans[].rights[].held", "$.plans[].whatIf.changes[].id"} <= seen
    assert run(["-q", "assign", FILE, "--yes"]) == 0
    remedied = printed("remediate", FILE, "--yes", "-o", "json")
    assert "$.tasks[].state" in set(filled(remedied))
    Path("blueprints/sample/artifacts/assign-audits.json").unlink()
    write("blueprints/sample/blueprint.json", head("2.0.0"))
    later = set(filled(printed("plan", FILE, "-o", "json")))
    assert {"$.plans[].changes[].residue", "$.plans[].diagnostics[].code"} & later
    stood = set(filled(printed("status", FILE, "-o", "json")))
    assert {
        "$.assignments[].stacks[].locks[].denyStatus",
        "$.assignments[].drifted[].id",
        "$.assignments[].left[].kind",
        "$.assignments[].remediations[].state",
        "$.rings[].rings[].gate.holds",
    } <= stood
    assert "$.scopes[].stacks[].state" in set(filled(printed("status", "-o", "json")))
    assert "$.assignments[].drifted[].what" in set(filled(printed("drift", FILE, "-o", "json")))


def test_the_record_of_a_published_version(repository: Path) -> None:
    assert run(["-q", "publish", "sample"]) == 0
    check(json.loads(Path("published/sample/1.0.0/published.json").read_text(encoding="utf-8")))


def test_what_refuses(repository: Path, printed: Printed) -> None:
    denies = acting()
    denies["policyRule"]["then"] = {"effect": "Deny"}
    write("policies/storage/audits/policy.json", denies)
    assert "$.plans[].refused[].policy" in set(filled(printed("plan", FILE, "-o", "json")))


def test_what_checking_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["-q", "init"]) == 0
    assert "$.diagnostics[].code" in set(filled(printed("validate", "-o", "json")))
    assert "$.cases[].name" in set(filled(printed("policy", "test", "-o", "json")))
    printed("policy", "lint", "-o", "json")
    printed("template", "expand", "infra/storage.json")
    assert "$.items[].controls[].id" in set(
        filled(printed("show", "coverage", "azure-starter", "-o", "json"))
    )
    printed("show", "control", "A.8.24", "-o", "json")
    printed("catalog", "check", "policies", "-o", "json")


def test_what_saved_runs_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    monkeypatch.chdir(tmp_path)
    template = EXAMPLES / "templates" / "partner-exchange.json"
    for now in ("2026-11-20", "2026-11-21"):
        run(["-q", "evaluate", "azure-starter", str(template), "--save", "--now", now])
    assert "$.runs[].blueprint.sha256" in set(filled(printed("history", "list", "-o", "json")))
    printed("history", "compare", "-o", "json")
    drawn = set(filled(printed("report", "latest", "--sample", "2", "-o", "json")))
    assert "$.sample[].findings[].severity" in drawn


def test_what_policy_authors_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    monkeypatch.chdir(tmp_path)
    policy = ROOT / "policies" / "storage" / "storage-https-only" / "policy.json"
    id = f"{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/open"
    resource = {
        "id": id,
        "type": "Microsoft.Storage/storageAccounts",
        "name": "open",
        "location": "westeurope",
    }
    resource["properties"] = {"supportsHttpsTrafficOnly": False}  # type: ignore[assignment]  # JSON
    write("resource.json", resource)
    Path("estate.jsonl").write_text(json.dumps(resource) + "\n", encoding="utf-8")
    told = set(filled(printed("policy", "explain", policy, "--resource", "resource.json", "-o", "json")))
    assert {"$.rule.steps[].outcome", "$.finding.path"} <= told
    milder = json.loads(policy.read_text(encoding="utf-8"))
    milder["properties"]["policyRule"]["if"] = {"field": "type", "equals": "Microsoft.Web/sites"}
    write("milder/policy.json", milder)
    changed = set(
        filled(printed("policy", "diff", policy, "milder", "--inventory", "estate.jsonl", "-o", "json"))
    )
    assert "$.policies[].policy" in changed


def test_every_shape_that_is_drawn_is_looked_at() -> None:
    deploying = {"plan", "status", "drift", "remediate", "published"}
    checking = {"validate", "policy-test", "policy-lint", "template-expand", "show", "catalog-check"}
    authoring = {"policy-explain", "policy-diff"}
    runs = {"history", "history-compare", "sample"}
    assert set(SHAPES) == {f"blueprinter/{name}/1" for name in deploying | checking | authoring | runs}


WRONG = [
    ({"schema": "blueprinter/published/1"}, "$.blueprint is missing"),
    ({"schema": "blueprinter/remediate/1", "tasks": [{}]}, "$.tasks[0].failed is missing"),
    ({"schema": "blueprinter/remediate/1", "tasks": {}}, "$.tasks is no array"),
    ({"schema": "blueprinter/remediate/1", "tasks": [], "more": 1}, "$.more is not documented"),
]


@pytest.mark.parametrize(("value", "fault"), WRONG)
def test_a_difference_is_noticed(value: dict[str, Any], fault: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(fault)):
        check(value)


def test_shapes_are_read() -> None:
    shape = shape_of(
        '{"schema": "x", a?, b: null | {c, d: [{e, f}]}, m: {state: count}, "k": open|closed, …}'
    )
    assert not list(shape.faults({"schema": "x", "b": None, "m": {"q": 1}, "k": 1, "z": 2}))
    assert sorted(shape.faults({"schema": "y", "b": {"c": 1, "d": [{"e": 1}]}, "m": 3, "k": 1})) == [
        "$.b.d[0].f is missing",
        "$.m is no object",
        "$.schema is 'y' and not 'x'",
    ]
