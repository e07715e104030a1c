"""The findings of a run: the worst are kept, all are counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from msgspec.structs import replace

from blueprinter.casing import fold
from blueprinter.compliance.assess import WORST_FIRST
from blueprinter.compliance.model import Finding, Pair
from blueprinter.compliance.resource_facts import facts_of
from blueprinter.policy import AssignedPolicy, PolicySeverity

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
_LEAST = 64
_NO_BAR = 1 << 60

Rank = tuple[int, int, int, str, str]
Payload = TypeVar("Payload")


class Findings:
    """Takes findings as they come; holds hardly more than the worst `limit`."""

    def __init__(self, limit: int, control_order: Sequence[str]) -> None:
        self._limit = max(limit, 0)
        self._order = {control: rank for rank, control in enumerate(control_order)}
        self._held: list[Finding] = []
        self._last: Rank | None = None
        """The weight of the last finding that is worth holding, once there are more than enough."""
        self.total = 0

    def add(self, finding: Finding) -> None:
        self.total += 1
        if self._last is not None and self._weight(finding) > self._last:
            return
        self._held.append(_without_body(finding))
        if len(self._held) >= 2 * self._limit + _SLACK:
            self._cut()

    def add_worst(self, findings: Iterable[Finding], total: int) -> None:
        """Takes the worst of `total` findings, of which the others are only counted."""
        for finding in findings:
            self.add(finding)
            self.total -= 1
        self.total += total

    def rank(self, assigned: AssignedPolicy, pair: Pair, controls: Sequence[str]) -> Rank:
        """What findings of one policy and pair are sorted by before their resources."""
        definition = assigned.definition
        first = controls[0] if controls else ""
        return (
            _PAIR_RANK[pair],
            _SEVERITY_RANK[definition.severity],
            self._order.get(first, len(self._order)),
            fold(definition.display_name),
            fold(definition.id),
        )

    @property
    def limit(self) -> int:
        return self._limit

    def worst(self) -> tuple[Finding, ...]:
        """The worst first, then by control, policy and resource id."""
        self._cut()
        return tuple(self._held)

    def _cut(self) -> None:
        self._held.sort(key=self._key)
        del self._held[self._limit :]
        if self._held and len(self._held) == self._limit:
            self._last = self._weight(self._held[-1])

    def _weight(self, finding: Finding) -> Rank:
        return self.rank(finding.state.assigned, finding.pair, finding.controls)

    def _key(self, finding: Finding) -> tuple[Rank, str, tuple[str, str]]:
        return self._weight(finding), fold(finding.state.resource.id), behind(finding.state.assigned)


def _without_body(finding: Finding) -> Finding:
    """A finding with the facts of its resource in place of the whole body."""
    resource = finding.state.resource
    if not resource.body:
        return finding
    state = replace(finding.state, resource=replace(resource, body={}))
    return replace(finding, state=state, facts=facts_of(resource))


def behind(assigned: AssignedPolicy) -> tuple[str, str]:
    """What findings of one rank on one resource are sorted by."""
    return fold(assigned.assignment_id), fold(assigned.reference_id)


class Shortlist(Generic[Payload]):
    """The worst of many findings by rank and resource, before anything is made of them. Ranks are numbers here."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: list[tuple[int, str, tuple[str, str], Payload]] = []
        self.bar = _NO_BAR if limit else -1
        """The highest rank that may still get onto the list."""
        self._last: tuple[int, str, tuple[str, str]] | None = None

    def offer(self, rank: int, id: str, tail: tuple[str, str], payload: Payload) -> None:
        """`id` folded, `tail` as `behind` gives it."""
        if self._last is not None and (rank, id, tail) > self._last:
            return
        self._held.append((rank, id, tail, payload))
        if len(self._held) >= self._limit + max(self._limit // 4, _LEAST):
            self._cut()

    def empty(self) -> Shortlist[Payload]:
        """A list without these, on which nothing gets that does not get on this one."""
        made = Shortlist[Payload](self._limit)
        made.bar, made._last = self.bar, self._last
        return made

    def takes(self, rank: int, id: str) -> bool:
        """Whether an offer may get onto the list."""
        last = self._last
        return last is None or rank < last[0] or (rank == last[0] and id <= last[1])

    def merge(self, other: Shortlist[Payload]) -> None:
        """Takes over the list of somebody who looked at what comes behind."""
        self._held.extend(other._held)
        self._cut()

    def worst(self) -> list[Payload]:
        """The worst first."""
        self._cut()
        return [row[-1] for row in self._held]

    def _cut(self) -> None:
        self._held.sort(key=_without_payload)
        del self._held[self._limit :]
        if self._held and len(self._held) == self._limit:
            self._last = _without_payload(self._held[-1])
            self.bar = self._last[0]


def _without_payload(row: tuple[int, str, tuple[str, str], object]) -> tuple[int, str, tuple[str, str]]:
    return row[:3]
