"""Template artifacts: nested deployments, with the template as it is."""

from __future__ import annotations

import re

from blueprinter.arm import Call, Literal, Property, is_expression, literal_key, parse_expression
from blueprinter.blueprint import Artifact, Given, template_of
from blueprinter.casing import fold, get, key_of
from blueprinter.diagnostics import Position
from blueprinter.document import Json, child
from blueprinter.render.assignments import Place
from blueprinter.render.expressions import Translator
from blueprinter.render.faults import Faults
from blueprinter.render.model import Job, ScopeKind
from blueprinter.render.naming import nested_name
from blueprinter.render.pieces import (
    DEPLOYMENTS,
    GROUP_SCHEMA,
    SCHEMAS,
    Body,
    Piece,
    in_scope,
    member,
    nested,
    resource_id,
)

_SECURE = frozenset({"securestring", "secureobject"})
_GROUP_SCHEMA_NAME = re.compile(r"/deploymentTemplate\.json", re.IGNORECASE)
_OWN_SCHEMA_NAME = re.compile(r"/subscriptionDeploymentTemplate\.json", re.IGNORECASE)


def template_piece(
    job: Job, artifact: Artifact, place: Place, translator: Translator, faults: Faults
) -> Piece:
    """The nested deployment of a template artifact. Azure evaluates its template by itself (inner scope)."""
    document = artifact.document
    piece = Piece(artifact.name, "")
    found = template_of(artifact)
    if job.kind is ScopeKind.MANAGEMENT_GROUP:
        message = f"the template `{artifact.name}` cannot be deployed at a management group"
        faults.error("BP626", message, document.locate(""), "name subscriptions under `subscriptions`")
        return piece
    if found is None:
        faults.error("BP622", f"`{artifact.name}` has no template", document.locate("/properties"))
        return piece
    _, _, inner = found
    name = nested_name(job, artifact.name, place.id)
    parameters: Body = {}
    declared = inner.get("parameters")
    given = artifact.properties.get("parameters")
    for key, row in (given if isinstance(given, dict) else {}).items():
        where = document.locate(child("/properties/parameters", key))
        taken = get(declared, key) if isinstance(declared, dict) else None
        type = taken.get("type") if isinstance(taken, dict) else None
        value = _parameter(
            job, row if isinstance(row, dict) else {}, isinstance(type, str) and fold(type) in _SECURE,
            translator, where, faults,
        )  # fmt: skip
        if value is not None:
            parameters[literal_key(key, value)] = value
    body = nested(
        name,
        _with_schema(dict(inner), in_group=place.group is not None),
        group=place.group,
        location=job.assignment.location,
        parameters=parameters,
    )
    piece.resources = [body]
    if place.group is None:
        piece.ids = [resource_id(job.kind, DEPLOYMENTS, Literal(name))]
    else:
        scope = Call(
            "concat", (member(Call("subscription", ()), "id"), Literal("/resourceGroups/"), place.group)
        )
        piece.ids = [in_scope(scope, DEPLOYMENTS, Literal(name))]
    piece.after = dict.fromkeys([*artifact.depends_on, *translator.used])
    return piece


def _parameter(
    job: Job, row: Body, secure: bool, translator: Translator, where: Position, faults: Faults
) -> Body | None:
    """What a nested deployment gives for one parameter; a secret is a reference to a Key Vault, read when it starts."""
    with faults.translating(where):
        reference = row.get("reference")
        if isinstance(reference, dict):
            return _secret({"reference": translator.value(reference)}, secure, job, where, faults)
        if "value" not in row:
            return None  # the template's own default holds
        value = row["value"]
        own = _secure_parameter(job, value)
        if own is None:
            return {"value": translator.value(value)}
        given: Given | None = get(job.assignment.parameters, own)
        secret = (
            job.resolved.blueprint.parameters[own].default_reference if given is None else given.reference
        )
        if secret is None:
            hint = "give it a `reference` to a secret of a Key Vault in the assignment"
            faults.error("BP622", f"the secure parameter `{own}` has no reference", where, hint)
            return None
        return _secret({"reference": dict(secret)}, secure, job, where, faults)
    return None


def _secret(row: Body, secure: bool, job: Job, where: Position, faults: Faults) -> Body:
    if not secure and not job.options.allow_plain_secret:
        hint = "its type must be secureString or secureObject; else the value stays in the history of deployments"
        faults.error("BP620", "a secret is handed to a parameter that is not secure", where, hint)
    return row


def _secure_parameter(job: Job, value: Json) -> str | None:
    """The blueprint's secure parameter that a value is, as a whole."""
    if not isinstance(value, str) or not is_expression(value):
        return None
    node = parse_expression(value)
    if isinstance(node, Property) or not isinstance(node, Call) or fold(node.name) != "parameters":
        return None
    argument = node.arguments[0] if node.arguments else None
    declared = job.resolved.blueprint.parameters
    own = key_of(declared, str(argument.value)) if isinstance(argument, Literal) else None
    return own if own is not None and declared[own].secure else None


def _with_schema(inner: Body, *, in_group: bool) -> Body:
    """The template, its `$schema` that of the scope it is deployed to: Azure refuses another one."""
    stated = inner.get("$schema")
    right = _GROUP_SCHEMA_NAME if in_group else _OWN_SCHEMA_NAME
    if isinstance(stated, str) and right.search(stated):
        return inner
    return {**inner, "$schema": GROUP_SCHEMA if in_group else SCHEMAS[ScopeKind.SUBSCRIPTION]}
