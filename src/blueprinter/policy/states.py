"""Policy states rolled up: of several states the one that stands for all.

Source: Microsoft Learn, "Azure Policy compliance states", section "Aggregate compliance states".
"""

from __future__ import annotations

from collections.abc import Iterable

from blueprinter.policy.model import ComplianceState

ROLL_UP: tuple[ComplianceState, ...] = (
    ComplianceState.NON_COMPLIANT,
    ComplianceState.COMPLIANT,
    ComplianceState.ERROR,
    ComplianceState.CONFLICT,
    ComplianceState.PROTECTED,
    ComplianceState.EXEMPT,
    ComplianceState.UNKNOWN,
)
"""Azure's rank, the weightiest first. Ours are no part of it: `NotApplicable` resources are not counted, and
`Unsupported` is never folded into a state of Azure's."""


def roll_up(states: Iterable[ComplianceState]) -> ComplianceState | None:
    """The state that Azure shows for several: the first of the rank that is among them; None without any."""
    present = set(states)
    return next((state for state in ROLL_UP if state in present), None)
