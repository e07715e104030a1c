"""`blueprinter evaluate [BLUEPRINT] [TEMPLATE…]`."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from blueprinter.azure import ArmClient
from blueprinter.cli import Settings
from blueprinter.cli.azure_access import client, failures
from blueprinter.cli.evaluation import Request, run_evaluation, run_live
from blueprinter.cli.inputs import Destination, known_cloud, moment, split_positionals
from blueprinter.cli.live_evaluation import MAX_AGE_DAYS, SOURCES, Live, agreement_lines
from blueprinter.cli.output import Target, is_terminal, open_file, parse_targets, write_outputs
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.cli.saved_runs import SAVED_FINDINGS, open_run, save_run
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import (
    DEFAULT_FILE,
    SETTLED,
    FailOn,
    StateBook,
    compare_states,
    exit_code,
    snapshot,
)
from blueprinter.deploy import read_environment
from blueprinter.policy import PolicySeverity
from blueprinter.report import FORMATS, ReportOptions, StateRecorder
from blueprinter.text import plural

_UNLIMITED = 10**9
INVENTORY_DAYS = 30


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
@click.option(
    "--subscription",
    "subscriptions",
    multiple=True,
    metavar="ID",
    help="Live: a subscription, instead of the assignment's; repeatable. Else: where templates are deployed.",
)
@click.option(
    "-m",
    "--management-group",
    default="",
    metavar="NAME",
    help="Live: all subscriptions of a management group.",
)
@click.option(
    "-g",
    "--resource-group",
    default="",
    metavar="NAME",
    help="Live: only this resource group. Else: where templates are deployed.",
)
@click.option(
    "--source",
    type=click.Choice(SOURCES.names()),
    help="Live: whom policy states are asked of (default: resource-graph).",
)
@click.option(
    "--sandbox", default="", metavar="URL", envvar="BLUEPRINTER_SANDBOX", help="A sandbox instead of Azure."
)
@click.option("--trigger", is_flag=True, help="Live: start an evaluation and wait for it.")
@click.option("--timeout", default=60, show_default=True, metavar="MINUTES", help="How long --trigger waits.")
@click.option(
    "--against",
    type=click.Choice(["live"]),
    help="Also ask for policy states, and say where they differ from the inventory's (needs -a).",
)
@click.option("--explain-requests", is_flag=True, help="Live: say how many requests were made.")
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
@click.option(
    "--max-age",
    type=int,
    metavar="DAYS",
    help=f"Older data is stale (default: inventories {INVENTORY_DAYS}, policy states {MAX_AGE_DAYS}).",
)
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
@click.option(
    "--baseline", metavar="FILE|RUN", help="Only gaps that this JSON output or saved run has not count."
)
@click.option("--save", is_flag=True, help="Keep the run in the history: ages, trend, reports later.")
@click.option(
    "--history",
    "history_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_FILE,
    show_default=True,
    help="File of saved runs.",
)
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
    help=f"{', '.join(FORMATS.names())}; repeatable.",
)
@click.pass_obj
def command(
    settings: Settings,
    inputs: tuple[str, ...],
    inventory: tuple[str, ...],
    templates: tuple[str, ...],
    parameters: tuple[str, ...],
    subscriptions: tuple[str, ...],
    management_group: str,
    resource_group: str,
    source: str | None,
    sandbox: str,
    trigger: bool,
    timeout: int,
    against: str | None,
    explain_requests: bool,
    policies: tuple[str, ...],
    initiative: tuple[str, ...],
    assignment: Path | None,
    registers: Path | None,
    now: datetime | None,
    max_age: int | None,
    warn_days: int,
    strict_aliases: bool,
    fail_on: str,
    min_severity: str | None,
    max_gaps: int,
    baseline: str | None,
    save: bool,
    history_file: Path,
    allow_partial: bool,
    jobs: int,
    all_states: bool,
    max_findings: int,
    outputs: tuple[str, ...],
) -> int:
    """Judge an estate by a blueprint: for which controls there is evidence, and where the gaps are. The estate is an
    inventory, templates, or, with -a alone, what Azure Policy says of the assignment's subscriptions.

    \b
    blueprinter evaluate iso-27001-2022 --inventory estate.jsonl -o report.html
    blueprinter evaluate iso-27001-2022 'infra/**/*.json' --fail-on gap
    blueprinter evaluate -a assignments/prod.yaml --trigger
    blueprinter evaluate --policies my-policies/ --inventory estate.jsonl -o jsonl

    Exit codes: 0 fine, 1 partial, 2 invalid input, 3 over the threshold, 5 nothing was evaluated.
    """
    cloud = known_cloud(settings.cloud)
    blueprint, positional = split_positionals(inputs)
    given = bool(inventory or templates or positional)
    if not given and assignment is None:
        raise click.UsageError(
            "nothing to judge: give --inventory or templates (`blueprinter demo` has both), or -a for a live run"
        )
    asks = not given or against is not None
    if not asks and (management_group or source or trigger or explain_requests or len(subscriptions) > 1):
        raise click.UsageError("-m, --source, --trigger and --explain-requests belong to live runs")
    if against and (assignment is None or not inventory):
        raise click.UsageError("--against live compares an --inventory with the states of an assignment, -a")
    if not given and (policies or initiative):
        raise click.UsageError("--policies and --initiative need an inventory or templates")
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
        destination=Destination(subscriptions[0] if subscriptions else "", resource_group, cloud),
        policies=policies,
        initiatives=initiative,
        registers=registers,
        cloud=cloud,
        max_age_days=max_age if max_age is not None else INVENTORY_DAYS if given else MAX_AGE_DAYS,
        warn_days=warn_days,
        strict_aliases=strict_aliases,
        allow_partial=allow_partial,
        max_findings=_kept(max_findings, targets, whole=save or baseline is not None),
        all_states=all_states,
        jobs=jobs,
    )
    known = snapshot(open_run(baseline, history_file)) if baseline is not None else None
    workspace = open_workspace(Path.cwd())
    with ExitStack() as files:
        recorder = _recorder(streamed, all_states, files)
        live = Live(
            source or next(iter(SOURCES.names())),
            subscriptions,
            management_group,
            resource_group,
            trigger=trigger,
            timeout=timeout * 60.0,
            settled=timedelta(0) if sandbox else SETTLED,
            tell=lambda line: say(line, settings),
        )
        arm = None
        if asks:
            arm = files.enter_context(client(settings, sandbox, read_environment(Path.cwd(), "")))
        with failures(settings):
            if arm is None:
                run = run_evaluation(request, workspace, recorder)
            elif given:
                offline, states = StateBook(), StateBook()
                run = run_evaluation(request, workspace, recorder, offline)
                fresh = replace(request, max_age_days=max_age if max_age is not None else MAX_AGE_DAYS)
                run_live(fresh, live, arm, workspace, observe=states)
                for line in agreement_lines(compare_states(offline, states)):
                    say(line, settings)
            else:
                run = run_live(request, live, arm, workspace, recorder)
        if explain_requests and arm is not None:
            _explain(arm, settings)
    if save:
        run = save_run(run, history_file, settings)
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
        baseline=known,
    )
    if known is not None and not known.complete:
        say("the baseline kept only its worst findings: what it does not hold counts as new", settings)
    if run.population.partial:
        tail = "" if allow_partial else "; --allow-partial accepts that"
        say(
            f"partial: {plural(run.population.unreadable, 'record')} or scopes could not be read{tail}",
            settings,
        )
    return int(code)


def _explain(arm: ArmClient, settings: Settings) -> None:
    """How many requests were made, by method."""
    methods = ", ".join(f"{count} {method}" for method, count in arm.requests.by_method.items())
    say(f"{plural(arm.requests.total, 'request')} ({methods}), {arm.requests.repeated} repeated", settings)


def _kept(max_findings: int, targets: tuple[Target, ...], *, whole: bool) -> int:
    """How many findings the run itself keeps; a document may show fewer."""
    if any(target.format.whole for target in targets):
        return _UNLIMITED
    wide = whole or any(target.format.files is not None for target in targets)
    return max(max_findings, SAVED_FINDINGS) if wide else max_findings


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
