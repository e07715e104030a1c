"""The thin client over a handler in this process: errors, retries, pages, long-running work."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from blueprinter.azure import ArmClient, AzureError, RetryRules, Running, SentRequest, connect_in_process

HOST = "https://management.sandbox.invalid"
GROUPS = "/subscriptions/s/resourceGroups"


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def reply(value: Any = None, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, b"" if value is None else json.dumps(value).encode(), named)


@dataclass
class Azure:
    """Answers in the order given; an exception among them is raised."""

    answers: list[Reply | BaseException]
    asked: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    time: float = 0.0

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.asked.append((method, url, headers, body))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def client(self, watch: Callable[[SentRequest], None] | None = None, **rules: Any) -> ArmClient:
        return ArmClient(
            connect_in_process(self),
            retry=RetryRules(**rules),
            sleep=self.sleep,
            clock=lambda: self.time,
            watch=watch,
        )


def test_a_request_carries_version_body_and_token() -> None:
    azure = Azure([reply({"name": "x y"}, 201)])
    answer = azure.client().call(
        "PUT", f"{GROUPS}/x y", "2024-11-01", body={"location": "westeurope"}, query={"$filter": "a eq 'b c'"}
    )
    method, url, headers, body = azure.asked[0]
    assert (method, json.loads(body)) == ("PUT", {"location": "westeurope"})
    assert url == f"{HOST}{GROUPS}/x%20y?api-version=2024-11-01&$filter=a%20eq%20%27b%20c%27"
    assert headers["authorization"].startswith("Bearer ey")
    assert headers["content-type"] == "application/json"
    assert (answer.status, answer.body) == (201, {"name": "x y"})


def test_what_azure_refuses_is_an_error_with_all_it_says() -> None:
    inner = json.dumps({"error": {"code": "SkuNotAvailable", "message": "Not here."}})
    refusal = {
        "error": {
            "code": "DeploymentFailed",
            "message": "See details.",
            "details": [
                {"code": "Conflict", "message": inner},
                {
                    "code": "RequestDisallowedByPolicy",
                    "message": "No.",
                    "target": "vm",
                    "additionalInfo": [{"type": "PolicyViolation", "info": {"policyAssignmentId": "/a"}}],
                },
            ],
        }
    }
    azure = Azure([reply(refusal, 409, x_ms_request_id="r-1")])
    with pytest.raises(AzureError) as caught:
        azure.client().get("/subscriptions/s", "2022-12-01")
    found = caught.value
    assert (found.status, found.code, found.request_id) == (409, "DeploymentFailed", "r-1")
    assert found.codes == ("DeploymentFailed", "Conflict", "SkuNotAvailable", "RequestDisallowedByPolicy")
    assert [one.code for one in found.error.roots()] == ["SkuNotAvailable", "RequestDisallowedByPolicy"]
    assert found.error.details[1].additional_info[0]["type"] == "PolicyViolation"
    shown = found.diagnostic()
    assert shown.code == "BP604"
    assert "`SkuNotAvailable`: Not here; " in shown.message
    assert shown.message.endswith("(GET /subscriptions/s)")


def test_a_page_of_a_gateway_is_no_json_and_still_an_error() -> None:
    azure = Azure([Reply(400, b"<html>bad gateway</html>")])
    with pytest.raises(AzureError) as caught:
        azure.client().get("/x", "1")
    assert caught.value.error.message == "HTTP status 400"


def test_find_gives_none_where_nothing_is() -> None:
    missing = reply({"error": {"code": "ResourceNotFound", "message": "none"}}, 404)
    assert Azure([missing]).client().find("/x", "1") is None
    with pytest.raises(AzureError):
        Azure([reply({}, 403)]).client().find("/x", "1")


# --- retries -----------------------------------------------------------------------------------------------------

FAILURE = reply({"error": {"code": "InternalServerError", "message": "x"}}, 500)


def test_throttling_is_obeyed_for_every_method() -> None:
    azure = Azure([reply({}, 429, Retry_After="7"), reply({}, 429, retry_after_ms="250"), reply({"ok": 1})])
    assert azure.client().call("POST", "/x/start", "1", body={}).body == {"ok": 1}
    assert azure.slept == [7.0, 0.25]


def test_throttling_without_a_time_backs_off() -> None:
    azure = Azure([reply({}, 429), reply({}, 429), reply({}, 429), reply({})])
    azure.client(longest_wait=2.0).get("/x", "1")
    assert azure.slept == [0.8, 1.6, 2.0]


def test_a_date_in_retry_after_is_read_against_the_servers_clock() -> None:
    date, later = "Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 10:00:30 GMT"
    azure = Azure([reply({}, 429, Retry_After=later, Date=date), reply({})])
    azure.client().get("/x", "1")
    assert azure.slept == [30.0]


def test_a_storm_ends_and_so_does_a_wait_beyond_reason() -> None:
    azure = Azure([reply({}, 429, Retry_After="1") for _ in range(5)])
    with pytest.raises(AzureError) as caught:
        azure.client(throttled_attempts=5).get("/x", "1")
    assert (caught.value.status, len(azure.asked)) == (429, 5)
    azure = Azure([reply({}, 429, Retry_After="86400")])
    with pytest.raises(AzureError):
        azure.client().get("/x", "1")
    assert azure.slept == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("failure", [FAILURE, ConnectionResetError("reset"), TimeoutError("late")], ids=repr)
def test_what_may_be_done_twice_is_repeated(method: str, failure: Reply | Exception) -> None:
    azure = Azure([failure, failure, reply({"ok": 1})])
    assert azure.client().call(method, "/x", "1", body=None).body == {"ok": 1}
    assert azure.slept == [0.8, 1.6]


@pytest.mark.parametrize("failure", [FAILURE, ConnectionResetError("reset")], ids=repr)
def test_a_post_is_repeated_only_when_its_caller_says_that_it_may(failure: Reply | Exception) -> None:
    azure = Azure([failure])
    with pytest.raises(AzureError):
        azure.client().call("POST", "/x/cancel", "1")
    azure = Azure([failure, reply({"ok": 1})])
    assert azure.client().call("POST", "/x/query", "1", idempotent=True).body == {"ok": 1}


def test_a_request_that_never_arrived_is_repeated_for_every_method() -> None:
    azure = Azure([ConnectionRefusedError("refused"), reply({"ok": 1})])
    assert azure.client().call("POST", "/x/start", "1").body == {"ok": 1}


def test_no_answer_says_whether_something_may_have_happened() -> None:
    azure = Azure([ConnectionRefusedError("refused")] * 3)
    with pytest.raises(AzureError) as caught:
        azure.client(attempts=3).call("PUT", "/x", "1", body={})
    assert (caught.value.row, caught.value.reached, caught.value.hint) == ("BP605", False, "")
    azure = Azure([ConnectionResetError("reset"), ConnectionRefusedError("refused")])
    with pytest.raises(AzureError) as caught:
        azure.client(attempts=2).call("PUT", "/x", "1", body={})
    assert caught.value.reached
    assert caught.value.hint == "whether it took effect is not known"


def test_a_refusal_is_not_repeated() -> None:
    azure = Azure([reply({"error": {"code": "InvalidTemplate", "message": "no"}}, 400)])
    with pytest.raises(AzureError):
        azure.client().call("PUT", "/x", "1", body={})
    assert len(azure.asked) == 1


def test_a_token_that_expires_in_the_middle_is_asked_for_again() -> None:
    expired = reply({"error": {"code": "ExpiredAuthenticationToken", "message": "old"}}, 401)
    azure = Azure([expired, reply({"ok": 1})])
    assert azure.client().get("/x", "1") == {"ok": 1}


def test_the_quota_of_resource_graph_is_waited_for() -> None:
    spent = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:05"}
    path = "/providers/Microsoft.ResourceGraph/resources"
    azure = Azure(
        [
            Reply(200, b'{"data": []}', spent),
            reply({}),  # another route is not held up
            Reply(429, b"", spent),
            reply({"data": [1]}),
        ]
    )
    client = azure.client()
    client.call("POST", path, "2021-03-01", body={}, idempotent=True)
    client.get("/subscriptions/s", "2022-12-01")
    assert azure.slept == []
    assert client.call("POST", path, "2021-03-01", body={}, idempotent=True).body == {"data": [1]}
    assert azure.slept == [5.0, 5.0]


def test_requests_are_counted_and_watched() -> None:
    seen: list[SentRequest] = []
    azure = Azure([FAILURE, reply({}), reply({}, 201)])
    client = azure.client(watch=seen.append)
    client.get("/x", "1")
    assert client.requests.only_reads
    client.call("PUT", "/x", "1", body={})
    assert (client.requests.total, client.requests.repeated) == (3, 1)
    assert client.requests.by_method == {"GET": 2, "PUT": 1}
    assert not client.requests.only_reads
    assert seen[0] == SentRequest("GET", "/x", 500, 1)
    assert seen[1] == SentRequest("GET", "/x", 200, 2)


def test_a_process_that_ends_is_not_held_up() -> None:
    class Killed(BaseException):
        pass

    with pytest.raises(Killed):
        Azure([Killed()]).client().call("PUT", "/x", "1", body={})


# --- pages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["nextLink", "@odata.nextLink", "@nextLink"])
def test_pages_are_followed_with_the_same_method_and_body(key: str) -> None:
    link = f"{HOST}/x/queryResults?api-version=1&$skiptoken=2"
    azure = Azure([reply({"value": [{"n": 1}], key: link}), reply({"value": [{"n": 2}]})])
    rows = list(azure.client().items("/x/queryResults", "1", method="POST", body={"q": 1}))
    assert rows == [{"n": 1}, {"n": 2}]
    assert [(method, url) for method, url, _, _ in azure.asked][1] == ("POST", link)
    assert json.loads(azure.asked[1][3]) == {"q": 1}


def test_a_failing_page_is_an_error_not_the_end() -> None:
    azure = Azure([reply({"value": [{"n": 1}], "nextLink": f"{HOST}/x?page=2"}), reply({}, 403)])
    rows = azure.client().items("/x", "1")
    assert next(rows) == {"n": 1}
    with pytest.raises(AzureError) as caught:
        next(rows)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("second", "row"),
    [
        ({"value": [], "nextLink": f"{HOST}/x?page=2"}, "BP607"),  # repeats
        ({"nextLink": f"{HOST}/x?page=3"}, "BP607"),  # no rows
        ({"value": [1]}, "BP607"),  # a row that is none
        ({"value": [], "nextLink": "https://elsewhere.example/x"}, "BP602"),
    ],
)
def test_a_list_that_goes_astray_is_refused(second: Any, row: str) -> None:
    azure = Azure([reply({"value": [], "nextLink": f"{HOST}/x?page=2"}), reply(second)])
    with pytest.raises(AzureError) as caught:
        list(azure.client().items("/x", "1"))
    assert caught.value.row == row
    assert len(azure.asked) == 2


# --- long-running work -------------------------------------------------------------------------------------------

DEPLOYMENT = "/subscriptions/s/providers/Microsoft.Resources/deployments/d"


def test_a_put_with_a_status_monitor() -> None:
    monitor = f"{HOST}/operations/1?api-version=1"
    azure = Azure(
        [
            reply({"properties": {"provisioningState": "Accepted"}}, 201, Azure_AsyncOperation=monitor),
            reply({"status": "Running"}, Retry_After="3"),
            reply({"status": "Succeeded"}),
            reply({"properties": {"provisioningState": "Succeeded", "outputs": {}}}),
        ]
    )
    client, seen = azure.client(), list[Running]()
    running = client.start("PUT", DEPLOYMENT, "1", body={})
    assert not running.ended
    result = client.wait(running, watch=seen.append)
    assert result == {"properties": {"provisioningState": "Succeeded", "outputs": {}}}
    assert azure.slept == [10.0, 3.0]
    assert [one.status for one in seen] == ["Running", "Succeeded"]
    assert azure.asked[-1][1].startswith(f"{HOST}{DEPLOYMENT}?")


def test_a_post_with_a_location_that_moves() -> None:
    azure = Azure(
        [
            reply(None, 202, Location=f"{HOST}/results/1"),
            reply(None, 202, Location=f"{HOST}/results/2"),
            reply({"changes": []}),
        ]
    )
    client = azure.client()
    assert client.wait(client.start("POST", f"{DEPLOYMENT}/whatIf", "1", body={})) == {"changes": []}
    assert [url for _, url, _, _ in azure.asked[1:]] == [f"{HOST}/results/1", f"{HOST}/results/2"]


def test_a_post_with_monitor_and_location_ends_at_the_location() -> None:
    azure = Azure(
        [
            reply(None, 202, Location=f"{HOST}/results/1", Azure_AsyncOperation=f"{HOST}/operations/1"),
            reply({"status": "Succeeded"}),
            reply({"here": 1}),
        ]
    )
    client = azure.client()
    assert client.wait(client.start("POST", "/x", "1")) == {"here": 1}


def test_a_put_that_only_shows_its_state() -> None:
    azure = Azure(
        [
            reply({"properties": {"provisioningState": "Creating"}}, 201),
            reply({"properties": {"provisioningState": "Succeeded"}}),
        ]
    )
    client = azure.client()
    assert client.wait(client.start("PUT", "/x", "1", body={})) == {
        "properties": {"provisioningState": "Succeeded"}
    }


def test_what_is_done_at_once_is_not_asked_for_again() -> None:
    azure = Azure([reply({"name": "x"}), reply(None, 204)])
    client = azure.client()
    assert client.wait(client.start("PUT", "/x", "1", body={})) == {"name": "x"}
    assert client.wait(client.start("DELETE", "/x", "1")) is None
    assert azure.slept == []


def test_failed_work_is_an_error_with_its_reasons() -> None:
    error = {
        "code": "DeploymentFailed",
        "message": "see",
        "details": [{"code": "RoleAssignmentExists", "message": "The role assignment already exists."}],
    }
    azure = Azure(
        [
            reply({}, 201, Azure_AsyncOperation=f"{HOST}/operations/1"),
            reply({"status": "Failed", "error": error}),
        ]
    )
    client = azure.client()
    with pytest.raises(AzureError) as caught:
        client.wait(client.start("PUT", DEPLOYMENT, "1", body={}))
    assert caught.value.row == "BP606"
    assert caught.value.codes == ("DeploymentFailed", "RoleAssignmentExists")


def test_cancelled_work_is_an_error() -> None:
    azure = Azure([reply({"properties": {"provisioningState": "canceled"}})])
    with pytest.raises(AzureError) as caught:
        azure.client().attach(DEPLOYMENT, "1")
    assert caught.value.code == "Canceled"


def test_attaching_to_work_under_way_and_giving_up_in_time() -> None:
    states = [reply({"properties": {"provisioningState": "deploying"}}) for _ in range(4)]
    azure = Azure([*states])
    client = azure.client()
    running = client.attach(DEPLOYMENT, "1")
    assert running.status == "deploying"
    with pytest.raises(AzureError) as caught:
        client.wait(running, timeout=25)
    assert caught.value.row == "BP608"
    assert azure.slept == [10.0, 10.0]


def test_a_monitor_elsewhere_gets_no_token() -> None:
    azure = Azure([reply({}, 201, Azure_AsyncOperation="https://elsewhere.example/operations/1")])
    with pytest.raises(AzureError) as caught:
        azure.client().start("PUT", DEPLOYMENT, "1", body={})
    assert caught.value.row == "BP602"
    assert len(azure.asked) == 1
