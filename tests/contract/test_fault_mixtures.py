"""Random mixtures of faults between Azure and us: a run is what it would be without them, or there is none, or it says
where it could not look. It is never another one in silence. The same holds for what `export inventory` writes.

`BLUEPRINTER_SEED=N` runs one mixture again.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from blueprinter.azure import ArmClient, AzureError, RetryRules, connect_in_process
from blueprinter.blueprint import Registers
from blueprinter.cli.live_evaluation import SOURCES, Judged, Live, evaluate_live
from blueprinter.compliance import (
    EvaluateOptions,
    LiveSource,
    OfflineSource,
    Pair,
    Run,
    Silence,
    evaluate,
    read_inventories,
    read_scopes,
)
from blueprinter.convert import export_inventory, needs_of
from blueprinter.deploy import Target
from blueprinter.policy import AliasTable, PolicySet, compile_policies
from blueprinter.sandbox import Response, Settings
from contract.test_live_faults import INSIGHTS, NOW
from unit.deploy.box import SUB, Azure, Kit

NAMES = tuple(SOURCES.names())
MIXTURES = 60
Body = dict[str, Any]
Edit = Callable[[random.Random, Body], None]


# ---------------------------------------------------------------- faults


def _rows(body: Body) -> list[Body]:
    found = body.get("value", body.get("data"))
    return found if isinstance(found, list) else []


def lose_a_row(draw: random.Random, body: Body) -> None:
    if rows := _rows(body):
        rows.pop(draw.randrange(len(rows)))


def repeat_a_row(draw: random.Random, body: Body) -> None:
    if rows := _rows(body):
        rows.append(dict(draw.choice(rows)))


def put_a_row_in_the_place_of_another(draw: random.Random, body: Body) -> None:
    """The number of rows stays right."""
    if len(rows := _rows(body)) > 1:
        rows[draw.randrange(len(rows))] = dict(draw.choice(rows))


def end_early(draw: random.Random, body: Body) -> None:
    for key in ("nextLink", "@odata.nextLink", "$skipToken"):
        body.pop(key, None)


def lose_all(draw: random.Random, body: Body) -> None:
    """As of a subscription that is not to be seen any more."""
    if rows := _rows(body):
        rows.clear()
        end_early(draw, body)
        if "totalRecords" in body:
            body["totalRecords"] = 0


def cut_off(draw: random.Random, body: Body) -> None:
    if "resultTruncated" in body:
        body["resultTruncated"] = "true"


def spell_otherwise(draw: random.Random, body: Body) -> None:
    """Not a fault: Azure writes ids and types so, or so."""
    change = draw.choice((str.upper, str.lower))
    for row in _rows(body):
        for key in ("resourceId", "policyAssignmentId", "assignment"):
            if isinstance(row.get(key), str):
                row[key] = change(row[key])
        if isinstance(row.get("resourceType"), str):
            row["resourceType"] = "/" + row["resourceType"].lower()


def spoil_a_row(draw: random.Random, body: Body) -> None:
    rows = [row for row in _rows(body) if isinstance(row, dict) and row]
    if not rows:
        return
    row = draw.choice(rows)
    names = (
        "resourceId",
        "complianceState",
        "resourceType",
        "timestamp",
        "at",
        "resources",
        "id",
        "properties",
    )
    if name := draw.choice([one for one in names if one in row] or [""]):
        row[name] = draw.choice((None, "", "{}", -1))


EDITS: tuple[Edit, ...] = (
    lose_a_row,
    repeat_a_row,
    put_a_row_in_the_place_of_another,
    end_early,
    lose_all,
    cut_off,
    spell_otherwise,
    spoil_a_row,
)
REFUSALS: tuple[tuple[int, str], ...] = (
    (401, "ExpiredAuthenticationToken"),
    (403, "AuthorizationFailed"),
    (404, "SubscriptionNotFound"),
    (429, "TooManyRequests"),
    (500, "InternalServerError"),
    (503, "ServiceUnavailable"),
)


@dataclass
class Fault:
    """What happens to some of the answers."""

    first: int
    times: int
    edit: Edit | None = None
    refusal: tuple[int, str] | None = None

    def concerns(self, number: int) -> bool:
        return self.first <= number < self.first + self.times


def mixture(draw: random.Random, requests: int) -> list[Fault]:
    found = []
    for _ in range(draw.randint(1, 2)):
        first, times = draw.randrange(requests), draw.choice((1, 1, 1, 2, 50))
        if draw.random() < 0.4:
            found.append(Fault(first, times, refusal=draw.choice(REFUSALS)))
        else:
            found.append(Fault(first, times, edit=draw.choice(EDITS)))
    return found


@dataclass
class Cloud:
    """A sandbox behind a wire that misbehaves."""

    azure: Azure
    target: Target
    faults: list[Fault] = field(default_factory=list)
    draw: random.Random = field(default_factory=random.Random)
    asked: int = 0

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        number = self.asked
        self.asked += 1
        concerned = [one for one in self.faults if one.concerns(number)]
        for one in concerned:
            if one.refusal is not None:
                status, code = one.refusal
                return Response.of({"error": {"code": code, "message": "no"}}, status)
        answer = self.azure.handle(method, url, headers, body)
        if answer.status != 200 or not answer.body or not concerned:
            return answer
        found = orjson.loads(answer.body)
        for one in concerned:
            if one.edit is not None and isinstance(found, dict):
                one.edit(self.draw, found)
        return replace(answer, body=orjson.dumps(found))

    def arm(self) -> ArmClient:
        self.asked = 0
        rules = RetryRules(attempts=3, throttled_attempts=4)
        return ArmClient(connect_in_process(self.handle), retry=rules, poll_seconds=0, sleep=lambda _: None)


TYPE = {"field": "type", "equals": "Microsoft.Storage/storageAccounts"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """Nine accounts in two regions: one policy fails some of them, one none, one judges only what is elsewhere; pages
    hold three rows."""
    azure = Azure(settings=Settings(page_size=3))
    kit = Kit(tmp_path_factory.mktemp("kit"))
    kit.policies["audits"]["policyRule"]["if"] = {
        "allOf": [TYPE, {"field": "location", "equals": "westeurope"}]
    }
    for name, condition in (
        ("passes", {"field": "location", "equals": "nowhere"}),
        ("kinds", {"field": "kind", "equals": "StorageV2"}),
    ):
        kit.policies[name] = {
            **kit.policies["audits"],
            "policyRule": {"if": {"allOf": [TYPE, condition]}, "then": {"effect": "Audit"}},
        }
        kit.policy(name)
    target = kit.target()
    azure.assign(target)
    for number in range(8):
        id = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/st{number}"
        place = ("westeurope", "northeurope")[number % 2]
        body: Body = {
            "location": place,
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "properties": {},
        }
        azure.put(id, body, "2023-01-01")
    with azure.arm() as arm:
        arm.wait(arm.start("POST", f"{INSIGHTS}/triggerEvaluation", "2019-10-01"))
    return Cloud(azure, target)


def seeds() -> list[int]:
    given = os.environ.get("BLUEPRINTER_SEED", "")
    many = int(os.environ.get("BLUEPRINTER_MIXTURES", MIXTURES))
    return [int(given)] if given else list(range(many))


# ---------------------------------------------------------------- live


@dataclass(frozen=True)
class Seen:
    """A live run, and of which policies it says that their silence is no verdict."""

    pairs: Mapping[str, int]
    findings: tuple[str, ...]
    silent: Counter[str]
    partial: bool


def live(cloud: Cloud, source: str, monkeypatch: pytest.MonkeyPatch) -> Seen:
    said: list[Silence] = []
    asked = LiveSource.silences

    def listen(self: LiveSource) -> tuple[Silence, ...]:
        found = asked(self)
        said.extend(found)
        return found

    with monkeypatch.context() as patched, cloud.arm() as arm:
        patched.setattr(LiveSource, "silences", listen)
        options = EvaluateOptions(now=NOW, max_age_days=3, live=True, assignment="prod")
        judged = Judged(cloud.target.resolved, cloud.target.assignment, Registers(), options)
        run = evaluate_live(judged, Live(source), arm, lambda: NOW)
    return Seen(
        {str(pair): count for pair, count in run.pair_counts.items()},
        shown(run),
        Counter(one.policy.definition.name for one in said),
        run.population.partial or any(one.code == "BP278" for one in run.diagnostics),
    )


def shown(run: Run) -> tuple[str, ...]:
    return tuple(
        sorted(
            f"{one.pair} {one.state.assigned.definition.name} {one.state.resource.id}".lower()
            for one in run.findings
        )
    )


@pytest.mark.parametrize("source", NAMES)
def test_a_live_run(cloud: Cloud, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.faults = []
    expected = live(cloud, source, monkeypatch)
    requests = cloud.asked
    assert expected.pairs["compliant"] == 13
    assert expected.pairs["non-compliant"] == 23
    assert not expected.silent
    ends: Counter[str] = Counter()
    for seed in seeds():
        cloud.draw = random.Random(seed)
        cloud.faults = mixture(cloud.draw, requests)
        try:
            found = live(cloud, source, monkeypatch)
        except AzureError:
            ends["refused"] += 1
            continue
        if found == expected:
            ends["right"] += 1
            continue
        assert found.partial or found.silent, f"seed {seed}: {cloud.faults}"
        ends["says so"] += 1
    cloud.faults = []
    if len(seeds()) > 1:
        assert min(ends["right"], ends["refused"]) >= 5, ends


# ---------------------------------------------------------------- export


def offline(policies: PolicySet, cloud: Cloud, folder: Path) -> tuple[Run, bool]:
    """A run over an exported folder, and whether it says that something is missing."""
    estate = read_inventories([folder], now=NOW)
    source = OfflineSource(estate, policies)
    options = EvaluateOptions(now=NOW, assignment="prod")
    run = evaluate(cloud.target.resolved, source, estate, Registers(), options)
    undecided = run.pair_counts[Pair.UNSUPPORTED] > 0
    return run, run.population.partial or undecided or bool(source.silences())


def exported(cloud: Cloud, policies: PolicySet, folder: Path, *, resume: bool = False) -> None:
    with cloud.arm() as arm:
        scopes = read_scopes(arm, (SUB,))
        export_inventory(arm, scopes, needs_of(policies), folder, clock=lambda: NOW, resume=resume)


def test_an_export(cloud: Cloud, tmp_path: Path) -> None:
    policies = compile_policies(cloud.target.resolved.policies, aliases=AliasTable.empty(), now="")
    cloud.faults = []
    exported(cloud, policies, tmp_path / "whole")
    requests = cloud.asked
    expected, missing = offline(policies, cloud, tmp_path / "whole")
    assert not missing
    ends: Counter[str] = Counter()
    for seed in seeds():
        cloud.draw = random.Random(seed)
        cloud.faults = mixture(cloud.draw, requests)
        folder = tmp_path / str(seed)
        try:
            exported(cloud, policies, folder)
        except AzureError:
            ends["refused"] += 1
        else:
            found, missing = offline(policies, cloud, folder)
            if (found.pair_counts, shown(found)) == (expected.pair_counts, shown(expected)):
                ends["right"] += 1
            else:
                assert missing, f"seed {seed}: {cloud.faults}"
                ends["says so"] += 1
        # whatever was left behind, going on when all is well again ends where a whole export does
        cloud.faults = []
        exported(cloud, policies, folder, resume=not missing)
        again, missing = offline(policies, cloud, folder)
        assert (again.pair_counts, missing) == (expected.pair_counts, False), f"seed {seed}"
    if len(seeds()) > 1:
        assert min(ends["right"], ends["refused"]) >= 5, ends
