"""Requests grow with scopes and policies, not with resources; the figures are those of `docs/live.md`."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.live_costs import loop, requests_of

INSIGHTS = "policy-insights"
GRAPH = "resource-graph"


@pytest.mark.parametrize("source", [GRAPH, INSIGHTS])
@pytest.mark.parametrize("scopes", [1, 10])
def test_a_million_states_cost_what_a_thousand_cost(source: str, scopes: int) -> None:
    assert requests_of(source, scopes, 1_000_000) == requests_of(source, scopes, 10_000)


def test_resource_graph_is_asked_for_all_scopes_at_once() -> None:
    """One request a scope for its assignments; the rest are pages of counts and of what fails."""
    one, ten = (requests_of(GRAPH, scopes, 100_000) for scopes in (1, 10))
    assert one <= 12
    assert ten <= one + 9 + 6


def test_policy_insights_is_asked_scope_by_scope() -> None:
    one, ten = (requests_of(INSIGHTS, scopes, 100_000) for scopes in (1, 10))
    assert one <= 12
    assert ten - one <= 9 * 6


def test_beside_looping_over_every_state() -> None:
    assert loop(10, 1_000_000) == 1_000
    assert requests_of(GRAPH, 10, 1_000_000) * 30 < loop(10, 1_000_000)
    assert requests_of(INSIGHTS, 10, 1_000_000) * 10 < loop(10, 1_000_000)
    # where there is little to read, looping is cheaper: what it leaves out is what makes no row a verdict
    assert requests_of(GRAPH, 1, 1_000) > loop(1, 1_000)


def test_the_documentation_has_these_figures(root: Path) -> None:
    """Rows of a hundred scopes take long; `make bench-live` prints them."""
    text = (root / "docs/live.md").read_text(encoding="utf-8")
    table = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    rows = [
        [int(cell.replace(",", "")) for cell in row] for row in table if row[0].replace(",", "").isdecimal()
    ]
    assert len(rows) == 9
    for scopes, states, graph, insights, every in rows:
        assert loop(scopes, states) == every
        if scopes <= 10:
            assert (requests_of(GRAPH, scopes, states), requests_of(INSIGHTS, scopes, states)) == (
                graph,
                insights,
            )
