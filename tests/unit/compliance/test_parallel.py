"""Processes that share the work of a reading."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from blueprinter.compliance import parallel
from blueprinter.compliance import windows as windows_module
from blueprinter.compliance.parallel import (
    Unit,
    Workers,
    beginning,
    can_fork,
    shares,
    usual_processes,
    worth_starting,
)
from blueprinter.compliance.windows import Digests, windows

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


@pytest.mark.parametrize("begins", [False, True], ids=["at once", "after the beginning"])
@pytest.mark.parametrize(
    ("digesting", "recording"),
    [(0, False), (20_000, False), (0, True), (20_000, True)],
    ids=["judging", "judging and hashing", "recording", "recording and hashing"],
)
@pytest.mark.parametrize("processes", [1, 2, 3, 7])
@pytest.mark.parametrize("cuts", [(200, 200), (2, 100), (0, 300)], ids=str)
def test_shares_are_all_lines_once(
    cuts: tuple[int, int], processes: int, digesting: int, recording: bool, begins: bool, tmp_path: Path
) -> None:
    lines = [b'{"id":"%d","text":"%s"}\n' % (number, b"x" * (number % 97)) for number in range(300)]
    whole = [tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "c.jsonl"]
    first_file, second_file = cuts
    parts = (lines[:first_file], lines[first_file:second_file], lines[second_file:])
    for file, part in zip(whole, parts, strict=True):
        file.write_bytes(b"".join(part))
    begun = beginning(whole) if begins else None
    before = [] if begun is None else lines_of([(0, begun)])
    if begun is not None:
        twentieth = sum(map(len, lines)) // 20
        assert 0 <= sum(map(len, before)) - min(twentieth, len(b"".join(parts[0]))) < 300
    found = shares(whole, processes, begun=begun, digesting=digesting, recording=recording)
    assert len(found) == processes
    assert [*before, *(line for share in found for line in lines_of(share))] == lines
    sizes = [sum(map(len, lines_of(share))) for share in found]
    first, *others = sizes
    assert max(others, default=0) - min(others, default=0) < 300
    more = digesting or (
        recording and processes > 2
    )  # what one process records is copied in less time than a line is judged
    assert not others or (first < others[0] if more else abs(first - others[0]) < 400)


def test_small_files_are_worth_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"x" * 1_000)
    assert worth_starting([file], 4) == 1
    monkeypatch.setattr(parallel, "_LEAST", 300)
    assert worth_starting([file], 4) == 3
    assert worth_starting([file, file], 4) == 4
    monkeypatch.setattr(parallel, "can_fork", lambda: False)
    assert worth_starting([file], 4) == 1


def test_digests_stop_with_the_work_beside_and_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_module, "_HASHED", 1_000)
    files = [tmp_path / name for name in "abc"]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number]) * number * 5_000_000)
    all_bytes, own = hashlib.sha256(), hashlib.sha256()
    digests = Digests([(file, (all_bytes, own) if file == files[1] else (all_bytes,)) for file in files])
    assert digests.left == 15_000_000
    with digests.beside():
        pass
    assert 0 < digests.left < 15_000_000
    digests.finish()
    assert digests.left == 0
    assert own.digest() == hashlib.sha256(files[1].read_bytes()).digest()
    assert all_bytes.digest() == hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()


def test_a_file_that_cannot_be_digested_is_told_whoever_meets_it(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x")
    digests = Digests([(file, (hashlib.sha256(),))])
    file.unlink()
    with pytest.raises(FileNotFoundError), digests.beside():
        time.sleep(0.05)
    file.write_bytes(b"x")
    digests = Digests([(file, (hashlib.sha256(),))])
    file.unlink()
    with pytest.raises(FileNotFoundError):
        digests.finish()


def test_a_file_that_cannot_be_cut_is_one_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_LEAST", 1)
    file = tmp_path / "a.json"
    file.write_text('[{"id": "a"}, {"id": "b"}]')
    assert shares([file], 4) == [[(0, None)]]
    assert beginning([file]) is None
