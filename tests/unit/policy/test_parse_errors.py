"""Faults of a definition: the code, and the place of exactly what is wrong."""

from __future__ import annotations

import pytest

from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse
from blueprinter.policy import read_definition, read_policy_set

RULE = '"then": {"effect": "audit"}'


def faults(text: str) -> list[tuple[str, str]]:
    """Code and the text at the place of each fault; an empty text where the place is a point."""
    document = parse(text, "policy.json")
    with pytest.raises(InvalidInput) as raised:
        read_definition(document)
    lines = text.split("\n")
    found = []
    for fault in raised.value.diagnostics:
        where = fault.position
        assert where.line == where.end_line or where.end_line == 0
        found.append((fault.code, lines[where.line - 1][where.column - 1 : where.end_column - 1]))
    return found


def rule(condition: str) -> str:
    return f'{{"if": {condition}, {RULE}}}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"displayName": "x"}', [("BP301", '{"displayName": "x"}')]),
        ('{"properties": {"parameters": {}}}', [("BP301", '{"parameters": {}}')]),
        ('{"policyRule": 5}', [("BP301", "5")]),
        ('{"policyRule": {"then": {"effect": "audit"}}}', [("BP302", '{"then": {"effect": "audit"}}')]),
        (
            '{"if": {"field": "type", "exists": true}}',
            [("BP302", '{"if": {"field": "type", "exists": true}}')],
        ),
        ('{"if": {"field": "type", "exists": true}, "then": {}}', [("BP302", "{}")]),
        ('{"if": {"field": "type", "exists": true}, "then": {"effect": 5}}', [("BP303", "5")]),
        ('{"if": {"field": "type", "exists": true}, "then": []}', [("BP303", "[]")]),
    ],
)
def test_rule(text: str, expected: list[tuple[str, str]]) -> None:
    assert faults(text) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('{"field": "type"}', [("BP302", '{"field": "type"}')]),
        ('{"equals": "x"}', [("BP302", '{"equals": "x"}')]),
        ('{"field": "name", "like": "a", "notLike": "b"}', [("BP305", '"notLike"')]),
        ('{"field": "name", "value": "x", "equals": "b"}', [("BP305", '"value"')]),
        ('{"field": "name", "equal": "b"}', [("BP304", '"equal"')]),
        ('{"field": "name", "equals": "b", "comment": "c"}', [("BP304", '"comment"')]),
        ('{"allOf": [], "field": "x"}', [("BP304", '"field"')]),
        ('{"anyOf": {"field": "x", "equals": "y"}}', [("BP303", '{"field": "x", "equals": "y"}')]),
        ('{"not": [1]}', [("BP303", "[1]")]),
        ('{"allOf": ["x"]}', [("BP303", '"x"')]),
        ('{"field": 5, "equals": "x"}', [("BP303", "5")]),
        ('{"field": "a", "FIELD": "b", "equals": "x"}', [("BP306", '"FIELD"')]),
        ('{"allOf": [], "allof": []}', [("BP306", '"allof"')]),
        ('{"field": "a", "exists": {}}', [("BP303", "{}")]),
        ('{"count": {"field": "a[*]", "value": []}, "equals": 0}', [("BP305", '"value"')]),
        ('{"count": {}, "equals": 0}', [("BP302", "{}")]),
        ('{"count": {"value": ["a"], "name": 42}, "equals": 0}', [("BP303", "42")]),
        ('{"count": {"field": "a[*]", "name": "n"}, "equals": 0}', [("BP304", '"name"')]),
        ('{"count": {"field": "a[*]", "were": {}}, "equals": 0}', [("BP304", '"were"')]),
        ('{"count": {"value": 5}, "equals": 0}', [("BP303", "5")]),
        ('{"count": [], "equals": 0}', [("BP303", "[]")]),
        ('{"field": "[parameters(\'f\')]", "equals": "x"}', [("BP311", "\"[parameters('f')]\"")]),
        ('{"field": "[concat(\'a\', \'b\')]", "equals": "x"}', [("BP311", "\"[concat('a', 'b')]\"")]),
        ('{"value": "[current(\'x\')]", "equals": 1}', [("BP310", "current('x')]\"")]),
        ('{"value": "[concat(]", "equals": 1}', [("BP307", ']"')]),
        ('{"value": "[nope(1)]", "equals": 1}', [("BP308", 'nope(1)]"')]),
        ('{"value": "[reference(\'x\')]", "equals": 1}', [("BP308", "reference('x')]\"")]),
        ('{"value": "[length()]", "equals": 1}', [("BP308", 'length()]"')]),
    ],
)
def test_condition(condition: str, expected: list[tuple[str, str]]) -> None:
    assert faults(rule(condition)) == expected


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ('{"effect": "modify"}', [("BP312", '{"effect": "modify"}')]),
        ('{"effect": "modify", "details": {"operations": 5}}', [("BP312", "5")]),
        (
            '{"effect": "modify", "details": {"operations": [{"operation": "put", "field": "tags.a", "value": 1}]}}',
            [("BP312", '"put"')],
        ),
        (
            '{"effect": "modify", "details": {"operations": [{"operation": "add", "field": "tags.a"}]}}',
            [("BP312", '{"operation": "add", "field": "tags.a"}')],
        ),
        ('{"effect": "append", "details": {"field": "a"}}', [("BP312", '{"field": "a"}')]),
        ('{"effect": "append", "details": [{"field": "a"}]}', [("BP312", '{"field": "a"}')]),
        ('{"effect": "auditIfNotExists", "details": {"name": "x"}}', [("BP312", '{"name": "x"}')]),
        ('{"effect": "deployIfNotExists", "details": {"type": 5}}', [("BP312", "5")]),
        (
            '{"effect": "auditIfNotExists", "details": {"type": "a/b", "existenceCondition": {"field": "x"}}}',
            [("BP302", '{"field": "x"}')],
        ),
    ],
)
def test_details(then: str, expected: list[tuple[str, str]]) -> None:
    assert faults(f'{{"if": {{"field": "type", "exists": true}}, "then": {then}}}') == expected


