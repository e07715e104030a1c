"""The process is killed at every request of an assignment: running again mends it.

The first test kills it. What Azure holds then is what it held after that request of a run that went on, which the test
shows; so the others run an assignment once, and begin again from what was there after each request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprinter.deploy import DeployError, Target, assign
from blueprinter.sandbox import Response
from unit.deploy.box import (
    PERSON,
    STACK,
    SUB,
    WRITER,
    Azure,
    Handle,
    Kit,
    acting,
    definition,
    settings,
)


class Killed(BaseException):
    """What ends the process: no code of ours may catch it."""


def killing(number: int) -> Callable[[Handle], Handle]:
    """A handler around another that dies after Azure took a request, the answer unread; counted from 1."""
    count = [0]

    def around(handle: Handle) -> Handle:
        def handler(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
            count[0] += 1
            answer = handle(method, url, headers, body)
            if count[0] == number:
                raise Killed
            return answer

        return handler

    return around


def everything(root: Path) -> Kit:
    """One of each: policies that audit, deploy, change and are attested; roles; templates in a resource group and in
    the subscription; an initiative of controls; an exemption and an attestation."""
    kit = Kit(root)
    kit.policies["tags"] = definition(
        "Modify",
        roleDefinitionIds=[f"/providers/Microsoft.Authorization/roleDefinitions/{WRITER}"],
        operations=[{"operation": "addOrReplace", "field": "tags['by']", "value": "policy"}],
    )
    kit.policy("tags", resourceGroup="app")
    kit.policies["trained"] = manual()
    kit.policy("trained")
    kit.policies["linked"] = acting()
    kit.controls = {
        "A.8.5": [{"policyDefinition": "linked", "strength": "full", "why": "it reads the setting"}]
    }
    kit.artifacts["groups"] = {
        "kind": "template",
        "properties": {"template": another_group(), "parameters": {}},
    }
    kit.registers["exemptions"] = [
        {
            "name": "legacy",
            "scope": f"{SUB}/resourceGroups/rg-app",
            "assignment": "prod",
            "policies": ["audits"],
            "category": "Waiver",
            "reason": "until the migration",
            "owner": "a@contoso.example",
            "approvedBy": "b@contoso.example",
            "ticket": "R-1",
            "expiresOn": "2027-03-31",
        }
    ]
    kit.registers["attestations"] = [
        {
            "policy": "trained",
            "scope": SUB,
            "state": "Compliant",
            "owner": "hr@contoso.example",
            "approvedBy": "ciso@contoso.example",
            "method": "examine",
            "assessedOn": "2026-10-01",
            "expiresOn": "2027-10-01",
            "comments": "done",
            "evidence": [{"description": "list", "uri": "https://contoso.example/list"}],
        }
    ]
    return kit


def manual() -> dict[str, Any]:
    """A definition that people attest to."""
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
        "then": {"effect": "manual", "details": {"defaultState": "Unknown"}},
    }
    return {"mode": "All", "displayName": "trained", "parameters": {}, "policyRule": rule}


def another_group() -> dict[str, Any]:
    """A template of the subscription."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": "Microsoft.Resources/resourceGroups",
                "apiVersion": "2022-09-01",
                "name": "rg-more",
                "location": "westeurope",
            }
        ],
    }


def upgraded(kit: Kit) -> None:
    """The next version: a policy less, another parameter contract, one control more, another role."""
    kit.version = "2.0.0"
    kit.policies["audits"] = {
        **kit.policies["audits"],
        "parameters": {"days": {"type": "Integer", "defaultValue": 3}},
    }
    del kit.artifacts["assign-deploys"]
    kit.controls = {
        **(kit.controls or {}),
        "A.8.9": [{"policyDefinition": "linked", "strength": "partial", "why": "it reads a part"}],
    }
    kit.artifacts["readers"]["properties"]["principalIds"] = [PERSON.replace("3", "4")]


def orphaned(azure: Azure) -> None:
    """Somebody deleted an assignment by hand: its identity is gone, its roles are still there."""
    for id in azure.ids("Microsoft.Authorization/policyAssignments"):
        if "assign-deploys" in id:
            azure.delete(id)


def test_killed_at_every_request(tmp_path: Path) -> None:
    first = everything(tmp_path).target()
    clean = Azure()
    with clean.watched() as moments:
        clean.assign(first, progress=False)
    assert len(clean.writes) == 3  # the stack, the exemption, the attestation
    assert len(moments) == len(clean.sent)
    for number, left in enumerate(moments, 1):
        azure = Azure()
        azure.around = killing(number)
        with pytest.raises(Killed):
            azure.assign(first, progress=False)
        azure.around = lambda handle: handle
        assert azure.contents() == Azure.holding(left).contents()
        azure.assign(first, progress=False)
        assert azure.contents() == clean.contents(), f"killed at request {number} of {len(moments)}"
        assert not azure.assign(first, progress=False).changed


