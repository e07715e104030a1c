"""Rings: whether what the ring before shows lets the next one in, and in which ring a scope stands.

Nothing is kept for it: the file says what must hold, the stack's tags say which ring holds which content, Azure says
since when, and saved runs say how it went. Runs count from the last deployment in the ring on, without a break that is
longer than policy states stay fresh; a run that could not look everywhere is no evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from blueprinter.azure import ArmClient
from blueprinter.blueprint import Ring
from blueprinter.casing import fold
from blueprinter.compliance import UNDECIDED, ControlState, LinkOutcome, Run, count_gaps
from blueprinter.deploy.model import API_VERSIONS, DEPLOYMENTS, STACKS, Target
from blueprinter.deploy.reading import deployment_path, stack_path
from blueprinter.deploy.submitting import state_of
from blueprinter.document import Json
from blueprinter.text import plural

LONGEST_BREAK = timedelta(days=3)
"""Between two runs that count as one stretch, and after the last one: what `evaluate` takes as fresh."""
_DAY = timedelta(days=1)
_NAMED = 3


class Standing(Struct, frozen=True):
    """How a scope stands with regard to rings, by what is deployed there."""

    scope: str
    ring: str = ""
    """Of its mark; empty where it has none, or nothing is there."""
    content: str = ""
    """Hash of the blueprint that was put there last."""
    since: datetime | None = None
    """When that was."""
    done: bool = False
    """Whether it was deployed to its end."""


class Sight(Struct, frozen=True):
    """What a gate sees in one run."""

    run_id: str
    now: datetime
    gaps: int
    doubt: str = ""
    """Why the run is no evidence that all is well; empty = it is."""


class Gate(Struct, frozen=True):
    """What was found before a ring."""

    ring: str
    before: str
    """The ring that was looked at; empty where none has to be."""
    holds: bool
    reasons: tuple[str, ...] = ()
    """Why it holds, or why it does not: in sentences."""
    hint: str = ""
    """What would change that."""


def standing(arm: ArmClient, target: Target) -> Standing:
    """How the scope of a target stands: by its stack, else by its plain deployment. Raises `AzureError`."""
    deployed = arm.find(stack_path(target.main), API_VERSIONS[STACKS])
    if deployed is None:
        deployed = arm.find(deployment_path(target.main), API_VERSIONS[DEPLOYMENTS])
    return standing_of(target.scope, deployed)


def standing_of(scope: str, deployed: Json) -> Standing:
    """How a scope stands, from its stack or deployment as Azure gives it."""
    body = deployed if isinstance(deployed, dict) else {}
    tags = body.get("tags")
    held = tags if isinstance(tags, dict) else {}
    ring, content = str(held.get("blueprintRing", "")), str(held.get("blueprintContent", ""))
    return Standing(scope, ring, content, _when(body), state_of(body) == "succeeded")


def has_entered(standing: Standing, ring: Ring, rings: Sequence[Ring], content: str) -> bool:
    """Whether a content was put on a scope in a ring, or in one after it, to its end or not: the ring was let in then,
    and a run that was cut off goes on there."""
    names = [fold(one.name) for one in rings]
    held = fold(standing.ring)
    return standing.content == content and held in names and names.index(held) >= names.index(fold(ring.name))


def sight_of(run: Run, scopes: Iterable[str]) -> Sight | None:
    """What a run says of a ring; None where it does not look at all of the ring's subscriptions."""
    looked = {fold(one.scope): one for one in run.population.scopes}
    wanted = [looked.get(fold(scope)) for scope in scopes]
    found = [one for one in wanted if one is not None]
    if run.template_only or len(found) < len(wanted):
        return None
    return Sight(
        run.run_id, run.now.astimezone(UTC), count_gaps(run), _doubt(run, sum(one.resources for one in found))
    )


