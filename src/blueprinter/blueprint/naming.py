"""Names of what a blueprint makes in Azure: deterministic, and within Azure's limits.

An assignment of a policy is called after its artifact, and ends in eight hex digits of the blueprint's
assignment, the artifact and the definition: another definition is another assignment, since Azure takes no other
definition for one that exists. At management groups names have at most 24 characters.

A custom definition and the set of the controls are called after themselves and end in eight hex digits of their
*parameter contract*: Azure never takes a parameter away from what exists, nor another type (codes
InvalidPolicyParameterUpdate, InvalidPolicySetParameterUpdate). With another contract there is a new object, and the
assignment moves to it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable

from blueprinter.blueprint.scopes import is_management_group
from blueprinter.casing import fold
from blueprinter.policy import PolicyDefinition, definition_key

_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]+")
_SLUG, _SLUG_AT_MANAGEMENT_GROUP = 40, 15


def policy_assignment_id(scope: str, assignment: str, artifact: str, definition: str) -> str:
    """Id of the policy assignment that an artifact makes at a scope.

    `assignment` is the name of the blueprint's assignment, `definition` the id or name of what is assigned.
    """
    name = policy_assignment_name(scope, assignment, artifact, definition)
    return f"{scope}/providers/Microsoft.Authorization/policyAssignments/{name}"


def policy_assignment_name(scope: str, assignment: str, artifact: str, definition: str) -> str:
    """Name of the policy assignment that an artifact makes at a scope."""
    parts = (fold(scope), fold(assignment), fold(artifact), definition_key(definition))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
    length = _SLUG_AT_MANAGEMENT_GROUP if is_management_group(scope) else _SLUG
    return f"{slug(artifact)[:length].rstrip('-')}-{digest}"


def slug(text: str) -> str:
    """A text with everything replaced that Azure takes in no name."""
    return _NOT_ALLOWED.sub("-", text).strip("-") or "x"


def deployed_definition_name(definition: PolicyDefinition) -> str:
    """Name in Azure of a custom definition: its own, with its parameter contract."""
    contract = parameter_contract(
        (one.name, one.type, [json.dumps(value, sort_keys=True) for value in one.allowed])
        for one in definition.parameters.values()
    )
    return f"{slug(definition.name)[:_SLUG].rstrip('-')}-{contract}"


def generated_set_id(scope: str, blueprint: str, parameters: Iterable[tuple[str, str]] = ()) -> str:
    """Id of the policy set of what controls.yaml names and no artifact assigns; `scope` may be empty.

    `parameters`: names and types of the blueprint's parameters that the set takes.
    """
    contract = parameter_contract((name, type, []) for name, type in parameters)
    name = f"{slug(blueprint)[:_SLUG].rstrip('-')}-controls-{contract}"
    return f"{scope}/providers/Microsoft.Authorization/policySetDefinitions/{name}"


def parameter_contract(parameters: Iterable[tuple[str, str, Iterable[str]]]) -> str:
    """Eight hex digits of what may not change of parameters: name, type, allowed values (as JSON)."""
    rows = sorted((fold(name), fold(type), sorted(allowed)) for name, type, allowed in parameters)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:8]
