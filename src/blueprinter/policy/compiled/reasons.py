"""Why a rule held: the comparison that decided it, found without evaluating the rule once more.

The interpreter says which comparison decides (`Evaluator.deciding`) and words it (`Evaluator.leaf`). Here the way to
that comparison is worked out once a policy, and what is said of a value is remembered, since the same few values stand
in many rows.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blueprinter.arm import ExpressionError, Value
from blueprinter.policy.compiled.assembly import assemble
from blueprinter.policy.compiled.calculations import inputs_of
from blueprinter.policy.compiled.code import choose, constant, function, give, load, opposite, together
from blueprinter.policy.compiled.conditions import Conditions, FirstCounted, Scope, TooDeep, Writer
from blueprinter.policy.compiled.loads import ROW
from blueprinter.policy.compiled.runtime import Unsure, reader
from blueprinter.policy.compiled.situation import Situation, Varies
from blueprinter.policy.count import Counted
from blueprinter.policy.fields import FieldKind, Path, Wildcard
from blueprinter.policy.interpret import Evaluator, Leaf, weight_of
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
from blueprinter.policy.wording import member_name

Row = Mapping[str, Value]
Explain = Callable[[Row], Leaf | None]


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What explains a condition, and how much it will say, where that is known beforehand."""

    explain: Explain
    weight: int | None


_MOST = 4_096
_LONGEST = 128
_ALIKE = frozenset({str, int, float, bool, type(None)})


def write_reasons(situation: Situation) -> Explain:
    """A function that names what decided, for rows for which the rule of the policy holds.

    It raises one of `FAULTS`, or gives None, where only the interpreter can tell.
    """
    try:
        plan = _Planner(situation)
        explain = plan.of(situation.policy.rule.condition, truth=True, wanted=False).explain
        plan.finish()
    except (TooDeep, RecursionError):
        return _not_known
    return explain


def _not_known(row: Row) -> Leaf | None:
    return None


class _Late:
    """A function that is there once all of a plan are assembled."""

    __slots__ = ("call",)

    def __init__(self) -> None:
        self.call: Callable[[Row], Any] = _not_known


