"""Microsoft.Authorization: policy assignments.

Sources: Microsoft Learn, REST reference "Policy Assignments", "Azure Policy assignment structure" and "Remediate
non-compliant resources with Azure Policy"; error codes and messages as quoted in public issues of Azure's own
repositories, where there are some.
"""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import id_within, parse_id
from blueprinter.casing import fold, get, key_of, same
from blueprinter.policy import (
    Family,
    effect_of,
    family_of,
    parameter_faults,
    read_overrides,
    read_resource_selectors,
)
from blueprinter.sandbox.acting.builtins import is_stand_in, needs_identity
from blueprinter.sandbox.acting.in_force import members_of
from blueprinter.sandbox.acting.objects import (
    ASSIGNMENT_TYPE,
    body_at_version,
    changed,
    find_definition,
    has_version,
    is_set_id,
    last_name,
    parameter_values,
    properties_of,
    scope_of_extension,
    sees_definition,
    type_of_definition,
)
from blueprinter.sandbox.acting.odata import Columns, ODataFault, Predicate, read_filter
from blueprinter.sandbox.acting.schedule import touch
from blueprinter.sandbox.hierarchy import scopes_above
from blueprinter.sandbox.identity import forget_principal
from blueprinter.sandbox.managed_identity import filled
from blueprinter.sandbox.model import Body, Box, Call, Refusal, Response, Stored
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.policy_definitions import filter_refusal, not_found
from blueprinter.sandbox.providers.policy_members import declared_parameters, is_at_or_above
from blueprinter.sandbox.providers.policy_scopes import (
    canonical,
    check_count,
    check_name,
    check_scope,
    check_write,
    is_management_group,
    made_by,
    system_data,
)
from blueprinter.sandbox.strictness import (
    ANY,
    OBJECT,
    READ_ONLY,
    TEXT,
    check_members,
    list_of,
    map_of,
    one_of,
    record,
)

MAX_ASSIGNMENTS = 200
MAX_NOT_SCOPES = 400
MAX_NAME = 64
MAX_NAME_IN_GROUP = 24

_IDENTITY = record(
    {
        "type": one_of("None", "SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned"),
        "principalId": TEXT,
        "tenantId": TEXT,
        "userAssignedIdentities": map_of(OBJECT),
    }
)
_SELECTORS = list_of(
    record({"kind": TEXT, "in": list_of(TEXT), "notIn": list_of(TEXT), "progress": OBJECT}, "kind")
)
_PROPERTIES = {
    "displayName": TEXT,
    "policyDefinitionId": TEXT,
    "definitionVersion": TEXT,
    "latestDefinitionVersion": TEXT,
    "effectiveDefinitionVersion": TEXT,
    "scope": TEXT,
    "notScopes": list_of(TEXT),
    "parameters": map_of(record({"value": ANY})),
    "description": TEXT,
    "metadata": OBJECT,
    "enforcementMode": one_of("Default", "DoNotEnforce", "Enroll"),
    "nonComplianceMessages": list_of(
        record({"message": TEXT, "policyDefinitionReferenceId": TEXT}, "message")
    ),
    "resourceSelectors": list_of(record({"name": TEXT, "selectors": _SELECTORS})),
    "overrides": list_of(record({"kind": TEXT, "value": TEXT, "selectors": _SELECTORS})),
    "assignmentType": one_of("NotSpecified", "System", "SystemHidden", "Custom"),
    "instanceId": TEXT,
    "selfServeExemptionSettings": OBJECT,
}
_ASSIGNMENT = record(
    {
        **READ_ONLY,
        "location": TEXT,
        "identity": _IDENTITY,
        "sku": OBJECT,
        "properties": record(_PROPERTIES, "policyDefinitionId"),
    },
    "properties",
)
_CHANGE = record(
    {
        **READ_ONLY,
        "location": TEXT,
        "identity": _IDENTITY,
        "properties": record(
            {
                name: _PROPERTIES[name]
                for name in ("resourceSelectors", "overrides", "selfServeExemptionSettings")
            }
        ),
    }
)

_FILTERED = Columns.of(("policyDefinitionId",), ("atScope", "atExactScope", "atScopeAndBelow"))


# ---------------------------------------------------------------- reading


def get_assignment(call: Call) -> Response:
    return Response.of(_shown(call, _existing(call)))


def _shown(call: Call, stored: Stored) -> Body:
    """An assignment, with `$expand` also the versions of what is assigned: the latest, and the one in force."""
    wanted = {fold(one.strip()) for one in call.query.get("$expand", "").split(",")}
    names = [
        name for name in ("latestDefinitionVersion", "effectiveDefinitionVersion") if fold(name) in wanted
    ]
    properties = properties_of(stored)
    definition = find_definition(call.box, str(properties.get("policyDefinitionId", ""))) if names else None
    if definition is None:
        return stored.body
    pinned = body_at_version(call.box, definition, str(properties.get("definitionVersion") or ""))
    versions = (properties_of(definition).get("version"), pinned["properties"].get("version"))
    known = dict(zip(("latestDefinitionVersion", "effectiveDefinitionVersion"), versions, strict=True))
    return {**stored.body, "properties": {**properties, **{name: known[name] for name in names}}}


