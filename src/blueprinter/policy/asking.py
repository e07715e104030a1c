"""What programs could not tell, asked of the interpreter for resource after resource of one estate.

Four things are not asked again: whether a rule holds of which its program knows that it does, what a rule says that
hangs on a few values which other resources have too, what is related of a type that the estate knows nothing of, and
whether there is what other resources beside it have looked for.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from blueprinter.arm import ExpressionError, Resource, id_within
from blueprinter.casing import same
from blueprinter.policy.batch import PolicySet, state_of
from blueprinter.policy.compiled import Key, Outcome, Recalls, Situation, Target, Varies, Verdict
from blueprinter.policy.context import EvaluationContext, LookupSurroundings, subscription_of
from blueprinter.policy.existence import (
    Search,
    is_one_for_all,
    is_the_same_for_all,
    not_collected,
    search_for,
)
from blueprinter.policy.judge import CompiledPolicy, Judgement, judge, judge_related
from blueprinter.policy.model import (
    AliasSource,
    ComplianceState,
    Index,
    Lookup,
    PolicyState,
    UnsupportedReason,
)
from blueprinter.policy.subject import Undecidable, policy_type

_MOST = 8_192
"""Judgements that are remembered."""


class Said(NamedTuple):
    """What the interpreter said of one policy on one resource."""

    policy: int
    """The place of the policy in its set."""
    state: ComplianceState
    reason: UnsupportedReason | None
    source: AliasSource
    whole: Judgement | PolicyState
    """All of it: see `Asking.state`."""

    @property
    def words(self) -> Hashable:
        """What all of it depends on beside the resource and its place; None = that is not known."""
        whole = self.whole
        return whole if isinstance(whole, Judgement) and whole.details is None else None


class Asking:
    """Asks the interpreter about resources of one estate, whose resource groups and subscriptions stay as they are."""

    def __init__(
        self, policies: PolicySet, lookup: Lookup, recalls: Recalls | None = None, *, worded: bool = True
    ) -> None:
        """Unless `worded` states do not say what decided. `recalls`: where programs look up what was said."""
        self._policies = policies
        self._lookup = lookup
        self._index = lookup if isinstance(lookup, Index) else None
        self._worded = worded
        self._places = {id(policy.assigned): place for place, policy in enumerate(policies.policies)}
        self._recalls = recalls or Recalls(worded=worded, conflicts=policies.may_conflict)
        self._known: dict[Key, Judgement] = {}
        """What rules said, by what they read; the oldest are dropped."""
        self._one_for_all: dict[int, bool] = {}
        """Whether the existence condition of a policy reads nothing of the evaluated resource."""
        self._same: dict[tuple[Search, str], bool] = {}
        """Whether all resources of a type that look for this find the same."""
        self._beside: dict[Key, Judgement] = {}
        """What was said of resources of a type that look for the same beside themselves."""
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
                found = self._related(outcome.policy, outcome.source, resource, surroundings)
            else:
                found = self._recalled(outcome.policy, resource, surroundings)
            if found is None:
                rest.append(policy)
            elif (state := _told(found)) is not None:
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
        place: int,
        source: AliasSource | None,
        resource: Resource,
        surroundings: LookupSurroundings,
    ) -> Judgement | None:
        """What a policy says whose rule holds; None = ask for all of it."""
        if source is None:
            if self._worded:
                return None
            source = AliasSource.NONE  # it is known not to be guessed, and nobody asks for more
        policy = self._policies.policies[place]
        context = self._policies.context(policy, resource, surroundings)
        shared = self._shared(place, context)
        key = (place, source, shared, resource.type, resource.api_version)
        if shared is not None and (known := self._beside.get(key)) is not None:
            return known
        found = judge_related(policy, context, self._lookup, source, worded=self._worded)
        # why there is none is told with details of the effect, which are each resource's own
        if shared is not None and found is not None and (not self._worded or not found.fires):
            if len(self._beside) >= _MOST:
                self._beside.clear()
            self._beside[key] = found
        return found

    def _shared(self, place: int, context: EvaluationContext) -> Search | None:
        """What a policy looks for, if others that look for it find the same."""
        existence = self._policies.policies[place].rule.existence
        if place not in self._one_for_all:
            self._one_for_all[place] = existence is not None and is_one_for_all(existence)
        if existence is None or not self._one_for_all[place]:
            return None
        try:
            search = search_for(existence, context)
        except (Undecidable, ExpressionError):
            return None
        resource = context.subject.resource
        key = (search, resource.type)
        if id_within(search.scope, resource.id):
            return None
        if key not in self._same:
            if len(self._same) >= _MOST:
                self._same.clear()
            self._same[key] = is_the_same_for_all(search, resource, self._lookup)
        return search if self._same[key] else None

    def _recalled(self, place: int, resource: Resource, surroundings: LookupSurroundings) -> Judgement | None:
        """What a policy says, which is remembered for resources that are alike; None = none are."""
        policies = self._policies
        policy = policies.policies[place]
        target = self._target(resource.type, resource.api_version)
        recall = self._recalls.of(place, policy, target)
        if recall is None:
            return None
        key = recall.key(resource, policies.aliases, strict=policies.strict_aliases)
        found = None if key is None else self._known.get(key)
        recall.met += 1
        if found is None:
            context = self._policies.context(policy, resource, surroundings)
            found = judge(policy, context, self._lookup, explain=False, worded=self._worded)
            recall.fresh += 1
            if key is not None:
                self._keep(key, found)
        if key is not None:
            recall.learn(key, Verdict(_told(found), found.reason, found.source))
        return found

    def _keep(self, key: Key, judgement: Judgement) -> None:
        if len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        self._known[key] = judgement


def _told(judgement: Judgement) -> ComplianceState | None:
    """The state that is told of a resource; None = the policy says nothing of it."""
    state = judgement.state
    return None if state is ComplianceState.NOT_APPLICABLE else state


def _place(said: Said) -> int:
    return said.policy
