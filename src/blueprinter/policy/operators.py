"""The operators of a condition: one table from a name to what it does and how people read it.

Sources: Microsoft Learn, "Azure Policy definition structure policy rule" (conditions) and "Author policies
for array properties on Azure resources"; what an operator says of an absent value is measured, because
the documentation is silent (`differences.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from blueprinter.arm import ExpressionError, Unknown, UnknownKey, Value, policy_compare, policy_equal
from blueprinter.casing import fold, key_of
from blueprinter.policy.patterns import like_matcher, match_matcher
from blueprinter.table import Table


class Absent(Enum):
    """What is not there. A property that is null is not there either."""

    FIELD = "field"
    """A property of the resource: every operator but `exists` takes it for null."""
    MEMBER = "member"
    """A property of a member of an array under `[*]`: equal to null, and to nothing else."""


Left: TypeAlias = "Value | Absent"
"""What a condition looks at."""

Test: TypeAlias = "Callable[[Left, Value], bool | None]"
"""Whether an operator holds; None when that depends on a value that only Azure knows.
Raises `ExpressionError` for values that the operator cannot compare."""


class OperatorRow(Struct, frozen=True):
    """One operator. `opposite` names the operator that says the contrary of one value."""

    name: str
    test: Test
    opposite: str
    words: str
    """How people read what is wanted; `{}` stands for the operand."""
    summary: str
    negative: bool = False
    """Holds exactly when its opposite does not."""

    def holds(self, left: Left, right: Value) -> bool | None:
        """Whether the operator holds between two values; None when that is not known."""
        result = self.test(left, right)
        return result if result is None or not self.negative else not result


def is_true(value: Value) -> bool:
    """The operand of `exists`: true or "true" in any letter case; everything else counts as false."""
    return value is True or (isinstance(value, str) and fold(value) == "true")


def _equals(left: Left, right: Value) -> bool | None:
    if left is Absent.MEMBER:
        return None if isinstance(right, Unknown) else right is None
    return policy_equal(_null(left), right)


def _in(left: Left, right: Value) -> bool | None:
    if left is Absent.FIELD:
        return False
    if isinstance(right, Unknown):
        return None
    options = right if isinstance(right, list) else [right]
    return _any(_equals(left, option) for option in options)


def _contains(left: Left, right: Value) -> bool | None:
    if isinstance(left, Unknown):
        return None
    if isinstance(left, list):
        return _any(policy_equal(item, right) for item in left)
    if isinstance(left, dict):
        return _contains_key(left, right)
    return _of_texts(lambda text, wanted: fold(wanted) in fold(text), left, right)


def _contains_key(left: Left, right: Value) -> bool | None:
    if isinstance(left, Unknown):
        return None
    if not isinstance(left, dict):
        return False
    if isinstance(right, Unknown):
        return None
    wanted = _text(right)
    if wanted is not None and key_of(left, wanted) is not None:
        return True
    return None if UnknownKey in map(type, left) else False


def _like(left: Left, right: Value) -> bool | None:
    return _of_texts(lambda text, pattern: like_matcher(fold(pattern))(fold(text)), left, right)


def _match(left: Left, right: Value) -> bool | None:
    return _of_texts(lambda text, pattern: match_matcher(pattern)(text), left, right)


def _match_insensitively(left: Left, right: Value) -> bool | None:
    return _of_texts(_matches_insensitively, left, right)


def _matches_insensitively(text: str, pattern: str) -> bool:
    # one character for one, or as texts are equal: `STRASSE` is `straße`
    return match_matcher(pattern, fold_case=True)(text) or match_matcher(fold(pattern))(fold(text))


def _exists(left: Left, right: Value) -> bool | None:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    there = left is not None and not isinstance(left, Absent)
    return there is is_true(right)


def _ordered(accept: Callable[[int], bool]) -> Test:
    def test(left: Left, right: Value) -> bool | None:
        if left is None or isinstance(left, Absent) or right is None:
            return False
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return None
        order = _order(left, right)
        if order is None:
            raise ExpressionError(f"{_kind(left)} and {_kind(right)} have no order")
        return accept(order)

    return test


def _order(left: Value, right: Value) -> int | None:
    """The order of two values; date-times of whatever precision and offset by the instant that they name."""
    if isinstance(left, str) and isinstance(right, str):
        one, other = _instant(left), _instant(right)
        if one is not None and other is not None:
            return (one > other) - (one < other)
    return policy_compare(left, right)


# A date alone is an API version far more often than a day, and those sort as texts.
_DATE_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?(Z|z|[+-]\d{2}:?\d{2})?\Z")


def _instant(text: str) -> tuple[datetime, str] | None:
    """A moment to the microsecond, and the digits of a second that follow: .NET writes seven, Python reads six."""
    found = _DATE_TIME.match(text)
    if found is None:
        return None
    date, time, fraction, zone = found.groups()
    fraction = fraction or ""
    written = f"{date}T{time}{fraction[:7]}{'' if zone in (None, 'Z', 'z') else zone}"
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)), fraction[7:].rstrip("0")


def _of_texts(accept: Callable[[str, str], bool], left: Left, right: Value) -> bool | None:
    """A test of two texts. Numbers and booleans count as the text that spells them; nothing else has one."""
    if left is None or isinstance(left, Absent):
        return False
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    text, wanted = _text(left), _text(right)
    return text is not None and wanted is not None and accept(text, wanted)


def _text(value: Value) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return None


def _null(left: Left) -> Value:
    return None if isinstance(left, Absent) else left


def _kind(value: Value) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text `{value}`"
    return "an array" if isinstance(value, list) else "an object"


def _any(results: Iterable[bool | None]) -> bool | None:
    unknown = False
    for result in results:
        if result:
            return True
        unknown = unknown or result is None
    return None if unknown else False


OPERATORS: Table[OperatorRow] = Table(
    (
        OperatorRow("equals", _equals, "notEquals", "{}", "equal, whatever the letter case"),
        OperatorRow("notEquals", _equals, "equals", "not {}", "not equal", negative=True),
        OperatorRow("like", _like, "notLike", "like {}", "fits a pattern with `*`"),
        OperatorRow("notLike", _like, "like", "not like {}", "does not fit a pattern", negative=True),
        OperatorRow(
            "match", _match, "notMatch", "matching {}", "fits `#` digit, `?` letter, `.` any, case counts"
        ),
        OperatorRow(
            "notMatch", _match, "match", "not matching {}", "does not fit, case counts", negative=True
        ),
        OperatorRow(
            "matchInsensitively",
            _match_insensitively,
            "notMatchInsensitively",
            "matching {}",
            "fits `#` digit, `?` letter, `.` any",
        ),
        OperatorRow(
            "notMatchInsensitively",
            _match_insensitively,
            "matchInsensitively",
            "not matching {}",
            "does not fit",
            negative=True,
        ),
        OperatorRow(
            "contains", _contains, "notContains", "containing {}", "holds a text, an element or a key"
        ),
        OperatorRow("notContains", _contains, "contains", "without {}", "does not hold it", negative=True),
        OperatorRow("in", _in, "notIn", "one of {}", "equals one of a list"),
        OperatorRow("notIn", _in, "in", "none of {}", "equals none of a list", negative=True),
        OperatorRow(
            "containsKey", _contains_key, "notContainsKey", "with a key {}", "an object that has the key"
        ),
        OperatorRow(
            "notContainsKey", _contains_key, "containsKey", "without a key {}", "lacks the key", negative=True
        ),
        OperatorRow(
            "less", _ordered(lambda order: order < 0), "greaterOrEquals", "less than {}", "less than"
        ),
        OperatorRow("lessOrEquals", _ordered(lambda order: order <= 0), "greater", "at most {}", "at most"),
        OperatorRow(
            "greater", _ordered(lambda order: order > 0), "lessOrEquals", "more than {}", "more than"
        ),
        OperatorRow("greaterOrEquals", _ordered(lambda order: order >= 0), "less", "at least {}", "at least"),
        OperatorRow("exists", _exists, "exists", "{}", "is there, or is not"),
    )
)
"""Every operator, in the order of the documentation."""


def words_for(operator: OperatorRow, right: Value, *, holds: bool) -> str:
    """What is wanted, in words: that an operator holds, or that it does not.

    `one of TLS1_2, TLS1_3` for `in` that should hold; `present` and `absent` for `exists`.
    """
    if operator.name == "exists":
        return "present" if is_true(right) is holds else "absent"
    row = operator if holds else OPERATORS.get(operator.opposite) or operator
    return row.words.format(shown(right))


def shown(value: Left) -> str:
    """A value as people read it: text without quotes, `absent` for what is not there."""
    if isinstance(value, Absent):
        return "absent"
    if isinstance(value, Unknown):
        return f"[{value.expression}]"
    if isinstance(value, str):
        return value or "empty text"
    if value is None:
        return "null"
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "an empty list"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(member)}" for key, member in value.items()) + "}"
    return _text(value) or ""
