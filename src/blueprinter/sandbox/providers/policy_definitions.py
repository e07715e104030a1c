"""Microsoft.Authorization: policy definitions, initiatives, and their versions.

Sources: Microsoft Learn, REST reference "Policy Definitions", "Policy Set Definitions" and "Policy Definition
Versions"; error codes and messages as quoted in public issues of Azure's own repositories, where there are some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from blueprinter.casing import fold, get, key_of, same
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.policy import AssignedPolicy, compile_policies
from blueprinter.sandbox.acting.builtins import DEFINITION_TYPE, SET_TYPE
from blueprinter.sandbox.acting.in_force import alias_table
from blueprinter.sandbox.acting.objects import (
    ASSIGNMENT_TYPE,
    as_definition,
    changed,
    definitions_at,
    find_definition,
    properties_of,
    scope_of_extension,
    version_key,
)
from blueprinter.sandbox.acting.odata import Columns, ODataFault, Predicate, read_filter
from blueprinter.sandbox.acting.schedule import touch
from blueprinter.sandbox.hierarchy import scopes_above
from blueprinter.sandbox.model import Body, Box, Call, Refusal, Response, Stored
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.policy_members import check_set, worded
from blueprinter.sandbox.providers.policy_scopes import (
    canonical,
    check_count,
    check_definition_scope,
    check_name,
    check_write,
    made_by,
    system_data,
)
from blueprinter.sandbox.strictness import (
    ANY,
    OBJECT,
    READ_ONLY,
    TEXT,
    Kind,
    Shape,
    check_members,
    list_of,
    map_of,
    one_of,
    record,
)

MAX_DEFINITIONS = 500
MAX_SETS = 200
MAX_PARAMETERS = 20
MAX_NAME = 64

_PARAMETER = record(
    {
        "type": one_of("String", "Array", "Object", "Boolean", "Integer", "Float", "DateTime"),
        "allowedValues": list_of(ANY),
        "defaultValue": ANY,
        "schema": ANY,
        "metadata": OBJECT,
    },
    "type",
)
_SHARED: Mapping[str, Shape] = {
    "policyType": one_of("NotSpecified", "Custom", "BuiltIn", "Static"),
    "displayName": TEXT,
    "description": TEXT,
    "metadata": OBJECT,
    "parameters": map_of(_PARAMETER),
    "version": TEXT,
    "versions": list_of(TEXT),
}
_DEFINITION = record(
    {
        **READ_ONLY,
        "properties": record(
            {**_SHARED, "mode": TEXT, "policyRule": OBJECT, "externalEvaluationEnforcementSettings": OBJECT},
            "policyRule",
        ),
    },
    "properties",
)
_MEMBER = record(
    {
        "policyDefinitionId": TEXT,
        "definitionVersion": TEXT,
        "latestDefinitionVersion": TEXT,
        "effectiveDefinitionVersion": TEXT,
        "parameters": map_of(record({"value": ANY})),
        "policyDefinitionReferenceId": TEXT,
        "groupNames": list_of(TEXT),
    },
    "policyDefinitionId",
)
_GROUP = record(
    {"name": TEXT, "displayName": TEXT, "category": TEXT, "description": TEXT, "additionalMetadataId": TEXT},
    "name",
)
_SET = record(
    {
        **READ_ONLY,
        "properties": record(
            {
                **_SHARED,
                "policyDefinitions": Shape(Kind.ARRAY, each=_MEMBER),
                "policyDefinitionGroups": list_of(_GROUP),
            },
            "policyDefinitions",
        ),
    },
    "properties",
)

_FILTERED = Columns.of(("policyType", "category"), ("atExactScope",))


def kind_of(call: Call) -> str:
    """What a request is about: definitions or initiatives."""
    return (
        SET_TYPE
        if "/policysetdefinitions" in fold(call.id) or "/listpolicyset" in fold(call.id)
        else DEFINITION_TYPE
    )


# ---------------------------------------------------------------- reading


def get_definition(call: Call) -> Response:
    return Response.of(_existing(call).body)


def list_definitions(call: Call) -> Response:
    """Of a scope: its own, those of the management groups above it, and the built-ins."""
    kind, scope = kind_of(call), call.values.get("scope", "")
    if scope:
        check_definition_scope(call.box, scope, call.id)
    keep = _filter_of(call)
    return page(call, (one.body for one in _listed(call.box, kind, scope) if keep(_filter_row(one, scope))))


def _listed(box: Box, kind: str, scope: str) -> Iterator[Stored]:
    scopes = (*scopes_above(box, scope), "") if scope else ("",)
    found = [one for at in scopes for one in definitions_at(box, kind, at)]
    yield from sorted(found, key=lambda one: fold(one.id))


def _filter_of(call: Call) -> Predicate:
    text = call.query.get("$filter", "")
    if not text:
        return lambda row: True
    try:
        return read_filter(text, _FILTERED)
    except ODataFault as fault:
        raise filter_refusal(text, fault) from fault


def filter_refusal(text: str, fault: ODataFault) -> Refusal:
    """400 for a `$filter` of Microsoft.Authorization that cannot be read."""
    return Refusal(
        400,
        "InvalidFilterInQueryString",
        f"Invalid filter in query string: '{text}': {fault.message} at position {fault.position}.",
    )


def _filter_row(stored: Stored, scope: str) -> Body:
    properties = properties_of(stored)
    metadata = properties.get("metadata")
    return {
        "policyType": properties.get("policyType"),
        "category": metadata.get("category") if isinstance(metadata, dict) else None,
        "atexactscope()": same(scope_of_extension(stored.id), scope),
    }


def _existing(call: Call) -> Stored:
    """Raises `Refusal` 404 `PolicyDefinitionNotFound` or `PolicySetDefinitionNotFound`."""
    kind = kind_of(call)
    found = find_definition(
        call.box, f"{call.values.get('scope', '')}/providers/{kind}/{call.values['name']}"
    )
    if found is None:
        raise not_found(kind, call.values["name"])
    return found


def not_found(kind: str, name: str, status: int = 404) -> Refusal:
    is_set = same(kind, SET_TYPE)
    return Refusal(
        status,
        "PolicySetDefinitionNotFound" if is_set else "PolicyDefinitionNotFound",
        f"The policy {'set ' if is_set else ''}definition '{name}' could not be found.",
    )


# ---------------------------------------------------------------- versions


def list_versions(call: Call) -> Response:
    return page(call, _versions_of(call.box, _existing(call)))


def get_version(call: Call) -> Response:
    for body in _versions_of(call.box, _existing(call)):
        if same(body["name"], call.values["version"]):
            return Response.of(body)
    kind = "PolicySetDefinition" if same(kind_of(call), SET_TYPE) else "PolicyDefinition"
    raise Refusal(
        404,
        f"{kind}VersionNotFound",
        f"The version '{call.values['version']}' of '{call.values['name']}' could not be found.",
    )


def list_all_versions(call: Call) -> Response:
    """Every version of what a scope itself has; at the tenant, of all built-ins."""
    kind, scope = kind_of(call), call.values.get("scope", "")
    found = definitions_at(call.box, kind, scope)
    return page(call, (body for one in found for body in _versions_of(call.box, one)))


def _versions_of(box: Box, stored: Stored) -> list[Body]:
    """The newest first. The version that a definition has needs no object of its own."""
    own = str(properties_of(stored).get("version") or "1.0.0")
    kept = [one.body for one in box.store.of_type(f"{stored.type}/versions", f"{stored.id}/versions")]
    if not any(same(body["name"], own) for body in kept):
        kept.append(_version_body(stored, own))
    return sorted(kept, key=lambda body: version_key(body["name"]), reverse=True)


def _version_body(stored: Stored, version: str) -> Body:
    properties = {name: value for name, value in properties_of(stored).items() if name != "versions"}
    return {
        "properties": properties,
        "id": f"{stored.id}/versions/{version}",
        "type": f"{stored.type}/versions",
        "name": version,
    }


def put_version(call: Call) -> Response:
    """A version of a definition: the newest is the definition."""
    version = call.values["version"]
    existing = _existing(call)
    body = call.body()
    stated = get(body.get("properties") or {}, "version")
    if isinstance(stated, str) and not same(stated, version):
        raise Refusal(
            400,
            "InvalidPolicyDefinitionVersion",
            f"The version '{stated}' in the request body does not match the version '{version}' of the request.",
        )
    known = {fold(one["name"]) for one in _versions_of(call.box, existing)}
    properties = {**(body.get("properties") or {}), "version": version}
    stored = _write(call, {**body, "properties": properties})
    found = next(one for one in _versions_of(call.box, stored) if same(one["name"], version))
    return Response.of(found, 200 if fold(version) in known else 201)


def delete_version(call: Call) -> Response:
    existing = find_definition(
        call.box, f"{call.values['scope']}/providers/{kind_of(call)}/{call.values['name']}"
    )
    id = f"{existing.id}/versions/{call.values['version']}" if existing is not None else ""
    if existing is None or call.box.store.get(id) is None:
        return Response.empty(204)
    if same(str(properties_of(existing).get("version", "")), call.values["version"]):
        raise Refusal(
            400,
            "InvalidDeletePolicyDefinitionVersionRequest",
            f"The version '{call.values['version']}' is the latest of '{existing.body['name']}' and cannot be deleted.",
        )
    check_write(call, id, "delete")
    call.box.store.delete(id)
    properties = dict(properties_of(existing))
    properties["versions"] = [
        one for one in properties.get("versions", []) if not same(one, call.values["version"])
    ]
    call.box.store.put(existing.id, existing.type, {**existing.body, "properties": properties})
    changed(call.box, id, None)
    return Response.empty(200)


# ---------------------------------------------------------------- writing


def put_definition(call: Call) -> Response:
    """Answers 201 for definitions also where there was one, as documented; initiatives have 200 then."""
    kind = kind_of(call)
    scope = call.values.get("scope", "")
    existing = call.box.store.get(f"{scope}/providers/{kind}/{call.values['name']}")
    stored = _write(call, call.body())
    return Response.of(stored.body, 200 if existing is not None and same(kind, SET_TYPE) else 201)


def _write(call: Call, body: Body) -> Stored:
    kind, scope, name = kind_of(call), call.values.get("scope", ""), call.values["name"]
    is_set = same(kind, SET_TYPE)
    what = "policy set definition" if is_set else "policy definition"
    id = f"{scope}/providers/{kind}/{name}"
    check_definition_scope(call.box, scope, id)
    check_write(call, id)
    check_members(body, _SET if is_set else _DEFINITION)
    check_name(name, what, f"InvalidPolicy{'Set' if is_set else ''}DefinitionName", MAX_NAME)
    existing = call.box.store.get(id)
    if existing is None:
        most = MAX_SETS if is_set else MAX_DEFINITIONS
        check_count(call.box, kind, scope, most, f"{what}s")
    properties = _completed(call, body["properties"], existing, is_set=is_set)
    made: Body = {
        "properties": properties,
        "id": canonical(existing, scope, kind, name),
        "type": kind,
        "name": existing.body["name"] if existing is not None else name,
        "systemData": system_data(call, existing),
    }
    _check_type(what, name, body["properties"])
    if is_set:
        check_set(call, made)
    else:
        _check_definition(call.box, made)
    if existing is not None:
        _check_parameters_stay(existing, properties, is_set=is_set)
    return _keep(call, made, existing)


def _completed(call: Call, sent: Body, existing: Stored | None, *, is_set: bool) -> Body:
    """What was sent, with what Azure adds."""
    properties: Body = {**sent, "policyType": "Custom"}
    if not is_set:
        properties["mode"] = sent.get("mode") or "Indexed"
    properties["metadata"] = made_by(call, existing, sent.get("metadata"))
    properties["parameters"] = properties.get("parameters") or {}
    stated = sent.get("version")
    metadata_version = properties["metadata"].get("version")
    version = str(stated or (metadata_version if _is_version(metadata_version) else "") or "1.0.0")
    if not _is_version(version):
        raise Refusal(
            400,
            "InvalidPolicyDefinitionVersion",
            f"The version '{version}' is invalid: it should have the format '#.#.#', with an optional suffix.",
        )
    old = properties_of(existing).get("versions", []) if existing is not None else []
    versions = sorted({*old, version}, key=version_key, reverse=True)
    properties["version"] = version
    properties["versions"] = versions
    return properties


def _is_version(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    parts = value.partition("-")[0].split(".")
    return len(parts) == len(("major", "minor", "patch")) and all(part.isdigit() for part in parts)


def _keep(call: Call, made: Body, existing: Stored | None) -> Stored:
    """Stores a definition; where several versions are used, each of them. An older version than the newest does
    not replace the definition."""
    box, kind = call.box, str(made["type"])
    properties = made["properties"]
    versions = properties["versions"]
    notes = {"apiVersion": call.request.api_version}
    newest = properties["version"] == versions[0]
    if existing is not None and len(versions) > 1:
        for body in (existing.body, made):
            version = body["properties"]["version"]
            kept = Stored(str(made["id"]), kind, body)
            box.store.put(
                f"{made['id']}/versions/{version}", f"{kind}/versions", _version_body(kept, version)
            )
    if not newest and existing is not None:
        made = {**existing.body, "properties": {**properties_of(existing), "versions": versions}}
    hidden = box.settings.replication
    stored = box.store.put(str(made["id"]), kind, made, notes=notes, hidden_for=hidden)
    changed(box, stored.id, made)
    touch(box)
    return stored


def _check_type(what: str, name: str, sent: Body) -> None:
    stated = sent.get("policyType")
    if isinstance(stated, str) and fold(stated) in ("builtin", "static"):
        # as documented: only custom definitions can be written; the code is not recorded
        raise Refusal(
            400,
            "InvalidPolicyType",
            f"The {what} '{name}' has the policy type '{stated}', but only the type 'Custom' can be written.",
        )


def _check_definition(box: Box, made: Body) -> None:
    """Refuses what the policy language does not allow, in the words of the engine's own reader."""
    name = str(made["name"])
    if len(made["properties"]["parameters"]) > MAX_PARAMETERS:
        # the limit as documented; the code is not recorded
        raise Refusal(
            400,
            "TooManyPolicyParameters",
            f"The policy definition '{name}' has more than '{MAX_PARAMETERS}' parameters.",
        )
    try:
        definition = as_definition(made)
        compile_policies([AssignedPolicy(definition)], aliases=alias_table(box), now="")
    except InvalidInput as found:
        raise _rule_refusal(name, found.diagnostics) from found


