"""Azure Resource Graph: questions in the Kusto Query Language over everything at once.

Sources: Microsoft Learn, "Resources - Resources" (REST), "Understanding the Azure Resource Graph query language",
"Guidance for pagination", "Guidance for throttled requests in Azure Resource Graph". The shapes of errors are those
of answers in public reports.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.sandbox.kql import (
    Join,
    Limit,
    MvExpand,
    Query,
    QueryFault,
    Result,
    Type,
    Union,
    as_json,
    parse,
    run,
)
from blueprinter.sandbox.model import Body, Box, Call, Provider, Refusal, Response, Route
from blueprinter.sandbox.providers.graph_queries import ROUTES, with_shared
from blueprinter.sandbox.providers.graph_tables import (
    Scopes,
    graph_tables,
    group_scopes,
    subscription_scopes,
    tenant_scopes,
)
from blueprinter.sandbox.strictness import FLAG, TEXT, WHOLE, check_members, list_of, one_of, record

_SHAPE = record(
    {
        "query": TEXT,
        "subscriptions": list_of(TEXT),
        "managementGroups": list_of(TEXT),
        "managementGroupId": TEXT,
        "facets": list_of(record({"expression": TEXT, "options": record({})})),
        "options": record(
            {
                "$skipToken": TEXT,
                "$top": WHOLE,
                "$skip": WHOLE,
                "resultFormat": one_of("table", "objectArray"),
                "allowPartialScopes": FLAG,
                "authorizationScopeFilter": one_of(
                    "AtScopeAndBelow", "AtScopeAndAbove", "AtScopeExact", "AtScopeAboveAndBelow"
                ),
            }
        ),
    },
    "query",
)
_MOST_ROWS = 1000
"""The highest `$top`."""
_MOST_JOINS = 3
"""Of `join` and `union` together, and of `mv-expand`, in one query."""
_QUOTA = {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"}
"""Fifteen queries in five seconds are everybody's. The sandbox counts none: to be throttled is asked for by a rule."""


def _resources(call: Call) -> Response:
    body = call.body()
    check_members(body, _SHAPE)
    options: Body = body.get("options") or {}
    scopes = _scopes(call.box, body)
    try:
        query = parse(with_shared(call.box, body["query"]))
        _check_limits(query)
        tables = graph_tables(call.box, scopes, _filter(call, options))
        result = run(query, tables, default_table="resources", now=call.box.now())
    except QueryFault as fault:
        raise _invalid(
            call.box,
            "InvalidQuery",
            "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix"
            " the error before retrying.",
            fault.detail(),
        ) from fault
    if body.get("facets"):
        raise _invalid(call.box, "FacetsNotSupported", "The sandbox computes no facets.")
    return _answer(call, body, query, result)


def _filter(call: Call, options: Body) -> str:
    """API versions before 2021-06-01-preview do not know the filter (Understanding the Azure Resource Graph query
    language)."""
    asked = options.get("authorizationScopeFilter")
    return str(asked) if asked and call.request.api_version >= "2021-06-01" else "AtScopeAndBelow"


def _invalid(box: Box, code: str, message: str, *details: Body) -> Refusal:
    """400 with the reason among the details: the message itself is for the support."""
    return Refusal(
        400,
        "BadRequest",
        f"Please provide below info when asking for support: timestamp = {box.stamp()},"
        f" correlationId = {box.new_guid()}.",
        details=[{"code": code, "message": message}, *details],
        headers=_QUOTA,
    )


def _scopes(box: Box, body: Body) -> Scopes:
    """Subscriptions or management groups; none of both is the tenant. What cannot be read is left out silently, but
    nothing left is an error."""
    subscriptions: list[str] = body.get("subscriptions") or []
    groups: list[str] = body.get("managementGroups") or []
    if body.get("managementGroupId"):
        groups = [*groups, body["managementGroupId"]]
    if subscriptions and groups:
        # the code is not recorded
        raise _invalid(
            box, "InvalidScope", "Subscriptions and management groups cannot be asked for in one query."
        )
    if subscriptions:
        found = subscription_scopes(box, subscriptions)
        if not found.subscriptions:
            given = ", ".join(subscriptions)
            raise _invalid(
                box,
                "NoValidSubscriptionsInQueryRequest",
                f"There must be at least one subscription that is eligible to contain resources. Given: '{given}'.",
            )
        return found
    if not groups:
        return tenant_scopes(box)
    found = group_scopes(box, groups)
    if not found.asked:
        # the code is not recorded
        raise _invalid(
            box,
            "NoValidManagementGroupsInQueryRequest",
            f"There must be at least one management group that can be read. Given: '{', '.join(groups)}'.",
        )
    return found


