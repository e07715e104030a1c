"""Rules made to exhaust memory or time: each ends in a diagnostic or a state."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from blueprinter.arm import ExpressionError
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse
from blueprinter.policy import ComplianceState, UnsupportedReason, read_definition
from blueprinter.policy import interpret as interpreter
from blueprinter.policy.patterns import like_matcher
from unit.policy.small_policies import definition, resource, state

LONG = "padLeft('a', 131072, 'a')"
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
    assert state(policy, resource("Contoso.Test/things", "a")).state is ComplianceState.ERROR


def test_each_member_with_each() -> None:
    policy = definition({"value": f"[intersection({MANY}, {MANY})]", "exists": True})
    found = state(policy, resource("Contoso.Test/things", "a"))
    assert found.state in (ComplianceState.ERROR, ComplianceState.NON_COMPLIANT)


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
    few = resource("Contoso.Test/things", "a", properties={"a": [0] * 30, "b": [0] * 30})
    assert state(policy, few).state is ComplianceState.NON_COMPLIANT
    many = resource("Contoso.Test/things", "a", properties={"a": [0] * 40, "b": [0] * 40})
    found = state(policy, many)
    assert (found.state, found.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.LIMIT)


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
