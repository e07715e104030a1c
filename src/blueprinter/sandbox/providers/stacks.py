"""Microsoft.Resources/deploymentStacks at resource groups, subscriptions and management groups.

Source: Microsoft Learn, "Create and deploy Azure deployment stacks", and the REST reference of 2025-07-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from blueprinter.arm import id_within, normal_location, same_location
from blueprinter.casing import fold, get, same
from blueprinter.sandbox import denials
from blueprinter.sandbox.deploying import managing, shapes
from blueprinter.sandbox.deploying.answering import parameters as shown_parameters
from blueprinter.sandbox.deploying.places import Place, place_of, require
from blueprinter.sandbox.deploying.preparing import prepare
from blueprinter.sandbox.model import Body, Box, Call, Provider, Refusal, Response, Route, Stored
from blueprinter.sandbox.operations import location_answer, retry_headers, status_answer
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.locks import check_locks
from blueprinter.sandbox.strictness import check_members

STACK = managing.STACK
_SENT = (
    "templateLink",
    "parametersLink",
    "extensionConfigs",
    "debugSetting",
    "deploymentScope",
    "description",
    "validationLevel",
    "bypassStackOutOfSyncError",
)


def _place(call: Call) -> Place:
    place = place_of(call.values.get("scope", ""))
    if place.kind == "tenant":
        raise Refusal(404, "InvalidResourceType", "The resource type 'deploymentStacks' could not be found.")
    return require(call.box, place)


def _id(place: Place, name: str) -> str:
    return f"{place.id}/providers/{STACK}/{name}"


def _find(call: Call) -> Stored:
    found = call.box.store.get(_id(_place(call), call.values["name"]))
    if found is None:
        name = call.values["name"]
        raise Refusal(404, "DeploymentStackNotFound", f"The deployment stack '{name}' could not be found.")
    return found


def _checked(call: Call, place: Place) -> Body:
    body = call.body()
    check_members(body, shapes.STACK)
    properties: Body = get(body, "properties") or {}
    settings: Body = get(properties, "denySettings") or {}
    principals: Any = get(settings, "excludedPrincipals") or []
    if not isinstance(principals, list) or len(principals) > denials.MAX_EXCLUDED_PRINCIPALS:
        # documented as a limit, the code is not recorded
        raise Refusal(
            400,
            "DeploymentStackDenySettingsInvalid",
            f"Up to {denials.MAX_EXCLUDED_PRINCIPALS} principals are permitted in 'excludedPrincipals'.",
            target="properties.denySettings.excludedPrincipals",
        )
    scope = get(properties, "deploymentScope")
    if isinstance(scope, str) and scope and not _may_deploy_to(call.box, place, scope):
        # documented: at or below the scope of the stack; the code is not recorded
        raise Refusal(
            400,
            "DeploymentStackInvalidDeploymentScope",
            f"The deployment scope '{scope}' is not valid for a deployment stack at '{place.id}'.",
            target="properties.deploymentScope",
        )
    return body


def _may_deploy_to(box: Box, place: Place, scope: str) -> bool:
    if place.kind == "managementGroup":
        return (
            place_of(scope).kind in ("managementGroup", "subscription")
            and require(box, place_of(scope)).id != ""
        )
    return id_within(scope, place.id)


def _location(place: Place, body: Body) -> str:
    """A stack in a resource group is where the group is and says nothing of it."""
    location = get(body, "location")
    if place.kind == "resourceGroup":
        return ""
    if not isinstance(location, str) or not location:
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    return normal_location(location)


def _put(call: Call) -> Response:
    place = _place(call)
    body = _checked(call, place)
    location = _location(place, body)
    id, name = _id(place, call.values["name"]), call.values["name"]
    existing = call.box.store.get(id)
    if existing is not None:
        _refuse_while_busy(existing, "deployed")
        before = str(existing.body.get("location", ""))
        if location and not same_location(before, location):
            raise Refusal(
                409,
                "InvalidResourceLocation",
                f"The resource '{name}' already exists in location '{before}'. A resource with the same name "
                f"cannot be created in location '{location}'. Please select a new resource name.",
            )
        id = existing.id
    check_locks(call.box, id, "write")
    properties: Body = get(body, "properties") or {}
    shown: Body = {
        "provisioningState": "initializing",
        "actionOnUnmanage": {
            "resourceGroups": "detach",
            "managementGroups": "detach",
            **(get(properties, "actionOnUnmanage") or {}),
        },
        "denySettings": get(properties, "denySettings"),
        "correlationId": call.box.new_guid(),
        "detachedResources": [],
        "deletedResources": [],
        "failedResources": [],
        "resources": existing.body["properties"]["resources"] if existing is not None else [],
    }
    shown |= {key: get(properties, key) for key in _SENT if get(properties, key) is not None}
    whole: Body = {"id": id, "name": name, "type": STACK}
    if location:
        whole["location"] = location
    if get(body, "tags") is not None:
        whole["tags"] = get(body, "tags")
    whole["systemData"] = _system_data(call, existing)
    whole["properties"] = shown
    call.box.store.put(
        id, STACK, whole, notes={"request": _without_parameters(body), "createdBy": call.principal.object_id}
    )
    operation = managing.begin(call.box, id, body, call.principal)
    headers = {
        "Azure-AsyncOperation": _status_link(call, place, location, operation.id),
        **retry_headers(call.box.settings),
    }
    return Response.of(whole, 201 if existing is None else 200, headers)


def _without_parameters(body: Body) -> Body:
    """The request as it may be kept: values of parameters may be secrets."""
    properties: Body = get(body, "properties") or {}
    return {
        **body,
        "properties": {key: value for key, value in properties.items() if fold(key) != "parameters"},
    }


def _refuse_while_busy(stack: Stored, what: str) -> None:
    state = str(stack.body["properties"]["provisioningState"])
    if state not in managing.TERMINAL:
        raise Refusal(
            409,
            "DeploymentStackInNonTerminalState",
            f"The deployment stack '{stack.body['name']}' could not be {what} as it is already in a non-terminal "
            f"state '{state[:1].upper()}{state[1:]}'.",
        )


def _system_data(call: Call, existing: Stored | None) -> Body:
    stamp = call.box.stamp()
    made: Body = dict(existing.body.get("systemData") or {}) if existing is not None else {}
    made.setdefault("createdBy", call.principal.object_id)
    made.setdefault("createdByType", "Application")
    made.setdefault("createdAt", stamp)
    return {
        **made,
        "lastModifiedBy": call.principal.object_id,
        "lastModifiedByType": "Application",
        "lastModifiedAt": stamp,
    }


def _link(call: Call, place: Place, location: str, what: str, operation: str) -> str:
    holder = f"/subscriptions/{place.subscription}" if place.subscription else place.id
    where = location or _group_location(call.box, place)
    return call.link(f"{holder}/providers/Microsoft.Resources/locations/{where}/{what}/{operation}")


def _status_link(call: Call, place: Place, location: str, operation: str) -> str:
    return _link(call, place, location, "deploymentStackOperationStatus", operation)


def _group_location(box: Box, place: Place) -> str:
    found = box.store.get(place.id)
    return str(found.body.get("location", "global")) if found is not None else "global"


def _status(call: Call) -> Response:
    return status_answer(call, call.box.operation(call.values["operation"]))


def _result(call: Call) -> Response:
    return location_answer(call, call.box.operation(call.values["operation"]))


def _get(call: Call) -> Response:
    return Response.of(_find(call).body)


def _list(call: Call) -> Response:
    place = _place(call)

    def rows() -> Iterator[Body]:
        for found in call.box.store.of_type(STACK, f"{place.id}/providers/{STACK}"):
            yield found.body

    return page(call, rows())


def _delete(call: Call) -> Response:
    place = _place(call)
    found = call.box.store.get(_id(place, call.values["name"]))
    if found is None:
        return Response.empty(204)
    _refuse_while_busy(found, "deleted")
    check_locks(call.box, found.id, "delete")
    actions = {
        name: "delete"
        if same(call.query.get(f"unmanageaction.{name.lower()}", "detach"), "delete")
        else "detach"
        for name in ("resources", "resourceGroups", "managementGroups")
    }
    managing.set_state(call.box, found, "deleting")
    operation = managing.begin_deletion(call.box, found.id, actions, call.principal)
    location = str(found.body.get("location", ""))
    headers = {
        "Azure-AsyncOperation": _status_link(call, place, location, operation.id),
        "Location": _link(call, place, location, "deploymentStackOperationResults", operation.id),
        **retry_headers(call.box.settings),
    }
    return Response.empty(202, headers)


def _validate(call: Call) -> Response:
    place = _place(call)
    body = _checked(call, place)
    _location(place, body)
    properties: Body = get(body, "properties") or {}
    target = place_of(str(get(properties, "deploymentScope") or place.id))
    request = orjson.dumps(managing.deployment_request(target, body))
    prepared = prepare(call.box, target, call.values["name"], request, call.principal)
    expansion = prepared.expansion
    id = _id(place, call.values["name"])
    result: Body = {
        "actionOnUnmanage": get(properties, "actionOnUnmanage"),
        "correlationId": call.box.new_guid(),
        "denySettings": get(properties, "denySettings"),
        "parameters": shown_parameters(prepared.stage.parameters, prepared.answers),
        "validatedResources": [
            {"id": one.id} for one in (expansion.resources if expansion is not None else ())
        ],
    }
    result |= {
        key: get(properties, key) for key in ("deploymentScope", "description") if get(properties, key)
    }
    return Response.of({"id": id, "name": call.values["name"], "type": STACK, "properties": result})


def _export(call: Call) -> Response:
    request = _find(call).notes["request"]
    properties: Body = get(request, "properties") or {}
    shown = {
        key: get(properties, key) for key in ("template", "templateLink") if get(properties, key) is not None
    }
    return Response.of(shown)


_ALL = "{scope*}/providers/Microsoft.Resources/deploymentStacks"
_ONE = f"{_ALL}/{{name}}"
_LOCATION = "{scope*}/providers/Microsoft.Resources/locations/{location}"

PROVIDER = Provider(
    "Microsoft.Resources",
    routes=(
        Route("PUT", _ONE, _put),
        Route("GET", _ONE, _get),
        Route("DELETE", _ONE, _delete),
        Route("GET", _ALL, _list),
        Route("POST", f"{_ONE}/validate", _validate),
        Route("POST", f"{_ONE}/exportTemplate", _export),
        Route("GET", f"{_LOCATION}/deploymentStackOperationStatus/{{operation}}", _status),
        Route("GET", f"{_LOCATION}/deploymentStackOperationResults/{{operation}}", _result),
    ),
    operations={managing.KIND: managing.step, managing.DELETION: managing.deletion_step},
    schema=managing.SCHEMA,
    tick=managing.watch,
)
