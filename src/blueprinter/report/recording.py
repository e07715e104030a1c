"""Policy states written down while they are found, as JSON lines.

Most lines differ in nothing but the resource and its place: those are made once, with blanks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from msgspec.structs import replace

from blueprinter.arm import Origin, Resource
from blueprinter.compliance import Finding, Form
from blueprinter.report.jsonl import state_line
from blueprinter.report.records import is_open

_MARK = "a-resource-4071993360528817-{}"
"""ASCII, so that it stands in a line as it is, however the rest has to be written."""
_NUMBER = 8_204_137_906_251_734


class StateRecorder:
    """Writes the states that are neither met nor exempt, or all of them, to files that are open."""

    def __init__(self, files: Sequence[BinaryIO], *, all_states: bool, rewindable: bool) -> None:
        """`rewindable`: what stands in the files may be written over."""
        self._files = tuple(files)
        self._all_states = all_states
        self._rewindable = rewindable

    def line(self, finding: Finding) -> bytes:
        """One state; empty when such states are not wanted."""
        return state_line(finding).encode() if self._wants(finding) else b""

    def _wants(self, finding: Finding) -> bool:
        return self._all_states or is_open(finding)

    def form(self, finding: Finding) -> Form | None:
        """The line of a state with blanks for id, type and line of the resource; None when it is not wanted."""
        if not self._wants(finding):
            return None
        place = 0
        while (form := self._cut(finding, place)) is None:  # the text holds the very marks
            place += 3
        return form

    def _cut(self, finding: Finding, place: int) -> Form | None:
        """The line of a marked resource, cut at the marks; None where one of them stands elsewhere too."""
        state = finding.state
        origin = state.resource.origin
        id_, type_, number = _MARK.format(place), _MARK.format(place + 1), _NUMBER + place
        marked = Resource(id_, type_, "", {}, Origin(origin.file, number, origin.column))
        line = self.line(replace(finding, state=replace(state, resource=marked)))
        marks = (f'"{id_}"'.encode(), f'"{type_}"'.encode(), str(number).encode())
        if any(line.count(mark) != 1 for mark in marks):
            return None
        start, rest = line.split(marks[0])
        middle, rest = rest.split(marks[1])
        near, end = rest.split(marks[2])
        return start, middle, near, end

    def write(self, records: bytes) -> None:
        for file in self._files:
            file.write(records)

    def restart(self) -> bool:
        """Forgets what was written, where that can be done."""
        if self._rewindable:
            for file in self._files:
                if file.tell():  # ext4 writes out what was ever cut to nothing before it lets go of it
                    file.seek(0)
                    file.truncate()
        return self._rewindable
