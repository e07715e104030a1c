"""`show coverage`: every counted control in exactly one category, and the sums of the table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blueprinter.blueprint import AutomationClass, Framework, Link, LinkTarget, Strength, load_frameworks
from blueprinter.cli.coverage import Best, coverage
from unit.cli.conftest import Cli

COUNTED = {"iso-27001-2022": 93, "iso-27001-2013": 114, "iso-9001-2015": 57, "iso-20000-1-2018": 57}


@pytest.fixture
def annex(root: Path) -> Framework:
    return load_frameworks([root / "blueprints" / "frameworks"])["iso-27001-2022"]


def link(control: str, strength: Strength, test: str = "x", *, live_only: bool = False) -> Link:
    return Link(control, LinkTarget.POLICY, test, strength, "because", live_only)


def test_the_strongest_link_decides_the_category(annex: Framework) -> None:
    found = coverage(
        annex,
        [
            link("A.8.24", Strength.INDICATIVE, "a"),
            link("A.8.24", Strength.FULL, "b"),
            link("A.8.24", Strength.PARTIAL, "c", live_only=True),
            link("A.8.12", Strength.PARTIAL),
            link("A.6.7", Strength.INDICATIVE),
            link("9.1", Strength.INDICATIVE),
        ],
        ["A.5.1", "A.8.12"],
    )
    best = {row.control.id: row.best for row in found.rows}
    assert best["A.8.24"] is Best.FULL
    assert best["A.8.12"] is Best.PARTIAL
    assert best["A.6.7"] is Best.INDICATIVE
    assert best["A.5.1"] is Best.EMPTY
    assert best["A.5.2"] is Best.NONE
    assert "9.1" not in best
    assert found.uncounted == 1
    crypto = next(row for row in found.rows if row.control.id == "A.8.24")
    assert (list(crypto.links.values()), crypto.live_only) == ([1, 1, 1], 1)


def test_categories_and_classes_add_up(annex: Framework) -> None:
    found = coverage(annex, [link("A.8.24", Strength.FULL), link("A.8.3", Strength.FULL)], ["A.5.1"])
    assert sum(found.count(best) for best in Best) == 93
    assert sum(found.count(best, one) for best in Best for one in AutomationClass) == 93
    assert found.count(Best.FULL, AutomationClass.TECHNICAL) == 1
    assert found.count(Best.FULL, AutomationClass.PARTIAL) == 1


@pytest.mark.parametrize(("framework", "counted"), COUNTED.items())
def test_the_shipped_maps_add_up(cli: Cli, framework: str, counted: int) -> None:
    done = cli("show", "coverage", framework, "-o", "json")
    assert done.code == 0
    (item,) = json.loads(done.out)["items"]
    assert item["total"] == len(item["controls"]) == counted
    assert sum(item["counts"].values()) == counted
    for best, number in item["counts"].items():
        assert sum(row["best"] == best for row in item["controls"]) == number
        assert sum(row[best] for row in item["byClass"].values()) == number


@pytest.mark.parametrize(("framework", "counted"), COUNTED.items())
def test_the_last_line_is_the_sum(cli: Cli, framework: str, counted: int) -> None:
    name, *numbers = cli("show", "coverage", framework).out.splitlines()[-1].split()
    assert name == "total"
    assert sum(map(int, numbers[:-1])) == int(numbers[-1]) == counted


def test_a_framework_without_a_blueprint_is_covered_by_nothing(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "blueprints" / "frameworks"
    folder.mkdir(parents=True)
    (folder / "house.yaml").write_text(
        "schema: blueprinter/framework/1\nid: house\ntitle: House rules\nedition: '1'\n"
        "counts: {controls: 1}\ngroups: [{id: H, title: All}]\n"
        "controls: [{id: H.1, title: Lock the door, group: H, kind: control, leaf: true, "
        "automation: technical, responsibility: customer}]\n"
    )
    (item,) = json.loads(cli("show", "coverage", "house", "-o", "json").out)["items"]
    assert (item["blueprint"], item["counts"]["none"]) == (None, 1)


def test_an_exported_blueprint_is_covered_as_microsoft_maps_it(cli: Cli, shared: Path) -> None:
    sample = shared / "data" / "azure-blueprints" / "iso_27001"
    before = cli("show", "coverage", sample)
    assert before.code == 2
    assert "catalog import" in before.err
    assert cli("catalog", "import", shared / "data" / "azure-policy").code == 0
    (item,) = json.loads(cli("show", "coverage", sample, "-o", "json").out)["items"]
    assert (item["framework"], item["total"]) == ("iso-27001-2013", 114)
    assert item["counts"] == {"full": 0, "partial": 15, "indicative": 0, "deliberately empty": 0, "none": 99}
    (card,) = json.loads(cli("show", "control", "A.10.1.1", "--blueprint", sample, "-o", "json").out)["items"]
    assert {row["source"] for row in card["links"]} == {"Microsoft"}
    assert all(row["displayName"] for row in card["links"])


def test_an_unknown_name_is_answered(cli: Cli) -> None:
    done = cli("show", "coverage", "iso-27001-2021")
    assert done.code == 2
    assert "did you mean" in done.err
