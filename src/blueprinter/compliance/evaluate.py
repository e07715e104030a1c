"""One evaluation: states stream in, pairs are counted, controls are judged, and a run comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Protocol, runtime_checkable

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter import __version__
from blueprinter.blueprint import Control, Framework, Registers, ResolvedBlueprint
from blueprinter.casing import fold, same
from blueprinter.compliance.assess import DECIDED, UNDECIDED
from blueprinter.compliance.attested import attested_part
from blueprinter.compliance.books import Books
from blueprinter.compliance.declarations import declarations
from blueprinter.compliance.estate import Estate
from blueprinter.compliance.exemptions import Exemptions
from blueprinter.compliance.figures import figures
from blueprinter.compliance.findings import SHOWN, Findings
from blueprinter.compliance.headline import FailingTest, headline, unread
from blueprinter.compliance.inherited import inherited_part
from blueprinter.compliance.judge import Reach, judge
from blueprinter.compliance.ledger import Ledger, Weights
from blueprinter.compliance.linked import LinkedTests
from blueprinter.compliance.manifest import in_utc, stamp
from blueprinter.compliance.model import (
    ControlResult,
    Finding,
    Fraction,
    LinkOutcome,
    LinkResult,
    Pair,
    Population,
    Recorder,
    Run,
    StateSource,
)
from blueprinter.compliance.outcomes import LIVE_ONLY, Outcomes, Silence
from blueprinter.compliance.pack import pack_sha256
from blueprinter.compliance.scope import type_key
from blueprinter.diagnostics import in_order
from blueprinter.policy import AssignedPolicy, PolicySeverity, effect_of
from blueprinter.text import plural


@runtime_checkable
class Tallying(Protocol):
    """A source that may enter all of its states at once."""

    def tally(self, books: Books, recorder: Recorder | None) -> bool:
        """False = it cannot, and nothing was entered."""
        ...


@runtime_checkable
class Silent(Protocol):
    """A source that has no state of a pair that complies by not being there, and knows what else that can mean."""

    def silences(self) -> Sequence[Silence]:
        """The policies whose silence is no verdict; asked for once the states are read."""
        ...


class EvaluateOptions(Struct, frozen=True):
    """What the caller decides; nothing here is read from the surroundings."""

    now: datetime
    warn_days: int = 30
    """How long before its end an exemption, attestation or certificate counts as ending."""
    max_age_days: int = 30
    allow_partial: bool = False
    strict_aliases: bool = False
    max_findings: int = 1000
    live: bool = False
    template_only: bool = False
    assignment: str = ""
    """Name of the blueprint's assignment, empty without one."""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    """Live: artifact -> empty when it is deployed with our mark and unchanged, else what is wrong with it."""


def evaluate(
    resolved: ResolvedBlueprint | None,
    source: StateSource,
    estate: Estate,
    registers: Registers,
    options: EvaluateOptions,
    *,
    policies: Sequence[AssignedPolicy] | None = None,
    observe: Callable[[Finding], None] | None = None,
    recorder: Recorder | None = None,
) -> Run:
    """Judges a population by policy states and registers.

    Without `resolved` there are no control results, only pairs and findings. `policies` are those that the source
    evaluates, where they are not the blueprint's own. `observe` is told of every policy state as it is judged, the
    good ones too; a `recorder` writes them down as they are found. Raises `InvalidInput` only as the
    source and the estate do.
    """
    if policies is None:
        policies = resolved.policies if resolved is not None else ()
    framework = resolved.framework if resolved is not None else None
    tests = LinkedTests(resolved.links if resolved is not None else (), policies, framework)
    today = in_utc(options.now).date()
    weights = Weights()
    exemptions = Exemptions(
        registers.exemptions,
        tests,
        assignment=options.assignment,
        own_assignments={fold(policy.assignment_id.rstrip("/")) for policy in policies},
        today=today,
        warn_days=options.warn_days,
        weights=weights,
    )
    findings = Findings(options.max_findings, tuple(framework.controls) if framework else ())
    books = Books(tests, exemptions, Ledger(weights), findings, linked_only=framework is not None)
    if observe is not None or not (isinstance(source, Tallying) and source.tally(books, recorder)):
        _read(source, books, observe, recorder)
    ledger = books.ledger
    ledger.settle()
    population = estate.population()
    touched = frozenset(map(type_key, books.touched))
    untested = tuple(spelled for spelled in population.types if type_key(spelled) not in touched)
    population = replace(population, untested_types=untested)
    outcomes = Outcomes(
        tests,
        ledger,
        resolved.absent if resolved is not None else {},
        live=options.live,
        artifacts=options.artifacts,
        hole=_hole(population, options),
        silences=source.silences() if isinstance(source, Silent) else (),
    )
    results: tuple[ControlResult, ...] = ()
    if framework is not None:
        judging = _Judging(
            tests,
            ledger,
            outcomes,
            registers,
            framework.id,
            tuple(scope.scope for scope in population.scopes),
            estate.services(),
            exemptions.needless_tests(),
            today,
            options.warn_days,
        )
        results = tuple(judging.result(control) for control in framework.controls.values())
    counted = figures(
        results, framework.counted if framework else (), has_score=framework.has_score if framework else False
    )
    pairs = ledger.counts()
    blueprint = resolved.blueprint if resolved is not None else None
    declared = declarations(
        registers,
        framework,
        tests,
        services=estate.services(),
        today=today,
        warn_days=options.warn_days,
    )
    run = Run(
        run_id=_run_id(population, resolved, results, pairs, options),
        tool_version=__version__,
        now=options.now,
        blueprint=blueprint.name if blueprint else "",
        blueprint_version=blueprint.version if blueprint else "",
        blueprint_title=blueprint.display_name if blueprint else "",
        assignment=options.assignment,
        framework=framework,
        population=population,
        results=results,
        state_counts=counted.states,
        coverage=counted.coverage,
        score=counted.score,
        score_shown=counted.score_shown,
        resource_score=_resource_score(ledger, tests.direct if results else frozenset(ledger.tests())),
        pair_counts=pairs,
        findings=findings.worst(),
        findings_total=findings.total,
        exemptions=exemptions.uses(),
        policies_evaluated=_policies_evaluated(policies, ledger, tests),
        pairs_decided=sum(pairs[pair] for pair in DECIDED),
        unmapped_policies=_unmapped(resolved, policies, tests),
        not_run_live_only=_not_run(results),
        template_only=options.template_only,
        diagnostics=in_order(
            [
                *estate.diagnostics(),
                *(resolved.diagnostics if resolved is not None else ()),
                *registers.diagnostics,
            ]
        ),
        pack_sha256=pack_sha256(resolved, policies),
        warn_days=options.warn_days,
        attestations=declared.attestations,
        certificates=declared.certificates,
        statement=declared.statement,
        cloud=min((cloud for cloud, _ in estate.services() if cloud), default="AzureCloud"),
        related=_related(resolved),
    )
    failing = _failing(ledger, tests)
    return replace(
        run,
        headline=headline(run, failing, allow_partial=options.allow_partial),
        failing=_by_severity(ledger, tests, policies),
    )


