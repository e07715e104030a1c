"""Resource providers: their types with aliases, and whether a subscription is registered with them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from blueprinter.casing import fold, same
from blueprinter.content import alias_files, shipped
from blueprinter.sandbox.containers import check_subscription, is_unregistered, registration_key
from blueprinter.sandbox.model import Body, Box, Call, Provider, Refusal, Response, Route
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.resources import CONTROL_NAMESPACES

_TYPES: dict[str, tuple[str, ...]] = {
    "Microsoft.Authorization": (
        "denyAssignments",
        "locks",
        "permissions",
        "policyAssignments",
        "policyDefinitions",
        "policyExemptions",
        "policySetDefinitions",
        "roleAssignments",
        "roleDefinitions",
    ),
    "Microsoft.Management": ("managementGroups",),
    "Microsoft.PolicyInsights": ("attestations", "policyMetadata", "policyStates", "remediations"),
    "Microsoft.ResourceGraph": ("resources",),
    "Microsoft.Resources": (
        "deploymentStacks",
        "deployments",
        "resourceGroups",
        "subscriptions",
        "tags",
        "tenants",
    ),
}
"""Types of the namespaces that the sandbox plays itself; those of all others come from the list of aliases."""


@lru_cache(maxsize=1)
def known_providers() -> dict[str, Body]:
    """By folded namespace, what the shipped list of aliases says: `{namespace, resourceTypes}`."""
    found: dict[str, Body] = {}
    for path in alias_files(shipped("policies").parent):
        if path.suffix != ".json":
            continue
        rows: Any = orjson.loads(path.read_bytes())
        for row in rows["value"] if isinstance(rows, dict) else rows:
            found.setdefault(fold(row["namespace"]), row)
    for namespace, types in _TYPES.items():
        listed = found.get(fold(namespace), {"namespace": namespace, "resourceTypes": []})
        names = {fold(type["resourceType"]) for type in listed["resourceTypes"]}
        added = [
            {"resourceType": name, "capabilities": "None", "aliases": []}
            for name in types
            if fold(name) not in names
        ]
        found[fold(namespace)] = {**listed, "resourceTypes": [*listed["resourceTypes"], *added]}
    return dict(sorted(found.items()))


def _body(call: Call, subscription: str, row: Body) -> Body:
    namespace = row["namespace"]
    expand = fold(call.query.get("$expand", ""))
    types = [_type(type, with_aliases="aliases" in expand) for type in row["resourceTypes"]]
    prefix = f"/subscriptions/{subscription}" if subscription else ""
    body: Body = {"id": f"{prefix}/providers/{namespace}", "namespace": namespace, "resourceTypes": types}
    if subscription:
        missing = is_unregistered(call.box, subscription, namespace)
        body["registrationState"] = "NotRegistered" if missing else "Registered"
        free = fold(namespace) in CONTROL_NAMESPACES and not same(namespace, "Microsoft.PolicyInsights")
        body["registrationPolicy"] = "RegistrationFree" if free else "RegistrationRequired"
    return body


_SOME_VERSION = "2024-01-01"


def _type(type: Body, *, with_aliases: bool) -> Body:
    """API versions and locations are not known here, and the sandbox takes any: one version is named for clients
    that look one up, as `az resource show` does."""
    body: Body = {
        "resourceType": type["resourceType"],
        "locations": [],
        "apiVersions": [_SOME_VERSION],
        "capabilities": type.get("capabilities", "None"),
    }
    if with_aliases:
        body["aliases"] = type.get("aliases", [])
    return body


def _row(box: Box, namespace: str) -> Body:
    """A namespace of the list, or one whose resources the sandbox holds."""
    found = known_providers().get(fold(namespace))
    if found is not None:
        return found
    rows = box.store.rows(
        "SELECT DISTINCT type FROM objects WHERE type_key > ? AND type_key < ? ORDER BY type_key",
        (f"{fold(namespace)}/", f"{fold(namespace)}0"),
    )
    types = [type.partition("/")[2] for (type,) in rows]
    if not types and not fold(namespace).startswith("microsoft."):
        raise Refusal(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    return {
        "namespace": namespace,
        "resourceTypes": [{"resourceType": type, "aliases": []} for type in types],
    }


def _list(call: Call) -> Response:
    subscription = call.values.get("subscription", "")
    if subscription:
        check_subscription(call.box, subscription)
    return page(call, (_body(call, subscription, row) for row in known_providers().values()), size=1000)


def _get(call: Call) -> Response:
    subscription = call.values.get("subscription", "")
    if subscription:
        check_subscription(call.box, subscription)
    return Response.of(_body(call, subscription, _row(call.box, call.values["namespace"])))


def _types(call: Call) -> Response:
    check_subscription(call.box, call.values["subscription"])
    row = _row(call.box, call.values["namespace"])
    expand = fold(call.query.get("$expand", ""))
    return Response.of(
        {"value": [_type(type, with_aliases="aliases" in expand) for type in row["resourceTypes"]]}
    )


def _register(call: Call) -> Response:
    return _set_registration(call, None)


def _unregister(call: Call) -> Response:
    return _set_registration(call, "NotRegistered")


def _set_registration(call: Call, state: str | None) -> Response:
    """At once: Azure takes a while, and clients then ask every ten seconds."""
    subscription, namespace = call.values["subscription"], call.values["namespace"]
    check_subscription(call.box, subscription)
    row = _row(call.box, namespace)
    call.box.store.set_note(registration_key(subscription, namespace), state)
    return Response.of(_body(call, subscription, row))


def _register_at_group(call: Call) -> Response:
    return Response.empty(200)


_IN_SUBSCRIPTION = "/subscriptions/{subscription}/providers"
_ONE = f"{_IN_SUBSCRIPTION}/{{namespace}}"

PROVIDER = Provider(
    "Microsoft.Resources",
    routes=(
        Route("GET", "/providers", _list),
        Route("GET", "/providers/{namespace}", _get),
        Route("GET", _IN_SUBSCRIPTION, _list),
        Route("GET", _ONE, _get),
        Route("GET", f"{_ONE}/resourceTypes", _types),
        Route("POST", f"{_ONE}/register", _register),
        Route("POST", f"{_ONE}/unregister", _unregister),
        Route(
            "POST",
            "/providers/Microsoft.Management/managementGroups/{group}/providers/{namespace}/register",
            _register_at_group,
        ),
    ),
)
