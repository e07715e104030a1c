"""What policies change on resources that are there: deployIfNotExists deploys, modify writes anew.

A piece of work for each resource and policy, under the identity of the assignment, which needs the roles that the
definition names. Sources: Microsoft Learn, "Azure Policy definitions deployIfNotExists effect" and "Remediate
non-compliant resources with Azure Policy".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from blueprinter.arm import Unknown, parse_id
from blueprinter.casing import fold, get, same
from blueprinter.diagnostics import InvalidInput
from blueprinter.policy import ComplianceState, Family, PolicySet, PolicyState, compile_policies, family_of
from blueprinter.sandbox.acting.estate import StoreLookup, as_resource
from blueprinter.sandbox.acting.in_force import InForce, Member, alias_table, in_force
from blueprinter.sandbox.acting.objects import as_definition, last_name
from blueprinter.sandbox.hierarchy import scopes_above
from blueprinter.sandbox.model import Body, Box, Operation, Principal, Step, Stored

KIND = "policy-deploy"
DEPLOYMENT_TYPE = "Microsoft.Resources/deployments"
ROLE_ASSIGNMENT_TYPE = "Microsoft.Authorization/roleAssignments"
_API = "2021-04-01"
_ENDED = ("succeeded", "failed", "canceled")


def begin(box: Box, member: Member, resource: str) -> Operation:
    """Starts the work of one policy on one resource."""
    state: Body = {
        "resource": resource,
        "assignment": member.assignment.id,
        "reference": member.assigned.reference_id,
        "deployment": "",
    }
    who = Principal(member.identity, box.settings.tenant_id, member.identity)
    return box.start(KIND, resource, state, principal=who)


def step(box: Box, operation: Operation) -> Step:
    """One step of it: the deployment is made, then waited for."""
    state = operation.state
    if state["deployment"]:
        return _wait(box, state)
    stored = box.store.get(state["resource"])
    force = in_force(box)
    member = member_of(force, state["assignment"], state["reference"])
    if stored is None or member is None:
        return Step(state, "Succeeded")
    found = judged_by(box, force, member, stored)
    if found is None or found.state is not ComplianceState.NON_COMPLIANT:
        # somebody else was faster
        return Step(state, "Succeeded")
    if family_of(found.effect) in (Family.MODIFY, Family.APPEND):
        return _write_anew(box, state, stored, member, found)
    return _deploy(box, state, stored, member, found)


def member_of(force: InForce, assignment: str, reference: str) -> Member | None:
    """The policy in force of an assignment and, for an initiative, a reference id."""
    wanted = (fold(assignment.rstrip("/")), fold(reference))
    for member in force.members.values():
        if (fold(member.assignment.id), fold(member.assigned.reference_id)) == wanted:
            return member
    return None


def judged_by(box: Box, force: InForce, member: Member, stored: Stored) -> PolicyState | None:
    """The state that one policy gives a resource now."""
    policies = [one for one in force.policies.policies if one.assigned is member.assigned]
    alone = PolicySet(
        policies, aliases=force.aliases, now=box.stamp(), strict_aliases=False, all_states=False
    )
    return next(iter(alone.run(as_resource(stored), StoreLookup(box))), None)


# ---------------------------------------------------------------- deployments


def _deploy(box: Box, state: Body, stored: Stored, member: Member, found: PolicyState) -> Step:
    details = found.details if isinstance(found.details, Mapping) else {}
    body = _deployment(box, stored, member)
    if body is None:
        return _failed(state, "InvalidTemplate", "The policy has no deployment that could be evaluated.")
    subscription_wide = same(_text_of(member.definition, "deploymentScope"), "subscription")
    scope = _scope(stored.id, details, subscription_wide=subscription_wide)
    id = f"{scope}/providers/{DEPLOYMENT_TYPE}/{deployment_name(member, stored.id)}"
    missing = missing_roles(box, member.identity, details, scope)
    if missing or not member.identity:
        error = _unauthorized(member.identity, f"{DEPLOYMENT_TYPE}/write", id)
        _keep_failed(box, id, body, error)
        return Step({**state, "deployment": id}, "Failed", error, {"deploymentId": id})
    who = Principal(member.identity, box.settings.tenant_id, member.identity)
    answer = box.call("PUT", id, api_version=_API, body=body, principal=who)
    if answer.status >= 400:
        error = (answer.json() or {}).get("error") or {"code": "DeploymentFailed", "message": ""}
        return Step({**state, "deployment": id}, "Failed", error, {"deploymentId": id})
    return Step({**state, "deployment": id})


def _details_of(definition: Body) -> Body:
    """`then.details` as written."""
    rule = definition.get("properties", {}).get("policyRule")
    then = get(rule, "then") if isinstance(rule, dict) else None
    details = get(then, "details") if isinstance(then, dict) else None
    return details if isinstance(details, dict) else {}


def _text_of(definition: Body, name: str) -> str:
    found = get(_details_of(definition), name)
    return found if isinstance(found, str) else ""


def _deployment(box: Box, stored: Stored, member: Member) -> Body | None:
    """The body of the deployment: its parameters and its location are policy language, the template is not."""
    deployment = get(_details_of(member.definition), "deployment")
    properties = get(deployment, "properties") if isinstance(deployment, dict) else None
    if not isinstance(deployment, dict) or not isinstance(properties, dict):
        return None
    written = {"location": get(deployment, "location"), "parameters": get(properties, "parameters")}
    values = _evaluated(box, stored, member, {name: one for name, one in written.items() if one is not None})
    if values is None:
        return None
    body: Body = {"properties": {**properties, "mode": get(properties, "mode") or "incremental"}}
    if "parameters" in values:
        body["properties"]["parameters"] = values["parameters"]
    if isinstance(values.get("location"), str):
        body["location"] = values["location"]
    return body


def _evaluated(box: Box, stored: Stored, member: Member, written: Body) -> Body | None:
    """Expressions of a definition that the engine does not evaluate by itself, evaluated on a resource: as what a
    policy would append to it. None where they cannot be."""
    properties = member.definition.get("properties", {})
    then: Body = {"effect": "append", "details": [{"field": "tags.value", "value": written}]}
    rule: Body = {"if": {"field": "type", "like": "*"}, "then": then}
    body: Body = {
        "properties": {"parameters": properties.get("parameters") or {}, "mode": "All", "policyRule": rule}
    }
    try:
        assigned = replace(
            member.assigned, definition=as_definition(body), overrides=(), resource_selectors=()
        )
        policies = compile_policies([assigned], aliases=alias_table(box), now=box.stamp())
    except InvalidInput:
        return None
    match policies.run(as_resource(stored), StoreLookup(box)):
        case [PolicyState(details=({"value": dict(value)},))]:
            return value
    return None


def _scope(resource: str, details: Mapping[str, Any], *, subscription_wide: bool) -> str:
    parts = parse_id(resource)
    subscription = f"/subscriptions/{parts.subscription_id}" if parts is not None else ""
    if subscription_wide or parts is None:
        return subscription
    group = get(details, "resourceGroupName") or parts.resource_group
    return f"{subscription}/resourceGroups/{group}" if group else subscription


def deployment_name(member: Member, resource: str) -> str:
    """The same for the same policy on the same resource, so that a second attempt replaces the first."""
    text = f"{fold(member.assignment.id)} {fold(member.assigned.reference_id)} {fold(resource)}"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return f"PolicyDeployment_{number}"


def _wait(box: Box, state: Body) -> Step:
    found = box.store.get(state["deployment"])
    properties = found.body.get("properties", {}) if found is not None else {}
    status = fold(str(properties.get("provisioningState", "canceled")))
    if status not in _ENDED:
        return Step(state)
    result: Body = {"deploymentId": state["deployment"]}
    if status == "succeeded":
        return Step(state, "Succeeded", None, result)
    error = properties.get("error") or {
        "code": "DeploymentFailed",
        "message": "The deployment did not succeed.",
    }
    return Step(state, "Failed", error, result)


def _keep_failed(box: Box, id: str, body: Body, error: Body) -> None:
    """A deployment that was refused before it began, so that it can be found."""
    properties: Body = {
        "provisioningState": "Failed",
        "mode": body["properties"].get("mode", "incremental"),
        "timestamp": box.stamp(),
        "duration": "PT0S",
        "correlationId": box.new_guid(),
        "providers": [],
        "dependencies": [],
        "error": error,
    }
    made: Body = {"id": id, "name": last_name(id), "type": DEPLOYMENT_TYPE, "properties": properties}
    if "location" in body:
        made["location"] = body["location"]
    box.store.put(id, DEPLOYMENT_TYPE, made)


# ---------------------------------------------------------------- modify


def _write_anew(box: Box, state: Body, stored: Stored, member: Member, found: PolicyState) -> Step:
    """Sends the resource as it is: on its way in, the policy changes it."""
    details = found.details if isinstance(found.details, Mapping) else {}
    if not member.identity or missing_roles(box, member.identity, details, stored.id):
        error = _unauthorized(member.identity, f"{stored.type}/write", stored.id)
        return Step(state, "Failed", error)
    who = Principal(member.identity, box.settings.tenant_id, member.identity)
    body = {
        name: value for name, value in stored.body.items() if name not in ("id", "name", "type", "systemData")
    }
    version = str(stored.notes.get("apiVersion") or _API)
    answer = box.call("PUT", stored.id, api_version=version, body=body, principal=who)
    if answer.status >= 400:
        return Step(state, "Failed", (answer.json() or {}).get("error"))
    return Step(state, "Succeeded")


# ---------------------------------------------------------------- rights


def missing_roles(box: Box, principal: str, details: Mapping[str, Any], scope: str) -> tuple[str, ...]:
    """The roles of a definition that a principal does not have at a scope or above, by their GUID."""
    listed = get(details, "roleDefinitionIds")
    wanted = [
        fold(last_name(one))
        for one in (listed if isinstance(listed, list) else [])
        if not isinstance(one, Unknown)
    ]
    above = {fold(one) for one in scopes_above(box, scope)}
    held: set[str] = set()
    for assignment in box.store.of_type(ROLE_ASSIGNMENT_TYPE):
        properties = assignment.body.get("properties", {})
        at = fold(assignment.id)[: fold(assignment.id).rindex("/providers/")]
        if same(str(properties.get("principalId", "")), principal) and at in above:
            held.add(fold(last_name(str(properties.get("roleDefinitionId", "")))))
    return tuple(one for one in wanted if one not in held)


def _unauthorized(principal: str, action: str, scope: str) -> Body:
    return {
        "code": "AuthorizationFailed",
        "message": f"The client '{principal}' with object id '{principal}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials.",
    }


def _failed(state: Body, code: str, message: str) -> Step:
    return Step(state, "Failed", {"code": code, "message": message})
