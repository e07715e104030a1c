"""`$filter` of ARM's lists, as a function of a row."""

from __future__ import annotations

from collections.abc import Iterable

from blueprinter.sandbox.acting.odata import Columns, ODataFault, Predicate, read_filter
from blueprinter.sandbox.model import Call, Refusal


def filter_of(
    call: Call, columns: Iterable[str], flags: Iterable[str] = (), *, text: str | None = None
) -> Predicate | None:
    """The request's filter (or `text` in its place); None without one. `flags` are functions without arguments.

    Raises `Refusal` 400 `InvalidFilterInQueryString`.
    """
    text = (call.query.get("$filter", "") if text is None else text).strip()
    if not text:
        return None
    try:
        return read_filter(text, Columns.of(columns, flags))
    except ODataFault as fault:
        raise Refusal(
            400,
            "InvalidFilterInQueryString",
            f"Invalid $filter '{text}' specified in the query string. {fault.message} at position {fault.position}.",
        ) from fault
