"""Microsoft.Authorization: policy exemptions.

Sources: Microsoft Learn, REST reference "Policy Exemptions" and "Azure Policy exemption structure".
"""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import id_within
from blueprinter.casing import fold, same
from blueprinter.policy import read_resource_selectors
from blueprinter.sandbox.acting.objects import (
    ASSIGNMENT_TYPE,
    EXEMPTION_TYPE,
    changed,
    properties_of,
    scope_of_extension,
)
from blueprinter.sandbox.acting.odata import Columns, ODataFault, instant, read_filter
from blueprinter.sandbox.acting.schedule import touch
from blueprinter.sandbox.hierarchy import scopes_above
from blueprinter.sandbox.model import Body, Box, Call, Refusal, Response, Stored
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.policy_definitions import filter_refusal
from blueprinter.sandbox.providers.policy_scopes import (
    canonical,
    check_count,
    check_name,
    check_scope,
    check_write,
    is_management_group,
    system_data,
)
from blueprinter.sandbox.strictness import OBJECT, READ_ONLY, TEXT, check_members, list_of, one_of, record

MAX_EXEMPTIONS = 1000
MAX_NAME = 64

_SELECTORS = list_of(
    record({"kind": TEXT, "in": list_of(TEXT), "notIn": list_of(TEXT), "progress": OBJECT}, "kind")
)
_MEMBERS = {
    "policyAssignmentId": TEXT,
    "policyDefinitionReferenceIds": list_of(TEXT),
    "exemptionCategory": one_of("Waiver", "Mitigated"),
    "expiresOn": TEXT,
    "displayName": TEXT,
    "description": TEXT,
    "metadata": OBJECT,
    "resourceSelectors": list_of(record({"name": TEXT, "selectors": _SELECTORS})),
    "assignmentScopeValidation": one_of("Default", "DoNotValidate"),
}
_EXEMPTION = record(
    {**READ_ONLY, "properties": record(_MEMBERS, "policyAssignmentId", "exemptionCategory")}, "properties"
)
_CHANGE = record(
    {
        **READ_ONLY,
        "properties": record(
            {name: _MEMBERS[name] for name in ("resourceSelectors", "assignmentScopeValidation")}
        ),
    }
)
_FILTERED = Columns.of(
    ("policyAssignmentId",), ("atScope", "atExactScope", "atScopeAndBelow", "excludeExpired")
)


def get_exemption(call: Call) -> Response:
    return Response.of(_existing(call).body)


def list_exemptions(call: Call) -> Response:
    """Without a filter everything at, above and below the scope; see `policy_assignments.list_assignments`."""
    box, scope = call.box, call.values.get("scope", "")
    check_scope(box, scope)
    text = call.query.get("$filter", "")
    try:
        keep = read_filter(text, _FILTERED) if text else lambda row: True
    except ODataFault as fault:
        raise filter_refusal(text, fault) from fault
    now = box.stamp()
    found = [one for one in _related(box, scope) if keep(_filter_row(one, scope, now))]
    return page(call, (one.body for one in sorted(found, key=lambda one: fold(one.id))))


def _related(box: Box, scope: str) -> Iterator[Stored]:
    above = {fold(one) for one in scopes_above(box, scope)}
    for one in box.store.of_type(EXEMPTION_TYPE):
        at = scope_of_extension(one.id)
        if fold(at) in above or id_within(at, scope):
            yield one


def _filter_row(stored: Stored, scope: str, now: str) -> Body:
    at, properties = scope_of_extension(stored.id), properties_of(stored)
    expires = str(properties.get("expiresOn") or "")
    return {
        "policyAssignmentId": properties.get("policyAssignmentId"),
        "atscope()": same(at, scope) or not id_within(at, scope),
        "atexactscope()": same(at, scope),
        "atscopeandbelow()": id_within(at, scope),
        "excludeexpired()": not expires or expires > now,
    }


def _existing(call: Call) -> Stored:
    scope, name = call.values.get("scope", ""), call.values["name"]
    found = call.box.store.get(f"{scope}/providers/{EXEMPTION_TYPE}/{name}")
    if found is None:
        raise Refusal(404, "PolicyExemptionNotFound", f"The policy exemption '{name}' could not be found.")
    return found


