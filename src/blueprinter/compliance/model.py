"""The nouns of an evaluation: pairs, link outcomes, control results, the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from msgspec import Struct, field

from blueprinter.blueprint import (
    Attestation,
    Control,
    Exemption,
    Framework,
    InheritedEvidence,
    Link,
    SoaEntry,
)
from blueprinter.diagnostics import Diagnostic
from blueprinter.policy import PolicySeverity, PolicyState


class StateSource(Protocol):
    """Where policy states come from: the offline engine, Resource Graph, Policy Insights, the sandbox."""

    def states(self, scope: str) -> Iterator[PolicyState]:
        """The policy states at and below a scope (full ARM id; empty = everything the source holds)."""
        ...


Form: TypeAlias = "tuple[bytes, bytes, bytes, bytes]"
"""A record with three blanks, the parts around them: the resource's id and type as JSON, and its line."""


class Recorder(Protocol):
    """Writes policy states as they are found."""

    def line(self, finding: Finding) -> bytes:
        """One state as a record, with its line feed; empty when such states are not written."""
        ...

    def form(self, finding: Finding) -> Form | None:
        """The record of a state for every resource of an inventory about which the same is to be said."""
        ...

    def write(self, records: bytes) -> None: ...

    def restart(self) -> bool:
        """Forgets everything that was written; False = that cannot be done."""
        ...


class Pair(StrEnum):
    """A test on a resource, after exemptions."""

    COMPLIANT = "compliant"
    PROTECTED = "protected"
    NON_COMPLIANT = "non-compliant"
    WAIVED = "waived"
    MITIGATED = "mitigated"
    CONFLICT = "conflict"
    ERROR = "error"
    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"
    NOT_APPLICABLE = "not-applicable"


class LinkOutcome(StrEnum):
    """What a link gives, first match in this order."""

    NOT_RUN = "not-run"
    FAIL = "fail"
    OFF = "off"
    BLOCKED = "blocked"
    WAIVED = "waived"
    PASS = "pass"
    COMPENSATED = "compensated"
    EMPTY = "empty"


class Tested(StrEnum):
    """T, the tested part of a control."""

    NONE = "none"
    FAIL = "fail"
    UNDECIDED = "undecided"
    WAIVED = "waived"
    PASS = "pass"
    SUPPORT = "support"
    EMPTY = "empty"


class Attested(StrEnum):
    """A, the attested part."""

    FAIL = "fail"
    LAPSED = "lapsed"
    ENDING = "ending"
    PASS = "pass"
    NONE = "none"


class Inherited(StrEnum):
    """H, the inherited part."""

    LAPSED = "lapsed"
    ENDING = "ending"
    PASS = "pass"
    NONE = "none"


class ControlState(StrEnum):
    """The nine states of a control, in the order in which reports list them."""

    GAP = "gap"
    AT_RISK = "at-risk"
    INCOMPLETE = "incomplete"
    SATISFIED = "satisfied"
    ATTESTED = "attested"
    INHERITED = "inherited"
    NO_RESOURCES = "no-resources"
    NOT_AUTOMATED = "not-automated"
    EXCLUDED = "excluded"


class LinkResult(Struct, frozen=True):
    """One link and what it gave."""

    link: Link
    outcome: LinkOutcome
    severity: PolicySeverity
    display_name: str
    counts: Mapping[Pair, int]
    """Pairs of this test by state; worst state where several assignments test the same resource."""
    reason: str = ""
    """Why it is blocked, off or not run: `1 of 1,000 undecided: runtime-value`, `switched off`, `stale`, …"""
    not_enforced: bool = False
    """Some assignment has enforcementMode DoNotEnforce."""


