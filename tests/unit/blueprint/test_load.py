"""Blueprint folders in every layout, and all of their faults at once."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from blueprinter.blueprint import Framework, load_blueprint, policy_names, validate_blueprint
from blueprinter.diagnostics import Diagnostic, InvalidInput, Severity

Write = Callable[[Mapping[str, str]], Path]
Told = Callable[[tuple[Diagnostic, ...]], list[tuple[str, str, int]]]

DEFINITION = """\
schema: blueprinter/blueprint/1
properties:
  displayName: Ours
  version: 1.2.0
  parameters:
    place: {type: string, defaultValue: westeurope}
  resourceGroups:
    Hub: {location: "[parameters('place')]"}
"""
LOCATIONS = """\
kind: policyAssignment
properties:
  policyDefinitionId: e56962a6-4747-49cd-b67b-bf8b01975c4c
  parameters: {listOfAllowedLocations: {value: ["[parameters('place')]"]}}
"""


def test_our_folder(write: Write, small: Framework) -> None:
    root = write({"mine/blueprint.yaml": DEFINITION, "mine/artifacts/locations.yaml": LOCATIONS})
    blueprint = load_blueprint(root / "mine", frameworks={"small": small}, builtin_facts=None)
    assert (blueprint.name, blueprint.display_name, blueprint.version) == ("mine", "Ours", "1.2.0")
    assert not blueprint.exported
    assert blueprint.framework is None
    assert [artifact.name for artifact in blueprint.artifacts] == ["locations"]
    assert blueprint.parameters["place"].default == "westeurope"
    assert blueprint.resource_groups["Hub"].name is None
    assert blueprint.diagnostics == ()


EXPORTED = """\
{"type": "Microsoft.Blueprint/blueprints", "name": "Theirs", "stray": 1, "properties": {
  "targetScope": "subscription", "status": {"timeCreated": "x"},
  "parameters": {"Place": {"type": "string", "allowedValues": [], "metadata": {"strongType": "location"}}},
  "resourceGroups": {"Hub": {"description": "left open"}},
}}
"""
ROLE = """\
{"kind": "roleAssignment", "properties": {"resourceGroup": "hub", "dependsOn": ["other"], "parameters": {},
 "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
 "principalIds": ["[parameters('PLACE')]"]}}
"""
OTHER = """\
{"kind": "template", "id": "/providers/Microsoft.Blueprint/blueprints/Theirs/artifacts/other",
 "properties": {"resourceGroup": "Hub", "parameters": {"SIZE": {"value": 1}}, "template": {
   "parameters": {"size": {"type": "int"}, "more": {"type": "int", "defaultValue": 1}},
   "resources": [{"name": "[resourceGroup().name]"}]}}}
