"""JSON as the template function `json` reads it: also strings in single quotes, unquoted names, comments."""

from __future__ import annotations

import json
import re
from math import isinf

from blueprinter.arm.model import ExpressionError, Value

MAX_DEPTH = 128
"""How deep objects and arrays may stand in each other."""

_SKIP = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]+(?![\w.])")
_NAME = re.compile(r"[^\W\d][\w$-]*|\$[\w$-]+")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None, "undefined": None}


def read_json(text: str) -> Value:
    """The value of a JSON text. Raises `ExpressionError` for what is no JSON, and for integers beyond 64 bits."""
    try:
        value: Value = json.loads(
            text, strict=False, parse_constant=_refuse, parse_int=_integer, parse_float=_number
        )
    except (ValueError, RecursionError):
        return _Reader(text).document()
    return value


def _refuse(constant: str) -> Value:
    raise ValueError(constant)


def _integer(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise ExpressionError(f"the number `{text[:40]}` does not fit into 64 bits")
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ExpressionError(f"the number `{text[:40]}` is too large")
    return number


class _Reader:
    """Recursive descent over one text."""

    __slots__ = ("place", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def document(self) -> Value:
        self._skip()
        value = self._value(0)
        self._skip()
        if self.place < len(self.text):
            self._fail("text after the end of the value")
        return value

    def _value(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            self._fail(f"the value is nested more than {MAX_DEPTH} levels deep")
        char = self.text[self.place : self.place + 1]
        if char == "{":
            return self._object(depth)
        if char == "[":
            return self._array(depth)
        if char and char in "'\"":
            return self._string()
        if number := _HEXADECIMAL.match(self.text, self.place):
            self.place = number.end()
            return int(number[0], 16)
        if number := _NUMBER.match(self.text, self.place):
            self.place = number.end()
            plain = number[0].lstrip("+-").isdigit()
            return _integer(number[0]) if plain else _number(number[0])
        word = _NAME.match(self.text, self.place)
        if word and word[0] in _WORDS:
            self.place = word.end()
            return _WORDS[word[0]]
        self._fail(f"unexpected `{word[0] if word else char}`" if char else "the text ends too early")
        return None

    def _object(self, depth: int) -> Value:
        found: dict[str, Value] = {}
        self.place += 1
        self._skip()
        while not self._take("}"):
            key = self._key()
            self._skip()
            if not self._take(":"):
                self._fail(f"expected `:` after the name `{key}`")
            self._skip()
            found[key] = self._value(depth + 1)
            self._skip()
            if not self._take(",") and self.text[self.place : self.place + 1] != "}":
                self._fail("expected `,` or `}`")
            self._skip()
        return found

    def _array(self, depth: int) -> Value:
        found: list[Value] = []
        self.place += 1
        self._skip()
        while not self._take("]"):
            found.append(self._value(depth + 1))
            self._skip()
            if not self._take(",") and self.text[self.place : self.place + 1] != "]":
                self._fail("expected `,` or `]`")
            self._skip()
        return found

    def _key(self) -> str:
        if self.text[self.place : self.place + 1] in ("'", '"'):
            return self._string()
        name = _NAME.match(self.text, self.place) or re.compile(r"\d+").match(self.text, self.place)
        if name is None:
            self._fail("expected the name of a property")
            return ""
        self.place = name.end()
        return name[0]

    def _string(self) -> str:
        match = _STRING.match(self.text, self.place)
        if match is None:
            self._fail("a string is never closed")
            return ""
        self.place = match.end()
        return _ESCAPE.sub(_unescaped, match[0][1:-1])

    def _skip(self) -> None:
        match = _SKIP.match(self.text, self.place)
        if match is not None:
            self.place = match.end()

    def _take(self, char: str) -> bool:
        if self.text[self.place : self.place + 1] == char:
            self.place += 1
            return True
        return False

    def _fail(self, what: str) -> None:
        raise ExpressionError(f"the text is no JSON: {what} at character {self.place + 1}")


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)
