"""An export that is refused, killed or lied to, and what its manifest says of who made it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blueprinter.azure import AzureError
from blueprinter.compliance import OfflineSource, read_inventories, read_scopes
from blueprinter.convert import Needs, export_inventory, needs_of
from blueprinter.deploy import Target
from blueprinter.policy import AliasTable, PolicySet, compile_policies
from blueprinter.sandbox import Response, Settings
from contract.test_live_faults import NOW
from unit.deploy.box import READER, SUB, Azure, Handle, Kit, definition

CALLER = "00000000-0000-0000-0000-0000000000b1"
"""Whom the token of a sandbox names."""
NAME = SUB[15:]
LOCKS = "Microsoft.Authorization/locks"


class Place:
    """A sandbox with a storage account, and what two policies need of it."""

    def __init__(self, folder: Path) -> None:
        self.azure = Azure(settings=Settings(page_size=3))
        kit = Kit(folder)
        kit.policies["locked"] = definition()
        kit.policies["locked"]["policyRule"]["if"] = {"field": "type", "equals": LOCKS}
        kit.policy("locked")
        self.target: Target = kit.target()
        self.azure.assign(self.target)
        self.folder = folder / "inventory"

    @property
    def policies(self) -> PolicySet:
        return compile_policies(self.target.resolved.policies, aliases=AliasTable.empty(), now="")

    @property
    def needs(self) -> Needs:
        return needs_of(self.policies)

    def export(self, *, resume: bool = False) -> tuple[str, ...]:
        """The scopes that could not be read."""
        with self.azure.arm() as arm:
            scopes = read_scopes(arm, (SUB,))
            return export_inventory(
                arm, scopes, self.needs, self.folder, clock=lambda: NOW, resume=resume
            ).refused

    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            (self.folder / f"{NAME}.manifest.json").read_text(encoding="utf-8")
        )
        return found

    def answers(self, part: str, change: Callable[[Response], Response]) -> None:
        """From now on what is asked with this in its URL or body is answered otherwise."""

        def around(handle: Handle) -> Handle:
            def changed(method: str, url: str, headers: Any, body: bytes) -> Response:
                answer = handle(method, url, headers, body)
                return change(answer) if part.lower() in f"{url} {body.decode()}".lower() else answer

            return changed

        self.azure.around = around


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def refuse(answer: Response) -> Response:
    return Response.of({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403)


def test_who_collected_and_with_which_roles(place: Place) -> None:
    id = f"{SUB}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111"
    role = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    properties = {"roleDefinitionId": role, "principalId": CALLER, "principalType": "User"}
    place.azure.put(id, {"properties": properties})
    assert place.export() == ()
    assert place.manifest()["collectedBy"] == {"principal": CALLER, "roles": [f"Reader at {SUB}"]}
    assert read_inventories([place.folder], now=NOW).population().collected_by == CALLER


def test_roles_that_cannot_be_read_are_not_taken_for_none(place: Place) -> None:
    place.answers("/roleAssignments", refuse)
    assert place.export() == ()
    held = place.manifest()["collectedBy"]
    assert held == {"principal": CALLER, "roles": [], "rolesNotKnown": "403 AuthorizationFailed"}


def test_no_token_is_written(place: Place) -> None:
    place.export()
    for file in place.folder.iterdir():
        assert b"eyJ" not in file.read_bytes()


def test_a_type_that_may_not_be_listed_is_no_pass(place: Place) -> None:
    """Nothing is there to be judged, and nothing is concluded from that."""
    place.answers(f"/providers/{LOCKS}", refuse)
    assert place.export() == ()
    assert place.manifest()["typesNotCollected"] == [LOCKS.lower()]
    source = OfflineSource(read_inventories([place.folder], now=NOW), place.policies)
    assert [(one.policy.definition.name, one.reason) for one in source.silences()] == [
        ("locked", f"`{LOCKS.lower()}` was not collected")
    ]


def test_a_subscription_that_vanishes_while_it_is_read(place: Place) -> None:
    """Resource Graph leaves it out without a word."""

    def nothing(answer: Response) -> Response:
        return Response.of({"totalRecords": 0, "count": 0, "data": [], "resultTruncated": "false"})

    place.answers("union (resourcecontainers", nothing)
    assert place.export() == (SUB,)
    (scope,) = place.manifest()["scopes"]
    assert (scope["status"], scope["reason"]) == ("refused", "it could not be read to the end")
    assert read_inventories([place.folder], now=NOW).population().partial
    # going on reads it anew
    place.azure.around = lambda handle: handle
    assert place.export(resume=True) == ()
    assert not read_inventories([place.folder], now=NOW).population().partial


@pytest.mark.parametrize("name", ["properties", "sku"])
def test_json_as_text_in_a_row_is_refused(place: Place, name: str) -> None:
    """Judged by such a row every property would be absent."""

    def as_text(answer: Response) -> Response:
        body = answer.json()
        for row in body.get("data", []):
            if isinstance(row.get(name), dict):
                row[name] = json.dumps(row[name])
        return Response.of(body)

    place.answers("managedBy", as_text)
    with pytest.raises(AzureError) as raised:
        place.export()
    assert raised.value.row == "BP607"
    assert not place.folder.exists()


def test_a_type_with_a_slash_in_front(place: Place) -> None:
    place.export()
    expected = place.manifest()["types"]

    def slashed(answer: Response) -> Response:
        body = answer.json()
        for row in body.get("data", []):
            row["type"] = f"/{row['type']}"
        return Response.of(body)

    place.answers("managedBy", slashed)
    place.export()
    assert place.manifest()["types"] == expected


@pytest.mark.parametrize("at", range(1, 10))
def test_killed_anywhere_and_taken_up_again(place: Place, at: int) -> None:
    place.export()
    whole = {one.name: one.read_bytes() for one in place.folder.iterdir()}
    for one in place.folder.iterdir():
        one.unlink()
    asked = 0

    def kill(answer: Response) -> Response:
        nonlocal asked
        asked += 1
        if asked == at:
            raise KeyboardInterrupt
        return answer

    place.answers("", kill)
    with pytest.raises(KeyboardInterrupt):
        place.export()
    # no manifest stands beside rows that are not its own, and nothing is half written
    assert not list(place.folder.glob("*.manifest.json"))
    assert not list(place.folder.glob(".*"))
    place.azure.around = lambda handle: handle
    place.export(resume=True)
    assert {one.name: one.read_bytes() for one in place.folder.iterdir()} == whole


def test_what_was_exported_for_other_policies_is_not_taken_over(place: Place) -> None:
    with place.azure.arm() as arm:
        scopes = read_scopes(arm, (SUB,))
        few = Needs(frozenset(), (), ())
        export_inventory(arm, scopes, few, place.folder, clock=lambda: NOW)
        taken = export_inventory(arm, scopes, few, place.folder, clock=lambda: NOW, resume=True)
        assert taken.taken_over == 1
        more = export_inventory(arm, scopes, place.needs, place.folder, clock=lambda: NOW, resume=True)
    assert more.taken_over == 0
    assert LOCKS.lower() in {one["type"].lower() for one in place.manifest()["types"]}
