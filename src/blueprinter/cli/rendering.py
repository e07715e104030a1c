"""What every command that renders gathers first: definitions, and what is known of the live estate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from blueprinter.blueprint import Assignment, Blueprint, slug
from blueprinter.casing import fold
from blueprinter.cli.workspace import Workspace
from blueprinter.diagnostics import InvalidInput, error
from blueprinter.document import inside, load
from blueprinter.policy import AssignedPolicy
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


def as_adopted(policies: Sequence[AssignedPolicy], adopted: Adopted) -> tuple[AssignedPolicy, ...]:
    """Policies under the ids that their assignments have in Azure: one that was adopted keeps its name."""
    names = {
        re.compile(rf"{re.escape(fold(slug(artifact))[:length].rstrip('-'))}-[0-9a-f]{{8}}"): row.name
        for artifact, row in adopted.artifacts.items()
        if row.name
        for length in (15, 40)  # at management groups names are short
    }

    def renamed(policy: AssignedPolicy) -> AssignedPolicy:
        scope, _, own = policy.assignment_id.rpartition("/")
        for pattern, name in names.items():
            if pattern.fullmatch(fold(own)):
                return replace(policy, assignment_id=f"{scope}/{name}")
        return policy

    return tuple(map(renamed, policies)) if names else tuple(policies)
