"""The one table of report formats: a format is a function and a row here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from blueprinter.compliance import Run
from blueprinter.report.azure_devops import write_azure_devops
from blueprinter.report.console import write_console
from blueprinter.report.csv_ import write_csv
from blueprinter.report.github import write_github
from blueprinter.report.html import findings_beside, write_html
from blueprinter.report.json_ import write_json
from blueprinter.report.jsonl import write_jsonl
from blueprinter.report.junit import write_junit
from blueprinter.report.markdown import write_markdown
from blueprinter.report.options import ReportOptions
from blueprinter.report.oscal import oscal_files
from blueprinter.report.sample import write_sample_csv, write_sample_json, write_sample_markdown
from blueprinter.report.sarif import write_sarif
from blueprinter.report.soa import write_soa_csv, write_soa_html, write_soa_markdown
from blueprinter.report.treatment import (
    write_treatment_csv,
    write_treatment_html,
    write_treatment_markdown,
)
from blueprinter.report.xlsx import xlsx_file
from blueprinter.table import Table

Writer: TypeAlias = Callable[[Run, ReportOptions], Iterator[str]]
"""The text in pieces, always the same for the same run and options; files are UTF-8 with line feeds."""
FileWriter: TypeAlias = Callable[[Run, ReportOptions, str], Iterator[tuple[str, bytes]]]
"""Files by their path relative to the folder of the output; the text is the name of the output itself."""

DOCUMENTS = ("gaps", "soa", "treatment", "sample")
"""What can be written of a run: the gap report, the Statement of Applicability, the treatment plan, a sample."""


class FormatRow(Struct, frozen=True):
    """One way to write a run."""

    name: str
    extensions: tuple[str, ...]
    """File name extensions that mean this format, with their dot."""
    summary: str
    write: Writer | None
    """The gap report as text; None where the format is files only."""
    to_terminal: bool
    """Whether it makes sense on a terminal."""
    others: Mapping[str, Writer] = field(default_factory=dict)
    """The other documents that it can write."""
    files: FileWriter | None = None
    """Files instead of text, or beside it."""
    whole: bool = False
    """Whether every finding belongs into it, however many."""

    def writer(self, document: str) -> Writer | None:
        """How a document is written as text, if it can be."""
        return self.write if document == "gaps" else self.others.get(document)


FORMATS: Table[FormatRow] = Table(
    (
        FormatRow("console", (".txt",), "verdict, gaps and worst findings for people", write_console, True),
        FormatRow(
            "json",
            (".json",),
            "the whole run as one documented document",
            write_json,
            True,
            {"sample": write_sample_json},
        ),
        FormatRow("jsonl", (".jsonl", ".ndjson"), "one policy state a line", write_jsonl, True),
        FormatRow(
            "csv",
            (".csv",),
            "one row a finding, for spreadsheets",
            write_csv,
            True,
            {"soa": write_soa_csv, "treatment": write_treatment_csv, "sample": write_sample_csv},
            whole=True,
        ),
        FormatRow(
            "markdown",
            (".md",),
            "a summary for a pull request, a wiki or a mail",
            write_markdown,
            True,
            {
                "soa": write_soa_markdown,
                "treatment": write_treatment_markdown,
                "sample": write_sample_markdown,
            },
        ),
        FormatRow("sarif", (".sarif",), "findings for code scanning, SARIF 2.1.0", write_sarif, True),
        FormatRow("github", (), "annotations in a workflow of GitHub Actions", write_github, True),
        FormatRow("azure-devops", (), "remarks in a pipeline of Azure DevOps", write_azure_devops, True),
        FormatRow("junit", (".xml",), "controls as tests, for pipelines", write_junit, True),
        FormatRow(
            "html",
            (".html", ".htm"),
            "the control gap report in one file",
            write_html,
            False,
            {"soa": write_soa_html, "treatment": write_treatment_html},
            files=findings_beside,
        ),
        FormatRow("xlsx", (".xlsx",), "a workbook, one sheet a part", None, False, files=xlsx_file),
        FormatRow("oscal", (), "a folder of OSCAL 1.2.1 documents", None, False, files=oscal_files),
    )
)
