"""The example estate in a sandbox, its blueprint assigned and evaluated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from blueprinter.cli.loop import Loop
from blueprinter.cli.workspace import open_workspace

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def assigned_estate(root: Path, *, registers: bool = False) -> Loop:
    """Assigned, and evaluated a quarter of an hour later; `registers`: with the exemptions. Each has a sandbox of its
    own, which begins as a copy of what was made once."""
    loop = _estate(root)
    loop.sandbox.restore(_assigned(root, registers))
    loop.forward(timedelta(minutes=16))
    return loop


@cache
def _assigned(root: Path, registers: bool) -> bytes:
    """What the sandbox holds then."""
    with _estate(root) as loop:
        loop.assign(registers=registers)
        loop.trigger()
        return loop.sandbox.snapshot()


def _estate(root: Path) -> Loop:
    estate = root / "examples" / "contoso"
    workspace, assignment = open_workspace(root), estate / "assignments" / "contoso.yaml"
    return Loop(workspace, estate / "inventory", assignment, estate / "registers", NOW)
