"""`blueprinter publish BLUEPRINT`."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.deployment import PUBLISHED
from blueprinter.cli.output import open_bytes
from blueprinter.cli.remarks import say
from blueprinter.cli.rendering import sources_of
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import RECORD, Published, published_files, read_published
from blueprinter.diagnostics import InvalidInput, Position, error

_EPOCH = (1980, 1, 1, 0, 0, 0)


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
@click.pass_obj
def command(settings: Settings, blueprint: str, directory: Path, archive: Path | None) -> None:
    """Keep a version of BLUEPRINT, with the templates and policies it names, that never changes again.

    An assignment that names this version is deployed from it. Publishing the same content again does nothing; other
    content under a version that is there is refused.
    """
    workspace = open_workspace(Path.cwd())
    found = workspace.blueprint(blueprint)
    record, files = published_files(found, sources_of(workspace).bodies)
    shown = f"{record.blueprint} {record.version}, content {record.content[:8]}"
    if archive is not None:
        if archive.exists():
            raise InvalidInput(
                [error("BP655", f"`{archive}` exists", Position(str(archive)), "published files stay")]
            )
        with open_bytes(archive) as stream:
            stream.write(_zipped(files))
        say(f"wrote {archive}: {shown}", settings)
        return
    folder = directory / record.blueprint / record.version
    if (folder / RECORD).is_file():
        _same(folder, record, settings)
        return
    # the record comes last: a folder without one was never published
    for name in sorted(files, key=lambda name: (name == RECORD, name)):
        with open_bytes(folder / name) as stream:
            stream.write(files[name])
    say(f"published {shown} in {folder}", settings)


def _same(folder: Path, record: Published, settings: Settings) -> None:
    there = read_published(folder)
    if there.content != record.content:
        message = (
            f"{record.version} of `{record.blueprint}` is published already, with content {there.content[:8]}"
        )
        raise InvalidInput(
            [error("BP655", message, Position(str(folder)), "give the blueprint a new version")]
        )
    say(f"{record.blueprint} {record.version} is published already, with this very content", settings)


def _zipped(files: dict[str, bytes]) -> bytes:
    """A zip file that is the same for the same files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), files[name])
    return held.getvalue()
