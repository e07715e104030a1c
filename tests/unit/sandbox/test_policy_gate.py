"""Policies that act on requests: deny, append, modify, denyAction, deployIfNotExists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from unit.sandbox.policy_box import (
    AUTHORIZATION,
    GROUP,
    INSIGHTS,
    ROOT,
    SUBSCRIPTION,
    Asker,
    policy_box,
    storage_id,
    storage_rule,
)

IDENTITY = {"identity": {"type": "SystemAssigned"}, "location": "westeurope"}
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
ROLES = [f"/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}"]
ANY_STORAGE = {"field": "type", "equals": "Microsoft.Storage/storageAccounts"}


@pytest.fixture
def box() -> Iterator[Asker]:
    with policy_box() as found:
        found.group()
        yield found


def _grant(box: Asker, assignment: Any, scope: str = SUBSCRIPTION) -> None:
    body = {
        "properties": {
            "roleDefinitionId": f"{SUBSCRIPTION}{ROLES[0]}",
            "principalId": assignment["identity"]["principalId"],
            "principalType": "ServicePrincipal",
        }
    }
    name = "11111111-0000-0000-0000-000000000001"
    box.good("PUT", f"{scope}{AUTHORIZATION}/roleAssignments/{name}", body)


def test_deny_refuses_with_the_details_that_azure_sends(box: Asker) -> None:
    definition = box.define("https", storage_rule("deny"))
    assignment = box.assign("https", definition, displayName="Only HTTPS", parameters={})
    assert box.storage("good", supportsHttpsTrafficOnly=True).status == 201
    found = box.storage("bad", supportsHttpsTrafficOnly=False)
    error = found.json()["error"]
    assert (found.status, error["code"], error["target"]) == (403, "RequestDisallowedByPolicy", "bad")
    assert error["message"] == (
        "Resource 'bad' was disallowed by policy. Policy identifiers: "
        f'\'[{{"policyAssignment":{{"name":"Only HTTPS","id":"{assignment["id"]}"}},'
        f'"policyDefinition":{{"name":"The https","id":"{definition}","version":"1.0.0"}}}}]\'.'
    )
    (violation,) = error["additionalInfo"]
    info = violation["info"]
    assert violation["type"] == "PolicyViolation"
    assert info["policyDefinitionEffect"] == "deny"
    assert info["policyAssignmentScope"] == SUBSCRIPTION
    assert info["policyDefinitionId"] == definition
    assert info["policyAssignmentId"] == assignment["id"]
    assert info["evaluationDetails"]["evaluatedExpressions"][1] == {
        "result": "True",
        "expressionKind": "Field",
        "expression": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly",
        "path": "properties.supportsHttpsTrafficOnly",
        "expressionValue": False,
        "targetValue": True,
        "operator": "NotEquals",
    }
    assert box.ask("GET", storage_id("bad")).status == 404


def test_a_count_says_how_many(box: Asker) -> None:
    rules = "Microsoft.Network/networkSecurityGroups/securityRules[*]"
    where = {"field": f"{rules}.access", "equals": "Allow"}
    rule = {"if": {"count": {"field": rules, "where": where}, "greater": 1}, "then": {"effect": "deny"}}
    box.assign("few", box.define("few", rule))
    group = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    properties = {"securityRules": [{"name": str(n), "properties": {"access": "Allow"}} for n in range(3)]}
    refused = box.ask("PUT", group, {"location": "westeurope", "properties": properties})
    (one,) = refused.json()["error"]["additionalInfo"][0]["info"]["evaluationDetails"]["evaluatedExpressions"]
    assert (one["expressionKind"], one["expressionValue"], one["targetValue"]) == ("Count", 3, 1)


def test_what_has_no_location_is_not_looked_at_in_mode_indexed(box: Asker) -> None:
    """A secret of a vault is sent without one; Azure/azure-policy#118: mode Indexed leaves such resources out."""
    rule = {"if": {"field": "location", "notIn": ["westeurope"]}, "then": {"effect": "deny"}}
    box.assign("places", box.define("places", rule, mode="Indexed"))
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"
    properties = {"tenantId": "x", "sku": {"family": "A", "name": "standard"}}
    box.good("PUT", vault, {"location": "westeurope", "properties": properties})
    secret = {"properties": {"value": "p"}}
    assert box.ask("PUT", f"{vault}/secrets/s", secret).status == 201
    box.refused("PUT", f"{vault}/secrets/t", {**secret, "location": "mars"})
    box.scan()
    path = f"{SUBSCRIPTION}{INSIGHTS}/policyStates/latest/queryResults"
    assert [row["resourceId"].rpartition("/")[2] for row in box.good("POST", path)["value"]] == ["v"]
    box.assign("everything", box.define("everything", rule, mode="All"))
    box.refused("PUT", f"{vault}/secrets/t", secret)


