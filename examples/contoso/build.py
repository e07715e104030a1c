"""Write the demo estate: two inventories of the invented company Contoso Online, each with its manifest.

    python examples/contoso/build.py

`types.txt` says how a careful company configures each type. `platform()` and `production()` say what there
is, and `flaws()` what is wrong in production, one flaw after another: the table of examples/README.md in
code. There is no clock and no randomness here: running the script again writes the same bytes. All ids,
names and addresses are invented, and there are no secrets.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

Json = dict[str, Any]

HERE = Path(__file__).parent
TENANT = "1c0de000-0000-4000-8000-000000000000"
PRODUCTION = "1c0de001-0000-4000-8000-000000000001"
PLATFORM = "1c0de002-0000-4000-8000-000000000002"
WEST, NORTH = "westeurope", "northeurope"
OFFICE = "198.51.100.0/24"
WATCHER = "resourceGroups/rg-network-prod-weu/providers/Microsoft.Network/networkWatchers/nw-westeurope"
# Services that are reached through private endpoints only: type -> sub-resource.
PRIVATE = {
    "Microsoft.DocumentDB/databaseAccounts": "Sql",
    "Microsoft.KeyVault/vaults": "vault",
    "Microsoft.Sql/servers": "sqlServer",
    "Microsoft.Storage/storageAccounts": "blob",
}
ACTIVITY_LOG = ["Administrative", "Security", "ServiceHealth", "Alert", "Policy", "ResourceHealth"]
# Defender for Cloud and machine configuration keep their own stores, which this collector does not read.
NOT_COLLECTED = [
    "Microsoft.GuestConfiguration/guestConfigurationAssignments",
    "Microsoft.Security/assessments",
]


def shared(group: str, resource: str) -> str:
    """The id of a resource of the platform, which both subscriptions refer to."""
    return f"/subscriptions/{PLATFORM}/resourceGroups/{group}/providers/{resource}"


HUB = shared("rg-hub-weu", "Microsoft.Network/virtualNetworks/vnet-hub-weu")
# What the texts of types.txt may use everywhere.
EVERYWHERE = {
    "tenant": TENANT,
    "workspace": shared("rg-logging-weu", "Microsoft.OperationalInsights/workspaces/log-contoso-central"),
    "logArchive": shared("rg-logging-weu", "Microsoft.Storage/storageAccounts/stcontosologarchive"),
    "machineLogs": shared("rg-logging-weu", "Microsoft.Insights/dataCollectionRules/dcr-machines"),
    "recoveryVault": shared("rg-backup-weu", "Microsoft.RecoveryServices/vaults/rsv-contoso-weu"),
    "diskKeys": shared("rg-security-weu", "Microsoft.Compute/diskEncryptionSets/des-contoso-weu"),
    "ddosPlan": shared("rg-hub-weu", "Microsoft.Network/ddosProtectionPlans/ddos-contoso"),
}


@dataclass
class ResourceType:
    """A paragraph of types.txt."""

    version: str
    tracked: bool
    values: list[tuple[str, str]] = field(default_factory=list)
    children: list[str] = field(default_factory=list)


def read_types(text: str) -> dict[str, ResourceType]:
    types: dict[str, ResourceType] = {}
    current = ResourceType("", False)
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            name, version, *flags = line.split()
            current = types[name] = ResourceType(version, "tracked" in flags)
        elif line.strip().startswith("+ "):
            current.children.append(line.strip()[2:])
        else:
            path, value = line.strip().split(": ", 1)
            current.values.append((path, value))
    return types


TYPES = read_types((HERE / "types.txt").read_text(encoding="utf-8"))


def type_of(resource_id: str) -> str:
    """The type in an id: the provider after the last `providers`, and every second part behind it."""
    _, found, tail = resource_id.rpartition("/providers/")
    if found:
        provider, *parts = tail.split("/")
        return "/".join([provider, *parts[::2]])
    return "Microsoft.Resources/subscriptions" + (
        "/resourceGroups" if "/resourceGroups/" in resource_id else ""
    )


def guid(text: str) -> str:
    """An id that is the same for the same text."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text.casefold()))


