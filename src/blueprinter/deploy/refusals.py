"""What policies would refuse of a blueprint's own resources: those in force already, and those it assigns itself.

Policies that a blueprint assigns act on its templates from the second assignment at the latest, so they count as if
they were in force.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import Resource, id_within
from blueprinter.azure import ArmClient
from blueprinter.casing import fold
from blueprinter.deploy.in_force import Bodies, above, policies_of
from blueprinter.deploy.model import ASSIGNMENTS, Live, Target, Wanted
from blueprinter.deploy.reading import LiveState
from blueprinter.diagnostics import InvalidInput
from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    ComplianceState,
    LookupResult,
    NotCollected,
    compile_policies,
    is_passed_over,
)


class Refused(Struct, frozen=True):
    """A resource that a policy refuses, or may refuse."""

    id: str
    type: str
    policy: str
    assignment: str
    ours: bool
    """Whether this blueprint assigns the policy itself."""
    why: str = ""
    known: bool = True
    """False: it cannot be decided before deployment."""


def refusals(
    arm: ArmClient,
    bodies: Bodies,
    target: Target,
    wanted: Sequence[Wanted],
    live: LiveState,
    aliases: AliasTable,
    now: str,
) -> tuple[tuple[Refused, ...], tuple[str, ...]]:
    """What would be refused, and the assignments that could not be read."""
    resources = [
        Resource(one.id, one.type, one.id.rpartition("/")[2], one.body, api_version=one.api_version)
        for one in wanted
        if not one.governance
    ]
    if not resources:
        return (), ()
    acts = target.assignment.is_enforced(target.scope)
    own = [one for one in target.resolved.policies if one.enforced and acts]
    made = {fold(one.assignment_id) for one in target.resolved.policies} | {one.key for one in wanted}
    others = {
        one.key: one for one in (*above(arm, target.scope), *_within(live, resources)) if one.key not in made
    }
    theirs, unread = policies_of(bodies, [others[key] for key in sorted(others)])
    found: dict[tuple[str, str, str], Refused] = {}
    for policies, ours in ((own, True), (theirs, False)):
        for row in _judged(policies, resources, aliases, now, ours):
            found.setdefault((row.id, row.assignment, row.policy), row)
    return tuple(found[key] for key in sorted(found)), tuple(unread)


def _within(live: LiveState, resources: Sequence[Resource]) -> list[Live]:
    """Assignments below the scope that reach one of the resources."""
    return [
        one
        for one in live.of_type(ASSIGNMENTS)
        if any(id_within(row.id, _scope(one.id)) for row in resources)
    ]


def _judged(
    policies: Sequence[AssignedPolicy],
    resources: Sequence[Resource],
    aliases: AliasTable,
    now: str,
    ours: bool,
) -> list[Refused]:
    found: list[Refused] = []
    for policy in policies:
        try:
            # what is above the scope reaches all of it, which ids do not show
            compiled = compile_policies([_reaching(policy, resources)], aliases=aliases, now=now)
        except InvalidInput:
            continue
        for resource in resources:
            if is_passed_over(policy.definition.mode, resource, aliases):
                continue
            for state in compiled.run(resource, _not_collected):
                if fold(state.effect) != "deny":
                    continue
                known = state.state is ComplianceState.NON_COMPLIANT
                if not known and state.state is not ComplianceState.UNSUPPORTED:
                    continue
                why = (
                    f"{state.path} is {state.actual}, and the policy refuses it"
                    if known and state.path
                    else state.detail
                )
                name = policy.definition.display_name or policy.definition.name
                found.append(
                    Refused(
                        resource.id,
                        resource.type,
                        name,
                        policy.assignment_id,
                        ours,
                        policy.message or why,
                        known,
                    )
                )
    return found


def _reaching(policy: AssignedPolicy, resources: Sequence[Resource]) -> AssignedPolicy:
    if any(id_within(one.id, policy.scope) for one in resources) or not policy.scope:
        return policy
    if "/managementgroups/" not in fold(policy.scope):
        return policy
    return replace(policy, scope="")


def _not_collected(type: str, name: str | None, scope: str) -> LookupResult:
    return NotCollected("not deployed yet")


def _scope(id: str) -> str:
    return id[: fold(id).rindex("/providers/microsoft.authorization/")]
