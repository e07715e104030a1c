"""Microsoft.PolicyInsights: `checkPolicyRestrictions`, what policies would say of a resource before it is sent.

Source: Microsoft Learn, REST reference "Policy Restrictions".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from msgspec import Struct

from blueprinter.casing import fold, get, same
from blueprinter.policy import ComplianceState, PolicyState
from blueprinter.sandbox.acting.editing import changes_of, edit, path_of
from blueprinter.sandbox.acting.estate import StoreLookup, resource_from
from blueprinter.sandbox.acting.in_force import Act, InForce, chosen_policies, groups_of, in_force
from blueprinter.sandbox.acting.violations import evaluation_details, policy_information
from blueprinter.sandbox.hierarchy import groups_above
from blueprinter.sandbox.model import Body, Box, Call, Refusal, Response, Route
from blueprinter.sandbox.providers.policy_scopes import check_scope, is_management_group
from blueprinter.sandbox.strictness import ANY, FLAG, OBJECT, TEXT, check_members, list_of, record

_SHAPE = record(
    {
        "resourceDetails": record(
            {"resourceContent": OBJECT, "apiVersion": TEXT, "scope": TEXT}, "resourceContent"
        ),
        "pendingFields": list_of(record({"field": TEXT, "values": list_of(ANY)}, "field")),
        "includeAuditEffect": FLAG,
    }
)


class _Question(Struct, frozen=True):
    """Where the resource would be, and the policies that are in force there."""

    box: Box
    force: InForce
    scope: str
    groups: tuple[str, ...]
    api_version: str
    with_audit: bool

    def states(self, content: Body, act: Act) -> list[PolicyState]:
        type = str(get(content, "type") or "")
        name = str(get(content, "name") or "unnamed")
        resource = resource_from(_id(self.scope, type, name), type, content, self.api_version)
        policies = chosen_policies(self.force, self.groups, act, self.box.stamp())
        return [
            state
            for state in policies.run(resource, StoreLookup(self.box))
            if state.state is ComplianceState.NON_COMPLIANT
            and not self.force.exemption_ids(state.assigned, resource, self.box.stamp(), self.groups)
        ]

    def judged(self, content: Body) -> list[PolicyState]:
        """What would refuse the resource, and with `includeAuditEffect` what would report it."""
        found = [state for state in self.states(content, Act.DENY) if same(state.effect, "deny")]
        if self.with_audit:
            found += [state for state in self.states(content, Act.REPORT) if same(state.effect, "audit")]
        return found


def _id(scope: str, type: str, name: str) -> str:
    namespace, _, rest = type.partition("/")
    types, names = rest.split("/"), name.split("/")
    names += ["unnamed"] * (len(types) - len(names))
    pairs = "/".join(f"{kind}/{one}" for kind, one in zip(types, names, strict=False))
    return f"{scope}/providers/{namespace}/{pairs}"


def check_restrictions(call: Call) -> Response:
    box, scope = call.box, call.values.get("scope", "")
    check_scope(box, scope)
    body = call.body()
    check_members(body, _SHAPE)
    details = body.get("resourceDetails") or {}
    content = dict(details.get("resourceContent") or {})
    pending = body.get("pendingFields") or []
    at_group = is_management_group(scope)
    if not at_group and not isinstance(get(content, "type"), str):
        raise Refusal(
            400,
            "InvalidCheckRestrictionsRequest",
            "The resource content must have a 'type'.",
        )
    if at_group and any(not same(one["field"], "type") for one in pending):
        # as documented: at a management group only types can be asked for
        raise Refusal(
            400,
            "InvalidCheckRestrictionsRequest",
            "At management group scope the only pending field is 'type'.",
        )
    groups = (
        tuple(sorted(map(fold, (scope, *groups_above(box, scope))))) if at_group else groups_of(box, scope)
    )
    where = str(details.get("scope") or scope).rstrip("/")
    question = _Question(
        box,
        in_force(box),
        where,
        groups,
        str(details.get("apiVersion") or ""),
        body.get("includeAuditEffect") is True,
    )
    restrictions: list[Body] = []
    for one in pending:
        found = list(_restrictions(question, content, one["field"], one.get("values")))
        if found:
            restrictions.append({"field": one["field"], "restrictions": found})
    answer: Body = {
        "fieldRestrictions": restrictions,
        "contentEvaluationResult": {"policyEvaluations": _evaluations(question, content)},
    }
    return Response.of(answer)


def _evaluations(question: _Question, content: Body) -> list[Body]:
    """Of the content as append and modify would leave it."""
    if not isinstance(get(content, "type"), str):
        return []
    type = str(get(content, "type"))
    changing = question.states(content, Act.EDIT)
    edited = edit(content, changing, question.force.aliases, type, question.api_version).body
    found: list[Body] = []
    for state in question.judged(edited):
        member = question.force.member(state.assigned)
        information = policy_information(member, state.effect)
        found.append(
            {
                "policyInfo": information,
                "evaluationResult": str(state.state),
                "evaluationDetails": evaluation_details(
                    state,
                    state.resource,
                    StoreLookup(question.box),
                    question.force.aliases,
                    question.box.stamp(),
                ),
                "effectDetails": {"policyEffect": state.effect},
            }
        )
    return found


def _restrictions(
    question: _Question, content: Body, field: str, values: Sequence[Any] | None
) -> Iterator[Body]:
    """What a field may be: what policies would put there, and which of the values asked for they refuse."""
    if isinstance(get(content, "type"), str):
        for state in question.states(content, Act.EDIT):
            for change in changes_of(state):
                if same(change.field, field):
                    removed = change.operation == "remove"
                    found: Body = {"result": "Removed" if removed else "Required"}
                    if not removed:
                        found.update(defaultValue=change.value, values=[change.value])
                    yield {**found, **_by(question, state)}
    refused: dict[int, tuple[PolicyState, list[Any]]] = {}
    before = {id(state.assigned) for state in question.judged(content)} if "type" in content else set()
    for value in values or ():
        for state in question.judged(_with(question, content, field, value)):
            if id(state.assigned) not in before:
                refused.setdefault(id(state.assigned), (state, []))[1].append(value)
    for state, listed in refused.values():
        result = "Deny" if same(state.effect, "deny") else "Audit"
        yield {"result": result, "values": listed, **_by(question, state)}


def _with(question: _Question, content: Body, field: str, value: Any) -> Body:
    """The content with a value in a field."""
    found = deepcopy(content)
    path = path_of(field, question.force.aliases, str(get(content, "type") or ""), question.api_version)
    place: Any = found
    for step in (path or ())[:-1]:
        if not isinstance(step, str):
            return found
        place = place.setdefault(step, {})
        if not isinstance(place, dict):
            return found
    if path and isinstance(path[-1], str):
        place[path[-1]] = value
    return found


def _by(question: _Question, state: PolicyState) -> Body:
    information = policy_information(question.force.member(state.assigned), state.effect)
    names = (
        "policyDefinitionId",
        "policySetDefinitionId",
        "policyDefinitionReferenceId",
        "policyAssignmentId",
    )
    policy = {name: information[name] for name in names if name in information}
    return {"policy": policy, "policyEffect": state.effect, "reason": state.assigned.message}


ROUTES: tuple[Route, ...] = (
    Route("POST", "{scope*}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions", check_restrictions),
)
