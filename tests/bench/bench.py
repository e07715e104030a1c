"""`make bench`: what the engine costs over a plain pass through the same input, in one run on one machine.

The floor is one pass `for line in file: orjson.loads(line)`. Every piece of work runs in a process of its own; every
figure is a ratio to the floor of the same round, the median of rounds that run in turn, so that a machine that slows
down slows all of them. `docs/performance.md` says what is measured and what the goals are.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import templates

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "out" / "bench"
CHECKOUT = HERE.parents[2] / "shared" / "data" / "azure-policy"
PEERS = HERE.parents[1] / "out" / "peers" / "bin" / "python"
OTHERS = ("rego", "custodian")
ROUNDS = 5
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process reported."""

    seconds: float
    peak: int
    count: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    goal: float
    unit: str
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        verdict = "met" if self.met else "MISSED"
        tail = f"  ({self.note})" if self.note else ""
        return f"{self.what:<46}{self.value:9.2f} {self.unit:<8}{sign} {self.goal:<6g}{verdict}{tail}"


def run(task: str, file: Path) -> Measured:
    """One piece of work in a process of its own; `rego` and `custodian` in the environment of the peers."""
    command = (
        [str(PEERS), str(HERE / "peers" / "run.py")]
        if task in OTHERS
        else [sys.executable, str(HERE / "work.py")]
    )
    done = subprocess.run([*command, task, str(file)], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return Measured(found["seconds"], found["peak"], found["count"])


def rounds(tasks: Sequence[str], file: Path, count: int) -> dict[str, list[Measured]]:
    """Every task once a round, in turn."""
    found: dict[str, list[Measured]] = {task: [] for task in tasks}
    for _ in range(count):
        for task, results in found.items():
            results.append(run(task, file))
    return found


def ratio(own: Iterable[Measured], base: Iterable[Measured]) -> float:
    return statistics.median(one.seconds / other.seconds for one, other in zip(own, base, strict=True))


def estate(rows: int, *, plain: bool = False) -> Path:
    """A file of so many rows, made once; `plain` = every key as Azure spells it."""
    file = OUT / f"estate-{rows}{'-plain' if plain else ''}.jsonl"
    if not file.is_file():
        OUT.mkdir(parents=True, exist_ok=True)
        options = ["--plain"] if plain else []
        subprocess.run([sys.executable, str(HERE / "estate.py"), str(file), str(rows), *options], check=True)
    return file


def time_figures(count: int) -> list[Figure]:
    """What an evaluation of 100,000 rows takes."""
    built_in = CHECKOUT.is_dir()
    tasks = [
        "floor",
        "judge",
        "judge-2",
        "record",
        "record-2",
        "judge-300",
        *(["judge-built-in"] if built_in else []),
    ]
    found = rounds(tasks, estate(100_000), count)
    base = found["floor"]
    seconds = statistics.median(one.seconds for one in base)
    figures = [
        Figure("100,000 rows, 30 policies", ratio(found["judge"], base), 1.5, "x floor"),
        Figure("the same in two processes", ratio(found["judge-2"], base), 1.5, "x floor"),
        Figure(
            "with records",
            ratio(found["record"], base),
            2.0,
            "x floor",
            note=f"{found['record'][0].count:,} records",
        ),
        Figure("with records in two processes", ratio(found["record-2"], base), 1.3, "x floor"),
        Figure("300 policies instead of 30", ratio(found["judge-300"], found["judge"]), 2.5, "x 30"),
    ]
    if built_in:
        figures.append(
            Figure(
                "built-in definitions about these types", ratio(found["judge-built-in"], base), 3.0, "x floor"
            )
        )
    else:
        print(f"built-in definitions: skipped, there is no checkout of them at {CHECKOUT}")
    print(f"floor: {seconds:.3f} s for 100,000 rows ({estate(100_000).stat().st_size / MB:.0f} MB)")
    return figures


def memory_figures(*, large: bool) -> list[Figure]:
    """Peak memory and growth."""
    sizes = (10_000, 100_000, *((1_000_000,) if large else ()))
    idle = run("idle", estate(sizes[0])).peak
    peaks = {size: run("judge", estate(size)) for size in sizes}
    related = run("judge-related", estate(sizes[-1]))
    least, most = peaks[sizes[0]], peaks[sizes[-1]]
    figures = [
        Figure(f"peak memory at {size:,} rows", one.peak / MB, 64, "MB", note=f"{idle / MB:.0f} MB idle")
        for size, one in peaks.items()
    ]
    figures.append(
        Figure(f"growth from {sizes[0]:,} to {sizes[-1]:,} rows", (most.peak - least.peak) / MB, 10, "MB")
    )
    figures.append(Figure(f"with related resources, {sizes[-1]:,} rows", related.peak / MB, 200, "MB"))
    if large:
        figures.append(
            Figure("time of 1,000,000 rows to 100,000", most.seconds / peaks[100_000].seconds, 11, "x")
        )
    return figures


def small_figures(count: int) -> list[Figure]:
    """Compiling, and a single evaluation."""
    found = [run("small", estate(10_000)) for _ in range(count)]
    compiled = statistics.median(one.seconds for one in found)
    warm = statistics.median(one.count for one in found)
    return [
        Figure("compile a policy for all of its types", compiled * 1e3, 1, "ms"),
        Figure("one evaluation, warm", warm * 1e6, 5, "µs"),
    ]


def peer_figures(count: int) -> list[Figure]:
    """Eight policies in the languages of other engines. Raises `SystemExit` when they do not agree on the hits."""
    if not PEERS.is_file():
        print("other engines: skipped, their environment is not there (`make bench-peers` makes it)")
        return []
    found = rounds(["eight-on-lines", "rego", "eight-on-rows", "custodian"], estate(3_000, plain=True), count)
    hits = {task: results[0].count for task, results in found.items()}
    if len(set(hits.values())) > 1:
        raise SystemExit(f"the engines do not agree on the hits: {hits}")
    note = f"{hits['rego']:.0f} hits each, 3,000 rows"
    return [
        Figure(
            "than regorus, eight policies",
            ratio(found["rego"], found["eight-on-lines"]),
            3,
            "x faster",
            True,
            note,
        ),
        Figure(
            "than Cloud Custodian's filters",
            ratio(found["custodian"], found["eight-on-rows"]),
            5,
            "x faster",
            True,
            note,
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="rounds in turn (at least 5 for a verdict)"
    )
    parser.add_argument(
        "--large", action="store_true", help="also 1,000,000 rows: 2 GB of disk, some minutes"
    )
    parser.add_argument("--engine-only", action="store_true", help="not the templates")
    given = parser.parse_args()
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {given.rounds} rounds"
    )
    parts: tuple[Callable[[], list[Figure]], ...] = (
        lambda: time_figures(given.rounds),
        lambda: memory_figures(large=given.large),
        lambda: small_figures(given.rounds),
        lambda: peer_figures(given.rounds),
    )
    for part in parts:
        for figure in part():
            print(figure, flush=True)
    if not given.engine_only:
        templates.main()


if __name__ == "__main__":
    main()
