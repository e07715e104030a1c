"""The rules of an honest score, one test each, named after its rule: from policy states to what the report shows."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from blueprinter.blueprint import (
    AttestationState,
    AutomationClass,
    Evidence,
    ExemptionCategory,
    Registers,
    Responsibility,
    SoaEntry,
    Strength,
)
from blueprinter.compliance import ControlState, EvaluateOptions, Fraction, Pair, Run
from blueprinter.policy import AssignedPolicy
from blueprinter.report import FORMATS, ReportOptions
from unit.compliance.small_runs import (
    NOW,
    TODAY,
    GivenEstate,
    attestation,
    certificate,
    control,
    definition,
    exemption,
    resource,
    state_of,
)
from unit.compliance.test_evaluate import link, run_of
from unit.report import runs
from unit.report.page_tree import Element, read_page

HTTPS = AssignedPolicy(definition("https-only", severity="critical"))
TLS = AssignedPolicy(definition("tls-version"))
ONE, TWO = resource("one"), resource("two")


def state(run: Run, id: str = "A.1") -> ControlState:
    return next(result.state for result in run.results if result.control.id == id)


def shown(run: Run) -> Element:
    row = FORMATS.get("html")
    assert row is not None
    assert row.write is not None
    return read_page("".join(row.write(run, ReportOptions())))


def verdict(run: Run) -> str:
    return " ".join(shown(run).by_id("summary").text.split())


def test_rule_1_nothing_applicable_is_no_pass_and_no_hundred_percent() -> None:
    run = run_of([], policies=[HTTPS])
    assert state(run) is ControlState.NO_RESOURCES
    assert run.score.percent is None
    assert "100 %" not in verdict(run)
    assert "1 nothing to test" in verdict(run)


@pytest.mark.parametrize("undecided", ["Unsupported", "Error", "Unknown", "Conflict"])
def test_rule_2_what_is_undecided_is_in_no_numerator_and_coverage_stands_beside_the_score(
    undecided: str,
) -> None:
    run = run_of([state_of(HTTPS, ONE, undecided), state_of(HTTPS, TWO, "Compliant")])
    assert state(run) is ControlState.INCOMPLETE
    assert (run.coverage, run.score) == (Fraction(0, 1), Fraction(0, 0))
    figures = shown(run).all("dl", **{"class": "figures"})[0]
    assert [term.text for term in figures.all("dt")][:2] == ["Coverage", "Score"]


def test_rule_3_a_waiver_is_no_pass_mitigation_needs_evidence_and_expiry_opens_the_failure() -> None:
    def with_(**changes: Any) -> Run:
        return run_of([state_of(HTTPS, ONE)], registers=Registers(exemptions=(exemption(**changes),)))

    waived = with_()
    assert (state(waived), waived.score) == (ControlState.AT_RISK, Fraction(0, 1))
    mitigated = with_(category=ExemptionCategory.MITIGATED, evidence=(Evidence("plan", "x"),))
    assert mitigated.pair_counts[Pair.MITIGATED] == 1
    bare = with_(category=ExemptionCategory.MITIGATED)
    assert bare.pair_counts[Pair.WAIVED] == 1
    expired = with_(expires_on=TODAY - timedelta(days=1))
    assert state(expired) is ControlState.GAP
    assert "1 exemption has expired" in verdict(expired)


@pytest.mark.parametrize("changes", [{"evidence": ()}, {"expires_on": TODAY - timedelta(days=1)}])
def test_rule_4_an_attestation_without_evidence_or_past_its_end_is_none(changes: dict[str, Any]) -> None:
    run = run_of(
        [],
        links=[],
        controls=(control(automation=AutomationClass.MANUAL),),
        registers=Registers(attestations=(attestation(**changes),)),
    )
    assert state(run) is ControlState.INCOMPLETE
    assert [str(use.status) for use in run.attestations] == ["lapsed"]


@pytest.mark.parametrize(
    "changes",
    [
        {"standard": "iso-27001-2013"},
        {"clouds": ("AzureChinaCloud",)},
        {"valid_to": TODAY - timedelta(days=1)},
        {"services": {"Microsoft.Storage": "out"}},
    ],
)
def test_rule_5_inherited_is_never_tested_and_holds_only_for_its_edition_cloud_and_time(
    changes: dict[str, Any],
) -> None:
    def with_(**changed: Any) -> Run:
        return run_of(
            [],
            links=[],
            controls=(control(automation=AutomationClass.INHERITED, responsibility=Responsibility.PROVIDER),),
            registers=Registers(inherited=(certificate(**changed),)),
        )

    fine = with_()
    assert state(fine) is ControlState.INHERITED
    assert fine.coverage.part == fine.score.whole == 0
    lapsed = with_(**changes)
    assert state(lapsed) is ControlState.INCOMPLETE
    assert [str(use.status) for use in lapsed.certificates] == ["lapsed"]


def test_rule_6_a_shared_control_needs_both_halves() -> None:
    def with_(*certificates: Any) -> Run:
        return run_of(
            [state_of(HTTPS, ONE, "Compliant")],
            controls=(control(responsibility=Responsibility.SHARED),),
            registers=Registers(inherited=certificates),
        )

    assert state(with_()) is ControlState.INCOMPLETE
    assert state(with_(certificate())) is ControlState.SATISFIED


def test_rules_7_and_8_controls_and_resources_are_counted_apart_and_three_findings_are_one_resource() -> None:
    third = AssignedPolicy(definition("third"))
    run = run_of([*(state_of(test, ONE) for test in (HTTPS, TLS, third)), state_of(HTTPS, TWO, "Compliant")])
    assert (run.results[0].failing, run.findings_total) == (1, 3)
    assert run.resource_score == Fraction(1, 2)
    assert run.score == Fraction(0, 1)
    assert "1 of 2 (50 %) judged resources have no open finding; 1 has one." in verdict(run)


def test_rule_9_disabled_passes_nothing_do_not_enforce_is_judged_and_flagged() -> None:
    off = AssignedPolicy(definition("off", effect="Disabled"))
    run = run_of([], links=[link("off")], policies=[off])
    assert state(run) is ControlState.INCOMPLETE
    assert "switched off" in shown(run).by_id("incomplete").text
    lenient = AssignedPolicy(HTTPS.definition, enforced=False)
    run = run_of([state_of(lenient, ONE)])
    assert state(run) is ControlState.GAP
    assert "not enforced" in run.results[0].flags
    assert "not enforced" in shown(run).by_id("gap").text


def test_rule_10_a_partial_test_can_fail_a_control_and_never_pass_it_alone() -> None:
    for verdict_, wanted in (("Compliant", ControlState.INCOMPLETE), ("NonCompliant", ControlState.GAP)):
        run = run_of([state_of(HTTPS, ONE, verdict_)], links=[link("https-only", strength=Strength.PARTIAL)])
        assert state(run) is wanted
    for verdict_ in ("Compliant", "NonCompliant"):
        run = run_of(
            [state_of(HTTPS, ONE, verdict_)], links=[link("https-only", strength=Strength.INDICATIVE)]
        )
        assert state(run) is ControlState.NOT_AUTOMATED


def test_rule_11_a_deprecated_definition_is_incomplete() -> None:
    old = AssignedPolicy(definition("old", metadata={"deprecated": True}))
    assert state(run_of([state_of(old, ONE, "Compliant")])) is ControlState.INCOMPLETE


def test_rule_12_nothing_passes_on_stale_data_and_the_report_says_so_first() -> None:
    estate = GivenEstate((ONE, TWO), stale=True)
    passing = run_of([state_of(HTTPS, ONE, "Compliant")], estate=estate)
    assert state(passing) is ControlState.INCOMPLETE
    (said,) = shown(passing).all("p", **{"class": "hole"})
    assert said.text.startswith("The data is older than allowed")
    assert state(run_of([state_of(HTTPS, ONE)], estate=estate)) is ControlState.GAP


@pytest.mark.parametrize("whole", [1, 3, 99, 100, 101, 199, 1000, 99999])
def test_rule_13_a_hundred_percent_means_all_and_zero_means_none(whole: int) -> None:
    for part in {0, 1, whole // 2, whole - 1, whole}:
        percent = Fraction(part, whole).percent
        assert (percent == 100) is (part == whole)
        assert (percent == 0) is (part == 0)


@pytest.mark.parametrize("missing", [{}, {"justification": ""}, {"approver": ""}, {"approved_on": None}])
def test_rule_14_an_exclusion_needs_justification_approver_and_date_and_shrinks_the_whole_openly(
    missing: dict[str, Any],
) -> None:
    entry = SoaEntry(
        "A.2", applicable=False, justification="none", approver="ciso", approved_on=date(2026, 10, 1)
    )
    run = run_of(
        [state_of(HTTPS, ONE, "Compliant")],
        controls=(control(), control("A.2")),
        registers=Registers(soa={"A.2": replace(entry, **missing)}, soa_version="7"),
    )
    assert (state(run, "A.2") is ControlState.EXCLUDED) is not missing
    if not missing:
        assert run.coverage == Fraction(1, 1)
        assert "= 1; 1 excluded by SoA 7." in verdict(run)
    else:
        assert run.coverage == Fraction(1, 2)


@pytest.mark.parametrize("name", ["console", "json", "markdown", "html", "junit"])
def test_rule_15_nobody_is_called_compliant_with_a_standard(name: str) -> None:
    row = FORMATS.get(name)
    assert row is not None
    assert row.write is not None
    text = "".join(row.write(runs.full(), ReportOptions(width=400)))
    assert name == "json" or "evidence for" in text
    assert not re.search(r"compliant with|certified|conforms to|passed the", text, re.IGNORECASE)


@pytest.mark.parametrize("name", [row.name for row in FORMATS])
def test_rule_16_the_same_run_gives_the_same_bytes(name: str) -> None:
    row = FORMATS.get(name)
    assert row is not None

    def once() -> tuple[str, list[tuple[str, bytes]]]:
        run = runs.full()
        text = "".join(row.write(run, ReportOptions())) if row.write is not None else ""
        files = list(row.files(run, ReportOptions(max_findings=5), "out")) if row.files is not None else []
        return text, files

    assert once() == once()


def test_an_attestation_never_overrides_a_tested_failure_and_the_contradiction_is_told() -> None:
    run = run_of(
        [state_of(HTTPS, ONE)],
        registers=Registers(
            attestations=(attestation(),), soa={"A.1": SoaEntry("A.1", True, status="implemented")}
        ),
    )
    assert state(run) is ControlState.GAP
    assert "1 declaration in the SoA contradicts a test or an attestation" in verdict(run)
    refused = attestation(state=AttestationState.NON_COMPLIANT, evidence=())
    run = run_of([state_of(HTTPS, ONE, "Compliant")], registers=Registers(attestations=(refused,)))
    assert state(run) is ControlState.GAP
    assert "1 gap is declared, without a failing test" in verdict(run)


def test_what_ends_soon_is_at_risk_and_counted_on_the_first_screen() -> None:
    soon = exemption(expires_on=TODAY + timedelta(days=10))
    run = run_of(
        [state_of(HTTPS, ONE)],
        registers=Registers(exemptions=(soon,)),
        options=EvaluateOptions(NOW, warn_days=14),
    )
    assert "1 exemption ends within 14 days" in verdict(run)
