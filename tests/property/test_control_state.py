"""Over every combination of inputs: what no control result may ever say."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from blueprinter.blueprint import (
    AutomationClass,
    Control,
    ControlKind,
    Framework,
    Link,
    LinkTarget,
    Responsibility,
    SoaEntry,
    Strength,
)
from blueprinter.compliance import (
    Attested,
    AttestedPart,
    ControlResult,
    ControlState,
    ExitCode,
    FailOn,
    Fraction,
    Inherited,
    InheritedPart,
    LinkOutcome,
    LinkResult,
    Pair,
    PolicySeverity,
    Population,
    Reach,
    Run,
    Tally,
    control_state,
    count_gaps,
    exit_code,
    figures,
    judge,
    link_outcome,
)
from blueprinter.compliance import Tested as PartT
from blueprinter.compliance import tested as part_t

NOW = datetime(2026, 11, 20, tzinfo=UTC)
GREEN = {ControlState.SATISFIED, ControlState.ATTESTED, ControlState.INHERITED}
COUNTS = {
    LinkOutcome.FAIL: Pair.NON_COMPLIANT,
    LinkOutcome.WAIVED: Pair.WAIVED,
    LinkOutcome.PASS: Pair.COMPLIANT,
    LinkOutcome.COMPENSATED: Pair.MITIGATED,
    LinkOutcome.BLOCKED: Pair.UNSUPPORTED,
}


@st.composite
def link_results(draw: st.DrawFn) -> LinkResult:
    strength = draw(st.sampled_from(Strength))
    outcome = draw(st.sampled_from(LinkOutcome))
    counts = {COUNTS[outcome]: draw(st.integers(1, 9))} if outcome in COUNTS else {}
    link = Link("A.1", LinkTarget.POLICY, draw(st.sampled_from("abcdef")), strength, "because")
    severity = draw(st.sampled_from(PolicySeverity))
    return LinkResult(link, outcome, severity, f"test {link.test}", counts, reason="why")


def soa_entry(status: str) -> SoaEntry | None:
    if status == "absent":
        return None
    if status == "excluded":
        return SoaEntry("A.1", False, justification="none of it", approver="x", approved_on=NOW.date())
    if status == "exclusion without approver":
        return SoaEntry("A.1", False, justification="none of it")
    by = {"planned": NOW.date().replace(year=2027), "overdue": NOW.date().replace(year=2025)}.get(status)
    return SoaEntry("A.1", True, status="planned" if status == "overdue" else status, by=by)


SOA = (
    "absent",
    "excluded",
    "exclusion without approver",
    "implemented",
    "partial",
    "planned",
    "overdue",
    "not-implemented",
)


@st.composite
def results(draw: st.DrawFn, id: str = "A.1") -> ControlResult:
    control = Control(
        id,
        "Title",
        "A",
        ControlKind.CONTROL,
        True,
        draw(st.sampled_from(AutomationClass)),
        draw(st.sampled_from(Responsibility)),
    )
    return judge(
        control,
        draw(st.lists(link_results(), max_size=5)),
        attested=AttestedPart(draw(st.sampled_from(Attested)), "attestation"),
        inherited=InheritedPart(draw(st.sampled_from(Inherited)), "evidence"),
        soa=soa_entry(draw(st.sampled_from(SOA))),
        today=NOW.date(),
        reach=Reach(),
    )


def run_of(controls: list[ControlResult], *, template_only: bool = False) -> Run:
    ids = {result.control.id: result.control for result in controls}
    framework = Framework("f", "F", "1", (), ids, tuple(ids))
    counted = figures(controls, framework.counted, has_score=True)
    population = Population(
        "inventory", (), "", 1, {}, (), (), False, "", "", "", 0, 0, stale=False, partial=False
    )
    return Run(
        run_id="r",
        tool_version="1",
        now=NOW,
        blueprint="b",
        blueprint_version="1",
        blueprint_title="B",
        assignment="",
        framework=framework,
        population=population,
        results=tuple(controls),
        state_counts=counted.states,
        coverage=counted.coverage,
        score=counted.score,
        score_shown=counted.score_shown,
        resource_score=Fraction(0, 0),
        pair_counts={},
        findings=(),
        findings_total=0,
        exemptions=(),
        policies_evaluated=1,
        pairs_decided=1,
        unmapped_policies=(),
        not_run_live_only=0,
        template_only=template_only,
    )


@given(results())
@settings(max_examples=1000)
def test_green_needs_evidence(result: ControlResult) -> None:
    if result.state not in GREEN:
        return
    passed = {link.outcome for link in result.links if link.link.strength.direct}
    if result.state is ControlState.SATISFIED:
        assert passed & {LinkOutcome.PASS, LinkOutcome.COMPENSATED}
        full = any(
            link.outcome is LinkOutcome.PASS and link.link.strength is Strength.FULL for link in result.links
        )
        assert full or result.attested is Attested.PASS
    if result.state is ControlState.ATTESTED:
        assert result.attested is Attested.PASS
    if result.state is ControlState.INHERITED:
        assert result.inherited is Inherited.PASS
    assert not passed & {LinkOutcome.FAIL, LinkOutcome.BLOCKED, LinkOutcome.OFF, LinkOutcome.WAIVED}
    assert result.attested is not Attested.FAIL
    assert not result.signal


@given(results())
@settings(max_examples=500)
def test_a_failing_direct_test_is_a_gap_unless_excluded(result: ControlResult) -> None:
    fails = any(link.link.strength.direct and link.outcome is LinkOutcome.FAIL for link in result.links)
    assert (result.tested is PartT.FAIL) is fails
    if fails:
        assert result.state in {ControlState.GAP, ControlState.EXCLUDED}
        assert result.severity is not None
        assert not result.declared_gap
    if result.state is ControlState.GAP:
        assert fails or result.declared_gap
        assert result.reasons


@given(results())
@settings(max_examples=500)
def test_every_state_that_is_not_green_says_why(result: ControlResult) -> None:
    assert result.reasons
    assert all(reason and "\n" not in reason for reason in result.reasons)


@given(st.lists(link_results(), max_size=5), st.lists(link_results(), max_size=3))
@settings(max_examples=500)
def test_indicative_links_move_nothing_but_a_signal(
    links: list[LinkResult], others: list[LinkResult]
) -> None:
    direct = [link for link in links if link.link.strength.direct]
    indicative = [link for link in links + others if not link.link.strength.direct]
    assert part_t(direct) is part_t(direct + indicative)


@given(
    st.sampled_from(AutomationClass),
    st.sampled_from(Responsibility),
    st.sampled_from(PartT),
    st.sampled_from(Attested),
    st.sampled_from(Inherited),
)
@settings(max_examples=1000)
def test_a_signal_only_turns_green_to_at_risk(
    automation: AutomationClass, responsibility: Responsibility, t: PartT, a: Attested, h: Inherited
) -> None:
    quiet = control_state(automation, responsibility, tested=t, attested=a, inherited=h).state
    warned = control_state(automation, responsibility, tested=t, attested=a, inherited=h, signal=True).state
    assert warned is (ControlState.AT_RISK if quiet in GREEN else quiet)


@given(
    st.lists(st.integers(0, 8), max_size=20).flatmap(
        lambda ids: st.tuples(*(results(id=f"A.{index}") for index, _ in enumerate(ids)))
    )
)
@settings(max_examples=100)
def test_the_nine_counts_add_up_and_fractions_are_of_what_they_say(found: tuple[ControlResult, ...]) -> None:
    run = run_of(list(found))
    assert sum(run.state_counts.values()) == len(found)
    assert list(run.state_counts) == list(ControlState)
    assert run.coverage.whole == len(found) - run.state_counts[ControlState.EXCLUDED]
    assert run.score.whole == run.coverage.part <= run.coverage.whole
    assert run.score.part <= run.score.whole
    if run.score_shown:
        assert run.coverage.part * 10 >= run.coverage.whole


@given(st.integers(0, 500), st.integers(0, 500))
def test_percent_is_floored_and_never_all_or_none_by_rounding(one: int, other: int) -> None:
    fraction = Fraction(min(one, other), max(one, other))
    if not fraction.whole:
        assert fraction.percent is None
        return
    assert fraction.percent is not None
    assert (fraction.percent == 100) is (fraction.part == fraction.whole)
    assert (fraction.percent == 0) is (fraction.part == 0)
    assert fraction.part == 0 or fraction.percent == max(1, fraction.part * 100 // fraction.whole)


@given(results(), st.sampled_from(FailOn), st.booleans())
@settings(max_examples=1000)
def test_a_waiver_never_causes_an_exit_code(
    result: ControlResult, fail_on: FailOn, template_only: bool
) -> None:
    code = exit_code(run_of([result], template_only=template_only), fail_on=fail_on)
    if result.waived_only:
        assert result.state is ControlState.AT_RISK
        assert code is ExitCode.FINE
    if result.state in GREEN | {ControlState.EXCLUDED, ControlState.NO_RESOURCES, ControlState.NOT_AUTOMATED}:
        assert code is ExitCode.FINE


@given(results(), st.sampled_from(FailOn))
@settings(max_examples=500)
def test_a_template_fails_only_for_what_its_tests_say(result: ControlResult, fail_on: FailOn) -> None:
    code = exit_code(run_of([result], template_only=True), fail_on=fail_on)
    if code is not ExitCode.FINE:
        assert result.tested in {PartT.FAIL, PartT.UNDECIDED}


@given(results(), st.sampled_from(PolicySeverity))
@settings(max_examples=500)
def test_a_least_severity_only_ever_lets_gaps_pass(result: ControlResult, least: PolicySeverity) -> None:
    run = run_of([result])
    assert count_gaps(run, least) <= count_gaps(run) == (result.state is ControlState.GAP)
    if result.declared_gap:
        assert count_gaps(run, least) == 1


@given(
    st.dictionaries(st.sampled_from(Pair), st.integers(0, 3)),
    st.integers(0, 6),
    st.sampled_from(["", "stale"]),
)
@settings(max_examples=1000)
def test_a_pass_is_whole(counts: dict[Pair, int], guessed: int, hole: str) -> None:
    outcome, _ = link_outcome(Tally(counts, guessed), hole=hole)
    passes = counts.get(Pair.COMPLIANT, 0) + counts.get(Pair.PROTECTED, 0)
    assert (outcome is LinkOutcome.FAIL) is bool(counts.get(Pair.NON_COMPLIANT))
    if outcome is LinkOutcome.PASS:
        assert passes
        assert not hole
        assert guessed != passes
        bad = (Pair.CONFLICT, Pair.ERROR, Pair.UNKNOWN, Pair.UNSUPPORTED, Pair.WAIVED)
        assert not any(counts.get(pair) for pair in bad)
