"""What verdicts on a resource mean for a run, worked out once for all resources with the same verdicts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from blueprinter.compliance.books import Books
from blueprinter.compliance.cells import ALWAYS, NEVER
from blueprinter.compliance.findings import SHOWN, Rank, behind
from blueprinter.compliance.ledger import Verdict
from blueprinter.compliance.model import Finding, Form, Pair
from blueprinter.policy import (
    AliasSource,
    AssignedPolicy,
    ComplianceState,
    Outcome,
    PolicyState,
    Program,
    Reason,
    Said,
    UnsupportedReason,
)

_MUTE = frozenset({ComplianceState.COMPLIANT, ComplianceState.PROTECTED})
"""States of which no record is written."""

Answer = tuple[int, ComplianceState, UnsupportedReason | None, bool]
"""A verdict without objects: the place of the policy, state, reason, whether on a guessed alias."""
Answers = tuple[Answer, ...]


class Telling(NamedTuple):
    """The record of a verdict with one more blank, for what is there in place of what is wanted."""

    start: bytes
    middle: bytes
    before: bytes
    after: bytes
    end: bytes

    def form(self, actual: bytes) -> Form:
        return self.start, self.middle, b"".join((self.before, actual, self.after)), self.end


class Shown(Struct, eq=False):
    """One verdict of which more is wanted than a number."""

    policy: int
    outcome: Outcome | None
    """None = the interpreter gave it."""
    assigned: AssignedPolicy
    pair: Pair
    exemption: str
    controls: tuple[str, ...]
    rank: int
    """`NEVER` for what is no finding."""
    tail: tuple[str, str]
    reason: Reason | None
    """What words the deciding comparison, where the program does."""
    forms: dict[Hashable, tuple[Form, ...]] = field(default_factory=dict)
    """Its record by the key of `reason`; empty = not wanted."""
    telling: dict[Hashable, Telling] = field(default_factory=dict)
    """Its record for keys that tell a text of the resource, by the first part of what they tell."""
    met: set[Hashable] = field(default_factory=set)
    """What the interpreter said of one resource."""

    def finding(self, state: PolicyState) -> Finding:
        severity = self.assigned.definition.severity
        return Finding(state, self.pair, severity, self.controls, self.exemption)


Shelf = dict[tuple[Answer, frozenset[int], Outcome | None, int], Shown]
"""What is shown of verdicts, for all entries that have them."""


class Entry:
    """Resources of one type with the same verdicts."""

    __slots__ = (
        "_clerk",
        "_first",
        "_shown",
        "answers",
        "asks",
        "count",
        "lowest",
        "outcomes",
        "program",
        "settled",
        "shelf",
        "type",
        "within",
    )

    def __init__(
        self,
        clerk: Clerk,
        type: str,
        program: Program,
        answers: Answers,
        outcomes: Sequence[Outcome],
        asks: Sequence[Outcome],
        within: frozenset[int],
        shelf: Shelf,
    ) -> None:
        self.type = type
        """As they spell it."""
        self.program = program
        self.shelf = shelf
        self.answers = answers
        self.outcomes = outcomes
        """The verdicts that the program gave."""
        self.asks = asks
        """What only the interpreter can tell, for each resource anew."""
        self.within = within
        """The exemptions in whose scopes the resources lie."""
        self.count = 0
        self.settled: dict[Answers, Entry] = {}
        """With the interpreter's answers."""
        self._clerk = clerk
        self._shown: tuple[Shown, ...] | None = None
        self._first: int | None = None
        self.lowest = ALWAYS if asks else clerk.lowest(answers, within)
        """The lowest rank of what is shown."""

    @property
    def shown(self) -> tuple[Shown, ...]:
        """The verdicts of which more is wanted than a number."""
        if self._shown is None:
            self._shown = self._clerk.shown(self)
        return self._shown

    @property
    def first(self) -> int:
        """The lowest rank of a finding among them."""
        if self._first is None:
            self._first = min((one.rank for one in self.shown), default=NEVER)
        return self._first

    def forget(self) -> None:
        """Drops the records that wait for rows."""
        for entry in (self, *self.settled.values()):
            for one in entry._shown or ():
                one.forms.clear()
                one.met.clear()


