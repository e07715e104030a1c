"""JSON lines in large pieces: for those who look at every line of a large file themselves.

A window holds whole lines. Its buffer is used again for the next window, so nothing of it may be kept. The digests of
the file are made beside, by a second thread: hashing needs no interpreter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from blueprinter.compliance.records import MAX_RECORD, is_plain_lines

if TYPE_CHECKING:
    from hashlib import _Hash

_WINDOW = 128 * 1024
_BLOCK = 1024 * 1024
_HASHED = 4 * 1024 * 1024
"""Bytes that are hashed at once: before each block and after it the thread waits 5 ms for its turn."""


@dataclass(slots=True)
class Window:
    """Lines, each with its line feed, from the start of `data` to `end`."""

    data: bytearray
    view: memoryview
    end: int
    too_long: bool = False
    """In place of lines: one that is longer than any row may be was left out."""


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a file, from the start of a line to the end of one."""

    path: Path
    start: int = 0
    stop: int = -1
    """-1 = to the end of the file."""


def can_be_cut(path: Path) -> bool:
    """Whether a file is JSON lines as they are: not packed, in UTF-8, without a mark at its start. Raises `OSError`."""
    return is_plain_lines(path)


def windows(part: Part) -> Iterator[Window]:
    """The lines of a part. The last one gets a line feed where it has none. Raises `OSError`."""
    data, spare = bytearray(_WINDOW), bytearray(_WINDOW)
    have = 0
    left = part.stop - part.start if part.stop >= 0 else -1
    with part.path.open("rb", buffering=0) as file:
        file.seek(part.start)
        skipping = False
        while True:
            view = memoryview(data)
            room = len(data) - 1 - have  # one byte is kept for a line feed at the very end
            got = file.readinto(view[have : have + (room if left < 0 else min(room, left))]) or 0
            left -= got if left > 0 else 0
            end = have + got
            if not got:
                if skipping:
                    yield Window(data, view, 0, too_long=True)
                elif have:
                    data[have] = 0x0A
                    yield Window(data, view, have + 1)
                return
            if skipping:
                newline = data.find(b"\n", 0, end)
                if newline < 0:
                    continue
                skipping = False
                yield Window(data, view, 0, too_long=True)
                have = end - newline - 1
                view[:have] = bytes(view[newline + 1 : end])
                end = have
            last = data.rfind(b"\n", 0, end) + 1
            if not last:
                have = end
                if have > MAX_RECORD:
                    skipping, have = True, 0
                elif have == len(data) - 1:
                    data = data + bytearray(len(data))
                continue
            yield Window(data, view, last)
            have = end - last
            if len(spare) < len(data):
                spare = bytearray(len(data))
            spare[:have] = view[last:end]
            data, spare = spare, data


def cut(path: Path, parts: int) -> tuple[Part, ...]:
    """A file of lines in parts of about the same size; fewer where it has not that many lines. Raises `OSError`."""
    size = path.stat().st_size
    edges = [0]
    with path.open("rb") as file:
        for place in range(1, parts):
            file.seek(max(size * place // parts - 1, edges[-1]))
            file.readline()
            edges.append(min(file.tell(), size))
    edges = sorted({*edges, size}) if size else [0, 0]
    return tuple(Part(path, start, stop) for start, stop in pairwise(edges))


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


@contextmanager
def digesting(files: Sequence[tuple[Path, Sequence[_Hash]]]) -> Iterator[None]:
    """Feeds the bytes of each file to its digests while the block runs; they are complete when it ends."""
    wanted = [(path, digests) for path, digests in files if digests]
    if not wanted:
        yield
        return
    with ThreadPoolExecutor(1, "digest") as thread:
        done: list[Future[None]] = [thread.submit(_digest, *one) for one in wanted]
        yield
        for one in done:
            one.result()


def _digest(path: Path, digests: Sequence[_Hash]) -> None:
    """Feeds the bytes of a file to digests. Raises `OSError`."""
    buffer = bytearray(_HASHED)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            for one in digests:
                one.update(view[:count])
