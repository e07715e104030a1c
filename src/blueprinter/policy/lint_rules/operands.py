"""Rules about what a condition compares with: patterns, types of values, texts that only look like something."""

from __future__ import annotations

import re
from collections.abc import Iterator

from blueprinter.arm import FUNCTIONS, Call, Language, Value, is_expression
from blueprinter.casing import fold, same
from blueprinter.policy.fields import FieldKind, FieldName
from blueprinter.policy.lint_rules.draft import (
    DOUBLED_BRACKET,
    Place,
    Remark,
    RuleDraft,
    constant_texts,
    parameter_of,
    policy_texts,
)
from blueprinter.policy.operators import shown
from blueprinter.policy.syntax import (
    Compare,
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    ListOf,
    ObjectOf,
    Operand,
    ValueCount,
)

_LIKE = frozenset({"like", "notLike"})
_MATCH = frozenset({"match", "notMatch", "matchInsensitively", "notMatchInsensitively"})
_CASE_SENSITIVE = {"match": "matchInsensitively", "notMatch": "notMatchInsensitively"}
_CONTAINS = frozenset({"contains", "notContains"})
_LISTS = frozenset({"in", "notIn"})
_EQUALS = frozenset({"equals", "notEquals"})
_ORDER = frozenset({"less", "lessOrEquals", "greater", "greaterOrEquals"})
_KEYS = frozenset({"containsKey", "notContainsKey"})
_WITHOUT_CASE = frozenset(
    {FieldKind.TYPE, FieldKind.NAME, FieldKind.FULL_NAME, FieldKind.KIND, FieldKind.LOCATION}
)


def _compared(draft: RuleDraft, operators: frozenset[str]) -> Iterator[tuple[Compare, str, str]]:
    """Every constant text that one of the operators compares with, and the pointer of the operand."""
    for place in draft.places():
        compare = place.compare
        if compare.operator.name in operators:
            for text in constant_texts(compare.right):
                yield compare, text, draft.right(compare)


