"""Locks, role definitions, role assignments, deny assignments."""

from __future__ import annotations

import pytest

from blueprinter.sandbox import Settings
from unit.sandbox.heart_box import GROUP, STORAGE, SUB, Asking

AUTHORIZATION = "providers/Microsoft.Authorization"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ALICE = "aaaaaaaa-0000-0000-0000-000000000001"
BOB = "bbbbbbbb-0000-0000-0000-000000000002"
ROOT = "/providers/Microsoft.Management/managementGroups/00000000-0000-0000-0000-0000000000aa"


@pytest.fixture
def asking() -> Asking:
    found = Asking()
    found.group()
    found.storage()
    return found


def guid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def assignment(number: int, scope: str = GROUP) -> str:
    return f"{scope}/{AUTHORIZATION}/roleAssignments/{guid(number)}"


def grant(role: str = READER, principal: str = ALICE, **more: object) -> dict[str, object]:
    return {
        "properties": {
            "roleDefinitionId": f"/{AUTHORIZATION}/roleDefinitions/{role}",
            "principalId": principal,
            **more,
        }
    }


# ---------------------------------------------------------------- locks


def lock(level: str) -> dict[str, object]:
    return {"properties": {"level": level, "notes": "why"}}


def test_lock_is_kept(asking: Asking) -> None:
    path = f"{GROUP}/{AUTHORIZATION}/locks/l"
    made = asking.ask("PUT", path, lock("CanNotDelete"))
    assert made.status == 201
    assert made.json() == {
        "properties": {"level": "CanNotDelete", "notes": "why"},
        "id": path,
        "type": "Microsoft.Authorization/locks",
        "name": "l",
    }
    assert asking.ask("PUT", path, lock("ReadOnly")).status == 200
    assert asking.ask("DELETE", path).status == 200
    assert asking.ask("DELETE", path).status == 204
    assert asking.refused("GET", path) == (404, "LockNotFound")


@pytest.mark.parametrize("scope", [SUB, GROUP, f"{STORAGE}/one"])
def test_lock_holds_at_its_scope_and_below(asking: Asking, scope: str) -> None:
    path = f"{scope}/{AUTHORIZATION}/locks/l"
    asking.ok("PUT", path, lock("CanNotDelete"))
    assert asking.refused("DELETE", f"{STORAGE}/one") == (409, "ScopeLocked")
    asking.storage(tags={"still": "writable"})
    asking.ok("PUT", path, lock("ReadOnly"))
    assert asking.refused("PUT", f"{STORAGE}/one", {"location": "x"}) == (409, "ScopeLocked")
    assert asking.refused("PATCH", f"{STORAGE}/one", {"tags": {}}) == (409, "ScopeLocked")
    asking.ok("DELETE", path)
    assert asking.ask("DELETE", f"{STORAGE}/one").status == 200


def test_group_is_not_deleted_over_a_lock_inside(asking: Asking) -> None:
    asking.ok("PUT", f"{STORAGE}/one/{AUTHORIZATION}/locks/l", lock("CanNotDelete"))
    assert asking.refused("DELETE", GROUP) == (409, "ScopeLocked")
    asking.storage("two")
    assert asking.ask("DELETE", f"{STORAGE}/two").status == 200


def test_lock_beside_does_not_hold(asking: Asking) -> None:
    asking.group("rg-2")
    asking.ok("PUT", f"{SUB}/resourceGroups/rg-2/{AUTHORIZATION}/locks/l", lock("ReadOnly"))
    asking.storage(tags={"free": "yes"})


def test_locks_are_listed_with_those_above(asking: Asking) -> None:
    for scope, name in ((SUB, "high"), (GROUP, "middle"), (f"{STORAGE}/one", "low")):
        asking.ok("PUT", f"{scope}/{AUTHORIZATION}/locks/{name}", lock("CanNotDelete"))
    path = f"{GROUP}/{AUTHORIZATION}/locks"
    assert sorted(asking.names(path)) == ["high", "low", "middle"]
    assert sorted(asking.names(f"{path}?$filter=atScope()")) == ["high", "middle"]


