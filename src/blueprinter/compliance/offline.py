"""Policy states from our own engine, over a population that was read from files."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import id_within
from blueprinter.collection import without_collection
from blueprinter.compliance.books import Books
from blueprinter.compliance.clerk import Clerk
from blueprinter.compliance.estate import Estate, JoinedEstate
from blueprinter.compliance.inventory import Inventory
from blueprinter.compliance.judging import Judging
from blueprinter.compliance.model import Recorder
from blueprinter.compliance.outcomes import Silence
from blueprinter.compliance.uncollected import uncollected
from blueprinter.policy import BulkPolicies, ByScope, PolicySet, PolicyState


class OfflineSource:
    """Evaluates compiled policies on every resource of an estate."""

    def __init__(self, estate: Estate, policies: PolicySet, *, jobs: int = 1) -> None:
        """`jobs`: in how many processes large inventories are judged."""
        self._estate = estate
        self._policies = policies
        self._jobs = jobs

    def states(self, scope: str) -> Iterator[PolicyState]:
        """The states at and below a scope (empty = all), in the order of the estate's resources.

        Related resources cost one more reading, before, that keeps only the types some policy looks up.
        """
        for resources, lookup in self._estate.groups(self._policies.related_types):
            for resource in resources:
                if not scope or id_within(resource.id, scope):
                    yield from self._policies.run(resource, lookup)

    def silences(self) -> tuple[Silence, ...]:
        """Policies that find nothing to judge because it was not collected."""
        parts = self._estate.parts if isinstance(self._estate, JoinedEstate) else (self._estate,)
        return tuple(
            one
            for part in parts
            if isinstance(part, Inventory)
            for one in uncollected(part.files, self._policies)
        )

    def tally(self, books: Books, recorder: Recorder | None) -> bool:
        """Enters everything into the books at once, if there is a way: what comes out is as if every state had been
        entered by itself. False = there is none."""
        estate = self._estate
        if not isinstance(estate, Inventory) or self._policies.all_states:
            return False
        with without_collection():
            self._enter(estate, books, recorder)
        return True

    def _enter(self, estate: Inventory, books: Books, recorder: Recorder | None) -> None:
        exemptions = books.exemptions
        clerk = Clerk(
            [policy.assigned for policy in self._policies.policies], books, recording=recorder is not None
        )
        lookup = estate.lookup_for(self._policies.related_types)
        judging = Judging(
            estate.files,
            BulkPolicies(self._policies, lookup, worded=recorder is not None),
            clerk,
            ByScope(exemptions.scopes(), exemptions.covering),
            lookup,
            recorder,
        )
        tally = estate.judge(judging, jobs=self._jobs)
        for (answers, within), count in tally.alike.items():
            books.enter_alike([clerk.verdict(answer) for answer in answers], within, count)
        for type_, places in tally.touched.items():
            for place in places:
                books.touch(books.tests.test_of(self._policies.policies[place].assigned), type_)
        desk = judging.desk(None)
        books.findings.add_worst(map(desk.finding, tally.worst.worst()), books.shown)
