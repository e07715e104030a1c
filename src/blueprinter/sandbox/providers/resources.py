"""Resources of any type, and their lists at a resource group and a subscription."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from blueprinter.arm import parse_id
from blueprinter.casing import fold
from blueprinter.sandbox.acting.odata import Predicate
from blueprinter.sandbox.containers import check_resource_group, check_subscription, not_found
from blueprinter.sandbox.filtering import filter_of
from blueprinter.sandbox.model import Body, Call, Provider, Refusal, Response, Route, Stored
from blueprinter.sandbox.paging import stored_page
from blueprinter.sandbox.writing import remove, write

CONTROL_NAMESPACES = frozenset(
    {
        "microsoft.authorization",
        "microsoft.management",
        "microsoft.policyinsights",
        "microsoft.resourcegraph",
        "microsoft.resources",
    }
)
"""Namespaces whose every route is known: what has none there does not exist. All others are generic resources."""

RESOURCE_PAGE = 1000
"""Rows of a page of `resources`; Azure's are as large."""

_LISTED = ("id", "name", "type", "kind", "managedBy", "sku", "plan", "zones", "location", "identity", "tags")
"""What a list of resources shows of each: never `properties`."""
_FILTERED = (
    "name",
    "resourceType",
    "location",
    "resourceGroup",
    "tagName",
    "tagValue",
)
_ONE_TYPE = re.compile(r"\s*resourcetype\s+eq\s+'([^']*)'\s*", re.IGNORECASE)


_LINKS = "microsoft.resources/links"
"""A type of Azure Resource Manager itself that is kept as resources are."""


