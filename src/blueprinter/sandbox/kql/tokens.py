"""Text to tokens: names, texts, numbers, literals with a type, signs."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from blueprinter.sandbox.kql.faults import Place, parser_failure


class Kind(StrEnum):
    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    TIMESPAN = "timespan"
    SIGN = "sign"
    END = "end"


class Token(Struct, frozen=True):
    kind: Kind
    text: str
    """As it was written; of a text literal what it means."""
    place: Place
    start: int
    end: int


_SKIP = re.compile(r"(?:\s|//[^\n]*)+")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_]*")
_TIMESPAN = re.compile(
    r"\d+(?:\.\d+)?(?:microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|ticks?|ms|[dhms])\b"
)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+")
_SIGNS = ("!in~", "==", "!=", "<>", "=~", "!~", "<=", ">=", "..", *"|()[]{},.;=<>+-*/%:")
UNSUPPORTED_HYPHENATED = (
    "graph-match",
    "make-graph",
    "make-series",
    "mv-apply",
    "parse-kv",
    "parse-where",
    "project-reorder",
    "sample-distinct",
    "top-hitters",
    "top-nested",
)
_HYPHENATED = ("mv-expand", "project-away", "project-rename", "project-keep", *UNSUPPORTED_HYPHENATED)
_NEGATED = re.compile(r"!(?:in~|[a-z][a-z_]*)")
_TILDE = re.compile(r"in~")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "0": "\0"}


def tokens(text: str) -> tuple[Token, ...]:
    """All tokens, the last one of kind END. Raises `QueryFault` for a character that begins none."""
    found: list[Token] = []
    lines = _Lines(text)
    at = 0
    while True:
        skipped = _SKIP.match(text, at)
        at = skipped.end() if skipped else at
        place = lines.place(at)
        if at >= len(text):
            found.append(Token(Kind.END, "<EOF>", place, at, at))
            return tuple(found)
        token = _one(text, at, place)
        found.append(token)
        at = token.end


def _one(text: str, at: int, place: Place) -> Token:
    sign = text[at]
    if sign in "'\"" or (sign in "@hH" and text[at + 1 : at + 2] in ("'", '"')):
        return _text(text, at, place)
    for word in _HYPHENATED:
        if text.startswith(word, at) and not text[at + len(word) : at + len(word) + 1].isalnum():
            return Token(Kind.NAME, word, place, at, at + len(word))
    for pattern, kind in (
        (_TILDE, Kind.SIGN),
        (_NEGATED, Kind.SIGN),
        (_NAME, Kind.NAME),
        (_TIMESPAN, Kind.TIMESPAN),
        (_NUMBER, Kind.NUMBER),
    ):
        match = pattern.match(text, at)
        if match is not None:
            return Token(kind, match.group(), place, at, match.end())
    for known in _SIGNS:
        if text.startswith(known, at):
            return Token(Kind.SIGN, known, place, at, at + len(known))
    raise parser_failure(place, sign)


def _text(text: str, start: int, place: Place) -> Token:
    """`'…'`, `"…"` with escapes; `@'…'` verbatim with doubled quotes; `h'…'` as `'…'`."""
    at = start
    verbatim = text[at] == "@"
    if text[at] not in "'\"":
        at += 1
    quote = text[at]
    at += 1
    parts: list[str] = []
    while at < len(text) and text[at] != "\n":
        sign = text[at]
        if sign == quote:
            if verbatim and text[at + 1 : at + 2] == quote:
                parts.append(quote)
                at += 2
                continue
            return Token(Kind.TEXT, "".join(parts), place, start, at + 1)
        if sign == "\\" and not verbatim:
            letter = text[at + 1 : at + 2]
            if letter == "u" and re.match(r"[0-9a-fA-F]{4}", text[at + 2 : at + 6]):
                parts.append(chr(int(text[at + 2 : at + 6], 16)))
                at += 6
                continue
            if letter not in _ESCAPES:
                break
            parts.append(_ESCAPES[letter])
            at += 2
            continue
        parts.append(sign)
        at += 1
    raise parser_failure(place, quote, quote)


class _Lines:
    """From an offset to line and column."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._line = 0

    def place(self, at: int) -> Place:
        while self._line + 1 < len(self._starts) and self._starts[self._line + 1] <= at:
            self._line += 1
        return Place(self._line + 1, at - self._starts[self._line])
