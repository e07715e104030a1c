"""Rings: what lets the next one in, and that nothing else does."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from blueprinter.azure import ArmClient, connect_to_sandbox
from blueprinter.blueprint import Ring
from blueprinter.cli import run
from blueprinter.compliance import ScopeCoverage
from blueprinter.deploy import Sight, Standing, has_entered, judge_gate, sight_of
from blueprinter.deploy.rings import standing_of
from blueprinter.sandbox import Sandbox, SandboxServer, ServerSettings, open_sandbox
from unit.compliance.small_runs import SUB as RUN_SUB
from unit.compliance.small_runs import run_of
from unit.deploy.box import STACK, SUB, storage
from unit.deploy.test_commands import assignment, head, write

OTHER = "/subscriptions/00000000-0000-0000-0000-000000000002"
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
AUDIT = Ring("audit", False, (SUB,))
ENFORCE = Ring("enforce", True, (), 0, 7)
RINGS = (AUDIT, ENFORCE)
HELD = Standing(SUB, "audit", "c0ffee", NOW - timedelta(days=20), done=True)


def sights(*days_ago: float, **more: Any) -> list[Sight]:
    return [Sight(f"r{day}", NOW - timedelta(days=day), **{"gaps": 0, **more}) for day in days_ago]


def gate(seen: list[Sight], *, ring: Ring = ENFORCE, held: tuple[Standing, ...] = (HELD,)) -> Any:
    return judge_gate(ring, AUDIT, held, "c0ffee", RINGS, seen, NOW)


# --- the rule ---------------------------------------------------------------------------------------------------------


def test_green_for_long_enough_without_a_break() -> None:
    found = gate(sights(0.1, 2, 4.5, 7.5))
    assert found.holds
    assert found.reasons == ("since 2026-11-14 no run of the ring `audit` has more than 0 gaps",)


@pytest.mark.parametrize(
    ("seen", "reason", "hint"),
    [
        ([], "no saved run looks at all of the ring `audit` since it was deployed, 2026-11-02", "evaluate"),
        (sights(0.1, 2, 4, 6.9), "6 of 7 days are over, since 2026-11-15", "on 2026-11-22"),
        (sights(3.5, 5, 8), "from 2026-11-18 to 2026-11-22 no run counts: more than 3 days", "evaluate"),
        (
            sights(0.1, 2, 6, 8),
            "from 2026-11-16 to 2026-11-20 no run counts: more than 3 days",
            "on 2026-11-27",
        ),
        (
            sights(0.1, 2, 4.5, 7.5, gaps=1),
            "run r0.1 of 2026-11-22 has 1 gap, and 0 may be",
            "close the gaps",
        ),
        (
            [*sights(0.1, 2), *sights(4, gaps=3), *sights(6, 8)],
            "run r4 of 2026-11-18 has 3 gaps, and 0 may be",
            "on 2026-11-27",
        ),
        (
            sights(0.1, 2, 4.5, 7.5, doubt="nothing was evaluated"),
            "run r0.1 of 2026-11-22 does not count: nothing was evaluated",
            "evaluate",
        ),
    ],
)
def test_what_keeps_a_ring_out(seen: list[Sight], reason: str, hint: str) -> None:
    found = gate(seen)
    assert not found.holds
    assert any(reason in one for one in found.reasons), found.reasons
    assert hint in found.hint


def test_a_run_that_does_not_count_leaves_a_stretch_that_is_dense_enough() -> None:
    doubtful = sights(1, doubt="its data were stale")
    assert gate([*doubtful, *sights(0.1, 2, 4.5, 7.5)]).holds
    assert not gate([*sights(2, doubt="its data were stale"), *sights(0.1, 4.5, 7.5)]).holds


def test_gaps_that_may_be() -> None:
    assert gate(sights(0.1, 2, 4.5, 7.5, gaps=2), ring=replace(ENFORCE, max_gaps=2)).holds
    assert not gate(sights(0.1, 2, 4.5, 7.5, gaps=3), ring=replace(ENFORCE, max_gaps=2)).holds


def test_gaps_count_even_in_a_run_that_is_no_evidence_of_health() -> None:
    found = gate([*sights(0.1, gaps=1, doubt="its data were stale"), *sights(2, 4.5, 7.5)])
    assert not found.holds


def test_runs_count_from_the_last_deployment_on() -> None:
    held = replace(HELD, since=NOW - timedelta(days=3))
    found = gate(sights(0.1, 2, 4.5, 7.5), held=(held,))
    assert found.reasons == ("2 of 7 days are over, since 2026-11-20",)


def test_a_run_of_tomorrow_says_nothing() -> None:
    assert not gate(sights(-1), ring=replace(ENFORCE, days=0)).holds


@pytest.mark.parametrize(
    "held",
    [replace(HELD, content="other"), replace(HELD, ring=""), replace(HELD, ring="gone"), Standing(SUB)],
)
def test_the_ring_before_holds_this_very_content(held: Standing) -> None:
    found = gate(sights(0.1, 2, 4.5, 7.5), held=(HELD, held))
    assert not found.holds
    assert found.hint == "assign it there first: `--ring audit`"


def test_a_scope_in_a_later_ring_is_in_the_earlier_one() -> None:
    assert has_entered(replace(HELD, ring="ENFORCE"), AUDIT, RINGS, "c0ffee")
    assert not has_entered(HELD, ENFORCE, RINGS, "c0ffee")


def test_what_a_stack_says_of_rings() -> None:
    tags = {"blueprintRing": "audit", "blueprintContent": "c0ffee"}
    body: Any = {
        "tags": tags,
        "properties": {"provisioningState": "succeeded"},
        "systemData": {"lastModifiedAt": "2026-11-02T06:00:00.1234567Z"},
    }
    found = standing_of(SUB, body)
    assert (found.ring, found.content, found.since and found.since.day, found.done) == (
        "audit",
        "c0ffee",
        2,
        True,
    )
    body["properties"] = {"provisioningState": "failed"}
    assert standing_of(SUB, body) == replace(found, done=False)
    assert standing_of(SUB, None) == Standing(SUB)


# --- what a run says --------------------------------------------------------------------------------------------------
STORAGE_TEST = {"class": "technical", "responsibility": "customer"}


def case(states: dict[str, int], **more: Any) -> dict[str, Any]:
    return {**STORAGE_TEST, "tests": [{"strength": "full", "states": states}], **more}


def test_a_clean_run_is_evidence() -> None:
    found = sight_of(run_of(case({"Compliant": 3})), [RUN_SUB])
    assert found is not None
    assert (found.gaps, found.doubt) == (0, "")


def test_a_gap_is_counted() -> None:
    found = sight_of(run_of(case({"Compliant": 3, "NonCompliant": 1})), [RUN_SUB.upper()])
    assert found is not None
    assert found.gaps == 1


@pytest.mark.parametrize(
    ("given", "doubt"),
    [
        (case({"Compliant": 3}, population={"stale": True}), "its data were stale"),
        (case({"Compliant": 3}, population={"partial": True}), "a scope or a record could not be read"),
        (case({"Compliant": 3, "Unsupported": 1}), "was not decided everywhere"),
        (case({}), "nothing was evaluated"),
    ],
)
def test_what_is_no_evidence(given: dict[str, Any], doubt: str) -> None:
    found = sight_of(run_of(given), [RUN_SUB])
    assert found is not None
    assert doubt in found.doubt


def test_a_run_without_controls_counts_pairs() -> None:
    found = replace(run_of(case({"Compliant": 3, "Unsupported": 1})), results=())
    seen = sight_of(found, [RUN_SUB])
    assert seen is not None
    assert seen.doubt == "1 state could not be decided"


def test_a_run_says_nothing_of_subscriptions_that_it_does_not_look_at() -> None:
    found = run_of(case({"Compliant": 3}))
    assert sight_of(found, [RUN_SUB, OTHER]) is None
    assert sight_of(replace(found, template_only=True), [RUN_SUB]) is None


def test_a_subscription_in_which_nothing_is_says_nothing() -> None:
    found = run_of(case({"Compliant": 3}))
    empty = replace(found.population, scopes=(*found.population.scopes, ScopeCoverage(OTHER, "o", "read", 0)))
    seen = sight_of(replace(found, population=empty), [OTHER])
    assert seen is not None
    assert seen.doubt == "nothing was evaluated"


# --- the commands -----------------------------------------------------------------------------------------------------


class Days:
    """The clock of a sandbox, and of what is asked of it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, 6, tzinfo=UTC)

    def pass_by(self, days: int) -> None:
        self.now += timedelta(days=days)

    @property
    def option(self) -> tuple[str, str]:
        return ("--now", f"{self.now:%Y-%m-%dT%H:%M:%SZ}")


