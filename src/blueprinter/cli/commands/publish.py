"""`blueprinter publish BLUEPRINT`."""

from __future__ import annotations

from pathlib import Path

import click

from blueprinter.archive import packed
from blueprinter.cli import Settings
from blueprinter.cli.azure_access import client, confirmed, failures, sandbox_option
from blueprinter.cli.environment import environment_of
from blueprinter.cli.output import open_bytes
from blueprinter.cli.remarks import say
from blueprinter.cli.rendering import sources_of
from blueprinter.cli.versions import PUBLISHED, write_version
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import (
    RECORD,
    Published,
    keep,
    published_files,
    read_published,
    spec_id,
)
from blueprinter.diagnostics import InvalidInput, Position, error


@click.command("publish")
@click.argument("blueprint")
@click.option(
    "-d",
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=PUBLISHED,
    show_default=True,
    help="Where versions are kept: DIRECTORY/NAME/VERSION.",
)
@click.option("--archive", type=click.Path(path_type=Path, dir_okay=False), help="Write a zip file instead.")
@click.option(
    "--template-spec",
    default="",
    metavar="ID",
    help="Keep it in Azure instead: a template spec, or a resource group, where it gets the blueprint's name.",
)
@click.option("--location", default="", help="Of a new template spec (default: that of its resource group).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@sandbox_option
@click.pass_obj
def command(
    settings: Settings,
    blueprint: str,
    directory: Path,
    archive: Path | None,
    template_spec: str,
    location: str,
    yes: bool,
    sandbox: str,
) -> None:
    """Keep a version of BLUEPRINT, with the templates and policies it names, that never changes again.

    An assignment that names this version is deployed from it; one in a template spec is named by its id (`blueprint:
    /subscriptions/…/templateSpecs/NAME`). Publishing the same content again does nothing; other content under a version
    that is there is refused.
    """
    if archive is not None and template_spec:
        raise click.UsageError("--archive or --template-spec, one of the two")
    workspace = open_workspace(Path.cwd())
    found = workspace.blueprint(blueprint)
    record, files = published_files(found, sources_of(workspace).bodies)
    shown = f"{record.blueprint} {record.version}, content {record.content[:8]}"
    if template_spec:
        spec = spec_id(template_spec, record.blueprint)
        confirmed(f"Publish {shown} to {spec}?", yes=yes)
        with failures(settings, writes=True), client(settings, sandbox, environment_of(settings)) as arm:
            fresh = keep(arm, spec, record, files, location)
        say(f"published {shown} in {spec}/versions/{record.version}" if fresh else _there(record), settings)
        return
    if archive is not None:
        if archive.exists():
            raise InvalidInput(
                [error("BP655", f"`{archive}` exists", Position(str(archive)), "published files stay")]
            )
        with open_bytes(archive) as stream:
            stream.write(packed(files))
        say(f"wrote {archive}: {shown}", settings)
        return
    folder = directory / record.blueprint / record.version
    if (folder / RECORD).is_file():
        _check_same(folder, record)
        say(_there(record), settings)
        return
    write_version(folder, files)
    say(f"published {shown} in {folder}", settings)


def _there(record: Published) -> str:
    return f"{record.blueprint} {record.version} is published already, with this very content"


def _check_same(folder: Path, record: Published) -> None:
    there = read_published(folder)
    if there.content != record.content:
        message = (
            f"{record.version} of `{record.blueprint}` is published already, with content {there.content[:8]}"
        )
        raise InvalidInput(
            [error("BP655", message, Position(str(folder)), "give the blueprint a new version")]
        )
