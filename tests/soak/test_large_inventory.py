"""A large inventory is read as a stream: ten times the rows take no more memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from blueprinter.content import shipped

PROGRAM = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import OfflineSource, read_inventories
from blueprinter.content import shipped
from blueprinter.policy import AssignedPolicy, compile_policies

workspace = open_workspace(shipped("blueprints").parent)
chosen = [workspace.definitions[name] for name in ("storage-https-only", "app-https-only", "sql-server-tls-version")]
policies = compile_policies(
    [AssignedPolicy(one) for one in chosen], aliases=workspace.aliases, now="2026-11-20T06:00:00.0000000Z"
)
estate = read_inventories([Path(sys.argv[1])], now=datetime(2026, 11, 20, tzinfo=UTC))
states = sum(1 for _ in OfflineSource(estate, policies).states(""))
print(states, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def rows(file: Path, count: int) -> Path:
    lines = [
        line
        for source in sorted((shipped("examples") / "contoso" / "inventory").glob("*.jsonl"))
        for line in source.read_bytes().splitlines()
    ]
    with file.open("wb") as out:
        for index in range(count):
            row = orjson.loads(lines[index % len(lines)])
            row["id"] = f"{row['id']}-{index}"
            out.write(orjson.dumps(row) + b"\n")
    return file


def measured(file: Path) -> tuple[int, int]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(file)], capture_output=True, text=True, check=True
    )
    states, peak = done.stdout.split()
    return int(states), int(peak)


@pytest.mark.soak
def test_memory_grows_far_slower_than_the_inventory(tmp_path: Path) -> None:
    few, small = measured(rows(tmp_path / "small.jsonl", 10_000))
    many, large = measured(rows(tmp_path / "large.jsonl", 200_000))
    assert many > 15 * few
    assert large < 2 * small + 64, f"{small} MB for 10,000 rows, {large} MB for 200,000"
