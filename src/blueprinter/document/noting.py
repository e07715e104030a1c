"""Which files were read: what a run rests on can be kept, and read again where the files are others by then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_NOTES: ContextVar[dict[Path, bytes | None] | None] = ContextVar("notes", default=None)


@contextmanager
def noting() -> Iterator[dict[Path, bytes | None]]:
    """Takes note of every file that is read within: absolute path without `..` -> its bytes as they were read, None
    where only its hash was taken, or where another reader has it."""
    notes: dict[Path, bytes | None] = {}
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)


def note(path: Path | str, content: bytes | None = None) -> None:
    """Called by whoever reads a file."""
    notes = _NOTES.get()
    if notes is None:
        return
    absolute = Path(os.path.normpath(Path(path).absolute()))
    if content is not None or absolute not in notes:
        notes[absolute] = content
