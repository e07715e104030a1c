"""Compiled expressions: errors with places, folding, limits, and the table of functions itself."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprinter.arm import (
    FUNCTIONS,
    ExpressionError,
    ExpressionSyntaxError,
    Language,
    Unknown,
    Value,
    collation_key,
    compile_expression,
    evaluate,
    evaluate_request,
    find_function,
    number_in,
    parse_expression,
    policy_compare,
    policy_equal,
)


class Group:
    """A `BlueprintContext` that counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def parameter(self, name: str) -> Value:
        self.asked += 1
        if name == "broken":
            raise ExpressionError("is broken", 99)
        return name

    def artifact(self, name: str) -> Value:
        return Unknown(f"artifacts('{name}')")

    def resource_group(self) -> Mapping[str, Value]:
        return {"name": "g"}

    def resource_group_of(self, placeholder: str) -> Mapping[str, Value]:
        return {}

    def subscription(self) -> Mapping[str, Value]:
        return {}

    def spend(self, work: int) -> None:
        """Nothing is counted here."""


def test_a_compiled_expression_runs_again_and_again() -> None:
    context = Group()
    run = compile_expression(
        parse_expression("[concat(parameters('a'), resourceGroup().name)]"), Language.BLUEPRINT
    )
    assert [run(context), run(context)] == ["ag", "ag"]
    assert context.asked == 2


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("[concat('a', parameters('broken'))]", 13),
        ("[resourceGroup().nothing]", 16),
        ("[concat(resourceGroup().nothing, 'a')]", 23),
        ("[concat('a', resourceGroup())]", 1),
    ],
)
def test_a_fault_is_placed_in_the_text_that_was_given(text: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as found:
        evaluate(text, Language.BLUEPRINT, Group())
    assert found.value.offset == offset


def test_unknowns_of_the_context_stay() -> None:
    found = evaluate("[concat('a', artifacts('n').outputs.id)]", Language.BLUEPRINT, Group())
    assert found == Unknown("concat('a', artifacts('n').outputs.id)")


@pytest.mark.parametrize(("language", "most"), [(Language.TEMPLATE, 24_576), (Language.POLICY, 81_920)])
def test_length_is_limited(language: Language, most: int) -> None:
    longest = f"[concat('{'x' * (most - 12)}')]"
    assert len(longest) == most
    assert evaluate(longest, language, Group()) == "x" * (most - 12)
    with pytest.raises(ExpressionSyntaxError, match=f"longer than {most:,} characters"):
        evaluate(longest.replace("x", "xx", 1), language, Group())


@pytest.mark.parametrize(
    "expression",
    [
        "[reduce(range(0, 60), 'x', lambda('a', 'b', concat(lambdaVariables('a'), lambdaVariables('a'))))]",
        "[reduce(range(0, 60), createArray(1), lambda('a', 'b', concat(lambdaVariables('a'), lambdaVariables('a'))))]",
        "[reduce(range(0, 60), 'x', lambda('a', 'b', replace(lambdaVariables('a'), 'x', 'xx')))]",
        "[reduce(range(0, 60), 'x', lambda('a', 'b', join(map(range(0, 2), lambda('i', lambdaVariables('a'))), '')))]",
        "[padLeft('x', 9999999)]",
        "[format('{0,999999}{0,999999}{0,999999}{0,999999}{0,999999}', 1)]",
        "[reduce(range(0, 5000), 1, lambda('a', 'b', createArray(lambdaVariables('a'))))]",
    ],
)
def test_values_that_grow_without_end_are_refused(expression: str) -> None:
    assert "error" in evaluate_request({"expression": expression})


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "has no `expression`"),
        ({"expression": 5}, "has no `expression`"),
        ({"expression": "[1]", "context": {"scope": "planet"}}, "the scope must be one of"),
        (
            {"expression": "[1]", "context": {"subscription": "x"}},
            "unknown key `subscription` in the context",
        ),
        ({"expression": "[1]", "context": {"tenantId": 5}}, "must be a string"),
        ({"expression": "[1]", "parameters": [1]}, "must be an object"),
    ],
)
def test_malformed_requests_are_answered(request_: dict[str, object], message: str) -> None:
    assert message in str(evaluate_request(request_).get("error"))  # type: ignore[arg-type]  # that is the point


def test_text_that_is_no_expression_is_its_value() -> None:
    assert evaluate_request({"expression": "[[x]"}) == {"value": "[x]"}
    assert evaluate_request({"expression": "plain"}) == {"value": "plain"}


def test_the_table_describes_every_function() -> None:
    for row in FUNCTIONS:
        assert row.summary, row.name
        assert not row.summary.endswith("."), row.name
        assert row.available_in, row.name
        names = [parameter.name for parameter in row.parameters]
        assert len(set(names)) == len(names), row.name
        optional = [parameter.optional for parameter in row.parameters]
        assert optional == sorted(optional), f"{row.name}: optional parameters come last"
        assert row.maximum is None or row.minimum <= row.maximum


def test_functions_are_found_without_regard_to_case() -> None:
    found = find_function("TOLOWER")
    assert found is not None
    assert found.name == "toLower"
    assert find_function("listKeys") is find_function("listSecrets")
    assert find_function("lis") is None


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_unique_string_is_stable_and_well_formed(parts: list[str]) -> None:
    quoted = ", ".join("'" + part.replace("'", "''") + "'" for part in parts)
    first = evaluate(f"[uniqueString({quoted})]", Language.TEMPLATE, Group())  # type: ignore[arg-type]  # asks nothing
    again = evaluate(f"[uniqueString({quoted})]", Language.TEMPLATE, Group())  # type: ignore[arg-type]  # asks nothing
    assert first == again
    assert isinstance(first, str)
    assert len(first) == 13
    assert set(first) <= set("abcdefghijklmnopqrstuvwxyz234567")


@given(st.text(), st.text(), st.text())
def test_collation_is_an_order(one: str, two: str, three: str) -> None:
    low, middle, high = sorted((one, two, three), key=collation_key)
    assert collation_key(low) <= collation_key(middle) <= collation_key(high)


@given(
    st.from_regex(r"[ \-./0-9a-z]{0,8}", fullmatch=True), st.from_regex(r"[ \-./0-9a-z]{0,8}", fullmatch=True)
)
def test_the_quick_order_is_that_of_the_collation(one: str, two: str) -> None:
    expected = (collation_key(one) > collation_key(two)) - (collation_key(one) < collation_key(two))
    assert policy_compare(one, two) == expected


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "1", "-2", "TRUE", "a", "A", "1.0"])
)


@given(SCALARS, SCALARS)
def test_policy_equality_is_symmetric(one: Value, two: Value) -> None:
    assert policy_equal(one, two) is policy_equal(two, one)
    assert policy_equal(one, one) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("", None),
        ("1_0", None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
    ],
)
def test_number_in(text: str, expected: int | float | None) -> None:
    assert number_in(text) == expected
