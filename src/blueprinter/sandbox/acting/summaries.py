"""Summaries of policy states: three units at every level, counted from the rows.

`resourceDetails` counts the distinct resources of a node, `policyDetails` its policies, `policyGroupDetails` its
groups, each by the state that weighs most in it. Source: Microsoft Learn, REST reference "Policy States - Summarize For
Subscription", and the examples of the public REST specification.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from blueprinter.casing import fold
from blueprinter.policy import ROLL_UP, ComplianceState
from blueprinter.sandbox.acting.odata import Row
from blueprinter.sandbox.model import Body

_WEIGHTS: Mapping[str, int] = {str(state): len(ROLL_UP) - place for place, state in enumerate(ROLL_UP)}

_BAD = str(ComplianceState.NON_COMPLIANT)


class _Node(Struct):
    """What is counted in one place of a summary: for each resource, policy and group the state that weighs most."""

    resources: dict[str, str] = field(default_factory=dict)
    policies: dict[tuple[str, str, str], str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)

    def add(self, resource: str, policy: tuple[str, str, str], groups: Iterable[str], state: str) -> None:
        _weigh(self.resources, resource, state)
        _weigh(self.policies, policy, state)
        for group in groups:
            _weigh(self.groups, group, state)

    def results(self, uri: str, *, with_policies: bool) -> Body:
        found: Body = {"queryResultsUri": uri, "nonCompliantResources": _bad(self.resources)}
        if with_policies:
            found["nonCompliantPolicies"] = _bad(self.policies)
        found["resourceDetails"] = _details(self.resources)
        found["policyDetails"] = _details(self.policies)
        found["policyGroupDetails"] = _details(self.groups)
        return found


class _Definition(Struct):
    node: _Node
    row: Row


class _Assignment(Struct):
    """An assignment with its policies and groups."""

    row: Row
    node: _Node = field(default_factory=_Node)
    definitions: dict[tuple[str, str, str], _Definition] = field(default_factory=dict)
    groups: dict[str, _Node] = field(default_factory=dict)


def summarize(rows: Iterable[Row], top: int | None, uri: Callable[[str], str]) -> Body:
    """One summary, without what names its place. `uri` gives the address of the rows behind a filter; `top` limits
    the assignments, those with the most resources that do not comply first."""
    whole = _Node()
    assignments: dict[str, _Assignment] = {}
    for row in rows:
        state = str(row["complianceState"])
        resource = fold(str(row["resourceId"]))
        policy = (
            str(row["policyAssignmentId"]),
            str(row["policyDefinitionReferenceId"] or ""),
            str(row["policyDefinitionId"]),
        )
        groups = [group for group in row["policyDefinitionGroupNames"] or () if group]
        whole.add(resource, policy, groups, state)
        assignment = assignments.get(policy[0])
        if assignment is None:
            assignment = assignments[policy[0]] = _Assignment(row)
        assignment.node.add(resource, policy, groups, state)
        definition = assignment.definitions.get(policy)
        if definition is None:
            definition = assignment.definitions[policy] = _Definition(_Node(), row)
        definition.node.add(resource, policy, groups, state)
        for group in groups:
            assignment.groups.setdefault(group, _Node()).add(resource, policy, (group,), state)
    ordered = sorted(
        assignments.values(), key=lambda one: (-_bad(one.node.resources), one.row["policyAssignmentId"])
    )
    return {
        "results": whole.results(uri(""), with_policies=True),
        "policyAssignments": [_assignment(one, uri) for one in (ordered if top is None else ordered[:top])],
    }


def _assignment(one: _Assignment, uri: Callable[[str], str]) -> Body:
    id = one.row["policyAssignmentId"]
    own = f"PolicyAssignmentId eq '{id}'"
    definitions = sorted(one.definitions.items(), key=lambda item: (-_bad(item[1].node.resources), item[0]))
    return {
        "policyAssignmentId": id,
        "policySetDefinitionId": one.row["policySetDefinitionId"] or "",
        "results": one.node.results(uri(own), with_policies=True),
        "policyDefinitions": [_definition(found, uri, own) for _, found in definitions],
        "policyGroups": [
            {
                "policyGroupName": name,
                "results": node.results(
                    uri(f"{own} and '{name}' IN PolicyDefinitionGroupNames"), with_policies=False
                ),
            }
            for name, node in sorted(one.groups.items())
        ],
    }


def _definition(found: _Definition, uri: Callable[[str], str], own: str) -> Body:
    row = found.row
    where = f"{own} and PolicyDefinitionId eq '{row['policyDefinitionId']}'"
    return {
        "policyDefinitionId": row["policyDefinitionId"],
        "policyDefinitionReferenceId": row["policyDefinitionReferenceId"],
        "policyDefinitionGroupNames": row["policyDefinitionGroupNames"],
        "effect": row["policyDefinitionAction"],
        "results": found.node.results(uri(where), with_policies=False),
    }


def _weigh(into: dict[Any, str], key: Any, state: str) -> None:
    known = into.get(key)
    if known is None or _WEIGHTS.get(state, 0) > _WEIGHTS.get(known, 0):
        into[key] = state


def _bad(states: Mapping[Any, str]) -> int:
    return sum(state == _BAD for state in states.values())


def _details(states: Mapping[Any, str]) -> list[Body]:
    counted = Counter(states.values())
    return [{"complianceState": fold(state), "count": count} for state, count in sorted(counted.items())]
