"""The run as a workbook: a sheet a part, with a filter and a frozen header. Needs openpyxl (the extra `xlsx`).

Every cell is text or a number, never a formula: text that could start one is written as text. The file is the same
for the same run: its times are those of the run.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, TypeAlias

from msgspec import Struct

from blueprinter.compliance import Run
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.report.csv_ import COLUMNS as FINDING_COLUMNS
from blueprinter.report.csv_ import finding_rows
from blueprinter.report.evidence_index import evidence_index
from blueprinter.report.options import ReportOptions
from blueprinter.report.outline import outline
from blueprinter.report.owners import by_owner
from blueprinter.report.reproduce import command
from blueprinter.report.soa import COLUMNS as SOA_COLUMNS
from blueprinter.report.soa import soa_table
from blueprinter.report.treatment import COLUMNS as TREATMENT_COLUMNS
from blueprinter.report.treatment import UNOWNED, treatment_table
from blueprinter.report.words import (
    ATTESTED,
    INHERITED,
    NOT_A_VERDICT,
    STATES,
    TESTED,
    fraction,
    moment,
    stamp,
    title,
)
from blueprinter.text import for_terminal

Cell: TypeAlias = "str | int"
_LONGEST = 32_767
"""Characters that a cell of a workbook holds."""
_WIDEST = 60
_MEASURED = 2_000
"""Rows that the width of a column goes by."""
_MEANING = ("=", "+", "-", "@", "#")
"""What a spreadsheet could take for more than text."""


class Sheet(Struct, frozen=True):
    """A part of the workbook."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Run], Iterator[Sequence[Cell]]]


def xlsx_file(run: Run, options: ReportOptions, name: str) -> Iterator[tuple[str, bytes]]:
    """The one file. Raises `InvalidInput` (BP294) where openpyxl is not installed."""
    yield name, workbook(run)


def workbook(run: Run) -> bytes:
    """The workbook as bytes."""
    try:
        openpyxl = import_module("openpyxl")
    except ImportError as found:
        hint = "in a checkout: `pip install -e '.[xlsx]'`, or `make setup`"
        raise InvalidInput(
            [error("BP294", "a workbook needs openpyxl, which is not installed", Position(""), hint)]
        ) from found
    book = openpyxl.Workbook(write_only=True)
    now = run.now.replace(tzinfo=None)
    book.properties.creator = f"blueprinter {run.tool_version}"
    book.properties.title = for_terminal(title(run))
    book.properties.created = book.properties.modified = now
    for sheet in SHEETS:
        _fill(book.create_sheet(sheet.name), sheet, run)
    buffer = io.BytesIO()
    book.save(buffer)
    return _settled(buffer.getvalue(), now)


def _fill(made: Any, sheet: Sheet, run: Run) -> None:
    styles, letter = import_module("openpyxl.styles"), import_module("openpyxl.utils").get_column_letter
    cell_of = import_module("openpyxl.cell").WriteOnlyCell
    rows = [[_plain(value) for value in row] for row in sheet.rows(run)]
    for place, column in enumerate(sheet.columns):
        longest = max((len(str(row[place])) for row in rows[:_MEASURED] if place < len(row)), default=0)
        made.column_dimensions[letter(place + 1)].width = max(len(column), min(longest, _WIDEST)) + 3
    made.freeze_panes = "B2"
    made.auto_filter.ref = f"A1:{letter(len(sheet.columns))}{len(rows) + 1}"
    bold, ground = styles.Font(bold=True), styles.PatternFill("solid", fgColor="E6EBF0")

    def header(text: str) -> Any:
        cell = cell_of(made, value=text)
        cell.font, cell.fill = bold, ground
        return cell

    def literal(text: str) -> Any:
        cell = cell_of(made, value=text)
        # else a formula, or an error such as `#REF!`
        cell.data_type = "s"
        cell.quotePrefix = True
        return cell

    made.append([header(column) for column in sheet.columns])
    for row in rows:
        made.append(
            [
                literal(value) if isinstance(value, str) and value.startswith(_MEANING) else value
                for value in row
            ]
        )


