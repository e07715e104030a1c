"""Expressions whose values the documentation or Azure's own engine gives; the vectors stand beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blueprinter.arm import evaluate_request

VECTORS = Path(__file__).parents[3] / "shared" / "conformance" / "arm-expressions.json"
REQUEST = ("expression", "parameters", "variables", "functions", "context")


def vectors() -> list[Any]:
    if not VECTORS.is_file():
        return [
            pytest.param(
                None, marks=pytest.mark.skip(reason="needs the conformance cases beside the checkout")
            )
        ]
    found = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(vector, id=vector["id"]) for vector in found]


def same(left: Any, right: Any) -> bool:
    """Equal but for the order of properties and the type of a number; a boolean is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


@pytest.mark.parametrize("vector", vectors())
def test_vector(vector: dict[str, Any]) -> None:
    answer = evaluate_request({key: vector[key] for key in REQUEST if key in vector})
    if "error" in vector:
        assert "error" in answer, answer
    else:
        assert "value" in answer, answer
        assert same(answer["value"], vector["expected"]), answer["value"]
