"""Parameters: values, types, constraints, defaults, files, secrets, definitions."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.arm import DeploymentContext, read_parameters
from blueprinter.diagnostics import InvalidInput
from unit.arm.expanding import (
    CONTEXT,
    document,
    expanded,
    faults,
    output,
    outputs,
    printed,
    resource,
    template,
    warnings,
)


def fault(node: dict[str, Any], value: Any, **sections: Any) -> list[tuple[str, str]]:
    """The faults of a value for the parameter `p`."""
    return faults(template(parameters={"p": node}, **sections), parameters={"p": value})


@pytest.mark.parametrize(
    ("node", "value", "message"),
    [
        ({"type": "String"}, 1, "expected a string, got an integer"),
        ({"type": "int"}, "1", "expected an integer, got a string"),
        ({"type": "INT"}, True, "expected an integer, got a boolean"),
        ({"type": "bool"}, "true", "expected a boolean, got a string"),
        ({"type": "array"}, {}, "expected an array, got an object"),
        ({"type": "object"}, [], "expected an object, got an array"),
        ({"type": "secureObject"}, "x", "expected an object, got a string"),
        (
            {"type": "string", "allowedValues": ["a", "b"]},
            "c",
            "`c` is not one of the allowed values: `a`, `b`",
        ),
        ({"type": "int", "allowedValues": [1, 2]}, 3, "`3` is not one of the allowed values: `1`, `2`"),
        ({"type": "array", "allowedValues": ["a", "b"]}, ["a", "c"], "is not one of the allowed values"),
        ({"type": "string", "minLength": 3}, "ab", "has 2 characters, at least 3 are needed"),
        ({"type": "string", "maxLength": 1}, "ab", "has 2 characters, at most 1 are allowed"),
        ({"type": "array", "minLength": 1}, [], "has 0 elements, at least 1 are needed"),
        ({"type": "int", "minValue": 3}, 2, "`2` is less than the minimum `3`"),
        ({"type": "int", "maxValue": 1}, 2, "`2` is more than the maximum `1`"),
    ],
)
def test_values_that_do_not_fit(node: dict[str, Any], value: Any, message: str) -> None:
    ((code, found),) = fault(node, value)
    assert code == "BP522"
    assert found.startswith("the value of parameter `p` is not valid: ")
    assert message in found


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"type": "string", "allowedValues": ["West", "East"]}, "west"),
        ({"type": "array", "allowedValues": ["a", "b"]}, ["b", "a", "b"]),
        ({"type": "array", "allowedValues": [["a"], ["b"]]}, ["b"]),
        ({"type": "int", "minValue": 2, "maxValue": 2}, 2),
        ({"type": "int"}, 2.0),
        ({"type": "string", "nullable": True}, None),
        ({"type": "securestring"}, ""),
    ],
)
def test_values_that_fit(node: dict[str, Any], value: Any) -> None:
    assert fault(node, value) == []


def test_defaults_are_expressions_over_other_parameters_in_any_order() -> None:
    parameters = {
        "full": {"type": "string", "defaultValue": "[concat(parameters('first'), '-', parameters('last'))]"},
        "first": {"type": "string", "defaultValue": "[toUpper(parameters('last'))]"},
        "last": {"type": "string", "defaultValue": "x"},
    }
    assert output("[parameters('FULL')]", parameters=parameters) == "X-x"
    whole = template(
        parameters=parameters, outputs={"it": {"type": "string", "value": "[parameters('full')]"}}
    )
    assert outputs(whole, parameters={"LAST": "y"}) == {"it": "Y-y"}


def test_defaults_are_checked_too() -> None:
    node = {"type": "int", "defaultValue": "[add(2, 2)]", "maxValue": 3}
    assert faults(template(parameters={"p": node})) == [
        ("BP522", "the value of parameter `p` is not valid: `4` is more than the maximum `3`")
    ]


def test_null_takes_the_default() -> None:
    node = {"type": "string", "defaultValue": "d"}
    whole = template(parameters={"p": node}, outputs={"it": {"type": "string", "value": "[parameters('p')]"}})
    assert outputs(whole, parameters={"p": None}) == {"it": "d"}


def test_a_nullable_parameter_is_null_without_a_value() -> None:
    made = resource(properties={"p": "[coalesce(parameters('p'), 'none')]", "q": "[parameters('p')]"})
    whole = template([made], parameters={"p": {"type": "string", "nullable": True}})
    assert printed(whole)["resources"][0]["properties"] == {"p": "none", "q": None}


def test_a_missing_value_stays_symbolic_with_one_warning() -> None:
    made = resource(
        "[parameters('who')]",
        properties={"a": "[parameters('WHO')]", "b": "[concat(parameters('who'), '!')]"},
    )
    whole = template([made], parameters={"who": {"type": "string"}})
    assert warnings(whole) == [("BP523", "no value for parameter `who`, it stays symbolic")]
    (shown,) = printed(whole)["resources"]
    assert shown["name"] == "[parameters('who')]"
    assert shown["id"] == "[resourceId('Contoso.Test/things', parameters('who'))]"
    assert shown["properties"] == {"a": "[parameters('who')]", "b": "[concat(parameters('who'), '!')]"}


def test_strict_makes_a_missing_value_an_error() -> None:
    assert faults(template(parameters={"p": {"type": "int"}}), strict=True) == [
        ("BP523", "no value for parameter `p`")
    ]


def test_values_are_not_evaluated_again() -> None:
    node = {"type": "string"}
    whole = template(parameters={"p": node}, outputs={"it": {"type": "string", "value": "[parameters('p')]"}})
    assert expanded(whole, parameters={"p": "[deployment().name]"}).outputs == {"it": "[deployment().name]"}
    assert outputs(whole, parameters={"p": "[deployment().name]"}) == {"it": "[[deployment().name]"}


def test_undeclared_values_are_refused_with_a_hint() -> None:
    whole = template(parameters={"location": {"type": "string", "defaultValue": ""}})
    with pytest.raises(InvalidInput) as caught:
        expanded(whole, parameters={"locaton": "x"})
    (found,) = caught.value.diagnostics
    assert (found.code, found.hint) == ("BP524", "did you mean `location`?")


@pytest.mark.parametrize(
    "node",
    [{"type": "number"}, {}, {"$ref": "#/definitions/nowhere"}, {"$ref": "#/definitions/endless"}],
)
def test_types_that_do_not_exist(node: dict[str, Any]) -> None:
    definitions = {"endless": {"$ref": "#/definitions/endless"}}
    assert [code for code, _ in fault(node, "x", definitions=definitions)] == ["BP520"]


@pytest.mark.parametrize(
    "content",
    [
        {
            "$schema": "https://…/deploymentParameters.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {"P": {"value": 5}},
        },
        {"parameters": {"P": {"value": 5, "metadata": {"note": "x"}}}},
        {"P": {"value": 5}},
        {"P": 5},
    ],
)
def test_forms_of_a_parameter_file(content: Any) -> None:
    whole = template(
        parameters={"p": {"type": "int"}}, outputs={"it": {"type": "int", "value": "[parameters('p')]"}}
    )
    given = document(content, "values.json")
    assert outputs(whole, parameter_document=given) == {"it": 5}
    assert outputs(whole, parameter_document=given, parameters={"p": 6}) == {"it": 6}


def test_a_fault_in_a_parameter_file_is_placed_there() -> None:
    whole = template(parameters={"p": {"type": "array", "items": {"type": "int"}}})
    given = document('{"parameters": {\n  "p": {"value": [1,\n    "two"]}}}', "values.json")
    with pytest.raises(InvalidInput) as caught:
        expanded(whole, parameter_document=given)
    (found,) = caught.value.diagnostics
    assert str(found.position) == "values.json:3:5"
    assert (
        found.message == "the value of parameter `p` is not valid at `/1`: expected an integer, got a string"
    )


def test_a_file_that_holds_no_values() -> None:
    for content in ([], template()):
        with pytest.raises(InvalidInput) as caught:
            read_parameters(document(content))
        assert caught.value.diagnostics[0].code == "BP523"


def test_a_reference_to_a_key_vault_stays_symbolic_without_a_warning() -> None:
    given = document({"parameters": {"pw": {"reference": {"keyVault": {"id": "x"}, "secretName": "y"}}}})
    whole = template(
        [resource(properties={"pw": "[parameters('pw')]"})], parameters={"pw": {"type": "securestring"}}
    )
    found = printed(whole, parameter_document=given)
    assert found["resources"][0]["properties"] == {"pw": "[parameters('pw')]"}
    assert found["diagnostics"] == []


def test_secrets_are_used_but_never_printed() -> None:
    secret, member = "Corr3ct-horse", "battery-staple"
    whole = template(
        [
            resource(
                "[concat('n', length(parameters('pw')))]",
                properties={
                    "pw": "[parameters('pw')]",
                    "url": "[concat('https://u:', parameters('pw'), '@contoso.example')]",
                    "later": "[concat(parameters('pw'), reference('/subscriptions/x').y)]",
                    "member": "[parameters('settings').key]",
                    "[parameters('pw')]": 1,
                },
            )
        ],
        parameters={"pw": {"type": "secureString"}, "settings": {"type": "secureObject"}},
        outputs={
            "secret": {"type": "securestring", "value": "[concat(parameters('pw'), 'x')]"},
            "leak": {"type": "string", "value": "[parameters('pw')]"},
            "object": {"type": "secureObject", "value": {"a": "[parameters('pw')]"}},
        },
    )
    options = {"parameters": {"pw": secret, "settings": {"key": member}}}
    found = printed(whole, **options)
    (shown,) = found["resources"]
    assert shown["name"] == "n13"
    assert shown["properties"] == {
        "pw": "[parameters('pw')]",
        "url": "[concat('https://u:', parameters('pw'), '@contoso.example')]",
        "later": "[concat(parameters('pw'), reference('/subscriptions/x').y)]",
        "member": "[parameters('settings').key]",
        "[parameters('pw')]": 1,
    }
    assert found["outputs"] == {
        "secret": "[concat(parameters('pw'), 'x')]",
        "leak": "[parameters('pw')]",
        "object": "[outputs('object')]",
    }
    assert secret not in repr(expanded(whole, **options).resources[0].body)
    assert expanded(whole, **options).outputs.keys() == {"secret", "leak", "object"}
    assert not isinstance(expanded(whole, **options).outputs["secret"], str)


def test_secrets_do_not_stand_in_diagnostics() -> None:
    node = {"type": "securestring", "allowedValues": ["only-this-one"]}
    assert fault(node, "hunter2-hunter2") == [
        ("BP522", "the value of parameter `p` is not valid: the value is not one of the allowed values")
    ]
    whole = template([resource("[fail(parameters('p'))]")], parameters={"p": {"type": "securestring"}})
    ((_, message),) = faults(whole, parameters={"p": "hunter2-hunter2"})
    assert "hunter2" not in message


OBJECT = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "size": {"type": "int", "nullable": True, "maxValue": 5}},
}


@pytest.mark.parametrize(
    ("node", "value", "message"),
    [
        (OBJECT, {"name": 1}, "at `/name`: expected a string"),
        (OBJECT, {}, "the property `name` is missing"),
        (OBJECT, {"name": "x", "size": 6}, "at `/size`: `6` is more than the maximum `5`"),
        (
            OBJECT | {"additionalProperties": False},
            {"name": "x", "nme": 1},
            "the property `nme` is not allowed",
        ),
        (
            OBJECT | {"additionalProperties": {"type": "int"}},
            {"name": "x", "o": "y"},
            "at `/o`: expected an integer",
        ),
        ({"type": "array", "items": {"type": "int"}}, [1, "x"], "at `/1`: expected an integer"),
        (
            {"type": "array", "prefixItems": [{"type": "int"}], "items": False},
            [1, 2],
            "at most 1 are allowed",
        ),
        ({"type": "array", "items": {"$ref": "#/definitions/name"}}, ["ab", "a"], "at `/1`: has 1 character"),
        ({"$ref": "#/definitions/name"}, "a", "has 1 character"),
        ({"$ref": "#/definitions/animal"}, {"kind": "cat", "lives": "9"}, "at `/lives`: expected an integer"),
        ({"$ref": "#/definitions/animal"}, {"kind": "cow"}, "`cow` in `kind` is not one of `cat`, `dog`"),
        ({"$ref": "#/definitions/animal"}, {}, "the property `kind` is missing"),
        (
            {"$ref": "#/definitions/tree"},
            {"kids": [{"kids": [{"kids": 1}]}]},
            "at `/kids/0/kids/0/kids`: expected an array",
        ),
    ],
)
def test_typed_objects_and_arrays(node: dict[str, Any], value: Any, message: str) -> None:
    definitions = {
        "name": {"type": "string", "minLength": 2},
        "animal": {
            "type": "object",
            "discriminator": {
                "propertyName": "kind",
                "mapping": {
                    "cat": {"type": "object", "properties": {"lives": {"type": "int"}}},
                    "dog": {"$ref": "#/definitions/dog"},
                },
            },
        },
        "dog": {"type": "object", "properties": {"good": {"type": "bool"}}},
        "tree": {
            "type": "object",
            "properties": {
                "kids": {"type": "array", "nullable": True, "items": {"$ref": "#/definitions/tree"}}
            },
        },
    }
    ((code, found),) = fault(node, value, definitions=definitions, languageVersion="2.0")
    assert code == "BP522"
    assert message in found
    good: dict[str, Any] = {"kind": "dog", "good": True}
    assert fault({"$ref": "#/definitions/animal"}, good, definitions=definitions) == []


def test_the_clock_is_an_argument_and_new_guids_stay_symbolic() -> None:
    parameters = {
        "now": {"type": "string", "defaultValue": "[utcNow('yyyy')]"},
        "id": {"type": "string", "defaultValue": "[newGuid()]"},
    }
    assert output("[parameters('now')]", parameters=parameters, context=CONTEXT) == "2026"
    assert output("[parameters('id')]", parameters=parameters, context=CONTEXT) == "[newGuid()]"
    assert (
        output("[parameters('now')]", parameters=parameters, context=DeploymentContext())
        == "[utcNow('yyyy')]"
    )


def test_circles_of_parameters_and_variables() -> None:
    circle = {
        "a": {"type": "string", "defaultValue": "[parameters('b')]"},
        "b": {"type": "string", "defaultValue": "[parameters('a')]"},
    }
    (found,) = faults(template(parameters=circle))
    assert "the parameter `a` needs the parameter `b`, which needs the parameter `a`" in found[1]
    (found,) = faults(template(variables={"x": {"deep": ["[variables('x').deep]"]}}))
    assert "the variable `x` needs the variable `x`" in found[1]
