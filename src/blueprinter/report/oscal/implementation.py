"""What is declared and what implements it: the component definition of the policies, the Statement of Applicability as
a system security plan."""

from __future__ import annotations

from blueprinter.blueprint import SoaEntry
from blueprinter.compliance import ControlResult, Run
from blueprinter.report.oscal.parts import (
    control_id,
    filled,
    framework_of,
    lasting_uid,
    line,
    metadata,
    prop,
    uid,
)
from blueprinter.report.soa import soa_rows
from blueprinter.report.words import about, title, why
from blueprinter.text import plural

_STATUS = {
    "implemented": "implemented",
    "partial": "partial",
    "planned": "planned",
    "not-implemented": "planned",
}


def component_definition(run: Run) -> dict[str, object]:
    """The policies as a component: for each control the tests that speak to it."""
    requirements = [_tests(run, result) for result in run.results if result.links]
    implementations = (
        [
            {
                "uuid": uid(run, "control-implementation"),
                "source": "profile.json",
                "description": "Tests of configuration, by control",
                "implemented-requirements": requirements,
            }
        ]
        if requirements
        else []
    )
    return {
        "component-definition": {
            "uuid": uid(run, "component-definition"),
            "metadata": metadata(run, "Policies by control"),
            "components": [
                filled(
                    {
                        "uuid": lasting_uid("component", run.blueprint),
                        "type": "policy",
                        "title": line(run.blueprint_title or run.blueprint),
                        "description": f"Azure Policy definitions of {line(run.blueprint)} "
                        f"{line(run.blueprint_version)}",
                        "props": [prop("pack-sha256", run.pack_sha256)],
                        "control-implementations": implementations,
                    }
                )
            ],
        }
    }


def _tests(run: Run, result: ControlResult) -> dict[str, object]:
    tests = [
        prop(f"test-{outcome.link.strength}", f"{outcome.link.test}: {outcome.display_name}")
        for outcome in result.links
    ]
    return {
        "uuid": uid(run, "tests", result.control.id),
        "control-id": control_id(run, result.control),
        "description": plural(len(result.links), "test"),
        "props": tests,
    }


def system_security_plan(run: Run) -> dict[str, object]:
    """Every control of the counted set with what the Statement of Applicability declares of it."""
    this, provider = uid(run, "this-system"), uid(run, "provider")
    described = line(about(run) or title(run))
    rows = sorted(soa_rows(run), key=lambda row: framework_of(run).counted.index(row.result.control.id))
    return {
        "system-security-plan": {
            "uuid": uid(run, "system-security-plan"),
            "metadata": metadata(run, "Statement of Applicability"),
            "import-profile": {"href": "profile.json"},
            "system-characteristics": {
                "system-ids": [
                    {"identifier-type": "http://ietf.org/rfc/rfc4122", "id": lasting_uid("system", described)}
                ],
                "system-name": described,
                "description": f"{plural(run.population.resources, 'resource')} of "
                f"{plural(len(run.population.scopes), 'scope')}",
                "system-information": {
                    "information-types": [
                        {
                            "uuid": uid(run, "information-type"),
                            "title": "Not classified here",
                            "description": "Classes of information are stated by the organisation, not by this tool",
                        }
                    ]
                },
                "status": {"state": "operational"},
                "authorization-boundary": {"description": _boundary(run)},
            },
            "system-implementation": {
                "users": [{"uuid": uid(run, "users"), "title": "Users of the scope"}],
                "components": [
                    {
                        "uuid": this,
                        "type": "this-system",
                        "title": described,
                        "description": "What the customer answers for",
                        "status": {"state": "operational"},
                    },
                    {
                        "uuid": provider,
                        "type": "service",
                        "title": "Microsoft Azure (inherited)",
                        "description": "What the provider answers for, by its own certificates and reports",
                        "status": {"state": "operational"},
                    },
                ],
            },
            "control-implementation": {
                "description": "Rows of the Statement of Applicability; tested states are properties and change "
                "nothing declared",
                "implemented-requirements": [
                    _requirement(run, row.result, row.entry, row.contradiction, this, provider)
                    for row in rows
                ],
            },
        }
    }


def _boundary(run: Run) -> str:
    scopes = ", ".join(scope.scope for scope in run.population.scopes)
    return line(scopes)


def _requirement(
    run: Run,
    result: ControlResult,
    entry: SoaEntry | None,
    contradiction: str,
    this: str,
    provider: str,
) -> dict[str, object]:
    name = result.control.id
    props = [prop("tested-state", result.state), prop("tests", result.tested)]
    if contradiction:
        props.append(prop("mismatch", contradiction))
    if entry is not None:
        if entry.owner:
            props.append(prop("owner", entry.owner))
        props += [prop("reason", reason) for reason in entry.reasons]
        props += [prop("risk", risk) for risk in entry.risk_refs]
        if not entry.applicable:
            props += [
                prop("exclusion-approver", entry.approver),
                prop("exclusion-approved-on", entry.approved_on or ""),
            ]
    parts = [
        {
            "component-uuid": this,
            "uuid": uid(run, "by-component", name, "this-system"),
            "description": line(entry.how if entry is not None else ""),
            "implementation-status": _status(entry),
        }
    ]
    if result.inherited != "none":
        parts.append(
            {
                "component-uuid": provider,
                "uuid": uid(run, "by-component", name, "provider"),
                "description": f"Evidence of the provider: {result.inherited}",
                "implementation-status": {
                    "state": "implemented" if result.inherited in ("pass", "ending") else "planned",
                    "remarks": line(why(result)),
                },
            }
        )
    return {
        "uuid": uid(run, "requirement", name),
        "control-id": control_id(run, result.control),
        "props": props,
        "by-components": parts,
    }


def _status(entry: SoaEntry | None) -> dict[str, object]:
    if entry is None or (entry.applicable and not entry.status):
        return {"state": "planned", "remarks": "The Statement of Applicability does not state it"}
    if not entry.applicable:
        return {"state": "not-applicable", "remarks": line(entry.justification)}
    remarks = f"declared {entry.status}" + (f", by {entry.by}" if entry.by is not None else "")
    return {"state": _STATUS.get(entry.status, "planned"), "remarks": remarks}
