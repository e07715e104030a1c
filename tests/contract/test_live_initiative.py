"""`evaluate --initiative` without a blueprint: controls from the initiative's groups, live and offline the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from blueprinter.cli import run as command
from blueprinter.sandbox import Response, Settings, load_files, open_sandbox
from contract import tenant as estate
from contract.cloud import FIRST, SECOND, TENANT, Clock
from contract.tenant import AUTH, ONE, OTHER, ROOT, Tenant, made, write_offline


def controls(whole: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """What is said of the controls that some link speaks to."""
    return {
        one["id"]: (one["state"], one["tested"], one["judged"], one["failing"],
                    [(link["outcome"], link["counts"]) for link in one["links"]])
        for one in whole["controls"]
        if one["links"]
    }  # fmt: skip


@pytest.mark.parametrize("source", ["resource-graph", "policy-insights"])
def test_controls_come_from_the_groups(tenant: Tenant, source: str) -> None:
    id = made(tenant)
    tenant.assign("baseline", ONE)
    now = tenant.trigger()
    code, whole, said = tenant.evaluate(
        "--initiative", id, "--subscription", FIRST, "--source", source, "--now", now
    )
    assert code == 3, said
    assert "BP271" not in said  # the assignment gives the initiative's parameter its value
    assert whole["run"]["framework"]["id"] == "iso-27001-2022"
    assert (whole["run"]["blueprint"]["name"], whole["run"]["blueprint"]["version"]) == ("baseline", "1.2.0")
    found = controls(whole)
    assert {id: (state[0], state[2], state[3]) for id, state in found.items()} == {
        "A.5.14": ("gap", 3, 2), "A.8.24": ("gap", 3, 1)
    }  # fmt: skip
    sources = {link["source"] for one in whole["controls"] for link in one["links"]}
    assert sources == {"Microsoft"}
    assert {one["resourceId"].rpartition("/")[2] for one in whole["findings"]} == {"plain", "open"}


def test_offline_gives_the_same_controls(tenant: Tenant) -> None:
    id = made(tenant)
    tenant.assign("baseline", ONE)
    now = tenant.trigger()
    _, live, _ = tenant.evaluate("--initiative", id, "--subscription", FIRST, "--now", now)
    given = write_offline(tenant, "baseline")
    code, offline, said = tenant.evaluate(*given, "--inventory", "estate.jsonl", "--now", now)
    assert code == 3, said
    assert controls(offline) == controls(live)
    assert len(controls(live)) == 2
    assert offline["counts"]["states"] == live["counts"]["states"]


def test_each_group_gets_what_its_own_member_says(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """One definition twice, with another value for each group; live and offline say the same."""
    plain_rule, plain_initiative = estate.rule, estate.initiative

    def rule(name: str) -> dict[str, Any]:
        found = plain_rule(name)
        found["parameters"]["wanted"] = {"type": "Boolean", "defaultValue": True}
        found["policyRule"]["if"]["allOf"][1]["notEquals"] = "[parameters('wanted')]"
        return found

    def initiative(name: str, scope: str = ONE) -> dict[str, Any]:
        found = plain_initiative(name, scope)
        first = found["properties"]["policyDefinitions"][0]
        second = {**first, "policyDefinitionReferenceId": "reference again"}
        second["parameters"] = {**first["parameters"], "wanted": {"value": False}}
        first["groupNames"], second["groupNames"] = ["ISO_IEC_27002_2022_8.24"], ["ISO_IEC_27002_2022_5.14"]
        found["properties"]["policyDefinitions"] = [first, second]
        return found

    monkeypatch.setattr(estate, "rule", rule)
    monkeypatch.setattr(estate, "initiative", initiative)
    id = made(tenant)
    tenant.assign("baseline", ONE)
    now = tenant.trigger()
    code, live, said = tenant.evaluate("--initiative", id, "--subscription", FIRST, "--now", now)
    assert code == 3, said
    found = controls(live)
    assert {id: (state[0], state[3]) for id, state in found.items()} == {
        "A.5.14": ("gap", 2), "A.8.24": ("gap", 1)
    }  # fmt: skip
    given = write_offline(tenant, "baseline")
    _, offline, said = tenant.evaluate(*given, "--inventory", "estate.jsonl", "--now", now)
    assert controls(offline) == found, said


WHERE = ("--subscription", FIRST, "--subscription", SECOND)


def test_several_initiatives_each_somewhere_else(tenant: Tenant) -> None:
    ids = [made(tenant, "baseline", ONE), made(tenant, "extra", OTHER)]
    tenant.assign("baseline", ONE)
    tenant.assign("extra", OTHER)
    now = tenant.trigger()
    given = [part for id in ids for part in ("--initiative", id)]
    code, whole, said = tenant.evaluate(*given, *WHERE, "--now", now)
    assert code == 3, said
    assert {id: state[2:4] for id, state in controls(whole).items()} == {"A.5.14": (6, 4), "A.8.24": (6, 2)}
    assert f"`The baseline` is not assigned in {OTHER}" in said
    assert f"`The extra` is not assigned in {ONE}" in said


@pytest.mark.parametrize("where", [WHERE, ("-m", TENANT)])
def test_an_assignment_of_a_management_group(tenant: Tenant, where: tuple[str, ...]) -> None:
    id = made(tenant, "baseline", ROOT)
    tenant.assign("baseline", ROOT)
    now = tenant.trigger()
    code, whole, said = tenant.evaluate("--initiative", id, *where, "--now", now)
    assert code == 3, said
    assert {id: state[2:4] for id, state in controls(whole).items()} == {"A.5.14": (6, 4), "A.8.24": (6, 2)}
    assert "BP239" not in said


def test_groups_of_a_framework_that_is_not_known_here_are_controls_themselves(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their titles are Azure's metadata of regulations."""
    monkeypatch.setattr(
        estate,
        "GROUPS",
        {"https-only": ["Contoso_1.1"], "no-public-access": ["Contoso_1.1", "Contoso_1.2"]},
    )
    respond = tenant.sandbox.respond
    title = {"name": "contoso_1.1", "properties": {"title": "Traffic is encrypted", "owner": "Customer"}}

    def answered(method: str, url: str, headers: Any, body: bytes) -> Any:
        return (
            Response.of({"value": [title]})
            if "policyMetadata" in url
            else respond(method, url, headers, body)
        )

    monkeypatch.setattr(tenant.sandbox, "respond", answered)
    id = made(tenant)
    tenant.assign("baseline", ONE)
    now = tenant.trigger()
    code, live, said = tenant.evaluate("--initiative", id, "--subscription", FIRST, "--now", now)
    assert code == 3, said
    assert {one["id"]: (one["title"], one["state"], one["failing"]) for one in live["controls"]} == {
        "Contoso_1.1": ("Traffic is encrypted", "gap", 2), "Contoso_1.2": ("Contoso_1.2", "gap", 1)
    }  # fmt: skip
    given = write_offline(tenant, "baseline")
    _, offline, said = tenant.evaluate(*given, "--inventory", "estate.jsonl", "--now", now)
    assert controls(offline) == controls(live), said
    assert live["score"] is None


