"""The machine formats: the documented schema holds, and the keys are those of the documentation."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import jsonschema
import pytest

from blueprinter.compliance import Run
from blueprinter.report import FORMATS, SCHEMA_FILE, ReportOptions, state_line
from blueprinter.report.records import pointer_of
from unit.report import runs

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
RUNS = [runs.small(), runs.medium(), runs.full(), runs.hostile(), runs.empty(), runs.without_framework()]
NAMES = ["small", "medium", "full", "hostile", "empty", "without framework"]
REQUIRED = {
    "policyAssignmentId",
    "policyDefinitionId",
    "policyDefinitionReferenceId",
    "resourceId",
    "resourceType",
    "complianceState",
    "controls",
    "severity",
    "aliasSource",
}
OPTIONAL = {"reason", "expected", "actual", "path", "file", "line", "column"}


def closed(schema: Any) -> Any:
    """The schema without room for keys that it does not describe."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if "properties" in inner and "type" in inner:
        inner["additionalProperties"] = False
    return inner


def document(run: Run, **options: Any) -> dict[str, Any]:
    row = FORMATS.get("json")
    assert row is not None
    assert row.write is not None
    read: dict[str, Any] = json.loads("".join(row.write(run, ReportOptions(**options))))
    return read


def lines(run: Run, **options: Any) -> list[dict[str, Any]]:
    row = FORMATS.get("jsonl")
    assert row is not None
    assert row.write is not None
    return [json.loads(line) for line in "".join(row.write(run, ReportOptions(**options))).splitlines()]


@pytest.mark.parametrize("run", RUNS, ids=NAMES)
def test_documents_hold_exactly_what_the_schema_describes(run: Run) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(document(run), closed(SCHEMA), cls=jsonschema.Draft202012Validator)


def test_schema_refuses_a_document_that_lost_a_key() -> None:
    whole = document(runs.small())
    for path in (("coverage",), ("run", "now"), ("findings", 0, "resourceId"), ("controls", 0, "state")):
        broken = deepcopy(whole)
        holder: Any = broken
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_numbers_are_those_of_the_run() -> None:
    run = runs.medium()
    read = document(run)
    assert read["counts"]["states"] == {str(state): n for state, n in run.state_counts.items()}
    assert sum(read["counts"]["states"].values()) == read["run"]["framework"]["counted"] == 93
    assert read["coverage"] == {"part": 15, "whole": 88, "percent": 17}
    assert read["score"] == {"part": 8, "whole": 15, "percent": 53}
    assert [control["id"] for control in read["controls"]] == [result.control.id for result in run.results]
    assert sum(control["counted"] for control in read["controls"]) == 93


def test_findings_are_capped_and_their_total_is_not() -> None:
    read = document(runs.medium(), max_findings=7)
    assert len(read["findings"]) == 7
    assert read["findingsTotal"] == 52
    assert read["findings"] == document(runs.medium())["findings"][:7]


def test_score_is_null_where_it_is_not_shown() -> None:
    read = document(runs.empty())
    assert read["score"] is None
    assert read["coverage"] == {"part": 0, "whole": 9, "percent": 0}


@pytest.mark.parametrize("run", RUNS, ids=NAMES)
def test_lines_have_the_documented_keys(run: Run) -> None:
    for record in lines(run, all_states=True):
        assert set(record) >= REQUIRED
        assert set(record) <= REQUIRED | OPTIONAL
        assert ("reason" in record) == (record["complianceState"] == "Unsupported")


def test_lines_leave_out_what_is_exempt_unless_all_are_wanted() -> None:
    run = runs.small()
    states = [record["complianceState"] for record in lines(run)]
    assert states == ["NonCompliant", "NonCompliant", "Unsupported"]
    every = [record["complianceState"] for record in lines(run, all_states=True)]
    assert every == ["NonCompliant", "NonCompliant", "Unsupported", "Exempt"]
    assert "".join(state_line(found) for found in run.findings).count("\n") == 4


def test_an_assignment_is_named_live_and_null_offline() -> None:
    first, *_, last = lines(runs.small(), all_states=True)
    assert first["policyAssignmentId"] is None
    assert first["policyDefinitionReferenceId"] is None
    assert last["policyAssignmentId"].endswith("/policyAssignments/a")
    assert last["policyDefinitionReferenceId"] == "tls"
    assert (first["file"], first["line"]) == ("inventory.jsonl", 4)
    assert "column" not in first


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("", ""),
        ("properties.minimumTlsVersion", "/properties/minimumTlsVersion"),
        ("properties.rules[0].port", "/properties/rules/0/port"),
        ("properties.rules[*].port", "/properties/rules"),
        ("tags['a.b/c~d']", "/tags/a.b~1c~0d"),
        ("tags['it''s']", "/tags/it's"),
        ("$.sku.name", "/sku/name"),
    ],
)
def test_paths_become_pointers(path: str, pointer: str) -> None:
    assert pointer_of(path) == pointer
