"""Rules of expansion that published templates rely on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blueprinter.arm import expand
from blueprinter.document import parse
from unit.arm.expanding import (
    CONTEXT,
    GROUP,
    deployment,
    document,
    expanded,
    faults,
    names,
    output,
    outputs,
    printed,
    resource,
    template,
    warnings,
)


def test_what_may_not_be_deployed_makes_no_error() -> None:
    """Where a condition is not known, what is wrong behind it is a warning: the deployment may never get there."""
    broken = {"x": "[variables('list')[3]]"}
    whole = template(
        [resource("one", condition="[parameters('deploy')]", properties=broken)],
        parameters={"deploy": {"type": "bool"}},
        variables={"list": []},
    )
    found = warnings(whole)
    assert {code for code, _ in found} == {"BP523", "BP529", "BP527"}
    assert any(
        "outside of the array" in message and "under a condition that is not known" in message
        for _, message in found
    )
    assert names(whole) == ["one"]
    assert {code for code, _ in faults(whole, parameters={"deploy": True})} == {"BP527"}
    assert warnings(whole, parameters={"deploy": False}) == []


def test_the_same_holds_in_nested_templates() -> None:
    inner = template(
        [resource("in", properties={"x": "[parameters('list')[3]]"})],
        parameters={"list": {"type": "array", "maxLength": 1}},
        outputs={"o": {"type": "string", "value": "[fail('never')]"}},
    )
    whole = template(
        [
            deployment("d", inner, parameters={"list": [1, 2]}, condition="[parameters('deploy')]"),
        ],
        parameters={"deploy": {"type": "bool"}},
    )
    assert {code for code, _ in warnings(whole)} == {"BP522", "BP523", "BP527", "BP529"}
    assert {code for code, _ in faults(whole, parameters={"deploy": True})} == {"BP522", "BP527"}


def test_a_nested_template_may_be_the_value_of_an_expression() -> None:
    inner = template(
        [resource("[[parameters('n')]", properties={"outer": "[parameters('o')]"})],
        parameters={"n": {"type": "string"}},
    )
    nested = deployment(
        "d", "[if(parameters('deploy'), variables('inner'), variables('nothing'))]", parameters={"n": "made"}
    )
    whole = template(
        [nested],
        parameters={
            "deploy": {"type": "bool", "defaultValue": True},
            "o": {"type": "int", "defaultValue": 3},
        },
        variables={"inner": inner, "nothing": {**template(), "parameters": {"n": {"type": "string"}}}},
    )
    (found,) = printed(whole)["resources"]
    assert (found["name"], found["properties"]) == ("made", {"outer": 3})
    assert expanded(whole).resources[0].origin.locate("/name").pointer.startswith("/resources/0")
    assert names(whole, parameters={"deploy": False}) == []


def test_a_nested_template_that_is_not_known_is_a_warning() -> None:
    whole = template([deployment("d", "[reference('x').template]")])
    assert [code for code, _ in warnings(whole)] == ["BP528"]


def test_assertions_are_evaluated() -> None:
    whole = {
        **template({}, languageVersion="2.1-experimental", variables={"n": 3}),
        "asserts": {"holds": "[equals(variables('n'), 3)]", "fails": "[equals(variables('n'), 4)]"},
    }
    assert warnings(whole) == [("BP535", "the assertion `fails` does not hold")]


@pytest.mark.parametrize(
    "version", ["1.9-experimental", "1.10-experimental", "2.0", "2.1-experimental", "2.2"]
)
def test_every_symbolic_version_is_read(version: str) -> None:
    whole = template(
        {
            "first": resource("a", properties={"x": 1}),
            "second": resource("b", dependsOn=["first"], properties={"x": "[reference('first').x]"}),
        },
        languageVersion=version,
    )
    assert [one["properties"]["x"] for one in printed(whole)["resources"]] == [1, 1]


def test_resources_of_extensions_have_no_id() -> None:
    whole = template(
        {
            "secret": {
                "extension": "cluster",
                "type": "core/Secret@v1",
                "properties": {"metadata": {"name": "[toLower('S')]"}},
            },
            "group": {
                "import": "directory",
                "type": "Group@v1",
                "properties": {"of": "[reference('secret').x]"},
            },
        },
        languageVersion="2.2-experimental",
        extensions={"cluster": {"name": "Kubernetes", "version": "1.0.0"}},
        imports={"directory": {"provider": "MicrosoftGraph", "version": "1.0.0"}},
        outputs={"name": {"type": "string", "value": "[reference('secret').metadata.name]"}},
    )
    shown = printed(whole)
    assert shown["resources"] == [
        {"type": "core/Secret@v1", "properties": {"metadata": {"name": "s"}}},
        {"type": "Group@v1", "properties": {"of": "[reference('secret').x]"}},
    ]
    assert shown["outputs"] == {"name": "[reference('secret').metadata.name]"}


def test_options_of_a_resource_are_not_part_of_it() -> None:
    whole = template({"one": {**resource(), "@options": {"onlyIfNotExists": True}}}, languageVersion="2.0")
    assert list(printed(whole)["resources"][0]) == ["id", "type", "name", "apiVersion"]


def test_a_default_of_null_is_none() -> None:
    whole = template(
        [resource("[parameters('n')]")], parameters={"n": {"type": "string", "defaultValue": None}}
    )
    assert names(whole) == ["[parameters('n')]"]
    assert [code for code, _ in warnings(whole)] == ["BP523"]


@pytest.mark.parametrize(
    ("value", "node", "shown"),
    [
        ("GEN-UNIQUE-8", {"type": "string", "maxLength": 5}, "parameters('p')"),
        ("GEN-VM-COUNT", {"type": "int"}, "parameters('p')"),
        ("GEN-UNIQUE-8", {"type": "string"}, "GEN-UNIQUE-8"),
    ],
)
def test_placeholders_of_the_quickstarts(value: str, node: dict[str, Any], shown: str) -> None:
    whole = template(
        parameters={"p": node}, outputs={"o": {"type": "object", "value": {"v": "[parameters('p')]"}}}
    )
    found = printed(whole, parameters={"p": value})
    assert shown in str(found["outputs"]["o"])
    assert [one["code"] for one in found["diagnostics"]] == (["BP523"] if "(" in shown else [])
    short = {"p": {"type": "string", "maxLength": 5}}
    assert [code for code, _ in faults(template(parameters=short), parameters={"p": "gen-too-long"})] == [
        "BP522"
    ]


def test_union_takes_null_for_nothing() -> None:
    assert output("[union(null(), createObject('a', 1), null())]", "object") == {"a": 1}
    assert output("[union(createArray(1), null())]", "array") == [1]


def test_a_type_may_be_an_expression() -> None:
    whole = template(
        [resource("a", "[concat('Contoso.Test/', variables('kind'))]")], variables={"kind": "things"}
    )
    assert expanded(whole).resources[0].id == f"{GROUP}/providers/Contoso.Test/things/a"


def test_of_a_key_that_stands_twice_the_last_holds() -> None:
    text = json.dumps(template([resource(tags={"a": "first"})]))
    text = text.replace('"a": "first"', '"a": "first", "a": "last"')
    found = expand(parse(text, "main.json", repeated_keys=True), context=CONTEXT)
    assert found.resources[0].body["tags"] == {"a": "last"}
    assert [(one.code, str(one.severity)) for one in found.diagnostics] == [("BP106", "warning")]
    assert found.resources[0].origin.locate("/tags/a").line == 1


def test_of_several_parameter_files_the_last_holds() -> None:
    whole = template(
        parameters={"a": {"type": "int"}, "b": {"type": "int"}},
        outputs={
            "a": {"type": "int", "value": "[parameters('a')]"},
            "b": {"type": "int", "value": "[parameters('b')]"},
        },
    )
    files = [document({"a": 1, "b": 1}, "one.json"), document({"B": 2}, "two.json")]
    found = expand(document(whole), parameter_document=files, context=CONTEXT)
    assert found.outputs == {"a": 1, "b": 2}
    assert outputs(whole, parameters={"a": 3, "b": 4}) == {"a": 3, "b": 4}


def test_an_extension_of_old_style_keeps_its_body() -> None:
    whole = template(
        [resource("kv/Microsoft.Insights/audit", "Microsoft.KeyVault/vaults/providers/diagnosticSettings")]
    )
    (found,) = expanded(whole).resources
    assert (found.type, found.name) == ("Microsoft.Insights/diagnosticSettings", "audit")
    assert found.body["type"] == "Microsoft.KeyVault/vaults/providers/diagnosticSettings"
    assert found.body["name"] == "kv/Microsoft.Insights/audit"


def test_a_count_may_be_text() -> None:
    loop = resource("[concat('n', copyIndex())]", copy={"name": "l", "count": "[parameters('n')]"})
    whole = template([loop], parameters={"n": {"type": "string", "allowedValues": ["1", "2"]}})
    assert names(whole, parameters={"n": "2"}) == ["n0", "n1"]


def test_ids_in_a_group_that_is_not_known_name_that_group() -> None:
    inner = template(
        [resource("st", "Contoso.Test/stores"), resource("of", properties={"x": "[reference('st').x]"})],
        outputs={
            "id": {"type": "string", "value": "[resourceId('Contoso.Test/stores', 'st')]"},
            "named": {"type": "string", "value": "[resourceId('other', 'Contoso.Test/stores', 'st')]"},
            "at": {"type": "string", "value": "[subscriptionResourceId('Contoso.Test/roles', 'r')]"},
        },
    )
    whole = template(
        [deployment("d", inner, subscriptionId="[parameters('sub')]", resourceGroup="[parameters('group')]")],
        scope="subscription",
        parameters={"sub": {"type": "string"}, "group": {"type": "string"}},
        outputs={
            key: {"type": "string", "value": f"[reference('d').outputs.{key}.value]"}
            for key in ("id", "named", "at")
        },
    )
    shown = printed(whole)
    at = "parameters('sub'), parameters('group')"
    assert shown["outputs"] == {
        "id": f"[resourceId({at}, 'Contoso.Test/stores', 'st')]",
        "named": "[resourceId(parameters('sub'), 'other', 'Contoso.Test/stores', 'st')]",
        "at": "[subscriptionResourceId(parameters('sub'), 'Contoso.Test/roles', 'r')]",
    }
    assert [one["id"] for one in shown["resources"]] == [
        f"[resourceId({at}, 'Contoso.Test/stores', 'st')]",
        f"[resourceId({at}, 'Contoso.Test/things', 'of')]",
    ]
