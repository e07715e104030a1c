"""Resource Graph over HTTP: tables, scopes, pages, formats, errors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from blueprinter.sandbox import Request, Response, Sandbox, Settings, open_sandbox

FIRST, SECOND = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
GROUP_TYPE, SUBSCRIPTION_TYPE = "Microsoft.Management/managementGroups", "Microsoft.Resources/subscriptions"
GROUPS = "/providers/Microsoft.Management/managementGroups"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Two subscriptions, the second in a management group of its own, five storage accounts."""
    box = open_sandbox(
        clock=lambda: datetime(2026, 11, 20, 6, 0, tzinfo=UTC),
        subscriptions=(FIRST, SECOND),
        settings=Settings(page_size=3),
    )
    with box:
        for subscription, names in ((FIRST, "abc"), (SECOND, "de")):
            _put(box, f"/subscriptions/{subscription}/resourceGroups/RG-One", {"location": "westeurope"})
            for name in names:
                _put(
                    box,
                    _account(subscription, name),
                    {"location": "West Europe", "properties": {"x": None, "y": 1}},
                )
        with box.open_box() as inside:
            store = inside.store
            mine = {"name": "mine", "properties": {"displayName": "Mine", "details": {}}}
            store.put(
                f"{GROUPS}/mine", GROUP_TYPE, mine, notes={"parent": f"{GROUPS}/{inside.settings.tenant_id}"}
            )
            second = store.get(f"/subscriptions/{SECOND}")
            assert second is not None
            store.put(second.id, SUBSCRIPTION_TYPE, second.body, notes={"parent": f"{GROUPS}/mine"})
            for scope in ("", f"{GROUPS}/mine", f"/subscriptions/{FIRST}", f"/subscriptions/{SECOND}"):
                name = scope.rpartition("/")[2] or "tenant"
                id = f"{scope}/providers/Microsoft.Authorization/policyDefinitions/{name}"
                body = {"id": id, "name": name, "properties": {"displayName": name}}
                store.put(id, "Microsoft.Authorization/policyDefinitions", body)
        yield box


def _account(subscription: str, name: str) -> str:
    group = f"/subscriptions/{subscription}/resourceGroups/RG-One"
    return f"{group}/providers/Microsoft.Storage/storageAccounts/{name}"


def _put(box: Sandbox, id: str, body: Any) -> None:
    url = f"https://management.azure.com{id}?api-version=2024-01-01"
    answer = box.handle(Request("PUT", url, {}, orjson.dumps(body)))
    assert answer.status in (200, 201), answer.body


def _post(box: Sandbox, body: Any, version: str = "2021-03-01") -> Response:
    url = f"https://management.azure.com/providers/Microsoft.ResourceGraph/resources?api-version={version}"
    return box.handle(Request("POST", url, {}, orjson.dumps(body)))


def _ask(box: Sandbox, query: str, version: str = "2022-10-01", **more: Any) -> Any:
    answer = _post(box, {"query": query, **more}, version)
    assert answer.status == 200, answer.body
    return answer.json()


def _names(box: Sandbox, query: str, **more: Any) -> list[str]:
    return [row["name"] for row in _ask(box, query, **more)["data"]]


def test_a_resource_has_the_columns_of_the_service(sandbox: Sandbox) -> None:
    answer = _ask(sandbox, "Resources | where name == 'a'", subscriptions=[FIRST])
    assert answer["data"] == [
        {
            "id": _account(FIRST, "a"),
            "name": "a",
            "type": "microsoft.storage/storageaccounts",
            "tenantId": "00000000-0000-0000-0000-0000000000aa",
            "kind": "",
            "location": "westeurope",
            "resourceGroup": "rg-one",
            "subscriptionId": FIRST,
            "managedBy": "",
            "sku": None,
            "plan": None,
            "properties": {"y": 1},
            "tags": None,
            "identity": None,
            "zones": None,
            "extendedLocation": None,
        }
    ]
    del answer["data"]
    assert answer == {"totalRecords": 1, "count": 1, "facets": [], "resultTruncated": "false"}


