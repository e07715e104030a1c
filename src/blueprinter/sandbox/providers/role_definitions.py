"""Role definitions: Azure's built-in ones by id, and custom ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from blueprinter.casing import fold, same
from blueprinter.sandbox.filtering import filter_of
from blueprinter.sandbox.model import Body, Box, Call, Provider, Refusal, Response, Route, Stored
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.role_table import BUILT_IN_ROLES, RoleRow
from blueprinter.sandbox.strictness import ANY, READ_ONLY, TEXT, check_members, list_of, record

DEFINITION_TYPE = "Microsoft.Authorization/roleDefinitions"
_PREFIX = f"/providers/{DEFINITION_TYPE}"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BUILT_IN_TIME = "2015-02-02T21:55:09.8806423Z"

_SHAPE = record(
    {
        **READ_ONLY,
        "properties": record(
            {
                "roleName": TEXT,
                "description": TEXT,
                "type": TEXT,
                "permissions": list_of(
                    record(
                        {
                            "actions": list_of(TEXT),
                            "notActions": list_of(TEXT),
                            "dataActions": list_of(TEXT),
                            "notDataActions": list_of(TEXT),
                            "condition": ANY,
                            "conditionVersion": ANY,
                        }
                    )
                ),
                "assignableScopes": list_of(TEXT),
                "createdOn": ANY,
                "updatedOn": ANY,
                "createdBy": ANY,
                "updatedBy": ANY,
            },
            "roleName",
            "permissions",
            "assignableScopes",
        ),
    },
    "properties",
)


def role_guid(id: str) -> str:
    """The id of a role from any of its resource ids, or from itself: roles are the same at every scope."""
    return fold(id.rstrip("/").rpartition("/")[2])


def role_exists(box: Box, guid: str) -> bool:
    """Built in, custom, or named by a policy definition of this sandbox, which can only mean a role of Azure's."""
    if guid in BUILT_IN_ROLES or box.store.has(f"{_PREFIX}/{guid}"):
        return True
    found = box.store.rows(
        "SELECT 1 FROM objects WHERE type_key = 'microsoft.authorization/policydefinitions' "
        "AND instr(lower(body), ?) LIMIT 1",
        (f"roledefinitions/{guid}",),
    )
    return next(found, None) is not None


def _built_in(row: RoleRow, scope: str) -> Body:
    permissions: Body = {
        "actions": list(row.actions),
        "notActions": list(row.not_actions),
        "dataActions": [],
        "notDataActions": [],
    }
    return {
        "properties": {
            "roleName": row.name,
            "type": "BuiltInRole",
            "description": f"The built-in role {row.name}.",
            "assignableScopes": ["/"],
            "permissions": [permissions],
            "createdOn": _BUILT_IN_TIME,
            "updatedOn": _BUILT_IN_TIME,
            "createdBy": None,
            "updatedBy": None,
        },
        **_names(row.id, scope),
    }


def _names(guid: str, scope: str) -> Body:
    """A role has its id below the subscription that is asked, else the tenant's."""
    segments = scope.split("/")
    in_subscription = len(segments) > 2 and same(segments[1], "subscriptions")
    prefix = "/".join(segments[:3]) if in_subscription else ""
    return {"id": f"{prefix}{_PREFIX}/{guid}", "type": DEFINITION_TYPE, "name": guid}


def _shown(found: Stored, scope: str) -> Body:
    return {"properties": found.body["properties"], **_names(found.body["name"], scope)}


