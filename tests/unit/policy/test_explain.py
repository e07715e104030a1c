"""`policy explain`: the steps in text and JSON byte by byte, and what must hold of any of them.

After a wanted change, `BLUEPRINTER_UPDATE_GOLDEN=1 pytest tests/unit/policy/test_explain.py` writes the files anew;
read the difference before it is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blueprinter.arm import Resource
from blueprinter.document import parse
from blueprinter.policy import (
    AliasTable,
    Around,
    AssignedPolicy,
    Explanation,
    Lookup,
    NoneExist,
    explain_policy,
    explanation_lines,
    read_definition,
)
from unit.policy.small_policies import GROUP, NOW, Answers, found, resource

GOLDEN = Path(__file__).parents[2] / "golden" / "policy-explain"
NSG = "Microsoft.Network/networkSecurityGroups"
RULES = f"{NSG}/securityRules[*]"
ALIASES = AliasTable.inline(
    {
        RULES: "properties.securityRules[*]",
        f"{RULES}.access": "properties.securityRules[*].properties.access",
        f"{RULES}.ports[*]": "properties.securityRules[*].properties.ports[*]",
        "Microsoft.Sql/servers/auditingSettings/state": "properties.state",
        "Microsoft.Sql/servers/minimalTlsVersion": "properties.minimalTlsVersion",
        "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly": "properties.supportsHttpsTrafficOnly",
    }
)


def explained(
    rule: Any,
    subject: Resource,
    lookup: Lookup | None = None,
    *,
    parameters: dict[str, Any] | None = None,
    values: dict[str, Any] | None = None,
    around: Around | None = None,
    aliases: AliasTable = ALIASES,
    **properties: Any,
) -> Explanation:
    whole = {
        "name": "test",
        "properties": {
            "displayName": "A test",
            "mode": "All",
            "parameters": parameters or {},
            "policyRule": rule,
            **properties,
        },
    }
    document = parse(json.dumps(whole, indent=1), "policy.json")
    return explain_policy(
        AssignedPolicy(read_definition(document), values or {}),
        subject,
        lookup or Answers(),
        aliases=aliases,
        now=NOW,
        around=around,
        document=document,
    )


def nested_counts() -> Explanation:
    open_port = {
        "count": {
            "value": "[parameters('ports')]",
            "name": "port",
            "where": {"value": "[current('port')]", "in": f"[current('{RULES}.ports[*]')]"},
        },
        "greater": 0,
    }
    where = {"allOf": [{"field": f"{RULES}.access", "equals": "Allow"}, open_port]}
    rule = {
        "if": {
            "allOf": [
                {"field": "type", "equals": NSG},
                {"count": {"field": RULES, "where": where}, "greater": 0},
            ]
        },
        "then": {"effect": "[parameters('effect')]"},
    }
    rules = [
        {"name": "web", "properties": {"access": "Allow", "ports": [443]}},
        {"name": "ssh", "properties": {"access": "Allow", "ports": [22, 80]}},
        {"name": "rest", "properties": {"access": "Deny"}},
    ]
    return explained(
        rule,
        resource(NSG, "front", properties={"securityRules": rules}),
        parameters={
            "effect": {"type": "String", "defaultValue": "Audit"},
            "ports": {"type": "Array", "defaultValue": [22, 3389]},
        },
        values={"effect": "Deny"},
    )


def related() -> Explanation:
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Sql/servers"},
        "then": {
            "effect": "auditIfNotExists",
            "details": {
                "type": "Microsoft.Sql/servers/auditingSettings",
                "existenceCondition": {
                    "anyOf": [
                        {"field": "Microsoft.Sql/servers/auditingSettings/state", "equals": "Enabled"},
                        {"value": "[field('Microsoft.Sql/servers/minimalTlsVersion')]", "equals": "1.3"},
                    ]
                },
            },
        },
    }
    type = "Microsoft.Sql/servers/auditingSettings"
    settings = (
        resource(type, "s/old", properties={"state": "Disabled"}),
        resource(type, "s/default", properties={"state": "enabled"}),
        resource(type, "s/more", properties={}),
    )
    server = resource("Microsoft.Sql/servers", "s", properties={"minimalTlsVersion": "1.2"})
    return explained(rule, server, Answers({type: found(*settings)}))


def not_applicable() -> Explanation:
    """The rule holds, and mode Indexed does not look at resource groups."""
    rule = {"if": {"field": "tags['owner']", "exists": "false"}, "then": {"effect": "audit"}}
    group = Resource(
        GROUP, "Microsoft.Resources/subscriptions/resourceGroups", "rg", {"id": GROUP, "tags": None}
    )
    return explained(rule, group, mode="Indexed")


def open_ends() -> Explanation:
    rule = {
        "if": {
            "anyOf": [
                {"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "notEquals": True},
                {"value": "[resourceGroup().tags['stage']]", "equals": "prod"},
                {"not": {"field": "location", "in": ["West Europe"]}},
                {"value": "[parameters('missing')]", "equals": "x"},
                {"value": "[first(field('tags'))]", "equals": "x"},
                {"field": "name", "like": "later-*"},
            ]
        },
        "then": {"effect": "audit"},
    }
    account = resource(
        "Microsoft.Storage/storageAccounts", "a\x1b[31m\u202e", location="westeurope", tags={"a": 1}
    )
    return explained(rule, account, parameters={"missing": {"type": "String"}})


def with_context() -> Explanation:
    rule = {
        "if": {
            "allOf": [
                {"value": "[resourceGroup().name]", "like": "rg-*"},
                {"value": "[policy().assignmentId]", "exists": True},
                {"value": "[requestContext().apiVersion]", "greaterOrEquals": "2020-01-01"},
            ]
        },
        "then": {
            "effect": "modify",
            "details": {
                "roleDefinitionIds": [],
                "operations": [
                    {"operation": "add", "field": "tags.stage", "value": "[subscription().displayName]"}
                ],
            },
        },
    }
    around = Around(
        {"name": "rg-shop", "tags": {}},
        {"displayName": "Shop"},
        {"assignmentId": "/a/b"},
        {"apiVersion": "2021-01-01"},
    )
    return explained(rule, resource("Microsoft.Web/sites", "shop", properties={}), around=around)


CASES: dict[str, Callable[[], Explanation]] = {
    "nested-counts": nested_counts,
    "related": related,
    "not-applicable": not_applicable,
    "open-ends": open_ends,
    "with-context": with_context,
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("suffix", ["txt", "json"])
def test_explanations_are_as_kept(name: str, suffix: str) -> None:
    made = CASES[name]()
    # how a finding is worded is another matter, with tests of its own
    text = "".join(f"{line}\n" for line in explanation_lines(made) if "wanted" not in line)
    if suffix == "json":
        machine = {key: value for key, value in made.as_json().items() if key != "finding"}
        text = json.dumps(machine, indent=1) + "\n"
    file = GOLDEN / f"{name}.{suffix}"
    if os.environ.get("BLUEPRINTER_UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()


def test_what_nobody_had_to_ask_says_so() -> None:
    rule = {
        "if": {"anyOf": [{"field": "name", "equals": "x"}, {"field": "kind", "equals": "y"}]},
        "then": {"effect": "audit"},
    }
    (step,) = explained(rule, resource("Microsoft.Web/sites", "x")).rule.steps
    assert [(one.number, str(one.outcome), one.looks) for one in step.members][1] == ("1.2", "not asked", ())
    assert [str(one.outcome) for one in step.members] == ["true", "not asked"]


def test_rule_and_applicability_stand_apart() -> None:
    made = not_applicable()
    assert (str(made.applicable.outcome), str(made.rule.outcome)) == ("false", "true")
    assert made.state == "NotApplicable"


def test_lines_of_the_file_are_given() -> None:
    rule = {"if": {"field": "name", "equals": "x"}, "then": {"effect": "audit"}}
    (step,) = explained(rule, resource("Microsoft.Web/sites", "x")).rule.steps
    assert (step.pointer, step.line) == ("/properties/policyRule/if", 8)


def test_a_switched_off_policy_still_shows_its_rule() -> None:
    rule = {"if": {"field": "name", "equals": "x"}, "then": {"effect": "Disabled"}}
    made = explained(rule, resource("Microsoft.Web/sites", "x"))
    assert made.judgement.state is None
    assert str(made.rule.outcome) == "true"
    assert "state: no state, effect Disabled" in list(explanation_lines(made))


@pytest.mark.parametrize(
    "properties",
    [{"mode": "Microsoft.Kubernetes.Data"}, {"policyType": "Static"}],
    ids=["data plane", "static"],
)
def test_what_no_engine_can_ask_is_not_asked(properties: dict[str, Any]) -> None:
    rule = {"if": {"field": "type", "equals": "Microsoft.Web/sites"}, "then": {"effect": "audit"}}
    made = explained(rule, resource("Microsoft.Web/sites", "x"), **properties)
    assert str(made.rule.outcome) == "not asked"
    assert made.rule.detail


def test_long_counts_are_cut_and_counted() -> None:
    rule = {
        "if": {
            "count": {"field": RULES, "where": {"field": f"{RULES}.access", "equals": "Deny"}},
            "equals": 250,
        },
        "then": {"effect": "audit"},
    }
    rules = [{"properties": {"access": "Deny"}} for _ in range(250)]
    (step,) = explained(rule, resource(NSG, "n", properties={"securityRules": rules})).rule.steps
    assert (len(step.members), step.left_out, step.detail) == (100, 150, "250 counted")
    assert str(step.outcome) == "true"


def test_the_lookup_is_asked_what_the_policy_asks() -> None:
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Sql/servers"},
        "then": {
            "effect": "auditIfNotExists",
            "details": {"type": "Microsoft.Sql/servers/auditingSettings", "name": "default"},
        },
    }
    lookup = Answers({"Microsoft.Sql/servers/auditingSettings": NoneExist()})
    server = resource("Microsoft.Sql/servers", "s")
    made = explained(rule, server, lookup)
    assert set(lookup.asked) == {("Microsoft.Sql/servers/auditingSettings", "s/default", server.id)}
    assert made.existence is not None
    assert (str(made.existence.verdict.outcome), made.existence.candidates, made.state) == (
        "false",
        (),
        "NonCompliant",
    )


def test_the_finding_is_given() -> None:
    rule = {"if": {"field": "kind", "equals": "old"}, "then": {"effect": "audit"}}
    made = explained(rule, resource("Microsoft.Web/sites", "x", kind="old"))
    finding = made.as_json()["finding"]
    assert isinstance(finding, dict)
    assert (finding["path"], finding["actual"]) == ("kind", "old")
    assert any(line.startswith("  kind: wanted ") for line in explanation_lines(made))
