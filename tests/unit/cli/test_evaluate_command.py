"""`blueprinter evaluate`: inputs, outputs, exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

from blueprinter.cli import Settings
from blueprinter.cli.remarks import say
from unit.cli.conftest import Cli

NOW = "2026-11-20T06:00:00Z"

STORAGE = {
    "id": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a",
    "name": "a",
    "type": "Microsoft.Storage/storageAccounts",
    "location": "westeurope",
    "apiVersion": "2023-01-01",
    "properties": {"supportsHttpsTrafficOnly": False, "minimumTlsVersion": "TLS1_2"},
}
HTTPS_ONLY = {
    "properties": {
        "displayName": "HTTPS only",
        "mode": "Indexed",
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                    {
                        "field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly",
                        "notEquals": True,
                    },
                ]
            },
            "then": {"effect": "audit"},
        },
    }
}
TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "resources": [
        {
            "type": "Microsoft.Storage/storageAccounts",
            "apiVersion": "2023-01-01",
            "name": "a",
            "location": "westeurope",
            "properties": {"supportsHttpsTrafficOnly": False},
        }
    ],
}


def write(file: Path, value: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(value if isinstance(value, str) else json.dumps(value, indent=2), encoding="utf-8")
    return file


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write(tmp_path / "rules" / "https-only.json", HTTPS_ONLY)


def rows(tmp_path: Path, *lines: str) -> Path:
    return write(tmp_path / "estate.jsonl", "".join(f"{line}\n" for line in lines))


def test_a_non_compliant_resource_is_over_the_threshold(cli: Cli, tmp_path: Path, policy: Path) -> None:
    inventory = rows(tmp_path, json.dumps(STORAGE))
    done = cli("evaluate", "--policies", policy, "--inventory", inventory, "--now", NOW, "-o", "jsonl")
    (state,) = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 3
    assert state["complianceState"] == "NonCompliant"
    assert state["policyAssignmentId"] is None
    assert state["path"] == "properties.supportsHttpsTrafficOnly"
    assert (state["actual"], state["line"]) == ("false", 1)


@pytest.mark.parametrize("shape", ["lines", "array", "value", "data"])
def test_the_four_shapes_of_an_inventory_give_the_same(
    cli: Cli, tmp_path: Path, policy: Path, shape: str
) -> None:
    body = {
        "lines": json.dumps(STORAGE) + "\n",
        "array": json.dumps([STORAGE]),
        "value": json.dumps({"value": [STORAGE]}),
        "data": json.dumps({"data": [STORAGE], "count": 1}),
    }[shape]
    inventory = write(tmp_path / "estate.json", body)
    done = cli("evaluate", "--policies", policy, "--inventory", inventory, "--now", NOW, "-o", "jsonl")
    assert (done.code, json.loads(done.out)["complianceState"]) == (3, "NonCompliant")


@pytest.mark.parametrize(("threshold", "code"), [("gap", 3), ("none", 0)])
def test_fail_on(cli: Cli, tmp_path: Path, policy: Path, threshold: str, code: int) -> None:
    inventory = rows(tmp_path, json.dumps(STORAGE))
    done = cli(
        "-q", "evaluate", "--policies", policy, "--inventory", inventory, "--now", NOW, "--fail-on", threshold
    )
    assert done.code == code


@pytest.mark.parametrize("now", ["2025-12-31T19:30:00Z", "2026-01-01T00:30:00+05:00"])
def test_a_clock_with_an_offset_is_the_same_instant(cli: Cli, tmp_path: Path, now: str) -> None:
    old = {"value": "[utcNow()]", "less": "2026-01-01T00:00:00Z"}
    rule = {"if": {"allOf": [{"field": "type", "equals": STORAGE["type"]}, old]}, "then": {"effect": "audit"}}
    policy = write(tmp_path / "old.json", {"properties": {"displayName": "old", "policyRule": rule}})
    inventory = rows(tmp_path, json.dumps(STORAGE))
    assert cli("evaluate", "--policies", policy, "--inventory", inventory, "--now", now).code == 3


def test_nothing_evaluated_is_never_green(cli: Cli, tmp_path: Path, policy: Path) -> None:
    done = cli("evaluate", "--policies", policy, "--inventory", rows(tmp_path), "--now", NOW)
    assert done.code == 5
    other = {**STORAGE, "type": "Microsoft.Network/virtualNetworks"}
    done = cli(
        "evaluate", "--policies", policy, "--inventory", rows(tmp_path, json.dumps(other)), "--now", NOW
    )
    assert done.code == 5


def test_a_truncated_line_and_a_row_without_type_are_counted_and_the_rest_is_judged(
    cli: Cli, tmp_path: Path, policy: Path
) -> None:
    good = {**STORAGE, "properties": {"supportsHttpsTrafficOnly": True}}
    inventory = rows(tmp_path, json.dumps(good), '{"id": "x", "ty', '{"id": "/y", "properties": {}}')
    arguments = ("evaluate", "--policies", policy, "--inventory", inventory, "--now", NOW)
    done = cli(*arguments)
    assert done.code == 1
    assert f"{inventory.name}:2:" in done.err
    assert f"{inventory.name}:3:" in done.err
    assert "2 records" in done.err
    assert cli(*arguments, "--allow-partial").code == 0


def test_a_template_finding_names_the_line_that_made_it(cli: Cli, tmp_path: Path, policy: Path) -> None:
    template = write(tmp_path / "main.json", TEMPLATE)
    done = cli("evaluate", template, "--policies", policy, "--now", NOW, "-o", "jsonl")
    state = json.loads(done.out)
    assert done.code == 3
    assert (state["file"], state["line"]) == (str(template), 11)


def test_templates_by_quoted_glob_option_and_positional(cli: Cli, tmp_path: Path, policy: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / name / "main.json", TEMPLATE)
    done = cli(
        "evaluate", f"{tmp_path}/a/*.json", f"{tmp_path}/b/main.json", "--template", tmp_path / "c" / "main.json",
        "--policies", policy, "--now", NOW, "-o", "jsonl",
    )  # fmt: skip
    assert len(done.out.splitlines()) == 3


def test_a_template_that_cannot_be_expanded_is_a_hole(cli: Cli, tmp_path: Path, policy: Path) -> None:
    good = write(tmp_path / "good.json", TEMPLATE)
    broken = json.loads(json.dumps(TEMPLATE))
    broken["resources"][0]["name"] = "[nonsense('x')]"
    bad = write(tmp_path / "bad.json", broken)
    done = cli("evaluate", good, bad, "--policies", policy, "--now", NOW)
    assert done.code == 1
    assert f"{bad.name}:8:" in done.err
    assert "template not judged" in done.err
    assert cli("evaluate", bad, "--policies", policy, "--now", NOW).code == 2


def test_a_linked_template_that_cannot_be_read_is_a_hole(cli: Cli, tmp_path: Path, policy: Path) -> None:
    link = {"mode": "Incremental", "templateLink": {"relativePath": "modules/typo.json"}}
    inner = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "x",
        "properties": link,
    }
    good = {**TEMPLATE["resources"][0], "properties": {"supportsHttpsTrafficOnly": True}}  # type: ignore[index] # a list
    file = write(tmp_path / "main.json", {**TEMPLATE, "resources": [good, inner]})
    assert cli("evaluate", file, "--policies", policy, "--now", NOW).code == 1
    assert cli("evaluate", file, "--policies", policy, "--now", NOW, "--allow-partial").code == 0


@pytest.mark.parametrize(
    ("condition", "tags", "state"),
    [
        ({"field": "tags['public']", "exists": True}, {"[parameters('k')]": "v"}, "Unsupported"),
        ({"field": "tags", "containsKey": "public"}, {"[parameters('k')]": "v"}, "Unsupported"),
        ({"field": "tags['a']", "exists": False}, {"[parameters('k')]": "v", "a": "b"}, ""),
        ({"field": "tags['a']", "exists": True}, {"[parameters('k')]": "v", "A": "b"}, "NonCompliant"),
    ],
)
def test_keys_that_are_not_known_yet(
    cli: Cli, tmp_path: Path, condition: object, tags: dict[str, str], state: str
) -> None:
    rule = {"if": condition, "then": {"effect": "audit"}}
    policy = write(tmp_path / "p.json", {"properties": {"mode": "All", "policyRule": rule}})
    row = {**TEMPLATE["resources"][0], "tags": tags}  # type: ignore[index] # a list
    body = {**TEMPLATE, "parameters": {"k": {"type": "string"}}, "resources": [row]}
    file = write(tmp_path / "main.json", body)
    done = cli("evaluate", file, "--policies", policy, "--now", NOW, "-o", "jsonl")
    assert [json.loads(line)["complianceState"] for line in done.out.splitlines()] == (
        [state] if state else []
    )


def test_a_type_that_is_not_known_is_refused(cli: Cli, tmp_path: Path, policy: Path) -> None:
    row = {**TEMPLATE["resources"][0], "type": "[concat(parameters('k'), '/storageAccounts')]"}  # type: ignore[index] # a list
    body = {**TEMPLATE, "parameters": {"k": {"type": "string"}}, "resources": [row]}
    file = write(tmp_path / "main.json", body)
    done = cli("evaluate", file, "--policies", policy, "--now", NOW)
    assert done.code in (1, 2)
    assert "BP531" in done.err
    assert "Unknown(" not in done.out + done.err


def test_outputs_go_to_files_by_extension_and_are_whole(cli: Cli, tmp_path: Path, policy: Path) -> None:
    inventory = rows(tmp_path, json.dumps(STORAGE))
    done = cli(
        "evaluate", "--policies", policy, "--inventory", inventory, "--now", NOW,
        "-o", "out/report.html", "-o", "out/run.json", "-o", "csv=out/findings.csv", "-o", "out/s.jsonl",
    )  # fmt: skip
    assert done.code == 3
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "findings.csv", "report.html", "run.json", "s.jsonl",
    ]  # fmt: skip
    assert json.loads((tmp_path / "out/run.json").read_text())["schema"] == "blueprinter/evaluate/1"


def test_the_same_input_gives_the_same_bytes(cli: Cli, root: Path, tmp_path: Path) -> None:
    estate = root / "examples" / "contoso"
    for name in ("first", "second"):
        cli(
            "evaluate", "iso-27001-2022", "--inventory", estate / "inventory", "--registers", estate / "registers",
            "--now", NOW, "-o", f"{name}.html", "-o", f"{name}.json", "-o", f"{name}.csv",
        )  # fmt: skip
    for kind in ("html", "json", "csv"):
        assert (tmp_path / f"first.{kind}").read_bytes() == (tmp_path / f"second.{kind}").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "nothing to judge"),
        (("iso-27001-2022",), "nothing to judge"),
        (("--inventory", "estate.jsonl"), "nothing to judge by"),
        (("no-such-blueprint", "--inventory", "x.jsonl"), "no blueprint is called `no-such-blueprint`"),
        (("iso-27001-202", "--inventory", "x.jsonl"), "did you mean `iso-27001-2022`?"),
        (("iso-27001-2022", "--inventory", "missing.jsonl"), "missing.jsonl"),
        (("iso-27001-2022", "missing/*.json"), "names no file"),
        (("iso-27001-2022", "--inventory", "x", "-o", "yaml"), "`yaml` is no format"),
        (("iso-27001-2022", "--inventory", "x", "-o", "json", "-o", "csv"), "only one output"),
        (("--initiative", "nope", "--inventory", "x"), "BP192"),
        (("iso-27001-2022", "--inventory", "x", "--now", "yesterday"), "ISO 8601"),
    ],
)
def test_wrong_usage_says_what_and_exits_with_2(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    done = cli("evaluate", *arguments)
    assert done.code == 2
    assert says in " ".join(done.err.split())


@pytest.mark.parametrize(("cloud", "says"), [("AzureCluod", "did you mean"), ("AzureGermanCloud", "retired")])
def test_a_cloud_must_exist(cli: Cli, cloud: str, says: str) -> None:
    done = cli("--cloud", cloud, "evaluate", "iso-27001-2022", "--inventory", "x")
    assert done.code == 2
    assert says in done.err


def test_a_definition_with_faults_names_every_place(cli: Cli, tmp_path: Path) -> None:
    bad = json.loads(json.dumps(HTTPS_ONLY))
    bad["properties"]["policyRule"]["if"]["allOf"][1]["notEqualz"] = bad["properties"]["policyRule"]["if"][
        "allOf"
    ][1].pop("notEquals")
    bad["properties"]["policyRule"]["then"] = {}
    file = write(tmp_path / "bad.json", bad)
    done = cli("evaluate", "--policies", file, "--inventory", rows(tmp_path, json.dumps(STORAGE)))
    assert done.code == 2
    assert done.err.count("error[BP3") == 2
    assert "did you mean `notEquals`?" in done.err


# --- initiatives ----------------------------------------------------------------------------------------------------

DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions"
LEAST_TLS = {
    "name": "least-tls",
    "properties": {
        "displayName": "least TLS",
        "mode": "Indexed",
        "metadata": {"version": "1.2.0"},
        "parameters": {"version": {"type": "String", "allowedValues": ["TLS1_0", "TLS1_2"]}},
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                    {
                        "field": "Microsoft.Storage/storageAccounts/minimumTlsVersion",
                        "notEquals": "[parameters('version')]",
                    },
                ]
            },
            "then": {"effect": "audit"},
        },
    },
}


def member(name: str = "least-tls", version: object = "TLS1_2", **more: object) -> dict[str, object]:
    """A reference of an initiative to a definition."""
    return {
        "policyDefinitionId": f"{DEFINITIONS}/{name}",
        "policyDefinitionReferenceId": f"{name} {version}",
        "parameters": {"version": {"value": version}},
        **more,
    }


def initiative(file: Path, *members: dict[str, object], groups: tuple[str, ...] = ()) -> Path:
    return write(
        file,
        {
            "properties": {
                "displayName": "Baseline",
                "policyDefinitions": [
                    {**one, **({"groupNames": list(groups)} if groups else {})} for one in members
                ],
                "policyDefinitionGroups": [{"name": name} for name in groups],
            }
        },
    )


def of_groups(file: Path, *members: dict[str, object]) -> Path:
    """An initiative whose members name their groups themselves."""
    named = sorted({name for one in members for name in cast("list[str]", one["groupNames"])})
    properties = {
        "displayName": "Baseline",
        "policyDefinitions": list(members),
        "policyDefinitionGroups": [{"name": name} for name in named],
    }
    return write(file, {"properties": properties})


CRYPTOGRAPHY, TRANSFER = "ISO_IEC_27002_2022_8.24", "ISO_IEC_27002_2022_5.14"


def judged_by(cli: Cli, folder: Path, file: Path, *more: str) -> dict[str, Any]:
    """The run by an initiative of an account that has TLS 1.2."""
    write(folder / "policies/storage/least-tls/policy.json", LEAST_TLS)
    subscription = "/subscriptions/00000000-0000-0000-0000-000000000001/"
    account = json.dumps(STORAGE).replace("/subscriptions/1/", subscription)
    inventory = rows(folder, account)
    done = cli("evaluate", "--initiative", file, "--inventory", inventory, "--now", NOW, "-o", "json", *more)
    assert done.out, done.err
    return cast("dict[str, Any]", json.loads(done.out))


def states_of(run: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {
        one["id"]: (one["state"], [(link["reference"], link["counts"]) for link in one["links"]])
        for one in run["controls"]
        if one["links"]
    }


def test_each_group_gets_what_its_own_member_says(cli: Cli, tmp_path: Path) -> None:
    """The CIS benchmarks have one definition many times, with another value for each of their groups."""
    file = of_groups(
        tmp_path / "baseline.json",
        member(groupNames=[CRYPTOGRAPHY]),
        member(version="TLS1_0", groupNames=[TRANSFER]),
    )
    run = judged_by(cli, tmp_path, file)
    passed, failed = {"compliant": 1}, {"non-compliant": 1}
    assert states_of(run) == {
        "A.5.14": ("gap", [("least-tls TLS1_0", failed)]),
        "A.8.24": ("incomplete", [("least-tls TLS1_2", passed)]),
    }
    assert [one["controls"] for one in run["findings"]] == [["A.5.14"]]
    assert [link["displayName"] for one in run["controls"] for link in one["links"]] == [
        "least TLS (least-tls TLS1_0)", "least TLS (least-tls TLS1_2)"
    ]  # fmt: skip


def test_a_group_with_both_members_gets_the_worst(cli: Cli, tmp_path: Path) -> None:
    both = [member(groupNames=[TRANSFER]), member(version="TLS1_0", groupNames=[TRANSFER])]
    run = judged_by(cli, tmp_path, of_groups(tmp_path / "alike.json", *both))
    assert states_of(run) == {"A.5.14": ("gap", [(None, {"non-compliant": 1})])}
    both[0]["groupNames"] = [TRANSFER, CRYPTOGRAPHY]
    run = judged_by(cli, tmp_path, of_groups(tmp_path / "different.json", *both))
    assert [state for state, _ in states_of(run).values()] == ["gap", "incomplete"]
    assert [len(links) for _, links in states_of(run).values()] == [2, 1]


def test_an_exemption_of_a_definition_is_one_of_all_its_members(cli: Cli, tmp_path: Path) -> None:
    file = of_groups(
        tmp_path / "baseline.json",
        member(groupNames=[CRYPTOGRAPHY], version="TLS1_0"),
        member(version="TLS1_2", groupNames=[TRANSFER]),
    )
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "exemptions.yaml").write_text(
        """schema: blueprinter/exemptions/1
