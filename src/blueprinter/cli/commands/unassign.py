"""`blueprinter unassign ASSIGNMENT`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.azure import ArmClient
from blueprinter.cli import Settings
from blueprinter.cli.azure_access import azure_options, client, confirmed, failures
from blueprinter.cli.deployment import Wish, targets_of
from blueprinter.cli.environment import cloud_of, environment_of
from blueprinter.cli.inputs import AssignmentFile
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.cli.status_text import left_lines
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import Target, look, unassign
from blueprinter.diagnostics import Diagnostic, Position, Severity
from blueprinter.text import plural


@click.command("unassign")
@click.argument("assignments", nargs=-1, required=True, type=AssignmentFile(), metavar="ASSIGNMENT...")
@azure_options
@click.option("--prune", is_flag=True, help="Delete policy objects and role assignments that carry our mark.")
@click.option(
    "--delete-resources", is_flag=True, help="Delete everything that the stack manages, data included."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(
    settings: Settings,
    assignments: tuple[Path, ...],
    sandbox: str,
    subscriptions: tuple[str, ...],
    management_group: str,
    prune: bool,
    delete_resources: bool,
    yes: bool,
) -> int:
    """Take an assignment back: its stack lets go of everything, and its locks are gone.

    What was deployed stays, as Azure Blueprints did it. --prune deletes what carries our mark: exemptions,
    attestations, role assignments, policy assignments, initiatives, definitions. --delete-resources deletes resource
    groups and resources as well; on a terminal the names of the resource groups have to be typed.
    """
    found = environment_of(settings)
    workspace = open_workspace(Path.cwd())
    now = datetime.now(UTC)
    with failures(settings, writes=True), client(settings, sandbox, found) as arm:
        wish = Wish(assignments, found, cloud_of(settings, found), now, subscriptions, management_group)
        targets, remarks = targets_of(wish, arm, workspace)
        show_diagnostics(remarks, settings)
        for target in targets:
            _ask(arm, target, delete_resources=delete_resources, yes=yes)
            done = unassign(
                arm, target, lambda line: say(line, settings), prune=prune, delete_resources=delete_resources
            )
            if not done.stacks and not done.left and not done.deleted:
                where = Position(target.assignment.document.file)
                message = f"nothing of `{target.assignment.name}` is on {target.scope}"
                show_diagnostics([Diagnostic("BP658", Severity.WARNING, message, "", where)], settings)
                continue
            shown = f"unassigned {target.assignment.name} from {target.scope}"
            click.echo(f"{shown}: {plural(len(done.deleted), 'object')} deleted, {len(done.left)} left")
            for id, why in done.kept:
                where = Position(target.assignment.document.file)
                message = f"`{id}` is kept: {why.rstrip('.')}"
                show_diagnostics([Diagnostic("BP643", Severity.WARNING, message, "", where)], settings)
            for line in left_lines(done.left, target.scope, settings.verbose):
                click.echo(line)
    return 0


def _ask(arm: ArmClient, target: Target, *, delete_resources: bool, yes: bool) -> None:
    """Asks once, or for each resource group that is deleted with everything in it."""
    question = f"Take {target.assignment.name} from {target.scope}?"
    if not delete_resources or yes or not sys.stdin.isatty():
        confirmed(question, yes=yes)
        return
    for id in look(arm, target).workload:
        if "/providers/" not in id:
            name = id.rpartition("/")[2]
            typed = click.prompt(f"Everything in `{name}` is deleted. Type its name", err=True)
            if typed != name:
                raise click.Abort
    confirmed(question, yes=yes)
