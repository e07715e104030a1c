"""Tenants, subscriptions, resource groups, and the outcome of long-running work in a subscription."""

from __future__ import annotations

import re
from functools import partial

from blueprinter.arm import normal_location
from blueprinter.sandbox.acting.odata import Predicate
from blueprinter.sandbox.containers import (
    GROUP_DELETION,
    RESOURCE_GROUP_TYPE,
    check_resource_group,
    check_subscription,
)
from blueprinter.sandbox.filtering import filter_of
from blueprinter.sandbox.hierarchy import SUBSCRIPTION_TYPE
from blueprinter.sandbox.model import (
    Body,
    Box,
    Call,
    Operation,
    Provider,
    Refusal,
    Response,
    Route,
    Step,
    Stored,
)
from blueprinter.sandbox.operations import accepted, location_answer, result_path
from blueprinter.sandbox.paging import stored_page
from blueprinter.sandbox.strictness import READ_ONLY, TEXT, check_members, list_of, map_of, record
from blueprinter.sandbox.writing import check_removal, remove, write

_GROUP_SHAPE = record(
    {
        **READ_ONLY,
        "location": TEXT,
        "managedBy": TEXT,
        "tags": map_of(TEXT),
        "properties": record({"provisioningState": TEXT}),
    }
)
_EXPORT_SHAPE = record({"resources": list_of(TEXT), "options": TEXT, "outputFormat": TEXT})
_GROUP_NAME = re.compile(r"[\w().-]{0,89}[\w()-]")
"""Letters, digits, `_`, `-`, `.`, parentheses; at most 90, no period at the end (Microsoft Learn, "Naming rules and
restrictions for Azure resources")."""


# ---------------------------------------------------------------- tenants and subscriptions


def _tenants(call: Call) -> Response:
    tenant = call.box.settings.tenant_id
    shown: Body = {
        "id": f"/tenants/{tenant}",
        "tenantId": tenant,
        "tenantCategory": "Home",
        "displayName": "Sandbox",
        "defaultDomain": "sandbox.onmicrosoft.com",
    }
    return Response.of({"value": [shown]})


def _subscriptions(call: Call) -> Response:
    store = call.box.store
    return stored_page(
        call, lambda after: store.of_type(SUBSCRIPTION_TYPE, after=after), lambda found: found.body
    )


def _subscription(call: Call) -> Response:
    return Response.of(check_subscription(call.box, call.values["subscription"]).body)


def _locations(call: Call) -> Response:
    check_subscription(call.box, call.values["subscription"])
    return Response.of({"value": []})


# ---------------------------------------------------------------- resource groups


def _id(call: Call) -> str:
    return f"/subscriptions/{call.values['subscription']}/resourceGroups/{call.values['group']}"


def _put_group(call: Call) -> Response:
    check_subscription(call.box, call.values["subscription"])
    name = call.values["group"]
    if _GROUP_NAME.fullmatch(name) is None:
        raise Refusal(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' has these invalid characters or is longer than 90: only "
            "alphanumerics, periods, underscores, hyphens and parentheses, and no period at the end, are allowed.",
        )
    body = call.body()
    check_members(body, _GROUP_SHAPE)
    location = body.get("location")
    if not location:
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    existing = call.box.store.get(_id(call))
    if existing is not None and normal_location(existing.body["location"]) != normal_location(location):
        raise Refusal(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{existing.body['location']}'.",
        )
    return _write_group(call, {**body, "location": normal_location(location)}, patch=False)


def _patch_group(call: Call) -> Response:
    check_subscription(call.box, call.values["subscription"])
    check_resource_group(call.box, call.values["subscription"], call.values["group"])
    body = call.body()
    check_members(body, _GROUP_SHAPE)
    return _write_group(call, {name: value for name, value in body.items() if name != "location"}, patch=True)


def _write_group(call: Call, body: Body, *, patch: bool) -> Response:
    stored, new = write(
        call,
        _id(call),
        RESOURCE_GROUP_TYPE,
        {**body, "properties": {"provisioningState": "Succeeded"}},
        api_version=call.request.api_version,
        principal=call.principal,
        tracking=call.tracking,
        patch=patch,
    )
    return Response.of(stored.body, 201 if new else 200)


