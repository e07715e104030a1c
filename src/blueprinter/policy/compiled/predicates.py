"""From an operator and its operand to a quick test of one value.

Every test here says what `OperatorRow.holds` says. Where a value is not of the type that the quick test is about, the
test calls `holds` itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from blueprinter.arm import Value, number_in
from blueprinter.casing import fold
from blueprinter.policy.compiled.code import (
    Namespace,
    both,
    call,
    choose,
    compare,
    either,
    equals,
    has_type,
    load,
    method,
    opposite,
    other,
    same,
)
from blueprinter.policy.compiled.runtime import MISSING, tester
from blueprinter.policy.operators import Absent, OperatorRow, is_true

_FEW = 4
"""Texts that are compared one by one; more of them go into a set."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A value in a variable: as it is, and folded if it is text."""

    name: str
    folded: Callable[[], str]
    """Names the variable that holds the folded value; asking for it makes it."""
    absent: Absent | None
    """What None stands for: `Absent.FIELD` of a resource, nothing at all in a member of an array."""


@dataclass(frozen=True, slots=True)
class Test:
    """A test as code. A plain one cannot raise."""

    code: ast.expr
    plain: bool


def test_of(operator: OperatorRow, right: Value, subject: Subject, names: Namespace) -> Test:
    """The test that `operator` holds between the value in `subject` and the constant `right`."""
    quick = _QUICK.get(operator.name)
    made = quick(_Case(operator, right, subject, names)) if quick is not None else None
    return made if made is not None else _Case(operator, right, subject, names).slow()


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

    def signed(self, code: ast.expr) -> ast.expr:
        """A test of the positive operator as one of this operator."""
        return opposite(code) if self.operator.negative else code

    def call(self) -> ast.expr:
        test = tester(self.operator, self.right, absent=self.subject.absent)
        return call(self.names.name_of(test, "test"), self.value)

    def slow(self) -> Test:
        """The operator itself; what it says of an absent value is known beforehand."""
        nothing = self.operator.holds(self.subject.absent, self.right)
        absent = same(self.value, ast.Constant(None))
        if nothing is True:
            return Test(either([absent, self.call()]), plain=False)
        if nothing is False:
            return Test(both([opposite(absent), self.call()]), plain=False)
        return Test(self.call(), plain=False)

    def texts(self, code: ast.expr) -> Test:
        """`code` for text, the operator itself for everything else."""
        return Test(choose(self.is_folded_text(), code, self.slow().code), plain=False)


def _is_ordinary(text: str) -> bool:
    """Whether a text equals no value but text: it is not empty and spells no number and no boolean."""
    return bool(text) and fold(text) not in ("true", "false") and number_in(text) is None


def _equals(case: _Case) -> Test | None:
    right = case.right
    if isinstance(right, bool):
        folded = method(case.value, "casefold")  # most values are booleans: not worth a variable
        spelled = both([has_type(case.value, "str"), equals(folded, ast.Constant(str(right).lower()))])
        return Test(case.signed(either([same(case.value, ast.Constant(right)), spelled])), plain=True)
    if isinstance(right, str):
        equal = equals(case.folded, ast.Constant(fold(right)))
        return Test(case.signed(equal), plain=True) if _is_ordinary(right) else case.texts(case.signed(equal))
    if isinstance(right, (int, float)):
        number = either([has_type(case.value, "int"), has_type(case.value, "float")])
        equal = equals(case.value, ast.Constant(right))
        return Test(choose(number, case.signed(equal), case.slow().code), plain=False)
    return None


def _in(case: _Case) -> Test | None:
    options = case.right if isinstance(case.right, list) else [case.right]
    texts = [option for option in options if isinstance(option, str)]
    if len(texts) < len(options) or not texts:
        return None
    folded = tuple(dict.fromkeys(map(fold, texts)))
    few = len(folded) <= _FEW
    among = compare(case.folded, ast.In(), case.names.constant(folded if few else frozenset(folded)))
    if not all(map(_is_ordinary, texts)):
        return case.texts(case.signed(among))
    # a list or an object cannot be sought in a set
    return Test(case.signed(among if few else both([case.is_folded_text(), among])), plain=True)


def _exists(case: _Case) -> Test | None:
    if isinstance(case.right, (str, bool)) or case.right is None:
        missing = [ast.Constant(None)]
        if case.subject.absent is None:
            missing.append(case.names.name_of(MISSING, "missing"))
        there = both([other(case.value, nothing) for nothing in missing])
        return Test(there if is_true(case.right) else opposite(there), plain=True)
    return None


def _contains(case: _Case) -> Test | None:
    if not isinstance(case.right, str):
        return None
    return case.texts(case.signed(compare(ast.Constant(fold(case.right)), ast.In(), case.folded)))


def _like(case: _Case) -> Test | None:
    if not isinstance(case.right, str) or "?" in case.right:
        return None
    head, *rest = fold(case.right).split("*")
    if not rest:
        return case.texts(case.signed(equals(case.folded, ast.Constant(head))))
    if len(rest) > 1:
        return None
    tail = rest[0]
    parts = []
    if head and tail:
        size = call(load("len"), case.folded)
        parts.append(compare(size, ast.GtE(), ast.Constant(len(head) + len(tail))))
    if head:
        parts.append(method(case.folded, "startswith", ast.Constant(head)))
    if tail:
        parts.append(method(case.folded, "endswith", ast.Constant(tail)))
    return case.texts(case.signed(both(parts) if parts else ast.Constant(True)))


def _ordered(kind: type[ast.cmpop]) -> Callable[[_Case], Test | None]:
    def make(case: _Case) -> Test | None:
        if type(case.right) not in (int, float):
            return None
        number = either([has_type(case.value, "int"), has_type(case.value, "float")])
        test = compare(case.value, kind(), ast.Constant(case.right))
        return Test(choose(number, test, case.slow().code), plain=False)

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
