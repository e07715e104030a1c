"""What a command works with: frameworks, definitions, aliases and facts, shipped and the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from blueprinter.blueprint import (
    Assignment,
    Blueprint,
    BuiltinFacts,
    Framework,
    ResolvedBlueprint,
    load_blueprint,
    load_builtin_facts,
    load_frameworks,
    policy_names,
    resolve,
)
from blueprinter.content import (
    alias_files,
    find_blueprint,
    framework_files,
    policy_folders,
    shipped,
)
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position
from blueprinter.document import load, note
from blueprinter.policy import (
    AliasTable,
    Catalog,
    PolicyDefinition,
    PolicySetDefinition,
    open_catalog,
    read_aliases,
    read_definition,
)

CATALOG = Path(".blueprinter") / "catalog.sqlite"


class Workspace(Struct, frozen=True, eq=False):
    """Everything that can be named from a folder."""

    base: Path
    frameworks: Mapping[str, Framework]
    definitions: Mapping[str, PolicyDefinition]
    """By `definition_key`: the user's policies, then the shipped ones, then the imported catalog."""
    sets: Mapping[str, PolicySetDefinition]
    aliases: AliasTable
    facts: BuiltinFacts
    policy_names: Mapping[str, Sequence[Path]]
    """Files of the definitions under policies/, by name."""

    def blueprint(self, name: str, where: Position | None = None) -> Blueprint:
        """A blueprint by name or path; `where`: what names it. Raises `InvalidInput` with every fault."""
        root = find_blueprint(name, self.base, where)
        return load_blueprint(
            root, frameworks=self.frameworks, builtin_facts=self.facts, policies=self.policy_names
        )

    def resolve(
        self, blueprint: Blueprint, assignment: Assignment | None = None, *, cloud: str = "AzureCloud"
    ) -> ResolvedBlueprint:
        """What a blueprint puts into force, with everything that can be named here. Raises `InvalidInput`."""
        return resolve(
            blueprint,
            definitions=self.definitions,
            sets=self.sets,
            assignment=assignment,
            builtin_facts=self.facts,
            cloud=cloud,
        )


def open_workspace(base: Path) -> Workspace:
    """Reads what lies around `base` (a user's repository, or any folder). Raises `InvalidInput`."""
    catalog = _catalog(base)
    names = policy_names(policy_folders(base))
    return Workspace(
        base,
        Frameworks(framework_files(base)),
        Layered(_own_definitions(names), catalog.definitions),
        catalog.sets,
        _aliases(base, catalog),
        load_builtin_facts(load(shipped("policies") / "builtin-facts.json")),
        names,
    )


def known_aliases(base: Path) -> AliasTable:
    """The aliases of a workspace, without the rest of it. Raises `InvalidInput`."""
    return _aliases(base, _catalog(base))


def _catalog(base: Path) -> Catalog:
    if not (base / CATALOG).is_file():
        return Catalog.empty()
    note(base / CATALOG)
    return open_catalog(base / CATALOG)


def _aliases(base: Path, catalog: Catalog) -> AliasTable:
    """The user's aliases, then the shipped ones, then the imported catalog's."""
    found = AliasTable.empty()
    for file in alias_files(base):
        found = found.merge(read_aliases(load(file)))
    return found.merge(catalog.aliases)


def _own_definitions(names: Mapping[str, Sequence[Path]]) -> dict[str, PolicyDefinition]:
    found: dict[str, PolicyDefinition] = {}
    faults: list[Diagnostic] = []
    for key, files in names.items():
        for file in files:
            try:
                found[key] = _definition(file)
            except InvalidInput as invalid:
                faults.extend(invalid.diagnostics)
    if faults:
        raise InvalidInput(faults)
    return found


def _definition(file: Path) -> PolicyDefinition:
    return read_definition(load(file), name=file.parent.name)


class Frameworks(Mapping[str, Framework]):
    """The frameworks of some files by id, read when the first one is asked for: bare policies need none.

    Raises `InvalidInput` then, with the faults of all files.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files

    @cached_property
    def _read(self) -> Mapping[str, Framework]:
        return load_frameworks(self._files)

    def __getitem__(self, key: str) -> Framework:
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


class Layered(Mapping[str, PolicyDefinition]):
    """Two mappings as one; the first wins. Neither is read before a key is asked for."""

    __slots__ = ("_above", "_below")

    def __init__(self, above: Mapping[str, PolicyDefinition], below: Mapping[str, PolicyDefinition]) -> None:
        self._above, self._below = above, below

    def __getitem__(self, key: str) -> PolicyDefinition:
        return self._above[key] if key in self._above else self._below[key]

    def __iter__(self) -> Iterator[str]:
        yield from self._above
        yield from (key for key in self._below if key not in self._above)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        return key in self._above or key in self._below
