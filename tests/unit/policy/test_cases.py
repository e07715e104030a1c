"""The policy language, one file of cases a feature.

`cases/<feature>.yaml` is a list of groups. A group states a rule (`if`, with `then` where the effect matters), the
parameters and aliases it needs, and cases in the format of policy tests. `holds: true|false` in a case is short
for the outcome of an audit rule.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blueprinter.document import load, parse
from blueprinter.policy import AliasTable, CaseResult, run_cases

FOLDER = Path(__file__).parent / "cases"
GROUP_KEYS = {"about", "if", "then", "mode", "policyType", "parameters", "aliases", "cases"}
OUTCOMES = {
    True: {"state": "NonCompliant", "effect": "audit"},
    False: {"state": "Compliant", "effect": None},
}


def groups() -> list[Any]:
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        listed = load(file).value
        assert isinstance(listed, list)
        for group in listed:
            assert isinstance(group, dict)
            assert set(group) <= GROUP_KEYS, f"{file.name}: {group['about']}"
            for place, case in enumerate(group["cases"]):
                name = case.get("name") or f"{group['about']} {place + 1}"
                found.append(pytest.param(group, case, id=f"{file.stem}: {group['about']}: {name}"))
    return found


def run(group: dict[str, Any], case: dict[str, Any]) -> CaseResult:
    definition = {
        "properties": {
            "mode": group.get("mode", "All"),
            "policyType": group.get("policyType", "Custom"),
            "parameters": group.get("parameters", {}),
            "policyRule": {"if": group["if"], "then": group.get("then", {"effect": "audit"})},
        }
    }
    whole = {"name": "case", "resource": {}, **case}
    whole["resource"] = {"type": "Contoso.Test/things", **whole["resource"]}
    if "holds" in whole:
        whole["expect"] = OUTCOMES[whole.pop("holds")]
    text = json.dumps({"definition": definition, "aliases": group.get("aliases", {}), "cases": [whole]})
    (result,) = run_cases(parse(text, str(FOLDER / "case.tests.json")), FOLDER, AliasTable.empty())
    return result


@pytest.mark.parametrize(("group", "case"), groups())
def test_language(group: dict[str, Any], case: dict[str, Any]) -> None:
    result = run(group, case)
    assert result.passed, f"expected {dict(result.expected)}, got {dict(result.actual)}"
