"""`unassign`, `status`, `remediate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blueprinter.deploy import (
    Left,
    RemediateOptions,
    Residue,
    Status,
    Target,
    Unassigned,
    remediate,
    stacks_at,
    status,
    unassign,
)
from blueprinter.sandbox import Fault, Rule
from unit.deploy.box import SUB, Azure, Kit, settings
from unit.deploy.test_assign import ASSIGNMENTS, DEFINITIONS, EXEMPTION, EXEMPTIONS, ROLES


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def take_back(azure: Azure, target: Target, **options: Any) -> Unassigned:
    azure.sent.clear()
    with azure.arm() as arm:
        return unassign(arm, target, azure.said.append, **options)


def look(azure: Azure, target: Target) -> Status:
    azure.sent.clear()
    with azure.arm() as arm:
        found = status(arm, target, settings())
    assert azure.writes == []
    return found


def kinds(left: tuple[Left, ...]) -> set[Residue]:
    return {one.kind for one in left}


def test_the_stack_goes_and_everything_stays(kit: Kit) -> None:
    azure = Azure()
    target = kit.target()
    azure.assign(target)
    done = take_back(azure, target)
    assert azure.ids("Microsoft.Resources/deploymentStacks") == []
    assert len(azure.ids(ASSIGNMENTS)) == 2
    assert done.deleted == ()
    assert kinds(done.left) == {Residue.GOVERNANCE, Residue.WORKLOAD}


def test_prune_deletes_what_carries_our_mark(kit: Kit) -> None:
    kit.registers["exemptions"] = [EXEMPTION]
    kit.assignment["locks"] = {"mode": "AllResourcesReadOnly"}
    azure = Azure()
    target = kit.target()
    azure.assign(target)
    azure.put(
        f"{SUB}/providers/{ASSIGNMENTS}/theirs", {"properties": {"policyDefinitionId": BUILTIN}}, "2025-01-01"
    )
    done = take_back(azure, target, prune=True)
    assert azure.ids(ASSIGNMENTS) == [f"{SUB}/providers/{ASSIGNMENTS}/theirs"]
    assert azure.ids(DEFINITIONS) == azure.ids(ROLES) == azure.ids(EXEMPTIONS) == []
    assert len(azure.ids("Microsoft.Storage/storageAccounts")) == 1
    assert kinds(done.left) == {Residue.WORKLOAD}
    order = [id.rsplit("/", 2)[-2] for id in done.deleted]
    assert order == [
        "policyExemptions", "roleAssignments", "roleAssignments", "policyAssignments", "policyAssignments",
        "policyDefinitions", "policyDefinitions",
    ]  # fmt: skip


BUILTIN = "/providers/Microsoft.Authorization/policyDefinitions/404c3081-a854-4457-ae30-26a93ef643f9"


@pytest.mark.parametrize("locks", ["None", "AllResourcesReadOnly"])
def test_everything_is_deleted_wherever_it_is_killed(kit: Kit, locks: str) -> None:
    kit.assignment["locks"] = {"mode": locks}
    target = kit.target()
    clean = Azure()
    empty = clean.contents()
    clean.assign(target, progress=False)
    with clean.watched() as moments:
        done = take_back(clean, target, delete_resources=True)
    assert done.left == ()
    assert clean.contents().keys() == empty.keys()
    for number, left in enumerate(moments[::3]):
        azure = Azure.holding(left)
        take_back(azure, target, delete_resources=True)
        assert azure.contents().keys() == empty.keys(), (
            f"killed at request {3 * number + 1} of {len(moments)}"
        )


def test_status_shows_what_failed(kit: Kit) -> None:
    azure = Azure(misbehaviour=(Rule(Fault.BREAK, kind="deployment", times=1, steps=3),))
    target = kit.target()
    from blueprinter.azure import AzureError

    with pytest.raises(AzureError):
        azure.assign(target)
    found = look(azure, target)
    (stack,) = found.stacks
    assert stack.state == "failed"
    assert stack.error
    assert {one.what for one in found.drifted} >= {"content"}
    azure.assign(target)
    found = look(azure, target)
    assert found.stacks[0].state == "succeeded"
    assert found.drifted == ()
    with azure.arm() as arm:
        (one,) = stacks_at(arm, SUB)
    assert (one.blueprint, one.version) == ("sample", "1.0.0")


def test_drift_by_kind(kit: Kit) -> None:
    azure = Azure()
    target = kit.target()
    azure.assign(target)
    audits = next(one for one in azure.ids(ASSIGNMENTS) if "assign-audits" in one)
    body = azure.get(audits, "2025-01-01")["properties"]
    changed = {key: body[key] for key in ("policyDefinitionId", "metadata")} | {
        "notScopes": [f"{SUB}/resourceGroups/x"]
    }
    azure.put(audits, {"properties": changed}, "2025-01-01")
    role = azure.ids(ROLES)[0]
    azure.delete(role)
    azure.delete(
        f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/stprod1", "2023-01-01"
    )
    found = look(azure, target)
    assert {(one.what, one.id.rpartition("/")[2], one.paths) for one in found.drifted} == {
        ("changed", audits.rpartition("/")[2], ("properties.notScopes",)),
        ("missing", role.rpartition("/")[2], ()),
        ("missing", "stprod1", ()),
    }


def test_remediation_of_what_deploys(kit: Kit) -> None:
    azure = Azure()
    target = kit.target()
    azure.assign(target)
    azure.sent.clear()
    options = RemediateOptions(stamp="1", sleep=lambda _: None)
    with azure.arm() as arm:
        (task,) = remediate(arm, target, options, azure.said.append)
        assert task.assignment.rpartition("/")[2].startswith("assign-deploys")
        assert task.state.casefold() in {"succeeded", "complete"}
        assert len(azure.writes) == 1
    assert [id for id, _ in look(azure, target).remediations] == [task.id]
