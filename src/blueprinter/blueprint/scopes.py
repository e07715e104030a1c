"""Scopes as people write them: full ARM ids."""

from __future__ import annotations

import re
from collections.abc import Iterable

from blueprinter.arm import id_within
from blueprinter.casing import fold

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PROVIDER = r"/providers/[^/]+(/[^/]+/[^/]+)+"
_SUBSCRIPTION = re.compile(rf"/subscriptions/{_GUID}\Z", re.IGNORECASE)
_MANAGEMENT_GROUP = re.compile(
    r"/providers/Microsoft\.Management/managementGroups/[^/]{1,90}\Z", re.IGNORECASE
)
_ANY = re.compile(
    rf"(/subscriptions/{_GUID}(/resourceGroups/[^/]+)?({_PROVIDER})*"
    rf"|/providers/Microsoft\.Management/managementGroups/[^/]{{1,90}}({_PROVIDER})*)\Z",
    re.IGNORECASE,
)

SCOPE_HINT = "scopes are full ids, such as /subscriptions/00000000-0000-0000-0000-000000000000"


def is_subscription(scope: str) -> bool:
    """Whether this is the id of a subscription."""
    return _SUBSCRIPTION.match(scope) is not None


def is_management_group(scope: str) -> bool:
    """Whether this is the id of a management group."""
    return _MANAGEMENT_GROUP.match(scope) is not None


def is_scope(scope: str) -> bool:
    """Whether this is the id of a management group, subscription, resource group or resource."""
    return _ANY.match(scope) is not None


def excluded_below(excluded: Iterable[str], scope: str) -> tuple[str, ...]:
    """Those of the excluded scopes that a policy assignment at `scope` may name in `notScopes`: what lies below it.

    Of a management group ids do not show what lies below it, so everything but itself counts.
    """
    if is_management_group(scope):
        return tuple(one for one in excluded if fold(one) != fold(scope))
    return tuple(one for one in excluded if id_within(one, scope))
