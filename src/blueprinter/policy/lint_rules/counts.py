"""Rules about arrays: `[*]` without a count, and counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from blueprinter.arm import Call, ExpressionError, Literal, Value
from blueprinter.casing import fold
from blueprinter.policy.fields import FieldName, read_field
from blueprinter.policy.lint_rules.draft import Remark, RuleDraft, bound_wildcards, counted_by, expressions_of
from blueprinter.policy.operators import OperatorRow
from blueprinter.policy.syntax import (
    Compare,
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    ValueCount,
    calls_in,
    conditions_in,
)


def negative_over_array(draft: RuleDraft) -> Iterator[Remark]:
    """A `[*]` outside of a count means every member, which with a negation is easily read as any.

    Source: "Author policies for array properties on Azure resources".
    """
    for place in draft.places():
        left = place.compare.left
        if (
            not isinstance(left, FieldLeft)
            or not isinstance(left.name, FieldName)
            or not place.is_many(left.name)
        ):
            continue
        operator = place.compare.operator
        if operator.negative and not place.negated:
            yield Remark(
                draft.left(place.compare),
                f"`{operator.name}` on `{left.name.text}` means that no member does: also of an empty array",
                f'for "some member does not" count such members, or write `not` and `{operator.opposite}`',
            )
        elif place.negated and not operator.negative and operator.name != "exists":
            yield Remark(
                draft.left(place.compare),
                f"`not` of `{operator.name}` on `{left.name.text}` means that some member does not",
                f'for "no member does" write `{operator.opposite}`, or a count that equals 0',
            )


def constant_count(draft: RuleDraft) -> Iterator[Remark]:
    """A count is a whole number from 0: some comparisons always come out alike."""
    for place in draft.places():
        compare = place.compare
        if not isinstance(compare.left, (FieldCount, ValueCount)) or not isinstance(compare.right, Constant):
            continue
        truth = _always(compare.left, compare.operator, compare.right.value)
        if truth is not None:
            said = "always" if truth else "never"
            yield Remark(
                draft.right(compare),
                f"a count is {said} `{compare.operator.name}` this number",
                "a count is 0 for a missing or an empty array",
            )


def _always(left: FieldCount | ValueCount, operator: OperatorRow, right: Value) -> bool | None:
    """What a comparison of a count always is; None when it can be both."""
    numbers: list[int] | None = None
    if (
        isinstance(left, ValueCount)
        and isinstance(left.value, Constant)
        and isinstance(left.value.value, list)
    ):
        size = len(left.value.value)
        numbers = [size] if left.where is None else list(range(min(size, 1000) + 1))
    elif isinstance(right, (int, float)) and not isinstance(right, bool) and -1000 < right < 1000:
        # one number beyond each place where an operator can change its mind
        numbers = list(range(max(int(right), 0) + 3))
    if numbers is None:
        return None
    try:
        truths = {operator.holds(number, right) for number in numbers}
    except ExpressionError:
        return None
    return truths.pop() if len(truths) == 1 else None


def where_ignores_member(draft: RuleDraft) -> Iterator[Remark]:
    """A `where` that does not look at the counted member counts all members or none."""
    for place in draft.places():
        left = place.compare.left
        if isinstance(left, (FieldCount, ValueCount)) and left.where is not None and not _looks(left):
            pointer = draft.envelope.member(left.pointer, "where") or left.pointer
            member = f"`{left.field.text}`" if isinstance(left, FieldCount) else f"`current('{left.name}')`"
            yield Remark(
                pointer,
                "the `where` does not look at the member that is counted: it counts all or none",
                f"compare {member} in it",
                key=True,
            )


def _looks(left: FieldCount | ValueCount) -> bool:
    prefixes = counted_by(left)
    return left.where is not None and any(_reads(compare, prefixes) for compare in conditions_in(left.where))


def _reads(compare: Compare, prefixes: tuple[str, ...]) -> bool:
    left = compare.left
    name: FieldName | None = None
    if isinstance(left, FieldLeft) and isinstance(left.name, FieldName):
        name = left.name
    elif isinstance(left, FieldCount):
        name = left.field
    if name is not None and any(name.folded.startswith(prefix) for prefix in prefixes):
        return True
    return any(_asks(expression, prefixes) for expression in expressions_of(compare))


def _asks(expression: Expression, prefixes: tuple[str, ...]) -> bool:
    for call in calls_in(expression.node):
        if fold(call.name) == "current":
            return True
        if fold(call.name) == "field" and (not call.arguments or _may_be(call, prefixes)):
            return True
    return False


def _may_be(call: Call, prefixes: tuple[str, ...]) -> bool:
    argument = call.arguments[0]
    if not isinstance(argument, Literal):
        return True
    return any(read_field(str(argument.value)).folded.startswith(prefix) for prefix in prefixes)


def unnamed_count(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure policy rule", section Value count: a name is required inside
    of another count."""
    for place in draft.places():
        left = place.compare.left
        if place.depth and isinstance(left, ValueCount) and _name(draft, left) is None:
            message = "a value count inside of another count needs a `name`"
            yield Remark(left.pointer, message, "current('name') needs it")


def _name(draft: RuleDraft, left: ValueCount) -> str | None:
    """Where the name of a value count stands; None for one without."""
    return draft.envelope.member(left.pointer, "name")


def unrelated_count(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Author policies for array properties on Azure resources", section Field count expressions: nested ones
    can only refer to nested arrays."""
    for place in draft.places():
        left = place.compare.left
        if not isinstance(left, FieldCount) or not place.counted:
            continue
        outer = place.counted[-1]
        around = outer.count("[*]")
        if bound_wildcards(left.field, (outer,)) < around or left.field.wildcards <= around:
            yield Remark(
                draft.envelope.member(left.pointer, "field") or left.pointer,
                f"`{left.field.text}` is no array of the members that the count around it looks at",
                "count it outside of the other count, or count an array of the members",
            )


_COUNT_NAME = re.compile("[A-Za-z0-9]+")


def count_name(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure policy rule", section Value count: English letters and digits."""
    for place in draft.places():
        left = place.compare.left
        where = _name(draft, left) if isinstance(left, ValueCount) else None
        if isinstance(left, ValueCount) and where is not None and not _COUNT_NAME.fullmatch(left.name):
            said = f"the name `{left.name}` of a count" if left.name else "the empty name of a count"
            yield Remark(where, f"{said} is not made of English letters and digits")


def unnamed_current(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure policy rule", section The current function: `current()` is allowed
    where no other count stands around the count."""
    for place in draft.places():
        for expression in expressions_of(place.compare) if place.depth > 1 else ():
            calls = calls_in(expression.node)
            if any(fold(call.name) == "current" and not call.arguments for call in calls):
                yield Remark(
                    expression.pointer,
                    "`current()` inside of nested counts does not tell which of them is meant",
                    "write `current('name')` with the name of a value count, or the alias of a field count",
                )
