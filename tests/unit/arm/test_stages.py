"""One deployment by itself: what it makes, waits for, and leaves to be found out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blueprinter.arm import DeploymentContext, Stage, stage
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse

CONTEXT = DeploymentContext(
    tenant_id="t",
    subscription_id="s",
    resource_group="g",
    location="westeurope",
    deployment_name="d",
    utc_now="2026-11-22T00:00:00Z",
    guid_seed="seed",
)
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
NET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks"


def staged(template: dict[str, Any], **parameters: Any) -> Stage:
    document = parse(json.dumps({"$schema": SCHEMA, "contentVersion": "1.0.0.0", **template}), "t.json")
    return stage(document, parameters=parameters, context=CONTEXT)


def net(name: str, **members: Any) -> dict[str, Any]:
    kind = "Microsoft.Network/virtualNetworks"
    return {"type": kind, "apiVersion": "2023-01-01", "name": name, **members}


def nested(template: dict[str, Any], scope: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "n",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": scope},
            "template": {"$schema": SCHEMA, "contentVersion": "1.0.0.0", **template},
            **properties,
        },
    }


def test_what_only_the_deployment_knows_stays_an_expression_with_full_ids() -> None:
    found = staged(
        {"resources": [net("a", properties={"x": "[reference('b').y]", "t": "[[text]"}), net("b")]}
    )
    first, second = found.resources
    assert first.body == {"properties": {"x": f"[reference('{NET}/b', '2023-01-01').y]", "t": "[[text]"}}
    assert (first.needs, second.needs) == ((1,), ())
    assert (first.id, first.api_version, first.condition) == (f"{NET}/a", "2023-01-01", True)


def test_an_inner_nested_template_is_handed_on_as_it_stands() -> None:
    inner = {"parameters": {"p": {"type": "string"}}, "resources": [net("[parameters('p')]")]}
    outer = {
        "parameters": {"q": {"type": "string"}},
        "resources": [
            nested(
                inner, "inner", parameters={"p": {"value": "[concat(parameters('q'), reference('b').y)]"}}
            ),
            net("b"),
        ],
        "outputs": {"o": {"type": "string", "value": "[reference('n').outputs.x.value]"}},
    }
    found = staged(outer, q="Q")
    one = found.resources[0]
    assert one.template == {"$schema": SCHEMA, "contentVersion": "1.0.0.0", **inner}
    properties: Any = one.body["properties"]
    assert properties["parameters"] == {
        "p": {"value": f"[concat('Q', reference('{NET}/b', '2023-01-01').y)]"}
    }
    assert one.needs == (1,)
    assert found.outputs["o"].value == (
        "[reference('/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/deployments/n', "
        "'2022-09-01').outputs.x.value]"
    )


def test_an_outer_nested_template_is_filled_in() -> None:
    inner = {
        "resources": [
            net("[parameters('p')]", properties={"pw": "[parameters('pw')]", "x": "[reference('other').y]"}),
            net("other", dependsOn=["[parameters('p')]"], condition="[equals(parameters('p'), 'P')]"),
            net("left", condition=False),
        ],
        "outputs": {"o": {"type": "string", "value": "[concat('[', parameters('p'), ']')]"}},
    }
    outer = {
        "parameters": {"p": {"type": "string"}, "pw": {"type": "securestring"}},
        "resources": [nested(inner, "outer")],
    }
    with pytest.raises(InvalidInput, match="circular"):
        staged(outer, p="P", pw="secret")
    inner["resources"][1].pop("dependsOn")  # type: ignore[index, union-attr]  # a resource is an object
    found = staged(outer, p="P", pw="secret")
    template: Any = found.resources[0].template
    assert [one["name"] for one in template["resources"]] == ["P", "other"]
    first = template["resources"][0]
    assert first["properties"] == {
        "pw": "[parameters('pw')]",
        "x": f"[reference('{NET}/other', '2023-01-01').y]",
    }
    assert first["dependsOn"] == [f"{NET}/other"]
    assert template["outputs"]["o"]["value"] == "[[P]"
    assert template["parameters"] == {"pw": {"type": "secureString"}}
    assert "secret" not in json.dumps(template)
    assert found.secrets == {"pw": "secret"}


def test_parameters_say_what_may_be_shown_of_them() -> None:
    found = staged(
        {
            "parameters": {
                "a": {"type": "int", "defaultValue": 1},
                "b": {"type": "securestring"},
                "c": {"type": "string", "defaultValue": "[newGuid()]"},
                "d": {"type": "string", "defaultValue": "[newGuid()]"},
            },
            "resources": [],
        },
        b="secret",
    )
    assert (found.parameters["a"].value, found.parameters["b"].known) == (1, False)
    assert found.parameters["c"].value != found.parameters["d"].value


def test_serial_copies_wait_for_the_batch_before() -> None:
    loop = {"name": "many", "count": 5, "mode": "serial", "batchSize": 2}
    found = staged({"resources": [net("[concat('m', copyIndex())]", copy=loop)]})
    assert [one.needs for one in found.resources] == [(), (), (0, 1), (0, 1), (2, 3)]


def test_existing_resources_and_false_conditions_are_left_out() -> None:
    found = staged(
        {
            "languageVersion": "2.0",
            "resources": {
                "there": net("there", existing=True),
                "no": net("no", condition=False),
                "yes": net("yes", dependsOn=["no", "there"], properties={"x": "[reference('there').y]"}),
            },
        }
    )
    assert [(one.name, one.needs) for one in found.resources] == [("yes", ())]


def test_faults_are_told_with_their_places() -> None:
    with pytest.raises(InvalidInput) as fault:
        staged({"resources": [net("[parameters('gone')]")], "parameters": {"p": {"type": "string"}}})
    assert [(one.code, one.position.pointer) for one in fault.value.diagnostics] == [
        ("BP523", "/parameters/p")
    ]
