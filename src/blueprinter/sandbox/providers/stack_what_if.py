"""Microsoft.Resources/deploymentStacksWhatIfResults: what a deployment stack would change, kept under a name.

Source: the REST reference of 2025-07-01. No traffic of it is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from blueprinter.arm import parse_id
from blueprinter.casing import fold, get, same
from blueprinter.sandbox import denials
from blueprinter.sandbox.deploying import managing, shapes, whatif
from blueprinter.sandbox.deploying.places import Place, place_of, require
from blueprinter.sandbox.deploying.preparing import prepare
from blueprinter.sandbox.model import (
    Body,
    Box,
    Call,
    Operation,
    Principal,
    Provider,
    Refusal,
    Response,
    Route,
    Step,
    Stored,
)
from blueprinter.sandbox.operations import retry_headers
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.strictness import check_members

RESULT = "Microsoft.Resources/deploymentStacksWhatIfResults"
KIND = "deployment stack what-if"
_KINDS = {"Create": "create", "Modify": "modify", "NoChange": "noChange", "Unsupported": "unsupported"}
_SHOWN = (
    "actionOnUnmanage",
    "denySettings",
    "deploymentScope",
    "description",
    "retentionInterval",
    "templateLink",
)


def _id(call: Call) -> str:
    place = require(call.box, place_of(call.values.get("scope", "")))
    return f"{place.id}/providers/{RESULT}/{call.values['name']}"


def _find(call: Call) -> Stored:
    found = call.box.store.get(_id(call))
    if found is None:
        name = call.values["name"]
        raise Refusal(
            404, "ResourceNotFound", f"The deployment stack what-if result '{name}' could not be found."
        )
    return found


def _put(call: Call) -> Response:
    place = require(call.box, place_of(call.values.get("scope", "")))
    body = call.body()
    check_members(body, shapes.STACK_WHAT_IF)
    if place.kind != "resourceGroup" and not get(body, "location"):
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    properties: Body = get(body, "properties") or {}
    id = _id(call)
    existing = call.box.store.get(id)
    shown = {name: get(properties, name) for name in _SHOWN if get(properties, name) is not None}
    shown |= {
        "deploymentStackResourceId": get(properties, "deploymentStackResourceId"),
        "provisioningState": "running",
        "correlationId": call.box.new_guid(),
    }
    whole: Body = {"id": id, "name": call.values["name"], "type": RESULT, "properties": shown}
    whole |= {name: get(body, name) for name in ("location", "tags") if get(body, name) is not None}
    call.box.store.put(id, RESULT, whole)
    operation = call.box.start(KIND, id, {"body": body, "scope": place.id}, principal=call.principal)
    return Response.of(whole, 201 if existing is None else 200, _headers(call, place, operation))


def _headers(call: Call, place: Place, operation: Operation) -> dict[str, str]:
    holder = f"/subscriptions/{place.subscription}" if place.subscription else place.id
    path = f"{holder}/providers/Microsoft.Resources/locations/global/deploymentStackOperationStatus/{operation.id}"
    return {"Azure-AsyncOperation": call.link(path), **retry_headers(call.box.settings)}


def _step(box: Box, operation: Operation) -> Step:
    stored = box.store.get(operation.subject)
    if stored is None:
        return Step({}, "Canceled")
    principal = operation.principal or Principal("", box.settings.tenant_id)
    body: Body = operation.state["body"]
    try:
        changes = _changes(box, stored, body, place_of(str(operation.state["scope"])), principal)
    except Refusal as refusal:
        error = refusal.error()
        _end(box, stored, {"provisioningState": "failed", "error": error})
        return Step({}, "Failed", error)
    _end(box, stored, {"provisioningState": "succeeded", "changes": changes, "diagnostics": []})
    return Step({}, "Succeeded")


def _end(box: Box, stored: Stored, changes: Body) -> None:
    box.store.put(
        stored.id, stored.type, {**stored.body, "properties": {**stored.body["properties"], **changes}}
    )


def _changes(box: Box, stored: Stored, body: Body, place: Place, principal: Principal) -> Body:
    properties: Body = get(body, "properties") or {}
    target = place_of(str(get(properties, "deploymentScope") or place.id))
    request = orjson.dumps(managing.deployment_request(target, body))
    prepared = prepare(box, target, str(stored.body["name"]), request, principal)
    stack = box.store.get(str(get(properties, "deploymentStackResourceId", "")))
    before: Body = stack.body["properties"] if stack is not None else {}
    settings: Body = get(properties, "denySettings") or {}
    stack_id = stack.id if stack is not None else str(get(properties, "deploymentStackResourceId", ""))
    managed: dict[str, Body] = {fold(str(one["id"])): one for one in before.get("resources", [])}
    found: list[Body] = []
    for change in whatif.changes(box, prepared):
        kind = _KINDS.get(str(change["changeType"]))
        if kind is None:
            continue
        id = str(change["resourceId"])
        denied = denials.status_of(stack_id, id, str(get(settings, "mode", "none")))
        found.append(_changed(id, kind, managed.pop(fold(id), None), "managed", denied, change))
    actions: Body = get(properties, "actionOnUnmanage") or {}
    for one in managed.values():
        id = str(one["id"])
        kind = "delete" if same(str(actions.get(managing.kind_of(id), "detach")), "delete") else "detach"
        found.append(_changed(id, kind, one, "unmanaged", "none", {}))
    return {
        "resourceChanges": sorted(found, key=lambda one: fold(str(one["id"]))),
        "denySettingsChange": {"before": before.get("denySettings"), "after": settings, "delta": []},
        "deploymentScopeChange": {
            "before": before.get("deploymentScope"),
            "after": get(properties, "deploymentScope"),
        },
    }


def _changed(id: str, kind: str, managed: Body | None, status: str, denied: str, change: Body) -> Body:
    parts = parse_id(id)
    found: Body = {
        "id": id,
        "type": parts.type if parts is not None else "",
        "changeType": kind,
        "changeCertainty": "definite",
        "managementStatusChange": {
            "before": "managed" if managed is not None else "unmanaged",
            "after": status,
        },
        "denyStatusChange": {
            "before": managed["denyStatus"] if managed is not None else "none",
            "after": denied,
        },
    }
    if "unsupportedReason" in change:
        found["unsupportedReason"] = change["unsupportedReason"]
    if "delta" in change:
        found["resourceConfigurationChanges"] = {
            "before": change.get("before"),
            "after": change.get("after"),
            "delta": [_property(one) for one in change["delta"]],
        }
    return found


def _property(change: Body) -> Body:
    kind = str(change["propertyChangeType"])
    found: Body = {key: value for key, value in change.items() if key in ("path", "before", "after")}
    found["changeType"] = kind[:1].lower() + kind[1:]
    children: list[Any] = change.get("children") or []
    if children:
        found["children"] = [_property(one) for one in children]
    return found


def _get(call: Call) -> Response:
    return Response.of(_find(call).body)


def _list(call: Call) -> Response:
    scope = _id(Call(call.box, call.request, {**call.values, "name": ""}, call.principal)).rstrip("/")

    def rows() -> Iterator[Body]:
        for found in call.box.store.of_type(RESULT, scope):
            yield found.body

    return page(call, rows())


def _delete(call: Call) -> Response:
    return Response.empty(200 if call.box.store.delete(_id(call)) else 204)


_ALL = "{scope*}/providers/Microsoft.Resources/deploymentStacksWhatIfResults"
_ONE = f"{_ALL}/{{name}}"

PROVIDER = Provider(
    "Microsoft.Resources",
    routes=(
        Route("PUT", _ONE, _put),
        Route("GET", _ONE, _get),
        Route("DELETE", _ONE, _delete),
        Route("GET", _ALL, _list),
        Route("POST", f"{_ONE}/whatIf", _get),
    ),
    operations={KIND: _step},
)
