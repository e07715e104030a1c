"""Ctrl-C at any time: the command ends with 130, and the history is as it was or has the run whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blueprinter.compliance import History
from unit.cli.test_evaluate_command import HTTPS_ONLY, NOW, STORAGE, write

if os.name != "posix":
    pytest.skip("signals are those of POSIX", allow_module_level=True)

RUN = """
import signal, sys
# whoever runs in the background was started without
signal.signal(signal.SIGINT, signal.default_int_handler)
from blueprinter.cli import run
sys.exit(run(sys.argv[1:]))
"""
# as if Ctrl-C came between the rows of a run
IN_THE_MIDDLE = """
import os, signal
from blueprinter.compliance import history
from blueprinter.compliance.history import chained
def interrupted(*arguments):
    os.kill(os.getpid(), signal.SIGINT)
    return chained(*arguments)
history.chained = interrupted
"""
# an Azure that does not answer
WAITING = """
import time
from blueprinter.azure import ArmClient, connect_in_process
from blueprinter.cli.commands import evaluate
def silent(*_):
    print("asked", flush=True)
    time.sleep(600)
evaluate.client = lambda *_: ArmClient(connect_in_process(silent))
"""
OFFLINE = (
    "--policies",
    "https-only.json",
    "--inventory",
    "estate.jsonl",
    "--fail-on",
    "none",
    "-o",
    "json=run.json",
)


def started(folder: Path, before: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", before + RUN, "evaluate", *arguments, "--save"]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a history of one run."""
    write(tmp_path / "https-only.json", HTTPS_ONLY)
    write(tmp_path / "estate.jsonl", json.dumps(STORAGE) + "\n")
    assert ended(started(tmp_path, "", *OFFLINE, "--now", NOW))[0] == 0
    return tmp_path


def runs(folder: Path) -> list[str]:
    with History(folder / ".blueprinter/history.db") as history:
        assert history.broken() == ()
        assert all(history.kept(run) is not None for run in history.runs())
        return [run.run_id[:8] for run in history.runs()]


def test_while_a_run_is_saved(folder: Path) -> None:
    code, said = ended(started(folder, IN_THE_MIDDLE, *OFFLINE, "--now", "2026-11-21T06:00:00Z"))
    assert (code, "interrupted" in said) == (130, True), said
    assert runs(folder) == ["20261120"]
    assert ended(started(folder, "", *OFFLINE, "--now", "2026-11-22T06:00:00Z"))[0] == 0
    assert runs(folder) == ["20261120", "20261122"]


def test_while_azure_is_waited_for(folder: Path) -> None:
    where = ("--subscription", "00000000-0000-0000-0000-000000000001")
    process = started(folder, WAITING, "--initiative", "00000000-0000-0000-0000-000000000002", *where)
    assert process.stdout is not None
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert (code, "interrupted" in said) == (130, True), said
    assert runs(folder) == ["20261120"]
    assert not list((folder / ".blueprinter").glob("*-journal"))
