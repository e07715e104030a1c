"""The content of a blueprint as one hash: what a version consists of, and nothing of where it is assigned."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson

from blueprinter.blueprint import Blueprint, Link, template_of
from blueprinter.document import Document, Json
from blueprinter.policy import definition_key

_READ_ONLY = frozenset({"status", "versions", "layout", "version", "changeNotes"})


def content_hash(blueprint: Blueprint, bodies: Mapping[str, Document]) -> str:
    """SHA-256 (hex) of the definition, the artifacts with their templates, the links of the controls and the custom
    definitions that they name. The version's own name is no part of it, nor are files, order of keys and comments."""
    value = blueprint.document.value
    held = value.get("properties") if isinstance(value, dict) else None
    properties = held if isinstance(held, dict) else {}
    artifacts: dict[str, Json] = {}
    named = {link.test for link in blueprint.links}
    for artifact in blueprint.artifacts:
        found = template_of(artifact)
        own = {
            key: one for key, one in artifact.properties.items() if key not in {"template", "templateFile"}
        }
        artifacts[artifact.name] = {
            "kind": artifact.kind,
            "properties": own,
            "template": dict(found[2]) if found is not None else None,
        }
        for key in ("policyDefinition", "policyDefinitionId"):
            one = artifact.properties.get(key)
            if isinstance(one, str):
                named.add(definition_key(one))
    content: dict[str, Json] = {
        "name": blueprint.name,
        "properties": {key: one for key, one in properties.items() if key not in _READ_ONLY},
        "artifacts": artifacts,
        "framework": blueprint.framework.id if blueprint.framework is not None else None,
        "links": [list(row) for row in sorted(map(_row, blueprint.links))],
        "definitions": {key: bodies[key].value for key in sorted(named) if key in bodies},
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _row(link: Link) -> tuple[str, str, str, str]:
    return link.control, str(link.target), link.test, str(link.strength)
