"""Write the demo estate: two inventories of the invented company Contoso Online, each with its manifest.

    python examples/contoso/build.py

Every builder below makes a resource as it should be; `but=` names what differs on this one. So a flaw of
the estate is one `but=` (or one missing child) in `production()`, marked with the word "flaw", and the
table in examples/README.md says which control shows it. There is no clock and no randomness here: running
the script again writes the same bytes. Ids, names and addresses are invented; there are no secrets.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]

HERE = Path(__file__).parent / "inventory"
TENANT = "1c0de000-0000-4000-8000-000000000000"
WEST, NORTH = "westeurope", "northeurope"

# What the collector asks for, and with which API version. Types without a row are "collected, none".
TYPES = {
    "Microsoft.Resources/subscriptions": "2022-12-01",
    "Microsoft.Resources/subscriptions/resourceGroups": "2024-03-01",
    "Microsoft.Resources/links": "2016-09-01",
    "Microsoft.Resources/templateSpecs": "2022-02-01",
    "Microsoft.App/containerApps": "2024-03-01",
    "Microsoft.App/managedEnvironments": "2024-03-01",
    "Microsoft.Authorization/locks": "2020-05-01",
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Authorization/roleDefinitions": "2022-04-01",
    "Microsoft.Automation/automationAccounts": "2023-11-01",
    "Microsoft.Cache/Redis": "2024-03-01",
    "Microsoft.Cdn/profiles": "2024-02-01",
    "Microsoft.Cdn/profiles/afdEndpoints": "2024-02-01",
    "Microsoft.Cdn/profiles/customDomains": "2024-02-01",
    "Microsoft.CognitiveServices/accounts": "2023-05-01",
    "Microsoft.Compute/diskEncryptionSets": "2023-04-02",
    "Microsoft.Compute/disks": "2023-04-02",
    "Microsoft.Compute/virtualMachines": "2024-07-01",
    "Microsoft.Compute/virtualMachines/extensions": "2024-07-01",
    "Microsoft.Compute/virtualMachineScaleSets": "2024-07-01",
    "Microsoft.ContainerRegistry/registries": "2023-07-01",
    "Microsoft.ContainerService/managedClusters": "2024-05-01",
    "Microsoft.DataProtection/backupVaults": "2024-04-01",
    "Microsoft.DBforMySQL/flexibleServers": "2023-12-30",
    "Microsoft.DBforPostgreSQL/flexibleServers": "2024-08-01",
    "Microsoft.DocumentDB/databaseAccounts": "2024-05-15",
    "Microsoft.EventHub/namespaces": "2024-01-01",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/activityLogAlerts": "2020-10-01",
    "Microsoft.Insights/autoscaleSettings": "2022-10-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/dataCollectionRuleAssociations": "2022-06-01",
    "Microsoft.Insights/dataCollectionRules": "2022-06-01",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.KeyVault/managedHSMs": "2023-07-01",
    "Microsoft.KeyVault/vaults": "2023-07-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2023-01-31",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": "2023-01-31",
    "Microsoft.Network/applicationGateways": "2024-01-01",
    "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies": "2024-01-01",
    "Microsoft.Network/azureFirewalls": "2024-01-01",
    "Microsoft.Network/bastionHosts": "2024-01-01",
    "Microsoft.Network/ddosProtectionPlans": "2024-01-01",
    "Microsoft.Network/dnsZones": "2018-05-01",
    "Microsoft.Network/firewallPolicies": "2024-01-01",
    "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies": "2024-02-01",
    "Microsoft.Network/networkInterfaces": "2024-01-01",
    "Microsoft.Network/networkSecurityGroups": "2024-01-01",
    "Microsoft.Network/networkSecurityGroups/securityRules": "2024-01-01",
    "Microsoft.Network/networkWatchers": "2024-01-01",
    "Microsoft.Network/networkWatchers/flowLogs": "2024-01-01",
    "Microsoft.Network/privateDnsZones": "2020-06-01",
    "Microsoft.Network/privateEndpoints": "2024-01-01",
    "Microsoft.Network/publicIPAddresses": "2024-01-01",
    "Microsoft.Network/routeTables": "2024-01-01",
    "Microsoft.Network/virtualNetworkGateways": "2024-01-01",
    "Microsoft.Network/virtualNetworks": "2024-01-01",
    "Microsoft.Network/virtualNetworks/subnets": "2024-01-01",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings": "2024-01-01",
    "Microsoft.OperationalInsights/workspaces": "2023-09-01",
    "Microsoft.OperationsManagement/solutions": "2015-11-01-preview",
    "Microsoft.Portal/dashboards": "2020-09-01-preview",
    "Microsoft.RecoveryServices/backupProtectedItems": "2024-04-01",
    "Microsoft.RecoveryServices/vaults": "2024-04-01",
    "Microsoft.Security/automations": "2023-12-01-preview",
    "Microsoft.Security/pricings": "2024-01-01",
    "Microsoft.Security/securityContacts": "2023-12-01-preview",
    "Microsoft.ServiceBus/namespaces": "2024-01-01",
    "Microsoft.Sql/managedInstances": "2023-08-01",
    "Microsoft.Sql/servers": "2023-08-01",
    "Microsoft.Sql/servers/auditingSettings": "2023-08-01",
    "Microsoft.Sql/servers/databases": "2023-08-01",
    "Microsoft.Sql/servers/databases/backupLongTermRetentionPolicies": "2023-08-01",
    "Microsoft.Sql/servers/databases/transparentDataEncryption": "2023-08-01",
    "Microsoft.Sql/servers/encryptionProtector": "2023-08-01",
    "Microsoft.Sql/servers/firewallRules": "2023-08-01",
    "Microsoft.Sql/servers/securityAlertPolicies": "2023-08-01",
    "Microsoft.Storage/storageAccounts": "2023-05-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2023-05-01",
    "Microsoft.Web/hostingEnvironments": "2023-12-01",
    "Microsoft.Web/serverfarms": "2023-12-01",
    "Microsoft.Web/sites": "2023-12-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2023-12-01",
    "Microsoft.Web/sites/config": "2023-12-01",
}

# Defender for Cloud and machine configuration keep their own stores, which this collector does not read.
NOT_COLLECTED = [
    "Microsoft.GuestConfiguration/guestConfigurationAssignments",
    "Microsoft.Security/assessments",
]

KEY_ORDER = (
    "id name type kind location resourceGroup subscriptionId tenantId managedBy sku zones tags identity "
    "apiVersion properties"
).split()


def guid(text: str) -> str:
    """A stable id for `text`."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text.casefold()))


def merge(base: Json, but: Json | None) -> Json:
    """`base` with the values of `but` in their places, object by object; None takes a property away."""
    merged = dict(base)
    for key, value in (but or {}).items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


@dataclass
class Estate:
    """One subscription and its rows, by id."""

    name: str
    display_name: str
    subscription: str
    tags: Json
    started: str
    ended: str
    rows: dict[str, Json] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"/subscriptions/{self.subscription}"

    def put(self, row_id: str, row_type: str, properties: Json, **top: Any) -> str:
        """Add a row; `top` are its members beside `properties`. Returns the id."""
        parts = row_id.split("/")
        group = parts[4] if len(parts) > 4 and parts[3] == "resourceGroups" else None
        name = top.pop("name", parts[-1])
        row = {"id": row_id, "name": name, "type": row_type, "resourceGroup": group} | top
        row |= {"subscriptionId": self.subscription, "tenantId": TENANT, "apiVersion": TYPES[row_type]}
        row["properties"] = properties
        if row_id.casefold() in (known.casefold() for known in self.rows):
            raise ValueError(f"two rows with the id {row_id}")
        self.rows[row_id] = {key: row[key] for key in KEY_ORDER if row.get(key) is not None}
        return row_id

    def child(self, parent: str, kind: str, name: str, properties: Json, but: Json | None = None) -> str:
        """A child resource, such as the `blobServices` `default` of a storage account."""
        return self.put(
            f"{parent}/{kind}/{name}", f"{self.rows[parent]['type']}/{kind}", merge(properties, but)
        )

    def extend(self, target: str, row_type: str, name: str, properties: Json, **top: Any) -> str:
        """An extension resource: a lock, a diagnostic setting, a role assignment, … of `target`."""
        return self.put(f"{target}/providers/{row_type}/{name}", row_type, properties, **top)

    def log(self, target: str, groups: Sequence[str] = ("allLogs",)) -> None:
        """Send the logs of `target` to the central workspace."""
        logs = [
            {"categoryGroup": name, "enabled": True, "retentionPolicy": {"enabled": False, "days": 0}}
            for name in groups
        ]
        metrics = [{"category": "AllMetrics", "enabled": True}]
        settings = {"workspaceId": WORKSPACE, "logs": logs, "metrics": metrics}
        self.extend(target, "Microsoft.Insights/diagnosticSettings", "to-central-logs", settings)


