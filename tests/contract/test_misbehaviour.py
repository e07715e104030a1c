"""What the official clients do when the cloud misbehaves: they wait, try again, give up, and nothing is done twice."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.mgmt.policyinsights import PolicyInsightsClient
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest

from blueprinter.azure import ArmClient, connect_in_process
from blueprinter.sandbox import Fault, Rule
from contract.cloud import FIRST, SUBSCRIPTION, Cloud, open_cloud
from contract.estate import definition, group_template, template

GROUPS = "/subscriptions/{s}/resourcegroups"
DEFINITION = "{scope*}/providers/Microsoft.Authorization/policyDefinitions/{name}"


def _groups(cloud: Cloud, **options: object) -> object:
    return cloud.client(ResourceManagementClient, FIRST, **options).resource_groups


def test_throttled_reads_are_tried_again_after_the_time_given() -> None:
    cloud = open_cloud(misbehaviour=[Rule(Fault.THROTTLE, GROUPS, "GET", times=2, retry_after=7)])
    assert list(_groups(cloud).list()) == []
    assert cloud.waits == [7, 7]
    assert cloud.methods("resourcegroups") == ["GET"] * 3


def test_throttled_without_a_time_backs_off() -> None:
    cloud = open_cloud(misbehaviour=[Rule(Fault.THROTTLE, GROUPS, "GET", times=3)])
    assert list(_groups(cloud).list()) == []
    assert len(cloud.sent) == 4
    assert sorted(cloud.waits) == cloud.waits


def test_throttled_for_ever_is_an_error() -> None:
    cloud = open_cloud(misbehaviour=[Rule(Fault.THROTTLE, GROUPS, "GET", retry_after=1)])
    with pytest.raises(HttpResponseError) as caught:
        list(_groups(cloud).list())
    assert (caught.value.status_code, len(cloud.sent)) == (429, 4)
    assert caught.value.error.code == "SubscriptionRequestsThrottled"


def test_a_throttled_query_is_tried_again_only_with_a_time() -> None:
    """POST without Retry-After is not repeated by the client, unless told so."""
    route = "/subscriptions/{s}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"
    asked = {"policy_states_resource": "latest", "subscription_id": FIRST}
    for retry_after, again, sent in ((None, False, 1), (3, True, 2)):
        rule = Rule(Fault.THROTTLE, route, "POST", times=1, retry_after=retry_after)
        cloud = open_cloud(misbehaviour=[rule])
        states = cloud.client(PolicyInsightsClient, FIRST).policy_states
        if again:
            assert list(states.list_query_results_for_subscription(**asked)) == []
        else:
            with pytest.raises(HttpResponseError):
                list(states.list_query_results_for_subscription(**asked))
        assert cloud.methods("queryResults") == ["POST"] * sent
    cloud = open_cloud(misbehaviour=[Rule(Fault.THROTTLE, route, "POST", times=1)])
    states = cloud.client(PolicyInsightsClient, FIRST).policy_states
    more = {"retry_on_methods": frozenset({"GET", "POST"})}
    assert list(states.list_query_results_for_subscription(**asked, **more)) == []
    assert len(cloud.sent) == 2


def test_resource_graph_says_when_there_is_quota_again() -> None:
    """In headers of its own, which the official client does not read and ours does."""
    route = "/providers/Microsoft.ResourceGraph/resources"
    cloud = open_cloud(misbehaviour=[Rule(Fault.THROTTLE, route, "POST", times=1, retry_after=3)])
    with pytest.raises(HttpResponseError) as caught:
        cloud.client(ResourceGraphClient).resources(QueryRequest(query="Resources"))
    assert caught.value.status_code == 429
    assert [detail.code for detail in caught.value.model.error.details] == ["RateLimiting"]
    assert caught.value.response.headers["x-ms-user-quota-resets-after"] == "00:00:03"
    cloud = open_cloud(misbehaviour=[Rule(Fault.THROTTLE, route, "POST", times=1, retry_after=3)])
    with ArmClient(connect_in_process(cloud.handle), sleep=cloud.waits.append) as client:
        answer = client.call("POST", route, "2021-03-01", body={"query": "Resources"}, idempotent=True)
    assert answer.status == 200
    assert cloud.waits == [3]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_on_a_write_is_tried_again(status: int) -> None:
    cloud = open_cloud(misbehaviour=[Rule(Fault.ERROR, f"{GROUPS}/{{g}}", "PUT", times=2, status=status)])
    assert _groups(cloud).create_or_update("rg", {"location": "westeurope"}).name == "rg"
    assert cloud.methods("resourcegroups/rg") == ["PUT"] * 3


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.TIMEOUT_AFTER])
def test_an_answer_lost_after_the_write_does_no_harm(fault: Fault) -> None:
    cloud = open_cloud(misbehaviour=[Rule(fault, DEFINITION, "PUT", times=1)])
    definitions = cloud.client(PolicyClient, FIRST).policy_definitions
    made = definitions.create_or_update("place", definition())
    assert cloud.methods("policyDefinitions/place") == ["PUT", "PUT"]
    # one object, made by the first request
    assert [one.name for one in definitions.list(filter="policyType eq 'Custom'")] == ["place"]
    assert made.properties.metadata["createdOn"]


def test_an_answer_that_is_lost_and_not_asked_for_again() -> None:
    cloud = open_cloud(misbehaviour=[Rule(Fault.DROP_AFTER, f"{GROUPS}/{{g}}", "PUT", times=1)])
    with pytest.raises(ServiceResponseError):
        _groups(cloud, retry_total=0).create_or_update("rg", {"location": "westeurope"})
    assert _groups(cloud).check_existence("rg")


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.TIMEOUT])
def test_a_connection_lost_before_the_write(fault: Fault) -> None:
    cloud = open_cloud(misbehaviour=[Rule(fault, f"{GROUPS}/{{g}}", "PUT", times=1)])
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        _groups(cloud, retry_total=0).create_or_update("rg", {"location": "westeurope"})
    assert not _groups(cloud).check_existence("rg")
    assert _groups(cloud).create_or_update("rg", {"location": "westeurope"}).name == "rg"


def test_a_lost_answer_to_a_delete() -> None:
    cloud = open_cloud(misbehaviour=[Rule(Fault.DROP_AFTER, DEFINITION, "DELETE", times=1)])
    definitions = cloud.client(PolicyClient, FIRST).policy_definitions
    definitions.create_or_update("place", definition())
    definitions.delete("place")
    assert cloud.methods("policyDefinitions/place") == ["PUT", "DELETE", "DELETE"]
    assert list(definitions.list(filter="policyType eq 'Custom'")) == []


def _deployment(found: object, **parameters: object) -> dict[str, object]:
    values = {name: {"value": value} for name, value in parameters.items()}
    return {
        "location": "westeurope",
        "properties": {"mode": "Incremental", "template": found, "parameters": values},
    }


def test_slow_operations_take_more_looks() -> None:
    looks: list[int] = []
    for rules in ([], [Rule(Fault.SLOW, kind="deployment", steps=5)]):
        cloud = open_cloud(misbehaviour=rules)
        client = cloud.client(DeploymentsMgmtClient, FIRST)
        body = _deployment(template())
        client.deployments.begin_create_or_update_at_subscription_scope("d", body).result()
        looks.append(len(cloud.methods("operationStatuses")))
    assert looks[1] == looks[0] + 5


def test_an_operation_that_breaks_half_way() -> None:
    """It failed; what it had done stays; the same again succeeds."""
    cloud = open_cloud(misbehaviour=[Rule(Fault.BREAK, kind="deployment", steps=1, times=1)])
    client = cloud.client(DeploymentsMgmtClient, FIRST)
    start = client.deployments.begin_create_or_update_at_subscription_scope
    body = _deployment(group_template(), group="rg")
    with pytest.raises(HttpResponseError):
        start("d", body).result()
    assert client.deployments.get_at_subscription_scope("d").properties.provisioning_state == "Failed"
    assert start("d", body).result().properties.provisioning_state == "Succeeded"


def test_a_new_definition_cannot_be_referred_to_at_once() -> None:
    cloud = open_cloud(misbehaviour=[Rule(Fault.HIDE, DEFINITION, steps=3)])
    client = cloud.client(PolicyClient, FIRST)
    made = client.policy_definitions.create_or_update("place", definition())
    body = {"properties": {"policyDefinitionId": made.id}}
    codes: list[str] = []
    for _ in range(10):
        try:
            client.policy_assignments.create(SUBSCRIPTION, "a", body)
            break
        except HttpResponseError as error:
            codes.append(str(error.error and error.error.code))
    assert set(codes) == {"PolicyDefinitionNotFound"}
    assert 1 <= len(codes) <= 3


def test_the_same_seed_misbehaves_alike() -> None:
    rule = Rule(Fault.ERROR, GROUPS, "GET", probability=0.5)
    seen = []
    for _ in range(2):
        cloud = open_cloud(misbehaviour=[rule])
        outcomes = []
        for _ in range(20):
            try:
                list(_groups(cloud, retry_total=0).list())
                outcomes.append(True)
            except HttpResponseError:
                outcomes.append(False)
        seen.append(outcomes)
    assert seen[0] == seen[1]
    assert {True, False} == set(seen[0])
