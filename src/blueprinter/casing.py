"""All rules about letter case: folding of values, and look-up of keys without regard to case.

Azure Policy and ARM compare names, types and ids without regard to case; what is printed keeps the
spelling that was read. Two ideas stay apart: *folding a value* to compare it, and *looking up a key*.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")


def fold(text: str) -> str:
    """The form in which two texts are compared: Unicode full case folding (`Straße` = `STRASSE`)."""
    return text.casefold()


def same(left: str, right: str) -> bool:
    """Whether two texts are equal but for letter case."""
    return left == right or left.casefold() == right.casefold()


def key_of(mapping: Mapping[str, Value], name: str) -> str | None:
    """The key of `mapping` that spells `name`: the exact spelling first, else the first equal but for case."""
    if name in mapping:
        return name
    wanted = name.casefold()
    return next((key for key in mapping if key.casefold() == wanted), None)


def get(mapping: Mapping[str, Value], name: str, default: Value | None = None) -> Value | None:
    """The value under `name`, exact spelling first, else without regard to case; `default` when absent."""
    if name in mapping:
        return mapping[name]
    wanted = name.casefold()
    for key, value in mapping.items():
        if key.casefold() == wanted:
            return value
    return default
