"""What a rule wants of the members of an array, in words for people."""

from __future__ import annotations

from collections.abc import Callable

from blueprinter.arm import Call, Value
from blueprinter.casing import fold, get
from blueprinter.policy.fields import FieldName
from blueprinter.policy.operators import OperatorRow, shown, words_for
from blueprinter.policy.syntax import (
    AllOf,
    Compare,
    Condition,
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    Not,
    Operand,
    ValueLeft,
    fields_in,
)

MAX_SHOWN = 300
"""How many characters of a value a person is shown."""

_LONGEST_PHRASE = 140
_LONGEST_VALUE = 80
_LARGE = 1_000_000_000

_VERBS = {
    "contains": "contains {}",
    "notContains": "does not contain {}",
    "containsKey": "has the key {}",
    "notContainsKey": "has no key {}",
}

ValueOf = Callable[[Operand], Value]
"""The value of an operand, or its text where it has none."""


def short(text: str, most: int = MAX_SHOWN) -> str:
    """A text that fits into a finding."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def amount(accept: Callable[[int], bool], right: Value, seen: int) -> tuple[str, bool]:
    """How many members are wanted, such as `no element` or `at least 2 elements`, and whether they are too many
    rather than too few. `accept` tells whether a number is fine, `right` is what it is compared with, `seen` the
    number that there is."""
    edge = int(right) if isinstance(right, (int, float)) and abs(right) < _LARGE else 0
    around = {0, 1, 2, *range(edge - 1, edge + 3), seen, seen + 1}
    numbers = sorted(number for number in around if number >= 0)
    fine = [number for number in numbers if accept(number)]
    if not fine:
        return "another number of elements", False
    if accept(0):
        limit = next((number for number in numbers if not accept(number)), seen + 1) - 1
        return ("no element" if limit == 0 else f"at most {_elements(limit)}"), True
    least = fine[0]
    if not accept(least + 1):
        return f"exactly {_elements(least)}", seen > least
    return ("an element" if least == 1 else f"at least {_elements(least)}"), False


def _elements(number: int) -> str:
    return "1 element" if number == 1 else f"{number} elements"


def member_name(member: Value) -> str:
    """How a member of an array is called: its name or id if it has one, else what it is."""
    if isinstance(member, dict):
        for key in ("name", "id"):
            stated = get(member, key)
            if isinstance(stated, str) and stated:
                return short(stated)
    return short(shown(member))


def where_phrase(condition: Condition, value_of: ValueOf) -> str:
    """What `where` says, such as `access is Allow and direction is Inbound`."""
    return short(_phrase(condition, value_of, inner=False), _LONGEST_PHRASE)


def _phrase(condition: Condition, value_of: ValueOf, *, inner: bool) -> str:
    if isinstance(condition, Compare):
        return f"{_subject(condition)} {_predicate(condition.operator, condition.right, value_of)}"
    if isinstance(condition, Not):
        return f"not ({_phrase(condition.member, value_of, inner=False)})"
    joint = " and " if isinstance(condition, AllOf) else " or "
    parts = [_phrase(member, value_of, inner=True) for member in condition.members]
    text = joint.join(parts)
    return f"({text})" if inner and len(parts) > 1 else text


def _subject(condition: Compare) -> str:
    left = condition.left
    if isinstance(left, FieldLeft):
        return _field(left.name) if isinstance(left.name, FieldName) else left.name.text
    if isinstance(left, ValueLeft):
        return _computed(left.value)
    return f"the number of {_field(left.field)}" if isinstance(left, FieldCount) else "the number of values"


def _computed(operand: Operand) -> str:
    """What a value is made of: a calculation says less than the field that it looks at."""
    if isinstance(operand, Expression) and isinstance(operand.node, Call):
        names = dict.fromkeys(_field(name) for name in fields_in(operand.node))
        if names and fold(operand.node.name) != "field":
            return f"what is computed from {' and '.join(names)}"
        if names:
            return next(iter(names))
    return short(text_of(operand), _LONGEST_VALUE)


def _field(name: FieldName) -> str:
    """The end of a field's name: what stands behind its last array, else behind its last slash."""
    behind = name.text.rpartition("[*]")[2].lstrip(".")
    if behind and "[*]" in name.text:
        return behind
    return "it" if name.text.endswith("[*]") else name.text.rpartition("/")[2]


def _predicate(operator: OperatorRow, right: Operand, value_of: ValueOf) -> str:
    value = value_of(right)
    words = _VERBS.get(operator.name)
    if words is not None:
        return words.format(shown(value))
    return f"is {words_for(operator, value, holds=True)}"


def text_of(operand: Operand) -> str:
    """An operand as it is written, in short."""
    if isinstance(operand, Constant):
        return shown(operand.value)
    return operand.text if isinstance(operand, Expression) else "a value with expressions"
