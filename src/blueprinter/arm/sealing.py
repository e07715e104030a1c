"""Secrets stay out of what is printed or stored."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from blueprinter.arm.faults import hide
from blueprinter.arm.model import Expansion, Unknown, Value

PUBLIC_KEYS = frozenset({"id", "type", "name", "apiVersion", "scope", "location"})
"""What Azure itself shows to everybody who may list resources; a secret that happens to be a name is none."""


def sealed(expansion: Expansion) -> Expansion:
    """The expansion with every value of a secure parameter replaced by the parameter itself, as `Unknown`.

    For everything that prints or stores what it reads. Ids, types and names stay, since Azure shows them.
    """
    if not expansion.secrets:
        return expansion
    resources = tuple(
        replace(
            resource,
            body={
                key: value if key in PUBLIC_KEYS else _sealed(value, expansion.secrets)
                for key, value in resource.body.items()
            },
        )
        for resource in expansion.resources
    )
    outputs = {name: _sealed(value, expansion.secrets) for name, value in expansion.outputs.items()}
    return replace(expansion, resources=resources, outputs=outputs)


def _sealed(value: Value, secrets: Mapping[str, str]) -> Value:
    if isinstance(value, str):
        return next((Unknown(shown) for secret, shown in secrets.items() if secret in value), value)
    if isinstance(value, Unknown):
        return Unknown(hide(value.expression, secrets))
    if isinstance(value, list):
        return [_sealed(element, secrets) for element in value]
    if isinstance(value, dict):
        return {key: _sealed(member, secrets) for key, member in value.items()}
    return value
