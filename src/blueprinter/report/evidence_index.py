"""Where the evidence of each control is, and how to get it again."""

from __future__ import annotations

from msgspec import Struct

from blueprinter.compliance import ControlResult, ControlState, LinkOutcome, Run


class EvidenceItem(Struct, frozen=True):
    """One piece of evidence."""

    kind: str
    """`test`, `attestation` or `provider`."""
    what: str
    where: str
    result: str
    sha256: str = ""
    valid_until: str = ""


class EvidenceRow(Struct, frozen=True):
    """A control with its evidence."""

    result: ControlResult
    items: tuple[EvidenceItem, ...]


def evidence_index(run: Run) -> tuple[EvidenceRow, ...]:
    """Controls with any evidence, in the framework's order; a test that did not run is none."""
    rows = []
    for result in run.results:
        if result.state is ControlState.EXCLUDED:
            continue
        items = (*_tests(result), *_attestations(run, result), *_certificates(run, result))
        if items:
            rows.append(EvidenceRow(result, items))
    return tuple(rows)


def _tests(result: ControlResult) -> tuple[EvidenceItem, ...]:
    return tuple(
        EvidenceItem(
            "test", outcome.display_name or outcome.link.test, outcome.link.test, str(outcome.outcome)
        )
        for outcome in result.links
        if outcome.link.strength.direct
        and outcome.outcome
        in (LinkOutcome.FAIL, LinkOutcome.PASS, LinkOutcome.WAIVED, LinkOutcome.COMPENSATED)
    )


def _attestations(run: Run, result: ControlResult) -> tuple[EvidenceItem, ...]:
    found = []
    for use in run.attestations:
        if result.control.id not in use.controls or use.superseded:
            continue
        entry = use.attestation
        for item in entry.evidence:
            state = "missing or changed" if item.intact is False else str(use.status)
            found.append(
                EvidenceItem(
                    "attestation",
                    item.description,
                    item.location,
                    state,
                    item.sha256,
                    entry.expires_on.isoformat(),
                )
            )
        if not entry.evidence:
            found.append(
                EvidenceItem(
                    "attestation",
                    entry.comments,
                    entry.owner,
                    str(use.status),
                    "",
                    entry.expires_on.isoformat(),
                )
            )
    return tuple(found)


def _certificates(run: Run, result: ControlResult) -> tuple[EvidenceItem, ...]:
    return tuple(
        EvidenceItem(
            "provider",
            f"{use.evidence.kind} {use.evidence.id}",
            use.evidence.where,
            str(use.status),
            use.evidence.sha256,
            use.evidence.valid_to.isoformat() if use.evidence.valid_to else "",
        )
        for use in run.certificates
        if result.control.id in use.evidence.controls
    )
