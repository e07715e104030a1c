"""Policy states as Azure has them, for the policies that a blueprint's assignment puts into force.

Requests grow with policies and scopes, not with resources: states are asked for as counts; rows are read only of what
fails, is undecided or is exempt, and of tests that judge a part of a type. From counts alone it is known which
resources comply: where the rows of a test and its count of compliant ones add up to all resources of a type that have
a state at all, it judged every one of them.

Sources: Microsoft Learn, "Get compliance data of Azure resources", "Azure Policy compliance states" and the REST
reference "Policy States".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

from blueprinter.arm import Resource
from blueprinter.azure import AzureError, ErrorDetail
from blueprinter.casing import fold
from blueprinter.compliance.books import Books
from blueprinter.compliance.ledger import Verdict
from blueprinter.compliance.live_exemptions import ExemptionsInAzure
from blueprinter.compliance.live_text import malformed
from blueprinter.compliance.model import Recorder
from blueprinter.compliance.outcomes import Silence
from blueprinter.compliance.scope import subscription_of, type_key
from blueprinter.policy import AssignedPolicy, ComplianceState, PolicyState
from blueprinter.text import plural

PolicyKey: TypeAlias = "tuple[str, str]"
"""A policy in force: folded id of its assignment, folded reference id (empty without an initiative)."""
Place: TypeAlias = "tuple[str, str]"
"""Folded `/subscriptions/<id>` and the key of a type."""

Key = TypeVar("Key")

STALE_AFTER = timedelta(hours=36)
"""Azure evaluates everything once in 24 hours and does not promise when that ends."""


class Asked(Struct, frozen=True):
    """Which states are meant."""

    subscriptions: tuple[str, ...]
    """`/subscriptions/<id>`, those that can be read."""
    since: datetime
    until: datetime
    assignments: tuple[str, ...] = ()
    """Folded ids of the policy assignments; empty = all."""
    resource_group: str = ""
    """Full id: only resources in it."""
    resources: tuple[str, ...] = ()
    """Folded ids: only these; empty = all."""


class StateCount(Struct, frozen=True):
    """How many resources have a state by a policy."""

    policy: PolicyKey
    place: Place
    state: str
    resources: int


class StateRow(Struct, frozen=True):
    """One policy on one resource."""

    policy: PolicyKey
    resource_id: str
    type: str
    state: str
    at: datetime
    location: str = ""

    @property
    def place(self) -> Place:
        return fold(subscription_of(self.resource_id)), type_key(self.type)


class StateReader(Protocol):
    """Where rows of policy states are asked for. Every method raises `AzureError`."""

    @property
    def name(self) -> str:
        """As reports name it."""
        ...

    def counts(self, asked: Asked) -> Iterable[StateCount]:
        """States by policy, place and state."""
        ...

    def total(self, asked: Asked) -> int | None:
        """How many states there are, found in another way than `counts`; None where those cannot be cut short."""
        ...

    def judged(self, asked: Asked) -> Mapping[Place, int]:
        """Distinct resources that have any of the states asked for, by place."""
        ...

    def rows(
        self, asked: Asked, *, compliant: bool, policies: Sequence[PolicyKey] = ()
    ) -> Iterator[StateRow]:
        """The states that are `Compliant`, or those that are not; of all policies, or of some."""
        ...


class Standing(Struct, frozen=True):
    """What Azure says of the policies themselves."""

    policies: tuple[AssignedPolicy, ...]
    """The blueprint's, with the parameters and the enforcement that they have in Azure."""
    absent: Mapping[PolicyKey, str] = field(default_factory=dict)
    """Those that are not in force there, and why."""
    changed: Mapping[str, datetime] = field(default_factory=dict)
    """Folded id of an assignment -> when it was last changed."""


