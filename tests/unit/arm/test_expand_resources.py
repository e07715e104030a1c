"""Resources: ids at every scope, children, extensions, conditions, existing ones, symbolic names, order."""

from __future__ import annotations

import pytest

from blueprinter.arm import DeploymentContext, is_template
from unit.arm.expanding import (
    CONTEXT,
    GROUP,
    SUBSCRIPTION,
    faults,
    names,
    printed,
    resource,
    template,
    warnings,
)

MANAGEMENT_GROUP = DeploymentContext(scope="managementGroup", management_group="mg-root")


def ids(value: object, **options: object) -> list[str]:
    return [one["id"] for one in printed(value, **options)["resources"]]


def test_a_body_holds_what_is_deployed_and_nothing_of_the_deployment() -> None:
    made = resource(
        "st",
        "Microsoft.Storage/storageAccounts",
        comments="why",
        metadata={"note": "x"},
        condition=True,
        dependsOn=[],
        Location="westeurope",
        tags={"a": "b"},
        sku={"name": "Standard_LRS"},
        zones=["1"],
        properties={"accessTier": "Hot"},
    )
    assert printed(template([made]))["resources"] == [
        {
            "id": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st",
            "type": "Microsoft.Storage/storageAccounts",
            "name": "st",
            "apiVersion": "2024-01-01",
            "location": "westeurope",
            "tags": {"a": "b"},
            "sku": {"name": "Standard_LRS"},
            "zones": ["1"],
            "properties": {"accessTier": "Hot"},
        }
    ]


@pytest.mark.parametrize(
    ("scope", "context", "kind", "expected"),
    [
        (
            "subscription",
            CONTEXT,
            "Contoso.Test/things",
            f"/subscriptions/{SUBSCRIPTION}/providers/Contoso.Test/things/one",
        ),
        (
            "subscription",
            CONTEXT,
            "Microsoft.Resources/resourceGroups",
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/one",
        ),
        (
            "managementGroup",
            MANAGEMENT_GROUP,
            "Contoso.Test/things",
            "/providers/Microsoft.Management/managementGroups/mg-root/providers/Contoso.Test/things/one",
        ),
        (
            "managementGroup",
            MANAGEMENT_GROUP,
            "Microsoft.Management/managementGroups",
            "/providers/Microsoft.Management/managementGroups/one",
        ),
        ("tenant", CONTEXT, "Contoso.Test/things", "/providers/Contoso.Test/things/one"),
    ],
)
def test_ids_at_the_scope_that_the_schema_names(
    scope: str, context: DeploymentContext, kind: str, expected: str
) -> None:
    assert ids(template([resource("one", kind)], scope=scope), context=context) == [expected]


def test_without_facts_ids_stay_calls() -> None:
    assert ids(template([resource()]), context=DeploymentContext()) == [
        "[resourceId('Contoso.Test/things', 'one')]"
    ]
    assert ids(template([resource()], scope="subscription"), context=DeploymentContext()) == [
        "[subscriptionResourceId('Contoso.Test/things', 'one')]"
    ]


def test_children_join_type_and_name_and_follow_their_parent() -> None:
    parent = resource(
        "srv",
        "Microsoft.Sql/servers",
        resources=[
            resource("db", "databases", resources=[resource("current", "transparentDataEncryption")]),
            resource("srv/full", "Microsoft.Sql/servers/databases"),
            resource("Microsoft.Authorization/lock", "providers/locks"),
        ],
    )
    shown = printed(template([parent, resource("last")]))["resources"]
    assert [(one["type"], one["name"]) for one in shown] == [
        ("Microsoft.Sql/servers", "srv"),
        ("Microsoft.Sql/servers/databases", "srv/db"),
        ("Microsoft.Sql/servers/databases/transparentDataEncryption", "srv/db/current"),
        ("Microsoft.Sql/servers/databases", "srv/full"),
        ("Microsoft.Sql/servers/providers/locks", "srv/Microsoft.Authorization/lock"),
        ("Contoso.Test/things", "last"),
    ]
    assert (
        shown[2]["id"]
        == f"{GROUP}/providers/Microsoft.Sql/servers/srv/databases/db/transparentDataEncryption/current"
    )
    assert (
        shown[4]["id"]
        == f"{GROUP}/providers/Microsoft.Sql/servers/srv/providers/Microsoft.Authorization/locks/lock"
    )
    assert all("resources" not in one for one in shown)


def test_children_are_made_in_each_turn_of_their_parent() -> None:
    parent = resource(
        "[concat('p', copyIndex())]",
        copy={"name": "loop", "count": 2},
        resources=[resource("[concat('c', copyIndex())]", "kids")],
    )
    assert names(template([parent])) == ["p0", "p0/c0", "p1", "p1/c1"]


