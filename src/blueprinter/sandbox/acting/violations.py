"""How Azure words a refusal by policies: `RequestDisallowedByPolicy` with a `PolicyViolation` for each.

Source: Microsoft Learn, "Resolve error: RequestDisallowedByPolicy" (Azure Resource Manager, troubleshooting), and
answers quoted in public issues of Azure's own repositories.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from blueprinter.arm import Resource, Unknown
from blueprinter.policy import AliasTable, Lookup, PolicyState, explain_policy
from blueprinter.sandbox.acting.in_force import Member
from blueprinter.sandbox.acting.objects import last_name, parameter_values, properties_of, scope_of_extension
from blueprinter.sandbox.model import Body, Refusal

_KINDS = {"field": "Field", "value": "Value", "count": "Count"}


def refusal_of(
    resource: Resource,
    found: Sequence[tuple[PolicyState, Member]],
    lookup: Lookup,
    aliases: AliasTable,
    now: str,
    *,
    action: str = "",
) -> Refusal:
    """The refusal of a request by the policies of these states. `action`: the action that was refused, where it was
    no write."""
    name = last_name(resource.id)
    reasons = [state.assigned.message for state, _ in found if state.assigned.message]
    identifiers = orjson.dumps([_identifiers(state, member) for state, member in found]).decode()
    what = f"Resource '{name}' was disallowed by policy."
    if action:
        what = f"Deletion of resource '{name}' was disallowed by policy."
    if reasons:
        listed = "', '".join(dict.fromkeys(reasons))
        message = f"{what} Reasons: '{listed}'. See error details for policy resource IDs."
    else:
        message = f"{what} Policy identifiers: '{identifiers}'."
    information = [
        {"type": "PolicyViolation", "info": violation(state, member, resource, lookup, aliases, now)}
        for state, member in found
    ]
    return Refusal(403, "RequestDisallowedByPolicy", message, target=name, additional_info=information)


def violation(
    state: PolicyState, member: Member, resource: Resource, lookup: Lookup, aliases: AliasTable, now: str
) -> Body:
    """The `info` of one `PolicyViolation`."""
    found: Body = {"evaluationDetails": evaluation_details(state, resource, lookup, aliases, now)}
    found.update(policy_information(member, state.effect))
    found["policyExemptionIds"] = []
    return found


def policy_information(member: Member, effect: str) -> Body:
    """What Azure says of a policy and its assignment, wherever a policy acted."""
    assigned, assignment = member.assigned, member.assignment
    definition = member.definition.get("properties", {})
    found: Body = {"policyDefinitionId": assigned.definition.id}
    if member.policy_set is not None:
        inner = member.policy_set.get("properties", {})
        found["policySetDefinitionId"] = assigned.set_definition_id
        found["policyDefinitionReferenceId"] = assigned.reference_id
        found["policySetDefinitionName"] = last_name(assigned.set_definition_id)
        found["policySetDefinitionDisplayName"] = inner.get("displayName") or last_name(
            assigned.set_definition_id
        )
        found["policySetDefinitionVersion"] = inner.get("version", "1.0.0")
    found["policyDefinitionName"] = last_name(assigned.definition.id)
    found["policyDefinitionDisplayName"] = definition.get("displayName") or last_name(assigned.definition.id)
    found["policyDefinitionVersion"] = definition.get("version", "1.0.0")
    found["policyDefinitionEffect"] = effect
    if member.groups:
        found["policyDefinitionGroupNames"] = list(member.groups)
    properties = properties_of(assignment)
    found["policyAssignmentId"] = assignment.id
    found["policyAssignmentName"] = last_name(assignment.id)
    found["policyAssignmentDisplayName"] = properties.get("displayName") or last_name(assignment.id)
    found["policyAssignmentScope"] = scope_of_extension(assignment.id)
    found["policyAssignmentParameters"] = parameter_values(properties.get("parameters"))
    return found


def _identifiers(state: PolicyState, member: Member) -> Body:
    info = policy_information(member, state.effect)

    def named(kind: str) -> Body:
        return {"name": info[f"{kind}DisplayName"], "id": info[f"{kind}Id"]}

    found: Body = {"policyAssignment": named("policyAssignment")}
    definition = {**named("policyDefinition"), "version": info["policyDefinitionVersion"]}
    found["policyDefinition"] = definition
    if "policySetDefinitionId" in info:
        found["policySetDefinition"] = {
            **named("policySetDefinition"),
            "version": info["policySetDefinitionVersion"],
        }
    return found


def evaluation_details(
    state: PolicyState, resource: Resource, lookup: Lookup, aliases: AliasTable, now: str
) -> Body:
    """`evaluationDetails` of one policy on one resource: every comparison that was made, with both of its sides."""
    explained: Any = explain_policy(state.assigned, resource, lookup, aliases=aliases, now=now).as_json()
    found: Body = {"evaluatedExpressions": list(_expressions(explained["rule"]["steps"]))}
    existence = explained.get("existence")
    if isinstance(existence, dict):
        candidates = existence.get("candidates") or []
        details: Body = {"totalResources": len(candidates)}
        if candidates:
            details["resourceId"] = candidates[0]["id"]
            found["evaluatedExpressions"] += list(_expressions(candidates[0]["steps"]))
        found["ifNotExistsDetails"] = details
    return found


def _expressions(steps: Sequence[Mapping[str, Any]]) -> Iterator[Body]:
    for step in steps:
        kind = _KINDS.get(step["asked"])
        if kind is None:
            yield from _expressions(step.get("members", ()))
        elif step["outcome"] in ("true", "false"):
            looked = step.get("looked") or [{}]
            one: Body = {
                "result": step["outcome"].capitalize(),
                "expressionKind": kind,
                "expression": step.get("name", ""),
            }
            if looked[0].get("path"):
                one["path"] = looked[0]["path"]
            if "value" in looked[0]:
                one["expressionValue"] = _known(looked[0]["value"])
            if "counted" in step:
                one["expressionValue"] = step["counted"]
            one["targetValue"] = _known(step.get("operand"))
            operator = str(step.get("operator", ""))
            one["operator"] = operator[:1].upper() + operator[1:]
            yield one


def _known(value: Any) -> Any:
    return f"[{value.expression}]" if isinstance(value, Unknown) else value
