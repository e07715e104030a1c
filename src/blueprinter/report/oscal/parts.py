"""Pieces that every OSCAL document has: identifiers, metadata, properties."""

from __future__ import annotations

import re
from uuid import UUID, uuid5

from blueprinter.blueprint import Control, Framework
from blueprinter.compliance import Run
from blueprinter.report.words import stamp, standard
from blueprinter.text import for_terminal

OSCAL_VERSION = "1.2.1"
_NAMESPACE = UUID("6f1d7b7e-2f7b-5c9e-9a3e-0f5b3d1c7a42")
_PROPERTIES = "https://blueprinter.invalid/ns/oscal"
"""Whose names our properties are; `.invalid` promises that nobody else's are the same."""
_NOT_IN_A_TOKEN = re.compile(r"[^A-Za-z0-9._-]")


def uid(run: Run, *parts: str) -> str:
    """The identifier of a thing within a run."""
    return str(uuid5(_NAMESPACE, "\n".join((run.run_id, *parts)).encode(errors="replace").decode()))


def lasting_uid(*parts: str) -> str:
    """The identifier of a thing that is the same in every run."""
    return str(uuid5(_NAMESPACE, "\n".join(parts).encode(errors="replace").decode()))


def framework_of(run: Run) -> Framework:
    """The framework of a run that has one."""
    assert run.framework is not None
    return run.framework


def control_id(run: Run, control: Control | str) -> str:
    """The id of a control in the catalog."""
    name = control if isinstance(control, str) else control.id
    return token(f"{framework_of(run).id}_{name}")


def objective_id(run: Run, control: Control | str) -> str:
    """The id of what is assessed of a control: a finding's target must be an objective."""
    return f"{control_id(run, control)}_obj"


def token(text: str) -> str:
    """A name as OSCAL allows it: letters, digits, `.`, `-`, `_`, and a letter or `_` first."""
    plain = _NOT_IN_A_TOKEN.sub("_", text)
    return plain if plain[:1].isalpha() or plain[:1] == "_" else f"_{plain}"


def line(text: str) -> str:
    """One line that is not empty."""
    return for_terminal(text).strip() or "not stated"


def prop(name: str, value: object) -> dict[str, object]:
    """A property of ours."""
    return {"name": token(name), "ns": _PROPERTIES, "value": line(str(value))}


def metadata(run: Run, title: str, **more: object) -> dict[str, object]:
    """Title, time and version; the time is the run's."""
    return {
        "title": line(f"{title}: {standard(framework_of(run))}"),
        "last-modified": stamp(run.now),
        "version": line(run.blueprint_version or "1"),
        "oscal-version": OSCAL_VERSION,
        **more,
        "remarks": "Technical evidence about configuration at one moment, made by "
        f"blueprinter {line(run.tool_version)}; no statement of conformity.",
    }


def filled(record: dict[str, object]) -> dict[str, object]:
    """Without empty lists, which OSCAL does not allow."""
    return {key: value for key, value in record.items() if value not in ([], None)}
