"""Data that enters a template by `arm.literal` comes out of its deployment as it went in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprinter.arm import DeploymentContext, expand, expand_to_json, literal
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Json, load, parse

SCHEMA = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
CONTEXT = DeploymentContext(scope="subscription", subscription_id="11111111-2222-3333-4444-555555555555")


def rendered(value: Json) -> dict[str, Any]:
    """A template with a value in all places where data stands."""
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "variables": {"data": literal(value)},
        "resources": [
            {
                "type": "Microsoft.Authorization/policyDefinitions",
                "apiVersion": "2023-04-01",
                "name": "one",
                "properties": {"data": literal(value), "of": "[variables('data')]"},
            }
        ],
        "outputs": {"data": {"type": "object", "value": {"of": literal(value)}}},
    }


def deployed(template: Any) -> list[Any]:
    """What the deployment makes of the three."""
    found = expand(parse(json.dumps(template), "template.json"), context=CONTEXT)
    properties: Any = found.resources[0].body["properties"]
    outputs: Any = found.outputs["data"]
    return [properties["data"], properties["of"], outputs["of"]]


def same(left: Any, right: Any) -> bool:
    """Equal in value, type and order of keys."""
    return json.dumps(left) == json.dumps(right)


def check(value: Json) -> None:
    for found in deployed(rendered(value)):
        assert same(found, value)


texts = st.one_of(
    st.text(max_size=12).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)),
    st.sampled_from(
        [
            *("[", "]", "[]", "[[", "[[]", "[[[x]]", "[x]", "[[x]", "[x]\n", " [x]", "'", "{0}"),
            *("[parameters('p')]", "[[parameters('p')]", "[concat('a', 'b')]", "[field('tags')]"),
        ]
    ),
)
loop = st.fixed_dictionaries({"name": texts, "count": st.integers(-3, 900), "input": texts})
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(-1e9, 1e9), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(texts, inner, max_size=3),
        st.dictionaries(st.sampled_from(["copy", "Copy", "COPY"]), st.lists(loop, max_size=2), max_size=1),
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_any_value_comes_back(value: Any) -> None:
    check(value)


@settings(max_examples=100, deadline=None)
@given(values)
def test_what_was_deployed_can_be_printed_and_deployed_again(value: Any) -> None:
    template = rendered(value)
    printed: Any = expand_to_json(expand(parse(json.dumps(template), "template.json"), context=CONTEXT))
    again = {**template, "variables": {"data": literal(value)}, "resources": printed["resources"]}
    for found in deployed(again):
        assert same(found, value)


def documents(folder: Path) -> Iterator[tuple[Path, Json]]:
    for file in sorted(folder.rglob("*.json")):
        try:
            yield file, load(file).value
        except InvalidInput:
            continue  # one of the samples is empty


def test_every_policy_of_ours_comes_back(root: Path) -> None:
    count = 0
    for file, value in documents(root / "policies"):
        check(value)
        count += file.name == "policy.json"
    assert count > 0


@pytest.mark.parametrize(("folder", "least"), [("azure-policy", 740), ("azure-blueprints", 69)])
def test_every_published_definition_and_sample_comes_back(shared: Path, folder: str, least: int) -> None:
    count = 0
    for _, value in documents(shared / "data" / folder):
        check(value)
        count += 1
    assert count >= least
