"""A whole evaluation: pairs, exemptions, links in force, evidence, numbers, sentences, exit codes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from blueprinter.arm import Expansion, Resource
from blueprinter.blueprint import (
    Absence,
    Attestation,
    AttestationState,
    AutomationClass,
    Evidence,
    ExemptionCategory,
    Link,
    LinkTarget,
    Registers,
    Responsibility,
    Strength,
)
from blueprinter.compliance import (
    ControlState,
    EvaluateOptions,
    ExpandedTemplate,
    FailOn,
    Finding,
    LinkOutcome,
    OfflineSource,
    Pair,
    ResourceFacts,
    Run,
    TemplateEstate,
    attested_part,
    evaluate,
    exit_code,
    inherited_part,
)
from blueprinter.diagnostics import Diagnostic, Position, error, warning
from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    PolicySeverity,
    PolicyState,
    compile_policies,
    definition_key,
)
from blueprinter.report import ReportOptions, write_json
from unit.compliance.small_runs import (
    NOW,
    SUB,
    TODAY,
    GivenEstate,
    GivenStates,
    attestation,
    blueprint_of,
    certificate,
    control,
    definition,
    exemption,
    framework,
    resource,
    state_of,
)

OTHER = "/subscriptions/22222222-2222-4222-8222-222222222222"
HTTPS = definition("https-only", severity="critical")
TLS = definition("tls-version", severity="medium")
ONE, TWO, THREE = resource("one"), resource("two"), resource("three")


def link(
    test: str, control: str = "A.1", strength: Strength = Strength.FULL, equivalent: str = "", **more: Any
) -> Link:
    return Link(control, LinkTarget.POLICY, test, strength, "because", equivalent=equivalent, **more)


def run_of(
    states: list[PolicyState],
    *,
    links: list[Link] | None = None,
    policies: list[AssignedPolicy] | None = None,
    registers: Registers | None = None,
    estate: GivenEstate | None = None,
    options: EvaluateOptions | None = None,
    controls: tuple[Any, ...] = (control(),),
    **resolved: Any,
) -> Run:
    policies = list(dict.fromkeys(state.assigned for state in states)) if policies is None else policies
    links = (
        [link(key) for key in dict.fromkeys(definition_key(one.definition.id) for one in policies)]
        if links is None
        else links
    )
    return evaluate(
        blueprint_of(links, policies, framework(*controls), **resolved),
        GivenStates(tuple(states)),
        estate or GivenEstate((ONE, TWO, THREE)),
        registers or Registers(),
        options or EvaluateOptions(NOW),
    )


def only_link(run: Run) -> LinkOutcome:
    ((found,),) = [result.links for result in run.results]
    return found.outcome


# --- pairs ----------------------------------------------------------------------------------------------------------


def test_the_same_test_through_two_assignments_counts_the_worst_on_each_resource() -> None:
    ours = AssignedPolicy(HTTPS, assignment_id="/a")
    theirs = AssignedPolicy(HTTPS, assignment_id="/b")
    run = run_of(
        [
            state_of(ours, ONE, "Compliant"),
            state_of(ours, TWO, "Compliant"),
            state_of(theirs, TWO, "NonCompliant"),
            state_of(theirs, ONE, "Protected"),
        ]
    )
    assert run.pair_counts[Pair.NON_COMPLIANT] == 1
    assert run.pair_counts[Pair.COMPLIANT] == 1
    assert run.pairs_decided == 2
    (result,) = run.results
    assert result.links[0].counts == {Pair.NON_COMPLIANT: 1, Pair.COMPLIANT: 1}
    assert (result.judged, result.applicable, result.failing) == (2, 2, 1)


def test_an_equivalent_built_in_is_the_same_test() -> None:
    ours = AssignedPolicy(HTTPS)
    built_in = AssignedPolicy(definition("404c3081-a854-4457-ae30-26a93ef643f9"))
    run = run_of(
        [state_of(ours, ONE, "Compliant"), state_of(built_in, ONE, "Unsupported")],
        links=[link("https-only", equivalent="404c3081-a854-4457-ae30-26a93ef643f9")],
    )
    assert only_link(run) is LinkOutcome.BLOCKED
    assert run.policies_evaluated == 1
    assert run.unmapped_policies == ()


def test_every_pass_on_guessed_aliases_blocks_and_one_known_does_not() -> None:
    assigned = AssignedPolicy(HTTPS)
    guessed = [state_of(assigned, one, "Compliant", guessed=True) for one in (ONE, TWO)]
    blocked = run_of(guessed)
    assert only_link(blocked) is LinkOutcome.BLOCKED
    assert blocked.results[0].flags == ("guessed aliases",)
    assert only_link(run_of([*guessed, state_of(assigned, THREE, "Compliant")])) is LinkOutcome.PASS


def test_findings_come_worst_first_and_only_so_many_are_kept() -> None:
    https, tls = AssignedPolicy(HTTPS), AssignedPolicy(TLS)
    states = [
        state_of(tls, ONE, "NonCompliant"),
        state_of(tls, TWO, "Unsupported"),
        state_of(https, THREE, "Error"),
        state_of(https, TWO, "NonCompliant"),
        state_of(https, ONE, "NonCompliant"),
        state_of(https, resource("four"), "Compliant"),
        state_of(https, resource("five"), "Unknown"),
    ]
    run = run_of(states)
    expected = [
        ("https-only", "one"),
        ("https-only", "two"),
        ("tls-version", "one"),
        ("https-only", "three"),
        ("tls-version", "two"),
    ]
    assert [(one.state.assigned.definition.name, one.state.resource.name) for one in run.findings] == expected
    cut = run_of(states, options=EvaluateOptions(NOW, max_findings=2))
    assert [
        (one.state.assigned.definition.name, one.state.resource.name) for one in cut.findings
    ] == expected[:2]
    assert cut.findings_total == 5


def test_many_findings_keep_the_worst_whatever_their_order() -> None:
    https, tls = AssignedPolicy(HTTPS), AssignedPolicy(TLS)
    states = [state_of(tls, resource(f"r{number:05}")) for number in range(5_000)]
    states.append(state_of(https, ONE))
    run = run_of(states, options=EvaluateOptions(NOW, max_findings=3))
    names = [one.state.resource.name for one in run.findings]
    assert names == ["one", "r00000", "r00001"]
    assert run.findings_total == 5_001


def test_a_kept_finding_has_the_facts_of_its_resource_and_no_body() -> None:
    body = {
        **ONE.body,
        "location": "westeurope",
        "tags": {"Cost-Center": "7", "Service-Owner": "net@contoso.example", "env": "prod"},
        "properties": {"publicNetworkAccess": "Enabled"},
    }
    run = run_of([state_of(AssignedPolicy(HTTPS), replace(ONE, body=body))])
    (found,) = run.findings
    assert found.facts == ResourceFacts(
        owner="net@contoso.example", environment="prod", location="westeurope", exposed=True
    )
    assert found.state.resource.id == ONE.id
    assert found.state.resource.body == {}


def test_an_observer_is_told_of_every_state() -> None:
    assigned = AssignedPolicy(HTTPS)
    seen: list[Finding] = []
    states = [state_of(assigned, ONE, "Compliant"), state_of(assigned, TWO)]
    evaluate(
        blueprint_of([link("https-only")], [assigned], framework(control())),
        GivenStates(tuple(states)),
        GivenEstate((ONE, TWO)),
        Registers(),
        EvaluateOptions(NOW),
        observe=seen.append,
    )
    assert [(one.pair, one.controls, one.severity) for one in seen] == [
        (Pair.COMPLIANT, ("A.1",), PolicySeverity.CRITICAL),
        (Pair.NON_COMPLIANT, ("A.1",), PolicySeverity.CRITICAL),
    ]


# --- exemptions -----------------------------------------------------------------------------------------------------


def exempted(states: list[PolicyState], *exemptions: Any, **options: Any) -> Run:
    return run_of(
        states,
        registers=Registers(exemptions=exemptions),
        options=EvaluateOptions(NOW, **options),
        policies=list(dict.fromkeys(state.assigned for state in states)),
    )


def test_a_mitigation_with_evidence_compensates_and_without_it_is_a_waiver() -> None:
    assigned = AssignedPolicy(HTTPS)
    mitigated = exemption(category=ExemptionCategory.MITIGATED, evidence=(Evidence("plan", "x"),))
    run = exempted([state_of(assigned, ONE)], mitigated)
    assert only_link(run) is LinkOutcome.COMPENSATED
    assert run.results[0].state is ControlState.INCOMPLETE
    for evidence in ((), (Evidence("plan", "x", "00", False),)):
        waived = exempted([state_of(assigned, ONE)], replace(mitigated, evidence=evidence))
        assert only_link(waived) is LinkOutcome.WAIVED
    both = exempted([state_of(assigned, ONE)], mitigated, exemption(name="other"))
    assert only_link(both) is LinkOutcome.WAIVED
    assert both.findings[0].exemption == "other"


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, LinkOutcome.WAIVED),
        ({"scope": ONE.id.upper()}, LinkOutcome.WAIVED),
        ({"scope": ONE.id + "1"}, LinkOutcome.FAIL),
        ({"scope": ONE.id[:-1]}, LinkOutcome.FAIL),
        ({"scope": OTHER}, LinkOutcome.FAIL),
        ({"scope": "/providers/Microsoft.Management/managementGroups/mg"}, LinkOutcome.WAIVED),
        ({"controls": (), "policies": ("https-only",)}, LinkOutcome.WAIVED),
        ({"controls": (), "policies": ("tls-version",)}, LinkOutcome.FAIL),
        ({"controls": ("A.2",)}, LinkOutcome.FAIL),
        ({"controls": ("a.1",)}, LinkOutcome.WAIVED),
    ],
)
def test_an_exemption_matches_scope_and_test(changes: dict[str, Any], outcome: LinkOutcome) -> None:
    run = exempted([state_of(AssignedPolicy(HTTPS), ONE)], exemption(**changes))
    assert only_link(run) is outcome


@pytest.mark.parametrize(
    ("named", "run_name", "assignment_id", "matches"),
    [
        ("contoso", "", "", True),
        ("contoso", "contoso", "", True),
        ("contoso", "CONTOSO", "/own", True),
        ("contoso", "fabrikam", "", False),
        ("contoso", "contoso", "/foreign", False),
        ("/own", "", "/OWN", True),
        ("/own", "", "", False),
        ("/foreign", "contoso", "/foreign", True),
    ],
)
def test_an_exemption_matches_the_assignment(
    named: str, run_name: str, assignment_id: str, matches: bool
) -> None:
    own = AssignedPolicy(HTTPS, assignment_id="/own")
    state = state_of(AssignedPolicy(HTTPS, assignment_id=assignment_id), ONE)
    run = run_of(
        [state],
        policies=[own],
        registers=Registers(exemptions=(exemption(assignment=named),)),
        options=EvaluateOptions(NOW, assignment=run_name),
    )
    assert only_link(run) is (LinkOutcome.WAIVED if matches else LinkOutcome.FAIL)


def test_what_became_of_each_exemption() -> None:
    assigned = AssignedPolicy(HTTPS)
    register = (
        exemption(name="used", scope=ONE.id),
        exemption(name="ending", scope=ONE.id, expires_on=TODAY + timedelta(days=30)),
        exemption(name="needless", scope=TWO.id),
        exemption(name="expired", expires_on=TODAY - timedelta(days=1)),
        exemption(name="unmatched", scope=OTHER),
    )
    run = exempted([state_of(assigned, ONE), state_of(assigned, TWO, "Compliant")], *register)
    assert {use.exemption.name: use.status for use in run.exemptions} == {
        name.name: name.name for name in register
    }
    assert [use.resources for use in run.exemptions] == [1, 1, 1, 1, 0]
    assert "needless exemption" in run.results[0].flags
    assert "expired exemption" not in run.results[0].flags


def test_an_exemption_over_something_undecided_changes_nothing() -> None:
    run = exempted([state_of(AssignedPolicy(HTTPS), ONE, "Unsupported")], exemption())
    assert only_link(run) is LinkOutcome.BLOCKED


def test_behind_azures_exempt_the_verdict_is_unknown_and_counts_as_waived() -> None:
    assigned = AssignedPolicy(HTTPS)
    plain = exempted([state_of(assigned, ONE, "Exempt")], live=True)
    assert only_link(plain) is LinkOutcome.WAIVED
    known = exemption(category=ExemptionCategory.MITIGATED, evidence=(Evidence("plan", "x"),))
    assert (
        only_link(exempted([state_of(assigned, ONE, "Exempt")], known, live=True)) is LinkOutcome.COMPENSATED
    )


# --- links in force -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("absence", "outcome", "reason"),
    [
        (Absence.MISSING, LinkOutcome.OFF, "missing"),
        (Absence.DEPRECATED, LinkOutcome.OFF, "deprecated"),
        (Absence.NOT_IN_CLOUD, LinkOutcome.OFF, "unavailable in this cloud"),
        (Absence.PARAMETER_MISSING, LinkOutcome.BLOCKED, "parameter-missing"),
    ],
)
def test_a_test_that_cannot_run(absence: Absence, outcome: LinkOutcome, reason: str) -> None:
    run = run_of([], links=[link("https-only")], policies=[], absent={"https-only": absence})
    (found,) = run.results[0].links
    assert (found.outcome, found.reason) == (outcome, reason)
    assert run.results[0].state is ControlState.INCOMPLETE


def test_a_test_that_nothing_assigns_is_off() -> None:
    (found,) = run_of([], links=[link("https-only")], policies=[]).results[0].links
    assert (found.outcome, found.reason) == (LinkOutcome.OFF, "not assigned")


def test_a_deprecated_definition_that_passes_is_off_and_one_that_fails_fails() -> None:
    old = AssignedPolicy(definition("old", metadata={"deprecated": True}))
    assert only_link(run_of([state_of(old, ONE, "Compliant")])) is LinkOutcome.OFF
    assert only_link(run_of([state_of(old, ONE)])) is LinkOutcome.FAIL


def test_an_equivalent_stands_in_for_a_definition_that_is_missing() -> None:
    built_in = AssignedPolicy(definition("built-in"))
    run = run_of(
        [state_of(built_in, ONE, "Compliant")],
        links=[link("ours", equivalent="built-in")],
        absent={"ours": Absence.MISSING},
    )
    assert only_link(run) is LinkOutcome.PASS


def test_switched_off_in_one_scope_only_counts_where_nothing_else_tests() -> None:
    effect = {"effect": {"type": "String", "defaultValue": "Audit"}}
    tunable = definition("https-only", effect="[parameters('effect')]", parameters=effect)
    on = AssignedPolicy(tunable, scope=SUB)
    off_below = AssignedPolicy(tunable, {"effect": "disabled"}, scope=f"{SUB}/resourceGroups/rg")
    off_elsewhere = replace(off_below, scope=OTHER)
    states = [state_of(on, ONE, "Compliant")]
    assert only_link(run_of(states, policies=[on, off_below])) is LinkOutcome.PASS
    run = run_of(states, policies=[on, off_elsewhere])
    assert only_link(run) is LinkOutcome.OFF
    assert OTHER in run.results[0].links[0].reason
    assert run.policies_evaluated == 1


def test_do_not_enforce_counts_and_is_flagged() -> None:
    run = run_of([state_of(AssignedPolicy(HTTPS, enforced=False), ONE, "Compliant")])
    assert run.results[0].state is ControlState.SATISFIED
    assert run.results[0].flags == ("not enforced",)


def test_an_artifact_passes_only_live_and_unchanged() -> None:
    artifact = Link("A.1", LinkTarget.ARTIFACT, "key-vault", Strength.PARTIAL, "deployed")

    def outcome(**options: Any) -> LinkOutcome:
        return only_link(run_of([], links=[artifact], policies=[], options=EvaluateOptions(NOW, **options)))

    assert outcome() is LinkOutcome.NOT_RUN
    assert outcome(live=True) is LinkOutcome.BLOCKED
    assert outcome(live=True, artifacts={"key-vault": "drifted"}) is LinkOutcome.OFF
    assert outcome(live=True, artifacts={"key-vault": ""}) is LinkOutcome.PASS


def test_a_live_only_test_runs_live() -> None:
    data = AssignedPolicy(definition("keys", mode="Microsoft.KeyVault.Data"))
    links = [link("keys", live_only=True)]
    states = [state_of(data, ONE, "Compliant")]
    offline = run_of([], links=links, policies=[data])
    assert only_link(offline) is LinkOutcome.NOT_RUN
    assert offline.not_run_live_only == 1
    live = run_of(states, links=links, options=EvaluateOptions(NOW, live=True))
    assert only_link(live) is LinkOutcome.PASS
    assert live.not_run_live_only == 0


def test_a_manual_policy_is_answered_by_its_attestation() -> None:
    manual = AssignedPolicy(definition("training", effect="Manual"))
    states = [state_of(manual, ONE, "Unknown")]
    controls = (control(automation=AutomationClass.MANUAL),)
    alone = run_of(states, controls=controls)
    assert only_link(alone) is LinkOutcome.NOT_RUN
    assert alone.results[0].state is ControlState.NOT_AUTOMATED
    said = Registers(attestations=(attestation(control="", policy="training"),))
    assert run_of(states, controls=controls, registers=said).results[0].state is ControlState.ATTESTED
    denied = attestation(control="", policy="training", state=AttestationState.NON_COMPLIANT)
    assert (
        run_of(states, controls=controls, registers=Registers(attestations=(denied,))).results[0].state
        is ControlState.GAP
    )


@pytest.mark.parametrize(
    ("category", "outcome", "state"),
    [
        (ExemptionCategory.WAIVER, LinkOutcome.WAIVED, ControlState.AT_RISK),
        (ExemptionCategory.MITIGATED, LinkOutcome.COMPENSATED, ControlState.INCOMPLETE),
    ],
)
def test_a_manual_policy_that_fails_under_an_exemption_was_answered(
    category: ExemptionCategory, outcome: LinkOutcome, state: ControlState
) -> None:
    manual = AssignedPolicy(definition("training", effect="Manual"))
    evidence = (Evidence("plan", "x"),) if category is ExemptionCategory.MITIGATED else ()
    exempt = exemption(policies=("training",), category=category, evidence=evidence)
    run = run_of(
        [state_of(manual, ONE, "NonCompliant")],
        controls=(control(),),
        registers=Registers(exemptions=(exempt,)),
    )
    assert only_link(run) is outcome
    assert run.results[0].state is state


# --- the attested part ----------------------------------------------------------------------------------------------


def attested(*entries: Attestation, scopes: tuple[str, ...] = (SUB,), **tests: Any) -> str:
    return attested_part(
        entries,
        control="A.1",
        framework="iso-27001-2022",
        manual_tests=tests.get("manual", ()),
        other_tests=tests.get("other", ()),
        scopes=scopes,
        today=TODAY,
        warn_days=30,
    ).status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "pass"),
        ({"state": AttestationState.NON_COMPLIANT, "evidence": ()}, "fail"),
        ({"state": AttestationState.UNKNOWN}, "lapsed"),
        ({"expires_on": TODAY}, "ending"),
        ({"expires_on": TODAY - timedelta(days=1)}, "lapsed"),
        ({"expires_on": TODAY + timedelta(days=30)}, "ending"),
        ({"expires_on": TODAY + timedelta(days=31)}, "pass"),
        ({"evidence": ()}, "lapsed"),
        ({"evidence": (Evidence("list", "x", "00", False),)}, "lapsed"),
        ({"evidence": (Evidence("list", "https://contoso.example"),)}, "pass"),
        ({"assessed_on": TODAY + timedelta(days=1)}, "lapsed"),
        ({"assessed_on": TODAY}, "pass"),
        ({"approved_by": "HR@contoso.example"}, "lapsed"),
        ({"framework": "iso-27001-2013"}, "none"),
        ({"control": "A.2"}, "none"),
        ({"scope": OTHER}, "none"),
        ({"scope": SUB.upper()}, "pass"),
    ],
)
def test_one_attestation(changes: dict[str, Any], status: str) -> None:
    assert attested(attestation(**changes)) == status


def test_the_newest_of_a_scope_counts_then_the_worst_scope() -> None:
    old = attestation(state=AttestationState.NON_COMPLIANT, assessed_on=date(2026, 1, 1))
    assert attested(old, attestation()) == "pass"
    assert attested(attestation(), replace(old, scope=SUB)) == "fail"
    same_day = attestation(state=AttestationState.UNKNOWN)
    assert attested(attestation(), same_day) == attested(same_day, attestation()) == "lapsed"


def test_every_subscription_of_the_run_must_be_covered() -> None:
    one, other = attestation(scope=SUB), attestation(scope=OTHER)
    both = (SUB, OTHER)
    assert attested(one, scopes=both) == "lapsed"
    assert attested(one, other, scopes=both) == "pass"
    assert attested(attestation(), scopes=both) == "pass"
    assert attested(one, replace(other, state=AttestationState.NON_COMPLIANT), scopes=both) == "fail"
    assert (
        attested(attestation(scope="/providers/Microsoft.Management/managementGroups/all"), scopes=both)
        == "pass"
    )


def test_an_attestation_of_a_policy_speaks_only_for_manual_ones_unless_it_says_no() -> None:
    about = attestation(control="", policy="p")
    assert attested(about, manual=("p",)) == "pass"
    assert attested(about, manual=("p", "q")) == "lapsed"
    assert attested(about, other=("p",)) == "none"
    assert attested(replace(about, state=AttestationState.NON_COMPLIANT), other=("p",)) == "fail"
    assert attested(about, attestation(), manual=("p", "q")) == "pass"


# --- the inherited part ---------------------------------------------------------------------------------------------


def inherited(
    *entries: Any, services: tuple[str, ...] = ("Microsoft.Storage",), cloud: str = "AzureCloud"
) -> str:
    return inherited_part(
        entries,
        control="A.1",
        framework="iso-27001-2022",
        services=[(cloud, service) for service in services],
        today=TODAY,
        warn_days=30,
    ).status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "pass"),
        ({"services": {"microsoft.storage": "in"}}, "pass"),
        ({"controls": ("A.2",)}, "none"),
        ({"standard": "iso-27001-2013"}, "lapsed"),
        ({"standard": "iso-9001-2015"}, "none"),
        ({"valid_to": None}, "lapsed"),
        ({"valid_to": TODAY - timedelta(days=1)}, "lapsed"),
        ({"valid_to": TODAY}, "ending"),
        ({"valid_to": TODAY + timedelta(days=30)}, "ending"),
        ({"valid_from": TODAY + timedelta(days=1)}, "lapsed"),
        ({"clouds": ("AzureUSGovernment",)}, "lapsed"),
        ({"services": {}}, "lapsed"),
        ({"services": {"Microsoft.Storage": "not-stated"}}, "lapsed"),
        ({"services": {"Microsoft.Storage": "out"}}, "lapsed"),
        ({"reviewed_on": TODAY - timedelta(days=366)}, "ending"),
        ({"reviewed_on": None}, "ending"),
    ],
)
def test_one_certificate(changes: dict[str, Any], status: str) -> None:
    assert inherited(certificate(**changes)) == status


def test_the_best_entry_of_a_service_then_the_worst_service() -> None:
    good, form = certificate(), certificate(id="form", valid_to=None)
    assert inherited(form, good) == "pass"
    assert inherited(good, services=("Microsoft.Storage", "Microsoft.BotService")) == "lapsed"
    bots = certificate(id="bots", services={"Microsoft.BotService": "in"}, valid_to=TODAY)
    assert inherited(good, bots, services=("Microsoft.Storage", "Microsoft.BotService")) == "ending"
    assert inherited(good, cloud="AzureChinaCloud") == "lapsed"
    assert inherited(good, services=()) == "pass"
    assert inherited() == "none"


# --- the run --------------------------------------------------------------------------------------------------------


def test_the_numbers_of_a_run() -> None:
    https, tls = AssignedPolicy(HTTPS), AssignedPolicy(TLS)
    loose = AssignedPolicy(definition("loose"))
    shared = Responsibility.SHARED
    controls = (
        control("A.1"),
        control("A.2"),
        control("A.3", AutomationClass.MANUAL),
        control("A.4", AutomationClass.INHERITED_AND_ATTESTED, shared),
        control("A.5", AutomationClass.PARTIAL),
    )
    links = [
        link("https-only"),
        link("tls-version", "A.2"),
        link("tls-version", "A.5", Strength.PARTIAL),
    ]
    states = [
        state_of(https, ONE),
        state_of(https, TWO, "Compliant"),
        state_of(tls, ONE, "Compliant"),
        state_of(tls, THREE, "Compliant"),
        state_of(loose, THREE, "NonCompliant"),
    ]
    web = resource("site", "Microsoft.Web/sites")
    run = run_of(
        states,
        links=links,
        controls=controls,
        estate=GivenEstate((ONE, TWO, THREE, web)),
        registers=Registers(
            attestations=(attestation(control="A.3"), attestation(control="A.4")),
            inherited=(
                certificate(controls=("A.4",), services={"microsoft.storage": "in", "microsoft.web": "in"}),
            ),
        ),
        unmapped=("loose",),
    )
    assert {result.control.id: str(result.state) for result in run.results} == {
        "A.1": "gap",
        "A.2": "satisfied",
        "A.3": "attested",
        "A.4": "inherited",
        "A.5": "incomplete",
    }
    assert (run.coverage.part, run.coverage.whole) == (3, 5)
    assert (run.score.part, run.score.whole) == (2, 3)
    assert run.score_shown
    assert (run.resource_score.part, run.resource_score.whole) == (1, 3)
    assert run.policies_evaluated == 3
    assert run.unmapped_policies == ("loose",)
    assert run.population.untested_types == ("Microsoft.Web/sites",)
    assert run.findings[0].controls == ("A.1",)
    assert run.headline == (
        "4 resources in 1 subscription looked at, collected until 2026-11-20 05:10 UTC by reader.",
        "1 of 3 tested controls has an open finding, 1 of them critical.",
        "3 of 5 applicable controls could be tested by configuration at all; 2 could not.",
        "Evidence: 1 tested clean and complete · 1 tests pass, other evidence missing · 1 attested · 1 inherited "
        "· 1 with a gap.",
        "No test looks at 1 of 2 resource types.",
        "Start with “https only” (critical): 1 resource and 1 control.",
        "1 control passes its tests and waits for an attestation.",
        "This is technical evidence for ISO/IEC 27001:2022, not a statement that it is met: an assessor judges that, "
        "on more than configuration.",
    )


def test_clauses_are_judged_and_stand_in_no_number() -> None:
    own = framework(control("A.1"), control("4.1", AutomationClass.MANUAL))
    narrowed = replace(own, counted=("A.1",))
    assigned = AssignedPolicy(HTTPS)
    run = evaluate(
        blueprint_of([link("https-only")], [assigned], narrowed),
        GivenStates((state_of(assigned, ONE, "Compliant"),)),
        GivenEstate((ONE,)),
        Registers(),
        EvaluateOptions(NOW),
    )
    assert [result.control.id for result in run.results] == ["A.1", "4.1"]
    assert sum(run.state_counts.values()) == 1


def test_the_score_is_hidden_without_enough_coverage_or_by_the_framework() -> None:
    assigned = AssignedPolicy(HTTPS)
    states = [state_of(assigned, ONE, "Compliant")]
    few = tuple(control(f"A.{number}") for number in range(1, 12))
    assert not run_of(states, controls=few).score_shown
    assert run_of(states, controls=few[:10]).score_shown
    assert not run_of([], links=[], policies=[]).score_shown
    own = replace(framework(control()), has_score=False)
    run = evaluate(
        blueprint_of([link("https-only")], [assigned], own),
        GivenStates(tuple(states)),
        GivenEstate((ONE,)),
        Registers(),
        EvaluateOptions(NOW),
    )
    assert not run.score_shown


def test_without_a_blueprint_a_failing_pair_counts_as_a_gap() -> None:
    assigned = AssignedPolicy(TLS)

    def run(*states: PolicyState) -> Run:
        estate = GivenEstate((ONE, TWO))
        return evaluate(
            None, GivenStates(states), estate, Registers(), EvaluateOptions(NOW), policies=[assigned]
        )

    failing = run(state_of(assigned, ONE), state_of(assigned, TWO, "Compliant"))
    assert failing.results == ()
    assert failing.framework is None
    assert (failing.resource_score.part, failing.resource_score.whole) == (1, 2)
    assert exit_code(failing) == 3
    assert exit_code(failing, max_gaps=1) == 0
    assert exit_code(failing, min_severity=PolicySeverity.HIGH) == 0
    assert exit_code(failing, min_severity=PolicySeverity.MEDIUM) == 3
    assert failing.headline[1:3] == ("1 of 2 decided checks fails.", "1 of 2 resources has a finding.")
    assert exit_code(run(state_of(assigned, ONE, "Compliant"))) == 0
    assert exit_code(run(state_of(assigned, ONE, "Unsupported"))) == 5
    assert exit_code(run()) == 5


@pytest.mark.parametrize("kept", [0, 1, 1000])
@pytest.mark.parametrize(
    ("least", "tolerated", "code"),
    [("critical", 1, 3), ("high", 2, 0), ("medium", 2, 3), ("low", 3, 0), (None, 2, 3), (None, 3, 0)],
)
def test_gaps_of_a_severity_are_pairs_whatever_findings_are_kept(
    kept: int, least: str | None, tolerated: int, code: int
) -> None:
    once, again = AssignedPolicy(HTTPS, reference_id="A"), AssignedPolicy(HTTPS, reference_id="B")
    mild = AssignedPolicy(TLS)
    states = [state_of(one, on) for one in (once, again) for on in (ONE, TWO)]
    run = evaluate(
        None,
        GivenStates((*states, state_of(mild, ONE), state_of(mild, TWO, "Compliant"))),
        GivenEstate((ONE, TWO)),
        Registers(),
        EvaluateOptions(NOW, max_findings=kept),
        policies=[once, again, mild],
    )
    severity = PolicySeverity(least) if least else None
    assert exit_code(run, min_severity=severity, max_gaps=tolerated) == code


def test_without_controls_a_definition_that_is_not_available_leaves_the_run_incomplete() -> None:
    assigned = AssignedPolicy(HTTPS)

    def run(*remarks: Diagnostic) -> Run:
        return evaluate(
            blueprint_of([], [assigned], None, diagnostics=remarks),
            GivenStates((state_of(assigned, ONE, "Compliant"),)),
            GivenEstate((ONE,)),
            Registers(),
            EvaluateOptions(NOW),
        )

    said = "Some definitions are not available, so what they test is not known."
    whole, lacking = run(), run(warning("BP265", "1 of 2 definitions are not available", Position("x")))
    assert [exit_code(one, fail_on=FailOn.INCOMPLETE) for one in (whole, lacking)] == [0, 3]
    assert [said in one.headline for one in (whole, lacking)] == [False, True]
    assert lacking.population.untested_types == ()


def test_exit_codes_keep_their_precedence() -> None:
    failing = run_of([state_of(AssignedPolicy(HTTPS), ONE)])
    undecided = run_of([state_of(AssignedPolicy(HTTPS), ONE, "Unsupported")])
    partial = replace(undecided, population=replace(undecided.population, partial=True))
    invalid = replace(partial, diagnostics=(error("BP201", "wrong", Position("x")),))
    assert [exit_code(run) for run in (failing, undecided, partial, invalid)] == [3, 5, 1, 2]
    assert exit_code(partial, allow_partial=True) == 5
    assert exit_code(failing, max_gaps=1) == 0


def test_the_same_input_gives_the_same_run_and_another_clock_another_id() -> None:
    states = [state_of(AssignedPolicy(HTTPS), ONE), state_of(AssignedPolicy(TLS), ONE, "Compliant")]
    first, second = run_of(states), run_of(states)
    assert first.run_id == second.run_id
    assert first == replace(second, framework=first.framework, results=first.results, findings=first.findings)
    assert "".join(write_json(first, ReportOptions())) == "".join(write_json(second, ReportOptions()))
    assert run_of(states, options=EvaluateOptions(NOW + timedelta(hours=1))).run_id != first.run_id
    assert first.run_id.startswith("20261120T060000Z-")


# --- with the engine ------------------------------------------------------------------------------------------------


def template(*resources: Resource) -> TemplateEstate:
    return TemplateEstate([ExpandedTemplate("main.json", b"{}", Expansion(resources, {}, ()))])


def test_a_template_through_the_engine() -> None:
    policies = [AssignedPolicy(HTTPS)]
    estate = template(ONE, resource("site", "Microsoft.Web/sites"))
    engine = compile_policies(policies, aliases=AliasTable.empty(), now="2026-11-20T06:00:00Z")
    run = evaluate(
        None,
        OfflineSource(estate, engine),
        estate,
        Registers(),
        EvaluateOptions(NOW, template_only=True),
        policies=policies,
    )
    assert [(found.state.resource.name, found.pair) for found in run.findings] == [
        ("one", Pair.NON_COMPLIANT)
    ]
    assert run.population.source == "template"
    assert run.headline[0] == "2 resources of 1 template looked at, before deployment."
    assert exit_code(run) == 3


def test_a_template_that_could_not_be_expanded_makes_the_run_partial() -> None:
    failed = warning("BP501", "template not judged", Position("broken.json"))
    estate = TemplateEstate(
        [ExpandedTemplate("main.json", b"{}", Expansion((ONE,), {}, ()))], failed=[failed]
    )
    policies = [AssignedPolicy(HTTPS)]
    source = GivenStates((state_of(policies[0], ONE, "Compliant"),))
    run = evaluate(None, source, estate, Registers(), EvaluateOptions(NOW), policies=policies)
    assert run.headline[0].startswith("The population is incomplete: 1 template could not be read")
    assert run.diagnostics == (failed,)
    assert exit_code(run) == 1
    assert exit_code(run, allow_partial=True) == 0