def put_exemption(call: Call) -> Response:
    box, scope, name = call.box, call.values.get("scope", ""), call.values["name"]
    id = f"{scope}/providers/{EXEMPTION_TYPE}/{name}"
    check_scope(box, scope)
    check_write(call, id)
    body = call.body()
    check_members(body, _EXEMPTION)
    check_name(name, "policy exemption", "InvalidPolicyExemptionName", MAX_NAME)
    existing = box.store.get(id)
    if existing is None:
        check_count(box, EXEMPTION_TYPE, scope, MAX_EXEMPTIONS, "policy exemptions")
    properties = dict(body["properties"])
    _check(box, name, scope, properties)
    if properties.get("expiresOn"):
        properties["expiresOn"] = _moment(str(properties["expiresOn"]))
    stored = _keep(call, canonical(existing, scope, EXEMPTION_TYPE, name), properties, existing)
    return Response.of(stored.body, 201 if existing is None else 200)


def patch_exemption(call: Call) -> Response:
    existing = _existing(call)
    check_write(call, existing.id)
    body = call.body()
    check_members(body, _CHANGE)
    properties = {**properties_of(existing), **(body.get("properties") or {})}
    _check(call.box, str(existing.body["name"]), scope_of_extension(existing.id), properties)
    return Response.of(_keep(call, existing.id, properties, existing).body)


def delete_exemption(call: Call) -> Response:
    scope, name = call.values.get("scope", ""), call.values["name"]
    existing = call.box.store.get(f"{scope}/providers/{EXEMPTION_TYPE}/{name}")
    if existing is None:
        return Response.empty(204)
    check_write(call, existing.id, "delete")
    call.box.store.delete(existing.id)
    changed(call.box, existing.id, None)
    touch(call.box)
    return Response.empty(200)


def _keep(call: Call, id: str, properties: Body, existing: Stored | None) -> Stored:
    made: Body = {
        "properties": properties,
        "systemData": system_data(call, existing),
        "id": id,
        "type": EXEMPTION_TYPE,
        "name": id.rpartition("/")[2],
    }
    stored = call.box.store.put(id, EXEMPTION_TYPE, made, notes={"apiVersion": call.request.api_version})
    changed(call.box, stored.id, made)
    touch(call.box)
    return stored


def _check(box: Box, name: str, scope: str, properties: Body) -> None:
    """The assignment is there and in force at the scope, and has the members that are named."""
    id = str(properties["policyAssignmentId"]).rstrip("/")
    assignment = box.store.get(id)
    if assignment is None or not same(assignment.type, ASSIGNMENT_TYPE):
        raise Refusal(
            404, "PolicyAssignmentNotFound", f"The policy assignment '{id.rpartition('/')[2]}' is not found."
        )
    at = scope_of_extension(assignment.id)
    validated = not same(str(properties.get("assignmentScopeValidation") or "Default"), "DoNotValidate")
    inside = any(same(at, one) for one in scopes_above(box, scope))
    if validated and not inside and not (is_management_group(at) and id_within(scope, at)):
        raise _invalid(
            name, f"The policy assignment '{assignment.id}' does not apply to the scope '{scope}'."
        )
    wanted = [fold(one) for one in properties.get("policyDefinitionReferenceIds") or []]
    if wanted:
        policy_set = box.store.get(str(properties_of(assignment).get("policyDefinitionId", "")))
        members = properties_of(policy_set).get("policyDefinitions") if policy_set is not None else None
        if members is not None:
            known = {fold(str(one.get("policyDefinitionReferenceId", ""))) for one in members}
            unknown = [one for one in wanted if one not in known]
            if unknown:
                raise _invalid(
                    name, f"The policy definition reference id(s) '{','.join(unknown)}' could not be found."
                )
    _, faults = read_resource_selectors(properties.get("resourceSelectors") or [])
    if faults:
        raise _invalid(name, "; ".join(fault.message for fault in faults))


def _invalid(name: str, why: str) -> Refusal:
    return Refusal(
        400, "InvalidCreatePolicyExemptionRequest", f"The policy exemption '{name}' request is invalid. {why}"
    )


def _moment(text: str) -> str:
    try:
        return instant(text)
    except ODataFault as fault:
        raise Refusal(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{fault.message}. Path "
            "'properties.expiresOn'.'",
        ) from fault