def value_of(text: str) -> Any:
    """The JSON that `text` is, or else the text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def place(target: Json, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        target = target.setdefault(parent, {})
    target[last] = value


def merge(target: Json, changes: Json) -> None:
    """Put `changes` into `target`, object by object; None takes a member away."""
    for key, value in changes.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = value


class Estate:
    """One subscription and its rows, by id."""

    def __init__(self, name: str, title: str, subscription: str, started: str, ended: str) -> None:
        self.name = name
        self.subscription = subscription
        self.started = started
        self.ended = ended
        self.rows: dict[str, Json] = {}
        self.groups: dict[str, tuple[str, Json]] = {}
        self.id = self.put(f"/subscriptions/{subscription}", title=title)
        self.rows[self.id] |= {"name": title}

    def put(self, row_id: str, **values: str) -> str:
        """Add the resource as types.txt describes it, with its children. Returns the id."""
        known = self.put_alone(row_id, **values)
        for child in TYPES[type_of(row_id)].children:
            self.put(f"{row_id}/{Template(child).substitute(known)}", **values)
        return row_id

    def put_alone(self, row_id: str, **values: str) -> dict[str, str]:
        """Add the resource without its children. Returns what was filled in."""
        if row_id in self.rows:
            raise ValueError(f"two rows with the id {row_id}")
        row_type = type_of(row_id)
        described = TYPES[row_type]
        parts = row_id.split("/")
        group = parts[4] if "/resourceGroups/" in row_id else ""
        location, tags = self.groups.get(group, ("", {}))
        known = (
            EVERYWHERE | {"location": location, "group": group, "subscription": self.subscription} | values
        )
        known |= {"name": parts[-1], "guid": guid(row_id)}
        row: Json = {"id": row_id, "name": parts[-1], "type": row_type}
        row |= {"subscriptionId": self.subscription, "tenantId": TENANT, "apiVersion": described.version}
        properties: Json = {}
        if group:
            row["resourceGroup"] = group
        if described.tracked:
            row |= {"location": location, "tags": dict(tags)}
            properties["provisioningState"] = "Succeeded"
        for path, text in described.values:
            value = value_of(Template(text).substitute(known))
            place(row if path.startswith("/") else properties, path.removeprefix("/"), value)
        self.rows[row_id] = row | {"properties": properties}
        return known

    def change(self, row_id: str, /, **changes: Any) -> None:
        """Change properties of a row."""
        merge(self.rows[row_id]["properties"], changes)

    def remove(self, row_id: str) -> None:
        del self.rows[row_id]

    def group(
        self, name: str, service: str, owner: str, cost: str, data: str = "internal", at: str = WEST
    ) -> Group:
        """A resource group; its resources inherit its location and tags."""
        tags = {"costCenter": cost, "dataClassification": data, "environment": "production"}
        tags |= {"owner": f"{owner}@contoso.example", "service": service}
        self.groups[name] = (at, tags)
        row_id = self.put(f"{self.id}/resourceGroups/{name}")
        change = f"CHG{int(guid(row_id)[:6], 16) % 10_000_000:07d}"
        self.rows[row_id]["tags"] |= {"changeRef": change, "runbook": f"runbooks/{service}", "sla": "gold"}
        return Group(self, row_id)


@dataclass
class Group:
    """A resource group of an estate, to put resources into."""

    estate: Estate
    id: str

    def add(self, resource: str, **values: str) -> str:
        """Add `TYPE/NAME`."""
        return self.estate.put(f"{self.id}/providers/{resource}", **values)

    def private(self, resource: str, subnet: str, member: str, **values: str) -> str:
        """Add `TYPE/NAME` and a private endpoint for its sub-resource `member` (blob, vault, …)."""
        target = self.add(resource, **values)
        connect(self.estate, target, subnet, member)
        return target


# --- resources of several rows ---------------------------------------------------------------------------


def connect(estate: Estate, target: str, subnet: str, member: str) -> None:
    """A private endpoint for `target`, in its resource group, and the connection as the target shows it."""
    group, _, resource = target.partition("/providers/")
    name = f"pe-{resource.rsplit('/', 1)[-1]}"
    endpoint = estate.put(
        f"{group}/providers/Microsoft.Network/privateEndpoints/{name}",
        subnet=subnet,
        target=target,
        member=member,
    )
    state = {"status": "Approved", "actionsRequired": "None"}
    connection = {"privateEndpoint": {"id": endpoint}, "privateLinkServiceConnectionState": state}
    estate.change(target, privateEndpointConnections=[{"name": name, "properties": connection}])


def connect_the_rest(estate: Estate, subnet: str) -> None:
    """Private endpoints for everything of the private services that has none yet."""
    for row_id, row in list(estate.rows.items()):
        member = PRIVATE.get(row["type"])
        if member and "privateEndpointConnections" not in row["properties"]:
            connect(estate, row_id, subnet, member)


def governance(group: Group) -> None:
    """What a subscription has once: activity log export, alerts, continuous export, roles."""
    estate = group.estate
    export_activity_log(estate, ACTIVITY_LOG)
    on_call = group.add(f"Microsoft.Insights/actionGroups/ag-soc-{estate.name}")
    watched = {
        "policy-assignment-change": "Microsoft.Authorization/policyAssignments/write",
        "security-group-change": "Microsoft.Network/networkSecurityGroups/write",
        "sql-firewall-change": "Microsoft.Sql/servers/firewallRules/write",
    }
    for name, operation in watched.items():
        alert = f"Microsoft.Insights/activityLogAlerts/alert-{name}"
        group.add(alert, operation=operation, actionGroup=on_call)
    group.add("Microsoft.Security/automations/ExportToWorkspace")
    roles = f"{estate.id}/providers/Microsoft.Authorization"
    reader, operator = "acdd72a7-3385-48ef-bd42-f606fba81ae7", guid(f"{estate.id} operator")
    estate.put(f"{roles}/roleDefinitions/{operator}")
    for principal, role in {
        "grp-operators": operator,
        "grp-auditors": reader,
        "grp-evidence-readers": reader,
    }.items():
        assignment = f"{roles}/roleAssignments/{guid(estate.id + principal)}"
        estate.put(assignment, role=role, principal=guid(principal))


def export_activity_log(estate: Estate, enabled: Sequence[str]) -> None:
    """Set which categories of the activity log go to the workspace."""
    logs = [{"category": name, "enabled": name in enabled} for name in ACTIVITY_LOG]
    estate.change(f"{estate.id}/providers/Microsoft.Insights/diagnosticSettings/activity-log", logs=logs)


def security_group(group: Group, name: str) -> str:
    """A network security group whose last rule refuses what no other rule allows."""
    nsg = group.add(f"Microsoft.Network/networkSecurityGroups/{name}")
    security_rule(group.estate, nsg, "deny-inbound", 4096, "*", "*", access="Deny", protocol="*")
    return nsg


def security_rule(
    estate: Estate,
    nsg: str,
    name: str,
    priority: int,
    source: str,
    *ports: str,
    access: str = "Allow",
    protocol: str = "Tcp",
) -> None:
    """An inbound rule, both inside its group and as a child, since the two APIs show it so."""
    row_id = estate.put(f"{nsg}/securityRules/{name}")
    port = {"destinationPortRange": ports[0]} if len(ports) == 1 else {"destinationPortRanges": list(ports)}
    estate.change(
        row_id, priority=priority, access=access, protocol=protocol, sourceAddressPrefix=source, **port
    )
    inside = {"id": row_id, "name": name, "properties": estate.rows[row_id]["properties"]}
    rules = estate.rows[nsg]["properties"]["securityRules"]
    rules.append(inside)
    rules.sort(key=lambda rule: rule["properties"]["priority"])


def network(group: Group, watcher: str, name: str, space: str) -> str:
    """A virtual network with its flow log."""
    flow_log = f"{watcher}/flowLogs/fl-{name}"
    vnet = group.add(f"Microsoft.Network/virtualNetworks/{name}", space=space, flowLog=flow_log)
    group.estate.put(flow_log, target=vnet)
    return vnet


def subnet(estate: Estate, vnet: str, name: str, prefix: str, nsg: str = "", delegated_to: str = "") -> str:
    """A subnet, both inside its network and as a child."""
    row_id = estate.put(f"{vnet}/subnets/{name}", prefix=prefix)
    if nsg:
        estate.change(row_id, networkSecurityGroup={"id": nsg})
    if delegated_to:
        delegation = {"name": "delegation", "properties": {"serviceName": delegated_to}}
        estate.change(row_id, delegations=[delegation])
    inside = {"id": row_id, "name": name, "properties": estate.rows[row_id]["properties"]}
    estate.rows[vnet]["properties"]["subnets"].append(inside)
    return row_id


IMAGES = {
    "Linux": '{"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}',
    "Windows": '{"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2", '
    '"version": "latest"}',
}


def virtual_machine(group: Group, name: str, subnet_id: str, system: str = "Linux", zone: str = "1") -> str:
    """A machine with its interface, disk and agents (backup and log collection come from types.txt)."""
    estate = group.estate
    machine = f"{group.id}/providers/Microsoft.Compute/virtualMachines/{name}"
    card = group.add(f"Microsoft.Network/networkInterfaces/nic-{name}", subnet=subnet_id)
    disk = group.add(f"Microsoft.Compute/disks/{name}-osdisk", machine=machine, system=system)
    estate.put(machine, zone=zone, system=system, image=IMAGES[system], disk=disk, card=card)
    patching = {
        "patchSettings": {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"}
    }
    if system == "Linux":
        estate.change(
            machine, osProfile={"linuxConfiguration": {"disablePasswordAuthentication": True} | patching}
        )
    else:
        estate.change(
            machine, osProfile={"windowsConfiguration": {"enableAutomaticUpdates": True} | patching}
        )
    estate.put(f"{machine}/extensions/AzureMonitor{system}Agent", publisher="Microsoft.Azure.Monitor")
    defender = "Microsoft.Azure.AzureDefenderForServers"
    estate.put(f"{machine}/extensions/MDE.{system}", publisher=defender)
    return machine


def sql_server(group: Group, name: str, *databases: str) -> str:
    """A server with `master` and its databases."""
    server = group.add(f"Microsoft.Sql/servers/{name}")
    master = f"{server}/databases/master"
    group.estate.put_alone(master)
    group.estate.rows[master]["sku"] = {"name": "System", "tier": "System"}
    group.estate.change(master, zoneRedundant=False)
    for database in databases:
        group.estate.put(f"{server}/databases/{database}")
    return server


def front_door(group: Group, name: str, *domains: str) -> None:
    profile = group.add(f"Microsoft.Cdn/profiles/{name}")
    for domain in domains:
        group.estate.put(f"{profile}/customDomains/{domain.replace('.', '-')}", domain=domain)
    group.add(f"Microsoft.Network/FrontDoorWebApplicationFirewallPolicies/waf{name.replace('-', '')}")


def federated_identity(group: Group, name: str, repository: str) -> None:
    """An identity that the main branch of one repository may use, without a secret."""
    identity = group.add(f"Microsoft.ManagedIdentity/userAssignedIdentities/{name}")
    group.estate.put(f"{identity}/federatedIdentityCredentials/github-main", repository=repository)


# --- the platform: the hub, and what every team shares ---------------------------------------------------


def platform() -> Estate:
    times = ("2026-11-20T05:40:00Z", "2026-11-20T05:47:00Z")
    estate = Estate("platform", "Contoso Online Platform", PLATFORM, *times)
    hub_group = estate.group("rg-hub-weu", "network", "network-team", "CC-4100")
    logging = estate.group("rg-logging-weu", "monitoring", "soc", "CC-4200", "confidential")
    backup = estate.group("rg-backup-weu", "backup", "operations", "CC-4100", "confidential")
    security = estate.group("rg-security-weu", "key-management", "security", "CC-4200", "confidential")
    machines = estate.group("rg-machines-weu", "directory", "operations", "CC-4100")
    delivery = estate.group("rg-delivery-weu", "delivery", "developer-tools", "CC-4300")
    apps = estate.group("rg-shared-apps-weu", "intranet", "workplace", "CC-4400")

    governance(logging)
    for resource in (
        "Microsoft.OperationalInsights/workspaces/log-contoso-central",
        "Microsoft.OperationsManagement/solutions/SecurityInsights(log-contoso-central)",
        "Microsoft.Insights/dataCollectionRules/dcr-machines",
        "Microsoft.Portal/dashboards/dash-security",
    ):
        logging.add(resource)
    archive = logging.add("Microsoft.Storage/storageAccounts/stcontosologarchive")
    unchangeable = {
        "state": "Locked",
        "immutabilityPeriodSinceCreationInDays": 365,
        "allowProtectedAppendWrites": True,
    }
    estate.change(
        archive, immutableStorageWithVersioning={"enabled": True, "immutabilityPolicy": unchangeable}
    )
    estate.rows[archive]["tags"]["purpose"] = "log-archive"
    estate.put(f"{archive}/providers/Microsoft.Authorization/locks/keep-the-logs")

    subnets = hub(hub_group)
    endpoints = f"{subnets}/snet-private-endpoints"
    applications = f"{subnets}/snet-applications"

    backup.add("Microsoft.RecoveryServices/vaults/rsv-contoso-weu")
    backup.add("Microsoft.DataProtection/backupVaults/bv-contoso-weu")

    keys = security.private("Microsoft.KeyVault/vaults/kv-contoso-keys", endpoints, "vault")
    security.private("Microsoft.KeyVault/vaults/kv-contoso-shared", endpoints, "vault")
    security.add("Microsoft.Compute/diskEncryptionSets/des-contoso-weu", vault=keys)

    virtual_machine(machines, "vm-directory-01", f"{subnets}/snet-machines", "Windows", "1")
    virtual_machine(machines, "vm-directory-02", f"{subnets}/snet-machines", "Windows", "2")
    virtual_machine(machines, "vm-scanner-01", f"{subnets}/snet-machines", "Linux", "3")
    machines.add("Microsoft.Automation/automationAccounts/aa-contoso-platform")

    delivery.private("Microsoft.ContainerRegistry/registries/crcontosoplatform", endpoints, "registry")
    delivery.private("Microsoft.Storage/storageAccounts/stcontosotfstate", endpoints, "blob")
    federated_identity(delivery, "id-deploy-platform", "contoso-online/infrastructure")
    agents = "Microsoft.Compute/virtualMachineScaleSets/vmss-build-agents"
    scale_set = delivery.add(agents, subnet=f"{subnets}/snet-machines", image=IMAGES["Linux"])
    delivery.add("Microsoft.Insights/autoscaleSettings/scale-build-agents", target=scale_set)
    delivery.add("Microsoft.Resources/templateSpecs/ts-landing-zone")

    plan = apps.add("Microsoft.Web/serverfarms/asp-intranet")
    apps.private("Microsoft.Web/sites/app-contoso-intranet", endpoints, "sites", plan=plan)
    apps.add("Microsoft.Web/sites/app-contoso-runbooks", plan=plan)
    apps.add("Microsoft.Web/hostingEnvironments/ase-contoso-weu", subnet=applications)
    environment = apps.add("Microsoft.App/managedEnvironments/cae-platform", subnet=applications)
    apps.add("Microsoft.App/containerApps/ca-status-page", environment=environment)
    apps.add("Microsoft.ContainerService/managedClusters/aks-platform", subnet=applications)
    front_door(apps, "fd-contoso-platform", "status.contoso.example")
    sql_server(apps, "sql-contoso-erp", "ledger", "payroll")
    instance = f"{subnets}/snet-managed-instance"
    apps.add("Microsoft.Sql/managedInstances/sqlmi-contoso-warehouse", subnet=instance)
    for resource in (
        "Microsoft.DBforPostgreSQL/flexibleServers/psql-contoso-catalogue",
        "Microsoft.DBforMySQL/flexibleServers/mysql-contoso-wiki",
        "Microsoft.DocumentDB/databaseAccounts/cosmos-contoso-features",
        "Microsoft.Cache/Redis/redis-contoso-platform",
        "Microsoft.EventHub/namespaces/evhns-contoso-telemetry",
        "Microsoft.ServiceBus/namespaces/sb-contoso-platform",
        "Microsoft.CognitiveServices/accounts/cog-contoso-documents",
    ):
        apps.add(resource)
    connect_the_rest(estate, endpoints)
    return estate


def hub(group: Group) -> str:
    """The hub network: firewall, VPN gateway, bastion, names. Returns where its subnets are."""
    estate = group.estate
    group.add("Microsoft.Network/ddosProtectionPlans/ddos-contoso")
    watcher = group.add("Microsoft.Network/networkWatchers/nw-westeurope")
    vnet = network(group, watcher, "vnet-hub-weu", "10.10.0.0/16")
    bastion_nsg = security_group(group, "nsg-bastion")
    security_rule(estate, bastion_nsg, "allow-office-https", 100, OFFICE, "443")
    security_rule(estate, bastion_nsg, "allow-gateway-manager", 110, "GatewayManager", "443")
    machines_nsg = security_group(group, "nsg-machines")
    security_rule(estate, machines_nsg, "allow-bastion", 100, "10.10.2.0/26", "22", "3389")
    shared_nsg = security_group(group, "nsg-shared")
    security_rule(estate, shared_nsg, "allow-contoso", 100, "10.0.0.0/8", "443", "1433")
    subnet(estate, vnet, "GatewaySubnet", "10.10.0.0/26")
    firewall_subnet = subnet(estate, vnet, "AzureFirewallSubnet", "10.10.1.0/26")
    bastion_subnet = subnet(estate, vnet, "AzureBastionSubnet", "10.10.2.0/26", bastion_nsg)
    subnet(estate, vnet, "snet-dns-inbound", "10.10.3.0/28", shared_nsg, "Microsoft.Network/dnsResolvers")
    subnet(estate, vnet, "snet-machines", "10.10.4.0/24", machines_nsg)
    subnet(estate, vnet, "snet-private-endpoints", "10.10.5.0/24", shared_nsg)
    subnet(estate, vnet, "snet-applications", "10.10.6.0/23", shared_nsg)
    subnet(
        estate, vnet, "snet-managed-instance", "10.10.8.0/24", shared_nsg, "Microsoft.Sql/managedInstances"
    )

    firewall_ip = group.add("Microsoft.Network/publicIPAddresses/pip-firewall", ip="203.0.113.10")
    group.add("Microsoft.Network/publicIPAddresses/pip-vpn", ip="203.0.113.11")
    bastion_ip = group.add("Microsoft.Network/publicIPAddresses/pip-bastion", ip="203.0.113.12")
    policy = group.add("Microsoft.Network/firewallPolicies/afwp-contoso")
    place_it = {"subnet": firewall_subnet, "address": firewall_ip, "firewallPolicy": policy}
    group.add("Microsoft.Network/azureFirewalls/afw-contoso-weu", **place_it)
    group.add("Microsoft.Network/bastionHosts/bas-contoso-weu", subnet=bastion_subnet, address=bastion_ip)
    group.add("Microsoft.Network/virtualNetworkGateways/vgw-contoso-weu")
    group.add("Microsoft.Network/routeTables/rt-through-firewall")
    for zone in ("blob.core.windows.net", "database.windows.net", "vaultcore.azure.net"):
        group.add(f"Microsoft.Network/privateDnsZones/privatelink.{zone}")
    group.add("Microsoft.Network/dnsZones/contoso.example")
    return f"{vnet}/subnets"


# --- production: the web shop ----------------------------------------------------------------------------


def production() -> Estate:
    times = ("2026-11-20T05:47:00Z", "2026-11-20T06:00:00Z")
    estate = Estate("production", "Contoso Online Production", PRODUCTION, *times)
    spoke_group = estate.group("rg-network-prod-weu", "network", "network-team", "CC-2100")
    operations = estate.group("rg-ops-prod-weu", "operations", "operations", "CC-4100")
    containers = estate.group("rg-aks-prod-weu", "fulfilment", "fulfilment-team", "CC-2200")
    standby = estate.group("rg-standby-prod-neu", "web-shop", "shop-team", "CC-2100", at=NORTH)

    governance(operations)
    operations.add("Microsoft.RecoveryServices/vaults/rsv-contoso-prod-weu")
    operations.add("Microsoft.Automation/automationAccounts/aa-contoso-prod")
    operations.add("Microsoft.KeyVault/vaults/kv-contoso-ops")
    federated_identity(operations, "id-deploy-prod", "contoso-online/shop")

    subnets = spoke(spoke_group)
    endpoints = f"{subnets}/snet-private-endpoints"
    shop(estate, endpoints)
    data(estate, endpoints)
    marketing(estate)

    containers.add("Microsoft.ContainerService/managedClusters/aks-fulfilment", subnet=f"{subnets}/snet-aks")
    containers.private("Microsoft.ContainerRegistry/registries/crcontososhop", endpoints, "registry")
    apps_subnet = f"{subnets}/snet-container-apps"
    environment = containers.add("Microsoft.App/managedEnvironments/cae-partners", subnet=apps_subnet)
    for name in ("ca-partner-api", "ca-label-printing"):
        containers.add(f"Microsoft.App/containerApps/{name}", environment=environment)
    virtual_machine(containers, "vm-batch-01", f"{subnets}/snet-jobs")

    plan = standby.add("Microsoft.Web/serverfarms/asp-shop-neu")
    for name in ("app-contoso-shop-neu", "app-contoso-checkout-neu"):
        standby.add(f"Microsoft.Web/sites/{name}", plan=plan)
    standby.add("Microsoft.KeyVault/vaults/kv-contoso-shop-neu")
    standby.add("Microsoft.Storage/storageAccounts/stcontosomedianeu")

    warehouse_move(estate)
    partner_exchange(estate)
    connect_the_rest(estate, endpoints)
    flaws(estate)
    return estate


def spoke(group: Group) -> str:
    """The shop's network and its entry. Returns where its subnets are."""
    estate = group.estate
    watcher = group.add("Microsoft.Network/networkWatchers/nw-westeurope")
    vnet = network(group, watcher, "vnet-shop-weu", "10.20.0.0/16")
    estate.put(f"{vnet}/virtualNetworkPeerings/to-hub", remote=HUB)
    entry = security_group(group, "nsg-entry")
    security_rule(estate, entry, "allow-https", 100, "Internet", "443")
    security_rule(estate, entry, "allow-gateway-manager", 110, "GatewayManager", "65200-65535")
    web = security_group(group, "nsg-web")
    security_rule(estate, web, "allow-entry", 100, "10.20.0.0/24", "443")
    stores = security_group(group, "nsg-data")
    security_rule(estate, stores, "allow-web", 100, "10.20.1.0/24", "443", "1433", "5432", "6380")
    jobs = security_group(group, "nsg-jobs")
    security_rule(estate, jobs, "allow-bastion", 100, "10.10.2.0/26", "22")
    entry_subnet = subnet(estate, vnet, "snet-entry", "10.20.0.0/24", entry)
    subnet(estate, vnet, "snet-web", "10.20.1.0/24", web, "Microsoft.Web/serverFarms")
    subnet(estate, vnet, "snet-aks", "10.20.4.0/22", web)
    subnet(estate, vnet, "snet-private-endpoints", "10.20.8.0/24", stores)
    subnet(estate, vnet, "snet-jobs", "10.20.9.0/24", jobs)
    subnet(estate, vnet, "snet-container-apps", "10.20.10.0/23", web, "Microsoft.App/environments")
    group.add("Microsoft.Network/routeTables/rt-shop-through-firewall")
    firewall = group.add("Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies/waf-shop-weu")
    address = group.add("Microsoft.Network/publicIPAddresses/pip-agw-shop", ip="203.0.113.20")
    gateway = group.add("Microsoft.Network/applicationGateways/agw-shop-weu", firewallPolicy=firewall)
    front = {"name": "public", "properties": {"publicIPAddress": {"id": address}}}
    inside = {"name": "gateway", "properties": {"subnet": {"id": entry_subnet}}}
    estate.change(gateway, frontendIPConfigurations=[front], gatewayIPConfigurations=[inside])
    return f"{vnet}/subnets"


