"""A bar of counts as segments of a hundred units, for drawing."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from blueprinter.compliance import ControlState


class Segment(Struct, frozen=True):
    """One state in a bar; `start` and `width` in percent of the whole, as text with two decimals."""

    state: ControlState
    count: int
    start: str
    width: str
    middle: str
    wide: bool
    """Whether a number fits inside."""


_WIDE = 3.2
"""Percent from which a two-digit number fits a segment on a small screen."""


def segments(counts: Mapping[ControlState, int]) -> tuple[Segment, ...]:
    """The states that occur, in report order, side by side; empty for no counts."""
    whole = sum(counts.values())
    placed = []
    before = 0
    for state in ControlState:
        count = counts.get(state, 0)
        if count:
            start, width = before * 100 / whole, count * 100 / whole
            placed.append(
                Segment(
                    state,
                    count,
                    f"{start:.2f}",
                    f"{width:.2f}",
                    f"{start + width / 2:.2f}",
                    width >= _WIDE,
                )
            )
            before += count
    return tuple(placed)
