"""`blueprinter status [ASSIGNMENT…]`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from blueprinter.cli import Settings
from blueprinter.cli.azure_access import azure_options, client, cloud_of, failures
from blueprinter.cli.deployment import Wish, subscriptions_of, targets_of
from blueprinter.cli.remarks import show_diagnostics
from blueprinter.cli.status_text import stack_json, stack_lines, status_json, status_lines
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import AssignOptions, read_environment, stacks_at, status


@click.command("status")
@click.argument("assignments", nargs=-1, type=click.Path(path_type=Path), metavar="[ASSIGNMENT]...")
@azure_options
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)
@click.option("--registers", type=click.Path(path_type=Path, file_okay=False), help="Folder of registers.")
@click.pass_obj
def command(
    settings: Settings,
    assignments: tuple[Path, ...],
    sandbox: str,
    environment: str,
    subscriptions: tuple[str, ...],
    management_group: str,
    output: str,
    registers: Path | None,
) -> int:
    """Show how assignments stand: their stacks, what failed, locks, remediation tasks, what is left over.

    Without ASSIGNMENT, all stacks of ours in the subscriptions that are named by an option, an environment, or (without
    either) that can be read.
    """
    found = read_environment(Path.cwd(), environment)
    with failures(settings), client(settings, sandbox, found) as arm:
        if not assignments:
            scopes = [one if one.startswith("/") else f"/subscriptions/{one}" for one in subscriptions]
            if management_group:
                full = management_group
                if not full.startswith("/"):
                    full = f"/providers/Microsoft.Management/managementGroups/{full}"
                scopes = [full, *subscriptions_of(arm, full)]
            scopes = scopes or list(found.scopes)
            if not scopes:
                scopes = [str(row.get("id", "")) for row in arm.items("/subscriptions", "2022-12-01")]
            stacks = [(scope, stacks_at(arm, scope)) for scope in sorted(scopes)]
            if output == "json":
                rows = [
                    {"scope": scope, "stacks": [stack_json(one) for one in held]} for scope, held in stacks
                ]
                click.echo(
                    orjson.dumps(
                        {"schema": "blueprinter/status/1", "scopes": rows}, option=orjson.OPT_INDENT_2
                    )
                )
                return 0
            for scope, held in stacks:
                click.echo(f"{scope}: {'no stack of ours' if not held else ''}".rstrip(": "))
                for one in held:
                    for line in stack_lines(one, settings.verbose):
                        click.echo(f"  {line}")
            return 0
        workspace = open_workspace(Path.cwd())
        now = datetime.now(UTC)
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
        results = [status(arm, target, AssignOptions(now=now)) for target in targets]
    if output == "json":
        document = {"schema": "blueprinter/status/1", "assignments": [status_json(one) for one in results]}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        return 0
    for result in results:
        for line in status_lines(result, settings.verbose):
            click.echo(line)
    return 0