def shop(estate: Estate, endpoints: str) -> None:
    group = estate.group("rg-shop-prod-weu", "web-shop", "shop-team", "CC-2100")
    plan = group.add("Microsoft.Web/serverfarms/asp-shop-weu")
    jobs = group.add("Microsoft.Web/serverfarms/asp-shop-jobs-weu")
    for name in ("app-contoso-shop", "app-contoso-checkout"):
        group.private(f"Microsoft.Web/sites/{name}", endpoints, "sites", plan=plan)
    for name in ("app-contoso-account", "app-contoso-search", "app-contoso-admin"):
        group.add(f"Microsoft.Web/sites/{name}", plan=plan)
    for name in ("func-contoso-orders", "func-contoso-invoices", "func-contoso-images"):
        function = group.add(f"Microsoft.Web/sites/{name}", plan=jobs)
        estate.rows[function]["kind"] = "functionapp,linux"
    group.private("Microsoft.KeyVault/vaults/kv-contoso-shop", endpoints, "vault")
    group.private("Microsoft.Cache/Redis/redis-contoso-sessions", endpoints, "redisCache")
    group.private("Microsoft.Storage/storageAccounts/stcontosomedia", endpoints, "blob")
    group.add("Microsoft.Insights/components/appi-contoso-shop")
    group.add("Microsoft.Portal/dashboards/dash-shop-orders")
    front_door(group, "fd-contoso-shop", "www.contoso.example", "api.contoso.example")