# --- reading the states ---------------------------------------------------------------------------------------------


def _read(
    source: StateSource,
    books: Books,
    observe: Callable[[Finding], None] | None,
    recorder: Recorder | None,
) -> None:
    """Every state into the books, one by one."""
    for state in source.states(""):
        finding = books.enter(state, wanted=observe is not None or recorder is not None)
        if finding is None:
            continue
        if observe is not None:
            observe(finding)
        if recorder is not None and (record := recorder.line(finding)):
            recorder.write(record)


def _hole(population: Population, options: EvaluateOptions) -> str:
    """Why nothing can pass on this population, or empty."""
    if population.stale:
        return f"stale: collected more than {plural(options.max_age_days, 'day')} before this run"
    if population.partial and not options.allow_partial:
        return f"population: {' and '.join(unread(population)) or 'some rows'} could not be read"
    return ""


# --- judging the controls -------------------------------------------------------------------------------------------


class _Judging(Struct, frozen=True):
    """What every control is judged with."""

    tests: LinkedTests
    ledger: Ledger
    outcomes: Outcomes
    registers: Registers
    framework: str
    scopes: tuple[str, ...]
    services: tuple[tuple[str, str], ...]
    needless: frozenset[str]
    today: date
    warn_days: int

    def result(self, control: Control) -> ControlResult:
        links = [self.outcomes.of(link) for link in self.tests.links_of(control.id)]
        tests = self.tests.definitions_of(control.id)
        manual = {test for test in tests if self.outcomes.is_manual(test)}
        registers = self.registers
        soa = registers.soa.get(control.id)
        if registers.soa_framework and not same(registers.soa_framework, self.framework):
            soa = None
        return judge(
            control,
            links,
            attested=attested_part(
                registers.attestations,
                control=control.id,
                framework=self.framework,
                manual_tests=manual,
                other_tests=tests - manual,
                canonical=self.tests.canonical,
                scopes=self.scopes,
                today=self.today,
                warn_days=self.warn_days,
            ),
            inherited=inherited_part(
                registers.inherited,
                control=control.id,
                framework=self.framework,
                services=self.services,
                today=self.today,
                warn_days=self.warn_days,
            ),
            soa=soa,
            today=self.today,
            reach=self._reach(links),
            flags=self._flags(links),
        )

    def _reach(self, links: Iterable[LinkResult]) -> Reach:
        decided: set[int] = set()
        failing: set[int] = set()
        applicable: set[int] = set()
        for test in self._direct(links):
            account = self.ledger.account(test)
            decided |= account.resources(*DECIDED)
            failing |= account.resources(Pair.NON_COMPLIANT)
            applicable |= account.resources(*UNDECIDED)
        total = self.ledger.weights.total
        return Reach(total(decided), total(applicable | decided), total(failing))

    def _direct(self, links: Iterable[LinkResult]) -> list[str]:
        """The tests of the direct links that ran, each once."""
        return list(
            dict.fromkeys(
                test
                for link in links
                if link.link.strength.direct and link.outcome is not LinkOutcome.NOT_RUN
                for test in self.tests.tests_of_link(link.link)
            )
        )

    def _flags(self, links: Iterable[LinkResult]) -> list[str]:
        accounts = [self.ledger.account(test) for test in self._direct(links)]
        flags = []
        if any(account.expired_exemption for account in accounts):
            flags.append("expired exemption")
        if self.needless.intersection(self._direct(links)):
            flags.append("needless exemption")
        if any(account.guessed for account in accounts):
            flags.append("guessed aliases")
        return flags


