"""Resource ids: taken apart, and compared on the boundaries of their segments without regard to case."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from blueprinter.casing import fold

_GROUPS = "microsoft.management/managementgroups"
_PROVIDERS = re.compile("/providers/", re.IGNORECASE | re.ASCII)
_CONTAINERS = frozenset({_GROUPS, "microsoft.resources/resourcegroups", "microsoft.resources/subscriptions"})


class ResourceId(NamedTuple):
    """The parts of an id, spelled as they were; what an id does not have is empty."""

    subscription_id: str = ""
    resource_group: str = ""
    management_group: str = ""
    type: str = ""
    """The full type, such as `Microsoft.Sql/servers/databases`; of a resource group
    `Microsoft.Resources/resourceGroups`, of a subscription `Microsoft.Resources/subscriptions`."""
    name: str = ""
    """The full name, such as `server/database`."""
    parent: str = ""
    """The id of what holds this: the parent resource, else the scope, "" for the tenant."""


def parse_id(id: str) -> ResourceId | None:
    """The parts of a resource id, or None where the text is none. A `/` at the end is ignored."""
    return _known_id(id) if len(id) <= _LONGEST else _parse_id(id)


def _parse_id(id: str) -> ResourceId | None:
    if not id.startswith("/"):
        return None
    segments = id.strip("/").split("/")
    if "" in segments or len(segments) < 2:
        return None
    head = [fold(segment) for segment in segments[:4]]
    subscription = group = ""
    start = 0
    if head[0] == "subscriptions":
        subscription, start = segments[1], 2
        if len(segments) >= 4 and head[2] == "resourcegroups":
            group, start = segments[3], 4
        if start == len(segments):
            return _container(subscription, group)
    return _resource(segments, start, subscription, group)


_LONGEST = 1_024
"""Characters of an id that is worth remembering: whoever asks about a resource mostly asks more than once."""
_known_id = lru_cache(maxsize=256)(_parse_id)


def _container(subscription: str, group: str) -> ResourceId:
    if group:
        return ResourceId(
            subscription,
            group,
            "",
            "Microsoft.Resources/resourceGroups",
            group,
            f"/subscriptions/{subscription}",
        )
    return ResourceId(subscription, "", "", "Microsoft.Resources/subscriptions", subscription, "")


def _resource(segments: list[str], start: int, subscription: str, group: str) -> ResourceId | None:
    """What follows the scope: `providers/<namespace>/<type>/<name>…`, several times for extension resources."""
    starts = _provider_starts(segments, start)
    if starts is None:
        return None
    first, last = starts[0], starts[-1]
    management_group = ""
    if not subscription and fold("/".join(segments[first + 1 : first + 3])) == _GROUPS:
        management_group = segments[first + 3]
    tail = segments[last + 1 :]
    types, names = [tail[0], *tail[1::2]], tail[2::2]
    parent = segments[:last] if len(names) == 1 else segments[:-2]
    return ResourceId(
        subscription,
        group,
        management_group,
        "/".join(types),
        "/".join(names),
        f"/{'/'.join(parent)}" if parent else "",
    )


def _provider_starts(segments: list[str], start: int) -> list[int] | None:
    """Where each `providers` stands; None when the segments do not pair up into types and names."""
    starts: list[int] = []
    place = start
    while place < len(segments):
        if fold(segments[place]) == "providers":
            starts.append(place)
            # the namespace, and at least one type with its name
            if place + 3 >= len(segments):
                return None
            place += 4
        elif starts and place + 1 < len(segments):
            place += 2
        else:
            return None
    return starts or None


def id_within(id: str, scope: str) -> bool:
    """Whether an id is a scope or lies in it; `/` and "" are the tenant, which holds everything.

    That a subscription lies in a management group is not to be seen from ids.
    """
    inner, outer = fold(id.rstrip("/")), fold(scope.rstrip("/"))
    return inner == outer or inner.startswith(f"{outer}/")


def scope_of(id: str) -> str:
    """The container that an id lies in or is: its resource group, else subscription, else management group,
    "" for the tenant and for what is no id. Spelled as in the id, but for the fixed segments."""
    parts = parse_id(id)
    if parts is None:
        return ""
    if parts.resource_group:
        return f"/subscriptions/{parts.subscription_id}/resourceGroups/{parts.resource_group}"
    if parts.subscription_id:
        return f"/subscriptions/{parts.subscription_id}"
    if parts.management_group:
        return f"/providers/Microsoft.Management/managementGroups/{parts.management_group}"
    return ""


def child_of(id: str, parent: str) -> bool:
    """Whether an id is a direct child of another: one type and name below it, or extending it."""
    parts = parse_id(id)
    return parts is not None and fold(parts.parent) == fold(parent.rstrip("/"))


def extended_by(id: str) -> str:
    """The id of the resource that an id extends (`<resource>/providers/<type>/<name>…`); "" where it stands in a
    container, and for what is no id."""
    if parse_id(id) is None:
        return ""
    *_, last = (0, *(found.start() for found in _PROVIDERS.finditer(id)))
    owner = parse_id(id[:last])
    return "" if owner is None or fold(owner.type) in _CONTAINERS else id[:last]
