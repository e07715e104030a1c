"""From a policy alias to the path it stands for, by resource type and API version.

One alias name may be registered under several resource types with different paths, so every look-up
names the type of the resource. Sources: Microsoft Learn, "Azure Policy definition structure alias"; the
REST operation "Providers - List" with `$expand=resourceTypes/aliases`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct, field

from blueprinter.casing import fold, get
from blueprinter.diagnostics import Diagnostic, InvalidInput, error
from blueprinter.document import Document, Json, child
from blueprinter.policy.fields import Path, read_path
from blueprinter.policy.model import AliasSource


class AliasPath(Struct, frozen=True):
    """Where an alias leads for one resource type and API version."""

    text: str
    steps: Path
    source: AliasSource
    modifiable: bool | None
    """Whether `modify` may write it; None = not known."""


class AliasEntry(Struct, frozen=True):
    """An alias as the catalog lists it for one resource type."""

    default_path: str
    versions: tuple[tuple[str, frozenset[str]], ...] = ()
    """Other paths, with the folded API versions that have them."""
    modifiable: bool | None = None

    def path_for(self, api_version: str) -> str:
        """The path for an API version; the default path where the catalog does not list it."""
        wanted = fold(api_version)
        return next((path for path, versions in self.versions if wanted in versions), self.default_path)


class Capabilities(Struct, frozen=True):
    """What the provider says of a resource type; None = not known."""

    tags: bool | None = None
    location: bool | None = None


class AliasStore(Protocol):
    """Where aliases are kept. All names are folded."""

    def entry(self, resource_type: str, alias: str) -> AliasEntry | None:
        """The alias as registered under exactly this type."""
        ...

    def anywhere(self, alias: str) -> tuple[AliasEntry, ...]:
        """The alias under every type that registers it."""
        ...

    def has_member(self, array: str) -> bool:
        """Whether any type has an alias for a property of the members of an array, such as `x[*].y` for `x[*]`."""
        ...

    def capabilities(self, resource_type: str) -> Capabilities: ...

    def names(self, resource_type: str) -> tuple[str, ...]:
        """Every alias of a type."""
        ...


class MemoryStore(Struct):
    """Aliases in memory, by folded type (`""` = its type is not known) and folded name."""

    by_type: dict[str, dict[str, AliasEntry]] = field(default_factory=dict)
    capability: dict[str, Capabilities] = field(default_factory=dict)
    detailed: bool = False
    """Whether paths by API version and what may be modified would be told: a plain table does not tell."""
    types_of: dict[str, list[str]] = field(default_factory=dict)
    arrays: set[str] = field(default_factory=set)
    """Arrays of which some type has an alias for a property of the members."""

    def add(self, resource_type: str, alias: str, entry: AliasEntry) -> None:
        """Keeps an alias; the first entry of a type and name stays."""
        folded_type, folded = fold(resource_type), fold(alias)
        members = self.by_type.setdefault(folded_type, {})
        if folded not in members:
            members[folded] = entry
            self.types_of.setdefault(folded, []).append(folded_type)
            place = folded.find(_OF_MEMBERS)
            while place >= 0:
                self.arrays.add(folded[: place + len(_OF_MEMBERS) - 1])
                place = folded.find(_OF_MEMBERS, place + 1)

    def entry(self, resource_type: str, alias: str) -> AliasEntry | None:
        found = self.by_type.get(resource_type, {}).get(alias)
        if found is None and belongs(resource_type, alias):
            found = self.by_type.get("", {}).get(alias)
        return found

    def anywhere(self, alias: str) -> tuple[AliasEntry, ...]:
        return tuple(self.by_type[type][alias] for type in self.types_of.get(alias, ()))

    def has_member(self, array: str) -> bool:
        return array in self.arrays

    def capabilities(self, resource_type: str) -> Capabilities:
        return self.capability.get(resource_type, Capabilities())

    def names(self, resource_type: str) -> tuple[str, ...]:
        return tuple(self.by_type.get(resource_type, ()))


_MOST_TYPES = 10_000
"""Types of which is remembered what they are capable of: rows may say anything."""


class AliasTable:
    """Aliases by resource type and name, from one store or several; the first that knows an alias answers.

    A closed table is complete by declaration (the aliases of a policy test): what is not in it does not exist.
    An open one answers an alias that it does not know with the default-path rule, marked as guessed.
    """

    __slots__ = ("_cache", "_capable", "closed", "stores")

    def __init__(self, stores: Iterable[AliasStore] = (), *, closed: bool = False) -> None:
        self.stores = tuple(stores)
        self.closed = closed
        self._cache: dict[tuple[str, str, str], AliasPath | None] = {}
        self._capable: dict[str, Capabilities] = {}

    @classmethod
    def empty(cls) -> AliasTable:
        """A table in which every alias is guessed."""
        return cls()

    @classmethod
    def inline(cls, paths: Mapping[str, str]) -> AliasTable:
        """A closed table from a mapping of alias to path. An alias belongs to the type that its name spells;
        one without a type belongs to every resource."""
        store = MemoryStore()
        for alias, path in paths.items():
            store.add("", alias, AliasEntry(path))
        return cls((store,), closed=True)

    def merge(self, other: AliasTable) -> AliasTable:
        """Both tables, this one asked first; closed when both are."""
        return AliasTable((*self.stores, *other.stores), closed=self.closed and other.closed)

    def complete(self) -> AliasTable:
        """The same aliases as a closed table."""
        return AliasTable(self.stores, closed=True)

    def resolve(self, resource_type: str, alias: str, api_version: str = "") -> AliasPath | None:
        """The path of an alias for a resource of that type; None when this type has no such alias.

        `x` is derived from `x[*]` where only that is listed, and `x[*]` from `x[*].y`. Text that starts with
        `properties.` is a path as written, marked as guessed.
        """
        key = (fold(resource_type), fold(alias), fold(api_version))
        if key not in self._cache:
            self._cache[key] = self._resolve(*key, alias)
        return self._cache[key]

    def _resolve(self, type: str, folded: str, api_version: str, alias: str) -> AliasPath | None:
        found = self._entry(type, folded)
        if found is not None:
            return _table_path(found, found.path_for(api_version))
        found = self._entry(type, folded + "[*]")
        if found is not None:
            path = found.path_for(api_version)
            if path.endswith("[*]"):
                return _table_path(found, path[:-3])
        array = folded if folded.endswith("[*]") else f"{folded}[*]"
        found = self._member(type, array)
        if found is not None:
            path = _array_path(found.path_for(api_version), array.count("[*]"))
            if path:
                return _table_path(found, path if array == folded else path[:-3])
        if folded.startswith(_PATHS):
            return _guess(alias)
        if self.closed or "/" not in folded or self._known(folded) or not belongs(type, folded):
            return None
        return _guess(default_path(type, alias))

    def exists(self, alias: str) -> bool:
        """Whether any resource type has this alias, or it may be one that no table lists yet."""
        folded = fold(alias)
        if self._known(folded) or folded.startswith(_PATHS):
            return True
        return not self.closed and "/" in folded

    def modifiable(self, alias: str) -> bool | None:
        """Whether `modify` may write an alias: False when every type that lists it says no, None when not known."""
        entries = [entry for store in self.stores for entry in store.anywhere(fold(alias))]
        if any(entry.modifiable for entry in entries):
            return True
        known = bool(entries) and all(entry.modifiable is False for entry in entries)
        return False if known else None

    def capabilities(self, resource_type: str) -> Capabilities:
        """What is known of a resource type."""
        known = self._capable.get(resource_type)
        if known is None:
            nothing = Capabilities()
            answers = (store.capabilities(fold(resource_type)) for store in self.stores)
            known = next((found for found in answers if found != nothing), nothing)
            if len(self._capable) < _MOST_TYPES:
                self._capable[resource_type] = known
        return known

    def lists(self, alias: str) -> bool:
        """Whether a table lists the alias, or the array that it is of, for any type."""
        return self._known(fold(alias))

    def names(self, resource_type: str) -> tuple[str, ...]:
        """The aliases of a resource type, folded."""
        folded = fold(resource_type)
        return tuple(dict.fromkeys(name for store in self.stores for name in store.names(folded)))

    def _entry(self, type: str, alias: str) -> AliasEntry | None:
        for store in self.stores:
            found = store.entry(type, alias)
            if found is not None:
                return found
        return None

    def _member(self, type: str, array: str) -> AliasEntry | None:
        """The first alias of a type for a property of the members of an array."""
        for store in self.stores:
            for owner in (type, "") if store.has_member(array) else ():
                for alias in store.names(owner):
                    if alias.startswith(f"{array}."):
                        found = store.entry(type, alias)
                        if found is not None:
                            return found
        return None

    def _known(self, folded: str) -> bool:
        array = folded if folded.endswith("[*]") else f"{folded}[*]"
        return any(
            store.anywhere(folded) or store.anywhere(array) or store.has_member(array)
            for store in self.stores
        )


def _array_path(path: str, wildcards: int) -> str:
    """A path up to its n-th `[*]`; empty where it has fewer."""
    parts = path.split("[*]")
    return "".join(f"{part}[*]" for part in parts[:wildcards]) if len(parts) > wildcards else ""


def _table_path(entry: AliasEntry, path: str) -> AliasPath:
    return AliasPath(path, read_path(path), AliasSource.TABLE, entry.modifiable)


def _guess(path: str) -> AliasPath:
    return AliasPath(path, read_path(path), AliasSource.GUESSED, None)


def belongs(resource_type: str, alias: str) -> bool:
    """Whether an alias may be one of a resource type, going by its name alone (both folded).

    `a.b/c/d.e` is of type `a.b/c`; `a.b/e` names no type and may be of any type in the namespace; text
    without a slash is of every type.
    """
    owner = alias.rpartition("/")[0]
    if "/" in owner:
        return owner == resource_type
    return not owner or owner == resource_type.partition("/")[0]


_PATHS = ("properties.", "properties[")
_OF_MEMBERS = "[*]."
"""What begins so is no alias but a path as it is written."""

# What resources have beside `properties`. The exceptions keep their SKU inside.
_AT_ROOT = frozenset({"sku", "identity", "zones", "kind", "managedby", "plan", "extendedlocation"})
_SKU_INSIDE = frozenset(
    {
        "microsoft.cache/redis",
        "microsoft.keyvault/vaults",
        "microsoft.network/applicationgateways",
        "microsoft.network/virtualnetworkgateways",
    }
)


def default_path(resource_type: str, alias: str) -> str:
    """The path that an alias most often has: its last segment below `properties`, or at the root for what
    resources keep there."""
    short = alias.rpartition("/")[2]
    first = fold(short.partition(".")[0].partition("[")[0])
    if first in _AT_ROOT and not (first == "sku" and fold(resource_type) in _SKU_INSIDE):
        return short
    return f"properties.{short}"


def read_aliases(document: Document) -> AliasTable:
    """Aliases in the format of Azure's list of resource providers: an array of providers, or an object with it
    as `value`. Raises `InvalidInput`."""
    return AliasTable((read_providers(document),))


def read_providers(document: Document) -> MemoryStore:
    """What `read_aliases` reads, as a store."""
    store = MemoryStore(detailed=True)
    faults: list[Diagnostic] = []
    value, pointer = document.value, ""
    if isinstance(value, dict) and isinstance(get(value, "value"), list):
        value, pointer = get(value, "value"), "/value"
    providers = value if isinstance(value, list) else [value]
    for place, provider in enumerate(providers):
        where = child(pointer, place) if isinstance(value, list) else pointer
        if not isinstance(provider, dict) or not isinstance(get(provider, "namespace"), str):
            faults.append(error("BP331", "a resource provider has a `namespace`", document.locate(where)))
            continue
        _read_provider(provider, store)
    if faults:
        raise InvalidInput(faults)
    return store


def _read_provider(provider: Mapping[str, Json], store: MemoryStore) -> None:
    namespace = get(provider, "namespace")
    for kind in _objects(get(provider, "resourceTypes")):
        type = f"{namespace}/{get(kind, 'resourceType')}"
        stated = get(kind, "capabilities")
        if isinstance(stated, str):
            names = fold(stated)
            store.capability[fold(type)] = Capabilities("supportstags" in names, "supportslocation" in names)
        for alias in _objects(get(kind, "aliases")):
            entry = _read_alias(alias)
            if entry is not None:
                store.add(type, str(get(alias, "name")), entry)


def _read_alias(alias: Mapping[str, Json]) -> AliasEntry | None:
    paths = [
        (str(get(path, "path")), frozenset(fold(str(version)) for version in _list(get(path, "apiVersions"))))
        for path in _objects(get(alias, "paths"))
        if get(path, "path")
    ]
    default = get(alias, "defaultPath")
    if not isinstance(default, str):
        if not paths:
            return None
        default = paths[0][0]
    stated = [
        get(alias, "defaultMetadata"),
        *(get(path, "metadata") for path in _objects(get(alias, "paths"))),
    ]
    attributes = [get(metadata, "attributes") for metadata in stated if isinstance(metadata, dict)]
    texts = [fold(text) for text in attributes if isinstance(text, str)]
    modifiable = any("modifiable" in text for text in texts) if texts else None
    return AliasEntry(default, tuple(pair for pair in paths if pair[0] != default), modifiable)


def _objects(value: Json) -> list[dict[str, Json]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
