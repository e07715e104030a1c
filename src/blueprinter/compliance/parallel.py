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

Unit = tuple[int, Part | None]
"""The place of a file, and a part of it; None = all of a file that cannot be cut."""


def shares(paths: Sequence[Path], processes: int) -> list[list[Unit]]:
    """The files as shares of about the same size, in order, no more than processes. Raises `OSError`."""
    sizes = [path.stat().st_size for path in paths]
    processes = max(1, min(processes, sum(sizes) // _LEAST)) if can_fork() else 1
    target = sum(sizes) / processes
    units: list[tuple[Unit, int]] = []
    for place, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        if not can_be_cut(path):
            units.append(((place, None), size))
            continue
        parts = (
            cut(path, max(1, min(processes, round(processes * size / target)))) if target else cut(path, 1)
        )
        units.extend(((place, part), part.stop - part.start) for part in parts)
    found: list[list[Unit]] = [[]]
    filled = 0
    for unit, size in units:
        if found[-1] and filled + size / 2 > target and len(found) < processes:
            found.append([])
            filled = 0
        found[-1].append(unit)
        filled += size
    return found


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

    def results(self) -> list[Result]:
        """What each process gave, in the order of their numbers. Raises what one of them raised."""
        found: list[Result] = []
        fault: BaseException | None = None
        for process, receiver in self._running:
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
