"""Management locks: written at any scope, in force there and on everything below."""

from __future__ import annotations

from blueprinter.casing import fold, same
from blueprinter.sandbox.containers import check_scope
from blueprinter.sandbox.filtering import filter_of
from blueprinter.sandbox.hierarchy import scopes_above
from blueprinter.sandbox.model import Body, Box, Call, Provider, Refusal, Response, Route, Stored
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.strictness import READ_ONLY, TEXT, check_members, list_of, one_of, record

LOCK_TYPE = "Microsoft.Authorization/locks"
MAX_LOCKS = 20
"""Unique locks at a scope (Microsoft Learn, "Azure subscription and service limits")."""
_SUFFIX = f"/providers/{LOCK_TYPE}"

_SHAPE = record(
    {
        **READ_ONLY,
        "properties": record(
            {
                "level": one_of("NotSpecified", "CanNotDelete", "ReadOnly"),
                "notes": TEXT,
                "owners": list_of(record({"applicationId": TEXT})),
            },
            "level",
        ),
    },
    "properties",
)


def check_locks(box: Box, id: str, action: str) -> None:
    """Refuses what a lock forbids, 409 `ScopeLocked`: to `write` where one is read-only, to `delete` where there is
    any, at the scope, above it, or (for a deletion) below it."""
    if box.store.note("locks") is None:
        return
    found = [lock for scope in scopes_above(box, id) for lock in locks_at(box, scope)]
    if action == "delete":
        found += [lock for lock in box.store.below(id) if same(lock.type, LOCK_TYPE)]
    blocking = [lock for lock in found if action == "delete" or _level(lock) == "readonly"]
    if not blocking:
        return
    scopes = ", ".join(f"'{scope_of_lock(lock)}'" for lock in blocking)
    raise Refusal(
        409,
        "ScopeLocked",
        f"The scope '{id}' cannot perform {action} operation because following scope(s) are locked: {scopes}. "
        "Please remove the lock and try again.",
    )


def locks_at(box: Box, scope: str) -> list[Stored]:
    """The locks of exactly this scope."""
    return list(box.store.of_type(LOCK_TYPE, f"{scope}{_SUFFIX}"))


def scope_of_lock(lock: Stored) -> str:
    return lock.id[: fold(lock.id).rindex(fold(_SUFFIX))]


def _level(lock: Stored) -> str:
    return fold(str(lock.body.get("properties", {}).get("level", "")))


def _put(call: Call) -> Response:
    body = call.body()
    check_members(body, _SHAPE)
    check_scope(call.box, call.values["scope"])
    existing = call.box.store.get(call.id)
    if existing is None and len(locks_at(call.box, call.values["scope"])) >= MAX_LOCKS:
        raise Refusal(409, "LockLimitExceeded", f"The scope has {MAX_LOCKS} locks: no more can be created.")
    given = body["properties"]
    properties = {name: given[name] for name in ("level", "notes", "owners") if given.get(name) is not None}
    name = call.values["lock"]
    answer = {"properties": properties, "id": call.id, "type": LOCK_TYPE, "name": name}
    stored = call.box.store.put(call.id, LOCK_TYPE, answer)
    call.box.store.set_note("locks", True)
    return Response.of(stored.body, 201 if existing is None else 200)


def _get(call: Call) -> Response:
    found = call.box.store.get(call.id)
    if found is None:
        raise Refusal(404, "LockNotFound", f"The lock '{call.values['lock']}' could not be found.")
    return Response.of(found.body)


def _delete(call: Call) -> Response:
    return Response.empty(200 if call.box.store.delete(call.id) else 204)


def _list(call: Call) -> Response:
    """The locks at, above and below a scope; `atScope()` leaves out those below."""
    scope = call.values["scope"]
    check_scope(call.box, scope)
    wanted = filter_of(call, ("name", "level"), ("atScope",))
    found = [lock for above in scopes_above(call.box, scope)[1:] for lock in locks_at(call.box, above)]
    found += call.box.store.of_type(LOCK_TYPE, scope)
    rows = ((lock, _row(lock, scope)) for lock in sorted(found, key=lambda lock: fold(lock.id)))
    return page(call, (lock.body for lock, row in rows if wanted is None or wanted(row)))


def _row(lock: Stored, scope: str) -> Body:
    return {
        "name": lock.body["name"],
        "level": _level(lock),
        "atscope()": len(scope_of_lock(lock)) <= len(scope),
    }


_ONE = "{scope*}/providers/Microsoft.Authorization/locks/{lock}"

PROVIDER = Provider(
    "Microsoft.Authorization",
    routes=(
        Route("PUT", _ONE, _put),
        Route("GET", _ONE, _get),
        Route("DELETE", _ONE, _delete),
        Route("GET", "{scope*}/providers/Microsoft.Authorization/locks", _list),
    ),
)
