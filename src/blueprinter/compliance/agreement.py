"""Our engine and Azure Policy over the same estate: where both decide they should agree, other pairs have a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from blueprinter.casing import fold
from blueprinter.compliance.assess import UNDECIDED
from blueprinter.compliance.live import PolicyKey, key_of
from blueprinter.compliance.model import Finding, Fraction, Pair
from blueprinter.policy import AssignedPolicy

PairKey: TypeAlias = "tuple[str, str, str]"
"""Folded: assignment, reference, resource."""


class Disagreement(Struct, frozen=True):
    """A pair that one decides otherwise than the other, or that only one has."""

    policy: str
    resource: str
    offline: Pair | None
    """None = the engine has no state of it: it is not applicable, or the inventory has no such resource."""
    live: Pair | None


class Agreement(Struct, frozen=True):
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


class StateBook(Struct):
    """Remembers the pairs of a run, and the policies that were in force; what `evaluate` tells its observer."""

    pairs: dict[PairKey, Finding] = field(default_factory=dict)
    policies: dict[PolicyKey, AssignedPolicy] = field(default_factory=dict)

    def __call__(self, finding: Finding) -> None:
        if finding.pair is not Pair.NOT_APPLICABLE:
            key = key_of(finding.state.assigned)
            self.pairs[(*key, fold(finding.state.resource.id))] = finding

    def in_force(self, policies: Iterable[AssignedPolicy]) -> None:
        """Takes down what the run judges by."""
        self.policies.update((key_of(one), one) for one in policies)


def compare_states(
    offline: StateBook, live: StateBook, *, inventory: Callable[[], Iterable[str]] | None = None
) -> Agreement:
    """Both runs, pair by pair. `inventory`: gives the ids of all resources that our engine could judge; asked for only
    where Azure has a state that our engine does not have."""
    return _Comparison(offline, live, inventory).result()


class _Comparison:
    """Two runs side by side."""

    def __init__(
        self, offline: StateBook, live: StateBook, inventory: Callable[[], Iterable[str]] | None
    ) -> None:
        self._offline, self._live, self._inventory = offline, live, inventory
        self._spoken = {key[:2] for key in live.pairs}
        self._seen = {key[2] for key in live.pairs}
        self._otherwise = {
            key
            for key in offline.policies.keys() & live.policies.keys()
            if _terms(offline.policies[key]) != _terms(live.policies[key])
        }
        self._held: frozenset[str] | None = None

    def result(self) -> Agreement:
        agreed = decided = 0
        named: Counter[str] = Counter()
        apart: list[Disagreement] = []
        for key in sorted(self._offline.pairs.keys() | self._live.pairs.keys()):
            one, other = self._offline.pairs.get(key), self._live.pairs.get(key)
            same = one is not None and other is not None and one.pair is other.pair
            reason = _undecided(one, other) or ("" if same else self._reason(key, one, other))
            if reason:
                named[reason] += 1
                continue
            decided += 1
            agreed += same
            found = one or other
            if not same and found is not None:
                apart.append(
                    Disagreement(
                        found.state.assigned.definition.name,
                        found.state.resource.id,
                        one.pair if one else None,
                        other.pair if other else None,
                    )
                )
        return Agreement(agreed, decided, dict(sorted(named.items())), tuple(apart))

    def _reason(self, key: PairKey, offline: Finding | None, live: Finding | None) -> str:
        """Why two that decide need not agree; empty = they should."""
        if key[:2] in self._otherwise:
            return "live: the assignment in Azure is another than the file's"
        if offline is not None and live is None:
            if key[:2] not in self._spoken:
                return "live: Azure has no state of the policy"
            if key[2] not in self._seen:
                return "live: Azure has no state of the resource"
        if offline is None and self._inventory is not None:
            if self._held is None:
                self._held = frozenset(map(fold, self._inventory()))
            if key[2] not in self._held:
                return "offline: the inventory does not have the resource"
        return ""


def _terms(policy: AssignedPolicy) -> tuple[object, ...]:
    """What decides which resources a policy judges, and how."""
    return (
        dict(policy.parameters),
        sorted(policy.missing),
        sorted(map(fold, policy.not_scopes)),
        policy.resource_selectors,
        policy.overrides,
    )


def _undecided(offline: Finding | None, live: Finding | None) -> str:
    """Why a pair is not compared; empty = both decide, or one does and the other has none."""
    if offline is not None and offline.pair in UNDECIDED:
        why = offline.state.reason
        return f"offline: {why or offline.pair}"
    if live is not None and live.pair in UNDECIDED:
        return f"live: {live.pair}"
    if live is not None and live.pair is Pair.WAIVED and offline is not None and offline.pair in _PASSES:
        return "live: the verdict behind an exemption is not known"
    return ""


_PASSES = frozenset({Pair.COMPLIANT, Pair.PROTECTED})
