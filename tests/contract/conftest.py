"""What the contract tests share: a sandbox, and the official clients over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient

from blueprinter.sandbox import open_sandbox
from contract.cloud import FIRST, SECOND, Clock, Cloud, open_cloud
from contract.tenant import ACCOUNTS, ONE, OTHER, STORAGE, Tenant


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Pages of policy states and Resource Graph have three rows."""
    found = open_cloud(page_size=3)
    with found.sandbox:
        yield found


@pytest.fixture
def resources(cloud: Cloud) -> ResourceManagementClient:
    return cloud.client(ResourceManagementClient, FIRST)


@pytest.fixture
def policies(cloud: Cloud) -> PolicyClient:
    return cloud.client(PolicyClient, FIRST)


@pytest.fixture
def deployments(cloud: Cloud) -> DeploymentsMgmtClient:
    return cloud.client(DeploymentsMgmtClient, FIRST)


@pytest.fixture
def tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Tenant]:
    monkeypatch.chdir(tmp_path)
    clock = Clock()
    with open_sandbox(clock=clock, subscriptions=(FIRST, SECOND)) as sandbox:
        found = Tenant(sandbox, clock, tmp_path, capsys)
        monkeypatch.setattr("blueprinter.cli.commands.evaluate.client", lambda *_: found.arm())
        for scope in (ONE, OTHER):
            found.put(f"{scope}/resourceGroups/rg", {"location": "westeurope"}, "2021-04-01")
            for name, (https, public) in ACCOUNTS.items():
                properties = {"supportsHttpsTrafficOnly": https, "allowBlobPublicAccess": public}
                body = {"location": "westeurope", "properties": properties}
                found.put(f"{scope}/resourceGroups/rg/providers/{STORAGE}/{name}", body, "2023-01-01")
        yield found
