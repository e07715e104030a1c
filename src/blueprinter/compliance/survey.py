"""What the first reading of an inventory finds out: counts, digests, holes, and what contradicts a manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING

from blueprinter.arm import Resource, id_within
from blueprinter.casing import fold
from blueprinter.compliance.estate import TypeCount
from blueprinter.compliance.manifest import READ, Manifest, in_utc
from blueprinter.compliance.model import ScopeCoverage
from blueprinter.compliance.records import Fault, MorePages, Record
from blueprinter.compliance.scope import subscription_of
from blueprinter.diagnostics import Diagnostic, Position, warning
from blueprinter.text import plural

if TYPE_CHECKING:
    from hashlib import _Hash

_SHOWN = 1_000
"""Unreadable records of one file that are named one by one; the rest is one count."""
_TYPES_NAMED = 3
_SUBSCRIPTION = "microsoft.resources/subscriptions"
_EXPORT = "read every page, with `--skip-token`, into one file each"


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """One file, as it is called in messages, with its manifest if it has one."""

    path: Path
    shown: str
    manifest: Manifest | None

    @property
    def cloud(self) -> str:
        return self.manifest.cloud if self.manifest else "AzureCloud"

    def age(self, now: datetime) -> timedelta | None:
        """How long before `now` its newest data was collected; None when nothing says."""
        ended = self.manifest.ended_at if self.manifest else None
        return now - in_utc(ended) if ended else None


class Survey:
    """Learns from every row of one complete reading, and is closed by `finish`."""

    def __init__(self, files: Sequence[InventoryFile]) -> None:
        self.files = tuple(files)
        self.total = 0
        self.without_properties = 0
        self.unreadable = 0
        self.types = TypeCount()
        self.clouds_and_types: dict[tuple[str, str], None] = {}
        self.repeated: set[int] = set()
        """Ordinals of rows whose id came before."""
        self.unsound = [False] * len(files)
        """Files whose manifest does not fit."""
        self.partial = False
        self.diagnostics: list[Diagnostic] = []
        self._rows = [TypeCount() for _ in files]
        self._row_count = [0] * len(files)
        self._fault_count = [0] * len(files)
        self._digests = [sha256() for _ in files]
        self._all_bytes = sha256()
        self._ordinal = 0
        self._known_ids: set[bytes] = set()
        self._first_repeated: Position | None = None
        self._scopes = _Scopes(files)

    def digests(self, file: int) -> tuple[_Hash, _Hash]:
        """The digests that the bytes of a file go to: its own, and that of everything."""
        return self._digests[file], self._all_bytes

    @property
    def sha256(self) -> str:
        """Of all bytes in reading order."""
        return self._all_bytes.hexdigest()

    def scopes(self) -> tuple[ScopeCoverage, ...]:
        """The scopes that were asked for, and the subscriptions that rows lie in."""
        return self._scopes.coverage()

    def admit(self, file: int, resource: Resource) -> bool:
        """Notes a row; False when its id came before."""
        self._rows[file].add(resource.type)
        self._row_count[file] += 1
        ordinal = self._ordinal
        self._ordinal += 1
        # a digest is a third of the size of an id, and an estate may hold a million
        identity = blake2b(fold(resource.id).encode(errors="replace"), digest_size=16).digest()
        if identity in self._known_ids:
            self.repeated.add(ordinal)
            if self._first_repeated is None:
                self._first_repeated = resource.origin.locate()
            return False
        self._known_ids.add(identity)
        self.total += 1
        self.types.add(resource.type)
        self.clouds_and_types[self.files[file].cloud, resource.type] = None
        self._scopes.count(resource)
        if not resource.has_properties:
            self.without_properties += 1
        return True

    def note_headless(self, file: int, row: Record) -> None:
        """A row without an id or a type."""
        lacking = [
            key for key in ("id", "type") if not (isinstance(row.body.get(key), str) and row.body[key])
        ]
        message = f"a record without {' and '.join(f'`{key}`' for key in lacking)}"
        self._unreadable(file, "BP282", message, row.line, 1, "keep both columns in the query")

    def note_fault(self, file: int, fault: Fault) -> None:
        """A row that is no JSON object."""
        rest = "; nothing after it could be read" if fault.rest else ""
        message = f"the record cannot be read: {fault.message[:1].lower()}{fault.message[1:]}{rest}"
        self._unreadable(file, "BP281", message, fault.line, fault.column, "export it again: was it cut off?")

    def _unreadable(self, file: int, code: str, message: str, line: int, column: int, hint: str) -> None:
        self.unreadable += 1
        self.partial = True
        self._fault_count[file] += 1
        if self._fault_count[file] <= _SHOWN:
            place = Position(self.files[file].shown, line, column)
            self.diagnostics.append(warning(code, message, place, hint))

    def note_pages(self, file: int, pages: MorePages) -> None:
        """A page that is not the last."""
        self.partial = True
        of = f" of {plural(pages.total, 'row')}" if pages.total else ""
        place = Position(self.files[file].shown)
        self.diagnostics.append(warning("BP286", f"only one page{of} is in the file", place, _EXPORT))

    def finish(self, now: datetime, max_age_days: int) -> None:
        """Compares with the manifests, and says once what concerns many rows."""
        self._known_ids.clear()
        for index, file in enumerate(self.files):
            place = Position(file.shown)
            if self._fault_count[index] > _SHOWN:
                more = plural(self._fault_count[index] - _SHOWN, "more record")
                self.diagnostics.append(warning("BP281", f"{more} cannot be read", place))
            if not self._row_count[index] and not self._fault_count[index]:
                self.diagnostics.append(warning("BP285", "no resource is in the inventory", place))
            if file.manifest is not None:
                self._compare(index, file, file.manifest)
            age = file.age(now)
            if age is not None and age > timedelta(days=max_age_days):
                message = f"collected {age.days} days before this run, which is more than {max_age_days}"
                self.diagnostics.append(
                    warning("BP289", message, place, "nothing passes on it: collect again")
                )
        if self._first_repeated is not None:
            records = plural(len(self.repeated), "record repeats", "records repeat")
            message = f"{records} the id of an earlier one, which is used"
            self.diagnostics.append(warning("BP287", message, self._first_repeated))
        if self.without_properties:
            message = (
                f"{self.without_properties:,} of {plural(self.total, 'row')} have no `properties`, so a test that "
                "reads one cannot decide them"
            )
            hint = (
                "export with `az graph query -q resources`, whose rows have `properties`; "
                "`az resource list` leaves them out"
            )
            self.diagnostics.append(warning("BP283", message, Position(self.files[0].shown), hint))
        for scope in self._scopes.refused():
            self.partial = True
            why = f": {scope.reason}" if scope.reason else ""
            self.diagnostics.append(
                warning("BP288", f"the scope `{scope.scope}` could not be read{why}", Position(scope.file))
            )

    def _compare(self, index: int, file: InventoryFile, manifest: Manifest) -> None:
        """The manifest with the file as it was read."""
        found: list[str] = []
        if manifest.sha256 and fold(manifest.sha256) != self._digests[index].hexdigest():
            found.append("the SHA-256 of the file is another than its manifest says")
        rows = self._rows[index]
        differing = [row for row in manifest.types if rows.of(row.type) != row.rows]
        if differing:
            shown = differing[:_TYPES_NAMED]
            named = ", ".join(f"`{row.type}` {rows.of(row.type):,} for {row.rows:,}" for row in shown)
            found.append(f"the file has other row counts than its manifest says: {named}{_more(differing)}")
        self.unsound[index] = bool(found)
        short = [row for row in manifest.types if row.expected is not None and row.expected != row.rows]
        if short:
            named = ", ".join(
                f"`{row.type}` {row.rows:,} of {row.expected:,}" for row in short[:_TYPES_NAMED]
            )
            found.append(f"the collector did not read every row: {named}{_more(short)}")
        for message in found:
            self.partial = True
            self.diagnostics.append(
                warning("BP284", message, Position(file.shown), "collect the inventory again")
            )


def _more(rows: Sequence[object]) -> str:
    rest = len(rows) - _TYPES_NAMED
    return f" and {plural(rest, 'more type')}" if rest > 0 else ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A scope that a manifest names."""

    scope: str
    read: bool
    reason: str
    file: str


