"""The parser of scalar expressions: or, and, comparison, sum, product, minus, access."""

from __future__ import annotations

from collections.abc import Callable

from blueprinter.sandbox.kql.cursor import Cursor
from blueprinter.sandbox.kql.faults import Place, parser_failure
from blueprinter.sandbox.kql.literals import typed_literal
from blueprinter.sandbox.kql.syntax import (
    Among,
    Between,
    Binary,
    Call,
    Column,
    Index,
    Literal,
    Member,
    Minus,
    Name,
    Scalar,
    Star,
)
from blueprinter.sandbox.kql.tokens import Kind
from blueprinter.sandbox.kql.types import TYPE_NAMES, Type, parse_timespan

_STRING_WORDS = frozenset(
    f"{word}{case}"
    for word in ("has", "contains", "startswith", "endswith", "hasprefix", "hassuffix")
    for case in ("", "_cs")
)
_COMPARISONS = frozenset(
    {"==", "!=", "<>", "<", "<=", ">", ">=", "=~", "!~", ":"} | {f"!{word}" for word in _STRING_WORDS}
)
_MEMBERSHIPS = frozenset({"in~", "!in", "!in~"})
_RESERVED = frozenset({"where", "project", "extend", "summarize", "join", "union", "distinct", "by", "on"})
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def parse_scalar(cursor: Cursor) -> Scalar:
    """An expression. Raises `QueryFault` at the token that does not fit."""
    with cursor.nested():
        return _chain(cursor, "or", _conjunction)


def _chain(cursor: Cursor, word: str, part: Callable[[Cursor], Scalar]) -> Scalar:
    """Parts with `and` or `or` between them, as a tree that is no deeper than it must be: lists of a thousand
    conditions are usual."""
    parts = [part(cursor)]
    places: list[Place] = []
    while cursor.at_word(word):
        places.append(cursor.advance().place)
        parts.append(part(cursor))
    return _balanced(word, parts, places)


def _balanced(word: str, parts: list[Scalar], places: list[Place]) -> Scalar:
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left = _balanced(word, parts[:half], places[: half - 1])
    return Binary(word, left, _balanced(word, parts[half:], places[half:]), places[half - 1])


def parse_column(cursor: Cursor) -> Column:
    """`name = expression` or an expression alone."""
    name = ""
    if cursor.names_a_column():
        name = cursor.expect_name()
        cursor.expect_sign("=")
    return Column(name, parse_scalar(cursor))


def parse_columns(cursor: Cursor) -> tuple[Column, ...]:
    found = [parse_column(cursor)]
    while cursor.accept_sign(","):
        found.append(parse_column(cursor))
    return tuple(found)


def _conjunction(cursor: Cursor) -> Scalar:
    return _chain(cursor, "and", _comparison)


def _comparison(cursor: Cursor) -> Scalar:
    left = _sum(cursor)
    for _ in cursor.row():
        token = cursor.token
        if token.text in _MEMBERSHIPS or cursor.at_word("in", "has_any", "has_all"):
            cursor.advance()
            left = Among(token.text, left, _items(cursor), token.place)
        elif cursor.at_word("between") or cursor.at_sign("!between"):
            cursor.advance()
            left = _between(cursor, left, token.text.startswith("!"), token.place)
        elif cursor.at_word("matches"):
            cursor.advance()
            cursor.expect_word("regex")
            left = Binary("matches regex", left, _sum(cursor), token.place)
        elif (token.kind is Kind.SIGN and token.text in _COMPARISONS) or cursor.at_word(*_STRING_WORDS):
            cursor.advance()
            left = Binary(token.text, left, _sum(cursor), token.place)
        else:
            break
    return left


def _items(cursor: Cursor) -> tuple[Scalar, ...]:
    """`(a, b)`; nothing between the parentheses is not allowed."""
    cursor.expect_sign("(")
    found = [parse_scalar(cursor)]
    while cursor.accept_sign(","):
        found.append(parse_scalar(cursor))
    cursor.expect_sign(")")
    return tuple(found)


