"""What the interpreter is asked for resource after resource, and what it is not asked again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blueprinter.arm import scope_of
from blueprinter.document import parse
from blueprinter.policy import (
    FAULTS,
    AliasSource,
    AliasTable,
    AssignedPolicy,
    BulkPolicies,
    ComplianceState,
    Found,
    LookupResult,
    NoneExist,
    NotCollected,
    PolicyState,
    Said,
    UnsupportedReason,
    compile_policies,
    interpret,
    judge,
    read_definition,
    resource_of,
)
from blueprinter.policy.context import group_of

NOW = "2026-11-20T06:00:00.0000000Z"
TYPE = "Contoso.Test/things"
GROUPS = "/subscriptions/s/resourceGroups"
FIRST: dict[str, Any] = {
    "id": f"{GROUPS}/a/providers/{TYPE}/one",
    "type": TYPE,
    "name": "one",
    "tags": {"env": "a"},
    "properties": {"p": "a", "list": ["a"]},
}
AROUND = {"value": "[resourceGroup().tags.env]", "equals": "nothing"}
"""False, which only the interpreter can tell."""


def bulk(condition: Any, details: Any = None) -> BulkPolicies:
    then = {"effect": "audit"} if details is None else {"effect": "auditIfNotExists", "details": details}
    text = json.dumps({"if": condition, "then": then})
    assigned = AssignedPolicy(read_definition(parse(text, "policy.json")))
    return BulkPolicies(compile_policies([assigned], aliases=AliasTable.empty(), now=NOW))


def lookup(type: str, name: str | None, scope: str) -> LookupResult:
    if not scope.startswith(GROUPS) or "providers" in scope:
        return NotCollected()
    env = scope.rpartition("/")[2]
    return Found((resource_of({"id": scope, "type": type, "name": env, "tags": {"env": env}}),))


def told(state: PolicyState) -> tuple[object, ...]:
    return (
        state.state,
        state.reason,
        state.detail,
        state.path,
        state.expected,
        state.actual,
        state.alias_source,
    )


def asked(policies: BulkPolicies, rows: list[dict[str, Any]]) -> list[list[object]]:
    """The states that are given to rows, one after the other."""
    asking = policies.asking(lookup)
    found = []
    for row in rows:
        resource = resource_of(row, api_version=row.get("apiVersion", ""))
        program = policies.program(row["type"], resource.api_version, policies.circles(row["id"]))
        try:
            outcomes = program.outcomes(program.decide(row))
        except FAULTS:
            outcomes = program.unknown()
        assert all(outcome.state is None for outcome in outcomes)
        states = [asking.state(one, resource) for one in asking.ask(outcomes, resource)]
        assert list(map(told, states)) == list(map(told, policies.policies.run(resource, lookup)))
        found.append([state.state for state in states])
    return found


@pytest.mark.parametrize(
    ("other", "changed"),
    [
        ({"field": "tags.env", "equals": "b"}, {"tags": {"env": "b"}}),
        ({"field": "tags.env", "exists": False}, {"tags": {}}),
        ({"field": "type", "equals": "Contoso.Other/x"}, {"type": "Contoso.Other/x"}),
        ({"field": "apiVersion", "equals": "2020-01-01"}, {"apiVersion": "2020-01-01"}),
        (
            {"value": "[requestContext().apiVersion]", "equals": "2020-01-01"},
            {"apiVersion": "2020-01-01"},
        ),
        ({"field": f"{TYPE}/p", "equals": "b"}, {"properties": {"p": "b"}}),
        ({"field": f"{TYPE}/p", "equals": "b"}, {"properties": None}),
        ({"field": f"{TYPE}/p", "equals": 1}, {"properties": {"p": 1}}),
        ({"field": f"{TYPE}/list[*]", "equals": "b"}, {"properties": {"list": ["b"]}}),
        ({"count": {"field": f"{TYPE}/list[*]"}, "equals": 2}, {"properties": {"list": [1, 2]}}),
        ({"value": "[field('tags.env')]", "equals": "b"}, {"tags": {"env": "b"}}),
        ({"field": "name", "equals": "two"}, {"name": "two", "id": f"{GROUPS}/a/providers/{TYPE}/two"}),
        (
            {"value": "[resourceGroup().name]", "equals": "b"},
            {"id": f"{GROUPS}/b/providers/{TYPE}/one"},
        ),
        (
            {"value": "[subscription().subscriptionId]", "equals": "t"},
            {"id": f"/subscriptions/t/resourceGroups/a/providers/{TYPE}/one"},
        ),
    ],
    ids=str,
)
def test_resources_that_differ_in_what_a_rule_reads_are_no_longer_alike(other: Any, changed: Any) -> None:
    policies = bulk({"anyOf": [AROUND, other]})
    second = {**FIRST, **changed}
    alike = {**FIRST, "id": f"{FIRST['id']}-too"}
    first, again, *rest = asked(policies, [FIRST, alike, second, FIRST])
    assert first == again == rest[-1]
    assert rest[0] != first


def test_numbers_and_booleans_are_not_mistaken_for_each_other() -> None:
    policies = bulk({"anyOf": [AROUND, {"field": f"{TYPE}/p", "equals": "true"}]})
    rows = [{**FIRST, "properties": {"p": value}} for value in (1, True, 1.0, "true", "True")]
    assert asked(policies, rows)[:3] == [["Compliant"], ["NonCompliant"], ["Compliant"]]


def test_a_rule_that_holds_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = bulk({"field": "tags.env", "equals": "a"}, {"type": f"{TYPE}/children"})
    compared: list[object] = []

    def note(self: object, condition: object) -> bool:
        compared.append(condition)
        return True

    asking = policies.asking(lookup)
    resource = resource_of(FIRST)
    program = policies.program(TYPE, "", policies.circles(""))
    outcomes = program.outcomes(program.decide(FIRST))
    monkeypatch.setattr(interpret.Evaluator, "holds", note)
    (said,) = asking.ask(outcomes, resource)
    assert (said.state, compared) == ("Unsupported", [])


@pytest.mark.parametrize("limit", ["steps", "work"])
def test_near_a_limit_a_rule_that_holds_is_asked_again(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what a rule may take is set apart for its `if`: where the rest does not do, all of it is counted."""
    condition = {"field": "tags.env", "equals": "a"}
    if limit == "steps":
        where = {"count": {"value": list(range(40)), "name": "n", "where": condition}, "equals": 40}
        details: Any = {"type": TYPE, "existenceScope": "subscription", "existenceCondition": where}
        for module in (interpret, judge):
            monkeypatch.setattr(module, "MAX_STEPS", 100)
    else:
        details = {"type": f"{TYPE}/children", "name": f"[string(length(field('{TYPE}/list[*]')))]"}
        monkeypatch.setattr(judge, "MAX_WORK", 2)
    whole: list[object] = []
    plain = judge.judge

    def count(*arguments: Any, **more: Any) -> object:
        whole.append(arguments[0])
        return plain(*arguments, **more)

    monkeypatch.setattr("blueprinter.policy.batch.judge", count)
    policies = bulk(condition, details)
    asking = policies.asking(lambda type, name, scope: Found((resource_of({**FIRST, "id": f"{scope}/x"}),)))
    resource = resource_of(FIRST)
    program = policies.program(TYPE, "", policies.circles(""))
    asking.ask(program.outcomes(program.decide(FIRST)), resource)
    assert whole


