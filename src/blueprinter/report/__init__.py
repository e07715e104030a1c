"""Reports: a run, written down for a pipeline, an engineer or a security lead.

`FORMATS` is the table of ways to write one; each takes the run and `ReportOptions` and yields text. A run holds
only its worst findings: `StateRecorder` writes every policy state while it is found.
"""

from blueprinter.report.encoding import json_document, json_line
from blueprinter.report.formats import FORMATS, FormatRow
from blueprinter.report.json_ import SCHEMA_FILE
from blueprinter.report.jsonl import state_line
from blueprinter.report.options import ReportOptions
from blueprinter.report.recording import StateRecorder
from blueprinter.report.records import is_open
from blueprinter.report.words import NOT_A_VERDICT

__all__ = [
    "FORMATS",
    "NOT_A_VERDICT",
    "SCHEMA_FILE",
    "FormatRow",
    "ReportOptions",
    "StateRecorder",
    "is_open",
    "json_document",
    "json_line",
    "state_line",
]
