"""Why a rule held: the comparison that decided it, found without evaluating the rule once more.

The interpreter says which comparison decides (`Evaluator.deciding`) and words it (`Evaluator.leaf`). Here the way to
that comparison is worked out once a policy, as code that gives a key: all that the wording depends on. Rows with equal
keys get equal words, so few are ever worded.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Mapping, Sequence
from enum import Enum
from typing import Any, Protocol

from msgspec import Struct

from blueprinter.arm import ExpressionError, Value
from blueprinter.policy.compiled.arrays import FirstCounted
from blueprinter.policy.compiled.calculations import inputs_of
from blueprinter.policy.compiled.code import (
    call,
    choose,
    constant,
    either,
    has_type,
    let,
    load,
    opposite,
    same,
    together,
)
from blueprinter.policy.compiled.conditions import Conditions
from blueprinter.policy.compiled.runtime import Unsure, give_up, reader
from blueprinter.policy.compiled.situation import Situation, Varies
from blueprinter.policy.compiled.writer import Scope
from blueprinter.policy.count import Counted
from blueprinter.policy.fields import FieldKind, Path, Wildcard
from blueprinter.policy.interpret import Evaluator, Leaf, weight_of
from blueprinter.policy.operators import shown
from blueprinter.policy.subject import Frame, Undecidable
from blueprinter.policy.syntax import (
    AllOf,
    Compare,
    Condition,
    FieldCount,
    FieldLeft,
    Not,
    ValueLeft,
)
from blueprinter.policy.wording import member_name, short

Row = Mapping[str, Value]
Told = tuple[Hashable, str]
"""What `actual` says, behind what all the rest of a leaf depends on: a number of leaves that is known beforehand."""


class Explain(Protocol):
    """The words for a row with a key."""

    def __call__(self, row: Row, key: Any) -> Leaf | None: ...

    def told(self, key: Any) -> Told | None:
        """What the leaf of a key tells, where it is a text of the resource; None = it is not known so quickly."""
        ...


_MOST = 4_096
_LONGEST = 128


class Untold(Enum):
    """What stands in place of a key that only the interpreter could tell."""

    UNTOLD = "untold"


UNTOLD = Untold.UNTOLD


class Reason:
    """Why the rule of a policy holds for rows of one type, where it does."""

    __slots__ = ("_explain", "_known", "_place", "_telling")

    def __init__(self, place: int, explain: Explain) -> None:
        """`place`: where codes hold its key."""
        self._place = place
        self._explain = explain
        self._known: dict[Hashable, Leaf | None] = {}
        self._telling: dict[Hashable, Leaf] = {}
        """Leaves by the first part of what they tell."""

    def told(self, key: Hashable) -> Told | None:
        """See `Explain`."""
        return self._explain.told(key)

    def key(self, code: Sequence[Any]) -> Hashable:
        """What the leaf of a row with this code depends on; rows with equal keys have equal leaves. Raises `Unsure`
        where only the interpreter can tell."""
        key: Hashable = code[self._place]
        if key is UNTOLD:
            raise Unsure
        return key

    def leaf(self, row: Row, key: Hashable) -> Leaf | None:
        """The deciding comparison of a row with this key; None = the interpreter says nothing. Raises one of `FAULTS`
        where only the interpreter can tell."""
        if key in self._known:
            return self._known[key]
        told = self._explain.told(key)
        if told is not None and (like := self._telling.get(told[0])) is not None:
            return Leaf(like.path, like.expected, told[1], like.weight)
        leaf = self._explain(row, key)
        if told is not None and leaf is not None and leaf.actual == told[1]:
            self._telling[told[0]] = leaf
            return leaf
        if len(self._known) < _MOST and weight_of_key(key) <= _LONGEST:
            self._known[key] = leaf
        return leaf


def weight_of_key(key: Hashable) -> int:
    """How many characters of text a key holds."""
    if isinstance(key, str):
        return len(key)
    return sum(map(weight_of_key, key)) if isinstance(key, tuple) else 0


class Plan(Struct, frozen=True, eq=False):
    """The code of a key, what words it, and how much that will say, where it is known beforehand."""

    key: ast.expr
    explain: Explain
    weight: int | None


def plan_reasons(situation: Situation, scope: Scope) -> Plan:
    """How to name what decided, in a function over rows for which the rule of the policy holds. Raises `TooDeep`."""
    return _Planner(situation, scope).of(situation.policy.rule.condition, truth=True, wanted=False)


class _Planner:
    def __init__(self, situation: Situation, scope: Scope) -> None:
        self._situation = situation
        self._names = scope.writer.names
        self._conditions = Conditions(situation, scope)

    def of(self, condition: Condition, *, truth: bool, wanted: bool) -> Plan:
        """What decides a condition of which is known whether it is true."""
        if isinstance(condition, Compare):
            key, explain = self._comparison(condition, wanted=wanted)
            return Plan(key, explain, self._weight(condition))
        if isinstance(condition, Not):
            return self.of(condition.member, truth=not truth, wanted=not wanted)
        decisive = not isinstance(condition, AllOf)
        if truth is decisive:
            return self._first(condition.members, truth=truth, wanted=wanted)
        return self._best([self.of(member, truth=truth, wanted=wanted) for member in condition.members])

    def _weight(self, condition: Compare) -> int | None:
        left = condition.left
        if not isinstance(left, FieldLeft):
            return weight_of(left)
        try:
            return weight_of(left, self._situation.field(left.name).kind)
        except (Varies, Undecidable, ExpressionError, RecursionError):
            return None

    def _first(self, members: Sequence[Condition], *, truth: bool, wanted: bool) -> Plan:
        """The first member that decides."""
        plans: list[Plan] = []
        tests: list[ast.expr] = []
        for member in members:
            found = self._conditions.truth(member)
            if found.code is None and found.constant is not truth:
                continue
            plans.append(self.of(member, truth=truth, wanted=wanted))
            if found.code is None:
                break
            tests.append(found.code if truth else opposite(found.code))
        if len(plans) == 1:
            return plans[0]
        keys = [together([constant(place), plan.key]) for place, plan in enumerate(plans)]
        # the last one decides when none before it does
        chosen = keys.pop() if keys else self._unknown()
        for test, key in reversed(list(zip(tests, keys, strict=False))):
            chosen = choose(test, key, chosen)
        weights = {plan.weight for plan in plans}
        explain = _First([plan.explain for plan in plans])
        return Plan(chosen, explain, weights.pop() if len(weights) == 1 else None)

    def _best(self, plans: Sequence[Plan]) -> Plan:
        """Of conditions that hold together the one that says most; which it is is often known beforehand."""
        weights = [plan.weight for plan in plans if plan.weight is not None]
        if not plans or len(weights) < len(plans):
            key = together([plan.key for plan in plans])
            return Plan(key, _Best([plan.explain for plan in plans]), None)
        most = max(weights)
        return next(plan for plan in reversed(plans) if plan.weight == most)

    # ------------------------------------------------------------ comparisons

    def _comparison(self, condition: Compare, *, wanted: bool) -> tuple[ast.expr, Explain]:
        asked = _Interpreted(self._situation, condition, wanted=wanted)
        explain: Explain = asked
        try:
            if isinstance(condition.left, FieldCount):
                return self._count(condition, condition.left, asked)
            values = self._values(condition)
            if isinstance(condition.left, FieldLeft) and self._is_constant(condition):
                explain = _OfField(asked)
        except (Varies, Undecidable, ExpressionError, RecursionError):
            values = None
        if values is None:
            return self._unknown(), asked
        keys = [self._typed(value) for value in values]
        return keys[0] if len(keys) == 1 else together(keys), explain

    def _count(self, condition: Compare, left: FieldCount, asked: _Interpreted) -> tuple[ast.expr, Explain]:
        found = self._conditions.arrays.first_counted(left)
        fixed = self._is_constant(condition) and self._conditions.is_constant_phrase(left)
        if found is None or not fixed:
            return self._unknown(), asked
        return call(self._names.name_of(_key_of_count, "counted"), found.code), _ByCount(asked, found)

    def _unknown(self) -> ast.expr:
        return call(self._names.name_of(give_up, "give_up"))

    def _typed(self, value: ast.expr) -> ast.expr:
        """A value as part of a key."""
        name = value.id if isinstance(value, ast.Name) else self._names.fresh("part")
        first = value if isinstance(value, ast.Name) else let(name, value)
        plain = [has_type(first, "str"), *(same(load(name), constant(one)) for one in (None, True, False))]
        return choose(
            either(plain), load(name), call(self._names.name_of(_number_of_key, "number"), load(name))
        )

    def _is_constant(self, condition: Compare) -> bool:
        try:
            self._situation.constant(condition.right)
        except (Varies, Undecidable, ExpressionError, RecursionError):
            return False
        return True

    def _values(self, condition: Compare) -> list[ast.expr] | None:
        """All that the words for a comparison depend on; None = more than values."""
        left = condition.left
        operands = [condition.right]
        values: list[ast.expr] = []
        if isinstance(left, FieldLeft):
            name = self._situation.field(left.name)
            if name.kind is FieldKind.TYPE:
                values.append(load(self._conditions.plain_value(("type",))))
            else:
                path = self._situation.path(name)
                if name.wildcards or (path is not None and any(isinstance(step, Wildcard) for step in path)):
                    return None
                if path is not None:
                    values.append(load(self._conditions.plain_value(path)))
        elif isinstance(left, ValueLeft):
            operands.append(left.value)
        else:
            return None
        return [*values, *self._conditions.inputs(inputs_of(operands, self._situation))]


class _Interpreted(Struct, frozen=True, eq=False):
    """A comparison as the interpreter words it."""

    situation: Situation
    condition: Compare
    wanted: bool

    def __call__(self, row: Row, key: object) -> Leaf | None:
        context = self.situation.target.context(self.situation.policy, row)
        return Evaluator(context).leaf(self.condition, wanted=self.wanted)

    def told(self, key: object) -> Told | None:
        return None


class _OfField:
    """A comparison of one field, whose value is the key, with what is the same for all resources."""

    __slots__ = ("_asked",)

    def __init__(self, asked: _Interpreted) -> None:
        self._asked = asked

    def __call__(self, row: Row, key: object) -> Leaf | None:
        return self._asked(row, key)

    def told(self, key: object) -> Told | None:
        return ((), short(shown(key))) if type(key) is str else None


def _number_of_key(value: object) -> tuple[object, object]:
    """A number as part of a key: Python takes 1, 1.0 and true for one key, which have different words."""
    if type(value) in (int, float):
        return type(value), value
    raise Unsure


def _key_of_count(found: tuple[int, tuple[Any, ...] | None]) -> tuple[int, tuple[int, ...] | None, str]:
    """How many members count, and where the first one stands and what it is called; None = there is none."""
    number, first = found
    return (number, None, "") if first is None else (number, first[:-1], member_name(first[-1]))


class _ByCount:
    """A count whose words depend on the number and on the first member that counts."""

    __slots__ = ("_asked", "_found")

    def __init__(self, asked: _Interpreted, found: FirstCounted) -> None:
        self._asked = asked
        self._found = found

    def __call__(self, row: Row, key: tuple[int, tuple[int, ...] | None, str]) -> Leaf | None:
        number, indexes, _ = key
        asked = self._asked
        left = asked.condition.left
        if not isinstance(left, FieldCount):
            raise Unsure
        situation = asked.situation
        context = situation.target.context(situation.policy, row)
        path: Path = ()
        frame = None
        member: Value = None
        if indexes is not None:
            path = _path(self._found.steps, indexes)
            member = reader(_steps(path))(row)  # type: ignore[assignment] # a JSON value
            if left.where is not None:
                steps = self._found.steps
                frame = Frame(None, context.subject, self._found.names, indexes, member, steps=steps)
        counted = Counted(number, number, path, None, frame, member)
        right = situation.constant(asked.condition.right)
        evaluator = Evaluator(context)
        return evaluator.leaf_of_counted(asked.condition.operator, left, right, counted, wanted=asked.wanted)

    def told(self, key: object) -> Told | None:
        return None


def _path(steps: Path, indexes: tuple[int, ...]) -> Path:
    """A path with its `[*]` replaced by places."""
    places = iter(indexes)
    return tuple(next(places) if isinstance(step, Wildcard) else step for step in steps)


def _steps(path: Path) -> tuple[str | int, ...]:
    return tuple(step for step in path if not isinstance(step, Wildcard))


class _First:
    """The first member that decides: its place and its key are the key."""

    __slots__ = ("_members",)

    def __init__(self, members: Sequence[Explain]) -> None:
        self._members = tuple(members)

    def __call__(self, row: Row, key: tuple[int, Any]) -> Leaf | None:
        return self._members[key[0]](row, key[1])

    def told(self, key: tuple[int, Any]) -> Told | None:
        found = self._members[key[0]].told(key[1])
        return None if found is None else ((key[0], found[0]), found[1])


class _Best:
    """The member that says most, the last of several; the keys of all members are the key."""

    __slots__ = ("_members",)

    def __init__(self, members: Sequence[Explain]) -> None:
        self._members = tuple(members)

    def __call__(self, row: Row, key: tuple[Any, ...]) -> Leaf | None:
        best: Leaf | None = None
        for member, own in zip(self._members, key, strict=True):
            leaf = member(row, own)
            if leaf is not None and (best is None or leaf.weight >= best.weight):
                best = leaf
        return best

    def told(self, key: object) -> Told | None:
        return None