@pytest.mark.parametrize(
    "id",
    [
        f"{GROUPS}/g/providers/{TYPE}/a",
        f"{GROUPS.upper()}/G/PROVIDERS/{TYPE}/a/children/b",
        f"{GROUPS}/providers/providers/{TYPE}/providers",
        f"{GROUPS}/g/providers/{TYPE}/a/providers/A.b/c/d",
        f"{GROUPS}/g/providers/{TYPE}/a/providers/d",
        f"{GROUPS}/g/providers/{TYPE}/a/providers",
        f"{GROUPS}/g/providers/{TYPE}/a/",
        f"{GROUPS}//providers/{TYPE}/a",
        f"{GROUPS}/g/providers/{TYPE}",
        f"{GROUPS}/g",
        "/subscriptions/s/providers/A.b/c/d",
        f"/subscriptions/s/resourceGroup/g/providers/{TYPE}/a",
        f"x{GROUPS}/g/providers/{TYPE}/a",
        "/providers/Microsoft.Management/managementGroups/m/providers/A.b/c/d",
        "[resourceId('a/b', 'c')]",
        "",
    ],
)
def test_the_group_of_an_id_is_the_same_the_quick_way(id: str) -> None:
    scope = scope_of(id)
    wanted = scope if scope.count("/") == 4 and scope.casefold().startswith("/subscriptions/") else ""
    assert group_of(id) == wanted


