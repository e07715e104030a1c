"""What only Azure knows: references, list functions, scopes without facts, and what is known of them anyway."""

from __future__ import annotations

import pytest

from blueprinter.arm import DeploymentContext, Unknown
from unit.arm.expanding import (
    CONTEXT,
    GROUP,
    SUBSCRIPTION,
    expanded,
    output,
    outputs,
    printed,
    resource,
    template,
)

STORE = resource(
    "st",
    "Microsoft.Storage/storageAccounts",
    location="westeurope",
    properties={"accessTier": "Hot", "network": {"rules": [{"ip": "1.2.3.4"}]}, "cleared": None},
)
STORE_ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[reference('st').accessTier]", "Hot"),
        ("[reference('ST').AccessTier]", "Hot"),
        ("[reference(resourceId('Microsoft.Storage/storageAccounts', 'st')).accessTier]", "Hot"),
        ("[reference('st', '2024-01-01', 'Full').location]", "westeurope"),
        ("[reference('st', '2024-01-01', 'full').properties.accessTier]", "Hot"),
        ("[reference('st').network.rules[0].ip]", "1.2.3.4"),
        (
            "[reference('st').primaryEndpoints.blob]",
            f"[reference('{STORE_ID}', '2024-01-01').primaryEndpoints.blob]",
        ),
        ("[reference('st').network.bypass]", f"[reference('{STORE_ID}', '2024-01-01').network.bypass]"),
        (
            "[reference('st').network.rules[0].id]",
            f"[reference('{STORE_ID}', '2024-01-01').network.rules[0].id]",
        ),
        ("[reference('st').cleared]", f"[reference('{STORE_ID}', '2024-01-01').cleared]"),
        ("[reference('st', '2020-01-01').x]", f"[reference('{STORE_ID}', '2020-01-01').x]"),
        (
            "[reference('st', '2024-01-01', 'Full').sku.name]",
            f"[reference('{STORE_ID}', '2024-01-01', 'Full').sku.name]",
        ),
        ("[string(reference('st'))]", f"[string(reference('{STORE_ID}', '2024-01-01'))]"),
        (
            "[listKeys('st', '2024-01-01').keys[0].value]",
            f"[listKeys('{STORE_ID}', '2024-01-01').keys[0].value]",
        ),
        ("[reference('elsewhere').x]", "[reference('elsewhere').x]"),
        ("[pickZones('A', 'b', 'c')[0]]", "[pickZones('A', 'b', 'c')[0]]"),
        ("[toLower(roleDefinitions('Owner').id)]", "[toLower(roleDefinitions('Owner').id)]"),
        ("[if(equals(1, 1), 'a', reference('st').x)]", "a"),
    ],
)
def test_runtime_functions(expression: str, expected: str) -> None:
    assert output(expression, resources=[STORE]) == expected


def test_what_is_not_deployed_here_is_not_answered_from_here() -> None:
    for members in ({"condition": False}, {"existing": True}):
        made = {"it": STORE | members}
        shown = output("[reference('it').accessTier]", resources=made)
        assert shown == f"[reference('{STORE_ID}', '2024-01-01').accessTier]"


def test_references_of_a_loop_are_an_array() -> None:
    loop = resource(
        "[concat('n', copyIndex())]", copy={"name": "all", "count": 2}, properties={"i": "[copyIndex()]"}
    )
    expression = "[map(references('all'), lambda('one', lambdaVariables('one').i))]"
    assert output(expression, "array", resources={"all": loop}) == [0, 1]
    assert output("[length(references('all'))]", "int", resources={"all": loop}) == 2


def test_an_output_that_is_known_in_part_is_one_expression() -> None:
    value = {"known": "[toUpper('a')]", "later": "[reference('st').x]", "list": [True, None, 3]}
    assert output(value, "object", resources=[STORE]) == (
        f"[createObject('known', 'A', 'later', reference('{STORE_ID}', '2024-01-01').x, "
        "'list', createArray(true(), null(), 3))]"
    )


