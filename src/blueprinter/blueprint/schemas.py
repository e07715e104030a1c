"""The files that people write about blueprints, as pydantic models: their shape and nothing else.

A model says which keys a file takes and of which form their values are; what the values mean is checked by
the loaders. Files are closed: an unknown key is an error. Azure's own objects stay open, since they are
handed on unchanged. `SCHEMAS` is the table behind `blueprinter schema KIND`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, RootModel, WithJsonSchema
from pydantic.alias_generators import to_camel

from blueprinter.casing import same
from blueprinter.table import Table

_EXPRESSION = re.compile(r"\[[^\[].*\]\Z", re.DOTALL)
_VERSION_PIN = re.compile(r"\d+\.(\d+(\.(\d+|\*))?|\*(\.\*)?)(-preview)?\Z", re.IGNORECASE)
"""Azure says `{major}.{minor|*}[.*][-preview]` (Azure/azure-powershell issue 27831); that it refuses a whole version is
not sure, so one passes."""
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def _iso_date(text: str) -> str:
    try:
        if _ISO_DATE.match(text):
            date.fromisoformat(text)
            return text
    except ValueError:
        pass
    raise ValueError(f"`{text}` is no date of the form YYYY-MM-DD")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _subscriptions(value: object) -> object:
    if isinstance(value, str) and value != "all":
        raise ValueError(f"`{value}` is neither `all` nor a list of subscriptions")
    return _listed(value)


def _one_of(*allowed: str) -> AfterValidator:
    """One of the words, or an expression that gives one."""

    def check(text: str) -> str:
        if text in allowed or _EXPRESSION.match(text):
            return text
        raise ValueError(f"`{text}` is none of {', '.join(allowed)}")

    return AfterValidator(check)


def _version_pin(text: str) -> str:
    if text and not _VERSION_PIN.match(text):
        raise ValueError(f"`{text}` is no pin of a version, such as 1.*.* or 1.2.*")
    return text


Day = Annotated[str, AfterValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})]
Named = Annotated[str, Field(min_length=1)]
_ONE_OR_MANY = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
OneOrMany = Annotated[list[str], BeforeValidator(_listed), WithJsonSchema(_ONE_OR_MANY)]
_ALL_OR_MANY = {"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}}]}
AllOrMany = Annotated[list[str], BeforeValidator(_subscriptions), WithJsonSchema(_ALL_OR_MANY)]
Open = dict[str, Any]
"""An object of Azure's, handed on as it is."""


class Closed(BaseModel):
    """Settings of every file that people write: unknown keys are errors, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel)


# --- blueprint and artifacts -------------------------------------------------------------------------------------

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
    type: Annotated[str, _one_of("None", "SystemAssigned", "UserAssigned")]
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
    definition_version: Annotated[str, AfterValidator(_version_pin)] = ""
    parameters: dict[str, Argument] = {}
    enforcement_mode: Annotated[str, _one_of("Default", "DoNotEnforce")] = "Default"
    not_scopes: list[str] = []
    non_compliance_messages: list[Open] = []
    resource_selectors: list[Open] = []
    overrides: list[Open] = []
    identity: Identity | None = None
    additional_roles: list[AdditionalRole] = []
    metadata: Open = {}


class RoleAssignmentProperties(_ArtifactProperties):
    role_definition_id: Named
    principal_ids: Annotated[Any, WithJsonSchema(_ONE_OR_MANY)]
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


# --- controls and frameworks -------------------------------------------------------------------------------------


class LinkRow(Closed):
    """From a control to a test: exactly one of `policyDefinition`, `policyDefinitionId` and `artifact`."""

    policy_definition: str = ""
    policy_definition_id: str = ""
    artifact: str = ""
    strength: Literal["full", "partial", "indicative"]
    why: Named
    source: Literal["live"] | None = None
    equivalent: str = ""


class ControlsFile(Closed):
    """`controls.yaml` beside a blueprint: which test speaks to which control, and how much it says."""

    schema_: Annotated[Literal["blueprinter/controls/1"] | None, Field(alias="schema")] = None
    framework: Named
    mapped_by: Literal["Microsoft"] | None = None
    """Whose mapping this is, where it is not the author's own: its links are partial at most and shown as such."""
    controls: dict[str, list[LinkRow]]


