"""`blueprinter history`: the runs that `evaluate --save` kept."""

from __future__ import annotations

from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.remarks import show_diagnostics
from blueprinter.compliance import DEFAULT_FILE, Change, Comparison, ControlState, History, SavedRun
from blueprinter.report import comparison_record, json_document, words
from blueprinter.text import for_terminal, plural

_ROWS = 40

_file_option = click.option(
    "--history",
    "history_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_FILE,
    show_default=True,
    help="File of saved runs.",
)
_format_option = click.option(
    "-o", "--output", type=click.Choice(("console", "json")), default="console", show_default=True
)


@click.group("history", help="Saved runs: list them, show one, compare two.")
def command() -> None:
    """A group without an action of its own."""


@command.command("list")
@_file_option
@_format_option
@click.pass_obj
def list_(settings: Settings, history_file: Path, output: str) -> None:
    """List the saved runs, the newest first; a chain that was tampered with is a warning."""
    with History(history_file) as history:
        runs = history.runs()
        show_diagnostics(history.broken(), settings)
    if output == "json":
        click.echo(
            json_document({"schema": "blueprinter/history/1", "runs": [_record(run) for run in runs]}),
            nl=False,
        )
        return
    for run in reversed(runs):
        click.echo(_line(run))


@command.command("show")
@click.argument("name", metavar="RUN", default="latest")
@_file_option
def show(name: str, history_file: Path) -> None:
    """Print the JSON document of a saved run."""
    with History(history_file) as history:
        click.echo(history.document(history.find(name)).decode(), nl=False)


@command.command("compare")
@click.argument("older", metavar="RUN", default="latest~1")
@click.argument("newer", metavar="[RUN]", default="latest")
@_file_option
@_format_option
def compare(older: str, newer: str, history_file: Path, output: str) -> None:
    """Say what changed from one saved run to another: gaps new, reopened and fixed."""
    with History(history_file) as history:
        first, second = history.find(older), history.find(newer)
        found = history.compare(first, second)
    if output == "json":
        record = {"schema": "blueprinter/history-compare/1", "run": second.run_id}
        click.echo(json_document(record | {"comparison": comparison_record(found)}), nl=False)
        return
    click.echo(f"{first.run_id} -> {second.run_id}")
    for line in _told(found):
        click.echo(for_terminal(line))


def _told(found: Comparison) -> list[str]:
    lines = []
    if not found.comparable:
        lines.append(f"not comparable: {found.why_not}; differences may come from the policies")
    lines += found.notes
    lines.append(", ".join(f"{found.count(change):,} {change}" for change in Change))
    for control in found.controls:
        before, after = words.STATES[control.before].label, words.STATES[control.after].label
        lines.append(f"  {control.control}: {before} -> {after}")
    for change in found.findings[:_ROWS]:
        lines.append(f"  {change.change}: {change.policy} ({change.severity}): {change.resource}")
    if len(found.findings) > _ROWS:
        lines.append(f"  and {len(found.findings) - _ROWS:,} more; `-o json` has all")
    return lines


def _line(run: SavedRun) -> str:
    gaps = plural(run.counts.get(ControlState.GAP, 0), "gap")
    change = f"{run.new:,} new, {run.fixed:,} fixed, {run.reopened:,} reopened"
    pack = f"{run.blueprint} {run.version}".strip() or "policies"
    mark = "" if run.comparable else "  (first of its pack)"
    text = f"{run.run_id}  {pack}  {gaps}, {plural(run.failing, 'failure')}: {change}{mark}"
    return for_terminal(text)


def _record(run: SavedRun) -> dict[str, object]:
    return {
        "run": run.run_id,
        "now": words.stamp(run.now),
        "blueprint": {"name": run.blueprint, "version": run.version, "sha256": run.pack},
        "framework": run.framework or None,
        "states": {str(state): count for state, count in run.counts.items()},
        "coverage": {"part": run.coverage.part, "whole": run.coverage.whole, "percent": run.coverage.percent},
        "score": {"part": run.score.part, "whole": run.score.whole, "percent": run.score.percent},
        "failing": run.failing,
        "new": run.new,
        "fixed": run.fixed,
        "reopened": run.reopened,
        "comparable": run.comparable,
        "sha256": run.sha256,
    }