def list_assignments(call: Call) -> Response:
    """Without a filter everything that applies to the scope: at it, above it and below it. `atScope()` leaves out
    what is below, `atScopeAndBelow()` what is above, `atExactScope()` both; a definition's id alone takes what is
    below with it."""
    box, scope = call.box, call.values.get("scope", "")
    check_scope(box, scope)
    text = call.query.get("$filter", "")
    keep = _filter_of(text)
    found = [one for one in _related(box, scope) if keep(_filter_row(one, scope))]
    return page(call, (_shown(call, one) for one in sorted(found, key=lambda one: fold(one.id))))


def _related(box: Box, scope: str) -> Iterator[Stored]:
    above = {fold(one) for one in scopes_above(box, scope)}
    for one in box.store.of_type(ASSIGNMENT_TYPE):
        at = scope_of_extension(one.id)
        if fold(at) in above or id_within(at, scope):
            yield one


def _filter_of(text: str) -> Predicate:
    if not text:
        return lambda row: True
    try:
        return read_filter(text, _FILTERED)
    except ODataFault as fault:
        raise filter_refusal(text, fault) from fault


def _filter_row(stored: Stored, scope: str) -> Body:
    at = scope_of_extension(stored.id)
    return {
        "policyDefinitionId": properties_of(stored).get("policyDefinitionId"),
        "atscope()": same(at, scope) or not id_within(at, scope),
        "atexactscope()": same(at, scope),
        "atscopeandbelow()": id_within(at, scope),
    }


def _existing(call: Call) -> Stored:
    scope, name = call.values.get("scope", ""), call.values["name"]
    found = call.box.store.get(f"{scope}/providers/{ASSIGNMENT_TYPE}/{name}")
    if found is None:
        raise Refusal(404, "PolicyAssignmentNotFound", f"The policy assignment '{name}' is not found.")
    return found


# ---------------------------------------------------------------- writing


def put_assignment(call: Call) -> Response:
    """Answers 201 also where there was one, as documented and recorded."""
    box, scope, name = call.box, call.values.get("scope", ""), call.values["name"]
    id = f"{scope}/providers/{ASSIGNMENT_TYPE}/{name}"
    check_scope(box, scope)
    check_write(call, id)
    body = call.body()
    check_members(body, _ASSIGNMENT)
    longest = MAX_NAME_IN_GROUP if is_management_group(scope) else MAX_NAME
    check_name(name, "policy assignment", "InvalidPolicyAssignmentName", longest)
    existing = box.store.get(id)
    if existing is None:
        check_count(box, ASSIGNMENT_TYPE, scope, MAX_ASSIGNMENTS, "policy assignments")
    stated = body["properties"].get("scope")
    if stated and not same(str(stated).rstrip("/"), scope):
        raise _invalid(name, f"The scope '{stated}' does not match the scope '{scope}' of the request.")
    definition = _definition(call, name, scope, body["properties"])
    properties = _completed(call, scope, body["properties"], existing)
    _check_not_scopes(name, scope, properties["notScopes"])
    _check_parameters(name, definition, properties)
    _check_selectors(name, properties)
    _check_location(existing, body.get("location"))
    made = _made(call, canonical(existing, scope, ASSIGNMENT_TYPE, name), body, properties, existing)
    _check_identity(box, name, made, definition)
    return Response.of(_keep(call, made).body, 201)


def patch_assignment(call: Call) -> Response:
    """Changes identity, location, selectors and overrides, and nothing else."""
    existing = _existing(call)
    check_write(call, existing.id)
    body = call.body()
    check_members(body, _CHANGE)
    name = str(existing.body["name"])
    properties: Body = {**properties_of(existing), **(body.get("properties") or {})}
    properties["metadata"] = made_by(call, existing, properties.get("metadata"))
    _check_selectors(name, properties)
    if body.get("location"):
        _check_location(existing, body["location"])
    merged: Body = {
        key: existing.body[key] for key in ("location", "identity", "sku") if key in existing.body
    }
    merged.update({key: body[key] for key in ("location", "identity") if key in body})
    made = _made(call, existing.id, merged, properties, existing)
    definition = sees_definition(call.box, str(properties["policyDefinitionId"]))
    if definition is not None:
        pinned = body_at_version(call.box, definition, str(properties.get("definitionVersion") or ""))
        _check_identity(call.box, name, made, pinned)
    return Response.of(_keep(call, made).body)


