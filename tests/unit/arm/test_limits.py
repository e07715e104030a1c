"""Limits as Azure's, and small inputs that would grow without end: each ends in a diagnostic.

Source of the numbers: Microsoft Learn, "ARM template best practices". What takes how long is not asserted: work is
counted, so that a test that does not end fails by not ending.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from blueprinter.arm import Unknown, evaluate_request, read_parameters
from blueprinter.diagnostics import InvalidInput
from unit.arm.expanding import (
    deployment,
    document,
    expanded,
    faults,
    names,
    outputs,
    resource,
    template,
)

DOUBLE = "lambda('c', 'n', createArray(lambdaVariables('c'), lambdaVariables('c')))"
TREE = f"reduce(range(0, 60), createArray(), {DOUBLE})"


def codes(value: Any, **options: Any) -> set[str]:
    return {code for code, _ in faults(value, **options)}


def answer(expression: str, **request: Any) -> dict[str, Any]:
    found: dict[str, Any] = evaluate_request({"expression": expression, **request})
    return found


@pytest.mark.parametrize(
    ("section", "most", "one"),
    [
        ("parameters", 256, {"type": "int", "defaultValue": 1}),
        ("variables", 512, 1),
        ("outputs", 64, {"type": "int", "value": 1}),
    ],
)
def test_sections_hold_so_many(section: str, most: int, one: Any) -> None:
    assert faults(template(**{section: {f"n{index}": one for index in range(most)}})) == []
    (found,) = faults(template(**{section: {f"n{index}": one for index in range(most + 1)}}))
    assert found[0] == "BP521"
    assert found[1].endswith(f"at most {most} are allowed")


def test_resources_are_counted_with_their_copies() -> None:
    loop = resource("[concat('n', copyIndex())]", copy={"name": "l", "count": 799})
    assert len(names(template([loop, resource("one")]))) == 800
    assert faults(template([loop, resource("one"), resource("two")])) == [
        ("BP521", "801 resources with all copies, at most 800 are allowed")
    ]


@pytest.mark.parametrize("count", [801, 1_000_000_000, 2**62])
def test_a_loop_turns_at_most_800_times(count: int) -> None:
    copy = {"name": "l", "count": count}
    assert codes(template([resource("[concat('n', copyIndex())]", copy=copy)])) == {"BP526"}
    assert codes(template(variables={"copy": [{**copy, "input": 1}]})) == {"BP526"}


def test_an_expression_has_at_most_24576_characters() -> None:
    def whole(length: int) -> str:
        return f"['{'x' * (length - 4)}']"

    assert faults(template(variables={"v": whole(24_576)})) == []
    assert faults(template(variables={"v": whole(24_577)})) == [
        ("BP525", "the expression has 24,577 characters, at most 24,576 are allowed")
    ]


def test_a_template_has_at_most_4_megabytes() -> None:
    text = "x" * (4 * 1024 * 1024)
    whole = template(variables={"v": text})
    assert codes(whole) == {"BP521"}
    spaced = json.dumps(template(variables={"v": text[:1000]})).replace("{", "{" + " " * 1_000_000)
    assert faults(spaced) == []


def test_a_parameter_file_has_at_most_4_megabytes() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_parameters(document({"parameters": {"p": {"value": "x" * (4 * 1024 * 1024)}}}))
    assert [one.code for one in caught.value.diagnostics] == ["BP521"]


def test_a_resource_has_at_most_1_megabyte() -> None:
    assert faults(template([resource(properties={"x": "[padLeft('', 1000000)]"})])) == []
    (found,) = faults(template([resource(properties={"x": "[padLeft('', 1048576)]"})]))
    assert found[0] == "BP521"
    assert "at most 1,048,576 are allowed" in found[1]


def test_all_copies_together_are_limited() -> None:
    copies = resource(
        "[concat('n', copyIndex())]",
        copy={"name": "l", "count": 800},
        properties={"x": "[padLeft('', 20000)]"},
    )
    (found,) = faults(template([copies]))
    assert found == ("BP521", "with all copies the template has more than 4,194,304 bytes, which is too much")


def test_deployments_stand_in_each_other_16_levels_deep() -> None:
    inner: Any = template([resource("leaf")])
    for level in range(16):
        inner = template([deployment(f"d{level}", inner)])
    assert names(inner) == ["leaf"]
    assert codes(template([deployment("one-more", inner)])) == {"BP521"}


@pytest.mark.parametrize("links", [1, 2, 800])
def test_a_template_that_links_itself_ends(links: int) -> None:
    link = {"mode": "Incremental", "templateLink": {"relativePath": "main.json"}}
    loop = resource(
        "[concat('d', copyIndex())]",
        "Microsoft.Resources/deployments",
        copy={"name": "l", "count": links},
        properties=link,
    )
    whole = document(template([loop]))
    assert codes(template([loop]), read=lambda file, path: whole) == {"BP521"}


def test_loops_in_loops_end() -> None:
    def loop(name: str, inner: Any) -> dict[str, Any]:
        return {"copy": [{"name": name, "count": 800, "input": inner}]}

    nested = loop("a", loop("b", loop("c", "[copyIndex('c')]")))
    assert codes(template([resource(properties=nested)])) == {"BP521"}
    assert codes(template(variables={"v": nested})) == {"BP521"}
    child: dict[str, Any] = {"apiVersion": "1", "copy": {"name": "k", "count": 800}}
    grandchildren = [{**child, "type": "parts", "name": "[concat('p', copyIndex())]"}]
    children = [{**child, "type": "kinds", "name": "[concat('k', copyIndex())]", "resources": grandchildren}]
    parent = resource("[concat('n', copyIndex())]", copy={"name": "n", "count": 800}, resources=children)
    assert codes(template([parent])) == {"BP521"}


def test_long_chains_have_a_value() -> None:
    """What needs 500 others, one after the other, whichever stands first in the file."""
    chain = {f"v{n}": f"[add(variables('v{n - 1}'), 1)]" for n in range(1, 500)}
    for variables in ({"v0": 0, **chain}, dict(reversed({"v0": 0, **chain}.items()))):
        whole = template(
            variables=variables, outputs={"last": {"type": "int", "value": "[variables('v499')]"}}
        )
        assert outputs(whole) == {"last": 499}
        assert answer("[variables('v499')]", variables=variables) == {"value": 499}
    parameters = {
        f"p{n}": {"type": "int", "defaultValue": f"[add(parameters('p{n - 1}'), 1)]" if n else 0}
        for n in reversed(range(256))
    }
    whole = template(
        parameters=parameters, outputs={"last": {"type": "int", "value": "[parameters('p255')]"}}
    )
    assert outputs(whole) == {"last": 255}


def test_a_fault_in_a_variable_that_is_not_needed_is_not_told() -> None:
    variables = {"bad": "[fail('no')]", "good": "[if(true(), 1, variables('bad'))]"}
    assert answer("[variables('good')]", variables=variables) == {"value": 1}
    assert answer("[variables('bad')]", variables=variables) == {"error": "no"}


def test_long_chains_of_resources_end() -> None:
    """The nearer ones are answered, the others stay references: no stack is deep enough for all."""
    chain = [
        resource(f"r{n}", properties={"x": f"[reference('r{n + 1}').x]" if n < 300 else "end"})
        for n in range(301)
    ]
    found: Any = {one.name: one.body["properties"] for one in expanded(template(chain)).resources}
    assert found["r300"] == {"x": "end"}
    assert all(isinstance(one["x"], Unknown) or one["x"] == "end" for one in found.values())
    forward = [
        resource(f"r{n}", properties={"x": f"[reference('r{n - 1}').x]" if n else "start"})
        for n in range(301)
    ]
    found = {one.name: one.body["properties"] for one in expanded(template(forward)).resources}
    assert found["r300"] == {"x": "start"}


@pytest.mark.parametrize(
    "expression",
    [
        f"[{TREE}]",
        f"[string({TREE})]",
        f"[equals({TREE}, {TREE})]",
        f"[contains(createArray({TREE}), {TREE})]",
        f"[union({TREE}, {TREE})]",
        f"[union(createObject('a', {TREE}), createObject('a', {TREE}))]",
        "[reduce(range(0, 60), createObject(), lambda('c', 'n', "
        "createObject('a', lambdaVariables('c'), 'b', lambdaVariables('c'))))]",
        "[reduce(range(0, 60), createArray(1), lambda('c', 'n', "
        "map(range(0, 2), lambda('i', lambdaVariables('c')))))]",
        "[reduce(range(0, 60), 'x', lambda('c', 'n', concat(lambdaVariables('c'), lambdaVariables('c'))))]",
        "[reduce(range(0, 5000), 1, lambda('c', 'n', createArray(lambdaVariables('c'))))]",
        "[map(range(0, 10000), lambda('a', map(range(0, 10000), lambda('b', 1))))]",
        "[map(range(0, 10000), lambda('a', padLeft('x', 4194304)))]",
        f"[createArray({', '.join(['padLeft(0, 4194304)'] * 1000)})]",
        "[replace(padLeft('x', 4000000), ' ', padLeft('y', 4000))]",
        "[format('{0,999999}{0,999999}{0,999999}{0,999999}{0,999999}', 'x')]",
        "[reduce(range(0, 60), reference('a'), lambda('c', 'n', "
        "concat(string(lambdaVariables('c')), string(lambdaVariables('c')))))]",
    ],
)
def test_growth_without_end_is_an_error(expression: str) -> None:
    assert list(answer(expression)) == ["error"]
    assert codes(template(variables={"v": expression})) <= {"BP521", "BP527"} != set()


def test_growth_through_variables_is_an_error() -> None:
    shared = {"v0": [1], **{f"v{n}": [f"[variables('v{n - 1}')]"] * 2 for n in range(1, 500)}}
    assert codes(template(variables=shared)) == {"BP521"}
    assert list(answer("[variables('v60')]", variables=shared)) == ["error"]
    later = {
        "v0": "[reference('x').y]",
        **{f"v{n}": f"[concat(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 500)},
    }
    assert codes(template(variables=later)) == {"BP521"}


def test_growth_through_functions_is_an_error() -> None:
    def function(body: str) -> dict[str, Any]:
        return {"parameters": [], "output": {"type": "int", "value": body}}

    members = {f"f{n}": function(f"[add(c.f{n + 1}(), c.f{n + 1}())]") for n in range(30)}
    members["f30"] = function("[1]")
    functions = [{"namespace": "c", "members": members}]
    assert list(answer("[c.f0()]", functions=functions)) == ["error"]
    output = {"o": {"type": "int", "value": "[c.f0()]"}}
    assert codes(template({}, languageVersion="2.0", functions=functions, outputs=output)) == {"BP521"}
    itself = [{"namespace": "c", "members": {"f": function("[c.f()]")}}]
    assert answer("[c.f()]", functions=itself) == {"error": "the function `c.f` calls itself"}


def test_what_is_large_and_plain_is_no_error() -> None:
    assert answer(
        "[length(sort(range(0, 10000), lambda('a', 'b', greater(lambdaVariables('a'), "
        "lambdaVariables('b')))))]"
    ) == {"value": 10_000}
    objects = "map(range(0, 5000), lambda('i', createObject('n', mod(lambdaVariables('i'), 2500))))"
    assert answer(f"[length(union({objects}, {objects}))]") == {"value": 2500}
    assert answer(f"[length(intersection({objects}, {objects}))]") == {"value": 2500}
    assert answer("[length(split(padLeft('', 1000000), ' '))]") == {"value": 1_000_001}
