"""Role assignments that are in the way of a deployment: orphans of ours, and equal ones under another name.

Azure never moves a role assignment to another principal (RoleAssignmentUpdateNotPermitted), and makes no second one for
the same principal, role and scope (RoleAssignmentExists).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from blueprinter.arm import Unknown, Value
from blueprinter.azure import ArmClient
from blueprinter.casing import fold, get, same
from blueprinter.deploy.marks import is_ours
from blueprinter.deploy.model import ASSIGNMENTS, ROLES, Live, Target, Wanted
from blueprinter.deploy.reading import LiveState

_IDENTITY_API = "2023-01-31"


class RoleFindings(Struct, frozen=True):
    """What stands in the way."""

    orphans: tuple[Live, ...] = ()
    """Ours, under a name that is wanted, with a principal that is gone: deleted first."""
    equal: Mapping[str, str] = field(default_factory=dict)
    """Name that we would give -> name of the one that is there."""


def role_findings(
    arm: ArmClient, target: Target, wanted: tuple[Wanted, ...], live: LiveState
) -> RoleFindings:
    """Compares the role assignments that are to be with those that are there. Reads user-assigned identities."""
    rows = [one for one in wanted if fold(one.type) == fold(ROLES)]
    there = {one.name.casefold(): one for one in live.of_type(ROLES)}
    if not rows or not there:
        return RoleFindings()
    principals = dict(_identities(live))
    users = {id.casefold(): _principal(arm, id) for id in target.assignment.user_assigned}
    known = {*principals.values(), *users.values()}
    orphans: list[Live] = []
    equal: dict[str, str] = {}
    for one in rows:
        principal = _wanted_principal(one, principals, users)
        name = one.id.rpartition("/")[2].casefold()
        same_name = there.get(name)
        if same_name is not None:
            held = str(same_name.properties.get("principalId", ""))
            gone = held != principal if principal else (_of_identity(one) and held not in known)
            if gone and is_ours(same_name, target.mark):
                orphans.append(same_name)
            continue
        found = next((row for row in there.values() if principal and _equal(row, one, principal)), None)
        if found is not None:
            equal[name] = found.name
    return RoleFindings(tuple(orphans), equal)


def _identities(live: LiveState) -> Iterator[tuple[str, str]]:
    """Folded names of policy assignments with the principal of their identity."""
    for one in live.of_type(ASSIGNMENTS):
        identity = one.body.get("identity")
        principal = identity.get("principalId") if isinstance(identity, dict) else None
        if isinstance(principal, str) and principal:
            yield one.name.casefold(), principal


def _principal(arm: ArmClient, id: str) -> str:
    found = arm.find(id, _IDENTITY_API)
    properties = found.get("properties") if isinstance(found, dict) else None
    principal = properties.get("principalId") if isinstance(properties, dict) else None
    return principal if isinstance(principal, str) else ""


def _wanted_principal(one: Wanted, principals: Mapping[str, str], users: Mapping[str, str]) -> str:
    """The principal that a role assignment is to have, as far as it is known before the deployment."""
    value = get(_properties(one), "principalId")
    if isinstance(value, str):
        return value
    if not isinstance(value, Unknown):
        return ""
    text = value.expression.casefold()
    for held in (principals, users):
        for name, principal in held.items():
            if f"{name}'" in text or f"{name}/" in text:
                return principal
    return ""


def _of_identity(one: Wanted) -> bool:
    """Whether the principal is that of a policy assignment's identity, and not the output of a template."""
    value = get(_properties(one), "principalId")
    return isinstance(value, Unknown) and "policyassignments" in value.expression.casefold()


def _equal(row: Live, one: Wanted, principal: str) -> bool:
    role = get(_properties(one), "roleDefinitionId")
    scope = one.id[: one.key.rindex("/providers/microsoft.authorization/roleassignments/")]
    return (
        same(str(row.properties.get("principalId", "")), principal)
        and isinstance(role, str)
        and _guid(str(row.properties.get("roleDefinitionId", ""))) == _guid(role)
        and same(str(row.properties.get("scope", "")), scope)
    )


def _guid(id: str) -> str:
    return id.rpartition("/")[2].casefold()


def _properties(one: Wanted) -> Mapping[str, Value]:
    found = one.body.get("properties")
    return found if isinstance(found, dict) else {}
