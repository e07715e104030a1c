"""The public examples of Policy Insights and recorded refusals, read as a live run reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from blueprinter.azure import ArmClient, AzureError, connect_in_process
from blueprinter.compliance import Asked, PolicyInsights
from blueprinter.sandbox import Response
from contract.test_recordings import RECORDINGS

SUBSCRIPTION = "/subscriptions/fffedd8f-ffff-fffd-fffd-fffed2f84852"
TO = datetime(2019, 10, 6, tzinfo=UTC)
ASKED = Asked((SUBSCRIPTION,), TO - timedelta(days=3), TO)
EXAMPLES = "rest-api-specs-2024-10-01"
PAGES = "PolicyStates_QuerySubscriptionLevelPolicyAssignmentScopeNextLink.json"
GROUPED = "PolicyStates_FilterAndGroupByWithAggregate.json"
REFUSED = "azure-mgmt-resource-15.0.0/test_mgmt_resource.test_deployments_linked_template_error.yaml"
ELSEWHERE = {
    f"{EXAMPLES}/PolicyStates_SummarizeSubscriptionScopeForPolicyGroup.json",  # the sandbox's summaries
    "azure-mgmt-resource-15.0.0/test_mgmt_resource.test_deployments_at_scope.yaml",
    "azure-mgmt-resource-15.0.0/test_mgmt_resource.test_deployments_at_subscription.yaml",
    "azure-mgmt-resource-15.0.0/test_mgmt_resource.test_deployments_basic.yaml",
}
"""Used with what they are about: the sandbox's policy states and deployments."""


def example(shared: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (shared / "data" / "recordings" / EXAMPLES / name).read_text(encoding="utf-8")
    )
    body: dict[str, Any] = found["responses"]["200"]["body"]
    return body


def answering(*bodies: dict[str, Any]) -> ArmClient:
    """Answers one body after the other."""
    left: Iterator[dict[str, Any]] = iter(bodies)

    def handle(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        return Response.of(next(left))

    return ArmClient(connect_in_process(handle), poll_seconds=0, sleep=lambda _: None)


def test_every_recording_is_used(shared: Path) -> None:
    folder = shared / "data" / "recordings"
    there = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
    assert there == {*RECORDINGS, *ELSEWHERE, f"{EXAMPLES}/{PAGES}", f"{EXAMPLES}/{GROUPED}", REFUSED}


def test_rows_of_a_page(shared: Path) -> None:
    body = example(shared, PAGES)
    with answering(body) as arm:
        rows = list(PolicyInsights(arm).rows(ASKED, compliant=False))
    assert len(rows) == body["@odata.count"] == 2
    for row, recorded in zip(rows, body["value"], strict=True):
        assert row.policy == (
            recorded["policyAssignmentId"].lower(),
            recorded["policyDefinitionReferenceId"].lower(),
        )
        assert row.resource_id == recorded["resourceId"]
        assert row.state == recorded["complianceState"]
        assert row.type == recorded["resourceType"].strip("/")
        assert f"{row.at:%Y-%m-%dT%H:%M:%S}" == recorded["timestamp"][:19]


def test_pages_are_followed_and_none_comes_twice(shared: Path) -> None:
    """The example is a last page; here it is the first one, too."""
    body = example(shared, PAGES)
    link = (
        f"https://management.sandbox.invalid{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/x?$skiptoken=a"
    )
    with answering({**body, "@odata.nextLink": link}, body) as arm:
        assert len(list(PolicyInsights(arm).rows(ASKED, compliant=False))) == 4
    again = {**body, "@odata.nextLink": link}
    with answering(again, again, again) as arm, pytest.raises(AzureError) as raised:
        list(PolicyInsights(arm).rows(ASKED, compliant=False))
    assert raised.value.row == "BP607"


def test_what_was_grouped_otherwise_is_no_count(shared: Path) -> None:
    """The example is grouped by other columns: that is said, and not counted as nothing."""
    with answering(example(shared, GROUPED)) as arm, pytest.raises(AzureError) as raised:
        PolicyInsights(arm).counts(ASKED)
    assert raised.value.row == "BP607"


def test_counts_in_the_shape_of_the_example(shared: Path) -> None:
    """The aggregate's own name, and beside it the columns that were asked for, as in the example."""
    rows = [
        {
            **{key: value for key, value in row.items() if key.startswith("@")},
            "policyAssignmentId": row["policyAssignmentId"],
            "policyDefinitionReferenceId": None,
            "resourceType": "/Microsoft.ClassicCompute/domainNames",
            "complianceState": "NonCompliant",
            "resources": row["NumAuditDenyNonComplianceRecords"],
        }
        for row in example(shared, GROUPED)["value"]
    ]
    with answering({**example(shared, GROUPED), "value": rows}) as arm:
        counts = PolicyInsights(arm).counts(ASKED)
    recorded = [row["NumAuditDenyNonComplianceRecords"] for row in example(shared, GROUPED)["value"]]
    assert [one.resources for one in counts] == recorded
    assert {one.place for one in counts} == {(SUBSCRIPTION, "microsoft.classiccompute/domainnames")}


def test_a_recorded_refusal_names_what_counts(shared: Path) -> None:
    text = (shared / "data" / "recordings" / REFUSED).read_text(encoding="utf-8")
    (interaction,) = yaml.safe_load(text)["interactions"]
    answer = interaction["response"]

    def handle(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        return Response.of(json.loads(answer["body"]["string"]), answer["status"]["code"])

    with (
        ArmClient(connect_in_process(handle), sleep=lambda _: None) as arm,
        pytest.raises(AzureError) as raised,
    ):
        arm.call("PUT", "/subscriptions/x", "2019-10-01", body={})
    assert raised.value.status == 400
    assert raised.value.codes == ("InvalidTemplateDeployment", "InvalidDomainNameLabel")
    assert "The domain name label GEN-UNIQUE is invalid" in str(raised.value.diagnostic())
