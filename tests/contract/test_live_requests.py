"""Requests grow with scopes and with what fails, not with resources: a stand-in for Azure, a million states."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from blueprinter.azure import ArmClient, connect_in_process
from blueprinter.blueprint import Registers
from blueprinter.cli.live_evaluation import SOURCES
from blueprinter.compliance import (
    Asked,
    EvaluateOptions,
    ExemptionsInAzure,
    LiveEstate,
    LiveSource,
    Pair,
    Scopes,
    Standing,
    evaluate,
)
from blueprinter.document import parse
from blueprinter.policy import AssignedPolicy, read_definition
from blueprinter.sandbox import Response

NOW = datetime(2026, 11, 22, tzinfo=UTC)
POLICIES = 100
TYPE = "Microsoft.Storage/storageAccounts"
PAGE = 1000


@dataclass
class StandIn:
    """Subscriptions with as many accounts each, judged by a hundred policies; each policy fails one account."""

    subscriptions: int
    accounts: int
    requests: int = 0
    failing: list[dict[str, str]] = field(default_factory=list)

    def names(self) -> list[str]:
        return [f"00000000-0000-0000-0000-{number:012d}" for number in range(self.subscriptions)]

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        self.requests += 1
        if "Microsoft.ResourceGraph" in url:
            asked = orjson.loads(body)
            return self.page(asked, self.graph(asked["query"], asked["subscriptions"]))
        name = url.partition("/subscriptions/")[2].partition("/")[0]
        query = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
        return Response.of({"value": list(self.insights(query, name))})

    def page(self, asked: dict[str, Any], rows: list[dict[str, Any]]) -> Response:
        start = int(asked["options"].get("$skipToken") or 0)
        found: dict[str, Any] = {
            "totalRecords": len(rows),
            "count": len(rows[start : start + PAGE]),
            "data": rows[start : start + PAGE],
            "resultTruncated": "false",
        }
        if start + PAGE < len(rows):
            found["$skipToken"] = str(start + PAGE)
        return Response.of(found)

    def graph(self, query: str, names: list[str]) -> list[dict[str, Any]]:
        if query.startswith("resource"):
            return []
        if "by subscriptionId, resourceType, resourceId" in query:
            return [
                {"subscriptionId": name, "resourceType": TYPE, "resources": self.accounts} for name in names
            ]
        if "summarize" in query:
            return [{**row, "subscriptionId": name} for name in names for row in self.counts(name)]
        return [row for name in names for row in self.rows(name)] if "!~" in query else []

    def insights(self, query: Mapping[str, str], name: str) -> Iterator[dict[str, Any]]:
        apply = query.get("$apply", "")
        if apply.startswith("aggregate("):
            yield {"resources": self.accounts * POLICIES}
        elif apply.startswith("groupby((resourceId"):
            yield {"resourceType": TYPE, "resources": self.accounts}
        elif apply:
            yield from self.counts(name)
        elif re.search(r"complianceState ne", query["$filter"]):
            yield from self.rows(name)

    def counts(self, name: str) -> Iterator[dict[str, Any]]:
        for state, number in (("Compliant", self.accounts - 1), ("NonCompliant", 1)):
            for policy in range(POLICIES):
                yield {**policy_columns(name, policy), "complianceState": state, "resources": number}

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        for policy in range(POLICIES):
            id = (
                f"/subscriptions/{name}/resourcegroups/rg/providers/{TYPE}/st{policy % self.accounts}".lower()
            )
            stamp = "2026-11-21T23:00:00.0000000Z"
            yield {
                **policy_columns(name, policy),
                "resourceId": id,
                "complianceState": "NonCompliant",
                "timestamp": stamp,
                "at": stamp,
            }


def policy_columns(name: str, policy: int) -> dict[str, Any]:
    id = assignment_of(name).lower()
    reference = f"policy{policy}"
    return {
        "policyAssignmentId": id,
        "assignment": id,
        "policyDefinitionReferenceId": reference,
        "reference": reference,
        "resourceType": TYPE,
    }


def assignment_of(name: str) -> str:
    return f"/subscriptions/{name}/providers/Microsoft.Authorization/policyAssignments/a"


DEFINITION = {
    "name": "d",
    "properties": {
        "mode": "Indexed",
        "policyRule": {"if": {"field": "type", "equals": TYPE}, "then": {"effect": "audit"}},
    },
}


def measured(source: str, subscriptions: int, states: int) -> tuple[int, int]:
    """Requests of a run, and how many states it booked."""
    cloud = StandIn(subscriptions, max(states // POLICIES // subscriptions, 2))
    ids = tuple(f"/subscriptions/{name}" for name in cloud.names())
    definitions = [
        read_definition(parse(orjson.dumps({**DEFINITION, "name": f"policy{number}"}), "d.json"))
        for number in range(POLICIES)
    ]
    policies = tuple(
        AssignedPolicy(one, assignment_id=assignment_of(id[15:]), reference_id=one.name, scope=id)
        for id in ids
        for one in definitions
    )
    row = SOURCES.get(source)
    assert row is not None
    with ArmClient(connect_in_process(cloud.handle)) as arm:
        asked = Asked(ids, NOW - timedelta(days=3), NOW)
        live = LiveSource(
            row.open(arm),
            asked,
            Standing(policies),
            expected=ids,
            registered=lambda _: True,
            exemptions=lambda: ExemptionsInAzure(()),
        )
        scopes = Scopes(ids, {one: one for one in ids})
        estate = LiveEstate(arm, scopes, now=NOW, source="stand-in")
        options = EvaluateOptions(now=NOW, max_age_days=3, live=True)
        run = evaluate(None, live, estate, Registers(), options, policies=policies)
    requests = cloud.requests
    assert run.pair_counts[Pair.NON_COMPLIANT] == POLICIES * subscriptions
    assert live.silences() == ()
    return requests, sum(run.pair_counts.values())


@pytest.mark.parametrize("source", list(SOURCES.names()))
def test_requests_do_not_grow_with_resources(source: str) -> None:
    small, large = measured(source, 10, 10_000), measured(source, 10, 1_000_000)
    assert small[0] == large[0]
    assert large[1] == 1_000_000


def test_requests_by_scopes() -> None:
    """Resource Graph is asked once for all; Policy Insights five times a subscription, and each page of rows."""
    graph = [measured("resource-graph", scopes, 100_000)[0] for scopes in (1, 10)]
    insights = [measured("policy-insights", scopes, 100_000)[0] for scopes in (1, 10)]
    assert graph[0] <= 7
    assert graph[1] <= 12
    assert insights[1] <= 10 * 5 + 2
