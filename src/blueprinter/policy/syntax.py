"""The tree of a policy rule.

Every node knows its JSON pointer in the document it was read from; `Document.locate` turns that into
a place. Expressions carry both their nodes (for compilers and lint) and a closure that evaluates them.
Sources: Microsoft Learn, "Azure Policy definition structure policy rule" and "Author policies for array
properties on Azure resources".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias, cast

from msgspec import Struct

from blueprinter.arm import Call, Literal, Node, PolicyContext, Property, Value
from blueprinter.casing import fold
from blueprinter.document import Json
from blueprinter.policy.fields import FieldName, read_field
from blueprinter.policy.operators import OperatorRow


class Constant(Struct, frozen=True, eq=False):
    """A value without any expression in it."""

    value: Value


class Expression(Struct, frozen=True, eq=False):
    """`[…]`: its text with brackets, its nodes, and the closure that evaluates it."""

    text: str
    node: Node
    run: Callable[[PolicyContext], Value]
    pointer: str


class ListOf(Struct, frozen=True, eq=False):
    """An array with an expression somewhere in it."""

    items: tuple[Operand, ...]


class ObjectOf(Struct, frozen=True, eq=False):
    """An object with an expression somewhere in it."""

    members: tuple[tuple[str, Operand], ...]


Operand: TypeAlias = "Constant | Expression | ListOf | ObjectOf"


class FieldLeft(Struct, frozen=True, eq=False):
    """`field`: a name that is known, or an expression that chooses one."""

    name: FieldName | Expression


class ValueLeft(Struct, frozen=True, eq=False):
    """`value`: any value."""

    value: Operand


class FieldCount(Struct, frozen=True, eq=False):
    """`count` with `field`: the members of an array of the resource."""

    field: FieldName
    where: Condition | None
    pointer: str


class ValueCount(Struct, frozen=True, eq=False):
    """`count` with `value`: the members of an array made by an expression, called `name` in `current('name')`."""

    value: Operand
    name: str
    where: Condition | None
    pointer: str


Left: TypeAlias = "FieldLeft | ValueLeft | FieldCount | ValueCount"


class Compare(Struct, frozen=True, eq=False):
    """What is looked at, the operator, and what it is compared with."""

    left: Left
    operator: OperatorRow
    right: Operand
    pointer: str


class AllOf(Struct, frozen=True, eq=False):
    """True when every member is; true without members."""

    members: tuple[Condition, ...]
    pointer: str


class AnyOf(Struct, frozen=True, eq=False):
    """True when a member is; false without members."""

    members: tuple[Condition, ...]
    pointer: str


class Not(Struct, frozen=True, eq=False):
    """True when its member is false."""

    member: Condition
    pointer: str


Condition: TypeAlias = "Compare | AllOf | AnyOf | Not"


class OperationKind(StrEnum):
    """What an operation of a modify effect does."""

    ADD = "add"
    ADD_OR_REPLACE = "addOrReplace"
    REMOVE = "remove"


class Operation(Struct, frozen=True, eq=False):
    """One operation of a modify effect."""

    kind: OperationKind
    field: FieldName | Expression
    value: Operand | None
    condition: Operand | None
    pointer: str


class Modify(Struct, frozen=True, eq=False):
    """`details` of modify."""

    operations: tuple[Operation, ...]
    others: ObjectOf | Constant
    """The other keys (roleDefinitionIds, conflictEffect)."""


class Append(Struct, frozen=True, eq=False):
    """`details` of append: fields and the values they get."""

    members: tuple[tuple[FieldName | Expression, Operand], ...]


class Existence(Struct, frozen=True, eq=False):
    """`details` of auditIfNotExists and deployIfNotExists: which related resource must exist."""

    type: Operand
    name: Operand | None
    resource_group: Operand | None
    existence_scope: Operand | None
    condition: Condition | None
    others: ObjectOf | Constant
    """Every other key but `deployment` (roleDefinitionIds, deploymentScope, evaluationDelay)."""
    deployment_parameters: Operand | None
    """What the deployment is given; the template itself is no part of the policy language."""


Details: TypeAlias = "Modify | Append | Existence | ObjectOf | Constant | None"


class Rule(Struct, frozen=True, eq=False, dict=True):
    """A policy rule. `effect` is text, or an expression that gives it."""

    condition: Condition
    effect: Operand
    modify: Modify | None
    append: Append | None
    existence: Existence | None
    details: Operand | None
    """`then.details` of an effect that is none of those (denyAction, manual, data-plane effects)."""
    pointer: str
    then_pointer: str

    @cached_property
    def compares(self) -> tuple[Compare, ...]:
        """Every condition of `if` that compares, as `conditions_in` gives them."""
        return tuple(conditions_in(self.condition))

    @property
    def has_details(self) -> bool:
        """Whether a state says more of the effect than its name."""
        parts = (self.modify, self.append, self.existence, self.details)
        return any(part is not None for part in parts)


def conditions_in(condition: Condition) -> Iterator[Compare]:
    """Every condition that compares, those inside the `where` of a count included, in written order."""
    open_conditions: list[Condition] = [condition]
    while open_conditions:
        found = open_conditions.pop()
        if isinstance(found, Compare):
            yield found
            if isinstance(found.left, (FieldCount, ValueCount)) and found.left.where is not None:
                open_conditions.append(found.left.where)
        elif isinstance(found, Not):
            open_conditions.append(found.member)
        else:
            open_conditions.extend(reversed(found.members))


def expressions_in(operand: Operand | None) -> Iterator[Expression]:
    """Every expression of an operand, in written order."""
    if isinstance(operand, Expression):
        yield operand
    elif isinstance(operand, ListOf):
        for item in operand.items:
            yield from expressions_in(item)
    elif isinstance(operand, ObjectOf):
        for _, member in operand.members:
            yield from expressions_in(member)


def evaluate_operand(operand: Operand, context: PolicyContext) -> Value:
    """The value of an operand. Raises `ExpressionError`, and what the context raises."""
    if isinstance(operand, Constant):
        return operand.value
    if isinstance(operand, Expression):
        return operand.run(context)
    if isinstance(operand, ListOf):
        return [evaluate_operand(item, context) for item in operand.items]
    return {key: evaluate_operand(member, context) for key, member in operand.members}


def calls_in(node: Node) -> list[Call]:
    """Every call of an expression, the outer ones first."""
    found: list[Call] = []
    level: list[Node] = [node]
    while level:
        current = level.pop()
        if isinstance(current, Call):
            found.append(current)
            level.extend(reversed(current.arguments))
        elif isinstance(current, Property):
            level.extend((current.name, current.base))
    return found


def parameter_of(operand: Operand) -> str:
    """The parameter that an operand is and nothing else (`[parameters('x')]`); empty for any other."""
    node = operand.node if isinstance(operand, Expression) else None
    if not isinstance(node, Call) or fold(node.name) != "parameters":
        return ""
    name = node.arguments[0]
    return name.value if isinstance(name, Literal) and isinstance(name.value, str) else ""


def called_in(compare: Compare) -> frozenset[str]:
    """The functions, folded, that expressions in the operands of a comparison call."""
    operands = [compare.right]
    if isinstance(compare.left, (ValueLeft, ValueCount)):
        operands.append(compare.left.value)
    return frozenset(
        fold(call.name)
        for operand in operands
        for expression in expressions_in(operand)
        for call in calls_in(expression.node)
    )


def fields_in(node: Node) -> list[FieldName]:
    """The fields that an expression reads with `field('…')` and a plain name."""
    names = []
    for call in calls_in(node):
        argument = call.arguments[0] if call.arguments else None
        if fold(call.name) == "field" and isinstance(argument, Literal) and isinstance(argument.value, str):
            names.append(read_field(argument.value))
    return names


def as_value(value: Json) -> Value:
    """A JSON value as the value of an expression: the same object, typed as one that may hold `Unknown`."""
    return cast(Value, value)
