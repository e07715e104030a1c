"""From policy states to pairs: what an exemption makes of a failure, and what became of each exemption."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from msgspec import Struct, field

from blueprinter.blueprint import Exemption, ExemptionCategory
from blueprinter.casing import fold, same
from blueprinter.compliance.ledger import Verdict, Weights
from blueprinter.compliance.linked import LinkedTests
from blueprinter.compliance.model import ExemptionUse, Pair
from blueprinter.compliance.scope import covers
from blueprinter.policy import ComplianceState

PAIRS: Mapping[ComplianceState, Pair] = MappingProxyType(
    {
        ComplianceState.COMPLIANT: Pair.COMPLIANT,
        ComplianceState.NON_COMPLIANT: Pair.NON_COMPLIANT,
        ComplianceState.EXEMPT: Pair.WAIVED,
        ComplianceState.CONFLICT: Pair.CONFLICT,
        ComplianceState.ERROR: Pair.ERROR,
        ComplianceState.UNKNOWN: Pair.UNKNOWN,
        ComplianceState.PROTECTED: Pair.PROTECTED,
        ComplianceState.NOT_APPLICABLE: Pair.NOT_APPLICABLE,
        ComplianceState.UNSUPPORTED: Pair.UNSUPPORTED,
    }
)
"""A state before our own exemptions. Behind Azure's `Exempt` the verdict is unknown: it counts as waived."""

_FAILING = frozenset({ComplianceState.NON_COMPLIANT, ComplianceState.EXEMPT})
_PASSING = frozenset({Pair.COMPLIANT, Pair.PROTECTED})

EXPIRED = "expired"
ENDING = "ending"
USED = "used"
NEEDLESS = "needless"
UNMATCHED = "unmatched"


class Exempted(Struct, frozen=True):
    """A pair after exemptions, with the exemption that applies or the expired one that no longer does."""

    pair: Pair
    exemption: str = ""
    expired: bool = False


class _Entry(Struct):
    place: int
    exemption: Exemption
    live: bool
    pair: Pair
    """What it makes of a failure."""
    failing: set[int] = field(default_factory=set)
    passing: set[int] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)
    """Tests it was met with, needless or not."""


