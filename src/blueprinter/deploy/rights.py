"""The least rights that each template needs, and which of them whoever asks is known to lack.

Only roles show here: conditions of role assignments, deny assignments and eligible roles do not, so a right is missing
or it is not known to be missing. Source: Microsoft Learn, "Permissions - List For Resource Group".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from blueprinter.azure import ArmClient, AzureError
from blueprinter.casing import fold
from blueprinter.deploy.model import EXEMPTIONS, ROLES, Target, Wanted
from blueprinter.document import Json
from blueprinter.render import Template

_API = "2022-04-01"
_GRANTS = frozenset({fold(ROLES)})


class Right(Struct, frozen=True, order=True):
    """An action at a scope that a template needs."""

    template: str
    scope: str
    action: str
    grants: bool = False
    """Whether it gives others rights: Owner, User Access Administrator, Role Based Access Control Administrator."""
    held: bool | None = None
    """None = not known."""


def least_rights(
    target: Target, wanted: tuple[Wanted, ...], entries: tuple[Wanted, ...], *, stack: bool
) -> tuple[Right, ...]:
    """What each template needs, sorted."""
    found: set[Right] = set()
    for template in target.rendered.templates:
        needs = found.add
        needs(Right(template.name, template.scope, "Microsoft.Resources/deployments/write"))
        if stack:
            needs(Right(template.name, template.stack_scope, "Microsoft.Resources/deploymentStacks/write"))
            if _locked(template):
                action = "Microsoft.Resources/deploymentStacks/manageDenySetting/action"
                needs(Right(template.name, template.stack_scope, action))
        if _reads_secrets(dict(template.body)):
            needs(Right(template.name, template.scope, "Microsoft.KeyVault/vaults/deploy/action"))
        for one in wanted:
            if one.template == template.name:
                kind = (
                    one.type
                    if "/resourcegroups" not in fold(one.type)
                    else "Microsoft.Resources/subscriptions/resourceGroups"
                )
                needs(Right(template.name, template.scope, f"{kind}/write", fold(one.type) in _GRANTS))
    for one in entries:
        found.add(Right("registers", target.scope, f"{one.type}/write"))
        if fold(one.type) == fold(EXEMPTIONS):
            found.add(
                Right("registers", target.scope, "Microsoft.Authorization/policyAssignments/exempt/action")
            )
    return tuple(sorted(found))


def checked(arm: ArmClient, rights: tuple[Right, ...]) -> tuple[Right, ...]:
    """The rights with whether they are held."""
    held: dict[str, list[Mapping[str, Json]] | None] = {}
    for scope in dict.fromkeys(one.scope for one in rights):
        try:
            held[scope] = list(arm.items(f"{scope}/providers/Microsoft.Authorization/permissions", _API))
        except AzureError as refused:
            if not (refused.forbidden or refused.not_found or refused.status in (400, 405)):
                raise
            held[scope] = None
    return tuple(
        Right(one.template, one.scope, one.action, one.grants, _allows(held[one.scope], one.action))
        for one in rights
    )


def _allows(rows: list[Mapping[str, Json]] | None, action: str) -> bool | None:
    if rows is None or not rows:
        return None
    return any(
        any(_matches(text, action) for text in _texts(row, "actions"))
        and not any(_matches(text, action) for text in _texts(row, "notActions"))
        for row in rows
    )


def _texts(row: Mapping[str, Json], key: str) -> list[str]:
    found = row.get(key)
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _matches(pattern: str, action: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, fold(pattern).split("*"))), fold(action)) is not None


def _locked(template: Template) -> bool:
    properties = (template.stack or {}).get("properties")
    settings = properties.get("denySettings") if isinstance(properties, dict) else None
    return isinstance(settings, dict) and settings.get("mode", "none") != "none"


def _reads_secrets(value: Json) -> bool:
    if isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, dict) and "keyVault" in reference:
            return True
        return any(_reads_secrets(one) for one in value.values())
    return isinstance(value, list) and any(_reads_secrets(one) for one in value)
