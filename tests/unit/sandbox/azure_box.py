"""A sandbox to deploy to, and short words for requests: shared by the tests of deployments and stacks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from blueprinter.azure import HandlerTransport, StaticCredential
from blueprinter.sandbox import Request, Response, Sandbox, Settings, open_sandbox

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
SUB = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{SUB}/resourceGroups/rg"
ORIGIN = "https://management.azure.com"
CREDENTIAL = StaticCredential("sandbox")
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SUB_SCHEMA = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"


@dataclass
class Clock:
    """A clock that goes on a little with every request."""

    now: datetime = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    step: timedelta = timedelta(seconds=1)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@dataclass
class Azure:
    """A sandbox with one resource group, `rg`."""

    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    box: Sandbox = field(init=False)

    def __post_init__(self) -> None:
        self.box = open_sandbox(settings=self.settings, clock=self.clock)
        self.ok("PUT", GROUP, {"location": "westeurope"})

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        version: str = "2024-11-01",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        url = path if path.startswith("https:") else f"{ORIGIN}{path}"
        if "api-version=" not in url:
            url += ("&" if "?" in url else "?") + f"api-version={version}"
        data = b"" if body is None else json.dumps(body).encode()
        return self.box.handle(Request(method, url, headers or {}, data))

    def ok(self, method: str, path: str, body: object = None) -> Any:
        response = self.send(method, path, body)
        assert response.status < 300, response.body
        return response.json()

    def refused(self, method: str, path: str, body: object = None) -> tuple[int, str, str]:
        """Status, code and message of the refusal."""
        response = self.send(method, path, body)
        assert response.status >= 400, response.body
        error = response.json()["error"]
        return response.status, error["code"], error["message"]

    def finish(self, id: str) -> Any:
        """The deployment or stack at its end."""
        for _ in range(60):
            body = self.ok("GET", id)
            if body["properties"]["provisioningState"].lower() in ("succeeded", "failed", "canceled"):
                return body
        raise AssertionError(f"{id} does not come to its end")

    def client_options(self) -> dict[str, Any]:
        """What an official client is opened with to ask this sandbox."""

        def handle(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
            return self.box.handle(Request(method, url, headers, body))

        return {"base_url": ORIGIN, "transport": HandlerTransport(handle), "polling_interval": 0}

    def deploy(
        self,
        template: Mapping[str, object],
        *,
        name: str = "d",
        scope: str = GROUP,
        mode: str = "Incremental",
        parameters: Mapping[str, object] | None = None,
    ) -> Any:
        """The properties of a deployment at its end."""
        self.ok("PUT", deployment(name, scope), request(template, scope, mode, parameters))
        return self.finish(deployment(name, scope))["properties"]


def deployment(name: str = "d", scope: str = GROUP) -> str:
    return f"{scope}/providers/Microsoft.Resources/deployments/{name}"


def request(
    template: Mapping[str, object],
    scope: str = GROUP,
    mode: str = "Incremental",
    parameters: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The body of a deployment; `parameters` are plain values."""
    properties: dict[str, object] = {"mode": mode, "template": template}
    if parameters is not None:
        properties["parameters"] = {name: {"value": value} for name, value in parameters.items()}
    body: dict[str, object] = {"properties": properties}
    return body if "resourcegroups" in scope.lower() else {"location": "westeurope", **body}


def template(*resources: Mapping[str, object], schema: str = SCHEMA, **sections: object) -> dict[str, object]:
    return {"$schema": schema, "contentVersion": "1.0.0.0", **sections, "resources": list(resources)}


def resource(
    name: str,
    kind: str = "Microsoft.Network/virtualNetworks",
    *,
    needs: Sequence[str] = (),
    **members: object,
) -> dict[str, object]:
    return {
        "type": kind,
        "apiVersion": "2023-01-01",
        "name": name,
        "location": "westeurope",
        "properties": {},
        **({"dependsOn": list(needs)} if needs else {}),
        **members,
    }


def nested(
    name: str,
    inner: Mapping[str, object],
    *,
    scope: str = "inner",
    parameters: Mapping[str, object] | None = None,
    **members: object,
) -> dict[str, object]:
    """A nested deployment; `parameters` as they stand in a template."""
    properties: dict[str, object] = {
        "mode": "Incremental",
        "expressionEvaluationOptions": {"scope": scope},
        "template": inner,
    }
    if parameters is not None:
        properties["parameters"] = parameters
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": name,
        "properties": properties,
        **members,
    }
