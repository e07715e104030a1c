"""ResourceGraphClient 8.0.1: tables, pages, formats, errors."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.policyinsights import PolicyInsightsClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import (
    GraphQueryResource,
    GraphQueryUpdateParameters,
    QueryRequest,
    QueryRequestOptions,
    ResultFormat,
)

from contract.cloud import FIRST, SUBSCRIPTION, Cloud
from contract.estate import account, assign, make_accounts


@pytest.fixture
def graph(cloud: Cloud) -> ResourceGraphClient:
    return cloud.client(ResourceGraphClient)


def test_pages(graph: ResourceGraphClient, resources: ResourceManagementClient) -> None:
    make_accounts(resources, **dict.fromkeys("abcde", "westeurope"))
    names: list[str] = []
    token = None
    while True:
        options = QueryRequestOptions(skip_token=token, result_format=ResultFormat.OBJECT_ARRAY)
        query = "Resources | project id, name | order by name asc"
        page = graph.resources(QueryRequest(query=query, subscriptions=[FIRST], options=options))
        assert (page.total_records, page.result_truncated) == (5, "false")
        names += [row["name"] for row in page.data]
        token = page.skip_token
        if token is None:
            break
    assert names == list("abcde")


def test_table_format(graph: ResourceGraphClient, resources: ResourceManagementClient) -> None:
    make_accounts(resources, a="westeurope")
    options = QueryRequestOptions(result_format=ResultFormat.TABLE)
    found = graph.resources(QueryRequest(query="Resources | summarize count() by type", options=options))
    assert found.data == {
        "columns": [{"name": "type", "type": "string"}, {"name": "count_", "type": "integer"}],
        "rows": [["microsoft.storage/storageaccounts", 1]],
    }


def test_policy_states_and_exemptions(
    cloud: Cloud,
    graph: ResourceGraphClient,
    resources: ResourceManagementClient,
    policies: PolicyClient,
) -> None:
    """The states of both sources are the same; an exemption is found by the id that its states name."""
    make_accounts(resources, a="westeurope", b="northeurope", c="northeurope")
    assignment = assign(policies, "audit")
    exemption = f"{account('c')}/providers/Microsoft.Authorization/policyExemptions/e"
    body = {"properties": {"policyAssignmentId": assignment, "exemptionCategory": "Mitigated"}}
    version = {"api_version": "2022-07-01-preview"}
    resources.resources.begin_create_or_update_by_id(exemption, body, **version).result()
    insights = cloud.client(PolicyInsightsClient, FIRST)
    insights.policy_states.begin_trigger_subscription_evaluation(FIRST).result()
    query = """policyresources
        | where type =~ 'Microsoft.PolicyInsights/PolicyStates'
        | extend state = tostring(properties.complianceState), resource = tostring(properties.resourceId)
        | mv-expand exemption = properties.policyExemptionIds
        | extend exemption = tolower(exemption)
        | join kind=leftouter (policyresources
            | where type =~ 'microsoft.authorization/policyexemptions'
            | project exemption = tolower(id), category = tostring(properties.exemptionCategory)) on exemption
        | project resource, state, category | order by resource asc"""
    rows = graph.resources(QueryRequest(query=query, subscriptions=[FIRST])).data
    assert [(row["resource"].rpartition("/")[2], row["state"], row["category"]) for row in rows] == [
        ("c", "Exempt", "Mitigated")
    ]
    states = graph.resources(
        QueryRequest(
            query="policyresources | where type == 'microsoft.policyinsights/policystates'"
            " | summarize count() by state = tostring(properties.complianceState) | order by state asc"
        )
    ).data
    assert states == [
        {"state": "Compliant", "count_": 1},
        {"state": "Exempt", "count_": 1},
        {"state": "NonCompliant", "count_": 1},
    ]
    assigned = graph.resources(
        QueryRequest(
            query="policyresources | where type =~ 'microsoft.authorization/policyassignments'"
            " | project id, properties.scope, properties.policyDefinitionId"
        )
    ).data
    assert [row["id"] for row in assigned] == [assignment.lower()]
    assert assigned[0]["properties_scope"] == SUBSCRIPTION


def test_role_assignments(
    cloud: Cloud, graph: ResourceGraphClient, resources: ResourceManagementClient
) -> None:
    reader = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    id = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/22222222-2222-2222-2222-222222222222"
    body = {"properties": {"roleDefinitionId": reader, "principalId": "11111111-1111-1111-1111-111111111111"}}
    resources.resources.begin_create_or_update_by_id(id, body, api_version="2022-04-01").result()
    query = (
        "authorizationresources | where type =~ 'microsoft.authorization/roleassignments'"
        " | project id, principal = tostring(properties.principalId)"
    )
    found = graph.resources(QueryRequest(query=query)).data
    assert [row["principal"] for row in found] == ["11111111-1111-1111-1111-111111111111"]


def test_shared_query_from_birth_to_death(
    graph: ResourceGraphClient, resources: ResourceManagementClient
) -> None:
    make_accounts(resources, a="westeurope", b="northeurope")
    at = graph.graph_query
    text = "Resources | where location == 'westeurope' | project name"
    made = at.create_or_update(FIRST, "rg", "q", GraphQueryResource(query=text, description="West"))
    assert (made.name, made.type, made.result_kind) == ("q", "Microsoft.ResourceGraph/queries", "basic")
    assert made.time_modified
    assert at.update(FIRST, "rg", "q", GraphQueryUpdateParameters(description="The west")).query == text
    assert at.get(FIRST, "rg", "Q").description == "The west"
    assert [one.name for one in at.list(FIRST, "rg")] == ["q"]
    assert [one.name for one in at.list_by_subscription(FIRST)] == ["q"]
    shared = graph.resources(
        QueryRequest(query=f"{{{{{made.id}}}}} | summarize n = count()", subscriptions=[FIRST])
    )
    assert shared.data == [{"n": 1}]
    at.delete(FIRST, "rg", "q")
    with pytest.raises(HttpResponseError) as caught:
        at.get(FIRST, "rg", "q")
    assert caught.value.status_code == 404
    with pytest.raises(HttpResponseError):
        graph.resources(QueryRequest(query=f"{{{{{made.id}}}}} | count", subscriptions=[FIRST]))


def test_errors(graph: ResourceGraphClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        graph.resources(QueryRequest(query="Resources | where"))
    error = caught.value.model.error
    assert (caught.value.status_code, error.code) == (400, "BadRequest")
    assert [detail.code for detail in error.details] == ["InvalidQuery", "ParserFailure"]
    assert error.details[1].additional_properties == {
        "line": 1,
        "characterPositionInLine": 17,
        "token": "<EOF>",
    }
    with pytest.raises(HttpResponseError) as nobody:
        graph.resources(
            QueryRequest(query="Resources", subscriptions=["00000000-0000-0000-0000-00000000dead"])
        )
    assert nobody.value.model.error.details[0].code == "NoValidSubscriptionsInQueryRequest"


def test_operations(graph: ResourceGraphClient) -> None:
    assert "Microsoft.ResourceGraph/resources/read" in [one.name for one in graph.operations.list()]
