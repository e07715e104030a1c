"""Sample queries of Microsoft Learn ("Starter Resource Graph query samples", "Advanced Resource Graph query samples")
over a machine with its network card and address, databases in a pool, tagged groups."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from blueprinter.sandbox.kql import Table, Type, run

COLUMNS = {
    **dict.fromkeys(("id", "name", "type", "location", "resourceGroup", "subscriptionId"), Type.TEXT),
    **dict.fromkeys(("sku", "properties", "tags"), Type.DYNAMIC),
}


def _row(type: str, name: str, group: str = "rg", **more: Any) -> dict[str, Any]:
    row = {column: "" if kind is Type.TEXT else None for column, kind in COLUMNS.items()}
    return {
        **row,
        "id": f"/{name}",
        "name": name,
        "type": type,
        "resourceGroup": group,
        "subscriptionId": "s",
        **more,
    }


RESOURCES = [
    _row(
        "microsoft.compute/virtualmachines",
        "Contoso7",
        properties={
            "hardwareProfile": {"vmSize": "Standard_B2s"},
            "storageProfile": {"osDisk": {"osType": "Linux"}},
            "networkProfile": {"networkInterfaces": [{"id": "/nic"}]},
        },
    ),
    _row(
        "microsoft.compute/virtualmachines",
        "other",
        properties={"storageProfile": {"osDisk": {"osType": "Windows"}}},
    ),
    _row(
        "microsoft.network/networkinterfaces",
        "nic",
        properties={
            "ipConfigurations": [
                {"properties": {"primary": False, "publicIPAddress": {"id": "/none"}}},
                {"properties": {"primary": True, "publicIPAddress": {"id": "/ip"}}},
            ]
        },
    ),
    _row("microsoft.network/publicipaddresses", "ip", properties={"ipAddress": "203.0.113.7"}),
    _row("microsoft.sql/servers/databases", "pooled", properties={"elasticPoolId": "/POOL"}),
    _row("microsoft.sql/servers/databases", "alone", properties={}),
    _row("microsoft.sql/servers/elasticpools", "Pool", properties={"state": "Ready"}),
    _row("microsoft.storage/storageaccounts", "one", tags={"tag with a space": "Custom value"}),
    _row("microsoft.storage/storageaccounts", "two", group="rg2"),
    _row(
        "microsoft.documentdb/databaseaccounts",
        "cosmos",
        properties={"writeLocations": [{"locationName": "East US"}, {"locationName": "West US"}]},
    ),
    _row("microsoft.compute/virtualmachinescalesets", "contoso-set", sku={"name": "B2s", "capacity": 3}),
]
CONTAINERS = [
    _row("microsoft.resources/subscriptions", "Sub", group=""),
    _row("microsoft.resources/subscriptions/resourcegroups", "rg", tags={"Key1": "value1"}),
    _row("microsoft.resources/subscriptions/resourcegroups", "rg2", group="rg2", tags={}),
]


def _ask(query: str) -> list[dict[str, Any]]:
    tables = {
        "Resources": Table(COLUMNS, lambda: RESOURCES),
        "ResourceContainers": Table(COLUMNS, lambda: CONTAINERS),
    }
    return list(run(query, tables, default_table="Resources", now=datetime(2026, 11, 20, tzinfo=UTC)).rows)


def test_count_resources() -> None:
    assert _ask("summarize count()") == [{"count_": 11}]


def test_machines_by_operating_system() -> None:
    found = _ask(
        """where type =~ 'Microsoft.Compute/virtualMachines'
        | extend os = properties.storageProfile.osDisk.osType
        | summarize count () by tostring(os)"""
    )
    assert found == [{"os": "Linux", "count_": 1}, {"os": "Windows", "count_": 1}]


def test_first_machines_with_their_system() -> None:
    found = _ask(
        """where type =~ 'Microsoft.Compute/virtualMachines'
        | project name, properties.storageProfile.osDisk.osType
        | top 5 by name desc"""
    )
    assert found[0] == {"name": "other", "properties_storageProfile_osDisk_osType": "Windows"}


def test_addresses() -> None:
    found = _ask(
        """where type contains 'publicIPAddresses' and isnotempty(properties.ipAddress)
        | project properties.ipAddress | limit 100"""
    )
    assert found == [{"properties_ipAddress": "203.0.113.7"}]


def test_tag_with_a_space() -> None:
    found = _ask(
        """where type =~ 'Microsoft.Storage/storageAccounts'
        | where tags['tag with a space']=='Custom value'"""
    )
    assert [row["name"] for row in found] == ["one"]


def test_scale_sets() -> None:
    found = _ask(
        """Resources
        | where type=~ 'microsoft.compute/virtualmachinescalesets'
        | where name contains 'contoso'
        | project subscriptionId, name, Capacity = toint(sku.capacity), Tier = sku.name
        | order by Capacity desc"""
    )
    assert found == [{"subscriptionId": "s", "name": "contoso-set", "Capacity": 3, "Tier": "B2s"}]


def test_columns_taken_away() -> None:
    found = _ask(
        """Resources
        | summarize resourceCount=count() by subscriptionId
        | join (ResourceContainers | where type=='microsoft.resources/subscriptions'
          | project SubName=name, subscriptionId) on subscriptionId
        | project-away subscriptionId, subscriptionId1"""
    )
    assert found == [{"resourceCount": 11, "SubName": "Sub"}]


def test_machines_by_regular_expression() -> None:
    found = _ask(
        """Resources
        | where type =~ 'microsoft.compute/virtualmachines' and name matches regex @'^Contoso(.*)[0-9]+$'
        | project name
        | order by name asc"""
    )
    assert found == [{"name": "Contoso7"}]


def test_write_locations() -> None:
    found = _ask(
        """Resources
        | where type =~ 'microsoft.documentdb/databaseaccounts'
        | project id, name, writeLocations = (properties.writeLocations)
        | mv-expand writeLocations
        | project id, name, writeLocation = tostring(writeLocations.locationName)
        | where writeLocation in ('East US', 'West US')
        | summarize by id, name"""
    )
    assert found == [{"id": "/cosmos", "name": "cosmos"}]


def test_databases_and_their_pools() -> None:
    found = _ask(
        """Resources
        | where type =~ 'microsoft.sql/servers/databases'
        | project databaseId = id, databaseName = name, elasticPoolId = tolower(tostring(properties.elasticPoolId))
        | join kind=leftouter (
            Resources
            | where type =~ 'microsoft.sql/servers/elasticpools'
            | project elasticPoolId = tolower(id), elasticPoolName = name, elasticPoolState = properties.state)
        on elasticPoolId
        | project-away elasticPoolId1"""
    )
    assert [(row["databaseName"], row["elasticPoolName"], row["elasticPoolState"]) for row in found] == [
        ("pooled", "Pool", "Ready"),
        ("alone", "", None),
    ]


def test_machines_with_their_addresses() -> None:
    found = _ask(
        """Resources
        | where type =~ 'microsoft.compute/virtualmachines'
        | extend nics=array_length(properties.networkProfile.networkInterfaces)
        | mv-expand nic=properties.networkProfile.networkInterfaces
        | where nics == 1 or nic.properties.primary =~ 'true' or isempty(nic)
        | project vmId = id, vmName = name, vmSize=tostring(properties.hardwareProfile.vmSize), nicId = tostring(nic.id)
        | join kind=leftouter (
            Resources
            | where type =~ 'microsoft.network/networkinterfaces'
            | extend ipConfigsCount=array_length(properties.ipConfigurations)
            | mv-expand ipconfig=properties.ipConfigurations
            | where ipConfigsCount == 1 or ipconfig.properties.primary =~ 'true'
            | project nicId = id, publicIpId = tostring(ipconfig.properties.publicIPAddress.id))
        on nicId
        | project-away nicId1
        | summarize by vmId, vmName, vmSize, nicId, publicIpId
        | join kind=leftouter (
            Resources
            | where type =~ 'microsoft.network/publicipaddresses'
            | project publicIpId = id, publicIpAddress = properties.ipAddress)
        on publicIpId
        | project-away publicIpId1"""
    )
    assert [(row["vmName"], row["vmSize"], row["publicIpAddress"]) for row in found] == [
        ("Contoso7", "Standard_B2s", "203.0.113.7"),
        ("other", "", None),
    ]


def test_accounts_in_tagged_groups() -> None:
    found = _ask(
        """Resources
        | where type =~ 'microsoft.storage/storageaccounts'
        | join kind=inner (
            ResourceContainers
            | where type =~ 'microsoft.resources/subscriptions/resourcegroups'
            | where tags['Key1'] =~ 'Value1'
            | project subscriptionId, resourceGroup)
        on subscriptionId, resourceGroup
        | project-away subscriptionId1, resourceGroup1"""
    )
    assert [row["name"] for row in found] == ["one"]


def test_two_results_in_one() -> None:
    found = _ask(
        """ResourceContainers
        | where type=='microsoft.resources/subscriptions/resourcegroups' | project name, type | limit 5
        | union (Resources | project name, type | limit 5)"""
    )
    assert len(found) == 7
