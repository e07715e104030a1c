"""One estate, judged three ways: by our engine over its files, by Policy Insights and by Resource Graph over a sandbox
that its blueprint was assigned to. The control results are the same, but for links that are declared live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from blueprinter.compliance import (
    ControlResult,
    Finding,
    LinkOutcome,
    LinkResult,
    Pair,
    Run,
    StateBook,
    compare_states,
)
from blueprinter.compliance.outcomes import LIVE_ONLY
from contract.contoso import assigned_estate

SOURCES = ("policy-insights", "resource-graph")


@dataclass(frozen=True)
class Judged:
    offline: Run
    offline_states: StateBook
    live: dict[str, Run]
    requests: dict[str, int]
    rows: dict[str, Run]
    states: dict[str, StateBook]
    after_40_hours: dict[str, Run]
    after_4_days: dict[str, Run]


@pytest.fixture(scope="module")
def judged(root: Path) -> Judged:
    with assigned_estate(root) as loop:
        states = StateBook()
        offline = loop.offline(states)
        live, requests = {}, {}
        for source in SOURCES:
            before = loop.arm.requests.total
            live[source] = loop.evaluate(source)
            requests[source] = loop.arm.requests.total - before
        seen = {source: StateBook() for source in SOURCES}
        rows = {source: loop.evaluate(source, observe=seen[source]) for source in SOURCES}
        loop.forward(timedelta(hours=40))
        old = {source: loop.evaluate(source) for source in SOURCES}
        loop.forward(timedelta(days=3))
        older = {source: loop.evaluate(source) for source in SOURCES}
    return Judged(offline, states, live, requests, rows, seen, old, older)


def declared_live(link: LinkResult) -> bool:
    return link.outcome is LinkOutcome.NOT_RUN and link.reason == LIVE_ONLY


def links(run: Run) -> dict[str, tuple[LinkResult, ...]]:
    return {result.control.id: result.links for result in run.results}


@pytest.mark.parametrize("source", SOURCES)
def test_links_give_the_same(judged: Judged, source: str) -> None:
    live, compared = links(judged.live[source]), 0
    for control, expected in links(judged.offline).items():
        for one, other in zip(expected, live[control], strict=True):
            if declared_live(one):
                # Defender for Cloud and machine configuration: what they say is not in the sandbox either
                assert other.outcome in {LinkOutcome.BLOCKED, LinkOutcome.OFF, LinkOutcome.EMPTY}
                continue
            compared += 1
            assert (one.link, one.outcome, one.counts) == (other.link, other.outcome, other.counts), control
    assert compared > 250


@pytest.mark.parametrize("source", SOURCES)
def test_controls_have_the_same_state_but_for_links_declared_live(judged: Judged, source: str) -> None:
    apart: list[tuple[ControlResult, ControlResult]] = []
    for one, other in zip(judged.offline.results, judged.live[source].results, strict=True):
        assert (one.failing, one.judged) == (other.failing, other.judged), one.control.id
        if (one.state, one.tested) != (other.state, other.tested):
            apart.append((one, other))
    for one, other in apart:
        assert any(declared_live(link) for link in one.links), one.control.id
        assert (str(one.state), str(other.state)) == ("satisfied", "incomplete") or one.state is other.state
    assert {one.control.id for one, other in apart if one.state is not other.state} == {"A.8.2", "A.8.9"}


@pytest.mark.parametrize("source", SOURCES)
def test_pairs_are_the_same(judged: Judged, source: str) -> None:
    """What our engine leaves undecided Azure's states call unknown."""
    expected = dict(judged.offline.pair_counts)
    expected[Pair.UNKNOWN] += expected.pop(Pair.UNSUPPORTED)
    found = dict(judged.live[source].pair_counts)
    assert found.pop(Pair.UNSUPPORTED) == 0
    assert found == expected
    assert sum(found.values()) > 3000


@pytest.mark.parametrize("source", SOURCES)
def test_counts_give_what_every_row_gives(judged: Judged, source: str) -> None:
    """Few requests, and the run is the one that every row read by itself would have given."""
    counted, rows = judged.live[source], judged.rows[source]
    assert (counted.results, counted.pair_counts) == (rows.results, rows.pair_counts)
    assert counted.resource_score == rows.resource_score
    assert counted.findings_total == rows.findings_total
    assert [shown(one) for one in counted.findings] == [shown(one) for one in rows.findings]