@dataclass
class Group:
    """A resource group, which gives its resources their location and tags."""

    estate: Estate
    name: str
    location: str
    tags: Json

    @property
    def id(self) -> str:
        return f"{self.estate.id}/resourceGroups/{self.name}"

    def ref(self, row_type: str, name: str) -> str:
        """The id that a resource of this group has or will have."""
        return f"{self.id}/providers/{row_type}/{name}"

    def add(self, row_type: str, name: str, properties: Json, but: Json | None = None, **top: Any) -> str:
        top.setdefault("location", self.location)
        top.setdefault("tags", self.tags)
        properties = merge({"provisioningState": "Succeeded"} | properties, but)
        return self.estate.put(self.ref(row_type, name), row_type, properties, **top)


def subscription(estate: Estate) -> None:
    policies = {
        "locationPlacementId": "Public_2014-09-01",
        "quotaId": "EnterpriseAgreement_2014-09-01",
        "spendingLimit": "Off",
    }
    properties = {"displayName": estate.display_name, "state": "Enabled", "subscriptionPolicies": policies}
    estate.put(
        estate.id, "Microsoft.Resources/subscriptions", properties, name=estate.display_name, tags=estate.tags
    )


def resource_group(
    estate: Estate,
    name: str,
    location: str,
    service: str,
    owner: str,
    data: str = "internal",
    cost: str = "CC-4100",
) -> Group:
    """A resource group with the company's tags and a delete lock."""
    tags = estate.tags | {"owner": f"{owner}@contoso.example", "service": service, "dataClassification": data}
    tags = dict(sorted((tags | {"costCenter": cost}).items()))
    group = Group(estate, name, location, tags)
    own = tags | {
        "changeRef": f"CHG{int(guid(group.id)[:6], 16) % 10_000_000:07d}",
        "runbook": f"runbooks/{service}",
        "sla": "gold",
    }
    properties = {"provisioningState": "Succeeded"}
    estate.put(
        group.id, "Microsoft.Resources/subscriptions/resourceGroups", properties, location=location, tags=own
    )
    lock = {"level": "CanNotDelete", "notes": "Removed only with a change reference."}
    estate.extend(group.id, "Microsoft.Authorization/locks", "do-not-delete", lock)
    return group


# --- governance, logging, backup ---------------------------------------------------------------------------

ACTIVITY_LOG = (
    "Administrative",
    "Security",
    "ServiceHealth",
    "Alert",
    "Recommendation",
    "Policy",
    "Autoscale",
    "ResourceHealth",
)
DEFENDER_PLANS = (
    "AppServices Arm Containers CosmosDbs KeyVaults OpenSourceRelationalDatabases SqlServers SqlServerVirtualMachines "
    "StorageAccounts VirtualMachines"
).split()
WATCHED = {
    "policy-assignment-change": "Microsoft.Authorization/policyAssignments/write",
    "network-security-group-change": "Microsoft.Network/networkSecurityGroups/write",
    "security-rule-change": "Microsoft.Network/networkSecurityGroups/securityRules/write",
    "sql-firewall-change": "Microsoft.Sql/servers/firewallRules/write",
}


def governance(group: Group, activity_log: Sequence[str] = ACTIVITY_LOG) -> None:
    """What a subscription has once: activity log export, alerts, Defender plans, contact, a custom role."""
    estate = group.estate
    logs = [{"category": name, "enabled": name in activity_log} for name in ACTIVITY_LOG]
    export = {"workspaceId": WORKSPACE, "logs": logs}
    estate.extend(estate.id, "Microsoft.Insights/diagnosticSettings", "activity-log", export)
    receiver = {
        "name": "security",
        "emailAddress": "soc@contoso.example",
        "useCommonAlertSchema": True,
        "status": "Enabled",
    }
    on_call = {"groupShortName": "soc", "enabled": True, "emailReceivers": [receiver]}
    action_group = group.add(
        "Microsoft.Insights/actionGroups", f"ag-soc-{estate.name}", on_call, location="global"
    )
    for name, operation in WATCHED.items():
        conditions = [
            {"field": "category", "equals": "Administrative"},
            {"field": "operationName", "equals": operation},
        ]
        alert = {"enabled": True, "scopes": [estate.id], "condition": {"allOf": conditions}}
        alert |= {
            "actions": {"actionGroups": [{"actionGroupId": action_group}]},
            "description": f"Someone used {operation}.",
        }
        group.add("Microsoft.Insights/activityLogAlerts", f"alert-{name}", alert, location="global")
    for plan in DEFENDER_PLANS:
        estate.extend(
            estate.id,
            "Microsoft.Security/pricings",
            plan,
            {"pricingTier": "Standard", "freeTrialRemainingTime": "PT0S"},
        )
    contact = {
        "emails": "soc@contoso.example",
        "alertNotifications": {"state": "On", "minimalSeverity": "Medium"},
    }
    contact |= {"notificationsByRole": {"state": "On", "roles": ["Owner"]}, "isEnabled": True}
    estate.extend(estate.id, "Microsoft.Security/securityContacts", "default", contact)
    export = {
        "isEnabled": True,
        "scopes": [{"description": "all", "scopePath": estate.id}],
        "sources": [{"eventSource": "Assessments"}],
    }
    export |= {"actions": [{"actionType": "LogAnalytics", "workspaceResourceId": WORKSPACE}]}
    group.add("Microsoft.Security/automations", "ExportToWorkspace", export)
    role_id = guid(estate.id + "operator")
    operate = [
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/virtualMachines/start/action",
        "Microsoft.Compute/virtualMachines/restart/action",
    ]
    role = {
        "roleName": f"Contoso VM operator ({estate.name})",
        "type": "CustomRole",
        "assignableScopes": [estate.id],
    }
    role |= {
        "description": "Start and restart machines.",
        "permissions": [{"actions": operate, "notActions": []}],
    }
    estate.extend(estate.id, "Microsoft.Authorization/roleDefinitions", role_id, role)
    reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    for principal, role_id in {
        "grp-platform-operators": role_id,
        "grp-auditors": reader,
        "blueprinter-reader": reader,
    }.items():
        grant = {
            "roleDefinitionId": f"{estate.id}/providers/Microsoft.Authorization/roleDefinitions/{role_id}",
            "scope": estate.id,
        }
        grant |= {
            "principalId": guid(principal),
            "principalType": "Group" if principal.startswith("grp-") else "ServicePrincipal",
        }
        estate.extend(
            estate.id, "Microsoft.Authorization/roleAssignments", guid(estate.id + principal), grant
        )


def workspace(group: Group, name: str) -> str:
    features = {"disableLocalAuth": True, "enableLogAccessUsingOnlyResourcePermissions": True}
    properties: Json = {
        "sku": {"name": "PerGB2018"},
        "retentionInDays": 365,
        "features": features,
        "customerId": guid(name),
    }
    properties |= {"publicNetworkAccessForIngestion": "Disabled", "publicNetworkAccessForQuery": "Disabled"}
    return group.add("Microsoft.OperationalInsights/workspaces", name, properties)


def recovery_vault(group: Group, name: str) -> str:
    soft_delete = {
        "softDeleteState": "AlwaysON",
        "softDeleteRetentionPeriodInDays": 30,
        "enhancedSecurityState": "Enabled",
    }
    security = {
        "softDeleteSettings": soft_delete,
        "immutabilitySettings": {"state": "Locked"},
        "multiUserAuthorization": "Enabled",
    }
    redundancy = {"standardTierStorageRedundancy": "GeoRedundant", "crossRegionRestore": "Enabled"}
    properties = {
        "securitySettings": security,
        "redundancySettings": redundancy,
        "publicNetworkAccess": "Disabled",
    }
    sku = {"name": "RS0", "tier": "Standard"}
    vault = group.add(
        "Microsoft.RecoveryServices/vaults", name, properties, sku=sku, identity=own_identity(name)
    )
    group.estate.log(vault)
    return vault


def backup_vault(group: Group, name: str) -> str:
    security = {
        "softDeleteSettings": {"state": "AlwaysOn", "retentionDurationInDays": 30},
        "immutabilitySettings": {"state": "Locked"},
    }
    storage = [{"datastoreType": "VaultStore", "type": "GeoRedundant"}]
    properties = {"securitySettings": security, "storageSettings": storage}
    return group.add("Microsoft.DataProtection/backupVaults", name, properties, identity=own_identity(name))


def own_identity(name: str) -> Json:
    return {"type": "SystemAssigned", "principalId": guid(name + "identity"), "tenantId": TENANT}


