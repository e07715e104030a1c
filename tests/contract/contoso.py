"""The example estate in a sandbox, its blueprint assigned and evaluated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from blueprinter.cli.loop import Loop
from blueprinter.cli.workspace import Workspace

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def assigned_estate(root: Path, workspace: Workspace, *, registers: bool = False) -> Loop:
    """Assigned, and evaluated a quarter of an hour later."""
    estate = root / "examples" / "contoso"
    loop = Loop(
        workspace, estate / "inventory", estate / "assignments" / "contoso.yaml", estate / "registers", NOW
    )
    loop.assign(registers=registers)
    loop.trigger()
    loop.forward(timedelta(minutes=1))
    return loop