def data(estate: Estate, endpoints: str) -> None:
    group = estate.group("rg-data-prod-weu", "shop-data", "data-team", "CC-2100", "confidential")
    sql_server(group, "sql-contoso-orders", "orders", "stock", "customers")
    reports = sql_server(group, "sql-contoso-reports", "sales-mart", "loyalty-archive")
    estate.put(f"{reports}/firewallRules/office", first="198.51.100.0", last="198.51.100.255")
    group.add("Microsoft.DBforPostgreSQL/flexibleServers/psql-contoso-reviews")
    group.private("Microsoft.DocumentDB/databaseAccounts/cosmos-contoso-cart", endpoints, "Sql")
    group.private("Microsoft.Storage/storageAccounts/stcontosolake", endpoints, "blob")
    for name in ("stcontosoinvoices", "stcontosoexports", "stcontosoreports"):
        group.add(f"Microsoft.Storage/storageAccounts/{name}")
    group.add("Microsoft.KeyVault/vaults/kv-contoso-data")
    group.add("Microsoft.EventHub/namespaces/evhns-contoso-clicks")
    group.add("Microsoft.ServiceBus/namespaces/sb-contoso-orders")


def marketing(estate: Estate) -> None:
    """Campaign sites, which an agency ran until last spring."""
    group = estate.group("rg-marketing-prod-weu", "campaigns", "marketing", "CC-3100", "public")
    plan = group.add("Microsoft.Web/serverfarms/asp-campaigns-weu")
    for name in ("app-contoso-campaign", "app-contoso-newsletter"):
        group.add(f"Microsoft.Web/sites/{name}", plan=plan)
    group.add("Microsoft.Storage/storageAccounts/stcontosocampaigns")
    group.add("Microsoft.KeyVault/vaults/kv-contoso-mail")
    captions = group.add("Microsoft.CognitiveServices/accounts/cog-contoso-captions")
    estate.rows[captions]["kind"] = "ComputerVision"