def _check_limits(query: Query) -> None:
    operators = list(_operators(query))
    joined = sum(len(one.legs) if isinstance(one, Union) else isinstance(one, Join) for one in operators)
    if joined > _MOST_JOINS:
        raise QueryFault(
            "DisallowedMaxNumberOfRemoteTables",
            f"A query may hold at most {_MOST_JOINS} joins and unions, this one has {joined}.",
        )
    expanded = sum(isinstance(one, MvExpand) for one in operators)
    if expanded > _MOST_JOINS:
        # the code is not recorded
        raise QueryFault(
            "InvalidQueryLanguage",
            f"A query may hold at most {_MOST_JOINS} mv-expand, this one has {expanded}.",
            token="mv-expand",
        )


def _operators(query: Query) -> Iterator[object]:
    for operator in query.operators:
        yield operator
        if isinstance(operator, Join):
            yield from _operators(operator.right)
        elif isinstance(operator, Union):
            for leg in operator.legs:
                yield from _operators(leg)


# --------------------------------------------------------------------------------------------------------- answers


class _Page(Struct, frozen=True):
    start: int
    size: int


def _answer(call: Call, body: Body, query: Query, result: Result) -> Response:
    limited = any(isinstance(one, Limit) for one in query.operators)
    page = _page(call, body, limited)
    rows = result.rows[page.start : page.start + page.size]
    following = page.start + len(rows)
    more = following < len(result.rows)
    pageable = _can_page(result, limited)
    found: Body = {
        "totalRecords": len(result.rows),
        "count": len(rows),
        "data": _data(call, body, result, rows),
        "facets": [],
        # true = rows are missing and cannot be asked for
        "resultTruncated": "true" if more and not pageable else "false",
    }
    if more and pageable:
        found["$skipToken"] = _write_token(_Page(following, page.size), body)
    return Response.of(found, headers=_QUOTA)


def _can_page(result: Result, limited: bool) -> bool:
    """There is a token only without `limit` and `take`, when not all columns are dynamic (Guidance for pagination),
    and when `id` is among them, as older texts of that page ask for: what pages here does so there, too."""
    return not limited and "id" in result.columns and set(result.columns.values()) != {Type.DYNAMIC}


def _page(call: Call, body: Body, limited: bool) -> _Page:
    """From the token; `$top` and `$skip` beside it win. A query with a limit of its own skips nothing."""
    options: Body = body.get("options") or {}
    most = min(call.box.settings.page_size, _MOST_ROWS)
    token = options.get("$skipToken")
    page = _read_token(call.box, token, body) if token else _Page(0, most)
    top, skip = options.get("$top"), options.get("$skip")
    if top is not None and not 1 <= top <= _MOST_ROWS:
        raise _invalid(call.box, "InvalidTop", f"$top must be between 1 and {_MOST_ROWS}, it is {top}.")
    if skip is not None and skip < 0:
        raise _invalid(call.box, "InvalidSkip", f"$skip must not be negative, it is {skip}.")
    start = 0 if limited else page.start if skip is None else skip
    return _Page(start, min(page.size if top is None else top, most))


def _data(call: Call, body: Body, result: Result, rows: tuple[dict[str, Any], ...]) -> Any:
    """Objects; or a table, which API versions before 2021 give when nothing is said."""
    options: Body = body.get("options") or {}
    form = options.get("resultFormat") or ("table" if call.request.api_version < "2021" else "objectArray")
    if fold(form) == "table":
        return {
            "columns": [{"name": name, "type": type.value} for name, type in result.columns.items()],
            "rows": [[as_json(row[name]) for name in result.columns] for row in rows],
        }
    return [{name: as_json(row[name]) for name in result.columns} for row in rows]


def _write_token(page: _Page, body: Body) -> str:
    text = orjson.dumps([page.start, page.size, _digest(body)])
    return base64.urlsafe_b64encode(text).decode()


def _read_token(box: Box, token: str, body: Body) -> _Page:
    """Raises `Refusal` for a token of another query or of other scopes."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError):
        found = None
    match found:
        case [int(start), int(size), str(digest)] if digest == _digest(body):
            return _Page(start, size)
    raise _invalid(box, "InvalidSkipToken", "The skip token does not belong to this query.")


def _digest(body: Body) -> str:
    asked = [body.get(name) for name in ("query", "subscriptions", "managementGroups", "managementGroupId")]
    return hashlib.sha256(orjson.dumps(asked)).hexdigest()[:16]


def _list_operations(call: Call) -> Response:
    rows = (
        ("operations/read", "Operation", "Get Operations", "Gets the list of supported operations."),
        ("resources/read", "Resources", "Query resources", "Submits a query on resources."),
    )
    return Response.of(
        {
            "value": [
                {
                    "name": f"Microsoft.ResourceGraph/{name}",
                    "display": {
                        "provider": "Microsoft Resource Graph",
                        "resource": resource,
                        "operation": operation,
                        "description": description,
                    },
                }
                for name, resource, operation, description in rows
            ]
        }
    )


PROVIDER = Provider(
    "Microsoft.ResourceGraph",
    routes=(
        Route("POST", "providers/Microsoft.ResourceGraph/resources", _resources),
        Route("GET", "providers/Microsoft.ResourceGraph/operations", _list_operations),
        *ROUTES,
    ),
)
