"""Rules made to exhaust memory or time: each ends in a diagnostic or a state."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from blueprinter.arm import ExpressionError, policy_equal
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse
from blueprinter.policy import ComplianceState, UnsupportedReason, read_definition
from blueprinter.policy import interpret as interpreter
from blueprinter.policy.patterns import like_matcher
from unit.policy.small_policies import definition, resource, state

LONG = "first(createArray(replace('" + "x" * 400 + "', 'x', '" + "a" * 327 + "')))"
MANY = "concat(" + ", ".join(["range(0, 10000)"] * 3) + ")"


def nest(times: int, step: Callable[[str], str], text: str) -> str:
    for _ in range(times):
        text = step(text)
    return text


BOMBS = {
    "a long text": "padLeft('a', 99999999)",
    "longer with each step": nest(60, lambda text: f"base64({text})", LONG),
    "a text for every letter": f"replace({LONG}, 'a', {LONG})",
    "a text between many": f"join(range(0, 10000), {LONG})",
    "escapes of escapes": nest(30, lambda text: f"string(createArray({text}))", '\'""""\''),
    "wide fields of a format": "format('" + "{0,100000}" * 200 + "', 'a')",
    "arrays of arrays": nest(40, lambda text: f"createArray({text}, range(0, 10000))", "range(0, 10000)"),
    "a long array": "concat(" + ", ".join(["range(0, 10000)"] * 100) + ")",
    "a pattern against a long text": f"like({LONG}, {LONG})",
    "many parts": f"split({LONG}, 'a')",
    "large numbers": nest(10, lambda text: f"mul({text}, {text})", "9223372036854775807")[:80_000],
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_expressions(bomb: str) -> None:
    condition = {"value": f"[{bomb}]", "exists": True}
    text = json.dumps({"if": condition, "then": {"effect": "audit"}})
    try:
        policy = read_definition(parse(text, "p.json"))
    except InvalidInput as refused:
        assert refused.diagnostics  # noqa: PT017  (either outcome is one)
        return
    found = state(policy, resource("Contoso.Test/things", "a"))
    assert found.state is ComplianceState.ERROR or found.reason is UnsupportedReason.LIMIT


def test_each_member_with_each() -> None:
    policy = definition({"value": f"[intersection({MANY}, {MANY})]", "exists": True})
    found = state(policy, resource("Contoso.Test/things", "a"))
    assert found.reason is UnsupportedReason.LIMIT


@pytest.mark.parametrize(
    "slow",
    [f"uniqueString({LONG})", f"contains({MANY}, -1)", f"distinct({MANY})", f"like({LONG}, 'a*b?')"],
)
def test_many_slow_functions(slow: str) -> None:
    policy = definition({"allOf": [{"value": f"[{slow}]", "exists": True}] * 300})
    found = state(policy, resource("Contoso.Test/things", "a"))
    assert found.reason is UnsupportedReason.LIMIT
    assert "1,000,000" in found.detail


def test_functions_of_a_large_resource() -> None:
    policy = definition({"allOf": [{"value": "[length(field('properties.a[*]'))]", "greater": 1}] * 100})
    few = state(policy, resource("Contoso.Test/things", "a", properties={"a": [0] * 100}))
    assert few.state is ComplianceState.NON_COMPLIANT
    many = state(policy, resource("Contoso.Test/things", "a", properties={"a": [0] * 5000}))
    assert many.reason is UnsupportedReason.LIMIT


def test_many_conditions_on_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "MAX_STEPS", 1000)
    policy = definition({"allOf": [{"field": "properties.a[*]", "notLike": "*b*c"}] * 40})
    few = state(policy, resource("Contoso.Test/things", "a", properties={"a": ["a"] * 20}))
    assert few.state is ComplianceState.NON_COMPLIANT
    many = state(policy, resource("Contoso.Test/things", "a", properties={"a": ["a"] * 30}))
    assert many.reason is UnsupportedReason.LIMIT


def test_text_that_grows_from_the_resource() -> None:
    policy = definition({"value": "[concat(" + ", ".join(["field('tags.a')"] * 100) + ")]", "exists": True})
    small = state(policy, resource("Contoso.Test/things", "a", tags={"a": "x" * 1000}))
    assert small.state is ComplianceState.NON_COMPLIANT
    large = state(policy, resource("Contoso.Test/things", "a", tags={"a": "x" * 2000}))
    assert large.state is ComplianceState.ERROR
    assert "131,072" in large.detail


