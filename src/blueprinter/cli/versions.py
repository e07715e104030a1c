"""Which version of a blueprint an assignment gets: the one at hand, or a published one of a folder or of Azure."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from blueprinter.azure import ArmClient
from blueprinter.blueprint import Assignment, Blueprint
from blueprinter.casing import same
from blueprinter.cli.output import open_bytes
from blueprinter.cli.rendering import sources_of
from blueprinter.cli.workspace import Layered, Workspace, open_workspace
from blueprinter.deploy import RECORD, check_published, is_template_spec, take
from blueprinter.diagnostics import InvalidInput, Position, error

PUBLISHED = Path("published")
TAKEN = Path(".blueprinter") / "published"
"""Where versions out of template specs are put, to be read like any other."""


def blueprint_of(
    assignment: Assignment, file: Path, workspace: Workspace, arm: ArmClient | None
) -> tuple[Blueprint, Workspace]:
    """The blueprint that an assignment names, and what it is read with: a published version with its own policies.

    `arm`: who asks for a version in a template spec; None = it is not asked, and the copy of the last time counts.
    Raises `InvalidInput`, and `AzureError` for what Azure refuses.
    """
    name = assignment.blueprint
    if not name:
        raise InvalidInput(
            [error("BP622", "which blueprint?", Position(str(file)), "name it as `blueprint`")]
        )
    if is_template_spec(name):
        return _opened(_taken(assignment, workspace, arm), name.rpartition("/")[2], workspace)
    if assignment.version:
        folder = workspace.base / PUBLISHED / name.rpartition("/")[2] / assignment.version
        if folder.is_dir():
            return _opened(folder, name.rpartition("/")[2], workspace)
    beside = file.parent / name
    named = str(beside) if "/" in name and beside.is_dir() else name
    blueprint = workspace.blueprint(named, assignment.document.locate("/blueprint"))
    if assignment.version and blueprint.version and not same(assignment.version, blueprint.version):
        where = assignment.document.locate("/version")
        message = f"the assignment wants {assignment.version} of `{name}`, and at hand is {blueprint.version}"
        hint = f"publish it, or keep it as {PUBLISHED}/{name}/{assignment.version}"
        if not assignment.id:  # an exported assignment names a version of the old service
            raise InvalidInput([error("BP656", message, where, hint)])
    return blueprint, workspace


def write_version(folder: Path, files: dict[str, bytes]) -> None:
    """Writes a published version. The record comes last: a folder without one was never published."""
    for name in sorted(files, key=lambda name: (name == RECORD, name)):
        with open_bytes(folder / name) as stream:
            stream.write(files[name])


def _opened(folder: Path, name: str, workspace: Workspace) -> tuple[Blueprint, Workspace]:
    """A published version, checked against its record, with its own policies before those of the repository, whose
    registers and catalog stay in use. It holds one blueprint, whatever its template spec is called."""
    around = open_workspace(folder)
    inside = folder / "blueprints"
    held = sorted(one.name for one in inside.iterdir()) if inside.is_dir() else []
    blueprint = around.blueprint(held[0] if len(held) == 1 else name)
    check_published(folder, blueprint, sources_of(around).bodies)
    return blueprint, replace(
        around,
        base=workspace.base,
        definitions=Layered(around.definitions, workspace.definitions),
        sets=workspace.sets,
        aliases=workspace.aliases,
    )


def _taken(assignment: Assignment, workspace: Workspace, arm: ArmClient | None) -> Path:
    """The folder of a version that a template spec keeps, as Azure has it now."""
    spec, version = assignment.blueprint, assignment.version
    if not version:
        hint = "`version: 1.0.0`"
        message = "which version of the template spec?"
        raise InvalidInput([error("BP656", message, assignment.document.locate("/blueprint"), hint)])
    parts = [part.casefold() for part in spec.split("/") if part]
    folder = workspace.base / TAKEN / "-".join((parts[1], parts[3], parts[-1])) / version
    if arm is None:
        if not (folder / RECORD).is_file():
            hint = "`blueprinter plan` takes it out of Azure"
            message = f"version {version} of `{spec}` is not at hand"
            raise InvalidInput([error("BP656", message, assignment.document.locate("/version"), hint)])
        return folder
    kept = take(arm, spec, version)
    if not _holds(folder, kept.files):
        write_version(folder, kept.files)
    return folder


def _holds(folder: Path, files: dict[str, bytes]) -> bool:
    """Whether a folder has these very files; what else lies in it shows when its content is checked."""
    return all(
        (folder / name).is_file() and (folder / name).read_bytes() == data for name, data in files.items()
    )
