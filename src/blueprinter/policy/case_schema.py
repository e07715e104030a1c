"""The JSON Schema of a file of policy tests, for editors and `blueprinter schema policy-tests`."""

from __future__ import annotations

from blueprinter.document import Json
from blueprinter.policy.case_file import SCHEMA
from blueprinter.policy.model import ComplianceState, UnsupportedReason

_OPEN: Json = {"type": "object"}
_TEXT: Json = {"type": "string"}


def _closed(properties: dict[str, Json], *required: str) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def policy_tests_schema() -> dict[str, Json]:
    """JSON Schema 2020-12 of `tests.yaml|json` and `*.tests.yaml|json`. It accepts what the runner reads, but for
    rules across values: unique names, and a resource in every case that expects no error."""
    expect = _closed(
        {
            "state": {"enum": [state.value for state in ComplianceState]},
            "effect": {"type": ["string", "null"], "description": "null = the rule does not fire"},
            "details": {"type": ["object", "array", "null"], "description": "a subset of then.details"},
            "error": {"enum": ["parse", "compile"]},
            "reason": {"enum": [reason.value for reason in UnsupportedReason]},
        }
    )
    names = ("assignmentId", "definitionId", "setDefinitionId", "definitionReferenceId")
    ids: dict[str, Json] = dict.fromkeys(names, _TEXT)
    context = _closed(
        {"resourceGroup": _OPEN, "subscription": _OPEN, "policy": _closed(ids), "utcNow": _TEXT},
    )
    case = _closed(
        {
            "name": {"type": "string", "minLength": 1, "description": "unique in the file"},
            "parameters": {"type": "object", "description": "plain values"},
            "apiVersion": {"type": "string", "description": "the resource's"},
            "requestContext": _OPEN,
            "context": context,
            "resource": _OPEN,
            "related": {
                "type": "array",
                "description": "the answer to each existence lookup in turn",
                "items": {"type": "array", "items": _OPEN},
            },
            "expect": {**expect, "minProperties": 1},
        },
        "name",
        "expect",
    )
    aliases: Json = {
        "description": "a file in Azure's providers format, or a mapping of alias to path",
        "oneOf": [_TEXT, {"type": "object", "additionalProperties": _TEXT}],
    }
    whole = _closed(
        {
            "schema": {"const": SCHEMA},
            "policy": {"type": "string", "description": "path of a definition, relative to this file"},
            "definition": {"description": "a definition, with or without its envelope, or a bare rule"},
            "aliases": aliases,
            "cases": {"type": "array", "minItems": 1, "items": case},
        },
        "cases",
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "Policy tests",
        **whole,
        "oneOf": [{"required": ["policy"]}, {"required": ["definition"]}],
    }
