"""What Azure refuses of an initiative: its members, their parameters and groups.

Source: Microsoft Learn, "Azure Policy initiative definition structure"; codes and messages as quoted in public issues
of Azure's own repositories.
"""

from __future__ import annotations

from blueprinter.arm import id_within
from blueprinter.casing import fold, key_of, same
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.policy import PolicyParameter
from blueprinter.sandbox.acting.objects import (
    as_policy_set,
    is_set_id,
    last_name,
    properties_of,
    scope_of_extension,
    sees_definition,
)
from blueprinter.sandbox.hierarchy import scopes_above
from blueprinter.sandbox.model import Body, Box, Call, Refusal, Stored

MAX_SET_PARAMETERS = 400
MAX_MEMBERS = 1000


def worded(one: Diagnostic) -> str:
    return f"{one.message} ({one.hint})" if one.hint else one.message


def check_set(call: Call, made: Body) -> None:
    name, properties = str(made["name"]), made["properties"]
    members = properties["policyDefinitions"]
    if len(members) > MAX_MEMBERS or len(properties["parameters"]) > MAX_SET_PARAMETERS:
        raise _invalid_set(
            name,
            f"It can have at most '{MAX_MEMBERS}' policy definitions and '{MAX_SET_PARAMETERS}' parameters.",
        )
    declared = {fold(one["name"]) for one in properties.get("policyDefinitionGroups") or []}
    properties["policyDefinitions"] = [
        _checked_member(call, name, str(made["id"]), member, place, declared)
        for place, member in enumerate(members)
    ]
    references = [fold(one["policyDefinitionReferenceId"]) for one in properties["policyDefinitions"]]
    twice = sorted({one for one in references if references.count(one) > 1})
    if twice:
        raise _invalid_set(
            name, f"The policy definition reference id(s) '{','.join(twice)}' are used more than once."
        )
    try:
        as_policy_set(made)
    except InvalidInput as found:
        text = "; ".join(worded(one) for one in found.diagnostics)
        raise _invalid_set(name, text) from found


def _invalid_set(name: str, why: str) -> Refusal:
    return Refusal(
        400,
        "InvalidCreatePolicySetDefinitionRequest",
        f"The policy set definition '{name}' request is invalid. {why}",
    )


def _checked_member(call: Call, name: str, id: str, member: Body, place: int, groups: set[str]) -> Body:
    definition_id = str(member["policyDefinitionId"])
    if is_set_id(definition_id) or "/policydefinitions/" not in fold(definition_id):
        raise _invalid_set(
            name, "Referenced policy definitions must be of type 'Microsoft.Authorization/policyDefinitions'."
        )
    found = sees_definition(call.box, definition_id)
    if found is None:
        raise Refusal(
            400,
            "PolicyDefinitionNotFound",
            f"The policy set definition '{name}' request is invalid. The following policy definition could not be "
            f"found: '{definition_id}'.",
        )
    if not is_at_or_above(call.box, definition_id, scope_of_extension(id)):
        raise _invalid_set(
            name,
            f"The policy definition '{definition_id}' is out of scope. Policy definitions should be specified only at "
            "or above the policy set definition scope.",
        )
    unknown = [one for one in member.get("groupNames") or [] if fold(one) not in groups]
    if unknown:
        raise _invalid_set(
            name, f"The group name(s) '{','.join(unknown)}' are not defined in the policy definition groups."
        )
    _check_member_parameters(name, found, member)
    reference = member.get("policyDefinitionReferenceId") or f"{last_name(definition_id)}_{place + 1}"
    version = str(properties_of(found).get("version") or "1.0.0")
    return {
        "policyDefinitionReferenceId": reference,
        **member,
        "definitionVersion": member.get("definitionVersion") or f"{version.partition('.')[0]}.*.*",
        "parameters": member.get("parameters") or {},
    }


def _check_member_parameters(name: str, found: Stored, member: Body) -> None:
    declared = properties_of(found).get("parameters") or {}
    given = member.get("parameters") or {}
    short = last_name(found.id)
    undefined = [one for one in given if key_of(declared, one) is None]
    if undefined:
        raise Refusal(
            400,
            "UndefinedPolicyParameter",
            f"The policy set definition '{name}' is attempting to assign the parameter(s) '{','.join(undefined)}' "
            f"which are not defined in the policy definition '{short}'.",
        )
    missing = [
        one
        for one, parameter in declared.items()
        if "defaultValue" not in parameter and key_of(given, one) is None
    ]
    if missing:
        raise Refusal(
            400,
            "MissingPolicyParameter",
            f"The policy set definition '{name}' is missing the parameter(s) '{','.join(missing)}' as defined in the "
            f"policy definition '{short}'.",
        )


def is_at_or_above(box: Box, definition_id: str, scope: str) -> bool:
    """Whether a definition lies where a scope may refer to it: at the tenant, at the scope, or above it."""
    at = scope_of_extension(definition_id)
    return not at or any(same(at, one) for one in scopes_above(box, scope)) or id_within(scope, at)


def declared_parameters(body: Body) -> dict[str, PolicyParameter]:
    """The parameters of a definition or initiative, for checking values. Those of a stand-in may have any type."""
    found: dict[str, PolicyParameter] = {}
    for name, one in (body.get("properties", {}).get("parameters") or {}).items():
        found[name] = PolicyParameter(
            name,
            str(one.get("type", "")),
            "defaultValue" in one,
            one.get("defaultValue"),
            tuple(one.get("allowedValues") or ()),
        )
    return found
