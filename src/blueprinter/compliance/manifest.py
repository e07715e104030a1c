"""The manifest beside an inventory: what was asked, what could be read, and how much there should be."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from blueprinter.document import load, read_model

if TYPE_CHECKING:
    from blueprinter.compliance.manifest_file import Manifest

READ = "read"
"""The status of a scope that could be read."""


def manifest_of(inventory: Path) -> Path:
    """Where the manifest of an inventory would be: `estate.jsonl.gz` -> `estate.manifest.json`."""
    name = inventory.name.removesuffix(".gz")
    return inventory.with_name(f"{Path(name).stem}.manifest.json")


def read_manifest(path: Path) -> Manifest:
    """Reads a manifest. Raises `InvalidInput` with every fault of its shape."""
    from blueprinter.compliance.manifest_file import Manifest  # pydantic is slow

    return read_model(load(path), Manifest)


def in_utc(moment: datetime) -> datetime:
    """A time in UTC; one without a zone is taken as UTC."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def stamp(moment: datetime | None) -> str:
    """`2026-11-20T05:48:00Z`, or empty."""
    return in_utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