def _resource_type(call: Call) -> str:
    """The type of the resource that the path names; refuses what is none."""
    if not call.request.api_version:
        raise Refusal(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    parts = parse_id(call.id) or parse_id(f"{call.id}/-")
    if parts is None or not parts.type:
        raise Refusal(
            404, "NotFound", f"No HTTP resource was found that matches the request URI '{call.id}'."
        )
    namespace, _, rest = parts.type.partition("/")
    if fold(namespace) in CONTROL_NAMESPACES and fold(parts.type) != _LINKS:
        raise Refusal(
            404,
            "InvalidResourceType",
            f"The resource type '{rest}' could not be found in the namespace '{namespace}' for api version "
            f"'{call.request.api_version}'.",
        )
    return parts.type


def _put(call: Call) -> Response:
    _check_one(call)
    stored, new = _write(call, patch=False)
    return Response.of(stored.body, 201 if new else 200)


def _patch(call: Call) -> Response:
    _check_one(call)
    return Response.of(_write(call, patch=True)[0].body)


def _check_one(call: Call) -> None:
    """The path of a type takes no writes."""
    if parse_id(call.id) is None:
        method = call.request.method
        raise Refusal(
            405,
            "MethodNotAllowed",
            f"The HTTP method '{method}' is not supported on the resource '{call.id}'.",
        )


def _write(call: Call, *, patch: bool) -> tuple[Stored, bool]:
    return write(
        call,
        call.id,
        _resource_type(call),
        call.body(),
        api_version=call.request.api_version,
        principal=call.principal,
        tracking=call.tracking,
        patch=patch,
    )


def _find(call: Call) -> Stored:
    _resource_type(call)
    found = call.box.store.get(call.id)
    if found is None:
        _check_scope(call)
        raise not_found(call.id)
    return found


def _check_scope(call: Call, id: str = "") -> None:
    parts = parse_id(id or call.id)
    if parts is not None and parts.subscription_id:
        check_subscription(call.box, parts.subscription_id)
        if parts.resource_group:
            check_resource_group(call.box, parts.subscription_id, parts.resource_group)


def _get(call: Call) -> Response:
    if parse_id(call.id) is None and parse_id(f"{call.id}/-") is not None:
        return _collection(call)
    return Response.of(_find(call).body)


def _collection(call: Call) -> Response:
    """The path of a type: all its resources, as their own provider lists them, in a subscription, a resource group
    or the resource that they are a part of."""
    type = _resource_type(call)
    parts = parse_id(f"{call.id}/-")
    scope = parts.parent if parts is not None else ""
    _check_scope(call, scope)
    store = call.box.store
    return stored_page(call, lambda after: store.of_type(type, scope, after), lambda found: found.body)


def _head(call: Call) -> Response:
    _find(call)
    return Response.empty(204)


def _delete(call: Call) -> Response:
    _check_one(call)
    _resource_type(call)
    _check_scope(call)
    gone = remove(call, call.id, principal=call.principal, tracking=call.tracking)
    return Response.empty(200 if gone else 204)


def _action(call: Call) -> Response:
    """Actions of resource providers (`listKeys`, `restart`) are not played."""
    owner, _, action = call.id.rpartition("/")
    found = call.box.store.get(owner)
    if found is None:
        raise not_found(owner)
    raise Refusal(
        404,
        "InvalidResourceType",
        f"The resource type '{found.type}/{action}' could not be found: the sandbox keeps resources and does not "
        "play the actions of their providers.",
    )


def _list_in_group(call: Call) -> Response:
    check_subscription(call.box, call.values["subscription"])
    group = check_resource_group(call.box, call.values["subscription"], call.values["group"])
    return _listed(call, group.id)


def _list_in_subscription(call: Call) -> Response:
    check_subscription(call.box, call.values["subscription"])
    return _listed(call, f"/subscriptions/{call.values['subscription']}")


def _listed(call: Call, scope: str) -> Response:
    wanted = filter_of(call, _FILTERED)
    expand = {fold(name.strip()) for name in call.query.get("$expand", "").split(",")}
    show = partial(_shown, wanted=wanted, expand=expand)
    return stored_page(call, _reader(call, scope), show, size=RESOURCE_PAGE)


def _reader(call: Call, scope: str) -> Callable[[str], Iterator[Stored]]:
    """A filter for one type, the most frequent one, reads only that type."""
    store = call.box.store
    one_type = _ONE_TYPE.fullmatch(call.query.get("$filter", ""))
    if one_type is not None:
        return lambda after: store.of_type(one_type[1], scope, after)
    return lambda after: store.below(scope, after)


def _shown(found: Stored, *, wanted: Predicate | None, expand: set[str]) -> Body | None:
    """What the list says of a resource; None for what is no resource, or not wanted."""
    if fold(found.type.partition("/")[0]) in CONTROL_NAMESPACES:
        return None
    # lists have the resources that Azure tracks: those with a location, and what stands on its own
    if "location" not in found.body and found.type.count("/") > 1:
        return None
    if wanted is not None and not any(wanted(row) for row in _rows(found)):
        return None
    shown: Body = {name: found.body[name] for name in _LISTED if name in found.body}
    if found.type.count("/") > 1:
        parts = parse_id(found.id)
        shown["name"] = parts.name if parts is not None else shown["name"]
    if "createdtime" in expand:
        shown["createdTime"] = found.created
    if "changedtime" in expand:
        shown["changedTime"] = found.changed
    if "provisioningstate" in expand:
        shown["provisioningState"] = (found.body.get("properties") or {}).get(
            "provisioningState", "Succeeded"
        )
    return shown


def _rows(found: Stored) -> Iterator[Body]:
    """A resource as its filter sees it: once for each tag, since name and value of a tag go together."""
    parts = parse_id(found.id)
    body = found.body
    row: Body = {
        "name": body.get("name"),
        "resourceType": found.type,
        "location": body.get("location"),
        "resourceGroup": parts.resource_group if parts is not None else "",
    }
    tags = body.get("tags") or {}
    if not tags:
        yield row
    for name, value in tags.items():
        yield {**row, "tagName": name, "tagValue": value}


def _operations(call: Call) -> Response:
    return Response.of({"value": []})


_GROUP = "/subscriptions/{subscription}/resourcegroups/{group}"

PROVIDER = Provider(
    "",
    routes=(
        Route("GET", f"{_GROUP}/resources", _list_in_group),
        Route("GET", "/subscriptions/{subscription}/resources", _list_in_subscription),
        Route("GET", "/providers/{namespace}/operations", _operations),
        Route("PUT", "{id*}", _put),
        Route("PATCH", "{id*}", _patch),
        Route("GET", "{id*}", _get),
        Route("HEAD", "{id*}", _head),
        Route("DELETE", "{id*}", _delete),
        Route("POST", "{id*}", _action),
    ),
)