def federated_identity(group: Group, name: str, repository: str) -> str:
    """An identity that one GitHub repository's main branch may use, without a secret."""
    properties = {"tenantId": TENANT, "principalId": guid(name), "clientId": guid(name + "client")}
    identity = group.add("Microsoft.ManagedIdentity/userAssignedIdentities", name, properties)
    trust = {
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": f"repo:{repository}:ref:refs/heads/main",
    }
    trust |= {"audiences": ["api://AzureADTokenExchange"]}
    group.estate.child(identity, "federatedIdentityCredentials", "github-main", trust)
    return identity


# --- network -----------------------------------------------------------------------------------------------


def rule(name: str, priority: int, source: str, ports: str | list[str], access: str = "Allow") -> Json:
    """An inbound security rule as it stands inside its group."""
    port = {"destinationPortRange": ports} if isinstance(ports, str) else {"destinationPortRanges": ports}
    properties = {
        "priority": priority,
        "direction": "Inbound",
        "access": access,
        "protocol": "*" if access == "Deny" else "Tcp",
    }
    properties |= {
        "sourceAddressPrefix": source,
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
    } | port
    return {"name": name, "properties": {"provisioningState": "Succeeded"} | properties}


DENY_REST = rule("deny-inbound", 4096, "*", "*", "Deny")


def security_group(group: Group, name: str, *rules: Json) -> str:
    """A network security group with its rules, both inside it and as children, as the two APIs show them."""
    row_type = "Microsoft.Network/networkSecurityGroups"
    row_id = group.ref(row_type, name)
    inside = [{"id": f"{row_id}/securityRules/{each['name']}"} | each for each in rules]
    group.add(row_type, name, {"securityRules": inside, "resourceGuid": guid(row_id)})
    for each in rules:
        group.estate.child(row_id, "securityRules", each["name"], each["properties"])
    group.estate.log(row_id)
    return row_id


@dataclass(frozen=True)
class Subnet:
    name: str
    prefix: str
    security_group: str | None = None
    delegated_to: str | None = None


def virtual_network(group: Group, name: str, space: str, subnets: Sequence[Subnet], watcher: str) -> str:
    estate = group.estate
    row_type = "Microsoft.Network/virtualNetworks"
    row_id = group.ref(row_type, name)
    bodies: dict[str, Json] = {}
    for each in subnets:
        body: Json = {
            "provisioningState": "Succeeded",
            "addressPrefix": each.prefix,
            "defaultOutboundAccess": False,
        }
        body |= {"privateEndpointNetworkPolicies": "Enabled", "privateLinkServiceNetworkPolicies": "Enabled"}
        if each.security_group:
            body["networkSecurityGroup"] = {"id": each.security_group}
        if each.delegated_to:
            body["delegations"] = [{"name": "delegation", "properties": {"serviceName": each.delegated_to}}]
        bodies[each.name] = body
    inside = [
        {"id": f"{row_id}/subnets/{key}", "name": key, "properties": body} for key, body in bodies.items()
    ]
    flow_log = f"{watcher}/flowLogs/fl-{name}"
    properties: Json = {
        "addressSpace": {"addressPrefixes": [space]},
        "subnets": inside,
        "enableDdosProtection": True,
    }
    properties |= {"ddosProtectionPlan": {"id": DDOS_PLAN}, "flowLogs": [{"id": flow_log}]}
    group.add(row_type, name, properties)
    for key, body in bodies.items():
        estate.child(row_id, "subnets", key, body)
    analytics = {
        "networkWatcherFlowAnalyticsConfiguration": {"enabled": True, "workspaceResourceId": WORKSPACE}
    }
    flow: Json = {
        "targetResourceId": row_id,
        "storageId": LOG_ARCHIVE,
        "enabled": True,
        "flowAnalyticsConfiguration": analytics,
    }
    flow |= {"retentionPolicy": {"days": 365, "enabled": True}, "format": {"type": "JSON", "version": 2}}
    estate.child(watcher, "flowLogs", f"fl-{name}", flow)
    return row_id


def peering(estate: Estate, network: str, remote: str, *, transit: bool) -> None:
    properties = {
        "peeringState": "Connected",
        "remoteVirtualNetwork": {"id": remote},
        "allowForwardedTraffic": True,
    }
    properties |= {"allowGatewayTransit": transit, "useRemoteGateways": not transit}
    estate.child(network, "virtualNetworkPeerings", f"to-{remote.rsplit('/', 1)[-1]}", properties)


def public_ip(group: Group, name: str, address: str) -> str:
    properties = {
        "ipAddress": address,
        "publicIPAllocationMethod": "Static",
        "publicIPAddressVersion": "IPv4",
    }
    sku = {"name": "Standard", "tier": "Regional"}
    return group.add("Microsoft.Network/publicIPAddresses", name, properties, sku=sku, zones=["1", "2", "3"])


def private_endpoint(group: Group, target: str, subnet: str, member: str) -> str:
    """A private endpoint of `target`; `member` is the sub-resource, such as blob or vault."""
    name = f"pe-{target.rsplit('/', 1)[-1]}"
    link = {
        "privateLinkServiceId": target,
        "groupIds": [member],
        "privateLinkServiceConnectionState": {"status": "Approved"},
    }
    properties = {
        "subnet": {"id": subnet},
        "privateLinkServiceConnections": [{"name": name, "properties": link}],
    }
    return group.add("Microsoft.Network/privateEndpoints", name, properties)


# --- compute -----------------------------------------------------------------------------------------------

IMAGES = {
    "Linux": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
    "Windows": {
        "publisher": "MicrosoftWindowsServer",
        "offer": "WindowsServer",
        "sku": "2022-datacenter-g2",
        "version": "latest",
    },
}
# The extensions that every machine has: (name, publisher, type), by operating system.
AGENTS = {
    "Linux": (
        ("AzureMonitorLinuxAgent", "Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent"),
        ("MDE.Linux", "Microsoft.Azure.AzureDefenderForServers", "MDE.Linux"),
    ),
    "Windows": (
        ("AzureMonitorWindowsAgent", "Microsoft.Azure.Monitor", "AzureMonitorWindowsAgent"),
        ("MDE.Windows", "Microsoft.Azure.AzureDefenderForServers", "MDE.Windows"),
    ),
}


