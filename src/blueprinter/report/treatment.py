"""The treatment plan: what is open, what would mend it, who is to do it, until when, and how far it is.

Nothing is invented: an action is a policy's own remediation, an owner is who the resources or registers name, a date
is one that somebody set (a plan, a waiver, an attestation). What nobody set is left open and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from blueprinter.blueprint import ExemptionCategory, SoaEntry
from blueprinter.compliance import (
    Attested,
    ControlResult,
    ControlState,
    Finding,
    Inherited,
    Run,
    Tested,
)
from blueprinter.report.options import ReportOptions
from blueprinter.report.outline import Outline, outline, test_of
from blueprinter.report.page import write_tables
from blueprinter.report.table_text import TextTable, as_csv, as_markdown, cells
from blueprinter.report.words import title
from blueprinter.text import plural

UNOWNED = "nobody named"
COLUMNS = (
    "No",
    "Status",
    "Severity",
    "What",
    "Action",
    "Controls",
    "Owner",
    "Due",
    "Since",
    "Resources",
    "Ticket",
)
_STATUS_RANK = {
    status: rank for rank, status in enumerate(("overdue", "open", "ending", "planned", "accepted"))
}


class Treatment(Struct, frozen=True):
    """One item of the plan."""

    status: str
    """`overdue`, `open`, `ending`, `planned` or `accepted`."""
    severity: str
    what: str
    action: str
    controls: tuple[str, ...]
    owners: tuple[str, ...]
    due: str = ""
    since: str = ""
    resources: int = 0
    ticket: str = ""


def treatments(run: Run) -> tuple[Treatment, ...]:
    """Every item, what is overdue first, then by severity, due date and text."""
    return planned(outline(run))


def planned(shown: Outline) -> tuple[Treatment, ...]:
    """The same from lists that are at hand."""
    run = shown.run
    entries = run.statement.entries if run.statement is not None else {}
    items = [
        *_failing(shown),
        *_exempted(run),
        *(item for result in shown.counted for item in _declared(result, entries.get(result.control.id))),
        *(item for result in shown.counted for item in _missing(result, entries.get(result.control.id))),
        *_ending(run),
    ]
    return tuple(sorted(items, key=_order))


def _order(item: Treatment) -> tuple[int, int, str, str]:
    ranks = ("critical", "high", "medium", "low")
    severity = ranks.index(item.severity) if item.severity in ranks else len(ranks)
    return (_STATUS_RANK[item.status], severity, item.due or "9999", item.what)


def _failing(shown: Outline) -> Iterator[Treatment]:
    by_test: dict[str, list[Finding]] = {}
    for found in shown.failing:
        by_test.setdefault(test_of(found), []).append(found)
    for action in shown.actions:
        found_here = by_test[action.test]
        owners = Counter(found.facts.owner or UNOWNED for found in found_here)
        days = sorted(found.first_seen for found in found_here if found.first_seen)
        yield Treatment(
            "open",
            str(action.severity),
            action.policy,
            action.remedy or "bring the resources to what the policy expects",
            action.controls,
            tuple(name for name, _ in sorted(owners.items(), key=lambda one: (-one[1], one[0]))),
            since=days[0] if days else "",
            resources=len(action.resources),
        )


def _exempted(run: Run) -> Iterator[Treatment]:
    words = {"expired": "overdue", "ending": "ending", "used": "accepted"}
    for use in run.exemptions:
        if use.status not in words:
            continue
        entry = use.exemption
        kind = "waiver" if entry.category is ExemptionCategory.WAIVER else "mitigation"
        yield Treatment(
            words[use.status],
            "",
            f"{kind} {entry.name}: {entry.reason}",
            "mend it, or decide again" if use.status == "expired" else "mend it before the exemption ends",
            entry.controls or entry.policies,
            (entry.owner or UNOWNED,),
            due=entry.expires_on.isoformat(),
            resources=use.resources,
            ticket=entry.ticket,
        )


def _declared(result: ControlResult, entry: SoaEntry | None) -> Iterator[Treatment]:
    """Gaps and plans that people stated."""
    control = result.control
    owner = (entry.owner if entry is not None and entry.owner else UNOWNED,)
    due = entry.by.isoformat() if entry is not None and entry.by is not None else ""
    if result.attested is Attested.FAIL:
        what = f"{control.id} {control.title}: attested not met"
        yield Treatment("open", "", what, "mend it and attest again", (control.id,), owner, due)
    if entry is None or not entry.applicable or entry.status not in {"planned", "not-implemented"}:
        return
    overdue = (
        entry.status == "planned" and result.state is ControlState.GAP and result.tested is not Tested.FAIL
    )
    status = "overdue" if overdue else "planned" if entry.status == "planned" else "open"
    what = f"{control.id} {control.title}: declared {entry.status}"
    yield Treatment(status, "", what, entry.how or "carry out what is declared", (control.id,), owner, due)


def _missing(result: ControlResult, entry: SoaEntry | None) -> Iterator[Treatment]:
    """Evidence that a control waits for."""
    if result.state is not ControlState.INCOMPLETE:
        return
    control = result.control
    owner = (entry.owner if entry is not None and entry.owner else UNOWNED,)
    reasons = " ".join(result.reasons)
    if result.attested in {Attested.NONE, Attested.LAPSED} and "attestation" in reasons:
        word = "lapsed" if result.attested is Attested.LAPSED else "missing"
        what = f"{control.id} {control.title}: attestation {word}"
        yield Treatment("open", "", what, "attest it, with evidence", (control.id,), owner)
    if result.inherited is Inherited.LAPSED:
        what = f"{control.id} {control.title}: evidence of the provider lapsed"
        yield Treatment("open", "", what, "get the provider’s current report", (control.id,), owner)


def _ending(run: Run) -> Iterator[Treatment]:
    for use in run.attestations:
        if use.status is Attested.ENDING and not use.superseded:
            entry = use.attestation
            yield Treatment(
                "ending",
                "",
                f"attestation of {', '.join(use.controls) or entry.policy} ends",
                "assess and attest again",
                use.controls,
                (entry.owner or UNOWNED,),
                due=entry.expires_on.isoformat(),
            )


def write_treatment_csv(run: Run, options: ReportOptions) -> Iterator[str]:
    """One row an item."""
    yield from as_csv([treatment_table(run)])


def write_treatment_markdown(run: Run, options: ReportOptions) -> Iterator[str]:
    """The plan as a table."""
    yield from as_markdown([treatment_table(run)])


def write_treatment_html(run: Run, options: ReportOptions) -> Iterator[str]:
    """The plan as a page that opens from disk."""
    yield from write_tables(run, [treatment_table(run)])


def treatment_table(run: Run) -> TextTable:
    """The plan as rows of text."""
    items = treatments(run)
    overdue = sum(item.status == "overdue" for item in items)
    undated = sum(not item.due for item in items)
    return TextTable(
        title=f"Treatment plan: {title(run)}",
        lead=(
            f"{plural(len(items), 'item')}, {overdue:,} overdue; {undated:,} without a date that somebody set.",
        ),
        columns=COLUMNS,
        rows=tuple(
            cells(
                f"T{number:03}",
                item.status,
                item.severity,
                item.what,
                item.action,
                item.controls,
                item.owners,
                item.due,
                item.since,
                f"{item.resources:,}" if item.resources else "",
                item.ticket,
            )
            for number, item in enumerate(items, 1)
        ),
        marked=frozenset(number for number, item in enumerate(items) if item.status == "overdue"),
    )
