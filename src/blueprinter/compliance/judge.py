"""One control, judged: its state with the reasons and flags that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from blueprinter.blueprint import Control, SoaEntry
from blueprinter.compliance.assess import (
    UNDECIDED,
    Declared,
    Part,
    Verdict,
    control_state,
    declared,
    needs_provider,
    signals,
    tested,
    worst_severity,
)
from blueprinter.compliance.attested import AttestedPart
from blueprinter.compliance.inherited import InheritedPart
from blueprinter.compliance.model import (
    Attested,
    ControlResult,
    ControlState,
    Inherited,
    LinkOutcome,
    LinkResult,
    Pair,
    Tested,
)
from blueprinter.compliance.threshold import DECLARED_GAP
from blueprinter.policy import PolicySeverity
from blueprinter.text import plural

MISMATCH = "mismatch"
_RAN = tuple(outcome for outcome in LinkOutcome if outcome is not LinkOutcome.NOT_RUN)
_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(PolicySeverity)}


class Reach(Struct, frozen=True):
    """Distinct resources behind the direct links of a control."""

    judged: int = 0
    applicable: int = 0
    failing: int = 0


def judge(
    control: Control,
    links: Sequence[LinkResult],
    *,
    attested: AttestedPart,
    inherited: InheritedPart,
    soa: SoaEntry | None,
    today: date,
    reach: Reach,
    flags: Iterable[str] = (),
) -> ControlResult:
    """The result of one control. `flags` are those that its tests brought along (`expired exemption`, …)."""
    if not needs_provider(control.automation, control.responsibility):
        inherited = InheritedPart(Inherited.NONE)
    part = tested(links)
    warning = signals(links)
    standing = declared(soa, today)
    verdict = control_state(
        control.automation,
        control.responsibility,
        tested=part,
        attested=attested.status,
        inherited=inherited.status,
        signal=bool(warning),
        declared=standing,
    )
    case = _Case(control, tuple(links), part, attested, inherited, soa, standing, verdict, warning)
    return ControlResult(
        control=control,
        state=verdict.state,
        tested=part,
        attested=attested.status,
        inherited=inherited.status,
        severity=worst_severity(links),
        declared_gap=verdict.state is ControlState.GAP and part is not Tested.FAIL,
        signal=bool(warning),
        reasons=tuple(dict.fromkeys(_reasons(case))),
        flags=tuple(dict.fromkeys([*_flags(case), *flags])),
        links=tuple(links),
        judged=reach.judged,
        applicable=reach.applicable,
        failing=reach.failing,
        waived_only=_rests_on_waivers(verdict, part, warning),
        from_tests=_rests_on_tests(verdict, part),
    )


class _Case(Struct, frozen=True):
    """Everything that the words about a control are made of."""

    control: Control
    links: tuple[LinkResult, ...]
    tested: Tested
    attested: AttestedPart
    inherited: InheritedPart
    soa: SoaEntry | None
    declared: Declared
    verdict: Verdict
    signals: tuple[LinkResult, ...]

    def direct(self, *outcomes: LinkOutcome) -> list[LinkResult]:
        """Direct links with one of these outcomes, the most severe and most frequent failures first."""
        found = [link for link in self.links if link.link.strength.direct and link.outcome in outcomes]
        return sorted(
            found,
            key=lambda link: (
                _SEVERITY_RANK[link.severity],
                -link.counts.get(Pair.NON_COMPLIANT, 0),
                link.display_name,
                link.link.test,
            ),
        )


def _rests_on_waivers(verdict: Verdict, part: Tested, warning: Sequence[LinkResult]) -> bool:
    """At risk for waivers and nothing else."""
    return (
        verdict.state is ControlState.AT_RISK
        and not verdict.ending
        and all(link.outcome is LinkOutcome.WAIVED for link in warning)
        and (part is Tested.WAIVED or bool(warning))
    )


def _rests_on_tests(verdict: Verdict, part: Tested) -> bool:
    """Whether T by itself gives this state."""
    if verdict.state is ControlState.GAP:
        return part is Tested.FAIL
    if verdict.state is ControlState.INCOMPLETE:
        return part is Tested.UNDECIDED
    if verdict.state is ControlState.AT_RISK:
        return part is Tested.WAIVED
    if verdict.state is ControlState.SATISFIED:
        return verdict.need == frozenset({Part.TESTED})
    return False


# --- reasons --------------------------------------------------------------------------------------------------------


def _reasons(case: _Case) -> list[str]:
    state = case.verdict.state
    lines: list[str] = []
    if state is ControlState.EXCLUDED:
        lines += _exclusion(case)
    elif state is ControlState.GAP:
        lines += _gap(case)
    elif state is ControlState.INCOMPLETE:
        lines += _incomplete(case)
    elif state is ControlState.AT_RISK:
        lines += _at_risk(case)
    elif state is ControlState.NO_RESOURCES:
        lines.append(f"nothing in the population is of a kind that its {_tests(case)} to")
    elif state is ControlState.NOT_AUTOMATED:
        lines.append("no direct test, attestation or inherited evidence speaks for it")
    else:
        lines += _what_speaks_for_it(case)
    if state is not ControlState.AT_RISK:
        lines += [_signal(link) for link in case.signals]
    if not_run := [link for link in case.links if link.outcome is LinkOutcome.NOT_RUN]:
        lines += _not_run(not_run)
    return lines


def _exclusion(case: _Case) -> list[str]:
    lines = [f"excluded: {case.soa.justification}"] if case.soa is not None else []
    outside = sum(
        link.counts.get(Pair.NON_COMPLIANT, 0) + link.counts.get(Pair.WAIVED, 0) for link in case.links
    )
    if outside:
        lines.append(f"{plural(outside, 'finding')} outside the SoA")
    return lines


def _gap(case: _Case) -> list[str]:
    lines = []
    for link in case.direct(LinkOutcome.FAIL):
        count = plural(link.counts.get(Pair.NON_COMPLIANT, 0), "resource")
        lines.append(f"{link.display_name}: fails on {count} ({link.severity})")
    return [*lines, *_declared_failures(case)]


def _declared_failures(case: _Case) -> list[str]:
    lines = []
    if case.attested.status is Attested.FAIL:
        lines.append(case.attested.reason)
    if case.declared is Declared.NOT_IMPLEMENTED:
        lines.append("declared not implemented in the Statement of Applicability")
    if case.declared is Declared.OVERDUE and case.soa is not None:
        lines.append(f"declared planned for {case.soa.by}, which has passed")
    return lines


def _incomplete(case: _Case) -> list[str]:
    """What is undecided first, then what is missing."""
    lines: list[str] = []
    if case.tested is Tested.UNDECIDED:
        by_reason: dict[str, list[LinkResult]] = {}
        for link in case.direct(LinkOutcome.BLOCKED, LinkOutcome.OFF):
            by_reason.setdefault(link.reason, []).append(link)
        for reason, links in by_reason.items():
            more = f" and {plural(len(links) - 1, 'more test')}" if len(links) > 1 else ""
            lines.append(f"{links[0].display_name}{more}: {reason}")
    if Part.ATTESTED in case.verdict.lacking:
        if case.attested.status is Attested.LAPSED:
            lines.append(f"attestation-lapsed: {case.attested.reason}")
        elif case.tested in {Tested.PASS, Tested.SUPPORT}:
            lines.append("tests pass, attestation missing")
        else:
            lines.append("attestation missing")
    if Part.INHERITED in case.verdict.lacking:
        if case.inherited.status is Inherited.LAPSED:
            lines.append(f"evidence-lapsed: {case.inherited.reason}")
        else:
            lines.append("evidence of the provider missing")
    if Part.TESTED in case.verdict.lacking:
        lines.append(
            f"no verdict: its {_tests(case)} to nothing" if case.tested is Tested.EMPTY else "no test"
        )
    if case.declared is Declared.PLANNED:
        lines.append(f"declared planned{_until(case)} in the Statement of Applicability")
    return lines


def _until(case: _Case) -> str:
    return f" for {case.soa.by}" if case.soa is not None and case.soa.by is not None else ""


def _at_risk(case: _Case) -> list[str]:
    lines = []
    for link in case.direct(LinkOutcome.WAIVED):
        lines.append(f"{link.display_name}: waived on {plural(link.counts.get(Pair.WAIVED, 0), 'resource')}")
    if Part.ATTESTED in case.verdict.ending:
        lines.append(case.attested.reason)
    if Part.INHERITED in case.verdict.ending:
        lines.append(case.inherited.reason)
    return [*lines, *(_signal(link) for link in case.signals)]


def _signal(link: LinkResult) -> str:
    failing = link.counts.get(Pair.NON_COMPLIANT, 0)
    if failing:
        return f"signal: {link.display_name} fails on {plural(failing, 'resource')}"
    return f"signal: {link.display_name} is waived on {plural(link.counts.get(Pair.WAIVED, 0), 'resource')}"


def _not_run(links: Sequence[LinkResult]) -> list[str]:
    by_reason: dict[str, int] = {}
    for link in links:
        by_reason[link.reason] = by_reason.get(link.reason, 0) + 1
    return [f"{plural(count, f'{reason} test')} not run" for reason, count in sorted(by_reason.items())]


def _what_speaks_for_it(case: _Case) -> list[str]:
    lines = []
    passing = len(case.direct(LinkOutcome.PASS, LinkOutcome.COMPENSATED))
    empty = len(case.direct(LinkOutcome.EMPTY))
    if passing:
        lines.append(
            f"{plural(passing, 'test passes', 'tests pass')}" + (f", {empty} find nothing" if empty else "")
        )
    if case.attested.status is Attested.PASS and Part.ATTESTED in case.verdict.need:
        lines.append(case.attested.reason)
    if case.inherited.status is Inherited.PASS and Part.INHERITED in case.verdict.need:
        lines.append(case.inherited.reason)
    return lines


def _tests(case: _Case) -> str:
    ran = [
        link for link in case.links if link.link.strength.direct and link.outcome is not LinkOutcome.NOT_RUN
    ]
    return plural(len(ran), "test applies", "tests apply")


# --- flags ----------------------------------------------------------------------------------------------------------


def _flags(case: _Case) -> list[str]:
    flags = []
    promised = case.attested.status in {Attested.PASS, Attested.ENDING}
    implemented = case.soa is not None and case.soa.applicable and case.soa.status == "implemented"
    if (case.tested is Tested.FAIL and (promised or implemented)) or (
        case.attested.status is Attested.FAIL and implemented
    ):
        flags.append(MISMATCH)
    if case.tested is Tested.FAIL and _declared_failures(case):
        flags.append(DECLARED_GAP)
    if case.soa is not None and not case.soa.applicable and not case.soa.excluded:
        flags.append("invalid exclusion")
    if case.attested.status is Attested.LAPSED and Part.ATTESTED not in case.verdict.need:
        flags.append("lapsed attestation")
    if case.inherited.status is Inherited.LAPSED and Part.INHERITED not in case.verdict.need:
        flags.append("lapsed evidence")
    if any(link.not_enforced for link in case.links):
        flags.append("not enforced")
    undecided = [link for link in case.direct(*_RAN) if any(link.counts.get(pair) for pair in UNDECIDED)]
    if undecided and case.tested is Tested.FAIL:
        flags.append("also undecided")
    return flags
