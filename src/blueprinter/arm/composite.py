"""Composite format strings, as .NET's `String.Format` reads them: `{0}`, `{1,10}`, `{2:N0}`, `{{` and `}}`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from blueprinter.arm.display import shown
from blueprinter.arm.limits import MAX_TEXT
from blueprinter.arm.model import ExpressionError, Value
from blueprinter.arm.number_format import format_number

_PIECE = re.compile(
    r"(?P<escape>\{\{|\}\})"
    r"|\{(?P<index>\d{1,6})\ *(?:,\ *(?P<width>-?\d{1,6})\ *)?(?::(?P<form>[^{}]*))?\}"
    r"|(?P<text>[^{}]+)"
)


def format_text(template: str, arguments: Sequence[Value]) -> str:
    """The template with each item replaced by its argument.

    Raises `ExpressionError` for a malformed item, one without an argument, or a text that grows too long.
    """
    parts: list[str] = []
    place = total = 0
    while place < len(template):
        match = _PIECE.match(template, place)
        if match is None:
            raise ExpressionError(f"`{template[place : place + 20]}` is no item of a format such as `{{0}}`")
        place = match.end()
        if match["escape"]:
            part = match["escape"][0]
        elif match["index"]:
            part = _item(match, arguments)
        else:
            part = match["text"]
        parts.append(part)
        total += len(part)
        if total > MAX_TEXT:
            raise ExpressionError(f"the text is longer than {MAX_TEXT:,} characters")
    return "".join(parts)


def _item(match: re.Match[str], arguments: Sequence[Value]) -> str:
    index, width = int(match["index"]), int(match["width"] or 0)
    if index >= len(arguments):
        raise ExpressionError(
            f"the format has the item `{{{index}}}` but {len(arguments)} arguments follow it"
        )
    value = arguments[index]
    if match["form"] and isinstance(value, (int, float)) and not isinstance(value, bool):
        text = format_number(value, match["form"])
    else:
        text = shown(value)
    return text.rjust(width) if width >= 0 else text.ljust(-width)
