"""The four registers, each with all of its faults."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from blueprinter.blueprint import ExemptionCategory, Framework, Registers, load_framework, load_registers
from blueprinter.diagnostics import Diagnostic, InvalidInput, Severity

Write = Callable[[Mapping[str, str]], Path]
NOW = datetime(2026, 11, 1, tzinfo=UTC)
SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"

EXEMPTION = f"""\
  - name: legacy
    scope: {SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/x
    assignment: contoso-prod
    policies: [Storage-HTTPS-only]
    category: Waiver
    reason: until the migration
    owner: a@contoso.example
    approvedBy: b@contoso.example
    ticket: RISK-1
    expiresOn: 2027-03-31
"""
ATTESTATION = f"""\
  - control: A.1.3
    framework: small
    scope: {SUB}
    state: Compliant
    owner: hr@contoso.example
    approvedBy: ciso@contoso.example
    method: examine
    assessedOn: 2026-10-01
    expiresOn: 2027-10-01
    evidence: [{{description: list, path: evidence/list.txt, sha256: {hashlib.sha256(b"names").hexdigest().upper()}}}]
"""
SOA = """\
framework: small
document: {version: "3", approver: ciso, approvedOn: 2026-10-01}
controls:
  A.1.1: {applicable: true, reasons: [risk, legal], riskRefs: [R-1], status: implemented}
  A.1.2: {applicable: true, status: planned, by: 2027-01-01}
  A.1.3: {applicable: false, justification: nobody works here, approver: ciso, approvedOn: 2026-10-01}
  A.1.10: {applicable: true}
"""
INHERITED = """\
evidence:
  - id: cert
    kind: certificate
    standard: small
    provider: Microsoft
    clouds: [AzureCloud]
    services: {Microsoft.Storage: in, Microsoft.BotService: not-stated}
    controls: [A.1.10]
    validFrom: 2025-12-01
    validTo: 2028-11-30
    where: the portal
    sha256: ABC
    reviewedBy: auditor
    reviewedOn: 2026-01-01
"""
ALL = {
    "exemptions.yaml": "exemptions:\n" + EXEMPTION,
    "attestations.yaml": "attestations:\n" + ATTESTATION,
    "soa.yaml": SOA,
    "inherited.yaml": INHERITED,
    "evidence/list.txt": "names",
}


def load(root: Path, framework: Framework) -> Registers:
    return load_registers(root, framework=framework, now=NOW)


def faults(root: Path, framework: Framework) -> list[Diagnostic]:
    try:
        return list(load(root, framework).diagnostics)
    except InvalidInput as found:
        return list(found.diagnostics)


def told(found: list[Diagnostic]) -> list[tuple[str, int]]:
    return [(one.code, one.position.line) for one in found]


def test_all_four(write: Write, small: Framework) -> None:
    found = load(write(ALL), small)
    assert found.diagnostics == ()
    [exemption] = found.exemptions
    assert exemption.policies == ("storage-https-only",)
    assert (exemption.category, exemption.expires_on) == (ExemptionCategory.WAIVER, date(2027, 3, 31))
    [attestation] = found.attestations
    assert (attestation.control, attestation.state) == ("A.1.3", "Compliant")
    assert attestation.evidence[0].intact is True
    assert (found.soa_framework, found.soa_version) == ("small", "3")
    assert found.soa["A.1.3"].excluded
    assert not found.soa["A.1.1"].excluded
    assert (found.soa["A.1.2"].status, found.soa["A.1.2"].by) == ("planned", date(2027, 1, 1))
    [inherited] = found.inherited
    assert (inherited.valid_to, inherited.sha256) == (date(2028, 11, 30), "abc")
    assert inherited.services == {"Microsoft.Storage": "in", "Microsoft.BotService": "not-stated"}


def test_absent_files_are_empty_registers(tmp_path: Path, small: Framework) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        found = load(folder, small)
        assert (found.exemptions, found.attestations, found.soa, found.inherited) == ((), (), {}, ())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("expiresOn: 2027-03-31", "expiresOn: 31.3.2027", ("BP111", 11)),
        ("expiresOn: 2027-03-31", "expiresOn: 2027-02-30", ("BP111", 11)),
        ("    expiresOn: 2027-03-31\n", "", ("BP112", 2)),
        ("policies: [Storage-HTTPS-only]", "policies: []", ("BP251", 2)),
        ("policies: [Storage-HTTPS-only]", "policies: [x]\n    controls: [A.1.1]", ("BP251", 2)),
        ("policies: [Storage-HTTPS-only]", "controls: [A.1.9]", ("BP262", 5)),
        (SUB, "/subscriptions/prod", ("BP250", 3)),
        ("category: Waiver", "category: waiver", ("BP111", 6)),
        ("category: Waiver", "category: Mitigated", ("BP252", 2)),
        ("name: legacy", "name: 'legacy?'", ("BP202", 2)),
        ("reason: until the migration", "reson: until", ("BP110", 7)),
    ],
)
def test_faults_of_an_exemption(
    write: Write, small: Framework, old: str, new: str, expected: tuple[str, int]
) -> None:
    text = "exemptions:\n" + EXEMPTION
    assert old in text
    found = told(faults(write({"exemptions.yaml": text.replace(old, new)}), small))
    assert expected in found
    assert len(found) == (2 if new.startswith("reson") else 1)


def test_names_of_exemptions_are_unique(write: Write, small: Framework) -> None:
    text = "exemptions:\n" + EXEMPTION + EXEMPTION.replace("legacy", "LEGACY")
    assert told(faults(write({"exemptions.yaml": text}), small)) == [("BP254", 12)]


@pytest.mark.parametrize(
    ("old", "new", "expected", "severity"),
    [
        ("approvedBy: ciso@", "approvedBy: HR@", ("BP255", 7), Severity.WARNING),
        ("expiresOn: 2027-10-01", "expiresOn: 2026-09-30", ("BP253", 10), Severity.ERROR),
        ("assessedOn: 2026-10-01", "assessedOn: 2026-11-02", ("BP253", 9), Severity.WARNING),
        ("control: A.1.3", "control: A.1.9", ("BP262", 2), Severity.ERROR),
        ("control: A.1.3", "policy: x\n    control: A.1.3", ("BP251", 2), Severity.ERROR),
        ("path: evidence/list.txt", "path: ../list.txt", ("BP114", 11), Severity.ERROR),
        ("path: evidence/list.txt", "path: evidence/gone.txt", ("BP258", 11), Severity.WARNING),
        ("list.txt, sha256: ", "list.txt, sha256: 00", ("BP258", 11), Severity.WARNING),
        ("path: evidence/list.txt,", "", ("BP257", 11), Severity.ERROR),
        ("method: examine", "method: guess", ("BP111", 8), Severity.ERROR),
        (f"scope: {SUB}", "scope: prod", ("BP250", 4), Severity.ERROR),
    ],
)
def test_faults_of_an_attestation(
    write: Write,
    small: Framework,
    old: str,
    new: str,
    expected: tuple[str, int],
    severity: Severity,
) -> None:
    text = "attestations:\n" + ATTESTATION
    assert old in text
    root = write({"attestations.yaml": text.replace(old, new), "evidence/list.txt": "names"})
    [only] = faults(root, small)
    assert ((only.code, only.position.line), only.severity) == (expected, severity)


def test_compliant_without_evidence(write: Write, small: Framework) -> None:
    lines = [line for line in ATTESTATION.splitlines() if "evidence:" not in line]
    text = "attestations:\n" + "\n".join(lines) + "\n"
    assert told(faults(write({"attestations.yaml": text}), small)) == [("BP256", 2)]
    other = text.replace("state: Compliant", "state: NonCompliant")
    assert faults(write({"attestations.yaml": other}), small) == []


def test_evidence_that_was_changed_is_not_intact(write: Write, small: Framework) -> None:
    root = write({**ALL, "evidence/list.txt": "other names"})
    assert load(root, small).attestations[0].evidence[0].intact is False


def test_a_uri_is_never_fetched(write: Write, small: Framework) -> None:
    line = ATTESTATION.splitlines()[-1]
    text = ATTESTATION.replace(line, "    evidence: [{uri: 'https://contoso.example/list'}]")
    evidence = load(write({"attestations.yaml": "attestations:\n" + text}), small).attestations[0].evidence
    assert [(one.location, one.intact) for one in evidence] == [("https://contoso.example/list", None)]


@pytest.mark.parametrize(
    ("old", "new", "expected", "words"),
    [
        ("  A.1.10: {applicable: true}\n", "", ("BP260", 3), "1 control missing: `A.1.10`"),
        ("  A.1.10: {applicable: true}\n", "  A.1.11: {applicable: true}\n", ("BP262", 7), "`A.1.11`"),
        ("A.1.10:", '"4.1": {applicable: true}\n  A.1.10:', ("BP260", 7), "`4.1`"),
        (", justification: nobody works here", "", ("BP261", 6), "without `justification`"),
        (
            "approver: ciso, approvedOn: 2026-10-01}\n  A",
            "}\n  A",
            ("BP261", 6),
            "`approver` and `approvedOn`",
        ),
        (", by: 2027-01-01", "", ("BP261", 5), "planned without a date"),
        ("status: implemented", "status: done", ("BP111", 4), "expected"),
        ("reasons: [risk, legal]", "reasons: [fun]", ("BP111", 4), "expected"),
        ("{applicable: true, reasons", "{applicable: yes, reasons", ("BP111", 4), "boolean"),
        ("framework: small", "framework: other", ("BP262", 1), "left out"),
    ],
)
def test_faults_of_the_statement(
    write: Write, small: Framework, old: str, new: str, expected: tuple[str, int], words: str
) -> None:
    assert old in SOA
    found = faults(write({"soa.yaml": SOA.replace(old, new)}), small)
    matching = [one for one in found if (one.code, one.position.line) == expected]
    assert len(matching) == 1
    assert words in matching[0].message
    assert len(found) == (2 if "A.1.11" in new else 1)


def test_a_statement_about_another_framework_is_left_out(write: Write, small: Framework) -> None:
    found = load(write({"soa.yaml": SOA.replace("framework: small", "framework: other")}), small)
    assert (found.soa, found.soa_framework) == ({}, "other")


def test_a_standard_without_exclusions(write: Write, tmp_path: Path, small_text: str) -> None:
    root = write({"f/small.yaml": "exclusions: none\n" + small_text, "r/soa.yaml": SOA})
    strict = load_framework(root / "f" / "small.yaml")
    assert told(faults(root / "r", strict)) == [("BP261", 6)]


@pytest.mark.parametrize(
    ("old", "new", "expected", "severity"),
    [
        ("[AzureCloud]", "[AzureGermanCloud]", ("BP263", 6), Severity.ERROR),
        ("[AzureCloud]", "[AzureClod]", ("BP263", 6), Severity.ERROR),
        ("[A.1.10]", "[A.1.11]", ("BP262", 8), Severity.ERROR),
        ("validTo: 2028-11-30", "validTo:", ("BP264", 10), Severity.WARNING),
        ("validTo: 2028-11-30", "validTo: 2025-11-30", ("BP253", 10), Severity.ERROR),
        ("Microsoft.Storage: in", "Microsoft.Storage: maybe", ("BP111", 7), Severity.ERROR),
    ],
)
def test_faults_of_inherited_evidence(
    write: Write, small: Framework, old: str, new: str, expected: tuple[str, int], severity: Severity
) -> None:
    assert old in INHERITED
    [only] = faults(write({"inherited.yaml": INHERITED.replace(old, new)}), small)
    assert ((only.code, only.position.line), only.severity) == (expected, severity)


def test_another_edition_is_read_and_left_to_the_judgement(write: Write, small: Framework) -> None:
    text = INHERITED.replace("standard: small", "standard: older").replace("[A.1.10]", "[A.9.9]")
    found = load(write({"inherited.yaml": text}), small)
    assert (found.inherited[0].standard, found.diagnostics) == ("older", ())


def test_faults_of_all_files_are_told_together(write: Write, small: Framework) -> None:
    root = write(
        {
            "exemptions.yaml": ALL["exemptions.yaml"].replace(
                "policies: [Storage-HTTPS-only]", "policies: []"
            ),
            "attestations.yaml": ALL["attestations.yaml"].replace("method: examine", "method: guess"),
            "soa.yaml": SOA.replace(", by: 2027-01-01", ""),
            "inherited.yaml": INHERITED.replace("[AzureCloud]", "[AzureGermanCloud]"),
            "evidence/list.txt": "names",
        }
    )
    with pytest.raises(InvalidInput) as found:
        load(root, small)
    assert [one.code for one in found.value.diagnostics] == ["BP111", "BP251", "BP263", "BP261"]


def test_two_registers_of_one_kind(write: Write, small: Framework) -> None:
    root = write({"soa.yaml": SOA, "soa.json": "{}"})
    assert [one.code for one in faults(root, small)] == ["BP254"]