def test_all_violations_are_told_with_their_reasons(box: Asker) -> None:
    for name in ("one", "two"):
        definition = box.define(name, storage_rule("deny"))
        box.assign(name, definition, nonComplianceMessages=[{"message": f"Rule {name}"}])
    error = box.storage("bad").json()["error"]
    assert len(error["additionalInfo"]) == 2
    assert "Reasons: 'Rule one', 'Rule two'" in error["message"]


def test_what_deny_does_not_reach(box: Asker) -> None:
    definition = box.define("https", storage_rule("deny"), scope=ROOT)
    box.assign("https", definition, scope=ROOT, enforcementMode="DoNotEnforce")
    assert box.storage("free").status == 201
    box.assign("https", definition, scope=ROOT)
    assert box.storage("bound").status == 403
    box.assign("https", definition, scope=ROOT, notScopes=[GROUP])
    assert box.storage("excluded").status == 201
    box.assign("https", definition, scope=ROOT, notScopes=[ROOT])
    assert box.storage("excluded-by-group").status == 201
    selector = {"name": "north", "selectors": [{"kind": "resourceLocation", "in": ["northeurope"]}]}
    box.assign("https", definition, scope=ROOT, resourceSelectors=[selector])
    assert box.storage("elsewhere").status == 201
    override = {"kind": "policyEffect", "value": "audit", "selectors": []}
    box.assign("https", definition, scope=ROOT, overrides=[override])
    assert box.storage("audited").status == 201
    box.ask("DELETE", f"{ROOT}{AUTHORIZATION}/policyAssignments/https")
    assert box.storage("gone").status == 201


def test_an_exemption_lets_through_until_it_expires(box: Asker) -> None:
    assignment = box.assign("https", box.define("https", storage_rule("deny")))
    path = f"{GROUP}{AUTHORIZATION}/policyExemptions/legacy"
    properties = {
        "policyAssignmentId": assignment["id"],
        "exemptionCategory": "Waiver",
        "expiresOn": "2026-11-25",
    }
    box.good("PUT", path, {"properties": properties})
    assert box.storage("exempt").status == 201
    box.group("other")
    assert box.storage("not", group=f"{SUBSCRIPTION}/resourceGroups/other").status == 403
    box.clock.forward(days=10)
    assert box.storage("late").status == 403


def test_an_assignment_goes_with_its_resource_group(box: Asker) -> None:
    box.assign("https", box.define("https", storage_rule("deny")), scope=GROUP)
    assert box.storage("bad").status == 403
    for _ in range(6):
        if box.ask("DELETE", f"{SUBSCRIPTION}/resourcegroups/app").status == 404:
            break
    box.group()
    assert box.storage("good").status == 201


