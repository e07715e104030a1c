"""What people declared, entry by entry, for the reports: each attestation and certificate with what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from blueprinter.blueprint import Attestation, Framework, InheritedEvidence, Registers
from blueprinter.casing import fold, same
from blueprinter.compliance.attested import attested_part
from blueprinter.compliance.inherited import inherited_part, scope_of_entry, services_of_entry
from blueprinter.compliance.linked import LinkedTests
from blueprinter.compliance.model import AttestationUse, CertificateUse, Statement


class Declarations(Struct, frozen=True):
    """The registers of a run, apart from its exemptions."""

    attestations: tuple[AttestationUse, ...]
    certificates: tuple[CertificateUse, ...]
    statement: Statement | None


def declarations(
    registers: Registers,
    framework: Framework | None,
    tests: LinkedTests,
    *,
    services: Sequence[tuple[str, str]],
    today: date,
    warn_days: int,
) -> Declarations:
    """What each entry is worth on this day; `services` are those of the population, as for `inherited_part`."""
    if framework is None:
        return Declarations((), (), None)
    attestations = tuple(
        _attestation(entry, registers.attestations, framework, tests, today, warn_days)
        for entry in registers.attestations
        if not entry.framework or same(entry.framework, framework.id)
    )
    certificates = tuple(
        _certificate(entry, framework, services, today, warn_days) for entry in registers.inherited
    )
    statement = None
    if registers.soa and same(registers.soa_framework or framework.id, framework.id):
        statement = Statement(framework.id, registers.soa_version, registers.soa)
    return Declarations(attestations, certificates, statement)


def _attestation(
    entry: Attestation,
    register: Sequence[Attestation],
    framework: Framework,
    tests: LinkedTests,
    today: date,
    warn_days: int,
) -> AttestationUse:
    test = tests.canonical(fold(entry.policy)) if entry.policy else ""
    part = attested_part(
        [entry],
        control=entry.control,
        framework=framework.id,
        manual_tests=[test] if test else [],
        other_tests=[],
        canonical=tests.canonical,
        scopes=(),
        today=today,
        warn_days=warn_days,
    )
    controls = tests.controls_of_definition(test) if test else (entry.control,)
    newer = any(other.assessed_on > entry.assessed_on and _alike(other, entry) for other in register)
    return AttestationUse(entry, part.status, part.reason, controls, superseded=newer)


def _alike(one: Attestation, other: Attestation) -> bool:
    """Whether two attestations are of one subject in one scope."""
    return (
        fold(one.scope.rstrip("/")) == fold(other.scope.rstrip("/"))
        and fold(one.control) == fold(other.control)
        and fold(one.policy) == fold(other.policy)
        and same(one.framework or other.framework, other.framework or one.framework)
    )


def _certificate(
    entry: InheritedEvidence,
    framework: Framework,
    services: Sequence[tuple[str, str]],
    today: date,
    warn_days: int,
) -> CertificateUse:
    part = inherited_part(
        [entry],
        control=entry.controls[0] if entry.controls else "",
        framework=framework.id,
        services=services_of_entry(entry, services),
        today=today,
        warn_days=warn_days,
    )
    return CertificateUse(entry, part.status, part.reason, scope_of_entry(entry, services))
