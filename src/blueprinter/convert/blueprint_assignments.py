"""Exported assignments of Azure Blueprints, in every shape that people hold: as the service's own request body.

The service never had an export of assignments, so they come from `az rest` or REST (an object, or `{value: […]}`),
from `az blueprint assignment show` (flat), from `Get-AzBlueprintAssignment | ConvertTo-Json` (names in capitals), and
as resources of ARM templates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import DeploymentContext, Unknown, Value, expand, is_template
from blueprinter.blueprint import Assignment, load_assignment
from blueprinter.casing import fold, get
from blueprinter.diagnostics import InvalidInput, error
from blueprinter.document import Document, Json

_TYPE = "microsoft.blueprint/blueprintassignments"
_TOP = ("id", "name", "location", "identity")
_INNER = ("displayName", "description", "blueprintId", "scope", "parameters", "resourceGroups", "locks")
_ROWS = {
    "parameters": ("value", "reference"),
    "resourceGroups": ("name", "location"),
}


class ExportedAssignment(Struct, frozen=True, eq=False):
    """An assignment of the old service, and what it says of what it made."""

    assignment: Assignment
    managed: tuple[str, ...]
    """Ids of `status.managedResources`, as they are."""


def read_exported(document: Document, now: str) -> tuple[ExportedAssignment, ...]:
    """The assignments of a file. Raises `InvalidInput`: none in it, or with what is wrong with them.

    `now` (ISO 8601, UTC) is what `utcNow()` of a template gives.
    """
    found: list[ExportedAssignment] = []
    for body, managed in _bodies(document, now):
        found.append(ExportedAssignment(load_assignment(replace(document, value=body)), managed))
    if not found:
        hint = "export it with `az rest`, or take the body of the request that made it"
        raise InvalidInput([error("BP299", "the file holds no assignment", document.locate(""), hint)])
    return tuple(found)


def _bodies(document: Document, now: str) -> Iterator[tuple[dict[str, Json], tuple[str, ...]]]:
    value = document.value
    if is_template(value):
        context = DeploymentContext(scope="subscription", utc_now=now)
        for resource in expand(document, context=context).resources:
            if fold(resource.type) == _TYPE:
                # where it will be is not known: the id says nothing
                yield _body({key: _known(one) for key, one in resource.body.items() if key != "id"}), ()
        return
    listed = get(value, "value") if isinstance(value, dict) else value
    for row in listed if isinstance(listed, list) else [value]:
        if isinstance(row, dict) and _is_assignment(row):
            yield _body(row), _managed(row)


def _known(value: Value) -> Json:
    """A value of a template as JSON; what only Azure knows stays as its expression."""
    if isinstance(value, Unknown):
        return f"[{value.expression}]"
    if isinstance(value, list):
        return [_known(one) for one in value]
    if isinstance(value, dict):
        return {key: _known(one) for key, one in value.items()}
    return value


def _is_assignment(row: Mapping[str, Json]) -> bool:
    inner = get(row, "properties")
    held = inner if isinstance(inner, dict) else row
    keys = {fold(key) for key in held}
    return "blueprintid" in keys or ("parameters" in keys and "resourcegroups" in keys)


def _body(row: Mapping[str, Json]) -> dict[str, Json]:
    """The service's own body: keys in its spelling, what is flat put under `properties`."""
    inner = get(row, "properties")
    held: Mapping[str, Json] = inner if isinstance(inner, dict) else {}
    body: dict[str, Json] = {key: found for key in _TOP if (found := get(row, key)) is not None}
    properties: dict[str, Json] = {}
    for key in _INNER:
        found = get(held, key)
        found = get(row, key) if found is None else found
        if found is None:
            continue
        properties[key] = _rows(found, _ROWS[key]) if key in _ROWS else found
    mode = get(row, "lockMode") if get(properties, "locks") is None else None
    if isinstance(mode, str):
        properties["locks"] = {"mode": mode}
    elif isinstance(properties.get("locks"), dict):
        locks = properties["locks"]
        properties["locks"] = _spelled(locks, ("mode", "excludedPrincipals", "excludedActions"))
    if isinstance(body.get("identity"), dict):
        keys = ("type", "principalId", "tenantId", "userAssignedIdentities")
        body["identity"] = _spelled(body["identity"], keys)
    return {**body, "properties": properties}


def _rows(value: Json, keys: tuple[str, ...]) -> Json:
    """Objects by name, their keys in the service's spelling; what has no value is left out."""
    rows = value if isinstance(value, dict) else {}
    return {name: _with_reference(_spelled(row, keys)) for name, row in rows.items()}


def _with_reference(row: Json) -> Json:
    """A parameter whose reference to a Key Vault has its keys in the service's spelling, too."""
    if not isinstance(row, dict) or not isinstance(row.get("reference"), dict):
        return row
    reference = _spelled(row["reference"], ("keyVault", "secretName", "secretVersion"))
    if isinstance(reference, dict) and "keyVault" in reference:
        reference = {**reference, "keyVault": _spelled(reference["keyVault"], ("id",))}
    return {**row, "reference": reference}


def _spelled(value: Json, keys: tuple[str, ...]) -> Json:
    if not isinstance(value, dict):
        return value
    found = {key: get(value, key) for key in keys}
    return {key: one for key, one in found.items() if one is not None}


def _managed(row: Mapping[str, Json]) -> tuple[str, ...]:
    inner = get(row, "properties")
    for holder in (inner if isinstance(inner, dict) else {}, row):
        status = get(holder, "status")
        listed = get(status, "managedResources") if isinstance(status, dict) else None
        if isinstance(listed, list):
            return tuple(one for one in listed if isinstance(one, str))
    return ()
