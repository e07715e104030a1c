"""Every rule of a result and of an honest score, with the tests that hold it. A rule that loses its test fails here."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
HONEST, EVALUATE = "unit/report/test_honest_scoring.py", "unit/compliance/test_evaluate.py"
TRUTH, PROPERTY = "unit/compliance/test_truth_table.py", "property/test_control_state.py"
GOLDEN, INVENTORY = "unit/compliance/test_golden_examples.py", "unit/compliance/test_inventory.py"
FIRST, PAGE = "unit/report/test_report_first_screen.py", "unit/report/test_report_html.py"
SERVICES = "unit/compliance/test_services_of_evidence.py"

RULES: dict[str, tuple[tuple[str, str], ...]] = {
    # the honest score
    "nothing applicable is no pass": (
        (HONEST, "test_rule_1_nothing_applicable_is_no_pass_and_no_hundred_percent"),
    ),
    "what is undecided is in no numerator": (
        (HONEST, "test_rule_2_what_is_undecided_is_in_no_numerator_and_coverage_stands_beside_the_score"),
    ),
    "a waiver is no pass": (
        (HONEST, "test_rule_3_a_waiver_is_no_pass_mitigation_needs_evidence_and_expiry_opens_the_failure"),
    ),
    "an attestation needs evidence and ends": (
        (HONEST, "test_rule_4_an_attestation_without_evidence_or_past_its_end_is_none"),
        (EVALUATE, "test_one_attestation"),
    ),
    "inherited is never tested": (
        (HONEST, "test_rule_5_inherited_is_never_tested_and_holds_only_for_its_edition_cloud_and_time"),
    ),
    "a shared control needs both halves": ((HONEST, "test_rule_6_a_shared_control_needs_both_halves"),),
    "controls and resources are counted apart; three findings are one resource": (
        (
            HONEST,
            "test_rules_7_and_8_controls_and_resources_are_counted_apart_and_three_findings_are_one_resource",
        ),
    ),
    "disabled passes nothing; DoNotEnforce is judged and flagged": (
        (HONEST, "test_rule_9_disabled_passes_nothing_do_not_enforce_is_judged_and_flagged"),
    ),
    "a partial test fails and never passes alone": (
        (HONEST, "test_rule_10_a_partial_test_can_fail_a_control_and_never_pass_it_alone"),
    ),
    "a deprecated definition is incomplete": (
        (HONEST, "test_rule_11_a_deprecated_definition_is_incomplete"),
        (EVALUATE, "test_a_deprecated_definition_that_passes_is_off_and_one_that_fails_fails"),
    ),
    "nothing passes on stale data": (
        (HONEST, "test_rule_12_nothing_passes_on_stale_data_and_the_report_says_so_first"),
    ),
    "rounding hides nothing": (
        (HONEST, "test_rule_13_a_hundred_percent_means_all_and_zero_means_none"),
        (PROPERTY, "test_percent_is_floored_and_never_all_or_none_by_rounding"),
    ),
    "an exclusion is justified, approved and dated": (
        (
            HONEST,
            "test_rule_14_an_exclusion_needs_justification_approver_and_date_and_shrinks_the_whole_openly",
        ),
    ),
    "nobody is called compliant": ((HONEST, "test_rule_15_nobody_is_called_compliant_with_a_standard"),),
    "the same input gives the same bytes": ((HONEST, "test_rule_16_the_same_run_gives_the_same_bytes"),),
    # strengths, pairs and links
    "an indicative link moves nothing but a signal": (
        (PROPERTY, "test_indicative_links_move_nothing_but_a_signal"),
        (PROPERTY, "test_a_signal_only_turns_green_to_at_risk"),
    ),
    "one test through two ways counts once, the worst": (
        (EVALUATE, "test_the_same_test_through_two_assignments_counts_the_worst_on_each_resource"),
        (EVALUATE, "test_an_equivalent_built_in_is_the_same_test"),
    ),
    "what an exemption does to a pair": (
        (EVALUATE, "test_a_mitigation_with_evidence_compensates_and_without_it_is_a_waiver"),
        (EVALUATE, "test_what_became_of_each_exemption"),
        (EVALUATE, "test_behind_azures_exempt_the_verdict_is_unknown_and_counts_as_waived"),
    ),
    "the outcome of a link": (
        (TRUTH, "test_link"),
        (EVALUATE, "test_every_pass_on_guessed_aliases_blocks_and_one_known_does_not"),
    ),
    "a live-only test is not run offline": ((EVALUATE, "test_a_live_only_test_runs_live"),),
    "an artifact passes only live and unchanged": (
        (EVALUATE, "test_an_artifact_passes_only_live_and_unchanged"),
    ),
    # the parts, the state, the numbers
    "the tested part": ((TRUTH, "test_tested_part"),),
    "the newest attestation of a scope, then the worst scope": (
        (EVALUATE, "test_the_newest_of_a_scope_counts_then_the_worst_scope"),
    ),
    "an attestation never overrides a test": (
        (
            HONEST,
            "test_an_attestation_never_overrides_a_tested_failure_and_the_contradiction_is_told",
        ),
    ),
    "the best certificate of a service, then the worst service": (
        (EVALUATE, "test_the_best_entry_of_a_service_then_the_worst_service"),
        (SERVICES, "test_three_standings_of_a_service"),
    ),
    "the state by the first rule that fits": (
        (TRUTH, "test_state"),
        (TRUTH, "test_every_state_and_class_is_in_the_table"),
        (PROPERTY, "test_green_needs_evidence"),
        (PROPERTY, "test_a_failing_direct_test_is_a_gap_unless_excluded"),
    ),
    "the sixteen examples": ((GOLDEN, "test_golden_example"),),
    "what ends soon is at risk": (
        (HONEST, "test_what_ends_soon_is_at_risk_and_counted_on_the_first_screen"),
    ),
    "the nine counts add up": ((PROPERTY, "test_the_nine_counts_add_up_and_fractions_are_of_what_they_say"),),
    "clauses stand in no number": ((EVALUATE, "test_clauses_are_judged_and_stand_in_no_number"),),
    "no score without coverage": (
        (EVALUATE, "test_the_score_is_hidden_without_enough_coverage_or_by_the_framework"),
    ),
    "a fraction before its percent": (
        (FIRST, "test_the_first_screen_never_shows_a_percent_without_its_fraction"),
    ),
    "what was not looked at is listed": ((PAGE, "test_what_was_not_looked_at_is_listed"),),
    "the exit code": (
        (EVALUATE, "test_exit_codes_keep_their_precedence"),
        (PROPERTY, "test_a_waiver_never_causes_an_exit_code"),
        (PROPERTY, "test_a_template_fails_only_for_what_its_tests_say"),
    ),
    # what a source can and cannot say
    "a row without properties decides nothing": (
        (INVENTORY, "test_rows_without_properties_give_one_diagnostic_that_names_the_right_export"),
    ),
    "absence is believed only of what was collected": (
        (INVENTORY, "test_absence_is_believed_only_of_a_type_that_was_collected_there"),
        (INVENTORY, "test_without_a_manifest_absence_is_never_believed"),
    ),
    "no state row is no verdict": (("contract/test_live_faults.py", "test_no_row_is_no_verdict"),),
    "an unreadable scope is a hole": ((INVENTORY, "test_a_refused_scope_is_a_hole"),),
}


@cache
def holds(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_has_its_tests(rule: str) -> None:
    for file, name in RULES[rule]:
        assert name in holds(file)