def warehouse_move(estate: Estate) -> None:
    """What a contractor built for the move of the warehouse system, in a network of its own."""
    group = estate.group("rg-warehouse-move", "warehouse-move", "logistics-it", "CC-5100")
    watcher = f"{estate.id}/{WATCHER}"
    vnet = network(group, watcher, "vnet-warehouse-move", "10.30.0.0/16")
    nsg = security_group(group, "nsg-contractor")
    place_it = subnet(estate, vnet, "snet-move", "10.30.0.0/24", nsg)
    for number in ("1", "2"):
        virtual_machine(group, f"vm-move-0{number}", place_it, "Windows", number)


def partner_exchange(estate: Estate) -> None:
    """What came from the old data centre and waits for its replacement."""
    group = estate.group(
        "rg-legacy-prod-weu", "partner-exchange", "integration-team", "CC-5100", "confidential"
    )
    watcher = f"{estate.id}/{WATCHER}"
    vnet = network(group, watcher, "vnet-legacy", "10.40.0.0/16")
    nsg = security_group(group, "nsg-legacy")
    security_rule(estate, nsg, "allow-office", 100, OFFICE, "443")
    virtual_machine(group, "vm-edi-01", subnet(estate, vnet, "snet-legacy", "10.40.0.0/24", nsg))
    group.add("Microsoft.Storage/storageAccounts/stcontososftp")
    sql_server(group, "sql-contoso-legacy", "edi")
    group.add("Microsoft.KeyVault/vaults/kv-contoso-edi")