def virtual_machine(
    group: Group,
    name: str,
    subnet: str,
    rules: str,
    system: str = "Linux",
    zone: str = "1",
    *,
    backed_up: bool = True,
) -> str:
    """A machine with its interface, disk, agents, log collection, replication link and (mostly) its backup."""
    estate = group.estate
    configuration = {
        "name": "ipconfig1",
        "properties": {"primary": True, "privateIPAllocationMethod": "Dynamic", "subnet": {"id": subnet}},
    }
    card = {
        "ipConfigurations": [configuration],
        "enableIPForwarding": False,
        "enableAcceleratedNetworking": True,
    }
    card_id = group.add("Microsoft.Network/networkInterfaces", f"nic-{name}", card)

    machine_id = group.ref("Microsoft.Compute/virtualMachines", name)
    key = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": DISK_KEYS}
    disk: Json = {"osType": system, "diskSizeGB": 64, "diskState": "Attached", "encryption": key}
    disk |= {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}
    sku = {"name": "Premium_ZRS", "tier": "Premium"}
    disk_id = group.add("Microsoft.Compute/disks", f"{name}-osdisk", disk, sku=sku, managedBy=machine_id)

    patches = {"patchSettings": {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"}}
    platform_name = f"{system.lower()}Configuration"
    os_profile: Json = {"computerName": name[:15], platform_name: patches}
    if system == "Linux":
        os_profile[platform_name] = {"disablePasswordAuthentication": True} | patches
    os_disk = {
        "osType": system,
        "name": f"{name}-osdisk",
        "createOption": "FromImage",
        "managedDisk": {"id": disk_id},
    }
    uefi = {"secureBootEnabled": True, "vTpmEnabled": True}
    properties: Json = {
        "vmId": guid(machine_id),
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {"imageReference": IMAGES[system], "osDisk": os_disk, "dataDisks": []},
        "osProfile": os_profile,
        "networkProfile": {"networkInterfaces": [{"id": card_id}]},
        "securityProfile": {"encryptionAtHost": True, "securityType": "TrustedLaunch", "uefiSettings": uefi},
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
    }
    group.add(
        "Microsoft.Compute/virtualMachines", name, properties, zones=[zone], identity=own_identity(machine_id)
    )
    for extension, publisher, kind in AGENTS[system]:
        agent = {
            "publisher": publisher,
            "type": kind,
            "typeHandlerVersion": "1.0",
            "autoUpgradeMinorVersion": True,
        }
        estate.child(machine_id, "extensions", extension, agent)
    association = {"dataCollectionRuleId": rules}
    estate.extend(
        machine_id, "Microsoft.Insights/dataCollectionRuleAssociations", "machine-logs", association
    )
    replica = (
        f"{RECOVERY_VAULT}/replicationFabrics/{group.location}/replicationProtectedItems/{guid(machine_id)}"
    )
    link = {"sourceId": machine_id, "targetId": replica, "notes": "Site Recovery"}
    estate.extend(machine_id, "Microsoft.Resources/links", f"ASR-Protect-{name}", link)
    if backed_up:
        item = {
            "protectedItemType": "Microsoft.Compute/virtualMachines",
            "protectionState": "Protected",
            "policyName": "daily-35-days",
        }
        item |= {
            "sourceResourceId": machine_id,
            "lastBackupStatus": "Completed",
            "lastBackupTime": "2026-11-20T02:14:00Z",
        }
        estate.extend(
            machine_id,
            "Microsoft.RecoveryServices/backupProtectedItems",
            f"vm;iaasvmcontainerv2;{group.name};{name}",
            item,
        )
    return machine_id


def scale_set(group: Group, name: str, subnet: str, capacity: int) -> str:
    upgrade = {
        "mode": "Rolling",
        "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True, "disableAutomaticRollback": False},
    }
    security = {
        "encryptionAtHost": True,
        "securityType": "TrustedLaunch",
        "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
    }
    configuration = {"name": "ipconfig1", "properties": {"primary": True, "subnet": {"id": subnet}}}
    card = {"name": "nic", "properties": {"primary": True, "ipConfigurations": [configuration]}}
    os_disk = {"createOption": "FromImage", "managedDisk": {"storageAccountType": "Premium_LRS"}}
    profile = {
        "storageProfile": {"imageReference": IMAGES["Linux"], "osDisk": os_disk},
        "securityProfile": security,
    }
    profile |= {"networkProfile": {"networkInterfaceConfigurations": [card]}}
    properties = {"upgradePolicy": upgrade, "virtualMachineProfile": profile, "orchestrationMode": "Uniform"}
    sku = {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": capacity}
    row = group.add(
        "Microsoft.Compute/virtualMachineScaleSets", name, properties, sku=sku, zones=["1", "2", "3"]
    )
    limits = {"minimum": str(capacity), "maximum": str(capacity * 3), "default": str(capacity)}
    scaling = {
        "enabled": True,
        "targetResourceUri": row,
        "profiles": [{"name": "default", "capacity": limits, "rules": []}],
    }
    group.add("Microsoft.Insights/autoscaleSettings", f"scale-{name}", scaling)
    return row


def cluster(group: Group, name: str, subnet: str, nodes: int = 3) -> str:
    def pool(pool_name: str, mode: str) -> Json:
        body: Json = {
            "name": pool_name,
            "mode": mode,
            "count": nodes,
            "vmSize": "Standard_D4s_v5",
            "osType": "Linux",
        }
        body |= {"availabilityZones": ["1", "2", "3"], "enableEncryptionAtHost": True, "vnetSubnetID": subnet}
        return body | {
            "enableAutoScaling": True,
            "minCount": nodes,
            "maxCount": nodes * 3,
            "enableNodePublicIP": False,
        }

    access = {"enablePrivateCluster": True, "disableRunCommand": True, "privateDNSZone": "system"}
    defender = {"logAnalyticsWorkspaceResourceId": WORKSPACE, "securityMonitoring": {"enabled": True}}
    properties: Json = {
        "kubernetesVersion": "1.30.4",
        "dnsPrefix": name,
        "enableRBAC": True,
        "disableLocalAccounts": True,
        "aadProfile": {"managed": True, "enableAzureRBAC": True, "tenantID": TENANT},
        "apiServerAccessProfile": access,
        "autoUpgradeProfile": {"upgradeChannel": "stable", "nodeOSUpgradeChannel": "NodeImage"},
        "addonProfiles": {
            "azurepolicy": {"enabled": True},
            "azureKeyvaultSecretsProvider": {"enabled": True},
        },
        "securityProfile": {"defender": defender},
        "networkProfile": {
            "networkPlugin": "azure",
            "networkPolicy": "cilium",
            "outboundType": "userDefinedRouting",
        },
        "oidcIssuerProfile": {"enabled": True},
        "agentPoolProfiles": [pool("system", "System"), pool("work", "User")],
    }
    sku = {"name": "Base", "tier": "Standard"}
    row = group.add(
        "Microsoft.ContainerService/managedClusters", name, properties, sku=sku, identity=own_identity(name)
    )
    group.estate.log(row)
    return row


def registry(group: Group, name: str) -> str:
    policies = {
        "exportPolicy": {"status": "disabled"},
        "trustPolicy": {"type": "Notary", "status": "enabled"},
    }
    properties = {
        "loginServer": f"{name}.azurecr.io",
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
    }
    properties |= {"publicNetworkAccess": "Disabled", "zoneRedundancy": "Enabled", "policies": policies}
    return group.add(
        "Microsoft.ContainerRegistry/registries", name, properties, sku={"name": "Premium", "tier": "Premium"}
    )


def container_app(group: Group, name: str, environment: str) -> str:
    ingress = {"external": False, "allowInsecure": False, "targetPort": 8080, "transport": "auto"}
    container = {
        "name": name,
        "image": f"crcontosoplatform.azurecr.io/{name}:2026.11",
        "resources": {"cpu": 0.5, "memory": "1Gi"},
    }
    template = {"containers": [container], "scale": {"minReplicas": 2, "maxReplicas": 8}}
    properties = {
        "managedEnvironmentId": environment,
        "configuration": {"ingress": ingress},
        "template": template,
    }
    return group.add("Microsoft.App/containerApps", name, properties)


def container_environment(group: Group, name: str, subnet: str) -> str:
    network = {"internal": True, "infrastructureSubnetId": subnet}
    properties = {
        "vnetConfiguration": network,
        "zoneRedundant": True,
        "peerAuthentication": {"mtls": {"enabled": True}},
    }
    return group.add("Microsoft.App/managedEnvironments", name, properties)


# --- App Service -------------------------------------------------------------------------------------------


def plan(group: Group, name: str) -> str:
    sku = {"name": "P1v3", "tier": "PremiumV3", "size": "P1v3", "family": "Pv3", "capacity": 3}
    return group.add(
        "Microsoft.Web/serverfarms", name, {"zoneRedundant": True, "reserved": True}, sku=sku, kind="linux"
    )


def web_app(
    group: Group,
    name: str,
    farm: str,
    kind: str = "app,linux",
    web: Json | None = None,
    publishing: Sequence[str] = (),
) -> str:
    """A web or function app. `web` differs from the usual site configuration; `publishing` of ftp, scm that
    still take a user name and password."""
    estate = group.estate
    properties: Json = {"state": "Running", "enabled": True, "serverFarmId": farm, "httpsOnly": True}
    properties |= {
        "defaultHostName": f"{name}.azurewebsites.net",
        "publicNetworkAccess": "Disabled",
        "clientCertEnabled": False,
    }
    site = group.add("Microsoft.Web/sites", name, properties, kind=kind, identity=own_identity(name))
    for channel in ("ftp", "scm"):
        estate.child(site, "basicPublishingCredentialsPolicies", channel, {"allow": channel in publishing})
    configuration: Json = {
        "minTlsVersion": "1.2",
        "scmMinTlsVersion": "1.2",
        "ftpsState": "Disabled",
        "http20Enabled": True,
    }
    configuration |= {
        "remoteDebuggingEnabled": False,
        "alwaysOn": True,
        "cors": {"allowedOrigins": ["https://www.contoso.example"]},
    }
    estate.child(site, "config", "web", configuration, web)
    estate.log(site)
    return site


# --- data --------------------------------------------------------------------------------------------------


def storage_account(group: Group, name: str, kind: str = "StorageV2", but: Json | None = None) -> str:
    services = {
        "blob": {"enabled": True, "keyType": "Account"},
        "file": {"enabled": True, "keyType": "Account"},
    }
    vault_key = {"keyname": "storage", "keyvaulturi": "https://kv-contoso-keys.vault.azure.net"}
    key = {
        "keySource": "Microsoft.Keyvault",
        "requireInfrastructureEncryption": True,
        "services": services,
        "keyvaultproperties": vault_key,
    }
    properties: Json = {
        "accessTier": "Hot",
        "supportsHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "allowCrossTenantReplication": False,
        "defaultToOAuthAuthentication": True,
        "publicNetworkAccess": "Disabled",
        "networkAcls": {
            "bypass": "AzureServices",
            "defaultAction": "Deny",
            "ipRules": [],
            "virtualNetworkRules": [],
        },
        "sasPolicy": {"sasExpirationPeriod": "1.00:00:00", "expirationAction": "Log"},
        "keyPolicy": {"keyExpirationPeriodInDays": 90},
        "encryption": key,
        "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"},
    }
    sku = {"name": "Standard_GZRS", "tier": "Standard"}
    row = group.add("Microsoft.Storage/storageAccounts", name, properties, but, sku=sku, kind=kind)
    keep = {
        "deleteRetentionPolicy": {"enabled": True, "days": 30},
        "containerDeleteRetentionPolicy": {"enabled": True, "days": 30},
    }
    group.estate.child(
        row, "blobServices", "default", keep | {"isVersioningEnabled": True, "changeFeed": {"enabled": True}}
    )
    return row


def key_vault(group: Group, name: str, but: Json | None = None, *, logged: bool = True) -> str:
    properties: Json = {
        "tenantId": TENANT,
        "vaultUri": f"https://{name}.vault.azure.net/",
        "sku": {"family": "A", "name": "premium"},
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "enablePurgeProtection": True,
        "enableRbacAuthorization": True,
        "publicNetworkAccess": "Disabled",
        "networkAcls": {
            "bypass": "AzureServices",
            "defaultAction": "Deny",
            "ipRules": [],
            "virtualNetworkRules": [],
        },
        "accessPolicies": [],
    }
    vault = group.add("Microsoft.KeyVault/vaults", name, properties, but)
    if logged:
        group.estate.log(vault, ["audit"])
    return vault


def sql_server(
    group: Group,
    name: str,
    databases: Sequence[str],
    but: Json | None = None,
    auditing: Json | None = None,
    unencrypted: Sequence[str] = (),
) -> str:
    """A server with its databases and `master`; `auditing` differs from the usual setting; `unencrypted`
    databases have transparent data encryption off."""
    estate = group.estate
    administrators = {
        "administratorType": "ActiveDirectory",
        "login": "grp-sql-administrators",
        "azureADOnlyAuthentication": True,
    }
    administrators |= {"principalType": "Group", "sid": guid("grp-sql-administrators"), "tenantId": TENANT}
    properties: Json = {
        "version": "12.0",
        "state": "Ready",
        "fullyQualifiedDomainName": f"{name}.database.windows.net",
    }
    properties |= {
        "minimalTlsVersion": "1.2",
        "publicNetworkAccess": "Disabled",
        "restrictOutboundNetworkAccess": "Enabled",
    }
    properties |= {"administrators": administrators}
    server = group.add(
        "Microsoft.Sql/servers", name, properties, but, kind="v12.0", identity=own_identity(name)
    )
    audit = {"state": "Enabled", "retentionDays": 180, "isAzureMonitorTargetEnabled": True}
    estate.child(server, "auditingSettings", "default", audit, auditing)
    estate.child(server, "securityAlertPolicies", "Default", {"state": "Enabled", "emailAccountAdmins": True})
    estate.child(
        server,
        "encryptionProtector",
        "current",
        {"serverKeyType": "AzureKeyVault", "autoRotationEnabled": True},
    )
    for database in ("master", *databases):
        body = {
            "status": "Online",
            "zoneRedundant": database != "master",
            "requestedBackupStorageRedundancy": "GeoZone",
        }
        tier = (
            {"name": "System", "tier": "System"}
            if database == "master"
            else {"name": "GP_Gen5", "tier": "GeneralPurpose", "capacity": 4}
        )
        row = estate.child(server, "databases", database, body | {"databaseId": guid(server + database)})
        estate.rows[row] |= {"location": group.location, "tags": group.tags, "sku": tier}
        estate.rows[row] = {key: estate.rows[row][key] for key in KEY_ORDER if key in estate.rows[row]}
        if database != "master":
            state = "Disabled" if database in unencrypted else "Enabled"
            estate.child(row, "transparentDataEncryption", "current", {"state": state})
            kept = {
                "weeklyRetention": "P5W",
                "monthlyRetention": "P12M",
                "yearlyRetention": "P5Y",
                "weekOfYear": 1,
            }
            estate.child(row, "backupLongTermRetentionPolicies", "default", kept)
            estate.log(row)
    return server


def managed_instance(group: Group, name: str, subnet: str) -> str:
    properties: Json = {
        "subnetId": subnet,
        "publicDataEndpointEnabled": False,
        "minimalTlsVersion": "1.2",
        "zoneRedundant": True,
    }
    properties |= {
        "administrators": {"azureADOnlyAuthentication": True, "login": "grp-sql-administrators"},
        "state": "Ready",
    }
    sku = {"name": "GP_Gen5", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 8}
    return group.add("Microsoft.Sql/managedInstances", name, properties, sku=sku, identity=own_identity(name))


def postgresql(group: Group, name: str) -> str:
    properties: Json = {"version": "16", "state": "Ready", "network": {"publicNetworkAccess": "Disabled"}}
    properties |= {
        "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled", "tenantId": TENANT}
    }
    properties |= {
        "backup": {"backupRetentionDays": 35, "geoRedundantBackup": "Enabled"},
        "highAvailability": {"mode": "ZoneRedundant"},
    }
    sku = {"name": "Standard_D4ds_v5", "tier": "GeneralPurpose"}
    return group.add("Microsoft.DBforPostgreSQL/flexibleServers", name, properties, sku=sku)


def mysql(group: Group, name: str) -> str:
    properties: Json = {"version": "8.0.21", "state": "Ready", "network": {"publicNetworkAccess": "Disabled"}}
    properties |= {
        "backup": {"backupRetentionDays": 35, "geoRedundantBackup": "Enabled"},
        "highAvailability": {"mode": "ZoneRedundant"},
    }
    sku = {"name": "Standard_D2ads_v5", "tier": "GeneralPurpose"}
    return group.add("Microsoft.DBforMySQL/flexibleServers", name, properties, sku=sku)


def cosmos(group: Group, name: str) -> str:
    places = [{"locationName": WEST, "failoverPriority": 0, "isZoneRedundant": True}]
    properties: Json = {
        "databaseAccountOfferType": "Standard",
        "disableLocalAuth": True,
        "publicNetworkAccess": "Disabled",
    }
    properties |= {
        "isVirtualNetworkFilterEnabled": False,
        "ipRules": [],
        "minimalTlsVersion": "Tls12",
        "locations": places,
    }
    properties |= {
        "backupPolicy": {"type": "Continuous", "continuousModeProperties": {"tier": "Continuous30Days"}}
    }
    return group.add("Microsoft.DocumentDB/databaseAccounts", name, properties, kind="GlobalDocumentDB")


def redis(group: Group, name: str) -> str:
    properties: Json = {
        "redisVersion": "6.0",
        "enableNonSslPort": False,
        "minimumTlsVersion": "1.2",
        "publicNetworkAccess": "Disabled",
    }
    properties |= {
        "sku": {"name": "Premium", "family": "P", "capacity": 1},
        "hostName": f"{name}.redis.cache.windows.net",
    }
    return group.add("Microsoft.Cache/Redis", name, properties, zones=["1", "2"])


def messaging(group: Group, provider: str, name: str) -> str:
    """An Event Hubs or Service Bus namespace."""
    properties = {
        "disableLocalAuth": True,
        "minimumTlsVersion": "1.2",
        "publicNetworkAccess": "Disabled",
        "zoneRedundant": True,
    }
    sku = {"name": "Premium", "tier": "Premium", "capacity": 1}
    return group.add(f"Microsoft.{provider}/namespaces", name, properties, sku=sku)


def cognitive(group: Group, name: str, kind: str) -> str:
    properties: Json = {
        "disableLocalAuth": True,
        "publicNetworkAccess": "Disabled",
        "customSubDomainName": name,
    }
    properties |= {"networkAcls": {"defaultAction": "Deny", "ipRules": [], "virtualNetworkRules": []}}
    return group.add("Microsoft.CognitiveServices/accounts", name, properties, kind=kind, sku={"name": "S0"})


def automation(group: Group, name: str) -> str:
    properties = {
        "disableLocalAuth": True,
        "publicNetworkAccess": False,
        "sku": {"name": "Basic"},
        "state": "Ok",
    }
    return group.add("Microsoft.Automation/automationAccounts", name, properties, identity=own_identity(name))


def front_door(group: Group, name: str, *domains: str) -> None:
    sku = {"name": "Premium_AzureFrontDoor"}
    profile = group.add(
        "Microsoft.Cdn/profiles",
        name,
        {"frontDoorId": guid(name)},
        sku=sku,
        kind="frontdoor",
        location="global",
    )
    group.estate.child(
        profile, "afdEndpoints", "www", {"hostName": f"{name}.z01.azurefd.net", "enabledState": "Enabled"}
    )
    for domain in domains:
        tls = {"certificateType": "ManagedCertificate", "minimumTlsVersion": "TLS12"}
        body = {"hostName": domain, "tlsSettings": tls, "domainValidationState": "Approved"}
        group.estate.child(profile, "customDomains", domain.replace(".", "-"), body)
    waf = {"policySettings": {"mode": "Prevention", "enabledState": "Enabled", "requestBodyCheck": "Enabled"}}
    firewall_type = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies"
    group.add(firewall_type, f"waf{name.replace('-', '')}", waf, sku=sku, location="global")


# --- the two subscriptions ---------------------------------------------------------------------------------

PLATFORM = Estate(
    "platform",
    "Contoso Online Platform",
    "1c0de002-0000-4000-8000-000000000002",
    {"environment": "production"},
    "2026-11-20T05:40:00Z",
    "2026-11-20T05:48:00Z",
)
PRODUCTION = Estate(
    "production",
    "Contoso Online Production",
    "1c0de001-0000-4000-8000-000000000001",
    {"environment": "production"},
    "2026-11-20T05:48:00Z",
    "2026-11-20T06:00:00Z",
)


def platform_id(group: str, row_type: str, name: str) -> str:
    return f"{PLATFORM.id}/resourceGroups/{group}/providers/{row_type}/{name}"


# What everything else refers to.
WORKSPACE = platform_id("rg-logging-weu", "Microsoft.OperationalInsights/workspaces", "log-contoso-central")
LOG_ARCHIVE = platform_id("rg-logging-weu", "Microsoft.Storage/storageAccounts", "stcontosologarchive")
RECOVERY_VAULT = platform_id("rg-backup-weu", "Microsoft.RecoveryServices/vaults", "rsv-contoso-weu")
DISK_KEYS = platform_id("rg-security-weu", "Microsoft.Compute/diskEncryptionSets", "des-contoso-weu")
DDOS_PLAN = platform_id("rg-hub-weu", "Microsoft.Network/ddosProtectionPlans", "ddos-contoso")
HUB = platform_id("rg-hub-weu", "Microsoft.Network/virtualNetworks", "vnet-hub-weu")
MACHINE_LOGS = platform_id("rg-logging-weu", "Microsoft.Insights/dataCollectionRules", "dcr-machines")
OFFICE = "198.51.100.0/24"


def hub(group: Group) -> str:
    """The hub network: firewall, VPN gateway, bastion, name resolution. Returns the subnets' common prefix."""
    estate = group.estate
    group.add("Microsoft.Network/ddosProtectionPlans", "ddos-contoso", {})
    watcher = group.add("Microsoft.Network/networkWatchers", "nw-westeurope", {})
    bastion_rules = [
        rule("allow-https", 100, OFFICE, "443"),
        rule("allow-gateway-manager", 110, "GatewayManager", "443"),
    ]
    nsg_bastion = security_group(group, "nsg-bastion", *bastion_rules, DENY_REST)
    nsg_shared = security_group(
        group, "nsg-shared", rule("allow-from-hub", 100, "10.10.0.0/16", ["443", "8443"]), DENY_REST
    )
    nsg_machines = security_group(
        group, "nsg-machines", rule("allow-bastion-ssh", 100, "10.10.2.0/26", ["22", "3389"]), DENY_REST
    )
    subnets = [
        Subnet("GatewaySubnet", "10.10.0.0/26"),
        Subnet("AzureFirewallSubnet", "10.10.1.0/26"),
        Subnet("AzureBastionSubnet", "10.10.2.0/26", nsg_bastion),
        Subnet("snet-dns-inbound", "10.10.3.0/28", nsg_shared, "Microsoft.Network/dnsResolvers"),
        Subnet("snet-machines", "10.10.4.0/24", nsg_machines),
        Subnet("snet-private-endpoints", "10.10.5.0/24", nsg_shared),
        Subnet("snet-applications", "10.10.6.0/23", nsg_shared),
        Subnet("snet-managed-instance", "10.10.8.0/24", nsg_shared, "Microsoft.Sql/managedInstances"),
    ]
    network = virtual_network(group, "vnet-hub-weu", "10.10.0.0/16", subnets, watcher)

    intelligence = {
        "threatIntelMode": "Deny",
        "sku": {"tier": "Premium"},
        "intrusionDetection": {"mode": "Deny"},
    }
    firewall_policy = group.add("Microsoft.Network/firewallPolicies", "afwp-contoso", intelligence)
    addresses = {"publicIPAddress": {"id": public_ip(group, "pip-firewall", "203.0.113.10")}}
    configuration = {
        "name": "configuration",
        "properties": {"subnet": {"id": f"{network}/subnets/AzureFirewallSubnet"}} | addresses,
    }
    firewall: Json = {
        "sku": {"name": "AZFW_VNet", "tier": "Premium"},
        "threatIntelMode": "Deny",
        "ipConfigurations": [configuration],
    }
    firewall |= {"firewallPolicy": {"id": firewall_policy}}
    estate.log(
        group.add("Microsoft.Network/azureFirewalls", "afw-contoso-weu", firewall, zones=["1", "2", "3"])
    )

    entra = f"https://login.microsoftonline.com/{TENANT}"
    client = {"vpnAuthenticationTypes": ["AAD"], "vpnClientProtocols": ["OpenVPN"], "aadTenant": entra}
    client |= {"vpnClientAddressPool": {"addressPrefixes": ["172.16.0.0/24"]}}
    gateway: Json = {
        "gatewayType": "Vpn",
        "vpnType": "RouteBased",
        "sku": {"name": "VpnGw2AZ", "tier": "VpnGw2AZ"},
    }
    gateway |= {"vpnClientConfiguration": client, "activeActive": False}
    estate.log(group.add("Microsoft.Network/virtualNetworkGateways", "vgw-contoso-weu", gateway))
    public_ip(group, "pip-vpn", "203.0.113.11")
    public_ip(group, "pip-bastion", "203.0.113.12")
    bastion = {"dnsName": "bst-contoso.bastion.azure.com", "disableCopyPaste": True, "enableTunneling": False}
    group.add("Microsoft.Network/bastionHosts", "bas-contoso-weu", bastion, sku={"name": "Standard"})
    route = {
        "name": "default",
        "properties": {
            "addressPrefix": "0.0.0.0/0",
            "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": "10.10.1.4",
        },
    }
    group.add(
        "Microsoft.Network/routeTables",
        "rt-through-firewall",
        {"routes": [route], "disableBgpRoutePropagation": True},
    )
    for zone in (
        "blob.core.windows.net",
        "database.windows.net",
        "documents.azure.com",
        "vaultcore.azure.net",
        "azurewebsites.net",
    ):
        group.add(
            "Microsoft.Network/privateDnsZones",
            f"privatelink.{zone}",
            {"numberOfRecordSets": 4},
            location="global",
        )
    group.add(
        "Microsoft.Network/dnsZones",
        "contoso.example",
        {"zoneType": "Public", "numberOfRecordSets": 23},
        location="global",
    )
    return f"{network}/subnets"


def platform() -> Estate:
    """The clean half: the hub and what every team shares."""
    estate = PLATFORM
    subscription(estate)
    network = resource_group(estate, "rg-hub-weu", WEST, "network", "network-team")
    logging = resource_group(estate, "rg-logging-weu", WEST, "monitoring", "soc", "confidential")
    backup = resource_group(estate, "rg-backup-weu", WEST, "backup", "operations", "confidential")
    security = resource_group(estate, "rg-security-weu", WEST, "key-management", "security", "confidential")
    machines = resource_group(estate, "rg-machines-weu", WEST, "identity", "operations")
    delivery = resource_group(estate, "rg-delivery-weu", WEST, "delivery", "developer-tools")
    shared = resource_group(estate, "rg-shared-apps-weu", WEST, "intranet", "workplace")

    governance(logging)
    workspace(logging, "log-contoso-central")
    solution = {"workspaceResourceId": WORKSPACE}
    logging.add("Microsoft.OperationsManagement/solutions", "SecurityInsights(log-contoso-central)", solution)
    archive = {"immutableStorageWithVersioning": {"enabled": True}}
    locked = storage_account(logging, "stcontosologarchive", but=archive)
    estate.extend(locked, "Microsoft.Authorization/locks", "keep-the-logs", {"level": "ReadOnly"})
    streams = {
        "dataSources": {
            "syslog": [
                {
                    "name": "auth",
                    "streams": ["Microsoft-Syslog"],
                    "facilityNames": ["auth"],
                    "logLevels": ["*"],
                }
            ]
        }
    }
    logging.add("Microsoft.Insights/dataCollectionRules", "dcr-machines", streams)
    logging.add("Microsoft.Portal/dashboards", "dash-security", {"lenses": []})

    subnets = hub(network)
    endpoints = f"{subnets}/snet-private-endpoints"

    recovery_vault(backup, "rsv-contoso-weu")
    backup_vault(backup, "bv-contoso-weu")

    keys = key_vault(security, "kv-contoso-keys")
    private_endpoint(security, keys, endpoints, "vault")
    active_key = {"keyUrl": "https://kv-contoso-keys.vault.azure.net/keys/disks", "sourceVault": {"id": keys}}
    disk_keys = {"activeKey": active_key, "encryptionType": "EncryptionAtRestWithCustomerKey"}
    security.add(
        "Microsoft.Compute/diskEncryptionSets",
        "des-contoso-weu",
        disk_keys,
        identity=own_identity("des-contoso-weu"),
    )
    secrets = key_vault(security, "kv-contoso-shared")
    private_endpoint(security, secrets, endpoints, "vault")

    for number, system in enumerate(("Windows", "Windows", "Linux"), start=1):
        name = f"vm-{'directory' if system == 'Windows' else 'scanner'}-{number:02d}"
        virtual_machine(machines, name, f"{subnets}/snet-machines", MACHINE_LOGS, system, zone=str(number))
    automation(machines, "aa-contoso-operations")

    images = registry(delivery, "crcontosoplatform")
    private_endpoint(delivery, images, endpoints, "registry")
    state = storage_account(delivery, "stcontosotfstate")
    private_endpoint(delivery, state, endpoints, "blob")
    for repository in ("infrastructure", "shop"):
        federated_identity(delivery, f"id-deploy-{repository}", f"contoso-online/{repository}")
    scale_set(delivery, "vmss-build-agents", f"{subnets}/snet-machines", 3)
    delivery.add(
        "Microsoft.Resources/templateSpecs", "ts-landing-zone", {"description": "What a new team starts from"}
    )

    farm = plan(shared, "asp-intranet")
    for name in ("app-contoso-intranet", "app-contoso-runbooks"):
        private_endpoint(shared, web_app(shared, name, farm), endpoints, "sites")
    settings = [{"name": "DisableTls1.0", "value": "1"}, {"name": "InternalEncryption", "value": "true"}]
    suites = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    settings.append({"name": "FrontEndSSLCipherSuiteOrder", "value": suites})
    ase: Json = {
        "internalLoadBalancingMode": "Web, Publishing",
        "clusterSettings": settings,
        "zoneRedundant": True,
    }
    ase |= {"virtualNetwork": {"id": f"{subnets}/snet-applications"}, "status": "Ready"}
    shared.add("Microsoft.Web/hostingEnvironments", "ase-contoso-weu", ase, kind="ASEV3")
    environment = container_environment(shared, "cae-platform", f"{subnets}/snet-applications")
    container_app(shared, "ca-status-page", environment)
    cluster(shared, "aks-platform", f"{subnets}/snet-applications")
    front_door(shared, "fd-contoso-platform", "status.contoso.example")
    erp = sql_server(shared, "sql-contoso-erp", ["ledger", "payroll"])
    private_endpoint(shared, erp, endpoints, "sqlServer")
    managed_instance(shared, "sqlmi-contoso-warehouse", f"{subnets}/snet-managed-instance")
    postgresql(shared, "psql-contoso-catalogue")
    mysql(shared, "mysql-contoso-wiki")
    cosmos(shared, "cosmos-contoso-features")
    redis(shared, "redis-contoso-platform")
    messaging(shared, "EventHub", "evhns-contoso-telemetry")
    messaging(shared, "ServiceBus", "sb-contoso-platform")
    cognitive(shared, "cog-contoso-documents", "FormRecognizer")
    return estate


def spoke(group: Group) -> tuple[str, str]:
    """The shop's network, its entry and its peering. Returns the subnets' common prefix and the watcher."""
    estate = group.estate
    watcher = group.add("Microsoft.Network/networkWatchers", "nw-westeurope", {})
    probes = rule("allow-gateway-manager", 110, "GatewayManager", "65200-65535")
    nsg_entry = security_group(
        group, "nsg-entry", rule("allow-https", 100, "Internet", "443"), probes, DENY_REST
    )
    nsg_web = security_group(
        group, "nsg-web", rule("allow-entry", 100, "10.20.0.0/24", ["80", "443"]), DENY_REST
    )
    nsg_aks = security_group(group, "nsg-aks", rule("allow-entry", 100, "10.20.0.0/24", "443"), DENY_REST)
    nsg_data = security_group(
        group, "nsg-data", rule("allow-web", 100, "10.20.1.0/24", ["443", "1433", "5432", "6380"]), DENY_REST
    )
    nsg_jobs = security_group(
        group, "nsg-jobs", rule("allow-bastion-ssh", 100, "10.10.2.0/26", ["22", "3389"]), DENY_REST
    )
    subnets = [
        Subnet("snet-entry", "10.20.0.0/24", nsg_entry),
        Subnet("snet-web", "10.20.1.0/24", nsg_web, "Microsoft.Web/serverFarms"),
        Subnet("snet-aks", "10.20.4.0/22", nsg_aks),
        Subnet("snet-private-endpoints", "10.20.8.0/24", nsg_data),
        Subnet("snet-jobs", "10.20.9.0/24", nsg_jobs),
        Subnet("snet-container-apps", "10.20.10.0/23", nsg_aks, "Microsoft.App/environments"),
        Subnet("snet-loadtest", "10.20.12.0/24"),  # flaw: made for a load test, without a security group
    ]
    network = virtual_network(group, "vnet-shop-weu", "10.20.0.0/16", subnets, watcher)
    peering(estate, network, HUB, transit=False)
    route = {
        "name": "default",
        "properties": {
            "addressPrefix": "0.0.0.0/0",
            "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": "10.10.1.4",
        },
    }
    group.add(
        "Microsoft.Network/routeTables",
        "rt-shop-through-firewall",
        {"routes": [route], "disableBgpRoutePropagation": True},
    )

    settings = {"state": "Enabled", "mode": "Prevention", "requestBodyCheck": True}
    waf_type = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
    waf = group.add(waf_type, "waf-shop-weu", {"policySettings": settings})
    gateway: Json = {
        "sku": {"name": "WAF_v2", "tier": "WAF_v2"},
        "firewallPolicy": {"id": waf},
        "enableHttp2": True,
    }
    gateway |= {
        "sslPolicy": {
            "policyType": "Predefined",
            "policyName": "AppGwSslPolicy20220101",
            "minProtocolVersion": "TLSv1_2",
        }
    }
    estate.log(
        group.add("Microsoft.Network/applicationGateways", "agw-shop-weu", gateway, zones=["1", "2", "3"])
    )
    public_ip(group, "pip-agw-shop", "203.0.113.20")
    return f"{network}/subnets", watcher


def shop(group: Group, subnets: str) -> None:
    """The web shop: its apps, cache, secrets."""
    endpoints = f"{subnets}/snet-private-endpoints"
    farm, jobs = plan(group, "asp-shop-weu"), plan(group, "asp-shop-jobs-weu")
    for name in ("app-contoso-shop", "app-contoso-checkout", "app-contoso-account", "app-contoso-search"):
        private_endpoint(group, web_app(group, name, farm), endpoints, "sites")
    for name in ("func-contoso-orders", "func-contoso-invoices"):
        web_app(group, name, jobs, "functionapp,linux")
    web_app(
        group, "func-contoso-images", jobs, "functionapp,linux", publishing=["scm"]
    )  # flaw: password deployment
    # flaw: old TLS, for a payment terminal that was retired; remote debugging and both password channels left on
    late = {"minTlsVersion": "1.1", "remoteDebuggingEnabled": True, "remoteDebuggingVersion": "VS2022"}
    web_app(group, "app-contoso-admin", farm, web=late, publishing=["ftp", "scm"])
    private_endpoint(group, key_vault(group, "kv-contoso-shop"), endpoints, "vault")
    private_endpoint(group, redis(group, "redis-contoso-sessions"), endpoints, "redisCache")
    insights = {"Application_Type": "web", "WorkspaceResourceId": WORKSPACE, "DisableLocalAuth": True}
    group.add("Microsoft.Insights/components", "appi-contoso-shop", insights, kind="web")
    media = storage_account(group, "stcontosomedia")
    private_endpoint(group, media, endpoints, "blob")
    front_door(
        group, "fd-contoso-shop", "www.contoso.example", "checkout.contoso.example", "api.contoso.example"
    )
    group.add("Microsoft.Portal/dashboards", "dash-shop-orders", {"lenses": []})


def marketing(group: Group) -> None:
    """Campaign sites, run by an agency until last spring."""
    farm = plan(group, "asp-campaigns-weu")
    old = {"minTlsVersion": "1.0", "scmMinTlsVersion": "1.0"}
    web_app(group, "app-contoso-campaign", farm, web=old)  # flaw: TLS 1.0
    web_app(group, "app-contoso-newsletter", farm)
    open_to_all = {
        "allowBlobPublicAccess": True,
        "publicNetworkAccess": "Enabled",
        "networkAcls": {"defaultAction": "Allow"},
    }
    storage_account(
        group, "stcontosocampaigns", but=open_to_all
    )  # flaw, waived: pictures in mails are public
    public = {"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Allow"}}
    key_vault(group, "kv-contoso-mail", public, logged=False)  # flaw: no firewall, no audit log
    cognitive(group, "cog-contoso-captions", "ComputerVision")


