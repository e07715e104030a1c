"""The sandbox over HTTP and HTTPS on the loopback, asked by the official client and by plain sockets."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ServiceResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import ManagedIdentityCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from blueprinter.diagnostics import InvalidInput
from blueprinter.sandbox import (
    Rule,
    SandboxServer,
    ServerSettings,
    Settings,
    certificate_in,
    open_sandbox,
    parse_rule,
)

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
SUB = f"/subscriptions/{SUBSCRIPTION}"


class AnyToken:
    """A credential that knows one worthless token."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken("sandbox", 4102444800)


class AllowLoopback(SansIOHTTPPolicy):  # type: ignore[type-arg]  # its arguments are names of HTTP libraries
    """Lets the client send its token over HTTP."""

    def on_request(self, request: Any) -> None:
        request.context.options.setdefault("enforce_https", False)


@contextmanager
def serving(
    settings: ServerSettings | None = None, misbehaviour: tuple[Rule, ...] = ()
) -> Iterator[SandboxServer]:
    sandbox = open_sandbox(
        settings=Settings(retry_after_ms=10), clock=lambda: datetime.now(UTC), misbehaviour=misbehaviour
    )
    with sandbox, SandboxServer(sandbox, settings) as server:
        yield server


def client_of(server: SandboxServer, **options: Any) -> ResourceManagementClient:
    return ResourceManagementClient(
        AnyToken(),
        SUBSCRIPTION,
        base_url=server.url,
        per_call_policies=[AllowLoopback()],
        polling_interval=0.01,
        **options,
    )


def use(client: ResourceManagementClient) -> None:
    """Makes, lists and deletes with the official client."""
    with client:
        group = client.resource_groups.create_or_update("rg", {"location": "westeurope"})
        assert group.properties.provisioning_state == "Succeeded"
        for number in range(3):
            id = f"{group.id}/providers/Microsoft.Storage/storageAccounts/s{number}"
            body = {"location": "westeurope", "properties": {}}
            client.resources.begin_create_or_update_by_id(
                id, api_version="2023-01-01", parameters=body
            ).result()
        found = client.resources.list_by_resource_group("rg", top=2)
        assert [resource.name for resource in found] == ["s0", "s1", "s2"]
        client.resource_groups.begin_delete("rg").result()
        assert not client.resource_groups.check_existence("rg")
        with pytest.raises(HttpResponseError) as missing:
            client.resource_groups.get("rg")
        assert missing.value.error is not None
        assert missing.value.error.code == "ResourceGroupNotFound"


def test_official_client_over_http() -> None:
    with serving() as server:
        assert server.url.startswith("http://127.0.0.1:")
        use(client_of(server))


def test_official_client_over_https_trusts_the_certificate_made(tmp_path: Path) -> None:
    files = certificate_in(tmp_path, datetime.now(UTC))
    assert certificate_in(tmp_path, datetime.now(UTC)) == files
    assert files.key.stat().st_mode & 0o077 == 0
    with serving(ServerSettings(certificate=files)) as server:
        use(client_of(server, connection_verify=str(files.certificate)))
        context = ssl.create_default_context(cafile=str(files.certificate))
        connection = http.client.HTTPSConnection("localhost", server.port, context=context)
        connection.request("GET", "/subscriptions?api-version=2022-12-01")
        assert connection.getresponse().status == 200
        connection.close()


def test_certificate_that_ran_out_is_made_anew(tmp_path: Path) -> None:
    files = certificate_in(tmp_path, datetime(2020, 1, 1, tzinfo=UTC))
    old = files.certificate.read_bytes()
    assert certificate_in(tmp_path, datetime(2026, 1, 1, tzinfo=UTC)).certificate.read_bytes() != old


