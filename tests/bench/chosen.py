"""The policies that are measured: thirty of audit and deny, self-contained, about the types of the made-up estate.

Half of them are built-in definitions, read where a checkout of them lies beside the project; without it shipped
policies about the same types stand in for them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from blueprinter.cli.workspace import Workspace
from blueprinter.document import load
from blueprinter.policy import AssignedPolicy, PolicyDefinition, read_definition

BUILT_IN = (
    Path(__file__).parents[3] / "shared" / "data" / "azure-policy" / "built-in-policies" / "policyDefinitions"
)

SHIPPED = (
    "allowed-locations",
    "tag-environment",
    "storage-tls-version",
    "storage-double-encryption",
    "vm-secure-boot",
    "vm-vtpm",
    "key-vault-private-endpoint",
    "sql-server-entra-only-auth",
    "sql-database-zone-redundant",
    "nic-ip-forwarding-off",
    "nic-no-public-ip",
    "subnet-has-nsg",
    "nsg-no-management-ports-from-internet",
)
PAIRED = (
    ("Storage/Storage_AuditForHTTPSEnabled_Audit.json", "storage-https-only"),
    ("Storage/ASC_Storage_DisallowPublicBlobAccess_Audit.json", "storage-no-anonymous-blobs"),
    ("Storage/StorageAccountAllowSharedKeyAccess_Audit.json", "storage-shared-key-off"),
    ("Storage/Storage_NetworkAcls_Audit.json", "storage-firewall-default-deny"),
    ("Compute/VMRequireManagedDisk_Audit.json", "vm-zone-or-availability-set"),
    ("Compute/HostBasedEncryptionRequired_Deny.json", "vm-encryption-at-host"),
    ("Key Vault/FirewallEnabled_Audit.json", "key-vault-network-restricted"),
    ("Key Vault/Recoverable_Audit.json", "key-vault-purge-protection"),
    ("Key Vault/Should_Use_RBAC.json", "key-vault-rbac"),
    ("SQL/SqlServer_MiniumTLSVersion_Audit.json", "sql-server-tls-version"),
    ("SQL/SqlServer_PublicNetworkAccess_Audit.json", "sql-server-public-access-off"),
    ("App Service/Webapp_AuditHTTP_Audit.json", "app-https-only"),
    ("App Service/FunctionApp_AuditHTTP_Audit.json", "app-public-access-off"),
    ("Compute/Disks_ExportLimitNetworkAccess_Audit.json", "disk-public-access-off"),
    ("Security Center/ASC_EnableRBAC_KubernetesService_Audit.json", "aks-kubernetes-rbac"),
    ("Container Registry/ACR_NetworkRulesExist_AuditDeny.json", "acr-public-access-off"),
    ("Cosmos DB/Cosmos_NetworkRulesExist_Audit.json", "cosmos-network-filter"),
)
"""A built-in definition, and the shipped one that stands in for it."""


def chosen(workspace: Workspace) -> list[AssignedPolicy]:
    """The thirty."""
    found = [workspace.definitions[name] for name in SHIPPED]
    for file, name in PAIRED:
        path = BUILT_IN / file
        found.append(read_definition(load(path)) if path.is_file() else workspace.definitions[name])
    return [AssignedPolicy(definition) for definition in found]


def multiplied(policies: list[AssignedPolicy], times: int) -> list[AssignedPolicy]:
    """The same policies several times over, each under names of its own."""
    return [
        AssignedPolicy(_renamed(one.definition, copy), one.parameters)
        for copy in range(times)
        for one in policies
    ]


def _renamed(definition: PolicyDefinition, copy: int) -> PolicyDefinition:
    if not copy:
        return definition
    name = f"{definition.name}-{copy}"
    return replace(definition, id=f"/providers/Microsoft.Authorization/policyDefinitions/{name}", name=name)
