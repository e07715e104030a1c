"""What templates make, compared with what Azure has now: by property, as far as that can be said.

Each resource is read by its id, with the API version of its template. Only what the template sets is compared, so what
a provider adds or a policy changes beside it is no drift. What providers respell is none either: ids, names of regions,
letter case of settings, numbers as texts, times. Three kinds of values are left out and named: what only Azure knows,
what is secret, and what Azure does not give back, which may be gone and may as well never be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, field

from blueprinter.arm import Unknown, UnknownKey, Value, same_location
from blueprinter.azure import ArmClient, AzureError
from blueprinter.casing import fold, get, same
from blueprinter.deploy.model import API_VERSIONS, GROUPS, Wanted
from blueprinter.document import Json

ONLY_AZURE, SECRET, NOT_GIVEN = "only Azure knows it", "it is secret", "Azure does not give it back"
_COMPARED = ("properties", "sku", "kind", "tags", "location", "zones", "plan", "identity")
_EMPTY: tuple[Json, ...] = (None, "", [], {})
_WRITE_ONLY = frozenset({"microsoft.keyvault/vaults/accesspolicies", "microsoft.web/sites/extensions"})
"""Types that are put and never read: what they say becomes part of another resource, or happens."""
_IDENTITIES = "identity.userAssignedIdentities."
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAMES = ("name", "id")
"""By what the items of a list are told apart, where all have it."""


class NotCompared(Struct, frozen=True):
    """What of a resource could not be compared."""

    id: str
    type: str
    why: str
    paths: tuple[str, ...] = ()
    """Empty = the whole of it."""


class Compared(Struct, frozen=True):
    """What came of comparing the resources of templates."""

    gone: tuple[Wanted, ...] = ()
    changed: tuple[tuple[Wanted, tuple[str, ...]], ...] = ()
    """With the paths that differ."""
    left_out: tuple[NotCompared, ...] = ()


def compare_resources(arm: ArmClient, wanted: Iterable[Wanted]) -> Compared:
    """Reads these resources and compares each. What Azure refuses to show is left out; raises `AzureError`
    where it does not answer."""
    gone: list[Wanted] = []
    changed: list[tuple[Wanted, tuple[str, ...]]] = []
    left_out: list[NotCompared] = []
    # a resource that is put several times is in the end what it was put last
    for one in {one.key: one for one in wanted}.values():
        why = _unreadable(one)
        live: Json = None
        if not why:
            try:
                live = arm.find(one.id, API_VERSIONS[GROUPS] if one.type == GROUPS else one.api_version)
            except AzureError as refused:
                if not 400 <= refused.status < 500 or refused.status == 429:
                    raise
                why = f"it cannot be read: {', '.join(sorted(refused.codes)) or refused.status}"
        if why:
            left_out.append(NotCompared(one.id, one.type, why))
        elif not isinstance(live, dict):
            gone.append(one)
        else:
            found = differences_of(one.body, live)
            if found.paths:
                changed.append((one, tuple(sorted(found.paths))))
            for reason in (ONLY_AZURE, SECRET, NOT_GIVEN):
                paths = tuple(sorted(path for path, said in found.left_out if said == reason))
                if paths:
                    left_out.append(NotCompared(one.id, one.type, reason, paths))
    return Compared(tuple(gone), tuple(changed), tuple(left_out))


class Differences(Struct):
    """What was found in one resource."""

    paths: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """Path, and why it was not compared."""


def differences_of(wanted: Mapping[str, Value], live: Mapping[str, Json]) -> Differences:
    """What a live resource has otherwise than its template says."""
    found = Differences()
    for key in _COMPARED:
        value = get(wanted, key)
        if value is not None:
            _compare(found, key, value, get(live, key), exact=key == "tags")
    return found


def _unreadable(one: Wanted) -> str:
    if not one.id.startswith("/"):
        return "its name is known only when it is deployed"
    if fold(one.type) in _WRITE_ONLY:
        return "Azure does not give back resources of this type"
    return "" if one.api_version else "its API version is not known"


def _compare(found: Differences, path: str, wanted: Value, live: Json, *, exact: bool) -> None:
    if isinstance(wanted, Unknown):
        found.left_out.append((path, SECRET if wanted.hidden else ONLY_AZURE))
    elif wanted == [] and live not in _EMPTY:
        found.paths.append(path)
    elif wanted in _EMPTY:
        # nothing is asked for, and what is there may be the provider's own; but an identity is asked for by its key
        if live is None and path.startswith(_IDENTITIES):
            found.paths.append(path)
    elif live is None:
        if exact:
            found.paths.append(path)
        else:
            found.left_out.append((path, NOT_GIVEN))
    elif isinstance(wanted, dict):
        _members(found, path, wanted, live, exact=exact)
    elif isinstance(wanted, list):
        _items(found, path, wanted, live, exact=exact)
    elif not _same(path, wanted, live, exact=exact):
        found.paths.append(path)


def _members(found: Differences, path: str, wanted: Mapping[str, Value], live: Json, *, exact: bool) -> None:
    if not isinstance(live, dict):
        found.paths.append(path)
        return
    for key, value in wanted.items():
        if isinstance(key, UnknownKey):
            found.left_out.append((f"{path}.{key}", ONLY_AZURE))
        else:
            _compare(found, f"{path}.{key}", value, get(live, key), exact=exact)


def _items(found: Differences, path: str, wanted: Sequence[Value], live: Json, *, exact: bool) -> None:
    """A list is put as a whole: what is more in it is a change. Items with names may stand in another order, and so may
    plain values."""
    if not isinstance(live, list):
        found.paths.append(path)
        return
    if any(isinstance(one, Unknown) for one in wanted):
        found.left_out.append((path, ONLY_AZURE))
        return
    if len(wanted) != len(live):
        found.paths.append(path)
        return
    key = next((name for name in _NAMES if _all_named(wanted, name) and _all_named(live, name)), None)
    if key is not None:
        there = {fold(_name(one, key)): one for one in live}
        for one in wanted:
            name = _name(one, key)
            if fold(name) in there:
                _compare(found, f"{path}[{name}]", one, there[fold(name)], exact=exact)
            else:
                found.paths.append(f"{path}[{name}]")
    elif all(not isinstance(one, (dict, list)) for one in wanted):
        rest = list(live)
        for value in wanted:
            match = next((at for at, one in enumerate(rest) if _same(path, value, one, exact=exact)), None)
            if match is None:
                found.paths.append(path)
                return
            del rest[match]
    else:
        for index, (one, other) in enumerate(zip(wanted, live, strict=True)):
            _compare(found, f"{path}[{index}]", one, other, exact=exact)


def _all_named(rows: Sequence[Value] | Sequence[Json], key: str) -> bool:
    names = [_name(one, key) for one in rows]
    return all(names) and len(set(map(fold, names))) == len(names)


def _name(row: Value | Json, key: str) -> str:
    name = get(row, key) if isinstance(row, dict) else None
    return name if isinstance(name, str) else ""


def _same(path: str, wanted: Value, live: Json, *, exact: bool) -> bool:
    """Whether two plain values are the same as providers write them."""
    if isinstance(wanted, str) and isinstance(live, str):
        if wanted == live:
            return True
        if exact:
            return False
        if path == "location" or path.endswith(".location"):
            return same_location(wanted, live)
        if path == "identity.type":
            return same(wanted.replace(" ", ""), live.replace(" ", ""))
        moment = _moment(wanted)
        return same(wanted.rstrip("/"), live.rstrip("/")) or (moment is not None and moment == _moment(live))
    if isinstance(wanted, (str, int, float)) and isinstance(live, (str, int, float)):
        if isinstance(wanted, str) or isinstance(live, str):
            return not exact and (fold(str(wanted)) == fold(str(live)) or _number(wanted) == _number(live))
        return wanted == live and isinstance(wanted, bool) == isinstance(live, bool)
    return wanted == live


def _moment(text: str) -> datetime | None:
    """The time that a text says, however many digits it has; None for other texts."""
    if _DATE.match(text) is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _number(value: str | float) -> float | str:
    """A number, or what is none as it is, so that it equals no number."""
    try:
        return float(value) if not isinstance(value, bool) else str(value)
    except ValueError:
        return str(value)
