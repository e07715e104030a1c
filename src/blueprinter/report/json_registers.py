"""Entries of the registers as records of the JSON document."""

from __future__ import annotations

from datetime import date

from blueprinter.blueprint import Evidence, SoaEntry
from blueprinter.compliance import AttestationUse, CertificateUse, Statement


def attestation_record(use: AttestationUse) -> dict[str, object]:
    """An attestation, with what it is worth in the run."""
    entry = use.attestation
    return {
        "control": entry.control or None,
        "policy": entry.policy or None,
        "controls": list(use.controls),
        "framework": entry.framework or None,
        "scope": entry.scope or None,
        "state": str(entry.state),
        "status": str(use.status),
        "reason": use.reason,
        "superseded": use.superseded,
        "owner": entry.owner,
        "approvedBy": entry.approved_by,
        "method": entry.method,
        "assessedOn": entry.assessed_on.isoformat(),
        "expiresOn": entry.expires_on.isoformat(),
        "comments": entry.comments,
        "evidence": [evidence_record(item) for item in entry.evidence],
    }


def certificate_record(use: CertificateUse) -> dict[str, object]:
    """An entry of provider evidence, with what it is worth and how it stands to the services in use."""
    entry = use.evidence
    return {
        "id": entry.id,
        "kind": entry.kind,
        "standard": entry.standard,
        "provider": entry.provider,
        "status": str(use.status),
        "reason": use.reason,
        "clouds": list(entry.clouds),
        "services": dict(sorted(entry.services.items())),
        "servicesInUse": dict(sorted(use.services.items())),
        "controls": list(entry.controls),
        "validFrom": _day(entry.valid_from),
        "validTo": _day(entry.valid_to),
        "where": entry.where,
        "sha256": entry.sha256,
        "reviewedBy": entry.reviewed_by,
        "reviewedOn": _day(entry.reviewed_on),
    }


def statement_record(statement: Statement) -> dict[str, object]:
    """The Statement of Applicability."""
    return {
        "framework": statement.framework,
        "version": statement.version,
        "controls": [_entry(entry) for entry in statement.entries.values()],
    }


def evidence_record(item: Evidence) -> dict[str, object]:
    """One item of evidence; `intact` is null where nothing could be checked."""
    return {
        "description": item.description,
        "location": item.location,
        "sha256": item.sha256,
        "intact": item.intact,
    }


def _entry(entry: SoaEntry) -> dict[str, object]:
    return {
        "control": entry.control,
        "applicable": entry.applicable,
        "reasons": list(entry.reasons),
        "riskRefs": list(entry.risk_refs),
        "status": entry.status or None,
        "by": _day(entry.by),
        "owner": entry.owner,
        "how": entry.how,
        "evidence": [evidence_record(item) for item in entry.evidence],
        "reviewOn": _day(entry.review_on),
        "justification": entry.justification,
        "approver": entry.approver,
        "approvedOn": _day(entry.approved_on),
    }


def _day(value: date | None) -> str | None:
    return value.isoformat() if value is not None else None
