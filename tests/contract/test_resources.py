"""ResourceManagementClient: resource groups, resources of any type, tags, providers."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import GenericResource, ResourceGroup, ResourceGroupPatchable, Sku

from contract.cloud import SUBSCRIPTION, Cloud

GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
VERSION = {"api_version": "2023-01-01"}
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/account"


def test_resource_group_from_birth_to_death(resources: ResourceManagementClient) -> None:
    groups = resources.resource_groups
    assert not groups.check_existence("rg")
    made = groups.create_or_update("rg", ResourceGroup(location="westeurope", tags={"a": "b"}))
    assert (made.id, made.name, made.type) == (GROUP, "rg", "Microsoft.Resources/resourceGroups")
    assert made.properties.provisioning_state == "Succeeded"
    assert groups.check_existence("RG")
    assert groups.get("RG").tags == {"a": "b"}
    assert groups.update("rg", ResourceGroupPatchable(tags={"c": "d"})).tags == {"c": "d"}
    resources.resources.begin_create_or_update_by_id(
        ACCOUNT, GenericResource(location="westeurope"), **VERSION
    ).result()
    groups.begin_delete("rg").result()
    assert not groups.check_existence("rg")
    assert not resources.resources.check_existence_by_id(ACCOUNT, **VERSION)


def test_resource_groups_in_pages(cloud: Cloud, resources: ResourceManagementClient) -> None:
    for name in ("a", "b", "c"):
        resources.resource_groups.create_or_update(
            name, ResourceGroup(location="westeurope", tags={"n": name})
        )
    cloud.sent.clear()
    assert [group.name for group in resources.resource_groups.list(top=1)] == ["a", "b", "c"]
    assert len(cloud.sent) == 3
    found = resources.resource_groups.list(filter="tagName eq 'n' and tagValue eq 'b'")
    assert [group.name for group in found] == ["b"]


def test_resource_from_birth_to_death(resources: ResourceManagementClient) -> None:
    resources.resource_groups.create_or_update("rg", ResourceGroup(location="westeurope"))
    objects = resources.resources
    made = objects.begin_create_or_update_by_id(
        ACCOUNT,
        GenericResource(
            location="westeurope", sku=Sku(name="Standard_LRS"), kind="StorageV2", properties={"x": {"y": 1}}
        ),
        **VERSION,
    ).result()
    assert (made.id, made.type) == (ACCOUNT, "Microsoft.Storage/storageAccounts")
    found = objects.get_by_id(ACCOUNT.upper().replace("/SUBSCRIPTIONS", "/subscriptions"), **VERSION)
    assert found.id == ACCOUNT
    assert (found.sku.name, found.kind, found.properties) == ("Standard_LRS", "StorageV2", {"x": {"y": 1}})
    patched = objects.begin_update_by_id(ACCOUNT, GenericResource(tags={"a": "b"}), **VERSION).result()
    assert (patched.tags, patched.properties) == ({"a": "b"}, {"x": {"y": 1}})
    assert objects.check_existence_by_id(ACCOUNT, **VERSION)
    objects.begin_delete_by_id(ACCOUNT, **VERSION).result()
    with pytest.raises(ResourceNotFoundError) as caught:
        objects.get_by_id(ACCOUNT, **VERSION)
    assert caught.value.error.code == "ResourceNotFound"


def test_resources_listed_and_filtered(cloud: Cloud, resources: ResourceManagementClient) -> None:
    for group, name, kind in (
        ("g1", "a", "storageAccounts"),
        ("g1", "b", "storageAccounts"),
        ("g2", "c", "other"),
    ):
        resources.resource_groups.create_or_update(group, ResourceGroup(location="westeurope"))
        id = f"{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Storage/{kind}/{name}"
        body = GenericResource(location="westeurope", properties={"secret": 1})
        resources.resources.begin_create_or_update_by_id(id, body, **VERSION).result()
    cloud.sent.clear()
    assert [one.name for one in resources.resources.list(top=2)] == ["a", "b", "c"]
    assert len(cloud.sent) == 2
    # lists do not show what a resource is like inside
    assert all("properties" not in one.as_dict() for one in resources.resources.list())
    wanted = "resourceType eq 'Microsoft.Storage/storageAccounts'"
    assert [one.name for one in resources.resources.list(filter=wanted)] == ["a", "b"]
    assert [one.name for one in resources.resources.list_by_resource_group("G2")] == ["c"]


def test_refusals(resources: ResourceManagementClient) -> None:
    with pytest.raises(ResourceNotFoundError) as missing:
        resources.resource_groups.get("none")
    assert (missing.value.status_code, missing.value.error.code) == (404, "ResourceGroupNotFound")
    body = GenericResource(location="westeurope")
    with pytest.raises(ResourceNotFoundError) as homeless:
        resources.resources.begin_create_or_update_by_id(ACCOUNT, body, **VERSION).result()
    assert homeless.value.error.code == "ResourceGroupNotFound"
    resources.resource_groups.create_or_update("rg", ResourceGroup(location="westeurope"))
    with pytest.raises(ResourceExistsError) as moved:
        resources.resource_groups.create_or_update("rg", ResourceGroup(location="northeurope"))
    assert moved.value.error.code == "InvalidResourceGroupLocation"
    with pytest.raises(HttpResponseError) as nameless:
        resources.resource_groups.create_or_update("ends.", ResourceGroup(location="westeurope"))
    assert nameless.value.status_code == 400
    with pytest.raises(HttpResponseError) as nowhere:
        resources.resource_groups.create_or_update("rg2", {"tags": {}})
    assert nowhere.value.error.code == "LocationRequired"


def test_tags_at_a_scope(resources: ResourceManagementClient) -> None:
    resources.resource_groups.create_or_update("rg", ResourceGroup(location="westeurope"))
    put = {"properties": {"tags": {"a": "1"}}}
    assert resources.tags.begin_create_or_update_at_scope(GROUP, put).result().properties.tags == {"a": "1"}
    merge = {"operation": "Merge", "properties": {"tags": {"b": "2"}}}
    merged = resources.tags.begin_update_at_scope(GROUP, merge).result()
    assert merged.properties.tags == {"a": "1", "b": "2"}
    assert resources.resource_groups.get("rg").tags == {"a": "1", "b": "2"}
    resources.tags.begin_delete_at_scope(GROUP).result()
    assert not resources.tags.get_at_scope(GROUP).properties.tags


def test_providers(resources: ResourceManagementClient) -> None:
    names = [provider.namespace for provider in resources.providers.list()]
    assert "Microsoft.Storage" in names
    storage = resources.providers.get("microsoft.storage", expand="resourceTypes/aliases")
    account = next(one for one in storage.resource_types if one.resource_type == "storageAccounts")
    assert account.aliases
    assert resources.providers.register("Microsoft.Storage").registration_state == "Registered"
