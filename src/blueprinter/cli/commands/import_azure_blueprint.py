"""`blueprinter import azure-blueprint`: a blueprint of Azure Blueprints becomes a repository of ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import click

from blueprinter.azure import ArmClient
from blueprinter.cli import Settings
from blueprinter.cli.azure_access import client, failures, sandbox_option
from blueprinter.cli.environment import environment_of
from blueprinter.cli.inputs import subscription_ids
from blueprinter.cli.output import write_file
from blueprinter.cli.remarks import say
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.convert import Migration, Reading, lines_of, migrate, read_exported, read_live, report_lines
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import load
from blueprinter.text import plural

_EXPORT = Path("exported")
EXIT_FAILED = 1


@click.command("azure-blueprint")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "-a",
    "--assignment",
    "assignments",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="An exported assignment; repeatable.",
)
@click.option(
    "--subscription",
    callback=subscription_ids,
    metavar="ID",
    help="Read the live service: what this subscription holds.",
)
@click.option(
    "-m", "--management-group", metavar="NAME", help="Read the live service: what this group holds."
)
@sandbox_option
@click.option(
    "-d",
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The repository that is written, or added to.",
)
@click.option("--now", type=click.DateTime(), metavar="TIME", help="The time to plan for; default: now.")
@click.pass_obj
def command(
    settings: Settings,
    folder: Path | None,
    assignments: tuple[Path, ...],
    subscription: str | None,
    management_group: str | None,
    sandbox: str,
    directory: Path,
    now: datetime | None,
) -> int:
    """Turn a blueprint of Azure Blueprints, with its assignments, into files for `validate`, `plan` and `render`.

    Either an exported FOLDER, or what the live service holds while it answers: every definition, version and
    assignment, with operations and deny assignments, is kept under `exported/`; only reads are sent. The contents of a
    blueprint are not changed; layout and encoding are. A report of what maps, what changes, what cannot be carried
    over, and the steps of the cut-over with their dates goes to stdout and to `migration.md`. A file that exists is
    never overwritten.
    """
    clock = (now or datetime.now(UTC)).replace(tzinfo=UTC)
    workspace = open_workspace(Path.cwd())
    scope = _scope(folder, subscription, management_group)
    if scope:
        found = environment_of(settings)
        return _live(scope, client(settings, sandbox, found), directory, clock, workspace, settings)
    if folder is None or not folder.is_dir():
        hint = "name the folder with `blueprint.json`; `Export-AzBlueprintWithArtifact` writes one"
        raise InvalidInput(
            [error("BP192", f"`{folder}` is no blueprint folder", Position(str(folder)), hint)]
        )
    migration = _migrated(folder, assignments, clock, workspace)
    _check_new(directory, migration.files)
    _write(directory, migration.files)
    _tell(migration)
    say(f"wrote {plural(len(migration.files), 'file')} to {directory}", settings)
    return 0


def _scope(folder: Path | None, subscription: str | None, management_group: str | None) -> str:
    """Id of the live scope to read; empty for a folder."""
    given = [one for one in (folder, subscription, management_group) if one]
    if len(given) != 1:
        raise click.UsageError("name one of FOLDER, --subscription and --management-group")
    if subscription:
        return f"/subscriptions/{subscription.removeprefix('/subscriptions/')}"
    if management_group:
        return f"/providers/Microsoft.Management/managementGroups/{management_group.rpartition('/')[2]}"
    return ""


def _live(
    scope: str,
    arm: ArmClient,
    directory: Path,
    clock: datetime,
    workspace: Workspace,
    settings: Settings,
) -> int:
    with failures(settings), arm:
        reading = read_live(arm, scope)
    exported = {str(_EXPORT / name): content for name, content in reading.files.items()}
    _check_new(directory, exported)
    _write(directory, exported)
    for line in lines_of(reading):
        say(line, settings)
    written = len(exported)
    assigned = _by_version(reading)
    for folder, files in assigned.items():
        _, blueprint, version = folder.split("/")
        alone = sum(other.split("/")[1] == blueprint for other in assigned) == 1
        name = blueprint if alone else f"{blueprint}-{version}"
        paths = tuple(directory / _EXPORT / file for file in files)
        migration = _migrated(directory / _EXPORT / folder, paths, clock, workspace, name)
        own = dict(migration.files)
        own[f"migration-{name}.md"] = own.pop("migration.md")
        _check_new(directory, own)
        _write(directory, own)
        written += len(own)
        click.echo(f"{name}")
        _tell(migration)
    say(f"wrote {plural(written, 'file')} to {directory}", settings)
    return EXIT_FAILED if reading.refused else 0


def _by_version(reading: Reading) -> dict[str, list[str]]:
    """Folders of versions that are assigned -> files of their assignments."""
    found: dict[str, list[str]] = {}
    for file, folder in reading.assignments:
        if folder:
            found.setdefault(folder, []).append(file)
    return dict(sorted(found.items()))


def _migrated(
    folder: Path, files: tuple[Path, ...], clock: datetime, workspace: Workspace, name: str = ""
) -> Migration:
    blueprint = workspace.blueprint(str(folder.resolve()))
    stamp = clock.strftime("%Y-%m-%dT%H:%M:%SZ")
    exported = [one for file in files for one in read_exported(load(file), stamp)]
    today: date = clock.date()
    return migrate(blueprint, exported, today, name=name)


def _check_new(directory: Path, files: Mapping[str, str]) -> None:
    there = [name for name in files if (directory / name).exists()]
    if there:
        more = f" and {plural(len(there) - 1, 'more file')}" if len(there) > 1 else ""
        raise click.UsageError(
            f"`{directory / there[0]}`{more} exists; name another folder, or remove it first"
        )


def _write(directory: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        write_file(directory / name, [content])


def _tell(migration: Migration) -> None:
    for line in report_lines(migration.findings):
        click.echo(line)
