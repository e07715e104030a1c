"""Many policies over many resources: a set of assigned policies, with an index that skips most pairs.

Scopes are resolved once a resource and scope, not once a pair; policies are found by the resource types that
their rules name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from blueprinter.arm import Resource, id_within
from blueprinter.casing import fold
from blueprinter.diagnostics import InvalidInput
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.applicability import expressions_of
from blueprinter.policy.context import LookupSurroundings
from blueprinter.policy.judge import CompiledPolicy, Judgement, compile_policy, context_for, judge
from blueprinter.policy.model import AssignedPolicy, ComplianceState, Lookup, PolicyState
from blueprinter.policy.subject import RESOURCE_GROUP, SUBSCRIPTION, Subject
from blueprinter.policy.syntax import Constant, Expression, calls_in, conditions_in, expressions_in

_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"


class PolicySet:
    """Assigned policies, compiled. Immutable but for caches; may be shared."""

    __slots__ = ("_aliases", "_all_states", "_by_type", "_now", "_policies", "_strict")

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

    @property
    def policies(self) -> tuple[CompiledPolicy, ...]:
        """The compiled policies, in the order in which they were assigned."""
        return self._policies

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
        policies = self._policies if self._all_states else self._of_type(type)
        surroundings = LookupSurroundings(resource, lookup)
        in_scope: dict[tuple[str, tuple[str, ...]], bool] = {}
        states: list[PolicyState] = []
        for policy in policies:
            assigned = policy.assigned
            scope = (assigned.scope, assigned.not_scopes)
            if scope not in in_scope:
                in_scope[scope] = is_in_scope(resource.id, *scope)
            if not in_scope[scope]:
                continue
            context = context_for(
                policy, resource, self._aliases, surroundings, now=self._now, strict=self._strict
            )
            found = judge(policy, context, lookup, explain=self._all_states)
            if found.state is None:
                continue
            if found.state is ComplianceState.NOT_APPLICABLE and not self._all_states:
                continue
            states.append(state_of(assigned, resource, found, found.state))
        return tuple(states)

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


def state_of(
    assigned: AssignedPolicy, resource: Resource, found: Judgement, state: ComplianceState
) -> PolicyState:
    """A judgement as a policy state."""
    leaf = found.leaf
    return PolicyState(
        assigned=assigned,
        resource=resource,
        state=state,
        effect=found.effect,
        reason=found.reason,
        detail=found.detail,
        path=leaf.path if leaf else "",
        expected=leaf.expected if leaf else "",
        actual=leaf.actual if leaf else "",
        alias_source=found.source,
        details=found.details,
    )


def is_in_scope(id: str, scope: str, not_scopes: tuple[str, ...]) -> bool:
    """Whether an assignment reaches a resource. A management group is taken to hold whatever is evaluated
    under it: which subscriptions it has is not to be seen from ids."""
    if scope and not fold(scope).startswith(_MANAGEMENT_GROUPS) and not id_within(id, scope):
        return False
    return not any(id_within(id, excluded) for excluded in not_scopes if excluded)


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