def _keep(call: Call, made: Body) -> Stored:
    notes = {"apiVersion": call.request.api_version}
    stored = call.box.store.put(str(made["id"]), ASSIGNMENT_TYPE, made, notes=notes)
    changed(call.box, stored.id, made)
    touch(call.box)
    return stored


def _made(call: Call, id: str, sent: Body, properties: Body, existing: Stored | None) -> Body:
    made: Body = {}
    identity = sent.get("identity")
    old = existing.body.get("identity") if existing is not None else None
    old = old if isinstance(old, dict) else {}
    if isinstance(identity, dict) and not same(str(identity.get("type", "None")), "None"):
        made["identity"] = filled(call.box, identity, old)
    elif old.get("principalId"):
        forget_principal(call.box, str(old["principalId"]))
    if sent.get("location"):
        made["location"] = str(sent["location"]).lower().replace(" ", "")
    made["properties"] = properties
    made["id"] = id
    made["type"] = ASSIGNMENT_TYPE
    made["name"] = existing.body["name"] if existing is not None else last_name(id)
    made["systemData"] = system_data(call, existing)
    return made


def _definition(call: Call, name: str, scope: str, sent: Body) -> Body:
    """What is assigned, in the version that is asked for. Raises `Refusal`: not found, out of scope."""
    id = str(sent["policyDefinitionId"]).rstrip("/")
    kind = type_of_definition(id)
    if parse_id(id) is None or not fold(id).endswith(f"/{fold(last_name(id))}"):
        raise _invalid(name, f"The policy definition id '{id}' is not valid.")
    found = sees_definition(call.box, id)
    if found is None:
        raise not_found(kind, last_name(id))
    if not is_at_or_above(call.box, id, scope):
        what = "policy set definition" if is_set_id(id) else "policy definition"
        raise Refusal(
            400,
            "InvalidCreatePolicyAssignmentRequest",
            f"The {what} specified in policy assignment '{name}' is out of scope. Policy definitions should be "
            "specified only at or above the policy assignment scope. If the management groups hierarchy changed "
            "recently or if assigning a management group policy to new subscription, please allow up to 30 minutes "
            "for the hierarchy changes to apply and try again.",
        )
    pin = str(sent.get("definitionVersion") or "")
    if pin and not is_stand_in(found.body) and not has_version(call.box, found, pin):
        # the code is not recorded
        raise Refusal(
            400,
            "PolicyDefinitionVersionNotFound",
            f"The version '{pin}' of the policy definition '{last_name(id)}' could not be found.",
        )
    return body_at_version(call.box, found, pin)


def _completed(call: Call, scope: str, sent: Body, existing: Stored | None) -> Body:
    properties: Body = {
        name: value
        for name, value in sent.items()
        if name not in ("latestDefinitionVersion", "effectiveDefinitionVersion")
    }
    properties["scope"] = scope
    properties["policyDefinitionId"] = str(sent["policyDefinitionId"]).rstrip("/")
    properties["notScopes"] = sent.get("notScopes") or []
    properties["parameters"] = sent.get("parameters") or {}
    properties["enforcementMode"] = sent.get("enforcementMode") or "Default"
    properties["metadata"] = made_by(call, existing, sent.get("metadata"))
    old = properties_of(existing).get("instanceId") if existing is not None else None
    properties["instanceId"] = old or call.box.new_guid()
    return properties


# ---------------------------------------------------------------- what Azure refuses


def _invalid(name: str, why: str) -> Refusal:
    return Refusal(
        400,
        "InvalidCreatePolicyAssignmentRequest",
        f"The policy assignment '{name}' request is invalid. {why}",
    )


def _check_not_scopes(name: str, scope: str, excluded: list[str]) -> None:
    if len(excluded) > MAX_NOT_SCOPES:
        # the limit as documented; the code is not recorded
        raise _invalid(name, f"The number of excluded scopes must not exceed '{MAX_NOT_SCOPES}'.")
    for one in excluded:
        inside = is_management_group(scope) or id_within(one, scope)
        if parse_id(one) is None or not inside:
            raise _invalid(name, f"The excluded scope '{one}' is not a child of the scope '{scope}'.")


