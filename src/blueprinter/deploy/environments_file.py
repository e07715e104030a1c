"""The shape of `blueprinter.yaml`, as pydantic models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from blueprinter.blueprint import SchemaRow


class _Closed(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="forbid", populate_by_name=True, strict=True)


class Common(_Closed):
    """What may be said for all environments, and for one."""

    cloud: str = ""
    tenant: str = ""
    not_scopes: list[str] = Field(default_factory=list, alias="notScopes")
    excluded_scopes: list[str] = Field(default_factory=list, alias="excludedScopes")
    registers: str = ""
    history: str = ""


class EnvironmentFile(Common):
    """Where and as whom an environment is deployed; what is absent is the assignment's own."""

    scopes: list[str] = Field(default_factory=list)
    management_group: str = Field(default="", alias="managementGroup")
    definition_scope: str = Field(default="", alias="definitionScope")
    location: str = ""
    identity: dict[str, Any] = Field(default_factory=dict)
    parameters: list[str] = Field(default_factory=list)


class EnvironmentsFile(Common):
    """`blueprinter.yaml`."""

    schema_: str = Field(default="", alias="schema")
    environments: dict[str, EnvironmentFile] = Field(default_factory=dict)


ENVIRONMENTS_SCHEMA = SchemaRow(
    "environments", "blueprinter.yaml: environments of a repository", EnvironmentsFile
)
