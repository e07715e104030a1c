"""An estate goes on changing after it was exported: of what is apart then, each pair has its named reason or lies on
something that was changed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from blueprinter.azure import AzureError
from blueprinter.casing import fold
from blueprinter.cli.loop import Loop
from blueprinter.compliance import Agreement, StateBook, compare_states, read_inventories, read_standing
from contract.contoso import assigned_estate
from contract.test_live_assignments import PRODUCTION, change, controls

pytestmark = pytest.mark.soak
"""Half a minute; `test_export_inventory` compares with live states in every run."""
SOURCES = ("policy-insights", "resource-graph")
CHANGED = {
    "Microsoft.Storage/storageAccounts": ("minimumTlsVersion", ("TLS1_0", "TLS1_2")),
    "Microsoft.KeyVault/vaults": ("publicNetworkAccess", ("Enabled", "Disabled")),
    "Microsoft.Compute/disks": ("publicNetworkAccess", ("Enabled", "Disabled")),
}
NEW = f"{PRODUCTION}/resourceGroups/rg-shop-prod-weu/providers/Microsoft.Storage/storageAccounts/stafterwards"


@dataclass
class Drifted:
    found: dict[str, Agreement]
    changed: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def drifted(root: Path) -> Iterator[Drifted]:
    draw = random.Random(7)
    with assigned_estate(root) as loop:
        offline = StateBook()
        offline.in_force(loop.judged.resolved.policies)
        loop.offline(offline)
        done = Drifted({})
        for type, (name, values) in CHANGED.items():
            ids = _ids(loop, type)
            for id in draw.sample(ids, min(5, len(ids))):
                if draw.random() < 0.4 and _delete(loop, id):
                    done.deleted.add(fold(id))
                elif _write(loop, id, name, draw.choice(values)):
                    done.changed.add(fold(id))
        body = {
            "location": "westeurope",
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "properties": {},
        }
        loop.arm.wait(loop.arm.start("PUT", NEW, "2023-01-01", body=body))
        loop.trigger()
        loop.forward(timedelta(minutes=1))
        for source in SOURCES:
            done.found[source] = _compared(loop, offline, source)
        yield done


def _ids(loop: Loop, type: str) -> list[str]:
    with loop.sandbox.open_box() as box:
        return [one.id for one in box.store.of_type(type)]


def _write(loop: Loop, id: str, name: str, value: str) -> bool:
    body: Any = loop.arm.get(id, "2023-01-01")
    body["properties"][name] = value
    try:
        loop.arm.wait(loop.arm.start("PUT", id, "2023-01-01", body=body))
    except AzureError:
        return False  # locked, or denied by a policy: as it was
    return True


def _delete(loop: Loop, id: str) -> bool:
    try:
        loop.arm.wait(loop.arm.start("DELETE", id, "2023-01-01"))
    except AzureError:
        return False
    return True


def _compared(loop: Loop, offline: StateBook, source: str) -> Agreement:
    live = StateBook()
    live.in_force(loop.judged.resolved.policies)
    loop.evaluate(source, observe=live)
    inventory = read_inventories([loop.inventory], now=loop.now)
    return compare_states(offline, live, inventory=lambda: (one.id for one in inventory.resources()))


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_apart_lies_on_what_was_changed(drifted: Drifted, source: str) -> None:
    found = drifted.found[source]
    assert drifted.changed
    apart = {fold(one.resource) for one in found.disagreements}
    assert apart <= drifted.changed
    assert apart
    assert found.agreed == found.decided - len(found.disagreements) > 2500


@pytest.mark.parametrize("source", SOURCES)
def test_what_came_and_went_has_its_reason(drifted: Drifted, source: str) -> None:
    named = drifted.found[source].named
    assert drifted.deleted
    assert named["live: Azure has no state of the resource"] > 0
    assert named["offline: the inventory does not have the resource"] > 0
    assert drifted.found["policy-insights"].named == named


def test_an_assignment_that_was_changed(root: Path) -> None:
    """Its pairs are not compared: other parameters, another verdict."""
    with assigned_estate(root) as loop:
        offline, live = StateBook(), StateBook()
        offline.in_force(loop.judged.resolved.policies)
        loop.offline(offline)
        change(loop, controls(loop, PRODUCTION), notScopes=[f"{PRODUCTION}/resourceGroups/rg-shop-prod-weu"])
        loop.trigger()
        loop.forward(timedelta(minutes=1))
        subscriptions = loop.assignment.scopes
        live.in_force(read_standing(loop.arm, subscriptions, loop.judged.resolved.policies).policies)
        loop.evaluate(observe=live)
        found = compare_states(offline, live)
        assert found.disagreements == ()
        assert found.named["live: the assignment in Azure is another than the file's"] > 100
        blind = compare_states(StateBook(offline.pairs), StateBook(live.pairs))
        assert blind.disagreements or "live: Azure has no state of the resource" in blind.named