def data(group: Group, subnets: str) -> None:
    """Databases, lake and messages of the shop."""
    endpoints = f"{subnets}/snet-private-endpoints"
    orders = sql_server(group, "sql-contoso-orders", ["orders", "stock", "customers"])
    private_endpoint(group, orders, endpoints, "sqlServer")
    # flaw: opened for a reporting tool; audit kept for a month; one database restored without encryption
    reporting = {"publicNetworkAccess": "Enabled"}
    short = {"retentionDays": 30}
    databases = ["sales-mart", "loyalty-archive"]
    reports = sql_server(
        group, "sql-contoso-reports", databases, reporting, short, unencrypted=["loyalty-archive"]
    )
    office = {"startIpAddress": "198.51.100.0", "endIpAddress": "198.51.100.255"}
    group.estate.child(reports, "firewallRules", "office", office)
    for name in ("psql-contoso-reviews", "psql-contoso-recommendations"):
        postgresql(group, name)
    private_endpoint(group, cosmos(group, "cosmos-contoso-cart"), endpoints, "Sql")
    for name in ("stcontosolake", "stcontosoinvoices", "stcontosoexports"):
        private_endpoint(group, storage_account(group, name), endpoints, "blob")
    storage_account(
        group, "stcontosoreports", but={"minimumTlsVersion": "TLS1_1"}
    )  # flaw: an old reporting tool
    key_vault(group, "kv-contoso-data")
    messaging(group, "EventHub", "evhns-contoso-clicks")
    private_endpoint(group, messaging(group, "ServiceBus", "sb-contoso-orders"), endpoints, "namespace")


