"""`plan`: what would change and what would go wrong, with nothing but reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blueprinter.deploy import (
    Plan,
    PlanOptions,
    Target,
    adopted_file,
    plan,
    plan_json,
    plan_lines,
    plan_markdown,
)
from blueprinter.diagnostics import Severity
from blueprinter.policy import AliasTable
from blueprinter.render import load_adopted
from unit.deploy.box import PERSON, READER, SUB, Azure, Kit, definition, document, settings
from unit.deploy.test_assign import ASSIGNMENTS, EXEMPTION, ROLES
from unit.deploy.test_killed import orphaned


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def planned(azure: Azure, target: Target, what_if: float | None = None, **options: Any) -> Plan:
    azure.sent.clear()
    with azure.arm() as arm:
        found = plan(arm, target, PlanOptions(settings(**options), AliasTable.empty(), what_if))
    posts = [one for one in azure.writes if not one.endswith("/whatIf")]
    assert posts == []
    return found


def codes(found: Plan, severity: Severity = Severity.WARNING) -> list[str]:
    return [one.code for one in found.diagnostics if one.severity is severity]


def actions(found: Plan) -> set[tuple[str, str]]:
    return {(one.action, one.id.rpartition("/")[2]) for one in found.changes}


def test_everything_is_added_to_an_empty_scope(kit: Kit) -> None:
    found = planned(Azure(), kit.target())
    assert {one.action for one in found.changes} == {"add"}
    assert ("add", "stprod1") in actions(found)
    assert found.pending
    assert codes(found) == codes(found, Severity.ERROR) == []


def test_nothing_is_left_to_do(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    found = planned(azure, kit.target())
    assert found.changes == ()
    assert not found.pending


def test_an_upgrade_by_kind(kit: Kit) -> None:
    azure = Azure()
    kit.policies["denies"] = definition("Deny")
    kit.policies["denies"]["policyRule"]["if"] = {"field": "type", "equals": "Microsoft.Web/sites"}
    kit.policy("denies")
    azure.assign(kit.target())
    kit.version = "2.0.0"
    del kit.artifacts["assign-denies"]
    kit.artifacts["storage"]["properties"]["template"]["resources"][0]["name"] = "stprod2"
    found = planned(azure, kit.target())
    rows = {
        one.id.rpartition("/")[2].rpartition("-")[0] or one.id.rpartition("/")[2]: one
        for one in found.changes
    }
    assert rows["stprod2"].action == "add"
    assert (rows["stprod1"].action, rows["stprod1"].residue) == ("leave", "workload")
    assert (rows["assign-denies"].action, rows["assign-denies"].residue) == ("leave", "governance")
    assert "Deny goes on" in rows["assign-denies"].note
    assert rows["assign-audits"].action == "change"
    assert rows["rg"].action == "deploy"
    pruned = planned(azure, kit.target(), prune=True)
    assert {one.id.rpartition("/")[2].rpartition("-")[0] for one in pruned.changes if one.action == "delete"} == {
        "assign-denies", "denies",
    }  # fmt: skip


def test_what_policies_would_refuse(kit: Kit) -> None:
    """Policies that are there already, and those of the blueprint itself."""
    kit.policies["denies"] = definition("Deny")
    kit.policy("denies")
    azure = Azure()
    body = {"properties": {**definition("Deny"), "displayName": "theirs"}}
    theirs = f"{SUB}/providers/Microsoft.Authorization/policyDefinitions/theirs"
    azure.put(theirs, body, "2025-01-01")
    azure.put(
        f"{SUB}/providers/{ASSIGNMENTS}/theirs", {"properties": {"policyDefinitionId": theirs}}, "2025-01-01"
    )
    found = planned(azure, kit.target())
    assert {(one.id.rpartition("/")[2], one.ours) for one in found.refused} == {
        ("stprod1", True),
        ("stprod1", False),
    }
    assert codes(found).count("BP646") == 2


def test_what_has_no_location_is_not_refused_for_it(kit: Kit) -> None:
    """Mode Indexed passes over it, as a secret of a vault in a blueprint that allows few locations."""
    kit.policies["places"] = {
        **definition("Deny"),
        "policyRule": {
            "if": {"field": "location", "notIn": ["westeurope"]},
            "then": {"effect": "deny"},
        },
    }
    kit.policy("places")
    resources = kit.artifacts["storage"]["properties"]["template"]["resources"]
    vault = {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2016-10-01", "name": "v", "properties": {}}
    secret = {"type": "Microsoft.KeyVault/vaults/secrets", "apiVersion": "2016-10-01", "name": "v/s"}
    resources += [{**vault, "location": "westeurope"}, {**secret, "properties": {"value": "p"}}]
    assert planned(Azure(), kit.target()).refused == ()
    kit.policies["places"]["mode"] = "All"
    assert [one.id.rpartition("/")[2] for one in planned(Azure(), kit.target()).refused] == ["s"]


def test_a_definition_that_is_not_in_the_cloud(kit: Kit) -> None:
    kit.artifacts["gone"] = {
        "kind": "policyAssignment",
        "properties": {
            "policyDefinitionId": f"{SUB}/providers/Microsoft.Authorization/policyDefinitions/gone",
            "parameters": {},
        },
    }
    found = planned(Azure(), kit.target())
    assert codes(found, Severity.ERROR) == ["BP645"]


def test_orphans_and_twins_of_roles(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    orphaned(azure)
    found = planned(azure, kit.target())
    gone = [one for one in found.changes if one.action == "delete"]
    assert [one.note for one in gone] == ["its identity is gone"]
    fresh = Azure()
    role = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    name = "99999999-9999-4999-8999-999999999999"
    fresh.put(
        f"{SUB}/providers/{ROLES}/{name}", {"properties": {"roleDefinitionId": role, "principalId": PERSON}}
    )
    found = planned(fresh, kit.target())
    assert codes(found) == ["BP649"]
    text = adopted_file(found)
    assert name in text


def test_adoption_is_written_for_review(kit: Kit) -> None:
    azure = Azure()
    azure.put(f"{SUB}/resourcegroups/rg-app", {"location": "westeurope"}, "2022-09-01")
    target = kit.target()
    found = planned(azure, target)
    text = adopted_file(found)
    read = load_adopted(document_of(text), target.resolved.blueprint)
    assert list(read.groups) == ["app"]
    assert not read.groups["app"].adopt


def test_an_assignment_by_others_is_taken_over(kit: Kit) -> None:
    """As the old service leaves them: called by a GUID, and without our mark."""
    azure = Azure()
    kit.policies["plain"] = definition()
    kit.artifacts = {}
    definition_id = f"{SUB}/providers/Microsoft.Authorization/policyDefinitions/theirs"
    azure.put(definition_id, {"properties": definition()}, "2025-01-01")
    properties = {"policyDefinitionId": definition_id, "parameters": {}}
    kit.artifacts["theirs"] = {"kind": "policyAssignment", "properties": properties}
    name = "5d0cae2f-0000-4000-8000-000000000001"
    azure.put(
        f"{SUB}/providers/{ASSIGNMENTS}/{name}",
        {"properties": {"policyDefinitionId": definition_id}},
        "2025-01-01",
    )
    found = planned(azure, kit.target())
    assert "BP653" in codes(found)
    kit.adopted = document_of(adopted_file(found)).value
    assert kit.adopted["artifacts"] == {"theirs": {"name": name}}
    azure.assign(kit.target())
    assert azure.ids(ASSIGNMENTS) == [f"{SUB}/providers/{ASSIGNMENTS}/{name}"]
    assert not azure.assign(kit.target()).changed


def document_of(text: str) -> Any:
    import yaml

    return document(yaml.safe_load(text), "adopted.yaml")


def test_a_provider_that_is_not_registered(kit: Kit) -> None:
    azure = Azure()
    with azure.arm() as arm:
        arm.call("POST", f"{SUB}/providers/Microsoft.PolicyInsights/unregister", "2021-04-01")
    assert codes(planned(azure, kit.target())) == ["BP648"]


def test_least_rights_name_what_gives_rights_to_others(kit: Kit) -> None:
    kit.registers["exemptions"] = [EXEMPTION]
    found = planned(Azure(), kit.target())
    grants = {one.action for one in found.rights if one.grants}
    assert grants == {"Microsoft.Authorization/roleAssignments/write"}
    asked = {one.action for one in found.rights}
    assert "Microsoft.Storage/storageAccounts/write" in asked
    assert "Microsoft.Authorization/policyAssignments/exempt/action" in asked
    assert all(one.held for one in found.rights)


def test_the_fingerprint_follows_the_live_state(kit: Kit) -> None:
    azure = Azure()
    azure.assign(kit.target())
    first = planned(azure, kit.target()).fingerprint
    assert planned(azure, kit.target()).fingerprint == first
    id = next(one for one in azure.ids(ASSIGNMENTS) if "assign-audits" in one)
    azure.delete(id, "2025-01-01")
    assert planned(azure, kit.target()).fingerprint != first


def test_what_if_says_what_it_does_not_know(kit: Kit) -> None:
    found = planned(Azure(), kit.target(), what_if=60.0)
    assert found.what_if is not None
    assert any("whatIf" in one or "what-if" in one for one in plan_lines([found]))
    late = planned(Azure(), kit.target(), what_if=-1.0)
    assert late.what_if is not None
    assert late.what_if.failed


def test_the_plan_in_three_forms(kit: Kit) -> None:
    azure = Azure()
    found = planned(azure, kit.target())
    assert plan_json([found])["schema"] == "blueprinter/plan/1"
    assert plan_json([found]) == plan_json([planned(Azure(), kit.target())])
    text, markdown = list(plan_lines([found])), "\n".join(plan_markdown([found]))
    assert any("stprod1" in line for line in text)
    assert "| add |" in markdown
    assert "gives rights to others" in markdown
