"""Public blueprint samples, as Microsoft wrote them, and the blueprints that ship."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from blueprinter.blueprint import (
    Blueprint,
    BuiltinFacts,
    Framework,
    load_assignment,
    load_blueprint,
    load_builtin_facts,
    load_frameworks,
    policy_names,
    resolve,
)
from blueprinter.diagnostics import Severity
from blueprinter.document import load
from blueprinter.policy import (
    PolicyDefinition,
    PolicySetDefinition,
    definition_key,
    is_policy_set,
    read_definition,
    read_policy_set,
)

AGENTS = {
    "053d3325-282c-4e5c-b944-24faffd30d77",
    "0868462e-646c-4fe3-9ced-a733534b6a2c",
    "3c1b3629-c8f8-4bf6-862c-037cb9094038",
    "5ee9e9ed-0b42-41b7-8c9c-3cfb2fbe2069",
}
CONTROLS = frozenset(
    {"A.6.1.2", "A.8.2.1", "A.9.1.2", "A.9.2.3", "A.9.2.4", "A.9.2.5", "A.9.2.6", "A.9.4.3", "A.10.1.1"}
    | {"A.12.4.1", "A.12.4.3", "A.12.4.4", "A.12.6.1", "A.13.1.1", "A.13.2.1"}
)
"""The controls of which the initiative ISO 27001:2013 (8.8.0) has policies that test something."""
BLOB_ENCRYPTION = "7c5a74bf-ae94-4a74-8fcf-644d1e0e6e6f"


@pytest.fixture(scope="module")
def frameworks(root: Path) -> Mapping[str, Framework]:
    return load_frameworks([root / "blueprints" / "frameworks"])


@pytest.fixture(scope="module")
def facts(root: Path) -> BuiltinFacts:
    return load_builtin_facts(load(root / "policies" / "builtin-facts.json"))


@pytest.fixture(scope="module")
def catalog(shared: Path) -> tuple[dict[str, PolicyDefinition], dict[str, PolicySetDefinition]]:
    definitions: dict[str, PolicyDefinition] = {}
    sets: dict[str, PolicySetDefinition] = {}
    for path in sorted((shared / "data" / "azure-policy").rglob("*.json")):
        document = load(path)
        if is_policy_set(document.value):
            initiative = read_policy_set(document)
            sets[definition_key(initiative.id)] = initiative
        else:
            definition = read_definition(document)
            definitions[definition_key(definition.id)] = definition
    return definitions, sets


@pytest.mark.parametrize(
    ("name", "artifacts", "parameters", "groups", "deprecated"),
    [
        ("101-boilerplate", 3, 2, 1, set()),
        ("caf-foundation", 13, 10, 4, set()),
        ("iso_27001", 15, 12, 0, AGENTS),
        ("iso_27001_shared_services", 24, 39, 5, AGENTS | {BLOB_ENCRYPTION}),
        ("iso_27001_ase_sql", 7, 26, 5, set()),
    ],
)
def test_a_sample_loads_as_it_is(
    shared: Path,
    frameworks: Mapping[str, Framework],
    facts: BuiltinFacts,
    name: str,
    artifacts: int,
    parameters: int,
    groups: int,
    deprecated: set[str],
) -> None:
    root = shared / "data" / "azure-blueprints" / name
    blueprint = load_blueprint(root, frameworks=frameworks, builtin_facts=facts)
    assert blueprint.exported
    assert (len(blueprint.artifacts), len(blueprint.parameters), len(blueprint.resource_groups)) == (
        artifacts,
        parameters,
        groups,
    )
    named = [one.message for one in blueprint.diagnostics if one.code == "BP217"]
    assert len(named) == len(deprecated)
    assert all(any(key in message for message in named) for key in deprecated)


def test_secrets_and_addresses_of_a_sample_are_named(shared: Path, facts: BuiltinFacts) -> None:
    root = shared / "data" / "azure-blueprints" / "iso_27001_shared_services"
    blueprint = load_blueprint(root, frameworks={}, builtin_facts=facts)
    secrets = [one for one in blueprint.diagnostics if one.code == "BP214"]
    addresses = [one for one in blueprint.diagnostics if one.code == "BP216"]
    assert len(secrets) == 2
    assert len(addresses) == 4
    assert all("raw.githubusercontent.com" in one.message for one in addresses)


def test_controls_of_a_sample_come_from_its_initiative(
    shared: Path,
    frameworks: Mapping[str, Framework],
    facts: BuiltinFacts,
    catalog: tuple[dict[str, PolicyDefinition], dict[str, PolicySetDefinition]],
) -> None:
    root = shared / "data" / "azure-blueprints" / "iso_27001"
    blueprint = load_blueprint(root, frameworks=frameworks, builtin_facts=facts)
    found = resolve(blueprint, definitions=catalog[0], sets=catalog[1], builtin_facts=facts)
    assert found.framework is not None
    assert found.framework.id == "iso-27001-2013"
    assert {link.control for link in found.links} == CONTROLS
    assert len({link.test for link in found.links}) == 40
    assert {link.source for link in found.links} == {"Microsoft"}
    assert {str(link.strength) for link in found.links} == {"partial"}
    assert not found.absent
    needed = [one.message for one in found.diagnostics if one.code == "BP271"]
    assert len(needed) == 5


def test_a_request_body_of_a_sample_assigns_it(shared: Path, facts: BuiltinFacts) -> None:
    root = shared / "data" / "azure-blueprints" / "101-boilerplate"
    assignment = load_assignment(load(root / "assign.json"))
    blueprint = load_blueprint(root, frameworks={}, builtin_facts=facts)
    found = resolve(blueprint, definitions={}, sets={}, assignment=assignment)
    assert found.parameters["genericBlueprintParameter"] == "test"
    assert found.resource_groups["SingleRG"]["name"] == "test-001"
    assert [artifact.name for artifact in found.artifacts] == [
        "rbacAssignment",
        "policyAssignment",
        "myTemplate",
    ]
    owner = found.artifacts[0].properties["principalIds"]
    assert owner == ["caeebed6-cfa8-45ff-9d8a-03dba4ef9a7d"]


def blueprint_folders() -> list[str]:
    folder = Path(__file__).parents[3] / "blueprints"
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name != "frameworks")


@pytest.mark.parametrize("name", blueprint_folders())
def test_shipped_blueprints_are_clean(
    root: Path, frameworks: Mapping[str, Framework], facts: BuiltinFacts, name: str
) -> None:
    blueprint: Blueprint = load_blueprint(
        root / "blueprints" / name,
        frameworks=frameworks,
        builtin_facts=facts,
        policies=policy_names([root / "policies"]),
    )
    assert [one for one in blueprint.diagnostics if one.severity is not Severity.INFO] == []
    assert blueprint.framework is not None
    assert blueprint.links
