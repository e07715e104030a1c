"""`unassign`: the stack is deleted and lets go of everything, as Azure Blueprints did; more only where it is asked for.

Locks go with the stack. `--prune` deletes governance by our mark, `--delete-resources` everything that the stack
managed, in the order in which Azure lets go.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from blueprinter.azure import ArmClient, AzureError
from blueprinter.casing import fold
from blueprinter.deploy.deleting import delete_governance
from blueprinter.deploy.model import (
    API_VERSIONS,
    GOVERNANCE,
    GROUPS,
    LOCKS,
    STACKS,
    Body,
    Left,
    Live,
    Residue,
    Target,
    Tell,
    Wanted,
)
from blueprinter.deploy.reading import LiveState, read_live, stack_path
from blueprinter.deploy.residue import as_left, type_of, workload_of
from blueprinter.deploy.submitting import is_busy
from blueprinter.deploy.wanted import wanted_objects
from blueprinter.document import Json

_GOVERNANCE = frozenset(fold(type) for type in (*GOVERNANCE, LOCKS))
_DETACH = {
    "unmanageAction.Resources": "detach",
    "unmanageAction.ResourceGroups": "detach",
    "unmanageAction.ManagementGroups": "detach",
}
_SOME_API = "2021-04-01"


class Found(Struct, frozen=True, eq=False):
    """What there is of an assignment."""

    wanted: tuple[Wanted, ...]
    live: LiveState
    stacks: tuple[str, ...]
    """Paths of the stacks, the main one first."""
    governance: tuple[Live, ...]
    workload: tuple[str, ...]
    """Ids of what the stacks manage, or have let go of."""


class Unassigned(Struct, frozen=True):
    """What became of it."""

    scope: str
    stacks: tuple[str, ...]
    deleted: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    left: tuple[Left, ...]


def look(arm: ArmClient, target: Target) -> Found:
    """Reads what there is of an assignment."""
    wanted = wanted_objects(target)
    live = read_live(arm, target, wanted)
    paths = [stack_path(one) for one in target.rendered.templates if live.stacks.get(one.name) is not None]
    held = workload_of(live.stacks.values(), live, target, ("resources", "detachedResources"))
    ids = tuple(one.id for one in held)
    return Found(wanted, live, tuple(reversed(paths)), live.ours(target), ids)


def unassign(
    arm: ArmClient, target: Target, tell: Tell, *, prune: bool = False, delete_resources: bool = False
) -> Unassigned:
    """Takes an assignment back. Raises `AzureError`; running again goes on where it stopped.

    What carries our mark or was in a stack is deleted only with `prune` and `delete_resources`; workload goes before
    the stacks do, since only they know it.
    """
    found = look(arm, target)
    for template in target.rendered.templates:
        if is_busy(found.live.stacks.get(template.name)):
            tell(f"`{template.deployment}` is being deployed; waiting for the end of it")
            _settle(arm, stack_path(template))
    deleted: list[str] = []
    kept: list[tuple[str, str]] = []
    if delete_resources:
        _lift_locks(arm, found, tell)
        deleted += _delete_workload(arm, found, kept, tell)
    else:
        _delete_stacks(arm, found, tell)
    if prune or delete_resources:
        done = delete_governance(arm, found.governance, tell)
        deleted += done.ids
        kept += done.kept
    if delete_resources:
        _delete_stacks(arm, found, tell)
    gone = {fold(id) for id in deleted}
    left = [as_left(one, found.live) for one in found.governance if one.key not in gone]
    left += [Left(id, type_of(id), Residue.WORKLOAD) for id in found.workload if fold(id) not in gone]
    return Unassigned(target.scope, found.stacks, tuple(deleted), tuple(kept), tuple(left))


def _settle(arm: ArmClient, path: str) -> None:
    try:
        arm.wait(arm.attach(path, API_VERSIONS[STACKS]))
    except AzureError as failed:
        if failed.row != "BP606":
            raise


def _delete_stacks(arm: ArmClient, found: Found, tell: Tell) -> None:
    for path in found.stacks:
        arm.wait(arm.start("DELETE", path, API_VERSIONS[STACKS], query=_DETACH))
        tell(f"  deleted {path}")


def _lift_locks(arm: ArmClient, found: Found, tell: Tell) -> None:
    """Deny settings refuse every deletion: they are lifted by putting a stack's own template without them.

    The stacks themselves go last, since only they know what they manage: a run that was killed goes on from there.
    """
    for path in found.stacks:
        stack = arm.find(path, API_VERSIONS[STACKS])
        properties = stack.get("properties") if isinstance(stack, dict) else None
        if not isinstance(stack, dict) or not isinstance(properties, dict) or not _is_locked(properties):
            continue
        tell(f"lifting the locks of {path}")
        exported = arm.call("POST", f"{path}/exportTemplate", API_VERSIONS[STACKS], idempotent=True).members
        given = properties.get("parameters")
        parameters: Body = {
            name: {"value": row["value"]}
            for name, row in (given if isinstance(given, dict) else {}).items()
            if isinstance(row, dict) and "value" in row
        }
        kept: Body = {
            key: properties[key]
            for key in ("actionOnUnmanage", "deploymentScope", "description")
            if key in properties
        }
        body: Body = {
            "location": stack.get("location"),
            "tags": stack.get("tags"),
            "properties": {
                **kept,
                "denySettings": {"mode": "none"},
                "template": exported.get("template"),
                "parameters": parameters,
            },
        }
        arm.wait(arm.start("PUT", path, API_VERSIONS[STACKS], body=body))


def _is_locked(properties: Mapping[str, Json]) -> bool:
    settings = properties.get("denySettings")
    return isinstance(settings, dict) and fold(str(settings.get("mode", "none"))) != "none"


def _delete_workload(arm: ArmClient, found: Found, kept: list[tuple[str, str]], tell: Tell) -> list[str]:
    """Deletes locks, then resources, the deepest first, then resource groups."""
    deleted: list[str] = []
    versions = {one.key: one.api_version for one in found.wanted}
    ordered = sorted(
        found.workload, key=lambda id: (fold(type_of(id)) == fold(GROUPS), -id.count("/"), fold(id))
    )
    for id in ordered:
        type = type_of(id)
        version = API_VERSIONS.get(type) or versions.get(fold(id)) or _SOME_API
        try:
            arm.wait(arm.start("DELETE", id, version))
        except AzureError as refused:
            if refused.not_found:
                continue
            if not (refused.status == 409 or refused.forbidden):
                raise
            kept.append((id, refused.error.message))
            tell(f"  kept    {id}")
        else:
            deleted.append(id)
            tell(f"  deleted {id}")
    return deleted


def _place(id: str) -> tuple[int, int, str]:
    type = fold(type_of(id))
    return (0 if type == fold(LOCKS) else 2 if type == fold(GROUPS) else 1), -id.count("/"), fold(id)
