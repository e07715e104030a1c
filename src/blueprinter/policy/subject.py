"""A resource as a rule sees it: what each field name selects of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from blueprinter.arm import Resource, Unknown, Value, parse_id
from blueprinter.casing import fold, get, same
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.fields import (
    ROOT_OBJECTS,
    FieldKind,
    FieldName,
    Hit,
    Path,
    WideObjects,
    Wildcard,
    absent_in,
    path_text,
    read_path,
    read_value,
    segments,
    select,
)
from blueprinter.policy.model import AliasSource, UnsupportedReason
from blueprinter.policy.operators import Absent, Left

RESOURCE_GROUP = "Microsoft.Resources/subscriptions/resourceGroups"
SUBSCRIPTION = "Microsoft.Resources/subscriptions"
_SHORT_GROUP = "microsoft.resources/resourcegroups"


class Undecidable(Exception):
    """Something that a verdict needs is not known; `path` is the property, if it is one."""

    def __init__(self, reason: UnsupportedReason, detail: str, path: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.path = path


class Exhausted(Undecidable):
    """The limit of a whole evaluation was reached: nothing more of the rule is evaluated."""

    def __init__(self, detail: str) -> None:
        super().__init__(UnsupportedReason.LIMIT, detail)


class Selection(NamedTuple):
    """What a field selects: one value, or with `[*]` any number of them."""

    hits: tuple[Hit, ...]
    many: bool
    unknown: Unknown | None = None
    """The array of which nothing is known."""
    steps: Path = ()


def policy_type(type: str) -> str:
    """A type as policies call it: resource groups have a longer one than in templates."""
    return RESOURCE_GROUP if fold(type) == _SHORT_GROUP else type


class Subject:
    """One resource with the alias table through which its fields are read.

    `source` is the weakest source of the alias paths read so far.
    """

    __slots__ = ("_find", "aliases", "body", "resource", "source", "strict", "type")

    def __init__(self, resource: Resource, aliases: AliasTable, *, strict: bool = False) -> None:
        self.resource = resource
        self.aliases = aliases
        self.strict = strict
        self.body: Mapping[str, Value] = resource.body
        self.type = policy_type(resource.type)
        self.source = AliasSource.NONE
        self._find = WideObjects().key_of

    def look(self, name: FieldName, fixed: tuple[int, ...] = ()) -> Selection:
        """What a field selects; `fixed` chooses the members of its first `[*]`. Raises `Undecidable`."""
        if name.kind is FieldKind.ALIAS:
            return self._alias(name, fixed)
        if name.wildcards:
            return self._selected(read_path(name.text), fixed)
        value, path = self._special(name)
        return Selection((Hit(_present(value), path, ()),), False, steps=path)

    def path_of(self, name: FieldName) -> Path:
        """Where an alias leads; empty for one that this type does not have."""
        found = self.aliases.resolve(self.type, name.text, self.resource.api_version)
        return () if found is None else found.steps

    def merge_source(self, other: Subject) -> None:
        """Takes over the source of the aliases of a related resource, if that is the weaker one."""
        if other.source is AliasSource.GUESSED or self.source is AliasSource.NONE:
            self.source = other.source

    def _special(self, name: FieldName) -> tuple[Left, Path]:
        kind = name.kind
        if kind is FieldKind.TYPE:
            stated = get(self.body, "type")
            return (stated if isinstance(stated, Unknown) else self.type or Absent.FIELD), ("type",)
        if kind is FieldKind.NAME:
            return self._name(), ("name",)
        if kind is FieldKind.FULL_NAME:
            return self._full_name(), ("name",)
        if kind is FieldKind.ID:
            stated = get(self.body, "id")
            return (stated if stated is not None else self.resource.id or Absent.FIELD), ("id",)
        if kind is FieldKind.API_VERSION:
            stated = get(self.body, "apiVersion")
            return (stated if stated is not None else self.resource.api_version or Absent.FIELD), (
                "apiVersion",
            )
        if kind is FieldKind.TAG:
            return self._tag(name.tag), ("tags", name.tag)
        path = read_path(name.text) if kind in ROOT_OBJECTS else (kind.value,)
        return read_value(self.body, path, self._find), path

    def _tag(self, tag: str) -> Left:
        tags = get(self.body, "tags")
        if isinstance(tags, Unknown):
            return Unknown(f"{tags.expression}['{tag}']")
        if not isinstance(tags, Mapping):
            return Absent.FIELD
        key = self._find(tags, tag)
        return absent_in(tags) if key is None else tags[key]

    def _name(self) -> Left:
        """The last of the names that a full name holds; what an ARM template calls `server/database` is one."""
        stated = self._stated_name()
        if stated is Absent.FIELD:
            stated = self._full_name()
        if isinstance(stated, str) and stated.count("/") == segments(self.type) - 1:
            return stated.rpartition("/")[2]
        return stated

    def _full_name(self) -> Left:
        """Names of all ancestors and its own: from the id, else the name, which in a template holds them."""
        stated = self._stated_name()
        if isinstance(stated, Unknown):
            return stated
        parts = parse_id(self.resource.id)
        if parts is not None and not same(parts.type, SUBSCRIPTION):  # whose id holds no name
            return parts.name
        return stated

    def _stated_name(self) -> Left:
        stated = get(self.body, "name")
        if isinstance(stated, Unknown) or (isinstance(stated, str) and stated):
            return stated
        return self.resource.name or Absent.FIELD

    def _alias(self, name: FieldName, fixed: tuple[int, ...]) -> Selection:
        found = self.aliases.resolve(self.type, name.text, self.resource.api_version)
        if found is None:
            many = name.wildcards > len(fixed)
            absent = Absent.MEMBER if fixed else Absent.FIELD
            return Selection(() if many else (Hit(absent, (), ()),), many)
        if found.source is AliasSource.GUESSED and self.strict:
            raise Undecidable(
                UnsupportedReason.GUESSED_ALIAS, f"the alias `{name.text}` is in no table", found.text
            )
        if self.source is not AliasSource.GUESSED:
            self.source = found.source
        return self._selected(found.steps, fixed)

    def _has_properties(self) -> bool:
        """Whether what `properties` lack the resource lacks. A list row without `properties`, or with null (as
        `az resource list` has it), leaves all of them open; a template that writes none sets none."""
        return self.resource.origin.property_position is not None or self.resource.has_properties

    def _selected(self, steps: Path, fixed: tuple[int, ...]) -> Selection:
        first = steps[0] if steps else ""
        if isinstance(first, str) and fold(first) == "properties" and not self._has_properties():
            raise Undecidable(
                UnsupportedReason.NO_PROPERTIES, "the row has no `properties`", path_text(steps)
            )
        wildcards = sum(1 for step in steps if isinstance(step, Wildcard))
        if not wildcards:
            value = _present(read_value(self.body, steps, self._find))
            return Selection((Hit(value, steps, ()),), False, steps=steps)
        hits, unknown = select(self.body, steps, fixed[:wildcards], self._find)
        many = wildcards > len(fixed)
        if not many and not hits and unknown is None:
            hits = [Hit(Absent.MEMBER, steps, ())]
        return Selection(tuple(hits), many, unknown, steps)


def _present(value: Left) -> Left:
    return Absent.FIELD if value is None else value


class Frame(Struct, frozen=True, eq=False):
    """What a count is looking at, for the conditions and expressions inside its `where`."""

    parent: Frame | None
    subject: Subject | None
    """The resource whose array is counted; None for a value count."""
    names: Mapping[str, int]
    """Folded names: of a value count its name, of a field count its alias up to each `[*]`, with how many of
    `indexes` that fixes."""
    indexes: tuple[int, ...]
    value: Value
    """The current member."""
    iterations: int = 1
    """How many members this value count and those around it look at together."""
    steps: Path = ()
    """Where the members of a field count stand, up to its last `[*]`."""


def bound(frame: Frame | None, name: FieldName) -> tuple[Subject, tuple[int, ...]] | None:
    """The resource and the members that a field stands for inside counts; None when no count looks at it.

    The longest part of the alias that a count looks at decides, then the innermost count.
    """
    if frame is None:
        return None
    best: tuple[int, Subject, tuple[int, ...]] | None = None
    current: Frame | None = frame
    text = name.folded
    while current is not None and name.wildcards:
        if current.subject is not None:
            for prefix, count in current.names.items():
                if text.startswith(prefix) and (best is None or count > best[0]):
                    best = (count, current.subject, current.indexes[:count])
        current = current.parent
    current = frame
    while current is not None and best is None and name.kind is FieldKind.ALIAS:
        if current.subject is not None:
            count = shared_wildcards(current.subject.path_of(name), current.steps)
            if count:
                best = (count, current.subject, current.indexes[:count])
        current = current.parent
    return None if best is None else (best[1], best[2])


def shared_wildcards(path: Path, counted: Path) -> int:
    """How many `[*]` of a path stand for members of the arrays that another one leads through."""
    found = 0
    for step, other in zip(path, counted, strict=False):
        alike = (
            fold(step) == fold(other) if isinstance(step, str) and isinstance(other, str) else step == other
        )
        if not alike:
            break
        found += isinstance(step, Wildcard)
    return found