"""


@pytest.mark.parametrize(
    ("definition", "role", "other"),
    [
        ("Blueprint.json", "Artifacts/role.json", "Artifacts/file.json"),
        ("blueprint.json", "artifacts/role.json", "artifacts/file.json"),
        ("blueprint.json", "artifact.role.json", "artifact.file.json"),
        ("01-blueprint.json", "ROLE-owner.json", "TEMP-file.json"),
    ],
)
def test_layouts_of_exported_folders(write: Write, definition: str, role: str, other: str) -> None:
    root = write({definition: EXPORTED, role: ROLE, other: OTHER, "assign.json": '{"todo": "todo"}'})
    blueprint = load_blueprint(root, frameworks={}, builtin_facts=None)
    assert blueprint.exported
    assert blueprint.name == "Theirs"
    assert blueprint.parameters["Place"].allowed == ()
    role_name = Path(role).stem.removeprefix("artifact.")
    assert sorted(artifact.name for artifact in blueprint.artifacts) == sorted([role_name, "other"])
    assert [one for one in blueprint.diagnostics if one.severity is not Severity.INFO] == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings_of_exported_files(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "blueprint.json").write_text(EXPORTED.replace("\n", "\r\n"), encoding=encoding)
    assert (tmp_path / "blueprint.json").read_bytes()[:1] in {codecs.BOM_UTF8[:1], codecs.BOM_UTF16[:1]}
    assert load_blueprint(tmp_path, frameworks={}, builtin_facts=None).name == "Theirs"


@pytest.mark.parametrize("name", ["file", "artifact.file", "other", "OTHER"])
def test_an_artifact_goes_by_any_of_its_names(write: Write, name: str) -> None:
    role = ROLE.replace('"other"', f'"{name}"')
    root = write({"blueprint.json": EXPORTED, "artifact.role.json": role, "artifact.file.json": OTHER})
    blueprint = load_blueprint(root, frameworks={}, builtin_facts=None)
    assert [one for one in blueprint.diagnostics if one.severity is not Severity.INFO] == []


def test_a_closed_folder_refuses_what_an_exported_one_may_hold(write: Write, told: Told) -> None:
    ours = EXPORTED.replace('{"type"', '{"schema": "blueprinter/blueprint/1", "type"', 1)
    root = write({"blueprint.json": ours})
    with pytest.raises(InvalidInput) as found:
        load_blueprint(root, frameworks={}, builtin_facts=None)
    errors = tuple(one for one in found.value.diagnostics if one.severity is Severity.ERROR)
    assert told(errors) == [("BP110", "blueprint.json", 1)]


TEN = {
    "blueprint.yaml": """\
        schema: blueprinter/blueprint/1
        properties:
          version: 1.0 final
          parameters:
            place: {type: string, allowedValues: [westeurope, northeurope], defaultValue: mars}
            pin: {type: secureString, defaultValue: hunter2}
            used: {type: string}
          resourceGroups:
            Hub: {location: "[parameters('plaec')]"}
        """,
    "artifacts/a.yaml": """\
        kind: policyAssignment
        properties:
          policyDefinitionId: e56962a6-4747-49cd-b67b-bf8b01975c4c
          resourceGroup: Hbu
          dependsOn: [b]
          parameters: {x: {value: "[concat(parameters('used'), parameters('place')]"}}
        """,
    "artifacts/b.yaml": """\
        kind: template
        properties:
          dependsOn: [a, nobody]
          parameters: {wrong: {value: "[parameters('used')]"}}
          template: {parameters: {}, resources: []}
        """,
    "artifacts/c.yaml": """\
        kind: polcyAssignment
        properties: {}
        """,
}


def test_ten_faults_give_ten_diagnostics(write: Write, told: Told) -> None:
    root = write(TEN)
    with pytest.raises(InvalidInput) as found:
        load_blueprint(root, frameworks={}, builtin_facts=None)
    errors = tuple(one for one in found.value.diagnostics if one.severity is Severity.ERROR)
    assert sorted(told(errors)) == [
        ("BP202", "blueprint.yaml", 3),  # version
        ("BP203", "c.yaml", 1),  # unknown kind
        ("BP206", "blueprint.yaml", 9),  # plaec
        ("BP207", "a.yaml", 4),  # no placeholder Hbu
        ("BP208", "b.yaml", 3),  # nobody
        ("BP209", "a.yaml", 6),  # the expression is not closed
        ("BP211", "a.yaml", 5),  # a and b wait for each other
        ("BP212", "blueprint.yaml", 5),  # mars
        ("BP213", "blueprint.yaml", 6),  # a secret with a default
        ("BP215", "b.yaml", 4),  # the template has no parameter wrong
    ]
    hints = {one.code: one.hint for one in errors}
    assert hints["BP207"] == "did you mean `Hub`?"
    assert hints["BP206"] == "did you mean `place`?"
    assert hints["BP203"] == "did you mean `policyAssignment`?"
    cycle = next(one.message for one in errors if one.code == "BP211")
    assert cycle == "these wait for each other: `a` → `b` → `a`"


def test_validation_collects_and_never_raises(write: Write) -> None:
    diagnostics = validate_blueprint(write(TEN), frameworks={}, builtin_facts=None)
    assert len([one for one in diagnostics if one.severity is Severity.ERROR]) == 10


def test_a_folder_without_or_with_two_definitions(write: Write) -> None:
    for files in ({"readme.md": "x"}, {"blueprint.yaml": DEFINITION, "blueprint.json": "{}"}):
        root = write(files)
        [only] = validate_blueprint(root, frameworks={}, builtin_facts=None)
        assert only.code == "BP201"


def test_a_template_file_of_the_repository(write: Write) -> None:
    template = '{"parameters": {"size": {"type": "int"}}, "resources": []}'
    artifact = "kind: template\nproperties: {templateFile: %s, parameters: {size: {value: 1}}}\n"
    for named in ("../../../templates/arm/disk.json", "../../templates/arm/disk.json"):
        root = write(
            {
                "blueprints/mine/blueprint.yaml": DEFINITION,
                "blueprints/mine/artifacts/disk.yaml": artifact % named,
                "templates/arm/disk.json": template,
            }
        )
        blueprint = load_blueprint(root / "blueprints/mine", frameworks={}, builtin_facts=None)
        [disk] = blueprint.artifacts
        assert disk.template is not None
        assert disk.properties["template"] == disk.template.value


def test_a_template_file_outside_of_the_repository(write: Write) -> None:
    artifact = "kind: template\nproperties: {templateFile: ../../../../../elsewhere.json}\n"
    root = write(
        {"blueprints/mine/blueprint.yaml": DEFINITION, "blueprints/mine/artifacts/disk.yaml": artifact}
    )
    diagnostics = validate_blueprint(root / "blueprints/mine", frameworks={}, builtin_facts=None)
    assert [one.code for one in diagnostics if one.severity is Severity.ERROR] == ["BP114"]


def test_a_missing_template_file(write: Write) -> None:
    artifact = "kind: template\nproperties: {templateFile: ../absent.json}\n"
    root = write({"blueprint.yaml": DEFINITION, "artifacts/disk.yaml": artifact})
    diagnostics = validate_blueprint(root, frameworks={}, builtin_facts=None)
    assert [one.code for one in diagnostics if one.severity is Severity.ERROR] == ["BP225"]


def test_names_of_policies(write: Write) -> None:
    root = write(
        {
            "one/storage/https/policy.json": "{}",
            "one/network/ports/policy.json": "{}",
            "one/vm/Ports/policy.json": "{}",
            "two/storage/https/policy.json": "{}",
        }
    )
    names = policy_names([root / "one", root / "two"])
    assert {name: len(files) for name, files in names.items()} == {"https": 1, "ports": 2}
    assert names["https"][0].is_relative_to(root / "two")


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("{}", ["`ports` needs a value for `ports`"]),
        ("{mode: {value: x}}", ["`ports` needs a value for `ports`"]),
        ("{Ports: {value: [22]}}", []),
        (
            "{ports: {reference: {keyVault: {id: v}, secretName: s}}}",
            ["the value of `ports` is not known here"],
        ),
    ],
)
@pytest.mark.parametrize("named", ["policyDefinition: ports", "policyDefinitionId: /providers/x/PORTS"])
def test_parameters_of_a_definition_under_policies_need_values(
    write: Write, named: str, parameters: str, told: list[str]
) -> None:
    declared = '{"ports": {"type": "Array"}, "mode": {"type": "String", "defaultValue": "a"}}'
    root = write(
        {
            "blueprint.yaml": DEFINITION,
            "artifacts/ports.yaml": f"kind: policyAssignment\nproperties: {{{named}, parameters: {parameters}}}\n",
            "policies/network/ports/policy.json": f'{{"properties": {{"parameters": {declared}}}}}',
        }
    )
    names = policy_names([root / "policies"])
    diagnostics = validate_blueprint(root, frameworks={}, builtin_facts=None, policies=names)
    assert [one.message for one in diagnostics if one.code == "BP271"] == told


PINNED = "kind: policyAssignment\nproperties: {policyDefinition: x, definitionVersion: '%s'}\n"


@pytest.mark.parametrize(
    ("pin", "taken"),
    [
        ("1.*.*", True),
        ("1.*", True),
        ("1.2.*", True),
        ("1.2", True),
        ("1.*.*-preview", True),
        ("1.2-preview", True),
        ("1.0.0", True),  # whether Azure takes it is not sure
        ("1.*.0", False),
        ("1", False),
        ("*", False),
        ("1.2.*.*", False),
        ("1.*.*-deprecated", False),
        ("latest", False),
    ],
)
def test_pins_of_versions(write: Write, pin: str, taken: bool) -> None:
    root = write({"blueprint.yaml": DEFINITION, "artifacts/a.yaml": PINNED % pin})
    codes = [one.code for one in validate_blueprint(root, frameworks={}, builtin_facts=None)]
    assert ("BP111" not in codes) is taken


def test_exported_files_may_hold_nulls(write: Write) -> None:
    text = """{"name": "x", "type": null, "properties": {"description": null, "versions": null, "parameters": {
      "a": {"type": "String", "defaultValue": null, "allowedValues": null, "metadata": null}},
      "resourceGroups": {"Hub": {"name": null, "dependsOn": null}}}}"""
    artifact = """{"kind": "policyAssignment", "properties": {"displayName": "[Preview]", "dependsOn": null,
      "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/x", "parameters": null}}"""
    root = write({"blueprint.json": text, "artifact.a.json": artifact})
    blueprint = load_blueprint(root, frameworks={}, builtin_facts=None)
    assert not blueprint.parameters["a"].has_default
    assert [one.severity for one in blueprint.diagnostics] == [Severity.INFO]


def test_what_azure_let_pass_is_a_warning_in_an_exported_folder(write: Write) -> None:
    text = """{"properties": {"parameters": {"a": {"type": "string", "defaultValue": "x", "allowedValues": ["y"]}},
      "resourceGroups": {"Hub": {"name": "[parameters('a')]"}}}}"""
    for head, severity in (("", Severity.WARNING), ('"schema": "blueprinter/blueprint/1", ', Severity.ERROR)):
        root = write({"blueprint.json": text.replace("{", "{" + head, 1)})
        found = validate_blueprint(root, frameworks={}, builtin_facts=None)
        assert [(one.code, one.severity) for one in found] == [("BP212", severity)]


def test_a_definition_that_does_not_parse_hides_no_faults_of_artifacts(write: Write, told: Told) -> None:
    root = write(
        {"blueprint.yaml": "a: [", "artifacts/a.yaml": "kind: other\n", "artifacts/b.yaml": "x: [\n"}
    )
    found = validate_blueprint(root, frameworks={}, builtin_facts=None)
    assert sorted((code, file) for code, file, _ in told(found)) == [
        ("BP107", "b.yaml"),
        ("BP107", "blueprint.yaml"),
        ("BP203", "a.yaml"),
    ]
