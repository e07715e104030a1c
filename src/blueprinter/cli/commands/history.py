"""`blueprinter history`: the runs that `evaluate --save` kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import orjson

from blueprinter import __version__
from blueprinter.cli import Settings
from blueprinter.cli.azure_access import FAILED, failures
from blueprinter.cli.environment import history_option
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.cli.rerun import differences, evaluate_again, unpacked
from blueprinter.compliance import (
    IN_FORCE,
    RUN,
    Bundle,
    BundleFacts,
    Change,
    Comparison,
    ControlState,
    History,
    SavedRun,
    lay_out,
    open_bundle,
    unchained,
    write_bundle,
)
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import Json, json_document
from blueprinter.report import comparison_record, words
from blueprinter.text import for_terminal

_ROWS = 40
_HEADS = ("run", "blueprint", "gaps", "failures", "new", "fixed", "reopened", "")
_TEXTS = 2
"""Columns that hold text."""

_format_option = click.option(
    "-o", "--output", type=click.Choice(("console", "json")), default="console", show_default=True
)


@click.group("history", help="Saved runs: list them, show one, compare two; evidence bundles.")
def command() -> None:
    """A group without an action of its own."""


@command.command("list")
@history_option
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
    for line in _table(tuple(reversed(runs))):
        click.echo(for_terminal(line))


@command.command("show")
@click.argument("name", metavar="RUN", default="latest")
@history_option
def show(name: str, history_file: Path) -> None:
    """Print the JSON document of a saved run."""
    with History(history_file) as history:
        click.echo(history.document(history.find(name)).decode(), nl=False)


@command.command("compare")
@click.argument("older", metavar="RUN", default="latest~1")
@click.argument("newer", metavar="[RUN]", default="latest")
@history_option
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


@command.command("bundle")
@click.argument("name", metavar="[RUN]", default="latest")
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    help="Where it is written: a new archive where the name ends in .zip, else a new folder.",
)
@click.option("--by", default="", metavar="TEXT", help="Who makes it, for the manifest.")
@history_option
@click.pass_obj
def bundle(settings: Settings, name: str, target: Path, by: str, history_file: Path) -> None:
    """Write the evidence of a run: its result with everything that it was judged by, each byte under a hash.

    An auditor evaluates it again, offline, with `blueprinter history verify BUNDLE`. The bundle is made only where that
    gives the same result. Secure values are left out, and named.
    """
    with History(history_file) as history:
        show_diagnostics(history.broken(), settings)
        run = history.find(name)
        document, kept = history.document(run), history.kept(run)
        before, chain = history.link(run)
    if kept is None:
        hint = "evaluate again with `--save`"
        message = f"the run `{run.run_id}` was saved without what it was judged by"
        raise InvalidInput([error("BP236", message, Position(str(history_file)), hint)])
    with unpacked() as tree, failures(settings):
        lay_out(kept, tree)
        again = evaluate_again(kept.inputs, tree, document)
        if again.document != document:
            hint = "the same version of the tool, and every file of the run, are needed"
            places = ", ".join(differences(document, again.document))
            message = f"what the history has of the run `{run.run_id}` gives another result: {places}"
            raise InvalidInput([error("BP236", message, Position(str(history_file)), hint)])
        (tree / RUN).write_bytes(document)
        (tree / IN_FORCE).write_bytes(again.in_force)
        facts = BundleFacts(run.run_id, _facts(run, document, by), __version__, before, chain)
        seal = write_bundle(tree, kept.inputs, facts, target)
    for file in kept.inputs.files:
        for pointer in file.withheld:
            say(f"left out: the secure value {pointer} of {file.path}", settings)
    say(f"wrote {target}; its manifest has the SHA-256 {seal}", settings)


@command.command("verify")
@click.argument("bundles", nargs=-1, required=True, metavar="BUNDLE...", type=click.Path(path_type=Path))
@click.option(
    "--history",
    "history_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also compare with the history that the runs are from.",
)
@click.pass_obj
def verify(settings: Settings, bundles: tuple[Path, ...], history_file: Path | None) -> int:
    """Check evidence bundles, and evaluate each again, offline: is the result that is in it the one that comes out?

    Exit codes: 0 every byte is as it was written and every result comes out again; 1 a result does not; 2 something in
    a bundle was changed, or runs that follow each other do not fit.
    """
    opened: list[Bundle] = []
    failed = False
    for source in bundles:
        with unpacked() as tree, failures(settings):
            found = open_bundle(source, tree)
            opened.append(found)
            if history_file is not None:
                _compare_with(history_file, found)
            failed |= not _comes_out(found, settings)
    broken = unchained(opened)
    if broken:
        message = f"the run `{broken[0]}` does not follow from the run before it"
        raise InvalidInput([error("BP235", message, Position(str(bundles[0])))])
    return FAILED if failed else 0


def _compare_with(history_file: Path, found: Bundle) -> None:
    with History(history_file) as history:
        before, chain = history.link(history.find(found.run_id))
    if (before, chain) != (found.before, found.chain):
        message = f"the history has another run `{found.run_id}`"
        raise InvalidInput([error("BP235", message, Position(found.name))])


def _comes_out(found: Bundle, settings: Settings) -> bool:
    """Evaluates a bundle again and says what came of it."""
    document = found.read(RUN)
    again = evaluate_again(found.inputs, found.tree, document)
    same = again.document == document and again.in_force == found.read(IN_FORCE)
    if not same:
        places = ", ".join(differences(document, again.document)) or IN_FORCE
        message = f"the run `{found.run_id}` gives another result: {places}"
        hint = f"it was made by version {found.tool}" if again.other_version else ""
        click.echo(str(error("BP237", message, Position(found.name), hint)), err=True)
        return False
    note = f" (made by version {found.tool}, this is {__version__})" if again.other_version else ""
    click.echo(for_terminal(f"{found.name}: the run {found.run_id} comes out byte for byte{note}"))
    for member, pointer in found.withheld:
        say(f"  left out of {member}: the secure value {pointer}", settings)
    return True


def _facts(run: SavedRun, document: bytes, by: str) -> dict[str, Json]:
    whole = orjson.loads(document)
    return {
        "number": run.number,
        "now": words.stamp(run.now),
        "blueprint": run.blueprint,
        "version": run.version,
        "framework": run.framework,
        "pack": run.pack,
        "collectedBy": whole["population"]["collectedBy"],
        "by": by,
    }


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


def _table(runs: Sequence[SavedRun]) -> Iterator[str]:
    """A line a run below its heads; numbers stand to the right."""
    rows: list[tuple[str, ...]] = [_HEADS]
    for run in runs:
        counts = (run.counts.get(ControlState.GAP, 0), run.failing, run.new, run.fixed, run.reopened)
        pack = f"{run.blueprint} {run.version}".strip() or "policies"
        note = "" if run.comparable else "first of its pack"
        rows.append((run.run_id, pack, *(f"{count:,}" for count in counts), note))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.ljust(width) if index < _TEXTS else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row[:-1], widths, strict=False))
        )
        yield "  ".join((*cells, row[-1])).rstrip()


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
