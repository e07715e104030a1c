"""The catalog file: built-in definitions, initiatives and aliases in one SQLite file, read lazily."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import weakref
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Document, load, parse
from blueprinter.policy.alias_files import read_store
from blueprinter.policy.aliases import AliasEntry, AliasTable, Capabilities, MemoryStore
from blueprinter.policy.catalog import OTHER_CLOUD, Lazy, index_folders, kind_of, provider_files
from blueprinter.policy.definitions import read_definition, read_policy_set
from blueprinter.policy.model import PolicyDefinition, PolicySetDefinition

_VERSION = "2"
_LARGEST_POLICY = 4 * 1024 * 1024
"""A larger file is a list of providers; the largest definitions have some hundred kilobytes."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS documents (
        key TEXT NOT NULL, kind TEXT NOT NULL, file TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key))""",
    """CREATE TABLE IF NOT EXISTS aliases (
        type TEXT NOT NULL, alias TEXT NOT NULL, path TEXT NOT NULL, versions TEXT NOT NULL, modifiable INTEGER,
        detailed INTEGER NOT NULL, PRIMARY KEY (type, alias)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS aliases_by_name ON aliases (alias)",
    "CREATE TABLE IF NOT EXISTS capabilities (type TEXT PRIMARY KEY, tags INTEGER, location INTEGER)",
)

# Rows of a plain table of paths do not replace what a list of providers says in more detail.
_KEEP_ALIAS = """INSERT INTO aliases VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (type, alias) DO UPDATE SET
    path = excluded.path, versions = excluded.versions, modifiable = excluded.modifiable, detailed = excluded.detailed
    WHERE excluded.detailed >= detailed"""

# What another cloud has under the same key does not replace the public definition.
_KEEP_DOCUMENT = """INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET
    file = excluded.file, body = excluded.body
    WHERE excluded.file NOT LIKE '%Azure Government/%' OR file LIKE '%Azure Government/%'"""


class Imported(Struct, frozen=True):
    """What an import added to a catalog or renewed in it."""

    definitions: int
    sets: int
    aliases: int
    skipped: tuple[Diagnostic, ...] = ()
    """Files of a folder that are no JSON."""


def import_catalog(source: Path, store: Path) -> Imported:
    """Adds to a catalog file, which is made when it is absent: a folder of definitions and initiatives, or of
    providers (`provider_files`), or a file of aliases (`read_alias_table`). What has the same key is replaced. All of
    it is added, or nothing: an import that is broken off leaves the file as it was. Raises `InvalidInput`."""
    if not source.exists():
        raise InvalidInput([error("BP332", f"`{source}` does not exist", Position(str(source)))])
    store.parent.mkdir(parents=True, exist_ok=True)
    if store.exists():
        return _write(source, store)
    # a catalog appears when it is complete
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        new = Path(folder) / store.name
        found = _write(source, new)
        new.replace(store)
    return found


