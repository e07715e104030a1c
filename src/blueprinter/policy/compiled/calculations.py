"""Expressions over a resource: the language's own closures, fed with values that generated code has read.

An expression names the fields that it reads, so the code around it reads them as it reads all fields, and hands them
over. The closure that evaluates it is the one that the interpreter uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from blueprinter.arm import Language, Literal, Value, compile_expression
from blueprinter.casing import fold
from blueprinter.policy.compiled.runtime import MISSING, SIZED, Unsure
from blueprinter.policy.compiled.situation import Constants, Situation, Varies
from blueprinter.policy.effort import effort
from blueprinter.policy.fields import Path, select
from blueprinter.policy.naming import OF_CONTEXT
from blueprinter.policy.operators import Absent, OperatorRow
from blueprinter.policy.syntax import Constant, Operand, calls_in, evaluate_operand, expressions_in

Input = tuple[str, str | None]
"""A call by which an expression reads the resource: the folded function, `field` or `current`, and its argument."""

LAZY = frozenset({"if", "and", "or", "coalesce"})
"""Functions that do not evaluate all of their arguments."""

AROUND = frozenset({"resourcegroup", "subscription"})
"""Functions that ask for what generated code does not have."""

SIMPLE = frozenset({str, int, type(None)})
"""Types of values that equal no value of another of these types."""

_OF_POLICY = OF_CONTEXT - {"field", "current"}
"""Functions that give something of the policy, its assignment or the request."""

_MOST = 4_096
"""Results that one expression remembers."""
_LONGEST = 256
"""Characters of a text that is worth remembering."""


def is_alike_for_all(operands: Sequence[Operand]) -> bool:
    """Whether operands have the same value in every policy: they read the resource, and nothing around it."""
    called = {
        fold(call.name)
        for operand in operands
        for expression in expressions_in(operand)
        for call in calls_in(expression.node)
    }
    return called.isdisjoint(_OF_POLICY)


def inputs_of(operands: Sequence[Operand], situation: Situation) -> tuple[Input, ...]:
    """How operands read the resource, each call once. Raises `Varies` where they choose what to read."""
    found: dict[Input, None] = {}
    for expression in (one for operand in operands for one in expressions_in(operand)):
        for call in calls_in(expression.node):
            name = fold(call.name)
            if name not in ("field", "current"):
                continue
            if not call.arguments:
                found[name, None] = None
                continue
            argument = call.arguments[0]
            value: Value
            if isinstance(argument, Literal):
                value = argument.value
            else:
                value = compile_expression(argument, Language.POLICY)(situation.constants)
            if not isinstance(value, str):
                raise Varies
            found[name, value] = None
    return tuple(found)


class _Given:
    """A policy context of values that were read beforehand."""

    __slots__ = ("_constants", "_places", "_values")

    def __init__(self, constants: Constants, places: Mapping[Input, int], values: Sequence[Value]) -> None:
        self._constants = constants
        self._places = places
        self._values = values

    def field(self, name: str) -> Value:
        return self._values[self._places["field", name]]

    def current(self, name: str | None) -> Value:
        return self._values[self._places["current", name]]

    def parameter(self, name: str) -> Value:
        return self._constants.parameter(name)

    def policy(self) -> Mapping[str, Value]:
        return self._constants.policy()

    def request_context(self) -> Mapping[str, Value]:
        return self._constants.request_context()

    def utc_now(self) -> str:
        return self._constants.utc_now()

    def spend(self, work: int) -> NoReturn:
        """What is costly counts against the limit of a whole rule, which the interpreter knows."""
        raise Unsure

    def resource_group(self) -> NoReturn:
        raise Unsure

    def subscription(self) -> NoReturn:
        raise Unsure


class _Remembering(dict[Any, Any]):
    """A function of values: `[…]` for simple ones, for which it is remembered what they give, else a call.

    With one input the key is its value, with several a tuple.
    """

    __slots__ = ()

    def __call__(self, *values: Value) -> Any:
        raise NotImplementedError

    def __missing__(self, key: Any) -> Any:
        values: tuple[str | int | None, ...] = key if isinstance(key, tuple) else (key,)
        result = self(*values)
        if sum(len(value) for value in values if isinstance(value, str)) <= _LONGEST:
            if (
                len(self) >= _MOST
            ):  # other policies may ask the same of this row, no row asks for those before
                self.clear()
            self[key] = result
        return result


class Calculation(_Remembering):
    """The value of an operand by the values of its inputs. Raises what evaluating the operand raises."""

    __slots__ = ("_constants", "_operand", "_places")

    def __init__(self, operand: Operand, inputs: Sequence[Input], constants: Constants) -> None:
        super().__init__()
        self._operand = operand
        self._constants = constants
        self._places = {one: place for place, one in enumerate(inputs)}

    def __call__(self, *values: Value) -> Value:
        return evaluate_operand(self._operand, _Given(self._constants, self._places, values))


class Comparison(_Remembering):
    """Whether an operator holds between two operands, by the values of their inputs. Raises what evaluating them
    raises, and `Unsure`."""

    __slots__ = ("_constants", "_left", "_operator", "_places", "_right", "_steps")

    def __init__(
        self,
        left: Operand,
        operator: OperatorRow,
        right: Operand,
        inputs: Sequence[Input],
        constants: Constants,
    ) -> None:
        super().__init__()
        self._left = left
        self._operator = operator
        self._right = right
        self._constants = constants
        self._places = {one: place for place, one in enumerate(inputs)}
        self._steps = effort(operator, "", right.value) if isinstance(right, Constant) else 0
        """What the operand adds to the steps of the rule, whatever the resource holds."""

    def __call__(self, *values: Value) -> bool:
        given = _Given(self._constants, self._places, values)
        left = evaluate_operand(self._left, given)
        right = evaluate_operand(self._right, given)
        if (type(left) in SIZED or type(right) in SIZED) and (
            effort(self._operator, left, right) > self._steps
        ):
            raise Unsure
        result = self._operator.holds(left, right)
        if result is None:
            raise Unsure
        return result


class Counts(dict[tuple["str | int | None", ...], int]):
    """How many constants satisfy a condition, by the values of a resource that it reads."""

    __slots__ = ()

    def learn(self, key: tuple[str | int | None, ...], number: int) -> int:
        """The number, which is remembered."""
        if len(self) >= _MOST:
            self.clear()
        if sum(len(value) for value in key if isinstance(value, str)) <= _LONGEST:
            self[key] = number
        return number


def collector(steps: Path) -> Callable[[Mapping[str, Value]], list[object]]:
    """A function from a row to what `field()` gives for a path with `[*]`."""

    def collect(row: Mapping[str, Value]) -> list[object]:
        hits, unknown = select(row, steps)
        if unknown is not None:
            raise Unsure
        return [hit.value for hit in hits if not isinstance(hit.value, Absent)]

    return collect


def as_list(value: object) -> list[object]:
    """What `field()` gives for the one member that a count is looking at."""
    return [] if value is MISSING else [value]
