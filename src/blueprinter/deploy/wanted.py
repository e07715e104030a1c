"""What the templates of a target make, object by object."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import orjson

from blueprinter.arm import DeploymentContext, Expansion, Value, expand
from blueprinter.casing import fold
from blueprinter.deploy.model import ASSIGNMENTS, GROUPS, SETS, Body, Target, Wanted
from blueprinter.document import Json, parse
from blueprinter.render import ScopeKind, Template

_HASH_TAG = "blueprintDeployment"
_GROUP_TYPES = {"microsoft.resources/resourcegroups", "microsoft.resources/subscriptions/resourcegroups"}


def wanted_objects(target: Target) -> tuple[Wanted, ...]:
    """Every object of every template, in the order in which it is deployed."""
    return tuple(
        Wanted(
            one.id,
            GROUPS if one.type.casefold() in _GROUP_TYPES else one.type,
            one.body,
            template.name,
            one.api_version,
        )
        for template in target.rendered.templates
        for one in expanded(template, target.cloud).resources
        if one.id
    )


def expanded(template: Template, cloud: str) -> Expansion:
    """What one template makes. What only Azure knows is `Unknown`."""
    document = parse(orjson.dumps(dict(template.body)), f"{template.name}.json")
    at_subscription = template.kind is ScopeKind.SUBSCRIPTION
    context = DeploymentContext(
        scope=str(template.kind),
        subscription_id=template.scope.rpartition("/")[2] if at_subscription else "",
        management_group="" if at_subscription else template.scope.rpartition("/")[2],
        location=template.location,
        deployment_name=template.deployment,
        cloud=cloud,
    )
    return expand(document, parameters=template.parameters, context=context)


def stack_body(template: Template, location: str, parameters: Mapping[str, Json]) -> Body:
    """The request that makes or updates a stack, with what it consists of as a tag."""
    stack = dict(template.stack or {})
    properties = stack.get("properties")
    inner: Body = dict(properties) if isinstance(properties, dict) else {}
    body: Body = {
        **stack,
        "location": location,
        "properties": {**inner, "template": dict(template.body), "parameters": _valued(parameters)},
    }
    return _tagged(body, stack.get("tags"))


def deployment_body(template: Template, location: str, parameters: Mapping[str, Json]) -> Body:
    """The request of a plain deployment, with the same tags."""
    body: Body = {
        "location": location,
        "properties": {
            "mode": "Incremental",
            "template": dict(template.body),
            "parameters": _valued(parameters),
        },
    }
    return _tagged(body, (template.stack or {}).get("tags"))


def content_of(body: Json) -> str:
    """The tag of a stack or deployment that says what it consists of; empty where it has none."""
    tags = body.get("tags") if isinstance(body, dict) else None
    found = tags.get(_HASH_TAG) if isinstance(tags, dict) else None
    return found if isinstance(found, str) else ""


def _valued(parameters: Mapping[str, Json]) -> Body:
    return {name: {"value": value} for name, value in parameters.items()}


def _tagged(body: Body, tags: Json) -> Body:
    own: Body = dict(tags) if isinstance(tags, dict) else {}
    body.pop("tags", None)
    digest = hashlib.sha256(orjson.dumps([body, own], option=orjson.OPT_SORT_KEYS)).hexdigest()
    return {**body, "tags": {**own, _HASH_TAG: digest}}


def scopes_of_roles(wanted: tuple[Wanted, ...], role_type: str) -> Iterator[str]:
    """The scopes at which role assignments are made, each once."""
    seen: dict[str, str] = {}
    for one in wanted:
        if one.type.casefold() == role_type.casefold():
            scope = one.id[: one.key.rindex("/providers/microsoft.authorization/roleassignments/")]
            seen.setdefault(scope.casefold(), scope)
    yield from seen.values()


def referenced(one: Wanted) -> Iterator[str]:
    """The definitions and sets that an assignment or a set names, as far as they are known."""
    found = one.body.get("properties")
    properties: Mapping[str, Value] = found if isinstance(found, dict) else {}
    if fold(one.type) == fold(ASSIGNMENTS):
        id = properties.get("policyDefinitionId")
        if isinstance(id, str):
            yield id
    elif fold(one.type) == fold(SETS):
        listed = properties.get("policyDefinitions")
        for row in listed if isinstance(listed, list) else []:
            id = row.get("policyDefinitionId") if isinstance(row, dict) else None
            if isinstance(id, str):
                yield id
