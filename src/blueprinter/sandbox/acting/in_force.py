"""What is in force: assignments made into compiled policies, exemptions, and how they stand to a resource.

Worked out once for each state of the policy objects. Which management groups hold a subscription is not to be seen
from ids, so policies are chosen by them here; scopes below, exclusions and selectors are the engine's.
Sources: Microsoft Learn, "Understand scope in Azure Policy", "Azure Policy assignment structure" and "Azure Policy
exemption structure".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

from msgspec import Struct

from blueprinter.arm import ExpressionError, Resource, id_within
from blueprinter.casing import fold, same
from blueprinter.content import shipped
from blueprinter.diagnostics import InvalidInput
from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    Family,
    PolicyDefinition,
    PolicySet,
    PolicySetDefinition,
    ResourceSelector,
    assign_set,
    compile_policies,
    definition_key,
    family_of,
    messages_for,
    read_alias_table,
    read_overrides,
    read_resource_selectors,
)
from blueprinter.sandbox.acting.builtins import is_stand_in
from blueprinter.sandbox.acting.objects import (
    ASSIGNMENT_TYPE,
    EXEMPTION_TYPE,
    as_definition,
    as_policy_set,
    body_at_version,
    digest_of,
    find_definition,
    is_set_id,
    parameter_values,
    properties_of,
    scope_of_extension,
)
from blueprinter.sandbox.hierarchy import groups_above
from blueprinter.sandbox.model import Body, Box, Stored

_GROUPS = "/providers/microsoft.management/managementgroups/"


class Act(StrEnum):
    """At what moment policies act, which is what they are sorted by."""

    ALL = "all"
    """Every policy, for a scan."""
    EDIT = "edit"
    """append and modify: before the request is judged."""
    DENY = "deny"
    REPORT = "report"
    """What leaves an event behind when a resource is written: audit, append, modify."""
    DEPLOY = "deploy"
    REFUSE_ACTION = "refuse action"


_FAMILIES: Mapping[Act, tuple[Family, ...]] = {
    Act.EDIT: (Family.APPEND, Family.MODIFY),
    Act.DEPLOY: (Family.EXISTENCE,),
    Act.REPORT: (Family.PLAIN, Family.APPEND, Family.MODIFY),
    Act.REFUSE_ACTION: (Family.DENY_ACTION,),
    Act.DENY: (Family.PLAIN,),
}
_EFFECTS: Mapping[Act, str] = {
    Act.DENY: "deny",
    Act.DEPLOY: "deployifnotexists",
    Act.REFUSE_ACTION: "denyaction",
}
"""Where only one effect of a family counts."""


class Member(Struct, frozen=True, eq=False):
    """Where a policy in force comes from."""

    assigned: AssignedPolicy
    assignment: Stored
    definition: Body
    policy_set: Body | None
    groups: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """The principal that deploys and modifies for the assignment; "" where it has none."""
        found = self.assignment.body.get("identity")
        if not isinstance(found, dict):
            return ""
        users = found.get("userAssignedIdentities")
        named = [one.get("principalId", "") for one in users.values()] if isinstance(users, dict) else []
        return str(found.get("principalId") or next(iter(named), "") or "")


class Exemption(Struct, frozen=True, eq=False):
    """An exemption that may still act."""

    id: str
    scope: str
    assignment: str
    """Folded id."""
    references: frozenset[str]
    """Folded reference ids; empty = the whole assignment."""
    expires: str
    chosen: PolicySet | None = None


class Unread(Struct, frozen=True, eq=False):
    """Something assigned that cannot be judged: a stand-in, or a definition that the engine does not read."""

    assignment: Stored
    definition: Body
    policy_set: Body | None = None
    reference_id: str = ""
    groups: tuple[str, ...] = ()


class InForce(Struct, frozen=True, eq=False):
    """Everything that is assigned, anywhere."""

    policies: PolicySet
    members: Mapping[int, Member]
    """By `id()` of the assigned policy."""
    exemptions: tuple[Exemption, ...]
    unread: tuple[Unread, ...]
    aliases: AliasTable

    @property
    def is_empty(self) -> bool:
        return not self.members and not self.unread

    def member(self, assigned: AssignedPolicy) -> Member:
        return self.members[id(assigned)]

    def exemption_ids(
        self, assigned: AssignedPolicy, resource: Resource, now: str, groups: tuple[str, ...]
    ) -> tuple[str, ...]:
        """The exemptions under which a resource is exempt from a policy. `now` as `Box.stamp` gives it, `groups` as
        `groups_of` does for the resource."""
        if not self.exemptions:
            return ()
        assignment, reference = fold(assigned.assignment_id), fold(assigned.reference_id)
        return tuple(
            one.id
            for one in self.exemptions
            if one.assignment == assignment
            and (not one.references or reference in one.references)
            and (not one.expires or one.expires > now)
            and _covers(one, resource, groups)
        )


def in_force(box: Box) -> InForce:
    """What is in force now."""
    return _in_force(_Moment(box, digest_of(box)))


class _Moment(Struct, frozen=True):
    """A sandbox at a state of its policy objects."""

    box: Box
    digest: str


@lru_cache(maxsize=4)
def _in_force(moment: _Moment) -> InForce:
    """Remembered for as long as no object of Azure Policy changes: the digest is another then."""
    box = moment.box
    aliases = alias_table(box)
    members: list[Member] = []
    unread: list[Unread] = []
    for assignment in box.store.of_type(ASSIGNMENT_TYPE):
        _add(box, assignment, members, unread)
    kept: list[Member] = []
    compiled: list[Any] = []
    for member in members:
        try:
            compiled.extend(compile_policies([member.assigned], aliases=aliases, now="").policies)
            kept.append(member)
        except InvalidInput:
            unread.append(
                Unread(
                    member.assignment,
                    member.definition,
                    member.policy_set,
                    member.assigned.reference_id,
                    member.groups,
                )
            )
    return InForce(
        _policy_set(compiled, aliases, ""),
        {id(member.assigned): member for member in kept},
        tuple(_exemption(one) for one in box.store.of_type(EXEMPTION_TYPE)),
        tuple(unread),
        aliases,
    )


def members_of(box: Box, assignment: Stored) -> tuple[Member, ...]:
    """What one assignment, stored or not yet, puts into force."""
    members: list[Member] = []
    _add(box, assignment, members, [])
    return tuple(members)


def alias_table(box: Box) -> AliasTable:
    """The aliases that are known; others are guessed from their names."""
    return _shipped_aliases() if box.settings.aliases is None else box.settings.aliases


@lru_cache(maxsize=1)
def _shipped_aliases() -> AliasTable:
    path = shipped("policies") / "aliases.json"
    return read_alias_table(path) if path.is_file() else AliasTable.empty()


def _policy_set(compiled: Sequence[Any], aliases: AliasTable, now: str) -> PolicySet:
    return PolicySet(compiled, aliases=aliases, now=now, strict_aliases=False, all_states=False)


def _add(box: Box, assignment: Stored, members: list[Member], unread: list[Unread]) -> None:
    properties = properties_of(assignment)
    definition_id = str(properties.get("policyDefinitionId", ""))
    found = find_definition(box, definition_id)
    if found is None:
        return
    body = body_at_version(box, found, str(properties.get("definitionVersion") or ""))
    if is_stand_in(body):
        is_set = is_set_id(definition_id)
        unread.append(Unread(assignment, body, body if is_set else None))
        return
    if is_set_id(definition_id):
        _add_set(box, assignment, body, members, unread)
        return
    try:
        definition = as_definition(body)
    except InvalidInput:
        unread.append(Unread(assignment, body))
        return
    assigned = AssignedPolicy(
        definition=definition,
        parameters=parameter_values(properties.get("parameters")),
        message=messages_for(properties.get("nonComplianceMessages"))(""),
        definition_version=str(properties.get("definitionVersion") or ""),
        **_reach(assignment),
    )
    members.append(Member(assigned, assignment, body, None))


def _reach(assignment: Stored) -> dict[str, Any]:
    """What definitions and initiatives are assigned with alike."""
    properties = properties_of(assignment)
    selectors, _ = read_resource_selectors(properties.get("resourceSelectors") or [])
    overrides, _ = read_overrides(properties.get("overrides") or [])
    return {
        "assignment_id": assignment.id,
        "scope": scope_of_extension(assignment.id),
        "not_scopes": tuple(properties.get("notScopes") or ()),
        "enforced": same(str(properties.get("enforcementMode") or "Default"), "Default"),
        "resource_selectors": selectors,
        "overrides": overrides,
    }


def _add_set(box: Box, assignment: Stored, body: Body, members: list[Member], unread: list[Unread]) -> None:
    try:
        policy_set = as_policy_set(body)
    except InvalidInput:
        unread.append(Unread(assignment, body, body))
        return
    properties = properties_of(assignment)
    definitions: dict[str, PolicyDefinition] = {}
    bodies: dict[str, Body] = {}
    for member in policy_set.members:
        key = definition_key(member.definition_id)
        found = find_definition(box, member.definition_id)
        if found is None:
            continue
        bodies[key] = body_at_version(box, found, member.definition_version)
        if is_stand_in(bodies[key]):
            unread.append(Unread(assignment, bodies[key], body, member.reference_id, member.groups))
            continue
        try:
            definitions[key] = as_definition(bodies[key])
        except InvalidInput:
            unread.append(Unread(assignment, bodies[key], body, member.reference_id, member.groups))
    groups = {fold(member.reference_id): member.groups for member in policy_set.members}
    for one in _assigned_members(policy_set, definitions, properties, assignment):
        key = definition_key(one.definition.id)
        members.append(Member(one, assignment, bodies[key], body, groups.get(fold(one.reference_id), ())))


def _assigned_members(
    policy_set: PolicySetDefinition,
    definitions: Mapping[str, PolicyDefinition],
    properties: Body,
    assignment: Stored,
) -> tuple[AssignedPolicy, ...]:
    try:
        found, _ = assign_set(
            policy_set,
            definitions,
            parameter_values(properties.get("parameters")),
            messages=properties.get("nonComplianceMessages"),
            **_reach(assignment),
        )
    except ExpressionError:
        # refused when the initiative is written; what slipped through judges nothing
        return ()
    return found


def _exemption(stored: Stored) -> Exemption:
    properties = properties_of(stored)
    selectors, _ = read_resource_selectors(properties.get("resourceSelectors") or [])
    return Exemption(
        stored.id,
        scope_of_extension(stored.id),
        fold(str(properties.get("policyAssignmentId", "")).rstrip("/")),
        frozenset(fold(one) for one in properties.get("policyDefinitionReferenceIds") or ()),
        str(properties.get("expiresOn") or ""),
        _selection(selectors) if selectors else None,
    )


def _selection(selectors: tuple[ResourceSelector, ...]) -> PolicySet:
    """A policy that judges exactly what the selectors choose."""
    rule: Body = {"policyRule": {"if": {"field": "type", "like": "*"}, "then": {"effect": "audit"}}}
    assigned = AssignedPolicy(as_definition({"properties": rule}), resource_selectors=selectors)
    return compile_policies([assigned], aliases=AliasTable.empty(), now="")


def _covers(exemption: Exemption, resource: Resource, groups: tuple[str, ...]) -> bool:
    scope = fold(exemption.scope)
    inside = scope in groups if scope.startswith(_GROUPS) else id_within(resource.id, scope)
    return inside and (exemption.chosen is None or bool(exemption.chosen.run(resource, _nothing)))


def _nothing(type: str, name: str | None, scope: str) -> Any:
    raise AssertionError("a rule about the type looks for nothing else")


# ---------------------------------------------------------------- choosing


def coarse_clock(box: Box) -> str:
    """The time to the hour: exact enough for what requests are judged by, and what is worked out serves an hour."""
    return box.stamp()[:13] + ":00:00.0000000Z"


def groups_of(box: Box, id: str) -> tuple[str, ...]:
    """The folded ids of the management groups that hold the subscription of an object, sorted."""
    return tuple(sorted(map(fold, groups_above(box, "/".join(id.split("/")[:3])))))


@lru_cache(maxsize=32)
def chosen_policies(force: InForce, groups: tuple[str, ...], act: Act, now: str) -> PolicySet:
    """The policies that act at a moment, assigned in one of these management groups (folded) or in any other
    scope."""
    keep = _acting(act)
    found = [
        policy
        for policy in force.policies.policies
        if _assigned_in(policy.assigned, groups) and keep(policy.effect)
    ]
    if act not in (Act.ALL, Act.REPORT):
        found = [policy for policy in found if policy.assigned.enforced]
    return _policy_set(found, force.aliases, now)


def _acting(act: Act) -> Callable[[str | None], bool]:
    if act is Act.ALL:
        return lambda effect: True
    families, only = _FAMILIES[act], _EFFECTS.get(act)

    def acts(effect: str | None) -> bool:
        # an effect that depends on the resource may be any
        return effect is None or (family_of(effect) in families and only in (None, fold(effect)))

    return acts


def _assigned_in(assigned: AssignedPolicy, groups: tuple[str, ...]) -> bool:
    """Whether management groups let a policy reach what lies in all of these: the engine sees only ids."""
    scope = fold(assigned.scope.rstrip("/"))
    if scope.startswith(_GROUPS) and scope not in groups:
        return False
    return not any(fold(excluded.rstrip("/")) in groups for excluded in assigned.not_scopes)
