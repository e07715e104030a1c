"""Policy states: when they appear, what their rows say, how they are asked for and summed up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blueprinter.sandbox.acting.states import policy_object_rows, policy_state_rows
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

SETS = f"{SUBSCRIPTION}{AUTHORIZATION}/policySetDefinitions"
QUERY = f"{INSIGHTS}/policyStates/latest/queryResults"
SUMMARY = f"{INSIGHTS}/policyStates/latest/summarize"


@pytest.fixture
def box() -> Iterator[Asker]:
    with policy_box() as found:
        found.group()
        yield found


@pytest.fixture
def estate(box: Asker) -> Asker:
    """Two policies in an initiative with groups, one of them assigned by itself as well; three accounts."""
    https = box.define("Https", storage_rule("audit"))
    tag = {
        "if": {
            "allOf": [storage_rule("audit")["if"]["allOf"][0], {"field": "tags['owner']", "exists": False}]
        },
        "then": {"effect": "audit"},
    }
    owner = box.define("Owner", tag)
    members = [
        {
            "policyDefinitionId": https,
            "policyDefinitionReferenceId": "HttpsOnly",
            "groupNames": ["A.8.24", "A.8.20"],
        },
        {"policyDefinitionId": owner, "policyDefinitionReferenceId": "Owner", "groupNames": ["A.5.9"]},
    ]
    groups = [{"name": name} for name in ("A.5.9", "A.8.20", "A.8.24")]
    body = {"properties": {"policyDefinitions": members, "policyDefinitionGroups": groups}}
    box.good("PUT", f"{SETS}/Iso", body)
    box.assign("Iso", f"{SETS}/Iso", parameters={})
    box.assign("Https", https, scope=GROUP)
    box.storage("good", supportsHttpsTrafficOnly=True)
    box.storage("Bad")
    box.good(
        "PUT", storage_id("owned"), {"location": "West Europe", "tags": {"owner": "me"}, "properties": {}}
    )
    box.scan()
    return box


def test_states_appear_only_after_an_evaluation(box: Asker) -> None:
    box.assign("https", box.define("https", storage_rule("audit")))
    box.storage("bad")
    assert box.states() == []
    box.clock.forward(minutes=14)
    assert box.states() == []
    box.clock.forward(minutes=2)
    assert [row["complianceState"] for row in box.states()] == ["NonCompliant"]
    box.ask("DELETE", storage_id("bad"))
    assert len(box.states()) == 1
    box.clock.forward(minutes=16)
    assert box.states() == []


def test_everything_is_evaluated_once_a_day(box: Asker) -> None:
    box.assign("https", box.define("https", storage_rule("audit")))
    box.storage("bad")
    box.scan()
    first = box.states()[0]["timestamp"]
    box.clock.forward(hours=23)
    assert box.states()[0]["timestamp"] > first  # the change was waiting for its delay
    box.clock.forward(hours=25)
    assert box.states()[0]["timestamp"] == "2026-11-22T06:00:00.0000000Z"


def test_a_second_trigger_joins_the_first() -> None:
    with policy_box(steps=5) as box:
        path = f"{SUBSCRIPTION}{INSIGHTS}/policyStates/latest/triggerEvaluation"
        first, second = box.ask("POST", path), box.ask("POST", path)
        assert (first.status, second.status) == (202, 202)
        assert first.headers["Location"] == second.headers["Location"]
        assert box.ask("GET", first.headers["Location"]).status == 202
        statuses = [box.ask("GET", first.headers["Location"]).status for _ in range(6)]
        assert statuses[-1] == 200


def test_a_row_is_written_as_azure_writes_it(estate: Asker) -> None:
    row = next(
        row
        for row in estate.states()
        if row["resourceId"].endswith("/bad") and row["policyDefinitionReferenceId"] == "httpsonly"
    )
    context = f"http://127.0.0.1:8080{SUBSCRIPTION}{INSIGHTS}/policyStates/$metadata#latest/$entity"
    assert row == {
        "@odata.id": None,
        "@odata.context": context,
        "timestamp": "2026-11-20T06:00:00.0000000Z",
        "resourceId": storage_id("bad").lower(),
        "policyAssignmentId": f"{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments/iso".lower(),
        "policyDefinitionId": f"{SUBSCRIPTION}{AUTHORIZATION}/policyDefinitions/https".lower(),
        "effectiveParameters": None,
        "isCompliant": False,
        "subscriptionId": SUBSCRIPTION.rpartition("/")[2],
        "resourceType": "Microsoft.Storage/storageAccounts",
        "resourceLocation": "westeurope",
        "resourceGroup": "app",
        "resourceTags": "tbd",
        "policyAssignmentName": "iso",
        "policyAssignmentOwner": "tbd",
        "policyAssignmentParameters": "{}",
        "policyAssignmentScope": SUBSCRIPTION,
        "policyDefinitionName": "https",
        "policyDefinitionAction": "audit",
        "policyDefinitionCategory": "tbd",
        "policySetDefinitionId": f"{SETS}/iso".lower(),
        "policySetDefinitionName": "iso",
        "policySetDefinitionOwner": "tbd",
        "policySetDefinitionCategory": "tbd",
        "policySetDefinitionParameters": None,
        "managementGroupIds": ROOT.rpartition("/")[2],
        "policyDefinitionReferenceId": "httpsonly",
        "complianceState": "NonCompliant",
        "policyDefinitionGroupNames": ["A.8.24", "A.8.20"],
        "policyDefinitionVersion": "1.0.0",
        "policySetDefinitionVersion": "1.0.0",
        "policyAssignmentVersion": "",
    }
    single = next(row for row in estate.states() if row["policyAssignmentName"] == "https")
    assert single["policyDefinitionGroupNames"] == [""]
    assert single["policySetDefinitionId"] is None


def test_the_columns_are_those_of_the_public_examples(estate: Asker, shared: Path) -> None:
    folder = shared / "data" / "recordings" / "rest-api-specs-2024-10-01"
    file = "PolicyStates_QuerySubscriptionLevelPolicyAssignmentScopeNextLink.json"
    recorded = json.loads((folder / file).read_text(encoding="utf-8"))["responses"]["200"]["body"]["value"][0]
    row = estate.states()[0]
    assert set(recorded) <= set(row)
    assert set(row) - set(recorded) == {
        "policyDefinitionVersion",
        "policySetDefinitionVersion",
        "policyAssignmentVersion",
    }


def test_the_recorded_query_works_word_by_word(estate: Asker, shared: Path) -> None:
    folder = shared / "data" / "recordings" / "rest-api-specs-2024-10-01"
    recorded = json.loads(
        (folder / "PolicyStates_FilterAndGroupByWithAggregate.json").read_text(encoding="utf-8")
    )
    names = ("$apply", "$filter", "$from", "$orderby", "$top")
    options = {name[1:]: str(recorded["parameters"][name]) for name in names}
    options["from_"] = options.pop("from")
    found = estate.good("POST", f"{SUBSCRIPTION}{QUERY}", **options)
    assert set(found) == set(recorded["responses"]["200"]["body"])
    assert [set(row) for row in found["value"]] == [set(recorded["responses"]["200"]["body"]["value"][0])] * 2
    assert found["@odata.count"] == 2


def test_scopes(estate: Asker) -> None:
    definitions = f"{SUBSCRIPTION}{AUTHORIZATION}/policyDefinitions"

    def count(scope: str) -> int:
        return len(estate.states(scope))

    assert count(SUBSCRIPTION) == count(ROOT) == count(GROUP) == 9
    assert count(storage_id("BAD")) == 3
    assert count(f"{definitions}/HTTPS") == 6
    assert count(f"{SETS}/iso") == 6
    assert count(f"{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments/iso") == 6
    assert count(f"{GROUP}{AUTHORIZATION}/policyAssignments/https") == 3
    assert estate.refused("POST", f"{SUBSCRIPTION}/resourceGroups/none{QUERY}")[0] == 404


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"filter": "ComplianceState eq 'NonCompliant'"}, 6),
        ({"filter": "IsCompliant eq true and PolicyAssignmentName eq 'HTTPS'"}, 1),
        ({"filter": "'A.5.9' IN PolicyDefinitionGroupNames"}, 3),
        ({"filter": "ResourceId in ('x') or not endswith(ResourceId, '/bad')"}, 6),
        ({"top": "4"}, 4),
        ({"from_": "2026-11-20T06:00:01Z", "to": "2026-11-21"}, 0),
        ({"from_": "2026-11-19 06:00:00Z", "to": "2026-11-20T07:00:00+01:00"}, 9),
    ],
)
def test_options(estate: Asker, options: dict[str, str], expected: int) -> None:
    assert len(estate.states(**options)) == expected


def test_selection_order_and_aggregates(estate: Asker) -> None:
    rows = estate.states(
        select="ResourceId,ComplianceState", orderby="ComplianceState desc, ResourceId", top="1"
    )
    assert [set(row) for row in rows] == [{"@odata.id", "@odata.context", "resourceId", "complianceState"}]
    apply = "groupby((PolicyDefinitionName, ComplianceState), aggregate($count as N))"
    rows = estate.states(apply=apply, orderby="N desc, PolicyDefinitionName", filter="IsCompliant eq false")
    assert [(row["policyDefinitionName"], row["N"]) for row in rows] == [("https", 4), ("owner", 2)]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"filter": "Complaince eq 'x'"}, "InvalidFilterInQueryString"),
        ({"apply": "groupby()"}, "InvalidApplyInQueryString"),
        ({"orderby": "x"}, "InvalidOrderByInQueryString"),
        ({"select": "x"}, "InvalidSelectInQueryString"),
        ({"top": "-1"}, "InvalidTopInQueryString"),
        ({"from_": "yesterday"}, "InvalidFromInQueryString"),
        ({"skiptoken": "zzz"}, "InvalidSkipTokenInQueryString"),
    ],
)
def test_options_that_cannot_be_read(box: Asker, options: dict[str, str], code: str) -> None:
    status, error = box.refused("POST", f"{SUBSCRIPTION}{QUERY}", **options)
    assert (status, error["code"]) == (400, code)


def test_a_fault_in_a_filter_says_where(box: Asker) -> None:
    text = "ComplianceState eq 'x' and IsComplient eq true"
    assert "'IsComplient'" in (
        message := box.refused("POST", f"{SUBSCRIPTION}{QUERY}", filter=text)[1]["message"]
    )
    assert message.endswith(f"at position {text.index('IsComplient')}.")


def test_pages_are_posted() -> None:
    with policy_box(page_size=2, scan_delay=10.0**9) as box:
        box.group()
        box.assign("https", box.define("https", storage_rule("audit")))
        for name in ("a", "b", "c", "d", "e"):
            box.storage(name)
        box.scan()
        found = box.good("POST", f"{SUBSCRIPTION}{QUERY}", filter="IsCompliant eq false", top="3")
        assert found["@odata.count"] == 2
        link = found["@odata.nextLink"]
        box.clock.forward(hours=2)  # the window is in the link
        rest = box.good("POST", link)
        assert [row["resourceId"].rpartition("/")[2] for row in (*found["value"], *rest["value"])] == [
            "a",
            "b",
            "c",
        ]
        assert "@odata.nextLink" not in rest
        status, error = box.refused("GET", link)
        assert (status, error["code"]) == (405, "HttpMethodNotSupported")
        assert error["message"] == "The http method 'GET' is not supported for 'queryResults'."


def test_rows_older_than_a_day_need_a_window(estate: Asker) -> None:
    with policy_box(scan_delay=10.0**9) as box:
        box.group()
        box.assign("https", box.define("https", storage_rule("audit")))
        box.storage("bad")
        box.scan()
        box.clock.forward(hours=23)
        assert len(box.states()) == 1
        box.clock.forward(hours=2)
        assert box.states() == []
        assert len(box.states(from_="2026-11-18T00:00:00Z")) == 1


def test_details_of_an_evaluation(estate: Asker) -> None:
    rows = estate.states(
        storage_id("bad"),
        expand="PolicyEvaluationDetails",
        filter="PolicyDefinitionReferenceId eq 'HttpsOnly'",
    )
    expressions = rows[0]["policyEvaluationDetails"]["evaluatedExpressions"]
    assert [one["operator"] for one in expressions] == ["Equals", "NotEquals"]
    assert "policyEvaluationDetails" not in estate.states()[0]


def test_history_is_in_default(box: Asker) -> None:
    box.assign("https", box.define("https", storage_rule("audit")))
    box.storage("one")
    box.scan()
    box.clock.forward(minutes=5)
    box.storage("one", supportsHttpsTrafficOnly=True)
    box.scan()
    path = f"{SUBSCRIPTION}{INSIGHTS}/policyStates/default/queryResults"
    rows = box.good("POST", path, orderby="Timestamp")["value"]
    assert [row["complianceState"] for row in rows] == ["NonCompliant", "Compliant"]
    assert [row["complianceState"] for row in box.states()] == ["Compliant"]
    assert box.refused("POST", path.replace("default", "newest"))[0] == 400


def test_exemptions_and_other_states(box: Asker) -> None:
    definition = box.define("https", storage_rule("deny"))
    assignment = box.assign("https", definition, enforcementMode="DoNotEnforce")
    box.storage("bad")
    other = box.group("other")
    box.storage("bad", group=other)
    properties = {"policyAssignmentId": assignment["id"], "exemptionCategory": "Mitigated"}
    exemption = f"{other}{AUTHORIZATION}/policyExemptions/legacy"
    box.good("PUT", exemption, {"properties": properties})
    box.scan()
    assert [row["complianceState"] for row in box.states()] == ["NonCompliant", "Exempt"]
    with box.sandbox.open_box() as inside:
        rows = list(policy_state_rows(inside))
    assert [row["properties"]["policyExemptionIds"] for row in rows] == [[], [exemption]]


def test_policies_that_contradict_each_other(box: Asker) -> None:
    for value in ("blue", "green"):
        operations = [{"operation": "addOrReplace", "field": "tags['zone']", "value": value}]
        roles = ["/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"]
        then = {"effect": "modify", "details": {"roleDefinitionIds": roles, "operations": operations}}
        rule = {"if": storage_rule("audit")["if"], "then": then}
        top = {"identity": {"type": "SystemAssigned"}, "location": "westeurope"}
        box.assign(value, box.define(value, rule), top=top, enforcementMode="DoNotEnforce")
    box.storage("one")
    box.scan()
    assert [row["complianceState"] for row in box.states()] == ["Conflict", "Conflict"]


def test_a_policy_at_one_resource(box: Asker) -> None:
    box.storage("one")
    box.storage("two")
    box.assign("https", box.define("https", storage_rule("deny")), scope=storage_id("one"))
    assert (box.storage("one").status, box.storage("two").status) == (403, 200)
    box.scan(GROUP)
    assert [row["policyAssignmentScope"] for row in box.states()] == [storage_id("one").lower()]


def test_a_stand_in_is_unknown(box: Asker) -> None:
    listed = box.good("GET", f"{AUTHORIZATION}/policyDefinitions")["value"]
    chosen = next(
        one
        for one in listed
        if not any("defaultValue" not in row for row in one["properties"]["parameters"].values())
        and "AuditIfNotExists" in one["properties"]["parameters"].get("effect", {}).get("allowedValues", ())
    )
    parameters = {"effect": {"value": "AuditIfNotExists"}}
    box.assign("built-in", chosen["id"], parameters=parameters)
    box.scan()
    (row,) = box.states()
    assert (row["resourceId"], row["complianceState"]) == (SUBSCRIPTION, "Unknown")
    assert row["policyDefinitionId"] == chosen["id"].lower()


def test_a_summary_counts_three_units(estate: Asker, shared: Path) -> None:
    found = estate.good("POST", f"{SUBSCRIPTION}{SUMMARY}")
    folder = shared / "data" / "recordings" / "rest-api-specs-2024-10-01"
    file = "PolicyStates_SummarizeSubscriptionScopeForPolicyGroup.json"
    recorded = json.loads((folder / file).read_text(encoding="utf-8"))["responses"]["200"]["body"]
    (summary,) = found["value"]
    assert _shape(found) == _shape(recorded)
    results = summary["results"]
    assert results["nonCompliantResources"] == 3
    assert results["nonCompliantPolicies"] == 3
    assert results["resourceDetails"] == [{"complianceState": "noncompliant", "count": 3}]
    assert results["policyDetails"] == [{"complianceState": "noncompliant", "count": 3}]
    assert results["policyGroupDetails"] == [{"complianceState": "noncompliant", "count": 3}]
    iso, https = summary["policyAssignments"]
    assert iso["policyAssignmentId"].endswith("/iso")
    assert https["policySetDefinitionId"] == ""
    assert https["results"]["resourceDetails"] == [
        {"complianceState": "compliant", "count": 1},
        {"complianceState": "noncompliant", "count": 2},
    ]
    assert [one["policyGroupName"] for one in iso["policyGroups"]] == ["A.5.9", "A.8.20", "A.8.24"]
    uri = iso["policyDefinitions"][0]["results"]["queryResultsUri"]
    assert len(estate.good("POST", uri)["value"]) == 3


def test_a_summary_of_a_group_and_of_few(estate: Asker) -> None:
    options = {"filter": "'A.5.9' IN PolicyDefinitionGroupNames", "top": "1"}
    (summary,) = estate.good("POST", f"{SUBSCRIPTION}{SUMMARY}", **options)["value"]
    assert len(summary["policyAssignments"]) == 1
    assert summary["results"]["nonCompliantResources"] == 2
    for scope in (ROOT, GROUP, storage_id("bad"), f"{SETS}/Iso"):
        assert estate.good("POST", f"{scope}{SUMMARY}")["@odata.count"] == 1


def _shape(value: Any) -> Any:
    """The names of members, level by level; of a list its first item."""
    if isinstance(value, dict):
        return {name: _shape(one) for name, one in sorted(value.items())}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return None


def test_a_policy_that_looks_for_something_else(box: Asker) -> None:
    details = {"type": "Microsoft.Storage/storageAccounts/blobServices", "name": "default"}
    rule = {
        "if": storage_rule("audit")["if"]["allOf"][0],
        "then": {"effect": "auditIfNotExists", "details": details},
    }
    box.assign("blobs", box.define("blobs", rule))
    box.storage("with")
    box.storage("without")
    box.good("PUT", f"{storage_id('with')}/blobServices/default", {"properties": {}})
    box.scan()
    states = {row["resourceId"].rpartition("/")[2]: row["complianceState"] for row in box.states()}
    assert states == {"with": "Compliant", "without": "NonCompliant"}


def test_what_resource_graph_is_given(estate: Asker) -> None:
    with estate.sandbox.open_box() as inside:
        rows = list(policy_state_rows(inside))
        assignments = list(
            policy_object_rows(inside, inside.store.of_type("Microsoft.Authorization/policyAssignments"))
        )
    assert len(rows) == 9
    assert len({row["id"] for row in rows}) == 9
    first = rows[0]
    assert first["type"] == "microsoft.policyinsights/policystates"
    assert first["resourceGroup"] == "app"
    assert first["properties"]["stateWeight"] == 300
    assert sorted(row["name"] for row in assignments) == ["Https", "Iso"]
    assert assignments[0]["properties"]["scope"]


def test_what_is_always_empty(box: Asker) -> None:
    for path in ("policyTrackedResources/default", "componentPolicyStates/latest"):
        assert box.good("POST", f"{SUBSCRIPTION}{INSIGHTS}/{path}/queryResults")["value"] == []
    assert box.good("GET", f"{INSIGHTS}/policyMetadata")["value"] == []
    assert box.refused("GET", f"{INSIGHTS}/policyMetadata/NIST")[1]["code"] == "PolicyMetadataNotFound"
