"""From the conditions of a rule to Python expressions.

Whatever has no code of its own here is decided by the interpreter in its place (`sites`), so that every rule compiles.
Generated conditions are true or false: what is open raises, and the pair goes to the interpreter as a whole. Members of
`allOf` and `anyOf` are decided in written order, as the interpreter does, so that the same ones are reached.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from blueprinter.arm import ExpressionError, Value, normal_location
from blueprinter.casing import fold
from blueprinter.policy.applicability import kind_of
from blueprinter.policy.compiled import predicates
from blueprinter.policy.compiled.arrays import MOST_LOOPS, Arrays, Body, Found, parts_of, plain_steps
from blueprinter.policy.compiled.calculations import (
    AROUND,
    LAZY,
    SIMPLE,
    Calculation,
    Comparison,
    Input,
    as_list,
    collector,
    inputs_of,
    is_alike_for_all,
)
from blueprinter.policy.compiled.code import (
    Namespace,
    both,
    call,
    choose,
    compare,
    constant,
    either,
    has_type,
    item,
    let,
    load,
    method,
    opposite,
    same,
    together,
    when,
)
from blueprinter.policy.compiled.loads import ROW
from blueprinter.policy.compiled.predicates import NUMBER_TESTS, test_of
from blueprinter.policy.compiled.runtime import MISSING, give_up, pair_tester, tester
from blueprinter.policy.compiled.sites import Counting, evaluate_here
from blueprinter.policy.compiled.situation import Situation, Varies
from blueprinter.policy.compiled.texts import code_of_name
from blueprinter.policy.compiled.truth import FALSE, TRUE, Truth, joined, negated, settled
from blueprinter.policy.compiled.writer import Scope
from blueprinter.policy.fields import FieldKind, FieldName, Path, Wildcard, read_field, segments
from blueprinter.policy.operators import Absent, OperatorRow
from blueprinter.policy.subject import Undecidable, shared_wildcards
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
    called_in,
    expressions_in,
    fields_in,
)

MAX_DEPTH = 60
"""How deep conditions may be nested in code; Python's own compiler has a limit."""


class TooDeep(Exception):
    """The rule is left to the interpreter."""


class _Names(NamedTuple):
    """The fields that a comparison reads."""

    first: Sequence[FieldName]
    """At once."""
    later: Sequence[FieldName]
    """Its expressions do."""
    inner: Condition | None
    """Its `where`, which reads others."""


