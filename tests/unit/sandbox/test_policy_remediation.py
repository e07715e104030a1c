"""Remediations, attestations and restrictions."""

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
ROLES = ["/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"]
ALIAS = "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly"
REMEDIATION = f"{SUBSCRIPTION}{INSIGHTS}/remediations/fix"
RESTRICTIONS = f"{INSIGHTS}/checkPolicyRestrictions"


@pytest.fixture
def box() -> Iterator[Asker]:
    with policy_box() as found:
        found.group()
        yield found


def _modify(box: Asker, accounts: int = 3, *, granted: bool = True, scope: str = SUBSCRIPTION) -> Any:
    """Accounts that were there before the policy that would have changed them."""
    for number in range(accounts):
        box.storage(f"a{number}")
    operations = [{"operation": "addOrReplace", "field": ALIAS, "value": True}]
    rule = storage_rule("modify", roleDefinitionIds=ROLES, operations=operations)
    assignment = box.assign("https", box.define("https", rule, scope=scope), scope=scope, top=IDENTITY)
    if granted:
        role = {
            "roleDefinitionId": f"{SUBSCRIPTION}{ROLES[0]}",
            "principalId": assignment["identity"]["principalId"],
            "principalType": "ServicePrincipal",
        }
        name = "11111111-0000-0000-0000-000000000001"
        box.good("PUT", f"{SUBSCRIPTION}{AUTHORIZATION}/roleAssignments/{name}", {"properties": role})
    box.scan()
    return assignment


def _start(box: Asker, assignment: Any, path: str = REMEDIATION, **properties: Any) -> Any:
    body = {"properties": {"policyAssignmentId": assignment["id"], **properties}}
    return box.good("PUT", path, body)


def _end(box: Asker, path: str = REMEDIATION) -> Any:
    for _ in range(40):
        found = box.good("GET", path)
        if found["properties"]["provisioningState"] in ("Succeeded", "Failed", "Canceled"):
            return found["properties"]
    raise AssertionError("the remediation does not end")


def test_a_remediation_changes_what_does_not_comply(box: Asker) -> None:
    made = _start(box, _modify(box), parallelDeployments=1)
    assert made["properties"]["provisioningState"] == "Accepted"
    properties = _end(box)
    assert properties["provisioningState"] == "Succeeded"
    assert properties["deploymentStatus"] == {
        "totalDeployments": 3,
        "successfulDeployments": 3,
        "failedDeployments": 0,
    }
    account = box.good("GET", storage_id("a1"))
    assert account["properties"]["supportsHttpsTrafficOnly"] is True
    listed = box.good("POST", f"{REMEDIATION}/listDeployments")["value"]
    assert [(one["remediatedResourceId"], one["status"]) for one in listed] == [
        (storage_id(f"a{number}"), "Succeeded") for number in range(3)
    ]
    box.scan()
    assert {row["complianceState"] for row in box.states()} == {"Compliant"}


def test_a_remediation_without_roles_fails(box: Asker) -> None:
    _start(box, _modify(box, granted=False), resourceCount=2)
    properties = _end(box)
    assert properties["provisioningState"] == "Failed"
    assert properties["deploymentStatus"]["failedDeployments"] == 2
    (first, _) = box.good("POST", f"{REMEDIATION}/listDeployments")["value"]
    assert first["error"]["code"] == "AuthorizationFailed"


def test_a_failure_threshold_stops_it(box: Asker) -> None:
    _start(box, _modify(box, 6, granted=False), parallelDeployments=2, failureThreshold={"percentage": 0.2})
    properties = _end(box)
    assert properties["statusMessage"] == "The failure threshold was exceeded."
    assert properties["deploymentStatus"]["failedDeployments"] == 2


def test_filters_of_a_remediation(box: Asker) -> None:
    assignment = _modify(box, scope=ROOT)
    _start(box, assignment, filters={"locations": ["northeurope"]})
    assert _end(box)["deploymentStatus"]["totalDeployments"] == 0
    other = f"{GROUP}{INSIGHTS}/remediations/one"
    _start(box, assignment, other, filters={"resourceIds": [storage_id("A2")]})
    assert _end(box, other)["deploymentStatus"]["successfulDeployments"] == 1
    listed = [one["name"] for one in box.good("GET", f"{SUBSCRIPTION}{INSIGHTS}/remediations")["value"]]
    assert sorted(listed) == ["fix", "one"]
    group = f"{ROOT}{INSIGHTS}/remediations/all"
    box.clock.forward(minutes=16)
    _start(box, assignment, group)
    assert _end(box, group)["deploymentStatus"]["totalDeployments"] == 2


