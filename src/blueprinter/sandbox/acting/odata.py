"""The part of OData that Policy Insights takes: `$filter`, `$orderby` and `$select`.

A filter becomes a function of a row. Names of columns, operators and functions are read without regard to case, and
text is compared without it, because Azure answers a filter with lower-cased ids over rows that have them otherwise.
Sources: Microsoft Learn, "Policy States - List Query Results For Subscription" and "Get policy compliance data";
OData Version 4.01, "URL Conventions", section "System Query Option $filter".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.text import did_you_mean

Row: TypeAlias = "Mapping[str, Any]"
Value: TypeAlias = "Callable[[Row], Any]"
Predicate: TypeAlias = "Callable[[Row], bool]"

MAX_DEPTH = 50
"""How deep a filter may nest."""


class ODataFault(Exception):
    """Text that cannot be read. `position` is where, counted from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Columns(Struct, frozen=True):
    """The columns that a query may name; of each its own spelling, by folded name."""

    names: Mapping[str, str]
    flags: Collection[str] = ()
    """Folded names of functions without arguments, such as `atScope`; a row has their answer under `name()`."""

    @classmethod
    def of(cls, names: Iterable[str], flags: Iterable[str] = ()) -> Columns:
        return cls({fold(name): name for name in names}, frozenset(fold(flag) for flag in flags))

    def find(self, token: Token) -> str:
        """The column's own spelling. Raises `ODataFault` for a name that is none."""
        found = self.names.get(fold(token.text))
        if found is None:
            hint = did_you_mean(token.text, list(self.names.values()))
            message = f"Could not find a property named '{token.text}'"
            raise ODataFault(f"{message}; {hint}" if hint else message, token.at)
        return found


# ---------------------------------------------------------------- words


class Token(Struct, frozen=True):
    """A word of the text. `kind`: text | number | date | name | mark | end."""

    kind: str
    text: str
    at: int
    value: Any = None

    def is_word(self, *words: str) -> bool:
        return self.kind == "name" and fold(self.text) in words

    def is_mark(self, mark: str) -> bool:
        return self.kind == "mark" and self.text == mark


_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>(?:datetime)?'(?:[^']|'')*')
    |(?P<date>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)
    |(?P<number>-?\d+(?:\.\d+)?(?![\w-]))
    |(?P<name>[$A-Za-z_@][\w$@.]*)
    |(?P<mark>[(),/:])""",
    re.VERBOSE | re.IGNORECASE,
)


def tokens_of(text: str) -> tuple[Token, ...]:
    """The words of a text, with an `end` behind the last. Raises `ODataFault`."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            shown = "a quotation that does not end" if text[at] == "'" else f"'{text[at]}'"
            raise ODataFault(f"Syntax error: {shown} was not expected", at)
        if match.lastgroup != "space":
            found.append(_token(match, at))
        at = match.end()
    found.append(Token("end", "", len(text)))
    return tuple(found)


def _token(match: re.Match[str], at: int) -> Token:
    kind, text = str(match.lastgroup), match.group()
    if kind == "text":
        inner = text.partition("'")[2][:-1].replace("''", "'")
        if not text.startswith("'"):
            return Token("date", text, at, instant(inner, at))
        return Token(kind, text, at, inner)
    if kind == "date":
        return Token(kind, text, at, instant(text, at))
    if kind == "number":
        return Token(kind, text, at, float(text) if "." in text else int(text))
    return Token(kind, text, at)


