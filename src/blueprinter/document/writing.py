"""Values as JSON text, whatever the strings hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import orjson


def json_line(value: object) -> str:
    """Compact JSON with a line feed at its end."""
    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE).decode()
    except orjson.JSONEncodeError:  # half a surrogate pair, which UTF-8 cannot hold: escaped instead
        return json.dumps(value, separators=(",", ":")) + "\n"


def json_document(value: object) -> str:
    """Indented JSON with a line feed at its end."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    except orjson.JSONEncodeError:  # as above
        return json.dumps(value, indent=2) + "\n"


def json_pieces(members: Mapping[str, object]) -> Iterator[str]:
    """What `json_document` gives of an object, a member at a time.

    A member that is an iterator becomes an array, a value at a time, so that a long one is never held whole.
    """
    if not members:
        yield json_document({})
        return
    before = "{"
    for key, value in members.items():
        yield f"{before}\n  {json.dumps(key)}: "
        if isinstance(value, Iterator):
            yield from _array(value)
        else:
            yield _indented(value, "  ")
        before = ","
    yield "\n}\n"


def _array(values: Iterator[object]) -> Iterator[str]:
    before = "["
    for value in values:
        yield f"{before}\n    {_indented(value, '    ')}"
        before = ","
    yield "[]" if before == "[" else "\n  ]"


def _indented(value: object, indent: str) -> str:
    """JSON that stands within other JSON. Its line feeds are all between values: in strings they are escaped."""
    return json_document(value).removesuffix("\n").replace("\n", f"\n{indent}")