class Clerk:
    """Knows policies, exemptions and the order of findings. Nothing is booked here."""

    def __init__(self, policies: Sequence[AssignedPolicy], books: Books, *, recording: bool) -> None:
        """`recording`: every state that is not fine is wanted, not only the worst findings."""
        self._policies = tuple(policies)
        self._tests = [books.tests.test_of(policy) for policy in self._policies]
        self._books = books
        self._recording = recording
        self._ranks = self._ranking()
        self._judged: dict[tuple[Answer, frozenset[int]], tuple[Pair, str, int]] = {}

    def _ranking(self) -> Mapping[Rank, int]:
        books = self._books
        ranks = {
            books.findings.rank(policy, pair, books.tests.controls_of(test))
            for policy, test in zip(self._policies, self._tests, strict=True)
            for pair in SHOWN
        }
        return {rank: place for place, rank in enumerate(sorted(ranks))}

    @property
    def limit(self) -> int:
        """How many findings are wanted."""
        return self._books.findings.limit

    def concerned(self, program: Program) -> bool:
        """Whether some policy of a program has exemptions."""
        return any(self._books.exemptions.concern(self._tests[slot.policy]) for slot in program.slots)

    def entry(
        self,
        type: str,
        program: Program,
        outcomes: Sequence[Outcome],
        within: frozenset[int],
        shelf: Shelf,
    ) -> Entry:
        """What these outcomes mean for resources of a type. All entries of one file have one shelf."""
        known = [outcome for outcome in outcomes if outcome.state is not None]
        asks = [outcome for outcome in outcomes if outcome.state is None]
        answers = tuple(
            [(one.policy, one.state, one.reason, one.guessed) for one in known if one.state is not None]
        )
        return Entry(self, type, program, answers, known, asks, within, shelf)

    def settle(self, entry: Entry, said: Sequence[Said]) -> Entry:
        """What they mean together with what the interpreter said of one resource."""
        asked = _answers(said)
        found = entry.settled.get(asked)
        if found is None:
            found = entry.settled[asked] = self._with(entry, asked, ())
        return found

    def foretold(self, entry: Entry, said: Sequence[Said]) -> Entry:
        """An entry in place of another, where it is known what the interpreter would say of some policies."""
        places = {one.policy for one in said}
        return self._with(entry, _answers(said), [one for one in entry.asks if one.policy not in places])

    def _with(self, entry: Entry, answers: Answers, asks: Sequence[Outcome]) -> Entry:
        everything = tuple(sorted((*entry.answers, *answers), key=_place))
        return Entry(
            self, entry.type, entry.program, everything, entry.outcomes, asks, entry.within, entry.shelf
        )

    def verdict(self, answer: Answer) -> Verdict:
        place, state, reason, guessed = answer
        return Verdict(self._policies[place], state, reason, guessed)

    def lowest(self, answers: Answers, within: frozenset[int]) -> int:
        """The lowest rank of what is shown of these verdicts."""
        loud = [answer for answer in answers if answer[1] not in _MUTE]
        if not loud:
            return NEVER
        if self._recording:
            return ALWAYS
        return min(self._judge(answer, within)[2] for answer in loud)

    def _judge(self, answer: Answer, within: frozenset[int]) -> tuple[Pair, str, int]:
        """Pair, exemption and rank of a verdict; it is the same for all entries."""
        known = self._judged.get((answer, within))
        if known is None:
            books = self._books
            test = self._tests[answer[0]]
            judged = books.exemptions.apply_within(self.verdict(answer), test, None, within)
            rank = NEVER
            if judged.pair in SHOWN:
                controls = books.tests.controls_of(test)
                rank = self._ranks[books.findings.rank(self._policies[answer[0]], judged.pair, controls)]
            known = self._judged[answer, within] = judged.pair, judged.exemption, rank
        return known

    def shown(self, entry: Entry) -> tuple[Shown, ...]:
        """The verdicts of an entry of which more is wanted than a number."""
        by_policy = {outcome.policy: outcome for outcome in entry.outcomes}
        found = []
        for answer in entry.answers:
            if answer[1] in _MUTE:
                continue
            outcome = by_policy.get(answer[0])
            key = (answer, entry.within, outcome, id(entry.program))
            if key not in entry.shelf:
                entry.shelf[key] = self._show(entry.program, answer, outcome, entry.within)
            one = entry.shelf[key]
            if self._recording or one.rank is not NEVER:
                found.append(one)
        return tuple(found)

    def _show(
        self, program: Program, answer: Answer, outcome: Outcome | None, within: frozenset[int]
    ) -> Shown:
        pair, exemption, rank = self._judge(answer, within)
        place = answer[0]
        assigned = self._policies[place]
        controls = self._books.tests.controls_of(self._tests[place])
        sure = outcome is not None and outcome.source is not None
        reason = program.reason(place) if sure and self._recording else None
        return Shown(place, outcome, assigned, pair, exemption, controls, rank, behind(assigned), reason)


def _answers(said: Sequence[Said]) -> Answers:
    return tuple([(one.policy, one.state, one.reason, one.source is AliasSource.GUESSED) for one in said])


def _place(answer: Answer) -> int:
    return answer[0]
