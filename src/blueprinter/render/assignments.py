"""Policy assignments with the identities they act as, and exactly the roles these need."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from blueprinter.arm import Call, Literal, Node, id_within, literal, parse_id, scope_of
from blueprinter.blueprint import Artifact, excluded_below, policy_assignment_id, policy_assignment_name
from blueprinter.casing import fold
from blueprinter.document import Json, child
from blueprinter.render.expressions import Translator
from blueprinter.render.faults import Faults
from blueprinter.render.model import Job, ScopeKind
from blueprinter.render.naming import (
    definition_id,
    guid,
    hashed_definition,
    nested_name,
    parameter_name,
    role_id_expression,
    set_id,
)
from blueprinter.render.needs import Needs, needs_of, needs_of_controls
from blueprinter.render.pieces import (
    ASSIGNMENTS,
    GROUP_SCHEMA,
    IDENTITY_API,
    POLICY_API,
    ROLES,
    ROLES_API,
    SCHEMAS,
    Body,
    Granted,
    Handover,
    Piece,
    bracketed,
    in_scope,
    let_wait,
    member,
    nested,
    resource_id,
    template,
)

_TITLE, _TEXT = 128, 512
_KEYS = ("notScopes", "enforcementMode", "nonComplianceMessages", "resourceSelectors", "overrides")
CONTROLS = "controls"


class Place(Struct, frozen=True):
    """Where an assignment stands: the template's own scope, or a resource group of it."""

    id: str
    group: Node | None = None
    group_name: str = ""


class RoleShelf(Struct):
    """Role assignments that are kept for a template of their own (`--split roles`)."""

    resources: list[Body]
    principals: Body
    """Key -> expression of the first template that gives a principal."""


def assignment_name(job: Job, artifact: str, definition: str, place: Place) -> str:
    """Name of the policy assignment of an artifact; the live one where it was adopted."""
    adopted = job.options.adopted.artifacts.get(fold(artifact))
    if adopted is not None and adopted.name:
        return adopted.name
    return policy_assignment_name(place.id, job.assignment.name, artifact, definition)


def named_definition(artifact: Artifact) -> str:
    """The name or id of what an artifact assigns, as written."""
    own = artifact.properties.get("policyDefinition") or artifact.properties.get("policyDefinitionId")
    return own if isinstance(own, str) else ""


def policy_piece(
    job: Job,
    artifact: Artifact,
    evaluated: Artifact,
    place: Place,
    translator: Translator,
    shelf: RoleShelf | None,
    granted: Granted,
    enforced: bool,
    faults: Faults,
) -> Piece:
    """The assignment that a policyAssignment artifact makes. `evaluated`: the artifact with values filled in."""
    document, properties = artifact.document, artifact.properties
    named = named_definition(artifact)
    needs = needs_of(job, evaluated, place.id, faults)
    body: Body = {}
    for key in ("displayName", "description"):
        text = properties.get(key)
        if isinstance(text, str) and text:
            most = _TITLE if key == "displayName" else _TEXT
            if len(text) > most:
                where = document.locate(child("/properties", key))
                faults.warn("BP629", f"the `{key}` of `{artifact.name}` is cut at {most} characters", where)
            body[key] = literal(text[:most])
    body["policyDefinitionId"] = literal(definition_id(job, named))
    if isinstance(properties.get("definitionVersion"), str):
        body["definitionVersion"] = literal(properties["definitionVersion"])
    body["parameters"] = _parameters(artifact, translator, faults)
    for key in _KEYS:
        value = properties.get(key)
        if value not in (None, [], {}):
            with faults.translating(document.locate(child("/properties", key))):
                body[key] = translator.value(value)
    _leave_out(job, body, place.id)
    if not enforced:
        body["enforcementMode"] = "DoNotEnforce"
    name = assignment_name(job, artifact.name, hashed_definition(job, named), place)
    piece = _piece(
        job, artifact.name, name, body, place, _identity(job, artifact, needs), needs, shelf, granted, faults
    )
    piece.after = dict.fromkeys([*artifact.depends_on, *translator.used])
    return piece


def controls_piece(
    job: Job, enforced: bool, shelf: RoleShelf | None, granted: Granted, faults: Faults
) -> Piece | None:
    """The one assignment of the controls' set."""
    controls = job.resolved.controls
    if controls is None:
        return None
    place = Place(job.scope)
    blueprint = job.resolved.blueprint
    body: Body = {
        "displayName": literal(f"{blueprint.display_name}: controls"[:_TITLE]),
        "policyDefinitionId": set_id(job),
        "parameters": {
            parameter_name(own): {"value": bracketed(Call("parameters", (Literal(parameter_name(own)),)))}
            for own, _ in controls.parameters
        },
    }
    _leave_out(job, body, place.id)
    if not enforced:
        body["enforcementMode"] = "DoNotEnforce"
    id = policy_assignment_id(job.scope, job.assignment.name, CONTROLS, controls.id)
    name = assignment_name(job, CONTROLS, controls.id, place)
    needs = needs_of_controls(job, id, job.scope, faults)
    identity = job.assignment.identity if job.assignment.identity == "UserAssigned" else "SystemAssigned"
    acts_as = identity if needs.identity else "None"
    piece = _piece(job, CONTROLS, name, body, place, acts_as, needs, shelf, granted, faults)
    piece.name = "controls:"  # which no artifact is called
    return piece