exemptions:
  - name: old-clients
    scope: /subscriptions/00000000-0000-0000-0000-000000000001
    assignment: any
    policies: [least-tls]
    category: Waiver
    reason: clients of 2012
    owner: storage
    approvedBy: lead
    expiresOn: 2027-01-01
"""
    )
    run = judged_by(cli, tmp_path, file, "--registers", str(tmp_path / "registers"))
    assert states_of(run)["A.8.24"][1] == [("least-tls TLS1_0", {"waived": 1})]


def test_members_are_observed_one_by_one(cli: Cli, tmp_path: Path) -> None:
    file = of_groups(
        tmp_path / "baseline.json",
        member(groupNames=[TRANSFER]),
        member(version="TLS1_0", groupNames=[CRYPTOGRAPHY]),
    )
    run = judged_by(cli, tmp_path, file, "-o", f"oscal={tmp_path / 'oscal'}")
    results = json.loads((tmp_path / "oscal" / "assessment-results.json").read_text())
    observations = results["assessment-results"]["results"][0]["observations"]
    assert {(one["description"], len(one.get("subjects", ()))) for one in observations} == {
        ("fail: 1 non-compliant", 1), ("pass: 1 compliant", 0)
    }  # fmt: skip
    failing = [{"observation-uuid": one["uuid"]} for one in observations if one["description"][:4] == "fail"]
    risks = results["assessment-results"]["results"][0]["risks"]
    assert [one["related-observations"] for one in risks] == [failing]
    kept = tmp_path / "run.json"
    kept.write_text(json.dumps(run))
    again = cli("report", kept, "-o", "json")
    assert states_of(json.loads(again.out)) == states_of(run)


@pytest.mark.parametrize("groups", [(), ("one",)])
@pytest.mark.parametrize(
    ("members", "says"),
    [
        ((member(), member("unknown")), "BP265"),
        ((member(version="TLS1_3"),), "BP269"),
        ((member(version=12),), "BP269"),
        ((member(), member(version="TLS1_0", parameters={"other": {"value": 1}})), "BP269"),
        ((member(definitionVersion="2.*.*"),), "BP276"),
    ],
)
def test_an_initiative_says_what_is_wrong_with_it_with_groups_and_without(
    cli: Cli, tmp_path: Path, members: tuple[dict[str, object], ...], says: str, groups: tuple[str, ...]
) -> None:
    write(tmp_path / "policies/storage/least-tls/policy.json", LEAST_TLS)
    file = initiative(tmp_path / "baseline.json", *members, groups=groups)
    done = cli(
        "evaluate", "--initiative", file, "--inventory", rows(tmp_path, json.dumps(STORAGE)), "--now", NOW
    )
    assert f"warning[{says}]" in done.err


def test_a_member_without_definition_leaves_the_run_incomplete(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "policies/storage/least-tls/policy.json", LEAST_TLS)
    inventory = rows(tmp_path, json.dumps(STORAGE))
    codes = []
    for members in ((member(),), (member(), member("unknown"))):
        file = initiative(tmp_path / "baseline.json", *members)
        arguments = ("evaluate", "--initiative", file, "--inventory", inventory, "--now", NOW)
        codes.append([cli(*arguments, "--fail-on", least).code for least in ("gap", "incomplete")])
    assert codes == [[0, 0], [0, 3]]


def test_the_files_of_policies_define_what_an_initiative_refers_to(cli: Cli, tmp_path: Path) -> None:
    own = write(tmp_path / "rules" / "least-tls.json", LEAST_TLS)
    other = write(tmp_path / "rules" / "https-only.json", HTTPS_ONLY)
    file = initiative(tmp_path / "baseline.json", member(), member(version="TLS1_0"))
    inventory = rows(tmp_path, json.dumps(STORAGE))
    judged = ("--policies", own, "--policies", other, "--initiative", file, "--inventory", inventory)
    done = cli("evaluate", *judged, "--now", NOW, "-o", "jsonl", "--all-states")
    states = [json.loads(line) for line in done.out.splitlines()]
    assert {(one["policyDefinitionReferenceId"] or "", one["complianceState"]) for one in states} == {
        ("least-tls TLS1_2", "Compliant"), ("least-tls TLS1_0", "NonCompliant"), ("", "NonCompliant")
    }  # fmt: skip
    assert len(states) == 3


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ((), "the initiative `Baseline` has no policy definitions"),
        ((member("unknown"),), "has 1 definition, and none is known here"),
        ((member("unknown"), member("neither")), "has 2 definitions, and none is known here"),
        (
            (member("unknown"),),
            "in files of --policies; built-ins come from `blueprinter catalog import FOLDER`",
        ),
        (
            (member(version="[utcNow()]"),),
            "the initiative `Baseline`: `utcNow` has no meaning in an initiative",
        ),
    ],
)
def test_an_initiative_that_nothing_can_be_judged_by(
    cli: Cli, tmp_path: Path, members: tuple[dict[str, object], ...], says: str
) -> None:
    write(tmp_path / "policies/storage/least-tls/policy.json", LEAST_TLS)
    file = initiative(tmp_path / "baseline.json", *members)
    done = cli(
        "evaluate", "--initiative", file, "--inventory", rows(tmp_path, json.dumps(STORAGE)), "--now", NOW
    )
    assert (done.code, says in done.err) == (2, True), done.err


def test_two_initiatives_are_not_taken_for_one(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "policies/storage/least-tls/policy.json", LEAST_TLS)
    one = initiative(tmp_path / "one" / "set.json", member())
    other = initiative(tmp_path / "other" / "set.json", member(version="TLS1_0"))
    inventory = rows(tmp_path, json.dumps(STORAGE))
    done = cli("evaluate", "--initiative", one, "--initiative", other, "--inventory", inventory, "--now", NOW)
    assert (done.code, "another initiative is called `set` too" in done.err) == (2, True)
    arguments = ("--initiative", one, "--initiative", one, "--inventory", inventory, "--now", NOW)
    assert cli("evaluate", *arguments).code == 0


# --- thresholds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", ["0", "1", "1000"])
@pytest.mark.parametrize(("least", "tolerated", "code"), [("low", "3", 0), ("low", "2", 3), ("high", "0", 0)])
def test_gaps_of_a_severity_do_not_depend_on_what_is_shown(
    cli: Cli, tmp_path: Path, policy: Path, shown: str, least: str, tolerated: str, code: int
) -> None:
    inventory = rows(
        tmp_path, *(json.dumps({**STORAGE, "id": f"{STORAGE['id']}{number}"}) for number in range(3))
    )
    arguments = (
        "evaluate",
        "--policies",
        policy,
        "--inventory",
        inventory,
        "--now",
        NOW,
        "--max-findings",
        shown,
    )
    assert cli(*arguments, "--min-severity", least, "--max-gaps", tolerated).code == code


def test_what_is_new_is_found_behind_the_findings_that_are_kept_otherwise(
    cli: Cli, tmp_path: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blueprinter.cli.commands.evaluate.SAVED_FINDINGS", 1)
    known = [json.dumps({**STORAGE, "id": f"{STORAGE['id']}{number}"}) for number in range(3)]
    arguments = ("evaluate", "--policies", policy, "--now", NOW)
    cli(*arguments, "--inventory", rows(tmp_path, *known), "-o", "json=before.json")
    compared = (*arguments, "--baseline", "before.json", "--max-findings", "1")
    assert cli(*compared, "--inventory", rows(tmp_path, *known)).code == 0
    new = json.dumps({**STORAGE, "id": f"{STORAGE['id']}9"})
    assert cli(*compared, "--inventory", rows(tmp_path, *known, new)).code == 3


# --- templates of an assignment -------------------------------------------------------------------------------------

FIRST, SECOND, THIRD = (f"/subscriptions/{digit * 8}-1111-4111-8111-111111111111" for digit in "123")


@pytest.fixture
def good(cli: Cli, tmp_path: Path) -> Path:
    """A blueprint that assigns a policy, a template that violates it, and an inventory that does not."""
    write(tmp_path / "policies/storage/https-only/policy.json", HTTPS_ONLY)
    properties: dict[str, object] = {"displayName": "b", "targetScope": "subscription", "version": "1.0.0"}
    blueprint = {"schema": "blueprinter/blueprint/1", "properties": properties}
    write(tmp_path / "blueprints/b/blueprint.json", blueprint)
    artifact = {"kind": "policyAssignment", "properties": {"policyDefinition": "https-only"}}
    write(tmp_path / "blueprints/b/artifacts/https.json", artifact)
    write(tmp_path / "main.json", TEMPLATE)
    row = {**STORAGE, "id": f"{FIRST}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/z"}
    return rows(tmp_path, json.dumps({**row, "properties": {"supportsHttpsTrafficOnly": True}}))


def test_an_initiative_beside_a_blueprint_says_what_is_missing(cli: Cli, tmp_path: Path, good: Path) -> None:
    write(tmp_path / "policies/storage/least-tls/policy.json", LEAST_TLS)
    file = initiative(tmp_path / "baseline.json", member(version="TLS1_0"), member("unknown"))
    done = cli(
        "evaluate",
        "b",
        "--initiative",
        file,
        "--inventory",
        good,
        "--now",
        NOW,
        "-o",
        "jsonl",
        "--all-states",
    )
    assert "warning[BP265]: 1 of 2 definitions" in done.err
    assert len(done.out.splitlines()) == 2


def assignment(tmp_path: Path, **scope: object) -> Path:
    return write(tmp_path / "a.json", {"name": "a", "blueprint": "b", "location": "westeurope", **scope})


GROUP = "contoso"


@pytest.mark.parametrize(
    ("scope", "arguments", "judged"),
    [
        ({"scope": FIRST}, (), FIRST),
        ({"scope": [FIRST]}, ("-g", "rg"), FIRST),
        ({"managementGroup": GROUP, "subscriptions": [SECOND]}, (), SECOND),
        ({"scope": [FIRST, SECOND]}, ("--subscription", SECOND), SECOND),
        ({"scope": [FIRST, SECOND]}, ("--subscription", SECOND.rpartition("/")[2].upper()), SECOND),
        ({"managementGroup": GROUP, "subscriptions": "all"}, ("--subscription", THIRD), THIRD),
    ],
)
def test_a_template_is_judged_where_its_assignment_acts(
    cli: Cli, tmp_path: Path, good: Path, scope: dict[str, object], arguments: tuple[str, ...], judged: str
) -> None:
    file = assignment(tmp_path, **scope)
    given = ("-a", file, "main.json", "--inventory", good, *arguments, "--now", NOW, "-o", "jsonl")
    done = cli("evaluate", *given)
    (state,) = map(json.loads, done.out.splitlines())
    assert done.code == 3
    assert state["resourceId"].casefold().startswith(f"{judged}/".casefold())


@pytest.mark.parametrize(
    ("scope", "arguments", "says"),
    [
        ([FIRST, SECOND], (), "the assignment has 2 scopes, and it is deployed to one of them"),
        ([FIRST], ("--subscription", THIRD), f"does not name the subscription `{THIRD.rpartition('/')[2]}`"),
    ],
)
def test_a_template_outside_of_the_scopes_is_a_hole(
    cli: Cli, tmp_path: Path, good: Path, scope: list[str], arguments: tuple[str, ...], says: str
) -> None:
    file = assignment(tmp_path, scope=scope)
    given = ("-a", file, "main.json", *arguments, "--now", NOW)
    for done in (cli("evaluate", *given), cli("evaluate", *given, "--inventory", good)):
        assert (done.code, says in done.err, f"--subscription {FIRST.rpartition('/')[2]}" in done.err) == (
            1,
            True,
            True,
        )
    elsewhere = cli("evaluate", *given, "--policies", "policies/storage", "-o", "jsonl", "--allow-partial")
    assert (elsewhere.code, elsewhere.out.count("NonCompliant")) == (3, 1)


def test_a_template_that_names_its_subscription_is_judged_there(cli: Cli, tmp_path: Path, good: Path) -> None:
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "x",
        "subscriptionId": SECOND.rpartition("/")[2],
        "resourceGroup": "rg",
        "properties": {"mode": "Incremental", "template": TEMPLATE},
    }
    schema = "https://schema.management.azure.com/schemas/2019-08-01/tenantDeploymentTemplate.json#"
    write(tmp_path / "main.json", {**TEMPLATE, "$schema": schema, "resources": [nested]})
    file = assignment(tmp_path, scope=[FIRST, SECOND])
    done = cli("evaluate", "-a", file, "main.json", "--now", NOW, "-o", "jsonl")
    assert (done.code, SECOND in done.out, done.err) == (3, True, "")


# --- the log of a pipeline ------------------------------------------------------------------------------------------


def test_no_line_of_the_console_is_a_command_of_a_pipeline(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = json.loads(json.dumps(HTTPS_ONLY))
    rule["properties"]["displayName"] = "say ::error file=x::y, " * 4 + "##vso[task.complete result=Failed]x"
    policy = write(tmp_path / "p.json", rule)
    names = ["::set-output name=a::b", "a" * 30 + "::stop-commands::" + "b" * 30, "##[error]x"]
    inventory = rows(
        tmp_path, *(json.dumps({**STORAGE, "id": f"{STORAGE['id']}{name}", "name": name}) for name in names)
    )
    for width in range(40, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        done = cli("evaluate", "--policies", policy, "--inventory", inventory, "--now", NOW)
        for line in (*done.out.splitlines(), *done.err.splitlines()):
            assert not re.match(r"\s*::.*::", line)
            assert "##" not in line


def test_no_line_that_is_said_is_a_command_of_a_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    say("cancelled x\n::error::y\x1b[31m", Settings())
    assert capsys.readouterr().err == "cancelled x\n\\u003a:error::y\\u001b[31m\n"
