"""From a blueprint to what it puts into force: parameters filled, definitions found, links matched."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from blueprinter.arm import ExpressionError, Value, has_unknown
from blueprinter.blueprint.assigned import Assigned, Catalog, generated_set, policies_of
from blueprinter.blueprint.assignment import Assignment
from blueprinter.blueprint.builtin_facts import BuiltinFacts
from blueprinter.blueprint.checks import LITERAL_KEYS, TEMPLATE_KEYS, uses_of
from blueprinter.blueprint.controls_set import controls_set
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.group_links import links_of_groups, manual_tests
from blueprinter.blueprint.model import (
    Absence,
    Artifact,
    Blueprint,
    Link,
    LinkTarget,
    ResolvedBlueprint,
)
from blueprinter.blueprint.naming import generated_set_id
from blueprinter.blueprint.order import deployment_order
from blueprinter.blueprint.values import Values, as_value, as_written, check_given, parameter_values
from blueprinter.document import Json, child
from blueprinter.policy import PolicyDefinition, PolicySetDefinition, undecidable


def resolve(
    blueprint: Blueprint,
    *,
    definitions: Mapping[str, PolicyDefinition],
    sets: Mapping[str, PolicySetDefinition],
    assignment: Assignment | None = None,
    builtin_facts: BuiltinFacts | None = None,
    cloud: str = "AzureCloud",
) -> ResolvedBlueprint:
    """What a blueprint puts into force.

    `definitions` and `sets` are what is available, by `definition_key`: ours, the user's, the catalog's. Without an
    assignment parameters take their defaults and scopes stay empty. Raises `InvalidInput` when the assignment
    does not fit the blueprint, or an expression has no value; everything else is a warning in `diagnostics`.
    """
    faults = Faults()
    if assignment is not None:
        check_given(blueprint, assignment, faults)
        faults.finish()
    scopes = assignment.scopes if assignment is not None else ()
    values = Values(blueprint, assignment, scopes[0] if len(scopes) == 1 else "")
    parameters = parameter_values(values, faults)
    groups = {
        placeholder: _resource_group(placeholder, values, faults) for placeholder in blueprint.resource_groups
    }
    order = deployment_order(blueprint.artifacts, blueprint.resource_groups, uses_of(blueprint)).artifacts
    catalog = Catalog(definitions, sets)
    assigned = Assigned()
    for scope in scopes or ("",):
        target = Values(blueprint, assignment, scope)
        for artifact in order:
            if artifact.kind == "policyAssignment":
                policies_of(artifact, target, catalog, assigned, faults)
    framework, links = blueprint.framework, blueprint.links
    if not blueprint.has_controls:
        framework, links = links_of_groups(blueprint, catalog, assigned)
    links = tuple(_checked(link, definitions, faults) for link in links)
    by_artifacts = frozenset(assigned.keys)
    unusable: dict[str, Absence] = {}
    for link in links:
        if link.target is LinkTarget.POLICY:
            found = _absence(link.test, definitions, builtin_facts, cloud)
            if found is not None:
                unusable.setdefault(link.test, found)
    controls = controls_set(links, by_artifacts, unusable, values, definitions, builtin_facts)
    taken = controls.parameters if controls is not None else ()
    for scope in scopes or ("",):
        target = Values(blueprint, assignment, scope)
        set_scope = assignment.definition_scope or scope if assignment is not None else ""
        set_id = generated_set_id(set_scope, blueprint.name, taken)
        generated_set(links, by_artifacts, set_id, target, catalog, assigned, faults)
    absent = {**unusable, **assigned.absent}
    tests = {test for link in links for test in (link.test, link.equivalent) if test}
    spoken_for = tests | manual_tests(assigned.policies)
    return ResolvedBlueprint(
        blueprint=blueprint,
        framework=framework,
        links=links,
        policies=tuple(assigned.policies),
        absent={test: why for test, why in absent.items() if test in tests},
        parameters=parameters,
        resource_groups=groups,
        artifacts=tuple(_evaluated(artifact, values, faults) for artifact in order),
        unmapped=tuple(key for key in assigned.keys if key not in spoken_for),
        diagnostics=faults.finish(),
        controls=controls,
    )


def _absence(
    key: str, definitions: Mapping[str, PolicyDefinition], facts: BuiltinFacts | None, cloud: str
) -> Absence | None:
    fact = facts.get(key) if facts is not None else None
    definition = definitions.get(key)
    if (fact is not None and fact.deprecated) or (definition is not None and definition.deprecated):
        return Absence.DEPRECATED
    if fact is not None and fact.clouds and cloud not in fact.clouds:
        return Absence.NOT_IN_CLOUD
    return None


def _checked(link: Link, definitions: Mapping[str, PolicyDefinition], faults: Faults) -> Link:
    """A link; `source: live` holds only for a definition that cannot be decided offline."""
    definition = definitions.get(link.test)
    if not link.live_only or definition is None or undecidable(definition) is not None:
        return link
    hint = "remove `source: live`: the test runs offline as well"
    faults.warn("BP246", f"`{link.test}` can be decided from an inventory", link.position, hint)
    return replace(link, live_only=False)


def _resource_group(placeholder: str, values: Values, faults: Faults) -> Mapping[str, Value]:
    """Name, location and tags of a resource group."""
    blueprint = values.blueprint
    row = blueprint.resource_groups[placeholder]
    pointer = child("/properties/resourceGroups", placeholder)
    tags: Json = row.tags_expression or dict(row.tags)
    found: dict[str, Value] = {}
    try:
        found.update(values.resource_group_of(placeholder))
    except ExpressionError as wrong:
        faults.error("BP266", wrong.message, blueprint.document.locate(pointer))
    found["tags"] = values.evaluate_at(blueprint.document, pointer + "/tags", tags, faults)
    return found


def _evaluated(artifact: Artifact, values: Values, faults: Faults) -> Artifact:
    """An artifact with its properties as they would stand in a template; the template itself is not touched."""
    inner = values.within(artifact.resource_group or None)
    properties: dict[str, Json] = {}
    for key, value in artifact.properties.items():
        if key in LITERAL_KEYS:
            properties[key] = value if key in TEMPLATE_KEYS else as_written(as_value(value))
            continue
        found = inner.evaluate_at(artifact.document, child("/properties", key), value, faults)
        if key == "principalIds":
            found = _flat(found)
        properties[key] = as_written(found)
    return replace(artifact, properties=properties)


def _flat(value: Value) -> Value:
    """Principals as one list: an expression among them may give a list of its own."""
    if not isinstance(value, list):
        return value if has_unknown(value) else [value]
    return [one for member in value for one in (member if isinstance(member, list) else [member])]