def _plain(value: Cell) -> Cell:
    return value if isinstance(value, int) else for_terminal(value)[:_LONGEST]


def _settled(packed: bytes, now: datetime) -> bytes:
    """The same archive with the times of the run, so that the same run gives the same bytes."""
    when = max(now, datetime(1980, 1, 1)).timetuple()[:6]
    settled = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as given, zipfile.ZipFile(settled, "w") as made:
        for entry in given.infolist():
            content = given.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _with_time(content, now)
            info = zipfile.ZipInfo(entry.filename, when)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            made.writestr(info, content)
    return settled.getvalue()


def _with_time(content: bytes, now: datetime) -> bytes:
    """openpyxl stamps `modified` with the wall clock while it saves."""
    opened, closed = b"<dcterms:modified", b"</dcterms:modified>"
    head, mark, rest = content.partition(opened)
    if not mark:
        return content
    attributes, _, tail = rest.partition(b">")
    _, _, after = tail.partition(closed)
    text = now.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return head + mark + attributes + b">" + text + closed + after


# --- the sheets -----------------------------------------------------------------------------------------------------


def _summary(run: Run) -> Iterator[Sequence[Cell]]:
    yield "What", title(run)
    yield "State of", moment(run.now)
    yield "Run", run.run_id
    yield "Blueprint", f"{run.blueprint} {run.blueprint_version}".strip()
    yield "Input SHA-256", run.population.sha256
    yield "Pack SHA-256", run.pack_sha256
    yield "Again with", command(run)
    for sentence in run.headline:
        yield "Verdict", sentence
    for state, count in run.state_counts.items():
        yield STATES[state].label, count
    yield "Coverage", fraction(run.coverage)
    yield "Score", fraction(run.score) if run.score_shown else ""
    yield "Resources without a finding", fraction(run.resource_score)
    yield "Limit", NOT_A_VERDICT


def _controls(run: Run) -> Iterator[Sequence[Cell]]:
    counted = frozenset(run.framework.counted) if run.framework is not None else frozenset()
    for result in run.results:
        control = result.control
        yield (
            control.id,
            control.title,
            control.group,
            "yes" if control.id in counted else "no",
            str(control.automation),
            str(control.responsibility),
            STATES[result.state].label,
            TESTED[result.tested],
            ATTESTED[result.attested],
            INHERITED[result.inherited],
            str(result.severity or ""),
            result.judged,
            result.applicable,
            result.failing,
            "; ".join(result.reasons),
            "; ".join(result.flags),
        )


def _findings(run: Run) -> Iterator[Sequence[Cell]]:
    for row in finding_rows(run):
        yield tuple(value if isinstance(value, int) else str(value) for value in row)


def _owners(run: Run) -> Iterator[Sequence[Cell]]:
    for row in by_owner(outline(run).failing):
        name = row.name or UNOWNED
        yield name, str(row.worst), row.findings, row.resources, row.oldest, "; ".join(row.controls)


def _exemptions(run: Run) -> Iterator[Sequence[Cell]]:
    for use in outline(run).exemptions:
        entry = use.exemption
        yield (
            entry.name,
            use.status,
            str(entry.category),
            entry.expires_on.isoformat(),
            use.resources,
            "; ".join(entry.policies + entry.controls),
            entry.scope,
            entry.reason,
            entry.owner,
            entry.approved_by,
            entry.ticket,
        )


def _attestations(run: Run) -> Iterator[Sequence[Cell]]:
    for use in run.attestations:
        entry = use.attestation
        yield (
            "; ".join(use.controls),
            entry.policy,
            str(entry.state),
            ATTESTED[use.status],
            use.reason,
            entry.scope,
            entry.owner,
            entry.approved_by,
            entry.method,
            entry.assessed_on.isoformat(),
            entry.expires_on.isoformat(),
            "; ".join(item.location or item.description for item in entry.evidence),
            entry.comments,
        )


