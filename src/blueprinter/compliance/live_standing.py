"""What Azure says of the assignments themselves: whether they are there, with which values, since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import orjson

from blueprinter.azure import ArmClient
from blueprinter.casing import fold, get, same
from blueprinter.compliance.live import PolicyKey, Standing, key_of
from blueprinter.compliance.live_requests import side_by_side
from blueprinter.compliance.live_text import moment_of, text_of
from blueprinter.document import Json, parse
from blueprinter.policy import (
    AssignedPolicy,
    PolicyDefinition,
    PolicySetDefinition,
    assign_set,
    definition_key,
    read_policy_set,
)

_API_VERSION = "2025-01-01"
_ASSIGNMENTS = "/providers/Microsoft.Authorization/policyAssignments"
_SETS = "/policysetdefinitions/"


def read_standing(
    arm: ArmClient, subscriptions: Sequence[str], policies: Sequence[AssignedPolicy]
) -> Standing:
    """How the policies of a blueprint's assignment stand in Azure.

    One request a subscription, and one for each initiative that is assigned. Raises `AzureError`.
    """
    live: dict[str, Mapping[str, Json]] = {}
    for rows in side_by_side(
        lambda one: list(arm.items(f"{one}{_ASSIGNMENTS}", _API_VERSION)), subscriptions
    ):
        live.update({fold(text_of(get(row, "id")).rstrip("/")): row for row in rows})
    by_assignment: dict[str, list[AssignedPolicy]] = {}
    for policy in policies:
        by_assignment.setdefault(key_of(policy)[0], []).append(policy)
    sets = _sets(arm, [live[id] for id in by_assignment if id in live])
    found: dict[PolicyKey, AssignedPolicy] = {}
    absent: set[PolicyKey] = set()
    changed: dict[str, datetime] = {}
    for id, ours in by_assignment.items():
        body = live.get(id)
        if body is None:
            absent.update(key_of(one) for one in ours)
            continue
        if (moment := _changed(body)) is not None:
            changed[id] = moment
        there = _as_assigned(body, ours, sets)
        found.update(there)
        absent.update(key_of(one) for one in ours if key_of(one) not in there)
    return Standing(
        tuple(found.get(key_of(one), one) for one in policies),
        frozenset(absent),
        dict(sorted(changed.items())),
    )


def _as_assigned(
    body: Mapping[str, Json], ours: Sequence[AssignedPolicy], sets: Mapping[str, PolicySetDefinition]
) -> dict[PolicyKey, AssignedPolicy]:
    """The policies of one assignment as it puts them into force, as far as it holds them."""
    properties = get(body, "properties")
    held = properties if isinstance(properties, dict) else {}
    enforced = not same(text_of(get(held, "enforcementMode")), "DoNotEnforce")
    given = get(held, "parameters")
    values = {
        name: get(value, "value") if isinstance(value, dict) else None
        for name, value in (given if isinstance(given, dict) else {}).items()
    }
    assigned = fold(text_of(get(held, "policyDefinitionId")))
    policy_set = sets.get(assigned)
    if policy_set is None:
        return {
            key_of(one): replace(one, parameters=values, enforced=enforced)
            for one in ours
            if not one.reference_id
        }
    by_reference = {fold(one.reference_id): one for one in ours}
    definitions: dict[str, PolicyDefinition] = {
        definition_key(member.definition_id): by_reference[fold(member.reference_id)].definition
        for member in policy_set.members
        if fold(member.reference_id) in by_reference
    }
    members, _ = assign_set(policy_set, definitions, values)
    return {
        key_of(one): replace(one, parameters=member.parameters, missing=member.missing, enforced=enforced)
        for member in members
        if (one := by_reference.get(fold(member.reference_id))) is not None
    }


def _sets(arm: ArmClient, assignments: Sequence[Mapping[str, Json]]) -> dict[str, PolicySetDefinition]:
    """The initiatives that are assigned, by folded id."""
    ids: dict[str, str] = {}
    for body in assignments:
        properties = get(body, "properties")
        id = text_of(get(properties, "policyDefinitionId")) if isinstance(properties, dict) else ""
        if _SETS in fold(id):
            ids.setdefault(fold(id), id)
    bodies = side_by_side(lambda id: arm.get(id, _API_VERSION), ids.values())
    return {key: _read_set(body, id) for (key, id), body in zip(ids.items(), bodies, strict=True)}


def _read_set(body: Json, id: str) -> PolicySetDefinition:
    return read_policy_set(parse(orjson.dumps(body), f"{id}.json"))


def _changed(body: Mapping[str, Json]) -> datetime | None:
    """When an assignment was last changed, made when never."""
    properties = get(body, "properties")
    held = properties if isinstance(properties, dict) else {}
    stamps = [held, get(held, "metadata"), get(body, "systemData")]
    for one in stamps:
        for name in ("updatedOn", "lastModifiedAt", "createdOn", "createdAt"):
            found = text_of(get(one, name)) if isinstance(one, dict) else ""
            if found:
                return moment_of(found)
    return None
