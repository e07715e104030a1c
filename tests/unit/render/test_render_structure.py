"""Order, resource groups, role artifacts, locks, limits: the shape of what is rendered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unit.render.kit import (
    BUILTIN,
    GROUP,
    READER,
    SUB,
    Kit,
    auditing,
    body_of,
    by_type,
    deploying,
    document,
    expanded,
    resources,
)

ONE, TWO = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"


def deployed(kit: Kit) -> list[str]:
    """The building blocks in the order in which Azure deploys them."""
    made = kit.render()
    waits: dict[str, set[str]] = {}
    for resource in resources(made):
        waits[str(resource["name"])] = set()
    for resource in resources(made):
        for text in resource.get("dependsOn", []):
            waits[str(resource["name"])] |= {name for name in waits if f"'{name}'" in text}
    done: list[str] = []
    while len(done) < len(waits):
        ready = sorted(name for name in waits if name not in done and waits[name] <= set(done))
        assert ready, f"a circle: {waits}"
        done += ready
    return [name.rsplit("-", 1)[0] for name in done]


def test_default_order(tmp_path: Path) -> None:
    kit = Kit(tmp_path, policies={"audits": auditing()})
    kit.groups = {"A": {"name": "ga", "location": "x"}, "B": {"name": "gb", "location": "x"}}
    for group in ("B", "A"):
        kit.template(f"t1{group}", resourceGroup=group)
        kit.template(f"t2{group}", resourceGroup=group)
        kit.policy("audits", artifact=f"p{group}", resourceGroup=group)
    kit.template("top")
    kit.policy("audits", artifact="policy")
    order = deployed(kit)
    assert [name for name in order if not name.startswith("audits")] == [
        *["policy", "top"],
        *["ga", "pA", "t1A", "t2A"],
        *["gb", "pB", "t1B", "t2B"],
    ]


def test_custom_order_and_what_is_in_a_group(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    kit.groups = {
        "A": {"name": "ga", "location": "x"},
        "B": {"name": "gb", "location": "x", "dependsOn": ["z"]},
    }
    kit.template("z", resourceGroup="A")
    kit.template("a", resourceGroup="A", dependsOn=["z"])
    kit.template("b", resourceGroup="B", dependsOn=["A"])
    kit.template("top", dependsOn=["B"])
    assert deployed(kit) == ["ga", "z", "a", "gb", "b", "top"]


def test_an_empty_group_comes_before_what_waits_for_it(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    kit.groups = {
        "A": {"name": "ga", "location": "x", "dependsOn": ["B"]},
        "B": {"name": "gb", "location": "x", "dependsOn": ["C", "first"]},
        "C": {"name": "gc", "location": "x"},
    }
    kit.template("first", resourceGroup="C")
    kit.template("top", dependsOn=["A"])
    kit.template("last", dependsOn=["top"])
    assert deployed(kit) == ["gc", "first", "gb", "ga", "top", "last"]


def test_a_group_of_policies_is_deployed_side_by_side(tmp_path: Path) -> None:
    kit = Kit(tmp_path, policies={"audits": auditing()})
    for name in ("a", "b", "c"):
        kit.policy("audits", artifact=name)
    kit.artifacts["c"]["properties"]["dependsOn"] = ["a"]
    made = {
        one["name"].rsplit("-", 1)[0]: one["dependsOn"]
        for one in resources(kit.render(), "/policyAssignments")
    }
    assert len(made["a"]) == len(made["b"]) == 1  # the definition
    assert any("'a-" in text for text in made["c"])


def test_an_artifact_may_be_called_like_a_group(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    kit.groups = {"Hub": {"name": "g", "location": "x"}}
    kit.template("Hub")
    kit.template("net", resourceGroup="Hub")
    assert deployed(kit) == ["Hub", "g", "net"]


# --- resource groups ---------------------------------------------------------------------------------------------


def grouped(tmp_path: Path) -> Kit:
    kit = Kit(tmp_path)
    kit.groups = {
        "Hub": {"tags": {"owner": "[parameters('owner')]", "x": "[[y]"}},
        "Other": {"location": "x"},
    }
    kit.parameters = {
        "owner": {"type": "string", "defaultValue": "o"},
        "tags": {"type": "object", "defaultValue": {}},
    }
    kit.assignment = {
        "resourceGroups": {"Hub": {"name": "rg-hub", "location": "westeurope"}, "Other": {"name": "rg-other"}}
    }
    kit.template("net", resourceGroup="Hub")
    return kit


def test_groups(tmp_path: Path) -> None:
    made = grouped(tmp_path).render()
    hub, other = resources(made, "/resourceGroups")
    assert (hub["name"], hub["location"]) == ("rg-hub", "westeurope")
    assert hub["tags"] == {"owner": "[parameters('owner')]", "x": "[[y]"}
    assert "tags" not in other
    expansion = expanded(made)
    assert by_type(expansion, "/resourceGroups")[0].body["tags"] == {"owner": "o", "x": "[y]"}


def test_a_group_that_is_there_is_not_deployed(tmp_path: Path) -> None:
    kit = grouped(tmp_path)
    kit.adopted = {"resourceGroups": {"hub": {"existing": True}}}
    made = kit.render()
    assert [one["name"] for one in resources(made, "/resourceGroups")] == ["rg-other"]
    (net,) = resources(made, "/deployments")
    assert "dependsOn" not in net


@pytest.mark.parametrize("whole", [False, True])
def test_an_adopted_group_keeps_its_tags_under_ours(tmp_path: Path, whole: bool) -> None:
    kit = grouped(tmp_path)
    kit.adopted = {"resourceGroups": {"Hub": {"adopt": True, "tags": {"Owner": "old", "cost": "it's"}}}}
    if whole:
        kit.groups["Hub"]["tags"] = "[parameters('tags')]"
        kit.parameters["tags"]["defaultValue"] = {"owner": "o"}
    (hub, _) = by_type(expanded(kit.render()), "/resourceGroups")
    tags: Any = hub.body["tags"]
    assert {key.lower(): value for key, value in tags.items()} == {
        "owner": "o",
        "cost": "it's",
        **({} if whole else {"x": "[y]"}),
    }


def test_two_placeholders_of_one_name(tmp_path: Path) -> None:
    kit = grouped(tmp_path)
    kit.assignment["resourceGroups"]["Other"]["name"] = "RG-HUB"
    kit.groups["Other"]["location"] = "West Europe"
    kit.template("more", resourceGroup="Other")
    made = kit.render()
    assert [one["name"] for one in resources(made, "/resourceGroups")] == ["rg-hub"]
    assert [one.code for one in made.diagnostics] == ["BP625"]
    assert all(
        "'rg-hub'" in text for one in resources(made, "/deployments") for text in one["dependsOn"][-1:]
    )
    kit.groups["Other"]["location"] = "northeurope"
    assert [one.code for one in kit.faults()] == ["BP625"]


@pytest.mark.parametrize(
    "adopted",
    [
        {"artefacts": {}},
        {"artifacts": {"lost": {}}},
        {"artifacts": {"net": {"nam": "x"}}},
        {"artifacts": {"net": {"name": 1}}},
        {"resourceGroups": {"Hub": {}}},
        {"resourceGroups": {"Hub": {"existing": True, "tags": []}}},
        [],
    ],
)
def test_adopted_files_are_closed(tmp_path: Path, adopted: Any) -> None:
    kit = grouped(tmp_path)
    kit.adopted = adopted
    assert {one.code for one in kit.faults()} == {"BP630"}


# --- role artifacts ----------------------------------------------------------------------------------------------


def test_role_artifacts(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    kit.parameters = {"owners": {"type": "array"}}
    kit.assignment = {"parameters": {"owners": {"value": [ONE, TWO]}}}
    condition = "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'x'"
    kit.role(
        "owners",
        ["[parameters('owners')]", ONE.upper()],
        principalType="Group",
        condition=condition,
        conditionVersion="2.0",
    )
    made = resources(kit.render(), "/roleAssignments")
    assert [one["properties"]["principalId"] for one in made] == [ONE, TWO]
    assert made[0]["properties"]["principalType"] == "Group"
    assert made[0]["properties"]["condition"] == condition
    assert made[0]["properties"]["conditionVersion"] == "2.0"
    # another order, another list: who stays keeps the name
    kit.assignment = {"parameters": {"owners": {"value": [TWO]}}}
    kit.artifacts["owners"]["properties"]["principalIds"] = "[parameters('owners')]"
    (again,) = resources(kit.render(), "/roleAssignments")
    assert again["name"] == made[1]["name"]
    assert "principalType" not in resources(_plain(tmp_path).render(), "/roleAssignments")[0]["properties"]


def _plain(tmp_path: Path) -> Kit:
    kit = Kit(tmp_path / "plain")
    kit.role("owners", [ONE])
    return kit


def test_a_principal_that_only_azure_knows(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    outputs = {"who": {"type": "string", "value": ONE}}
    kit.template("t", {"$schema": "x", "contentVersion": "1.0.0.0", "resources": [], "outputs": outputs})
    kit.role("late", ["[artifacts('t').outputs.who]"], dependsOn=["t"])
    made = kit.render()
    (role,) = resources(made, "/roleAssignments")
    (template,) = resources(made, "/deployments")
    assert role["properties"]["principalId"] == f"[reference('{template['name']}').outputs.who.value]"
    assert role["dependsOn"]
    assert [one["name"] for one in resources(kit.render(), "/roleAssignments")] == [role["name"]]


def test_the_same_grant_in_two_artifacts_is_one(tmp_path: Path) -> None:
    kit = _plain(tmp_path)
    kit.role("again", [ONE.upper(), TWO])
    assert len(resources(kit.render(), "/roleAssignments")) == 2


def test_live_names_are_kept(tmp_path: Path) -> None:
    kit = _plain(tmp_path)
    live = "33333333-3333-3333-3333-333333333333"
    kit.adopted = {"artifacts": {"owners": {"names": {ONE: live}, "principalType": "User"}}}
    (role,) = resources(kit.render(), "/roleAssignments")
    assert role["name"] == live
    assert role["properties"]["principalType"] == "User"
    kit.policies = {"deploys": deploying()}
    kit.policy("deploys", artifact="p")
    kit.adopted = {"artifacts": {"p": {"name": "live-name", "location": "northeurope"}}}
    (assignment,) = resources(kit.render(), "/policyAssignments")
    assert (assignment["name"], assignment["location"]) == ("live-name", "northeurope")


def test_roles_in_a_template_of_their_own(tmp_path: Path) -> None:
    kit = _plain(tmp_path)
    kit.policies = {"deploys": deploying()}
    kit.parameters = {"group": {"type": "string", "defaultValue": "rg-hub"}}
    kit.groups = {"Hub": {"name": "[parameters('group')]", "location": "westeurope"}}
    kit.policy("deploys", artifact="top")
    kit.policy("deploys", artifact="inside", resourceGroup="Hub")
    kit.role("hub-readers", [TWO], resourceGroup="Hub")
    kit.options = {"split_roles": True}
    made = kit.render()
    assert [one.name for one in made.templates] == ["assignment", "roles"]
    assert by_type(expanded(made), "/roleAssignments") == []
    principals = body_of(made)["outputs"]["principals"]["value"]
    assert len(principals) == 2
    roles = by_type(expanded(made, "roles", principals=dict.fromkeys(principals, ONE)), "/roleAssignments")
    assert len(roles) == 4
    assert {one.id.partition("/providers/")[0] for one in roles} == {SUB, f"{SUB}/resourceGroups/rg-hub"}
    kit.template("late", dependsOn=["owners"])
    assert [one.code for one in kit.faults()] == ["BP631"]


# --- stacks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("AllResourcesReadOnly", "denyWriteAndDelete"),
        ("allResourcesDoNotDelete", "denyDelete"),
        ("none", "none"),
    ],
)
def test_locks_are_deny_settings(tmp_path: Path, mode: str, expected: str) -> None:
    kit = _plain(tmp_path)
    kit.assignment = {"locks": {"mode": mode, "excludedPrincipals": [ONE], "excludedActions": ["a/b/action"]}}
    made = json.loads(kit.render().files["assignment.stack.json"])
    denied = made["properties"]["denySettings"]
    assert denied["mode"] == expected
    assert set(made["properties"]["actionOnUnmanage"].values()) == {"detach"}
    if expected != "none":
        assert denied["applyToChildScopes"] is True
        assert denied["excludedPrincipals"] == [ONE]
        assert denied["excludedActions"] == [
            "a/b/action",
            "Microsoft.Network/virtualNetworks/subnets/join/action",
        ]


def test_locks_against_the_blueprints_own_policies(tmp_path: Path) -> None:
    kit = Kit(tmp_path, policies={"deploys": deploying(), "audits": auditing()})
    kit.assignment = {"locks": {"mode": "AllResourcesReadOnly"}}
    kit.policy("audits", artifact="audit")
    assert kit.render().diagnostics == ()
    kit.policy("deploys", artifact="act")
    (warning,) = kit.render().diagnostics
    assert (warning.code, "`act`" in warning.message, "`audit`" in warning.message) == ("BP627", True, False)
    identity = f"{SUB}/resourceGroups/i/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
    kit.assignment["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    kit.adopted = {"identities": {identity: ONE}}
    made = kit.render()
    assert made.diagnostics == ()
    assert made.templates[0].stack is not None
    settings: Any = made.templates[0].stack["properties"]
    assert settings["denySettings"]["excludedPrincipals"] == [ONE]


def test_a_stack_that_owners_cannot_lift(tmp_path: Path) -> None:
    kit = _plain(tmp_path)
    kit.assignment = {"stackScope": "managementGroup", "definitionScope": GROUP}
    made = json.loads(kit.render().files["assignment.stack.json"])
    assert made["scope"] == GROUP
    assert made["properties"]["deploymentScope"] == SUB
    # the stack of another subscription is kept beside it
    kit.assignment["scope"] = SUB[:-1] + "2"
    other = json.loads(kit.render().files["assignment.stack.json"])
    assert other["scope"] == GROUP
    assert other["name"] != made["name"]


def test_a_ring_may_only_watch(tmp_path: Path) -> None:
    kit = Kit(tmp_path, policies={"audits": auditing()})
    kit.policy("audits")
    ring = {"name": "audit", "enforcementMode": "DoNotEnforce", "subscriptions": [SUB]}
    kit.assignment = {"rings": [ring, {"name": "enforce", "subscriptions": []}]}
    (assignment,) = resources(kit.render(), "/policyAssignments")
    assert assignment["properties"]["enforcementMode"] == "DoNotEnforce"


# --- templates, limits, bytes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema", ["2018-05-01/subscriptionDeploymentTemplate.json#", "2015-01-01/deploymentTemplate.json#"]
)
def test_the_schema_is_that_of_the_scope(tmp_path: Path, schema: str) -> None:
    kit = Kit(tmp_path)
    kit.groups = {"Hub": {"name": "g", "location": "x"}}
    body = {"$schema": f"https://schema.management.azure.com/schemas/{schema}", "contentVersion": "1.0.0.0"}
    kit.template("top", {**body, "resources": []})
    kit.template("in", {**body, "resources": []}, resourceGroup="Hub")
    found = {
        one["name"].rsplit("-", 1)[0]: one["properties"]["template"]["$schema"]
        for one in resources(kit.render(), "/deployments")
    }
    assert found["top"].endswith("subscriptionDeploymentTemplate.json#")
    assert found["in"].endswith("/deploymentTemplate.json#")
    assert sum(one.endswith(schema) for one in found.values()) == 1


def test_a_template_artifact_stays_as_it_is(tmp_path: Path) -> None:
    inner = {
        "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "variables": {"v": "[[x]", "copy": [{"name": "c", "count": 2, "input": "[copyIndex('c')]"}]},
        "resources": [{"type": "a/b", "apiVersion": "1", "name": "[concat('n', variables('v'))]"}],
    }
    kit = Kit(tmp_path)
    kit.template("t", inner)
    (made,) = resources(kit.render(), "/deployments")
    assert made["properties"]["template"] == inner
    assert made["properties"]["expressionEvaluationOptions"] == {"scope": "inner"}


def test_limits_are_met_before_azure_meets_them(tmp_path: Path) -> None:
    kit = Kit(tmp_path, policies={"audits": auditing()})
    kit.policy("audits", notScopes=[f"{SUB}/resourceGroups/g{number}" for number in range(361)])
    (fault,) = kit.faults()
    assert (fault.code, "361 of at most 400" in fault.message) == ("BP624", True)
    kit.artifacts.clear()
    kit.policy("audits", displayName="x" * 200, description="y" * 500)
    made = kit.render()
    assert [one.code for one in made.diagnostics] == ["BP629"]
    assert len(resources(made, "/policyAssignments")[0]["properties"]["displayName"]) == 128


def test_what_an_assignment_says_is_handed_on(tmp_path: Path) -> None:
    kit = Kit(tmp_path, policies={"audits": auditing(x={"type": "String"})})
    said = {
        "displayName": "[Preview]: [x]",
        "enforcementMode": "DoNotEnforce",
        "notScopes": ["[concat(subscription().id, '/resourceGroups/sandbox')]"],
        "nonComplianceMessages": [{"message": "[[no]"}],
        "resourceSelectors": [
            {"name": "s", "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}]}
        ],
        "overrides": [{"kind": "policyEffect", "value": "disabled"}],
        "parameters": {"x": {"value": "[[literal]"}},
    }
    kit.policy("audits", **said)
    kit.policy(BUILTIN, definitionVersion="1.*.*")
    found = {
        str(one.body["properties"]["displayName"]): one
        for one in by_type(expanded(kit.render()), "/policyAssignments")
        if "displayName" in one.body["properties"]
    }  # type: ignore[index,operator,call-overload] # JSON of the expansion
    properties: Any = found["[Preview]: [x]"].body["properties"]
    assert properties["enforcementMode"] == "DoNotEnforce"
    assert properties["notScopes"] == [f"{SUB}/resourceGroups/sandbox"]
    assert properties["nonComplianceMessages"] == [{"message": "[no]"}]
    assert properties["parameters"] == {"x": {"value": "[literal]"}}
    assert properties["resourceSelectors"] == said["resourceSelectors"]
    assert properties["overrides"] == said["overrides"]
    assert properties["metadata"]["assignedBy"] == "blueprinter"
    assert properties["metadata"]["blueprinter"]["blueprint"] == "sample"
    pinned = [
        one
        for one in resources(kit.render(), "/policyAssignments")
        if "definitionVersion" in one["properties"]
    ]
    assert [one["properties"]["definitionVersion"] for one in pinned] == ["1.*.*"]


def test_the_same_input_gives_the_same_bytes_whatever_files_are_called(tmp_path: Path) -> None:
    kit = grouped(tmp_path)
    kit.policies = {"deploys": deploying()}
    kit.policy("deploys")
    first, again = kit.render(), kit.render()
    assert first.files == again.files
    assert first.mark == again.mark
    kit.artifacts["net"]["properties"]["displayName"] = "another"
    assert kit.render().mark.content != first.mark.content


def test_a_document_of_templates_is_json(tmp_path: Path) -> None:
    for name, content in grouped(tmp_path).render().files.items():
        assert json.loads(content)
        assert content.endswith(b"}\n")
        assert document(json.loads(content), name)
    assert READER
