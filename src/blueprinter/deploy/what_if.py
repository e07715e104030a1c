"""Azure's own what-if, on request: slow, and silent about much, so what it leaves out is shown as not known.

Source: Microsoft Learn, "ARM template what-if".
"""

from __future__ import annotations

from msgspec import Struct

from blueprinter.azure import ArmClient, AzureError
from blueprinter.deploy.model import API_VERSIONS, DEPLOYMENTS, Target
from blueprinter.document import Json

_UNKNOWN = frozenset({"Unsupported", "Ignore"})


class WhatIf(Struct, frozen=True):
    """What Azure says."""

    changes: tuple[tuple[str, str], ...]
    """What would happen (`Create`, `Modify`, …) and the id, by id."""
    unknown: tuple[str, ...]
    """Ids and reasons of what Azure cannot say."""
    failed: str = ""
    """Why there is no answer, or only a part of one."""


def what_if(arm: ArmClient, target: Target, seconds: float) -> WhatIf:
    """Asks Azure about the main template; a refusal or a lack of time is an answer, too."""
    template = target.main
    path = f"{template.scope}/providers/{DEPLOYMENTS}/{template.deployment}/whatIf"
    parameters: Json = {name: {"value": value} for name, value in template.parameters.items()}
    body: Json = {
        "location": template.location,
        "properties": {
            "mode": "Incremental",
            "template": dict(template.body),
            "parameters": parameters,
            "whatIfSettings": {"resultFormat": "ResourceIdOnly"},
        },
    }
    try:
        answer = arm.wait(arm.start("POST", path, API_VERSIONS[DEPLOYMENTS], body=body), timeout=seconds)
    except AzureError as failed:
        return WhatIf((), (), failed.diagnostic().message)
    held = answer.get("properties") if isinstance(answer, dict) else None
    rows = held.get("changes") if isinstance(held, dict) else None
    changes: list[tuple[str, str]] = []
    unknown: list[str] = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        id, kind = str(row.get("resourceId", "")), str(row.get("changeType", ""))
        if kind in _UNKNOWN:
            unknown.append(f"{id}: {row.get('unsupportedReason') or kind}")
        else:
            changes.append((kind, id))
    return WhatIf(tuple(sorted(changes, key=lambda one: one[1].casefold())), tuple(sorted(unknown)))
