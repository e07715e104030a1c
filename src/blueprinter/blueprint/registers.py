"""The four registers: exemptions, attestations, the Statement of Applicability, inherited evidence.

What makes an entry unreadable or meaningless is an error; what makes it weaker (evidence missing, attestor and
approver the same person, a form not filled in) is a warning here, and lapses when controls are judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

from blueprinter.arm import CLOUDS
from blueprinter.blueprint.evidence import read_evidence
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import (
    Attestation,
    AttestationState,
    Evidence,
    Exemption,
    ExemptionCategory,
    Framework,
    InheritedEvidence,
    Registers,
    SoaEntry,
)
from blueprinter.blueprint.parts import day, items, mapping, text, texts
from blueprinter.blueprint.scopes import SCOPE_HINT, is_scope
from blueprinter.casing import fold, same
from blueprinter.diagnostics import Diagnostic
from blueprinter.document import Document, Json, child
from blueprinter.policy import definition_key
from blueprinter.text import did_you_mean, plural

_EXTENSIONS = (".yaml", ".yml", ".json", ".jsonc")
_NO_DAY = date.min
_BAD_IN_NAME = re.compile(r"[<>*%&:\\?+/#]|[. ]\Z")
_PORTAL = (
    "download it from the Service Trust Portal and fill in `validFrom`, `validTo`, `sha256`, `reviewedBy`"
)

REGISTER_NAMES = ("exemptions", "attestations", "soa", "inherited")


def load_registers(folder: Path, *, framework: Framework | None, now: datetime) -> Registers:
    """The registers of a folder; a file that is absent is an empty register.

    `framework` is the one of the run: control ids are checked against it. `now` is the time of the run.
    Raises `InvalidInput` with every fault of all four files; warnings are in `diagnostics`.
    """
    frameworks = {framework.id: framework} if framework is not None else {}
    reader = _Reader(folder, framework, frameworks, now.date(), Faults())
    documents = reader.documents()
    exemptions = reader.exemptions(documents.get("exemptions"))
    attestations = reader.attestations(documents.get("attestations"))
    soa = reader.soa(documents.get("soa"))
    inherited = reader.inherited(documents.get("inherited"))
    warnings = reader.faults.finish()
    head = mapping(documents["soa"].value) if "soa" in documents else {}
    return Registers(
        folder=str(folder),
        exemptions=exemptions,
        attestations=attestations,
        soa=soa,
        soa_framework=text(head, "framework"),
        soa_version=text(mapping(head.get("document")), "version"),
        inherited=inherited,
        diagnostics=warnings,
    )


def check_register(
    name: str,
    document: Document,
    folder: Path,
    framework: Framework | None,
    frameworks: Mapping[str, Framework],
    now: datetime | None,
) -> tuple[Diagnostic, ...]:
    """Every fault of one register file; never raises.

    `name` is one of `REGISTER_NAMES`, `framework` the one that the whole file is about, if there is one.
    """
    reader = _Reader(folder, framework, frameworks, now.date() if now else None, Faults())
    read: Mapping[str, Callable[[Document], object]] = {
        "exemptions": reader.exemptions,
        "attestations": reader.attestations,
        "soa": reader.soa,
        "inherited": reader.inherited,
    }
    read[name](document)
    return tuple(reader.faults.found)


class _Reader:
    """Reads register files of one folder into nouns, and collects what is wrong with them."""

    def __init__(
        self,
        folder: Path,
        framework: Framework | None,
        frameworks: Mapping[str, Framework],
        today: date | None,
        faults: Faults,
    ) -> None:
        self.folder = folder
        self.framework = framework
        """The one of the run, or of the file."""
        self.frameworks = frameworks
        """Those that an entry may name."""
        self.today = today
        self.faults = faults

    def documents(self) -> dict[str, Document]:
        found: dict[str, Document] = {}
        for name in REGISTER_NAMES:
            files = [file for one in _EXTENSIONS if (file := self.folder / f"{name}{one}").is_file()]
            document = self.faults.load(files[0]) if files else None
            if document is None:
                continue
            found[name] = document
            if len(files) > 1:
                hint = f"keep one of {', '.join(file.name for file in files)}"
                self.faults.error("BP254", f"two registers of {name}", document.locate(""), hint)
        return found

    # --- exemptions ---

    def exemptions(self, document: Document | None) -> tuple[Exemption, ...]:
        if document is None:
            return ()
        from blueprinter.blueprint.schemas.registers import ExemptionsFile  # pydantic is slow

        self.faults.shape(document, ExemptionsFile)
        rows = _rows(document, "exemptions")
        self._unique(document, ((pointer + "/name", text(row, "name")) for pointer, row in rows))
        return tuple(self._exemption(document, pointer, row) for pointer, row in rows)

    def _exemption(self, document: Document, pointer: str, row: Mapping[str, Json]) -> Exemption:
        faults, name = self.faults, text(row, "name")
        where = document.locate(pointer)
        if name and (_BAD_IN_NAME.search(name) or len(name) > 64):
            hint = "at most 64 characters, none of <>*%&:\\?+/#, no dot or space at the end"
            faults.error(
                "BP202",
                f"`{name}` cannot be the name of an exemption",
                document.locate(pointer + "/name"),
                hint,
            )
        self._scope(document, pointer, text(row, "scope"))
        policies, controls = texts(row.get("policies")), texts(row.get("controls"))
        if bool(policies) == bool(controls):
            hint = "an exemption names `policies` or `controls`, one of the two, and at least one of them"
            faults.error("BP251", f"the exemption `{name}` does not say what it exempts from", where, hint)
        for index, control in enumerate(controls):
            if self.framework is not None and control not in self.framework.controls:
                faults.warn(
                    "BP262",
                    f"`{self.framework.id}` has no control `{control}`, so nothing is exempted from it",
                    document.locate(f"{pointer}/controls/{index}"),
                    did_you_mean(control, self.framework.controls),
                )
        category = (
            ExemptionCategory.MITIGATED if row.get("category") == "Mitigated" else ExemptionCategory.WAIVER
        )
        evidence = self._evidence(document, pointer, row)
        if category is ExemptionCategory.MITIGATED and not _intact(evidence):
            hint = "name the evidence of what mitigates it; until then it counts as waived"
            faults.warn("BP252", f"the exemption `{name}` is Mitigated without evidence", where, hint)
        return Exemption(
            name=name,
            scope=text(row, "scope"),
            assignment=text(row, "assignment"),
            policies=tuple(definition_key(policy) for policy in policies),
            controls=controls,
            category=category,
            reason=text(row, "reason"),
            owner=text(row, "owner"),
            approved_by=text(row, "approvedBy"),
            ticket=text(row, "ticket"),
            evidence=evidence,
            expires_on=day(row, "expiresOn") or _NO_DAY,
            position=where,
        )

    # --- attestations ---

    def attestations(self, document: Document | None) -> tuple[Attestation, ...]:
        if document is None:
            return ()
        from blueprinter.blueprint.schemas.registers import AttestationsFile  # pydantic is slow

        self.faults.shape(document, AttestationsFile)
        return tuple(
            self._attestation(document, pointer, row) for pointer, row in _rows(document, "attestations")
        )

    def _attestation(self, document: Document, pointer: str, row: Mapping[str, Json]) -> Attestation:
        faults, where = self.faults, document.locate(pointer)
        control, policy = text(row, "control"), text(row, "policy")
        shown = control or policy
        if bool(control) == bool(policy):
            hint = "an attestation is about a `control` or a `policy`, one of the two"
            faults.error("BP251", "the attestation does not say what it is about", where, hint)
        framework = text(row, "framework") or (self.framework.id if self.framework and control else "")
        if control:
            self._control(document, f"{pointer}/control", control, self.frameworks.get(framework))
        if text(row, "scope"):
            self._scope(document, pointer, text(row, "scope"))
        owner, approver = text(row, "owner"), text(row, "approvedBy")
        if owner and same(owner, approver):
            hint = "another person approves; until then it counts as lapsed"
            place = document.locate(pointer + "/approvedBy")
            faults.warn("BP255", f"the attestor of `{shown}` approves their own attestation", place, hint)
        assessed, expires = day(row, "assessedOn"), day(row, "expiresOn")
        if assessed and expires and expires < assessed:
            place = document.locate(pointer + "/expiresOn")
            faults.error("BP253", f"the attestation of `{shown}` ends before it was made", place)
        if assessed and self.today and assessed > self.today:
            place = document.locate(pointer + "/assessedOn")
            hint = "until that day it counts as lapsed"
            faults.warn("BP253", f"the attestation of `{shown}` is dated after this run", place, hint)
        evidence = self._evidence(document, pointer, row)
        if row.get("state") == AttestationState.COMPLIANT and not evidence:
            hint = "name at least one file or uri; until then it counts as lapsed"
            faults.warn("BP256", f"`{shown}` is attested as Compliant without evidence", where, hint)
        return Attestation(
            control=control,
            policy=definition_key(policy) if policy else "",
            framework=framework,
            scope=text(row, "scope"),
            state=_state(text(row, "state")),
            owner=owner,
            approved_by=approver,
            method=text(row, "method"),
            assessed_on=assessed or _NO_DAY,
            expires_on=expires or _NO_DAY,
            comments=text(row, "comments"),
            evidence=evidence,
            position=where,
        )

    # --- Statement of Applicability ---

    def soa(self, document: Document | None) -> Mapping[str, SoaEntry]:
        """Entries by control; empty when the statement is about another framework than the run."""
        if document is None:
            return {}
        from blueprinter.blueprint.schemas.registers import SoaFile  # pydantic is slow

        self.faults.shape(document, SoaFile)
        value = mapping(document.value)
        rows = {
            control: self._soa_entry(document, child("/controls", control), control, mapping(row))
            for control, row in mapping(value.get("controls")).items()
        }
        framework, named = self.framework, text(value, "framework")
        if framework is None or not named:
            return rows
        if named != framework.id:
            message = f"the statement is about `{named}`, the run about `{framework.id}`: it is left out"
            self.faults.warn("BP262", message, document.locate("/framework"))
            return {}
        for control in rows:
            pointer = child("/controls", control)
            if control in framework.controls and control not in framework.counted:
                hint = "the statement lists the counted controls only"
                message = f"`{control}` is not listed in a Statement of Applicability"
                self.faults.error("BP260", message, document.locate(pointer, key=True), hint)
            elif control not in framework.controls:
                self._control(document, pointer, control, framework, key=True)
            if not rows[control].applicable and not framework.has_exclusions:
                message = f"`{framework.id}` allows no exclusions"
                self.faults.error("BP261", message, document.locate(pointer))
        missing = [control for control in framework.counted if control not in rows]
        if missing and isinstance(value.get("controls"), dict):
            shown = ", ".join(f"`{control}`" for control in missing)
            message = f"{plural(len(missing), 'control')} missing: {shown}"
            hint = "every control stands in the statement exactly once"
            self.faults.error("BP260", message, document.locate("/controls", key=True), hint)
        return rows

    def _soa_entry(self, document: Document, pointer: str, control: str, row: Mapping[str, Json]) -> SoaEntry:
        where = document.locate(pointer)
        evidence = self._evidence(document, pointer, row)
        entry = SoaEntry(
            control=control,
            applicable=row.get("applicable") is not False,
            reasons=texts(row.get("reasons")),
            risk_refs=texts(row.get("riskRefs")),
            status=text(row, "status"),
            by=day(row, "by"),
            owner=text(row, "owner"),
            how=text(row, "how"),
            evidence=evidence,
            review_on=day(row, "reviewOn"),
            justification=text(row, "justification"),
            approver=text(row, "approver"),
            approved_on=day(row, "approvedOn"),
            position=where,
        )
        if not entry.applicable and not entry.excluded:
            needed = ("justification", "approver", "approvedOn")
            absent = " and ".join(f"`{key}`" for key in needed if not row.get(key))
            if absent:
                message = f"`{control}` is excluded without {absent}"
                hint = "an exclusion says why, who approved it and when"
                self.faults.error("BP261", message, where, hint)
        if entry.applicable and entry.status == "planned" and "by" not in row:
            self.faults.error(
                "BP261", f"`{control}` is planned without a date", where, "add `by: YYYY-MM-DD`"
            )
        return entry

    # --- inherited evidence ---

    def inherited(self, document: Document | None) -> tuple[InheritedEvidence, ...]:
        if document is None:
            return ()
        from blueprinter.blueprint.schemas.registers import InheritedFile  # pydantic is slow

        self.faults.shape(document, InheritedFile)
        rows = _rows(document, "evidence")
        self._unique(document, ((pointer + "/id", text(row, "id")) for pointer, row in rows))
        return tuple(self._inherited(document, pointer, row) for pointer, row in rows)

    def _inherited(self, document: Document, pointer: str, row: Mapping[str, Json]) -> InheritedEvidence:
        faults, name, standard = self.faults, text(row, "id"), text(row, "standard")
        for index, cloud in enumerate(texts(row.get("clouds"))):
            self._cloud(document, f"{pointer}/clouds/{index}", cloud)
        for index, control in enumerate(texts(row.get("controls"))):
            self._control(document, f"{pointer}/controls/{index}", control, self.frameworks.get(standard))
        valid_from, valid_to = day(row, "validFrom"), day(row, "validTo")
        if valid_from and valid_to and valid_to < valid_from:
            faults.error("BP253", f"`{name}` ends before it begins", document.locate(pointer + "/validTo"))
        if row.get("validTo") is None:
            place = document.locate(pointer + "/validTo", key=True)
            message = f"`{name}` is a form that is not filled in: what it would prove counts as lapsed"
            faults.warn("BP264", message, place, text(row, "where") or _PORTAL)
        return InheritedEvidence(
            id=name,
            kind=text(row, "kind"),
            standard=standard,
            provider=text(row, "provider"),
            clouds=texts(row.get("clouds")),
            services={
                service: state
                for service, state in mapping(row.get("services")).items()
                if isinstance(state, str)
            },
            controls=texts(row.get("controls")),
            valid_from=valid_from,
            valid_to=valid_to,
            where=text(row, "where"),
            sha256=text(row, "sha256").lower(),
            reviewed_by=text(row, "reviewedBy"),
            reviewed_on=day(row, "reviewedOn"),
            position=document.locate(pointer),
        )

    def _cloud(self, document: Document, pointer: str, cloud: str) -> None:
        row = CLOUDS.get(cloud)
        if row is None:
            known = [one.name for one in CLOUDS if not one.retired]
            hint = did_you_mean(cloud, known) or f"known clouds: {', '.join(known)}"
            self.faults.error("BP263", f"no cloud `{cloud}`", document.locate(pointer), hint)
        elif row.retired:
            hint = "its data centres were closed; nothing can be inherited from it"
            self.faults.error("BP263", f"the cloud `{cloud}` is retired", document.locate(pointer), hint)

    # --- what several registers share ---

    def _unique(self, document: Document, names: Iterable[tuple[str, str]]) -> None:
        seen: set[str] = set()
        for pointer, name in names:
            if name and fold(name) in seen:
                self.faults.error("BP254", f"the name `{name}` stands twice", document.locate(pointer))
            seen.add(fold(name))

    def _scope(self, document: Document, pointer: str, scope: str) -> None:
        if scope and not is_scope(scope):
            place = document.locate(pointer + "/scope")
            self.faults.error("BP250", f"`{scope}` is no full id", place, SCOPE_HINT)

    def _control(
        self,
        document: Document,
        pointer: str,
        control: str,
        framework: Framework | None,
        *,
        key: bool = False,
    ) -> None:
        if framework is not None and control not in framework.controls:
            place = document.locate(pointer, key=key)
            hint = did_you_mean(control, framework.controls)
            self.faults.error("BP262", f"`{framework.id}` has no control `{control}`", place, hint)

    def _evidence(self, document: Document, pointer: str, row: Mapping[str, Json]) -> tuple[Evidence, ...]:
        return read_evidence(
            document, child(pointer, "evidence"), row.get("evidence"), self.folder, self.faults
        )


def _rows(document: Document, key: str) -> list[tuple[str, Mapping[str, Json]]]:
    rows = items(mapping(document.value).get(key))
    return [(f"/{key}/{index}", mapping(row)) for index, row in enumerate(rows)]


def _state(name: str) -> AttestationState:
    return AttestationState(name) if name in set(AttestationState) else AttestationState.UNKNOWN


def _intact(evidence: tuple[Evidence, ...]) -> bool:
    return any(one.intact is not False for one in evidence)
