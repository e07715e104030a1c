"""Checks of a blueprint that was read: limits, references, secrets, templates, built-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from blueprinter.blueprint import BuiltinFacts, load_builtin_facts, validate_blueprint
from blueprinter.diagnostics import Diagnostic, Severity
from blueprinter.document import parse

Write = Callable[[Mapping[str, str]], Path]

HEAD = "schema: blueprinter/blueprint/1\n"
POLICY = "kind: policyAssignment\nproperties: {policyDefinitionId: e56962a6-4747-49cd-b67b-bf8b01975c4c%s}\n"


def found_in(root: Path, facts: BuiltinFacts | None = None) -> list[Diagnostic]:
    return list(validate_blueprint(root, frameworks={}, builtin_facts=facts))


def codes(diagnostics: list[Diagnostic], severity: Severity) -> list[str]:
    return sorted(one.code for one in diagnostics if one.severity is severity)


def test_names_and_lengths(write: Write) -> None:
    root = write(
        {
            "blueprint.yaml": HEAD
            + f"name: {'b' * 49}\nproperties:\n  displayName: {'d' * 257}\n  description: {'t' * 501}\n"
            + f"  changeNotes: {'n' * 501}\n  version: '{'1' * 21}'\n"
            + f"  resourceGroups: {{Hub: {{name: {'g' * 91}, location: westeurope}}}}\n",
            f"artifacts/{'a' * 49}.yaml": POLICY % "",
        }
    )
    assert codes(found_in(root), Severity.ERROR) == ["BP202"] * 7


def test_limits_themselves_are_allowed(write: Write) -> None:
    root = write(
        {
            "blueprint.yaml": HEAD
            + f"name: {'b' * 48}\nproperties:\n  displayName: {'d' * 256}\n  description: {'t' * 500}\n"
            + f"  changeNotes: {'n' * 500}\n  version: '{'1' * 20}'\n"
            + f"  resourceGroups: {{Hub: {{name: {'g' * 90}, location: westeurope}}}}\n",
            f"artifacts/{'a' * 48}.yaml": POLICY % "",
        }
    )
    assert found_in(root) == []


@pytest.mark.parametrize(
    ("parameter", "fits"),
    [
        ("{type: string, defaultValue: 1}", False),
        ("{type: int, defaultValue: true}", False),
        ("{type: array, defaultValue: x}", False),
        ("{type: object, defaultValue: {}}", True),
        ("{type: bool, defaultValue: false, allowedValues: [true]}", False),
        ("{type: string, defaultValue: WestEurope, allowedValues: [westeurope]}", True),
        ("{type: string, defaultValue: x, allowedValues: []}", True),
        ("{type: array, defaultValue: [a, b], allowedValues: [a, b, c]}", True),
        ("{type: array, defaultValue: [a, d], allowedValues: [a, b, c]}", False),
        ("{type: array, defaultValue: [a, b], allowedValues: [[a, b], [c]]}", True),
        ("{type: int, defaultValue: '[parameters(''other'')]'}", True),
    ],
)
def test_defaults_fit_their_parameters(write: Write, parameter: str, fits: bool) -> None:
    root = write(
        {
            "blueprint.yaml": HEAD
            + f"properties:\n  parameters:\n    x: {parameter}\n    other: {{type: int, defaultValue: 1}}\n"
        }
    )
    assert codes(found_in(root), Severity.ERROR) == ([] if fits else ["BP212"])


def test_a_default_made_of_itself(write: Write) -> None:
    root = write(
        {
            "blueprint.yaml": HEAD
            + "properties:\n  parameters:\n"
            + "    a: {type: string, defaultValue: \"[concat(parameters('B'), 'x')]\"}\n"
            + "    b: {type: string, defaultValue: \"[parameters('a')]\"}\n"
        }
    )
    assert codes(found_in(root), Severity.ERROR) == ["BP211", "BP211"]


def test_parameters_that_differ_by_case_only(write: Write) -> None:
    text = HEAD + "properties: {parameters: {Place: {type: string}, place: {type: string}}}\n"
    assert codes(found_in(write({"blueprint.yaml": text})), Severity.ERROR) == ["BP205"]


@pytest.mark.parametrize(
    ("name", "type", "warned"),
    [
        ("admin-password", "string", True),
        ("keyvault_sqlConnectionString", "string", True),
        ("admin-password", "secureString", False),
        ("passwordPolicy", "string", False),
        ("password", "int", False),
    ],
)
def test_secrets_in_plain_parameters(write: Write, name: str, type: str, warned: bool) -> None:
    root = write({"blueprint.yaml": HEAD + f"properties: {{parameters: {{{name}: {{type: {type}}}}}}}\n"})
    assert codes(found_in(root), Severity.WARNING) == (["BP214"] if warned else [])


def test_an_unused_parameter_is_a_remark(write: Write) -> None:
    root = write({"blueprint.yaml": HEAD + "properties: {parameters: {x: {type: string}}}\n"})
    assert codes(found_in(root), Severity.INFO) == ["BP220"]


SECURE = HEAD + "properties: {parameters: {pin: {type: secureString}}}\n"
TEMPLATE = """\
kind: template
properties:
  template: {parameters: {p: {type: secureString}}, resources: []}
  parameters: {p: {value: %s}}
