"""Null as an argument of a function in a policy.

A template's functions refuse it. Those of Azure Policy take it in some places: Azure/azure-policy-linter, the linter of
the Azure Policy team, `ExpressionBuiltInFunctions.cs`, "template functions supported by Azure Policy".
"""

from __future__ import annotations

from collections.abc import Callable

from blueprinter.arm.model import Language, Value
from blueprinter.arm.rows import Form, Implementation, Unknowns

Function = Callable[..., Value]


def null_gives(result: Value, function: Function) -> Function:
    """`function`, which gives `result` where its first argument is null."""

    def given(first: Value, *rest: Value) -> Value:
        return result if first is None else function(first, *rest)

    return given


def null_is_empty(function: Function) -> Function:
    """`function`, to which a first argument that is null is the empty text."""

    def given(first: Value, *rest: Value) -> Value:
        return function("" if first is None else first, *rest)

    return given


def taking_null(
    function: Function, in_policy: Function, *parameters: str, unknowns: Unknowns = Unknowns.DEEP
) -> dict[Language, Implementation]:
    """A function of its arguments alone, and the one of policies, which takes null for these parameters."""
    return {
        Language.TEMPLATE: Implementation(Form.PURE, function, unknowns),
        Language.POLICY: Implementation(Form.PURE, in_policy, unknowns, nulls=frozenset(parameters)),
    }
