"""`blueprinter plan ASSIGNMENT…`."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.azure_access import again, azure_options, client, failures, worst
from blueprinter.cli.deployment import NOT_LET_IN, Wish, is_refused, rendering_options, targets_of
from blueprinter.cli.environment import cloud_of, environment_of
from blueprinter.cli.inputs import AssignmentFile
from blueprinter.cli.output import write_file
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import (
    AssignOptions,
    Plan,
    PlanOptions,
    Residue,
    adopted_file,
    is_cut,
    plan,
    plan_json,
    plan_lines,
    plan_markdown,
)
from blueprinter.diagnostics import Diagnostic, Severity, in_order
from blueprinter.document import json_document
from blueprinter.text import plural

_PENDING, _INVALID = 4, 2
_FORMATS = ("text", "json", "markdown")


@click.command("plan")
@click.argument("assignments", nargs=-1, required=True, type=AssignmentFile(), metavar="ASSIGNMENT...")
@azure_options
@click.option(
    "-o", "--output", type=click.Choice(_FORMATS), default="text", show_default=True, help="Format on stdout."
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Keep the plan for `assign --plan FILE`."
)
@click.option("--exit-code", is_flag=True, help="Exit with 4 when there is something to do.")
@click.option("--what-if", is_flag=True, help="Ask Azure's own what-if as well.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds that what-if may take.")
@click.option("--adopt", is_flag=True, help="Write `adopted.yaml` beside the assignment, for review.")
@click.option("--no-stack", is_flag=True, help="Plan a plain deployment.")
@click.option("--prune", is_flag=True, help="Plan the deletion of leftovers that carry our mark.")
@rendering_options
@click.pass_obj
def command(
    settings: Settings,
    assignments: tuple[Path, ...],
    sandbox: str,
    subscriptions: tuple[str, ...],
    management_group: str,
    output: str,
    out: Path | None,
    exit_code: bool,
    what_if: bool,
    timeout: float,
    adopt: bool,
    no_stack: bool,
    prune: bool,
    split: str | None,
    allow_plain_secret: bool,
    registers: Path | None,
    ring: str,
    history_file: Path,
    now: datetime | None,
) -> int:
    """Show what `assign` would change, and what would go wrong; nothing is written to Azure.

    Additions (+), changes (~), what is deployed again (*), deletions (-), and what a new version leaves behind (=);
    policies that would refuse a resource, definitions and API versions that are not there, least rights. An error among
    the remarks exits with 2, a ring that --ring names and that is not let in yet with 3.
    """
    found = environment_of(settings)
    workspace = open_workspace(Path.cwd())
    when = now or datetime.now(UTC)
    wish = Wish(
        assignments,
        found,
        cloud_of(settings, found),
        when,
        subscriptions,
        management_group,
        split == "roles",
        allow_plain_secret,
        registers,
        ring,
        promotes=True,
        history=history_file,
    )
    options = PlanOptions(
        AssignOptions(now=when, stack=not no_stack, prune=prune),
        workspace.aliases,
        timeout if what_if else None,
    )
    plans: list[Plan] = []
    with failures(settings), client(settings, sandbox, found) as arm:
        targets, remarks = targets_of(wish, arm, workspace)
        if adopt and len(targets) != 1:
            raise click.UsageError("--adopt writes one file for one scope; name it with --subscription")
        for target in targets:
            plans.append(plan(arm, target, options))
            if adopt:
                file = Path(target.assignment.document.file).parent / (
                    target.assignment.adopted or "adopted.yaml"
                )
                write_file(file, [adopted_file(plans[-1])])
                say(f"wrote {file}: review it, and name it as `adopted` in the assignment", settings)
    diagnostics = in_order([*remarks, *(one for each in plans for one in each.diagnostics)])
    document = json_document(plan_json(plans))
    if output == "json":
        click.echo(document, nl=False)
    else:
        width = shutil.get_terminal_size((100, 40)).columns
        text = plan_lines(plans, verbose=settings.verbose, width=width)
        for line in text if output == "text" else plan_markdown(plans):
            click.echo(line)
    _show_remarks(diagnostics, settings)
    if out is not None:
        write_file(out, [document])
        say(f"wrote {out}", settings)
    same = again(
        assignments,
        settings,
        {
            "--sandbox": sandbox,
            "--subscription": subscriptions,
            "-m": management_group,
            "--ring": ring,
            "--split": split or "",
            "--no-stack": no_stack,
            "--prune": prune,
            "--plan": str(out or ""),
        },
    )
    if output == "text" and is_cut(plans) and not settings.verbose:
        say("-v lists every object by its id", settings)
    for line in _next(plans, same, broken=worst(diagnostics), prune=prune):
        say(line, settings)
    if worst(diagnostics):
        return _INVALID
    if is_refused(remarks, wish):
        return NOT_LET_IN
    return _PENDING if exit_code and any(one.pending for one in plans) else 0


def _show_remarks(diagnostics: Sequence[Diagnostic], settings: Settings) -> None:
    """What is to be looked at, after how much there is of it."""
    counts = Counter(one.severity for one in diagnostics)
    words = ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
    if shown := ", ".join(plural(counts[level], word) for level, word in words if counts[level]):
        say(shown, settings)
    show_diagnostics(diagnostics, settings)


def _next(plans: Sequence[Plan], same: str, *, broken: bool, prune: bool) -> Iterator[str]:
    """What can be done now; `same`: the arguments that mean the same to `assign`."""
    left = sum(one.residue == Residue.GOVERNANCE for each in plans for one in each.changes)
    if left and not prune:
        yield f"--prune deletes the {left:,} left behind that carry our mark"
    if broken:
        yield "next: mend the errors; `blueprinter explain CODE` says more about one"
    elif any(one.pending for one in plans):
        yield f"next: blueprinter assign {same}"
