"""Built-in definitions that are loaded with their rules, in place of stand-ins."""

from __future__ import annotations

from typing import Any

from blueprinter.sandbox.acting.objects import is_builtin, load_builtin
from unit.sandbox.policy_box import AUTHORIZATION, policy_box, storage_id, storage_rule

NAME = "404c3081-a854-4457-ae30-26a93ef643f9"
DEFINITION = f"{AUTHORIZATION}/policyDefinitions/{NAME}"
SET = f"{AUTHORIZATION}/policySetDefinitions/base"


def _builtin(**properties: Any) -> dict[str, Any]:
    return {
        "name": NAME,
        "properties": {
            "displayName": "Secure transfer to storage accounts should be enabled",
            "policyType": "BuiltIn",
            "mode": "Indexed",
            "metadata": {"version": "2.0.0", "category": "Storage"},
            "policyRule": storage_rule("audit"),
            **properties,
        },
    }


def test_a_loaded_built_in_judges() -> None:
    body = _builtin()
    assert is_builtin(body)
    assert not is_builtin({"properties": {"policyType": "Custom"}, "name": "x"})
    with policy_box() as box:
        box.group()
        with box.sandbox.open_box() as inside:
            load_builtin(inside, body)
        found = box.good("GET", DEFINITION.upper())
        assert found["id"] == DEFINITION
        assert found["properties"]["version"] == "2.0.0"
        assert "blueprinterStandIn" not in found["properties"]["metadata"]
        box.assign("transfer", DEFINITION, definitionVersion="2.*.*")
        box.storage("bad")
        box.scan()
        assert [row["complianceState"] for row in box.states()] == ["NonCompliant"]


def test_a_stand_in_makes_place() -> None:
    with policy_box() as box:
        box.group()
        box.storage("bad")
        box.assign("transfer", DEFINITION)
        box.scan()
        assert [row["complianceState"] for row in box.states()] == ["Unknown"]
        with box.sandbox.open_box() as inside:
            load_builtin(inside, _builtin())
        box.scan()
        rows = [(row["resourceId"], row["complianceState"]) for row in box.states()]
        assert rows == [(storage_id("bad").lower(), "NonCompliant")]


def test_an_initiative_of_built_ins() -> None:
    members = [
        {"policyDefinitionId": DEFINITION, "policyDefinitionReferenceId": "transfer", "parameters": {}}
    ]
    body = {
        "name": "base",
        "properties": {"policyType": "BuiltIn", "displayName": "B", "policyDefinitions": members},
    }
    with policy_box() as box:
        box.group()
        with box.sandbox.open_box() as inside:
            load_builtin(inside, body)
        box.assign("base", SET)
        box.scan()
        (row,) = box.states()
        assert (row["complianceState"], row["policyDefinitionReferenceId"]) == ("Unknown", "transfer")
        assert row["policySetDefinitionId"] == SET.lower()
