"""`policy lint`, `policy explain`, `policy diff`: files in, lines and documents out, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unit.cli.conftest import Cli

ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions"
ACCOUNT = {
    "id": f"{ID}/providers/Microsoft.Storage/storageAccounts/st",
    "type": "Microsoft.Storage/storageAccounts",
    "name": "st",
    "location": "westeurope",
    "properties": {"supportsHttpsTrafficOnly": False},
}


def write(file: Path, value: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=1), encoding="utf-8")
    return file


def policy(condition: Any = None, effect: str = "audit", **more: Any) -> dict[str, Any]:
    rule = {
        "if": condition or {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
        "then": {"effect": effect},
    }
    return {"properties": {"displayName": "P", "mode": "All", "policyRule": rule, **more}}


@pytest.fixture
def account(tmp_path: Path) -> Path:
    return write(tmp_path / "account.json", ACCOUNT)


@pytest.fixture
def https_only(root: Path) -> Path:
    return root / "policies" / "storage" / "storage-https-only" / "policy.json"


# ---------------------------------------------------------------- lint


def test_lint_finds_and_explains(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "policies" / "x" / "policy.json", policy({"field": "name", "like": "a\x1b[31m"}))
    done = cli("policy", "lint")
    assert done.code == 0
    assert "policies/x/policy.json:8:13: warning[BP410]" in done.out
    assert "\x1b" not in done.out
    assert "1 file: 0 errors" in done.err
    assert cli("policy", "lint", "--strict").code == 2
    assert "BP410" not in cli("policy", "lint", "--ignore", "like-without-wildcard").out
    assert cli("explain", "BP410").code == 0


def test_lint_errors_give_exit_code_2(cli: Cli, tmp_path: Path) -> None:
    file = write(tmp_path / "p.json", policy(effect="Denny"))
    done = cli("policy", "lint", file)
    assert done.code == 2
    assert "error[BP443]" in done.out


WRAPPED = {
    "a list": ([policy()], "give each of the list a file"),
    "a page": ({"value": [policy()]}, "give each of the list a file"),
    "a template": ({"resources": [policy()]}, "take it out of the template"),
}


@pytest.mark.parametrize(("document", "hint"), WRAPPED.values(), ids=WRAPPED)
@pytest.mark.parametrize(
    "command", [["policy", "lint"], ["evaluate", "--inventory", "rows.jsonl", "--policies"]]
)
def test_definitions_inside_of_something_else(
    cli: Cli, tmp_path: Path, command: list[str], document: Any, hint: str
) -> None:
    write(tmp_path / "rows.jsonl", ACCOUNT)
    file = write(tmp_path / "many" / "p.json", document)
    named = cli(*command, file)
    assert (named.code, "BP301" in named.out + named.err) == (2, True)
    assert hint in named.out + named.err
    found = cli(*command, file.parent)
    assert (found.code, "holds no policy definition" in found.out + found.err) == (2, True)


@pytest.mark.parametrize(
    "command", [["policy", "lint"], ["evaluate", "--inventory", "rows.jsonl", "--policies"]]
)
def test_fragments_beside_the_whole_are_passed_over(cli: Cli, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ACCOUNT), encoding="utf-8")
    write(tmp_path / "one" / "my.json", policy(effect="Audit", description="d", metadata={"category": "c"}))
    write(tmp_path / "one" / "my.rules.json", policy()["properties"]["policyRule"])
    write(tmp_path / "one" / "my.parameters.json", {})
    done = cli(*command, tmp_path / "one")
    assert ("1 file:" in done.err) is (command[0] == "policy")
    assert ("1 resource from inventory · 1 policy" in done.out) is (command[0] == "evaluate")


def test_a_folder_without_definitions_does_not_hide_what_others_have(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "good" / "p.json", policy(effect="Denny"))
    write(tmp_path / "none" / "q.json", {"hello": 1})
    done = cli("policy", "lint", tmp_path / "good", tmp_path / "none")
    assert (done.code, "BP443" in done.out, "BP101" in done.out) == (2, True, True)


def test_lint_sees_parameters_in_any_letter_case(cli: Cli, tmp_path: Path) -> None:
    condition = {"field": "name", "equals": "[PARAMETERS('p')]"}
    file = write(tmp_path / "p.json", policy(condition, parameters={"p": {"type": "String"}}))
    assert "BP460" not in cli("policy", "lint", file).out


def test_lint_as_json(cli: Cli, tmp_path: Path) -> None:
    file = write(tmp_path / "p.json", policy(effect="Denny"))
    broken = write(tmp_path / "q.json", policy({"field": "name", "equal": "x"}))
    done = cli("policy", "lint", file, broken, "-o", "json")
    document = json.loads(done.out)
    assert (done.code, document["schema"], document["files"]) == (2, "blueprinter/policy-lint/1", 2)
    codes = {one["code"] for one in document["diagnostics"]}
    assert {"BP443", "BP304", "BP471"} <= codes
    assert set(document["diagnostics"][0]) == {
        *("code", "severity", "message", "hint", "file", "pointer", "line", "column", "endLine", "endColumn")
    }
    assert document["counts"]["error"] == 2


def test_lint_passes_over_what_is_no_policy(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "policies" / "aliases.json", [])
    write(tmp_path / "policies" / "a" / "azurepolicy.json", policy())
    write(tmp_path / "policies" / "a" / "azurepolicy.rules.json", {"if": {}, "then": {}})
    assert "1 file:" in cli("policy", "lint").err
    named = cli("policy", "lint", tmp_path / "policies" / "aliases.json")
    assert (named.code, "BP301" in named.out) == (2, True)


def test_lint_with_all_aliases(cli: Cli, tmp_path: Path) -> None:
    condition = {
        "allOf": [
            {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
            {"field": "Microsoft.Storage/storageAccounts/nope", "equals": 1},
        ]
    }
    file = write(tmp_path / "p.json", policy(condition))
    table = tmp_path / "aliases.csv"
    table.write_text("alias,path\nMicrosoft.Storage/storageAccounts/note,properties.note\n", encoding="utf-8")
    assert "BP401" not in cli("policy", "lint", file).out
    assert "BP402" in cli("-v", "policy", "lint", file).out
    done = cli("policy", "lint", file, "--aliases", table)
    assert (done.code, "error[BP401]" in done.out) == (2, True)
    cli("catalog", "import", table)
    assert "error[BP401]" in cli("policy", "lint", file).out


def test_lint_knows_members_of_initiatives(cli: Cli, tmp_path: Path) -> None:
    member = {
        "policyDefinitionReferenceId": "one",
        "policyDefinitionId": f"{DEFINITIONS}/053d3325-282c-4e5c-b944-24faffd30d77",
    }
    file = write(tmp_path / "set.json", {"properties": {"displayName": "S", "policyDefinitions": [member]}})
    done = cli("policy", "lint", file)
    assert "warning[BP480]" in done.out
    assert "error[BP481]" in done.out


def test_lint_lists_its_rules_and_knows_their_names(cli: Cli) -> None:
    listed = cli("policy", "lint", "--rules")
    assert (listed.code, listed.out.split()[:2]) == (0, ["BP401", "error"])
    wrong = cli("policy", "lint", "--ignore", "BP9")
    assert wrong.code == 2


# ---------------------------------------------------------------- explain


def test_explain_by_name(cli: Cli, account: Path) -> None:
    done = cli("policy", "explain", "storage-https-only", "--resource", account)
    assert done.code == 0
    assert "state: NonCompliant, effect Audit" in done.out
    assert "properties.supportsHttpsTrafficOnly = false" in done.out


def test_explain_as_json_with_values(cli: Cli, account: Path, https_only: Path, tmp_path: Path) -> None:
    for number, values in enumerate(
        ({"effect": "Deny"}, {"effect": {"value": "Deny"}}, {"parameters": {"effect": {"value": "Deny"}}})
    ):
        file = write(tmp_path / f"values{number}.json", values)
        done = cli("policy", "explain", https_only, "--resource", account, "--parameters", file, "-o", "json")
        document = json.loads(done.out)
        assert (document["schema"], document["effect"]) == ("blueprinter/policy-explain/1", "Deny")
        assert document["parameters"]["effect"] == {"source": "given", "value": "Deny"}
        assert document["rule"]["steps"][0]["members"][0]["line"] > 1


@pytest.mark.parametrize("values", [{"effect": "Denny"}, {"efect": "Deny"}, {"effect": 5}, [1]])
def test_explain_refuses_values_that_do_not_fit(
    cli: Cli, account: Path, https_only: Path, tmp_path: Path, values: Any
) -> None:
    file = write(tmp_path / "values.json", values)
    done = cli("policy", "explain", https_only, "--resource", account, "--parameters", file)
    assert (done.code, "error[BP317]" in done.err) == (2, True)


def test_explain_with_related_resources(cli: Cli, tmp_path: Path) -> None:
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Sql/servers"},
        "then": {
            "effect": "auditIfNotExists",
            "details": {"type": "Microsoft.Sql/servers/auditingSettings", "name": "default"},
        },
    }
    file = write(tmp_path / "p.json", rule)
    server = {"id": f"{ID}/providers/Microsoft.Sql/servers/s", "type": "Microsoft.Sql/servers", "name": "s"}
    settings = {
        "id": f"{server['id']}/auditingSettings/default",
        "type": "Microsoft.Sql/servers/auditingSettings",
        "name": "default",
    }
    subject = write(tmp_path / "server.json", {"value": [server]})
    alone = cli("policy", "explain", file, "--resource", subject)
    assert "state: Unsupported (not-collected)" in alone.out
    one = write(tmp_path / "related.json", [settings])
    assert "state: Compliant" in cli("policy", "explain", file, "--resource", subject, "--related", one).out
    none = write(tmp_path / "none.json", [server])
    assert (
        "state: NonCompliant" in cli("policy", "explain", file, "--resource", subject, "--related", none).out
    )


def test_explain_with_a_context(cli: Cli, account: Path, tmp_path: Path) -> None:
    condition = {
        "allOf": [
            {"value": "[resourceGroup().name]", "equals": "shop"},
            {"value": "[utcNow()]", "less": "2021-01-01T00:00:00Z"},
        ]
    }
    file = write(tmp_path / "p.json", policy(condition))
    context = write(
        tmp_path / "c.json", {"resourceGroup": {"name": "shop"}, "utcNow": "2020-01-01T00:00:00Z"}
    )
    done = cli("policy", "explain", file, "--resource", account, "--context", context)
    assert "state: NonCompliant" in done.out
    clock = cli("policy", "explain", file, "--resource", account, "--now", "2020-05-05")
    assert "= rg" in clock.out
    wrong = write(tmp_path / "w.json", {"resourcegroup": {}, "utcNow": "soon", "policy": 5})
    refused = cli("policy", "explain", file, "--resource", account, "--context", wrong)
    assert (refused.code, refused.err.count("error[BP318]")) == (2, 3)


@pytest.mark.parametrize("content", [{}, [], [ACCOUNT, ACCOUNT], 5, {"type": 5}, {"value": []}])
def test_explain_needs_one_resource(cli: Cli, https_only: Path, tmp_path: Path, content: Any) -> None:
    done = cli("policy", "explain", https_only, "--resource", write(tmp_path / "r.json", content))
    assert (done.code, "error[BP318]" in done.err) == (2, True)


def test_explain_needs_a_policy(cli: Cli, account: Path) -> None:
    unknown = cli("policy", "explain", "storage-https-onli", "--resource", account)
    assert (unknown.code, "did you mean `storage-https-only`?" in unknown.err) == (2, True)
    no_policy = cli("policy", "explain", account, "--resource", account)
    assert (no_policy.code, "BP301" in no_policy.err) == (2, True)


# ---------------------------------------------------------------- diff


@pytest.fixture
def versions(tmp_path: Path) -> tuple[Path, Path, Path]:
    old = write(tmp_path / "old.json", policy({"field": "name", "like": "x*"}))
    new = write(tmp_path / "new.json", policy({"field": "name", "like": "s*"}, effect="deny"))
    estate = write(
        tmp_path / "estate.json",
        [ACCOUNT, {**ACCOUNT, "id": f"{ACCOUNT['id']}\x1b[31m", "name": "sx\x1b[31m"}],
    )
    return old, new, estate


def test_diff(cli: Cli, versions: tuple[Path, Path, Path]) -> None:
    old, new, estate = versions
    done = cli("policy", "diff", old, new, "--inventory", estate)
    assert done.code == 0
    assert done.out.splitlines()[:2] == [
        "becomes non-compliant: 2",
        "deny would refuse as it is: 2, of which new 2",
    ]
    assert "Compliant -> NonCompliant, refused by deny" in done.out
    assert "\x1b" not in done.out


def test_diff_exit_code(cli: Cli, versions: tuple[Path, Path, Path]) -> None:
    old, new, estate = versions
    assert cli("policy", "diff", old, new, "--inventory", estate, "--exit-code").code == 4
    same = cli("policy", "diff", old, old, "--inventory", estate, "--exit-code")
    assert (same.code, same.out.splitlines()[0]) == (0, "no state changes")


def test_diff_over_an_estate_that_says_nothing(
    cli: Cli, versions: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    old, new, _ = versions
    empty = write(tmp_path / "empty.json", [])
    broken = tmp_path / "broken.jsonl"
    broken.write_text(json.dumps(ACCOUNT) + "\n{bad\n", encoding="utf-8")
    assert cli("policy", "diff", old, new, "--inventory", empty, "--exit-code").code == 5
    assert cli("policy", "diff", old, new, "--inventory", broken, "--exit-code").code == 1


@pytest.mark.parametrize("command", ["lint", "explain"])
def test_numbers_longer_than_any_that_is_read(cli: Cli, tmp_path: Path, command: str) -> None:
    file = write(tmp_path / "policy.json", policy({"field": "name", "equals": 0}))
    long = file.read_text(encoding="utf-8").replace(": 0", ": " + "9" * 4_301)
    file.write_text(long, encoding="utf-8")
    more = ["--resource", write(tmp_path / "resource.json", ACCOUNT)] if command == "explain" else []
    done = cli("policy", command, file, *more)
    assert (done.code, "error[BP105]" in done.out + done.err) == (2, True)


def test_numbers_of_more_than_64_bits_as_json(cli: Cli, tmp_path: Path) -> None:
    file = write(tmp_path / "policy.json", policy({"field": "name", "notEquals": 10**20}))
    resource = write(tmp_path / "resource.json", ACCOUNT)
    done = cli("policy", "explain", file, "--resource", resource, "-o", "json")
    assert (done.code, "100000000000000000000" in done.out) == (0, True)


def test_diff_as_json(cli: Cli, versions: tuple[Path, Path, Path]) -> None:
    old, new, estate = versions
    done = cli("policy", "diff", old, new, "--inventory", estate, "-o", "json", "--max-findings", "1")
    document = json.loads(done.out)
    assert (document["schema"], document["resources"]) == ("blueprinter/policy-diff/1", 2)
    assert (len(document["changes"]), document["changesTotal"], document["newlyDenied"]) == (1, 2, 2)


def test_diff_of_folders(cli: Cli, tmp_path: Path) -> None:
    for side, condition in (("old", "x*"), ("new", "s*")):
        write(tmp_path / side / "a" / "policy.json", policy({"field": "name", "like": condition}))
        write(tmp_path / side / side / "policy.json", policy({"field": "name", "like": "st"}))
    estate = write(tmp_path / "estate.json", [ACCOUNT])
    done = cli("policy", "diff", tmp_path / "old", tmp_path / "new", "--inventory", estate)
    assert done.out.splitlines()[:4] == [
        "added: new",
        "removed: old",
        "becomes non-compliant: 2",
        "is no longer judged: 1",
    ]


def test_diff_refuses_values_that_nobody_takes(
    cli: Cli, versions: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    old, new, estate = versions
    values = write(tmp_path / "values.json", {"effect": "Deny"})
    done = cli("policy", "diff", old, new, "--inventory", estate, "--parameters", values)
    assert (done.code, "error[BP317]" in done.err) == (2, True)


def test_diff_needs_definitions(cli: Cli, versions: tuple[Path, Path, Path]) -> None:
    old, _, estate = versions
    done = cli("policy", "diff", old, "missing.json", "--inventory", estate)
    assert (done.code, "error[BP101]" in done.err) == (2, True)


# ---------------------------------------------------------------- test


def test_test_says_what_came_out_otherwise(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "https.json", policy({"field": "name", "like": "old-*"}, "Deny"))
    case = {"resource": {"type": "Microsoft.Storage/storageAccounts", "name": "old-\x1b[31m"}}
    write(
        tmp_path / "tests.json",
        {
            "policy": "https.json",
            "cases": [
                {"name": "fires", **case, "expect": {"effect": "deny"}},
                {"name": "wrong", **case, "expect": {"effect": "audit", "state": "Compliant"}},
            ],
        },
    )
    done = cli("policy", "test", str(tmp_path))
    assert done.code == 1
    assert (
        "wrong\n  effect: expected audit, got Deny\n  state: expected Compliant, got NonCompliant\n"
        in done.out
    )
    assert "https.json: /properties/policyRule/if is never false\n1 of 2 branches reached\n" in done.out
    assert done.out.endswith("1 passed, 1 failed\n")
    assert "\x1b" not in done.out


def test_test_names_policies_without_tests(cli: Cli, tmp_path: Path) -> None:
    for name in ("a/policy.json", "any-name.json", "tested.json", "beside/policy.json"):
        write(tmp_path / name, policy())
    write(tmp_path / "no-policy.json", {"aliases": []})
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    for name, about in (("tests.json", "tested.json"), ("beside/tests.json", "policy.json")):
        case = {
            "name": "c",
            "resource": {"type": "Microsoft.Storage/storageAccounts"},
            "expect": {"effect": "audit"},
        }
        write(tmp_path / name, {"policy": about, "cases": [case]})
    done = cli("policy", "test", str(tmp_path))
    named = [
        line.removeprefix(f"untested {tmp_path}/") for line in done.out.split("\n") if "untested" in line
    ]
    assert named == ["a/policy.json", "any-name.json"]
    whole = json.loads(cli("policy", "test", str(tmp_path), "-o", "json").out)
    assert [Path(file).relative_to(tmp_path).as_posix() for file in whole["untested"]] == named