def _put(call: Call) -> Response:
    guid, box = role_guid(call.values["name"]), call.box
    if _GUID.fullmatch(guid) is None:
        raise Refusal(
            400,
            "InvalidRoleDefinitionId",
            f"The role definition ID '{guid}' is not valid. The role definition ID must be a GUID.",
        )
    body = call.body()
    check_members(body, _SHAPE)
    given: Body = body["properties"]
    if guid in BUILT_IN_ROLES:
        raise Refusal(
            403, "RoleDefinitionIsBuiltIn", f"The built-in role definition '{guid}' cannot be changed."
        )
    for other in box.store.of_type(DEFINITION_TYPE):
        if same(other.body["properties"]["roleName"], given["roleName"]) and other.body["name"] != guid:
            raise _same_name(given["roleName"])
    if any(same(row.name, given["roleName"]) for row in BUILT_IN_ROLES.values()):
        raise _same_name(given["roleName"])
    existing = box.store.get(f"{_PREFIX}/{guid}")
    now, caller = box.stamp(), call.principal.object_id
    old = existing.body["properties"] if existing is not None else {}
    properties: Body = {
        "roleName": given["roleName"],
        "type": "CustomRole",
        "description": given.get("description") or "",
        "assignableScopes": given["assignableScopes"],
        "permissions": [
            {
                name: permission.get(name) or []
                for name in ("actions", "notActions", "dataActions", "notDataActions")
            }
            for permission in given["permissions"]
        ],
        "createdOn": old.get("createdOn", now),
        "updatedOn": now,
        "createdBy": old.get("createdBy", caller),
        "updatedBy": caller,
    }
    id = f"{_PREFIX}/{guid}"
    answer: Body = {"properties": properties, "id": id, "type": DEFINITION_TYPE, "name": guid}
    stored = box.store.put(id, DEFINITION_TYPE, answer)
    return Response.of(_shown(stored, call.values["scope"]), 201)


def _same_name(name: str) -> Refusal:
    return Refusal(
        409,
        "RoleDefinitionWithSameNameExists",
        f"A custom role with the same name already exists in this directory. Use a different name: '{name}'.",
    )


def _find(call: Call) -> Body | None:
    guid = role_guid(call.values["name"])
    row = BUILT_IN_ROLES.get(guid)
    if row is not None:
        return _built_in(row, call.values["scope"])
    found = call.box.store.get(f"{_PREFIX}/{guid}")
    if found is not None:
        return _shown(found, call.values["scope"])
    if role_exists(call.box, guid):
        return _built_in(RoleRow(guid, guid), call.values["scope"])
    return None


def _get(call: Call) -> Response:
    found = _find(call)
    if found is None:
        guid = role_guid(call.values["name"])
        raise Refusal(
            404,
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{guid.replace('-', '')}' does not exist.",
        )
    return Response.of(found)


def _delete(call: Call) -> Response:
    guid, box = role_guid(call.values["name"]), call.box
    found = box.store.get(f"{_PREFIX}/{guid}")
    if found is None:
        return Response.empty(204)
    for assignment in box.store.of_type("Microsoft.Authorization/roleAssignments"):
        if role_guid(assignment.body["properties"]["roleDefinitionId"]) == guid:
            raise Refusal(
                400,
                "RoleDefinitionHasAssignments",
                f"There are existing role assignments referencing role (id: '{guid}').",
            )
    box.store.delete(found.id)
    return Response.of(_shown(found, call.values["scope"]))


def _list(call: Call) -> Response:
    scope = call.values["scope"]
    wanted = filter_of(call, ("roleName", "type"), ("atScopeAndBelow", "atScope"))

    def rows() -> Iterator[Body]:
        for row in BUILT_IN_ROLES.values():
            yield _built_in(row, scope)
        for found in call.box.store.of_type(DEFINITION_TYPE):
            yield _shown(found, scope)

    def fits(body: Body) -> bool:
        properties = body["properties"]
        row = {"roleName": properties["roleName"], "type": properties["type"]}
        return wanted is None or wanted({**row, "atscopeandbelow()": True, "atscope()": True})

    return page(call, filter(fits, rows()), size=1000)


_MANY = "{scope*}/providers/Microsoft.Authorization/roleDefinitions"
_ONE = f"{_MANY}/{{name}}"

PROVIDER = Provider(
    "Microsoft.Authorization",
    routes=(
        Route("PUT", _ONE, _put),
        Route("GET", _ONE, _get),
        Route("DELETE", _ONE, _delete),
        Route("GET", _MANY, _list),
    ),
)
