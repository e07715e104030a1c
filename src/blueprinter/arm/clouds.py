"""The Azure clouds with their endpoints, and how locations are compared."""

from __future__ import annotations

from msgspec import Struct

from blueprinter.arm.model import Value
from blueprinter.casing import fold
from blueprinter.table import Table

_IMAGE_ALIASES = (
    "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/"
    "arm-compute/quickstart-templates/aliases.json"
)


class CloudRow(Struct, frozen=True):
    """One cloud: what `environment()` of a template gives, and whether it still exists."""

    name: str
    title: str
    resource_manager: str
    portal: str
    gallery: str
    graph: str
    graph_audience: str
    authentication: str
    """Where users sign in."""
    audience: str
    """What tokens for the classic management service are for."""
    batch: str
    media: str
    sql_management: str
    suffixes: tuple[tuple[str, str], ...]
    """Suffix names of `environment().suffixes` with their values."""
    data_lake: str = ""
    retired: bool = False

    def environment(self) -> dict[str, Value]:
        """The object that the template function `environment()` returns (Microsoft Learn, "Deployment functions
        for ARM templates")."""
        return {
            "name": self.name,
            "gallery": self.gallery,
            "graph": self.graph,
            "portal": self.portal,
            "graphAudience": self.graph_audience,
            "activeDirectoryDataLake": self.data_lake,
            "batch": self.batch,
            "media": self.media,
            "sqlManagement": self.sql_management,
            "vmImageAliasDoc": _IMAGE_ALIASES,
            "resourceManager": self.resource_manager,
            "authentication": {
                "loginEndpoint": self.authentication,
                "audiences": [self.audience, self.resource_manager],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "suffixes": dict(self.suffixes),
        }


CLOUDS: Table[CloudRow] = Table(
    (
        CloudRow(
            name="AzureCloud",
            title="Azure",
            resource_manager="https://management.azure.com/",
            portal="https://portal.azure.com",
            gallery="https://gallery.azure.com/",
            graph="https://graph.windows.net/",
            graph_audience="https://graph.windows.net/",
            authentication="https://login.microsoftonline.com/",
            audience="https://management.core.windows.net/",
            batch="https://batch.core.windows.net/",
            media="https://rest.media.azure.net",
            sql_management="https://management.core.windows.net:8443/",
            data_lake="https://datalake.azure.net/",
            suffixes=(
                ("acrLoginServer", ".azurecr.io"),
                ("azureDatalakeAnalyticsCatalogAndJob", "azuredatalakeanalytics.net"),
                ("azureDatalakeStoreFileSystem", "azuredatalakestore.net"),
                ("azureFrontDoorEndpointSuffix", "azurefd.net"),
                ("keyvaultDns", ".vault.azure.net"),
                ("sqlServerHostname", ".database.windows.net"),
                ("storage", "core.windows.net"),
            ),
        ),
        CloudRow(
            name="AzureUSGovernment",
            title="Azure Government",
            resource_manager="https://management.usgovcloudapi.net/",
            portal="https://portal.azure.us",
            gallery="https://gallery.usgovcloudapi.net/",
            graph="https://graph.windows.net/",
            graph_audience="https://graph.windows.net/",
            authentication="https://login.microsoftonline.us/",
            audience="https://management.core.usgovcloudapi.net/",
            batch="https://batch.core.usgovcloudapi.net/",
            media="https://rest.media.usgovcloudapi.net",
            sql_management="https://management.core.usgovcloudapi.net:8443/",
            suffixes=(
                ("acrLoginServer", ".azurecr.us"),
                ("azureFrontDoorEndpointSuffix", "azurefd.us"),
                ("keyvaultDns", ".vault.usgovcloudapi.net"),
                ("sqlServerHostname", ".database.usgovcloudapi.net"),
                ("storage", "core.usgovcloudapi.net"),
            ),
        ),
        CloudRow(
            name="AzureChinaCloud",
            title="Azure operated by 21Vianet",
            resource_manager="https://management.chinacloudapi.cn/",
            portal="https://portal.azure.cn",
            gallery="https://gallery.chinacloudapi.cn/",
            graph="https://graph.chinacloudapi.cn/",
            graph_audience="https://graph.chinacloudapi.cn/",
            authentication="https://login.chinacloudapi.cn/",
            audience="https://management.core.chinacloudapi.cn/",
            batch="https://batch.chinacloudapi.cn/",
            media="https://rest.media.chinacloudapi.cn",
            sql_management="https://management.core.chinacloudapi.cn:8443/",
            suffixes=(
                ("acrLoginServer", ".azurecr.cn"),
                ("azureFrontDoorEndpointSuffix", "azurefd.cn"),
                ("keyvaultDns", ".vault.azure.cn"),
                ("sqlServerHostname", ".database.chinacloudapi.cn"),
                ("storage", "core.chinacloudapi.cn"),
            ),
        ),
        CloudRow(
            name="AzureGermanCloud",
            title="Azure Germany",
            resource_manager="https://management.microsoftazure.de/",
            portal="https://portal.microsoftazure.de",
            gallery="https://gallery.cloudapi.de/",
            graph="https://graph.cloudapi.de/",
            graph_audience="https://graph.cloudapi.de/",
            authentication="https://login.microsoftonline.de/",
            audience="https://management.core.cloudapi.de/",
            batch="https://batch.cloudapi.de/",
            media="https://rest.media.cloudapi.de",
            sql_management="https://management.core.cloudapi.de:8443/",
            suffixes=(
                ("keyvaultDns", ".vault.microsoftazure.de"),
                ("sqlServerHostname", ".database.cloudapi.de"),
                ("storage", "core.cloudapi.de"),
            ),
            retired=True,
        ),
    )
)


_LONGEST_LOCATION = 128


def normal_location(text: str) -> str:
    """A location as its short name: `East US 2` is `eastus2`. What is too long for a location stays as it is."""
    return fold("".join(text.split())) if len(text) <= _LONGEST_LOCATION else text


def same_location(left: str, right: str) -> bool:
    """Whether two texts name one location, as display name or short name."""
    return left == right or normal_location(left) == normal_location(right)
