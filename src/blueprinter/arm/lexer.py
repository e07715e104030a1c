"""From the text of an expression to its tokens, each with its offset."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from blueprinter.arm.model import ExpressionSyntaxError


class TokenKind(StrEnum):
    """The kinds of token; a symbol is one of `( ) [ ] , .`."""

    NAME = "name"
    STRING = "string"
    INTEGER = "integer"
    SYMBOL = "symbol"
    END = "end"


class Token(NamedTuple):
    """A token and where it starts. `text` of a string is its content, without quotes and with escapes undone."""

    kind: TokenKind
    text: str
    offset: int
    quote: str = "'"


_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<name>[^\W\d][\w$]*|\$[\w$]+)
    | (?P<single>'(?:[^']++|'')*+')
    | (?P<double>"(?:[^"]++|"")*+")
    | (?P<integer>-?\d+)
    | (?P<symbol>[()\[\],.])
    """,
    re.VERBOSE,
)
_KINDS = {"name": TokenKind.NAME, "symbol": TokenKind.SYMBOL}
_FRACTION = re.compile(r"\.\d|[eE][+-]?\d|[^\W\d]")


def tokens(text: str, start: int, end: int) -> list[Token]:
    """The tokens of `text[start:end]`, closed by an END token; offsets count in the whole text.

    Raises `ExpressionSyntaxError` for a character that starts no token.
    """
    found: list[Token] = []
    place = start
    while place < end:
        match = _TOKEN.match(text, place, end)
        if match is None:
            raise ExpressionSyntaxError(_complaint(text[place]), place)
        kind, content = str(match.lastgroup), match[0]
        if kind == "single":
            found.append(Token(TokenKind.STRING, content[1:-1].replace("''", "'"), place))
        elif kind == "double":
            found.append(Token(TokenKind.STRING, content[1:-1].replace('""', '"'), place, '"'))
        elif kind == "integer":
            after = _FRACTION.match(text, match.end(), end)
            if after is not None:
                raise ExpressionSyntaxError(
                    f"`{content}{after[0]}` is no integer: expressions hold whole numbers only, "
                    "write `json('1.5')` for another number",
                    place,
                )
            found.append(Token(TokenKind.INTEGER, content, place))
        elif kind != "space":
            found.append(Token(_KINDS[kind], content, place))
        place = match.end()
    found.append(Token(TokenKind.END, "", end))
    return found


def _complaint(char: str) -> str:
    if char in "'\"":
        return f"the string is never closed: a `{char}` is missing"
    if char == "{":
        return "objects are not written in braces here: use `createObject('name', value)`"
    return f"unexpected character `{char}`"
