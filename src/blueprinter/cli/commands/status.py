"""`blueprinter status [ASSIGNMENT…]`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.azure import ArmClient
from blueprinter.cli import Settings
from blueprinter.cli.azure_access import azure_options, client, failures
from blueprinter.cli.deployment import Wish, rings_of, subscriptions_of, targets_of
from blueprinter.cli.environment import cloud_of, environment_of, history_option, registers_option
from blueprinter.cli.excluding import named, present
from blueprinter.cli.inputs import AssignmentFile, moment
from blueprinter.cli.remarks import echo_json, show_diagnostics
from blueprinter.cli.status_text import (
    ring_json,
    ring_lines,
    stack_json,
    stack_lines,
    status_json,
    status_lines,
)
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import AssignOptions, Environment, stacks_at, status


@click.command("status")
@click.argument("assignments", nargs=-1, type=AssignmentFile(), metavar="[ASSIGNMENT]...")
@azure_options
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)
@click.option("--now", callback=moment, metavar="TIME", help="The time that counts, ISO 8601.")
@registers_option
@history_option
@click.pass_obj
def command(
    settings: Settings,
    assignments: tuple[Path, ...],
    sandbox: str,
    subscriptions: tuple[str, ...],
    management_group: str,
    output: str,
    registers: Path | None,
    history_file: Path,
    now: datetime | None,
) -> int:
    """Show how assignments stand: their stacks, what failed, locks, remediation tasks, what is left over; and which
    rings are entered, and what holds the next one.

    Without ASSIGNMENT, all stacks of ours in the subscriptions that are named by an option, an environment, or (without
    either) that can be read.
    """
    found = environment_of(settings)
    with failures(settings), client(settings, sandbox, found) as arm:
        if not assignments:
            scopes = _scopes(arm, found, subscriptions, management_group)
            stacks = [(scope, stacks_at(arm, scope)) for scope in sorted(scopes)]
            if output == "json":
                rows = [
                    {"scope": scope, "stacks": [stack_json(one) for one in held]} for scope, held in stacks
                ]
                echo_json({"schema": "blueprinter/status/1", "scopes": rows})
                return 0
            for scope, held in stacks:
                click.echo(f"{scope}: {'no stack of ours' if not held else ''}".rstrip(": "))
                for one in held:
                    for line in stack_lines(one, settings.verbose):
                        click.echo(f"  {line}")
            return 0
        workspace = open_workspace(Path.cwd())
        when = now or datetime.now(UTC)
        wish = Wish(
            assignments,
            found,
            cloud_of(settings, found),
            when,
            subscriptions,
            management_group,
            registers=registers,
            history=history_file,
        )
        targets, remarks = targets_of(wish, arm, workspace)
        show_diagnostics(remarks, settings)
        results = [status(arm, target, AssignOptions(now=when)) for target in targets]
        rings = rings_of(wish, arm, workspace)
    if output == "json":
        document = {
            "schema": "blueprinter/status/1",
            "assignments": [status_json(one) for one in results],
            "rings": [
                {"assignment": name, "rings": [ring_json(one) for one in rows]} for name, rows in rings
            ],
        }
        echo_json(document)
        return 0
    for result in results:
        for line in status_lines(result, settings.verbose):
            click.echo(line)
    for name, held_rings in rings:
        for line in ring_lines(name, held_rings):
            click.echo(line)
    return 0


def _scopes(
    arm: ArmClient, environment: Environment, subscriptions: tuple[str, ...], management_group: str
) -> tuple[str, ...]:
    """Where stacks are looked for: what options name, else the environment, else all that can be read."""
    if subscriptions:
        ids = (one if one.startswith("/") else f"/subscriptions/{one}" for one in subscriptions)
        return named(ids, environment, arm)
    group = management_group or ("" if environment.scopes else environment.management_group)
    if group:
        full = group if group.startswith("/") else f"/providers/Microsoft.Management/managementGroups/{group}"
        return (full, *present(subscriptions_of(arm, full), full, environment, arm))
    if environment.scopes:
        return named(environment.scopes, environment, arm)
    readable = (str(row.get("id", "")) for row in arm.items("/subscriptions", "2022-12-01"))
    return present(readable, "the tenant", environment, arm)