def test_new_findings_are_seen_when_asked_for(box: Asker) -> None:
    assignment = _modify(box, 0)
    box.assign(
        "https", assignment["properties"]["policyDefinitionId"], top=IDENTITY, enforcementMode="DoNotEnforce"
    )
    box.storage("late")
    _start(box, assignment)
    assert _end(box)["deploymentStatus"]["totalDeployments"] == 0
    again = f"{SUBSCRIPTION}{INSIGHTS}/remediations/again"
    _start(box, assignment, again, resourceDiscoveryMode="ReEvaluateCompliance")
    assert _end(box, again)["deploymentStatus"]["totalDeployments"] == 1


def test_cancelling_and_deleting() -> None:
    with policy_box(steps=4) as box:
        box.group()
        _start(box, _modify(box))
        assert box.refused("DELETE", REMEDIATION)[1]["code"] == "InvalidDeleteRemediationRequest"
        assert box.good("POST", f"{REMEDIATION}/cancel")["properties"]["provisioningState"] == "Canceled"
        assert box.refused("POST", f"{REMEDIATION}/cancel")[1]["code"] == "InvalidCancelRemediationRequest"
        assert box.ask("DELETE", REMEDIATION).status == 200
        assert box.ask("DELETE", REMEDIATION).status == 204
        assert box.refused("GET", REMEDIATION)[1]["code"] == "RemediationNotFound"


def test_remediations_are_refused(box: Asker) -> None:
    audit = box.assign("audit", box.define("audit", storage_rule("audit")))
    good = _modify(box, 0)

    def code(assignment: Any, path: str = REMEDIATION, **properties: Any) -> str:
        body = {"properties": {"policyAssignmentId": assignment["id"], **properties}}
        return str(box.refused("PUT", path, body)[1]["code"])

    assert code(audit) == "InvalidCreateRemediationRequest"
    assert code(good, f"{ROOT}{INSIGHTS}/remediations/all") == "InvalidCreateRemediationRequest"
    assert code({"id": f"{audit['id']}x"}) == "PolicyAssignmentNotFound"
    assert code(good, policyDefinitionReferenceId="x") == "InvalidCreateRemediationRequest"
    assert code(good, resourceCount=50_001) == "InvalidCreateRemediationRequest"
    assert code(good, parallelDeployments=31) == "InvalidCreateRemediationRequest"
    assert code(good, failureThreshold={"percentage": 2}) == "InvalidCreateRemediationRequest"
    assert code(good, speed="high") == "InvalidRequestContent"
    everywhere = _modify(box, 0, scope=ROOT, granted=False)
    group = f"{ROOT}{INSIGHTS}/remediations/all"
    assert (
        code(everywhere, group, resourceDiscoveryMode="ReEvaluateCompliance")
        == "InvalidCreateRemediationRequest"
    )


# ---------------------------------------------------------------- attestations


def _manual(box: Asker) -> Any:
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
        "then": {"effect": "manual", "details": {"defaultState": "Unknown"}},
    }
    return box.assign("reviewed", box.define("reviewed", rule))


def test_an_attestation_sets_the_state_until_it_expires(box: Asker) -> None:
    assignment = _manual(box)
    box.scan()
    assert [row["complianceState"] for row in box.states()] == ["Unknown"]
    path = f"{SUBSCRIPTION}{INSIGHTS}/attestations/review"
    properties = {
        "policyAssignmentId": assignment["id"],
        "complianceState": "Compliant",
        "expiresOn": "2026-11-25T00:00:00Z",
        "evidence": [{"description": "minutes", "sourceUri": "https://example.org/minutes"}],
    }
    made = box.ask("PUT", path, {"properties": properties})
    assert (made.status, made.json()["properties"]["provisioningState"]) == (201, "Succeeded")
    assert [row["complianceState"] for row in box.states()] == ["Compliant"]
    changed = box.ask("PUT", path, {"properties": {**properties, "complianceState": "NonCompliant"}})
    assert changed.status == 200
    assert [row["complianceState"] for row in box.states()] == ["NonCompliant"]
    assert len(box.good("GET", f"{SUBSCRIPTION}{INSIGHTS}/attestations")["value"]) == 1
    box.clock.forward(days=10)
    box.scan()
    assert [row["complianceState"] for row in box.states()] == ["Unknown"]
    assert box.ask("DELETE", path).status == 200
    assert box.refused("GET", path)[1]["code"] == "AttestationNotFound"


