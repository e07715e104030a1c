"""States that are lost, come twice, are malformed or were never made: a run is right, or there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from blueprinter.azure import ArmClient, AzureError, RetryRules, connect_in_process
from blueprinter.blueprint import Registers
from blueprinter.cli.live_evaluation import SOURCES, Judged, Live, evaluate_live
from blueprinter.cli.rendering import as_adopted
from blueprinter.compliance import (
    Asked,
    EvaluateOptions,
    ExemptionsInAzure,
    Finding,
    LiveSource,
    Pair,
    Run,
    Silence,
    Standing,
    read_exemptions,
    read_scopes,
    read_standing,
)
from blueprinter.deploy import Target
from blueprinter.sandbox import Response
from unit.deploy.box import NOW as BOX_NOW
from unit.deploy.box import SUB, Azure, Kit, definition

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
NAMES = tuple(SOURCES.names())
INSIGHTS = f"{SUB}/providers/Microsoft.PolicyInsights/policyStates/latest"
OTHER = "/subscriptions/00000000-0000-0000-0000-00000000dead"
Change = Callable[[str, dict[str, Any]], dict[str, Any]]


@dataclass
class Estate:
    """Storage accounts under two assignments; answers can be changed on their way."""

    azure: Azure
    target: Target
    changes: list[Change] = field(default_factory=list)

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        answer = self.azure.handle(method, url, headers, body)
        if answer.status != 200 or not answer.body:
            return answer
        found = orjson.loads(answer.body)
        for change in self.changes:
            found = change(url, found)
        return replace(answer, body=orjson.dumps(found))

    def arm(self) -> ArmClient:
        connection = connect_in_process(self.handle)
        return ArmClient(connection, retry=RetryRules(), poll_seconds=0, sleep=lambda _: None)

    def run(self, source: str, *, now: datetime = NOW, **live: Any) -> Run:
        options = EvaluateOptions(now=now, max_age_days=3, live=True, assignment="prod")
        judged = Judged(self.target.resolved, self.target.assignment, Registers(), options)
        with self.arm() as arm:
            return evaluate_live(judged, Live(source, **live), arm, lambda: now)

    def source(self, name: str, *, now: datetime = NOW, expected: tuple[str, ...] = (SUB,)) -> LiveSource:
        arm = self.arm()
        scopes = read_scopes(arm, expected)
        standing: Standing = read_standing(arm, scopes.readable, self.target.resolved.policies)
        exemptions: list[ExemptionsInAzure] = []

        def read() -> ExemptionsInAzure:
            exemptions.append(read_exemptions(arm, scopes.readable))
            return exemptions[-1]

        row = SOURCES.get(name)
        assert row is not None
        return LiveSource(
            row.open(arm),
            Asked(scopes.readable, now - timedelta(days=3), now),
            standing,
            expected=scopes.expected,
            registered=lambda _: True,
            exemptions=read,
        )

    def trigger(self) -> None:
        with self.azure.arm() as arm:
            arm.wait(arm.start("POST", f"{INSIGHTS}/triggerEvaluation", "2019-10-01"))


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    azure = Azure()
    kit = Kit(tmp_path)
    target = kit.target()
    azure.assign(target)
    for number in range(4):
        name = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/st{number}"
        azure.put(name, {"location": "westeurope", "properties": {}}, "2023-01-01")
    found = Estate(azure, target)
    found.trigger()
    return found


def on(path: str, change: Callable[[dict[str, Any]], None]) -> Change:
    """Changes the rows of answers to queries of states; `value` and `data` are the rows of the two services."""

    def apply(url: str, body: dict[str, Any]) -> dict[str, Any]:
        if path.lower() in url.lower():
            change(body)
        return body

    return apply


QUERIES = {"policy-insights": "/queryResults", "resource-graph": "/Microsoft.ResourceGraph/resources"}
ROWS = {"policy-insights": "value", "resource-graph": "data"}


def state_rows(source: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of an answer that are states, and no counts."""
    found: list[dict[str, Any]] = body[ROWS[source]]
    return found if found and "resourceId" in found[0] else []


