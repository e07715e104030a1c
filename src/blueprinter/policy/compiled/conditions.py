"""From the conditions of a rule to Python expressions.

Whatever has no code of its own here is decided by the interpreter in its place (`sites`), so that every rule compiles.
Generated conditions are true or false: what is open raises, and the pair goes to the interpreter as a whole. Members of
`allOf` and `anyOf` are decided in written order, as the interpreter does, so that the same ones are reached.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from blueprinter.arm import ExpressionError, Value, normal_location
from blueprinter.casing import fold
from blueprinter.policy.applicability import expressions_of, kind_of
from blueprinter.policy.compiled import predicates
from blueprinter.policy.compiled.calculations import (
    LAZY,
    SIMPLE,
    Calculation,
    Comparison,
    Counts,
    Input,
    as_list,
    collector,
    inputs_of,
    is_alike_for_all,
)
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
    either,
    function,
    give,
    has_type,
    item,
    let,
    load,
    loop,
    method,
    opposite,
    other,
    same,
    together,
    when,
)
from blueprinter.policy.compiled.loads import ROW, Branch, Loads, Reads
from blueprinter.policy.compiled.predicates import test_of
from blueprinter.policy.compiled.runtime import MISSING, Keys, Places, give_up, pair_tester, tester
from blueprinter.policy.compiled.sites import Counting, evaluate_here
from blueprinter.policy.compiled.situation import MOST_MEMBERS, Situation, Varies
from blueprinter.policy.count import MAX_ITERATIONS
from blueprinter.policy.effort import MAX_STEPS
from blueprinter.policy.fields import FieldKind, FieldName, Path, Wildcard, prefixes, read_field, segments
from blueprinter.policy.operators import Absent, OperatorRow
from blueprinter.policy.subject import Undecidable, shared_wildcards
from blueprinter.policy.syntax import (
    AllOf,
    Compare,
    Condition,
    FieldCount,
    FieldLeft,
    Not,
    Operand,
    ValueCount,
    ValueLeft,
    called_in,
    conditions_in,
    expressions_in,
    fields_in,
)

MAX_DEPTH = 60
"""How deep conditions may be nested in code; Python's own compiler has a limit."""


_AROUND = frozenset({"resourcegroup", "subscription"})
"""Functions that ask for what generated code does not have."""
_MOST_LOOPS = 6
"""Loops in each other; Python's compiler takes twenty blocks."""


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


class Truth(NamedTuple):
    """A condition as code."""

    code: ast.expr | None
    """None = it is constant."""
    constant: bool = False
    plain: bool = True
    """It cannot raise."""
    may_guess: bool = False
    """Deciding it may read a guessed alias."""
    guesses: bool = False
    """Deciding it always does."""
    may_read: bool = False
    """Deciding it may read an alias."""
    reads_if_true: bool = False
    """Where it is true an alias was read."""
    reads_if_false: bool = False

    @property
    def expression(self) -> ast.expr:
        return constant(self.constant) if self.code is None else self.code

    @property
    def idle(self) -> bool:
        """Deciding it has no effect but its result."""
        return self.plain and not self.may_guess


TRUE = Truth(None, constant=True)
FALSE = Truth(None, constant=False)


