"""Many policies over many resources: a set of assigned policies, with an index that skips most pairs.

Scopes are resolved once a resource and scope, not once a pair; policies are found by the resource types that
their rules name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from blueprinter.arm import Resource
from blueprinter.casing import fold, same
from blueprinter.diagnostics import InvalidInput
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.applicability import expressions_of
from blueprinter.policy.conflicts import with_conflicts
from blueprinter.policy.context import EvaluationContext, LookupSurroundings, Surroundings
from blueprinter.policy.effects import Family, family_of
from blueprinter.policy.judge import CompiledPolicy, Judgement, compile_policy, context_for, judge
from blueprinter.policy.model import (
    AssignedPolicy,
    ComplianceState,
    Lookup,
    PolicyState,
    UnsupportedReason,
)
from blueprinter.policy.reach import Reach, reach_of
from blueprinter.policy.subject import RESOURCE_GROUP, SUBSCRIPTION, Subject
from blueprinter.policy.syntax import Constant, Expression, calls_in, conditions_in, expressions_in


class PolicySet:
    """Assigned policies, compiled. Immutable but for caches; may be shared."""

    __slots__ = ("_aliases", "_all_states", "_by_type", "_now", "_policies", "_strict", "_writers")

    def __init__(
        self,
        policies: Sequence[CompiledPolicy],
        *,
        aliases: AliasTable,
        now: str,
        strict_aliases: bool,
        all_states: bool,
    ) -> None:
        self._policies = tuple(policies)
        self._aliases = aliases
        self._now = now
        self._strict = strict_aliases
        self._all_states = all_states
        self._by_type: dict[str, tuple[CompiledPolicy, ...]] = {}
        self._writers = sum(
            policy.rule.modify is not None or policy.rule.append is not None for policy in policies
        )

    @property
    def policies(self) -> tuple[CompiledPolicy, ...]:
        """The compiled policies, in the order in which they were assigned."""
        return self._policies

    @property
    def aliases(self) -> AliasTable:
        """The aliases that the policies are read with."""
        return self._aliases

    @property
    def now(self) -> str:
        """The clock of the run."""
        return self._now

    @property
    def strict_aliases(self) -> bool:
        """Whether what rests on a guessed alias is unsupported."""
        return self._strict

    @property
    def all_states(self) -> bool:
        """Whether policies that do not apply give a state too."""
        return self._all_states

    @property
    def may_conflict(self) -> bool:
        """Whether several policies would write to resources, so that they may contradict each other."""
        return self._writers > 1

    @property
    def related_types(self) -> frozenset[str]:
        """Folded types that existence lookups, `resourceGroup()` and `subscription()` need."""
        found: set[str] = set()
        for policy in self._policies:
            found.update(related_types_of(policy))
        return frozenset(found)

    @property
    def types(self) -> frozenset[str] | None:
        """Folded types that at least one rule names; None when a rule is about every type."""
        if any(policy.guard.any or policy.guard.patterns for policy in self._policies):
            return None
        return frozenset().union(*(policy.guard.types for policy in self._policies))

    def run(self, resource: Resource, lookup: Lookup) -> tuple[PolicyState, ...]:
        """One state for every assigned policy whose scope holds the resource, in the order of assignment.

        Policies that are switched off or static give none; those that do not apply give one only where all
        states were asked for.
        """
        type = fold(Subject(resource, self._aliases).type)
        return self.judge(self._policies if self._all_states else self._of_type(type), resource, lookup)

    def judge(
        self, policies: Sequence[CompiledPolicy], resource: Resource, lookup: Lookup, *, worded: bool = True
    ) -> tuple[PolicyState, ...]:
        """The states that some of the policies give, as `run` would; unless `worded` without what decided."""
        surroundings = LookupSurroundings(resource, lookup)
        reached: dict[tuple[object, ...], Reach] = {}
        states: list[PolicyState] = []
        for policy in policies:
            assigned = policy.assigned
            limits = (assigned.scope, assigned.not_scopes, assigned.resource_selectors)
            reach = reached.get(limits)
            if reach is None:
                reach = reached[limits] = reach_of(assigned, resource)
            if reach is Reach.OUT:
                continue
            if reach in (Reach.EXCLUDED, Reach.NOT_SELECTED):
                if self._all_states and acts(policy):
                    states.append(left_out(assigned, resource, str(reach)))
                continue
            context = self.context(policy, resource, surroundings)
            found = judge(policy, context, lookup, explain=self._all_states, worded=worded)
            if found.state is None:
                continue
            if found.state is ComplianceState.NOT_APPLICABLE and not self._all_states:
                continue
            if reach is Reach.UNKNOWN and found.state is not ComplianceState.NOT_APPLICABLE:
                found = Judgement(
                    ComplianceState.UNSUPPORTED,
                    found.effect,
                    reason=UnsupportedReason.RUNTIME_VALUE,
                    detail=str(reach),
                )
            states.append(state_of(assigned, resource, found))
        return with_conflicts(states) if self.may_conflict else tuple(states)

    def context(
        self, policy: CompiledPolicy, resource: Resource, surroundings: Surroundings
    ) -> EvaluationContext:
        """What one of the policies is evaluated with on a resource."""
        return context_for(policy, resource, self._aliases, surroundings, now=self._now, strict=self._strict)

    def _of_type(self, type: str) -> tuple[CompiledPolicy, ...]:
        if type not in self._by_type:
            self._by_type[type] = tuple(policy for policy in self._policies if policy.guard.lets(type))
        return self._by_type[type]


def compile_policies(
    assigned: Sequence[AssignedPolicy],
    *,
    aliases: AliasTable,
    now: str,
    strict_aliases: bool = False,
    all_states: bool = False,
) -> PolicySet:
    """A set of policies ready to judge resources. `now` is the clock of the run, ISO 8601 in UTC.

    With `strict_aliases` what rests on a guessed alias is unsupported; with `all_states` policies that do not
    apply give the state NotApplicable, and compliant ones say what decided. Raises `InvalidInput` for what only
    the aliases show (BP315).
    """
    compiled = [compile_policy(one, aliases) for one in assigned]
    faults = [fault for _, found in compiled for fault in found]
    if faults:
        raise InvalidInput(faults)
    return PolicySet(
        [policy for policy, _ in compiled],
        aliases=aliases,
        now=now,
        strict_aliases=strict_aliases,
        all_states=all_states,
    )


def acts(policy: CompiledPolicy) -> bool:
    """Whether a policy judges anything at all: it is neither switched off nor one of Microsoft's own controls."""
    if same(policy.assigned.definition.policy_type, "Static"):
        return False
    return policy.effect is None or family_of(policy.effect) is not Family.DISABLED