@pytest.mark.parametrize("source", NAMES)
def test_a_small_estate(estate: Estate, source: str) -> None:
    """Five accounts fail the audit, and the policy that deploys judges them too."""
    run = estate.run(source)
    assert run.pair_counts[Pair.NON_COMPLIANT] == 10
    assert estate.source(source).silences() == ()


@pytest.mark.parametrize("source", NAMES)
def test_a_row_that_is_lost(estate: Estate, source: str) -> None:
    def lose(body: dict[str, Any]) -> None:
        if state_rows(source, body):
            body[ROWS[source]].pop()

    estate.changes.append(on(QUERIES[source], lose))
    with pytest.raises(AzureError) as raised:
        estate.run(source)
    assert raised.value.row == "BP607"


@pytest.mark.parametrize("source", NAMES)
def test_a_row_that_comes_twice(estate: Estate, source: str) -> None:
    def repeat(body: dict[str, Any]) -> None:
        if rows := state_rows(source, body):
            rows.append(dict(rows[0]))
            if source == "resource-graph":
                body["totalRecords"] += 1

    estate.changes.append(on(QUERIES[source], repeat))
    with pytest.raises(AzureError) as raised:
        estate.run(source)
    assert raised.value.row == "BP607"
    assert "twice" in str(raised.value)


@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize("column", ["resourceId", "complianceState", "resourceType"])
def test_a_row_without_what_every_row_has(estate: Estate, source: str, column: str) -> None:
    def spoil(body: dict[str, Any]) -> None:
        for row in state_rows(source, body):
            row[column] = None

    estate.changes.append(on(QUERIES[source], spoil))
    with pytest.raises(AzureError) as raised:
        estate.run(source)
    assert raised.value.row == "BP607"


@pytest.mark.parametrize("source", NAMES)
def test_rows_in_other_letters_and_types_with_a_slash(estate: Estate, source: str) -> None:
    def spell(body: dict[str, Any]) -> None:
        for row in body[ROWS[source]]:
            for column in ("policyAssignmentId", "assignment", "resourceId"):
                if isinstance(row.get(column), str):
                    row[column] = row[column].upper()
            if isinstance(row.get("resourceType"), str):
                row["resourceType"] = "/" + row["resourceType"].lower()

    before = estate.run(source).pair_counts
    estate.changes.append(on(QUERIES[source], spell))
    assert estate.run(source).pair_counts == before


def test_a_graph_result_that_is_cut_off(estate: Estate) -> None:
    def cut(body: dict[str, Any]) -> None:
        body["resultTruncated"] = "true"

    estate.changes.append(on(QUERIES["resource-graph"], cut))
    with pytest.raises(AzureError, match="cut the result off"):
        estate.run("resource-graph")


def test_a_graph_page_that_repeats(estate: Estate) -> None:
    def repeat(body: dict[str, Any]) -> None:
        body["$skipToken"] = "again"

    estate.changes.append(on(QUERIES["resource-graph"], repeat))
    with pytest.raises(AzureError) as raised:
        estate.run("resource-graph")
    assert raised.value.row in {"BP604", "BP607"}


@pytest.mark.parametrize("source", NAMES)
def test_a_subscription_that_cannot_be_read(estate: Estate, source: str) -> None:
    run = estate.run(source, subscriptions=(SUB, OTHER))
    assert run.population.partial
    assert [(one.scope, one.status) for one in run.population.scopes] == [(SUB, "read"), (OTHER, "refused")]
    assert any(found.code == "BP288" for found in run.diagnostics)


