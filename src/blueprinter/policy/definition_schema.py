"""The JSON Schemas of a policy definition and of an alias table, for editors and `blueprinter schema`.

They say what Azure documents (Microsoft Learn, "Azure Policy definition structure": basics, parameters, policy rule,
aliases), in the documented spelling. The reader is laxer: keys in another letter case are accepted as Azure does.
"""

from __future__ import annotations

from blueprinter.document import Json
from blueprinter.policy.model import PolicySeverity
from blueprinter.policy.operators import OPERATORS

_TEXT: Json = {"type": "string"}
_NAMED: Json = {"type": "string", "minLength": 1}
_EXPRESSION: Json = {"type": "string", "pattern": r"^\["}
_OPEN: Json = {"type": "object"}
_EFFECTS = (
    "addToNetworkGroup",
    "append",
    "audit",
    "auditIfNotExists",
    "deny",
    "denyAction",
    "deployIfNotExists",
    "disabled",
    "manual",
    "modify",
    "mutate",
)
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def policy_definition_schema() -> dict[str, Json]:
    """JSON Schema 2020-12 of `policy.json`: a definition with its envelope."""
    return {
        "$schema": _DRAFT,
        "$id": "blueprinter/policy/1",
        "title": "Policy definition",
        "type": "object",
        "properties": {
            "id": _TEXT,
            "name": _NAMED,
            "type": {"const": "Microsoft.Authorization/policyDefinitions"},
            "systemData": _OPEN,
            "properties": {"$ref": "#/$defs/properties"},
        },
        "required": ["name", "properties"],
        "additionalProperties": False,
        "$defs": {
            "properties": _properties(),
            "parameter": _parameter(),
            "condition": _condition(),
            "count": _count(),
            "then": _then(),
        },
    }


def _properties() -> Json:
    return {
        "type": "object",
        "properties": {
            "displayName": {"type": "string", "minLength": 1, "maxLength": 128},
            "description": {"type": "string", "maxLength": 512},
            "policyType": {"enum": ["BuiltIn", "Custom", "NotSpecified", "Static"]},
            "mode": _NAMED,
            "version": _TEXT,
            "versions": {"type": "array", "items": _TEXT},
            "metadata": {
                "type": "object",
                "properties": {
                    "version": _NAMED,
                    "category": _NAMED,
                    "severity": {"enum": [str(one) for one in PolicySeverity]},
                    "specification": _NAMED,
                    "remediation": _NAMED,
                    "documentation": {"type": "string", "pattern": "^https://"},
                },
            },
            "parameters": {"type": "object", "additionalProperties": {"$ref": "#/$defs/parameter"}},
            "policyRule": {
                "type": "object",
                "properties": {
                    "if": {"$ref": "#/$defs/condition"},
                    "then": {"$ref": "#/$defs/then"},
                },
                "required": ["if", "then"],
                "additionalProperties": False,
            },
            "externalEvaluationEnforcementSettings": _OPEN,
        },
        "required": ["displayName", "mode", "policyRule"],
        "additionalProperties": False,
    }


def _parameter() -> Json:
    types = ("String", "Array", "Object", "Boolean", "Integer", "Float", "DateTime")
    spelled: list[Json] = [*types, *(type_[0].lower() + type_[1:] for type_ in types)]
    return {
        "type": "object",
        "properties": {
            "type": {"enum": spelled},
            "metadata": _OPEN,
            "allowedValues": {"type": "array"},
            "defaultValue": True,
            "schema": _OPEN,
        },
        "required": ["type"],
        "additionalProperties": False,
    }


def _condition() -> Json:
    """A logical operator, or one subject with one operator."""
    several: Json = {"type": "array", "items": {"$ref": "#/$defs/condition"}}
    subjects: dict[str, Json] = {"field": _NAMED, "value": True, "count": {"$ref": "#/$defs/count"}}
    operators: list[str] = [row.name for row in OPERATORS]
    return {
        "type": "object",
        "oneOf": [
            _only("allOf", several),
            _only("anyOf", several),
            _only("not", {"$ref": "#/$defs/condition"}),
            {
                "properties": {**subjects, **dict.fromkeys(operators, True)},
                "additionalProperties": False,
                "minProperties": 2,
                "maxProperties": 2,
                "allOf": [
                    {"oneOf": [{"required": [name]} for name in subjects]},
                    {"oneOf": [{"required": [name]} for name in operators]},
                ],
            },
        ],
    }


def _only(key: str, value: Json) -> Json:
    return {"properties": {key: value}, "required": [key], "additionalProperties": False}


def _count() -> Json:
    return {
        "type": "object",
        "properties": {
            "field": _NAMED,
            "value": True,
            "name": _NAMED,
            "where": {"$ref": "#/$defs/condition"},
        },
        "oneOf": [{"required": ["field"]}, {"required": ["value"]}],
        "additionalProperties": False,
    }


def _then() -> Json:
    spelled: list[Json] = [*_EFFECTS, *(effect[0].upper() + effect[1:] for effect in _EFFECTS)]
    return {
        "type": "object",
        "properties": {
            "effect": {"anyOf": [{"enum": spelled}, _EXPRESSION]},
            "details": {"type": ["object", "array"]},
        },
        "required": ["effect"],
        "additionalProperties": False,
    }


def aliases_schema() -> dict[str, Json]:
    """JSON Schema 2020-12 of `aliases.json`: Azure's list of resource providers with their aliases."""
    paths: Json = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"path": _NAMED, "apiVersions": {"type": "array", "items": _TEXT}},
            "required": ["path"],
        },
    }
    alias: Json = {
        "type": "object",
        "properties": {"name": _NAMED, "defaultPath": {"type": ["string", "null"]}, "paths": paths},
        "required": ["name"],
    }
    kind: Json = {
        "type": "object",
        "properties": {
            "resourceType": _NAMED,
            "capabilities": {"type": ["string", "null"]},
            "aliases": {"type": ["array", "null"], "items": alias},
        },
        "required": ["resourceType"],
    }
    return {
        "$schema": _DRAFT,
        "$id": "blueprinter/aliases/1",
        "title": "Aliases of resource providers",
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"namespace": _NAMED, "resourceTypes": {"type": "array", "items": kind}},
            "required": ["namespace", "resourceTypes"],
        },
    }