@pytest.mark.parametrize(
    ("scope", "body", "refusal"),
    [
        (GROUP, {"properties": {}}, (400, "InvalidRequestContent")),
        (GROUP, {"properties": {"level": "Strict"}}, (400, "InvalidRequestContent")),
        (GROUP, {"properties": {"level": "ReadOnly", "why": "x"}}, (400, "InvalidRequestContent")),
        (f"{SUB}/resourceGroups/no", lock("ReadOnly"), (404, "ResourceGroupNotFound")),
        (f"{STORAGE}/none", lock("ReadOnly"), (404, "ResourceNotFound")),
    ],
)
def test_lock_is_refused(asking: Asking, scope: str, body: object, refusal: tuple[int, str]) -> None:
    assert asking.refused("PUT", f"{scope}/{AUTHORIZATION}/locks/l", body) == refusal


# ---------------------------------------------------------------- role assignments


def test_role_is_assigned(asking: Asking) -> None:
    made = asking.ask("PUT", assignment(1), grant(description="d", principalType="Group"))
    assert made.status == 201
    properties = made.json()["properties"]
    assert properties["roleDefinitionId"] == f"{SUB}/{AUTHORIZATION}/roleDefinitions/{READER}"
    assert (properties["scope"], properties["principalType"], properties["description"]) == (
        GROUP,
        "Group",
        "d",
    )
    assert properties["createdOn"] == "2026-11-20T06:00:00.0000000Z"
    assert asking.ok("GET", assignment(1)) == made.json()
    again = asking.ask("PUT", assignment(1), grant(description="e"))
    assert (again.status, again.json()["properties"]["description"]) == (200, "e")
    gone = asking.ask("DELETE", assignment(1))
    assert (gone.status, gone.json()["name"]) == (200, guid(1))
    assert asking.ask("DELETE", assignment(1)).status == 204
    assert asking.refused("GET", assignment(1)) == (404, "RoleAssignmentNotFound")


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        (assignment(2), grant(), (409, "RoleAssignmentExists")),
        (assignment(1), grant(principal=BOB), (400, "RoleAssignmentUpdateNotPermitted")),
        (assignment(1, SUB), grant(), (400, "RoleAssignmentUpdateNotPermitted")),
        (assignment(3), grant(role=guid(9)), (404, "RoleDefinitionDoesNotExist")),
        (f"{GROUP}/{AUTHORIZATION}/roleAssignments/name", grant(), (400, "InvalidRoleAssignmentId")),
        (assignment(3), grant(colour="red"), (400, "InvalidRequestContent")),
        (assignment(3), {"properties": {"principalId": ALICE}}, (400, "InvalidRequestContent")),
        (assignment(3, f"{SUB}/resourceGroups/no"), grant(), (404, "ResourceGroupNotFound")),
    ],
)
def test_role_assignment_is_refused(
    asking: Asking, path: str, body: object, refusal: tuple[int, str]
) -> None:
    asking.ok("PUT", assignment(1), grant())
    assert asking.refused("PUT", path, body) == refusal


def test_same_grant_at_another_scope_is_no_repetition(asking: Asking) -> None:
    asking.ok("PUT", assignment(1), grant())
    asking.ok("PUT", assignment(2, SUB), grant())
    asking.ok("PUT", assignment(3), grant(role=OWNER))


def test_role_assignments_are_listed_by_scope_and_principal(asking: Asking) -> None:
    asking.ok("PUT", assignment(1, ROOT), grant())
    asking.ok("PUT", assignment(2, SUB), grant())
    asking.ok("PUT", assignment(3), grant(principal=BOB))
    asking.ok("PUT", assignment(4, f"{STORAGE}/one"), grant())
    path = f"{GROUP}/{AUTHORIZATION}/roleAssignments"

    def found(filter: str = "") -> list[str]:
        names = asking.names(f"{path}?$filter={filter}" if filter else path)
        return sorted(name[-1] for name in names)

    assert found() == ["1", "2", "3", "4"]
    assert found("atScope()") == ["1", "2", "3"]
    assert found(f"principalId%20eq%20'{ALICE.upper()}'") == ["1", "2", "4"]
    assert found(f"atScope()%20and%20assignedTo('{BOB}')") == ["3"]


def test_new_principal_is_found_after_replication_or_when_its_type_is_given() -> None:
    asking = Asking(settings=Settings(replication=3))
    asking.group()
    principal = asking.storage(identity={"type": "SystemAssigned"})["identity"]["principalId"]
    assert asking.refused("PUT", assignment(1), grant(principal=principal)) == (400, "PrincipalNotFound")
    asking.ok("PUT", assignment(2), grant(principal=principal, principalType="ServicePrincipal"))
    asking.ok("GET", SUB)
    made = asking.ok("PUT", assignment(3), grant(role=OWNER, principal=principal))
    assert made["properties"]["principalType"] == "ServicePrincipal"
    asking.ok("DELETE", f"{STORAGE}/one")
    deleted = grant(principal=principal, principalType="ServicePrincipal")
    assert asking.refused("PUT", assignment(4, SUB), deleted) == (400, "PrincipalNotFound")


