"""What the sandbox keeps, and that it keeps it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from blueprinter.diagnostics import InvalidInput
from unit.sandbox.heart_box import GROUP, STORAGE, SUB, Asking

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from blueprinter.sandbox import Request, open_sandbox

box = open_sandbox(Path(sys.argv[1]), clock=lambda: datetime(2026, 11, 20, tzinfo=UTC))
group = "https://arm/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg"
box.handle(Request("PUT", f"{group}?api-version=2024-01-01", {}, b'{"location": "westeurope"}'))
number = 0
while True:
    url = f"{group}/providers/Microsoft.Storage/storageAccounts/a{number}?api-version=2024-01-01"
    answer = box.handle(Request("PUT", url, {}, b'{"location": "westeurope"}'))
    print(number, answer.status, flush=True)
    number += 1
"""


def test_state_outlives_kill_at_any_moment(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(state)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(300)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [line for line in writer.stdout if line.endswith("\n")]
    numbers = {int(line.split()[0]) for line in acknowledged if line.split()[1:] == ["201"]}
    assert len(numbers) >= 300

    asking = Asking(state)
    kept = {int(name[1:]) for name in asking.names(f"{GROUP}/resources")}
    asking.box.close()
    assert numbers <= kept


def test_a_second_sandbox_on_one_state_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    first = Asking(state)
    with pytest.raises(InvalidInput) as found:
        Asking(state)
    assert [one.code for one in found.value.diagnostics] == ["BP701"]
    first.box.close()
    Asking(state).box.close()


def test_numbers_and_ids_go_on_after_reopening(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    first = Asking(state)
    first.group()
    made = first.storage(identity={"type": "SystemAssigned"})["identity"]["principalId"]
    ticks = first.box.ticks
    first.box.close()

    second = Asking(state)
    again = second.storage("two", identity={"type": "SystemAssigned"})["identity"]["principalId"]
    assert again != made
    assert second.box.ticks > ticks
    second.box.close()


def test_a_snapshot_goes_on_by_itself_where_it_is_restored() -> None:
    first = Asking()
    first.group()
    first.storage()
    kept, ticks = first.box.snapshot(), first.box.ticks
    first.storage("later")

    second = Asking()
    second.group("other")
    second.box.restore(kept)
    assert second.names(f"{SUB}/resourceGroups") == ["rg"]
    assert second.box.ticks == ticks + 1
    identity = {"type": "SystemAssigned"}
    made = second.storage("two", identity=identity)["identity"]["principalId"]
    first.box.restore(kept)
    assert first.names(f"{GROUP}/resources") == ["one"]
    assert first.storage("two", identity=identity)["identity"]["principalId"] == made


@pytest.mark.parametrize(
    ("content", "code"), [(b"this is a text of some length, no database", "BP702"), (None, "BP702")]
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes | None, code: str) -> None:
    state = tmp_path / "state.db"
    if content is None:
        connection = sqlite3.connect(state)
        connection.execute("CREATE TABLE other (id)")
        connection.commit()
        connection.close()
    else:
        state.write_bytes(content * 40)
    before = state.read_bytes()
    with pytest.raises(InvalidInput) as found:
        Asking(state)
    assert [one.code for one in found.value.diagnostics] == [code]
    assert state.read_bytes() == before


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    Asking(state).box.close()
    connection = sqlite3.connect(state)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InvalidInput) as found:
        Asking(state)
    assert [one.code for one in found.value.diagnostics] == ["BP703"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as found:
        Asking(tmp_path / "no" / "state.db")
    assert [one.code for one in found.value.diagnostics] == ["BP704"]


def test_objects_below_a_scope_and_not_beside_it() -> None:
    asking = Asking()
    with asking.box.open_box() as box:
        for id in ("/a/b", "/a/b/c", "/a/b/c/d", "/a/b-c", "/a/bc"):
            box.store.put(id, "Some/type", {"id": id})
        assert [found.id for found in box.store.below("/A/B")] == ["/a/b/c", "/a/b/c/d"]
        assert [found.id for found in box.store.of_type("some/TYPE", "/a/b")] == [
            "/a/b",
            "/a/b/c",
            "/a/b/c/d",
        ]
        assert [found.id for found in box.store.of_type("some/type", "/a/b", after="/a/b/c")] == ["/a/b/c/d"]
        assert box.store.count("some/type", "/a/b") == 3
        assert box.store.delete("/a/b")
        assert [found.id for found in box.store.of_type("some/type")] == ["/a/b-c", "/a/bc"]


def test_first_spelling_and_time_stay() -> None:
    asking = Asking()
    with asking.box.open_box() as box:
        first = box.store.put("/A/One", "T/t", {"v": 1}, notes={"by": "me"})
        second = box.store.put("/a/one", "T/t", {"v": 2})
        assert (second.id, second.notes, second.created) == ("/A/One", {"by": "me"}, first.created)
        assert box.store.get("/a/ONE/") == second


def test_what_is_written_while_reading_does_not_disturb() -> None:
    asking = Asking()
    with asking.box.open_box() as box:
        for number in range(1200):
            box.store.put(f"/a/{number:05}", "T/t", {})
        seen = 0
        for found in box.store.of_type("T/t"):
            box.store.delete(found.id)
            seen += 1
        assert (seen, box.store.count("T/t")) == (1200, 0)


def test_refused_request_leaves_nothing() -> None:
    asking = Asking()
    before = asking.box.store.count("Microsoft.Storage/storageAccounts")
    assert asking.refused("PUT", f"{STORAGE}/one", {"location": "x"}) == (404, "ResourceGroupNotFound")
    assert asking.box.store.count("Microsoft.Storage/storageAccounts") == before
    assert asking.ok("GET", SUB)["displayName"] == "Sandbox"
