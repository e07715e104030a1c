"""Related resources by type and scope: an index that keeps ids in memory and bodies out of it."""

from __future__ import annotations

import tempfile
import weakref
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from blueprinter.arm import Origin, Resource, parse_id
from blueprinter.casing import fold
from blueprinter.compliance.scope import type_key
from blueprinter.policy import Found, LookupResult, NoneExist, NotCollected

_IN_MEMORY = 64 * 1024 * 1024
"""Bytes of bodies that stay in memory; beyond, they go to a temporary file."""
_REMEMBERED = 256
_ANY = "?"

Reference = TypeVar("Reference")


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the body of an indexed resource lies."""

    offset: int
    length: int
    file: str
    line: int
    api_version: str


class Bodies:
    """A store of resource bodies: in memory while small, else in a temporary file that vanishes with it."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (lives as long as the index)
        self._end = 0
        weakref.finalize(self, self._file.close)

    def put(self, resource: Resource) -> Stored:
        body = orjson.dumps(resource.body)
        self._file.seek(self._end)
        self._file.write(body)
        origin = resource.origin
        stored = Stored(self._end, len(body), origin.file, origin.line, resource.api_version)
        self._end += len(body)
        return stored

    def get(self, stored: Stored) -> Resource:
        self._file.seek(stored.offset)
        body = orjson.loads(self._file.read(stored.length))
        origin = Origin(stored.file, stored.line, 1)
        return Resource(body["id"], body["type"], name_of(body), body, origin, stored.api_version)


def name_of(body: Mapping[str, object]) -> str:
    """The name of a row: its `name`, else the last segment of its id."""
    name = body.get("name")
    return name if isinstance(name, str) and name else str(body.get("id", "")).rstrip("/").rpartition("/")[2]


class RelatedIndex(Generic[Reference]):
    """Answers `Lookup`: what exists, what is known not to exist, and what was never collected."""

    def __init__(
        self,
        rows: Iterable[tuple[str, str, Reference]],
        *,
        load: Callable[[Reference], Resource],
        doubt: Callable[[str, str], str],
    ) -> None:
        """`rows` are (type, id, reference). `doubt(type, scope)` says why absence is not believed; empty = it is."""
        by_type: dict[str, list[tuple[str, Reference]]] = {}
        for type_, id_, reference in rows:
            by_type.setdefault(type_key(type_), []).append((fold(id_).rstrip("/"), reference))
        self._rows = {kind: sorted(found, key=lambda row: row[0]) for kind, found in by_type.items()}
        self._load = load
        self._doubt = doubt
        self._answers: OrderedDict[tuple[str, str | None, str], LookupResult] = OrderedDict()

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        """Resources of a type at or below a scope; see `policy.Lookup` for the forms of a name. An empty scope is
        not known, and nothing is known of it."""
        if not scope:
            return NotCollected("the scope is not known")
        key = (type_key(type), None if name is None else fold(name), fold(scope).rstrip("/"))
        if (known := self._answers.get(key)) is not None:
            self._answers.move_to_end(key)
            return known
        answer = self._find(key[0], key[1], key[2], type, scope)
        self._answers[key] = answer
        if len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        return answer

    def _find(self, kind: str, name: str | None, below: str, type: str, scope: str) -> LookupResult:
        rows = self._rows.get(kind, [])
        found = [
            reference for id_, reference in self._range(rows, below) if name is None or _is_named(id_, name)
        ]
        if found:
            return Found(tuple(self._load(reference) for reference in found))
        why = self._doubt(type, scope)
        return NotCollected(why) if why else NoneExist()

    @staticmethod
    def _range(rows: list[tuple[str, Reference]], below: str) -> list[tuple[str, Reference]]:
        """The rows at or below a folded id: ids are sorted, so they stand together."""
        start = bisect_left(rows, below, key=lambda row: row[0])
        at = [rows[start]] if start < len(rows) and rows[start][0] == below else []
        first = bisect_left(rows, f"{below}/", key=lambda row: row[0])
        # "0" is the character behind "/"
        last = bisect_left(rows, f"{below}0", key=lambda row: row[0])
        return [*at, *rows[first:last]]


def _is_named(folded_id: str, name: str) -> bool:
    parsed = parse_id(folded_id)
    full = parsed.name if parsed is not None else folded_id.rpartition("/")[2]
    if name == _ANY:
        return True
    if name.endswith(f"/{_ANY}"):
        return full.rpartition("/")[0] == name.removesuffix(f"/{_ANY}")
    return full == name