def test_an_object_of_one_expression_is_printed_as_one_but_kept_apart() -> None:
    made = resource(
        tags="[union(createObject('a', 'b'), createObject('c', reference('st').x))]",
        properties={"own": {"a": "b", "c": "[reference('st').x]"}},
    )
    whole = template([STORE, made])
    unknown = Unknown(f"reference('{STORE_ID}', '2024-01-01').x")
    assert expanded(whole).resources[1].body["tags"] == {"a": "b", "c": unknown}
    shown = printed(whole)["resources"][1]
    assert shown["tags"] == f"[createObject('a', 'b', 'c', {unknown.expression})]"
    assert shown["properties"] == {"own": {"a": "b", "c": f"[{unknown.expression}]"}}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[resourceGroup().name]", "rg-app"),
        ("[resourceGroup().id]", GROUP),
        ("[resourceGroup().location]", "westeurope"),
        ("[resourceGroup().tags.owner]", "[resourceGroup().tags.owner]"),
        ("[subscription().subscriptionId]", SUBSCRIPTION),
        ("[subscription().displayName]", "[subscription().displayName]"),
        ("[subscription().tenantId]", CONTEXT.tenant_id),
        ("[tenant().tenantId]", CONTEXT.tenant_id),
        ("[deployment().name]", "main"),
        ("[deployment().properties.template.contentVersion]", "1.0.0.0"),
        ("[deployment().properties.templateLink.uri]", "[deployment().properties.templateLink.uri]"),
        ("[environment().suffixes.storage]", "core.windows.net"),
    ],
)
def test_facts_of_the_deployment(expression: str, expected: str) -> None:
    assert output(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[resourceGroup().location]", "[resourceGroup().location]"),
        ("[resourceGroup().id]", "[resourceGroup().id]"),
        ("[subscription().id]", "[subscription().id]"),
        ("[subscription().tenantId]", "[tenant().tenantId]"),
        ("[deployment().name]", "[deployment().name]"),
        ("[uniqueString(resourceGroup().id)]", "[uniqueString(resourceGroup().id)]"),
    ],
)
def test_facts_that_nobody_gave(expression: str, expected: str) -> None:
    assert output(expression, context=DeploymentContext()) == expected


def test_the_cloud_is_a_fact() -> None:
    context = DeploymentContext(cloud="AzureUSGovernment")
    assert output("[environment().suffixes.storage]", context=context) == "core.usgovcloudapi.net"


def test_variables_may_hold_what_is_known_later() -> None:
    whole = template(
        [STORE],
        variables={
            "endpoints": "[reference('st').primaryEndpoints]",
            "object": {"tier": "[reference('st').accessTier]"},
        },
        outputs={
            "blob": {"type": "string", "value": "[variables('endpoints').blob]"},
            "tier": {"type": "string", "value": "[variables('object').tier]"},
        },
    )
    assert outputs(whole) == {
        "blob": f"[reference('{STORE_ID}', '2024-01-01').primaryEndpoints.blob]",
        "tier": "Hot",
    }


def test_unknown_is_not_null() -> None:
    made = resource(properties={"null": "[null()]", "later": "[reference('/x/y').z]"})
    properties = expanded(template([made])).resources[0].body["properties"]
    assert properties == {"null": None, "later": Unknown("reference('/x/y').z")}


def test_a_key_that_is_not_known_stays_an_expression() -> None:
    key = "[resourceId('Contoso.Test/identities', parameters('who'))]"
    made = resource(
        identity={"userAssignedIdentities": {key: {}, "[[plain]": {}}},
        tags="[createObject('it', variables('v'))]",
    )
    whole = template([made], parameters={"who": {"type": "string"}}, variables={"v": {key: 1}})
    (shown,) = printed(whole)["resources"]
    assert shown["identity"] == {"userAssignedIdentities": {key: {}, "[[plain]": {}}}
    assert (
        shown["tags"]
        == "[createObject('it', createObject(resourceId('Contoso.Test/identities', parameters('who')), 1))]"
    )