class Reading(Struct, frozen=True):
    """Everything that was read of states."""

    counts: tuple[StateCount, ...]
    judged: Mapping[Place, int]
    rows: tuple[StateRow, ...]
    """All that are not `Compliant`, and the compliant ones of `single`."""
    single: frozenset[PolicyKey]
    """Policies of which every row is there."""


class LiveSource:
    """Policy states of subscriptions, from Azure or a sandbox."""

    def __init__(
        self,
        reader: StateReader,
        asked: Asked,
        standing: Standing,
        *,
        expected: Sequence[str],
        registered: Callable[[str], bool],
        exemptions: Callable[[], ExemptionsInAzure],
        gone: Callable[[], frozenset[str]] = frozenset,
        row_by_row: bool = False,
        triggered: datetime | None = None,
    ) -> None:
        """`expected`: the subscriptions that should be readable. `registered`: whether one has registered
        Microsoft.PolicyInsights. `gone`: folded ids of resources that have states and are not there any more; these
        do not count. `row_by_row`: read every row, as writing down every state needs. `triggered`: when an
        evaluation was started; what has no newer state was not part of it."""
        self._reader = reader
        self._asked = asked
        self._standing = standing
        self._expected = tuple(expected)
        self._registered = registered
        self._exemptions = exemptions
        self._gone = gone
        self._row_by_row = row_by_row
        self._triggered = triggered
        self._policies = {key_of(one): one for one in standing.policies}
        self._counts: tuple[StateCount, ...] | None = None
        self._judged: Mapping[Place, int] | None = None

    # ------------------------------------------------------------ every row

    def states(self, scope: str) -> Iterator[PolicyState]:
        """Every state, row by row; those at and below a scope (empty = all)."""
        rows = [
            *self._reader.rows(self._asked, compliant=False),
            *self._reader.rows(self._asked, compliant=True),
        ]
        self._check(self._count(), rows, lambda _: True)
        resources: dict[str, Resource] = {}
        for row in sorted(self._known(rows), key=_order):
            if not scope or fold(row.resource_id).startswith(fold(scope)):
                yield self._state(row, _resource(row, resources))

    # ------------------------------------------------------------ counts

    def tally(self, books: Books, recorder: Recorder | None) -> bool:
        """Enters everything at once; what comes out is as if every state had been entered by itself."""
        if self._row_by_row:
            return False
        concerned = frozenset(
            key for key, one in self._policies.items() if books.exemptions.concern(books.tests.test_of(one))
        )
        reading = self._read(concerned)
        resources: dict[str, Resource] = {}
        known: dict[Place, dict[str, Resource]] = {}
        met: dict[tuple[PolicyKey, Place], set[str]] = {}
        for row in sorted(self._known(reading.rows), key=_order):
            resource = _resource(row, resources)
            known.setdefault(row.place, {})[fold(row.resource_id)] = resource
            met.setdefault((row.policy, row.place), set()).add(fold(row.resource_id))
            finding = books.enter(self._state(row, resource), wanted=recorder is not None)
            if recorder is not None and finding is not None and (line := recorder.line(finding)):
                recorder.write(line)
        self._enter_compliant(books, reading, known, met)
        return True

    def _enter_compliant(
        self,
        books: Books,
        reading: Reading,
        known: Mapping[Place, Mapping[str, Resource]],
        met: Mapping[tuple[PolicyKey, Place], set[str]],
    ) -> None:
        """Compliant pairs that no row was read of: their tests judged everything in their place."""
        by_place: dict[Place, list[PolicyKey]] = {}
        for count in reading.counts:
            if count.state == _COMPLIANT and count.policy not in reading.single:
                by_place.setdefault(count.place, []).append(count.policy)
        for place, keys in sorted(by_place.items()):
            named = known.get(place, {})
            policies = [(key, self._policies[key]) for key in sorted(keys)]
            for key, policy in policies:
                books.touch(books.tests.test_of(policy), place[1])
                for id, resource in named.items():
                    if id not in met.get((key, place), ()):
                        books.enter(PolicyState(policy, resource, ComplianceState.COMPLIANT), wanted=False)
            if rest := reading.judged[place] - len(named):
                verdicts = [Verdict(one, ComplianceState.COMPLIANT, None, False) for _, one in policies]
                books.enter_alike(verdicts, frozenset(), rest)

    def _read(self, concerned: frozenset[PolicyKey]) -> Reading:
        """Counts, and the rows that counts alone do not tell."""
        counts = self._count()
        judged = self.judged()
        whole = {(one.policy, one.place): 0 for one in counts}
        for one in counts:
            whole[one.policy, one.place] += one.resources
        compliant = {one.policy for one in counts if one.state == _COMPLIANT}
        partly = {policy for (policy, place), found in whole.items() if found != judged.get(place, 0)}
        single = frozenset(compliant & (partly | concerned))
        rows = list(self._reader.rows(self._asked, compliant=False))
        if single:
            rows += self._reader.rows(self._asked, compliant=True, policies=sorted(single))
        self._check(counts, rows, lambda one: one.state != _COMPLIANT or one.policy in single)
        return Reading(counts, judged, tuple(rows), single)

    def judged(self) -> Mapping[Place, int]:
        """How many resources have a state, by place: children and extensions too, which no table lists."""
        if self._judged is None:
            found = Counter(self._reader.judged(self._asked))
            if gone := self._gone():
                found.subtract(self._reader.judged(_within(self._asked, resources=tuple(sorted(gone)))))
            self._judged = _no_less_than_none(found)
        return self._judged

    def _count(self) -> tuple[StateCount, ...]:
        """The counts of our policies."""
        if self._counts is None:
            found = self._counts_of(self._asked, whole=True)
            self._counts = tuple(StateCount(*key, resources) for key, resources in sorted(found.items()))
        return self._counts

    def _counts_of(self, asked: Asked, *, whole: bool = False) -> dict[tuple[PolicyKey, Place, str], int]:
        """The states of our policies on what is there, by policy, place and folded state. `whole`: a count that was
        lost must not go unseen."""
        found: Counter[tuple[PolicyKey, Place, str]] = Counter()
        for one in self._reader.counts(asked):
            found[one.policy, one.place, fold(one.state)] += one.resources
        total = self._reader.total(asked) if whole else None
        if total is not None and total != (counted := sum(found.values())):
            raise _apart(f"{counted:,} of {total:,} policy states were counted")
        if gone := self._gone():
            for one in self._reader.counts(_within(asked, resources=tuple(sorted(gone)))):
                found[one.policy, one.place, fold(one.state)] -= one.resources
        return _no_less_than_none({key: number for key, number in found.items() if self._is_ours(key[0])})

    def _is_ours(self, policy: PolicyKey) -> bool:
        return policy in self._policies and policy not in self._standing.absent

    def _stale(self) -> dict[PolicyKey, int]:
        """How many compliant states of each policy are from before what still counts as fresh."""
        if self._boundary <= self._asked.since:
            return {}
        left: Counter[PolicyKey] = Counter()
        for one in self._count():
            left[one.policy] += one.resources if one.state == _COMPLIANT else 0
        newer = self._counts_of(_within(self._asked, since=self._boundary))
        for (policy, _, state), resources in newer.items():
            left[policy] -= resources if state == _COMPLIANT else 0
        return {policy: number for policy, number in sorted(left.items()) if number > 0}

    @property
    def _boundary(self) -> datetime:
        return self._asked.until - STALE_AFTER

    def _known(self, rows: Iterable[StateRow]) -> Iterator[StateRow]:
        """Rows of our policies on what is there: others are not asked about, an assignment or a resource that is gone
        has none to say."""
        gone = self._gone()
        for row in rows:
            if self._is_ours(row.policy) and fold(row.resource_id) not in gone:
                yield row

    def _check(
        self, counts: Iterable[StateCount], rows: Sequence[StateRow], read: Callable[[StateCount], bool]
    ) -> None:
        """Rows and counts must agree, or a page was lost or came twice, or an evaluation went on meanwhile."""
        wanted: Counter[tuple[PolicyKey, str]] = Counter()
        for one in counts:
            if read(one):
                wanted[one.policy, one.state] += one.resources
        pairs = {(row.policy, fold(row.resource_id)): fold(row.state) for row in self._known(rows)}
        found = Counter((policy, state) for (policy, _), state in pairs.items())
        twice = sum(1 for _ in self._known(rows)) - len(pairs)
        if twice or +found != +wanted:
            said = f"{sum(found.values()):,} of {sum(wanted.values()):,} policy states came"
            more = f", {twice:,} of them twice" if twice else ""
            raise _apart(f"{said}{more}")

    # ------------------------------------------------------------ one state

    def _state(self, row: StateRow, resource: Resource) -> PolicyState:
        policy = self._policies[row.policy]
        state = _STATES.get(fold(row.state), ComplianceState.UNKNOWN)
        detail = ""
        if state is ComplianceState.UNKNOWN and fold(row.state) != fold("Unknown"):
            detail = f"Azure's state is `{row.state}`"
        elif state is ComplianceState.EXEMPT:
            state, detail = self._exempt(policy, row)
        elif state is ComplianceState.NON_COMPLIANT:
            detail = f"evaluated by Azure Policy {row.at:%Y-%m-%d %H:%M} UTC"
        return PolicyState(policy, resource, state, detail=detail)

    def _exempt(self, policy: AssignedPolicy, row: StateRow) -> tuple[ComplianceState, str]:
        """An exemption that has ended acts no more, also where Azure has not evaluated since."""
        found = self._exemptions().of(policy, row.resource_id)
        if not found:
            return ComplianceState.UNKNOWN, "exempt by an exemption that is not there any more"
        live = [one for one in found if one.expires_on is None or one.expires_on > self._asked.until]
        if not live:
            names = ", ".join(f"`{one.name}`" for one in found)
            return ComplianceState.UNKNOWN, f"exempt by {names}, which has expired; not evaluated since"
        return ComplianceState.EXEMPT, "; ".join(f"`{one.name}` ({one.category})" for one in live)

    # ------------------------------------------------------------ no row is no verdict

    def silences(self) -> tuple[Silence, ...]:
        """Policies that have no row in a subscription, where that does not mean that nothing is applicable; and those
        whose passes are too old to count."""
        counted = {(one.policy, one.place[0]) for one in self._count()}
        spoken = {(policy[0], subscription) for policy, subscription in counted}
        readable = {fold(one) for one in self._asked.subscriptions}
        evaluated = self._evaluated()
        reasons: dict[tuple[str, str], str] = {}
        found = [
            Silence(self._policies[key], f"stale: {plural(number, 'state')} older than 36 hours")
            for key, number in self._stale().items()
        ]
        for key, policy in self._policies.items():
            own = subscription_of(policy.scope)
            if key in self._standing.absent and (not own or fold(own) in readable):
                found.append(Silence(policy, self._standing.absent[key], off=True))
                continue
            for subscription in self._subscriptions_of(policy):
                folded = fold(subscription)
                if evaluated is not None and folded in readable and (key[0], folded) not in evaluated:
                    found.append(Silence(policy, "not evaluated since it was asked for"))
                elif (key, folded) in counted:
                    continue
                elif folded not in readable:
                    found.append(Silence(policy, f"unreadable: {subscription}"))
                elif _is_component_mode(policy.definition.mode):
                    found.append(Silence(policy, f"mode not reported: {policy.definition.mode}"))
                else:
                    where = (key[0], folded)
                    if where not in reasons:
                        reasons[where] = self._why_silent(key[0], subscription, where in spoken)
                    if reasons[where]:
                        found.append(Silence(policy, reasons[where]))
        return tuple(found)

    def _evaluated(self) -> frozenset[tuple[str, str]] | None:
        """The assignments that have a state from after the trigger, each with the subscription; None without one."""
        if self._triggered is None:
            return None
        newer = self._reader.counts(_within(self._asked, since=self._triggered))
        return frozenset((one.policy[0], one.place[0]) for one in newer if one.resources)

    def _subscriptions_of(self, policy: AssignedPolicy) -> tuple[str, ...]:
        own = fold(subscription_of(policy.scope))
        return tuple(one for one in self._expected if not own or fold(one) == own)

    def _why_silent(self, assignment: str, subscription: str, spoken: bool) -> str:
        """Why an assignment whose policy has no row in a subscription may not have been evaluated; empty = it was."""
        asked = _within(self._asked, subscriptions=(subscription,), assignments=(assignment,))
        changed = self._standing.changed.get(assignment)
        if spoken:
            if changed is None or changed <= self._asked.since:
                return ""
            return "" if self._any(_within(asked, since=changed)) else "not evaluated yet"
        if not self._registered(subscription):
            return f"not registered: Microsoft.PolicyInsights in {subscription}"
        if self._any(_within(asked, since=self._asked.until - _REMEMBERED, until=self._asked.since)):
            return "stale"
        return "not evaluated yet"

    def _any(self, asked: Asked) -> bool:
        return any(one.resources for one in self._reader.counts(asked))


