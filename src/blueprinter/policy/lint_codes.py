"""The diagnostics of `policy lint` (BP4xx): what `blueprinter explain` says of each rule.

The examples are real: each is a condition, a `then`, a rule, a definition or an initiative, and the tests lint both.
"""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

LINT_CODES: tuple[CodeRow, ...] = (
    # ------------------------------------------------------------ fields and aliases
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
        "Only tags can be removed, and `identity.type` can be set on virtual machines and scale sets only.",
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
    # ------------------------------------------------------------ what is compared with
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
        "other operators take one value. A parameter must be declared with a type that fits.",
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
    # ------------------------------------------------------------ logic
    CodeRow(
        "BP420",
        "condition that is never true",
        "No resource can meet this condition together with another that must hold as well, such as two "
        "different types in one `allOf`. What it guards is never reached.",
        bad="""{
  "allOf": [
    {"field": "type", "equals": "Microsoft.Sql/servers"},
    {"field": "type", "equals": "Microsoft.Sql/servers/databases"}
  ]
}""",
        good='{"field": "type", "in": ["Microsoft.Sql/servers", "Microsoft.Sql/servers/databases"]}',
    ),
    CodeRow(
        "BP421",
        "condition that is always true",
        "One of these conditions holds whatever the resource is like, so the `anyOf` says nothing: "
        "everything differs from one of two texts.",
        bad="""{
  "anyOf": [
    {"field": "location", "notEquals": "westeurope"},
    {"field": "location", "notEquals": "northeurope"}
  ]
}""",
        good='{"field": "location", "notIn": ["westeurope", "northeurope"]}',
    ),
    CodeRow(
        "BP422",
        "condition that does not depend on anything",
        "Two constants are compared, a list is empty, or every allowed value of a parameter comes out alike.",
        bad='{"allOf": [{"field": "name", "like": "prod-*"}, {"value": "audit", "equals": "deny"}]}',
        good='{"field": "name", "like": "prod-*"}',
    ),
    CodeRow(
        "BP423",
        "condition that stands twice",
        "One `allOf` or `anyOf` holds the same condition twice. Most often the second was meant to be "
        "another.",
        bad='{"anyOf": [{"field": "name", "like": "dev-*"}, {"field": "name", "like": "dev-*"}]}',
        good='{"anyOf": [{"field": "name", "like": "dev-*"}, {"field": "name", "like": "test-*"}]}',
    ),
    CodeRow(
        "BP424",
        "count that always comes out alike",
        "A count is a whole number from 0, and 0 for a missing array: comparing it so says nothing.",
        bad="""{
  "count": {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*]"},
  "greaterOrEquals": 0
}""",
        good="""{
  "count": {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*]"},
  "greater": 0
}""",
    ),
    CodeRow(
        "BP425",
        "`where` that does not look at the member",
        "The `where` of a count is asked of every member. One that reads only other things counts all or "
        "none.",
        bad="""{
  "count": {
    "field": "Microsoft.Network/networkSecurityGroups/securityRules[*]",
    "where": {"field": "name", "like": "nsg-*"}
  },
  "greater": 0
}""",
        good="""{
  "count": {
    "field": "Microsoft.Network/networkSecurityGroups/securityRules[*]",
    "where": {
      "field": "Microsoft.Network/networkSecurityGroups/securityRules[*].access",
      "equals": "Allow"
    }
  },
  "greater": 0
}""",
    ),
    CodeRow(
        "BP426",
        "count without a name inside of another",
        "Inside of another count a value count must have a `name`, so that `current('name')` tells the two "
        "apart.",
        bad="""{
  "count": {
    "field": "Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]",
    "where": {
      "count": {
        "value": ["10.0.0.0/8"],
        "where": {
          "value": "[current()]",
          "equals": "[current('Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]')]"
        }
      },
      "equals": 0
    }
  },
  "greater": 0
}""",
        good="""{
  "count": {
    "field": "Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]",
    "where": {
      "count": {
        "value": ["10.0.0.0/8"],
        "name": "range",
        "where": {
          "value": "[current('range')]",
          "equals": "[current('Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]')]"
        }
      },
      "equals": 0
    }
  },
  "greater": 0
}""",
    ),
    # ------------------------------------------------------------ mode and type
    CodeRow(
        "BP430",
        "no mode",
        "Without `mode` PowerShell makes a definition of mode All, and the Azure CLI one that is treated as "
        "Indexed. Say which one is meant.",
        bad="""{
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
        good="""{
  "mode": "Indexed",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
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
    # ------------------------------------------------------------ effect
    CodeRow(
        "BP440",
        "hard-coded effect",
        "The effect is fixed in the definition, so that it can be neither switched off nor made stricter "
        "where it is assigned. Declare a parameter for it.",
        bad='{"effect": "audit"}',
        good='{"effect": "[parameters(\'effect\')]"}',
    ),
    CodeRow(
        "BP441",
        "effect that cannot be switched off",
        "Disabled goes with every effect. Where the effect's parameter does not allow it, a member of an "
        "initiative cannot be switched off.",
        bad="""{
  "parameters": {"effect": {"type": "String", "allowedValues": ["Audit", "Deny"]}},
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
        good="""{
  "parameters": {"effect": {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"]}},
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
    ),
    CodeRow(
        "BP442",
        "effect without allowed values",
        "The parameter that gives the effect allows any text, also one that is no effect or that the "
        "details of the rule are not made for.",
        bad="""{
  "parameters": {"effect": {"type": "String", "defaultValue": "Audit"}},
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
        good="""{
  "parameters": {
    "effect": {
      "type": "String",
      "defaultValue": "Audit",
      "allowedValues": ["Audit", "Deny", "Disabled"]
    }
  },
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
    ),
    CodeRow(
        "BP443",
        "unknown effect",
        "The text is no effect of Azure Policy. Azure refuses the definition, or its assignment.",
        bad="""{
  "effect": "auditIfNotExist",
  "details": {"type": "Microsoft.Insights/diagnosticSettings", "name": "x"}
}""",
        good="""{
  "effect": "auditIfNotExists",
  "details": {"type": "Microsoft.Insights/diagnosticSettings", "name": "x"}
}""",
    ),
    CodeRow(
        "BP444",
        "effects that are not interchangeable",
        "audit and deny go together with either modify or append, and auditIfNotExists with "
        "deployIfNotExists. Others need other details, so a rule made for one of them does something else, "
        "or nothing, with the other.",
        bad="""{
  "parameters": {"effect": {"type": "String", "allowedValues": ["Audit", "AuditIfNotExists", "Disabled"]}},
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
        good="""{
  "parameters": {"effect": {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"]}},
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
    ),
    CodeRow(
        "BP445",
        "deny by default",
        "An assignment that does not choose an effect refuses requests at once. Microsoft recommends to "
        "start with audit, to look at what it finds, and to enforce then.",
        bad="""{
  "parameters": {
    "effect": {
      "type": "String",
      "allowedValues": ["Audit", "Deny", "Disabled"],
      "defaultValue": "Deny"
    }
  },
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
        good="""{
  "parameters": {
    "effect": {
      "type": "String",
      "allowedValues": ["Audit", "Deny", "Disabled"],
      "defaultValue": "Audit"
    }
  },
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
    ),
    CodeRow(
        "BP446",
        "tags by append",
        "append changes only requests to come. modify can also change tags of existing resources, by a "
        "remediation task, and remove them; append is right where no managed identity can be had.",
        bad='{"effect": "append", "details": [{"field": "tags[\'owner\']", "value": "nobody"}]}',
        good="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/4a9ae827-6dc8-4573-8ac7-8239d42aa03f"
    ],
    "operations": [{"operation": "add", "field": "tags['owner']", "value": "nobody"}]
  }
}""",
    ),
    CodeRow(
        "BP447",
        "modify that refuses requests",
        "Where an alias cannot be modified in a request's API version, the conflict effect decides, and it "
        "is deny unless something else is said. Microsoft recommends audit for definitions with aliases.",
        bad="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/17d1049b-9a84-46fb-8f53-869881c3d3ab"
    ],
    "operations": [
      {
        "operation": "addOrReplace",
        "field": "Microsoft.Storage/storageAccounts/allowBlobPublicAccess",
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
    # ------------------------------------------------------------ details
    CodeRow(
        "BP450",
        "no role definitions",
        "deployIfNotExists and modify act with the managed identity of the assignment. `roleDefinitionIds` "
        "names the roles that it needs; without them remediation fails.",
        bad="""{
  "effect": "modify",
  "details": {"operations": [{"operation": "add", "field": "tags['owner']", "value": "nobody"}]}
}""",
        good="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/4a9ae827-6dc8-4573-8ac7-8239d42aa03f"
    ],
    "operations": [{"operation": "add", "field": "tags['owner']", "value": "nobody"}]
  }
}""",
    ),
    CodeRow(
        "BP451",
        "text that is no role id",
        "A role is named by its full id, not by its name or its GUID alone.",
        bad="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": ["Contributor"],
    "operations": [{"operation": "add", "field": "tags['owner']", "value": "nobody"}]
  }
}""",
        good="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
    ],
    "operations": [{"operation": "add", "field": "tags['owner']", "value": "nobody"}]
  }
}""",
    ),
    CodeRow(
        "BP452",
        "the role Owner",
        "The identity of the assignment would be Owner of the scope and could give out rights. A role with "
        "fewer rights does for a deployment, if need be together with one that manages role assignments.",
        bad="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    ],
    "operations": [{"operation": "add", "field": "tags['owner']", "value": "nobody"}]
  }
}""",
        good="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": [
      "/providers/Microsoft.Authorization/roleDefinitions/4a9ae827-6dc8-4573-8ac7-8239d42aa03f"
    ],
    "operations": [{"operation": "add", "field": "tags['owner']", "value": "nobody"}]
  }
}""",
    ),
    CodeRow(
        "BP453",
        "existence without a condition",
        "With neither `name` nor `existenceCondition` any related resource of the type satisfies the rule, "
        "however it is configured.",
        bad='{"effect": "auditIfNotExists", "details": {"type": "Microsoft.Insights/diagnosticSettings"}}',
        good="""{
  "effect": "auditIfNotExists",
  "details": {
    "type": "Microsoft.Insights/diagnosticSettings",
    "existenceCondition": {"field": "Microsoft.Insights/diagnosticSettings/logs.enabled", "equals": true}
  }
}""",
    ),
    CodeRow(
        "BP454",
        "details without a part that the effect needs",
        "deployIfNotExists needs the `deployment` that it makes, denyAction the `actionNames` that it "
        "refuses.",
        bad='{"effect": "denyAction", "details": {"cascadeBehaviors": {"resourceGroup": "deny"}}}',
        good='{"effect": "denyAction", "details": {"actionNames": ["delete"]}}',
    ),
    CodeRow(
        "BP455",
        "details with a value that Azure does not know",
        "`existenceScope` and `deploymentScope` are Subscription or ResourceGroup, `conflictEffect` is "
        "audit, deny or disabled, `evaluationDelay` is AfterProvisioning, AfterProvisioningSuccess, "
        "AfterProvisioningFailure or an ISO 8601 duration up to six hours, and denyAction refuses `delete` "
        "only.",
        bad="""{
  "effect": "auditIfNotExists",
  "details": {
    "type": "Microsoft.Insights/diagnosticSettings",
    "name": "x",
    "evaluationDelay": "10 minutes"
  }
}""",
        good="""{
  "effect": "auditIfNotExists",
  "details": {"type": "Microsoft.Insights/diagnosticSettings", "name": "x", "evaluationDelay": "PT10M"}
}""",
    ),
    CodeRow(
        "BP456",
        "deployment whose parameters do not fit its template",
        "`deployment.properties.parameters` hands values of the policy to the template. A name that the "
        "template does not declare, and a required parameter that is given nothing, make every remediation "
        "fail.",
        bad="""{
  "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
  "then": {
    "effect": "deployIfNotExists",
    "details": {
      "type": "Microsoft.Security/pricings",
      "name": "Storage",
      "roleDefinitionIds": [
        "/providers/Microsoft.Authorization/roleDefinitions/fb1c8493-542b-48eb-b624-b4c8fea62acd"
      ],
      "deployment": {
        "properties": {
          "mode": "incremental",
          "parameters": {"price": {"value": "Standard"}},
          "template": {
            "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {"tier": {"type": "string"}},
            "resources": []
          }
        }
      }
    }
  }
}""",
        good="""{
  "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
  "then": {
    "effect": "deployIfNotExists",
    "details": {
      "type": "Microsoft.Security/pricings",
      "name": "Storage",
      "roleDefinitionIds": [
        "/providers/Microsoft.Authorization/roleDefinitions/fb1c8493-542b-48eb-b624-b4c8fea62acd"
      ],
      "deployment": {
        "properties": {
          "mode": "incremental",
          "parameters": {"tier": {"value": "Standard"}},
          "template": {
            "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {"tier": {"type": "string"}},
            "resources": []
          }
        }
      }
    }
  }
}""",
    ),
    CodeRow(
        "BP457",
        "related resource of the same type without a name",
        "When the related resource is of the type that the rule is about, `name` says which one is meant: "
        "most often the evaluated resource itself. Without it any other resource of the type satisfies the "
        "rule.",
        bad="""{
  "if": {"field": "type", "equals": "Microsoft.Sql/servers"},
  "then": {
    "effect": "auditIfNotExists",
    "details": {
      "type": "Microsoft.Sql/servers",
      "existenceCondition": {"field": "Microsoft.Sql/servers/minimalTlsVersion", "equals": "1.2"}
    }
  }
}""",
        good="""{
  "if": {"field": "type", "equals": "Microsoft.Sql/servers"},
  "then": {
    "effect": "auditIfNotExists",
    "details": {
      "type": "Microsoft.Sql/servers",
      "name": "[field('name')]",
      "existenceCondition": {"field": "Microsoft.Sql/servers/minimalTlsVersion", "equals": "1.2"}
    }
  }
}""",
    ),
    CodeRow(
        "BP458",
        "deployment to a subscription without a location",
        "A deployment to a subscription (`deploymentScope` Subscription) needs `deployment.location`, where "
        "Azure keeps its record.",
        bad="""{
  "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
  "then": {
    "effect": "deployIfNotExists",
    "details": {
      "type": "Microsoft.Security/pricings",
      "name": "Storage",
      "roleDefinitionIds": [
        "/providers/Microsoft.Authorization/roleDefinitions/fb1c8493-542b-48eb-b624-b4c8fea62acd"
      ],
      "deploymentScope": "Subscription",
      "deployment": {
        "properties": {
          "mode": "incremental",
          "parameters": {},
          "template": {
            "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {},
            "resources": []
          }
        }
      }
    }
  }
}""",
        good="""{
  "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
  "then": {
    "effect": "deployIfNotExists",
    "details": {
      "type": "Microsoft.Security/pricings",
      "name": "Storage",
      "roleDefinitionIds": [
        "/providers/Microsoft.Authorization/roleDefinitions/fb1c8493-542b-48eb-b624-b4c8fea62acd"
      ],
      "deploymentScope": "Subscription",
      "deployment": {
        "location": "westeurope",
        "properties": {
          "mode": "incremental",
          "parameters": {},
          "template": {
            "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {},
            "resources": []
          }
        }
      }
    }
  }
}""",
    ),
    CodeRow(
        "BP459",
        "function that an operation's condition does not have",
        "The `condition` of a modify operation is worked out from the request: `field`, `resourceGroup` and "
        "`subscription` are not available in it.",
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
        "field": "Microsoft.Storage/storageAccounts/allowBlobPublicAccess",
        "value": false,
        "condition": "[equals(field('kind'), 'StorageV2')]"
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
        "value": false,
        "condition": "[greaterOrEquals(requestContext().apiVersion, '2019-04-01')]"
      }
    ]
  }
}""",
    ),
    # ------------------------------------------------------------ parameters
    CodeRow(
        "BP460",
        "unused parameter",
        "Whoever assigns the definition is asked for a value that changes nothing. What the template of a "
        "deployment declares is its own: hand values over in `deployment.properties.parameters`.",
        bad='{"parameters": {"prefix": {"type": "String"}}, "if": {"field": "name", "like": "old-*"}}',
        good="""{
  "parameters": {"prefix": {"type": "String"}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
    ),
    CodeRow(
        "BP461",
        "undeclared parameter outside of the rule",
        "A part of the definition beside its conditions, such as the location of a deployment, reads a "
        "parameter that is not declared. Azure refuses the definition.",
        bad="""{
  "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
  "then": {
    "effect": "deployIfNotExists",
    "details": {
      "type": "Microsoft.Security/pricings",
      "name": "Storage",
      "roleDefinitionIds": [
        "/providers/Microsoft.Authorization/roleDefinitions/fb1c8493-542b-48eb-b624-b4c8fea62acd"
      ],
      "deployment": {
        "location": "[parameters('place')]",
        "properties": {
          "mode": "incremental",
          "parameters": {},
          "template": {
            "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {},
            "resources": []
          }
        }
      }
    }
  }
}""",
        good="""{
  "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
  "then": {
    "effect": "deployIfNotExists",
    "details": {
      "type": "Microsoft.Security/pricings",
      "name": "Storage",
      "roleDefinitionIds": [
        "/providers/Microsoft.Authorization/roleDefinitions/fb1c8493-542b-48eb-b624-b4c8fea62acd"
      ],
      "deployment": {
        "location": "westeurope",
        "properties": {
          "mode": "incremental",
          "parameters": {},
          "template": {
            "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {},
            "resources": []
          }
        }
      }
    }
  }
}""",
    ),
    CodeRow(
        "BP462",
        "default that is not allowed",
        "The default value is none of the allowed values. Allowed values regard letter case.",
        bad="""{
  "parameters": {"prefix": {"type": "String", "allowedValues": ["dev-", "test-"], "defaultValue": "Dev-"}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
        good="""{
  "parameters": {"prefix": {"type": "String", "allowedValues": ["dev-", "test-"], "defaultValue": "dev-"}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
    ),
    CodeRow(
        "BP463",
        "value of another type than the parameter",
        "The default or an allowed value does not fit the declared type of the parameter.",
        bad="""{
  "parameters": {"prefix": {"type": "String", "defaultValue": ["dev-"]}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
        good="""{
  "parameters": {"prefix": {"type": "String", "defaultValue": "dev-"}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
    ),
    CodeRow(
        "BP464",
        "parameter without a type",
        "A parameter has a `type`: String, Array, Object, Boolean, Integer, Float or DateTime.",
        bad="""{
  "parameters": {"prefix": {"defaultValue": "dev-"}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
        good="""{
  "parameters": {"prefix": {"type": "String", "defaultValue": "dev-"}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
    ),
    CodeRow(
        "BP465",
        "parameter without a description",
        "The portal shows `metadata.displayName` and `metadata.description` to whoever assigns the "
        "definition.",
        bad="""{
  "parameters": {"prefix": {"type": "String"}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
        good="""{
  "parameters": {
    "prefix": {
      "type": "String",
      "metadata": {"displayName": "Prefix", "description": "What old names begin with"}
    }
  },
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
    ),
    CodeRow(
        "BP466",
        "allowed value that stands twice",
        "The list of allowed values holds one value twice in the same spelling.",
        bad="""{
  "parameters": {"prefix": {"type": "String", "allowedValues": ["dev-", "test-", "dev-"]}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
        good="""{
  "parameters": {"prefix": {"type": "String", "allowedValues": ["dev-", "test-"]}},
  "if": {"field": "name", "like": "[concat(parameters('prefix'), '*')]"}
}""",
    ),
    # ------------------------------------------------------------ names and texts
    CodeRow(
        "BP470",
        "no display name",
        "Reports, the portal and the messages of refused requests show the display name.",
        bad="""{
  "description": "Names say the stage.",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
        good="""{
  "displayName": "Names say the stage",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
    ),
    CodeRow(
        "BP471",
        "no description",
        "The description tells the owner of a resource what is wrong with it and why it matters.",
        bad="""{
  "displayName": "Names say the stage",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
        good="""{
  "displayName": "Names say the stage",
  "description": "A name without its stage hides what may be deleted.",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
}""",
    ),
    CodeRow(
        "BP472",
        "no category",
        "The portal groups definitions by `metadata.category`.",
        bad='{"metadata": {"version": "1.0.0"}}',
        good='{"metadata": {"category": "Storage", "version": "1.0.0"}}',
    ),
    CodeRow(
        "BP473",
        "no version",
        "`metadata.version` tells which state of the definition is deployed, and whether a change breaks "
        "assignments.",
        bad='{"metadata": {"category": "Storage"}}',
        good='{"metadata": {"category": "Storage", "version": "1.0.0"}}',
    ),
    CodeRow(
        "BP474",
        "version of another form",
        "A version is `major.minor.patch`, with `-preview` or `-deprecated` where that applies.",
        bad='{"metadata": {"category": "Storage", "version": "v1"}}',
        good='{"metadata": {"category": "Storage", "version": "1.0.0"}}',
    ),
    CodeRow(
        "BP475",
        "text that is too long",
        "Azure allows 64 characters for a name, 128 for a display name, 512 for a description and 1,024 for "
        "a property of `metadata`.",
        bad="""{
  "name": "storage-accounts-of-all-subscriptions-accept-nothing-but-https-from-anywhere",
  "properties": {"policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}}
}""",
        good="""{
  "name": "storage-accounts-accept-https-only",
  "properties": {"policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}}
}""",
    ),
    CodeRow(
        "BP476",
        "name with a character that Azure refuses",
        "The name of a definition has none of `< > * % & : \\ ? . + /`, no control characters, and no space "
        "at its ends.",
        bad="""{
  "name": "storage/https",
  "properties": {
    "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
  }
}""",
        good="""{
  "name": "storage-https",
  "properties": {
    "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "[parameters('effect')]"}}
  }
}""",
    ),
    CodeRow(
        "BP477",
        "deprecated definition",
        "The definition says of itself that it is deprecated. Its description most often names what "
        "replaces it.",
        bad='{"metadata": {"category": "Storage", "version": "1.0.0", "deprecated": true}}',
        good='{"metadata": {"category": "Storage", "version": "1.0.0"}}',
    ),
    CodeRow(
        "BP478",
        "deprecated in its title only",
        "The display name starts with `[Deprecated]`, and `metadata.deprecated` does not say so. Tools read "
        "the metadata.",
        bad='{"displayName": "[Deprecated]: Names say the stage"}',
        good="""{
  "displayName": "[Deprecated]: Names say the stage",
  "metadata": {"category": "Storage", "version": "1.0.0", "deprecated": true}
}""",
    ),
    # ------------------------------------------------------------ initiatives
    CodeRow(
        "BP480",
        "deprecated member",
        "The initiative holds a definition that is deprecated: it will be switched off or removed.",
        bad="""{
  "policyDefinitions": [
    {
      "policyDefinitionReferenceId": "one",
      "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/053d3325-282c-4e5c-b944-24faffd30d77",
      "parameters": {"logAnalytics": {"value": "workspace"}}
    }
  ]
}""",
        good="""{
  "policyDefinitions": [
    {
      "policyDefinitionReferenceId": "one",
      "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/013e242c-8828-4970-87b3-ab247555486d"
    }
  ]
}""",
    ),
    CodeRow(
        "BP481",
        "member with parameters that its definition does not have",
        "A member hands over a parameter that its definition does not declare, or leaves out one without a "
        "default. Azure refuses the initiative.",
        bad="""{
  "policyDefinitions": [
    {
      "policyDefinitionReferenceId": "one",
      "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/013e242c-8828-4970-87b3-ab247555486d",
      "parameters": {"efect": {"value": "Disabled"}}
    }
  ]
}""",
        good="""{
  "policyDefinitions": [
    {
      "policyDefinitionReferenceId": "one",
      "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/013e242c-8828-4970-87b3-ab247555486d",
      "parameters": {"effect": {"value": "Disabled"}}
    }
  ]
}""",
    ),
)
