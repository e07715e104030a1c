"""Where requests may go, and as whom; what is loaded, and what stays out of sight."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
import responses

from blueprinter.azure import ArmClient, AzureError, RetryRules, StaticCredential, connect, connect_to_sandbox
from blueprinter.diagnostics import InvalidInput


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential is configured, and no network is asked for one."""
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")


@pytest.mark.parametrize(
    ("cloud", "endpoint", "scope"),
    [
        ("AzureCloud", "https://management.azure.com", "https://management.azure.com/.default"),
        (
            "AzureUSGovernment",
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net/.default",
        ),
        (
            "AzureChinaCloud",
            "https://management.chinacloudapi.cn",
            "https://management.chinacloudapi.cn/.default",
        ),
    ],
)
def test_clouds(cloud: str, endpoint: str, scope: str) -> None:
    found = connect(cloud)
    assert (found.endpoint, found.scope, found.plain) == (endpoint, scope, False)


@pytest.mark.parametrize("cloud", ["AzureGermanCloud", "AzureGovernment", ""])
def test_a_cloud_that_is_not_there(cloud: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        connect(cloud)
    assert [one.code for one in caught.value.diagnostics] == ["BP603"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:80", "https://sandbox.example"]
)
def test_a_sandbox(url: str) -> None:
    assert connect_to_sandbox(url).endpoint == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://sandbox.example",
        "http://10.0.0.1:80",
        "http://127.0.0.1.example",
        "http://localhost@evil.example",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "",
    ],
)
def test_plain_http_goes_to_this_machine_only(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        connect_to_sandbox(url)
    assert [one.code for one in caught.value.diagnostics] == ["BP602"]


def test_nobody_signed_in_is_told_in_one_line(nobody: None, capsys: pytest.CaptureFixture[str]) -> None:
    with ArmClient(connect()) as client, pytest.raises(AzureError) as caught:
        client.get("/subscriptions", "2022-12-01")
    found = caught.value.diagnostic()
    assert (found.code, found.message) == ("BP601", "no credential was found")
    assert "az login" in found.hint
    assert not caught.value.reached
    assert capsys.readouterr().err == ""


@responses.activate
def test_a_sandbox_over_plain_http_is_asked_with_its_own_token() -> None:
    responses.get("http://127.0.0.1:8080/subscriptions", json={"value": []})
    with ArmClient(connect_to_sandbox("http://127.0.0.1:8080", token="worthless")) as client:
        assert client.get("/subscriptions", "2022-12-01") == {"value": []}
    assert responses.calls[0].request.headers["Authorization"] == "Bearer worthless"


@responses.activate
def test_a_port_where_nobody_listens_is_no_answer() -> None:
    rules = RetryRules(attempts=2)
    waits: list[float] = []
    client = ArmClient(connect_to_sandbox("http://127.0.0.1:8080"), retry=rules, sleep=waits.append)
    with pytest.raises(AzureError) as caught:
        client.get("/subscriptions", "2022-12-01")
    assert (caught.value.row, caught.value.reached, len(waits)) == ("BP605", False, 1)


@responses.activate
def test_tokens_reach_no_log_and_no_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    responses.get("https://sandbox.example/x", status=403, json={"error": {"code": "A", "message": "b"}})
    connection = connect_to_sandbox("https://sandbox.example", token="very-secret")
    with ArmClient(connection) as client, pytest.raises(AzureError) as caught:
        client.call("GET", "/x", "1", query={"code": "in-a-query"})
    shown = [caplog.text, repr(connection), repr(StaticCredential("very-secret")), str(caught.value)]
    assert not [text for text in shown if "very-secret" in text]
    assert "in-a-query" not in str(caught.value)


def test_the_sdk_is_not_loaded_before_the_first_request() -> None:
    program = (
        "import sys; from blueprinter.azure import *; "
        "client = ArmClient(connect()); HandlerTransport(print); connect_to_sandbox('http://127.0.0.1:1'); "
        "print([name for name in sys.modules if name.split('.')[0] in {'azure', 'requests', 'msal'}])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
