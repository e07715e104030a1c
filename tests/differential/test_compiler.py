"""The compiler says what the interpreter says, word for word, or that it cannot tell: over every corpus of rules with
the resources of its cases, over the demo estate, and over rules and resources drawn at random."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from blueprinter.arm import Resource
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Json, load, parse
from blueprinter.policy import (
    FAULTS,
    AliasTable,
    Asking,
    AssignedPolicy,
    BulkPolicies,
    ComplianceState,
    Found,
    Lookup,
    LookupResult,
    NoneExist,
    NotCollected,
    PolicySet,
    PolicyState,
    UnsupportedReason,
    compile_policies,
    interpret,
    judge,
    read_definition,
    read_overrides,
    resource_of,
)
from blueprinter.policy.case_file import read_case_file
from blueprinter.policy.compiled import arrays, sites, situation
from blueprinter.policy.effects import Family, family_of
from blueprinter.policy.judge import CompiledPolicy
from blueprinter.policy.parser import MAX_FIELD_COUNTS
from differential.bending import Row, bent, demo_rows
from differential.drawing import CHILD, EFFECTS, TYPE, Resources, Rules, resource_selectors

SEED = int(os.environ.get("BLUEPRINTER_SEED", "20261120"))
NOW = "2026-11-20T06:00:00.0000000Z"
DRAWN = 20_000
"""Pairs of a rule and a resource drawn at random in a usual run."""


@dataclass(slots=True)
class Compared:
    """How many verdicts were compared, and how many the compiler left to the interpreter."""

    decided: int = 0
    left: int = 0
    limited: int = 0
    """Verdicts that the interpreter did not give because they take too much work."""

    @property
    def pairs(self) -> int:
        return self.decided + self.left

    @property
    def share(self) -> float:
        """How much of what was compared the compiler decided: only that can differ."""
        return self.decided / self.pairs

    def __str__(self) -> str:
        return f"{self.pairs:,} pairs, {self.share:.1%} decided by the compiler"


def nothing(type: str, name: str | None, scope: str) -> LookupResult:
    return NotCollected()


def told(state: PolicyState) -> tuple[object, ...]:
    """Everything that a state says."""
    return (
        state.state, state.effect, state.reason, state.detail, state.path, state.expected, state.actual,
        state.alias_source, repr(state.details),
    )  # fmt: skip


_ASKING: dict[tuple[int, int], tuple[BulkPolicies, Lookup, Asking]] = {}
_MOST_ASKING = 16


def asking_of(bulk: BulkPolicies, lookup: Lookup) -> Asking:
    """What asks the interpreter for all rows of one estate: what it said of others is remembered."""
    known = _ASKING.get((id(bulk), id(lookup)))
    if known is None:
        if len(_ASKING) >= _MOST_ASKING:
            _ASKING.clear()
        known = _ASKING[id(bulk), id(lookup)] = bulk, lookup, bulk.asking(lookup)
    return known[2]


def compare(
    row: Row,
    bulk: BulkPolicies,
    lookup: Lookup,
    counts: Compared,
    said: str,
    rules: Mapping[str, str] = MappingProxyType({}),
    *,
    explained: bool = True,
) -> None:
    """Holds both against each other on one row. `rules` are shown, by name, where they disagree. Unless `explained`
    what the states say beside the verdict is left aside."""
    policies = bulk.policies
    version = row.get("apiVersion")
    resource = resource_of(row, api_version=version if isinstance(version, str) else "")
    place = {id(one.assigned): index for index, one in enumerate(policies.policies)}
    expected = {place[id(state.assigned)]: state for state in policies.run(resource, lookup)}
    counts.limited += sum(state.reason is UnsupportedReason.LIMIT for state in expected.values())
    program = bulk.program(str(row["type"]), resource.api_version, bulk.circles(resource.id))
    try:
        outcomes = program.outcomes(program.decide(row))
    except FAULTS:
        outcomes = program.unknown()
    for outcome in outcomes:
        own = expected.get(outcome.policy)
        if outcome.state is None:
            counts.left += 1
            continue
        counts.decided += 1
        name = policies.policies[outcome.policy].assigned.definition.name
        where = f"{said}: {name} {rules.get(name, '')} on {json.dumps(row)}"
        assert own is not None, where
        if explained and own.state is outcome.state and own.path:
            assert told(bulk.state_of_policy(outcome.policy, resource, lookup)) == told(own), where
        assert (outcome.state, outcome.guessed) == (own.state, own.alias_source == "guessed"), where
        if outcome.source is not None and outcome.state is not ComplianceState.COMPLIANT:
            assert outcome.source == own.alias_source, where
    missing = set(expected) - {outcome.policy for outcome in outcomes}
    assert not missing, f"{said}: nothing of {missing} on {json.dumps(row)}"
    asking = asking_of(bulk, lookup)
    asked = {one.policy: told(asking.state(one, resource)) for one in asking.ask(outcomes, resource)}
    left = {outcome.policy for outcome in outcomes if outcome.state is None}
    wanted = {policy: told(state) for policy, state in expected.items() if policy in left}
    assert asked == wanted, f"{said}: asked for {left} on {json.dumps(row)}"


# ------------------------------------------------------------ corpora


@pytest.fixture(scope="module")
def workspace(root: Path) -> Workspace:
    return open_workspace(root)


@pytest.fixture(scope="module")
def everything(workspace: Workspace) -> BulkPolicies:
    assigned = [AssignedPolicy(definition) for _, definition in sorted(workspace.definitions.items())]
    return BulkPolicies(compile_policies(assigned, aliases=workspace.aliases, now=NOW), worded=True)


def test_on_the_demo_estate(root: Path, everything: BulkPolicies) -> None:
    counts = Compared()
    for row in demo_rows(root):
        compare(row, everything, nothing, counts, "the demo estate")
    assert counts.decided > counts.left > 0


def test_on_rows_bent_at_random(root: Path, everything: BulkPolicies) -> None:
    draw = random.Random(SEED)
    counts = Compared()
    known = demo_rows(root)
    while counts.pairs < DRAWN // 4:
        compare(bent(draw.choice(known), draw), everything, nothing, counts, f"seed {SEED}")


def over_cases(paths: Iterable[Path], root: Path, aliases: AliasTable) -> Compared:
    """Every definition of case files on the resources of its cases, bent ones too."""
    counts = Compared()
    draw = random.Random(SEED)
    for path in paths:
        file = read_case_file(load(path), root, aliases)
        try:
            definition = read_definition(file.policy, file.pointer, name=file.name)
        except InvalidInput:
            continue
        known: dict[str, BulkPolicies | None] = {}
        for case in file.cases:
            key = json.dumps(case.parameters)
            if key not in known:
                known[key] = bulk_of([AssignedPolicy(definition, case.parameters)], file.aliases)
            bulk = known[key]
            body = case.resource
            if bulk is None or body is None or not isinstance(body.get("type"), str):
                continue
            row: Row = {
                **body,
                "id": body.get("id") if isinstance(body.get("id"), str) and body["id"] else "/x/y",
            }
            for one in (row, bent(row, draw)):
                compare(one, bulk, nothing, counts, f"{path}: {case.name}")
    return counts


def bulk_of(assigned: Sequence[AssignedPolicy], aliases: AliasTable) -> BulkPolicies | None:
    try:
        return BulkPolicies(compile_policies(assigned, aliases=aliases, now=NOW), worded=True)
    except InvalidInput:
        return None


def test_on_the_cases_of_shipped_policies(root: Path, workspace: Workspace) -> None:
    files = sorted((root / "policies").rglob("tests.yaml"))
    assert over_cases(files, root / "policies", workspace.aliases).decided > 1_000


def test_on_conformance_cases(shared: Path) -> None:
    folder = shared / "conformance" / "policy"
    assert over_cases(sorted(folder.rglob("*.tests.json")), folder, AliasTable.empty()).decided > 100


# ------------------------------------------------------------ at random


def drawn_set(
    draw: random.Random, aliases: AliasTable, effects: Sequence[str] = EFFECTS, *, selected: float = 0.05
) -> tuple[BulkPolicies | None, Mapping[str, str]]:
    """A few policies as they are assigned, None when none of them can be read; and their rules by name."""
    rules = Rules(draw, effects)
    assigned: list[AssignedPolicy] = []
    texts: dict[str, str] = {}
    for number in range(draw.randint(1, 5)):
        text = json.dumps(rules.definition(number))
        try:
            one = AssignedPolicy(read_definition(parse(text, "policy.json")), **assignment(draw, selected))
        except InvalidInput:
            continue
        if bulk_of([one], aliases) is not None:
            assigned.append(one)
            texts[one.definition.name] = text
    if not assigned:
        return None, texts
    strict = draw.random() < 0.08
    return BulkPolicies(
        compile_policies(assigned, aliases=aliases, now=NOW, strict_aliases=strict), worded=True
    ), texts


def assignment(draw: random.Random, selected: float) -> dict[str, Any]:
    """What an assignment adds: a scope, selectors in so many cases, overrides."""
    found: dict[str, Any] = {}
    if draw.random() < 0.1:
        found["not_scopes"] = ("/subscriptions/s0/resourceGroups/g1",)
    if draw.random() < 0.1:
        found["scope"] = "/subscriptions/S1"
    if draw.random() < selected:
        found["resource_selectors"] = resource_selectors(draw)
    if draw.random() < 0.1:
        override: dict[str, Json] = {
            "kind": "policyEffect",
            "value": draw.choice(("Deny", "Disabled", "audit")),
        }
        if draw.random() < 0.2:
            override["selectors"] = [{"kind": "resourceLocation", "in": ["westeurope"]}]
        found["overrides"] = read_overrides([override])[0]
    return found


def related(draw: random.Random, rows: Sequence[Row]) -> Lookup:
    """Surroundings in which some types are there, some known not to be, and some never looked at."""
    mood = draw.randrange(3)

    def find(type: str, name: str | None, scope: str) -> LookupResult:
        if mood == 0:
            return NotCollected()
        if mood == 1 or type.casefold() != CHILD.casefold():
            return NoneExist()
        return Found(tuple(resource_of(row) for row in rows))

    return find


def over_drawn(
    pairs: int, aliases: AliasTable, *, members: int = 4, explained: bool = True, selected: float = 0.05
) -> Compared:
    """Rules and resources drawn at random, whose arrays have so many members at most."""
    draw = random.Random(SEED)
    counts = Compared()
    while counts.pairs < pairs:
        bulk, rules = drawn_set(draw, aliases, selected=selected)
        if bulk is None:
            continue
        resources = Resources(draw, members)
        for number in range(20):
            lookup = related(draw, [resources.row(number) for _ in range(draw.randrange(3))])
            row = resources.row(number)
            compare(row, bulk, lookup, counts, f"seed {SEED}", rules, explained=explained)
    return counts


def test_on_rules_drawn_at_random(aliases: AliasTable, capsys: pytest.CaptureFixture[str]) -> None:
    counts = over_drawn(DRAWN, aliases)
    with capsys.disabled():
        print(f" seed {SEED}: {counts} ", end="")  # noqa: T201 (how much the comparison proves)
    assert counts.share > 0.6


def test_on_assignments_that_choose_resources(aliases: AliasTable) -> None:
    counts = over_drawn(DRAWN // 2, aliases, selected=1.0)
    assert counts.share > 0.3, counts


@pytest.mark.soak
def test_on_a_million_pairs(aliases: AliasTable, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f" seed {SEED}; set BLUEPRINTER_SEED for another", flush=True)  # noqa: T201 (of a long run)
        counts = over_drawn(1_000_000, aliases)
        print(f" {counts} ", end="")  # noqa: T201 (how much the comparison proves)
    assert counts.share > 0.6


def test_a_guess_that_only_applicability_reads(aliases: AliasTable) -> None:
    first, kind = (
        {"field": "tags.env", "equals": "a"},
        {"field": "kind", "notIn": f"[field('{TYPE}/guesses[*].v')]"},
    )
    rule = {"if": {"allOf": [first, kind]}, "then": {"effect": "audit"}}
    bulk = bulk_of([AssignedPolicy(read_definition(parse(json.dumps(rule), "policy.json")))], aliases)
    assert bulk is not None
    row: Row = {"id": f"/subscriptions/s/resourceGroups/g/providers/{TYPE}/a", "type": TYPE, "kind": "b"}
    row["properties"] = {"guesses": []}
    (state,) = bulk.policies.run(resource_of(row), nothing)
    assert (state.state, state.alias_source) == (ComplianceState.COMPLIANT, "guessed")
    compare(row, bulk, nothing, Compared(), "a guess")


# ------------------------------------------------------------ near the limit of work


def test_near_the_limit(aliases: AliasTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the interpreter finds a rule to be too much work, the compiler decides nothing. What explains a verdict has
    a limit of its own, near which the two may differ."""
    for module in (interpret, judge, arrays, sites, situation):
        monkeypatch.setattr(module, "MAX_STEPS", 500)
    counts = over_drawn(DRAWN // 4, aliases, members=30, explained=False)
    assert counts.limited > 20, counts.limited
    assert counts.share > 0.5


LONG = "x" * 1_000_000
P, Q, LIST, RULES = (f"{TYPE}/{name}" for name in ("p", "q", "list[*]", "rules[*]"))
LARGE: dict[str, tuple[Json, Row]] = {
    "equal": ({"field": P, "notEquals": "y"}, {"p": LONG}),
    "among": ({"field": P, "notIn": ["y", "z"]}, {"p": LONG}),
    "among many": ({"field": P, "notIn": [f"v{place}" for place in range(5_000)]}, {"p": LONG}),
    "like": ({"field": P, "notLike": "y*"}, {"p": LONG}),
    "containing": ({"field": P, "notContains": "y"}, {"p": LONG}),
    "containing letters that fold": ({"field": P, "notContains": "y"}, {"p": "Ä" * 500_000}),
    "matching": ({"field": P, "notMatch": "y##"}, {"p": LONG}),
    "in order": ({"field": P, "greater": "a"}, {"p": LONG}),
    "a location": ({"field": "location", "notEquals": "y"}, {"location": LONG}),
    "a tag": ({"field": "tags.env", "notLike": "y*"}, {"tags": {"env": LONG}}),
    "members": ({"field": LIST, "notEquals": "y"}, {"list": [LONG[:30_000]] * 30}),
    "members like": ({"field": LIST, "notLike": "y*"}, {"list": [LONG[:30_000]] * 30}),
    "counted members": (
        {"count": {"field": RULES, "where": {"field": f"{RULES}.v", "like": "y*"}}, "equals": 0},
        {"rules": [{"v": LONG[:30_000]}] * 30},
    ),
    "current members": (
        {"count": {"field": LIST, "where": {"value": f"[current('{LIST}')]", "like": "b*"}}, "equals": 0},
        {"list": ["z" * 10_000] * 40},
    ),
    "a field with a field": ({"field": P, "notEquals": f"[field('{Q}')]"}, {"p": LONG, "q": LONG + "y"}),
    "what functions make": (
        {"value": f"[concat(field('{Q}'), 'y')]", "notLike": "b*"},
        {"q": LONG[:100_000]},
    ),
    "what functions are given": ({"value": f"[length(field('{Q}'))]", "greater": 5}, {"q": LONG}),
    "a long array": ({"field": P, "notContains": "y"}, {"p": [f"k{place}" for place in range(5_000)]}),
    "a wide object": ({"field": P, "notContainsKey": "y"}, {"p": {f"k{place}": 1 for place in range(5_000)}}),
    "arrays": ({"field": P, "notEquals": [1, 2]}, {"p": [f"k{place}" for place in range(5_000)]}),
}
"""A comparison, and what a resource holds that makes it costly."""


@pytest.mark.parametrize("times", [1, 60], ids=["once", "many times"])
@pytest.mark.parametrize("name", LARGE)
def test_on_large_values(name: str, times: int, aliases: AliasTable) -> None:
    condition, held = LARGE[name]
    times = min(times, MAX_FIELD_COUNTS) if isinstance(condition, dict) and "count" in condition else times
    rule = {"if": {"allOf": [condition] * times}, "then": {"effect": "audit"}}
    bulk = bulk_of([AssignedPolicy(read_definition(parse(json.dumps(rule), "policy.json")))], aliases)
    assert bulk is not None
    outside = {key: value for key, value in held.items() if key in ("location", "tags")}
    row: Row = {
        "id": f"/subscriptions/s/resourceGroups/g/providers/{TYPE}/a",
        "type": TYPE,
        "name": "a",
        "properties": {key: value for key, value in held.items() if key not in outside},
        **outside,
    }
    compare(row, bulk, nothing, Compared(), name)


# ------------------------------------------------------------ what is the interpreter's own


def holding(resources: Sequence[Resource]) -> Lookup:
    """Surroundings that hold these resources, whatever is looked for."""

    def find(type: str, name: str | None, scope: str) -> LookupResult:
        return Found(tuple(resources)) if resources else NoneExist()

    return find


class Asked:
    """Which policies the interpreter was asked for since the last look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._policies: list[CompiledPolicy] = []
        judge = PolicySet.judge

        def noting(
            policies: PolicySet, some: Sequence[CompiledPolicy], resource: Resource, lookup: Lookup
        ) -> tuple[PolicyState, ...]:
            self._policies.extend(some)
            return judge(policies, some, resource, lookup)

        monkeypatch.setattr(PolicySet, "judge", noting)

    def since(self) -> list[CompiledPolicy]:
        found, self._policies = self._policies, []
        return found


def test_related_resources_and_details_are_left_to_the_interpreter(
    aliases: AliasTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler has no code of its own for them: whichever verdict rests on related resources, and all details
    of modify and append, are what the interpreter says when it is asked."""
    asked = Asked(monkeypatch)
    draw = random.Random(SEED)
    seen: Counter[str] = Counter()
    for _ in range(400):
        bulk, _rules = drawn_set(draw, aliases, ("auditIfNotExists", "deployIfNotExists", "modify", "append"))
        if bulk is None:
            continue
        resources = Resources(draw)
        for number in range(5):
            others = [resource_of(resources.row(place)) for place in range(draw.randrange(5))]
            lookup = holding(others)
            resource = resource_of(resources.row(number))
            for state in bulk.policies.run(resource, lookup):
                family = family_of(state.effect)
                rests_on_others = family is Family.EXISTENCE and state.state in (
                    ComplianceState.COMPLIANT,
                    ComplianceState.NON_COMPLIANT,
                )
                if not rests_on_others and state.details is None:
                    continue
                place, policy = next(
                    (place, one)
                    for place, one in enumerate(bulk.policies.policies)
                    if one.assigned is state.assigned
                )
                asked.since()
                assert told(bulk.state_of_policy(place, resource, lookup)) == told(state)
                assert policy in asked.since()
                seen[family] += 1
                seen["several"] += rests_on_others and len(others) > 1
    assert min(seen[key] for key in (Family.EXISTENCE, Family.MODIFY, Family.APPEND, "several")) > 100, seen
