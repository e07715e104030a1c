"""The HTML report: one self-contained file that opens from disk, without a network and without JavaScript.

Whatever comes from outside is escaped by Jinja2's autoescape after control and reordering characters were made
visible; a content security policy names the one style and the one script of the page by their hashes, so that
nothing else could run even if it got in.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from blueprinter.blueprint import Strength
from blueprinter.compliance import (
    Attested,
    ControlResult,
    ControlState,
    Finding,
    Inherited,
    LinkOutcome,
    LinkResult,
    Pair,
    PolicySeverity,
    Run,
    Tested,
)
from blueprinter.content import shipped
from blueprinter.report import words
from blueprinter.report.bars import segments
from blueprinter.report.options import ReportOptions
from blueprinter.report.outline import (
    GroupRow,
    Outline,
    count_states,
    evidence_parts,
    findings_of,
    outline,
    severity_rank,
    test_of,
)
from blueprinter.report.records import line, place_of, where
from blueprinter.text import for_terminal, plural

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

_TEMPLATE = "report.html.j2"
_NOT_IN_AN_ANCHOR = re.compile(r"[^A-Za-z0-9.-]")
_PER_RULE = 10
"""Resources of one rule listed inside one control; the list of all findings has the rest."""

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
    environment = _environment()
    style, script = (_source(environment, name) for name in ("report.css", "report.js"))
    shown = outline(run)
    template = environment.get_template(_TEMPLATE)
    yield from template.generate(
        run=run,
        shown=shown,
        page=Page(shown, options),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


class Page:
    """What the templates ask about a run beyond its own fields."""

    def __init__(self, shown: Outline, options: ReportOptions) -> None:
        run = shown.run
        self.limit = _PER_RULE
        self.failing = shown.failing[: options.max_findings]
        self.undecided = shown.undecided[: options.max_findings]
        self.exempt = shown.exempt[: options.max_findings]
        self._shown = shown
        self._listed = frozenset(test_of(found) for found in self.failing)
        self._scope_names = {
            scope.scope.casefold(): scope.name for scope in run.population.scopes if scope.name
        }

    def failing_of(self, result: ControlResult) -> tuple[Finding, ...]:
        """Every failing resource of the control's direct tests that the run holds."""
        return findings_of(result, self._shown.failing)

    def other_of(self, result: ControlResult) -> tuple[Finding, ...]:
        """Exempt and undecided findings of the control's direct tests."""
        return findings_of(result, (*self._shown.exempt, *self._shown.undecided))

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

    def mismatched(self) -> tuple[ControlResult, ...]:
        """Controls whose declaration contradicts a test."""
        return tuple(result for result in self._shown.counted if "mismatch" in result.flags)


def anchor(kind: str, name: str) -> str:
    """An id for a fragment link: one to one with the name, whatever it holds."""
    return f"{kind}-{_NOT_IN_AN_ANCHOR.sub(lambda match: f'_{ord(match[0]):x}_', name)}"


def rule_anchor(list_name: str, test: str) -> str:
    """The id of one rule's rows within a list."""
    return anchor("rule", f"{list_name} {test}")


def _environment() -> SandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(shipped("templates") / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.filters.update(
        anchor=lambda name, kind: anchor(kind, name),
        count=lambda number: f"{number:,}",
        fraction=words.fraction,
        line=line,
        moment=words.moment,
        place=lambda finding: place_of(finding.state.resource),
        plural=plural,
        where=where,
    )
    environment.globals.update(
        Attested=Attested,
        ControlState=ControlState,
        Inherited=Inherited,
        LinkOutcome=LinkOutcome,
        Pair=Pair,
        PolicySeverity=PolicySeverity,
        Strength=Strength,
        Tested=Tested,
        anchor=anchor,
        count_states=count_states,
        evidence_parts=evidence_parts,
        rule_anchor=rule_anchor,
        segments=segments,
        words=words,
    )
    return environment


def _visible(value: object) -> object:
    """Every string on its way into the page: control and reordering characters are shown, never obeyed."""
    return value if hasattr(value, "__html__") or not isinstance(value, str) else for_terminal(value)


def _source(environment: SandboxedEnvironment, name: str) -> str:
    loader = environment.loader
    assert loader is not None
    return loader.get_source(environment, name)[0]


def _hash(text: str) -> str:
    """The source expression of a content security policy for an inline style or script."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
