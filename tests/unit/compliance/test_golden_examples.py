"""Whole evaluations against the examples that the algorithm was written down with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blueprinter.compliance import FailOn, exit_code
from blueprinter.document import load
from unit.compliance.small_runs import run_of

EXAMPLES: Any = load(Path(__file__).parent / "cases" / "golden-examples.yaml").value["examples"]


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case["name"])
def test_golden_example(case: Any) -> None:
    expect = case["expect"]
    run = run_of(case)
    (result,) = run.results
    assert (result.tested, result.attested, result.inherited, result.state) == (
        expect["T"],
        expect["A"],
        expect["H"],
        expect["state"],
    )
    assert set(expect.get("flags", [])) <= set(result.flags)
    assert ("mismatch" in result.flags) is ("mismatch" in expect.get("flags", []))
    if "reason" in expect:
        assert any(expect["reason"] in reason for reason in result.reasons), result.reasons
    if "severity" in expect:
        assert result.severity == expect["severity"]
    if "signal" in expect:
        assert result.signal is expect["signal"]
    if "findings" in expect:
        assert run.findings_total == len(run.findings) == expect["findings"]
    if "first" in expect:
        assert expect["first"] in run.headline[0]
    assert run.state_counts[result.state] == 1
    assert sum(run.state_counts.values()) == 1
    for fail_on, code in expect["exit"].items():
        found = exit_code(run, fail_on=FailOn(fail_on), allow_partial=case.get("allow_partial", False))
        assert found == code, fail_on
