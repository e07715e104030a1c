"""A made-up estate for measurements: rows as Azure Resource Graph gives them, the same for the same seed.

Twenty resource types in the proportions of a usual estate, about 2 KB a row, twelve subscriptions. Half of the types
are spelled in lower case, as Resource Graph does; one row in two hundred spells some property keys in another case.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

SEED = 27001
TENANT = "3d1f0c52-6f0e-4f57-9d55-0a6f6a5a9c01"
SUBSCRIPTIONS = tuple(f"{index:08x}-52a1-4c1e-9f0b-5d2c7e90a{index:03x}" for index in range(1, 13))
REGIONS = ("westeurope", "northeurope", "germanywestcentral", "swedencentral", "eastus2", "southeastasia")
ENVIRONMENTS = ("prod", "prod", "prod", "test", "dev")
ODD_KEYS = 200

Row = dict[str, Any]
Draw = random.Random


def chance(draw: Draw, share: float) -> bool:
    return draw.random() < share


def storage(draw: Draw, id_: str, name: str) -> Row:
    bypass = draw.choice(("AzureServices", "None", "Logging, Metrics, AzureServices"))
    rules = [
        {"value": f"20.{draw.randrange(255)}.{n}.0/24", "action": "Allow"} for n in range(draw.randrange(3))
    ]
    services = {
        kind: {"keyType": "Account", "enabled": True, "lastEnabledTime": "2024-03-05T09:11:31.2145236Z"}
        for kind in ("file", "blob", "table", "queue")
    }
    endpoints = {
        kind: f"https://{name}.{kind}.core.windows.net/"
        for kind in ("dfs", "web", "blob", "queue", "table", "file")
    }
    return {
        "kind": "StorageV2",
        "sku": {"name": draw.choice(("Standard_LRS", "Standard_GRS", "Standard_ZRS")), "tier": "Standard"},
        "properties": {
            "keyCreationTime": {
                "key1": "2024-03-05T09:11:31.1520234Z",
                "key2": "2024-03-05T09:11:31.1520234Z",
            },
            "allowCrossTenantReplication": chance(draw, 0.2),
            "privateEndpointConnections": [],
            "minimumTlsVersion": "TLS1_2" if chance(draw, 0.85) else "TLS1_0",
            "allowBlobPublicAccess": chance(draw, 0.15),
            "allowSharedKeyAccess": chance(draw, 0.5),
            "publicNetworkAccess": "Enabled" if chance(draw, 0.6) else "Disabled",
            "supportsHttpsTrafficOnly": chance(draw, 0.95),
            "networkAcls": {
                "bypass": bypass,
                "virtualNetworkRules": [],
                "ipRules": rules,
                "ipv6Rules": [],
                "defaultAction": "Deny" if chance(draw, 0.6) else "Allow",
            },
            "encryption": {
                "services": services,
                "requireInfrastructureEncryption": chance(draw, 0.3),
                "keySource": "Microsoft.Storage" if chance(draw, 0.8) else "Microsoft.Keyvault",
            },
            "accessTier": "Hot",
            "provisioningState": "Succeeded",
            "creationTime": "2024-03-05T09:11:31.0270223Z",
            "primaryEndpoints": endpoints,
            "primaryLocation": "westeurope",
            "statusOfPrimary": "available",
        },
    }


def machine(draw: Draw, id_: str, name: str) -> Row:
    linux = chance(draw, 0.55)
    image = (
        {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
        if linux
        else {
            "publisher": "MicrosoftWindowsServer",
            "offer": "WindowsServer",
            "sku": "2022-datacenter-g2",
            "version": "latest",
        }
    )
    group = id_.rpartition("/providers/")[0]
    disk = {
        "osType": "Linux" if linux else "Windows",
        "name": f"{name}-os",
        "createOption": "FromImage",
        "caching": "ReadWrite",
        "deleteOption": "Delete",
        "diskSizeGB": 64,
        "managedDisk": {
            "storageAccountType": "Premium_LRS",
            "id": f"{group}/providers/Microsoft.Compute/disks/{name}-os",
        },
    }
    if chance(draw, 0.05):
        disk = {
            **disk,
            "managedDisk": None,
            "vhd": {"uri": f"https://{name}.blob.core.windows.net/vhds/os.vhd"},
        }
    settings: Row = (
        {"disablePasswordAuthentication": chance(draw, 0.8), "provisionVMAgent": True}
        if linux
        else {"provisionVMAgent": True, "enableAutomaticUpdates": chance(draw, 0.7)}
    )
    return {
        "zones": [str(draw.randrange(1, 4))] if chance(draw, 0.4) else None,
        "identity": {"type": "SystemAssigned", "tenantId": TENANT} if chance(draw, 0.5) else None,
        "properties": {
            "hardwareProfile": {
                "vmSize": draw.choice(
                    ("Standard_D2s_v5", "Standard_D4s_v5", "Standard_B2ms", "Standard_E8s_v5")
                )
            },
            "provisioningState": "Succeeded",
            "vmId": f"{draw.getrandbits(64):016x}",
            "storageProfile": {
                "imageReference": {**image, "exactVersion": "24.04.202409120"},
                "osDisk": disk,
                "dataDisks": [
                    {
                        "lun": lun,
                        "createOption": "Attach",
                        "caching": "None",
                        "toBeDetached": False,
                        "managedDisk": {"id": f"{group}/providers/Microsoft.Compute/disks/{name}-data{lun}"},
                    }
                    for lun in range(draw.randrange(3))
                ],
            },
            "osProfile": {
                "computerName": name,
                "adminUsername": "operator",
                ("linuxConfiguration" if linux else "windowsConfiguration"): settings,
                "secrets": [],
                "allowExtensionOperations": True,
            },
            "securityProfile": {
                "encryptionAtHost": chance(draw, 0.4),
                "securityType": draw.choice(("TrustedLaunch", "Standard")),
            },
            "networkProfile": {
                "networkInterfaces": [
                    {
                        "id": f"{group}/providers/Microsoft.Network/networkInterfaces/{name}-nic",
                        "properties": {"primary": True},
                    }
                ]
            },
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": chance(draw, 0.9)}},
            "extended": {
                "instanceView": {
                    "powerState": {
                        "code": "PowerState/running",
                        "displayStatus": "VM running",
                        "level": "Info",
                    },
                    "osName": "ubuntu",
                    "hyperVGeneration": "V2",
                }
            },
            "timeCreated": "2024-05-02T13:37:16.2212837Z",
        },
    }


def disk(draw: Draw, id_: str, name: str) -> Row:
    encryption: Row = {"type": "EncryptionAtRestWithPlatformKey"}
    if chance(draw, 0.3):
        encryption = {
            "type": "EncryptionAtRestWithCustomerKey",
            "diskEncryptionSetId": f"{id_.rpartition('/')[0]}/set",
        }
    return {
        "managedBy": id_.replace("/disks/", "/virtualMachines/") if chance(draw, 0.85) else "",
        "sku": {"name": draw.choice(("Premium_LRS", "StandardSSD_LRS")), "tier": "Premium"},
        "zones": ["1"] if chance(draw, 0.4) else None,
        "properties": {
            "osType": draw.choice(("Linux", "Windows", None)),
            "hyperVGeneration": "V2",
            "supportsHibernation": True,
            "supportedCapabilities": {
                "diskControllerTypes": "SCSI, NVMe",
                "acceleratedNetwork": True,
                "architecture": "x64",
            },
            "creationData": {
                "createOption": "FromImage",
                "imageReference": {
                    "id": "/Subscriptions/x/Providers/Microsoft.Compute/Locations/westeurope/Publishers/canonical"
                },
            },
            "diskSizeGB": draw.choice((32, 64, 128, 512, 1024)),
            "diskIOPSReadWrite": 500,
            "diskMBpsReadWrite": 100,
            "encryption": encryption,
            "networkAccessPolicy": "AllowAll" if chance(draw, 0.6) else "DenyAll",
            "publicNetworkAccess": "Enabled" if chance(draw, 0.6) else "Disabled",
            "securityProfile": {"securityType": "TrustedLaunch"},
            "timeCreated": "2024-05-02T13:37:17.9558113Z",
            "provisioningState": "Succeeded",
            "diskState": "Attached",
            "diskSizeBytes": 68719476736,
            "uniqueId": f"{draw.getrandbits(96):024x}",
            "tier": "P6",
            "lastOwnershipUpdateTime": "2024-05-02T13:37:17.9558113Z",
        },
    }


def interface(draw: Draw, id_: str, name: str) -> Row:
    group = id_.rpartition("/providers/")[0]
    configurations = []
    for place in range(1 + chance(draw, 0.15)):
        settings: Row = {
            "provisioningState": "Succeeded",
            "privateIPAddress": f"10.{draw.randrange(255)}.{draw.randrange(255)}.4",
            "privateIPAllocationMethod": "Dynamic",
            "subnet": {"id": f"{group}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"},
            "primary": place == 0,
            "privateIPAddressVersion": "IPv4",
        }
        if chance(draw, 0.2):
            settings["publicIPAddress"] = {
                "id": f"{group}/providers/Microsoft.Network/publicIPAddresses/{name}"
            }
        configurations.append(
            {
                "name": f"ipconfig{place}",
                "id": f"{id_}/ipConfigurations/ipconfig{place}",
                "etag": 'W/"6c4f"',
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                "properties": settings,
            }
        )
    return {
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": f"{draw.getrandbits(64):016x}",
            "ipConfigurations": configurations,
            "dnsSettings": {
                "dnsServers": [],
                "appliedDnsServers": [],
                "internalDomainNameSuffix": "ax.internal.cloudapp.net",
            },
            "macAddress": "00-0D-3A-2B-11-7C",
            "vnetEncryptionSupported": False,
            "enableIPForwarding": chance(draw, 0.1),
            "enableAcceleratedNetworking": chance(draw, 0.7),
            "disableTcpStateTracking": False,
            "networkSecurityGroup": {"id": f"{group}/providers/Microsoft.Network/networkSecurityGroups/nsg"}
            if chance(draw, 0.7)
            else None,
            "primary": True,
            "virtualMachine": {
                "id": id_.replace("Microsoft.Network/networkInterfaces", "Microsoft.Compute/virtualMachines")
            },
            "hostedWorkloads": [],
            "tapConfigurations": [],
            "nicType": "Standard",
            "allowPort25Out": True,
            "auxiliaryMode": "None",
        }
    }


def security_group(draw: Draw, id_: str, name: str) -> Row:
    rules = []
    for place in range(draw.randrange(1, 9)):
        source = draw.choice(
            (
                "10.0.0.0/8",
                "VirtualNetwork",
                "AzureLoadBalancer",
                "192.168.10.0/24",
                "10.4.0.0/16",
                "Internet",
            )
        )
        rules.append(
            {
                "name": f"rule-{place}",
                "id": f"{id_}/securityRules/rule-{place}",
                "etag": 'W/"1d0e"',
                "type": "Microsoft.Network/networkSecurityGroups/securityRules",
                "properties": {
                    "provisioningState": "Succeeded",
                    "protocol": draw.choice(("Tcp", "*", "Udp")),
                    "sourcePortRange": "*",
                    "destinationPortRange": draw.choice(("443", "80", "22", "3389", "8080-8090", "*")),
                    "sourceAddressPrefix": source,
                    "destinationAddressPrefix": "*",
                    "access": "Allow" if chance(draw, 0.8) else "Deny",
                    "priority": 100 + 10 * place,
                    "direction": "Inbound" if chance(draw, 0.8) else "Outbound",
                    "sourcePortRanges": [],
                    "destinationPortRanges": [],
                    "sourceAddressPrefixes": [],
                    "destinationAddressPrefixes": [],
                },
            }
        )
    return {
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": f"{draw.getrandbits(64):016x}",
            "securityRules": rules,
        }
    }


def site(draw: Draw, id_: str, name: str) -> Row:
    hosts = [f"{name}.azurewebsites.net", f"{name}.scm.azurewebsites.net"]
    return {
        "kind": draw.choice(("app", "app,linux", "functionapp", "functionapp,linux")),
        "identity": {"type": "SystemAssigned", "tenantId": TENANT} if chance(draw, 0.6) else None,
        "properties": {
            "name": name,
            "state": "Running",
            "hostNames": hosts[:1],
            "webSpace": "rg-WestEuropewebspace",
            "selfLink": f"https://waws-prod-am2-{draw.randrange(900)}.api.azurewebsites.windows.net:454/subscriptions/x/sites/{name}",
            "repositorySiteName": name,
            "usageState": "Normal",
            "enabled": True,
            "adminEnabled": True,
            "enabledHostNames": hosts,
            "siteProperties": {
                "metadata": None,
                "properties": [
                    {"name": "LinuxFxVersion", "value": "DOTNETCORE|8.0"},
                    {"name": "WindowsFxVersion", "value": None},
                ],
                "appSettings": None,
            },
            "availabilityState": "Normal",
            "hostNameSslStates": [
                {
                    "name": host,
                    "sslState": "Disabled",
                    "thumbprint": None,
                    "toUpdate": None,
                    "hostType": "Standard",
                }
                for host in hosts
            ],
            "serverFarmId": f"{id_.rpartition('/sites/')[0]}/serverfarms/plan",
            "reserved": True,
            "siteConfig": {
                "minTlsVersion": "1.2" if chance(draw, 0.9) else "1.0",
                "ftpsState": draw.choice(("FtpsOnly", "Disabled", "AllAllowed")),
                "alwaysOn": True,
                "http20Enabled": chance(draw, 0.5),
                "remoteDebuggingEnabled": chance(draw, 0.03),
                "linuxFxVersion": "DOTNETCORE|8.0",
                "numberOfWorkers": 1,
            },
            "httpsOnly": chance(draw, 0.85),
            "clientCertEnabled": chance(draw, 0.1),
            "publicNetworkAccess": "Enabled" if chance(draw, 0.7) else "Disabled",
            "keyVaultReferenceIdentity": "SystemAssigned",
            "outboundIpAddresses": ",".join(f"20.50.{n}.{draw.randrange(255)}" for n in range(6)),
            "sku": "PremiumV3",
            "defaultHostName": hosts[0],
        },
    }


def vault(draw: Draw, id_: str, name: str) -> Row:
    policies = [
        {
            "tenantId": TENANT,
            "objectId": f"{draw.getrandbits(64):016x}",
            "permissions": {
                "keys": ["Get", "List"],
                "secrets": ["Get", "List", "Set"],
                "certificates": ["Get", "List"],
                "storage": [],
            },
        }
        for _ in range(draw.randrange(4))
    ]
    acls = {
        "bypass": "AzureServices",
        "defaultAction": "Deny" if chance(draw, 0.6) else "Allow",
        "ipRules": [{"value": f"20.1.{n}.7/32"} for n in range(draw.randrange(3))],
        "virtualNetworkRules": [],
    }
    return {
        "properties": {
            "sku": {"family": "A", "name": "standard"},
            "tenantId": TENANT,
            "accessPolicies": policies,
            "networkAcls": acls if chance(draw, 0.9) else None,
            "enabledForDeployment": chance(draw, 0.2),
            "enabledForDiskEncryption": chance(draw, 0.2),
            "enabledForTemplateDeployment": chance(draw, 0.3),
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": draw.choice((7, 30, 90)),
            "enableRbacAuthorization": chance(draw, 0.7),
            **({"enablePurgeProtection": True} if chance(draw, 0.7) else {}),
            "vaultUri": f"https://{name}.vault.azure.net/",
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled" if chance(draw, 0.5) else "Disabled",
            "hsmPoolResourceId": None,
            "privateEndpointConnections": [
                {
                    "id": f"{id_}/privateEndpointConnections/pe",
                    "properties": {
                        "provisioningState": "Succeeded",
                        "privateEndpoint": {"id": "pe"},
                        "privateLinkServiceConnectionState": {
                            "status": "Approved",
                            "actionsRequired": "None",
                        },
                    },
                }
            ]
            if chance(draw, 0.4)
            else [],
        }
    }


def database(draw: Draw, id_: str, name: str) -> Row:
    return {
        "kind": "v12.0,user,vcore",
        "sku": {
            "name": "GP_Gen5",
            "tier": "GeneralPurpose",
            "family": "Gen5",
            "capacity": draw.choice((2, 4, 8)),
        },
        "properties": {
            "collation": "SQL_Latin1_General_CP1_CI_AS",
            "maxSizeBytes": 34359738368,
            "status": "Online",
            "databaseId": f"{draw.getrandbits(64):016x}",
            "creationDate": "2024-02-01T08:21:41.13Z",
            "currentServiceObjectiveName": "GP_Gen5_2",
            "requestedServiceObjectiveName": "GP_Gen5_2",
            "defaultSecondaryLocation": "northeurope",
            "catalogCollation": "SQL_Latin1_General_CP1_CI_AS",
            "zoneRedundant": chance(draw, 0.3),
            "licenseType": "LicenseIncluded",
            "maxLogSizeBytes": 193273528320,
            "earliestRestoreDate": "2026-10-01T00:00:00Z",
            "readScale": "Disabled",
            "currentSku": {"name": "GP_Gen5", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 2},
            "currentBackupStorageRedundancy": draw.choice(("Geo", "Local", "Zone")),
            "requestedBackupStorageRedundancy": "Geo",
            "maintenanceConfigurationId": "/subscriptions/x/providers/Microsoft.Maintenance/configurations/D",
            "isLedgerOn": False,
            "isInfraEncryptionEnabled": False,
            "availabilityZone": "NoPreference",
            "transparentDataEncryption": {"state": "Enabled" if chance(draw, 0.95) else "Disabled"},
        },
    }


def network(draw: Draw, id_: str, name: str) -> Row:
    subnets = []
    for place in range(draw.randrange(1, 5)):
        settings: Row = {
            "provisioningState": "Succeeded",
            "addressPrefix": f"10.{place}.0.0/24",
            "serviceEndpoints": [],
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
        }
        if chance(draw, 0.75):
            settings["networkSecurityGroup"] = {"id": id_.replace("virtualNetworks", "networkSecurityGroups")}
        subnets.append(
            {
                "name": f"subnet{place}",
                "id": f"{id_}/subnets/subnet{place}",
                "etag": 'W/"0a1f"',
                "type": "Microsoft.Network/virtualNetworks/subnets",
                "properties": settings,
            }
        )
    return {
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": f"{draw.getrandbits(64):016x}",
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "dhcpOptions": {"dnsServers": ["10.0.0.4"] if chance(draw, 0.4) else []},
            "subnets": subnets,
            "virtualNetworkPeerings": [],
            "enableDdosProtection": chance(draw, 0.3),
        }
    }


def sql_server(draw: Draw, id_: str, name: str) -> Row:
    return {
        "kind": "v12.0",
        "identity": {"type": "SystemAssigned", "tenantId": TENANT} if chance(draw, 0.5) else None,
        "properties": {
            "administratorLogin": "sqladmin",
            "version": "12.0",
            "state": "Ready",
            "fullyQualifiedDomainName": f"{name}.database.windows.net",
            "privateEndpointConnections": [],
            "minimalTlsVersion": draw.choice(("1.2", "1.2", "1.2", "1.0", "None")),
            "publicNetworkAccess": "Enabled" if chance(draw, 0.5) else "Disabled",
            "administrators": {
                "administratorType": "ActiveDirectory",
                "principalType": "Group",
                "login": "sql-admins",
                "sid": f"{draw.getrandbits(64):016x}",
                "tenantId": TENANT,
                "azureADOnlyAuthentication": chance(draw, 0.4),
            },
            "restrictOutboundNetworkAccess": "Disabled",
            "externalGovernanceStatus": "Disabled",
        },
    }


def cluster(draw: Draw, id_: str, name: str) -> Row:
    profile = (
        {"enablePrivateCluster": True}
        if chance(draw, 0.5)
        else {"authorizedIPRanges": ["20.1.2.0/24"] if chance(draw, 0.5) else []}
    )
    return {
        "sku": {"name": "Base", "tier": "Standard"},
        "identity": {"type": "SystemAssigned", "tenantId": TENANT},
        "properties": {
            "provisioningState": "Succeeded",
            "powerState": {"code": "Running"},
            "kubernetesVersion": draw.choice(("1.29.2", "1.30.4", "1.31.1")),
            "dnsPrefix": name,
            "fqdn": f"{name}.hcp.westeurope.azmk8s.io",
            "enableRBAC": chance(draw, 0.95),
            "disableLocalAccounts": chance(draw, 0.4),
            "aadProfile": {"managed": True, "enableAzureRBAC": chance(draw, 0.6)},
            "apiServerAccessProfile": profile,
            "agentPoolProfiles": [
                {
                    "name": f"pool{n}",
                    "count": 3,
                    "vmSize": "Standard_D4s_v5",
                    "osDiskType": "Ephemeral",
                    "enableEncryptionAtHost": chance(draw, 0.5),
                    "maxPods": 110,
                    "type": "VirtualMachineScaleSets",
                    "mode": "System",
                    "osType": "Linux",
                }
                for n in range(1, draw.randrange(2, 5))
            ],
            "networkProfile": {
                "networkPlugin": "azure",
                "networkPolicy": "calico",
                "loadBalancerSku": "standard",
                "serviceCidr": "10.0.0.0/16",
                "outboundType": "loadBalancer",
            },
            "addonProfiles": {"azurepolicy": {"enabled": chance(draw, 0.7)}, "omsagent": {"enabled": True}},
        },
    }


def registry(draw: Draw, id_: str, name: str) -> Row:
    return {
        "sku": {"name": draw.choice(("Basic", "Standard", "Premium")), "tier": "Premium"},
        "properties": {
            "loginServer": f"{name}.azurecr.io",
            "creationDate": "2024-01-11T10:00:00.1Z",
            "provisioningState": "Succeeded",
            "adminUserEnabled": chance(draw, 0.3),
            "networkRuleSet": {"defaultAction": "Deny" if chance(draw, 0.4) else "Allow", "ipRules": []},
            "policies": {
                "quarantinePolicy": {"status": "disabled"},
                "trustPolicy": {"type": "Notary", "status": "disabled"},
                "retentionPolicy": {"days": 7, "status": "disabled"},
                "exportPolicy": {"status": "enabled"},
            },
            "encryption": {"status": "disabled"},
            "dataEndpointEnabled": False,
            "privateEndpointConnections": [],
            "publicNetworkAccess": "Enabled" if chance(draw, 0.6) else "Disabled",
            "networkRuleBypassOptions": "AzureServices",
            "zoneRedundancy": "Disabled",
            "anonymousPullEnabled": chance(draw, 0.1),
        },
    }


def cosmos(draw: Draw, id_: str, name: str) -> Row:
    regions = [
        {
            "id": f"{name}-{region}",
            "locationName": region,
            "documentEndpoint": f"https://{name}-{region}.documents.azure.com:443/",
            "provisioningState": "Succeeded",
            "failoverPriority": place,
        }
        for place, region in enumerate(("West Europe", "North Europe")[: draw.randrange(1, 3)])
    ]
    return {
        "kind": "GlobalDocumentDB",
        "properties": {
            "provisioningState": "Succeeded",
            "documentEndpoint": f"https://{name}.documents.azure.com:443/",
            "publicNetworkAccess": "Enabled" if chance(draw, 0.5) else "Disabled",
            "enableAutomaticFailover": True,
            "isVirtualNetworkFilterEnabled": chance(draw, 0.3),
            "virtualNetworkRules": [],
            "ipRules": [{"ipAddressOrRange": f"20.3.{n}.1"} for n in range(draw.randrange(3))],
            "disableLocalAuth": chance(draw, 0.3),
            "disableKeyBasedMetadataWriteAccess": chance(draw, 0.3),
            "databaseAccountOfferType": "Standard",
            "consistencyPolicy": {"defaultConsistencyLevel": "Session", "maxIntervalInSeconds": 5},
            "locations": regions,
            "readLocations": regions,
            "backupPolicy": {"type": "Continuous", "continuousModeProperties": {"tier": "Continuous7Days"}},
            "minimalTlsVersion": "Tls12",
        },
    }


def messaging(draw: Draw, id_: str, name: str) -> Row:
    return {
        "sku": {"name": "Standard", "tier": "Standard", "capacity": 1},
        "properties": {
            "disableLocalAuth": chance(draw, 0.3),
            "zoneRedundant": True,
            "minimumTlsVersion": "1.2",
            "publicNetworkAccess": "Enabled",
            "isAutoInflateEnabled": False,
            "maximumThroughputUnits": 0,
            "kafkaEnabled": True,
            "provisioningState": "Succeeded",
            "status": "Active",
            "createdAt": "2024-06-11T10:00:00Z",
            "serviceBusEndpoint": f"https://{name}.servicebus.windows.net:443/",
            "metricId": f"x:{name}",
        },
    }


def address(draw: Draw, id_: str, name: str) -> Row:
    return {
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": f"{draw.getrandbits(64):016x}",
            "ipAddress": f"20.77.{draw.randrange(255)}.{draw.randrange(255)}",
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static",
            "idleTimeoutInMinutes": 4,
            "ipTags": [],
            "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
        },
    }


def cache(draw: Draw, id_: str, name: str) -> Row:
    return {
        "properties": {
            "sku": {"name": "Standard", "family": "C", "capacity": 1},
            "enableNonSslPort": chance(draw, 0.15),
            "minimumTlsVersion": "1.2" if chance(draw, 0.8) else "1.0",
            "redisVersion": "6.0",
            "publicNetworkAccess": "Enabled" if chance(draw, 0.6) else "Disabled",
            "hostName": f"{name}.redis.cache.windows.net",
            "port": 6379,
            "sslPort": 6380,
            "provisioningState": "Succeeded",
            "redisConfiguration": {"maxmemory-policy": "volatile-lru", "maxclients": "1000"},
            "instances": [
                {"sslPort": 15000, "isMaster": True, "isPrimary": True},
                {"sslPort": 15001, "isMaster": False, "isPrimary": False},
            ],
        },
    }


def automation(draw: Draw, id_: str, name: str) -> Row:
    return {
        "properties": {
            "sku": {"name": "Basic"},
            "state": "Ok",
            "disableLocalAuth": chance(draw, 0.3),
            "publicNetworkAccess": chance(draw, 0.7),
            "creationTime": "2024-06-11T10:00:00Z",
            "encryption": {"keySource": "Microsoft.Automation"},
            "privateEndpointConnections": [],
            "RegistrationUrl": "https://x.agentsvc.azure-automation.net/accounts/x",
        },
    }


def ai_service(draw: Draw, id_: str, name: str) -> Row:
    return {
        "kind": draw.choice(("OpenAI", "CognitiveServices", "FormRecognizer")),
        "sku": {"name": "S0"},
        "properties": {
            "endpoint": f"https://{name}.cognitiveservices.azure.com/",
            "provisioningState": "Succeeded",
            "disableLocalAuth": chance(draw, 0.4),
            "publicNetworkAccess": "Enabled",
            "networkAcls": {
                "defaultAction": "Deny" if chance(draw, 0.5) else "Allow",
                "ipRules": [],
                "virtualNetworkRules": [],
            },
            "capabilities": [{"name": "VirtualNetworks"}, {"name": "CustomerManagedKey"}],
            "customSubDomainName": name,
            "callRateLimit": {"rules": [{"key": f"r{n}", "renewalPeriod": 1, "count": 30} for n in range(6)]},
        },
    }


def postgres(draw: Draw, id_: str, name: str) -> Row:
    return {
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        "properties": {
            "version": draw.choice(("14", "15", "16")),
            "state": "Ready",
            "administratorLogin": "pgadmin",
            "fullyQualifiedDomainName": f"{name}.postgres.database.azure.com",
            "network": {"publicNetworkAccess": "Enabled" if chance(draw, 0.5) else "Disabled"},
            "backup": {
                "backupRetentionDays": 14,
                "geoRedundantBackup": "Enabled" if chance(draw, 0.5) else "Disabled",
                "earliestRestoreDate": "2026-10-01T00:00:00Z",
            },
            "highAvailability": {
                "mode": "ZoneRedundant" if chance(draw, 0.4) else "Disabled",
                "state": "NotEnabled",
            },
            "authConfig": {
                "activeDirectoryAuth": "Enabled",
                "passwordAuth": "Enabled" if chance(draw, 0.6) else "Disabled",
            },
            "storage": {"storageSizeGB": 128, "iops": 500, "tier": "P10", "autoGrow": "Disabled"},
            "minorVersion": "4",
            "availabilityZone": "1",
        },
    }


def container_app(draw: Draw, id_: str, name: str) -> Row:
    ingress = {
        "fqdn": f"{name}.westeurope.azurecontainerapps.io",
        "external": True,
        "targetPort": 8080,
        "transport": "Auto",
        "allowInsecure": chance(draw, 0.15),
        "traffic": [{"weight": 100, "latestRevision": True}],
    }
    return {
        "identity": {"type": "None"},
        "properties": {
            "provisioningState": "Succeeded",
            "runningStatus": "Running",
            "environmentId": f"{id_.rpartition('/')[0]}/env",
            "configuration": {
                "activeRevisionsMode": "Single",
                "ingress": ingress,
                "maxInactiveRevisions": 100,
            },
            "template": {
                "containers": [
                    {
                        "name": name,
                        "image": "registry.azurecr.io/app:1.4",
                        "resources": {"cpu": 0.5, "memory": "1Gi", "ephemeralStorage": "2Gi"},
                        "probes": [],
                    }
                ],
                "scale": {"minReplicas": 1, "maxReplicas": 3},
            },
        },
    }


Maker = Callable[[Draw, str, str], Row]

KINDS: tuple[tuple[str, int, Maker], ...] = (
    ("Microsoft.Compute/virtualMachines", 14, machine),
    ("Microsoft.Storage/storageAccounts", 12, storage),
    ("Microsoft.Compute/disks", 12, disk),
    ("Microsoft.Network/networkInterfaces", 10, interface),
    ("Microsoft.Network/networkSecurityGroups", 8, security_group),
    ("Microsoft.Web/sites", 7, site),
    ("Microsoft.KeyVault/vaults", 6, vault),
    ("Microsoft.Sql/servers/databases", 5, database),
    ("Microsoft.Network/virtualNetworks", 4, network),
    ("Microsoft.Network/publicIPAddresses", 4, address),
    ("Microsoft.Sql/servers", 3, sql_server),
    ("Microsoft.ContainerService/managedClusters", 2, cluster),
    ("Microsoft.ContainerRegistry/registries", 2, registry),
    ("Microsoft.DocumentDB/databaseAccounts", 2, cosmos),
    ("Microsoft.EventHub/namespaces", 2, messaging),
    ("Microsoft.CognitiveServices/accounts", 2, ai_service),
    ("Microsoft.DBforPostgreSQL/flexibleServers", 2, postgres),
    ("Microsoft.Cache/redis", 1, cache),
    ("Microsoft.Automation/automationAccounts", 1, automation),
    ("Microsoft.App/containerApps", 1, container_app),
)
_WEIGHTS = [weight for _, weight, _ in KINDS]


def rows(count: int, seed: int = SEED, *, odd_keys: bool = True) -> Iterator[Row]:
    """That many rows, no two with one id. `odd_keys`: some spell property keys in another letter case."""
    draw = random.Random(seed)
    for index in range(count):
        row = _row(index, draw)
        if odd_keys and index % ODD_KEYS == ODD_KEYS - 1:
            row["properties"] = {key[:1].upper() + key[1:]: value for key, value in row["properties"].items()}
        yield row


def _row(index: int, draw: Draw) -> Row:
    type_, _, make = draw.choices(KINDS, _WEIGHTS)[0]
    subscription = draw.choice(SUBSCRIPTIONS)
    environment = draw.choice(ENVIRONMENTS)
    group = f"rg-{environment}-{draw.randrange(40):02d}"
    name = f"{type_.rpartition('/')[2][:6].lower()}{index:07d}"
    place = type_
    if type_ == "Microsoft.Sql/servers/databases":
        place = f"Microsoft.Sql/servers/sql{index % 97:04d}/databases"
    id_ = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{place}/{name}"
    tags: Row | None = {
        "environment": environment,
        "owner": f"team-{draw.randrange(30)}@contoso.example",
        "costCenter": f"{draw.randrange(4000, 4100)}",
        "application": f"app-{draw.randrange(400)}",
    }
    if chance(draw, 0.2):
        tags = None if chance(draw, 0.5) else {"environment": environment}
    row: Row = {
        "id": id_,
        "name": name,
        "type": type_.lower() if chance(draw, 0.5) else type_,
        "tenantId": TENANT,
        "kind": "",
        "location": draw.choice(REGIONS),
        "resourceGroup": group,
        "subscriptionId": subscription,
        "managedBy": "",
        "sku": None,
        "plan": None,
        "properties": None,
        "tags": tags,
        "identity": None,
        "zones": None,
        "extendedLocation": None,
    }
    row.update(make(draw, id_, name))
    return row


def write(file: Path, count: int, seed: int = SEED, *, odd_keys: bool = True) -> Path:
    """An inventory in JSON lines."""
    with file.open("wb") as out:
        for row in rows(count, seed, odd_keys=odd_keys):
            out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return file


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), odd_keys="--plain" not in sys.argv)