def test_managed_identity_gets_a_token_of_which_the_sandbox_reads_the_principal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving() as server:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/metadata/identity/oauth2/token")
        monkeypatch.setenv("IDENTITY_HEADER", "sandbox")
        with ManagedIdentityCredential() as credential:
            token = credential.get_token("https://management.azure.com/.default")
        answer = requests.get(
            f"{server.url}/metadata/identity/oauth2/token?api-version=2019-08-01&resource=x", timeout=5
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
        role = {"roleDefinitionId": "acdd72a7-3385-48ef-bd42-f606fba81ae7", "principalId": "p"}
        made = requests.put(
            f"{server.url}{SUB}/providers/Microsoft.Authorization/roleAssignments/"
            "00000000-0000-0000-0000-000000000001?api-version=2022-04-01",
            headers={"Authorization": f"Bearer {token.token}"},
            json={"properties": role},
            timeout=5,
        )
        assert made.json()["properties"]["createdBy"] == "00000000-0000-0000-0000-0000000000b0"


def test_service_principal_logs_in_by_the_endpoints_that_are_described() -> None:
    with serving() as server:
        cloud = requests.get(f"{server.url}/metadata/endpoints?api-version=2022-09-01", timeout=5).json()
        assert (cloud["resourceManager"], cloud["suffixes"]["storage"]) == (server.url, "core.windows.net")
        listed = requests.get(f"{server.url}/metadata/endpoints", timeout=5).json()
        assert listed == [cloud]
        tenant = cloud["authentication"]["tenant"]
        login = cloud["authentication"]["loginEndpoint"]
        openid = requests.get(f"{login}/{tenant}/v2.0/.well-known/openid-configuration", timeout=5).json()
        form = {"client_id": "app", "client_secret": "any", "scope": f"{server.url}/.default"}
        found = requests.post(openid["token_endpoint"], data=form, timeout=5).json()
        assert (found["token_type"], found["expires_in"]) == ("Bearer", 86400)


def test_dropped_connection_is_an_error_of_the_transport_and_the_write_may_have_happened() -> None:
    rules = (parse_rule("drop-after method=PUT times=1"),)
    with serving(misbehaviour=rules) as server:
        with client_of(server, retry_total=0) as client:
            with pytest.raises(ServiceResponseError):
                client.resource_groups.create_or_update("rg", {"location": "westeurope"})
            assert client.resource_groups.check_existence("rg")
        with client_of(server) as client:
            assert client.resource_groups.create_or_update("rg", {"location": "westeurope"}).name == "rg"


def test_timeout_holds_the_connection_then_closes_it() -> None:
    rules = (parse_rule("timeout times=1"),)
    with serving(ServerSettings(hang_seconds=0.05), rules) as server, pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/subscriptions?api-version=2024-01-01", timeout=5)


def test_client_obeys_throttling() -> None:
    rules = (parse_rule("throttle method=GET times=2 retry-after=0.01"),)
    with serving(misbehaviour=rules) as server, client_of(server) as client:
        assert list(client.resource_groups.list()) == []


def test_many_clients_at_once_lose_nothing() -> None:
    with serving() as server:
        names = [f"rg{number:03}" for number in range(120)]

        def make(name: str) -> int:
            url = f"{server.url}{SUB}/resourcegroups/{name}?api-version=2024-01-01"
            return requests.put(url, json={"location": "westeurope"}, timeout=30).status_code

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(make, names)) == {201}
        with client_of(server) as client:
            assert [group.name for group in client.resource_groups.list()] == names


def test_work_goes_on_when_nobody_asks() -> None:
    with serving(ServerSettings(tick_seconds=0.01)) as server:
        url = f"{server.url}{SUB}/resourcegroups/rg?api-version=2024-01-01"
        requests.put(url, json={"location": "westeurope"}, timeout=5)
        location = requests.delete(url, timeout=5).headers["Location"]
        while requests.get(location, timeout=5).status_code == 202:
            pass
        assert requests.head(url, timeout=5).status_code == 404


def test_connection_is_kept_and_bodies_are_limited() -> None:
    with serving() as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        path = f"{SUB}/resourcegroups/rg?api-version=2024-01-01"
        connection.request("PUT", path, body=b" " * (4 * 1024 * 1024 + 1))
        refused = connection.getresponse()
        assert (refused.status, json.loads(refused.read())["error"]["code"]) == (
            413,
            "RequestContentTooLarge",
        )
        connection.request("HEAD", path)
        missing = connection.getresponse()
        assert (missing.status, missing.read()) == (404, b"")
        connection.request("GET", f"{SUB}?api-version=2024-01-01")
        assert json.loads(connection.getresponse().read())["subscriptionId"] == SUBSCRIPTION
        connection.close()


def test_port_in_use_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        sandbox = open_sandbox(clock=lambda: datetime.now(UTC))
        with sandbox, pytest.raises(InvalidInput) as found:
            SandboxServer(sandbox, ServerSettings(port=taken.getsockname()[1]))
    assert [one.code for one in found.value.diagnostics] == ["BP706"]


def test_links_lead_back_to_where_the_request_came_from() -> None:
    with serving() as server:
        url = f"http://localhost:{server.port}{SUB}/resourcegroups"
        for name in ("a", "b"):
            requests.put(f"{url}/{name}?api-version=2024-01-01", json={"location": "x"}, timeout=5)
        link = requests.get(f"{url}?api-version=2024-01-01&$top=1", timeout=5).json()["nextLink"]
        assert urlsplit(link).netloc == f"localhost:{server.port}"
        assert [row["name"] for row in requests.get(link, timeout=5).json()["value"]] == ["b"]
