"""The HTML report: one self-contained file that opens from disk, without a network and without JavaScript.

What keeps foreign text harmless is in `page`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct

from blueprinter.arm import CLOUDS, parse_id
from blueprinter.blueprint import Strength
from blueprinter.compliance import (
    LIVE_ONLY,
    Attested,
    Change,
    ControlResult,
    ControlState,
    Finding,
    Fraction,
    Inherited,
    LinkOutcome,
    LinkResult,
    Pair,
    PolicySeverity,
    Run,
    Tested,
    is_sensitive,
    service_name,
)
from blueprinter.report.bars import segments
from blueprinter.report.editions import editions
from blueprinter.report.evidence_index import evidence_index
from blueprinter.report.first_screen import days_since, first_screen, waiting_for_evidence
from blueprinter.report.fixes import fixes
from blueprinter.report.jsonl import state_line
from blueprinter.report.options import ReportOptions
from blueprinter.report.outline import (
    GroupRow,
    Outline,
    count_states,
    evidence_parts,
    findings_of,
    outline,
    remedy_of,
    severity_rank,
    test_of,
)
from blueprinter.report.owners import by_owner
from blueprinter.report.page import anchor, environment, inline_hash, source
from blueprinter.report.records import line, place_of, where
from blueprinter.report.reproduce import command
from blueprinter.report.soa import soa_rows
from blueprinter.report.treatment import planned
from blueprinter.report.trend_chart import trend_chart
from blueprinter.text import for_terminal, plural

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

_TEMPLATE = "report.html.j2"
_PER_RULE = 10
"""Resources of one rule listed inside one control; the list of all findings has the rest."""
_DETAILED = 500
"""Findings with path, place and portal link; the page holds thousands more in one line each, and stays small."""

_WORST_FIRST = {
    outcome: rank
    for rank, outcome in enumerate(
        (
            LinkOutcome.FAIL,
            LinkOutcome.OFF,
            LinkOutcome.BLOCKED,
            LinkOutcome.WAIVED,
            LinkOutcome.COMPENSATED,
            LinkOutcome.NOT_RUN,
            LinkOutcome.PASS,
            LinkOutcome.EMPTY,
        )
    )
}


def write_html(run: Run, options: ReportOptions) -> Iterator[str]:
    """The page, in pieces; at most `max_findings` findings stand in it, with their total."""
    made = _environment()
    style, script = (source(made, name) for name in ("report.css", "report.js"))
    shown = outline(run)
    template = made.get_template(_TEMPLATE)
    yield from template.generate(
        run=run,
        shown=shown,
        page=Page(shown, options),
        style=style,
        script=script,
        style_hash=inline_hash(style),
        script_hash=inline_hash(script),
    )


def findings_beside(run: Run, options: ReportOptions, name: str) -> Iterator[tuple[str, bytes]]:
    """Every finding that the run holds as JSON lines beside the page, where the page could not take them all."""
    if len(run.findings) > options.max_findings and options.document == "gaps":
        yield data_file(name), "".join(state_line(found) for found in run.findings).encode()


def data_file(name: str) -> str:
    """The file of findings that stands beside a page."""
    return f"{name.rpartition('.')[0] or name}.findings.jsonl"


class SeverityRow(Struct, frozen=True):
    """The failures of one severity."""

    severity: PolicySeverity
    rules: int
    findings: int
    resources: int
    exposed: int
    sensitive: int
    oldest: str


class Page:
    """What the templates ask about a run beyond its own fields."""

    def __init__(self, shown: Outline, options: ReportOptions) -> None:
        run = shown.run
        self.limit = _PER_RULE
        self.failing = shown.failing[: options.max_findings]
        left = max(options.max_findings - len(self.failing), 0)
        self.undecided = shown.undecided[:left]
        self.exempt = shown.exempt[: max(left - len(self.undecided), 0)]
        self.first = first_screen(shown) if run.framework is not None else None
        self.fixes = fixes(shown) if run.framework is not None else ()
        self.owners = by_owner(shown.failing)
        self.editions = editions(run)
        self.trend = trend_chart(run.trend)
        self.soa = soa_rows(run) if run.framework is not None else ()
        self.treatments = planned(shown)
        self.evidence = evidence_index(run)
        self.command = command(run)
        self.is_live = not run.population.files
        self.conformance = Fraction(
            sum(one.passed for one in run.conformance), sum(one.cases for one in run.conformance)
        )
        self._shown = shown
        self._failing_of = _by_control(shown.failing)
        self._other_of = _by_control((*shown.exempt, *shown.undecided))
        self._detailed = frozenset(id(found) for found in run.findings[:_DETAILED])
        self._listed = frozenset(test_of(found) for found in self.failing)
        self._scope_names = {
            scope.scope.casefold(): scope.name for scope in run.population.scopes if scope.name
        }
        cloud = CLOUDS.get(run.cloud)
        self._portal = cloud.portal if cloud is not None and not run.template_only else ""

    def is_detailed(self, finding: Finding) -> bool:
        """Whether a finding is shown with everything, or in one line, as those far down are."""
        return id(finding) in self._detailed

    def portal(self, finding: Finding) -> str:
        """The address of a resource in the portal of its cloud; empty where it has none."""
        id = finding.state.resource.id
        odd = parse_id(id) is None or not id.startswith("/subscriptions/") or for_terminal(id) != id
        if not self._portal or odd:
            return ""
        return f"{self._portal}/#resource{quote(id, safe='/')}"

    def days(self, day: str) -> str:
        """`since 12 days`, `since today`; empty where saved runs say nothing."""
        found = days_since(day, self._shown.run)
        if found is None:
            return ""
        return f"since {plural(found, 'day')}" if found else "since today"

    def severities(self) -> tuple[SeverityRow, ...]:
        """The failures by severity, the worst first; a severity without any is left out."""
        rows = []
        for severity in PolicySeverity:
            found = [one for one in self._shown.failing if one.severity is severity]
            if not found:
                continue
            facts = {one.state.resource.id: one.facts for one in found}
            rows.append(
                SeverityRow(
                    severity,
                    len({test_of(one) for one in found}),
                    len(found),
                    len(facts),
                    sum(one.exposed for one in facts.values()),
                    sum(is_sensitive(one) for one in facts.values()),
                    min((one.first_seen for one in found if one.first_seen), default=""),
                )
            )
        return tuple(rows)

    def waiting(self) -> tuple[ControlResult, ...]:
        """Incomplete controls whose tests pass."""
        return waiting_for_evidence(self._shown)

    def undecided_controls(self) -> tuple[ControlResult, ...]:
        """The other incomplete controls."""
        waiting = frozenset(result.control.id for result in self.waiting())
        found = self._shown.in_state(ControlState.INCOMPLETE)
        return tuple(result for result in found if result.control.id not in waiting)

    def critical(self) -> tuple[ControlResult, ...]:
        """Controls of which a critical test fails."""
        return tuple(
            result
            for result in self._shown.tested_open
            if result.tested is Tested.FAIL and result.severity is PolicySeverity.CRITICAL
        )

    def under_waiver(self) -> tuple[ControlResult, ...]:
        """Tested controls of which every failure is waived."""
        return tuple(result for result in self._shown.tested_open if result.tested is Tested.WAIVED)

    def declared(self) -> tuple[ControlResult, ...]:
        """Gaps without a failing test."""
        return tuple(result for result in self._shown.gaps if result.declared_gap)

    def live_only(self) -> tuple[LinkResult, ...]:
        """Tests that only Azure itself can answer and that were not run, each once."""
        found = {
            (outcome.link.target, outcome.link.test, outcome.link.reference): outcome
            for result in self._shown.run.results
            for outcome in result.links
            if outcome.outcome is LinkOutcome.NOT_RUN and outcome.reason == LIVE_ONLY
        }
        return tuple(found.values())

    def undecided_reasons(self) -> tuple[tuple[str, int], ...]:
        """Why verdicts could not be reached, the most frequent first; over the findings that the run holds."""
        counts = Counter(str(found.state.reason or found.pair) for found in self._shown.undecided)
        return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))

    def failing_of(self, result: ControlResult) -> tuple[Finding, ...]:
        """Every failing resource of the control's direct tests that the run holds."""
        return findings_of(result, self._failing_of.get(result.control.id, ()))

    def other_of(self, result: ControlResult) -> tuple[Finding, ...]:
        """Exempt and undecided findings of the control's direct tests."""
        return findings_of(result, self._other_of.get(result.control.id, ()))

    def by_rule(self, findings: Sequence[Finding]) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
        """Findings by the `definition_key` of their policy, in the order in which the policies first come."""
        rules: dict[str, list[Finding]] = {}
        for found in findings:
            rules.setdefault(test_of(found), []).append(found)
        return tuple((test, tuple(found)) for test, found in rules.items())

    def resources(self, findings: Sequence[Finding]) -> int:
        """How many distinct resources the findings are on."""
        return len({found.state.resource.id for found in findings})

    def list_of(self, test: str) -> str:
        """The anchor of a failing rule in the list of all findings; of the list where the rule was cut off."""
        return rule_anchor("failing", test) if test in self._listed else "failing"

    def tests(self, result: ControlResult) -> tuple[LinkResult, ...]:
        """The tests of a control: what needs a look first."""
        return tuple(sorted(result.links, key=lambda outcome: _WORST_FIRST[outcome.outcome]))

    def outcomes(self, result: ControlResult) -> tuple[tuple[LinkOutcome, int], ...]:
        """How many of the control's tests gave what, in the same order."""
        counts = Counter(outcome.outcome for outcome in result.links)
        return tuple((outcome, counts[outcome]) for outcome in _WORST_FIRST if counts[outcome])

    def subscription(self, id: str) -> str:
        """A subscription's name where the population knows it, else its id."""
        return self._scope_names.get(f"/subscriptions/{id}".casefold(), id)

    def grouped(self, state: ControlState) -> tuple[tuple[GroupRow, tuple[ControlResult, ...]], ...]:
        """The controls of a state by theme; among gaps the theme with the worst comes first."""
        results = self._shown.in_state(state)
        rows = []
        for group in self._shown.groups:
            members = tuple(result for result in results if result.control.group == group.id)
            if members:
                rows.append((group, members))
        if state is ControlState.GAP:
            rows.sort(key=lambda row: severity_rank(row[1][0].severity))
        return tuple(rows)


def _by_control(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in findings:
        for control in one.controls:
            found.setdefault(control, []).append(one)
    return found


def rule_anchor(list_name: str, test: str) -> str:
    """The id of one rule's rows within a list."""
    return anchor("rule", f"{list_name} {test}")


def _environment() -> SandboxedEnvironment:
    made = environment()
    made.filters.update(
        line=line,
        place=lambda finding: place_of(finding.state.resource),
        where=where,
    )
    made.globals.update(
        Attested=Attested,
        Change=Change,
        ControlState=ControlState,
        Inherited=Inherited,
        LinkOutcome=LinkOutcome,
        Pair=Pair,
        PolicySeverity=PolicySeverity,
        Strength=Strength,
        Tested=Tested,
        count_states=count_states,
        evidence_parts=evidence_parts,
        remedy_of=remedy_of,
        rule_anchor=rule_anchor,
        segments=segments,
        service_name=service_name,
    )
    return made
