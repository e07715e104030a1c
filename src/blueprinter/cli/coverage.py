"""How far a control map reaches: the best link of every counted control, in categories that exclude each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from blueprinter.blueprint import OWN_MAPPING, AutomationClass, Control, Framework, Link, Strength


class Best(StrEnum):
    """The category of a control: the strongest of its links, or why there is none."""

    FULL = "full"
    PARTIAL = "partial"
    INDICATIVE = "indicative"
    EMPTY = "deliberately empty"
    """Listed in the control map with no link: somebody decided that no test speaks to it."""
    NONE = "none"


class CoverageRow(Struct, frozen=True):
    """One control and what is linked to it."""

    control: Control
    best: Best
    links: Mapping[Strength, int]
    live_only: int
    """How many of the links can be judged on a live estate only."""


class Coverage(Struct, frozen=True):
    """The rows of all counted controls, in the order of the standard."""

    framework: Framework
    rows: tuple[CoverageRow, ...]
    uncounted: int
    """Links to clauses that stand outside of the counted set."""
    mapped_by: str = ""
    """Whose mapping it is, where it is not the author's own."""

    def count(self, best: Best, automation: AutomationClass | None = None) -> int:
        """How many counted controls are in a category, of one class or of all."""
        return sum(row.best is best and automation in (None, row.control.automation) for row in self.rows)

    @property
    def classes(self) -> tuple[AutomationClass, ...]:
        """The classes that the counted controls have."""
        found = {row.control.automation for row in self.rows}
        return tuple(one for one in AutomationClass if one in found)


def coverage(framework: Framework, links: Collection[Link], deliberately_empty: Collection[str]) -> Coverage:
    """What a control map links to the counted controls of its framework."""
    by_control: dict[str, list[Link]] = {}
    for link in links:
        by_control.setdefault(link.control, []).append(link)
    rows: list[CoverageRow] = []
    for name in framework.counted:
        found = by_control.get(name, [])
        counts = Counter(link.strength for link in found)
        best = next((Best(strength) for strength in Strength if counts[strength]), None)
        rows.append(
            CoverageRow(
                control=framework.controls[name],
                best=best or (Best.EMPTY if name in deliberately_empty else Best.NONE),
                links={strength: counts[strength] for strength in Strength},
                live_only=sum(link.live_only for link in found),
            )
        )
    counted = frozenset(framework.counted)
    outside = sum(len(found) for name, found in by_control.items() if name not in counted)
    others = sorted({link.source for link in links} - {OWN_MAPPING})
    return Coverage(framework, tuple(rows), outside, ", ".join(others))


def coverage_lines(found: Coverage, blueprint: str) -> Iterator[str]:
    """The table for people: a line a control, then categories by class with their sums."""
    framework = found.framework
    what = "controls" if any(row.control.kind.value == "control" for row in found.rows) else "requirements"
    yield f"{framework.title} · {len(found.rows)} {what} · links of {blueprint or 'no blueprint'}"
    if found.mapped_by:
        yield f"Mapped by {found.mapped_by}, not by the author of this blueprint; no link says more than partial."
    yield ""
    width = max((len(row.control.id) for row in found.rows), default=0) + 2
    yield f"{'':<{width}}{'best link':<20}{'full':>5}{'part.':>6}{'ind.':>5}{'live':>5}  {'class':<24}title"
    for row in found.rows:
        numbers = [row.links[strength] for strength in Strength]
        full, partial, indicative, live = (str(number or "·") for number in (*numbers, row.live_only))
        yield (
            f"{row.control.id:<{width}}{row.best:<20}{full:>5}{partial:>6}{indicative:>5}{live:>5}  "
            f"{row.control.automation:<24}{row.control.title}"
        )
    yield ""
    yield f"{'class':<24}" + "".join(f"{best:>{len(best) + 3}}" for best in Best) + f"{'total':>8}"
    for automation in found.classes:
        yield _sums(found, str(automation), automation)
    yield _sums(found, "total", None)
    if found.uncounted:
        yield f"Links to clauses, in none of these numbers: {found.uncounted}"


def coverage_json(found: Coverage, blueprint: str) -> dict[str, object]:
    """The same for machines: `{framework, blueprint, total, counts, byClass, controls}`."""
    return {
        "framework": found.framework.id,
        "blueprint": blueprint or None,
        "mappedBy": found.mapped_by or None,
        "total": len(found.rows),
        "counts": {str(best): found.count(best) for best in Best},
        "byClass": {
            str(automation): {str(best): found.count(best, automation) for best in Best}
            for automation in found.classes
        },
        "linksOutsideCounted": found.uncounted,
        "controls": [
            {
                "id": row.control.id,
                "title": row.control.title,
                "class": str(row.control.automation),
                "responsibility": str(row.control.responsibility),
                "best": str(row.best),
                "links": {str(strength): number for strength, number in row.links.items()},
                "liveOnly": row.live_only,
            }
            for row in found.rows
        ],
    }


def _sums(found: Coverage, name: str, automation: AutomationClass | None) -> str:
    numbers = {best: found.count(best, automation) for best in Best}
    cells = "".join(f"{number:>{len(best) + 3}}" for best, number in numbers.items())
    return f"{name:<24}{cells}{sum(numbers.values()):>8}"
