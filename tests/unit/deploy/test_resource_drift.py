"""Drift of what templates make: what differs, what only looks different, and what cannot be said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprinter.arm import Unknown, Value
from blueprinter.azure import AzureError
from blueprinter.deploy import Status, status
from blueprinter.deploy.resources import NOT_GIVEN, ONLY_AZURE, SECRET, differences_of
from blueprinter.sandbox import Response
from unit.deploy.box import SUB, Azure, Handle, Kit, settings, storage
from unit.deploy.test_commands import code, repository, url, write

__all__ = ["repository", "url"]

ACCOUNT = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/stprod1"
API = "2023-01-01"
VNET = "/subscriptions/a/resourceGroups/b/providers/Microsoft.Network/virtualNetworks/c"


def found(wanted: Value, live: Any, key: str = "properties") -> list[str]:
    return sorted(differences_of({key: {"x": wanted}}, {key: {"x": live}}).paths)


@pytest.mark.parametrize(
    ("wanted", "live"),
    [
        (True, True),
        ("TLS1_2", "tls1_2"),
        (f"{VNET}/subnets/One", f"{VNET.lower()}/subnets/one/"),
        (80, "80"),
        ("80", 80),
        ("true", True),
        (1.0, 1),
        ("1", 1.0),
        ("2026-01-01", "2026-01-01T00:00:00.0000000Z"),
        ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z"),
        ({"a": 1}, {"A": 1, "added": "by the provider"}),
        ([1, 2], [2, 1]),
        (
            [{"name": "a", "v": 1}, {"name": "b", "v": 2}],
            [{"name": "B", "v": 2}, {"name": "a", "v": 1, "etag": "x"}],
        ),
        ([{"v": 1}], [{"v": 1, "id": "/x"}]),
        (None, "the provider's own"),
        ("", "the provider's own"),
        ({}, {"a": 1}),
        ([], None),
        ([], []),
    ],
)
def test_what_providers_respell_or_add_is_no_drift(wanted: Value, live: Any) -> None:
    assert found(wanted, live) == []


@pytest.mark.parametrize(
    ("wanted", "live", "path"),
    [
        (True, False, "properties.x"),
        (True, 1, "properties.x"),
        ("a", "b", "properties.x"),
        ("2026-01-01", "2026-01-02T00:00:00Z", "properties.x"),
        ("2026-13-01", "2026-13-02", "properties.x"),
        ("x", 1, "properties.x"),
        ("1", True, "properties.x"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "properties.x.a.b"),
        ({"a": 1}, "text", "properties.x"),
        ([1], [1, 2], "properties.x"),
        ([1, 1], [1, 2], "properties.x"),
        ([], [1], "properties.x"),
        ([1], "text", "properties.x"),
        ([{"name": "a"}, {"name": "b"}], [{"name": "a"}, {"name": "c"}], "properties.x[b]"),
        ([{"name": "a", "v": 1}], [{"name": "a", "v": 2}], "properties.x[a].v"),
        ([{"v": 1}, {"v": 2}], [{"v": 1}, {"v": 3}], "properties.x[1].v"),
    ],
)
def test_what_is_drift(wanted: Value, live: Any, path: str) -> None:
    assert found(wanted, live) == [path]


def test_tags_are_compared_to_the_letter() -> None:
    assert found("Prod", "prod", "tags") == ["tags.x"]
    assert found("Prod", None, "tags") == ["tags.x"]
    assert found("1", 1, "tags") == ["tags.x"]
    assert differences_of({"tags": {"Env": "a"}}, {"tags": {"env": "a", "more": "b"}}).paths == []


def test_places_and_identities() -> None:
    wanted: dict[str, Value] = {
        "location": "West Europe",
        "identity": {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {VNET: {}}},
    }
    there = {VNET.lower(): {"principalId": "x"}}
    live: dict[str, Any] = {
        "location": "westeurope",
        "identity": {
            "type": "SystemAssigned, UserAssigned",
            "userAssignedIdentities": there,
            "principalId": "y",
        },
    }
    assert differences_of(wanted, live).paths == []
    live["identity"]["userAssignedIdentities"] = {"/other": {}}
    live["location"] = "northeurope"
    assert sorted(differences_of(wanted, live).paths) == [
        f"identity.userAssignedIdentities.{VNET}",
        "location",
    ]


def test_what_cannot_be_compared_is_named() -> None:
    wanted: dict[str, Value] = {
        "properties": {
            "asked": Unknown("reference('x').y"),
            "password": Unknown("parameters('p')", hidden=("secret",)),
            "mode": "Create",
            "list": [Unknown("reference('x').z")],
            "same": 1,
        }
    }
    found = differences_of(wanted, {"properties": {"asked": 1, "list": [2], "same": 1}})
    assert found.paths == []
    assert sorted(found.left_out) == [
        ("properties.asked", ONLY_AZURE),
        ("properties.list", ONLY_AZURE),
        ("properties.mode", NOT_GIVEN),
        ("properties.password", SECRET),
    ]


# --- against a sandbox ------------------------------------------------------------------------------------------------


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def look(azure: Azure, kit: Kit) -> Status:
    target = kit.target()
    azure.sent.clear()
    with azure.arm() as arm:
        seen = status(arm, target, settings())
    assert azure.writes == []
    return seen


def with_template(kit: Kit, template: Any, **parameters: Any) -> None:
    properties = {"resourceGroup": "app", "template": template, "parameters": parameters}
    kit.artifacts["storage"] = {"kind": "template", "properties": properties}


def change(azure: Azure, id: str = ACCOUNT, **properties: Any) -> None:
    body = azure.get(id, API)
    azure.put(id, {**body, "properties": {**body.get("properties", {}), **properties}}, API)


def test_a_changed_property_is_found_and_put_right(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    assert look(azure, kit).drifted == ()
    change(azure, supportsHttpsTrafficOnly=False, minimumTlsVersion="TLS1_0")
    (row,) = look(azure, kit).drifted
    assert (row.what, row.id, row.paths) == ("changed", ACCOUNT, ("properties.supportsHttpsTrafficOnly",))
    change(azure, supportsHttpsTrafficOnly=True)
    assert look(azure, kit).drifted == ()


def test_tags_and_places_of_a_resource_group(kit: Kit) -> None:
    kit.groups["app"]["tags"] = {"owner": "team"}
    azure = Azure()
    azure.assign(kit.target())
    assert look(azure, kit).drifted == ()
    azure.put(f"{SUB}/resourceGroups/rg-app", {"location": "westeurope", "tags": {"more": "x"}}, "2022-09-01")
    (row,) = look(azure, kit).drifted
    assert (row.what, row.paths) == ("changed", ("tags.owner",))


def test_a_child_that_no_list_has_is_missed(kit: Kit) -> None:
    template = storage()
    child = {
        "type": "Microsoft.Storage/storageAccounts/blobServices",
        "apiVersion": API,
        "name": "stprod1/default",
        "dependsOn": ["[resourceId('Microsoft.Storage/storageAccounts', 'stprod1')]"],
        "properties": {"isVersioningEnabled": True},
    }
    template["resources"].append(child)
    with_template(kit, template)
    azure = Azure()
    azure.assign(kit.target())
    assert look(azure, kit).drifted == ()
    change(azure, f"{ACCOUNT}/blobServices/default", isVersioningEnabled=False)
    (row,) = look(azure, kit).drifted
    assert row.paths == ("properties.isVersioningEnabled",)
    azure.delete(f"{ACCOUNT}/blobServices/default", API)
    (row,) = look(azure, kit).drifted
    assert (row.what, row.id) == ("missing", f"{ACCOUNT}/blobServices/default")


def test_secrets_and_what_azure_knows_are_named_and_not_shown(kit: Kit) -> None:
    template = storage()
    template["parameters"] = {"key": {"type": "secureString"}}
    template["resources"][0]["properties"] |= {
        "secret": "[concat('prefix-', parameters('key'))]",
        "group": "[reference(resourceGroup().id, '2022-09-01').provisioningState]",
    }
    with_template(kit, template, key={"value": "[parameters('key')]"})
    kit.parameters = {"key": {"type": "secureString"}}
    vault = f"{SUB}/resourceGroups/v/providers/Microsoft.KeyVault/vaults/v"
    kit.assignment["parameters"] = {"key": {"reference": {"keyVault": {"id": vault}, "secretName": "k"}}}
    azure = Azure()
    azure.put(f"{SUB}/resourceGroups/v", {"location": "westeurope"}, "2022-09-01")
    azure.put(
        vault, {"location": "westeurope", "properties": {"enabledForTemplateDeployment": True}}, "2023-07-01"
    )
    azure.put(f"{vault}/secrets/k", {"properties": {"value": "hunter2"}}, "2023-07-01")
    azure.assign(kit.target())
    seen = look(azure, kit)
    assert seen.drifted == ()
    assert {(row.why, row.paths) for row in seen.not_compared} == {
        (ONLY_AZURE, ("properties.group", "properties.secret"))
    }
    assert "hunter2" not in repr(seen)


def refusing(status: int, code: str) -> Callable[[Handle], Handle]:
    """Azure that does not show the account."""

    def around(handle: Handle) -> Handle:
        def answer(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
            if method == "GET" and "/storageAccounts/stprod1?" in url:
                return Response.of({"error": {"code": code, "message": "no"}}, status)
            return handle(method, url, headers, body)

        return answer

    return around


def test_what_may_not_be_read_is_named(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    azure.around = refusing(403, "AuthorizationFailed")
    (row,) = look(azure, kit).not_compared
    assert (row.id, row.why, row.paths) == (ACCOUNT, "it cannot be read: AuthorizationFailed", ())


@pytest.mark.parametrize("status", [429, 500])
def test_azure_that_does_not_answer_is_no_drift(kit: Kit, status: int) -> None:
    azure = Azure()
    azure.assign(kit.target())
    azure.around = refusing(status, "Busy")
    with pytest.raises(AzureError):
        look(azure, kit)


def test_what_is_put_twice_is_compared_as_it_was_put_last(kit: Kit) -> None:
    again = storage()
    again["resources"][0]["properties"] = {"supportsHttpsTrafficOnly": False}
    properties = {"resourceGroup": "app", "template": again, "parameters": {}, "dependsOn": ["storage"]}
    kit.artifacts["then"] = {"kind": "template", "properties": properties}
    azure = Azure()
    azure.assign(kit.target())
    assert look(azure, kit).drifted == ()


def test_a_name_that_is_drawn_cannot_be_looked_for(kit: Kit) -> None:
    template = storage("[parameters('drawn')]")
    template["parameters"] = {
        "drawn": {"type": "string", "defaultValue": "[concat('st', take(newGuid(), 8))]"}
    }
    with_template(kit, template)
    azure = Azure()
    azure.assign(kit.target())
    seen = look(azure, kit)
    assert seen.drifted == ()
    (row,) = seen.not_compared
    assert row.why == "its name is known only when it is deployed"


def test_the_command_says_so(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = storage()
    template["resources"][0]["properties"]["createMode"] = "Default"
    template["outputs"] = {}
    properties = {"resourceGroup": "app", "template": template, "parameters": {}}
    write("blueprints/sample/artifacts/storage.json", {"kind": "template", "properties": properties})
    assert code("assign", "assignments/prod.json", "--yes") == 0
    template["resources"][0]["kind"] = "BlobStorage"
    template["resources"][0]["properties"]["later"] = True
    write("blueprints/sample/artifacts/storage.json", {"kind": "template", "properties": properties})
    capsys.readouterr()
    assert code("drift", "assignments/prod.json") == 4
    shown = capsys.readouterr().out
    assert "changed  storageAccounts stprod1 in rg-app  (kind)" in shown
    later = "(properties.later: Azure does not give it back)"
    assert f"not compared storageAccounts stprod1 in rg-app  {later}" in shown
    assert code("-v", "drift", "assignments/prod.json") == 4
    assert f"not compared {ACCOUNT}  {later}" in capsys.readouterr().out
    assert code("drift", "assignments/prod.json", "-o", "json") == 4
    (row,) = json.loads(capsys.readouterr().out)["assignments"]
    assert [one["paths"] for one in row["drifted"] if one["type"].endswith("storageAccounts")] == [["kind"]]
    assert row["notCompared"] == [
        {
            "id": ACCOUNT,
            "type": "Microsoft.Storage/storageAccounts",
            "paths": ["properties.later"],
            "why": "Azure does not give it back",
        }
    ]
