"""The operators over texts: `has`, `contains`, `startswith`, … and regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from blueprinter.sandbox.kql.faults import Place, semantic

Test = Callable[[str, str], bool]

LONGEST_PATTERN = 500
LONGEST_SUBJECT = 10_000
"""Longer texts are cut before a regular expression sees them."""


def _has(text: str, term: str, *, left: bool = True, right: bool = True) -> bool:
    """Whether a term occurs between characters that are neither letters nor digits (string operators: terms)."""
    if not term:
        return True
    at = text.find(term)
    while at >= 0:
        end = at + len(term)
        starts = not left or at == 0 or not (text[at - 1].isalnum() and term[0].isalnum())
        stops = not right or end == len(text) or not (text[end].isalnum() and term[-1].isalnum())
        if starts and stops:
            return True
        at = text.find(term, at + 1)
    return False


_EXACT: Mapping[str, Test] = {
    "has": _has,
    "hasprefix": lambda text, term: _has(text, term, right=False),
    "hassuffix": lambda text, term: _has(text, term, left=False),
    "contains": lambda text, term: term in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def _folded(test: Test) -> Test:
    return lambda text, term: test(text.lower(), term.lower())


def _negated(test: Test) -> Test:
    return lambda text, term: not test(text, term)


def _tests() -> dict[str, Test]:
    found: dict[str, Test] = {
        "=~": lambda left, right: left.lower() == right.lower(),
        "!~": lambda left, right: left.lower() != right.lower(),
        ":": _folded(_has),
    }
    for word, test in _EXACT.items():
        found[word] = _folded(test)
        found[f"!{word}"] = _negated(_folded(test))
        found[f"{word}_cs"] = test
        found[f"!{word}_cs"] = _negated(test)
    return found


TEXT_TESTS: Mapping[str, Test] = _tests()
"""Operator -> test of two texts. Those that end with `_cs` heed letter case."""


def pattern_of(text: str, place: Place) -> re.Pattern[str]:
    """A regular expression that can be matched in bounded time: as RE2 has neither back references nor looking
    around, these are refused, and so is a repeated group with a repetition or a choice in it."""
    if len(text) > LONGEST_PATTERN or re.search(r"\(\?[=!<]|\\[1-9]", text) or _repeats_repetition(text):
        raise semantic(f"Regular expression '{text}' is not supported.", place)
    try:
        return re.compile(text)
    except re.error as fault:
        raise semantic(f"Regular expression '{text}' is invalid: {fault}.", place) from fault


def _repeats_repetition(text: str) -> bool:
    """Whether a group that holds `*`, `+`, `{` or `|` is itself repeated."""
    open_groups: list[bool] = []
    at = 0
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 1
        elif sign == "[":
            closing = text.find("]", at + 2)
            at = closing if closing > 0 else len(text)
        elif sign == "(":
            open_groups.append(False)
        elif sign == ")" and open_groups:
            holds = open_groups.pop()
            if holds and text[at + 1 : at + 2] in ("*", "+", "{"):
                return True
            if open_groups:
                open_groups[-1] = open_groups[-1] or holds
        elif sign in "*+{|" and open_groups:
            open_groups[-1] = True
        at += 1
    return False


def search(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return pattern.search(text[:LONGEST_SUBJECT])
