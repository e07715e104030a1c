"""Rows judged by the programs of a policy set: counted by verdict, with records and the worst findings."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import IO, NamedTuple, TypeVar, cast

import orjson

from blueprinter.arm import Origin, Resource, Value
from blueprinter.casing import fold
from blueprinter.compliance.clerk import Answers, Clerk, Entry, Shelf, Shown
from blueprinter.compliance.findings import Shortlist
from blueprinter.compliance.marks import Marks
from blueprinter.compliance.model import Finding, Form, Pair, Recorder
from blueprinter.compliance.projecting import glance
from blueprinter.compliance.survey import InventoryFile, SurveyPart
from blueprinter.compliance.sweep import Cell, Raw, Row, unpacked
from blueprinter.compliance.sweep import Entry as Counted
from blueprinter.policy import (
    FAULTS,
    BulkPolicies,
    ByScope,
    Lookup,
    Outcome,
    PolicyState,
    Program,
    resource_of,
    weight_of_key,
)

_BATCH = 256 * 1024
"""Bytes of records that are written at once."""
_MOST_HELD = 8_000_000
"""Bytes of records with blanks that are kept."""
_OVERHEAD = 256
_LONGEST_KEY = 1_024
_NONE: Mapping[int, PolicyState] = MappingProxyType({})


Held = TypeVar("Held")


class Candidate(NamedTuple):
    """A finding that is still to be made of a row."""

    file: int
    line: int
    row: bytes
    api_version: str
    policy: int
    outcome: Outcome | None
    """None = the interpreter gave the state."""
    pair: Pair
    exemption: str
    controls: tuple[str, ...]


@dataclass(slots=True)
class Tally:
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


@dataclass(frozen=True, slots=True, eq=False)
class Judging:
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


@dataclass(frozen=True, slots=True, eq=False)
class Spooled:
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
        self._recorder = recorder
        self._worst: Shortlist[Candidate] = Shortlist(clerk.limit)
        self.bar = self._worst.bar
        """The highest rank of which something is still wanted."""
        self._entries: list[tuple[str, Entry]] = []
        """With the type of their resources, in the order in which they were met."""
        self._programs: dict[tuple[str, str, frozenset[int]], Program] = {}
        self._waiting: list[bytes] = []
        self._size = 0
        self._held = 0
        """About how many bytes of records with blanks the entries keep."""

    # ------------------------------------------------------------ cells

    def cell(self, type: str, api_version: str) -> Cell:
        circles = self._policies.circles
        if not circles.is_constant:
            return self._scattered(type, api_version)
        program = self._policies.program(type, api_version, circles(""))
        masked = not self._covering.is_constant and self._clerk.concerned(program)
        everywhere = self._covering("") if self._covering.is_constant else frozenset[int]()
        given_up: dict[frozenset[int], Entry] = {}
        shelf: Shelf = {}
        reads = program.reads
        decode = None if reads is None else glance(type, reads)

        def give_up(id: str) -> Entry:
            within = self._covering(id) if masked else everywhere
            if within not in given_up:
                given_up[within] = self._new(type, program, program.unknown(), within, shelf)
            return given_up[within]

        if not masked:

            def make(code: Hashable) -> Entry:
                return self._new(type, program, program.outcomes(cast(int, code)), everywhere, shelf)

            return Cell(type, api_version, program.decide, make, give_up, decode, reads)

        def decide(row: Row) -> tuple[int, frozenset[int]]:
            return program.decide(row), self._covering(cast(str, row["id"]))

        def make_masked(key: Hashable) -> Entry:
            code, within = cast("tuple[int, frozenset[int]]", key)
            return self._new(type, program, program.outcomes(code), within, shelf)

        return Cell(type, api_version, decide, make_masked, give_up, decode, reads)

    def _scattered(self, type: str, api_version: str) -> Cell:
        """A cell where it matters for the policies in force where a resource lies."""
        policies = self._policies
        given_up: dict[tuple[frozenset[int], frozenset[int]], Entry] = {}
        shelf: Shelf = {}

        def decide(row: Row) -> tuple[int, frozenset[int], frozenset[int]]:
            id_ = cast(str, row["id"])
            circle = policies.circles(id_)
            return policies.program(type, api_version, circle).decide(row), circle, self._covering(id_)

        def make(key: Hashable) -> Entry:
            code, circle, within = cast("tuple[int, frozenset[int], frozenset[int]]", key)
            program = policies.program(type, api_version, circle)
            return self._new(type, program, program.outcomes(code), within, shelf)

        def give_up(id: str) -> Entry:
            circle, within = policies.circles(id), self._covering(id)
            if (circle, within) not in given_up:
                program = policies.program(type, api_version, circle)
                given_up[circle, within] = self._new(type, program, program.unknown(), within, shelf)
            return given_up[circle, within]

        return Cell(type, api_version, decide, make, give_up)

    def _new(
        self,
        type: str,
        program: Program,
        outcomes: Sequence[Outcome],
        within: frozenset[int],
        shelf: Shelf,
    ) -> Entry:
        entry = self._clerk.entry(program, outcomes, within, shelf)
        self._entries.append((type, entry))
        return entry

    # ------------------------------------------------------------ rows that are looked at

    def look(
        self, cell: Cell, entry: Counted, row: Row, raw: Raw, file: int, line: int, *, whole: bool
    ) -> None:
        known = cast(Entry, entry)
        states: Mapping[int, PolicyState] = _NONE
        if known.asks:
            if not whole:
                cell.regret()
                row, whole = unpacked(raw), True
            known, states = self._ask(cell, known, row, file, line)
        if known.lowest > self.bar:
            return
        if self._recorder is not None:
            self._record(self._recorder, cell, known, row, None if whole else raw, file, line, states)
        if known.first > self.bar:
            return
        folded = ""
        kept = b""
        for one in known.shown:
            if one.rank > self.bar:
                continue
            folded = folded or fold(cast(str, row["id"]))
            if self._worst.takes(one.rank, folded):
                kept = kept or bytes(raw)
                candidate = Candidate(
                    file,
                    line,
                    kept,
                    cell.api_version,
                    one.policy,
                    one.outcome,
                    one.pair,
                    one.exemption,
                    one.controls,
                )
                self._worst.offer(one.rank, folded, one.tail, candidate)
        self.bar = self._worst.bar

    def _ask(
        self, cell: Cell, entry: Entry, row: Row, file: int, line: int
    ) -> tuple[Entry, Mapping[int, PolicyState]]:
        """What the interpreter says of a row; the entry that the row falls under with it."""
        resource = self._resource(row, file, line, cell.api_version)
        answers = self._policies.ask(entry.asks, resource, self._lookup)
        before = len(entry.settled)
        found = self._clerk.settle(entry, answers)
        if len(entry.settled) > before:
            self._entries.append((cell.type, found))
        found.count += 1
        return found, {self._clerk.place_of(state.assigned): state for state in answers}

    def _resource(self, row: Row, file: int, line: int, api_version: str) -> Resource:
        return resource_of(row, Origin(self._files[file].shown, line, 1), api_version=api_version)

    def _record(
        self,
        recorder: Recorder,
        cell: Cell,
        entry: Entry,
        row: Row,
        raw: Raw | None,
        file: int,
        line: int,
        states: Mapping[int, PolicyState],
    ) -> None:
        """The records of one row; `raw` is its JSON, unless it is whole."""
        found = None
        keys: tuple[Hashable, ...] = ()
        if raw is not None and cell.reads is not entry.enough and not self._suffices(cell, entry):
            row, raw = unpacked(raw), None
        try:
            keys = tuple([key(row) for key in entry.keys])
            found = entry.records.get(keys)
        except FAULTS:
            keys = ()
        if found is not None:
            text = found[0] % ((_as_json(row["id"]), line) * found[1])
        else:
            row = row if raw is None else unpacked(raw)
            text = self._one_by_one(recorder, cell, entry, keys, row, file, line, states)
        self._waiting.append(text)
        self._size += len(text)
        if self._size >= _BATCH:
            recorder.write(b"".join(self._waiting))
            self._waiting.clear()
            self._size = 0

    def _suffices(self, cell: Cell, entry: Entry) -> bool:
        """Whether the keys of an entry need no more than is read of rows at a glance. If they do, the rows that follow
        are read so that it suffices."""
        wanted, known = entry.reads, cell.reads
        if wanted is None or known is None:
            cell.decode = None
            return False
        every = known.and_(wanted)
        if every != known:
            cell.reads, cell.decode = every, glance(cell.type, every)
            return False
        entry.enough = known
        return True

    def _one_by_one(
        self,
        recorder: Recorder,
        cell: Cell,
        entry: Entry,
        keys: tuple[Hashable, ...],
        row: Row,
        file: int,
        line: int,
        states: Mapping[int, PolicyState],
    ) -> bytes:
        """The records of a row, and, if it has keys, what makes those of the next row that has the same."""
        resource = self._resource(row, file, line, cell.api_version)
        lines: list[bytes] = []
        blanks: list[bytes] = []
        for one in entry.shown:
            record = self._with_blanks(recorder, entry.program, one, row, resource)
            if record is None:
                state = states.get(one.policy) or self._policies.state_of_policy(
                    one.policy, resource, self._lookup
                )
                lines.append(recorder.line(one.finding(state)))
            else:
                blanks.append(record)
                if record:
                    lines.append(record % (_as_json(resource.id), line))
        if keys and len(blanks) == len(entry.shown):
            text = b"".join(blanks)
            self._hold(entry.records, keys, (text, sum(map(bool, blanks))), len(text))
        return b"".join(lines)

    def _with_blanks(
        self, recorder: Recorder, program: Program, one: Shown, row: Row, resource: Resource
    ) -> bytes | None:
        """The record of a verdict with blanks for id and line; empty = not wanted, None = every row has its own."""
        if one.reason is None or one.outcome is None:
            return None
        try:
            key = one.reason.key(row)
            if key in one.records:
                return one.records[key]
            if one.reason.leaf(row, key) is None:
                return None
        except FAULTS:
            return None
        state = self._policies.state(program, one.outcome, resource, self._lookup)
        form = recorder.form(one.finding(state))
        record = b""
        if form is not None:
            start, middle, near, end = (part.replace(b"%", b"%%") for part in form)
            kind = _as_json(resource.type).replace(b"%", b"%%")
            record = b"".join((start, b"%b", middle, kind, near, b"%d", end))
        self._hold(one.records, key, record, len(record))
        return record

    def _hold(self, records: dict[Hashable, Held], key: Hashable, record: Held, size: int) -> None:
        """Keeps records for the next row with this key."""
        weight = weight_of_key(key)
        if weight > _LONGEST_KEY:
            return
        self._held += size + weight + _OVERHEAD
        if self._held > _MOST_HELD:
            self._held = 0
            for _, entry in self._entries:
                entry.forget()
            return
        records[key] = record

    # ------------------------------------------------------------ the end

    def tally(self, parts: dict[int, SurveyPart], marks: Marks) -> Tally:
        """What came out."""
        if self._recorder is not None and self._waiting:
            self._recorder.write(b"".join(self._waiting))
            self._waiting.clear()
        tally = Tally(parts, marks, worst=self._worst)
        for type_, entry in self._entries:
            if entry.asks or not entry.count:
                continue
            key = (entry.answers, entry.within)
            tally.alike[key] = tally.alike.get(key, 0) + entry.count
            tally.touched.setdefault(type_, set()).update(answer[0] for answer in entry.answers)
        return tally

    def finding(self, candidate: Candidate) -> Finding:
        """A finding of the shortlist, whole."""
        policies, outcome = self._policies, candidate.outcome
        body = unpacked(candidate.row)
        resource = self._resource(body, candidate.file, candidate.line, candidate.api_version)
        if outcome is None:
            state = policies.state_of_policy(candidate.policy, resource, self._lookup)
        else:
            program = policies.program(resource.type, resource.api_version, policies.circles(resource.id))
            state = policies.state(program, outcome, resource, self._lookup)
        severity = state.assigned.definition.severity
        return Finding(state, candidate.pair, severity, candidate.controls, candidate.exemption)


def _as_json(text: Value) -> bytes:
    try:
        return orjson.dumps(text)
    except orjson.JSONEncodeError:  # half a surrogate pair
        return json.dumps(text).encode()
