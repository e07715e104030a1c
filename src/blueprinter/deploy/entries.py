"""Exemptions and attestations of the registers as objects in Azure: with names of our own making, so that applying them
again changes nothing. What others made is never touched.

Sources: Microsoft Learn, "Azure Policy exemption structure", "Azure Policy attestation structure".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from blueprinter.arm import Value, id_within
from blueprinter.azure import ArmClient
from blueprinter.blueprint import Attestation, Exemption, slug
from blueprinter.casing import fold, same
from blueprinter.deploy.deleting import delete_governance
from blueprinter.deploy.differences import differences
from blueprinter.deploy.marks import is_ours
from blueprinter.deploy.model import (
    API_VERSIONS,
    ATTESTATIONS,
    EXEMPTIONS,
    Body,
    Live,
    Target,
    Tell,
    Wanted,
)
from blueprinter.deploy.reading import LiveState
from blueprinter.diagnostics import Diagnostic, Severity
from blueprinter.document import Json
from blueprinter.policy import AssignedPolicy, definition_key, effect_of

_NAME = 50


class Entries(Struct, frozen=True, eq=False):
    """What the registers ask for on one target."""

    wanted: tuple[Wanted, ...]
    expired: tuple[Live, ...]
    """Ours, of entries whose day is over: removed."""
    diagnostics: tuple[Diagnostic, ...] = ()


def entries_of(target: Target, live: LiveState, now: datetime) -> Entries:
    """The exemptions and attestations of the registers on a target."""
    remarks: list[Diagnostic] = []
    wanted: dict[str, Wanted] = {}
    for exemption in target.registers.exemptions:
        if exemption.expires_on < now.date() or not _here(exemption, target):
            continue
        rows = list(_exemptions(exemption, target))
        if not rows:
            message = f"the exemption `{exemption.name}` names nothing that is assigned here"
            remarks.append(Diagnostic("BP644", Severity.WARNING, message, "", exemption.position))
        wanted.update({row.key: row for row in rows})
    for attestation in target.registers.attestations:
        if attestation.policy and attestation.expires_on >= now.date():
            wanted.update({row.key: row for row in _attestations(attestation, target, remarks)})
    ours = [
        one for type in (EXEMPTIONS, ATTESTATIONS) for one in live.of_type(type) if is_ours(one, target.mark)
    ]
    expired = tuple(one for one in ours if one.key not in wanted and _is_over(one, now))
    return Entries(tuple(wanted[key] for key in sorted(wanted)), expired, tuple(remarks))


def pending(entries: Entries, live: LiveState) -> tuple[Wanted, ...]:
    """The entries that are not in Azure yet, or not as they are to be."""
    return tuple(one for one in entries.wanted if _differs(one, live.objects.get(one.key)))


def apply_entries(arm: ArmClient, entries: Entries, live: LiveState, tell: Tell) -> bool:
    """Writes what is pending and removes what has expired; whether there was anything."""
    for one in pending(entries, live):
        there = live.objects.get(one.key)
        if there is not None and not _equal(_assignment_of(one), there.properties.get("policyAssignmentId")):
            delete_governance(arm, [there], tell)  # Azure never moves one to another assignment
        body: Body = {"properties": dict(_properties(one))}
        arm.wait(arm.start("PUT", one.id, API_VERSIONS[one.type], body=body))
        tell(f"  applied {one.id}")
    if entries.expired:
        delete_governance(arm, entries.expired, tell)
    return bool(pending(entries, live) or entries.expired)


def foreign(target: Target, live: LiveState) -> tuple[Live, ...]:
    """Exemptions by others of what this assignment makes."""
    made = {fold(one.assignment_id) for one in target.resolved.policies}
    return tuple(
        one
        for one in live.of_type(EXEMPTIONS)
        if not is_ours(one, target.mark) and fold(str(one.properties.get("policyAssignmentId", ""))) in made
    )


def _here(exemption: Exemption, target: Target) -> bool:
    """Whether an entry is for this assignment, and its scope within this target."""
    named = exemption.assignment
    ours = same(named, target.assignment.name) or any(
        same(named, one.assignment_id) for one in target.resolved.policies
    )
    return ours and (id_within(exemption.scope, target.scope) or same(exemption.scope, target.scope))


def _exemptions(exemption: Exemption, target: Target) -> Iterator[Wanted]:
    """One exemption for each policy assignment that contains what the entry names."""
    by_assignment: dict[str, list[AssignedPolicy]] = {}
    tests = set(exemption.policies)
    for link in target.resolved.links:
        if link.control in exemption.controls:
            tests |= {link.test, link.equivalent} - {""}
    for one in target.resolved.policies:
        whole = definition_key(one.set_definition_id) in tests if one.set_definition_id else False
        if not one.assignment_id or not (
            whole or definition_key(one.definition.id) in tests | _named(tests, one)
        ):
            continue
        if same(exemption.assignment, target.assignment.name) or same(
            exemption.assignment, one.assignment_id
        ):
            by_assignment.setdefault(one.assignment_id, []).append(one)
    for assignment, policies in sorted(by_assignment.items()):
        name = exemption.name if len(by_assignment) == 1 else _suffixed(exemption.name, assignment)
        properties: Body = {
            "policyAssignmentId": assignment,
            "exemptionCategory": str(exemption.category),
            "expiresOn": f"{exemption.expires_on.isoformat()}T23:59:59Z",
            "displayName": exemption.name[:128],
            "description": exemption.reason[:512],
            "metadata": {
                "blueprinter": target.mark.metadata(),
                "owner": exemption.owner,
                "approvedBy": exemption.approved_by,
                "ticket": exemption.ticket,
            },
        }
        references = sorted({one.reference_id for one in policies if one.reference_id})
        if references:
            properties["policyDefinitionReferenceIds"] = list(references)
        yield _wanted(f"{exemption.scope.rstrip('/')}/providers/{EXEMPTIONS}/{name}", EXEMPTIONS, properties)


def _attestations(attestation: Attestation, target: Target, remarks: list[Diagnostic]) -> Iterator[Wanted]:
    """One attestation for each assignment of a policy with effect Manual; Azure knows no others."""
    scope = attestation.scope or target.scope
    if not id_within(scope, target.scope):
        return
    found = [
        one
        for one in target.resolved.policies
        if attestation.policy in {definition_key(one.definition.id)} | _named({attestation.policy}, one)
        and one.assignment_id
    ]
    manual = [one for one in found if fold(effect_of(one) or "") == "manual"]
    if not manual:
        message = f"the attestation of `{attestation.policy}` names no policy with effect Manual that is assigned here"
        remarks.append(Diagnostic("BP644", Severity.WARNING, message, "", attestation.position))
    for one in manual:
        parts = ("attestation", one.assignment_id, one.reference_id, scope)
        name = _suffixed(f"{target.assignment.name}-{attestation.policy}", *parts)
        properties: Body = {
            "policyAssignmentId": one.assignment_id,
            "complianceState": str(attestation.state),
            "expiresOn": f"{attestation.expires_on.isoformat()}T23:59:59Z",
            "owner": attestation.owner,
            "comments": attestation.comments,
            "evidence": [
                {"description": row.description, "sourceUri": row.location}
                for row in attestation.evidence
                if "://" in row.location
            ],
            "assessmentDate": f"{attestation.assessed_on.isoformat()}T00:00:00Z",
            "metadata": {"blueprinter": target.mark.metadata(), "approvedBy": attestation.approved_by},
        }
        if one.reference_id:
            properties["policyDefinitionReferenceId"] = one.reference_id
        yield _wanted(f"{scope.rstrip('/')}/providers/{ATTESTATIONS}/{name}", ATTESTATIONS, properties)


def _named(tests: set[str], one: AssignedPolicy) -> set[str]:
    """The key of a definition by its own name, which is what registers write, where a test is called so."""
    own = definition_key(one.definition.name)
    return {definition_key(one.definition.id)} if own in tests else set()


def _suffixed(name: str, *parts: str) -> str:
    digest = hashlib.sha256("\0".join(map(fold, parts)).encode()).hexdigest()[:8]
    return f"{slug(name)[:_NAME].rstrip('-')}-{digest}"


def _wanted(id: str, type: str, properties: Body) -> Wanted:
    values: dict[str, Value] = {**properties}  # type: ignore[dict-item]  # JSON is a value
    return Wanted(id, type, {"properties": values}, "")


def _properties(one: Wanted) -> Mapping[str, Json]:
    found = one.body.get("properties")
    return found if isinstance(found, dict) else {}  # type: ignore[return-value]  # made of JSON by `_wanted`


def _assignment_of(one: Wanted) -> Json:
    return _properties(one).get("policyAssignmentId")


def _differs(one: Wanted, live: Live | None) -> bool:
    if live is None:
        return True
    return any(
        not _equal(value, live.properties.get(key))
        for key, value in _properties(one).items()
        if key not in ("metadata",)
    ) or bool(differences(one, live))


def _equal(wanted: Json, live: Json) -> bool:
    if isinstance(wanted, str) and isinstance(live, str):
        return same(wanted, live) or _moment(wanted) == _moment(live) != ""
    if isinstance(wanted, list) and isinstance(live, list):
        return len(wanted) == len(live) and all(
            _equal(one, other) for one, other in zip(wanted, live, strict=True)
        )
    return wanted == live or (wanted in (None, "", [], {}) and live in (None, "", [], {}))


def _moment(text: str) -> str:
    """A time to the second, however many digits Azure gives it; empty where it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return found.replace(microsecond=0).isoformat()


def _is_over(one: Live, now: datetime) -> bool:
    expires = one.properties.get("expiresOn")
    try:
        return isinstance(expires, str) and datetime.fromisoformat(expires) < now
    except (ValueError, TypeError):
        return False