def _between(cursor: Cursor, operand: Scalar, negated: bool, place: Place) -> Scalar:
    cursor.expect_sign("(")
    low = _sum(cursor)
    cursor.expect_sign("..")
    high = _sum(cursor)
    cursor.expect_sign(")")
    return Between(negated, operand, low, high, place)


def _sum(cursor: Cursor) -> Scalar:
    left = _product(cursor)
    for _ in cursor.row():
        if not cursor.at_sign("+", "-"):
            break
        token = cursor.advance()
        left = Binary(token.text, left, _product(cursor), token.place)
    return left


def _product(cursor: Cursor) -> Scalar:
    left = _signed(cursor)
    for _ in cursor.row():
        if not cursor.at_sign("*", "/", "%"):
            break
        token = cursor.advance()
        left = Binary(token.text, left, _signed(cursor), token.place)
    return left


def _signed(cursor: Cursor) -> Scalar:
    if cursor.at_sign("-"):
        place = cursor.advance().place
        with cursor.nested():
            return Minus(_signed(cursor), place)
    cursor.accept_sign("+")
    return _access(cursor)


def _access(cursor: Cursor) -> Scalar:
    found = _primary(cursor)
    for _ in cursor.row():
        place = cursor.place
        if cursor.accept_sign("."):
            # `a.['b']` is `a['b']`
            if cursor.at_sign("["):
                continue
            if cursor.token.kind is not Kind.NAME:
                raise cursor.fault()
            found = Member(found, cursor.advance().text, place)
        elif cursor.accept_sign("["):
            if cursor.token.kind is Kind.TEXT and cursor.ahead().text == "]":
                found = Member(found, cursor.advance().text, place)
            else:
                found = Index(found, parse_scalar(cursor), place)
            cursor.expect_sign("]")
        else:
            break
    return found


def _primary(cursor: Cursor) -> Scalar:
    token = cursor.token
    if token.kind is Kind.TEXT:
        cursor.advance()
        return Literal(token.text, Type.TEXT, token.place)
    if token.kind is Kind.NUMBER:
        cursor.advance()
        return _number(token.text, token.place)
    if token.kind is Kind.TIMESPAN:
        cursor.advance()
        return Literal(parse_timespan(token.text), Type.TIMESPAN, token.place)
    if token.kind is Kind.NAME:
        return _named(cursor)
    if cursor.at_sign("["):
        return Name(cursor.expect_name(), token.place)
    if cursor.accept_sign("("):
        found = parse_scalar(cursor)
        cursor.expect_sign(")")
        return found
    raise cursor.fault()


def _number(text: str, place: Place) -> Literal:
    if text[:2].lower() == "0x":
        return Literal(int(text, 16), Type.LONG, place)
    if text.isdigit():
        return Literal(int(text), Type.LONG, place)
    return Literal(float(text), Type.REAL, place)


def _named(cursor: Cursor) -> Scalar:
    token = cursor.advance()
    name = token.text
    if name in _TRUTHS:
        return Literal(_TRUTHS[name], Type.BOOL, token.place)
    if cursor.at_sign("("):
        if name in TYPE_NAMES:
            return typed_literal(name, cursor.raw_parentheses(), token.place)
        return Call(name, _arguments(cursor), token.place)
    if name in _RESERVED:
        # the service, too, stumbles behind the keyword: `where where` fails at the end
        raise parser_failure(cursor.place, cursor.token.text)
    return Name(name, token.place)


def _arguments(cursor: Cursor) -> tuple[Scalar, ...]:
    cursor.expect_sign("(")
    found: list[Scalar] = []
    while not cursor.at_sign(")"):
        if found:
            cursor.expect_sign(",")
        if cursor.at_sign("*"):
            found.append(Star(cursor.advance().place))
        else:
            found.append(parse_scalar(cursor))
    cursor.advance()
    return tuple(found)
