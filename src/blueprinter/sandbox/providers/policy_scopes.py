"""What the objects of Azure Policy share: where they may lie, how they are named, who made them."""

from __future__ import annotations

from typing import Any

from blueprinter.arm import parse_id
from blueprinter.casing import fold, same
from blueprinter.sandbox.containers import check_container, check_resource_group, check_subscription
from blueprinter.sandbox.denials import check as check_denials
from blueprinter.sandbox.hierarchy import GROUP_TYPE
from blueprinter.sandbox.model import Body, Box, Call, Refusal, Stored
from blueprinter.sandbox.providers.locks import check_locks

FORBIDDEN = frozenset("<>*%&:\\?+/")
"""Characters that no name of a policy object may hold."""

_DEFINITION_SCOPES = "'/', '/subscriptions/id' or '/providers/Microsoft.Management/managementGroups/id'"


def check_definition_scope(box: Box, scope: str, id: str) -> None:
    """Refuses a scope that cannot hold definitions: 400 `InvalidPolicyUri`, or 404 where it does not exist."""
    parts = parse_id(scope)
    fits = parts is not None and fold(parts.type) in ("microsoft.resources/subscriptions", fold(GROUP_TYPE))
    if not fits:
        raise Refusal(
            400,
            "InvalidPolicyUri",
            f"The policy request scope '{scope or '/'}' of '{id}' should be {_DEFINITION_SCOPES}.",
        )
    check_scope(box, scope)


def check_scope(box: Box, scope: str) -> None:
    """Refuses a scope that does not exist, 404."""
    parts = parse_id(scope)
    if parts is None:
        raise Refusal(400, "InvalidPolicyUri", f"The policy request scope '{scope or '/'}' is not valid.")
    if same(parts.type, GROUP_TYPE):
        if box.store.get(scope) is None:
            # as the management groups' own provider answers
            raise Refusal(
                404, "ManagementGroupNotFound", f"The management group '{parts.name}' cannot be found."
            )
        return
    if parts.subscription_id:
        check_subscription(box, parts.subscription_id)
    if parts.resource_group:
        check_resource_group(box, parts.subscription_id, parts.resource_group)
    if "/providers/" in fold(scope):
        check_container(box, scope)
        if box.store.get(scope) is None:
            raise Refusal(404, "ResourceNotFound", f"The resource '{scope}' was not found.")


def is_management_group(scope: str) -> bool:
    parts = parse_id(scope)
    return parts is not None and same(parts.type, GROUP_TYPE)


def check_name(name: str, what: str, code: str, longest: int) -> None:
    """Refuses a name that is too long or holds what names may not."""
    if len(name) > longest:
        raise Refusal(
            400,
            code,
            f"The {what} name '{name}' is invalid. The {what} name length must not exceed '{longest}' characters.",
        )
    if FORBIDDEN & set(name) or name.endswith((".", " ")) or not name.isprintable():
        raise Refusal(
            400,
            code,
            f"The {what} name '{name}' is invalid. The {what} name cannot contain the characters "
            f"'{''.join(sorted(FORBIDDEN))}', and cannot end with '.' or ' '.",
        )


def check_write(call: Call, id: str, action: str = "write") -> None:
    """Locks and the deny settings of stacks, as for every other object."""
    check_locks(call.box, id, action)
    check_denials(call.box, id, action, call.principal, call.tracking)


def check_count(box: Box, kind: str, scope: str, most: int, what: str) -> None:
    """Refuses one more object of a scope that has as many as it may. The limits are those of Microsoft Learn, "Azure
    subscription and service limits"; the code that Azure sends is not recorded."""
    below = f"{scope}/providers/{kind}"
    if sum(1 for _ in box.store.of_type(kind, below)) >= most:
        raise Refusal(
            400,
            "QuotaExceeded",
            f"The scope '{scope}' has {most} {what} already, which is the most it can have.",
        )


def made_by(call: Call, existing: Stored | None, metadata: Any) -> Body:
    """`metadata` with who made and changed the object, which nobody else can state."""
    found: Body = dict(metadata) if isinstance(metadata, dict) else {}
    old = existing.body["properties"].get("metadata", {}) if existing is not None else {}
    found["createdBy"] = old.get("createdBy", call.principal.object_id)
    found["createdOn"] = old.get("createdOn", call.box.stamp())
    found["updatedBy"] = call.principal.object_id if existing is not None else None
    found["updatedOn"] = call.box.stamp() if existing is not None else None
    return found


def system_data(call: Call, existing: Stored | None) -> Body:
    """Who made and changed the object, as newer API versions say it."""
    who, now = call.principal.object_id, call.box.stamp()
    old = existing.body.get("systemData", {}) if existing is not None else {}
    return {
        "createdBy": old.get("createdBy", who),
        "createdByType": old.get("createdByType", "Application"),
        "createdAt": old.get("createdAt", now),
        "lastModifiedBy": who,
        "lastModifiedByType": "Application",
        "lastModifiedAt": now,
    }


def canonical(existing: Stored | None, scope: str, kind: str, name: str) -> str:
    """The id of an object: spelled as when it was made."""
    return existing.id if existing is not None else f"{scope}/providers/{kind}/{name}"
