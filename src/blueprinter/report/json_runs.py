"""What a run says of earlier runs, as records of the JSON document."""

from __future__ import annotations

from blueprinter.compliance import Change, Comparison, Fraction, TrendPoint
from blueprinter.report.words import stamp


def trend_record(point: TrendPoint) -> dict[str, object]:
    """One saved run of the line."""
    return {
        "run": point.run_id,
        "now": stamp(point.now),
        "states": {str(state): count for state, count in point.states.items()},
        "coverage": _fraction(point.coverage),
        "score": _fraction(point.score),
        "failing": point.failing,
        "new": point.new,
        "fixed": point.fixed,
        "reopened": point.reopened,
        "meanAge": point.mean_age,
        "comparable": point.comparable,
    }


def comparison_record(comparison: Comparison) -> dict[str, object]:
    """A run against an earlier one."""
    return {
        "run": comparison.run_id,
        "now": stamp(comparison.now),
        "comparable": comparison.comparable,
        "whyNot": comparison.why_not or None,
        "notes": list(comparison.notes),
        "counts": {str(change): comparison.count(change) for change in Change},
        "controls": [
            {"control": one.control, "before": str(one.before), "after": str(one.after)}
            for one in comparison.controls
        ],
        "findings": [
            {
                "change": str(one.change),
                "policyName": one.test,
                "policyDisplayName": one.policy,
                "severity": str(one.severity),
                "resourceId": one.resource,
                "controls": list(one.controls),
            }
            for one in comparison.findings
        ],
    }


def _fraction(value: Fraction) -> dict[str, object]:
    return {"part": value.part, "whole": value.whole, "percent": value.percent}
