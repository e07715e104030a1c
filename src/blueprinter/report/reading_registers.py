"""The registers of a run from its JSON document: exemptions, attestations, provider evidence and the statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from blueprinter.blueprint import (
    Attestation,
    AttestationState,
    Evidence,
    Exemption,
    ExemptionCategory,
    InheritedEvidence,
    SoaEntry,
)
from blueprinter.compliance import (
    AttestationUse,
    Attested,
    CertificateUse,
    ExemptionUse,
    Inherited,
    Statement,
)
from blueprinter.diagnostics import Position

Record = Mapping[str, Any]
_NOWHERE = Position("")


def exemption_of(row: Record) -> ExemptionUse:
    exemption = Exemption(
        name=row["name"],
        scope=row["scope"],
        assignment=row["assignment"],
        policies=tuple(row["policies"]),
        controls=tuple(row["controls"]),
        category=ExemptionCategory(row["category"]),
        reason=row["reason"],
        owner=row["owner"],
        approved_by=row["approvedBy"],
        ticket=row["ticket"],
        evidence=_evidence(row),
        expires_on=date.fromisoformat(row["expiresOn"]),
        position=_NOWHERE,
    )
    return ExemptionUse(exemption, row["status"], row["resources"])


def _evidence(row: Record) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(one["description"], one["location"], one["sha256"], one["intact"]) for one in row["evidence"]
    )


def attestation_of(row: Record) -> AttestationUse:
    entry = Attestation(
        control=row["control"] or "",
        policy=row["policy"] or "",
        framework=row["framework"] or "",
        scope=row["scope"] or "",
        state=AttestationState(row["state"]),
        owner=row["owner"],
        approved_by=row["approvedBy"],
        method=row["method"],
        assessed_on=date.fromisoformat(row["assessedOn"]),
        expires_on=date.fromisoformat(row["expiresOn"]),
        comments=row["comments"],
        evidence=_evidence(row),
        position=_NOWHERE,
    )
    return AttestationUse(
        entry, Attested(row["status"]), row["reason"], tuple(row["controls"]), row["superseded"]
    )


def certificate_of(row: Record) -> CertificateUse:
    entry = InheritedEvidence(
        id=row["id"],
        kind=row["kind"],
        standard=row["standard"],
        provider=row["provider"],
        clouds=tuple(row["clouds"]),
        services=row["services"],
        controls=tuple(row["controls"]),
        valid_from=_day(row["validFrom"]),
        valid_to=_day(row["validTo"]),
        where=row["where"],
        sha256=row["sha256"],
        reviewed_by=row["reviewedBy"],
        reviewed_on=_day(row["reviewedOn"]),
        position=_NOWHERE,
    )
    return CertificateUse(entry, Inherited(row["status"]), row["reason"], row["servicesInUse"])


def statement_of(row: Record | None) -> Statement | None:
    if row is None:
        return None
    entries = {
        one["control"]: SoaEntry(
            control=one["control"],
            applicable=one["applicable"],
            reasons=tuple(one["reasons"]),
            risk_refs=tuple(one["riskRefs"]),
            status=one["status"] or "",
            by=_day(one["by"]),
            owner=one["owner"],
            how=one["how"],
            evidence=_evidence(one),
            review_on=_day(one["reviewOn"]),
            justification=one["justification"],
            approver=one["approver"],
            approved_on=_day(one["approvedOn"]),
        )
        for one in row["controls"]
    }
    return Statement(row["framework"], row["version"], entries)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
