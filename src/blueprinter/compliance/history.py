"""Saved runs in one SQLite file: what changed since, how old a finding is, and every report again.

A run is saved whole or not at all, in one transaction. Each row carries the hash of the row before it, so that a run
which is changed or taken out later shows. What a run was judged by is kept beside it, each content once.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.casing import fold
from blueprinter.compliance.comparing import Failure, Key, Snapshot, compare, mean_age, snapshot
from blueprinter.compliance.inputs import Kept, read_inputs
from blueprinter.compliance.model import (
    Change,
    Comparison,
    ControlState,
    Finding,
    Fraction,
    Pair,
    Run,
    TrendPoint,
)
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error, warning
from blueprinter.policy import PolicySeverity, definition_key

DEFAULT_FILE = Path(".blueprinter") / "history.db"
_VERSION = 2
_KNOWN = frozenset({1, 2})
"""Version 1 kept runs without what they were judged by."""
_POINTS = 24
"""Runs in a trend, this one included."""
_WAIT_SECONDS = 10

_TABLES = (
    """CREATE TABLE run (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, now TEXT NOT NULL,
        blueprint TEXT NOT NULL, version TEXT NOT NULL, pack TEXT NOT NULL, framework TEXT NOT NULL,
        assignment TEXT NOT NULL, line TEXT NOT NULL, scopes TEXT NOT NULL, states TEXT NOT NULL,
        counts TEXT NOT NULL, coverage TEXT NOT NULL, score TEXT NOT NULL, failing INTEGER NOT NULL,
        new INTEGER NOT NULL, fixed INTEGER NOT NULL, reopened INTEGER NOT NULL, mean_age INTEGER NOT NULL,
        comparable INTEGER NOT NULL, complete INTEGER NOT NULL, tests TEXT NOT NULL, declared TEXT NOT NULL,
        document BLOB NOT NULL, sha256 TEXT NOT NULL, chain TEXT NOT NULL)""",
    """CREATE TABLE failure (
        number INTEGER PRIMARY KEY, test TEXT NOT NULL, folded TEXT NOT NULL, resource TEXT NOT NULL,
        policy TEXT NOT NULL, severity TEXT NOT NULL, controls TEXT NOT NULL, UNIQUE (test, folded))""",
    """CREATE TABLE seen (
        run INTEGER NOT NULL REFERENCES run, failure INTEGER NOT NULL REFERENCES failure, since TEXT NOT NULL,
        PRIMARY KEY (run, failure)) WITHOUT ROWID""",
    "CREATE INDEX run_by_line ON run (line, now, number)",
)
_INPUT_TABLES = (
    "CREATE TABLE input (run INTEGER PRIMARY KEY REFERENCES run, packed BLOB NOT NULL)",
    "CREATE TABLE content (sha256 TEXT PRIMARY KEY, packed BLOB NOT NULL) WITHOUT ROWID",
)


class SavedRun(Struct, frozen=True):
    """A saved run, as a list shows it."""

    number: int
    run_id: str
    now: datetime
    blueprint: str
    version: str
    pack: str
    framework: str
    counts: Mapping[ControlState, int]
    coverage: Fraction
    score: Fraction
    failing: int
    new: int
    fixed: int
    reopened: int
    comparable: bool
    """With the run before it in its line."""
    sha256: str
    """Of the document."""


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as found:
        raise InvalidInput(
            [error("BP292", f"the history cannot be used: {found}", Position(str(file)))]
        ) from found


class History:
    """The saved runs of one file. Use it as a context manager."""

    def __init__(self, file: Path, *, create: bool = False) -> None:
        """Raises `InvalidInput` (BP292) where the file is no history, or is not there without `create`."""
        self._file = file
        if not create and not file.is_file():
            hint = "`blueprinter evaluate … --save` starts one"
            raise InvalidInput([error("BP292", "there is no history here", Position(str(file)), hint)])
        with _told(file):
            if create:
                file.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)
            try:
                self._prepare(create=create)
            except (sqlite3.Error, InvalidInput):
                self._base.close()
                raise

    def _prepare(self, *, create: bool) -> None:
        version = self._version()
        if version in (0, 1) and create:
            with self._transaction():
                # another process may have been first while this one waited
                found = self._version()
                for table in (*(_TABLES if found == 0 else ()), *(_INPUT_TABLES if found < _VERSION else ())):
                    self._base.execute(table)
                self._base.execute(f"PRAGMA user_version = {_VERSION}")
        elif version not in _KNOWN:
            message = (
                f"the history is of version {version}, this tool knows {_VERSION}"
                if version
                else "the file is no history"
            )
            raise InvalidInput([error("BP292", message, Position(str(self._file)))])

    def _version(self) -> int:
        (version,) = self._base.execute("PRAGMA user_version").fetchone()
        return int(version)

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, found: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, also when the process is interrupted or killed within."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    # --- saving ---

    def placed(self, run: Run) -> Run:
        """The run among the saved ones: since when each failure is known, what changed, the trend."""
        with _told(self._file):
            now = snapshot(run)
            earlier = self._before(now)
            if earlier is None:
                aged = tuple(_since(found, now.now, {}) for found in run.findings)
                placed = replace(run, findings=aged, comparison=None)
                return replace(placed, trend=(_point(snapshot(placed), None),))
            number, older = earlier
            aged = tuple(_since(found, now.now, older.failures) for found in run.findings)
            placed = replace(run, findings=aged)
            now = snapshot(placed)
            comparison = compare(older, now, before=self._ever_before(number, older))
            points = (*self._points(older, number), _point(now, comparison))
            return replace(placed, comparison=comparison, trend=points[-_POINTS:])

    def save(self, run: Run, document: bytes, kept: Kept | None = None) -> bool:
        """Saves a run as `placed` gave it, with its JSON document and what it was judged by. False = a run of this id
        is saved already."""
        digest = sha256(document).hexdigest()
        with _told(self._file), self._transaction():
            known = self._base.execute("SELECT sha256 FROM run WHERE id = ?", (run.run_id,)).fetchone()
            if known is not None:
                return False
            self._insert(run, document, digest, kept)
        return True

    def _insert(self, run: Run, document: bytes, digest: str, kept: Kept | None) -> None:
        now = snapshot(run)
        point = run.trend[-1] if run.trend else _point(now, run.comparison)
        last = self._base.execute("SELECT chain FROM run ORDER BY number DESC LIMIT 1").fetchone()
        cursor = self._base.execute(
            f"INSERT INTO run VALUES (NULL{', ?' * 25})",
            (
                now.run_id,
                _stamp(now.now),
                now.blueprint,
                now.version,
                now.pack,
                now.framework,
                now.assignment,
                json.dumps(now.line),
                json.dumps(now.scopes),
                json.dumps(now.states),
                json.dumps(now.counts),
                _ratio(now.coverage),
                _ratio(now.score),
                now.failing,
                point.new,
                point.fixed,
                point.reopened,
                point.mean_age,
                point.comparable,
                now.complete,
                json.dumps(now.tests),
                json.dumps(now.declared),
                zlib.compress(document),
                digest,
                chained(last[0] if last else "", digest, kept.inputs.text() if kept else ""),
            ),
        )
        number = cursor.lastrowid
        if kept is not None:
            self._base.execute(
                "INSERT INTO input VALUES (?, ?)", (number, zlib.compress(kept.inputs.text().encode()))
            )
            self._base.executemany(
                "INSERT OR IGNORE INTO content VALUES (?, ?)",
                ((key, zlib.compress(content)) for key, content in sorted(kept.contents.items())),
            )
        for failure in now.failures.values():
            test, folded = failure.key
            self._base.execute(
                "INSERT INTO failure VALUES (NULL, ?, ?, ?, ?, ?, ?) ON CONFLICT (test, folded) DO UPDATE SET "
                "resource = excluded.resource, policy = excluded.policy, severity = excluded.severity, "
                "controls = excluded.controls",
                (
                    test,
                    folded,
                    failure.resource,
                    failure.policy,
                    str(failure.severity),
                    json.dumps(failure.controls),
                ),
            )
            self._base.execute(
                "INSERT INTO seen SELECT ?, number, ? FROM failure WHERE test = ? AND folded = ?",
                (number, failure.since or f"{now.now:%Y-%m-%d}", test, folded),
            )

    # --- reading ---

    def runs(self) -> tuple[SavedRun, ...]:
        """Every saved run, in the order in which they were saved."""
        with _told(self._file):
            rows = self._base.execute(
                "SELECT number, id, now, blueprint, version, pack, framework, counts, coverage, score, failing, "
                "new, fixed, reopened, comparable, sha256 FROM run ORDER BY number"
            )
            return tuple(
                SavedRun(
                    number,
                    run_id,
                    _moment(now),
                    blueprint,
                    version,
                    pack,
                    framework,
                    _counts(counts),
                    _fraction(coverage),
                    _fraction(score),
                    failing,
                    new,
                    fixed,
                    reopened,
                    bool(comparable),
                    digest,
                )
                for (
                    number,
                    run_id,
                    now,
                    blueprint,
                    version,
                    pack,
                    framework,
                    counts,
                    coverage,
                    score,
                    failing,
                    new,
                    fixed,
                    reopened,
                    comparable,
                    digest,
                ) in rows
            )

    def find(self, name: str) -> SavedRun:
        """A run by its id, the beginning of it, `latest` or `latest~N`. Raises `InvalidInput` (BP291)."""
        runs = self.runs()
        word, _, back = name.partition("~")
        if fold(word) == "latest" and (not back or back.isdecimal()):
            steps = int(back or 0)
            matching = [runs[-1 - steps]] if steps < len(runs) else []
        else:
            matching = [run for run in runs if run.run_id == name] or [
                run for run in runs if name and run.run_id.startswith(name)
            ]
        if len(matching) == 1:
            return matching[0]
        message = f"{len(matching)} runs begin with `{name}`" if matching else f"there is no run `{name}`"
        hint = "`blueprinter history list` shows what is saved"
        raise InvalidInput([error("BP291", message, Position(str(self._file)), hint)])

    def document(self, run: SavedRun) -> bytes:
        """The JSON document of a run. Raises `InvalidInput` (BP292) where it cannot be unpacked."""
        with _told(self._file):
            (packed,) = self._base.execute(
                "SELECT document FROM run WHERE number = ?", (run.number,)
            ).fetchone()
        try:
            return zlib.decompress(packed)
        except zlib.error as found:
            message = f"the run `{run.run_id}` cannot be unpacked: {found}"
            raise InvalidInput([error("BP292", message, Position(str(self._file)))]) from found

    def kept(self, run: SavedRun) -> Kept | None:
        """What a run was judged by; None where a version of the tool saved it that did not keep that. Raises
        `InvalidInput` (BP292) where it cannot be unpacked."""
        with _told(self._file):
            packed = self._inputs(run.number)
            if packed is None:
                return None
            try:
                inputs = read_inputs(json.loads(zlib.decompress(packed)))
                wanted = {one.sha256 for one in inputs.files if one.kept} | {inputs.answers} - {""}
                contents = {
                    key: zlib.decompress(content)
                    for key in sorted(wanted)
                    for (content,) in self._base.execute(
                        "SELECT packed FROM content WHERE sha256 = ?", (key,)
                    )
                }
            except (zlib.error, ValueError, KeyError, TypeError) as found:
                message = f"what the run `{run.run_id}` was judged by cannot be unpacked: {found}"
                raise InvalidInput([error("BP292", message, Position(str(self._file)))]) from found
        return Kept(inputs, contents)

    def link(self, run: SavedRun) -> tuple[str, str]:
        """The chain before a run, empty for the first, and the chain with it."""
        with _told(self._file):
            rows = self._base.execute(
                "SELECT chain FROM run WHERE number <= ? ORDER BY number DESC LIMIT 2", (run.number,)
            ).fetchall()
        return (rows[1][0] if len(rows) > 1 else ""), rows[0][0]

    def _inputs(self, number: int) -> bytes | None:
        if self._version() < _VERSION:
            return None
        row = self._base.execute("SELECT packed FROM input WHERE run = ?", (number,)).fetchone()
        return row[0] if row else None

    def compare(self, older: SavedRun, newer: SavedRun) -> Comparison:
        """What changed between two saved runs."""
        with _told(self._file):
            first, second = self._snapshot(older.number), self._snapshot(newer.number)
            return compare(first, second, before=self._ever_before(older.number, first))

    def broken(self) -> tuple[Diagnostic, ...]:
        """A warning (BP293) for each run whose document, inputs or place in the chain is not as it was saved."""
        found = []
        before = ""
        with _told(self._file):
            rows = self._base.execute("SELECT number, id, document, sha256, chain FROM run ORDER BY number")
            for number, run_id, packed, digest, chain in rows:
                inputs = self._inputs(number)
                try:
                    intact = sha256(zlib.decompress(packed)).hexdigest() == digest
                    judged_by = zlib.decompress(inputs).decode() if inputs is not None else ""
                except (zlib.error, UnicodeDecodeError):
                    intact, judged_by = False, ""
                if not intact or chain != chained(before, digest, judged_by):
                    message = f"the run `{run_id}` or one before it was changed after it was saved"
                    found.append(warning("BP293", message, Position(str(self._file))))
                before = chain
        return tuple(found)

    # --- lines of runs ---

    def _before(self, now: Snapshot) -> tuple[int, Snapshot] | None:
        """The run before this one in its line."""
        row = self._base.execute(
            "SELECT number FROM run WHERE line = ? AND now < ? AND id != ? ORDER BY now DESC, number DESC LIMIT 1",
            (json.dumps(now.line), _stamp(now.now), now.run_id),
        ).fetchone()
        return (row[0], self._snapshot(row[0])) if row else None

    def _snapshot(self, number: int) -> Snapshot:
        row = self._base.execute(
            "SELECT id, now, blueprint, version, pack, framework, assignment, scopes, states, counts, coverage, "
            "score, failing, complete, tests, declared FROM run WHERE number = ?",
            (number,),
        ).fetchone()
        failures = {
            failure.key: failure
            for failure in (
                Failure(test, resource, policy, PolicySeverity(severity), tuple(json.loads(controls)), since)
                for test, resource, policy, severity, controls, since in self._base.execute(
                    "SELECT test, resource, policy, severity, controls, since FROM seen "
                    "JOIN failure ON failure.number = seen.failure WHERE run = ? ORDER BY test, folded",
                    (number,),
                )
            )
        }
        return Snapshot(
            run_id=row[0],
            now=_moment(row[1]),
            blueprint=row[2],
            version=row[3],
            pack=row[4],
            framework=row[5],
            assignment=row[6],
            scopes=tuple(json.loads(row[7])),
            states={control: ControlState(state) for control, state in json.loads(row[8]).items()},
            counts=_counts(row[9]),
            coverage=_fraction(row[10]),
            score=_fraction(row[11]),
            failing=row[12],
            failures=failures,
            complete=bool(row[13]),
            tests=json.loads(row[14]),
            declared=json.loads(row[15]),
        )

    def _ever_before(self, number: int, run: Snapshot) -> frozenset[Key]:
        """Failures of the runs of a line that lie before one of them."""
        return frozenset(
            (test, folded)
            for test, folded in self._base.execute(
                "SELECT DISTINCT test, folded FROM seen JOIN failure ON failure.number = seen.failure "
                "JOIN run ON run.number = seen.run WHERE run.line = ? AND run.now <= ? AND run.number != ?",
                (json.dumps(run.line), _stamp(run.now), number),
            )
        )

    def _points(self, last: Snapshot, number: int) -> tuple[TrendPoint, ...]:
        """The trend of a line up to one of its runs."""
        rows = self._base.execute(
            "SELECT id, now, counts, coverage, score, failing, new, fixed, reopened, mean_age, comparable FROM run "
            "WHERE line = ? AND (now < ? OR number = ?) ORDER BY now DESC, number DESC LIMIT ?",
            (json.dumps(last.line), _stamp(last.now), number, _POINTS),
        ).fetchall()
        return tuple(
            TrendPoint(
                row[0],
                _moment(row[1]),
                _counts(row[2]),
                _fraction(row[3]),
                _fraction(row[4]),
                failing=row[5],
                new=row[6],
                fixed=row[7],
                reopened=row[8],
                mean_age=row[9],
                comparable=bool(row[10]),
            )
            for row in reversed(rows)
        )


def _since(found: Finding, now: datetime, older: Mapping[Key, Failure]) -> Finding:
    """A finding with the day since which saved runs have it."""
    if found.pair is not Pair.NON_COMPLIANT:
        return found
    key = (definition_key(found.state.assigned.definition.id), fold(found.state.resource.id))
    known = older.get(key)
    return replace(found, first_seen=(known.since if known else "") or f"{now:%Y-%m-%d}")


def _point(now: Snapshot, comparison: Comparison | None) -> TrendPoint:
    def count(change: Change) -> int:
        return comparison.count(change) if comparison is not None else 0

    return TrendPoint(
        now.run_id,
        now.now,
        now.counts,
        now.coverage,
        now.score,
        now.failing,
        count(Change.NEW),
        count(Change.FIXED),
        count(Change.REOPENED),
        mean_age(now.failures.values(), now.now.date()),
        comparison is not None and comparison.comparable,
    )


def chained(before: str, digest: str, inputs: str) -> str:
    """The hash that ties a run to those before it: over their chain, the hash of its document, and the text of its
    inputs where they are known."""
    judged_by = f"\n{sha256(inputs.encode()).hexdigest()}" if inputs else ""
    return sha256(f"{before}\n{digest}{judged_by}".encode()).hexdigest()


def _stamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _ratio(value: Fraction) -> str:
    return f"{value.part}/{value.whole}"


def _fraction(text: str) -> Fraction:
    part, _, whole = text.partition("/")
    return Fraction(int(part), int(whole))


def _counts(text: str) -> dict[ControlState, int]:
    return {ControlState(state): count for state, count in json.loads(text).items()}
