"""Two versions of policies over one estate: which resources would change their state, and what deny would stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm import Resource
from blueprinter.casing import fold, get
from blueprinter.document import Json
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.assignments import parameter_faults
from blueprinter.policy.batch import PolicySet, compile_policies
from blueprinter.policy.model import (
    AssignedPolicy,
    ComplianceState,
    Lookup,
    PolicyDefinition,
    PolicyParameter,
    PolicyState,
    definition_key,
)

SCHEMA = "blueprinter/policy-diff/1"
MAX_LISTED = 1000


class Turn(StrEnum):
    """How a state changes from one version to the other."""

    NON_COMPLIANT = "becomesNonCompliant"
    COMPLIANT = "becomesCompliant"
    UNDECIDED = "becomesUndecided"
    NOT_APPLICABLE = "becomesNotApplicable"
    DENIED = "becomesDenied"
    """The state stays, and the new effect refuses requests that write the resource as it is."""
    RELEASED = "noLongerDenied"
    """The state stays, and the new effect lets them pass."""
    OTHER = "becomesOther"


_TURNS = {
    ComplianceState.NON_COMPLIANT: Turn.NON_COMPLIANT,
    ComplianceState.COMPLIANT: Turn.COMPLIANT,
    ComplianceState.UNSUPPORTED: Turn.UNDECIDED,
    ComplianceState.ERROR: Turn.UNDECIDED,
    ComplianceState.UNKNOWN: Turn.UNDECIDED,
    ComplianceState.NOT_APPLICABLE: Turn.NOT_APPLICABLE,
}


class Pairing(Struct, frozen=True):
    """One definition in its two versions; None where a side does not have it."""

    name: str
    old: PolicyDefinition | None
    new: PolicyDefinition | None


def pair_definitions(
    old: Iterable[PolicyDefinition], new: Iterable[PolicyDefinition], *, by_name: bool = True
) -> tuple[Pairing, ...]:
    """Definitions matched by name, in the order of their names; `by_name=False` for one definition on each side,
    whatever they are called."""
    olds, news = list(old), list(new)
    if not by_name and len(olds) == len(news) == 1:
        return (Pairing(news[0].name or olds[0].name, olds[0], news[0]),)
    before = {definition_key(one.name): one for one in olds}
    after = {definition_key(one.name): one for one in news}
    return tuple(
        Pairing((after.get(key) or before[key]).name, before.get(key), after.get(key))
        for key in sorted({*before, *after})
    )


class Change(Struct, frozen=True):
    """A resource whose state changes under one policy."""

    policy: str
    resource: Resource
    turn: Turn
    old: ComplianceState
    new: ComplianceState
    detail: str
    """What the new version says, or what the old one said where the new one finds no fault; so are the next three."""
    path: str
    expected: str
    actual: str
    denied: bool
    """The new version's effect would refuse the resource as it is, the old one's would not."""

    def as_json(self) -> dict[str, Json]:
        """One entry of `changes`."""
        found: dict[str, Json] = {
            "policy": self.policy,
            "resourceId": self.resource.id,
            "resourceType": self.resource.type,
            "change": str(self.turn),
            "old": str(self.old),
            "new": str(self.new),
            "denied": self.denied,
        }
        for key, text in (
            ("path", self.path),
            ("expected", self.expected),
            ("actual", self.actual),
            ("detail", self.detail),
        ):
            if text:
                found[key] = text
        return found


class PolicyTally(Struct):
    """The figures of one policy."""

    name: str
    side: str
    """`both`, `added` or `removed`."""
    old: Counter[ComplianceState] = field(default_factory=Counter)
    new: Counter[ComplianceState] = field(default_factory=Counter)
    turns: Counter[Turn] = field(default_factory=Counter)
    denied: int = 0
    """Resources that the new version refuses as they are."""
    newly_denied: int = 0
    could_deny: int = 0
    """Resources that it would refuse with the effect deny, where the version allows that effect."""

    def as_json(self) -> dict[str, Json]:
        """One entry of `policies`."""
        return {
            "policy": self.name,
            "side": self.side,
            "old": _counts(self.old),
            "new": _counts(self.new),
            "changes": {str(turn): self.turns[turn] for turn in Turn},
            "denied": self.denied,
            "newlyDenied": self.newly_denied,
            "deniedWithDeny": self.could_deny,
        }


class PolicyDiff(Struct, frozen=True):
    """What a new version of policies changes over an estate."""

    policies: tuple[PolicyTally, ...]
    changes: tuple[Change, ...]
    """The first ones, in the order of the estate."""
    total: int
    """How many changes there are."""
    resources: int

    @property
    def turns(self) -> Mapping[Turn, int]:
        """How many states change, and how."""
        return {turn: sum(one.turns[turn] for one in self.policies) for turn in Turn}

    @property
    def newly_denied(self) -> int:
        """How many pairs of policy and resource the new versions refuse, and the old ones did not."""
        return sum(one.newly_denied for one in self.policies)

    def as_json(self) -> dict[str, Json]:
        """The machine output of `policy diff`."""
        return {
            "schema": SCHEMA,
            "resources": self.resources,
            "counts": {str(turn): count for turn, count in self.turns.items()},
            "denied": sum(one.denied for one in self.policies),
            "newlyDenied": self.newly_denied,
            "deniedWithDeny": sum(one.could_deny for one in self.policies),
            "policies": [one.as_json() for one in self.policies],
            "changes": [change.as_json() for change in self.changes],
            "changesTotal": self.total,
        }


class Versions:
    """Old and new versions of policies, compiled."""

    __slots__ = ("_new", "_old", "_pairings")

    def __init__(
        self,
        pairings: Sequence[Pairing],
        *,
        aliases: AliasTable,
        now: str,
        parameters: Mapping[str, Json] | None = None,
        strict_aliases: bool = False,
    ) -> None:
        """`parameters` are values for both versions, each of which takes those that it declares; `now` is ISO 8601
        in UTC. Raises `InvalidInput` for what only the aliases show to be wrong."""
        self._pairings = tuple(pairings)
        given = parameters or {}
        self._old = _Side([one.old for one in pairings], given, aliases, now, strict=strict_aliases)
        self._new = _Side([one.new for one in pairings], given, aliases, now, strict=strict_aliases)

    @property
    def related_types(self) -> frozenset[str]:
        """Folded types of the resources beside the evaluated one that a policy needs."""
        return self._old.related_types | self._new.related_types

    def over(
        self, groups: Iterable[tuple[Iterable[Resource], Lookup]], *, most: int = MAX_LISTED
    ) -> PolicyDiff:
        """What changes over resources, each group with what finds related ones. At most `most` changes are listed,
        all are counted."""
        tallies = [PolicyTally(one.name, _side_of(one)) for one in self._pairings]
        changes: list[Change] = []
        total = resources = 0
        for members, lookup in groups:
            for resource in members:
                resources += 1
                before, after = self._old.states(resource, lookup), self._new.states(resource, lookup)
                for place in sorted({*before, *after}):
                    can_deny = self._new.can_deny[place]
                    change = _compared(
                        tallies[place], resource, before.get(place), after.get(place), can_deny=can_deny
                    )
                    if change is not None:
                        total += 1
                        if len(changes) < most:
                            changes.append(change)
        return PolicyDiff(tuple(tallies), tuple(changes), total, resources)


class _Side:
    """One version of all definitions, by their place among the pairings."""

    __slots__ = ("_places", "_set", "can_deny")

    def __init__(
        self,
        definitions: Sequence[PolicyDefinition | None],
        parameters: Mapping[str, Json],
        aliases: AliasTable,
        now: str,
        *,
        strict: bool,
    ) -> None:
        assigned: list[AssignedPolicy] = []
        self._places: dict[int, int] = {}
        self.can_deny = [False] * len(definitions)
        for place, definition in enumerate(definitions):
            if definition is not None:
                one = assigned_with(definition, parameters)
                self._places[id(one)] = place
                self.can_deny[place] = allows_deny(definition)
                assigned.append(one)
        self._set: PolicySet = compile_policies(assigned, aliases=aliases, now=now, strict_aliases=strict)

    @property
    def related_types(self) -> frozenset[str]:
        return self._set.related_types

    def states(self, resource: Resource, lookup: Lookup) -> dict[int, PolicyState]:
        """The states that the policies give, by place; those that do not apply give none."""
        return {self._places[id(state.assigned)]: state for state in self._set.run(resource, lookup)}


def assigned_with(definition: PolicyDefinition, parameters: Mapping[str, Json]) -> AssignedPolicy:
    """A definition with those of the values that it takes: it declares the parameter, and allows the value."""
    declared = definition.parameters
    own = {name: value for name, value in parameters.items() if takes_value(declared, name, value)}
    return replace(AssignedPolicy(definition), parameters=own)


def takes_value(declared: Mapping[str, PolicyParameter], name: str, value: Json) -> bool:
    """Whether a value can be given to a definition with these parameters."""
    parameter = get(declared, name)
    return parameter is not None and not parameter_faults({parameter.name: parameter}, {name: value})


def allows_deny(definition: PolicyDefinition) -> bool:
    """Whether an assignment can choose the effect deny."""
    return any(
        isinstance(value, str) and fold(value) == "deny"
        for parameter in definition.parameters.values()
        for value in parameter.allowed
    )


def _side_of(one: Pairing) -> str:
    return "added" if one.old is None else "removed" if one.new is None else "both"


def _compared(
    tally: PolicyTally,
    resource: Resource,
    old: PolicyState | None,
    new: PolicyState | None,
    *,
    can_deny: bool,
) -> Change | None:
    before, after = _state(old), _state(new)
    if old is not None:
        tally.old[before] += 1
    if new is not None:
        tally.new[after] += 1
    was_refused, refused = _is_denied(old), _is_denied(new)
    newly = refused and not was_refused
    tally.denied += refused
    tally.newly_denied += newly
    tally.could_deny += refused or (can_deny and after is ComplianceState.NON_COMPLIANT)
    if before is after and refused is was_refused:
        return None
    turn = Turn.DENIED if newly else Turn.RELEASED
    if before is not after:
        turn = _TURNS.get(after, Turn.OTHER)
    tally.turns[turn] += 1
    telling = new if new is not None and (new.path or new.detail or old is None) else old
    return Change(
        policy=tally.name,
        resource=resource,
        turn=turn,
        old=before,
        new=after,
        detail=telling.detail if telling else "",
        path=telling.path if telling else "",
        expected=telling.expected if telling else "",
        actual=telling.actual if telling else "",
        denied=newly,
    )


def _state(state: PolicyState | None) -> ComplianceState:
    return state.state if state is not None else ComplianceState.NOT_APPLICABLE


def _is_denied(state: PolicyState | None) -> bool:
    """Whether a request that writes the resource as it is would be refused."""
    return state is not None and state.state is ComplianceState.NON_COMPLIANT and fold(state.effect) == "deny"


def _counts(states: Counter[ComplianceState]) -> dict[str, Json]:
    return {str(state): states[state] for state in ComplianceState if states[state]}