def _check_parameters(name: str, definition: Body, properties: Body) -> None:
    """Names and values, with Azure's codes and words; that of a value of another type is not recorded."""
    is_set = is_set_id(str(properties["policyDefinitionId"]))
    what = "policy set definition" if is_set else "policy definition"
    short, version = str(definition["name"]), definition["properties"].get("version", "1.0.0")
    declared = declared_parameters(definition)
    if is_stand_in(definition) and not declared:
        return
    given = parameter_values(properties["parameters"])
    undefined = [one for one in given if key_of(declared, one) is None]
    if undefined:
        raise Refusal(
            400,
            "UndefinedPolicyParameter",
            f"The policy assignment '{name}' is attempting to assign the parameter(s) '{','.join(undefined)}' which "
            f"are not defined in the {what} '{short}'.",
        )
    missing = [one for one, row in declared.items() if not row.has_default and key_of(given, one) is None]
    if missing:
        raise Refusal(
            400,
            "MissingPolicyParameter",
            f"The policy assignment '{name}' is missing the parameter(s) '{','.join(missing)}' as defined in the "
            f"{what} '{short}'.",
        )
    for parameter, message in parameter_faults(declared, given):
        row = get(declared, parameter)
        if row is not None and row.allowed and "allowed are" in message:
            listed = ", ".join(str(one) for one in row.allowed)
            raise Refusal(
                400,
                "PolicyParameterValueNotAllowed",
                f"The value '{get(given, parameter)}' is not allowed for policy parameter '{parameter}' in {what} "
                f"'{short} version {version}'. The allowed values are '{listed}'.",
            )
        raise Refusal(
            400,
            "InvalidPolicyParameterType",
            f"The policy assignment '{name}' request is invalid. {message[:1].upper()}{message[1:]}.",
        )


def _check_selectors(name: str, properties: Body) -> None:
    """As documented for selectors and overrides; the codes are not recorded."""
    _, wrong_selectors = read_resource_selectors(properties.get("resourceSelectors") or [])
    _, wrong_overrides = read_overrides(properties.get("overrides") or [])
    for member, faults, code in (
        ("resourceSelectors", wrong_selectors, "InvalidResourceSelectors"),
        ("overrides", wrong_overrides, "InvalidOverrides"),
    ):
        if faults:
            text = "; ".join(f"{fault.pointer}: {fault.message}" for fault in faults)
            raise Refusal(
                400,
                code,
                f"The policy assignment '{name}' request is invalid. Its {member} are invalid: {text}.",
            )


def _check_location(existing: Stored | None, location: object) -> None:
    """Once an assignment has a location, it keeps it."""
    old = existing.body.get("location") if existing is not None else None
    new = str(location or "").lower().replace(" ", "")
    if old and new != old:
        # the code is lower case as quoted from answers of Azure
        raise Refusal(
            400,
            "invalidlocationupdate",
            f"The existing assignment location cannot be changed from '{old}' to '{new}'.",
        )


def _check_identity(box: Box, name: str, made: Body, definition: Body) -> None:
    """Whoever deploys or modifies needs an identity, and an identity needs a location."""
    effects = _acting_effects(box, made, definition)
    if effects and "identity" not in made:
        raise Refusal(
            400,
            "ResourceIdentityRequired",
            f"The policy assignment '{name}' request is invalid. Policy assignments must include a resource identity "
            f"when assigning '{effects[0]}' policy definitions. Please see https://aka.ms/azurepolicyremediation for "
            "usage details.",
        )
    if "identity" in made and "location" not in made:
        raise Refusal(
            400,
            "LocationRequired",
            "The location property is required for this resource: policy assignments with a resource identity have a "
            "location.",
        )


def _acting_effects(box: Box, made: Body, definition: Body) -> list[str]:
    """The effects that an assignment would act with by itself: deployIfNotExists and modify."""
    if is_stand_in(definition):
        if needs_identity(definition):
            return ["DeployIfNotExists"]
        given = parameter_values(made["properties"]["parameters"])
        row = get(declared_parameters(definition), "effect")
        stated = get(given, "effect") or (row.default if row is not None else None)
        return [str(stated)] if isinstance(stated, str) and _acts(stated) else []
    stored = Stored(str(made["id"]), ASSIGNMENT_TYPE, made)
    found: list[str] = []
    for member in members_of(box, stored):
        effect = effect_of(member.assigned)
        if effect is not None and _acts(effect):
            found.append(effect)
    return found


def _acts(effect: str) -> bool:
    return same(effect, "deployIfNotExists") or family_of(effect) is Family.MODIFY


# ---------------------------------------------------------------- deleting


def delete_assignment(call: Call) -> Response:
    """200 with what was deleted, 204 where there was nothing. Exemptions of it stay, as in Azure."""
    scope, name = call.values.get("scope", ""), call.values["name"]
    existing = call.box.store.get(f"{scope}/providers/{ASSIGNMENT_TYPE}/{name}")
    if existing is None:
        return Response.empty(204)
    check_write(call, existing.id, "delete")
    identity = existing.body.get("identity") or {}
    if identity.get("principalId"):
        forget_principal(call.box, str(identity["principalId"]))
    call.box.store.delete(existing.id)
    changed(call.box, existing.id, None)
    touch(call.box)
    return Response.of(existing.body)
