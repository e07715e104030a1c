"""What the first reading of an inventory finds out: counts, digests, holes, and what contradicts a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from blueprinter.arm import Resource, id_within
from blueprinter.casing import fold, same
from blueprinter.compliance.estate import TypeCount
from blueprinter.compliance.manifest import READ, in_utc
from blueprinter.compliance.model import ScopeCoverage
from blueprinter.compliance.records import Fault, MorePages, Record
from blueprinter.compliance.scope import subscription_of
from blueprinter.diagnostics import Diagnostic, Position, warning
from blueprinter.policy import ByScope
from blueprinter.text import plural

if TYPE_CHECKING:
    from hashlib import _Hash

    from blueprinter.compliance.manifest_file import Manifest

_SHOWN = 1_000
"""Unreadable records of one file that are named one by one; the rest is one count."""
_TYPES_NAMED = 3
_SUBSCRIPTION = "microsoft.resources/subscriptions"
_EXPORT = "read every page, with `--skip-token`, into one file each"


class InventoryFile(Struct, frozen=True):
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


class SurveyPart(Struct):
    """What a reading that counts found out about a file, or about part of one."""

    rows: dict[str, int] = field(default_factory=dict)
    """Rows by type as spelled, those whose id came before."""
    types: dict[str, int] = field(default_factory=dict)
    """Resources by type as spelled, in the order of reading."""
    without_properties: int = 0
    scopes: dict[str, int] = field(default_factory=dict)
    """Resources by what their scope goes by: see `Survey.scope_of`."""
    subscriptions: dict[str, str] = field(default_factory=dict)
    """Names by the ids of subscriptions."""
    troubles: list[Record | Fault | MorePages] = field(default_factory=list)
    """What is no resource, in the order of the file."""
    repeated: list[tuple[int, int]] = field(default_factory=list)
    """Rows whose id came before: how many resources stand before them in the whole reading, and their line."""

    def count_type(self, spelled: str, count: int) -> None:
        self.types[spelled] = self.types.get(spelled, 0) + count

    def add(self, other: SurveyPart) -> None:
        """What was found out about the part of the file that follows."""
        for mine, theirs in ((self.rows, other.rows), (self.types, other.types), (self.scopes, other.scopes)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        self.without_properties += other.without_properties
        self.subscriptions.update(other.subscriptions)
        self.troubles.extend(other.troubles)
        self.repeated.extend(other.repeated)


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
        self._all_bytes = sha256()
        self._digests = [sha256() for _ in files] if len(files) > 1 else [self._all_bytes]
        self._ordinal = 0
        self._known_ids: set[bytes] = set()
        self._first_repeated: Position | None = None
        self._scopes = _Scopes(files)

    def digests(self, file: int) -> tuple[_Hash, ...]:
        """The digests that the bytes of a file go to: that of everything, and its own where a manifest has one."""
        manifest = self.files[file].manifest
        if len(self.files) == 1 or manifest is None or not manifest.sha256:
            return (self._all_bytes,)
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

    def scope_of(self) -> ByScope[str]:
        """What the scope of an id goes by in a `SurveyPart`; where it is constant, any start of the id that holds its
        subscription will do."""
        return self._scopes.by_scope()

    def take(self, file: int, part: SurveyPart) -> None:
        """Notes a whole file that was read by counting."""
        for rows in (part.types, part.rows):
            for spelled, count in rows.items():
                self._rows[file].add(spelled, count)
                self._row_count[file] += count
        for spelled, count in part.types.items():
            self.total += count
            self.types.add(spelled, count)
            self.clouds_and_types[self.files[file].cloud, spelled] = None
        self.without_properties += part.without_properties
        for ordinal, line in part.repeated:
            self.repeated.add(ordinal)
            if self._first_repeated is None:
                self._first_repeated = Position(self.files[file].shown, line, 1)
        self._scopes.take(part.scopes, part.subscriptions)
        for row in part.troubles:
            if isinstance(row, Record):
                self.note_headless(file, row)
            elif isinstance(row, Fault):
                self.note_fault(file, row)
            else:
                self.note_pages(file, row)

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
                "`az resource list` has none of them"
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


class _Asked(Struct, frozen=True):
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
        inside = self._inside(resource.id)
        self._add(inside, 1)
        if fold(resource.type) == _SUBSCRIPTION:
            properties = resource.body.get("properties")
            shown = properties.get("displayName") if isinstance(properties, dict) else None
            self._name_it(resource.id, shown if isinstance(shown, str) and shown else resource.name)

    def by_scope(self) -> ByScope[str]:
        deep = [asked.scope for asked in self._asked.values() if not _is_seen_in_subscription(asked.scope)]
        return ByScope(deep, self._inside)

    def take(self, counts: Mapping[str, int], subscriptions: Mapping[str, str]) -> None:
        """Counts that were made by what `by_scope` gives, or by the starts of ids."""
        known = self.by_scope().is_constant
        for key, count in counts.items():
            self._add(self._inside(key) if known else key, count)
        for id_, shown in subscriptions.items():
            self._name_it(id_, shown)

    def _inside(self, id_: str) -> str:
        """The nearest scope that was asked for, else the subscription."""
        subscription = subscription_of(id_)
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
        return next((asked.scope for asked in near if id_within(id_, asked.scope)), subscription)

    def _add(self, inside: str, count: int) -> None:
        key = fold(inside)
        self._counts[key] = self._counts.get(key, 0) + count
        self._spelled.setdefault(key, inside)

    def _name_it(self, id_: str, shown: str) -> None:
        self._names[fold(subscription_of(id_))] = shown

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


def _is_seen_in_subscription(scope: str) -> bool:
    """Whether the subscription of an id tells whether a scope holds it."""
    whole = scope.rstrip("/")
    return not whole or (bool(subscription_of(whole)) and same(subscription_of(whole), whole))
