"""The envelope around a rule: as a file of its own, or as a resource taken out of a template."""

from __future__ import annotations

import json
from typing import Any

from blueprinter.document import parse
from blueprinter.policy import (
    AssignedPolicy,
    as_deployed,
    lint_document,
    read_definition,
    read_policy_set,
)
from unit.policy.small_policies import definition, resource, states

CONDITION = {
    "allOf": [
        {"field": "[concat('tags[', parameters('tag'), ']')]", "exists": False},
        {"field": "name", "notEquals": "[[literal]"},
    ]
}
ESCAPED = json.loads(json.dumps(CONDITION).replace('"[', '"[['))


def whole(condition: Any, effect: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "tagged",
        "type": "Microsoft.Authorization/policyDefinitions",
        **more,
        "properties": {
            "displayName": "Tagged",
            "description": "[not an expression",
            "metadata": {"version": "1.0.0", "category": "Tags"},
            "mode": "Indexed",
            "parameters": {"tag": {"type": "String"}, "effect": {"type": "String", "defaultValue": "Deny"}},
            "policyRule": {"if": condition, "then": {"effect": effect}},
        },
    }


def test_a_resource_of_a_template_is_read_as_its_deployment_leaves_it() -> None:
    plain = whole(CONDITION, "[parameters('effect')]")
    library = whole(ESCAPED, "[[parameters('effect')]", apiVersion="2021-06-01")
    assert as_deployed(library) == plain
    assert as_deployed(plain) == plain
    assigned = AssignedPolicy(read_definition(parse(json.dumps(library), "library.json")), {"tag": "env"})
    subjects = [
        resource("Contoso.Test/things", name, location="westeurope", tags=tags)
        for name, tags in (("one", {"env": "x"}), ("two", {}), ("[literal]", {}))
    ]
    found = [state for subject in subjects for state in states(assigned, subject)]
    assert [(one.state, one.effect) for one in found] == [
        ("Compliant", "Deny"),
        ("NonCompliant", "Deny"),
        ("NotApplicable", "Deny"),
    ]
    remarks, others = (
        [(one.code, one.message) for one in lint_document(parse(json.dumps(each), "library.json"))]
        for each in (library, plain)
    )
    assert remarks == others
    assert not {"BP307", "BP418", "BP460"} & {code for code, _ in remarks}


def test_brackets_of_other_definitions_stay() -> None:
    """Two of them are a text that begins with one."""
    condition = {"field": "name", "equals": "[[parameters('x')]"}
    (state,) = states(definition(condition), resource("Contoso.Test/things", "[parameters('x')]"))
    assert state.state == "NonCompliant"


def test_an_initiative_of_a_template() -> None:
    member = {
        "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/x",
        "policyDefinitionReferenceId": "x",
        "parameters": {"effect": {"value": "[[parameters('effect')]"}},
    }
    library = {
        "name": "all",
        "apiVersion": "2021-06-01",
        "properties": {
            "displayName": "All",
            "parameters": {"effect": {"type": "String"}},
            "policyDefinitions": [member],
        },
    }
    found = read_policy_set(parse(json.dumps(library), "library.json"))
    assert found.members[0].parameters["effect"] == "[parameters('effect')]"
