"""The three public ISO 27001 samples from end to end, as people do it: over the example estate in a sandbox, with
Microsoft's own definitions in it, a command after the other.

What the control table must say is counted a second time here, by hand: over the resources as they lie in the sandbox,
with nothing of the engine.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract.place import PLATFORM, PRODUCTION, Place, Row, imported, open_place
from unit.deploy.test_samples import SAMPLES, SUB


@pytest.fixture(scope="module")
def catalog(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Microsoft's definitions and aliases imported."""
    data = shared / "data"
    return imported(tmp_path_factory.mktemp("catalog"), data / "azure-policy", data / "aliases.csv.gz")


@pytest.fixture
def place(
    catalog: Path,
    root: Path,
    shared: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Place]:
    estate = root / "examples" / "contoso" / "inventory"
    with open_place(catalog, shared / "data" / "azure-blueprints", estate, monkeypatch, capsys) as found:
        yield found


# ---------------------------------------------------------------- counted by hand

ASSESSED = {"A.6.1.2", "A.8.2.1", "A.9.2.5", "A.9.2.6", "A.12.6.1"}
"""Controls of which every automated policy waits for an assessment of Defender for Cloud, which is not in a sandbox."""


@dataclass(frozen=True)
class Hand:
    """What there is below some subscriptions, as a person would count it."""

    rows: tuple[Row, ...]
    logged: frozenset[str]
    """The types that must have diagnostic settings, folded."""

    def of(self, type: str) -> list[Row]:
        return [row for row in self.rows if row["type"].casefold() == type.casefold()]

    def below(self, row: Row, type: str) -> list[Row]:
        return [one for one in self.of(type) if one["id"].casefold().startswith(row["id"].casefold() + "/")]

    def machines(self, system: str) -> list[Row]:
        return [row for row in self.of("Microsoft.Compute/virtualMachines") if _system(row) == system]

    def has_succeeded(self, machine: Row, extension: str) -> bool:
        """Whether a machine has an extension of that type that says of itself that it succeeded."""
        return any(
            _value(one, "type") == extension and _value(one, "provisioningState") == "Succeeded"
            for one in self.below(machine, "Microsoft.Compute/virtualMachines/extensions")
        )

    def is_logged(self, row: Row) -> bool:
        """Whether a resource has a diagnostic setting with nothing switched off in it."""
        return any(
            all(_is_on(one) for kind in ("logs", "metrics") for one in _value(setting, kind) or ())
            for setting in self.below(row, "Microsoft.Insights/diagnosticSettings")
        )

    def controls(self) -> dict[str, tuple[set[str], set[str]]]:
        """By control that some policy decides: what fails, and what is judged."""
        machines = self.of("Microsoft.Compute/virtualMachines")
        accounts = self.of("Microsoft.Storage/storageAccounts")
        caches = self.of("Microsoft.Cache/redis")
        servers = self.of("Microsoft.Sql/servers")
        databases = [row for row in self.of("Microsoft.Sql/servers/databases") if not _is_master(row)]
        sites = self.of("Microsoft.Web/sites")
        roles = self.of("Microsoft.Authorization/roleDefinitions")
        logged = [row for row in self.rows if row["type"].casefold() in self.logged]
        linux = [
            one for one in self.machines("Linux") if not self.has_succeeded(one, "ConfigurationforLinux")
        ]
        windows = [
            one for one in self.machines("Windows") if not self.has_succeeded(one, "ConfigurationforWindows")
        ]
        open_accounts = [
            one for one in accounts if (_value(one, "networkAcls") or {}).get("defaultAction") != "Deny"
        ]
        plain_accounts = [one for one in accounts if _value(one, "supportsHttpsTrafficOnly") is not True]
        plain_caches = [one for one in caches if _value(one, "enableNonSslPort") is True]
        plain_sites = [one for one in sites if _value(one, "httpsOnly") is not True]
        bare = [
            one
            for one in databases
            if not any(
                str(_value(row, "state") or _value(row, "status")) == "Enabled"
                for row in self.below(one, "Microsoft.Sql/servers/databases/transparentDataEncryption")
            )
        ]
        unaudited = [
            one
            for one in servers
            if not any(
                _value(row, "state") == "Enabled"
                for row in self.below(one, "Microsoft.Sql/servers/auditingSettings")
                if row["id"].casefold().endswith("/default")
            )
        ]
        no_administrator = [
            one for one in servers if not self.below(one, "Microsoft.Sql/servers/administrators")
        ]
        unlogged = [one for one in logged if not self.is_logged(one)]
        scale_sets = self.of("Microsoft.Compute/virtualMachineScaleSets")
        events = (_ids(unlogged, unaudited), _ids(logged, servers))
        return {
            "A.9.1.2": (_ids(linux), _ids(machines, scale_sets, accounts)),
            "A.9.2.3": (_ids(no_administrator, roles), _ids(servers, roles)),
            "A.9.2.4": (_ids(linux), _ids(machines)),
            "A.9.4.3": (_ids(windows), _ids(machines)),
            "A.10.1.1": (
                _ids(bare, plain_caches, plain_accounts, plain_sites, windows),
                _ids(databases, caches, accounts, machines, sites),
            ),
            "A.12.4.1": events,
            "A.12.4.3": events,
            "A.12.4.4": events,
            "A.13.1.1": (_ids(open_accounts), _ids(accounts)),
            "A.13.2.1": (_ids(plain_accounts, plain_caches), _ids(accounts, caches)),
        }


