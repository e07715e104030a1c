"""The documents beside the gap report, and the formats for spreadsheets and pipelines."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from datetime import date

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook

from blueprinter.compliance import ControlState, ExemptionUse, Pair, Run
from blueprinter.diagnostics import InvalidInput
from blueprinter.report import FORMATS, ReportOptions
from blueprinter.report.treatment import treatments
from blueprinter.report.xlsx import SHEETS, workbook
from blueprinter.text import for_terminal
from unit.report import runs
from unit.report.page_tree import read_page

EVERY = [runs.small, runs.full, runs.hostile, runs.empty]


def written(run: Run, name: str, document: str = "gaps", **options: int) -> str:
    row = FORMATS.get(name)
    assert row is not None
    write = row.writer(document)
    assert write is not None
    return "".join(write(run, ReportOptions(document=document, **options)))


# --- the Statement of Applicability ---------------------------------------------------------------------------------


def test_the_statement_lists_every_control_once_contradictions_first() -> None:
    run = runs.full()
    rows = list(csv.DictReader(io.StringIO(written(run, "csv", "soa"))))
    assert run.framework is not None
    assert sorted(row["Control"] for row in rows) == sorted(run.framework.counted)
    marked = [bool(row["Mismatch"]) for row in rows]
    assert any(marked)
    assert marked == sorted(marked, reverse=True)
    for row in rows:
        contradicts = row["Declared status"] == "implemented" and row["Tests"] == "fails"
        assert bool(row["Mismatch"]) is (contradicts and row["Applicable"] == "yes"), row["Control"]


def test_the_statement_without_a_register_declares_nothing() -> None:
    text = written(runs.medium(), "markdown", "soa")
    assert "nothing is declared" in text
    assert "implemented" not in text


@pytest.mark.parametrize("document", ["soa", "treatment"])
def test_a_page_of_tables_holds_hostile_names_as_text(document: str) -> None:
    tree = read_page(written(runs.hostile(), "html", document))
    assert not tree.all("script")
    assert not tree.all("img")
    assert not [e for e in tree.walk() for name in e.attributes if name.startswith("on")]
    assert runs.HOSTILE[0] in tree.text


@pytest.mark.parametrize("document", ["soa", "treatment", "sample"])
def test_csv_of_a_document_starts_no_formula(document: str) -> None:
    rows = csv.reader(io.StringIO(written(runs.hostile(), "csv", document, sample=5)))
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


# --- the treatment plan ---------------------------------------------------------------------------------------------


def test_the_plan_names_what_is_overdue_first_and_invents_no_date() -> None:
    expired = ExemptionUse(runs.exemption("old", date(2026, 11, 19)), "expired", 2)
    items = treatments(replace(runs.full(), exemptions=(expired,)))
    assert items[0].status == "overdue"
    (waiver,) = [item for item in items if item.what.startswith("waiver old")]
    assert (waiver.status, waiver.due, waiver.owners) == (
        "overdue",
        "2026-11-19",
        ("storage-team@contoso.example",),
    )
    assert all(not item.due for item in items if item.severity)
    order = ["overdue", "open", "ending", "planned", "accepted"]
    assert [order.index(item.status) for item in items] == sorted(order.index(item.status) for item in items)


def test_every_failing_rule_of_a_gap_is_an_item() -> None:
    run = runs.full()
    failing = {
        found.state.assigned.definition.display_name
        for found in run.findings
        if found.pair is Pair.NON_COMPLIANT
    }
    assert failing <= {item.what for item in treatments(run)}


# --- the sample -----------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_sample_and_another_draws_another() -> None:
    run = runs.medium()
    first = json.loads(written(run, "json", "sample", sample=10, seed=7))
    assert first == json.loads(written(run, "json", "sample", sample=10, seed=7))
    assert len({one["resourceId"] for one in first["sample"]}) == 10
    other = json.loads(written(run, "json", "sample", sample=10, seed=8))
    assert [one["resourceId"] for one in other["sample"]] != [one["resourceId"] for one in first["sample"]]


def test_the_order_of_the_findings_does_not_change_the_sample() -> None:
    run = runs.medium()
    turned = replace(run, findings=tuple(reversed(run.findings)))
    ids = [
        [one["resourceId"] for one in json.loads(written(each, "json", "sample", sample=5))["sample"]]
        for each in (run, turned)
    ]
    assert ids[0] == ids[1]


def test_a_sample_larger_than_the_run_is_all_of_it_and_each_has_a_request() -> None:
    run = runs.small()
    drawn = json.loads(written(run, "json", "sample", sample=500))
    assert {one["resourceId"] for one in drawn["sample"]} == {f.state.resource.id for f in run.findings}
    asked = " ".join(request["ask"] for request in drawn["requests"])
    assert all(one["resourceId"] in asked for one in drawn["sample"])
    assert run.population.sha256 in asked


# --- the workbook ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", EVERY)
def test_the_workbook_opens_with_a_sheet_a_part_filters_and_frozen_headers(make: type) -> None:
    run = make()
    book = load_workbook(io.BytesIO(workbook(run)))
    assert book.sheetnames == [sheet.name for sheet in SHEETS]
    for sheet in SHEETS:
        made = book[sheet.name]
        assert [cell.value for cell in made[1]] == list(sheet.columns)
        assert made.freeze_panes == "B2"
        assert made.auto_filter.ref.startswith("A1:")
        assert made.max_row == 1 + len(list(sheet.rows(run)))
        assert not [cell for row in made.iter_rows() for cell in row if cell.data_type == "f"]


def test_the_workbook_keeps_text_as_text_and_is_the_same_each_time() -> None:
    run = runs.hostile()
    assert workbook(run) == workbook(run)
    made = load_workbook(io.BytesIO(workbook(run)))["Findings"]
    place = [cell.value for cell in made[1]].index("resourceName")
    values = {row[place].value for row in made.iter_rows(min_row=2)}
    assert values == {for_terminal(text) for text in runs.HOSTILE}


# --- pipelines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", EVERY)
def test_junit_counts_what_it_holds_and_a_gap_fails(make: type) -> None:
    run = make()
    root = ElementTree.fromstring(written(run, "junit"))
    cases = list(root.iter("testcase"))
    assert int(root.attrib["tests"]) == len(cases)
    assert int(root.attrib["failures"]) == len(list(root.iter("failure")))
    assert sum(int(suite.attrib["skipped"]) for suite in root) == len(list(root.iter("skipped")))
    shown = {case.attrib["name"] for case in cases if case.find("failure") is not None}
    gaps = [result.control for result in run.results if result.state is ControlState.GAP]
    assert shown == {for_terminal(f"{control.id} {control.title}") for control in gaps}


def test_junit_shows_nothing_green_that_was_not_decided() -> None:
    run = runs.full()
    root = ElementTree.fromstring(written(run, "junit"))
    green = {
        case.attrib["name"].split()[0]
        for case in root.iter("testcase")
        if case.find("failure") is None and case.find("skipped") is None
    }
    fine = {ControlState.SATISFIED, ControlState.ATTESTED, ControlState.INHERITED, ControlState.AT_RISK}
    assert green == {result.control.id for result in run.results if result.state in fine}


def test_azure_devops_says_one_command_a_failure_and_nothing_else() -> None:
    run = runs.small()
    lines = written(run, "azure-devops").splitlines()
    assert lines[0] == (
        "##vso[task.logissue type=error;sourcepath=inventory.jsonl;linenumber=4;columnnumber=1;"
        "code=storage-https-only;]Microsoft.Storage/storageAccounts stlogs: "
        "properties.supportsHttpsTrafficOnly: found absent, expected true. Controls: A.8.24."
    )
    assert len(lines) == 3


def test_hostile_names_start_no_command_of_azure_devops() -> None:
    for line in written(runs.hostile(), "azure-devops").splitlines():
        head, _, message = line.partition(";]")
        assert re.fullmatch(r"##vso\[task\.logissue type=(error|warning)(;\w+=[^;\]\r\n]*)*", head)
        assert not re.search("[\r\n\x1b]", message)


# --- what cannot be written -----------------------------------------------------------------------------------------


def test_oscal_needs_controls() -> None:
    row = FORMATS.get("oscal")
    assert row is not None
    assert row.files is not None
    with pytest.raises(InvalidInput) as found:
        list(row.files(runs.without_framework(), ReportOptions(), "out"))
    assert [one.code for one in found.value.diagnostics] == ["BP294"]
