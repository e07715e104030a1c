"""Processes that share the work of a reading."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from blueprinter.compliance import parallel
from blueprinter.compliance.parallel import Unit, Workers, can_fork, shares, usual_processes
from blueprinter.compliance.windows import windows

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system has no way to go on as two processes")


def test_results_come_in_the_order_of_the_shares() -> None:
    with Workers(lambda number: number * 10, 3) as workers:
        assert workers.results() == [0, 10, 20]


def test_there_is_time_for_something_else_while_a_process_is_waited_for(tmp_path: Path) -> None:
    go = tmp_path / "go"

    def work(number: int) -> int:
        while number == 0 and not go.exists():
            time.sleep(0.001)
        return number

    asked: list[int] = []

    def meanwhile(number: int) -> None:
        asked.append(number)
        go.touch()  # the first process ends only because this was called while it ran

    with Workers(work, 2) as workers:
        assert workers.results(meanwhile) == [0, 1]
    assert asked == sorted(asked)
    assert asked[-1] == 1
    assert asked.count(0) >= 2


def test_what_one_process_raises_is_raised_here() -> None:
    def work(number: int) -> int:
        if number == 1:
            raise OSError("no such share")
        return number

    with Workers(work, 2) as workers, pytest.raises(OSError, match="no such share"):
        workers.results()


def test_a_process_that_dies_is_no_result() -> None:
    def work(number: int) -> int:
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with Workers(work, 2) as workers, pytest.raises(RuntimeError, match="before its work was done"):
        workers.results()


def test_processes_end_with_the_work_of_whoever_started_them() -> None:
    """Or one that nobody waits for any more would wait for a reader of its result for ever."""
    before = set(multiprocessing.active_children())

    def stop_while_they_run() -> None:
        with Workers(lambda number: time.sleep(600), 2):
            started.update(set(multiprocessing.active_children()) - before)
            raise KeyboardInterrupt

    started: set[multiprocessing.process.BaseProcess] = set()
    with pytest.raises(KeyboardInterrupt):
        stop_while_they_run()
    assert len(started) == 2
    assert not any(process.is_alive() for process in started)


def test_as_many_processes_as_processors_unless_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert usual_processes() == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert usual_processes() == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usual_processes() == 1


def lines_of(share: list[Unit]) -> list[bytes]:
    return [line for _, part in share if part is not None for window in windows(part) for line in window]


@pytest.mark.parametrize("digesting", [False, True], ids=["judging", "judging and hashing"])
@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_shares_are_all_lines_once(
    processes: int, digesting: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_LEAST", 1)
    lines = [b'{"id":"%d","text":"%s"}\n' % (number, b"x" * (number % 97)) for number in range(300)]
    whole = [tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "c.jsonl"]
    for file, part in zip(whole, (lines[:200], [], lines[200:]), strict=True):
        file.write_bytes(b"".join(part))
    found = shares(whole, processes, digesting=digesting)
    assert len(found) == processes
    assert [line for share in found for line in lines_of(share)] == lines
    sizes = [sum(map(len, lines_of(share))) for share in found]
    first, *others = sizes
    assert max(others, default=0) - min(others, default=0) < 300
    assert not others or (first < others[0] if digesting else abs(first - others[0]) < 300)


def test_a_file_that_cannot_be_cut_is_one_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_LEAST", 1)
    file = tmp_path / "a.json"
    file.write_text('[{"id": "a"}, {"id": "b"}]')
    assert shares([file], 4) == [[(0, None)]]
