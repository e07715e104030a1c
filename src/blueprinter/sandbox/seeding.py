"""What a new sandbox holds: a tenant with its root management group, and subscriptions."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence

from blueprinter.sandbox.hierarchy import GROUP_TYPE, SUBSCRIPTION_TYPE, group_id, subscription_id
from blueprinter.sandbox.model import Body, Box

FIRST_SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def seed_tenant(box: Box, subscriptions: Sequence[str]) -> None:
    """Makes what is not there: the root management group, and the subscriptions named (ids or names)."""
    tenant = box.settings.tenant_id
    root = group_id(tenant)
    if box.store.get(root) is None:
        properties: Body = {
            "tenantId": tenant,
            "displayName": "Tenant Root Group",
            "details": {"version": 1, "updatedTime": box.stamp(), "updatedBy": tenant},
        }
        body: Body = {"id": root, "type": GROUP_TYPE, "name": tenant, "properties": properties}
        box.store.put(root, GROUP_TYPE, body, notes={"parent": ""})
        if not subscriptions:
            add_subscription(box, FIRST_SUBSCRIPTION, "Sandbox")
    for name in subscriptions:
        add_subscription(box, *identity_of(name))


def identity_of(name: str) -> tuple[str, str]:
    """Id and display name of a subscription that was asked for by either: the same for the same text."""
    if _GUID.fullmatch(name):
        return name.lower(), "Sandbox"
    digest = hashlib.sha256(f"subscription:{name}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4)), name


def add_subscription(box: Box, id: str, name: str) -> None:
    """Makes a subscription under the root management group, unless there is one of this id."""
    path = subscription_id(id)
    if box.store.get(path) is not None:
        return
    body: Body = {
        "id": path,
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": id,
        "tenantId": box.settings.tenant_id,
        "displayName": name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }
    box.store.put(path, SUBSCRIPTION_TYPE, body, notes={"parent": group_id(box.settings.tenant_id)})
