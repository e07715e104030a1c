"""Whatever is given as a template or an expression ends in a result or a diagnostic, and never in another exception.

The cases are drawn anew each run; the soak tests draw many more of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blueprinter.arm import (
    FUNCTIONS,
    DeploymentContext,
    Expansion,
    ExpressionSyntaxError,
    Language,
    evaluate_request,
    expand,
    expand_to_json,
    node_text,
    parse_expression,
    sealed,
)
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Document, Json, child, parse

CONTEXT = DeploymentContext(
    subscription_id="11111111-2222-3333-4444-555555555555",
    resource_group="rg",
    management_group="mg",
    location="westeurope",
    utc_now="2026-01-02T03:04:05Z",
)
QUICK = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))

NAMES = [row.name.replace("*", "Keys") for row in FUNCTIONS if Language.TEMPLATE in row.available_in]
ATOMS = st.sampled_from(
    [
        *("''", "'a'", "'A/b'", "'{0:N2}'", "'2026-01-01'", "'P1D'", "'10.0.0.0/24'", "'[1, {a: null}]'"),
        *("0", "1", "-1", "9223372036854775807", "true()", "null()", "createArray(1, 'a', null())"),
        *("createObject('a', createArray(1), 'B', null())", "range(0, 3)", "parameters('o')"),
        *("parameters('unset')", "parameters('secret')", "variables('later')", "resourceGroup().tags"),
        *("reference('one').x", "copyIndex()", "lambdaVariables('x')", "lambda('x', lambdaVariables('x'))"),
        *("lambda('x', 'y', equals(lambdaVariables('x'), lambdaVariables('y')))", "json('1.5')"),
    ]
)


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    call = st.builds(
        lambda name, arguments: f"{name}({', '.join(arguments)})",
        st.sampled_from([*NAMES, "c.own", "c.self"]),
        st.lists(inner, max_size=4),
    )
    step = st.sampled_from(["", "", "", ".a", "['b']", "[0]", "[-1]", ".value.x"])
    return st.builds(lambda text, after: text + after, call, step)


EXPRESSIONS = st.recursive(ATOMS, _calls, max_leaves=8).map(lambda text: f"[{text}]")
SOUP = st.text(alphabet="[](),.'\"\\ \n\ud800é0123456789abcxyz-_{}$", max_size=60).map(
    lambda text: f"[{text}]"
)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        EXPRESSIONS,
        st.sampled_from(["Microsoft.Resources/deployments", "inner", "2.0", "a/b", "one", "Full", "copy"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.text(max_size=4),
                st.sampled_from(["copy", "name", "count", "input", "value", "type", "$ref", "scope"]),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=6,
)

FUNCTIONS_OF_OWN: list[Json] = [
    {
        "namespace": "c",
        "members": {
            "own": {
                "parameters": [{"name": "p", "type": "string"}],
                "output": {"type": "string", "value": "[concat(parameters('p'), '!')]"},
            },
            "self": {"parameters": [], "output": {"type": "int", "value": "[add(c.self(), c.self())]"}},
        },
    }
]
SEED: dict[str, Json] = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {
        "o": {"type": "object", "defaultValue": {"a": [1, "x"], "b": {"value": None}}},
        "unset": {"type": "string", "minLength": 1},
        "secret": {"type": "securestring", "defaultValue": "s3cret-s3cret"},
        "list": {"type": "array", "defaultValue": ["a", "b"], "allowedValues": ["a", "b", "c"]},
    },
    "variables": {
        "later": "[reference('one').x]",
        "chain": "[concat(parameters('unset'), variables('later'))]",
        "copy": [{"name": "made", "count": "[length(parameters('list'))]", "input": "[copyIndex('made')]"}],
    },
    "functions": FUNCTIONS_OF_OWN,
    "resources": [
        {
            "type": "Contoso.Test/things",
            "apiVersion": "2024-01-01",
            "name": "one",
            "properties": {"x": "[c.own('a')]", "y": "[variables('made')]", "s": "[parameters('secret')]"},
        },
        {
            "type": "Contoso.Test/things/parts",
            "apiVersion": "2024-01-01",
            "name": "[concat('one/', copyIndex())]",
            "condition": "[equals(parameters('o').a[0], 1)]",
            "copy": {"name": "parts", "count": 2},
            "dependsOn": ["one"],
            "properties": {"copy": [{"name": "p", "count": 2, "input": {"i": "[copyIndex('p', 1)]"}}]},
        },
        {
            "type": "Microsoft.Resources/deployments",
            "apiVersion": "2022-09-01",
            "name": "nested",
            "resourceGroup": "other",
            "properties": {
                "mode": "Incremental",
                "expressionEvaluationOptions": {"scope": "inner"},
                "parameters": {"p": {"value": "[variables('chain')]"}},
                "template": {
                    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                    "contentVersion": "1.0.0.0",
                    "languageVersion": "2.0",
                    "definitions": {"T": {"type": "string", "nullable": True}},
                    "parameters": {"p": {"$ref": "#/definitions/T"}},
                    "resources": {
                        "old": {
                            "existing": True,
                            "type": "Contoso.Test/things",
                            "apiVersion": "1",
                            "name": "o",
                        },
                        "new": {
                            "type": "Contoso.Test/locks",
                            "apiVersion": "1",
                            "name": "l",
                            "scope": "[resourceId('Contoso.Test/things', 'o')]",
                            "properties": {"p": "[parameters('p')]", "of": "[reference('old').x]"},
                        },
                    },
                    "outputs": {"id": {"type": "string", "value": "[resourceInfo('new').id]"}},
                },
            },
        },
    ],
    "outputs": {
        "nested": {"type": "string", "value": "[reference('nested').outputs.id.value]"},
        "all": {"type": "array", "copy": {"count": 2, "input": "[copyIndex()]"}},
    },
}


def ends_well(document: Document) -> None:
    """Expands a document: what comes out can be printed, what does not come out is explained."""
    try:
        expansion = expand(document, context=CONTEXT)
    except InvalidInput as refused:
        said = [str(one) for one in refused.diagnostics]
    else:
        said = [str(one) for one in expansion.diagnostics] or ["fine"]
        check_expansion(expansion)
    assert said
    assert not any("s3cret-s3cret" in one for one in said)


def check_expansion(expansion: Expansion) -> None:
    """It can be printed without secrets, and each of its properties has a place."""
    assert "s3cret-s3cret" not in json.dumps(expand_to_json(expansion))
    for resource in sealed(expansion).resources:
        for key in resource.body:
            assert resource.origin.locate(child("", key)).line >= 1


def check_bytes(data: bytes) -> None:
    try:
        document = parse(data, "main.json", repeated_keys=True)
    except InvalidInput:
        return
    ends_well(document)


def check_expression(text: str) -> None:
    answer = evaluate_request(
        {
            "expression": text,
            "parameters": {"o": {"a": [1, "x"], "b": {"value": None}}, "unset": "u", "secret": "s"},
            "variables": {"later": "[add(1, 2)]"},
            "functions": FUNCTIONS_OF_OWN,
            "context": {"resourceGroup": "rg"},
        }
    )
    assert list(answer) in (["value"], ["error"])
    json.dumps(answer)


def check_print(text: str) -> None:
    """Printing the nodes of an expression and parsing that again gives the same nodes."""
    try:
        printed = node_text(parse_expression(text))
    except ExpressionSyntaxError:
        return
    assert node_text(parse_expression(f"[{printed}]")) == printed


def places(value: Json, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to all parts of a value."""
    yield way
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from places(member, (*way, key))


