"""The names of columns that are given none."""

from __future__ import annotations


class Namer:
    """Names for the columns of one operator: what was asked for, else what the expression is called, else `Column1`,
    `Column2`, …; a name that is taken already gets a number behind it."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._nameless = 0

    def name(self, wanted: str, own: str) -> str:
        found = wanted or own
        if not found:
            self._nameless += 1
            found = f"Column{self._nameless}"
        found = free_name(found, self._taken)
        self._taken.add(found)
        return found


def free_name(name: str, taken: set[str]) -> str:
    """The name, with the first number behind it that makes it new."""
    if name not in taken:
        return name
    number = 1
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"
