"""Where results go: `-o FORMAT[=FILE]`, repeatable; files are written whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

import click
from msgspec import Struct

from blueprinter.compliance import Run
from blueprinter.report import FORMATS, FormatRow, ReportOptions


class Target(Struct, frozen=True):
    """One output: a format, and a file or (None) stdout."""

    format: FormatRow
    file: Path | None


def parse_targets(
    specifications: Sequence[str], *, terminal: bool, document: str = "gaps"
) -> tuple[Target, ...]:
    """`json`, `html=report.html`, or just `report.html` (the format from the extension).

    `document` is what is written of the run. Raises `click.UsageError`: unknown format, one that cannot write the
    document, two outputs to stdout, files to stdout, or HTML to a terminal.
    """
    default = "console" if document == "gaps" else "markdown"
    targets = tuple(_target(text) for text in specifications or (default,))
    for target in targets:
        _check(target, document)
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
        write = target.format.writer(options.document)
        if write is not None and target.file is None:
            for part in write(run, options):
                click.echo(part, nl=False)
        elif write is not None and target.file is not None:
            write_file(target.file, write(run, options))
        if target.format.files is not None and target.file is not None:
            for name, content in target.format.files(run, options, target.file.name):
                with open_bytes(target.file.parent / name) as stream:
                    stream.write(content)


def _check(target: Target, document: str) -> None:
    row = target.format
    if row.writer(document) is None and (document != "gaps" or row.files is None):
        able = ", ".join(one.name for one in FORMATS if one.writer(document) is not None)
        raise click.UsageError(f"`{row.name}` cannot write the document `{document}`; formats: {able}")
    if row.write is None and target.file is None:
        raise click.UsageError(f"`{row.name}` is written to a file or folder: `-o {row.name}=NAME`")


def write_file(file: Path, parts: Iterable[str]) -> None:
    """Writes a file whole or not at all. Raises `click.FileError` when the folder cannot be written."""
    with open_file(file) as stream:
        stream.writelines(parts)


@contextmanager
def open_file(file: Path) -> Iterator[TextIO]:
    """A text file, UTF-8 with line feeds as they are, that is there whole or not at all.

    Raises `click.FileError` when the folder cannot be written.
    """
    with _replaced(file) as handle, os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        yield stream


@contextmanager
def open_bytes(file: Path) -> Iterator[BinaryIO]:
    """A file of bytes, otherwise as `open_file`."""
    with _replaced(file) as handle, os.fdopen(handle, "wb") as stream:
        yield stream


@contextmanager
def _replaced(file: Path) -> Iterator[int]:
    """A file is written beside its place and moved there at the end: a reader never sees half of it, and when the
    block raises nothing is left. What is there and is no plain file (a device, a pipe) is written to as it is."""
    if file.exists() and not file.is_file():
        with _told(file):
            direct = os.open(file, os.O_WRONLY)
        yield direct
        return
    with _told(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        yield handle
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, file)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as found:
        raise click.FileError(str(file), found.strerror or "cannot be written") from found


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
