"""What every command that renders gathers first: definitions, and what is known of the live estate."""

from __future__ import annotations

from pathlib import Path

from blueprinter.blueprint import Assignment, Blueprint
from blueprinter.cli.workspace import Workspace
from blueprinter.diagnostics import InvalidInput, error
from blueprinter.document import inside, load
from blueprinter.render import Adopted, Sources, load_adopted


def sources_of(workspace: Workspace) -> Sources:
    """What rendering needs to know of definitions."""
    bodies = {key: load(files[-1]) for key, files in workspace.policy_names.items() if files}
    return Sources(bodies, workspace.definitions, workspace.sets, workspace.facts)


def adopted_of(assignment: Assignment, blueprint: Blueprint) -> Adopted:
    """What the file says that `adopted` of an assignment names; nothing where it names none."""
    if not assignment.adopted:
        return Adopted()
    folder, where = Path(assignment.document.file).parent, assignment.document.locate("/adopted")
    file = inside(folder, folder, assignment.adopted, where)
    if not file.is_file():
        raise InvalidInput([error("BP101", f"`{assignment.adopted}` does not exist", where)])
    return load_adopted(load(file), blueprint)
