"""Azure's four ISO initiatives as control maps: Microsoft's links, shown as such, and never green unseen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprinter.blueprint import Blueprint, Strength, load_blueprint, load_builtin_facts, load_frameworks
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import load
from unit.cli.conftest import Cli

NOW = "2026-11-20T12:00:00Z"
MAPS: Mapping[str, tuple[str, str, int, int, int]] = {
    "microsoft-iso-27001-2013": ("iso-27001-2013@AzureCloud", "A.", 15, 40, 114),
    "microsoft-iso-27001-2013-government": ("iso-27001-2013@AzureUSGovernment", "A.", 15, 39, 114),
    "microsoft-iso-27001-2022": ("iso-27001-2022@AzureCloud", "C.", 12, 58, 93),
    "microsoft-iso-27002-2022": ("iso-27001-2022@AzureCloud", "A.", 23, 146, 93),
}
"""Name -> key and prefix in the published map; controls and definitions with a link; counted controls."""


def blueprint_at(root: Path, folder: Path) -> Blueprint:
    facts = load_builtin_facts(load(root / "policies" / "builtin-facts.json"))
    frameworks = load_frameworks([root / "blueprints" / "frameworks"])
    return load_blueprint(folder, frameworks=frameworks, builtin_facts=facts)


@pytest.mark.parametrize("name", MAPS)
def test_the_links_are_microsofts_and_partial(root: Path, name: str) -> None:
    _, _, controls, definitions, _ = MAPS[name]
    blueprint = blueprint_at(root, root / "blueprints" / name)
    assert len({link.control for link in blueprint.links}) == controls
    assert len({link.test for link in blueprint.links}) == definitions
    assert {(link.source, link.strength) for link in blueprint.links} == {("Microsoft", Strength.PARTIAL)}
    assert all(link.title for link in blueprint.links)
    assert blueprint.deliberately_empty == ()


@pytest.mark.parametrize("name", MAPS)
def test_the_map_is_the_published_one(root: Path, shared: Path, name: str) -> None:
    key, prefix, *_ = MAPS[name]
    published = json.loads((shared / "data" / "frameworks" / "azure-builtin-map.json").read_text())
    expected = {
        (control.removeprefix("C."), test)
        for control, row in published["map"][key].items()
        if control.startswith(prefix)
        for test in row["automated"]
    }
    blueprint = blueprint_at(root, root / "blueprints" / name)
    assert {(link.control, link.test) for link in blueprint.links} == expected


@pytest.mark.parametrize("name", MAPS)
def test_coverage_adds_up_and_says_whose_map_it_is(cli: Cli, name: str) -> None:
    _, prefix, controls, _, counted = MAPS[name]
    shown = cli("show", "coverage", name)
    assert "Mapped by Microsoft" in shown.out
    (found,) = json.loads(cli("show", "coverage", name, "-o", "json").out)["items"]
    assert found["mappedBy"] == "Microsoft"
    linked = controls if prefix == "A." else 0
    assert found["counts"] == {
        "full": 0,
        "partial": linked,
        "indicative": 0,
        "deliberately empty": 0,
        "none": counted - linked,
    }


def test_definitions_that_were_not_imported_prove_nothing(cli: Cli, root: Path, tmp_path: Path) -> None:
    inventory = root / "examples" / "contoso" / "inventory" / "platform.jsonl"
    out = tmp_path / "run.json"
    done = cli(
        "evaluate", "microsoft-iso-27002-2022", "--inventory", inventory, "--now", NOW, "-o", f"json={out}"
    )
    assert done.code == 5
    assert "146 of 146 linked definitions are not available" in done.err
    run: dict[str, Any] = json.loads(out.read_text())
    states = run["counts"]["states"]
    assert states["incomplete"] == 23
    assert states["not-automated"] == 70
    rows = [row for control in run["controls"] for row in control["links"]]
    assert {(row["outcome"], row["reason"], row["source"]) for row in rows} == {
        ("off", "missing", "Microsoft")
    }
    assert not any(row["displayName"] == row["test"] for row in rows)


def test_with_the_definitions_imported_the_map_judges(
    cli: Cli, root: Path, shared: Path, tmp_path: Path
) -> None:
    cli("catalog", "import", shared / "data" / "azure-policy")
    inventory = root / "examples" / "contoso" / "inventory" / "production.jsonl"
    out = tmp_path / "run.json"
    judged = cli(
        "-q",
        "evaluate",
        "microsoft-iso-27001-2013",
        "--inventory",
        inventory,
        "--now",
        NOW,
        "-o",
        f"json={out}",
    )
    assert judged.code == 3
    run: dict[str, Any] = json.loads(out.read_text())
    states = run["counts"]["states"]
    assert states["not-automated"] == 99
    assert states["gap"] > 0
    assert states["satisfied"] == 0  # a partial link proves nothing alone
    named = cli("-q", "evaluate", "--initiative", "iso 27001:2013", "--inventory", inventory, "--now", NOW)
    by_id = cli(
        "-q",
        "evaluate",
        "--initiative",
        "89c6cddc-1c73-4ac1-b19c-54d1a15a42f2",
        "--inventory",
        inventory,
        "--now",
        NOW,
    )
    assert (named.code, by_id.code) == (3, 3)
    assert named.out == by_id.out != ""


@pytest.mark.parametrize("name", ["ISO/IEC 27002 2022", "e3030e83-88d5-4f23-8734-6577a2c97a32"])
def test_an_initiative_that_is_not_imported_has_a_map_all_the_same(
    cli: Cli, root: Path, tmp_path: Path, name: str
) -> None:
    inventory = root / "examples" / "contoso" / "inventory" / "platform.jsonl"
    done = cli("evaluate", "--initiative", name, "--inventory", inventory, "--now", NOW)
    assert done.code == 2
    assert "`microsoft-iso-27002-2022` says already which controls Microsoft maps it to" in done.err


def test_a_map_of_others_is_partial_at_most(root: Path, tmp_path: Path) -> None:
    (tmp_path / "blueprint.yaml").write_text(
        "schema: blueprinter/blueprint/1\nproperties: {targetScope: subscription, version: 1.0.0}\n"
    )
    controls = (
        "schema: blueprinter/controls/1\nframework: iso-27001-2022\n{mapped}controls:\n  A.5.5:\n"
        "    - {{policyDefinitionId: 404c3081-a854-4457-ae30-26a93ef643f9, strength: {strength}, why: theirs}}\n"
    )
    theirs = controls.format(mapped="mappedBy: Microsoft\n", strength="partial")
    (tmp_path / "controls.yaml").write_text(theirs)
    assert len(blueprint_at(root, tmp_path).links) == 1
    (tmp_path / "controls.yaml").write_text(theirs.replace("partial", "full"))
    with pytest.raises(InvalidInput, match="BP244"):
        blueprint_at(root, tmp_path)
    # our own map may not say of a control of people and suppliers that a test proves a part of it
    (tmp_path / "controls.yaml").write_text(controls.format(mapped="", strength="partial"))
    with pytest.raises(InvalidInput, match="BP241"):
        blueprint_at(root, tmp_path)
