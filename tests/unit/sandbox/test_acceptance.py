"""Moves, names of tags, reserved names, headers of every answer, addresses and bodies that cannot be."""

from __future__ import annotations

import pytest
import requests

from blueprinter.sandbox import Request, SandboxServer
from unit.sandbox.heart_box import GROUP, ORIGIN, STORAGE, SUB, Asking

TARGET = f"{SUB}/resourceGroups/target"
MOVED = f"{TARGET}/providers/Microsoft.Storage/storageAccounts/one"
LOCK = "providers/Microsoft.Authorization/locks/l"


@pytest.fixture
def asking() -> Asking:
    found = Asking()
    found.group()
    found.group("target")
    found.storage(tags={"env": "prod"})
    return found


def moving(asking: Asking, action: str = "moveResources") -> tuple[int, str]:
    """Asks for a move and waits for its end: status and code."""
    body = {"resources": [f"{STORAGE}/one"], "targetResourceGroup": TARGET}
    answer = asking.ask("POST", f"{GROUP}/{action}", body)
    assert answer.status == 202, answer.json()
    while answer.status == 202:
        location = answer.headers["Location"]
        answer = asking.ask("GET", location)
    return answer.status, "" if answer.status < 300 else answer.json()["error"]["details"][0]["code"]


def test_a_resource_moves_with_what_is_part_of_it(asking: Asking) -> None:
    asking.ok("PUT", f"{STORAGE}/one/blobServices/default", {"properties": {}})
    asking.ok("PUT", f"{STORAGE}/one/{LOCK}", {"properties": {"level": "CanNotDelete"}})
    assert moving(asking) == (204, "")
    assert asking.ok("GET", MOVED)["id"] == MOVED
    assert asking.ok("GET", f"{MOVED}/blobServices/default")["id"] == f"{MOVED}/blobServices/default"
    assert asking.refused("GET", f"{STORAGE}/one") == (404, "ResourceNotFound")
    assert asking.refused("GET", f"{MOVED}/{LOCK}") == (404, "LockNotFound")


def test_a_move_can_be_tried_first(asking: Asking) -> None:
    assert moving(asking, "validateMoveResources") == (204, "")
    asking.ok("GET", f"{STORAGE}/one")


def test_a_read_only_lock_on_either_side_stops_a_move(asking: Asking) -> None:
    for side in (GROUP, TARGET):
        asking.ok("PUT", f"{side}/{LOCK}", {"properties": {"level": "ReadOnly"}})
        assert moving(asking) == (409, "ScopeLocked")
        asking.ok("GET", f"{STORAGE}/one")
        assert asking.ask("DELETE", f"{side}/{LOCK}").status == 200
    assert moving(asking) == (204, "")


def test_moves_that_cannot_be(asking: Asking) -> None:
    body = {"resources": [f"{STORAGE}/one"], "targetResourceGroup": f"{SUB}/resourceGroups/none"}
    assert asking.refused("POST", f"{GROUP}/moveResources", body) == (404, "ResourceGroupNotFound")
    body = {"resources": [f"{STORAGE}/one"], "targetResourceGroup": GROUP}
    assert asking.refused("POST", f"{GROUP}/moveResources", body) == (409, "ResourceMoveFailed")
    body = {"resources": [MOVED], "targetResourceGroup": TARGET}
    assert asking.refused("POST", f"{GROUP}/moveResources", body) == (400, "InvalidResourceId")
    asking.ok("PUT", MOVED, {"location": "westeurope"})
    assert moving(asking) == (409, "ResourceMoveFailed")


def test_names_and_values_of_tags_are_set_beforehand(asking: Asking) -> None:
    names = f"{SUB}/tagNames"
    assert asking.ask("PUT", f"{names}/team").status == 201
    assert asking.ask("PUT", f"{names}/Team").status == 200
    assert asking.ask("PUT", f"{names}/team/tagValues/red").status == 201
    assert asking.refused("PUT", f"{names}/other/tagValues/red") == (404, "TagNameNotFound")
    listed = {row["tagName"]: row for row in asking.ok("GET", names)["value"]}
    assert listed["env"]["count"]["value"] == 1
    assert [(row["tagValue"], row["count"]["value"]) for row in listed["team"]["values"]] == [("red", 0)]
    assert asking.refused("DELETE", f"{names}/team") == (409, "TagNameInUse")
    assert asking.ask("DELETE", f"{names}/team/tagValues/red").status == 200
    assert asking.ask("DELETE", f"{names}/team").status == 200
    assert asking.ask("DELETE", f"{names}/team").status == 204