def test_where_it_is_not_assigned_is_said(tenant: Tenant) -> None:
    id = made(tenant)
    now = tenant.trigger()
    code, whole, said = tenant.evaluate("--initiative", id, *WHERE, "--now", now)
    assert code == 5
    assert "BP239" in said
    assert "is not assigned" in said
    assert all(state[0] == "incomplete" for state in controls(whole).values())
    assert len(controls(whole)) == 2
    tenant.assign("baseline", ONE)
    now = tenant.trigger()
    code, whole, said = tenant.evaluate("--initiative", id, *WHERE, "--now", now)
    assert (code, f"is not assigned in {OTHER}" in said) == (3, True)


def test_a_switched_off_assignment_is_no_evidence(tenant: Tenant) -> None:
    id = made(tenant)
    tenant.assign("baseline", ONE, effect="Disabled")
    now = tenant.trigger()
    code, whole, _ = tenant.evaluate("--initiative", id, "--subscription", FIRST, "--now", now)
    assert code == 5
    assert {state[0] for state in controls(whole).values()} == {"incomplete"}


def test_an_initiative_that_is_nowhere(tenant: Tenant) -> None:
    for name in (
        "00000000-aaaa-4000-8000-000000000000",
        f"{ONE}{AUTH}/policySetDefinitions/none",
        "no/../such",
    ):
        code, _, said = tenant.evaluate("--initiative", name, "--subscription", FIRST)
        assert (code, "BP192" in said) == (2, True), said


