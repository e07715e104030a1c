"""Where results go: `-o FORMAT[=FILE]`, repeatable; files are written whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click

from blueprinter.compliance import Run
from blueprinter.report import FORMATS, FormatRow, ReportOptions


@dataclass(frozen=True, slots=True)
class Target:
    """One output: a format, and a file or (None) stdout."""

    format: FormatRow
    file: Path | None


def parse_targets(specifications: Sequence[str], *, terminal: bool) -> tuple[Target, ...]:
    """`json`, `html=report.html`, or just `report.html` (the format from the extension).

    Raises `click.UsageError`: unknown format, two outputs to stdout, or HTML to a terminal.
    """
    targets = tuple(_target(text) for text in specifications or ("console",))
    to_stdout = [target for target in targets if target.file is None]
    if len(to_stdout) > 1:
        raise click.UsageError("only one output can go to stdout; give the others a file: `-o json=run.json`")
    if terminal and to_stdout and not to_stdout[0].format.to_terminal:
        name = to_stdout[0].format.name
        raise click.UsageError(
            f"`{name}` is not for a terminal; write it to a file: `-o {name}=report.{name}`"
        )
    return targets


def write_outputs(run: Run, targets: Iterable[Target], options: ReportOptions) -> None:
    """Writes a run in every format asked for."""
    for target in targets:
        parts = target.format.write(run, options)
        if target.file is None:
            for part in parts:
                click.echo(part, nl=False)
        else:
            write_file(target.file, parts)


def write_file(file: Path, parts: Iterable[str]) -> None:
    """Writes a file whole or not at all. Raises `click.FileError` when the folder cannot be written."""
    with open_file(file) as stream:
        stream.writelines(parts)


@contextmanager
def open_file(file: Path) -> Iterator[TextIO]:
    """A text file that is written beside its place and moved there at the end: a reader never sees half of it.

    When the block raises, nothing is left. Raises `click.FileError` when the folder cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as found:
        raise click.FileError(str(file), found.strerror or "cannot be written") from found
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, file)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def is_terminal() -> bool:
    """Whether stdout is a person's terminal."""
    return sys.stdout.isatty()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _target(text: str) -> Target:
    name, separator, file = text.partition("=")
    row = FORMATS.get(name)
    if row is not None and (not separator or file):
        return Target(row, Path(file) if file else None)
    suffix = Path(text).suffix.lower()
    by_suffix = next((one for one in FORMATS if suffix and suffix in one.extensions), None)
    if by_suffix is not None and not (
        separator and FORMATS.get(name) is None and "/" not in name and "." not in name
    ):
        return Target(by_suffix, Path(text))
    hint = FORMATS.suggest(name) or f"formats: {', '.join(FORMATS.names())}"
    raise click.UsageError(f"`{name}` is no format; {hint}")
