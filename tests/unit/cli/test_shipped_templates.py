"""The templates of the shipped blueprints: each expands, and what a blueprint deploys passes what it assigns."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from blueprinter.arm import DeploymentContext, expand
from blueprinter.blueprint import Artifact, Registers, ResolvedBlueprint, load_assignment, resolve
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.compliance import (
    EvaluateOptions,
    ExpandedTemplate,
    OfflineSource,
    Pair,
    Run,
    TemplateEstate,
    evaluate,
)
from blueprinter.document import parse
from blueprinter.policy import compile_policies
from unit.cli.conftest import Cli

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "templates" / "arm").glob("*.json"))
NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
GROUP = "22222222-2222-4222-8222-222222222222"
COMMON = {
    "location": "westeurope",
    "namePrefix": "fabrikam",
    "logArchiveName": "stfabrikamlogs",
    "keyOfficers": [GROUP],
}
VALUES: dict[str, dict[str, Any]] = {
    "iso-27001-shared-services": {
        **COMMON,
        "jumpboxKey": "ssh-ed25519 AAAA fabrikam",
        "securityContact": "security@fabrikam.example",
        "auditors": [GROUP],
        "networkTeam": [GROUP],
    },
    "iso-27001-ase-sql": {
        **COMMON,
        "databaseAdministrators": "grp-database",
        "databaseAdministratorsId": GROUP,
        "developers": [GROUP],
    },
}
DEPLOYED = {
    "iso-27001-shared-services": {
        "Microsoft.Network/azureFirewalls",
        "Microsoft.Network/firewallPolicies",
        "Microsoft.Network/bastionHosts",
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/networkWatchers/flowLogs",
        "Microsoft.KeyVault/vaults",
        "Microsoft.OperationalInsights/workspaces",
        "Microsoft.Compute/virtualMachines",
        "Microsoft.RecoveryServices/vaults",
        "Microsoft.Security/pricings",
    },
    "iso-27001-ase-sql": {
        "Microsoft.Web/hostingEnvironments",
        "Microsoft.Web/sites",
        "Microsoft.Sql/servers",
        "Microsoft.Sql/servers/databases",
        "Microsoft.KeyVault/vaults",
        "Microsoft.OperationalInsights/workspaces",
        "Microsoft.Network/networkWatchers/flowLogs",
    },
}

# A backup that a template sets up lies in the vault; Azure shows it at the machine only once it has run. What is set
# inside a machine is known once it runs.
UNDECIDED = {
    "iso-27001-shared-services": {"vm-backed-up", "vm-linux-baseline"},
    "iso-27001-ase-sql": set[str](),
}


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return open_workspace(ROOT)


def resolved(name: str, workspace: Workspace) -> ResolvedBlueprint:
    assignment = {
        "name": "fabrikam",
        "blueprint": name,
        "scope": f"/subscriptions/{SUBSCRIPTION}",
        "location": "westeurope",
        "parameters": {key: {"value": value} for key, value in VALUES[name].items()},
    }
    return resolve(
        workspace.blueprint(name),
        definitions=workspace.definitions,
        sets=workspace.sets,
        assignment=load_assignment(parse(json.dumps(assignment), "fabrikam.json")),
        builtin_facts=workspace.facts,
    )


def expanded(artifact: Artifact, blueprint: ResolvedBlueprint) -> ExpandedTemplate:
    """A template artifact as it would be deployed, with the values that the blueprint hands to it."""
    assert artifact.template is not None
    group = blueprint.resource_groups.get(artifact.resource_group, {})
    given = artifact.properties["parameters"]
    assert isinstance(given, dict)
    context = DeploymentContext(
        scope="resourceGroup" if artifact.resource_group else "subscription",
        subscription_id=SUBSCRIPTION,
        tenant_id=GROUP,
        resource_group=str(group.get("name", "")),
        location="westeurope",
        utc_now="2026-11-20T06:00:00Z",
    )
    values = {name: row["value"] for name, row in given.items() if isinstance(row, dict)}
    expansion = expand(artifact.template, parameters=values, context=context, strict=True)
    return ExpandedTemplate(artifact.template.file, artifact.template.text.encode(), expansion)


def run_of(name: str, workspace: Workspace) -> tuple[Run, list[ExpandedTemplate]]:
    blueprint = resolved(name, workspace)
    templates = [
        expanded(artifact, blueprint) for artifact in blueprint.artifacts if artifact.kind == "template"
    ]
    estate = TemplateEstate(templates)
    policies = compile_policies(
        blueprint.policies, aliases=workspace.aliases, now="2026-11-20T06:00:00.0000000Z"
    )
    source = OfflineSource(estate, policies)
    options = EvaluateOptions(now=NOW, template_only=True)
    return evaluate(blueprint, source, estate, Registers(), options, policies=blueprint.policies), templates


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_every_template_says_what_it_is_and_expands(cli: Cli, file: Path) -> None:
    value = json.loads(file.read_text())
    assert value["metadata"]["description"]
    assert all(row["metadata"]["description"] for row in value["parameters"].values())
    done = cli("template", "expand", file)
    assert done.code == 0, done.err
    assert json.loads(done.out)["resources"]


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_every_template_is_used_by_a_blueprint(file: Path) -> None:
    artifacts = [path.read_text() for path in (ROOT / "blueprints").glob("*/artifacts/*.yaml")]
    assert any(f"/arm/{file.name}" in text for text in artifacts)


@pytest.mark.parametrize("name", VALUES)
def test_a_blueprint_deploys_what_it_promises(name: str, workspace: Workspace) -> None:
    _, templates = run_of(name, workspace)
    types = {resource.type for one in templates for resource in one.expansion.resources}
    assert types >= DEPLOYED[name]


@pytest.mark.parametrize("name", VALUES)
def test_what_a_blueprint_deploys_passes_what_it_assigns(name: str, workspace: Workspace) -> None:
    run, _ = run_of(name, workspace)
    undecided = {one.state.assigned.definition.name for one in run.findings if one.pair is Pair.UNSUPPORTED}
    assert [one for one in run.findings if one.pair is not Pair.UNSUPPORTED] == []
    assert undecided == UNDECIDED[name]
    passed = Counter(
        link.link.test
        for result in run.results
        for link in result.links
        if link.counts.get(Pair.COMPLIANT, 0)
    )
    assert len(passed) >= 8, passed
