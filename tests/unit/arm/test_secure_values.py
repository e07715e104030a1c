"""Secure values: conditions look at them, and nothing that is printed holds them or what was made of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blueprinter.arm import Unknown, expand_to_json, has_unknown
from unit.arm.expanding import deployment, expanded, faults, outputs, printed, resource, template

SECRET = "Corr3ct-h0rse"
OBJECT = {"user": "opera-tor", "port": 5432, "on": True, "none": None, "list": [f"{SECRET}-1", f"{SECRET}-2"]}
PARAMETERS = {"p": {"type": "secureString"}, "o": {"type": "secureObject"}}
VALUES = {"p": SECRET, "o": OBJECT}


def value(expression: Any, type: str = "string", **sections: Any) -> Any:
    whole = template(parameters=PARAMETERS, outputs={"it": {"type": type, "value": expression}}, **sections)
    return outputs(whole, parameters=VALUES)["it"]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("[parameters('p')]", "[parameters('p')]"),
        ("[base64(parameters('p'))]", "[base64(parameters('p'))]"),
        ("[concat('a', parameters('p'))]", "[concat('a', parameters('p'))]"),
        ("[toLower(substring(parameters('p'), 0, 3))]", "[toLower(substring(parameters('p'), 0, 3))]"),
        ("[uniqueString(parameters('p'))]", "[uniqueString(parameters('p'))]"),
        ("[variables('v').a]", "[format('{0}!', parameters('p'))]"),
        ("[parameters('o').user]", "[parameters('o').user]"),
        ("[parameters('o')['LIST'][1]]", "[parameters('o')['LIST'][1]]"),
        ("[tryGet(parameters('o'), 'user')]", "[tryGet(parameters('o'), 'user')]"),
        ("[coalesce(null(), parameters('p'))]", "[parameters('p')]"),
        ("[if(empty(parameters('p')), 'none', 'some')]", "some"),
        ("[if(equals(parameters('o').user, 'opera-tor'), 'yes', 'no')]", "yes"),
        ("[if(parameters('o').on, 'on', 'off')]", "on"),
        ("[if(and(parameters('o').on, not(contains(parameters('p'), 'x'))), 'a', 'b')]", "a"),
        ("[createObject('Corr3ct-h0rse', 1)[parameters('p')]]", 1),
        ("[c.own(parameters('p'))]", "[concat('<', parameters('p'), '>')]"),
    ],
)
def test_strings(expression: str, shown: Any) -> None:
    functions = [
        {
            "namespace": "c",
            "members": {
                "own": {
                    "parameters": [{"name": "x", "type": "string"}],
                    "output": {"type": "string", "value": "[concat('<', parameters('x'), '>')]"},
                }
            },
        }
    ]
    kind = "int" if shown == 1 else "string"
    variables = {"v": {"a": "[format('{0}!', parameters('p'))]"}}
    assert value(expression, kind, variables=variables, functions=functions) == shown


@pytest.mark.parametrize(
    ("expression", "type", "shown"),
    [
        ("[length(parameters('p'))]", "int", len(SECRET)),
        ("[length(parameters('o').list)]", "int", 2),
        ("[add(parameters('o').port, 1)]", "int", "[add(parameters('o').port, 1)]"),
        ("[empty(parameters('o').none)]", "bool", True),
        ("[contains(createArray('Corr3ct-h0rse'), parameters('p'))]", "bool", True),
        ("[parameters('o')]", "object", "[parameters('o')]"),
        ("[union(parameters('o'), createObject('a', 1))]", "object", None),
        (
            "[createObject('a', parameters('p'), 'b', 1)]",
            "object",
            "[createObject('a', parameters('p'), 'b', 1)]",
        ),
        (
            "[map(parameters('o').list, lambda('x', concat(lambdaVariables('x'), '!')))]",
            "array",
            "[createArray(concat(parameters('o').list[0], '!'), concat(parameters('o').list[1], '!'))]",
        ),
        (
            "[filter(parameters('o').list, lambda('x', endsWith(lambdaVariables('x'), '2')))]",
            "array",
            "[createArray(parameters('o').list[1])]",
        ),
        ("[items(parameters('o'))[0].key]", "string", "[items(parameters('o'))[0].key]"),
        ("[toObject(parameters('o').list, lambda('x', lambdaVariables('x')))]", "object", None),
    ],
)
def test_other_types(expression: str, type: str, shown: Any) -> None:
    found = value(expression, type)
    if shown is not None:
        assert found == shown
    assert SECRET not in json.dumps(found)
    assert "opera-tor" not in json.dumps(found)


def test_loops_and_conditions_look_at_secure_values() -> None:
    whole = template(
        [
            resource(
                "[concat('n', copyIndex())]",
                copy={"name": "l", "count": "[length(parameters('o').list)]"},
                properties={"of": "[parameters('o').list[copyIndex()]]"},
            ),
            resource("no", condition="[equals(parameters('p'), 'other')]"),
            resource("yes", condition="[parameters('o').on]"),
        ],
        parameters=PARAMETERS,
    )
    found = printed(whole, parameters=VALUES)["resources"]
    assert [one["name"] for one in found] == ["n0", "n1", "yes"]
    assert found[1]["properties"] == {"of": "[parameters('o').list[1]]"}


def test_bodies_hold_no_secret() -> None:
    whole = template([resource(properties={"a": "[parameters('p')]", "b": 1})], parameters=PARAMETERS)
    body: Any = expanded(whole, parameters=VALUES).resources[0].body
    assert body["properties"]["a"] == Unknown("parameters('p')")
    assert has_unknown(body)
    assert SECRET not in repr(body)


def test_a_default_that_is_empty_is_no_secret() -> None:
    parameters = {"token": {"type": "securestring", "defaultValue": ""}}
    output = {"u": {"type": "string", "value": "[concat('https://x/y', parameters('token'))]"}}
    assert outputs(template(parameters=parameters, outputs=output)) == {"u": "https://x/y"}
    parameters["token"]["defaultValue"] = "in-the-template"
    assert outputs(template(parameters=parameters, outputs=output)) == {
        "u": "[concat('https://x/y', parameters('token'))]"
    }


def test_a_secret_stays_one_in_a_nested_template() -> None:
    inner = template(
        [resource("in", properties={"p": "[concat(parameters('a'), parameters('b').user)]"})],
        parameters={"a": {"type": "string"}, "b": {"type": "object"}},
        outputs={"o": {"type": "string", "value": "[parameters('a')]"}},
    )
    whole = template(
        [deployment("d", inner, parameters={"a": "[parameters('p')]", "b": "[parameters('o')]"})],
        parameters=PARAMETERS,
        outputs={"o": {"type": "string", "value": "[reference('d').outputs.o.value]"}},
    )
    shown = printed(whole, parameters=VALUES)
    assert shown["resources"][0]["properties"] == {"p": "[concat(parameters('p'), parameters('o').user)]"}
    assert shown["outputs"] == {"o": "[parameters('p')]"}


@pytest.mark.parametrize(
    "expression",
    [
        "[int(parameters('p'))]",
        "[json(parameters('p'))]",
        "[substring(parameters('p'), 0, 99)]",
        "[fail(parameters('p'))]",
        "[parameters('o')[parameters('p')]]",
        "[parseCidr(parameters('p'))]",
        "[base64ToString(parameters('p'))]",
        "[if(parameters('p'), 1, 2)]",
        "[resourceId(parameters('p'), 'x')]",
    ],
)
def test_complaints_do_not_quote_secrets(expression: str) -> None:
    whole = template(parameters=PARAMETERS, outputs={"it": {"type": "object", "value": expression}})
    found = faults(whole, parameters=VALUES)
    assert found
    assert SECRET not in str(found)


def test_what_a_parameter_refuses_is_not_quoted() -> None:
    for node in (
        {"allowedValues": ["one"]},
        {"maxLength": 2},
        {"minLength": 99},
        {"type": "secureObject"},
    ):
        whole = template(parameters={"p": {"type": "securestring", **node}})
        ((code, message),) = faults(whole, parameters={"p": SECRET})
        assert code == "BP522"
        assert SECRET not in message


def test_printing_hides_what_repeats_a_secret_by_chance() -> None:
    whole = template([resource(properties={"twin": f"<{SECRET}>"})], parameters=PARAMETERS)
    shown: Any = expand_to_json(expanded(whole, parameters=VALUES))
    assert shown["resources"][0]["properties"] == {"twin": "<***>"}


def test_secure_members_of_a_type_are_secure() -> None:
    """Source: Microsoft Learn, "Type definitions in ARM templates"."""
    login = {"type": "object", "properties": {"user": {"type": "string"}, "key": {"type": "securestring"}}}
    kinds = {
        "Login": login,
        "Any": {
            "type": "object",
            "discriminator": {
                "propertyName": "kind",
                "mapping": {
                    "one": {"type": "object", "properties": {"a": {"type": "securestring"}}},
                    "two": {
                        "type": "object",
                        "properties": {"kind": {"type": "string"}},
                        "additionalProperties": {"$ref": "#/definitions/Login"},
                    },
                },
            },
        },
    }
    parameters = {
        "logins": {"type": "array", "items": {"$ref": "#/definitions/Login"}},
        "pair": {
            "type": "array",
            "prefixItems": [{"type": "string"}, {"type": "securestring"}],
            "items": False,
        },
        "one": {"$ref": "#/definitions/Any"},
        "two": {"$ref": "#/definitions/Any"},
        "plain": {"$ref": "#/definitions/Login"},
    }
    given = {
        "logins": [{"user": "a", "key": SECRET}, {"user": "b", "key": SECRET}],
        "pair": ["a", SECRET],
        "one": {"kind": "one", "a": SECRET},
        "two": {"kind": "two", "of it": {"user": "c", "key": SECRET}},
        "plain": {"user": "d", "key": ""},
    }
    whole = template(
        {"r": resource(properties={name: f"[parameters('{name}')]" for name in parameters})},
        languageVersion="2.0",
        definitions=kinds,
        parameters=parameters,
    )
    body: Any = expanded(whole, parameters=given).resources[0].body
    assert body["properties"] == {
        "logins": [
            {"user": "a", "key": Unknown("parameters('logins')[0].key")},
            {"user": "b", "key": Unknown("parameters('logins')[1].key")},
        ],
        "pair": ["a", Unknown("parameters('pair')[1]")],
        "one": {"kind": "one", "a": Unknown("parameters('one').a")},
        "two": {"kind": "two", "of it": {"user": "c", "key": Unknown("parameters('two')['of it'].key")}},
        "plain": {"user": "d", "key": ""},
    }
    assert SECRET not in json.dumps(printed(whole, parameters=given))
    given["one"] = {"kind": "one", "a": [SECRET]}
    assert SECRET not in str(faults(whole, parameters=given))
