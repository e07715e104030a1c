"""The steps of an evaluation as a numbered tree: what was asked, where it was looked for, what was found.

The evaluator reports as it goes; what it did not have to ask, because the verdict stood already, is in the tree as
well and says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import cast

from msgspec import Struct, field

from blueprinter.arm import Resource, Unknown, Value
from blueprinter.document import Json
from blueprinter.policy.count import Counted, Open, Truth
from blueprinter.policy.fields import FieldKind, FieldName, Path, path_text
from blueprinter.policy.interpret import Seen
from blueprinter.policy.model import AliasSource
from blueprinter.policy.operators import Absent, Left
from blueprinter.policy.subject import Frame, Selection, Subject
from blueprinter.policy.syntax import (
    AllOf,
    Compare,
    Condition,
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    ListOf,
    Not,
    Operand,
    ValueCount,
    ValueLeft,
)

MAX_MEMBERS = 100
"""How many members of a count, and values of a field, are kept."""


class Outcome(StrEnum):
    """How a step came out."""

    TRUE = "true"
    FALSE = "false"
    UNDECIDED = "undecided"
    ERROR = "error"
    NOT_ASKED = "not asked"


class Asked(StrEnum):
    """What a step looks at."""

    ALL_OF = "allOf"
    ANY_OF = "anyOf"
    NOT = "not"
    FIELD = "field"
    VALUE = "value"
    COUNT = "count"
    MEMBER = "member"


class Look(Struct, frozen=True):
    """A place that was looked at, as a path in the resource, and what is there."""

    path: str
    value: Json
    absent: bool = False

    def as_json(self) -> dict[str, Json]:
        """`{path, value}`, or `{path, absent}`."""
        return (
            {"path": self.path, "absent": True} if self.absent else {"path": self.path, "value": self.value}
        )


class Step(Struct, frozen=True):
    """One condition, or one member of a count."""

    number: str
    """`1.2.1`; members of a count have their place in the array: `1.2[0]`."""
    asked: Asked
    name: str
    """The field, the expression or the counted array, as written."""
    operator: str
    written: str
    """The operand as written, where it is an expression; else empty."""
    operand: Json
    looks: tuple[Look, ...]
    outcome: Outcome
    detail: str
    """Why it is open, and what else is to be known."""
    pointer: str
    line: int
    """Of the condition in its file; 0 where that is not known."""
    members: tuple[Step, ...]
    left_out: int = 0
    """How many values and members are not shown."""
    counted: int | None = None
    """Of a count: how many members meet its condition; None where that is open."""

    def as_json(self) -> dict[str, Json]:
        """The step without what is empty; `members` are steps again."""
        found: dict[str, Json] = {"number": self.number, "asked": str(self.asked)}
        if self.name:
            found["name"] = self.name
        if self.operator:
            found.update(operator=self.operator, operand=self.operand)
        if self.written:
            found["expression"] = self.written
        found["outcome"] = str(self.outcome)
        if self.looks:
            found["looked"] = [look.as_json() for look in self.looks]
        if self.counted is not None:
            found["counted"] = self.counted
        if self.detail:
            found["detail"] = self.detail
        if self.left_out:
            found["leftOut"] = self.left_out
        found["pointer"] = self.pointer
        if self.line:
            found["line"] = self.line
        if self.members:
            found["members"] = [member.as_json() for member in self.members]
        return found


class Event(Struct):
    """What was reported between an `enter` and its `leave`."""

    about: Condition | Frame | Resource
    inside: list[Event] = field(default_factory=list)
    left: Seen | None = None
    right: Value = None
    seen: bool = False
    truth: Truth | None = None
    left_out: int = 0


class Tracer:
    """A `Trace` that keeps what it is told."""

    __slots__ = ("_open", "events")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._open: list[Event] = []

    def enter(self, step: Condition | Frame | Resource) -> None:
        event = Event(step)
        if not self._open:
            self.events.append(event)
        elif not isinstance(step, Frame) or len(self._open[-1].inside) < MAX_MEMBERS:
            self._open[-1].inside.append(event)
        else:
            self._open[-1].left_out += 1
        self._open.append(event)

    def saw(self, left: Seen, right: Value) -> None:
        event = self._open[-1]
        event.left, event.right, event.seen = left, right, True

    def leave(self, truth: Truth) -> None:
        self._open.pop().truth = truth


def outcome_of(truth: Truth | None) -> Outcome:
    """The word for how a condition came out."""
    if truth is None:
        return Outcome.NOT_ASKED
    if isinstance(truth, Open):
        return Outcome.ERROR if truth.reason is None else Outcome.UNDECIDED
    return Outcome.TRUE if truth else Outcome.FALSE


class StepWriter(Struct, frozen=True, eq=False):
    """Makes steps of conditions and of what was reported of them."""

    subject: Subject
    """The resource that `field` reads."""
    line: Callable[[str], int]
    """The line on which a pointer of the rule stands."""

    def step(self, condition: Condition, event: Event | None, number: str = "1") -> Step:
        """A condition with all that is in it; `event` None = it was not asked."""
        if isinstance(condition, Compare):
            return self._comparison(condition, event, number)
        inside = event.inside if event is not None else []
        members = (condition.member,) if isinstance(condition, Not) else condition.members
        steps = (
            self.step(member, inside[place] if place < len(inside) else None, f"{number}.{place + 1}")
            for place, member in enumerate(members)
        )
        return self._plain(condition, event, number, tuple(steps))

    def _plain(
        self, condition: Condition, event: Event | None, number: str, members: tuple[Step, ...]
    ) -> Step:
        truth = event.truth if event is not None else None
        asked = Asked.ALL_OF if isinstance(condition, AllOf) else Asked.ANY_OF
        return Step(
            number=number,
            asked=Asked.NOT if isinstance(condition, Not) else asked,
            name="",
            operator="",
            written="",
            operand=None,
            looks=(),
            outcome=outcome_of(truth),
            detail=why(truth),
            pointer=condition.pointer,
            line=self.line(condition.pointer),
            members=members,
        )

    def _comparison(self, condition: Compare, event: Event | None, number: str) -> Step:
        left = condition.left
        truth = event.truth if event is not None else None
        seen = event.left if event is not None and event.seen else None
        right = event.right if event is not None and event.seen else _stated(condition.right)
        looks, more = _looks(seen) if event is not None and event.seen else ((), 0)
        remarks = (why(truth), *_remarks(left, seen, self.subject))
        return Step(
            number=number,
            asked=_ASKED[type(left)],
            name=_name(left),
            operator=condition.operator.name,
            written=_written(condition.right),
            operand=as_json(right),
            looks=looks,
            outcome=outcome_of(truth),
            detail="; ".join(text for text in remarks if text),
            pointer=condition.pointer,
            line=self.line(condition.pointer),
            members=tuple(self._members(left, event, number)),
            left_out=more + (event.left_out if event is not None else 0),
            counted=seen.low if isinstance(seen, Counted) and seen.low == seen.high else None,
        )

    def _members(
        self, left: FieldLeft | ValueLeft | FieldCount | ValueCount, event: Event | None, number: str
    ) -> Iterator[Step]:
        if event is None or not isinstance(left, (FieldCount, ValueCount)) or left.where is None:
            return
        for place, member in enumerate(event.inside):
            frame = member.about
            if not isinstance(frame, Frame):
                continue
            own = f"{number}[{place}]"
            yield Step(
                number=own,
                asked=Asked.MEMBER,
                name="".join(f"[{index}]" for index in frame.indexes) or f"[{place}]",
                operator="",
                written="",
                operand=None,
                looks=(Look("", as_json(frame.value)),),
                outcome=outcome_of(member.truth),
                detail=why(member.truth),
                pointer=left.where.pointer,
                line=self.line(left.where.pointer),
                members=(self.step(left.where, member.inside[0] if member.inside else None, f"{own}.1"),),
            )


_ASKED = {FieldLeft: Asked.FIELD, ValueLeft: Asked.VALUE, FieldCount: Asked.COUNT, ValueCount: Asked.COUNT}


def _name(left: FieldLeft | ValueLeft | FieldCount | ValueCount) -> str:
    if isinstance(left, FieldLeft):
        return left.name.text
    if isinstance(left, FieldCount):
        return left.field.text
    return _written(left.value) or json.dumps(as_json(_stated(left.value)), ensure_ascii=False)


def _written(operand: Operand) -> str:
    return operand.text if isinstance(operand, Expression) else ""


def _stated(operand: Operand) -> Value:
    """An operand as the rule states it, expressions as their text."""
    if isinstance(operand, Constant):
        return operand.value
    if isinstance(operand, Expression):
        return operand.text
    if isinstance(operand, ListOf):
        return [_stated(item) for item in operand.items]
    return {key: _stated(member) for key, member in operand.members}


def why(truth: Truth | None) -> str:
    """Why a condition is open, with the property that it hangs on; empty where it is decided."""
    if not isinstance(truth, Open):
        return ""
    return f"{truth.detail}: {truth.path}" if truth.path else truth.detail


def _remarks(
    left: FieldLeft | ValueLeft | FieldCount | ValueCount, seen: Seen | None, subject: Subject
) -> Iterator[str]:
    if isinstance(seen, Counted):
        yield f"{seen.low} counted" if seen.low == seen.high else f"{seen.low} to {seen.high} counted"
    if isinstance(seen, Selection) and seen.many and not seen.hits and seen.unknown is None:
        yield "the array has no members: every condition holds"
    name = left.name if isinstance(left, FieldLeft) else left.field if isinstance(left, FieldCount) else None
    if isinstance(name, FieldName) and name.kind is FieldKind.ALIAS and seen is not None:
        found = subject.aliases.resolve(subject.type, name.text, subject.resource.api_version)
        if found is None:
            yield f"`{subject.type}` has no such alias"
        elif found.source is AliasSource.GUESSED:
            yield "the path of the alias is guessed"


def _looks(seen: Seen | None) -> tuple[tuple[Look, ...], int]:
    if isinstance(seen, Selection):
        if seen.unknown is not None:
            return (Look(path_text(seen.steps), as_json(seen.unknown)),), 0
        found = [_look(hit.path or seen.steps, hit.value) for hit in seen.hits[:MAX_MEMBERS]]
        if not found and seen.steps:
            found = [Look(path_text(seen.steps), None, absent=True)]
        return tuple(found), max(len(seen.hits) - MAX_MEMBERS, 0)
    if isinstance(seen, Counted):
        return (), 0
    return (Look("", as_json(seen)),), 0


def _look(path: Path, value: Left) -> Look:
    text = path_text(path)
    return Look(text, None, absent=True) if isinstance(value, Absent) else Look(text, as_json(value))


def as_json(value: Value) -> Json:
    """A value of an evaluation as JSON: what only Azure knows is its expression in brackets."""
    if isinstance(value, Unknown):
        return f"[{value.expression}]"
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return cast(Json, value)
