"""The Statement of Applicability beside what was tested: what is declared, what a test says, where they contradict.

The columns are those that ISO/IEC 27001 asks of the document (necessary controls, why, whether implemented, why
excluded), with owner, evidence and review. What was tested stands in columns of its own and changes nothing declared.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from blueprinter.blueprint import SoaEntry
from blueprinter.compliance import Attested, ControlResult, ControlState, Run, Tested
from blueprinter.report.options import ReportOptions
from blueprinter.report.outline import counted_results
from blueprinter.report.page import write_tables
from blueprinter.report.table_text import TextTable, as_csv, as_markdown, cells
from blueprinter.report.words import ATTESTED, STATES, TESTED, standard
from blueprinter.text import plural

COLUMNS = (
    "Control",
    "Title",
    "Applicable",
    "Reasons",
    "Risks",
    "Declared status",
    "By",
    "How",
    "Owner",
    "Evidence",
    "Review",
    "Justification of exclusion",
    "Approver",
    "Approved on",
    "Responsibility",
    "Tests",
    "Attestation",
    "State",
    "Mismatch",
)


class SoaRow(Struct, frozen=True):
    """One control: what is declared, and what was found."""

    result: ControlResult
    entry: SoaEntry | None
    contradiction: str
    """Why what is declared cannot stand; empty where it can."""

    @property
    def mismatch(self) -> bool:
        return bool(self.contradiction)


def soa_rows(run: Run) -> tuple[SoaRow, ...]:
    """Every control of the counted set, contradictions first, else in the framework's order."""
    entries = run.statement.entries if run.statement is not None else {}
    rows = [
        SoaRow(result, entries.get(result.control.id), _contradiction(result, entries.get(result.control.id)))
        for result in counted_results(run)
    ]
    return tuple(sorted(rows, key=lambda row: not row.mismatch))


def _contradiction(result: ControlResult, entry: SoaEntry | None) -> str:
    if entry is None or not entry.applicable or entry.status != "implemented":
        return ""
    if result.tested is Tested.FAIL:
        return "declared implemented, and a test fails"
    if result.attested is Attested.FAIL:
        return "declared implemented, and attested not met"
    return ""


def write_soa_csv(run: Run, options: ReportOptions) -> Iterator[str]:
    """One row a control."""
    yield from as_csv([_table(run)])


def write_soa_markdown(run: Run, options: ReportOptions) -> Iterator[str]:
    """The statement as a table."""
    yield from as_markdown([_table(run)])


def write_soa_html(run: Run, options: ReportOptions) -> Iterator[str]:
    """The statement as a page that opens from disk."""
    yield from write_tables(run, [_table(run)])


def soa_table(run: Run) -> TextTable:
    """The statement as rows of text."""
    return _table(run)


def _table(run: Run) -> TextTable:
    rows = soa_rows(run)
    named = standard(run.framework) if run.framework is not None else "no framework"
    version = f" {run.statement.version}" if run.statement is not None and run.statement.version else ""
    excluded = sum(row.result.state is ControlState.EXCLUDED for row in rows)
    contradictions = sum(row.mismatch for row in rows)
    lead = [
        f"{plural(len(rows), 'control')}: {len(rows) - excluded:,} applicable, {excluded:,} excluded. "
        f"{plural(contradictions, 'declaration contradicts', 'declarations contradict')} a test or an attestation.",
    ]
    if run.statement is None:
        lead.append("The run had no Statement of Applicability: nothing is declared.")
    return TextTable(
        title=f"Statement of Applicability{version}: {named}",
        lead=tuple(lead),
        columns=COLUMNS,
        rows=tuple(_cells(row) for row in rows),
        marked=frozenset(number for number, row in enumerate(rows) if row.mismatch),
    )


def _cells(row: SoaRow) -> tuple[str, ...]:
    result, entry = row.result, row.entry
    control = result.control
    if entry is None:
        declared: tuple[object, ...] = ("not stated", *([""] * 11))
    else:
        declared = (
            entry.applicable,
            entry.reasons,
            entry.risk_refs,
            entry.status or "not stated",
            entry.by,
            entry.how,
            entry.owner,
            [item.location or item.description for item in entry.evidence],
            entry.review_on,
            entry.justification,
            entry.approver,
            entry.approved_on,
        )
    return cells(
        control.id,
        control.title,
        *declared,
        control.responsibility,
        TESTED[result.tested],
        ATTESTED[result.attested],
        STATES[result.state].label,
        row.contradiction,
    )
