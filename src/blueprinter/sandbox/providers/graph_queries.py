"""Shared queries of Resource Graph: resources that hold a query, and queries that use them as `{{id}}`.

Sources: Microsoft Learn, "Graph Query" (REST), "Understanding the Azure Resource Graph query language" (shared query
syntax).
"""

from __future__ import annotations

import re

from blueprinter.casing import same
from blueprinter.sandbox.containers import check_resource_group, check_subscription
from blueprinter.sandbox.model import Body, Box, Call, Refusal, Response, Route, Stored
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.strictness import READ_ONLY, TEXT, check_members, map_of, record
from blueprinter.sandbox.writing import remove, write

TYPE = "Microsoft.ResourceGraph/queries"
_SHAPE = record(
    {
        **READ_ONLY,
        "location": TEXT,
        "tags": map_of(TEXT),
        "properties": record({"query": TEXT, "description": TEXT, "timeModified": TEXT, "resultKind": TEXT}),
    }
)
_SHARED = re.compile(r"\{\{\s*(/[^{}\n]+?)\s*\}\}")


def with_shared(box: Box, query: str) -> str:
    """A query in which each `{{id}}` is replaced by the query stored under that id; one that is not there stays as it
    is, which no parser takes. A stored query uses no other."""

    def stored(match: re.Match[str]) -> str:
        found = box.store.get(match.group(1))
        if found is None or not same(found.type, TYPE):
            return match.group()
        return str(found.body["properties"].get("query", ""))

    return _SHARED.sub(stored, query)


def _put(call: Call) -> Response:
    body = call.body()
    check_members(body, _SHAPE)
    if not (body.get("properties") or {}).get("query"):
        raise Refusal(400, "InvalidRequestContent", "Required property 'query' not found in JSON.")
    return _written(call, {"location": "global", **body}, patch=False)


def _patch(call: Call) -> Response:
    body = call.body()
    check_members(body, _SHAPE)
    return _written(call, body, patch=True)


def _written(call: Call, body: Body, *, patch: bool) -> Response:
    sent = body.get("properties") or {}
    existing = call.box.store.get(call.id)
    if patch and existing is not None:
        sent = {**existing.body["properties"], **sent}
    filled = {**sent, "timeModified": call.box.stamp(), "resultKind": "basic"}
    stored, new = write(
        call,
        call.id,
        TYPE,
        {**body, "etag": f'"{call.box.new_guid()}"', "properties": filled},
        api_version=call.request.api_version,
        principal=call.principal,
        tracking=call.tracking,
        patch=patch,
    )
    return Response.of(stored.body, 201 if new else 200)


def _get(call: Call) -> Response:
    return Response.of(_existing(call).body)


def _delete(call: Call) -> Response:
    gone = remove(call, call.id, principal=call.principal, tracking=call.tracking)
    return Response.empty(200 if gone else 204)


def _existing(call: Call) -> Stored:
    found = call.box.store.get(call.id)
    if found is None:
        raise Refusal(404, "ResourceNotFound", f"The Resource '{TYPE}/{call.values['name']}' was not found.")
    return found


def _list_in_group(call: Call) -> Response:
    subscription, group = call.values["subscription"], call.values["group"]
    check_resource_group(call.box, subscription, group)
    return _listed(call, f"/subscriptions/{subscription}/resourceGroups/{group}")


def _list_in_subscription(call: Call) -> Response:
    subscription = call.values["subscription"]
    check_subscription(call.box, subscription)
    return _listed(call, f"/subscriptions/{subscription}")


def _listed(call: Call, scope: str) -> Response:
    return page(call, (found.body for found in call.box.store.of_type(TYPE, scope)))


_IN_SUBSCRIPTION = f"subscriptions/{{subscription}}/providers/{TYPE}"
_IN_GROUP = f"subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}"

ROUTES = (
    Route("GET", _IN_SUBSCRIPTION, _list_in_subscription),
    Route("GET", _IN_GROUP, _list_in_group),
    Route("PUT", f"{_IN_GROUP}/{{name}}", _put),
    Route("PATCH", f"{_IN_GROUP}/{{name}}", _patch),
    Route("GET", f"{_IN_GROUP}/{{name}}", _get),
    Route("DELETE", f"{_IN_GROUP}/{{name}}", _delete),
)
