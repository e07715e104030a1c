"""Management groups: their tree, the subscriptions in it, and what is asked about both.

Sources: Microsoft Learn, REST "Management Groups" (Create Or Update, Get, Get Descendants, List; Management Group
Subscriptions; Entities - List; Check Name Availability).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from blueprinter.casing import fold, same
from blueprinter.sandbox.acting.odata import Predicate
from blueprinter.sandbox.filtering import filter_of
from blueprinter.sandbox.hierarchy import (
    GROUP_TYPE,
    SUBSCRIPTION_TYPE,
    children_of,
    group_id,
    groups_above,
    parent_of,
    subscription_id,
)
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
from blueprinter.sandbox.operations import retry_headers
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.strictness import ANY, READ_ONLY, TEXT, check_members, one_of, record

MAX_DEPTH = 6
"""Levels below the root (Microsoft Learn, "What are Azure management groups?")."""
CREATION = "management group creation"
DELETION = "management group deletion"

_NAME = re.compile(r"[\w().-]{0,89}[\w()-]", re.ASCII)
_PARENT = record({"id": TEXT, "name": TEXT, "displayName": TEXT})
_SHAPE = record(
    {
        **READ_ONLY,
        "properties": record(
            {
                "tenantId": TEXT,
                "displayName": TEXT,
                "details": record({"parent": _PARENT, "version": ANY, "updatedTime": ANY, "updatedBy": ANY}),
                "children": ANY,
            }
        ),
    }
)
_PATCH_SHAPE = record({"displayName": TEXT, "parentGroupId": TEXT})
_NAME_SHAPE = record({"name": TEXT, "type": one_of(GROUP_TYPE)})


# ---------------------------------------------------------------- one group


def _group(box: Box, name: str) -> Stored:
    found = box.store.get(group_id(name))
    if found is None:
        raise Refusal(404, "NotFound", f"'{group_id(name)}' not found")
    return found


def _put(call: Call) -> Response:
    """A new group comes by work of its own (202), one that is there is changed at once (200)."""
    name, box = call.values["group"], call.box
    body = call.body() if call.request.body else {}
    check_members(body, _SHAPE)
    if _NAME.fullmatch(name) is None:
        raise Refusal(
            400, "InvalidGroupId", f"The management group id '{name}' has characters that it may not have."
        )
    given = body.get("properties") or {}
    wanted = ((given.get("details") or {}).get("parent") or {}).get("id")
    existing = box.store.get(group_id(name))
    if existing is not None:
        parent = parent_of(box, existing.id) if wanted is None else _parent(box, wanted)
        return Response.of(
            _write(call.box, existing.id, name, given.get("displayName"), parent, call.principal.object_id)
        )
    parent = _parent(box, wanted or group_id(box.settings.tenant_id))
    _check_depth(box, parent)
    state: Body = {
        "name": name,
        "displayName": given.get("displayName") or name,
        "parent": parent,
        "by": call.principal.object_id,
    }
    under_way = box.running(group_id(name))
    operation = under_way[0] if under_way else box.start(CREATION, group_id(name), state)
    answer: Body = {"id": group_id(name), "type": GROUP_TYPE, "name": name, "status": "NotStarted"}
    return Response.of(answer, 202, _polling(call, operation, name))


def _polling(call: Call, operation: Operation, name: str) -> dict[str, str]:
    path = f"/providers/Microsoft.Management/operationResults/{operation.id}/managementGroups/{name}"
    link = call.link(path)
    return {"Azure-AsyncOperation": link, "Location": link, **retry_headers(call.box.settings)}


def _parent(box: Box, id: str) -> str:
    found = box.store.get(id)
    if found is None or not same(found.type, GROUP_TYPE):
        raise Refusal(404, "NotFound", f"'{id}' not found")
    return found.id


def _check_depth(box: Box, parent: str) -> None:
    if len(groups_above(box, parent)) >= MAX_DEPTH:
        raise Refusal(
            400,
            "HierarchyDepthExceeded",
            f"A management group can be at most {MAX_DEPTH} levels below the root.",
        )


def _create_step(box: Box, operation: Operation) -> Step:
    state = operation.state
    name = state["name"]
    body = _write(box, group_id(name), name, state["displayName"], state["parent"], state["by"])
    return Step(state, "Succeeded", result=body)


def _write(box: Box, id: str, name: str, display_name: str | None, parent: str, by: str) -> Body:
    existing = box.store.get(id)
    old = existing.body["properties"] if existing is not None else None
    if existing is not None and parent and (same(parent, id) or _holds(box, id, parent)):
        raise Refusal(400, "CircularDependency", f"The group '{id}' cannot be moved below itself.")
    properties: Body = {
        "tenantId": box.settings.tenant_id,
        "displayName": display_name or (old["displayName"] if old is not None else name),
        "details": {
            "version": (old["details"]["version"] if old is not None else 0) + 1,
            "updatedTime": box.stamp(),
            "updatedBy": by,
        },
    }
    body: Body = {"id": id, "type": GROUP_TYPE, "name": name, "properties": properties}
    return _shown(box, box.store.put(id, GROUP_TYPE, body, notes={"parent": parent}))


def _holds(box: Box, group: str, inner: str) -> bool:
    return any(same(above, group) for above in groups_above(box, inner))


def _patch(call: Call) -> Response:
    box = call.box
    found = _group(box, call.values["group"])
    body = call.body()
    check_members(body, _PATCH_SHAPE)
    wanted = body.get("parentGroupId")
    parent = parent_of(box, found.id) if wanted is None else _parent(box, _as_id(wanted))
    return Response.of(
        _write(box, found.id, found.body["name"], body.get("displayName"), parent, call.principal.object_id)
    )


def _as_id(group: str) -> str:
    return group if group.startswith("/") else group_id(group)


def _delete(call: Call) -> Response:
    """202; 204 where there is none. A group with children stays."""
    box, name = call.box, call.values["group"]
    found = box.store.get(group_id(name))
    if found is None:
        return Response.empty(204)
    if same(name, box.settings.tenant_id):
        raise Refusal(400, "BadRequest", "The root management group cannot be deleted.")
    if next(children_of(box, found.id), None) is not None:
        raise Refusal(
            400,
            "BadRequest",
            f"The management group '{name}' has children: they must be moved or deleted first.",
        )
    operation = box.start(DELETION, found.id, {"emptyStatus": 200})
    answer: Body = {"id": found.id, "type": GROUP_TYPE, "name": found.body["name"], "status": "NotStarted"}
    return Response.of(answer, 202, _polling(call, operation, name))


def _delete_step(box: Box, operation: Operation) -> Step:
    if next(children_of(box, operation.subject), None) is not None:
        raise Refusal(400, "BadRequest", "The management group has children.")
    box.store.delete(operation.subject)
    return Step(operation.state, "Succeeded")


def _result(call: Call) -> Response:
    """One address for both headers: 202 while it lasts, then 200 with the status and what came of it."""
    operation = call.box.operation(call.values["operation"])
    if operation is None:
        raise Refusal(404, "NotFound", f"The operation '{call.id}' could not be found.")
    name = call.values["group"]
    body: Body = {"id": group_id(name), "type": GROUP_TYPE, "name": name, "status": operation.status}
    if operation.status == "Running":
        return Response.of(body, 202, _polling(call, operation, name))
    if operation.error is not None:
        body["error"] = operation.error
    if isinstance(operation.result, dict):
        body.update(operation.result)
    return Response.of(body)


def _get(call: Call) -> Response:
    found = _group(call.box, call.values["group"])
    expand = fold(call.query.get("$expand", ""))
    body = _shown(call.box, found)
    details = body["properties"]["details"]
    above = [call.box.store.get(id) for id in groups_above(call.box, found.id)]
    chain = [
        {"name": group.body["name"], "displayName": group.body["properties"]["displayName"]}
        for group in above
        if group is not None
    ]
    if expand == "path":
        details["path"] = chain[::-1]
    elif expand == "ancestors":
        details["managementGroupAncestors"] = [group["name"] for group in chain]
        details["managementGroupAncestorsChain"] = chain
    elif expand == "children":
        recurse = fold(call.query.get("$recurse", "")) == "true"
        wanted = filter_of(call, ("children.childType",), text=_child_filter(call.query.get("$filter", "")))
        body["properties"]["children"] = _children(call.box, found.id, recurse, wanted) or None
    return Response.of(body)


def _child_filter(text: str) -> str:
    """`children.childType ne Subscription` is written without quotation marks."""
    return re.sub(r"\b(eq|ne)\s+(\w[\w./]*)", r"\1 '\2'", text)


def _shown(box: Box, found: Stored) -> Body:
    """A group as GET answers it: who its parent is stands in the notes."""
    properties = found.body["properties"]
    details = dict(properties["details"])
    above = box.store.get(parent_of(box, found.id)) if parent_of(box, found.id) else None
    if above is not None:
        details["parent"] = _brief(above)
    return {**found.body, "properties": {**properties, "details": details}}


def _brief(group: Stored) -> Body:
    return {
        "id": group.id,
        "name": group.body["name"],
        "displayName": group.body["properties"]["displayName"],
    }


def _children(box: Box, group: str, recurse: bool, wanted: Predicate | None) -> list[Body]:
    found: list[Body] = []
    for child in children_of(box, group):
        is_group = same(child.type, GROUP_TYPE)
        kind = "ManagementGroup" if is_group else "Subscription"
        if wanted is not None and not wanted({"children.childType": kind}):
            continue
        body: Body = {
            "type": GROUP_TYPE if is_group else "/subscriptions",
            "id": child.id,
            "name": _name_of(child),
            "displayName": _title(child),
        }
        if is_group and recurse:
            body["children"] = _children(box, child.id, recurse, wanted) or None
        found.append(body)
    return found


def _name_of(found: Stored) -> str:
    return found.id.rsplit("/", 1)[1]


def _title(found: Stored) -> str:
    body = found.body if same(found.type, SUBSCRIPTION_TYPE) else found.body["properties"]
    return str(body["displayName"])


# ---------------------------------------------------------------- lists


def _list(call: Call) -> Response:
    rows = (
        {
            "id": found.id,
            "type": GROUP_TYPE,
            "name": found.body["name"],
            "properties": {
                "tenantId": call.box.settings.tenant_id,
                "displayName": found.body["properties"]["displayName"],
            },
        }
        for found in call.box.store.of_type(GROUP_TYPE)
    )
    return page(call, rows)


def _descendants(call: Call) -> Response:
    group = _group(call.box, call.values["group"])

    def rows(parent: Stored) -> Iterator[Body]:
        for child in children_of(call.box, parent.id):
            is_group = same(child.type, GROUP_TYPE)
            yield {
                "id": child.id,
                "type": GROUP_TYPE if is_group else f"{GROUP_TYPE}/subscriptions",
                "name": _name_of(child),
                "properties": {"displayName": _title(child), "parent": {"id": parent.id}},
            }
            if is_group:
                yield from rows(child)

    return page(call, rows(group), size=2000)


def _entities(call: Call) -> Response:
    """All groups and subscriptions, each with the way down to it."""
    box = call.box
    wanted = filter_of(call, ("name", "displayName", "id"))

    def rows() -> Iterator[Body]:
        for kind in (GROUP_TYPE, SUBSCRIPTION_TYPE):
            for found in box.store.of_type(kind):
                if wanted is None or wanted(
                    {"name": _name_of(found), "displayName": _title(found), "id": found.id}
                ):
                    yield _entity(box, found)

    return page(call, rows(), size=1000)


def _entity(box: Box, found: Stored) -> Body:
    above = [group for group in map(box.store.get, groups_above(box, found.id)) if group is not None]
    is_group = same(found.type, GROUP_TYPE)
    children = list(children_of(box, found.id)) if is_group else []
    groups = [child for child in children if same(child.type, GROUP_TYPE)]
    return {
        "id": found.id,
        "type": GROUP_TYPE if is_group else "/subscriptions",
        "name": _name_of(found),
        "properties": {
            "tenantId": box.settings.tenant_id,
            "displayName": _title(found),
            "parent": {"id": above[0].id if above else None},
            "parentDisplayNameChain": [_title(group) for group in above[::-1]],
            "parentNameChain": [_name_of(group) for group in above[::-1]],
            "permissions": "edit",
            "inheritedPermissions": "edit",
            "numberOfChildGroups": len(groups),
            "numberOfChildren": len(children),
            "numberOfDescendants": len(children),
        },
    }


def _check_name(call: Call) -> Response:
    body = call.body()
    check_members(body, _NAME_SHAPE)
    name = str(body.get("name") or "")
    if _NAME.fullmatch(name) is None:
        return Response.of(
            {"nameAvailable": False, "reason": "Invalid", "message": f"The name '{name}' is invalid."}
        )
    if call.box.store.has(group_id(name)):
        return Response.of(
            {
                "nameAvailable": False,
                "reason": "AlreadyExists",
                "message": f"The group with the specified name '{name}' already exists",
            }
        )
    return Response.of({"nameAvailable": True})


def _backfill(call: Call) -> Response:
    """Every subscription of a sandbox is under the root from the first moment."""
    return Response.of({"tenantId": call.box.settings.tenant_id, "status": "Completed"})


# ---------------------------------------------------------------- subscriptions in groups


def _subscription(call: Call) -> Stored:
    id = call.values["subscription"]
    found = call.box.store.get(subscription_id(id))
    if found is None:
        raise Refusal(404, "NotFound", f"'{subscription_id(id)}' not found")
    return found


def _shown_subscription(box: Box, found: Stored) -> Body:
    parent = parent_of(box, found.id)
    return {
        "id": f"{parent}/subscriptions/{_name_of(found)}",
        "type": f"{GROUP_TYPE}/subscriptions",
        "name": _name_of(found),
        "properties": {
            "tenant": box.settings.tenant_id,
            "displayName": _title(found),
            "parent": {"id": parent},
            "state": "Active",
        },
    }


def _move(call: Call, group: str) -> Stored:
    found = _subscription(call)
    return call.box.store.put(found.id, found.type, found.body, notes={**found.notes, "parent": group})


def _put_subscription(call: Call) -> Response:
    group = _group(call.box, call.values["group"])
    return Response.of(_shown_subscription(call.box, _move(call, group.id)))


def _take_subscription(call: Call) -> Response:
    """Out of a group means under the root."""
    group = _group(call.box, call.values["group"])
    found = _subscription(call)
    if not same(parent_of(call.box, found.id), group.id):
        return Response.empty(204)
    _move(call, group_id(call.box.settings.tenant_id))
    return Response.empty(200)


def _get_subscription(call: Call) -> Response:
    group = _group(call.box, call.values["group"])
    found = _subscription(call)
    if not same(parent_of(call.box, found.id), group.id):
        raise Refusal(404, "NotFound", f"'{call.id}' not found")
    return Response.of(_shown_subscription(call.box, found))


def _subscriptions(call: Call) -> Response:
    group = _group(call.box, call.values["group"])
    rows = (
        _shown_subscription(call.box, child)
        for child in children_of(call.box, group.id)
        if same(child.type, SUBSCRIPTION_TYPE)
    )
    return page(call, rows)


_MANAGEMENT = "/providers/Microsoft.Management"
_MANY = f"{_MANAGEMENT}/managementGroups"
_ONE = f"{_MANY}/{{group}}"
_IN_GROUP = f"{_ONE}/subscriptions/{{subscription}}"

PROVIDER = Provider(
    "Microsoft.Management",
    routes=(
        Route("GET", _MANY, _list),
        Route("GET", _ONE, _get),
        Route("PUT", _ONE, _put),
        Route("PATCH", _ONE, _patch),
        Route("DELETE", _ONE, _delete),
        Route("GET", f"{_ONE}/descendants", _descendants),
        Route("GET", f"{_ONE}/subscriptions", _subscriptions),
        Route("GET", _IN_GROUP, _get_subscription),
        Route("PUT", _IN_GROUP, _put_subscription),
        Route("DELETE", _IN_GROUP, _take_subscription),
        Route("POST", f"{_MANAGEMENT}/getEntities", _entities),
        Route("POST", f"{_MANAGEMENT}/checkNameAvailability", _check_name),
        Route("POST", f"{_MANAGEMENT}/startTenantBackfill", _backfill),
        Route("POST", f"{_MANAGEMENT}/tenantBackfillStatus", _backfill),
        Route("GET", f"{_MANAGEMENT}/operationResults/{{operation}}/managementGroups/{{group}}", _result),
    ),
    operations={CREATION: _create_step, DELETION: _delete_step},
)
