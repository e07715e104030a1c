"""Where a blueprint lies on disk: which file of a folder defines it, and which hold its artifacts.

Ours and PowerShell's exports have a folder `artifacts` (or `Artifacts`) beside `blueprint.json` (or
`Blueprint.json`); Microsoft's samples lie flat, as `artifact.<name>.json` beside the blueprint file. Files of older
tools are called anything (`Blueprint-<name>.json`, `policyAssignment-<name>.json`, `<name>.json`), may lie in folders
below, and are known by what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from blueprinter.blueprint.exported import enveloped
from blueprinter.blueprint.model import ARTIFACT_KINDS
from blueprinter.blueprint.parts import mapping, text
from blueprinter.casing import fold, get, key_of, same
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Json, load

FLAT = "artifact."
"""What the name of an artifact's file starts with in a flat folder."""

_EXTENSIONS = frozenset({".json", ".jsonc", ".yaml", ".yml"})
_DEFINITIONS = frozenset(
    f"{prefix}blueprint.{extension}"
    for prefix in ("", "01-")
    for extension in ("yaml", "yml", "json", "jsonc")
)
_TYPES = frozenset({"microsoft.blueprint/blueprints", "microsoft.blueprint/blueprints/versions"})


def definition_files(root: Path, *, by_content: bool = False) -> list[Path]:
    """The files of a folder that define a blueprint, sorted: one, where all is well.

    With `by_content`, where none is called so, those that say of themselves that they are one.
    """
    if not root.is_dir():
        return []
    named = sorted(path for path in root.iterdir() if fold(path.name) in _DEFINITIONS and path.is_file())
    if named or not by_content:
        return named
    return sorted(path for path in root.iterdir() if _readable(path) and _defines(_held(path)))


def artifact_files(root: Path, definition: Path) -> list[Path]:
    """The files that may hold artifacts of the blueprint in a folder, sorted by name.

    Every file of a folder `artifacts`, and every `artifact.*` beside the definition, is taken for one; others, and
    those in folders further down, only when they are one.
    """
    folders = [path for path in root.iterdir() if path.is_dir() and same(path.name, "artifacts")]
    inner = [path for folder in folders for path in folder.iterdir()]
    flat = [path for path in root.iterdir() if path != definition and fold(path.name).startswith(FLAT)]
    found = [path for path in (*inner, *flat) if _readable(path)]
    below = (path for folder in folders for path in _below(folder))
    found += [path for path in below if _holds_artifact(path)]
    if not found:
        others = (path for path in (*root.iterdir(), *_below(root)) if path != definition)
        found = [path for path in others if _readable(path) and _holds_artifact(path)]
    return sorted(found, key=lambda path: (fold(path.name), str(path)))


def _below(folder: Path) -> Iterator[Path]:
    """The documents in the folders of a folder, but for those of other blueprints."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink() and not definition_files(path):
            yield from (one for one in sorted(path.iterdir()) if _readable(one))
            yield from _below(path)


def _readable(path: Path) -> bool:
    return path.suffix.lower() in _EXTENSIONS and path.is_file()


def _held(path: Path) -> Mapping[str, Json]:
    try:
        return mapping(enveloped(load(path)).value)
    except InvalidInput:
        return {}


def _defines(value: Mapping[str, Json]) -> bool:
    if "kind" in value or "properties" not in value:
        return False
    targets = key_of(mapping(value["properties"]), "targetScope") is not None
    return fold(text(value, "type")) in _TYPES or (targets and not text(value, "type"))


def _holds_artifact(path: Path) -> bool:
    value = _held(path)
    return get(ARTIFACT_KINDS, text(value, "kind")) is not None and "properties" in value
