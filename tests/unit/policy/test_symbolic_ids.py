"""A resource whose id only Azure knows: what depends on its surroundings cannot be decided, and is no error."""

from __future__ import annotations

import json

from blueprinter.arm import Resource
from blueprinter.document import parse
from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    ComplianceState,
    NotCollected,
    UnsupportedReason,
    compile_policies,
    read_definition,
)

DEFINITION = {
    "properties": {
        "mode": "All",
        "policyRule": {
            "if": {"value": "[resourceGroup().name]", "equals": "production"},
            "then": {"effect": "audit"},
        },
    }
}
ID = "[resourceId('Microsoft.Storage/storageAccounts', parameters('name'))]"


def state_of(id: str) -> tuple[ComplianceState, UnsupportedReason | None]:
    definition = read_definition(parse(json.dumps(DEFINITION), "p.json"))
    policies = compile_policies(
        [AssignedPolicy(definition)], aliases=AliasTable.empty(), now="2026-11-20T06:00:00.0000000Z"
    )
    type = "Microsoft.Storage/storageAccounts"
    body = {"id": id, "type": type, "name": "a", "properties": {}}
    (state,) = policies.run(Resource(id, type, "a", body), lambda *_: NotCollected())
    return state.state, state.reason


def test_a_symbolic_id_leaves_the_resource_group_open() -> None:
    state, reason = state_of(ID)
    assert state is ComplianceState.UNSUPPORTED
    assert reason in {UnsupportedReason.RUNTIME_VALUE, UnsupportedReason.NOT_COLLECTED}


def test_a_known_id_tells_it() -> None:
    known = "/subscriptions/1/resourceGroups/production/providers/Microsoft.Storage/storageAccounts/a"
    assert state_of(known) == (ComplianceState.NON_COMPLIANT, None)