class GroupRow(Closed):
    id: Named
    title: Named


class ControlRow(Closed):
    id: Named
    title: Named
    group: Named
    kind: Literal["control", "clause"]
    leaf: bool
    automation: Literal["technical", "partial", "inherited", "inherited-and-attested", "manual"]
    responsibility: Literal["customer", "provider", "shared"]
    reason: str = ""


class MappingRow(Closed):
    """A control of this framework (`from`) and its counterpart in another (`to`)."""

    framework: Named
    from_: Annotated[Named, Field(alias="from")]
    to: Named
    relation: Literal["equal", "merge", "split"]


class CountsRow(Closed):
    """What the file says of itself, so that a lost or doubled row is found."""

    controls: int = 0
    clauses: int = 0
    leaf_clauses: int | None = None
    groups: Annotated[dict[str, int], Field(description="leaves of each group")] = {}


class FrameworkFile(Closed):
    """`frameworks/<id>.yaml`: a standard as data, ids and short titles only."""

    schema_: Annotated[Literal["blueprinter/framework/1"] | None, Field(alias="schema")] = None
    id: Named
    title: Named
    edition: Named
    score: Annotated[Literal["none"] | None, Field(description="`none`: no score is computed")] = None
    exclusions: Annotated[
        Literal["none"] | None, Field(description="`none`: no requirement can be excluded")
    ] = None
    counts: CountsRow
    azure_group_prefixes: Annotated[
        dict[str, str],
        Field(
            description="prefix of an initiative's group names -> what replaces it to give an id of this file"
        ),
    ] = {}
    groups: list[GroupRow]
    controls: list[ControlRow]
    mappings: list[MappingRow] = []


# --- assignment --------------------------------------------------------------------------------------------------


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
    model_config = ConfigDict(extra="ignore", strict=True, alias_generator=to_camel)

    display_name: str | None = None
    description: str | None = None
    blueprint_id: str | None = None
    scope: str | None = None
    parameters: dict[str, Open] = {}
    resource_groups: dict[str, Open] = {}
    locks: Open | None = None


class AzureAssignment(BaseModel):
    """A `Microsoft.Blueprint/blueprintAssignments` body, read leniently."""

    model_config = ConfigDict(extra="ignore", strict=True, alias_generator=to_camel)

    name: str | None = None
    id: str | None = None
    location: str | None = None
    identity: Open | None = None
    properties: _AzureAssignmentProperties


# --- registers ---------------------------------------------------------------------------------------------------


class EvidenceRow(Closed):
    """One item of evidence: a file of the registers folder, or a uri."""

    description: str = ""
    path: str = ""
    uri: str = ""
    sha256: str = ""


class ExemptionRow(Closed):
    name: Named
    scope: Named
    assignment: Named
    policies: list[str] = []
    controls: list[str] = []
    category: Literal["Waiver", "Mitigated"]
    reason: Named
    owner: Named
    approved_by: Named
    ticket: str = ""
    evidence: list[EvidenceRow] = []
    expires_on: Day


class ExemptionsFile(Closed):
    """`registers/exemptions.yaml`: findings that somebody accepted, until when."""

    schema_: Annotated[Literal["blueprinter/exemptions/1"] | None, Field(alias="schema")] = None
    exemptions: list[ExemptionRow]


class AttestationRow(Closed):
    control: str = ""
    policy: str = ""
    framework: str = ""
    scope: str = ""
    state: Literal["Compliant", "NonCompliant", "Unknown"]
    owner: Named
    approved_by: Named
    method: Literal["examine", "interview", "test"]
    assessed_on: Day
    expires_on: Day
    comments: str = ""
    evidence: list[EvidenceRow] = []


class AttestationsFile(Closed):
    """`registers/attestations.yaml`: what people looked at and found."""

    schema_: Annotated[Literal["blueprinter/attestations/1"] | None, Field(alias="schema")] = None
    attestations: list[AttestationRow]


