"""What stands in the manifest of an inventory, as pydantic models: shape, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from blueprinter.arm import id_within
from blueprinter.compliance.manifest import READ
from blueprinter.compliance.scope import type_key


class _Part(BaseModel):
    """Keys are spelled as in JSON; those of a later version are ignored."""

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="ignore", alias_generator=to_camel, strict=True
    )


class Collector(_Part):
    principal: str = ""
    roles: tuple[str, ...] = Field(default=(), strict=False)


class ScopeRow(_Part):
    """A scope that was asked for: `read`, or refused with a reason."""

    scope: str
    status: str
    reason: str = ""
    types_not_collected: tuple[str, ...] = Field(default=(), strict=False)


class TypeRow(_Part):
    """A type that was collected: rows written, and rows that an independent count expects."""

    type: str
    rows: int
    expected: int | None = None
    api_version: str = ""


class Manifest(_Part):
    """`blueprinter/inventory-manifest/1`."""

    kind: Literal["blueprinter/inventory-manifest/1"] = Field(alias="schema")
    inventory: str = ""
    sha256: str = ""
    tool: str = ""
    cloud: str = "AzureCloud"
    source: str = ""
    queries: tuple[str, ...] = Field(default=(), strict=False)
    collected_by: Collector = Collector()
    started_at: datetime | None = Field(default=None, strict=False)
    ended_at: datetime | None = Field(default=None, strict=False)
    scopes: tuple[ScopeRow, ...] = Field(default=(), strict=False)
    types: tuple[TypeRow, ...] = Field(default=(), strict=False)
    types_not_collected: tuple[str, ...] = Field(default=(), strict=False)

    def api_versions(self) -> Mapping[str, str]:
        """Folded type -> the API version its rows were read with."""
        return {type_key(row.type): row.api_version for row in self.types if row.api_version}

    def doubt(self, type: str, scope: str | None) -> str:
        """Why the absence of a type at and below a scope is not believed; empty = it was collected there. Without a
        scope: why it is not believed in any; empty = that depends."""
        wanted = type_key(type)
        row = next((row for row in self.types if type_key(row.type) == wanted), None)
        if row is None or wanted in map(type_key, self.types_not_collected):
            return f"`{type}` was not collected"
        if row.expected is not None and row.rows != row.expected:
            return f"`{type}` was collected in part: {row.rows:,} of {row.expected:,} rows"
        if scope is None:
            return ""
        above = [entry for entry in self.scopes if entry.scope == "/" or id_within(scope, entry.scope)]
        if not above:
            return "the scope was not asked for"
        nearest = max(above, key=lambda entry: len(entry.scope))
        below = [entry for entry in self.scopes if id_within(entry.scope, scope)]
        if any(entry.status != READ for entry in [nearest, *below]):
            return "the scope could not be read"
        if any(wanted in map(type_key, entry.types_not_collected) for entry in [nearest, *below]):
            return f"`{type}` was not collected in this scope"
        return ""