def _value(row: Row, name: str) -> Any:
    return (row.get("properties") or {}).get(name)


def _is_on(row: Row) -> bool:
    return str(row.get("enabled")).casefold() == "true"


def _is_master(row: Row) -> bool:
    return bool(row["id"].endswith("/master"))


def _system(row: Row) -> str:
    disk = (_value(row, "storageProfile") or {}).get("osDisk") or {}
    return str(
        disk.get("osType")
        or ("Windows" if "windowsConfiguration" in (_value(row, "osProfile") or {}) else "Linux")
    )


def _ids(*lists: Iterable[Row]) -> set[str]:
    return {row["id"].casefold() for rows in lists for row in rows}


def _by_policies(id: str) -> bool:
    """Whether a thing is what a policy deployed meanwhile, which is not the blueprint's to delete."""
    return "/resourcegroups/networkwatcherrg" in id or "/securityalertpolicies/" in id


def check_controls(place: Place, found: dict[str, Any], sample: str, scopes: tuple[str, ...]) -> None:
    """The control table against what is counted by hand."""
    blueprint = json.loads((place.samples / sample / "blueprint.json").read_text("utf-8-sig"))
    (logged,) = (
        parameter["defaultValue"]
        for name, parameter in blueprint["properties"]["parameters"].items()
        if name.endswith("istOfResourceTypesWithDiagnosticLogsEnabled")
    )
    rows = tuple(row for scope in scopes for row in place.rows(scope))
    expected = Hand(rows, frozenset(map(str.casefold, logged))).controls()
    controls = {one["id"]: one for one in found["controls"] if one["counted"]}
    assert len(controls) == 114
    states = {
        **dict.fromkeys(ASSESSED, "incomplete"),
        **{id: "gap" if failing else "incomplete" for id, (failing, _) in expected.items()},
    }
    assert {id: one["state"] for id, one in controls.items() if one["state"] != "not-automated"} == states
    found_by_hand = {id: (len(failing), len(judged)) for id, (failing, judged) in expected.items()}
    assert {id: (controls[id]["failing"], controls[id]["judged"]) for id in expected} == found_by_hand
    failing = {id: set() for id in expected}
    for one in found["findings"]:
        for id in set(one["controls"]) & set(expected):
            if one["complianceState"] == "NonCompliant":
                failing[id].add(one["resourceId"].casefold())
    assert failing == {id: one for id, (one, _) in expected.items()}
    gaps = sum(state == "gap" for state in states.values())
    assert Counter(one["state"] for one in controls.values()) == {
        "gap": gaps,
        "incomplete": 15 - gaps,
        "not-automated": 99,
    }


