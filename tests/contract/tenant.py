"""Two subscriptions with an initiative of their own, for commands that ask Azure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from blueprinter.azure import ArmClient, connect_in_process
from blueprinter.cli import run as command
from blueprinter.sandbox import Sandbox
from contract.cloud import FIRST, SECOND, TENANT, Clock

AUTH = "/providers/Microsoft.Authorization"
ONE, OTHER = f"/subscriptions/{FIRST}", f"/subscriptions/{SECOND}"
ROOT = f"/providers/Microsoft.Management/managementGroups/{TENANT}"
STORAGE = "Microsoft.Storage/storageAccounts"
SETTINGS = {"https-only": "supportsHttpsTrafficOnly", "no-public-access": "allowBlobPublicAccess"}
GROUPS = {"https-only": ["ISO_IEC_27002_2022_8.24", "ISO_IEC_27002_2022_5.14"],
          "no-public-access": ["ISO_IEC_27002_2022_5.14", "NIST_SP_800-53_R5_AC-3"]}  # fmt: skip
VERSION = "2025-01-01"


def rule(name: str) -> dict[str, Any]:
    setting = f"{STORAGE}/{SETTINGS[name]}"
    wanted = name == "https-only"
    return {
        "displayName": name, "policyType": "Custom", "mode": "Indexed", "metadata": {"category": "Storage"},
        "parameters": {"effect": {"type": "String", "defaultValue": "Audit"}},
        "policyRule": {
            "if": {"allOf": [{"field": "type", "equals": STORAGE}, {"field": setting, "notEquals": wanted}]},
            "then": {"effect": "[parameters('effect')]"},
        },
    }  # fmt: skip


def initiative(name: str, scope: str = ONE) -> dict[str, Any]:
    members = [
        {
            "policyDefinitionId": f"{scope}{AUTH}/policyDefinitions/{one}",
            "policyDefinitionReferenceId": f"reference {one}",
            "parameters": {"effect": {"value": "[parameters('effect')]"}},
            "groupNames": named,
        }
        for one, named in GROUPS.items()
    ]
    return {
        "id": f"{scope}{AUTH}/policySetDefinitions/{name}", "name": name,
        "properties": {
            "displayName": f"The {name}", "policyType": "Custom", "metadata": {"version": "1.2.0"},
            "parameters": {"effect": {"type": "String", "defaultValue": "Disabled"}},
            "policyDefinitionGroups": [{"name": one} for one in sorted(set().union(*GROUPS.values()))],
            "policyDefinitions": members,
        },
    }  # fmt: skip


ACCOUNTS = {"good": (True, False), "plain": (False, False), "open": (True, True)}


@dataclass
class Tenant:
    """Two subscriptions with three accounts each; commands ask them, and nothing of ours is assigned."""

    sandbox: Sandbox
    clock: Clock
    base: Path
    out: pytest.CaptureFixture[str]

    def arm(self) -> ArmClient:
        connection = connect_in_process(self.sandbox.respond)
        return ArmClient(connection, poll_seconds=0, sleep=lambda _: None)

    def put(self, id: str, body: dict[str, Any], version: str = VERSION) -> None:
        with self.arm() as arm:
            arm.call("PUT", id, version, body=body)

    def assign(self, name: str, scope: str, effect: str = "Audit") -> None:
        properties = {
            "policyDefinitionId": f"{scope}{AUTH}/policySetDefinitions/{name}",
            "parameters": {"effect": {"value": effect}},
        }
        self.put(f"{scope}{AUTH}/policyAssignments/{name}", {"properties": properties})

    def trigger(self, *scopes: str) -> str:
        """Everything is evaluated; the time of a run after it."""
        self.clock.now += timedelta(minutes=20)
        with self.arm() as arm:
            for scope in scopes or (ONE, OTHER):
                path = f"{scope}/providers/Microsoft.PolicyInsights/policyStates/latest/triggerEvaluation"
                arm.wait(arm.start("POST", path, "2019-10-01"))
        return (self.clock.now + timedelta(minutes=1)).isoformat()

    def evaluate(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        code = command(["evaluate", *arguments, "-o", "json=run.json"])
        file = self.base / "run.json"
        whole = json.loads(file.read_bytes()) if file.exists() else {}
        file.unlink(missing_ok=True)
        return code, whole, self.out.readouterr().err


def made(tenant: Tenant, name: str = "baseline", scope: str = ONE) -> str:
    for one in SETTINGS:
        tenant.put(f"{scope}{AUTH}/policyDefinitions/{one}", {"properties": rule(one)})
    body = initiative(name, scope)
    tenant.put(body["id"], {"properties": body["properties"]})
    return str(body["id"])


def write_offline(tenant: Tenant, *names: str) -> list[str]:
    """The same initiatives and estate as files."""
    for name in SETTINGS:
        folder = tenant.base / "policies" / "storage" / name
        folder.mkdir(parents=True, exist_ok=True)
        body = {"name": name, "id": f"{ONE}{AUTH}/policyDefinitions/{name}", "properties": rule(name)}
        (folder / "policy.json").write_text(json.dumps(body))
    rows = [
        {"id": f"{ONE}/resourceGroups/rg/providers/{STORAGE}/{name}", "name": name, "type": STORAGE,
         "location": "westeurope", "apiVersion": "2023-01-01",
         "properties": {"supportsHttpsTrafficOnly": https, "allowBlobPublicAccess": public}}
        for name, (https, public) in ACCOUNTS.items()
    ]  # fmt: skip
    (tenant.base / "estate.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = []
    for name in names:
        body = initiative(name)
        body["properties"]["parameters"]["effect"]["defaultValue"] = "Audit"  # what the assignment gives live
        (tenant.base / f"{name}.json").write_text(json.dumps(body))
        given += ["--initiative", f"{name}.json"]
    return given
