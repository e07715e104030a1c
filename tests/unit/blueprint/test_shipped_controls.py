"""The shipped control maps keep to what they say of themselves: strengths, editions, evidence maps, subsets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from blueprinter.blueprint import (
    AutomationClass,
    Blueprint,
    Framework,
    Link,
    LinkTarget,
    Strength,
    load_blueprint,
    load_builtin_facts,
    load_frameworks,
    policy_names,
)
from blueprinter.document import load

ROOT = Path(__file__).parents[3]
NAMES = sorted(path.parent.name for path in (ROOT / "blueprints").glob("*/blueprint.yaml"))
FULL = {"A.8.2", "A.8.3", "A.8.5", "A.8.9", "A.8.13", "A.8.15", "A.8.19", "A.8.20", "A.8.22", "A.8.24"}
"""Controls of 27001:2022 with a test that reads the very thing they ask for."""
REVIEWED_2013 = {"A.8.1.2", "A.9.4.1", "A.10.1.2", "A.12.4.1", "A.12.4.2", "A.12.4.3", "A.18.2.3"}
"""Controls of 27001:2013 whose direct links have reasons of their own, not those of an equal counterpart."""


@pytest.fixture(scope="module")
def frameworks() -> Mapping[str, Framework]:
    return load_frameworks([ROOT / "blueprints" / "frameworks"])


@pytest.fixture(scope="module")
def shipped(frameworks: Mapping[str, Framework]) -> Mapping[str, Blueprint]:
    names = policy_names([ROOT / "policies"])
    facts = load_builtin_facts(load(ROOT / "policies" / "builtin-facts.json"))
    return {
        name: load_blueprint(
            ROOT / "blueprints" / name, frameworks=frameworks, builtin_facts=facts, policies=names
        )
        for name in NAMES
    }


def strengths(blueprint: Blueprint) -> dict[tuple[str, str], Strength]:
    return {(link.control, link.test): link.strength for link in blueprint.links}


def best(blueprint: Blueprint, strength: Strength) -> set[str]:
    return {link.control for link in blueprint.links if link.strength is strength}


def test_these_blueprints_are_shipped() -> None:
    assert NAMES == [
        "azure-starter",
        "iso-20000-1-2018",
        "iso-27001-2013",
        "iso-27001-2022",
        "iso-27001-ase-sql",
        "iso-27001-shared-services",
        "iso-9001-2015",
        "microsoft-iso-27001-2013",
        "microsoft-iso-27001-2013-government",
        "microsoft-iso-27001-2022",
        "microsoft-iso-27002-2022",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_blueprint_gives_no_warning(name: str, shipped: Mapping[str, Blueprint]) -> None:
    blueprint = shipped[name]
    assert [str(one) for one in blueprint.diagnostics if one.severity != "info"] == []
    assert blueprint.has_controls
    assert blueprint.version
    assert all(link.why for link in blueprint.links)


def test_the_map_of_2022_is_complete(shipped: Mapping[str, Blueprint]) -> None:
    blueprint = shipped["iso-27001-2022"]
    framework = blueprint.framework
    assert framework is not None
    assert best(blueprint, Strength.FULL) == FULL
    linked = {link.control for link in blueprint.links}
    direct = {link.control for link in blueprint.links if link.strength.direct}
    assert linked | set(blueprint.deliberately_empty) >= set(framework.counted)
    testable = {AutomationClass.TECHNICAL, AutomationClass.PARTIAL}
    assert direct == {one.id for one in framework.controls.values() if one.automation in testable}
    assert len(direct) == 33
    technical = {one.id for one in framework.controls.values() if one.automation is AutomationClass.TECHNICAL}
    assert technical <= FULL


def test_strengths_do_not_travel_through_merges(shipped: Mapping[str, Blueprint]) -> None:
    """A direct link of 2013 has the strength of its equal counterpart in 2022, or a reason of its own."""
    old, new = shipped["iso-27001-2013"], shipped["iso-27001-2022"]
    assert old.framework is not None
    equal = {row.source: row.target for row in old.framework.mappings if row.relation == "equal"}
    of_new = strengths(new)
    why = {(link.control, link.test): link.why for link in new.links}
    for link in old.links:
        if not link.strength.direct:
            continue
        if link.control in equal:
            assert link.strength is of_new[equal[link.control], link.test], (link.control, link.test)
        else:
            assert link.control in REVIEWED_2013, (link.control, link.test)
    merged = [link for link in old.links if link.control == "A.12.4.2" and link.strength.direct]
    assert merged
    assert all(link.why != why["A.8.15", link.test] for link in merged)


def test_equal_controls_of_2013_have_every_link_of_their_counterpart(
    shipped: Mapping[str, Blueprint],
) -> None:
    old, new = shipped["iso-27001-2013"], shipped["iso-27001-2022"]
    assert old.framework is not None
    tests_of_old = {(link.control, link.test) for link in old.links}
    for row in old.framework.mappings:
        if row.relation == "equal":
            for link in new.links:
                if link.control == row.target:
                    assert (row.source, link.test) in tests_of_old


@pytest.mark.parametrize(
    ("name", "partial"),
    [
        ("iso-9001-2015", {"7.1.3", "7.5.3", "8.5.3"}),
        ("iso-20000-1-2018", {"8.2.5", "8.2.6", "8.4.3", "8.7.1", "8.7.2", "8.7.3.2"}),
    ],
)
def test_evidence_maps_claim_little(name: str, partial: set[str], shipped: Mapping[str, Blueprint]) -> None:
    blueprint = shipped[name]
    assert blueprint.framework is not None
    assert not blueprint.framework.has_score
    assert best(blueprint, Strength.FULL) == set()
    assert best(blueprint, Strength.PARTIAL) == partial
    listed = {link.control for link in blueprint.links} | set(blueprint.deliberately_empty)
    assert listed == set(blueprint.framework.counted)


def test_what_no_test_speaks_to_is_empty_by_decision(shipped: Mapping[str, Blueprint]) -> None:
    assert {"8.2.4", "8.3.3"} <= set(shipped["iso-20000-1-2018"].deliberately_empty)
    assert "8.4.1" in shipped["iso-9001-2015"].deliberately_empty


@pytest.mark.parametrize("name", ["azure-starter", "iso-27001-shared-services", "iso-27001-ase-sql"])
def test_a_smaller_blueprint_links_as_the_large_one(name: str, shipped: Mapping[str, Blueprint]) -> None:
    large = {as_said(link) for link in shipped["iso-27001-2022"].links}
    links = shipped[name].links
    assert {as_said(link) for link in links if link.target is LinkTarget.POLICY} <= large
    artifacts = [link for link in links if link.target is LinkTarget.ARTIFACT]
    assert all(link.strength is Strength.PARTIAL for link in artifacts)
    assert bool(artifacts) == (name != "azure-starter")


def as_said(link: Link) -> tuple[str, str, Strength, str, bool]:
    return link.control, link.test, link.strength, link.why, link.live_only


def test_the_starter_is_a_dozen(shipped: Mapping[str, Blueprint]) -> None:
    blueprint = shipped["azure-starter"]
    assert len({link.test for link in blueprint.links}) == 12
    assert blueprint.parameters == {}
    assert not any(link.live_only for link in blueprint.links)


def test_every_policy_serves_a_control_or_repairs(shipped: Mapping[str, Blueprint]) -> None:
    linked = {link.test for blueprint in shipped.values() for link in blueprint.links}
    names = {path.parent.name for path in (ROOT / "policies").glob("*/*/policy.json")}
    alone = names - linked
    assert {name for name in alone if not name.endswith("-fix")} <= UNLINKED


UNLINKED = {"organisational-attestation"}
"""For attestations in Azure itself; controls without a test are attested in the registers."""


def test_the_readme_tells_the_figures(shipped: Mapping[str, Blueprint]) -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for name, before in (
        ("iso-27001-2022", "of 93: "),
        ("iso-27001-2013", "of 114: "),
        ("iso-9001-2015", "of 57 each "),
        ("iso-20000-1-2018", " and "),
    ):
        full, partial = (
            best(shipped[name], Strength.FULL),
            best(shipped[name], Strength.PARTIAL) - best(shipped[name], Strength.FULL),
        )
        indicative = best(shipped[name], Strength.INDICATIVE) - full - partial
        assert f"{before}{len(full)} · {len(partial)} · {len(indicative)}" in text, name
    policies = list((ROOT / "policies").glob("*/*/tests.yaml"))
    cases = sum(path.read_text(encoding="utf-8").count("\n  - name: ") for path in policies)
    assert len(policies) > 200
    assert cases > 2500
