"""Random schedules of faults: whatever goes wrong, assigning again ends where a run without faults ends.

`BLUEPRINTER_SEED=N make soak` runs the thousand schedules of a run again.
"""

from __future__ import annotations

import os
import random
from contextlib import suppress
from pathlib import Path

import pytest

from blueprinter.azure import AzureError, RetryRules
from blueprinter.deploy import DeployError, Target
from blueprinter.sandbox import Fault, Rule, Settings
from unit.deploy.box import GROUP, Azure, Kit
from unit.deploy.test_killed import everything, orphaned, upgraded

_REQUESTS = (Fault.THROTTLE, Fault.ERROR, Fault.DROP, Fault.DROP_AFTER, Fault.TIMEOUT, Fault.TIMEOUT_AFTER)
_RUNS = 40


def schedule(draw: random.Random) -> tuple[Rule, ...]:
    """A handful of rules; each ends, so that the last run can succeed."""
    rules: list[Rule] = []
    for _ in range(draw.randint(1, 4)):
        rules.append(
            Rule(
                draw.choice(_REQUESTS),
                method=draw.choice(("", "PUT", "GET", "DELETE")),
                after=draw.randint(0, 25),
                times=draw.randint(1, 6),
                probability=draw.choice((0.3, 0.7, 1.0)),
                status=draw.choice((500, 502, 503, 504)),
            )
        )
    if draw.random() < 0.6:
        kind = draw.choice(("", "deployment", "deployment stack"))
        rules.append(
            Rule(
                Fault.BREAK,
                kind=kind,
                after=draw.randint(0, 3),
                times=draw.randint(1, 2),
                steps=draw.randint(0, 6),
            )
        )
    if draw.random() < 0.4:
        rules.append(Rule(Fault.SLOW, times=draw.randint(1, 3), steps=draw.randint(1, 6)))
    if draw.random() < 0.5:
        rules.append(Rule(Fault.HIDE, times=draw.randint(1, 8), steps=draw.randint(1, 20)))
    return tuple(rules)


def until_done(azure: Azure, target: Target, *, prune: bool) -> None:
    """Runs `assign` as a person would: again after each failure."""
    last: Exception | None = None
    for _ in range(_RUNS):
        try:
            azure.assign(target, prune=prune, progress=False)
        except (AzureError, DeployError) as failed:
            last = failed
            continue
        return
    raise AssertionError(f"seed {azure.seed}: not done after {_RUNS} runs: {last}")


def run_schedule(seed: int, first: Target, second: Target, expected: dict[str, object]) -> None:
    draw = random.Random(seed)
    azure = Azure(
        misbehaviour=schedule(draw),
        settings=Settings(replication=draw.choice((0, 0, 3))),
        seed=seed,
    )
    azure.make_management_group()
    azure.retry = RetryRules(attempts=draw.choice((1, 2, 4)))
    until_done(azure, first, prune=False)
    if draw.random() < 0.3:
        with suppress(AzureError):  # faults also meet those who delete by hand
            orphaned(azure)
    until_done(azure, second, prune=True)
    found = azure.contents()
    assert found == expected, f"seed {seed}: {sorted(set(found) ^ set(expected)) or 'contents differ'}"
    azure.assign(second, progress=False)
    assert azure.writes == [], f"seed {seed}"


def targets(root: Path, definition_scope: str = "") -> tuple[Target, Target, dict[str, object]]:
    """A version, the next one, and what is there when both were assigned without faults."""
    kit: Kit = everything(root)
    if definition_scope:
        kit.assignment["definitionScope"] = definition_scope
    first = kit.target()
    upgraded(kit)
    second = kit.target()
    clean = Azure()
    clean.make_management_group()
    clean.assign(first, progress=False)
    clean.assign(second, progress=False, prune=True)
    return first, second, clean.contents()


def test_fifty_schedules(tmp_path: Path) -> None:
    pairs = (targets(tmp_path / "one"), targets(tmp_path / "two", GROUP))
    for seed in range(50):
        run_schedule(seed, *pairs[seed % 2])


@pytest.mark.soak
def test_a_thousand_schedules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = (targets(tmp_path / "one"), targets(tmp_path / "two", GROUP))
    start = int(os.environ.get("BLUEPRINTER_SEED") or random.SystemRandom().randrange(10**9))
    with capsys.disabled():
        print(f"\n1,000 fault schedules, BLUEPRINTER_SEED={start}")  # noqa: T201  # said before anything can fail
    for seed in range(start, start + 1000):
        try:
            run_schedule(seed, *pairs[seed % 2])
        except Exception as failed:
            failed.add_note(f"seed {seed}")
            raise
