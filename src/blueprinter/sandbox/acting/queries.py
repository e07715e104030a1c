"""The options of a query over policy states and events, and how its rows are answered in pages.

Source: Microsoft Learn, REST reference "Policy States - List Query Results For Subscription". Of the codes for options
that cannot be read only their family is known (`Invalid…InQueryString`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import orjson
from msgspec import Struct

from blueprinter.sandbox.acting.odata import (
    Columns,
    ODataFault,
    Predicate,
    Row,
    instant,
    read_filter,
    read_order,
    read_selection,
    sort_rows,
)
from blueprinter.sandbox.acting.schedule import stamp_of
from blueprinter.sandbox.acting.transformations import Apply, read_apply
from blueprinter.sandbox.model import Body, Call, Refusal, Response

WINDOW = timedelta(days=1)
"""From when on rows are meant where `$from` is not given: a day before `$to`."""

_OPTIONS = ("$filter", "$apply", "$select", "$orderby", "$top", "$expand")


class Query(Struct, frozen=True):
    """A query, read."""

    since: str
    until: str
    keep: Predicate | None
    apply: Apply | None
    order: tuple[tuple[str, bool], ...]
    chosen: tuple[str, ...]
    top: int | None
    expanded: bool
    start: int
    options: Mapping[str, str]
    """As they were written, for the link to the next page."""


def read_query(call: Call, names: Iterable[str]) -> Query:
    """The options of a request. Raises `Refusal` 400."""
    options = {name: value for name, value in call.query.items() if name.startswith("$")}
    start = 0
    token = options.pop("$skiptoken", "")
    if token:
        start, options = _token(token)
    until = _moment(options, "$to", call.box.stamp())
    since = _moment(options, "$from", stamp_of(_parsed(until) - WINDOW))
    columns = Columns.of(names)
    with_apply = _read(options, "$apply", lambda text: read_apply(text, columns))
    after = with_apply.columns if with_apply is not None else columns
    return Query(
        since,
        until,
        _read(options, "$filter", lambda text: read_filter(text, columns)),
        with_apply,
        _read(options, "$orderby", lambda text: read_order(text, after)) or (),
        _read(options, "$select", lambda text: read_selection(text, after)) or (),
        top_of(options.get("$top", "")),
        "policyevaluationdetails" in options.get("$expand", "").lower(),
        start,
        {**{name: options[name] for name in _OPTIONS if name in options}, "$from": since, "$to": until},
    )


def top_of(text: str) -> int | None:
    """`$top`: how many rows at most. Raises `Refusal` 400."""
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    raise Refusal(400, "InvalidTopInQueryString", f"Invalid top in query string: '{text}'.")


def _read(options: Mapping[str, str], name: str, reader: Callable[[str], Any]) -> Any:
    text = options.get(name, "")
    if not text.strip():
        return None
    try:
        return reader(text)
    except ODataFault as fault:
        raise option_refusal(name, text, fault) from fault


def option_refusal(name: str, text: str, fault: ODataFault) -> Refusal:
    """400 for an option that cannot be read."""
    word = {"$orderby": "OrderBy"}.get(name, name[1:].capitalize())
    return Refusal(
        400,
        f"Invalid{word}InQueryString",
        f"Invalid {name[1:]} in query string: '{text}'. {fault.message} at position {fault.position}.",
    )


def _moment(options: Mapping[str, str], name: str, otherwise: str) -> str:
    text = options.get(name, "")
    if not text:
        return otherwise
    try:
        # a plus of an offset that was not encoded is read as a blank
        return instant(text)
    except ODataFault as fault:
        raise option_refusal(name, text, fault) from fault


def _parsed(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


# ---------------------------------------------------------------- answering


def rows_of(query: Query, rows: Iterable[Row]) -> Iterable[Row]:
    """The rows that a query asks for, in its order, all of them."""
    found: Iterable[Row] = rows
    if query.keep is not None:
        keep = query.keep
        found = (row for row in found if keep(row))
    if query.apply is not None:
        found = query.apply.run(found)
    if query.order:
        listed = list(found)
        sort_rows(listed, query.order)
        found = listed
    return found if query.top is None else islice(found, query.top)


def answer(
    call: Call,
    query: Query,
    rows: Iterable[Row],
    resource: str,
    kind: str,
    expand: Callable[[Row], Body] | None,
) -> Response:
    """One page. `resource` and `kind` name what is asked: `policyStates` and `latest`. `expand` gives the evaluation
    details of a row."""
    size = call.box.settings.page_size
    page = list(islice(rows_of(query, rows), query.start, query.start + size + 1))
    scope = call.values.get("scope", "")
    context = f"{call.request.origin}{scope}/providers/Microsoft.PolicyInsights/{resource}/$metadata#{kind}"
    value: list[Body] = []
    for row in page[:size]:
        body: Body = {"@odata.id": None, "@odata.context": f"{context}/$entity"}
        body.update({name: row.get(name) for name in query.chosen} if query.chosen else row)
        if expand is not None and query.expanded and query.apply is None:
            body["policyEvaluationDetails"] = expand(row)
        value.append(body)
    found: Body = {"@odata.context": context, "@odata.count": len(value), "value": value}
    if len(page) > size:
        token = _written(query.start + size, query.options)
        found["@odata.nextLink"] = call.link(call.id, {"$skiptoken": token})
    return Response.of(found)


def _written(start: int, options: Mapping[str, str]) -> str:
    text = orjson.dumps([start, dict(options)])
    return base64.urlsafe_b64encode(text).decode("ascii").rstrip("=")


def _token(token: str) -> tuple[int, dict[str, str]]:
    """All of the query is in the token, as clients follow the link as it stands."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        found = None
    match found:
        case [int(start), dict(options)] if start > 0:
            return start, {str(name): str(value) for name, value in options.items()}
    raise Refusal(400, "InvalidSkipTokenInQueryString", f"Invalid skiptoken in query string: '{token}'.")
