"""Role definitions and role assignments, permissions, and the deny assignments of deployment stacks.

Sources: Microsoft Learn, "Role Assignments - Create", "Role Assignments - List For Scope", "List Azure role
assignments using the REST API", "Troubleshoot Azure RBAC".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from blueprinter.casing import fold, same
from blueprinter.sandbox.containers import check_scope
from blueprinter.sandbox.filtering import filter_of
from blueprinter.sandbox.hierarchy import scopes_above
from blueprinter.sandbox.identity import principal_fault
from blueprinter.sandbox.model import Body, Box, Call, Provider, Refusal, Response, Route, Stored
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.locks import check_locks
from blueprinter.sandbox.providers.role_definitions import role_exists, role_guid
from blueprinter.sandbox.strictness import FLAG, READ_ONLY, TEXT, check_members, one_of, record

ASSIGNMENT_TYPE = "Microsoft.Authorization/roleAssignments"
DENIAL_TYPE = "Microsoft.Authorization/denyAssignments"
MAX_IN_SUBSCRIPTION = 4000
MAX_AT_GROUP = 500
"""Role assignments of a subscription, and of a management group (Microsoft Learn, "Azure RBAC limits")."""

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ASSIGNED_TO = re.compile(r"assignedTo\(\s*'([^']*)'\s*\)", re.IGNORECASE)
_SHAPE = record(
    {
        **READ_ONLY,
        "properties": record(
            {
                "scope": TEXT,
                "roleDefinitionId": TEXT,
                "principalId": TEXT,
                "principalType": one_of("User", "Group", "ServicePrincipal", "ForeignGroup", "Device"),
                "description": TEXT,
                "condition": TEXT,
                "conditionVersion": TEXT,
                "canDelegate": FLAG,
                "delegatedManagedIdentityResourceId": TEXT,
                "createdOn": TEXT,
                "updatedOn": TEXT,
                "createdBy": TEXT,
                "updatedBy": TEXT,
            },
            "roleDefinitionId",
            "principalId",
        ),
    },
    "properties",
)
_FIXED = ("principalId", "scope")
"""What cannot change under the name of a role assignment."""
_FREE = ("description", "condition", "conditionVersion", "delegatedManagedIdentityResourceId")


# ---------------------------------------------------------------- role assignments


def _put(call: Call) -> Response:
    name, scope, box = call.values["name"], call.values["scope"], call.box
    if _GUID.fullmatch(name) is None:
        raise Refusal(
            400,
            "InvalidRoleAssignmentId",
            f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
        )
    body = call.body()
    check_members(body, _SHAPE)
    check_scope(box, scope)
    check_locks(box, call.id, "write")
    given: Body = body["properties"]
    properties = _properties(call, given)
    existing = _same_name(box, name)
    if existing is not None:
        _check_update(existing, properties)
    _check_unique(box, scope, name, properties)
    if existing is None:
        _check_limits(box, scope)
    _check_principal(box, given)
    if existing is not None:
        kept = existing.body["properties"]
        properties["createdOn"], properties["createdBy"] = kept["createdOn"], kept["createdBy"]
    answer: Body = {"properties": properties, "id": call.id, "type": ASSIGNMENT_TYPE, "name": name}
    stored = box.store.put(call.id, ASSIGNMENT_TYPE, answer, notes={"createdBy": call.principal.object_id})
    box.store.set_note(_name_key(name), stored.id)
    return Response.of(stored.body, 201 if existing is None else 200)


def _properties(call: Call, given: Body) -> Body:
    now, caller = call.box.stamp(), call.principal.object_id
    properties: Body = {
        "roleDefinitionId": _role_id(call.box, call.values["scope"], given["roleDefinitionId"]),
        "principalId": given["principalId"],
        "principalType": given.get("principalType") or _kind_of(call.box, given["principalId"]),
        "scope": call.values["scope"] or "/",
        "condition": None,
        "conditionVersion": None,
        "createdOn": now,
        "updatedOn": now,
        "createdBy": caller,
        "updatedBy": caller,
        "delegatedManagedIdentityResourceId": None,
        "description": None,
    }
    properties.update({name: given[name] for name in _FREE if given.get(name) is not None})
    return properties


def _kind_of(box: Box, principal: str) -> str:
    """Principals that the sandbox made are managed identities; all others are taken for people."""
    return "ServicePrincipal" if box.store.note(f"principal:{principal}") is not None else "User"


def _role_id(box: Box, scope: str, given: str) -> str:
    """The id of the role as answers have it: below the subscription of the scope, or the tenant's."""
    guid = role_guid(given)
    if not role_exists(box, guid):
        raise Refusal(
            404,
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{guid.replace('-', '')}' does not exist.",
        )
    segments = scope.split("/")
    prefix = (
        "/".join(segments[:3]) if fold(segments[1] if len(segments) > 1 else "") == "subscriptions" else ""
    )
    return f"{prefix}/providers/Microsoft.Authorization/roleDefinitions/{guid}"


