"""H, the inherited part of a control: what the provider's certificates and reports cover."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from blueprinter.blueprint import InheritedEvidence
from blueprinter.casing import get, same
from blueprinter.compliance.model import Inherited
from blueprinter.text import plural

REVIEW_DAYS = 365
"""A review of provider evidence that is older than twelve months is due again."""
_BEST_FIRST = (Inherited.PASS, Inherited.ENDING, Inherited.LAPSED, Inherited.NONE)
_EDITION = re.compile(r"[-:]\d{4}$")


@dataclass(frozen=True, slots=True)
class InheritedPart:
    """H, and the line that says why."""

    status: Inherited
    reason: str = ""


def inherited_part(
    register: Iterable[InheritedEvidence],
    *,
    control: str,
    framework: str,
    services: Sequence[tuple[str, str]],
    today: date,
    warn_days: int,
) -> InheritedPart:
    """The inherited part of one control: the best entry for each service in use, then the worst of those.

    `services` are pairs of cloud and resource provider (`AzureCloud`, `Microsoft.Storage`) that the population
    uses; a provider may be empty where only the cloud is known.
    """
    entries = [entry for entry in register if _speaks(entry, control, framework)]
    if not entries:
        return InheritedPart(Inherited.NONE)
    found: list[InheritedPart] = []
    for cloud, service in services:
        candidates = [_of_one(entry, framework, cloud, service, today, warn_days) for entry in entries]
        found.append(min(candidates, key=lambda part: _BEST_FIRST.index(part.status)))
    if not found:
        found = [_of_one(entry, framework, "", "", today, warn_days) for entry in entries]
        return min(found, key=lambda part: _BEST_FIRST.index(part.status))
    worst = max(found, key=lambda part: _BEST_FIRST.index(part.status))
    alike = len({part.reason for part in found if part.status is worst.status})
    if worst.status is Inherited.LAPSED and alike > 1:
        more = plural(alike - 1, "more service", "more services")
        return InheritedPart(worst.status, f"{worst.reason}, and so for {more} in use")
    return worst


def _speaks(entry: InheritedEvidence, control: str, framework: str) -> bool:
    """Whether an entry lists the control, for this standard in any edition: `A.7.1` of another standard is not ours."""
    if not any(same(listed, control) for listed in entry.controls):
        return False
    return same(_EDITION.sub("", entry.standard), _EDITION.sub("", framework))


def _of_one(
    entry: InheritedEvidence, framework: str, cloud: str, service: str, today: date, warn_days: int
) -> InheritedPart:
    name = f"{entry.kind or 'evidence'} `{entry.id}`"
    if why := _lapse(entry, framework, cloud, service, today):
        return InheritedPart(Inherited.LAPSED, f"{name} {why}")
    if entry.valid_to is not None and (entry.valid_to - today).days <= warn_days:
        return InheritedPart(Inherited.ENDING, f"{name} ends on {entry.valid_to}")
    if entry.reviewed_on is None or entry.reviewed_on > today:
        return InheritedPart(Inherited.ENDING, f"{name} has not been reviewed")
    if today - entry.reviewed_on > timedelta(days=REVIEW_DAYS):
        return InheritedPart(Inherited.ENDING, f"{name} was last reviewed on {entry.reviewed_on}")
    return InheritedPart(Inherited.PASS, f"{name} is valid until {entry.valid_to}")


def _lapse(entry: InheritedEvidence, framework: str, cloud: str, service: str, today: date) -> str:
    """Why an entry does not speak for a service in a cloud, or empty."""
    if not same(entry.standard, framework):
        return f"is of another edition ({entry.standard})"
    if entry.valid_to is None:
        source = f"; get it from: {entry.where}" if entry.where else ""
        return f"is a form that is not filled in{source}"
    if entry.valid_to < today:
        return f"ended on {entry.valid_to}"
    if entry.valid_from is not None and entry.valid_from > today:
        return f"is valid from {entry.valid_from} only"
    if cloud and not any(same(listed, cloud) for listed in entry.clouds):
        return f"does not cover {cloud}"
    if service and (standing := get(entry.services, service) or "not-stated") != "in":
        word = "does not state" if standing == "not-stated" else "excludes"
        return f"{word} {service}"
    return ""
