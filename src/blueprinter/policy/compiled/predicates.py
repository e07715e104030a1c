"""From an operator and its operand to a quick test of one value.

Every test here says what `OperatorRow.holds` says. Where a value is not of the type that the quick test is about, the
test calls `holds` itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from msgspec import Struct

from blueprinter.arm import Value, number_in
from blueprinter.casing import fold
from blueprinter.policy.compiled.code import (
    Namespace,
    both,
    call,
    choose,
    compare,
    constant,
    either,
    equals,
    has_type,
    item,
    load,
    method,
    opposite,
    other,
    same,
)
from blueprinter.policy.compiled.runtime import MISSING, Remembered, tester
from blueprinter.policy.operators import Absent, OperatorRow, is_true

_LONGEST = 256
"""Characters of a text that costs no steps beside an operand that is shorter (`policy/effort.py`)."""

_FEW = 4
"""Texts that are compared one by one; more of them go into a set."""


class Subject(Struct, frozen=True):
    """A value in a variable: as it is, and folded if it is text."""

    name: str
    folded: Callable[[], str]
    """Names the variable that holds the folded value; asking for it makes it."""
    absent: Absent | None
    """What None stands for: `Absent.FIELD` of a resource, nothing at all in a member of an array."""


class Test(Struct, frozen=True):
    """A test as code. A plain one cannot raise."""

    code: ast.expr
    plain: bool


def test_of(operator: OperatorRow, right: Value, subject: Subject, names: Namespace) -> Test:
    """The test that `operator` holds between the value in `subject` and the constant `right`."""
    quick = _QUICK.get(operator.name) if _is_short(right) else None
    made = quick(_Case(operator, right, subject, names)) if quick is not None else None
    return made if made is not None else _Case(operator, right, subject, names).slow()


def _is_short(right: Value) -> bool:
    """Whether no text of an operand is so long that comparing it costs steps."""
    texts = right if isinstance(right, list) else [right]
    return all(len(text) < _LONGEST for text in texts if isinstance(text, str))


class _Case:
    """One operator with one operand about one value."""

    __slots__ = ("names", "operator", "right", "subject")

    def __init__(self, operator: OperatorRow, right: Value, subject: Subject, names: Namespace) -> None:
        self.operator = operator
        self.right = right
        self.subject = subject
        self.names = names

    @property
    def value(self) -> ast.expr:
        return load(self.subject.name)

    @property
    def folded(self) -> ast.expr:
        return load(self.subject.folded())

    def is_folded_text(self) -> ast.expr:
        return has_type(self.folded, "str")

    def is_short_text(self) -> ast.expr:
        """Whether the value is text that costs no steps: what is longer is sought through at a price."""
        return both(
            [self.is_folded_text(), compare(call(load("len"), self.folded), ast.LtE, constant(_LONGEST))]
        )

    def signed(self, code: ast.expr) -> ast.expr:
        """A test of the positive operator as one of this operator."""
        return opposite(code) if self.operator.negative else code

    def slow(self, *, text: bool = True) -> Test:
        """The operator itself; what it says of an absent value is known beforehand. `text`: the value may be one."""
        test = tester(self.operator, self.right, absent=self.subject.absent)
        code = call(self.names.name_of(test, "test"), self.value)
        if text:  # the same few texts stand in many rows
            known = self.names.name_of(Remembered(test), "known")
            code = choose(has_type(self.value, "str"), item(known, self.value), code)
        nothing = self.operator.holds(self.subject.absent, self.right)
        absent = same(self.value, constant(None))
        if nothing is True:
            return Test(either([absent, code]), plain=False)
        if nothing is False:
            return Test(both([opposite(absent), code]), plain=False)
        return Test(code, plain=False)

    def texts(self, code: ast.expr) -> Test:
        """`code` for text of usual length, the operator itself for everything else."""
        return Test(choose(self.is_short_text(), code, self.slow(text=False).code), plain=False)


def _is_ordinary(text: str) -> bool:
    """Whether a text equals no value but text: it is not empty and spells no number and no boolean."""
    return bool(text) and fold(text) not in ("true", "false") and number_in(text) is None


def _equals(case: _Case) -> Test | None:
    right = case.right
    if isinstance(right, bool):
        return Test(case.signed(_is_boolean(case, right)), plain=True)
    if isinstance(right, str):
        return Test(case.signed(_is_text(case, right)), plain=True)
    if isinstance(right, (int, float)):
        equal = equals(case.value, constant(right))
        return Test(choose(_is_number(case), case.signed(equal), case.slow().code), plain=False)
    return None


def _is_boolean(case: _Case, wanted: bool) -> ast.expr:
    """Whether the value is that boolean, or text that spells it."""
    folded = method(case.value, "casefold")  # most values are booleans: not worth a variable
    unlike = other(case.value, constant(not wanted))
    spelled = both([unlike, has_type(case.value, "str"), equals(folded, constant(str(wanted).lower()))])
    return either([same(case.value, constant(wanted)), spelled])


def _is_number(case: _Case) -> ast.expr:
    return either([has_type(case.value, "int"), has_type(case.value, "float")])


def _is_text(case: _Case, wanted: str) -> ast.expr:
    """Whether the value is that text, or a value that the text spells."""
    text = fold(wanted)
    if text in ("true", "false"):
        return _is_boolean(case, text == "true")
    if not text:
        return either([same(case.value, constant(None)), equals(case.value, constant(""))])
    equal = equals(case.folded, constant(text))
    number = number_in(wanted)
    if number is None:
        return equal
    return either([equal, both([_is_number(case), equals(case.value, constant(number))])])


def _in(case: _Case) -> Test | None:
    options = case.right if isinstance(case.right, list) else [case.right]
    texts = [option for option in options if isinstance(option, str)]
    if len(texts) < len(options) or not texts:
        return None
    folded = tuple(dict.fromkeys(map(fold, texts)))
    few = len(folded) <= _FEW
    among = compare(case.folded, ast.In, case.names.constant(folded if few else frozenset(folded)))
    if not all(map(_is_ordinary, texts)):
        return case.texts(case.signed(among))
    # a list or an object cannot be sought in a set
    return Test(case.signed(among if few else both([case.is_folded_text(), among])), plain=True)


def _exists(case: _Case) -> Test | None:
    if isinstance(case.right, (str, bool)) or case.right is None:
        missing: list[ast.expr] = [constant(None)]
        if case.subject.absent is None:
            missing.append(case.names.name_of(MISSING, "missing"))
        there = both([other(case.value, nothing) for nothing in missing])
        return Test(there if is_true(case.right) else opposite(there), plain=True)
    return None


def _contains(case: _Case) -> Test | None:
    if not isinstance(case.right, str):
        return None
    return case.texts(case.signed(compare(constant(fold(case.right)), ast.In, case.folded)))


def _like(case: _Case) -> Test | None:
    if not isinstance(case.right, str) or "?" in case.right:
        return None
    head, *rest = fold(case.right).split("*")
    if not rest:
        return case.texts(case.signed(equals(case.folded, constant(head))))
    if len(rest) > 1:
        return None
    tail = rest[0]
    parts: list[ast.expr] = []
    if head and tail:
        size = call(load("len"), case.folded)
        parts.append(compare(size, ast.GtE, constant(len(head) + len(tail))))
    if head:
        parts.append(method(case.folded, "startswith", constant(head)))
    if tail:
        parts.append(method(case.folded, "endswith", constant(tail)))
    return case.texts(case.signed(both(parts) if parts else constant(True)))


def _ordered(kind: type[ast.cmpop]) -> Callable[[_Case], Test | None]:
    def make(case: _Case) -> Test | None:
        if type(case.right) not in (int, float):
            return None
        test = compare(case.value, kind, constant(case.right))
        return Test(choose(_is_number(case), test, case.slow().code), plain=False)

    return make


_QUICK: dict[str, Callable[[_Case], Test | None]] = {
    "equals": _equals,
    "notEquals": _equals,
    "in": _in,
    "notIn": _in,
    "exists": _exists,
    "contains": _contains,
    "notContains": _contains,
    "like": _like,
    "notLike": _like,
    "less": _ordered(ast.Lt),
    "lessOrEquals": _ordered(ast.LtE),
    "greater": _ordered(ast.Gt),
    "greaterOrEquals": _ordered(ast.GtE),
}

NUMBER_TESTS: dict[str, type[ast.cmpop]] = {
    "equals": ast.Eq,
    "notEquals": ast.NotEq,
    "less": ast.Lt,
    "lessOrEquals": ast.LtE,
    "greater": ast.Gt,
    "greaterOrEquals": ast.GtE,
}
"""Operators that compare two numbers as Python does."""