def _leave_out(job: Job, body: Body, scope: str) -> None:
    """Adds the scopes that the environment leaves out to `notScopes`."""
    stated = body.get("notScopes")
    listed = stated if isinstance(stated, list) else []
    around = map(literal, excluded_below(job.assignment.not_scopes, scope))
    if more := [one for one in around if one not in listed]:
        body["notScopes"] = [*listed, *more]


def _identity(job: Job, artifact: Artifact, needs: Needs) -> str:
    """None | SystemAssigned | UserAssigned"""
    stated = artifact.properties.get("identity")
    kind = stated.get("type") if isinstance(stated, dict) else None
    if isinstance(kind, str):
        return kind
    if not needs.identity:
        return "None"
    return "UserAssigned" if job.assignment.identity == "UserAssigned" else "SystemAssigned"


def _parameters(artifact: Artifact, translator: Translator, faults: Faults) -> Json:
    """Parameters of an assignment: values only, since a policy takes no reference to a secret."""
    found: Body = {}
    given = artifact.properties.get("parameters")
    for name, row in (given if isinstance(given, dict) else {}).items():
        where = artifact.document.locate(child("/properties/parameters", name))
        if isinstance(row, dict) and "reference" in row:
            hint = "a policy has no secure parameters"
            faults.error("BP620", f"a secret is handed to the policy parameter `{name}`", where, hint)
        elif isinstance(row, dict) and "value" in row:
            with faults.translating(where):
                found.update(_one(name, {"value": translator.value(row["value"])}))
    return found


def _one(name: str, row: Json) -> Mapping[str, Json]:
    key = literal({name: None})
    return {next(iter(key)): row} if isinstance(key, dict) else {}


def _piece(
    job: Job,
    artifact: str,
    name: str,
    properties: Body,
    place: Place,
    identity: str,
    needs: Needs,
    shelf: RoleShelf | None,
    granted: Granted,
    faults: Faults,
) -> Piece:
    """The assignment, its roles at its scope (in one inner template where that is a resource group), and elsewhere."""
    properties["metadata"] = {"assignedBy": "blueprinter", "blueprinter": _mark(job, artifact)}
    body: Body = {"type": ASSIGNMENTS, "apiVersion": POLICY_API, "name": name}
    adopted = job.options.adopted.artifacts.get(fold(artifact))
    if identity != "None":
        body["location"] = (
            adopted.location if adopted is not None and adopted.location else job.assignment.location
        )
        body["identity"] = _identity_body(job, identity)
    body["properties"] = properties
    if identity == "UserAssigned" and not job.assignment.user_assigned:
        where = job.assignment.document.locate("/identity")
        hint = "name it under `identity.userAssignedIdentities` of the assignment"
        faults.error(
            "BP622", f"`{artifact}` acts as a user-assigned identity, and none is named", where, hint
        )
    piece = Piece(artifact, "policies")
    user = (
        job.assignment.user_assigned[0] if identity == "UserAssigned" and job.assignment.user_assigned else ""
    )
    owner = user or name
    roles: list[str] = []
    elsewhere: list[tuple[str, str]] = []
    if identity != "None":
        roles = [role for role in needs.roles if granted.is_first(place.id, role, owner)]
        elsewhere = [one for one in needs.elsewhere if granted.is_first(one[1], one[0], owner)]
    if place.group is None:
        own = resource_id(job.kind, ASSIGNMENTS, Literal(name))
        principal = _principal(own, user)
        piece.resources.append(body)
        piece.ids.append(own)
        for role in roles:
            row = _role(job, artifact, guid(place.id, owner, role), role, principal, place.id)
            if shelf is not None:
                _shelve(shelf, row, name, principal)
            else:
                let_wait(row, [bracketed(own)])
                piece.resources.append(row)
    else:
        inner_id = Call("resourceId", (Literal(ASSIGNMENTS), Literal(name)))
        principal_inside = _principal(inner_id, user)
        handover = Handover()
        body["properties"] = handover.inside(properties)
        inner: list[Body] = [body]
        deployment = nested_name(job, artifact, place.id)
        principal = member(Call("reference", (Literal(deployment),)), "outputs", "principalId", "value")
        for role in roles:
            row = _role(job, artifact, guid(place.id, owner, role), role, principal_inside, place.id)
            if shelf is not None:
                in_group = _role_elsewhere(job, artifact, role, place.id, owner)
                _shelve(shelf, in_group, name, principal)
            else:
                let_wait(row, [bracketed(inner_id)])
                inner.append(row)
        outputs: Body = {}
        if identity != "None":
            outputs = {"principalId": {"type": "string", "value": bracketed(principal_inside)}}
        piece.resources.append(
            nested(
                deployment,
                template(GROUP_SCHEMA, inner, parameters=handover.declared(), outputs=outputs),
                group=place.group,
                parameters=handover.given(),
            )
        )
        scope = Call(
            "concat", (member(Call("subscription", ()), "id"), Literal("/resourceGroups/"), place.group)
        )
        piece.ids.append(in_scope(scope, "Microsoft.Resources/deployments", Literal(deployment)))
    for role, scope_id in elsewhere:
        _warn_elsewhere(job, artifact, scope_id, faults)
        row = _role_elsewhere(job, artifact, role, scope_id, owner)
        if shelf is not None:
            _shelve(shelf, row, name, principal)
        else:
            _give(row, principal)
            let_wait(row, [bracketed(piece.ids[0])])
            piece.resources.append(row)
    return piece