@pytest.mark.parametrize("source", NAMES)
def test_no_row_is_no_verdict(estate: Estate, source: str) -> None:
    (audit, *_) = estate.target.resolved.policies
    estate.azure.delete(audit.assignment_id, "2025-01-01")
    reasons = {one.reason for one in estate.source(source).silences()}
    assert reasons == {"not assigned"}
    # nothing in the window, and something before it; nothing at all
    later = estate.source(source, now=NOW + timedelta(days=10)).silences()
    assert {one.reason for one in later} == {"not assigned", "stale"}
    never = estate.source(source, now=NOW - timedelta(days=60)).silences()
    assert {one.reason for one in never} == {"not assigned", "not evaluated yet"}


@pytest.mark.parametrize("source", NAMES)
def test_an_exemption_that_has_ended_does_not_excuse(estate: Estate, source: str) -> None:
    policy = next(one for one in estate.target.resolved.policies if one.definition.name == "audits")
    id = f"{SUB}/providers/Microsoft.Authorization/policyExemptions/pilot"
    body = {
        "properties": {
            "policyAssignmentId": policy.assignment_id,
            "exemptionCategory": "Waiver",
            "expiresOn": "2026-11-22T00:30:00Z",
        }
    }
    estate.azure.put(id, body, "2022-07-01-preview")
    estate.trigger()
    run = estate.run(source)
    assert run.pair_counts[Pair.WAIVED] == 0
    assert run.pair_counts[Pair.UNKNOWN] == 5
    estate.azure.put(
        id, {"properties": {**body["properties"], "expiresOn": "2027-01-01T00:00:00Z"}}, "2022-07-01-preview"
    )
    estate.trigger()
    assert estate.run(source).pair_counts[Pair.WAIVED] == 5


@pytest.mark.parametrize("source", NAMES)
def test_what_was_deleted_does_not_count(estate: Estate, source: str) -> None:
    """Its states stay until the next evaluation."""
    name = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts"
    whole = estate.run(source)
    estate.azure.delete(f"{name}/st2", "2023-01-01")
    run = estate.run(source)
    assert run.pair_counts[Pair.NON_COMPLIANT] == whole.pair_counts[Pair.NON_COMPLIANT] - 2
    assert not any("st2" in one.state.resource.id for one in run.findings)
    (said,) = [one for one in run.diagnostics if one.code == "BP278"]
    assert f"{name}/st2".lower() in said.message
    before = run.pair_counts
    estate.trigger()
    run = estate.run(source)
    assert run.pair_counts == before
    assert not any(one.code == "BP278" for one in run.diagnostics)


@pytest.mark.parametrize("source", NAMES)
def test_what_was_deleted_does_not_pass(estate: Estate, source: str) -> None:
    """Everything complies, so that rows are only counted."""

    def comply(body: dict[str, Any]) -> None:
        for row in body[ROWS[source]]:
            if "complianceState" in row:
                row["complianceState"] = "Compliant"
        if state_rows(source, body):
            body[ROWS[source]].clear()
            body["totalRecords"] = 0

    estate.changes.append(on(QUERIES[source], comply))
    assert estate.run(source).pair_counts[Pair.COMPLIANT] == 10
    for number in range(4):
        name = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/st{number}"
        estate.azure.delete(name, "2023-01-01")
    run = estate.run(source)
    assert run.pair_counts[Pair.COMPLIANT] == 2
    assert [one.message for one in run.diagnostics if one.code == "BP278"] == [
        f"`{SUB}/resourcegroups/rg-app/providers/microsoft.storage/storageaccounts/st0` and 3 more resources have "
        "policy states, but no table of Azure has them any more"
    ]


@pytest.mark.parametrize("source", NAMES)
def test_a_policy_that_is_switched_off_or_not_enforced_in_azure(estate: Estate, source: str) -> None:
    policy = next(one for one in estate.target.resolved.policies if one.definition.name == "audits")
    held = estate.azure.get(policy.assignment_id, "2025-01-01")
    properties = {**held["properties"], "enforcementMode": "DoNotEnforce"}
    estate.azure.put(policy.assignment_id, {"properties": properties}, "2025-01-01")
    with estate.arm() as arm:
        standing = read_standing(arm, (SUB,), estate.target.resolved.policies)
    found = next(one for one in standing.policies if one.definition.name == "audits")
    assert not found.enforced
    assert not standing.absent