def _rule_refusal(name: str, diagnostics: tuple[Diagnostic, ...]) -> Refusal:
    text = "; ".join(worded(one) for one in diagnostics)
    details = [
        {"code": one.code, "message": worded(one), "target": one.position.pointer} for one in diagnostics
    ]
    if any("parameter" in one.message and "not declared" in one.message for one in diagnostics):
        return Refusal(
            400,
            "InvalidPolicyParameters",
            f"A function or parameter in policy '{name}' could not be validated. If using template functions, try "
            "following the tips in: https://aka.ms/policy-avoiding-template-failures. The inner exception "
            f"'{text}'.",
            details=details,
        )
    return Refusal(400, "InvalidPolicyRule", f"Failed to parse policy rule: '{text}'.", details=details)


def _check_parameters_stay(existing: Stored, properties: Body, *, is_set: bool) -> None:
    """Refuses an update that takes a parameter away, renames or retypes one: what is assigned has values for them."""
    what = "policy set" if is_set else "policy"
    code = "InvalidPolicySetParameterUpdate" if is_set else "InvalidPolicyParameterUpdate"
    old, new = properties_of(existing).get("parameters") or {}, properties["parameters"]
    if len(new) < len(old):
        raise Refusal(
            400,
            code,
            f"The existing policy has '{len(old)}' parameter(s) which is greater than the count of parameter(s) "
            f"'{len(new)}' in the policy being added. Policy parameters cannot be removed during policy update.",
        )
    gone = [name for name in old if key_of(new, name) is None]
    if gone:
        raise Refusal(
            400,
            code,
            f"The existing {what} parameter(s) '{','.join(gone)}' were not found in the {what} being updated. The "
            "parameter names can not be changed.",
        )
    for name, parameter in old.items():
        after = get(new, name) or {}
        if not same(str(parameter.get("type", "")), str(after.get("type", ""))):
            raise Refusal(
                400,
                code,
                f"The {what} parameter '{name}' type is being updated from '{parameter.get('type')}' to "
                f"'{after.get('type')}' which is not allowed.",
            )
    for name, parameter in new.items():
        if key_of(old, name) is None and "defaultValue" not in parameter:
            raise Refusal(
                400,
                code,
                f"The {what} parameter '{name}' is added without a default value. Parameters that are added during "
                "an update need one.",
            )


