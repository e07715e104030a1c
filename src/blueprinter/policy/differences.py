"""Where sources differ about the policy language, what we do, and who says what.

Documentation wins unless a recording of Azure contradicts it. Other engines are named where they fill a
silence of the documentation or say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from blueprinter.table import Table


class Side(StrEnum):
    """Whom we follow."""

    DOCUMENTATION = "documentation"
    OTHER = "other"
    """Another engine, where the documentation is silent or leaves room."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule about which sources differ."""

    name: str
    question: str
    ours: str
    follows: Side
    documentation: str
    """What Microsoft's documentation says, with the name of its page."""
    other: str
    """What another source says, with its name."""


_RULE = 'Microsoft Learn, "Azure Policy definition structure policy rule"'
_ARRAYS = 'Microsoft Learn, "Author policies for array properties on Azure resources"'
_REGORUS = "regorus (microsoft/regorus)"

DIFFERENCES: Table[Difference] = Table(
    (
        Difference(
            "missing-array",
            "What does a condition on `x[*]` say when the array `x` is missing or is no array?",
            "It selects nothing, so the condition holds, as for an empty array.",
            Side.DOCUMENTATION,
            f"{_ARRAYS}: a missing array selects an empty collection, and a condition holds for all members of it.",
            f"{_REGORUS}: the condition is tested once against null.",
        ),
        Difference(
            "field-of-missing",
            "What does `field('x')` give when the property is missing?",
            "The empty text; with `[*]` the empty array.",
            Side.DOCUMENTATION,
            f"{_ARRAYS}: the empty text and the empty array.",
            f"{_REGORUS}: null.",
        ),
        Difference(
            "failed-function",
            "What becomes of a resource when a function of the rule fails?",
            "Its state is Error, unless another condition decides.",
            Side.DOCUMENTATION,
            f"{_RULE}: the evaluation fails, which is a denial of requests; "
            '"Azure Policy compliance states" has the state Error.',
            f"{_REGORUS}: the condition is false, whatever its operator.",
        ),
        Difference(
            "order-of-types",
            "What do `less` and `greater` say of values that have no order, such as a number and a word?",
            "The evaluation fails: state Error. A missing value is false.",
            Side.DOCUMENTATION,
            f"{_RULE}: when the property type does not match the condition type, an error is thrown.",
            f"{_REGORUS}: false.",
        ),
        Difference(
            "dates",
            "How do two texts compare that are date-times of different precision or offset?",
            "As instants. A date without a time sorts as text, because API versions look alike.",
            Side.DOCUMENTATION,
            f"{_RULE}: less and greater take dates.",
            f"{_REGORUS}: as texts.",
        ),
        Difference(
            "wildcards-of-like",
            "Which wildcards has `like`?",
            "`*` any number of times, and `?` for one character.",
            Side.OTHER,
            f"{_RULE}: one `*`.",
            f"{_REGORUS}: several `*`, and `?` for one character.",
        ),
        Difference(
            "text-equality",
            "When are two texts equal?",
            "When they are after full Unicode case folding: `Straße` equals `STRASSE`.",
            Side.OTHER,
            f"{_RULE}: comparison disregards letter case; .NET folds one character to one.",
            f"{_REGORUS}: full Unicode case folding.",
        ),
        Difference(
            "missing-value",
            "What do operators say of a missing property?",
            "It counts as null: equal to null and to the empty text, in no list, never `like`, `contains` or less; "
            "the negative operators hold. `exists` alone sees the difference, and null does not exist.",
            Side.OTHER,
            f"{_RULE}: silent, but for `exists`.",
            f"{_REGORUS}: as we do.",
        ),
        Difference(
            "missing-member-value",
            "And of a property that a member of an array under `[*]` lacks?",
            "It equals null and nothing else, not even the empty text.",
            Side.OTHER,
            f"{_ARRAYS}: silent.",
            f"{_REGORUS}: as we do.",
        ),
        Difference(
            "location",
            "Is `East US 2` the location `eastus2`?",
            "Yes, for every condition on the field `location`.",
            Side.DOCUMENTATION,
            f"{_RULE}: values of location are normalized.",
            f"{_REGORUS}: no.",
        ),
        Difference(
            "lazy-if",
            "Is the branch of `if()` evaluated that is not taken?",
            "No.",
            Side.DOCUMENTATION,
            f"{_RULE}: `if` guards a `substring` that would fail.",
            f"{_REGORUS}: yes, and what fails is undefined.",
        ),
        Difference(
            "ip-ranges",
            "What does `ipRangeContains` say of what is no range, or of two families?",
            "The evaluation fails: state Error.",
            Side.DOCUMENTATION,
            f"{_RULE}: the function fails.",
            f"{_REGORUS}: false.",
        ),
        Difference(
            "modify-conditions",
            "Is the condition of a modify operation part of the evaluated details?",
            "It is evaluated; an operation whose condition is false is left out.",
            Side.DOCUMENTATION,
            'Microsoft Learn, "Azure Policy definitions modify effect": the condition decides whether the '
            "operation applies.",
            f"{_REGORUS}: operations are handed on as written.",
        ),
        Difference(
            "field-in-existence-condition",
            "Which resource do `field` and `field()` read inside an existence condition?",
            "`field` reads the related resource, `field()` the evaluated one; inside a count over an array of the "
            "related resource `field()` of that array reads its current member.",
            Side.DOCUMENTATION,
            'Microsoft Learn, "Azure Policy definitions auditIfNotExists effect": `[field()]` compares with the '
            "resource of the `if` condition.",
            f"{_REGORUS}: the same, but for counts.",
        ),
        Difference(
            "latest-api-version",
            "What is `requestContext().apiVersion` when an existing resource is scanned?",
            "The version that the row states, else the day of the run, which no version is newer than.",
            Side.DOCUMENTATION,
            f"{_RULE}: scans use the latest version.",
            f"{_REGORUS}: what the caller gives.",
        ),
        Difference(
            "fields-chosen-at-run-time",
            "Which expressions may stand in `field`?",
            "`if(condition, 'alias', 'alias')` and `concat('tags[', …)`; others are refused.",
            Side.OTHER,
            f"{_RULE}: silent; no built-in uses anything else.",
            f"{_REGORUS}: refuses others.",
        ),
    )
)
"""Every rule about which sources differ."""
