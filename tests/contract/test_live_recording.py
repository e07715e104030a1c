"""`evaluate --record` and `--replay`: what a user can hand to us of what Azure answered, and what comes out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from blueprinter.azure import ArmClient, AzureError, Exchange, connect_in_process, scrub
from blueprinter.cli import run as command
from blueprinter.cli.recording import read_recording
from contract.contoso import assigned_estate
from contract.test_live_bundle import EVALUATED

SOURCES = ("resource-graph", "policy-insights")


@pytest.fixture(scope="module")
def recordings(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """By source: a folder with a run over the example estate, `run.json`, and its `recording`. Both are only read."""
    found = {source: tmp_path_factory.mktemp(source) for source in SOURCES}
    with assigned_estate(root, registers=True) as loop, pytest.MonkeyPatch.context() as patch:

        def opened(*_: object) -> ArmClient:
            connection = connect_in_process(loop.sandbox.respond)
            return ArmClient(connection, poll_seconds=0, sleep=lambda _: None)

        patch.setattr("blueprinter.cli.commands.evaluate.client", opened)
        for source, folder in found.items():
            patch.chdir(folder)
            code = command(
                [
                    "evaluate", "-a", str(root / "examples/contoso/assignments/contoso.yaml"), "--source", source,
                    "--now", EVALUATED, "--fail-on", "none", "-o", "json=run.json", "--record", "recording",
                ]
            )  # fmt: skip
            assert code == 0
    return found


def names_of(estate: Path) -> set[str]:
    """Names of the estate that are long enough to be nobody else's: subscriptions, groups, resources."""
    found = set()
    for file in estate.glob("inventory/*.jsonl"):
        for line in file.read_text().splitlines():
            row = json.loads(line)
            parts = row["id"].split("/")
            found |= {parts[2]} | {row["name"]} | set(parts[4:5])
    policies = " ".join(one.name for one in estate.parents[1].glob("policies/*/*"))
    return {one for one in found if len(one) > 11 and re.search(r"[-\d]", one) and one not in policies}


