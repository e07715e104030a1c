"""Who collects an inventory, and with which roles: what a manifest says of it.

Source: Microsoft Learn, "List Azure role assignments using the REST API" (`atScope() and assignedTo()` gives those at
and above a scope, those of groups too).
"""

from __future__ import annotations

from msgspec import Struct

from blueprinter.azure import ArmClient, AzureError
from blueprinter.casing import fold, get
from blueprinter.document import Json

_API_VERSION = "2022-04-01"
_ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments"


class Collector(Struct, frozen=True):
    """Who asks Azure."""

    principal: str
    """Object id, empty where the token does not say."""
    roles: tuple[str, ...] = ()
    """Names, each with its scope."""
    not_known: str = ""
    """Why the roles could not be read."""

    def as_json(self, named: str) -> dict[str, Json]:
        """The member `collectedBy` of a manifest. `named`: what people call the collector."""
        found: dict[str, Json] = {"principal": named or self.principal, "roles": list[Json](self.roles)}
        if named and self.principal:
            found["objectId"] = self.principal
        if self.not_known:
            found["rolesNotKnown"] = self.not_known
        return found


def read_collector(arm: ArmClient, scope: str) -> Collector:
    """Whoever asks, with the roles held at and above a scope. What cannot be read of them is said, and no failure."""
    principal = arm.principal()
    if not principal:
        return Collector("", not_known="the token does not say who asks")
    wanted = {"$filter": f"atScope() and assignedTo('{principal}')"}
    try:
        rows = list(arm.items(f"{scope}{_ASSIGNMENTS}", _API_VERSION, query=wanted))
        names: dict[str, str] = {}
        roles = set()
        for row in rows:
            held = row.get("properties")
            role, place = (
                _text(get(held, name)) if isinstance(held, dict) else ""
                for name in ("roleDefinitionId", "scope")
            )
            if role and fold(role) not in names:
                names[fold(role)] = _role_name(arm.find(role, _API_VERSION)) or role.rpartition("/")[2]
            if role:
                roles.add(f"{names[fold(role)]} at {place or '/'}")
    except AzureError as refused:
        return Collector(principal, not_known=f"{refused.status or 'no answer'} {refused.code}".strip())
    return Collector(principal, tuple(sorted(roles)))


def _role_name(body: Json) -> str:
    properties = body.get("properties") if isinstance(body, dict) else None
    return _text(properties.get("roleName")) if isinstance(properties, dict) else ""


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
