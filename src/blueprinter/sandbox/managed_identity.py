"""Managed identities of resources: the principals behind `identity`, and those that are resources of their own."""

from __future__ import annotations

from blueprinter.casing import fold, same
from blueprinter.sandbox.identity import forget_principal, new_principal
from blueprinter.sandbox.model import Body, Box, Refusal, Stored

IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"


def fill_identity(box: Box, id: str, type: str, body: Body, existing: Stored | None) -> Body:
    """The body with the ids that Azure adds: of a system-assigned identity (kept as long as it is), of the
    user-assigned ones named, and of a resource that is itself an identity."""
    if same(type, IDENTITY_TYPE):
        return _own_principal(box, body, existing)
    identity = body.get("identity")
    if not isinstance(identity, dict):
        if existing is not None:
            forget_identity(box, existing.body)
        return body
    old = existing.body.get("identity") if existing is not None else None
    return {**body, "identity": filled(box, identity, old if isinstance(old, dict) else {})}


def filled(box: Box, identity: Body, old: Body) -> Body:
    """An `identity` with its principals. `old`: the one that was there. Raises `Refusal` 400 for an identity that
    does not exist."""
    kinds = {fold(kind.strip()) for kind in str(identity.get("type", "")).split(",")}
    found: Body = {name: value for name, value in identity.items() if name not in ("principalId", "tenantId")}
    if "systemassigned" in kinds:
        found["principalId"] = old.get("principalId") or new_principal(box)
        found["tenantId"] = box.settings.tenant_id
    elif old.get("principalId"):
        forget_principal(box, str(old["principalId"]))
    users = identity.get("userAssignedIdentities")
    if "userassigned" in kinds and isinstance(users, dict):
        found["userAssignedIdentities"] = {id: _user_assigned(box, id) for id in users}
    return found


def _user_assigned(box: Box, id: str) -> Body:
    resource = box.store.get(id)
    if resource is None:
        # as documented for user-assigned managed identities that do not exist
        raise Refusal(
            400, "FailedIdentityOperation", f"Identity operation failed: the identity '{id}' was not found."
        )
    properties = resource.body.get("properties") or {}
    return {name: properties[name] for name in ("principalId", "clientId") if name in properties}


def _own_principal(box: Box, body: Body, existing: Stored | None) -> Body:
    old = existing.body.get("properties") if existing is not None else None
    if isinstance(old, dict) and "principalId" in old:
        made: Body = {name: old[name] for name in ("tenantId", "principalId", "clientId")}
    else:
        made = {
            "tenantId": box.settings.tenant_id,
            "principalId": new_principal(box),
            "clientId": box.new_guid(),
        }
    return {**body, "properties": {**(body.get("properties") or {}), **made}}


def forget_identity(box: Box, body: Body) -> None:
    """With a resource goes its principal."""
    own = body.get("properties") if same(str(body.get("type")), IDENTITY_TYPE) else None
    for holder in (body.get("identity"), own):
        if isinstance(holder, dict) and isinstance(holder.get("principalId"), str):
            forget_principal(box, holder["principalId"])
