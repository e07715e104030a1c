"""One reading of inventory files, row by row, as fast as that goes: to judge rows, or to collect some.

A reading surveys as well: what there is, what is no resource, which ids come twice. Rows that are alike are counted by
the entry that they fall under; what is rare (a line that is no row, a type that was not met before) takes a slow way
that does all of it.
"""

from __future__ import annotations

import gc
import json
from array import array
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, cast

import orjson

from blueprinter.arm import Value
from blueprinter.casing import fold
from blueprinter.compliance.records import (
    MAX_RECORD,
    Fault,
    MorePages,
    Record,
    read_rows,
    row_of_line,
    too_long,
)
from blueprinter.compliance.scope import subscription_of, type_key
from blueprinter.compliance.survey import InventoryFile, SurveyPart
from blueprinter.compliance.windows import Part, Window, lines_before, windows
from blueprinter.policy import FAULTS, ByScope, name_of

ALWAYS = -1
"""The rank of an entry whose rows have to be looked at each time."""
NEVER = 1 << 61
"""The rank of an entry whose rows are only counted."""

_HEAD = 64
"""Characters of an id that hold all of its subscription."""
_HEADS = 20_000
_BUCKETS = 64
_ODD = (*FAULTS, orjson.JSONDecodeError)
_SUBSCRIPTION = "microsoft.resources/subscriptions"

Row = Mapping[str, Value]
Raw = bytes | memoryview


class Entry(Protocol):
    """Rows that are alike."""

    count: int
    lowest: int
    """The desk looks at its rows while this is not above the desk's bar."""


@dataclass(slots=True)
class Cell:
    """The rows of a file of one type, as they spell it, and of one API version."""

    type: str
    api_version: str
    decide: Callable[[Row], Hashable]
    """What makes rows alike. May raise `FAULTS`."""
    make: Callable[[Hashable], Entry]
    """The entry for what `decide` gave for the first time."""
    give_up: Callable[[str], Entry]
    """The entry of a row, by its id, on which `decide` raised."""
    entries: dict[Hashable, Entry] = field(default_factory=dict)
    others: dict[int, Entry] = field(default_factory=dict)
    """Entries that `give_up` gave."""

    def rows(self) -> int:
        """How many resources it has."""
        return sum(one.count for one in (*self.entries.values(), *self.others.values()))


class Desk(Protocol):
    """What a reading is made for."""

    bar: int

    def cell(self, type: str, api_version: str) -> Cell: ...

    def look(self, cell: Cell, entry: Entry, row: Row, raw: Raw, file: int, line: int) -> None:
        """Looks at a row. `raw` is its JSON, which may be kept as a copy only."""
        ...


