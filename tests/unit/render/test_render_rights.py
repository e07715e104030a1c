"""Identities only where something acts, and exactly the roles that are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unit.render.kit import (
    BUILTIN,
    GROUP,
    OTHER,
    READER,
    SUB,
    WORKSPACE,
    WRITER,
    Kit,
    auditing,
    body_of,
    by_type,
    deploying,
    expanded,
    resources,
)

IDENTITY = f"{SUB}/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-policy"


def kit(tmp_path: Path, **definition: Any) -> Kit:
    found = Kit(tmp_path)
    found.policies = {"deploys": deploying(**definition), "audits": auditing()}
    return found


def roles(kit: Kit) -> list[str]:
    """The GUIDs of the roles that are granted, as expanded."""
    made = expanded(kit.render())
    return [
        str(one.body["properties"]["roleDefinitionId"]).rpartition("/")[2]
        for one in by_type(made, "/roleAssignments")
    ]  # type: ignore[index,call-overload] # JSON of the expansion


def test_an_acting_assignment_has_an_identity_with_its_role(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.policy("deploys")
    found.policy("audits")
    made = found.render()
    acting, silent = resources(made, "/policyAssignments")
    assert acting["identity"] == {"type": "SystemAssigned"}
    assert acting["location"] == "westeurope"
    assert "identity" not in silent
    assert "location" not in silent
    (role,) = resources(made, "/roleAssignments")
    assert role["properties"]["principalId"] == (
        f"[reference(subscriptionResourceId('Microsoft.Authorization/policyAssignments', '{acting['name']}'), "
        "'2025-03-01', 'full').identity.principalId]"
    )
    assert role["properties"]["principalType"] == "ServicePrincipal"
    assert role["properties"]["description"].startswith(
        "blueprinter: sample 1.0.0, assignment prod, content "
    )
    assert role["dependsOn"] == [
        f"[subscriptionResourceId('Microsoft.Authorization/policyAssignments', '{acting['name']}')]"
    ]
    assert roles(found) == [WRITER]


@pytest.mark.parametrize(
    ("given", "acts"),
    [
        ({}, True),
        ({"parameters": {"effect": {"value": "disabled"}}}, False),
        ({"parameters": {"effect": {"value": "AuditIfNotExists"}}}, False),
        ({"overrides": [{"kind": "policyEffect", "value": "disabled"}]}, False),
        (
            {
                "overrides": [
                    {
                        "kind": "policyEffect",
                        "value": "disabled",
                        "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}],
                    }
                ]
            },
            True,
        ),
        ({"enforcementMode": "DoNotEnforce"}, True),  # remediation still works then
        ({"identity": {"type": "None"}}, False),
    ],
)
def test_the_effect_in_force_decides(tmp_path: Path, given: dict[str, Any], acts: bool) -> None:
    found = kit(tmp_path)
    found.policy("deploys", **given)
    assert roles(found) == ([WRITER] if acts else [])


def test_an_override_may_make_it_act(tmp_path: Path) -> None:
    found = kit(tmp_path, default="Disabled")
    found.policy("deploys", overrides=[{"kind": "policyEffect", "value": "DeployIfNotExists"}])
    assert roles(found) == [WRITER]


def test_members_of_an_initiative_count_by_their_effect(tmp_path: Path) -> None:
    found = kit(tmp_path)
    other = deploying(effect="Disabled")
    details = other["policyRule"]["then"]["details"]
    details["roleDefinitionIds"] = [f"/providers/Microsoft.Authorization/roleDefinitions/{READER}"]
    found.policies |= {"11111111-1111-1111-1111-111111111111": other, BUILTIN: deploying()}
    base = "/providers/Microsoft.Authorization/policyDefinitions/"
    found.sets = {
        "22222222-2222-2222-2222-222222222222": {
            "policyDefinitions": [
                {"policyDefinitionId": base + "11111111-1111-1111-1111-111111111111"},
                {"policyDefinitionId": base + BUILTIN},
                {"policyDefinitionId": base + "33333333-3333-3333-3333-333333333333"},
            ]
        }
    }
    found.policy(
        "/providers/Microsoft.Authorization/policySetDefinitions/22222222-2222-2222-2222-222222222222"
    )
    assert roles(found) == [WRITER]
    unknown = [one for one in found.render().diagnostics if one.code == "BP623"]
    assert len(unknown) == 1
    assert "`33333333-3333-3333-3333-333333333333`" in unknown[0].message


def test_facts_of_a_built_in_serve_without_its_definition(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.facts = {
        BUILTIN: {
            "displayName": "x",
            "version": "1.0.0",
            "deprecated": False,
            "effects": ["DeployIfNotExists", "Disabled"],
            "roleDefinitionIds": [WRITER],
            "parameters": [],
        }
    }
    found.policy(BUILTIN)
    assert roles(found) == [WRITER]
    assert not [one for one in found.render().diagnostics if one.code == "BP623"]


@pytest.mark.parametrize(
    ("facts", "expected", "warned"),
    [
        ({"needsIdentity": True, "roleDefinitionIds": [WRITER]}, [WRITER], False),
        ({"needsIdentity": True}, [], True),
        ({"needsIdentity": False}, [], False),
        ({}, [], True),
    ],
)
def test_facts_of_an_initiative_serve_without_its_members(
    tmp_path: Path, facts: dict[str, Any], expected: list[str], warned: bool
) -> None:
    found = kit(tmp_path)
    found.initiative_facts = {BUILTIN: {"displayName": "x", "version": "1.0.0", "deprecated": False, **facts}}
    found.policy(f"/providers/Microsoft.Authorization/policySetDefinitions/{BUILTIN}")
    assert roles(found) == expected
    assert any(one.code == "BP623" for one in found.render().diagnostics) == warned


def test_what_is_unknown_gets_an_identity_without_roles_and_a_warning(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.policy(BUILTIN)
    made = found.render()
    assert resources(made, "/policyAssignments")[0]["identity"] == {"type": "SystemAssigned"}
    assert resources(made, "/roleAssignments") == []
    assert [one.code for one in made.diagnostics] == ["BP623"]


def test_at_a_resource_group_assignment_and_role_are_one_inner_template(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.groups = {"Hub": {"name": "rg-hub", "location": "westeurope"}}
    found.parameters = {"effect": {"type": "string", "defaultValue": "DeployIfNotExists"}}
    found.policy("deploys", resourceGroup="Hub", parameters={"effect": {"value": "[parameters('effect')]"}})
    made = expanded(found.render())
    (assignment,) = by_type(made, "/policyAssignments")
    (role,) = by_type(made, "/roleAssignments")
    assert assignment.id.startswith(f"{SUB}/resourceGroups/rg-hub/providers/")
    assert role.id.startswith(f"{SUB}/resourceGroups/rg-hub/providers/")
    properties: Any = assignment.body["properties"]
    assert properties["parameters"] == {"effect": {"value": "DeployIfNotExists"}}
    principal: Any = role.body["properties"]
    assert assignment.id in principal["principalId"].expression


def test_names_agree_with_what_is_evaluated(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.groups = {"Hub": {"name": "rg-hub", "location": "westeurope"}}
    found.policy("deploys", resourceGroup="Hub")
    found.policy("audits")
    resolved, _, _ = found.resolved()
    ids = {one.id for one in by_type(expanded(found.render()), "/policyAssignments")}
    assert ids == {one.assignment_id for one in resolved.policies}


@pytest.mark.parametrize("given", ["value", "default", "array"])
def test_assign_permissions_reaches_the_resource_that_a_parameter_names(tmp_path: Path, given: str) -> None:
    parameter: dict[str, Any] = {"type": "String", "metadata": {"assignPermissions": True}}
    value: Any = WORKSPACE.replace(SUB, OTHER)
    if given == "default":
        parameter["defaultValue"] = value
    elif given == "array":
        parameter["type"], value = "Array", [value, WORKSPACE]
    found = kit(tmp_path, place=parameter)
    found.policy("deploys", parameters={} if given == "default" else {"place": {"value": value}})
    made = found.render()
    nested = resources(made, "/deployments")
    assert [one.get("subscriptionId") for one in nested] == [OTHER.rpartition("/")[2]]
    assert nested[0]["resourceGroup"] == "logs"
    (inner,) = nested[0]["properties"]["template"]["resources"]
    assert inner["scope"] == "Microsoft.OperationalInsights/workspaces/ws"
    (assignment,) = resources(made, "/policyAssignments")
    principal = nested[0]["properties"]["parameters"]["principalId"]["value"]
    assert assignment["name"] in principal
    assert any(assignment["name"] in text for text in nested[0]["dependsOn"])
    # the one in the assignment's own scope is reached from there
    assert len(resources(made, "/roleAssignments")) == 1
    assert [one.code for one in made.diagnostics if one.code == "BP628"] == ["BP628"]


def test_additional_roles(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.policy("deploys", additionalRoles=[{"role": READER, "scope": f"{OTHER}/resourceGroups/dns"}])
    made = found.render()
    (nested,) = resources(made, "/deployments")
    (inner,) = nested["properties"]["template"]["resources"]
    assert "scope" not in inner
    assert READER in inner["properties"]["roleDefinitionId"]
    found.artifacts.clear()
    found.policy(
        "deploys",
        additionalRoles=[{"role": READER, "scope": "[concat(subscription().id, '/resourceGroups/x')]"}],
    )
    (nested,) = resources(found.render(), "/deployments")
    assert nested["resourceGroup"] == "x"
    assert "subscriptionId" not in nested


def test_one_user_assigned_identity_gets_each_role_once(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.assignment = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}}
    found.policy("deploys")
    found.policy("deploys", artifact="again")
    made = found.render()
    for assignment in resources(made, "/policyAssignments"):
        assert assignment["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}
    (role,) = resources(made, "/roleAssignments")
    assert role["properties"]["principalId"] == f"[reference('{IDENTITY}', '2023-01-31').principalId]"


def test_an_identity_that_nobody_names(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.policy("deploys", identity={"type": "UserAssigned"})
    assert [one.code for one in found.faults()] == ["BP622"]


def test_at_a_management_group(tmp_path: Path) -> None:
    found = kit(tmp_path)
    found.assignment = {"scope": None, "managementGroup": "platform", "subscriptions": "all"}
    found.policy("deploys")
    made = found.render()
    assert body_of(made)["$schema"].endswith("managementGroupDeploymentTemplate.json#")
    (assignment,) = resources(made, "/policyAssignments")
    assert len(assignment["name"]) <= 24
    assert roles(found) == [WRITER]
    assert all(one.id.startswith(GROUP) for one in expanded(made).resources)
    found.groups = {"Hub": {"name": "rg-hub", "location": "westeurope"}}
    found.template("net", resourceGroup="Hub")
    assert {one.code for one in found.faults()} == {"BP626"}
