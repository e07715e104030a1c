"""What the identity of a policy assignment needs: roles at its scope, and on resources elsewhere.

Only members whose effect in force deploys or modifies count. Source: Microsoft Learn, "Remediate non-compliant
resources with Azure Policy", section "Configure the managed identity".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from blueprinter.arm import id_within, is_expression, unescape
from blueprinter.blueprint import Artifact, BuiltinFact, policy_assignment_id
from blueprinter.casing import fold
from blueprinter.document import Json, child
from blueprinter.policy import AssignedPolicy, definition_key, needs_identity, role_ids
from blueprinter.render.faults import Faults
from blueprinter.render.model import Job
from blueprinter.render.naming import hashed_definition, role_guid
from blueprinter.text import plural

_ACTING = frozenset({"deployifnotexists", "modify"})
_CATALOG = "`blueprinter catalog import FOLDER` reads the built-in definitions"


class Needs(Struct, frozen=True):
    """What an assignment acts with. Empty = it only audits or refuses."""

    roles: tuple[str, ...] = ()
    """GUIDs of roles at the scope of the assignment, sorted."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """Roles on resources outside of that scope: GUID (or id) of the role, id of the resource; sorted."""

    unknown: bool = False
    """Whether it may act, and with which roles is not known: it gets an identity, which is refused what it does."""

    @property
    def identity(self) -> bool:
        return bool(self.roles or self.elsewhere) or self.unknown


def needs_of(job: Job, artifact: Artifact, scope: str, faults: Faults) -> Needs:
    """What a policyAssignment artifact needs at a scope (a full id)."""
    named = _named(artifact)
    id = policy_assignment_id(scope, job.assignment.name, artifact.name, hashed_definition(job, named))
    policies = [one for one in job.resolved.policies if fold(one.assignment_id) == fold(id)]
    found = {definition_key(one.definition.id) for one in policies}
    sources = job.options.sources
    initiative = sources.sets.get(definition_key(named))
    if initiative is not None:
        keys = [definition_key(member.definition_id) for member in initiative.members]
    else:
        keys = [definition_key(named)]
    facts: list[BuiltinFact] = []
    unknown: list[str] = []
    fact: BuiltinFact | None = None
    for key in keys:
        if key in found:
            continue
        definition, fact = sources.definitions.get(key), sources.facts.get(key)
        if definition is not None:  # a parameter that only Azure knows: judged by its defaults
            policies.append(AssignedPolicy(definition))
        elif (fact is not None and not fact.initiative) or (
            fact is not None and fact.needs_identity and fact.role_ids
        ):
            facts.append(fact)
        elif fact is None or fact.needs_identity is not False:
            unknown.append(key)
    if unknown:
        shown = f"`{fact.display_name}`" if fact is not None and initiative is None else f"`{unknown[0]}`"
        more_of = f" and {plural(len(unknown) - 1, 'more definition')}" if len(unknown) > 1 else ""
        message = (
            f"which roles {shown}{more_of} needs is not known: `{artifact.name}` gets an identity without any"
        )
        faults.warn("BP623", message, artifact.document.locate("/properties"), _CATALOG)
    return _needs(policies, facts, scope, _additional(artifact, faults), unknown=bool(unknown))


def needs_of_controls(job: Job, id: str, scope: str, faults: Faults) -> Needs:
    """What the assignment of the controls' set needs."""
    controls = job.resolved.controls
    policies = [one for one in job.resolved.policies if fold(one.assignment_id) == fold(id)]
    members = controls.members if controls is not None else ()
    facts = [member.fact for member in members if member.definition is None and member.fact is not None]
    unknown = [member.key for member in members if member.definition is None and member.fact is None]
    if unknown:
        where = job.resolved.blueprint.document.locate("")
        message = f"which roles `{unknown[0]}` of the controls needs is not known"
        faults.warn("BP623", message, where, _CATALOG)
    return _needs(policies, facts, scope, (), unknown=bool(unknown))


def _needs(
    policies: Iterable[AssignedPolicy],
    facts: Iterable[BuiltinFact],
    scope: str,
    more: Iterable[tuple[str, str]],
    *,
    unknown: bool = False,
) -> Needs:
    roles: set[str] = set()
    elsewhere: set[tuple[str, str]] = set(more)
    for policy in policies:
        if not needs_identity(policy):
            continue
        own = role_ids(policy.definition)
        roles.update(own)
        elsewhere.update((role, place) for role in own for place in _places(policy))
    for fact in facts:
        # an initiative's roles are those of the members that act by their defaults
        if fact.initiative or any(fold(effect) in _ACTING for effect in fact.effects):
            roles.update(map(role_guid, fact.role_ids))
    outside = {(role, place) for role, place in elsewhere if not (id_within(place, scope) and role in roles)}
    return Needs(tuple(sorted(roles)), tuple(sorted(outside)), unknown)


def _places(policy: AssignedPolicy) -> Iterator[str]:
    """The resources that parameters with `assignPermissions` name."""
    for name, parameter in policy.definition.parameters.items():
        if not parameter.assign_permissions:
            continue
        value = policy.parameters.get(name, parameter.default)
        for place in value if isinstance(value, list) else [value]:
            if isinstance(place, str) and place.startswith("/"):
                yield place.rstrip("/")


def _additional(artifact: Artifact, faults: Faults) -> Iterator[tuple[str, str]]:
    """The artifact's own `additionalRoles`."""
    listed = artifact.properties.get("additionalRoles")
    for index, row in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(row, dict):
            continue
        role, scope = str(row.get("role", "")), str(row.get("scope", ""))
        if is_expression(role) or is_expression(scope):
            where = artifact.document.locate(child("/properties/additionalRoles", str(index)))
            faults.error("BP621", "an additional role is known only after deployment", where)
            continue
        yield role_guid(role), unescape(scope).rstrip("/")


def _named(artifact: Artifact) -> str:
    for key in ("policyDefinition", "policyDefinitionId"):
        value: Json = artifact.properties.get(key)
        if isinstance(value, str) and value:
            return value
    return ""