def assignment(place: Place, name: str, *scopes: str, home: str = PRODUCTION, **more: Any) -> str:
    """The assignment file of a sample; `home` is the subscription that its parameters name, `more` are further
    parameters."""
    example, groups = SAMPLES[name]
    parameters = {**example, **{key: {"value": value} for key, value in more.items()}}
    return place.assignment(
        name, list(scopes), json.loads(json.dumps(parameters).replace(SUB[15:], home[15:])), groups
    )


def put_hub(place: Place, subscription: str) -> None:
    """The network of the shared services, which the workload joins."""
    group = f"{subscription}/resourceGroups/contoso-sharedsvcs-net-rg"
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/contoso-sharedsvcs-vnet"
    body = {"location": "westeurope", "properties": {"provisioningState": "Succeeded"}}
    with place.box.open_box() as box:
        for id, type in (
            (group, "Microsoft.Resources/resourceGroups"),
            (network, "Microsoft.Network/virtualNetworks"),
        ):
            box.store.put(id, type, {**body, "id": id, "type": type, "name": id.rpartition("/")[2]})


def test_iso_27001(place: Place) -> None:
    before = place.ids()
    file = assignment(place, "iso_27001", PRODUCTION, PLATFORM)
    place.call("import", "azure-blueprint", place.samples / "iso_27001", "-d", "imported")
    place.call("validate", "imported/blueprints/ISO_27001")
    place.take_there("iso_27001", file)
    code, found = place.evaluate("iso_27001", "--save")
    assert code == 3
    check_controls(place, found, "iso_27001", (PRODUCTION, PLATFORM))
    assert "<html" in place.call("report", "-o", "html")
    assert r"A\.13\.2\.1" in place.call("report", "-o", "markdown")
    place.call("unassign", file, "--prune", "--yes")
    assert place.ids() == before


def test_iso_27001_shared_services(place: Place) -> None:
    """Its passwords come from the vault that it makes itself."""
    before = place.ids()
    file = assignment(place, "iso_27001_shared_services", PLATFORM, home=PLATFORM)
    place.take_there("iso_27001_shared_services", file)
    code, found = place.evaluate("iso_27001_shared_services")
    assert code == 3
    check_controls(place, found, "iso_27001_shared_services", (PLATFORM,))
    place.call("unassign", file, "--prune", "--delete-resources", "--yes")
    assert not before - place.ids()
    assert all(_by_policies(id) for id in place.ids() - before)


def test_iso_27001_ase_sql(place: Place) -> None:
    """The workload assigns no policy: what it deploys is judged by the blueprint that is assigned beside it."""
    policies = assignment(
        place,
        "iso_27001",
        PLATFORM,
        home=PLATFORM,
        listOfAllowedLocations=["westeurope", "westus2"],
        listOfAllowedStorageSKUs=["Standard_LRS"],
    )
    place.call("assign", policies, "--yes")
    put_hub(place, PLATFORM)
    file = assignment(place, "iso_27001_ase_sql", PLATFORM, home=PLATFORM)
    before = place.ids()
    place.take_there("iso_27001_ase_sql", file)
    code, alone = place.evaluate("iso_27001_ase_sql")
    assert code == 5
    assert (alone["controls"], alone["policies"]) == ([], [])
    code, found = place.evaluate("iso_27001")
    assert code == 3
    check_controls(place, found, "iso_27001", (PLATFORM,))
    place.call("unassign", file, "--prune", "--delete-resources", "--yes")
    assert not before - place.ids()
    assert all(_by_policies(id) for id in place.ids() - before)
