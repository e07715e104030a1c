"""CSV: one row a finding, for spreadsheets.

Columns: `COLUMNS`, in that order, with a header row; UTF-8, comma, double quotes, line feed. `controls` holds ids
separated by `; `. A cell that a spreadsheet could take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

from blueprinter.compliance import Finding, Run
from blueprinter.report.options import ReportOptions
from blueprinter.report.outline import remedy_of
from blueprinter.report.records import azure_state, place_of, position_of, shown_name
from blueprinter.text import for_csv

_Cell = Callable[[Finding], object]

_COLUMNS: tuple[tuple[str, _Cell], ...] = (
    ("severity", lambda found: found.severity),
    ("complianceState", azure_state),
    ("result", lambda found: found.pair),
    ("reason", lambda found: found.state.reason or ""),
    ("controls", lambda found: "; ".join(found.controls)),
    ("policy", lambda found: found.state.assigned.definition.display_name),
    ("effect", lambda found: found.state.effect),
    ("resourceName", lambda found: shown_name(found.state.resource)),
    ("resourceType", lambda found: found.state.resource.type),
    ("resourceGroup", lambda found: place_of(found.state.resource).resource_group),
    ("subscriptionId", lambda found: place_of(found.state.resource).subscription),
    ("path", lambda found: found.state.path),
    ("expected", lambda found: found.state.expected),
    ("actual", lambda found: found.state.actual),
    ("detail", lambda found: found.state.detail),
    ("exemption", lambda found: found.exemption),
    ("owner", lambda found: found.facts.owner),
    ("environment", lambda found: found.facts.environment),
    ("dataClass", lambda found: found.facts.data_class),
    ("publicPath", lambda found: "yes" if found.facts.exposed else "no"),
    ("remediation", lambda found: remedy_of(found.state.assigned.definition)),
    ("firstSeen", lambda found: found.first_seen),
    ("file", lambda found: position_of(found).file),
    ("line", lambda found: position_of(found).line or ""),
    ("column", lambda found: position_of(found).column or ""),
    ("aliasSource", lambda found: found.state.alias_source),
    ("resourceId", lambda found: found.state.resource.id),
    ("policyDefinitionId", lambda found: found.state.assigned.definition.id),
    ("policyDefinitionReferenceId", lambda found: found.state.assigned.reference_id),
    ("policyAssignmentId", lambda found: found.state.assigned.assignment_id),
)

COLUMNS = tuple(name for name, _ in _COLUMNS)


def finding_rows(run: Run) -> Iterator[tuple[object, ...]]:
    """Every finding that the run holds, worst first, as the values of `COLUMNS`."""
    for finding in run.findings:
        yield tuple(cell(finding) for _, cell in _COLUMNS)


def write_csv(run: Run, options: ReportOptions) -> Iterator[str]:
    """The header, then every finding that the run holds, worst first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in finding_rows(run):
        writer.writerow([for_csv(str(value)) for value in row])
        yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    """What was written since the last call."""
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
