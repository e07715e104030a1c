"""H, the inherited part of a control: what the provider's certificates and reports cover."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct

from blueprinter.blueprint import InheritedEvidence
from blueprinter.casing import fold, get, same
from blueprinter.compliance.model import Inherited
from blueprinter.compliance.offerings import OFFERINGS, is_control_plane, service_name
from blueprinter.text import plural

REVIEW_DAYS = 365
"""A review of provider evidence that is older than twelve months is due again."""
_BEST_FIRST = (Inherited.PASS, Inherited.ENDING, Inherited.LAPSED, Inherited.NONE)
_EDITION = re.compile(r"[-:]\d{4}$")


class InheritedPart(Struct, frozen=True):
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
    uses; a provider may be empty where only the cloud is known. Providers of the control plane are not asked for.
    """
    services = services_asked(services)
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


def services_asked(services: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The services that evidence must name: those of the population without Azure's control plane.

    A cloud in which nothing else is used stays, with an empty service: the evidence must cover the cloud.
    """
    found: dict[tuple[str, str], tuple[str, str]] = {}
    clouds: dict[str, str] = {}
    for cloud, service in services:
        clouds.setdefault(fold(cloud), cloud)
        if service and not is_control_plane(service):
            found.setdefault((fold(cloud), fold(service)), (cloud, service))
    used = {cloud for cloud, _ in found}
    found.update({(cloud, ""): (spelled, "") for cloud, spelled in clouds.items() if cloud not in used})
    return tuple(found[key] for key in sorted(found))


def services_of_entry(
    entry: InheritedEvidence, services: Iterable[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """The services in use that an entry is asked about: those in its clouds, or all where it covers none of them."""
    asked = services_asked(services)
    own = tuple(pair for pair in asked if any(same(cloud, pair[0]) for cloud in entry.clouds))
    return own or asked


def scope_of_entry(entry: InheritedEvidence, services: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Services in use in the clouds of an entry, by resource provider: `in`, `out` or `not-stated`."""
    asked = services_of_entry(entry, services)
    found: dict[str, str] = {}
    for cloud, service in asked:
        if not service:
            continue
        standing = _standing(entry, cloud, service)
        if found.get(service, "in") == "in" or standing == "out":
            found[service] = standing  # of several clouds the one that says least for it
    return dict(sorted(found.items(), key=lambda item: fold(item[0])))


def _standing(entry: InheritedEvidence, cloud: str, service: str) -> str:
    """What an entry says of a service in a cloud; where it is silent, what Microsoft publishes to be left out."""
    if not any(same(listed, cloud) for listed in entry.clouds):
        return "not-stated"
    stated = get(entry.services, service) or "not-stated"
    offering = OFFERINGS.get(service)
    if stated == "not-stated" and offering is not None and cloud in offering.outside:
        return "out"
    return stated


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
    if service and (standing := _standing(entry, cloud, service)) != "in":
        word = "does not state" if standing == "not-stated" else "excludes"
        known = service_name(service)
        return f"{word} {known} ({service})" if known != service else f"{word} {service}"
    return ""
