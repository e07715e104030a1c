"""Aliases from files: Azure's list of resource providers, or lines `alias,path`."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from pathlib import Path

from blueprinter.casing import fold
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import Document, Json, Span
from blueprinter.policy.aliases import AliasEntry, AliasTable, MemoryStore, read_providers

MAX_BYTES = 512 * 1024 * 1024
"""What a file may hold, uncompressed; Azure's list of all providers has about a tenth of it."""


def read_alias_table(path: Path) -> AliasTable:
    """Aliases from a file: Azure's list of providers as JSON, or lines `alias,path` as CSV; either may be
    compressed with gzip. Raises `InvalidInput`."""
    return AliasTable((read_store(path),))


_HINT = "aliases are Azure's list of providers (JSON) or a table `alias,path` (.csv, .csv.gz)"


def read_store(path: Path) -> MemoryStore:
    """What `read_alias_table` reads, as a store."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    try:
        with gzip.open(path) if suffixes[-1:] == [".gz"] else path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as found:
        raise _refused(path, "is not packed with gzip, or is cut off") from found
    except OSError as found:
        raise _refused(path, found.strerror or str(found)) from found
    if len(data) > MAX_BYTES:
        raise _refused(path, f"larger than {MAX_BYTES:,} bytes")
    return _read_csv(data, path) if ".csv" in suffixes else _read_json(data, path)


def _read_json(data: bytes, path: Path) -> MemoryStore:
    """The list of all providers is larger than documents that people write, so it is read without positions."""
    try:
        value: Json = json.loads(data)
    except json.JSONDecodeError as found:
        raise _refused(path, found.msg, found.lineno, found.colno) from found
    except (ValueError, RecursionError) as found:
        raise _refused(path, "is no JSON text that can be read") from found
    return read_providers(Document(str(path), "", value, lambda text: {"": Span(0, 0)}))


def _refused(path: Path, why: str, line: int = 0, column: int = 1) -> InvalidInput:
    where = Position(str(path), line, column if line else 0)
    return InvalidInput([error("BP331", f"`{path}`: {why}", where, _HINT)])


def _read_csv(data: bytes, path: Path) -> MemoryStore:
    """Rows `alias,path`. An alias names its resource type up to its last slash; one that names only a namespace
    belongs to the type of the rows that follow, because the rows are grouped by type."""
    store = MemoryStore()
    waiting: list[tuple[str, str]] = []
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as found:
        raise _refused(path, str(found)) from found
    for number, row in enumerate(rows, start=1):
        if not row or (number == 1 and row[0].lower() == "alias"):
            continue
        if len(row) < 2 or "/" not in row[0]:
            raise _refused(path, "a row is `alias,path`", number)
        alias, target = row[0], row[1]
        owner = alias.rpartition("/")[0]
        if "/" not in owner:
            waiting.append((alias, target))
            continue
        for other, other_target in waiting:
            same_namespace = fold(other).partition("/")[0] == fold(owner).partition("/")[0]
            store.add(owner if same_namespace else "", other, AliasEntry(other_target))
        waiting.clear()
        store.add(owner, alias, AliasEntry(target))
    for alias, target in waiting:
        store.add("", alias, AliasEntry(target))
    return store
