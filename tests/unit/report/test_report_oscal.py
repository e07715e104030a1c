"""OSCAL 1.2.1: trestle reads every document, identifiers hold across them, and what is not known never passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from blueprinter import compliance
from blueprinter.compliance import ControlState, Run
from blueprinter.report import FORMATS, ReportOptions
from blueprinter.report.oscal import DOCUMENTS
from unit.report import runs

MAKERS = [runs.small, runs.medium, runs.full, runs.empty]


def folder(run: Run) -> dict[str, dict[str, Any]]:
    row = FORMATS.get("oscal")
    assert row is not None
    assert row.files is not None
    files = row.files(run, ReportOptions(), "out")
    return {name.removeprefix("out/"): json.loads(content) for name, content in files}


def everything(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from everything(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from everything(inner)


def result_of(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = folder(run)["assessment-results.json"]["assessment-results"]["results"][0]
    return found


@pytest.mark.filterwarnings("ignore")  # of trestle's own imports
@pytest.mark.parametrize("make", [*MAKERS, runs.hostile])
def test_trestle_reads_every_document(make: Any, tmp_path: Path) -> None:
    oscal = pytest.importorskip("trestle.oscal", reason="needs compliance-trestle")
    from importlib import import_module

    models = {
        "catalog.json": ("catalog", "Catalog"),
        "profile.json": ("profile", "Profile"),
        "component-definition.json": ("component", "ComponentDefinition"),
        "system-security-plan.json": ("ssp", "SystemSecurityPlan"),
        "assessment-plan.json": ("assessment_plan", "AssessmentPlan"),
        "assessment-results.json": ("assessment_results", "AssessmentResults"),
        "plan-of-action-and-milestones.json": ("poam", "PlanOfActionAndMilestones"),
    }
    assert oscal.OSCAL_VERSION == "1.2.1"
    assert set(models) == set(DOCUMENTS)
    for name, document in folder(make()).items():
        file = tmp_path / name
        file.write_text(json.dumps(document), encoding="utf-8")
        module, kind = models[name]
        read = getattr(import_module(f"trestle.oscal.{module}"), kind).oscal_read(file)
        assert read is not None, name
        (whole,) = document.values()
        assert whole["metadata"]["oscal-version"] == "1.2.1"


@pytest.mark.parametrize("make", MAKERS)
def test_identifiers_are_name_based_unique_and_the_same_each_time(make: Any) -> None:
    run = make()
    documents = folder(run)
    assert documents == folder(run)
    for name, document in documents.items():
        ids = [value["uuid"] for value in everything(document) if isinstance(value, dict) and "uuid" in value]
        assert len(ids) == len(set(ids)), name
        assert {UUID(id).version for id in ids} == {5}


@pytest.mark.parametrize("make", MAKERS)
def test_what_is_referred_to_is_there(make: Any) -> None:
    documents = folder(make())
    for name in ("assessment-results.json", "plan-of-action-and-milestones.json"):
        parts = [value for value in everything(documents[name]) if isinstance(value, dict)]
        known = {part["uuid"] for part in parts if "uuid" in part}
        for key in ("observation-uuid", "risk-uuid", "subject-uuid"):
            assert {part[key] for part in parts if key in part} <= known, (name, key)
    objectives = {
        part["id"]
        for part in everything(documents["catalog.json"])
        if isinstance(part, dict) and part.get("name") == "assessment-objective"
    }
    found = documents["assessment-results.json"]["assessment-results"]["results"][0].get("findings", [])
    assert {finding["target"]["target-id"] for finding in found} <= objectives
    hrefs = {
        documents["profile.json"]["profile"]["imports"][0]["href"],
        documents["assessment-results.json"]["assessment-results"]["import-ap"]["href"],
        documents["assessment-plan.json"]["assessment-plan"]["import-ssp"]["href"],
        documents["system-security-plan.json"]["system-security-plan"]["import-profile"]["href"],
    }
    assert hrefs <= set(documents)


def test_a_control_of_which_nothing_is_known_gets_no_finding_and_is_not_reviewed() -> None:
    run = runs.full()
    found = result_of(run)
    told = {
        finding["title"].split()[0]: finding["target"]["status"]["state"] for finding in found["findings"]
    }
    assert run.framework is not None
    states = {r.control.id: r for r in run.results if r.control.id in run.framework.counted}
    silent = {
        ControlState.INCOMPLETE,
        ControlState.NO_RESOURCES,
        ControlState.NOT_AUTOMATED,
        ControlState.EXCLUDED,
    }
    assert set(told) == {id for id, result in states.items() if result.state not in silent}
    for id, state in told.items():
        result = states[id]
        missed = result.state is ControlState.GAP or result.tested in (
            compliance.Tested.FAIL,
            compliance.Tested.WAIVED,
        )
        assert state == ("not-satisfied" if missed else "satisfied"), id
    selection = found["reviewed-controls"]["control-selections"][0]
    excluded = {one["control-id"].partition("_")[2] for one in selection["exclude-controls"]}
    assert excluded.isdisjoint(told)
    assert excluded | set(told) == {r.control.id for r in run.results if r.control.leaf}


def test_a_waiver_is_no_pass_and_its_risk_is_an_approved_deviation() -> None:
    run = runs.small()
    found = result_of(run)
    (finding,) = [one for one in found["findings"] if one["title"].startswith("A.8.20 ")]
    assert finding["target"]["status"] == {"state": "not-satisfied", "reason": "other"}
    status = {risk["title"]: risk["status"] for risk in found["risks"]}
    assert status["Waiver legacy-sftp"] == "deviation-approved"
    assert status["Waiver old-vault"] == "open"


def test_identifiers_of_resources_and_risks_stay_from_run_to_run() -> None:
    run = runs.full()
    later = replace(run, run_id="another")
    first, second = result_of(run), result_of(later)
    assert first["uuid"] != second["uuid"]
    for key in ("risks",):
        assert [one["uuid"] for one in first[key]] == [one["uuid"] for one in second[key]]
    items = [one["local-definitions"]["inventory-items"] for one in (first, second)]
    assert [item["uuid"] for item in items[0]] == [item["uuid"] for item in items[1]]


def test_the_statement_declares_and_the_tests_stand_beside_it() -> None:
    run = runs.full()
    plan = folder(run)["system-security-plan.json"]["system-security-plan"]
    rows = plan["control-implementation"]["implemented-requirements"]
    assert run.framework is not None
    assert [row["control-id"].partition("_")[2] for row in rows] == list(run.framework.counted)
    assert run.statement is not None
    for row in rows:
        entry = run.statement.entries[row["control-id"].partition("_")[2]]
        state = row["by-components"][0]["implementation-status"]["state"]
        assert (state == "not-applicable") is (not entry.applicable)
        mismatch = [prop for prop in row["props"] if prop["name"] == "mismatch"]
        assert not mismatch or entry.status == "implemented"
