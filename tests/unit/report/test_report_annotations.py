"""SARIF and the annotations of GitHub Actions: the shape that readers of them rely on, and the places."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from blueprinter.arm import Origin
from blueprinter.compliance import Finding, Pair, Run
from blueprinter.diagnostics import Position
from blueprinter.policy import PolicySeverity
from blueprinter.report import FORMATS, ReportOptions
from blueprinter.text import for_terminal
from unit.report import runs

FOLDER = "/home/someone/repo"


def closed(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT = {"type": "string"}
MESSAGE = closed(("text",), text={"type": "string", "minLength": 1})
WHOLE = {"type": "integer", "minimum": 1}
REGION = closed(("startLine",), startLine=WHOLE, startColumn=WHOLE, endLine=WHOLE, endColumn=WHOLE)
BAG = {"type": "object", "properties": {"tags": {"type": "array", "items": TEXT, "uniqueItems": True}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
PHYSICAL = closed(
    ("artifactLocation",),
    artifactLocation=closed(("uri",), uri={"type": "string", "pattern": r"^[!-~]+$"}, uriBaseId=TEXT),
    region=REGION,
)
LOCATION = closed(
    physicalLocation=PHYSICAL,
    logicalLocations={
        "type": "array",
        "items": closed(name=TEXT, fullyQualifiedName=TEXT, kind=TEXT),
        "uniqueItems": True,
    },
)
RULE = closed(
    ("id",),
    id=TEXT,
    name=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    defaultConfiguration=closed(level=LEVEL),
    properties=BAG,
)
RESULT = closed(
    ("message",),
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    kind={"enum": ["pass", "open", "informational", "notApplicable", "review", "fail"]},
    level=LEVEL,
    message=MESSAGE,
    locations={"type": "array", "items": LOCATION},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    suppressions={
        "type": "array",
        "items": closed(
            ("kind",),
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification=TEXT,
        ),
    },
    properties=BAG,
)
NOTIFICATION = closed(
    ("message",),
    descriptor=closed(id=TEXT),
    level=LEVEL,
    message=MESSAGE,
    locations={"type": "array", "items": LOCATION},
)
LOG = closed(
    ("version", "runs"),
    **{"$schema": {"type": "string", "pattern": r"sarif-schema-2\.1\.0\.json$"}},
    version={"const": "2.1.0"},
    runs={
        "type": "array",
        "items": closed(
            ("tool",),
            tool=closed(
                ("driver",),
                driver=closed(
                    ("name",),
                    name=TEXT,
                    version=TEXT,
                    rules={"type": "array", "items": RULE, "uniqueItems": True},
                ),
            ),
            automationDetails=closed(id=TEXT),
            invocations={
                "type": "array",
                "items": closed(
                    ("executionSuccessful",),
                    executionSuccessful={"type": "boolean"},
                    endTimeUtc={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
                    toolExecutionNotifications={"type": "array", "items": NOTIFICATION},
                ),
            },
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results={"type": "array", "items": RESULT},
            properties=BAG,
        ),
    },
)
"""The part of the standard that is written: what its schema requires and allows there, unknown keys refused."""


def sarif(run: Run, **options: Any) -> dict[str, Any]:
    row = FORMATS.get("sarif")
    assert row is not None
    assert row.write is not None
    log: dict[str, Any] = json.loads("".join(row.write(run, ReportOptions(**options))))
    jsonschema.validate(log, LOG)
    (only,) = log["runs"]
    for result in only["results"]:
        assert only["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["kind"] == "fail") == (result["level"] != "none")
    found: dict[str, Any] = only
    return found


def github(run: Run, **options: Any) -> list[str]:
    row = FORMATS.get("github")
    assert row is not None
    assert row.write is not None
    return "".join(row.write(run, ReportOptions(**options))).splitlines()


def placed(position: Position, **changes: Any) -> Run:
    """A run of one finding that a template made, at a place."""
    small = runs.small()
    first = small.findings[0]
    made = replace(first.state.resource, origin=Origin(position.file, property_position=lambda _: position))
    state = replace(first.state, resource=made, **changes)
    return replace(small, findings=(replace(first, state=state),), findings_total=1, diagnostics=())


@pytest.mark.parametrize("make", [runs.small, runs.hostile, runs.empty, runs.without_framework])
def test_every_run_makes_a_log(make: Any) -> None:
    log = sarif(make())
    assert log["properties"]["findingsTotal"] == make().findings_total
    assert json.dumps(sarif(make())) == json.dumps(log)
    assert github(make()) == github(make())


def _without_driver(run: dict[str, Any]) -> None:
    del run["tool"]["driver"]["name"]


def _with_another_level(run: dict[str, Any]) -> None:
    run["results"][0]["level"] = "grave"


def _with_a_line_zero(run: dict[str, Any]) -> None:
    for result in run["results"]:
        for place in result.get("locations", []):
            place["physicalLocation"]["region"] = {"startLine": 0}


def _with_a_key_of_its_own(run: dict[str, Any]) -> None:
    run["results"][0]["verdict"] = "fail"


@pytest.mark.parametrize(
    "spoil", [_without_driver, _with_another_level, _with_a_line_zero, _with_a_key_of_its_own]
)
def test_a_departure_from_the_standard_is_seen(spoil: Callable[[dict[str, Any]], None]) -> None:
    log = json.loads(
        json.dumps({"version": "2.1.0", "$schema": "sarif-schema-2.1.0.json", "runs": [sarif(runs.small())]})
    )
    jsonschema.validate(log, LOG)
    spoil(log["runs"][0])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log, LOG)


def test_a_failure_stands_at_the_property_that_made_it() -> None:
    run = placed(Position("infra/main.json", 12, 9, 12, 14))
    (result,) = sarif(run)["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "infra/main.json", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12, "startColumn": 9, "endLine": 12, "endColumn": 14},
    }
    (line,) = github(run)
    assert line.startswith("::error file=infra/main.json,line=12,col=9,endLine=12,endColumn=13,title=")


def test_several_lines_have_no_columns_at_their_end() -> None:
    (line,) = github(placed(Position("main.json", 12, 9, 20, 4)))
    assert "line=12,col=9,endLine=20,title=" in line


@pytest.mark.parametrize(
    ("file", "uri", "base", "shown"),
    [
        (f"{FOLDER}/infra/main.json", "infra/main.json", True, "infra/main.json"),
        ("/elsewhere/main.json", "file:///elsewhere/main.json", False, "/elsewhere/main.json"),
        (f"{FOLDER}2/main.json", f"file://{FOLDER}2/main.json", False, f"{FOLDER}2/main.json"),
        ("../shared/a b.json", "../shared/a%20b.json", True, "../shared/a b.json"),
        ("./infra//main.json", "infra/main.json", True, "infra/main.json"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29", True, "javascript%3Aalert(1)"),
    ],
)
def test_files_below_the_working_directory_are_relative(file: str, uri: str, base: bool, shown: str) -> None:
    run = placed(Position(file, 3, 1))
    (result,) = sarif(run, folder=FOLDER)["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == ({"uri": uri, "uriBaseId": "%SRCROOT%"} if base else {"uri": uri})
    assert f"::error file={shown},line=3" in github(run, folder=FOLDER)[0]


def test_of_compiled_bicep_only_the_file_is_named() -> None:
    run = placed(Position("infra/main.bicep (compiled)", 40, 7, 40, 9))
    (result,) = sarif(run)["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "infra/main.bicep", "uriBaseId": "%SRCROOT%"}
    }
    assert github(run)[0].startswith("::error file=infra/main.bicep,title=")


def test_severity_is_told_in_the_words_of_the_reader() -> None:
    first = runs.small().findings[0]
    by_severity = {}
    for severity in PolicySeverity:
        assigned = replace(first.state.assigned, definition=runs.definition("p", "P", severity))
        finding = replace(first, state=replace(first.state, assigned=assigned), severity=severity)
        run = replace(runs.small(), findings=(finding,), diagnostics=())
        (rule,) = sarif(run)["tool"]["driver"]["rules"]
        by_severity[str(severity)] = (
            sarif(run)["results"][0]["level"],
            rule["properties"]["security-severity"],
            github(run)[0].split(" ")[0],
        )
    assert by_severity == {
        "critical": ("error", "9.5", "::error"),
        "high": ("error", "8.0", "::error"),
        "medium": ("warning", "5.5", "::warning"),
        "low": ("note", "2.0", "::notice"),
    }


def with_pair(pair: Pair) -> Run:
    first = runs.small().findings[0]
    finding: Finding = replace(first, pair=pair, exemption="legacy-sftp")
    return replace(runs.small(), findings=(finding,), diagnostics=())


def test_what_is_exempt_is_suppressed_and_what_is_undecided_stays_open() -> None:
    for pair in (Pair.WAIVED, Pair.MITIGATED):
        (result,) = sarif(with_pair(pair))["results"]
        assert result["suppressions"] == [
            {"kind": "external", "status": "accepted", "justification": "exemption legacy-sftp"}
        ]
        assert github(with_pair(pair)) == []
    for pair in (Pair.UNSUPPORTED, Pair.ERROR, Pair.UNKNOWN):
        (result,) = sarif(with_pair(pair))["results"]
        assert (result["kind"], result["level"]) == ("open", "none")
        assert "suppressions" not in result
        assert github(with_pair(pair)) == []


def test_controls_stand_with_rules_and_results() -> None:
    log = sarif(runs.small())
    rules: Mapping[str, Any] = {rule["id"]: rule for rule in log["tool"]["driver"]["rules"]}
    assert rules["storage-https-only"]["properties"]["controls"] == ["A.8.24"]
    assert all(result["properties"]["controls"] for result in log["results"])
    assert "helpUri" not in json.dumps(log)


def test_two_policies_of_one_name_are_two_rules() -> None:
    first = runs.small().findings[0]
    other = replace(first.state.assigned.definition, id="/providers/X/policyDefinitions/other")
    assigned = replace(first.state.assigned, definition=other)
    run = replace(
        runs.small(), findings=(first, replace(first, state=replace(first.state, assigned=assigned)))
    )
    ids = [rule["id"] for rule in sarif(run)["tool"]["driver"]["rules"]]
    assert ids == sorted([first.state.assigned.definition.id, other.id])


def test_a_fingerprint_outlives_a_moved_line() -> None:
    first, moved = (
        sarif(placed(Position("main.json", line, 1)))["results"][0]["partialFingerprints"] for line in (3, 30)
    )
    elsewhere = sarif(placed(Position("other.json", 3, 1)))["results"][0]["partialFingerprints"]
    assert first == moved != elsewhere


def test_findings_are_limited_and_counted() -> None:
    log = sarif(runs.small(), max_findings=1)
    assert len(log["results"]) == 1
    assert log["properties"]["findingsTotal"] > 1


def test_remarks_on_the_input_do_not_crowd_findings_out() -> None:
    several = tuple(runs.hostile().diagnostics) * 2
    run = replace(runs.small(), diagnostics=several)
    lines = github(run)
    assert sum("title=BP200" in line for line in lines) == 10
    assert all("title=BP200" in line for line in lines[-10:])
    assert len(sarif(run)["invocations"][0]["toolExecutionNotifications"]) == len(several)


def test_hostile_names_start_no_command_and_no_link() -> None:
    run = runs.hostile()
    for line in github(run):
        assert re.fullmatch(r"::(error|warning|notice) (\w+=[^,\n\r]*,?)+::[^\n\r]*", line)
        properties = line.split(" ", 1)[1].split("::", 1)[0]
        assert set(re.findall(r"(?:^|,)(\w+)=", properties)) <= {"file", "line", "col", "title"}
        assert for_terminal(line.removeprefix("::")) == line.removeprefix("::")
    for result in sarif(run)["results"]:
        text = result["message"]["text"]
        assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]]", text)
        assert "{" not in text.replace("{{", "")
        assert for_terminal(text) == text
