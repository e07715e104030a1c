"""The lists behind the numbers, and the resources that say they can be reached."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from blueprinter.blueprint import Strength
from blueprinter.compliance import ControlState, Fraction, PolicySeverity
from blueprinter.compliance.exposure import has_public_path
from blueprinter.report.outline import findings_of, outline
from blueprinter.report.words import clauses_label, fraction, moment, title
from unit.report import runs


def test_gaps_are_sorted_by_severity_then_resources_and_declared_ones_are_last() -> None:
    ids = [result.control.id for result in outline(runs.medium()).gaps]
    assert ids == ["A.8.20", "A.5.23", "A.8.24", "A.8.13", "A.8.26", "A.5.2"]


def test_clauses_are_in_no_list_of_the_counted_set() -> None:
    shown = outline(runs.medium())
    clauses = {result.control.id for result in shown.clauses}
    assert clauses == {"4.1", "4.2", "5.1", "5.2", "6.2", "7.2", "8.1", "9.2", "9.3", "10.1"}
    for results in (shown.counted, shown.gaps, shown.tested_open, shown.tested_clear, shown.untested):
        assert not clauses & {result.control.id for result in results}
    assert sum(len(group.results) for group in shown.groups) == 93


def test_excluded_controls_are_neither_tested_nor_untested() -> None:
    shown = outline(runs.medium())
    excluded = {result.control.id for result in shown.in_state(ControlState.EXCLUDED)}
    applicable = {r.control.id for r in (*shown.tested_open, *shown.tested_clear, *shown.untested)}
    assert not excluded & applicable
    assert len(applicable) == shown.run.coverage.whole == 88


def test_a_rule_that_two_controls_link_is_one_action() -> None:
    action = next(action for action in outline(runs.medium()).actions if len(action.controls) == 2)
    assert action.policy == "Storage accounts accept HTTPS only"
    assert set(action.controls) == {"A.5.23", "A.8.24"}
    assert set(action.closes) == {"A.5.23", "A.8.24"}
    assert len(action.resources) == 40


def test_an_indicative_link_is_no_row_of_its_control_and_no_action() -> None:
    run = runs.small()
    gap = next(result for result in run.results if result.state is ControlState.GAP)
    weak = tuple(
        replace(outcome, link=replace(outcome.link, strength=Strength.INDICATIVE)) for outcome in gap.links
    )
    results = tuple(replace(r, links=weak) if r is gap else r for r in run.results)
    shown = outline(replace(run, results=results))
    assert findings_of(replace(gap, links=weak), shown.failing) == ()
    assert shown.actions == ()


def test_an_equivalent_test_counts_for_the_link() -> None:
    run = runs.small()
    gap = next(result for result in run.results if result.state is ControlState.GAP)
    first, *others = gap.links
    renamed = replace(first, link=replace(first.link, test="another-name", equivalent=first.link.test))
    assert len(findings_of(replace(gap, links=(renamed, *others)), run.findings)) == 3


@pytest.mark.parametrize(
    ("type", "properties", "public"),
    [
        ("Microsoft.Storage/storageAccounts", {}, False),
        ("Microsoft.Storage/storageAccounts", {"publicNetworkAccess": "Enabled"}, True),
        ("Microsoft.Storage/storageAccounts", {"PublicNetworkAccess": "enabled"}, True),
        ("Microsoft.Storage/storageAccounts", {"publicNetworkAccess": "Disabled"}, False),
        (
            "Microsoft.KeyVault/vaults",
            {"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Deny"}},
            False,
        ),
        ("Microsoft.Network/publicIPAddresses", {}, True),
        ("Microsoft.Network/networkSecurityGroups", {"securityRules": []}, False),
        (
            "Microsoft.Network/networkSecurityGroups",
            {
                "securityRules": [
                    {"properties": {"access": "Allow", "direction": "Inbound", "sourceAddressPrefix": "*"}}
                ]
            },
            True,
        ),
        (
            "Microsoft.Network/networkSecurityGroups/securityRules",
            {"access": "Allow", "direction": "Inbound", "sourceAddressPrefixes": ["10.0.0.0/8", "Internet"]},
            True,
        ),
        (
            "Microsoft.Network/networkSecurityGroups/securityRules",
            {"access": "Deny", "direction": "Inbound", "sourceAddressPrefix": "*"},
            False,
        ),
        (
            "Microsoft.Network/networkSecurityGroups/securityRules",
            {"access": "Allow", "direction": "Outbound", "sourceAddressPrefix": "*"},
            False,
        ),
    ],
)
def test_public_path_by_its_own_settings(type: str, properties: dict[str, Any], public: bool) -> None:
    assert has_public_path(runs.resource(type, "x", properties=properties)) is public


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "–"),
        (0, 5, "0 of 5 (0 %)"),
        (5, 5, "5 of 5 (100 %)"),
        (999, 1000, "999 of 1,000 (99 %)"),
        (1, 1000, "1 of 1,000 (1 %)"),
    ],
)
def test_a_percentage_stands_with_its_fraction(part: int, whole: int, text: str) -> None:
    assert fraction(Fraction(part, whole)) == text


def test_words_for_titles_times_and_clauses() -> None:
    run = runs.small()
    assert title(run) == "Technical evidence for Stub standard:2022: Contoso Online, production"
    assert title(runs.without_framework()) == "Policy findings"
    assert moment(run.now) == "2026-11-20 06:00 UTC"
    assert clauses_label(outline(run).clauses) == "Clauses 4–9"
    assert clauses_label(()) == "Clauses"
    assert outline(run).actions[0].severity is PolicySeverity.HIGH
