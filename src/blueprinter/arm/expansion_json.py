"""An expansion as JSON: what `template expand` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from blueprinter.arm.faults import hide
from blueprinter.arm.limits import has_unknown
from blueprinter.arm.literal import literal, literal_key
from blueprinter.arm.model import Expansion, Resource, Unknown, UnknownKey, Value
from blueprinter.arm.origins import BodyOrigin
from blueprinter.arm.sealing import PUBLIC_KEYS
from blueprinter.arm.syntax import value_text
from blueprinter.document import Json, child


def expand_to_json(expansion: Expansion) -> dict[str, object]:
    """`{"resources": […] in deployment order, "outputs": {name: value}, "diagnostics": […]}`.

    What only Azure knows is printed as the reduced expression in brackets, and so is an object or array that one
    expression makes and that is known in part only. Text that could be mistaken for an expression is escaped as in
    a template, so that the resources can stand in one. Values of secure parameters are not printed.
    """
    return {
        "resources": [_resource(resource, expansion.secrets) for resource in expansion.resources],
        "outputs": {name: _output(value, expansion.secrets) for name, value in expansion.outputs.items()},
        "diagnostics": [found.as_json() for found in expansion.diagnostics],
    }


def _resource(resource: Resource, secrets: Mapping[str, str]) -> object:
    origin = resource.origin.property_position
    made = origin if isinstance(origin, BodyOrigin) else None
    return {
        key: _value(value, child("", key), made, {} if key in PUBLIC_KEYS else secrets)
        for key, value in resource.body.items()
    }


def _output(value: Value, secrets: Mapping[str, str]) -> object:
    """An output that is known in part is one expression, however it is written."""
    return _expression(value, secrets) if has_unknown(value) else _value(value, "", None, secrets)


def _value(value: Value, pointer: str, made: BodyOrigin | None, secrets: Mapping[str, str]) -> object:
    if isinstance(value, Unknown):
        return _expression(value, secrets)
    if isinstance(value, str):
        if value in secrets:
            return f"[{secrets[value]}]"
        return literal(hide(value, secrets))
    if not isinstance(value, (list, dict)):
        return value
    if made is not None and has_unknown(value):
        if made.is_from_expression(pointer):
            return _expression(value, secrets)
    else:
        made = None  # all of it is known: there is nothing left to ask of its origin
    if isinstance(value, list):
        return [_value(element, child(pointer, index), made, secrets) for index, element in enumerate(value)]
    return {
        _key(key, member, secrets): _value(member, child(pointer, key), made, secrets)
        for key, member in value.items()
    }


def _key(key: str, member: Value, secrets: Mapping[str, str]) -> str:
    shown = hide(key, secrets)
    return shown if isinstance(key, UnknownKey) else literal_key(shown, cast(Json, member))


def _expression(value: Value, secrets: Mapping[str, str]) -> str:
    return hide(f"[{value_text(value)}]", secrets)
