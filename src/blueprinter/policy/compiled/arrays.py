"""Arrays in code: every value of a path with `[*]`, and counts of members and of constants."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from blueprinter.arm import Value
from blueprinter.casing import fold
from blueprinter.policy.applicability import expressions_of
from blueprinter.policy.compiled import predicates
from blueprinter.policy.compiled.calculations import AROUND, SIMPLE, Counts, Input, inputs_of
from blueprinter.policy.compiled.code import (
    Namespace,
    add,
    assign,
    both,
    call,
    choose,
    compare,
    constant,
    do,
    function,
    give,
    has_type,
    let,
    load,
    loop,
    method,
    opposite,
    other,
    together,
    when,
)
from blueprinter.policy.compiled.loads import ROW
from blueprinter.policy.compiled.predicates import NUMBER_TESTS, test_of
from blueprinter.policy.compiled.runtime import MISSING, give_up
from blueprinter.policy.compiled.sites import Counting
from blueprinter.policy.compiled.situation import MOST_MEMBERS, Situation, Varies
from blueprinter.policy.compiled.truth import Truth
from blueprinter.policy.compiled.writer import Scope
from blueprinter.policy.count import MAX_ITERATIONS
from blueprinter.policy.effort import MAX_STEPS
from blueprinter.policy.fields import FieldKind, FieldName, Path, Wildcard, prefixes
from blueprinter.policy.operators import OperatorRow
from blueprinter.policy.syntax import (
    Compare,
    Condition,
    FieldCount,
    FieldLeft,
    ValueCount,
    called_in,
    conditions_in,
)

MOST_LOOPS = 6
"""Loops in each other; Python's compiler takes twenty blocks."""


class FirstCounted(Struct, frozen=True, eq=False):
    """A count as code that gives the number, and the places and the value of the first member that counts."""

    code: ast.expr
    steps: Path
    names: Mapping[str, int]


class Body(Protocol):
    def __call__(self, *, plain: bool) -> list[ast.stmt]: ...


class Found(Struct, frozen=True, eq=False):
    """Where a field lies: a value that is known, or a path below a variable."""

    base: str
    steps: Path
    fixed: int
    """How many of its `[*]` counts around it have chosen."""

    @property
    def wildcards(self) -> int:
        return sum(1 for step in self.steps if isinstance(step, Wildcard))


class Inside(Protocol):
    """Writes conditions below a count."""

    def truth(self, condition: Condition, depth: int = 0) -> Truth: ...

    def step_by_step(self, condition: Condition, base: str, body: Body) -> list[ast.stmt]: ...


class Outside(Protocol):
    """Writes the conditions in which arrays are looked at."""

    situation: Situation
    scope: Scope
    around: tuple[Counting, ...]

    def find(self, name: FieldName) -> Found | None: ...

    def bound(self, name: FieldName) -> tuple[Counting, int] | None: ...

    def inputs(self, inputs: Sequence[Input]) -> list[ast.expr]: ...

    def plain_value(self, path: Path) -> str: ...

    def inside(self, scope: Scope, count: Counting) -> Inside:
        """Writes the conditions below a count into another function."""
        ...


