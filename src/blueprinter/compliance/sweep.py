"""One reading of inventory files, row by row, as fast as that goes: to judge rows, or to collect some.

A reading surveys as well: what there is, what is no resource, which ids come twice. Rows that are alike are counted by
the entry that they fall under; what is rare (a line that is no row, a type that was not met before) takes a slow way
that does all of it.
"""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Protocol, cast

import msgspec
import orjson

from blueprinter.arm import Value
from blueprinter.casing import fold
from blueprinter.compliance.marks import Marks, mark_of
from blueprinter.compliance.projecting import NEAR_TYPE, REFUSED, STATED, Decode
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
from blueprinter.policy import FAULTS, ByScope, Reads, name_of

ALWAYS = -1
"""The rank of an entry whose rows have to be looked at each time."""
NEVER = 1 << 61
"""The rank of an entry whose rows are only counted."""

_HEAD = 64
"""Characters of an id that hold all of its subscription."""
_HEADS = 20_000
_start = itemgetter(slice(_HEAD))
_ODD = (*FAULTS, orjson.JSONDecodeError)
_SUBSCRIPTION = "microsoft.resources/subscriptions"

Row = Mapping[str, Value]
Raw = bytes | memoryview
_PATIENCE = 32
"""Rows that a glance may refuse before it is asked whether it pays."""


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
    decode: Decode | None = None
    """Parses as much of a row as `decide` needs, where that is quicker than parsing all of it."""
    reads: Reads | None = None
    """How much of a row that is."""
    entries: dict[Hashable, Entry] = field(default_factory=dict)
    others: dict[int, Entry] = field(default_factory=dict)
    """Entries that `give_up` gave."""
    refused: int = 0
    """How many rows had to be parsed whole after all."""

    def regret(self) -> None:
        """Notes a row for which the glance was in vain; where most are, it is given up."""
        self.refused += 1
        if self.refused >= _PATIENCE and self.refused * 3 > self.rows():
            self.decode = None

    def rows(self) -> int:
        """How many resources it has."""
        return sum(one.count for one in (*self.entries.values(), *self.others.values()))


class Desk(Protocol):
    """What a reading is made for."""

    bar: int

    def cell(self, type: str, api_version: str) -> Cell: ...

    def look(
        self, cell: Cell, entry: Entry, row: Row, raw: Raw, file: int, line: int, *, whole: bool
    ) -> None:
        """Looks at a row. `raw` is its JSON, which may be kept as a copy only; unless it is `whole` the row holds no
        more of it than `decode` of the cell gave."""
        ...


