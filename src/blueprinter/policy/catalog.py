"""Trees of definitions, found by key and checked.

The layout is that of Azure's own repository of built-in policies: any folders of JSON files, one definition or
initiative each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

from blueprinter.casing import get
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.document import Document, Json, load
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.codes import LIMIT_CODES
from blueprinter.policy.definitions import is_definition, is_policy_set, read_definition, read_policy_set
from blueprinter.policy.judge import compile_policy, undecidable
from blueprinter.policy.model import (
    AssignedPolicy,
    PolicyDefinition,
    PolicySetDefinition,
    UnsupportedReason,
    definition_key,
)

Read = TypeVar("Read")

OTHER_CLOUD = "Azure Government"
"""The folders of what another cloud has, mostly under the same keys."""

_CRASHES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a bug of ours would raise; faults of the input are `InvalidInput`."""


# ---------------------------------------------------------------- finding


def definition_files(paths: Iterable[Path]) -> Iterator[Path]:
    """JSON files at or below the paths, sorted; lists of providers, and fragments of a rule (`x.rules.json`,
    `x.parameters.json`) beside the whole definition (`x.json`) are left out."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for found in sorted(path.rglob("*.json")):
            if not is_fragment(found) and not _is_provider(found):
                yield found


def is_fragment(path: Path) -> bool:
    """Whether a file holds the rule or the parameters of a definition that stands whole beside it."""
    name, _, kind = path.stem.rpartition(".")
    whole = path.with_name(f"{name}.json")
    if kind not in ("rules", "parameters") or not whole.exists():
        return False
    try:
        return _has_rule(load(whole).value) and not _has_rule(load(path).value)
    except InvalidInput:
        return False


def provider_files(folder: Path) -> Iterator[Path]:
    """Files below a folder that each hold a provider in Azure's format, as Azure/azure-policy-linter keeps them:
    `<namespace>.aliases.json` and `<namespace>.types.json`, sorted."""
    return filter(_is_provider, sorted(folder.rglob("*.json")))


def _is_provider(path: Path) -> bool:
    if not path.name.endswith((".aliases.json", ".types.json")):
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return b'"namespace"' in head and b'"resourceTypes"' in head


_HEAD = 512


class Lazy(Mapping[str, Read], Generic[Read]):
    """Definitions or initiatives by key, each read from its document when it is asked for and then kept.

    `[]` raises `InvalidInput` for one that does not parse.
    """

    __slots__ = ("_kept", "_keys", "_read")

    def __init__(self, keys: Iterable[str], read: Callable[[str], Read]) -> None:
        self._keys = dict.fromkeys(keys)
        self._read = read
        self._kept: dict[str, Read] = {}

    def __getitem__(self, key: str) -> Read:
        if key not in self._kept:
            if key not in self._keys:
                raise KeyError(key)
            self._kept[key] = self._read(key)
        return self._kept[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys


class FolderIndex(Struct, frozen=True, eq=False):
    """Definitions and initiatives of some folders by `definition_key`."""

    definitions: Mapping[str, PolicyDefinition]
    sets: Mapping[str, PolicySetDefinition]
    files: Mapping[str, Path]
    duplicates: tuple[tuple[str, Path, Path], ...]
    """Keys that two files claim: the first one holds."""
    faults: tuple[Diagnostic, ...]
    """Files that are no JSON."""


def index_folders(paths: Sequence[Path]) -> FolderIndex:
    """Definitions and initiatives below the paths. A file named `policy.json` is also known by its folder's name.

    What another cloud has under the same key (folders called `Azure Government`) yields to the public one.
    """
    files: dict[str, Path] = {}
    kinds: dict[str, str] = {}
    duplicates: list[tuple[str, Path, Path]] = []
    faults: list[Diagnostic] = []
    for path in sorted(definition_files(paths), key=lambda one: OTHER_CLOUD in one.parts):
        try:
            document = load(path)
        except InvalidInput as found:
            faults.extend(found.diagnostics)
            continue
        kind = kind_of(document.value)
        if kind is None:
            continue
        for key in _keys_of(document.value, path):
            if key not in files:
                files[key], kinds[key] = path, kind
            elif files[key] != path and OTHER_CLOUD not in path.parts:
                duplicates.append((key, files[key], path))

    def definition(key: str) -> PolicyDefinition:
        return read_definition(load(files[key]), name=_own_name(files[key]))

    def policy_set(key: str) -> PolicySetDefinition:
        return read_policy_set(load(files[key]), name=_own_name(files[key]))

    return FolderIndex(
        definitions=Lazy((key for key, kind in kinds.items() if kind == "definition"), definition),
        sets=Lazy((key for key, kind in kinds.items() if kind == "set"), policy_set),
        files=files,
        duplicates=tuple(duplicates),
        faults=tuple(faults),
    )


def kind_of(value: Json) -> str | None:
    """`definition` or `set` for what looks like one, None for anything else."""
    if is_policy_set(value):
        return "set"
    return "definition" if is_definition(value) else None


def _own_name(path: Path) -> str:
    """The name of a definition that states none: its folder's for files with a general name, else the file's."""
    return path.parent.name if path.stem in ("policy", "azurepolicy", "azurepolicyset") else path.stem


def _keys_of(value: Json, path: Path) -> tuple[str, ...]:
    stated = None
    if isinstance(value, dict):
        stated = get(value, "name") or get(value, "id")
    own = _own_name(path)
    keys = [definition_key(stated)] if isinstance(stated, str) and stated else []
    if not keys or path.stem == "policy":
        keys.append(definition_key(own))
    return tuple(dict.fromkeys(keys))


# ---------------------------------------------------------------- checking


class CatalogCheck(Struct, frozen=True):
    """How much of a tree of definitions the engine can work with."""

    definitions: int
    """Files with a `policyRule`."""
    compiled: int
    unsupported: Mapping[UnsupportedReason, int]
    """Definitions that parse and cannot be judged, by reason."""
    not_definitions: int
    """Files without a `policyRule`."""
    invalid: tuple[tuple[str, str], ...]
    """Files that are no JSON or whose rule has faults: file and message."""
    errors: tuple[tuple[str, str], ...]
    """Files on which the engine itself failed: file and message."""

    def as_json(self) -> dict[str, Json]:
        """The machine output of `catalog check`."""
        return {
            "schema": "blueprinter/catalog-check/1",
            "definitions": self.definitions,
            "compiled": self.compiled,
            "unsupported": {reason.value: count for reason, count in sorted(self.unsupported.items())},
            "notDefinitions": self.not_definitions,
            "invalid": [{"file": file, "message": message} for file, message in self.invalid],
            "errors": [{"file": file, "message": message} for file, message in self.errors],
        }


def check_catalog(paths: Sequence[Path], *, aliases: AliasTable | None = None) -> CatalogCheck:
    """Reads and compiles every definition below the paths."""
    table = aliases or AliasTable.empty()
    definitions = compiled = not_definitions = 0
    unsupported: Counter[UnsupportedReason] = Counter()
    invalid: list[tuple[str, str]] = []
    errors: list[tuple[str, str]] = []
    for path in definition_files(paths):
        try:
            document = load(path)
        except InvalidInput as found:
            invalid.append((str(path), found.diagnostics[0].message))
            continue
        if not _has_rule(document.value):
            not_definitions += 1
            continue
        definitions += 1
        try:
            reason = _check(document, table)
        except InvalidInput as found:
            invalid.append((str(path), "; ".join(fault.message for fault in found.diagnostics)))
        except _CRASHES as found:
            errors.append((str(path), f"{type(found).__name__}: {found}"))
        else:
            if reason is None:
                compiled += 1
            else:
                unsupported[reason] += 1
    return CatalogCheck(definitions, compiled, unsupported, not_definitions, tuple(invalid), tuple(errors))


def _has_rule(value: Json) -> bool:
    if not isinstance(value, dict):
        return False
    inner = get(value, "properties")
    return get(inner if isinstance(inner, dict) else value, "policyRule") is not None


def _check(document: Document, aliases: AliasTable) -> UnsupportedReason | None:
    try:
        definition = read_definition(document)
    except InvalidInput as found:
        reasons = [_REASONS.get(fault.code) for fault in found.diagnostics]
        if None in reasons:
            raise
        return reasons[0]
    _, faults = compile_policy(AssignedPolicy(definition), aliases)
    if faults:
        raise InvalidInput(faults)
    # guest configuration and Defender verdicts are judged where they were collected; a data plane never is
    reason = undecidable(definition)
    return reason if reason is UnsupportedReason.DATA_PLANE else None


_REASONS = {
    "BP308": UnsupportedReason.UNKNOWN_FUNCTION,
    "BP309": UnsupportedReason.PARAMETER_MISSING,
    **dict.fromkeys(LIMIT_CODES, UnsupportedReason.LIMIT),
}
"""Faults that say why a definition which has the right form cannot be judged."""
