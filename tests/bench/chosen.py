"""The policies that are measured: thirty of audit and deny, self-contained, about the types of the made-up estate.

Half of them are built-in definitions, read where a checkout of them lies beside the project; without it shipped
policies about the same types stand in for them.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from estate import KINDS
from msgspec.structs import replace

from blueprinter.casing import fold
from blueprinter.cli.workspace import Workspace
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import load
from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    PolicyDefinition,
    compile_policies,
    effect_of,
    is_data_plane,
    is_definition,
    read_alias_table,
    read_definition,
)

_DATA = Path(__file__).parents[3] / "shared" / "data"
BUILT_IN = _DATA / "azure-policy" / "built-in-policies" / "policyDefinitions"
ALIASES = _DATA / "aliases.csv.gz"
OUT = Path(__file__).parents[2] / "out" / "bench"
TYPES = frozenset(fold(type_) for type_, _, _ in KINDS)
NOW = "2026-11-20T06:00:00.0000000Z"

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
EIGHT = (
    "storage-https-only",
    "storage-tls-version",
    "storage-no-anonymous-blobs",
    "vm-encryption-at-host",
    "key-vault-purge-protection",
    "nic-ip-forwarding-off",
    "app-https-only",
    "disk-public-access-off",
)
"""What other engines are given too, in their languages: `peers/`."""


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


def aliases(workspace: Workspace) -> AliasTable:
    """What shipped policies carry, and Azure's own of the types, where they lie beside the project."""
    if not ALIASES.is_file():
        return workspace.aliases
    few = OUT / "aliases.csv"
    if not few.is_file():
        OUT.mkdir(parents=True, exist_ok=True)
        with gzip.open(ALIASES, "rt", encoding="utf-8-sig") as lines:
            found = [line for line in lines if fold(line.partition(",")[0].rpartition("/")[0]) in TYPES]
        few.write_text("".join(found), encoding="utf-8")
    return workspace.aliases.merge(read_alias_table(few))


def asking(workspace: Workspace) -> list[AssignedPolicy]:
    """Shipped policies that ask for related resources, about types of the made-up estate."""
    assigned = [
        AssignedPolicy(definition)
        for _, definition in sorted(workspace.definitions.items())
        if definition.rule.existence is not None
    ]
    return [one for one in assigned if _meets(one, workspace.aliases)]


def built_in() -> tuple[list[AssignedPolicy], AliasTable]:
    """Every built-in audit or deny policy that looks at nothing but the resource and is about one of the types, with
    its default parameters, and Azure's aliases."""
    names = read_alias_table(ALIASES)
    found: dict[str, AssignedPolicy] = {}
    for file in sorted(BUILT_IN.rglob("*.json")):
        document = load(file)
        if "Azure Government" in file.parts or not is_definition(document.value):
            continue
        try:
            definition = read_definition(document)
        except InvalidInput:
            continue
        assigned = AssignedPolicy(definition)
        if definition.deprecated or is_data_plane(definition.mode) or definition.rule.existence is not None:
            continue
        if any(not parameter.has_default for parameter in definition.parameters.values()):
            continue
        if fold(effect_of(assigned) or "") in ("audit", "deny") and _meets(assigned, names, alone=True):
            found.setdefault(definition.name, assigned)
    return list(found.values()), names


def _meets(assigned: AssignedPolicy, aliases: AliasTable, *, alone: bool = False) -> bool:
    """Whether a policy names one of the types, and with `alone` asks for nothing beside the resource."""
    policies = compile_policies([assigned], aliases=aliases, now=NOW)
    if alone and policies.related_types:
        return False
    return policies.types is not None and bool(policies.types & TYPES)
