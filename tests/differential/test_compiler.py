"""The compiler says what the interpreter says, or that it cannot tell: on the demo estate and on bent rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from blueprinter.arm import Json, Resource
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.policy import AssignedPolicy, NotCollected, PolicySet, compile_policies
from blueprinter.policy.bulk import BulkPolicies
from blueprinter.policy.compiled import FAULTS

SEED = 20_261_120
NOW = "2026-11-20T06:00:00.0000000Z"
VALUES: tuple[Json, ...] = (
    None, True, False, 0, 1, 90, "", "Disabled", "enabled", "TLS1_2", "1.2", "*", "0.0.0.0/0", "eastus", [], {},
    ["*"], [{"name": "x", "properties": {}}], {"a": 1},
)  # fmt: skip


@pytest.fixture(scope="module")
def workspace(root: Path) -> Workspace:
    return open_workspace(root)


@pytest.fixture(scope="module")
def policies(workspace: Workspace) -> PolicySet:
    assigned = [AssignedPolicy(definition) for _, definition in sorted(workspace.definitions.items())]
    return compile_policies(assigned, aliases=workspace.aliases, now=NOW)


def rows(root: Path) -> list[dict[str, Json]]:
    return [
        orjson.loads(line)
        for file in sorted((root / "examples" / "contoso" / "inventory").glob("*.jsonl"))
        for line in file.read_bytes().splitlines()
    ]


def bent(row: dict[str, Json], chance: random.Random) -> dict[str, Json]:
    """A copy of a row with a few values replaced, removed, or under a key of another letter case."""
    copy: dict[str, Json] = orjson.loads(orjson.dumps(row))
    for _ in range(chance.randint(1, 4)):
        holder: Json = copy
        for _ in range(chance.randint(0, 4)):
            inner = [one for one in _members(holder) if isinstance(one, (dict, list)) and one]
            if not inner:
                break
            holder = chance.choice(inner)
        if isinstance(holder, dict):
            keys = [key for key in holder if holder is not copy or key not in {"id", "type", "name"}]
            if not keys:
                continue
            key = chance.choice(keys)
            what = chance.randrange(4)
            if what == 0:
                del holder[key]
            elif what == 1:
                holder[key.upper()] = holder.pop(key)
            else:
                holder[key] = chance.choice(VALUES)
        elif isinstance(holder, list):
            holder[chance.randrange(len(holder))] = chance.choice(VALUES)
    return copy


def _members(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def agree(row: dict[str, Json], policies: PolicySet, bulk: BulkPolicies) -> tuple[int, int]:
    """How many verdicts were compared, and how many the compiler left to the interpreter."""
    type, id = str(row["type"]), str(row["id"])
    version = row.get("apiVersion")
    resource = Resource(
        id, type, str(row.get("name") or ""), row, api_version=version if isinstance(version, str) else ""
    )
    found = policies.run(resource, lambda *_: NotCollected())
    place = {one: index for index, one in enumerate(one.assigned for one in policies.policies)}
    expected = {place[state.assigned]: state.state for state in found}
    program = bulk.program(type, resource.api_version, bulk.circles(id))
    try:
        outcomes = program.outcomes(program.decide(row))
    except FAULTS:
        outcomes = program.unknown()
    for outcome in outcomes:
        if outcome.state is not None:
            assert expected.get(outcome.policy) is outcome.state, (
                f"seed {SEED}: {policies.policies[outcome.policy].assigned.definition.name} on {orjson.dumps(row)!r}"
            )
    assert set(expected) <= {outcome.policy for outcome in outcomes}, f"seed {SEED}: {orjson.dumps(row)!r}"
    left = sum(outcome.state is None for outcome in outcomes)
    return len(outcomes) - left, left


def test_on_the_demo_estate(root: Path, policies: PolicySet) -> None:
    bulk = BulkPolicies(policies)
    counts = [agree(row, policies, bulk) for row in rows(root)]
    decided, left = (sum(column) for column in zip(*counts, strict=True))
    assert decided > left > 0


def test_on_rows_bent_at_random(root: Path, policies: PolicySet) -> None:
    chance = random.Random(SEED)
    bulk = BulkPolicies(policies)
    known = rows(root)
    pairs = 0
    while pairs < 20_000:
        decided, left = agree(bent(chance.choice(known), chance), policies, bulk)
        pairs += decided + left
