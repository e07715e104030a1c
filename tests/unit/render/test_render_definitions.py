"""Custom definitions and the set of the controls: names, contracts, scopes, and bodies that survive the template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blueprinter.arm import DeploymentContext, expand, literal
from blueprinter.blueprint import policy_names
from blueprinter.content import policy_folders
from blueprinter.document import load, parse
from unit.render.kit import (
    BUILTIN,
    GROUP,
    SUB,
    WRITER,
    Kit,
    auditing,
    body_of,
    by_type,
    deploying,
    document,
    expanded,
    resources,
)

FACT = {
    "displayName": "x",
    "version": "4.0.1-preview",
    "deprecated": False,
    "effects": ["Audit"],
    "parameters": [],
}


def kit(tmp_path: Path) -> Kit:
    found = Kit(tmp_path)
    found.policies = {
        "tls": auditing(floor={"type": "String", "defaultValue": "1.2"}),
        "ports": auditing(ports={"type": "Array"}),
    }
    found.parameters = {
        "ports": {"type": "array", "defaultValue": [22]},
        "tls_floor": {"type": "string", "defaultValue": "1.3"},
    }
    found.facts = {BUILTIN: FACT}
    found.controls = {
        "A.8.24": [_link(policyDefinition="tls")],
        "A.8.20": [_link(policyDefinition="ports"), _link(policyDefinition="tls", strength="partial")],
        "A.8.9": [_link(policyDefinitionId=BUILTIN)],
    }
    return found


def _link(**more: Any) -> dict[str, Any]:
    return {"strength": "full", "why": "it reads the setting", **more}


def test_the_set_of_the_controls(tmp_path: Path) -> None:
    made = kit(tmp_path).render()
    _, tls = resources(made, "/policyDefinitions")
    (group,) = resources(made, "/policySetDefinitions")
    (assignment,) = resources(made, "/policyAssignments")
    members = {one["policyDefinitionReferenceId"]: one for one in group["properties"]["policyDefinitions"]}
    assert set(members) == {"tls", "ports", BUILTIN}
    assert members["tls"]["groupNames"] == ["A.8.24", "A.8.20"]
    assert members["tls"]["policyDefinitionId"].endswith(f"/policyDefinitions/{tls['name']}")
    assert members["tls"]["parameters"] == {"floor": {"value": "[[parameters('tls_floor')]"}}
    assert members["ports"]["parameters"] == {"ports": {"value": "[[parameters('ports')]"}}
    assert members[BUILTIN]["definitionVersion"] == "4.*.*-preview"
    assert [one["name"] for one in group["properties"]["policyDefinitionGroups"]] == [
        "A.8.9",
        "A.8.20",
        "A.8.24",
    ]
    assert group["properties"]["policyDefinitionGroups"][0]["displayName"]
    assert {name: one["type"] for name, one in group["properties"]["parameters"].items()} == {
        "ports": "Array",
        "tls_floor": "String",
    }
    assert len(group["dependsOn"]) == 2
    assert assignment["properties"]["parameters"] == {
        "ports": {"value": "[parameters('ports')]"},
        "tls_floor": {"value": "[parameters('tls_floor')]"},
    }
    assert group["name"] in assignment["dependsOn"][0]
    found = expanded(made)
    (deployed,) = by_type(found, "/policySetDefinitions")
    properties: Any = deployed.body["properties"]
    inner = {one["policyDefinitionReferenceId"]: one for one in properties["policyDefinitions"]}
    assert inner["tls"]["parameters"] == {"floor": {"value": "[parameters('tls_floor')]"}}
    assert {inner["tls"]["policyDefinitionId"], inner["ports"]["policyDefinitionId"]} == {
        one.id for one in by_type(found, "/policyDefinitions")
    }
    given: Any = by_type(found, "/policyAssignments")[0].body["properties"]
    assert given["policyDefinitionId"] == deployed.id
    assert given["parameters"] == {"ports": {"value": [22]}, "tls_floor": {"value": "1.3"}}


def test_a_definition_out_of_a_template_is_escaped_once(tmp_path: Path) -> None:
    plain, library = kit(tmp_path / "plain"), kit(tmp_path / "library")
    for found, text in ((plain, "[parameters('floor')]"), (library, "[[parameters('floor')]")):
        found.policies["tls"]["policyRule"]["if"] = {"field": "name", "equals": text}
    library.policy_envelope = {"apiVersion": "2021-06-01"}
    made = [
        [one["properties"]["policyRule"] for one in resources(each.render(), "policyDefinitions")]
        for each in (plain, library)
    ]
    assert "\"[[parameters('floor')]" in json.dumps(made[0])
    assert made[0] == made[1]


def test_what_an_artifact_assigns_is_not_in_the_set(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.policy("tls")
    (group,) = resources(found.render(), "/policySetDefinitions")
    assert {one["policyDefinitionReferenceId"] for one in group["properties"]["policyDefinitions"]} == {
        "ports",
        BUILTIN,
    }
    found.policy("ports", parameters={"ports": {"value": []}})
    found.policy(BUILTIN)
    assert resources(found.render(), "/policySetDefinitions") == []


def test_what_needs_a_value_that_nobody_gives_is_left_out(tmp_path: Path) -> None:
    found = kit(tmp_path)
    del found.parameters["ports"]
    (group,) = resources(found.render(), "/policySetDefinitions")
    assert {one["policyDefinitionReferenceId"] for one in group["properties"]["policyDefinitions"]} == {
        "tls",
        BUILTIN,
    }


def test_the_sets_identity(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.policies["acts"] = deploying()
    found.controls = {"A.8.24": [_link(policyDefinition="acts")]}
    made = found.render()
    (role,) = resources(made, "/roleAssignments")
    assert WRITER in role["properties"]["roleDefinitionId"]
    assert resources(made, "/policyAssignments")[0]["identity"] == {"type": "SystemAssigned"}


def test_the_sets_assignment_is_the_one_that_is_evaluated(tmp_path: Path) -> None:
    found = kit(tmp_path)
    resolved, _, _ = found.resolved()
    (assignment,) = by_type(expanded(found.render()), "/policyAssignments")
    ids = {one.assignment_id for one in resolved.policies}
    assert ids == {assignment.id}
    assert {one.set_definition_id for one in resolved.policies} == {
        one.id for one in by_type(expanded(found.render()), "/policySetDefinitions")
    }


def test_definitions_at_a_management_group_are_a_template_of_their_own(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.assignment = {"definitionScope": GROUP}
    made = found.render()
    assert [(one.name, str(one.kind), one.scope) for one in made.templates] == [
        ("definitions", "managementGroup", GROUP),
        ("assignment", "subscription", SUB),
    ]
    assert resources(made, "Definitions") == []
    above = {one.id for one in expanded(made, "definitions").resources}
    assert all(id.startswith(GROUP) for id in above)
    (assignment,) = by_type(expanded(made), "/policyAssignments")
    properties: Any = assignment.body["properties"]
    assert properties["policyDefinitionId"] in above
    assert all("dependsOn" not in one for one in resources(made, "/policyAssignments"))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"description": "another text"}, True),
        ({"policyRule": {"if": {"field": "type", "equals": "x/y"}, "then": {"effect": "deny"}}}, True),
        ({"parameters": {"floor": {"type": "String", "defaultValue": "1.3"}}}, True),
        ({"parameters": {"level": {"type": "String", "defaultValue": "1.2"}}}, False),  # renamed
        ({"parameters": {"floor": {"type": "Integer", "defaultValue": 1}}}, False),  # retyped
        ({"parameters": {}}, False),  # removed
        (
            {"parameters": {"floor": {"type": "String", "defaultValue": "1.2", "allowedValues": ["1.2"]}}},
            False,
        ),
    ],
)
def test_another_contract_is_another_definition(tmp_path: Path, change: dict[str, Any], same: bool) -> None:
    found = Kit(tmp_path)
    found.policies = {"tls": auditing(floor={"type": "String", "defaultValue": "1.2"})}
    found.policy("tls")
    before = {one["name"] for one in resources(found.render())}
    found.policies["tls"] |= change
    after = {one["name"] for one in resources(found.render())}
    assert (before == after) is same
    assert same or not before & after  # the assignment moves along


def test_a_set_that_loses_a_member_and_renames_a_parameter_is_another_set(tmp_path: Path) -> None:
    found = kit(tmp_path)
    before = {
        one["type"]: one["name"]
        for one in resources(found.render())
        if "Set" in one["type"] or "Assign" in one["type"]
    }
    del found.controls["A.8.9"]  # type: ignore[arg-type,union-attr,attr-defined] # it has controls
    fewer = {
        one["type"]: one["name"]
        for one in resources(found.render())
        if "Set" in one["type"] or "Assign" in one["type"]
    }
    assert fewer == before  # no parameter went
    found.parameters["ports_ports"] = found.parameters.pop("ports")
    renamed = {
        one["type"]: one["name"]
        for one in resources(found.render())
        if "Set" in one["type"] or "Assign" in one["type"]
    }
    assert not set(renamed.values()) & set(before.values())


def test_an_adopted_definition_keeps_its_name(tmp_path: Path) -> None:
    found = Kit(tmp_path, policies={"tls": auditing()})
    found.policy("tls")
    before = resources(found.render(), "/policyAssignments")[0]["name"]
    found.adopted = {"definitions": {"tls": "tls-as-it-was"}}
    made = found.render()
    assert [one["name"] for one in resources(made, "/policyDefinitions")] == ["tls-as-it-was"]
    (assignment,) = resources(made, "/policyAssignments")
    assert assignment["name"] == before
    assert assignment["properties"]["policyDefinitionId"].endswith("/tls-as-it-was")


def test_a_definition_elsewhere_of_the_same_name_is_not_ours(tmp_path: Path) -> None:
    found = Kit(tmp_path, policies={"tls": auditing()})
    id = f"{GROUP}/providers/Microsoft.Authorization/policyDefinitions/tls"
    found.policies["other"] = auditing()
    found.artifacts["a"] = {
        "kind": "policyAssignment",
        "properties": {"policyDefinitionId": id, "parameters": {}},
    }
    made = found.render()
    assert resources(made, "/policyDefinitions") == []
    assert resources(made, "/policyAssignments")[0]["properties"]["policyDefinitionId"] == id


def test_every_shipped_definition_survives_its_template(tmp_path: Path) -> None:
    found = Kit(tmp_path)
    names = policy_names(policy_folders(tmp_path))
    found.policies = {name: load(files[-1]).value["properties"] for name, files in names.items()}  # type: ignore[index,call-overload,misc] # definitions are objects
    controls = iter(("A.8.24", "A.8.20"))
    found.controls = {next(controls): [_link(policyDefinition=name) for name in names]}
    made = found.render()
    deployed = {one.name: one.body["properties"] for one in by_type(expanded(made), "/policyDefinitions")}
    kept = 0
    for one in resources(made, "/policyDefinitions"):
        source: Any = found.policies[one["name"].rsplit("-", 1)[0]]
        properties: Any = deployed[one["name"]]
        assert properties["policyRule"] == source["policyRule"]
        assert properties.get("parameters") == source.get("parameters")
        assert properties["displayName"] == source["displayName"]
        assert {**properties["metadata"], "blueprinter": None} == {
            **source.get("metadata", {}),
            "blueprinter": None,
        }
        kept += 1
    assert kept > 100
    assert body_of(made)


def test_every_built_in_definition_survives_a_template(shared: Path) -> None:
    files = sorted((shared / "data" / "azure-policy").rglob("*.json"))
    bodies: list[Any] = []
    for file in files:
        value = load(file).value
        if (
            isinstance(value, dict)
            and isinstance(value.get("properties"), dict)
            and "policyRule" in value["properties"]
        ):
            bodies.append(value["properties"])
    assert len(bodies) >= 741
    for start in range(0, len(bodies), 60):
        part = bodies[start : start + 60]
        template = {
            "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": [
                {
                    "type": "Microsoft.Authorization/policyDefinitions",
                    "apiVersion": "2025-03-01",
                    "name": f"d{index}",
                    "properties": literal(body),
                }
                for index, body in enumerate(part)
            ],
        }
        text = json.dumps(template)
        context = DeploymentContext(scope="subscription", subscription_id=SUB.rpartition("/")[2])
        found = expand(parse(text, "t.json"), context=context)
        deployed = {one.name: one.body["properties"] for one in found.resources}
        assert [deployed[f"d{index}"] for index in range(len(part))] == part
    assert document({})
