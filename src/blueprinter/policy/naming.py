"""Fields that an expression names: which of them are known once a policy is assigned, and what they are called then.

Source: Azure/azure-policy#104, where the team says that `concat` and references to parameters are supported in `field`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from msgspec.structs import replace

from blueprinter.arm import FUNCTIONS, ExpressionError, Language, Node, Value
from blueprinter.casing import fold
from blueprinter.policy.fields import read_field
from blueprinter.policy.syntax import (
    Compare,
    Condition,
    Expression,
    FieldCount,
    FieldLeft,
    Not,
    Rule,
    ValueCount,
    calls_in,
    conditions_in,
    evaluate_operand,
)

OF_CONTEXT = frozenset(
    fold(row.name)
    for row in FUNCTIONS
    if Language.POLICY in row.available_in and row.implementations[Language.POLICY].form == "context"
)
"""Functions, folded, that tell something of the resource, the request, what surrounds them or the policy."""


class NotConstant(Exception):
    """The value asked for depends on the resource."""


class ParametersOnly:
    """A context that knows parameters and nothing else, by folded name."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def parameter(self, name: str) -> Value:
        if fold(name) not in self._values:
            raise NotConstant
        return self._values[fold(name)]

    def field(self, name: str) -> NoReturn:
        raise NotConstant

    def current(self, name: str | None) -> NoReturn:
        raise NotConstant

    def policy(self) -> NoReturn:
        raise NotConstant

    def request_context(self) -> NoReturn:
        raise NotConstant

    def resource_group(self) -> NoReturn:
        raise NotConstant

    def subscription(self) -> NoReturn:
        raise NotConstant

    def utc_now(self) -> NoReturn:
        raise NotConstant

    def spend(self, work: int) -> NoReturn:
        raise NotConstant


def is_known_when_assigned(node: Node) -> bool:
    """Whether an expression hangs on nothing but parameters."""
    return OF_CONTEXT.isdisjoint({fold(call.name) for call in calls_in(node)} - {"parameters"})


def with_names(rule: Rule, values: Mapping[str, Value]) -> Rule:
    """A rule whose conditions name the fields that expressions over parameters give. Those stay that hang on the
    resource, that want a parameter without a value, and that fail."""
    condition = _named(rule.condition, values)
    existence = rule.existence
    if existence is not None and existence.condition is not None:
        within = _named(existence.condition, values)
        if within is not existence.condition:
            existence = replace(existence, condition=within)
    if condition is rule.condition and existence is rule.existence:
        return rule
    return replace(rule, condition=condition, existence=existence)


def _named(condition: Condition, values: Mapping[str, Value]) -> Condition:
    if not any(
        isinstance(compare.left, FieldLeft) and isinstance(compare.left.name, Expression)
        for compare in conditions_in(condition)
    ):
        return condition
    if isinstance(condition, Not):
        return replace(condition, member=_named(condition.member, values))
    if not isinstance(condition, Compare):
        return replace(condition, members=tuple(_named(member, values) for member in condition.members))
    left = condition.left
    if isinstance(left, (FieldCount, ValueCount)):
        where = None if left.where is None else _named(left.where, values)
        return replace(condition, left=replace(left, where=where))
    if isinstance(left, FieldLeft) and isinstance(left.name, Expression):
        try:
            text = evaluate_operand(left.name, ParametersOnly(values))
        except (NotConstant, ExpressionError):
            return condition
        if isinstance(text, str):
            return replace(condition, left=FieldLeft(read_field(text)))
    return condition
