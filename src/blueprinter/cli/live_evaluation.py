"""`evaluate` over Azure's own policy states: from the arguments to a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.azure import ArmClient, AzureError
from blueprinter.blueprint import Assignment, Registers, ResolvedBlueprint
from blueprinter.casing import fold, same
from blueprinter.cli.excluding import named, present
from blueprinter.compliance import (
    SETTLED,
    Agreement,
    Asked,
    EvaluateOptions,
    ExemptionsInAzure,
    Finding,
    LiveEstate,
    LiveSource,
    PolicyInsights,
    Recorder,
    ResourceGraph,
    Run,
    Scopes,
    Standing,
    StateReader,
    evaluate,
    read_exemptions,
    read_gone,
    read_scopes,
    read_standing,
    subscriptions_of_group,
    trigger,
    with_details,
)
from blueprinter.deploy import Environment
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import Json
from blueprinter.policy import AssignedPolicy
from blueprinter.table import Table
from blueprinter.text import plural

MAX_AGE_DAYS = 3
"""How old a policy state may be: Azure evaluates once a day."""
_PROVIDER = "/providers/Microsoft.PolicyInsights"
_PROVIDERS_VERSION = "2021-04-01"
_STATES = "/microsoft.policyinsights/policystates/"
_PERMISSIONS = (
    "the identity needs Microsoft.PolicyInsights/policyStates/queryResults/read and "
    "Microsoft.PolicyInsights/policyStates/queryResults/action (both: sources disagree which is checked), and for "
    "--trigger Microsoft.PolicyInsights/policyStates/triggerEvaluation/action; for `--source resource-graph` Reader is "
    "enough"
)
_GROUPS = "/providers/Microsoft.Management/managementGroups/"


class SourceRow(Struct, frozen=True):
    """A place that policy states can be asked of."""

    name: str
    open: Callable[[ArmClient], StateReader]


SOURCES: Table[SourceRow] = Table(
    (SourceRow("resource-graph", ResourceGraph), SourceRow("policy-insights", PolicyInsights))
)


class Live(Struct, frozen=True):
    """What is asked of Azure, and how."""

    source: str = "resource-graph"
    subscriptions: tuple[str, ...] = ()
    """Ids with or without `/subscriptions/`; none = those of the assignment."""
    management_group: str = ""
    """Name or id: all subscriptions in it."""
    resource_group: str = ""
    """Name: only resources in it; one subscription must be meant."""
    trigger: bool = False
    timeout: float = 3600.0
    """Seconds to wait for an evaluation."""
    settled: timedelta = SETTLED
    """How long after its last change an assignment is known to every evaluation."""
    sleep: Callable[[float], None] = time.sleep
    environment: Environment = field(default_factory=Environment)
    """Whose excluded scopes are left alone."""
    details: int = 0
    """Of so many resources with findings Azure is asked for reasons, the worst first."""
    tell: Callable[[str], None] = field(default=lambda _: None)
    """Takes a line of progress for people."""


class Judged(Struct, frozen=True):
    """What is judged, and by what."""

    resolved: ResolvedBlueprint
    assignment: Assignment | None
    """None where subscriptions are named."""
    registers: Registers
    options: EvaluateOptions
    cloud: str = "AzureCloud"
    in_force: Callable[[Sequence[AssignedPolicy]], None] = field(default=lambda _: None)
    """Told of the policies as they are in force in Azure."""
    scopes: Scopes | None = None
    """Where they were read already; so the assignments."""
    assignments: Mapping[str, Mapping[str, Json]] | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    """Folded name of a definition -> the name that it kept in Azure when it was adopted."""


def evaluate_live(
    judged: Judged,
    live: Live,
    arm: ArmClient,
    clock: Callable[[], datetime],
    recorder: Recorder | None = None,
    *,
    row_by_row: bool = False,
    observe: Callable[[Finding], None] | None = None,
) -> Run:
    """A run over policy states. Raises `InvalidInput` for scopes that are none, `AzureError` for what Azure refuses.

    `clock` is read after an evaluation was waited for: states are asked for up to then.
    """
    try:
        return _evaluate(judged, live, arm, clock, recorder, row_by_row=row_by_row, observe=observe)
    except AzureError as refused:
        if refused.forbidden and _STATES in fold(refused.path):
            refused.hint = _PERMISSIONS
        raise


def _evaluate(
    judged: Judged,
    live: Live,
    arm: ArmClient,
    clock: Callable[[], datetime],
    recorder: Recorder | None,
    *,
    row_by_row: bool,
    observe: Callable[[Finding], None] | None,
) -> Run:
    row = SOURCES.get(live.source)
    if row is None:
        raise InvalidInput(
            [
                error(
                    "BP279", f"`{live.source}` is no source", Position(""), SOURCES.suggest(live.source) or ""
                )
            ]
        )
    scopes = judged.scopes or read_scopes(arm, expected_subscriptions(live, judged.assignment, arm))
    resource_group = _resource_group(live, scopes)
    options = judged.options
    meant = {fold(one) for one in scopes.expected}
    ours = [one for one in judged.resolved.policies if _lies_in(one, meant)]
    standing = read_standing(arm, scopes.readable, ours, judged.kept, assignments=judged.assignments)
    judged.in_force(standing.policies)
    until, triggered = options.now, None
    if live.trigger:
        trigger(
            arm,
            (resource_group,) if resource_group else scopes.readable,
            now=until,
            changed=standing.changed,
            tell=live.tell,
            settled=live.settled,
            timeout=live.timeout,
            sleep=live.sleep,
        )
        triggered, until = until, _whole_second(clock())
        options = replace(options, now=until)
    since = until - timedelta(days=options.max_age_days)
    reader = row.open(arm)
    asked = Asked(scopes.readable, since, until, _assignments(standing), resource_group)
    gone = cache(lambda: read_gone(arm, asked))
    source = LiveSource(
        reader,
        asked,
        standing,
        expected=scopes.expected,
        registered=lambda subscription: _is_registered(arm, subscription),
        exemptions=_once(lambda: read_exemptions(arm, scopes.readable)),
        gone=gone,
        row_by_row=row_by_row,
        triggered=triggered,
    )
    estate = LiveEstate(
        arm,
        scopes,
        now=until,
        source=reader.name,
        cloud=judged.cloud,
        resource_group=resource_group,
        judged=source.judged,
        gone=gone,
    )
    run = evaluate(
        judged.resolved,
        source,
        estate,
        judged.registers,
        options,
        policies=standing.policies,
        observe=observe,
        recorder=recorder,
    )
    return _with_reasons(run, arm, asked, live) if live.details else run


def _with_reasons(run: Run, arm: ArmClient, asked: Asked, live: Live) -> Run:
    """The run with reasons for the findings that it shows first."""
    found = with_details(arm, asked, run.findings, live.details)
    if found.left:
        some = f"of {plural(found.asked, 'resource')}, the worst first"
        live.tell(f"reasons: asked for {some}; {plural(found.left, 'finding')} without (see --details)")
    return replace(run, findings=found.findings)


def _whole_second(moment: datetime) -> datetime:
    """The second that ends next: queries name whole seconds, and what was found in this one belongs to the run."""
    return moment.replace(microsecond=0) + timedelta(seconds=1) if moment.microsecond else moment


def expected_subscriptions(live: Live, assignment: Assignment | None, arm: ArmClient) -> tuple[str, ...]:
    """The subscriptions that belong to the run: those named, else those of the assignment. Raises `InvalidInput`."""
    if live.subscriptions:
        ids = (one.strip("/").rpartition("/")[2] for one in live.subscriptions)
        return named((f"/subscriptions/{id}" for id in ids), live.environment, arm)
    scopes = (
        (live.management_group,) if live.management_group else scopes_of(assignment) if assignment else ()
    )
    listed = [one for one in scopes if fold(one).startswith("/subscriptions/")]
    found = [*named(listed, live.environment, arm)]
    for scope in scopes:
        if scope not in listed:
            group = f"{_GROUPS}{scope.rstrip('/').rpartition('/')[2]}"
            found += present(subscriptions_of_group(arm, group), group, live.environment, arm)
    if not found:
        hint = "name subscriptions in the assignment, or with --subscription or -m"
        raise InvalidInput(
            [
                error(
                    "BP279",
                    "no subscription is meant",
                    Position(assignment.document.file if assignment else ""),
                    hint,
                )
            ]
        )
    return tuple(dict.fromkeys(found))


def scopes_of(assignment: Assignment) -> tuple[str, ...]:
    """Where an assignment puts its blueprint: subscriptions, or the management group as a whole."""
    if assignment.scopes:
        return assignment.scopes
    return (assignment.management_group,) if assignment.management_group else ()


def _lies_in(policy: AssignedPolicy, subscriptions: Collection[str]) -> bool:
    """Whether a policy acts in any of these subscriptions (folded); one of a management group does."""
    parts = fold(policy.scope).split("/")
    return parts[1:2] != ["subscriptions"] or "/".join(parts[:3]) in subscriptions


def _resource_group(live: Live, scopes: Scopes) -> str:
    if not live.resource_group:
        return ""
    if len(scopes.expected) != 1:
        hint = "name the subscription: `--subscription ID`"
        message = f"a resource group lies in one subscription, here are {len(scopes.expected)}"
        raise InvalidInput([error("BP279", message, Position(""), hint)])
    return f"{scopes.expected[0]}/resourceGroups/{live.resource_group}"


def _assignments(standing: Standing) -> tuple[str, ...]:
    return tuple(sorted({fold(one.assignment_id.rstrip("/")) for one in standing.policies}))


def _is_registered(arm: ArmClient, subscription: str) -> bool:
    found = arm.find(f"{subscription}{_PROVIDER}", _PROVIDERS_VERSION)
    state = found.get("registrationState") if isinstance(found, dict) else None
    return isinstance(state, str) and same(state, "Registered")


def _once(read: Callable[[], ExemptionsInAzure]) -> Callable[[], ExemptionsInAzure]:
    """Asked for only where a state is exempt, and then once."""
    return cache(read)


def agreement_lines(found: Agreement) -> Iterator[str]:
    """What came of comparing our engine with Azure's states, for people."""
    percent = "" if found.rate.percent is None else f" ({found.rate.percent} %)"
    yield f"agreement with policy states: {found.agreed:,} of {found.decided:,}{percent}"
    for reason, count in found.named.items():
        yield f"  not compared: {count:,} {reason}"
    for one in found.disagreements:
        yield f"  {one.policy}: {one.offline or 'no state'} offline, {one.live or 'no state'} live: {one.resource}"