def flaws(estate: Estate) -> None:
    """What is wrong in production. Everything above is as it should be."""

    def of(group: str, resource: str) -> str:
        return f"{estate.id}/resourceGroups/{group}/providers/{resource}"

    # Activity log: security, policy and alert events are not exported.
    export_activity_log(estate, ["Administrative", "ServiceHealth", "ResourceHealth"])

    # Networks: remote desktop from anywhere, a "temporary" rule from 2024, two subnets without a group.
    contractor = of("rg-warehouse-move", "Microsoft.Network/networkSecurityGroups/nsg-contractor")
    security_rule(estate, contractor, "allow-rdp-any", 100, "*", "3389")
    old = of("rg-legacy-prod-weu", "Microsoft.Network/networkSecurityGroups/nsg-legacy")
    security_rule(estate, old, "temp-allow-all", 200, "Internet", "*")
    shop_network = of("rg-network-prod-weu", "Microsoft.Network/virtualNetworks/vnet-shop-weu")
    subnet(estate, shop_network, "snet-loadtest", "10.20.12.0/24")
    move_network = of("rg-warehouse-move", "Microsoft.Network/virtualNetworks/vnet-warehouse-move")
    subnet(estate, move_network, "snet-staging", "10.30.1.0/24")

    # Storage: a partner's client speaks neither HTTPS nor TLS 1.2 (waived); pictures in mails are public
    # (waived); an old reporting tool needs TLS 1.1.
    sftp = of("rg-legacy-prod-weu", "Microsoft.Storage/storageAccounts/stcontososftp")
    estate.change(sftp, supportsHttpsTrafficOnly=False, minimumTlsVersion="TLS1_0", isSftpEnabled=True)
    campaigns = of("rg-marketing-prod-weu", "Microsoft.Storage/storageAccounts/stcontosocampaigns")
    estate.change(campaigns, allowBlobPublicAccess=True, publicNetworkAccess="Enabled")
    estate.change(campaigns, networkAcls={"defaultAction": "Allow"})
    reports_store = of("rg-data-prod-weu", "Microsoft.Storage/storageAccounts/stcontosoreports")
    estate.change(reports_store, minimumTlsVersion="TLS1_1")

    # SQL: one server opened for a reporting tool, one as it came from the old data centre.
    reports = of("rg-data-prod-weu", "Microsoft.Sql/servers/sql-contoso-reports")
    estate.change(reports, publicNetworkAccess="Enabled")
    estate.change(f"{reports}/auditingSettings/default", retentionDays=30)
    encryption = "transparentDataEncryption/current"
    estate.change(f"{reports}/databases/loyalty-archive/{encryption}", state="Disabled")
    legacy = of("rg-legacy-prod-weu", "Microsoft.Sql/servers/sql-contoso-legacy")
    estate.change(legacy, publicNetworkAccess="Enabled", administrators={"azureADOnlyAuthentication": False})
    estate.change(f"{legacy}/auditingSettings/default", state="Disabled", retentionDays=0)
    estate.change(f"{legacy}/databases/edi/{encryption}", state="Disabled")
    estate.put(f"{legacy}/firewallRules/AllowAllWindowsAzureIps", first="0.0.0.0", last="0.0.0.0")

    # Web: old TLS; passwords for deployment; remote debugging (made up for by a network rule: mitigated).
    campaign = of("rg-marketing-prod-weu", "Microsoft.Web/sites/app-contoso-campaign")
    estate.change(f"{campaign}/config/web", minTlsVersion="1.0", scmMinTlsVersion="1.0")
    admin = of("rg-shop-prod-weu", "Microsoft.Web/sites/app-contoso-admin")
    estate.change(f"{admin}/config/web", minTlsVersion="1.1", remoteDebuggingEnabled=True)
    images = of("rg-shop-prod-weu", "Microsoft.Web/sites/func-contoso-images")
    for channel in (f"{admin}/*/ftp", f"{admin}/*/scm", f"{images}/*/scm"):
        estate.change(channel.replace("*", "basicPublishingCredentialsPolicies"), allow=True)

    # Key vaults: open to every network; one without an audit log.
    mail = of("rg-marketing-prod-weu", "Microsoft.KeyVault/vaults/kv-contoso-mail")
    estate.change(mail, publicNetworkAccess="Enabled", networkAcls={"defaultAction": "Allow"})
    estate.remove(f"{mail}/providers/Microsoft.Insights/diagnosticSettings/to-central-logs")
    edi = of("rg-legacy-prod-weu", "Microsoft.KeyVault/vaults/kv-contoso-edi")
    estate.change(edi, publicNetworkAccess="Enabled", networkAcls=None)

    # Backup: the contractor's machines have none (the exemption for it has ended).
    for name in ("vm-move-01", "vm-move-02"):
        machine = of("rg-warehouse-move", f"Microsoft.Compute/virtualMachines/{name}")
        item = f"vm;iaasvmcontainerv2;rg-warehouse-move;{name}"
        estate.remove(f"{machine}/providers/Microsoft.RecoveryServices/backupProtectedItems/{item}")


