"""Rows of an inventory as resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from blueprinter.arm import Origin, Resource, Value

_NOWHERE = Origin()


def name_of(body: Mapping[str, object]) -> str:
    """The name of a row: its `name`, else the last segment of its id."""
    name = body.get("name")
    return name if isinstance(name, str) and name else str(body.get("id", "")).rstrip("/").rpartition("/")[2]


def resource_of(body: Mapping[str, Value], origin: Origin = _NOWHERE, *, api_version: str = "") -> Resource:
    """A row that has an id and a type, both text, as a resource."""
    return Resource(cast(str, body["id"]), cast(str, body["type"]), name_of(body), body, origin, api_version)