class ControlResult(Struct, frozen=True):
    """What is known of one control."""

    control: Control
    state: ControlState
    tested: Tested
    attested: Attested
    inherited: Inherited
    severity: PolicySeverity | None = None
    """Worst failing direct link; None when no test failed."""
    declared_gap: bool = False
    """The gap is declared (attestation NonCompliant, SoA not-implemented or overdue), no test failed."""
    signal: bool = False
    """An indicative link fails or is waived."""
    reasons: tuple[str, ...] = ()
    """Why this state, most important first; one line each, for people."""
    flags: tuple[str, ...] = ()
    """`mismatch`, `expired exemption`, `needless exemption`, `not enforced`, `guessed aliases`, …"""
    links: tuple[LinkResult, ...] = ()
    judged: int = 0
    """Distinct resources decided by a direct link of this control."""
    applicable: int = 0
    """Distinct resources to which a direct link applies, decided or not."""
    failing: int = 0
    """Distinct resources failing a direct link."""
    waived_only: bool = False
    """at-risk for no other reason than an in-date waiver: never counts for the exit code."""
    from_tests: bool = False
    """The state rests on T alone (what `--template` runs count)."""


class ResourceFacts(Struct, frozen=True):
    """What a report says of a failing resource beyond its id: whose it is, what it holds, how it can be reached."""

    owner: str = ""
    """From its tags; empty = nobody is named."""
    environment: str = ""
    data_class: str = ""
    location: str = ""
    exposed: bool = False
    """Its own settings state a network path from the Internet."""


class Finding(Struct, frozen=True):
    """A policy state that is non-compliant, error, conflict or unsupported, as shown."""

    state: PolicyState
    pair: Pair
    severity: PolicySeverity
    controls: tuple[str, ...]
    exemption: str = ""
    """Name of the exemption that applies, or of the expired one that no longer does."""
    first_seen: str = ""
    """The day since which saved runs show it without a break (`2026-11-08`); empty = not known."""
    facts: ResourceFacts = ResourceFacts()
    """Of a finding that a run keeps, whose resource has no body: bodies of many resources are large."""


class ExemptionUse(Struct, frozen=True):
    """What became of an exemption in this run: `used`, `needless`, `expired`, `unmatched`, `ending`."""

    exemption: Exemption
    status: str
    resources: int


class ScopeCoverage(Struct, frozen=True):
    """One scope of the population: `read`, or `refused` with the reason."""

    scope: str
    name: str
    status: str
    resources: int
    detail: str = ""


class Population(Struct, frozen=True):
    """What was looked at."""

    source: str
    """`inventory`, `template`, `Azure Policy states`, …"""
    files: tuple[str, ...]
    sha256: str
    """Of the input bytes in reading order."""
    resources: int
    types: Mapping[str, int]
    """Resource type -> count, as spelled first."""
    untested_types: tuple[str, ...]
    """Types in the population that no linked test covers."""
    scopes: tuple[ScopeCoverage, ...]
    has_manifest: bool
    collected_by: str
    started_at: str
    ended_at: str
    unreadable: int
    """Records that could not be read; each is a warning."""
    without_properties: int
    stale: bool
    partial: bool
    """A scope or record could not be read."""


class Fraction(Struct, frozen=True):
    """n of m, always shown as such; percent is floored, never 100 unless all, never 0 unless none, None for 0/0."""

    part: int
    whole: int

    @property
    def percent(self) -> int | None:
        if not self.whole:
            return None
        floored = self.part * 100 // self.whole
        return max(floored, 1) if self.part else 0


class AttestationUse(Struct, frozen=True):
    """What an attestation is worth in this run."""

    attestation: Attestation
    status: Attested
    """By itself: `fail`, `lapsed`, `ending` or `pass`."""
    reason: str
    controls: tuple[str, ...]
    """The controls it speaks to."""
    superseded: bool = False
    """A newer one of the same subject and scope counts instead."""


class CertificateUse(Struct, frozen=True):
    """What an entry of provider evidence is worth in this run."""

    evidence: InheritedEvidence
    status: Inherited
    """The worst over the services in use; `none` = it speaks of another standard."""
    reason: str
    services: Mapping[str, str]
    """Services of the population -> `in`, `out` or `not-stated`."""


class Statement(Struct, frozen=True):
    """The Statement of Applicability as it was at the run."""

    framework: str
    version: str
    entries: Mapping[str, SoaEntry]
    """By control id, in the order of the register."""


class Change(StrEnum):
    """What became of a failure between two runs."""

    NEW = "new"
    REOPENED = "reopened"
    FIXED = "fixed"


