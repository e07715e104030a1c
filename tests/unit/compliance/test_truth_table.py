"""The algorithm against its own tables: links, the tested part, and the state of a control."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from blueprinter.blueprint import AutomationClass, Link, LinkTarget, Responsibility, Strength
from blueprinter.compliance import (
    Attested,
    ControlState,
    Declared,
    Inherited,
    LinkOutcome,
    LinkResult,
    Pair,
    PolicySeverity,
    Tally,
    control_state,
    link_outcome,
)
from blueprinter.compliance import Tested as PartT
from blueprinter.compliance import tested as part_t
from blueprinter.document import load

CASES: Any = load(Path(__file__).parent / "cases" / "truth-table.yaml").value


def each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def state_rows() -> list[Any]:
    rows = []
    for row in CASES["rows"]:
        keys = ("class", "responsibility", "T", "A", "H", "soa", "signal")
        values = [each(row.get(key, {"soa": "neutral", "signal": False}.get(key))) for key in keys]
        for combination in product(*values):
            name = " ".join(str(part) for part in combination)
            rows.append(pytest.param(*combination, row["state"], id=name))
    return rows


@pytest.mark.parametrize(
    ("automation", "responsibility", "t", "a", "h", "soa", "signal", "state"), state_rows()
)
def test_state(
    automation: str, responsibility: str, t: str, a: str, h: str, soa: str, signal: bool, state: str
) -> None:
    verdict = control_state(
        AutomationClass(automation),
        Responsibility(responsibility),
        tested=PartT(t),
        attested=Attested(a),
        inherited=Inherited(h),
        signal=signal,
        declared=Declared(soa),
    )
    assert verdict.state is ControlState(state)


def test_every_state_and_class_is_in_the_table() -> None:
    rows = [parameters.values for parameters in state_rows()]
    assert {row[0] for row in rows} == set(AutomationClass)
    assert {row[2] for row in rows} == set(PartT)
    assert {row[3] for row in rows} == set(Attested)
    assert {row[4] for row in rows} == set(Inherited)
    assert {row[5] for row in rows} == set(Declared)
    assert {row[7] for row in rows} == set(ControlState)


@pytest.mark.parametrize("case", CASES["links"], ids=lambda case: case["name"])
def test_link(case: Any) -> None:
    tally = Tally(
        {Pair(pair): count for pair, count in case["pairs"].items()},
        case.get("guessed", 0),
        not_run=case.get("not_run", ""),
        off=case.get("off", ""),
        blocked=case.get("blocked", ""),
    )
    outcome, reason = link_outcome(tally, hole=case.get("hole", ""))
    assert outcome is LinkOutcome(case["outcome"])
    assert bool(reason) is (outcome in {LinkOutcome.BLOCKED, LinkOutcome.OFF, LinkOutcome.NOT_RUN})


def test_a_blocked_link_says_how_many_are_undecided_and_why() -> None:
    tally = Tally(
        {Pair.COMPLIANT: 998, Pair.ERROR: 1, Pair.UNSUPPORTED: 1, Pair.NOT_APPLICABLE: 7},
        undecided={"error": 1, "runtime-value": 1},
    )
    assert link_outcome(tally) == (LinkOutcome.BLOCKED, "2 of 1,000 undecided: error, runtime-value")


def result(text: str) -> LinkResult:
    strength, outcome = text.split()
    link = Link("A.1", LinkTarget.POLICY, "test", Strength(strength), "because")
    return LinkResult(link, LinkOutcome(outcome), PolicySeverity.HIGH, "Test", {})


@pytest.mark.parametrize("case", CASES["tested"], ids=lambda case: ", ".join(case["links"]) or "no link")
def test_tested_part(case: Any) -> None:
    assert part_t([result(text) for text in case["links"]]) is PartT(case["T"])
