"""What is said of the rules about the effect (BP44x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

EFFECTS: tuple[CodeRow, ...] = (
    CodeRow(
        "BP440",
        "hard-coded effect",
        "The effect is fixed in the definition, so that nothing but an override can switch it off or make it stricter "
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
    CodeRow(
        "BP448",
        "effect of another mode",
        "Some effects act inside of a service and belong to the mode of its resource provider: addToNetworkGroup to "
        "`Microsoft.Network.Data`, mutate to `Microsoft.Kubernetes.Data`. In mode All or Indexed nothing acts on them.",
        bad="""{
  "mode": "All",
  "policyRule": {
    "if": {"field": "type", "equals": "Microsoft.Network/virtualNetworks"},
    "then": {"effect": "addToNetworkGroup", "details": {"networkGroupId": "/subscriptions/…/networkGroups/x"}}
  }
}""",
        good="""{
  "mode": "Microsoft.Network.Data",
  "policyRule": {
    "if": {"field": "type", "equals": "Microsoft.Network/virtualNetworks"},
    "then": {"effect": "addToNetworkGroup", "details": {"networkGroupId": "/subscriptions/…/networkGroups/x"}}
  }
}""",
    ),
)
