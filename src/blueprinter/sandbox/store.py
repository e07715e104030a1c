"""Everything that a sandbox holds, in SQLite: in memory, or in a file that outlives the process.

A file is durable at the moment a request is answered: the transaction is in the write-ahead log by then, and a
killed process takes nothing along. One process has the file at a time: SQLite's exclusive mode is a lock of the
operating system, which ends with the process however it ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from blueprinter.casing import fold
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import Json
from blueprinter.sandbox.model import Body, Stored

SCHEMA_VERSION = 1
APPLICATION = 0x42505342
"""`BPSB` in the header of the file: a database of this sandbox and no other."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, "
    "type_key TEXT NOT NULL, body BLOB NOT NULL, notes BLOB NOT NULL, created TEXT NOT NULL, "
    "changed TEXT NOT NULL, visible_from INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS objects_by_type ON objects (type_key, key)",
    "CREATE TABLE IF NOT EXISTS notes (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS operations (id TEXT PRIMARY KEY, number INTEGER NOT NULL, kind TEXT NOT NULL, "
    "subject TEXT NOT NULL, subject_key TEXT NOT NULL, status TEXT NOT NULL, wait INTEGER NOT NULL, "
    "breaks INTEGER NOT NULL, state BLOB NOT NULL, error BLOB, result BLOB, started TEXT NOT NULL, "
    "ended TEXT NOT NULL, principal BLOB) WITHOUT ROWID",
    "CREATE UNIQUE INDEX IF NOT EXISTS operations_in_order ON operations (number)",
    "CREATE INDEX IF NOT EXISTS operations_running ON operations (number) WHERE status = 'Running'",
    "CREATE INDEX IF NOT EXISTS operations_by_subject ON operations (subject_key) WHERE status = 'Running'",
)

_COLUMNS = "id, type, body, notes, created, changed, visible_from"
_GET = f"SELECT {_COLUMNS} FROM objects WHERE key = ?"
_PUT = (
    "INSERT INTO objects (key, id, type, type_key, body, notes, created, changed, visible_from) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET type = excluded.type, "
    "type_key = excluded.type_key, body = excluded.body, notes = excluded.notes, changed = excluded.changed"
)
_DELETE = "DELETE FROM objects WHERE key = ?"
_DELETE_BELOW = "DELETE FROM objects WHERE key > ? AND key < ?"
_BELOW = f"SELECT key, {_COLUMNS} FROM objects WHERE key > ? AND key < ? ORDER BY key LIMIT ?"
_OF_TYPE = (
    f"SELECT key, {_COLUMNS} FROM objects WHERE type_key = ? AND key > ? AND key < ? ORDER BY key LIMIT ?"
)
_CHUNK = 500
_LAST = "\U0010ffff"
"""Behind every key: what an id cannot begin with."""


def _bounds(scope_key: str) -> tuple[str, str]:
    """Keys below a scope lie between these: `/` is followed by `0` in the order of characters."""
    return f"{scope_key}/", f"{scope_key}0"


def _stored(row: tuple[Any, ...]) -> Stored:
    return Stored(row[0], row[1], orjson.loads(row[2]), orjson.loads(row[3]), row[4], row[5], row[6])


def _key(id: str) -> str:
    return fold(id.rstrip("/"))