def test_all_faults_are_told_at_once() -> None:
    text = """{
  "if": {"allOf": [
    {"field": "name", "equal": "x"},
    {"value": "[nope()]", "equals": 1},
    {"not": []}
  ]},
  "then": {}
}"""
    assert [code for code, _ in faults(text)] == ["BP304", "BP308", "BP303", "BP302"]


def test_hints_name_the_nearest() -> None:
    with pytest.raises(InvalidInput) as raised:
        read_definition(parse(rule('{"field": "name", "notEqual": "b"}'), "p.json"))
    (fault,) = raised.value.diagnostics
    assert fault.hint == "did you mean `notEquals`?"
    assert str(fault.position) == "p.json:1:26"
    assert fault.position.pointer == "/if/notEqual"


def test_parameters_must_be_declared() -> None:
    text = (
        '{"properties": {"parameters": {"allowed": {"type": "Array"}}, "policyRule": '
        + rule('{"field": "name", "in": "[parameters(\'alowed\')]"}')
        + "}}"
    )
    with pytest.raises(InvalidInput) as raised:
        read_definition(parse(text, "p.json"))
    (fault,) = raised.value.diagnostics
    assert (fault.code, fault.hint) == ("BP309", "did you mean `allowed`?")


def test_a_bare_rule_declares_nothing() -> None:
    definition = read_definition(
        parse(rule('{"field": "name", "in": "[parameters(\'x\')]"}'), "p.json"), name="n"
    )
    assert (definition.name, definition.mode, dict(definition.parameters)) == ("n", "All", {})


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ('{"p": {"type": "Text"}}', "BP313"),
        ('{"p": 5}', "BP313"),
        ('{"p": {}, "P": {}}', "BP306"),
        ("[]", "BP313"),
    ],
)
def test_parameter_declarations(declared: str, code: str) -> None:
    text = f'{{"parameters": {declared}, "policyRule": {rule("""{"field": "name", "exists": true}""")}}}'
    assert [found for found, _ in faults(text)] == [code]


def nested(depth: int) -> str:
    return '{"not": ' * depth + '{"field": "name", "exists": true}' + "}" * depth


def test_depth() -> None:
    read_definition(parse(rule(nested(100)), "p.json"))
    with pytest.raises(InvalidInput) as raised:
        read_definition(parse(rule(nested(10_000)), "p.json"))
    assert [fault.code for fault in raised.value.diagnostics] == ["BP104"]


def test_functions_nested_too_deeply() -> None:
    text = "[" + "not(" * 65 + "true()" + ")" * 65 + "]"
    assert faults(rule(f'{{"value": "{text}", "equals": true}}'))[0][0] == "BP314"


def test_an_endless_expression_is_no_crash() -> None:
    text = "[" + "(" * 20_000 + "]"
    assert faults(rule(f'{{"value": "{text}", "equals": true}}'))[0][0] in ("BP307", "BP314")
    text = "[" + "not(" * 15_000 + "true()" + ")" * 15_000 + "]"
    assert faults(rule(f'{{"value": "{text}", "equals": true}}'))[0][0] in ("BP307", "BP314")


def test_limits_of_a_rule() -> None:
    one = '{"field": "name", "equals": "x"}'
    read_definition(parse(rule(f'{{"anyOf": [{", ".join([one] * 4096)}]}}'), "p.json"))
    assert faults(rule(f'{{"anyOf": [{", ".join([one] * 4097)}]}}'))[0][0] == "BP314"
    count = '{"count": {"field": "a[*]"}, "equals": 0}'
    read_definition(parse(rule(f'{{"allOf": [{", ".join([count] * 5)}]}}'), "p.json"))
    assert faults(rule(f'{{"allOf": [{", ".join([count] * 6)}]}}'))[0][0] == "BP314"
    values = '{"count": {"value": []}, "equals": 0}'
    assert faults(rule(f'{{"allOf": [{", ".join([values] * 11)}]}}'))[0][0] == "BP314"


SET = '{"properties": {"parameters": {"e": {"type": "String"}}, "policyDefinitions": [%s]}}'


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        ("{}", ["BP321"]),
        ('{"policyDefinitionId": "/a/b", "parameters": {"x": 5}}', ["BP322"]),
        ('{"policyDefinitionId": "/a/b", "parameters": {"x": {"value": "[parameters(\'f\')]"}}}', ["BP322"]),
        ('{"policyDefinitionId": "/a/b", "parameters": {"x": {"value": "[parameters(]"}}}', ["BP322"]),
        (
            '{"policyDefinitionId": "a", "policyDefinitionReferenceId": "r"},'
            ' {"policyDefinitionId": "b", "policyDefinitionReferenceId": "R"}',
            ["BP321"],
        ),
    ],
)
def test_initiatives(members: str, codes: list[str]) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_policy_set(parse(SET % members, "set.json"))
    assert [fault.code for fault in raised.value.diagnostics] == codes


def test_not_an_initiative() -> None:
    with pytest.raises(InvalidInput) as raised:
        read_policy_set(parse('{"properties": {}}', "set.json"))
    assert [fault.code for fault in raised.value.diagnostics] == ["BP320"]
