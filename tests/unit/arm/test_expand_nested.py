"""Nested and linked deployments."""

from __future__ import annotations

import pytest

from blueprinter.arm import DeploymentContext
from blueprinter.document import Document
from unit.arm.expanding import (
    CONTEXT,
    GROUP,
    SUBSCRIPTION,
    deployment,
    document,
    expanded,
    faults,
    names,
    outputs,
    printed,
    resource,
    template,
    warnings,
)

OTHER = "99999999-8888-7777-6666-555555555555"


def ids(value: object, **options: object) -> list[str]:
    return [one["id"] for one in printed(value, **options)["resources"]]


def test_deployments_are_expanded_away_in_their_place() -> None:
    whole = template(
        [resource("before"), deployment("mod", template([resource("a"), resource("b")])), resource("after")]
    )
    assert names(whole) == ["before", "a", "b", "after"]


def test_inner_scope_has_its_own_names() -> None:
    inner = template(
        [resource("[concat(parameters('p'), variables('v'))]")],
        parameters={"p": {"type": "string"}, "q": {"type": "string", "defaultValue": "[parameters('p')]"}},
        variables={"v": "-inner"},
        outputs={"q": {"type": "string", "value": "[parameters('q')]"}},
    )
    whole = template(
        [deployment("mod", inner, parameters={"p": "[variables('v')]"})],
        variables={"v": "outer"},
        outputs={"q": {"type": "string", "value": "[reference('mod').outputs.q.value]"}},
    )
    assert names(whole) == ["outer-inner"]
    assert outputs(whole) == {"q": "outer"}


def test_outer_scope_is_the_default_and_has_the_names_of_the_parent() -> None:
    inner = template(
        [resource("[concat(variables('v'), copyIndex())]")],
        variables={"v": "ignored"},
        outputs={"v": {"type": "string", "value": "[variables('v')]"}},
    )
    loop = {"name": "mods", "count": 2}
    written = deployment("[concat('mod', copyIndex())]", inner, evaluation="outer", copy=loop)
    unwritten = deployment("[concat('mod', copyIndex())]", inner, copy=loop)
    del unwritten["properties"]["expressionEvaluationOptions"]
    for nested in (written, unwritten):
        whole = template(
            [nested],
            variables={"v": "parent"},
            outputs={"v": {"type": "string", "value": "[reference('mod1').outputs.v.value]"}},
        )
        assert names(whole) == ["parent0", "parent1"]
        assert outputs(whole) == {"v": "parent"}


def test_the_loop_around_a_deployment_is_not_seen_in_inner_scope() -> None:
    inner = template([resource("[concat('n', copyIndex())]")])
    nested = deployment("[concat('mod', copyIndex())]", inner, copy={"name": "mods", "count": 1})
    (found,) = faults(template([nested]))
    assert "`copyIndex` can be used in a copy loop only" in found[1]


def test_scope_functions_follow_the_scope_of_evaluation() -> None:
    body = {
        "group": "[resourceGroup().name]",
        "id": "[resourceId('Contoso.Test/things', 'x')]",
        "d": "[deployment().name]",
    }
    inner = deployment("inner", template([resource("a", properties=body)]), resourceGroup="rg-other")
    outer = deployment(
        "outer", template([resource("b", properties=body)]), evaluation="outer", resourceGroup="rg-other"
    )
    shown = printed(template([inner, outer]))["resources"]
    other = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-other"
    assert [one["id"] for one in shown] == [
        f"{other}/providers/Contoso.Test/things/a",
        f"{other}/providers/Contoso.Test/things/b",
    ]
    assert shown[0]["properties"] == {
        "group": "rg-other",
        "id": f"{other}/providers/Contoso.Test/things/x",
        "d": "inner",
    }
    assert shown[1]["properties"] == {
        "group": "rg-app",
        "id": f"{GROUP}/providers/Contoso.Test/things/x",
        "d": "main",
    }


