"""What findings about arrays say: how many members are wanted, of which kind, and which one is too much."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.policy import AliasTable
from unit.policy.small_policies import definition, resource, state

RULES = "Contoso.Test/things/rules[*]"
ALIASES = AliasTable.inline(
    {
        RULES: "properties.rules[*]",
        f"{RULES}.access": "properties.rules[*].properties.access",
        f"{RULES}.port": "properties.rules[*].properties.port",
    }
)
OPEN = {
    "allOf": [
        {"field": f"{RULES}.access", "equals": "Allow"},
        {"anyOf": [{"field": f"{RULES}.port", "in": [22, 3389]}, {"field": f"{RULES}.port", "equals": "*"}]},
    ]
}
PHRASE = "access is Allow and (port is one of 22, 3389 or port is *)"


def finding(condition: Any, *rules: Any, tags: Any = None, **parameters: Any) -> tuple[str, str, str]:
    subject = resource("Contoso.Test/things", "a", properties={"rules": list(rules)}, tags=tags or {})
    found = state(definition(condition, parameters=parameters), subject, aliases=ALIASES)
    assert found.state in ("NonCompliant", "Compliant")
    return found.path, found.expected, found.actual


def rule(name: str, access: str = "Allow", port: Any = 22) -> dict[str, Any]:
    return {"name": name, "properties": {"access": access, "port": port}}


def count(where: Any = None, **operator: Any) -> dict[str, Any]:
    inner: dict[str, Any] = {"field": RULES}
    if where is not None:
        inner["where"] = where
    return {"count": inner, **operator}


def test_the_member_that_is_too_much_is_named() -> None:
    assert finding(count(OPEN, greater=0), rule("web", port=443), rule("allow-rdp-any", port=3389)) == (
        "properties.rules[1]",
        f"no element where {PHRASE}",
        "allow-rdp-any",
    )


def test_several_are_counted() -> None:
    found = finding(count(OPEN, greaterOrEquals=1), rule("a"), rule("b"), rule("c", port="*"))
    assert found == ("properties.rules[0]", f"no element where {PHRASE}", "a and 2 more")


@pytest.mark.parametrize(
    ("operator", "names", "expected", "actual"),
    [
        ({"equals": 0}, [], "an element", "none"),
        ({"notEquals": 0}, ["a"], "no element", "a"),
        ({"less": 1}, [], "an element", "none"),
        ({"less": 3}, ["a"], "at least 3 elements", "1"),
        ({"greater": 2}, ["a", "b", "c"], "at most 2 elements", "3"),
        ({"lessOrEquals": 1}, ["a"], "at least 2 elements", "1"),
        ({"notEquals": 2}, ["a"], "exactly 2 elements", "1"),
        ({"notEquals": 1}, [], "exactly 1 element", "none"),
        ({"greater": 1000000}, [], "at most 1000000 elements", "none"),
    ],
)
def test_numbers(operator: Any, names: list[str], expected: str, actual: str) -> None:
    path, wanted, there = finding(count(**operator), *map(rule, names))
    assert (wanted, there) == (expected, actual)
    assert path == ("properties.rules[0]" if actual == "a" else "properties.rules[*]")


@pytest.mark.parametrize(
    ("where", "phrase"),
    [
        ({"field": RULES, "exists": True}, "it is present"),
        ({"field": f"{RULES}.port", "exists": "false"}, "port is absent"),
        ({"not": {"field": f"{RULES}.port", "equals": 80}}, "not (port is 80)"),
        ({"field": f"{RULES}.access", "contains": "low"}, "access contains low"),
        ({"field": RULES, "containsKey": "name"}, "it has the key name"),
        ({"field": "tags.env", "notEquals": "x"}, "tags.env is not x"),
        (
            {"value": f"[length(current('{RULES}').name)]", "less": 9},
            f"[length(current('{RULES}').name)] is less than 9",
        ),
        ({"value": 1, "lessOrEquals": 1}, "1 is at most 1"),
        (
            {"value": f"[first(field('{RULES}.access'))]", "equals": "allow"},
            "what is computed from access is allow",
        ),
        ({"value": "[field('name')]", "equals": "a"}, "name is a"),
        ({"count": {"value": ["a"]}, "equals": 1}, "the number of values is 1"),
        ({"field": f"{RULES}.access", "equals": f"[current('{RULES}.access')]"}, "access is Allow"),
    ],
)
def test_phrases(where: Any, phrase: str) -> None:
    if phrase == "port is absent":
        expected = finding(count(where, greater=0), {"name": "a", "properties": {"access": "Allow"}})
    else:
        expected = finding(count(where, greater=0), rule("a"))
    assert expected == ("properties.rules[0]", f"no element where {phrase}", "a")


def test_a_long_condition_is_cut() -> None:
    where = {
        "anyOf": [{"field": f"{RULES}.access", "equals": f"value number {place}"} for place in range(50)]
    }
    where["anyOf"].append({"field": f"{RULES}.access", "equals": "Allow"})
    _, expected, _ = finding(count(where, greater=0), rule("a"))
    assert len(expected) < 300
    assert expected.endswith("…")


def test_members_of_a_list_of_the_rule() -> None:
    missing = {
        "count": {
            "value": "[parameters('wanted')]",
            "name": "tag",
            "where": {"field": "[concat('tags[', current('tag'), ']')]", "exists": False},
        },
        "greater": 0,
    }
    wanted = {"type": "Array", "defaultValue": ["owner", "env", "cost"]}
    assert finding(missing, tags={"owner": "x"}, wanted=wanted) == (
        "",
        "no element where [concat('tags[', current('tag'), ']')] is absent",
        "env and 1 more",
    )


def test_what_complies_says_so_too() -> None:
    found = finding(count(OPEN, greater=0), rule("web", port=443))
    assert found == ("properties.rules[*]", f"no element where {PHRASE}", "none")
