"""Findings by who is named on the resources; what nobody is named on is a row of its own."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.compliance import Finding, PolicySeverity
from blueprinter.report.outline import severity_rank


class OwnerRow(Struct, frozen=True):
    """One owner."""

    name: str
    """Empty = nobody is named."""
    findings: int
    resources: int
    worst: PolicySeverity
    oldest: str
    """The day of the oldest finding that saved runs know; empty = not known."""
    controls: tuple[str, ...]


def by_owner(findings: Iterable[Finding]) -> tuple[OwnerRow, ...]:
    """Nobody first, then the worst and the most."""
    held: dict[str, list[Finding]] = {}
    for found in findings:
        held.setdefault(found.facts.owner, []).append(found)
    rows = [
        OwnerRow(
            name,
            len(found),
            len({fold(one.state.resource.id) for one in found}),
            min((one.severity for one in found), key=severity_rank),
            min((one.first_seen for one in found if one.first_seen), default=""),
            tuple(dict.fromkeys(control for one in found for control in one.controls)),
        )
        for name, found in held.items()
    ]
    return tuple(
        sorted(
            rows, key=lambda row: (bool(row.name), severity_rank(row.worst), -row.findings, fold(row.name))
        )
    )
