"""What the rules look at: a definition or an initiative as its author wrote it, with the place of every part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from blueprinter.arm import Call, ExpressionSyntaxError, Literal, is_expression, parse_expression
from blueprinter.casing import fold, get, key_of
from blueprinter.document import Document, Json, child, value_at
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.applicability import is_data_plane
from blueprinter.policy.fields import FieldName
from blueprinter.policy.model import PolicyDefinition, PolicyParameter, PolicySetDefinition
from blueprinter.policy.syntax import (
    Compare,
    Condition,
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    Not,
    Operand,
    Rule,
    ValueCount,
    ValueLeft,
    calls_in,
    expressions_in,
)

DOUBLED_BRACKET = (
    "written with one `[` more for a template: `[[` begins a text; take one away to judge it here"
)
"""The hint at an expression that was copied out of an ARM template."""


class Remark(Struct, frozen=True):
    """What a rule found: at the value that a pointer names, or at its key."""

    pointer: str
    message: str
    hint: str = ""
    key: bool = False


class KnownDefinition(Struct, frozen=True):
    """What is known of a definition that an initiative names."""

    display_name: str
    deprecated: bool
    parameters: Mapping[str, bool] | None
    """Declared name -> whether it needs a value; None = not known."""
    version: str = ""
    """Empty = not known."""


DefinitionLookup = Callable[[str], KnownDefinition | None]
"""What is known of a definition, by `definition_key`; None = nothing."""


class Envelope(Struct, frozen=True, eq=False):
    """What definitions and initiatives have in common: texts, metadata, parameters."""

    document: Document
    pointer: str
    """Of the whole."""
    inner: Mapping[str, Json]
    """`properties`, or the whole where there is no envelope."""
    inner_pointer: str
    noun: str
    """`definition` or `initiative`."""
    parameters: Mapping[str, PolicyParameter]
    deprecated: bool

    def value(self, pointer: str) -> Json:
        """The value at a pointer; None where it leads nowhere."""
        return value_at(self.document.value, pointer)

    def member(self, pointer: str, *names: str) -> str | None:
        """The pointer of a member of an object, or of a member of that, by names in any letter case."""
        for name in names:
            owner = self.value(pointer)
            key = key_of(owner, name) if isinstance(owner, dict) else None
            if key is None:
                return None
            pointer = child(pointer, key)
        return pointer

    def own(self, *names: str) -> str | None:
        """The pointer of a property of the definition: `own('metadata', 'version')`."""
        return self.member(self.inner_pointer, *names)

    def text(self, *names: str) -> str:
        """A text of the definition, stripped; empty where there is none."""
        pointer = self.own(*names)
        found = self.value(pointer) if pointer else None
        return found.strip() if isinstance(found, str) else ""

    def parameter(self, name: str, *names: str) -> str:
        """The pointer of a parameter's declaration, or of a part of it where it has that."""
        declared = self.own("parameters", name) or self.inner_pointer
        return self.member(declared, *names) or declared

    def line(self, pointer: str) -> int:
        """The line on which a value stands."""
        return self.document.locate(pointer).line


class SetDraft(Struct, frozen=True, eq=False):
    """An initiative under lint."""

    envelope: Envelope
    policy_set: PolicySetDefinition
    known: DefinitionLookup


class Place(Struct, frozen=True):
    """A comparison of the rule, and what is around it."""

    compare: Compare
    counted: tuple[str, ...]
    """Folded aliases up to their `[*]` that the counts around it look at."""
    negated: bool
    """Below an odd number of `not`."""
    related: bool
    """In the existence condition: it looks at the related resource."""
    depth: int
    """How many counts stand around it."""

    def is_many(self, name: FieldName) -> bool:
        """Whether a field selects any number of values here: it has a `[*]` that no count around it binds."""
        return name.wildcards > bound_wildcards(name, self.counted)


class RuleDraft(Struct, frozen=True, eq=False):
    """A definition under lint."""

    envelope: Envelope
    definition: PolicyDefinition
    aliases: AliasTable

    @property
    def rule(self) -> Rule:
        return self.definition.rule

    @property
    def data_plane(self) -> bool:
        """Whether the mode looks inside of a service: aliases and types are other ones there."""
        return is_data_plane(self.definition.mode)

    def conditions(self) -> tuple[tuple[Condition, bool], ...]:
        """`if`, and the existence condition (True) where there is one."""
        existence = self.rule.existence
        related = existence.condition if existence is not None else None
        return ((self.rule.condition, False), *(((related, True),) if related is not None else ()))

    def places(self) -> Iterator[Place]:
        """Every comparison of the rule, those inside counts included, in written order."""
        for condition, related in self.conditions():
            yield from _places(condition, (), False, related, 0)

    def left(self, compare: Compare) -> str:
        """The pointer of what a comparison looks at."""
        found = (
            self.envelope.member(compare.pointer, name) for name in ("field", "value", "count", "source")
        )
        return next((pointer for pointer in found if pointer is not None), compare.pointer)

    def right(self, compare: Compare) -> str:
        """The pointer of a comparison's operand."""
        return self.envelope.member(compare.pointer, compare.operator.name) or compare.pointer

    def then(self, *names: str) -> str | None:
        """The pointer of a part of `then`: `then('details', 'type')`."""
        return self.envelope.member(self.rule.then_pointer, *names)