class Estate:
    """A repository beside a sandbox, and days that go by."""

    def __init__(self, box: Sandbox, url: str, days: Days, output: pytest.CaptureFixture[str]) -> None:
        self._box, self.url, self.days, self._output = box, url, days, output
        self.out = self.err = ""

    def call(self, *arguments: str) -> int:
        self._output.readouterr()
        code = run((*arguments, *self.days.option))
        shown = self._output.readouterr()
        self.out, self.err = shown.out, shown.err
        return code

    def assign(self, *options: str) -> int:
        return self.call("assign", "assignments/prod.json", "--yes", *options)

    def evaluate(self) -> int:
        with ArmClient(connect_to_sandbox(self.url), poll_seconds=0) as arm:
            path = f"{SUB}/providers/Microsoft.PolicyInsights/policyStates/latest/triggerEvaluation"
            arm.wait(arm.start("POST", path, "2019-10-01"))
        return self.call("evaluate", "-a", "assignments/prod.json", "--save", "--fail-on", "none")

    def mode(self) -> str:
        with ArmClient(connect_to_sandbox(self.url), poll_seconds=0) as arm:
            rows = list(arm.items(f"{SUB}/providers/Microsoft.Authorization/policyAssignments", "2025-01-01"))
        (properties,) = [row["properties"] for row in rows]
        assert isinstance(properties, dict)
        return str(properties["enforcementMode"])

    def fail(self) -> None:
        """The stack is as if its last deployment had failed."""
        with self._box.open_box() as box:
            stack = box.store.get(STACK)
            assert stack is not None
            properties = {**stack.body["properties"], "provisioningState": "failed"}
            box.store.put(STACK, stack.type, {**stack.body, "properties": properties})

    def make(self, name: str, kind: str) -> None:
        body = {"location": "westeurope", "kind": kind, "sku": {"name": "Standard_LRS"}, "properties": {}}
        with ArmClient(connect_to_sandbox(self.url), poll_seconds=0) as arm:
            id = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/{name}"
            arm.wait(arm.start("PUT", id, "2023-01-01", body=body))


