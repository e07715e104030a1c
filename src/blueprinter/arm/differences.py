"""Where sources differ about the template language, what we do, and who says what.

What Azure's own engine was seen to do wins; then the documentation; other engines fill the silence of both. Every row
has an expression that shows it, with the value that we give.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from blueprinter.document import Json
from blueprinter.table import Table


class Side(StrEnum):
    """Whom we follow."""

    AZURE = "azure"
    """What Azure's engine was seen to do."""
    DOCUMENTATION = "documentation"
    OTHER = "other"
    """Another engine, or common sense, where both are silent."""


class Difference(Struct, frozen=True):
    """One rule about which sources differ."""

    name: str
    question: str
    follows: Side
    ours: str
    """What we do, and who says so."""
    other: str
    """What another source says."""
    expression: str
    value: Json
    """What the expression gives; "error" where it gives none."""


_STRINGS = 'Microsoft Learn, "String functions for ARM templates"'
_COMPARISON = 'Microsoft Learn, "Comparison functions for ARM templates"'
_SYNTAX = 'Microsoft Learn, "Syntax and expressions in ARM templates"'
_PSRULE = "PSRule for Azure (Microsoft/PSRule.Rules.Azure)"
_DSC = "PowerShell DSC (PowerShell/DSC)"
_BICEP = "the Bicep compiler, which contains the engine (Azure/bicep)"

DIFFERENCES: Table[Difference] = Table(
    (
        Difference(
            "boolean-as-text",
            "How does `string` write a boolean?",
            Side.AZURE,
            f"`True` and `False`, as was reported from Azure in an issue of {_PSRULE}; inside JSON `true` and `false`.",
            f"{_DSC}: `true` and `false` everywhere.",
            "[concat(string(true()), string(createArray(true())))]",
            "True[true]",
        ),
        Difference(
            "null-as-text",
            "How does `string` write null?",
            Side.OTHER,
            "As the empty text, as `format` does in " + _BICEP + ".",
            "No source says it of `string`.",
            "[string(null())]",
            "",
        ),
        Difference(
            "order-of-letters",
            "Is `A` greater than `a`?",
            Side.DOCUMENTATION,
            f"Yes: text is ordered as in a dictionary, lower case first ({_COMPARISON}, and `items` in {_BICEP}).",
            "By code point, as programming languages often compare, `a` would be greater.",
            "[greater('A', 'a')]",
            True,
        ),
        Difference(
            "contains-in-text",
            "Does case matter to `contains` in a string?",
            Side.AZURE,
            f"Yes, and it does not to `indexOf`, `startsWith` and `endsWith` ({_BICEP}).",
            f"{_STRINGS} says of `contains` that the comparison is case-sensitive, and of the others that it is not.",
            "[createArray(contains('FOO', 'foo'), equals(indexOf('FOO', 'foo'), 0))]",
            [False, True],
        ),
        Difference(
            "escapes-in-uris",
            "Are the escapes of `uriComponent` in upper case?",
            Side.AZURE,
            f"Yes ({_BICEP}).",
            f"{_STRINGS}: an older output in lower case.",
            "[uriComponent('a/b')]",
            "a%2Fb",
        ),
        Difference(
            "charset-of-data-uris",
            "Which character set does `dataUri` name?",
            Side.AZURE,
            f"`utf-8` ({_BICEP}); `dataUriToString` takes `utf8` as well.",
            f"{_STRINGS}: `utf8`, which older versions of Azure wrote.",
            "[dataUri('a')]",
            "data:text/plain;charset=utf-8;base64,YQ==",
        ),
        Difference(
            "date-without-format",
            "How does `dateTimeAdd` write a date when no format is given?",
            Side.AZURE,
            "In ISO 8601 where the base has a `T` between date and time (" + _BICEP + "), else as in en-US.",
            'Microsoft Learn, "Date functions for ARM templates": as in en-US, for a base without `T`.',
            "[createArray(dateTimeAdd('2020-04-07T14:53:14Z', 'P1D'), dateTimeAdd('2020-04-07 14:53:14Z', 'P1D'))]",
            ["2020-04-08T14:53:14Z", "4/8/2020 2:53:14 PM"],
        ),
        Difference(
            "order-of-sort",
            "What does the lambda of `sort` say?",
            Side.DOCUMENTATION,
            "That its first argument stands before its second; what is equal keeps its order "
            '(Microsoft Learn, "Lambda functions for ARM templates", and ' + _BICEP + ").",
            f"{_PSRULE} expects the reverse order.",
            "[sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))]",
            [1, 2, 3],
        ),
        Difference(
            "subnet-beyond-the-range",
            "What does `cidrSubnet` give for an index beyond the last subnet?",
            Side.OTHER,
            f"An error, as in {_DSC}.",
            f"{_PSRULE} goes on counting outside the range.",
            "[cidrSubnet('10.144.0.0/20', 24, 16)]",
            "error",
        ),
        Difference(
            "union-of-null",
            "What does `union` do with an argument that is null?",
            Side.OTHER,
            f"It adds nothing, as in {_PSRULE}: published templates rely on it.",
            "The documentation names arrays and objects only.",
            "[union(null(), createObject('a', 1))]",
            {"a": 1},
        ),
        Difference(
            "text-in-brackets",
            "Is a string that starts with `[` and ends with `]` and a line break an expression?",
            Side.AZURE,
            f"No, it stands for itself, and so does one that only starts with `[` ({_BICEP}).",
            f"{_SYNTAX}: an expression starts and ends with brackets; it is silent on what follows.",
            "[concat('a', 'b')]\n",
            "[concat('a', 'b')]\n",
        ),
        Difference(
            "results-that-look-like-expressions",
            "Is text that an expression gives evaluated again?",
            Side.AZURE,
            f"Never ({_BICEP}): only the text of the template is.",
            "The documentation does not say.",
            "[concat('[add(1, ', '2)]')]",
            "[add(1, 2)]",
        ),
        Difference(
            "number-in-text",
            "Does `int` take text with a fraction?",
            Side.OTHER,
            "No, as a parameter of type int does not.",
            "regorus (microsoft/regorus) cuts the fraction off.",
            "[int('3.7')]",
            "error",
        ),
        Difference(
            "text-of-digits-as-boolean",
            "Does `bool` take the texts `1` and `0`?",
            Side.OTHER,
            "Yes: it takes the numbers, and Azure converts text that spells a boolean.",
            'Microsoft Learn, "Logical functions for ARM templates", names `true` and `false` only.',
            "[createArray(bool('1'), bool('0'))]",
            [True, False],
        ),
        Difference(
            "lenient-json",
            "Does `json` take single quotes and names without quotes?",
            Side.AZURE,
            f"Yes, as the JSON library of Azure's engine does ({_BICEP} and samples of the documentation).",
            "The documentation shows double quotes, and single ones in one sample.",
            "[json('{a: ''b''}')]",
            {"a": "b"},
        ),
        Difference(
            "letter-case-of-allowed-values",
            "Does case matter where a value is compared with `allowedValues`?",
            Side.OTHER,
            "No: deployments accept other spellings. Inside `equals` it does.",
            "The documentation does not say.",
            "[equals('a', 'A')]",
            False,
        ),
    )
)
