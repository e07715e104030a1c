"""Parts of a JSON value by the type that is wanted: what has another type counts as absent.

The models have already said what is misshapen, so that what can still be read is checked further
without a second complaint about the same value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from blueprinter.casing import fold
from blueprinter.document import Json


def mapping(value: Json) -> Mapping[str, Json]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(holder: Mapping[str, Json], key: str) -> str:
    """The text under a key, or an empty one."""
    found = holder.get(key)
    return found if isinstance(found, str) else ""


def texts(value: Json) -> tuple[str, ...]:
    """The texts of a list; of a single text, that one."""
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in items(value) if isinstance(one, str))


def day(holder: Mapping[str, Json], key: str) -> date | None:
    """The ISO date under a key, or None."""
    try:
        return date.fromisoformat(text(holder, key))
    except ValueError:
        return None


def after(parts: list[str], marker: str) -> str:
    """The segment of an id that follows a marker, or an empty text."""
    folded = [fold(part) for part in parts]
    place = folded.index(marker) + 1 if marker in folded else len(parts)
    return parts[place] if place < len(parts) else ""
