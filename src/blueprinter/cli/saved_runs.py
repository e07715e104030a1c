"""Runs by name: from the history, or from a file that `evaluate -o json` wrote."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from blueprinter.cli import Settings
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.compliance import History, Kept, Run, compare, snapshot
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.report import ReportOptions, read_run, write_json

SAVED_FINDINGS = 20_000
"""Findings that a saved run keeps, worst first; ages and comparisons go as far."""


def open_run(name: str, history_file: Path) -> Run:
    """A run by the path of its JSON document, or by its name in the history. Raises `InvalidInput`."""
    path = Path(name)
    if path.is_file():
        return read_run(path.read_bytes(), name)
    if path.suffix or "/" in name:
        raise InvalidInput([error("BP290", "there is no such file", Position(name))])
    with History(history_file) as history:
        saved = history.find(name)
        return read_run(history.document(saved), f"{history_file}: {saved.run_id}")


def since(run: Run, name: str, history_file: Path) -> Run:
    """The run, compared with another one."""
    older = open_run(name, history_file)
    return replace(run, comparison=compare(snapshot(older), snapshot(run)))


def save_run(run: Run, history_file: Path, settings: Settings, kept: Kept | None = None) -> Run:
    """Places a run among the saved ones, saves it with what it was judged by, and gives it with ages, trend and what
    changed."""
    with History(history_file, create=True) as history:
        show_diagnostics(history.broken(), settings)
        placed = history.placed(run)
        text = "".join(write_json(placed, ReportOptions(max_findings=SAVED_FINDINGS)))
        fresh = history.save(placed, text.encode(), kept)
    said = "saved" if fresh else "is saved already"
    say(f"run {run.run_id} {said} in {history_file}", settings)
    return placed
