"""Template artifacts as evidence: only what stands as it was assigned speaks for a control."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from blueprinter.deploy import Target, artifacts_in_azure
from unit.deploy.box import SUB, Azure, Kit, settings, storage

ACCOUNT = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/stprod1"


@dataclass
class Stand:
    kit: Kit
    azure: Azure

    def found(self, target: Target, *names: str) -> dict[str, str]:
        with self.azure.arm() as arm:
            return dict(artifacts_in_azure(arm, target, settings(), names or ("storage",)))


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(Kit(tmp_path), Azure())


def test_nothing_is_deployed(stand: Stand) -> None:
    assert stand.found(stand.kit.target()) == {"storage": "not deployed"}


@pytest.mark.parametrize("stack", [True, False])
def test_as_it_was_assigned(stand: Stand, stack: bool) -> None:
    target = stand.kit.target()
    stand.azure.assign(target, stack=stack)
    assert stand.found(target) == {"storage": ""}


def test_only_reads(stand: Stand) -> None:
    target = stand.kit.target()
    stand.azure.assign(target)
    stand.azure.sent.clear()
    stand.found(target)
    assert stand.azure.sent
    assert stand.azure.writes == []


def test_one_of_its_resources_is_gone(stand: Stand) -> None:
    """Only the artifact that made it is concerned."""
    inner = storage("stprod2")
    stand.kit.artifacts["second"] = {
        "kind": "template",
        "properties": {"resourceGroup": "app", "template": inner, "parameters": {}},
    }
    target = stand.kit.target()
    stand.azure.assign(target)
    stand.azure.delete(ACCOUNT, "2023-01-01")
    assert stand.found(target, "storage", "second") == {"storage": "1 resource of it is gone", "second": ""}


def test_other_content_than_at_hand(stand: Stand) -> None:
    stand.azure.assign(stand.kit.target())
    stand.kit.artifacts["storage"]["properties"]["template"] = storage(kind="BlobStorage")
    assert stand.found(stand.kit.target()) == {"storage": "deployed from other content"}


def test_what_is_no_template_of_the_assignment(stand: Stand) -> None:
    target = stand.kit.target()
    stand.azure.assign(target)
    assert stand.found(target, "nowhere") == {"nowhere": "no part of the assignment"}


def test_an_artifact_that_somebody_changed(stand: Stand) -> None:
    target = stand.kit.target()
    stand.azure.assign(target)
    assert stand.found(target, "assign-audits") == {"assign-audits": ""}
    policy = next(one for one in target.resolved.policies if one.definition.name == "audits")
    held = stand.azure.get(policy.assignment_id, "2025-01-01")
    properties = {**held["properties"], "enforcementMode": "DoNotEnforce"}
    stand.azure.put(policy.assignment_id, {"properties": properties}, "2025-01-01")
    assert stand.found(target, "assign-audits", "storage") == {
        "assign-audits": "1 resource of it was changed",
        "storage": "",
    }


def test_a_resource_that_somebody_changed(stand: Stand) -> None:
    target = stand.kit.target()
    stand.azure.assign(target)
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    stand.azure.put(ACCOUNT, {**body, "properties": {"supportsHttpsTrafficOnly": False}}, "2023-01-01")
    assert stand.found(target) == {"storage": "1 resource of it was changed"}
