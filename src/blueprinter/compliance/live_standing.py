"""What Azure says of the assignments themselves: whether they are there, with which values, since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict, cast

import orjson
from msgspec.structs import replace

from blueprinter.arm import ExpressionError, Value
from blueprinter.azure import ArmClient
from blueprinter.blueprint import deployed_definition_name
from blueprinter.casing import fold, get
from blueprinter.compliance.live import PolicyKey, Standing, key_of
from blueprinter.compliance.live_requests import side_by_side
from blueprinter.compliance.live_text import malformed, moment_of, text_of
from blueprinter.compliance.scope import subscription_of
from blueprinter.document import Json, parse
from blueprinter.policy import (
    AssignedPolicy,
    Override,
    PolicyDefinition,
    PolicySetDefinition,
    ResourceSelector,
    assign_set,
    definition_key,
    is_enforced,
    is_initiative_id,
    read_overrides,
    read_policy_set,
    read_resource_selectors,
)

_API_VERSION = "2025-01-01"
_ASSIGNMENTS = "/providers/Microsoft.Authorization/policyAssignments"
_NOTHING_KEPT: Mapping[str, str] = MappingProxyType({})
NOT_ASSIGNED = "not assigned"
OTHER_DEFINITION = "another definition is assigned in its place"


def read_standing(
    arm: ArmClient,
    subscriptions: Sequence[str],
    policies: Sequence[AssignedPolicy],
    kept: Mapping[str, str] = _NOTHING_KEPT,
    *,
    assignments: Mapping[str, Mapping[str, Json]] | None = None,
) -> Standing:
    """How the policies of a blueprint's assignment stand in Azure: with the values, the reach and the effects that they
    have there, which somebody may have changed.

    `kept`: folded name of a definition -> the name that it has in Azure, where it was adopted. `assignments`: what
    `read_assignments` gave, where they were read already. One request a subscription, one for each initiative that is
    assigned, and one for each assignment that no list has. Raises `AzureError`.
    """
    live = dict(read_assignments(arm, subscriptions) if assignments is None else assignments)
    by_assignment: dict[str, list[AssignedPolicy]] = {}
    for policy in policies:
        by_assignment.setdefault(key_of(policy)[0], []).append(policy)
    live.update(_looked_for(arm, subscriptions, [id for id in by_assignment if id not in live]))
    sets = _sets(arm, [live[id] for id in by_assignment if id in live])
    found: dict[PolicyKey, AssignedPolicy] = {}
    absent: dict[PolicyKey, str] = {}
    changed: dict[str, datetime] = {}
    for id, ours in by_assignment.items():
        body = live.get(id)
        if body is None:
            absent.update((key_of(one), NOT_ASSIGNED) for one in ours)
            continue
        if (moment := _changed(body)) is not None:
            changed[id] = moment
        for one, there in _as_assigned(body, ours, sets, kept):
            if isinstance(there, str):
                absent[key_of(one)] = there
            else:
                found[key_of(one)] = there
    return Standing(
        tuple(found.get(key_of(one), one) for one in policies), absent, dict(sorted(changed.items()))
    )


def read_assignments(arm: ArmClient, subscriptions: Sequence[str]) -> dict[str, Mapping[str, Json]]:
    """The policy assignments that act in subscriptions, by folded id: one request a subscription. Raises
    `AzureError`."""
    found: dict[str, Mapping[str, Json]] = {}
    for rows in side_by_side(
        lambda one: list(arm.items(f"{one}{_ASSIGNMENTS}", _API_VERSION)), subscriptions
    ):
        found.update({fold(text_of(get(row, "id")).rstrip("/")): row for row in rows})
    return found


def _looked_for(
    arm: ArmClient, subscriptions: Sequence[str], ids: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Assignments that no list has, asked for one by one: a list may have been cut short."""
    readable = {"", *map(fold, subscriptions)}
    wanted = [one for one in ids if fold(subscription_of(one)) in readable]
    bodies = side_by_side(lambda id: arm.find(id, _API_VERSION), wanted)
    for id, body in zip(wanted, bodies, strict=True):
        if isinstance(body, dict):
            yield id, body


def _as_assigned(
    body: Mapping[str, Json],
    ours: Sequence[AssignedPolicy],
    sets: Mapping[str, PolicySetDefinition],
    kept: Mapping[str, str],
) -> Iterator[tuple[AssignedPolicy, AssignedPolicy | str]]:
    """Each policy of one assignment as it is in force there, or why it is not."""
    properties = get(body, "properties")
    held = properties if isinstance(properties, dict) else {}
    given = get(held, "parameters")
    values = {
        name: get(value, "value") if isinstance(value, dict) else None
        for name, value in (given if isinstance(given, dict) else {}).items()
    }
    assigned = text_of(get(held, "policyDefinitionId"))
    policy_set = sets.get(fold(assigned))
    there: Mapping[str, AssignedPolicy] = {}
    names: Mapping[str, str] = {"": definition_key(assigned)} if policy_set is None else {}
    if policy_set is not None:
        names = {fold(one.reference_id): definition_key(one.definition_id) for one in policy_set.members}
        definitions = {
            names[key]: one.definition
            for one in ours
            if (key := fold(one.reference_id)) in names and names[key] in _names_of(one.definition, kept)
        }
        try:
            members, _ = assign_set(policy_set, definitions, values)
        except ExpressionError as wrong:
            raise malformed(f"the initiative `{policy_set.id}`: {wrong.message}") from wrong
        there = {fold(one.reference_id): one for one in members}
    for one in ours:
        key = fold(one.reference_id)
        # the states of another definition under the same reference say nothing of ours
        if names.get(key) not in _names_of(one.definition, kept):
            yield one, OTHER_DEFINITION if key in names else NOT_ASSIGNED
            continue
        member = there.get(key)
        yield (
            one,
            replace(
                one,
                parameters=values if member is None else member.parameters,
                missing=() if member is None else member.missing,
                **_reach(held),
            ),
        )


def _names_of(definition: PolicyDefinition, kept: Mapping[str, str]) -> tuple[str, ...]:
    """Under which keys a definition may be in Azure: its own, the one that we give it, the one that it keeps."""
    own = definition_key(definition.id)
    return own, fold(deployed_definition_name(definition)), fold(kept.get(own, own))


class _Reach(TypedDict):
    not_scopes: tuple[str, ...]
    enforced: bool
    resource_selectors: tuple[ResourceSelector, ...]
    overrides: tuple[Override, ...]


def _reach(held: Mapping[str, Json]) -> _Reach:
    """What an assignment judges, and with which effects. Raises `AzureError` for selectors that are not understood:
    a policy that is silent may be switched off by them."""
    selectors, unread = read_resource_selectors(cast(Value, get(held, "resourceSelectors") or []))
    overrides, wrong = read_overrides(cast(Value, get(held, "overrides") or []))
    for fault in (*unread, *wrong):
        raise malformed(f"an assignment in Azure is not understood: {fault.message}")
    listed = get(held, "notScopes")
    return {
        "not_scopes": tuple(map(text_of, listed)) if isinstance(listed, list) else (),
        "enforced": is_enforced(get(held, "enforcementMode")),
        "resource_selectors": selectors,
        "overrides": overrides,
    }


def _sets(arm: ArmClient, assignments: Sequence[Mapping[str, Json]]) -> dict[str, PolicySetDefinition]:
    """The initiatives that are assigned, by folded id."""
    ids: dict[str, str] = {}
    for body in assignments:
        properties = get(body, "properties")
        id = text_of(get(properties, "policyDefinitionId")) if isinstance(properties, dict) else ""
        if is_initiative_id(id):
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
