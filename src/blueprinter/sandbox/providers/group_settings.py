"""Settings of the hierarchy of management groups: whether making one needs rights, and where new subscriptions go.

Kept and answered; the sandbox asks nobody for rights, so they change nothing. Source: Microsoft Learn, REST
"Hierarchy Settings".
"""

from __future__ import annotations

from blueprinter.casing import same
from blueprinter.sandbox.hierarchy import group_id
from blueprinter.sandbox.model import Body, Call, Provider, Refusal, Response, Route, Stored
from blueprinter.sandbox.strictness import FLAG, READ_ONLY, TEXT, check_members, record

SETTINGS_TYPE = "Microsoft.Management/managementGroups/settings"
_SHAPE = record(
    {
        **READ_ONLY,
        "properties": record(
            {"tenantId": TEXT, "requireAuthorizationForGroupCreation": FLAG, "defaultManagementGroup": TEXT}
        ),
    }
)


def _find(call: Call) -> Stored | None:
    """Only the root has settings."""
    if not same(call.values["group"], call.box.settings.tenant_id):
        raise Refusal(400, "BadRequest", "Hierarchy settings are those of the root management group.")
    return call.box.store.get(_id(call))


def _id(call: Call) -> str:
    return f"{group_id(call.values['group'])}/settings/default"


def _get(call: Call) -> Response:
    found = _find(call)
    if found is None:
        raise Refusal(404, "NotFound", f"'{_id(call)}' not found")
    return Response.of(found.body)


def _list(call: Call) -> Response:
    found = _find(call)
    return Response.of({"value": [found.body] if found is not None else []})


def _put(call: Call) -> Response:
    return _write(call, {})


def _patch(call: Call) -> Response:
    found = _find(call)
    if found is None:
        raise Refusal(404, "NotFound", f"'{_id(call)}' not found")
    return _write(call, found.body["properties"])


def _write(call: Call, old: Body) -> Response:
    _find(call)
    body = call.body()
    check_members(body, _SHAPE)
    given = {name: value for name, value in (body.get("properties") or {}).items() if value is not None}
    properties: Body = {**old, **given, "tenantId": call.box.settings.tenant_id}
    answer: Body = {"id": _id(call), "type": SETTINGS_TYPE, "name": "default", "properties": properties}
    return Response.of(call.box.store.put(_id(call), SETTINGS_TYPE, answer).body)


def _delete(call: Call) -> Response:
    _find(call)
    return Response.empty(200 if call.box.store.delete(_id(call)) else 204)


_MANY = "/providers/Microsoft.Management/managementGroups/{group}/settings"
_ONE = f"{_MANY}/default"

PROVIDER = Provider(
    "Microsoft.Management",
    routes=(
        Route("GET", _MANY, _list),
        Route("GET", _ONE, _get),
        Route("PUT", _ONE, _put),
        Route("PATCH", _ONE, _patch),
        Route("DELETE", _ONE, _delete),
    ),
)
