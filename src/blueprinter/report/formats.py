"""The one table of report formats: a format is a function and a row here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from blueprinter.compliance import Run
from blueprinter.report.console import write_console
from blueprinter.report.csv_ import write_csv
from blueprinter.report.github import write_github
from blueprinter.report.html import write_html
from blueprinter.report.json_ import write_json
from blueprinter.report.jsonl import write_jsonl
from blueprinter.report.markdown import write_markdown
from blueprinter.report.options import ReportOptions
from blueprinter.report.sarif import write_sarif
from blueprinter.table import Table


@dataclass(frozen=True, slots=True)
class FormatRow:
    """One way to write a run."""

    name: str
    extensions: tuple[str, ...]
    """File name extensions that mean this format, with their dot."""
    summary: str
    write: Callable[[Run, ReportOptions], Iterator[str]]
    """The text in pieces, always the same for the same run and options; files are UTF-8 with line feeds."""
    to_terminal: bool
    """Whether it makes sense on a terminal."""


FORMATS: Table[FormatRow] = Table(
    (
        FormatRow("console", (".txt",), "verdict, gaps and worst findings for people", write_console, True),
        FormatRow("json", (".json",), "the whole run as one documented document", write_json, True),
        FormatRow("jsonl", (".jsonl", ".ndjson"), "one policy state a line", write_jsonl, True),
        FormatRow("csv", (".csv",), "one row a finding, for spreadsheets", write_csv, True),
        FormatRow("markdown", (".md",), "a summary for a pull request", write_markdown, True),
        FormatRow("sarif", (".sarif",), "findings for code scanning, SARIF 2.1.0", write_sarif, True),
        FormatRow("github", (), "annotations in a workflow of GitHub Actions", write_github, True),
        FormatRow("html", (".html", ".htm"), "the control gap report in one file", write_html, False),
    )
)
