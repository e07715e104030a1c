"""Sets of policies on resources of an inventory or a template: scopes, what is not known, and why."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.arm import Origin, Resource, Unknown
from blueprinter.diagnostics import InvalidInput, Position
from blueprinter.document import parse
from blueprinter.policy import (
    AliasSource,
    AliasTable,
    AssignedPolicy,
    ComplianceState,
    LookupResult,
    NoneExist,
    NotCollected,
    UnsupportedReason,
    compile_policies,
    effect_of,
    read_aliases,
    undecidable,
)
from unit.policy.small_policies import GROUP, NOW, Answers, definition, found, resource, state, states

TYPE = "Contoso.Test/things"
ALIASES = AliasTable.inline(
    {"Contoso.Test/things/tls": "properties.tls", "Contoso.Test/things/r[*].v": "properties.r[*].v"}
)
TLS = {
    "allOf": [
        {"field": "type", "equals": TYPE},
        {"field": "Contoso.Test/things/tls", "notIn": ["1.2", "1.3"]},
    ]
}


def thing(**body: Any) -> Resource:
    return resource(TYPE, "a", **body)


# ------------------------------------------------------------ scopes and selection


@pytest.mark.parametrize(
    ("scope", "not_scopes", "inside"),
    [
        ("", (), True),
        ("/subscriptions/S1", (), True),
        (GROUP.upper(), (), True),
        ("/subscriptions/s", (), False),
        ("/subscriptions/s1/resourceGroups/r", (), False),
        ("/providers/Microsoft.Management/managementGroups/mg", (), True),
        ("", ("/subscriptions/s1/resourcegroups/RG",), False),
        ("/subscriptions/s1", (f"{GROUP}/providers/{TYPE}/a",), False),
        ("/subscriptions/s1", ("/subscriptions/s1/resourceGroups/other",), True),
    ],
)
def test_scopes(scope: str, not_scopes: tuple[str, ...], inside: bool) -> None:
    assigned = AssignedPolicy(definition(TLS), scope=scope, not_scopes=not_scopes)
    assert bool(states(assigned, thing(properties={}), aliases=ALIASES, all_states=False)) is inside


def test_order_of_states_is_the_order_of_assignment() -> None:
    policies = [
        AssignedPolicy(definition({"field": "name", "exists": True}, name="any")),
        AssignedPolicy(definition({"field": "type", "equals": "Contoso.Test/cars"}, name="cars")),
        AssignedPolicy(definition(TLS, name="tls")),
    ]
    compiled = compile_policies(policies, aliases=ALIASES, now=NOW)
    names = [one.assigned.definition.name for one in compiled.run(thing(properties={}), Answers())]
    assert names == ["any", "tls"]
    everything = compile_policies(policies, aliases=ALIASES, now=NOW, all_states=True)
    all_found = [
        (one.assigned.definition.name, one.state) for one in everything.run(thing(properties={}), Answers())
    ]
    assert all_found == [
        ("any", ComplianceState.NON_COMPLIANT),
        ("cars", ComplianceState.NOT_APPLICABLE),
        ("tls", ComplianceState.NON_COMPLIANT),
    ]
    assert compiled.types is None
    assert compile_policies(policies[1:], aliases=ALIASES, now=NOW).types == {
        "contoso.test/cars",
        TYPE.lower(),
    }


def test_disabled_policies_give_no_state() -> None:
    assert states(definition(TLS, {"effect": "disabled"}), thing(properties={}), aliases=ALIASES) == ()


@pytest.mark.parametrize(
    ("effect", "parameters", "expected"),
    [
        ("Audit", {}, "Audit"),
        ("[parameters('e')]", {}, "deny"),
        ("[parameters('e')]", {"E": "Disabled"}, "Disabled"),
        ("[parameters('none')]", {}, None),
        ("[if(equals(field('name'), 'a'), 'deny', 'audit')]", {}, None),
        ("[concat('au', 'dit')]", {}, "audit"),
    ],
)
def test_effect_in_force(effect: str, parameters: dict[str, str], expected: str | None) -> None:
    declared = {"e": {"type": "String", "defaultValue": "deny"}, "none": {"type": "String"}}
    policy = definition(TLS, {"effect": effect}, parameters=declared)
    assert effect_of(AssignedPolicy(policy, parameters)) == expected


# ------------------------------------------------------------ why


@pytest.mark.parametrize(
    ("condition", "properties", "path", "expected", "actual"),
    [
        (TLS, {"tls": "1.0"}, "properties.tls", "one of 1.2, 1.3", "1.0"),
        (TLS, {}, "properties.tls", "one of 1.2, 1.3", "absent"),
        (TLS, {"tls": "1.2"}, "properties.tls", "one of 1.2, 1.3", "1.2"),
        (
            {"not": {"field": "Contoso.Test/things/tls", "equals": "1.2"}},
            {"tls": "1"},
            "properties.tls",
            "1.2",
            "1",
        ),
        ({"field": "tags.owner", "exists": False}, {}, "tags.owner", "present", "absent"),
        ({"field": "tags['the owner']", "exists": "false"}, {}, "tags['the owner']", "present", "absent"),
        (
            {
                "count": {
                    "field": "Contoso.Test/things/r[*]",
                    "where": {"field": "Contoso.Test/things/r[*].v", "equals": 1},
                },
                "greater": 0,
            },
            {"r": [{"v": 0}, {"v": 1}]},
            "properties.r[1]",
            "no element where v is 1",
            "{v: 1}",
        ),
        (
            {"not": {"field": "Contoso.Test/things/r[*].v", "equals": 1}},
            {"r": [{"v": 1}, {"v": 2}]},
            "properties.r[1].v",
            "1",
            "2",
        ),
        (
            {"value": "[length(field('Contoso.Test/things/tls'))]", "less": 5},
            {"tls": "abc"},
            "properties.tls",
            "at least 5",
            "3",
        ),
        (
            {
                "anyOf": [
                    {"field": "Contoso.Test/things/tls", "equals": "x"},
                    {"field": "location", "notEquals": "eastus"},
                ]
            },
            {"tls": "y"},
            "location",
            "eastus",
            "absent",
        ),
    ],
)
def test_the_deciding_condition(
    condition: Any, properties: dict[str, Any], path: str, expected: str, actual: str
) -> None:
    aliases = AliasTable.inline(
        {
            "Contoso.Test/things/tls": "properties.tls",
            "Contoso.Test/things/r[*]": "properties.r[*]",
            "Contoso.Test/things/r[*].v": "properties.r[*].v",
        }
    )
    one = state(definition(condition), thing(properties=properties), aliases=aliases)
    assert (one.path, one.expected, one.actual) == (path, expected, actual)
    assert one.alias_source in (AliasSource.TABLE, AliasSource.NONE)


# ------------------------------------------------------------ what is not known


@pytest.mark.parametrize(
    "row", [{}, {"properties": None}, {"Properties": None}], ids=["absent", "null", "Null"]
)
def test_a_row_without_properties_decides_nothing_about_them(row: dict[str, Any]) -> None:
    one = state(definition(TLS), thing(**row), aliases=ALIASES)
    assert (one.state, one.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.NO_PROPERTIES)
    assert one.path == "properties.tls"


def test_an_integer_that_is_more_than_a_number_can_be_is_an_error() -> None:
    aliases = AliasTable.inline({"Contoso.Test/things/n": "properties.n"})
    policy = definition({"value": "[float(field('Contoso.Test/things/n'))]", "greater": 1})
    assert state(policy, thing(properties={"n": 10**400}), aliases=aliases).state is ComplianceState.ERROR
    assert state(policy, thing(properties={"n": 2}), aliases=aliases).state is ComplianceState.NON_COMPLIANT


def test_a_row_without_properties_is_enough_for_its_tags() -> None:
    policy = definition({"field": "tags.owner", "exists": False})
    assert state(policy, thing(), aliases=ALIASES).state is ComplianceState.NON_COMPLIANT
    either = {"anyOf": [{"field": "tags.owner", "exists": False}, TLS["allOf"][1]]}
    assert state(definition(either), thing(), aliases=ALIASES).state is ComplianceState.NON_COMPLIANT


def test_a_template_without_properties_sets_none() -> None:
    row = thing()
    origin = Origin("main.json", property_position=lambda pointer: Position("main.json"))
    in_template = Resource(row.id, row.type, row.name, row.body, origin)
    assert state(definition(TLS), in_template, aliases=ALIASES).state is ComplianceState.NON_COMPLIANT


@pytest.mark.parametrize(
    ("condition", "body"),
    [
        (TLS, {"properties": {"tls": Unknown("reference('x').tls")}}),
        (TLS, {"properties": Unknown("reference('x')")}),
        (
            {"field": "Contoso.Test/things/tls", "exists": True},
            {"properties": {"tls": Unknown("reference('x').tls")}},
        ),
        (
            {"field": "Contoso.Test/things/r[*].v", "equals": 1},
            {"properties": {"r": Unknown("reference('x').r")}},
        ),
        (
            {"field": "Contoso.Test/things/r[*].v", "equals": 1},
            {"properties": {"r": [{"v": 1}, {"v": Unknown("f()")}]}},
        ),
        ({"field": "tags.a", "equals": "x"}, {"tags": Unknown("reference('x').tags")}),
        ({"field": "location", "in": ["a"]}, {"location": Unknown("resourceGroup().location")}),
        (
            {"value": "[length(field('Contoso.Test/things/r[*].v'))]", "equals": 1},
            {"properties": {"r": Unknown("f()")}},
        ),
    ],
)
def test_values_that_only_azure_knows(condition: Any, body: dict[str, Any]) -> None:
    one = state(definition(condition), thing(**body), aliases=ALIASES)
    assert (one.state, one.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.RUNTIME_VALUE)


@pytest.mark.parametrize(
    ("condition", "body", "expected"),
    [
        ({"field": "Contoso.Test/things/r[*].v", "equals": 1}, {"r": [{"v": Unknown("f()")}, {"v": 2}]}, "Compliant"),
        ({"field": "Contoso.Test/things/tls", "in": []}, {"tls": Unknown("f()")}, "Compliant"),
        (
            {"anyOf": [TLS["allOf"][1], {"field": "tags.a", "exists": False}]},
            {"tls": Unknown("f()")},
            "NonCompliant",
        ),
        ({"count": {"field": "Contoso.Test/things/r[*]", "where": {"field": "Contoso.Test/things/r[*].v", "equals": 1}},
          "greater": 0}, {"r": [{"v": 1}, {"v": Unknown("f()")}]}, "NonCompliant"),
        ({"count": {"field": "Contoso.Test/things/r[*]", "where": {"field": "Contoso.Test/things/r[*].v", "equals": 1}},
          "greater": 2}, {"r": [{"v": 1}, {"v": Unknown("f()")}]}, "Compliant"),
    ],
)  # fmt: skip
def test_what_decides_in_spite_of_them(condition: Any, body: dict[str, Any], expected: str) -> None:
    aliases = ALIASES.merge(AliasTable.inline({"Contoso.Test/things/r[*]": "properties.r[*]"}))
    assert state(definition(condition), thing(properties=body), aliases=aliases).state == expected


def test_guessed_aliases_are_marked_and_refused_when_strict() -> None:
    policy = definition({"field": "Contoso.Test/things/nothing.known", "exists": False})
    one = state(policy, thing(properties={}))
    assert (one.state, one.alias_source) == (ComplianceState.NON_COMPLIANT, AliasSource.GUESSED)
    assert one.path == "properties.nothing.known"
    strict = state(policy, thing(properties={}), strict_aliases=True)
    assert (strict.state, strict.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.GUESSED_ALIAS)


def test_a_guess_that_did_not_matter_is_no_mark() -> None:
    condition = {
        "anyOf": [{"field": "tags.a", "exists": False}, {"field": "Contoso.Test/things/x", "equals": 1}]
    }
    assert state(definition(condition), thing(properties={})).alias_source is AliasSource.NONE


# ------------------------------------------------------------ related resources


def if_not_exists(type: str, **details: Any) -> dict[str, Any]:
    return {"effect": "auditIfNotExists", "details": {"type": type, **details}}


IS_THING = {"field": "type", "equals": TYPE}


@pytest.mark.parametrize(
    ("details", "asked"),
    [
        ({"type": f"{TYPE}/children"}, (f"{TYPE}/children", None, f"{GROUP}/providers/{TYPE}/a")),
        (
            {"type": f"{TYPE}/children", "name": "x"},
            (f"{TYPE}/children", "a/x", f"{GROUP}/providers/{TYPE}/a"),
        ),
        (
            {"type": f"{TYPE}/children", "name": "b/x"},
            (f"{TYPE}/children", "b/x", f"{GROUP}/providers/{TYPE}/a"),
        ),
        (
            {"type": "Microsoft.Insights/diagnosticSettings", "name": "setByPolicy"},
            ("Microsoft.Insights/diagnosticSettings", "setByPolicy", f"{GROUP}/providers/{TYPE}/a"),
        ),
        ({"type": "Contoso.Test/others"}, ("Contoso.Test/others", None, GROUP)),
        (
            {"type": "Contoso.Test/others", "resourceGroupName": "net"},
            ("Contoso.Test/others", None, "/subscriptions/s1/resourceGroups/net"),
        ),
        (
            {"type": "Contoso.Test/others", "EXISTENCESCOPE": "Subscription"},
            ("Contoso.Test/others", None, "/subscriptions/s1"),
        ),
        (
            {"type": "[concat('Contoso.Test/', 'x')]", "name": "[field('name')]"},
            ("Contoso.Test/x", "a", GROUP),
        ),
    ],
)
def test_where_related_resources_are_looked_for(
    details: dict[str, Any], asked: tuple[str, str | None, str]
) -> None:
    lookup = Answers()
    state(definition(IS_THING, {"effect": "auditIfNotExists", "details": details}), thing(), lookup)
    assert lookup.asked == [asked]


def test_what_a_subscription_is_related_to() -> None:
    subject = Resource("/subscriptions/s1", "Microsoft.Resources/subscriptions", "Prod", {"name": "Prod"})
    policy = definition(
        {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
        if_not_exists("Microsoft.Security/pricings"),
    )
    lookup = Answers({"Microsoft.Security/pricings": NoneExist()})
    one = state(policy, subject, lookup)
    assert lookup.asked == [("Microsoft.Security/pricings", None, "/subscriptions/s1")]
    assert (one.state, one.expected, one.actual) == (
        ComplianceState.NON_COMPLIANT,
        "a `Microsoft.Security/pricings`",
        "none",
    )


def test_a_subscription_has_its_own_settings_only() -> None:
    subject = Resource("/subscriptions/s1", "Microsoft.Resources/subscriptions", "Prod", {"name": "Prod"})
    policy = definition(
        {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
        if_not_exists("Microsoft.Insights/diagnosticSettings"),
    )
    type = "Microsoft.Insights/diagnosticSettings"
    of_thing = resource(type, "x", scope=f"{GROUP}/providers/{TYPE}/a")
    own = resource(type, "y", scope="/subscriptions/s1")
    assert state(policy, subject, Answers({type: found(of_thing)})).state is ComplianceState.NON_COMPLIANT
    assert state(policy, subject, Answers({type: found(of_thing, own)})).state is ComplianceState.COMPLIANT


@pytest.mark.parametrize("collected", [True, False])
@pytest.mark.parametrize("group", [True, False])
def test_settings_of_what_lies_in_a_scope_say_nothing_of_its_own(collected: bool, group: bool) -> None:
    """That a diagnostic setting of some resource was collected does not mean that those of the subscription were."""
    kind = "Microsoft.Resources/subscriptions" + ("/resourceGroups" if group else "")
    subject = Resource(GROUP if group else "/subscriptions/s1", kind, "x", {"name": "x"})
    type = "Microsoft.Insights/diagnosticSettings"
    of_thing = resource(type, "x", scope=f"{GROUP}/providers/{TYPE}/a")

    def lookup(wanted: str, name: str | None, scope: str) -> LookupResult:
        if name is None:
            return found(of_thing)
        return NoneExist() if collected else NotCollected()

    policy = definition({"field": "type", "equals": kind}, if_not_exists(type))
    compiled = compile_policies([AssignedPolicy(policy)], aliases=ALIASES, now=NOW)
    (one,) = compiled.run(subject, lookup)
    if collected:
        assert one.state is ComplianceState.NON_COMPLIANT
    else:
        assert (one.state, one.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.NOT_COLLECTED)
        assert one.detail == f"`{type}` of `{subject.id}` itself was not collected"


@pytest.mark.parametrize(
    ("type", "reason"),
    [
        ("Contoso.Test/others", UnsupportedReason.NOT_COLLECTED),
        ("microsoft.guestconfiguration/GuestConfigurationAssignments", UnsupportedReason.GUEST_CONFIGURATION),
        ("Microsoft.Security/assessments", UnsupportedReason.DEFENDER_ASSESSMENT),
    ],
)
def test_types_that_were_not_collected(type: str, reason: UnsupportedReason) -> None:
    policy = definition(IS_THING, if_not_exists(type))
    one = state(policy, thing())
    assert (one.state, one.reason) == (ComplianceState.UNSUPPORTED, reason)
    assert undecidable(policy) == (None if reason is UnsupportedReason.NOT_COLLECTED else reason)
    collected = Answers({type: found(resource("Contoso.Test/others", "o"))})
    assert state(policy, thing(), collected).state is ComplianceState.COMPLIANT


def test_the_resource_itself_is_collected() -> None:
    policy = definition(
        IS_THING,
        if_not_exists(TYPE, name="[field('name')]", existenceCondition={"field": "tags.a", "equals": "x"}),
    )
    assert state(policy, thing(tags={"a": "x"})).state is ComplianceState.COMPLIANT
    one = state(policy, thing(tags={"a": "y"}))
    assert (one.state, one.path, one.expected, one.actual) == (
        ComplianceState.NON_COMPLIANT,
        "tags.a",
        "x",
        "y",
    )


def test_one_related_resource_that_satisfies_beats_one_that_is_not_known() -> None:
    policy = definition(
        IS_THING,
        if_not_exists(
            "Contoso.Test/others", existenceCondition={"field": "Contoso.Test/others/on", "equals": True}
        ),
    )
    unknown, good, bad = (
        resource("Contoso.Test/others", "u"),
        resource("Contoso.Test/others", "g", properties={"on": True}),
        resource("Contoso.Test/others", "b", properties={"on": False}),
    )
    assert state(policy, thing(), Answers({"Contoso.Test/others": found(unknown, good)})).state == "Compliant"
    one = state(policy, thing(), Answers({"Contoso.Test/others": found(unknown, bad)}))
    assert one.reason is UnsupportedReason.NO_PROPERTIES
    assert one.alias_source is AliasSource.GUESSED
    two = state(policy, thing(), Answers({"Contoso.Test/others": found(bad, bad)}))
    assert two.actual == "2 that do not"


def test_types_that_a_set_needs_beside_its_resources() -> None:
    policies = [
        definition(IS_THING, if_not_exists("Contoso.Test/Others", name="[resourceGroup().name]")),
        definition({"value": "[subscription().tags]", "exists": True}),
        definition(
            IS_THING,
            if_not_exists("[parameters('t')]"),
            parameters={"t": {"type": "String", "defaultValue": "Contoso.Test/Third"}},
        ),
    ]
    compiled = compile_policies([AssignedPolicy(one) for one in policies], aliases=ALIASES, now=NOW)
    assert compiled.related_types == {
        "contoso.test/others",
        "contoso.test/third",
        "microsoft.resources/subscriptions",
        "microsoft.resources/subscriptions/resourcegroups",
    }


def test_the_surroundings_come_from_the_lookup() -> None:
    group = Resource(
        GROUP, "Microsoft.Resources/resourceGroups", "rg", {"location": "eastus", "tags": {"a": "b"}}
    )
    subscription = Resource(
        "/subscriptions/s1", "Microsoft.Resources/subscriptions", "Prod", {"tags": {"c": "d"}}
    )
    lookup = Answers(
        {
            "Microsoft.Resources/subscriptions/resourceGroups": found(group),
            "Microsoft.Resources/subscriptions": found(subscription),
        }
    )
    condition = {
        "allOf": [
            {"value": "[resourceGroup().location]", "equals": "eastus"},
            {"value": "[resourceGroup().tags.A]", "equals": "b"},
            {"value": "[subscription().displayName]", "equals": "Prod"},
            {"value": "[subscription().tags['c']]", "equals": "d"},
        ]
    }
    assert state(definition(condition), thing(), lookup).state is ComplianceState.NON_COMPLIANT
    one = state(definition(condition), thing())
    assert (one.state, one.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.NOT_COLLECTED)


# ------------------------------------------------------------ what only the aliases show


PROVIDERS = """[{"namespace": "Contoso.Test", "resourceTypes": [{"resourceType": "things",
  "capabilities": "SupportsTags", "aliases": [
    {"name": "Contoso.Test/things/fixed", "defaultPath": "properties.fixed", "defaultMetadata": {"attributes": "None"}},
    {"name": "Contoso.Test/things/free", "defaultPath": "properties.free",
     "defaultMetadata": {"attributes": "Modifiable"}},
    {"name": "Contoso.Test/things/silent", "defaultPath": "properties.silent"}]}]}]"""


FIXED, FREE, SILENT = (f"Contoso.Test/things/{name}" for name in ("fixed", "free", "silent"))


@pytest.mark.parametrize(
    ("operation", "field", "refused"),
    [
        ("addOrReplace", FIXED, True),
        ("addOrReplace", f"['{FIXED}']", True),
        ("addOrReplace", f"[if(equals(parameters('e'), 'x'), '{FIXED}', '{FIXED}')]", True),
        ("addOrReplace", f"[if(equals(parameters('e'), 'x'), '{FIXED}', '{FREE}')]", False),
        ("addOrReplace", "[concat('tags[', parameters('e'), ']')]", False),
        ("addOrReplace", FREE, False),
        ("addOrReplace", SILENT, False),
        ("remove", "tags['a']", False),
        ("remove", "[concat('tags[', parameters('e'), ']')]", False),
        ("remove", FREE, True),
        ("Remove", "identity.type", True),
        ("remove", "location", True),
    ],
)
def test_modify_writes_only_what_may_be_modified(operation: str, field: str, refused: bool) -> None:
    operations = [{"operation": operation, "field": field, "value": 1}]
    then = {"effect": "[parameters('e')]", "details": {"roleDefinitionIds": [], "operations": operations}}
    policy = definition(IS_THING, then, parameters={"e": {"type": "String", "defaultValue": "Modify"}})
    aliases = read_aliases(parse(PROVIDERS, "providers.json"))
    if refused:
        with pytest.raises(InvalidInput, match="BP315"):
            compile_policies([AssignedPolicy(policy)], aliases=aliases, now=NOW)
    else:
        compile_policies([AssignedPolicy(policy)], aliases=aliases, now=NOW)
    compile_policies([AssignedPolicy(policy, {"e": "Disabled"})], aliases=aliases, now=NOW)


def test_indexed_leaves_out_types_without_a_location() -> None:
    aliases = read_aliases(parse(PROVIDERS, "providers.json"))
    policy = definition({"field": "tags.a", "exists": False}, mode="indexed")
    assert state(policy, thing(), aliases=aliases).state is ComplianceState.NOT_APPLICABLE
    assert (
        state(policy, resource("Contoso.Test/cars", "a"), aliases=aliases).state
        is ComplianceState.NON_COMPLIANT
    )


def test_values_beyond_all_measure() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    policy = definition({"field": "Contoso.Test/things/tls", "equals": "x"})
    assert state(policy, thing(properties={"tls": deep}), aliases=ALIASES).state is ComplianceState.COMPLIANT
    both = definition({"field": "Contoso.Test/things/tls", "equals": "[field('Contoso.Test/things/tls')]"})
    assert state(both, thing(properties={"tls": deep}), aliases=ALIASES).state is ComplianceState.ERROR
    one = state(definition(TLS), thing(properties={"tls": "y" * 10_000}), aliases=ALIASES)
    assert len(one.actual) == 300
