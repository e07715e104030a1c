"""Resources drawn from every policy state of a run, the good ones too: what `evaluate -o jsonl --all-states` wrote.

The draw takes resources in the order of a hash of seed and id, so it does not depend on the order of the lines, and
anybody can draw the same sample again. However many lines there are, only those of the sample are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from heapq import heappush, heappushpop
from pathlib import Path
from typing import Any

from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.compliance import Run
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.policy import ComplianceState
from blueprinter.report.records import is_open
from blueprinter.text import plural


class DrawnPair(Struct, frozen=True):
    """A policy on a resource of the sample, and its verdict."""

    policy: str
    """Id of the definition."""
    result: str
    severity: str
    controls: tuple[str, ...]


class Drawn(Struct, frozen=True):
    """A resource of the sample, with what was found out about it."""

    resource: str
    type: str
    pairs: tuple[DrawnPair, ...]

    @property
    def controls(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(control for pair in self.pairs for control in pair.controls))


class StatesSample(Struct, frozen=True):
    """A sample of the resources in a file of policy states."""

    drawn: tuple[Drawn, ...]
    """In the order in which they were drawn."""
    resources: int
    """How many it was drawn from: distinct resources with a verdict of any policy."""
    passing: int
    """Those of them without an open state."""
    sha256: str
    """Of the file."""
    file: str
    controls: tuple[str, ...]
    """Only resources with a verdict for one of these were drawn from; empty for all."""


def lot(seed: int, id: str) -> str:
    """The place of a resource in the draw: the smallest are drawn. `id` is folded."""
    return sha256(f"{seed}\n{id}".encode("utf-8", "surrogatepass")).hexdigest()


def sample_states(
    run: Run, path: Path, *, size: int, seed: int, controls: Iterable[str] = ()
) -> StatesSample:
    """Draws `size` resources. Raises `InvalidInput` (BP290) for a file that is none, or not of this run."""
    wanted = frozenset(map(fold, controls))
    reservoir = _Reservoir(size, seed)
    try:
        with path.open("rb") as lines:
            digest = sha256()
            for number, line in enumerate(lines, 1):
                digest.update(line)
                _take(reservoir, _row(line, path, number), wanted)
    except OSError as found:
        raise InvalidInput(
            [error("BP290", "the policy states cannot be read", Position(str(path)))]
        ) from found
    if not wanted:
        _belongs(run, reservoir, path)
    return StatesSample(
        reservoir.drawn(),
        len(reservoir.met),
        len(reservoir.met) - len(reservoir.open),
        digest.hexdigest(),
        str(path),
        tuple(sorted(set(controls), key=fold)),
    )


class _Reservoir:
    """The resources with the smallest lots so far, and their pairs."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self._largest: list[tuple[int, str]] = []
        """A heap of the negated lots and ids of what is held."""
        self._held: dict[str, tuple[str, str, list[DrawnPair]]] = {}
        self.met: set[bytes] = set()
        self.open: set[bytes] = set()

    def enter(self, id: str, type: str, pair: DrawnPair, *, open_: bool) -> None:
        """A pair of a resource; whatever was dropped before has a larger lot and stays out."""
        key = fold(id)
        mark = _mark(key)
        if open_:
            self.open.add(mark)
        if mark not in self.met:
            self.met.add(mark)
            entry = (-int(lot(self._seed, key), 16), key)
            if len(self._held) < self._size:
                heappush(self._largest, entry)
                self._held[key] = (id, type, [])
            else:
                dropped = heappushpop(self._largest, entry)
                if dropped != entry:
                    del self._held[dropped[1]]
                    self._held[key] = (id, type, [])
        if key in self._held:
            self._held[key][2].append(pair)

    def drawn(self) -> tuple[Drawn, ...]:
        """What is held, the smallest lot first; the pairs of each in the order of their policies."""
        order = [key for _, key in sorted(self._largest, reverse=True)]
        return tuple(
            Drawn(id, type, tuple(sorted(pairs, key=lambda pair: (fold(pair.policy), pair.result))))
            for id, type, pairs in (self._held[key] for key in order)
        )


def _mark(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()[:12]


def _row(line: bytes, path: Path, number: int) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
        if isinstance(row, dict) and isinstance(row["resourceId"], str) and row["complianceState"]:
            return row
    except (ValueError, KeyError, RecursionError):
        pass
    hint = "such a file is written by `blueprinter evaluate … --all-states -o states.jsonl`"
    raise InvalidInput([error("BP290", "this line is no policy state", Position(str(path), number), hint)])


def _take(reservoir: _Reservoir, row: Mapping[str, Any], wanted: frozenset[str]) -> None:
    state = row["complianceState"]
    controls = tuple(str(control) for control in row.get("controls") or ())
    if state == ComplianceState.NOT_APPLICABLE or (wanted and wanted.isdisjoint(map(fold, controls))):
        return
    settled = (ComplianceState.COMPLIANT, ComplianceState.PROTECTED, ComplianceState.EXEMPT)
    pair = DrawnPair(
        str(row.get("policyDefinitionId", "")), str(state), str(row.get("severity", "")), controls
    )
    type_ = str(row.get("resourceType", ""))
    reservoir.enter(row["resourceId"], type_, pair, open_=state not in settled)


def _belongs(run: Run, reservoir: _Reservoir, path: Path) -> None:
    """Raises where a resource with an open finding of the run is not open in the file."""
    open_ = dict.fromkeys(fold(found.state.resource.id) for found in run.findings if is_open(found))
    missing = [id for id in open_ if _mark(id) not in reservoir.open]
    if missing:
        message = (
            f"these are states of another run: {plural(len(missing), 'resource')} with an open finding of "
            f"{run.run_id} not in them"
        )
        raise InvalidInput([error("BP290", message, Position(str(path)))])


def names_of(run: Run) -> Mapping[str, str]:
    """Display names of policies by the last part of their id, folded."""
    return {
        fold(link.link.test).rpartition("/")[2]: link.display_name
        for result in run.results
        for link in result.links
        if link.display_name
    }


def spoken(pairs: Iterable[DrawnPair], names: Mapping[str, str]) -> Iterator[str]:
    """Each pair as `policy: verdict`."""
    for pair in pairs:
        key = pair.policy.rpartition("/")[2]
        yield f"{names.get(fold(key), key)}: {pair.result}"