def shown(finding: Finding) -> tuple[Pair, str, str, tuple[str, ...]]:
    state = finding.state
    return finding.pair, state.resource.id, state.assigned.reference_id, finding.controls


@pytest.mark.parametrize("source", SOURCES)
def test_where_both_decide_they_agree(judged: Judged, source: str) -> None:
    agreement = compare_states(judged.offline_states, judged.states[source])
    assert agreement.disagreements == ()
    assert agreement.agreed == agreement.decided > 2900
    assert set(agreement.named) == {"offline: defender-assessment", "offline: guest-configuration"}


@pytest.mark.parametrize("source", SOURCES)
def test_the_population_is_what_was_judged_and_what_is_there(judged: Judged, source: str) -> None:
    population = judged.live[source].population
    assert 506 <= population.resources <= judged.offline.population.resources
    assert not population.partial
    assert [one.status for one in population.scopes] == ["read", "read"]


def test_requests_are_few(judged: Judged) -> None:
    """Two subscriptions, 173 policies, 3,029 states."""
    assert judged.requests["resource-graph"] <= 17
    assert judged.requests["policy-insights"] <= 25


@pytest.mark.parametrize("source", SOURCES)
def test_what_was_evaluated_too_long_ago_does_not_pass(judged: Judged, source: str) -> None:
    old = [link for found in links(judged.after_40_hours[source]).values() for link in found]
    assert any(link.reason.startswith("stale: ") for link in old)
    assert any(link.outcome is LinkOutcome.FAIL for link in old)
    assert all(link.outcome is not LinkOutcome.PASS for link in old)
    # out of the window altogether: no row is no verdict
    older = judged.after_4_days[source]
    blocked = [
        link for found in links(older).values() for link in found if link.outcome is LinkOutcome.BLOCKED
    ]
    assert {link.reason for link in blocked} == {"stale"}
    assert older.pairs_decided == 0


@pytest.fixture(scope="module")
def exempted(root: Path) -> tuple[Run, dict[str, Run]]:
    """The exemptions of the register are in Azure, too: two waivers, one with evidence of what makes up for it, one
    that has ended, one that nothing needs."""
    with assigned_estate(root, registers=True) as loop:
        return loop.offline(), {source: loop.evaluate(source) for source in SOURCES}


@pytest.mark.parametrize("source", SOURCES)
def test_exemptions_in_azure_give_what_the_register_gives(
    exempted: tuple[Run, dict[str, Run]], source: str
) -> None:
    offline, live = exempted[0], exempted[1][source]
    expected, found = dict(offline.pair_counts), dict(live.pair_counts)
    needless = found[Pair.WAIVED] - expected[Pair.WAIVED]
    # behind `Exempt` the verdict is unknown, so that what nothing needs counts as waived: the vault's network, and what
    # else of A.8.3 the pictures' account passes
    assert needless == expected[Pair.COMPLIANT] - found[Pair.COMPLIANT] == 3
    assert found[Pair.MITIGATED] == expected[Pair.MITIGATED] > 0
    assert found[Pair.NON_COMPLIANT] == expected[Pair.NON_COMPLIANT]
    apart = {
        (one.control.id, ours.link.test)
        for one, other in zip(offline.results, live.results, strict=True)
        for ours, theirs in zip(one.links, other.links, strict=True)
        if not declared_live(ours) and (ours.outcome, ours.counts) != (theirs.outcome, theirs.counts)
    }
    assert len({test for _, test in apart}) == 3
    assert "key-vault-network-restricted" in {test for _, test in apart}
    states = {one.exemption.name: one.status for one in offline.exemptions}
    assert set(states.values()) >= {"expired", "needless"}


def test_both_sources_give_one_result_under_exemptions(exempted: tuple[Run, dict[str, Run]]) -> None:
    one, other = (exempted[1][source] for source in SOURCES)
    assert (one.results, one.pair_counts) == (other.results, other.pair_counts)
