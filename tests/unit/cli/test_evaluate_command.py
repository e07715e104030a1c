"""`blueprinter evaluate`: inputs, outputs, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
