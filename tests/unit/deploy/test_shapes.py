"""Exported folders of every shape that people have: written as they write them, then planned, assigned, assigned again,
and taken back.

The oddities are those of the public samples (encodings, commas, letter case, missing names and ids, flat folders,
expressions as defaults, deployments across groups, definitions of other places); the folders are ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from blueprinter.cli import run
from blueprinter.cli.deployment import Wish, targets_of
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.deploy import Environment, PlanOptions, plan, status, unassign
from blueprinter.diagnostics import Severity
from unit.deploy.box import NOW, PERSON, READER, SUB, Azure, settings

GROUP_SCHEMA = "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#"
SUBSCRIPTION_SCHEMA = (
    "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
)
LOCATIONS = "e56962a6-4747-49cd-b67b-bf8b01975c4c"
AUDIT_VMS = "06a78e20-9358-41c9-923c-fb736d382a4d"
ISO = "89c6cddc-1c73-4ac1-b19c-54d1a15a42f2"
BUILTINS = "/providers/Microsoft.Authorization"
ROOT = "/providers/Microsoft.Management/managementGroups/ContosoRoot"


@dataclass
class Shape:
    """A folder as files, and how it is assigned."""

    files: dict[str, Any]
    """Path -> JSON value, or the bytes themselves."""
    parameters: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Any] = field(default_factory=dict)
    makes: int = 0
    """How many things a plan adds, the stack among them."""
    warns: tuple[str, ...] = ()
    """Codes of what `validate` says."""
    above: dict[str, Any] = field(default_factory=dict)
    """Rules of definitions that are kept at the management group `ContosoRoot`, by name."""

    def write(self, root: Path) -> Path:
        for name, content in self.files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(
                content if isinstance(content, bytes) else json.dumps(content).encode("utf-8-sig")
            )
        return root


def definition(parameters: Any = None, groups: Any = None, **more: Any) -> dict[str, Any]:
    properties = {
        "targetScope": "subscription",
        "parameters": parameters or {},
        "resourceGroups": groups or {},
    }
    return {
        "properties": {**properties, "status": {"timeCreated": "2020-01-01T00:00:00+00:00"}},
        "id": "/providers/Microsoft.Blueprint/blueprints/shape",
        "type": "Microsoft.Blueprint/blueprints",
        "name": "shape",
        **more,
    }


def artifact(kind: str, name: str = "", **properties: Any) -> dict[str, Any]:
    found = {"kind": kind, "properties": properties, "type": "Microsoft.Blueprint/blueprints/artifacts"}
    if name:
        found |= {"id": f"/providers/Microsoft.Blueprint/blueprints/shape/artifacts/{name}", "name": name}
    return found


def policy(id: str = AUDIT_VMS, kind: str = "policyDefinitions", **parameters: Any) -> dict[str, Any]:
    values = {name: {"value": value} for name, value in parameters.items()}
    return artifact(
        "policyAssignment",
        policyDefinitionId=f"{BUILTINS}/{kind}/{id}",
        parameters=values,
        displayName="[Preview]: p",
    )


def template(*resources: Any, schema: str = GROUP_SCHEMA, **more: Any) -> dict[str, Any]:
    return {"$schema": schema, "contentVersion": "1.0.0.0", **more, "resources": list(resources)}


def account(name: str = "[parameters('name')]", **more: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2016-01-01",
        "name": name,
        "location": "[resourceGroup().location]",
        "kind": "Storage",
        "sku": {"name": "Standard_LRS"},
        "properties": {},
        **more,
    }


def nested(inner: dict[str, Any], *, scope: str = "", **more: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {"mode": "Incremental", "template": inner}
    if scope:
        properties["expressionEvaluationOptions"] = {"scope": scope}
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2019-10-01",
        "name": "across",
        **more,
        "properties": properties,
    }


def value(one: Any) -> dict[str, Any]:
    return {"value": one}


def expressions_as_defaults() -> Shape:
    """Defaults that name other parameters and the subscription, bounds, groups named by concat, one group reached from
    another with and without an inner scope, and a template of the subscription whose resources are conditional."""
    parameters = {
        "prefix": {"type": "string"},
        "hubLocation": {"type": "string", "metadata": {"strongType": "location"}},
        "hubSubscriptionId": {"type": "string", "defaultValue": "[subscription().subscriptionId]"},
        "watcherLocation": {"type": "string", "defaultValue": "[parameters('hubLocation')]"},
        "watcher": {"type": "string", "defaultValue": "[concat('watch', parameters('watcherLocation'))]"},
        "days": {"type": "int", "defaultValue": 365, "minValue": 0, "maxValue": 365},
        "deploy": {"type": "bool", "defaultValue": True},
        "extra": {"type": "array", "defaultValue": [], "allowedValues": []},
    }
    groups = {
        "Hub": {
            "name": "[concat(parameters('prefix'), '-hub-rg')]",
            "location": "[parameters('hubLocation')]",
        },
        "Spoke": {
            "name": "[concat(parameters('prefix'), '-spoke-rg')]",
            "location": "[parameters('watcherLocation')]",
        },
    }
    inner = template(account("hubstorage2", location="westeurope"))
    spoke = template(
        account("spokestorage"),
        nested(inner, resourceGroup="[parameters('hub')]", subscriptionId="[parameters('sub')]"),
        parameters={"hub": {"type": "string"}, "sub": {"type": "string"}, "deploy": {"type": "bool"}},
    )
    hub = template(
        account(condition="[parameters('deploy')]", tags={"days": "[string(parameters('days'))]"}),
        parameters={"name": {"type": "string"}, "deploy": {"type": "bool"}, "days": {"type": "int"}},
        outputs={"id": {"type": "string", "value": "[resourceId('Microsoft.Storage/storageAccounts', 'x')]"}},
    )
    pricing = {
        "type": "Microsoft.Security/pricings",
        "apiVersion": "2018-06-01",
        "name": "VirtualMachines",
        "condition": "[parameters('on')]",
        "properties": {"pricingTier": "Standard"},
    }
    whole = template(pricing, schema=SUBSCRIPTION_SCHEMA, parameters={"on": {"type": "bool"}})
    return Shape(
        {
            "blueprint.json": definition(parameters, groups),
            "artifact.hub.json": artifact(
                "template", "hub", template=hub, resourceGroup="Hub",
                parameters={
                    "name": value("[parameters('watcher')]"),
                    "deploy": value("[parameters('deploy')]"),
                    "days": value("[parameters('days')]"),
                },
            ),
            "artifact.spoke.json": artifact(
                "template", "spoke", template=spoke, resourceGroup="Spoke", dependsOn=["hub"],
                parameters={
                    "hub": value("[concat(parameters('prefix'), '-hub-rg')]"),
                    "sub": value("[parameters('hubSubscriptionId')]"),
                    "deploy": value("[parameters('deploy')]"),
                },
            ),
            "artifact.security.json": artifact(
                "template", "security", template=whole, parameters={"on": value("[parameters('deploy')]")}
            ),
        },
        {"prefix": value("contoso"), "hubLocation": value("westeurope")},
        makes=7,
        warns=("BP220",),
    )  # fmt: skip


def another_letter_case() -> Shape:
    """Parameters, groups, dependencies and allowed values that are spelled otherwise where they are used."""
    parameters = {
        "listForSQLServerAuditing": {"type": "array", "metadata": {"strongType": "LOCATION"}},
        "networkingRGName": {"type": "String", "defaultValue": "rg-app"},
    }
    groups = {"AppNetwork": {"name": "[parameters('networkingRgName')]", "location": "westeurope"}}
    return Shape(
        {
            "blueprint.json": definition(parameters, groups, type="microsoft.blueprint/Blueprints"),
            "artifact.Locations.json": {
                "Kind": "PolicyAssignment",
                "Properties": policy(
                    LOCATIONS, listOfAllowedLocations="[parameters('listForSQLServerauditing')]"
                )["properties"],
            },
            "artifact.storage.json": artifact(
                "template", "Storage", template=template(account("appstorage")), parameters={},
                resourceGroup="APPNETWORK", dependsOn=["LOCATIONS"],
            ),
        },
        {"LISTFORSQLServerAuditing": value(["WestEurope"])},
        makes=4,
    )  # fmt: skip


def as_another_system_saved_it() -> Shape:
    """UTF-16 with a mark and CR LF, a file that is no JSON, names that are not those of the files, an assignment
    without a blueprint beside it."""

    def wide(one: Any) -> bytes:
        return json.dumps(one, indent=2).replace("\n", "\r\n").encode("utf-16")

    head = definition(
        {"contributors": {"type": "string"}}, {"App": {"name": "rg-app", "location": "westeurope"}}
    )
    role = artifact(
        "roleAssignment",
        "contributor-of-the-group",
        roleDefinitionId=f"{BUILTINS}/roleDefinitions/{READER}",
        principalIds=["[parameters('contributors')]"],
        resourceGroup="App",
        parameters={},
    )
    return Shape(
        {
            "blueprint.json": wide(head),
            "artifacts/contributor-rg-rbac.json": wide(role),
            "artifacts/storage.json": wide(
                artifact(
                    "template", "app-storage", template=template(account("appstorage")), parameters={},
                    resourceGroup="App", dependsOn=["contributor-rg-rbac"],
                )
            ),
            "artifacts/connection.txt": b"not JSON: {",
            "assign.json": {"properties": {"blueprintId": "", "parameters": {}, "resourceGroups": {}}},
        },
        {"contributors": value(PERSON)},
        makes=4,
    )  # fmt: skip


def a_comma_too_many() -> Shape:
    """A comma before the end of a list and of an object, as some editors leave it."""
    text = json.dumps(definition({"places": {"type": "array", "allowedValues": ["westeurope"]}}))
    text = text.replace('["westeurope"]}', '["westeurope",],}')
    return Shape(
        {
            "blueprint.json": text.encode("utf-8-sig"),
            "artifact.places.json": policy(LOCATIONS, listOfAllowedLocations="[parameters('places')]"),
        },
        {"places": value(["westeurope"])},
        makes=2,
    )


def flat_and_nameless() -> Shape:
    """A flat folder of the first days: another name of the definition, no types, names only as the end of an id, a
    definition that is kept at a management group, a group with a description of its own, a dependency on nothing."""
    head = {
        "properties": {
            "description": "all kinds",
            "targetScope": "subscription",
            "parameters": {},
            "resourceGroups": {
                "Networking": {"description": "networks", "location": "westeurope", "name": "rg-net"},
                "Management": {
                    "location": "westeurope", "name": "rg-manage", "dependsOn": ["outbound-port-restriction"],
                },
            },
        },
        "id": f"{ROOT}/providers/Microsoft.Blueprint/blueprints/deep-dive",
    }  # fmt: skip
    base = f"{ROOT}/providers/Microsoft.Blueprint/blueprints/deep-dive/artifacts"
    ports = {
        "kind": "policyAssignment",
        "properties": {
            "policyDefinitionId": f"{ROOT}/providers/Microsoft.Authorization/policyDefinitions/ports",
            "parameters": {},
            "resourceGroup": "Networking",
        },
        "id": f"{base}/ports",
    }
    custom = {
        "type": "Microsoft.Authorization/policyDefinitions",
        "apiVersion": "2018-03-01",
        "name": "from-a-template",
        "properties": {
            "mode": "All",
            "policyRule": {"if": {"field": "type", "equals": "x/y"}, "then": {"effect": "audit"}},
            "parameters": {},
        },
    }
    rule = {"if": {"field": "type", "equals": "x/y"}, "then": {"effect": "audit"}}
    return Shape(
        {
            "01-blueprint.json": head,
            "NETWORKINGRG-POLICY.json": ports,
            "NETWORKING-RBAC.json": {
                "kind": "roleAssignment",
                "properties": {
                    "roleDefinitionId": f"{BUILTINS}/roleDefinitions/{READER}",
                    "principalIds": [PERSON],
                    "resourceGroup": "Networking",
                },
                "id": f"{base}/readers",
            },
            # a template of the subscription that calls itself one of a resource group
            "SUB-TEMP-custom-policy-def.json": {
                "kind": "template",
                "properties": {"template": template(custom), "parameters": {}},
                "id": f"{base}/custom",
            },
        },
        makes=6,
        warns=("BP221",),
        above={"ports": rule},
    )


def groups_named_by_the_assignment() -> Shape:
    """Groups with neither name nor place, principals from parameters, names as the portal makes them."""
    odd = "[Usergrouporapplicationname]:Reader_RoleAssignmentName"
    roles = {
        f"artifact.{name}.json": artifact(
            "roleAssignment", name,
            roleDefinitionId=f"{BUILTINS}/roleDefinitions/{READER}",
            principalIds=[f"[parameters('{parameter}')]"], resourceGroup=group, parameters={},
        )
        for name, parameter, group in (("one", odd, "ProdRG"), ("two", "owners", "PreProdRG"), ("three", "owners", ""))
    }  # fmt: skip
    for body in roles.values():
        if not body["properties"]["resourceGroup"]:
            del body["properties"]["resourceGroup"]
    return Shape(
        {
            "blueprint.json": definition(
                {
                    odd: {"type": "string", "metadata": {"strongType": "PrincipalId"}},
                    "owners": {"type": "string"},
                },
                {"ProdRG": {"metadata": {"displayName": "p"}}, "PreProdRG": {}},
            ),
            **roles,
        },
        {odd: value(PERSON), "owners": value(PERSON)},
        {
            "ProdRG": {"name": "rg-prod", "location": "westeurope"},
            "PreProdRG": {"name": "rg-pre", "location": "West Europe"},
        },
        makes=6,
    )


def functions_of_its_own() -> Shape:
    """A template with functions of its own, copies, children inside of their parent, and old API versions."""
    functions = [
        {
            "namespace": "vdc",
            "members": {
                "next": {
                    "parameters": [{"name": "n", "type": "int"}],
                    "output": {
                        "type": "string",
                        "value": "[concat('subnet', string(add(parameters('n'), 1)))]",
                    },
                }
            },
        }
    ]
    network = {
        "type": "Microsoft.Network/virtualNetworks",
        "apiVersion": "2016-03-30",
        "name": "[concat('vnet', copyIndex())]",
        "location": "[resourcegroup().location]",
        "copy": {"name": "networks", "count": "[length(variables('places'))]"},
        "tags": {"first": "[vdc.next(0)]"},
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
        "resources": [
            {
                "type": "virtualNetworkPeerings",
                "apiVersion": "2016-06-01",
                "name": "hub",
                "dependsOn": ["[concat('Microsoft.Network/virtualNetworks/vnet', copyIndex())]"],
                "properties": {"allowVirtualNetworkAccess": "true"},
            }
        ],
    }
    body = template(network, functions=functions, variables={"places": ["a", "b"]})
    return Shape(
        {
            "blueprint.json": definition(
                {"never": {"type": "string", "defaultValue": ""}},
                {"Network": {"name": "rg-net", "location": "westeurope"}},
            ),
            "artifact.net.json": artifact(
                "template", "net", template=body, resourceGroup="Network", parameters={}
            ),
        },
        makes=6,
        warns=("BP220",),
    )


def an_initiative() -> Shape:
    """An initiative of Microsoft's, and nothing else."""
    return Shape(
        {
            "blueprint.json": definition(),
            "artifact.iso.json": policy(ISO, "policySetDefinitions"),
        },
        makes=3,
    )


