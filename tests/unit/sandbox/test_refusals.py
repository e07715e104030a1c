"""What Azure refuses the sandbox refuses too, with Azure's code: a row is what was there, what is asked, the answer."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.sandbox import Settings
from unit.sandbox.heart_box import GROUP, STORAGE, SUB, Asking

AUTH = f"{SUB}/providers/Microsoft.Authorization"
DEFINITION = f"{AUTH}/policyDefinitions/one"
SET = f"{AUTH}/policySetDefinitions/many"
ASSIGNMENT = f"{AUTH}/policyAssignments/a"
ROLE = f"{AUTH}/roleAssignments/00000000-0000-0000-0000-000000000011"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
SCHEMA = "https://schema.management.azure.com/schemas"
DEPLOYMENT = f"{SUB}/providers/Microsoft.Resources/deployments/d"
STACK = f"{GROUP}/providers/Microsoft.Resources/deploymentStacks/s"
OTHER_GROUP = f"{SUB}/resourceGroups/elsewhere"


def definition(**parameters: Any) -> Any:
    rule = {"if": {"field": "location", "equals": "mars"}, "then": {"effect": "audit"}}
    return {"properties": {"mode": "All", "policyRule": rule, "parameters": parameters}}


def text(**more: Any) -> Any:
    return {"type": "String", "defaultValue": "x", **more}


def deploying() -> Any:
    details = {
        "type": "Microsoft.Insights/diagnosticSettings",
        "roleDefinitionIds": [f"/providers/Microsoft.Authorization/roleDefinitions/{READER}"],
        "deployment": {"properties": {"mode": "incremental", "template": template()}},
    }
    condition = {"field": "type", "equals": "Microsoft.Storage/storageAccounts"}
    rule = {"if": condition, "then": {"effect": "deployIfNotExists", "details": details}}
    return {"properties": {"mode": "Indexed", "policyRule": rule}}


def members(id: str = DEFINITION, **parameters: Any) -> Any:
    return {
        "properties": {
            "parameters": parameters,
            "policyDefinitions": [{"policyDefinitionId": id, "policyDefinitionReferenceId": "r"}],
        }
    }


def assigned(id: str = DEFINITION, **top: Any) -> Any:
    return {"properties": {"policyDefinitionId": id}, **top}


def role(principal: str = "aa", role: str = READER) -> Any:
    return {
        "properties": {
            "roleDefinitionId": f"{AUTH}/roleDefinitions/{role}",
            "principalId": f"00000000-0000-0000-0000-0000000000{principal}",
            "principalType": "ServicePrincipal",
        }
    }


def template(*resources: Any, schema: str = "2019-04-01/deploymentTemplate.json#", **more: Any) -> Any:
    return {"$schema": f"{SCHEMA}/{schema}", "contentVersion": "1.0.0.0", "resources": [*resources], **more}


def deployment(content: Any, location: str = "westeurope", **properties: Any) -> Any:
    return {"location": location, "properties": {"mode": "Incremental", "template": content, **properties}}


def in_group(content: Any, **properties: Any) -> Any:
    return {"properties": {"mode": "Incremental", "template": content, **properties}}


def stack() -> Any:
    properties = {
        "template": template(),
        "actionOnUnmanage": {"resources": "detach"},
        "denySettings": {"mode": "none"},
    }
    return {"properties": properties}


SUBSCRIPTION_SCHEMA = "2018-05-01/subscriptionDeploymentTemplate.json#"
EMPTY = template(schema=SUBSCRIPTION_SCHEMA)
IN_GROUP = f"{GROUP}/providers/Microsoft.Resources/deployments/d"
ACCOUNT = {
    "type": "Microsoft.Storage/storageAccounts",
    "apiVersion": "2022-09-01",
    "name": "two",
    "location": "westeurope",
}
NAMED_BY_REFERENCE = template({**ACCOUNT, "name": f"[reference('{STORAGE}/one', '2022-09-01').x]"})
SECRET = {
    "p": {
        "reference": {
            "keyVault": {"id": f"{GROUP}/providers/Microsoft.KeyVault/vaults/none"},
            "secretName": "s",
        }
    }
}

Ask = tuple[str, str, Any]
Row = tuple[str, tuple[Ask, ...], Ask, tuple[int, str]]

ROWS: tuple[Row, ...] = (
    (
        "a parameter taken out of a definition",
        (("PUT", DEFINITION, definition(p=text())),),
        ("PUT", DEFINITION, definition()),
        (400, "InvalidPolicyParameterUpdate"),
    ),
    (
        "a parameter taken out of a set",
        (("PUT", DEFINITION, definition()), ("PUT", SET, members(p=text()))),
        ("PUT", SET, members()),
        (400, "InvalidPolicySetParameterUpdate"),
    ),
    (
        "a role assignment for somebody else",
        (("PUT", ROLE, role("aa")),),
        ("PUT", ROLE, role("bb")),
        (400, "RoleAssignmentUpdateNotPermitted"),
    ),
    (
        "the same role assignment under another name",
        (("PUT", ROLE, role()),),
        ("PUT", f"{ROLE[:-1]}2", role()),
        (409, "RoleAssignmentExists"),
    ),
    (
        "another location of an assignment",
        (
            ("PUT", DEFINITION, deploying()),
            ("PUT", ASSIGNMENT, assigned(location="westeurope", identity={"type": "SystemAssigned"})),
        ),
        ("PUT", ASSIGNMENT, assigned(location="northeurope", identity={"type": "SystemAssigned"})),
        (400, "invalidlocationupdate"),
    ),
    (
        "deployIfNotExists without an identity",
        (("PUT", DEFINITION, deploying()),),
        ("PUT", ASSIGNMENT, assigned(location="westeurope")),
        (400, "ResourceIdentityRequired"),
    ),
    (
        "an identity without a location",
        (("PUT", DEFINITION, deploying()),),
        ("PUT", ASSIGNMENT, assigned(identity={"type": "SystemAssigned"})),
        (400, "LocationRequired"),
    ),
    (
        "a set with a definition that is not there",
        (),
        ("PUT", SET, members()),
        (400, "PolicyDefinitionNotFound"),
    ),
    (
        "a set above the scope of its definition",
        (("PUT", DEFINITION, definition()),),
        (
            "PUT",
            "/providers/Microsoft.Management/managementGroups/00000000-0000-0000-0000-0000000000aa"
            "/providers/Microsoft.Authorization/policySetDefinitions/many",
            members(),
        ),
        (400, "InvalidCreatePolicySetDefinitionRequest"),
    ),
    (
        "a definition that is assigned, deleted",
        (("PUT", DEFINITION, definition()), ("PUT", ASSIGNMENT, assigned())),
        ("DELETE", DEFINITION, None),
        (400, "InvalidDeletePolicyDefinitionRequest"),
    ),
    (
        "a definition of a set, deleted",
        (("PUT", DEFINITION, definition()), ("PUT", SET, members())),
        ("DELETE", DEFINITION, None),
        (400, "InvalidDeletePolicyDefinitionRequest"),
    ),
    (
        "a set that is assigned, deleted",
        (
            ("PUT", DEFINITION, definition()),
            ("PUT", SET, members()),
            ("PUT", ASSIGNMENT, assigned(SET)),
        ),
        ("DELETE", SET, None),
        (400, "InvalidDeletePolicySetDefinitionRequest"),
    ),
    (
        "a resource group in another location",
        (),
        ("PUT", GROUP, {"location": "northeurope"}),
        (409, "InvalidResourceGroupLocation"),
    ),
    (
        "the name of a deployment in another location",
        (("PUT", DEPLOYMENT, deployment(EMPTY)), *[("GET", DEPLOYMENT, None)] * 3),
        ("PUT", DEPLOYMENT, deployment(EMPTY, "northeurope")),
        (409, "InvalidDeploymentLocation"),
    ),
    (
        "a deployment under way",
        (("PUT", IN_GROUP, in_group(template(ACCOUNT))),),
        ("PUT", IN_GROUP, in_group(template(ACCOUNT))),
        (409, "DeploymentActive"),
    ),
    (
        "a stack under way",
        (("PUT", STACK, stack()),),
        ("PUT", STACK, stack()),
        (409, "DeploymentStackInNonTerminalState"),
    ),
    (
        "the schema of another scope",
        (),
        ("PUT", DEPLOYMENT, deployment(template(ACCOUNT))),
        (400, "InvalidTemplate"),
    ),
    (
        "reference() in a name",
        (("PUT", f"{STORAGE}/one", {"location": "westeurope"}),),
        ("PUT", IN_GROUP, in_group(NAMED_BY_REFERENCE)),
        (400, "InvalidTemplate"),
    ),
    (
        "a secret of a vault that is not there",
        (),
        ("PUT", IN_GROUP, in_group(template(parameters={"p": {"type": "securestring"}}), parameters=SECRET)),
        (400, "KeyVaultParameterReferenceNotFound"),
    ),
    (
        "a name of a resource with a mark that it may not have",
        (),
        ("PUT", f"{STORAGE}/%3Cscript%3E", {"location": "westeurope"}),
        (400, "InvalidResourceName"),
    ),
    (
        "a name of a deployment that is too long",
        (),
        ("PUT", DEPLOYMENT + "d" * 64, deployment(EMPTY)),
        (400, "InvalidDeploymentName"),
    ),
    (
        "more parameters than a definition can have",
        (),
        ("PUT", DEFINITION, definition(**{f"p{number}": text() for number in range(21)})),
        (400, "TooManyPolicyParameters"),
    ),
    (
        "more members than a set can have",
        (("PUT", DEFINITION, definition()),),
        (
            "PUT",
            SET,
            {"properties": {"policyDefinitions": members()["properties"]["policyDefinitions"] * 1001}},
        ),
        (400, "InvalidCreatePolicySetDefinitionRequest"),
    ),
    (
        "more excluded scopes than an assignment can have",
        (("PUT", DEFINITION, definition()),),
        (
            "PUT",
            ASSIGNMENT,
            {
                "properties": {
                    "policyDefinitionId": DEFINITION,
                    "notScopes": [f"{SUB}/resourceGroups/g{number}" for number in range(401)],
                }
            },
        ),
        (400, "InvalidCreatePolicyAssignmentRequest"),
    ),
    (
        "more tags than a resource can have",
        (),
        (
            "PUT",
            f"{GROUP}/providers/Microsoft.Resources/tags/default",
            {"properties": {"tags": {f"t{number}": "x" for number in range(51)}}},
        ),
        (400, "TooManyTags"),
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_refused_as_azure_does(row: Row) -> None:
    _, before, (method, path, body), answer = row
    asking = Asking(settings=Settings(steps=2))
    asking.group()
    for ask in before:
        asking.ok(*ask)
    assert asking.refused(method, path, body) == answer


def test_what_is_new_cannot_be_named_for_a_while() -> None:
    asking = Asking(settings=Settings(replication=3))
    asking.ok("PUT", DEFINITION, deploying())
    body = assigned(location="westeurope", identity={"type": "SystemAssigned"})
    assert asking.refused("PUT", ASSIGNMENT, body) == (404, "PolicyDefinitionNotFound")
    let_time_pass(asking)
    principal = asking.ok("PUT", ASSIGNMENT, body)["identity"]["principalId"]
    granted = {
        "properties": {"roleDefinitionId": f"{AUTH}/roleDefinitions/{OWNER}", "principalId": principal}
    }
    assert asking.refused("PUT", ROLE, granted) == (400, "PrincipalNotFound")
    let_time_pass(asking)
    asking.ok("PUT", ROLE, granted)


def let_time_pass(asking: Asking) -> None:
    for _ in range(3):
        asking.ok("GET", SUB)
