"""`export inventory`: what policies need of an estate, on file, with a manifest that says how it came there.

One file a subscription: JSON lines and, beside them, `<id>.manifest.json`. A file appears when its subscription is read
to the end; what was collected before is taken over when asked.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import orjson
from msgspec import Struct, field

from blueprinter import __version__
from blueprinter.arm import parse_id
from blueprinter.azure import ArmClient, AzureError, ErrorDetail
from blueprinter.casing import fold
from blueprinter.compliance import READ, Scopes, ask_graph, read_manifest, side_by_side
from blueprinter.convert.collector import Collector, read_collector
from blueprinter.convert.inventory_needs import CONTAINERS, EXTENSIONS, ONLY_CHILDREN, Needs
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Json
from blueprinter.text import plural

_COLUMNS = "id, name, type, location, kind, managedBy, sku, plan, properties, tags, identity, zones, extendedLocation"
_RESOURCES = f"resources\n| project {_COLUMNS}\n| order by id asc"
_SUBSCRIPTIONS = "microsoft.resources/subscriptions"
_BOTH = f"type =~ '{_SUBSCRIPTIONS}' or type =~ '{_SUBSCRIPTIONS}/resourcegroups'"
_CONTAINERS = (
    f"resourcecontainers\n| where {_BOTH}\n"
    "| project id, name, type, location, managedBy, properties, tags\n| order by id asc"
)
_COUNT = (
    f"resources\n| project type\n| union (resourcecontainers | where {_BOTH} | project type)\n"
    "| summarize resources = count() by type\n| extend id = type\n| order by id asc"
)
"""The subscription itself is in it, so that an answer about nothing is known as one."""
_OBJECTS = ("properties", "tags", "sku", "identity", "plan")
_NO_SUBSCRIPTION = "NoValidSubscriptionsInQueryRequest"
_PROVIDERS_VERSION = "2021-04-01"


class Exported(Struct, frozen=True):
    """What was written."""

    files: tuple[Path, ...]
    resources: int
    taken_over: int
    """Subscriptions that were there already."""
    refused: tuple[str, ...]
    """Scopes that could not be read."""
    not_collected: Mapping[str, str]
    """Type -> why it is missing from some subscription."""


class _Collected(Struct):
    """One subscription, while it is read."""

    rows: dict[str, dict[str, Json]] = field(default_factory=dict)
    """By folded id."""
    by_type: dict[str, list[str]] = field(default_factory=dict)
    """Folded type -> ids."""
    expected: dict[str, int] = field(default_factory=dict)
    """Folded type -> an independent count."""
    versions: dict[str, str] = field(default_factory=dict)
    covered: set[str] = field(default_factory=set)
    """Folded types that were asked for and answered, with or without rows."""
    refused: dict[str, str] = field(default_factory=dict)
    """Folded type -> why it is not collected."""

    def add(self, row: Mapping[str, Json], type_: str, version: str = "") -> None:
        """Takes one row in. Raises `AzureError` (BP607) for what is no resource: it would be missing in silence, or be
        judged by what it does not say."""
        id, spelled = row.get("id"), row.get("type") or type_
        if not isinstance(id, str) or parse_id(id) is None or not isinstance(spelled, str) or not spelled:
            raise _malformed("a resource without id or type")
        for name in _OBJECTS:
            if row.get(name) is not None and not isinstance(row[name], dict):
                raise _malformed(f"`{name}` of `{id}` is no object")
        if fold(id) in self.rows:
            return
        kept = {name: value for name, value in row.items() if value is not None and value != ""}
        kept["type"] = spelled.strip("/")
        self.rows[fold(id)] = {**kept, **({"apiVersion": version} if version else {})}
        self.by_type.setdefault(fold(spelled.strip("/")), []).append(id)


def export_inventory(
    arm: ArmClient,
    scopes: Scopes,
    needs: Needs,
    folder: Path,
    *,
    clock: Callable[[], datetime],
    cloud: str = "AzureCloud",
    collected_by: str = "",
    resume: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Collects every subscription into `folder`. Raises `AzureError` where its tables cannot be read as a whole.

    One that may not be read, or that vanishes, gets a manifest that says so. `resume`: those that were read to the end,
    for policies that need no more than now, are taken over as they are.
    """
    files: list[Path] = []
    taken_over = resources = 0
    missing: dict[str, str] = {}
    refused: list[str] = []
    readable = frozenset(scopes.readable)
    for subscription in scopes.expected:
        name = subscription.rpartition("/")[2]
        file, manifest = folder / f"{name}.jsonl", folder / f"{name}.manifest.json"
        files.append(file)
        if resume and _is_whole(file, manifest, needs):
            taken_over += 1
            continue
        started = clock()
        found, why, collector = _Collected(), "not readable by this identity", Collector("")
        if subscription in readable:
            found, why = _collect(arm, subscription, needs)
            collector = read_collector(arm, subscription)
        if why:
            refused.append(subscription)
        content = b"".join(
            orjson.dumps(found.rows[key], option=orjson.OPT_APPEND_NEWLINE) for key in sorted(found.rows)
        )
        folder.mkdir(parents=True, exist_ok=True)
        manifest.unlink(missing_ok=True)  # never a manifest beside rows that are not its own
        _write(file, content)
        about = _manifest(
            found, subscription, why, content, (started, clock()), cloud, collector.as_json(collected_by)
        )
        _write(manifest, orjson.dumps(about, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        resources += len(found.rows)
        missing |= found.refused
        shown = scopes.names.get(fold(subscription)) or name
        tell(f"{shown}: {why or plural(len(found.rows), 'resource')}")
    return Exported(tuple(files), resources, taken_over, tuple(refused), dict(sorted(missing.items())))


def _is_whole(file: Path, manifest: Path, needs: Needs) -> bool:
    """Whether a file is what its manifest says, of a subscription that was read, with all that is needed now."""
    if not (file.is_file() and manifest.is_file()):
        return False
    try:
        about = read_manifest(manifest)
    except InvalidInput:
        return False
    if about.sha256 != hashlib.sha256(file.read_bytes()).hexdigest():
        return False
    if not about.scopes or any(one.status != READ for one in about.scopes):
        return False
    return needs.types <= {fold(one.type) for one in about.types} | set(about.types_not_collected)


def _collect(arm: ArmClient, subscription: str, needs: Needs) -> tuple[_Collected, str]:
    """What is in a subscription, or nothing and why it cannot be read any more."""
    found = _Collected()
    try:
        _collect_into(found, arm, subscription, needs)
    except AzureError as refused:
        if not (refused.status == 403 or refused.not_found or _NO_SUBSCRIPTION in refused.codes):
            raise
        return _Collected(), f"{refused.status} {refused.code}".strip()
    if fold(subscription) not in found.rows or _SUBSCRIPTIONS not in found.expected:
        # Resource Graph leaves out in silence what may not be read, at any moment
        return _Collected(), "it could not be read to the end"
    return found, ""


def _collect_into(found: _Collected, arm: ArmClient, subscription: str, needs: Needs) -> None:
    for query in (_RESOURCES, _CONTAINERS):
        for row in ask_graph(arm, query, (subscription,)):
            found.add(row, "")
    for row in ask_graph(arm, _COUNT, (subscription,)):
        number = row.get("resources")
        found.expected[fold(str(row.get("type")))] = number if isinstance(number, int) else 0
    found.covered |= needs.tables | CONTAINERS
    in_tables = frozenset(found.by_type)
    versions = _Versions(arm, subscription)
    for type_ in needs.lists:
        _gather(arm, found, type_, versions, [f"{subscription}/providers/{type_}"])
    for type_ in needs.children:
        if type_ in in_tables:
            continue  # this child has a row of its own in the table, as all of its kind have then
        above, _, own = type_.rpartition("/")
        parents = found.by_type.get(above, ())
        _gather(
            arm, found, type_, versions, [f"{one}/{own}" for one in parents], ONLY_CHILDREN.get(type_, "")
        )
    for type_, holders in needs.extensions.items():
        known = EXTENSIONS.get(type_)
        ids = [
            id
            for holder in sorted(found.by_type if holders is None else holders)
            for id in found.by_type.get(holder, ())
        ]
        only = known.only if known is not None else ""
        _gather(arm, found, type_, versions, [f"{one}/providers/{type_}" for one in ids], only)
    for type_ in needs.nowhere:
        found.refused[type_] = "other services write it; an inventory does not hold it"


def _gather(
    arm: ArmClient,
    found: _Collected,
    type_: str,
    versions: _Versions,
    paths: Sequence[str],
    only: str = "",
) -> None:
    """The resources of a type from several lists, or of one name each."""
    if not paths:
        found.covered.add(type_)  # nothing that could have one
        return
    found.expected.pop(type_, None)  # what a table has of it is not all
    row = EXTENSIONS.get(type_)
    query = {"$filter": row.filter} if row is not None and row.filter else None
    version = versions.of(type_)
    if not version:
        found.refused[type_] = "its resource provider names no API version"
        return

    def read(path: str) -> list[dict[str, Json]] | AzureError:
        try:
            if only:
                body = arm.find(f"{path}/{only}", version)
                return [body] if isinstance(body, dict) else []
            return list(arm.items(path, version, query=query))
        except AzureError as refused:
            return refused

    for answer in side_by_side(read, paths):
        if isinstance(answer, AzureError):
            found.refused[type_] = f"{answer.status or 'no answer'} {answer.code}".strip()
            continue
        for one in answer:
            found.add(one, type_, version)
    if type_ not in found.refused:
        found.covered.add(type_)
        found.versions[type_] = version


class _Versions(Struct):
    """API versions as resource providers name them; a request for each provider."""

    arm: ArmClient
    subscription: str
    _known: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, type_: str) -> str:
        """The newest version of a type that is no preview, else the newest; empty where none is named."""
        namespace, _, own = type_.partition("/")
        if namespace not in self._known:
            body = self.arm.find(f"{self.subscription}/providers/{namespace}", _PROVIDERS_VERSION)
            self._known[namespace] = dict(_newest(body))
        known = self._known[namespace]
        # some children are listed under their parent only
        return known.get(own) or known.get(own.partition("/")[0], "") or next(iter(known.values()), "")


def _newest(body: Json) -> Iterator[tuple[str, str]]:
    listed = body.get("resourceTypes") if isinstance(body, dict) else None
    for row in listed if isinstance(listed, list) else []:
        versions = row.get("apiVersions") if isinstance(row, dict) else None
        named = [one for one in versions if isinstance(one, str)] if isinstance(versions, list) else []
        if isinstance(row, dict) and named:
            stable = [one for one in named if "preview" not in one]
            yield fold(str(row.get("resourceType"))), max(stable or named)


def _manifest(
    found: _Collected,
    subscription: str,
    why: str,
    content: bytes,
    span: tuple[datetime, datetime],
    cloud: str,
    collected_by: dict[str, Json],
) -> dict[str, Json]:
    rows = Counter({type_: len(ids) for type_, ids in found.by_type.items()})
    types = sorted((set(rows) | found.covered | set(found.expected)) - set(found.refused))
    times: dict[str, Json] = {"startedAt": _stamp(span[0]), "endedAt": _stamp(span[1])}
    stand: dict[str, Json] = {"status": "refused", "reason": why} if why else {"status": READ}
    scopes: list[Json] = [{"scope": subscription, **stand, **times}]
    listed: list[Json] = []
    for type_ in types:
        entry: dict[str, Json] = {"type": type_, "rows": rows[type_]}
        if type_ in found.expected:
            entry["expected"] = found.expected[type_]
        if type_ in found.versions:
            entry["apiVersion"] = found.versions[type_]
        listed.append(entry)
    return {
        "schema": "blueprinter/inventory-manifest/1",
        "inventory": f"{subscription.rpartition('/')[2]}.jsonl",
        "sha256": hashlib.sha256(content).hexdigest(),
        "tool": f"blueprinter {__version__}",
        "cloud": cloud,
        "source": "Azure Resource Graph and Azure Resource Manager",
        "queries": [_RESOURCES, _CONTAINERS],
        "collectedBy": collected_by,
        **times,
        "scopes": scopes,
        "types": listed,
        "typesNotCollected": list[Json](sorted(found.refused)),
    }


def _malformed(message: str) -> AzureError:
    return AzureError("BP607", ErrorDetail("", message), hint="nothing is concluded from such an answer")


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(file: Path, content: bytes) -> None:
    """The whole file or nothing of it."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