class Sweep:
    """A reading of files. `repeated` are marks of ids that are known to come twice."""

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
        self.marks = Marks()
        """A number for each id."""
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
        self._by_spelling: dict[bytes, Cell] = {}
        """The same cells by the type as it stands in JSON."""
        self._all_cells: dict[tuple[str, str], Cell] = {}
        self._heads: Counter[str] = Counter()

    def read(self, file: int, part: Part | None) -> None:
        """Reads a part of a file; None = all of a file that cannot be cut. Raises `OSError`."""
        shown = self._files[file]
        self._file = file
        self._part = self.parts.setdefault(file, SurveyPart())
        self._versions = shown.manifest.api_versions() if shown.manifest else {}
        self._cells, self._by_spelling, self._all_cells, self._heads = {}, {}, {}, Counter()
        with without_collection():
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
        loads, view, end = orjson.loads, window.view, window.end
        find, is_ascii = window.data.find, window.data.isascii()
        spelled, near = self._by_spelling.get, len(NEAR_TYPE)
        cells, desk, file = self._cells, self._desk, self._file
        bar = desk.bar
        ids: list[str] = []
        add = ids.append
        start = 0
        while (stop := find(b"\n", start, end)) >= 0:
            number += 1
            line = view[start:stop]
            # a hint: the glance takes no row of another type
            place = find(NEAR_TYPE, start, stop) + near
            cell = spelled(bytes(view[place : find(b'"', place, stop)]))
            start = stop + 1
            # nothing is counted before everything is known: what raises is done again, with more of the row
            if cell is not None and (decode := cell.decode) is not None and (is_ascii or _is_ascii(line)):
                try:
                    row = decode(line)
                    id_ = row["id"]
                    if STATED in row or not id_:
                        raise msgspec.ValidationError
                    entry = cell.entries[cell.decide(row)]
                except REFUSED:
                    cell.regret()
                except FAULTS:
                    pass  # most of the time: verdicts that were not met before
                else:
                    add(id_)
                    entry.count += 1
                    if entry.lowest <= bar:
                        desk.look(cell, entry, row, line, file, number, whole=False)
                        bar = desk.bar
                    continue
            try:
                row = loads(line)
                id_ = row["id"]
                cell = cells[row["type"]]
                entry = cell.entries[cell.decide(row)]
                if "properties" not in row or STATED in row or type(id_) is not str or not id_:
                    raise KeyError
            except _ODD:
                self._count_ids(ids)
                for odd in row_of_line(number, bytes(line)):
                    self._any(odd)
                bar = desk.bar
            else:
                add(id_)
                entry.count += 1
                if entry.lowest <= bar:
                    desk.look(cell, entry, row, line, file, number, whole=True)
                    bar = desk.bar
        self._count_ids(ids)
        return number

    def _count_ids(self, ids: list[str]) -> None:
        """Notes the ids of rows that were counted, and forgets them."""
        self.marks.extend(ids)
        if self._scopes.is_constant:
            heads = Counter(map(_start, ids))
            if any(map(_is_cut, heads)):
                heads = Counter(map(_scope_by, ids))
        else:
            heads = Counter(map(self._scopes, ids))
        self._heads.update(heads)
        if len(self._heads) >= _HEADS:
            self._count_heads()
        self._ordinal += len(ids)
        ids.clear()

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
        mark = mark_of(id_)
        self._ordinal += 1
        if mark in self._repeated:
            if mark in self._met:
                self._part.repeated.append((self._ordinal - 1, row.line))
                self._part.rows[type_] = self._part.rows.get(type_, 0) + 1
                return
            self._met.add(mark)
        self.marks.add(mark)
        # JSON is a value: only lists and objects of templates can hold `Unknown` besides
        body = cast("dict[str, Value]", row.body)
        cell = self._cell(type_, body)
        entry = self._entry(cell, body, id_)
        self._note(id_, type_, body)
        entry.count += 1
        if entry.lowest <= self._desk.bar:
            self._desk.look(cell, entry, body, packed(body), self._file, row.line, whole=True)

    def _cell(self, type_: str, body: Row) -> Cell:
        stated = body.get("apiVersion")
        version = stated if isinstance(stated, str) else self._versions.get(type_key(type_), "")
        cell = self._all_cells.get((type_, version))
        if cell is None:
            cell = self._all_cells[type_, version] = self._desk.cell(type_, version)
            if "apiVersion" not in body and fold(type_) != _SUBSCRIPTION:
                self._cells[type_] = cell
                self._by_spelling[orjson.dumps(type_)[1:-1]] = cell
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
        self._heads[_scope_by(id_) if self._scopes.is_constant else self._scopes(id_)] += 1
        if len(self._heads) >= _HEADS:
            self._count_heads()
        self._part.without_properties += "properties" not in body
        if fold(type_) == _SUBSCRIPTION:
            properties = body.get("properties")
            shown = properties.get("displayName") if isinstance(properties, dict) else None
            self._part.subscriptions[id_] = shown if isinstance(shown, str) and shown else name_of(body)

    def _count_heads(self) -> None:
        for head, count in self._heads.items():
            self._part.scopes[head] = self._part.scopes.get(head, 0) + count
        self._heads.clear()


def _is_ascii(line: memoryview) -> bool:
    return bytes(line).isascii()


def _scope_by(id_: str) -> str:
    """The start of an id that tells its subscription."""
    head = id_[:_HEAD]
    return subscription_of(id_) if _is_cut(head) else head


def _is_cut(head: str) -> bool:
    """Whether the start of an id ends within its subscription, which is longer than Azure's are."""
    return len(head) == _HEAD and head.count("/") < 3


def packed(body: Row) -> bytes:
    """A row as JSON."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:  # numbers of any length, halves of surrogate pairs
        return json.dumps(body).encode()


def unpacked(raw: Raw) -> dict[str, Value]:
    """A row from what `packed` gave, or from a line."""
    try:
        return cast("dict[str, Value]", orjson.loads(raw))
    except orjson.JSONDecodeError:
        return cast("dict[str, Value]", json.loads(bytes(raw)))


@contextmanager
def without_collection() -> Iterator[None]:
    """Without the search for cycles, of which rows have none."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
