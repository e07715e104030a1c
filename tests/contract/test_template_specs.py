"""Template specs: versions are made, read, listed and deleted, deployed from, and refused where Azure says no.

The official client of template specs is not among the tests' dependencies; the routes are asked for as it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.resources import ResourceManagementClient

from blueprinter.azure import ArmClient, AzureError, connect_in_process
from contract.cloud import SUBSCRIPTION, Cloud
from contract.estate import make_accounts

API = "2022-02-01"
SPECS = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Resources/templateSpecs"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
TEMPLATE: dict[str, Any] = {
    "$schema": SCHEMA,
    "contentVersion": "1.0.0.0",
    "resources": [],
    "outputs": {"said": {"type": "string", "value": "from the spec"}},
}


class Specs:
    """What is asked of template specs."""

    def __init__(self, arm: ArmClient) -> None:
        self.arm = arm

    def put(self, path: str, body: Any, method: str = "PUT") -> Any:
        return self.arm.call(method, f"{SPECS}/{path}", API, body=body, idempotent=True).body

    def get(self, path: str, **query: str) -> Any:
        return self.arm.find(f"{SPECS}/{path}", API, query=query)

    def refused(self, path: str, body: Any) -> str:
        with pytest.raises(AzureError) as caught:
            self.put(path, body)
        return sorted(caught.value.codes)[0]


@pytest.fixture
def specs(cloud: Cloud, resources: ResourceManagementClient) -> Iterator[Specs]:
    make_accounts(resources, one="westeurope")
    with ArmClient(connect_in_process(cloud.handle), poll_seconds=0) as arm:
        yield Specs(arm)


def version(**more: Any) -> dict[str, Any]:
    properties = {"description": "the first", "mainTemplate": TEMPLATE, "metadata": {"a": 1}, **more}
    return {"location": "westeurope", "tags": {"blueprint": "sample"}, "properties": properties}


def test_from_birth_to_death(specs: Specs) -> None:
    made = specs.put(
        "sample", {"location": "westeurope", "properties": {"description": "d", "displayName": "n"}}
    )
    assert made["type"] == "Microsoft.Resources/templateSpecs"
    assert made["properties"] == {"description": "d", "displayName": "n"}
    first = specs.put("sample/versions/1.0.0", version())
    assert first["id"] == f"{SPECS}/sample/versions/1.0.0"
    assert first["name"] == "1.0.0"
    assert specs.get("SAMPLE/versions/1.0.0")["properties"] == version()["properties"]
    specs.put("sample/versions/1.1.0", version(description="the second"))
    rows = list(specs.arm.items(f"{SPECS}/sample/versions", API))
    assert [row["name"] for row in rows] == ["1.0.0", "1.1.0"]
    listed = specs.get("sample", **{"$expand": "versions"})["properties"]["versions"]
    assert listed["1.1.0"]["description"] == "the second"
    assert "versions" not in specs.get("sample")["properties"]
    tagged = specs.put("sample/versions/1.0.0", {"tags": {"x": "y"}}, "PATCH")
    assert (tagged["tags"], tagged["properties"]) == ({"x": "y"}, version()["properties"])
    for scope in (SUBSCRIPTION, f"{SUBSCRIPTION}/resourceGroups/rg"):
        found = list(specs.arm.items(f"{scope}/providers/Microsoft.Resources/templateSpecs", API))
        assert [row["name"] for row in found] == ["sample"]
    specs.arm.wait(specs.arm.start("DELETE", f"{SPECS}/sample/versions/1.0.0", API))
    assert specs.get("sample/versions/1.0.0") is None
    specs.arm.wait(specs.arm.start("DELETE", f"{SPECS}/sample", API))
    assert specs.get("sample") is None
    assert specs.get("sample/versions/1.1.0") is None


def test_a_version_is_written_again_as_azure_lets_it(specs: Specs) -> None:
    specs.put("sample", {"location": "westeurope", "properties": {}})
    before = specs.put("sample/versions/1", version())
    after = specs.put("sample/versions/1", version(description="again"))
    assert after["properties"]["description"] == "again"
    assert after["systemData"]["createdAt"] == before["systemData"]["createdAt"]
    assert after["systemData"]["lastModifiedAt"] > before["systemData"]["lastModifiedAt"]


def test_what_is_refused(specs: Specs) -> None:
    assert specs.refused("sample/versions/1", version()) == "TemplateSpecNotFound"
    specs.put("sample", {"location": "westeurope", "properties": {}})
    assert specs.refused("sample", {"properties": {}}) == "InvalidRequestContent"
    assert specs.refused("sample", {"location": "northeurope", "properties": {}}) == "InvalidResourceLocation"
    elsewhere = {**version(), "location": "northeurope"}
    assert specs.refused("sample/versions/1", elsewhere) == "InvalidTemplateSpecVersionLocation"
    assert specs.refused("sample/versions/1", version(mainTemplate=None)) == "InvalidTemplate"
    assert specs.refused("sample/versions/1", version(more=1)) == "InvalidRequestContent"
    big = version(metadata={"x": "y" * 2_100_000})
    assert specs.refused("sample/versions/1", big) == "TemplateSpecTooLarge"
    assert specs.refused("sam ple", {"location": "westeurope", "properties": {}}) == "InvalidResourceName"
    assert specs.refused("v" * 91, {"location": "westeurope", "properties": {}}) == "InvalidResourceName"
    linked = [{"path": "a.json"}]
    assert specs.refused("sample/versions/1", version(linkedTemplates=linked)) == "InvalidRequestContent"


def test_a_deployment_names_a_version(specs: Specs, deployments: DeploymentsMgmtClient) -> None:
    specs.put("sample", {"location": "westeurope", "properties": {}})
    specs.put("sample/versions/1", version())
    link = {"id": f"{SPECS}/sample/versions/1"}
    body: Any = {"properties": {"mode": "Incremental", "templateLink": link}}
    done = deployments.deployments.begin_create_or_update("rg", "d", body).result()
    assert done.properties.outputs == {"said": {"type": "String", "value": "from the spec"}}
