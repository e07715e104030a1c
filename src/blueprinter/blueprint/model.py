"""The nouns of a blueprint: frameworks and their controls, links, artifacts, registers, the resolved blueprint."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field

from blueprinter.arm import Value
from blueprinter.diagnostics import Diagnostic, Position
from blueprinter.document import Document, Json
from blueprinter.policy import AssignedPolicy, PolicyDefinition


class ControlKind(StrEnum):
    CONTROL = "control"
    CLAUSE = "clause"


class AutomationClass(StrEnum):
    """How far configuration tests can speak to a control: which parts it needs (T tested, A attested, H inherited)."""

    TECHNICAL = "technical"
    PARTIAL = "partial"
    INHERITED = "inherited"
    INHERITED_AND_ATTESTED = "inherited-and-attested"
    MANUAL = "manual"


class Responsibility(StrEnum):
    CUSTOMER = "customer"
    PROVIDER = "provider"
    SHARED = "shared"


class Control(Struct, frozen=True):
    """A control or clause of a framework: id and short title only."""

    id: str
    title: str
    group: str
    kind: ControlKind
    leaf: bool
    automation: AutomationClass
    responsibility: Responsibility
    reason: str = ""


class ControlGroup(Struct, frozen=True):
    id: str
    title: str


class ControlMapping(Struct, frozen=True):
    """One row of a mapping to another edition."""

    framework: str
    source: str
    target: str
    relation: str
    """equal | merge | split"""


class Framework(Struct, frozen=True, eq=False):
    """A standard as data."""

    id: str
    title: str
    edition: str
    groups: tuple[ControlGroup, ...]
    controls: Mapping[str, Control]
    """By id, in the standard's order."""
    counted: tuple[str, ...]
    """Ids of the counted set: the Annex A controls where the framework has them, else its leaf clauses."""
    mappings: tuple[ControlMapping, ...] = ()
    has_score: bool = True
    azure_group_prefixes: Mapping[str, str] = field(default_factory=dict)
    """Prefix of the group names of Azure's initiatives -> what replaces it to give a control id."""
    has_exclusions: bool = True
    """False where the standard allows no requirement to be excluded."""


class Strength(StrEnum):
    """How much a link says about its control. full and partial are *direct*."""

    FULL = "full"
    PARTIAL = "partial"
    INDICATIVE = "indicative"

    @property
    def direct(self) -> bool:
        return self is not Strength.INDICATIVE


OWN_MAPPING = "controls.yaml"
"""The source of a link that the author of the control map answers for."""


class LinkTarget(StrEnum):
    POLICY = "policy"
    ARTIFACT = "artifact"


class Link(Struct, frozen=True):
    """From a control to a test."""

    control: str
    target: LinkTarget
    test: str
    """`definition_key` of the definition (an `equivalent` built-in is the same test), or the artifact's name."""
    strength: Strength
    why: str
    live_only: bool = False
    """Declared `source: live`."""
    equivalent: str = ""
    """`definition_key` of a built-in that is the same test, or empty."""
    source: str = OWN_MAPPING
    """`controls.yaml`, or `Microsoft` for a link taken from an initiative's groups."""
    title: str = ""
    """Display name of the test where it is known without its definition; empty = not known."""
    reference: str = ""
    """`policyDefinitionReferenceId` of the one member of an initiative that is meant, where an initiative has the
    definition several times for different controls; empty = the definition, however it is assigned."""
    position: Position = field(default_factory=lambda: Position(""))


class Absence(StrEnum):
    """Why a linked test cannot run at all."""

    MISSING = "missing"
    DEPRECATED = "deprecated"
    NOT_IN_CLOUD = "unavailable in this cloud"
    NOT_ASSIGNED = "not assigned"
    PARAMETER_MISSING = "parameter-missing"


ARTIFACT_KINDS: Mapping[str, str] = {
    "policyAssignment": "a policy or an initiative assigned",
    "roleAssignment": "a role assigned",
    "template": "a template deployed",
}
"""The kinds of artifacts; the files of each have a model in `schemas`."""


