"""Reports: a run, written down for a pipeline, an engineer or a security lead.

`FORMATS` is the table of ways to write one; each takes the run and `ReportOptions` and yields text. A run holds
only its worst findings: `StateRecorder` writes every policy state while it is found.
"""

from blueprinter.report import words
from blueprinter.report.conformance import conformance
from blueprinter.report.formats import DOCUMENTS, FORMATS, FormatRow
from blueprinter.report.json_ import SCHEMA_FILE, write_json
from blueprinter.report.json_runs import comparison_record
from blueprinter.report.jsonl import state_line
from blueprinter.report.options import ReportOptions
from blueprinter.report.reading import read_run
from blueprinter.report.recording import StateRecorder
from blueprinter.report.records import is_open
from blueprinter.report.sampling import StatesSample, sample_states
from blueprinter.report.words import NOT_A_VERDICT

__all__ = [
    "DOCUMENTS",
    "FORMATS",
    "NOT_A_VERDICT",
    "SCHEMA_FILE",
    "FormatRow",
    "ReportOptions",
    "StateRecorder",
    "StatesSample",
    "comparison_record",
    "conformance",
    "is_open",
    "read_run",
    "sample_states",
    "state_line",
    "words",
    "write_json",
]
