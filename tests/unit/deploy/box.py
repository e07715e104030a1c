"""What the tests of deploying share: a small blueprint that has one of everything, and a sandbox to put it into."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from blueprinter.azure import ArmClient, RetryRules, SentRequest, connect_in_process
from blueprinter.blueprint import (
    BuiltinFacts,
    Framework,
    Registers,
    load_assignment,
    load_blueprint,
    load_frameworks,
    load_registers,
    resolve,
)
from blueprinter.content import framework_files
from blueprinter.deploy import AssignOptions, Outcome, Target, assign
from blueprinter.document import Document, parse
from blueprinter.policy import read_definition
from blueprinter.render import RenderOptions, Sources, load_adopted, render
from blueprinter.sandbox import ConnectionLost, Request, Response, Rule, Sandbox, Settings, open_sandbox

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = "/providers/Microsoft.Management/managementGroups/platform"
STACK = f"{SUB}/providers/Microsoft.Resources/deploymentStacks/prod"
READER, WRITER = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "b24988ac-6180-42a0-ab88-20f7382dd24c"
PERSON = "33333333-3333-3333-3333-333333333333"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
READS = {"GET", "HEAD"}

Handle = Callable[[str, str, Mapping[str, str], bytes], Response]


def definition(effect: Any = "Audit", parameters: Any = None, **details: Any) -> dict[str, Any]:
    then: dict[str, Any] = {"effect": effect}
    if details:
        then["details"] = details
    rule = {"if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"}, "then": then}
    return {"mode": "Indexed", "displayName": "d", "parameters": parameters or {}, "policyRule": rule}


def acting() -> dict[str, Any]:
    """A definition that deploys, and needs a role for it."""
    inner = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
    }
    return definition(
        "DeployIfNotExists",
        type="Microsoft.Storage/storageAccounts/blobServices",
        roleDefinitionIds=[f"/providers/Microsoft.Authorization/roleDefinitions/{WRITER}"],
        deployment={"properties": {"mode": "incremental", "template": inner}},
    )


def storage(name: str = "stprod1", kind: str = "StorageV2") -> dict[str, Any]:
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": "Microsoft.Storage/storageAccounts",
                "apiVersion": "2023-01-01",
                "name": name,
                "location": "westeurope",
                "kind": kind,
                "sku": {"name": "Standard_LRS"},
                "properties": {"supportsHttpsTrafficOnly": True},
            }
        ],
    }


@dataclass
class Kit:
    """A blueprint as parts; change what a test is about, then `target()`."""

    root: Path
    version: str = "1.0.0"
    parameters: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Any] = field(
        default_factory=lambda: {"app": {"name": "rg-app", "location": "westeurope"}}
    )
    policies: dict[str, Any] = field(default_factory=lambda: {"audits": definition(), "deploys": acting()})
    artifacts: dict[str, Any] = field(default_factory=dict)
    assignment: dict[str, Any] = field(default_factory=dict)
    registers: dict[str, Any] = field(default_factory=dict)
    adopted: dict[str, Any] | None = None
    controls: dict[str, Any] | None = None
    """Links of `iso-27001-2022`: what no artifact assigns becomes the controls' set."""

    def __post_init__(self) -> None:
        self.policy("audits")
        self.policy("deploys")
        self.artifacts["readers"] = {
            "kind": "roleAssignment",
            "properties": {"roleDefinitionId": READER, "principalIds": [PERSON], "principalType": "User"},
        }
        self.artifacts["storage"] = {
            "kind": "template",
            "properties": {"resourceGroup": "app", "template": storage(), "parameters": {}},
        }

    def policy(self, name: str, artifact: str = "", **properties: Any) -> None:
        held = {"policyDefinition": name, "parameters": {}, **properties}
        self.artifacts[artifact or f"assign-{name}"] = {"kind": "policyAssignment", "properties": held}

    def target(self) -> Target:
        folder = self.root / "artifacts"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        properties = {"version": self.version, "parameters": self.parameters, "resourceGroups": self.groups}
        head = {"schema": "blueprinter/blueprint/1", "name": "sample", "properties": properties}
        (self.root / "blueprint.json").write_text(json.dumps(head))
        for name, artifact in self.artifacts.items():
            (folder / f"{name}.json").write_text(json.dumps(artifact))
        bodies = {name: document({"name": name, "properties": body}) for name, body in self.policies.items()}
        definitions = {name: read_definition(body, name=name) for name, body in bodies.items()}
        frameworks: Mapping[str, Framework] = {}
        if self.controls is not None:
            frameworks = load_frameworks(framework_files(self.root))
            links = {"framework": "iso-27001-2022", "controls": self.controls}
            (self.root / "controls.json").write_text(json.dumps(links))
        blueprint = load_blueprint(self.root, frameworks=frameworks, builtin_facts=None)
        given = {
            "schema": "blueprinter/assignment/1",
            "name": "prod",
            "blueprint": "sample",
            "scope": SUB,
            "location": "westeurope",
            **self.assignment,
        }
        if "managementGroup" in given:
            del given["scope"]
        found = load_assignment(document(given, "prod.yaml"))
        resolved = resolve(
            blueprint, definitions=definitions, sets={}, assignment=found, builtin_facts=BuiltinFacts()
        )
        adopted = {} if self.adopted is None else {"adopted": load_adopted(document(self.adopted), blueprint)}
        options = RenderOptions(sources=Sources(bodies, definitions, {}, BuiltinFacts()), **adopted)
        return Target(found, resolved, render(resolved, found, options), options, self._registers())

    def _registers(self) -> Registers:
        if not self.registers:
            return Registers()
        folder = self.root / "registers"
        folder.mkdir(exist_ok=True)
        for name, rows in self.registers.items():
            (folder / f"{name}.json").write_text(json.dumps({"schema": f"blueprinter/{name}/1", name: rows}))
        return load_registers(folder, framework=None, now=NOW)


