"""Where a deployment goes: the scope of its id, and what the template engine is told of it."""

from __future__ import annotations

import re

from msgspec import Struct

from blueprinter.arm import DeploymentContext
from blueprinter.casing import fold, get, same
from blueprinter.sandbox.implied import WATCHERS, make_watchers
from blueprinter.sandbox.model import Box, Refusal

DEPLOYMENT = "Microsoft.Resources/deployments"
_GROUP = re.compile(r"/subscriptions/([^/]+)/resourcegroups/([^/]+)", re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)
_MANAGEMENT_GROUP = re.compile(r"/providers/Microsoft\.Management/managementGroups/([^/]+)", re.IGNORECASE)


class Place(Struct, frozen=True):
    """A scope that can be deployed to."""

    kind: str
    """resourceGroup | subscription | managementGroup | tenant"""
    id: str
    """As Azure spells it; "" for the tenant."""
    subscription: str = ""
    resource_group: str = ""
    management_group: str = ""

    def deployment(self, name: str) -> str:
        """The id of a deployment of that name here."""
        return f"{self.id}/providers/{DEPLOYMENT}/{name}"


def place_of(scope: str) -> Place:
    """The place that a scope names. Raises `Refusal` for a scope that nothing can be deployed to."""
    scope = scope.rstrip("/")
    group = _GROUP.fullmatch(scope)
    if group is not None:
        id = f"/subscriptions/{group[1]}/resourceGroups/{group[2]}"
        return Place("resourceGroup", id, subscription=group[1], resource_group=group[2])
    subscription = _SUBSCRIPTION.fullmatch(scope)
    if subscription is not None:
        return Place("subscription", scope, subscription=subscription[1])
    management = _MANAGEMENT_GROUP.fullmatch(scope)
    if management is not None:
        id = f"/providers/Microsoft.Management/managementGroups/{management[1]}"
        return Place("managementGroup", id, management_group=management[1])
    if not scope:
        return Place("tenant", "")
    raise Refusal(
        404, "InvalidResourceType", f"The resource type 'deployments' could not be found at scope '{scope}'."
    )


def require(box: Box, place: Place) -> Place:
    """The place as it was spelled when it was made. Raises `Refusal` where there is no such scope."""
    if place.kind == "tenant":
        return place
    if place.subscription and box.store.get(f"/subscriptions/{place.subscription}") is None:
        message = f"The subscription '{place.subscription}' could not be found."
        raise Refusal(404, "SubscriptionNotFound", message)
    found = box.store.get(place.id)
    if found is None and same(place.resource_group, WATCHERS) and make_watchers(box, place.subscription):
        found = box.store.get(place.id)
    if found is None and place.kind == "resourceGroup":
        message = f"Resource group '{place.resource_group}' could not be found."
        raise Refusal(404, "ResourceGroupNotFound", message)
    if found is None:
        message = f"The management group '{place.management_group}' cannot be found."
        raise Refusal(404, "NotFound", message)
    return place_of(found.id) if fold(found.id) == fold(place.id) else place


def context_of(box: Box, place: Place, name: str, location: str, seed: str) -> DeploymentContext:
    """What expressions may ask of a deployment's surroundings; of a resource group the location is the group's."""
    if place.kind == "resourceGroup":
        found = box.store.get(place.id)
        location = str(get(found.body, "location", "")) if found is not None else ""
    return DeploymentContext(
        scope=place.kind,
        tenant_id=box.settings.tenant_id,
        subscription_id=place.subscription,
        management_group=place.management_group,
        resource_group=place.resource_group,
        location=location,
        deployment_name=name,
        utc_now=f"{box.now():%Y-%m-%dT%H:%M:%SZ}",
        guid_seed=seed,
    )
