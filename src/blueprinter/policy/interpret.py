"""The interpreter: decides conditions of one policy on one resource, three-valued and traced.

Small and plain on purpose: it serves single evaluations and explanations, and faster evaluators are held
against it. A condition is true, false, or open with a reason; one false member decides an `allOf` and one
true member an `anyOf`, whatever else is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from blueprinter.arm import ExpressionError, Resource, Unknown, Value, normal_location
from blueprinter.policy.context import EvaluationContext
from blueprinter.policy.count import Counted, Open, Truth, count_field, count_values
from blueprinter.policy.effort import MAX_STEPS, effort
from blueprinter.policy.fields import ROOT_OBJECTS, FieldKind, FieldName, path_text, read_field
from blueprinter.policy.model import UnsupportedReason
from blueprinter.policy.operators import Absent, Left, OperatorRow, shown, words_for
from blueprinter.policy.subject import Exhausted, Frame, Selection, Subject, Undecidable, bound
from blueprinter.policy.syntax import (
    AllOf,
    Compare,
    Condition,
    Expression,
    FieldCount,
    FieldLeft,
    Not,
    Operand,
    ValueCount,
    ValueLeft,
    evaluate_operand,
    fields_in,
)
from blueprinter.policy.wording import amount, member_name, short, text_of, where_phrase

Observer = Callable[[Compare, Truth], None]
"""Is told every comparison that was decided, in order."""


Seen: TypeAlias = "Selection | Counted | Value"
"""What a comparison looks at: what a field selects, what a count finds, or a value."""


class Trace(Protocol):
    """Is told every step of an evaluation: each `enter` has its `leave`, and what is between them is inside."""

    def enter(self, step: Condition | Frame | Resource) -> None:
        """A condition is asked; of a count the next member; of an existence condition the next related resource."""
        ...

    def saw(self, left: Seen, right: Value) -> None:
        """The two sides of the comparison that was entered last."""
        ...

    def leave(self, truth: Truth) -> None: ...


class Leaf(NamedTuple):
    """The comparison that decided: where it looked, what was wanted there, what is there."""

    path: str
    expected: str
    actual: str
    weight: int


class Evaluator:
    """Decides conditions. `subject` is what `field:` reads; `context.subject` what `field()` reads: they differ
    inside an existence condition."""

    __slots__ = ("context", "observer", "subject", "trace")

    def __init__(
        self,
        context: EvaluationContext,
        subject: Subject | None = None,
        observer: Observer | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.context = context
        self.subject = subject or context.subject
        self.observer = observer
        self.trace = trace

    def holds(self, condition: Condition) -> Truth:
        """Whether a condition holds."""
        if self.trace is None:
            return self._holds(condition)
        self.trace.enter(condition)
        truth = self._holds(condition)
        self.trace.leave(truth)
        return truth

    def _holds(self, condition: Condition) -> Truth:
        if isinstance(condition, Compare):
            truth = self._compare(condition)
            if self.observer is not None:
                self.observer(condition, truth)
            return truth
        if isinstance(condition, Not):
            truth = self.holds(condition.member)
            return truth if isinstance(truth, Open) else not truth
        # the member that decides: false for allOf, true for anyOf
        decisive = not isinstance(condition, AllOf)
        undecided: Open | None = None
        for member in condition.members:
            truth = self.holds(member)
            if truth is decisive:
                return decisive
            if isinstance(truth, Open):
                undecided = undecided or truth
                if truth.reason is None:
                    break
        return undecided if undecided is not None else not decisive

    def value(self, operand: Expression) -> Value:
        """The value of an expression. Raises `ExpressionError` and `Undecidable`."""
        return operand.run(self.context)

    # ------------------------------------------------------------ comparisons

    def _compare(self, condition: Compare) -> Truth:
        try:
            return self._compared(condition)
        except Exhausted:
            raise
        except Undecidable as found:
            return Open(found.reason, found.detail, found.path)
        except ExpressionError as found:
            return Open(None, found.message)
        except RecursionError:
            return Open(None, "a value is nested too deeply")

    def _compared(self, condition: Compare) -> Truth:
        if self.context.frame is not None:
            self._step(1)
        left = condition.left
        if isinstance(left, (FieldCount, ValueCount)):
            return self._compare_count(condition, self.counted(left))
        if isinstance(left, ValueLeft):
            value = evaluate_operand(left.value, self.context)
            right = evaluate_operand(condition.right, self.context)
            self._show(value, right)
            return self._judge(condition, value, right)
        name = self._field_name(left)
        selection = self._look(name)
        right = evaluate_operand(condition.right, self.context)
        self._show(selection, right)
        if name.kind is FieldKind.LOCATION:
            right = _normal(right)
        if selection.unknown is not None:
            return self._not_known(selection.unknown)
        if not selection.many:
            left_value = selection.hits[0].value
            if name.kind is FieldKind.LOCATION and not isinstance(left_value, Absent):
                left_value = _normal(left_value)
            return self._judge(condition, left_value, right)
        self._step(len(selection.hits))
        undecided: Open | None = None
        for hit in selection.hits:  # an array without members satisfies every condition
            truth = self._judge(condition, hit.value, right)
            if truth is False:
                return False
            if isinstance(truth, Open):
                undecided = undecided or truth
        return True if undecided is None else undecided

    def _show(self, left: Seen, right: Value) -> None:
        if self.trace is not None:
            self.trace.saw(left, right)

    def _judge(self, condition: Compare, left: Left, right: Value) -> Truth:
        self._step(effort(condition.operator, left, right))
        result = condition.operator.holds(left, right)
        if result is not None:
            return result
        return self._not_known(_unknown_in(left) or _unknown_in(right) or Unknown(""))

    def _not_known(self, unknown: Unknown) -> Open:
        reason = self.context.reason_of(unknown)
        said = "was not collected" if reason is UnsupportedReason.NOT_COLLECTED else "is known only to Azure"
        return Open(reason, f"`[{unknown.expression}]` {said}")

    def _compare_count(self, condition: Compare, counted: Counted) -> Truth:
        right = evaluate_operand(condition.right, self.context)
        self._show(counted, right)
        if counted.open is not None and counted.open.reason is None:
            return counted.open
        truths = {condition.operator.holds(number, right) for number in range(counted.low, counted.high + 1)}
        if len(truths) == 1 and None not in truths:
            return bool(truths.pop())
        return counted.open or self._not_known(_unknown_in(right) or Unknown(""))

    def counted(self, left: FieldCount | ValueCount) -> Counted:
        """How many members a count finds. Raises `ExpressionError` and `Undecidable`."""
        where = None if left.where is None else self._within(left.where)
        frame = self.context.frame
        if isinstance(left, FieldCount):
            return count_field(self.subject, left.field, frame, where)
        return count_values(evaluate_operand(left.value, self.context), left.name, frame, where)

    def _within(self, condition: Condition) -> Callable[[Frame], Truth]:
        def decide(frame: Frame) -> Truth:
            self._step(1)
            outer = self.context.frame
            self.context.frame = frame
            try:
                return self._member(condition, frame)
            finally:
                self.context.frame = outer

        return decide

    def _step(self, steps: int) -> None:
        """Counts work: a step for each member that is looked at. Raises `Exhausted` past the limit."""
        self.context.steps += steps
        if self.context.steps > MAX_STEPS:
            detail = (
                f"the rule takes more than {MAX_STEPS:,} steps: members of arrays, and comparisons of them"
            )
            raise Exhausted(detail)

    def _member(self, condition: Condition, frame: Frame) -> Truth:
        if self.trace is None:
            return self._holds(condition)
        self.trace.enter(frame)
        truth = self.holds(condition)
        self.trace.leave(truth)
        return truth

    def _field_name(self, left: FieldLeft) -> FieldName:
        if isinstance(left.name, FieldName):
            return left.name
        text = self.value(left.name)
        if isinstance(text, Unknown):
            raise Undecidable(self.context.reason_of(text), f"the field `{left.name.text}` is not known")
        if not isinstance(text, str):
            raise ExpressionError(f"the field `{left.name.text}` is no name")
        return read_field(text)

    def _look(self, name: FieldName) -> Selection:
        subject, fixed = bound(self.context.frame, name) or (self.subject, ())
        return subject.look(name, fixed)

    # ------------------------------------------------------------ explanation

    def deciding(self, condition: Condition, *, wanted: bool = False) -> Leaf | None:
        """What `_deciding` finds; None where that takes too long, which says nothing of the verdict."""
        self.context.steps = 0
        try:
            return self._deciding(condition, wanted=wanted)
        except Exhausted:
            return None

    def _deciding(self, condition: Condition, *, wanted: bool) -> Leaf | None:
        """The comparison that decided a condition which is true or false; `wanted` = what the rule's author
        wants the condition to be (a rule describes what is wrong, so at its root false)."""
        if isinstance(condition, Compare):
            return self.leaf(condition, wanted=wanted)
        if isinstance(condition, Not):
            return self._deciding(condition.member, wanted=not wanted)
        truth = self.holds(condition)
        decisive = not isinstance(condition, AllOf)
        if truth is decisive:
            first = next(member for member in condition.members if self.holds(member) is decisive)
            return self._deciding(first, wanted=wanted)
        leaves = [self._deciding(member, wanted=wanted) for member in condition.members]
        # of many conditions that all had to hold, the last about the resource's own settings says most
        best: Leaf | None = None
        for leaf in leaves:
            if leaf is not None and (best is None or leaf.weight >= best.weight):
                best = leaf
        return best

    def leaf(self, condition: Compare, *, wanted: bool) -> Leaf | None:
        """What one comparison says of itself; None where it cannot be evaluated."""
        try:
            right = evaluate_operand(condition.right, self.context)
            expected = short(words_for(condition.operator, right, holds=wanted))
            return self._leaf_of(condition, expected, right, wanted=wanted)
        except Exhausted:
            raise
        except (Undecidable, ExpressionError, RecursionError):
            return None

    def _leaf_of(self, condition: Compare, expected: str, right: Value, *, wanted: bool) -> Leaf:
        left = condition.left
        if isinstance(left, (FieldCount, ValueCount)):
            return self._leaf_of_count(condition.operator, left, right, wanted=wanted)
        if isinstance(left, ValueLeft):
            value = evaluate_operand(left.value, self.context)
            return Leaf(
                self._path_in(left),
                expected,
                short(shown(value)),
                weight_of(left),
            )
        name = self._field_name(left)
        selection = self._look(name)
        hits = selection.hits
        chosen = next((hit for hit in hits if condition.operator.holds(hit.value, right) is False), None)
        chosen = chosen or (hits[0] if hits else None)
        path = path_text(chosen.path or selection.steps) if chosen else path_text(selection.steps)
        actual = short(shown(chosen.value)) if chosen else "an empty list"
        return Leaf(path or name.text, expected, actual, weight_of(left, name.kind))

    def _leaf_of_count(
        self, operator: OperatorRow, left: FieldCount | ValueCount, right: Value, *, wanted: bool
    ) -> Leaf:
        return self.leaf_of_counted(operator, left, right, self.counted(left), wanted=wanted)

    def leaf_of_counted(
        self,
        operator: OperatorRow,
        left: FieldCount | ValueCount,
        right: Value,
        counted: Counted,
        *,
        wanted: bool,
    ) -> Leaf:
        """What is wanted of the members of an array, and the first member that is too much."""
        expected, limited = amount(lambda number: operator.holds(number, right) is wanted, right, counted.low)
        if left.where is not None:
            expected += f" where {where_phrase(left.where, self._value_for(counted.frame))}"
        path = path_text(self._look(left.field).steps) if isinstance(left, FieldCount) else ""
        none_wanted = limited and operator.holds(1, right) is not wanted
        if none_wanted and counted.low:
            others = f" and {counted.low - 1} more" if counted.low > 1 else ""
            actual = member_name(counted.member) + others
            path = path_text(counted.first) or path
        else:
            actual = str(counted.low) if counted.low else "none"
        return Leaf(path, expected, actual, weight_of(left))

    def _value_for(self, frame: Frame | None) -> Callable[[Operand], Value]:
        def value(operand: Operand) -> Value:
            outer = self.context.frame
            self.context.frame = frame or outer
            try:
                return evaluate_operand(operand, self.context)
            except (Undecidable, ExpressionError, RecursionError):
                return text_of(operand)
            finally:
                self.context.frame = outer

        return value

    def _path_in(self, left: ValueLeft) -> str:
        if not isinstance(left.value, Expression):
            return ""
        for name in fields_in(left.value.node):
            steps = self._look(name).steps
            if steps:
                return path_text(steps)
        return ""


def weight_of(left: FieldLeft | ValueLeft | FieldCount | ValueCount, kind: FieldKind | None = None) -> int:
    """How much what a comparison looks at says about a resource; `kind` of the field, where it is one."""
    if isinstance(left, ValueLeft):
        return 2 if isinstance(left.value, Expression) else 0
    if isinstance(left, FieldLeft):
        return _WEIGHTS.get(kind, 1) if kind is not None else 1
    # the members of a list in the rule say less than a property of the resource
    return 3 if isinstance(left, FieldCount) else 2


_WEIGHTS = {
    FieldKind.TYPE: 0,
    FieldKind.ALIAS: 3,
    FieldKind.TAG: 3,
    FieldKind.TAGS: 3,
    **dict.fromkeys(ROOT_OBJECTS, 3),
}


def _normal(value: Value) -> Value:
    """Locations as Azure compares them: `East US 2` is `eastus2`."""
    if isinstance(value, str):
        return normal_location(value)
    return [_normal(member) for member in value] if isinstance(value, list) else value


def _unknown_in(value: Left) -> Unknown | None:
    if isinstance(value, Unknown):
        return value
    members = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return next((found for found in map(_unknown_in, members) if found is not None), None)