def warehouse(group: Group, watcher: str) -> None:
    """What a contractor built for the move of the warehouse system, in a network of its own."""
    # flaw: remote desktop from anywhere
    nsg = security_group(group, "nsg-contractor", rule("allow-rdp-any", 100, "*", "3389"), DENY_REST)
    subnets = [
        Subnet("snet-move", "10.30.0.0/24", nsg),
        Subnet("snet-staging", "10.30.1.0/24"),
    ]  # flaw: no group
    network = virtual_network(group, "vnet-warehouse-move", "10.30.0.0/16", subnets, watcher)
    # flaw: no backup; the exemption for it has ended
    for number in (1, 2):
        name = f"vm-move-{number:02d}"
        virtual_machine(
            group, name, f"{network}/subnets/snet-move", MACHINE_LOGS, "Windows", str(number), backed_up=False
        )


def legacy(group: Group, watcher: str) -> None:
    """What came from the old data centre and waits for its replacement."""
    everything = rule("temp-allow-all", 200, "Internet", "*")  # flaw: "temporary" since 2024
    nsg = security_group(group, "nsg-legacy", rule("allow-office", 100, OFFICE, "443"), everything, DENY_REST)
    network = virtual_network(
        group, "vnet-legacy", "10.40.0.0/16", [Subnet("snet-legacy", "10.40.0.0/24", nsg)], watcher
    )
    virtual_machine(group, "vm-edi-01", f"{network}/subnets/snet-legacy", MACHINE_LOGS)
    # flaw, waived: a partner's client speaks neither HTTPS nor TLS 1.2
    plain = {"supportsHttpsTrafficOnly": False, "minimumTlsVersion": "TLS1_0", "isSftpEnabled": True}
    storage_account(group, "stcontososftp", but=plain)
    # flaw: the old server takes passwords, is open, and audits nothing; its database is not encrypted
    exposed: Json = {"publicNetworkAccess": "Enabled", "administrators": {"azureADOnlyAuthentication": False}}
    off = {"state": "Disabled", "retentionDays": 0}
    sql_server(group, "sql-contoso-legacy", ["edi"], exposed, off, unencrypted=["edi"])
    every_address = {"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"}
    server = group.ref("Microsoft.Sql/servers", "sql-contoso-legacy")
    group.estate.child(server, "firewallRules", "AllowAllWindowsAzureIps", every_address)
    key_vault(
        group, "kv-contoso-edi", {"publicNetworkAccess": "Enabled", "networkAcls": None}
    )  # flaw: no firewall


