"""Built-in roles by id: names and ids as Azure has them (Microsoft Learn, "Azure built-in roles").

Not all of Azure's: those that policies and blueprints mostly name. A role that a policy definition in the sandbox
names in `roleDefinitionIds` exists too, by its id (`roles.role_of`).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

_ACCESS = (
    "Microsoft.Authorization/*/Delete",
    "Microsoft.Authorization/*/Write",
    "Microsoft.Authorization/elevateAccess/Action",
    "Microsoft.Blueprint/blueprintAssignments/write",
    "Microsoft.Blueprint/blueprintAssignments/delete",
)


class RoleRow(Struct, frozen=True):
    """A built-in role."""

    id: str
    name: str
    actions: tuple[str, ...] = ("*/read",)
    not_actions: tuple[str, ...] = ()


_ROWS = (
    RoleRow("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", ("*",)),
    RoleRow("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", ("*",), _ACCESS),
    RoleRow("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
    RoleRow(
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "User Access Administrator",
        ("*/read", "Microsoft.Authorization/*"),
    ),
    RoleRow(
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        "Role Based Access Control Administrator",
        (
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
        ),
    ),
    RoleRow(
        "36243c78-bf99-498c-9df9-86d9f8d28608",
        "Resource Policy Contributor",
        (
            "*/read",
            "Microsoft.Authorization/policyassignments/*",
            "Microsoft.Authorization/policydefinitions/*",
        ),
    ),
    RoleRow(
        "41077137-e803-4205-871c-5a86e6a753b4",
        "Blueprint Contributor",
        ("Microsoft.Authorization/*/read", "Microsoft.Blueprint/blueprints/*"),
    ),
    RoleRow(
        "437d2ced-4a38-4302-8479-ed2bcb43d090",
        "Blueprint Operator",
        ("Microsoft.Authorization/*/read", "Microsoft.Blueprint/blueprintAssignments/*"),
    ),
    RoleRow(
        "5d58bcaf-24a5-4b20-bdb6-eed9f69fbe4c",
        "Management Group Contributor",
        ("Microsoft.Management/managementGroups/*",),
    ),
    RoleRow("ac63b705-f282-497d-ac71-919bf39d939d", "Management Group Reader"),
    RoleRow(
        "4a9ae827-6dc8-4573-8ac7-8239d42aa03f", "Tag Contributor", ("*/read", "Microsoft.Resources/tags/*")
    ),
    RoleRow(
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Managed Identity Operator",
        ("Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action", "*/read"),
    ),
    RoleRow(
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        "Managed Identity Contributor",
        ("Microsoft.ManagedIdentity/userAssignedIdentities/*", "*/read"),
    ),
    RoleRow(
        "92aaf0da-9dab-42b6-94a3-d43ce8d16293",
        "Log Analytics Contributor",
        ("*/read", "Microsoft.OperationalInsights/*", "Microsoft.Insights/diagnosticSettings/*"),
    ),
    RoleRow("73c42c96-874c-492b-b04d-ab87d138a893", "Log Analytics Reader"),
    RoleRow(
        "749f88d5-cbae-40b8-bcfc-e573ddc772fa", "Monitoring Contributor", ("*/read", "Microsoft.Insights/*")
    ),
    RoleRow("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader"),
    RoleRow("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", ("*/read", "Microsoft.Network/*")),
    RoleRow(
        "befefa01-2a29-4197-83a8-272ff33ce314",
        "DNS Zone Contributor",
        ("*/read", "Microsoft.Network/dnsZones/*"),
    ),
    RoleRow(
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        "Private DNS Zone Contributor",
        ("*/read", "Microsoft.Network/privateDnsZones/*"),
    ),
    RoleRow(
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        "Virtual Machine Contributor",
        ("*/read", "Microsoft.Compute/virtualMachines/*", "Microsoft.Compute/virtualMachineScaleSets/*"),
    ),
    RoleRow(
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        "Storage Account Contributor",
        ("*/read", "Microsoft.Storage/storageAccounts/*"),
    ),
    RoleRow(
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "Storage Blob Data Owner",
        ("Microsoft.Storage/storageAccounts/blobServices/containers/*",),
    ),
    RoleRow(
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "Storage Blob Data Contributor",
        ("Microsoft.Storage/storageAccounts/blobServices/containers/*",),
    ),
    RoleRow("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader"),
    RoleRow(
        "9b7fa17d-e63e-47b0-bb0a-15c516ac86ec",
        "SQL DB Contributor",
        ("*/read", "Microsoft.Sql/servers/databases/*"),
    ),
    RoleRow(
        "056cd41c-7e88-42e1-933e-88ba6a50c9c3",
        "SQL Security Manager",
        (
            "*/read",
            "Microsoft.Sql/servers/auditingSettings/*",
            "Microsoft.Sql/servers/securityAlertPolicies/*",
        ),
    ),
    RoleRow(
        "6d8ee4ec-f05a-4a1d-8b00-a9b17e38b437",
        "SQL Server Contributor",
        ("*/read", "Microsoft.Sql/servers/*"),
    ),
    RoleRow(
        "de139f84-1756-47ae-9be6-808fbbe84772", "Website Contributor", ("*/read", "Microsoft.Web/sites/*")
    ),
    RoleRow(
        "f25e0fa2-a7c8-4377-a976-54943a77a395", "Key Vault Contributor", ("*/read", "Microsoft.KeyVault/*")
    ),
    RoleRow(
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        "Key Vault Administrator",
        ("*/read", "Microsoft.KeyVault/vaults/read"),
    ),
    RoleRow("21090545-7ca7-4776-b22c-e363652d74d2", "Key Vault Reader"),
    RoleRow("4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User"),
    RoleRow("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "Key Vault Secrets Officer"),
    RoleRow("14b46e9e-c2b7-41b4-b07b-48a6ebf60603", "Key Vault Crypto Officer"),
    RoleRow("4d97b98b-1d4d-4787-a291-c67834d212e7", "Network Contributor", ("*/read", "Microsoft.Network/*")),
    RoleRow("12338af0-0e69-4776-bea7-57ae8d297424", "Key Vault Crypto User"),
    RoleRow("e147488a-f6f5-4113-8e2d-b22465e65bf6", "Key Vault Crypto Service Encryption User"),
    RoleRow("a4417e6f-fecd-4de8-b567-7b0420556985", "Key Vault Certificates Officer"),
    RoleRow("0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8", "Azure Kubernetes Service Cluster Admin Role"),
    RoleRow("4abbcc35-e782-43d8-92c5-2d3f1bd2253f", "Azure Kubernetes Service Cluster User Role"),
    RoleRow("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", "Azure Kubernetes Service RBAC Cluster Admin"),
    RoleRow("423170ca-a8f6-4b0f-8487-9e4eb8f49bfa", "Azure Maps Data Reader"),
    RoleRow(
        "5e467623-bb1f-42f4-a55d-6e525e11384b",
        "Backup Contributor",
        ("*/read", "Microsoft.RecoveryServices/Vaults/*"),
    ),
    RoleRow("fb1c8493-542b-48eb-b624-b4c8fea62acd", "Security Admin", ("*/read", "Microsoft.Security/*")),
    RoleRow("39bc4728-0917-49c7-9d2c-d95423bc2eb4", "Security Reader"),
    RoleRow(
        "f353d9bd-d4a6-484e-a77a-8050b599b867",
        "Automation Contributor",
        ("*/read", "Microsoft.Automation/automationAccounts/*"),
    ),
    RoleRow(
        "ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8",
        "Azure Kubernetes Service Contributor Role",
        ("*/read", "Microsoft.ContainerService/managedClusters/*"),
    ),
    RoleRow("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull"),
    RoleRow("8311e382-0749-4cb8-b61a-304f252e45ec", "AcrPush"),
    RoleRow(
        "48b40c6e-82e0-4eb3-90d5-19e40f49b624",
        "Azure Event Hubs Data Receiver",
        ("Microsoft.EventHub/*/eventhubs/consumergroups/read",),
    ),
    RoleRow(
        "f526a384-b230-433a-b45c-95f59c4a2dec",
        "Azure Event Hubs Data Owner",
        ("Microsoft.EventHub/*",),
    ),
)

BUILT_IN_ROLES: Mapping[str, RoleRow] = {row.id: row for row in _ROWS}
