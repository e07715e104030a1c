"""What is said of the rules about the fields and aliases that a definition names (BP40x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

FIELDS: tuple[CodeRow, ...] = (
    CodeRow(
        "BP401",
        "unknown alias",
        "No resource type has an alias of this name, so Azure refuses the definition. Names of special "
        "fields are `type`, `name`, `location`, `tags` and the like; every other field is an alias with its "
        "resource type.",
        bad='{"field": "supportsHttpsTrafficOnly", "equals": false}',
        good='{"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "equals": false}',
    ),
    CodeRow(
        "BP402",
        "alias in no table",
        "The alias is not in the tables at hand, so its path is guessed from its name. A guess can make a "
        "gap, never alone a pass. `blueprinter catalog import` reads Azure's own table of aliases.",
        bad='{"field": "Microsoft.Storage/storageAccounts/somethingNew", "equals": true}',
        good='{"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "equals": true}',
    ),
    CodeRow(
        "BP403",
        "alias of another resource type",
        "The rule is about resources of one type and reads an alias of another. It is absent on every "
        "resource that the rule looks at, so the condition always comes out alike.",
        bad="""{
  "allOf": [
    {"field": "type", "equals": "Microsoft.DBforMySQL/flexibleServers"},
    {"field": "Microsoft.DBforMySQL/servers/sslEnforcement", "notEquals": "Enabled"}
  ]
}""",
        good="""{
  "allOf": [
    {"field": "type", "equals": "Microsoft.DBforMySQL/servers"},
    {"field": "Microsoft.DBforMySQL/servers/sslEnforcement", "notEquals": "Enabled"}
  ]
}""",
    ),
    CodeRow(
        "BP404",
        "modify of a read-only alias",
        "The modify effect writes tags, the identity of virtual machines and scale sets, and aliases whose "
        "metadata say `Modifiable`. Azure refuses a definition that would write any other alias.",
        bad="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/17d1049b-9a84-46fb-8f53-869881c3d3ab"
    ],
    "conflictEffect": "audit",
    "operations": [
      {
        "operation": "addOrReplace",
        "field": "Microsoft.Storage/storageAccounts/sku.name",
        "value": false
      }
    ]
  }
}""",
        good="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/17d1049b-9a84-46fb-8f53-869881c3d3ab"
    ],
    "conflictEffect": "audit",
    "operations": [
      {
        "operation": "addOrReplace",
        "field": "Microsoft.Storage/storageAccounts/allowBlobPublicAccess",
        "value": false
      }
    ]
  }
}""",
    ),
    CodeRow(
        "BP405",
        "name with a letter that is not ASCII",
        "Aliases, resource types and parameter names are ASCII. A letter of another alphabet or a hidden "
        "space looks right and is never equal.",
        bad='{"field": "type", "equals": "Microsoft.St\\u043erage/storageAccounts"}',
        good='{"field": "type", "equals": "Microsoft.Storage/storageAccounts"}',
    ),
    CodeRow(
        "BP406",
        "count over something that is no array alias",
        "A field count takes an array alias, which ends with `[*]`. Without it Azure refuses the definition.",
        bad='{"count": {"field": "Microsoft.Network/networkSecurityGroups/securityRules"}, "greater": 0}',
        good="""{
  "count": {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*]"},
  "greater": 0
}""",
    ),
    CodeRow(
        "BP407",
        "operation that modify does not have",
        "Only tags can be removed, and `identity.type` can be set on virtual machines and scale sets only. The "
        "name, type, kind, location and id of a resource are never modified.",
        bad="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/17d1049b-9a84-46fb-8f53-869881c3d3ab"
    ],
    "conflictEffect": "audit",
    "operations": [
      {
        "operation": "remove",
        "field": "Microsoft.Storage/storageAccounts/allowBlobPublicAccess"
      }
    ]
  }
}""",
        good="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/4a9ae827-6dc8-4573-8ac7-8239d42aa03f"
    ],
    "operations": [{"operation": "remove", "field": "tags['temporary']"}]
  }
}""",
    ),
)