class Knowing:
    """An estate that knows nothing of some types, and of the others that there are none."""

    def __init__(self, *unknown: str) -> None:
        self._unknown = unknown

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        if not scope:
            return NotCollected("of no scope")
        return self.silence(type) or NoneExist()

    def silence(self, type: str) -> NotCollected | None:
        return NotCollected("nobody asked") if type in self._unknown else None


def foretold(details: Any, *unknown: str, condition: Any = None) -> tuple[Said | None, list[Said]]:
    """What is said of all rows that are alike, and of one of them."""
    policies = bulk(condition or {"field": "type", "equals": TYPE}, details)
    asking = policies.asking(Knowing(*unknown), worded=False)
    resource = resource_of(FIRST)
    program = policies.program(TYPE, "", policies.circles(resource.id))
    outcomes = program.outcomes(program.decide(FIRST))
    (outcome,) = outcomes
    return asking.foreseen(outcome, TYPE, ""), asking.ask(outcomes, resource)


@pytest.mark.parametrize(
    "details",
    [
        {"type": "Contoso.Other/settings"},
        {"type": "Contoso.Other/settings", "name": "default", "existenceScope": "subscription"},
        {"type": "[concat('Contoso.Other/', 'settings')]", "resourceGroupName": "elsewhere"},
    ],
)
def test_what_an_estate_knows_nothing_of_is_said_of_all_rows_at_once(details: Any) -> None:
    said, (asked,) = foretold(details, "Contoso.Other/settings")
    assert said is not None
    assert said == asked
    assert said.reason is UnsupportedReason.NOT_COLLECTED


def test_that_a_rule_rests_on_a_guess_is_said_of_all_rows() -> None:
    guessed = {"field": f"{TYPE}/p", "equals": "a"}
    said, (asked,) = foretold({"type": "Contoso.Other/settings"}, "Contoso.Other/settings", condition=guessed)
    assert said == asked
    assert said is not None
    assert said.source is AliasSource.GUESSED


@pytest.mark.parametrize(
    ("details", "state"),
    [
        ({"type": "Contoso.Other/others"}, ComplianceState.NON_COMPLIANT),
        # a policy that looks for the resource itself finds it
        ({"type": TYPE, "name": "one"}, ComplianceState.COMPLIANT),
        # what cannot be evaluated is an error whatever was collected
        ({"type": "Contoso.Other/settings", "name": "[field('tags')]"}, ComplianceState.ERROR),
        ({"type": "Contoso.Other/settings", "name": "[json('5')]"}, ComplianceState.ERROR),
        ({"type": "[string('')]"}, ComplianceState.ERROR),
    ],
)
def test_what_hangs_on_the_resource_is_not_said_of_all_rows(details: Any, state: ComplianceState) -> None:
    said, (asked,) = foretold(details, "Contoso.Other/settings", TYPE, "")
    assert said is None
    assert asked.state is state


def test_outside_of_all_subscriptions_it_is_said_in_other_words() -> None:
    policies = bulk({"field": "type", "equals": TYPE}, {"type": "Contoso.Other/settings"})
    asking = policies.asking(Knowing("Contoso.Other/settings"))
    for id, detail in ((FIRST["id"], "nobody asked"), (f"/providers/{TYPE}/one", "of no scope")):
        resource = resource_of({**FIRST, "id": id})
        program = policies.program(TYPE, "", policies.circles(id))
        outcomes = program.outcomes(program.decide(FIRST))
        (said,) = asking.ask(outcomes, resource)
        (state,) = policies.policies.run(resource, Knowing("Contoso.Other/settings"))
        assert told(asking.state(said, resource)) == told(state)
        assert state.detail == detail


