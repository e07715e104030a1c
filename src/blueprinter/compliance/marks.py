"""Which ids come more than once, among more ids than memory should hold.

Every id stands as a number; what equals it but for letter case has the same one. Numbers lie in buckets, in which equal
ones stand together, and wait in a temporary file when there are many.
"""

from __future__ import annotations

import weakref
from array import array
from collections.abc import Callable, Sequence
from tempfile import TemporaryFile
from typing import IO

from blueprinter.casing import fold

_BUCKETS = 64
_MOST = 65_536
"""Numbers that are kept in memory."""
_WIDTH = 8

State = list[bytes]


def mark_of(id: str) -> int:
    """The number of an id, good for this process and those that it forks."""
    return hash(fold(id))


class Marks:
    """The numbers of all ids that were met."""

    __slots__ = ("__weakref__", "_buckets", "_file", "_kept", "_runs")

    def __init__(self) -> None:
        self._buckets = [array("q") for _ in range(_BUCKETS)]
        self._kept = 0
        self._file: IO[bytes] | None = None
        self._runs: list[list[tuple[int, int]]] = [[] for _ in range(_BUCKETS)]
        """Where the numbers of a bucket lie in the file, and how many bytes they are."""

    def add(self, number: int) -> None:
        self._buckets[number % _BUCKETS].append(number)
        self._kept += 1
        if self._kept >= _MOST:
            self._store()

    def extend(self, ids: Sequence[str]) -> None:
        """The numbers of these ids, which are as a source spells them."""
        buckets = self._buckets
        # `mark_of`, without a call for each
        for number in map(hash, map(str.casefold, ids)):
            buckets[number % _BUCKETS].append(number)
        self._kept += len(ids)
        if self._kept >= _MOST:
            self._store()

    def _store(self) -> None:
        """Moves everything to the file."""
        if self._file is None:
            self._file = TemporaryFile()  # noqa: SIM115 - it lives as long as the marks
            weakref.finalize(self, self._file.close)
        place = self._file.seek(0, 2)
        for bucket, runs in zip(self._buckets, self._runs, strict=True):
            size = len(bucket) * _WIDTH
            if size:
                self._file.write(bucket.tobytes())
                runs.append((place, size))
                place += size
            del bucket[:]
        self._kept = 0

    def _bucket(self, number: int) -> array[int]:
        """A whole bucket."""
        found = array("q")
        if self._file is not None:
            for place, size in self._runs[number]:
                self._file.seek(place)
                found.frombytes(self._file.read(size))
        found.extend(self._buckets[number])
        return found

    def merge(self, other: Marks) -> None:
        """What another reading met."""
        for number in range(_BUCKETS):
            more = other._bucket(number)
            self._buckets[number].extend(more)
            self._kept += len(more)
        if self._kept >= _MOST:
            self._store()

    def twice(self) -> frozenset[int]:
        """The numbers that stand for more than one id, or for one id that comes more than once."""
        found: set[int] = set()
        for number in range(_BUCKETS):
            bucket = self._bucket(number)
            if len(set(bucket)) < len(bucket):
                met: set[int] = set()
                for mark in bucket:
                    (found if mark in met else met).add(mark)
        return frozenset(found)

    def __reduce__(self) -> tuple[Callable[[State], Marks], tuple[State]]:
        return _restored, ([self._bucket(number).tobytes() for number in range(_BUCKETS)],)

    def take(self, state: State) -> None:
        """The numbers of marks that were packed."""
        for bucket, numbers in zip(self._buckets, state, strict=True):
            bucket.frombytes(numbers)
            self._kept += len(numbers) // _WIDTH


def _restored(state: State) -> Marks:
    marks = Marks()
    marks.take(state)
    return marks
