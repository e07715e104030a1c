"""The rows of Policy Insights: their columns, and what Azure writes into them.

Ids are lower case, parameters are JSON in a string, and columns that Azure fills with `tbd` hold that. Sources:
Microsoft Learn, "Policy States - List Query Results For Subscription" and "Get compliance data of Azure resources";
the examples of the public REST specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from blueprinter.arm import Resource, parse_id
from blueprinter.casing import get
from blueprinter.sandbox.acting.in_force import Member, Unread
from blueprinter.sandbox.acting.objects import last_name, properties_of, scope_of_extension
from blueprinter.sandbox.model import Body, Stored

_UNSAID = "tbd"

STATE_COLUMNS = (
    "timestamp",
    "resourceId",
    "policyAssignmentId",
    "policyDefinitionId",
    "effectiveParameters",
    "isCompliant",
    "subscriptionId",
    "resourceType",
    "resourceLocation",
    "resourceGroup",
    "resourceTags",
    "policyAssignmentName",
    "policyAssignmentOwner",
    "policyAssignmentParameters",
    "policyAssignmentScope",
    "policyDefinitionName",
    "policyDefinitionAction",
    "policyDefinitionCategory",
    "policySetDefinitionId",
    "policySetDefinitionName",
    "policySetDefinitionOwner",
    "policySetDefinitionCategory",
    "policySetDefinitionParameters",
    "managementGroupIds",
    "policyDefinitionReferenceId",
    "complianceState",
    "policyDefinitionGroupNames",
    "policyDefinitionVersion",
    "policySetDefinitionVersion",
    "policyAssignmentVersion",
)
"""In the order in which a row has them."""

EVENT_COLUMNS = (*STATE_COLUMNS, "tenantId", "principalOid", "components")


@lru_cache(maxsize=4096)
def policy_columns(member: Member) -> Mapping[str, Any]:
    """The columns of a row that tell of a policy in force."""
    assigned = member.assigned
    return _columns(
        member.assignment,
        assigned.definition.id,
        member.definition,
        assigned.set_definition_id,
        member.policy_set,
        assigned.reference_id,
        member.groups,
    )


def unread_columns(unread: Unread) -> Body:
    """The same, of what is assigned and cannot be judged."""
    set_id = str(unread.policy_set.get("id", "")) if unread.policy_set is not None else ""
    id = str(unread.definition.get("id", ""))
    return _columns(
        unread.assignment,
        id,
        unread.definition,
        set_id,
        unread.policy_set,
        unread.reference_id,
        unread.groups,
    )


def _columns(
    assignment: Stored,
    definition_id: str,
    definition: Body,
    set_id: str,
    policy_set: Body | None,
    reference: str,
    groups: tuple[str, ...],
) -> Body:
    properties = properties_of(assignment)
    parameters = properties.get("parameters") or {}
    found: Body = {
        "policyAssignmentId": assignment.id.lower(),
        "policyDefinitionId": definition_id.lower(),
        "effectiveParameters": None,
        "policyAssignmentName": last_name(assignment.id).lower(),
        "policyAssignmentOwner": _UNSAID,
        "policyAssignmentParameters": orjson.dumps(parameters).decode(),
        "policyAssignmentScope": scope_of_extension(assignment.id).lower(),
        "policyDefinitionName": last_name(definition_id).lower(),
        "policyDefinitionCategory": _UNSAID,
        "policySetDefinitionId": None,
        "policySetDefinitionName": None,
        "policySetDefinitionOwner": None,
        "policySetDefinitionCategory": None,
        "policySetDefinitionParameters": None,
        "policyDefinitionReferenceId": None,
        "policyDefinitionGroupNames": [""],
        "policyDefinitionVersion": _version(definition),
        "policySetDefinitionVersion": None,
        "policyAssignmentVersion": "",
    }
    if policy_set is not None:
        found["policySetDefinitionId"] = set_id.lower()
        found["policySetDefinitionName"] = last_name(set_id).lower()
        found["policySetDefinitionOwner"] = _UNSAID
        found["policySetDefinitionCategory"] = _category(policy_set)
        found["policySetDefinitionVersion"] = _version(policy_set)
        found["policyDefinitionReferenceId"] = reference.lower()
        found["policyDefinitionGroupNames"] = list(groups) or [""]
    return found


def resource_columns(resource: Resource, groups: tuple[str, ...]) -> Body:
    """The columns of a row that tell of a resource. `groups`: ids of the management groups that it is in."""
    parts = parse_id(resource.id)
    location = get(resource.body, "location")
    return {
        "resourceId": resource.id.lower(),
        "subscriptionId": parts.subscription_id.lower() if parts is not None else "",
        "resourceType": resource.type,
        "resourceLocation": location.lower().replace(" ", "") if isinstance(location, str) else "",
        "resourceGroup": parts.resource_group.lower() if parts is not None else "",
        "resourceTags": _UNSAID,
        "managementGroupIds": ",".join(last_name(one) for one in groups),
    }


def state_row(
    policy: Mapping[str, Any], resource: Mapping[str, Any], state: str, effect: str, stamp: str
) -> Body:
    """One row, its columns in Azure's order."""
    found: Body = {
        "timestamp": stamp,
        "isCompliant": state == "Compliant",
        "policyDefinitionAction": effect.lower(),
        "complianceState": state,
        **resource,
        **policy,
    }
    return {name: found.get(name) for name in STATE_COLUMNS}


def _version(definition: Body) -> str:
    return str(definition.get("properties", {}).get("version") or "1.0.0")


def _category(definition: Body) -> str:
    metadata = definition.get("properties", {}).get("metadata")
    category = metadata.get("category") if isinstance(metadata, dict) else None
    return str(category).lower() if category else _UNSAID
