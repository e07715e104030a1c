"""Management groups and subscriptions: who lies under whom, which ids do not tell."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.casing import fold
from blueprinter.sandbox.model import Box, Stored

GROUP_TYPE = "Microsoft.Management/managementGroups"
SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"


def group_id(name: str) -> str:
    return f"/providers/Microsoft.Management/managementGroups/{name}"


def subscription_id(id: str) -> str:
    return f"/subscriptions/{id}"


def parent_of(box: Box, id: str) -> str:
    """The id of the management group that a group or subscription lies in; "" for the root and the unknown."""
    found = box.store.get(id)
    parent = found.notes.get("parent") if found is not None else None
    return parent if isinstance(parent, str) else ""


def groups_above(box: Box, id: str) -> tuple[str, ...]:
    """The ids of the management groups that a group or subscription lies in, nearest first."""
    found: list[str] = []
    parent = parent_of(box, id)
    while parent and parent not in found:
        found.append(parent)
        parent = parent_of(box, parent)
    return tuple(found)


def children_of(box: Box, group: str) -> Iterator[Stored]:
    """The groups, then the subscriptions directly in a management group, each by id."""
    wanted = fold(group)
    for kind in (GROUP_TYPE, SUBSCRIPTION_TYPE):
        for found in box.store.of_type(kind):
            if fold(str(found.notes.get("parent", ""))) == wanted:
                yield found


def subscriptions_in(box: Box, group: str) -> tuple[str, ...]:
    """The ids `/subscriptions/…` of all subscriptions anywhere in a management group."""
    found: list[str] = []
    for child in children_of(box, group):
        if fold(child.type) == fold(SUBSCRIPTION_TYPE):
            found.append(child.id)
        else:
            found.extend(subscriptions_in(box, child.id))
    return tuple(found)


def scopes_above(box: Box, id: str) -> tuple[str, ...]:
    """Every scope that holds an object, nearest first: resources it is a part of, its resource group, its
    subscription, management groups; the tenant (`""`) is not among them. The object itself comes first."""
    segments = id.rstrip("/").split("/")[1:]
    found: list[str] = []
    for count in range(len(segments), 1, -1):
        if _is_id(segments[:count]):
            found.append("/" + "/".join(segments[:count]))
    if found:
        # the outermost that the id itself names: a subscription, or a management group
        found.extend(groups_above(box, found[-1]))
    return tuple(found)


def _is_id(segments: list[str]) -> bool:
    """Whether the first segments of an id are an id by themselves."""
    names = [fold(segment) for segment in segments]
    if names[0] == "subscriptions":
        if len(names) == 2:
            return True
        if names[2] == "resourcegroups" and len(names) == 4:
            return True
    if "providers" not in names:
        return False
    last = len(names) - 1 - names[::-1].index("providers")
    return len(names) - last >= 4 and (len(names) - last) % 2 == 0
