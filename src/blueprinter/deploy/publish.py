"""`publish`: a version of a blueprint, with everything it needs, that never changes again.

A published version is a small repository of its own: the blueprint's folder, the templates and policies it names, and
`published.json` with the content hash, which is checked whenever the version is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson
from msgspec import Struct

from blueprinter.blueprint import Blueprint
from blueprinter.diagnostics import InvalidInput, error
from blueprinter.document import Document, Json, load
from blueprinter.policy import definition_key
from blueprinter.render import content_hash

RECORD = "published.json"
_SCHEMA = "blueprinter/published/1"


class Published(Struct, frozen=True):
    """A version that is kept."""

    blueprint: str
    version: str
    content: str
    change_notes: str


def published_files(
    blueprint: Blueprint, bodies: Mapping[str, Document]
) -> tuple[Published, dict[str, bytes]]:
    """The record of a version, and its files by path. Raises `InvalidInput` where it has no version."""
    head = blueprint.document.value
    inner = head.get("properties") if isinstance(head, dict) else None
    properties = inner if isinstance(inner, dict) else {}
    where = blueprint.document.locate("/properties/version")
    if not blueprint.version:
        raise InvalidInput(
            [error("BP656", "the blueprint has no version", where, "give it `version` and `changeNotes`")]
        )
    files: dict[str, bytes] = {}
    base = blueprint.root.parent.parent
    for file in sorted(blueprint.root.rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            files[f"blueprints/{blueprint.name}/{file.relative_to(blueprint.root).as_posix()}"] = (
                file.read_bytes()
            )
    for artifact in blueprint.artifacts:
        path = artifact.template_path
        if path is None or path.resolve().is_relative_to(blueprint.root.resolve()):
            continue
        if not path.resolve().is_relative_to(base.resolve()):
            message = f"the template `{path}` lies outside of the repository"
            raise InvalidInput(
                [error("BP655", message, artifact.document.locate("/properties/templateFile"))]
            )
        files[path.resolve().relative_to(base.resolve()).as_posix()] = path.read_bytes()
    for key in sorted(_named(blueprint)):
        body = bodies.get(key)
        if body is not None:
            file = Path(body.file)
            files[f"policies/{file.parent.parent.name}/{file.parent.name}/{file.name}"] = file.read_bytes()
    notes = properties.get("changeNotes")
    record = Published(
        blueprint.name,
        blueprint.version,
        content_hash(blueprint, bodies),
        notes if isinstance(notes, str) else "",
    )
    body_of_record: Json = {
        "schema": _SCHEMA,
        "blueprint": record.blueprint,
        "version": record.version,
        "content": record.content,
        "changeNotes": record.change_notes,
    }
    files[RECORD] = orjson.dumps(body_of_record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return record, files


def read_published(folder: Path) -> Published:
    """The record of a published version. Raises `InvalidInput`."""
    document = load(folder / RECORD)
    value = document.value if isinstance(document.value, dict) else {}
    found = {key: value.get(key) for key in ("blueprint", "version", "content", "changeNotes")}
    if value.get("schema") != _SCHEMA or not all(isinstance(one, str) for one in found.values()):
        raise InvalidInput([error("BP656", "this is no record of a published version", document.locate(""))])
    return Published(*(str(found[key]) for key in ("blueprint", "version", "content", "changeNotes")))


def check_published(folder: Path, blueprint: Blueprint, bodies: Mapping[str, Document]) -> Published:
    """The record, when the version is still what was published. Raises `InvalidInput` (BP656)."""
    record = read_published(folder)
    if content_hash(blueprint, bodies) != record.content:
        message = f"the published version {record.version} of `{record.blueprint}` was changed after it was published"
        where = load(folder / RECORD).locate("/content")
        raise InvalidInput(
            [
                error(
                    "BP656", message, where, "take it from its source again; publish changes as a new version"
                )
            ]
        )
    return record


def _named(blueprint: Blueprint) -> set[str]:
    """Keys of the definitions that a blueprint names."""
    named = {link.test for link in blueprint.links}
    for artifact in blueprint.artifacts:
        for key in ("policyDefinition", "policyDefinitionId"):
            one = artifact.properties.get(key)
            if isinstance(one, str):
                named.add(definition_key(one))
    return named
