"""One reading of inventory files, row by row, as fast as that goes: to judge rows, or to collect some.

A reading surveys as well: what there is, what is no resource, which ids come twice. Rows that are alike are counted by
the entry that they fall under; what is rare (a line that is no row, a type that was not met before) takes a slow way
that does all of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Protocol, cast

import orjson

from blueprinter.arm import Value
from blueprinter.casing import fold, get
from blueprinter.collection import without_collection
from blueprinter.compliance.cells import Cell, Entry, Row
from blueprinter.compliance.marks import Marks, mark_of
from blueprinter.compliance.projecting import REFUSED, STATED, Decode, RowPart, decoder_of
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
from blueprinter.compliance.windows import Part, lines_before, windows
from blueprinter.policy import FAULTS, ByScope, name_of

_HEAD = 64
"""Characters of an id that hold all of its subscription."""
_HEADS = 20_000
_start = itemgetter(slice(_HEAD))
_ODD = (*FAULTS, orjson.JSONDecodeError)
_SUBSCRIPTION = "microsoft.resources/subscriptions"

_IDS = 1_000


class Desk(Protocol):
    """What a reading is made for."""

    bar: int

    def cell(self, type: str, api_version: str, file: int) -> Cell: ...

    def look(self, entry: Entry, row: Row, raw: bytes, file: int, line: int) -> None:
        """Looks at a row; `raw` is its JSON."""
        ...

    def tidy(self) -> None:
        """May drop entries, for no row is being counted."""
        ...

    def glimpse(
        self, entries: Sequence[Entry], ids: Sequence[str], lines: Sequence[bytes], file: int, number: int
    ) -> Sequence[int]:
        """Looks at those of several rows whose entries want it; they are not parsed. `number`: of lines before them.
        Gives the places of those that had to be."""
        ...


class Sweep:
    """A reading of files. `repeated` are marks of ids that are known to come twice; `surveys`: unless ids were counted
    before."""

    def __init__(
        self,
        files: Sequence[InventoryFile],
        desk: Desk,
        scopes: ByScope[str],
        *,
        repeated: frozenset[int] = frozenset(),
        surveys: bool = True,
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
        self._surveys = surveys
        self._met: set[int] = set()
        self._ordinal = 0
        # of the file that is being read
        self._file = -1
        self._part = SurveyPart()
        self._versions: Mapping[str, str] = {}
        self._cells: dict[str, Cell] = {}
        """The cells of rows that state no API version, by type."""
        self._decode: Decode | None = None
        """Parses rows of `_decoded` types in part."""
        self._decoded = 0
        self._missed = 0
        """Rows of types that it could parse besides."""
        self._all_cells: dict[tuple[str, str], Cell] = {}
        self._before: dict[tuple[str, str], int] = {}
        """Rows of cells that are not this reading's."""
        self._ids: list[str] = []
        """Of resources that are counted, but not noted yet."""
        self._heads: Counter[str] = Counter()

    def _turn_to(self, file: int) -> None:
        """Makes ready for a file; what was learnt of the rows of another one is forgotten."""
        self.finish()
        shown = self._files[file]
        self._file = file
        self._part = self.parts.setdefault(file, SurveyPart())
        self._versions = shown.manifest.api_versions() if shown.manifest else {}
        self._cells, self._all_cells, self._before, self._heads = {}, {}, {}, Counter()
        self._decode, self._decoded, self._missed = None, 0, 0

    def read(self, file: int, part: Part | None) -> None:
        """Reads a part of a file, which comes behind what was read of it; None = all of a file that cannot be cut.
        Raises `OSError`."""
        if file != self._file:
            self._turn_to(file)
        with without_collection():
            if part is None:
                for row in read_rows(self._files[file].path):
                    self._any(row)
                    if len(self._ids) >= _IDS:
                        self._count_ids()
                        self._desk.tidy()
            else:
                self._lines(part)
            self._count_ids()

    def finish(self) -> None:
        """Notes what was counted of the file that was read last."""
        for key, cell in self._all_cells.items():
            rows = cell.rows()
            if more := rows - self._before.get(key, 0):
                self._part.count_type(cell.type, more)
                self._before[key] = rows
        self._count_heads()

    def go_on(self) -> None:
        """Forgets what was counted, but not what was learnt of rows: another process goes on elsewhere."""
        self._before = {key: cell.rows() for key, cell in self._all_cells.items()}
        self._part = SurveyPart()
        self.parts = {self._file: self._part} if self._all_cells else {}
        self.marks = Marks()
        self._heads.clear()

    # ------------------------------------------------------------ the fast way

    def _lines(self, part: Part) -> None:
        number = lines_before(part)
        for lines in windows(part):
            if self._repeated or len(lines[-1]) > MAX_RECORD:
                self._slowly(lines, number)
            else:
                self._quickly(lines, number)
            number += len(lines)
            if len(self._ids) >= _IDS:
                self._count_ids()
            self._desk.tidy()

    def _quickly(self, lines: Sequence[bytes], number: int) -> None:
        """Lines before which there are `number` others."""
        parts = self._parts(lines)
        found = [part.entry(line) for part, line in zip(parts, lines, strict=True)]
        counted = Counter(found)
        odd = counted.pop(None, 0)
        for entry, count in counted.items():
            entry.count += count
        done = 0
        if odd:
            for place in [place for place, entry in enumerate(found) if entry is None]:
                self._glimpse(found[done:place], parts[done:place], lines[done:place], number + done)
                done = place + 1
                self._odd(lines[place], number + done)
            found, parts, lines = found[done:], parts[done:], lines[done:]
        self._glimpse(found, parts, lines, number + done)

    def _glimpse(
        self, found: Sequence[Entry], parts: Sequence[RowPart], lines: Sequence[bytes], number: int
    ) -> None:
        ids = [part.id for part in parts]
        self._ids.extend(ids)
        for place in self._desk.glimpse(found, ids, lines, self._file, number):
            self._cells[parts[place].spelled].note_look()

    def _parts(self, lines: Sequence[bytes]) -> list[RowPart]:
        """The lines parsed in part."""
        if self._missed > self._decoded // 2:
            self._renew()
        if self._decode is None:
            return [_NO_PART] * len(lines)
        parts: list[RowPart] = []
        rest = map(self._decode, lines)
        while True:
            try:
                parts.extend(rest)
                break
            except REFUSED:
                parts.append(_NO_PART)
        if not all(map(bytes.isascii, lines)):  # text that is skipped is not looked into
            parts = [part if _is_text(line) else _NO_PART for line, part in zip(lines, parts, strict=True)]
        return parts

    def _wish(self) -> None:
        self._missed += 1

    def _insist(self) -> None:
        self._missed += self._decoded

    def _renew(self) -> None:
        """Makes the parser anew, for all types that can be parsed in part by now."""
        classes = [part for cell in self._cells.values() if (part := cell.part or cell.begin()) is not None]
        self._decode = decoder_of(classes) if classes else None
        self._decoded, self._missed = len(classes), 0

    def _odd(self, line: bytes, number: int) -> None:
        """A line that has to be parsed whole."""
        try:
            row = orjson.loads(line)
            id_ = row["id"]
            cell = self._cells[row["type"]]
            if row.get("properties") is None or STATED in row or type(id_) is not str or not id_:
                raise KeyError
            key = cell.decide(row)
        except _ODD:
            for odd in row_of_line(number, line):
                self._any(odd)
            return
        cell.learn(row)
        entry = cell.entries[key]
        self._ids.append(id_)
        entry.count += 1
        if entry.lowest <= self._desk.bar:
            self._desk.look(entry, row, line, self._file, number)

    def _count_ids(self) -> None:
        """Notes the ids of rows that were counted, and forgets them."""
        ids = self._ids
        if not self._surveys:
            ids.clear()
            return
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
        ids.clear()

    # ------------------------------------------------------------ the slow way

    def _slowly(self, lines: Sequence[bytes], number: int) -> None:
        for place, line in enumerate(lines, number + 1):
            if len(line) > MAX_RECORD:
                self._any(too_long(place))
                continue
            for row in row_of_line(place, line):
                self._any(row)

    def _any(self, row: Record | Fault | MorePages) -> None:
        """One row, or what stands in its place."""
        if not isinstance(row, Record):
            self._part.troubles.append(row)
            return
        id_, type_ = row.body.get("id"), row.body.get("type")
        if not (isinstance(id_, str) and id_ and isinstance(type_, str) and type_):
            self._part.troubles.append(row)
            return
        self._ordinal += 1
        if self._repeated and (mark := mark_of(id_)) in self._repeated:
            if mark in self._met:
                self._part.repeated.append((self._ordinal - 1, row.line))
                self._part.rows[type_] = self._part.rows.get(type_, 0) + 1
                return
            self._met.add(mark)
        self._ids.append(id_)
        # JSON is a value: only lists and objects of templates can hold `Unknown` besides
        body = cast("dict[str, Value]", row.body)
        cell = self._cell(type_, body)
        entry = self._entry(cell, body, id_)
        self._note(id_, type_, body)
        entry.count += 1
        if entry.lowest <= self._desk.bar:
            self._desk.look(entry, body, packed(body), self._file, row.line)

    def _cell(self, type_: str, body: Row) -> Cell:
        stated = body.get("apiVersion")
        version = stated if isinstance(stated, str) else self._versions.get(type_key(type_), "")
        cell = self._all_cells.get((type_, version))
        if cell is None:
            cell = self._all_cells[type_, version] = self._desk.cell(type_, version, self._file)
            cell.wish, cell.insist = self._wish, self._insist
            if "apiVersion" not in body and fold(type_) != _SUBSCRIPTION:
                self._cells[type_] = cell
        return cell

    def _entry(self, cell: Cell, body: Row, id_: str) -> Entry:
        try:
            key = cell.decide(body)
        except FAULTS:
            other = cell.give_up(id_)
            return cell.others.setdefault(id(other), other)
        return cell.entries[key]

    def _note(self, id_: str, type_: str, body: Row) -> None:
        """What the survey wants to know of a resource."""
        self._part.without_properties += get(body, "properties") is None
        if fold(type_) == _SUBSCRIPTION:
            properties = body.get("properties")
            shown = properties.get("displayName") if isinstance(properties, dict) else None
            self._part.subscriptions[id_] = shown if isinstance(shown, str) and shown else name_of(body)

    def _count_heads(self) -> None:
        for head, count in self._heads.items():
            self._part.scopes[head] = self._part.scopes.get(head, 0) + count
        self._heads.clear()


_NO_PART = RowPart("-")
"""In place of part of a row that has to be parsed whole."""


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


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


def unpacked(raw: bytes | memoryview) -> dict[str, Value]:
    """A row from what `packed` gave, or from a line."""
    try:
        return cast("dict[str, Value]", orjson.loads(raw))
    except orjson.JSONDecodeError:
        return cast("dict[str, Value]", json.loads(bytes(raw)))
