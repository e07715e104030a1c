"""`blueprinter policy explain POLICY --resource FILE`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.cli.inputs import moment
from blueprinter.cli.policy_inputs import alias_table, complete, nothing_collected, policy_named
from blueprinter.cli.remarks import echo_json
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import read_inventories
from blueprinter.document import load
from blueprinter.policy import (
    Around,
    Lookup,
    explain_policy,
    explanation_lines,
    read_around,
    read_resource,
    read_values,
    utc_text,
    with_values,
)


@click.command("explain")
@click.argument("policy")
@click.option(
    "--resource",
    "resource_file",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The resource, as `az resource show` prints it.",
)
@click.option(
    "--related",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="All resources beside it: an inventory. Without it nothing is known of them.",
)
@click.option(
    "--parameters", type=click.Path(path_type=Path), metavar="FILE", help="Parameter values of the policy."
)
@click.option(
    "--context",
    "context_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Surroundings: resourceGroup, subscription, policy, requestContext, utcNow.",
)
@click.option(
    "--aliases",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="All aliases there are: Azure's list of providers (JSON) or a table `alias,path` (.csv, .csv.gz).",
)
@click.option("--strict-aliases", is_flag=True, help="An alias in no table is unsupported, not guessed.")
@click.option("--now", callback=moment, metavar="TIME", help="The clock, ISO 8601 (default: now).")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    policy: str,
    resource_file: Path,
    related: tuple[Path, ...],
    parameters: Path | None,
    context_file: Path | None,
    aliases: Path | None,
    strict_aliases: bool,
    now: datetime | None,
    output: str,
) -> int:
    """Show step by step what a policy says of a resource: each condition, the paths looked at, the values found.

    POLICY is a file, the name of a policy, or the id of a built-in in the catalog.
    """
    workspace = open_workspace(Path.cwd())
    definition, document = policy_named(policy, workspace)
    stated = load(parameters) if parameters else None
    assigned = with_values(definition, read_values(stated) if stated else {}, stated)
    around, stated_now = read_around(load(context_file)) if context_file else (Around(), "")
    clock = (now or datetime.now(UTC)).astimezone(UTC)
    lookup: Lookup = nothing_collected
    if related:
        lookup = complete(read_inventories(related, now=clock).lookup)
    explained = explain_policy(
        assigned,
        read_resource(load(resource_file)),
        lookup,
        aliases=alias_table(aliases, workspace),
        now=stated_now or utc_text(clock),
        around=around,
        strict_aliases=strict_aliases,
        document=document,
    )
    if output == "json":
        echo_json(explained.as_json())
    else:
        for line in explanation_lines(explained):
            click.echo(line)
    return 0