# --- writing ---------------------------------------------------------------------------------------------


def write(estate: Estate) -> None:
    rows = sorted(estate.rows.values(), key=lambda row: (row["id"].casefold(), row["id"]))
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    count = Counter(row["type"] for row in rows)
    types = sorted(TYPES.items(), key=lambda item: item[0].casefold())
    times = {"startedAt": estate.started, "endedAt": estate.ended}
    manifest = {
        "schema": "blueprinter/inventory-manifest/1",
        "inventory": f"{estate.name}.jsonl",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "tool": "blueprinter 0.1.0",
        "cloud": "AzureCloud",
        "source": "Azure Resource Graph and Azure Resource Manager",
        "queries": ["resources", "resourcecontainers", "authorizationresources", "recoveryservicesresources"],
        "collectedBy": {"principal": "blueprinter-reader@contoso.example", "roles": ["Reader"]},
        **times,
        "scopes": [{"scope": estate.id, "status": "read", **times}],
        "types": [
            {"type": name, "rows": count[name], "expected": count[name], "apiVersion": described.version}
            for name, described in types
        ],
        "typesNotCollected": NOT_COLLECTED,
    }
    folder = HERE / "inventory"
    folder.mkdir(exist_ok=True)
    save(folder / f"{estate.name}.jsonl", text)
    save(folder / f"{estate.name}.manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
    print(f"{estate.name}: {len(rows)} resources of {len(count)} types")


def save(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    for each in (platform(), production()):
        write(each)
