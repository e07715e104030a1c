"""Objects are deleted in the order in which Azure lets go of them; what is still in use stays, and is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from blueprinter.azure import ArmClient, AzureError
from blueprinter.casing import fold
from blueprinter.deploy.model import API_VERSIONS, ASSIGNMENTS, GOVERNANCE, LOCKS, REMEDIATIONS, Live, Tell
from blueprinter.deploy.reading import list_at

_IN_USE = frozenset({"InvalidDeletePolicyDefinitionRequest", "InvalidDeletePolicySetDefinitionRequest"})
_ORDER = {fold(type): place for place, type in enumerate((LOCKS, *GOVERNANCE))}
_RUNNING = frozenset({"accepted", "evaluating", "inprogress", "running", "cancelling"})


class Deleted(Struct):
    """What became of objects that were to be deleted."""

    ids: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)
    """Id, and Azure's words about what uses it."""


def in_order(objects: Iterable[Live]) -> list[Live]:
    """Locks, exemptions, attestations, role assignments, assignments, sets, definitions; by id within."""
    return sorted(objects, key=lambda one: (_ORDER.get(fold(one.type), len(_ORDER)), one.key))


def delete_governance(arm: ArmClient, objects: Sequence[Live], tell: Tell) -> Deleted:
    """Deletes objects. One that is gone already is deleted; one in use is kept."""
    found = Deleted()
    cancel_remediations(arm, [one for one in objects if fold(one.type) == fold(ASSIGNMENTS)], tell)
    for one in in_order(objects):
        try:
            arm.wait(arm.start("DELETE", one.id, API_VERSIONS[one.type]))
        except AzureError as refused:
            if refused.not_found:
                continue
            if _IN_USE.isdisjoint(refused.codes):
                raise
            found.kept.append((one.id, refused.error.message))
            tell(f"  kept    {one.id}")
        else:
            found.ids.append(one.id)
            tell(f"  deleted {one.id}")
    return found


def cancel_remediations(arm: ArmClient, assignments: Sequence[Live], tell: Tell) -> None:
    """Cancels remediation tasks that run for assignments which are about to go."""
    scopes = {fold(scope): scope for scope in (_scope(one.id) for one in assignments)}
    gone = {one.key for one in assignments}
    for _, scope in sorted(scopes.items()):
        for row in list_at(arm, scope, REMEDIATIONS):
            properties = row.get("properties")
            held = properties if isinstance(properties, dict) else {}
            if fold(str(held.get("policyAssignmentId", ""))) not in gone:
                continue
            if fold(str(held.get("provisioningState", ""))) in _RUNNING:
                arm.call("POST", f"{row.get('id')}/cancel", API_VERSIONS[REMEDIATIONS], idempotent=True)
                tell(f"  cancelled {row.get('id')}")


def _scope(id: str) -> str:
    return id[: fold(id).rindex("/providers/microsoft.authorization/")]
