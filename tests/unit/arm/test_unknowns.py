"""What only Azure knows; how it is reduced stands in `cases/unknowns.yaml`."""

from __future__ import annotations

import pytest

from blueprinter.arm import Unknown, evaluate_request, has_unknown, value_text


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("[add(reference('r').x, 'a')]", "expects `operand2` to be an integer, got a string"),
        ("[if(1, reference('r'), 2)]", "expects `condition` to be a boolean"),
        ("[and(reference('r').on, 1)]", "expects booleans, got an integer"),
    ],
)
def test_known_faults_are_found_beside_unknowns(expression: str, message: str) -> None:
    assert message in str(evaluate_request({"expression": expression}).get("error"))


def test_value_text() -> None:
    value = ["it's", 1, 1.5, True, None, {"k": Unknown("reference('r').x")}]
    assert value_text(value) == (
        "createArray('it''s', 1, json('1.5'), true(), null(), createObject('k', reference('r').x))"
    )


def test_has_unknown_looks_deep() -> None:
    assert has_unknown({"a": [{"b": Unknown("x()")}]})
    assert not has_unknown({"a": [{"b": None}]})
