"""Rows judged by the programs of a policy set: counted by verdict, with records and the worst findings."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import IO, NamedTuple, cast

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm import Origin, Resource, Value
from blueprinter.casing import fold
from blueprinter.compliance.cells import NEVER, Cell, Entries, Row
from blueprinter.compliance.cells import Entry as Counted
from blueprinter.compliance.clerk import Answers, Clerk, Entry, Shelf, Shown, Telling
from blueprinter.compliance.findings import Shortlist
from blueprinter.compliance.marks import Marks
from blueprinter.compliance.model import Finding, Form, Pair, Recorder
from blueprinter.compliance.survey import InventoryFile, SurveyPart
from blueprinter.compliance.sweep import unpacked
from blueprinter.policy import (
    FAULTS,
    BulkPolicies,
    ByScope,
    Code,
    Lookup,
    Outcome,
    Program,
    Reason,
    Said,
    resource_of,
    weight_of_key,
)

_BATCH = 256 * 1024
"""Bytes of records that are written at once."""
_MOST_HELD = 8_000_000
"""Bytes of records with blanks that are kept."""
_OVERHEAD = 256
_LONGEST_KEY = 1_024
_NONE: Mapping[int, Said] = MappingProxyType({})
_MARK = "a-text-of-the-resource-7120663849154403"
_MARKED = f'"{_MARK}"'.encode()
"""What stands in a record where the text of a resource is put."""
_ID, _LINE = b"\1", b"\2"
"""What stands in records where the id of a row and its line are put: nothing that JSON could hold."""


class Sheet:
    """Rows of an entry for which the same words say what decided."""

    __slots__ = ("code", "count", "entry", "first", "lowest", "records")

    def __init__(self, entry: Entry, code: Code) -> None:
        self.entry = entry
        self.code = code
        self.count = 0
        self.lowest = entry.lowest
        self.records: list[bytes] | None = None
        """The records of a row: what stands between its ids, with `_LINE` in place of its line; None = not known, or
        every row has its own."""
        self.first = NEVER
        """The lowest rank of a finding among them, once they are known."""


class Candidate(NamedTuple):
    """A finding that is still to be made of a row."""

    file: int
    line: int
    row: bytes
    api_version: str
    policy: int
    code: Code
    """What its program gave; a number alone does not say what decided."""
    pair: Pair
    exemption: str
    controls: tuple[str, ...]


class Tally(Struct):
    """What a reading found out. Nothing in it is bound to the process that made it."""

    parts: dict[int, SurveyPart]
    """By file."""
    marks: Marks
    alike: dict[tuple[Answers, frozenset[int]], int] = field(default_factory=dict)
    """How many resources have these verdicts and lie in the scopes of these exemptions, in the order of reading."""
    touched: dict[str, set[int]] = field(default_factory=dict)
    """Types as spelled -> the policies that gave a state on one of their resources."""
    worst: Shortlist[Candidate] = field(default_factory=lambda: Shortlist[Candidate](0))

    def add(self, other: Tally) -> None:
        """What a reading of what comes behind found out."""
        for file, part in other.parts.items():
            self.parts.setdefault(file, SurveyPart()).add(part)
        self.marks.merge(other.marks)
        for key, count in other.alike.items():
            self.alike[key] = self.alike.get(key, 0) + count
        for type_, policies in other.touched.items():
            self.touched.setdefault(type_, set()).update(policies)
        self.worst.merge(other.worst)


class Judging(Struct, frozen=True, eq=False):
    """What rows are judged by."""

    files: Sequence[InventoryFile]
    policies: BulkPolicies
    clerk: Clerk
    covering: ByScope[frozenset[int]]
    """The exemptions in whose scopes an id lies."""
    lookup: Lookup
    recorder: Recorder | None

    def desk(self, recorder: Recorder | None) -> JudgingDesk:
        return JudgingDesk(self.files, self.policies, self.clerk, self.covering, self.lookup, recorder)


class Spooled(Struct, frozen=True, eq=False):
    """A recorder whose records wait in a file."""

    recorder: Recorder
    file: IO[bytes]

    def line(self, finding: Finding) -> bytes:
        return self.recorder.line(finding)

    def form(self, finding: Finding) -> Form | None:
        return self.recorder.form(finding)

    def write(self, records: bytes) -> None:
        self.file.write(records)

    def restart(self) -> bool:
        return False


class JudgingDesk:
    """Judges rows. `clerk` knows what a verdict means."""

    def __init__(
        self,
        files: Sequence[InventoryFile],
        policies: BulkPolicies,
        clerk: Clerk,
        covering: ByScope[frozenset[int]],
        lookup: Lookup,
        recorder: Recorder | None,
    ) -> None:
        """`covering`: the exemptions in whose scopes an id lies."""
        self._files = files
        self._policies = policies
        self._clerk = clerk
        self._covering = covering
        self._lookup = lookup
        self._asking = policies.asking(lookup, worded=recorder is not None)
        self._recorder = recorder
        self._worst: Shortlist[Candidate] = Shortlist(clerk.limit)
        self.bar = self._worst.bar
        """The highest rank of which something is still wanted."""
        self._entries: list[Entry] = []
        """In the order in which they were met."""
        self._before: dict[int, int] = {}
        """What entries had counted before this desk went on in another process."""
        self._worded: dict[int, tuple[Cell, dict[tuple[int, Hashable], Entry]]] = {}
        """Cells that have sheets, each with its entries by number and whereabouts."""
        self._shelves: dict[int, Shelf] = {}
        """The shelf of the file that is being read."""
        self._waiting: list[bytes] = []
        self._size = 0
        self._held = 0
        """About how many bytes of records with blanks the entries keep."""

    # ------------------------------------------------------------ cells

    def cell(self, type: str, api_version: str, file: int) -> Cell:
        circles = self._policies.circles
        if file not in self._shelves:
            self._shelves = {file: {}}
        shelf = self._shelves[file]
        if not circles.is_constant:
            return self._scattered(type, api_version, shelf)
        program = self._policies.program(type, api_version, circles(""))
        masked = not self._covering.is_constant and self._clerk.concerned(program)
        everywhere = self._covering("") if self._covering.is_constant else frozenset[int]()
        given_up: dict[frozenset[int], Entry] = {}

        def give_up(id: str) -> Entry:
            within = self._covering(id) if masked else everywhere
            if within not in given_up:
                given_up[within] = self._new(type, program, program.unknown(), within, shelf)
            return given_up[within]

        def decide(row: Row) -> Hashable:
            code = program.decide(row)
            return (code, self._covering(cast(str, row["id"]))) if masked else code

        def make(key: Hashable) -> Counted:
            code, within = cast("tuple[Code, frozenset[int]]", key) if masked else (key, everywhere)
            return self._entry(cell, program, cast(Code, code), within, within, shelf)

        cell = Cell(
            type,
            api_version,
            decide if masked else program.decide,
            Entries(make),
            give_up,
            program.reads,
            program.sight,
            self._covering if masked else None,
        )
        return cell

    def _scattered(self, type: str, api_version: str, shelf: Shelf) -> Cell:
        """A cell where it matters for the policies in force where a resource lies."""
        policies = self._policies
        given_up: dict[tuple[frozenset[int], frozenset[int]], Entry] = {}

        def decide(row: Row) -> tuple[Code, frozenset[int], frozenset[int]]:
            id_ = cast(str, row["id"])
            circle = policies.circles(id_)
            return policies.program(type, api_version, circle).decide(row), circle, self._covering(id_)

        def make(key: Hashable) -> Counted:
            code, circle, within = cast("tuple[Code, frozenset[int], frozenset[int]]", key)
            program = policies.program(type, api_version, circle)
            return self._entry(cell, program, code, within, (circle, within), shelf)

        def give_up(id: str) -> Entry:
            circle, within = policies.circles(id), self._covering(id)
            if (circle, within) not in given_up:
                program = policies.program(type, api_version, circle)
                given_up[circle, within] = self._new(type, program, program.unknown(), within, shelf)
            return given_up[circle, within]

        cell = Cell(type, api_version, decide, Entries(make), give_up)
        return cell

    def _entry(
        self,
        cell: Cell,
        program: Program,
        code: Code,
        within: frozenset[int],
        where: Hashable,
        shelf: Shelf,
    ) -> Counted:
        """The entry for a code. Where it says what decided, the words for it go with a sheet of their own."""
        if isinstance(code, int):
            return self._new(cell.type, program, program.outcomes(code), within, shelf)
        known = self._worded.setdefault(id(cell), (cell, {}))[1]
        entry = known.get((code[0], where))
        if entry is None:
            entry = known[code[0], where] = self._new(
                cell.type, program, program.outcomes(code), within, shelf
            )
            cell.others[id(entry)] = entry
        self._hold(weight_of_key(code))
        return Sheet(entry, code)

    def _new(
        self,
        type: str,
        program: Program,
        outcomes: Sequence[Outcome],
        within: frozenset[int],
        shelf: Shelf,
    ) -> Entry:
        entry = self._clerk.entry(type, program, outcomes, within, shelf)
        if entry.asks and self._recorder is None:
            version = program.target.api_version
            said = [self._asking.foreseen(outcome, type, version) for outcome in entry.asks]
            if any(said):
                entry = self._clerk.foretold(entry, [one for one in said if one is not None])
        self._entries.append(entry)
        return entry

    # ------------------------------------------------------------ rows that are looked at

    def glimpse(
        self, entries: Sequence[Counted], ids: Sequence[str], lines: Sequence[bytes], file: int, number: int
    ) -> Sequence[int]:
        bar, waiting, size = self.bar, self._waiting, 0
        parsed: list[int] = []
        places = [place for place, entry in enumerate(entries) if entry.lowest <= bar]
        for place, id_ in zip(places, _within_quotes([ids[place] for place in places]), strict=True):
            entry, line = entries[place], number + place + 1
            if type(entry) is Sheet and (between := entry.records or self._composed(entry)) is not None:
                records = id_.join(between).replace(_LINE, b"%d" % line)
                waiting.append(records)
                size += len(records)
                if entry.first <= bar and entry.first <= self.bar:
                    self._shortlist(entry.entry, entry.code, ids[place], lines[place], file, line)
            elif type(entry) is Entry and self._recorder is None and not entry.asks:
                if entry.first <= self.bar:
                    self._shortlist(entry, 0, ids[place], lines[place], file, line)
            else:
                parsed.append(place)
                self.look(entry, unpacked(lines[place]), lines[place], file, line)
        self._size += size
        if self._size >= _BATCH:
            self._flush()
        return parsed

    def look(self, entry: Counted, row: Row, raw: bytes, file: int, line: int) -> None:
        sheet = entry if isinstance(entry, Sheet) else Sheet(cast(Entry, entry), 0)
        if sheet.records is not None:
            self.glimpse([entry], [cast(str, row["id"])], [raw], file, line - 1)
            return
        known = sheet.entry
        answers: Mapping[int, Said] = _NONE
        if known.asks:
            known, answers = self._ask(known, row, file, line)
        if known.lowest > self.bar:
            return
        if self._recorder is not None:
            self._record(self._recorder, sheet, known, row, file, line, answers)
        if known.first <= self.bar:
            code = sheet.code if known is sheet.entry else 0
            self._shortlist(known, code, cast(str, row["id"]), raw, file, line)

    def _shortlist(self, entry: Entry, code: Code, id: str, raw: bytes, file: int, line: int) -> None:
        """Puts the findings of a row on the list of the worst."""
        folded = fold(id)
        if not self._worst.takes(entry.first, folded):
            return  # nor what comes behind it
        for one in entry.shown:
            if one.rank <= self.bar and self._worst.takes(one.rank, folded):
                candidate = Candidate(
                    file,
                    line,
                    raw,
                    entry.program.target.api_version,
                    one.policy,
                    code,
                    one.pair,
                    one.exemption,
                    one.controls,
                )
                self._worst.offer(one.rank, folded, one.tail, candidate)
        self.bar = self._worst.bar

    def _ask(self, entry: Entry, row: Row, file: int, line: int) -> tuple[Entry, Mapping[int, Said]]:
        """What the interpreter says of a row; the entry that the row falls under with it."""
        resource = self._resource(row, file, line, entry.program.target.api_version)
        said = self._asking.ask(entry.asks, resource)
        before = len(entry.settled)
        found = self._clerk.settle(entry, said)
        if len(entry.settled) > before:
            self._entries.append(found)
        found.count += 1
        return found, _NONE if self._recorder is None else {one.policy: one for one in said}

    def _resource(self, row: Row, file: int, line: int, api_version: str) -> Resource:
        return resource_of(row, Origin(self._files[file].shown, line, 1), api_version=api_version)

    # ------------------------------------------------------------ records

    def _flush(self) -> None:
        """Hands over the records that wait."""
        if self._recorder is not None and self._waiting:
            self._recorder.write(b"".join(self._waiting))
        self._waiting.clear()
        self._size = 0

    def _record(
        self,
        recorder: Recorder,
        sheet: Sheet,
        entry: Entry,
        row: Row,
        file: int,
        line: int,
        answers: Mapping[int, Said],
    ) -> None:
        """The records of a row; if nothing but id and line of the row is special about them, they are what the sheet
        says of the next row."""
        resource = self._resource(row, file, line, entry.program.target.api_version)
        id_, type_, number = _as_json(resource.id), _as_json(resource.type), b"%d" % line
        lines: list[bytes] = []
        forms: list[Form] = []
        for one in entry.shown:
            said = answers.get(one.policy)
            if said is None:
                found = self._form(recorder, entry.program, one, sheet.code, resource)
            else:
                found = self._said_form(recorder, one, said, resource)
            if found is None:
                state = (
                    self._policies.state_of_policy(one.policy, resource, self._lookup)
                    if said is None
                    else self._asking.state(said, resource)
                )
                lines.append(recorder.line(one.finding(state)))
                continue
            for form in found:
                forms.append(form)
                start, middle, near, end = form
                lines.append(b"".join((start, id_, middle, type_, near, number, end)))
        self._waiting.extend(lines)
        self._size += sum(map(len, lines))
        if self._size >= _BATCH:
            self._flush()
        if entry is sheet.entry and len(forms) == len(lines):
            self._compose(sheet, forms)

    def _composed(self, sheet: Sheet) -> list[bytes] | None:
        """The records of a sheet; None = not all of their words are known yet."""
        code = sheet.code
        if self._recorder is None or sheet.entry.asks or isinstance(code, int):
            return None
        forms: list[Form] = []
        for one in sheet.entry.shown:
            try:
                found = None if one.reason is None else _known_form(one, one.reason, one.reason.key(code))
            except FAULTS:
                return None
            if found is None:
                return None
            forms.extend(found)
        return self._compose(sheet, forms)

    def _compose(self, sheet: Sheet, forms: Sequence[Form]) -> list[bytes]:
        type_ = _as_json(sheet.entry.type)
        records = b"".join(
            [
                part
                for start, middle, near, end in forms
                for part in (start, b'"', _ID, b'"', middle, type_, near, _LINE, end)
            ]
        )
        sheet.records = records.split(_ID)
        sheet.first = sheet.entry.first
        self._hold(len(records))
        return sheet.records

    def _form(
        self, recorder: Recorder, program: Program, one: Shown, code: Code, resource: Resource
    ) -> tuple[Form, ...] | None:
        """The record of a verdict with blanks, if it is wanted; None = every row has its own."""
        if one.reason is None or one.outcome is None or isinstance(code, int):
            return None
        try:
            key = one.reason.key(code)
            known = _known_form(one, one.reason, key)
            if known is not None:
                return known
            if one.reason.leaf(resource.body, key) is None:
                return None
        except FAULTS:
            return None
        state = self._policies.state(program, one.outcome, code, resource, self._lookup)
        if not _is_text(resource.origin.file, state.path, state.expected, state.actual):
            return None  # a line with half a surrogate pair is escaped throughout, the id of the row too
        form = recorder.form(one.finding(state))
        told = one.reason.told(key)
        if form is not None and told is not None and told[1] == state.actual:
            marked = recorder.form(one.finding(replace(state, actual=_MARK)))
            if marked is not None and marked[2].count(_MARKED) == 1:
                start, middle, near, end = marked
                before, after = near.split(_MARKED)
                one.telling[told[0]] = Telling(start, middle, before, after, end)
                return (form,)
        found = () if form is None else (form,)
        weight = weight_of_key(key)
        if weight <= _LONGEST_KEY:
            one.forms[key] = found
            self._hold(sum(map(len, form or ())) + weight)
        return found

    def _said_form(
        self, recorder: Recorder, one: Shown, said: Said, resource: Resource
    ) -> tuple[Form, ...] | None:
        """The record of what the interpreter said, with blanks, if it is wanted; None = it said so for the first time,
        or every row has its own."""
        words = said.words
        if words is None:
            return None
        known = one.forms.get(words)
        if known is not None:
            return known
        if words not in one.met:
            one.met.add(words)
            self._hold(_LONGEST_KEY)
            return None
        state = self._asking.state(said, resource)
        if not _is_text(resource.origin.file, state.detail, state.path, state.expected, state.actual):
            return None
        form = recorder.form(one.finding(state))
        found = () if form is None else (form,)
        one.forms[words] = found
        self._hold(sum(map(len, form or ())))
        return found

    def _hold(self, size: int) -> None:
        """Notes that something is kept for the rows that follow."""
        self._held += size + _OVERHEAD

    def tidy(self) -> None:
        """Drops what is kept for the rows that follow, all of it, when it is too much."""
        if self._held <= _MOST_HELD:
            return
        self._held = 0
        self._gather()
        for entry in self._entries:
            entry.forget()

    def _gather(self) -> None:
        """Drops all sheets; what they counted goes to their entries."""
        for cell, _ in self._worded.values():
            for key, sheet in list(cell.entries.items()):
                if isinstance(sheet, Sheet):
                    sheet.entry.count += sheet.count
                    sheet.count = 0
                    del cell.entries[key]

    # ------------------------------------------------------------ the end

    def go_on(self, recorder: Recorder | None) -> None:
        """Forgets what was counted, found and recorded, but not what was learnt of rows: another process goes on
        elsewhere."""
        self._before = {id(entry): entry.count for entry in self._entries}
        for cell, _ in self._worded.values():
            for sheet in cell.entries.values():
                if isinstance(sheet, Sheet):
                    self._before[id(sheet.entry)] += sheet.count
        self._worst = self._worst.empty()
        self._recorder = recorder
        self._waiting, self._size = [], 0

    def tally(self, parts: dict[int, SurveyPart], marks: Marks) -> Tally:
        """What came out."""
        self._flush()
        self._gather()
        tally = Tally(parts, marks, worst=self._worst)
        for entry in self._entries:
            count = entry.count - self._before.get(id(entry), 0)
            if entry.asks or not count:
                continue
            key = (entry.answers, entry.within)
            tally.alike[key] = tally.alike.get(key, 0) + count
            tally.touched.setdefault(entry.type, set()).update(answer[0] for answer in entry.answers)
        return tally

    def finding(self, candidate: Candidate) -> Finding:
        """A finding of the shortlist, whole."""
        body = unpacked(candidate.row)
        resource = self._resource(body, candidate.file, candidate.line, candidate.api_version)
        state = self._policies.state_of_policy(candidate.policy, resource, self._lookup, candidate.code)
        severity = state.assigned.definition.severity
        return Finding(state, candidate.pair, severity, candidate.controls, candidate.exemption)


def _is_text(*parts: str) -> bool:
    """Whether texts can be written in UTF-8."""
    try:
        "".join(parts).encode()
    except UnicodeEncodeError:
        return False
    return True


def _known_form(one: Shown, reason: Reason, key: Hashable) -> tuple[Form, ...] | None:
    """The record of a verdict with blanks where no row has to be asked for it."""
    found = one.forms.get(key)
    if found is not None or not one.telling or (told := reason.told(key)) is None:
        return found
    telling = one.telling.get(told[0])
    try:
        return None if telling is None else (telling.form(orjson.dumps(told[1])),)
    except orjson.JSONEncodeError:
        return None


def _within_quotes(texts: list[str]) -> list[bytes]:
    """Each text as it stands in JSON, without its quotes."""
    try:
        together = orjson.dumps(texts)
    except orjson.JSONEncodeError:  # half a surrogate pair
        together = b""
    if len(together) <= len("[]") or b"\\" in together:  # quotes may stand in texts too
        return [_as_json(text)[1:-1] for text in texts]
    return together[2:-2].split(b'","')


def _as_json(text: Value) -> bytes:
    try:
        return orjson.dumps(text)
    except orjson.JSONEncodeError:  # half a surrogate pair
        return json.dumps(text).encode()
