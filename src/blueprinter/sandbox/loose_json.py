"""JSON as Azure's reader takes it: names without quotes, texts in single quotes, comments, a comma at the end.

Clients rely on it: `az deployment … create` sends `{"properties": {"mode": "Incremental", template:{…}}}` with the
template as it stands in its file, comments and all.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

_PART = re.compile(
    r"""
    (?P<text>"(?:[^"\\]|\\.)*")
  | (?P<single>'(?:[^'\\]|\\.)*')
  | (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<name>[A-Za-z_$][\w$.-]*)(?=\s*:)
  | (?P<comma>,(?=(?:\s|//[^\n]*\n|/\*.*?\*/)*[}\]]))
  | (?P<other>[A-Za-z0-9_$.+-]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_BARE_QUOTE = re.compile(r'(?<!\\)"')
_QUOTE = r"\\" + '"'


def loads(body: bytes) -> Any:
    """The value of a body, strict JSON or not. Raises `orjson.JSONDecodeError` for what is neither."""
    return orjson.loads(as_strict(body))


def as_strict(body: bytes) -> bytes:
    """The same body as strict JSON; one that is strict, or nothing that can be read, stays as it is."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            found = _PART.sub(_strict, body.decode("utf-8-sig")).encode()
            orjson.loads(found)
        except ValueError:
            return body
        return found
    return body


def _strict(part: re.Match[str]) -> str:
    """A part of the body as strict JSON has it."""
    match part.lastgroup:
        case "text":
            # a line break may stand in a text, as templates over several lines have it
            return part.group().replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
        case "single":
            inner = part.group()[1:-1].replace("\\'", "'")
            return f'"{_BARE_QUOTE.sub(_QUOTE, inner)}"'
        case "comment" | "comma":
            return ""
        case "name":
            return f'"{part.group()}"'
    return part.group()
