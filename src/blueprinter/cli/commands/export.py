"""`blueprinter export`: what is in Azure, as files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.blueprint import load_assignment
from blueprinter.cli import Settings
from blueprinter.cli.azure_access import client, failures, sandbox_option
from blueprinter.cli.environment import cloud_of, environment_of
from blueprinter.cli.inputs import AssignmentFile, subscription_ids
from blueprinter.cli.live_evaluation import Live, expected_subscriptions
from blueprinter.cli.remarks import say
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import read_scopes
from blueprinter.convert import export_inventory, needs_of
from blueprinter.deploy import in_environment
from blueprinter.document import load
from blueprinter.policy import compile_policies
from blueprinter.text import plural


@click.group("export", help="What is in Azure, as files.")
def command() -> None:
    """The group."""


@command.command("inventory")
@click.argument("blueprint", required=False)
@click.option(
    "-a", "--assignment", type=AssignmentFile(), help="Assignment file: its subscriptions are read."
)
@click.option(
    "--subscription",
    "subscriptions",
    multiple=True,
    callback=subscription_ids,
    metavar="ID",
    help="A subscription; repeatable.",
)
@click.option(
    "-m", "--management-group", default="", metavar="NAME", help="All subscriptions of a management group."
)
@sandbox_option
@click.option("--collected-by", default="", metavar="TEXT", help="Who collects, for the manifest.")
@click.option("--resume", is_flag=True, help="Keep the subscriptions that are in the folder already.")
@click.option(
    "-d",
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where the files are written: JSON lines and a manifest for each subscription.",
)
@click.pass_obj
def inventory_command(
    settings: Settings,
    blueprint: str | None,
    assignment: Path | None,
    subscriptions: tuple[str, ...],
    management_group: str,
    sandbox: str,
    collected_by: str,
    resume: bool,
    directory: Path,
) -> int:
    """Collect what the policies of BLUEPRINT need of an estate: resources, their children and extensions.

    The manifest beside each file says what was asked, when, what was refused, and how many rows there should be, so
    that an absent resource is known to be absent. Exit code 1: a subscription could not be read.
    """
    workspace = open_workspace(Path.cwd())
    found = environment_of(settings)
    given = in_environment(load_assignment(load(assignment)), found) if assignment else None
    name = blueprint or (given.blueprint if given else "")
    if not name:
        raise click.UsageError("which policies? name a BLUEPRINT, or an assignment with -a")
    if given is None and not subscriptions and not management_group:
        raise click.UsageError("which subscriptions? --subscription, -m, or an assignment with -a")
    cloud = cloud_of(settings, found)
    resolved = workspace.resolve(workspace.blueprint(name), given, cloud=cloud)
    policies = compile_policies(
        resolved.policies, aliases=workspace.aliases, now="2026-01-01T00:00:00.0000000Z"
    )
    live = Live(subscriptions=subscriptions, management_group=management_group, environment=found)
    with failures(settings), client(settings, sandbox, found) as arm:
        exported = export_inventory(
            arm,
            read_scopes(arm, expected_subscriptions(live, given, arm)),
            needs_of(policies),
            directory,
            clock=lambda: datetime.now(UTC),
            cloud=cloud,
            collected_by=collected_by,
            resume=resume,
            tell=lambda line: say(line, settings),
        )
    for type_, why in exported.not_collected.items():
        say(f"not collected: {type_} ({why})", settings)
    for scope in exported.refused:
        say(f"not readable: {scope}", settings)
    taken = f", {plural(exported.taken_over, 'file')} kept" if exported.taken_over else ""
    say(f"wrote {plural(exported.resources, 'resource')} to {directory}{taken}", settings)
    return 1 if exported.refused else 0
