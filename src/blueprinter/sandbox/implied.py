"""Resources that come with another: nobody makes them, and yet they are there.

Source: Microsoft Learn, reference of the single types; each row is a singleton that its parent brings along.
"""

from __future__ import annotations

from blueprinter.arm import parse_id
from blueprinter.casing import fold
from blueprinter.sandbox.model import Body, Box

_SINGLETONS = frozenset(
    {
        ("microsoft.eventhub/namespaces/authorizationrules", "rootmanagesharedaccesskey"),
        ("microsoft.notificationhubs/namespaces/authorizationrules", "rootmanagesharedaccesskey"),
        ("microsoft.recoveryservices/vaults/backupfabrics", "azure"),
        ("microsoft.relay/namespaces/authorizationrules", "rootmanagesharedaccesskey"),
        ("microsoft.servicebus/namespaces/authorizationrules", "rootmanagesharedaccesskey"),
        ("microsoft.sql/servers/databases", "master"),
        ("microsoft.storage/storageaccounts/blobservices", "default"),
        ("microsoft.storage/storageaccounts/fileservices", "default"),
        ("microsoft.storage/storageaccounts/queueservices", "default"),
        ("microsoft.storage/storageaccounts/tableservices", "default"),
        ("microsoft.web/sites/host", "default"),
    }
)
_ANY_NAME = frozenset(
    {"microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers", "microsoft.web/sites/functions"}
)
"""Types whose instances a service finds or that are uploaded: no request makes them."""


WATCHERS = "NetworkWatcherRG"
"""The resource group that Azure makes for Network Watcher."""


def make_watchers(box: Box, subscription: str) -> bool:
    """Makes what Azure makes with the first virtual network of a region: a network watcher, in a group of its own.

    It is made when somebody deploys to that group, not with the network, so that nobody meets a group that he did
    not ask for. False where there is no virtual network. Source: Microsoft Learn, "Enable or disable Azure Network
    Watcher".
    """
    scope = f"/subscriptions/{subscription}"
    places = {
        fold(str(network.body.get("location", ""))).replace(" ", ""): None
        for network in box.store.of_type("Microsoft.Network/virtualNetworks", scope)
    }
    regions = [place for place in places if place]
    if not regions:
        return False
    group = f"{scope}/resourceGroups/{WATCHERS}"
    kind = "Microsoft.Resources/resourceGroups"
    done: Body = {"properties": {"provisioningState": "Succeeded"}}
    box.store.put(group, kind, {"id": group, "name": WATCHERS, "type": kind, "location": regions[0], **done})
    kind = "Microsoft.Network/networkWatchers"
    for region in regions:
        name = f"NetworkWatcher_{region}"
        id = f"{group}/providers/{kind}/{name}"
        box.store.put(id, kind, {"id": id, "name": name, "type": kind, "location": region, **done})
    return True


def comes_with_parent(box: Box, id: str) -> bool:
    """Whether a resource is there because the one that it is a part of is."""
    parts = parse_id(id)
    if parts is None or not parts.parent:
        return False
    own = (fold(parts.type), fold(parts.name.rpartition("/")[2]))
    if own not in _SINGLETONS and own[0] not in _ANY_NAME:
        return False
    return box.store.get(parts.parent) is not None or comes_with_parent(box, parts.parent)