def test_resource_groups_are_judged_too(box: Asker) -> None:
    group = {"field": "type", "equals": "Microsoft.Resources/subscriptions/resourceGroups"}
    rule = {"if": {"allOf": [group, {"field": "tags['owner']", "exists": False}]}, "then": {"effect": "deny"}}
    box.assign("owner", box.define("owner", rule))
    status, error = box.refused("PUT", f"{SUBSCRIPTION}/resourcegroups/new", {"location": "westeurope"})
    assert (status, error["code"]) == (403, "RequestDisallowedByPolicy")
    box.group("new", tags={"owner": "me"})


def test_modify_changes_the_request_before_deny_judges_it(box: Asker) -> None:
    alias = "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly"
    operations = [
        {"operation": "addOrReplace", "field": alias, "value": True},
        {"operation": "add", "field": "tags['owner']", "value": "[concat('team-', resourceGroup().name)]"},
        {"operation": "remove", "field": "tags['draft']"},
    ]
    rule = storage_rule("modify", roleDefinitionIds=ROLES, operations=operations)
    box.assign("fix", box.define("fix", rule), top=IDENTITY)
    box.assign("https", box.define("https", storage_rule("deny")))
    made = box.good(
        "PUT",
        storage_id("one"),
        {
            "location": "westeurope",
            "tags": {"draft": "yes", "kept": "1"},
            "properties": {"minimumTlsVersion": "TLS1_2"},
        },
    )
    assert made["properties"] == {"minimumTlsVersion": "TLS1_2", "supportsHttpsTrafficOnly": True}
    assert made["tags"] == {"kept": "1", "owner": "team-app"}
    tagged = box.good(
        "PUT", storage_id("two"), {"location": "westeurope", "tags": {"Owner": "me"}, "properties": {}}
    )
    assert tagged["tags"] == {"Owner": "me"}


def _tag_policy(box: Asker, name: str, value: str, effect: str = "modify", **details: Any) -> None:
    operations = [{"operation": "addOrReplace", "field": "tags['zone']", "value": value}]
    then = {"effect": effect, "details": {"roleDefinitionIds": ROLES, "operations": operations, **details}}
    rule = {"if": {"allOf": [ANY_STORAGE, {"field": "tags['zone']", "notEquals": value}]}, "then": then}
    box.assign(name, box.define(name, rule), top=IDENTITY)


def test_two_that_insist_refuse_the_request(box: Asker) -> None:
    _tag_policy(box, "blue", "blue")
    _tag_policy(box, "green", "green")
    error = box.storage("one").json()["error"]
    assert error["code"] == "RequestDisallowedByPolicy"
    assert len(error["additionalInfo"]) == 2


def test_one_that_insists_wins(box: Asker) -> None:
    _tag_policy(box, "blue", "blue", conflictEffect="audit")
    _tag_policy(box, "green", "green", conflictEffect="deny")
    assert box.storage("one").json()["tags"] == {"zone": "green"}


def test_none_that_insists_leaves_it(box: Asker) -> None:
    _tag_policy(box, "blue", "blue", conflictEffect="audit")
    _tag_policy(box, "green", "green", conflictEffect="audit")
    assert "tags" not in box.storage("one").json()


def test_append_adds_and_never_replaces(box: Asker) -> None:
    alias = "Microsoft.Storage/storageAccounts/networkAcls.ipRules"
    details = [
        {"field": "tags['zone']", "value": "blue"},
        {"field": f"{alias}[*]", "value": {"value": "10.0.0.1", "action": "Allow"}},
    ]
    rule = {
        "if": {"allOf": [ANY_STORAGE, {"field": "tags['zone']", "notEquals": "blue"}]},
        "then": {"effect": "append", "details": details},
    }
    box.assign("zone", box.define("zone", rule))
    made = box.storage("one").json()
    assert made["tags"] == {"zone": "blue"}
    assert made["properties"]["networkAcls"]["ipRules"] == [{"value": "10.0.0.1", "action": "Allow"}]
    body = {"location": "westeurope", "tags": {"zone": "green"}, "properties": {}}
    assert box.refused("PUT", storage_id("two"), body)[0] == 403