"""


@pytest.mark.parametrize(
    ("artifact", "allowed"),
    [
        (TEMPLATE % "\"[parameters('pin')]\"", True),
        (TEMPLATE % "\"[concat(parameters('pin'), 'x')]\"", False),
        (POLICY % ", parameters: {p: {value: \"[parameters('pin')]\"}}", False),
    ],
)
def test_secure_values_are_only_handed_on(write: Write, artifact: str, allowed: bool) -> None:
    root = write({"blueprint.yaml": SECURE, "artifacts/a.yaml": artifact})
    assert codes(found_in(root), Severity.ERROR) == ([] if allowed else ["BP226"])


def test_a_secure_value_as_a_name(write: Write) -> None:
    text = SECURE.rstrip("}\n") + "}}, resourceGroups: {Hub: {name: \"[parameters('pin')]\"}}}\n"
    assert codes(found_in(write({"blueprint.yaml": text})), Severity.ERROR) == ["BP226"]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("[parameters('x')]", None),
        ("[[concat('x')]", None),
        ("[Preview]: a title", None),
        ("[concat(parameters('x'), subscription().subscriptionId)]", None),
        ('[artifacts("b").outputs.y]', None),
        ("[resourceGroups('hub').location]", None),
        ("[parameters('y')]", "BP206"),
        ("[resourceGroups('hbu').location]", "BP207"),
        ("[artifacts('c').outputs.y]", "BP208"),
        ("[parameter('x')]", "BP209"),
        ("[toLower('x')]", "BP209"),
        ("[concat('x'", None),
        ("[concat('x')", None),
        ("[parameters('x'])]", "BP209"),
        ("[resourceGroup().name]", "BP210"),
    ],
)
def test_expressions_of_artifacts(write: Write, expression: str, code: str | None) -> None:
    value = expression.replace('"', '\\"')
    root = write(
        {
            "blueprint.yaml": HEAD
            + "properties: {parameters: {x: {type: string}}, "
            + "resourceGroups: {Hub: {location: '[parameters(''x'')]'}}}\n",
            "artifacts/a.yaml": POLICY % f', parameters: {{p: {{value: "{value}"}}}}',
            "artifacts/b.yaml": POLICY % "",
        }
    )
    assert codes(found_in(root), Severity.ERROR) == ([code] if code else [])


def test_an_artifact_of_a_resource_group_knows_its_group(write: Write) -> None:
    root = write(
        {
            "blueprint.yaml": HEAD + "properties: {resourceGroups: {Hub: {}}}\n",
            "artifacts/a.yaml": POLICY
            % ", resourceGroup: HUB, parameters: {p: {value: '[resourceGroup().name]'}}",
        }
    )
    assert found_in(root) == []


def test_a_definition_has_no_resource_group(write: Write) -> None:
    root = write(
        {"blueprint.yaml": HEAD + "properties: {resourceGroups: {Hub: {name: '[resourceGroup().name]'}}}\n"}
    )
    assert codes(found_in(root), Severity.ERROR) == ["BP210"]


def test_a_dangling_dependency_of_a_resource_group_is_a_warning(write: Write) -> None:
    root = write({"blueprint.yaml": HEAD + "properties: {resourceGroups: {Hub: {dependsOn: [nobody]}}}\n"})
    assert codes(found_in(root), Severity.WARNING) == ["BP221"]


@pytest.mark.parametrize(
    "properties",
    [
        "{policyDefinition: x, policyDefinitionId: e56962a6-4747-49cd-b67b-bf8b01975c4c}",
        "{}",
        "{policyDefinitionId: e56962a6-4747-49cd-b67b-bf8b01975c4c, parameters: {p: {}}}",
    ],
)
def test_one_of_two_keys(write: Write, properties: str) -> None:
    artifact = f"kind: policyAssignment\nproperties: {properties}\n"
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/a.yaml": artifact})
    assert codes(found_in(root), Severity.ERROR) == ["BP204"]


def test_definitions_and_roles_are_fixed(write: Write) -> None:
    role = (
        "kind: roleAssignment\n"
        "properties: {roleDefinitionId: '[artifacts(''a'').roleDefinitionId]', principalIds: [x]}\n"
    )
    policy = "kind: policyAssignment\nproperties: {policyDefinitionId: '[parameters(''x'')]'}\n"
    root = write(
        {
            "blueprint.yaml": HEAD + "properties: {parameters: {x: {type: string}}}\n",
            "artifacts/a.yaml": policy,
            "artifacts/b.yaml": role,
        }
    )
    assert codes(found_in(root), Severity.ERROR) == ["BP224", "BP224"]


def test_two_artifacts_of_one_name(write: Write) -> None:
    root = write(
        {
            "blueprint.yaml": HEAD + "properties: {}\n",
            "artifacts/a.yaml": POLICY % "",
            "artifacts/b.yaml": "name: A\n" + POLICY % "",
        }
    )
    assert codes(found_in(root), Severity.ERROR) == ["BP205"]


def test_parameters_of_templates_match_both_ways(write: Write) -> None:
    artifact = """\
        kind: template
        properties:
          parameters: {given: {value: 1}, unknown: {value: 1}}
          template:
            parameters:
              Given: {type: int}
              withDefault: {type: int, defaultValue: null}
              optional: {type: int, nullable: true}
              needed: {type: int}
            resources: []
        """
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/a.yaml": artifact})
    found = found_in(root)
    assert [(one.code, one.position.line) for one in found] == [("BP215", 3), ("BP215", 9)]


def test_addresses_that_a_template_fetches(write: Write) -> None:
    artifact = """\
        kind: template
        properties:
          template:
            $schema: https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#
            variables:
              portal: https://portal.azure.com/home
              script: "[concat('https://raw.githubusercontent.com/contoso/setup/main/', 'run')]"
            resources:
              - metadata: {see: https://example.org/readme.json}
                properties: {fileUris: [https://example.org/setup.ps1, https://example.org/setup.ps1]}
        """
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/a.yaml": artifact})
    found = found_in(root)
    assert [(one.code, one.severity, one.position.line) for one in found] == [
        ("BP216", Severity.WARNING, 7),
        ("BP216", Severity.WARNING, 10),
    ]


FACTS = """\
definitions:
  e56962a6-4747-49cd-b67b-bf8b01975c4c:
    {displayName: Allowed locations, version: 1.1.0, deprecated: false, parameters: [listOfAllowedLocations, effect],
     requiredParameters: [listOfAllowedLocations], effects: [deny], roleDefinitionIds: []}
  053d3325-282c-4e5c-b944-24faffd30d77:
    {displayName: "[Deprecated]: Agents", version: 3.1.0-deprecated, deprecated: true, parameters: [],
     requiredParameters: []}
initiatives:
  89c6cddc-1c73-4ac1-b19c-54d1a15a42f2: {displayName: ISO, version: 8.8.0, deprecated: false, parameters: [a]}
"""


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("e56962a6-4747-49cd-b67b-bf8b01975c4c, parameters: {LISTOFALLOWEDLOCATIONS: {value: []}}", []),
        ("e56962a6-4747-49cd-b67b-bf8b01975c4c", ["BP219"]),
        (
            "e56962a6-4747-49cd-b67b-bf8b01975c4c, parameters: {listOfAllowedLocation: {value: []}}",
            ["BP219", "BP219"],
        ),
        ("053d3325-282c-4e5c-b944-24faffd30d77", ["BP217"]),
        ("17k78e20-9358-41c9-923c-fb736d382a12", ["BP218"]),
        ("/providers/Microsoft.Authorization/policySetDefinitions/89C6CDDC-1c73-4ac1-b19c-54d1a15a42f2", []),
        (
            "/providers/Microsoft.Management/managementGroups/x/providers/Microsoft.Authorization/policyDefinitions/own",
            [],
        ),
    ],
)
def test_builtins(write: Write, properties: str, expected: list[str]) -> None:
    artifact = f"kind: policyAssignment\nproperties: {{policyDefinitionId: {properties}}}\n"
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/a.yaml": artifact})
    facts = load_builtin_facts(parse(FACTS, "facts.yaml"))
    assert codes(found_in(root, facts), Severity.WARNING) == expected


def test_the_target_scope_that_never_worked(write: Write) -> None:
    root = write({"blueprint.yaml": HEAD + "properties: {targetScope: managementGroup}\n"})
    assert codes(found_in(root), Severity.WARNING) == ["BP222"]


def test_a_resource_group_is_named_before_anything_is_deployed(write: Write) -> None:
    root = write(
        {
            "blueprint.yaml": HEAD
            + "properties: {resourceGroups: {Hub: "
            + "{name: '[artifacts(''a'').outputs.x]', tags: {x: '[artifacts(''a'').outputs.y]'}}}}\n",
            "artifacts/a.yaml": POLICY % "",
        }
    )
    assert codes(found_in(root), Severity.ERROR) == ["BP224"]