@pytest.fixture
def estate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Estate]:
    days = Days()
    box = open_sandbox(clock=lambda: days.now, subscriptions=[SUB[15:], OTHER[15:]])
    monkeypatch.chdir(tmp_path)
    with SandboxServer(box, ServerSettings(port=0)) as server:
        monkeypatch.setenv("BLUEPRINTER_SANDBOX", server.url)
        repository()
        yield Estate(box, server.url, days, capsys)


def audits(**more: Any) -> dict[str, Any]:
    return {"kind": "policyAssignment", "properties": {"policyDefinition": "no-v1", "parameters": {}, **more}}


def repository(days: int = 7) -> None:
    is_storage = {"field": "type", "equals": "Microsoft.Storage/storageAccounts"}
    rule = {
        "if": {"allOf": [is_storage, {"field": "kind", "equals": "Storage"}]},
        "then": {"effect": "audit"},
    }
    body = {"mode": "Indexed", "displayName": "d", "parameters": {}, "policyRule": rule}
    write("policies/storage/no-v1/policy.json", body)
    write("blueprints/sample/blueprint.json", head("1.0.0"))
    write("blueprints/sample/artifacts/a.json", audits())
    properties = {"resourceGroup": "app", "template": storage(), "parameters": {}}
    write("blueprints/sample/artifacts/b.json", {"kind": "template", "properties": properties})
    audit = {"name": "audit", "enforcementMode": "DoNotEnforce"}
    enforce = {"name": "enforce", "promoteWhen": {"maxGaps": 0, "days": days}}
    write("assignments/prod.json", assignment(version="1.0.0", rings=[audit, enforce]))


def change(**more: Any) -> None:
    write("assignments/prod.json", {**json.loads(Path("assignments/prod.json").read_text()), **more})


