"""Instants and durations: read from text, added, and put into words.

An instant is a count of ticks of 100 nanoseconds since the year 1 in UTC, as in .NET, so that seven digits of
a fraction are kept.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import datetime

from blueprinter.arm.date_format import EPOCH_TICKS, LAST_TICK, TICKS, format_instant, moment_of
from blueprinter.arm.model import ExpressionError, Value

_DATE = re.compile(
    r"""(?P<year>\d{4})(?P<dash>-?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)
    (?:(?P<between>[Tt]|\s+)(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?
       \s*(?P<zone>[Zz]|[+-]\d\d:?(?:\d\d)?|GMT|UTC)?)?""",
    re.VERBOSE | re.ASCII,
)
_SPOKEN = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%a, %d %b %Y %H:%M:%S GMT",
)
_DURATION = re.compile(
    r"(?P<sign>-)?P(?=\d|T\d)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d{1,9})?)S)?)?",
    re.ASCII,
)
_ISO = re.compile(r"\s*\d{4}-?\d\d-?\d\d[Tt]")
_MINUTE, _HOUR, _DAY, _WEEK = 60 * TICKS, 3600 * TICKS, 86_400 * TICKS, 604_800 * TICKS
_DEFAULT = "yyyy-MM-ddTHH:mm:ss.FFFFFFFZ"
_GENERAL = "M/d/yyyy h:mm:ss tt"
_UTC_NOW = "yyyyMMddTHHmmssZ"


def instant(text: str) -> int:
    """The instant that a text names; without an offset it is in UTC. Raises `ExpressionError`."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return _spoken(text)
    try:
        date = datetime(
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            int(match["hour"] or 0),
            int(match["minute"] or 0),
            int(match["second"] or 0),
        )
    except ValueError as found:
        raise ExpressionError(f"`{text}` is no date: {found}") from found
    fraction = int((match["fraction"] or "0")[:7].ljust(7, "0"))
    return _checked(_ticks(date) + fraction - _offset(match["zone"] or "Z"))


def _spoken(text: str) -> int:
    for form in _SPOKEN:
        try:
            return _ticks(datetime.strptime(text.strip(), form))
        except ValueError:
            continue
    raise ExpressionError(f"`{text}` is no date, such as `2026-01-31T12:00:00Z`")


def _ticks(date: datetime) -> int:
    since = date - datetime.min
    return (since.days * 86_400 + since.seconds) * TICKS + since.microseconds * 10


def _offset(zone: str) -> int:
    if zone[0] not in "+-":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or "0")
    offset = hours * _HOUR + minutes * _MINUTE
    return offset if zone[0] == "+" else -offset


def _checked(ticks: int) -> int:
    if not 0 <= ticks <= LAST_TICK:
        raise ExpressionError("the date is not in the years 1 to 9999")
    return ticks


def add_duration(ticks: int, duration: str) -> int:
    """An instant plus an ISO 8601 duration, which may start with `-`; years and months go by the calendar."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ExpressionError(f"`{duration}` is no ISO 8601 duration, such as `P1DT2H` or `-P30D`")
    sign = -1 if match["sign"] else 1
    months = sign * (_count(match, "years") * 12 + _count(match, "months"))
    rest = sum(
        _count(match, unit) * size
        for unit, size in (("weeks", _WEEK), ("days", _DAY), ("hours", _HOUR), ("minutes", _MINUTE))
    )
    seconds, _, fraction = (match["seconds"] or "0").replace(",", ".").partition(".")
    rest += int(seconds[:20]) * TICKS + int(fraction[:7].ljust(7, "0") if fraction else 0)
    return _checked(_add_months(ticks, months) + sign * rest)


def _count(match: re.Match[str], unit: str) -> int:
    return int((match[unit] or "0")[:20])


def _add_months(ticks: int, months: int) -> int:
    """The same day of another month, or the last day of that month."""
    if not months:
        return ticks
    date = moment_of(ticks)
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ExpressionError("the date is not in the years 1 to 9999")
    day = min(date.day, monthrange(year, month + 1)[1])
    return _ticks(date.replace(year=year, month=month + 1, day=day)) + ticks % 10


def date_time_add(base: str, duration: str, form: str | None = None) -> Value:
    """A date plus a duration; without a format in ISO 8601 where the base has a `T`, else as in en-US."""
    ticks = add_duration(instant(base), duration)
    if form is None:
        form = _DEFAULT if _ISO.match(base) else _GENERAL
    return format_instant(ticks, form)


def date_time_from_epoch(seconds: int) -> Value:
    """The date so many seconds after 1970."""
    return format_instant(_checked(EPOCH_TICKS + seconds * TICKS), _DEFAULT)


def date_time_to_epoch(text: str) -> Value:
    """The seconds of a date since 1970."""
    return (instant(text) - EPOCH_TICKS) // TICKS


def utc_now(now: str, form: str | None = None) -> str:
    """A given time as `utcNow` writes it."""
    return format_instant(instant(now), _UTC_NOW if form is None else form)


def add_days(text: str, days: int) -> Value:
    """A date so many days later, in ISO 8601; the fraction has seven digits where the text has one."""
    ticks = _checked(instant(text) + days * _DAY)
    return format_instant(ticks, "yyyy-MM-ddTHH:mm:ss.fffffffZ" if "." in text else "yyyy-MM-ddTHH:mm:ssZ")
