"""`blueprinter evaluate [BLUEPRINT] [TEMPLATE…]`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

import click
from msgspec.structs import replace

from blueprinter.azure import ArmClient
from blueprinter.blueprint import ResolvedBlueprint
from blueprinter.cli import Settings
from blueprinter.cli.azure_access import client, failures, sandbox_option
from blueprinter.cli.capturing import capture
from blueprinter.cli.deployment import Wish
from blueprinter.cli.environment import cloud_of, environment_of, history_option, registers_option
from blueprinter.cli.evaluation import Request, replaced_by, resource_ids, run_evaluation, run_live
from blueprinter.cli.inputs import (
    AssignmentFile,
    Destination,
    moment,
    split_positionals,
    subscription_ids,
)
from blueprinter.cli.live_artifacts import ArtifactsInAzure
from blueprinter.cli.live_evaluation import MAX_AGE_DAYS, SOURCES, Live, agreement_lines
from blueprinter.cli.output import Target, is_terminal, open_file, parse_targets, write_outputs
from blueprinter.cli.recording import check_folder, read_recording, replaying, write_recording
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.cli.saved_runs import SAVED_FINDINGS, open_run, save_run
from blueprinter.cli.sections import SectionedCommand
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import (
    SETTLED,
    FailOn,
    StateBook,
    compare_states,
    exit_code,
    snapshot,
    usual_processes,
)
from blueprinter.diagnostics import InvalidInput, Severity
from blueprinter.document import noting
from blueprinter.policy import PolicySeverity
from blueprinter.report import FORMATS, ReportOptions, StateRecorder
from blueprinter.text import plural

_UNLIMITED = 10**9
INVENTORY_DAYS = 30
DETAILS = 25


_SECTIONS = {
    "Judged by": ("--assignment", "--policies", "--initiative", "--registers"),
    "What is judged, from files": ("--inventory", "--template", "--parameters"),
    "What is judged, live": (
        "--subscription",
        "--management-group",
        "--resource-group",
        "--sandbox",
        "--source",
        "--trigger",
        "--timeout",
        "--against",
        "--details",
        "--explain-requests",
        "--record",
        "--replay",
    ),
    "How": ("--now", "--max-age", "--warn-days", "--strict-aliases", "--allow-partial", "--jobs"),
    "What makes it fail": ("--fail-on", "--min-severity", "--max-gaps", "--baseline"),
    "Results": ("--output", "--all-states", "--max-findings", "--save", "--history"),
}


@click.command("evaluate", cls=SectionedCommand, sections=_SECTIONS)
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
    callback=subscription_ids,
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
@sandbox_option
@click.option("--trigger", is_flag=True, help="Live: start an evaluation and wait for it.")
@click.option("--timeout", default=60, show_default=True, metavar="MINUTES", help="How long --trigger waits.")
@click.option(
    "--against",
    type=click.Choice(["live"]),
    help="Also ask for policy states, and say where they differ from the inventory's (needs -a).",
)
@click.option("--explain-requests", is_flag=True, help="Live: say how many requests were made.")
@click.option(
    "--details",
    default=DETAILS,
    show_default=True,
    metavar="N",
    type=click.IntRange(min=0),
    help="Live: ask why of so many resources with findings, the worst first; a request each.",
)
@click.option(
    "--record",
    "record",
    type=click.Path(path_type=Path, file_okay=False),
    help="Live: write the answers of Azure to a new folder, without names and ids of the tenant.",
)
@click.option(
    "--replay",
    "replay",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of --record instead of Azure.",
)
@click.option(
    "--policies",
    multiple=True,
    metavar="PATH",
    help="Policy definitions: bare, beside or without a blueprint, or members of an --initiative.",
)
@click.option(
    "--initiative", multiple=True, metavar="FILE|ID", help="An initiative: a file, an id or a GUID."
)
@click.option("-a", "--assignment", type=AssignmentFile(), help="Assignment file: parameter values, scope.")
@registers_option
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
@history_option
@click.option("--allow-partial", is_flag=True, help="Unreadable scopes and records do not make the run fail.")
@click.option(
    "--jobs",
    default=None,
    show_default="one for each processor",
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
    details: int,
    record: Path | None,
    replay: Path | None,
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
    jobs: int | None,
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
    found = environment_of(settings)
    cloud = cloud_of(settings, found)
    blueprint, positional = split_positionals(inputs)
    given = bool(inventory or templates or positional)
    if replay is not None and (
        given or assignment is not None or subscriptions or management_group or source
    ):
        raise click.UsageError("--replay says itself what is judged, and where")
    if not given and assignment is None and not initiative and replay is None:
        raise click.UsageError(
            "nothing to judge: give --inventory or templates (`blueprinter demo` has both), or -a or --initiative for "
            "a live run"
        )
    asks = not given or against is not None
    of_azure = management_group or source or trigger or explain_requests or record or len(subscriptions) > 1
    if not asks and of_azure:
        raise click.UsageError("-m, --source, --trigger, --record and --explain-requests belong to live runs")
    if against and (assignment is None or not inventory):
        raise click.UsageError("--against live compares an --inventory with the states of an assignment, -a")
    if not given and policies:
        raise click.UsageError("--policies needs an inventory or templates")
    if not given and initiative and (assignment or blueprint or replay):
        raise click.UsageError(
            "live, an --initiative is judged by itself: without a blueprint, -a and --replay"
        )
    if blueprint is None and assignment is None and not policies and not initiative and replay is None:
        raise click.UsageError("nothing to judge by: name a blueprint, --policies or --initiative")
    if record is not None and given:
        raise click.UsageError("--record is for a run that is live alone")
    targets = parse_targets(outputs, terminal=is_terminal())
    streamed = tuple(target for target in targets if target.format.name == "jsonl")
    request = Request(
        now=now or datetime.now(UTC).replace(microsecond=0),
        clock=_running_from(now) if now else partial(datetime.now, UTC),
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
        environment=found,
        max_age_days=max_age if max_age is not None else INVENTORY_DAYS if given else MAX_AGE_DAYS,
        warn_days=warn_days,
        strict_aliases=strict_aliases,
        allow_partial=allow_partial,
        max_findings=_kept(max_findings, targets, saved=save, compared=baseline is not None),
        all_states=all_states,
        jobs=jobs or usual_processes(),
    )
    if record is not None:
        check_folder(record)
    recorded = read_recording(replay) if replay is not None else None
    if recorded is not None:
        request = replaced_by(recorded, request)
    known = snapshot(open_run(baseline, history_file)) if baseline is not None else None
    with ExitStack() as files:
        notes: dict[Path, bytes | None] = files.enter_context(noting()) if save else {}
        environment_of(settings)  # once more, since what was read before is not noted
        workspace = open_workspace(Path.cwd())
        recorder = _recorder(streamed, all_states, files)
        live = Live(
            source or next(iter(SOURCES.names())),
            subscriptions,
            management_group,
            resource_group,
            trigger=trigger,
            timeout=timeout * 60.0,
            settled=timedelta(0) if sandbox else SETTLED,
            environment=found,
            details=details,
            tell=lambda line: say(line, settings),
        )
        live = live if recorded is None else recorded.live

        def looked_at(arm: ArmClient) -> ArtifactsInAzure:
            named = (assignment,) if assignment is not None else ()
            wish = Wish(
                named,
                found,
                cloud,
                request.now,
                subscriptions,
                management_group,
                registers=registers,
            )
            return ArtifactsInAzure(wish, arm, workspace)

        arm, answers = None, None
        stand: dict[str, str] = {}
        judged_by: list[ResolvedBlueprint] = []
        if asks:
            arm = files.enter_context(
                client(settings, sandbox, found) if recorded is None else replaying(recorded)
            )
            answers = arm.keep_exchanges() if (save or record) and not given else None
        with failures(settings):
            if arm is None:
                run = run_evaluation(request, workspace, recorder)
            elif given:
                offline, states = StateBook(), StateBook()
                given_policies = replace(request, in_force=offline.in_force)
                run = run_evaluation(given_policies, workspace, recorder, offline)
                fresh = replace(
                    request,
                    max_age_days=max_age if max_age is not None else MAX_AGE_DAYS,
                    in_force=states.in_force,
                )
                run_live(fresh, live, arm, workspace, observe=states)
                ids = partial(resource_ids, request)
                for line in agreement_lines(compare_states(offline, states, inventory=ids)):
                    say(line, settings)
            else:
                look = looked_at(arm)

                def noted(resolved: ResolvedBlueprint) -> Mapping[str, str]:
                    judged_by.append(resolved)
                    stand.update(look(resolved) if recorded is None else recorded.artifacts)
                    return stand

                run = run_live(request, live, arm, workspace, recorder, artifacts=noted)
        if explain_requests and arm is not None:
            _explain(arm, settings)
        if record is not None and answers is not None:
            with failures(settings):
                write_recording(record, answers, judged_by[0], run, live, request, stand)
            say(f"recorded in {record}; look through it before you hand it on", settings)
        kept = None
        if save:
            try:
                kept = capture(notes, request, live if answers else None, answers, run.now, stand)
            except InvalidInput as stuck:
                # the run is saved all the same, and makes no bundle
                show_diagnostics(
                    [replace(one, severity=Severity.WARNING) for one in stuck.diagnostics], settings
                )
    if save:
        run = save_run(run, history_file, settings, kept)
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
        scopes = sum(one.status != "read" for one in run.population.scopes)
        holes = [
            plural(count, word)
            for count, word in ((scopes, "scope"), (run.population.unreadable, "record"))
            if count
        ]
        say(f"partial: {' and '.join(holes) or 'something'} could not be read{tail}", settings)
    return int(code)


def _explain(arm: ArmClient, settings: Settings) -> None:
    """How many requests were made, by method."""
    methods = ", ".join(f"{count} {method}" for method, count in arm.requests.by_method.items())
    say(f"{plural(arm.requests.total, 'request')} ({methods}), {arm.requests.repeated} repeated", settings)


def _running_from(now: datetime) -> Callable[[], datetime]:
    """The clock of a run that was told the time: it goes on from there while something is waited for."""
    started = monotonic()
    return lambda: now + timedelta(seconds=monotonic() - started)


def _kept(max_findings: int, targets: tuple[Target, ...], *, saved: bool, compared: bool) -> int:
    """How many findings the run itself keeps; a document may show fewer. What is compared with a baseline keeps all:
    what is new may be anywhere among them."""
    if compared or any(target.format.whole for target in targets):
        return _UNLIMITED
    wide = saved or any(target.format.files is not None for target in targets)
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