class Artifact(Struct, frozen=True):
    """A building block of a blueprint, as read."""

    name: str
    kind: str
    """One of `ARTIFACT_KINDS`."""
    display_name: str
    resource_group: str
    """Placeholder, or empty for the subscription."""
    depends_on: tuple[str, ...]
    properties: Mapping[str, Json]
    document: Document
    aliases: tuple[str, ...] = ()
    """Every name by which `dependsOn` may call it: JSON name, last segment of its id, file stem, stem without
    `artifact.`"""
    template: Document | None = None
    """What `templateFile` names, compiled where it is Bicep; its value also stands in `properties` as `template`."""
    template_path: Path | None = None
    """The file that `templateFile` names, Bicep included."""


class BlueprintParameter(Struct, frozen=True):
    name: str
    type: str
    has_default: bool
    default: Json
    allowed: tuple[Json, ...]
    """Empty = no constraint (`allowedValues: []` means that in exported folders)."""
    display_name: str = ""
    description: str = ""
    strong_type: str = ""

    @property
    def secure(self) -> bool:
        return self.type.casefold() in {"securestring", "secureobject"}

    @property
    def default_reference(self) -> Mapping[str, Json] | None:
        """The secret of a Key Vault that a secure parameter takes where the assignment names none."""
        found = self.default.get("reference") if isinstance(self.default, dict) and self.secure else None
        return found if isinstance(found, dict) else None


class ResourceGroupPlaceholder(Struct, frozen=True):
    placeholder: str
    name: Json
    location: Json
    tags: Mapping[str, Json]
    depends_on: tuple[str, ...]
    tags_expression: str = ""
    """Where all tags are one expression, such as `[parameters('tags')]`; `tags` is empty then."""


class Blueprint(Struct, frozen=True, eq=False):
    """A blueprint folder as read: ours, or an Azure Blueprints folder as it is."""

    name: str
    display_name: str
    description: str
    version: str
    root: Path
    exported: bool
    """True for an Azure Blueprints folder (no `schema` key): read leniently."""
    document: Document
    parameters: Mapping[str, BlueprintParameter]
    resource_groups: Mapping[str, ResourceGroupPlaceholder]
    artifacts: tuple[Artifact, ...]
    framework: Framework | None
    links: tuple[Link, ...]
    deliberately_empty: tuple[str, ...]
    """Controls that controls.yaml lists with no link."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Warnings; errors raise `InvalidInput`."""
    frameworks: Mapping[str, Framework] = field(default_factory=dict)
    """Those it was read with: without a controls.yaml the groups of its initiatives name controls of them."""
    has_controls: bool = False
    """Whether a controls.yaml stands beside it."""


class BuiltinFact(Struct, frozen=True):
    """One built-in policy definition or initiative."""

    key: str
    """`definition_key` of its id."""
    display_name: str
    version: str
    initiative: bool
    deprecated: bool
    parameters: Mapping[str, bool] | None
    """Parameter name -> whether a value is required (it has no default); None = not known."""
    effects: tuple[str, ...] = ()
    role_ids: tuple[str, ...] = ()
    """Of an initiative: those of the members that deploy or modify by their defaults."""
    clouds: tuple[str, ...] = ()
    """Clouds that have it; empty = not known."""
    needs_identity: bool | None = None
    """Of an initiative: whether some member deploys or modifies; None = not known."""


class ControlsMember(Struct, frozen=True, eq=False):
    """A definition that the set of the controls assigns."""

    key: str
    """`definition_key`; also its reference id in the set."""
    definition: PolicyDefinition | None
    """None where only facts are known, or nothing."""
    fact: BuiltinFact | None
    handed_on: Mapping[str, str]
    """Parameter of the definition -> parameter of the blueprint that gives its value."""
    controls: tuple[str, ...]


class ControlsSet(Struct, frozen=True, eq=False):
    """What controls.yaml names and no artifact assigns: one policy set, one assignment."""

    id: str
    members: tuple[ControlsMember, ...]
    parameters: tuple[tuple[str, str], ...]
    """Names and types of the blueprint's parameters that it takes."""


