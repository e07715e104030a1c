"""Faults by rule: what is answered, what is carried out, and that a run can be repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.mgmt.resource.resources import ResourceManagementClient

from blueprinter.azure import HandlerTransport, StaticCredential
from blueprinter.diagnostics import InvalidInput
from blueprinter.sandbox import ConnectionLost, Fault, Rule, Settings, parse_rule, read_rules
from unit.sandbox.heart_box import GROUP, STORAGE, SUB, Asking


def with_rule(text: str, **more: object) -> Asking:
    return Asking(misbehaviour=[parse_rule(text)], **more)  # type: ignore[arg-type]  # options of the sandbox


def test_throttling_with_and_without_time() -> None:
    asking = with_rule("throttle method=GET times=2 retry-after=3")
    for _ in range(2):
        answer = asking.ask("GET", SUB)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
        assert answer.json()["error"]["code"] == "SubscriptionRequestsThrottled"
    assert asking.ask("GET", SUB).status == 200
    assert "Retry-After" not in with_rule("throttle").ask("GET", SUB).headers


@pytest.mark.parametrize(("status", "code"), [(500, "InternalServerError"), (503, "ServiceUnavailable")])
def test_errors_leave_the_request_undone(status: int, code: str) -> None:
    asking = with_rule(f"error status={status} method=PUT times=1")
    assert asking.refused("PUT", GROUP, {"location": "x"}) == (status, code)
    assert asking.ask("HEAD", GROUP).status == 404
    asking.group()


@pytest.mark.parametrize(
    ("fault", "after_write", "timeout"),
    [
        (Fault.DROP, False, False),
        (Fault.DROP_AFTER, True, False),
        (Fault.TIMEOUT, False, True),
        (Fault.TIMEOUT_AFTER, True, True),
    ],
)
def test_lost_connections_say_whether_it_was_carried_out(
    fault: Fault, after_write: bool, timeout: bool
) -> None:
    asking = Asking(misbehaviour=[Rule(fault, method="PUT")])
    with pytest.raises(ConnectionLost) as found:
        asking.ask("PUT", GROUP, {"location": "x"})
    assert (found.value.after_write, found.value.timeout) == (after_write, timeout)
    assert asking.ask("HEAD", GROUP).status == (204 if after_write else 404)


def test_rule_counts_what_fits_its_route() -> None:
    asking = with_rule("error route=/subscriptions/{s}/resourcegroups/{g} method=put after=1 times=1")
    asking.group("a")
    asking.ok("GET", f"{SUB}/resourcegroups/a")
    assert asking.refused("PUT", f"{SUB}/resourceGroups/b", {"location": "x"})[0] == 503
    asking.group("b")


def test_probability_is_drawn_from_the_seed() -> None:
    def statuses(seed: int) -> list[int]:
        asking = with_rule("error probability=0.5", seed=seed)
        return [asking.ask("GET", SUB).status for _ in range(40)]

    assert statuses(1) == statuses(1)
    assert statuses(1) != statuses(2)
    assert {200, 503} == set(statuses(1))


def test_slow_work_takes_more_requests() -> None:
    asking = with_rule("slow kind='resource group deletion' steps=3")
    asking.group()
    location = asking.ask("DELETE", GROUP).headers["Location"]
    assert [asking.ask("GET", location).status for _ in range(4)] == [202, 202, 202, 200]


def test_work_breaks() -> None:
    asking = with_rule("break steps=0")
    asking.group()
    asking.storage()
    location = asking.ask("DELETE", GROUP).headers["Location"]
    assert asking.ask("GET", location).json()["error"]["code"] == "InternalServerError"
    assert asking.ok("GET", f"{STORAGE}/one")["name"] == "one"


def test_new_objects_are_hidden() -> None:
    asking = with_rule("hide route=/subscriptions/{s}/resourcegroups/{g} steps=2")
    asking.group()
    assert asking.box.sees(GROUP) is None
    asking.ok("GET", SUB)
    asking.ok("GET", SUB)
    assert asking.box.sees(GROUP) is None
    asking.ok("GET", SUB)
    assert asking.box.sees(GROUP) is not None


def test_rules_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "rules:\n  - {fault: throttle, method: GET, retry-after: 1.5, times: 2}\n  - {fault: drop-after}\n"
    )
    assert read_rules(file) == (
        Rule(Fault.THROTTLE, method="GET", retry_after=1.5, times=2),
        Rule(Fault.DROP_AFTER),
    )


def test_all_faults_of_a_file_are_named(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n  - {fault: throtle}\n  - {fault: error, status: 200, colour: red}\n  - 5\n")
    with pytest.raises(InvalidInput) as found:
        read_rules(file)
    assert [(one.code, one.position.line) for one in found.value.diagnostics] == [
        ("BP705", 2),
        ("BP705", 3),
        ("BP705", 3),
        ("BP705", 4),
    ]


@pytest.mark.parametrize("text", ["", "explode", "throttle times=-1", "error probability=2", "slow 'x"])
def test_rule_that_does_not_parse(text: str) -> None:
    with pytest.raises(InvalidInput) as found:
        parse_rule(text)
    assert {one.code for one in found.value.diagnostics} == {"BP705"}


def test_steps_are_requests_before_the_first() -> None:
    asking = Asking(settings=Settings(steps=2))
    asking.group()
    location = asking.ask("DELETE", GROUP).headers["Location"]
    assert [asking.ask("GET", location).status for _ in range(2)] == [202, 200]
    asking.group()
    location = asking.ask("DELETE", GROUP).headers["Location"]
    asking.box.tick()
    assert asking.ask("GET", location).status == 200


def test_in_process_client_sees_the_same_faults() -> None:
    asking = with_rule("drop-after method=PUT times=1")
    transport = HandlerTransport(asking.box.respond)
    with ResourceManagementClient(
        StaticCredential("sandbox"), SUB.rsplit("/", 1)[1], transport=transport, retry_total=0
    ) as client:
        with pytest.raises(ServiceResponseError):
            client.resource_groups.create_or_update("rg", {"location": "westeurope"})
        assert client.resource_groups.check_existence("rg")