def mutated(value: Any, way: tuple[str | int, ...], change: Callable[[Any, str | int], None]) -> Any:
    copy = json.loads(json.dumps(value))
    holder = copy
    for step in way[:-1]:
        holder = holder[step]
    change(holder, way[-1])
    return copy


@st.composite
def mutations(draw: st.DrawFn) -> Any:
    value: Any = SEED
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from([one for one in places(value) if one]))
        given = draw(JSON)
        kind = draw(st.sampled_from(["set", "delete", "double"]))

        def change(holder: Any, key: str | int, kind: str = kind, given: Json = given) -> None:
            if kind == "delete":
                del holder[key]
            elif kind == "double" and isinstance(holder, list):
                holder.append(holder[key])
            elif kind == "double":
                holder[f"{key}{key}"] = holder[key]
            else:
                holder[key] = given

        value = mutated(value, way, change)
    return value


def as_document(value: Any) -> Document | None:
    try:
        return parse(json.dumps(value, indent=1), "main.json")
    except InvalidInput:
        return None  # half a surrogate pair


@QUICK
@given(
    st.one_of(st.binary(max_size=80), st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")))
)
def test_bytes(data: bytes) -> None:
    check_bytes(data)


@QUICK
@given(EXPRESSIONS)
def test_expressions(text: str) -> None:
    check_expression(text)
    check_print(text)


@QUICK
@given(SOUP)
def test_what_looks_like_expressions(text: str) -> None:
    check_expression(text)
    check_print(text)


@QUICK
@given(mutations())
def test_mutated_templates(value: Any) -> None:
    document = as_document(value)
    if document is not None:
        ends_well(document)


def test_the_seed_is_a_good_template() -> None:
    document = as_document(SEED)
    assert document is not None
    expansion = expand(document, context=CONTEXT)
    assert [resource.name for resource in expansion.resources] == ["one", "one/0", "one/1", "l"]
    assert {one.code for one in expansion.diagnostics} == {"BP523"}


@pytest.mark.soak
@LONG
@given(mutations())
def test_many_mutated_templates(value: Any) -> None:
    document = as_document(value)
    if document is not None:
        ends_well(document)


@pytest.mark.soak
@LONG
@given(st.one_of(EXPRESSIONS, SOUP))
def test_many_expressions(text: str) -> None:
    check_expression(text)
    check_print(text)


@pytest.mark.soak
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_mutated_templates_of_ours(root: Path, data: st.DataObject) -> None:
    files = sorted((root / "templates" / "arm").glob("*.json"))
    text = data.draw(st.sampled_from(files)).read_text(encoding="utf-8")
    place = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 40))
    given = data.draw(st.one_of(st.text(max_size=10), EXPRESSIONS))
    check_bytes((text[:place] + given + text[place + length :]).encode("utf-8", "replace"))
