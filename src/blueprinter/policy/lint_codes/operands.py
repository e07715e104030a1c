"""What is said of the rules about what conditions compare with (BP41x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

OPERANDS: tuple[CodeRow, ...] = (
    CodeRow(
        "BP410",
        "`like` without a wildcard",
        "`like` and `notLike` take a pattern with one `*`. Without it they compare the whole text, as "
        "`equals` does; most often the `*` was forgotten.",
        bad='{"field": "name", "like": "prod-"}',
        good='{"field": "name", "like": "prod-*"}',
    ),
    CodeRow(
        "BP411",
        "`like` with several wildcards",
        "Azure documents one `*` in the pattern of `like` and `notLike`, and no `?`. What it does with more "
        "is not promised.",
        bad='{"field": "name", "like": "*prod*"}',
        good='{"field": "name", "contains": "prod"}',
    ),
    CodeRow(
        "BP412",
        "`match` without a placeholder",
        "In the pattern of `match`, `#` stands for a digit, `?` for a letter and `.` for any character. "
        "Without one of them it compares the text itself, and regards letter case.",
        bad='{"field": "tags[\'stage\']", "match": "prod"}',
        good='{"field": "tags[\'stage\']", "equals": "prod"}',
    ),
    CodeRow(
        "BP413",
        "`*` where it has no meaning",
        "Only `like` and `notLike` know `*`. For `equals`, `in`, `contains` and `match` it stands for "
        "itself.",
        bad='{"field": "type", "equals": "Microsoft.Sql/*"}',
        good='{"field": "type", "like": "Microsoft.Sql/*"}',
    ),
    CodeRow(
        "BP414",
        "`match` that regards letter case",
        "Azure does not regard the letter case of types, names, kinds and locations, but `match` and "
        "`notMatch` do: one resource passes or fails depending on how somebody typed it.",
        bad='{"field": "name", "match": "VM-###"}',
        good='{"field": "name", "matchInsensitively": "VM-###"}',
    ),
    CodeRow(
        "BP415",
        "negation over an array",
        "A field with `[*]` outside of a count is compared member by member, and all of them must agree. So "
        "`notEquals` means that no member is equal, which an empty array fulfils too, and `not` of `equals` "
        "means that some member differs. To say which of them is meant, count.",
        bad="""{
  "field": "Microsoft.Network/networkSecurityGroups/securityRules[*].access",
  "notEquals": "Deny"
}""",
        good="""{
  "count": {
    "field": "Microsoft.Network/networkSecurityGroups/securityRules[*]",
    "where": {
      "field": "Microsoft.Network/networkSecurityGroups/securityRules[*].access",
      "notEquals": "Deny"
    }
  },
  "greater": 0
}""",
    ),
    CodeRow(
        "BP416",
        "operand of `exists` that is no boolean",
        "`exists` takes true or false, also as text. Any other text counts as false.",
        bad='{"field": "tags[\'owner\']", "exists": "yes"}',
        good='{"field": "tags[\'owner\']", "exists": true}',
    ),
    CodeRow(
        "BP417",
        "operand of a type that the operator does not take",
        "`in` and `notIn` take an array, `exists` a boolean, a count is compared with a number, and the "
        "other operators take one value; a value count looks at an array. A parameter must be declared with a type "
        "that fits: Azure refuses the definition otherwise. An expression that was copied out of an ARM template "
        "begins with `[[`, and is text until one of them is taken away.",
        bad='{"field": "location", "equals": ["westeurope", "northeurope"]}',
        good='{"field": "location", "in": ["westeurope", "northeurope"]}',
    ),
    CodeRow(
        "BP418",
        "text that looks like an expression",
        "An expression starts with `[` and ends with `]`, and nothing stands outside of them. This text "
        "does not, so it is compared letter by letter. Text that is meant so starts with `[[`.",
        bad='{"field": "location", "equals": "resourceGroup().location"}',
        good='{"field": "location", "equals": "[resourceGroup().location]"}',
    ),
    CodeRow(
        "BP419",
        "order of a tag and a number",
        "The value of a tag is text, and Azure orders values of one type only: the policy cannot be evaluated, and "
        "one that enforces refuses requests until its assignment is removed. Make a number of the tag, or compare it "
        "with a text.",
        bad='{"field": "tags[\'days\']", "less": 30}',
        good="""{
  "allOf": [
    {"field": "tags['days']", "exists": true},
    {"value": "[int(field('tags[''days'']'))]", "less": 30}
  ]
}""",
    ),
)
