"""The same clients over real sockets on the loopback: HTTP and HTTPS, what the shell adds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.policyinsights import PolicyInsightsClient
from azure.mgmt.policyinsights.models import QueryOptions
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient

from blueprinter.azure import StaticCredential, sandbox_token
from blueprinter.sandbox import Fault, Rule, Settings, open_sandbox
from blueprinter.sandbox.certificate import certificate_in
from blueprinter.sandbox.server import SandboxServer, ServerSettings
from contract.cloud import FIRST, Clock
from contract.estate import assign, group_template, make_accounts, template


class AllowHttp(SansIOHTTPPolicy[Any, Any]):
    """Tokens go over plain http only when a client is told so."""

    def on_request(self, request: Any) -> None:
        request.context.options.setdefault("enforce_https", False)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return certificate_in(tmp_path_factory.mktemp("certificate"), datetime.now(UTC))


@pytest.fixture(params=["http", "https"])
def options(request: pytest.FixtureRequest, certificates: Any) -> Iterator[dict[str, Any]]:
    """What a client is made with; the server ends with the test."""
    secure = request.param == "https"
    settings = ServerSettings(certificate=certificates if secure else None)
    rules = [Rule(Fault.DROP_AFTER, "/subscriptions/{s}/resourcegroups/lost", "PUT", times=1)]
    with (
        open_sandbox(
            clock=Clock(), subscriptions=(FIRST,), settings=Settings(page_size=2), misbehaviour=rules
        ) as box,
        SandboxServer(box, settings) as server,
    ):
        trust = {"connection_verify": str(certificates.certificate)} if secure else {}
        trust |= {} if secure else {"per_call_policies": [AllowHttp()]}
        yield {"base_url": server.url, "polling_interval": 0.01, **trust}


def _client(kind: Any, options: dict[str, Any], **more: Any) -> Any:
    return kind(StaticCredential(sandbox_token()), FIRST, **{**options, **more})


def test_write_read_pages_operations_and_errors(options: dict[str, Any]) -> None:
    with (
        _client(ResourceManagementClient, options) as resources,
        _client(PolicyClient, options) as policies,
        _client(DeploymentsMgmtClient, options) as deployments,
        _client(PolicyInsightsClient, options) as insights,
    ):
        make_accounts(resources, a="westeurope", b="northeurope", c="northeurope")
        assign(policies, "audit")
        insights.policy_states.begin_trigger_subscription_evaluation(FIRST).result()
        # the link to the next page leads back to this server
        states = insights.policy_states.list_query_results_for_subscription(
            policy_states_resource="latest", subscription_id=FIRST, query_options=QueryOptions()
        )
        assert sorted(one.compliance_state for one in states) == ["Compliant", "NonCompliant", "NonCompliant"]
        body = {"location": "westeurope", "properties": {"mode": "Incremental", "template": group_template()}}
        body["properties"]["parameters"] = {"group": {"value": "made"}}
        made = deployments.deployments.begin_create_or_update_at_subscription_scope("d", body).result()
        assert made.properties.provisioning_state == "Succeeded"
        body["properties"]["template"] = template(resources=[{"type": "x"}])
        with pytest.raises(HttpResponseError) as caught:
            deployments.deployments.begin_create_or_update_at_subscription_scope("e", body)
        assert caught.value.error.code == "InvalidTemplate"
        assert resources.resource_groups.check_existence("made")


def test_a_lost_connection_is_a_lost_connection(options: dict[str, Any]) -> None:
    with _client(ResourceManagementClient, options, retry_total=0) as resources:
        with pytest.raises(ServiceResponseError):
            resources.resource_groups.create_or_update("lost", {"location": "westeurope"})
        assert resources.resource_groups.check_existence("lost")


def test_many_at_once(options: dict[str, Any]) -> None:
    """No write is lost among clients that write at the same time."""

    def write(worker: int) -> None:
        with _client(ResourceManagementClient, options) as resources:
            for number in range(10):
                name = f"g{worker}-{number}"
                resources.resource_groups.create_or_update(name, {"location": "westeurope"})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with _client(ResourceManagementClient, options) as resources:
        assert len(list(resources.resource_groups.list(top=7))) == 40
