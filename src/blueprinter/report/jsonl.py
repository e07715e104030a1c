"""JSON Lines: one policy state a line, for pipelines."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.compliance import Finding, Run
from blueprinter.document import json_line
from blueprinter.report.options import ReportOptions
from blueprinter.report.records import is_open, state_record


def write_jsonl(run: Run, options: ReportOptions) -> Iterator[str]:
    """A line for every finding that is neither met nor exempt; with `all_states` for every state the run holds."""
    for finding in run.findings:
        if options.all_states or is_open(finding):
            yield state_line(finding)


def state_line(finding: Finding) -> str:
    """One policy state as a line of JSON, newline included: for writing states while they are found."""
    return json_line(state_record(finding))
