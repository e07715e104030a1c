"""What is said of the rules about parameters (BP46x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

PARAMETERS: tuple[CodeRow, ...] = (
    CodeRow(
        "BP460",
        "unused parameter",
        "Azure refuses a definition or an initiative that declares a parameter and reads it nowhere. What the "
        "template of a deployment declares is its own: hand values over in `deployment.properties.parameters`. "
        "`[[parameters('x')]` is text, as an ARM template wants it; in the definition itself one `[` begins it.",
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
)
