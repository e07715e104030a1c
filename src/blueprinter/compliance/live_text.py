"""How Azure writes times and text in rows, read strictly: a row that cannot be read is refused, not guessed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from blueprinter.azure import AzureError, ErrorDetail
from blueprinter.document import Json


def text_of(value: Json) -> str:
    return value if isinstance(value, str) else ""


def needed(row: Mapping[str, Json], name: str) -> str:
    """A column that every row has. Raises `AzureError` (BP607) where it is not there."""
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise malformed(f"a policy state has no `{name}`")
    return value


def number_of(row: Mapping[str, Json], name: str) -> int:
    """A count. Raises `AzureError` (BP607)."""
    value = row.get(name)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise malformed(f"a count of policy states has no `{name}`")
    return value


def moment_of(text: str) -> datetime:
    """A time as Azure writes it, with up to seven digits of a second. Raises `AzureError` (BP607)."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise malformed(f"`{text}` is no time") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def shown(moment: datetime) -> str:
    """A time for a query: UTC, no fractions."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def malformed(message: str) -> AzureError:
    """What is raised for an answer that no verdict can rest on."""
    return AzureError("BP607", ErrorDetail("", message), hint="nothing is concluded from such an answer")
