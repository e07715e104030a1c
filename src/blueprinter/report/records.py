"""A finding as a flat record: what JSON, JSON Lines and CSV write.

The keys are those of the machine outputs and do not change within a schema version. Absent facts are left out
where the key is optional, and null where it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

from blueprinter.arm import Resource, parse_id
from blueprinter.compliance import Finding, Pair, ResourceFacts
from blueprinter.diagnostics import Position
from blueprinter.policy import ComplianceState

_EXEMPT = frozenset({Pair.WAIVED, Pair.MITIGATED})
_SETTLED = frozenset(
    {
        ComplianceState.COMPLIANT,
        ComplianceState.EXEMPT,
        ComplianceState.NOT_APPLICABLE,
        ComplianceState.PROTECTED,
    }
)
_STEP = re.compile(r"\[(?:'((?:[^']|'')*)'|(\d+|\*))\]|([^.\[\]]+)")


class Place(Struct, frozen=True):
    """Where a resource stands, for people."""

    name: str
    type: str
    resource_group: str
    subscription: str


def shown_name(resource: Resource) -> str:
    """The name of a resource, else what its id says."""
    return resource.name or place_of(resource).name


def place_of(resource: Resource) -> Place:
    """Name, type, resource group and subscription of a resource; what its id does not say is empty."""
    parsed = parse_id(resource.id)
    if parsed is None:
        return Place(resource.name or resource.id, resource.type, "", "")
    return Place(resource.name or parsed.name, resource.type, parsed.resource_group, parsed.subscription_id)


def azure_state(finding: Finding) -> ComplianceState:
    """The compliance state as Azure would spell it: a failure under an exemption in date is `Exempt`."""
    return ComplianceState.EXEMPT if finding.pair in _EXEMPT else finding.state.state


def is_open(finding: Finding) -> bool:
    """Whether the state is neither met nor exempt: non-compliant, error, conflict, unknown or unsupported."""
    return azure_state(finding) not in _SETTLED


def position_of(finding: Finding) -> Position:
    """The place in a file that made the resource, or the very property where that is known."""
    return finding.state.resource.origin.locate(pointer_of(finding.state.path))


def where(finding: Finding) -> str:
    """The place as `file:line:column`, as far as it is known."""
    position = position_of(finding)
    return ":".join(str(part) for part in (position.file, position.line, position.column) if part)


def line(finding: Finding) -> str:
    """The place in short: the file's name without its folders, and the line."""
    position = position_of(finding)
    name = position.file.replace("\\", "/").rpartition("/")[2]
    return f"{name}:{position.line}" if position.line else name


def state_record(finding: Finding) -> dict[str, object]:
    """One policy state with the keys of `evaluate -o jsonl`."""
    state = finding.state
    assigned = state.assigned
    position = position_of(finding)
    record: dict[str, object] = {
        "policyAssignmentId": assigned.assignment_id or None,
        "policyDefinitionId": assigned.definition.id,
        "policyDefinitionReferenceId": assigned.reference_id or None,
        "resourceId": state.resource.id,
        "resourceType": state.resource.type,
        "complianceState": str(azure_state(finding)),
    }
    if state.reason is not None:
        record["reason"] = str(state.reason)
    record["controls"] = list(finding.controls)
    record["severity"] = str(finding.severity)
    optional: Iterable[tuple[str, object]] = (
        ("expected", state.expected),
        ("actual", state.actual),
        ("path", state.path),
        ("file", position.file),
        ("line", position.line),
        ("column", position.column),
    )
    record.update((key, value) for key, value in optional if value)
    record["aliasSource"] = str(state.alias_source)
    return record


def finding_record(finding: Finding) -> dict[str, object]:
    """The record of a finding inside the JSON document: the policy state, and what the run makes of it."""
    state = finding.state
    extra: Mapping[str, object] = {
        "result": str(finding.pair),
        "policyDisplayName": state.assigned.definition.display_name or state.assigned.definition.name,
        "resourceName": shown_name(state.resource),
        "effect": state.effect,
        "enforced": state.assigned.enforced,
        "detail": state.detail,
        "exemption": finding.exemption or None,
        "firstSeen": finding.first_seen or None,
        "resource": _facts_record(finding.facts),
    }
    record = {**state_record(finding), **extra}
    position = position_of(finding)
    if position.end_line:
        record |= {"endLine": position.end_line, "endColumn": position.end_column}
    if state.state is not azure_state(finding):
        record["withoutExemption"] = str(state.state)
    return record


def _facts_record(facts: ResourceFacts) -> dict[str, object]:
    return {
        "owner": facts.owner or None,
        "environment": facts.environment or None,
        "dataClass": facts.data_class or None,
        "location": facts.location or None,
        "publicPath": facts.exposed,
    }


@lru_cache(maxsize=1024)
def pointer_of(path: str) -> str:
    """A JSON path (`properties.rules[0].port`, `tags['a.b']`) as a JSON pointer; it stops at the first `[*]`."""
    steps = []
    for quoted, index, name in _STEP.findall(path.removeprefix("$")):
        if index == "*":
            break
        steps.append((quoted.replace("''", "'") or index or name).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{step}" for step in steps)
