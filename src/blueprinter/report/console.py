"""The console report: the verdict first, then gaps, at-risk and incomplete controls, then the worst findings.

Without colour it is plain text in aligned columns, for pipes, files and logs; with colour the same text is styled.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from blueprinter.compliance import ControlResult, ControlState, Finding, PolicySeverity, Run
from blueprinter.report.options import ReportOptions
from blueprinter.report.outline import Outline, count_states, outline
from blueprinter.report.records import place_of, where
from blueprinter.report.words import (
    EXEMPTION_STATUS,
    NOTHING,
    STATES,
    found,
    fraction,
    moment,
    source,
    title,
    verdict,
    why,
)
from blueprinter.text import for_terminal, plural

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_NARROWEST = 40
_CONTROLS = 30
_FINDINGS = 20
_STATE_STYLES = {
    ControlState.GAP: "bold red",
    ControlState.AT_RISK: "yellow",
    ControlState.INCOMPLETE: "magenta",
    ControlState.SATISFIED: "green",
    ControlState.ATTESTED: "cyan",
    ControlState.INHERITED: "cyan",
}
_SEVERITY_STYLES = {
    PolicySeverity.CRITICAL: "bold red",
    PolicySeverity.HIGH: "red",
    PolicySeverity.MEDIUM: "yellow",
}
_LISTED = (ControlState.GAP, ControlState.AT_RISK, ControlState.INCOMPLETE)


def write_console(run: Run, options: ReportOptions) -> Iterator[str]:
    """The report as lines of at most `width` columns; escape codes only with `color`."""
    from rich.console import Console

    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=max(options.width, _NARROWEST),
        force_terminal=options.color,
        color_system="standard" if options.color else None,
        no_color=not options.color,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},
    )
    for part in _parts(outline(run)):
        console.print(part)
        for line in buffer.getvalue().splitlines():
            yield f"{line.rstrip()}\n"
        buffer.seek(0)
        buffer.truncate()


def _parts(shown: Outline) -> Iterator[RenderableType]:
    yield from _header(shown)
    if shown.run.framework is not None:
        yield from _numbers(shown)
        for state in _LISTED:
            yield from _state(shown, state)
    yield from _findings(shown)
    yield from _exemptions(shown)


def _header(shown: Outline) -> Iterator[RenderableType]:
    from rich.text import Text

    run = shown.run
    yield Text(for_terminal(title(run)), style="bold")
    looked_at = [
        f"state of {moment(run.now)}",
        f"{plural(run.population.resources, 'resource')} from {source(run.population)}",
        plural(run.policies_evaluated, "policy", "policies"),
    ]
    yield Text(for_terminal(" · ".join(looked_at)), style="dim")
    lead, others = verdict(run)
    yield ""
    yield Text(for_terminal(lead), style="bold")
    for sentence in others:
        yield Text(for_terminal(sentence))


def _numbers(shown: Outline) -> Iterator[RenderableType]:
    from rich.text import Text

    run = shown.run
    yield ""
    line = Text(f"{plural(len(shown.counted), 'control')}: ")
    present = [state for state in STATES if run.state_counts.get(state)]
    for number, state in enumerate(present):
        line.append(" · " if number else "")
        label = f"{run.state_counts[state]:,} {STATES[state].label.lower()}"
        line.append(label, style=_STATE_STYLES.get(state, ""))
    yield line
    if shown.clauses:
        counts = count_states(shown.clauses)
        named = " · ".join(f"{n:,} {STATES[state].label.lower()}" for state, n in counts.items() if n)
        yield f"Clauses, in none of these numbers: {named}"
    yield f"Coverage: {fraction(run.coverage)} of the applicable controls were decided by tests"
    if run.score_shown:
        yield f"Score: {fraction(run.score)} of the tested controls have no open finding"


def _state(shown: Outline, state: ControlState) -> Iterator[RenderableType]:
    from rich.text import Text

    results = shown.in_state(state)
    if not results:
        return
    yield ""
    yield Text(f"{STATES[state].label} ({len(results):,})", style=_STATE_STYLES[state])
    rated = state is ControlState.GAP
    table = _table("Control", *(("Severity", "Failing>") if rated else ()), "Judged>", "Why*")
    for result in results[:_CONTROLS]:
        failing = f"{result.failing:,}" if result.failing else NOTHING
        table.add_row(
            for_terminal(result.control.id),
            *((_severity(result), failing) if rated else ()),
            f"{result.judged:,} of {result.applicable:,}" if result.applicable else NOTHING,
            for_terminal(f"{result.control.title}: {why(result)}"),
        )
    yield _indented(table)
    if len(results) > _CONTROLS:
        yield f"  and {len(results) - _CONTROLS:,} more"


def _findings(shown: Outline) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    listed = (*shown.failing, *shown.undecided)
    if not listed:
        return
    yield ""
    counts = [plural(shown.total_failing, "failure"), f"{shown.total_undecided:,} undecided"]
    if shown.total_exempt:
        counts.append(f"{shown.total_exempt:,} exempt")
    yield Text(f"Findings ({', '.join(counts)})", style="bold")
    for (severity, policy, controls), group in groupby(listed[:_FINDINGS], key=_rule):
        rule = Text(f"  {severity}", style=_SEVERITY_STYLES.get(severity, ""))
        rule.append(f"  {for_terminal(policy)}", style="default not bold")
        rule.append(f"  {for_terminal(' '.join(controls))}", style="dim")
        yield rule
        for finding in group:
            said = for_terminal(f"{_resource(finding)}: {what(finding)}")
            yield Padding(Text(said, overflow="fold"), (0, 0, 0, 4))
            if place := for_terminal(where(finding)):
                yield Padding(Text(place, style="dim", overflow="fold"), (0, 0, 0, 6))
    hidden = shown.total_failing + shown.total_undecided - min(len(listed), _FINDINGS)
    if hidden > 0:
        yield f"  and {hidden:,} more"


def what(finding: Finding) -> str:
    """In one line: what was expected and found, or why it could not be decided."""
    state = finding.state
    if state.reason is not None:
        return f"undecided ({state.reason}): {state.detail}" if state.detail else f"undecided: {state.reason}"
    if state.expected or state.actual:
        place = f"{state.path.removeprefix('properties.')}: " if state.path else ""
        wanted = f"expected {state.expected}, " if state.expected else ""
        return f"{place}{wanted}{found(state.actual)}"
    return state.detail or str(state.state)


def _exemptions(shown: Outline) -> Iterator[RenderableType]:
    from rich.text import Text

    uses = [use for use in shown.exemptions if use.status in ("expired", "ending")]
    if not uses:
        return
    yield ""
    yield Text(f"Exemptions expired or ending ({len(uses):,})", style="bold")
    table = _table("Exemption*", "Expires", "Resources>", "Owner*", "Status*")
    for use in uses[:_FINDINGS]:
        table.add_row(
            for_terminal(use.exemption.name),
            use.exemption.expires_on.isoformat(),
            f"{use.resources:,}",
            for_terminal(use.exemption.owner or NOTHING),
            for_terminal(EXEMPTION_STATUS.get(use.status, use.status)),
        )
    yield _indented(table)
    if len(uses) > _FINDINGS:
        yield f"  and {len(uses) - _FINDINGS:,} more"


def _severity(result: ControlResult) -> RenderableType:
    from rich.text import Text

    if result.severity is None:
        return "declared" if result.declared_gap else NOTHING
    return Text(str(result.severity), style=_SEVERITY_STYLES.get(result.severity, ""))


def _resource(finding: Finding) -> str:
    place = place_of(finding.state.resource)
    kind = place.type.rpartition("/")[2]
    return f"{place.name} ({kind})" if kind else place.name


def _rule(finding: Finding) -> tuple[PolicySeverity, str, tuple[str, ...]]:
    definition = finding.state.assigned.definition
    return finding.severity, definition.display_name or definition.name, finding.controls


def _indented(table: Table) -> RenderableType:
    from rich.padding import Padding

    return Padding(table, (0, 0, 0, 2))


def _table(*headers: str) -> Table:
    """A table without lines; `>` after a header aligns right, `*` lets the column wrap and take the room."""
    from rich.table import Table

    table = Table(
        box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, header_style="dim", expand=False
    )
    for header in headers:
        name = header.rstrip(">*")
        flexible = header.endswith("*")
        table.add_column(
            name,
            justify="right" if header.endswith(">") else "left",
            no_wrap=not flexible,
            overflow="fold" if flexible else "ellipsis",
        )
    return table


__all__ = ["what", "write_console"]
