"""The one way in which a resource is written or removed: locks, deny settings of stacks, policies, then the store."""

from __future__ import annotations

from blueprinter.sandbox import denials
from blueprinter.sandbox.acting import gate
from blueprinter.sandbox.acting.gate import Draft
from blueprinter.sandbox.containers import check_container, not_found
from blueprinter.sandbox.managed_identity import fill_identity, forget_identity
from blueprinter.sandbox.model import Body, Box, Call, Principal, Stored
from blueprinter.sandbox.providers.locks import check_locks


def write(
    on: Call | Box,
    id: str,
    type: str,
    body: Body,
    *,
    api_version: str,
    principal: Principal,
    tracking: str = "",
    patch: bool = False,
) -> tuple[Stored, bool]:
    """Makes or replaces a resource; with `patch`, `body` changes the one that is there. True: it is new.

    `body` is what was sent. Raises `Refusal`: 404 `ResourceGroupNotFound`, `ParentResourceNotFound`, and where
    nothing is to be patched `ResourceNotFound`; 409 `ScopeLocked`, `MissingSubscriptionRegistration`; 403
    `DenyAssignmentAuthorizationFailed`, `RequestDisallowedByPolicy`.
    """
    box = on.box if isinstance(on, Call) else on
    existing = box.store.get(id)
    check_container(box, id)
    if patch:
        if existing is None:
            raise not_found(id)
        body = _patched(existing.body, body)
    check_locks(box, id, "write")
    denials.check(box, id, "write", principal, tracking)
    draft = Draft(
        id=existing.id if existing is not None else id,
        type=existing.type if existing is not None else type,
        body=_complete(id, type, body, existing),
        api_version=api_version,
        principal=principal,
        tracking=tracking,
        existing=existing,
        action="write",
    )
    draft = gate.review(box, draft)
    filled = fill_identity(box, draft.id, draft.type, draft.body, existing)
    notes = dict(existing.notes) if existing is not None else {"createdBy": principal.object_id}
    notes["apiVersion"] = api_version
    stored = box.store.put(draft.id, draft.type, filled, notes=notes)
    gate.after_write(box, stored, principal)
    return stored, existing is None


def remove(on: Call | Box, id: str, *, principal: Principal, tracking: str = "") -> bool:
    """Removes a resource and all below it; False where there was none. Raises `Refusal` as `write` does."""
    box = on.box if isinstance(on, Call) else on
    existing = box.store.get(id)
    if existing is None:
        return False
    check_removal(box, existing, principal=principal, tracking=tracking)
    for inner in (existing, *box.store.below(id)):
        forget_identity(box, inner.body)
    box.store.delete(id)
    return True


def check_removal(box: Box, existing: Stored, *, principal: Principal, tracking: str = "") -> None:
    """Refuses a deletion that a lock, a stack or a policy forbids."""
    check_locks(box, existing.id, "delete")
    denials.check(box, existing.id, "delete", principal, tracking)
    draft = Draft(
        id=existing.id,
        type=existing.type,
        body=existing.body,
        api_version=str(existing.notes.get("apiVersion", "")),
        principal=principal,
        tracking=tracking,
        existing=existing,
        action="delete",
    )
    gate.review_delete(box, draft)


def _complete(id: str, type: str, body: Body, existing: Stored | None) -> Body:
    """The body as GET is to answer it: id, name and type are the sandbox's, all else as sent."""
    kept_id = existing.id if existing is not None else id
    kept_type = existing.type if existing is not None else type
    kept: Body = {"id": kept_id, "name": kept_id.rsplit("/", 1)[1], "type": kept_type}
    kept.update((name, value) for name, value in body.items() if name not in ("id", "name", "type"))
    return kept


def _patched(old: Body, change: Body) -> Body:
    """A merge patch (RFC 7396), but for tags: those that are sent replace all."""
    merged = _merge(old, change)
    if "tags" in change:
        merged["tags"] = change["tags"]
    return merged


def _merge(old: Body, change: Body) -> Body:
    merged = dict(old)
    for name, value in change.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            inner = merged.get(name)
            merged[name] = _merge(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[name] = value
    return merged