SHAPES: tuple[Callable[[], Shape], ...] = (
    expressions_as_defaults,
    another_letter_case,
    as_another_system_saved_it,
    a_comma_too_many,
    flat_and_nameless,
    groups_named_by_the_assignment,
    functions_of_its_own,
    an_initiative,
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("repository"))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda one: one.__name__)
def test_a_folder_from_validation_to_unassignment(
    shape: Callable[[], Shape], tmp_path: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    made = shape()
    folder = made.write(tmp_path / "shape")
    assert run(["-q", "validate", str(folder), "-o", "json"]) == 0
    said = json.loads(capsys.readouterr().out)["diagnostics"]
    assert tuple(one["code"] for one in said) == made.warns
    file = tmp_path / "prod.json"
    file.write_text(
        json.dumps(
            {
                "schema": "blueprinter/assignment/1",
                "name": "prod",
                "blueprint": str(folder),
                "scope": SUB,
                "location": "westeurope",
                "parameters": made.parameters,
                "resourceGroups": made.groups,
            }
        )
    )
    azure = Azure()
    if made.above:
        azure.make_management_group("ContosoRoot")
    for name, rule in made.above.items():
        properties = {"policyType": "Custom", "mode": "All", "policyRule": rule}
        azure.put(f"{ROOT}{BUILTINS}/policyDefinitions/{name}", {"properties": properties}, "2025-03-01")
    with azure.arm() as arm:
        (target,), _ = targets_of(Wish((file,), Environment(), "AzureCloud", NOW), arm, workspace)
    azure.sent.clear()
    with azure.arm() as arm:
        planned = plan(arm, target, PlanOptions(settings(), workspace.aliases))
    assert azure.writes == []
    assert [one for one in planned.diagnostics if one.severity is Severity.ERROR] == []
    assert {one.action for one in planned.changes} == {"add"}
    assert len(planned.changes) == made.makes
    assert azure.assign(target, progress=False).changed
    assert not azure.assign(target, progress=False).changed
    assert azure.writes == []
    with azure.arm() as arm:
        assert status(arm, target, settings()).drifted == ()
        done = unassign(arm, target, azure.said.append, delete_resources=True)
    assert done.left == ()
