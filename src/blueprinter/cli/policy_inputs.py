"""What the arguments of `policy lint`, `explain` and `diff` name: definitions, aliases, related resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from blueprinter.blueprint import BuiltinFacts
from blueprinter.cli.inputs import files_of, no_definition
from blueprinter.cli.workspace import CATALOG, Workspace
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import Document, load
from blueprinter.policy import (
    AliasTable,
    DefinitionLookup,
    KnownDefinition,
    Lookup,
    LookupResult,
    NoneExist,
    NotCollected,
    PolicyDefinition,
    is_definition,
    is_fragment,
    is_policy_set,
    open_catalog,
    read_alias_table,
    read_definition,
)
from blueprinter.text import did_you_mean

_CONTEXT = ("resourceGroup", "subscription", "policy", "requestContext")


# ---------------------------------------------------------------- definitions


def policy_documents(patterns: Iterable[str]) -> Iterator[Document | InvalidInput]:
    """The definitions and initiatives in files, folders and globs; a file that cannot be read gives its faults. In a
    folder JSON files that are neither are passed over; one without any gives a fault. Raises `InvalidInput` for a
    pattern that names nothing."""
    for pattern in patterns:
        in_folder = Path(pattern).is_dir()
        is_empty = in_folder
        for file in files_of([pattern], (".json", ".jsonc")):
            if is_fragment(file) and file != Path(pattern):
                continue
            try:
                document = load(file)
            except InvalidInput as found:
                is_empty = False
                yield found
                continue
            if is_policy_set(document.value) or is_definition(document.value) or not in_folder:
                is_empty = False
                yield document
        if is_empty:
            yield no_definition(pattern)


def policy_named(name: str, workspace: Workspace) -> tuple[PolicyDefinition, Document | None]:
    """A definition by its file, by the name of one below `policies/`, or by the id of one in the catalog. Raises
    `InvalidInput`."""
    path = Path(name)
    files = workspace.policy_names.get(name, ()) if not path.exists() else (path,)
    if files:
        document = load(files[0])
        if not is_definition(document.value):
            raise InvalidInput(
                [error("BP301", "the file holds no policy definition", Position(str(files[0])))]
            )
        stem = files[0].parent.name if files[0].stem in ("policy", "azurepolicy") else files[0].stem
        return read_definition(document, name=stem), document
    known = workspace.definitions.get(name.rstrip("/").rpartition("/")[2].casefold())
    if known is None:
        hint = (
            did_you_mean(name, workspace.policy_names)
            or "name a file, or a policy that `show policies` lists"
        )
        raise InvalidInput([error("BP101", f"there is no policy `{name}`", Position(name), hint)])
    return known, None


def alias_table(file: Path | None, workspace: Workspace) -> AliasTable:
    """The aliases of a file, complete by declaration; else those at hand, complete where Azure's table was imported.
    Raises `InvalidInput`."""
    if file is not None:
        return read_alias_table(file).complete()
    catalog = workspace.base / CATALOG
    complete = catalog.is_file() and open_catalog(catalog).has_aliases
    return workspace.aliases.complete() if complete else workspace.aliases


def known_definitions(workspace: Workspace) -> DefinitionLookup:
    """What is known of the members of initiatives: definitions at hand, then the facts of built-ins."""

    def known(key: str) -> KnownDefinition | None:
        if key in workspace.definitions:
            try:
                found = workspace.definitions[key]
            except InvalidInput:
                return None
            needs = {one.name: not one.has_default for one in found.parameters.values()}
            return KnownDefinition(found.display_name, found.deprecated, needs, found.version)
        return _from_facts(key, workspace.facts)

    return known


def _from_facts(key: str, facts: BuiltinFacts) -> KnownDefinition | None:
    fact = facts.get(key)
    return None if fact is None else KnownDefinition(fact.display_name, fact.deprecated, fact.parameters)


# ---------------------------------------------------------------- related resources


def complete(lookup: Lookup) -> Lookup:
    """A lookup over resources that are all there are: what is not among them does not exist."""

    def look(type: str, name: str | None, scope: str) -> LookupResult:
        found = lookup(type, name, scope)
        return NoneExist() if isinstance(found, NotCollected) else found

    return look


def nothing_collected(type: str, name: str | None, scope: str) -> LookupResult:
    """The lookup without any related resources."""
    return NotCollected(f"resources of type `{type}` were not given (--related)")
