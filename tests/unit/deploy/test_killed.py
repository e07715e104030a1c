"""The process is killed at every request of an assignment: running again mends it.

Killed before a request is killed after the one before it, so what is tried is after each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from blueprinter.sandbox import Response
from unit.deploy.box import PERSON, SUB, Azure, Handle, Kit


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
    kit = Kit(root)
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
    return kit


def upgraded(kit: Kit) -> None:
    """The next version: one policy less, another parameter contract, another template resource, one role less."""
    kit.version = "2.0.0"
    kit.policies["audits"] = {
        **kit.policies["audits"],
        "parameters": {"days": {"type": "Integer", "defaultValue": 3}},
    }
    del kit.artifacts["assign-deploys"]
    kit.artifacts["readers"]["properties"]["principalIds"] = [PERSON.replace("3", "4")]


def orphaned(azure: Azure) -> None:
    """Somebody deleted an assignment by hand: its identity is gone, its roles are still there."""
    for id in azure.ids("Microsoft.Authorization/policyAssignments"):
        if "assign-deploys" in id:
            azure.delete(id)


def test_killed_at_every_request(tmp_path: Path) -> None:
    kit = everything(tmp_path)
    first = kit.target()
    clean = Azure()
    clean.assign(first, progress=False)
    asked = len(clean.sent)
    assert len(clean.writes) == 2  # the stack, the exemption
    for number in range(1, asked + 1):
        azure = Azure()
        azure.around = killing(number)
        with pytest.raises(Killed):
            azure.assign(first, progress=False)
        azure.around = lambda handle: handle
        azure.assign(first, progress=False)
        assert azure.contents() == clean.contents(), f"killed at request {number} of {asked}"
        assert not azure.assign(first, progress=False).changed


def test_an_upgrade_killed_at_every_second_request(tmp_path: Path) -> None:
    kit = everything(tmp_path)
    first = kit.target()
    upgraded(kit)
    second = kit.target()
    clean = Azure()
    clean.assign(first, progress=False)
    done = clean.assign(second, progress=False, prune=True)
    assert len(done.deleted) == 6  # two assignments, a role of each kind, two definitions
    asked = len(clean.sent)
    for number in range(1, asked + 1, 2):
        azure = Azure()
        azure.assign(first, progress=False)
        azure.around = killing(number)
        with pytest.raises(Killed):
            azure.assign(second, progress=False, prune=True)
        azure.around = lambda handle: handle
        azure.assign(second, progress=False, prune=True)
        assert azure.contents() == clean.contents(), f"killed at request {number} of {asked}"


def test_orphans_are_deleted_first_at_every_kill(tmp_path: Path) -> None:
    first = everything(tmp_path).target()
    clean = Azure()
    clean.assign(first, progress=False)
    before = clean.contents()
    orphaned(clean)
    clean.assign(first, progress=False)
    assert clean.contents() == before
    asked = len(clean.sent)
    for number in range(1, asked + 1, 3):
        azure = Azure()
        azure.assign(first, progress=False)
        orphaned(azure)
        azure.around = killing(number)
        with pytest.raises(Killed):
            azure.assign(first, progress=False)
        azure.around = lambda handle: handle
        azure.assign(first, progress=False)
        assert azure.contents() == before, f"killed at request {number} of {asked}"


def test_without_a_stack_killed_at_every_second_request(tmp_path: Path) -> None:
    kit = everything(tmp_path)
    kit.assignment["locks"] = {"mode": "AllResourcesDoNotDelete"}
    target = kit.target()
    clean = Azure()
    clean.assign(target, progress=False, stack=False)
    asked = len(clean.sent)
    assert len(clean.writes) == 3  # the deployment, the lock, the exemption
    for number in range(1, asked + 1, 2):
        azure = Azure()
        azure.around = killing(number)
        with pytest.raises(Killed):
            azure.assign(target, progress=False, stack=False)
        azure.around = lambda handle: handle
        azure.assign(target, progress=False, stack=False)
        assert azure.contents() == clean.contents(), f"killed at request {number} of {asked}"