def left_out(assigned: AssignedPolicy, resource: Resource, why: str) -> PolicyState:
    """The state of a resource that the assignment leaves out."""
    return PolicyState(assigned, resource, ComplianceState.NOT_APPLICABLE, detail=why)


def state_of(assigned: AssignedPolicy, resource: Resource, found: Judgement) -> PolicyState:
    """A judgement, which gave a state, as a policy state. What the assignment says of resources that do not comply
    stands before what else there is to say."""
    leaf = found.leaf
    state = found.state or ComplianceState.NOT_APPLICABLE
    said = assigned.message if state is ComplianceState.NON_COMPLIANT else ""
    return PolicyState(
        assigned=assigned,
        resource=resource,
        state=state,
        effect=found.effect,
        reason=found.reason,
        detail="; ".join(text for text in (said, found.detail) if text),
        path=leaf.path if leaf else "",
        expected=leaf.expected if leaf else "",
        actual=leaf.actual if leaf else "",
        alias_source=found.source,
        details=found.details,
    )


def related_types_of(policy: CompiledPolicy) -> frozenset[str]:
    """Folded types of the resources beside the evaluated one that a policy needs."""
    rule = policy.rule
    found: set[str] = set()
    expressions: list[Expression] = []
    conditions = [rule.condition]
    if rule.existence is not None:
        existence = rule.existence
        if isinstance(existence.type, Constant):
            found.add(fold(str(existence.type.value)))
        elif isinstance(existence.type, Expression):
            found.update(_named_type(existence.type, policy.parameters))
        if existence.condition is not None:
            conditions.append(existence.condition)
        for operand in (existence.name, existence.resource_group, existence.existence_scope):
            expressions.extend(expressions_in(operand))
    for condition in conditions:
        for compare in conditions_in(condition):
            expressions.extend(expressions_of(compare))
    called = {fold(call.name) for expression in expressions for call in calls_in(expression.node)}
    if "resourcegroup" in called:
        found.add(fold(RESOURCE_GROUP))
    if "subscription" in called:
        found.add(fold(SUBSCRIPTION))
    return frozenset(found)


def _named_type(expression: Expression, parameters: Mapping[str, object]) -> set[str]:
    """The type that a plain `[parameters('x')]` gives."""
    for call in calls_in(expression.node):
        name = getattr(call.arguments[0], "value", None) if call.arguments else None
        value = (
            parameters.get(fold(name)) if fold(call.name) == "parameters" and isinstance(name, str) else None
        )
        if isinstance(value, str):
            return {fold(value)}
    return set()
