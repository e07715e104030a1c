"""What the tests of rendering share: a blueprint in a folder, put on a subscription, rendered and expanded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blueprinter.arm import DeploymentContext, Expansion, Resource, expand
from blueprinter.blueprint import (
    Assignment,
    BuiltinFacts,
    ResolvedBlueprint,
    load_assignment,
    load_blueprint,
    load_builtin_facts,
    resolve,
)
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.document import Document, parse
from blueprinter.policy import PolicySetDefinition, read_definition, read_policy_set
from blueprinter.render import Rendered, RenderOptions, Sources, load_adopted, render

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
OTHER = "/subscriptions/00000000-0000-0000-0000-000000000002"
GROUP = "/providers/Microsoft.Management/managementGroups/platform"
WORKSPACE = f"{SUB}/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/ws"
READER, WRITER = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "b24988ac-6180-42a0-ab88-20f7382dd24c"
BUILTIN = "e56962a6-4747-49cd-b67b-bf8b01975c4c"
VAULT: dict[str, Any] = {
    "reference": {
        "keyVault": {"id": f"{SUB}/resourceGroups/kv/providers/Microsoft.KeyVault/vaults/v"},
        "secretName": "p",
    }
}


def deploying(
    effect: str = "[parameters('effect')]", default: str = "DeployIfNotExists", **more: Any
) -> dict[str, Any]:
    """A definition whose effect deploys, with one role."""
    return {
        "mode": "Indexed",
        "displayName": "deploys",
        "parameters": {"effect": {"type": "String", "defaultValue": default}, **more},
        "policyRule": {
            "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
            "then": {
                "effect": effect,
                "details": {
                    "type": "Microsoft.Insights/diagnosticSettings",
                    "roleDefinitionIds": [
                        f"/providers/Microsoft.Authorization/roleDefinitions/{WRITER.upper()}"
                    ],
                    "deployment": {
                        "properties": {
                            "mode": "incremental",
                            "template": {
                                "$schema": "x",
                                "contentVersion": "1.0.0.0",
                                "resources": [
                                    {
                                        "name": "[concat(field('name'), '/x')]",
                                        "copy": {"name": "c", "count": 2},
                                    }
                                ],
                            },
                        }
                    },
                },
            },
        },
    }


def auditing(**parameters: Any) -> dict[str, Any]:
    """A definition that only audits."""
    return {
        "mode": "Indexed",
        "displayName": "audits",
        "parameters": parameters,
        "policyRule": {
            "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
            "then": {"effect": "audit"},
        },
    }


@dataclass
class Kit:
    """One blueprint. Change what a test is about, then `render`."""

    root: Path
    artifacts: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Any] = field(default_factory=dict)
    assignment: dict[str, Any] = field(default_factory=dict)
    policies: dict[str, Any] = field(default_factory=dict)
    policy_envelope: dict[str, Any] = field(default_factory=dict)
    """What definitions state beside their name and properties."""
    sets: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    initiative_facts: dict[str, Any] = field(default_factory=dict)
    controls: dict[str, Any] | None = None
    adopted: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    exported: bool = False
    """An Azure Blueprints folder: read leniently, so that rendering meets more."""

    def policy(self, name: str, **properties: Any) -> None:
        """An artifact that assigns `name`; a full id or GUID is a built-in."""
        key = "policyDefinition" if name in self.policies else "policyDefinitionId"
        group = {"parameters": {}, key: name, **properties}
        self.artifacts[properties.pop("artifact", f"assign-{len(self.artifacts)}")] = {
            "kind": "policyAssignment",
            "properties": {key: value for key, value in group.items() if key != "artifact"},
        }

    def role(self, artifact: str, principals: Any, role: str = READER, **properties: Any) -> None:
        held = {"roleDefinitionId": role, "principalIds": principals, **properties}
        self.artifacts[artifact] = {"kind": "roleAssignment", "properties": held}

    def template(self, artifact: str, template: Any = None, **properties: Any) -> None:
        body = template or {
            "$schema": "x/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": [],
        }
        held = {"template": body, "parameters": {}, **properties}
        self.artifacts[artifact] = {"kind": "template", "properties": held}

    def resolved(self) -> tuple[ResolvedBlueprint, Assignment, RenderOptions]:
        self._write()
        bodies = {
            name: document({**self.policy_envelope, "name": name, "properties": body})
            for name, body in self.policies.items()
        }
        definitions = {name: read_definition(body, name=name) for name, body in bodies.items()}
        # a built-in of the catalog: known, and not ours to deploy
        catalog = {name: body for name, body in bodies.items() if name[0].isdigit() or name == BUILTIN}
        own = {name: body for name, body in bodies.items() if name not in catalog}
        sets = {name: policy_set(name, body) for name, body in self.sets.items()}
        known = {"definitions": self.facts, "initiatives": self.initiative_facts}
        facts = load_builtin_facts(document(known)) if any(known.values()) else BuiltinFacts()
        frameworks = {}
        if self.controls is not None:
            from blueprinter.blueprint import load_frameworks
            from blueprinter.content import framework_files

            frameworks = dict(load_frameworks(framework_files(self.root)))
        blueprint = load_blueprint(self.root, frameworks=frameworks, builtin_facts=None)
        given = {
            "schema": "blueprinter/assignment/1",
            "name": "prod",
            "blueprint": "sample",
            "scope": SUB,
            "location": "westeurope",
            **self.assignment,
        }
        given = {key: value for key, value in given.items() if value is not None}
        assignment = load_assignment(document(given, "prod.yaml"))
        found = resolve(
            blueprint, definitions=definitions, sets=sets, assignment=assignment, builtin_facts=facts
        )
        adopted = {} if self.adopted is None else {"adopted": load_adopted(document(self.adopted), blueprint)}
        options = RenderOptions(sources=Sources(own, definitions, sets, facts), **adopted, **self.options)
        return found, assignment, options

    def render(self) -> Rendered:
        return render(*self.resolved())

    def faults(self) -> list[Diagnostic]:
        """The errors of rendering; every one has a place."""
        try:
            self.render()
        except InvalidInput as invalid:
            return [one for one in invalid.diagnostics if one.severity == "error"]
        return []

    def _write(self) -> None:
        artifacts = self.root / "artifacts"
        artifacts.mkdir(parents=True, exist_ok=True)
        for old in artifacts.iterdir():
            old.unlink()
        properties = {"version": "1.0.0", "parameters": self.parameters, "resourceGroups": self.groups}
        head: dict[str, Any] = {
            "schema": "blueprinter/blueprint/1",
            "name": "sample",
            "properties": properties,
        }
        if self.exported:
            del head["schema"]
        (self.root / "blueprint.json").write_text(json.dumps(head))
        for name, artifact in self.artifacts.items():
            (artifacts / f"{name}.json").write_text(json.dumps(artifact))
        if self.controls is not None:
            (self.root / "controls.json").write_text(
                json.dumps({"framework": "iso-27001-2022", "controls": self.controls})
            )


def document(value: Any, name: str = "x.json") -> Document:
    return parse(json.dumps(value), name)


def policy_set(name: str, body: Any) -> PolicySetDefinition:
    return read_policy_set(document({"name": name, "properties": body}), name=name)


def body_of(rendered: Rendered, name: str = "assignment") -> dict[str, Any]:
    """A template as plain JSON."""
    found: dict[str, Any] = json.loads(rendered.files[f"{name}.json"])
    return found


def resources(rendered: Rendered, type: str = "", name: str = "assignment") -> list[dict[str, Any]]:
    """The top-level resources of a template whose type ends so."""
    return [one for one in body_of(rendered, name)["resources"] if one["type"].endswith(type)]


def expanded(rendered: Rendered, name: str = "assignment", **values: Any) -> Expansion:
    """What our own engine makes of a template."""
    template = next(one for one in rendered.templates if one.name == name)
    context = DeploymentContext(
        scope=str(template.kind),
        subscription_id=SUB.rpartition("/")[2],
        management_group=template.scope.rpartition("/")[2],
        location=template.location,
        deployment_name=template.deployment,
    )
    given: Mapping[str, Any] = {**template.parameters, **values}
    return expand(
        document(dict(template.body), f"{name}.json"), parameters=given, context=context, strict=True
    )


def by_type(expansion: Expansion, type: str) -> list[Resource]:
    return [one for one in expansion.resources if one.type.endswith(type)]