_COMPLIANT = fold("Compliant")
_REMEMBERED = timedelta(days=30)
"""How far back states are looked for, to tell what is stale from what never was evaluated."""
_STATES: Mapping[str, ComplianceState] = {
    fold(str(one)): one
    for one in ComplianceState
    if one not in (ComplianceState.NOT_APPLICABLE, ComplianceState.UNSUPPORTED)
}


def key_of(policy: AssignedPolicy) -> PolicyKey:
    """How a policy in force is found in rows, which have ids and references in lower case."""
    return fold(policy.assignment_id.rstrip("/")), fold(policy.reference_id)


def _within(
    asked: Asked,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    subscriptions: tuple[str, ...] | None = None,
    assignments: tuple[str, ...] | None = None,
    resources: tuple[str, ...] | None = None,
) -> Asked:
    return Asked(
        asked.subscriptions if subscriptions is None else subscriptions,
        since or asked.since,
        until or asked.until,
        asked.assignments if assignments is None else assignments,
        asked.resource_group,
        asked.resources if resources is None else resources,
    )


def _no_less_than_none(counts: Mapping[Key, int]) -> dict[Key, int]:
    """Counts after those of what is gone were taken away. Raises `AzureError` where more was taken than there was: the
    states changed in between."""
    if any(number < 0 for number in counts.values()):
        raise malformed("counts of policy states do not fit each other")
    return {key: number for key, number in counts.items() if number}


def _resource(row: StateRow, held: dict[str, Resource]) -> Resource:
    """The resource of a row, the same object for the same id; a row knows no more of it than this."""
    key = fold(row.resource_id)
    if key not in held:
        name = row.resource_id.rpartition("/")[2]
        body = {"id": row.resource_id, "type": row.type, "name": name}
        held[key] = Resource(
            row.resource_id, row.type, name, {**body, "location": row.location} if row.location else body
        )
    return held[key]


def _order(row: StateRow) -> tuple[str, PolicyKey]:
    return fold(row.resource_id), row.policy


def _apart(said: str) -> AzureError:
    hint = "an evaluation may be under way; run again when it has ended"
    return AzureError("BP607", ErrorDetail("", f"{said}: the pages do not add up"), hint=hint)


def _is_component_mode(mode: str) -> bool:
    """Modes of resource providers, whose states are those of components and stand elsewhere."""
    return fold(mode) not in ("all", "indexed", "")
