"""The verdict of a run in plain sentences: each number a count or a fraction, and never the word compliant.

The order is fixed: what was looked at, the worst, how much was not looked at, what to do, and the limit.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from blueprinter.compliance.assess import DECIDED, UNDECIDED
from blueprinter.compliance.exemptions import ENDING, EXPIRED
from blueprinter.compliance.model import (
    Attested,
    ControlResult,
    ControlState,
    Pair,
    Population,
    Run,
    Tested,
)
from blueprinter.compliance.scope import subscription_of
from blueprinter.diagnostics import Severity
from blueprinter.policy import PolicySeverity
from blueprinter.text import plural

_CLEAR = frozenset({Tested.PASS, Tested.SUPPORT})
_LACKING = frozenset({Attested.NONE, Attested.LAPSED})


class FailingTest(Struct, frozen=True):
    """A test that some resource fails."""

    name: str
    severity: PolicySeverity
    controls: tuple[str, ...]
    """Those it speaks directly to."""
    resources: int


def headline(run: Run, failing: Sequence[FailingTest], *, allow_partial: bool) -> tuple[str, ...]:
    """The sentences of a run, most important first; what has nothing to say is left out."""
    population = run.population
    sentences = [
        *_partial(population, allow_partial=allow_partial),
        _looked_at(population),
        *_stale(population),
        *(_worst_controls(run) if run.results else _worst_pairs(run, failing)),
        *_not_looked_at(run),
        *_actions(run, failing),
        _limit(run),
    ]
    return tuple(sentence for sentence in sentences if sentence)


# --- what was looked at ---------------------------------------------------------------------------------------------


def _partial(population: Population, *, allow_partial: bool) -> list[str]:
    if not population.partial:
        return []
    parts = unread(population)
    what = f"{' and '.join(parts)} could not be read" if parts else "the inventory does not hold every row"
    then = "everything below speaks of the rest only" if allow_partial else "so no test passes on the rest"
    return [f"The population is incomplete: {what}, {then}."]


def unread(population: Population) -> list[str]:
    """What could not be read, counted: `1 of 3 scopes`, `2 records`."""
    refused = sum(scope.status == "refused" for scope in population.scopes)
    noun = "template" if population.source == "template" else "record"
    parts = [f"{refused:,} of {plural(len(population.scopes), 'scope')}"] if refused else []
    return parts + ([plural(population.unreadable, noun)] if population.unreadable else [])


def _looked_at(population: Population) -> str:
    what = plural(population.resources, "resource")
    subscriptions = {subscription_of(scope.scope) for scope in population.scopes} - {""}
    where = f" in {plural(len(subscriptions), 'subscription')}" if subscriptions else ""
    if population.source == "template":
        return f"{what} of {plural(len(population.files), 'template')} looked at, before deployment."
    if population.ended_at:
        by = f" by {population.collected_by}" if population.collected_by else ""
        return f"{what}{where} looked at, collected until {_moment(population.ended_at)}{by}."
    if population.source == "inventory":
        return (
            f"{what}{where} looked at; no manifest says how old the inventory is or whether it is complete."
        )
    return f"{what}{where} looked at, from {population.source}."


def _moment(stamp: str) -> str:
    """`2026-11-20T05:48:00Z` -> `2026-11-20 05:48 UTC`."""
    return f"{stamp[:10]} {stamp[11:16]} UTC"


def _stale(population: Population) -> list[str]:
    if not population.stale:
        return []
    return ["The data is older than allowed: failures stand, and nothing passes on it."]


# --- the worst ------------------------------------------------------------------------------------------------------


def _worst_controls(run: Run) -> list[str]:
    counted = _counted(run)
    tested, clear = run.coverage.part, run.score.part
    sentences = []
    if not tested:
        sentences.append("No applicable control was decided by a test.")
    elif tested == clear:
        sentences.append(f"None of the {plural(tested, 'tested control')} has an open finding.")
    else:
        verb = "has" if tested - clear == 1 else "have"
        failing = [result for result in counted if result.tested is Tested.FAIL]
        critical = sum(result.severity is PolicySeverity.CRITICAL for result in failing)
        waived = tested - clear - len(failing)
        details = [
            f"{count:,} of them {word}"
            for count, word in ((critical, "critical"), (waived, "under a waiver"))
            if count
        ]
        text = f"{tested - clear:,} of {plural(tested, 'tested control')} {verb} an open finding"
        sentences.append(f"{', '.join([text, *details])}.")
    declared = sum(result.declared_gap for result in counted)
    if declared:
        gaps = plural(declared, "control is a gap", "controls are gaps")
        sentences.append(f"{gaps} by declaration, without a failing test.")
    return sentences


def _worst_pairs(run: Run, failing: Sequence[FailingTest]) -> list[str]:
    open_pairs = run.pair_counts.get(Pair.NON_COMPLIANT, 0)
    decided = sum(run.pair_counts.get(pair, 0) for pair in DECIDED)
    if not decided:
        return ["No check was decided."]
    if not open_pairs:
        return [f"None of the {plural(decided, 'decided check')} fails."]
    critical = sum(test.resources for test in failing if test.severity is PolicySeverity.CRITICAL)
    verb = "fails" if open_pairs == 1 else "fail"
    text = f"{open_pairs:,} of {plural(decided, 'decided check')} {verb}"
    return [
        f"{text}, {critical:,} of them critical." if critical else f"{text}.",
        _resources_with_findings(run),
    ]


def _resources_with_findings(run: Run) -> str:
    score = run.resource_score
    verb = "has" if score.whole - score.part == 1 else "have"
    return f"{score.whole - score.part:,} of {plural(score.whole, 'resource')} {verb} a finding."


# --- how much was not looked at -------------------------------------------------------------------------------------


def _not_looked_at(run: Run) -> list[str]:
    sentences = []
    if run.results:
        tested, applicable = run.coverage.part, run.coverage.whole
        text = f"{tested:,} of {plural(applicable, 'applicable control')} could be tested by configuration at all"
        rest = applicable - tested
        sentences.append(f"{text}; {rest:,} could not." if rest else f"{text}.")
        sentences.append(f"Evidence: {' · '.join(_evidence(_counted(run)))}.")
    undecided = sum(run.pair_counts.get(pair, 0) for pair in UNDECIDED)
    if undecided:
        checks = undecided + sum(run.pair_counts.get(pair, 0) for pair in DECIDED)
        sentences.append(f"{undecided:,} of {plural(checks, 'check')} could not be decided.")
    if not run.results and lacks_definitions(run):
        sentences.append("Some definitions are not available, so what they test is not known.")
    if run.not_run_live_only:
        verb = "was" if run.not_run_live_only == 1 else "were"
        sentences.append(f"{plural(run.not_run_live_only, 'live-only test')} {verb} not run.")
    if run.population.untested_types:
        kinds = plural(len(run.population.types), "resource type")
        sentences.append(f"No test looks at {len(run.population.untested_types):,} of {kinds}.")
    return sentences


def lacks_definitions(run: Run) -> bool:
    """Whether something is assigned whose definition is not available (BP265)."""
    return any(found.code == "BP265" and found.severity is Severity.WARNING for found in run.diagnostics)


def _evidence(counted: Sequence[ControlResult]) -> list[str]:
    """What stands behind the counted controls; the numbers add up to the counted set."""
    kinds = {
        "tested clean and complete": 0,
        "tests pass, other evidence missing": 0,
        "undecided": 0,
        "evidence missing or lapsed": 0,
        "attested": 0,
        "inherited": 0,
        "at risk": 0,
        "with a gap": 0,
        "nothing to test": 0,
        "no evidence at all": 0,
        "excluded": 0,
    }
    for result in counted:
        kinds[_kind(result)] += 1
    return [f"{count:,} {kind}" for kind, count in kinds.items() if count]


def _kind(result: ControlResult) -> str:
    if result.state is ControlState.INCOMPLETE:
        if result.tested in _CLEAR:
            return "tests pass, other evidence missing"
        return "undecided" if result.tested is Tested.UNDECIDED else "evidence missing or lapsed"
    return {
        ControlState.GAP: "with a gap",
        ControlState.AT_RISK: "at risk",
        ControlState.SATISFIED: "tested clean and complete",
        ControlState.ATTESTED: "attested",
        ControlState.INHERITED: "inherited",
        ControlState.NO_RESOURCES: "nothing to test",
        ControlState.NOT_AUTOMATED: "no evidence at all",
        ControlState.EXCLUDED: "excluded",
    }[result.state]


# --- what to do -----------------------------------------------------------------------------------------------------


def _actions(run: Run, failing: Sequence[FailingTest]) -> list[str]:
    sentences = []
    if failing:
        first = min(failing, key=_urgency)
        speaks = f" and {plural(len(first.controls), 'control')}" if first.controls else ""
        what = f"{plural(first.resources, 'resource')}{speaks}"
        sentences.append(f"Start with “{first.name}” ({first.severity}): {what}.")
    waiting = sum(
        result.state is ControlState.INCOMPLETE and result.tested in _CLEAR and result.attested in _LACKING
        for result in _counted(run)
    )
    if waiting:
        text = plural(waiting, "control passes its tests and waits", "controls pass their tests and wait")
        sentences.append(f"{text} for an attestation.")
    expired = sum(use.status == EXPIRED for use in run.exemptions)
    ending = sum(use.status == ENDING for use in run.exemptions)
    if expired:
        sentences.append(f"{plural(expired, 'exemption has', 'exemptions have')} expired.")
    if ending:
        sentences.append(f"{plural(ending, 'exemption ends', 'exemptions end')} soon.")
    return sentences


def _urgency(test: FailingTest) -> tuple[bool, int, int, int, str]:
    """What to mend first: what makes a gap, the most severe, then what most controls and resources hang on."""
    return (
        not test.controls,
        list(PolicySeverity).index(test.severity),
        -len(test.controls),
        -test.resources,
        test.name,
    )


# --- the limit ------------------------------------------------------------------------------------------------------


def _limit(run: Run) -> str:
    if run.framework is None:
        return "No control was judged: these are findings of policies."
    return (
        f"This is technical evidence for {run.framework.title}, not a statement that it is met: "
        "an assessor judges that, on more than configuration."
    )


def _counted(run: Run) -> list[ControlResult]:
    ids = frozenset(run.framework.counted) if run.framework else frozenset()
    return [result for result in run.results if result.control.id in ids]