@pytest.mark.parametrize(
    ("name", "status"), [("contoso", "Allowed"), ("Azure", "Reserved"), ("MyMicrosoftSite", "Reserved")]
)
def test_reserved_names(asking: Asking, name: str, status: str) -> None:
    found = asking.ok(
        "POST", "/providers/Microsoft.Resources/checkResourceName", {"name": name, "type": "Microsoft.Web/x"}
    )
    assert found["status"] == status


def test_every_answer_says_which_request_it_was(asking: Asking) -> None:
    first, second = (asking.ask("GET", SUB).headers for _ in range(2))
    assert first["x-ms-request-id"] != second["x-ms-request-id"]
    assert first["x-ms-correlation-request-id"] == first["x-ms-request-id"]
    assert first["x-ms-ratelimit-remaining-subscription-reads"] == "11999"
    assert "x-ms-ratelimit-remaining-tenant-reads" in asking.ask("GET", "/tenants").headers
    assert [Asking().ask("GET", SUB).headers for _ in range(2)] == [Asking().ask("GET", SUB).headers] * 2
    mine = "00000000-0000-0000-0000-00000000000a"
    sent = {
        "x-ms-correlation-request-id": mine,
        "x-ms-client-request-id": mine,
        "x-ms-return-client-request-id": "true",
    }
    back = asking.ask("GET", SUB, headers=sent).headers
    assert (back["x-ms-correlation-request-id"], back["x-ms-client-request-id"]) == (mine, mine)
    forged = asking.ask("GET", SUB, headers={"x-ms-correlation-request-id": "a\r\nb: c"}).headers
    assert forged["x-ms-correlation-request-id"] == forged["x-ms-request-id"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{SUB}/resourcegroups", "MissingApiVersionParameter"),
        ("/tenants?api-version=", "MissingApiVersionParameter"),
        (f"{SUB}/resourcegroups?api-version=latest", "InvalidApiVersionParameter"),
        (f"{STORAGE}/%2e%2e/x?api-version=2024-01-01", "BadRequest"),
        (f"{STORAGE}/..?api-version=2024-01-01", "BadRequest"),
        (f"{SUB}/resourcegroups?api-version=2024-01-01&$top=-1", "InvalidTopQueryParameter"),
        (f"{SUB}/resourcegroups?api-version=2024-01-01&$skiptoken={'A' * 9000}", "InvalidSkipToken"),
    ],
)
def test_addresses_that_cannot_be(asking: Asking, path: str, code: str) -> None:
    answer = asking.box.handle(Request("GET", f"{ORIGIN}{path}"))
    assert (answer.status, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("version", ["2014-04", "2018-07-01-preview", "2026-06-01", "2023-05-01-alpha.1"])
def test_every_version_that_is_a_date_is_taken(asking: Asking, version: str) -> None:
    asking.ok("GET", f"{SUB}/resourcegroups?api-version={version}")


@pytest.mark.parametrize("name", ["a%00b", "a%3Cb", "a%5Cb", "a.", "a" * 261])
def test_names_that_no_resource_can_have(asking: Asking, name: str) -> None:
    answer = asking.refused("PUT", f"{STORAGE}/{name}", {"location": "westeurope"})
    assert answer == (400, "InvalidResourceName")


def test_nothing_is_no_item(asking: Asking) -> None:
    """Found by changing single values of good requests."""
    path = f"{SUB}/providers/Microsoft.Authorization/policySetDefinitions/s"
    body = {"properties": {"policyDefinitions": [None]}}
    assert asking.refused("PUT", path, body) == (400, "InvalidRequestContent")
    export = {"resources": 5}
    assert asking.refused("POST", f"{GROUP}/exportTemplate", export) == (400, "InvalidRequestContent")


def test_a_number_of_more_than_64_bits_in_a_template_is_refused(asking: Asking) -> None:
    body = b'{"properties": {"mode": "Incremental", "template": {"outputs": {"o": {"value": 1%s}}}}}' % (
        b"0" * 30
    )
    path = f"{GROUP}/providers/Microsoft.Resources/deployments/d?api-version=2024-01-01"
    answer = asking.box.handle(Request("PUT", f"{ORIGIN}{path}", {}, body))
    assert (answer.status, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")
    assert "Int64" in answer.json()["error"]["message"]


def test_a_host_that_is_none_is_refused(asking: Asking) -> None:

    with SandboxServer(asking.box) as server:
        answer = requests.get(
            f"{server.url}/subscriptions?api-version=2024-01-01", headers={"Host": "a[b"}, timeout=5
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