class Writer:
    """Where code for one resource type is collected: names, helping functions, what is known of keys."""

    def __init__(self) -> None:
        self.names = Namespace()
        self.keys = Keys()
        self.places = Places()
        self.functions: list[ast.FunctionDef] = []
        self.loads: list[tuple[str, Loads]] = []
        """What the functions read of variables."""
        self.elements: dict[str, list[str]] = {}
        """The variables of elements, by those of arrays."""
        self.wanted: set[str] = set()
        """Variables of elements that are looked at themselves."""
        self.asks = False
        """A function hands the whole row to the interpreter."""
        self.comparisons: dict[Hashable, Comparison] = {}
        """Those of expressions that are the same in all policies."""
        self.collects = False
        """A function looks for values in the row by itself."""

    @property
    def needs_row(self) -> bool:
        """Whether more than the first function that was begun looks at the row."""
        return self.asks or self.collects or sum(base == ROW for base, _ in self.loads) > 1

    def branches(self) -> tuple[Branch, dict[str, Branch]]:
        """What the functions read of rows; and of the elements of arrays, by the variables of those."""
        found: dict[str, Branch] = {}
        for base, loads in self.loads:
            branch = loads.branch()
            if base in found:
                found[base].merge(branch)
            else:
                found[base] = branch
            found[base].is_whole |= base in self.wanted
        elements: dict[str, Branch] = {}
        for array, members in self.elements.items():
            for member in members:
                if member in found and array in elements:
                    elements[array].merge(found[member])
                elif member in found:
                    elements[array] = found[member]
        return found.get(ROW) or Branch({ROW}, is_whole=False, is_array=False, plain=set()), elements

    def reads(self) -> Reads | None:
        """What the functions read of rows; None = anything."""
        found = Reads()
        for base, loads in self.loads:
            if base != ROW:
                continue
            one = loads.reads()
            if one is None:
                return None
            found = found.and_(one)
        return None if self.asks else found


class Scope:
    """One function that is being written: what it reads of the row and of members of arrays."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._loads: dict[str, Loads] = {}

    def of(self, base: str) -> Loads:
        """What is read of the value in a variable."""
        if base not in self._loads:
            writer = self.writer
            self._loads[base] = Loads(base, writer.names, writer.keys, writer.places)
            writer.loads.append((base, self._loads[base]))
        return self._loads[base]

    def statements(self, bases: Sequence[str]) -> list[ast.stmt]:
        """The code that reads what is wanted of these variables."""
        return [
            statement for base in bases if base in self._loads for statement in self._loads[base].statements()
        ]


@dataclass(frozen=True, slots=True, eq=False)
class FirstCounted:
    """A count as code that gives the number, and the places and the value of the first member that counts."""

    code: ast.expr
    steps: Path
    names: Mapping[str, int]


class _Body(Protocol):
    def __call__(self, *, plain: bool) -> list[ast.stmt]: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Where a field lies: a value that is known, or a path below a variable."""

    base: str
    steps: Path
    fixed: int
    """How many of its `[*]` counts around it have chosen."""

    @property
    def wildcards(self) -> int:
        return sum(1 for step in self.steps if isinstance(step, Wildcard))


