"""What a deployment would change, without deploying it.

Source: Microsoft Learn, "ARM template deployment what-if operation".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from blueprinter.arm import Resource, parse_id
from blueprinter.casing import fold, get, key_of, same
from blueprinter.document import Json
from blueprinter.sandbox.deploying.preparing import Prepared, shown_value
from blueprinter.sandbox.model import Body, Box, Stored

_SERVER_SET = frozenset(
    {
        "id",
        "name",
        "type",
        "apiversion",
        "scope",
        "etag",
        "systemdata",
        "provisioningstate",
        "principalid",
        "tenantid",
    }
)
"""What Azure fills in: no template takes it away."""
_CONTROL = frozenset(
    {"microsoft.authorization", "microsoft.resources", "microsoft.policyinsights", "microsoft.management"}
)


def changes(box: Box, prepared: Prepared, *, ids_only: bool = False) -> list[Body]:
    """The changes, by id; with `ids_only` without what the resources look like."""
    found = (
        [_change(box, one) for one in prepared.expansion.resources] if prepared.expansion is not None else []
    )
    touched = {fold(str(change.get("resourceId", ""))) for change in found}
    if prepared.place.kind == "resourceGroup":
        kind = "Delete" if prepared.mode == "Complete" else "Ignore"
        for stored in _others(box, prepared.place.id, touched):
            found.append({"resourceId": stored.id, "changeType": kind, "before": dict(stored.body)})
    found.sort(key=lambda change: fold(str(change.get("resourceId", ""))))
    if ids_only:
        kept = ("resourceId", "changeType", "unsupportedReason")
        return [{key: value for key, value in change.items() if key in kept} for change in found]
    return found


def _others(box: Box, group: str, touched: set[str]) -> Iterator[Stored]:
    for stored in box.store.below(group):
        parsed = parse_id(stored.id)
        if parsed is None or parsed.type.count("/") != 1 or "/providers/" in parsed.parent:
            continue
        if fold(stored.type.partition("/")[0]) not in _CONTROL and fold(stored.id) not in touched:
            yield stored


def _change(box: Box, resource: Resource) -> Body:
    after = shown_value(dict(resource.body))
    if not resource.id.startswith("/"):
        return {
            "resourceId": resource.id,
            "changeType": "Unsupported",
            "unsupportedReason": f"The resource id '{resource.id}' is only known when it is deployed.",
        }
    stored = box.store.get(resource.id)
    whole: Body = {"id": resource.id, **(after if isinstance(after, dict) else {})}
    if stored is None:
        return {"resourceId": resource.id, "changeType": "Create", "after": whole}
    delta = list(_delta(stored.body, whole, top=True))
    change: Body = {
        "resourceId": stored.id,
        "changeType": "Modify" if delta else "NoChange",
        "before": dict(stored.body),
        "after": whole,
    }
    if delta:
        change["delta"] = delta
    return change


def _delta(before: Mapping[str, Any], after: Mapping[str, Any], *, top: bool = False) -> Iterator[Body]:
    for name, value in after.items():
        if fold(name) in _SERVER_SET and (top or fold(name) == "provisioningstate"):
            continue
        key = key_of(before, name)
        if key is None:
            if value is not None:
                yield {"path": name, "propertyChangeType": "Create", "before": None, "after": value}
            continue
        yield from _difference(name, before[key], value)
    for name, value in before.items():
        if key_of(after, name) is None and not _is_filled_in(name, value):
            yield {"path": name, "propertyChangeType": "Delete", "before": value, "after": None}


def _is_filled_in(name: str, value: Json) -> bool:
    """Whether Azure, and no template, put a member there; the `properties` of a resource group are nothing else."""
    only_state = isinstance(value, dict) and {fold(member) for member in value} == {"provisioningstate"}
    return fold(name) in _SERVER_SET or only_state


def _difference(name: str, before: Json, after: Json) -> Iterator[Body]:
    if _is_open(after) or _equal(name, before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        inner = list(_delta(before, after))
        if inner:
            yield {
                "path": name,
                "propertyChangeType": "Modify",
                "before": None,
                "after": None,
                "children": inner,
            }
    elif isinstance(before, list) and isinstance(after, list):
        yield {"path": name, "propertyChangeType": "Array", "before": before, "after": after}
    else:
        yield {"path": name, "propertyChangeType": "Modify", "before": before, "after": after}


def _equal(name: str, before: Json, after: Json) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        if same(name, "location"):
            return fold(before).replace(" ", "") == fold(after).replace(" ", "")
        return before == after or (before.startswith("/") and same(before, after))
    return before == after


def _is_open(value: Json) -> bool:
    """Whether a value is only known when it is deployed: such a difference is none."""
    return isinstance(value, str) and value[:1] == "[" and value[-1:] == "]"


def result(correlation: str, found: list[Body]) -> Body:
    return {"status": "Succeeded", "properties": {"correlationId": correlation, "changes": found}}


def failure(error: Body) -> Body:
    return {"status": "Failed", "error": error}


def wants_ids_only(properties: Body) -> bool:
    settings = get(properties, "whatIfSettings") or {}
    return same(str(get(settings, "resultFormat")), "ResourceIdOnly")
