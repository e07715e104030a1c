"""The types of columns and values, and how one becomes another.

At run time a text is a `str` and never None (Kusto: the type string has no null), every other type has None as its
null; dynamic holds JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

import orjson

Value: TypeAlias = Any
"""str, int, float, bool, datetime, timedelta, JSON or None."""


class Type(StrEnum):
    """Column types; the values are what `resultFormat: table` calls them."""

    TEXT = "string"
    LONG = "integer"
    REAL = "number"
    BOOL = "boolean"
    DATETIME = "datetime"
    TIMESPAN = "timespan"
    DYNAMIC = "object"


NUMBERS = frozenset({Type.LONG, Type.REAL})
TYPE_NAMES: Mapping[str, Type] = {
    "string": Type.TEXT,
    "int": Type.LONG,
    "long": Type.LONG,
    "real": Type.REAL,
    "double": Type.REAL,
    "decimal": Type.REAL,
    "bool": Type.BOOL,
    "boolean": Type.BOOL,
    "datetime": Type.DATETIME,
    "date": Type.DATETIME,
    "timespan": Type.TIMESPAN,
    "time": Type.TIMESPAN,
    "dynamic": Type.DYNAMIC,
    "guid": Type.TEXT,
}
NULLS: Mapping[Type, Value] = {type: "" if type is Type.TEXT else None for type in Type}

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_UNIT_WORDS = {
    "microsecond": timedelta(microseconds=1),
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    # a tick is 100 ns, which is below what is kept
    "tick": timedelta(0),
}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([a-z]+)")
_CLOCK = re.compile(r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?")
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)


def type_of_json(value: Value) -> Type:
    """The type that a value has by itself; None and containers are dynamic."""
    for python, type in ((bool, Type.BOOL), (int, Type.LONG), (float, Type.REAL), (str, Type.TEXT)):
        if isinstance(value, python):
            return type
    if isinstance(value, datetime):
        return Type.DATETIME
    return Type.TIMESPAN if isinstance(value, timedelta) else Type.DYNAMIC


def parse_timespan(text: str) -> timedelta | None:
    """`1d`, `90m`, `1.5h`, `01:30:00`, `2.00:00:00`; None where the text is none."""
    simple = _SPAN.fullmatch(text)
    if simple is not None:
        unit = simple.group(2)
        size = _UNITS.get(unit) or _UNIT_WORDS.get(unit.removesuffix("s"))
        return None if size is None else float(simple.group(1)) * size
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return timedelta(days=int(text)) if text.isdigit() else None
    sign, days, hours, minutes, seconds, fraction = clock.groups()
    span = timedelta(
        days=int(days or 0),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "0").ljust(6, "0")[:6]),
    )
    return -span if sign else span


def parse_datetime(text: str) -> datetime | None:
    """ISO 8601, with or without a time and a zone; UTC without one. None where the text is none."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        found = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]),
            UTC,
        )
    except ValueError:
        return None
    if zone is None or zone == "Z":
        return found
    shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return found - shift if zone[0] == "+" else found + shift


def datetime_text(value: datetime) -> str:
    """`2026-11-20T06:00:00.0000000Z`: seven digits of a second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def timespan_text(value: timedelta) -> str:
    """`1.02:03:04.5000000`; days and fraction only where there are some."""
    sign = "-" if value < timedelta(0) else ""
    value = abs(value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06d}0" if value.microseconds else ""
    return f"{sign}{days}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"


def to_text(value: Value) -> str:
    """tostring(): "" for null, JSON for containers."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return datetime_text(value)
    if isinstance(value, timedelta):
        return timespan_text(value)
    return orjson.dumps(as_json(value)).decode()


def to_long(value: Value) -> int | None:
    """tolong(), toint(): a fraction is cut off; null for what is no number."""
    if isinstance(value, bool):
        return int(value)
    number = to_real(value) if not isinstance(value, int) else value
    if number is None or number != number or number in (float("inf"), float("-inf")):
        return None
    return int(number)


def to_real(value: Value) -> float | None:
    """todouble(), toreal()."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(int(value, 16)) if value[:2].lower() == "0x" else float(value)
        except ValueError:
            return None
    return None


def to_bool(value: Value) -> bool | None:
    """tobool(): true and false in any letter case, numbers by being zero."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}.get(value.strip().lower())
    return None


def to_datetime(value: Value) -> datetime | None:
    return value if isinstance(value, datetime) else parse_datetime(value) if isinstance(value, str) else None


def to_timespan(value: Value) -> timedelta | None:
    return (
        value if isinstance(value, timedelta) else parse_timespan(value) if isinstance(value, str) else None
    )


CONVERSIONS: Mapping[Type, Callable[[Value], Value]] = {
    Type.TEXT: to_text,
    Type.LONG: to_long,
    Type.REAL: to_real,
    Type.BOOL: to_bool,
    Type.DATETIME: to_datetime,
    Type.TIMESPAN: to_timespan,
    Type.DYNAMIC: lambda value: value,
}


def as_json(value: Value) -> Value:
    """How a value is written in an answer."""
    if isinstance(value, datetime):
        return datetime_text(value)
    if isinstance(value, timedelta):
        return timespan_text(value)
    if isinstance(value, float):
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return float(value)
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return value
