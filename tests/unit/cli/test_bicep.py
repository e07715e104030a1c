"""Bicep files through a stand-in for the Bicep CLI."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from blueprinter.arm import bicep, compile_bicep, source_of
from blueprinter.blueprint import load_blueprint
from blueprinter.diagnostics import InvalidInput
from unit.cli.conftest import Cli

TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}},
    "resources": [
        {
            "type": "Microsoft.Storage/storageAccounts",
            "apiVersion": "2023-01-01",
            "name": "[parameters('name')]",
            "properties": {"supportsHttpsTrafficOnly": False},
        }
    ],
}
VALUES = {"parameters": {"name": {"value": "stbicep"}}}
COMPILER = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
verbs = [one for one in sys.argv[1:] if not one.startswith("-") and one != "bicep"]
verb, file = verbs[0], verbs[-1]
text = open(file).read() if os.path.isfile(file) else ""
if verb == "version":
    sys.exit({version})
if "broken" in text:
    sys.stderr.write(file + "(3,7) : Warning no-unused-params: never mind\\n")
    sys.stderr.write(file + "(4,9) : Error BCP057: The name \\"x\\" does not exist. [https://aka.ms/bicep]\\n")
    sys.exit(1)
if "silent" in text:
    sys.exit(1)
if verb == "build":
    sys.stdout.write({template!r})
elif verb == "build-params":
    sys.stdout.write(json.dumps({{"templateJson": {template!r}, "parametersJson": {values!r}}}))
"""


