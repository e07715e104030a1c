"""Assignments, ours and Azure's."""

from __future__ import annotations

import json

import pytest

from blueprinter.blueprint import Assignment, LockMode, load_assignment
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.document import parse

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
OTHER = "/subscriptions/00000000-0000-0000-0000-000000000002"
OURS = f"""\
name: contoso-prod
blueprint: iso
version: 1.2.0
scope: {SUB}
definitionScope: /providers/Microsoft.Management/managementGroups/platform
location: westeurope
identity: {{type: None}}
parameters:
  places: {{value: [westeurope]}}
  pin: {{reference: {{keyVault: {{id: {SUB}/resourceGroups/x/providers/Microsoft.KeyVault/vaults/v}}, secretName: p}}}}
resourceGroups: {{Hub: {{name: rg-hub, location: westeurope}}}}
locks: {{mode: allResourcesReadOnly, excludedPrincipals: [a], excludedActions: []}}
stackScope: subscription
rings:
  - {{name: audit, enforcementMode: DoNotEnforce, subscriptions: [{SUB}]}}
  - {{name: enforce, promoteWhen: {{maxGaps: 0, days: 7}}}}
adopted: adopted.yaml
"""


def load(text: str, file: str = "prod.yaml") -> Assignment:
    return load_assignment(parse(text, file))


def faults(text: str, file: str = "prod.yaml") -> list[Diagnostic]:
    try:
        return list(load(text, file).diagnostics)
    except InvalidInput as found:
        return list(found.diagnostics)


def test_ours() -> None:
    found = load(OURS)
    assert (found.name, found.blueprint, found.version) == ("contoso-prod", "iso", "1.2.0")
    assert found.scopes == (SUB,)
    assert (found.identity, found.locks.mode, found.locks.excluded_principals) == (
        "None",
        LockMode.READ_ONLY,
        ("a",),
    )
    assert found.parameters["places"].value == ["westeurope"]
    reference = found.parameters["pin"].reference
    assert reference is not None
    assert reference["secretName"] == "p"
    assert found.resource_groups == {"Hub": {"name": "rg-hub", "location": "westeurope"}}
    audit, enforce = found.rings
    assert (audit.enforced, audit.subscriptions, audit.max_gaps) == (False, (SUB,), None)
    assert (enforce.enforced, enforce.max_gaps, enforce.days) == (True, 0, 7)
    assert found.diagnostics == ()


def test_the_file_names_it() -> None:
    assert load(f"blueprint: x\nscope: {SUB}\n").name == "prod"


@pytest.mark.parametrize(
    ("scope", "scopes", "group"),
    [
        (f"scope: [{SUB}, {OTHER}]", (SUB, OTHER), ""),
        (f"scope: [{SUB}, {OTHER}, {SUB}]", (SUB, OTHER), ""),
        (f"scope: [{SUB}/, {SUB.replace('sub', 'Sub')}, {SUB.rpartition('/')[2]}]", (SUB,), ""),
        ("managementGroup: corp\nsubscriptions: all", (), "corp"),
        (f"managementGroup: corp\nsubscriptions: [{OTHER.rpartition('/')[2]}]", (OTHER,), "corp"),
    ],
)
def test_scopes(scope: str, scopes: tuple[str, ...], group: str) -> None:
    found = load(f"blueprint: x\n{scope}\n")
    assert found.scopes == scopes
    assert found.management_group == (
        f"/providers/Microsoft.Management/managementGroups/{group}" if group else ""
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (f"scope: {SUB}\n", "", ("BP270", 1)),
        (f"scope: {SUB}", "scope: prod", ("BP270", 4)),
        (f"scope: {SUB}", f"scope: {SUB}\nmanagementGroup: x", ("BP270", 1)),
        (f"scope: {SUB}", "managementGroup: x", ("BP270", 4)),
        (f"scope: {SUB}", f"scope: {SUB}\nsubscriptions: all", ("BP270", 5)),
        ("subscription\nrings", "group\nrings", ("BP111", 13)),
        ("mode: allResourcesReadOnly", "mode: ReadOnly", ("BP275", 12)),
        ("excludedPrincipals: [a]", "excludedPrincipals: [a, b, c, d, e, f]", ("BP275", 12)),
        ("{type: None}", "{type: UserAssigned}", ("BP275", 7)),
        ("{type: None}", "{type: Managed}", ("BP111", 7)),
        ("{value: [westeurope]}", "{}", ("BP204", 9)),
        ("name: enforce", "name: Audit", ("BP254", 16)),
        ("name: contoso-prod", "name: contoso prod", ("BP202", 1)),
        (
            "definitionScope: /providers/Microsoft.Management/managementGroups/platform",
            "definitionScope: x",
            ("BP250", 5),
        ),
        ("version: 1.2.0", "version: 1.2", ("BP113", 3)),
        ("location: west", "loction: west", ("BP110", 6)),
    ],
)
def test_faults(old: str, new: str, expected: tuple[str, int]) -> None:
    assert old in OURS
    found = [(one.code, one.position.line) for one in faults(OURS.replace(old, new, 1))]
    assert expected in found
    assert {code for code, _ in found} == {expected[0]} or expected[0] == "BP111"


AZURE = {
    "id": f"{SUB}/providers/Microsoft.Blueprint/blueprintAssignments/prod",
    "name": "prod",
    "type": "Microsoft.Blueprint/blueprintAssignments",
    "location": "westus2",
    "identity": {"type": "systemAssigned", "principalId": "x", "tenantId": "y"},
    "properties": {
        "blueprintId": "/providers/Microsoft.Management/managementGroups/corp/providers/Microsoft.Blueprint"
        "/blueprints/ISO_27001/versions/1.0",
        "parameters": {"p": {"value": 1}},
        "resourceGroups": {"Hub": {"name": "rg", "location": "eastus"}},
        "locks": {"mode": "none"},
        "provisioningState": "succeeded",
        "status": {"managedResources": ["a"]},
    },
}


def test_azure_s_own() -> None:
    found = load(json.dumps(AZURE), "prod.json")
    assert (found.name, found.blueprint, found.version) == ("prod", "ISO_27001", "1.0")
    assert (found.scopes, found.management_group) == ((SUB,), "")
    assert (found.identity, found.locks.mode) == ("SystemAssigned", LockMode.NONE)
    assert found.definition_scope == "/providers/Microsoft.Management/managementGroups/corp"
    assert found.parameters["p"].value == 1
    assert found.diagnostics == ()


def test_azure_s_own_at_a_management_group() -> None:
    group = "/providers/Microsoft.Management/managementGroups/corp"
    body = {
        **AZURE,
        "id": f"{group}/providers/Microsoft.Blueprint/blueprintAssignments/prod",
        "properties": {"scope": SUB, "blueprintId": "", "parameters": {}, "resourceGroups": {}},
    }
    found = load(json.dumps(body), "prod.json")
    assert (found.scopes, found.management_group, found.stack_scope) == ((SUB,), group, "managementGroup")


def test_a_request_body_has_no_scope() -> None:
    body = {key: value for key, value in AZURE.items() if key not in ("id", "name")}
    found = load(json.dumps(body), "assign.json")
    assert (found.name, found.scopes) == ("assign", ())
    assert [one.code for one in found.diagnostics] == ["BP270"]