class _Planner:
    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._writer = Writer()
        self._late: dict[str, _Late] = {}

    def finish(self) -> None:
        if not self._late:
            return
        made = assemble(self._writer.functions, self._writer.names.objects)
        for name, late in self._late.items():
            late.call = made[name]

    def of(self, condition: Condition, *, truth: bool, wanted: bool) -> _Plan:
        """What decides a condition of which is known whether it is true."""
        if isinstance(condition, Compare):
            return _Plan(self._comparison(condition, wanted=wanted), self._weight(condition))
        if isinstance(condition, Not):
            return self.of(condition.member, truth=not truth, wanted=not wanted)
        decisive = not isinstance(condition, AllOf)
        if truth is decisive:
            return self._first(condition.members, truth=truth, wanted=wanted)
        return _best([self.of(member, truth=truth, wanted=wanted) for member in condition.members])

    def _weight(self, condition: Compare) -> int | None:
        left = condition.left
        if not isinstance(left, FieldLeft):
            return weight_of(left)
        try:
            return weight_of(left, self._situation.field(left.name).kind)
        except (Varies, Undecidable, ExpressionError, RecursionError):
            return None

    def _first(self, members: Sequence[Condition], *, truth: bool, wanted: bool) -> _Plan:
        """The first member that decides."""
        scope = Scope(self._writer)
        conditions = Conditions(self._situation, scope)
        plans: list[_Plan] = []
        tests: list[ast.expr] = []
        for member in members:
            found = conditions.truth(member)
            if found.code is None and found.constant is not truth:
                continue
            plans.append(self.of(member, truth=truth, wanted=wanted))
            if found.code is None:
                break
            tests.append(found.code if truth else opposite(found.code))
        if len(plans) == 1:
            return plans[0]
        chosen: ast.expr = constant(len(plans) - 1)
        # the last one decides when none before it does
        for place in reversed(range(min(len(tests), len(plans) - 1))):
            chosen = choose(tests[place], constant(place), chosen)
        weights = {plan.weight for plan in plans}
        explain = _First(self._function(scope, chosen), [plan.explain for plan in plans])
        return _Plan(explain, weights.pop() if len(weights) == 1 else None)

    def _function(self, scope: Scope, value: ast.expr) -> _Late:
        name = self._writer.names.fresh("reason")
        body = [*scope.statements([ROW]), give(value)]
        self._writer.functions.append(function(name, [ROW], body))
        late = self._late[name] = _Late()
        return late

    def _comparison(self, condition: Compare, *, wanted: bool) -> Explain:
        asked = _Interpreted(self._situation, condition, wanted=wanted)
        path = self._path(condition)
        if path is not None:
            return _ByOne(reader(path), asked).explain
        scope = Scope(self._writer)
        conditions = Conditions(self._situation, scope)
        try:
            if isinstance(condition.left, FieldCount):
                found = conditions.first_counted(condition.left)
                if found is None:
                    return asked
                fixed = self._is_constant(condition) and conditions.is_constant_phrase(condition.left)
                return _ByCount(self._function(scope, found.code), asked, found, memory=fixed)
            inputs = self._inputs(condition, conditions)
        except (Varies, Undecidable, ExpressionError, RecursionError):
            return asked
        if inputs is None:
            return asked
        return _ByValue(self._function(scope, together(inputs)), asked)

    def _path(self, condition: Compare) -> tuple[str | int, ...] | None:
        """The one place in the resource that a comparison depends on; None where there is more to it."""
        left = condition.left
        if not isinstance(left, FieldLeft) or not self._is_constant(condition):
            return None
        try:
            name = self._situation.field(left.name)
            path = ("type",) if name.kind is FieldKind.TYPE else self._situation.path(name)
        except (Varies, Undecidable, ExpressionError, RecursionError):
            return None
        if path is None or name.wildcards:
            return None
        plain = tuple(step for step in path if not isinstance(step, Wildcard))
        return plain if len(plain) == len(path) else None

    def _is_constant(self, condition: Compare) -> bool:
        try:
            self._situation.constant(condition.right)
        except (Varies, Undecidable, ExpressionError, RecursionError):
            return False
        return True

    def _inputs(self, condition: Compare, conditions: Conditions) -> list[ast.expr] | None:
        """All that a comparison depends on; None = more than values."""
        left = condition.left
        operands = [condition.right]
        values: list[ast.expr] = []
        if isinstance(left, FieldLeft):
            name = self._situation.field(left.name)
            if name.kind is FieldKind.TYPE:
                values.append(load(conditions.plain_value(("type",))))
            else:
                path = self._situation.path(name)
                if name.wildcards or (path is not None and any(isinstance(step, Wildcard) for step in path)):
                    return None
                if path is not None:
                    values.append(load(conditions.plain_value(path)))
        elif isinstance(left, ValueLeft):
            operands.append(left.value)
        else:
            return None
        return [*values, *conditions.inputs(inputs_of(operands, self._situation))]


@dataclass(frozen=True, slots=True, eq=False)
class _Interpreted:
    """A comparison as the interpreter words it."""

    situation: Situation
    condition: Compare
    wanted: bool

    def __call__(self, row: Row) -> Leaf | None:
        context = self.situation.target.context(self.situation.policy, row)
        return Evaluator(context).leaf(self.condition, wanted=self.wanted)


class _ByOne:
    """A comparison whose wording depends on one value."""

    __slots__ = ("_asked", "_others", "_read", "_texts")

    def __init__(self, read: Callable[[Row], object], asked: _Interpreted) -> None:
        self._read = read
        self._asked = asked
        self._texts: dict[str, Leaf | None] = {}
        self._others: dict[tuple[type, object], Leaf | None] = {}

    def explain(self, row: Row) -> Leaf | None:
        value = self._read(row)
        if type(value) is str:
            leaf = self._texts.get(value)
            if leaf is None:
                leaf = self._asked(row)
                if len(self._texts) < _MOST and len(value) <= _LONGEST:
                    self._texts[value] = leaf
            return leaf
        key = (type(value), value)
        if key[0] not in _ALIKE:
            return self._asked(row)
        leaf = self._others.get(key)
        if leaf is None:
            leaf = self._asked(row)
            if len(self._others) < _MOST:
                self._others[key] = leaf
        return leaf