def production() -> Estate:
    """The shop, with the flaws that a company of this kind has."""
    estate = PRODUCTION
    subscription(estate)
    network = resource_group(estate, "rg-network-prod-weu", WEST, "network", "network-team", cost="CC-2100")
    front = resource_group(estate, "rg-shop-prod-weu", WEST, "web-shop", "shop-team", cost="CC-2100")
    containers = resource_group(
        estate, "rg-aks-prod-weu", WEST, "fulfilment", "fulfilment-team", cost="CC-2200"
    )
    campaigns = resource_group(
        estate, "rg-marketing-prod-weu", WEST, "campaigns", "marketing", "public", "CC-3100"
    )
    databases = resource_group(
        estate, "rg-data-prod-weu", WEST, "shop-data", "data-team", "confidential", "CC-2100"
    )
    operations = resource_group(estate, "rg-ops-prod-weu", WEST, "operations", "operations", cost="CC-4100")
    move = resource_group(estate, "rg-warehouse-move", WEST, "warehouse-move", "logistics-it", cost="CC-5100")
    old = resource_group(
        estate, "rg-legacy-prod-weu", WEST, "partner-exchange", "integration-team", "confidential", "CC-5100"
    )
    standby = resource_group(estate, "rg-standby-prod-neu", NORTH, "web-shop", "shop-team", cost="CC-2100")

    # flaw: the export leaves out security, policy and alert events
    governance(operations, activity_log=["Administrative", "ServiceHealth", "ResourceHealth"])
    recovery_vault(operations, "rsv-contoso-prod-weu")
    automation(operations, "aa-contoso-prod")
    key_vault(operations, "kv-contoso-ops")
    federated_identity(operations, "id-deploy-prod", "contoso-online/shop")

    subnets, watcher = spoke(network)
    shop(front, subnets)
    marketing(campaigns)
    data(databases, subnets)

    cluster(containers, "aks-fulfilment", f"{subnets}/snet-aks", nodes=4)
    images = registry(containers, "crcontososhop")
    private_endpoint(containers, images, f"{subnets}/snet-private-endpoints", "registry")
    environment = container_environment(containers, "cae-partners", f"{subnets}/snet-container-apps")
    for name in ("ca-partner-api", "ca-label-printing"):
        container_app(containers, name, environment)
    for number in (1, 2, 3):
        virtual_machine(
            containers, f"vm-batch-{number:02d}", f"{subnets}/snet-jobs", MACHINE_LOGS, zone=str(number)
        )

    warehouse(move, watcher)
    legacy(old, watcher)

    farm = plan(standby, "asp-shop-neu")
    for name in ("app-contoso-shop-neu", "app-contoso-checkout-neu"):
        web_app(standby, name, farm)
    key_vault(standby, "kv-contoso-shop-neu")
    storage_account(standby, "stcontosomedianeu")
    redis(standby, "redis-contoso-sessions-neu")
    return estate


