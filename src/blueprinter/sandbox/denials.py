"""Deny settings of deployment stacks: what they forbid, as deny assignments that everybody may look at.

Sources: Microsoft Learn, "Create and deploy Azure deployment stacks", section "Protect managed resources", and
"List Azure deny assignments"; that a resource group passes nothing on to what is in it is known from use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from blueprinter.arm import parse_id
from blueprinter.casing import fold, same
from blueprinter.sandbox.hierarchy import scopes_above
from blueprinter.sandbox.model import Body, Box, Principal, Refusal, Stored

DENY_ASSIGNMENT = "Microsoft.Authorization/denyAssignments"
MAX_EXCLUDED_PRINCIPALS = 5
_SUFFIX = f"/providers/{DENY_ASSIGNMENT}"
_NOTE = "denials"
_EVERYBODY = "00000000-0000-0000-0000-000000000000"
_RESOURCE_GROUP = "microsoft.resources/resourcegroups"
_ACTIONS = {"denydelete": ["*/delete"], "denywriteanddelete": ["*/delete", "*/write"]}
_NEVER_DENIED = [
    "Microsoft.Authorization/locks/delete",
    "Microsoft.Storage/storageAccounts/privateEndpointConnections/delete",
]


def check(box: Box, id: str, action: str, principal: Principal, tracking: str) -> None:
    """Refuses what a stack's deny settings forbid, 403 `DenyAssignmentAuthorizationFailed`.

    `action` is `write` or `delete`, or the whole name of an action. `tracking` is the deployment or the stack that
    asks: no stack stands in its own way.
    """
    if box.store.note(_NOTE) is None:
        return
    name = action if "/" in action else f"{_type_of(id)}/{action}"
    for scope in scopes_above(box, id):
        for found in box.store.of_type(DENY_ASSIGNMENT, f"{scope}{_SUFFIX}"):
            if _denies(box, found, scope, id, name, principal, tracking):
                raise _refusal(found, scope, id, name, principal)


def _denies(
    box: Box, found: Stored, scope: str, id: str, action: str, principal: Principal, tracking: str
) -> bool:
    properties = found.body["properties"]
    if not same(scope, id) and (properties["doNotApplyToChildScopes"] or _is_group(scope)):
        return False
    if any(same(str(one["id"]), principal.object_id) for one in properties["excludePrincipals"]):
        return False
    permissions = properties["permissions"][0]
    if not _matches(action, permissions["actions"]) or _matches(action, permissions["notActions"]):
        return False
    return not _is_own(box, str(found.notes.get("stack", "")), tracking)


def _is_own(box: Box, stack: str, tracking: str) -> bool:
    if not tracking:
        return False
    if same(stack, tracking):
        return True
    deployment = box.store.get(tracking)
    return deployment is not None and same(str(deployment.notes.get("stack", "")), stack)


def _refusal(found: Stored, scope: str, id: str, action: str, principal: Principal) -> Refusal:
    who = principal.app_id or principal.object_id
    return Refusal(
        403,
        "DenyAssignmentAuthorizationFailed",
        f"The client '{who}' with object id '{principal.object_id}' has permission to perform action '{action}' on "
        f"scope '{id}'; however, the access is denied because of the deny assignment with name "
        f"'{found.body['properties']['denyAssignmentName']}' and Id '{found.body['name']}' at scope '{scope}'.",
    )


def _matches(action: str, patterns: Iterable[str]) -> bool:
    folded = fold(action)
    return any(
        re.fullmatch(".*".join(map(re.escape, fold(pattern).split("*"))), folded) is not None
        for pattern in patterns
    )


def _type_of(id: str) -> str:
    parts = parse_id(id)
    kind = parts.type if parts is not None else ""
    return "Microsoft.Resources/subscriptions/resourceGroups" if fold(kind) == _RESOURCE_GROUP else kind


def _is_group(scope: str) -> bool:
    parts = parse_id(scope)
    return parts is not None and fold(parts.type) == _RESOURCE_GROUP


# --- what a stack sets and takes back


def set_denials(box: Box, stack: str, settings: Body, resources: Sequence[str]) -> None:
    """Makes the deny assignments of a stack what its settings say, for exactly these resources."""
    take_back(box, stack)
    actions = _ACTIONS.get(fold(str(settings.get("mode", "none"))))
    if actions is None:
        return
    excluded: list[Any] = settings.get("excludedPrincipals") or []
    for resource in resources:
        if status_of(stack, resource, "deny") == "inapplicable" or box.store.get(resource) is None:
            continue
        name = box.new_guid()
        id = f"{resource}{_SUFFIX}/{name}"
        properties: Body = {
            "denyAssignmentName": f"Deny assignment '{name}' created by Deployment Stack '{stack}'.",
            "description": f"Created by Deployment Stack '{stack}'.",
            "permissions": [
                {
                    "actions": actions,
                    "notActions": [*(settings.get("excludedActions") or []), *_NEVER_DENIED],
                    "dataActions": [],
                    "notDataActions": [],
                }
            ],
            "scope": resource,
            "doNotApplyToChildScopes": not settings.get("applyToChildScopes", False),
            "principals": [{"id": _EVERYBODY, "type": "SystemDefined", "displayName": "All Principals"}],
            "excludePrincipals": [{"id": str(one), "type": "User"} for one in excluded],
            "isSystemProtected": True,
        }
        body: Body = {"id": id, "name": name, "type": DENY_ASSIGNMENT, "properties": properties}
        box.store.put(id, DENY_ASSIGNMENT, body, notes={"stack": stack})
        box.store.set_note(_NOTE, True)


def take_back(box: Box, stack: str) -> None:
    """Removes all deny assignments of a stack."""
    if box.store.note(_NOTE) is None:
        return
    left = False
    for found in list(box.store.of_type(DENY_ASSIGNMENT)):
        if same(str(found.notes.get("stack", "")), stack):
            box.store.delete(found.id)
        else:
            left = True
    if not left:
        box.store.set_note(_NOTE, None)


def status_of(stack: str, resource: str, mode: str) -> str:
    """How far deny settings hold for a resource: not in other subscriptions, nor above them."""
    if fold(mode) == "none":
        return "none"
    ours, theirs = parse_id(stack), parse_id(resource)
    if theirs is None or not theirs.subscription_id:
        return "inapplicable"
    if ours is not None and ours.subscription_id and not same(ours.subscription_id, theirs.subscription_id):
        return "inapplicable"
    return mode