def _certificates(run: Run) -> Iterator[Sequence[Cell]]:
    for use in run.certificates:
        for service, standing in sorted(use.services.items()) or (("", ""),):
            entry = use.evidence
            yield (
                entry.id,
                entry.kind,
                entry.standard,
                INHERITED[use.status],
                use.reason,
                entry.valid_to.isoformat() if entry.valid_to else "",
                entry.reviewed_on.isoformat() if entry.reviewed_on else "",
                service,
                standing,
            )


def _changes(run: Run) -> Iterator[Sequence[Cell]]:
    if run.comparison is None:
        return
    for control in run.comparison.controls:
        yield "control", control.control, str(control.before), str(control.after), "", ""
    for one in run.comparison.findings:
        yield "finding", one.policy, "", str(one.change), str(one.severity), one.resource


def _trend(run: Run) -> Iterator[Sequence[Cell]]:
    for point in run.trend:
        yield (
            point.run_id,
            stamp(point.now),
            point.failing,
            point.new,
            point.reopened,
            point.fixed,
            point.mean_age,
            "yes" if point.comparable else "no",
        )


def _soa(run: Run) -> Iterator[Sequence[Cell]]:
    yield from soa_table(run).rows


def _treatment(run: Run) -> Iterator[Sequence[Cell]]:
    yield from treatment_table(run).rows


def _evidence(run: Run) -> Iterator[Sequence[Cell]]:
    for row in evidence_index(run):
        for item in row.items:
            yield (
                row.result.control.id,
                item.kind,
                item.what,
                item.where,
                item.result,
                item.sha256,
                item.valid_until,
            )


def _types(run: Run) -> Iterator[Sequence[Cell]]:
    untested = frozenset(run.population.untested_types)
    for type, count in sorted(run.population.types.items()):
        yield type, count, "no" if type in untested else "yes"


SHEETS: tuple[Sheet, ...] = (
    Sheet("Summary", ("What", "Value"), _summary),
    Sheet(
        "Controls",
        (
            "Control",
            "Title",
            "Group",
            "Counted",
            "Class",
            "Responsibility",
            "State",
            "Tests",
            "Attestation",
            "Provider",
            "Severity",
            "Judged",
            "Applicable",
            "Failing",
            "Reasons",
            "Flags",
        ),
        _controls,
    ),
    Sheet("Findings", FINDING_COLUMNS, _findings),
    Sheet("Owners", ("Owner", "Worst", "Failures", "Resources", "Oldest", "Controls"), _owners),
    Sheet(
        "Exemptions",
        (
            "Exemption",
            "Status",
            "Category",
            "Expires",
            "Resources",
            "For",
            "Scope",
            "Reason",
            "Owner",
            "Approver",
            "Ticket",
        ),
        _exemptions,
    ),
    Sheet(
        "Attestations",
        (
            "Controls",
            "Policy",
            "State",
            "Worth",
            "Why",
            "Scope",
            "Owner",
            "Approver",
            "Method",
            "Assessed",
            "Expires",
            "Evidence",
            "Comments",
        ),
        _attestations,
    ),
    Sheet(
        "Provider",
        ("Entry", "Kind", "Standard", "Worth", "Why", "Valid to", "Reviewed", "Service", "Standing"),
        _certificates,
    ),
    Sheet("Changes", ("Kind", "What", "Before", "After", "Severity", "Resource"), _changes),
    Sheet(
        "Trend",
        ("Run", "Time", "Failures", "New", "Reopened", "Fixed", "Mean age in days", "Comparable"),
        _trend,
    ),
    Sheet("Treatment", TREATMENT_COLUMNS, _treatment),
    Sheet("SoA", SOA_COLUMNS, _soa),
    Sheet("Evidence", ("Control", "Kind", "What", "Where", "Result", "SHA-256", "Valid until"), _evidence),
    Sheet("Types", ("Type", "Resources", "Some test looks at it"), _types),
)
"""In the order of the workbook."""
