"""Policy states from our own engine, over a population that was read from files."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import id_within
from blueprinter.compliance.estate import Estate
from blueprinter.policy import PolicySet, PolicyState


class OfflineSource:
    """Evaluates compiled policies on every resource of an estate, one resource at a time."""

    def __init__(self, estate: Estate, policies: PolicySet) -> None:
        self._estate = estate
        self._policies = policies

    def states(self, scope: str) -> Iterator[PolicyState]:
        """The states at and below a scope (empty = all), in the order of the estate's resources.

        Related resources cost one more reading, before, that keeps only the types some policy looks up.
        """
        for resources, lookup in self._estate.groups(self._policies.related_types):
            for resource in resources:
                if not scope or id_within(resource.id, scope):
                    yield from self._policies.run(resource, lookup)
