"""Custom definitions, and the set of what the controls name, at the definition scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from blueprinter.arm import Literal, literal, parse_id
from blueprinter.blueprint import ControlsMember
from blueprinter.casing import fold, get
from blueprinter.document import Json
from blueprinter.policy import as_deployed, definition_key
from blueprinter.render.assignments import named_definition
from blueprinter.render.model import Job, ScopeKind
from blueprinter.render.naming import definition_id, definition_name, parameter_name, set_name
from blueprinter.render.pieces import DEFINITIONS, POLICY_API, SETS, Body, bracketed, resource_id

_TYPES = {"string": "String", "array": "Array", "object": "Object", "bool": "Boolean", "int": "Integer"}
_CATEGORY, _TITLE = "Regulatory Compliance", 128
_BODY_KEYS = ("displayName", "description", "mode", "version", "parameters", "policyRule")


def definition_kind(job: Job) -> ScopeKind:
    """What the definition scope is."""
    parts = parse_id(job.definition_scope)
    at_group = parts is not None and bool(parts.management_group)
    return ScopeKind.MANAGEMENT_GROUP if at_group else ScopeKind.SUBSCRIPTION


def custom_definitions(job: Job) -> tuple[str, ...]:
    """Names of the custom definitions that artifacts and controls assign, each once, by name."""
    named = [
        named_definition(one) for one in job.resolved.blueprint.artifacts if one.kind == "policyAssignment"
    ]
    controls = job.resolved.controls
    named += [member.key for member in controls.members] if controls is not None else []
    keys = {definition_key(name) for name in named if name and job.options.sources.is_custom(name)}
    return tuple(sorted(keys))


def definition_resources(job: Job) -> list[Body]:
    """The definitions, then the set that names them."""
    kind = definition_kind(job)
    found = [_definition(job, key) for key in custom_definitions(job)]
    controls = job.resolved.controls
    if controls is not None:
        found.append(_set(job, kind))
    return found


def set_member_ids(job: Job, kind: ScopeKind) -> Iterator[str]:
    """What the set waits for: the custom definitions among its members, as `dependsOn` names them."""
    controls = job.resolved.controls
    for member in controls.members if controls is not None else ():
        if job.options.sources.is_custom(member.key):
            yield bracketed(resource_id(kind, DEFINITIONS, Literal(definition_name(job, member.key))))


def _definition(job: Job, key: str) -> Body:
    held = as_deployed(job.options.sources.bodies[key].value)
    value: Mapping[str, Json] = held if isinstance(held, dict) else {}
    inner = get(value, "properties")
    source: Mapping[str, Json] = inner if isinstance(inner, dict) else value
    properties: Body = {}
    for name in _BODY_KEYS:
        found = get(source, name)
        if found is not None:
            properties[name] = literal(found)
    properties.setdefault("displayName", literal(job.options.sources.definitions[key].display_name))
    properties["policyType"] = "Custom"
    metadata = get(source, "metadata")
    own = dict(metadata) if isinstance(metadata, dict) else {}
    # several assignments of a blueprint may share a definition, so the mark names none of them
    mark = {name: one for name, one in job.mark.metadata().items() if name != "assignment"}
    properties["metadata"] = literal({**own, "blueprinter": mark})
    return {
        "type": DEFINITIONS,
        "apiVersion": POLICY_API,
        "name": definition_name(job, key),
        "properties": dict(sorted(properties.items(), key=lambda row: _ORDER.get(row[0], 99))),
    }


_ORDER = {
    name: place
    for place, name in enumerate(
        (
            "displayName",
            "description",
            "policyType",
            "mode",
            "version",
            "metadata",
            "parameters",
            "policyRule",
        )
    )
}


def _set(job: Job, kind: ScopeKind) -> Body:
    """One set of all that the controls name: a group for each control, parameters only where the blueprint has them.

    Source: Microsoft Learn, "Azure Policy initiative definition structure".
    """
    controls, blueprint = job.resolved.controls, job.resolved.blueprint
    members = controls.members if controls is not None else ()
    taken = controls.parameters if controls is not None else ()
    parameters: Body = {}
    for name, type in taken:
        row = blueprint.parameters[name]
        metadata: Body = {}
        if row.display_name:
            metadata["displayName"] = row.display_name
        if row.description:
            metadata["description"] = row.description
        parameters[parameter_name(name)] = {"type": _TYPES.get(fold(type), "String"), "metadata": metadata}
    mark = {name: one for name, one in job.mark.metadata().items() if name != "assignment"}
    properties: Body = {
        "displayName": f"{blueprint.display_name}: controls"[:_TITLE],
        "description": f"What the control map of {blueprint.name} names and no artifact assigns.",
        "policyType": "Custom",
        "metadata": {"category": _CATEGORY, "blueprinter": mark},
        "parameters": parameters,
        "policyDefinitions": [_member(job, member) for member in members],
        "policyDefinitionGroups": _groups(job, members),
    }
    body: Body = {"type": SETS, "apiVersion": POLICY_API, "name": set_name(job)}
    waits = sorted(set(set_member_ids(job, kind)))
    if waits:
        body["dependsOn"] = list(waits)
    body["properties"] = literal(properties)
    return body


def _member(job: Job, member: ControlsMember) -> Body:
    found: Body = {
        "policyDefinitionReferenceId": member.definition.name
        if member.definition is not None
        else member.key,
        "policyDefinitionId": definition_id(job, member.key),
    }
    version = member.fact.version if member.fact is not None else ""
    if version and not job.options.sources.is_custom(member.key):
        found["definitionVersion"] = pinned(version)
    if member.handed_on:
        found["parameters"] = {
            name: {"value": f"[parameters('{parameter_name(own)}')]"}
            for name, own in member.handed_on.items()
        }
    found["groupNames"] = list(member.controls)
    return found


def pinned(version: str) -> str:
    """The pin of a built-in: its major version, `2.*.*`, with `-preview` where it has it.

    Source: Microsoft Learn, "Azure Policy definition structure basics", section "Version".
    """
    numbers, _, suffix = version.partition("-")
    pin = f"{numbers.partition('.')[0]}.*.*"
    return f"{pin}-preview" if suffix == "preview" else pin


def _groups(job: Job, members: tuple[ControlsMember, ...]) -> list[Json]:
    """A group for each control that is named, in the framework's order."""
    named = {control for member in members for control in member.controls}
    framework = job.resolved.framework
    known = [control for control in (framework.controls if framework is not None else {}) if control in named]
    rows: list[Json] = []
    for control in [*known, *sorted(named - set(known))]:
        row: Body = {"name": control}
        found = framework.controls.get(control) if framework is not None else None
        if found is not None and framework is not None:
            row["displayName"] = found.title
            row["category"] = next((one.title for one in framework.groups if one.id == found.group), "")
        rows.append(row)
    return rows
