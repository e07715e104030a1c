"""OSCAL 1.2.1: what a run says, in the format of auditors and their tools, as a folder of seven documents.

Sources: NIST, "OSCAL" 1.2.1 model reference (catalog, profile, component definition, system security plan, assessment
plan, assessment results, plan of action and milestones). A catalog holds ids and short titles only; the texts of
a standard are its publisher's. The same run gives the same bytes: every identifier is a name-based UUID.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from blueprinter.compliance import Run
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import json_document
from blueprinter.report.options import ReportOptions
from blueprinter.report.oscal.assessment import assessment_plan, assessment_results
from blueprinter.report.oscal.catalog import catalog, profile
from blueprinter.report.oscal.implementation import component_definition, system_security_plan
from blueprinter.report.oscal.milestones import plan_of_action

Build: TypeAlias = Callable[[Run], dict[str, object]]

DOCUMENTS: Mapping[str, Build] = {
    "catalog.json": catalog,
    "profile.json": profile,
    "component-definition.json": component_definition,
    "system-security-plan.json": system_security_plan,
    "assessment-plan.json": assessment_plan,
    "assessment-results.json": assessment_results,
    "plan-of-action-and-milestones.json": plan_of_action,
}
"""File -> what builds it. They refer to each other by these names."""


def oscal_files(run: Run, options: ReportOptions, name: str) -> Iterator[tuple[str, bytes]]:
    """The documents in the folder `name`. Raises `InvalidInput` (BP294) for a run without controls."""
    if run.framework is None:
        message = "OSCAL speaks of controls, and the run has none: it was made without a blueprint"
        raise InvalidInput([error("BP294", message, Position(""))])
    for file, build in DOCUMENTS.items():
        yield f"{name}/{file}", json_document(build(run)).encode()
