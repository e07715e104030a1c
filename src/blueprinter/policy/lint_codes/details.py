"""What is said of the rules about the details of the effect (BP45x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

DETAILS: tuple[CodeRow, ...] = (
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
        "deployIfNotExists needs the `deployment` that it makes with its `properties.template`, denyAction and "
        "auditAction the `actionNames` that they are about, modify and append something to write, audit and deny of "
        "mode Microsoft.Kubernetes.Data the `templateInfo` of their constraint.",
        bad='{"effect": "denyAction", "details": {"cascadeBehaviors": {"resourceGroup": "deny"}}}',
        good='{"effect": "denyAction", "details": {"actionNames": ["delete"]}}',
    ),
    CodeRow(
        "BP455",
        "details with a value that Azure does not take",
        "Each member of `details` has one type: names are text, `roleDefinitionIds` and `actionNames` arrays of "
        "text, a deployment and its template objects. `existenceScope` and `deploymentScope` are Subscription or "
        "ResourceGroup, `conflictEffect` is audit, deny or disabled, `evaluationDelay` is AfterProvisioning, "
        "AfterProvisioningSuccess, AfterProvisioningFailure or an ISO 8601 duration up to six hours, "
        "`defaultState` is Unknown, Compliant or NonCompliant. denyAction refuses `delete` only, and its "
        "`cascadeBehaviors` are allow or deny, in mode Indexed only.",
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
)
