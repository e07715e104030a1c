"""Our mark on live objects: in `metadata`, and for role assignments in the description."""

from __future__ import annotations

import re

from msgspec import Struct

from blueprinter.casing import fold, same
from blueprinter.deploy.model import LOCKS, ROLES, Live
from blueprinter.document import Json
from blueprinter.render import Mark

_DESCRIPTION = re.compile(
    r"blueprinter: (?P<blueprint>.+?)(?: (?P<version>\S+))?, assignment (?P<assignment>[^,]+), content "
)


class Marked(Struct, frozen=True):
    """What a mark says."""

    blueprint: str
    version: str = ""
    assignment: str = ""
    artifact: str = ""


def mark_of(live: Live) -> Marked | None:
    """The mark of an object; None where it has none of ours."""
    if fold(live.type) in (fold(ROLES), fold(LOCKS)):
        text = live.properties.get("description" if fold(live.type) == fold(ROLES) else "notes")
        found = _DESCRIPTION.match(text) if isinstance(text, str) else None
        if found is None:
            return None
        return Marked(found["blueprint"], found["version"] or "", found["assignment"])
    metadata = live.properties.get("metadata")
    mark = metadata.get("blueprinter") if isinstance(metadata, dict) else None
    if not isinstance(mark, dict) or not isinstance(mark.get("blueprint"), str):
        return None
    return Marked(
        _text(mark, "blueprint"), _text(mark, "version"), _text(mark, "assignment"), _text(mark, "artifact")
    )


def is_ours(live: Live, mark: Mark) -> bool:
    """Whether an object belongs to an assignment of a blueprint. Definitions and sets name no assignment: several
    of one blueprint share them."""
    found = mark_of(live)
    if found is None:
        return False
    if found.assignment:
        return same(found.assignment, mark.assignment)
    return same(found.blueprint, mark.blueprint)


def _text(mark: dict[str, Json], key: str) -> str:
    found = mark.get(key)
    return found if isinstance(found, str) else ""
