"""The plan of action and milestones: the treatment plan as items, with the risks and observations they stand on."""

from __future__ import annotations

from blueprinter.compliance import Run
from blueprinter.report.oscal.assessment import inventory, observations, risks
from blueprinter.report.oscal.parts import filled, lasting_uid, line, metadata, prop, uid
from blueprinter.report.outline import outline
from blueprinter.report.treatment import Treatment, planned
from blueprinter.report.words import about, title


def plan_of_action(run: Run) -> dict[str, object]:
    """Every item of the treatment plan; one that says that nothing is open where there is none."""
    shown = outline(run)
    found = risks(run, shown.actions)
    by_title = {str(risk["title"]): risk["uuid"] for risk in found}
    items = [_item(run, place, item, by_title) for place, item in enumerate(planned(shown))]
    nothing = {
        "uuid": uid(run, "poam-item", "none"),
        "title": "Nothing is open",
        "description": "The run found nothing to treat",
    }
    return {
        "plan-of-action-and-milestones": filled(
            {
                "uuid": uid(run, "plan-of-action-and-milestones"),
                "metadata": metadata(run, "Treatment plan"),
                "system-id": {
                    "identifier-type": "http://ietf.org/rfc/rfc4122",
                    "id": lasting_uid("system", line(about(run) or title(run))),
                },
                "local-definitions": {"inventory-items": items_of_estate}
                if (items_of_estate := inventory(run))
                else None,
                "observations": observations(run),
                "risks": found,
                "poam-items": items or [nothing],
            }
        )
    }


def _item(run: Run, place: int, item: Treatment, risks_by_title: dict[str, object]) -> dict[str, object]:
    props = [prop("status", item.status)]
    props += [prop("owner", owner) for owner in item.owners]
    props += [prop("control", control) for control in item.controls]
    if item.due:
        props.append(prop("due", item.due))
    if item.ticket:
        props.append(prop("ticket", item.ticket))
    risk = risks_by_title.get(line(item.what))
    return filled(
        {
            "uuid": uid(run, "poam-item", str(place), item.what),
            "title": line(item.what),
            "description": line(item.action),
            "props": props,
            "related-risks": [{"risk-uuid": risk}] if risk else [],
        }
    )
