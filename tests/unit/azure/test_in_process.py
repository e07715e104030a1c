"""The official clients speak to a handler in this process, without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.core.exceptions import (
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.managementgroups import ManagementGroupsMgmtClient
from azure.mgmt.policyinsights import PolicyInsightsClient
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.deploymentstacks import DeploymentStacksClient
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest

from blueprinter.azure import HandlerTransport, StaticCredential

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
HOST = "https://management.sandbox.invalid"


@dataclass
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Box:
    """Answers every list with two pages, and long-running work after one look."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.looks = 0

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        assert headers["authorization"] == "Bearer sandbox"
        self.asked.append((method, url))
        path, _, query = url.removeprefix(HOST).partition("?")
        if "/operations/" in path:
            self.looks += 1
            status = "Succeeded" if self.looks > 1 else "Running"
            return answer({"status": status}, retry_after_ms="1")
        if "resourcegraph" in path.lower():
            sent = json.loads(body)
            return answer(
                {"totalRecords": 1, "count": 1, "resultTruncated": "false", "data": [{"q": sent["query"]}]}
            )
        if path.endswith(("/deployments/d", "/deploymentStacks/s")):
            state = "Accepted" if method == "PUT" else "Succeeded"
            found = {"id": path, "name": path.rsplit("/")[-1], "properties": {"provisioningState": state}}
            if method == "PUT":
                return answer(found, 201, Azure_AsyncOperation=f"{HOST}/operations/1")
            return answer(found)
        if method == "HEAD" or method == "DELETE":
            return Reply(204, b"")
        if path.endswith("/missing"):
            return answer({"error": {"code": "ResourceGroupNotFound", "message": "none"}}, 404)
        key = "@nextLink" if path.endswith("/managementGroups") else "nextLink"
        key = "@odata.nextLink" if "queryResults" in path else key
        rows: list[Any] = [{"id": "/2" if "skiptoken" in query else "/1"}]
        following = {} if "skiptoken" in query else {key: f"{HOST}{path}?{query}&$skiptoken=2"}
        return answer({"value": rows, **following})


def answer(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


def options(box: Any) -> dict[str, Any]:
    return {"base_url": HOST, "transport": HandlerTransport(box), "polling_interval": 0}


CREDENTIAL = StaticCredential("sandbox")


def test_every_official_client_lists_over_it() -> None:
    box = Box()
    lists = [
        PolicyClient(CREDENTIAL, SUBSCRIPTION, **options(box)).policy_assignments.list(),
        ResourceManagementClient(CREDENTIAL, SUBSCRIPTION, **options(box)).resource_groups.list(),
        DeploymentsMgmtClient(
            CREDENTIAL, SUBSCRIPTION, **options(box)
        ).deployments.list_at_subscription_scope(),
        DeploymentStacksClient(
            CREDENTIAL, SUBSCRIPTION, **options(box)
        ).deployment_stacks.list_at_subscription(),
        ManagementLockClient(
            CREDENTIAL, SUBSCRIPTION, **options(box)
        ).management_locks.list_at_subscription_level(),
        SubscriptionClient(CREDENTIAL, **options(box)).subscriptions.list(),
        ManagementGroupsMgmtClient(CREDENTIAL, **options(box)).management_groups.list(),
        AuthorizationManagementClient(
            CREDENTIAL, SUBSCRIPTION, credential_scopes=["x"], **options(box)
        ).role_assignments.list_for_scope(SCOPE),
    ]
    for pages in lists:
        assert [row.id for row in pages] == ["/1", "/2"]
    assert {method for method, _ in box.asked} == {"GET"}


def test_policy_states_are_paged_by_post() -> None:
    box = Box()
    client = PolicyInsightsClient(CREDENTIAL, SUBSCRIPTION, **options(box))
    rows = client.policy_states.list_query_results_for_subscription(
        policy_states_resource="latest", subscription_id=SUBSCRIPTION
    )
    assert len(list(rows)) == 2
    assert [method for method, _ in box.asked] == ["POST", "POST"]


def test_resource_graph_gets_its_query() -> None:
    client = ResourceGraphClient(CREDENTIAL, **options(Box()))
    found = client.resources(QueryRequest(subscriptions=[SUBSCRIPTION], query="policyresources"))
    assert found.data == [{"q": "policyresources"}]


def test_long_running_work_ends() -> None:
    client = DeploymentsMgmtClient(CREDENTIAL, SUBSCRIPTION, **options(Box()))
    poller = client.deployments.begin_create_or_update_at_subscription_scope(
        "d", {"location": "westeurope", "properties": {"mode": "Incremental", "template": {}}}
    )
    assert poller.result().properties.provisioning_state == "Succeeded"
    stacks = DeploymentStacksClient(CREDENTIAL, SUBSCRIPTION, **options(Box()))
    body = {
        "location": "westeurope",
        "properties": {"actionOnUnmanage": {"resources": "detach"}, "denySettings": {"mode": "none"}},
    }
    made = stacks.deployment_stacks.begin_create_or_update_at_subscription("s", body)
    assert made.result().name == "s"


def test_refusals_are_what_the_sdk_makes_of_them() -> None:
    groups = ResourceManagementClient(CREDENTIAL, SUBSCRIPTION, **options(Box())).resource_groups
    with pytest.raises(ResourceNotFoundError) as caught:
        groups.get("missing")
    assert caught.value.error is not None
    assert caught.value.error.code == "ResourceGroupNotFound"
    assert groups.check_existence("there")


class Lost(ConnectionError):
    """A connection that was lost, with what became of the request."""

    def __init__(self, *, after_write: bool, timeout: bool) -> None:
        super().__init__("lost")
        self.after_write, self.timeout = after_write, timeout


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ConnectionRefusedError("refused"), ServiceRequestError),
        (ConnectionResetError("reset"), ServiceResponseError),
        (BrokenPipeError("broken"), ServiceResponseError),
        (TimeoutError("late"), ServiceResponseTimeoutError),
        (Lost(after_write=False, timeout=False), ServiceRequestError),
        (Lost(after_write=False, timeout=True), ServiceRequestTimeoutError),
        (Lost(after_write=True, timeout=False), ServiceResponseError),
        (Lost(after_write=True, timeout=True), ServiceResponseTimeoutError),
    ],
)
def test_lost_connections_are_what_azure_core_knows(raised: OSError, expected: type[Exception]) -> None:
    def lose(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        raise raised

    client = ResourceManagementClient(CREDENTIAL, SUBSCRIPTION, retry_total=0, **options(lose))
    with pytest.raises(expected) as caught:
        client.resource_groups.get("x")
    assert type(caught.value) is expected


def test_clients_wait_by_the_sleep_that_is_given() -> None:
    slept: list[float] = []
    replies = [answer({}, 429, Retry_After="9"), answer({"name": "x"})]
    transport = HandlerTransport(lambda *request: replies.pop(0), sleep=slept.append)
    client = ResourceManagementClient(CREDENTIAL, SUBSCRIPTION, base_url=HOST, transport=transport)
    assert client.resource_groups.get("x").name == "x"
    assert slept == [9.0]


def test_faults_of_a_handler_are_not_hidden() -> None:
    def broken(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        raise KeyError("a fault of the handler")

    client = ResourceManagementClient(CREDENTIAL, SUBSCRIPTION, **options(broken))
    with pytest.raises(KeyError):
        client.resource_groups.get("x")
    with pytest.raises(HttpResponseError):
        ResourceManagementClient(
            CREDENTIAL, SUBSCRIPTION, **options(lambda *request: answer({}, 400))
        ).resource_groups.get("x")
