"""What differs between what is to be and what is: our own comparison, which knows what Azure adds by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from blueprinter.arm import Unknown, Value
from blueprinter.casing import fold, get, same
from blueprinter.deploy.model import ASSIGNMENTS, DEFINITIONS, ROLES, SETS, Live, Wanted
from blueprinter.document import Json

_COMPARED = frozenset(fold(type) for type in (ASSIGNMENTS, DEFINITIONS, SETS, ROLES))
_EMPTY: tuple[Json, ...] = (None, "", [], {})
_USUAL: Mapping[str, Mapping[str, Json]] = {
    fold(ASSIGNMENTS): {
        "enforcementMode": "Default",
        "notScopes": [],
        "parameters": {},
        "overrides": [],
        "resourceSelectors": [],
        "nonComplianceMessages": [],
    }
}
"""What a property is where nobody gives it: changed by hand, it shows."""
_WHOLE = frozenset({"parameters", "policyrule", "notscopes"})
"""Objects in which something more is a difference: Azure adds nothing to them."""


def differences(wanted: Wanted, live: Live) -> tuple[str, ...]:
    """The paths at which a live object is not as it is to be, sorted.

    Ids are compared without regard to case; what only Azure knows, and what it adds or sets itself (times, authors,
    effective versions), is no difference. Only governance objects are compared by their properties.
    """
    if fold(wanted.type) not in _COMPARED:
        return ()
    body = wanted.body.get("properties")
    properties: Mapping[str, Value] = body if isinstance(body, dict) else {}
    found = list(_object("properties", properties, dict(live.properties), False))
    for key, usual in _USUAL.get(fold(wanted.type), {}).items():
        there = get(live.properties, key)
        if get(properties, key) is None and there is not None and there != usual and there not in _EMPTY:
            found.append(f"properties.{key}")
    kind = _kind(wanted.body.get("identity"))
    if kind is not None and not same(kind, _kind(live.body.get("identity")) or "None"):
        found.append("identity.type")
    return tuple(sorted(set(found)))


def _kind(identity: Value | Json) -> str | None:
    kind = identity.get("type") if isinstance(identity, dict) else None
    return kind if isinstance(kind, str) else None


def _object(path: str, wanted: Mapping[str, Value], live: Json, whole: bool) -> Iterator[str]:
    there = live if isinstance(live, dict) else {}
    for key, value in wanted.items():
        yield from _value(f"{path}.{key}", value, get(there, key), whole or fold(key) in _WHOLE)
    if whole:
        known = {fold(key) for key in wanted}
        for key, extra in there.items():
            if fold(key) not in known and extra not in _EMPTY:
                yield f"{path}.{key}"


def _value(path: str, wanted: Value, live: Json, whole: bool) -> Iterator[str]:
    if isinstance(wanted, Unknown):
        return
    if isinstance(wanted, dict):
        if wanted or live not in _EMPTY:
            yield from _object(path, wanted, live, whole)
        return
    if isinstance(wanted, list):
        rows = live if isinstance(live, list) else []
        if len(rows) != len(wanted):
            yield path
            return
        for index, (one, other) in enumerate(zip(wanted, rows, strict=True)):
            yield from _value(f"{path}[{index}]", one, other, whole)
        return
    if wanted in _EMPTY and live in _EMPTY:
        return
    if isinstance(wanted, str) and isinstance(live, str):
        if wanted != live and not _same_id(wanted, live):
            yield path
    elif wanted != live or isinstance(wanted, bool) != isinstance(live, bool):
        yield path


def _same_id(one: str, other: str) -> bool:
    """Ids are the same in any case; a role is the same by its GUID, whichever scope stands before it."""
    if "/" not in one or "/" not in other:
        return False
    if same(one, other):
        return True
    marker = "/roledefinitions/"
    return marker in fold(one) and fold(one).rpartition(marker)[2] == fold(other).rpartition(marker)[2]