# ---------------------------------------------------------------- role definitions


def test_built_in_roles_are_found_by_id_and_name(asking: Asking) -> None:
    path = f"{SUB}/{AUTHORIZATION}/roleDefinitions"
    assert asking.ok("GET", f"{path}/{READER}")["properties"]["roleName"] == "Reader"
    found = asking.ok("GET", f"{path}?$filter=roleName%20eq%20'contributor'")["value"]
    assert [row["name"] for row in found] == ["b24988ac-6180-42a0-ab88-20f7382dd24c"]
    assert found[0]["id"].startswith(f"{SUB}/")
    assert asking.refused("GET", f"{path}/{guid(1)}") == (404, "RoleDefinitionDoesNotExist")


def test_custom_role_is_made_used_and_deleted(asking: Asking) -> None:
    path = f"{SUB}/{AUTHORIZATION}/roleDefinitions/{guid(7)}"
    body = {
        "properties": {
            "roleName": "Auditor",
            "permissions": [{"actions": ["*/read"]}],
            "assignableScopes": [SUB],
        }
    }
    made = asking.ask("PUT", path, body)
    assert (made.status, made.json()["properties"]["type"]) == (201, "CustomRole")
    custom = asking.names(f"{GROUP}/{AUTHORIZATION}/roleDefinitions?$filter=type%20eq%20'CustomRole'")
    assert custom == [guid(7)]
    other = f"{SUB}/{AUTHORIZATION}/roleDefinitions/{guid(8)}"
    assert asking.refused("PUT", other, body) == (409, "RoleDefinitionWithSameNameExists")
    asking.ok("PUT", assignment(1), grant(role=guid(7)))
    assert asking.refused("DELETE", path) == (400, "RoleDefinitionHasAssignments")
    asking.ok("DELETE", assignment(1))
    assert asking.ask("DELETE", path).status == 200
    assert asking.ask("DELETE", path).status == 204


def test_permissions_and_denials(asking: Asking) -> None:
    assert asking.ok("GET", f"{GROUP}/{AUTHORIZATION}/permissions")["value"][0]["actions"] == ["*"]
    path = f"{GROUP}/{AUTHORIZATION}/denyAssignments"
    assert asking.names(path) == []
    with asking.box.open_box() as box:
        body = {
            "id": f"{path}/{guid(1)}",
            "name": guid(1),
            "properties": {"denyAssignmentName": "stack", "principals": [{"id": ALICE}]},
        }
        box.store.put(f"{path}/{guid(1)}", "Microsoft.Authorization/denyAssignments", body)
    assert asking.names(f"{path}?$filter=principalId%20eq%20'{ALICE}'") == [guid(1)]
    assert asking.names(f"{path}?$filter=principalId%20eq%20'{BOB}'") == []
    assert asking.ok("GET", f"{path}/{guid(1)}")["properties"]["denyAssignmentName"] == "stack"
    assert asking.refused("GET", f"{path}/{guid(2)}") == (404, "DenyAssignmentNotFound")


# ---------------------------------------------------------------- limits


def test_role_assignments_of_a_subscription_are_limited(asking: Asking) -> None:
    with asking.box.open_box() as box:
        for number in range(4000):
            box.store.put(assignment(number), "Microsoft.Authorization/roleAssignments", grant())
    assert asking.refused("PUT", assignment(5000, SUB), grant()) == (400, "RoleAssignmentLimitExceeded")


def test_locks_of_a_scope_are_limited(asking: Asking) -> None:
    for number in range(20):
        asking.ok("PUT", f"{GROUP}/{AUTHORIZATION}/locks/l{number}", lock("CanNotDelete"))
    one_more = f"{GROUP}/{AUTHORIZATION}/locks/more"
    assert asking.refused("PUT", one_more, lock("CanNotDelete")) == (409, "LockLimitExceeded")
    asking.ok("PUT", f"{STORAGE}/one/{AUTHORIZATION}/locks/other", lock("CanNotDelete"))
