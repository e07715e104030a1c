"""Role artifacts: one role assignment a principal."""

from __future__ import annotations

from blueprinter.arm import Call, Literal, Node, is_expression, literal, unescape
from blueprinter.blueprint import Artifact
from blueprinter.casing import fold
from blueprinter.document import Json, child
from blueprinter.render.assignments import Place, RoleShelf
from blueprinter.render.expressions import Translator
from blueprinter.render.faults import Faults
from blueprinter.render.model import Job
from blueprinter.render.naming import guid, nested_name, role_guid, role_id_expression
from blueprinter.render.pieces import (
    DEPLOYMENTS,
    GROUP_SCHEMA,
    ROLES,
    ROLES_API,
    Body,
    Granted,
    Handover,
    Piece,
    in_scope,
    member,
    nested,
    resource_id,
    template,
)


def role_piece(
    job: Job,
    artifact: Artifact,
    evaluated: Artifact,
    place: Place,
    translator: Translator,
    shelf: RoleShelf | None,
    granted: Granted,
    faults: Faults,
) -> Piece:
    """The role assignments of an artifact. Principals that are known stand in the template as they are; one that is
    the output of an artifact is known only to Azure, and its role assignment is named by its place in the list."""
    document = artifact.document
    piece = Piece(artifact.name, "roles")
    role = evaluated.properties.get("roleDefinitionId")
    if not isinstance(role, str) or is_expression(role):
        where = document.locate("/properties/roleDefinitionId")
        faults.error("BP621", f"the role of `{artifact.name}` is not known before deployment", where)
        return piece
    rows: list[Body] = []
    listed = evaluated.properties.get("principalIds")
    for index, principal in enumerate(listed if isinstance(listed, list) else [listed]):
        row = _row(job, artifact, place, role, index, principal, translator, granted, faults)
        if row is not None:
            rows.append(row)
    piece.after = dict.fromkeys([*artifact.depends_on, *translator.used])
    if not rows:
        return piece
    if place.group is None:
        made = rows
        piece.ids = [resource_id(job.kind, ROLES, Literal(str(row["name"]))) for row in rows]
    else:
        handover = Handover()
        inner = [{**row, "properties": _inside(row["properties"], handover)} for row in rows]
        deployment = nested_name(job, artifact.name, place.id)
        body = template(GROUP_SCHEMA, inner, parameters=handover.declared())
        made = [nested(deployment, body, group=place.group, parameters=handover.given())]
        scope = Call(
            "concat", (member(Call("subscription", ()), "id"), Literal("/resourceGroups/"), place.group)
        )
        piece.ids = [in_scope(scope, DEPLOYMENTS, Literal(deployment))]
    if shelf is not None:
        if translator.used:
            message = f"`{artifact.name}` needs an output of `{next(iter(translator.used))}`"
            faults.error("BP631", message, document.locate("/properties/principalIds"))
        shelf.resources.extend(made)
        piece.ids = []
    else:
        piece.resources = made
    return piece


def _inside(properties: Json, handover: Handover) -> Json:
    """The properties of a role assignment in an inner template; the id of the role means the same there."""
    held = properties if isinstance(properties, dict) else {}
    others = {key: value for key, value in held.items() if key != "roleDefinitionId"}
    inner = handover.inside(others)
    return {"roleDefinitionId": held.get("roleDefinitionId"), **(inner if isinstance(inner, dict) else {})}


def principals_of(evaluated: Artifact) -> list[Json]:
    """The principals of a role artifact, as far as they are known."""
    listed = evaluated.properties.get("principalIds")
    return listed if isinstance(listed, list) else [listed]


def _row(
    job: Job,
    artifact: Artifact,
    place: Place,
    role: str,
    index: int,
    principal: Json,
    translator: Translator,
    granted: Granted,
    faults: Faults,
) -> Body | None:
    document = artifact.document
    pointer = "/properties/principalIds"
    if not isinstance(principal, str) or not principal:
        faults.error("BP622", f"`{artifact.name}` has a principal that is no text", document.locate(pointer))
        return None
    if is_expression(principal):
        value: Json = None
        with faults.translating(document.locate(pointer)):
            value = translator.value(principal)
        if value is None:
            return None
        name = guid(place.id, role_guid(role), job.assignment.name, artifact.name, str(index))
    else:
        known = unescape(principal)
        value = literal(known)
        if not granted.is_first(place.id, role_guid(role), known):
            return None
        name = guid(place.id, role_guid(role), known)
        adopted = job.options.adopted.artifacts.get(fold(artifact.name))
        name = (adopted.names.get(fold(known)) if adopted is not None else None) or name
    properties: Body = {"roleDefinitionId": role_id_expression(job, unescape(role)), "principalId": value}
    kind = _kind(job, artifact)
    if kind:
        properties["principalType"] = kind
    properties["description"] = literal(job.mark.description())
    for key_of_row in ("condition", "conditionVersion"):
        stated = artifact.properties.get(key_of_row)
        if isinstance(stated, str) and stated:
            with faults.translating(document.locate(child("/properties", key_of_row))):
                properties[key_of_row] = translator.value(stated)
    live = job.options.adopted.role_assignments.get(name, name)
    return {"type": ROLES, "apiVersion": ROLES_API, "name": live, "properties": properties}


def _kind(job: Job, artifact: Artifact) -> str:
    """User, Group or ServicePrincipal; empty = not known, which Azure finds out itself."""
    stated = artifact.properties.get("principalType")
    adopted = job.options.adopted.artifacts.get(fold(artifact.name))
    return stated if isinstance(stated, str) else adopted.principal_type if adopted is not None else ""


def first_principal(evaluated: Artifact) -> Node | None:
    """The principal that `artifacts('…').outputs.principalId` gives, where it is known."""
    found = principals_of(evaluated)[0] if principals_of(evaluated) else None
    return Literal(unescape(found)) if isinstance(found, str) and not is_expression(found) else None
