"""What is exported from an estate in Azure gives the results that the estate gives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from blueprinter.cli import run
from blueprinter.cli.loop import Loop
from blueprinter.compliance import Run, read_inventories
from blueprinter.sandbox import SandboxServer, ServerSettings
from contract.contoso import NOW, assigned_estate

PRODUCTION, PLATFORM = (f"1c0de00{digit}-0000-4000-8000-00000000000{digit}" for digit in (1, 2))
ABOUT_EVERYTHING = {"allowed-resource-types", "no-custom-owner-roles"}
"""One judges resources of any type, also those that no policy needs and no export has; a custom role is listed by every
subscription."""


@dataclass
class Served:
    loop: Loop
    url: str
    root: Path


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[Served]:
    with (
        assigned_estate(root) as loop,
        SandboxServer(loop.sandbox, ServerSettings()) as server,
    ):
        yield Served(loop, server.url, root)


@pytest.fixture(scope="module")
def exported(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inventory")
    assert export(served, folder) == 0
    return folder


def export(served: Served, folder: Path, *more: str) -> int:
    file = served.root / "examples" / "contoso" / "assignments" / "contoso.yaml"
    arguments = ["export", "inventory", "-a", str(file), "--sandbox", served.url, "-d", str(folder), *more]
    return run(["-q", *arguments])


def outcomes(found: Run) -> dict[str, Any]:
    return {
        f"{result.control.id} {link.link.test}": (link.outcome, link.reason, link.counts)
        for result in found.results
        for link in result.links
        if link.link.test not in ABOUT_EVERYTHING
    }


def test_the_same_results(served: Served, exported: Path) -> None:
    loop = served.loop
    expected = loop.offline()
    before, loop.inventory = loop.inventory, exported
    found = loop.offline()
    loop.inventory = before
    assert not found.population.partial
    assert outcomes(found) == outcomes(expected)
    assert [(one.control.id, one.state) for one in found.results] == [
        (one.control.id, one.state) for one in expected.results
    ]
    assert found.coverage == expected.coverage


def test_the_manifest_vouches(exported: Path) -> None:
    for name in (PRODUCTION, PLATFORM):
        manifest = json.loads((exported / f"{name}.manifest.json").read_text(encoding="utf-8"))
        rows = (exported / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        assert sum(one["rows"] for one in manifest["types"]) == len(rows)
        assert [one["status"] for one in manifest["scopes"]] == ["read"]
        assert manifest["typesNotCollected"] == [
            "microsoft.guestconfiguration/guestconfigurationassignments",
            "microsoft.security/assessments",
        ]
        counted = [one for one in manifest["types"] if "expected" in one]
        assert len(counted) > 20
        assert all(one["rows"] == one["expected"] for one in counted)
    inventory = read_inventories([exported], now=NOW)
    assert not inventory.population().partial
    assert [str(one) for one in inventory.diagnostics()] == []


def test_exporting_again_keeps_what_is_there(served: Served, exported: Path, tmp_path: Path) -> None:
    done = exported / f"{PRODUCTION}.jsonl"
    manifest = f"{PRODUCTION}.manifest.json"
    kept = (exported / manifest).read_bytes().replace(b'"tool": "', b'"tool": "another ')
    (tmp_path / done.name).write_bytes(done.read_bytes())
    (tmp_path / manifest).write_bytes(kept)
    assert export(served, tmp_path, "--resume") == 0
    assert (tmp_path / manifest).read_bytes() == kept
    assert len((tmp_path / f"{PLATFORM}.jsonl").read_bytes().splitlines()) > 100
    assert sorted(one.name.partition(".")[2] for one in tmp_path.iterdir()) == [
        "jsonl", "jsonl", "manifest.json", "manifest.json",
    ]  # fmt: skip


def test_a_subscription_that_cannot_be_read(served: Served, tmp_path: Path) -> None:
    nobody = "00000000-0000-0000-0000-00000000dead"
    assert export(served, tmp_path, "--subscription", PLATFORM, "--subscription", nobody) == 1
    inventory = read_inventories([tmp_path], now=NOW)
    assert inventory.population().partial
    assert [(one.name, one.status) for one in inventory.population().scopes if one.status == "refused"]


@pytest.mark.parametrize("source", ["policy-insights", "resource-graph"])
def test_evaluate_over_http(
    served: Served, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contoso = served.root / "examples" / "contoso"
    code = run(
        [
            "evaluate",
            "-a",
            str(contoso / "assignments" / "contoso.yaml"),
            "--registers",
            str(contoso / "registers"),
            "--sandbox",
            served.url,
            "--source",
            source,
            "--now",
            "2026-11-20T06:16:00Z",
            "--explain-requests",
            "-o",
            f"json={tmp_path / 'run.json'}",
        ]
    )
    assert code == 3
    document = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert document["findingsTotal"] == 35
    assert "0 repeated" in capsys.readouterr().err


def test_against_live(served: Served, exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = served.root / "examples" / "contoso" / "assignments" / "contoso.yaml"
    arguments = ["--inventory", str(exported), "-a", str(file), "--sandbox", served.url, "--against", "live"]
    assert run(["evaluate", *arguments, "--now", "2026-11-20T06:16:00Z", "-o", "csv"]) == 3
    said = capsys.readouterr().err
    match = re.search(r"agreement with policy states: ([0-9,]+) of ([0-9,]+) \(100 %\)", said)
    assert match is not None, said
    assert match[1] == match[2]
    assert int(match[1].replace(",", "")) > 2900
    # what the sandbox judges and no export holds, and a custom role that two subscriptions list
    assert re.findall(r"^  ([a-z-]+): ", said, re.MULTILINE) == []
    named = dict(re.findall(r"^  not compared: ([0-9]+) (.*)$", said, re.MULTILINE))
    assert {why: int(count) for count, why in named.items()} == {
        "live: Azure has no state of the resource": 4,
        "offline: defender-assessment": 42,
        "offline: guest-configuration": 14,
        "offline: the inventory does not have the resource": 9,
    }


def test_a_resource_group(served: Served, tmp_path: Path) -> None:
    contoso = served.root / "examples" / "contoso"
    arguments = [
        "-a",
        str(contoso / "assignments" / "contoso.yaml"),
        "--sandbox",
        served.url,
        "-g",
        "rg-legacy-prod-weu",
    ]
    common = [
        "-q",
        "evaluate",
        *arguments,
        "--now",
        "2026-11-20T06:16:00Z",
        "-o",
        f"json={tmp_path / 'run.json'}",
    ]
    assert run(common) == 2
    assert run([*common, "--subscription", PRODUCTION]) == 3
    findings = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["findings"]
    assert findings
    assert all("/resourcegroups/rg-legacy-prod-weu" in one["resourceId"].lower() for one in findings)
