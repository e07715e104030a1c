"""Earlier runs from the JSON document of a run: the points of its trend, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from blueprinter.compliance import (
    Change,
    Comparison,
    ControlChange,
    ControlState,
    FindingChange,
    Fraction,
    PolicySeverity,
    TrendPoint,
)

Record = Mapping[str, Any]


def point_of(row: Record) -> TrendPoint:
    return TrendPoint(
        run_id=row["run"],
        now=moment_of(row["now"]),
        states={ControlState(state): count for state, count in row["states"].items()},
        coverage=fraction_of(row["coverage"]),
        score=fraction_of(row["score"]),
        failing=row["failing"],
        new=row["new"],
        fixed=row["fixed"],
        reopened=row["reopened"],
        mean_age=row["meanAge"],
        comparable=row["comparable"],
    )


def comparison_of(row: Record | None) -> Comparison | None:
    if row is None:
        return None
    return Comparison(
        run_id=row["run"],
        now=moment_of(row["now"]),
        comparable=row["comparable"],
        why_not=row["whyNot"] or "",
        notes=tuple(row["notes"]),
        controls=tuple(
            ControlChange(one["control"], ControlState(one["before"]), ControlState(one["after"]))
            for one in row["controls"]
        ),
        findings=tuple(
            FindingChange(
                Change(one["change"]),
                one["policyName"],
                one["policyDisplayName"],
                PolicySeverity(one["severity"]),
                one["resourceId"],
                tuple(one["controls"]),
            )
            for one in row["findings"]
        ),
    )


def fraction_of(row: Record) -> Fraction:
    """n of m."""
    return Fraction(row["part"], row["whole"])


def moment_of(text: str) -> datetime:
    """A time in UTC. Raises `ValueError` where the text is none."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
