"""Resource groups and resources of any type."""

from __future__ import annotations

import pytest

from blueprinter.sandbox import Request, Settings
from unit.sandbox.heart_box import GROUP, ORIGIN, STORAGE, SUB, Asking


@pytest.fixture
def asking() -> Asking:
    found = Asking()
    found.group()
    return found


# ---------------------------------------------------------------- resource groups


def test_group_is_made_found_and_changed(asking: Asking) -> None:
    body = {"location": "West Europe", "tags": {"team": "a"}}
    made = asking.ask("PUT", f"{SUB}/resourcegroups/new", body)
    assert made.status == 201
    assert made.json() == {
        "id": f"{SUB}/resourceGroups/new",
        "name": "new",
        "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope",
        "tags": {"team": "a"},
        "properties": {"provisioningState": "Succeeded"},
    }
    assert asking.ask("HEAD", f"{SUB}/resourcegroups/NEW").status == 204
    missing = asking.ask("HEAD", f"{SUB}/resourcegroups/other")
    assert (missing.status, missing.body) == (404, b"")
    changed = asking.ask("PATCH", f"{SUB}/resourcegroups/new", {"tags": {"other": "b"}})
    assert (changed.status, changed.json()["tags"]) == (200, {"other": "b"})


def test_put_without_tags_wipes_them(asking: Asking) -> None:
    asking.group("rg", tags={"a": "b"})
    assert asking.ask("PUT", GROUP, {"location": "westeurope"}).status == 200
    assert "tags" not in asking.ok("GET", GROUP)


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        (GROUP, {"location": "northeurope"}, (409, "InvalidResourceGroupLocation")),
        (f"{SUB}/resourcegroups/x", {}, (400, "LocationRequired")),
        (f"{SUB}/resourcegroups/x", {"location": "x", "colour": "red"}, (400, "InvalidRequestContent")),
        (f"{SUB}/resourcegroups/x", {"location": 1}, (400, "InvalidRequestContent")),
        (f"{SUB}/resourcegroups/{'x' * 91}", {"location": "x"}, (400, "InvalidResourceGroup")),
        ("/subscriptions/none/resourcegroups/x", {"location": "x"}, (404, "SubscriptionNotFound")),
    ],
)
def test_group_is_refused(asking: Asking, path: str, body: object, refusal: tuple[int, str]) -> None:
    assert asking.refused("PUT", path, body) == refusal


def test_group_goes_with_all_it_holds() -> None:
    asking = Asking(settings=Settings(steps=2, retry_after_ms=100))
    asking.group()
    asking.storage()
    accepted = asking.ask("DELETE", GROUP)
    assert (accepted.status, accepted.body) == (202, b"")
    assert accepted.headers["retry-after-ms"] == "100"
    location = accepted.headers["Location"]
    assert location.startswith(f"{ORIGIN}{SUB}/operationresults/")
    waiting = asking.ask("GET", location)
    assert (waiting.status, waiting.headers["Location"]) == (202, location)
    ended = asking.ask("GET", location)
    assert (ended.status, ended.body) == (200, b"")
    assert asking.refused("GET", f"{STORAGE}/one") == (404, "ResourceGroupNotFound")


def test_group_takes_nothing_while_it_is_deleted() -> None:
    asking = Asking(settings=Settings(steps=3))
    asking.group()
    asking.ask("DELETE", GROUP)
    assert asking.refused("PUT", f"{STORAGE}/two", {"location": "x"}) == (409, "ResourceGroupBeingDeleted")
    asking.ok("GET", SUB)
    assert asking.refused("GET", GROUP) == (404, "ResourceGroupNotFound")


def test_groups_are_listed_by_tag(asking: Asking) -> None:
    asking.group("tagged", tags={"env": "prod", "team": "dev"})
    asking.group("other", tags={"env": "dev", "team": "prod"})
    path = f"{SUB}/resourcegroups?$filter=tagName%20eq%20'env'%20and%20tagValue%20eq%20'prod'"
    assert asking.names(path) == ["tagged"]
    assert asking.names(f"{SUB}/resourcegroups?$top=2") == ["other", "rg", "tagged"]
    assert asking.refused("GET", f"{SUB}/resourcegroups?$filter=colour%20eq%20'x'") == (
        400,
        "InvalidFilterInQueryString",
    )
    assert asking.refused("GET", f"{SUB}/resourcegroups?$skiptoken=abc") == (400, "InvalidSkipToken")


# ---------------------------------------------------------------- resources


