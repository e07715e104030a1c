"""Expressions of a blueprint in the templates that come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unit.render.kit import SUB, VAULT, Kit, auditing, body_of, expanded, resources

ECHO = {
    "$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"x": {"type": "object"}, "secret": {"type": "SecureString", "defaultValue": ""}},
    "resources": [],
    "outputs": {"id": {"type": "string", "value": "i"}, "list": {"type": "array", "value": [{"deep": 1}]}},
}


def kit(tmp_path: Path) -> Kit:
    found = Kit(tmp_path)
    found.parameters = {
        "plain": {"type": "string", "defaultValue": "p"},
        "[odd]:Name of it": {"type": "string", "defaultValue": "o"},
        "made": {
            "type": "string",
            "defaultValue": "[concat(parameters('PLAIN'), '-', subscription().subscriptionId)]",
        },
        "password": {"type": "secureString"},
    }
    found.groups = {
        "Hub": {"name": "[concat('rg-', parameters('plain'))]"},
        "Spoke": {"name": "rg-spoke", "location": "northeurope"},
    }
    found.assignment = {
        "resourceGroups": {"Hub": {"location": "westeurope"}},
        "parameters": {"password": VAULT},
    }
    found.policies = {"audits": auditing()}
    found.policy("audits", artifact="audit", resourceGroup="Hub")
    found.role("reader", ["11111111-1111-1111-1111-111111111111"])
    found.template("net", ECHO, resourceGroup="Spoke", parameters={"x": {"value": {}}})
    return found


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        ("text", "text"),
        ("[[literal]", "[[literal]"),
        ("[Preview]: x", "[Preview]: x"),
        ("[parameters('Plain')]", "[parameters('plain')]"),
        ("[concat(\"a\", 'it''s', parameters(\"plain\"))]", "[concat('a', 'it''s', parameters('plain'))]"),
        ("[subscription().tenantId]", "[subscription().tenantId]"),
        ("[resourceGroups('hub').name]", "[concat('rg-', parameters('plain'))]"),
        ("[resourceGroups('Hub').location]", "westeurope"),
        ("[concat('x', resourceGroups('Spoke').location)]", "[concat('x', 'northeurope')]"),
        ("[resourceGroup().name]", "rg-spoke"),
        ("[artifacts('net').outputs.id]", None),
        ("[artifacts('net').outputs.list[0].deep]", None),
    ],
)
def test_values(tmp_path: Path, written: str, rendered: str | None) -> None:
    found = kit(tmp_path)
    found.template(
        "last", ECHO, resourceGroup="Spoke", parameters={"x": {"value": {"k": written}}}, dependsOn=["net"]
    )
    made = found.render()
    last = next(one for one in resources(made, "/deployments") if one["name"].startswith("last-"))
    net = next(one for one in resources(made, "/deployments") if one["name"].startswith("net-"))
    value = last["properties"]["parameters"]["x"]["value"]["k"]
    if rendered is None:
        start = f"[reference('{net['name']}').outputs."
        assert value.startswith(start)
        assert value[len(start) :] in {"id.value]", "list.value[0].deep]"}
        assert any(net["name"] in text for text in last["dependsOn"])
    else:
        assert value == rendered


def test_outputs_of_policies_and_roles_are_known_before_deployment(tmp_path: Path) -> None:
    found = kit(tmp_path)
    asked = {
        "a": "[artifacts('audit').outputs.policyAssignmentId]",
        "b": "[artifacts('audit').outputs.policyAssignmentName]",
        "c": "[artifacts('audit').outputs.policyDefinitionId]",
        "d": "[artifacts('reader').outputs.principalId]",
        "e": "[artifacts('reader').outputs.roleAssignmentId]",
        "f": "[artifacts('reader').outputs.roleDefinitionId]",
    }
    template: dict[str, Any] = {**ECHO, "resources": [
        {"type": "Microsoft.Resources/tags", "apiVersion": "2021-04-01", "name": "default",
         "properties": {"tags": "[parameters('x')]"}}
    ]}  # fmt: skip
    found.template("zz", template, parameters={"x": {"value": asked}})
    expansion = expanded(found.render())
    tags = next(one for one in expansion.resources if one.type.endswith("/tags")).body["properties"]["tags"]  # type: ignore[index,call-overload] # JSON of the expansion
    ids = {one.id for one in expansion.resources}
    assert tags["a"] in ids
    assert tags["a"].endswith(tags["b"])
    assert tags["c"] in ids
    assert tags["e"] in ids
    assert tags["d"] == "11111111-1111-1111-1111-111111111111"
    assert tags["f"].endswith("/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7")


def test_parameters_become_the_templates(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.parameters["plain"] |= {
        "allowedValues": ["p", "[q]"],
        "metadata": {"displayName": "P", "description": "d", "strongType": "location"},
    }
    found.parameters["count"] = {"type": "int", "minValue": 1, "defaultValue": 2}
    found.parameters["open"] = {"type": "string", "allowedValues": []}
    found.parameters["nobody asks"] = {"type": "string"}
    found.assignment["parameters"] |= {"PLAIN": {"value": "p"}, "open": {"value": "[text]"}}
    found.artifacts["net"]["properties"]["parameters"] = {
        "x": {"value": {"k": "[parameters('[odd]:Name of it')]", "o": "[parameters('open')]"}}
    }
    made = found.render()
    declared = body_of(made)["parameters"]
    assert declared["plain"] == {
        "type": "string",
        "defaultValue": "p",
        "allowedValues": ["p", "[[q]"],
        "metadata": {"displayName": "P", "description": "d", "strongType": "location"},
    }
    assert (
        declared["made"]["defaultValue"]
        == "[concat(parameters('plain'), '-', subscription().subscriptionId)]"
    )
    assert declared["count"] == {"type": "int", "defaultValue": 2, "minValue": 1}
    assert declared["open"] == {"type": "string"}
    assert "password" not in declared
    assert "nobody asks" not in declared
    odd = next(name for name in declared if name.startswith("odd"))
    net = next(one for one in resources(made, "/deployments") if one["name"].startswith("net-"))
    assert net["properties"]["parameters"]["x"]["value"]["k"] == f"[parameters('{odd}')]"
    given = made.templates[0].parameters
    assert given == {"plain": "p", "open": "[text]"}


@pytest.mark.parametrize(
    ("place", "value", "ours", "exported"),
    [
        ("net", "[concat(parameters('password'), 'x')]", "BP226", "BP620"),
        ("net", "[parameters('password')]", "BP620", "BP620"),  # to a parameter that is not secure
        ("audit", "[parameters('password')]", "BP226", "BP620"),
        ("group", "[parameters('password')]", "BP226", "BP621"),
        ("group", "[artifacts('net').outputs.id]", "BP224", "BP621"),
        ("role", "[artifacts('net').outputs.id]", "BP224", "BP224"),
        ("net", "[artifacts('net2').outputs.id]", "BP208", "BP208"),
        ("net", "[artifacts('audit').outputs.nothing]", "BP632", "BP632"),
        ("net", "[artifacts('audit')]", "BP632", "BP632"),
        ("net", "[resourceGroup().id]", "BP266", "BP266"),
    ],
)
def test_what_cannot_be_rendered_is_named_at_its_place(
    tmp_path: Path, place: str, value: str, ours: str, exported: str
) -> None:
    for lenient, code in ((False, ours), (True, exported)):
        found = kit(tmp_path)
        found.exported = lenient
        if place == "group":
            found.groups["Hub"]["name"] = value
        elif place == "role":
            found.artifacts["reader"]["properties"]["roleDefinitionId"] = value
        elif place == "audit":
            found.artifacts["audit"]["properties"]["parameters"] = {"p": {"value": value}}
        else:
            found.artifacts["net"]["properties"]["parameters"] = {"x": {"value": value}}
        faults = found.faults()
        assert code in {one.code for one in faults}
        assert all(one.position.file for one in faults)


def test_a_secret_is_read_by_the_deployment_that_needs_it(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.artifacts["net"]["properties"]["parameters"]["secret"] = {"value": "[parameters('Password')]"}
    made = found.render()
    net = next(one for one in resources(made, "/deployments") if one["name"].startswith("net-"))
    assert net["properties"]["parameters"]["secret"] == VAULT
    assert b"password" not in made.files["assignment.parameters.json"]
    own = {"reference": {"keyVault": {"id": "[concat(subscription().id, '/x')]"}, "secretName": "p"}}
    found.artifacts["net"]["properties"]["parameters"]["secret"] = own
    net = next(one for one in resources(found.render(), "/deployments") if one["name"].startswith("net-"))
    assert (
        net["properties"]["parameters"]["secret"]["reference"]["keyVault"]["id"]
        == "[concat(subscription().id, '/x')]"
    )


def test_a_secret_may_be_the_default_of_the_definition(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.parameters["password"]["defaultValue"] = VAULT
    found.artifacts["net"]["properties"]["parameters"]["secret"] = {"value": "[parameters('password')]"}
    other = {"reference": {**VAULT["reference"], "secretName": "other"}}
    for given, expected in (({}, VAULT), ({"password": other}, other)):
        found.assignment["parameters"] = given
        net = next(one for one in resources(found.render(), "/deployments") if one["name"].startswith("net-"))
        assert net["properties"]["parameters"]["secret"] == expected


def test_a_policy_takes_no_secret(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.exported = True
    found.artifacts["audit"]["properties"]["parameters"] = {"p": VAULT}
    assert "BP620" in {one.code for one in found.faults()}


def test_a_secret_without_a_reference_is_refused(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.artifacts["net"]["properties"]["parameters"]["secret"] = {"value": "[parameters('password')]"}
    found.assignment["parameters"] = {}
    assert [one.code for one in found.faults()] == ["BP622"]


def test_a_plain_consumer_of_a_secret_must_be_allowed(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.artifacts["net"]["properties"]["parameters"]["x"] = VAULT
    assert "BP620" in {one.code for one in found.faults()}
    found.options = {"allow_plain_secret": True}
    assert found.faults() == []


def test_a_parameter_without_a_value_is_refused(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.parameters["lost"] = {"type": "string"}
    found.artifacts["net"]["properties"]["parameters"] = {"x": {"value": {"k": "[parameters('lost')]"}}}
    # the place to mend it is the assignment
    assert [(one.code, one.position.file) for one in found.faults()] == [("BP622", "prod.yaml")]


@pytest.mark.parametrize("missing", ["location", "scope"])
def test_an_assignment_needs_scope_and_location(tmp_path: Path, missing: str) -> None:
    found = kit(tmp_path)
    found.assignment[missing] = None
    assert found.faults()


def test_ids_name_the_subscription(tmp_path: Path) -> None:
    assert all(one.id.startswith(SUB) for one in expanded(kit(tmp_path).render()).resources)