def _get_group(call: Call) -> Response:
    check_subscription(call.box, call.values["subscription"])
    return Response.of(check_resource_group(call.box, call.values["subscription"], call.values["group"]).body)


def _head_group(call: Call) -> Response:
    return Response.empty(204 if call.box.store.has(_id(call)) else 404)


def _delete_group(call: Call) -> Response:
    """202; the group is `Deleting` until the work has come to an end."""
    box = call.box
    check_subscription(box, call.values["subscription"])
    group = check_resource_group(box, call.values["subscription"], call.values["group"])
    check_removal(box, group, principal=call.principal, tracking=call.tracking)
    under_way = [operation for operation in box.running(group.id) if operation.kind == GROUP_DELETION]
    if under_way:
        operation = under_way[0]
    else:
        box.store.put(group.id, group.type, {**group.body, "properties": {"provisioningState": "Deleting"}})
        # recorded: the last answer is an empty 200
        state: Body = {"tracking": call.tracking, "emptyStatus": 200}
        operation = box.start(GROUP_DELETION, group.id, state, principal=call.principal)
    return accepted(call, result_path(call.values["subscription"], operation.id))


def _delete_step(box: Box, operation: Operation) -> Step:
    if operation.principal is not None:
        remove(box, operation.subject, principal=operation.principal, tracking=operation.state["tracking"])
    return Step(operation.state, "Succeeded")


def _groups(call: Call) -> Response:
    check_subscription(call.box, call.values["subscription"])
    scope = f"/subscriptions/{call.values['subscription']}"
    wanted = filter_of(call, ("name", "location", "tagName", "tagValue"))
    store = call.box.store
    return stored_page(
        call,
        lambda after: store.of_type(RESOURCE_GROUP_TYPE, scope, after),
        partial(_shown, wanted=wanted),
    )


def _shown(found: Stored, *, wanted: Predicate | None) -> Body | None:
    if wanted is None:
        return found.body
    row = {"name": found.body["name"], "location": found.body["location"]}
    tags = found.body.get("tags") or {}
    rows = [{**row, "tagName": name, "tagValue": value} for name, value in tags.items()] or [row]
    return found.body if any(wanted(row) for row in rows) else None


def _export(call: Call) -> Response:
    """The group as a template: every resource as it stands, without parameters."""
    group = check_resource_group(call.box, call.values["subscription"], call.values["group"])
    body = call.body() if call.request.body else {}
    check_members(body, _EXPORT_SHAPE)
    asked = body.get("resources") or ["*"]
    resources = [
        {
            "type": found.type,
            "apiVersion": found.notes.get("apiVersion", ""),
            **{name: value for name, value in found.body.items() if name not in ("id", "type")},
        }
        for found in call.box.store.below(group.id)
        if asked == ["*"] or found.id in asked
    ]
    template: Body = {
        "$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {},
        "variables": {},
        "resources": resources,
    }
    return Response.of({"template": template})


# ---------------------------------------------------------------- work


def _result(call: Call) -> Response:
    return location_answer(call, call.box.operation(call.values["operation"]))


_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourcegroups/{{group}}"

PROVIDER = Provider(
    "Microsoft.Resources",
    routes=(
        Route("GET", "/tenants", _tenants),
        Route("GET", "/subscriptions", _subscriptions),
        Route("GET", _SUBSCRIPTION, _subscription),
        Route("GET", f"{_SUBSCRIPTION}/locations", _locations),
        Route("GET", f"{_SUBSCRIPTION}/resourcegroups", _groups),
        Route("PUT", _GROUP, _put_group),
        Route("PATCH", _GROUP, _patch_group),
        Route("GET", _GROUP, _get_group),
        Route("HEAD", _GROUP, _head_group),
        Route("DELETE", _GROUP, _delete_group),
        Route("POST", f"{_GROUP}/exportTemplate", _export),
        Route("GET", f"{_SUBSCRIPTION}/operationresults/{{operation}}", _result),
    ),
    operations={GROUP_DELETION: _delete_step},
)