def test_deny_action_keeps_what_is_there(box: Asker) -> None:
    box.good("PUT", storage_id("one"), {"location": "westeurope", "tags": {"keep": "yes"}, "properties": {}})
    box.storage("two")
    details = {"actionNames": ["delete"], "cascadeBehaviors": {"resourceGroup": "deny"}}
    condition = {"allOf": [ANY_STORAGE, {"field": "tags['keep']", "equals": "yes"}]}
    rule = {"if": condition, "then": {"effect": "denyAction", "details": details}}
    id = box.define("keep", rule)
    box.assign("keep", id)
    status, error = box.refused("DELETE", storage_id("one"))
    assert (status, error["code"]) == (403, "RequestDisallowedByPolicy")
    assert box.ask("DELETE", storage_id("two")).status == 200
    assert box.refused("DELETE", f"{SUBSCRIPTION}/resourcegroups/app")[0] == 403
    details["cascadeBehaviors"] = {"resourceGroup": "allow"}
    box.define("keep", rule)
    assert box.ask("DELETE", f"{SUBSCRIPTION}/resourcegroups/app").status < 300


def _diagnostics(box: Asker) -> Any:
    """Storage accounts get a child of a made-up kind when they have none."""
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"account": {"type": "string"}},
        "resources": [
            {
                "type": "Microsoft.Storage/storageAccounts/blobServices",
                "apiVersion": "2023-01-01",
                "name": "[concat(parameters('account'), '/default')]",
                "properties": {"isVersioningEnabled": True},
            }
        ],
    }
    parameters = {"account": {"value": "[field('name')]"}}
    deployment = {"properties": {"mode": "incremental", "template": template, "parameters": parameters}}
    details = {
        "type": "Microsoft.Storage/storageAccounts/blobServices",
        "name": "default",
        "existenceCondition": {
            "field": "Microsoft.Storage/storageAccounts/blobServices/isVersioningEnabled",
            "equals": True,
        },
        "roleDefinitionIds": ROLES,
        "deployment": deployment,
    }
    rule = {"if": ANY_STORAGE, "then": {"effect": "deployIfNotExists", "details": details}}
    return box.assign("versioning", box.define("versioning", rule), top=IDENTITY)


def _wait(box: Asker, requests: int = 12) -> None:
    for _ in range(requests):
        box.ask("GET", SUBSCRIPTION)


def test_deploy_if_not_exists_deploys(box: Asker) -> None:
    _grant(box, _diagnostics(box))
    assert box.storage("one").status == 201
    _wait(box)
    child = box.good("GET", f"{storage_id('one')}/blobServices/default")
    assert child["properties"]["isVersioningEnabled"] is True
    (deployment,) = box.good("GET", f"{GROUP}/providers/Microsoft.Resources/deployments/")["value"]
    assert deployment["name"].startswith("PolicyDeployment_")
    assert deployment["properties"]["provisioningState"] == "Succeeded"


def test_without_a_role_the_deployment_fails(box: Asker) -> None:
    _diagnostics(box)
    box.storage("one")
    _wait(box)
    assert box.ask("GET", f"{storage_id('one')}/blobServices/default").status == 404
    (deployment,) = box.good("GET", f"{GROUP}/providers/Microsoft.Resources/deployments/")["value"]
    properties = deployment["properties"]
    assert (properties["provisioningState"], properties["error"]["code"]) == ("Failed", "AuthorizationFailed")


def test_audit_leaves_an_event(box: Asker) -> None:
    box.assign("https", box.define("https", storage_rule("audit")))
    box.storage("good", supportsHttpsTrafficOnly=True)
    box.storage("bad")
    rows = box.good("POST", f"{SUBSCRIPTION}{INSIGHTS}/policyEvents/default/queryResults")["value"]
    assert [row["resourceId"] for row in rows] == [storage_id("bad").lower()]
    assert rows[0]["policyDefinitionAction"] == "audit"
    assert rows[0]["principalOid"]


