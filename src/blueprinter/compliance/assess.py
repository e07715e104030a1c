"""The algorithm of a control's state: from the pairs of its tests to one of nine words.

Pure: no files, no clock, no order but that of the arguments. Three steps, each a first-match table: pairs of a
test to the outcome of a link, outcomes of the links to T, then T with A (attested) and H (inherited) to a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct, field

from blueprinter.blueprint import AutomationClass, Responsibility, SoaEntry, Strength
from blueprinter.compliance.model import (
    Attested,
    ControlState,
    Inherited,
    LinkOutcome,
    LinkResult,
    Pair,
    Tested,
)
from blueprinter.policy import PolicySeverity

UNDECIDED = (Pair.CONFLICT, Pair.ERROR, Pair.UNKNOWN, Pair.UNSUPPORTED)
"""Pairs that hold no verdict."""
DECIDED = (Pair.COMPLIANT, Pair.PROTECTED, Pair.NON_COMPLIANT, Pair.WAIVED, Pair.MITIGATED)
WORST_FIRST = (
    Pair.NON_COMPLIANT,
    Pair.ERROR,
    Pair.CONFLICT,
    Pair.UNKNOWN,
    Pair.UNSUPPORTED,
    Pair.WAIVED,
    Pair.MITIGATED,
    Pair.COMPLIANT,
    Pair.PROTECTED,
    Pair.NOT_APPLICABLE,
)
"""Which state counts where one test reaches a resource through several definitions or assignments."""


# --- a link ---------------------------------------------------------------------------------------------------------


class Tally(Struct, frozen=True):
    """What one run knows of one test, however many definitions and assignments put it into force."""

    counts: Mapping[Pair, int] = field(default_factory=dict)
    """Resources by pair, the worst where a resource is reached several times."""
    guessed_passes: int = 0
    """How many of the compliant and protected pairs rest on a guessed alias."""
    undecided: Mapping[str, int] = field(default_factory=dict)
    """Why pairs are undecided: reason (`runtime-value`, `error`, …) -> resources."""
    not_run: str = ""
    """Why the test was not to run here at all (`live only`); empty = it was."""
    off: str = ""
    """Why the test is not in force (`switched off`, `missing`, …), or in part not; empty = it is."""
    blocked: str = ""
    """Why the test as a whole gives no verdict (`parameter-missing`); empty = nothing stands in its way."""

    def count(self, *pairs: Pair) -> int:
        """How many resources are in any of these states."""
        return sum(self.counts.get(pair, 0) for pair in pairs)


def link_outcome(tally: Tally, *, hole: str = "") -> tuple[LinkOutcome, str]:
    """What a link gives, and why where it gives no verdict: the first match of the table.

    `hole` says why the population cannot vouch for a pass (`stale: …`, `population: …`); empty = it can.
    """
    if tally.not_run:
        return LinkOutcome.NOT_RUN, tally.not_run
    if tally.count(Pair.NON_COMPLIANT):
        return LinkOutcome.FAIL, ""
    if tally.off:
        return LinkOutcome.OFF, tally.off
    if why := _blocked(tally, hole):
        return LinkOutcome.BLOCKED, why
    if tally.count(Pair.WAIVED):
        return LinkOutcome.WAIVED, ""
    if tally.count(Pair.COMPLIANT, Pair.PROTECTED):
        return LinkOutcome.PASS, ""
    if tally.count(Pair.MITIGATED):
        return LinkOutcome.COMPENSATED, ""
    return LinkOutcome.EMPTY, ""


def _blocked(tally: Tally, hole: str) -> str:
    if tally.blocked:
        return tally.blocked
    if undecided := tally.count(*UNDECIDED):
        reasons = sorted(tally.undecided.items(), key=lambda entry: (-entry[1], entry[0]))
        named = ", ".join(reason for reason, _ in reasons)
        applicable = undecided + tally.count(*DECIDED)
        return f"{undecided:,} of {applicable:,} undecided" + (f": {named}" if named else "")
    if tally.count(Pair.WAIVED):
        return ""
    passes = tally.count(Pair.COMPLIANT, Pair.PROTECTED)
    if hole and (passes or tally.count(Pair.MITIGATED)):
        return hole
    if passes and tally.guessed_passes == passes:
        return "every pass rests on a guessed alias"
    return ""


# --- the tested part ------------------------------------------------------------------------------------------------


def tested(links: Iterable[LinkResult]) -> Tested:
    """T: the direct links that ran, first match."""
    ran = [link for link in links if link.link.strength.direct and link.outcome is not LinkOutcome.NOT_RUN]
    outcomes = {link.outcome for link in ran}
    if not ran:
        return Tested.NONE
    if LinkOutcome.FAIL in outcomes:
        return Tested.FAIL
    if outcomes & {LinkOutcome.BLOCKED, LinkOutcome.OFF}:
        return Tested.UNDECIDED
    if LinkOutcome.WAIVED in outcomes:
        return Tested.WAIVED
    if any(link.outcome is LinkOutcome.PASS and link.link.strength is Strength.FULL for link in ran):
        return Tested.PASS
    if outcomes & {LinkOutcome.PASS, LinkOutcome.COMPENSATED}:
        return Tested.SUPPORT
    return Tested.EMPTY


def signals(links: Iterable[LinkResult]) -> tuple[LinkResult, ...]:
    """The indicative links that fail or are waived."""
    return tuple(
        link
        for link in links
        if not link.link.strength.direct and link.outcome in {LinkOutcome.FAIL, LinkOutcome.WAIVED}
    )


def worst_severity(links: Iterable[LinkResult]) -> PolicySeverity | None:
    """The severity of the worst failing direct link; None when none fails."""
    failing = {
        link.severity for link in links if link.link.strength.direct and link.outcome is LinkOutcome.FAIL
    }
    return next((severity for severity in PolicySeverity if severity in failing), None)


# --- the control ----------------------------------------------------------------------------------------------------


class Part(StrEnum):
    """The three parts a control can need."""

    TESTED = "tested"
    ATTESTED = "attested"
    INHERITED = "inherited"


PARTS: Mapping[AutomationClass, frozenset[Part]] = {
    AutomationClass.TECHNICAL: frozenset({Part.TESTED}),
    AutomationClass.PARTIAL: frozenset({Part.TESTED, Part.ATTESTED}),
    AutomationClass.MANUAL: frozenset({Part.ATTESTED}),
    AutomationClass.INHERITED_AND_ATTESTED: frozenset({Part.INHERITED, Part.ATTESTED}),
    AutomationClass.INHERITED: frozenset({Part.INHERITED}),
}
"""What each class needs; responsibility `shared` adds the inherited part."""


class Declared(StrEnum):
    """What the Statement of Applicability says of a control, as far as it moves the state."""

    NEUTRAL = "neutral"
    EXCLUDED = "excluded"
    NOT_IMPLEMENTED = "not-implemented"
    OVERDUE = "overdue"
    PLANNED = "planned"


def declared(entry: SoaEntry | None, today: date) -> Declared:
    """What a row of the Statement of Applicability declares; `planned` and past its date is overdue."""
    if entry is None:
        return Declared.NEUTRAL
    if entry.excluded:
        return Declared.EXCLUDED
    if entry.status == "not-implemented":
        return Declared.NOT_IMPLEMENTED
    if entry.status == "planned":
        return Declared.OVERDUE if entry.by is not None and entry.by < today else Declared.PLANNED
    return Declared.NEUTRAL


class Verdict(Struct, frozen=True):
    """The state of a control, and which parts it rests on."""

    state: ControlState
    need: frozenset[Part]
    lacking: frozenset[Part] = frozenset()
    """Needed parts that are missing or lapsed."""
    ending: frozenset[Part] = frozenset()
    """Needed parts that end soon."""


def needs_provider(automation: AutomationClass, responsibility: Responsibility) -> bool:
    """Whether evidence of the provider counts for such a control; where not, H is none whatever is registered."""
    return Part.INHERITED in PARTS[automation] or responsibility is Responsibility.SHARED


def control_state(
    automation: AutomationClass,
    responsibility: Responsibility,
    *,
    tested: Tested,
    attested: Attested,
    inherited: Inherited,
    signal: bool = False,
    declared: Declared = Declared.NEUTRAL,
) -> Verdict:
    """The state of a control from its class and its three parts: seven rules, first match."""
    need = set(PARTS[automation])
    if responsibility is Responsibility.SHARED:
        need.add(Part.INHERITED)
    if not needs_provider(automation, responsibility):
        inherited = Inherited.NONE
    test_needed = Part.TESTED in need
    untested = tested in {Tested.NONE, Tested.EMPTY}
    if tested is Tested.SUPPORT:
        need.add(Part.ATTESTED)
    if test_needed and untested and attested in {Attested.PASS, Attested.ENDING}:
        need.remove(Part.TESTED)
        need.add(Part.ATTESTED)
    lacking = {part for part in need if _is_lacking(part, tested, attested, inherited)}
    ending = set()
    if Part.ATTESTED in need and attested is Attested.ENDING:
        ending.add(Part.ATTESTED)
    if Part.INHERITED in need and inherited is Inherited.ENDING:
        ending.add(Part.INHERITED)

    def verdict(state: ControlState) -> Verdict:
        return Verdict(state, frozenset(need), frozenset(lacking), frozenset(ending))

    if declared is Declared.EXCLUDED:
        return verdict(ControlState.EXCLUDED)
    if (
        tested is Tested.FAIL
        or attested is Attested.FAIL
        or declared in {Declared.NOT_IMPLEMENTED, Declared.OVERDUE}
    ):
        return verdict(ControlState.GAP)
    if untested and attested is Attested.NONE and inherited is Inherited.NONE:
        return verdict(ControlState.NO_RESOURCES if tested is Tested.EMPTY else ControlState.NOT_AUTOMATED)
    if tested is Tested.EMPTY and test_needed and attested is Attested.NONE:
        return verdict(ControlState.NO_RESOURCES)
    if tested is Tested.UNDECIDED or declared is Declared.PLANNED or lacking:
        return verdict(ControlState.INCOMPLETE)
    if tested is Tested.WAIVED or ending or signal:
        return verdict(ControlState.AT_RISK)
    if Part.TESTED in need:
        return verdict(ControlState.SATISFIED)
    if automation in {AutomationClass.INHERITED, AutomationClass.INHERITED_AND_ATTESTED}:
        return verdict(ControlState.INHERITED)
    return verdict(ControlState.ATTESTED)


def _is_lacking(part: Part, tested: Tested, attested: Attested, inherited: Inherited) -> bool:
    if part is Part.TESTED:
        return tested in {Tested.NONE, Tested.EMPTY}
    if part is Part.ATTESTED:
        return attested in {Attested.NONE, Attested.LAPSED}
    return inherited in {Inherited.NONE, Inherited.LAPSED}
