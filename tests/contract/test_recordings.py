"""Recorded traffic of Azure, sent again: the sandbox answers with the same status and with at least the same members.

What deployments have recorded is replayed with the tests of deployments.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from blueprinter.sandbox import Request, Response, Sandbox, open_sandbox
from contract.cloud import ENDPOINT

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
RECORDINGS = (
    "azure-mgmt-resource-15.0.0/test_mgmt_resource.test_resource_groups.yaml",
    "azure-mgmt-resource-15.0.0/test_mgmt_resource.test_provider_registration.yaml",
    "azure-mgmt-resource-15.0.0/test_mgmt_resource.test_providers.yaml",
    "azure-mgmt-resource-15.0.0/test_mgmt_resource_locks.test_locks_at_subscription_level.yaml",
    "azure-mgmt-authorization-0.61.0/test_mgmt_authorization.test_authorization.yaml",
    "azure-mgmt-authorization-0.61.0/test_mgmt_authorization.test_role_assignment.yaml",
    "azure-mgmt-authorization-0.61.0/test_mgmt_authorization.test_role_definitions.yaml",
)


@pytest.mark.parametrize("name", RECORDINGS)
def test_recording(shared: Path, name: str) -> None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    recorded = yaml.load((shared / "data" / "recordings" / name).read_text(encoding="utf-8"), loader)
    with open_sandbox(clock=lambda: datetime(2020, 7, 1, tzinfo=UTC), subscriptions=(SUBSCRIPTION,)) as box:
        for group in _groups(recorded["interactions"]):
            _send(box, "PUT", f"{ENDPOINT}/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}?api-version=2020-06-01",
                  b'{"location":"westus"}')  # fmt: skip
        monitors: dict[str, str] = {}
        for interaction in recorded["interactions"]:
            _replay(box, interaction["request"], interaction["response"], monitors)


def _groups(interactions: list[Any]) -> set[str]:
    """Groups that a recording takes for granted: those that it does not make."""
    named = {one["request"]["uri"].split("/")[6].partition("?")[0] for one in interactions if _in_group(one)}
    made = {
        one["request"]["uri"].split("/")[6].partition("?")[0]
        for one in interactions
        if one["request"]["method"] == "PUT" and one["request"]["uri"].count("/") == 6 and _in_group(one)
    }
    return {name for name in named - made if name != "unknowngroup"}


def _in_group(one: Any) -> bool:
    segments = one["request"]["uri"].lower().split("/")
    return len(segments) > 6 and segments[5] == "resourcegroups"


def _replay(box: Sandbox, request: Any, response: Any, monitors: dict[str, str]) -> None:
    """Sends one request. What a recording asked of a monitor several times is asked until it says as much."""
    status = response["status"]["code"]
    url = request["uri"]
    if url in monitors:
        if status == 202:
            return
        answer = _send(box, "GET", monitors[url], b"")
        for _ in range(10):
            if answer.status != 202:
                break
            answer = _send(box, "GET", monitors[url], b"")
    else:
        answer = _send(box, request["method"], url, _body(request["body"]))
    assert answer.status == status, (request["method"], url, answer.body)
    for header in ("location", "azure-asyncoperation"):
        recorded = _header(response["headers"], header)
        found = _header(answer.headers, header)
        assert bool(recorded) == bool(found), (request["method"], url, header)
        if recorded:
            monitors[recorded] = found
    text = response["body"]["string"]
    if text:
        missing = sorted(set(_paths(orjson.loads(text))) - set(_paths(answer.json())))
        assert [path for path in missing if not path.startswith(NOT_TOLD)] == [], (request["method"], url)


NOT_TOLD = (
    # whom a resource provider authorizes in a tenant, and where its zones are
    "authorization",
    "value[].authorization",
    "value[].resourceTypes[].apiProfiles",
    "value[].resourceTypes[].defaultApiVersion",
    "value[].resourceTypes[].zoneMappings",
    # other people's resource groups
    "value[].managedBy",
    "value[].tags.",
)
"""Beginnings of paths."""


def _send(box: Sandbox, method: str, url: str, body: bytes) -> Response:
    return box.handle(Request(method, url, {"content-type": "application/json"}, body))


def _body(recorded: Any) -> bytes:
    """A body, which some recordings hold as the text of a bytes literal."""
    text = recorded.decode() if isinstance(recorded, bytes) else recorded
    while isinstance(text, str) and text.startswith("b'"):
        text = ast.literal_eval(text)
        text = text.decode() if isinstance(text, bytes) else text
    return (text or "").encode()


def _header(headers: Any, name: str) -> str:
    for key, value in headers.items():
        if key.lower() == name:
            return str(value[0] if isinstance(value, list) else value)
    return ""


def _paths(value: Any, at: str = "") -> Iterator[str]:
    """Where a value has members; items of a list count as one."""
    if isinstance(value, dict):
        for name, item in value.items():
            path = f"{at}.{name}" if at else name
            yield path
            yield from _paths(item, path)
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, f"{at}[]")
