"""Resources moved to another resource group, also of another subscription, and whether they could be.

Sources: Microsoft Learn, REST "Resources - Move Resources" and "Resources - Validate Move Resources", "Move Azure
resources to a new resource group or subscription". Both are long-running; a read-only lock on either side stops them.
What stands on a resource (role assignments, locks, exemptions) does not move: it has to be made anew there.
"""

from __future__ import annotations

from blueprinter.arm import parse_id
from blueprinter.casing import fold, same
from blueprinter.sandbox import denials
from blueprinter.sandbox.acting import gate
from blueprinter.sandbox.acting.gate import Draft
from blueprinter.sandbox.containers import check_resource_group, check_subscription, not_found
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
from blueprinter.sandbox.operations import accepted, result_path
from blueprinter.sandbox.providers.locks import check_locks
from blueprinter.sandbox.strictness import TEXT, check_members, list_of, record

MOVE = "resource move"
VALIDATION = "resource move validation"
MAX_RESOURCES = 800
"""Resources of one move (Microsoft Learn, "Move Azure resources …", "Checklist before moving resources")."""

_SHAPE = record({"resources": list_of(TEXT), "targetResourceGroup": TEXT}, "resources", "targetResourceGroup")
_MOVED_OVER = "/providers/microsoft.authorization/"


def _move(call: Call) -> Response:
    return _begin(call, MOVE)


def _validate(call: Call) -> Response:
    return _begin(call, VALIDATION)


def _begin(call: Call, kind: str) -> Response:
    """202 with a `Location`; behind it 204, or the error."""
    check_subscription(call.box, call.values["subscription"])
    source = check_resource_group(call.box, call.values["subscription"], call.values["group"])
    body = call.body()
    check_members(body, _SHAPE)
    _check_request(call.box, source, body)
    state: Body = {"resources": body["resources"], "target": body["targetResourceGroup"]}
    operation = call.box.start(kind, source.id, state, principal=call.principal)
    return accepted(call, result_path(call.values["subscription"], operation.id))


def _check_request(box: Box, source: Stored, body: Body) -> None:
    """What is seen at once: both groups, and that the resources are in the one that is left."""
    ids: list[str | None] = body["resources"]
    if not ids or len(ids) > MAX_RESOURCES:
        raise Refusal(
            400, "InvalidRequestContent", f"A move takes from 1 to {MAX_RESOURCES} resources in 'resources'."
        )
    target = _group(box, body["targetResourceGroup"])
    if same(target.id, source.id):
        raise Refusal(
            409, "ResourceMoveFailed", "The resources are in the resource group that they are to move to."
        )
    for id in ids:
        parts = parse_id(id or "")
        if parts is None or fold(parts.parent) != fold(source.id):
            raise Refusal(
                400,
                "InvalidResourceId",
                f"The resource '{id}' is no resource at the top level of the resource group '{source.id}'.",
            )


def _group(box: Box, id: str) -> Stored:
    parts = parse_id(id)
    if (
        parts is None
        or not parts.resource_group
        or not same(parts.type, "Microsoft.Resources/resourceGroups")
    ):
        raise Refusal(400, "InvalidResourceId", f"The id '{id}' does not name a resource group.")
    check_subscription(box, parts.subscription_id)
    return check_resource_group(box, parts.subscription_id, parts.resource_group)


def _validation_step(box: Box, operation: Operation) -> Step:
    _check_move(box, operation)
    return Step(operation.state, "Succeeded")


def _move_step(box: Box, operation: Operation) -> Step:
    for found, new_id in _check_move(box, operation):
        inner = [below for below in box.store.below(found.id) if not _stands_on(below, found)]
        box.store.delete(found.id)
        for moved in (found, *inner):
            id = f"{new_id}{moved.id[len(found.id) :]}"
            box.store.put(id, moved.type, {**moved.body, "id": id}, notes=dict(moved.notes))
    return Step(operation.state, "Succeeded")


def _stands_on(below: Stored, owner: Stored) -> bool:
    return fold(below.id[len(owner.id) :]).startswith(_MOVED_OVER)


def _check_move(box: Box, operation: Operation) -> list[tuple[Stored, str]]:
    """Each resource with the id that it is to have. All that stands against it is told together."""
    target = _group(box, operation.state["target"])
    principal = operation.principal or Principal("", box.settings.tenant_id)
    found: list[tuple[Stored, str]] = []
    faults: list[Refusal] = []
    for id in operation.state["resources"]:
        try:
            found.append(_check_one(box, id, target, principal))
        except Refusal as refusal:
            faults.append(refusal)
    if faults:
        raise Refusal(
            409,
            "ResourceMoveProviderValidationFailed",
            "Resource move validation failed. Please see details.",
            details=[fault.error() for fault in faults],
        )
    return found


def _check_one(box: Box, id: str, target: Stored, principal: Principal) -> tuple[Stored, str]:
    found = box.store.get(id)
    if found is None:
        raise not_found(id)
    new_id = target.id + found.id[fold(found.id).rindex("/providers/") :]
    if box.store.has(new_id):
        raise Refusal(
            409, "ResourceMoveFailed", f"The resource '{new_id}' already exists in the target resource group."
        )
    # a move writes on both sides: a lock against deletion does not stop it, a read-only one does
    for side in (found.id, new_id):
        check_locks(box, side, "write")
    denials.check(box, found.id, "delete", principal, "")
    draft = Draft(
        id=new_id,
        type=found.type,
        body={**found.body, "id": new_id},
        api_version=str(found.notes.get("apiVersion", "")),
        principal=principal,
        tracking="",
        existing=None,
        action="write",
    )
    gate.review(box, draft)
    return found, new_id


_GROUP = "/subscriptions/{subscription}/resourcegroups/{group}"

PROVIDER = Provider(
    "Microsoft.Resources",
    routes=(
        Route("POST", f"{_GROUP}/moveResources", _move),
        Route("POST", f"{_GROUP}/validateMoveResources", _validate),
    ),
    operations={MOVE: _move_step, VALIDATION: _validation_step},
)
