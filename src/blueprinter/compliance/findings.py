"""The findings of a run: the worst are kept, all are counted."""

from __future__ import annotations

from collections.abc import Sequence

from blueprinter.casing import fold
from blueprinter.compliance.assess import WORST_FIRST
from blueprinter.compliance.model import Finding, Pair
from blueprinter.policy import PolicySeverity

SHOWN = (
    Pair.NON_COMPLIANT,
    Pair.ERROR,
    Pair.CONFLICT,
    Pair.UNSUPPORTED,
    Pair.WAIVED,
    Pair.MITIGATED,
)
"""Pairs that are findings; one that is exempt is still listed, with its exemption."""
_PAIR_RANK = {pair: rank for rank, pair in enumerate(WORST_FIRST)}
_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(PolicySeverity)}
_SLACK = 1_000


class Findings:
    """Takes findings as they come; holds hardly more than the worst `limit`."""

    def __init__(self, limit: int, control_order: Sequence[str]) -> None:
        self._limit = max(limit, 0)
        self._order = {control: rank for rank, control in enumerate(control_order)}
        self._held: list[Finding] = []
        self._last: tuple[int, int, int] | None = None
        """The weight of the last finding that is worth holding, once there are more than enough."""
        self.total = 0

    def add(self, finding: Finding) -> None:
        self.total += 1
        if self._last is not None and self._weight(finding) > self._last:
            return
        self._held.append(finding)
        if len(self._held) >= 2 * self._limit + _SLACK:
            self._cut()

    def worst(self) -> tuple[Finding, ...]:
        """The worst first, then by control, policy and resource id."""
        self._cut()
        return tuple(self._held)

    def _cut(self) -> None:
        self._held.sort(key=self._key)
        del self._held[self._limit :]
        if self._held and len(self._held) == self._limit:
            self._last = self._weight(self._held[-1])

    def _weight(self, finding: Finding) -> tuple[int, int, int]:
        first = finding.controls[0] if finding.controls else ""
        rank = self._order.get(first, len(self._order))
        return _PAIR_RANK[finding.pair], _SEVERITY_RANK[finding.severity], rank

    def _key(self, finding: Finding) -> tuple[tuple[int, int, int], str, str, str, str, str]:
        assigned = finding.state.assigned
        return (
            self._weight(finding),
            fold(assigned.definition.display_name),
            fold(assigned.definition.id),
            fold(finding.state.resource.id),
            fold(assigned.assignment_id),
            fold(assigned.reference_id),
        )
