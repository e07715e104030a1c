"""Policy assignments that others made of what the blueprint assigns: they can be taken over instead of doubled."""

from __future__ import annotations

from collections.abc import Mapping

from blueprinter.arm import Value
from blueprinter.casing import fold, same
from blueprinter.deploy.apply import Prepared
from blueprinter.deploy.marks import mark_of
from blueprinter.deploy.model import ASSIGNMENTS, Live, Wanted


def adoptable(prepared: Prepared) -> dict[str, Live]:
    """By artifact, the one assignment of the same definition at the same scope that nobody of ours made.

    Where there are several of them nothing is chosen.
    """
    others = [one for one in prepared.live.of_type(ASSIGNMENTS) if mark_of(one) is None]
    found: dict[str, Live] = {}
    for one in prepared.missing():
        artifact = _artifact(one)
        if fold(one.type) != fold(ASSIGNMENTS) or not artifact:
            continue
        twins = [
            live
            for live in others
            if same(_scope(live.id), _scope(one.id))
            and same(
                str(live.properties.get("policyDefinitionId", "")),
                str(_properties(one).get("policyDefinitionId", "")),
            )
        ]
        if len(twins) == 1:
            found[artifact] = twins[0]
    return found


def location_of(live: Live) -> str:
    """Where the identity of an assignment is; empty where it has none."""
    location = live.body.get("location")
    return location if isinstance(location, str) else ""


def _artifact(one: Wanted) -> str:
    metadata = _properties(one).get("metadata")
    mark = metadata.get("blueprinter") if isinstance(metadata, dict) else None
    artifact = mark.get("artifact") if isinstance(mark, dict) else None
    return artifact if isinstance(artifact, str) else ""


def _properties(one: Wanted) -> Mapping[str, Value]:
    found = one.body.get("properties")
    return found if isinstance(found, dict) else {}


def _scope(id: str) -> str:
    return id[: fold(id).rindex("/providers/microsoft.authorization/")]
