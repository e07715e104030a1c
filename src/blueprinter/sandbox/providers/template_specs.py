"""Template specs: templates that are kept in a resource group, in versions.

Routes and members as the service's published description has them (Azure/azure-rest-api-specs, `templateSpecs.json`
2022-02-01). Azure lets a version be written again, so the sandbox does too: that versions never change is the promise
of whoever publishes. The codes of refusals were not seen at Azure, but for `TemplateSpecVersionNotFound` and the
pattern of names (Azure/template-specs, issue 55).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from blueprinter.arm import same_location
from blueprinter.casing import fold, get
from blueprinter.sandbox.containers import check_resource_group, check_subscription
from blueprinter.sandbox.model import Body, Box, Call, Provider, Refusal, Response, Route, Stored
from blueprinter.sandbox.paging import page, stored_page
from blueprinter.sandbox.strictness import ANY, READ_ONLY, TEXT, check_members, list_of, map_of, record
from blueprinter.sandbox.writing import remove, write

SPEC_TYPE = "Microsoft.Resources/templateSpecs"
VERSION_TYPE = f"{SPEC_TYPE}/versions"
MAX_NAME = 90
MAX_BYTES = 2 * 1024 * 1024
"""Of a version (Microsoft Learn, "Azure Resource Manager template specs": a template spec with its linked templates
cannot exceed 2 MB)."""
_NAME = re.compile(r"[-\w.()]+(?<!\.)\Z")
_TAGS = map_of(TEXT)

_SPEC = record(
    {
        **READ_ONLY,
        "location": TEXT,
        "tags": _TAGS,
        "properties": record({"displayName": TEXT, "description": TEXT, "metadata": ANY, "versions": ANY}),
    },
    "location",
)
_VERSION = record(
    {
        **READ_ONLY,
        "location": TEXT,
        "tags": _TAGS,
        "properties": record(
            {
                "description": TEXT,
                "linkedTemplates": list_of(record({"path": TEXT, "template": ANY}, "path", "template")),
                "mainTemplate": ANY,
                "metadata": ANY,
                "uiFormDefinition": ANY,
            }
        ),
    },
    "location",
)
_TAGS_ONLY = record({**READ_ONLY, "tags": _TAGS})


def _put_spec(call: Call) -> Response:
    body = call.body()
    check_members(body, _SPEC)
    properties: Body = get(body, "properties") or {}
    kept = {key: one for key, one in properties.items() if fold(key) != "versions" and one is not None}
    return _put(call, SPEC_TYPE, body, kept, call.values["spec"])


def _put_version(call: Call) -> Response:
    body = call.body()
    check_members(body, _VERSION)
    spec = _found(call.box, call.id.rpartition("/versions/")[0], "spec")
    if not same_location(str(get(body, "location")), spec.body["location"]):
        raise Refusal(
            400,
            "InvalidTemplateSpecVersionLocation",
            f"The location '{get(body, 'location')}' is not that of the template spec, '{spec.body['location']}'.",
        )
    properties: Body = get(body, "properties") or {}
    if not isinstance(get(properties, "mainTemplate"), dict):
        raise Refusal(
            400, "InvalidTemplate", "The version of a template spec needs a 'mainTemplate', an object."
        )
    if len(orjson.dumps(properties)) > MAX_BYTES:
        raise Refusal(
            400, "TemplateSpecTooLarge", f"The version of a template spec can have at most {MAX_BYTES} bytes."
        )
    kept = {key: one for key, one in properties.items() if one is not None}
    return _put(call, VERSION_TYPE, body, kept, call.values["version"])


def _put(call: Call, type: str, body: Body, properties: Body, name: str) -> Response:
    if len(name) > MAX_NAME or _NAME.match(name) is None:
        raise Refusal(
            400,
            "InvalidResourceName",
            f"The resource name '{name[:80]}' is not valid: at most {MAX_NAME} of letters, digits, '-', '_', '.', '(' "
            "and ')', and no period at the end.",
        )
    existing = call.box.store.get(call.id)
    if existing is not None and not same_location(existing.body["location"], str(get(body, "location"))):
        raise Refusal(
            409,
            "InvalidResourceLocation",
            f"The resource '{name}' already exists in location '{existing.body['location']}'.",
        )
    whole: Body = {
        "location": get(body, "location"),
        "properties": properties,
        "systemData": _system_data(call, existing),
    }
    if get(body, "tags") is not None:
        whole["tags"] = get(body, "tags")
    stored, new = write(
        call,
        call.id,
        type,
        whole,
        api_version=call.request.api_version,
        principal=call.principal,
        tracking=call.tracking,
    )
    return Response.of(stored.body, 201 if new else 200)


def _patch(what: str) -> Callable[[Call], Response]:
    def patch(call: Call) -> Response:
        body = call.body()
        check_members(body, _TAGS_ONLY)
        existing = _found(call.box, call.id, what)
        changed = {**existing.body, "systemData": _system_data(call, existing)}
        if get(body, "tags") is not None:
            changed["tags"] = get(body, "tags")
        stored, _ = write(
            call,
            call.id,
            existing.type,
            changed,
            api_version=call.request.api_version,
            principal=call.principal,
            tracking=call.tracking,
        )
        return Response.of(stored.body)

    return patch


def _get_spec(call: Call) -> Response:
    return Response.of(_shown(call, _found(call.box, call.id, "spec")))


def _get_version(call: Call) -> Response:
    return Response.of(_found(call.box, call.id, "version").body)


def _delete(call: Call) -> Response:
    gone = remove(call, call.id, principal=call.principal, tracking=call.tracking)
    return Response.empty(200 if gone else 204)


def _list_specs(call: Call) -> Response:
    subscription = call.values["subscription"]
    check_subscription(call.box, subscription)
    scope = f"/subscriptions/{subscription}"
    if "group" in call.values:
        check_resource_group(call.box, subscription, call.values["group"])
        scope += f"/resourceGroups/{call.values['group']}"
    return stored_page(
        call, lambda after: call.box.store.of_type(SPEC_TYPE, scope, after), lambda one: _shown(call, one)
    )


def _list_versions(call: Call) -> Response:
    spec = _found(call.box, call.id.rpartition("/")[0], "spec")
    return page(call, (one.body for one in _versions(call.box, spec)))


def _shown(call: Call, spec: Stored) -> Body:
    """A spec as it is shown; `$expand=versions` tells of its versions, without their templates."""
    if fold(call.query.get("$expand", "")) != "versions":
        return spec.body
    rows = {
        str(one.body["name"]): {
            "description": one.body["properties"].get("description"),
            "timeCreated": one.body["systemData"]["createdAt"],
            "timeModified": one.body["systemData"]["lastModifiedAt"],
        }
        for one in _versions(call.box, spec)
    }
    return {**spec.body, "properties": {**spec.body["properties"], "versions": rows}}


def _versions(box: Box, spec: Stored) -> list[Stored]:
    return list(box.store.of_type(VERSION_TYPE, spec.id))


def _found(box: Box, id: str, what: str) -> Stored:
    found = box.store.get(id)
    if found is None:
        code, words = (
            ("TemplateSpecNotFound", "template spec")
            if what == "spec"
            else ("TemplateSpecVersionNotFound", "template spec version")
        )
        raise Refusal(404, code, f"The {words} '{id}' could not be found.")
    return found


def _system_data(call: Call, existing: Stored | None) -> Body:
    stamp = call.box.stamp()
    made: Body = dict(existing.body.get("systemData") or {}) if existing is not None else {}
    made.setdefault("createdBy", call.principal.object_id)
    made.setdefault("createdByType", "Application")
    made.setdefault("createdAt", stamp)
    changed = {
        "lastModifiedBy": call.principal.object_id,
        "lastModifiedByType": "Application",
        "lastModifiedAt": stamp,
    }
    return {**made, **changed}


_SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.Resources/templateSpecs"
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Resources/templateSpecs"
_ONE = _GROUP + "/{spec}"
_VERSIONS = _ONE + "/versions"
_ONE_VERSION = _VERSIONS + "/{version}"

PROVIDER = Provider(
    "Microsoft.Resources",
    routes=(
        Route("GET", _SUBSCRIPTION, _list_specs),
        Route("GET", _GROUP, _list_specs),
        Route("PUT", _ONE, _put_spec),
        Route("PATCH", _ONE, _patch("spec")),
        Route("GET", _ONE, _get_spec),
        Route("DELETE", _ONE, _delete),
        Route("GET", _VERSIONS, _list_versions),
        Route("PUT", _ONE_VERSION, _put_version),
        Route("PATCH", _ONE_VERSION, _patch("version")),
        Route("GET", _ONE_VERSION, _get_version),
        Route("DELETE", _ONE_VERSION, _delete),
    ),
)
