"""The exit code of a run: what stops a pipeline, and what never does."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from blueprinter.compliance.assess import UNDECIDED
from blueprinter.compliance.comparing import Snapshot, known_gaps, new_failures, snapshot
from blueprinter.compliance.headline import lacks_definitions
from blueprinter.compliance.model import Attested, ControlResult, ControlState, Pair, Run, Tested
from blueprinter.diagnostics import has_errors
from blueprinter.policy import PolicySeverity


class FailOn(StrEnum):
    """From which state on a run counts as failed."""

    GAP = "gap"
    AT_RISK = "at-risk"
    INCOMPLETE = "incomplete"
    NONE = "none"


class ExitCode(IntEnum):
    """What `evaluate` says to a pipeline."""

    FINE = 0
    FAILED = 1
    INVALID = 2
    OVER_THRESHOLD = 3
    NOTHING_EVALUATED = 5


DECLARED_GAP = "declared gap"
"""Flag of a gap that would stand without its failing tests."""
_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(PolicySeverity)}


def exit_code(
    run: Run,
    *,
    fail_on: FailOn = FailOn.GAP,
    min_severity: PolicySeverity | None = None,
    max_gaps: int = 0,
    allow_partial: bool = False,
    baseline: Snapshot | None = None,
) -> ExitCode:
    """The exit code, the highest precedence first: invalid, partial, nothing evaluated, over the threshold.

    `min_severity` lets milder tested gaps pass; `max_gaps` is how many gaps are tolerated. A waived finding never
    counts. Where every input was a template only what tests say counts: a pull request renews no certificate.
    With a `baseline` only gaps count that it does not have, or that some new failure makes worse.
    """
    if has_errors(run.diagnostics):
        return ExitCode.INVALID
    if run.population.partial and not allow_partial:
        return ExitCode.FAILED
    if run.pairs_decided == 0:
        return ExitCode.NOTHING_EVALUATED
    if fail_on is FailOn.NONE:
        return ExitCode.FINE
    gaps = count_gaps(run, min_severity, baseline)
    if gaps > max_gaps:
        return ExitCode.OVER_THRESHOLD
    if fail_on is FailOn.AT_RISK and any(_at_risk(result, run) for result in run.results):
        return ExitCode.OVER_THRESHOLD
    if fail_on is FailOn.INCOMPLETE and _incomplete(run):
        return ExitCode.OVER_THRESHOLD
    return ExitCode.FINE


def count_gaps(run: Run, min_severity: PolicySeverity | None = None, baseline: Snapshot | None = None) -> int:
    """Gaps that count: controls, or non-compliant pairs where the run has no controls.

    With a `baseline` the run has to hold all of its findings: one that it did not keep is not seen to be new.
    """
    known = known_gaps(run, baseline) if baseline is not None else frozenset()
    if run.results:
        return sum(
            _is_gap(result, run, min_severity) and result.control.id not in known for result in run.results
        )
    if baseline is not None:
        failures = new_failures(baseline, snapshot(run))
        return sum(_severe(failure.severity, min_severity) for failure in failures)
    if min_severity is None:
        return run.pair_counts.get(Pair.NON_COMPLIANT, 0)
    return sum(count for severity, count in run.failing.items() if _severe(severity, min_severity))


def _is_gap(result: ControlResult, run: Run, min_severity: PolicySeverity | None) -> bool:
    if result.state is not ControlState.GAP:
        return False
    if result.tested is Tested.FAIL and _severe(result.severity, min_severity):
        return True
    if run.template_only:
        return False
    return result.declared_gap or result.attested is Attested.FAIL or DECLARED_GAP in result.flags


def _at_risk(result: ControlResult, run: Run) -> bool:
    return result.state is ControlState.AT_RISK and not result.waived_only and not run.template_only


def _incomplete(run: Run) -> bool:
    if not run.results:
        return lacks_definitions(run) or any(run.pair_counts.get(pair, 0) for pair in UNDECIDED)
    return any(
        result.state is ControlState.INCOMPLETE and (result.from_tests or not run.template_only)
        for result in run.results
    )


def _severe(severity: PolicySeverity | None, least: PolicySeverity | None) -> bool:
    """A failure whose severity is not known always counts."""
    return least is None or severity is None or _SEVERITY_RANK[severity] <= _SEVERITY_RANK[least]
