"""Files of Azure Blueprints in the one form that the rest of this package reads.

The service compares the names of properties without regard to case. The Azure CLI prints blueprints, artifacts and
assignments without the envelope `properties`, and what is absent as null. Diagnostics keep pointing at what stands in
the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from blueprinter.blueprint.model import ARTIFACT_KINDS
from blueprinter.casing import get, key_of
from blueprinter.document import Document, Json, Span, child

_Keys: TypeAlias = "Mapping[str, _Keys]"
"""The known keys of an object, each with those of its value; `*` stands for every key."""

_TEXTS: _Keys = {"displayName": {}, "description": {}, "strongType": {}}
_DEFINITION: _Keys = {
    "displayName": {},
    "description": {},
    "targetScope": {},
    "parameters": {
        "*": {
            "type": {},
            "metadata": _TEXTS,
            "defaultValue": {},
            "allowedValues": {},
            "minValue": {},
            "maxValue": {},
            "minLength": {},
            "maxLength": {},
        }
    },
    "resourceGroups": {
        "*": {"name": {}, "location": {}, "tags": {}, "dependsOn": {}, "metadata": _TEXTS, "description": {}}
    },
    "status": {},
    "versions": {},
    "layout": {},
    "blueprintName": {},
    "changeNotes": {},
}
_REFERENCE: _Keys = {"keyVault": {"id": {}}, "secretName": {}, "secretVersion": {}}
_ARTIFACT: _Keys = {
    "displayName": {},
    "description": {},
    "dependsOn": {},
    "resourceGroup": {},
    "policyDefinitionId": {},
    "roleDefinitionId": {},
    "principalIds": {},
    "template": {},
    "parameters": {"*": {"value": {}, "reference": _REFERENCE}},
}
_ASSIGNMENT: _Keys = {
    "displayName": {},
    "description": {},
    "blueprintId": {},
    "scope": {},
    "parameters": {"*": {"value": {}, "reference": _REFERENCE}},
    "resourceGroups": {"*": {"name": {}, "location": {}}},
    "locks": {"mode": {}, "excludedPrincipals": {}, "excludedActions": {}},
    "status": {},
    "provisioningState": {},
}
_OUTSIDE: _Keys = {
    **{key: {} for key in ("id", "name", "type", "kind", "location", "systemData", "$schema")},
    "identity": {"type": {}, "userAssignedIdentities": {}},
}
_TELLING = ("targetScope", "blueprintId", "policyDefinitionId", "roleDefinitionId", "template")
"""Keys of `properties`, one of which every blueprint, assignment or artifact has."""
_TARGET_SCOPES: _Keys = {"subscription": {}, "managementGroup": {}}
_MAY_BE_NULL = frozenset({"value", "defaultValue"})


def enveloped(document: Document) -> Document:
    """A definition, artifact or assignment with its contents under `properties`, its keys spelled as documented.

    So are the kind of an artifact and the target scope. A document that is in this form already, one of ours
    (`schema`), and one that is neither come back as they are.
    """
    value = document.value
    if not isinstance(value, dict) or "schema" in value:
        return document
    origin: dict[str, str] = {}
    keys = _keys_of(value)
    if key_of(value, "properties") is not None:
        spelled = _spelled(value, {**_OUTSIDE, "properties": keys}, "", "", origin)
    elif any(key_of(value, key) is not None for key in _TELLING):
        outside = {key: held for key, held in value.items() if key_of(_OUTSIDE, key) is not None}
        within = {key: held for key, held in value.items() if key not in outside}
        spelled = _spelled(outside, _OUTSIDE, "", "", origin)
        spelled["properties"] = _spelled(within, keys, "/properties", "", origin)
        origin["/properties"] = ""
    else:
        return document
    _choose(spelled, "kind", ARTIFACT_KINDS)
    _choose(spelled.get("properties"), "targetScope", _TARGET_SCOPES)
    if spelled == value:
        return document

    def measure(text: str) -> Mapping[str, Span]:
        found = {"": document.span("")}
        for pointer, stands in _places(spelled, "", "", origin):
            found[pointer] = document.span(stands)
        return {pointer: span for pointer, span in found.items() if span is not None}

    return Document(document.file, document.text, spelled, measure, document.remarks)


def _choose(holder: Json, key: str, words: Mapping[str, object]) -> None:
    """Spells the word under a key as documented."""
    word = holder.get(key) if isinstance(holder, dict) else None
    if isinstance(holder, dict) and isinstance(word, str):
        holder[key] = key_of(words, word) or word


def _keys_of(value: Mapping[str, Json]) -> _Keys:
    if key_of(value, "kind") is not None:
        return _ARTIFACT
    properties = get(value, "properties")
    holder = properties if isinstance(properties, dict) else value
    return _ASSIGNMENT if key_of(holder, "blueprintId") is not None else _DEFINITION


def _spelled(
    value: Mapping[str, Json], keys: _Keys, pointer: str, stands: str, origin: dict[str, str]
) -> dict[str, Json]:
    """An object with its known keys as documented; `origin` gets where what is spelled otherwise stands."""
    found: dict[str, Json] = {}
    every = keys.get("*")
    for key, held in value.items():
        own = key if every is not None else key_of(keys, key) or key
        if own != key and own in value:
            own = key  # both spellings stand there, and the documented one is meant
        below = every if every is not None else keys.get(own)
        here, there = child(pointer, own), child(stands, key)
        if here != there:
            origin[here] = there
        found[own] = _spelled(held, below, here, there, origin) if isinstance(held, dict) and below else held
    return {key: held for key, held in found.items() if not _absent(key, keys, found)}


def _absent(key: str, keys: _Keys, holder: Mapping[str, Json]) -> bool:
    """Whether a known key says by null that it is not there."""
    if holder[key] is not None or key not in keys:
        return False
    return key not in _MAY_BE_NULL or holder.get("reference") is not None


def _places(value: Json, pointer: str, stands: str, origin: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every pointer into a value in its new form, with the one into the file."""
    members: Iterable[tuple[str | int, Json]] = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    for key, held in members:
        here = child(pointer, key)
        there = origin.get(here, child(stands, key))
        yield here, there
        yield from _places(held, here, there, origin)
