"""Letter case says nothing: cases of every shipped policy come out alike when the resource, the related resources or
the rule are spelled in capitals (Microsoft Learn, "Azure Policy definition structure policy rule": names and values are
compared without regard to case, but for match and notMatch)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.document import load, parse
from blueprinter.policy import run_cases

WORDS = {
    "allof", "anyof", "not", "field", "value", "count", "where", "equals", "notequals", "in", "notin", "like",
    "notlike", "contains", "notcontains", "exists", "greater", "greaterorequals", "less", "lessorequals", "containskey",
    "notcontainskey",
}  # fmt: skip

MOST_CASES = 2
"""Cases of a file that are asked: by habit the first ones comply and do not."""


def capitals(value: Any, *, keys: bool) -> Any:
    """A value with its keys, or all of its other texts, in capitals."""
    if isinstance(value, dict):
        return {key.upper() if keys else key: capitals(member, keys=keys) for key, member in value.items()}
    if isinstance(value, list):
        return [capitals(member, keys=keys) for member in value]
    return value.upper() if isinstance(value, str) and not keys else value


def words(value: Any) -> Any:
    """A condition with the words of the language in capitals."""
    if isinstance(value, dict):
        return {key.upper() if key.lower() in WORDS else key: words(member) for key, member in value.items()}
    return [words(member) for member in value] if isinstance(value, list) else value


def resource_keys(policy: Any, case: Any) -> None:
    case["resource"] = capitals(case["resource"], keys=True)


def related_keys(policy: Any, case: Any) -> None:
    case["related"] = capitals(case.get("related", []), keys=True)


def rule_words(policy: Any, case: Any) -> None:
    rule = policy["properties"]["policyRule"]
    rule["if"] = words(rule["if"])


def type_and_name(policy: Any, case: Any) -> None:
    for key in ("type", "name", "kind", "location"):
        if isinstance(case["resource"].get(key), str):
            case["resource"][key] = case["resource"][key].upper()


@pytest.fixture(scope="module")
def workspace(root: Path) -> Workspace:
    return open_workspace(root)


@pytest.mark.parametrize("change", [resource_keys, related_keys, rule_words, type_and_name])
def test_capitals_change_nothing(
    root: Path, workspace: Workspace, change: Callable[[Any, Any], None]
) -> None:
    compared = 0
    for file in sorted((root / "policies").rglob("tests.yaml")):
        stated: Any = load(file).value
        policy: Any = load(file.parent / stated["policy"]).value
        for case in stated["cases"][:MOST_CASES]:
            if not isinstance(case.get("resource"), dict):
                continue
            rule, asked = orjson.loads(orjson.dumps([policy, case]))
            change(rule, asked)
            text = orjson.dumps({"definition": rule, "cases": [asked]}).decode()
            (result,) = run_cases(parse(text, str(file)), root, workspace.aliases)
            assert result.passed, f"{file}: {case['name']}: {dict(result.actual)}"
            compared += 1
    assert compared > 400
