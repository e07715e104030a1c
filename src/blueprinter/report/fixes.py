"""Which few fixes close the most gaps: failing rules, taken together where a control needs several."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from blueprinter.compliance import Attested, ControlResult, ControlState, LinkOutcome
from blueprinter.report.outline import Action, Outline, keys_of, severity_rank


class Fix(Struct, frozen=True):
    """Rules to mend together, and the controls of which no direct test fails any more after that."""

    actions: tuple[Action, ...]
    controls: tuple[str, ...]
    resources: int
    """Distinct resources of these rules."""
    so_far: int
    """Controls that no test fails any more, after this fix and those before it."""


def fixes(shown: Outline) -> tuple[Fix, ...]:
    """Steps until no test fails in any gap: next is always the control with the least work left.

    Work is counted in rules, then resources; among equals the more severe control, then the framework's order.
    """
    by_test = {action.test: action for action in shown.actions}
    left = {
        result.control.id: (result, tests)
        for result in shown.gaps
        if (tests := frozenset(_failing_tests(result)) & by_test.keys())
    }
    order = {result.control.id: place for place, result in enumerate(shown.counted)}
    mended: set[str] = set()
    found: list[Fix] = []
    so_far = 0
    while left:
        _, tests = min(
            left.values(),
            key=lambda entry: (
                len(entry[1] - mended),
                len(_resources(by_test[test] for test in entry[1] - mended)),
                severity_rank(entry[0].severity),
                order[entry[0].control.id],
            ),
        )
        step = tests - mended
        mended |= step
        closed = tuple(control for control, (_, needed) in left.items() if needed <= mended)
        for control in closed:
            del left[control]
        so_far += len(closed)
        actions = tuple(action for action in shown.actions if action.test in step)
        found.append(Fix(actions, closed, len(_resources(iter(actions))), so_far))
    return tuple(found)


def _failing_tests(result: ControlResult) -> Iterator[str]:
    """The direct tests of a gap that fail; none where the gap would stand without them."""
    if result.state is not ControlState.GAP or result.attested is Attested.FAIL:
        return
    for outcome in result.links:
        if outcome.outcome is LinkOutcome.FAIL and outcome.link.strength.direct:
            yield from keys_of(outcome.link)


def _resources(actions: Iterator[Action]) -> frozenset[str]:
    return frozenset(resource for action in actions for resource in action.resources)