@pytest.mark.parametrize(
    ("parent", "child", "members", "expected"),
    [
        (
            "resourceGroup",
            "resourceGroup",
            {"resourceGroup": "rg2"},
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg2",
        ),
        (
            "resourceGroup",
            "resourceGroup",
            {"subscriptionId": OTHER, "resourceGroup": "rg2"},
            f"/subscriptions/{OTHER}/resourceGroups/rg2",
        ),
        (
            "resourceGroup",
            "subscription",
            {"subscriptionId": OTHER, "location": "x"},
            f"/subscriptions/{OTHER}",
        ),
        ("resourceGroup", "subscription", {"location": "x"}, f"/subscriptions/{SUBSCRIPTION}"),
        ("resourceGroup", "tenant", {"scope": "/", "location": "x"}, ""),
        (
            "subscription",
            "resourceGroup",
            {"resourceGroup": "rg2"},
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg2",
        ),
        (
            "subscription",
            "subscription",
            {"subscriptionId": OTHER, "location": "x"},
            f"/subscriptions/{OTHER}",
        ),
        (
            "subscription",
            "managementGroup",
            {"scope": "Microsoft.Management/managementGroups/mg2", "location": "x"},
            "/providers/Microsoft.Management/managementGroups/mg2",
        ),
        (
            "managementGroup",
            "managementGroup",
            {"scope": "[tenantResourceId('Microsoft.Management/managementGroups', 'mg2')]", "location": "x"},
            "/providers/Microsoft.Management/managementGroups/mg2",
        ),
        (
            "managementGroup",
            "subscription",
            {"subscriptionId": OTHER, "location": "x"},
            f"/subscriptions/{OTHER}",
        ),
        (
            "managementGroup",
            "resourceGroup",
            {"subscriptionId": OTHER, "resourceGroup": "rg2"},
            f"/subscriptions/{OTHER}/resourceGroups/rg2",
        ),
        (
            "tenant",
            "managementGroup",
            {"scope": "/providers/Microsoft.Management/managementGroups/mg2"},
            "/providers/Microsoft.Management/managementGroups/mg2",
        ),
        (
            "tenant",
            "subscription",
            {"scope": f"/subscriptions/{OTHER}", "location": "x"},
            f"/subscriptions/{OTHER}",
        ),
    ],
)
def test_deployments_move_to_other_scopes(
    parent: str, child: str, members: dict[str, str], expected: str
) -> None:
    context = (
        CONTEXT
        if parent != "managementGroup"
        else DeploymentContext(scope=parent, management_group="mg-root")
    )
    whole = template([deployment("mod", template([resource("a")], scope=child), **members)], scope=parent)
    assert ids(whole, context=context) == [f"{expected}/providers/Contoso.Test/things/a"]


def test_a_reference_to_a_moved_deployment_finds_it_by_its_full_id() -> None:
    inner = template(outputs={"x": {"type": "int", "value": 7}})
    scope = f"format('/subscriptions/{{0}}/resourceGroups/{{1}}', '{OTHER}', 'rg2')"
    id = f"extensionResourceId({scope}, 'Microsoft.Resources/deployments', 'mod')"
    where = f"[reference({id}, '2024-03-01').outputs.x.value]"
    whole = template(
        [deployment("mod", inner, subscriptionId=OTHER, resourceGroup="rg2")],
        outputs={"x": {"type": "int", "value": where}},
    )
    assert outputs(whole) == {"x": 7}


def test_the_location_of_a_group_that_the_template_makes_is_known_inside() -> None:
    group = resource("rg-new", "Microsoft.Resources/resourceGroups", location="northeurope", tags={"a": "b"})
    inner = template([resource(location="[resourceGroup().location]", tags="[resourceGroup().tags]")])
    whole = template(
        [group, deployment("mod", inner, resourceGroup="rg-new", dependsOn=["rg-new"])], scope="subscription"
    )
    made = printed(whole)["resources"][1]
    assert (made["location"], made["tags"]) == ("northeurope", {"a": "b"})


def test_a_name_may_be_made_of_the_group_that_the_template_makes() -> None:
    group = resource("rg-new", "Microsoft.Resources/resourceGroups", location="northeurope")
    variables = {"name": "[concat('x', resourceGroup().name, resourceGroup().location)]"}
    inner = template([resource("[variables('name')]")], variables=variables)
    whole = template([group, deployment("mod", inner, resourceGroup="rg-new")], scope="subscription")
    assert printed(whole)["resources"][1]["name"] == "xrg-newnortheurope"


