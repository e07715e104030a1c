"""Microsoft.Resources/deployments at resource groups, subscriptions, management groups and the tenant.

Statuses, headers and members of the answers are those of recorded traffic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import orjson

from blueprinter.casing import get, same
from blueprinter.document import Json
from blueprinter.sandbox import denials
from blueprinter.sandbox.containers import check_container
from blueprinter.sandbox.deploying import history, running, whatif
from blueprinter.sandbox.deploying.answering import deployment_body, type_name
from blueprinter.sandbox.deploying.places import DEPLOYMENT, Place, place_of, require
from blueprinter.sandbox.deploying.preparing import Prepared, check_slot, prepare, template_hash
from blueprinter.sandbox.model import (
    Body,
    Box,
    Call,
    Operation,
    Provider,
    Refusal,
    Response,
    Route,
    Step,
    Stored,
)
from blueprinter.sandbox.operations import (
    accepted,
    location_answer,
    result_path,
    retry_headers,
    status_answer,
)
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.locks import check_locks
from blueprinter.sandbox.writing import remove, write

_STATE_FILTER = re.compile(r"provisioningState\s+eq\s+'(\w+)'", re.IGNORECASE)
_EXPIRY = timedelta(days=7)
"""How long a deployment may take, as recorded."""


def _place(call: Call) -> Place:
    return place_of(call.values.get("scope", ""))


def _id(call: Call) -> str:
    return _place(call).deployment(call.values["name"])


def _find(call: Call) -> Stored:
    require(call.box, _place(call))
    found = call.box.store.get(_id(call))
    if found is None:
        raise Refusal(404, "DeploymentNotFound", f"Deployment '{call.values['name']}' could not be found.")
    return found


def _prepare(call: Call, *, seed: str = "") -> Prepared:
    return prepare(
        call.box,
        _place(call),
        call.values["name"],
        call.request.body,
        call.principal,
        tracking=call.tracking,
        seed=seed,
    )


def _put(call: Call) -> Response:
    prepared = _prepare(call, seed=call.box.new_guid())
    existing = call.box.store.get(prepared.id)
    if prepared.place.subscription:
        check_container(call.box, prepared.id)
    check_locks(call.box, prepared.id, "write")
    denials.check(call.box, prepared.id, "write", call.principal, call.tracking)
    operation = running.begin(call.box, prepared, call.principal, tracking=call.tracking)
    stored = call.box.store.get(prepared.id)
    headers = {
        "Azure-AsyncOperation": call.link(f"{call.id}/operationStatuses/{operation.id}"),
        **retry_headers(call.box.settings),
    }
    return Response.of(stored.body if stored else None, 201 if existing is None else 200, headers)


def _get(call: Call) -> Response:
    return Response.of(_find(call).body)


def _head(call: Call) -> Response:
    return Response.empty(204 if call.box.store.get(_id(call)) is not None else 404)


def _list(call: Call) -> Response:
    place = require(call.box, _place(call))
    wanted = _STATE_FILTER.search(call.query.get("$filter", ""))

    def rows() -> Iterator[Body]:
        for found in call.box.store.of_type(DEPLOYMENT, f"{place.id}/providers/{DEPLOYMENT}"):
            if wanted is None or same(str(found.body["properties"]["provisioningState"]), wanted[1]):
                yield found.body

    return page(call, rows())


def _delete(call: Call) -> Response:
    place = require(call.box, _place(call))
    found = call.box.store.get(_id(call))
    if found is None:
        return Response.empty(204)
    if call.box.running(found.id):
        raise Refusal(
            409,
            "DeploymentActive",
            f"The deployment with resource id '{found.id}' cannot be deleted because it is still active. Please "
            "see https://aka.ms/arm-deploy for usage details.",
        )
    check_locks(call.box, found.id, "delete")
    operation = call.box.start("deployment deletion", found.id, {}, principal=call.principal)
    return accepted(call, _result_path(place, operation))


def _delete_step(box: Box, operation: Operation) -> Step:
    history.forget(box, operation.subject)
    box.store.delete(operation.subject)
    return Step({}, "Succeeded")


def _result_path(place: Place, operation: Operation) -> str:
    if place.subscription:
        return result_path(place.subscription, operation.id)
    # not recorded: links above subscriptions
    return f"{place.id}/providers/Microsoft.Resources/operationResults/{operation.id}"


def _result(call: Call) -> Response:
    return location_answer(call, call.box.operation(call.values["operation"]))


def _status(call: Call) -> Response:
    return status_answer(call, call.box.operation(call.values["operation"]))


def _cancel(call: Call) -> Response:
    found = _find(call)
    state = found.body["properties"]["provisioningState"]
    if not call.box.running(found.id):
        expires = call.box.now() + _EXPIRY
        shown = f"{expires.month}/{expires.day}/{expires.year} {expires.hour % 12 or 12}:{expires:%M:%S %p}"
        raise Refusal(
            409,
            "DeploymentCannotBeCancelled",
            f"The deployment '{found.body['name']}' cannot be cancelled because it has provisioning state "
            f"'{state}' or it has already expired (expiration time is '{shown}').",
        )
    running.cancel(call.box, found)
    return Response.empty(204)


def _validate(call: Call) -> Response:
    prepared = _prepare(call)
    check_slot(call.box, prepared)
    body = deployment_body(prepared, "Succeeded", call.box.stamp(), call.box.new_guid())
    expansion = prepared.expansion
    body["properties"]["validatedResources"] = [
        {"id": resource.id}
        for resource in (expansion.resources if expansion is not None else ())
        if resource.id.startswith("/")
    ]
    return Response.of(body)


def _what_if(call: Call) -> Response:
    """Azure checks the template while it works, so what is wrong with it stands in the result."""
    place = require(call.box, _place(call))
    operation = call.box.start(
        "deployment what-if",
        f"{_id(call)}/whatIf",
        {
            "scope": place.id,
            "name": call.values["name"],
            "body": call.request.body.decode("utf-8", "replace"),
        },
        principal=call.principal,
    )
    return accepted(call, _result_path(place, operation))


def _what_if_step(box: Box, operation: Operation) -> Step:
    state = operation.state
    if operation.principal is None:
        return Step({}, "Canceled")
    result: Json
    try:
        text = str(state["body"]).encode()
        prepared = prepare(box, place_of(str(state["scope"])), str(state["name"]), text, operation.principal)
        found = whatif.changes(box, prepared, ids_only=whatif.wants_ids_only(prepared.properties))
        result = whatif.result(box.new_guid(), found)
    except Refusal as refusal:
        result = whatif.failure(refusal.error())
    return Step({}, "Succeeded", result=result)


def _export(call: Call) -> Response:
    template = dict(_find(call).notes.get("template") or {})
    parameters = get(template, "parameters")
    if isinstance(parameters, dict):
        template["parameters"] = {
            name: {**node, "type": type_name(str(node["type"]))}
            if isinstance(node, dict) and "type" in node
            else node
            for name, node in parameters.items()
        }
    return Response.of({"template": template})


def _operations(call: Call) -> Response:
    found = _find(call)
    return page(call, history.entries(call.box, found.id))


def _operation(call: Call) -> Response:
    found = history.entry(call.box, _find(call).id, call.values["operation"])
    if found is None:
        message = f"The deployment operation '{call.values['operation']}' could not be found."
        raise Refusal(404, "DeploymentOperationNotFound", message)
    return Response.of(found)


def _calculate_hash(call: Call) -> Response:
    template = call.body()
    return Response.of(
        {"minifiedTemplate": orjson.dumps(template).decode(), "templateHash": template_hash(template)}
    )


# --- deployment scripts: kept as they are sent, and never run


def _put_script(call: Call) -> Response:
    body = call.body()
    properties = {**(get(body, "properties") or {}), "provisioningState": "Succeeded", "outputs": {}}
    stored, new = write(
        call,
        call.id,
        "Microsoft.Resources/deploymentScripts",
        {**body, "properties": properties},
        api_version=call.request.api_version,
        principal=call.principal,
        tracking=call.tracking,
    )
    return Response.of(stored.body, 201 if new else 200)


def _get_script(call: Call) -> Response:
    found = call.box.store.get(call.id)
    if found is None:
        raise Refusal(404, "ResourceNotFound", f"The Resource '{call.id}' was not found.")
    return Response.of(found.body)


def _delete_script(call: Call) -> Response:
    gone = remove(call, call.id, principal=call.principal, tracking=call.tracking)
    return Response.empty(200 if gone else 204)


_ALL = "{scope*}/providers/Microsoft.Resources/deployments"
_ONE = f"{_ALL}/{{name}}"
_OLD = "{scope*}/deployments/{name}/operations"
"""Operations of deployments to resource groups are asked for without `providers/Microsoft.Resources`."""
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_SCRIPT = f"{_GROUP}/providers/Microsoft.Resources/deploymentScripts/{{script}}"

PROVIDER = Provider(
    "Microsoft.Resources",
    routes=(
        Route("PUT", _ONE, _put),
        Route("GET", _ONE, _get),
        Route("HEAD", _ONE, _head),
        Route("DELETE", _ONE, _delete),
        Route("GET", _ALL, _list),
        Route("POST", f"{_ONE}/cancel", _cancel),
        Route("POST", f"{_ONE}/validate", _validate),
        Route("POST", f"{_ONE}/whatIf", _what_if),
        Route("POST", f"{_ONE}/exportTemplate", _export),
        Route("GET", f"{_ONE}/operations", _operations),
        Route("GET", f"{_ONE}/operations/{{operation}}", _operation),
        Route("GET", _OLD, _operations),
        Route("GET", f"{_OLD}/{{operation}}", _operation),
        Route("GET", f"{_ONE}/operationStatuses/{{operation}}", _status),
        Route("GET", "{scope*}/providers/Microsoft.Resources/operationResults/{operation}", _result),
        Route("POST", "/providers/Microsoft.Resources/calculateTemplateHash", _calculate_hash),
        Route("PUT", _SCRIPT, _put_script),
        Route("GET", _SCRIPT, _get_script),
        Route("DELETE", _SCRIPT, _delete_script),
    ),
    operations={
        running.KIND: running.step,
        "deployment deletion": _delete_step,
        "deployment what-if": _what_if_step,
    },
    schema=history.SCHEMA,
    tick=running.watch,
)
