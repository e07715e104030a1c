"""The run, seen from another edition of its standard: which control went where, and what is known there.

A state is computed from an edition's own links and never translated: a row says what the run found for the controls
that the mapping names, and gives the other edition's control no state of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from blueprinter.blueprint import Control, ControlGroup, Framework
from blueprinter.casing import same
from blueprinter.compliance import ControlResult, ControlState, Run
from blueprinter.report.outline import count_states


class EditionRow(Struct, frozen=True):
    """A control of the other edition, and the results that the mapping leads to."""

    control: Control
    targets: tuple[tuple[str, ControlResult], ...]
    """Relation (`equal`, `merge`, `split`) and result."""


class EditionGroup(Struct, frozen=True):
    """A group of the other edition."""

    group: ControlGroup
    rows: tuple[EditionRow, ...]
    reached: Mapping[ControlState, int]
    """The run's own controls that the group went to, each once, by state."""


class Edition(Struct, frozen=True):
    """The other edition by its groups."""

    framework: Framework
    groups: tuple[EditionGroup, ...]
    fresh: tuple[ControlResult, ...]
    """Controls of the run's own edition that nothing in the other leads to."""


def editions(run: Run) -> tuple[Edition, ...]:
    """Each related framework with a mapping, in their order."""
    return tuple(found for other in run.related if (found := _edition(run, other)) is not None)


def _edition(run: Run, other: Framework) -> Edition | None:
    own = run.framework
    if own is None:
        return None
    pairs = [
        *((row.source, row.target, row.relation) for row in other.mappings if same(row.framework, own.id)),
        *((row.target, row.source, row.relation) for row in own.mappings if same(row.framework, other.id)),
    ]
    if not pairs:
        return None
    results = {result.control.id: result for result in run.results}
    led: dict[str, dict[str, str]] = {}
    for source, target, relation in pairs:
        if target in results:
            led.setdefault(source, {}).setdefault(target, relation)
    counted = frozenset(other.counted)
    groups = []
    for group in other.groups:
        rows = tuple(
            EditionRow(
                control,
                tuple((relation, results[target]) for target, relation in led.get(control.id, {}).items()),
            )
            for control in other.controls.values()
            if control.group == group.id and control.id in counted
        )
        if rows:
            targets = {result.control.id: result for row in rows for _, result in row.targets}
            groups.append(EditionGroup(group, rows, count_states(targets.values())))
    reached = {target for targets in led.values() for target in targets}
    fresh = tuple(results[id] for id in own.counted if id in results and id not in reached)
    return Edition(other, tuple(groups), fresh)
