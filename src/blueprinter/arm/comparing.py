"""Equality and order of values: exact in templates, coercing and without regard to case in policies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable

from blueprinter.arm.model import Unknown, Value
from blueprinter.arm.secure_values import opened
from blueprinter.casing import fold, same

# The order of the Unicode collation for what is neither digit nor letter; what is not listed follows by code point.
_PUNCTUATION = {
    char: place for place, char in enumerate("\t\n\v\f\r  _-–—,;:!?.'‘’\"“”()[]{}@*/\\&#%`´^+<=>|~$£€")
}

_PLAIN = re.compile(r"[ \-./0-9a-z]*").fullmatch
"""Texts that sort by code point as they do by the collation, which is quicker."""


def collation_key(text: str) -> tuple[tuple[tuple[int, int, str], ...], str, str]:
    """A key that sorts text as a dictionary does: letters before case, lower case before upper case,
    punctuation before digits before letters (.NET's invariant culture)."""
    decomposed = unicodedata.normalize("NFD", text)
    base = [char for char in decomposed if not unicodedata.combining(char)]
    marks = "".join(char for char in decomposed if unicodedata.combining(char))
    first = tuple(_primary(folded) for char in base for folded in char.casefold())
    case = "".join("1" if char.isupper() else "0" for char in base)
    return first, marks, case


def _primary(char: str) -> tuple[int, int, str]:
    if char.isdigit():
        return 1, unicodedata.digit(char, 0), ""
    if char.isalpha():
        return 2, 0, char
    return 0, _PUNCTUATION.get(char, len(_PUNCTUATION)), char


def compare_text(left: str, right: str) -> int:
    """Less than, equal to or greater than 0 as `left` sorts before, with or after `right`."""
    if _PLAIN(left) and _PLAIN(right):
        return (left > right) - (left < right)
    one, other = collation_key(left), collation_key(right)
    return (one > other) - (one < other)


def equal(left: Value, right: Value) -> bool | None:
    """Whether two values of a template are equal: deep, types exact but for numbers, strings case-sensitive,
    the order of properties ignored. None where that depends on something unknown."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        left, right = opened(left), opened(right)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return None
    if isinstance(left, dict) and isinstance(right, dict):
        return _equal_objects(left, right)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        return all_of(equal(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    return type(left) is type(right) and left == right


def _equal_objects(left: dict[str, Value], right: dict[str, Value]) -> bool | None:
    keys = _same_keys(left, right)
    return False if keys is None else all_of(equal(left[key], right[other]) for key, other in keys)


def _same_keys(left: dict[str, Value], right: dict[str, Value]) -> list[tuple[str, str]] | None:
    """Each key of the one object with the key of the other that spells it, the exact spelling first; None where a
    key has no counterpart."""
    if len(left) != len(right):
        return None
    if left.keys() == right.keys():
        return [(key, key) for key in left]
    folded: dict[str, str] = {}
    for key in right:
        folded.setdefault(fold(key), key)
    pairs: list[tuple[str, str]] = []
    for key in left:
        other = key if key in right else folded.get(fold(key))
        if other is None:
            return None
        pairs.append((key, other))
    return pairs


def identity(value: Value) -> Hashable:
    """A key that two values share when `equal` finds them equal; nothing in the value may be unknown."""
    if isinstance(value, dict):
        return frozenset((fold(key), identity(member)) for key, member in value.items())
    if isinstance(value, list):
        return tuple(map(identity, value))
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return type(value), value  # 1 equals 1.0, but not true
    return value


def policy_equal(left: Value, right: Value) -> bool | None:
    """Whether Azure Policy takes two values for equal: strings without regard to case, a string equals the
    number or boolean that it spells, null equals the empty string; deep. None where that is not known."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    if isinstance(left, str) and isinstance(right, str):
        # folding makes at most three characters of one, so these need no folding to differ
        if len(left) > 3 * len(right) or len(right) > 3 * len(left):
            return False
        return same(left, right)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        return all_of(policy_equal(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        keys = _same_keys(left, right)
        if keys is None:
            return False
        return all_of(policy_equal(left[key], right[other]) for key, other in keys)
    if isinstance(left, str) or isinstance(right, str):
        text, value = (left, right) if isinstance(left, str) else (right, left)
        return _spells(str(text), value)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    return left is None and right is None


def _spells(text: str, value: Value) -> bool:
    if value is None:
        return text == ""
    if isinstance(value, bool):
        return fold(text) == ("true" if value else "false")
    return isinstance(value, (int, float)) and number_in(text) == value


def number_in(text: str) -> int | float | None:
    """The number that a text spells, or None."""
    if not text.isascii() or "_" in text or not text.strip() or len(text) > 400:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number - number == 0 else None  # neither infinite nor "nan"


def policy_compare(left: Value, right: Value) -> int | None:
    """The order of two numbers, of two texts without regard to case, or of a number and a text that spells one;
    None where values of such types have no order."""
    if isinstance(left, str) and isinstance(right, str):
        return compare_text(fold(left), fold(right))
    low = number_in(left) if isinstance(left, str) else left
    high = number_in(right) if isinstance(right, str) else right
    if isinstance(low, bool) or isinstance(high, bool):
        return None
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        return (low > high) - (low < high)
    return None


def all_of(results: Iterable[bool | None]) -> bool | None:
    """False when one is false, else None when one is not known, else true."""
    unknown = False
    for result in results:
        if result is False:
            return False
        unknown = unknown or result is None
    return None if unknown else True


def any_of(results: Iterable[bool | None]) -> bool | None:
    """True when one is true, else None when one is not known, else false."""
    unknown = False
    for result in results:
        if result:
            return True
        unknown = unknown or result is None
    return None if unknown else False
