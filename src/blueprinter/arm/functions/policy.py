"""Functions that only Azure Policy has (Microsoft Learn, "Azure Policy definition structure policy rule")."""

from __future__ import annotations

from blueprinter.arm.addresses import range_contains
from blueprinter.arm.dates import add_days
from blueprinter.arm.model import PolicyContext, Unknown, Value
from blueprinter.arm.rows import POLICY, Category, FunctionRow, Unknowns, contextual, pure, takes
from blueprinter.arm.syntax import reduced_call


def _claims(context: PolicyContext) -> Value:
    return reduced_call("claims", ())


def _current(context: PolicyContext, name: Value = None) -> Value:
    if isinstance(name, Unknown):
        return reduced_call("current", (name,))
    return context.current(name if isinstance(name, str) else None)


def _field(context: PolicyContext, name: str) -> Value:
    return context.field(name)


def _policy(context: PolicyContext) -> Value:
    return dict(context.policy())


def _request_context(context: PolicyContext) -> Value:
    return dict(context.request_context())


ROWS = (
    FunctionRow(
        "addDays",
        Category.POLICY,
        takes("dateTime: string", "numberOfDays: int"),
        "a date so many days later",
        pure(add_days, languages=POLICY),
    ),
    FunctionRow(
        "claims",
        Category.POLICY,
        (),
        "what an external evaluation says of a request (Microsoft Learn, External Evaluation); known to Azure alone",
        contextual(_claims, POLICY),
    ),
    FunctionRow(
        "current",
        Category.POLICY,
        takes("indexName?: string"),
        "the element that a count is looking at",
        contextual(_current, POLICY, Unknowns.SEEN),
    ),
    FunctionRow(
        "field",
        Category.POLICY,
        takes("fieldName: string"),
        "a field of the resource under evaluation",
        contextual(_field, POLICY),
    ),
    FunctionRow(
        "ipRangeContains",
        Category.POLICY,
        takes("range: string", "targetRange: string"),
        "whether a range of addresses holds another",
        pure(range_contains, languages=POLICY),
    ),
    FunctionRow(
        "policy",
        Category.POLICY,
        (),
        "ids of the assignment and definition under evaluation",
        contextual(_policy, POLICY),
    ),
    FunctionRow(
        "requestContext",
        Category.POLICY,
        (),
        "facts of the request that led to the evaluation",
        contextual(_request_context, POLICY),
    ),
)
