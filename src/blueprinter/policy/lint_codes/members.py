"""What is said of the rules about the members of initiatives (BP48x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

MEMBERS: tuple[CodeRow, ...] = (
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
