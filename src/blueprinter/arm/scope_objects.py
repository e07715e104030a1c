"""What the functions without arguments give: the scopes of a deployment, the deployment itself, its cloud.

All but the cloud are known in part: members that nobody gave stay symbolic. Source: Microsoft Learn, "Scope
functions for ARM templates" and "Deployment functions for ARM templates".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from blueprinter.arm.clouds import CLOUDS
from blueprinter.arm.model import ExpressionError, Unknown, Value
from blueprinter.arm.partial import partial
from blueprinter.arm.syntax import value_text
from blueprinter.arm.targets import Target
from blueprinter.casing import get
from blueprinter.document import Json

_NAMES = {
    "resourceGroup": "a resource group",
    "subscription": "a subscription",
    "managementGroup": "a management group",
    "tenant": "the tenant",
}


def tenant(tenant_id: str) -> Value:
    """`tenant()`."""
    known: dict[str, Value] = {"id": f"/tenants/{tenant_id}", "tenantId": tenant_id} if tenant_id else {}
    return partial("tenant()", lambda: known, exact=True)


def management_group(target: Target) -> Value:
    """`managementGroup()`. Raises `ExpressionError` at another scope."""
    _expect(target, "managementGroup", "managementGroup")
    known: dict[str, Value] = {"type": "Microsoft.Management/managementGroups"}
    if target.management_group:
        known |= {"id": target.id(), "name": target.management_group}
    return partial("managementGroup()", lambda: known, exact=True)


def subscription(target: Target, tenant_id: str) -> Value:
    """`subscription()`. Raises `ExpressionError` at a management group or the tenant.

    Its `tenantId` is that of `tenant()`.
    """
    _expect(target, "subscription", "subscription", "resourceGroup")
    known: dict[str, Value] = {"tenantId": tenant_id or Unknown("tenant().tenantId")}
    if isinstance(target.subscription, Unknown):
        known["subscriptionId"] = target.subscription
        known["id"] = Unknown(f"concat('/subscriptions/', {target.subscription.expression})")
    elif target.subscription:
        known |= {"id": f"/subscriptions/{target.subscription}", "subscriptionId": target.subscription}
    return partial("subscription()", lambda: known, exact=True)


def resource_group(target: Target, location: str, made: Callable[[], Mapping[str, Value] | None]) -> Value:
    """`resourceGroup()`. Raises `ExpressionError` at another scope.

    `location` is that of the whole deployment's group, `made` gives the group as the template itself makes it.
    """
    _expect(target, "resourceGroup", "resourceGroup")

    def read() -> Mapping[str, Value]:
        known: dict[str, Value] = {"type": "Microsoft.Resources/resourceGroups"}
        if target.resource_group:
            known["name"] = target.resource_group
        found = target.id()
        if found is not None:
            known["id"] = found
        if not target.moved:
            return known | {"location": location} if location else known
        body = made()
        for name in ("location", "tags", "managedBy"):
            value = get(body, name) if body is not None else None
            if value is not None:
                known[name] = value
            elif found is not None:
                # `resourceGroup()` would be read as the group of the whole deployment
                known[name] = Unknown(f"reference({value_text(found)}, '2022-09-01', 'Full').{name}")
        return known

    return partial("resourceGroup()", read, exact=True)


def deployment(target: Target, name: Value, location: Value, content_version: Json) -> Value:
    """`deployment()`; a deployment to a resource group has no location."""
    template: dict[str, Value] = (
        {"contentVersion": content_version} if isinstance(content_version, str) else {}
    )
    known: dict[str, Value] = {"properties": {"template": template}}
    if name:
        known["name"] = name
    if location and target.scope != "resourceGroup":
        known["location"] = location
    return partial("deployment()", lambda: known)


def environment(cloud: str) -> Value:
    """`environment()` in a cloud."""
    row = CLOUDS.get(cloud)
    return row.environment() if row is not None else Unknown("environment()")


def _expect(target: Target, function: str, *scopes: str) -> None:
    if target.scope not in scopes:
        raise ExpressionError(f"`{function}()` is not available in a deployment to {_NAMES[target.scope]}")
