"""Programs of a policy set: which types share one, and the ways in which they read part of a row."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from blueprinter.policy import (
    LACKING,
    AliasTable,
    AssignedPolicy,
    BulkPolicies,
    ComplianceState,
    Program,
    Reads,
    Wanted,
    attributes_of,
    compile_policies,
)
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


def program(policies: BulkPolicies, type: str, like: Mapping[str, Any] | None = None) -> Program:
    return policies.program(type, "", policies.circles(""), like)


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


# ------------------------------------------------------------ parts of rows

TLS = {"field": "Contoso.Test/things/tls", "notEquals": "1.2"}
TAG = {"field": "tags.owner", "exists": False}
WHOLE_ROW: dict[str, Any] = {
    "id": "/x",
    "type": ONE,
    "tags": {"owner": "a", "more": "b"},
    "properties": {"security": {"tls": "1.2", "more": 1}, "size": 3},
}


def part(row: Mapping[str, Any], reads: Reads) -> Any:
    """Part of a row, as `Part` describes it."""

    def inside(value: Mapping[str, Any], wanted: Wanted, kept: Mapping[str, str]) -> dict[str, Any]:
        return {name: member(value.get(key, LACKING), wanted[key]) for key, name in kept.items()}

    def member(value: Any, wanted: Wanted) -> Any:
        if not wanted or value is None or value is LACKING:
            return value
        return SimpleNamespace(**inside(value, wanted, attributes_of(wanted)))

    found = inside(row, reads.columns, reads.attributes())
    found.setdefault("properties", LACKING if "properties" not in row else SimpleNamespace())
    return SimpleNamespace(id=row["id"], spelled=row["type"], stated=row.get("apiVersion", LACKING), **found)


def test_objects_are_taken_apart_where_the_first_row_has_what_is_read() -> None:
    made = program(bulk(TLS, TAG), ONE, WHOLE_ROW)
    assert [one.reads.columns for one in made.glances] == [
        {"tags": {"owner": {}}, "properties": {"security": {"tls": {}}}},
        {"tags": {}, "properties": {"security": {}}},
    ]


def test_objects_stay_whole_where_the_first_row_lacks_it() -> None:
    row = {**WHOLE_ROW, "tags": None, "properties": {"security": {}}}
    for made in (program(bulk(TLS, TAG), ONE, row), program(bulk(TLS, TAG), ONE)):
        assert [one.reads.columns for one in made.glances] == [{"tags": {}, "properties": {"security": {}}}]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tags": None},
        {"tags": {"owner": None}},
        {"properties": {"security": None}},
        {"properties": {"security": {"tls": "1.0"}}},
        {"properties": {"security": {"tls": None}}},
        {"properties": {"security": {"tls": 1.2}}},
    ],
    ids=str,
)
def test_every_way_to_read_a_row_gives_the_same(changes: dict[str, Any]) -> None:
    row = {**WHOLE_ROW, **changes}
    made = program(bulk(TLS, TAG), ONE, WHOLE_ROW)
    assert len(made.glances) == 2
    for glance in made.glances:
        assert glance.decide(part(row, glance.reads)) == made.decide(row)


@pytest.mark.parametrize(
    "changes",
    [
        {"tags": {}},
        {"tags": {"Owner": "a"}},
        {"properties": {"security": {"TLS": "1.2"}}},
        {"properties": {"Security": {"tls": "1.2"}}},
        {"apiVersion": "2024-01-01"},
    ],
    ids=str,
)
def test_a_row_that_lacks_something_in_that_spelling_is_read_whole(changes: dict[str, Any]) -> None:
    row = {**WHOLE_ROW, **changes}
    first = program(bulk(TLS, TAG), ONE, WHOLE_ROW).glances[0]
    assert first.decide(part(row, first.reads)) is None


def test_the_second_way_takes_objects_that_lack_something() -> None:
    made = program(bulk(TLS, TAG), ONE, WHOLE_ROW)
    row = {**WHOLE_ROW, "tags": {"OWNER": "a"}, "properties": {"security": {}}}
    second = made.glances[1]
    code = second.decide(part(row, second.reads))
    assert code == made.decide(row)
    states = [one.state for one in made.outcomes(made.decide(row))]
    assert states == [ComplianceState.NON_COMPLIANT, ComplianceState.COMPLIANT]
