"""Rows of some types kept for later: the resources beside the judged ones that policies ask for."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import cast

from msgspec import Struct

from blueprinter.compliance.cells import ALWAYS, NEVER, Cell, Entries, Entry, Row
from blueprinter.compliance.related import Bodies, Stored
from blueprinter.compliance.scope import type_key
from blueprinter.compliance.survey import InventoryFile
from blueprinter.policy import NOTHING_SEEN, Reads


class _Rows(Struct, eq=False):
    type: str
    api_version: str
    lowest: int
    count: int = 0


class CollectingDesk:
    """Keeps the rows of these types; None = of all."""

    bar = 0

    def __init__(
        self, files: Collection[InventoryFile], types: Collection[str] | None, bodies: Bodies
    ) -> None:
        self._shown = [file.shown for file in files]
        self._wanted = None if types is None else frozenset(map(type_key, types))
        self._bodies = bodies
        self.rows: list[tuple[str, str, Stored]] = []
        """Type, id and place of every row that was kept."""

    def cell(self, type: str, api_version: str, file: int) -> Cell:
        wanted = self._wanted is None or type_key(type) in self._wanted
        rows = _Rows(type, api_version, ALWAYS if wanted else NEVER)

        def make(key: Hashable) -> Entry:
            return rows

        def give_up(id: str) -> Entry:
            return rows

        return Cell(type, api_version, _alike, Entries(make), give_up, Reads(), lambda whole: NOTHING_SEEN)

    def tidy(self) -> None:
        """Nothing is held that could be dropped."""

    def look(self, entry: Entry, row: Row, raw: bytes, file: int, line: int) -> None:
        rows = cast(_Rows, entry)
        stored = self._bodies.put(raw, self._shown[file], line, rows.api_version)
        self.rows.append((rows.type, cast(str, row["id"]), stored))

    def glimpse(
        self, entries: Sequence[Entry], ids: Sequence[str], lines: Sequence[bytes], file: int, number: int
    ) -> Sequence[int]:
        for place, entry in enumerate(entries):
            if entry.lowest <= self.bar:
                self.look(entry, {"id": ids[place]}, lines[place], file, number + place + 1)
        return ()


def _alike(row: Row) -> Hashable:
    return 0
