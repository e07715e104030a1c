"""A deployment under way: each step starts what waits for nothing any more, and looks after what was started.

Source: Microsoft Learn, "Define the order for deploying resources in ARM templates" and "Azure Resource Manager
deployment modes"; the form of errors is that of deployments with api-versions since 2021.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from blueprinter.arm import DeploymentContext, ExpressionError, ExpressionSyntaxError, parse_id
from blueprinter.casing import fold, same
from blueprinter.document import Json
from blueprinter.sandbox.deploying import history, invented
from blueprinter.sandbox.deploying.answering import (
    correlation_of,
    deployment_body,
    duration,
    named_id,
    target,
    type_name,
)
from blueprinter.sandbox.deploying.answers import Answers, NotThere, as_plain, is_secure
from blueprinter.sandbox.deploying.places import DEPLOYMENT, place_of
from blueprinter.sandbox.deploying.preparing import Prepared, check_slot, prepare
from blueprinter.sandbox.model import Body, Box, Operation, Principal, Response, Step, Stored

KIND = "deployment"
FAILED = (
    "At least one resource deployment operation failed. Please list deployment operations for details. Please see "
    "https://aka.ms/arm-deployment-operations for usage details."
)
_CONTROL = frozenset(
    {"microsoft.authorization", "microsoft.resources", "microsoft.policyinsights", "microsoft.management"}
)
_NO_PROPERTY = re.compile(r"the object has no property `([^`]*)`.*")
_STATUS = {200: "OK", 201: "Created", 202: "Accepted", 400: "BadRequest", 403: "Forbidden", 404: "NotFound"}
_STATUS |= {405: "MethodNotAllowed", 409: "Conflict", 429: "TooManyRequests", 500: "InternalServerError"}


# --- beginning


def start_deployment(
    box: Box,
    scope_id: str,
    name: str,
    body: Body,
    principal: Principal,
    *,
    tracking: str = "",
    stack: str = "",
) -> Operation:
    """Begins a deployment of `body` (`{"location"?, "properties": {"mode", "template", "parameters"?}}`) to the
    scope with this id ("" = the tenant). `stack` is the deployment stack that owns it.

    The operation ends as Succeeded, Failed or Canceled; what it did stands at the deployment's own id. Raises
    `Refusal` for what Azure refuses at once.
    """
    text = orjson.dumps(body)
    seed = box.new_guid()
    prepared = prepare(box, place_of(scope_id), name, text, principal, tracking=tracking, seed=seed)
    return begin(box, prepared, principal, tracking=tracking, stack=stack)


def begin(
    box: Box, prepared: Prepared, principal: Principal, *, tracking: str = "", stack: str = ""
) -> Operation:
    """Begins a deployment that was prepared. Raises `Refusal` where its name is not free."""
    check_slot(box, prepared)
    parent = box.store.get(tracking) if tracking else None
    owner = stack or (str(parent.notes.get("stack", "")) if parent is not None else "")
    existing = box.store.get(prepared.id)
    id = existing.id if existing is not None else prepared.id
    history.forget(box, id)
    items: list[Body] = [
        {
            **target(resource),
            "apiVersion": resource.api_version,
            "body": dict(resource.body),
            "template": resource.template,
            "needs": list(prepared.needs[index]),
            "state": "waiting",
        }
        for index, resource in enumerate(prepared.resources)
    ]
    context = prepared.context
    state: Body = {
        "items": items,
        "outputs": {
            name: {"type": output.type, "value": output.value, "secure": output.secure}
            for name, output in prepared.stage.outputs.items()
        },
        "context": {name: getattr(context, name) for name in context.__struct_fields__},
        "mode": prepared.mode,
    }
    number = int(box.new_guid().replace("-", ""), 16) % 10**20
    operation = box.start(KIND, id, state, principal=principal, id=f"{number:020d}")
    body = deployment_body(prepared, "Accepted", box.stamp(), correlation_of(box, tracking))
    body["id"] = id
    notes: Body = {
        "template": prepared.template,
        "operation": operation.id,
        "stack": owner,
        "parent": tracking,
        "createdBy": principal.object_id,
    }
    box.store.put(id, DEPLOYMENT, body, notes=notes)
    history.set_running(box, operation.id, id, prepared.stage.secrets)
    return operation


# --- one step


def step(box: Box, operation: Operation) -> Step:
    """Moves a deployment by one wave."""
    stored = box.store.get(operation.subject)
    if stored is None:
        history.unset_running(box, operation.id)
        return Step({}, "Canceled")
    if str(stored.body["properties"].get("provisioningState")) == "Accepted":
        _update(box, stored, {"provisioningState": "Running"})
    state = operation.state
    items: list[Body] = state["items"]
    for item in items:
        if item["state"] == "called":
            _look_after(box, operation, items, item)
    answers = Answers(
        box,
        DeploymentContext(**state["context"]),
        history.secrets_of(box, operation.id),
        operation.principal or _nobody(box),
    )
    before = [str(item["state"]) for item in items]
    for item in items:
        if item["state"] == "waiting":
            _try_to_start(box, operation, answers, items, item, before)
    if any(item["state"] in ("waiting", "called") for item in items):
        return Step(state)
    return _finish(box, operation, answers, items)


def _look_after(box: Box, operation: Operation, items: list[Body], item: Body) -> None:
    """Whether what was started has come to its end."""
    child = box.operation(str(item["operation"]))
    if child is not None and child.status == "Running":
        return
    if child is None or child.status == "Succeeded":
        item["state"] = "done"
        _record(box, operation, items, item, "Succeeded", "OK")
        return
    state = child.status
    inner = child.error or {"code": f"Deployment{state}", "message": f"The operation was {fold(state)}."}
    error: Body = {
        "code": "ResourceDeploymentFailure",
        "target": item["id"],
        "message": "The resource write operation failed to complete successfully, because it reached terminal "
        f"provisioning state '{state}'.",
        "details": [inner],
    }
    _fail(box, operation, items, item, error, "Conflict")


def _try_to_start(
    box: Box, operation: Operation, answers: Answers, items: list[Body], item: Body, before: list[str]
) -> None:
    """Starts a resource whose needs were done when this step began."""
    states = {before[other] for other in item["needs"]}
    if states & {"failed", "left"}:
        item["state"] = "left"
        return
    if states - {"done"}:
        return
    item["started"] = box.stamp()
    is_deployment = same(str(item["resourceType"]), DEPLOYMENT)
    try:
        body = answers.plain(item["body"], secrets=is_deployment)
    except (ExpressionError, ExpressionSyntaxError) as fault:
        _fail(box, operation, items, item, _evaluation_error(item, fault), "BadRequest")
        return
    if not isinstance(body, dict):
        body = {}
    if item["template"] is not None:
        properties = body.get("properties")
        body["properties"] = {
            **(properties if isinstance(properties, dict) else {}),
            "template": item["template"],
        }
    response = box.call(
        "PUT",
        str(item["id"]),
        api_version=str(item["apiVersion"]),
        body=body,
        principal=operation.principal,
        tracking=operation.subject,
    )
    item["body"] = item["template"] = None
    if response.status >= 400:
        error = dict((response.json() or {}).get("error") or {"code": "InternalServerError", "message": ""})
        error.setdefault("target", item["id"])
        _fail(box, operation, items, item, error, _STATUS.get(response.status, str(response.status)))
        return
    item["operation"] = _operation_of(response)
    child = box.operation(item["operation"]) if item["operation"] else None
    if child is not None and child.status == "Running":
        item["state"] = "called"
        _record(box, operation, items, item, "Running", _STATUS.get(response.status, "OK"))
    else:
        item["state"] = "done"
        _record(box, operation, items, item, "Succeeded", _STATUS.get(response.status, "OK"))


def _operation_of(response: Response) -> str:
    """The id of the work that an answer says to wait for; "" where there is none."""
    headers = {fold(name): value for name, value in response.headers.items()}
    url = headers.get("azure-asyncoperation") or (headers.get("location") if response.status == 202 else "")
    return urlsplit(url).path.rstrip("/").rpartition("/")[2] if url else ""


def _fail(box: Box, operation: Operation, items: list[Body], item: Body, error: Body, status: str) -> None:
    item["state"] = "failed"
    item["error"] = error
    item["body"] = item["template"] = None
    _record(box, operation, items, item, "Failed", status, error)


def _evaluation_error(item: Body, fault: ExpressionError) -> Body:
    if isinstance(fault, NotThere):
        return {"code": "ResourceNotFound", "message": fault.message, "target": item["id"]}
    return {
        "code": "InvalidTemplate",
        "message": "Unable to process template language expressions for resource "
        f"'{item['id']}' at line '1' and column '1'. '{_worded(fault.message)}'",
        "target": item["id"],
    }


def _worded(message: str) -> str:
    """The commonest fault of an expression in Azure's words."""
    missing = _NO_PROPERTY.fullmatch(message)
    if missing is None:
        return message.replace("`", "'")
    return f"The language expression property '{missing[1]}' doesn't exist."


