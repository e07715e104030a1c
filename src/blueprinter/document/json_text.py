"""JSON as Azure's own files hold it: comments, trailing commas, strings over several lines.

Two readers of one language. `parse` is the fast path through the standard library and falls back to
`scan` where the text is not strict JSON; `scan` is a plain recursive-descent-free scanner that also
measures where each value stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn, TypeAlias, cast

from msgspec import Struct

from blueprinter.document.model import Json, Span, child
from blueprinter.text import did_you_mean

MAX_DEPTH = 128

_SKIP = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


OnRepeated: TypeAlias = Callable[[str, int], None]
"""Takes note of a key that stands twice in one object, and of the offset of the second."""
Skip: TypeAlias = "Callable[[str, int], re.Match[str] | None]"


@dataclass(frozen=True, slots=True)
class Fault(Exception):
    """A fault in a text at a character offset: `code` is a row of this package's codes."""

    code: str
    message: str
    offset: int
    hint: str = ""


class _Duplicate(Exception):
    """The fast path met a key twice; the scanner finds out where."""


def parse(text: str, on_repeated: OnRepeated | None = None) -> Json:
    """The value of a JSON text. Raises `Fault`.

    A key that stands twice in one object is a fault, unless `on_repeated` takes note of it: then its last value
    holds.
    """
    if _SURROGATE_ESCAPE.search(text):
        return scan(text, on_repeated=on_repeated)
    try:
        value: Json = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, strict=False)
    except (ValueError, RecursionError, _Duplicate):
        return scan(text, on_repeated=on_repeated)
    if text.count("{") + text.count("[") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        return scan(text, on_repeated=on_repeated)
    return value


def measure(text: str) -> dict[str, Span]:
    """The offsets of every value of a text that `parse` accepts, by JSON pointer."""
    spans: dict[str, Span] = {}
    scan(text, spans, _accept)
    return spans


def _accept(key: str, offset: int) -> None:
    """The text was accepted before: what stands twice in it was allowed to."""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Duplicate
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _deeper_than(value: Json, limit: int) -> bool:
    level: list[Json] = [value]
    for _ in range(limit):
        level = [member for held in level for member in _members(held) if isinstance(member, (dict, list))]
        if not level:
            return False
    return True


