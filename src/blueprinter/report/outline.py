"""What the reports for people have in common: a run, sorted into the lists that its numbers count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from blueprinter.blueprint import Link
from blueprinter.compliance import (
    Attested,
    ControlResult,
    ControlState,
    ExemptionUse,
    Finding,
    LinkOutcome,
    Pair,
    PolicySeverity,
    Run,
    Tested,
    is_sensitive,
)
from blueprinter.policy import PolicyDefinition, definition_key
from blueprinter.report.words import EXEMPTION_STATUS

_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(PolicySeverity)}
_STATUS_RANK = {status: rank for rank, status in enumerate(EXEMPTION_STATUS)}
_DECIDED_BY_TESTS = frozenset({Tested.FAIL, Tested.WAIVED, Tested.SUPPORT, Tested.PASS})
_CLEAR = frozenset({Tested.SUPPORT, Tested.PASS})
_UNDECIDED = frozenset({Pair.UNSUPPORTED, Pair.ERROR, Pair.CONFLICT, Pair.UNKNOWN})
_EXEMPT = frozenset({Pair.WAIVED, Pair.MITIGATED})


class GroupRow(Struct, frozen=True):
    """One theme or clause group of the framework, with its controls of the counted set by state."""

    id: str
    title: str
    results: tuple[ControlResult, ...]
    states: Mapping[ControlState, int]


class Action(Struct, frozen=True):
    """One rule that fails: mending it on its resources closes these findings."""

    test: str
    """`definition_key` of the definition."""
    severity: PolicySeverity
    policy: str
    """Display name of the definition."""
    effect: str
    controls: tuple[str, ...]
    """Controls whose gap this rule makes; every linked control where the run has no framework."""
    closes: tuple[str, ...]
    """Those of them for which no other direct test fails."""
    resources: tuple[str, ...]
    """Distinct failing resources, by id."""
    exposed: int
    """How many of them have a public network path by their own settings."""
    sensitive: int = 0
    """How many of them are tagged as holding confidential data."""
    owners: tuple[str, ...] = ()
    """Who is named on them, the most frequent first; nobody is not in it."""
    unowned: int = 0
    since: str = ""
    """The day of the oldest of these findings that saved runs know; empty = not known."""
    remedy: str = ""
    """What the policy's author says would mend it."""


class Outline(Struct, frozen=True):
    """The lists behind the numbers of a run. Every tuple is in the order in which it is shown."""

    run: Run
    counted: tuple[ControlResult, ...]
    """The counted set, in the framework's order."""
    clauses: tuple[ControlResult, ...]
    """Leaf clauses outside the counted set: one line apart, in none of the numbers."""
    groups: tuple[GroupRow, ...]
    gaps: tuple[ControlResult, ...]
    """Worst severity first, then most failing resources; declared gaps last."""
    tested_open: tuple[ControlResult, ...]
    """Decided by tests, with an open or waived finding."""
    tested_clear: tuple[ControlResult, ...]
    """Decided by tests, no open finding: the numerator of the score."""
    untested: tuple[ControlResult, ...]
    """Applicable, and not decided by tests."""
    actions: tuple[Action, ...]
    failing: tuple[Finding, ...]
    """Findings that are non-compliant and not exempt."""
    exempt: tuple[Finding, ...]
    undecided: tuple[Finding, ...]
    totals: Mapping[Pair, int]
    """Findings by result over the whole evaluation, also those that the run does not hold."""
    complete: bool
    """Whether the run holds every finding it counted."""
    exemptions: tuple[ExemptionUse, ...]
    """Expired and ending first, then by date."""

    @property
    def total_failing(self) -> int:
        """Findings that are non-compliant and not exempt, held or not."""
        return self.totals[Pair.NON_COMPLIANT]

    @property
    def total_exempt(self) -> int:
        """Findings that an exemption in date accepts, held or not."""
        return sum(self.totals[pair] for pair in _EXEMPT)

    @property
    def total_undecided(self) -> int:
        """Findings that could not be decided, held or not."""
        return sum(self.totals[pair] for pair in _UNDECIDED)

    def in_state(self, state: ControlState) -> tuple[ControlResult, ...]:
        """The controls of the counted set in a state; gaps worst first."""
        if state is ControlState.GAP:
            return self.gaps
        return tuple(result for result in self.counted if result.state is state)