def test_an_upgrade_killed_at_every_second_request(tmp_path: Path) -> None:
    kit = everything(tmp_path)
    first = kit.target()
    upgraded(kit)
    second = kit.target()
    clean = Azure()
    clean.assign(first, progress=False)
    with clean.watched() as moments:
        done = clean.assign(second, progress=False, prune=True)
    assert len(done.deleted) == 6  # two assignments, a role of each kind, two definitions
    for number, left in enumerate(moments[::2]):
        azure = Azure.holding(left)
        azure.assign(second, progress=False, prune=True)
        assert azure.contents() == clean.contents(), f"killed at request {2 * number + 1} of {len(moments)}"


def test_orphans_are_deleted_first_at_every_kill(tmp_path: Path) -> None:
    first = everything(tmp_path).target()
    clean = Azure()
    clean.assign(first, progress=False)
    before = clean.contents()
    orphaned(clean)
    with clean.watched() as moments:
        clean.assign(first, progress=False)
    assert clean.contents() == before
    for number, left in enumerate(moments[::3]):
        azure = Azure.holding(left)
        azure.assign(first, progress=False)
        assert azure.contents() == before, f"killed at request {3 * number + 1} of {len(moments)}"


def test_without_a_stack_killed_at_every_second_request(tmp_path: Path) -> None:
    kit = everything(tmp_path)
    kit.assignment["locks"] = {"mode": "AllResourcesDoNotDelete"}
    target = kit.target()
    clean = Azure()
    with clean.watched() as moments:
        clean.assign(target, progress=False, stack=False)
    assert len(clean.writes) == 5  # the deployment, two locks, the exemption, the attestation
    for number, left in enumerate(moments[::2]):
        azure = Azure.holding(left)
        azure.assign(target, progress=False, stack=False)
        assert azure.contents() == clean.contents(), f"killed at request {2 * number + 1} of {len(moments)}"


def test_a_second_assign_at_every_request_of_the_first(tmp_path: Path) -> None:
    """Somebody assigns the same while we do, wherever we are: both end well, and nothing is there twice."""
    target = everything(tmp_path).target()
    clean = Azure()
    clean.assign(target, progress=False)
    asked = len(clean.sent)
    for number in range(1, asked + 1):
        azure = Azure()
        azure.around = beside(number, azure, target)
        azure.assign(target, progress=False)
        assert azure.contents() == clean.contents(), f"beside request {number} of {asked}"
        assert not azure.assign(target, progress=False).changed


def test_another_version_at_every_second_request(tmp_path: Path) -> None:
    """Somebody assigns the next version while we assign ours: who is overwritten is told by what, and prunes nothing.
    After our last look at the stack we were simply first."""
    kit = everything(tmp_path)
    first = kit.target()
    upgraded(kit)
    second = kit.target()
    clean = Azure()
    clean.assign(first, progress=False)
    asked = len(clean.sent)
    looks = [at for at, one in enumerate(clean.sent, 1) if one.path.endswith("/deploymentStacks/prod")]
    ours = next(at for at, one in enumerate(clean.sent, 1) if one.method == "PUT")
    for number in range(1, asked + 1, 2):
        azure = Azure()
        azure.around = beside(number, azure, second)
        if ours < number <= looks[-1]:
            with pytest.raises(DeployError, match=r"overwritten.* 2\.0\.0"):
                azure.assign(first, progress=False, prune=True)
            assert not azure.assign(second, progress=False).changed, f"beside request {number} of {asked}"
        else:
            azure.assign(first, progress=False, prune=True)
            last = "1.0.0" if number <= ours else "2.0.0"
            assert azure.get(STACK)["tags"]["blueprintVersion"] == last, f"beside request {number} of {asked}"
        azure.assign(second, progress=False, prune=True)
        assert not azure.assign(second, progress=False).changed


def beside(number: int, azure: Azure, target: Target) -> Callable[[Handle], Handle]:
    """A handler around another: before a request, counted from 1, somebody else assigns from beginning to end."""
    count = [0]

    def around(handle: Handle) -> Handle:
        def handler(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
            count[0] += 1
            if count[0] == number:
                azure.around = lambda handle: handle
                with azure.arm() as arm:
                    assign(arm, target, settings(progress=False), lambda _: None)
            return handle(method, url, headers, body)

        return handler

    return around
