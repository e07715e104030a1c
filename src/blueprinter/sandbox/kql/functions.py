"""The scalar functions: one table, a row each. Their pages are under "Scalar functions" of the Kusto documentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import orjson
from msgspec import Struct

from blueprinter.sandbox.kql.matching import search
from blueprinter.sandbox.kql.types import (
    Type,
    Value,
    to_bool,
    to_datetime,
    to_long,
    to_real,
    to_text,
    to_timespan,
    type_of_json,
)

ResultType: TypeAlias = "Type | Callable[[tuple[Type, ...]], Type]"


class FunctionRow(Struct, frozen=True):
    """`parameters`: types of the arguments, None takes any; the last one repeats up to `maximum` (None = any number).
    A dynamic argument is converted to the type of its parameter. `keeps_name`: a column that is made of it takes the
    name of its first argument."""

    name: str
    minimum: int
    maximum: int | None
    parameters: tuple[Type | None, ...]
    result: ResultType
    evaluate: Callable[..., Value]
    keeps_name: bool = False


def common_type(types: tuple[Type, ...]) -> Type:
    """The type of several values of which one is taken; dynamic where they differ."""
    found = set(types)
    if len(found) == 1:
        return types[0]
    return Type.REAL if found == {Type.LONG, Type.REAL} else Type.DYNAMIC


def _of_choices(types: tuple[Type, ...]) -> Type:
    """case(p1, v1, p2, v2, …, else), iff(p, a, b)."""
    return common_type((*types[1::2][: len(types) // 2], types[-1]))


def _first(types: tuple[Type, ...]) -> Type:
    return types[0]


def _case(*arguments: Value) -> Value:
    for place in range(0, len(arguments) - 1, 2):
        if arguments[place] is True:
            return arguments[place + 1]
    return arguments[-1]


def _coalesce(*arguments: Value) -> Value:
    return next((value for value in arguments if value is not None and value != ""), arguments[-1])


def _split(text: str, delimiter: str, place: int | None = None) -> list[str]:
    parts = text.split(delimiter) if delimiter else [text]
    if place is None:
        return parts
    return [parts[place]] if 0 <= place < len(parts) else []


def _substring(text: str, start: int | None, length: int | None = None) -> str:
    if start is None:
        return ""
    start = max(start if start >= 0 else len(text) + start, 0)
    return text[start:] if length is None else text[start : start + max(length, 0)]


def _extract(pattern: re.Pattern[str] | None, group: int | None, text: str) -> str:
    match = search(pattern, text) if pattern is not None else None
    if match is None or group is None or group > (match.re.groups or 0):
        return ""
    return match.group(group) or ""


def _parse_json(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value or None


def _bag(*arguments: Value) -> dict[str, Value]:
    return {to_text(name): value for name, value in zip(arguments[::2], arguments[1::2], strict=False)}


def _concat(*arrays: Value) -> list[Value] | None:
    if not all(isinstance(array, list) for array in arrays):
        return None
    return [item for array in arrays for item in array]


def _bin(value: Value, size: Value) -> Value:
    """Down to a multiple of a size; datetimes count from the year 1."""
    if not size:
        return None
    if isinstance(value, datetime) and isinstance(size, timedelta):
        start = datetime(1, 1, 1, tzinfo=UTC)
        return start + (value - start) // size * size
    alike = isinstance(value, timedelta) and isinstance(size, timedelta)
    numbers = isinstance(value, int | float) and isinstance(size, int | float)
    return value // size * size if alike or numbers else None


_PERIODS: Mapping[str, Callable[[datetime], int]] = {
    "year": lambda moment: moment.year,
    "quarter": lambda moment: moment.year * 4 + (moment.month - 1) // 3,
    "month": lambda moment: moment.year * 12 + moment.month,
    # weeks begin on Sundays
    "week": lambda moment: moment.toordinal() // 7,
    "day": lambda moment: moment.toordinal(),
    "hour": lambda moment: int(moment.timestamp() // 3600),
    "minute": lambda moment: int(moment.timestamp() // 60),
    "second": lambda moment: int(moment.timestamp() // 1),
    "millisecond": lambda moment: int(moment.timestamp() * 1000),
}


def _datetime_diff(period: str, later: datetime | None, earlier: datetime | None) -> int | None:
    """How many boundaries of a period lie between."""
    count = _PERIODS.get(period.lower())
    if count is None or later is None or earlier is None:
        return None
    return count(later) - count(earlier)


_FORMATS: Mapping[str, Callable[[datetime], str]] = {
    "yyyy": lambda moment: f"{moment.year:04d}",
    "yy": lambda moment: f"{moment.year % 100:02d}",
    "MM": lambda moment: f"{moment.month:02d}",
    "M": lambda moment: str(moment.month),
    "dd": lambda moment: f"{moment.day:02d}",
    "d": lambda moment: str(moment.day),
    "HH": lambda moment: f"{moment.hour:02d}",
    "H": lambda moment: str(moment.hour),
    "hh": lambda moment: f"{(moment.hour - 1) % 12 + 1:02d}",
    "h": lambda moment: str((moment.hour - 1) % 12 + 1),
    "mm": lambda moment: f"{moment.minute:02d}",
    "m": lambda moment: str(moment.minute),
    "ss": lambda moment: f"{moment.second:02d}",
    "s": lambda moment: str(moment.second),
    "tt": lambda moment: "AM" if moment.hour < 12 else "PM",
}
_FORMAT_PARTS = re.compile(r"yyyy|yy|MM?|dd?|HH?|hh?|mm?|ss?|tt|f+")


def _format_datetime(moment: datetime | None, form: str) -> str:
    if moment is None:
        return ""
    digits = f"{moment.microsecond:06d}0"

    def part(match: re.Match[str]) -> str:
        text = match.group()
        return digits[: len(text)] if text[0] == "f" else _FORMATS[text](moment)

    return _FORMAT_PARTS.sub(part, form)


def _start_of_day(moment: datetime | None, days: int | None = None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days or 0)


def _rounded(value: float | None, digits: int | None = None) -> float | None:
    return None if value is None else round(value, digits or 0)


def _is_empty(value: Value) -> bool:
    return value is None or value == ""


def _index_of(text: str, part: str, start: int | None = None) -> int:
    return text.find(part, start or 0)


_TEXT, _LONG, _REAL, _BOOL = Type.TEXT, Type.LONG, Type.REAL, Type.BOOL
_WHEN, _SPAN, _ANY = Type.DATETIME, Type.TIMESPAN, Type.DYNAMIC


def _rows() -> tuple[FunctionRow, ...]:
    row = FunctionRow
    conversions = tuple(
        row(name, 1, 1, (None,), result, convert, keeps_name=True)
        for names, result, convert in (
            ("tostring", _TEXT, to_text),
            ("toint tolong", _LONG, to_long),
            ("todouble toreal todecimal", _REAL, to_real),
            ("tobool toboolean", _BOOL, to_bool),
            ("todatetime", _WHEN, to_datetime),
            ("totimespan", _SPAN, to_timespan),
            ("parse_json todynamic toobject", _ANY, _parse_json),
        )
        for name in names.split()
    )
    return (
        *conversions,
        row("tolower", 1, 1, (_TEXT,), _TEXT, str.lower),
        row("toupper", 1, 1, (_TEXT,), _TEXT, str.upper),
        row("strlen", 1, 1, (_TEXT,), _LONG, len),
        row("strcat", 1, 64, (None,), _TEXT, lambda *parts: "".join(map(to_text, parts))),
        row("strcat_delim", 2, 64, (_TEXT, None), _TEXT, lambda sign, *parts: sign.join(map(to_text, parts))),
        row(
            "strcat_array",
            2,
            2,
            (_ANY, _TEXT),
            _TEXT,
            lambda items, sign: sign.join(map(to_text, items)) if isinstance(items, list) else "",
        ),
        row("split", 2, 3, (_TEXT, _TEXT, _LONG), _ANY, _split),
        row("substring", 2, 3, (_TEXT, _LONG), _TEXT, _substring),
        row("indexof", 2, 3, (_TEXT, _TEXT, _LONG), _LONG, _index_of),
        row("replace_string", 3, 3, (_TEXT,), _TEXT, str.replace),
        row("extract", 3, 3, (_TEXT, _LONG, _TEXT), _TEXT, _extract),
        row("not", 1, 1, (_BOOL,), _BOOL, lambda value: None if value is None else not value),
        row("iff", 3, 3, (_BOOL, None), _of_choices, _case),
        row("iif", 3, 3, (_BOOL, None), _of_choices, _case),
        row("case", 3, None, (None,), _of_choices, _case),
        row("coalesce", 2, 64, (None,), common_type, _coalesce),
        row("isnull", 1, 1, (None,), _BOOL, lambda value: value is None),
        row("isnotnull", 1, 1, (None,), _BOOL, lambda value: value is not None),
        row("isempty", 1, 1, (None,), _BOOL, _is_empty),
        row("isnotempty", 1, 1, (None,), _BOOL, lambda value: not _is_empty(value)),
        row(
            "array_length",
            1,
            1,
            (_ANY,),
            _LONG,
            lambda value: len(value) if isinstance(value, list) else None,
        ),
        row("array_concat", 1, 64, (_ANY,), _ANY, _concat),
        row("bag_keys", 1, 1, (_ANY,), _ANY, lambda value: list(value) if isinstance(value, dict) else None),
        row("pack", 2, None, (None,), _ANY, _bag),
        row("bag_pack", 2, None, (None,), _ANY, _bag),
        row("pack_array", 1, None, (None,), _ANY, lambda *items: list(items)),
        row("gettype", 1, 1, (None,), _TEXT, lambda value: type_of_json(value).name.lower()),
        row("bin", 2, 2, (None,), _first, _bin, keeps_name=True),
        row("floor", 2, 2, (None,), _first, _bin, keeps_name=True),
        row("round", 1, 2, (_REAL, _LONG), _REAL, _rounded),
        row("abs", 1, 1, (_REAL,), _first, lambda value: None if value is None else abs(value)),
        row("datetime_diff", 3, 3, (_TEXT, _WHEN), _LONG, _datetime_diff),
        row("format_datetime", 2, 2, (_WHEN, _TEXT), _TEXT, _format_datetime),
        row("startofday", 1, 2, (_WHEN, _LONG), _WHEN, _start_of_day),
    )


FUNCTIONS: Mapping[str, FunctionRow] = {row.name: row for row in _rows()}
"""By name; letter case counts. `now` and `ago` are the compiler's, which knows the time."""
