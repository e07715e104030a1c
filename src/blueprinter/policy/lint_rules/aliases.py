"""Rules about the fields that a definition names."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import Call, Literal
from blueprinter.casing import fold
from blueprinter.document import child
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.applicability import type_guard
from blueprinter.policy.fields import FieldKind, FieldName, read_field
from blueprinter.policy.judge import parameter_values
from blueprinter.policy.lint_rules.draft import Remark, RuleDraft, constant_texts
from blueprinter.policy.model import AliasSource, AssignedPolicy
from blueprinter.policy.syntax import (
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    OperationKind,
    ValueCount,
    ValueLeft,
    calls_in,
    expressions_in,
)
from blueprinter.text import did_you_mean

_MACHINES = ("microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets")


def named_fields(draft: RuleDraft) -> Iterator[tuple[FieldName, str, bool]]:
    """Every field that the conditions name, with its pointer and whether it is one of the related resource."""
    for place in draft.places():
        compare = place.compare
        left = compare.left
        where = draft.left(compare)
        expressions = list(expressions_in(compare.right))
        if isinstance(left, FieldLeft):
            if isinstance(left.name, FieldName):
                yield left.name, where, place.related
            else:
                for name in _choices(left.name):
                    yield name, where, place.related
        elif isinstance(left, FieldCount):
            yield left.field, draft.envelope.member(where, "field") or where, place.related
        elif isinstance(left, (ValueLeft, ValueCount)):
            expressions.extend(expressions_in(left.value))
        for expression in expressions:
            # `field()` always reads the resource that is evaluated
            for name in _asked(expression):
                yield name, expression.pointer, False


def _asked(expression: Expression) -> Iterator[FieldName]:
    for call in calls_in(expression.node):
        argument = call.arguments[0] if call.arguments else None
        if fold(call.name) == "field" and isinstance(argument, Literal) and isinstance(argument.value, str):
            yield read_field(argument.value)


def _choices(expression: Expression) -> Iterator[FieldName]:
    """The fields between which an `if(…, 'a', 'b')` chooses; a composed tag name is none of them."""
    level = [expression.node]
    while level:
        node = level.pop()
        if isinstance(node, Call) and fold(node.name) == "if":
            level.extend(reversed(node.arguments[1:]))
        elif isinstance(node, Literal) and isinstance(node.value, str):
            yield read_field(node.value)


def _named_aliases(draft: RuleDraft) -> Iterator[tuple[FieldName, str, bool]]:
    """Every alias at its first place, and at its first place in the existence condition."""
    seen: set[tuple[str, bool]] = set()
    if draft.data_plane:
        return
    for name, pointer, related in named_fields(draft):
        if name.kind is FieldKind.ALIAS and (name.folded, related) not in seen:
            seen.add((name.folded, related))
            yield name, pointer, related


_SPECIAL = ("type", "name", "fullName", "kind", "location", "id", "tags", "identity.type")


def unknown_alias(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure aliases"; Azure refuses such a definition."""
    for name, pointer, _ in _named_aliases(draft):
        if not draft.aliases.exists(name.text):
            owner = name.text.rpartition("/")[0]
            known = draft.aliases.names(owner) if owner else _SPECIAL
            yield Remark(
                pointer, f"no resource type has the alias `{name.text}`", did_you_mean(name.text, known) or ""
            )


def guessed_alias(draft: RuleDraft) -> Iterator[Remark]:
    """An alias that may exist, and that no table at hand lists."""
    for name, pointer, _ in _named_aliases(draft):
        if "/" in name.text and draft.aliases.exists(name.text) and not draft.aliases.lists(name.text):
            message = f"the alias `{name.text}` is in no table here: its path is guessed"
            yield Remark(pointer, message, "`blueprinter catalog import` reads Azure's own table")


def foreign_alias(draft: RuleDraft) -> Iterator[Remark]:
    """An alias of a type that the rule's own type condition leaves out: it is absent on every resource."""
    if draft.data_plane:
        return
    values = parameter_values(AssignedPolicy(draft.definition))
    guard = type_guard(draft.rule.condition, {})
    by_default = type_guard(draft.rule.condition, values)
    own = None if guard.any or guard.patterns or not guard.types else guard.types
    if guard.types != by_default.types:
        own = None  # the types are a parameter
    existence = draft.rule.existence
    related = None
    if existence is not None and isinstance(existence.type, Constant):
        related = frozenset({fold(str(existence.type.value))})
    for name, pointer, of_related in _named_aliases(draft):
        types = related if of_related else own
        if types is None or any(_may_have(draft.aliases, type, name) for type in types):
            continue
        listed = " or ".join(f"`{type}`" for type in sorted(types)[:3])
        yield Remark(
            pointer,
            f"the alias `{name.text}` is of another resource type than {listed}",
            "every resource of this type lacks it; name an alias of the type that the rule is about",
        )


def _may_have(aliases: AliasTable, type: str, name: FieldName) -> bool:
    found = aliases.resolve(type, name.text)
    if found is not None and found.source is AliasSource.TABLE:
        return True
    owner = name.folded.rpartition("/")[0]
    if "/" not in owner:
        return not owner or owner == type.partition("/")[0]
    return owner == type or owner.startswith(f"{type}/") or type.startswith(f"{owner}/")


