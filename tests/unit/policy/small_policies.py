"""Small policies and resources for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from blueprinter.arm import Resource
from blueprinter.document import parse
from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    Found,
    LookupResult,
    NotCollected,
    PolicyDefinition,
    PolicyState,
    compile_policies,
    read_definition,
)

NOW = "2026-01-01T00:00:00Z"
GROUP = "/subscriptions/s1/resourceGroups/rg"


def definition(
    condition: Any, then: Any = None, *, name: str = "test", **properties: Any
) -> PolicyDefinition:
    """A definition in mode All, effect audit where nothing else is said."""
    rule = {"if": condition, "then": then or {"effect": "audit"}}
    whole = {"name": name, "properties": {"mode": "All", "policyRule": rule, **properties}}
    return read_definition(parse(json.dumps(whole), f"{name}.json"))


def resource(type: str, name: str, *, scope: str = GROUP, api_version: str = "", **body: Any) -> Resource:
    """A resource with an id; `body` beside id, type and name. Without `properties` unless given."""
    namespace, *types = type.split("/")
    pairs = "/".join(f"{kind}/{part}" for kind, part in zip(types, name.split("/"), strict=True))
    id = f"{scope}/providers/{namespace}/{pairs}"
    return Resource(id, type, name, {"id": id, "type": type, "name": name, **body}, api_version=api_version)


class Answers:
    """A lookup from a table of answers by type; it remembers what it was asked."""

    def __init__(self, answers: Mapping[str, LookupResult] | None = None) -> None:
        self.answers = {type.lower(): answer for type, answer in (answers or {}).items()}
        self.asked: list[tuple[str, str | None, str]] = []

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        self.asked.append((type, name, scope))
        return self.answers.get(type.lower(), NotCollected())


def found(*resources: Resource) -> Found:
    return Found(resources)


def states(
    policy: PolicyDefinition | AssignedPolicy,
    subject: Resource,
    lookup: Answers | None = None,
    *,
    aliases: AliasTable | None = None,
    **options: Any,
) -> tuple[PolicyState, ...]:
    """The states of one policy on one resource, those that do not apply included."""
    assigned = policy if isinstance(policy, AssignedPolicy) else AssignedPolicy(policy)
    table = aliases or AliasTable.empty()
    compiled = compile_policies([assigned], aliases=table, now=NOW, **{"all_states": True, **options})
    return compiled.run(subject, lookup or Answers())


def state(
    policy: PolicyDefinition | AssignedPolicy, subject: Resource, *args: Any, **options: Any
) -> PolicyState:
    (one,) = states(policy, subject, *args, **options)
    return one
