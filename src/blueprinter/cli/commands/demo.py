"""`blueprinter demo [DIR]`: the whole loop on an example estate."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.evaluation import Request, run_evaluation
from blueprinter.cli.output import is_terminal, write_file
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import read_manifest
from blueprinter.content import shipped
from blueprinter.report import FORMATS, ReportOptions

BLUEPRINT = "iso-27001-2022"


@click.command("demo", help="Judge an example estate and write the control gap report to DIR (default: out).")
@click.argument("directory", metavar="[DIR]", default="out", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def command(settings: Settings, directory: Path) -> None:
    estate = shipped("examples") / "contoso"
    inventory = _short(estate / "inventory")
    request = Request(
        now=_collected(inventory),
        blueprint=BLUEPRINT,
        inventories=(str(inventory),),
        registers=estate / "registers",
    )
    run = run_evaluation(request, open_workspace(shipped("blueprints").parent))
    options = ReportOptions(
        color=settings.color and is_terminal(), width=shutil.get_terminal_size((100, 40)).columns
    )
    for name, file in (("html", "report.html"), ("json", "run.json")):
        row = FORMATS.get(name)
        if row is None:
            raise click.ClickException(f"the format `{name}` is missing")
        write_file(directory / file, row.write(run, options))
    console = FORMATS.get("console")
    if console is not None and not settings.quiet:
        for part in console.write(run, options):
            click.echo(part, nl=False)
    click.echo(
        f"\nThe report: {directory / 'report.html'}\n\nNext, with your own estate:\n"
        "  az graph query -q 'resources' --first 1000 > estate.json\n"
        f"  blueprinter evaluate {BLUEPRINT} --inventory estate.json -o report.html"
    )


def _collected(inventory: Path) -> datetime:
    """When the inventory was complete: the demo's clock, so that it never goes stale."""
    manifests = (read_manifest(file) for file in sorted(inventory.glob("*.manifest.json")))
    return max(manifest.ended_at for manifest in manifests if manifest.ended_at)


def _short(path: Path) -> Path:
    """The path as a person would write it from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
