"""`assign`: what is there in the end, and what is sent for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from blueprinter.azure import AzureError
from blueprinter.deploy import DeployError, Residue
from blueprinter.render import render
from blueprinter.sandbox import Fault, Rule, Settings
from unit.deploy.box import GROUP, NOW, PERSON, READER, STACK, SUB, Azure, Kit, definition

OWNER = "44444444-4444-4444-4444-444444444444"
ASSIGNMENTS, DEFINITIONS, ROLES, EXEMPTIONS = (
    f"Microsoft.Authorization/{kind}"
    for kind in ("policyAssignments", "policyDefinitions", "roleAssignments", "policyExemptions")
)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def test_everything_is_there(kit: Kit) -> None:
    azure = Azure()
    outcome = azure.assign(kit.target())
    assert outcome.changed
    assert len(azure.ids(ASSIGNMENTS)) == 2
    assert len(azure.ids(DEFINITIONS)) == 2
    assert len(azure.ids(ROLES)) == 2
    assert azure.ids("Microsoft.Storage/storageAccounts") == [
        f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/stprod1"
    ]
    assert azure.writes == [f"PUT {STACK}"]
    assert not outcome.left
    assert any("done" in line and "stprod1" not in line for line in azure.said)


def test_a_second_assign_only_reads(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    before = azure.contents()
    outcome = azure.assign(kit.target())
    assert not outcome.changed
    assert azure.writes == []
    assert azure.contents() == before


def test_what_was_changed_by_hand_is_put_right(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    before = azure.contents()
    id = next(one for one in azure.ids(ASSIGNMENTS) if "assign-audits" in one)
    body = azure.get(id, "2025-01-01")
    body["properties"]["enforcementMode"] = "DoNotEnforce"
    azure.put(
        id,
        {
            "properties": {
                key: body["properties"][key] for key in ("policyDefinitionId", "metadata", "enforcementMode")
            }
        },
    )
    assert azure.assign(kit.target()).changed
    assert azure.contents() == before


def test_a_deleted_resource_group_comes_back(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    azure.delete(f"{SUB}/resourceGroups/rg-app")
    azure.assign(kit.target())
    assert len(azure.ids("Microsoft.Storage/storageAccounts")) == 1


@pytest.mark.parametrize("locks", ["None", "AllResourcesDoNotDelete", "AllResourcesReadOnly"])
def test_an_upgrade_that_removes_renames_and_retypes(kit: Kit, locks: str) -> None:
    """One assign, no failed deployment; what is left over is listed, and pruned on request. Locks of the version before
    are not in the way."""
    kit.assignment["locks"] = {"mode": locks, "excludedPrincipals": [PERSON]}
    kit.policies["counts"] = definition(parameters={"days": {"type": "Integer", "defaultValue": 1}})
    kit.policies["named"] = definition(parameters={"old": {"type": "String", "defaultValue": "a"}})
    kit.policies["denies"] = definition("Deny")
    kit.policy("counts")
    kit.policy("named")
    kit.policy("denies", enforcementMode="Default")
    kit.artifacts["storage"]["properties"]["template"]["resources"][0]["type"] = (
        "Microsoft.Storage/storageAccounts"
    )
    azure = Azure()
    kit.policies["denies"]["policyRule"]["if"] = {"field": "type", "equals": "Microsoft.Web/sites"}
    azure.assign(kit.target())
    kit.version = "2.0.0"
    kit.policies["counts"] = definition(parameters={"days": {"type": "String", "defaultValue": "1"}})
    kit.policies["named"] = definition(parameters={"new": {"type": "String", "defaultValue": "a"}})
    del kit.artifacts["assign-denies"], kit.artifacts["storage"]
    outcome = azure.assign(kit.target())
    assert azure.get(STACK)["properties"]["provisioningState"] == "succeeded"
    assert [one for one in azure.said if "failed" in one] == []
    governance = [one for one in outcome.left if one.kind is Residue.GOVERNANCE]
    assert {one.id.rpartition("/")[2].rpartition("-")[0] for one in governance} == {
        "assign-counts", "counts", "assign-named", "named", "assign-denies", "denies",
    }  # fmt: skip
    assert [one.acts for one in governance if "assign-denies" in one.id] == ["Deny"]
    workload = [one.id.rpartition("/")[2] for one in outcome.left if one.kind is Residue.WORKLOAD]
    assert workload == ["stprod1"]
    again = azure.assign(kit.target())
    assert not again.changed
    assert again.left == outcome.left
    pruned = azure.assign(kit.target(), prune=True)
    assert {one.kind for one in pruned.left} == {Residue.WORKLOAD}
    assert len(azure.ids(DEFINITIONS)) == 4


def test_a_definition_that_others_use_is_kept_and_named(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    used = next(one for one in azure.ids(DEFINITIONS) if "audits" in one)
    azure.put(
        f"{SUB}/providers/{ASSIGNMENTS}/theirs", {"properties": {"policyDefinitionId": used}}, "2025-01-01"
    )
    kit.artifacts.pop("assign-audits")
    outcome = azure.assign(kit.target(), prune=True)
    assert [id for id, _ in outcome.kept] == [used]
    assert [one.code for one in outcome.diagnostics] == ["BP643"]
    assert used in azure.ids(DEFINITIONS)
    assert f"{SUB}/providers/{ASSIGNMENTS}/theirs" in azure.ids(ASSIGNMENTS)


def test_definitions_at_a_management_group_come_first(kit: Kit) -> None:
    kit.assignment["definitionScope"] = GROUP
    azure = Azure()
    azure.make_management_group()
    azure.assign(kit.target())
    assert azure.writes == [
        f"PUT {GROUP}/providers/Microsoft.Resources/deploymentStacks/prod-definitions",
        f"PUT {STACK}",
    ]
    assert all(one.startswith(GROUP) for one in azure.ids(DEFINITIONS))
    assert not azure.assign(kit.target()).changed


def test_roles_in_a_stack_of_their_own(kit: Kit) -> None:
    target = kit.target()
    options = replace(target.options, split_roles=True)
    split = replace(target, options=options, rendered=render(target.resolved, target.assignment, options))
    azure = Azure()
    azure.assign(split)
    assert azure.writes == [f"PUT {STACK}", f"PUT {STACK}-roles"]
    assert len(azure.ids(ROLES)) == 2
    assert not azure.assign(split).changed
    assert azure.writes == []


def test_locks_are_told_as_azure_has_them(kit: Kit) -> None:
    kit.assignment["locks"] = {"mode": "AllResourcesDoNotDelete"}
    azure = Azure()
    outcome = azure.assign(kit.target())
    states = {one.id.rpartition("/")[2]: one.status for one in outcome.locks}
    assert states["stprod1"] == "denyDelete"
    assert states == {
        row["id"].rpartition("/")[2]: row["denyStatus"] for row in azure.get(STACK)["properties"]["resources"]
    }
    with pytest.raises(AzureError) as refused:
        azure.delete(
            f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/stprod1", "2023-01-01"
        )
    assert refused.value.forbidden or refused.value.status == 409


def test_without_a_stack(kit: Kit) -> None:
    kit.assignment["locks"] = {"mode": "AllResourcesReadOnly"}
    azure = Azure()
    outcome = azure.assign(kit.target(), stack=False)
    assert azure.ids("Microsoft.Resources/deploymentStacks") == []
    assert [one.rpartition("/")[2] for one in azure.ids("Microsoft.Authorization/locks")] == [
        "blueprinter-prod"
    ]
    assert outcome.locks == ()
    again = azure.assign(kit.target(), stack=False)
    assert not again.changed
    assert azure.writes == []


def test_a_role_assignment_under_another_name_is_taken_over(kit: Kit) -> None:
    azure = Azure()
    name = "99999999-9999-4999-8999-999999999999"
    role = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    azure.put(
        f"{SUB}/providers/{ROLES}/{name}", {"properties": {"roleDefinitionId": role, "principalId": PERSON}}
    )
    outcome = azure.assign(kit.target())
    assert [one.code for one in outcome.diagnostics] == ["BP649"]
    assert len(azure.ids(ROLES)) == 2
    assert not azure.assign(kit.target()).changed


def test_an_identity_that_was_made_anew_gets_its_role_again(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    id = next(one for one in azure.ids(ASSIGNMENTS) if "assign-deploys" in one)
    azure.delete(id, "2025-01-01")
    outcome = azure.assign(kit.target())
    assert outcome.changed
    principal = azure.get(id, "2025-01-01")["identity"]["principalId"]
    rows = [azure.get(one, "2022-04-01")["properties"] for one in azure.ids(ROLES)]
    assert [one for one in rows if one["principalId"] == principal]


def test_a_group_that_is_there_already_is_used_as_it_is(kit: Kit) -> None:
    azure = Azure()
    azure.put(
        f"{SUB}/resourcegroups/rg-app", {"location": "westeurope", "tags": {"cost": "42"}}, "2022-09-01"
    )
    outcome = azure.assign(kit.target())
    assert [one.code for one in outcome.diagnostics] == ["BP653"]
    assert azure.get(f"{SUB}/resourcegroups/rg-app", "2022-09-01")["tags"] == {"cost": "42"}
    assert not azure.assign(kit.target()).changed


def test_a_second_one_attaches_to_a_running_stack(kit: Kit) -> None:
    azure = Azure(settings=Settings(steps=12))
    target = kit.target()
    with azure.arm() as arm:
        from blueprinter.deploy.wanted import stack_body

        body = stack_body(target.main, "westeurope", target.main.parameters)
        arm.start("PUT", STACK, "2024-03-01", body=body)
    azure.assign(target)
    assert azure.writes == []
    assert any("waiting" in line for line in azure.said)
    assert len(azure.ids(ASSIGNMENTS)) == 2


def test_somebody_else_was_faster(kit: Kit) -> None:
    """Between our look and our put another version was put: waited for, and never overwritten silently."""
    azure = Azure()
    other = Kit(kit.root / "other", version="9.9.9").target()
    ours = kit.target()
    from blueprinter.deploy.wanted import stack_body

    body = stack_body(other.main, "westeurope", other.main.parameters)
    raced: list[str] = []

    def around(handle):  # type: ignore[no-untyped-def]  # as `Azure.around`
        def handler(method, url, headers, content):  # type: ignore[no-untyped-def]  # as `Handle`
            if method == "PUT" and not raced:
                raced.append(url)
                azure.around = lambda handle: handle
                with azure.arm() as arm:
                    arm.start("PUT", STACK, "2024-03-01", body=body)
            return handle(method, url, headers, content)

        return handler

    azure.around = around
    with pytest.raises(DeployError) as stopped:
        azure.assign(ours)
    assert stopped.value.diagnostic.code == "BP640"
    assert "9.9.9" in stopped.value.diagnostic.message


def test_what_is_not_replicated_yet_is_put_again(kit: Kit) -> None:
    azure = Azure(misbehaviour=(Rule(Fault.HIDE, f"{{scope*}}/providers/{DEFINITIONS}/{{name}}", steps=30),))
    slept: list[float] = []
    azure.assign(kit.target(), sleep=slept.append, progress=False)
    assert slept == [30.0 * 2**number for number in range(len(slept))]
    assert slept
    assert azure.get(STACK)["properties"]["provisioningState"] == "succeeded"


def test_a_real_mistake_is_not_put_again(kit: Kit) -> None:
    kit.artifacts["storage"]["properties"]["template"]["resources"][0]["dependsOn"] = ["nothing"]
    kit.artifacts["storage"]["properties"]["template"]["outputs"] = {
        "x": {"type": "string", "value": "[reference('stprod9', '2023-01-01').y]"}
    }
    azure = Azure()
    slept: list[float] = []
    with pytest.raises(AzureError):
        azure.assign(kit.target(), sleep=slept.append)
    assert slept == []
    assert len([one for one in azure.writes if one.startswith("PUT")]) == 1


EXEMPTION = {
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


def test_exemptions_come_with_the_assignment_and_end_with_their_day(kit: Kit) -> None:
    kit.registers["exemptions"] = [EXEMPTION]
    azure = Azure()
    azure.assign(kit.target())
    (id,) = azure.ids(EXEMPTIONS)
    assert id.endswith("/legacy")
    assert not azure.assign(kit.target()).changed
    theirs = f"{SUB}/providers/{EXEMPTIONS}/theirs"
    made = azure.get(id, "2022-07-01-preview")["properties"]
    azure.put(
        theirs,
        {
            "properties": {
                "policyAssignmentId": made["policyAssignmentId"],
                "exemptionCategory": "Waiver",
                "expiresOn": "2026-01-01T00:00:00Z",
            }
        },
        "2022-07-01-preview",
    )
    azure.assign(kit.target(), now=NOW.replace(year=2027, month=4))
    assert azure.ids(EXEMPTIONS) == [theirs]


def test_an_exemption_of_nothing_is_told(kit: Kit) -> None:
    kit.registers["exemptions"] = [{**EXEMPTION, "policies": ["unheard-of"]}]
    azure = Azure()
    outcome = azure.assign(kit.target())
    assert [one.code for one in outcome.diagnostics] == ["BP644"]
    assert azure.ids(EXEMPTIONS) == []


def test_attestations_of_manual_policies_are_sent(kit: Kit) -> None:
    kit.policies["trained"] = {
        **definition("Manual", defaultState="Unknown"),
        "policyRule": {
            "if": {"field": "type", "equals": "Microsoft.Resources/subscriptions"},
            "then": {"effect": "manual", "details": {"defaultState": "Unknown"}},
        },
        "mode": "All",
    }
    kit.policy("trained")
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
    azure = Azure()
    azure.assign(kit.target())
    (id,) = azure.ids("Microsoft.PolicyInsights/attestations")
    assert azure.get(id, "2022-09-01")["properties"]["complianceState"] == "Compliant"
    assert not azure.assign(kit.target()).changed