def results(file: Path) -> list[tuple[Any, ...]]:
    """What a run says of controls, without whose resources they are."""
    whole = json.loads(file.read_bytes())
    return [
        (one["id"], one["state"], one["tested"], one["judged"], one["applicable"], one["failing"],
         [(link["outcome"], link["counts"], link.get("reason")) for link in one["links"]])
        for one in whole["controls"]
    ]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_a_replay_gives_the_same_control_results(
    recordings: Mapping[str, Path], tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded = recordings[source]
    replay = ["evaluate", "--replay", str(recorded / "recording")]
    assert command([*replay, "--fail-on", "none", "-o", "json=again.json"]) == 0
    assert results(tmp_path / "again.json") == results(recorded / "run.json")
    states = {one[1] for one in results(recorded / "run.json")}
    assert {"gap", "incomplete"} <= states


@pytest.mark.parametrize("source", SOURCES)
def test_a_recording_says_nothing_of_whose_it_is(
    root: Path, recordings: Mapping[str, Path], source: str
) -> None:
    recording = recordings[source] / "recording"
    text = "".join(one.read_text().lower() for one in sorted(recording.iterdir()))
    names = names_of(root / "examples/contoso")
    assert len(names) > 200
    assert [one for one in names if one.lower() in text] == []
    for word in ("contoso", "bearer", "authorization:", "@", "user-agent"):
        assert word not in text.replace("@odata", ""), word


def test_it_has_the_shape_of_the_recordings_of_the_sdk(recordings: Mapping[str, Path], shared: Path) -> None:
    ours = _read_yaml(recordings["resource-graph"] / "recording/recording.yaml")
    name = "azure-mgmt-resource-15.0.0/test_mgmt_resource.test_provider_registration.yaml"
    theirs = _read_yaml(shared / "data/recordings" / name)
    one, other = ours["interactions"][0], theirs["interactions"][0]
    assert {"request", "response"} == set(one) == set(other)
    assert set(one["request"]) == set(other["request"])
    assert set(one["response"]) - {"url"} == set(other["response"]) - {"url"}
    assert set(one["response"]["status"]) == set(other["response"]["status"])
    assert isinstance(one["response"]["body"]["string"], str)


def _read_yaml(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def test_a_folder_that_holds_something_is_left_alone(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said before Azure is asked."""

    def nobody(*_: object) -> ArmClient:
        raise AssertionError("Azure is asked")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("blueprinter.cli.commands.evaluate.client", nobody)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    assignment = root / "examples/contoso/assignments/contoso.yaml"
    code = command(["evaluate", "-a", str(assignment), "--now", EVALUATED, "--record", "mine"])
    assert (code, "BP238" in capsys.readouterr().err) == (2, True)
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    assert command(["evaluate", "--replay", "mine"]) == 2


SUB = "/subscriptions/11111111-2222-3333-4444-555555555555"


def exchange(
    answer: Any, url: str = f"https://management.azure.com{SUB}/x?api-version=1", body: Any = None
) -> Exchange:
    return Exchange("POST" if body else "GET", url, body, 200, {}, answer)


def scrubbed(answer: Any, **more: Any) -> Any:
    (found,) = scrub([exchange(answer, **more)], ["https-only"]).exchanges
    return found.answer


def test_names_keep_their_order_and_are_the_same_everywhere() -> None:
    ids = [f"{SUB}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
           for group, name in (("rg-a", "st1"), ("rg-a", "st2"), ("RG-B", "st1"))]  # fmt: skip
    query = f"policyresources | where resourceId in ('{ids[0].lower()}', '{ids[2].lower()}') and g =~ 'rg-b'"
    body = {"query": query, "subscriptions": [SUB[15:]]}
    (found,) = scrub([exchange({"data": [{"id": one} for one in ids]}, body=body)], []).exchanges
    news = [row["id"] for row in found.answer["data"]]
    assert news == sorted(news)
    assert news[0].rpartition("/")[2] == news[2].rpartition("/")[2]
    assert f"('{news[0].lower()}', '{news[2].lower()}')" in found.body["query"]
    assert f"g =~ '{news[2].split('/')[4]}'" in found.body["query"]
    assert found.body["subscriptions"] == [news[0].split("/")[2]]
    assert news[0].split("/")[2] in found.url


@pytest.mark.parametrize(
    "kept",
    [
        {"complianceState": "NonCompliant", "type": "microsoft.storage/storageaccounts", "resources": 3},
        {"id": "/providers/Microsoft.Authorization/policyDefinitions/404c3081-a854-4457-ae30-26a93ef643f9"},
        {"reference": "https-only", "enforcementMode": "DoNotEnforce", "timestamp": "2026-11-20T06:00:00.1234567Z"},
        {"parameters": {"effect": {"value": "AuditIfNotExists"}, "x": {"value": "[parameters('x')]"}}},
    ],
)  # fmt: skip
def test_what_a_run_rests_on_stays(kept: Mapping[str, Any]) -> None:
    assert scrubbed(kept) == kept


@pytest.mark.parametrize(
    "secret",
    [
        {"name": "payroll"},
        {"properties": {"displayName": "Payroll of Contoso", "description": "ask Jane"}},
        {"parameters": {"mail": {"value": "jane@contoso.example"}, "list": {"value": ["payroll"]}}},
        {"identity": {"principalId": "99999999-2222-3333-4444-555555555555", "tenantId": "payroll"}},
        {"tags": {"payroll": "jane"}, "metadata": {"createdBy": "jane", "assignedBy": "Payroll"}},
        {"systemData": {"createdBy": "jane@contoso.example"}},
        {"id": f"{SUB}|{SUB}/providers/Microsoft.Authorization/policyAssignments/payroll|https-only"},
        {"nextLink": f"https://management.azure.com{SUB}/x?$skiptoken=cGF5cm9sbA&$filter=name eq 'payroll'"},
        {"userAssignedIdentities": {f"{SUB}/resourceGroups/payroll/providers/Microsoft.M/i/jane": {}}},
        {"objectId": "99999999-2222-3333-4444-555555555555", "anything": "99999999-2222-3333-4444-555555555555"},
    ],
)  # fmt: skip
def test_what_says_whose_it_is_goes(secret: Mapping[str, Any]) -> None:
    found = json.dumps(scrubbed({"name": "payroll", "rows": [secret]})).lower()
    for word in ("payroll", "jane", "contoso", "11111111", "99999999", "cgf5cm9sba"):
        assert word not in found


def test_an_initiative_of_azure_stays_as_it_is() -> None:
    shipped = {
        "id": "/providers/Microsoft.Authorization/policySetDefinitions/89c6cddc-1c73-4ac1-b19c-54d1a15a42f2",
        "properties": {"policyType": "BuiltIn", "displayName": "ISO 27001:2013", "metadata": {"version": "8.0.0"}},
    }  # fmt: skip
    assert scrubbed(shipped) == shipped


def test_what_cannot_be_told_apart_is_not_written() -> None:
    """A public name that is an address of a person: better no recording."""
    with pytest.raises(AzureError, match="would be left"):
        scrub([exchange({"name": "jane@contoso.example"})], ["jane@contoso.example"])


def test_a_recording_is_read_strictly(tmp_path: Path) -> None:
    (tmp_path / "replay.json").write_text('{"schema": "other"}')
    with pytest.raises(Exception, match="no recording"):
        read_recording(tmp_path)
