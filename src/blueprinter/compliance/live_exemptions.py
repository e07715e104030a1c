"""The exemptions that are in Azure: a state says only `Exempt`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from blueprinter.arm import id_within
from blueprinter.azure import ArmClient
from blueprinter.casing import fold, get
from blueprinter.compliance.live_text import moment_of, text_of
from blueprinter.document import Json
from blueprinter.policy import AssignedPolicy

_API_VERSION = "2022-07-01-preview"
_EXEMPTIONS = "/providers/Microsoft.Authorization/policyExemptions"


class ExemptionInAzure(Struct, frozen=True):
    """What matters of an exemption."""

    name: str
    scope: str
    assignment: str
    """Folded id."""
    references: frozenset[str]
    """Folded reference ids; empty = the whole assignment."""
    category: str
    expires_on: datetime | None


class ExemptionsInAzure(Struct, frozen=True):
    """The exemptions that act in some subscriptions."""

    all: tuple[ExemptionInAzure, ...]

    def of(self, policy: AssignedPolicy, resource_id: str) -> tuple[ExemptionInAzure, ...]:
        """Those that cover a policy on a resource."""
        assignment, reference = fold(policy.assignment_id.rstrip("/")), fold(policy.reference_id)
        return tuple(
            one
            for one in self.all
            if one.assignment == assignment
            and (not one.references or reference in one.references)
            and (not one.scope.startswith("/subscriptions/") or id_within(resource_id, one.scope))
        )


def read_exemptions(arm: ArmClient, subscriptions: Iterable[str]) -> ExemptionsInAzure:
    """Every exemption at, above and below subscriptions. Raises `AzureError`."""
    found: dict[str, ExemptionInAzure] = {}
    for subscription in subscriptions:
        for row in arm.items(f"{subscription}{_EXEMPTIONS}", _API_VERSION):
            one = _exemption(row)
            found.setdefault(f"{one.scope}/{one.name}", one)
    return ExemptionsInAzure(tuple(found[key] for key in sorted(found)))


def _exemption(row: Mapping[str, Json]) -> ExemptionInAzure:
    properties = get(row, "properties")
    held = properties if isinstance(properties, dict) else {}
    references = get(held, "policyDefinitionReferenceIds")
    expires = text_of(get(held, "expiresOn"))
    id = text_of(get(row, "id"))
    return ExemptionInAzure(
        id.rpartition("/")[2],
        fold(id)[: fold(id).rfind(fold(_EXEMPTIONS))],
        fold(text_of(get(held, "policyAssignmentId")).rstrip("/")),
        frozenset(fold(one) for one in references if isinstance(one, str))
        if isinstance(references, list)
        else frozenset(),
        text_of(get(held, "exemptionCategory")),
        moment_of(expires) if expires else None,
    )
