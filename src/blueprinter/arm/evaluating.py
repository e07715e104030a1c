"""From the JSON of a template to values: strings that are expressions, keys that are, and copy elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct, field

from blueprinter.arm.compiler import MAX_LENGTH, compile_expression
from blueprinter.arm.copying import (
    Loop,
    LoopKind,
    checked_count,
    property_loops,
    turn_variable,
    unknown_turns,
)
from blueprinter.arm.faults import Faults
from blueprinter.arm.limits import TURN, Budget, size_of
from blueprinter.arm.model import (
    AnyContext,
    ExpressionError,
    ExpressionSyntaxError,
    Language,
    LimitPassed,
    TemplateContext,
    Unknown,
    UnknownKey,
    Value,
)
from blueprinter.arm.parser import parse_expression
from blueprinter.arm.places import Place
from blueprinter.arm.secure_values import opened
from blueprinter.arm.syntax import is_expression, unescape
from blueprinter.arm.template import Members
from blueprinter.document import Json


class Surroundings(TemplateContext, Protocol):
    """Where an expression stands."""

    @property
    def subject(self) -> str:
        """What a fault of the expression is a fault of, in Azure's words: `The template variable 'x'`."""
        ...

    def turn(self, loop: Loop) -> Surroundings:
        """The surroundings inside one turn of a loop."""
        ...


class Evaluator(Struct, eq=False):
    """Evaluates parts of templates; a fault is reported at its place and its expression kept as unknown.

    Each text is compiled once, however often it is evaluated.
    """

    faults: Faults
    budget: Budget = field(default_factory=Budget)
    interruptions: int = 0
    """How often a value was asked for while it was being computed: what came of it must not be kept."""
    bodies: int = 0
    """How many bodies of resources are being computed, one for the reference of another."""
    _compiled: dict[str, Callable[[AnyContext], Value]] = field(default_factory=dict)

    def check(self, value: Json, place: Place) -> None:
        """Reports every expression in a value that does not compile, whether or not it will be evaluated."""
        if isinstance(value, str):
            if is_expression(value):
                self._check_text(value, place)
        elif isinstance(value, dict):
            for key, member in value.items():
                if is_expression(key):
                    self._check_text(key, place.child(key), key=True)
                self.check(member, place.child(key))
        elif isinstance(value, list):
            for index, element in enumerate(value):
                self.check(element, place.child(index))

    def value(self, value: Json, place: Place, around: Surroundings) -> Value:
        """The value of any part of a template."""
        if type(value) is str:
            return self._text(value, place, around) if value[:1] == "[" else value
        if isinstance(value, dict):
            return self._object(value, place, around)
        if isinstance(value, list):
            return [self.value(element, place.child(index), around) for index, element in enumerate(value)]
        return value

    def member(self, members: Members, name: str, around: Surroundings) -> Value:
        """The value of a member, None when it is absent."""
        return self.value(members.get(name), members.at(name), around)

    def count(self, loop: Members, around: Surroundings) -> int | Unknown:
        """How often a loop turns; 0 where that is faulty."""
        if not loop.has("count"):
            self.faults.error("BP526", "the copy loop has no `count`", loop.place)
            return 0
        try:
            return checked_count(opened(self.member(loop, "count", around)))
        except ExpressionError as fault:
            self.faults.error("BP526", fault.message, loop.at("count"))
            return 0

    def turns(self, name: str, loop: Members, kind: LoopKind, around: Surroundings) -> Value:
        """The array that a copy element makes of its `input`."""
        if not loop.has("input"):
            self.faults.error("BP526", "the copy loop has no `input`", loop.place)
            return []
        count = self.count(loop, around)
        if isinstance(count, Unknown):
            inside = around.turn(Loop(name, turn_variable(name), kind))
            return unknown_turns(name, count, self.member(loop, "input", inside))
        turns: list[Value] = []
        for index in range(count):
            self.budget.spend(TURN)
            turns.append(self.member(loop, "input", around.turn(Loop(name, index, kind))))
        return turns

    def key(self, key: str, place: Place, around: Surroundings) -> str:
        """A key of an object, which may be an expression; one that is unknown stays in brackets."""
        if not is_expression(key):
            return unescape(key)
        value = self._text(key, place, around)
        if isinstance(value, Unknown):
            return UnknownKey(f"[{value.expression}]")
        if not isinstance(value, str):
            self.faults.error("BP527", "an expression that is a key must give a string", place, key=True)
            return key
        return value

    def _object(self, value: Mapping[str, Json], place: Place, around: Surroundings) -> Value:
        found: dict[str, Value] = {}
        for key, member in value.items():
            here = place.child(key)
            loops = property_loops(key, member)
            if loops is not None:
                found.update(self._copies(loops, here, around))
            else:
                name = self.key(key, here, around) if key[:1] == "[" else key
                found[name] = self.value(member, here, around)
        return found

    def _copies(
        self, items: list[dict[str, Json]], place: Place, around: Surroundings
    ) -> Iterator[tuple[str, Value]]:
        for index, item in enumerate(items):
            loop = Members(item, place.child(index))
            name = self.member(loop, "name", around)
            if isinstance(name, str):
                yield name, self.turns(name, loop, LoopKind.PROPERTY, around)
            else:
                self.faults.error("BP526", "the name of a copy loop must be a string", loop.at("name"))

    def _text(self, text: str, place: Place, around: Surroundings) -> Value:
        if not is_expression(text):
            return unescape(text)
        try:
            value = self._code(text)(around)
            if isinstance(value, (list, dict)):
                self.budget.spend(size_of(value))
            return value
        except LimitPassed as fault:
            if not fault.reported:
                self.faults.error("BP521", fault.message, place, offset=fault.offset)
            fault.reported = True
            raise
        except ExpressionSyntaxError as fault:
            self.faults.error("BP525", fault.message, place, offset=fault.offset)
        except ExpressionError as fault:
            # a fault of a member of a subject is told in Azure's words, so that it can be searched for
            message = f"the expression has no value ({around.subject} is not valid: {fault.message}.)"
            self.faults.error("BP527", message, place, offset=fault.offset)
        return Unknown(text[1:-1])

    def _check_text(self, text: str, place: Place, *, key: bool = False) -> None:
        try:
            self._code(text)
        except ExpressionSyntaxError as fault:
            self.faults.error("BP525", fault.message, place, offset=-1 if key else fault.offset, key=key)

    def _code(self, text: str) -> Callable[[AnyContext], Value]:
        code = self._compiled.get(text)
        if code is None:
            most = MAX_LENGTH[Language.TEMPLATE]
            if len(text) > most:
                raise ExpressionSyntaxError(
                    f"the expression has {len(text):,} characters, at most {most:,} are allowed"
                )
            code = compile_expression(parse_expression(text), Language.TEMPLATE)
            self._compiled[text] = code
        return code
