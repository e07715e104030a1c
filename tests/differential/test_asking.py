"""What is remembered of the interpreter's answers, and what it is not asked again, is what it would say: over rules
drawn at random about small estates, in which resources are alike and groups are known, unknown or without tags."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from blueprinter.arm import Resource
from blueprinter.casing import fold
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse
from blueprinter.policy import (
    FAULTS,
    AliasSource,
    AliasTable,
    AssignedPolicy,
    BulkPolicies,
    ComplianceState,
    Found,
    Lookup,
    LookupResult,
    NoneExist,
    NotCollected,
    Outcome,
    PolicySet,
    Said,
    UnsupportedReason,
    compile_policies,
    read_definition,
    resource_of,
)
from differential.drawing import CHILD, TYPE, resource_selectors
from differential.test_compiler import NOW, SEED, told

SETS = 120
ROWS = 60
GROUP = "microsoft.resources/subscriptions/resourcegroups"
SUBSCRIPTION = "microsoft.resources/subscriptions"
EXTENSION = "Microsoft.Insights/diagnosticSettings"
OTHER = "Contoso.Other/x"

LEFT: Sequence[dict[str, Any]] = (
    {"field": "tags.env"},
    {"field": "[concat('tags[', parameters('tag'), ']')]"},
    {"field": "location"},
    {"field": "kind"},
    {"field": "type"},
    {"field": "apiVersion"},
    {"field": f"{TYPE}/p"},
    {"field": f"{TYPE}/deep.a"},
    {"field": f"{TYPE}/nowhere"},
    {"field": f"{TYPE}/list[*]"},
    {"field": "name"},
    {"field": "tags"},
    {"value": "[resourceGroup().tags.env]"},
    {"value": "[resourceGroup().location]"},
    {"value": "[subscription().displayName]"},
    {"value": f"[concat(field('{TYPE}/p'), resourceGroup().name)]"},
    {"value": "[requestContext().apiVersion]"},
    {"value": "[field('tags')]"},
    {"value": f"[field('{TYPE}/q')]"},
    {"value": "[if(equals(field('kind'), 'a'), resourceGroup().tags.env, field('tags.env'))]"},
    {"value": f"[if(equals(field('kind'), 'a'), field('{TYPE}/p'), 'a')]"},
    {"count": {"value": ["a", "b"], "name": "n", "where": {"field": "kind", "equals": "[current('n')]"}}},
    {
        "count": {
            "value": ["a", "b"],
            "name": "n",
            "where": {"field": f"{TYPE}/p", "equals": "[current('n')]"},
        }
    },
    {"count": {"value": "[field('tags.env')]", "name": "n", "where": {"field": f"{TYPE}/p", "equals": "a"}}},
    {"count": {"field": f"{TYPE}/rules[*]", "where": {"field": f"{TYPE}/rules[*].v", "equals": 1}}},
)
AROUND = [left for left in LEFT if "resourceGroup()" in str(left) or "subscription()" in str(left)]
RIGHT: Sequence[Any] = (
    "a", "b", "westeurope", "1", 1, 2, True, "true", "",
    "[resourceGroup().tags[parameters('tag')]]", "[resourceGroup().location]", "[field('tags.env')]",
    "[subscription().tags.env]", f"[field('{TYPE}/p')]", "[parameters('tag')]",
)  # fmt: skip
OPERATORS = ("equals", "notEquals", "exists", "like", "notIn", "greater")


def comparison(draw: random.Random) -> dict[str, Any]:
    left = dict(draw.choice(LEFT if draw.random() < 0.8 else AROUND))
    operator = "equals" if "count" in left else draw.choice(OPERATORS)
    right = draw.choice((0, 1, 2)) if "count" in left else draw.choice(RIGHT)
    if operator == "exists":
        right = draw.choice((True, False))
    elif operator == "notIn":
        right = [right, "b"]
    elif operator == "like":
        right = draw.choice(("a*", "*"))
    return {**left, operator: right}


def condition(draw: random.Random, depth: int = 0) -> dict[str, Any]:
    kind = draw.random()
    if depth > 2 or kind < 0.4:
        return comparison(draw)
    if kind < 0.5:
        return {"not": condition(draw, depth + 1)}
    members = [condition(draw, depth + 1) for _ in range(draw.randint(1, 3))]
    return {draw.choice(("allOf", "anyOf")): members}


def definition(draw: random.Random, number: int) -> dict[str, Any]:
    effect = draw.choice(("audit", "deny", "auditIfNotExists", "auditIfNotExists", "modify", "modify"))
    then: dict[str, Any] = {"effect": effect}
    if effect == "auditIfNotExists":
        then["details"] = {
            "type": draw.choice((EXTENSION, CHILD, OTHER)),
            **draw.choice(({}, {"name": "default"}, {"name": "[field('kind')]"})),
            **draw.choice(({}, {"existenceScope": "subscription"}, {"resourceGroupName": "g1"})),
            **draw.choice(({}, {"existenceCondition": condition(draw, 2)})),
        }
    elif effect == "modify":
        value = draw.choice(("x", "y", "[resourceGroup().tags.env]"))
        operation = {"operation": "addOrReplace", "field": "tags.env", "value": value}
        role = "/providers/microsoft.authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
        then["details"] = {"roleDefinitionIds": [role], "operations": [operation], "conflictEffect": "deny"}
    return {
        "name": f"drawn-{number}",
        "properties": {
            "mode": draw.choice(("All", "Indexed")),
            "parameters": {"tag": {"type": "String", "defaultValue": "env"}},
            "policyRule": {"if": condition(draw), "then": then},
        },
    }


def group(number: int) -> dict[str, Any]:
    tags: Mapping[int, Any] = {0: {"env": "a"}, 1: {"Env": "b"}, 2: None, 3: {"other": "a"}}
    return {
        "id": f"/subscriptions/s{number % 2}/resourceGroups/g{number}",
        "type": "microsoft.resources/subscriptions/resourceGroups",
        "name": f"g{number}",
        "location": "westeurope" if number % 2 else "northeurope",
        "tags": tags[number],
        "properties": {},
    }


class Estate:
    """What is related to rows; nothing is known of some types."""

    def __init__(self, find: Lookup, unknown: frozenset[str]) -> None:
        self._find = find
        self._unknown = unknown

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        return self.silence(type) or self._find(type, name, scope)

    def silence(self, type: str) -> NotCollected | None:
        return NotCollected("nobody asked") if fold(type) in self._unknown else None


def surroundings(draw: random.Random) -> Lookup:
    """An estate of which some groups were collected, perhaps a subscription, and some of what is related."""
    unknown = frozenset(fold(one) for one in (EXTENSION, CHILD, OTHER) if draw.random() < 0.2)
    groups = {fold(one["id"]): one for one in map(group, range(4)) if draw.random() < 0.7}
    subscription = {
        "id": "/subscriptions/s0",
        "type": "microsoft.resources/subscriptions",
        "name": "s0",
        "tags": {"env": "a"},
        "properties": {"displayName": "a"},
    }
    knows_subscription = draw.random() < 0.5
    mood = draw.randrange(3)

    def find(type: str, name: str | None, scope: str) -> LookupResult:
        wanted = fold(type)
        if wanted == GROUP:
            known = groups.get(fold(scope))
            return NotCollected("not asked for") if known is None else Found((resource_of(known),))
        if wanted == SUBSCRIPTION:
            if knows_subscription and fold(scope) == "/subscriptions/s0":
                return Found((resource_of(subscription),))
            return NotCollected()
        if mood == 0 or scope.endswith("-3"):
            return NotCollected(f"{type} of {scope}")
        if mood == 1 or scope.endswith("-4"):
            return NoneExist()
        body = {"id": f"{scope}/providers/{type}/x", "type": type, "name": "x", "kind": scope[-1]}
        return Found((resource_of({**body, "properties": {"p": "a"}, "tags": {"env": "a"}}),))

    return Estate(find, unknown)


def row(draw: random.Random, number: int) -> dict[str, Any]:
    type_ = draw.choice((TYPE,) * 5 + (TYPE.lower(), CHILD, OTHER))
    place = draw.randrange(4)
    name = f"{TYPE}/t-{number}" if type_ == CHILD else f"{type_}/t-{number}"
    path = f"{name}/children/c" if type_ == CHILD else name
    head = f"/subscriptions/s{place % 2}/resourceGroups/g{place}"
    found: dict[str, Any] = {
        "id": draw.choice((head,) * 8 + (f"/subscriptions/s{place % 2}", head.upper()))
        + f"/providers/{path}",
        "type": type_,
        "name": f"t-{number}",
        "properties": draw.choice(
            (
                {"p": "a", "q": [1]},
                {"P": "b", "deep": {"a": 1}},
                {"p": 1, "deep": {"a": True}, "list": ["a"]},
                {"p": True, "deep": {"a": 1.0}, "rules": [{"v": 1}]},
                {"p": None, "deep": None, "q": "a"},
            )
        ),
    }
    optional: Sequence[tuple[str, Sequence[Any]]] = (
        ("tags", ({"env": "a"}, {"ENV": "b"}, {}, None, "a")),
        ("location", ("westeurope", "West Europe", "northeurope", None)),
        ("kind", ("a", "b", "")),
    )
    for key, values in optional:
        if draw.random() < 0.8:
            found[key] = draw.choice(values)
    if draw.random() < 0.1:
        found["apiVersion"] = "2019-01-01"
    if draw.random() < 0.05:
        found["properties"] = None
    if draw.random() < 0.03:
        found = {**group(place), "type": draw.choice((GROUP, "microsoft.resources/resourcegroups"))}
    return found


def drawn(draw: random.Random, aliases: AliasTable, *, strict: bool) -> PolicySet | None:
    assigned = []
    for number in range(draw.randint(1, 4)):
        text = json.dumps(definition(draw, number))
        try:
            one = AssignedPolicy(read_definition(parse(text, "policy.json")))
            compile_policies([one], aliases=aliases, now=NOW)
        except InvalidInput:
            continue
        if draw.random() < 0.2:
            one = replace(one, resource_selectors=resource_selectors(draw))
        assigned.append(one)
    if not assigned:
        return None
    return compile_policies(assigned, aliases=aliases, now=NOW, strict_aliases=strict)


def outcomes_of(bulk: BulkPolicies, row: dict[str, Any], resource: Resource) -> tuple[Outcome, ...]:
    program = bulk.program(row["type"], resource.api_version, bulk.circles(resource.id))
    try:
        return program.outcomes(program.decide(row))
    except FAULTS:
        return program.unknown()


Told = tuple[int, ComplianceState, UnsupportedReason | None, bool]


def answers(outcomes: Sequence[Outcome], said: Sequence[Said]) -> list[Told]:
    """What programs found out, and what the interpreter said besides."""
    known = [(one.policy, one.state, one.reason, one.guessed) for one in outcomes if one.state is not None]
    asked = [(one.policy, one.state, one.reason, one.source is AliasSource.GUESSED) for one in said]
    return sorted([*known, *asked], key=lambda one: one[0])


def check(sets: int, aliases: AliasTable) -> Counter[str]:
    draw = random.Random(SEED)
    counts: Counter[str] = Counter()
    while counts["sets"] < sets:
        policies = drawn(draw, aliases, strict=draw.random() < 0.2)
        if policies is None:
            continue
        counts["sets"] += 1
        lookup = surroundings(draw)
        bulk, bound = BulkPolicies(policies), BulkPolicies(policies, lookup)
        told_before = bound.asking(lookup, worded=False)
        everyone = policies.policies
        place = {id(one.assigned): index for index, one in enumerate(everyone)}
        worded, wordless = bulk.asking(lookup), bulk.asking(lookup, worded=False)
        recording = BulkPolicies(policies, worded=True)
        recorded = recording.asking(lookup)
        words: dict[Hashable, tuple[object, ...]] = {}
        for number in range(ROWS):
            one = row(draw, number)
            resource = resource_of(one, api_version=one.get("apiVersion", ""))
            outcomes = outcomes_of(bulk, one, resource)
            left = {outcome.policy for outcome in outcomes if outcome.state is None}
            counts["held"] += sum(outcome.holds for outcome in outcomes)
            counts["asked"] += len(left)
            states = [
                state for state in bulk.policies.run(resource, lookup) if place[id(state.assigned)] in left
            ]
            counts["conflicts"] += sum(state.state is ComplianceState.CONFLICT for state in states)
            where = f"seed {SEED}: {[everyone[number].rule for number in left]} on {json.dumps(one)}"
            said = worded.ask(outcomes, resource)
            assert [told(worded.state(one, resource)) for one in said] == list(map(told, states)), where
            noted = outcomes_of(recording, one, resource)
            counts["noted"] += sum(outcome.source is AliasSource.TABLE for outcome in noted if outcome.holds)
            asked = {outcome.policy for outcome in noted if outcome.state is None}
            wanted = [
                told(state)
                for state in bulk.policies.run(resource, lookup)
                if place[id(state.assigned)] in asked
            ]
            said = recorded.ask(noted, resource)
            assert [told(recorded.state(one, resource)) for one in said] == wanted, where
            for answer, state in zip(said, wanted, strict=True):
                if answer.words is not None:
                    assert words.setdefault((answer.policy, answer.words), state) == state, where
            plain = answers((), wordless.ask(outcomes, resource))
            assert plain == [
                (place[id(one.assigned)], one.state, one.reason, one.alias_source == "guessed")
                for one in states
            ], where
            known = outcomes_of(bound, one, resource)
            counts["recalled"] += sum(
                outcome.state is not None and outcome.policy in left for outcome in known
            )
            found = answers(known, told_before.ask(known, resource))
            assert [answer for answer in found if answer[0] in left] == plain, where
            assert [answer for answer in found if answer[0] not in left] == answers(
                [outcome for outcome in outcomes if outcome.policy not in left], ()
            ), where
            for outcome in outcomes:
                foreseen = wordless.foreseen(outcome, one["type"], resource.api_version)
                if foreseen is not None:
                    counts["foreseen"] += 1
                    guessed = foreseen.source is AliasSource.GUESSED
                    assert (outcome.policy, foreseen.state, foreseen.reason, guessed) in plain, where
    return counts


def test_on_small_estates(aliases: AliasTable) -> None:
    counts = check(SETS, aliases)
    assert counts["held"] > SETS * 5, counts
    assert counts["asked"] > counts["held"] * 1.5, counts
    assert counts["conflicts"] > 30, counts
    assert counts["foreseen"] > SETS / 2, counts
    assert counts["recalled"] > SETS * 5, counts
    assert counts["noted"] > SETS, counts


@pytest.mark.soak
def test_on_many_small_estates(aliases: AliasTable) -> None:
    check(SETS * 20, aliases)
