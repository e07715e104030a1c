"""What is written: every target, byte for byte, and the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from blueprinter.cli import run
from blueprinter.render import TARGETS
from blueprinter.render.targets import bicep_text, hcl_text
from unit.render.kit import GROUP, VAULT, Kit, auditing, deploying

GOLDEN = Path(__file__).parents[2] / "golden" / "render"
TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}, "password": {"type": "secureString"}},
    "resources": [],
    "outputs": {"id": {"type": "string", "value": "[parameters('name')]"}},
}


def kit(tmp_path: Path) -> Kit:
    """A bit of everything."""
    found = Kit(tmp_path)
    found.policies = {"deploys": deploying(), "audits": auditing()}
    found.parameters = {
        "prefix": {"type": "string"},
        "owners-of-it": {"type": "array", "defaultValue": []},
        "password": {"type": "secureString"},
    }
    found.groups = {"Hub": {"name": "[concat('rg-', parameters('prefix'))]", "location": "westeurope"}}
    found.assignment = {
        "definitionScope": GROUP,
        "locks": {"mode": "AllResourcesDoNotDelete"},
        "parameters": {
            "prefix": {"value": "it's ${x}"},
            "owners-of-it": {"value": ["11111111-1111-1111-1111-111111111111"]},
            "password": VAULT,
        },
    }
    found.policy("deploys", artifact="diagnostics", displayName="[Preview]: diagnostics")
    found.policy(
        "audits", artifact="audit", resourceGroup="Hub", notScopes=["[concat(subscription().id, '/x')]"]
    )
    found.role("owners", "[parameters('owners-of-it')]", resourceGroup="Hub", principalType="Group")
    parameters = {
        "name": {"value": "[parameters('prefix')]"},
        "password": {"value": "[parameters('password')]"},
    }
    found.template("vault", TEMPLATE, resourceGroup="Hub", parameters=parameters)
    return found


@pytest.mark.parametrize("target", ["stack", "template", "bicep", "terraform"])
def test_golden(tmp_path: Path, target: str, request: pytest.FixtureRequest) -> None:
    found = kit(tmp_path)
    found.options = {"target": target, "split_roles": target == "terraform"}
    made = found.render()
    folder = GOLDEN / target
    assert set(made.files) == {file.name for file in folder.iterdir()}
    for name, content in made.files.items():
        assert content.decode() == (folder / name).read_text(encoding="utf-8"), f"{target}/{name}"


def test_every_target_has_a_golden_example() -> None:
    assert set(TARGETS.names()) == {folder.name for folder in GOLDEN.iterdir()}


def test_strings_of_other_languages() -> None:
    text = 'it\'s ${x} %{y} "q" \\ \n'
    assert bicep_text(text) == "'it\\'s \\${x} %{y} \"q\" \\\\ \\n'"
    assert hcl_text(text) == '"it\'s $${x} %%{y} \\"q\\" \\\\ \\n"'


# --- the command -------------------------------------------------------------------------------------------------

SUBSCRIPTIONS = [f"/subscriptions/00000000-0000-0000-0000-00000000000{number}" for number in (1, 2)]


def assignment(tmp_path: Path, **more: object) -> Path:
    file = tmp_path / "prod.json"
    body = {
        "schema": "blueprinter/assignment/1",
        "name": "prod",
        "blueprint": "azure-starter",
        "location": "westeurope",
    }
    file.write_text(json.dumps({**body, "scope": SUBSCRIPTIONS[:1], **more}))
    return file


def test_the_command_writes_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(["render", "azure-starter", "-a", str(assignment(tmp_path)), "-d", str(out)]) == 0
    assert sorted(file.name for file in out.iterdir()) == [
        "assignment.json",
        "assignment.parameters.json",
        "assignment.stack.json",
    ]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "wrote 3 files" in captured.err


def test_several_subscriptions_get_a_folder_each(tmp_path: Path) -> None:
    out = tmp_path / "out"
    file = assignment(tmp_path, scope=SUBSCRIPTIONS)
    assert run(["-q", "render", "-a", str(file), "-t", "template", "-d", str(out)]) == 0
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.json")) == [
        f"{scope.rpartition('/')[2]}/assignment{kind}.json"
        for scope in SUBSCRIPTIONS
        for kind in ("", ".parameters")
    ]


def test_a_body_without_a_scope_is_put_on_a_subscription(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `az blueprint assignment` was sent has no scope: it stood in the address."""
    body = {"location": "westeurope", "properties": {"parameters": {}, "resourceGroups": {}}}
    file = tmp_path / "body.json"
    file.write_text(json.dumps(body))
    out = tmp_path / "out"
    assert run(["render", "azure-starter", "-a", str(file), "-d", str(out)]) == 2
    assert "or name one with `--subscription`" in capsys.readouterr().err
    given = json.loads(assignment(tmp_path).read_text())
    body["properties"] = {
        "parameters": given.get("parameters", {}),
        "resourceGroups": given.get("resourceGroups", {}),
    }
    file.write_text(json.dumps(body))
    scope = SUBSCRIPTIONS[0].rpartition("/")[2]
    assert run(["render", "azure-starter", "-a", str(file), "-d", str(out), "--subscription", scope]) == 0
    assert SUBSCRIPTIONS[0] in (out / "assignment.json").read_text()


def test_faults_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    file = assignment(tmp_path, location=None)
    file.write_text(json.dumps({key: value for key, value in json.loads(file.read_text()).items() if value}))
    assert run(["render", "-a", str(file), "-d", str(out)]) == 2
    assert "error[BP622]: the assignment has no location" in capsys.readouterr().err
    assert not out.exists()
    assert run(["render", "-a", str(file), "-t", "stak", "-d", str(out)]) == 2
    assert "did you mean" in capsys.readouterr().err.lower()


def test_adopted_files_are_read_beside_the_assignment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = assignment(tmp_path, adopted="adopted.json")
    assert run(["render", "-a", str(file), "-d", str(tmp_path / "out")]) == 2
    (tmp_path / "adopted.json").write_text('{"artifacts": {"controls": {"name": "live"}}}')
    assert run(["render", "-a", str(file), "-d", str(tmp_path / "out")]) == 0
    assert '"name": "live"' in (tmp_path / "out" / "assignment.json").read_text()
    capsys.readouterr()


def test_bytes_do_not_depend_on_the_process(tmp_path: Path) -> None:
    made = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        arguments = [
            "render",
            "iso-27001-2022",
            "-a",
            str(assignment(tmp_path)),
            "-t",
            "terraform",
            "-d",
            str(out),
        ]
        program = f"import sys; from blueprinter.cli import run; sys.exit(run({arguments!r}))"
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True
        )
        made.append({file.name: file.read_bytes() for file in out.iterdir()})
    assert made[0] == made[1]
