"""Related resources by type and scope: an index that keeps ids in memory and bodies out of it."""

from __future__ import annotations

import os
import weakref
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from tempfile import TemporaryFile
from typing import IO, Generic, TypeVar

from msgspec import Struct

from blueprinter.arm import Origin, Resource, parse_id
from blueprinter.casing import fold
from blueprinter.compliance.scope import type_key
from blueprinter.compliance.sweep import unpacked
from blueprinter.policy import Found, LookupResult, NoneExist, NotCollected, resource_of

_IN_MEMORY = 16 * 1024 * 1024
"""Bytes of bodies that stay in memory; beyond, they go to a temporary file."""
_REMEMBERED = 256
_ANY = "?"

Reference = TypeVar("Reference")


class Stored(Struct, frozen=True):
    """Where the body of an indexed resource lies."""

    offset: int
    length: int
    file: str
    line: int
    api_version: str


class Bodies:
    """A store of resource bodies: in memory while small, else in a temporary file that vanishes with it.

    It can be read in processes that were started after it was filled.
    """

    def __init__(self) -> None:
        self._memory: bytearray | None = bytearray()
        self._file: IO[bytes] | None = None
        self._end = 0

    def put(self, raw: bytes | memoryview, file: str, line: int, api_version: str) -> Stored:
        """Keeps a resource, given as JSON."""
        stored = Stored(self._end, len(raw), file, line, api_version)
        self._end += len(raw)
        if self._memory is not None:
            self._memory += raw
            if self._end > _IN_MEMORY:
                self._file = TemporaryFile(buffering=0)  # noqa: SIM115 (lives as long as the store)
                weakref.finalize(self, self._file.close)
                self._file.write(self._memory)
                self._memory = None
        elif self._file is not None:
            self._file.write(raw)
        return stored

    def get(self, stored: Stored) -> Resource:
        body = unpacked(self._read(stored.offset, stored.length))
        return resource_of(body, Origin(stored.file, stored.line, 1), api_version=stored.api_version)

    def _read(self, offset: int, length: int) -> bytes:
        if self._file is None:
            return bytes((self._memory or b"")[offset : offset + length])
        if hasattr(os, "pread"):  # processes share the place in the file, so it is left alone
            return os.pread(self._file.fileno(), length, offset)
        self._file.seek(offset)
        found = self._file.read(length)
        self._file.seek(0, os.SEEK_END)
        return found


class RelatedIndex(Generic[Reference]):
    """Answers `Lookup`: what exists, what is known not to exist, and what was never collected."""

    def __init__(
        self,
        rows: Iterable[tuple[str, str, Reference]],
        *,
        load: Callable[[Reference], Resource],
        doubt: Callable[[str, str | None], str],
    ) -> None:
        """`rows` are (type, id, reference). `doubt(type, scope)` says why absence is not believed; empty = it is.
        Without a scope: why it is not in any; empty = that depends."""
        by_type: dict[str, list[tuple[str, Reference]]] = {}
        for type_, id_, reference in rows:
            by_type.setdefault(type_key(type_), []).append((fold(id_).rstrip("/"), reference))
        self._rows: dict[str, tuple[list[str], list[Reference]]] = {}
        """Folded ids in order and, in the same order, what they stand for."""
        while by_type:
            kind, found = by_type.popitem()
            found.sort(key=itemgetter(0))
            self._rows[kind] = [id_ for id_, _ in found], [reference for _, reference in found]
        self._load = load
        self._doubt = doubt
        self._answers: OrderedDict[tuple[str, str | None, str], LookupResult] = OrderedDict()

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        """Resources of a type at or below a scope; see `policy.Lookup` for the forms of a name. An empty scope is
        not known, and nothing is known of it."""
        if not scope:
            return NotCollected("the scope is not known")
        kind = type_key(type)
        if kind not in self._rows:
            return self._nothing(type, scope)
        key = (kind, None if name is None else fold(name), fold(scope).rstrip("/"))
        if (known := self._answers.get(key)) is not None:
            self._answers.move_to_end(key)
            return known
        answer = self._find(key[0], key[1], key[2], type, scope)
        self._answers[key] = answer
        if len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        return answer

    def silence(self, type: str) -> NotCollected | None:
        """The answer whatever the name and the scope, if that is known; None = it depends."""
        why = "" if type_key(type) in self._rows else self._doubt(type, None)
        return NotCollected(why) if why else None

    def _find(self, kind: str, name: str | None, below: str, type: str, scope: str) -> LookupResult:
        ids, references = self._rows[kind]
        found = [
            references[place]
            for place in _at_or_below(ids, below)
            if name is None or _is_named(ids[place], name)
        ]
        return Found(tuple(map(self._load, found))) if found else self._nothing(type, scope)

    def _nothing(self, type: str, scope: str) -> LookupResult:
        """What to answer where nothing was found."""
        why = self._doubt(type, scope)
        return NotCollected(why) if why else NoneExist()


def _at_or_below(ids: list[str], below: str) -> Iterator[int]:
    """The places of the ids at or below a folded id: ids are sorted, so they stand together."""
    start = bisect_left(ids, below)
    if start < len(ids) and ids[start] == below:
        yield start
    # "0" is the character behind "/"
    yield from range(bisect_left(ids, f"{below}/", start), bisect_left(ids, f"{below}0", start))


def _is_named(folded_id: str, name: str) -> bool:
    parsed = parse_id(folded_id)
    full = parsed.name if parsed is not None else folded_id.rpartition("/")[2]
    if name == _ANY:
        return True
    if name.endswith(f"/{_ANY}"):
        return full.rpartition("/")[0] == name.removesuffix(f"/{_ANY}")
    return full == name
