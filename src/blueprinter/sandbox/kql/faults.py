"""What is wrong with a query, as Resource Graph reports it: a code, a message, and where the parser stood."""

from __future__ import annotations

from msgspec import Struct


class Place(Struct, frozen=True):
    """A position in the query: lines count from 1, columns from 0, as the service counts them."""

    line: int
    column: int


NOWHERE = Place(-1, -1)
"""What the service writes where it names no position."""


class QueryFault(Exception):
    """A query that cannot be answered."""

    def __init__(
        self, code: str, message: str, *, place: Place | None = None, token: str = "", expected: str = ""
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.place = place
        self.token = token
        self.expected = expected

    def detail(self) -> dict[str, object]:
        """The entry among the `details` of the error; a position that is not known is left out."""
        found: dict[str, object] = {"code": self.code, "message": self.message}
        if self.place is not None:
            found["line"] = self.place.line
            found["characterPositionInLine"] = self.place.column
        if self.token:
            found["token"] = self.token
        if self.expected:
            found["expectedToken"] = self.expected
        return found


def parser_failure(place: Place, token: str, expected: str = "") -> QueryFault:
    """The text is no query."""
    return QueryFault("ParserFailure", "ParserFailure", place=place, token=token, expected=expected)


def unsupported(token: str) -> QueryFault:
    """An operator of Kusto that Resource Graph does not take; the service gives no position for it."""
    return QueryFault("InvalidQueryLanguage", "InvalidQueryLanguage", place=NOWHERE, token=token)


def unknown_function(name: str) -> QueryFault:
    """As recorded in public reports: without a position."""
    return QueryFault("UnknownFunction", f"Unknown function: '{name}'.")


def semantic(message: str, place: Place, token: str = "") -> QueryFault:
    """A query that parses and makes no sense. The code that the service gives here is not recorded."""
    return QueryFault("SemanticError", message, place=place, token=token)
