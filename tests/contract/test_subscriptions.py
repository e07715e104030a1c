"""SubscriptionClient and ManagementGroupsMgmtClient: what there is, and who lies under whom."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.managementgroups import ManagementGroupsMgmtClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from contract.cloud import FIRST, SECOND, TENANT, Cloud


@pytest.fixture
def groups(cloud: Cloud) -> ManagementGroupsMgmtClient:
    return cloud.client(ManagementGroupsMgmtClient)


def test_tenants_and_subscriptions(cloud: Cloud) -> None:
    client = cloud.client(SubscriptionClient)
    assert [one.tenant_id for one in client.tenants.list()] == [TENANT]
    assert [one.subscription_id for one in client.subscriptions.list()] == [FIRST, SECOND]
    found = client.subscriptions.get(FIRST)
    assert (found.id, found.state, found.tenant_id) == (f"/subscriptions/{FIRST}", "Enabled", TENANT)
    with pytest.raises(HttpResponseError) as caught:
        client.subscriptions.get("00000000-0000-0000-0000-00000000dead")
    assert (caught.value.status_code, caught.value.error.code) == (404, "SubscriptionNotFound")


def test_management_group_from_birth_to_death(groups: ManagementGroupsMgmtClient) -> None:
    at = groups.management_groups
    made = at.begin_create_or_update("platform", {"properties": {"displayName": "Platform"}}).result()
    assert made.name == "platform"
    parent = {"parent": {"id": "/providers/Microsoft.Management/managementGroups/platform"}}
    at.begin_create_or_update("child", {"properties": {"displayName": "Child", "details": parent}}).result()
    groups.management_group_subscriptions.create("child", SECOND)
    found = at.get("platform", expand="children", recurse=True)
    assert found.properties.display_name == "Platform"
    assert [child.name for child in found.properties.children] == ["child"]
    assert [child.name for child in found.properties.children[0].children] == [SECOND]
    below = {one.name for one in at.get_descendants("platform")}
    assert below == {"child", SECOND}
    assert {one.name for one in at.list()} == {TENANT, "platform", "child"}
    assert at.update("platform", {"displayName": "Other"}).properties.display_name == "Other"
    with pytest.raises(HttpResponseError) as used:
        at.begin_delete("platform").result()
    assert used.value.status_code == 400
    groups.management_group_subscriptions.delete("child", SECOND)
    at.begin_delete("child").result()
    at.begin_delete("platform").result()
    assert {one.name for one in at.list()} == {TENANT}


def test_a_group_that_is_not_there(groups: ManagementGroupsMgmtClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        groups.management_groups.get("none")
    assert caught.value.status_code in (403, 404)