class Compiler:
    """A folder on the PATH for stand-ins, and what they were called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        folder.mkdir()

    def install(self, name: str, *, version: int = 0) -> None:
        program = self.folder / name
        program.write_text(
            COMPILER.format(
                python=sys.executable,
                log=str(self.log),
                template=json.dumps(TEMPLATE),
                values=json.dumps(VALUES),
                version=version,
            )
        )
        program.chmod(0o755)

    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    made = Compiler(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(made.folder))
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path / "azure"))
    (tmp_path / "main.bicep").write_text("param name string\n")
    (tmp_path / "main.bicepparam").write_text("using './main.bicep'\nparam name = 'stbicep'\n")
    return made


def test_a_bicep_file_is_compiled_and_expanded(cli: Cli, compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("bicep")
    done = cli("template", "expand", "main.bicep")
    printed = json.loads(done.out)
    assert done.code == 0
    assert printed["resources"][0]["name"] == "[parameters('name')]"
    assert [one["file"] for one in printed["diagnostics"]] == ["main.bicep (compiled)"]
    assert compiler.calls() == [["build", "--stdout", str(tmp_path / "main.bicep")]]


def test_a_parameter_file_beside_it_is_found(cli: Cli, compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("bicep")
    (tmp_path / "main.parameters.json").write_text(json.dumps({"parameters": {"name": {"value": "beside"}}}))
    printed = json.loads(cli("template", "expand", "main.bicep").out)
    assert printed["resources"][0]["name"] == "beside"


def test_a_bicepparam_file_gives_template_and_values(cli: Cli, compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("bicep")
    printed = json.loads(cli("template", "expand", "main.bicepparam").out)
    assert printed["resources"][0]["name"] == "stbicep"
    assert compiler.calls() == [["build-params", "--stdout", str(tmp_path / "main.bicepparam")]]
    printed = json.loads(cli("template", "expand", "main.bicep", "--parameters", "main.bicepparam").out)
    assert printed["resources"][0]["name"] == "stbicep"


def test_without_a_compiler_the_hint_says_what_to_do(cli: Cli, compiler: Compiler) -> None:
    for command in (
        ("template", "expand", "main.bicep"),
        ("template", "expand", "main.bicepparam"),
        ("evaluate", "main.bicep", "--policies", "."),
    ):
        done = cli(*command)
        assert done.code == 2, command
    done = cli("template", "expand", "main.bicep")
    assert "error[BP536]: the Bicep CLI is not installed" in done.err
    assert "az bicep install" in done.err
    assert done.out == ""


def test_the_compiler_of_az_is_found(compiler: Compiler, tmp_path: Path) -> None:
    own = tmp_path / "azure" / "bin"
    own.mkdir(parents=True)
    compiler.install("bicep")
    (compiler.folder / "bicep").rename(own / "bicep")
    assert compile_bicep(tmp_path / "main.bicep").value == TEMPLATE


def test_az_compiles_where_it_has_bicep(compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("az")
    file = tmp_path / "main.bicep"
    assert compile_bicep(file).value == TEMPLATE
    assert compiler.calls() == [
        ["bicep", "version"],
        ["bicep", "build", "--stdout", "--file", str(file)],
    ]


def test_az_is_not_made_to_install_anything(compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("az", version=1)
    with pytest.raises(InvalidInput) as caught:
        compile_bicep(tmp_path / "main.bicep")
    assert [one.code for one in caught.value.diagnostics] == ["BP536"]
    assert compiler.calls() == [["bicep", "version"]]


def test_faults_of_the_compiler_stand_at_their_place(cli: Cli, compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("bicep")
    (tmp_path / "main.bicep").write_text("broken\n")
    done = cli("template", "expand", "main.bicep")
    assert done.code == 2
    assert done.err == 'main.bicep:4:9: error[BP537]: BCP057: The name "x" does not exist\n'
    (tmp_path / "main.bicep").write_text("silent\n")
    assert "error[BP537]: the Bicep CLI failed" in cli("template", "expand", "main.bicep").err


def test_a_compiler_that_never_ends_is_ended(
    compiler: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = compiler.folder / "bicep"
    program.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    program.chmod(0o755)
    monkeypatch.setattr(bicep, "TIMEOUT", 0.2)
    with pytest.raises(InvalidInput) as caught:
        compile_bicep(tmp_path / "main.bicep")
    assert "did not finish" in caught.value.diagnostics[0].message


def test_a_name_is_never_an_option_or_a_command(compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("bicep")
    for name in ("--help.bicep", "a;touch x.bicep", "$(touch x).bicep"):
        (tmp_path / name).write_text("param name string\n")
        compile_bicep(tmp_path / name)
    assert [call[-1] for call in compiler.calls()] == [
        str(tmp_path / name) for name in ("--help.bicep", "a;touch x.bicep", "$(touch x).bicep")
    ]
    assert not (tmp_path / "x").exists()


def test_findings_in_compiled_bicep(cli: Cli, compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("bicep")
    rule: dict[str, Any] = {
        "if": {
            "allOf": [
                {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                {
                    "field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly",
                    "notEquals": True,
                },
            ]
        },
        "then": {"effect": "audit"},
    }
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "https.json").write_text(
        json.dumps({"properties": {"displayName": "HTTPS", "policyRule": rule}})
    )
    done = cli("evaluate", "main.bicepparam", "--policies", "policies", "-o", "jsonl")
    (line,) = [json.loads(text) for text in done.out.splitlines()]
    assert done.code == 3
    assert line["file"] == "main.bicepparam (compiled)"
    assert source_of(line["file"]) == "main.bicepparam"


def bicep_blueprint(tmp_path: Path, parameters: str) -> Path:
    """A blueprint with one template artifact that is a Bicep file."""
    root = tmp_path / "blueprints" / "shop"
    (root / "artifacts").mkdir(parents=True)
    (root / "blueprint.yaml").write_text(
        "schema: blueprinter/blueprint/1\n"
        "properties:\n"
        "  targetScope: subscription\n"
        "  version: 1.0.0\n"
        "  resourceGroups: {data: {name: rg-data, location: westeurope}}\n"
    )
    (root / "artifacts" / "store.yaml").write_text(
        "kind: template\n"
        f"properties: {{resourceGroup: data, templateFile: ../main.bicep, parameters: {parameters}}}\n"
    )
    (root / "main.bicep").write_text("param name string\n")
    return root


def test_a_template_artifact_may_be_bicep(cli: Cli, compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("bicep")
    root = bicep_blueprint(tmp_path, "{name: {value: stshop}}")
    done = cli("validate", root)
    assert (done.code, done.err) == (0, "0 errors, 0 warnings\n"), done
    assert [call[:2] for call in compiler.calls()] == [["build", "--stdout"]]
    (artifact,) = load_blueprint(root, frameworks={}, builtin_facts=None).artifacts
    assert artifact.properties["template"] == TEMPLATE
    assert artifact.template is not None
    assert source_of(artifact.template.file) == str(artifact.template_path)


def test_its_parameters_are_checked_against_what_it_compiles_to(
    cli: Cli, compiler: Compiler, tmp_path: Path
) -> None:
    compiler.install("bicep")
    done = cli("validate", bicep_blueprint(tmp_path, "{nmae: {value: stshop}}"))
    assert done.code == 2
    assert "has no parameter `nmae`" in done.out
    assert "needs the parameter `name`" in done.out


def test_a_bicep_artifact_without_a_compiler_says_what_to_do(
    cli: Cli, compiler: Compiler, tmp_path: Path
) -> None:
    done = cli("validate", bicep_blueprint(tmp_path, "{name: {value: stshop}}"))
    assert done.code == 2
    assert "error[BP536]: the Bicep CLI is not installed" in done.out
    assert "az bicep install" in done.out


def test_faults_of_a_bicep_artifact_are_told(cli: Cli, compiler: Compiler, tmp_path: Path) -> None:
    compiler.install("bicep")
    root = bicep_blueprint(tmp_path, "{name: {value: stshop}}")
    (root / "main.bicep").write_text("broken\n")
    done = cli("validate", root)
    assert done.code == 2
    assert "BCP057" in done.out