@pytest.mark.parametrize("source", NAMES)
def test_what_an_evaluation_left_out_does_not_count(
    estate: Estate, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox's clock stands an hour before this run: what it evaluates looks as if it were from before."""
    found: list[Silence] = []
    asked = LiveSource.silences

    def listen(self: LiveSource) -> tuple[Silence, ...]:
        found.extend(asked(self))
        return tuple(found)

    monkeypatch.setattr(LiveSource, "silences", listen)
    waits: list[float] = []
    estate.run(source, trigger=True, sleep=waits.append)
    assert {one.reason for one in found} == {"not evaluated since it was asked for"}
    assert waits == []
    found.clear()
    estate.run(source, now=BOX_NOW, trigger=True, sleep=waits.append)
    assert found == []
    assert waits == [300.0]  # the assignments were changed just now


@pytest.mark.parametrize("source", NAMES)
def test_all_subscriptions_of_a_management_group(estate: Estate, source: str) -> None:
    estate.azure.make_management_group()
    run = estate.run(source, management_group="platform")
    assert [(one.scope, one.status) for one in run.population.scopes] == [(SUB, "read")]
    assert run.pair_counts[Pair.NON_COMPLIANT] == 10


def test_a_list_of_a_management_group_that_ends_early(estate: Estate) -> None:
    estate.azure.make_management_group()

    def cut(body: dict[str, Any]) -> None:
        body["value"] = []

    estate.changes.append(on("/descendants", cut))
    run = estate.run("resource-graph", management_group="platform")
    assert [(one.scope, one.status) for one in run.population.scopes] == [(SUB, "read")]


def test_a_right_that_is_missing_is_named(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = estate.handle

    def refuse(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        if "/queryresults" in url.lower():
            return Response.of({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403)
        return handle(method, url, headers, body)

    monkeypatch.setattr(estate, "handle", refuse)
    with pytest.raises(AzureError) as raised:
        estate.run("policy-insights")
    said = str(raised.value.diagnostic())
    assert "policyStates/queryResults/read" in said
    assert "policyStates/queryResults/action" in said


@pytest.mark.parametrize("source", NAMES)
def test_what_was_adopted_is_found_under_the_names_that_it_kept(tmp_path: Path, source: str) -> None:
    azure, kit = Azure(), Kit(tmp_path)
    kit.adopted = {
        "schema": "blueprinter/adopted/1",
        "artifacts": {"assign-audits": {"name": "from-the-portal"}},
        "definitions": {"audits": "our-first-policy"},
    }
    target = kit.target()
    azure.assign(target)
    estate = Estate(azure, target)
    estate.trigger()
    adopted = target.options.adopted
    policies = as_adopted(target.resolved.policies, adopted)
    with estate.arm() as arm:
        standing = read_standing(arm, (SUB,), policies, adopted.definitions)
        assert not standing.absent
        unread = read_standing(arm, (SUB,), target.resolved.policies)
    assert set(unread.absent.values()) == {"not assigned"}
    resolved = replace(target.resolved, policies=policies)
    options = EvaluateOptions(now=NOW, max_age_days=3, live=True, assignment="prod")
    judged = Judged(resolved, target.assignment, Registers(), options, kept=adopted.definitions)
    with estate.arm() as arm:
        run = evaluate_live(judged, Live(source), arm, lambda: NOW)
    assert run.pair_counts[Pair.NON_COMPLIANT] == 2


@pytest.mark.parametrize("source", NAMES)
def test_what_people_attested_for_a_manual_policy(tmp_path: Path, source: str) -> None:
    """Unknown until somebody attests; what was attested counts, also where it says no; what has ended is unknown."""
    azure, kit = Azure(), Kit(tmp_path)
    kit.policies["asks"] = definition("Manual", defaultState="Unknown")
    kit.policy("asks")
    target = kit.target()
    azure.assign(target)
    accounts = [
        f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/st{one}" for one in range(3)
    ]
    for name in accounts:
        azure.put(name, {"location": "westeurope", "properties": {}}, "2023-01-01")
    asks = next(one for one in target.resolved.policies if one.definition.name == "asks")
    for name, state, expires in (
        (accounts[0], "Compliant", "2027-01-01T00:00:00Z"),
        (accounts[1], "NonCompliant", "2027-01-01T00:00:00Z"),
        (accounts[2], "Compliant", "2026-11-01T00:00:00Z"),
    ):
        properties = {
            "policyAssignmentId": asks.assignment_id,
            "complianceState": state,
            "expiresOn": expires,
        }
        azure.put(
            f"{name}/providers/Microsoft.PolicyInsights/attestations/a",
            {"properties": properties},
            "2022-09-01",
        )
    estate = Estate(azure, target)
    estate.trigger()
    found = {
        one.state.resource.name: one.pair
        for one in _every_pair(estate, source)
        if one.state.assigned.definition.name == "asks"
    }
    assert found["st0"] is Pair.COMPLIANT
    assert found["st1"] is Pair.NON_COMPLIANT
    assert found["st2"] is Pair.UNKNOWN


def _every_pair(estate: Estate, source: str) -> list[Finding]:
    found: list[Finding] = []
    options = EvaluateOptions(now=NOW, max_age_days=3, live=True, assignment="prod")
    judged = Judged(estate.target.resolved, estate.target.assignment, Registers(), options)
    with estate.arm() as arm:
        evaluate_live(judged, Live(source), arm, lambda: NOW, observe=found.append)
    return found


@pytest.mark.parametrize("source", NAMES)
def test_a_mode_whose_states_are_those_of_components(tmp_path: Path, source: str) -> None:
    """Where Azure reports none of the resource, that is no pass."""
    azure, kit = Azure(), Kit(tmp_path)
    kit.policies["inside"] = {**definition(), "mode": "Microsoft.KeyVault.Data"}
    kit.policies["inside"]["policyRule"]["if"] = {
        "field": "type",
        "equals": "Microsoft.KeyVault.Data/vaults/keys",
    }
    kit.policy("inside")
    target = kit.target()
    azure.assign(target)
    estate = Estate(azure, target)
    estate.trigger()
    reasons = {one.policy.definition.name: one.reason for one in estate.source(source).silences()}
    assert reasons == {"inside": "mode not reported: Microsoft.KeyVault.Data"}


@pytest.mark.parametrize("source", NAMES)
def test_a_list_of_assignments_that_ends_early(estate: Estate, source: str) -> None:
    """What no list has is asked for by its name, before it is said not to be assigned."""
    before = estate.run(source)

    def cut(body: dict[str, Any]) -> None:
        body["value"] = []

    def only_lists(url: str, body: dict[str, Any]) -> dict[str, Any]:
        if "/policyassignments?" in url.lower():
            cut(body)
        return body

    estate.changes.append(only_lists)
    run = estate.run(source)
    assert run.pair_counts == before.pair_counts
    assert estate.source(source).silences() == ()


def test_a_count_that_is_lost(estate: Estate) -> None:
    """Nothing of Policy Insights says how many rows there should be: so Azure is asked."""

    def lose(body: dict[str, Any]) -> None:
        if body["value"] and "complianceState" in body["value"][0] and "resources" in body["value"][0]:
            body["value"].pop()

    estate.changes.append(on(QUERIES["policy-insights"], lose))
    with pytest.raises(AzureError, match="were counted") as raised:
        estate.run("policy-insights")
    assert raised.value.row == "BP607"