def like_without_wildcard(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure policy rule", section Conditions."""
    for compare, text, pointer in _compared(draft, _LIKE):
        if "*" not in text and "?" not in text:
            plain = "equals" if compare.operator.name == "like" else "notEquals"
            message = f"`{compare.operator.name}` without a `*` is `{plain}`"
            yield Remark(pointer, message, f"write `{plain}`, or add the `*` that is missing")


def like_with_several_wildcards(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure policy rule", section Conditions: one `*`."""
    for _, text, pointer in _compared(draft, _LIKE):
        if text.count("*") > 1:
            yield Remark(
                pointer,
                f"`{text}` has {text.count('*')} wildcards, Azure documents one",
                "use `contains` for a part of a text, or two conditions",
            )
        elif "?" in text:
            yield Remark(
                pointer,
                f"`?` in `{text}` is no documented wildcard of `like`",
                "`match` has `?` for a letter",
            )


def match_without_placeholder(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure policy rule", section Conditions."""
    for compare, text, pointer in _compared(draft, _MATCH):
        if not set(text) & set("#?.*"):
            yield Remark(
                pointer,
                f"`{compare.operator.name}` without `#`, `?` or `.` compares the text itself",
                "use `equals`, which does not regard letter case",
            )


def stray_wildcard(draft: RuleDraft) -> Iterator[Remark]:
    """A `*` that stands for itself. Source: "Azure Policy definition structure policy rule", section Conditions."""
    for compare, text, pointer in _compared(draft, _MATCH | _CONTAINS):
        if "*" in text and len(text) > 1:
            yield Remark(
                pointer,
                f"`*` has no meaning for `{compare.operator.name}`: it stands for itself",
                "use `like`",
            )
    for compare, text, pointer in _compared(draft, _EQUALS | _LISTS):
        left = compare.left
        special = (
            isinstance(left, FieldLeft)
            and isinstance(left.name, FieldName)
            and left.name.kind in _WITHOUT_CASE
        )
        if special and "*" in text:
            yield Remark(
                pointer,
                f"`*` has no meaning for `{compare.operator.name}`: nothing is called `{text}`",
                "use `like` or `notLike`",
            )


def case_sensitive_match(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure policy rule": only match and notMatch regard letter case."""
    for place in draft.places():
        other = _CASE_SENSITIVE.get(place.compare.operator.name)
        left = place.compare.left
        if other is None or not isinstance(left, FieldLeft) or not isinstance(left.name, FieldName):
            continue
        if left.name.kind in _WITHOUT_CASE:
            message = (
                f"`{place.compare.operator.name}` regards letter case, `{left.name.text}` of Azure does not"
            )
            yield Remark(draft.right(place.compare), message, f"use `{other}`")


def exists_operand(draft: RuleDraft) -> Iterator[Remark]:
    """Anything but true and false counts as false."""
    for _, text, pointer in _compared(draft, frozenset({"exists"})):
        if fold(text) not in ("true", "false"):
            yield Remark(pointer, f"`exists` takes true or false, `{text}` counts as false")


def operand_type(draft: RuleDraft) -> Iterator[Remark]:
    """An operand of a type that the operator does not compare with, or a parameter of one, and a value count over
    what is no array.

    Sources: "Azure Policy definition structure policy rule", section Conditions; the schema `policyDefinition.json`;
    "Evaluation result of language expression … is type 'Array', expected type is 'String'" (Azure/azure-policy#94),
    and the other way round (Azure/Azure-Landing-Zones#901).
    """
    for place in draft.places():
        compare = place.compare
        left = compare.left
        if isinstance(left, ValueCount) and (found := _other_type(draft, left.value, _ARRAY)) is not None:
            kind, declared = found
            where = draft.envelope.member(left.pointer, "value") or left.pointer
            yield Remark(where, f"a count looks at the members of an array, not at {_noun(kind)}{declared}")
        if (found := _other_type(draft, compare.right, _taken(place))) is not None:
            kind, declared = found
            yield Remark(
                draft.right(compare),
                f"`{compare.operator.name}` does not compare with {_noun(kind)}{declared}",
                _advice(compare, kind),
            )


_SCALARS = frozenset({"string", "boolean", "integer", "float", "datetime"})
_NUMBERS = frozenset({"integer", "float"})
_ARRAY = frozenset({"array"})
_ANY = _SCALARS | _ARRAY | {"object"}


def _taken(place: Place) -> frozenset[str]:
    """The types that the operator of a comparison takes."""
    name = place.compare.operator.name
    if name in _LISTS:
        return _ARRAY
    if isinstance(place.compare.left, (FieldCount, ValueCount)):
        return _NUMBERS | {"string"}
    if name in _EQUALS:
        # `value` may hold an array or an object that is compared as a whole
        return _SCALARS if isinstance(place.compare.left, FieldLeft) else _ANY
    if name in _LIKE | _MATCH | _KEYS | _CONTAINS:
        return _SCALARS
    if name in _ORDER:
        return _SCALARS - {"boolean"}
    return frozenset({"boolean", "string"})


def _other_type(draft: RuleDraft, operand: Operand, taken: frozenset[str]) -> tuple[str, str] | None:
    """The type of an operand, folded, and the words that name the parameter it is; None where it is not known or is
    one of those taken."""
    parameter = parameter_of(draft, operand)
    kind = fold(parameter.type) if parameter is not None else _kind_of(operand)
    if not kind or kind in taken:
        return None
    declared = "" if parameter is None else f": the parameter `{parameter.name}` is of type {parameter.type}"
    return kind, declared


def _kind_of(operand: Operand) -> str | None:
    if isinstance(operand, ListOf):
        return "array"
    if isinstance(operand, ObjectOf):
        return "object"
    return type_of(operand.value) if isinstance(operand, Constant) else None


def tag_beside_number(draft: RuleDraft) -> Iterator[Remark]:
    """A tag is text, and "a 'less' … expression expects operands of same type for comparison": what Azure answered to
    `{"field": "tags['Longevity']", "less": 1}` (Stack Overflow 64465509)."""
    for place in draft.places():
        compare = place.compare
        if compare.operator.name not in _ORDER or not _is_tag(compare):
            continue
        if _other_type(draft, compare.right, _ANY - _NUMBERS) is not None:
            yield Remark(
                draft.right(compare),
                f"a tag is text, and Azure cannot evaluate `{compare.operator.name}` of a text and a number",
                "compare `[int(…)]` of the tag as a `value`, where the tag exists",
            )


def _is_tag(compare: Compare) -> bool:
    left = compare.left
    if not isinstance(left, FieldLeft):
        return False
    if isinstance(left.name, Expression):
        node = left.name.node
        return isinstance(node, Call) and fold(node.name) == "concat"  # `if` chooses among aliases
    return left.name.kind is FieldKind.TAG


def type_of(value: Value) -> str | None:
    """The parameter type of a JSON value, folded; None for null."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, dict) else None


def _noun(kind: str) -> str:
    return {"array": "an array", "object": "an object", "boolean": "a boolean", "integer": "a number"}.get(
        kind, "a text" if kind == "string" else f"a {kind}"
    )


def _advice(compare: Compare, kind: str) -> str:
    if isinstance(compare.right, Constant) and kind == "string" and is_expression(str(compare.right.value)):
        return DOUBLED_BRACKET
    if kind == "array" and compare.operator.name in _EQUALS:
        return "use `in` or `notIn`"
    if compare.operator.name in _LISTS:
        return "give it an array, or use `equals`"
    return ""


def source_accessor(draft: RuleDraft) -> Iterator[Remark]:
    """Source: MicrosoftDocs/azure-docs#6161 and #19144; no page of the documentation tells of it."""
    for place in draft.places():
        pointer = draft.envelope.member(place.compare.pointer, "source")
        if pointer is not None:
            yield Remark(
                pointer,
                "`source` is not documented: in a scan it is the type with `/write`",
                "use a condition on `field: type`",
            )


def unguarded_try_get(draft: RuleDraft) -> Iterator[Remark]:
    """Source: Azure/azure-policy-linter, page `unguarded-tryget-operator-value`."""
    for place in draft.places():
        right = place.compare.right
        if isinstance(right, Expression) and isinstance(right.node, Call) and same(right.node.name, "tryGet"):
            yield Remark(
                draft.right(place.compare),
                f"`{shown(right.text[:80])}` is null where there is nothing to get, and the evaluation fails then",
                "wrap it: `coalesce(tryGet(…), '')`",
            )


_POLICY_FUNCTIONS = sorted(
    (row.name for row in FUNCTIONS if Language.POLICY in row.available_in and row.name.isalnum()),
    key=len,
    reverse=True,
)
_BARE_CALL = re.compile(
    rf"\s*\[?\s*(?:{'|'.join(_POLICY_FUNCTIONS)})\s*\(.*\)[\w.\[\]']*\s*\]?\s*", re.IGNORECASE | re.DOTALL
)


def missing_brackets(draft: RuleDraft) -> Iterator[Remark]:
    """Text that looks like an expression and is compared as it stands.

    Source: "Understand the structure and syntax of ARM templates", section Expressions.
    """
    for pointer, text in policy_texts(draft.envelope):
        if is_expression(text) or text.startswith("[[") or "(" not in text or len(text) > 10_000:
            continue
        if _BARE_CALL.fullmatch(text):
            yield Remark(
                pointer,
                f"`{shown(text[:80])}` is no expression: it is compared as this very text",
                "an expression starts with `[` and ends with `]`, without spaces around them",
            )
