"""What is in Azure of a target: read with few requests, and nothing else than reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from blueprinter.arm import id_within
from blueprinter.azure import ArmClient, AzureError
from blueprinter.casing import fold
from blueprinter.deploy.marks import is_ours
from blueprinter.deploy.model import (
    API_VERSIONS,
    ASSIGNMENTS,
    ATTESTATIONS,
    DEFINITIONS,
    DEPLOYMENTS,
    EXEMPTIONS,
    GROUPS,
    LOCKS,
    ROLES,
    SETS,
    STACKS,
    Live,
    Target,
    Wanted,
)
from blueprinter.deploy.wanted import scopes_of_roles
from blueprinter.document import Json
from blueprinter.render import Template

_AT_SCOPE = (ASSIGNMENTS, EXEMPTIONS)
_IN_SUBSCRIPTION = (ATTESTATIONS, LOCKS)
"""What there is of in subscriptions only, or is made there only."""
_AT_DEFINITIONS = (DEFINITIONS, SETS)
_CUSTOM = {"$filter": "policyType eq 'Custom'"}


class LiveState(Struct, frozen=True, eq=False):
    """What was read of a target."""

    objects: Mapping[str, Live]
    """Governance objects at and below the scopes of the target, ours and others', by folded id."""
    resources: Mapping[str, Live]
    """Resource groups and resources of the subscription, without properties, by folded id."""
    stacks: Mapping[str, Json] = field(default_factory=dict)
    """Name of the template -> its stack, None where there is none."""

    def ours(self, target: Target) -> tuple[Live, ...]:
        """What carries the mark of the target's assignment, by id."""
        return tuple(one for _, one in sorted(self.objects.items()) if is_ours(one, target.mark))

    def of_type(self, type: str) -> tuple[Live, ...]:
        return tuple(one for _, one in sorted(self.objects.items()) if fold(one.type) == fold(type))


def stack_path(template: Template) -> str:
    return f"{template.stack_scope}/providers/{STACKS}/{template.deployment}"


def deployment_path(template: Template) -> str:
    return f"{template.scope}/providers/{DEPLOYMENTS}/{template.deployment}"


def read_live(arm: ArmClient, target: Target, wanted: tuple[Wanted, ...]) -> LiveState:
    """Reads a target. Raises `AzureError`, except for a management group or resource group that is not there."""
    objects: dict[str, Live] = {}
    # roles before the assignments whose identities have them: what a running deployment makes between two of these
    # requests must not look like a role whose identity is gone
    elsewhere = (one for one in scopes_of_roles(wanted, ROLES) if not id_within(one, target.scope))
    for scope in (target.scope, *elsewhere):
        _add(objects, ROLES, list_at(arm, scope, ROLES), scope)
    for type in _AT_DEFINITIONS:
        _add(
            objects, type, list_at(arm, target.definition_scope, type, query=_CUSTOM), target.definition_scope
        )
    for type in (*_AT_SCOPE, *(_IN_SUBSCRIPTION if is_subscription(target.scope) else ())):
        _add(objects, type, list_at(arm, target.scope, type), target.scope)
    resources: dict[str, Live] = {}
    if is_subscription(target.scope):
        _add(resources, GROUPS, list_groups(arm, target.scope), target.scope)
        for row in arm.items(f"{target.scope}/resources", API_VERSIONS[GROUPS]):
            live = _live(row, str(row.get("type", "")))
            resources[live.key] = live
    stacks = {
        template.name: arm.find(stack_path(template), API_VERSIONS[STACKS])
        for template in target.rendered.templates
    }
    return LiveState(objects, resources, stacks)


def list_at(
    arm: ArmClient, scope: str, type: str, *, query: Mapping[str, str] | None = None
) -> list[dict[str, Json]]:
    """The objects of a kind that Azure lists for a scope; none where the scope is not there."""
    try:
        return list(arm.items(f"{scope}/providers/{type}", API_VERSIONS[type], query=query))
    except AzureError as refused:
        if refused.not_found:
            return []
        raise


def list_groups(arm: ArmClient, subscription: str) -> list[dict[str, Json]]:
    return list(arm.items(f"{subscription}/resourcegroups", API_VERSIONS[GROUPS]))


def is_subscription(scope: str) -> bool:
    return scope.casefold().startswith("/subscriptions/")


def _add(found: dict[str, Live], type: str, rows: Iterable[dict[str, Json]], scope: str) -> None:
    """What is at or below a scope; lists also have what is above it."""
    for row in rows:
        live = _live(row, type)
        if id_within(live.id, scope):
            found[live.key] = live


def _live(row: dict[str, Json], type: str) -> Live:
    return Live(str(row.get("id", "")), type, row)
