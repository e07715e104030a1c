"""Deployment stacks of the sandbox: what they manage, let go, delete and protect."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resource.deploymentstacks import DeploymentStacksClient

from blueprinter.sandbox import Response, Settings
from unit.sandbox.azure_box import (
    CREDENTIAL,
    GROUP,
    SUB,
    SUB_SCHEMA,
    SUBSCRIPTION,
    Azure,
    deployment,
    nested,
    request,
    resource,
    template,
)

NET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"
STRANGER = "11111111-1111-1111-1111-111111111111"
FRIEND = "22222222-2222-2222-2222-222222222222"


@pytest.fixture
def azure() -> Azure:
    return Azure()


def stack(name: str = "s", scope: str = GROUP) -> str:
    return f"{scope}/providers/Microsoft.Resources/deploymentStacks/{name}"


def body(
    found: Any, *, mode: str = "none", unmanage: str = "detach", groups: str = "detach", **settings: object
) -> dict[str, Any]:
    """The body of a stack; `settings` belong to its deny settings."""
    return {
        "properties": {
            "template": found,
            "actionOnUnmanage": {"resources": unmanage, "resourceGroups": groups},
            "denySettings": {"mode": mode, **settings},
        }
    }


def put(azure: Azure, found: dict[str, Any], path: str | None = None) -> Any:
    """The properties of a stack at its end."""
    path = path or stack()
    azure.ok("PUT", path, found)
    return azure.finish(path)["properties"]


def as_someone(azure: Azure, method: str, path: str, who: str, sent: object = None) -> Response:
    claims = base64.urlsafe_b64encode(json.dumps({"oid": who, "tid": "t"}).encode()).decode().rstrip("=")
    return azure.send(method, path, sent, headers={"authorization": f"Bearer e30.{claims}.x"})


def test_a_stack_manages_what_its_deployment_makes(azure: Azure) -> None:
    found = body(
        template(
            resource("a"), nested("n", template(resource("b"))), outputs={"x": {"type": "int", "value": 1}}
        )
    )
    first = azure.send("PUT", stack(), found)
    assert first.status == 201
    link = first.headers["Azure-AsyncOperation"]
    assert (
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Resources/locations/westeurope/deploymentStackOperationStatus/"
        in link
    )
    assert first.json()["properties"]["provisioningState"] == "initializing"
    assert azure.ok("GET", link)["status"] == "Running"
    made = azure.finish(stack())["properties"]
    assert made["provisioningState"] == "succeeded"
    assert [one["id"] for one in made["resources"]] == [f"{NET}/a", f"{NET}/b"]
    assert made["resources"][0] == {"id": f"{NET}/a", "status": "managed", "denyStatus": "none"}
    assert made["outputs"] == {"x": {"type": "Int", "value": 1}}
    assert azure.ok("GET", made["deploymentId"])["name"].startswith("s-2026-11-22-")
    assert azure.ok("GET", link)["status"] == "Succeeded"
    assert [one["name"] for one in azure.ok("GET", stack().rpartition("/")[0])["value"]] == ["s"]
    assert azure.ok("POST", f"{stack()}/exportTemplate")["template"] == found["properties"]["template"]
    assert azure.send("PUT", stack(), found).status == 200


def test_what_the_template_drops_is_detached_or_deleted(azure: Azure) -> None:
    put(azure, body(template(resource("a"), resource("b"))))
    made = put(azure, body(template(resource("a"))))
    assert made["detachedResources"] == [{"id": f"{NET}/b"}]
    assert azure.send("GET", f"{NET}/b").status == 200
    put(
        azure,
        body(
            template(
                resource("a"),
                resource("b"),
                resource("b/s", "Microsoft.Network/virtualNetworks/subnets", needs=["b"]),
            )
        ),
    )
    made = put(azure, body(template(resource("a")), unmanage="delete"))
    assert {one["id"] for one in made["deletedResources"]} == {f"{NET}/b", f"{NET}/b/subnets/s"}
    assert azure.send("GET", f"{NET}/b").status == 404
    assert [one["id"] for one in made["resources"]] == [f"{NET}/a"]


def test_a_resource_that_cannot_be_deleted_fails_the_stack_and_stays_managed(azure: Azure) -> None:
    put(azure, body(template(resource("a"), resource("b"))))
    azure.ok(
        "PUT", f"{NET}/b/providers/Microsoft.Authorization/locks/l", {"properties": {"level": "CanNotDelete"}}
    )
    made = put(azure, body(template(resource("a")), unmanage="delete"))
    assert made["provisioningState"] == "failed"
    assert made["error"]["code"] == "DeploymentStackDeleteResourcesFailed"
    assert made["failedResources"][0]["error"]["code"] == "ScopeLocked"
    assert {"id": f"{NET}/b", "status": "deleteFailed", "denyStatus": "none"} in made["resources"]


def test_a_failed_stack_manages_the_old_and_the_new(azure: Azure) -> None:
    put(azure, body(template(resource("a"))))
    made = put(
        azure,
        body(
            template(resource("b"), resource("x/y", "Microsoft.Network/virtualNetworks/subnets")),
            unmanage="delete",
        ),
    )
    assert made["provisioningState"] == "failed"
    assert made["error"]["code"] == "DeploymentStackDeploymentFailed"
    assert made["error"]["details"][0]["details"][0]["code"] == "ParentResourceNotFound"
    assert [one["id"] for one in made["resources"]] == [f"{NET}/a", f"{NET}/b"]
    assert [one["id"] for one in made["failedResources"]] == [f"{NET}/x/subnets/y"]
    assert azure.send("GET", f"{NET}/a").status == 200


def test_a_template_that_is_refused_fails_the_stack(azure: Azure) -> None:
    made = put(azure, body(template(resource("a"), parameters={"p": {"type": "string"}})))
    assert made["error"]["details"][0]["code"] == "InvalidTemplate"


@pytest.mark.parametrize(
    ("mode", "denied"), [("denyDelete", {"DELETE"}), ("denyWriteAndDelete", {"DELETE", "PUT"})]
)
def test_deny_settings_deny(azure: Azure, mode: str, denied: set[str]) -> None:
    found = body(template(resource("a"), resource("b")), mode=mode, excludedPrincipals=[FRIEND])
    assert put(azure, found)["resources"][0]["denyStatus"] == mode
    for method, sent in (("PUT", {"location": "westeurope", "properties": {}}), ("DELETE", None)):
        answer = as_someone(azure, method, f"{NET}/a", STRANGER, sent)
        assert (answer.status == 403) == (method in denied), answer.body
        if method in denied:
            error = answer.json()["error"]
            action = "Microsoft.Network/virtualNetworks/" + ("write" if method == "PUT" else "delete")
            assert error["code"] == "DenyAssignmentAuthorizationFailed"
            assert (
                f"has permission to perform action '{action}' on scope '{NET}/a'; however, the access is denied"
                in error["message"]
            )
    assert as_someone(azure, "PUT", f"{NET}/b/subnets/s", STRANGER, {"properties": {}}).status == 201
    assert as_someone(azure, "DELETE", f"{NET}/b", FRIEND).status == 200
    assert (
        put(azure, body(template(resource("a"), resource("b")), mode=mode))["provisioningState"]
        == "succeeded"
    )
    put(azure, body(template(resource("a"))))
    assert as_someone(azure, "DELETE", f"{NET}/a", STRANGER).status == 200


def test_child_scopes_and_excluded_actions(azure: Azure) -> None:
    settings = {
        "applyToChildScopes": True,
        "excludedActions": ["Microsoft.Network/virtualNetworks/subnets/wri*"],
    }
    put(azure, body(template(resource("a")), mode="denyWriteAndDelete", **settings))
    assert as_someone(azure, "PUT", f"{NET}/a/subnets/s", STRANGER, {"properties": {}}).status == 201
    assert as_someone(azure, "DELETE", f"{NET}/a/subnets/s", STRANGER).status == 403
    assert as_someone(azure, "PUT", f"{NET}/a/peerings/p", STRANGER, {"properties": {}}).status == 403


def test_another_deployment_is_denied_what_the_stack_protects(azure: Azure) -> None:
    put(azure, body(template(resource("a")), mode="denyWriteAndDelete"))
    found = azure.deploy(template(resource("a", tags={"x": "y"})))
    assert found["error"]["details"][0]["code"] == "DenyAssignmentAuthorizationFailed"
    made = put(azure, body(template(resource("a", tags={"x": "y"})), mode="denyWriteAndDelete"))
    assert made["provisioningState"] == "succeeded"
    assert azure.ok("GET", f"{NET}/a")["tags"] == {"x": "y"}


def test_a_resource_group_passes_nothing_on(azure: Azure) -> None:
    group = {
        "type": "Microsoft.Resources/resourceGroups",
        "apiVersion": "2022-09-01",
        "name": "made",
        "location": "westeurope",
    }
    found = body(template(group, schema=SUB_SCHEMA), mode="denyWriteAndDelete", applyToChildScopes=True)
    made = put(azure, {"location": "westeurope", **found}, stack("s", SUB))
    assert made["provisioningState"] == "succeeded", made
    there = f"{SUB}/resourceGroups/made"
    inner = f"{there}/providers/Microsoft.Network/virtualNetworks/x"
    assert as_someone(azure, "PUT", inner, STRANGER, {"location": "westeurope"}).status == 201
    assert as_someone(azure, "PUT", there, STRANGER, {"location": "westeurope"}).status == 403


def test_deny_assignments_can_be_looked_at(azure: Azure) -> None:
    put(azure, body(template(resource("a")), mode="denyDelete", excludedPrincipals=[FRIEND]))
    found = azure.ok("GET", f"{NET}/a/providers/Microsoft.Authorization/denyAssignments")["value"]
    assert len(found) == 1
    properties = found[0]["properties"]
    assert properties["isSystemProtected"] is True
    assert properties["permissions"][0]["actions"] == ["*/delete"]
    assert [one["id"] for one in properties["excludePrincipals"]] == [FRIEND]


@pytest.mark.parametrize("action", ["detach", "delete"])
def test_deleting_a_stack(azure: Azure, action: str) -> None:
    group = {
        "type": "Microsoft.Resources/resourceGroups",
        "apiVersion": "2022-09-01",
        "name": "made",
        "location": "westeurope",
    }
    inner = nested("n", template(resource("a")), resourceGroup="made", dependsOn=["made"])
    found = {"location": "westeurope", **body(template(group, inner, schema=SUB_SCHEMA), mode="denyDelete")}
    put(azure, found, stack("s", SUB))
    query = f"unmanageAction.Resources={action}&unmanageAction.ResourceGroups={action}&bypassStackOutOfSyncError=false"
    answer = azure.send("DELETE", f"{stack('s', SUB)}?{query}")
    assert answer.status == 202
    assert azure.refused("PUT", stack("s", SUB), found)[1] == "DeploymentStackInNonTerminalState"
    for _ in range(10):
        if azure.send("GET", answer.headers["Location"]).status == 204:
            break
    assert azure.send("GET", stack("s", SUB)).status == 404
    there = f"{SUB}/resourceGroups/made"
    assert azure.send("GET", there).status == (404 if action == "delete" else 200)
    assert azure.send("DELETE", stack("s", SUB)).status == 204
    if action == "detach":
        gone = as_someone(azure, "DELETE", f"{there}/providers/Microsoft.Network/virtualNetworks/a", STRANGER)
        assert gone.status == 200


def test_what_is_refused_at_once(azure: Azure) -> None:
    empty = template(schema=SUB_SCHEMA)
    assert azure.refused("PUT", stack("s", SUB), body(empty))[1] == "LocationRequired"
    six = [f"{index}" * 8 for index in range(6)]
    many = body(template(), mode="denyDelete", excludedPrincipals=six)
    assert azure.refused("PUT", stack(), many)[0] == 400
    without = body(template())
    del without["properties"]["denySettings"]
    assert azure.refused("PUT", stack(), without)[1] == "InvalidRequestContent"
    strange = body(template())
    strange["properties"]["mode"] = "Incremental"
    assert azure.refused("PUT", stack(), strange)[1] == "InvalidRequestContent"
    put(azure, {"location": "westeurope", **body(empty)}, stack("s", SUB))
    moved = {"location": "eastus", **body(empty)}
    assert azure.refused("PUT", stack("s", SUB), moved)[:2] == (409, "InvalidResourceLocation")
    elsewhere = body(template())
    elsewhere["properties"]["deploymentScope"] = SUB
    assert azure.refused("PUT", stack(), elsewhere)[0] == 400


def test_a_running_stack_is_not_touched() -> None:
    azure = Azure(Settings(steps=3))
    azure.ok("PUT", stack(), body(template(resource("a"))))
    status, code, message = azure.refused("PUT", stack(), body(template()))
    assert (status, code) == (409, "DeploymentStackInNonTerminalState")
    assert "non-terminal state 'Initializing'" in message
    assert azure.refused("DELETE", stack())[1] == "DeploymentStackInNonTerminalState"


def test_a_stack_of_a_subscription_may_deploy_to_a_group(azure: Azure) -> None:
    found = {"location": "westeurope", **body(template(resource("a")))}
    found["properties"]["deploymentScope"] = GROUP
    made = put(azure, found, stack("s", SUB))
    assert made["deploymentId"].startswith(f"{GROUP}/providers/")
    assert [one["id"] for one in made["resources"]] == [f"{NET}/a"]


def test_a_stack_of_a_management_group(azure: Azure) -> None:
    root = f"/providers/Microsoft.Management/managementGroups/{azure.settings.tenant_id}"
    group = {
        "type": "Microsoft.Resources/resourceGroups",
        "apiVersion": "2022-09-01",
        "name": "made",
        "location": "westeurope",
    }
    found = {"location": "westeurope", **body(template(group, schema=SUB_SCHEMA), mode="denyDelete")}
    found["properties"]["deploymentScope"] = SUB
    first = azure.send("PUT", stack("s", root), found)
    assert first.headers["Azure-AsyncOperation"].startswith(
        f"https://management.azure.com{root}/providers/Microsoft.Resources/locations/"
    )
    made = azure.finish(stack("s", root))["properties"]
    assert made["resources"] == [
        {"id": f"{SUB}/resourceGroups/made", "status": "managed", "denyStatus": "denyDelete"}
    ]
    assert azure.ok("GET", first.headers["Azure-AsyncOperation"])["status"] == "Succeeded"


def test_a_blueprint_as_a_stack(azure: Azure) -> None:
    """Definition, initiative, assignment with an identity, and its role: each needs the one before."""
    kind = "Microsoft.Authorization"
    contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c"
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Network/virtualNetworks"},
        "then": {
            "effect": "modify",
            "details": {
                "roleDefinitionIds": [f"/providers/{kind}/roleDefinitions/{contributor}"],
                "operations": [
                    {"operation": "addOrReplace", "field": "tags['a']", "value": "[[parameters('tag')]"}
                ],
            },
        },
    }
    parameters = {"tag": {"type": "String", "defaultValue": "b"}}
    definition = {
        "type": f"{kind}/policyDefinitions",
        "apiVersion": "2021-06-01",
        "name": "p",
        "properties": {"mode": "Indexed", "parameters": parameters, "policyRule": rule},
    }
    definition_id = f"[subscriptionResourceId('{kind}/policyDefinitions', 'p')]"
    initiative = {
        "type": f"{kind}/policySetDefinitions",
        "apiVersion": "2021-06-01",
        "name": "i",
        "dependsOn": [definition_id],
        "properties": {
            "policyDefinitions": [{"policyDefinitionReferenceId": "one", "policyDefinitionId": definition_id}]
        },
    }
    initiative_id = f"[subscriptionResourceId('{kind}/policySetDefinitions', 'i')]"
    assignment = {
        "type": f"{kind}/policyAssignments",
        "apiVersion": "2022-06-01",
        "name": "a",
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "dependsOn": [initiative_id],
        "properties": {"policyDefinitionId": initiative_id},
    }
    assigned = f"subscriptionResourceId('{kind}/policyAssignments', 'a')"
    principal = f"[reference({assigned}, '2022-06-01', 'full').identity.principalId]"
    role = {
        "type": f"{kind}/roleAssignments",
        "apiVersion": "2022-04-01",
        "name": f"[guid(subscription().id, 'a', '{contributor}')]",
        "dependsOn": [f"[subscriptionResourceId('{kind}/policyAssignments', 'a')]"],
        "properties": {
            "principalId": principal,
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"[subscriptionResourceId('{kind}/roleDefinitions', '{contributor}')]",
        },
    }
    found = body(
        template(role, assignment, initiative, definition, schema=SUB_SCHEMA),
        mode="denyWriteAndDelete",
        unmanage="delete",
    )
    found["location"] = "westeurope"
    made = put(azure, found, stack("s", SUB))
    assert made["provisioningState"] == "succeeded", made
    assert len(made["resources"]) == 4
    kept = azure.ok("GET", f"{SUB}/providers/{kind}/policyDefinitions/p")["properties"]["policyRule"]
    assert kept["then"]["details"]["operations"][0]["value"] == "[parameters('tag')]"
    net = azure.ok("PUT", f"{NET}/x", {"location": "westeurope"})
    assert net["tags"] == {"a": "b"}
    denied = as_someone(azure, "DELETE", f"{SUB}/providers/{kind}/policyAssignments/a", STRANGER)
    assert (denied.status, denied.json()["error"]["code"]) == (403, "DenyAssignmentAuthorizationFailed")
    emptied = {"location": "westeurope", **body(template(schema=SUB_SCHEMA), unmanage="delete")}
    made = put(azure, emptied, stack("s", SUB))
    assert made["provisioningState"] == "succeeded", made
    assert len(made["deletedResources"]) == 4
    assert azure.send("GET", f"{SUB}/providers/{kind}/policyDefinitions/p").status == 404


def test_validation_makes_nothing(azure: Azure) -> None:
    found = azure.ok("POST", f"{stack()}/validate", body(template(resource("a"))))
    assert found["properties"]["validatedResources"] == [{"id": f"{NET}/a"}]
    assert azure.send("GET", stack()).status == 404
    wrong = body(template(resource("a"), parameters={"p": {"type": "int"}}))
    assert azure.refused("POST", f"{stack()}/validate", wrong)[1] == "InvalidTemplate"
    assert azure.send("PUT", deployment(), request(template())).status == 201


def test_the_official_client_makes_and_deletes_stacks(azure: Azure) -> None:
    client = DeploymentStacksClient(CREDENTIAL, SUBSCRIPTION, **azure.client_options()).deployment_stacks
    found = body(template(resource("a"), parameters={"p": {"type": "int"}}), mode="denyDelete")
    found["properties"]["parameters"] = {"p": {"value": 1}}
    assert client.begin_validate_stack_at_resource_group("rg", "s", found).result().name == "s"
    made = client.begin_create_or_update_at_resource_group("rg", "s", found).result()
    assert made.properties.provisioning_state == "succeeded"
    assert [(one.id, one.deny_status) for one in made.properties.resources] == [(f"{NET}/a", "denyDelete")]
    assert made.properties.parameters["p"].value == 1
    assert [one.name for one in client.list_at_resource_group("rg")] == ["s"]
    assert client.export_template_at_resource_group("rg", "s").template is not None
    client.begin_delete_at_resource_group("rg", "s", unmanage_action_resources="delete").result()
    assert azure.send("GET", f"{NET}/a").status == 404
    place = {"location": "westeurope", **body(template(resource("x", "Microsoft.Network/none")))}
    with pytest.raises(HttpResponseError) as failed:
        client.begin_create_or_update_at_subscription("s", place).result()
    assert failed.value.error.code == "DeploymentStackDeploymentFailed"


def test_what_a_stack_would_change(azure: Azure) -> None:
    put(azure, body(template(resource("a"), resource("b", tags={"x": "1"}), resource("c"))))
    found = body(
        template(resource("b", tags={"x": "2"}), resource("c"), resource("d")),
        mode="denyDelete",
        unmanage="delete",
    )
    found["properties"] |= {"deploymentStackResourceId": stack(), "retentionInterval": "PT2H"}
    clients = DeploymentStacksClient(CREDENTIAL, SUBSCRIPTION, **azure.client_options())
    client = clients.deployment_stacks_what_if_results_at_resource_group
    made = client.begin_create_or_update("rg", "w", found).result()
    changes = {one.id.rpartition("/")[2]: one for one in made.properties.changes.resource_changes}
    kinds = {name: one.change_type for name, one in changes.items()}
    assert kinds == {"a": "delete", "b": "modify", "c": "noChange", "d": "create"}
    assert changes["a"].management_status_change.after == "unmanaged"
    assert changes["d"].deny_status_change.after == "denyDelete"
    assert changes["b"].resource_configuration_changes.delta[0].children[0].path == "x"
    assert azure.send("GET", f"{NET}/d").status == 404
    assert client.begin_what_if("rg", "w").result().name == "w"
    assert [one.name for one in client.list("rg")] == ["w"]
    client.delete("rg", "w")
    assert (
        azure.refused("GET", f"{GROUP}/providers/Microsoft.Resources/deploymentStacksWhatIfResults/w")[0]
        == 404
    )