def judge_gate(
    ring: Ring,
    before: Ring,
    standings: Sequence[Standing],
    content: str,
    rings: Sequence[Ring],
    sights: Sequence[Sight],
    now: datetime,
) -> Gate:
    """Whether a ring may be entered. `standings`: of the ring before; `sights`: of its runs, in any order."""
    outside = [one.scope for one in standings if not (one.done and has_entered(one, before, rings, content))]
    if outside:
        shown = ", ".join(outside[:_NAMED]) + (" and others" if len(outside) > _NAMED else "")
        reason = f"{shown} {'do' if len(outside) > 1 else 'does'} not hold this content in the ring `{before.name}`"
        return Gate(
            ring.name, before.name, False, (reason,), f"assign it there first: `--ring {before.name}`"
        )
    since = max((one.since for one in standings if one.since is not None), default=None)
    if since is None:
        reason = f"Azure does not say when the ring `{before.name}` was deployed"
        return Gate(ring.name, before.name, False, (reason,), "assign it there again")
    counted = sorted(
        (one for one in sights if since <= one.now <= now), key=lambda one: one.now, reverse=True
    )
    return _judged(ring, before, since, counted, now)


def _judged(ring: Ring, before: Ring, since: datetime, newest_first: Sequence[Sight], now: datetime) -> Gate:
    """Walks back from now while runs are good enough, and says what ended that."""
    most, days = ring.max_gaps or 0, ring.days * _DAY
    hint = "`blueprinter evaluate -a ASSIGNMENT --save`, every day"
    if not newest_first:
        reason = f"no saved run looks at all of the ring `{before.name}` since it was deployed, {_day(since)}"
        return Gate(ring.name, before.name, False, (reason,), hint)
    first: datetime | None = None
    later, ended, doubts = now, "", []
    for one in newest_first:
        if one.gaps > most:
            ended = f"run {one.run_id} of {_day(one.now)} has {plural(one.gaps, 'gap')}, and {most:,} may be"
            if first is None:
                hint = "close the gaps; or change `maxGaps` in the file, where the change is reviewed"
            break
        if one.doubt:
            doubts.append(f"run {one.run_id} of {_day(one.now)} does not count: {one.doubt}")
            continue
        if later - one.now > LONGEST_BREAK:
            ended = (
                f"from {_day(one.now)} to {_day(later)} no run counts: more than {LONGEST_BREAK.days} days"
            )
            break
        first = later = one.now
    if first is not None and now - first >= days:
        reason = f"since {_day(first)} no run of the ring `{before.name}` has more than {plural(most, 'gap')}"
        return Gate(ring.name, before.name, True, (reason,))
    reasons = [ended] if ended else []
    if first is not None:
        reasons.insert(
            0, f"{(now - first) // _DAY} of {plural(ring.days, 'day')} are over, since {_day(first)}"
        )
        hint = f"on {_day(first + days)}, if runs go on as they are: {hint}"
    return Gate(ring.name, before.name, False, (*reasons, *doubts[:_NAMED]), hint)


def _doubt(run: Run, resources: int) -> str:
    if run.population.partial:
        return "a scope or a record could not be read"
    if run.population.stale:
        return "its data were stale"
    if run.pairs_decided == 0 or resources == 0:
        return "nothing was evaluated"
    if not run.results:
        undecided = sum(run.pair_counts.get(pair, 0) for pair in UNDECIDED)
        return f"{plural(undecided, 'state')} could not be decided" if undecided else ""
    for result in run.results:
        if result.state is ControlState.EXCLUDED:
            continue
        for link in result.links:
            if link.outcome is LinkOutcome.BLOCKED:
                return f"`{link.display_name}` was not decided everywhere ({link.reason})"
    return ""


def _when(body: Mapping[str, Json]) -> datetime | None:
    """When a stack was last changed, or a deployment ended."""
    data, properties = body.get("systemData"), body.get("properties")
    text = data.get("lastModifiedAt") if isinstance(data, dict) else None
    if text is None and isinstance(properties, dict):
        text = properties.get("timestamp")
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