# ---------------------------------------------------------------- deleting


def delete_definition(call: Call) -> Response:
    kind = kind_of(call)
    existing = call.box.store.get(f"{call.values['scope']}/providers/{kind}/{call.values['name']}")
    if existing is None:
        return Response.empty(204)
    check_write(call, existing.id, "delete")
    _check_unused(call.box, existing)
    call.box.store.delete(existing.id)
    changed(call.box, existing.id, None)
    return Response.empty(200)


def _check_unused(box: Box, stored: Stored) -> None:
    is_set = same(stored.type, SET_TYPE)
    what = "policy set definition" if is_set else "policy definition"
    code = f"InvalidDeletePolicy{'Set' if is_set else ''}DefinitionRequest"
    name, wanted = stored.body["name"], fold(stored.id)
    for one in box.store.of_type(SET_TYPE):
        members = properties_of(one).get("policyDefinitions") or []
        if any(fold(str(member.get("policyDefinitionId", ""))) == wanted for member in members):
            raise Refusal(
                400,
                code,
                f"The {what} '{name}' cannot be deleted. It is referenced by the policy set definition '{one.id}'. "
                f"Please remove this {what} from all policy set definitions that reference it.",
            )
    for one in box.store.of_type(ASSIGNMENT_TYPE):
        if fold(str(properties_of(one).get("policyDefinitionId", ""))) == wanted:
            raise Refusal(
                400,
                code,
                f"The {what} '{name}' cannot be deleted. It is referenced by the policy assignment '{one.id}'. "
                "Please delete all policy assignments referencing the policy.",
            )
