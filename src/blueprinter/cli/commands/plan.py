"""`blueprinter plan ASSIGNMENT…`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from blueprinter.cli import Settings
from blueprinter.cli.azure_access import azure_options, client, cloud_of, failures, worst
from blueprinter.cli.deployment import Wish, rendering_options, targets_of
from blueprinter.cli.output import write_file
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import (
    AssignOptions,
    Plan,
    PlanOptions,
    adopted_file,
    plan,
    plan_json,
    plan_lines,
    plan_markdown,
    read_environment,
)
from blueprinter.diagnostics import in_order

_PENDING, _INVALID = 4, 2
_FORMATS = ("text", "json", "markdown")


@click.command("plan")
@click.argument(
    "assignments", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ASSIGNMENT..."
)
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
    environment: str,
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
    now: datetime | None,
) -> int:
    """Show what `assign` would change, and what would go wrong; nothing is written to Azure.

    Additions (+), changes (~), what is deployed again (*), deletions (-), and what a new version leaves behind (=);
    policies that would refuse a resource, definitions and API versions that are not there, least rights. An error among
    the remarks exits with 2.
    """
    found = read_environment(Path.cwd(), environment)
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
    show_diagnostics(diagnostics, settings)
    document = orjson.dumps(plan_json(plans), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    if output == "json":
        click.echo(document, nl=False)
    else:
        for line in plan_lines(plans) if output == "text" else plan_markdown(plans):
            click.echo(line)
    if out is not None:
        write_file(out, [document])
        say(f"wrote {out}; `blueprinter assign --plan {out}` does this or nothing", settings)
    if worst(diagnostics):
        return _INVALID
    return _PENDING if exit_code and any(one.pending for one in plans) else 0