def test_a_condition_does_not_reach_the_children() -> None:
    parent = resource("p", condition=False, resources=[resource("c", "kids")])
    assert names(template([parent])) == ["p/c"]


@pytest.mark.parametrize(
    ("scope", "holder"),
    [
        ("Contoso.Test/things/one", f"{GROUP}/providers/Contoso.Test/things/one"),
        ("Contoso.Test/things/one/kids/two", f"{GROUP}/providers/Contoso.Test/things/one/kids/two"),
        ("[resourceId('Contoso.Test/things', 'one')]", f"{GROUP}/providers/Contoso.Test/things/one"),
        ("[subscription().id]", f"/subscriptions/{SUBSCRIPTION}"),
        ("/", ""),
        ("Microsoft.Management/managementGroups/mg", "/providers/Microsoft.Management/managementGroups/mg"),
    ],
)
def test_a_scope_makes_an_extension(scope: str, holder: str) -> None:
    lock = resource("keep", "Microsoft.Authorization/locks", scope=scope)
    (shown,) = printed(template([lock]))["resources"]
    assert shown["id"] == f"{holder}/providers/Microsoft.Authorization/locks/keep"
    assert not shown["scope"].startswith("[")


def test_conditions_and_existing_resources_leave_out() -> None:
    whole = template(
        {
            "there": resource("there", existing=True),
            "off": resource("off", condition="[equals(1, 2)]"),
            "on": resource("on", condition="[equals(1, 1)]", dependsOn=["off", "there"]),
        },
        languageVersion="2.0",
    )
    assert names(whole) == ["on"]


def test_what_a_false_condition_guards_needs_no_value() -> None:
    guarded = resource("[last(split(parameters('id'), '/'))]", condition="[not(empty(parameters('id')))]")
    whole = template([guarded], parameters={"id": {"type": "string", "nullable": True}})
    assert names(whole) == []
    assert names(whole, parameters={"id": "a/b"}) == ["b"]


def test_an_unknown_condition_keeps_the_resource_with_a_warning() -> None:
    whole = template([resource(condition="[parameters('on')]")], parameters={"on": {"type": "bool"}})
    assert names(whole) == ["one"]
    assert ("BP529", "the condition is not known, the resource is kept: `parameters('on')`") in warnings(
        whole
    )


def test_symbolic_names_in_dependencies_and_references() -> None:
    whole = template(
        {
            "app": resource(
                "app",
                dependsOn=["plan", "disks"],
                properties={"plan": "[resourceInfo('plan').id]", "second": "[resourceInfo('disks[1]').name]"},
            ),
            "plan": resource("plan-x", "Contoso.Test/plans"),
            "disks": resource(
                "[concat('d', copyIndex())]", "Contoso.Test/disks", copy={"name": "disks", "count": 2}
            ),
        },
        languageVersion="2.0",
    )
    shown = printed(whole)["resources"]
    assert [one["name"] for one in shown] == ["plan-x", "d0", "d1", "app"]
    assert shown[-1]["properties"] == {"plan": f"{GROUP}/providers/Contoso.Test/plans/plan-x", "second": "d1"}


def test_an_existing_resource_may_stand_elsewhere() -> None:
    whole = template(
        {
            "vault": resource("kv", "Microsoft.KeyVault/vaults", existing=True, resourceGroup="rg-shared"),
            "user": resource("user", properties={"vault": "[resourceInfo('vault').id]"}),
        },
        languageVersion="2.0",
    )
    expected = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shared/providers/Microsoft.KeyVault/vaults/kv"
    )
    assert printed(whole)["resources"][0]["properties"] == {"vault": expected}


def test_resources_of_an_extension_have_no_id() -> None:
    whole = template(
        {
            "call": {
                "extension": "http",
                "type": "request@v1",
                "properties": {"uri": "https://contoso.example"},
            }
        },
        languageVersion="2.1-experimental",
        extensions={"http": {"name": "Http", "version": "0.1.1"}},
        outputs={"uri": {"type": "string", "value": "[reference('call').uri]"}},
    )
    assert printed(whole)["outputs"] == {"uri": "[reference('call').uri]"}
    assert printed(whole)["resources"] == [
        {"type": "request@v1", "properties": {"uri": "https://contoso.example"}}
    ]