def outline(run: Run) -> Outline:
    """Sort a run into the lists that reports show."""
    in_set = frozenset(run.framework.counted if run.framework else ())
    counted = counted_results(run)
    clauses = tuple(
        result for result in run.results if result.control.id not in in_set and result.control.leaf
    )
    applicable = tuple(result for result in counted if result.state is not ControlState.EXCLUDED)
    failing = tuple(found for found in run.findings if found.pair is Pair.NON_COMPLIANT)
    return Outline(
        run=run,
        counted=counted,
        clauses=clauses,
        groups=_groups(run, counted),
        gaps=_worst_first(result for result in counted if result.state is ControlState.GAP),
        tested_open=tuple(result for result in applicable if result.tested in _DECIDED_BY_TESTS - _CLEAR),
        tested_clear=tuple(result for result in applicable if result.tested in _CLEAR),
        untested=tuple(result for result in applicable if result.tested not in _DECIDED_BY_TESTS),
        actions=_actions(run, failing),
        failing=failing,
        exempt=tuple(found for found in run.findings if found.pair in _EXEMPT),
        undecided=tuple(found for found in run.findings if found.pair in _UNDECIDED),
        totals=_totals(run),
        complete=len(run.findings) >= run.findings_total,
        exemptions=_exemptions(run),
    )


def counted_results(run: Run) -> tuple[ControlResult, ...]:
    """The results of the counted set, in the framework's order."""
    in_set = frozenset(run.framework.counted if run.framework else ())
    return tuple(result for result in run.results if result.control.id in in_set)


def count_states(results: Iterable[ControlResult]) -> dict[ControlState, int]:
    """How many of the results are in each state; every state is there, in report order."""
    counts = dict.fromkeys(ControlState, 0)
    for result in results:
        counts[result.state] += 1
    return counts


def severity_rank(severity: PolicySeverity | None) -> int:
    """0 for the worst; a severity that is not known ranks last."""
    return len(_SEVERITY_RANK) if severity is None else _SEVERITY_RANK[severity]


def tests_of(result: ControlResult, *, direct: bool) -> frozenset[str]:
    """The `definition_key`s of a control's direct (or indicative) links, equivalents included."""
    return frozenset(
        key
        for outcome in result.links
        if outcome.link.strength.direct is direct
        for key in keys_of(outcome.link)
    )


