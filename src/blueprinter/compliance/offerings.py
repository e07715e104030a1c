"""The services behind resource providers, by the names that certificates use for them.

A certificate's list of services names products (`Azure Storage`), an inventory namespaces (`Microsoft.Storage`).
Source of the names: Microsoft Learn, "Resource providers for Azure services"; of what is out of scope in Azure
Government: Azure compliance documentation, "ISO/IEC 27001".
"""

from __future__ import annotations

from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.table import Table


class Offering(Struct, frozen=True):
    """A resource provider and the service that people know it by."""

    name: str
    """The namespace."""
    service: str
    outside: tuple[str, ...] = ()
    """Clouds for which Microsoft publishes that its certificates leave the service out."""


OFFERINGS: Table[Offering] = Table(
    (
        Offering("Microsoft.AAD", "Microsoft Entra Domain Services"),
        Offering("Microsoft.AlertsManagement", "Azure Monitor"),
        Offering("Microsoft.AnalysisServices", "Azure Analysis Services"),
        Offering("Microsoft.ApiManagement", "Azure API Management"),
        Offering("Microsoft.App", "Azure Container Apps"),
        Offering("Microsoft.AppConfiguration", "Azure App Configuration"),
        Offering("Microsoft.Automation", "Azure Automation"),
        Offering("Microsoft.Batch", "Azure Batch"),
        Offering("Microsoft.BotService", "Azure AI Bot Service"),
        Offering("Microsoft.Cache", "Azure Cache for Redis"),
        Offering("Microsoft.Cdn", "Azure Front Door and Content Delivery Network"),
        Offering("Microsoft.CognitiveServices", "Azure AI services"),
        Offering("Microsoft.Compute", "Azure Virtual Machines"),
        Offering("Microsoft.ContainerInstance", "Azure Container Instances"),
        Offering("Microsoft.ContainerRegistry", "Azure Container Registry"),
        Offering("Microsoft.ContainerService", "Azure Kubernetes Service"),
        Offering("Microsoft.DataFactory", "Azure Data Factory"),
        Offering("Microsoft.DataProtection", "Azure Backup"),
        Offering("Microsoft.Databricks", "Azure Databricks"),
        Offering("Microsoft.DBforMariaDB", "Azure Database for MariaDB"),
        Offering("Microsoft.DBforMySQL", "Azure Database for MySQL"),
        Offering("Microsoft.DBforPostgreSQL", "Azure Database for PostgreSQL"),
        Offering("Microsoft.DesktopVirtualization", "Azure Virtual Desktop"),
        Offering("Microsoft.Devices", "Azure IoT Hub"),
        Offering("Microsoft.DevTestLab", "Azure Lab Services"),
        Offering("Microsoft.DocumentDB", "Azure Cosmos DB"),
        Offering("Microsoft.EventGrid", "Azure Event Grid"),
        Offering("Microsoft.EventHub", "Azure Event Hubs"),
        Offering("Microsoft.HDInsight", "Azure HDInsight"),
        Offering("Microsoft.HybridCompute", "Azure Arc"),
        Offering("Microsoft.Insights", "Azure Monitor"),
        Offering("Microsoft.KeyVault", "Azure Key Vault"),
        Offering("Microsoft.Kusto", "Azure Data Explorer"),
        Offering("Microsoft.Logic", "Azure Logic Apps"),
        Offering("Microsoft.MachineLearningServices", "Azure Machine Learning"),
        Offering("Microsoft.Maintenance", "Azure Maintenance"),
        Offering("Microsoft.ManagedIdentity", "Managed identities for Azure resources"),
        Offering("Microsoft.Migrate", "Azure Migrate"),
        Offering("Microsoft.NetApp", "Azure NetApp Files"),
        Offering("Microsoft.Network", "Azure networking"),
        Offering("Microsoft.NotificationHubs", "Azure Notification Hubs"),
        Offering("Microsoft.OperationalInsights", "Azure Monitor Logs"),
        Offering("Microsoft.OperationsManagement", "Azure Monitor"),
        Offering("Microsoft.PowerBIDedicated", "Power BI Embedded"),
        Offering("Microsoft.Purview", "Microsoft Purview"),
        Offering("Microsoft.RecoveryServices", "Azure Backup and Site Recovery"),
        Offering("Microsoft.RedHatOpenShift", "Azure Red Hat OpenShift"),
        Offering("Microsoft.Relay", "Azure Relay"),
        Offering("Microsoft.Search", "Azure AI Search"),
        Offering("Microsoft.Security", "Microsoft Defender for Cloud"),
        Offering("Microsoft.SecurityInsights", "Microsoft Sentinel"),
        Offering("Microsoft.ServiceBus", "Azure Service Bus"),
        Offering("Microsoft.ServiceFabric", "Azure Service Fabric"),
        Offering("Microsoft.SignalRService", "Azure SignalR Service"),
        Offering("Microsoft.Sql", "Azure SQL Database"),
        Offering("Microsoft.SqlVirtualMachine", "SQL Server on Azure Virtual Machines"),
        Offering("Microsoft.Storage", "Azure Storage"),
        Offering("Microsoft.StorageSync", "Azure File Sync"),
        Offering("Microsoft.StreamAnalytics", "Azure Stream Analytics"),
        Offering("Microsoft.Synapse", "Azure Synapse Analytics"),
        Offering("Microsoft.UniversalPrint", "Universal Print", ("AzureUSGovernment",)),
        Offering("Microsoft.VisualStudio", "Azure DevOps"),
        Offering("Microsoft.Web", "Azure App Service and Functions"),
    )
)

CONTROL_PLANE = frozenset(
    map(
        fold,
        (
            "Microsoft.Advisor",
            "Microsoft.Authorization",
            "Microsoft.Billing",
            "Microsoft.Blueprint",
            "Microsoft.Consumption",
            "Microsoft.CostManagement",
            "Microsoft.Features",
            "Microsoft.GuestConfiguration",
            "Microsoft.Management",
            "Microsoft.ManagedServices",
            "Microsoft.PolicyInsights",
            "Microsoft.Portal",
            "Microsoft.ResourceGraph",
            "Microsoft.ResourceHealth",
            "Microsoft.Resources",
            "Microsoft.Solutions",
            "Microsoft.Subscription",
            "Microsoft.Support",
        ),
    )
)
"""Folded namespaces of Azure Resource Manager itself: groups, locks, assignments, dashboards. A certificate names no
service for them, so none is asked for."""


def service_name(namespace: str) -> str:
    """The service that a resource provider belongs to; its namespace where no name is known."""
    found = OFFERINGS.get(namespace)
    return found.service if found is not None else namespace


def is_control_plane(namespace: str) -> bool:
    return fold(namespace) in CONTROL_PLANE