def _places(
    condition: Condition, counted: tuple[str, ...], negated: bool, related: bool, depth: int
) -> Iterator[Place]:
    if isinstance(condition, Compare):
        yield Place(condition, counted, negated, related, depth)
        left = condition.left
        if isinstance(left, (FieldCount, ValueCount)) and left.where is not None:
            yield from _places(left.where, (*counted, *counted_by(left)), False, related, depth + 1)
    elif isinstance(condition, Not):
        yield from _places(condition.member, counted, not negated, related, depth)
    else:
        for member in condition.members:
            yield from _places(member, counted, negated, related, depth)


def expressions_of(compare: Compare) -> Iterator[Expression]:
    """Every expression of a comparison itself; what stands in the `where` of its count is left out."""
    left = compare.left
    if isinstance(left, (ValueLeft, ValueCount)):
        yield from expressions_in(left.value)
    elif isinstance(left, FieldLeft) and isinstance(left.name, Expression):
        yield left.name
    yield from expressions_in(compare.right)


def counted_by(left: FieldCount | ValueCount) -> tuple[str, ...]:
    """What a count binds inside of its `where`: the folded alias of a field count."""
    return (left.field.folded,) if isinstance(left, FieldCount) else ()


def bound_wildcards(name: FieldName, counted: tuple[str, ...]) -> int:
    """How many `[*]` of a field the counts around it bind."""
    most = 0
    for alias in counted:
        place = alias.find("[*]")
        while place >= 0:
            prefix = alias[: place + 3]
            if name.folded.startswith(prefix):
                most = max(most, prefix.count("[*]"))
            place = alias.find("[*]", place + 3)
    return most


def logical_nodes(condition: Condition) -> Iterator[Condition]:
    """Every `allOf` and `anyOf` of a tree, those inside counts included, in written order."""
    if isinstance(condition, Compare):
        left = condition.left
        if isinstance(left, (FieldCount, ValueCount)) and left.where is not None:
            yield from logical_nodes(left.where)
    elif isinstance(condition, Not):
        yield from logical_nodes(condition.member)
    else:
        yield condition
        for member in condition.members:
            yield from logical_nodes(member)


def parameter_name(operand: Operand | None) -> str | None:
    """The name in a plain `[parameters('x')]`; None for anything else."""
    if not isinstance(operand, Expression) or not isinstance(operand.node, Call):
        return None
    call = operand.node
    if fold(call.name) != "parameters" or len(call.arguments) != 1:
        return None
    argument = call.arguments[0]
    return argument.value if isinstance(argument, Literal) and isinstance(argument.value, str) else None


def parameter_of(draft: RuleDraft, operand: Operand | None) -> PolicyParameter | None:
    """The declared parameter that an operand plainly is."""
    name = parameter_name(operand)
    return None if name is None else get(draft.envelope.parameters, name)


def constant_texts(operand: Operand) -> list[str]:
    """The text of a constant, or those of a constant list."""
    if not isinstance(operand, Constant):
        return []
    values = operand.value if isinstance(operand.value, list) else [operand.value]
    return [value for value in values if isinstance(value, str)]


def policy_texts(envelope: Envelope) -> Iterator[tuple[str, str]]:
    """Every text of the rule or of the members, with its pointer, as written. The template that a
    deployIfNotExists deploys is left out: its functions and parameters are its own."""
    stated = [envelope.own("policyRule"), envelope.own("policyDefinitions")]
    for pointer in [one for one in stated if one is not None] or [envelope.inner_pointer]:
        template = envelope.member(pointer, "then", "details", "deployment", "properties", "template")
        yield from _texts(envelope.value(pointer), pointer, template)


def _texts(value: Json, pointer: str, without: str | None) -> Iterator[tuple[str, str]]:
    if pointer == without:
        return
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts(item, child(pointer, place), without)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, child(pointer, key), without)


def calls_of_text(text: str) -> list[Call]:
    """Every call in an expression; none for a text that is no expression, or does not parse."""
    if not is_expression(text):
        return []
    try:
        return calls_in(parse_expression(text))
    except ExpressionSyntaxError:
        return []
