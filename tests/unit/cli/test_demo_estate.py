"""The demo estate: its platform is clean, production has the planted flaws and no others, the README counts right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from unit.cli.conftest import Cli

ROOT = Path(__file__).parents[3]
ESTATE = ROOT / "examples" / "contoso"
README = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
NOW = "2026-11-20T12:00:00Z"
TECHNICAL = {"A.8.3", "A.8.5", "A.8.9", "A.8.15", "A.8.20", "A.8.22"}

PRODUCTION = "1c0de001-0000-4000-8000-000000000001"
PLANTED: Mapping[str, set[str]] = {
    "activity-log-export": {PRODUCTION},
    "nsg-no-management-ports-from-internet": {
        "nsg-contractor",
        "allow-rdp-any",
        "nsg-legacy",
        "temp-allow-all",
    },
    "nsg-no-inbound-allow-any": {"nsg-legacy", "temp-allow-all"},
    "subnet-has-nsg": {"vnet-shop-weu", "snet-loadtest", "vnet-warehouse-move", "snet-staging"},
    "storage-https-only": {"stcontososftp"},
    "storage-tls-version": {"stcontososftp", "stcontosoreports"},
    "storage-no-anonymous-blobs": {"stcontosocampaigns"},
    "storage-firewall-default-deny": {"stcontosocampaigns"},
    "storage-public-access-off": {"stcontosocampaigns"},
    "sql-server-public-access-off": {"sql-contoso-reports", "sql-contoso-legacy"},
    "sql-server-auditing-on": {"sql-contoso-reports", "sql-contoso-legacy"},
    "sql-database-tde-on": {"loyalty-archive", "edi"},
    "sql-server-entra-only-auth": {"sql-contoso-legacy"},
    "app-tls-version": {"app-contoso-campaign", "app-contoso-admin"},
    "app-ftp-credentials-off": {"app-contoso-admin"},
    "app-scm-credentials-off": {"app-contoso-admin", "func-contoso-images"},
    "app-remote-debugging-off": {"app-contoso-admin"},
    "key-vault-network-restricted": {"kv-contoso-mail", "kv-contoso-edi"},
    "key-vault-audit-logs": {"kv-contoso-mail"},
    "vm-backed-up": {"vm-move-01", "vm-move-02"},
}
# Stores that the demo's collector does not read: Defender for Cloud and machine configuration.
OUTSIDE = {"defender-assessment", "guest-configuration"}


def run_of(cli: Cli, tmp_path: Path, inventory: str) -> dict[str, Any]:
    cli(
        "-q",
        "evaluate",
        "iso-27001-2022",
        "--inventory",
        ESTATE / "inventory" / inventory,
        "--registers",
        ESTATE / "registers",
        "--now",
        NOW,
        "-o",
        f"json={tmp_path / 'run.json'}",
    )
    return dict(json.loads((tmp_path / "run.json").read_text()))


def failing(run: Mapping[str, Any]) -> dict[str, set[str]]:
    """Policies and the resources that fail them, exempt or not."""
    found: dict[str, set[str]] = {}
    for row in run["findings"]:
        if row["complianceState"] != "Unsupported":
            policy = row["policyDefinitionId"].rpartition("/")[2]
            found.setdefault(policy, set()).add(row["resourceId"].rpartition("/")[2])
    return found


def test_the_platform_is_clean(cli: Cli, tmp_path: Path) -> None:
    run = run_of(cli, tmp_path, "platform.jsonl")
    assert failing(run) == {}
    states = {row["id"]: (row["state"], row["tested"]) for row in run["controls"]}
    assert {control for control, (_, tested) in states.items() if tested == "fail"} == set()
    for control in TECHNICAL:
        assert states[control][0] in {"satisfied", "no-resources"}, control
    gaps = {control for control, (state, _) in states.items() if state == "gap"}
    assert gaps == {"A.7.4", "A.8.29"}  # declared by people


@pytest.mark.parametrize("inventory", ["platform.jsonl", "production.jsonl"])
def test_the_collector_read_what_the_policies_need(cli: Cli, tmp_path: Path, inventory: str) -> None:
    run = run_of(cli, tmp_path, inventory)
    undecided = {
        (row["policyDefinitionId"].rpartition("/")[2], row["reason"])
        for row in run["findings"]
        if row["complianceState"] == "Unsupported"
    }
    assert {reason for _, reason in undecided} <= OUTSIDE, undecided
    assert run["findingsTotal"] == len(run["findings"])


def test_production_has_the_planted_flaws_and_no_others(cli: Cli, tmp_path: Path) -> None:
    assert failing(run_of(cli, tmp_path, "production.jsonl")) == PLANTED


def test_the_readme_names_every_flaw(cli: Cli, tmp_path: Path) -> None:
    _, _, rest = README.partition("## Planted flaws")
    table = [line for line in rest.partition("## Planted cases")[0].splitlines() if line.startswith("| ")][1:]
    named = {name for line in table for name in re.findall(r"`([a-z0-9-]+)`", line)}
    assert set(PLANTED) <= named
    run = run_of(cli, tmp_path, "production.jsonl")
    pairs = [row for row in run["findings"] if row["complianceState"] != "Unsupported"]
    exempt = sum(row["complianceState"] == "Exempt" for row in pairs)
    total = sum(int(line.rstrip("| ").rpartition("|")[2]) for line in table)
    assert total == len(pairs) == sum(map(len, PLANTED.values()))
    assert f"{total} pairs fail: {total - exempt} are open, {exempt} are exempt." in rest


def test_the_readme_counts_resources_and_states(cli: Cli, tmp_path: Path) -> None:
    lines = {
        name: len((ESTATE / "inventory" / f"{name}.jsonl").read_text().splitlines())
        for name in ("production", "platform")
    }
    for name, count in lines.items():
        assert f"`{name}` ({count} resources" in README
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"example estate of {sum(lines.values())} resources" in text
    run = run_of(cli, tmp_path, "")
    states = Counter({name: int(count) for name, count in run["counts"]["states"].items()})
    sentence = " ".join(README.split())
    assert (
        f"of 93 controls {states['gap']} are gaps, {states['at-risk']} at risk, {states['incomplete']} incomplete, "
        f"{states['satisfied']} satisfied, {states['attested']} attested, {states['inherited']} inherited, "
        f"{states['not-automated']} not automated and {states['excluded']} excluded" in sentence
    )


def test_the_estate_is_what_its_script_writes(tmp_path: Path) -> None:
    for name in ("build.py", "types.txt"):
        (tmp_path / name).write_bytes((ESTATE / name).read_bytes())
    subprocess.run([sys.executable, tmp_path / "build.py"], check=True, capture_output=True)
    for file in sorted((ESTATE / "inventory").iterdir()):
        assert (tmp_path / "inventory" / file.name).read_bytes() == file.read_bytes(), file.name


CLEAN = ("landing-zone", "shared-services", "hub-network", "web-shop", "data-tier")


def gaps_of(cli: Cli, tmp_path: Path, template: str) -> set[str]:
    """Controls that a test fails, for one of the example templates."""
    file = ESTATE / "templates" / f"{template}.json"
    out = tmp_path / "run.json"
    cli("-q", "evaluate", "iso-27001-2022", file, "--now", NOW, "-o", f"json={out}")
    return {row["id"] for row in json.loads(out.read_text())["controls"] if row["tested"] == "fail"}


@pytest.mark.parametrize("template", CLEAN)
def test_the_clean_templates_are_clean(cli: Cli, tmp_path: Path, template: str) -> None:
    assert gaps_of(cli, tmp_path, template) == set()


def test_the_flawed_template_is_flawed(cli: Cli, tmp_path: Path) -> None:
    assert {"A.8.5", "A.8.20", "A.8.22", "A.8.24"} <= gaps_of(cli, tmp_path, "partner-exchange")