# --- numbers of the whole run ---------------------------------------------------------------------------------------


def _resource_score(ledger: Ledger, direct: Iterable[str]) -> Fraction:
    """Distinct resources without any finding, of those that a direct test decided."""
    decided: set[int] = set()
    for test in direct:
        decided |= ledger.account(test).resources(*DECIDED)
    found: set[int] = set()
    for test in ledger.tests():
        found |= ledger.account(test).resources(*SHOWN)
    total = ledger.weights.total
    return Fraction(total(decided - found), total(decided))


def _failing(ledger: Ledger, tests: LinkedTests) -> list[FailingTest]:
    """Every test that some resource fails, counted over all resources."""
    found = []
    for test in ledger.tests():
        account = ledger.account(test)
        resources = account.counts().get(Pair.NON_COMPLIANT, 0)
        if resources and (definition := account.definition) is not None:
            name = definition.display_name or definition.name
            found.append(FailingTest(name, definition.severity, tests.direct_controls_of(test), resources))
    return found


def _by_severity(
    ledger: Ledger, tests: LinkedTests, policies: Sequence[AssignedPolicy]
) -> dict[PolicySeverity, int]:
    """Non-compliant pairs by severity: the worst of those that the policies of a test have."""
    order = list(PolicySeverity)
    worst: dict[str, PolicySeverity] = {}
    for policy in policies:
        test, severity = tests.test_of(policy), policy.definition.severity
        worst[test] = min(worst.get(test, severity), severity, key=order.index)
    found: dict[PolicySeverity, int] = {}
    for test in ledger.tests():
        account = ledger.account(test)
        failing = account.counts().get(Pair.NON_COMPLIANT, 0)
        if failing and account.definition is not None:
            severity = worst.get(test, account.definition.severity)
            found[severity] = found.get(severity, 0) + failing
    return found


def _policies_evaluated(policies: Sequence[AssignedPolicy], ledger: Ledger, tests: LinkedTests) -> int:
    """Distinct tests in force; where the caller names no policies, those that gave a state."""
    in_force = {tests.test_of(policy) for policy in policies if not same(effect_of(policy) or "", "disabled")}
    return len(in_force.union(ledger.tests()))


def _unmapped(
    resolved: ResolvedBlueprint | None, policies: Sequence[AssignedPolicy], tests: LinkedTests
) -> tuple[str, ...]:
    """Display names of what is assigned and speaks to no control."""
    if resolved is None:
        return ()
    names = {tests.test_of(policy): policy.definition.display_name for policy in reversed(policies)}
    keys = {tests.canonical(key) for key in resolved.unmapped}.union(names)
    return tuple(sorted((names.get(key) or key for key in keys if not tests.is_linked(key)), key=fold))


def _related(resolved: ResolvedBlueprint | None) -> tuple[Framework, ...]:
    """Frameworks that a mapping leads to or comes from."""
    if resolved is None or resolved.framework is None:
        return ()
    own = resolved.framework
    targets = {fold(row.framework) for row in own.mappings}
    return tuple(
        other
        for _, other in sorted(resolved.blueprint.frameworks.items())
        if other.id != own.id
        and (fold(other.id) in targets or any(same(row.framework, own.id) for row in other.mappings))
    )


def _not_run(results: Iterable[ControlResult]) -> int:
    """Distinct tests that only a live run can answer."""
    return len(
        {
            (link.link.target, link.link.test, link.link.reference)
            for result in results
            for link in result.links
            if link.outcome is LinkOutcome.NOT_RUN and link.reason == LIVE_ONLY
        }
    )


def _run_id(
    population: Population,
    resolved: ResolvedBlueprint | None,
    results: Iterable[ControlResult],
    pairs: Mapping[Pair, int],
    options: EvaluateOptions,
) -> str:
    """The time of the run, and a hash of what went into it and what came out: registers and policies tell two runs
    of one population apart by their results."""
    blueprint = resolved.blueprint if resolved is not None else None
    parts = [
        population.sha256,
        blueprint.name if blueprint else "",
        blueprint.version if blueprint else "",
        options.assignment,
        stamp(options.now),
        *(f"{result.control.id} {result.state}" for result in results),
        *(f"{pair} {count}" for pair, count in pairs.items()),
    ]
    digest = sha256("\n".join(parts).encode()).hexdigest()
    return f"{in_utc(options.now):%Y%m%dT%H%M%SZ}-{digest[:12]}"
