"""The table of lint rules and what is said of them; shipped policies and Microsoft's own, linted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from blueprinter.diagnostics import CodeRow, Severity
from blueprinter.document import load, parse
from blueprinter.policy import (
    CODES,
    LINT_RULES,
    KnownDefinition,
    is_definition,
    is_policy_set,
    lint_code,
    lint_document,
    read_aliases,
)
from unit.policy.lint_drafts import SOUND, aliases, from_example

ROWS = {row.name: row for row in CODES if row.name.startswith("BP4")}
KNOWN = {
    "053d3325-282c-4e5c-b944-24faffd30d77": KnownDefinition("Old agent", True, {"logAnalytics": True}),
    "013e242c-8828-4970-87b3-ab247555486d": KnownDefinition("Backup", False, {"effect": False}),
}


def test_every_rule_is_explained_and_every_explanation_has_a_rule() -> None:
    assert list(ROWS) == list(LINT_RULES.names())


def test_each_rule_has_one_check_and_a_name_of_its_own() -> None:
    for rule in LINT_RULES:
        assert [rule.envelope, rule.rule, rule.initiative].count(None) == 2, rule.name
        assert rule.summary == ROWS[rule.name].title
    slugs = [rule.slug for rule in LINT_RULES]
    assert len(set(slugs)) == len(slugs)


def test_a_rule_is_found_by_code_and_by_name() -> None:
    assert lint_code("bp410") == lint_code("Like-Without-Wildcard") == "BP410"
    assert lint_code("nothing") is None


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_examples_are_true(row: CodeRow) -> None:
    def raised(example: str) -> set[str]:
        text = json.dumps(from_example(json.loads(example)))
        found = lint_document(parse(text, "policy.json"), aliases=aliases(complete=False), known=KNOWN.get)
        return {diagnostic.code for diagnostic in found}

    assert row.bad
    assert row.name in raised(row.bad)
    after = raised(row.good)
    assert row.name not in after
    assert not any(code.startswith(("BP1", "BP3")) for code in after)


def test_ignored_rules_are_left_out() -> None:
    text = json.dumps(SOUND).replace('"Microsoft.Storage/storageAccounts"', '"storageAccounts"')
    document = parse(text, "policy.json")
    assert "BP434" in {found.code for found in lint_document(document)}
    assert "BP434" not in {found.code for found in lint_document(document, ignore={"BP434"})}


def test_a_definition_that_does_not_parse_gives_its_faults() -> None:
    found = lint_document(
        parse('{"if": {"field": "name", "equal": "x"}, "then": {"effect": "audit"}}', "p.json")
    )
    assert [(one.code, one.severity) for one in found] == [("BP304", Severity.ERROR)]
    assert [one.code for one in lint_document(parse("[]", "p.json"))] == ["BP301"]


def test_microsofts_own_controls_are_left_alone() -> None:
    text = json.dumps(
        {
            "properties": {
                "policyType": "Static",
                "policyRule": {"if": {"value": "a", "equals": "b"}, "then": {"effect": "audit"}},
            }
        }
    )
    assert lint_document(parse(text, "p.json")) == ()


def test_shipped_policies_are_clean(root: Path) -> None:
    table = read_aliases(load(root / "policies" / "aliases.json"))
    files = sorted((root / "policies").glob("*/*/policy.json"))
    assert files
    found = [
        str(diagnostic)
        for file in files
        for diagnostic in lint_document(load(file), aliases=table)
        if diagnostic.severity is not Severity.INFO
    ]
    assert found == []


def test_no_rule_finds_fault_with_much_of_what_microsoft_ships(shared: Path) -> None:
    files = Counter[str]()
    count = 0
    for path in sorted((shared / "data" / "azure-policy").rglob("*.json")):
        document = load(path)
        if is_definition(document.value) or is_policy_set(document.value):
            count += 1
            found = lint_document(document, ignore={"BP402"})
            files.update({diagnostic.code for diagnostic in found})
    assert count > 700
    # a rule that objects to more than one definition in twenty is a matter of taste
    assert {code: number for code, number in files.items() if number > count / 20} == {}
