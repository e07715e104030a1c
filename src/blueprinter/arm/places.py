"""Places in a template: from a value back to the line and column that it stands at.

A place is a link to the place of what holds it, so that walking a template costs nothing but the links;
pointers and positions are computed when somebody asks.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from blueprinter.diagnostics import Position
from blueprinter.document import Document, child

# one character of a JSON string as it is written: an escape counts as one
_WRITTEN = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)


class Place(NamedTuple):
    """A value in a document. `token` is its key or index in `parent`, or a whole pointer where there is none."""

    document: Document
    token: str | int = ""
    parent: Place | None = None

    def child(self, token: str | int) -> Place:
        """The place of a member or element."""
        return Place(self.document, token, self)

    @property
    def pointer(self) -> str:
        """JSON pointer (RFC 6901) into the document."""
        tokens: list[str | int] = []
        place = self
        while place.parent is not None:
            tokens.append(place.token)
            place = place.parent
        pointer = str(place.token)
        for token in reversed(tokens):
            pointer = child(pointer, token)
        return pointer

    def position(self, offset: int = -1, *, key: bool = False) -> Position:
        """Where the value stands; with `offset` that character of the string that stands there; with `key` its key.

        Offsets can only be followed in JSON, where a string is written in one piece; elsewhere the start of the
        value is given.
        """
        pointer = self.pointer
        whole = self.document.locate(pointer, key=key)
        span = self.document.span(pointer)
        if offset < 0 or span is None or self.document.text[span.start : span.start + 1] != '"':
            return whole
        place = span.start + 1
        for _ in range(offset):
            written = _WRITTEN.match(self.document.text, place, span.end - 1)
            if written is None:
                break
            place = written.end()
        inner = self.document.at_offset(place)
        return Position(whole.file, inner.line, inner.column, whole.end_line, whole.end_column, pointer)
