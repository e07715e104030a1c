"""Blueprints put on subscriptions. Azure's own assignments are open objects, since they are handed on unchanged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from blueprinter.blueprint.schemas.blueprints import Argument, Identity
from blueprinter.blueprint.schemas.forms import AllOrMany, Closed, Named, OneOrMany, Open


class Place(Closed):
    name: str = ""
    location: str = ""


class LocksRow(Closed):
    mode: str = "None"
    excluded_principals: list[str] = []
    excluded_actions: list[str] = []


class Promotion(Closed):
    max_gaps: Annotated[
        int, Field(ge=0, description="gaps that the ring before may have in each run that counts")
    ] = 0
    days: Annotated[int, Field(ge=0, description="for how many days, without a break")] = 0


class RingRow(Closed):
    name: Named
    enforcement_mode: Literal["Default", "DoNotEnforce"] = "Default"
    subscriptions: Annotated[list[str], Field(description="absent = all of the assignment")] = []
    promote_when: Annotated[
        Promotion | None, Field(description="absent = the ring is entered by hand, with --ring")
    ] = None


class AssignmentFile(Closed):
    """`assignments/<name>.yaml`: a blueprint put on subscriptions. Azure's own assignment bodies load too."""

    schema_: Annotated[Literal["blueprinter/assignment/1"] | None, Field(alias="schema")] = None
    name: str = ""
    display_name: str = ""
    description: str = ""
    blueprint: Named
    version: str = ""
    scope: OneOrMany = []
    management_group: str = ""
    subscriptions: AllOrMany = []
    definition_scope: str = ""
    location: str = ""
    identity: Identity | None = None
    parameters: dict[str, Argument] = {}
    resource_groups: dict[str, Place] = {}
    locks: LocksRow = LocksRow()
    stack_scope: Literal["subscription", "managementGroup"] | None = None
    rings: list[RingRow] = []
    adopted: str = ""


class AdoptedArtifactRow(Closed):
    name: str = ""
    location: str = ""
    principal_type: str = ""
    names: dict[str, str] = {}


class AdoptedGroupRow(Closed):
    existing: bool = False
    adopt: bool = False
    tags: dict[str, str] = {}


class AdoptedFile(Closed):
    """`adopted.yaml`: what of an assignment is in the live estate already, reviewed in git."""

    schema_: Annotated[Literal["blueprinter/adopted/1"] | None, Field(alias="schema")] = None
    artifacts: dict[str, AdoptedArtifactRow] = {}
    resource_groups: dict[str, AdoptedGroupRow] = {}
    role_assignments: dict[str, str] = {}
    definitions: dict[str, str] = {}
    identities: dict[str, str] = {}


class _AzureAssignmentProperties(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="ignore", strict=True, alias_generator=to_camel)

    display_name: str | None = None
    description: str | None = None
    blueprint_id: str | None = None
    scope: str | None = None
    parameters: dict[str, Open] = {}
    resource_groups: dict[str, Open] = {}
    locks: Open | None = None


class AzureAssignment(BaseModel):
    """A `Microsoft.Blueprint/blueprintAssignments` body, read leniently."""

    model_config = ConfigDict(defer_build=True, extra="ignore", strict=True, alias_generator=to_camel)

    name: str | None = None
    id: str | None = None
    location: str | None = None
    identity: Open | None = None
    properties: _AzureAssignmentProperties
