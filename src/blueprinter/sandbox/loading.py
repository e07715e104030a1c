"""Fills a sandbox from files: an estate as inventories have it, policy definitions, sets and assignments.

An estate is taken as it stands, whatever policies would say to it: it was there before them. Definitions and
assignments go the way of every request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from blueprinter.arm import parse_id
from blueprinter.casing import same
from blueprinter.compliance import read_inventories
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Json, load
from blueprinter.policy import catalog_documents, is_definition, is_policy_set
from blueprinter.sandbox.acting.estate import GROUP_TYPE
from blueprinter.sandbox.acting.objects import is_builtin, load_builtin
from blueprinter.sandbox.app import Sandbox
from blueprinter.sandbox.containers import RESOURCE_GROUP_TYPE
from blueprinter.sandbox.hierarchy import SUBSCRIPTION_TYPE, subscription_id
from blueprinter.sandbox.model import Body, Box
from blueprinter.sandbox.seeding import add_subscription

_API_VERSION = "2025-01-01"
_AUTHORIZATION = "providers/Microsoft.Authorization"


class Loaded(Struct):
    """How much came in."""

    resources: int = 0
    definitions: int = 0
    sets: int = 0
    assignments: int = 0


class _Files(Struct):
    """Files by what they hold."""

    inventories: list[Path] = field(default_factory=list)
    definitions: list[tuple[Path, Body]] = field(default_factory=list)
    sets: list[tuple[Path, Body]] = field(default_factory=list)
    assignments: list[tuple[Path, Body]] = field(default_factory=list)


def load_files(sandbox: Sandbox, paths: Sequence[Path], *, now: datetime) -> Loaded:
    """Loads files, and folders with all below them. Nothing is loaded where anything is refused.

    Built-ins become those of the tenant; other definitions without an `id` are put into the first subscription. Of a
    catalog (`.sqlite`) the built-ins are taken.
    Raises `InvalidInput`: BP707 for what the sandbox refuses, and what reading inventories and documents raises.
    """
    files = _sorted(paths)
    loaded = Loaded()
    with sandbox.open_box() as box:
        if files.inventories:
            inventory = read_inventories(files.inventories, now=now)
            for resource in inventory.resources():
                _put_resource(box, resource.id, resource.type, resource.body)
                loaded.resources += 1
        faults = [
            *_put_all(box, files.definitions, "policyDefinitions"),
            *_put_all(box, files.sets, "policySetDefinitions"),
            *_put_all(box, files.assignments, "policyAssignments"),
        ]
        if faults:
            raise InvalidInput(faults)
    loaded.definitions = len(files.definitions)
    loaded.sets = len(files.sets)
    loaded.assignments = len(files.assignments)
    return loaded


def _sorted(paths: Sequence[Path]) -> _Files:
    files = _Files()
    for path in paths:
        if path.suffix == ".sqlite":
            for document in catalog_documents(path):
                builtin = document.value
                if isinstance(builtin, dict) and is_builtin(builtin):
                    kept = files.sets if is_policy_set(builtin) else files.definitions
                    kept.append((Path(document.file), builtin))
            continue
        for file in _below(path):
            value = None if file.suffix == ".jsonl" or ".gz" in file.suffixes else load(file).value
            if _is_tests(file):
                continue
            if is_definition(value) and isinstance(value, dict):
                files.definitions.append((file, value))
            elif is_policy_set(value) and isinstance(value, dict):
                files.sets.append((file, value))
            elif _is_assignment(value) and isinstance(value, dict):
                files.assignments.append((file, value))
            else:
                files.inventories.append(file)
    return files


def _below(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.name.endswith((".json", ".jsonl", ".json.gz", ".jsonl.gz")) and ".manifest." not in file.name:
            yield file


def _is_tests(file: Path) -> bool:
    return file.name.endswith((".tests.json", ".test.json"))


def _is_assignment(value: Json) -> bool:
    inner = value.get("properties") if isinstance(value, dict) else None
    return isinstance(inner, dict) and "policyDefinitionId" in inner


def _put_resource(box: Box, id: str, type: str, body: Mapping[str, object]) -> None:
    """A row of an inventory, with the subscription and the resource group that it must lie in."""
    parts = parse_id(id)
    if parts is None:
        return
    if same(type, SUBSCRIPTION_TYPE):
        add_subscription(box, parts.subscription_id, str(body.get("name") or parts.subscription_id))
        return
    if parts.subscription_id and not box.store.has(subscription_id(parts.subscription_id)):
        add_subscription(box, parts.subscription_id, parts.subscription_id)
    is_group = same(type, RESOURCE_GROUP_TYPE) or same(type, GROUP_TYPE)
    if parts.resource_group and not is_group:
        group = f"/subscriptions/{parts.subscription_id}/resourceGroups/{parts.resource_group}"
        if not box.store.has(group):
            location = str(body.get("location") or "westeurope")
            box.store.put(group, RESOURCE_GROUP_TYPE, _group(group, parts.resource_group, location))
    kept: Body = {name: value for name, value in body.items() if value is not None}
    if is_group:
        kept = {**_group(id, parts.resource_group, str(body.get("location") or "westeurope")), **kept}
        kept["type"] = RESOURCE_GROUP_TYPE
        box.store.put(id, RESOURCE_GROUP_TYPE, kept)
        return
    box.store.put(id, type, {**kept, "id": id, "type": type})


def _group(id: str, name: str, location: str) -> Body:
    return {
        "id": id,
        "name": name,
        "type": RESOURCE_GROUP_TYPE,
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    }


def _put_all(box: Box, bodies: Sequence[tuple[Path, Body]], kind: str) -> Iterator[Diagnostic]:
    """Puts objects that may name each other in any order: those that are refused come again until none gets in."""
    waiting = list(bodies)
    while waiting:
        refused: list[tuple[Path, Body]] = []
        faults: list[Diagnostic] = []
        for file, body in waiting:
            if is_builtin(body):
                load_builtin(box, body)
                continue
            answer = box.call("PUT", _id(box, file, body, kind), api_version=_API_VERSION, body=_sent(body))
            if answer.status >= 400:
                refused.append((file, body))
                found = answer.json()["error"]
                faults.append(error("BP707", f"{found['code']}: {found['message']}", Position(str(file))))
        if len(refused) == len(waiting):
            yield from faults
            return
        waiting = refused


def _id(box: Box, file: Path, body: Body, kind: str) -> str:
    if isinstance(body.get("id"), str) and body["id"].count("/") > 4:
        return str(body["id"])
    name = body.get("name") or (file.parent.name if file.stem == "policy" else file.stem)
    first = next(box.store.of_type(SUBSCRIPTION_TYPE))
    return f"{first.id}/{_AUTHORIZATION}/{kind}/{name}"


def _sent(body: Body) -> Body:
    """A definition may come without its envelope."""
    inner = body if "properties" in body else {"properties": body}
    return {name: inner[name] for name in ("properties", "identity", "location") if name in inner}
