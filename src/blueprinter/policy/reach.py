"""Which resources an assignment reaches: its scope, what it excludes, and its resource selectors.

Sources: Microsoft Learn, "Understand scope in Azure Policy" and "Azure Policy assignment structure".
"""

from __future__ import annotations

from enum import StrEnum

from blueprinter.arm import Resource, id_within
from blueprinter.casing import fold
from blueprinter.policy.model import AssignedPolicy
from blueprinter.policy.selectors import selects

_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"


class Reach(StrEnum):
    """How an assignment stands to a resource. The values say it to people."""

    IN = "in its scope"
    OUT = "outside of its scope"
    EXCLUDED = "excluded by `notScopes` of the assignment"
    NOT_SELECTED = "left out by the resource selectors of the assignment"
    UNKNOWN = "whether the resource selectors of the assignment choose it depends on what is not known"


def reach_of(assigned: AssignedPolicy, resource: Resource) -> Reach:
    """How the assignment behind a policy stands to a resource."""
    if not _holds(assigned.scope, resource.id):
        return Reach.OUT
    if _excludes(assigned, resource.id):
        return Reach.EXCLUDED
    chosen = selects(assigned.resource_selectors, resource)
    if chosen is None:
        return Reach.UNKNOWN
    return Reach.IN if chosen else Reach.NOT_SELECTED


def lies_in(assigned: AssignedPolicy, id: str) -> bool:
    """Whether an id lies in the scope of an assignment and in nothing that it excludes."""
    return _holds(assigned.scope, id) and not _excludes(assigned, id)


def _excludes(assigned: AssignedPolicy, id: str) -> bool:
    return any(id_within(id, excluded) for excluded in assigned.not_scopes if excluded)


def _holds(scope: str, id: str) -> bool:
    """A management group is taken to hold whatever is evaluated under it: which subscriptions it has is not to be
    seen from ids."""
    return not scope or fold(scope).startswith(_MANAGEMENT_GROUPS) or id_within(id, scope)
