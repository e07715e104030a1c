"""`blueprinter policy diff OLD NEW --inventory PATH`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.inputs import moment, read_bare_definitions
from blueprinter.cli.policy_inputs import alias_table
from blueprinter.cli.remarks import echo_json, say, show_diagnostics
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import ExitCode, read_inventories
from blueprinter.document import load
from blueprinter.policy import (
    Change,
    PolicyDiff,
    Turn,
    Versions,
    check_taken,
    pair_definitions,
    read_values,
    utc_text,
)
from blueprinter.text import for_terminal, plural

EXIT_CHANGED = 4

_WORDS = {
    Turn.NON_COMPLIANT: "becomes non-compliant",
    Turn.COMPLIANT: "becomes compliant",
    Turn.UNDECIDED: "becomes undecided",
    Turn.NOT_APPLICABLE: "is no longer judged",
    Turn.DENIED: "keeps its state, refused from now on",
    Turn.RELEASED: "keeps its state, no longer refused",
    Turn.OTHER: "changes otherwise",
}


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option(
    "--inventory",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The estate: a file or a folder; repeatable.",
)
@click.option(
    "--parameters",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Parameter values of both versions, such as the effect.",
)
@click.option(
    "--aliases",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="All aliases there are: Azure's list of providers (JSON) or a table `alias,path` (.csv, .csv.gz).",
)
@click.option("--strict-aliases", is_flag=True, help="An alias in no table is unsupported, not guessed.")
@click.option("--now", callback=moment, metavar="TIME", help="The clock, ISO 8601 (default: now).")
@click.option("--max-findings", default=1000, show_default=True, metavar="N", help="Changes that are listed.")
@click.option("--exit-code", is_flag=True, help="Exit with 4 when anything changes.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(
    settings: Settings,
    old: str,
    new: str,
    inventory: tuple[Path, ...],
    parameters: Path | None,
    aliases: Path | None,
    strict_aliases: bool,
    now: datetime | None,
    max_findings: int,
    exit_code: bool,
    output: str,
) -> int:
    """Compare two versions of a policy, or two folders of policies, over an inventory: which resources would become
    non-compliant, compliant or undecided, and what deny would have stopped.

    OLD and NEW are files, folders or quoted globs; definitions in folders are matched by name. Exit code 1 when part of
    the estate could not be read, 5 when it holds no resource.
    """
    workspace = open_workspace(Path.cwd())
    single = Path(old).is_file() and Path(new).is_file()
    pairings = pair_definitions(
        read_bare_definitions([old]), read_bare_definitions([new]), by_name=not single
    )
    stated = load(parameters) if parameters else None
    values = read_values(stated) if stated else {}
    check_taken((side for one in pairings for side in (one.old, one.new) if side), values, stated)
    clock = (now or datetime.now(UTC)).astimezone(UTC)
    versions = Versions(
        pairings,
        aliases=alias_table(aliases, workspace),
        now=utc_text(clock),
        parameters=values,
        strict_aliases=strict_aliases,
    )
    estate = read_inventories(inventory, now=clock)
    found = versions.over(estate.groups(versions.related_types), most=max_findings)
    show_diagnostics(estate.diagnostics(), settings)
    if output == "json":
        echo_json(found.as_json())
    else:
        for line in _lines(found):
            click.echo(for_terminal(line))
    say(
        f"{plural(found.resources, 'resource')}, {plural(len(found.policies), 'policy', 'policies')}",
        settings,
    )
    if estate.population().partial:
        return ExitCode.FAILED
    if not found.resources:
        return ExitCode.NOTHING_EVALUATED
    return EXIT_CHANGED if exit_code and found.total else 0


def _lines(found: PolicyDiff) -> Iterator[str]:
    for side in ("added", "removed"):
        names = [one.name for one in found.policies if one.side == side]
        if names:
            yield f"{side}: {', '.join(names)}"
    for turn, count in found.turns.items():
        if count:
            yield f"{_WORDS[turn]}: {count:,}"
    if not found.total:
        yield "no state changes"
    denied, could = sum(one.denied for one in found.policies), sum(one.could_deny for one in found.policies)
    if denied:
        yield f"deny would refuse as it is: {denied:,}, of which new {found.newly_denied:,}"
    elif could:
        yield f"with the effect Deny would be refused as it is: {could:,}"
    for change in found.changes:
        yield from _change(change)
    if found.total > len(found.changes):
        yield f"and {found.total - len(found.changes):,} more (--max-findings)"


def _change(change: Change) -> Iterator[str]:
    denied = ", refused by deny" if change.denied else ""
    yield f"{change.policy}: {change.resource.id}: {change.old} -> {change.new}{denied}"
    if change.path or change.actual:
        path = f"{change.path}: " if change.path else ""
        yield f"    {path}wanted {change.expected}, found {change.actual}"
    if change.detail:
        yield f"    {change.detail}"