# --- writing -----------------------------------------------------------------------------------------------


def write(estate: Estate) -> None:
    rows = sorted(estate.rows.values(), key=lambda row: (row["id"].casefold(), row["id"]))
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    (HERE / f"{estate.name}.jsonl").write_text(text, encoding="utf-8", newline="\n")
    count = Counter(row["type"] for row in rows)
    types = [
        {"type": name, "rows": count[name], "expected": count[name], "apiVersion": version}
        for name, version in sorted(TYPES.items(), key=lambda item: item[0].casefold())
    ]
    times = {"startedAt": estate.started, "endedAt": estate.ended}
    manifest = {
        "schema": "blueprinter/inventory-manifest/1",
        "inventory": f"{estate.name}.jsonl",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "tool": "blueprinter 0.1.0",
        "cloud": "AzureCloud",
        "source": "Azure Resource Graph and Azure Resource Manager",
        "queries": ["resourcecontainers", "resources", "authorizationresources", "recoveryservicesresources"],
        "collectedBy": {"principal": "blueprinter-reader@contoso.example", "roles": ["Reader"]},
        **times,
        "scopes": [{"scope": estate.id, "status": "read", **times}],
        "types": types,
        "typesNotCollected": NOT_COLLECTED,
    }
    manifest_text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (HERE / f"{estate.name}.manifest.json").write_text(manifest_text, encoding="utf-8", newline="\n")
    print(f"{estate.name}: {len(rows)} rows of {len(count)} types")


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for estate in (platform(), production()):
        write(estate)


if __name__ == "__main__":
    main()