def test_the_location_of_another_group_is_not_that_of_ours() -> None:
    inner = template([resource(location="[resourceGroup().location]")])
    (made,) = printed(template([deployment("mod", inner, resourceGroup="rg2")]))["resources"]
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg2"
    assert made["location"] == f"[reference('{group}', '2022-09-01', 'Full').location]"


def test_an_unknown_group_stands_in_the_id() -> None:
    nested = deployment("mod", template([resource("a")]), resourceGroup="[parameters('rg')]")
    whole = template([nested], parameters={"rg": {"type": "string"}})
    assert ids(whole) == [f"[resourceId('{SUBSCRIPTION}', parameters('rg'), 'Contoso.Test/things', 'a')]"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            "managementGroup",
            "managementGroupResourceId(last(split(parameters('where'), '/')), 'Contoso.Test/things', 'a')",
        ),
        (
            "subscription",
            "subscriptionResourceId(last(split(parameters('where'), '/')), 'Contoso.Test/things', 'a')",
        ),
        (
            "resourceGroup",
            "resourceId(split(parameters('where'), '/')[2], last(split(parameters('where'), '/')), "
            "'Contoso.Test/things', 'a')",
        ),
    ],
)
def test_an_unknown_scope_stands_in_the_id(schema: str, expected: str) -> None:
    nested = deployment("mod", template([resource("a")], scope=schema), scope="[parameters('where')]")
    whole = template([nested], parameters={"where": {"type": "string"}}, scope="tenant")
    assert ids(whole) == [f"[{expected}]"]


def test_outputs_of_deployments_flow_on_and_order_them() -> None:
    first = deployment("first", template([resource("a")], outputs={"x": {"type": "string", "value": "made"}}))
    second = deployment(
        "second",
        template([resource("[parameters('x')]")], parameters={"x": {"type": "string"}}),
        parameters={"x": "[reference('first').outputs.x.value]"},
    )
    assert names(template([second, first])) == ["a", "made"]


def test_what_an_inner_output_cannot_know_stays_symbolic_outside() -> None:
    inner = template(
        [resource("a", properties={"known": 1})],
        outputs={
            "known": {"type": "int", "value": "[reference('a').known]"},
            "later": {"type": "string", "value": "[reference('a').later]"},
        },
    )
    whole = template(
        [deployment("mod", inner)],
        outputs={
            "known": {"type": "int", "value": "[reference('mod').outputs.known.value]"},
            "later": {"type": "string", "value": "[reference('mod').outputs.later.value]"},
        },
    )
    assert outputs(whole) == {
        "known": 1,
        "later": f"[reference('{GROUP}/providers/Contoso.Test/things/a', '2024-01-01').later]",
    }


def test_an_output_that_a_deployment_does_not_have_is_a_fault() -> None:
    whole = template(
        [deployment("mod", template(outputs={"value": {"type": "int", "value": 1}}))],
        outputs={"x": {"type": "int", "value": "[reference('mod').outputs.valeu.value]"}},
    )
    (found,) = faults(whole)
    assert found[0] == "BP527"
    assert "no property `valeu`, did you mean `value`?" in found[1]


def test_deployments_that_are_left_out_or_never_turn_are_not_opened() -> None:
    broken = template([resource("[parameters('nowhere')]")])
    off = deployment("off", broken, condition=False)
    none = deployment("none", broken, copy={"name": "loop", "count": 0})
    assert names(template([off, none])) == []


def test_parameters_of_a_nested_template_must_be_given_and_declared() -> None:
    inner = template(parameters={"needed": {"type": "int"}})
    assert faults(template([deployment("mod", inner)])) == [("BP523", "no value for parameter `needed`")]
    given = deployment("mod", inner, parameters={"needed": 1, "neded": 2})
    assert faults(template([given])) == [("BP524", "the template declares no parameter `neded`")]
    wrong = deployment("mod", inner, parameters={"needed": "text"})
    assert faults(template([wrong])) == [
        ("BP522", "the value of parameter `needed` is not valid: expected an integer, got a string")
    ]


def test_an_unknown_value_is_handed_on_as_its_expression() -> None:
    inner = template([resource("[concat(parameters('p'), '-x')]")], parameters={"p": {"type": "string"}})
    whole = template(
        [deployment("mod", inner, parameters={"p": "[parameters('outside')]"})],
        parameters={"outside": {"type": "string"}},
    )
    assert names(whole) == ["[concat(parameters('outside'), '-x')]"]