def _record(
    box: Box,
    operation: Operation,
    items: list[Body],
    item: Body,
    state: str,
    status: str,
    error: Body | None = None,
) -> None:
    properties: Body = {
        "provisioningOperation": "Create",
        "provisioningState": state,
        "timestamp": box.stamp(),
        "duration": duration(str(item.get("started", "")), box.now()),
        "trackingId": item.setdefault("trackingId", box.new_guid()),
        "serviceRequestId": item.setdefault("serviceRequestId", box.new_guid()),
        "statusCode": status,
        "targetResource": {name: item[name] for name in ("id", "resourceType", "resourceName")},
    }
    if error is not None:
        properties["statusMessage"] = {"error": error}
    key = history.key_for(operation.id, str(item["id"]))
    history.record(box, operation.subject, key, items.index(item), properties)


# --- the end


def _finish(box: Box, operation: Operation, answers: Answers, items: list[Body]) -> Step:
    made = [id for item in items if item["state"] == "done" for id in _made(box, item)]
    failed = [item["error"] for item in items if item["state"] == "failed"]
    if not failed and operation.state["mode"] == "Complete":
        failed = _remove_others(box, operation, made)
    outputs: Body = {}
    secure: Body = {}
    if not failed:
        try:
            outputs, secure = _outputs(operation.state["outputs"], answers)
        except (ExpressionError, ExpressionSyntaxError) as fault:
            failed = [_output_error(fault)]
        _record_outputs(box, operation, len(items), failed)
    error: Body | None = None
    if failed:
        error = {
            "code": "DeploymentFailed",
            "target": operation.subject,
            "message": FAILED,
            "details": failed,
        }
    end(box, operation, "Failed" if failed else "Succeeded", error, outputs, made, secure)
    return Step({}, "Failed" if failed else "Succeeded", error)


