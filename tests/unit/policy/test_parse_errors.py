"""Faults of a definition: the code, and the place of exactly what is wrong."""

from __future__ import annotations

import json

import pytest

from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse
from blueprinter.policy import ComplianceState, read_definition, read_policy_set
from unit.policy.small_policies import resource, states

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
        ('{"source": "body", "equals": "x"}', [("BP303", '"body"')]),
        ('{"source": "action", "field": "type", "equals": "x"}', [("BP305", '"field"')]),
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
        ('{"field": "[field(\'f\')]", "equals": "x"}', [("BP311", "\"[field('f')]\"")]),
        (
            '{"field": "[concat(resourceGroup().name, \'b\')]", "equals": "x"}',
            [("BP311", "\"[concat(resourceGroup().name, 'b')]\"")],
        ),
        ('{"value": "[current(\'x\')]", "equals": 1}', [("BP310", "current('x')]\"")]),
        ('{"value": "[concat(]", "equals": 1}', [("BP307", ']"')]),
        ('{"value": "[length(\\"a\\")]", "equals": 1}', [("BP307", '"[length(\\"a\\")]"')]),
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
        ('{"effect": "modify"}', [("BP319", '{"effect": "modify"}')]),
        ('{"effect": "modify", "details": {"operations": 5}}', [("BP312", "5")]),
        (
            '{"effect": "modify", "details": {"operations": [{"operation": "put", "field": "tags.a", "value": 1}]}}',
            [("BP312", '"put"')],
        ),
        (
            '{"effect": "modify", "details": {"operations": [{"operation": "add", "field": "tags.a"}]}}',
            [("BP312", '{"operation": "add", "field": "tags.a"}')],
        ),
        ('{"effect": "append", "details": {"field": "a"}}', [("BP319", '{"field": "a"}')]),
        ('{"effect": "append", "details": [{"field": "a"}]}', [("BP312", '{"field": "a"}')]),
        ('{"effect": "auditIfNotExists", "details": {"name": "x"}}', [("BP319", '{"name": "x"}')]),
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
    assert faults(rule(f'{{"value": "{text}", "equals": true}}'))[0][0] == "BP341"


def test_an_endless_expression_is_no_crash() -> None:
    text = "[" + "(" * 20_000 + "]"
    assert faults(rule(f'{{"value": "{text}", "equals": true}}'))[0][0] in ("BP307", "BP341")
    text = "[" + "not(" * 15_000 + "true()" + ")" * 15_000 + "]"
    assert faults(rule(f'{{"value": "{text}", "equals": true}}'))[0][0] in ("BP307", "BP341")


@pytest.mark.parametrize(
    "call",
    [
        "copyIndex()",
        "dateTimeAdd('2020-01-01', 'P1D')",
        "dateTimeFromEpoch(1)",
        "dateTimeToEpoch('2020-01-01T00:00:00Z')",
        "deployment()",
        "environment()",
        "extensionResourceId('a', 'b/c', 'd')",
        "listKeys('a', '2020-01-01')",
        "listAccountSas('a', '2020-01-01')",
        "managementGroup()",
        "newGuid()",
        "pickZones('a', 'b', 'c')",
        "providers('a')",
        "reference('a')",
        "resourceId('a/b', 'c')",
        "subscriptionResourceId('a/b', 'c')",
        "tenantResourceId('a/b', 'c')",
        "tenant()",
        "variables('a')",
        "map(createArray(1), lambda('x', lambdaVariables('x')))",
        "contoso.fn('a')",
    ],
)
def test_functions_that_rules_do_not_have(call: str) -> None:
    found = faults(rule(f'{{"value": "[{call}]", "equals": 1}}'))
    assert [code for code, _ in found] == ["BP308"]


def test_functions_of_the_deployment_are_no_business_of_the_rule() -> None:
    template = '{"resources": [{"name": "[resourceId(\'a/b\', variables(\'x\'))]"}]}'
    then = (
        '{"effect": "deployIfNotExists", "details": {"type": "a/b", "deployment": {"properties": {"template": '
        + template
        + ', "parameters": {"x": {"value": "[field(\'name\')]"}}}}}}'
    )
    read_definition(parse(f'{{"if": {{"field": "type", "exists": true}}, "then": {then}}}', "p.json"))
    wrong = then.replace("field('name')", "resourceId('a/b', 'c')")
    assert [
        code for code, _ in faults(f'{{"if": {{"field": "type", "exists": true}}, "then": {wrong}}}')
    ] == ["BP308"]


def nested_conditions(depth: int, innermost: str) -> str:
    """A condition below `depth` logical operators: all three in turn, the `not` in pairs."""
    text = innermost
    for level in range(depth):
        text = [f'{{"allOf": [{text}]}}', f'{{"anyOf": [{{"field": "name", "equals": "never"}}, {text}]}}'][
            level % 2
        ]
        if level % 5 == 0:
            text = f'{{"not": {{"not": {text}}}}}'
    return text