def test_a_week_of_green_runs_enforces(estate: Estate) -> None:
    assert estate.assign() == 0
    assert estate.mode() == "DoNotEnforce"
    assert "BP660" not in estate.err
    assert estate.assign() == 0
    assert "unchanged" in estate.out
    assert "no saved run looks at all of the ring `audit` since it was deployed, 2026-11-01" in estate.err
    for _ in range(3):
        estate.days.pass_by(2)
        assert estate.evaluate() == 0
    assert estate.call("status", "assignments/prod.json", "-o", "json") == 0
    (shown,) = json.loads(estate.out)["rings"]
    assert [(one["name"], one["scopes"], one["entered"]) for one in shown["rings"]] == [
        ("audit", 1, 1),
        ("enforce", 1, 0),
    ]
    assert shown["rings"][1]["gate"]["reasons"] == ["4 of 7 days are over, since 2026-11-03"]
    assert estate.assign("--ring", "enforce") == 3
    assert "BP660" in estate.err
    assert "on 2026-11-10" in estate.err
    assert estate.mode() == "DoNotEnforce"
    for _ in range(2):
        estate.days.pass_by(2)
        assert estate.evaluate() == 0
    assert estate.call("plan", "assignments/prod.json", "--exit-code") == 4
    assert "BP660" not in estate.err
    assert estate.assign() == 0
    assert estate.mode() == "Default"
    assert estate.call("status", "assignments/prod.json") == 0
    assert "  enforce: 1 of 1 scope" in estate.out
    assert ", ring enforce, " in estate.out


def test_what_is_in_a_ring_stays_there(estate: Estate) -> None:
    repository(days=0)
    assert estate.assign() == 0
    assert estate.evaluate() == 0
    assert estate.assign("--ring", "enforce") == 0
    assert estate.mode() == "Default"
    estate.make("stold", "Storage")
    estate.days.pass_by(1)
    assert estate.evaluate() == 0
    for options in ((), ("--ring", "enforce"), ("--ring", "audit")):
        assert estate.assign(*options) == 0
        assert "unchanged" in estate.out
        assert estate.mode() == "Default"
    assert run(("drift", "assignments/prod.json")) == 0


def test_a_promotion_that_was_cut_off_goes_on(estate: Estate) -> None:
    """The gate was passed before the stack was put: a gap that shows later does not take the ring back."""
    repository(days=0)
    assert estate.assign() == 0
    assert estate.evaluate() == 0
    assert estate.assign("--ring", "enforce") == 0
    estate.make("stold", "Storage")
    estate.days.pass_by(1)
    assert estate.evaluate() == 0
    estate.fail()
    assert estate.assign() == 0
    assert "assigned" in estate.out
    assert estate.mode() == "Default"
    assert "BP660" not in estate.err


def test_a_ring_that_failed_lets_no_other_in(estate: Estate) -> None:
    repository(days=0)
    assert estate.assign() == 0
    assert estate.evaluate() == 0
    estate.fail()
    assert estate.assign("--ring", "enforce") == 3
    assert "does not hold this content in the ring `audit`" in estate.err
    assert estate.mode() == "DoNotEnforce"


def test_a_gap_keeps_the_next_ring_out(estate: Estate) -> None:
    repository(days=0)
    assert estate.assign() == 0
    estate.make("stold", "Storage")
    assert estate.evaluate() == 0
    assert estate.assign("--ring", "enforce") == 3
    assert "has 1 gap, and 0 may be" in estate.err
    assert estate.call("plan", "assignments/prod.json", "--ring", "enforce") == 3
    assert "properties.enforcementMode" in estate.out
    assert estate.mode() == "DoNotEnforce"


def test_without_saved_runs_the_states_of_now_decide(estate: Estate) -> None:
    repository(days=0)
    assert estate.assign() == 0
    assert estate.assign("--ring", "enforce") == 3
    assert "nothing was evaluated" in estate.err
    with ArmClient(connect_to_sandbox(estate.url), poll_seconds=0) as arm:
        path = f"{SUB}/providers/Microsoft.PolicyInsights/policyStates/latest/triggerEvaluation"
        arm.wait(arm.start("POST", path, "2019-10-01"))
    assert estate.assign("--ring", "enforce") == 0
    assert estate.mode() == "Default"


def test_other_content_begins_in_the_first_ring(estate: Estate) -> None:
    repository(days=0)
    assert estate.assign() == 0
    assert estate.evaluate() == 0
    assert estate.assign() == 0
    assert estate.mode() == "Default"
    write("blueprints/sample/blueprint.json", head("2.0.0"))
    write(
        "blueprints/sample/artifacts/a.json",
        {
            "kind": "policyAssignment",
            "properties": {"policyDefinition": "no-v1", "parameters": {}, "displayName": "new"},
        },
    )
    change(version="2.0.0")
    assert estate.assign("--ring", "enforce") == 3
    assert "does not hold this content in the ring `audit`" in estate.err
    assert estate.assign() == 0
    assert estate.mode() == "DoNotEnforce"


