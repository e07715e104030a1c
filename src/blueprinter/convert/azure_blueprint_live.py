"""Reads everything from the live service of Azure Blueprints, as long as it answers: nothing but GET is sent.

Definitions with their draft and every published version, assignments with their operations, and the deny assignments
that are their locks. Source: the REST API of Microsoft.Blueprint, version 2018-11-01-preview.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from blueprinter.azure import ArmClient, AzureError
from blueprinter.blueprint import slug
from blueprinter.casing import fold
from blueprinter.document import Json

_API, _DENY_API = "2018-11-01-preview", "2022-04-01"
_PROVIDER = "/providers/Microsoft.Blueprint"
_VERSION = re.compile(r"[A-Za-z0-9-][A-Za-z0-9.-]*\Z")
_GONE = frozenset({"NotFound", "ResourceNotFound", "BlueprintNotFound", "PublishedBlueprintNotFound"})


class Reading(Struct, frozen=True):
    """What was read."""

    files: Mapping[str, str]
    """Path below the export -> content, as the service gave it."""
    assignments: tuple[tuple[str, str], ...]
    """File of each assignment, and the folder of the version that it assigns (empty where it is gone)."""
    refused: tuple[str, ...]
    """What could not be read, and why."""


def read_live(client: ArmClient, scope: str) -> Reading:
    """Reads what a subscription or management group holds. Raises `AzureError` when definitions and assignments cannot
    be listed; what else is refused is named in the result."""
    reader = _Reader(client)
    for definition in client.items(f"{scope}{_PROVIDER}/blueprints", _API):
        reader.definition(
            str(definition.get("id") or f"{scope}{_PROVIDER}/blueprints/{definition.get('name')}"), definition
        )
    found: list[tuple[str, str]] = []
    for assignment in client.items(f"{scope}{_PROVIDER}/blueprintAssignments", _API):
        found.append(reader.assignment(scope, assignment))
    locks = reader.attempt(f"{scope}/providers/Microsoft.Authorization/denyAssignments", _DENY_API)
    if locks is not None:
        reader.files["deny-assignments.json"] = _json({"value": list(locks)})
    return Reading(dict(sorted(reader.files.items())), tuple(found), tuple(reader.refused))


class _Reader:
    """Collects files; a version that several assignments share is read once."""

    def __init__(self, client: ArmClient) -> None:
        self.client = client
        self.files: dict[str, str] = {}
        self.refused: list[str] = []
        self._folders: dict[str, str] = {}

    def definition(self, id: str, body: Mapping[str, Json]) -> None:
        """A definition: its draft, then each version."""
        self._version(id, body, "draft")
        for version in self.attempt(f"{id}/versions", _API) or ():
            name = str(version.get("name") or "")
            if name:
                self._version(f"{id}/versions/{name}", version, name)

    def assignment(self, scope: str, body: Mapping[str, Json]) -> tuple[str, str]:
        """An assignment with its operations, and the version that it assigns, wherever that is kept."""
        name = slug(str(body.get("name") or "assignment"))
        file = f"assignments/{name}.json"
        self.files[file] = _json(dict(body))
        id = str(body.get("id") or f"{scope}{_PROVIDER}/blueprintAssignments/{body.get('name')}")
        operations = self.attempt(f"{id}/assignmentOperations", _API)
        if operations is not None:
            self.files[f"assignments/{name}.operations.json"] = _json({"value": list(operations)})
        properties = body.get("properties")
        blueprint = str(properties.get("blueprintId") or "") if isinstance(properties, dict) else ""
        if not blueprint:
            return file, ""
        if fold(blueprint) not in self._folders:
            self._read_version(blueprint)
        return file, self._folders.get(fold(blueprint), "")

    def attempt(self, path: str, api_version: str) -> tuple[dict[str, Json], ...] | None:
        """The rows of a list, or None where it is refused; the refusal is kept."""
        try:
            return tuple(self.client.items(path, api_version))
        except AzureError as refused:
            self._note(path, refused)
            return None

    def _read_version(self, id: str) -> None:
        try:
            body = self.client.get(id, _API)
        except AzureError as refused:
            self._note(id, refused)
            return
        name = id.rstrip("/").rpartition("/")[2] if "/versions/" in fold(id) else "draft"
        self._version(id, body if isinstance(body, dict) else {}, name)

    def _version(self, id: str, body: Mapping[str, Json], version: str) -> None:
        """A draft or version with its artifacts, as the folder that PowerShell's export would be."""
        artifacts = self.attempt(f"{id}/artifacts", _API)
        if artifacts is None:
            return
        parts = id.split("/")
        place = next(index for index, part in enumerate(parts) if fold(part) == "blueprints")
        folder = f"blueprints/{slug(parts[place + 1])}/{_version_folder(version)}"
        self.files[f"{folder}/blueprint.json"] = _json({**body, "name": parts[place + 1]})
        for artifact in artifacts:
            name = str(artifact.get("name") or "")
            self.files[f"{folder}/artifacts/{slug(name)}.json"] = _json(artifact)
        self._folders[fold(id)] = folder

    def _note(self, path: str, refused: AzureError) -> None:
        why = "it is gone" if refused.not_found or refused.code in _GONE else refused.code or "no answer"
        self.refused.append(f"{path}: {why}")


def _version_folder(version: str) -> str:
    """A version as the name of a folder; the service takes letters, digits, dots and hyphens."""
    return version if _VERSION.match(version) else slug(version)


def lines_of(reading: Reading) -> Iterator[str]:
    """What was read, for a person."""
    versions = sum(name.endswith("/blueprint.json") for name in reading.files)
    yield f"read {versions} drafts and versions, {len(reading.assignments)} assignments"
    for line in reading.refused:
        yield f"not read: {line}"


def _json(value: Json | Mapping[str, Json]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
