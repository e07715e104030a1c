"""Rows judged by the programs of a policy set: counted by verdict, with records and the worst findings."""

from __future__ import annotations

import json
from array import array
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import IO, NamedTuple, cast

import orjson

from blueprinter.arm import Origin, Resource
from blueprinter.casing import fold
from blueprinter.compliance.clerk import Answers, Clerk, Entry, Shown
from blueprinter.compliance.findings import Shortlist
from blueprinter.compliance.model import Finding, Form, Pair, Recorder
from blueprinter.compliance.survey import InventoryFile, SurveyPart
from blueprinter.compliance.sweep import Cell, Raw, Row, unpacked
from blueprinter.compliance.sweep import Entry as Counted
from blueprinter.policy import (
    FAULTS,
    BulkPolicies,
    ByScope,
    Leaf,
    Lookup,
    Outcome,
    PolicyState,
    Program,
    resource_of,
)

_BATCH = 4_096
_FORMS = 4_096
_NONE: Mapping[int, PolicyState] = MappingProxyType({})
_UNWANTED: Form = (b"", b"", b"", b"")


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
    marks: list[array[int]]
    alike: dict[tuple[Answers, frozenset[int]], int] = field(default_factory=dict)
    """How many resources have these verdicts and lie in the scopes of these exemptions, in the order of reading."""
    touched: dict[str, set[int]] = field(default_factory=dict)
    """Types as spelled -> the policies that gave a state on one of their resources."""
    worst: Shortlist[Candidate] = field(default_factory=lambda: Shortlist[Candidate](0))

    def add(self, other: Tally) -> None:
        """What a reading of what comes behind found out."""
        for file, part in other.parts.items():
            self.parts.setdefault(file, SurveyPart()).add(part)
        for mine, theirs in zip(self.marks, other.marks, strict=True):
            mine.extend(theirs)
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
        self._forms: dict[tuple[Shown, Leaf], Form] = {}
        """Records with blanks for the resource, of one file."""
        self._forms_of = -1

    # ------------------------------------------------------------ cells

    def cell(self, type: str, api_version: str) -> Cell:
        circles = self._policies.circles
        if not circles.is_constant:
            return self._scattered(type, api_version)
        program = self._policies.program(type, api_version, circles(""))
        masked = not self._covering.is_constant and self._clerk.concerned(program)
        everywhere = self._covering("") if self._covering.is_constant else frozenset[int]()
        given_up: dict[frozenset[int], Entry] = {}

        def give_up(id: str) -> Entry:
            within = self._covering(id) if masked else everywhere
            if within not in given_up:
                given_up[within] = self._new(type, program, program.unknown(), within)
            return given_up[within]

        if not masked:

            def make(code: Hashable) -> Entry:
                return self._new(type, program, program.outcomes(cast(int, code)), everywhere)

            return Cell(type, api_version, program.decide, make, give_up)

        def decide(row: Row) -> tuple[int, frozenset[int]]:
            return program.decide(row), self._covering(cast(str, row["id"]))

        def make_masked(key: Hashable) -> Entry:
            code, within = cast("tuple[int, frozenset[int]]", key)
            return self._new(type, program, program.outcomes(code), within)

        return Cell(type, api_version, decide, make_masked, give_up)

    def _scattered(self, type: str, api_version: str) -> Cell:
        """A cell where it matters for the policies in force where a resource lies."""
        policies = self._policies
        given_up: dict[tuple[frozenset[int], frozenset[int]], Entry] = {}

        def decide(row: Row) -> tuple[int, frozenset[int], frozenset[int]]:
            id_ = cast(str, row["id"])
            circle = policies.circles(id_)
            return policies.program(type, api_version, circle).decide(row), circle, self._covering(id_)

        def make(key: Hashable) -> Entry:
            code, circle, within = cast("tuple[int, frozenset[int], frozenset[int]]", key)
            program = policies.program(type, api_version, circle)
            return self._new(type, program, program.outcomes(code), within)

        def give_up(id: str) -> Entry:
            circle, within = policies.circles(id), self._covering(id)
            if (circle, within) not in given_up:
                program = policies.program(type, api_version, circle)
                given_up[circle, within] = self._new(type, program, program.unknown(), within)
            return given_up[circle, within]

        return Cell(type, api_version, decide, make, give_up)

    def _new(self, type: str, program: Program, outcomes: Sequence[Outcome], within: frozenset[int]) -> Entry:
        entry = self._clerk.entry(program, outcomes, within)
        self._entries.append((type, entry))
        return entry

    # ------------------------------------------------------------ rows that are looked at

    def look(self, cell: Cell, entry: Counted, row: Row, raw: Raw, file: int, line: int) -> None:
        known = cast(Entry, entry)
        states: Mapping[int, PolicyState] = _NONE
        if known.asks:
            known, states = self._ask(cell, known, row, file, line)
        if known.lowest > self.bar:
            return
        if self._recorder is not None:
            self._record(self._recorder, cell, known, row, file, line, states)
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
        file: int,
        line: int,
        states: Mapping[int, PolicyState],
    ) -> None:
        """The records of one row."""
        if file != self._forms_of:  # forms name the file
            self._forms_of = file
            self._forms.clear()
        forms = self._forms
        waiting = self._waiting
        place = None
        for one in entry.shown:
            leaf = None
            if one.explain is not None:
                try:
                    leaf = one.explain(row)
                except FAULTS:
                    leaf = None
            if leaf is None:
                state = states.get(one.policy) or self._policies.state_of_policy(
                    one.policy, self._resource(row, file, line, cell.api_version), self._lookup
                )
                waiting.append(recorder.line(one.finding(state)))
                continue
            # the leaf is kept with its form, so that no other gets its identity
            known = forms.get((one, leaf))
            if known is None:
                known = self._form(recorder, one, leaf, self._resource(row, file, line, cell.api_version))
            if known is _UNWANTED:
                continue
            if place is None:
                place = _place(row, line)
            waiting += (known[0], place[0], known[1], place[1], known[2], place[2], known[3])
        if len(waiting) >= _BATCH:
            recorder.write(b"".join(waiting))
            waiting.clear()

    def _form(self, recorder: Recorder, one: Shown, leaf: Leaf, resource: Resource) -> Form:
        """The record of a verdict with blanks."""
        if len(self._forms) >= _FORMS:
            self._forms.clear()
        state = self._policies.state_of_policy(one.policy, resource, self._lookup)
        form = self._forms[one, leaf] = recorder.form(one.finding(state)) or _UNWANTED
        return form

    # ------------------------------------------------------------ the end

    def tally(self, parts: dict[int, SurveyPart], marks: list[array[int]]) -> Tally:
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


def _place(row: Row, line: int) -> tuple[bytes, bytes, bytes]:
    """What fills the blanks of a form: id and type as JSON, and the line."""
    id_, type_ = row["id"], row["type"]
    try:
        return orjson.dumps(id_), orjson.dumps(type_), b"%d" % line
    except orjson.JSONEncodeError:  # half a surrogate pair
        return json.dumps(id_).encode(), json.dumps(type_).encode(), b"%d" % line
