"""A sandbox with a clock that is set by hand, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import orjson

from blueprinter.sandbox.app import Sandbox, open_sandbox
from blueprinter.sandbox.model import Request, Response, Settings

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/app"
ROOT = "/providers/Microsoft.Management/managementGroups/00000000-0000-0000-0000-0000000000aa"
AUTHORIZATION = "/providers/Microsoft.Authorization"
INSIGHTS = "/providers/Microsoft.PolicyInsights"
ORIGIN = "http://127.0.0.1:8080"


class Asker:
    """One sandbox and its clock."""

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        self.sandbox = sandbox
        self.clock = clock

    def ask(
        self, method: str, path: str, body: Any = None, *, version: str = "2024-10-01", **query: str
    ) -> Response:
        pairs = {"api-version": version, **{f"${name.rstrip('_')}": value for name, value in query.items()}}
        text = "&".join(f"{name}={quote(value)}" for name, value in pairs.items())
        content = b"" if body is None else orjson.dumps(body)
        url = path if path.startswith("http") else f"{ORIGIN}{quote(path)}?{text}"
        return self.sandbox.handle(Request(method, url, {}, content))

    def good(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """The answer, which is no error."""
        found = self.ask(method, path, body, **query)
        assert found.status < 300, found.json()
        return found.json()

    def refused(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        """Status and error of an answer that is one."""
        found = self.ask(method, path, body, **query)
        assert found.status >= 400, (found.status, found.json())
        return found.status, found.json()["error"]

    # --- what most tests need

    def group(self, name: str = "app", **more: Any) -> str:
        path = f"{SUBSCRIPTION}/resourcegroups/{name}"
        self.good("PUT", path, {"location": "westeurope", **more})
        return f"{SUBSCRIPTION}/resourceGroups/{name}"

    def storage(self, name: str, group: str = GROUP, **properties: Any) -> Response:
        body = {"location": "westeurope", "properties": properties}
        return self.ask("PUT", storage_id(name, group), body)

    def define(self, name: str, rule: Any, *, scope: str = SUBSCRIPTION, **properties: Any) -> str:
        id = f"{scope}{AUTHORIZATION}/policyDefinitions/{name}"
        body = {"properties": {"mode": "All", "policyRule": rule, "displayName": f"The {name}", **properties}}
        self.good("PUT", id, body)
        return id

    def assign(
        self, name: str, definition: str, *, scope: str = SUBSCRIPTION, top: Any = None, **properties: Any
    ) -> Any:
        id = f"{scope}{AUTHORIZATION}/policyAssignments/{name}"
        body = {"properties": {"policyDefinitionId": definition, **properties}, **(top or {})}
        return self.good("PUT", id, body)

    def scan(self, scope: str = SUBSCRIPTION) -> None:
        """Asks for an evaluation and waits for its end."""
        found = self.ask("POST", f"{scope}{INSIGHTS}/policyStates/latest/triggerEvaluation")
        assert found.status == 202, found.json()
        location = found.headers["Location"]
        for _ in range(5):
            if self.ask("GET", location).status == 200:
                return
        raise AssertionError("the evaluation does not end")

    def states(self, scope: str = SUBSCRIPTION, **query: str) -> list[dict[str, Any]]:
        found = self.good("POST", f"{scope}{INSIGHTS}/policyStates/latest/queryResults", **query)
        rows: list[dict[str, Any]] = found["value"]
        return rows


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@contextmanager
def policy_box(**settings: Any) -> Iterator[Asker]:
    clock = Clock()
    with open_sandbox(clock=clock, settings=Settings(**settings)) as sandbox:
        yield Asker(sandbox, clock)


def storage_id(name: str, group: str = GROUP) -> str:
    return f"{group}/providers/Microsoft.Storage/storageAccounts/{name}"


def storage_rule(effect: str, **details: Any) -> dict[str, Any]:
    """Storage accounts whose traffic need not be encrypted."""
    alias = "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly"
    condition = {
        "allOf": [
            {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
            {"field": alias, "notEquals": True},
        ]
    }
    then: dict[str, Any] = {"effect": effect}
    if details:
        then["details"] = details
    return {"if": condition, "then": then}
