"""What the store holds as resources that the policy engine takes, and how it finds related ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from blueprinter.arm import Resource, parse_id
from blueprinter.casing import fold, same
from blueprinter.policy import Found, LookupResult, NoneExist, NotCollected, resource_of
from blueprinter.sandbox.hierarchy import SUBSCRIPTION_TYPE
from blueprinter.sandbox.model import Body, Box, Stored

GROUP_TYPE = "Microsoft.Resources/subscriptions/resourceGroups"
"""What policies call a resource group; in the store it has the name that Azure gives in answers."""
STORED_GROUP_TYPE = "Microsoft.Resources/resourceGroups"

_NOT_JUDGED = ("microsoft.policyinsights/", "microsoft.authorization/policy")
"""Beginnings of folded types that are no resources to a policy."""
_DEPLOYING = frozenset(
    f"microsoft.resources/{name}" for name in ("deployments", "deploymentstacks", "tags", "tenants")
)
"""Folded types of Azure Resource Manager itself that are none either; others, such as links, are."""

_ONLY_AZURE = frozenset(
    {"microsoft.security/assessments", "microsoft.guestconfiguration/guestconfigurationassignments"}
)
"""Results that services write: that there is none here says nothing."""


def is_judged(type: str) -> bool:
    """Whether policies look at objects of a type: resources, resource groups and subscriptions."""
    folded = fold(type)
    return folded not in _DEPLOYING and not folded.startswith(_NOT_JUDGED)


def as_resource(stored: Stored) -> Resource:
    """An object of the store as the engine takes it."""
    return resource_from(stored.id, stored.type, stored.body, str(stored.notes.get("apiVersion", "")))


def resource_from(id: str, type: str, body: Body, api_version: str) -> Resource:
    """A resource by its parts; the type of a resource group is the one that policies know."""
    kind = GROUP_TYPE if same(type, STORED_GROUP_TYPE) else type
    parts = parse_id(id)
    name = body.get("name") or (parts.name if parts is not None else "")
    whole = {**body, "id": id, "name": name, "type": kind}
    if same(kind, SUBSCRIPTION_TYPE):
        # a subscription answers with members that no other resource has
        whole = {
            "id": id,
            "name": body.get("subscriptionId", name),
            "type": kind,
            "tags": body.get("tags") or {},
        }
        whole["properties"] = {"displayName": body.get("displayName", ""), "state": body.get("state", "")}
        whole["displayName"] = body.get("displayName", "")
    return resource_of(whole, api_version=api_version)


def judged_below(box: Box, scope: str) -> Iterator[Resource]:
    """Every object of a scope that policies look at, the scope itself included, by id."""
    own = box.store.get(scope)
    if own is not None and is_judged(own.type):
        yield as_resource(own)
    for stored in box.store.below(scope):
        if is_judged(stored.type):
            yield as_resource(stored)


class StoreLookup:
    """Answers `Lookup` from the store, an object at a time: for single requests."""

    __slots__ = ("_box",)

    def __init__(self, box: Box) -> None:
        self._box = box

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        folded = fold(type)
        if folded in (fold(GROUP_TYPE), fold(STORED_GROUP_TYPE)):
            found = self._box.store.of_type(STORED_GROUP_TYPE, scope)
        elif folded == fold(SUBSCRIPTION_TYPE):
            found = self._box.store.of_type(SUBSCRIPTION_TYPE, scope)
        else:
            found = self._box.store.of_type(type, scope)
        return _answer(type, [as_resource(one) for one in found if _is_named(one.id, name)])


class EstateLookup:
    """Answers `Lookup` from resources in memory: for scans."""

    __slots__ = ("_by_type",)

    def __init__(self, resources: Iterable[Resource]) -> None:
        found: dict[str, list[tuple[str, Resource]]] = {}
        for resource in resources:
            found.setdefault(fold(resource.type), []).append((fold(resource.id), resource))
        found[fold(STORED_GROUP_TYPE)] = found.get(fold(GROUP_TYPE), [])
        self._by_type: Mapping[str, list[tuple[str, Resource]]] = {
            type: sorted(rows, key=lambda row: row[0]) for type, rows in found.items()
        }

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        rows = self._by_type.get(fold(type), [])
        below = fold(scope.rstrip("/"))
        found: list[Resource] = []
        for place in range(bisect_left(rows, below, key=lambda row: row[0]), len(rows)):
            id, resource = rows[place]
            if not id.startswith(below):
                break
            if (id == below or id[len(below)] == "/") and _is_named(id, name):
                found.append(resource)
        return _answer(type, found)


def _answer(type: str, found: list[Resource]) -> LookupResult:
    if found:
        return Found(tuple(found))
    if fold(type) in _ONLY_AZURE:
        return NotCollected(f"`{type}` are written by Azure's own services")
    return NoneExist()


def _is_named(id: str, name: str | None) -> bool:
    """`?` as the last segment of a name is any child of that parent."""
    if name is None:
        return True
    parts = parse_id(id)
    if parts is None:
        return False
    own, wanted = fold(parts.name), fold(name)
    if wanted == "?" or wanted.endswith("/?"):
        return own.rpartition("/")[0] == wanted.rpartition("/")[0]
    return own == wanted
