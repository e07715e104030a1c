"""The patterns of `like` and `match`, matched without regular expressions: what a rule or a parameter says
never becomes a program.

Source: Microsoft Learn, "Azure Policy definition structure policy rule", section Conditions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from blueprinter.arm import ExpressionError

Matcher = Callable[[str], bool]
"""Whether a whole text fits. Letter case is the caller's business."""

_MOST_WORK = 20_000_000
"""Characters that one search for a pattern with `?` may compare."""


@lru_cache(maxsize=4096)
def like_matcher(pattern: str) -> Matcher:
    """`*` stands for any run of characters, `?` for one character, everything else for itself.

    The matcher takes time in proportion to the text; it raises `ExpressionError` where a pattern with `?` would
    take much more.
    """
    head, *rest = pattern.split("*")
    if not rest:
        return _whole(head)
    *middle, tail = rest
    middle = [part for part in middle if part]
    if not middle and "?" not in pattern:
        least = len(head) + len(tail)
        return lambda text: len(text) >= least and text.startswith(head) and text.endswith(tail)

    def fits(text: str) -> bool:
        end = len(text) - len(tail)
        if end < len(head) or not _stands_at(text, 0, head) or not _stands_at(text, end, tail):
            return False
        place = len(head)
        for part in middle:
            # the leftmost place leaves most room for what follows
            found = _find(text, part, place, end)
            if found < 0:
                return False
            place = found + len(part)
        return True

    return fits


def _whole(pattern: str) -> Matcher:
    if "?" not in pattern:
        return lambda text: text == pattern
    return lambda text: len(text) == len(pattern) and _stands_at(text, 0, pattern)


def _stands_at(text: str, place: int, part: str) -> bool:
    if "?" not in part:
        return text.startswith(part, place)
    return all(char in ("?", text[place + at]) for at, char in enumerate(part))


def _find(text: str, part: str, start: int, end: int) -> int:
    if "?" not in part:
        return text.find(part, start, end)
    last = end - len(part)
    if (last - start) * len(part) > _MOST_WORK:
        raise ExpressionError("the pattern is too long for a text of this length")
    return next((place for place in range(start, last + 1) if _stands_at(text, place, part)), -1)


@lru_cache(maxsize=4096)
def match_matcher(pattern: str, *, fold_case: bool = False) -> Matcher:
    """`#` stands for a digit, `?` for a letter, `.` for any character, everything else for itself, with `fold_case`
    in either letter case. One character for one: what folds to several is still one letter."""
    same = _is_either if fold_case else _is_a

    def fits(text: str) -> bool:
        return len(text) == len(pattern) and all(map(same, text, pattern))

    return fits


def _is_a(char: str, wanted: str) -> bool:
    if wanted == "#":
        return "0" <= char <= "9"
    if wanted == "?":
        return char.isalpha()
    return wanted == "." or char == wanted


def _is_either(char: str, wanted: str) -> bool:
    return _is_a(char, wanted) or (wanted not in "#?" and char.casefold() == wanted.casefold())
