"""Values as JSON text, whatever the strings hold."""

from __future__ import annotations

import json

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
