"""The compiler says what the interpreter says, word for word, or that it cannot tell: over every corpus of rules with
the resources of its cases, over the demo estate, and over rules and resources drawn at random."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Json, load, parse
from blueprinter.policy import (
    FAULTS,
    AliasTable,
    AssignedPolicy,
    BulkPolicies,
    ComplianceState,
    Found,
    Lookup,
    LookupResult,
    NoneExist,
    NotCollected,
    PolicyState,
    compile_policies,
    read_aliases,
    read_definition,
    read_overrides,
    read_resource_selectors,
    resource_of,
)
from blueprinter.policy.case_file import read_case_file
from differential.bending import Row, bent, demo_rows
from differential.drawing import ALIASES, CHILD, Resources, Rules

SEED = int(os.environ.get("BLUEPRINTER_SEED", "20261120"))
NOW = "2026-11-20T06:00:00.0000000Z"
DRAWN = 20_000
"""Pairs of a rule and a resource drawn at random in a usual run."""


@dataclass(slots=True)
class Compared:
    """How many verdicts were compared, and how many the compiler left to the interpreter."""

    decided: int = 0
    left: int = 0

    @property
    def pairs(self) -> int:
        return self.decided + self.left


def nothing(type: str, name: str | None, scope: str) -> LookupResult:
    return NotCollected()


def told(state: PolicyState) -> tuple[object, ...]:
    """Everything that a state says."""
    return (
        state.state, state.effect, state.reason, state.detail, state.path, state.expected, state.actual,
        state.alias_source, repr(state.details),
    )  # fmt: skip


def compare(
    row: Row,
    bulk: BulkPolicies,
    lookup: Lookup,
    counts: Compared,
    said: str,
    rules: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Holds both against each other on one row. `rules` are shown, by name, where they disagree."""
    policies = bulk.policies
    version = row.get("apiVersion")
    resource = resource_of(row, api_version=version if isinstance(version, str) else "")
    place = {id(one.assigned): index for index, one in enumerate(policies.policies)}
    expected = {place[id(state.assigned)]: state for state in policies.run(resource, lookup)}
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
        if own.state is outcome.state and own.path:
            assert told(bulk.state_of_policy(outcome.policy, resource, lookup)) == told(own), where
        assert (outcome.state, outcome.guessed) == (own.state, own.alias_source == "guessed"), where
        if outcome.source is not None and outcome.state is not ComplianceState.COMPLIANT:
            assert outcome.source == own.alias_source, where
    missing = set(expected) - {outcome.policy for outcome in outcomes}
    assert not missing, f"{said}: nothing of {missing} on {json.dumps(row)}"


# ------------------------------------------------------------ corpora


@pytest.fixture(scope="module")
def workspace(root: Path) -> Workspace:
    return open_workspace(root)


@pytest.fixture(scope="module")
def everything(workspace: Workspace) -> BulkPolicies:
    assigned = [AssignedPolicy(definition) for _, definition in sorted(workspace.definitions.items())]
    return BulkPolicies(compile_policies(assigned, aliases=workspace.aliases, now=NOW))


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
        return BulkPolicies(compile_policies(assigned, aliases=aliases, now=NOW))
    except InvalidInput:
        return None


def test_on_the_cases_of_shipped_policies(root: Path, workspace: Workspace) -> None:
    files = sorted((root / "policies").rglob("tests.yaml"))
    assert over_cases(files, root / "policies", workspace.aliases).decided > 1_000


def test_on_conformance_cases(shared: Path) -> None:
    folder = shared / "conformance" / "policy"
    assert over_cases(sorted(folder.rglob("*.tests.json")), folder, AliasTable.empty()).decided > 100


# ------------------------------------------------------------ at random


@pytest.fixture(scope="module")
def aliases() -> AliasTable:
    return read_aliases(parse(json.dumps(ALIASES), "aliases.json"))


def drawn_set(draw: random.Random, aliases: AliasTable) -> tuple[BulkPolicies | None, Mapping[str, str]]:
    """A few policies as they are assigned, None when none of them can be read; and their rules by name."""
    rules = Rules(draw)
    assigned: list[AssignedPolicy] = []
    texts: dict[str, str] = {}
    for number in range(draw.randint(1, 5)):
        text = json.dumps(rules.definition(number))
        try:
            one = AssignedPolicy(read_definition(parse(text, "policy.json")), **assignment(draw))
        except InvalidInput:
            continue
        if bulk_of([one], aliases) is not None:
            assigned.append(one)
            texts[one.definition.name] = text
    if not assigned:
        return None, texts
    strict = draw.random() < 0.2
    return BulkPolicies(compile_policies(assigned, aliases=aliases, now=NOW, strict_aliases=strict)), texts


def assignment(draw: random.Random) -> dict[str, Any]:
    """What an assignment adds: a scope, selectors, overrides."""
    found: dict[str, Any] = {}
    if draw.random() < 0.1:
        found["not_scopes"] = ("/subscriptions/s0/resourceGroups/g1",)
    if draw.random() < 0.1:
        found["scope"] = "/subscriptions/S1"
    if draw.random() < 0.1:
        kind = draw.choice(("resourceLocation", "resourceType"))
        values = ["westeurope"] if kind == "resourceLocation" else ["Contoso.Test/things"]
        selector = {"name": "s", "selectors": [{"kind": kind, draw.choice(("in", "notIn")): values}]}
        found["resource_selectors"] = read_resource_selectors([selector])[0]
    if draw.random() < 0.1:
        override: dict[str, Json] = {
            "kind": "policyEffect",
            "value": draw.choice(("Deny", "Disabled", "audit")),
        }
        if draw.random() < 0.5:
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


def over_drawn(pairs: int, aliases: AliasTable) -> Compared:
    draw = random.Random(SEED)
    counts = Compared()
    while counts.pairs < pairs:
        bulk, rules = drawn_set(draw, aliases)
        if bulk is None:
            continue
        resources = Resources(draw)
        for number in range(20):
            lookup = related(draw, [resources.row(number) for _ in range(draw.randrange(3))])
            compare(resources.row(number), bulk, lookup, counts, f"seed {SEED}", rules)
    return counts


def test_on_rules_drawn_at_random(aliases: AliasTable) -> None:
    counts = over_drawn(DRAWN, aliases)
    assert counts.decided > counts.pairs // 4


@pytest.mark.soak
def test_on_a_million_pairs(aliases: AliasTable) -> None:
    print(f"seed {SEED}; set BLUEPRINTER_SEED for another")  # noqa: T201 (the seed of a long run)
    over_drawn(1_000_000, aliases)
