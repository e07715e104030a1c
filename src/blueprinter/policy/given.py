"""What a policy is given by hand, read from documents: a resource, its surroundings, values of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from blueprinter.arm import Origin, Resource, Value
from blueprinter.casing import get
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Document, Json, child
from blueprinter.policy.assignments import parameter_faults
from blueprinter.policy.context import utc_text
from blueprinter.policy.diff import takes_value
from blueprinter.policy.explain import Around
from blueprinter.policy.expressions import noun
from blueprinter.policy.model import AssignedPolicy, PolicyDefinition
from blueprinter.text import did_you_mean

_CONTEXT = ("resourceGroup", "subscription", "policy", "requestContext")


def read_resource(document: Document) -> Resource:
    """The one resource of a document: an object, or a list of one as `az graph query` prints. Raises
    `InvalidInput`."""
    value, pointer = document.value, ""
    for key in ("value", "data"):
        if isinstance(value, dict) and "type" not in value and isinstance(value.get(key), list):
            value, pointer = value[key], child(pointer, key)
    if isinstance(value, list) and len(value) == 1:
        value, pointer = value[0], child(pointer, 0)
    place = document.locate(pointer)
    hint = "one object as `az resource show` prints it"
    if isinstance(value, list):
        raise InvalidInput([error("BP318", f"the file holds {len(value)} resources, not one", place, hint)])
    kind = get(value, "type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or not kind:
        raise InvalidInput([error("BP318", "a resource is an object with a `type`", place, hint)])
    return Resource(
        id=_text(get(value, "id")),
        type=kind,
        name=_text(get(value, "name")),
        body=cast("dict[str, Value]", value),
        origin=Origin(document.file, place.line, place.column),
        api_version=_text(get(value, "apiVersion")),
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def read_around(document: Document) -> tuple[Around, str]:
    """What a document states of the surroundings, and its `utcNow` (empty where there is none). Raises
    `InvalidInput`."""
    stated = document.value
    if not isinstance(stated, dict):
        message = f"a context is an object, found {noun(stated)}"
        raise InvalidInput([error("BP318", message, document.locate(""))])
    faults: list[Diagnostic] = []
    for key, value in stated.items():
        where = document.locate(child("", key))
        if key not in (*_CONTEXT, "utcNow"):
            known = (*_CONTEXT, "utcNow")
            hint = did_you_mean(key, known) or f"known: {', '.join(known)}"
            faults.append(error("BP318", f"unknown key `{key}` in a context", where, hint))
        elif key == "utcNow":
            if not _time(value):
                faults.append(error("BP318", "`utcNow` is an ISO 8601 time in UTC", where))
        elif not isinstance(value, dict):
            faults.append(error("BP318", f"`{key}` is an object, found {noun(value)}", where))
    if faults:
        raise InvalidInput(faults)
    parts = [cast("dict[str, Value] | None", stated.get(key)) for key in _CONTEXT]
    return Around(*parts), _time(stated.get("utcNow"))


def _time(value: Json) -> str:
    """A time as it is stated in UTC, else in UTC as `utcNow()` gives it; empty for what is none."""
    if not isinstance(value, str):
        return ""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return ""
    return value if value.endswith("Z") else utc_text(moment)


# ---------------------------------------------------------------- values of parameters


def read_values(document: Document) -> dict[str, Json]:
    """Values by parameter name: plain, each as `{value: …}`, or a deployment's parameter file. Raises
    `InvalidInput`."""
    stated = document.value
    if isinstance(stated, dict) and isinstance(stated.get("parameters"), dict):
        stated = stated["parameters"]
    if not isinstance(stated, dict):
        message = f"parameter values are an object, found {noun(stated)}"
        raise InvalidInput([error("BP317", message, document.locate(""))])
    wrapped = bool(stated) and all(isinstance(one, dict) and set(one) == {"value"} for one in stated.values())
    return {key: one["value"] if wrapped and isinstance(one, dict) else one for key, one in stated.items()}


def with_values(
    definition: PolicyDefinition, values: Mapping[str, Json], document: Document | None = None
) -> AssignedPolicy:
    """A definition with values that fit; `document` is where they stand. A parameter without any value stays open:
    what needs it is unsupported. Raises `InvalidInput`."""
    faults = [
        error("BP317", message, _place(document, name))
        for name, message in parameter_faults(definition.parameters, values)
        if name in values
    ]
    if faults:
        raise InvalidInput(faults)
    return AssignedPolicy(definition, dict(values))


def check_taken(
    definitions: Iterable[PolicyDefinition], values: Mapping[str, Json], document: Document | None = None
) -> None:
    """Raises `InvalidInput` for values that none of the definitions takes."""
    all_of_them = tuple(definitions)
    names = {name for one in all_of_them for name in one.parameters}
    faults = []
    for name, value in values.items():
        if not any(takes_value(one.parameters, name, value) for one in all_of_them):
            message = f"no version of the policies takes this value of the parameter `{name}`"
            hint = "is it one of the allowed values?" if name in names else did_you_mean(name, names) or ""
            faults.append(error("BP317", message, _place(document, name), hint))
    if faults:
        raise InvalidInput(faults)


def _place(document: Document | None, name: str) -> Position:
    if document is None:
        return Position("")
    nested = isinstance(document.value, dict) and isinstance(document.value.get("parameters"), dict)
    return document.locate(child("/parameters" if nested else "", name))