def test_counts_of_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "MAX_STEPS", 1000)
    inner = {
        "count": {"field": "properties.b[*]", "where": {"field": "properties.b[*]", "equals": 1}},
        "equals": 0,
    }
    outer = {"count": {"field": "properties.a[*]", "where": inner}, "greater": 0}
    policy = definition(outer)
    few = resource("Contoso.Test/things", "a", properties={"a": [0] * 20, "b": [0] * 20})
    assert state(policy, few).state is ComplianceState.NON_COMPLIANT
    many = resource("Contoso.Test/things", "a", properties={"a": [0] * 40, "b": [0] * 40})
    found = state(policy, many)
    assert (found.state, found.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.LIMIT)


@pytest.mark.parametrize(
    ("where", "properties"),
    [
        ({"field": "properties.a[*]", "notIn": [f"v{place}" for place in range(4000)]}, {}),
        ({"field": "properties.p", "notContains": "z"}, {"p": ["x"] * 4000}),
        ({"field": "properties.p", "notContainsKey": "z"}, {"p": {f"k{place}": 0 for place in range(4000)}}),
        ({"field": "properties.p", "notLike": "*b*c*"}, {"p": "ab" * 32_000}),
        ({"field": "properties.p", "notMatch": "." * 8000}, {"p": "a" * 8001}),
        ({"field": "properties.p", "less": "é" * 1000}, {"p": "é" * 1001}),
        ({"field": "properties.p", "notEquals": {"k": [["x"] * 4000]}}, {"p": {"k": [["x"] * 3999]}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_large_values_in_a_count(where: dict[str, object], properties: dict[str, object]) -> None:
    policy = definition({"count": {"field": "properties.a[*]", "where": where}, "greaterOrEquals": 0})
    few = state(policy, resource("Contoso.Test/things", "a", properties={**properties, "a": ["y"] * 50}))
    assert few.state is ComplianceState.NON_COMPLIANT
    many = state(policy, resource("Contoso.Test/things", "a", properties={**properties, "a": ["y"] * 2000}))
    assert (many.state, many.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.LIMIT)


def test_large_values_without_a_count() -> None:
    condition = {"field": "properties.p", "notContains": "b"}
    policy = definition({"allOf": [condition] * 200})
    few = state(policy, resource("Contoso.Test/things", "a", properties={"p": "a" * 50_000}))
    assert few.state is ComplianceState.NON_COMPLIANT
    many = state(policy, resource("Contoso.Test/things", "a", properties={"p": "a" * 500_000}))
    assert many.reason is UnsupportedReason.LIMIT


def test_equal_objects_whose_keys_differ_in_case() -> None:
    low, high = ({f"{letter}{place}": place for place in range(20_000)} for letter in "kK")
    assert policy_equal(low, high) is True
    assert policy_equal({**low, "z": 1}, {**high, "y": 1}) is False


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*" * 5000 + "a", "b" * 5000, False),
        ("a*" * 5000 + "b", "a" * 10_000, False),
        ("a*" * 5000 + "a", "a" * 10_000, True),
        ("*a?a*", "xxabaxx", True),
        ("*a?a", "xxabxa", False),
        ("a*a", "a", False),
        ("ab*ba", "aba", False),
        ("?*?", "a", False),
        ("?*?", "ab", True),
        ("", "", True),
        ("*", "", True),
        ("?", "", False),
        ("a.c[0-9]*", "a.c[0-9]x", True),
        ("(a+)+$*", "aaaa", False),
    ],
)
def test_patterns_of_like(pattern: str, text: str, fits: bool) -> None:
    assert like_matcher(pattern)(text) is fits


def test_a_pattern_with_single_characters_against_a_long_text() -> None:
    with pytest.raises(ExpressionError):
        like_matcher("*" + "a?" * 20_000 + "b*")("a" * 100_000)


def test_deep_resources() -> None:
    body: object = "x"
    for _ in range(2000):
        body = {"p": body}
    policy = definition(
        {"anyOf": [{"field": "properties.p", "equals": {"p": {}}}, {"field": "properties.p", "like": "*"}]}
    )
    found = state(policy, resource("Contoso.Test/things", "a", properties=body))
    assert found.state in (ComplianceState.COMPLIANT, ComplianceState.ERROR)
