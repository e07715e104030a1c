"""The tree of management groups and the subscriptions in it."""

from __future__ import annotations

import pytest

from blueprinter.sandbox.hierarchy import groups_above, scopes_above, subscriptions_in
from unit.sandbox.heart_box import SUB, Asking

TENANT = "00000000-0000-0000-0000-0000000000aa"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUPS = "/providers/Microsoft.Management/managementGroups"


def make(asking: Asking, name: str, parent: str = "", title: str = "") -> None:
    properties: dict[str, object] = {"displayName": title or name.title()}
    if parent:
        properties["details"] = {"parent": {"id": f"{GROUPS}/{parent}"}}
    answer = asking.ask("PUT", f"{GROUPS}/{name}", {"properties": properties})
    assert answer.status == 202, answer.json()
    result = asking.ask("GET", answer.headers["Azure-AsyncOperation"]).json()
    assert result["status"] == "Succeeded"


@pytest.fixture
def asking() -> Asking:
    found = Asking()
    make(found, "corp")
    make(found, "land", "corp")
    return found


def test_a_group_comes_by_work_of_its_own() -> None:
    asking = Asking()
    answer = asking.ask("PUT", f"{GROUPS}/new", {"properties": {"displayName": "New"}})
    assert (answer.status, answer.json()["status"]) == (202, "NotStarted")
    made = asking.ok("GET", f"{GROUPS}/new")
    details = made["properties"]["details"]
    assert made["properties"]["displayName"] == "New"
    assert details["parent"] == {
        "id": f"{GROUPS}/{TENANT}",
        "name": TENANT,
        "displayName": "Tenant Root Group",
    }
    assert details["version"] == 1


def test_group_is_changed_and_moved(asking: Asking) -> None:
    changed = asking.ask("PUT", f"{GROUPS}/land", {"properties": {"displayName": "Landing"}})
    assert (changed.status, changed.json()["properties"]["displayName"]) == (200, "Landing")
    assert changed.json()["properties"]["details"]["parent"]["name"] == "corp"
    moved = asking.ok("PATCH", f"{GROUPS}/land", {"parentGroupId": f"{GROUPS}/{TENANT}"})
    assert moved["properties"]["details"]["parent"]["name"] == TENANT


@pytest.mark.parametrize(
    ("method", "path", "body", "refusal"),
    [
        ("GET", f"{GROUPS}/none", None, (404, "NotFound")),
        ("PUT", f"{GROUPS}/x", {"properties": {"colour": 1}}, (400, "InvalidRequestContent")),
        ("PATCH", f"{GROUPS}/corp", {"parentGroupId": "land"}, (400, "CircularDependency")),
        ("DELETE", f"{GROUPS}/corp", None, (400, "BadRequest")),
        ("DELETE", f"{GROUPS}/{TENANT}", None, (400, "BadRequest")),
        ("PUT", f"{GROUPS}/land/subscriptions/none", None, (404, "NotFound")),
    ],
)
def test_request_is_refused(
    asking: Asking, method: str, path: str, body: object, refusal: tuple[int, str]
) -> None:
    assert asking.refused(method, path, body) == refusal


def test_depth_is_limited(asking: Asking) -> None:
    parent = "land"
    for level in range(4):
        make(asking, f"level{level}", parent)
        parent = f"level{level}"
    body = {"properties": {"details": {"parent": {"id": f"{GROUPS}/{parent}"}}}}
    assert asking.refused("PUT", f"{GROUPS}/deep", body) == (400, "HierarchyDepthExceeded")


def test_subscription_is_moved_in_and_out(asking: Asking) -> None:
    path = f"{GROUPS}/land/subscriptions/{SUBSCRIPTION}"
    found = asking.ok("PUT", path)
    assert found["properties"]["parent"] == {"id": f"{GROUPS}/land"}
    assert asking.names(f"{GROUPS}/land/subscriptions") == [SUBSCRIPTION]
    with asking.box.open_box() as box:
        assert groups_above(box, SUB) == (f"{GROUPS}/land", f"{GROUPS}/corp", f"{GROUPS}/{TENANT}")
        assert subscriptions_in(box, f"{GROUPS}/corp") == (SUB,)
        vault = f"{SUB}/resourceGroups/rg/providers/A.B/c/d"
        assert scopes_above(box, vault)[:3] == (vault, f"{SUB}/resourceGroups/rg", SUB)
        assert scopes_above(box, vault)[3:] == groups_above(box, SUB)
    assert asking.ask("DELETE", path).status == 200
    assert asking.ask("DELETE", path).status == 204
    assert asking.refused("GET", path) == (404, "NotFound")


def test_children_path_and_descendants(asking: Asking) -> None:
    asking.ok("PUT", f"{GROUPS}/land/subscriptions/{SUBSCRIPTION}")
    one = asking.ok("GET", f"{GROUPS}/corp?$expand=children")["properties"]["children"]
    assert [(child["name"], "children" in child) for child in one] == [("land", False)]
    deep = asking.ok("GET", f"{GROUPS}/corp?$expand=children&$recurse=true")["properties"]["children"]
    assert deep[0]["children"] == [
        {"type": "/subscriptions", "id": SUB, "name": SUBSCRIPTION, "displayName": "Sandbox"}
    ]
    only = f"{GROUPS}/land?$expand=children&$filter=children.childType%20ne%20Subscription"
    assert asking.ok("GET", only)["properties"]["children"] is None
    path = asking.ok("GET", f"{GROUPS}/land?$expand=path")["properties"]["details"]["path"]
    assert [group["name"] for group in path] == [TENANT, "corp"]
    assert asking.names(f"{GROUPS}/corp/descendants?$top=1") == ["land", SUBSCRIPTION]
    assert sorted(asking.names(GROUPS)) == [TENANT, "corp", "land"]


def test_entities_and_names(asking: Asking) -> None:
    entities = asking.ok("POST", "/providers/Microsoft.Management/getEntities")["value"]
    chains = {row["name"]: row["properties"]["parentNameChain"] for row in entities}
    assert chains == {TENANT: [], "corp": [TENANT], "land": [TENANT, "corp"], SUBSCRIPTION: [TENANT]}
    check = "/providers/Microsoft.Management/checkNameAvailability"
    assert asking.ok("POST", check, {"name": "corp"})["reason"] == "AlreadyExists"
    assert asking.ok("POST", check, {"name": "free"}) == {"nameAvailable": True}


def test_empty_group_is_deleted(asking: Asking) -> None:
    accepted = asking.ask("DELETE", f"{GROUPS}/land")
    assert accepted.status == 202
    assert asking.ok("GET", accepted.headers["Location"])["status"] == "Succeeded"
    assert asking.ask("DELETE", f"{GROUPS}/land").status == 204


def test_settings_are_those_of_the_root(asking: Asking) -> None:
    path = f"{GROUPS}/{TENANT}/settings"
    assert asking.ok("GET", path) == {"value": []}
    body = {"properties": {"requireAuthorizationForGroupCreation": True}}
    asking.ok("PUT", f"{path}/default", body)
    asking.ok("PATCH", f"{path}/default", {"properties": {"defaultManagementGroup": f"{GROUPS}/corp"}})
    assert asking.ok("GET", f"{path}/default")["properties"] == {
        "requireAuthorizationForGroupCreation": True,
        "defaultManagementGroup": f"{GROUPS}/corp",
        "tenantId": TENANT,
    }
    assert asking.refused("PUT", f"{GROUPS}/corp/settings/default", body) == (400, "BadRequest")
    assert asking.ask("DELETE", f"{path}/default").status == 200
    assert asking.refused("GET", f"{path}/default") == (404, "NotFound")
