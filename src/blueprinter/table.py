"""Explicit tables from a name to an entry: the one form of every plug point.

A row is a value, never a subclass; the table is written out in one place; a duplicate name fails when
the module is imported; an unknown name can be answered with the nearest known one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from blueprinter.casing import fold
from blueprinter.text import did_you_mean


class Named(Protocol):
    """Anything with a name; names are compared without regard to case."""

    @property
    def name(self) -> str: ...


Row = TypeVar("Row", bound=Named)


class Table(Generic[Row]):
    """An immutable, ordered table of named rows, looked up without regard to case."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Iterable[Row]) -> None:
        """`rows` in the order in which they are shown; a name given twice raises `ValueError`."""
        by_name: dict[str, Row] = {}
        for row in rows:
            if fold(row.name) in by_name:
                raise ValueError(f"`{row.name}` stands twice in this table")
            by_name[fold(row.name)] = row
        self._rows = by_name

    def get(self, name: str) -> Row | None:
        """The row of that name, or None."""
        return self._rows.get(fold(name))

    def suggest(self, name: str) -> str | None:
        """A hint that names the nearest row, or None."""
        return did_you_mean(name, self.names())

    def names(self) -> tuple[str, ...]:
        """The names as they are spelled in the table, in its order."""
        return tuple(row.name for row in self._rows.values())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and fold(name) in self._rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)