def _identity_body(job: Job, identity: str) -> Json:
    if identity != "UserAssigned":
        return {"type": identity}
    return {"type": identity, "userAssignedIdentities": {id: {} for id in job.assignment.user_assigned[:1]}}


def _principal(assignment: Node, user: str) -> Node:
    """The principal that an assignment acts as; `reference()` works in properties only."""
    if user:
        return member(Call("reference", (Literal(user), Literal(IDENTITY_API))), "principalId")
    full = Call("reference", (assignment, Literal(POLICY_API), Literal("full")))
    return member(full, "identity", "principalId")


def _role(job: Job, artifact: str, name: str, role: str, principal: Node, scope: str) -> Body:
    properties: Body = {
        "roleDefinitionId": role_id_expression(job, role),
        "principalId": bracketed(principal),
        "principalType": "ServicePrincipal",
        "description": literal(job.mark.description()),
    }
    live = job.options.adopted.role_assignments.get(name, name)
    return {"type": ROLES, "apiVersion": ROLES_API, "name": live, "properties": properties}


def _role_elsewhere(job: Job, artifact: str, role: str, scope: str, owner: str) -> Body:
    """A role on another resource, by a nested deployment there; it takes the principal as a parameter."""
    name = guid(scope, owner, role)
    properties: Body = {
        "roleDefinitionId": role_id_expression(job, role, in_subscription=True),
        "principalId": "[parameters('principalId')]",
        "principalType": "ServicePrincipal",
        "description": literal(job.mark.description()),
    }
    row: Body = {
        "type": ROLES,
        "apiVersion": ROLES_API,
        "name": job.options.adopted.role_assignments.get(name, name),
    }
    parts = parse_id(scope)
    group = parts.resource_group if parts is not None else ""
    relative = scope[len(scope_of(scope)) :].lstrip("/").removeprefix("providers/")
    if relative:
        row["scope"] = relative
    row["properties"] = properties
    declared: Body = {"principalId": {"type": "string"}}
    subscription = parts.subscription_id if parts is not None else ""
    deployment = nested_name(job, f"{artifact}-role-{role[:8]}", scope)
    schema = GROUP_SCHEMA if group else SCHEMAS[ScopeKind.SUBSCRIPTION]
    own = id_within(scope, job.scope)
    return nested(
        deployment,
        template(schema, [row], parameters=declared),
        group=Literal(group) if group else None,
        location=job.assignment.location,
        subscription="" if own else subscription,
    )


def _give(row: Body, principal: Node) -> None:
    properties = row["properties"]
    if isinstance(properties, dict):
        properties["parameters"] = {"principalId": {"value": bracketed(principal)}}


def _shelve(shelf: RoleShelf, row: Body, key: str, principal: Node) -> None:
    """Puts a role assignment aside; it will take the principal from the outputs of the first template."""
    shelf.principals[key] = bracketed(principal)
    given = f"[parameters('principals')['{key}']]"
    properties = row["properties"]
    if not isinstance(properties, dict):
        return
    if row["type"] == ROLES:
        properties["principalId"] = given
    else:
        properties["parameters"] = {"principalId": {"value": given}}
    shelf.resources.append(row)


def _mark(job: Job, artifact: str) -> Json:
    return literal({**job.mark.metadata(), "artifact": artifact})


def _warn_elsewhere(job: Job, artifact: str, scope: str, faults: Faults) -> None:
    if not id_within(scope, scope_of(job.scope) or job.scope):
        where = job.assignment.document.locate("")
        message = f"the identity of `{artifact}` gets a role on `{scope}`, in another subscription"
        faults.warn("BP628", message, where, "who deploys needs the right to assign roles there")
