"""Aliases from files: Azure's list of resource providers, or lines `alias,path`."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from pathlib import Path

from blueprinter.casing import fold
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import parse
from blueprinter.policy.aliases import AliasEntry, AliasTable, MemoryStore, read_aliases


def read_alias_table(path: Path) -> AliasTable:
    """Aliases from a file: Azure's list of providers as JSON, or lines `alias,path` as CSV; either may be
    compressed with gzip. Raises `InvalidInput`."""
    return AliasTable((read_store(path),))


def read_store(path: Path) -> MemoryStore:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    try:
        data = path.read_bytes()
        if suffixes[-1:] == [".gz"]:
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as found:
        raise InvalidInput([error("BP331", f"`{path}`: {found}", Position(str(path)))]) from found
    if ".csv" in suffixes:
        return _read_csv(data, path)
    document = parse(data, str(path))
    store = MemoryStore()
    for one in read_aliases(document).stores:
        if isinstance(one, MemoryStore):
            store = one
    return store


def _read_csv(data: bytes, path: Path) -> MemoryStore:
    """Rows `alias,path`. An alias names its resource type up to its last slash; one that names only a namespace
    belongs to the type of the rows that follow, because the rows are grouped by type."""
    store = MemoryStore()
    waiting: list[tuple[str, str]] = []
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as found:
        raise InvalidInput([error("BP331", f"`{path}`: {found}", Position(str(path)))]) from found
    for number, row in enumerate(rows, start=1):
        if not row or (number == 1 and row[0].lower() == "alias"):
            continue
        if len(row) < 2 or "/" not in row[0]:
            raise InvalidInput([error("BP331", "a row is `alias,path`", Position(str(path), number, 1))])
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
