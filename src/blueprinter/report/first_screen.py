"""The first screen of the report as numbers: what was looked at, the worst, how much was not, what to do first.

Each number knows the list that it counts (the anchor it links to) and where the JSON document says the same (`path`,
or a count over a list: `controls[counted=true,state=gap]`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from msgspec import Struct

from blueprinter.compliance import (
    ControlResult,
    ControlState,
    PolicySeverity,
    Run,
    Tested,
)
from blueprinter.report.outline import Action, Outline
from blueprinter.report.soa import soa_rows
from blueprinter.report.words import is_subscription

_CLEAR = frozenset({Tested.PASS, Tested.SUPPORT})


class Number(Struct, frozen=True):
    """A number of the first screen."""

    value: int
    anchor: str
    """The list that it counts."""
    json: str
    """Where the JSON document has it."""


class Evidence(Struct, frozen=True):
    """One kind of evidence behind the applicable controls."""

    number: Number
    label: str


class FirstScreen(Struct, frozen=True):
    """What a reader sees before anything else; only for a run with controls."""

    resources: Number
    subscriptions: int
    refused: Number
    unreadable: Number
    open: Number
    """Tested controls with an open or waived finding."""
    critical: Number
    waived: Number
    declared: Number
    tested: Number
    applicable: Number
    untested: Number
    evidence: tuple[Evidence, ...]
    """Adds up to `applicable`."""
    excluded: Number
    act: tuple[Action, ...]
    more: int
    ending: Number
    expired: Number
    contradictions: Number
    undecided: Number
    live_only: Number
    untested_types: Number
    age: str
    """How old the source was at the run (`5 h`, `3 days`), or empty where nobody knows."""


def first_screen(shown: Outline, *, actions: int = 3) -> FirstScreen:
    """The numbers of the first screen."""
    run = shown.run
    states = run.state_counts
    scopes = run.population.scopes
    failing = [result for result in shown.tested_open if result.tested is Tested.FAIL]
    waiting = waiting_for_evidence(shown)
    at_risk, incomplete = states.get(ControlState.AT_RISK, 0), states.get(ControlState.INCOMPLETE, 0)
    kinds = (
        (
            states.get(ControlState.SATISFIED, 0),
            "satisfied",
            "counts.states.satisfied",
            "tested clean and complete",
        ),
        (len(waiting), "waiting", "controls[counted=true,state=incomplete,tested=pass|support]", WAITING),
        (states.get(ControlState.GAP, 0), "gap", "counts.states.gap", "with a gap"),
        (at_risk, "at-risk", "counts.states.at-risk", "at risk"),
        (states.get(ControlState.ATTESTED, 0), "attested", "counts.states.attested", "attested"),
        (states.get(ControlState.INHERITED, 0), "inherited", "counts.states.inherited", "inherited"),
        (
            states.get(ControlState.NOT_AUTOMATED, 0),
            "not-automated",
            "counts.states.not-automated",
            "without any evidence",
        ),
        (
            states.get(ControlState.NO_RESOURCES, 0),
            "no-resources",
            "counts.states.no-resources",
            "nothing to test",
        ),
        (
            incomplete - len(waiting),
            "undecided-controls",
            "controls[counted=true,state=incomplete,tested!=pass|support]",
            "undecided or lapsed",
        ),
    )
    return FirstScreen(
        resources=Number(run.population.resources, "types", "population.resources"),
        subscriptions=sum(is_subscription(scope.scope) for scope in scopes),
        refused=Number(
            sum(scope.status == "refused" for scope in scopes), "scopes", "population.scopes[status=refused]"
        ),
        unreadable=Number(run.population.unreadable, "diagnostics", "population.unreadable"),
        open=Number(
            len(shown.tested_open), "tested-open", "controls[counted=true,state!=excluded,tested=fail|waived]"
        ),
        critical=Number(
            sum(result.severity is PolicySeverity.CRITICAL for result in failing),
            "critical",
            "controls[counted=true,state!=excluded,tested=fail,severity=critical]",
        ),
        waived=Number(
            len(shown.tested_open) - len(failing),
            "under-waiver",
            "controls[counted=true,state!=excluded,tested=waived]",
        ),
        declared=Number(
            sum(result.declared_gap for result in shown.gaps),
            "declared",
            "controls[counted=true,declaredGap=true]",
        ),
        tested=Number(run.coverage.part, "tested", "coverage.part"),
        applicable=Number(run.coverage.whole, "coverage", "coverage.whole"),
        untested=Number(
            len(shown.untested),
            "untested",
            "controls[counted=true,state!=excluded,tested!=fail|waived|pass|support]",
        ),
        evidence=tuple(
            Evidence(Number(value, anchor, path), label) for value, anchor, path, label in kinds if value
        ),
        excluded=Number(states.get(ControlState.EXCLUDED, 0), "excluded", "counts.states.excluded"),
        act=shown.actions[:actions],
        more=max(len(shown.actions) - actions, 0),
        ending=Number(_with_status(run, "ending"), "exemptions-ending", "exemptions[status=ending]"),
        expired=Number(_with_status(run, "expired"), "exemptions-expired", "exemptions[status=expired]"),
        contradictions=Number(
            sum(row.mismatch for row in soa_rows(run)), "soa-mismatches", "statementMismatches"
        ),
        undecided=Number(shown.total_undecided, "undecided", "counts.results.undecided"),
        live_only=Number(run.not_run_live_only, "live-only", "counts.liveOnlyNotRun"),
        untested_types=Number(
            len(run.population.untested_types), "untested-types", "population.untestedTypes[]"
        ),
        age=_age(run),
    )


WAITING = "tests pass, other evidence missing"


def waiting_for_evidence(shown: Outline) -> tuple[ControlResult, ...]:
    """Incomplete controls whose tests pass."""
    return tuple(result for result in shown.in_state(ControlState.INCOMPLETE) if result.tested in _CLEAR)


def days_since(day: str, run: Run) -> int | None:
    """Days from a date to the run; None where the text is none."""
    try:
        return max((run.now.date() - date.fromisoformat(day[:10])).days, 0)
    except ValueError:
        return None


def _with_status(run: Run, status: str) -> int:
    return sum(use.status == status for use in run.exemptions)


def _age(run: Run) -> str:
    """How old the source was, from when its collection ended."""
    try:
        ended = datetime.fromisoformat(run.population.ended_at.replace("Z", "+00:00"))
    except ValueError:
        return ""
    if ended.tzinfo is None:
        ended = ended.replace(tzinfo=UTC)
    now = run.now if run.now.tzinfo else run.now.replace(tzinfo=UTC)
    hours = max(int((now - ended).total_seconds() // 3600), 0)
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"
