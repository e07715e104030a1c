"""Shipped blueprints, and the public samples of Azure Blueprints, with example parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprinter.blueprint import Blueprint, BlueprintParameter, load_assignment, resolve
from blueprinter.cli.rendering import sources_of
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.content import blueprint_names
from blueprinter.render import Rendered, RenderOptions, render
from unit.render.kit import SUB, VAULT, WORKSPACE, by_type, document, expanded

SHIPPED = sorted(name for name, _ in blueprint_names(Path("/nowhere")))
SAMPLES = ["101-boilerplate", "caf-foundation", "iso_27001", "iso_27001_ase_sql", "iso_27001_shared_services"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("empty"))


def example(parameter: BlueprintParameter) -> Any:
    """A value that fits."""
    if parameter.allowed:
        return parameter.allowed[0]
    if "workspace" in parameter.strong_type.lower():
        return WORKSPACE
    return {"array": ["westeurope"], "int": 1, "bool": True, "object": {}}.get(
        parameter.type.lower(), "westeurope"
    )


def rendered(blueprint: Blueprint, workspace: Workspace, given: Mapping[str, Any] | None = None) -> Rendered:
    """A blueprint on the example subscription, every parameter with a value that fits, or the one given."""
    parameters: dict[str, Any] = {}
    for name, parameter in blueprint.parameters.items():
        if parameter.secure:
            parameters[name] = VAULT
        elif not parameter.has_default:
            parameters[name] = {"value": example(parameter)}
    parameters |= given or {}
    groups = {
        name: {
            key: f"rg-{name.lower()}" if key == "name" else "westeurope"
            for key, own in (("name", row.name), ("location", row.location))
            if own is None
        }
        for name, row in blueprint.resource_groups.items()
    }
    body = {
        "schema": "blueprinter/assignment/1",
        "name": "example",
        "blueprint": "x",
        "scope": SUB,
        "location": "westeurope",
        "parameters": parameters,
        "resourceGroups": groups,
    }
    assignment = load_assignment(document(body))
    resolved = resolve(
        blueprint,
        definitions=workspace.definitions,
        sets=workspace.sets,
        assignment=assignment,
        builtin_facts=workspace.facts,
    )
    return render(resolved, assignment, RenderOptions(sources=sources_of(workspace)))


def check(blueprint: Blueprint, made: Rendered) -> list[str]:
    """The ids of what is deployed: every artifact is there, and nothing of ours stands twice."""
    found = expanded(made)
    kinds = [artifact.kind for artifact in blueprint.artifacts]
    assigned = [one.id for one in by_type(found, "Microsoft.Authorization/policyAssignments")]
    assert len(assigned) >= kinds.count("policyAssignment")
    ours = [one.id.lower() for one in found.resources if one.type.startswith("Microsoft.Authorization/")]
    assert len(set(ours)) == len(ours)
    groups = [one.id for one in found.resources if one.type == "Microsoft.Resources/resourceGroups"]
    assert len(groups) == len(blueprint.resource_groups)
    return [one.id for one in found.resources]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_blueprints(name: str, workspace: Workspace) -> None:
    blueprint = workspace.blueprint(name)
    made = rendered(blueprint, workspace)
    assert check(blueprint, made)
    again = rendered(workspace.blueprint(name), workspace).files
    assert {name: hash(content) for name, content in again.items()} == {
        name: hash(content) for name, content in made.files.items()
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_public_samples(name: str, workspace: Workspace, shared: Path) -> None:
    blueprint = workspace.blueprint(str(shared / "data" / "azure-blueprints" / name))
    resources = check(blueprint, rendered(blueprint, workspace))
    assert len(resources) >= len([one for one in blueprint.artifacts if one.kind != "template"])


def test_the_shared_services_sample_reads_its_passwords_when_they_are_needed(
    workspace: Workspace, shared: Path
) -> None:
    blueprint = workspace.blueprint(str(shared / "data" / "azure-blueprints" / "iso_27001_shared_services"))
    made = rendered(blueprint, workspace)
    body: Any = made.templates[0].body
    with_secrets = [
        one["name"].rsplit("-", 1)[0]
        for one in body["resources"]
        if one["type"].endswith("/deployments")
        and any("reference" in row for row in one["properties"].get("parameters", {}).values())
    ]
    assert with_secrets
    secure = [name for name, one in blueprint.parameters.items() if one.secure]
    assert secure
    assert not set(secure) & set(body["parameters"])
    text = made.files["assignment.parameters.json"].decode()
    assert not [name for name in secure if name in text]