def test_quota_headers_are_in_every_answer(sandbox: Sandbox) -> None:
    for query in ("Resources", "Resources | nothing"):
        headers = _post(sandbox, {"query": query}).headers
        assert headers["x-ms-user-quota-remaining"] == "14"
        assert headers["x-ms-user-quota-resets-after"] == "00:00:05"


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ({}, ["a", "b", "c", "d", "e"]),
        ({"subscriptions": [SECOND]}, ["d", "e"]),
        ({"subscriptions": [FIRST, "00000000-0000-0000-0000-00000000dead"]}, ["a", "b", "c"]),
        ({"managementGroups": ["mine"]}, ["d", "e"]),
        ({"managementGroups": ["00000000-0000-0000-0000-0000000000aa"]}, ["a", "b", "c", "d", "e"]),
    ],
)
def test_scopes(sandbox: Sandbox, scope: Any, names: list[str]) -> None:
    """A subscription that cannot be read is left out without a word."""
    assert (
        sorted(_names(sandbox, "Resources | top 10 by name", options={"$top": 3}, **scope))
        == sorted(names)[-3:]
    )
    assert _ask(sandbox, "Resources", **scope)["totalRecords"] == len(names)


def test_containers(sandbox: Sandbox) -> None:
    query = "ResourceContainers | project name, type, subscriptionId, resourceGroup | top 9 by type asc"
    answer = _ask(sandbox, query, managementGroups=["mine"])
    assert answer["data"] == [
        {
            "name": "mine",
            "type": "microsoft.management/managementgroups",
            "subscriptionId": "",
            "resourceGroup": "",
        },
        {
            "name": "Sandbox",
            "type": "microsoft.resources/subscriptions",
            "subscriptionId": SECOND,
            "resourceGroup": "",
        },
        {
            "name": "RG-One",
            "type": "microsoft.resources/subscriptions/resourcegroups",
            "subscriptionId": SECOND,
            "resourceGroup": "rg-one",
        },
    ]
    chain = _ask(
        sandbox,
        "ResourceContainers | where type == 'microsoft.resources/subscriptions'"
        " | project properties.managementGroupAncestorsChain",
        subscriptions=[SECOND],
    )["data"][0]["properties_managementGroupAncestorsChain"]
    assert [above["displayName"] for above in chain] == ["Mine", "Tenant Root Group"]


@pytest.mark.parametrize(
    ("scope", "filter", "names"),
    [
        ({"subscriptions": [SECOND]}, None, [SECOND]),
        ({"subscriptions": [SECOND]}, "AtScopeExact", [SECOND]),
        ({"subscriptions": [SECOND]}, "AtScopeAndAbove", [SECOND, "mine", "tenant"]),
        ({"managementGroups": ["mine"]}, None, [SECOND, "mine"]),
        ({"managementGroups": ["mine"]}, "AtScopeExact", ["mine"]),
        ({"managementGroups": ["mine"]}, "AtScopeAndAbove", ["mine", "tenant"]),
        ({"managementGroups": ["mine"]}, "AtScopeAboveAndBelow", [SECOND, "mine", "tenant"]),
        ({}, None, [FIRST, SECOND, "mine"]),
    ],
)
def test_authorization_scope_filter(
    sandbox: Sandbox, scope: Any, filter: str | None, names: list[str]
) -> None:
    options = {"authorizationScopeFilter": filter} if filter else {}
    query = "policyresources | where type =~ 'microsoft.authorization/policydefinitions' | project id, name"
    found: list[str] = []
    token = None
    while True:
        answer = _ask(
            sandbox, query, options={**options, **({"$skipToken": token} if token else {})}, **scope
        )
        found += [row["name"] for row in answer["data"]]
        assert all(row["id"] == row["id"].lower() for row in answer["data"])
        token = answer.get("$skipToken")
        if token is None:
            break
    assert sorted(found) == sorted([*names, *(["tenant"] if not scope else [])])


def test_older_versions_do_not_know_the_filter(sandbox: Sandbox) -> None:
    query = (
        "policyresources | where type =~ 'microsoft.authorization/policydefinitions' | summarize n = count()"
    )
    asked = {"subscriptions": [SECOND], "options": {"authorizationScopeFilter": "AtScopeAndAbove"}}
    assert _ask(sandbox, query, "2022-10-01", **asked)["data"] == [{"n": 3}]
    assert _ask(sandbox, query, "2021-03-01", **asked)["data"] == [{"n": 1}]


def test_pages(sandbox: Sandbox) -> None:
    query = "Resources | project id, name | order by name asc"
    first = _ask(sandbox, query)
    assert (first["totalRecords"], first["count"], first["resultTruncated"]) == (5, 3, "false")
    second = _ask(sandbox, query, options={"$skipToken": first["$skipToken"]})
    assert [row["name"] for row in second["data"]] == ["d", "e"]
    assert "$skipToken" not in second
    assert _names(sandbox, query, options={"$top": 1, "$skip": 2}) == ["c"]
    other = _post(
        sandbox, {"query": "Resources | project id", "options": {"$skipToken": first["$skipToken"]}}
    )
    assert other.json()["error"]["details"][0]["code"] == "InvalidSkipToken"