class Exemptions:
    """The exemptions of a register, matched against the states of one run."""

    def __init__(
        self,
        register: Sequence[Exemption],
        tests: LinkedTests,
        *,
        assignment: str,
        own_assignments: Collection[str],
        today: date,
        warn_days: int,
        weights: Weights,
    ) -> None:
        """`assignment` is the name of the blueprint's assignment in this run, empty for none; `own_assignments`
        are the folded ids of the policy assignments it makes."""
        self._tests = tests
        self._assignment = assignment
        self._own = frozenset(own_assignments)
        self._today = today
        self._warn_days = warn_days
        self._weights = weights
        self._entries = [
            _Entry(place, exemption, exemption.expires_on >= today, _effect(exemption))
            for place, exemption in enumerate(register)
        ]
        self._by_test: dict[str, list[_Entry]] = {}
        for entry in self._entries:
            for test in self._tests_of(entry.exemption):
                self._by_test.setdefault(test, []).append(entry)

    def _tests_of(self, exemption: Exemption) -> frozenset[str]:
        tests = self._tests
        named = {test for key in exemption.policies for test in tests.all_of(tests.canonical(fold(key)))}
        return frozenset(named.union(*(tests.tests_of(control) for control in exemption.controls)))

    def apply(self, verdict: Verdict, test: str, number: int, id: str) -> Exempted:
        """The pair that a verdict makes, after the exemptions of its test; `number` is that of its resource."""
        matching = [entry for entry in self._entries_of(verdict, test) if covers(entry.exemption.scope, id)]
        self._book(verdict, test, matching, number)
        return self._judged(verdict, matching)

    def apply_within(
        self, verdict: Verdict, test: str, number: int | None, within: frozenset[int]
    ) -> Exempted:
        """The same for resources that lie in the scopes of the exemptions `within` (`covering`). Without a number
        nothing is noted of the exemptions."""
        matching = [entry for entry in self._entries_of(verdict, test) if entry.place in within]
        if number is not None:
            self._book(verdict, test, matching, number)
        return self._judged(verdict, matching)

    def scopes(self) -> tuple[str, ...]:
        """The scopes of all exemptions."""
        return tuple(entry.exemption.scope for entry in self._entries)

    def covering(self, id: str) -> frozenset[int]:
        """The places in the register of the exemptions in whose scope an id lies."""
        return frozenset(entry.place for entry in self._entries if covers(entry.exemption.scope, id))

    def concern(self, test: str) -> bool:
        """Whether the register has an exemption for a test."""
        return test in self._by_test

    def _entries_of(self, verdict: Verdict, test: str) -> Sequence[_Entry]:
        entries = self._by_test.get(test)
        if not entries or verdict.state is ComplianceState.NOT_APPLICABLE:
            return ()
        return [entry for entry in entries if self._is_of(entry.exemption, verdict.assigned.assignment_id)]

    def _book(self, verdict: Verdict, test: str, matching: Sequence[_Entry], number: int) -> None:
        for entry in matching:
            if verdict.state in _FAILING:
                entry.failing.add(number)
                entry.tests.add(test)
            elif PAIRS[verdict.state] in _PASSING:
                entry.passing.add(number)
                entry.tests.add(test)

    @staticmethod
    def _judged(verdict: Verdict, matching: Sequence[_Entry]) -> Exempted:
        pair = PAIRS[verdict.state]
        if not matching or verdict.state not in _FAILING:
            return Exempted(pair)
        # a waiver counts before a mitigation: what is accepted is not compensated
        live = sorted(
            (entry for entry in matching if entry.live), key=lambda entry: entry.pair is not Pair.WAIVED
        )
        if live:
            return Exempted(live[0].pair, live[0].exemption.name)
        return Exempted(pair, matching[0].exemption.name, expired=True)

    def _is_of(self, exemption: Exemption, assignment_id: str) -> bool:
        """Whether an exemption speaks of the assignment behind a state: by its full id, or by our own name."""
        named = exemption.assignment
        if named.startswith("/"):
            return bool(assignment_id) and same(named.rstrip("/"), assignment_id.rstrip("/"))
        if named and self._assignment and not same(named, self._assignment):
            return False
        return not assignment_id or fold(assignment_id.rstrip("/")) in self._own

    def uses(self) -> tuple[ExemptionUse, ...]:
        """What became of each exemption, in the order of the register."""
        return tuple(self._use(entry) for entry in self._entries)

    def needless_tests(self) -> frozenset[str]:
        """Tests that live exemptions cover without need."""
        return frozenset(
            test
            for entry in self._entries
            if entry.live and entry.passing and not entry.failing
            for test in entry.tests
        )

    def _use(self, entry: _Entry) -> ExemptionUse:
        if not entry.live:
            return ExemptionUse(entry.exemption, EXPIRED, self._weights.total(entry.failing))
        if entry.failing:
            left = (entry.exemption.expires_on - self._today).days
            status = ENDING if left <= self._warn_days else USED
            return ExemptionUse(entry.exemption, status, self._weights.total(entry.failing))
        if entry.passing:
            return ExemptionUse(entry.exemption, NEEDLESS, self._weights.total(entry.passing))
        return ExemptionUse(entry.exemption, UNMATCHED, 0)


def _effect(exemption: Exemption) -> Pair:
    """Mitigated needs evidence that is there and unchanged; without, the failure is only accepted."""
    proven = bool(exemption.evidence) and all(item.intact is not False for item in exemption.evidence)
    mitigated = exemption.category is ExemptionCategory.MITIGATED and proven
    return Pair.MITIGATED if mitigated else Pair.WAIVED