@pytest.mark.parametrize("depth", [1, 4, 20, 50])
@pytest.mark.parametrize(("name", "holds"), [("x", True), ("y", False)])
def test_deeply_nested_conditions(depth: int, name: str, holds: bool) -> None:
    read = read_definition(
        parse(rule(nested_conditions(depth, '{"field": "name", "equals": "x"}')), "p.json")
    )
    subject = resource("Contoso.Test/things", name)
    (found,) = states(read, subject)
    assert (found.state is ComplianceState.NON_COMPLIANT) is holds


def test_deeply_nested_functions() -> None:
    text = "[" + "concat('a', " * 63 + "field('name')" + ")" * 63 + "]"
    read = read_definition(parse(rule(f'{{"value": "{text}", "like": "*ax"}}'), "p.json"))
    (found,) = states(read, resource("Contoso.Test/things", "x"))
    assert found.state is ComplianceState.NON_COMPLIANT


def test_limits_of_functions() -> None:
    def value(text: str) -> str:
        return rule(f'{{"value": "{text}", "equals": 1}}')

    arguments = ", ".join(["1"] * 128)
    read_definition(parse(value(f"[max({arguments})]"), "p.json"))
    assert [code for code, _ in faults(value(f"[max({arguments}, 1)]"))] == ["BP342"]
    long = "[concat('" + "a" * 81_920 + "')]"
    assert [code for code, _ in faults(value(long))] == ["BP343"]
    many = ", ".join(['{"value": "[true()]", "equals": true}'] * 2048)
    read_definition(parse(rule(f'{{"allOf": [{many}]}}'), "p.json"))
    more = many + ', {"value": "[true()]", "equals": true}'
    assert [code for code, _ in faults(rule(f'{{"allOf": [{more}]}}'))] == ["BP340"]


def test_limits_of_the_existence_condition() -> None:
    def then(count: int) -> str:
        members = ", ".join(['{"field": "name", "equals": "x"}'] * count)
        details = f'{{"type": "a/b", "existenceCondition": {{"allOf": [{members}]}}}}'
        return (
            '{"if": {"field": "type", "exists": true}, '
            f'"then": {{"effect": "auditIfNotExists", "details": {details}}}}}'
        )

    read_definition(parse(then(128), "p.json"))
    assert [code for code, _ in faults(then(129))] == ["BP314"]


def test_limits_of_a_rule() -> None:
    one = '{"field": "name", "equals": "x"}'
    read_definition(parse(rule(f'{{"anyOf": [{", ".join([one] * 4096)}]}}'), "p.json"))
    assert faults(rule(f'{{"anyOf": [{", ".join([one] * 4097)}]}}'))[0][0] == "BP314"
    count = '{"count": {"field": "a[*]"}, "equals": 0}'
    read_definition(parse(rule(f'{{"allOf": [{", ".join([count] * 5)}]}}'), "p.json"))
    assert faults(rule(f'{{"allOf": [{", ".join([count] * 6)}]}}'))[0][0] == "BP344"
    values = '{"count": {"value": []}, "equals": 0}'
    assert faults(rule(f'{{"allOf": [{", ".join([values] * 11)}]}}'))[0][0] == "BP345"
    related = {
        "effect": "auditIfNotExists",
        "details": {"type": "a/b", "existenceCondition": json.loads(values)},
    }
    whole = {"if": {"allOf": [json.loads(values)] * 10}, "then": related}
    with pytest.raises(InvalidInput, match="11 value counts"):
        read_definition(parse(json.dumps(whole), "p.json"))
    listed = {"value": ["a"] * 200, "name": "n", "where": {"value": "[current('n')]", "equals": "a"}}
    read_definition(parse(rule(json.dumps({"count": listed, "equals": 200})), "p.json"))
    more = {**listed, "value": ["a"] * 201}
    assert faults(rule(json.dumps({"count": more, "equals": 200})))[0][0] == "BP346"


SET = '{"properties": {"parameters": {"e": {"type": "String"}}, "policyDefinitions": [%s]}}'


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        ("{}", ["BP321"]),
        (
            '{"policyDefinitionId": "/a/b", "policyDefinitionReferenceId": 7, "groupNames": "x"}',
            ["BP321"] * 2,
        ),
        ('{"policyDefinitionId": "/a/b", "definitionVersion": 1, "groupNames": [2]}', ["BP321"] * 2),
        (
            '{"policyDefinitionId": "/a/b", "groupNames": ["x"]}',
            ["BP321"],
        ),  # the initiative declares no groups
        ('{"policyDefinitionId": "/a/b", "parameters": {"x": 5}}', ["BP322"]),
        ('{"policyDefinitionId": "/a/b", "parameters": {"x": {"value": "[parameters(\'f\')]"}}}', ["BP322"]),
        ('{"policyDefinitionId": "/a/b", "parameters": {"x": {"value": "[parameters(]"}}}', ["BP322"]),
        ('{"policyDefinitionId": "/a/b", "parameters": {"x": {"value": "[field(\'name\')]"}}}', ["BP322"]),
        ('{"policyDefinitionId": "/a/b", "parameters": {"x": {"value": ["[current()]"]}}}', ["BP322"]),
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