def end(
    box: Box,
    operation: Operation,
    state: str,
    error: Body | None,
    outputs: Body | None = None,
    made: list[str] | None = None,
    secure: Body | None = None,
) -> None:
    """Writes down how a deployment ended."""
    history.unset_running(box, operation.id)
    stored = box.store.get(operation.subject)
    if stored is None:
        return
    changes: Body = {
        "provisioningState": state,
        "timestamp": box.stamp(),
        "duration": duration(operation.started, box.now()),
    }
    if state == "Succeeded":
        changes["outputs"] = outputs or {}
    changes["outputResources"] = [{"id": id} for id in dict.fromkeys(made or ())]
    if error is not None:
        changes["error"] = error
    _update(box, stored, changes, {"secureOutputs": secure or {}})


def watch(box: Box) -> None:
    """Ends deployments whose operation was broken off by others."""
    for operation_id, _ in history.running(box):
        operation = box.operation(operation_id)
        if operation is None:
            history.unset_running(box, operation_id)
        elif operation.status != "Running":
            end(box, operation, operation.status, operation.error)


def cancel(box: Box, stored: Stored) -> None:
    """Stops a running deployment, and the nested ones that it waits for."""
    operation = box.operation(str(stored.notes.get("operation", "")))
    if operation is None:
        return
    items: list[Body] = operation.state.get("items") or []
    for item in items:
        if item["state"] == "called" and same(str(item["resourceType"]), DEPLOYMENT):
            nested = box.store.get(str(item["id"]))
            if nested is not None:
                cancel(box, nested)
    made = [id for item in items if item["state"] == "done" for id in _made(box, item)]
    box.cancel(operation.id)
    end(box, operation, "Canceled", None, None, made)


