"""Limits of Azure, checked at nine tenths: a template that is refused half way is worse than one that is not made.

Sources: Microsoft Learn, "Template best practices" (limits of templates), "Azure subscription and service limits,
quotas, and constraints" (Azure Policy).
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from blueprinter.arm import is_expression
from blueprinter.diagnostics import Position
from blueprinter.document import Json
from blueprinter.render.faults import Faults
from blueprinter.render.model import Template
from blueprinter.render.pieces import ASSIGNMENTS, DEFINITIONS, DEPLOYMENTS, ROLES, SETS, Body

_TEMPLATE_BYTES, _BODY_BYTES, _EXPRESSION = 4_194_304, 1_048_576, 24_576
_PARAMETERS, _OUTPUTS, _RESOURCES = 256, 64, 800
_PER_SCOPE = {DEFINITIONS: 500, SETS: 200, ASSIGNMENTS: 200}
_DEFINITION_PARAMETERS, _SET_PARAMETERS, _SET_MEMBERS, _NOT_SCOPES = 20, 400, 1000, 400
_ROLES = {"subscription": 4000, "managementGroup": 500}
_PART = 0.9


def check_limits(template: Template, where: Position, faults: Faults) -> None:
    """Adds what of a template is over nine tenths of a limit."""

    def check(count: int, limit: int, what: str) -> None:
        if count > limit * _PART:
            hint = f"rendering stops at {limit * _PART:,.0f}, before Azure does"
            faults.error("BP624", f"{what}: {count:,} of at most {limit:,}", where, hint)

    body = dict(template.body)
    check(len(orjson.dumps(body)), _TEMPLATE_BYTES, f"bytes of the template `{template.name}`")
    for key, limit in (("parameters", _PARAMETERS), ("outputs", _OUTPUTS), ("resources", _RESOURCES)):
        check(_length(body.get(key)), limit, f"{key} of the template `{template.name}`")
    longest = max((len(text) for text in _expressions(body)), default=0)
    check(longest, _EXPRESSION, f"characters of an expression of the template `{template.name}`")
    counts: dict[str, int] = {}
    for resource in _resources(body):
        type, name = str(resource.get("type")), resource.get("name")
        if type != DEPLOYMENTS:
            counts[type] = counts.get(type, 0) + 1
        properties = resource.get("properties")
        inner = properties if isinstance(properties, dict) else {}
        if type in _PER_SCOPE:
            check(len(orjson.dumps(inner)), _BODY_BYTES, f"bytes of `{name}`")
        if type == DEFINITIONS:
            # twenty is where Azure stops, and definitions of twenty are common: nine tenths would refuse them
            if _length(inner.get("parameters")) > _DEFINITION_PARAMETERS:
                check(_length(inner.get("parameters")), _DEFINITION_PARAMETERS, f"parameters of `{name}`")
        elif type == SETS:
            check(_length(inner.get("parameters")), _SET_PARAMETERS, f"parameters of `{name}`")
            check(_length(inner.get("policyDefinitions")), _SET_MEMBERS, f"definitions in `{name}`")
        elif type == ASSIGNMENTS:
            check(_length(inner.get("notScopes")), _NOT_SCOPES, f"excluded scopes of `{name}`")
    for type, limit in _PER_SCOPE.items():
        check(counts.get(type, 0), limit, f"{type.partition('/')[2]} at the scope")
    check(counts.get(ROLES, 0), _ROLES[str(template.kind)], "role assignments")


def _resources(body: Json) -> Iterator[Body]:
    """The resources of a template and of our own nested deployments; those of template artifacts are not ours."""
    listed = body.get("resources") if isinstance(body, dict) else None
    for resource in listed if isinstance(listed, list) else []:
        if not isinstance(resource, dict):
            continue
        yield resource
        properties = resource.get("properties")
        if resource.get("type") == DEPLOYMENTS and isinstance(properties, dict):
            yield from _resources(properties.get("template"))


def _expressions(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        if is_expression(value):
            yield value
    elif isinstance(value, list):
        for one in value:
            yield from _expressions(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _expressions(one)


def _length(value: Json) -> int:
    return len(value) if isinstance(value, (list, dict)) else 0
