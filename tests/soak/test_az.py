"""The real `az` against a sandbox over HTTPS: what people type, with the files that `blueprinter sandbox env` writes.

`az` is looked for on PATH and under AZ_CLI. It is a large package of its own and no dependency of the project.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.soak

Az = Callable[..., Any]
AZ = os.environ.get("AZ_CLI") or shutil.which("az")
BLUEPRINTER = Path(sys.executable).parent / "blueprinter"
RULE = {
    "if": {
        "allOf": [
            {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
            {"field": "location", "notEquals": "westeurope"},
        ]
    },
    "then": {"effect": "audit"},
}
SUBSCRIPTION_TEMPLATE = """{
  // a template with a comment, as people write them
  "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "group": { "type": "string", "defaultValue": "by-az" } },
  "resources": [
    {
      "type": "Microsoft.Resources/resourceGroups",
      "apiVersion": "2022-09-01",
      "name": "[parameters('group')]",
      "location": "westeurope"
    }
  ],
  "outputs": { "group": { "type": "string", "value": "[parameters('group')]" } }
}
"""
GROUP_TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}},
    "resources": [
        {
            "type": "Microsoft.Storage/storageAccounts",
            "apiVersion": "2023-01-01",
            "name": "[parameters('name')]",
            "location": "northeurope",
        }
    ],
}

MANAGEMENT_GROUP_TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-08-01/managementGroupDeploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "resources": [],
}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    """Runs `az` with arguments; what it prints, read as JSON."""
    if AZ is None or not Path(AZ).is_file():
        pytest.skip("needs the Azure CLI: put az on PATH, or its path into AZ_CLI")
    folder, port = tmp_path_factory.mktemp("az"), str(_free_port())
    where = ["--port", port, "--directory", str(folder / "sandbox")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([BLUEPRINTER, "sandbox", "run", "--https", *where], stdout=log, stderr=log)
    try:
        _wait_for(int(port), server, folder / "log")
        printed = subprocess.run(
            [BLUEPRINTER, "sandbox", "env", *where], capture_output=True, text=True, check=True
        )
        variables = dict(
            shlex.split(line)[1].split("=", 1)
            for line in printed.stdout.splitlines()
            if line.startswith("export ")
        )

        def run(*arguments: str) -> Any:
            done = subprocess.run(
                [AZ, *arguments, "-o", "json"],
                capture_output=True,
                text=True,
                timeout=120,
                cwd=folder,
                env={**os.environ, **variables},
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout) if done.stdout.strip() else None

        (folder / "subscription.json").write_text(SUBSCRIPTION_TEMPLATE, encoding="utf-8")
        # for stacks az reads the file itself, without comments
        bare = "".join(
            line for line in SUBSCRIPTION_TEMPLATE.splitlines(True) if "//" not in line.partition('"')[0]
        )
        (folder / "stack.json").write_text(bare, encoding="utf-8")
        (folder / "management.json").write_text(json.dumps(MANAGEMENT_GROUP_TEMPLATE), encoding="utf-8")
        (folder / "group.json").write_text(json.dumps(GROUP_TEMPLATE), encoding="utf-8")
        (folder / "rule.json").write_text(json.dumps(RULE), encoding="utf-8")
        yield run
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        assert server.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the sandbox does not listen: {log.read_text()}")


def test_groups(az: Az) -> None:
    assert (
        az("group", "create", "-n", "one", "-l", "westeurope")["properties"]["provisioningState"]
        == "Succeeded"
    )
    assert "one" in [group["name"] for group in az("group", "list")]
    az("group", "delete", "-n", "one", "--yes")
    assert az("group", "exists", "-n", "one") is False


def test_deployments(az: Az) -> None:
    made = az("deployment", "sub", "create", "-n", "d", "-l", "westeurope", "-f", "subscription.json")
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert made["properties"]["outputs"]["group"]["value"] == "by-az"
    assert az("deployment", "sub", "show", "-n", "d")["name"] == "d"
    operations = az("deployment", "operation", "sub", "list", "-n", "d")
    assert {one["properties"]["provisioningState"] for one in operations} == {"Succeeded"}
    az("deployment", "group", "create", "-g", "by-az", "-n", "e", "-f", "group.json", "-p", "name=account")
    shown = az(
        "resource",
        "show",
        "-g",
        "by-az",
        "-n",
        "account",
        "--resource-type",
        "Microsoft.Storage/storageAccounts",
    )
    assert shown["location"] == "northeurope"
    az(
        "deployment",
        "sub",
        "what-if",
        "-n",
        "d",
        "-l",
        "westeurope",
        "-f",
        "subscription.json",
        "--no-pretty-print",
    )


def test_policies(az: Az) -> None:
    """The account of the deployment before lies in the wrong place."""
    az("policy", "definition", "create", "-n", "place", "--rules", "rule.json", "--mode", "Indexed")
    az("policy", "assignment", "create", "-n", "place", "--policy", "place")
    assert [one["name"] for one in az("policy", "assignment", "list")] == ["place"]
    az("policy", "state", "trigger-scan")
    assert az("policy", "state", "summarize")["results"]["nonCompliantResources"] == 1
    assert [one["complianceState"] for one in az("policy", "state", "list")] == ["NonCompliant"]
    assignment = az("policy", "assignment", "show", "-n", "place")["id"]
    waiver = ("--policy-assignment", assignment, "--exemption-category", "Waiver")
    az("policy", "exemption", "create", "-n", "waived", *waiver)
    assert [one["name"] for one in az("policy", "exemption", "list")] == ["waived"]
    az("policy", "state", "trigger-scan")
    assert [one["complianceState"] for one in az("policy", "state", "list")] == ["Exempt"]


def test_stacks(az: Az) -> None:
    settings = ("--deny-settings-mode", "none", "--action-on-unmanage", "deleteAll", "--yes")
    template = ("-l", "westeurope", "-f", "stack.json", "-p", "group=stacked")
    assert az("stack", "sub", "create", "-n", "s", *template, *settings)["provisioningState"] == "succeeded"
    assert [one["name"] for one in az("stack", "sub", "list")] == ["s"]
    assert "stacked" in [group["name"] for group in az("group", "list")]
    az("stack", "sub", "delete", "-n", "s", "--action-on-unmanage", "deleteAll", "--yes")
    assert "stacked" not in [group["name"] for group in az("group", "list")]


def test_a_stack_that_denies(az: Az) -> None:
    az("group", "create", "-n", "guarded", "-l", "westeurope")
    settings = ("--deny-settings-mode", "denyDelete", "--action-on-unmanage", "deleteResources", "--yes")
    az(
        "stack",
        "group",
        "create",
        "-g",
        "guarded",
        "-n",
        "s",
        "-f",
        "group.json",
        "-p",
        "name=kept",
        *settings,
    )
    (kept,) = az("resource", "list", "-g", "guarded")
    with pytest.raises(AssertionError, match=r"failed to be deleted|DenyAssignmentAuthorizationFailed"):
        az("resource", "delete", "--ids", kept["id"])
    az(
        "stack",
        "group",
        "delete",
        "-g",
        "guarded",
        "-n",
        "s",
        "--action-on-unmanage",
        "deleteResources",
        "--yes",
    )
    assert az("resource", "list", "-g", "guarded") == []


def test_management_groups_roles_and_identities(az: Az) -> None:
    az("account", "management-group", "create", "-n", "platform", "--display-name", "Platform")
    az("deployment", "mg", "create", "-m", "platform", "-l", "westeurope", "-n", "d", "-f", "management.json")
    above = ("--management-group", "platform", "--rules", "rule.json", "--mode", "Indexed")
    made = az("policy", "definition", "create", "-n", "above", *above)
    scope = "/providers/Microsoft.Management/managementGroups/platform"
    az("policy", "assignment", "create", "-n", "above", "--policy", made["id"], "--scope", scope)
    assert [one["name"] for one in az("policy", "assignment", "list", "--scope", scope)] == ["above"]
    subscription = az("account", "show")["id"]
    identity = ("--mi-system-assigned", "-l", "westeurope", "--role", "Reader")
    at = ("--identity-scope", f"/subscriptions/{subscription}")
    az("policy", "definition", "create", "-n", "here", "--rules", "rule.json", "--mode", "Indexed")
    assigned = az("policy", "assignment", "create", "-n", "here", "--policy", "here", *identity, *at)
    principals = [one["principalId"] for one in az("role", "assignment", "list", "--all")]
    assert assigned["identity"]["principalId"] in principals
    az("policy", "assignment", "delete", "-n", "here")


def test_what_else_people_ask(az: Az) -> None:
    az("lock", "create", "-n", "keep", "--lock-type", "CanNotDelete")
    assert [lock["name"] for lock in az("lock", "list")] == ["keep"]
    az("lock", "delete", "-n", "keep")
    assert [role["roleName"] for role in az("role", "definition", "list", "-n", "Reader")] == ["Reader"]
    assert isinstance(az("role", "assignment", "list"), list)
    assert az("provider", "list")
    assert [one["displayName"] for one in az("rest", "-u", "/subscriptions?api-version=2022-12-01")["value"]]
    query = json.dumps({"query": "ResourceContainers | where type has 'resourcegroups' | project name"})
    graph = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
    found = az("rest", "-m", "post", "-u", graph, "-b", query)
    assert {"name": "by-az"} in found["data"]


def test_a_rendered_blueprint(az: Az, tmp_path: Path) -> None:
    """What `render` writes is what people hand to az: plainly, and as a stack with its settings."""
    subscription = az("account", "show")["id"]
    assignment = tmp_path / "prod.json"
    body = {
        "schema": "blueprinter/assignment/1",
        "name": "prod",
        "blueprint": "azure-starter",
        "scope": f"/subscriptions/{subscription}",
        "location": "westeurope",
        "locks": {"mode": "AllResourcesDoNotDelete"},
    }
    assignment.write_text(json.dumps(body), encoding="utf-8")
    for target in ("template", "stack"):
        command = [BLUEPRINTER, "render", "-a", assignment, "-t", target, "-d", tmp_path / target]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def files(target: str) -> tuple[str, ...]:
        folder = tmp_path / target
        parameters = f"@{folder / 'assignment.parameters.json'}"
        return "-l", "westeurope", "-f", str(folder / "assignment.json"), "-p", parameters

    made = az("deployment", "sub", "create", "-n", "rendered", *files("template"))
    assert made["properties"]["provisioningState"] == "Succeeded"
    assigned = {one["name"]: one["id"] for one in az("policy", "assignment", "list")}
    settings = json.loads((tmp_path / "stack" / "assignment.stack.json").read_text())
    deny = settings["properties"]["denySettings"]
    done = az(
        "stack",
        "sub",
        "create",
        "-n",
        settings["name"],
        *files("stack"),
        "--deny-settings-mode",
        deny["mode"],
        "--deny-settings-apply-to-child-scopes",
        "--deny-settings-excluded-actions",
        *deny["excludedActions"],
        "--action-on-unmanage",
        "detachAll",
        "--yes",
    )
    assert done["provisioningState"] == "succeeded"
    assert {one["name"]: one["id"] for one in az("policy", "assignment", "list")} == assigned
    assert {row["denyStatus"] for row in done["resources"]} >= {"denyDelete"}
    az("stack", "sub", "delete", "-n", settings["name"], "--action-on-unmanage", "deleteAll", "--yes")