def test_attestations_are_refused(box: Asker) -> None:
    audit = box.assign("audit", box.define("audit", storage_rule("audit")))
    path = f"{SUBSCRIPTION}{INSIGHTS}/attestations/review"
    body: dict[str, Any] = {"properties": {"policyAssignmentId": audit["id"]}}
    assert box.refused("PUT", path, body)[1]["code"] == "InvalidCreateAttestationRequest"
    body = {"properties": {"policyAssignmentId": _manual(box)["id"], "complianceState": "Exempt"}}
    assert box.refused("PUT", path, body)[1]["code"] == "InvalidRequestContent"
    assert box.refused("PUT", f"{ROOT}{INSIGHTS}/attestations/x", body)[0] == 404


# ---------------------------------------------------------------- restrictions


def test_restrictions_of_a_resource(box: Asker) -> None:
    locations = {
        "if": {"not": {"field": "location", "in": ["westeurope", "northeurope"]}},
        "then": {"effect": "deny"},
    }
    box.assign(
        "locations", box.define("locations", locations), nonComplianceMessages=[{"message": "Stay near"}]
    )
    operations = [{"operation": "addOrReplace", "field": "tags.zone", "value": "blue"}]
    zone = {
        "if": {"field": "tags.zone", "exists": False},
        "then": {"effect": "modify", "details": {"roleDefinitionIds": ROLES, "operations": operations}},
    }
    box.assign("zone", box.define("zone", zone), top=IDENTITY)
    content = {"type": "Microsoft.Storage/storageAccounts", "location": "westeurope", "properties": {}}
    body: dict[str, Any] = {
        "resourceDetails": {"resourceContent": content, "apiVersion": "2023-01-01"},
        "pendingFields": [{"field": "location", "values": ["westeurope", "eastus"]}, {"field": "tags.zone"}],
    }
    found = box.good("POST", f"{GROUP}{RESTRICTIONS}", body)
    location, tag = found["fieldRestrictions"]
    assert location["restrictions"][0]["result"] == "Deny"
    assert location["restrictions"][0]["values"] == ["eastus"]
    assert location["restrictions"][0]["reason"] == "Stay near"
    assert tag["restrictions"][0]["result"] == "Required"
    assert tag["restrictions"][0]["defaultValue"] == "blue"
    assert found["contentEvaluationResult"]["policyEvaluations"] == []
    content["location"] = "eastus"
    body["pendingFields"] = []
    (evaluation,) = box.good("POST", f"{SUBSCRIPTION}{RESTRICTIONS}", body)["contentEvaluationResult"][
        "policyEvaluations"
    ]
    assert evaluation["evaluationResult"] == "NonCompliant"
    assert evaluation["policyInfo"]["policyDefinitionName"] == "locations"
    assert evaluation["evaluationDetails"]["evaluatedExpressions"]


def test_restrictions_at_a_management_group(box: Asker) -> None:
    rule = {"if": {"field": "type", "equals": "Microsoft.Sql/servers"}, "then": {"effect": "deny"}}
    id = box.define("no-sql", rule, scope=ROOT)
    box.assign("no-sql", id, scope=ROOT)
    types = ["Microsoft.Sql/servers", "Microsoft.Storage/storageAccounts"]
    found = box.good("POST", f"{ROOT}{RESTRICTIONS}", {"pendingFields": [{"field": "type", "values": types}]})
    (restriction,) = found["fieldRestrictions"][0]["restrictions"]
    assert restriction["values"] == ["Microsoft.Sql/servers"]
    assert restriction["policy"]["policyDefinitionId"] == id
    assert box.refused("POST", f"{ROOT}{RESTRICTIONS}", {"pendingFields": [{"field": "location"}]})[0] == 400
    assert (
        box.refused("POST", f"{GROUP}{RESTRICTIONS}", {"resourceDetails": {"resourceContent": {}}})[0] == 400
    )
