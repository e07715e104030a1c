"""Scopes of a population: which subscription and which service an id belongs to."""

from __future__ import annotations

from blueprinter.arm import id_within
from blueprinter.casing import fold, same

_GROUP = "microsoft.resources/subscriptions/resourcegroups"
_GROUP_TOO = "microsoft.resources/resourcegroups"
_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"


def subscription_of(resource_id: str) -> str:
    """The subscription's id in front of a resource id (`/subscriptions/<id>`); empty when it has none."""
    parts = resource_id.split("/", 3)
    if len(parts) > 2 and not parts[0] and same(parts[1], "subscriptions"):
        return f"/{parts[1]}/{parts[2]}"
    return ""


def type_key(resource_type: str) -> str:
    """The form in which types are compared; resource groups go by two names, in Resource Graph and elsewhere."""
    key = fold(resource_type)
    return _GROUP if key == _GROUP_TOO else key


def namespace_of(resource_type: str) -> str:
    """The resource provider of a type, which is how services are named: `Microsoft.Storage`."""
    return resource_type.partition("/")[0]


def is_management_group(scope: str) -> bool:
    """Whether a scope is a management group, whose members no id tells."""
    return fold(scope).startswith(_MANAGEMENT_GROUPS)


def covers(scope: str, inner: str) -> bool:
    """Whether what is said of `scope` is said of `inner` too.

    An empty scope and `/` cover everything. A management group is taken to cover what it is evaluated with: an id
    does not tell its members.
    """
    return not scope or scope == "/" or is_management_group(scope) or id_within(inner, scope)
