"""Remarks in a pipeline of Azure DevOps: one logging command a failure.

Source: Microsoft Learn, "Logging commands", section LogIssue, and its rules of escaping.
"""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.compliance import Run
from blueprinter.diagnostics import Severity
from blueprinter.report.annotations import FAILED, Region, annotated, level, relative_file
from blueprinter.report.options import ReportOptions
from blueprinter.text import for_terminal

_KINDS = {"error": "error", "warning": "warning", "note": "warning"}
"""There is no third kind."""
_REMARKS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_MOST_REMARKS = 10


def write_azure_devops(run: Run, options: ReportOptions) -> Iterator[str]:
    """A command for each failure, worst first, then for what is wrong with the input. Nothing else is written."""
    for one in annotated(run, options):
        if one.finding.pair in FAILED:
            yield _command(_KINDS[level(one.finding.severity)], one.file, one.region, one.rule, one.message)
    remarks = [found for found in run.diagnostics if found.severity in _REMARKS]
    for found in remarks[:_MOST_REMARKS]:
        where = found.position
        region = Region(where.line, max(where.column, 1)) if where.line else None
        said = f"{found.message}; {found.hint}" if found.hint else found.message
        yield _command(
            _REMARKS[found.severity], relative_file(where.file, options.folder), region, found.code, said
        )


def _command(kind: str, file: str, region: Region | None, code: str, message: str) -> str:
    properties = {"type": kind, "sourcepath": file}
    if region is not None:
        properties |= {"linenumber": str(region.line), "columnnumber": str(region.column)}
    properties["code"] = code
    written = ";".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"##vso[task.logissue {written};]{_data(message)}\n"


def _data(text: str) -> str:
    """The message of a command: one line, so that nothing in it can start another command."""
    return for_terminal(text).replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