class Conditions:
    """Writes the conditions of one policy into one function, below the counts that stand around them."""

    def __init__(
        self, situation: Situation, scope: Scope, *, note: str = "", around: tuple[Counting, ...] = ()
    ) -> None:
        """`note`: the variable that is set when a guessed alias is read; empty = nobody asks."""
        self._situation = situation
        self._scope = scope
        self._note = note
        self._around = around

    @property
    def _names(self) -> Namespace:
        return self._scope.writer.names

    # ------------------------------------------------------------ parts for others

    def plain_value(self, path: Path) -> str:
        """The variable of a value of the resource. Raises `Varies` for a path that is more than names and places."""
        found = _Found(ROW, path, 0)
        if found.wildcards or _is_whole_properties(found):
            raise Varies
        return self._scope.of(ROW).variable(_plain(path))

    def inputs(self, inputs: Sequence[Input]) -> list[ast.expr]:
        """The values of inputs. Raises `Varies` where there is no code for one of them."""
        return [self._current(text) if name == "current" else self._read(text) for name, text in inputs]

    def first_counted(self, left: FieldCount) -> FirstCounted | None:
        """How many members a count finds, and the first of them; None = there is no code for that."""
        steps = self._situation.path(left.field)
        if steps is None or left.field.wildcards == 0:
            return None
        texts = sorted(prefixes(left.field.text), key=len)
        code = self._counted(left, first=True)
        if code is None:
            return None
        return FirstCounted(code, steps, {text: place + 1 for place, text in enumerate(texts)})

    def is_constant_phrase(self, left: FieldCount) -> bool:
        """Whether everything that a `where` compares with is the same for every resource."""
        return left.where is None or self._compares_with_constants(left.where)

    def _compares_with_constants(self, condition: Condition) -> bool:
        if isinstance(condition, Compare):
            try:
                self._situation.constant(condition.right)
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
            return _negated(self.truth(condition.member, depth + 1))
        members = (self.truth(member, depth + 1) for member in condition.members)
        return _joined(members, decisive=not isinstance(condition, AllOf))

    def step_by_step(self, condition: Condition, base: str, body: _Body) -> list[ast.stmt]:
        """Statements that end in `body` where a condition holds: what the members of an `allOf` read of the variable
        `base` is read when their turn comes. `body` is told whether the condition cannot raise."""
        members = condition.members if isinstance(condition, AllOf) else (condition,)
        steps: list[tuple[list[ast.stmt], Truth]] = []
        for member in members:
            truth = self.truth(member, 1)
            if truth.code is None and truth.constant:
                continue
            steps.append((self._scope.statements([base]), truth))
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
            return _negated(inner)
        members = (
            self.applicable(member, kinds, positive=positive, depth=depth + 1) for member in condition.members
        )
        return _joined(members, decisive=not isinstance(condition, AllOf))

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
        if not guess:
            return made
        made = made._replace(may_guess=True, guesses=True)
        if self._note:
            made = made._replace(code=both([let(self._note, constant(True)), made.expression]))
        return made

    def _guess(self, condition: Compare, names: _Names | None) -> bool | None:
        """Whether deciding a comparison reads a guessed alias; None = it depends."""
        situation = self._situation
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
        situation = self._situation
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
                first.append(self._situation.field(left.name))
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
        decide = evaluate_here(self._situation, condition, self._around, guesses=guesses)
        arguments = [load(name) for one in self._around for name in (*one.indexes, one.value)]
        self._scope.writer.asks = True
        return Truth(call(self._names.name_of(decide, "decide"), load(ROW), *arguments), plain=False)

    def _native(self, condition: Compare, left: object) -> Truth | None:
        """A comparison as code of its own, or None. Raises `Varies` and what evaluating a constant raises."""
        situation = self._situation
        operator = condition.operator
        called = called_in(condition)
        if called & _AROUND and not called & LAZY and not isinstance(left, (FieldCount, ValueCount)):
            return Truth(call(self._names.name_of(give_up, "give_up")), plain=False)
        if isinstance(left, ValueLeft):
            try:
                value, right = situation.constant(left.value), situation.constant(condition.right)
                return _settled(operator.holds(value, right))
            except Varies:
                return self._value(left.value, operator, condition.right)
        try:
            right = situation.constant(condition.right)
        except Varies:
            return self._against(condition, left)
        if isinstance(left, FieldLeft):
            return self._field(situation.field(left.name), operator, right)
        if isinstance(left, ValueCount):
            counted = self._count_values(left, operator, right)
        elif isinstance(left, FieldCount):
            counted = self._count_field(left, operator, right)
        else:
            return None
        if counted is None:
            return None
        number, plain = counted
        if isinstance(number, int):
            return _settled(operator.holds(number, right))
        return self._number(number, operator, right, plain=plain)

    # ------------------------------------------------------------ expressions

    def _value(self, left: Operand, operator: OperatorRow, right: Operand) -> Truth:
        """A comparison of expressions."""
        inputs = inputs_of((left, right), self._situation)
        comparison = Comparison(left, operator, right, inputs, self._situation.constants)
        if is_alike_for_all((left, right)):
            key = (
                operator.name,
                repr(getattr(left, "text", left)),
                repr(getattr(right, "text", right)),
                inputs,
            )
            comparison = self._scope.writer.comparisons.setdefault(key, comparison)
        return Truth(self._asked(self._names.name_of(comparison, "comparison"), inputs), plain=False)

    def _against(self, condition: Compare, left: object) -> Truth | None:
        """A field against an expression."""
        if not isinstance(left, FieldLeft):
            return None
        name = self._situation.field(left.name)
        if name.kind in (FieldKind.LOCATION, FieldKind.TYPE, FieldKind.NAME):
            return None
        found = self._find(name)
        if found is None or found.wildcards or _is_whole_properties(found):
            return None
        value = load(self._scope.of(found.base).variable(_plain(found.steps)))
        test = pair_tester(condition.operator, absent=Absent.FIELD if found.base == ROW else None)
        inputs = inputs_of((condition.right,), self._situation)
        calculation = Calculation(condition.right, inputs, self._situation.constants)
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
            if self._situation.type != self._situation.target.type:
                return self._names.constant(self._situation.type)
            return load(self._scope.of(ROW).variable(("type",)))
        if name.kind is FieldKind.NAME:
            return choose(self._name_is_sure(), load(self._scope.of(ROW).variable(("name",))), constant(None))
        found = self._find(name)
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
            self._scope.of(ROW).array(_parts(found.steps)[0])
            self._scope.writer.collects = True
            return call(self._names.name_of(collector(found.steps), "collect"), load(ROW))
        value = load(self._scope.of(found.base).variable(_plain(found.steps)))
        if found.base != ROW:
            return call(self._names.name_of(as_list, "as_list"), value)
        return choose(same(value, constant(None)), constant(""), value)

    def _current(self, text: str | None) -> ast.expr:
        """What `current('…')` gives: the member that a count looks at, or a property of it, null for what it lacks."""
        if not self._around:
            raise Varies
        if text is None:
            self._scope.writer.wanted.add(self._around[-1].value)
            return self._or_null(load(self._around[-1].value))
        for one in reversed(self._around):
            if not one.of_resource and fold(text) in one.names:
                return load(one.value)
        found = self._find(read_field(text))
        if found is None or found.base == ROW or found.wildcards:
            raise Varies
        return self._or_null(load(self._scope.of(found.base).variable(_plain(found.steps))))

    def _or_null(self, value: ast.expr) -> ast.expr:
        return choose(same(value, self._names.name_of(MISSING, "missing")), constant(None), value)

    def _number(self, number: ast.expr, operator: OperatorRow, right: Value, *, plain: bool) -> Truth:
        """The comparison of a count."""
        kind = _NUMBER_TESTS.get(operator.name)
        if kind is not None and type(right) in (int, float):
            return Truth(compare(number, kind, constant(right)), plain=plain)
        test = tester(operator, right, absent=None)
        return Truth(call(self._names.name_of(test, "test"), number), plain=False)

    # ------------------------------------------------------------ fields

    def _field(self, name: FieldName, operator: OperatorRow, right: Value) -> Truth | None:
        if name.kind is FieldKind.TYPE:
            return _settled(operator.holds(self._situation.type or Absent.FIELD, right))
        if name.kind is FieldKind.NAME:
            return self._name(operator, right)
        found = self._find(name)
        if found is None:
            around = self._bound(name)
            if name.wildcards > (around[1] if around else 0):
                return TRUE  # no member that could say otherwise
            return _settled(operator.holds(Absent.MEMBER if around else Absent.FIELD, right))
        if _is_whole_properties(found):
            return None
        if found.wildcards:
            return self._each(found, operator, right) if found.wildcards <= _MOST_LOOPS else None
        steps = _plain(found.steps)
        loads = self._scope.of(found.base)
        if name.kind is FieldKind.LOCATION:
            place = loads.place(steps)
            subject = predicates.Subject(place, lambda: place, Absent.FIELD)
            return _truth(test_of(operator, _as_location(right), subject, self._names))
        absent = Absent.FIELD if found.base == ROW else None
        subject = predicates.Subject(loads.variable(steps), lambda: loads.folded(steps), absent)
        return _truth(test_of(operator, right, subject, self._names))

    def _name(self, operator: OperatorRow, right: Value) -> Truth:
        """The name, where it is written down and is one name: everything else is for the interpreter."""
        loads = self._scope.of(ROW)
        subject = predicates.Subject(loads.variable(("name",)), lambda: loads.folded(("name",)), None)
        test = test_of(operator, right, subject, self._names)
        return Truth(both([self._name_is_sure(), test.code]), plain=False)

    def _name_is_sure(self) -> ast.expr:
        value = load(self._scope.of(ROW).variable(("name",)))
        good = [has_type(value, "str"), value]
        if segments(self._situation.type) > 1:
            good.append(compare(constant("/"), ast.NotIn, value))
        return either([both(good), call(self._names.name_of(give_up, "give_up"))])

    def _bound(self, name: FieldName) -> tuple[Counting, int] | None:
        """The count whose members a field stands for and how many of its `[*]` that fixes, as `subject.bound`."""
        if not name.wildcards:
            return None
        best: tuple[Counting, int] | None = None
        text = name.folded
        for one in reversed(self._around):
            if one.of_resource:
                for prefix, count in one.names.items():
                    if text.startswith(prefix) and (best is None or count > best[1]):
                        best = (one, count)
        return best

    def _find(self, name: FieldName) -> _Found | None:
        """Where a field lies; None where this type has no such alias. Raises `Varies`."""
        steps = self._situation.path(name)
        around = self._bound(name)
        if steps is None:
            return None
        places = [place for place, step in enumerate(steps) if isinstance(step, Wildcard)]
        if around is None:
            if places and places[0] == 1 and fold(str(steps[0])) == "tags":
                raise Varies  # `tags[*]` are the members of an object
            if any(shared_wildcards(steps, one.steps) for one in self._around):
                raise Varies  # an alias that leads to a counted array by another name
            return _Found(ROW, steps, 0)
        count, fixed = around
        if len(places) != name.wildcards or fixed > len(count.members):
            raise Varies
        head = places[fixed - 1] + 1
        if steps[:head] != count.steps[:head]:
            raise Varies  # an alias that leads elsewhere than the array it is named after
        return _Found(count.members[fixed - 1], steps[head:], fixed)

    # ------------------------------------------------------------ arrays

    def _each(self, found: _Found, operator: OperatorRow, right: Value) -> Truth:
        """Every value that a path with `[*]` selects."""
        scope = Scope(self._scope.writer)

        def innermost(base: str, rest: tuple[str | int, ...]) -> list[ast.stmt]:
            loads = scope.of(base)
            subject = predicates.Subject(loads.variable(rest), lambda: loads.folded(rest), None)
            test = test_of(operator, right, subject, self._names)
            return [when(opposite(test.code), [give(constant(False))])]

        array = self._array(found)
        body = self._loops(scope, array, found, innermost, [], [])
        name = self._names.fresh("each")
        made = function(name, [array], [*scope.statements([array]), *body, give(constant(True))])
        self._scope.writer.functions.append(made)
        return Truth(choose(load(array), call(load(name), load(array)), constant(True)), plain=False)

    def _most(self, level: int) -> int:
        """How many members an array may have inside so many others, so that a whole rule stays far below the
        interpreter's limit, which only it tells. Of arrays inside each other the outer ones are the longer ones."""
        weight = self._situation.weight
        share = min(MOST_MEMBERS, MAX_STEPS // (2 * max(weight.each, 1)))
        depth = max(weight.depth, level + 1)
        return max(int(share ** ((depth - level) * 2 / (depth * (depth + 1)))), 1)

    def _array(self, found: _Found) -> str:
        """The variable of the first array of a path."""
        return self._scope.of(found.base).array(_parts(found.steps)[0])

    def _loops(
        self,
        scope: Scope,
        array: str,
        found: _Found,
        innermost: Callable[[str, tuple[str | int, ...]], list[ast.stmt]],
        members: list[str],
        indexes: list[str],
    ) -> list[ast.stmt]:
        """Loops over the arrays of a path. The variables of members (and of places, if wanted) go to the lists."""
        parts = _parts(found.steps)
        arrays: list[tuple[str, str, str]] = []
        for place in range(1, len(parts)):
            member, index = self._names.fresh("member"), self._names.fresh("index")
            arrays.append((array, member, index))
            self._scope.writer.elements.setdefault(array, []).append(member)
            members.append(member)
            indexes.append(index)
            if place < len(parts) - 1:
                array = scope.of(member).array(parts[place])
        base = members[-1]
        body = innermost(base, parts[-1])
        around = sum(len(one.indexes) for one in self._around)
        for level, (array, member, index) in reversed(list(enumerate(arrays, around))):
            inside = [*scope.statements([member]), *body]
            turns = loop([index, member], call(load("enumerate"), load(array)), inside)
            too_many = compare(call(load("len"), load(array)), ast.Gt, constant(self._most(level)))
            limit = when(too_many, [do(call(self._names.name_of(give_up, "give_up")))])
            body = [when(has_type(load(array), "list"), [limit, turns])]
        return body

    def _count_field(
        self, left: FieldCount, operator: OperatorRow, right: Value
    ) -> tuple[ast.expr | int, bool] | None:
        """The number of members that a field count finds, and whether finding it cannot raise; None = no code."""
        name = left.field
        steps = self._situation.path(name)
        if steps is None:
            return 0, True
        found = self._find(name)
        if (
            left.where is None
            and found is not None
            and found.wildcards == name.wildcards
            and found.base == ROW
            and found.wildcards == 1
            and _parts(found.steps)[-1] == ()
        ):
            array = self._array(found)
            size = call(load("len"), load(array))
            return choose(has_type(load(array), "list"), size, constant(0)), True
        code = self._counted(left, enough=(operator, right))
        return None if code is None else (code, False)

    def _counted(
        self, left: FieldCount, *, enough: tuple[OperatorRow, Value] | None = None, first: bool = False
    ) -> ast.expr | None:
        """A count by a function of its own: the number, which need not go further than the comparison in `enough`
        can tell, or with `first` the number and the first member. None = there is no code for it."""
        name = left.field
        found = self._find(name)
        if found is None or not 0 < found.wildcards <= _MOST_LOOPS:
            return None
        if found.wildcards + found.fixed != name.wildcards:
            return None
        texts = sorted(prefixes(name.text), key=len)
        outer = self._bound(name)
        members = list(outer[0].members[: found.fixed]) if outer else []
        indexes = list(outer[0].indexes[: found.fixed]) if outer else []
        scope = Scope(self._scope.writer)
        counter, noted = self._names.fresh("count"), self._names.fresh("first")

        def innermost(base: str, rest: tuple[str | int, ...]) -> list[ast.stmt]:
            value = scope.of(base).holder(rest)
            if first:
                self._scope.writer.wanted.add(value)
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
                    self._situation.path(name) or (),
                    tuple(members),
                    tuple(indexes),
                    value,
                    of_resource=True,
                )
                inner = Conditions(self._situation, scope, around=(*self._around, around))
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

    def _count_values(
        self, left: ValueCount, operator: OperatorRow, right: Value
    ) -> tuple[ast.expr | int, bool] | None:
        value = self._situation.constant(left.value)
        if value is None or value == "":
            value = []
        if not isinstance(value, list):
            return None
        if left.where is None:
            return len(value), True
        if len(value) > MAX_ITERATIONS or any(not one.of_resource for one in self._around):
            return None
        scope = Scope(self._scope.writer)
        counter, member = self._names.fresh("count"), self._names.fresh("member")
        around = Counting({fold(left.name): 0}, (), (), (), member, of_resource=False, iterations=len(value))
        inner = Conditions(self._situation, scope, around=(*self._around, around))
        truth = inner.truth(left.where, 1)
        counted = [add(counter, 1), *self._enough(counter, operator, right, plain=truth.plain)]
        inside = [*scope.statements([member]), when(truth.expression, counted)]
        number = self._function(scope, counter, [loop([member], self._names.constant(value), inside)])
        return self._remembered(number, left.where), False

    def _remembered(self, number: ast.expr, where: Condition) -> ast.expr:
        """A count of constants, which need not be made again for values that were met."""
        compares = list(conditions_in(where))
        if self._around or not all(isinstance(one.left, (ValueLeft, ValueCount)) for one in compares):
            return number
        if any(called_in(one) & _AROUND for one in compares):
            return number
        operands = [operand for one in compares for operand in expressions_of(one)]
        inputs = [one for one in inputs_of(operands, self._situation) if one[0] == "field"]
        if not inputs:
            return number
        return self._known(self._names.name_of(Counts(), "counts"), self.inputs(inputs), number)

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
        if not plain or operator.name not in _NUMBER_TESTS or type(right) is not int:
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
        variables = list(dict.fromkeys([name for one in self._around for name in one.variables] + list(more)))
        name = self._names.fresh("number")
        reading = scope.statements([ROW, *variables])
        start = assign(counter, constant(0))
        end = give(result or load(counter))
        self._scope.writer.functions.append(function(name, [ROW, *variables], [*reading, start, *body, end]))
        return call(load(name), load(ROW), *map(load, variables))