def findings_of(result: ControlResult, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of a control's direct tests, in their order."""
    tests = tests_of(result, direct=True)
    return tuple(
        found for found in findings if result.control.id in found.controls and test_of(found) in tests
    )


def test_of(finding: Finding) -> str:
    """The `definition_key` of the finding's policy."""
    return definition_key(finding.state.assigned.definition.id)


def evidence_parts(result: ControlResult) -> tuple[str, ...]:
    """Which parts of the evidence speak for the control: `tests`, `attestation`, `provider`."""
    parts = []
    if result.tested in _CLEAR:
        parts.append("tests")
    if result.attested in (Attested.PASS, Attested.ENDING):
        parts.append("attestation")
    if str(result.inherited) in ("pass", "ending"):
        parts.append("provider")
    return tuple(parts)


def keys_of(link: Link) -> tuple[str, ...]:
    """The `definition_key`s of a link: its test, and the built-in that is the same test."""
    return (link.test, link.equivalent) if link.equivalent else (link.test,)


def _worst_first(results: Iterable[ControlResult]) -> tuple[ControlResult, ...]:
    return tuple(sorted(results, key=lambda result: (severity_rank(result.severity), -result.failing)))


def _groups(run: Run, counted: tuple[ControlResult, ...]) -> tuple[GroupRow, ...]:
    """Groups that hold counted controls, in the framework's order; ungrouped controls come last."""
    if run.framework is None:
        return ()
    titles = {group.id: group.title for group in run.framework.groups}
    members: dict[str, list[ControlResult]] = {name: [] for name in titles}
    for result in counted:
        members.setdefault(result.control.group, []).append(result)
    return tuple(
        GroupRow(name, titles.get(name, ""), tuple(results), count_states(results))
        for name, results in members.items()
        if results
    )


def _actions(run: Run, failing: tuple[Finding, ...]) -> tuple[Action, ...]:
    """Failing rules: worst severity first, then most exposed, most resources, most controls closed, name."""
    gaps = {result.control.id: result for result in run.results if result.state is ControlState.GAP}
    direct = {name: tests_of(result, direct=True) for name, result in gaps.items()}
    by_test: dict[str, list[Finding]] = {}
    for found in failing:
        by_test.setdefault(test_of(found), []).append(found)
    actions = []
    for test, found_here in by_test.items():
        linked = tuple(dict.fromkeys(name for found in found_here for name in found.controls))
        controls = linked if run.framework is None else tuple(n for n in linked if test in direct.get(n, ()))
        if run.framework is not None and not controls:
            continue
        by_id = {found.state.resource.id: found for found in found_here}
        worst = min(found_here, key=lambda found: severity_rank(found.severity))
        definition = worst.state.assigned.definition
        actions.append(
            Action(
                test=test,
                severity=worst.severity,
                policy=definition.display_name or definition.name,
                effect=worst.state.effect,
                controls=controls,
                closes=tuple(name for name in controls if name in gaps and _fails_only(gaps[name], test)),
                resources=tuple(sorted(by_id)),
                exposed=sum(found.facts.exposed for found in by_id.values()),
                sensitive=sum(is_sensitive(found.facts) for found in by_id.values()),
                owners=_owners(by_id.values()),
                unowned=sum(not found.facts.owner for found in by_id.values()),
                since=min((found.first_seen for found in found_here if found.first_seen), default=""),
                remedy=remedy_of(definition),
            )
        )
    return tuple(sorted(actions, key=_urgency))


def remedy_of(definition: PolicyDefinition) -> str:
    """What a policy's author says would mend a resource that fails, or empty."""
    said = definition.metadata.get("remediation")
    return said if isinstance(said, str) else ""


def _owners(findings: Iterable[Finding]) -> tuple[str, ...]:
    counts = Counter(owner for found in findings if (owner := found.facts.owner))
    return tuple(name for name, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _urgency(action: Action) -> tuple[int, int, int, int, int, str, str]:
    return (
        severity_rank(action.severity),
        -action.exposed,
        -action.sensitive,
        -len(action.resources),
        -len(action.closes),
        action.since or "9999",
        action.policy,
    )


def _fails_only(result: ControlResult, test: str) -> bool:
    failing = [outcome for outcome in result.links if outcome.outcome is LinkOutcome.FAIL]
    if result.attested is Attested.FAIL or not failing:
        return False
    return all(test in keys_of(outcome.link) for outcome in failing if outcome.link.strength.direct)


def _totals(run: Run) -> dict[Pair, int]:
    """A complete run is counted by its list; else the verdicts count where they are more than the list holds."""
    held = Counter(found.pair for found in run.findings)
    if len(run.findings) >= run.findings_total:
        return {pair: held[pair] for pair in Pair}
    return {pair: max(held[pair], run.pair_counts.get(pair, 0)) for pair in Pair}


def _exemptions(run: Run) -> tuple[ExemptionUse, ...]:
    return tuple(
        sorted(
            run.exemptions,
            key=lambda use: (
                _STATUS_RANK.get(use.status, len(_STATUS_RANK)),
                use.exemption.expires_on,
                use.exemption.name,
            ),
        )
    )