@pytest.mark.parametrize(
    "query", ["Resources | project name", "Resources | limit 4", "Resources | project tags"]
)
def test_what_cannot_be_paged_is_truncated(sandbox: Sandbox, query: str) -> None:
    answer = _ask(sandbox, query)
    assert answer["count"] == 3
    assert answer["resultTruncated"] == "true"
    assert "$skipToken" not in answer


def test_table_format(sandbox: Sandbox) -> None:
    query = "Resources | where name == 'a' | project name, n = 1, r = 1.5, t = true, tags, w = now()"
    asked = {"query": query, "options": {"resultFormat": "table"}}
    expected = {
        "columns": [
            {"name": "name", "type": "string"},
            {"name": "n", "type": "integer"},
            {"name": "r", "type": "number"},
            {"name": "t", "type": "boolean"},
            {"name": "tags", "type": "object"},
            {"name": "w", "type": "datetime"},
        ],
        "rows": [["a", 1, 1.5, True, None, "2026-11-20T06:00:00.0000000Z"]],
    }
    assert _post(sandbox, asked).json()["data"] == expected
    assert _post(sandbox, {"query": query}, "2019-04-01").json()["data"] == expected


def _error(answer: Response) -> Any:
    assert answer.status == 400
    error = answer.json()["error"]
    assert error["code"] == "BadRequest"
    assert error["message"].startswith(
        "Please provide below info when asking for support: timestamp = 2026-11-20T"
    )
    return error["details"]


def test_error_of_the_parser(sandbox: Sandbox) -> None:
    details = _error(_post(sandbox, {"query": "where where"}))
    assert details[0]["code"] == "InvalidQuery"
    assert details[1] == {
        "code": "ParserFailure",
        "message": "ParserFailure",
        "line": 1,
        "characterPositionInLine": 11,
        "token": "<EOF>",
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "Resources", "subscriptions": ["x"]}, "NoValidSubscriptionsInQueryRequest"),
        ({"query": "Resources", "managementGroups": ["x"]}, "NoValidManagementGroupsInQueryRequest"),
        ({"query": "Resources", "subscriptions": [FIRST], "managementGroups": ["mine"]}, "InvalidScope"),
        ({"query": "Resources", "options": {"$top": 1001}}, "InvalidTop"),
        ({"query": "Resources", "options": {"$skip": -1}}, "InvalidSkip"),
        ({"query": "Resources", "facets": [{"expression": "location"}]}, "FacetsNotSupported"),
        ({"query": "Resources" + " | join (Resources) on id" * 4}, "InvalidQuery"),
        ({"query": "Resources" + " | mv-expand tags" * 4}, "InvalidQuery"),
        ({"query": "SecurityResources"}, "InvalidQuery"),
    ],
)
def test_refusals(sandbox: Sandbox, body: Any, code: str) -> None:
    assert _error(_post(sandbox, body))[0]["code"] == code


def test_too_many_joins(sandbox: Sandbox) -> None:
    query = "Resources | join (Resources | union Resources, Resources, Resources) on id"
    assert _error(_post(sandbox, {"query": query}))[1]["code"] == "DisallowedMaxNumberOfRemoteTables"


@pytest.mark.parametrize("body", [{}, {"query": 5}, {"query": "Resources", "options": {"$top": "many"}}])
def test_a_body_that_is_none(sandbox: Sandbox, body: Any) -> None:
    answer = _post(sandbox, body)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_operations_are_listed(sandbox: Sandbox) -> None:
    url = "https://management.azure.com/providers/Microsoft.ResourceGraph/operations?api-version=2021-03-01"
    names = [row["name"] for row in sandbox.handle(Request("GET", url)).json()["value"]]
    assert "Microsoft.ResourceGraph/resources/read" in names


def test_children_without_a_location_are_in_no_table(sandbox: Sandbox) -> None:
    _put(sandbox, f"{_account(FIRST, 'a')}/blobServices/default", {"properties": {}})
    group = f"/subscriptions/{FIRST}/resourceGroups/RG-One"
    _put(sandbox, f"{group}/providers/Microsoft.Sql/servers/s", {"location": "westeurope"})
    _put(sandbox, f"{group}/providers/Microsoft.Sql/servers/s/databases/d1", {"location": "westeurope"})
    found = _ask(sandbox, "Resources | summarize count() by type | order by type asc")["data"]
    assert found == [
        {"type": "microsoft.sql/servers", "count_": 1},
        {"type": "microsoft.sql/servers/databases", "count_": 1},
        {"type": "microsoft.storage/storageaccounts", "count_": 5},
    ]