_NUMBER_TESTS: dict[str, type[ast.cmpop]] = {
    "equals": ast.Eq,
    "notEquals": ast.NotEq,
    "less": ast.Lt,
    "lessOrEquals": ast.LtE,
    "greater": ast.Gt,
    "greaterOrEquals": ast.GtE,
}


def _is_lazy(condition: Compare) -> bool:
    """Whether an expression of a comparison may leave some of its fields unread."""
    return not LAZY.isdisjoint(called_in(condition))


_EMPTY: list[Value] = []


def _settled(result: bool | None) -> Truth | None:
    return None if result is None else TRUE if result else FALSE


def _truth(test: predicates.Test) -> Truth:
    return Truth(test.code, plain=test.plain)


def _negated(inner: Truth) -> Truth:
    return inner._replace(
        code=None if inner.code is None else opposite(inner.code),
        constant=inner.code is None and not inner.constant,
        reads_if_true=inner.reads_if_false,
        reads_if_false=inner.reads_if_true,
    )


def _joined(members: Iterable[Truth], *, decisive: bool) -> Truth:
    """Conditions in a row, up to the first that decides: false for `allOf`, true for `anyOf`."""
    kept: list[Truth] = []
    may_read = False
    for member in members:
        may_read = may_read or member.may_read
        if member.code is None and member.constant is not decisive:
            continue
        kept.append(member)
        if member.code is None:
            break
    if not kept:
        return (FALSE if decisive else TRUE)._replace(may_read=may_read)
    through = any(one.reads_if_false if decisive else one.reads_if_true for one in kept)
    decided = _reads_up_to_decision(kept, decisive=decisive)
    if kept[-1].code is None and all(one.idle for one in kept):
        made = kept[-1]
    else:
        parts = [one.expression for one in kept]
        made = Truth(
            either(parts) if decisive else both(parts),
            plain=all(one.plain for one in kept),
            may_guess=any(one.may_guess for one in kept),
            guesses=kept[0].guesses,
        )
    return made._replace(
        may_read=may_read,
        reads_if_true=decided if decisive else through,
        reads_if_false=through if decisive else decided,
    )


def _reads_up_to_decision(members: Sequence[Truth], *, decisive: bool) -> bool:
    """Whether an alias was read when the first member that decides is met, whichever that is."""
    before = False
    for member in members:
        own, other = member.reads_if_true, member.reads_if_false
        if not (before or (own if decisive else other)):
            return False
        before = before or (other if decisive else own)
    return True


def _parts(steps: Path) -> list[tuple[str | int, ...]]:
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


def _plain(steps: Path) -> tuple[str | int, ...]:
    return tuple(step for step in steps if not isinstance(step, Wildcard))


def _is_whole_properties(found: _Found) -> bool:
    """`properties` itself, or an element of it: places that the code for reading does not have."""
    if found.base != ROW or fold(str(found.steps[0])) != "properties":
        return False
    return len(found.steps) == 1 or not isinstance(found.steps[1], str)


def _as_location(value: Value) -> Value:
    """What a location is compared with, as the interpreter has it."""
    if isinstance(value, str):
        return normal_location(value)
    return [_as_location(member) for member in value] if isinstance(value, list) else value