@pytest.mark.parametrize(
    "dependency",
    [
        "b",
        "B",
        "[resourceId('Contoso.Test/bs', 'b')]",
        "Contoso.Test/bs/b",
        "[variables('id')]",
    ],
)
def test_forms_of_a_dependency(dependency: str) -> None:
    whole = template(
        [resource("a", dependsOn=[dependency]), resource("b", "Contoso.Test/bs")],
        variables={"id": "[resourceId('Contoso.Test/bs', 'b')]"},
    )
    assert names(whole) == ["b", "a"]
    assert warnings(whole) == []


def test_a_child_may_be_named_by_its_last_segment() -> None:
    parent = resource("p", resources=[resource("x", "kids", dependsOn=["y"]), resource("y", "others")])
    assert names(template([parent])) == ["p", "p/y", "p/x"]


def test_dependencies_on_unknown_names_are_followed_too() -> None:
    name = "[parameters('b')]"
    whole = template(
        [
            resource("a", dependsOn=["[resourceId('Contoso.Test/bs', parameters('b'))]"]),
            resource("c", dependsOn=["[concat('Contoso.Test/bs/', parameters('b'))]"]),
            resource(name, "Contoso.Test/bs"),
        ],
        parameters={"b": {"type": "string"}},
    )
    assert names(whole) == [name, "a", "c"]


def test_only_what_must_wait_leaves_the_order_of_the_template() -> None:
    whole = template([resource("a", dependsOn=["d"]), resource("b"), resource("c"), resource("d")])
    assert names(whole) == ["b", "c", "d", "a"]


def test_a_reference_is_a_dependency() -> None:
    whole = template(
        [
            resource("a", properties={"x": "[reference('b').endpoint]"}),
            resource("b", properties={"y": "[variables('key')]"}),
            resource("c"),
        ],
        variables={"key": "[listKeys(resourceId('Contoso.Test/things', 'c'), '2024-01-01').key]"},
    )
    assert names(whole) == ["c", "b", "a"]


def test_a_dependency_on_nothing_is_told() -> None:
    whole = template([resource("a", dependsOn=["ghost"])])
    assert warnings(whole) == [("BP533", "`ghost` in `dependsOn` is not a resource of the template")]


def test_a_dependency_on_a_loop_without_turns_is_none_on_nothing() -> None:
    """Bicep writes the name of a loop whatever the length of its array."""
    empty = resource("b", copy={"name": "turns", "count": 0})
    whole = template([empty, resource("a", dependsOn=["turns"])])
    assert (names(whole), warnings(whole)) == (["a"], [])
    empty["name"] = "[concat('b', copyIndex())]"
    whole = template({"loop": empty, "one": resource("a", dependsOn=["loop"])}, languageVersion="2.0")
    assert (names(whole), warnings(whole)) == (["a"], [])
    whole = template([empty, resource("a", dependsOn=["b0"])])
    assert warnings(whole) == [("BP533", "`b0` in `dependsOn` is not a resource of the template")]


def test_a_circle_is_told_with_its_way() -> None:
    whole = template(
        [
            resource("a", dependsOn=["b"]),
            resource("b", properties={"x": "[reference('c').x]"}),
            resource("c", dependsOn=["a"]),
            resource("d", dependsOn=["a"]),
        ]
    )
    way = " needs ".join(f"`Contoso.Test/things {name}`" for name in "abca")
    assert faults(whole) == [("BP532", f"circular dependency: {way}")]


def test_twins_are_refused_unless_a_condition_parts_them() -> None:
    assert faults(template([resource("a"), resource("A")])) == [
        ("BP534", f"the resource `{GROUP}/providers/Contoso.Test/things/A` stands twice in the template")
    ]
    assert names(template([resource("a", condition=False), resource("a")])) == ["a"]


def test_names_must_fit_their_type() -> None:
    found = faults(template([resource("only", "Microsoft.Sql/servers/databases")]))
    assert found == [
        ("BP531", "the name `only` has 1 segments, the type `Microsoft.Sql/servers/databases` needs 2")
    ]


def test_keys_may_be_expressions_and_brackets_may_be_escaped() -> None:
    body = {"[concat('k', 1)]": "[[literal]", "list": ["[[x]", "[1"]}
    shown = printed(template([resource(properties=body)]))["resources"][0]
    assert shown["properties"] == {"k1": "[[literal]", "list": ["[[x]", "[1"]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (template(), True),
        (template({}, scope="tenant"), True),
        (
            {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json"},
            False,
        ),
        (
            {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
                "resources": [],
            },
            False,
        ),
        ([], False),
    ],
)
def test_what_a_template_is(value: object, expected: bool) -> None:
    assert is_template(value) is expected  # type: ignore[arg-type]  # JSON of any shape