def test_a_history_that_was_changed_lets_nothing_in(estate: Estate) -> None:
    repository(days=0)
    assert estate.assign() == 0
    assert estate.evaluate() == 0
    with sqlite3.connect(".blueprinter/history.db") as base:
        base.execute("UPDATE run SET chain = 'x'")
    assert estate.assign("--ring", "enforce") == 3
    assert "was changed after it was saved" in estate.err


def test_a_ring_without_a_gate_is_entered_by_hand(estate: Estate) -> None:
    change(rings=[{"name": "audit", "enforcementMode": "DoNotEnforce"}, {"name": "enforce"}])
    assert estate.assign() == 0
    assert estate.assign() == 0
    assert "it is entered by hand" in estate.err
    assert estate.mode() == "DoNotEnforce"
    assert estate.assign("--ring", "enforce") == 0
    assert estate.mode() == "Default"


def test_a_gate_before_the_first_ring_is_refused(estate: Estate) -> None:
    change(rings=[{"name": "audit", "promoteWhen": {"days": -1}}])
    assert estate.assign() == 2
    assert "nothing comes before it" in estate.err
    assert "greater than or equal to 0" in estate.err


def test_a_scope_in_no_ring_is_left_alone(estate: Estate) -> None:
    change(rings=[{"name": "audit", "subscriptions": [OTHER]}])
    assert estate.assign() == 0
    assert f"{SUB} is in no ring of `prod`" in estate.err


def test_a_ring_that_only_looks_refuses_nothing(estate: Estate) -> None:
    """A policy of the blueprint that would deny its own template is no obstacle where it is not enforced."""
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
        "then": {"effect": "deny"},
    }
    body = {"mode": "Indexed", "displayName": "d", "parameters": {}, "policyRule": rule}
    write("policies/storage/no-v1/policy.json", body)
    assert estate.call("plan", "assignments/prod.json", "-o", "json") == 0
    assert json.loads(estate.out)["plans"][0]["refused"] == []
    change(rings=[])
    assert estate.call("plan", "assignments/prod.json", "-o", "json") == 0
    assert len(json.loads(estate.out)["plans"][0]["refused"]) == 1


# --- several subscriptions, and controls ------------------------------------------------------------------------------


@pytest.fixture
def wide(estate: Estate) -> Estate:
    """A canary, then everything; the policy speaks to a control."""
    controls = {"A.8.24": [{"policyDefinition": "no-v1", "strength": "full", "why": "it reads the kind"}]}
    write("blueprints/sample/controls.yaml", {"framework": "iso-27001-2022", "controls": controls})
    rings = [
        {"name": "canary", "subscriptions": [SUB]},
        {"name": "broad", "promoteWhen": {"maxGaps": 0, "days": 0}},
    ]
    change(scope=[SUB, OTHER], rings=rings)
    return estate


def assigned(estate: Estate) -> list[str]:
    return sorted(
        line.rpartition(" on ")[2] for line in estate.out.splitlines() if line.startswith("assigned")
    )


def test_the_canary_comes_first(wide: Estate) -> None:
    assert wide.assign() == 0
    assert assigned(wide) == [SUB]
    assert wide.assign("--ring", "broad", "--subscription", OTHER) == 3
    assert "nothing was evaluated" in wide.err or "was not decided everywhere" in wide.err
    assert wide.evaluate() == 0
    assert wide.assign("--ring", "broad", "--subscription", OTHER) == 0
    assert assigned(wide) == [OTHER]
    assert wide.call("status", "assignments/prod.json", "-o", "json") == 0
    (shown,) = json.loads(wide.out)["rings"]
    standing = [(one["name"], one["scopes"], one["entered"]) for one in shown["rings"]]
    assert standing == [("canary", 1, 1), ("broad", 2, 1)]
    assert wide.assign() == 0
    assert assigned(wide) == [SUB]
    assert wide.assign() == 0
    assert assigned(wide) == []


def test_a_gap_of_the_canary_counts_as_a_control(wide: Estate) -> None:
    assert wide.assign() == 0
    wide.make("stold", "Storage")
    wide.make("stolder", "Storage")
    assert wide.evaluate() == 0
    assert wide.assign() == 0
    assert "has 1 gap, and 0 may be" in wide.err
    assert assigned(wide) == []