class SqliteStore:
    """The `Store` of one open database. `stamp` gives the time to write, `tick` the number of the request."""

    def __init__(
        self, connection: sqlite3.Connection, stamp: Callable[[], str], tick: Callable[[], int]
    ) -> None:
        self._connection = connection
        self._stamp = stamp
        self._tick = tick
        self.hidden_for: Callable[[str], int] | None = None
        """Requests during which a new object stays hidden, by its id: what misbehaviour asks for."""

    def get(self, id: str) -> Stored | None:
        row = self._connection.execute(_GET, (_key(id),)).fetchone()
        return None if row is None else _stored(row)

    def has(self, id: str) -> bool:
        """Whether there is an object of this id; cheaper than reading it."""
        found = self._connection.execute("SELECT 1 FROM objects WHERE key = ?", (_key(id),)).fetchone()
        return found is not None

    def put(
        self, id: str, type: str, body: Body, *, notes: Body | None = None, hidden_for: int = 0
    ) -> Stored:
        key, now = _key(id), self._stamp()
        row = self._connection.execute(
            "SELECT id, created, notes, visible_from FROM objects WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            if self.hidden_for is not None:
                hidden_for = max(hidden_for, self.hidden_for(id))
            visible_from = self._tick() + hidden_for + 1 if hidden_for else 0
            made = Stored(id.rstrip("/"), type, body, notes or {}, now, now, visible_from)
        else:
            kept = orjson.loads(row[2]) if notes is None else notes
            made = Stored(row[0], type, body, kept, row[1], now, row[3])
        self._connection.execute(
            _PUT,
            (
                key,
                made.id,
                type,
                fold(type),
                orjson.dumps(body),
                orjson.dumps(made.notes),
                made.created,
                now,
                made.visible_from,
            ),
        )
        return made

    def delete(self, id: str) -> bool:
        key = _key(id)
        found = self._connection.execute(_DELETE, (key,)).rowcount > 0
        self._connection.execute(_DELETE_BELOW, _bounds(key))
        return found

    def of_type(self, type: str, scope: str = "", after: str = "") -> Iterator[Stored]:
        type_key, scope_key = fold(type), _key(scope)
        low, high = _bounds(scope_key) if scope_key else ("", _LAST)
        if scope_key and not after:
            row = self._connection.execute(_GET, (scope_key,)).fetchone()
            if row is not None and fold(row[1]) == type_key:
                yield _stored(row)
        yield from self._chunks(_OF_TYPE, (type_key,), max(low, _key(after)), high)

    def below(self, scope: str, after: str = "") -> Iterator[Stored]:
        scope_key = _key(scope)
        low, high = _bounds(scope_key) if scope_key else ("", _LAST)
        return self._chunks(_BELOW, (), max(low, _key(after)), high)

    def _chunks(self, sql: str, arguments: tuple[str, ...], low: str, high: str) -> Iterator[Stored]:
        """Rows by key, some at a time: who reads on may write meanwhile, and who stops early reads little."""
        while True:
            rows = self._connection.execute(sql, (*arguments, low, high, _CHUNK)).fetchall()
            for row in rows:
                yield _stored(row[1:])
            if len(rows) < _CHUNK:
                return
            low = rows[-1][0]

    def count(self, type: str, scope: str = "") -> int:
        type_key, scope_key = fold(type), _key(scope)
        where, arguments = "type_key = ?", [type_key]
        if scope_key:
            where += " AND (key = ? OR (key > ? AND key < ?))"
            arguments += [scope_key, *_bounds(scope_key)]
        row = self._connection.execute(f"SELECT COUNT(*) FROM objects WHERE {where}", arguments).fetchone()
        return int(row[0])

    def note(self, key: str) -> Json:
        row = self._connection.execute("SELECT value FROM notes WHERE key = ?", (key,)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def set_note(self, key: str, value: Json) -> None:
        if value is None:
            self._connection.execute("DELETE FROM notes WHERE key = ?", (key,))
        else:
            self._connection.execute(
                "INSERT INTO notes VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, orjson.dumps(value)),
            )

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        return iter(self._connection.execute(sql, arguments).fetchall())

    def run(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        return self._connection.execute(sql, arguments).rowcount

    def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(sql, arguments)


def open_database(path: Path | None, schemas: Sequence[str]) -> sqlite3.Connection:
    """An open database with all tables; None is one in memory. Transactions are the caller's.

    Raises `InvalidInput`: BP701 for a file that another sandbox has open, BP702 for one that is no state of a
    sandbox, BP703 for one of another version, BP704 for one that cannot be opened.
    """
    try:
        # the sandbox has one lock around everything, so the threads of a caller may take turns
        connection = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
    except sqlite3.Error as fault:
        raise _refused("BP704", path, f"the state file cannot be opened: {fault}") from fault
    try:
        if path is not None:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            _check_file(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            # the log is with the operating system when a request is answered: it survives the process, and
            # may lose its last moments when the machine loses power
            connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("BEGIN IMMEDIATE")
        for statement in (*_SCHEMA, *schemas):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except sqlite3.Error as fault:
        connection.close()
        if fault.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _refused("BP701", path, "another sandbox has this state file open") from fault
        if fault.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise _refused("BP702", path, f"the file is no state of a sandbox: {fault}") from fault
        raise _refused("BP704", path, f"the state file cannot be opened: {fault}") from fault
    except InvalidInput:
        connection.close()
        raise
    return connection


_HINTS = {
    "BP701": "end the other one, or name another file",
    "BP702": "name a new file",
    "BP703": "start with a new file, or use the blueprinter that wrote this one",
    "BP704": "name a file in a folder that exists and that you may write to",
}


def _refused(code: str, path: Path | None, message: str) -> InvalidInput:
    return InvalidInput([error(code, message, Position(str(path or "")), _HINTS[code])])


def _check_file(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION:
        if tables:
            raise _refused(
                "BP702", path, "the file is no state of a sandbox: it is a database of something else"
            )
    elif version != SCHEMA_VERSION:
        text = f"the state file has version {version}, this sandbox writes version {SCHEMA_VERSION}"
        raise _refused("BP703", path, text)
