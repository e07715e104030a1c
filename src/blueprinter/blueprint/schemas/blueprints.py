"""Blueprints and their artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, RootModel, WithJsonSchema

from blueprinter.blueprint.schemas.forms import ONE_OR_MANY, Closed, Named, Open, one_of, version_pin
from blueprinter.casing import same

_PARAMETER_TYPES = ("string", "array", "bool", "int", "object", "secureString", "secureObject")


def _parameter_type(text: str) -> str:
    if any(same(text, known) for known in _PARAMETER_TYPES):
        return text
    raise ValueError(f"`{text}` is none of {', '.join(_PARAMETER_TYPES)}")


ParameterType = Annotated[
    str, AfterValidator(_parameter_type), WithJsonSchema({"enum": list(_PARAMETER_TYPES)})
]


class ParameterRow(Closed):
    """A parameter of a blueprint."""

    type: ParameterType
    metadata: Open = {}
    default_value: Any = None
    allowed_values: list[Any] = []
    min_value: int | None = None
    max_value: int | None = None
    min_length: int | None = None
    max_length: int | None = None


class ResourceGroupRow(Closed):
    """A resource group placeholder: what is absent is given by the assignment."""

    name: str | None = None
    location: str | None = None
    tags: Annotated[Any, WithJsonSchema({"type": ["object", "string"]})] = None
    depends_on: list[str] = []
    description: str = ""
    metadata: Open = {}


class BlueprintProperties(Closed):
    display_name: str = ""
    description: str = ""
    target_scope: Literal["subscription", "managementGroup"] = "subscription"
    parameters: dict[str, ParameterRow] = {}
    resource_groups: dict[str, ResourceGroupRow] = {}
    version: str = ""
    change_notes: str = ""
    status: Annotated[Open, Field(description="read-only, as Azure Blueprints wrote it")] = {}
    versions: Annotated[Any, Field(description="read-only, as Azure Blueprints wrote it")] = None
    layout: Annotated[Any, Field(description="read-only, as Azure Blueprints wrote it")] = None


class BlueprintFile(Closed):
    """`blueprint.yaml` or `blueprint.json`: the definition of a blueprint."""

    schema_: Annotated[Literal["blueprinter/blueprint/1"] | None, Field(alias="schema")] = None
    type: str = ""
    id: str = ""
    name: str = ""
    properties: BlueprintProperties


class KeyVault(Closed):
    id: str


class SecretReference(Closed):
    key_vault: KeyVault
    secret_name: str
    secret_version: str = ""


class Argument(Closed):
    """A value for a parameter: exactly one of `value` and `reference`."""

    value: Any = None
    reference: SecretReference | None = None


class Identity(Closed):
    type: Annotated[str, one_of("None", "SystemAssigned", "UserAssigned")]
    user_assigned_identities: dict[str, Open] = {}


class AdditionalRole(Closed):
    """A role that an assignment's identity needs outside of the assignment's scope."""

    role: Named
    scope: Named


class _ArtifactProperties(Closed):
    display_name: str = ""
    description: str = ""
    resource_group: str = ""
    depends_on: list[str] = []


class PolicyAssignmentProperties(_ArtifactProperties):
    policy_definition: str = ""
    policy_definition_id: str = ""
    definition_version: Annotated[str, AfterValidator(version_pin)] = ""
    parameters: dict[str, Argument] = {}
    enforcement_mode: Annotated[str, one_of("Default", "DoNotEnforce")] = "Default"
    not_scopes: list[str] = []
    non_compliance_messages: list[Open] = []
    resource_selectors: list[Open] = []
    overrides: list[Open] = []
    identity: Identity | None = None
    additional_roles: list[AdditionalRole] = []
    metadata: Open = {}


class RoleAssignmentProperties(_ArtifactProperties):
    role_definition_id: Named
    principal_ids: Annotated[Any, WithJsonSchema(ONE_OR_MANY)]
    principal_type: Literal["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"] | None = None
    condition: str = ""
    condition_version: str = ""


class TemplateProperties(_ArtifactProperties):
    template: Open | None = None
    template_file: str = ""
    parameters: dict[str, Argument] = {}


class _Artifact(Closed):
    schema_: Annotated[Literal["blueprinter/artifact/1"] | None, Field(alias="schema")] = None
    type: str = ""
    id: str = ""
    name: str = ""


class PolicyAssignmentFile(_Artifact):
    """A policy definition or an initiative that the blueprint assigns."""

    kind: Literal["policyAssignment"]
    properties: PolicyAssignmentProperties


class RoleAssignmentFile(_Artifact):
    """A role that the blueprint gives to principals."""

    kind: Literal["roleAssignment"]
    properties: RoleAssignmentProperties


class TemplateFile(_Artifact):
    """A template that the blueprint deploys."""

    kind: Literal["template"]
    properties: TemplateProperties


ARTIFACTS: Mapping[str, type[BaseModel]] = {
    "policyAssignment": PolicyAssignmentFile,
    "roleAssignment": RoleAssignmentFile,
    "template": TemplateFile,
}


class ArtifactFile(
    RootModel[
        Annotated[PolicyAssignmentFile | RoleAssignmentFile | TemplateFile, Field(discriminator="kind")]
    ]
):
    """A file under `artifacts/`: one of the three kinds."""
