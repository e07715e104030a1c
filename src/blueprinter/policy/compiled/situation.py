"""What generated code is made for: one policy, one resource type, one API version; and what is constant there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NoReturn

from msgspec import Struct

from blueprinter.arm import ExpressionError, Resource, Value
from blueprinter.casing import fold
from blueprinter.policy.aliases import AliasPath, AliasTable
from blueprinter.policy.compiled.runtime import Unsure
from blueprinter.policy.context import EvaluationContext
from blueprinter.policy.count import MAX_ITERATIONS
from blueprinter.policy.effort import MAX_STEPS, effort
from blueprinter.policy.fields import (
    ROOT_OBJECTS,
    FieldKind,
    FieldName,
    Path,
    Wildcard,
    prefixes,
    read_field,
    read_path,
)
from blueprinter.policy.judge import CompiledPolicy, context_for
from blueprinter.policy.model import AliasSource, UnsupportedReason
from blueprinter.policy.rows import resource_of
from blueprinter.policy.subject import Subject, Undecidable
from blueprinter.policy.syntax import (
    Compare,
    Condition,
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    Not,
    Operand,
    ValueCount,
    evaluate_operand,
    parameter_of,
)

MOST_MEMBERS = 5_000
"""How many members generated code looks at for one comparison; for more the interpreter is asked."""


class Varies(Exception):
    """The value asked for depends on the resource."""


class Nowhere:
    """Surroundings that generated code does not have: what needs them goes to the interpreter."""

    def resource_group(self) -> NoReturn:
        raise Unsure

    def subscription(self) -> NoReturn:
        raise Unsure


class Constants:
    """A policy context that knows what is the same for every resource of one type and API version."""

    __slots__ = ("_context",)

    def __init__(self, context: EvaluationContext) -> None:
        self._context = context

    def parameter(self, name: str) -> Value:
        return self._context.parameter(name)

    def policy(self) -> Mapping[str, Value]:
        return self._context.policy()

    def request_context(self) -> Mapping[str, Value]:
        return self._context.request_context()

    def utc_now(self) -> str:
        return self._context.utc_now()

    def field(self, name: str) -> NoReturn:
        raise Varies

    def current(self, name: str | None) -> NoReturn:
        raise Varies

    def resource_group(self) -> NoReturn:
        raise Varies

    def subscription(self) -> NoReturn:
        raise Varies

    def spend(self, work: int) -> NoReturn:
        """What is costly is worked out, and counted, for each resource."""
        raise Varies


class Target(Struct, frozen=True):
    """A resource type as rows spell it, and the API version that is known of them."""

    type: str
    api_version: str
    aliases: AliasTable
    now: str
    strict: bool

    def resource(self, row: Mapping[str, Value]) -> Resource:
        return resource_of(row, api_version=self.api_version)

    def context(self, policy: CompiledPolicy, row: Mapping[str, Value]) -> EvaluationContext:
        """What the interpreter would evaluate the policy with, but for what surrounds the resource."""
        return context_for(
            policy, self.resource(row), self.aliases, Nowhere(), now=self.now, strict=self.strict
        )

    @property
    def subject(self) -> Subject:
        """A resource of this type about which nothing else is known."""
        return Subject(Resource("", self.type, "", {}, api_version=self.api_version), self.aliases)


class Situation:
    """One policy on one target."""

    __slots__ = ("_weight", "constants", "policy", "target", "type")

    def __init__(self, policy: CompiledPolicy, target: Target) -> None:
        self.policy = policy
        self.target = target
        subject = target.subject
        self.type: str = subject.type
        self.constants = Constants(target.context(policy, {"id": "", "type": target.type}))
        self._weight: Weight | None = None

    @property
    def comparisons(self) -> int:
        """How many comparisons the rule has."""
        return max(len(self.policy.rule.compares), 1)

    @property
    def is_heavy(self) -> bool:
        """The steps that the rule takes whatever the resource holds may come near the limit of a rule."""
        return not _is_light(self.policy) and self.weight.fixed > MAX_STEPS // 4

    @property
    def weight(self) -> Weight:
        """How much work the rule is; worked out when somebody asks, which few rules make anybody do."""
        if self._weight is None:
            self._weight = weigh(self.policy.rule.condition, self)
        return self._weight

    def constant(self, operand: Operand) -> Value:
        """The value of an operand that is the same for every resource. Raises `Varies`, and whatever evaluating it
        raises."""
        if isinstance(operand, Constant):
            return operand.value
        return evaluate_operand(operand, self.constants)

    def field(self, name: FieldName | Expression) -> FieldName:
        """The field of a condition. Raises `Varies` where an expression over the resource chooses it."""
        if isinstance(name, FieldName):
            return name
        text = self.constant(name)
        if not isinstance(text, str):
            raise ExpressionError("no name")
        return read_field(text)

    def alias(self, name: FieldName) -> AliasPath | None:
        return self.target.aliases.resolve(self.type, name.text, self.target.api_version)

    def path(self, name: FieldName) -> Path | None:
        """Where a field is read that is nothing but a place in the resource; None for an alias that this type does
        not have. Raises `Varies` for fields that are more than that."""
        if name.kind is FieldKind.ALIAS:
            found = self.alias(name)
            if found is None:
                return None
            if found.source is AliasSource.GUESSED and self.target.strict:
                raise Undecidable(UnsupportedReason.GUESSED_ALIAS, f"the alias `{name.text}` is in no table")
            return found.steps
        if name.wildcards:
            return read_path(name.text)
        if name.kind is FieldKind.TAG:
            return ("tags", name.tag)
        if name.kind in ROOT_OBJECTS:
            return read_path(name.text)
        if name.kind in (FieldKind.KIND, FieldKind.LOCATION, FieldKind.TAGS, FieldKind.ID):
            return (name.kind.value,)
        raise Varies

    def is_guess(self, name: FieldName) -> bool:
        """Whether reading a field rests on a guessed alias."""
        if name.kind is not FieldKind.ALIAS:
            return False
        found = self.alias(name)
        return found is not None and found.source is AliasSource.GUESSED

    def is_alias(self, name: FieldName) -> bool:
        """Whether reading a field goes through an alias that this type has."""
        return name.kind is FieldKind.ALIAS and self.alias(name) is not None


class Weight(Struct):
    """How much work a rule is, as the interpreter counts it."""

    fixed: int = 0
    """Steps whatever the resource holds."""
    each: int = 0
    """Steps for each combination of members of arrays that stand inside each other."""
    depth: int = 0
    """How many arrays stand inside each other at most."""


@lru_cache(maxsize=1_024)
def _is_light(policy: CompiledPolicy) -> bool:
    """Whether what a rule compares with is plain and of usual size, for any type: then it takes no steps by itself."""
    for compare in policy.rule.compares:
        if isinstance(compare.left, ValueCount):
            return False
        right = compare.right
        value = (
            right.value if isinstance(right, Constant) else policy.parameters.get(fold(parameter_of(right)))
        )
        if value is None or effort(compare.operator, "", value):
            return False
    return True


def weigh(condition: Condition, situation: Situation) -> Weight:
    """The weight of a condition; value counts of what varies are as long as they may be."""
    weight = Weight()
    _weigh(condition, situation, (), 0, 1, weight)
    return weight


def _weigh(
    condition: Condition,
    situation: Situation,
    around: tuple[str, ...],
    depth: int,
    times: int,
    weight: Weight,
) -> None:
    """Adds what a condition weighs inside counts of the folded aliases `around`, over so many arrays, and inside value
    counts of so many members."""
    if not isinstance(condition, Compare):
        members = (condition.member,) if isinstance(condition, Not) else condition.members
        for member in members:
            _weigh(member, situation, around, depth, times, weight)
        return
    left = condition.left
    steps = times * operand_steps(condition, situation)
    if isinstance(left, FieldCount):
        depth += max(_free(left.field, situation, around), 1)
        steps = times
    elif isinstance(left, ValueCount):
        times = min(times * _members_of(left, situation), MAX_ITERATIONS)
        steps = times
    else:
        name = left.name if isinstance(left, FieldLeft) else None
        if isinstance(name, FieldName):
            depth += _free(name, situation, around)
        elif name is not None:
            depth += 1
        if depth or times > 1:
            steps += times
    if depth:
        weight.each += steps
    else:
        weight.fixed += steps
    weight.depth = max(weight.depth, depth)
    if isinstance(left, (FieldCount, ValueCount)) and left.where is not None:
        inside = (*around, left.field.folded) if isinstance(left, FieldCount) else around
        _weigh(left.where, situation, inside, depth, times, weight)


def _members_of(left: ValueCount, situation: Situation) -> int:
    """How many values a value count looks at, at most."""
    try:
        values = situation.constant(left.value)
    except (Varies, ExpressionError, Undecidable, RecursionError):
        return MAX_ITERATIONS
    return min(max(len(values), 1), MAX_ITERATIONS) if isinstance(values, list) else 1


def operand_steps(compare: Compare, situation: Situation) -> int:
    """The steps that the operand of a comparison adds, whatever it is compared with."""
    try:
        return effort(compare.operator, "", situation.constant(compare.right))
    except (Varies, ExpressionError, Undecidable, RecursionError):
        return 0


def _free(name: FieldName, situation: Situation, around: tuple[str, ...]) -> int:
    """How many arrays a field goes through beyond those that the counts around it bind."""
    hidden = 0
    if name.kind is FieldKind.ALIAS:
        found = situation.alias(name)
        hidden = sum(isinstance(step, Wildcard) for step in found.steps) if found is not None else 0
    own = list(prefixes(name.text))
    bound = max(
        (prefix.count("[*]") for prefix in own for one in around if one.startswith(prefix)), default=0
    )
    return max(name.wildcards, hidden) - bound
