"""What a live run costs in requests, from the first to the last: a stand-in for Azure counts them.

A hundred policies of one initiative, assigned to every subscription; each policy fails one resource of each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from blueprinter.azure import ArmClient, connect_in_process
from blueprinter.blueprint import Registers
from blueprinter.cli.live_evaluation import SOURCES
from blueprinter.compliance import (
    Asked,
    EvaluateOptions,
    ExemptionsInAzure,
    LiveEstate,
    LiveSource,
    evaluate,
    read_gone,
    read_scopes,
    read_standing,
)
from blueprinter.document import parse
from blueprinter.policy import AssignedPolicy, read_definition
from blueprinter.sandbox import Response
from contract.test_live_requests import DEFINITION, NOW, PAGE, POLICIES, StandIn, assignment_of, timedelta

SET = "/providers/Microsoft.Authorization/policySetDefinitions/11111111-2222-3333-4444-555555555555"
SCOPES = (1, 10, 100)
STATES = (1_000, 10_000, 100_000, 1_000_000)
"""Of all scopes together."""


@dataclass
class Whole(StandIn):
    """The stand-in with what a run asks besides states: subscriptions, assignments, the initiative."""

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        if "/policyAssignments" in url:
            self.requests += 1
            name = url.partition("/subscriptions/")[2].partition("/")[0]
            properties = {"policyDefinitionId": SET, "enforcementMode": "Default"}
            return Response.of({"value": [{"id": assignment_of(name), "properties": properties}]})
        if SET in url:
            self.requests += 1
            members = [
                {
                    "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/policy{number}",
                    "policyDefinitionReferenceId": f"policy{number}",
                }
                for number in range(POLICIES)
            ]
            return Response.of({"id": SET, "name": "set", "properties": {"policyDefinitions": members}})
        return super().handle(method, url, headers, body)

    def graph(self, query: str, names: list[str]) -> list[dict[str, Any]]:
        if query.startswith("resourcecontainers\n| where type"):
            return [{"id": name, "subscriptionId": name, "name": name} for name in names]
        if "extend holder" in query:
            return []
        return super().graph(query, names)


@cache
def requests_of(source: str, scopes: int, states: int) -> int:
    """Requests of a run over so many states, and everything that it looks at beforehand."""
    cloud = Whole(scopes, max(states // POLICIES // scopes, 2))
    ids = tuple(f"/subscriptions/{name}" for name in cloud.names())
    definitions = [
        read_definition(parse(orjson.dumps({**DEFINITION, "name": f"policy{number}"}), "d.json"))
        for number in range(POLICIES)
    ]
    policies = [
        AssignedPolicy(one, assignment_id=assignment_of(id[15:]), reference_id=one.name, scope=id)
        for id in ids
        for one in definitions
    ]
    row = SOURCES.get(source)
    assert row is not None
    with ArmClient(connect_in_process(cloud.handle)) as arm:
        found = read_scopes(arm, ids)
        assert found.readable == ids
        standing = read_standing(arm, ids, policies)
        assert not standing.absent
        asked = Asked(ids, NOW - timedelta(days=3), NOW)
        gone = cache(lambda: read_gone(arm, asked))
        live = LiveSource(
            row.open(arm),
            asked,
            standing,
            expected=ids,
            registered=lambda _: True,
            exemptions=lambda: ExemptionsInAzure(()),
            gone=gone,
        )
        estate = LiveEstate(arm, found, now=NOW, source="stand-in", gone=gone)
        options = EvaluateOptions(now=NOW, max_age_days=3, live=True)
        run = evaluate(None, live, estate, Registers(), options, policies=standing.policies)
    assert sum(run.pair_counts.values()) == max(states, scopes * POLICIES * 2)
    return cloud.requests


def loop(scopes: int, states: int) -> int:
    """Requests of reading every state, subscription by subscription, a thousand a page, as `az policy state list` does;
    nothing else is looked at."""
    return scopes * math.ceil(max(states / scopes, POLICIES * 2) / PAGE)
