"""Artifacts: the building blocks of a blueprint."""

from __future__ import annotations

from collections.abc import Mapping
from os.path import normpath
from pathlib import Path

from msgspec.structs import replace

from blueprinter.arm import compile_bicep
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.layout import FLAT
from blueprinter.blueprint.model import ARTIFACT_KINDS, Artifact
from blueprinter.blueprint.parts import mapping, text, texts
from blueprinter.casing import fold, same
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.document import Document, Json, inside
from blueprinter.text import did_you_mean

_BICEP = ".bicep"


def read_artifact(document: Document, root: Path, faults: Faults, *, lenient: bool) -> Artifact | None:
    """The artifact of a document, or None when its kind is not known. `lenient` for exported folders."""
    value = mapping(document.value)
    kind = text(value, "kind")
    if kind not in ARTIFACT_KINDS:
        where = document.locate("/kind")
        if "kind" in value:
            hint = did_you_mean(kind, ARTIFACT_KINDS) or f"kinds: {', '.join(ARTIFACT_KINDS)}"
            faults.error("BP203", f"unknown kind of artifact `{value['kind']}`", where, hint)
        else:
            faults.error("BP112", "the key `kind` is missing", where, f"kinds: {', '.join(ARTIFACT_KINDS)}")
        return None
    from blueprinter.blueprint.schemas.blueprints import ARTIFACTS  # pydantic is slow

    faults.shape(document, ARTIFACTS[kind], lenient=lenient)
    properties = mapping(value.get("properties"))
    stem = Path(document.file).name.rpartition(".")[0]
    short = stem[len(FLAT) :] if fold(stem).startswith(FLAT) else stem
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
    document = _compiled(file, faults) if same(file.suffix, _BICEP) else faults.load(file, shown)
    if document is None:
        return artifact
    if not isinstance(document.value, dict):
        faults.error("BP225", f"`{named}` is no template", where)
        return artifact
    properties = {**artifact.properties, "template": document.value}
    return replace(artifact, properties=properties, template=document, template_path=file)


def _compiled(file: Path, faults: Faults) -> Document | None:
    """The template that a Bicep file compiles to; None when the Bicep CLI is missing or finds faults in it."""
    try:
        return compile_bicep(file)
    except InvalidInput as invalid:
        faults.extend(invalid.diagnostics)
        return None
