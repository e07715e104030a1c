"""Types that a collector says it did not collect: that a test finds nothing of them to judge is no verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from blueprinter.arm import id_within
from blueprinter.compliance.outcomes import Silence
from blueprinter.compliance.scope import type_key
from blueprinter.compliance.survey import InventoryFile
from blueprinter.policy import PolicySet


def uncollected(files: Sequence[InventoryFile], policies: PolicySet) -> tuple[Silence, ...]:
    """The policies that judge a type which a manifest names as not collected, somewhere in the policy's scope.

    Only what is named counts: of other types the table of resources has every row.
    """
    missing = list(_missing(files))
    found = []
    for policy in policies.policies:
        types = {type_key(one) for one in policy.guard.types}
        own = policy.assigned.scope
        for type_, scope in missing:
            if type_ in types and (not own or not scope or id_within(scope, own) or id_within(own, scope)):
                found.append(Silence(policy.assigned, f"`{type_}` was not collected"))
                break
    return tuple(found)


def _missing(files: Sequence[InventoryFile]) -> Iterator[tuple[str, str]]:
    """Types that were not collected, each with the scope."""
    for file in files:
        if file.manifest is None:
            continue
        for scope in file.manifest.scopes:
            for type_ in (*file.manifest.types_not_collected, *scope.types_not_collected):
                yield type_key(type_), scope.scope
        if not file.manifest.scopes:
            for type_ in file.manifest.types_not_collected:
                yield type_key(type_), ""