class _Scopes:
    """Counts resources by the nearest scope that was asked for, else by subscription."""

    def __init__(self, files: Sequence[InventoryFile]) -> None:
        self._asked: dict[str, _Asked] = {}
        for file in files:
            for row in file.manifest.scopes if file.manifest else ():
                key = fold(row.scope.rstrip("/"))
                known = self._asked.get(key)
                if known is None or known.read:
                    self._asked[key] = _Asked(row.scope, row.status == READ, row.reason, file.shown)
        self._near: dict[str, list[_Asked]] = {}
        self._counts: dict[str, int] = {}
        self._spelled: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def count(self, resource: Resource) -> None:
        subscription = subscription_of(resource.id)
        key = fold(subscription)
        near = self._near.get(key)
        if near is None:
            near = [
                asked
                for asked in self._asked.values()
                if id_within(subscription, asked.scope) or id_within(asked.scope, subscription)
            ]
            near.sort(key=lambda asked: -len(asked.scope))
            self._near[key] = near
        if near:
            inside = next(
                (asked.scope for asked in near if id_within(resource.id, asked.scope)), subscription
            )
        else:
            inside = subscription
        self._counts[fold(inside)] = self._counts.get(fold(inside), 0) + 1
        self._spelled.setdefault(fold(inside), inside)
        if fold(resource.type) == _SUBSCRIPTION:
            properties = resource.body.get("properties")
            shown = properties.get("displayName") if isinstance(properties, dict) else None
            self._names[key] = shown if isinstance(shown, str) and shown else resource.name

    def refused(self) -> list[_Asked]:
        return [asked for asked in self._asked.values() if not asked.read]

    def coverage(self) -> tuple[ScopeCoverage, ...]:
        rows = [
            ScopeCoverage(
                asked.scope,
                self._name(asked.scope),
                "read" if asked.read else "refused",
                self._counts.get(key, 0),
                asked.reason,
            )
            for key, asked in self._asked.items()
        ]
        others = sorted(key for key in self._counts if key and key not in self._asked)
        rows += [
            ScopeCoverage(self._spelled[key], self._name(self._spelled[key]), "read", self._counts[key])
            for key in others
        ]
        return tuple(rows)

    def _name(self, scope: str) -> str:
        return self._names.get(fold(scope), "") or scope.rstrip("/").rpartition("/")[2] or scope
