"""Conditions that stay with the interpreter, called from generated code in the place where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from blueprinter.arm import Value
from blueprinter.policy.compiled.runtime import Unsure
from blueprinter.policy.compiled.situation import MOST_MEMBERS, Situation, operand_steps
from blueprinter.policy.context import MAX_WORK
from blueprinter.policy.count import MAX_ITERATIONS
from blueprinter.policy.effort import MAX_STEPS
from blueprinter.policy.fields import Path
from blueprinter.policy.interpret import Evaluator
from blueprinter.policy.model import AliasSource
from blueprinter.policy.subject import Frame, Subject
from blueprinter.policy.syntax import Compare, Condition


class Counting(Struct, frozen=True, eq=False):
    """A count around a condition, as code: the variables of the members that it looks at."""

    names: Mapping[str, int]
    """As in `subject.Frame`."""
    steps: Path
    """The path of the counted array; empty for a value count."""
    members: tuple[str, ...]
    """Variables of the members, one for each `[*]` of the path."""
    indexes: tuple[str, ...]
    """Variables of their places."""
    value: str
    """The variable of the current member."""
    of_resource: bool
    iterations: int = 1

    @property
    def variables(self) -> tuple[str, ...]:
        """What a function needs to know of this count: places, members, current member."""
        return (*self.indexes, *self.members, self.value)


def _times(situation: Situation, around: Sequence[Counting]) -> int:
    """How often a condition inside counts may be asked at most on one resource."""
    times = 1
    if any(one.of_resource for one in around):
        times = max(min(MOST_MEMBERS, MAX_STEPS // (2 * max(situation.weight.each, 1))), 1)
    return times * (1 if all(one.of_resource for one in around) else MAX_ITERATIONS)


def evaluate_here(
    situation: Situation, condition: Condition, around: Sequence[Counting], *, guesses: bool
) -> object:
    """A function that decides a condition with the interpreter.

    It takes the row, then of every count around the condition the places of its members and the current member.
    It raises `Unsure` where the interpreter leaves the condition open, and unless `guesses` also where a guessed
    alias was read, which the caller has not reckoned with.
    """
    sizes = [len(one.indexes) for one in around]
    counts = tuple(around)
    # a share of the limits of a whole rule, which only the interpreter can tell
    share = 2 * situation.comparisons * _times(situation, around)
    own = operand_steps(condition, situation) + 1 if isinstance(condition, Compare) else 1
    steps, work = MAX_STEPS - max(MAX_STEPS // share, own), MAX_WORK - MAX_WORK // share

    def decide(row: Mapping[str, Value], *variables: object) -> bool:
        context = situation.target.context(situation.policy, row)
        context.steps, context.work = steps, work
        context.frame = _frames(context.subject, counts, sizes, variables)
        truth = Evaluator(context).holds(condition)
        if not isinstance(truth, bool):
            raise Unsure
        if not guesses and context.subject.source is AliasSource.GUESSED:
            raise Unsure
        return truth

    return decide


def _frames(
    subject: Subject, counts: Sequence[Counting], sizes: Sequence[int], variables: tuple[object, ...]
) -> Frame | None:
    frame: Frame | None = None
    place = 0
    for one, size in zip(counts, sizes, strict=True):
        indexes = variables[place : place + size]
        value = variables[place + size]
        place += size + 1
        frame = Frame(
            frame,
            subject if one.of_resource else None,
            one.names,
            indexes,  # type: ignore[arg-type] # places, which are integers
            value,  # type: ignore[arg-type] # a JSON value
            one.iterations,
            one.steps,
        )
    return frame
