"""Lists in pages, as ARM answers them: `{"value": […], "nextLink"}`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from blueprinter.sandbox.model import Body, Call, Refusal, Response, Stored

PAGE = 200


def page(call: Call, rows: Iterable[Body], *, size: int = PAGE) -> Response:
    """One page of rows that are at hand. `$top` is a page size to ARM's lists.

    The link is absolute and repeats the query with a `$skiptoken`, since clients ask for it as it stands.
    """
    place, size = _place(call, size, 0)
    if not isinstance(place, int):
        raise _invalid(call.query["$skiptoken"])
    found = list(islice(rows, place, place + size + 1))
    return _answer(call, found[:size], _write(place + size, size) if len(found) > size else "")


def stored_page(
    call: Call,
    read: Callable[[str], Iterator[Stored]],
    show: Callable[[Stored], Body | None],
    *,
    size: int = PAGE,
) -> Response:
    """One page of objects: `read` gives those behind an id ("" = from the first), `show` what the list says of one
    (None leaves it out). No page reads again what pages before it have read."""
    place, size = _place(call, size, "")
    if not isinstance(place, str):
        raise _invalid(call.query["$skiptoken"])
    found: list[Body] = []
    last = place
    for stored in read(place):
        shown = show(stored)
        if shown is None:
            continue
        if len(found) == size:
            return _answer(call, found, _write(last, size))
        found.append(shown)
        last = stored.id
    return _answer(call, found, "")


def _answer(call: Call, found: list[Body], token: str) -> Response:
    answer: Body = {"value": found}
    if token:
        answer["nextLink"] = call.link(call.id, {**call.query, "$skiptoken": token})
    return Response.of(answer)


def _place(call: Call, size: int, first: int | str) -> tuple[Any, int]:
    token = call.query.get("$skiptoken", "")
    if token:
        return _read(token)
    text = call.query.get("$top", "")
    if not text:
        return first, size
    if text.isascii() and text.isdigit() and int(text) > 0:
        return first, min(int(text), size)
    raise Refusal(400, "InvalidTopQueryParameter", f"The value '{text}' of '$top' is not a positive number.")


def _write(place: int | str, size: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([place, size])).decode("ascii").rstrip("=")


def _read(token: str) -> tuple[Any, int]:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        found = None
    match found:
        case [int() | str() as place, int(size)] if size > 0:
            return place, size
    raise _invalid(token)


def _invalid(token: str) -> Refusal:
    return Refusal(400, "InvalidSkipToken", f"The skip token '{token}' is invalid.")
