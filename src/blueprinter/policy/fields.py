"""The names of `field`: special names, tags in every spelling, aliases; and paths into a resource.

Source: Microsoft Learn, "Azure Policy definition structure policy rule", section Fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from blueprinter.arm import Unknown, UnknownKey, Value
from blueprinter.casing import fold, key_of
from blueprinter.policy.operators import Absent, Left


class FieldKind(StrEnum):
    """What a field name stands for."""

    TYPE = "type"
    NAME = "name"
    FULL_NAME = "fullName"
    KIND = "kind"
    LOCATION = "location"
    ID = "id"
    API_VERSION = "apiVersion"
    TAGS = "tags"
    TAG = "tag"
    IDENTITY = "identity"
    """`identity.type` and everything else of the resource's identity."""
    SKU = "sku"
    """`sku.name` and everything else of the resource's SKU."""
    EXTENDED_LOCATION = "extendedLocation"
    """`extendedLocation.name`, and what else says in which edge or extended zone a resource lies. Source: Microsoft
    Learn, "Create a custom Azure policy in an Azure Extended Zone"."""
    ALIAS = "alias"


class Wildcard(Enum):
    """`[*]`: every member of an array."""

    EACH = "[*]"


Step: TypeAlias = "str | int | Wildcard"
"""A property, an element, or every element."""

Path: TypeAlias = "tuple[Step, ...]"

_SPECIAL = {
    fold(kind.value): kind
    for kind in (
        FieldKind.TYPE,
        FieldKind.NAME,
        FieldKind.FULL_NAME,
        FieldKind.KIND,
        FieldKind.LOCATION,
        FieldKind.ID,
        FieldKind.API_VERSION,
        FieldKind.TAGS,
    )
}

ROOT_OBJECTS = frozenset({FieldKind.IDENTITY, FieldKind.SKU, FieldKind.EXTENDED_LOCATION})
"""Objects at the root of a resource that are named with a path into them."""
_ROOTS = {fold(kind.value): kind for kind in ROOT_OBJECTS}


class FieldName(Struct, frozen=True):
    """A field as the rule names it."""

    text: str
    kind: FieldKind
    tag: str = ""
    """The name of the tag when `kind` is TAG."""
    wildcards: int = 0
    """How many `[*]` the text has."""

    @property
    def folded(self) -> str:
        """The text without regard to case, as aliases are looked up."""
        return fold(self.text)


def read_field(text: str) -> FieldName:
    """What a field name stands for. Every text is a name of something: what is nothing else is an alias."""
    return _known_field(text) if len(text) <= _LONGEST else _read_field(text)


def _read_field(text: str) -> FieldName:
    text = text.strip()
    folded = fold(text)
    special = _SPECIAL.get(folded)
    if special is not None:
        return FieldName(text, special)
    if folded.startswith(("tags.", "tags[")):
        if folded == "tags[*]":
            return FieldName(text, FieldKind.TAGS, wildcards=1)
        return FieldName(text, FieldKind.TAG, tag=_tag_name(text))
    root = _ROOTS.get(folded.partition(".")[0].partition("[")[0], FieldKind.ALIAS)
    return FieldName(text, root, wildcards=text.count("[*]"))


_LONGEST = 256
"""Characters of a name that is worth remembering: rules may put names together for each resource anew."""
_known_field = lru_cache(4_096)(_read_field)


def _tag_name(text: str) -> str:
    """`tags.x`, `tags[x]`, `tags['x']` and `tags["x"]`; a doubled apostrophe inside quotes is one."""
    if text[4] == ".":
        return text[5:]
    inner = text[5:-1] if text.endswith("]") else text[5:]
    if len(inner) >= 2 and inner[0] == inner[-1] and inner[0] in "'\"":
        quote = inner[0]
        return inner[1:-1].replace(quote * 2, quote)
    return inner


_STEP = re.compile(
    r"""\[\*\]|\[(?P<index>\d+)\]|\['(?P<single>(?:[^']|'')*)'\]|\["(?P<double>(?:[^"]|"")*)"\]|\.?(?P<name>[^.\[\]]+)"""
)


def read_path(text: str) -> Path:
    """The steps of a path such as `properties.rules[*].ports[0]` or `tags['cost center']`.

    What is no step (a stray bracket) counts as part of a name, so that a path from a catalog never fails.
    """
    steps: list[Step] = []
    place = 0
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None or found.end() == place:
            steps.append(text[place:].lstrip("."))
            break
        place = found.end()
        if found[0] == "[*]":
            steps.append(Wildcard.EACH)
        elif found["index"] is not None:
            steps.append(int(found["index"]))
        elif found["single"] is not None:
            steps.append(found["single"].replace("''", "'"))
        elif found["double"] is not None:
            steps.append(found["double"].replace('""', '"'))
        else:
            steps.append(found["name"])
    return tuple(steps)