def _members(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


class _Open(Struct):
    """An object or array that is being read."""

    value: dict[str, Json] | list[Json]
    pointer: str
    start: int
    key: str = ""
    """The key whose value is read, and where it stands (`member_span`)."""
    member_span: tuple[int, int] = (-1, -1)


def scan(text: str, spans: dict[str, Span] | None = None, on_repeated: OnRepeated | None = None) -> Json:
    """The value of a JSON text, read without recursion; fills `spans` when given. Raises `Fault`."""
    skip = _SKIP.match
    place = _after_space(text, 0, skip)
    if place == len(text):
        raise Fault("BP105", "the document is empty", 0, "a document holds one JSON value")
    open_values: list[_Open] = []
    while True:
        value, end, opened = _value(text, place)
        if opened:
            pointer, _ = _slot(open_values)
            open_values.append(_Open(cast("dict[str, Json] | list[Json]", value), pointer, place))
            if len(open_values) > MAX_DEPTH:
                raise Fault("BP104", f"nested more than {MAX_DEPTH} levels deep", place)
            place = _first_member(text, open_values[-1], _after_space(text, end, skip), skip, on_repeated)
            if place >= 0:
                continue
            place = -place
            value, end = open_values[-1].value, place
        elif spans is not None:
            pointer, key_span = _slot(open_values)
            spans[pointer] = Span(place, end, *key_span)
        # `value` is complete: hand it to what holds it, and close all that close with it
        while True:
            if opened:
                done = open_values.pop()
                value = done.value
                if spans is not None:
                    _, key_span = _slot(open_values)
                    spans[done.pointer] = Span(done.start, end, *key_span)
            if not open_values:
                rest = _after_space(text, end, skip)
                if rest != len(text):
                    raise Fault("BP105", "text after the end of the document", rest)
                return value
            holder = open_values[-1]
            if isinstance(holder.value, dict):
                holder.value[holder.key] = value
            else:
                holder.value.append(value)
            place = _next_member(text, holder, _after_space(text, end, skip), skip, on_repeated)
            if place >= 0:
                break
            end, opened = -place, True


def _slot(open_values: list[_Open]) -> tuple[str, tuple[int, int]]:
    """Pointer and key offsets of the value that is read next."""
    if not open_values:
        return "", (-1, -1)
    holder = open_values[-1]
    if isinstance(holder.value, dict):
        return child(holder.pointer, holder.key), holder.member_span
    return child(holder.pointer, len(holder.value)), (-1, -1)


def _after_space(text: str, place: int, skip: Skip) -> int:
    match = skip(text, place)
    return match.end() if match else place


def _first_member(text: str, holder: _Open, place: int, skip: Skip, on_repeated: OnRepeated | None) -> int:
    """Where the first member's value starts; minus the end offset when the object or array is empty."""
    closing = "}" if isinstance(holder.value, dict) else "]"
    if place < len(text) and text[place] == closing:
        return -(place + 1)
    return _key(text, holder, place, skip, on_repeated) if closing == "}" else place


def _next_member(text: str, holder: _Open, place: int, skip: Skip, on_repeated: OnRepeated | None) -> int:
    """Where the next member's value starts; minus the end offset when the object or array ends here."""
    closing = "}" if isinstance(holder.value, dict) else "]"
    if place < len(text) and text[place] == ",":
        comma = place
        place = _after_space(text, place + 1, skip)
        if place < len(text) and text[place] == ",":
            raise Fault("BP105", "two commas in a row", comma)
    elif place >= len(text) or text[place] != closing:
        what = "object" if closing == "}" else "array"
        if place >= len(text):
            raise Fault(
                "BP105", f"the {what} is never closed", holder.start, f"a `{closing}` is missing at the end"
            )
        raise Fault(
            "BP105", f"expected `,` or `{closing}` in the {what}", place, "is a comma missing before this?"
        )
    if place < len(text) and text[place] == closing:
        return -(place + 1)
    return _key(text, holder, place, skip, on_repeated) if closing == "}" else place


def _key(text: str, holder: _Open, place: int, skip: Skip, on_repeated: OnRepeated | None) -> int:
    """Reads a key and its colon; gives where the value starts."""
    match = _STRING.match(text, place)
    if match is None:
        if place >= len(text):
            raise Fault("BP105", "the object is never closed", holder.start, "a `}` is missing at the end")
        raise Fault("BP105", "expected a key in double quotes", place, 'keys are written as `"name": value`')
    key = _unescape(match, place)
    if isinstance(holder.value, dict) and key in holder.value:
        if on_repeated is None:
            raise Fault(
                "BP106", f"the key `{key}` stands twice in this object", place, "remove one of the two"
            )
        on_repeated(key, place)
    holder.key, holder.member_span = key, (place, match.end())
    colon = _after_space(text, match.end(), skip)
    if colon >= len(text) or text[colon] != ":":
        raise Fault("BP105", f"expected `:` after the key `{key}`", min(colon, len(text)))
    return _after_space(text, colon + 1, skip)


def _value(text: str, place: int) -> tuple[Json, int, bool]:
    """The value that starts at a place, the offset after it, and whether it is an object or array just opened."""
    char = text[place : place + 1]
    if char == "{":
        return {}, place + 1, True
    if char == "[":
        return [], place + 1, True
    if char == '"':
        match = _STRING.match(text, place)
        if match is None:
            raise Fault("BP105", "the string is never closed", place, 'a `"` is missing')
        return _unescape(match, place), match.end(), False
    number = _NUMBER.match(text, place)
    if number and number.end() > place:
        return _number(number), number.end(), False
    word = _WORD.match(text, place)
    if word and word[0] in _WORDS:
        return _WORDS[word[0]], word.end(), False
    if char == "":
        raise Fault("BP105", "the document ends where a value is expected", place)
    found = word[0] if word else char
    raise Fault(
        "BP105",
        f"expected a value, found `{found}`",
        place,
        did_you_mean(found, _WORDS) or "strings stand in double quotes",
    )


def _number(match: re.Match[str]) -> int | float:
    try:
        return float(match[0]) if match[1] or match[2] else int(match[0])
    except ValueError as found:  # Python reads 4,300 digits
        raise Fault(
            "BP105", f"the number has {len(match[0]):,} digits", match.start(), "at most 4,300"
        ) from found


def _unescape(match: re.Match[str], place: int) -> str:
    raw = match[0]
    if "\\" not in raw:
        return match[1]
    try:
        unescaped: str = json.loads(raw, strict=False)
    except ValueError as found:
        raise Fault("BP105", "the string holds an escape that JSON does not know", place) from found
    if _SURROGATE.search(unescaped):
        raise Fault("BP105", "the string holds half of a surrogate pair, which is no character", place)
    return unescaped
