"""The population of a live run: which subscriptions should be there, which can be read, what they hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from msgspec import Struct

from blueprinter.arm import Resource
from blueprinter.azure import ArmClient, AzureError
from blueprinter.casing import fold, get
from blueprinter.compliance.estate import TypeCount, services_of
from blueprinter.compliance.live_text import needed, number_of, text_of
from blueprinter.compliance.manifest import stamp
from blueprinter.compliance.model import Population, ScopeCoverage
from blueprinter.compliance.resourcegraph import ask_graph, subscriptions_seen_in
from blueprinter.compliance.scope import type_key
from blueprinter.diagnostics import Diagnostic, Position, Severity
from blueprinter.policy import Lookup, LookupResult, NotCollected
from blueprinter.text import plural

_API_VERSION = "2020-05-01"
_COUNTS = (
    "| summarize resources = count() by subscriptionId, type\n"
    "| extend id = strcat(subscriptionId, '|', type)\n| order by id asc"
)
_NAMES = (
    "resourcecontainers\n| where type =~ 'microsoft.resources/subscriptions'\n"
    "| project id, subscriptionId, name\n| order by id asc"
)


class Scopes(Struct, frozen=True):
    """The subscriptions of a run."""

    expected: tuple[str, ...]
    """`/subscriptions/<id>`"""
    names: Mapping[str, str]
    """Those that can be read: folded id -> name."""

    @property
    def readable(self) -> tuple[str, ...]:
        return tuple(one for one in self.expected if fold(one) in self.names)


def subscriptions_of_group(arm: ArmClient, management_group: str) -> tuple[str, ...]:
    """The subscriptions in and below a management group (its full id): those of its list, which has the unreadable ones
    too, and those that Resource Graph has there, should the list have been cut short. Raises `AzureError`."""
    found = {
        fold(name): f"/subscriptions/{name}"
        for row in arm.items(f"{management_group}/descendants", _API_VERSION)
        if fold(text_of(get(row, "type"))).endswith("/subscriptions") and (name := text_of(get(row, "name")))
    }
    for id in subscriptions_seen_in(arm, management_group):
        found.setdefault(fold(id.rpartition("/")[2]), id)
    return tuple(sorted(found.values()))


def read_scopes(arm: ArmClient, expected: Sequence[str]) -> Scopes:
    """Which of the subscriptions can be read: Resource Graph leaves the others out in silence, so each must show
    itself. Raises `AzureError`."""
    names: dict[str, str] = {}
    try:
        for row in ask_graph(arm, _NAMES, expected):
            names[fold(f"/subscriptions/{needed(row, 'subscriptionId')}")] = text_of(row.get("name"))
    except AzureError as refused:
        # one query over nothing that can be read is an error, and not an empty answer
        if "NoValidSubscriptionsInQueryRequest" not in refused.codes:
            raise
    return Scopes(
        tuple(expected), {key: name for key, name in names.items() if key in set(map(fold, expected))}
    )


class LiveEstate:
    """An `Estate` that is counted, not read."""

    def __init__(
        self,
        arm: ArmClient,
        scopes: Scopes,
        *,
        now: datetime,
        source: str,
        cloud: str = "AzureCloud",
        resource_group: str = "",
        judged: Callable[[], Mapping[tuple[str, str], int]] = dict,
        gone: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """`judged`: resources with a policy state, by subscription and type; tables do not list all of them.
        `gone`: ids with a state and no resource any more."""
        self._arm = arm
        self._scopes = scopes
        self._now = now
        self._source = source
        self._cloud = cloud
        self._resource_group = resource_group
        self._judged = judged
        self._gone = gone
        self._counted: tuple[tuple[str, str, int], ...] | None = None

    def resources(self) -> Iterator[Resource]:
        """None: bodies are not collected."""
        return iter(())

    def groups(self, types: Collection[str]) -> Iterator[tuple[Iterator[Resource], Lookup]]:
        yield iter(()), _nothing_collected

    def _counts(self) -> tuple[tuple[str, str, int], ...]:
        """Subscription, type and number of resources."""
        if self._counted is None:
            where = ""
            if self._resource_group:
                where = f"| where resourceGroup =~ '{self._resource_group.rpartition('/')[2]}'\n"
            found = {
                (subscription, type_key(type_)): number
                for (subscription, type_), number in self._judged().items()
            }
            spelled: dict[str, str] = {}
            for table in ("resources", "resourcecontainers"):
                for row in ask_graph(self._arm, f"{table}\n{where}{_COUNTS}", self._scopes.readable):
                    type_ = needed(row, "type")
                    place = fold(f"/subscriptions/{needed(row, 'subscriptionId')}"), type_key(type_)
                    found[place] = max(found.get(place, 0), number_of(row, "resources"))
                    spelled.setdefault(place[1], type_)
            self._counted = tuple(
                (subscription, spelled.get(type_, type_), number)
                for (subscription, type_), number in sorted(found.items())
            )
        return self._counted

    def population(self) -> Population:
        counts = self._counts()
        types = TypeCount()
        held: dict[str, int] = {}
        for subscription, type_, number in counts:
            types.add(type_, number)
            held[subscription] = held.get(subscription, 0) + number
        names = self._scopes.names
        scopes = tuple(
            ScopeCoverage(one, names[fold(one)] or one.rpartition("/")[2], "read", held.get(fold(one), 0))
            if fold(one) in names
            else ScopeCoverage(one, one.rpartition("/")[2], "refused", 0, "not readable by this identity")
            for one in self._scopes.expected
        )
        lines = [f"{subscription} {type_} {number}" for subscription, type_, number in counts]
        refused = [one.scope for one in scopes if one.status != "read"]
        return Population(
            source=self._source,
            files=(),
            sha256=sha256("\n".join([*lines, *refused]).encode()).hexdigest(),
            resources=sum(held.values()),
            types=types.as_spelled(),
            untested_types=(),
            scopes=scopes,
            has_manifest=False,
            collected_by="",
            started_at=stamp(self._now),
            ended_at=stamp(self._now),
            unreadable=0,
            without_properties=0,
            stale=False,
            partial=bool(refused),
        )

    def services(self) -> tuple[tuple[str, str], ...]:
        return services_of((self._cloud, type_) for _, type_, _ in self._counts())

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        hint = "give the identity Reader there, or accept it with `--allow-partial`"
        refused = tuple(
            Diagnostic("BP288", Severity.WARNING, f"`{one}` cannot be read", hint, Position(""))
            for one in self._scopes.expected
            if fold(one) not in self._scopes.names
        )
        if not (gone := sorted(self._gone())):
            return refused
        more = f" and {plural(len(gone) - 1, 'more resource')}" if len(gone) > 1 else ""
        verb = "have" if more else "has"
        message = f"`{gone[0]}`{more} {verb} policy states, but no table of Azure has them any more"
        why = "what was deleted keeps its states until the next evaluation; they do not count here"
        return (*refused, Diagnostic("BP278", Severity.INFO, message, why, Position("")))


def _nothing_collected(type: str, name: str | None, scope: str) -> LookupResult:
    return NotCollected("a live run collects no bodies")