def _update(box: Box, stored: Stored, changes: Body, notes: Body | None = None) -> None:
    properties = {**stored.body["properties"], **changes}
    box.store.put(
        stored.id,
        stored.type,
        {**stored.body, "properties": properties},
        notes={**stored.notes, **notes} if notes is not None else None,
    )


def _made(box: Box, item: Body) -> list[str]:
    """The resources that an item of a deployment stands for: of a nested deployment all that it made."""
    id = str(item["id"])
    if not same(str(item["resourceType"]), DEPLOYMENT):
        return [id]
    nested = box.store.get(id)
    found = nested.body["properties"].get("outputResources", []) if nested is not None else []
    return [str(one["id"]) for one in found]


def _remove_others(box: Box, operation: Operation, made: list[str]) -> list[Body]:
    """Complete mode: what is in the resource group and not in the template goes."""
    group = place_of(operation.subject[: fold(operation.subject).rindex("/providers/")]).id
    kept = {fold(id) for id in made}
    failed: list[Body] = []
    for stored in list(box.store.below(group)):
        parsed = parse_id(stored.id)
        top = parsed is not None and parsed.type.count("/") == 1 and not parsed.parent.count("/providers/")
        if not top or fold(stored.type.partition("/")[0]) in _CONTROL or fold(stored.id) in kept:
            continue
        response = box.call(
            "DELETE",
            stored.id,
            api_version=str(stored.notes.get("apiVersion") or "2021-04-01"),
            principal=operation.principal,
            tracking=operation.subject,
        )
        if response.status >= 400 and response.status != 404:
            error = dict((response.json() or {}).get("error") or {})
            failed.append({"target": named_id(stored.id), **error})
    return failed


def _outputs(written: Mapping[str, Any], answers: Answers) -> tuple[Body, Body]:
    """What is shown of the outputs, and the values of the secure ones."""
    shown: Body = {}
    secure: Body = {}
    for name, output in written.items():
        kind = str(output["type"])
        value = answers.value(output["value"])
        if output["secure"]:
            shown[name] = {"type": type_name(kind)}
            secure[name] = as_plain(value, secrets=True)
        elif is_secure(value):
            # a secret under a plain type: it is not written down
            shown[name] = {"type": type_name(kind)}
        else:
            shown[name] = {"type": type_name(kind), "value": _shown(as_plain(value))}
    return shown, secure


def _shown(value: Json) -> Json:
    return invented.without_secrets(value)


def _output_error(fault: ExpressionError) -> Body:
    if isinstance(fault, NotThere):
        return {"code": "ResourceNotFound", "message": fault.message}
    return {
        "code": "DeploymentOutputEvaluationFailed",
        "message": f"Unable to evaluate template outputs. Please see error details. '{_worded(fault.message)}'",
    }


def _record_outputs(box: Box, operation: Operation, position: int, failed: list[Body]) -> None:
    properties: Body = {
        "provisioningOperation": "EvaluateDeploymentOutput",
        "provisioningState": "Failed" if failed else "Succeeded",
        "timestamp": box.stamp(),
        "duration": "PT0S",
        "trackingId": box.new_guid(),
        "statusCode": "BadRequest" if failed else "OK",
    }
    if failed:
        properties["statusMessage"] = {"error": failed[0]}
    history.record(box, operation.subject, operation.id, position, properties)


def _nobody(box: Box) -> Principal:
    return Principal("", box.settings.tenant_id)
