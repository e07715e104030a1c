"""How deployments look from outside: the bodies that Azure answers with, taken from recorded traffic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from blueprinter.arm import ExpressionError, ExpressionSyntaxError, StagedResource, StagedValue, parse_id
from blueprinter.casing import fold, get
from blueprinter.document import Json
from blueprinter.sandbox.deploying.answers import Answers
from blueprinter.sandbox.deploying.invented import without_secrets
from blueprinter.sandbox.deploying.places import DEPLOYMENT
from blueprinter.sandbox.deploying.preparing import Prepared, template_hash
from blueprinter.sandbox.model import Body, Box

_TYPES = {
    "string": "String",
    "int": "Int",
    "bool": "Bool",
    "array": "Array",
    "object": "Object",
    "securestring": "SecureString",
    "secureobject": "SecureObject",
}


def type_name(written: str) -> str:
    """How Azure spells the type of a parameter or output."""
    return _TYPES.get(fold(written), written)


def deployment_body(prepared: Prepared, state: str, stamp: str, correlation: str) -> Body:
    """A deployment that has just been accepted, or validated."""
    properties: Body = {}
    for name in ("templateLink", "parametersLink", "debugSetting", "onErrorDeployment", "validationLevel"):
        value = get(prepared.properties, name)
        if value is not None:
            properties[name] = value
    properties |= {
        "templateHash": template_hash(prepared.template),
        "parameters": parameters(prepared.stage.parameters, prepared.answers),
        "mode": prepared.mode,
        "provisioningState": state,
        "timestamp": stamp,
        "duration": "PT0S",
        "correlationId": correlation,
        "providers": providers(prepared.resources),
        "dependencies": dependencies(prepared),
    }
    body: Body = {"id": prepared.id, "name": prepared.name, "type": DEPLOYMENT}
    if prepared.location:
        body["location"] = prepared.location
    if prepared.tags:
        body["tags"] = prepared.tags
    body["properties"] = properties
    return body


def parameters(found: Mapping[str, StagedValue], answers: Answers) -> Body:
    """The values of all parameters; secure ones have none."""
    shown: Body = {}
    for name, parameter in found.items():
        shown[name] = {"type": type_name(parameter.type)}
        if not parameter.known:
            continue
        try:
            shown[name]["value"] = without_secrets(answers.plain(parameter.value))
        except (ExpressionError, ExpressionSyntaxError):
            continue  # only the deployment itself will know it
    return shown


def providers(resources: Iterable[StagedResource]) -> list[Body]:
    """Namespaces with their types and where they are deployed to."""
    found: dict[str, dict[str, list[Json]]] = {}
    for resource in resources:
        namespace, _, kind = resource.type.partition("/")
        places = found.setdefault(namespace, {}).setdefault(kind, [])
        location = resource.body.get("location")
        place = fold(location).replace(" ", "") if isinstance(location, str) and location[:1] != "[" else None
        if place not in places:
            places.append(place)
    return [
        {
            "namespace": namespace,
            "resourceTypes": [{"resourceType": kind, "locations": places} for kind, places in kinds.items()],
        }
        for namespace, kinds in found.items()
    ]


def dependencies(prepared: Prepared) -> list[Body]:
    """Which resource waits for which others."""
    return [
        {
            "dependsOn": [target(prepared.resources[other]) for other in needs],
            **target(prepared.resources[index]),
        }
        for index, needs in enumerate(prepared.needs)
        if needs
    ]


def target(resource: StagedResource) -> Body:
    return {"id": resource.id, "resourceType": resource.type, "resourceName": resource.name}


def duration(started: str, now: datetime) -> str:
    """The time since a stamp: `PT2.6296603S`."""
    if not started:
        return "PT0S"
    begun = datetime.fromisoformat(started[:26] + "+00:00")
    seconds = max((now - begun).total_seconds(), 0.0)
    return f"PT{f'{seconds:.7f}'.rstrip('0').rstrip('.')}S"


def named_id(id: str) -> str:
    """The name of a resource, for the target of an error."""
    parsed = parse_id(id)
    return parsed.name if parsed is not None else id


def correlation_of(box: Box, tracking: str) -> str:
    """Nested deployments bear the correlation id of the one that they belong to."""
    parent = box.store.get(tracking) if tracking else None
    properties: Any = get(parent.body, "properties") if parent is not None else None
    found = get(properties, "correlationId") if isinstance(properties, dict) else None
    return found if isinstance(found, str) else box.new_guid()
