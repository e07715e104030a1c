"""Reports: a run, written down for a pipeline, an engineer or a security lead.

`FORMATS` is the table of ways to write one; each takes the run and `ReportOptions` and yields text. A run holds
only its worst findings: to write every policy state, hand `state_line` each finding while it is judged (`is_open`
says which ones are written without `--all-states`).
"""

from blueprinter.report.encoding import json_document, json_line
from blueprinter.report.formats import FORMATS, FormatRow
from blueprinter.report.json_ import SCHEMA_FILE
from blueprinter.report.jsonl import state_line
from blueprinter.report.options import ReportOptions
from blueprinter.report.records import is_open
from blueprinter.report.words import NOT_A_VERDICT

__all__ = [
    "FORMATS",
    "NOT_A_VERDICT",
    "SCHEMA_FILE",
    "FormatRow",
    "ReportOptions",
    "is_open",
    "json_document",
    "json_line",
    "state_line",
]