def test_subscriptions_have_to_be_named(tenant: Tenant) -> None:
    code, _, said = tenant.evaluate("--initiative", made(tenant))
    assert (code, "no subscription is meant" in said) == (2, True)


def test_few_requests(tenant: Tenant) -> None:
    id = made(tenant)
    tenant.assign("baseline", ONE)
    now = tenant.trigger()
    arguments = (
        "--initiative",
        id,
        "--subscription",
        FIRST,
        "--now",
        now,
        "--explain-requests",
        "--details",
        "0",
    )
    _, _, said = tenant.evaluate(*arguments)
    counted = int(
        next(line for line in said.splitlines() if "request" in line and "repeated" in line).split()[0]
    )
    # one for the initiative, one each for two definitions, one for the assignments, the rest as with a blueprint
    assert counted <= 14


def test_a_bundle_and_a_recording_of_it(tenant: Tenant) -> None:
    id = made(tenant)
    tenant.assign("baseline", ONE)
    now = tenant.trigger()
    arguments = ("--initiative", id, "--subscription", FIRST, "--now", now, "--save", "--record", "recording")
    code, whole, said = tenant.evaluate(*arguments)
    assert code == 3, said
    assert command(["history", "bundle", "-o", "evidence.zip"]) == 0, tenant.out.readouterr().err
    assert command(["history", "verify", "evidence.zip"]) == 0
    code, again, said = tenant.evaluate("--replay", "recording")
    assert code == 3, said
    assert controls(again) == controls(whole)


ISO_27001_2013 = "89c6cddc-1c73-4ac1-b19c-54d1a15a42f2"
INVENTORY_AT = datetime(2026, 11, 20, 6, tzinfo=UTC)


def test_azures_own_initiative_over_the_example_estate(
    root: Path,
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """ISO 27001:2013 as Azure ships it, assigned as anybody would: live and offline say the same of every control."""
    estate = root / "examples/contoso/inventory"
    monkeypatch.chdir(tmp_path)
    assert command(["-q", "catalog", "import", str(shared / "data/azure-policy")]) == 0
    clock = Clock()
    clock.now = INVENTORY_AT
    never = Settings(scan_delay=1e9)
    with open_sandbox(clock=clock, settings=never) as box:
        load_files(box, [estate, tmp_path / ".blueprinter/catalog.sqlite"], now=INVENTORY_AT)
        found = Tenant(box, clock, tmp_path, capsys)
        monkeypatch.setattr("blueprinter.cli.commands.evaluate.client", lambda *_: found.arm())
        with found.arm() as arm:
            rows = list(arm.items("/subscriptions", "2022-12-01"))
        scopes = sorted(str(row["id"]) for row in rows)
        given = {"policyDefinitionId": f"{AUTH}/policySetDefinitions/{ISO_27001_2013}"}
        body = {"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": given}
        for scope in scopes:
            found.put(f"{scope}{AUTH}/policyAssignments/iso", body)
        now = found.trigger(*scopes)
        where = [part for scope in scopes for part in ("--subscription", scope.rpartition("/")[2])]
        code, live, said = found.evaluate("--initiative", ISO_27001_2013, *where, "--now", now)
    assert code == 3, said
    code, offline, said = found.evaluate(
        "--initiative", ISO_27001_2013, "--inventory", str(estate), "--now", now, "--max-age", "30"
    )
    assert code == 3, said
    assert live["run"]["framework"]["id"] == offline["run"]["framework"]["id"] == "iso-27001-2013"
    assert live["counts"]["states"] == offline["counts"]["states"]
    ours, theirs = controls(offline), controls(live)
    assert {id: state[:2] for id, state in ours.items()} == {id: state[:2] for id, state in theirs.items()}
    assert sorted(state[0] for state in ours.values()) == ["gap"] * 10 + ["incomplete"] * 5
    # where the inventory does not have what a policy looks for, our engine does not decide; the sandbox has it all
    apart = {id for id, state in ours.items() if state[2:4] != theirs[id][2:4]}
    assert apart == {"A.9.2.3"}
    assert any("unsupported" in counts for _, counts in ours["A.9.2.3"][4])
