"""What the contract tests share: a sandbox, and the official clients over it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient

from contract.cloud import FIRST, Cloud, open_cloud


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