def _write(source: Path, store: Path) -> Imported:
    connection = sqlite3.connect(store, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        found = _import(source, connection)
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as wrong:
        raise _no_catalog(store, f"cannot be written: {wrong}") from wrong
    finally:
        connection.close()  # rolls back what is not committed
    return found


def _import(source: Path, connection: sqlite3.Connection) -> Imported:
    _drop_other_version(connection)
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('version', ?)", (_VERSION,))
    found = _import_source(source, connection)
    if not found.definitions + found.sets + found.aliases:
        message = f"`{source}` holds no definition, initiative or alias"
        raise InvalidInput([error("BP332", message, Position(str(source))), *found.skipped])
    return found


def _drop_other_version(connection: sqlite3.Connection) -> None:
    """Empties a catalog that another version wrote: it is written anew."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "meta" in names:
        row = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
        if row is not None and row[0] == _VERSION:
            return
    for name in names & {"meta", "documents", "aliases", "capabilities"}:
        connection.execute(f"DROP TABLE {name}")


def _import_source(source: Path, connection: sqlite3.Connection) -> Imported:
    if source.is_dir() or (source.suffix == ".json" and _is_policy(source)):
        return _import_folder(source, connection)
    return Imported(0, 0, _import_aliases(read_store(source), connection))


def _is_policy(source: Path) -> bool:
    if source.stat().st_size > _LARGEST_POLICY:
        return False
    return kind_of(load(source).value) is not None


def _import_folder(source: Path, connection: sqlite3.Connection) -> Imported:
    index = index_folders([source])
    imported: dict[str, set[Path]] = {"definition": set(), "set": set()}
    for key, path in index.files.items():
        kind = "definition" if key in index.definitions else "set"
        body = zlib.compress(load(path).text.encode())
        shown = path.relative_to(source).as_posix() if source.is_dir() else path.name
        if OTHER_CLOUD in path.parts and OTHER_CLOUD not in shown:
            shown = f"{OTHER_CLOUD}/{shown}"
        connection.execute(_KEEP_DOCUMENT, (key, kind, shown, body))
        imported[kind].add(path)
    providers = provider_files(source) if source.is_dir() else ()
    aliases = sum(_import_aliases(read_store(path), connection) for path in providers)
    return Imported(len(imported["definition"]), len(imported["set"]), aliases, index.faults)


def _import_aliases(found: MemoryStore, connection: sqlite3.Connection) -> int:
    count = 0
    for type, members in found.by_type.items():
        for alias, entry in members.items():
            versions = json.dumps([[path, sorted(listed)] for path, listed in entry.versions])
            row = (type, alias, entry.default_path, versions, entry.modifiable, found.detailed)
            connection.execute(_KEEP_ALIAS, row)
            count += 1
    for type, known in found.capability.items():
        connection.execute(
            "INSERT OR REPLACE INTO capabilities VALUES (?, ?, ?)", (type, known.tags, known.location)
        )
    return count


class _Reader:
    """A connection that lasts as long as anything reads through it."""

    __slots__ = ("__weakref__", "_connection")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        weakref.finalize(self, connection.close)

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()

    def keys(self, kind: str) -> list[str]:
        return [key for (key,) in self.rows("SELECT key FROM documents WHERE kind = ? ORDER BY key", kind)]

    def document(self, kind: str, key: str) -> Document:
        ((file, body),) = self.rows("SELECT file, body FROM documents WHERE kind = ? AND key = ?", kind, key)
        return parse(zlib.decompress(body).decode(), file)


class SqliteStore:
    """Aliases in a catalog file, read a resource type at a time."""

    __slots__ = ("_reader", "_types")

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._types: dict[str, MemoryStore] = {}

    def entry(self, resource_type: str, alias: str) -> AliasEntry | None:
        return self._type(resource_type).entry(resource_type, alias)

    def anywhere(self, alias: str) -> tuple[AliasEntry, ...]:
        query = "SELECT path, versions, modifiable FROM aliases WHERE alias = ? ORDER BY type"
        return tuple(_entry(*row) for row in self._reader.rows(query, alias))

    def has_member(self, array: str) -> bool:
        # "/" is the character behind "."
        query = "SELECT 1 FROM aliases WHERE alias > ? AND alias < ? LIMIT 1"
        return bool(self._reader.rows(query, f"{array}.", f"{array}/"))

    def capabilities(self, resource_type: str) -> Capabilities:
        rows = self._reader.rows("SELECT tags, location FROM capabilities WHERE type = ?", resource_type)
        return Capabilities(_flag(rows[0][0]), _flag(rows[0][1])) if rows else Capabilities()

    def names(self, resource_type: str) -> tuple[str, ...]:
        return self._type(resource_type).names(resource_type)

    def _type(self, type: str) -> MemoryStore:
        if type not in self._types:
            store = MemoryStore()
            query = "SELECT type, alias, path, versions, modifiable FROM aliases WHERE type IN (?, '')"
            for owner, alias, *rest in self._reader.rows(query, type):
                store.add(owner, alias, _entry(*rest))
            self._types[type] = store
        return self._types[type]


def _entry(path: str, versions: str, modifiable: int | None) -> AliasEntry:
    pairs = tuple((target, frozenset(listed)) for target, listed in json.loads(versions))
    return AliasEntry(path, pairs, _flag(modifiable))


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


class Catalog(Struct, frozen=True, eq=False):
    """Built-in definitions, initiatives and aliases, read when they are asked for."""

    aliases: AliasTable
    definitions: Mapping[str, PolicyDefinition]
    sets: Mapping[str, PolicySetDefinition]
    has_aliases: bool = False
    """Whether Azure's table of aliases was imported: then what is not in it does not exist."""

    @classmethod
    def empty(cls) -> Catalog:
        """A catalog that knows nothing."""
        return cls(AliasTable.empty(), {}, {})


def open_catalog(store: Path) -> Catalog:
    """Opens a catalog file for reading. Raises `InvalidInput` when it is missing or was written otherwise."""
    reader = _open(store)
    return Catalog(
        aliases=AliasTable((SqliteStore(reader),)),
        definitions=Lazy(
            reader.keys("definition"),
            lambda key: read_definition(reader.document("definition", key), name=key),
        ),
        sets=Lazy(reader.keys("set"), lambda key: read_policy_set(reader.document("set", key), name=key)),
        has_aliases=bool(reader.rows("SELECT 1 FROM aliases LIMIT 1")),
    )


def catalog_documents(store: Path) -> Iterator[Document]:
    """Every definition and initiative of a catalog file as it was imported. Raises as `open_catalog` does."""
    reader = _open(store)
    for kind in ("definition", "set"):
        for key in reader.keys(kind):
            yield reader.document(kind, key)


def _open(store: Path) -> _Reader:
    if not store.is_file():
        raise _no_catalog(store, "does not exist")
    # one after the other, but not always in the same thread: a sandbox asks for aliases in that of a request
    connection = sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    except sqlite3.DatabaseError as found:
        connection.close()
        raise _no_catalog(store, "is no catalog") from found
    if row is None or row[0] != _VERSION:
        connection.close()
        raise _no_catalog(store, "was written by another version")
    return _Reader(connection)


def _no_catalog(store: Path, why: str) -> InvalidInput:
    hint = "delete it, and let `blueprinter catalog import` write it anew"
    return InvalidInput([error("BP332", f"`{store}` {why}", Position(str(store)), hint)])
