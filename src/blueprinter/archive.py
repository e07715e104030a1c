"""Zip archives: the same bytes for the same members, and read with distrust."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import BinaryIO

PACKER = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
"""What deflates: another version may give other bytes for the same content."""
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_MADE_ON_UNIX, _PLAIN_FILE = 3, 0o100644 << 16
_BLOCK = 1024 * 1024


class BadArchive(Exception):
    """The archive cannot be read, or holds what it must not; the text says why."""


def write_archive(members: Iterable[tuple[str, Path | bytes]], stream: BinaryIO) -> None:
    """Writes members in the order given: contents, or the files that hold them."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            row = zipfile.ZipInfo(name, _FIRST_DAY)
            row.compress_type, row.create_system = zipfile.ZIP_DEFLATED, _MADE_ON_UNIX
            row.external_attr = _PLAIN_FILE
            if isinstance(content, bytes):
                archive.writestr(row, content)
            else:
                row.file_size = content.stat().st_size
                with content.open("rb") as source, archive.open(row, "w") as target:
                    copyfileobj(source, target, _BLOCK)


def packed(files: Mapping[str, bytes]) -> bytes:
    """An archive of files by their paths."""
    held = BytesIO()
    write_archive(sorted(files.items()), held)
    return held.getvalue()


def read_archive(
    stream: BinaryIO, *, most_members: int | None = None, most_bytes: int | None = None
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The members with their contents in blocks; each is to be read before the next is asked for.

    Raises `BadArchive` for what is no archive or a damaged one, holds a name twice, a path that leads out of where it
    is unpacked, or more than the limits.
    """
    with _reading("it is no zip file, or a damaged one"), zipfile.ZipFile(stream) as archive:
        rows = archive.infolist()
        if most_members is not None and len(rows) > most_members:
            raise BadArchive(f"it holds more than {most_members:,} files")
        if most_bytes is not None and sum(row.file_size for row in rows) > most_bytes:
            raise BadArchive(f"it holds more than {most_bytes:,} bytes")
        names: set[str] = set()
        for row in rows:
            name = row.orig_filename
            if _leads_out(name):
                raise BadArchive(f"`{name}` leads out of it")
            if name in names:
                raise BadArchive(f"`{name}` stands in it twice")
            names.add(name)
            yield name, _blocks(archive, row)


def _blocks(archive: zipfile.ZipFile, row: zipfile.ZipInfo) -> Iterator[bytes]:
    with _reading(f"`{row.orig_filename}` is not as it was written"), archive.open(row) as content:
        while block := content.read(_BLOCK):
            yield block


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.parts or path.is_absolute() or ".." in path.parts or not {*"\\:\0"}.isdisjoint(name)


@contextmanager
def _reading(otherwise: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as found:
        raise BadArchive(f"{otherwise}: {found}") from found