def test_an_exemption_may_choose_resources(box: Asker) -> None:
    assignment = box.assign("https", box.define("https", storage_rule("deny")))
    selector = {"name": "west", "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}]}
    properties = {
        "policyAssignmentId": assignment["id"],
        "exemptionCategory": "Mitigated",
        "resourceSelectors": [selector],
    }
    box.good("PUT", f"{SUBSCRIPTION}{AUTHORIZATION}/policyExemptions/west", {"properties": properties})
    assert box.storage("west").status == 201
    north = {"location": "northeurope", "properties": {}}
    assert box.refused("PUT", storage_id("north"), north)[0] == 403


def test_modify_reaches_into_arrays(box: Asker) -> None:
    alias = "Microsoft.Network/networkSecurityGroups/securityRules"
    type = {"field": "type", "equals": "Microsoft.Network/networkSecurityGroups"}
    operations = [
        {"operation": "addOrReplace", "field": f"{alias}[*].description", "value": "reviewed"},
        {"operation": "add", "field": f"{alias}[*]", "value": {"name": "deny-all", "priority": 4096}},
        {
            "operation": "addOrReplace",
            "field": "tags['never']",
            "value": "yes",
            "condition": "[false()]",
        },
    ]
    then = {"effect": "modify", "details": {"roleDefinitionIds": ROLES, "operations": operations}}
    box.assign("nsg", box.define("nsg", {"if": type, "then": then}), top=IDENTITY)
    id = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/one"
    body = {"location": "westeurope", "properties": {"securityRules": [{"name": "a"}, {"name": "b"}]}}
    made = box.good("PUT", id, body)
    names = [(rule["name"], rule.get("description")) for rule in made["properties"]["securityRules"]]
    assert names == [("a", "reviewed"), ("b", "reviewed"), ("deny-all", None)]
    assert "tags" not in made


def test_a_policy_that_cannot_be_evaluated_refuses(box: Asker) -> None:
    condition = {"value": "[int(field('tags.size'))]", "greater": 3}
    rule = {"if": {"allOf": [ANY_STORAGE, condition]}, "then": {"effect": "deny"}}
    box.assign("size", box.define("size", rule))
    body = {"location": "westeurope", "tags": {"size": "many"}, "properties": {}}
    status, error = box.refused("PUT", storage_id("one"), body)
    assert (status, error["code"]) == (403, "RequestDisallowedByPolicy")
    box.good("PUT", storage_id("one"), {**body, "tags": {"size": "2"}})


def test_a_deployment_for_a_whole_subscription(box: Asker) -> None:
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"place": {"type": "string"}},
        "resources": [
            {
                "type": "Microsoft.Resources/resourceGroups",
                "apiVersion": "2021-04-01",
                "name": "for-logs",
                "location": "[parameters('place')]",
            }
        ],
    }
    details = {
        "type": "Microsoft.Resources/resourceGroups",
        "name": "for-logs",
        "existenceScope": "subscription",
        "deploymentScope": "subscription",
        "roleDefinitionIds": ROLES,
        "deployment": {
            "location": "[parameters('place')]",
            "properties": {
                "mode": "incremental",
                "template": template,
                "parameters": {"place": {"value": "[field('location')]"}},
            },
        },
    }
    parameters = {"place": {"type": "String", "defaultValue": "northeurope"}}
    rule = {"if": ANY_STORAGE, "then": {"effect": "deployIfNotExists", "details": details}}
    _grant(box, box.assign("logs", box.define("logs", rule, parameters=parameters), top=IDENTITY))
    box.storage("one")
    _wait(box)
    made = box.good("GET", f"{SUBSCRIPTION}/resourcegroups/for-logs")
    assert made["location"] == "westeurope"
    (deployment,) = box.good("GET", f"{SUBSCRIPTION}/providers/Microsoft.Resources/deployments/")["value"]
    assert deployment["location"] == "northeurope"
