"""Folders of Azure Blueprints in the forms that its tools wrote and took, read as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprinter.blueprint import (
    Blueprint,
    load_assignment,
    load_blueprint,
    resolve,
    validate_blueprint,
    validate_path,
)
from blueprinter.diagnostics import Diagnostic, InvalidInput, Severity
from blueprinter.document import parse

Write = Callable[[Mapping[str, str]], Path]

LOCATIONS = "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c"
READER = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
SOMEBODY = "5d1f6a52-0000-4000-8000-00000000000a"
SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"


def loaded(root: Path) -> Blueprint:
    return load_blueprint(root, frameworks={}, builtin_facts=None)


def serious(found: tuple[Diagnostic, ...]) -> list[str]:
    return [one.code for one in found if one.severity is not Severity.INFO]


def policy(**outside: Any) -> str:
    properties = {"policyDefinitionId": LOCATIONS, "parameters": {"listOfAllowedLocations": {"value": ["x"]}}}
    return json.dumps({"kind": "policyAssignment", "properties": properties, **outside})


def role(**properties: Any) -> str:
    held = {"roleDefinitionId": READER, "principalIds": [SOMEBODY], **properties}
    return json.dumps({"kind": "roleAssignment", "properties": held})


# --- what the Azure CLI prints: no envelope, null for what is absent ---------------------------------------------

SHOWN: dict[str, Any] = {
    "description": None,
    "displayName": "Shown",
    "id": f"{SUB}/providers/Microsoft.Blueprint/blueprints/shown",
    "layout": None,
    "name": "shown",
    "parameters": {"place": {"type": "string", "defaultValue": "westeurope", "allowedValues": None}},
    "resourceGroups": {"Hub": {"name": "hub", "location": "[parameters('place')]", "tags": None}},
    "targetScope": "subscription",
    "type": "Microsoft.Blueprint/blueprints",
    "versions": None,
}
SHOWN_POLICY: dict[str, Any] = {
    "dependsOn": [],
    "description": None,
    "displayName": "Places",
    "kind": "policyAssignment",
    "name": "places",
    "parameters": {"listOfAllowedLocations": {"reference": None, "value": ["[parameters('place')]"]}},
    "policyDefinitionId": LOCATIONS,
    "resourceGroup": "Hub",
}


def test_what_the_azure_cli_prints_is_read(write: Write) -> None:
    root = write(
        {"blueprint.json": json.dumps(SHOWN), "artifacts/places.json": json.dumps(SHOWN_POLICY)},
    )
    blueprint = loaded(root)
    assert (blueprint.name, blueprint.display_name, blueprint.exported) == ("shown", "Shown", True)
    assert blueprint.resource_groups["Hub"].location == "[parameters('place')]"
    assert blueprint.parameters["place"].default == "westeurope"
    assert blueprint.diagnostics == ()
    found = resolve(blueprint, definitions={}, sets={})
    assert found.artifacts[0].properties["parameters"] == {
        "listOfAllowedLocations": {"value": ["westeurope"]}
    }


def test_a_fault_without_an_envelope_is_told_where_it_stands(write: Write) -> None:
    wrong = json.dumps({**SHOWN_POLICY, "resourceGroup": "Hob"}, indent=1)
    root = write({"blueprint.json": json.dumps(SHOWN), "artifacts/places.json": wrong})
    (fault,) = validate_blueprint(root, frameworks={}, builtin_facts=None)
    line = 1 + wrong.splitlines().index(' "resourceGroup": "Hob"')
    assert (fault.code, fault.position.line, fault.hint) == ("BP207", line, "did you mean `Hub`?")


def test_an_assignment_as_the_azure_cli_prints_it() -> None:
    body = {
        "blueprintId": f"{SUB}/providers/Microsoft.Blueprint/blueprints/shown/versions/1.0",
        "displayName": None,
        "id": f"{SUB}/providers/Microsoft.Blueprint/blueprintAssignments/mine",
        "identity": {"type": "SystemAssigned", "userAssignedIdentities": None},
        "location": "westeurope",
        "locks": {"excludedPrincipals": None, "mode": "allResourcesReadOnly"},
        "name": "mine",
        "parameters": {"a": {"reference": None, "value": 1}, "b": {"value": None}},
        "resourceGroups": {"Hub": {"location": "westeurope", "name": None}},
    }
    assignment = load_assignment(parse(json.dumps(body), "mine.json"))
    assert (assignment.name, assignment.blueprint, assignment.version) == ("mine", "shown", "1.0")
    assert (assignment.scopes, assignment.location) == ((SUB,), "westeurope")
    assert {name: (one.value, one.reference) for name, one in assignment.parameters.items()} == {
        "a": (1, None),
        "b": (None, None),
    }
    assert assignment.resource_groups == {"Hub": {"location": "westeurope"}}
    assert assignment.locks.mode == "AllResourcesReadOnly"


def test_a_value_of_null_beside_a_reference_is_absent() -> None:
    vault = {"id": f"{SUB}/resourceGroups/a/providers/Microsoft.KeyVault/vaults/b"}
    given = {"value": None, "reference": {"keyVault": vault, "secretName": "s", "secretVersion": None}}
    body = {"name": "a", "properties": {"scope": SUB, "blueprintId": "", "parameters": {"p": given}}}
    assignment = load_assignment(parse(json.dumps(body), "a.json"))
    assert assignment.parameters["p"].reference == {"keyVault": vault, "secretName": "s"}


# --- letter case -------------------------------------------------------------------------------------------------


def test_keys_and_kinds_in_any_letter_case(write: Write) -> None:
    definition = """\
    // written by hand
    {"Type": "Microsoft.Blueprint/blueprints", "Properties": {"TargetScope": "Subscription",
      "Parameters": {"Place": {"Type": "String", "DefaultValue": "westeurope", "Metadata": {"StrongType": "location"}}},
      "ResourceGroups": {"Hub": {"Name": "hub", "Location": "[Parameters('place')]"}}}}
    """
    artifact = {
        "Kind": "RoleAssignment",
        "Properties": {"RoleDefinitionId": READER, "PrincipalIds": [SOMEBODY], "ResourceGroup": "HUB"},
    }
    blueprint = loaded(
        write({"BLUEPRINT.JSON": definition, "ARTIFACTS/who.JSON": json.dumps(artifact)}),
    )
    assert blueprint.parameters["Place"].strong_type == "location"
    assert blueprint.resource_groups["Hub"].location == "[Parameters('place')]"
    assert serious(blueprint.diagnostics) == []
    (found,) = blueprint.artifacts
    assert (found.kind, found.resource_group) == ("roleAssignment", "HUB")
    assert found.properties["principalIds"] == [SOMEBODY]


def test_the_body_of_a_template_keeps_its_letter_case(write: Write) -> None:
    body = {"Parameters": {"Value": {"Type": "int"}}, "Resources": [{"Name": "a", "Metadata": None}]}
    artifact = {"Kind": "Template", "Properties": {"Template": body, "Parameters": {"Value": {"Value": 1}}}}
    root = write({"blueprint.json": json.dumps(SHOWN), "artifacts/t.json": json.dumps(artifact)})
    (found,) = loaded(root).artifacts
    assert found.properties["template"] == body
    assert found.properties["parameters"] == {"Value": {"value": 1}}


def test_a_key_that_stands_there_in_two_spellings_is_meant_as_documented(write: Write) -> None:
    two = {**SHOWN, "DisplayName": "Other"}
    assert loaded(write({"blueprint.json": json.dumps(two)})).display_name == "Shown"


# --- published versions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outside",
    [
        {"id": f"{SUB}/providers/Microsoft.Blueprint/blueprints/Landing/versions/1.2", "name": "1.2"},
        {"id": f"{SUB}/providers/Microsoft.Blueprint/blueprints/Landing/versions/1.2"},
        {"name": "1.2"},
    ],
)
def test_a_published_version_is_called_after_its_blueprint(write: Write, outside: dict[str, str]) -> None:
    properties = {"targetScope": "subscription", "blueprintName": "Landing", "changeNotes": None}
    body = {"type": "Microsoft.Blueprint/blueprints/versions", "properties": properties, **outside}
    blueprint = loaded(write({"Blueprint.json": json.dumps(body)}))
    assert (blueprint.name, blueprint.version) == ("Landing", "1.2")


# --- folders -----------------------------------------------------------------------------------------------------

DRAFT = json.dumps(
    {"type": "Microsoft.Blueprint/blueprints", "name": "Old", "properties": {"targetScope": "subscription"}}
)


@pytest.mark.parametrize("definition", ["Blueprint-Old.json", "Old.json"])
def test_a_definition_is_known_by_what_it_holds(tmp_path: Path, definition: str) -> None:
    (tmp_path / definition).write_text(DRAFT, encoding="utf-16")
    (tmp_path / "policyAssignment-a.json").write_text(policy(name="a"), encoding="utf-16")
    (tmp_path / "further").mkdir()
    (tmp_path / "further" / "roleAssignment-b.json").write_text(role(), encoding="utf-16")
    (tmp_path / "further" / "parameters.json").write_text("{}", encoding="utf-8")
    blueprint = loaded(tmp_path)
    assert blueprint.name == "Old"
    assert [one.name for one in blueprint.artifacts] == ["a", "roleAssignment-b"]


def test_two_files_that_both_define_a_blueprint_are_told(write: Write) -> None:
    root = write({"one.json": DRAFT, "two.json": DRAFT})
    with pytest.raises(InvalidInput, match="two definitions"):
        loaded(root)


def test_an_artifact_does_not_pass_for_a_definition(write: Write) -> None:
    root = write({"a.json": policy(name="a"), "notes.json": '{"properties": {}}'})
    with pytest.raises(InvalidInput, match="no blueprint file"):
        loaded(root)


def test_artifacts_in_folders_of_the_artifacts_folder(write: Write) -> None:
    root = write(
        {
            "blueprint.json": DRAFT,
            "artifacts/a.json": policy(),
            "artifacts/net/b.json": role(),
            "artifacts/net/values.json": '{"size": 1}',
            "elsewhere/c.json": policy(),
        }
    )
    assert [one.name for one in loaded(root).artifacts] == ["a", "b"]


def test_the_folder_of_another_blueprint_is_not_searched(write: Write) -> None:
    root = write(
        {
            "blueprint.json": DRAFT,
            "a.json": policy(),
            "second/blueprint.json": DRAFT,
            "second/b.json": policy(),
        },
    )
    assert [one.name for one in loaded(root).artifacts] == ["a"]


def test_a_folder_with_another_name_for_its_definition_is_checked_as_a_blueprint(write: Write) -> None:
    broken = json.loads(role(resourceGroup="Nowhere"))
    root = write({"Blueprint-Old.json": DRAFT, "roleAssignment-b.json": json.dumps(broken)})
    assert serious(tuple(validate_path(root, frameworks={}, builtin_facts=None))) == ["BP207"]


# --- what Azure Blueprints let pass ------------------------------------------------------------------------------


def test_copied_files_with_one_name_go_by_their_files(write: Write) -> None:
    root = write(
        {
            "blueprint.json": DRAFT,
            "artifacts/first.json": policy(name="second"),
            "artifacts/second.json": policy(name="second"),
            "artifacts/third.json": role(dependsOn=["first"]),
        }
    )
    blueprint = loaded(root)
    assert [one.name for one in blueprint.artifacts] == ["first", "second", "third"]
    assert serious(blueprint.diagnostics) == ["BP205"]


def test_two_files_of_one_name_cannot_be_told_apart(write: Write) -> None:
    root = write({"blueprint.json": DRAFT, "artifacts/a.json": policy(), "artifacts/x/A.json": policy()})
    with pytest.raises(InvalidInput, match="a second artifact is called `A`"):
        loaded(root)


def test_a_dependency_on_nothing_is_passed_over(write: Write) -> None:
    root = write({"blueprint.json": DRAFT, "artifacts/a.json": role(dependsOn=["gone"])})
    assert serious(loaded(root).diagnostics) == ["BP208"]


def test_texts_that_are_too_long_are_warnings(write: Write) -> None:
    long = json.loads(DRAFT)
    long["properties"]["description"] = "x" * 501
    long["properties"]["parameters"] = {"p": {"type": "string", "metadata": {"description": "y" * 501}}}
    root = write({"blueprint.json": json.dumps(long), "artifacts/a.json": role(displayName="z" * 257)})
    assert serious(loaded(root).diagnostics) == ["BP202"] * 3


def test_a_secret_of_a_vault_may_be_a_default(write: Write) -> None:
    definition = json.loads(DRAFT)
    secret = {
        "keyVault": {"id": f"{SUB}/resourceGroups/a/providers/Microsoft.KeyVault/vaults/b"},
        "secretName": "s",
    }
    definition["properties"]["parameters"] = {
        "p": {"type": "secureString", "defaultValue": {"reference": secret}}
    }
    blueprint = loaded(write({"blueprint.json": json.dumps(definition)}))
    assert blueprint.parameters["p"].default_reference == secret
    assert serious(blueprint.diagnostics) == []
    definition["properties"]["parameters"]["p"]["defaultValue"] = "plain"
    blueprint = loaded(write({"blueprint.json": json.dumps(definition)}))
    assert blueprint.parameters["p"].default_reference is None
    assert serious(blueprint.diagnostics) == ["BP213"]


def test_ours_are_held_to_all_of_it(write: Write) -> None:
    definition = "schema: blueprinter/blueprint/1\nproperties: {targetScope: subscription}\n"
    artifact = (
        "kind: roleAssignment\nproperties: {dependsOn: [gone], roleDefinitionId: %s, principalIds: [%s]}\n"
    )
    root = write({"blueprint.yaml": definition, "artifacts/a.yaml": artifact % (READER, SOMEBODY)})
    with pytest.raises(InvalidInput) as refused:
        loaded(root)
    assert [one.code for one in refused.value.diagnostics] == ["BP208"]