class _ByValue:
    """A comparison whose wording depends on a few values."""

    __slots__ = ("_asked", "_known", "_read")

    def __init__(self, read: _Late, asked: _Interpreted) -> None:
        self._read = read
        self._asked = asked
        self._known: dict[tuple[object, ...], Leaf | None] = {}

    def __call__(self, row: Row) -> Leaf | None:
        values = self._read.call(row)
        kinds = tuple(map(type, values))
        if not _ALIKE.issuperset(kinds):
            return self._asked(row)
        key = (*values, kinds)
        if key in self._known:
            return self._known[key]
        leaf = self._asked(row)
        if len(self._known) < _MOST and all(
            type(value) is not str or len(value) <= _LONGEST for value in values
        ):
            self._known[key] = leaf
        return leaf


class _ByCount:
    """A count whose wording depends on the number and on the first member that counts."""

    __slots__ = ("_asked", "_found", "_known", "_memory", "_read")

    def __init__(self, read: _Late, asked: _Interpreted, found: FirstCounted, *, memory: bool) -> None:
        self._read = read
        self._asked = asked
        self._found = found
        self._memory = memory
        self._known: dict[tuple[object, ...], Leaf | None] = {}

    def __call__(self, row: Row) -> Leaf | None:
        number, first = self._read.call(row)
        indexes: tuple[int, ...] = () if first is None else first[:-1]
        member: Value = None if first is None else first[-1]
        key = (number, indexes, "" if first is None else member_name(member))
        if self._memory and key in self._known:
            return self._known[key]
        leaf = self._say(row, number, indexes, member, found=first is not None)
        if self._memory and len(self._known) < _MOST:
            self._known[key] = leaf
        return leaf

    def _say(
        self, row: Row, number: int, indexes: tuple[int, ...], member: Value, *, found: bool
    ) -> Leaf | None:
        asked = self._asked
        left = asked.condition.left
        if not isinstance(left, FieldCount):
            raise Unsure
        situation = asked.situation
        context = situation.target.context(situation.policy, row)
        frame = None
        if found and left.where is not None:
            frame = Frame(None, context.subject, self._found.names, indexes, member)
        path = _path(self._found.steps, indexes) if found else ()
        counted = Counted(number, number, path, None, frame, member)
        right = situation.constant(asked.condition.right)
        evaluator = Evaluator(context)
        return evaluator.leaf_of_counted(asked.condition.operator, left, right, counted, wanted=asked.wanted)


def _path(steps: Path, indexes: tuple[int, ...]) -> Path:
    """A path with its `[*]` replaced by places."""
    places = iter(indexes)
    return tuple(next(places) if isinstance(step, Wildcard) else step for step in steps)


class _First:
    """The first member that decides."""

    __slots__ = ("_choose", "_members")

    def __init__(self, choose_one: _Late, members: Sequence[Explain]) -> None:
        self._choose = choose_one
        self._members = tuple(members)

    def __call__(self, row: Row) -> Leaf | None:
        place: int = self._choose.call(row)
        return self._members[place](row)


class _Best:
    """The member that says most, the last of several."""

    __slots__ = ("_members",)

    def __init__(self, members: Sequence[Explain]) -> None:
        self._members = tuple(members)

    def __call__(self, row: Row) -> Leaf | None:
        best: Leaf | None = None
        for member in self._members:
            leaf = member(row)
            if leaf is not None and (best is None or leaf.weight >= best.weight):
                best = leaf
        return best


def _best(plans: Sequence[_Plan]) -> _Plan:
    """Of conditions that hold together the one that says most; which it is is often known beforehand."""
    weights = [plan.weight for plan in plans if plan.weight is not None]
    if not plans or len(weights) < len(plans):
        return _Plan(_Best([plan.explain for plan in plans]), None)
    most = max(weights)
    return next(plan for plan in reversed(plans) if plan.weight == most)
