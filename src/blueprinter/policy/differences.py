"""Where sources differ about the policy language, what we do, and who says what.

Documentation wins unless a recording of Azure contradicts it. Other engines are named where they fill a
silence of the documentation or say otherwise.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from blueprinter.table import Table


class Side(StrEnum):
    """Whom we follow."""

    DOCUMENTATION = "documentation"
    OTHER = "other"
    """Another engine, where the documentation is silent or leaves room."""


class Difference(Struct, frozen=True):
    """One rule about which sources differ."""

    name: str
    question: str
    ours: str
    follows: Side
    documentation: str
    """What Microsoft's documentation says, with the name of its page."""
    other: str
    """What another source says, with its name."""
    case: str
    """The group of cases that shows it: `<file of tests/unit/policy/cases>: <what it is about>`; empty for
    rules about assignments, which have no such cases."""


_RULE = 'Microsoft Learn, "Azure Policy definition structure policy rule"'
_ARRAYS = 'Microsoft Learn, "Author policies for array properties on Azure resources"'
_LINTER = "Azure/azure-policy-linter (the linter of the Azure Policy team)"
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
            "arrays: every member must satisfy",
        ),
        Difference(
            "field-of-missing",
            "What does `field('x')` give when the property is missing?",
            "The empty text; with `[*]` the empty array.",
            Side.DOCUMENTATION,
            f"{_ARRAYS}: the empty text and the empty array.",
            f"{_REGORUS}: null.",
            "documented-arrays: field() of each",
        ),
        Difference(
            "failed-function",
            "What becomes of a resource when a function of the rule fails?",
            "Its state is Error, unless a condition that stands before decides.",
            Side.DOCUMENTATION,
            f"{_RULE}: the evaluation fails, which is a denial of requests; "
            '"Azure Policy compliance states" has the state Error. MicrosoftDocs/azure-docs#115036 reports, without an '
            "answer, that a condition that stands before does not help: only `if()` does.",
            f"{_REGORUS}: the condition is false, whatever its operator.",
            "missing-and-null: a false condition decides before an error",
        ),
        Difference(
            "order-of-types",
            "What do `less` and `greater` say of values that have no order, such as a number and a word?",
            "The evaluation fails: state Error. A missing value is false.",
            Side.DOCUMENTATION,
            f"{_RULE}: when the property type does not match the condition type, an error is thrown.",
            f"{_REGORUS}: false.",
            "operators: values without an order are an error",
        ),
        Difference(
            "dates",
            "How do two texts compare that are date-times of different precision or offset?",
            "As instants. A date without a time sorts as text, because API versions look alike.",
            Side.DOCUMENTATION,
            f"{_RULE}: less and greater take dates.",
            f"{_REGORUS}: as texts.",
            "operators: date-times sort by instant",
        ),
        Difference(
            "wildcards-of-like",
            "Which wildcards has `like`?",
            "`*` any number of times, and `?` for one character.",
            Side.OTHER,
            f"{_RULE}: one `*`.",
            f"{_REGORUS}: several `*`, and `?` for one character.",
            "operators: like takes several wildcards and single characters",
        ),
        Difference(
            "text-equality",
            "When are two texts equal?",
            "When they are after full Unicode case folding: `Straße` equals `STRASSE`.",
            Side.OTHER,
            f"{_RULE}: comparison disregards letter case; .NET folds one character to one.",
            f"{_REGORUS}: full Unicode case folding.",
            "casing: letters that fold to several",
        ),
        Difference(
            "missing-value",
            "What do operators say of a missing property?",
            "It counts as null: equal to null and to the empty text, in no list, never `like`, `contains` or less; "
            "the negative operators hold. `exists` alone sees the difference, and null does not exist.",
            Side.OTHER,
            f"{_RULE}: silent, but for `exists`.",
            f"{_REGORUS}: as we do.",
            "missing-and-null: positive operators do not",
        ),
        Difference(
            "missing-member-value",
            "And of a property that a member of an array under `[*]` lacks?",
            "It equals null and nothing else, not even the empty text.",
            Side.OTHER,
            f"{_ARRAYS}: silent.",
            f"{_REGORUS}: as we do.",
            "arrays: the empty text is not what a member lacks",
        ),
        Difference(
            "location",
            "Is `East US 2` the location `eastus2`?",
            "Yes, for every condition on the field `location`.",
            Side.DOCUMENTATION,
            f"{_RULE}: values of location are normalized.",
            f"{_REGORUS}: no.",
            "location: display name and short name",
        ),
        Difference(
            "lazy-if",
            "Is the branch of `if()` evaluated that is not taken?",
            "No.",
            Side.DOCUMENTATION,
            f"{_RULE}: `if` guards a `substring` that would fail.",
            f"{_REGORUS}: yes, and what fails is undefined.",
            "missing-and-null: if() does not evaluate the other branch",
        ),
        Difference(
            "ip-ranges",
            "What does `ipRangeContains` say of what is no range, or of two families?",
            "The evaluation fails: state Error.",
            Side.DOCUMENTATION,
            f"{_RULE}: the function fails.",
            f"{_REGORUS}: false. {_LINTER}: a failure for what is no range, false for two families.",
            "functions: addresses that fail",
        ),
        Difference(
            "modify-conditions",
            "Is the condition of a modify operation part of the evaluated details?",
            "It is evaluated; an operation whose condition is false is left out.",
            Side.DOCUMENTATION,
            'Microsoft Learn, "Azure Policy definitions modify effect": the condition decides whether the '
            "operation applies.",
            f"{_REGORUS}: operations are handed on as written.",
            "modify: conditions of operations",
        ),
        Difference(
            "field-in-existence-condition",
            "Which resource do `field` and `field()` read inside an existence condition?",
            "`field` reads the related resource, `field()` the evaluated one, inside counts too; `current()` reads the "
            "member that is counted.",
            Side.DOCUMENTATION,
            'Microsoft Learn, "Azure Policy definitions auditIfNotExists effect": `[field()]` compares with the '
            f"resource of the `if` condition. {_ARRAYS}: in an existence condition it never reads the counted member.",
            f"{_REGORUS}: the same, but for counts.",
            "existence: field is the related resource and field() the evaluated one",
        ),
        Difference(
            "iterations-of-value-counts",
            "How many members may a value count look at?",
            "200.",
            Side.OTHER,
            f"{_RULE}: 100.",
            "Azure/azure-policy#1578: Azure refuses a built-in definition because its value count performs 251 "
            "iterations, \"which exceeds the limit of: '200'\".",
            "current: counts of counts multiply",
        ),
        Difference(
            "members-by-path",
            "Does an alias without `[*]` in its name stand for the counted member, when its path leads through the "
            "counted array?",
            "Yes: what an alias stands for is a matter of its path.",
            Side.DOCUMENTATION,
            f"{_ARRAYS}: `where` is evaluated as if the array had only the current member. Built-in definitions count "
            "`…/diagnosticSettings/logs[*]` with conditions on `…/logs.enabled`.",
            f"{_REGORUS}: not known.",
            "count: an alias that leads to the member by its path",
        ),
        Difference(
            "numbers-as-text",
            "Is the text `080` equal to the number 80?",
            "Yes: a text that spells a number is compared as one with a number.",
            Side.OTHER,
            f"{_RULE} does not say. Its author in MicrosoftDocs/azure-docs#41628: the comparison is one of texts, and "
            "only numbers and booleans are turned into text. Then it is not; `80` is either way. "
            f"{_LINTER}, page `equality-check-on-numeric-field`, says the same.",
            f"{_REGORUS}: as we do.",
            "operators: text and number",
        ),
        Difference(
            "effect-of-another-mode",
            "What does an effect that acts inside of a service, such as `mutate`, say in mode All or Indexed?",
            "The rule is judged like that of any other text: where it holds, the resource does not comply. "
            "`policy lint` objects (BP448).",
            Side.OTHER,
            'Microsoft Learn, "Azure Policy definitions addToNetworkGroup effect" and "… mutate effect": the effects '
            "belong to one mode of a resource provider each; what they do in another is not said.",
            f"{_REGORUS}: any text is an effect.",
            "effects: an effect of a service in a mode that looks at resources",
        ),
        Difference(
            "who-asks",
            "What is `requestContext().identity` when an existing resource is scanned?",
            "There is none, and the policy applies to no existing resource. A request is judged with the claims given.",
            Side.DOCUMENTATION,
            'Microsoft Learn, "Use requestContext().identity to return caller identity in Azure Policy": compliance '
            "scans of such a policy are NotApplicable.",
            f"{_REGORUS}: what the caller gives.",
            "request: who makes a request, which a scan of existing resources cannot tell",
        ),
        Difference(
            "latest-api-version",
            "What is `requestContext().apiVersion` when an existing resource is scanned?",
            "The version that the row states, else the day of the run, which no version is newer than.",
            Side.DOCUMENTATION,
            f"{_RULE}: scans use the latest version.",
            f"{_REGORUS}: what the caller gives.",
            "parameters: the request's API version",
        ),
        Difference(
            "fields-chosen-at-run-time",
            "Which expressions may stand in `field`?",
            "`if(condition, 'alias', 'alias')` and `concat('tags[', …)`; others are refused.",
            Side.OTHER,
            f"{_RULE}: silent; no built-in uses anything else.",
            f"{_REGORUS}: refuses others.",
            "alias-names: a field that an if chooses, nested",
        ),
        Difference(
            "functions-that-compare",
            "Do `equals()`, `contains()` and `greater()` in a rule regard letter case and types?",
            "Yes: `equals()` compares exactly but for numbers, and so does `contains()` elements of an array; parts "
            "of a text are found in any letter case; two numbers or texts have an order, anything else is an error.",
            Side.DOCUMENTATION,
            f"{_LINTER}: so. Its page `equality-check-on-numeric-field` recommends `equals()` as the exact one.",
            f"{_REGORUS}: they compare as conditions do.",
            "coercion: functions compare exactly, where conditions do not",
        ),
        Difference(
            "null-for-functions",
            "What does a function say of null, which `tryGet` and a property that is null give?",
            "The empty text or array, 0, -1 or null, by function; some do not take it.",
            Side.DOCUMENTATION,
            f"{_LINTER}: so, in `ExpressionBuiltInFunctions`. Built-in definitions split what `tryGet` gives.",
            f"{_REGORUS}: undefined, and the condition is false.",
            "missing-and-null: functions of null",
        ),
        Difference(
            "dates-of-functions",
            "What does `addDays()` take, and how does it write what it gives?",
            "Any date in ISO 8601; a fraction of seconds where there was one.",
            Side.OTHER,
            f"{_LINTER}: a date-time that ends in `Z`; seven digits of a second always.",
            f"{_REGORUS}: as we do.",
            "functions: dates",
        ),
        Difference(
            "calls-without-arguments",
            "May `concat()` be called without an argument, and `bool()` with `'1'`?",
            "Yes: they give the empty text and true.",
            Side.OTHER,
            f"{_LINTER}: both fail.",
            f"{_REGORUS}: as we do.",
            "functions: text",
        ),
        Difference(
            "order-of-text-and-number",
            "What do `less` and `greater` say of a number and a text that spells one?",
            "They compare the numbers.",
            Side.OTHER,
            f"{_LINTER}, page `ordering-operator-on-incompatible-field-type`: the evaluation fails, for a text has an "
            "order with texts only.",
            f"{_REGORUS}: as we do.",
            "operators: text and number",
        ),
        Difference(
            "operand-that-is-null",
            "What does a condition say whose operand an expression makes null?",
            "It compares with null.",
            Side.OTHER,
            f"{_LINTER}, page `unguarded-tryget-operator-value`: the evaluation fails. But built-in definitions that "
            "hand on a tag of the resource group compare with one that may be missing, and work.",
            f"{_REGORUS}: as we do.",
            "missing-and-null: an operand that is null",
        ),
        Difference(
            "equality-of-arrays",
            "What does `equals` say of arrays and objects?",
            "They are equal when all of their members are.",
            Side.OTHER,
            f"{_ARRAYS}: a condition other than `in` and `notIn` takes a text; an array parameter beside `equals` is "
            "refused.",
            f"{_REGORUS}: as we do.",
            "operators: equality of objects is deep",
        ),
        Difference(
            "available-functions",
            "Which template functions does a rule have?",
            "All but those that the documentation excepts: `guid` and `uniqueString` yes, `dateTimeAdd` no.",
            Side.DOCUMENTATION,
            f"{_RULE}: a list of exceptions; two built-in definitions call `uniqueString`.",
            f"{_REGORUS}: refuses `guid` and `uniqueString`, has `dateTimeAdd`.",
            "functions: text",
        ),
        Difference(
            "integers-from-text",
            "What is `int('3.7')`?",
            "An error.",
            Side.DOCUMENTATION,
            'Microsoft Learn, "Numeric functions for ARM templates": the text of an integer.',
            f"{_REGORUS}: 3.",
            "functions: functions that fail",
        ),
        Difference(
            "current-without-a-name",
            "What is `current()` inside of nested counts?",
            "The member of the innermost count.",
            Side.OTHER,
            f"{_RULE}: it is allowed only where no other count stands around the count.",
            f"{_REGORUS}: as we do.",
            "current: the innermost without a name, the outer one by name",
        ),
        Difference(
            "field-by-expression",
            "Which expressions may stand in `field` of a condition?",
            "Those over parameters alone, which name one field when the policy is assigned; `if(…, 'x', 'y')` and "
            "`concat('tags[', …, ']')`, whatever they read. Others are a fault (BP311).",
            Side.OTHER,
            f"{_RULE}: the examples are `concat('tags[', …, ']')`; it does not say what else there may be. The team in "
            "Azure/azure-policy#104: `concat` and references to parameters are supported in `field`. Definitions in "
            "use have `[concat(parameters('type'), '/networkAcls.ipRules[*].value')]`.",
            f"{_REGORUS}: only `if(…, 'x', 'y')` and `concat('tags…', …)`.",
            "alias-names: a field that parameters choose",
        ),
        Difference(
            "name-of-a-child",
            "What is the field `name` of a child resource that a template calls `server/database`?",
            "Its own name, `database`; `fullName` holds both.",
            Side.DOCUMENTATION,
            f"{_RULE}: the full name is the name with those of the parents before it.",
            f"{_REGORUS}: the name as it is written.",
            "fields: the name of a child is its own",
        ),
        Difference(
            "order-of-overrides",
            "Which of several overrides of an assignment holds?",
            "The first that applies.",
            Side.OTHER,
            'Microsoft Learn, "Azure Policy assignment structure": they are evaluated in the order of '
            "the list.",
            "Lists of rules in Azure, such as those of firewalls, end at the first that fits.",
            "",
        ),
        Difference(
            "selector-without-a-location",
            "Does a resource without a location meet `resourceLocation` with `notIn`?",
            "Yes: it is in none of the locations. It meets no `in`.",
            Side.OTHER,
            'Microsoft Learn, "Azure Policy assignment structure": silent.',
            "The conditions `in` and `notIn` of a rule say so of a missing property.",
            "",
        ),
    )
)
"""Every rule about which sources differ."""
