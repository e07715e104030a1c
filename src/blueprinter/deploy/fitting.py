"""A target fitted to what is there: what Azure never moves stays where it is, and nothing foreign is taken over.

Each time it is said what was fitted, with the line for `adopted.yaml` that makes it lasting.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import same_location
from blueprinter.casing import fold
from blueprinter.deploy.marks import mark_of
from blueprinter.deploy.model import ASSIGNMENTS, GROUPS, Live, Target, Wanted
from blueprinter.deploy.reading import LiveState
from blueprinter.deploy.wanted import content_of, stack_body
from blueprinter.diagnostics import Diagnostic, Position, Severity
from blueprinter.document import Json
from blueprinter.render import Adopted, AdoptedArtifact, AdoptedGroup, render


class Fitted(Struct, frozen=True, eq=False):
    """A target as it can be deployed, and what was taken from the live state for it."""

    target: Target
    adopted: Adopted
    diagnostics: tuple[Diagnostic, ...] = ()


def fitted(
    target: Target,
    wanted: tuple[Wanted, ...],
    live: LiveState,
    equal_roles: Mapping[str, str],
    *,
    plain: Json,
) -> Fitted:
    """The target, rendered again where something live asks for it.

    `equal_roles`: names of role assignments that are there under another name. `plain`: the deployment of a run
    without a stack, None where there is none; it tells which resource groups are ours.
    """
    adopted = target.options.adopted
    remarks: list[Diagnostic] = []
    artifacts = dict(adopted.artifacts)
    for one in live.of_type(ASSIGNMENTS):
        mark = mark_of(one)
        location = one.body.get("location")
        if mark is None or not mark.artifact or not isinstance(location, str) or not location:
            continue
        if not any(row.key == one.key for row in wanted) or same_location(
            location, target.assignment.location
        ):
            continue
        held = artifacts.get(fold(mark.artifact), AdoptedArtifact())
        if not held.location:
            artifacts[fold(mark.artifact)] = replace(held, location=location)
            remarks.append(_remark(f"the identity of `{mark.artifact}` stays in `{location}`", target))
    roles = {**adopted.role_assignments, **equal_roles}
    for name, there in sorted(equal_roles.items()):
        remarks.append(
            _remark(f"the role assignment `{there}` is taken over as `{name}`", target, code="BP649")
        )
    target = _rendered(target, replace(adopted, artifacts=artifacts, role_assignments=roles))
    groups = dict(adopted.groups)
    for placeholder, group in _foreign_groups(target, wanted, live, plain).items():
        groups[fold(placeholder)] = AdoptedGroup()
        remarks.append(
            _remark(
                f"the resource group `{group.name}` exists and is not ours: it is used as it is",
                target,
                f"say so in `adopted.yaml`: `resourceGroups: {{{placeholder}: {{existing: true}}}}`, or `adopt: true`",
            )
        )
    target = _rendered(target, replace(target.options.adopted, groups=groups))
    return Fitted(target, target.options.adopted, tuple(remarks))


def _rendered(target: Target, adopted: Adopted) -> Target:
    """The target with what was adopted, rendered again where that is something new."""
    if adopted == target.options.adopted:
        return target
    options = replace(target.options, adopted=adopted)
    return replace(target, options=options, rendered=render(target.resolved, target.assignment, options))


def _foreign_groups(
    target: Target, wanted: tuple[Wanted, ...], live: LiveState, plain: Json
) -> Mapping[str, Live]:
    """Resource groups that are to be made, are there, and were not made by this assignment: by placeholder."""
    stack = live.stacks.get("assignment")
    held = stack.get("location") if isinstance(stack, dict) else None
    location = held if isinstance(held, str) and held else target.main.location
    if plain is not None or content_of(stack) == content_of(
        stack_body(target.main, location, target.main.parameters)
    ):
        return {}  # what is there came, or is still to come, of this very content
    ours = {fold(id) for id in stack_resources(stack)}
    found: dict[str, Live] = {}
    for placeholder, row in target.resolved.resource_groups.items():
        name = row.get("name")
        if not isinstance(name, str) or fold(placeholder) in target.options.adopted.groups:
            continue
        key = fold(f"{target.scope}/resourceGroups/{name}")
        group = live.resources.get(key)
        is_wanted = any(one.key == key and one.type == GROUPS for one in wanted)
        if group is not None and is_wanted and key not in ours:
            found[placeholder] = group
    return found


def stack_resources(stack: Json, member: str = "resources") -> list[str]:
    """The ids in a list of a stack: `resources`, `detachedResources`, `failedResources`."""
    properties = stack.get("properties") if isinstance(stack, dict) else None
    rows = properties.get(member) if isinstance(properties, dict) else None
    return [
        str(row["id"])
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and "id" in row
    ]


def _remark(message: str, target: Target, hint: str = "", *, code: str = "BP653") -> Diagnostic:
    return Diagnostic(code, Severity.WARNING, message, hint, Position(target.assignment.document.file))
