"""Every rule of `policy lint`, by a file of cases each: what raises it and where, and what is clean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from blueprinter.diagnostics import Diagnostic, Severity
from blueprinter.document import parse
from blueprinter.policy import LINT_RULES, lint_document
from unit.policy.lint_drafts import KNOWN, aliases, draft

FILES = sorted((Path(__file__).parent / "lint").glob("*.yaml"))


def cases(kind: str) -> list[Any]:
    found = []
    for file in FILES:
        stated = yaml.safe_load(file.read_text(encoding="utf-8"))
        for case in stated[kind]:
            found.append(pytest.param(stated["rule"], case, id=f"{file.stem}: {case['name']}"))
    return found


def found_in(case: dict[str, Any]) -> tuple[str, tuple[Diagnostic, ...]]:
    text = json.dumps(draft(case), indent=2, ensure_ascii=False)
    table = aliases(complete=case.get("complete", False))
    return text, lint_document(parse(text, "policy.json"), aliases=table, known=KNOWN.get)


def at(text: str, found: Diagnostic) -> Any:
    """The JSON value at the place of a diagnostic."""
    lines = text.split("\n")
    where = found.position
    if where.line == where.end_line:
        return json.loads(lines[where.line - 1][where.column - 1 : where.end_column - 1])
    inside = [lines[where.line - 1][where.column - 1 :], *lines[where.line : where.end_line - 1]]
    return json.loads("\n".join([*inside, lines[where.end_line - 1][: where.end_column - 1]]))


@pytest.mark.parametrize(("rule", "case"), cases("bad"))
def test_bad(rule: str, case: dict[str, Any]) -> None:
    text, diagnostics = found_in(case)
    row = LINT_RULES.get(rule)
    assert row is not None
    mine = [found for found in diagnostics if found.code == rule]
    assert [at(text, found) for found in mine] == case["at"]
    assert {found.severity for found in mine} == {row.severity}
    if "hint" in case:
        assert case["hint"] in {found.hint for found in mine}


@pytest.mark.parametrize(("rule", "case"), cases("good"))
def test_good(rule: str, case: dict[str, Any]) -> None:
    _, diagnostics = found_in(case)
    assert rule not in {found.code for found in diagnostics}
    assert [str(found) for found in diagnostics if found.severity is not Severity.INFO] == []


def test_an_effect_with_a_bracket_too_many_is_told_once() -> None:
    _, diagnostics = found_in({"then": {"effect": "[[parameters('effect')]"}})
    assert {"BP440", "BP443"} & {found.code for found in diagnostics} == {"BP443"}


def test_every_rule_has_cases() -> None:
    stated = [yaml.safe_load(file.read_text(encoding="utf-8"))["rule"] for file in FILES]
    assert stated == list(LINT_RULES.names())


def test_the_sound_definition_is_clean() -> None:
    text = json.dumps(draft({}))
    assert lint_document(parse(text, "policy.json"), aliases=aliases(complete=True)) == ()