def instant(text: str, at: int = 0) -> str:
    """A date and time as the rows have it, in UTC: `2026-11-20T06:00:00.0000000Z`. Raises `ODataFault`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ODataFault(f"'{text}' is no date", at) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


class Cursor:
    """The words of a text, read one after the other."""

    __slots__ = ("_depth", "_place", "_tokens")

    def __init__(self, text: str) -> None:
        self._tokens = tokens_of(text)
        self._place = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        """The word that comes, without taking it."""
        return self._tokens[self._place]

    @property
    def after_next(self) -> Token:
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        found = self._tokens[self._place]
        if found.kind != "end":
            self._place += 1
        return found

    def word(self, *words: str) -> Token | None:
        """Takes the next word if it is one of these."""
        return self.take() if self.next.is_word(*words) else None

    def mark(self, mark: str) -> bool:
        """Takes the next word if it is this mark."""
        if self.next.is_mark(mark):
            self.take()
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.mark(mark):
            raise self.unexpected(f"'{mark}' expected")

    def name(self) -> Token:
        if self.next.kind != "name":
            raise self.unexpected("a name expected")
        return self.take()

    def end(self) -> None:
        if self.next.kind != "end":
            raise self.unexpected("the end expected")

    def unexpected(self, wanted: str) -> ODataFault:
        found = self.next
        shown = "the end of the text" if found.kind == "end" else f"'{found.text}'"
        return ODataFault(f"Syntax error: {wanted}, found {shown}", found.at)

    def deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ODataFault("The expression nests too deeply", self.next.at)

    def higher(self) -> None:
        self._depth -= 1


# ---------------------------------------------------------------- filters


def read_filter(text: str, columns: Columns) -> Predicate:
    """A filter as a function of a row. Raises `ODataFault`."""
    cursor = Cursor(text)
    found = filter_at(cursor, columns)
    cursor.end()
    return found


def filter_at(cursor: Cursor, columns: Columns) -> Predicate:
    """The filter that begins at the cursor, up to where it ends. Raises `ODataFault`."""
    return _truth(_either(cursor, columns))


def _truth(value: Value) -> Predicate:
    return lambda row: value(row) is True


def _either(cursor: Cursor, columns: Columns) -> Value:
    members = [_both(cursor, columns)]
    while cursor.word("or"):
        members.append(_both(cursor, columns))
    if len(members) == 1:
        return members[0]
    return lambda row: any(member(row) is True for member in members)


def _both(cursor: Cursor, columns: Columns) -> Value:
    members = [_negation(cursor, columns)]
    while cursor.word("and"):
        members.append(_negation(cursor, columns))
    if len(members) == 1:
        return members[0]
    return lambda row: all(member(row) is True for member in members)


def _negation(cursor: Cursor, columns: Columns) -> Value:
    if cursor.next.is_word("not"):
        cursor.take()
        cursor.deeper()
        inner = _negation(cursor, columns)
        cursor.higher()
        return lambda row: inner(row) is not True
    return _comparison(cursor, columns)


def _comparison(cursor: Cursor, columns: Columns) -> Value:
    left = _operand(cursor, columns)
    found = cursor.word("eq", "ne", "gt", "ge", "lt", "le", "in")
    if found is None:
        return left
    name = fold(found.text)
    if name == "in":
        return _membership(left, cursor, columns)
    right = _operand(cursor, columns)
    if name in ("eq", "ne"):
        wanted = name == "eq"
        return lambda row: _equal(left(row), right(row)) is wanted
    compare = _ORDERS[name]
    return lambda row: _ordered(left(row), right(row), compare)


def _membership(left: Value, cursor: Cursor, columns: Columns) -> Value:
    if not cursor.next.is_mark("("):
        # a collection among the columns: 'group' in PolicyDefinitionGroupNames
        right = _operand(cursor, columns)
        return lambda row: any(_equal(left(row), one) for one in _items(right(row)))
    cursor.expect("(")
    members = [_operand(cursor, columns)]
    while cursor.mark(","):
        members.append(_operand(cursor, columns))
    cursor.expect(")")
    return lambda row: any(_equal(left(row), member(row)) for member in members)


def _operand(cursor: Cursor, columns: Columns) -> Value:
    token = cursor.next
    if token.is_mark("("):
        cursor.take()
        cursor.deeper()
        inner = _either(cursor, columns)
        cursor.higher()
        cursor.expect(")")
        return inner
    if token.kind in ("text", "number", "date"):
        return _constant(cursor.take().value)
    if token.kind != "name":
        raise cursor.unexpected("a value expected")
    if cursor.after_next.is_mark("("):
        return _function(cursor, columns)
    cursor.take()
    if token.is_word("true", "false", "null"):
        return _constant({"true": True, "false": False, "null": None}[fold(token.text)])
    column = columns.find(token)
    return lambda row: row.get(column)


def _constant(value: Any) -> Value:
    return lambda row: value


def _function(cursor: Cursor, columns: Columns) -> Value:
    token = cursor.take()
    cursor.expect("(")
    name = fold(token.text)
    arguments: list[Value] = []
    cursor.deeper()
    while not cursor.next.is_mark(")"):
        arguments.append(_either(cursor, columns))
        if not cursor.mark(","):
            break
    cursor.higher()
    cursor.expect(")")
    if name in columns.flags and not arguments:
        key = f"{name}()"
        return lambda row: row.get(key)
    function = _FUNCTIONS.get(name)
    if function is None:
        raise ODataFault(f"An unknown function with name '{token.text}' was found", token.at)
    count, run = function
    if len(arguments) != count:
        raise ODataFault(f"'{token.text}' takes {count} arguments, found {len(arguments)}", token.at)
    return lambda row: run(*(argument(row) for argument in arguments))


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def _text(value: Any) -> str:
    return fold(value) if isinstance(value, str) else ""


_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "startswith": (2, lambda text, part: _text(text).startswith(_text(part))),
    "endswith": (2, lambda text, part: _text(text).endswith(_text(part))),
    "contains": (2, lambda text, part: _text(part) in _text(text)),
    "tolower": (1, lambda text: text.lower() if isinstance(text, str) else text),
    "toupper": (1, lambda text: text.upper() if isinstance(text, str) else text),
    "trim": (1, lambda text: text.strip() if isinstance(text, str) else text),
    "length": (1, lambda text: len(text) if isinstance(text, str) else 0),
}


def _items(value: Any) -> Sequence[Any]:
    if isinstance(value, (list, tuple)):
        return value
    return () if value is None else (value,)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left == right or fold(left) == fold(right)
    # a boolean is no number here
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _ordered(left: Any, right: Any, compare: Callable[[Any, Any], bool]) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return compare(fold(left), fold(right))
    numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (left, right))
    return numbers and compare(left, right)


# ---------------------------------------------------------------- order and selection


def read_order(text: str, columns: Columns) -> tuple[tuple[str, bool], ...]:
    """Columns in the order in which they sort, each with whether it descends. Raises `ODataFault`."""
    cursor = Cursor(text)
    found: list[tuple[str, bool]] = []
    while True:
        column = columns.find(cursor.name())
        direction = cursor.word("asc", "desc")
        found.append((column, direction is not None and fold(direction.text) == "desc"))
        if not cursor.mark(","):
            cursor.end()
            return tuple(found)


def read_selection(text: str, columns: Columns) -> tuple[str, ...]:
    """The chosen columns. Raises `ODataFault`."""
    cursor = Cursor(text)
    found = [columns.find(cursor.name())]
    while cursor.mark(","):
        found.append(columns.find(cursor.name()))
    cursor.end()
    return tuple(dict.fromkeys(found))


def sort_rows(rows: list[Row], order: Sequence[tuple[str, bool]]) -> None:
    """Sorts in place; null comes first, as OData has it, and rows that are equal stay in their order."""
    for column, descends in reversed(order):
        rows.sort(key=lambda row: _sort_key(row.get(column)), reverse=descends)


def _sort_key(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, (bool, int, float)):
        return (1, value)
    return (2, fold(str(value)))