class Arrays:
    """Writes what conditions ask of arrays, each in a function of its own."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    @property
    def _names(self) -> Namespace:
        return self._outside.scope.writer.names

    def each(self, found: Found, operator: OperatorRow, right: Value) -> Truth:
        """Every value that a path with `[*]` selects."""
        scope = Scope(self._outside.scope.writer)

        def innermost(base: str, rest: tuple[str | int, ...]) -> list[ast.stmt]:
            loads = scope.of(base)
            subject = predicates.Subject(loads.variable(rest), lambda: loads.folded(rest), None)
            test = test_of(operator, right, subject, self._names)
            return [when(opposite(test.code), [give(constant(False))])]

        array = self._array(found)
        body = self._loops(scope, array, found, innermost, [], [])
        name = self._names.fresh("each")
        made = function(name, [array], [*scope.statements([array]), *body, give(constant(True))])
        self._outside.scope.writer.functions.append(made)
        return Truth(choose(load(array), call(load(name), load(array)), constant(True)), plain=False)

    def _most(self, level: int) -> int:
        """How many members an array may have inside so many others, so that a whole rule stays far below the
        interpreter's limit, which only it tells. Of arrays inside each other the outer ones are the longer ones."""
        weight = self._outside.situation.weight
        share = min(MOST_MEMBERS, MAX_STEPS // (2 * max(weight.each, 1)))
        depth = max(weight.depth, level + 1)
        return max(int(share ** ((depth - level) * 2 / (depth * (depth + 1)))), 1)

    def _array(self, found: Found) -> str:
        """The variable of the first array of a path."""
        return self._outside.scope.of(found.base).array(parts_of(found.steps)[0])

    def _loops(
        self,
        scope: Scope,
        array: str,
        found: Found,
        innermost: Callable[[str, tuple[str | int, ...]], list[ast.stmt]],
        members: list[str],
        indexes: list[str],
    ) -> list[ast.stmt]:
        """Loops over the arrays of a path. The variables of members (and of places, if wanted) go to the lists."""
        parts = parts_of(found.steps)
        arrays: list[tuple[str, str, str]] = []
        for place in range(1, len(parts)):
            member, index = self._names.fresh("member"), self._names.fresh("index")
            arrays.append((array, member, index))
            self._outside.scope.writer.elements.setdefault(array, []).append(member)
            members.append(member)
            indexes.append(index)
            if place < len(parts) - 1:
                array = scope.of(member).array(parts[place])
        base = members[-1]
        body = innermost(base, parts[-1])
        around = sum(len(one.indexes) for one in self._outside.around)
        for level, (array, member, index) in reversed(list(enumerate(arrays, around))):
            inside = [*scope.statements([member]), *body]
            turns = loop([index, member], call(load("enumerate"), load(array)), inside)
            too_many = compare(call(load("len"), load(array)), ast.Gt, constant(self._most(level)))
            limit = when(too_many, [do(call(self._names.name_of(give_up, "give_up")))])
            body = [when(has_type(load(array), "list"), [limit, turns])]
        return body

    def count_field(
        self, left: FieldCount, operator: OperatorRow, right: Value
    ) -> tuple[ast.expr | int, bool] | None:
        """The number of members that a field count finds, and whether finding it cannot raise; None = no code."""
        name = left.field
        steps = self._outside.situation.path(name)
        if steps is None:
            return 0, True
        found = self._outside.find(name)
        if (
            left.where is None
            and found is not None
            and found.wildcards == name.wildcards
            and found.base == ROW
            and found.wildcards == 1
            and parts_of(found.steps)[-1] == ()
        ):
            array = self._array(found)
            size = call(load("len"), load(array))
            return choose(has_type(load(array), "list"), size, constant(0)), True
        code = self.counted(left, enough=(operator, right))
        return None if code is None else (code, False)

    def counted(
        self, left: FieldCount, *, enough: tuple[OperatorRow, Value] | None = None, first: bool = False
    ) -> ast.expr | None:
        """A count by a function of its own: the number, which need not go further than the comparison in `enough`
        can tell, or with `first` the number and the first member. None = there is no code for it."""
        name = left.field
        found = self._outside.find(name)
        if found is None or not 0 < found.wildcards <= MOST_LOOPS:
            return None
        if found.wildcards + found.fixed != name.wildcards:
            return None
        texts = sorted(prefixes(name.text), key=len)
        outer = self._outside.bound(name)
        members = list(outer[0].members[: found.fixed]) if outer else []
        indexes = list(outer[0].indexes[: found.fixed]) if outer else []
        scope = Scope(self._outside.scope.writer)
        counter, noted = self._names.fresh("count"), self._names.fresh("first")

        def innermost(base: str, rest: tuple[str | int, ...]) -> list[ast.stmt]:
            value = scope.of(base).holder(rest)
            if first:
                self._outside.scope.writer.wanted.add(value)
            reading = scope.statements([base])

            def body(*, plain: bool) -> list[ast.stmt]:
                made = [add(counter, 1)]
                if first:
                    one = together([*map(load, indexes), load(value)])
                    made.insert(0, when(opposite(load(counter)), [assign(noted, one)]))
                if enough is not None:
                    made.extend(self._enough(counter, *enough, plain=plain))
                return made

            if left.where is None:
                counted = body(plain=True)
            else:
                around = Counting(
                    {text: place + 1 for place, text in enumerate(texts)},
                    self._outside.situation.path(name) or (),
                    tuple(members),
                    tuple(indexes),
                    value,
                    of_resource=True,
                )
                inner = self._outside.inside(scope, around)
                counted = inner.step_by_step(left.where, base, body)
            if rest:
                missing = self._names.name_of(MISSING, "missing")
                counted = [when(other(load(value), missing), counted)]
            return [*reading, *counted]

        array = self._array(found)
        body = self._loops(scope, array, found, innermost, members, indexes)
        if not first:
            return choose(load(array), self._function(scope, counter, body, array), constant(0))
        body.insert(0, assign(noted, constant(None)))
        return self._function(scope, counter, body, array, result=together([load(counter), load(noted)]))

    def count_values(
        self, left: ValueCount, operator: OperatorRow, right: Value
    ) -> tuple[ast.expr | int, bool] | None:
        value = self._outside.situation.constant(left.value)
        if value is None or value == "":
            value = []
        if not isinstance(value, list):
            return None
        if left.where is None:
            return len(value), True
        if len(value) > MAX_ITERATIONS or any(not one.of_resource for one in self._outside.around):
            return None
        scope = Scope(self._outside.scope.writer)
        counter, member = self._names.fresh("count"), self._names.fresh("member")
        around = Counting({fold(left.name): 0}, (), (), (), member, of_resource=False, iterations=len(value))
        inner = self._outside.inside(scope, around)
        truth = inner.truth(left.where, 1)
        counted = [add(counter, 1), *self._enough(counter, operator, right, plain=truth.plain)]
        inside = [*scope.statements([member]), when(truth.expression, counted)]
        number = self._function(scope, counter, [loop([member], self._names.constant(value), inside)])
        return self._remembered(number, left.where), False

    def _remembered(self, number: ast.expr, where: Condition) -> ast.expr:
        """A count of constants, which need not be made again for values that were met."""
        compares = list(conditions_in(where))
        if self._outside.around or any(called_in(one) & AROUND for one in compares):
            return number
        operands = [operand for one in compares for operand in expressions_of(one)]
        inputs = [one for one in inputs_of(operands, self._outside.situation) if one[0] == "field"]
        try:
            values = [*self._outside.inputs(inputs), *self._fields(compares)]
        except Varies:
            return number
        return self._known(self._names.name_of(Counts(), "counts"), values, number) if values else number

    def _fields(self, compares: Sequence[Compare]) -> Iterator[ast.expr]:
        """The values of the fields of conditions that compare nothing else. Raises `Varies` where one has several, or
        most resources have one of their own."""
        situation = self._outside.situation
        for one in compares:
            if isinstance(one.left, FieldCount):
                raise Varies
            if not isinstance(one.left, FieldLeft):
                continue
            name = situation.field(one.left.name)
            if name.kind is FieldKind.TYPE:
                continue
            if name.kind in (FieldKind.ID, FieldKind.TAGS):
                raise Varies
            path = situation.path(name)
            if path is not None:
                yield load(self._outside.plain_value(path))

    def _known(self, counts: ast.expr, values: Sequence[ast.expr], number: ast.expr) -> ast.expr:
        """What `counts` has for values, or else a number, which it learns."""
        names = [self._names.fresh("input") for _ in values]
        simple = self._names.name_of(SIMPLE, "simple")
        taken = [let(name, value) for name, value in zip(names, values, strict=True)]
        good = both([compare(call(load("type"), one), ast.In, simple) for one in taken])
        key = together(list(map(load, names)))
        found = self._names.fresh("found")
        got = let(found, method(counts, "get", key))
        learned = method(counts, "learn", key, number)
        return choose(good, choose(other(got, constant(None)), load(found), learned), number)

    def _enough(self, counter: str, operator: OperatorRow, right: Value, *, plain: bool) -> list[ast.stmt]:
        """Ends a count whose result cannot change any more: past the number that it is compared with, it is past."""
        if not plain or operator.name not in NUMBER_TESTS or type(right) is not int:
            return []
        return [when(compare(load(counter), ast.Gt, constant(right)), [give(load(counter))])]

    def _function(
        self,
        scope: Scope,
        counter: str,
        body: Sequence[ast.stmt],
        *more: str,
        result: ast.expr | None = None,
    ) -> ast.expr:
        """A call of a new function that counts: it knows the row, the members that counts around it look at, and
        more; it gives the number unless told otherwise."""
        variables = list(
            dict.fromkeys([name for one in self._outside.around for name in one.variables] + list(more))
        )
        name = self._names.fresh("number")
        reading = scope.statements([ROW, *variables])
        start = assign(counter, constant(0))
        end = give(result or load(counter))
        self._outside.scope.writer.functions.append(
            function(name, [ROW, *variables], [*reading, start, *body, end])
        )
        return call(load(name), load(ROW), *map(load, variables))

    def first_counted(self, left: FieldCount) -> FirstCounted | None:
        """How many members a count finds, and the first of them; None = there is no code for that."""
        steps = self._outside.situation.path(left.field)
        if steps is None or left.field.wildcards == 0:
            return None
        texts = sorted(prefixes(left.field.text), key=len)
        code = self.counted(left, first=True)
        if code is None:
            return None
        return FirstCounted(code, steps, {text: place + 1 for place, text in enumerate(texts)})


def parts_of(steps: Path) -> list[tuple[str | int, ...]]:
    """The plain paths between the `[*]` of a path."""
    parts: list[tuple[str | int, ...]] = []
    part: list[str | int] = []
    for step in steps:
        if isinstance(step, Wildcard):
            parts.append(tuple(part))
            part = []
        else:
            part.append(step)
    return [*parts, tuple(part)]


def plain_steps(steps: Path) -> tuple[str | int, ...]:
    return tuple(step for step in steps if not isinstance(step, Wildcard))
