"""Markdown: a summary for a pull request, short first and the rest folded away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from blueprinter.blueprint import ExemptionCategory
from blueprinter.compliance import Change, Comparison, ControlResult, ControlState, Finding, Run
from blueprinter.report.options import ReportOptions
from blueprinter.report.outline import Outline, count_states, outline
from blueprinter.report.records import place_of, where
from blueprinter.report.words import (
    EXEMPTION_STATUS,
    NOT_A_VERDICT,
    NOTHING,
    STATES,
    fraction,
    moment,
    source,
    title,
    verdict,
    why,
)
from blueprinter.text import for_markdown, plural

_ROWS = 20
"""Rows of a table before it is cut, with the number that is left."""


def write_markdown(run: Run, options: ReportOptions) -> Iterator[str]:
    """The verdict, the counts, the gaps and the worst findings; at-risk and incomplete controls are folded."""
    shown = outline(run)
    yield f"## {for_markdown(title(run))}\n\n"
    lead, others = verdict(run)
    yield f"**{for_markdown(lead)}**\n\n"
    if others:
        yield f"{' '.join(for_markdown(sentence) for sentence in others)}\n\n"
    if run.comparison is not None:
        yield from _changes(run.comparison)
    if run.framework is not None:
        yield from _counts(shown)
        yield from _controls(shown)
    yield from _findings(shown)
    yield from _expiring(shown)
    yield from _footer(run)


def _changes(change: Comparison) -> Iterator[str]:
    """What is new since an earlier run: the part that a weekly mail is read for."""
    yield f"### Since {moment(change.now)}\n\n"
    if not change.comparable:
        said = f"Not comparable: {change.why_not}. What differs may come from the policies and not from the estate."
        yield f"{for_markdown(said)}\n\n"
    for note in change.notes:
        yield f"{for_markdown(note)}\n\n"
    yield f"{', '.join(f'{change.count(kind):,} {kind}' for kind in Change)}\n\n"
    for one in change.controls[:_ROWS]:
        before, after = STATES[one.before].label, STATES[one.after].label
        yield f"- **{for_markdown(one.control)}** {before} → {after}\n"
    if change.controls:
        yield _left(len(change.controls))
    if change.findings:
        yield _row(("Change", "Severity", "Policy", "Resource"))
        yield _row("---" for _ in range(4))
        for found in change.findings[:_ROWS]:
            name = found.resource.rpartition("/")[2] or found.resource
            yield _row(
                (str(found.change), str(found.severity), for_markdown(found.policy), for_markdown(name))
            )
        yield _left(len(change.findings))


def _counts(shown: Outline) -> Iterator[str]:
    run = shown.run
    states = [state for state in STATES if run.state_counts.get(state)]
    yield _row(STATES[state].label for state in states)
    yield _row("---:" for _ in states)
    yield _row(f"{run.state_counts[state]:,}" for state in states)
    yield f"\nCoverage: {for_markdown(fraction(run.coverage))} of the applicable controls were decided by tests.  \n"
    if run.score_shown:
        yield f"Score: {for_markdown(fraction(run.score))} of the tested controls have no open finding.  \n"
    if shown.clauses:
        states_of = count_states(shown.clauses)
        named = ", ".join(f"{n:,} {STATES[state].label.lower()}" for state, n in states_of.items() if n)
        yield f"Clauses, in none of these numbers: {named}.  \n"
    yield "\n"


def _controls(shown: Outline) -> Iterator[str]:
    if shown.gaps:
        yield f"### {STATES[ControlState.GAP].label}: {plural(len(shown.gaps), 'control')}\n\n"
        yield _row(("Control", "Severity", "Failing", "Judged", "Why"))
        yield _row(("---", "---", "---:", "---:", "---"))
        for result in shown.gaps[:_ROWS]:
            yield _row(
                (
                    _named(result),
                    str(result.severity or "declared"),
                    f"{result.failing:,}" if result.failing else NOTHING,
                    f"{result.judged:,} of {result.applicable:,}" if result.applicable else NOTHING,
                    for_markdown(why(result)),
                )
            )
        yield _left(len(shown.gaps))
    for state in (ControlState.AT_RISK, ControlState.INCOMPLETE):
        results = shown.in_state(state)
        if not results:
            continue
        yield _open_fold(f"{STATES[state].label}: {plural(len(results), 'control')}")
        yield _row(("Control", "Why"))
        yield _row(("---", "---"))
        for result in results[:_ROWS]:
            yield _row((_named(result), for_markdown(why(result))))
        yield _left(len(results))
        yield "</details>\n\n"


def _findings(shown: Outline) -> Iterator[str]:
    run = shown.run
    listed = (*shown.failing, *shown.undecided)
    if not listed:
        yield "No open findings.\n\n" if run.pairs_decided else "Nothing was evaluated.\n\n"
        return
    yield f"### Findings: {plural(shown.total_failing, 'failure')}, {shown.total_undecided:,} undecided\n\n"
    yield _row(("Severity", "Resource", "Policy", "Expected", "Found", "Where"))
    yield _row("---" for _ in range(6))
    for finding in listed[:_ROWS]:
        yield _row(_cells(finding))
    hidden = shown.total_failing + shown.total_undecided - min(len(listed), _ROWS)
    if hidden > 0:
        yield f"\nand {hidden:,} more in the JSON{'' if shown.complete else ' Lines'} output.\n"
    yield "\n"


def _cells(finding: Finding) -> Iterator[str]:
    state = finding.state
    place = place_of(state.resource)
    definition = state.assigned.definition
    yield str(finding.severity)
    yield f"{for_markdown(place.name)}<br><sub>{for_markdown(place.type)}</sub>"
    yield for_markdown(definition.display_name or definition.name)
    if state.reason is None:
        yield for_markdown(state.expected or NOTHING)
        yield for_markdown(state.actual or state.detail or NOTHING)
    else:
        yield NOTHING
        yield f"undecided: {for_markdown(state.detail or str(state.reason))}"
    yield for_markdown(where(finding) or NOTHING)


def _expiring(shown: Outline) -> Iterator[str]:
    uses = [use for use in shown.exemptions if use.status in ("expired", "ending")]
    if not uses:
        return
    yield _open_fold(f"Exemptions expired or ending: {len(uses):,}")
    yield _row(("Exemption", "Category", "Expires", "Resources", "Owner", "Status"))
    yield _row(("---", "---", "---", "---:", "---", "---"))
    for use in uses[:_ROWS]:
        exemption = use.exemption
        kind = "waiver" if exemption.category is ExemptionCategory.WAIVER else "mitigated"
        yield _row(
            (
                for_markdown(exemption.name),
                kind,
                exemption.expires_on.isoformat(),
                f"{use.resources:,}",
                for_markdown(exemption.owner or NOTHING),
                for_markdown(EXEMPTION_STATUS.get(use.status, use.status)),
            )
        )
    yield _left(len(uses))
    yield "</details>\n\n"


def _footer(run: Run) -> Iterator[str]:
    population = run.population
    looked_at = (
        f"State of {moment(run.now)}. {plural(population.resources, 'resource')} from {source(population)}."
    )
    yield f"<sub>{for_markdown(looked_at)} {for_markdown(NOT_A_VERDICT)}</sub>\n"


def _named(result: ControlResult) -> str:
    return f"**{for_markdown(result.control.id)}** {for_markdown(result.control.title)}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _left(count: int) -> str:
    return f"\nand {count - _ROWS:,} more in the JSON output.\n\n" if count > _ROWS else "\n"


def _open_fold(summary: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>\n\n"