def test_resource_is_kept_as_sent(asking: Asking) -> None:
    body = {"location": "westeurope", "properties": {"any": {"thing": [1, None]}}, "sku": {"name": "S"}}
    made = asking.ask("PUT", f"{STORAGE}/One", body)
    assert made.status == 201
    assert made.json() == {
        "id": f"{STORAGE}/One",
        "name": "One",
        "type": "Microsoft.Storage/storageAccounts",
        **body,
    }
    assert asking.ask("PUT", f"{STORAGE.upper()}/one", body).status == 200
    assert asking.ok("GET", f"{STORAGE}/ONE")["id"] == f"{STORAGE}/One"
    assert asking.ask("HEAD", f"{STORAGE}/one").status == 204


def test_patch_merges_properties_and_replaces_tags(asking: Asking) -> None:
    asking.storage(tags={"a": "b"}, properties={"x": 1, "y": {"z": 2}})
    found = asking.ok(
        "PATCH", f"{STORAGE}/one", {"tags": {"c": "d"}, "properties": {"x": None, "y": {"q": 3}}}
    )
    assert found["tags"] == {"c": "d"}
    assert found["properties"] == {"y": {"z": 2, "q": 3}}


def test_deletion_is_told_from_nothing_to_delete(asking: Asking) -> None:
    asking.storage()
    asking.ok("PUT", f"{STORAGE}/one/queueServices/q", {})
    assert asking.ask("DELETE", f"{STORAGE}/one").status == 200
    assert asking.ask("DELETE", f"{STORAGE}/one").status == 204
    assert asking.refused("GET", f"{STORAGE}/one/queueServices/q") == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", f"{STORAGE}/none", (404, "ResourceNotFound")),
        ("PATCH", f"{STORAGE}/none", (404, "ResourceNotFound")),
        ("PUT", f"{GROUP}/providers/Microsoft.Sql/servers/no/databases/d", (404, "ParentResourceNotFound")),
        ("PUT", f"{SUB}/resourceGroups/no/providers/A.B/c/d", (404, "ResourceGroupNotFound")),
        ("PUT", f"{SUB}/providers/Microsoft.Management/things/x", (404, "InvalidResourceType")),
        ("GET", f"{GROUP}/providers/Microsoft.Authorization/things/x", (404, "InvalidResourceType")),
        ("PUT", STORAGE, (405, "MethodNotAllowed")),
        ("POST", f"{STORAGE}/none/listKeys", (404, "ResourceNotFound")),
        ("POST", f"{GROUP}", (405, "HttpMethodNotSupported")),
        ("GET", "/nothing", (404, "NotFound")),
    ],
)
def test_request_is_refused(asking: Asking, method: str, path: str, refusal: tuple[int, str]) -> None:
    assert asking.refused(method, path, {"location": "x"}) == refusal


def test_api_version_is_needed(asking: Asking) -> None:
    assert asking.refused("GET", f"{ORIGIN}{STORAGE}/one?api-version=") == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"'])