class Sweep:
    """A reading of files. `repeated` are numbers of ids (`marks`) that are known to come twice."""

    def __init__(
        self,
        files: Sequence[InventoryFile],
        desk: Desk,
        scopes: ByScope[str],
        *,
        repeated: frozenset[int] = frozenset(),
    ) -> None:
        self.parts: dict[int, SurveyPart] = {}
        """What was found out about each file."""
        self.marks = [array("q") for _ in range(_BUCKETS)]
        """A number for each id, in buckets, in which equal numbers stand together."""
        self._files = files
        self._desk = desk
        self._scopes = scopes
        """The scope that an id is counted under, where its subscription does not tell."""
        self._repeated = repeated
        self._met: set[int] = set()
        self._ordinal = 0
        # of the file that is being read
        self._file = 0
        self._part = SurveyPart()
        self._versions: Mapping[str, str] = {}
        self._cells: dict[str, Cell] = {}
        self._all_cells: dict[tuple[str, str], Cell] = {}
        self._heads: dict[str, list[int]] = {}

    def read(self, file: int, part: Part | None) -> None:
        """Reads a part of a file; None = all of a file that cannot be cut. Raises `OSError`."""
        shown = self._files[file]
        self._file = file
        self._part = self.parts.setdefault(file, SurveyPart())
        self._versions = shown.manifest.api_versions() if shown.manifest else {}
        self._cells, self._all_cells, self._heads = {}, {}, {}
        with _without_collection():
            if part is None:
                for row in read_rows(shown.path):
                    self._any(row)
            else:
                self._lines(part)
        for cell in self._all_cells.values():
            self._part.count_type(cell.type, cell.rows())
        self._count_heads()

    # ------------------------------------------------------------ the fast way

    def _lines(self, part: Part) -> None:
        number = lines_before(part)
        for window in windows(part):
            if window.too_long:
                number += 1
                self._any(too_long(number))
            elif self._repeated or window.end > MAX_RECORD:
                number = self._slowly(window, number)
            else:
                number = self._quickly(window, number)

    def _quickly(self, window: Window, number: int) -> int:
        """The lines of a window; `number` lines stand before it. The number of lines up to its end."""
        loads, find, view, end = orjson.loads, window.data.find, window.view, window.end
        cells, heads, desk, file = self._cells, self._heads, self._desk, self._file
        add = [bucket.append for bucket in self.marks]
        scopes = None if self._scopes.is_constant else self._scopes
        start = 0
        while (stop := find(b"\n", start, end)) >= 0:
            number += 1
            # nothing is counted before everything is known: what raises is done again, from the start
            try:
                row = loads(view[start:stop])
                id_ = row["id"]
                cell = cells[row["type"]]
                entry = cell.entries[cell.decide(row)]
                head = heads[id_[:_HEAD] if scopes is None else scopes(id_)]
                mark = hash(id_.casefold())
                if "properties" not in row or "apiVersion" in row:
                    raise KeyError
            except _ODD:
                for odd in row_of_line(number, bytes(view[start:stop])):
                    self._any(odd)
            else:
                head[0] += 1
                add[mark % _BUCKETS](mark)
                entry.count += 1
                if entry.lowest <= desk.bar:
                    desk.look(cell, entry, row, view[start:stop], file, number)
            start = stop + 1
        return number

    # ------------------------------------------------------------ the slow way

    def _slowly(self, window: Window, number: int) -> int:
        for line in bytes(window.view[: window.end]).split(b"\n")[:-1]:
            number += 1
            if len(line) >= MAX_RECORD:
                self._any(too_long(number))
                continue
            for row in row_of_line(number, line):
                self._any(row)
        return number

    def _any(self, row: Record | Fault | MorePages) -> None:
        """One row, or what stands in its place."""
        if not isinstance(row, Record):
            self._part.troubles.append(row)
            return
        id_, type_ = row.body.get("id"), row.body.get("type")
        if not (isinstance(id_, str) and id_ and isinstance(type_, str) and type_):
            self._part.troubles.append(row)
            return
        mark = hash(fold(id_))
        self._ordinal += 1
        if mark in self._repeated:
            if mark in self._met:
                self._part.repeated.append((self._ordinal - 1, row.line))
                self._part.rows[type_] = self._part.rows.get(type_, 0) + 1
                return
            self._met.add(mark)
        self.marks[mark % _BUCKETS].append(mark)
        # JSON is a value: only lists and objects of templates can hold `Unknown` besides
        body = cast("dict[str, Value]", row.body)
        cell = self._cell(type_, body)
        entry = self._entry(cell, body, id_)
        self._note(id_, type_, body)
        entry.count += 1
        if entry.lowest <= self._desk.bar:
            self._desk.look(cell, entry, body, packed(body), self._file, row.line)

    def _cell(self, type_: str, body: Row) -> Cell:
        stated = body.get("apiVersion")
        version = stated if isinstance(stated, str) else self._versions.get(type_key(type_), "")
        cell = self._all_cells.get((type_, version))
        if cell is None:
            cell = self._all_cells[type_, version] = self._desk.cell(type_, version)
            if "apiVersion" not in body and fold(type_) != _SUBSCRIPTION:
                self._cells[type_] = cell
        return cell

    def _entry(self, cell: Cell, body: Row, id_: str) -> Entry:
        try:
            key = cell.decide(body)
        except FAULTS:
            other = cell.give_up(id_)
            return cell.others.setdefault(id(other), other)
        if key not in cell.entries:
            cell.entries[key] = cell.make(key)
        return cell.entries[key]

    def _note(self, id_: str, type_: str, body: Row) -> None:
        """What the survey wants to know of a resource."""
        if not self._scopes.is_constant:
            key = self._scopes(id_)
        elif len(id_) > _HEAD and id_.count("/", 0, _HEAD) < 3:
            key = subscription_of(id_)  # too long to be a subscription of Azure's
        else:
            key = id_[:_HEAD]
        if key not in self._heads:
            if len(self._heads) >= _HEADS:
                self._count_heads()
            self._heads[key] = [0]
        self._heads[key][0] += 1
        self._part.without_properties += "properties" not in body
        if fold(type_) == _SUBSCRIPTION:
            properties = body.get("properties")
            shown = properties.get("displayName") if isinstance(properties, dict) else None
            self._part.subscriptions[id_] = shown if isinstance(shown, str) and shown else name_of(body)

    def _count_heads(self) -> None:
        for head, (count,) in self._heads.items():
            self._part.scopes[head] = self._part.scopes.get(head, 0) + count
        self._heads.clear()


def packed(body: Row) -> bytes:
    """A row as JSON."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:  # numbers of any length, halves of surrogate pairs
        return json.dumps(body).encode()


def unpacked(raw: bytes) -> dict[str, Value]:
    """A row from what `packed` gave, or from a line."""
    try:
        return cast("dict[str, Value]", orjson.loads(raw))
    except orjson.JSONDecodeError:
        return cast("dict[str, Value]", json.loads(raw))


def twice(marks: Sequence[array[int]]) -> frozenset[int]:
    """The numbers that stand for more than one id, or for one id that comes more than once."""
    found: set[int] = set()
    for bucket in marks:
        if len(set(bucket)) < len(bucket):
            met: set[int] = set()
            for mark in bucket:
                (found if mark in met else met).add(mark)
    return frozenset(found)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Without the search for cycles, of which rows have none."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
