"""Files of policy tests: closed, strict, and what their outcome says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from blueprinter.diagnostics import InvalidInput
from blueprinter.document import load, parse
from blueprinter.policy import AliasTable, cases_as_json, load_tests, policy_tests_schema, run_cases

RULE = {
    "if": {"allOf": [{"field": "tags.a", "exists": False}, {"field": "p", "equals": 1}]},
    "then": {"effect": "audit"},
}
CASE = {"name": "c", "resource": {"properties": {"p": 1}}, "expect": {"effect": "audit"}}
FILE = {"definition": RULE, "aliases": {"p": "properties.p"}, "cases": [CASE]}


def run(file: Any) -> Any:
    return run_cases(parse(json.dumps(file), "x.tests.json"), Path(), AliasTable.empty())


def test_a_case_that_passes() -> None:
    (result,) = run(FILE)
    assert result.as_json() == {
        "file": "x.tests.json",
        "line": 1,
        "name": "c",
        "passed": True,
        "expected": {"effect": "audit"},
        "actual": {"state": "NonCompliant", "effect": "audit"},
        "finding": "properties.p: wanted not 1, found 1",
        "remarks": [],
    }


def test_values_that_azure_refuses_are_remarked_on() -> None:
    definition = {
        "parameters": {"effect": {"type": "String", "allowedValues": ["Audit"]}},
        "policyRule": RULE,
    }
    case = {**CASE, "parameters": {"effect": "Modify", "effekt": "Audit"}}
    (result,) = run({**FILE, "definition": definition, "cases": [case]})
    assert result.passed
    assert [remark.partition("`, ")[0] for remark in result.remarks] == [
        "the parameter `effect` is `Modify",
        "the parameter `effekt` is not declared",
    ]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"case": []}, "/case"),
        ({"policy": "x.json"}, ""),
        ({"schema": "blueprinter/other/1"}, "/schema"),
        ({"aliases": 5}, "/aliases"),
        ({"aliases": {"p": 5}}, "/aliases/p"),
        ({"aliases": "../outside.json"}, "/aliases"),
        ({"cases": []}, "/cases"),
        ({"cases": [CASE, CASE]}, "/cases/1/name"),
        ({"cases": [{**CASE, "expects": {}}]}, "/cases/0/expects"),
        ({"cases": [{**CASE, "expect": {}}]}, "/cases/0/expect"),
        ({"cases": [{**CASE, "expect": {"efect": "x"}}]}, "/cases/0/expect/efect"),
        ({"cases": [{**CASE, "expect": {"state": "compliant"}}]}, "/cases/0/expect/state"),
        ({"cases": [{**CASE, "expect": {"reason": "none"}}]}, "/cases/0/expect/reason"),
        ({"cases": [{**CASE, "expect": {"error": "other"}}]}, "/cases/0/expect/error"),
        ({"cases": [{**CASE, "expect": {"effect": 5}}]}, "/cases/0/expect/effect"),
        ({"cases": [{**CASE, "resource": []}]}, "/cases/0/resource"),
        ({"cases": [{"name": "c", "expect": {"effect": None}}]}, "/cases/0"),
        ({"cases": [{**CASE, "related": [{}]}]}, "/cases/0/related/0"),
        ({"cases": [{**CASE, "context": {"resourcegroup": {}}}]}, "/cases/0/context/resourcegroup"),
        ({"cases": [{**CASE, "parameters": []}]}, "/cases/0/parameters"),
        ({"cases": [{**CASE, "name": 5}]}, "/cases/0/name"),
    ],
)
def test_a_file_that_says_something_unknown(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        run({**FILE, **change})
    assert pointer in [fault.position.pointer for fault in raised.value.diagnostics]


@pytest.mark.parametrize(
    ("expect", "passed"),
    [
        ({"effect": "AUDIT"}, True),
        ({"effect": None}, False),
        ({"effect": "deny"}, False),
        ({"state": "NonCompliant"}, True),
        ({"state": "Compliant"}, False),
        ({"error": "parse"}, False),
        ({"reason": "data-plane"}, False),
    ],
)
def test_only_what_is_stated_is_compared(expect: dict[str, Any], passed: bool) -> None:
    (result,) = run({**FILE, "cases": [{**CASE, "expect": expect}]})
    assert result.passed is passed


@pytest.mark.parametrize(
    ("expect", "passed"),
    [
        ({"effect": None}, False),
        ({"details": None}, False),
        ({"state": "Unsupported"}, True),
        ({"reason": "parameter-missing"}, True),
        ({"state": "Unsupported", "reason": "limit"}, False),
        ({"effect": None, "state": "Unsupported"}, True),
    ],
)
def test_an_unsupported_outcome_passes_only_where_it_is_expected(
    expect: dict[str, Any], passed: bool
) -> None:
    rule = {"if": {"value": "[parameters('x')]", "equals": 1}, "then": {"effect": "audit"}}
    (result,) = run({"definition": rule, "cases": [{**CASE, "expect": expect}]})
    assert result.passed is passed


@pytest.mark.parametrize(
    ("condition", "stage"),
    [
        ({"field": "type"}, "parse"),
        ({"value": "[nope()]", "equals": 1}, "compile"),
        ({"value": "[(]", "equals": 1}, "parse"),
    ],
)
def test_stages_of_errors(condition: Any, stage: str) -> None:
    rule = {"if": condition, "then": {"effect": "audit"}}
    for expected in ("parse", "compile"):
        (result,) = run({"definition": rule, "cases": [{"name": "c", "expect": {"error": expected}}]})
        assert result.passed is (expected == stage)
    (result,) = run({"definition": rule, "cases": [CASE]})
    assert not result.passed


@pytest.mark.parametrize(
    ("wanted", "passed"),
    [
        ({"operations": [{"value": "x"}]}, True),
        ({"Operations": [{"VALUE": "x"}], "roleDefinitionIds": ["r"]}, True),
        ({"operations": []}, False),
        ({"operations": [{"value": "y"}]}, False),
        ({"other": 1}, False),
        ([], False),
    ],
)
def test_details_are_a_subset(wanted: Any, passed: bool) -> None:
    operations = [{"operation": "add", "field": "tags.a", "value": "x"}]
    then = {"effect": "modify", "details": {"roleDefinitionIds": ["r"], "operations": operations}}
    definition = {"if": {"field": "name", "exists": False}, "then": then}
    (result,) = run({"definition": definition, "cases": [{**CASE, "expect": {"details": wanted}}]})
    assert result.passed is passed


def test_a_policy_and_aliases_in_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "storage" / "https-only"
    folder.mkdir(parents=True)
    (folder / "policy.json").write_text(json.dumps({"policyRule": RULE}))
    providers = [{"namespace": "A.B", "resourceTypes": []}]
    (tmp_path / "aliases.json").write_text(json.dumps(providers))
    (folder / "tests.yaml").write_text(
        "policy: policy.json\naliases: ../../aliases.json\ncases:\n"
        "  - {name: no alias, resource: {}, expect: {state: NotApplicable}}\n"
    )
    (result,) = run_cases(load(folder / "tests.yaml"), tmp_path, AliasTable.empty())
    assert result.passed
    assert result.policy.endswith("https-only/policy.json")
    with pytest.raises(InvalidInput, match="BP114"):
        run_cases(load(folder / "tests.yaml"), folder, AliasTable.empty())


def test_branches_that_no_case_reached() -> None:
    whole: Any = cases_as_json(run(FILE), untested=["other/policy.json"])
    assert {key: whole[key] for key in ("passed", "failed", "skipped", "untested")} == {
        "passed": 1,
        "failed": 0,
        "skipped": 0,
        "untested": ["other/policy.json"],
    }
    assert whole["branches"] == {
        "x.tests.json": {
            "reached": 2,
            "total": 4,
            "missing": ["/definition/if/allOf/0 is never false", "/definition/if/allOf/1 is never false"],
        }
    }


def test_schema_accepts_what_the_runner_reads() -> None:
    validator = jsonschema.Draft202012Validator(policy_tests_schema())
    jsonschema.Draft202012Validator.check_schema(policy_tests_schema())
    assert validator.is_valid(FILE)
    for change in ({"case": []}, {"policy": "x.json"}, {"cases": []}, {"aliases": 5}):
        assert not validator.is_valid({**FILE, **change})
    for expect in ({}, {"efect": "x"}, {"state": "compliant"}, {"error": "other"}):
        assert not validator.is_valid({**FILE, "cases": [{**CASE, "expect": expect}]})


def test_schema_accepts_the_shared_cases(shared: Path) -> None:
    validator = jsonschema.Draft202012Validator(policy_tests_schema())
    files = sorted((shared / "conformance" / "policy").rglob("*.tests.json"))
    assert files
    for file in files:
        assert list(validator.iter_errors(load(file).value)) == []


@pytest.mark.parametrize("text", ["{}", "[]", '{"definition": {"if": {}, "then": {}}, "cases": [{}]}'])
def test_empty_files_and_cases_are_told(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        run_cases(parse(text, "x.tests.json"), Path.cwd(), AliasTable.empty())
    assert {fault.code for fault in raised.value.diagnostics} == {"BP330"}


def test_a_key_that_stands_twice_is_a_fault_of_the_definition(tmp_path: Path) -> None:
    rule = '{"if": {"field": "name", "field": "type", "equals": "x"}, "then": {"effect": "audit"}}'
    file = tmp_path / "x.tests.json"
    file.write_text(f'{{"definition": {rule}, "cases": [{{"name": "c", "expect": {{"error": "parse"}}}}]}}')
    (result,) = run_cases(load_tests(file), tmp_path, AliasTable.empty())
    assert result.passed
    assert "stands twice" in str(result.actual["diagnostics"])


def test_a_key_that_stands_twice_elsewhere_is_a_fault_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "x.tests.json"
    rule = '{"if": {"field": "name", "equals": "x"}, "then": {"effect": "audit"}}'
    file.write_text(f'{{"definition": {rule}, "cases": [{{"name": "c", "name": "d", "expect": {{}}}}]}}')
    with pytest.raises(InvalidInput) as raised:
        load_tests(file)
    assert [fault.code for fault in raised.value.diagnostics] == ["BP106"]
