"""Laws of expansion: it is idempotent, gives the same bytes each time, and places every property."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from blueprinter.arm import DeploymentContext, Expansion, expand, expand_to_json
from blueprinter.document import child, parse

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
CONTEXT = DeploymentContext(subscription_id="11111111-2222-3333-4444-555555555555", resource_group="rg")

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["[", "]", "[]", "[[", "[x]", "[[x]", "[[[x]]", "[parameters('p')]", "'", "[]\n", " [x]", "{0}"]
    ),
)
expressions = st.sampled_from(
    [
        "[resourceGroup().location]",
        "[reference('/subscriptions/x/providers/A.B/c/d').e]",
        "[concat(variables('v'), 1)]",
        "[copyIndex()]",
        "[variables('mixed')]",
        "[createObject('a', variables('v'), 'b', subscription().displayName)]",
        "[union(variables('mixed'), createObject('c', null()))]",
        "[json('[1, 2.5, \"[x]\"]')]",
        "[range(0, copyIndex(1))]",
    ]
)


def literal(text: str) -> str:
    return f"[{text}" if text[:1] == "[" and text[-1:] == "]" else text


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), texts.map(literal), expressions
)
keys = texts.filter(lambda text: text.casefold() != "copy").map(literal)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=12,
)


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    resources = [
        {
            "type": f"Contoso.Test/kind{index}",
            "apiVersion": "2024-01-01",
            "name": "[concat('n', copyIndex())]",
            "copy": {"name": "loop", "count": draw(st.integers(0, 2))},
            "properties": draw(st.dictionaries(keys, values, max_size=4)),
            "tags": draw(values),
        }
        for index in range(draw(st.integers(0, 3)))
    ]
    variables = {
        "v": draw(texts.map(literal)),
        "mixed": {"k": "[deployment().name]", "l": draw(values.filter(no_index))},
    }
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "variables": variables, "resources": resources}


def no_index(value: Any) -> bool:
    text = json.dumps(value)
    return "copyIndex" not in text and "variables(" not in text


def run(template: Any) -> Expansion:
    return expand(parse(json.dumps(template), "main.json"), context=CONTEXT)


@settings(max_examples=150, deadline=None)
@given(templates())
def test_expanding_what_was_expanded_changes_nothing(template: dict[str, Any]) -> None:
    once: Any = expand_to_json(run(template))
    resources = [{key: value for key, value in one.items() if key != "id"} for one in once["resources"]]
    twice: Any = expand_to_json(run({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}))
    assert twice["resources"] == once["resources"]


@settings(max_examples=60, deadline=None)
@given(templates())
def test_the_same_template_gives_the_same_bytes(template: dict[str, Any]) -> None:
    assert json.dumps(expand_to_json(run(template))) == json.dumps(expand_to_json(run(template)))


@settings(max_examples=60, deadline=None)
@given(templates())
def test_every_property_has_a_place_inside_its_resource(template: dict[str, Any]) -> None:
    for one in run(template).resources:
        whole = one.origin.locate().pointer
        for key, value in one.body.items():
            members = value if isinstance(value, dict) else {}
            for pointer in (child("", key), *(child(child("", key), member) for member in members)):
                where = one.origin.locate(pointer)
                assert where.line >= 1
                assert where.pointer == whole or where.pointer.startswith(f"{whole}/")