def test_body_is_an_object(asking: Asking, body: bytes) -> None:
    answer = asking.box.handle(Request("PUT", f"{ORIGIN}{STORAGE}/one?api-version=2024-01-01", {}, body))
    assert (answer.status, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_lists_filter_expand_and_page(asking: Asking) -> None:
    for number in range(1203):
        asking.storage(f"s{number:04}", tags={"even": str(number % 2 == 0)}, properties={"x": 1})
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"
    asking.ok("PUT", vault, {"location": "northeurope", "properties": {"provisioningState": "Creating"}})
    asking.ok("PUT", f"{vault}/secrets/s", {"properties": {}})

    everything = asking.names(f"{SUB}/resources")
    assert len(everything) == len(set(everything)) == 1204
    assert asking.names(f"{GROUP}/resources?$filter=location%20eq%20'northeurope'") == ["v"]
    assert asking.names(f"{SUB}/resources?$filter=name%20eq%20'S0007'") == ["s0007"]
    of_type = f"{SUB}/resources?$filter=resourceType%20eq%20'microsoft.keyvault/VAULTS'"
    assert asking.names(of_type) == ["v"]
    even = asking.names(f"{SUB}/resources?$filter=tagName%20eq%20'even'%20and%20tagValue%20eq%20'True'")
    assert len(even) == 602
    row = asking.ok("GET", f"{of_type}&$expand=createdTime,provisioningState")["value"][0]
    assert row["createdTime"] == "2026-11-20T06:00:00.0000000Z"
    assert row["provisioningState"] == "Creating"
    assert "properties" not in row
    assert asking.names(f"{SUB}/providers/Microsoft.KeyVault/vaults") == ["v"]
    assert asking.names(f"{vault}/secrets") == ["s"]


def test_identities_are_made_kept_and_forgotten(asking: Asking) -> None:
    identity = {"identity": {"type": "SystemAssigned"}}
    first = asking.storage(**identity)["identity"]
    assert asking.storage(**identity)["identity"] == first
    user = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
    made = asking.ok("PUT", user, {"location": "westeurope"})["properties"]
    both = asking.storage(
        "two", identity={"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {user: {}}}
    )["identity"]
    assert both["userAssignedIdentities"][user] == {
        "principalId": made["principalId"],
        "clientId": made["clientId"],
    }
    assert both["principalId"] != first["principalId"]
    assert "identity" not in asking.storage()
    missing = {"type": "UserAssigned", "userAssignedIdentities": {f"{user}x": {}}}
    assert asking.refused("PUT", f"{STORAGE}/one", {"location": "x", "identity": missing})[0] == 400


# ---------------------------------------------------------------- providers and tags


def test_unregistered_provider_takes_no_resources(asking: Asking) -> None:
    asking.ok("POST", f"{SUB}/providers/microsoft.storage/unregister")
    assert asking.ok("GET", f"{SUB}/providers/Microsoft.Storage")["registrationState"] == "NotRegistered"
    assert asking.refused("PUT", f"{STORAGE}/one", {"location": "x"}) == (
        409,
        "MissingSubscriptionRegistration",
    )
    asking.ok("POST", f"{SUB}/providers/Microsoft.Storage/register")
    assert asking.storage()["name"] == "one"


def test_providers_have_the_shipped_aliases(asking: Asking) -> None:
    plain = asking.ok("GET", f"{SUB}/providers/Microsoft.Storage")
    assert "aliases" not in plain["resourceTypes"][0]
    found = asking.ok("GET", f"{SUB}/providers/Microsoft.Storage?$expand=resourceTypes/aliases")
    accounts = next(row for row in found["resourceTypes"] if row["resourceType"] == "storageAccounts")
    paths = {alias["name"]: alias["defaultPath"] for alias in accounts["aliases"]}
    assert paths["Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly"] == (
        "properties.supportsHttpsTrafficOnly"
    )
    namespaces = [row["namespace"] for row in asking.ok("GET", f"{SUB}/providers")["value"]]
    assert {"Microsoft.Authorization", "Microsoft.Compute", "Microsoft.PolicyInsights"} <= set(namespaces)
    assert asking.refused("GET", f"{SUB}/providers/Contoso.Things") == (404, "InvalidResourceNamespace")
    asking.ok("PUT", f"{GROUP}/providers/Contoso.Things/boxes/b", {})
    assert asking.ok("GET", f"{SUB}/providers/Contoso.Things")["resourceTypes"][0]["resourceType"] == "boxes"


def test_tags_are_written_by_themselves(asking: Asking) -> None:
    asking.storage(tags={"a": "1", "b": "2"}, properties={"x": 1})
    tags = f"{STORAGE}/one/providers/Microsoft.Resources/tags/default"
    merged = asking.ok("PATCH", tags, {"operation": "Merge", "properties": {"tags": {"b": "3", "c": "4"}}})
    assert merged["properties"]["tags"] == {"a": "1", "b": "3", "c": "4"}
    asking.ok("PATCH", tags, {"operation": "Delete", "properties": {"tags": {"a": "1", "b": "other"}}})
    assert asking.ok("GET", tags)["properties"]["tags"] == {"b": "3", "c": "4"}
    asking.ok("PUT", tags, {"properties": {"tags": {"z": "9"}}})
    assert asking.ok("GET", f"{STORAGE}/one")["tags"] == {"z": "9"}
    assert asking.ok("GET", f"{STORAGE}/one")["properties"] == {"x": 1}
    assert asking.ask("DELETE", tags).status == 200
    assert asking.ok("GET", f"{STORAGE}/one")["tags"] == {}
    many = {f"t{number}": "" for number in range(51)}
    assert asking.refused("PUT", tags, {"properties": {"tags": many}})[0] == 400
    subscription = f"{SUB}/providers/Microsoft.Resources/tags/default"
    asking.ok("PUT", subscription, {"properties": {"tags": {"s": "1"}}})
    assert asking.ok("GET", SUB)["tags"] == {"s": "1"}


def test_group_is_exported_as_a_template(asking: Asking) -> None:
    asking.storage(properties={"x": 1})
    template = asking.ok("POST", f"{GROUP}/exportTemplate", {"resources": ["*"]})["template"]
    resource = template["resources"][0]
    assert (resource["type"], resource["apiVersion"], resource["name"], resource["properties"]) == (
        "Microsoft.Storage/storageAccounts",
        "2025-04-01",
        "one",
        {"x": 1},
    )


def test_subscriptions_by_name_and_id() -> None:
    id = "11111111-1111-1111-1111-111111111111"
    asking = Asking(subscriptions=["Production", id])
    found = asking.ok("GET", "/subscriptions")["value"]
    assert {row["displayName"] for row in found} == {"Production", "Sandbox"}
    assert asking.ok("GET", f"/subscriptions/{id}")["state"] == "Enabled"
    assert asking.ok("GET", "/tenants")["value"][0]["tenantId"] == Settings().tenant_id
