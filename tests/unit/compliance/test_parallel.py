"""Processes that share the work of a reading."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from blueprinter.compliance.parallel import Workers, can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system has no way to go on as two processes")


def test_results_come_in_the_order_of_the_shares() -> None:
    with Workers(lambda number: number * 10, 3) as workers:
        assert workers.results() == [0, 10, 20]


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
