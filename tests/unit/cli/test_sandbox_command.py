"""`blueprinter sandbox run` and `env`."""

from __future__ import annotations

import configparser
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from blueprinter.cli import run

RUN = [sys.executable, "-c", "from blueprinter.cli import main; main()", "sandbox", "run", "--port", "0"]


def test_run_serves_until_it_is_ended(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    options = ["--https", "--state", str(state), "--subscription", "Shop", "-d", str(tmp_path)]
    for expected in (0, 1):
        with subprocess.Popen([*RUN, *options], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            try:
                url = process.stderr.readline().split(" on ")[1].split(";")[0]
                authority = str(tmp_path / "ca.pem")
                found = requests.get(
                    f"{url}/subscriptions?api-version=2024-11-01", verify=authority, timeout=10
                )
                subscription = found.json()["value"][0]
                assert subscription["displayName"] == "Shop"
                groups = f"{url}{subscription['id']}/resourcegroups"
                there = requests.get(f"{groups}?api-version=2024-11-01", verify=authority, timeout=10).json()[
                    "value"
                ]
                assert len(there) == expected
                body = {"location": "westeurope"}
                requests.put(f"{groups}/rg?api-version=2024-11-01", json=body, verify=authority, timeout=10)
            finally:
                process.send_signal(signal.SIGTERM)
        assert process.returncode == 0
    assert not state.with_name("state.db-wal").exists()


def test_builtins_and_aliases_are_those_of_the_catalog(tmp_path: Path) -> None:
    """An alias that leads elsewhere than its name says, in a definition that only the catalog has."""
    name = "11111111-2222-4333-8444-555555555555"
    alias = "Microsoft.Test/things/colour"
    rule = {"if": {"field": alias, "equals": "red"}, "then": {"effect": "deny"}}
    properties = {"displayName": "b", "policyType": "BuiltIn", "mode": "All", "policyRule": rule}
    (tmp_path / "builtin.json").write_text(json.dumps({"name": name, "properties": properties}))
    (tmp_path / "aliases.csv").write_text(f"alias,path\n{alias},properties.paint.hue\n")
    for source in ("builtin.json", "aliases.csv"):
        importing = [*RUN[:3], "catalog", "import", source]
        subprocess.run(importing, cwd=tmp_path, check=True, capture_output=True)
    with subprocess.Popen(RUN, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            assert "1 definition" in process.stderr.readline()
            url = process.stderr.readline().split(" on ")[1].split(";")[0]

            def put(path: str, **body: object) -> int:
                answer = requests.put(f"{url}{path}?api-version=2024-11-01", json=body, timeout=10)
                return answer.status_code

            subscription = requests.get(f"{url}/subscriptions?api-version=2024-11-01", timeout=10).json()
            scope = subscription["value"][0]["id"]
            definition = f"/providers/Microsoft.Authorization/policyDefinitions/{name}"
            assigned = {"policyDefinitionId": definition}
            assert (
                put(f"{scope}/providers/Microsoft.Authorization/policyAssignments/a", properties=assigned)
                == 201
            )
            assert put(f"{scope}/resourcegroups/rg", location="westeurope") == 201
            thing = f"{scope}/resourceGroups/rg/providers/Microsoft.Test/things/t"
            red = {"paint": {"hue": "red"}}
            assert put(thing, location="westeurope", properties={"colour": "red"}) == 201
            assert put(thing, location="westeurope", properties=red) == 403
        finally:
            process.send_signal(signal.SIGTERM)


def test_env_writes_what_az_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "env", "--port", "9999", "--subscription", "Shop", "-d", str(tmp_path)]) == 0
    lines = dict(line.removeprefix("export ").split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert lines["IDENTITY_ENDPOINT"] == "https://127.0.0.1:9999/metadata/identity/oauth2/token"
    assert Path(lines["REQUESTS_CA_BUNDLE"]).is_file()
    clouds = configparser.ConfigParser()
    clouds.read(Path(lines["AZURE_CONFIG_DIR"]) / "clouds.config")
    assert clouds["Sandbox"]["endpoint_resource_manager"] == "https://127.0.0.1:9999"
    profile = json.loads((Path(lines["AZURE_CONFIG_DIR"]) / "azureProfile.json").read_bytes())
    assert [(one["name"], one["isDefault"]) for one in profile["subscriptions"]] == [("Shop", True)]
    assert profile["subscriptions"][0]["id"] == lines["AZURE_SUBSCRIPTION_ID"]


def test_env_speaks_powershell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "env", "--shell", "powershell", "-d", str(tmp_path)]) == 0
    assert "$env:IDENTITY_HEADER = 'sandbox'" in capsys.readouterr().out.splitlines()


def test_a_rule_that_does_not_parse_ends_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "run", "--port", "0", "--misbehave", "explode"]) == 2
    assert "error[BP705]" in capsys.readouterr().err


def test_missing_packages_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert run(["sandbox", "run", "--port", "0", "-d", str(tmp_path)]) == 2
    captured = capsys.readouterr().err
    assert "error[BP708]" in captured
    assert "pip install -e '.[sandbox]'" in captured