def path_text(steps: Path) -> str:
    """A path as people read it; `read_path` reads it back."""
    text = ""
    for step in steps:
        if isinstance(step, Wildcard):
            text += "[*]"
        elif isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[^.\[\]'\s]+", step):
            text += f".{step}" if text else step
        else:
            text += "['" + step.replace("'", "''") + "']"
    return text


class Hit(NamedTuple):
    """One value that a path selects: the value, where it stands, and the members of arrays that lead to it."""

    value: Left
    path: Path
    indexes: tuple[int, ...]


FindKey: TypeAlias = "Callable[[Mapping[str, Value], str], str | None]"
"""How a key is sought without regard to case."""

_WIDE = 100


class WideObjects:
    """Finds keys as `key_of` does. Of an object with very many it remembers them folded, so that many look-ups do not
    take time in proportion to its size each."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[Mapping[str, Value], dict[str, str]]] = {}

    def key_of(self, mapping: Mapping[str, Value], name: str) -> str | None:
        """The key that spells a name, or None."""
        if len(mapping) < _WIDE or name in mapping:
            return key_of(mapping, name)
        found = self._known.get(id(mapping))
        if found is None:
            folded: dict[str, str] = {}
            for key in mapping:
                folded.setdefault(fold(key), key)
            # keeping the object keeps its id from becoming another's
            found = self._known[id(mapping)] = (mapping, folded)
        return found[1].get(fold(name))


def absent_in(mapping: Mapping[str, Value]) -> Unknown | Absent:
    """What stands under a key that an object does not have: nothing, unless one of its keys is not known yet."""
    if UnknownKey not in map(type, mapping):
        return Absent.FIELD
    return Unknown(next(key[1:-1] for key in mapping if type(key) is UnknownKey))


def read_value(body: Value | Mapping[str, Value], steps: Path, find: FindKey = key_of) -> Left:
    """The value at a path without `[*]`, null as it stands; `Absent.FIELD` where a step leads nowhere."""
    value: object = body
    for place, step in enumerate(steps):
        if isinstance(value, Unknown):
            return Unknown(value.expression + _suffix(steps[place:]))
        if isinstance(step, str):
            if not isinstance(value, Mapping):
                return Absent.FIELD
            if step in value:
                value = value[step]
            else:
                key = find(value, step)
                if key is None:
                    return absent_in(value)
                value = value[key]
        elif isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return Absent.FIELD
            value = value[step]
        else:
            return Absent.FIELD
    return value  # type: ignore[return-value] # a JSON value, walked as object


def select(
    body: Mapping[str, Value], steps: Path, fixed: tuple[int, ...] = (), find: FindKey = key_of
) -> tuple[list[Hit], Unknown | None]:
    """Every value that a path with `[*]` selects; `fixed` chooses the members of its first wildcards.

    A missing or null array, and what is no array, selects nothing. A member that lacks the property gives
    `Absent.MEMBER`. The second result is the first array of which nothing is known.
    """
    hits: list[Hit] = []
    unknown: list[Unknown] = []
    _select(body, steps, 0, (), (), fixed, hits, unknown, find)
    return hits, unknown[0] if unknown else None


def _select(
    value: object,
    steps: Path,
    place: int,
    path: Path,
    indexes: tuple[int, ...],
    fixed: tuple[int, ...],
    hits: list[Hit],
    unknown: list[Unknown],
    find: FindKey,
) -> None:
    wildcard = next((at for at in range(place, len(steps)) if isinstance(steps[at], Wildcard)), None)
    plain = steps[place:] if wildcard is None else steps[place:wildcard]
    found = read_value(value, plain, find)  # type: ignore[arg-type] # a JSON value
    path += plain
    if wildcard is None:
        if found is Absent.FIELD and indexes:
            found = Absent.MEMBER
        hits.append(Hit(found, path, indexes))
        return
    if isinstance(found, Unknown):
        unknown.append(found)
        return
    depth = len(indexes)
    if depth < len(fixed) and isinstance(found, list):
        # one member of an array that may be long
        index = fixed[depth]
        if index < len(found):
            chosen = (*path, index)
            _select(found[index], steps, wildcard + 1, chosen, (*indexes, index), fixed, hits, unknown, find)
        return
    members = _members(found, steps, wildcard)
    for index in range(len(members)) if depth >= len(fixed) else (fixed[depth],):
        if index < len(members):
            step, member = members[index]
            _select(member, steps, wildcard + 1, (*path, step), (*indexes, index), fixed, hits, unknown, find)


def _members(value: object, steps: Path, wildcard: int) -> list[tuple[Step, object]]:
    if isinstance(value, list):
        return list(enumerate(value))
    if isinstance(value, Mapping) and wildcard == 1 and fold(str(steps[0])) == "tags":
        return list(value.items())
    return []


def _suffix(steps: Path) -> str:
    text = path_text(steps)
    return text if text.startswith("[") else f".{text}"


def segments(type: str) -> int:
    """How many names a resource of this type has in its id: 1 for `A/b`, 2 for `A/b/c`."""
    return max(type.count("/"), 1)


def prefixes(text: str) -> Iterator[str]:
    """The folded text up to each `[*]`, the longest first: what a counted array may be called inside `where`."""
    folded = fold(text)
    end = folded.rfind("[*]")
    while end >= 0:
        yield folded[: end + 3]
        end = folded.rfind("[*]", 0, end)
