"""What changed between two runs: failures new, reopened and fixed, controls in another state, ages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias

from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.compliance.manifest import in_utc
from blueprinter.compliance.model import (
    Change,
    Comparison,
    ControlChange,
    ControlState,
    FindingChange,
    Fraction,
    Pair,
    Run,
)
from blueprinter.policy import PolicySeverity, definition_key
from blueprinter.text import plural

Key: TypeAlias = "tuple[str, str]"
"""A failure by its test (`definition_key`) and its resource (folded id): what stays the same from run to run."""

_NAMED = 5
"""Names in a note before the rest is only counted."""
_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(PolicySeverity)}
_CHANGE_RANK = {change: rank for rank, change in enumerate((Change.NEW, Change.REOPENED, Change.FIXED))}


class Failure(Struct, frozen=True):
    """A policy that a resource does not meet."""

    test: str
    resource: str
    policy: str
    severity: PolicySeverity
    controls: tuple[str, ...]
    since: str = ""
    """The day of the first saved run that had it without a break since; empty = not known."""

    @property
    def key(self) -> Key:
        return (self.test, fold(self.resource))


class Snapshot(Struct, frozen=True):
    """What of a run others are compared with."""

    run_id: str
    now: datetime
    blueprint: str
    version: str
    pack: str
    framework: str
    assignment: str
    scopes: tuple[str, ...]
    states: Mapping[str, ControlState]
    """Every control and clause."""
    counts: Mapping[ControlState, int]
    coverage: Fraction
    score: Fraction
    failing: int
    failures: Mapping[Key, Failure]
    complete: bool
    """Whether `failures` holds all of them."""
    tests: Mapping[str, str]
    """Linked tests -> what they are called."""
    declared: Mapping[str, str]
    """Controls -> what the Statement of Applicability says of them: `implemented`, `excluded`, …"""

    @property
    def line(self) -> tuple[str, str, str]:
        """Runs of one line follow each other: the same blueprint, framework and assignment."""
        return (fold(self.blueprint), fold(self.framework), fold(self.assignment))


def snapshot(run: Run) -> Snapshot:
    """What of a run others are compared with."""
    failures = (
        Failure(
            definition_key(found.state.assigned.definition.id),
            found.state.resource.id,
            found.state.assigned.definition.display_name or found.state.assigned.definition.name,
            found.severity,
            found.controls,
            found.first_seen,
        )
        for found in run.findings
        if found.pair is Pair.NON_COMPLIANT
    )
    return Snapshot(
        run_id=run.run_id,
        now=in_utc(run.now),
        blueprint=run.blueprint,
        version=run.blueprint_version,
        pack=run.pack_sha256,
        framework=run.framework.id if run.framework else "",
        assignment=run.assignment,
        scopes=tuple(sorted({fold(scope.scope) for scope in run.population.scopes})),
        states={result.control.id: result.state for result in run.results},
        counts=run.state_counts,
        coverage=run.coverage,
        score=run.score,
        failing=max(
            run.pair_counts.get(Pair.NON_COMPLIANT, 0),
            sum(found.pair is Pair.NON_COMPLIANT for found in run.findings),
        ),
        failures={failure.key: failure for failure in failures},
        complete=len(run.findings) >= run.findings_total,
        tests={
            outcome.link.test: outcome.display_name or outcome.link.test
            for result in run.results
            for outcome in result.links
        },
        declared=_declared(run),
    )


def _declared(run: Run) -> dict[str, str]:
    entries = run.statement.entries if run.statement is not None else {}
    return {
        control: (entry.status or "not stated") if entry.applicable else "excluded"
        for control, entry in entries.items()
    }


def compare(older: Snapshot, newer: Snapshot, *, before: Collection[Key] = ()) -> Comparison:
    """What changed from one run to another; `before` are failures of runs that lie before the older one.

    Where a list was cut, what it does not hold cannot be told from what is not there: such changes are left out,
    and a note says so.
    """
    notes = [*_scopes(older, newer), *_tests(older, newer), *_declarations(older, newer)]
    changes: list[FindingChange] = []
    if older.complete:
        for key, failure in newer.failures.items():
            if key not in older.failures:
                changes.append(_change(Change.REOPENED if key in before else Change.NEW, failure))
    else:
        notes.append("the earlier run kept only its worst findings, so new ones are not told")
    if newer.complete:
        gone = (failure for key, failure in older.failures.items() if key not in newer.failures)
        changes.extend(_change(Change.FIXED, failure) for failure in gone)
    else:
        notes.append("this run kept only its worst findings, so fixed ones are not told")
    why_not = _why_not(older, newer)
    controls = tuple(
        ControlChange(control, older.states[control], state)
        for control, state in newer.states.items()
        if control in older.states and older.states[control] is not state
    )
    return Comparison(
        older.run_id,
        older.now,
        not why_not,
        why_not,
        tuple(notes),
        controls,
        tuple(sorted(changes, key=_rank)),
    )


def new_failures(older: Snapshot, newer: Snapshot) -> tuple[Failure, ...]:
    """Failures that the newer run holds and the older does not."""
    return tuple(failure for key, failure in newer.failures.items() if key not in older.failures)


def known_gaps(run: Run, baseline: Snapshot) -> frozenset[str]:
    """Controls whose gap is no news: it was one in the baseline, and no direct test fails on anything new."""
    fresh = {failure.test for failure in new_failures(baseline, snapshot(run))}
    return frozenset(
        result.control.id
        for result in run.results
        if result.state is ControlState.GAP
        and baseline.states.get(result.control.id) is ControlState.GAP
        and not any(
            {link.link.test, link.link.equivalent} & fresh
            for link in result.links
            if link.link.strength.direct
        )
    )


def mean_age(failures: Iterable[Failure], today: date) -> int:
    """Days since the failures were first seen, on average, rounded down; one that is not known is of today."""
    ages = [(today - date.fromisoformat(one.since)).days if one.since else 0 for one in failures]
    return sum(max(age, 0) for age in ages) // len(ages) if ages else 0


def _change(change: Change, failure: Failure) -> FindingChange:
    return FindingChange(
        change, failure.test, failure.policy, failure.severity, failure.resource, failure.controls
    )


def _rank(change: FindingChange) -> tuple[int, int, str, str, str]:
    return (
        _CHANGE_RANK[change.change],
        _SEVERITY_RANK[change.severity],
        fold(change.policy),
        change.test,
        fold(change.resource),
    )


def _why_not(older: Snapshot, newer: Snapshot) -> str:
    """Why differences may come from something else than the estate, or empty."""
    if fold(older.blueprint) != fold(newer.blueprint):
        return f"judged by {older.blueprint or 'no blueprint'}, now by {newer.blueprint or 'no blueprint'}"
    if older.version != newer.version:
        return f"{newer.blueprint} was {older.version}, and is now {newer.version}"
    if older.pack != newer.pack:
        return f"the content of {newer.blueprint} {newer.version} is another, with the same version"
    return ""


def _tests(older: Snapshot, newer: Snapshot) -> list[str]:
    """Tests that came and went."""
    notes = []
    for these, those, word in ((newer.tests, older.tests, "more"), (older.tests, newer.tests, "less")):
        names = sorted((these[key] for key in these.keys() - those.keys()), key=fold)
        if names and those:
            notes.append(f"{plural(len(names), 'test')} {word} than before: {_some(names)}")
    return notes


def _declarations(older: Snapshot, newer: Snapshot) -> list[str]:
    """What the Statement of Applicability says otherwise."""
    changed = [
        f"{control} {older.declared[control]} → {status}"
        for control, status in newer.declared.items()
        if older.declared.get(control, status) != status
    ]
    return (
        [f"the SoA declares {plural(len(changed), 'control')} otherwise: {_some(changed)}"] if changed else []
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _scopes(older: Snapshot, newer: Snapshot) -> list[str]:
    added = sorted(set(newer.scopes) - set(older.scopes))
    gone = sorted(set(older.scopes) - set(newer.scopes))
    notes = []
    if added:
        notes.append(f"{plural(len(added), 'scope')} more than before: {_some(added)}")
    if gone:
        notes.append(f"{plural(len(gone), 'scope')} less than before: {_some(gone)}")
    return notes
