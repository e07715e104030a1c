"""The catalog of ids and short titles, and the profile that selects what applies."""

from __future__ import annotations

from blueprinter.compliance import ControlState, Run
from blueprinter.report.oscal.parts import (
    control_id,
    framework_of,
    lasting_uid,
    line,
    metadata,
    objective_id,
    token,
    uid,
)


def catalog(run: Run) -> dict[str, object]:
    """Every control and clause by its group."""
    framework = framework_of(run)
    titles = {group.id: group.title for group in framework.groups}
    members: dict[str, list[dict[str, object]]] = {}
    for control in framework.controls.values():
        members.setdefault(control.group, []).append(
            {
                "id": control_id(run, control),
                "title": line(f"{control.id} {control.title}"),
                "parts": [{"id": objective_id(run, control), "name": "assessment-objective"}],
            }
        )
    groups = [
        {
            "id": token(f"{framework.id}_group_{group}"),
            "title": line(f"{group} {titles.get(group, '')}"),
            "controls": controls,
        }
        for group, controls in members.items()
    ]
    return {
        "catalog": {
            "uuid": lasting_uid("catalog", framework.id),
            "metadata": metadata(run, "Identifiers and short titles"),
            "groups": groups,
        }
    }


def profile(run: Run) -> dict[str, object]:
    """The controls that are not excluded."""
    chosen = [
        control_id(run, result.control) for result in run.results if result.state is not ControlState.EXCLUDED
    ]
    return {
        "profile": {
            "uuid": uid(run, "profile"),
            "metadata": metadata(run, "Applicable controls"),
            "imports": [{"href": "catalog.json", "include-controls": [{"with-ids": chosen}]}],
        }
    }
