"""`blueprinter evaluate [BLUEPRINT] [TEMPLATE…]`."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.evaluation import Request, run_evaluation
from blueprinter.cli.inputs import Destination, known_cloud, moment, split_positionals
from blueprinter.cli.output import Target, is_terminal, open_file, parse_targets, write_outputs
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import FailOn, exit_code
from blueprinter.policy import PolicySeverity
from blueprinter.report import ReportOptions, StateRecorder
from blueprinter.text import plural

_UNLIMITED = 10**9


@click.command("evaluate")
@click.argument("inputs", nargs=-1, metavar="[BLUEPRINT] [TEMPLATE]...")
@click.option("--inventory", multiple=True, metavar="PATH", help="Inventory: file, folder or quoted glob.")
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="PATH",
    help="ARM template: file, folder or quoted glob.",
)
@click.option(
    "--parameters",
    multiple=True,
    metavar="FILE",
    help="Parameter file of the templates (default: found beside each).",
)
@click.option("--subscription", default="", metavar="ID", help="Subscription that templates are deployed to.")
@click.option(
    "-g",
    "--resource-group",
    default="",
    metavar="NAME",
    help="Resource group that templates are deployed to.",
)
@click.option(
    "--policies",
    multiple=True,
    metavar="PATH",
    help="Bare policy definitions, beside or without a blueprint.",
)
@click.option(
    "--initiative", multiple=True, metavar="FILE|ID", help="An initiative: a file, an id or a GUID."
)
@click.option(
    "-a", "--assignment", type=click.Path(path_type=Path), help="Assignment file: parameter values, scope."
)
@click.option(
    "--registers", type=click.Path(path_type=Path), help="Folder of registers (default: ./registers)."
)
@click.option(
    "--now", callback=moment, metavar="TIME", help="The clock of this run, ISO 8601 (default: now)."
)
@click.option("--max-age", default=30, show_default=True, metavar="DAYS", help="An older inventory is stale.")
@click.option(
    "--warn-days",
    default=30,
    show_default=True,
    metavar="DAYS",
    help="What ends within these days is ending.",
)
@click.option("--strict-aliases", is_flag=True, help="An alias in no table is unsupported, not guessed.")
@click.option(
    "--fail-on",
    type=click.Choice([str(one) for one in FailOn]),
    default="gap",
    show_default=True,
    help="What makes the exit code 3.",
)
@click.option(
    "--min-severity",
    type=click.Choice([str(one) for one in PolicySeverity]),
    help="Milder tested gaps do not count.",
)
@click.option("--max-gaps", default=0, show_default=True, metavar="N", help="Gaps that are tolerated.")
@click.option("--allow-partial", is_flag=True, help="Unreadable scopes and records do not make the run fail.")
@click.option(
    "--jobs",
    default=1,
    show_default=True,
    metavar="N",
    type=click.IntRange(min=1),
    help="Processes that judge large inventories.",
)
@click.option("--all-states", is_flag=True, help="JSON lines: every policy state, not only the open ones.")
@click.option(
    "--max-findings",
    default=1000,
    show_default=True,
    metavar="N",
    help="Findings in a JSON or HTML document.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="console, json, jsonl, csv, markdown, sarif, github, html; repeatable.",
)
@click.pass_obj
def command(
    settings: Settings,
    inputs: tuple[str, ...],
    inventory: tuple[str, ...],
    templates: tuple[str, ...],
    parameters: tuple[str, ...],
    subscription: str,
    resource_group: str,
    policies: tuple[str, ...],
    initiative: tuple[str, ...],
    assignment: Path | None,
    registers: Path | None,
    now: datetime | None,
    max_age: int,
    warn_days: int,
    strict_aliases: bool,
    fail_on: str,
    min_severity: str | None,
    max_gaps: int,
    allow_partial: bool,
    jobs: int,
    all_states: bool,
    max_findings: int,
    outputs: tuple[str, ...],
) -> int:
    """Judge an inventory or templates by a blueprint: for which controls there is evidence, and where the gaps are.

    \b
    blueprinter evaluate iso-27001-2022 --inventory estate.jsonl -o report.html
    blueprinter evaluate iso-27001-2022 'infra/**/*.json' --fail-on gap
    blueprinter evaluate --policies my-policies/ --inventory estate.jsonl -o jsonl

    Exit codes: 0 fine, 1 partial, 2 invalid input, 3 over the threshold, 5 nothing was evaluated.
    """
    cloud = known_cloud(settings.cloud)
    blueprint, positional = split_positionals(inputs)
    if not (inventory or templates or positional):
        raise click.UsageError(
            "nothing to judge: give --inventory or templates (`blueprinter demo` has both)"
        )
    if blueprint is None and assignment is None and not policies and not initiative:
        raise click.UsageError("nothing to judge by: name a blueprint, --policies or --initiative")
    targets = parse_targets(outputs, terminal=is_terminal())
    streamed = tuple(target for target in targets if target.format.name == "jsonl")
    request = Request(
        now=now or datetime.now(UTC).replace(microsecond=0),
        blueprint=blueprint,
        assignment=assignment,
        inventories=inventory,
        templates=(*templates, *positional),
        template_parameters=parameters,
        destination=Destination(subscription, resource_group, cloud),
        policies=policies,
        initiatives=initiative,
        registers=registers,
        cloud=cloud,
        max_age_days=max_age,
        warn_days=warn_days,
        strict_aliases=strict_aliases,
        allow_partial=allow_partial,
        max_findings=_UNLIMITED if any(one.format.name == "csv" for one in targets) else max_findings,
        all_states=all_states,
        jobs=jobs,
    )
    workspace = open_workspace(Path.cwd())
    with ExitStack() as files:
        run = run_evaluation(request, workspace, _recorder(streamed, all_states, files))
    options = ReportOptions(
        color=settings.color and is_terminal(),
        width=shutil.get_terminal_size((100, 40)).columns,
        all_states=all_states,
        max_findings=max_findings,
        folder=str(Path.cwd()),
    )
    show_diagnostics(run.diagnostics, settings)
    write_outputs(run, (target for target in targets if target not in streamed), options)
    for target in targets:
        if target.file is not None:
            say(f"wrote {target.file}", settings)
    code = exit_code(
        run,
        fail_on=FailOn(fail_on),
        min_severity=PolicySeverity(min_severity) if min_severity else None,
        max_gaps=max_gaps,
        allow_partial=allow_partial,
    )
    if run.population.partial:
        tail = "" if allow_partial else "; --allow-partial accepts that"
        say(
            f"partial: {plural(run.population.unreadable, 'record')} or scopes could not be read{tail}",
            settings,
        )
    return int(code)


def _recorder(targets: tuple[Target, ...], all_states: bool, files: ExitStack) -> StateRecorder | None:
    """Writes policy states line by line while they are found, so that memory stays flat."""
    if not targets:
        return None
    to_files = [target.file for target in targets if target.file is not None]
    sinks = [files.enter_context(open_file(file)).buffer for file in to_files]
    if len(to_files) < len(targets):
        sys.stdout.flush()
        sinks.append(sys.stdout.buffer)
    return StateRecorder(sinks, all_states=all_states, rewindable=len(to_files) == len(targets))
