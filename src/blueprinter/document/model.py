"""A document: a value read from text, and the place of each part of it on demand."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from blueprinter.diagnostics import Diagnostic, Position

_LINE_END = re.compile("\n")

Json: TypeAlias = "str | int | float | bool | None | list[Json] | dict[str, Json]"
"""A JSON value as the standard library represents it. Beyond the readers only named types travel."""


class Span(Struct, frozen=True):
    """Character offsets of a value in its text; for a member of an object also those of its key."""

    start: int
    end: int
    key_start: int = -1
    key_end: int = -1


class Document(Struct, frozen=True, eq=False):
    """One file: its value, and a way back to where each part of it stands.

    `value` must not be changed. `spans` is computed on the first call of `locate` and kept.
    """

    file: str
    text: str
    value: Json
    _measure: Callable[[str], Mapping[str, Span]]
    remarks: tuple[Diagnostic, ...] = ()
    """What was put up with while it was read."""
    _spans: dict[str, Span] = field(default_factory=dict)
    _lines: list[int] = field(default_factory=list)

    def locate(self, pointer: str, *, key: bool = False) -> Position:
        """Where the value at a JSON pointer (RFC 6901) stands; where its key stands with `key`.

        A pointer to something absent gives the nearest ancestor that exists, so a missing key is
        reported at the object that should hold it.
        """
        if not self._spans:
            self._spans.update(self._measure(self.text))
        wanted = pointer
        while wanted not in self._spans and wanted:
            wanted = wanted.rpartition("/")[0]
        span = self._spans.get(wanted)
        if span is None:
            return Position(self.file, 1, 1, 1, 1, pointer)
        start, end = span.start, span.end
        if key and span.key_start >= 0 and wanted == pointer:
            start, end = span.key_start, span.key_end
        line, column = self._line_and_column(start)
        end_line, end_column = self._line_and_column(end)
        return Position(self.file, line, column, end_line, end_column, pointer)

    def at_offset(self, offset: int) -> Position:
        """Where a character offset stands."""
        line, column = self._line_and_column(offset)
        return Position(self.file, line, column, line, column)

    def span(self, pointer: str) -> Span | None:
        """The offsets of the value at a pointer, or None when there is no such value."""
        if not self._spans:
            self._spans.update(self._measure(self.text))
        return self._spans.get(pointer)

    def _line_and_column(self, offset: int) -> tuple[int, int]:
        return line_and_column(self.text, offset, self._lines)


def line_and_column(text: str, offset: int, starts: list[int] | None = None) -> tuple[int, int]:
    """Line and column (from 1) of a character offset; `starts` keeps the line index between calls."""
    index = starts if starts is not None else []
    if not index:
        index.append(0)
        index.extend(match.end() for match in _LINE_END.finditer(text))
    line = bisect_right(index, offset)
    return line, offset - index[line - 1] + 1


def tokens(pointer: str) -> list[str]:
    """The member names and places that a pointer (RFC 6901) is made of."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def value_at(value: Json, pointer: str) -> Json:
    """The part of a JSON value that a pointer leads to, None where there is none."""
    for token in tokens(pointer):
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value


def child(pointer: str, token: str | int) -> str:
    """The pointer of a member or element: RFC 6901 escapes applied."""
    return f"{pointer}/{str(token).replace('~', '~0').replace('/', '~1')}"
