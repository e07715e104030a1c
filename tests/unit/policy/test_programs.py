"""Programs of a policy set: which types share one."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    BulkPolicies,
    Program,
    compile_policies,
)
from blueprinter.policy.model import ResourceSelector, Selector, SelectorKind
from unit.policy.small_policies import NOW, definition

ONE, OTHER = "Contoso.Test/things", "Contoso.Test/others"
NESTED_TYPE = "Contoso.Test/things/parts"
ALIASES = AliasTable.inline({"Contoso.Test/things/tls": "properties.security.tls"})

LOCATION: dict[str, Any] = {"field": "location", "notEquals": "westeurope"}
OUR_TYPE: dict[str, Any] = {"allOf": [LOCATION, {"field": "type", "equals": ONE}]}
OTHER_TYPE: dict[str, Any] = {"allOf": [LOCATION, {"field": "type", "notEquals": "Contoso.Test/nothing"}]}


def bulk(
    *conditions: Any, aliases: AliasTable = ALIASES, parameters: Any = None, **more: Any
) -> BulkPolicies:
    policies = [
        AssignedPolicy(
            definition(one, name=f"p{place}", **({"parameters": parameters} if parameters else {}))
        )
        for place, one in enumerate(conditions)
    ]
    return BulkPolicies(compile_policies(policies, aliases=aliases, now=NOW), **more)


def program(policies: BulkPolicies, type: str) -> Program:
    return policies.program(type, "", policies.circles(""))


@pytest.mark.parametrize("worded", [False, True])
@pytest.mark.parametrize(
    "condition",
    [
        LOCATION,
        OTHER_TYPE,
        {"field": "tags['owner']", "exists": False},
        {"field": "[concat('tags[', parameters('tag'), ']')]", "exists": False},
        {"field": "kind", "like": "a*"},
        {"field": "sku.name", "in": ["a", "[parameters('tag')]"]},
        {"value": "[parameters('tag')]", "equals": "x"},
    ],
    ids=str,
)
def test_types_that_a_rule_cannot_tell_apart_share_a_program(condition: Any, worded: bool) -> None:
    policies = bulk(condition, worded=worded, parameters={"tag": {"type": "String", "defaultValue": "owner"}})
    one, other = program(policies, ONE), program(policies, OTHER)
    assert one.decide is other.decide
    assert (one.target.type, other.target.type) == (ONE, OTHER)


@pytest.mark.parametrize(
    "condition",
    [
        OUR_TYPE,
        {"field": "Contoso.Test/things/tls", "exists": False},
        {"field": "name", "like": "a*"},
        {"field": "fullName", "like": "a*"},
        {"field": "apiVersion", "exists": True},
        {"value": "[field('type')]", "like": "a*"},
        {"value": "[resourceGroup().name]", "like": "a*"},
        {"field": "location", "equals": "[toLower(field('type'))]"},
        {"count": {"field": "Contoso.Test/things/rules[*]"}, "greater": 0},
    ],
    ids=str,
)
def test_types_that_a_rule_may_tell_apart_have_programs_of_their_own(condition: Any) -> None:
    policies = bulk({"anyOf": [LOCATION, condition]}, aliases=AliasTable.empty())
    assert program(policies, ONE).decide is not program(policies, OTHER).decide


def test_types_that_resource_selectors_tell_apart_have_programs_of_their_own() -> None:
    selector = Selector(SelectorKind.RESOURCE_TYPE, (ONE,))
    one = AssignedPolicy(definition(LOCATION), resource_selectors=(ResourceSelector("s", (selector,)),))
    policies = BulkPolicies(compile_policies([one], aliases=ALIASES, now=NOW))
    row = {"location": "x", "properties": {}}
    for type_, judged in ((ONE, 1), (OTHER, 0), (ONE.upper(), 1)):
        found = program(policies, type_)
        assert len(found.outcomes(found.decide({**row, "type": type_}))) == judged


def test_a_shared_program_says_of_each_type_what_its_own_would() -> None:
    rules = [LOCATION, OTHER_TYPE, {"field": "kind", "equals": "a"}]
    shared = bulk(*rules)
    for type in (ONE, OTHER, NESTED_TYPE, "Contoso.Test/nothing"):
        for row in (
            {"id": "/x", "type": type, "location": place, "kind": kind, "properties": {}}
            for place in ("westeurope", "northeurope")
            for kind in ("a", "b")
        ):
            for place, rule in enumerate(rules):
                alone = program(bulk(rule), type)
                together = program(shared, type)
                expected = {one.state for one in alone.outcomes(alone.decide(row))}
                found = {one.state for one in together.outcomes(together.decide(row)) if one.policy == place}
                assert found == expected, (type, row, rule)
