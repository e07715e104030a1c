"""What is said of the rules about mode and resource types (BP43x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

SCOPE: tuple[CodeRow, ...] = (
    CodeRow(
        "BP430",
        "no mode",
        "Without `mode` PowerShell makes a definition of mode All, and the Azure CLI one that is treated as "
        "Indexed. Say which one is meant.",
        bad="""{
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}
}""",
        good="""{
  "mode": "Indexed",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}
}""",
    ),
    CodeRow(
        "BP431",
        "unknown mode",
        "The mode is All, Indexed, or one of the modes of resource providers such as "
        "`Microsoft.Kubernetes.Data`.",
        bad='{"mode": "Index"}',
        good='{"mode": "Indexed"}',
    ),
    CodeRow(
        "BP432",
        "mode Indexed for resource groups or subscriptions",
        "Mode Indexed looks at resource types that have tags and a location, never at resource groups and "
        "subscriptions. A rule about them needs mode All.",
        bad="""{
  "mode": "Indexed",
  "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions/resourceGroups"}
}""",
        good="""{
  "mode": "All",
  "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions/resourceGroups"}
}""",
    ),
    CodeRow(
        "BP433",
        "mode All for tags or locations",
        "Many resource types have no tags or no location. With mode All and without a condition on the type "
        "they are reported as non-compliant and nobody can mend them. Mode Indexed leaves them out.",
        bad='{"mode": "All", "if": {"field": "tags[\'owner\']", "exists": false}}',
        good='{"mode": "Indexed", "if": {"field": "tags[\'owner\']", "exists": false}}',
    ),
    CodeRow(
        "BP434",
        "text that is no resource type",
        "A resource type is written with its namespace, and without spaces: "
        "`Microsoft.Storage/storageAccounts`. Anything else is never equal.",
        bad='{"field": "type", "equals": "storageAccounts"}',
        good='{"field": "type", "equals": "Microsoft.Storage/storageAccounts"}',
    ),
    CodeRow(
        "BP435",
        "alias without a condition on the type",
        "The rule reads an alias, and nothing limits it to the type that has it. On every other type the "
        "alias is absent, so `notEquals` and `exists: false` hold there.",
        bad='{"field": "Microsoft.Storage/storageAccounts/allowBlobPublicAccess", "notEquals": false}',
        good="""{
  "allOf": [
    {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
    {"field": "Microsoft.Storage/storageAccounts/allowBlobPublicAccess", "notEquals": false}
  ]
}""",
    ),
    CodeRow(
        "BP436",
        "no existing resource is judged",
        "Who makes a request is known while it is made. Azure enforces a rule that asks for it, and reports no "
        "existing resource: no control has evidence from it. Pair it with a rule about the resource itself.",
        bad="""{
  "allOf": [
    {"field": "type", "equals": "Microsoft.Authorization/roleAssignments"},
    {"value": "[tryGet(requestContext().identity, 'idtyp')]", "notEquals": "user"}
  ]
}""",
        good="""{
  "allOf": [
    {"field": "type", "equals": "Microsoft.Authorization/roleAssignments"},
    {"field": "Microsoft.Authorization/roleAssignments/principalType", "notEquals": "Group"}
  ]
}""",
    ),
    CodeRow(
        "BP437",
        "an accessor that is not documented",
        "`source` with `action` was for the action of a request, and was dropped from the documentation. In a scan of "
        "existing resources it is the type with `/write`, so a condition on the type says the same.",
        bad='{"source": "action", "like": "Microsoft.Network/publicIPAddresses/*"}',
        good='{"field": "type", "equals": "Microsoft.Network/publicIPAddresses"}',
    ),
    CodeRow(
        "BP438",
        "an operand that may be null",
        "`tryGet` gives null where there is nothing to get, and Azure fails to evaluate a condition whose operand is "
        "null: what enforces refuses requests then. `coalesce` gives something else in its place.",
        bad='{"field": "name", "equals": "[tryGet(field(\'tags\'), \'environment\')]"}',
        good='{"field": "name", "equals": "[coalesce(tryGet(field(\'tags\'), \'environment\'), \'\')]"}',
    ),
)
