"""PolicyInsightsClient 1.0.1: states, summaries, evaluations, events, remediations, metadata, restrictions."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.mgmt.policyinsights import PolicyInsightsClient
from azure.mgmt.policyinsights.models import QueryOptions
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient

from contract.cloud import ENDPOINT, FIRST, SUBSCRIPTION, TENANT, Cloud
from contract.estate import account, assign, make_accounts


@pytest.fixture
def insights(cloud: Cloud) -> PolicyInsightsClient:
    return cloud.client(PolicyInsightsClient, FIRST)


@pytest.fixture
def evaluated(
    insights: PolicyInsightsClient, policies: PolicyClient, resources: ResourceManagementClient
) -> PolicyInsightsClient:
    """Five accounts, two of them in the wrong place, after an evaluation."""
    make_accounts(resources, a="westeurope", b="westeurope", c="northeurope", d="northeurope", e="westeurope")
    assign(policies, "audit")
    insights.policy_states.begin_trigger_subscription_evaluation(FIRST).result()
    return insights


def _states(insights: PolicyInsightsClient, **options: object) -> list[object]:
    return list(
        insights.policy_states.list_query_results_for_subscription(
            policy_states_resource="latest", subscription_id=FIRST, query_options=QueryOptions(**options)
        )
    )


def test_an_evaluation_is_waited_for(cloud: Cloud, evaluated: PolicyInsightsClient) -> None:
    assert cloud.methods("triggerEvaluation") == ["POST"]
    assert cloud.methods("/operationresults/") or cloud.methods("asyncOperation")


def test_states_in_pages(cloud: Cloud, evaluated: PolicyInsightsClient) -> None:
    cloud.sent.clear()
    found = _states(evaluated, order_by="resourceId asc")
    assert [one.compliance_state for one in found] == [
        "Compliant", "Compliant", "NonCompliant", "NonCompliant", "Compliant"
    ]  # fmt: skip
    assert cloud.methods("queryResults") == ["POST", "POST"]
    first = found[0]
    assert first.resource_id == account("a").lower()
    assert (
        first.policy_assignment_id
        == f"{SUBSCRIPTION}/providers/microsoft.authorization/policyassignments/place"
    )
    assert first.policy_definition_action == "audit"
    assert first.additional_properties["complianceState"] if first.compliance_state is None else True


def test_states_filtered_selected_and_grouped(evaluated: PolicyInsightsClient) -> None:
    bad = _states(evaluated, filter="complianceState eq 'NonCompliant'", order_by="resourceId asc", top=1)
    assert [one.resource_id for one in bad] == [account("c").lower()]
    some = _states(
        evaluated, select="resourceId, complianceState", filter="resourceLocation eq 'northeurope'"
    )
    assert {one.resource_id for one in some} == {account("c").lower(), account("d").lower()}
    assert all(one.policy_assignment_id is None for one in some)
    grouped = _states(evaluated, apply="groupby((complianceState), aggregate($count as N))")
    found = {one.compliance_state: one.additional_properties["N"] for one in grouped}
    assert found == {"Compliant": 3, "NonCompliant": 2}


@pytest.mark.parametrize("scope", ["group", "resource", "management group", "assignment"])
def test_states_of_other_scopes(evaluated: PolicyInsightsClient, scope: str) -> None:
    at = evaluated.policy_states
    common = {
        "policy_states_resource": "latest",
        "query_options": QueryOptions(filter="isCompliant eq false"),
    }
    if scope == "group":
        found = at.list_query_results_for_resource_group(
            subscription_id=FIRST, resource_group_name="rg", **common
        )
    elif scope == "resource":
        found = at.list_query_results_for_resource(resource_id=account("c").lstrip("/"), **common)
    elif scope == "management group":
        found = at.list_query_results_for_management_group(management_group_name=TENANT, **common)
    else:
        found = at.list_query_results_for_subscription_level_policy_assignment(
            subscription_id=FIRST, policy_assignment_name="place", **common
        )
    names = {one.resource_id.rpartition("/")[2] for one in found}
    assert names == ({"c"} if scope == "resource" else {"c", "d"})


def test_summary(evaluated: PolicyInsightsClient) -> None:
    (summary,) = evaluated.policy_states.summarize_for_subscription(
        policy_states_summary_resource="latest", subscription_id=FIRST
    ).value
    assert summary.results.non_compliant_resources == 2
    assert summary.results.non_compliant_policies == 1
    counts = {one.compliance_state: one.count for one in summary.results.resource_details}
    assert counts == {"compliant": 3, "noncompliant": 2}
    (assignment,) = summary.policy_assignments
    assert assignment.policy_assignment_id.endswith("/policyassignments/place")
    assert assignment.results.non_compliant_resources == 2
    assert assignment.policy_definitions[0].effect == "audit"


def test_paging_by_get_is_refused(cloud: Cloud, evaluated: PolicyInsightsClient) -> None:
    """What a pre-release of the client does with the link to the next page."""
    url = f"{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"
    first = evaluated._send_request(HttpRequest("POST", f"{url}?api-version=2019-10-01")).json()
    link = first["@odata.nextLink"]
    assert link.startswith(ENDPOINT)
    answer = evaluated._send_request(HttpRequest("GET", link))
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "HttpMethodNotSupported"
    assert "'queryResults'" in answer.json()["error"]["message"]


def test_a_query_that_is_none(evaluated: PolicyInsightsClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        _states(evaluated, filter="complianceState equals 'x'")
    assert caught.value.status_code == 400
    assert caught.value.error is not None


def test_events(
    insights: PolicyInsightsClient, policies: PolicyClient, resources: ResourceManagementClient
) -> None:
    """A write that a policy looks at leaves an event."""
    assign(policies, "audit")
    make_accounts(resources, a="westeurope", c="northeurope", d="northeurope")
    found = list(
        insights.policy_events.list_query_results_for_subscription(
            policy_events_resource="default", subscription_id=FIRST
        )
    )
    bad = [one for one in found if one.compliance_state == "NonCompliant"]
    assert {one.resource_id for one in bad} == {account("c").lower(), account("d").lower()}
    assert {one.policy_definition_action for one in bad} == {"audit"}


def test_metadata(insights: PolicyInsightsClient) -> None:
    names = [one.name for one in insights.policy_metadata.list(QueryOptions(top=2))]
    assert isinstance(names, list)
    with pytest.raises(HttpResponseError) as caught:
        insights.policy_metadata.get_resource("none")
    assert caught.value.status_code == 404


def test_restrictions_before_a_write(policies: PolicyClient, insights: PolicyInsightsClient) -> None:
    assign(policies, "deny")
    body = {
        "resourceDetails": {
            "resourceContent": {"type": "Microsoft.Storage/storageAccounts", "location": "northeurope"},
            "apiVersion": "2023-01-01",
        }
    }
    found = insights.policy_restrictions.check_at_subscription_scope(body)
    (evaluation,) = found.content_evaluation_result.policy_evaluations
    assert evaluation.evaluation_result == "NonCompliant"


def test_remediation_from_birth_to_death(evaluated: PolicyInsightsClient, policies: PolicyClient) -> None:
    """A policy that only audits has nothing to remediate with."""
    body = {
        "properties": {
            "policyAssignmentId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/place"
        }
    }
    with pytest.raises(HttpResponseError) as caught:
        evaluated.remediations.create_or_update_at_subscription("r", body)
    assert caught.value.status_code == 400
    assert list(evaluated.remediations.list_for_subscription()) == []
