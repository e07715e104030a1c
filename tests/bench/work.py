"""One piece of measured work, in a process of its own: `python work.py TASK FILE`.

Prints seconds, peak memory of the process in bytes, and a number to compare results by, as one line of JSON. The clock
starts when the modules are loaded and the policies are read; compiling them counts.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import chosen
import orjson

from blueprinter.blueprint import Registers
from blueprinter.cli.workspace import open_workspace
from blueprinter.collection import without_collection
from blueprinter.compliance import EvaluateOptions, OfflineSource, Run, evaluate, read_inventories
from blueprinter.content import shipped
from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    BulkPolicies,
    Code,
    ComplianceState,
    Program,
    compile_policies,
)
from blueprinter.report import FORMATS, ReportOptions, StateRecorder

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
CLOCK = "2026-11-20T06:00:00.0000000Z"

Judged = tuple[list[AssignedPolicy], AliasTable]
"""Policies, and the aliases that they are read with."""


def floor(file: Path) -> int:
    """One pass that parses every line and keeps nothing."""
    count = 0
    with file.open("rb") as lines:
        for line in lines:
            orjson.loads(line)
            count += 1
    return count


def judge(file: Path, given: Judged, folder: Path, *, records: bool = False, jobs: int = 1) -> int:
    """`blueprinter evaluate` without its command line: reads, judges, writes `-o json` and with `records` also
    `-o jsonl` into a folder. How many pairs do not comply."""
    with (folder / "states.jsonl").open("wb") as lines:
        recorder = StateRecorder([lines], all_states=False, rewindable=True) if records else None
        run = run_of(file, given, recorder, jobs)
        report = FORMATS.get("json")
        if report is None:
            raise SystemExit("there is no format `json`")
        with (folder / "run.json").open("w", encoding="utf-8") as out:
            out.writelines(report.write(run, ReportOptions()))
        return run.findings_total


def run_of(file: Path, given: Judged, recorder: StateRecorder | None, jobs: int) -> Run:
    assigned, aliases = given
    policies = compile_policies(assigned, aliases=aliases, now=CLOCK)
    estate = read_inventories([file], now=NOW)
    source = OfflineSource(estate, policies, jobs=jobs)
    return evaluate(
        None, source, estate, Registers(), EvaluateOptions(now=NOW), policies=assigned, recorder=recorder
    )


def thirty() -> Judged:
    workspace = open_workspace(shipped("blueprints").parent)
    return chosen.chosen(workspace), chosen.aliases(workspace)


def three_hundred() -> Judged:
    policies, aliases = thirty()
    return chosen.multiplied(policies, 10), aliases


def with_related() -> Judged:
    """The thirty, and others that ask for resources beside the judged one."""
    workspace = open_workspace(shipped("blueprints").parent)
    return [*chosen.chosen(workspace), *chosen.asking(workspace)], chosen.aliases(workspace)


def built_in() -> Judged:
    return chosen.built_in()


TASKS: dict[str, tuple[Callable[[], Judged], Callable[[Path, Judged, Path], int]]] = {
    "judge": (thirty, judge),
    "judge-2": (thirty, lambda file, given, folder: judge(file, given, folder, jobs=2)),
    "record": (thirty, lambda file, given, folder: judge(file, given, folder, records=True)),
    "record-2": (thirty, lambda file, given, folder: judge(file, given, folder, records=True, jobs=2)),
    "judge-300": (three_hundred, judge),
    "judge-related": (with_related, judge),
    "judge-built-in": (built_in, judge),
}


def eight() -> Judged:
    workspace = open_workspace(shipped("blueprints").parent)
    return [AssignedPolicy(workspace.definitions[name]) for name in chosen.EIGHT], workspace.aliases


def on_lines(file: Path, given: Judged) -> tuple[float, int]:
    """The eight policies of the peers over rows as text: seconds and hits."""
    lines = file.read_text(encoding="utf-8").splitlines()
    bulk = _warm(given, [orjson.loads(line) for line in lines])
    started = time.perf_counter()
    hits = _hits(bulk, map(orjson.loads, lines))
    return time.perf_counter() - started, hits


def on_rows(file: Path, given: Judged) -> tuple[float, int]:
    """The same over rows that are parsed already."""
    rows = [orjson.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    bulk = _warm(given, rows)
    started = time.perf_counter()
    hits = _hits(bulk, rows)
    return time.perf_counter() - started, hits


def _warm(given: Judged, rows: Iterable[Any]) -> BulkPolicies:
    """The policies compiled for the types of the rows."""
    bulk = BulkPolicies(compile_policies(given[0], aliases=given[1], now=CLOCK))
    for type_ in {row["type"] for row in rows}:
        bulk.program(type_, "", bulk.circles(""))
    return bulk


def _hits(bulk: BulkPolicies, rows: Iterable[Any]) -> int:
    """Non-compliant pairs; how many a code stands for is worked out once."""
    everywhere = bulk.circles("")
    programs: dict[str, tuple[Program, dict[Code, int]]] = {}
    hits = 0
    for row in rows:
        type_ = row["type"]
        found = programs.get(type_)
        if found is None:
            found = programs[type_] = bulk.program(type_, "", everywhere), {}
        program, known = found
        code = program.decide(row)
        count = known.get(code)
        if count is None:
            outcomes = program.outcomes(code)
            count = known[code] = sum(one.state is ComplianceState.NON_COMPLIANT for one in outcomes)
        hits += count
    return hits


def small(given: Judged, file: Path) -> tuple[float, float]:
    """Seconds to compile a policy, and of one warm evaluation of a policy on a resource that it is about."""
    policies, aliases = given
    rows = [orjson.loads(line) for line in file.open("rb")]
    started = time.perf_counter()
    with without_collection():  # as `evaluate` has it: beside the rows that lie here a collection takes long
        bulk = BulkPolicies(compile_policies(policies, aliases=aliases, now=CLOCK))
        everywhere = bulk.circles("")
        for type_ in chosen.TYPES:
            bulk.program(type_, "", everywhere)
    compiled = time.perf_counter() - started
    pairs = 0
    taken = 0.0
    for row in rows:
        program = bulk.program(row["type"], "", everywhere)
        program.decide(row)
        started = time.perf_counter()
        code = program.decide(row)
        outcomes = program.outcomes(code)
        taken += time.perf_counter() - started
        pairs += len(outcomes)
    return compiled / len(policies), taken / pairs


PEERS = {"eight-on-lines": on_lines, "eight-on-rows": on_rows}


def peak() -> int:
    """Peak memory of this process in bytes; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    task, file = sys.argv[1], Path(sys.argv[2])
    count = 0.0
    started = time.perf_counter()
    if task == "idle":
        thirty()
        taken = 0.0
    elif task == "floor":
        count = floor(file)
        taken = time.perf_counter() - started
    elif task == "small":
        taken, count = small(thirty(), file)
    elif task in PEERS:
        taken, count = PEERS[task](file, eight())
    else:
        prepare, work = TASKS[task]
        given = prepare()
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            count = work(file, given, Path(folder))
            taken = time.perf_counter() - started
    print(json.dumps({"seconds": taken, "peak": peak(), "count": count}))


if __name__ == "__main__":
    main()
