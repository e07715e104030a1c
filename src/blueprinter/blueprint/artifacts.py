"""Artifacts: the building blocks of a blueprint, in every layout that people hold on disk.

Ours and PowerShell's exports have a folder `artifacts` (or `Artifacts`); Microsoft's samples lie flat, as
`artifact.<name>.json` beside the blueprint file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os.path import normpath
from pathlib import Path

from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import Artifact
from blueprinter.blueprint.parts import mapping, text, texts
from blueprinter.blueprint.schemas import ARTIFACTS
from blueprinter.casing import fold, same
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.document import Document, Json, inside, load
from blueprinter.text import did_you_mean

_EXTENSIONS = frozenset({".json", ".jsonc", ".yaml", ".yml"})
_FLAT = "artifact."
_BICEP = ".bicep"


def artifact_files(root: Path, definition: Path) -> list[Path]:
    """The files that may hold artifacts of the blueprint in a folder, sorted by name."""
    folders = [path for path in root.iterdir() if path.is_dir() and same(path.name, "artifacts")]
    inner = [path for folder in folders for path in folder.iterdir()]
    flat = [path for path in root.iterdir() if path != definition and fold(path.name).startswith(_FLAT)]
    found = [path for path in (*inner, *flat) if path.is_file() and path.suffix.lower() in _EXTENSIONS]
    if not found:
        found = [path for path in root.iterdir() if path != definition and _holds_artifact(path)]
    return sorted(found, key=lambda path: (fold(path.name), str(path)))


def _holds_artifact(path: Path) -> bool:
    """Whether a file of a flat folder without `artifact.` in its name is an artifact all the same."""
    if not path.is_file() or path.suffix.lower() not in _EXTENSIONS:
        return False
    try:
        value = mapping(load(path).value)
    except InvalidInput:
        return False
    return text(value, "kind") in ARTIFACTS and "properties" in value


def read_artifact(document: Document, root: Path, faults: Faults, *, lenient: bool) -> Artifact | None:
    """The artifact of a document, or None when its kind is not known. `lenient` for exported folders."""
    value = mapping(document.value)
    kind = text(value, "kind")
    if kind not in ARTIFACTS:
        where = document.locate("/kind")
        if "kind" in value:
            hint = did_you_mean(kind, ARTIFACTS) or f"kinds: {', '.join(ARTIFACTS)}"
            faults.error("BP203", f"unknown kind of artifact `{value['kind']}`", where, hint)
        else:
            faults.error("BP112", "the key `kind` is missing", where, f"kinds: {', '.join(ARTIFACTS)}")
        return None
    faults.shape(document, ARTIFACTS[kind], lenient=lenient)
    properties = mapping(value.get("properties"))
    stem = Path(document.file).name.rpartition(".")[0]
    short = stem[len(_FLAT) :] if fold(stem).startswith(_FLAT) else stem
    own, last = text(value, "name"), text(value, "id").rstrip("/").rpartition("/")[2]
    artifact = Artifact(
        name=own or last or short,
        kind=kind,
        display_name=text(properties, "displayName"),
        resource_group=text(properties, "resourceGroup"),
        depends_on=texts(properties.get("dependsOn")),
        properties=properties,
        document=document,
        aliases=tuple(dict.fromkeys(name for name in (own, last, stem, short) if name)),
    )
    return _with_template(artifact, root, faults)


def by_alias(artifacts: tuple[Artifact, ...]) -> Mapping[str, Artifact]:
    """Artifacts under every folded name they go by; their own names win over file names."""
    found = {fold(artifact.name): artifact for artifact in artifacts}
    for artifact in artifacts:
        for alias in artifact.aliases:
            found.setdefault(fold(alias), artifact)
    return found


def template_of(artifact: Artifact) -> tuple[Document, str, Mapping[str, Json]] | None:
    """The template of an artifact: the document it stands in, the pointer to it, and its value."""
    template = artifact.properties.get("template")
    if not isinstance(template, dict):
        return None
    if artifact.template is not None:
        return artifact.template, "", template
    return artifact.document, "/properties/template", template


def _with_template(artifact: Artifact, root: Path, faults: Faults) -> Artifact:
    named = text(artifact.properties, "templateFile")
    if not named:
        return artifact
    where = artifact.document.locate("/properties/templateFile")
    place = root.resolve()
    repository = place.parent.parent if place.parent.name == "blueprints" else place
    candidates: list[tuple[Path, str]] = []
    outside: tuple[Diagnostic, ...] = ()
    for base in (Path(artifact.document.file).parent, root):
        try:
            candidates.append((inside(repository, base, named, where), normpath(base / named)))
        except InvalidInput as leaves:
            outside = leaves.diagnostics
    if not candidates:
        faults.extend(outside)
        return artifact
    file, shown = next(((path, name) for path, name in candidates if path.is_file()), (None, ""))
    if file is None:
        hint = "paths are relative to the artifact's file or to the blueprint's folder"
        faults.error("BP225", f"the template `{named}` does not exist", where, hint)
        return artifact
    if file.suffix.lower() == _BICEP:
        return replace(artifact, template_path=file)
    document = faults.load(file, shown)
    if document is None:
        return artifact
    if not isinstance(document.value, dict):
        faults.error("BP225", f"`{named}` is no template", where)
        return artifact
    properties = {**artifact.properties, "template": document.value}
    return replace(artifact, properties=properties, template=document, template_path=file)
