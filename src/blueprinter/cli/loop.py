"""The whole loop in this process: an estate in a sandbox, a blueprint assigned to it, evaluated by its policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.azure import ArmClient, connect_in_process
from blueprinter.blueprint import Assignment, Registers, load_assignment, load_registers
from blueprinter.cli.live_artifacts import linked_artifacts, stand_of
from blueprinter.cli.live_evaluation import Judged, Live, evaluate_live
from blueprinter.cli.rendering import sources_of
from blueprinter.cli.workspace import Workspace
from blueprinter.compliance import (
    EvaluateOptions,
    Finding,
    OfflineSource,
    Run,
    evaluate,
    read_inventories,
    trigger,
)
from blueprinter.deploy import AssignOptions, Target, assign
from blueprinter.document import load
from blueprinter.policy import compile_policies, utc_text
from blueprinter.render import RenderOptions, deployments_of, render
from blueprinter.sandbox import Sandbox, Settings, load_files, open_sandbox

_AGE = timedelta(minutes=15)
"""From the assignment to its evaluation."""
_NEVER = 1e9


class _Clock(Struct):
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class Loop:
    """An estate on file, in a sandbox. Time stands still between its steps."""

    workspace: Workspace
    inventory: Path
    assignment_file: Path
    registers_folder: Path
    now: datetime
    max_findings: int = 1000
    builtins: tuple[Path, ...] = ()
    """Built-in definitions and initiatives that the sandbox knows by their rules."""
    resources: int = field(init=False)
    policies: int = field(init=False)
    sandbox: Sandbox = field(init=False)
    arm: ArmClient = field(init=False)
    _clock: _Clock = field(init=False)
    judged: Judged = field(init=False)
    assignment: Assignment = field(init=False)

    def __post_init__(self) -> None:
        """Loads the estate and resolves the blueprint; nothing is assigned yet."""
        self._clock = _Clock(self.now)
        self.sandbox = open_sandbox(
            clock=self._clock, settings=Settings(scan_delay=_NEVER, aliases=self.workspace.aliases)
        )
        loaded = load_files(self.sandbox, [self.inventory, *self.builtins], now=self.now)
        self.resources = loaded.resources
        self.arm = ArmClient(connect_in_process(self.sandbox.respond), poll_seconds=0, sleep=lambda _: None)
        self._read()

    def beside(self, assignment_file: Path, registers_folder: Path) -> Loop:
        """The same estate in the same sandbox at the same time, under another assignment."""
        other = copy(self)
        other.assignment_file, other.registers_folder = assignment_file, registers_folder
        other._read()
        return other

    def _read(self) -> None:
        workspace, assignment = self.workspace, load_assignment(load(self.assignment_file))
        resolved = workspace.resolve(workspace.blueprint(assignment.blueprint), assignment)
        registers = load_registers(self.registers_folder, framework=resolved.framework, now=self.now)
        options = EvaluateOptions(
            now=self.now,
            max_age_days=3,
            max_findings=self.max_findings,
            live=True,
            assignment=assignment.name,
        )
        self.policies = len({policy.definition.id for policy in resolved.policies})
        self.assignment = assignment
        self.judged = Judged(resolved, assignment, registers, options)

    def __enter__(self) -> Loop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.arm.close()
        self.sandbox.close()

    def assign(self, *, registers: bool = False) -> int:
        """Renders the blueprint and assigns it to each scope; the number of scopes. `registers`: also puts the
        exemptions there."""
        targets = self._targets(self.judged.registers if registers else Registers())
        for one in targets:
            assign(self.arm, one, AssignOptions(now=self.now), _quiet)
        return len(targets)

    def _targets(self, registers: Registers) -> list[Target]:
        workspace, judged = self.workspace, self.judged
        options = RenderOptions(sources=sources_of(workspace))
        found = []
        for one in deployments_of(self.assignment):
            resolved = workspace.resolve(judged.resolved.blueprint, one)
            found.append(Target(one, resolved, render(resolved, one, options), options, registers))
        return found

    def trigger(self) -> None:
        """Time goes on, and everything is evaluated; states are asked of Policy Insights."""
        start = self._clock.now
        self._clock.now = start + _AGE
        trigger(
            self.arm,
            self.assignment.scopes,
            now=self._clock.now,
            changed={},
            tell=_quiet,
            sleep=lambda _: None,
        )

    def forward(self, span: timedelta) -> None:
        """Lets time go on."""
        self._clock.now += span

    def evaluate(
        self,
        source: str = "resource-graph",
        *,
        row_by_row: bool = False,
        observe: Callable[[Finding], None] | None = None,
    ) -> Run:
        """A run over the sandbox's policy states."""
        now = self._clock.now
        artifacts: Mapping[str, str] = {}
        if linked := linked_artifacts(self.judged.resolved):
            artifacts = stand_of(linked, self._targets(Registers()), self.arm, now)
        options = replace(self.judged.options, now=now, artifacts=artifacts)
        judged = replace(self.judged, options=options)
        return evaluate_live(
            judged, Live(source), self.arm, self._clock, row_by_row=row_by_row, observe=observe
        )

    def offline(self, observe: Callable[[Finding], None] | None = None) -> Run:
        """A run of our own engine over the files: the same policies, the same registers, the same time."""
        judged = self.judged
        estate = read_inventories([self.inventory], now=self._clock.now)
        policies = compile_policies(
            judged.resolved.policies,
            aliases=self.workspace.aliases,
            now=utc_text(self._clock.now),
        )
        options = replace(judged.options, now=self._clock.now, live=False)
        source = OfflineSource(estate, policies)
        return evaluate(judged.resolved, source, estate, judged.registers, options, observe=observe)


def _quiet(_: str) -> None:
    """Progress that nobody asked for."""
