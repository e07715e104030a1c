"""Policies that are in force at a scope already, read from Azure so that the engine can judge what is to come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import orjson
from msgspec import Struct, field

from blueprinter.arm import ExpressionError, Value
from blueprinter.azure import ArmClient
from blueprinter.casing import fold
from blueprinter.deploy.model import API_VERSIONS, ASSIGNMENTS, DEFINITIONS, SETS, Live
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Json, parse
from blueprinter.policy import (
    AssignedPolicy,
    PolicyDefinition,
    assign_set,
    definition_key,
    is_enforced,
    is_initiative_id,
    is_policy_set,
    messages_for,
    read_definition,
    read_overrides,
    read_policy_set,
    read_resource_selectors,
)


class Bodies(Struct):
    """Definitions and sets of Azure by id, each read once. None: Azure does not have it."""

    arm: ArmClient
    held: dict[str, Json] = field(default_factory=dict)

    def get(self, id: str) -> Json:
        key = fold(id.rstrip("/"))
        if key not in self.held:
            kind = SETS if is_initiative_id(key) else DEFINITIONS
            self.held[key] = self.arm.find(id.rstrip("/"), API_VERSIONS[kind])
        return self.held[key]


def policies_of(bodies: Bodies, assignments: Iterable[Live]) -> tuple[list[AssignedPolicy], list[str]]:
    """What assignments put into force, and the ids of those that could not be read."""
    found: list[AssignedPolicy] = []
    unread: list[str] = []
    for one in assignments:
        if not is_enforced(one.properties.get("enforcementMode")):
            continue
        try:
            found.extend(_policies(bodies, one))
        except (InvalidInput, ExpressionError):
            unread.append(one.id)
    return found, unread


def above(arm: ArmClient, scope: str) -> list[Live]:
    """The policy assignments of a scope and of what is above it."""
    rows = arm.items(
        f"{scope}/providers/{ASSIGNMENTS}", API_VERSIONS[ASSIGNMENTS], query={"$filter": "atScope()"}
    )
    return [Live(str(row.get("id", "")), ASSIGNMENTS, row) for row in rows]


def _policies(bodies: Bodies, one: Live) -> list[AssignedPolicy]:
    properties = one.properties
    id = str(properties.get("policyDefinitionId", ""))
    body = bodies.get(id)
    if body is None:
        return []
    values = _values(properties.get("parameters"))
    selectors, _ = read_resource_selectors(cast(Value, properties.get("resourceSelectors") or []))
    overrides, _ = read_overrides(cast(Value, properties.get("overrides") or []))
    listed = properties.get("notScopes")
    excluded = tuple(str(scope) for scope in listed) if isinstance(listed, list) else ()
    scope = one.id[: fold(one.id).rindex("/providers/microsoft.authorization/")]
    document = parse(orjson.dumps(body), id)
    if is_policy_set(body):
        policy_set = read_policy_set(document)
        definitions: dict[str, PolicyDefinition] = {}
        for member in policy_set.members:
            held = bodies.get(member.definition_id)
            if held is not None:
                definitions[definition_key(member.definition_id)] = read_definition(
                    parse(orjson.dumps(held), member.definition_id)
                )
        members, _ = assign_set(
            policy_set,
            definitions,
            values,
            one.id,
            scope,
            not_scopes=excluded,
            resource_selectors=selectors,
            overrides=overrides,
            messages=properties.get("nonComplianceMessages"),
        )
        return list(members)
    return [
        AssignedPolicy(
            read_definition(document),
            parameters=values,
            assignment_id=one.id,
            scope=scope,
            not_scopes=excluded,
            resource_selectors=selectors,
            overrides=overrides,
            message=messages_for(properties.get("nonComplianceMessages"))(""),
        )
    ]


def _values(parameters: Json) -> Mapping[str, Json]:
    rows = parameters if isinstance(parameters, dict) else {}
    return {name: row.get("value") for name, row in rows.items() if isinstance(row, dict)}
