"""What programs could not tell, asked of the interpreter for resource after resource of one estate.

Three things are not asked again: whether a rule holds of which its program knows that it does, what a rule says that
hangs on a few values which other resources have too, and what is related of a type that the estate knows nothing of.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from msgspec import Struct

from blueprinter.arm import ExpressionError, Resource
from blueprinter.casing import fold, same
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.applicability import expressions_of
from blueprinter.policy.batch import PolicySet, state_of
from blueprinter.policy.compiled import Outcome, Situation, Target, Varies, inputs_of
from blueprinter.policy.context import LookupSurroundings, group_of, subscription_of
from blueprinter.policy.effects import Family, family_of
from blueprinter.policy.existence import not_collected
from blueprinter.policy.fields import FieldKind, FieldName, read_field
from blueprinter.policy.judge import CompiledPolicy, Judgement, judge, judge_related
from blueprinter.policy.model import (
    AliasSource,
    ComplianceState,
    Index,
    Lookup,
    PolicyState,
    UnsupportedReason,
)
from blueprinter.policy.operators import Absent
from blueprinter.policy.subject import RESOURCE_GROUP, SUBSCRIPTION, Subject, Undecidable, policy_type
from blueprinter.policy.syntax import FieldCount, FieldLeft, called_in, conditions_in

_WITHOUT_DETAILS = frozenset({Family.PLAIN, Family.MODIFY, Family.APPEND, Family.DENY_ACTION})
"""Effects whose details have no part in the verdict, unless policies contradict each other."""
_CONTAINERS = frozenset({fold(RESOURCE_GROUP), fold(SUBSCRIPTION)})
_UNIQUE = frozenset({FieldKind.ID, FieldKind.NAME, FieldKind.FULL_NAME, FieldKind.TAGS})
"""Fields that hardly two resources have in common."""
_MOST_READERS = 4_096
_MOST = 8_192
"""Judgements that are remembered."""
_LONGEST = 256
_PATIENCE = 512
"""Resources after which a memory has to be of use."""


class _Reader(Struct, eq=False):
    """Finds all that a rule reads of a resource."""

    start: tuple[Hashable, ...]
    """What tells it from other rules, and from itself on other types where that matters."""
    names: tuple[FieldName, ...]
    group: bool
    """It asks for the resource group."""
    subscription: bool
    met: int = 0
    """How many resources were looked up."""
    fresh: int = 0
    """How many of them were none that was known."""

    @property
    def is_of_use(self) -> bool:
        return self.met < _PATIENCE or self.fresh * 2 < self.met

    def key(self, resource: Resource, aliases: AliasTable, *, strict: bool) -> Hashable:
        """What the rule reads of a resource: others with the same get the same judgement. None = more than can be
        compared."""
        subject = Subject(resource, aliases, strict=strict)
        key: list[Hashable] = [*self.start]
        length = 0
        for name in self.names:
            try:
                found = subject.look(name)
            except Undecidable:
                return None
            value = found.hits[0].value if len(found.hits) == 1 and not found.many else []
            if isinstance(value, str):
                length += len(value)
                key.append(value)
            elif isinstance(value, Absent):
                key.append(value)
            elif isinstance(value, (bool, int, float)):  # which are equal where they are not the same
                key.append((type(value), value))
            else:
                return None
        around = [
            find(resource.id)
            for find, wanted in ((group_of, self.group), (subscription_of, self.subscription))
            if wanted
        ]
        return (*key, *around) if length <= _LONGEST and all(around) else None


class Said(NamedTuple):
    """What the interpreter said of one policy on one resource."""

    policy: int
    """The place of the policy in its set."""
    state: ComplianceState
    reason: UnsupportedReason | None
    source: AliasSource
    whole: Judgement | PolicyState
    """All of it: see `Asking.state`."""


class Asking:
    """Asks the interpreter about resources of one estate, whose resource groups and subscriptions stay as they are."""

    def __init__(self, policies: PolicySet, lookup: Lookup, *, worded: bool = True) -> None:
        """Unless `worded` states do not say what decided."""
        self._policies = policies
        self._lookup = lookup
        self._index = lookup if isinstance(lookup, Index) else None
        self._worded = worded
        self._places = {id(policy.assigned): place for place, policy in enumerate(policies.policies)}
        self._readers: dict[tuple[int, str, str], _Reader | None] = {}
        self._known: dict[Hashable, Judgement] = {}
        """What rules said, by what they read; the oldest are dropped."""
        self._foreseen: dict[tuple[Outcome, str, str], Said | None] = {}

    def ask(self, outcomes: Sequence[Outcome], resource: Resource) -> list[Said]:
        """What the interpreter says of a resource where its program could not tell, in the order of the policies;
        nothing of those that do not apply. `PolicySet.run` would say the same."""
        everyone = self._policies.policies
        said: list[Said] = []
        rest: list[CompiledPolicy] = []
        surroundings = LookupSurroundings(resource, self._lookup)
        for outcome in outcomes:
            if outcome.state is not None:
                continue
            policy = everyone[outcome.policy]
            foreseen = self.foreseen(outcome, resource.type, resource.api_version)
            if foreseen is not None and (not self._worded or subscription_of(resource.id)):
                said.append(foreseen)
                continue
            if outcome.holds:
                found = self._related(policy, outcome.source, resource, surroundings)
            else:
                found = self._recalled(outcome.policy, resource, surroundings)
            if found is None:
                rest.append(policy)
            elif (state := found.state) is not None and state is not ComplianceState.NOT_APPLICABLE:
                said.append(Said(outcome.policy, state, found.reason, found.source, found))
        if rest:
            # together, for some may contradict each other
            for one in self._policies.judge(rest, resource, self._lookup, worded=self._worded):
                place = self._places[id(one.assigned)]
                said.append(Said(place, one.state, one.reason, one.alias_source, one))
            said.sort(key=_place)
        return said

    def foreseen(self, outcome: Outcome, type: str, api_version: str) -> Said | None:
        """What the interpreter would say of every resource of a type for which the program found out this: that a rule
        holds which looks for a resource of a type that the estate knows nothing of. None = it depends. Outside of all
        subscriptions it would use other words."""
        if not outcome.holds or self._index is None or (self._worded and outcome.source is None):
            return None
        key = (outcome, type, api_version)
        if key not in self._foreseen:
            self._foreseen[key] = self._silent(self._index, outcome, type, api_version)
        return self._foreseen[key]

    def _silent(self, index: Index, outcome: Outcome, type: str, api_version: str) -> Said | None:
        policy = self._policies.policies[outcome.policy]
        existence = policy.rule.existence
        if existence is None:
            return None
        situation = Situation(policy, self._target(type, api_version))
        try:
            operands = (existence.name, existence.resource_group, existence.existence_scope)
            wanted, *others = [
                None if one is None else situation.constant(one) for one in (existence.type, *operands)
            ]
        except (Varies, Undecidable, ExpressionError, RecursionError):
            return None
        if not (isinstance(wanted, str) and wanted) or not all(
            one is None or isinstance(one, str) for one in others
        ):
            return None
        silence = None if same(wanted, policy_type(type)) else index.silence(wanted)
        if silence is None:
            return None
        open_ = not_collected(wanted, silence)
        state, source = ComplianceState.UNSUPPORTED, outcome.source or AliasSource.NONE
        whole = Judgement(state, policy.effect or "", reason=open_.reason, detail=open_.detail, source=source)
        return Said(outcome.policy, state, open_.reason, source, whole)

    def _target(self, type: str, api_version: str) -> Target:
        policies = self._policies
        return Target(type, api_version, policies.aliases, policies.now, policies.strict_aliases)

    def state(self, said: Said, resource: Resource) -> PolicyState:
        """All that was said of a resource."""
        whole = said.whole
        if isinstance(whole, PolicyState):
            return whole
        return state_of(self._policies.policies[said.policy].assigned, resource, whole)

    def _related(
        self,
        policy: CompiledPolicy,
        source: AliasSource | None,
        resource: Resource,
        surroundings: LookupSurroundings,
    ) -> Judgement | None:
        """What a policy says whose rule holds; None = ask for all of it."""
        if source is None:
            if self._worded:
                return None
            source = AliasSource.NONE  # it is known not to be guessed, and nobody asks for more
        context = self._policies.context(policy, resource, surroundings)
        return judge_related(policy, context, self._lookup, source, worded=self._worded)

    def _recalled(self, place: int, resource: Resource, surroundings: LookupSurroundings) -> Judgement | None:
        """What a policy says, which is remembered for resources that are alike; None = none are."""
        slot = (place, resource.type, resource.api_version)
        if slot not in self._readers:
            if len(self._readers) >= _MOST_READERS:
                self._readers.clear()
            self._readers[slot] = self._reader(*slot)
        reader = self._readers[slot]
        if reader is None:
            return None
        policies = self._policies
        key = reader.key(resource, policies.aliases, strict=policies.strict_aliases)
        found = self._known.get(key)
        reader.met += 1
        if found is None:
            policy = policies.policies[place]
            context = self._policies.context(policy, resource, surroundings)
            found = judge(policy, context, self._lookup, explain=False, worded=self._worded)
            reader.fresh += 1
            if not reader.is_of_use:
                self._readers[slot] = None
            if key is not None:
                self._keep(key, found)
        return found

    def _keep(self, key: Hashable, judgement: Judgement) -> None:
        if len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        self._known[key] = judgement

    def _reader(self, place: int, type: str, api_version: str) -> _Reader | None:
        """What finds all that a policy reads of a type; None = that is not known beforehand, or too much."""
        policies = self._policies
        policy = policies.policies[place]
        if policy.effect is None or policy.assigned.resource_selectors:
            return None
        if policy.rule.has_details and not self._may_pass_over_details(policy.effect):
            return None
        called = frozenset[str]().union(*map(called_in, conditions_in(policy.rule.condition)))
        group, subscription = "resourcegroup" in called, "subscription" in called
        if (group or subscription) and fold(policy_type(type)) in _CONTAINERS:
            return None
        try:
            names = _read_by(policy, Situation(policy, self._target(type, api_version)))
        except (Varies, Undecidable, ExpressionError, RecursionError):
            return None
        if any(name.wildcards or name.kind in _UNIQUE for name in names):
            return None
        # an alias leads elsewhere in other types and versions, and may be guessed there
        varies = "requestcontext" in called or any(name.kind is FieldKind.ALIAS for name in names)
        start = (place, type, api_version) if varies else (place,)
        return _Reader(start, tuple(names), group, subscription)

    def _may_pass_over_details(self, effect: str) -> bool:
        """Whether nobody asks for what else an effect says, which may hang on more than the rule reads."""
        return not self._worded and not self._policies.may_conflict and family_of(effect) in _WITHOUT_DETAILS


def _place(said: Said) -> int:
    return said.policy


def _read_by(policy: CompiledPolicy, situation: Situation) -> list[FieldName]:
    """The fields that a rule may read. Raises `Varies` where that depends on the resource, or an array is counted."""
    found: dict[str, FieldName] = {}
    for compare in conditions_in(policy.rule.condition):
        names: list[FieldName] = []
        if isinstance(compare.left, FieldCount):
            raise Varies
        if isinstance(compare.left, FieldLeft):
            names.append(situation.field(compare.left.name))
        for function, argument in inputs_of(tuple(expressions_of(compare)), situation):
            # members of value counts, the only counts here, do not come from the resource
            if function == "field" and argument is not None:
                names.append(read_field(argument))
        for name in names:
            found.setdefault(name.folded, name)
    return list(found.values())
