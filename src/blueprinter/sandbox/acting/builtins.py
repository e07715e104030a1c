"""Built-in definitions and initiatives: those that were loaded with their rules, and stand-ins for those of which only
facts are known.

A stand-in has what an assignment needs of it: display name, version, parameters, effects. Its rule is not known, so it
judges nothing, and whatever it is assigned to has the state Unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from blueprinter.casing import fold, same
from blueprinter.content import shipped
from blueprinter.document import load
from blueprinter.sandbox.model import Body, Store, Stored

DEFINITION_TYPE = "Microsoft.Authorization/policyDefinitions"
SET_TYPE = "Microsoft.Authorization/policySetDefinitions"

STAND_IN = "blueprinterStandIn"
"""The member of `metadata` that marks a stand-in."""

_SECTIONS = {fold(DEFINITION_TYPE): "definitions", fold(SET_TYPE): "initiatives"}


def put_builtin(store: Store, body: Body) -> Stored:
    """Keeps a built-in definition or initiative with its rule, as a file of the built-ins has it: an object with
    `name` and `properties`. Raises `KeyError` where it has no name."""
    properties: Body = dict(body["properties"])
    kind = SET_TYPE if "policyDefinitions" in properties else DEFINITION_TYPE
    properties["policyType"] = properties.get("policyType") or "BuiltIn"
    metadata = properties.get("metadata")
    version = properties.get("version") or (metadata or {}).get("version") or "1.0.0"
    properties["version"] = version
    properties.setdefault("versions", [version])
    id = f"/providers/{kind}/{body['name']}"
    return store.put(id, kind, {"properties": properties, "id": id, "type": kind, "name": body["name"]})


def stand_in(kind: str, name: str) -> Stored | None:
    """The stand-in for a built-in of which only facts are known; None where nothing is."""
    facts = _facts(_SECTIONS[fold(kind)]).get(fold(name))
    return _stored(kind, fold(name), facts) if facts is not None else None


@lru_cache(maxsize=2)
def stand_ins(kind: str) -> tuple[Stored, ...]:
    """All stand-ins of a type, by name: made once, to be read only."""
    return tuple(_stored(kind, name, facts) for name, facts in sorted(_facts(_SECTIONS[fold(kind)]).items()))


def is_stand_in(body: Body) -> bool:
    """Whether a definition is a stand-in, whose rule is not known."""
    metadata = body.get("properties", {}).get("metadata")
    return isinstance(metadata, dict) and metadata.get(STAND_IN) is True


def needs_identity(body: Body) -> bool:
    """Whether the facts of an initiative say that its members deploy or modify."""
    metadata = body.get("properties", {}).get("metadata")
    return isinstance(metadata, dict) and metadata.get("needsIdentity") is True


@lru_cache(maxsize=2)
def _facts(section: str) -> Mapping[str, Mapping[str, Any]]:
    document = load(shipped("policies") / "builtin-facts.json")
    value: Any = document.value
    return {fold(name): facts for name, facts in value.get(section, {}).items()}


def _stored(kind: str, name: str, facts: Mapping[str, Any]) -> Stored:
    id = f"/providers/{kind}/{name}"
    version = str(facts.get("version") or "1.0.0")
    metadata: Body = {"version": version, "category": facts.get("category", ""), STAND_IN: True}
    if facts.get("deprecated"):
        metadata["deprecated"] = True
    if facts.get("needsIdentity"):
        metadata["needsIdentity"] = True
    properties: Body = {
        "displayName": facts.get("displayName", name),
        "policyType": "BuiltIn",
        "description": "Only facts of this built-in are known here, not its rule.",
        "metadata": metadata,
        "version": version,
        "parameters": _parameters(facts),
        "versions": [version],
    }
    if same(kind, DEFINITION_TYPE):
        properties["mode"] = facts.get("mode", "All")
        effect = (
            "[parameters('effect')]" if "effect" in properties["parameters"] else facts.get("defaultEffect")
        )
        details: Body = {}
        if facts.get("roleDefinitionIds"):
            prefix = "/providers/Microsoft.Authorization/roleDefinitions/"
            details["roleDefinitionIds"] = [f"{prefix}{one}" for one in facts["roleDefinitionIds"]]
        then: Body = {"effect": effect or "audit"}
        # a rule that never holds, so that whatever reads it has one to read
        never: Body = {"value": "false", "equals": "true"}
        properties["policyRule"] = {"if": never, "then": {**then, "details": details} if details else then}
    else:
        properties["policyDefinitions"] = []
    return Stored(id, kind, {"properties": properties, "id": id, "type": kind, "name": name})


def _parameters(facts: Mapping[str, Any]) -> Body:
    """Names are known, and which need a value; types are not, and so they are not stated."""
    required = facts.get("requiredParameters") or []
    found: Body = {}
    for name in facts.get("parameters") or []:
        if same(name, "effect") and facts.get("effects"):
            found[name] = {"type": "String", "allowedValues": list(facts["effects"])}
            if name not in required:
                found[name]["defaultValue"] = facts.get("defaultEffect") or facts["effects"][0]
        else:
            found[name] = {} if name in required else {"defaultValue": None}
    return found
