"""The same work in several processes: each does a share and sends back what it found."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from blueprinter.compliance.windows import Part, can_be_cut, cut
from blueprinter.diagnostics import InvalidInput

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Result = TypeVar("Result")

_LEAST = 4 * 1024 * 1024
"""Bytes for which another process is worth its start."""
_MOST = 8
"""Processes that are started unless somebody asks for more."""
_TURN = 0.005
"""Seconds that a process is waited for before there is something else to do."""
_DIGEST = 0.1
"""The time that a digest takes, as part of what judging the same bytes does."""
_COPY = 0.03
"""The like for copying what another process has recorded."""
_BEGINNING = 8 * 1024 * 1024
"""Bytes after which hardly any row is the first of its kind."""
_LEARNT = 20
"""Of so few bytes it is not worth more to learn from than one."""

Unit = tuple[int, Part | None]
"""The place of a file, and a part of it; None = all of a file that cannot be cut."""


def worth_starting(paths: Sequence[Path], processes: int) -> int:
    """How many processes files are worth, of so many at most. Raises `OSError`."""
    total = sum(path.stat().st_size for path in paths)
    return max(1, min(processes, total // _LEAST)) if can_fork() else 1


def beginning(paths: Sequence[Path]) -> Part | None:
    """What one process reads before it starts others, which then know what it has learnt: programs, and how rows are
    best read. None = the first file cannot be cut. Raises `OSError`."""
    if not can_be_cut(paths[0]):
        return None
    total = sum(path.stat().st_size for path in paths)
    return cut(paths[0], [min(_BEGINNING, total // _LEARNT)])[0]


def shares(
    paths: Sequence[Path],
    processes: int,
    *,
    begun: Part | None = None,
    digesting: int = 0,
    recording: bool = False,
) -> list[list[Unit]]:
    """The files as shares, in order, no more than processes: of about the same size, but for the first, whose process
    digests so many bytes besides, and copies what the others record. `begun`: the beginning, which was read already.
    Raises `OSError`."""
    sizes = [path.stat().st_size for path in paths]
    done = 0 if begun is None else begun.stop
    total = sum(sizes) - done
    others = processes - 1
    # so that first + digest + copy of the others = other
    other = (total + _DIGEST * digesting) / (processes - others * (_COPY if recording else 0))
    first = max(total - others * other, total / processes / 4)
    # where each share but the last ends, in bytes of all files
    ends = [done + first + (total - first) * number / others for number in range(others)]
    found: list[list[Unit]] = [[] for _ in range(processes)]
    before = 0
    for place, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        if can_be_cut(path):
            start = done if place == 0 else 0
            inside = [round(end - before) for end in ends if before + start < end < before + size]
            share = sum(end <= before + start for end in ends)
            for number, part in enumerate(cut(path, inside, start)):
                found[share + number].append((place, part))
        else:
            found[sum(end <= before + size / 2 for end in ends)].append((place, None))
        before += size
    return [share for share in found if share]


def usual_processes() -> int:
    """How many processes judge a large inventory unless somebody says how many: as many as there are processors for
    this one, but no more than pay."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST)
    return min(os.cpu_count() or 1, _MOST)


def can_fork() -> bool:
    """Whether a process can go on as two, so that the second has everything that the first has made."""
    return sys.platform != "win32" and hasattr(os, "fork")


class Workers(Generic[Result]):
    """Processes that were started, one a share."""

    def __init__(self, work: Callable[[int], Result], count: int) -> None:
        """Each process calls `work` with its number. What it gives has to be picklable."""
        # five megabytes that one process alone does without
        import multiprocessing

        context = multiprocessing.get_context("fork")
        self._running = []
        for number in range(count):
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(work, number, sender), daemon=True)
            process.start()
            sender.close()
            self._running.append((process, receiver))

    def results(self, meanwhile: Callable[[int], object] | None = None) -> list[Result]:
        """What each process gave, in the order of their numbers. `meanwhile` is called with the number of the process
        that is waited for, over and over, and once more when it has ended. Raises what one of them raised."""
        found: list[Result] = []
        fault: BaseException | None = None
        for number, (process, receiver) in enumerate(self._running):
            if meanwhile is not None:
                while not receiver.poll(_TURN):
                    meanwhile(number)
                meanwhile(number)
            try:
                good, value = receiver.recv()
            except EOFError:
                good, value = False, RuntimeError("a process ended before its work was done")
            process.join()
            if good:
                found.append(value)
            elif fault is None:
                fault = value
        if fault is not None:
            raise fault
        return found

    def __enter__(self) -> Workers[Result]:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends those whose results nobody asked for."""
        for process, receiver in self._running:
            process.terminate()
            process.join()
            receiver.close()


def _work(work: Callable[[int], object], number: int, sender: Connection) -> None:
    try:
        result = (True, work(number))
    except (OSError, InvalidInput, RuntimeError, MemoryError) as found:
        result = (False, found)
    sender.send(result)
    sender.close()
