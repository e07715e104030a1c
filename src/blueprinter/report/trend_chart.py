"""The trend of saved runs as a drawing: open failures as a line, broken where the pack changed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from blueprinter.compliance import TrendPoint

WIDTH, HEIGHT = 720, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 12, 26


class Dot(Struct, frozen=True):
    """A run in the drawing."""

    point: TrendPoint
    x: str
    y: str
    first: bool
    """Begins a line: nothing before it is comparable."""


class TrendChart(Struct, frozen=True):
    """What is drawn; coordinates are text with one decimal."""

    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    """Points of a polyline each."""
    breaks: tuple[str, ...]
    """Where the pack changed."""
    ticks: tuple[tuple[int, str], ...]
    """Values of the axis with their height."""


def trend_chart(points: Sequence[TrendPoint]) -> TrendChart | None:
    """The drawing; None for fewer than two runs."""
    if len(points) < 2:
        return None
    top = max(*(point.failing for point in points), 1)
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def height(value: int) -> str:
        return f"{_TOP + inner_height * (1 - value / top):.1f}"

    def across(place: float) -> str:
        return f"{_LEFT + inner_width * place / (len(points) - 1):.1f}"

    dots = tuple(
        Dot(point, across(place), height(point.failing), place == 0 or not point.comparable)
        for place, point in enumerate(points)
    )
    lines: list[list[str]] = []
    for dot in dots:
        if dot.first:
            lines.append([])
        lines[-1].append(f"{dot.x},{dot.y}")
    breaks = tuple(across(place - 0.5) for place, dot in enumerate(dots) if dot.first and place)
    ticks = tuple((value, height(value)) for value in sorted({0, top // 2, top}))
    return TrendChart(dots, tuple(" ".join(line) for line in lines), breaks, ticks)
