"""Evidence of the registers: files beside them, whose content may be pinned by a hash, or addresses elsewhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import Evidence
from blueprinter.blueprint.parts import items, mapping, text
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Document, Json, child, inside, note


def read_evidence(
    document: Document, pointer: str, value: Json, folder: Path, faults: Faults
) -> tuple[Evidence, ...]:
    """The evidence that stands at a pointer. Files are read and compared with their hash, addresses never fetched."""
    return tuple(
        _one(document, child(pointer, index), row, folder, faults) for index, row in enumerate(items(value))
    )


def _one(document: Document, pointer: str, value: Json, folder: Path, faults: Faults) -> Evidence:
    row = mapping(value)
    description, path, uri = text(row, "description"), text(row, "path"), text(row, "uri")
    sha256 = text(row, "sha256").lower()
    if bool(path) == bool(uri):
        hint = "evidence has a `path` in this folder or a `uri`, one of the two"
        faults.error("BP257", "evidence without exactly one place", document.locate(pointer), hint)
    if not path:
        return Evidence(description, uri, sha256)
    where = document.locate(child(pointer, "path"))
    try:
        file = inside(folder, folder, path, where)
    except InvalidInput as outside:
        faults.extend(outside.diagnostics)
        return Evidence(description, path, sha256, intact=False)
    if not file.is_file():
        hint = "what rests on it counts as lapsed"
        faults.warn("BP258", f"the evidence `{path}` does not exist", where, hint)
        return Evidence(description, path, sha256, intact=False)
    note(file)
    if sha256 and _hash(file) != sha256:
        hint = "review the file again, then write its new hash; until then what rests on it counts as lapsed"
        faults.warn("BP258", f"the evidence `{path}` is not the file that was reviewed", where, hint)
        return Evidence(description, path, sha256, intact=False)
    return Evidence(description, path, sha256, intact=True)


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