class Broken(ConnectionError):
    """A lost answer, as a transport raises it."""

    def __init__(self, lost: ConnectionLost) -> None:
        super().__init__(str(lost))
        self.after_write, self.timeout = lost.after_write, lost.timeout


@dataclass
class Azure:
    """A sandbox with a client that speaks to it in this process."""

    misbehaviour: tuple[Rule, ...] = ()
    settings: Settings = field(default_factory=Settings)
    seed: int = 0
    box: Sandbox = field(init=False)
    sent: list[SentRequest] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    around: Callable[[Handle], Handle] = field(default=lambda handle: handle)
    retry: RetryRules = field(default_factory=RetryRules)

    def __post_init__(self) -> None:
        self.box = open_sandbox(
            clock=lambda: NOW,
            seed=self.seed,
            subscriptions=[SUB[15:]],
            settings=self.settings,
            misbehaviour=self.misbehaviour,
        )

    @classmethod
    def holding(cls, snapshot: bytes) -> Azure:
        """A sandbox of its own that holds what another one held."""
        azure = cls()
        azure.box.restore(snapshot)
        return azure

    @contextmanager
    def watched(self) -> Iterator[list[bytes]]:
        """Snapshots, one after each request that is sent inside: what a process that is killed there leaves behind.

        Killed before a request is killed after the one before it, so these are all the moments there are.
        """
        snapshots: list[bytes] = []

        def handler(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
            answer = self.handle(method, url, headers, body)
            snapshots.append(self.box.snapshot())
            return answer

        self.around = lambda _: handler
        yield snapshots
        self.around = lambda handle: handle

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        try:
            return self.box.handle(Request(method, url, headers, body))
        except ConnectionLost as lost:
            raise Broken(lost) from lost

    def arm(self) -> ArmClient:
        connection = connect_in_process(self.around(self.handle))
        return ArmClient(
            connection, retry=self.retry, poll_seconds=0, sleep=lambda _: None, watch=self.sent.append
        )

    def assign(self, target: Target, **options: Any) -> Outcome:
        self.sent.clear()
        with self.arm() as arm:
            return assign(arm, target, settings(**options), self.said.append)

    @property
    def writes(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.sent if one.method not in READS]

    def get(self, path: str, api_version: str = "2024-03-01") -> Any:
        with self.arm() as arm:
            return arm.find(path, api_version)

    def put(self, path: str, body: Any, api_version: str = "2022-04-01") -> None:
        with self.arm() as arm:
            arm.wait(arm.start("PUT", path, api_version, body=body))

    def delete(self, path: str, api_version: str = "2022-04-01") -> None:
        with self.arm() as arm:
            arm.wait(arm.start("DELETE", path, api_version))

    def make_management_group(self, name: str = "platform") -> None:
        """A management group with the subscription in it; put there from within, where nothing goes wrong."""
        id = f"/providers/Microsoft.Management/managementGroups/{name}"
        tenant = self.settings.tenant_id
        root = f"/providers/Microsoft.Management/managementGroups/{tenant}"
        kind = "Microsoft.Management/managementGroups"
        properties: dict[str, Any] = {
            "tenantId": tenant,
            "displayName": name,
            "details": {"version": 1},
        }
        body: dict[str, Any] = {"id": id, "type": kind, "name": name, "properties": properties}
        with self.box.open_box() as box:
            box.store.put(id, kind, body, notes={"parent": root})
            subscription = box.store.get(SUB)
            assert subscription is not None
            box.store.put(SUB, subscription.type, subscription.body, notes={"parent": id})

    def ids(self, type: str) -> list[str]:
        with self.box.open_box() as box:
            return [one.id for one in box.store.of_type(type)]

    def contents(self) -> dict[str, Any]:
        """Everything there is, by id, without what differs from run to run: times, GUIDs that Azure draws, and
        the history of deployments."""
        with self.box.open_box() as box:
            return {
                one.id.casefold(): (one.type, _steady(one.body))
                for one in box.store.below("")
                if one.type.casefold() not in _HISTORY
            }


_HISTORY = {"microsoft.resources/deployments"}
_DRAWN = {
    "createdon", "updatedon", "createdby", "updatedby", "systemdata", "principalid", "correlationid", "duration",
    "deploymentid", "instanceid", "creationtime", "etag", "timestamp", "createdtime", "changedtime", "updatedtime",
    "detachedresources",
}  # fmt: skip
_DRAWN_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _steady(one) for key, one in value.items() if key.casefold() not in _DRAWN}
    if isinstance(value, list):
        return [_steady(one) for one in value]
    return _DRAWN_TEXT.sub("time", value) if isinstance(value, str) else value


def settings(**options: Any) -> AssignOptions:
    return replace(AssignOptions(now=NOW), **options)


def document(value: Any, name: str = "x.json") -> Document:
    return parse(json.dumps(value), name)