class Conditions:
    """Writes the conditions of one policy into one function, below the counts that stand around them."""

    def __init__(
        self,
        situation: Situation,
        scope: Scope,
        *,
        note: str = "",
        read: str = "",
        around: tuple[Counting, ...] = (),
    ) -> None:
        """`note`: the variable that is set when a guessed alias is read; `read`: when any is; empty = nobody asks."""
        self.situation = situation
        self.scope = scope
        self._note = note
        self._read_note = read
        self.around = around
        self.may_read_unnoted = False
        """Some comparison reads an alias or not, as it turns out."""

    @property
    def _names(self) -> Namespace:
        return self.scope.writer.names

    @property
    def arrays(self) -> Arrays:
        """What they ask of arrays."""
        return Arrays(self)

    def inside(self, scope: Scope, count: Counting) -> Conditions:
        """The conditions below a count, in another function."""
        return Conditions(self.situation, scope, around=(*self.around, count))

    # ------------------------------------------------------------ parts for others

    def plain_value(self, path: Path) -> str:
        """The variable of a value of the resource. Raises `Varies` for a path that is more than names and places."""
        found = Found(ROW, path, 0)
        if found.wildcards or _is_whole_properties(found):
            raise Varies
        return self.scope.of(ROW).variable(plain_steps(path))

    def inputs(self, inputs: Sequence[Input]) -> list[ast.expr]:
        """The values of inputs. Raises `Varies` where there is no code for one of them."""
        return [self._current(text) if name == "current" else self._read(text) for name, text in inputs]

    def is_constant_phrase(self, left: FieldCount) -> bool:
        """Whether everything that a `where` compares with is the same for every resource."""
        return left.where is None or self._compares_with_constants(left.where)

    def _compares_with_constants(self, condition: Condition) -> bool:
        if isinstance(condition, Compare):
            try:
                self.situation.constant(condition.right)
            except (Varies, Undecidable, ExpressionError, RecursionError):
                return False
            return True
        members = (condition.member,) if isinstance(condition, Not) else condition.members
        return all(map(self._compares_with_constants, members))

    # ------------------------------------------------------------ logic

    def truth(self, condition: Condition, depth: int = 0) -> Truth:
        """A condition as code. Raises `TooDeep`."""
        if depth > MAX_DEPTH:
            raise TooDeep
        if isinstance(condition, Compare):
            return self._compare(condition)
        if isinstance(condition, Not):
            return negated(self.truth(condition.member, depth + 1))
        members = (self.truth(member, depth + 1) for member in condition.members)
        return joined(members, decisive=not isinstance(condition, AllOf))

    def step_by_step(self, condition: Condition, base: str, body: Body) -> list[ast.stmt]:
        """Statements that end in `body` where a condition holds: what the members of an `allOf` read of the variable
        `base` is read when their turn comes. `body` is told whether the condition cannot raise."""
        members = condition.members if isinstance(condition, AllOf) else (condition,)
        steps: list[tuple[list[ast.stmt], Truth]] = []
        for member in members:
            truth = self.truth(member, 1)
            if truth.code is None and truth.constant:
                continue
            steps.append((self.scope.statements([base]), truth))
            if truth.code is None:
                break
        made = body(plain=all(truth.plain for _, truth in steps))
        for reading, truth in reversed(steps):
            made = [*reading, when(truth.expression, made)]
        return made

    def applicable(
        self, condition: Condition, kinds: frozenset[FieldKind], *, positive: bool = True, depth: int = 0
    ) -> Truth:
        """Whether a rule applies, as `is_applicable` says."""
        if depth > MAX_DEPTH:
            raise TooDeep
        if isinstance(condition, Compare):
            return self._compare(condition) if kind_of(condition) in kinds else TRUE if positive else FALSE
        if isinstance(condition, Not):
            inner = self.applicable(condition.member, kinds, positive=not positive, depth=depth + 1)
            return negated(inner)
        members = (
            self.applicable(member, kinds, positive=positive, depth=depth + 1) for member in condition.members
        )
        return joined(members, decisive=not isinstance(condition, AllOf))

    # ------------------------------------------------------------ comparisons

    def _compare(self, condition: Compare) -> Truth:
        names = self._names_in(condition)
        guess = self._guess(condition, names)
        made: Truth | None = None
        if guess is not None:
            try:
                made = self._native(condition, condition.left)
            except (Varies, Undecidable, ExpressionError, RecursionError):
                made = None
        if made is None:
            made = self._interpreted(condition, guesses=bool(guess))
        if made.code is None:
            return made
        reads = self._reads(condition, names)
        sure = reads is True
        made = made._replace(may_read=reads is not False, reads_if_true=sure, reads_if_false=sure)
        self.may_read_unnoted = self.may_read_unnoted or reads is None
        if guess:
            made = made._replace(may_guess=True, guesses=True)
        notes = [name for name, wanted in ((self._note, guess), (self._read_note, sure)) if name and wanted]
        if notes:
            noted = [let(name, constant(True)) for name in notes]
            made = made._replace(code=both([*noted, made.expression]))
        return made

    def _guess(self, condition: Compare, names: _Names | None) -> bool | None:
        """Whether deciding a comparison reads a guessed alias; None = it depends."""
        situation = self.situation
        if names is None:
            return None
        first, later, inner = names
        if any(map(situation.is_guess, first)):
            return True
        if any(map(situation.is_guess, later)):
            return None if _is_lazy(condition) else True
        return None if inner is not None and self._guesses_within(inner) else False

    def _reads(self, condition: Compare, names: _Names | None) -> bool | None:
        """Whether deciding a comparison reads any alias; None = it depends."""
        situation = self.situation
        if names is None:
            return None
        first, later, inner = names
        if any(map(situation.is_alias, first)):
            return True
        if any(map(situation.is_alias, later)):
            return None if _is_lazy(condition) else True
        return None if inner is not None else False

    def _names_in(self, condition: Compare) -> _Names | None:
        """What a comparison reads; None = that depends."""
        left = condition.left
        first: list[FieldName] = []
        later: list[FieldName] = []
        inner: Condition | None = None
        try:
            if isinstance(left, FieldLeft):
                first.append(self.situation.field(left.name))
            elif isinstance(left, FieldCount):
                first.append(left.field)
                inner = left.where
            else:
                if isinstance(left, ValueCount):
                    inner = left.where
                for expression in expressions_in(left.value):
                    later.extend(fields_in(expression.node))
        except (Varies, ExpressionError, Undecidable, RecursionError):
            return None
        for expression in expressions_in(condition.right):
            later.extend(fields_in(expression.node))
        return _Names(first, later, inner)

    def _guesses_within(self, condition: Condition) -> bool:
        if isinstance(condition, Compare):
            return self._guess(condition, self._names_in(condition)) is not False
        members = (condition.member,) if isinstance(condition, Not) else condition.members
        return any(map(self._guesses_within, members))

    def _interpreted(self, condition: Compare, *, guesses: bool) -> Truth:
        decide = evaluate_here(self.situation, condition, self.around, guesses=guesses)
        arguments = [load(name) for one in self.around for name in (*one.indexes, one.value)]
        self.scope.writer.asks = True
        return Truth(call(self._names.name_of(decide, "decide"), load(ROW), *arguments), plain=False)

    def _native(self, condition: Compare, left: object) -> Truth | None:
        """A comparison as code of its own, or None. Raises `Varies` and what evaluating a constant raises."""
        situation = self.situation
        operator = condition.operator
        if isinstance(left, ValueLeft):
            try:
                value, right = situation.constant(left.value), situation.constant(condition.right)
                return settled(operator.holds(value, right))
            except Varies:
                return self._lost(condition) or self._value(left.value, operator, condition.right)
        try:
            right = situation.constant(condition.right)
        except Varies:
            return self._lost(condition) or self._against(condition, left)
        if isinstance(left, FieldLeft):
            return self._field(situation.field(left.name), operator, right)
        if isinstance(left, ValueCount):
            counted = self.arrays.count_values(left, operator, right)
        elif isinstance(left, FieldCount):
            counted = self.arrays.count_field(left, operator, right)
        else:
            return None
        if counted is None:
            return None
        number, plain = counted
        if isinstance(number, int):
            return settled(operator.holds(number, right))
        return self._number(number, operator, right, plain=plain)

    # ------------------------------------------------------------ expressions

    def _lost(self, condition: Compare) -> Truth | None:
        """A comparison that always asks for what is not there: no need to find out each time."""
        called = called_in(condition)
        if not called & AROUND or called & LAZY or isinstance(condition.left, (FieldCount, ValueCount)):
            return None
        return Truth(call(self._names.name_of(give_up, "give_up")), plain=False)

    def _value(self, left: Operand, operator: OperatorRow, right: Operand) -> Truth:
        """A comparison of expressions."""
        inputs = inputs_of((left, right), self.situation)
        comparison = Comparison(left, operator, right, inputs, self.situation.constants)
        if is_alike_for_all((left, right)):
            key = (
                operator.name,
                repr(getattr(left, "text", left)),
                repr(getattr(right, "text", right)),
                inputs,
            )
            comparison = self.scope.writer.comparisons.setdefault(key, comparison)
        asked = self._asked(self._names.name_of(comparison, "comparison"), inputs)
        return Truth(self._of_name(left, operator, right, inputs, asked) or asked, plain=False)

    def _of_name(
        self, left: Operand, operator: OperatorRow, right: Operand, inputs: Sequence[Input], asked: ast.expr
    ) -> ast.expr | None:
        """A comparison of what is made of the name with a constant, but for long names, for which `asked` is code."""
        if not isinstance(left, Expression) or [name for name, _ in inputs] != ["field"]:
            return None
        if read_field(inputs[0][1] or "").kind is not FieldKind.NAME:
            return None
        try:
            wanted = self.situation.constant(right)
        except Varies:
            return None
        name = self.scope.of(ROW).variable(("name",))
        found = code_of_name(left.node, name, self._names)
        if found is None:
            return None
        text, folded = self._names.fresh("text"), self._names.fresh("folded")
        subject = predicates.Subject(text, lambda: folded, None)
        made = [let(text, found.code), let(folded, method(load(text), "casefold"))]
        test = both([together(made), test_of(operator, wanted, subject, self._names).code])
        short = compare(call(load("len"), load(name)), ast.LtE, constant(found.longest))
        return both([self._name_is_sure(), choose(short, test, asked)])

    def _against(self, condition: Compare, left: object) -> Truth | None:
        """A field against an expression."""
        if not isinstance(left, FieldLeft):
            return None
        name = self.situation.field(left.name)
        if name.kind in (FieldKind.LOCATION, FieldKind.TYPE, FieldKind.NAME):
            return None
        found = self.find(name)
        if found is None or found.wildcards or _is_whole_properties(found):
            return None
        value = load(self.scope.of(found.base).variable(plain_steps(found.steps)))
        test = pair_tester(condition.operator, absent=Absent.FIELD if found.base == ROW else None)
        inputs = inputs_of((condition.right,), self.situation)
        calculation = Calculation(condition.right, inputs, self.situation.constants)
        right = self._asked(self._names.name_of(calculation, "calculation"), inputs)
        return Truth(call(self._names.name_of(test, "test"), value, right), plain=False)

    def _asked(self, function: ast.expr, inputs: Sequence[Input]) -> ast.expr:
        """A function of inputs that remembers what it gives for simple ones. Raises `Varies` where there is no code
        for one of the inputs."""
        values = self.inputs(inputs)
        if not values:
            return call(function)
        names = [self._names.fresh("input") for _ in values]
        given = [load(name) for name in names]
        # every input is taken before one is looked at
        first = [same(let(name, value), function) for name, value in zip(names, values, strict=True)]
        simple = self._names.name_of(SIMPLE, "simple")
        good = both([compare(call(load("type"), one), ast.In, simple) for one in given])
        known = item(function, given[0] if len(given) == 1 else together(given))
        return choose(both([opposite(either(first)), good]), known, call(function, *given))

    def _read(self, text: str | None) -> ast.expr:
        """What `field('…')` gives: the empty text for what is absent, a list for `[*]`."""
        name = read_field(text or "")
        if name.kind is FieldKind.TYPE:
            if self.situation.type != self.situation.target.type:
                return self._names.constant(self.situation.type)
            return load(self.scope.of(ROW).variable(("type",)))
        if name.kind is FieldKind.NAME:
            return choose(self._name_is_sure(), load(self.scope.of(ROW).variable(("name",))), constant(None))
        found = self.find(name)
        if found is None:
            if name.wildcards:
                return self._names.name_of(_EMPTY, "empty")
            return constant("")
        if name.wildcards and not (found.wildcards or found.fixed):
            raise Varies  # an alias of an array that leads to a value, of which `field()` makes an array
        if _is_whole_properties(found):
            raise Varies
        if found.wildcards:
            if found.base != ROW:
                raise Varies
            # the code for reading sees to it that the row has `properties` where they are wanted
            self.scope.of(ROW).array(parts_of(found.steps)[0])
            self.scope.writer.collects = True
            return call(self._names.name_of(collector(found.steps), "collect"), load(ROW))
        value = load(self.scope.of(found.base).variable(plain_steps(found.steps)))
        if found.base != ROW:
            return call(self._names.name_of(as_list, "as_list"), value)
        return choose(same(value, constant(None)), constant(""), value)

    def _current(self, text: str | None) -> ast.expr:
        """What `current('…')` gives: the member that a count looks at, or a property of it, null for what it lacks."""
        if not self.around:
            raise Varies
        if text is None:
            self.scope.writer.wanted.add(self.around[-1].value)
            return self._or_null(load(self.around[-1].value))
        for one in reversed(self.around):
            if not one.of_resource and fold(text) in one.names:
                return load(one.value)
        found = self.find(read_field(text))
        if found is None or found.base == ROW or found.wildcards:
            raise Varies
        return self._or_null(load(self.scope.of(found.base).variable(plain_steps(found.steps))))

    def _or_null(self, value: ast.expr) -> ast.expr:
        return choose(same(value, self._names.name_of(MISSING, "missing")), constant(None), value)

    def _number(self, number: ast.expr, operator: OperatorRow, right: Value, *, plain: bool) -> Truth:
        """The comparison of a count."""
        kind = NUMBER_TESTS.get(operator.name)
        if kind is not None and type(right) in (int, float):
            return Truth(compare(number, kind, constant(right)), plain=plain)
        test = tester(operator, right, absent=None)
        return Truth(call(self._names.name_of(test, "test"), number), plain=False)

    # ------------------------------------------------------------ fields

    def _field(self, name: FieldName, operator: OperatorRow, right: Value) -> Truth | None:
        if name.kind is FieldKind.TYPE:
            return settled(operator.holds(self.situation.type or Absent.FIELD, right))
        if name.kind is FieldKind.NAME:
            return self._name(operator, right)
        found = self.find(name)
        if found is None:
            around = self.bound(name)
            if name.wildcards > (around[1] if around else 0):
                return TRUE  # no member that could say otherwise
            return settled(operator.holds(Absent.MEMBER if around else Absent.FIELD, right))
        if _is_whole_properties(found):
            return None
        if found.wildcards:
            return self.arrays.each(found, operator, right) if found.wildcards <= MOST_LOOPS else None
        steps = plain_steps(found.steps)
        loads = self.scope.of(found.base)
        if name.kind is FieldKind.LOCATION:
            place = loads.place(steps)
            subject = predicates.Subject(place, lambda: place, Absent.FIELD)
            return _truth(test_of(operator, _as_location(right), subject, self._names))
        absent = Absent.FIELD if found.base == ROW else None
        subject = predicates.Subject(loads.variable(steps), lambda: loads.folded(steps), absent)
        return _truth(test_of(operator, right, subject, self._names))

    def _name(self, operator: OperatorRow, right: Value) -> Truth:
        """The name, where it is written down and is one name: everything else is for the interpreter."""
        loads = self.scope.of(ROW)
        subject = predicates.Subject(loads.variable(("name",)), lambda: loads.folded(("name",)), None)
        test = test_of(operator, right, subject, self._names)
        return Truth(both([self._name_is_sure(), test.code]), plain=False)

    def _name_is_sure(self) -> ast.expr:
        value = load(self.scope.of(ROW).variable(("name",)))
        good = [has_type(value, "str"), value]
        if segments(self.situation.type) > 1:
            good.append(compare(constant("/"), ast.NotIn, value))
        return either([both(good), call(self._names.name_of(give_up, "give_up"))])

    def bound(self, name: FieldName) -> tuple[Counting, int] | None:
        """The count whose members a field stands for and how many of its `[*]` that fixes, as `subject.bound`."""
        if not name.wildcards:
            return None
        best: tuple[Counting, int] | None = None
        text = name.folded
        for one in reversed(self.around):
            if one.of_resource:
                for prefix, count in one.names.items():
                    if text.startswith(prefix) and (best is None or count > best[1]):
                        best = (one, count)
        return best

    def find(self, name: FieldName) -> Found | None:
        """Where a field lies; None where this type has no such alias. Raises `Varies`."""
        steps = self.situation.path(name)
        around = self.bound(name)
        if steps is None:
            return None
        places = [place for place, step in enumerate(steps) if isinstance(step, Wildcard)]
        if around is None:
            if places and places[0] == 1 and fold(str(steps[0])) == "tags":
                raise Varies  # `tags[*]` are the members of an object
            if any(shared_wildcards(steps, one.steps) for one in self.around):
                raise Varies  # an alias that leads to a counted array by another name
            return Found(ROW, steps, 0)
        count, fixed = around
        if len(places) != name.wildcards or fixed > len(count.members):
            raise Varies
        head = places[fixed - 1] + 1
        if steps[:head] != count.steps[:head]:
            raise Varies  # an alias that leads elsewhere than the array it is named after
        return Found(count.members[fixed - 1], steps[head:], fixed)


def _is_lazy(condition: Compare) -> bool:
    """Whether an expression of a comparison may leave some of its fields unread."""
    return not LAZY.isdisjoint(called_in(condition))


_EMPTY: list[Value] = []


def _truth(test: predicates.Test) -> Truth:
    return Truth(test.code, plain=test.plain)


def _is_whole_properties(found: Found) -> bool:
    """`properties` itself, or an element of it: places that the code for reading does not have."""
    if found.base != ROW or fold(str(found.steps[0])) != "properties":
        return False
    return len(found.steps) == 1 or not isinstance(found.steps[1], str)


def _as_location(value: Value) -> Value:
    """What a location is compared with, as the interpreter has it."""
    if isinstance(value, str):
        return normal_location(value)
    return [_as_location(member) for member in value] if isinstance(value, list) else value
