"""Rules about what people read of a definition or an initiative: names, descriptions, versions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from blueprinter.casing import fold, get
from blueprinter.document import child
from blueprinter.policy.lint_rules.draft import Envelope, Remark

_VERSION = re.compile(r"\d+\.\d+\.\d+(-(preview|deprecated))?", re.IGNORECASE)
_FORBIDDEN = frozenset("<>*%&:\\?.+/")
MAX_NAME = 64
MAX_DISPLAY_NAME = 128
MAX_DESCRIPTION = 512
MAX_METADATA = 1024


def missing_display_name(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics", section Display name and description."""
    if not envelope.text("displayName"):
        yield _missing(envelope, "displayName", "reports and the portal show it")


def missing_description(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics", section Display name and description."""
    if not envelope.text("description"):
        yield _missing(
            envelope, "description", "say what is wrong with a resource that fails, and why it matters"
        )


def missing_category(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics", section Metadata."""
    if not envelope.text("metadata", "category"):
        yield _missing(envelope, "metadata.category", "the portal groups definitions by it")


def missing_version(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics", section Metadata."""
    if not envelope.text("metadata", "version") and not envelope.text("version"):
        yield _missing(envelope, "metadata.version", "`1.0.0`; assignments can tell what changed")


def _missing(envelope: Envelope, name: str, hint: str) -> Remark:
    where = envelope.own("metadata") if name.startswith("metadata.") else None
    return Remark(where or envelope.inner_pointer, f"the {envelope.noun} has no `{name}`", hint, key=True)


def version_form(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics", section Version."""
    for names in (("version",), ("metadata", "version")):
        where = envelope.own(*names)
        stated = envelope.value(where) if where is not None else None
        if (
            where is not None
            and isinstance(stated, str)
            and stated.strip()
            and not _VERSION.fullmatch(stated)
        ):
            yield Remark(where, f"`{stated}` is no version", "`major.minor.patch`, also with `-preview`")


def too_long(envelope: Envelope) -> Iterator[Remark]:
    """Sources: "Azure Policy definition structure basics" and "Naming rules and restrictions for Azure resources"."""
    name = envelope.member(envelope.pointer, "name")
    for where, noun, most in (
        (name, "name", MAX_NAME),
        (envelope.own("displayName"), "display name", MAX_DISPLAY_NAME),
        (envelope.own("description"), "description", MAX_DESCRIPTION),
    ):
        stated = envelope.value(where) if where is not None else None
        if where is not None and isinstance(stated, str) and len(stated) > most:
            yield Remark(where, f"the {noun} has {len(stated)} characters, at most {most} are allowed")
    metadata_at = envelope.own("metadata")
    metadata = envelope.value(metadata_at) if metadata_at is not None else None
    for key, value in metadata.items() if isinstance(metadata, dict) else ():
        if isinstance(value, str) and len(value) > MAX_METADATA:
            message = f"`metadata.{key}` has {len(value)} characters, at most {MAX_METADATA:,} are allowed"
            yield Remark(child(metadata_at or "", key), message)


def name_characters(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Naming rules and restrictions for Azure resources"."""
    where = envelope.member(envelope.pointer, "name")
    stated = envelope.value(where) if where is not None else None
    if where is None or not isinstance(stated, str):
        return
    strange = next((char for char in stated if char in _FORBIDDEN or not char.isprintable()), None)
    if strange is not None:
        yield Remark(
            where, f"the name `{stated}` has the character `{strange}`", "letters, digits, `-` and `_`"
        )
    elif stated != stated.strip():
        yield Remark(where, f"the name `{stated}` begins or ends with a space")


def deprecated_definition(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics", section Version."""
    if envelope.deprecated:
        metadata = envelope.own("metadata", "deprecated") or envelope.own("displayName")
        yield Remark(
            metadata or envelope.inner_pointer,
            f"the {envelope.noun} is deprecated: do not assign it anew",
            "its description names what replaces it",
        )


def half_deprecated(envelope: Envelope) -> Iterator[Remark]:
    """Metadata and display name that do not say the same. Source: the readme of Microsoft's built-in definitions."""
    metadata_at = envelope.own("metadata")
    metadata = envelope.value(metadata_at) if metadata_at is not None else None
    stated = get(metadata, "deprecated") is True if isinstance(metadata, dict) else False
    titled = fold(envelope.text("displayName")).startswith("[deprecated]")
    if titled and not stated:
        yield Remark(
            envelope.own("displayName") or envelope.inner_pointer,
            "the display name says that it is deprecated, the metadata do not",
            'add `"deprecated": true` to `metadata`: tools read that',
        )