def test_a_key_vault_reference_stays_symbolic() -> None:
    inner = template(
        [resource(properties={"password": "[parameters('password')]"})],
        parameters={"password": {"type": "securestring"}},
    )
    nested = deployment("mod", inner)
    nested["properties"]["parameters"] = {
        "password": {"reference": {"keyVault": {"id": "x"}, "secretName": "y"}}
    }
    (made,) = printed(template([nested]))["resources"]
    assert made["properties"] == {"password": "[parameters('password')]"}


def test_a_secure_output_of_a_nested_deployment_is_not_read() -> None:
    inner = template(outputs={"o": {"type": "securestring", "value": "[concat('opensesame', '1')]"}})
    value = "[reference('mod').outputs.o.value]"
    whole = template(
        [deployment("mod", inner), resource(properties={"password": value})],
        outputs={"out": {"type": "string", "value": value}},
    )
    shown = printed(whole)
    assert "opensesame1" not in str(shown)
    assert shown["outputs"]["out"].endswith(".outputs.o.value]")


def test_deployments_nest_in_each_other() -> None:
    inmost = template([resource("[parameters('n')]")], parameters={"n": {"type": "string"}})
    middle = template(
        [deployment("inmost", inmost, parameters={"n": "[concat(parameters('n'), 'c')]"})],
        parameters={"n": {"type": "string"}},
    )
    assert names(template([deployment("middle", middle, parameters={"n": "ab"})])) == ["abc"]


def linked(name: str, **link: object) -> dict[str, object]:
    return resource(
        name, "Microsoft.Resources/deployments", properties={"mode": "Incremental", "templateLink": link}
    )


def test_a_relative_link_is_read_beside_its_file() -> None:
    asked: list[tuple[str, str]] = []
    files = {
        "parts/child.json": template([resource("from-child")], outputs={"x": {"type": "int", "value": 3}})
    }

    def read(file: str, relative: str) -> Document:
        asked.append((file, relative))
        return document(files[relative], relative)

    loop = {"name": "twice", "count": 2}
    link = linked("[concat('mod', copyIndex())]", relativePath="parts/child.json") | {"copy": loop}
    whole = template([link], outputs={"x": {"type": "int", "value": "[reference('mod1').outputs.x.value]"}})
    found = expanded(whole, read=read)
    assert [one.name for one in found.resources] == ["from-child", "from-child"]
    assert found.resources[0].origin.locate("/name").file == "parts/child.json"
    assert found.outputs == {"x": 3}
    assert asked == [("main.json", "parts/child.json")]


def test_other_links_are_counted_and_told() -> None:
    loop = {"name": "loop", "count": 3}
    whole = template(
        [
            linked("[concat('web', copyIndex())]", uri="https://contoso.example/a.json") | {"copy": loop},
            linked("spec", id="/subscriptions/x/providers/Microsoft.Resources/templateSpecs/s/versions/1"),
            linked("later", uri="[uri(deployment().properties.templateLink.uri, 'b.json')]"),
            linked("beside", relativePath="c.json"),
            resource("kept", properties={"x": "[reference('web0').outputs.x.value]"}),
        ]
    )
    assert warnings(whole) == [
        (
            "BP528",
            "linked template was not expanded (3 deployments): "
            "`https://contoso.example/a.json` is not read from the network",
        ),
        (
            "BP528",
            "linked template was not expanded: the template spec "
            "`/subscriptions/x/providers/Microsoft.Resources/templateSpecs/s/versions/1` is stored in Azure",
        ),
        (
            "BP528",
            "linked template was not expanded: its address is not known: "
            "`uri(deployment().properties.templateLink.uri, 'b.json')`",
        ),
        ("BP528", "linked template was not expanded: `c.json` cannot be read here"),
    ]
    (kept,) = printed(whole)["resources"]
    where = f"{GROUP}/providers/Microsoft.Resources/deployments/web0"
    assert kept["properties"] == {"x": f"[reference('{where}', '2024-01-01').outputs.x.value]"}


def test_a_template_that_links_itself_comes_to_an_end() -> None:
    endless = template([linked("again", relativePath="main.json")])
    found = faults(endless, read=lambda file, relative: document(endless, relative))
    assert found == [("BP521", "deployments are nested more than 16 levels deep")]
