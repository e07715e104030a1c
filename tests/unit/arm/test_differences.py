"""Every rule about which sources differ has an expression that shows it."""

from __future__ import annotations

import pytest

from blueprinter.arm import DIFFERENCES, Difference, evaluate_request


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.name)
def test_rule(row: Difference) -> None:
    answer = evaluate_request({"expression": row.expression})
    assert answer == {"value": row.value} if row.value != "error" else "error" in answer
    assert row.question.endswith("?")
    assert row.ours.endswith((".", ")."))
    assert row.other.endswith(".")
