"""Rows of some types kept for later: the resources beside the judged ones that policies ask for."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import cast

from blueprinter.compliance.projecting import glance
from blueprinter.compliance.related import Bodies, Stored
from blueprinter.compliance.scope import type_key
from blueprinter.compliance.survey import InventoryFile
from blueprinter.compliance.sweep import ALWAYS, NEVER, Cell, Entry, Raw, Row
from blueprinter.policy import Reads


@dataclass(slots=True)
class _Rows:
    count: int = 0
    lowest: int = NEVER


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

    def cell(self, type: str, api_version: str) -> Cell:
        wanted = self._wanted is None or type_key(type) in self._wanted
        rows = _Rows(lowest=ALWAYS if wanted else NEVER)

        def make(key: Hashable) -> Entry:
            return rows

        def give_up(id: str) -> Entry:
            return rows

        return Cell(type, api_version, _alike, make, give_up, decode=glance(type, Reads()))

    def look(
        self, cell: Cell, entry: Entry, row: Row, raw: Raw, file: int, line: int, *, whole: bool
    ) -> None:
        stored = self._bodies.put(raw, self._shown[file], line, cell.api_version)
        self.rows.append((cell.type, cast(str, row["id"]), stored))


def _alike(row: Row) -> Hashable:
    return 0