def not_modifiable(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions modify effect": only aliases that are Modifiable."""
    modify = draft.rule.modify
    for operation in modify.operations if modify is not None else ():
        name = operation.field
        if not isinstance(name, FieldName) or name.kind is not FieldKind.ALIAS:
            continue
        if draft.aliases.modifiable(name.text) is False:
            where = draft.envelope.member(operation.pointer, "field") or operation.pointer
            yield Remark(
                where,
                f"modify may not write the alias `{name.text}`",
                "Azure modifies tags, identities of machines and aliases marked Modifiable; use append or deny",
            )


def modify_operation(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions modify effect": tags, `identity.type` and aliases are modified, only tags
    are removed, and only virtual machines and scale sets get another identity."""
    modify = draft.rule.modify
    types = type_guard(draft.rule.condition, parameter_values(AssignedPolicy(draft.definition)))
    others = not types.any and bool(types.types) and not types.types & frozenset(_MACHINES)
    for operation in modify.operations if modify is not None else ():
        name = operation.field
        where = draft.envelope.member(operation.pointer, "field") or operation.pointer
        if not isinstance(name, FieldName):
            continue
        if operation.kind is OperationKind.REMOVE and name.kind not in (FieldKind.TAG, FieldKind.TAGS):
            yield Remark(where, f"only tags can be removed, `{name.text}` is none")
        elif name.kind in _FIXED:
            yield Remark(
                where,
                f"`{name.text}` of a resource cannot be modified",
                "modify writes tags, `identity.type` and aliases marked Modifiable; deny refuses other values",
            )
        elif name.kind is FieldKind.IDENTITY and others:
            yield Remark(
                where,
                f"`{name.text}` is modified on virtual machines and scale sets only, not on these types",
            )


_FIXED = frozenset(
    {
        FieldKind.TYPE,
        FieldKind.NAME,
        FieldKind.FULL_NAME,
        FieldKind.KIND,
        FieldKind.LOCATION,
        FieldKind.ID,
        FieldKind.API_VERSION,
    }
)
"""What a resource is, rather than what it has: no operation writes it."""


def append_tags(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions modify effect": modify is recommended for tags."""
    append = draft.rule.append
    details = draft.then("details")
    if append is None or details is None:
        return
    for place, (name, _) in enumerate(append.members):
        is_tag = isinstance(name, Expression) or name.kind in (FieldKind.TAG, FieldKind.TAGS)
        if is_tag:
            where = draft.envelope.member(child(details, place), "field") or details
            yield Remark(
                where,
                "append adds a tag to new requests only",
                "modify also mends what exists, by a remediation task",
            )


def conflict_effect(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions modify effect": definitions with aliases should conflict with audit."""
    modify = draft.rule.modify
    details = draft.then("details")
    if modify is None or details is None:
        return
    aliases = [
        operation.field
        for operation in modify.operations
        if isinstance(operation.field, FieldName) and operation.field.kind is FieldKind.ALIAS
    ]
    where = draft.envelope.member(details, "conflictEffect")
    stated = draft.envelope.value(where) if where is not None else "deny"
    if aliases and isinstance(stated, str) and fold(stated) == "deny":
        said = "is deny" if where is not None else "is not given, which is deny"
        yield Remark(
            where or details,
            f"the conflict effect {said}: requests fail whose API version cannot modify `{aliases[0].text}`",
            'add `"conflictEffect": "audit"`',
        )


def count_without_wildcard(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure policy rule", section Field count."""
    for place in draft.places():
        left = place.compare.left
        if isinstance(left, FieldCount) and not left.field.wildcards:
            pointer = draft.left(place.compare)
            where = draft.envelope.member(pointer, "field") or pointer
            yield Remark(where, f"`{left.field.text}` is no array alias", f"write `{left.field.text}[*]`")


def non_ascii_name(draft: RuleDraft) -> Iterator[Remark]:
    """Names of Azure are ASCII: a letter of another alphabet that looks alike is never equal."""
    for name, pointer, _ in named_fields(draft):
        if name.kind not in (FieldKind.TAG, FieldKind.TAGS):
            yield from _non_ascii(name.text, pointer, "the field")
    for place in draft.places():
        left = place.compare.left
        if (
            isinstance(left, FieldLeft)
            and isinstance(left.name, FieldName)
            and left.name.kind is FieldKind.TYPE
        ):
            for text in constant_texts(place.compare.right):
                yield from _non_ascii(text, draft.right(place.compare), "the resource type")
    for parameter in draft.envelope.parameters:
        for remark in _non_ascii(parameter, draft.envelope.parameter(parameter), "the parameter"):
            yield Remark(remark.pointer, remark.message, remark.hint, key=True)


def _non_ascii(text: str, pointer: str, noun: str) -> Iterator[Remark]:
    strange = next((char for char in text if not char.isascii()), None)
    if strange is not None:
        message = f"{noun} `{text}` has the character U+{ord(strange):04X}, which is not ASCII"
        yield Remark(pointer, message, "write the name anew: some letters of other alphabets look alike")
