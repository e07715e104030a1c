"""`blueprinter catalog check|import`: built-in definitions and aliases."""

from __future__ import annotations

from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.remarks import echo_json, say
from blueprinter.cli.workspace import CATALOG
from blueprinter.policy import check_catalog, import_catalog
from blueprinter.text import for_terminal, plural


@click.group("catalog", help="Built-in definitions and aliases.")
def command() -> None:
    """The group."""


@command.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check_command(paths: tuple[Path, ...], output: str) -> int:
    """Parse and compile every policy definition in files and folders; say why the others cannot be judged offline.

    Exit code 2 when a definition does not parse, 1 when one makes the engine fail.
    """
    checked = check_catalog(paths)
    if output == "json":
        echo_json(checked.as_json())
    else:
        click.echo(
            f"{plural(checked.definitions, 'definition')}, {checked.compiled:,} compile, "
            f"{plural(checked.not_definitions, 'other file')}"
        )
        for reason, count in sorted(checked.unsupported.items()):
            click.echo(f"  {count:>5} cannot be judged offline: {reason}")
        for label, rows in (("invalid", checked.invalid), ("error", checked.errors)):
            for file, message in rows:
                click.echo(f"{label}: {for_terminal(file)}: {for_terminal(message)}")
    if checked.errors:
        return 1
    return 2 if checked.invalid else 0


@command.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def import_command(settings: Settings, source: Path) -> None:
    """Import built-in definitions (a checkout of Azure/azure-policy) or aliases into .blueprinter/catalog.sqlite.

    Aliases are read from Azure's providers format (JSON), from a checkout of Azure/azure-policy-linter, which
    has all of the public cloud, or from a table `alias,path` (.csv, .csv.gz). Importing again replaces what was there.
    """
    added = import_catalog(source, Path.cwd() / CATALOG)
    parts = (
        plural(added.definitions, "definition"),
        plural(added.sets, "initiative"),
        plural(added.aliases, "alias", "aliases"),
    )
    say(f"imported {', '.join(parts)} into {CATALOG}", settings)
    for fault in added.skipped:
        say(f"left out, because it is no JSON: {for_terminal(fault.position.file)}", settings)
