"""The tables of the package: complete, and consistent with what uses them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import blueprinter.policy as policy
from blueprinter.document import load
from blueprinter.policy import CODES, DIFFERENCES, EFFECTS, OPERATORS, OperatorRow
from blueprinter.policy.operators import words_for

SOURCE = Path(policy.__file__).parent


def test_every_code_that_is_raised_has_a_row() -> None:
    raised = {
        code
        for file in SOURCE.glob("*.py")
        if file.name != "codes.py"
        for code in re.findall(r'"(BP\d{3})"', file.read_text(encoding="utf-8"))
    }
    assert raised == {row.name for row in CODES}


@pytest.mark.parametrize("row", list(OPERATORS), ids=lambda row: row.name)
def test_opposites_contradict_each_other(row: OperatorRow) -> None:
    opposite = OPERATORS.get(row.opposite)
    assert opposite is not None
    assert opposite.opposite == row.name
    if row.name != "exists":
        for left in ("a", "b", "1"):
            assert row.holds(left, "a") is not opposite.holds(left, "a")
        assert words_for(row, "a", holds=True) == words_for(opposite, "a", holds=False)


def test_effects_are_listed_in_the_order_in_which_they_act() -> None:
    orders = [row.order for row in EFFECTS]
    assert orders == sorted(orders)


def test_differences_name_both_sources() -> None:
    for row in DIFFERENCES:
        assert any(source in row.documentation for source in ("Microsoft Learn", "Azure/azure-policy-linter"))
        assert row.other
        assert row.ours


def test_differences_name_a_case_that_shows_them() -> None:
    folder = Path(__file__).parent / "cases"
    groups = {
        f"{file.stem}: {group['about']}"
        for file in folder.glob("*.yaml")
        for group in load(file).value  # type: ignore[union-attr]  # a list of groups
    }
    elsewhere = {
        "order-of-overrides",
        "selector-without-a-location",
    }  # tests of assignments, in test_reach.py
    assert {row.name for row in DIFFERENCES if row.case not in groups} == elsewhere