def _name_key(name: str) -> str:
    return f"roleAssignment:{fold(name)}"


def _same_name(box: Box, name: str) -> Stored | None:
    """The role assignment of this name, wherever it is: names are unique in a tenant."""
    id = box.store.note(_name_key(name))
    return box.store.get(id) if isinstance(id, str) else None


def _check_update(existing: Stored, properties: Body) -> None:
    old = existing.body["properties"]
    if any(not same(str(old[name]), str(properties[name])) for name in _FIXED):
        raise Refusal(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )


def _check_unique(box: Box, scope: str, name: str, properties: Body) -> None:
    wanted = role_guid(properties["roleDefinitionId"])
    for found in assignments_at(box, scope):
        old = found.body["properties"]
        if (
            same(old["principalId"], properties["principalId"])
            and role_guid(old["roleDefinitionId"]) == wanted
            and not same(found.body["name"], name)
        ):
            existing = found.body["name"].replace("-", "")
            raise Refusal(
                409,
                "RoleAssignmentExists",
                f"The role assignment already exists. The ID of the existing role assignment is {existing}.",
            )


def _check_limits(box: Box, scope: str) -> None:
    segments = scope.split("/")
    if fold(segments[1] if len(segments) > 1 else "") == "subscriptions":
        full = box.store.count(ASSIGNMENT_TYPE, "/".join(segments[:3])) >= MAX_IN_SUBSCRIPTION
    else:
        full = len(assignments_at(box, scope)) >= MAX_AT_GROUP
    if full:
        raise Refusal(400, "RoleAssignmentLimitExceeded", "No more role assignments can be created.")


def _check_principal(box: Box, given: Body) -> None:
    """A principal that is not replicated yet is found only where its type is given, a deleted one never."""
    fault = principal_fault(box, given["principalId"])
    if fault == "deleted" or (fault == "hidden" and not given.get("principalType")):
        raise Refusal(
            400,
            "PrincipalNotFound",
            f"Principal {given['principalId'].replace('-', '')} does not exist in the directory "
            f"{box.settings.tenant_id}. Check that you have the correct principal ID. If you are creating this "
            "principal and then immediately assigning a role, this error might be related to a replication delay. "
            "In this case, set the role assignment principalType property to a value, such as ServicePrincipal, "
            "User, or Group.  See https://aka.ms/docs-principaltype",
        )


def assignments_at(box: Box, scope: str) -> list[Stored]:
    """The role assignments of exactly this scope."""
    return list(box.store.of_type(ASSIGNMENT_TYPE, f"{scope}/providers/{ASSIGNMENT_TYPE}"))


def _get(call: Call) -> Response:
    found = call.box.store.get(call.id)
    if found is None:
        raise Refusal(
            404, "RoleAssignmentNotFound", f"The role assignment '{call.values['name']}' is not found."
        )
    return Response.of(found.body)