class SoaDocument(Closed):
    scope: str = ""
    version: str = ""
    approver: str = ""
    approved_on: Day | None = None


class SoaRow(Closed):
    applicable: bool
    reasons: list[Literal["legal", "contractual", "business", "risk"]] = []
    risk_refs: list[str] = []
    status: Literal["implemented", "partial", "planned", "not-implemented"] | None = None
    by: Day | None = None
    owner: str | None = None
    how: str | None = None
    evidence: list[EvidenceRow] = []
    review_on: Day | None = None
    justification: str | None = None
    approver: str | None = None
    approved_on: Day | None = None


class SoaFile(Closed):
    """`registers/soa.yaml`: the Statement of Applicability, every leaf control exactly once."""

    schema_: Annotated[Literal["blueprinter/soa/1"] | None, Field(alias="schema")] = None
    framework: Named
    document: SoaDocument = SoaDocument()
    controls: dict[str, SoaRow]


class InheritedRow(Closed):
    id: Named
    kind: Literal["certificate", "report", "statement"]
    standard: Named
    provider: Named
    clouds: list[str]
    services: dict[str, Literal["in", "out", "not-stated"]] = {}
    controls: list[str]
    valid_from: Day | None = None
    valid_to: Day | None = None
    where: str | None = None
    sha256: str | None = None
    reviewed_by: str | None = None
    reviewed_on: Day | None = None


class InheritedFile(Closed):
    """`registers/inherited.yaml`: what the provider's certificates and reports speak for."""

    schema_: Annotated[Literal["blueprinter/inherited/1"] | None, Field(alias="schema")] = None
    evidence: list[InheritedRow]


class BuiltinRow(Closed):
    """One built-in. What is not stated is not known; `parameters` that are not stated are not checked."""

    display_name: Named
    version: Named
    category: str = ""
    mode: str = ""
    deprecated: bool
    preview: bool = False
    default_effect: str = ""
    effects: list[str] = []
    parameters: list[str] = []
    required_parameters: list[str] = []
    role_definition_ids: list[str] = []
    clouds: list[str] = []
    groups: int = 0
    members: int = 0
    needs_identity: bool = False


class BuiltinFactsFile(Closed):
    """`policies/builtin-facts.json`: what is known of Azure's built-in definitions without asking Azure."""

    as_of: Day
    source: Named
    definitions: dict[str, BuiltinRow]
    initiatives: dict[str, BuiltinRow]


# --- the table ---------------------------------------------------------------------------------------------------


def _without_titles(schema: Any) -> Any:
    """A schema without pydantic's generated titles, which only repeat the keys in another spelling."""
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(part)
        for key, part in schema.items()
        if not (key == "title" and isinstance(part, str))
    }


class SchemaRow(Struct, frozen=True):
    """One kind of file: what `blueprinter schema KIND` prints."""

    name: str
    summary: str
    model: type[BaseModel]

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema (draft 2020-12) of the kind."""
        schema = _without_titles(self.model.model_json_schema(by_alias=True))
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"blueprinter/{self.name}/1",
            **schema,
            "title": f"blueprinter {self.name}",
        }


SCHEMAS: Table[SchemaRow] = Table(
    (
        SchemaRow("blueprint", "the definition of a blueprint", BlueprintFile),
        SchemaRow(
            "artifact", "a policy assignment, role assignment or template of a blueprint", ArtifactFile
        ),
        SchemaRow("controls", "links from controls to tests, beside a blueprint", ControlsFile),
        SchemaRow("framework", "a standard as data", FrameworkFile),
        SchemaRow("assignment", "a blueprint put on subscriptions", AssignmentFile),
        SchemaRow("adopted", "what of an assignment is in the live estate already", AdoptedFile),
        SchemaRow("exemptions", "register of accepted findings", ExemptionsFile),
        SchemaRow("attestations", "register of what people found", AttestationsFile),
        SchemaRow("soa", "Statement of Applicability", SoaFile),
        SchemaRow("inherited", "register of the provider's certificates and reports", InheritedFile),
        SchemaRow("builtin-facts", "facts of Azure's built-in definitions", BuiltinFactsFile),
    )
)
