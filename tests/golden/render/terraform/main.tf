# Written by blueprinter: deployment stacks of the templates beside this file, which hold everything.
terraform {
  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = "~> 2.0"
    }
  }
}

resource "azapi_resource" "definitions" {
  type      = "Microsoft.Resources/deploymentStacks@2024-03-01"
  name      = "prod-definitions"
  parent_id = "/providers/Microsoft.Management/managementGroups/platform"
  location  = "westeurope"
  tags      = jsondecode(file("${path.module}/definitions.stack.json")).tags

  body = {
    properties = merge(jsondecode(file("${path.module}/definitions.stack.json")).properties, {
      template   = jsondecode(file("${path.module}/definitions.json"))
      parameters = jsondecode(file("${path.module}/definitions.parameters.json")).parameters
    })
  }

  schema_validation_enabled = false
}

resource "azapi_resource" "assignment" {
  type      = "Microsoft.Resources/deploymentStacks@2024-03-01"
  name      = "prod"
  parent_id = "/subscriptions/00000000-0000-0000-0000-000000000001"
  location  = "westeurope"
  tags      = jsondecode(file("${path.module}/assignment.stack.json")).tags

  body = {
    properties = merge(jsondecode(file("${path.module}/assignment.stack.json")).properties, {
      template   = jsondecode(file("${path.module}/assignment.json"))
      parameters = jsondecode(file("${path.module}/assignment.parameters.json")).parameters
    })
  }

  schema_validation_enabled = false
  response_export_values    = ["properties.outputs"]
  depends_on                = [azapi_resource.definitions]
}

variable "principals" {
  description = "Principals of the assignments' identities; by default those that the stack of the assignments gave."
  type        = map(string)
  default     = null
}

resource "azapi_resource" "roles" {
  type      = "Microsoft.Resources/deploymentStacks@2024-03-01"
  name      = "prod-roles"
  parent_id = "/subscriptions/00000000-0000-0000-0000-000000000001"
  location  = "westeurope"
  tags      = jsondecode(file("${path.module}/roles.stack.json")).tags

  body = {
    properties = merge(jsondecode(file("${path.module}/roles.stack.json")).properties, {
      template   = jsondecode(file("${path.module}/roles.json"))
      parameters = merge(jsondecode(file("${path.module}/roles.parameters.json")).parameters, {
        principals = {
          value = var.principals != null ? var.principals : azapi_resource.assignment.output.properties.outputs.principals.value
        }
      })
    })
  }

  schema_validation_enabled = false
  depends_on                = [azapi_resource.assignment]
}
