"""A, the attested part of a control: what people declare, and whether it holds today."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date

from msgspec import Struct

from blueprinter.blueprint import Attestation, AttestationState
from blueprinter.casing import fold, same
from blueprinter.compliance.model import Attested
from blueprinter.compliance.scope import covers
from blueprinter.text import plural

_WORST_FIRST = (Attested.FAIL, Attested.LAPSED, Attested.ENDING, Attested.PASS, Attested.NONE)


class AttestedPart(Struct, frozen=True):
    """A, and the line that says why where it is no plain pass."""

    status: Attested
    reason: str = ""


def attested_part(
    attestations: Iterable[Attestation],
    *,
    control: str,
    framework: str,
    manual_tests: Collection[str],
    other_tests: Collection[str],
    canonical: Callable[[str], str] = fold,
    scopes: Sequence[str],
    today: date,
    warn_days: int,
) -> AttestedPart:
    """The attested part of one control.

    `manual_tests` and `other_tests` are its linked tests with and without effect Manual, by the key that
    `canonical` makes of a `definition_key`: an attestation of a manual policy speaks for the control as Azure's
    would, one of any other policy can only say that it is not met. `scopes` are the subscriptions of the run.
    Of several attestations of one scope the newest counts, then the worst scope; a scope of the run that no
    attestation covers is missing.
    """
    relevant = [entry for entry in attestations if _in_run(entry, framework, scopes)]
    own = [entry for entry in relevant if not entry.policy and same(entry.control, control)]
    by_policy: dict[str, list[Attestation]] = {}
    for entry in relevant:
        if entry.policy:
            by_policy.setdefault(canonical(fold(entry.policy)), []).append(entry)
    parts = [_of_one_subject(own, scopes, today, warn_days)] if own else []
    for test in sorted(manual_tests):
        if entries := by_policy.get(test):
            parts.append(_of_one_subject(entries, scopes, today, warn_days))
    for test in sorted(other_tests):
        found = _of_one_subject(by_policy.get(test, []), scopes, today, warn_days)
        if found.status is Attested.FAIL:
            parts.append(found)
    if not parts:
        return AttestedPart(Attested.NONE)
    missing = len([test for test in manual_tests if test not in by_policy])
    if missing and not own:
        of = plural(len(manual_tests), "manual policy", "manual policies")
        parts.append(AttestedPart(Attested.LAPSED, f"attestation missing for {missing:,} of {of}"))
    return _worst(parts)


def _in_run(entry: Attestation, framework: str, scopes: Sequence[str]) -> bool:
    """Whether an attestation speaks of this framework and of a scope that this run looks at."""
    if entry.framework and not same(entry.framework, framework):
        return False
    return not scopes or any(covers(entry.scope, scope) or covers(scope, entry.scope) for scope in scopes)


def _of_one_subject(
    entries: Sequence[Attestation], scopes: Sequence[str], today: date, warn_days: int
) -> AttestedPart:
    newest: dict[str, list[Attestation]] = {}
    for entry in entries:
        known = newest.setdefault(fold(entry.scope.rstrip("/")), [])
        if not known or entry.assessed_on > known[0].assessed_on:
            known[:] = [entry]
        elif entry.assessed_on == known[0].assessed_on:
            known.append(entry)
    if not newest:
        return AttestedPart(Attested.NONE)
    parts = [_of_one(entry, today, warn_days) for _, chosen in sorted(newest.items()) for entry in chosen]
    without = [scope for scope in scopes if not any(covers(entry.scope, scope) for entry in entries)]
    if without:
        text = f"attestation missing for {len(without):,} of {plural(len(scopes), 'scope')}: {without[0]}"
        parts.append(AttestedPart(Attested.LAPSED, text))
    return _worst(parts)


def _worst(parts: Sequence[AttestedPart]) -> AttestedPart:
    return min(parts, key=lambda part: _WORST_FIRST.index(part.status))


def _of_one(entry: Attestation, today: date, warn_days: int) -> AttestedPart:
    by = f"attestation of {entry.owner}" if entry.owner else "attestation"
    if entry.state is AttestationState.NON_COMPLIANT:
        return AttestedPart(Attested.FAIL, f"{by} says the control is not met")
    if why := _lapse(entry, today):
        return AttestedPart(Attested.LAPSED, f"{by} {why}")
    if (entry.expires_on - today).days <= warn_days:
        return AttestedPart(Attested.ENDING, f"{by} ends on {entry.expires_on}")
    return AttestedPart(Attested.PASS, f"{by} holds until {entry.expires_on}")


def _lapse(entry: Attestation, today: date) -> str:
    """Why an attestation does not count, or empty."""
    if entry.state is AttestationState.UNKNOWN:
        return "says unknown"
    if entry.expires_on < today:
        return f"expired on {entry.expires_on}"
    if entry.assessed_on > today:
        return f"is dated after this run ({entry.assessed_on})"
    if same(entry.owner.strip(), entry.approved_by.strip()):
        return "was approved by the attestor"
    if not entry.evidence:
        return "names no evidence"
    if any(item.intact is False for item in entry.evidence):
        return "names evidence that is missing or was changed"
    return ""
