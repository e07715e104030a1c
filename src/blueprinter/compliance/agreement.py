"""Our engine and Azure Policy over the same estate: where both decide they should agree, other pairs have a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from blueprinter.casing import fold
from blueprinter.compliance.assess import UNDECIDED
from blueprinter.compliance.live import key_of
from blueprinter.compliance.model import Finding, Fraction, Pair

PairKey: TypeAlias = "tuple[str, str, str]"
"""Folded: assignment, reference, resource."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A pair that one decides otherwise than the other, or that only one has."""

    policy: str
    resource: str
    offline: Pair | None
    """None = the engine has no state of it: it is not applicable, or the inventory has no such resource."""
    live: Pair | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What came of it."""

    agreed: int
    decided: int
    """Pairs that both decide, or that one of them decides and the other does not have."""
    named: Mapping[str, int]
    """Pairs that one or both cannot decide, by the reason."""
    disagreements: tuple[Disagreement, ...]

    @property
    def rate(self) -> Fraction:
        return Fraction(self.agreed, self.decided)


@dataclass(slots=True)
class StateBook:
    """Remembers the pairs of a run; what `evaluate` tells its observer."""

    pairs: dict[PairKey, Finding] = field(default_factory=dict)

    def __call__(self, finding: Finding) -> None:
        if finding.pair is not Pair.NOT_APPLICABLE:
            key = key_of(finding.state.assigned)
            self.pairs[(*key, fold(finding.state.resource.id))] = finding


def compare_states(offline: StateBook, live: StateBook) -> Agreement:
    """Both runs, pair by pair."""
    agreed = decided = 0
    named: Counter[str] = Counter()
    apart: list[Disagreement] = []
    for key in sorted(offline.pairs.keys() | live.pairs.keys()):
        one, other = offline.pairs.get(key), live.pairs.get(key)
        if reason := _reason(one, other):
            named[reason] += 1
            continue
        decided += 1
        if one is not None and other is not None and one.pair is other.pair:
            agreed += 1
            continue
        found = one or other
        if found is not None:
            apart.append(
                Disagreement(
                    found.state.assigned.definition.name,
                    found.state.resource.id,
                    one.pair if one else None,
                    other.pair if other else None,
                )
            )
    return Agreement(agreed, decided, dict(sorted(named.items())), tuple(apart))


def _reason(offline: Finding | None, live: Finding | None) -> str:
    """Why a pair is not compared; empty = it is."""
    if offline is not None and offline.pair in UNDECIDED:
        why = offline.state.reason
        return f"offline: {why or offline.pair}"
    if live is not None and live.pair in UNDECIDED:
        return f"live: {live.pair}"
    if live is not None and live.pair is Pair.WAIVED and offline is not None and offline.pair in _PASSES:
        return "live: the verdict behind an exemption is not known"
    return ""


_PASSES = frozenset({Pair.COMPLIANT, Pair.PROTECTED})
