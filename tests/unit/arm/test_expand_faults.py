"""What a template cannot do: every fault, with its place in the file."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.arm import CODES, DeploymentContext, expand
from blueprinter.diagnostics import InvalidInput
from unit.arm.expanding import document, expanded, faults, outputs, resource, template


def places(text: str) -> list[tuple[str, int, int]]:
    """Code, line and column of each fault of a template given as text."""
    try:
        expanded(text)
    except InvalidInput as found:
        return [(one.code, one.position.line, one.position.column) for one in found.diagnostics]
    return []


def marked(text: str) -> tuple[str, int, int]:
    """A text without its mark `«`, and the line and column where the mark stood."""
    before, _, after = text.partition("«")
    return before + after, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("BP525", '{"resources": [],\n "variables": {"x": "[concat(\'a\', «lenght(1))]"}}'),
        ("BP525", '{"resources": [],\n "variables": {"x": "[if(true(), 1, «toUpper())]"}}'),
        (
            "BP525",
            '{"resources": [], "outputs": {"x": {"type": "int", "value": "[add(1, 2«"}}}'.replace(
                "2«", "2«]"
            ),
        ),
        ("BP527", '{"resources": [],\n "variables": {\n  "x": "[add(1, «int(\'one\'))]"}}'),
        (
            "BP527",
            '{"resources": [],\n "variables": {"tab\\tkey": 1, "x": "[concat(\'\\u00e9\\n\', «parameters(\'p\'))]"}}',
        ),
        ("BP527", '{"resources": [], "variables": {"a": {"b": 1}, "x": "[variables(\'a\')«.c]"}}'),
        ("BP520", '{"resources": [\n  «{"name": "x", "apiVersion": "1"}]}'),
        ("BP520", '{"resources": [\n  «{"type": "A.B/c", "apiVersion": "1"}]}'),
        ("BP520", '{"resources": «"none"}'),
        ("BP520", '{"resources": [], "parameters": «[]}'),
        ("BP520", '{"resources": [], "outputs": {"x": «{"type": "int"}}}'),
        (
            "BP526",
            '{"resources": [{"type": "A.B/c", "name": "x", "copy": {"name": "l", "count": «"two"}}]}',
        ),
        ("BP531", '{"resources": [{"type": "A.B/c", "apiVersion": "1", "name": «"x/y"}]}'),
    ],
)
def test_places_of_faults(code: str, text: str) -> None:
    whole, line, column = marked(text)
    assert places(whole) == [(code, line, column)]


def test_all_faults_are_told_at_once() -> None:
    whole = template(
        [resource("[nowhere()]"), resource("x", condition="[alsoNowhere()]")],
        variables={"v": "[concat(]"},
    )
    assert [code for code, _ in faults(whole)] == ["BP525"] * 3
    values = template(
        [resource("[parameters('no')]"), resource("[variables('no')]", "Contoso.Test/others")],
        outputs={"o": {"type": "string", "value": "[reference('x')['a'][int('b')]]"}},
    )
    assert [code for code, _ in faults(values)] == ["BP527"] * 3


def test_expressions_are_checked_where_they_are_never_reached() -> None:
    off = resource("x", condition=False, properties={"x": "[unheardOf()]"})
    assert [code for code, _ in faults(template([off]))] == ["BP525"]


def test_comments_and_metadata_are_prose() -> None:
    made = resource("x", comments="[not an expression]", metadata={"a": "[nor this]"})
    assert faults(template([made], metadata={"x": "[either]"})) == []


@pytest.mark.parametrize(
    ("sections", "subject"),
    [
        (
            {"variables": {"foo": "[fail('stop here')]"}},
            "The template variable 'foo' is not valid: stop here.",
        ),
        (
            {"outputs": {"foo": {"type": "string", "value": "[fail('stop here')]"}}},
            "The template output 'foo' is not valid: stop here.",
        ),
        (
            {"parameters": {"foo": {"type": "string", "defaultValue": "[fail('stop here')]"}}},
            "The template parameter 'foo' is not valid: stop here.",
        ),
        (
            {"resources": [resource("foo", location="[fail('stop here')]")]},
            "The template resource 'foo' is not valid: stop here.",
        ),
    ],
)
def test_faults_name_their_part_in_the_words_of_azure(sections: dict[str, Any], subject: str) -> None:
    ((code, message),) = faults(template(**sections))
    assert code == "BP527"
    assert subject in message


def test_an_output_must_have_its_type() -> None:
    whole = template(outputs={"x": {"type": "int", "value": "[string(1)]"}})
    assert faults(whole) == [
        ("BP527", "the output `x` has a value of the wrong type: expected an integer, got a string")
    ]


def test_outputs_have_conditions() -> None:
    whole = template(
        outputs={
            "on": {"type": "int", "condition": "[equals(1, 1)]", "value": 1},
            "off": {"type": "int", "condition": "[equals(1, 2)]", "value": "[fail('unreached')]"},
        }
    )
    assert outputs(whole) == {"on": 1}


FUNCTIONS = [
    {
        "namespace": "contoso",
        "members": {
            "double": {
                "parameters": [{"name": "n", "type": "int"}],
                "output": {"type": "int", "value": "[mul(parameters('N'), 2)]"},
            },
            "seen": {"parameters": [], "output": {"type": "string", "value": "[variables('v')]"}},
            "endless": {"parameters": [], "output": {"type": "int", "value": "[contoso.endless()]"}},
        },
    }
]


def called(expression: str, **sections: Any) -> dict[str, Any]:
    outputs = {"it": {"type": "int", "value": expression}}
    return template(functions=FUNCTIONS, outputs=outputs, variables={"v": "x"}, **sections)


def test_functions_of_the_template() -> None:
    assert outputs(called("[contoso.double(Contoso.DOUBLE(3))]")) == {"it": 12}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("[contoso.double()]", "the function `contoso.double` takes 1 argument, 0 given"),
        ("[contoso.dubble(1)]", "the template declares no function `contoso.dubble`"),
        ("[contoso.seen()]", "a function of a template cannot use its variables"),
        ("[contoso.endless()]", "the function `contoso.endless` calls itself"),
        ("[parameters('n')]", "the template declares no parameter `n`"),
    ],
)
def test_faults_of_functions_of_the_template(expression: str, message: str) -> None:
    found = faults(called(expression))
    assert found
    assert message in found[0][1]


def test_a_document_that_is_no_template() -> None:
    assert faults([]) == [
        ("BP520", "a template must be an object"),
        ("BP520", "the template has no `resources`"),
    ]
    assert faults({"if": {}, "then": {}}) == [("BP520", "the template has no `resources`")]


def test_limits_of_a_template() -> None:
    many = {f"p{index}": {"type": "int", "defaultValue": 1} for index in range(257)}
    assert faults(template(parameters=many)) == [("BP521", "257 parameters, at most 256 are allowed")]
    long = "[concat('" + "x" * 24_576 + "')]"
    ((code, message),) = faults(template(variables={"x": long}))
    assert code == "BP525"
    assert "24,576" in message


def test_very_deep_templates_end_with_a_diagnostic() -> None:
    chain: dict[str, Any] = {f"v{index}": f"[variables('v{index + 1}')]" for index in range(500)} | {
        "v500": "end"
    }
    for code, _ in faults(template(variables=chain)):
        assert code in {"BP521", "BP527"}


def test_names_that_differ_in_case_only() -> None:
    both = {"Size": {"type": "int", "defaultValue": 1}, "size": {"type": "int", "defaultValue": 1}}
    assert faults(template(parameters=both)) == [
        ("BP520", "`size` in `parameters` differs from `Size` in case only")
    ]


def test_a_template_inside_another_document() -> None:
    holder = document(
        {"kind": "template", "properties": {"template": template([resource("[nope()]")])}}, "artifact.json"
    )
    with pytest.raises(InvalidInput) as caught:
        expand(holder, context=DeploymentContext(), pointer="/properties/template")
    (found,) = caught.value.diagnostics
    assert found.position.pointer == "/properties/template/resources/0/name"
    assert found.position.file == "artifact.json"


def test_comments_and_trailing_commas_are_read() -> None:
    text = '{ // a comment\n "resources": [ /* none */ ],\n "outputs": {"x": {"type": "int", "value": 1,},},}'
    assert outputs(text) == {"x": 1}


def test_every_code_is_explained() -> None:
    rows = {row.name: row for row in CODES}
    for code in (
        "BP520",
        "BP521",
        "BP522",
        "BP523",
        "BP524",
        "BP525",
        "BP526",
        "BP527",
        "BP528",
        "BP529",
        "BP530",
    ):
        assert rows[code].explanation
    assert len(rows) == len(CODES)
