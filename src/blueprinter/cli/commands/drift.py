"""`blueprinter drift ASSIGNMENT…`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.azure_access import azure_options, client, failures
from blueprinter.cli.deployment import Wish, targets_of
from blueprinter.cli.environment import cloud_of, environment_of, registers_option
from blueprinter.cli.inputs import AssignmentFile
from blueprinter.cli.remarks import echo_json, show_diagnostics
from blueprinter.cli.status_text import drift_json, drift_lines
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import AssignOptions, status

_PENDING = 4


@click.command("drift")
@click.argument("assignments", nargs=-1, required=True, type=AssignmentFile(), metavar="ASSIGNMENT...")
@azure_options
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)
@click.option("--no-stack", is_flag=True, help="It was assigned with --no-stack.")
@registers_option
@click.pass_obj
def command(
    settings: Settings,
    assignments: tuple[Path, ...],
    sandbox: str,
    subscriptions: tuple[str, ...],
    management_group: str,
    output: str,
    no_stack: bool,
    registers: Path | None,
) -> int:
    """Show what in Azure is not as it was assigned; exit code 4 when there is something.

    Policy definitions, initiatives, assignments, role assignments, exemptions and attestations are compared property by
    property; so is of resource groups and resources what their templates set. What cannot be compared is named: what
    only Azure knows, secrets, and what Azure does not give back.
    """
    found = environment_of(settings)
    workspace = open_workspace(Path.cwd())
    now = datetime.now(UTC)
    with failures(settings), client(settings, sandbox, found) as arm:
        wish = Wish(
            assignments,
            found,
            cloud_of(settings, found),
            now,
            subscriptions,
            management_group,
            registers=registers,
        )
        targets, remarks = targets_of(wish, arm, workspace)
        show_diagnostics(remarks, settings)
        results = [status(arm, target, AssignOptions(now=now, stack=not no_stack)) for target in targets]
    if output == "json":
        document = {"schema": "blueprinter/drift/1", "assignments": [drift_json(one) for one in results]}
        echo_json(document)
    else:
        for result in results:
            for line in drift_lines(result, settings.verbose):
                click.echo(line)
    return _PENDING if any(one.drifted for one in results) else 0
