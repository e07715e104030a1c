"""JSON lines in large pieces: for those who look at every line of a large file themselves.

The digests of the file are made beside, by a second thread: hashing needs no interpreter.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from msgspec import Struct

from blueprinter.compliance.records import MAX_RECORD, is_plain_lines

if TYPE_CHECKING:
    from hashlib import _Hash

_WINDOW = 512 * 1024
"""Bytes of lines that are there at once: fewer cost more in all, and more do not stay near the processor."""
_FIRST = 32 * 1024
"""Fewer at first, for how rows are best read is found out window by window."""
_BUFFER = 128 * 1024
_TAIL = 4 * 1024
_BLOCK = 1024 * 1024
_HASHED = 4 * 1024 * 1024
"""Bytes that are hashed at once: before each block and after it the thread waits for its turn."""
_TURN = 0.001
"""Seconds that it waits; five times as long is usual, which makes it the last to be done."""


class Part(Struct, frozen=True):
    """Part of a file, from the start of a line to the end of one."""

    path: Path
    start: int = 0
    stop: int = -1
    """-1 = to the end of the file."""


def can_be_cut(path: Path) -> bool:
    """Whether a file is JSON lines as they are: not packed, in UTF-8, without a mark at its start. Raises `OSError`."""
    return is_plain_lines(path)


def windows(part: Part) -> Iterator[list[bytes]]:
    """The lines of a part, some at a time, with their line feeds. Of a line longer than `MAX_RECORD` only the start is
    there, which is longer too, and it is the last of its window. Raises `OSError`."""
    with part.path.open("rb", buffering=0) as file:
        file.seek(part.start)
        bounded = _Bounded(file, part.stop - part.start if part.stop >= 0 else sys.maxsize)
        with io.BufferedReader(bounded, _BUFFER) as lines:
            size = _FIRST
            while window := lines.readlines(size):
                yield window
                size = min(2 * size, _WINDOW)


class _Bounded(io.RawIOBase):
    """So many bytes of a file, without the rest of lines that are longer than any row may be."""

    def __init__(self, file: io.FileIO, left: int) -> None:
        self._file = file
        self._left = left
        self._open = 0
        """Bytes since the last line feed."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed asks for any buffer
        while got := self._file.readinto(buffer[: self._left]):
            self._left -= got
            if self._open > MAX_RECORD:
                rest = bytes(buffer[:got])
                end = rest.find(b"\n")
                if end < 0:
                    continue
                got -= end
                buffer[:got] = rest[end:]
            self._note(buffer[:got])
            return got
        return 0

    def _note(self, data: memoryview) -> None:
        tail = data[-_TAIL:]
        end = bytes(tail).rfind(b"\n")
        if end < 0:
            tail, end = data, bytes(data).rfind(b"\n")
        self._open = self._open + len(data) if end < 0 else len(tail) - end - 1


def cut(path: Path, places: Sequence[int], start: int = 0) -> tuple[Part, ...]:
    """A file of lines, or what is left of it from the start of a line, in parts, each to the end of the line that holds
    one of these places, the last one to the end of the file. There is always one more than places; of some of them
    nothing may be left. Raises `OSError`."""
    size = path.stat().st_size
    edges = [start]
    with path.open("rb") as file:
        for place in places:
            file.seek(max(place - 1, edges[-1]))
            file.readline()
            edges.append(min(file.tell(), size))
    return tuple(Part(path, start, stop) for start, stop in pairwise([*edges, size]))


def lines_before(part: Part) -> int:
    """How many lines of the file lie before a part."""
    count, left = 0, part.start
    with part.path.open("rb", buffering=0) as file:
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            place = block.find(b"\n")
            while place >= 0:  # quicker than `count`, which looks at every byte by itself
                count += 1
                place = block.find(b"\n", place + 1)
            left -= len(block)
    return count


class Digests:
    """The digests of files, made block by block: beside other work, and then to their end."""

    def __init__(self, files: Sequence[tuple[Path, Sequence[_Hash]]]) -> None:
        """The files in order, each with what its bytes go to."""
        self.left = sum(path.stat().st_size for path, _ in files)
        """Bytes that are still to be read."""
        self._blocks = self._read(files)

    def _read(self, files: Sequence[tuple[Path, Sequence[_Hash]]]) -> Iterator[None]:
        buffer = bytearray(_HASHED)
        view = memoryview(buffer)
        for path, digests in files:
            with path.open("rb", buffering=0) as file:
                while count := file.readinto(buffer):
                    for one in digests:
                        one.update(view[:count])
                    self.left -= count
                    yield

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Goes on while the block runs, and stops with it. Raises `OSError`."""
        usual = sys.getswitchinterval()
        sys.setswitchinterval(min(usual, _TURN))
        ended = Event()

        def work() -> None:
            for _ in self._blocks:
                if ended.is_set():
                    return

        try:
            with ThreadPoolExecutor(1, "digest") as thread:
                done = thread.submit(work)
                try:
                    yield
                finally:
                    ended.set()
                done.result()
        finally:
            sys.setswitchinterval(usual)

    def finish(self) -> None:
        """Goes on to the end. Raises `OSError`."""
        for _ in self._blocks:
            pass
