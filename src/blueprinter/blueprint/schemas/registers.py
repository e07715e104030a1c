"""What people write down: exemptions, attestations, the Statement of Applicability, evidence of providers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from blueprinter.blueprint.schemas.forms import Closed, Day, Named


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
