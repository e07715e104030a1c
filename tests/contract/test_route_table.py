"""Every operation of the official clients is either played or refused by name: the list is read from the clients."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

from blueprinter.sandbox.providers import PROVIDERS
from blueprinter.sandbox.providers.resources import CONTROL_NAMESPACES
from blueprinter.sandbox.providers.unsupported import CODE, UNSUPPORTED
from blueprinter.sandbox.routing import Matched, Router
from contract.cloud import FIRST, SUBSCRIPTION, Cloud

CLIENTS = {
    "azure.mgmt.resource.resources": 40,
    "azure.mgmt.resource.policy": 62,
    "azure.mgmt.resource.deployments": 54,
    "azure.mgmt.resource.deploymentstacks": 33,
    "azure.mgmt.resource.locks": 17,
    "azure.mgmt.resource.subscriptions": 7,
    "azure.mgmt.policyinsights": 59,
    "azure.mgmt.authorization.v2022_04_01": 25,
    "azure.mgmt.managementgroups": 20,
    "azure.mgmt.resourcegraph": 8,
}
"""The clients, and how many operations each has at least: reading none would pass everything."""

IDS = {
    "resource_id": f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/one",
    "policy_assignment_id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/one",
    "role_assignment_id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/one",
    "role_id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/one",
    "deny_assignment_id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/denyAssignments/one",
    "subscription_id": FIRST,
    "scope": SUBSCRIPTION,
    "resource_provider_namespace": "Microsoft.Storage",
    "parent_resource_path": "storageAccounts/one",
    "authorization_namespace": "Microsoft.Authorization",
    "management_groups_namespace": "Microsoft.Management",
}
"""What stands for the parameters whose value says what kind of thing is named; all others are any word."""

PREVIEWS = (
    ("GET", f"{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/attestations"),
    ("GET", f"{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/attestations/one"),
    ("PUT", f"{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/attestations/one"),
    ("DELETE", f"{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/attestations/one"),
    (
        "POST",
        "/providers/Microsoft.Management/managementGroups/one/providers/Microsoft.PolicyInsights/"
        "checkPolicyRestrictions",
    ),
    (
        "POST",
        f"{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/componentPolicyStates/latest/queryResults",
    ),
    *(
        (method, f"{SUBSCRIPTION}/providers/Microsoft.Authorization/{kind}/one")
        for kind in ("policyExemptions", "policyEnrollments", "variables", "variables/one/values")
        for method in ("GET", "PUT", "DELETE")
    ),
    *(
        ("GET", f"{SUBSCRIPTION}/providers/Microsoft.Authorization/{kind}")
        for kind in ("policyExemptions", "policyEnrollments", "variables", "variables/one/values")
    ),
)
"""Operations that only previews of the clients have."""


def _modules(client: str) -> Iterator[ModuleType]:
    package = importlib.import_module(client)
    for info in pkgutil.walk_packages(package.__path__, f"{client}."):
        if "operations" in info.name and ".aio" not in info.name:
            yield importlib.import_module(info.name)


def _builders(client: str) -> Iterator[tuple[str, FunctionType]]:
    """The functions that make the request of an operation; where pages lead is the server's own."""
    for module in _modules(client):
        for name, found in vars(module).items():
            is_builder = name.startswith("build_") and inspect.isfunction(found)
            if is_builder and found.__module__ == module.__name__ and "next_link" not in name:
                yield f"{module.__name__}.{name}", found


def _built(builder: FunctionType) -> Any:
    """The request with a value for every required parameter."""
    required = [
        parameter
        for parameter in inspect.signature(builder).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]
    values = {parameter.name: IDS.get(parameter.name, parameter.name) for parameter in required}
    named = {p.name for p in required if p.kind is p.KEYWORD_ONLY}
    more: dict[str, Any] = {name: values.pop(name) for name in named}
    try:
        return builder(*values.values(), **more)
    except KeyError:
        # some read the content type from what their own caller adds
        return builder(*values.values(), **more, content_type="application/json")


def _requests(client: str) -> list[tuple[str, str, str]]:
    """Operation, method and path."""
    found = []
    for name, builder in _builders(client):
        request = _built(builder)
        path = re.sub(r"/+", "/", f"/{request.url.partition('?')[0]}")
        found.append((name, request.method, path))
    return found


@pytest.fixture(scope="module")
def router() -> Router:
    return Router(route for provider in PROVIDERS for route in provider.routes)


def _is_played(router: Router, method: str, path: str) -> bool:
    """Whether a route is there for it: the one for resources of any type counts where such a resource is named."""
    found = router.find(method, path)
    if not isinstance(found, Matched):
        return False
    if "id" not in found.values or found.values["id"] != path:
        return True
    namespace = path.lower().rpartition("/providers/")[2].partition("/")[0]
    return "/providers/" in path and namespace not in CONTROL_NAMESPACES


@pytest.mark.parametrize("client", CLIENTS)
def test_every_operation_is_played_or_refused_by_name(router: Router, client: str) -> None:
    found = _requests(client)
    assert len(found) >= CLIENTS[client]
    missing = [row for row in found if not _is_played(router, row[1], row[2])]
    assert missing == []


def test_operations_of_previews_are_played_or_refused_by_name(router: Router) -> None:
    assert [row for row in PREVIEWS if not _is_played(router, *row)] == []


@pytest.mark.parametrize("row", UNSUPPORTED, ids=lambda row: f"{row.method} {row.pattern}")
def test_what_is_not_played_says_so(cloud: Cloud, row: Any) -> None:
    path = re.sub(r"\{(\w+)\}", "one", row.pattern.replace("{scope*}", SUBSCRIPTION))
    path = path.replace("/subscriptions/one", SUBSCRIPTION)
    answer = cloud.handle(row.method, f"https://management.azure.com{path}?api-version=2026-01-01", {}, b"{}")
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (400, CODE)
    assert row.reason in error["message"]
    assert path in error["message"]
