"""Where policies act on a request for a resource.

In Azure's order: what is switched off, then append and modify change the request, then deny judges what they left,
then audit notes it; deployIfNotExists acts once the resource is there. Source: Microsoft Learn, "Azure Policy
definitions effect basics", section Order of evaluation.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import Resource
from blueprinter.casing import fold, get, same
from blueprinter.policy import ComplianceState, Family, PolicyState, family_of
from blueprinter.sandbox.acting import deploying, events
from blueprinter.sandbox.acting.editing import edit
from blueprinter.sandbox.acting.estate import (
    StoreLookup,
    as_resource,
    is_judged,
    judged_below,
    resource_from,
)
from blueprinter.sandbox.acting.in_force import Act, InForce, Member, coarse_clock, groups_of, in_force
from blueprinter.sandbox.acting.judging import Judge, judge_of
from blueprinter.sandbox.acting.schedule import touch
from blueprinter.sandbox.acting.violations import refusal_of
from blueprinter.sandbox.model import Body, Box, Principal, Stored

_FIRED = (
    ComplianceState.NON_COMPLIANT,
    ComplianceState.CONFLICT,
    ComplianceState.PROTECTED,
    ComplianceState.ERROR,
)
"""The states of a resource on which a policy acts."""
_REFUSED = (ComplianceState.NON_COMPLIANT, ComplianceState.ERROR)
"""The states for which deny refuses: an evaluation that fails is an implicit deny (Microsoft Learn, "Azure Policy
definition structure policy rule", section Policy functions)."""


class Draft(Struct, frozen=True):
    """A resource as it is about to be written or deleted."""

    id: str
    type: str
    body: Body
    api_version: str
    principal: Principal
    tracking: str
    existing: Stored | None
    action: Literal["write", "delete"]


def review(box: Box, draft: Draft) -> Draft:
    """The draft as policies leave it. Raises `Refusal` 403 `RequestDisallowedByPolicy` with every violation."""
    if not is_judged(draft.type):
        return draft
    force = in_force(box)
    if not force.members:
        return draft
    lookup = StoreLookup(box)
    groups = groups_of(box, draft.id)
    draft, refused = _edited(box, force, draft, groups, lookup)
    resource = resource_from(draft.id, draft.type, draft.body, draft.api_version)
    denied = [
        state
        for state in _acting(box, force, resource, Act.DENY, groups, lookup)
        if same(state.effect, "deny") and state.state in _REFUSED
    ]
    if refused or denied:
        found = [(state, force.member(state.assigned)) for state in (*refused, *denied)]
        raise refusal_of(resource, found, lookup, force.aliases, box.stamp())
    return draft


def review_delete(box: Box, draft: Draft) -> None:
    """Raises `Refusal` 403 `RequestDisallowedByPolicy` where denyAction protects the resource, or one that would go
    with its resource group."""
    touch(box)
    if not is_judged(draft.type):
        return
    force = in_force(box)
    lookup, groups = StoreLookup(box), groups_of(box, draft.id)
    if not _judge(box, force, Act.REFUSE_ACTION, groups).policies.policies:
        return
    for resource in judged_below(box, draft.id):
        cascades = fold(resource.id) != fold(draft.id)
        found = [
            (state, force.member(state.assigned))
            for state in _acting(box, force, resource, Act.REFUSE_ACTION, groups, lookup)
            if _refuses_delete(state, cascades=cascades)
        ]
        if found:
            raise refusal_of(resource, found, lookup, force.aliases, box.stamp(), action="delete")


def after_write(box: Box, stored: Stored, principal: Principal) -> None:
    """What policies do once a resource is there: audit notes, deployIfNotExists starts to deploy."""
    if not is_judged(stored.type):
        return
    force = in_force(box)
    if force.is_empty:
        return
    touch(box)
    resource, lookup, groups = as_resource(stored), StoreLookup(box), groups_of(box, stored.id)
    _report(box, force, resource, groups, lookup, principal)
    for state in _acting(box, force, resource, Act.DEPLOY, groups, lookup):
        member = force.member(state.assigned)
        wanted = same(state.effect, "deployIfNotExists") and state.state is ComplianceState.NON_COMPLIANT
        if wanted and not _is_under_way(box, stored.id, member):
            deploying.begin(box, member, stored.id)


def _edited(
    box: Box, force: InForce, draft: Draft, groups: tuple[str, ...], lookup: StoreLookup
) -> tuple[Draft, tuple[PolicyState, ...]]:
    resource = resource_from(draft.id, draft.type, draft.body, draft.api_version)
    states = [
        state
        for state in _acting(box, force, resource, Act.EDIT, groups, lookup)
        if family_of(state.effect) in (Family.APPEND, Family.MODIFY)
        # contradictions are settled by the edit itself
        and state.state in (ComplianceState.NON_COMPLIANT, ComplianceState.CONFLICT)
    ]
    if not states:
        return draft, ()
    found = edit(draft.body, states, force.aliases, resource.type, draft.api_version)
    return replace(draft, body=found.body), found.refused


def _acting(
    box: Box, force: InForce, resource: Resource, act: Act, groups: tuple[str, ...], lookup: StoreLookup
) -> list[PolicyState]:
    """The states of the policies that act at a moment, without those from which the resource is exempt."""
    judge = _judge(box, force, act, groups)
    if not judge.policies.policies:
        return []
    now = box.stamp()
    return [
        state
        for state in judge.states(resource, lookup, _FIRED)
        if not force.exemption_ids(state.assigned, resource, now, groups)
        # one that went with its resource group is still among what was worked out before
        and box.store.get(state.assigned.assignment_id) is not None
    ]


def _report(
    box: Box,
    force: InForce,
    resource: Resource,
    groups: tuple[str, ...],
    lookup: StoreLookup,
    principal: Principal,
) -> None:
    judge = _judge(box, force, Act.REPORT, groups)
    if not judge.policies.policies:
        return
    found = [
        verdict
        for verdict in judge.verdicts(resource, lookup)
        if verdict.state is ComplianceState.NON_COMPLIANT
        and not force.exemption_ids(verdict.assigned, resource, box.stamp(), groups)
    ]
    if found:
        events.record(box, force, found, resource, groups, principal)


def _judge(box: Box, force: InForce, act: Act, groups: tuple[str, ...]) -> Judge:
    return judge_of(force, groups, act, coarse_clock(box))


def _refuses_delete(state: PolicyState, *, cascades: bool) -> bool:
    if not same(state.effect, "denyAction") or state.state is not ComplianceState.PROTECTED:
        return False
    details = state.details if isinstance(state.details, dict) else {}
    actions = get(details, "actionNames")
    if not isinstance(actions, list) or not any(
        isinstance(one, str) and same(one, "delete") for one in actions
    ):
        return False
    behaviors = get(details, "cascadeBehaviors")
    allowed = get(behaviors, "resourceGroup") if isinstance(behaviors, dict) else None
    return not (cascades and isinstance(allowed, str) and same(allowed, "allow"))


def _is_under_way(box: Box, resource: str, member: Member) -> bool:
    """Whether the policy is at work on the resource already: its own deployment may write it again."""
    return any(
        operation.kind == deploying.KIND
        and same(operation.state.get("assignment", ""), member.assignment.id)
        and same(operation.state.get("reference", ""), member.assigned.reference_id)
        for operation in box.running(resource)
    )