def _delete(call: Call) -> Response:
    """200 with what was deleted, 204 where there was nothing."""
    found = call.box.store.get(call.id)
    if found is None:
        return Response.empty(204)
    check_locks(call.box, call.id, "delete")
    call.box.store.delete(call.id)
    call.box.store.set_note(_name_key(call.values["name"]), None)
    return Response.of(found.body)


def _list(call: Call) -> Response:
    return _listed(call, ASSIGNMENT_TYPE, _assignment_row)


def _assignment_row(found: Stored) -> Body:
    properties = found.body["properties"]
    return {
        "principalId": properties["principalId"],
        "roleDefinitionId": properties["roleDefinitionId"],
        "principals": [properties["principalId"]],
    }


# ---------------------------------------------------------------- deny assignments


def _denials(call: Call) -> Response:
    return _listed(call, DENIAL_TYPE, _denial_row)


def _denial_row(found: Stored) -> Body:
    properties = found.body.get("properties") or {}
    principals = [principal.get("id") for principal in properties.get("principals") or []]
    return {"denyAssignmentName": properties.get("denyAssignmentName"), "principals": principals}


def _denial(call: Call) -> Response:
    found = call.box.store.get(call.id)
    if found is None:
        raise Refusal(
            404, "DenyAssignmentNotFound", f"The deny assignment '{call.values['name']}' is not found."
        )
    return Response.of(found.body)


# ---------------------------------------------------------------- lists


def _listed(call: Call, type: str, row_of: Callable[[Stored], Body]) -> Response:
    """Objects at a scope, above it and below it; `atScope()` leaves out those below, `principalId eq` and
    `assignedTo()` those of other principals."""
    scope = call.values["scope"]
    check_scope(call.box, scope)
    text = _ASSIGNED_TO.sub(r"'\1' in principals", call.query.get("$filter", ""))
    text = re.sub(r"\bprincipalId\s+eq\s+('[^']*')", r"\1 in principals", text, flags=re.IGNORECASE)
    columns = ("principalId", "roleDefinitionId", "denyAssignmentName", "principals")
    wanted = filter_of(call, columns, ("atScope",), text=text)

    def rows() -> Iterator[Body]:
        for found, below in _around(call.box, type, scope):
            if wanted is None or wanted({**row_of(found), "atscope()": not below}):
                yield found.body

    return page(call, rows())


def _around(box: Box, type: str, scope: str) -> Iterator[tuple[Stored, bool]]:
    """Objects of a type that hold at a scope, each with whether it lies below it."""
    suffix = f"/providers/{type}"
    for above in ("", *reversed(scopes_above(box, scope)[1:])):
        for found in box.store.of_type(type, f"{above}{suffix}"):
            yield found, False
    if not scope:
        return
    for found in box.store.of_type(type, scope):
        yield found, not fold(found.id).startswith(fold(f"{scope}{suffix}/"))


def _permissions(call: Call) -> Response:
    """Whoever asks may do everything here: the sandbox checks locks, stacks and policies, not roles."""
    check_scope(call.box, call.values["scope"])
    return Response.of(
        {"value": [{"actions": ["*"], "notActions": [], "dataActions": ["*"], "notDataActions": []}]}
    )


_NAMESPACE = "{scope*}/providers/Microsoft.Authorization"

PROVIDER = Provider(
    "Microsoft.Authorization",
    routes=(
        Route("PUT", f"{_NAMESPACE}/roleAssignments/{{name}}", _put),
        Route("GET", f"{_NAMESPACE}/roleAssignments/{{name}}", _get),
        Route("DELETE", f"{_NAMESPACE}/roleAssignments/{{name}}", _delete),
        Route("GET", f"{_NAMESPACE}/roleAssignments", _list),
        Route("GET", f"{_NAMESPACE}/denyAssignments/{{name}}", _denial),
        Route("GET", f"{_NAMESPACE}/denyAssignments", _denials),
        Route("GET", f"{_NAMESPACE}/permissions", _permissions),
    ),
)
