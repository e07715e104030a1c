"""Where the parser stands among the tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from blueprinter.sandbox.kql.faults import Place, QueryFault, parser_failure
from blueprinter.sandbox.kql.tokens import Kind, Token, tokens

DEEPEST = 50
"""Expressions and queries inside one another."""
LONGEST = 200
"""Operators of one kind in a row, `1 + 1 + …`, `a.b.c…`; `and` and `or` are not limited."""


class Cursor:
    """Tokens one after the other. Every `expect…` raises `QueryFault` at the token that is in the way."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Around whatever may hold its like. Raises `QueryFault` where it is too deep."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.fault()
        yield
        self._depth -= 1

    def row(self) -> Iterator[None]:
        """Goes round as often as operators may stand in a row, then raises `QueryFault`."""
        for _ in range(LONGEST):
            yield
        raise self.fault()

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    @property
    def place(self) -> Place:
        return self.token.place

    def ahead(self, distance: int = 1) -> Token:
        return self._tokens[min(self._at + distance, len(self._tokens) - 1)]

    def advance(self) -> Token:
        found = self.token
        if found.kind is not Kind.END:
            self._at += 1
        return found

    def fault(self, expected: str = "") -> QueryFault:
        """The token here does not fit."""
        return parser_failure(self.place, self.token.text, expected)

    def at_sign(self, *signs: str) -> bool:
        return self.token.kind is Kind.SIGN and self.token.text in signs

    def at_word(self, *words: str) -> bool:
        return self.token.kind is Kind.NAME and self.token.text in words

    def accept_sign(self, sign: str) -> bool:
        found = self.at_sign(sign)
        if found:
            self.advance()
        return found

    def accept_word(self, word: str) -> bool:
        found = self.at_word(word)
        if found:
            self.advance()
        return found

    def expect_sign(self, sign: str) -> Token:
        if not self.at_sign(sign):
            raise self.fault(sign)
        return self.advance()

    def expect_word(self, *words: str) -> str:
        if not self.at_word(*words):
            raise self.fault("/".join(words))
        return self.advance().text

    def expect_name(self) -> str:
        """A name, also as `['name']`."""
        if self.at_sign("["):
            self.advance()
            if self.token.kind is not Kind.TEXT:
                raise self.fault()
            name = self.advance().text
            self.expect_sign("]")
            return name
        if self.token.kind is not Kind.NAME:
            raise self.fault()
        return self.advance().text

    def names_a_column(self) -> bool:
        """Whether `name =` or `['name'] =` comes next."""
        distance = 3 if self.at_sign("[") and self.ahead().kind is Kind.TEXT else 1
        if distance == 1 and self.token.kind is not Kind.NAME:
            return False
        following = self.ahead(distance)
        return following.kind is Kind.SIGN and following.text == "="

    def raw_parentheses(self) -> str:
        """The text between the parenthesis that comes next and the one that closes it."""
        opening = self.expect_sign("(")
        depth = 1
        while True:
            token = self.advance()
            if token.kind is Kind.END:
                raise parser_failure(token.place, token.text, ")")
            if token.kind is Kind.SIGN and token.text in "([{":
                depth += 1
            elif token.kind is Kind.SIGN and token.text in ")]}":
                depth -= 1
                if depth == 0:
                    return self.text[opening.end : token.start].strip()
