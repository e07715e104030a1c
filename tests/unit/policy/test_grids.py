"""Grids of the policy language: a row says what one condition gives for one resource.

`grids/operators.yaml`, `fields.yaml`, `members.yaml` and `counts.yaml` hold rows: a condition, the properties (`of`) or
the resource that it is asked of, and what it gives (true, false, Error, or the stage that refuses it).
`functions.yaml` holds expressions, `refused.yaml` conditions that have the wrong form.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blueprinter.document import load
from unit.policy.test_cases import run

FOLDER = Path(__file__).parent / "grids"
ALIASES = {
    name: f"properties.{name}"
    for name in ("p", "q[*]", "r[*]", "r[*].v", "r[*].c", "r[*].s[*]", "r[*].s[*].n")
}
BESIDE = ("of", "gives", "resource", "parameters", "apiVersion")


def grid(name: str) -> Any:
    return load(FOLDER / f"{name}.yaml").value


def rows(name: str) -> list[Any]:
    return [pytest.param(row, id=f"{name}: {place + 1}") for place, row in enumerate(grid(name))]


def check(condition: Any, gives: Any, **case: Any) -> None:
    parameters = {name: {"type": "Object"} for name in case.get("parameters", {})}
    group = {"if": condition, "aliases": ALIASES, "parameters": parameters}
    if isinstance(gives, bool):
        case["holds"] = gives
    elif gives == "Error":
        case["expect"] = {"state": "Error", "effect": None}
    else:
        case["expect"] = {"error": gives}
    result = run(group, case)
    assert result.passed, f"{condition}: {dict(result.actual)}"


@pytest.mark.parametrize("row", rows("operators"))
def test_operator(row: Any) -> None:
    condition = {"field": "p", **{key: value for key, value in row.items() if key not in BESIDE}}
    properties = {"p": row["of"]} if "of" in row else {}
    check(condition, row["gives"], resource={"properties": properties})


@pytest.mark.parametrize("row", [*rows("fields"), *rows("members"), *rows("counts")])
def test_condition(row: Any) -> None:
    condition = {key: value for key, value in row.items() if key not in BESIDE}
    case = {key: row[key] for key in ("parameters", "apiVersion") if key in row}
    check(condition, row["gives"], resource=row.get("resource", {"properties": row.get("of", {})}), **case)


@pytest.mark.parametrize("condition", rows("refused"))
def test_refused(condition: Any) -> None:
    check(condition, "parse")


FUNCTIONS = grid("functions")


@pytest.mark.parametrize(("expression", "value"), FUNCTIONS["gives"].items(), ids=FUNCTIONS["gives"])
def test_function(expression: str, value: Any) -> None:
    check({"value": f"[{expression}]", "equals": value}, True)
    check({"value": f"[{expression}]", "notEquals": value}, False)


@pytest.mark.parametrize("expression", FUNCTIONS["fails"])
def test_function_that_fails(expression: str) -> None:
    check({"value": f"[{expression}]", "equals": "x"}, "Error")
    check({"value": f"[{expression}]", "notEquals": "x"}, "Error")


@pytest.mark.parametrize(
    ("stage", "expression"), [(stage, text) for stage in ("compile", "parse") for text in FUNCTIONS[stage]]
)
def test_expression_that_is_refused(stage: str, expression: str) -> None:
    check({"value": f"[{expression}]", "equals": "x"}, stage)
