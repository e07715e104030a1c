"""The tables of Resource Graph, read from the store: what of it a query's scopes let it see.

Shapes: Microsoft Learn, "Azure Resource Graph table and resource type reference" and the sample queries there. All
tables have the same columns; types, locations and resource groups are lower case; members of `properties` that are
null are not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from blueprinter.arm import id_within, normal_location, parse_id
from blueprinter.casing import fold
from blueprinter.sandbox.acting.objects import ASSIGNMENT_TYPE, EXEMPTION_TYPE, scope_of_extension
from blueprinter.sandbox.acting.states import policy_object_rows, policy_state_rows
from blueprinter.sandbox.containers import RESOURCE_GROUP_TYPE
from blueprinter.sandbox.hierarchy import (
    GROUP_TYPE,
    SUBSCRIPTION_TYPE,
    group_id,
    groups_above,
    subscriptions_in,
)
from blueprinter.sandbox.kql import Table, Type
from blueprinter.sandbox.model import Body, Box, Stored

_TEXTS = (
    "id",
    "name",
    "type",
    "tenantId",
    "kind",
    "location",
    "resourceGroup",
    "subscriptionId",
    "managedBy",
)
_BAGS = ("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation")
COLUMNS: Mapping[str, Type] = {
    **dict.fromkeys(_TEXTS, Type.TEXT),
    **dict.fromkeys(_BAGS, Type.DYNAMIC),
}

_POLICY_TYPES = (
    ASSIGNMENT_TYPE,
    "Microsoft.Authorization/policyDefinitions",
    "Microsoft.Authorization/policySetDefinitions",
    EXEMPTION_TYPE,
)
_ROLE_TYPES = ("Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/roleDefinitions")
_OWN_TABLES = frozenset(
    fold(f"Microsoft.{name}") for name in ("Authorization", "Management", "PolicyInsights", "Resources")
)
"""Namespaces whose objects are not in the table `resources`."""


class Scopes(Struct, frozen=True):
    """What a query is asked over; ids are folded, "" is the tenant."""

    asked: frozenset[str]
    subscriptions: tuple[str, ...]
    """All subscriptions at or below, as ids in their order."""
    groups: frozenset[str]
    """All management groups at or below."""
    above: frozenset[str]
    """Everything that holds one of the scopes."""

    def holds(self, scope: str, filter: str) -> bool:
        """Whether an object at a scope is seen, by the `authorizationScopeFilter`."""
        folded = fold(scope)
        exact = folded in self.asked
        below = exact or folded in self.groups or any(id_within(folded, one) for one in self.subscriptions)
        above = exact or folded in self.above
        return {
            "atscopeexact": exact,
            "atscopeandabove": above,
            "atscopeaboveandbelow": above or below,
        }.get(fold(filter), below)


def tenant_scopes(box: Box) -> Scopes:
    """Everything: a query that names no scope."""
    groups = frozenset(fold(one.id) for one in box.store.of_type(GROUP_TYPE))
    subscriptions = tuple(fold(one.id) for one in box.store.of_type(SUBSCRIPTION_TYPE))
    return Scopes(frozenset({""}), subscriptions, groups, frozenset())


def subscription_scopes(box: Box, ids: Iterable[str]) -> Scopes:
    """Subscriptions by id; those that are not there are left out."""
    stored = (box.store.get(f"/subscriptions/{id}") for id in ids)
    found = {fold(one.id) for one in stored if one is not None}
    above = {fold(group) for one in found for group in groups_above(box, one)}
    return Scopes(frozenset(found), tuple(sorted(found)), frozenset(), frozenset({"", *above}))


def group_scopes(box: Box, names: Iterable[str]) -> Scopes:
    """Management groups by name; those that are not there are left out."""
    stored = (box.store.get(group_id(name)) for name in names)
    asked = {fold(one.id) for one in stored if one is not None}
    subscriptions = {fold(one) for group in asked for one in subscriptions_in(box, group)}
    above = {fold(group) for one in asked for group in groups_above(box, one)}
    below = {
        fold(one.id)
        for one in box.store.of_type(GROUP_TYPE)
        if asked & {fold(one.id), *map(fold, groups_above(box, one.id))}
    }
    return Scopes(frozenset(asked), tuple(sorted(subscriptions)), frozenset(below), frozenset({"", *above}))


def graph_tables(box: Box, scopes: Scopes, filter: str) -> dict[str, Table]:
    """By name. Nothing is read before a query asks for the rows."""
    return {
        "resources": Table(COLUMNS, lambda: map(_full, _resources(box, scopes))),
        "resourcecontainers": Table(COLUMNS, lambda: map(_full, _containers(box, scopes))),
        "policyresources": Table(COLUMNS, lambda: _policies(box, scopes, filter)),
        "authorizationresources": Table(COLUMNS, lambda: map(_full, _roles(box, scopes, filter))),
    }


_EMPTY: Mapping[str, Any] = {**dict.fromkeys(_TEXTS, ""), **dict.fromkeys(_BAGS)}


def _full(row: Body) -> Body:
    """A row with every column and no other, as the query language wants it."""
    full: Body = {name: row.get(name) or "" for name in _TEXTS}
    full.update({name: _without_nulls(row.get(name)) for name in _BAGS})
    return full


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _resources(box: Box, scopes: Scopes) -> Iterator[Body]:
    for subscription in scopes.subscriptions:
        for stored in box.store.below(subscription):
            if _is_listed(stored):
                yield _object_row(box, stored, stored.body.get("properties"))


def _is_listed(stored: Stored) -> bool:
    """Resources of resource groups; of children only those that have a location of their own, since proxies such as
    `blobServices` are in no table; extensions of resources are in none either."""
    if fold(stored.type.partition("/")[0]) in _OWN_TABLES or fold(stored.id).count("/providers/") != 1:
        return False
    return stored.type.count("/") == 1 or bool(stored.body.get("location"))


def _object_row(box: Box, stored: Stored, properties: Any) -> Body:
    parts = parse_id(stored.id)
    return {
        **stored.body,
        "id": stored.id,
        "name": stored.body.get("name") or (parts.name.rpartition("/")[2] if parts is not None else ""),
        "type": stored.type.lower(),
        "tenantId": box.settings.tenant_id,
        "location": normal_location(str(stored.body.get("location") or "")),
        "resourceGroup": parts.resource_group.lower() if parts is not None else "",
        "subscriptionId": parts.subscription_id.lower() if parts is not None else "",
        "properties": properties,
    }


# ---------------------------------------------------------------------------------------------------- containers


def _containers(box: Box, scopes: Scopes) -> Iterator[Body]:
    for group in sorted(scopes.groups):
        stored = box.store.get(group)
        if stored is not None:
            yield _group_row(box, stored)
    for subscription in scopes.subscriptions:
        stored = box.store.get(subscription)
        if stored is not None:
            yield _subscription_row(box, stored)
        for found in box.store.of_type(RESOURCE_GROUP_TYPE, subscription):
            yield {
                **_object_row(box, found, found.body.get("properties")),
                "type": "microsoft.resources/subscriptions/resourcegroups",
            }


def _chain(box: Box, id: str) -> list[Body]:
    """The management groups above, nearest first."""
    found: list[Body] = []
    for above in groups_above(box, id):
        stored = box.store.get(above)
        properties = stored.body.get("properties") if stored is not None else None
        name = above.rpartition("/")[2]
        shown = properties.get("displayName", name) if isinstance(properties, dict) else name
        found.append({"displayName": shown, "name": name})
    return found


def _subscription_row(box: Box, stored: Stored) -> Body:
    body = stored.body
    properties = {name: body.get(name) for name in ("state", "subscriptionPolicies", "managedByTenants")}
    return {
        **_object_row(box, stored, {**properties, "managementGroupAncestorsChain": _chain(box, stored.id)}),
        "name": body.get("displayName", ""),
        "subscriptionId": body.get("subscriptionId", ""),
    }


def _group_row(box: Box, stored: Stored) -> Body:
    properties = stored.body.get("properties")
    properties = dict(properties) if isinstance(properties, dict) else {}
    details = properties.get("details")
    chain = _chain(box, stored.id)
    properties["details"] = {
        **(details if isinstance(details, dict) else {}),
        "managementGroupAncestors": [above["name"] for above in chain],
        "managementGroupAncestorsChain": chain,
    }
    properties.pop("children", None)
    return {**_object_row(box, stored, properties), "resourceGroup": "", "subscriptionId": ""}


# ------------------------------------------------------------------------------------- policies and authorization


def _policies(box: Box, scopes: Scopes, filter: str) -> Iterator[Body]:
    """States and objects of Azure Policy; their ids are lower case."""
    subscriptions = {one.rpartition("/")[2] for one in scopes.subscriptions}
    for row in policy_state_rows(box):
        if fold(row["subscriptionId"]) in subscriptions:
            # there are many of them, and only their own members are ever null
            own = {name: value for name, value in row["properties"].items() if value is not None}
            yield {**_EMPTY, **row, "properties": own}
    for row in policy_object_rows(box, _at(box, _POLICY_TYPES, scopes, filter)):
        yield _full({**row, "id": row["id"].lower()})


def _roles(box: Box, scopes: Scopes, filter: str) -> Iterator[Body]:
    for stored in _at(box, _ROLE_TYPES, scopes, filter):
        yield _object_row(box, stored, stored.body.get("properties"))


def _at(box: Box, types: Iterable[str], scopes: Scopes, filter: str) -> Iterator[Stored]:
    for type in types:
        for stored in box.store.of_type(type):
            if scopes.holds(scope_of_extension(stored.id), filter):
                yield stored
