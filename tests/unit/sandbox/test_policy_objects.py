"""Definitions, initiatives, assignments and exemptions: what is kept, listed and refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from unit.sandbox.policy_box import (
    AUTHORIZATION,
    GROUP,
    ROOT,
    SUBSCRIPTION,
    Asker,
    policy_box,
    storage_rule,
)

DEFINITIONS = f"{SUBSCRIPTION}{AUTHORIZATION}/policyDefinitions"
SETS = f"{SUBSCRIPTION}{AUTHORIZATION}/policySetDefinitions"
ASSIGNMENTS = f"{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments"
EXEMPTIONS = f"{SUBSCRIPTION}{AUTHORIZATION}/policyExemptions"
EFFECT = {"effect": {"type": "String", "allowedValues": ["Audit", "Deny"], "defaultValue": "Audit"}}
IDENTITY = {"identity": {"type": "SystemAssigned"}, "location": "West Europe"}


@pytest.fixture
def box() -> Iterator[Asker]:
    with policy_box() as found:
        yield found


def _put(box: Asker, name: str, **properties: Any) -> tuple[int, Any]:
    found = box.ask("PUT", f"{DEFINITIONS}/{name}", {"properties": properties})
    return found.status, found.json()


def test_a_definition_is_kept_with_what_azure_adds(box: Asker) -> None:
    status, made = _put(box, "tls", policyRule=storage_rule("audit"), metadata={"category": "Storage"})
    assert status == 201
    properties = made["properties"]
    assert (made["id"], made["name"], made["type"]) == (
        f"{DEFINITIONS}/tls",
        "tls",
        "Microsoft.Authorization/policyDefinitions",
    )
    assert properties["policyType"] == "Custom"
    assert properties["mode"] == "Indexed"
    assert (properties["version"], properties["versions"]) == ("1.0.0", ["1.0.0"])
    assert properties["metadata"]["category"] == "Storage"
    assert properties["metadata"]["createdOn"] == "2026-11-20T06:00:00.0000000Z"
    assert properties["metadata"]["updatedOn"] is None
    assert box.good("GET", f"{DEFINITIONS.upper()}/TLS") == made
    box.clock.forward(hours=1)
    status, again = _put(box, "TLS", policyRule=storage_rule("deny"))
    assert status == 201
    assert again["name"] == "tls"
    assert again["properties"]["metadata"]["updatedOn"] == "2026-11-20T07:00:00.0000000Z"
    assert again["properties"]["metadata"]["createdOn"] == "2026-11-20T06:00:00.0000000Z"


def test_lists_hold_what_is_above_and_the_built_ins(box: Asker) -> None:
    box.define("own", storage_rule("audit"))
    box.define("above", storage_rule("audit"), scope=ROOT)

    def names(**query: str) -> list[str]:
        found = box.good("GET", DEFINITIONS, **query)
        listed = list(found["value"])
        while "nextLink" in found:
            found = box.good("GET", found["nextLink"])
            listed += found["value"]
        return [one["name"] for one in listed]

    assert {"own", "above"} < set(names())
    assert names(filter="policyType eq 'Custom'") == ["above", "own"]
    assert names(filter="atExactScope()") == ["own"]
    assert "own" not in names(filter="policyType eq 'BuiltIn'")
    assert (
        box.refused("GET", DEFINITIONS, filter="policyKind eq 'x'")[1]["code"] == "InvalidFilterInQueryString"
    )


def test_a_stand_in_says_that_it_is_one(box: Asker) -> None:
    listed = box.good("GET", f"{AUTHORIZATION}/policyDefinitions")["value"]
    assert listed
    assert all(one["properties"]["policyType"] == "BuiltIn" for one in listed)
    one = box.good("GET", listed[0]["id"])
    assert one["properties"]["metadata"]["blueprinterStandIn"] is True
    assert (
        box.refused("PUT", listed[0]["id"], {"properties": {"policyRule": storage_rule("audit")}})[0] == 400
    )


def test_versions_of_a_definition(box: Asker) -> None:
    id = box.define("tls", storage_rule("audit"), version="1.0.0")
    put = box.ask("PUT", f"{id}/versions/1.1.0", {"properties": {"policyRule": storage_rule("deny")}})
    assert put.status == 201
    assert put.json()["id"] == f"{id}/versions/1.1.0"
    assert [one["name"] for one in box.good("GET", f"{id}/versions")["value"]] == ["1.1.0", "1.0.0"]
    pinned = box.assign("pinned", id, definitionVersion="1.0.*")
    expanded = box.good("GET", pinned["id"], expand="LatestDefinitionVersion, EffectiveDefinitionVersion")[
        "properties"
    ]
    assert (expanded["latestDefinitionVersion"], expanded["effectiveDefinitionVersion"]) == ("1.1.0", "1.0.0")
    newest = box.good("GET", id)["properties"]
    assert newest["version"] == "1.1.0"
    assert newest["policyRule"]["then"]["effect"] == "deny"
    old = box.good("GET", f"{id}/versions/1.0.0")["properties"]
    assert old["policyRule"]["then"]["effect"] == "audit"
    assert "versions" not in old
    assert len(box.good("POST", f"{SUBSCRIPTION}{AUTHORIZATION}/listPolicyDefinitionVersions")["value"]) == 2
    assert box.good("DELETE", f"{id}/versions/1.0.0") is None
    assert [one["name"] for one in box.good("GET", f"{id}/versions")["value"]] == ["1.1.0"]


def test_a_rule_that_azure_would_not_read_is_refused(box: Asker) -> None:
    def code(**properties: Any) -> str:
        status, found = _put(box, "wrong", **properties)
        assert status == 400
        return str(found["error"]["code"])

    assert (
        code(policyRule={"if": {"field": "type", "equalz": "x"}, "then": {"effect": "audit"}})
        == "InvalidPolicyRule"
    )
    assert code(policyRule=storage_rule("[parameters('nope')]")) == "InvalidPolicyParameters"
    assert code(mode="All") == "InvalidRequestContent"
    assert code(policyRule=storage_rule("audit"), colour="red") == "InvalidRequestContent"
    assert code(policyRule=storage_rule("audit"), version="new") == "InvalidPolicyDefinitionVersion"
    assert code(policyRule=storage_rule("audit"), policyType="BuiltIn") == "InvalidPolicyType"
    many = {f"p{number}": {"type": "String", "defaultValue": ""} for number in range(21)}
    assert code(policyRule=storage_rule("audit"), parameters=many) == "TooManyPolicyParameters"
    assert box.ask("GET", f"{DEFINITIONS}/wrong").status == 404


def test_names_have_limits(box: Asker) -> None:
    body = {"properties": {"policyRule": storage_rule("audit")}}
    for name in ("x" * 65, "a+b", "dot."):
        assert box.refused("PUT", f"{DEFINITIONS}/{name}", body)[1]["code"] == "InvalidPolicyDefinitionName"
    at_group = f"{GROUP}{AUTHORIZATION}/policyDefinitions/x"
    assert box.refused("PUT", at_group, body)[1]["code"] == "InvalidPolicyUri"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({}, "cannot be removed"),
        ({"mode": EFFECT["effect"]}, "were not found in the policy being updated"),
        ({"effect": {"type": "Array", "defaultValue": []}}, "type is being updated"),
        ({**EFFECT, "more": {"type": "String"}}, "without a default value"),
    ],
)
def test_parameters_stay(box: Asker, after: Any, words: str) -> None:
    id = box.define("tls", storage_rule("audit"), parameters=EFFECT)
    status, error = box.refused(
        "PUT", id, {"properties": {"policyRule": storage_rule("audit"), "parameters": after}}
    )
    assert (status, error["code"]) == (400, "InvalidPolicyParameterUpdate")
    assert words in error["message"]
    added = {**EFFECT, "more": {"type": "String", "defaultValue": ""}}
    box.define("tls", storage_rule("audit"), parameters=added)


def _set(box: Asker, name: str, *members: Any, **properties: Any) -> tuple[int, Any]:
    found = box.ask(
        "PUT", f"{SETS}/{name}", {"properties": {"policyDefinitions": list(members), **properties}}
    )
    return found.status, found.json()


def test_an_initiative_and_what_it_refuses(box: Asker) -> None:
    id = box.define("tls", storage_rule("[parameters('effect')]"), parameters=EFFECT)
    needs = box.define("tag", storage_rule("audit"), parameters={"tag": {"type": "String"}})
    status, made = _set(
        box,
        "base",
        {"policyDefinitionId": id, "policyDefinitionReferenceId": "Tls", "groupNames": ["A.8.24"]},
        policyDefinitionGroups=[{"name": "A.8.24"}],
    )
    assert status == 201
    member = made["properties"]["policyDefinitions"][0]
    assert member["policyDefinitionReferenceId"] == "Tls"
    assert member["definitionVersion"] == "1.*.*"
    assert _set(box, "base", {"policyDefinitionId": id})[0] == 200

    def code(*members: Any, **properties: Any) -> str:
        status, found = _set(box, "wrong", *members, **properties)
        assert status == 400, found
        return str(found["error"]["code"])

    assert code({"policyDefinitionId": f"{DEFINITIONS}/nope"}) == "PolicyDefinitionNotFound"
    assert code({"policyDefinitionId": f"{SETS}/base"}) == "InvalidCreatePolicySetDefinitionRequest"
    assert code({"policyDefinitionId": needs}) == "MissingPolicyParameter"
    extra = {"effect": {"value": "Audit"}, "colour": {"value": "red"}}
    assert code({"policyDefinitionId": id, "parameters": extra}) == "UndefinedPolicyParameter"
    assert code({"policyDefinitionId": id, "groupNames": ["x"]}) == "InvalidCreatePolicySetDefinitionRequest"
    twice = {"policyDefinitionId": id, "policyDefinitionReferenceId": "a"}
    assert code(twice, twice) == "InvalidCreatePolicySetDefinitionRequest"
    undeclared = {"effect": {"value": "[parameters('nope')]"}}
    assert (
        code({"policyDefinitionId": id, "parameters": undeclared})
        == "InvalidCreatePolicySetDefinitionRequest"
    )
    body = {"properties": {"policyDefinitions": [{"policyDefinitionId": id}]}}
    above = f"{ROOT}{AUTHORIZATION}/policySetDefinitions/above"
    assert box.refused("PUT", above, body)[1]["code"] == "InvalidCreatePolicySetDefinitionRequest"


def test_what_is_in_use_stays(box: Asker) -> None:
    id = box.define("tls", storage_rule("audit"))
    assert _set(box, "base", {"policyDefinitionId": id})[0] == 201
    status, error = box.refused("DELETE", id)
    assert (status, error["code"]) == (400, "InvalidDeletePolicyDefinitionRequest")
    assert f"'{SETS}/base'" in error["message"]
    box.assign("base", f"{SETS}/base")
    assert box.refused("DELETE", f"{SETS}/base")[1]["code"] == "InvalidDeletePolicySetDefinitionRequest"
    assert box.ask("DELETE", f"{ASSIGNMENTS}/base").status == 200
    assert box.ask("DELETE", f"{ASSIGNMENTS}/base").status == 204
    assert box.ask("DELETE", f"{SETS}/base").status == 200
    assert box.ask("DELETE", id).status == 200
    assert box.ask("DELETE", id).status == 204


def test_an_assignment_is_kept_with_what_azure_adds(box: Asker) -> None:
    id = box.define("tls", storage_rule("audit"))
    made = box.assign("tls", id, displayName="TLS")
    properties = made["properties"]
    assert properties["scope"] == SUBSCRIPTION
    assert properties["enforcementMode"] == "Default"
    assert properties["notScopes"] == []
    assert properties["metadata"]["createdBy"]
    assert "identity" not in made
    by_id = box.good("GET", made["id"].lower())
    assert by_id == made
    assert box.refused("GET", f"{ASSIGNMENTS}/nope")[1]["code"] == "PolicyAssignmentNotFound"


def test_an_identity_gets_a_principal_and_keeps_it(box: Asker) -> None:
    id = box.define("tls", storage_rule("audit"))
    made = box.assign("tls", id, top=IDENTITY)
    assert made["location"] == "westeurope"
    assert len(made["identity"]["principalId"]) == 36
    again = box.assign("tls", id, top=IDENTITY, displayName="again")
    assert again["identity"] == made["identity"]
    body = {"properties": {"policyDefinitionId": id}, **IDENTITY, "location": "northeurope"}
    assert box.refused("PUT", f"{ASSIGNMENTS}/tls", body)[1]["code"] == "invalidlocationupdate"
    patched = box.good("PATCH", f"{ASSIGNMENTS}/tls", {"identity": {"type": "None"}})
    assert "identity" not in patched
    assert patched["properties"]["displayName"] == "again"
    assert box.refused("PATCH", f"{ASSIGNMENTS}/tls", {"properties": {"displayName": "x"}})[0] == 400


def test_whoever_acts_needs_an_identity(box: Asker) -> None:
    operations = [{"operation": "addOrReplace", "field": "tags['owner']", "value": "me"}]
    roles = ["/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"]
    id = box.define("tag", storage_rule("modify", roleDefinitionIds=roles, operations=operations))
    body: dict[str, Any] = {"properties": {"policyDefinitionId": id}}
    status, error = box.refused("PUT", f"{ASSIGNMENTS}/tag", body)
    assert (status, error["code"]) == (400, "ResourceIdentityRequired")
    assert "'modify'" in error["message"]
    without = {**body, "identity": {"type": "SystemAssigned"}}
    assert box.refused("PUT", f"{ASSIGNMENTS}/tag", without)[1]["code"] == "LocationRequired"
    assert _set(box, "tags", {"policyDefinitionId": id})[0] == 201
    in_set = {"properties": {"policyDefinitionId": f"{SETS}/tags"}}
    assert box.refused("PUT", f"{ASSIGNMENTS}/tags", in_set)[1]["code"] == "ResourceIdentityRequired"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"colour": {"value": "red"}}, "UndefinedPolicyParameter"),
        ({"effect": {"value": "Deny"}}, None),
        ({"effect": {"value": "deny"}}, "PolicyParameterValueNotAllowed"),
        ({"effect": {"value": "Modify"}}, "PolicyParameterValueNotAllowed"),
        ({"effect": {"value": 7}}, "InvalidPolicyParameterType"),
        ({"effect": "Deny"}, "InvalidRequestContent"),
    ],
)
def test_values_of_parameters(box: Asker, parameters: Any, code: str | None) -> None:
    id = box.define("tls", storage_rule("[parameters('effect')]"), parameters=EFFECT)
    body = {"properties": {"policyDefinitionId": id, "parameters": parameters}}
    found = box.ask("PUT", f"{ASSIGNMENTS}/tls", body)
    assert (found.json().get("error") or {}).get("code") == code, found.json()


def test_assignments_are_refused(box: Asker) -> None:
    id = box.define("tls", storage_rule("audit"), parameters={"tag": {"type": "String"}})
    own = box.define("own", storage_rule("audit"))

    def code(scope: str = SUBSCRIPTION, name: str = "a", **properties: Any) -> str:
        path = f"{scope}{AUTHORIZATION}/policyAssignments/{name}"
        return str(
            box.refused("PUT", path, {"properties": {"policyDefinitionId": own, **properties}})[1]["code"]
        )

    assert code(policyDefinitionId=id) == "MissingPolicyParameter"
    assert code(policyDefinitionId=f"{DEFINITIONS}/nope") == "PolicyDefinitionNotFound"
    assert code(policyDefinitionId=f"{SETS}/nope") == "PolicySetDefinitionNotFound"
    assert code(scope=ROOT) == "InvalidCreatePolicyAssignmentRequest"
    assert code(name="x" * 65) == "InvalidPolicyAssignmentName"
    assert code(scope=ROOT, name="x" * 25) == "InvalidPolicyAssignmentName"
    assert code(notScopes=[f"{GROUP}"] * 401) == "InvalidCreatePolicyAssignmentRequest"
    assert code(notScopes=["/subscriptions/other"]) == "InvalidCreatePolicyAssignmentRequest"
    assert code(enforcementMode="Sometimes") == "InvalidRequestContent"
    assert code(definitionVersion="2.*.*") == "PolicyDefinitionVersionNotFound"
    assert code(overrides=[{"kind": "policyEffect", "value": "Explode"}]) == "InvalidOverrides"
    assert code(scope=GROUP) == "ResourceGroupNotFound"


def test_a_scope_holds_two_hundred_assignments(box: Asker) -> None:
    id = box.define("tls", storage_rule("audit"))
    group = box.group()
    for number in range(200):
        box.assign(f"a{number}", id, scope=group)
    body = {"properties": {"policyDefinitionId": id}}
    path = f"{group}{AUTHORIZATION}/policyAssignments"
    assert box.refused("PUT", f"{path}/one-more", body)[1]["code"] == "QuotaExceeded"
    first = box.good("GET", path)
    assert len(first["value"]) == 200
    box.assign("a0", id, scope=group, displayName="again")


def test_assignments_are_listed_by_scope(box: Asker) -> None:
    id = box.define("tls", storage_rule("audit"), scope=ROOT)
    group = box.group()
    for name, scope in (("top", ROOT), ("middle", SUBSCRIPTION), ("low", group)):
        box.assign(name, id, scope=scope)

    def names(scope: str, **query: str) -> list[str]:
        path = f"{scope}{AUTHORIZATION}/policyAssignments"
        return sorted(one["name"] for one in box.good("GET", path, **query)["value"])

    assert names(SUBSCRIPTION) == ["low", "middle", "top"]
    assert names(SUBSCRIPTION, filter="atScope()") == ["middle", "top"]
    assert names(SUBSCRIPTION, filter="atExactScope()") == ["middle"]
    assert names(group, filter="atExactScope()") == ["low"]
    assert names(group, filter=f"policyDefinitionId eq '{id.upper()}'") == ["low", "middle", "top"]
    assert names(group, filter="policyDefinitionId eq 'x'") == []


def test_new_definitions_are_not_seen_at_once() -> None:
    with policy_box(replication=2) as box:
        id = box.define("tls", storage_rule("audit"))
        body = {"properties": {"policyDefinitionId": id}}
        codes = [box.ask("PUT", f"{ASSIGNMENTS}/a", body).status for _ in range(3)]
        assert codes == [404, 404, 201]


def test_exemptions(box: Asker) -> None:
    id = box.define("tls", storage_rule("audit"))
    assert _set(box, "base", {"policyDefinitionId": id, "policyDefinitionReferenceId": "Tls"})[0] == 201
    assignment = box.assign("base", f"{SETS}/base")["id"]
    group = box.group()
    path = f"{group}{AUTHORIZATION}/policyExemptions/legacy"
    body: dict[str, Any] = {"properties": {"policyAssignmentId": assignment, "exemptionCategory": "Waiver"}}
    assert box.ask("PUT", path, body).status == 201
    body["properties"].update(expiresOn="2026-12-01", policyDefinitionReferenceIds=["tls"])
    changed = box.ask("PUT", path, body)
    assert changed.status == 200
    assert changed.json()["properties"]["expiresOn"] == "2026-12-01T00:00:00.0000000Z"

    def names(**query: str) -> list[str]:
        return [one["name"] for one in box.good("GET", EXEMPTIONS, **query)["value"]]

    assert names() == ["legacy"]
    assert names(filter="atExactScope()") == []
    box.clock.forward(days=30)
    assert names(filter="excludeExpired()") == []
    for change, code in (
        ({"policyAssignmentId": f"{ASSIGNMENTS}/nope"}, "PolicyAssignmentNotFound"),
        ({"exemptionCategory": "Because"}, "InvalidRequestContent"),
        ({"policyDefinitionReferenceIds": ["nope"]}, "InvalidCreatePolicyExemptionRequest"),
        ({"expiresOn": "some day"}, "InvalidRequestContent"),
    ):
        wrong = {"properties": {**body["properties"], **change}}
        assert box.refused("PUT", path, wrong)[1]["code"] == code
    assert box.ask("DELETE", path).status == 200
    assert box.refused("GET", path)[1]["code"] == "PolicyExemptionNotFound"
