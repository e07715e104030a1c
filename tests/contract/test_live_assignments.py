"""What somebody changed of the assignments in Azure is what a live run judges by: overrides, resource selectors,
excluded scopes. Our engine over the files, given the assignments as they are in Azure, finds the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from blueprinter.casing import fold
from blueprinter.cli.loop import Loop
from blueprinter.compliance import (
    LIVE_ONLY,
    LinkOutcome,
    LinkResult,
    Pair,
    Run,
    Standing,
    read_standing,
)
from contract.contoso import assigned_estate

SOURCES = ("policy-insights", "resource-graph")
PRODUCTION, PLATFORM = (
    f"/subscriptions/1c0de00{digit}-0000-4000-8000-00000000000{digit}" for digit in (1, 2)
)
OFF = "storage-https-only"
ELSEWHERE = "storage-tls-version"
"""Its assignment's definition is another one in Azure."""


@dataclass
class Changed:
    loop: Loop
    standing: Standing
    before: Run
    live: dict[str, Run]
    offline: Run


def controls(loop: Loop, subscription: str) -> str:
    """The id of the assignment that holds what the controls name."""
    held = next(
        one
        for one in loop.judged.resolved.policies
        if one.reference_id and fold(one.scope) == fold(subscription)
    )
    return held.assignment_id


def change(loop: Loop, id: str, **properties: Any) -> None:
    body = loop.arm.get(id, "2025-01-01")
    assert isinstance(body, dict)
    held = body["properties"]
    assert isinstance(held, dict)
    kept: dict[str, Any] = {key: body[key] for key in ("identity", "location") if key in body}
    loop.arm.wait(
        loop.arm.start("PUT", id, "2025-01-01", body={**kept, "properties": {**held, **properties}})
    )


def reference_of(loop: Loop, name: str) -> str:
    return next(one.reference_id for one in loop.judged.resolved.policies if one.definition.name == name)


@pytest.fixture(scope="module")
def changed(root: Path) -> Iterator[Changed]:
    with assigned_estate(root) as loop:
        before = loop.evaluate()
        for subscription in (PRODUCTION, PLATFORM):
            overrides = [
                {
                    "kind": "policyEffect",
                    "value": "Disabled",
                    "selectors": [{"kind": "policyDefinitionReferenceId", "in": [reference_of(loop, OFF)]}],
                }
            ]
            change(loop, controls(loop, subscription), overrides=overrides)
        change(
            loop,
            controls(loop, PRODUCTION),
            notScopes=[f"{PRODUCTION}/resourceGroups/rg-legacy-prod-weu"],
            resourceSelectors=[
                {
                    "name": "few",
                    "selectors": [
                        {
                            "kind": "resourceType",
                            "in": ["Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"],
                        }
                    ],
                }
            ],
        )
        loop.trigger()
        loop.forward(timedelta(minutes=1))
        standing = read_standing(loop.arm, (PRODUCTION, PLATFORM), loop.judged.resolved.policies)
        live = {source: loop.evaluate(source) for source in SOURCES}
        offline = loop.beside(loop.assignment_file, loop.registers_folder)
        offline.judged = replace(
            loop.judged, resolved=replace(loop.judged.resolved, policies=standing.policies)
        )
        yield Changed(loop, standing, before, live, offline.offline())


def links(run: Run) -> dict[tuple[str, str], LinkResult]:
    return {(one.control.id, link.link.test): link for one in run.results for link in one.links}


@pytest.mark.parametrize("source", SOURCES)
def test_our_engine_finds_the_same_under_the_same_assignments(changed: Changed, source: str) -> None:
    live = links(changed.live[source])
    compared = 0
    for key, expected in links(changed.offline).items():
        if expected.outcome is LinkOutcome.NOT_RUN and expected.reason == LIVE_ONLY:
            continue
        compared += 1
        found = live[key]
        assert (found.outcome, found.reason, found.counts) == (
            expected.outcome,
            expected.reason,
            expected.counts,
        ), key
    assert compared > 250


@pytest.mark.parametrize("source", SOURCES)
def test_a_policy_that_an_override_switches_off(changed: Changed, source: str) -> None:
    """It has no row, which is no pass."""
    found = [link for key, link in links(changed.live[source]).items() if key[1] == OFF]
    assert found
    assert {(one.outcome, one.reason) for one in found} == {(LinkOutcome.OFF, "switched off")}
    assert {one.outcome for key, one in links(changed.before).items() if key[1] == OFF} == {
        LinkOutcome.WAIVED
    }


@pytest.mark.parametrize("source", SOURCES)
def test_selectors_and_excluded_scopes_leave_less(changed: Changed, source: str) -> None:
    run = changed.live[source]
    assert sum(run.pair_counts.values()) < sum(changed.before.pair_counts.values()) / 2
    assert run.pair_counts[Pair.NON_COMPLIANT] < changed.before.pair_counts[Pair.NON_COMPLIANT]
    ours = [
        one for one in run.findings if one.state.assigned.assignment_id == controls(changed.loop, PRODUCTION)
    ]
    assert ours
    assert not any("rg-legacy-prod-weu" in fold(one.state.resource.id) for one in ours)
    kinds = {fold(one.state.resource.type) for one in ours}
    assert kinds <= {"microsoft.storage/storageaccounts", "microsoft.keyvault/vaults"}


def test_what_was_read_back(changed: Changed) -> None:
    ours = [one for one in changed.standing.policies if fold(one.scope) == fold(PRODUCTION)]
    held = [one for one in ours if one.reference_id]
    assert all(one.overrides and one.resource_selectors and one.not_scopes for one in held)
    assert not changed.standing.absent


def test_another_definition_in_its_place(changed: Changed) -> None:
    """An initiative whose member now points elsewhere: what is found under that reference is not ours."""
    loop = changed.loop
    set_id = next(one.set_definition_id for one in loop.judged.resolved.policies if one.reference_id)
    assignment = loop.arm.get(controls(loop, PRODUCTION), "2025-01-01")
    assert isinstance(assignment, dict)
    properties = assignment["properties"]
    assert isinstance(properties, dict)
    set_id = str(properties["policyDefinitionId"])
    body = loop.arm.get(set_id, "2025-01-01")
    assert isinstance(body, dict)
    held = body["properties"]
    assert isinstance(held, dict)
    members = held["policyDefinitions"]
    assert isinstance(members, list)
    own, other = (reference_of(loop, name) for name in (ELSEWHERE, "storage-no-anonymous-blobs"))
    at = {str(one["policyDefinitionReferenceId"]): one for one in members if isinstance(one, dict)}
    at[own]["policyDefinitionId"] = at[other]["policyDefinitionId"]
    at[own]["parameters"] = at[other].get("parameters", {})
    loop.arm.wait(loop.arm.start("PUT", set_id, "2025-01-01", body={"properties": held}))
    standing = read_standing(loop.arm, (PRODUCTION,), loop.judged.resolved.policies)
    why = {key[1]: reason for key, reason in standing.absent.items() if key[0].startswith(PRODUCTION)}
    assert why == {fold(own): "another definition is assigned in its place"}
    for source in SOURCES:
        found = [link for key, link in links(loop.evaluate(source)).items() if key[1] == ELSEWHERE]
        assert {one.outcome for one in found} <= {LinkOutcome.OFF, LinkOutcome.FAIL}
        assert not any(one.outcome is LinkOutcome.PASS for one in found)
