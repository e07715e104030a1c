"""Which ring each scope of an assignment gets: the file, the marks in Azure and the saved runs, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.azure import ArmClient
from blueprinter.blueprint import Assignment, Ring
from blueprinter.casing import fold, same
from blueprinter.cli.evaluation import Request, run_live
from blueprinter.cli.live_evaluation import MAX_AGE_DAYS, Live
from blueprinter.cli.workspace import Workspace
from blueprinter.compliance import History, subscriptions_of_group
from blueprinter.deploy import (
    LONGEST_BREAK,
    Environment,
    Gate,
    Sight,
    Standing,
    Target,
    has_entered,
    judge_gate,
    sight_of,
    standing,
)
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, Severity, error
from blueprinter.report import read_run

Make = Callable[[Assignment], list[Target]]
"""Renders an assignment for each of its scopes."""


class RingStatus(Struct, frozen=True):
    """How a ring of an assignment stands."""

    name: str
    enforced: bool
    scopes: int
    entered: int
    """Scopes that hold the present content in this ring, or in a later one."""
    gate: Gate | None
    """What is before it; None for the first ring, and where everything is in."""


class Rings(Struct):
    """The rings of one assignment."""

    assignment: Assignment
    """On every scope that it names."""
    make: Make
    arm: ArmClient
    workspace: Workspace
    file: Path
    history: Path
    now: datetime
    cloud: str
    environment: Environment
    registers: Path | None = None
    _targets: dict[str, Target] = field(default_factory=dict)
    _standings: dict[str, Standing] = field(default_factory=dict)
    _gates: dict[str, Gate] = field(default_factory=dict)

    # --- what is asked for ---

    def named(self, name: str) -> Ring:
        """A ring by its name. Raises `InvalidInput` (BP270)."""
        found = next((one for one in self.assignment.rings if same(one.name, name)), None)
        if found is None:
            hint = f"rings: {', '.join(one.name for one in self.assignment.rings) or 'none'}"
            message = f"`{self.assignment.name}` has no ring `{name}`"
            raise InvalidInput([error("BP270", message, self._where(), hint)])
        return found

    def present(self, scopes: Sequence[str]) -> list[Target]:
        """Targets as they stand: each scope in the ring of its mark, else in its first one."""
        found = []
        for scope in scopes:
            rings = self.assignment.rings_of(scope)
            held = [one for one in rings if same(one.name, self._standing(scope).ring)]
            found.append(self._made(scope, held[0].name) if held else self._first_target(scope))
        return found

    def entering(self, name: str, scopes: Sequence[str]) -> tuple[list[Target], list[Diagnostic]]:
        """Targets of one ring that was asked for, and a warning (BP660) where it is not let in. A scope that holds the
        content in a later ring already stays there."""
        ring = self.named(name)
        inside = [scope for scope in scopes if ring in self.assignment.rings_of(scope)]
        if not inside:
            message = f"the ring `{ring.name}` has no subscription of the assignment"
            raise InvalidInput([error("BP270", message, self._where())])
        remarks: list[Diagnostic] = []
        if not self._all_in(ring, inside) and ring.max_gaps is not None:
            remarks.append(self._remark(self.gate(ring)))
        return [self._target(scope, ring) for scope in inside], remarks

    def going_on(self, scopes: Sequence[str]) -> tuple[list[Target], list[Diagnostic]]:
        """Targets of every ring that is let in by now, each scope in the last one of these; and what holds the next."""
        rings = self.assignment.rings
        last, remarks = 0, []
        for index, ring in enumerate(rings[1:], start=1):
            inside = [scope for scope in scopes if ring in self.assignment.rings_of(scope)]
            if not self._all_in(ring, inside):
                before = rings[index - 1]
                if not all(self._stands(scope, before) for scope in self._scopes_of(before)):
                    break  # it is only now being put there
                gate = self.gate(ring)
                remarks.append(self._remark(gate))
                if not gate.holds:
                    break
            last = index
        found = []
        for scope in scopes:
            let_in = [one for one in rings[: last + 1] if one in self.assignment.rings_of(scope)]
            held = self._furthest(scope)
            if let_in:
                found.append(self._target(scope, let_in[-1]))
            elif held is not None:
                found.append(self._made(scope, held.name))
            elif not self.assignment.rings_of(scope):
                hint = "list it in one, or add a ring without `subscriptions`, which is for all"
                message = f"{scope} is in no ring of `{self.assignment.name}`, so nothing is put there"
                remarks.append(Diagnostic("BP270", Severity.WARNING, message, hint, self._where()))
        return found, remarks

    def status(self) -> tuple[RingStatus, ...]:
        """How each ring stands, in order. Only reads."""
        rows = []
        for index, ring in enumerate(self.assignment.rings):
            scopes = self._scopes_of(ring)
            entered = sum(self._stands(scope, ring) for scope in scopes)
            gate = self.gate(ring) if index and entered < len(scopes) else None
            rows.append(RingStatus(ring.name, ring.enforced, len(scopes), entered, gate))
        return tuple(rows)

    def gate(self, ring: Ring) -> Gate:
        """What the ring before a ring says."""
        if ring.name not in self._gates:
            self._gates[ring.name] = self._judge(ring)
        return self._gates[ring.name]

    # --- what is known ---

    def _judge(self, ring: Ring) -> Gate:
        rings = self.assignment.rings
        before = rings[rings.index(ring) - 1]
        if ring.max_gaps is None:
            return Gate(ring.name, before.name, False, ("it is entered by hand",), f"`--ring {ring.name}`")
        scopes = self._scopes_of(before)
        standings = [self._standing(scope) for scope in scopes]
        if not scopes:
            reason = f"the ring `{before.name}` has no subscription, so it says nothing"
            return Gate(ring.name, before.name, False, (reason,))
        content = self._first_target(scopes[0]).mark.content
        looked_at = tuple(self._subscriptions(scopes))
        sights = self._saved(ring, looked_at)
        if isinstance(sights, Gate):
            return sights
        since = max((one.since for one in standings if one.since is not None), default=None)
        fresh = [one for one in sights if since is not None and one.now >= since]
        ready = all(self._stands(scope, before) for scope in scopes)
        if not fresh and ready and ring.days == 0:
            sights = [*sights, *self._live(looked_at)]
        return judge_gate(ring, before, standings, content, rings, sights, self.now)

    def _saved(self, ring: Ring, scopes: Sequence[str]) -> list[Sight] | Gate:
        """What saved runs of this assignment and version say; a refusal where the history was changed."""
        if not self.history.is_file():
            return []
        oldest = self.now - timedelta(days=ring.days) - 2 * LONGEST_BREAK
        some = self._first_target(self._all()[0]).mark
        found: list[Sight] = []
        with History(self.history) as history:
            if broken := history.broken():
                hint = "take the history from where it was kept unchanged, or begin a new one"
                return Gate(ring.name, "", False, (broken[0].message,), hint)
            for saved in history.runs():
                if not (oldest <= saved.now <= self.now) or saved.version != some.version:
                    continue
                run = read_run(history.document(saved), f"{self.history}: {saved.run_id}")
                if same(run.assignment, self.assignment.name) and same(run.blueprint, some.blueprint):
                    sight = sight_of(run, scopes)
                    if sight is not None:
                        found.append(sight)
        return found

    def _live(self, scopes: tuple[str, ...]) -> Iterator[Sight]:
        """What policy states say now."""
        request = Request(
            self.now,
            assignment=self.file,
            registers=self.registers,
            cloud=self.cloud,
            environment=self.environment,
            max_age_days=MAX_AGE_DAYS,
        )
        run = run_live(request, Live(subscriptions=scopes), self.arm, self.workspace)
        sight = sight_of(run, scopes)
        if sight is not None:
            yield sight

    def _standing(self, scope: str) -> Standing:
        key = fold(scope)
        if key not in self._standings:
            self._standings[key] = standing(self.arm, self._first_target(scope))
        return self._standings[key]

    def _is_in(self, scope: str, ring: Ring) -> bool:
        content = self._first_target(scope).mark.content
        return has_entered(self._standing(scope), ring, self.assignment.rings, content)

    def _stands(self, scope: str, ring: Ring) -> bool:
        return self._standing(scope).done and self._is_in(scope, ring)

    def _all_in(self, ring: Ring, scopes: Sequence[str]) -> bool:
        return all(self._is_in(scope, ring) for scope in scopes)

    def _furthest(self, scope: str) -> Ring | None:
        """The ring in which a scope holds the present content, if it does in one."""
        rings = self.assignment.rings_of(scope)
        return next(
            (one for one in rings if same(one.name, self._standing(scope).ring) and self._is_in(scope, one)),
            None,
        )

    def _target(self, scope: str, ring: Ring) -> Target:
        """A scope put into a ring, or left in a later one that it is in already."""
        order, held = self.assignment.rings.index, self._furthest(scope)
        later = held if held is not None and order(held) > order(ring) else ring
        return self._made(scope, later.name)

    def _first_target(self, scope: str) -> Target:
        rings = self.assignment.rings_of(scope)
        return self._made(scope, rings[0].name if rings else "")

    def _made(self, scope: str, ring: str) -> Target:
        key = f"{fold(ring)} {fold(scope)}"
        if key not in self._targets:
            scopes = (scope,) if fold(scope).startswith("/subscriptions/") else ()
            (self._targets[key],) = self.make(replace(self.assignment, scopes=scopes, ring=ring))
        return self._targets[key]

    def _all(self) -> tuple[str, ...]:
        return self.assignment.scopes or (self.assignment.management_group,)

    def _scopes_of(self, ring: Ring) -> tuple[str, ...]:
        return tuple(scope for scope in self._all() if ring in self.assignment.rings_of(scope))

    def _subscriptions(self, scopes: Sequence[str]) -> Iterator[str]:
        for scope in scopes:
            if fold(scope).startswith("/subscriptions/"):
                yield scope
            else:
                yield from subscriptions_of_group(self.arm, scope)

    def _where(self) -> Position:
        return self.assignment.document.locate("/rings")

    def _remark(self, gate: Gate) -> Diagnostic:
        code, verb, severity = "BP660", "is not let into", Severity.WARNING
        if gate.holds:
            code, verb, severity = "BP661", "is let into", Severity.INFO
        message = f"`{self.assignment.name}` {verb} the ring `{gate.ring}`: {'; '.join(gate.reasons)}"
        return Diagnostic(code, severity, message, gate.hint, self._where())
