"""Annotations of GitHub Actions: one workflow command a finding, which the runner shows at its place.

Source: GitHub Docs, "Workflow commands for GitHub Actions", sections on error, warning and notice messages.
"""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.compliance import Run
from blueprinter.diagnostics import Diagnostic, Severity
from blueprinter.report.annotations import FAILED, Region, annotated, level, relative_file, title
from blueprinter.report.options import ReportOptions
from blueprinter.text import for_terminal

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_REMARKS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_MOST_REMARKS = 10
"""The runner shows ten of a kind at most: remarks on the input must not crowd the findings out."""


def write_github(run: Run, options: ReportOptions) -> Iterator[str]:
    """A command for each failure, worst first, then for what is wrong with the input. Nothing else is written."""
    for one in annotated(run, options):
        if one.finding.pair in FAILED:
            name = title(one.finding.state.assigned.definition)
            yield _command(_COMMANDS[level(one.finding.severity)], one.file, one.region, name, one.message)
    remarks = [found for found in run.diagnostics if found.severity in _REMARKS]
    for found in remarks[:_MOST_REMARKS]:
        yield _remark(found, options.folder)


def _remark(found: Diagnostic, folder: str) -> str:
    where = found.position
    region = Region(where.line, max(where.column, 1)) if where.line else None
    said = f"{found.message}; {found.hint}" if found.hint else found.message
    return _command(_REMARKS[found.severity], relative_file(where.file, folder), region, found.code, said)


def _command(name: str, file: str, region: Region | None, title: str, message: str) -> str:
    properties = {"file": file}
    if region is not None:
        properties |= {"line": str(region.line), "col": str(region.column)}
        if region.end_line:
            properties["endLine"] = str(region.end_line)
            if region.end_line == region.line:
                # GitHub names the last character, and knows columns within one line only
                properties["endColumn"] = str(max(region.end_column - 1, region.column))
    properties["title"] = title
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name} {written}::{_data(message)}\n"


def _data(text: str) -> str:
    """The message of a command: one line, so that nothing in it can start another command."""
    return for_terminal(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
