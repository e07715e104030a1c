"""`make bench`: what the engine costs over a plain pass through the same input, in one run on one machine.

The floor is one pass `for line in file: orjson.loads(line)`. Every figure is a ratio to it, the median of
rounds that run in turn, so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import templates

from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import OfflineSource, read_inventories
from blueprinter.content import shipped
from blueprinter.policy import AssignedPolicy, PolicySet, compile_policies

ROUNDS = 5
ROWS = 10_000
NOW = "2026-11-20T06:00:00.0000000Z"


def estate_rows() -> list[bytes]:
    """The demo estate, repeated with other names until there are enough rows."""
    lines = [
        line
        for file in sorted((shipped("examples") / "contoso" / "inventory").glob("*.jsonl"))
        for line in file.read_bytes().splitlines()
    ]
    rows = []
    for index in range(ROWS):
        row = orjson.loads(lines[index % len(lines)])
        row["id"] = f"{row['id']}-{index}" if index >= len(lines) else row["id"]
        rows.append(orjson.dumps(row))
    return rows


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    workspace = open_workspace(shipped("blueprints").parent)
    assigned = [AssignedPolicy(definition) for definition in workspace.definitions.values()]
    policies = compile_policies(assigned, aliases=workspace.aliases, now=NOW)
    compile_time = seconds(lambda: compile_policies(assigned, aliases=workspace.aliases, now=NOW))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "estate.jsonl"
        file.write_bytes(b"\n".join(estate_rows()) + b"\n")
        tasks: dict[str, Callable[[], object]] = {
            "floor: parse every line": lambda: floor(file),
            "read an inventory": lambda: read(file),
            "read and judge": lambda: states.append(judge(file, policies)),
        }
        states: list[int] = []
        times: dict[str, list[float]] = {name: [] for name in tasks}
        for _ in range(ROUNDS):
            for name, work in tasks.items():
                times[name].append(seconds(work))
    base = times["floor: parse every line"]
    print(
        f"{ROWS:,} resources, {len(assigned)} policies, {ROUNDS} rounds; compiled in {compile_time * 1000:.0f} ms"
    )
    for name, taken in times.items():
        ratio = statistics.median(own / one for own, one in zip(taken, base, strict=True))
        print(f"{name:<28}{ratio:7.2f} x floor   ({statistics.median(taken):.3f} s)")
    rate = states[-1] / statistics.median(times["read and judge"])
    print(f"{states[-1]:,} policy states, about {rate:,.0f} a second")


def floor(file: Path) -> None:
    with file.open("rb") as lines:
        for line in lines:
            orjson.loads(line)


def read(file: Path) -> None:
    for _ in read_inventories([file], now=datetime(2026, 11, 20, tzinfo=UTC)).resources():
        pass


def judge(file: Path, policies: PolicySet) -> int:
    estate = read_inventories([file], now=datetime(2026, 11, 20, tzinfo=UTC))
    return sum(1 for _ in OfflineSource(estate, policies).states(""))


if __name__ == "__main__":
    main()
    templates.main()
