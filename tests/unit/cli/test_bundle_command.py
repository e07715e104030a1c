"""`history bundle` and `history verify`: what a run rests on, evaluated again by somebody who has nothing else."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from blueprinter.archive import packed, write_archive
from blueprinter.compliance import History, digest_of
from blueprinter.compliance.bundle import _sealed, open_bundle
from blueprinter.compliance.history import chained
from blueprinter.compliance.inputs import read_inputs
from blueprinter.diagnostics import InvalidInput, Position, error
from unit.cli.conftest import Cli, Done
from unit.cli.test_evaluate_command import HTTPS_ONLY, STORAGE, TEMPLATE, write

NOW = "2026-11-20T06:00:00Z"
SECRET = "correct horse battery staple"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
EVIDENCE = "attendance list\n"

BLUEPRINT = """\
schema: blueprinter/blueprint/1
properties:
  displayName: Mini
  version: 1.0.0
  parameters:
    adminPassword: {type: secureString}
    owner: {type: string, defaultValue: nobody}
"""
CONTROLS = """\
framework: iso-27001-2022
controls:
  A.8.24:
    - {policyDefinition: https-only, strength: full, why: reads the transport setting itself}
"""
ASSIGNMENT = f"""\
name: mini-prod
blueprint: mini
scope: {SUBSCRIPTION}
location: westeurope
identity: {{type: None}}
parameters:
  adminPassword:
    reference:
      keyVault: {{id: {SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv}}
      secretName: p
  owner: {{value: platform}}
"""
ATTESTATIONS = """\
attestations:
  - control: A.6.3
    framework: iso-27001-2022
    state: Compliant
    owner: hr@contoso.example
    approvedBy: ciso@contoso.example
    method: examine
    assessedOn: 2026-10-01
    expiresOn: 2027-10-01
    evidence: [{description: attendance list, path: evidence/training.txt, sha256: %s}]
"""


@dataclass(frozen=True)
class Repository:
    """A user's repository in the folder where commands run, and a history."""

    cli: Cli
    base: Path

    def evaluate(self, *more: str, now: str = NOW) -> Done:
        return self.cli(
            "evaluate", "-a", "assignments/prod.yaml", "--inventory", "estate.jsonl", "--save", "--now", now,
            "--fail-on", "none", "-o", "json=run.json", *more,
        )  # fmt: skip

    def bundle(self, name: str, *more: str) -> Path:
        done = self.cli("history", "bundle", "-o", name, *more)
        assert done.code == 0, done.err
        return self.base / name

    def inventory(self, *names: str) -> None:
        rows = [{**STORAGE, "id": f"{SUBSCRIPTION}/resourceGroups/rg/providers/{STORAGE['type']}/{name}",
                 "name": name} for name in names]  # fmt: skip
        write(self.base / "estate.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def repository(cli: Cli, tmp_path: Path) -> Repository:
    write(tmp_path / "blueprints/mini/blueprint.yaml", BLUEPRINT)
    write(tmp_path / "blueprints/mini/controls.yaml", CONTROLS)
    write(tmp_path / "policies/storage/https-only/policy.json", HTTPS_ONLY)
    write(tmp_path / "assignments/prod.yaml", ASSIGNMENT)
    write(tmp_path / "registers/evidence/training.txt", EVIDENCE)
    write(
        tmp_path / "registers/attestations.yaml", ATTESTATIONS % hashlib.sha256(EVIDENCE.encode()).hexdigest()
    )
    found = Repository(cli, tmp_path)
    found.inventory("a", "b")
    assert found.evaluate().code == 0
    return found


def elsewhere(repository: Repository, tmp_path_factory: pytest.TempPathFactory, *bundles: Path) -> list[Path]:
    """The bundles alone: everything that they were made of is gone."""
    folder = tmp_path_factory.mktemp("auditor")
    moved = [Path(shutil.move(one, folder / one.name)) for one in bundles]
    for inner in repository.base.iterdir():
        shutil.rmtree(inner) if inner.is_dir() else inner.unlink()
    return moved


@pytest.mark.parametrize("name", ["evidence.zip", "evidence"])
def test_an_auditor_gets_the_same_result(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    made = repository.bundle(name, "--by", "platform team")
    saved = repository.cli("history", "show").out
    (bundle,) = elsewhere(repository, tmp_path_factory, made)
    done = repository.cli("history", "verify", bundle)
    assert (done.code, "comes out byte for byte" in done.out) == (0, True), done.err
    run = json.loads(saved)["run"]["id"]
    assert run in done.out


def test_the_manifest_says_who_what_and_when(repository: Repository) -> None:
    made = repository.bundle("evidence", "--by", "platform team")
    manifest = json.loads((made / "manifest.json").read_bytes())
    assert manifest["verify"] == "blueprinter history verify BUNDLE"
    assert manifest["run"]["by"] == "platform team"
    assert (manifest["run"]["now"], manifest["run"]["blueprint"]) == (NOW, "mini")
    roles = {one["name"]: one["role"] for one in manifest["members"]}
    assert roles["files/blueprints/mini/controls.yaml"] == "controls map"
    assert roles["files/policies/storage/https-only/policy.json"] == "policy definition"
    assert roles["files/registers/evidence/training.txt"] == "register or evidence"
    assert roles["content/blueprints/frameworks/iso-27001-2022.yaml"] == "framework"
    assert roles["files/estate.jsonl"] == "input"
    for one in manifest["members"]:
        content = (made / one["name"]).read_bytes()
        assert (digest_of(content), len(content)) == (one["sha256"], one["size"])
    (policy,) = json.loads((made / "in-force.json").read_bytes())
    assert (policy["displayName"], policy["effect"]) == ("HTTPS only", "audit")


def files_of(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


def test_the_same_run_gives_the_same_bytes(repository: Repository) -> None:
    one, other = repository.bundle("one.zip"), repository.bundle("other.zip")
    assert one.read_bytes() == other.read_bytes()


def test_the_history_has_what_was_read_though_the_files_are_others_now(repository: Repository) -> None:
    write(repository.base / "policies/storage/https-only/policy.json", {"properties": {"policyRule": {}}})
    write(repository.base / "registers/attestations.yaml", "attestations: []\n")
    made = repository.bundle("evidence.zip")
    write(repository.base / "policies/storage/https-only/policy.json", HTTPS_ONLY)
    assert repository.cli("history", "verify", made).code == 0


def test_an_inventory_that_is_another_by_now_is_named(repository: Repository) -> None:
    repository.inventory("a")
    done = repository.cli("history", "bundle", "-o", "evidence.zip")
    assert done.code == 2
    assert "BP236" in done.err
    assert "estate.jsonl" in done.err
    assert not (repository.base / "evidence.zip").exists()
    (repository.base / "estate.jsonl").unlink()
    assert "not there any more" in repository.cli("history", "bundle", "-o", "evidence.zip").err


def test_ages_and_trend_of_later_runs_come_out_too(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = repository.bundle("first.zip")
    repository.inventory("b", "c")
    assert repository.evaluate(now="2026-11-21T06:00:00Z").code == 0
    second = repository.bundle("second.zip")
    saved = json.loads(repository.cli("history", "show").out)
    assert {one["firstSeen"] for one in saved["findings"]} == {"2026-11-20", "2026-11-21"}
    assert len(saved["trend"]) == 2
    bundles = elsewhere(repository, tmp_path_factory, second, first)
    done = repository.cli("history", "verify", *bundles)
    assert (done.code, done.out.count("byte for byte")) == (0, 2), done.err


def test_files_outside_of_the_folder_and_absolute_paths(
    cli: Cli, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    rules = write(outside / "rules" / "https-only.json", HTTPS_ONLY)
    estate = write(tmp_path / "data" / "estate.jsonl", json.dumps(STORAGE) + "\n")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    done = cli("evaluate", "--policies", rules, "--inventory", "../data/estate.jsonl", "--now", NOW, "--save",
               "-o", "json=run.json")  # fmt: skip
    assert done.code == 3
    assert cli("history", "bundle", "-o", "evidence.zip").code == 0
    rules.unlink()
    estate.unlink()
    done = cli("history", "verify", "evidence.zip")
    assert (done.code, "byte for byte" in done.out) == (0, True), done.err


Change = Callable[[Path], None]


def spoil(member: str) -> Change:
    def change(bundle: Path) -> None:
        content = bytearray((bundle / member).read_bytes())
        content[len(content) // 2] ^= 1
        (bundle / member).write_bytes(content)

    return change


@pytest.mark.parametrize(
    ("member", "change"),
    [
        *((name, spoil(name)) for name in (
            "run.json", "in-force.json", "files/estate.jsonl", "files/registers/attestations.yaml",
            "files/registers/evidence/training.txt", "files/policies/storage/https-only/policy.json",
            "content/blueprints/frameworks/iso-27001-2022.yaml", "manifest.json",
        )),
        ("files/estate.jsonl", lambda bundle: (bundle / "files/estate.jsonl").unlink()),
        ("files/more.jsonl", lambda bundle: (bundle / "files/more.jsonl").write_bytes(b"{}\n")),
        ("manifest.json", lambda bundle: (bundle / "manifest.json").unlink()),
        ("files/link", lambda bundle: (bundle / "files/link").symlink_to("/etc/hostname")),
    ],
)  # fmt: skip
def test_what_was_changed_is_found_and_named(repository: Repository, member: str, change: Change) -> None:
    made = repository.bundle("evidence")
    change(made)
    done = repository.cli("history", "verify", made)
    assert done.code == 2
    assert "BP235" in done.err
    assert f"`{member}`" in done.err
    assert done.out == ""


def test_a_changed_byte_of_an_archive_is_named_by_its_member(repository: Repository) -> None:
    made = repository.bundle("evidence.zip")
    content = bytearray(made.read_bytes())
    place = content.index(b"files/estate.jsonl") + len("files/estate.jsonl") + 20
    content[place] ^= 1
    made.write_bytes(content)
    done = repository.cli("history", "verify", made)
    assert (done.code, "`files/estate.jsonl`" in done.err) == (2, True)


def renew(bundle: Path, **changed: bytes) -> None:
    """Changes members and renews every hash that stands in the bundle, its place in the chain too."""
    manifest: dict[str, Any] = orjson.loads((bundle / "manifest.json").read_bytes())
    del manifest["seal"]
    for name, content in changed.items():
        (bundle / name).write_bytes(content)
        row = next(one for one in manifest["members"] if one["name"] == name)
        row |= {"sha256": digest_of(content), "size": len(content)}
        for file in manifest["inputs"]["files"]:
            if name.endswith(file["path"].rpartition("/")[2]):
                file |= {"sha256": digest_of(content), "size": len(content)}
    run = next(one for one in manifest["members"] if one["name"] == "run.json")
    inputs = read_inputs(manifest["inputs"])
    manifest["chain"]["withThisRun"] = chained(manifest["chain"]["before"], run["sha256"], inputs.text())
    (bundle / "manifest.json").write_bytes(_sealed(manifest))


def without_shipped(bundle: Path) -> dict[str, bytes]:
    """The members of a bundle but for what is shipped: it is whole, and a tenth of the files."""
    manifest: dict[str, Any] = orjson.loads((bundle / "manifest.json").read_bytes())
    inputs = manifest["inputs"]
    inputs["files"] = [one for one in inputs["files"] if not one["path"].startswith(inputs["content"])]
    manifest["members"] = [one for one in manifest["members"] if not one["name"].startswith("content/")]
    (bundle / "manifest.json").write_bytes(orjson.dumps(manifest))
    renew(bundle)
    names = [one["name"] for one in manifest["members"]]
    return {name: (bundle / name).read_bytes() for name in [*names, "manifest.json"]}


def test_every_changed_byte_around_the_members_of_an_archive_shows(
    repository: Repository, tmp_path: Path
) -> None:
    """Headers and directory: the time of a member, the system that made it, what was put before or behind."""
    made = tmp_path / "small.zip"
    content = packed(without_shipped(repository.bundle("evidence")))
    made.write_bytes(content)
    open_bundle(made, tmp_path / "unchanged")
    directory = content.index(b"PK\x01\x02")
    places = [*range(30), *range(directory, directory + 60), *range(len(content) - 22, len(content))]
    changes = [content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in places]
    for number, changed in enumerate([*changes, content + b"\0", b"\0" + content, content[:-1]]):
        made.write_bytes(changed)
        with pytest.raises(InvalidInput):
            open_bundle(made, tmp_path / "opened" / str(number))


def test_a_bundle_that_was_renewed_with_another_result_does_not_come_out(repository: Repository) -> None:
    made = repository.bundle("evidence")
    better = (made / "run.json").read_bytes().replace(b'"state": "gap"', b'"state": "satisfied"')
    renew(made, **{"run.json": better})
    done = repository.cli("history", "verify", made)
    assert done.code == 1
    assert "BP237" in done.err
    assert "/controls/" in done.err


def test_a_bundle_that_was_renewed_with_another_estate_shows_in_the_chain_and_in_the_history(
    repository: Repository,
) -> None:
    first = repository.bundle("first")
    assert repository.evaluate(now="2026-11-21T06:00:00Z").code == 0
    second = repository.bundle("second")
    history = repository.base / ".blueprinter/history.db"
    assert repository.cli("history", "verify", first, second, "--history", history).code == 0
    renew(first, **{"in-force.json": b"[]\n"})
    assert repository.cli("history", "verify", first).code == 1  # what was in force comes out otherwise
    content = (first / "run.json").read_bytes()
    renew(first, **{"run.json": content.replace(b'"mini-prod"', b'"mini-test"')})
    done = repository.cli("history", "verify", first, second)
    assert (done.code, "does not follow" in done.err) == (2, True)
    done = repository.cli("history", "verify", first, "--history", history)
    assert (done.code, "the history has another run" in done.err) == (2, True)


def test_a_bundle_is_never_written_over_something(repository: Repository) -> None:
    write(repository.base / "evidence.zip", "mine")
    done = repository.cli("history", "bundle", "-o", "evidence.zip")
    assert (done.code, (repository.base / "evidence.zip").read_text()) == (2, "mine")


def test_a_history_of_the_first_version_goes_on(repository: Repository) -> None:
    """Runs that were saved before inputs were kept stay as they are, and are in the chain."""
    file = repository.base / ".blueprinter/history.db"
    base = sqlite3.connect(file)
    base.execute("DROP TABLE input")
    base.execute("DROP TABLE content")
    digest, _ = base.execute("SELECT sha256, chain FROM run").fetchone()
    base.execute("UPDATE run SET chain = ?", (hashlib.sha256(f"\n{digest}".encode()).hexdigest(),))
    base.execute("PRAGMA user_version = 1")
    base.commit()
    base.close()
    done = repository.cli("history", "bundle", "-o", "evidence.zip")
    assert (done.code, "was saved without what it was judged by" in done.err) == (2, True)
    assert repository.evaluate(now="2026-11-21T06:00:00Z").code == 0
    with History(file) as history:
        assert history.broken() == ()
        assert [history.kept(run) is None for run in history.runs()] == [True, False]
    assert repository.cli("history", "verify", repository.bundle("evidence.zip")).code == 0


def test_what_was_judged_by_cannot_be_changed_in_the_history(repository: Repository) -> None:
    base = sqlite3.connect(repository.base / ".blueprinter/history.db")
    ((packed,),) = base.execute("SELECT packed FROM input").fetchall()
    changed = zlib.decompress(packed).replace(b'"warnDays":30', b'"warnDays":31')
    base.execute("UPDATE input SET packed = ?", (zlib.compress(changed),))
    base.commit()
    base.close()
    assert "BP293" in repository.cli("history", "list").err


LINKED = {
    "type": "Microsoft.Resources/deployments",
    "apiVersion": "2022-09-01",
    "name": "inner",
    "properties": {"mode": "Incremental", "templateLink": {"relativePath": "inner.json"}},
}


@pytest.mark.parametrize(
    ("declared", "given", "withheld"),
    [
        ({"type": "secureString"}, SECRET, ["main.parameters.json"]),
        ({"type": "SecureString", "defaultValue": SECRET}, SECRET, ["main.json", "main.parameters.json"]),
        ({"type": "secureObject"}, {"user": "sa", "password": SECRET}, ["main.parameters.json"]),
        ({"type": "securestring"}, "[concat('a', 'b')]", []),
        ({"type": "secureString"}, "", []),
    ],
)
def test_templates_with_what_they_are_linked_to_and_without_their_secrets(
    cli: Cli, tmp_path: Path, declared: object, given: object, withheld: list[str]
) -> None:
    write(tmp_path / "rules/https-only.json", HTTPS_ONLY)
    parameters = {"adminPassword": declared}
    write(tmp_path / "infra/main.json", {**TEMPLATE, "parameters": parameters, "resources": [LINKED]})
    write(tmp_path / "infra/main.parameters.json", {"parameters": {"adminPassword": {"value": given}}})
    write(tmp_path / "infra/inner.json", TEMPLATE)
    done = cli("evaluate", "--policies", "rules", "--template", "infra/main.json", "--now", NOW, "--save",
               "-o", "json=run.json")  # fmt: skip
    assert done.code == 3, done.err
    done = cli("history", "bundle", "-o", "evidence")
    assert done.code == 0, done.err
    names = {one.relative_to(tmp_path / "evidence").as_posix() for one in files_of(tmp_path / "evidence")}
    assert {f"files/infra/{one}.json" for one in ("main", "main.parameters", "inner")} <= names
    manifest = json.loads((tmp_path / "evidence/manifest.json").read_bytes())
    assert [one["member"] for one in manifest["withheld"]] == [f"files/infra/{one}" for one in withheld]
    assert done.err.count("left out: the secure value /parameters/adminPassword/") == len(withheld)
    assert all(SECRET.encode() not in one.read_bytes() for one in files_of(tmp_path / "evidence"))
    base = sqlite3.connect(tmp_path / ".blueprinter/history.db")
    kept = [zlib.decompress(packed) for (packed,) in base.execute("SELECT packed FROM content")]
    base.close()
    assert len(kept) > 5
    assert not any(SECRET.encode() in one for one in kept)
    shutil.rmtree(tmp_path / "infra")
    assert cli("history", "verify", "evidence").code == 0


def test_a_secret_that_decides_the_result_makes_no_bundle(cli: Cli, tmp_path: Path) -> None:
    """Without the value the condition gives something else, and the value may not go in."""
    write(tmp_path / "rules/https-only.json", HTTPS_ONLY)
    (account,) = TEMPLATE["resources"]
    conditional = {**account, "condition": f"[equals(parameters('adminPassword'), '{SECRET}')]"}
    body = {"parameters": {"adminPassword": {"type": "secureString"}}, "resources": [conditional]}
    write(tmp_path / "infra/main.json", {**TEMPLATE, **body})
    write(tmp_path / "infra/main.parameters.json", {"parameters": {"adminPassword": {"value": SECRET}}})
    done = cli("evaluate", "--policies", "rules", "--template", "infra/main.json", "--now", NOW, "--save",
               "-o", "json=run.json")  # fmt: skip
    assert done.code == 3, done.err
    done = cli("history", "bundle", "-o", "evidence")
    assert (done.code, "BP236" in done.err, SECRET in done.err) == (2, True, False)
    assert not (tmp_path / "evidence").exists()


def test_a_member_that_leads_out_of_the_bundle(cli: Cli, tmp_path: Path) -> None:
    evil = write(tmp_path / "evil.txt", "evil")
    for name in ("../evil.txt", "/tmp/evil.txt", "a/../../evil.txt", "a\\..\\evil.txt"):
        with (tmp_path / "evidence.zip").open("wb") as stream:
            write_archive([(name, evil)], stream)
        done = cli("history", "verify", "evidence.zip")
        assert (done.code, "leads out of it" in done.err) == (2, True), name


@pytest.mark.parametrize(
    "change",
    [
        {"inventories": ["../../../../etc/passwd"]},
        {"inventories": ["/etc/passwd"]},
        {"registers": "../../.."},
        {"policies": ["/"]},
    ],
)
def test_a_bundle_that_reads_what_is_not_in_it(repository: Repository, change: dict[str, Any]) -> None:
    made = repository.bundle("evidence")
    manifest: dict[str, Any] = orjson.loads((made / "manifest.json").read_bytes())
    manifest["inputs"]["request"] |= change
    (made / "manifest.json").write_bytes(_sealed({k: v for k, v in manifest.items() if k != "seal"}))
    renew(made)
    done = repository.cli("history", "verify", made)
    assert (done.code, "lies outside of what was read" in done.err) == (2, True), done.err


def test_a_manifest_with_paths_that_wander(repository: Repository) -> None:
    made = repository.bundle("evidence")
    manifest: dict[str, Any] = orjson.loads((made / "manifest.json").read_bytes())
    manifest["inputs"]["folder"] += "/../../../../.."
    (made / "manifest.json").write_bytes(_sealed({k: v for k, v in manifest.items() if k != "seal"}))
    done = repository.cli("history", "verify", made)
    assert (done.code, "cannot be read" in done.err) == (2, True), done.err


def test_a_run_whose_secret_is_stuck_is_saved_without_its_inputs(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(*_: object) -> None:
        raise InvalidInput(
            [error("BP236", "a secure value cannot be taken out of the file", Position("x.json"))]
        )

    monkeypatch.setattr("blueprinter.cli.commands.evaluate.capture", stuck)
    write(tmp_path / "https-only.json", HTTPS_ONLY)
    write(tmp_path / "estate.jsonl", json.dumps(STORAGE) + "\n")
    done = cli(
        "evaluate", "--policies", "https-only.json", "--inventory", "estate.jsonl", "--save", "--now", NOW
    )
    assert (done.code, "warning[BP236]" in done.err) == (3, True)
    done = cli("history", "bundle", "-o", "evidence")
    assert (done.code, "was saved without what it was judged by" in done.err) == (2, True)
