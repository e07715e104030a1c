"""Locks: as deny settings of a stack they are read back from Azure; without a stack they are locks on resource groups.

Sources: Microsoft Learn, "Create and deploy Azure deployment stacks", "Lock your Azure resources".
"""

from __future__ import annotations

from blueprinter.azure import ArmClient
from blueprinter.blueprint import LockMode
from blueprinter.casing import fold, same
from blueprinter.deploy.model import API_VERSIONS, GROUPS, LOCKS, Body, Lock, Target, Tell, Wanted
from blueprinter.deploy.reading import LiveState
from blueprinter.document import Json
from blueprinter.render import Mark

_LEVELS = {LockMode.READ_ONLY: "ReadOnly", LockMode.DO_NOT_DELETE: "CanNotDelete"}


def locks_of(stack: Json) -> tuple[Lock, ...]:
    """How Azure says that each resource of a stack is protected, by id. What was asked for is not looked at."""
    properties = stack.get("properties") if isinstance(stack, dict) else None
    rows = properties.get("resources") if isinstance(properties, dict) else None
    found = [
        Lock(str(row.get("id", "")), str(row.get("denyStatus", "none")))
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    ]
    return tuple(sorted(found, key=lambda one: fold(one.id)))


def plain_locks(target: Target, wanted: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    """The locks of a run without a stack: one on each resource group. Owners can lift them."""
    level = _LEVELS.get(target.assignment.locks.mode)
    if level is None:
        return ()
    return tuple(
        Wanted(
            f"{one.id}/providers/{LOCKS}/blueprinter-{target.assignment.name}",
            LOCKS,
            {"properties": {"level": level, "notes": _notes(target.mark)}},
            "",
        )
        for one in wanted
        if one.type == GROUPS
    )


def pending_locks(locks: tuple[Wanted, ...], live: LiveState) -> tuple[Wanted, ...]:
    """Those that are not there, or have another level."""
    found: list[Wanted] = []
    for one in locks:
        there = live.objects.get(one.key)
        if there is None or not same(str(there.properties.get("level", "")), str(_properties(one)["level"])):
            found.append(one)
    return tuple(found)


def apply_locks(arm: ArmClient, locks: tuple[Wanted, ...], live: LiveState, tell: Tell) -> None:
    """Makes the locks that are pending."""
    for one in pending_locks(locks, live):
        arm.call("PUT", one.id, API_VERSIONS[LOCKS], body={"properties": _properties(one)})
        tell(f"  locked  {one.id.partition('/providers/')[0]}")


def _properties(one: Wanted) -> Body:
    found = one.body["properties"]
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _notes(mark: Mark) -> str:
    return mark.description()