class ResolvedBlueprint(Struct, frozen=True, eq=False):
    """A blueprint with parameters filled and references found: what render deploys and compliance judges."""

    blueprint: Blueprint
    framework: Framework | None
    links: tuple[Link, ...]
    policies: tuple[AssignedPolicy, ...]
    absent: Mapping[str, Absence]
    """Linked tests that cannot run: `definition_key` -> why."""
    parameters: Mapping[str, Value]
    resource_groups: Mapping[str, Mapping[str, Value]]
    """placeholder -> {name, location, tags}"""
    artifacts: tuple[Artifact, ...]
    """In deployment order, properties with blueprint expressions evaluated where their values are known."""
    unmapped: tuple[str, ...]
    """Assigned but linked to no control: `definition_key`s."""
    diagnostics: tuple[Diagnostic, ...]
    controls: ControlsSet | None = None
    """What is assigned for the controls alone."""


# --- registers ---------------------------------------------------------------------------------------------------


class ExemptionCategory(StrEnum):
    WAIVER = "Waiver"
    MITIGATED = "Mitigated"


class Evidence(Struct, frozen=True):
    """One item of evidence. `intact` is None when nothing was checked (a uri), False when missing or other sha256."""

    description: str
    location: str
    sha256: str = ""
    intact: bool | None = None


class Exemption(Struct, frozen=True):
    name: str
    scope: str
    assignment: str
    policies: tuple[str, ...]
    """`definition_key`s; empty when `controls` are given."""
    controls: tuple[str, ...]
    category: ExemptionCategory
    reason: str
    owner: str
    approved_by: str
    ticket: str
    evidence: tuple[Evidence, ...]
    expires_on: date
    """The exemption holds until the end of that day, UTC."""
    position: Position


class AttestationState(StrEnum):
    COMPLIANT = "Compliant"
    NON_COMPLIANT = "NonCompliant"
    UNKNOWN = "Unknown"


class Attestation(Struct, frozen=True):
    control: str
    policy: str
    """`definition_key`, or empty when `control` is given."""
    framework: str
    scope: str
    """Full ARM id; empty = every scope of the run."""
    state: AttestationState
    owner: str
    approved_by: str
    method: str
    assessed_on: date
    expires_on: date
    comments: str
    evidence: tuple[Evidence, ...]
    position: Position


class SoaEntry(Struct, frozen=True):
    """One control of the Statement of Applicability."""

    control: str
    applicable: bool
    reasons: tuple[str, ...] = ()
    risk_refs: tuple[str, ...] = ()
    status: str = ""
    """implemented | partial | planned | not-implemented, or empty (unset)"""
    by: date | None = None
    owner: str = ""
    how: str = ""
    evidence: tuple[Evidence, ...] = ()
    review_on: date | None = None
    justification: str = ""
    approver: str = ""
    approved_on: date | None = None
    position: Position = field(default_factory=lambda: Position(""))

    @property
    def excluded(self) -> bool:
        """A valid exclusion: not applicable, with justification, approver and date."""
        return not self.applicable and bool(self.justification and self.approver and self.approved_on)


class InheritedEvidence(Struct, frozen=True):
    id: str
    kind: str
    """certificate | report | statement"""
    standard: str
    provider: str
    clouds: tuple[str, ...]
    services: Mapping[str, str]
    """resource provider namespace -> in | out | not-stated"""
    controls: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    """None = the form was not filled in: lapsed."""
    where: str
    sha256: str
    reviewed_by: str
    reviewed_on: date | None
    position: Position


class Registers(Struct, frozen=True):
    """The four registers; what is absent is empty."""

    folder: str = ""
    exemptions: tuple[Exemption, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    soa: Mapping[str, SoaEntry] = field(default_factory=dict)
    soa_framework: str = ""
    soa_version: str = ""
    inherited: tuple[InheritedEvidence, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