class FindingChange(Struct, frozen=True):
    """A failure that one of two runs has and the other has not."""

    change: Change
    test: str
    policy: str
    severity: PolicySeverity
    resource: str
    controls: tuple[str, ...]


class ControlChange(Struct, frozen=True):
    """A control whose state is another."""

    control: str
    before: ControlState
    after: ControlState


class Comparison(Struct, frozen=True):
    """A run against an earlier one."""

    run_id: str
    """The earlier one."""
    now: datetime
    """Its clock."""
    comparable: bool
    """Both judged by the same pack; else differences may come from the policies and not from the estate."""
    why_not: str
    notes: tuple[str, ...]
    """What else differs: scopes, lists that were cut."""
    controls: tuple[ControlChange, ...]
    findings: tuple[FindingChange, ...]
    """New and reopened ones first, worst first."""

    def count(self, change: Change) -> int:
        """How many failures changed so."""
        return sum(found.change is change for found in self.findings)


class TrendPoint(Struct, frozen=True):
    """One saved run in a line of them."""

    run_id: str
    now: datetime
    states: Mapping[ControlState, int]
    coverage: Fraction
    score: Fraction
    failing: int
    """Failures: policies on resources."""
    new: int
    fixed: int
    reopened: int
    mean_age: int
    """Days since the open failures were first seen, on average, rounded down."""
    comparable: bool
    """Judged by the same pack as the point before it."""


class ConformanceFigure(Struct, frozen=True):
    """How many cases of one family the version of the tool passes that made a run."""

    family: str
    about: str
    passed: int
    cases: int


class Run(Struct, frozen=True):
    """One evaluation, whole: the only thing that reports read."""

    run_id: str
    """Derived from the inputs (hashes), never random."""
    tool_version: str
    now: datetime
    blueprint: str
    blueprint_version: str
    blueprint_title: str
    assignment: str
    framework: Framework | None
    population: Population
    results: tuple[ControlResult, ...]
    """Every control and clause of the framework, in its order; empty without a blueprint."""
    state_counts: Mapping[ControlState, int]
    """Over the counted set; adds up to its size."""
    coverage: Fraction
    score: Fraction
    score_shown: bool
    resource_score: Fraction
    """Distinct resources without a finding / distinct resources decided by at least one direct link."""
    pair_counts: Mapping[Pair, int]
    findings: tuple[Finding, ...]
    """Worst first, then by control, policy and resource id."""
    findings_total: int
    exemptions: tuple[ExemptionUse, ...]
    policies_evaluated: int
    pairs_decided: int
    unmapped_policies: tuple[str, ...]
    """Assigned but linked to no control: display names."""
    not_run_live_only: int
    template_only: bool
    """Every input was a template: only reasons from T count for the exit code."""
    diagnostics: tuple[Diagnostic, ...] = ()
    headline: tuple[str, ...] = field(default=())
    """The verdict in plain sentences, most important first."""
    pack_sha256: str = ""
    """Of what the run was judged by: framework, links, definitions and parameters. Empty without a blueprint."""
    warn_days: int = 30
    """How long before its end something counts as ending."""
    attestations: tuple[AttestationUse, ...] = ()
    """Those of this framework, in the order of the register."""
    certificates: tuple[CertificateUse, ...] = ()
    statement: Statement | None = None
    cloud: str = "AzureCloud"
    """The cloud of the resources; the first by name where there are several."""
    related: tuple[Framework, ...] = ()
    """Other editions that the framework is mapped to or from."""
    trend: tuple[TrendPoint, ...] = ()
    """Saved runs of the same blueprint, the oldest first, this one last; empty where nothing was saved."""
    comparison: Comparison | None = None
    """With the run before it, or the one that was asked for."""
    arguments: tuple[str, ...] = ()
    """What stood on the command line and decides the result, `evaluate` included, without clock and outputs; empty
    where the run was not made from a command line."""
    conformance: tuple[ConformanceFigure, ...] = ()
    """Of the version that made the run; empty where it is not known."""
    failing: Mapping[PolicySeverity, int] = field(default_factory=dict)
    """Non-compliant pairs by the severity of their test; empty of a run that was read back."""
