"""Dates in .NET's standard and custom format strings, in the invariant culture and UTC."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from blueprinter.arm.model import ExpressionError

TICKS = 10_000_000
"""Ticks of a second."""
EPOCH_TICKS = 719_162 * 86_400 * TICKS
"""1970-01-01."""
LAST_TICK = 3_652_059 * 86_400 * TICKS - 1
"""The end of the year 9999."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_STANDARD: Mapping[str, str] = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
    "O": "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-dd'T'HH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
_TOKEN = re.compile(
    r"""(?P<literal>'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")
    | \\(?P<escaped>.)
    | %(?P<single>[a-zA-Z:/])
    | (?P<fraction>\.F{1,7})(?!F)
    | (?P<field>([dfFgGhHKmMstyz])\6*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def moment_of(ticks: int) -> datetime:
    """The calendar's view of an instant, without its last digit."""
    return datetime.min + timedelta(microseconds=ticks // 10)


def format_instant(ticks: int, form: str) -> str:
    """An instant in a .NET format string: a single letter names a standard format.

    Source: .NET documentation, "Standard date and time format strings" and "Custom date and time format strings".
    Raises `ExpressionError` for a format that does not exist.
    """
    if len(form) == 1:
        if form not in _STANDARD:
            raise ExpressionError(f"`{form}` is no format of dates")
        form = _STANDARD[form]
    elif not form:
        form = _STANDARD["G"]
    date = moment_of(ticks)
    parts = []
    for match in _TOKEN.finditer(form):
        if literal := match["literal"]:
            parts.append(re.sub(r"\\(.)", r"\1", literal[1:-1], flags=re.DOTALL))
        elif match["escaped"] is not None:
            parts.append(match["escaped"])
        elif match["single"]:
            parts.append(_field(match["single"], date, ticks))
        elif fraction := match["fraction"]:
            digits = _fraction(ticks, len(fraction) - 1).rstrip("0")
            parts.append(f".{digits}" if digits else "")
        elif match["field"]:
            parts.append(_field(match["field"], date, ticks))
        elif match["other"] in "'\"\\%":
            raise ExpressionError(f"the format `{form}` of dates ends within a literal or escape")
        else:
            parts.append(match["other"])
    return "".join(parts)


def _field(field: str, date: datetime, ticks: int) -> str:
    letter, width = field[0], len(field)
    write = _FIELDS.get(letter)
    if write is not None:
        return write(date, width)
    if letter in "fF":
        if width > 7:
            raise ExpressionError("a fraction of a second has at most 7 digits")
        digits = _fraction(ticks, width)
        return digits if letter == "f" else digits.rstrip("0")
    return field


def _fraction(ticks: int, width: int) -> str:
    return f"{ticks % TICKS:07d}"[:width]


def _padded(number: int, width: int) -> str:
    return str(number).zfill(min(width, 2))


def _day(date: datetime, width: int) -> str:
    if width < 3:
        return _padded(date.day, width)
    name = _DAYS[date.weekday()]
    return name[:3] if width == 3 else name


def _month(date: datetime, width: int) -> str:
    if width < 3:
        return _padded(date.month, width)
    name = _MONTHS[date.month - 1]
    return name[:3] if width == 3 else name


def _year(date: datetime, width: int) -> str:
    return str(date.year % 100).zfill(width) if width < 3 else str(date.year).zfill(width)


def _half(date: datetime, width: int) -> str:
    name = "AM" if date.hour < 12 else "PM"
    return name[:1] if width == 1 else name


def _zone(date: datetime, width: int) -> str:
    return {1: "+0", 2: "+00"}.get(width, "+00:00")


_FIELDS: Mapping[str, Callable[[datetime, int], str]] = {
    "d": _day,
    "g": lambda date, width: "A.D.",
    "h": lambda date, width: _padded(date.hour % 12 or 12, width),
    "H": lambda date, width: _padded(date.hour, width),
    "K": lambda date, width: "Z" * width,
    "m": lambda date, width: _padded(date.minute, width),
    "M": _month,
    "s": lambda date, width: _padded(date.second, width),
    "t": _half,
    "y": _year,
    "z": _zone,
}
