"""The numbers of a run: states counted, coverage, score. Always fractions; attested and inherited are in none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from blueprinter.compliance.model import ControlResult, ControlState, Fraction, Tested

DECIDED_BY_TESTS = frozenset({Tested.FAIL, Tested.WAIVED, Tested.SUPPORT, Tested.PASS})
WITHOUT_OPEN_FINDING = frozenset({Tested.SUPPORT, Tested.PASS})
LEAST_COVERAGE = 10
"""Percent of the applicable controls that tests must decide before a score is shown."""


class Figures(Struct, frozen=True):
    """Numbers over the counted set of a framework."""

    states: dict[ControlState, int]
    """Every state, in report order; adds up to the counted set."""
    coverage: Fraction
    """Tested / applicable."""
    score: Fraction
    """Tested without an open finding / tested."""
    score_shown: bool


def figures(results: Iterable[ControlResult], counted: Sequence[str], *, has_score: bool) -> Figures:
    """Counts the results whose control id is in `counted`; `has_score` is the framework's own wish."""
    in_set = frozenset(counted)
    states = dict.fromkeys(ControlState, 0)
    applicable = decided = clear = 0
    for result in results:
        if result.control.id not in in_set:
            continue
        states[result.state] += 1
        if result.state is ControlState.EXCLUDED:
            continue
        applicable += 1
        decided += result.tested in DECIDED_BY_TESTS
        clear += result.tested in WITHOUT_OPEN_FINDING
    enough = decided > 0 and decided * 100 >= applicable * LEAST_COVERAGE
    return Figures(states, Fraction(decided, applicable), Fraction(clear, decided), has_score and enough)
