"""ManagementLockClient: locks at every level, and what they hold back."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.resources import ResourceManagementClient

from contract.cloud import FIRST, SUBSCRIPTION, Cloud
from contract.estate import VERSION, account, make_accounts


@pytest.fixture
def locks(cloud: Cloud) -> ManagementLockClient:
    return cloud.client(ManagementLockClient, FIRST)


def _lock(level: str) -> dict[str, object]:
    return {"properties": {"level": level, "notes": "keep"}}


def test_lock_from_birth_to_death(locks: ManagementLockClient, resources: ResourceManagementClient) -> None:
    make_accounts(resources, one="westeurope")
    at = locks.management_locks
    made = at.create_or_update_at_resource_group_level("rg", "keep", _lock("CanNotDelete"))
    assert (made.level, made.notes) == ("CanNotDelete", "keep")
    assert made.id == f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Authorization/locks/keep"
    assert at.get_at_resource_group_level("rg", "KEEP").name == "keep"
    with pytest.raises(ResourceExistsError) as caught:
        resources.resources.begin_delete_by_id(account("one"), **VERSION).result()
    assert caught.value.error.code == "ScopeLocked"
    assert f"'{SUBSCRIPTION}/resourceGroups/rg'" in caught.value.error.message
    make_accounts(resources, two="westeurope")
    at.create_or_update_at_resource_group_level("rg", "keep", _lock("ReadOnly"))
    with pytest.raises(HttpResponseError) as written:
        make_accounts(resources, three="westeurope")
    assert written.value.error.code == "ScopeLocked"
    at.delete_at_resource_group_level("rg", "keep")
    resources.resources.begin_delete_by_id(account("one"), **VERSION).result()


def test_locks_of_a_subscription(locks: ManagementLockClient) -> None:
    at = locks.management_locks
    for name in ("a", "b"):
        at.create_or_update_at_subscription_level(name, _lock("CanNotDelete"))
    assert [one.name for one in at.list_at_subscription_level()] == ["a", "b"]
    at.create_or_update_by_scope(SUBSCRIPTION, "c", _lock("CanNotDelete"))
    assert {one.name for one in at.list_by_scope(SUBSCRIPTION)} == {"a", "b", "c"}
    at.delete_by_scope(SUBSCRIPTION, "c")
    with pytest.raises(HttpResponseError) as caught:
        at.create_or_update_at_subscription_level("d", _lock("Loose"))
    assert caught.value.status_code == 400
