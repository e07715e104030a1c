"""`blueprinter demo [DIR]`: the whole loop on an example estate, in a sandbox in this process."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.evaluation import Request, run_evaluation
from blueprinter.cli.live_evaluation import agreement_lines
from blueprinter.cli.loop import Loop
from blueprinter.cli.output import is_terminal, parse_targets, write_outputs
from blueprinter.cli.remarks import say
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import StateBook, compare_states, read_manifest
from blueprinter.content import shipped
from blueprinter.report import ReportOptions
from blueprinter.text import plural

BLUEPRINT = "iso-27001-2022"
FILES = (("html", "report.html"), ("json", "run.json"))


@click.command(
    "demo", help="The whole loop on an example estate; writes the control gap report to DIR (default: out)."
)
@click.argument("directory", metavar="[DIR]", default="out", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def command(settings: Settings, directory: Path) -> None:
    estate = shipped("examples") / "contoso"
    inventory = _short(estate / "inventory")
    collected = _collected(inventory)
    workspace = open_workspace(shipped("blueprints").parent)
    loop = Loop(
        workspace, inventory, estate / "assignments" / "contoso.yaml", estate / "registers", collected
    )
    with loop:
        _run_loop(loop, settings)
    # states say what fails; our engine also says why, and where: the report is written from it
    request = Request(
        now=collected,
        blueprint=BLUEPRINT,
        inventories=(str(inventory),),
        registers=estate / "registers",
    )
    run = run_evaluation(request, workspace)
    options = ReportOptions(
        color=settings.color and is_terminal(), width=shutil.get_terminal_size((100, 40)).columns
    )
    files = [f"{name}={directory / file}" for name, file in FILES]
    console = () if settings.quiet else ("console",)
    write_outputs(run, parse_targets((*files, *console), terminal=is_terminal()), options)
    click.echo(
        f"\nThe report: {directory / 'report.html'}\n\nNext, with your own estate:\n"
        f"  blueprinter export inventory {BLUEPRINT} --subscription ID -d estate\n"
        f"  blueprinter evaluate {BLUEPRINT} --inventory estate -o report.html"
    )


def _run_loop(loop: Loop, settings: Settings) -> None:
    """Assigns and evaluates in the sandbox, a line a step."""
    say(f"sandbox: {plural(loop.resources, 'resource')} loaded", settings)
    scopes = loop.assign()
    say(
        f"assigned: {BLUEPRINT}, {plural(loop.policies, 'policy', 'policies')}, to {plural(scopes, 'subscription')}",
        settings,
    )
    loop.trigger()
    before = loop.arm.requests.total
    live, offline = StateBook(), StateBook()
    loop.evaluate("policy-insights", observe=live)
    requests = plural(loop.arm.requests.total - before, "request")
    say(f"evaluated: {plural(len(live.pairs), 'policy state')}, read in {requests}", settings)
    loop.offline(offline)
    for line in agreement_lines(compare_states(offline, live)):
        say(line, settings)


def _collected(inventory: Path) -> datetime:
    """When the inventory was complete: the demo's clock, so that it never goes stale."""
    manifests = (read_manifest(file) for file in sorted(inventory.glob("*.manifest.json")))
    return max(manifest.ended_at for manifest in manifests if manifest.ended_at)


def _short(path: Path) -> Path:
    """The path as a person would write it from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
