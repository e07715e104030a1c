"""Deployment stacks under way: deploy, protect, then detach or delete what is not in the template any more.

Source: Microsoft Learn, "Create and deploy Azure deployment stacks". A stack that failed keeps managing what it
managed before and what it made since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from blueprinter.arm import parse_id
from blueprinter.casing import fold, get, same
from blueprinter.document import Json
from blueprinter.sandbox import denials
from blueprinter.sandbox.deploying import history
from blueprinter.sandbox.deploying.answering import duration
from blueprinter.sandbox.deploying.places import DEPLOYMENT, Place, place_of
from blueprinter.sandbox.deploying.running import start_deployment
from blueprinter.sandbox.model import Body, Box, Operation, Principal, Refusal, Step, Stored

STACK = "Microsoft.Resources/deploymentStacks"
KIND = "deployment stack"
DELETION = "deployment stack deletion"
TERMINAL = frozenset({"succeeded", "failed", "canceled"})
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS stacks_running (operation TEXT PRIMARY KEY, stack TEXT NOT NULL) WITHOUT ROWID",
)
_GROUP = "microsoft.resources/resourcegroups"
_MANAGEMENT_GROUP = "microsoft.management/managementgroups"
_ACTION_NAMES = ("resources", "resourceGroups", "managementGroups")
_NOT_DELETED = "DeploymentStackDeleteResourcesFailed"
_STILL_THERE: tuple[Body, ...] = (
    {
        "code": _NOT_DELETED,
        "message": "An error occurred while deleting resources. These resources are still present in the stack but "
        "can be deleted manually. Please see the FailedResources property for specific error information. Deletion "
        "failures that are known limitations are documented here: https://aka.ms/DeploymentStacksKnownLimitations",
    },
)
_PASSES = 3
"""How often a deletion that is refused is tried again, since one object may still be used by another."""


def begin(box: Box, stack: str, body: Body, principal: Principal) -> Operation:
    """Begins to create or update a stack whose object was stored."""
    state: Body = {"phase": "validating", "body": body}
    operation = box.start(KIND, stack, state, principal=principal)
    _set_running(box, operation.id, stack)
    return operation


def begin_deletion(box: Box, stack: str, actions: Mapping[str, str], principal: Principal) -> Operation:
    operation = box.start(DELETION, stack, {"actions": dict(actions)}, principal=principal)
    _set_running(box, operation.id, stack)
    return operation


def deployment_request(target: Place, body: Body) -> Body:
    """The deployment that a stack makes at a scope."""
    properties: Body = get(body, "properties") or {}
    names = ("template", "templateLink", "parameters", "parametersLink", "debugSetting", "validationLevel")
    sent: Body = {name: get(properties, name) for name in names if get(properties, name) is not None}
    request: Body = {"properties": {"mode": "Incremental", **sent}}
    if target.kind != "resourceGroup":
        request["location"] = get(body, "location")
    return request


def step(box: Box, operation: Operation) -> Step:
    """One step of creating or updating a stack."""
    stored = box.store.get(operation.subject)
    if stored is None:
        _unset_running(box, operation.id)
        return Step({}, "Canceled")
    match operation.state["phase"]:
        case "validating":
            return _start(box, operation, stored)
        case "deploying":
            return _deploy(box, operation, stored)
        case "updatingDenyAssignments":
            return _deny(box, operation, stored)
        case _:
            return _clear(box, operation, stored)


def _start(box: Box, operation: Operation, stored: Stored) -> Step:
    body: Body = operation.state["body"]
    properties: Body = get(body, "properties") or {}
    home = stored.id[: fold(stored.id).rindex("/providers/microsoft.resources/deploymentstacks/")]
    target = place_of(str(get(properties, "deploymentScope") or home))
    stamp = f"{box.now():%Y-%m-%d-%H-%M-%S}-{box.new_guid()[:5]}"
    name = f"{str(stored.body['name'])[:38]}-{stamp}"
    principal = operation.principal or Principal("", box.settings.tenant_id)
    try:
        started = start_deployment(
            box, target.id, name, deployment_request(target, body), principal, stack=stored.id
        )
    except Refusal as refusal:
        return _fail(box, operation, stored, "DeploymentStackDeploymentFailed", "deployed", [refusal.error()])
    set_state(box, stored, "deploying", {"deploymentId": started.subject})
    return Step({"phase": "deploying", "deployment": started.subject, "operation": started.id})


def _deploy(box: Box, operation: Operation, stored: Stored) -> Step:
    state = operation.state
    deployment = box.operation(str(state["operation"]))
    if deployment is not None and deployment.status == "Running":
        return Step(state)
    made, failed = _outcome(box, str(state["deployment"]))
    before = [str(one["id"]) for one in stored.body["properties"]["resources"]]
    found = box.store.get(str(state["deployment"]))
    shown: Body = found.body["properties"] if found is not None else {}
    if deployment is None or deployment.status != "Succeeded":
        error = deployment.error if deployment is not None and deployment.error else {}
        kept = [*made, *(id for id in before if fold(id) not in set(map(fold, made)))]
        settings = stored.body["properties"]["denySettings"]
        return _fail(
            box,
            operation,
            stored,
            "DeploymentStackDeploymentFailed",
            "deployed",
            [error] if error else [],
            {
                "resources": _managed(stored.id, kept, settings),
                "failedResources": failed,
                "parameters": shown.get("parameters", {}),
            },
        )
    now = set(map(fold, made))
    left = [id for id in before if fold(id) not in now and box.store.get(id) is not None]
    changes: Body = {"parameters": shown.get("parameters", {}), "outputs": shown.get("outputs", {})}
    set_state(box, stored, "updatingDenyAssignments", changes)
    return Step({"phase": "updatingDenyAssignments", "made": made, "left": left})


def _deny(box: Box, operation: Operation, stored: Stored) -> Step:
    """Deny assignments come before anything is deleted; what is left keeps none."""
    settings = stored.body["properties"]["denySettings"]
    made = [str(id) for id in operation.state["made"]]
    denials.set_denials(box, stored.id, settings, made)
    left = [str(id) for id in operation.state["left"]]
    actions = stored.body["properties"]["actionOnUnmanage"]
    state = {"phase": "deletingResources", "made": made, **_sorted_out(left, actions)}
    set_state(box, stored, "deletingResources", {"resources": _managed(stored.id, made, settings)})
    return Step(state)


def _clear(box: Box, operation: Operation, stored: Stored) -> Step:
    state = dict(operation.state)
    deleted, failed, waiting = _delete(box, stored.id, state, operation.principal)
    if waiting:
        return Step(state)
    made = [str(id) for id in state["made"]]
    settings = stored.body["properties"]["denySettings"]
    changes: Body = {
        "detachedResources": [{"id": id} for id in state["detach"]],
        "deletedResources": [{"id": id} for id in deleted],
        "resources": [
            *_managed(stored.id, made, settings),
            *({"id": one["id"], "status": "deleteFailed", "denyStatus": "none"} for one in failed),
        ],
        "failedResources": failed,
    }
    if failed:
        return _fail(box, operation, stored, _NOT_DELETED, "deleted", _STILL_THERE, changes)
    changes["duration"] = duration(operation.started, box.now())
    set_state(box, stored, "succeeded", changes)
    _unset_running(box, operation.id)
    return Step({}, "Succeeded")


def deletion_step(box: Box, operation: Operation) -> Step:
    """One step of deleting a stack: first what it protects, then what it manages, then itself."""
    stored = box.store.get(operation.subject)
    if stored is None:
        _unset_running(box, operation.id)
        return Step({}, "Succeeded")
    state = dict(operation.state)
    if "delete" not in state:
        denials.take_back(box, stored.id)
        managed = [str(one["id"]) for one in stored.body["properties"]["resources"]]
        state |= _sorted_out(managed, state["actions"])
        return Step(state)
    _, failed, waiting = _delete(box, stored.id, state, operation.principal)
    if waiting:
        return Step(state)
    if failed:
        kept: Body = {
            "resources": [
                {"id": one["id"], "status": "deleteFailed", "denyStatus": "none"} for one in failed
            ],
            "failedResources": failed,
        }
        return _fail(box, operation, stored, _NOT_DELETED, "deleted", _STILL_THERE, kept)
    _unset_running(box, operation.id)
    box.store.delete(stored.id)
    return Step({}, "Succeeded")


def watch(box: Box) -> None:
    """Ends stacks whose operation was broken off by others."""
    rows = list(box.store.rows("SELECT operation, stack FROM stacks_running ORDER BY operation"))
    for operation_id, stack in rows:
        operation = box.operation(operation_id)
        if operation is not None and operation.status == "Running":
            continue
        _unset_running(box, operation_id)
        stored = box.store.get(stack)
        if stored is not None and str(stored.body["properties"]["provisioningState"]) not in TERMINAL:
            error = operation.error if operation is not None else None
            set_state(box, stored, "failed", {"error": error} if error else {})


def set_state(box: Box, stored: Stored, state: str, changes: Body | None = None) -> None:
    """The stack with another provisioning state and other changes."""
    properties = {**stored.body["properties"], **(changes or {}), "provisioningState": state}
    box.store.put(stored.id, stored.type, {**stored.body, "properties": properties})


def _fail(
    box: Box,
    operation: Operation,
    stored: Stored,
    code: str,
    what: str,
    details: Sequence[Body],
    changes: Body | None = None,
) -> Step:
    correlation = stored.body["properties"]["correlationId"]
    error: Body = {
        "code": code,
        "message": f"One or more resources could not be {what}. Correlation id: '{correlation}'.",
        "details": list(details),
    }
    set_state(
        box,
        stored,
        "failed",
        {**(changes or {}), "error": error, "duration": duration(operation.started, box.now())},
    )
    _unset_running(box, operation.id)
    return Step({}, "Failed", error)


def _outcome(box: Box, deployment: str) -> tuple[list[str], list[Body]]:
    """The resources that a deployment made, and those that it failed to make; nested ones count with it."""
    made: list[str] = []
    failed: list[Body] = []
    for id, state, error in _targets(box, deployment):
        if state == "Succeeded":
            made.append(id)
        elif state == "Failed":
            failed.append({"id": id, "error": error or {"code": "DeploymentFailed", "message": ""}})
    return list(dict.fromkeys(made)), failed


def _targets(box: Box, deployment: str) -> Iterator[tuple[str, str, Json]]:
    for entry in history.entries(box, deployment):
        properties: Body = entry["properties"]
        target: Any = properties.get("targetResource")
        if not isinstance(target, dict):
            continue
        if same(str(target["resourceType"]), DEPLOYMENT):
            yield from _targets(box, str(target["id"]))
            continue
        error = (properties.get("statusMessage") or {}).get("error")
        yield str(target["id"]), str(properties["provisioningState"]), error


def _managed(stack: str, ids: Sequence[str], settings: Body) -> list[Body]:
    mode = str(get(settings, "mode", "none"))
    return [
        {"id": id, "status": "managed", "denyStatus": denials.status_of(stack, id, mode)}
        for id in sorted(ids, key=fold)
    ]


def _sorted_out(ids: Sequence[str], actions: Mapping[str, str]) -> Body:
    """What is to be deleted, in the order in which that works, and what is only let go."""
    groups: dict[str, list[str]] = {name: [] for name in _ACTION_NAMES}
    for id in ids:
        groups[kind_of(id)].append(id)
    delete = [
        id
        for name in _ACTION_NAMES
        if same(str(actions.get(name, "detach")), "delete")
        for id in sorted(groups[name], key=lambda id: (-id.count("/"), fold(id)))
    ]
    gone = set(delete)
    return {
        "delete": delete,
        "detach": [id for id in ids if id not in gone],
        "done": [],
        "pending": {},
        "passes": 0,
        "errors": {},
    }


def kind_of(id: str) -> str:
    """The member of `actionOnUnmanage` that says what happens to a resource."""
    parts = parse_id(id)
    kind = fold(parts.type) if parts is not None else ""
    if kind == _GROUP:
        return "resourceGroups"
    return "managementGroups" if kind == _MANAGEMENT_GROUP else "resources"


def _delete(
    box: Box, stack: str, state: Body, principal: Principal | None
) -> tuple[list[str], list[Body], bool]:
    """Deletes what waits for it. Deleted; refused with their errors; whether there is more to come."""
    pending: dict[str, str] = state["pending"]
    for id, work in list(pending.items()):
        operation = box.operation(work)
        if operation is not None and operation.status == "Running":
            continue
        del pending[id]
        if operation is not None and operation.error is not None:
            state["errors"][id] = operation.error
        else:
            state["done"].append(id)
    if pending:
        return state["done"], [], True
    waiting = [id for id in state["delete"] if id not in state["done"]]
    if state["passes"] >= _PASSES or not waiting:
        errors: dict[str, Body] = state["errors"]
        return state["done"], [{"id": id, "error": errors[id]} for id in waiting if id in errors], False
    state["passes"] += 1
    for id in waiting:
        stored = box.store.get(id)
        version = str(stored.notes.get("apiVersion") or "2021-04-01") if stored is not None else "2021-04-01"
        response = box.call("DELETE", id, api_version=version, principal=principal, tracking=stack)
        state["errors"].pop(id, None)
        if response.status >= 400 and response.status != 404:
            state["errors"][id] = (response.json() or {}).get("error") or {"code": str(response.status)}
        elif response.status == 202:
            link = {fold(name): value for name, value in response.headers.items()}.get("location", "")
            pending[id] = link.split("?")[0].rstrip("/").rpartition("/")[2]
        else:
            state["done"].append(id)
    return state["done"], [], True


def _set_running(box: Box, operation: str, stack: str) -> None:
    box.store.run("INSERT INTO stacks_running (operation, stack) VALUES (?, ?)", (operation, stack))


def _unset_running(box: Box, operation: str) -> None:
    box.store.run("DELETE FROM stacks_running WHERE operation = ?", (operation,))