OTHER = "Contoso.Other/settings"


def beside(name: str, **body: Any) -> dict[str, Any]:
    return {"id": f"{GROUPS}/a/providers/{OTHER}/{name}", "type": OTHER, "name": name, **body}


def judged(
    details: Any, found: list[dict[str, Any]], *names: str, worded: bool = False
) -> tuple[list[object], list[int]]:
    """The states of resources that differ by name and tag, and how many conditions were tested for each."""
    policies = bulk({"field": "type", "equals": TYPE}, details)
    tests: list[int] = []
    holds = interpret.Evaluator.holds

    def counting(self: interpret.Evaluator, condition: Any, *more: Any) -> Any:
        tests[-1] += 1
        return holds(self, condition, *more)

    def find(type: str, name: str | None, scope: str) -> LookupResult:
        return Found(tuple(map(resource_of, found)))

    asking = policies.asking(find, worded=worded)
    states: list[object] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(interpret.Evaluator, "holds", counting)
        for name in names:
            row = {**FIRST, "id": f"{GROUPS}/a/providers/{TYPE}/{name}", "name": name, "tags": {"env": name}}
            resource = resource_of(row)
            program = policies.program(TYPE, "", policies.circles(resource.id))
            tests.append(0)
            (said,) = asking.ask(program.outcomes(program.decide(row)), resource)
            (state,) = policies.policies.run(resource, find)
            assert (said.state, said.reason) == (state.state, state.reason)
            states.append(said.state)
    return states, tests


RED = {"field": "tags.color", "equals": "red"}


def test_what_others_beside_it_have_looked_for_is_not_looked_for_again() -> None:
    found = [beside(str(number), tags={"color": "blue"}) for number in range(50)]
    details = {"type": OTHER, "existenceCondition": RED}
    states, tests = judged(details, found, "a", "b", "c")
    assert states == ["NonCompliant"] * 3
    # `run` tests the rule and the related resources each time
    assert tests[0] - tests[1] >= 50
    assert tests[1] == tests[2]
    states, tests = judged(details, [*found, beside("last", tags={"color": "Red"})], "a", "b", worded=True)
    assert states == ["Compliant"] * 2
    assert tests[0] - tests[1] >= 50
    # why there is none is told with what each resource has to say
    states, tests = judged(details, found, "a", "b", worded=True)
    assert states == ["NonCompliant"] * 2
    assert tests[0] == tests[1]


@pytest.mark.parametrize(
    ("details", "found", "states"),
    [
        pytest.param(
            {"type": OTHER, "existenceCondition": {"field": "name", "equals": "[field('tags.env')]"}},
            [beside("a")],
            ["Compliant", "NonCompliant"],
            id="the condition reads the resource",
        ),
        pytest.param(
            {"type": OTHER},
            [{**beside("x"), "id": f"{GROUPS}/a/providers/{TYPE}/a/providers/{OTHER}/x"}],
            ["Compliant", "NonCompliant"],
            id="it extends one of them",
        ),
        pytest.param(
            {"type": OTHER, "name": "[field('name')]", "existenceCondition": RED},
            [beside("a", tags={"color": "red"})],
            ["Compliant", "Compliant"],
            id="another name",
        ),
    ],
)
def test_what_hangs_on_the_resource_is_looked_for_each_time(
    details: Any, found: list[dict[str, Any]], states: list[str]
) -> None:
    found_states, tests = judged(details, found, "a", "b")
    assert found_states == states
    assert min(tests) > 0


@pytest.mark.parametrize("group", ["a", "elsewhere"])
def test_a_resource_that_is_not_collected_is_itself_only_where_it_lies(group: str) -> None:
    """The evaluated resource is known, whatever was collected; one of its name in another group is not."""
    details = {"type": TYPE, "name": "[field('name')]", "resourceGroupName": group}
    policies = bulk({"field": "type", "equals": TYPE}, details)
    (state,) = policies.policies.run(resource_of(FIRST), lambda type, name, scope: NotCollected())
    assert state.state == ("Compliant" if group == "a" else "Unsupported")
