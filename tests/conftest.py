"""What all tests share."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from blueprinter.cli import workspace
from blueprinter.document import note
from blueprinter.policy import PolicyDefinition

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")
"""A file system in memory, on Linux."""


def keep_temporary_files_in_memory() -> None:
    """The tests make and delete tens of thousands of small files, which a disk is slow at. `TMPDIR` of the caller, and
    a machine with little room there, as containers have, are left as they are."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free < 2**30 or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # so that it is asked for again


keep_temporary_files_in_memory()


def pytest_collection_finish() -> None:
    """Modules and tests live until the end: nothing of them is garbage that is worth looking for again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _shipped_policies_are_read_once() -> Iterator[None]:
    """Definitions are immutable, and hundreds of tests open the same two hundred files."""
    read = workspace._definition
    known: dict[tuple[Path, int], PolicyDefinition] = {}

    def definition(file: Path) -> PolicyDefinition:
        if not file.is_relative_to(ROOT / "policies"):
            return read(file)
        note(file)  # what a run read goes into its bundle
        key = (file, file.stat().st_mtime_ns)
        if key not in known:
            known[key] = read(file)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace, "_definition", definition)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of conformance cases and real inputs beside the checkout; tests that need it skip without it."""
    folder = ROOT.parent / "shared"
    if not (folder / "conformance").is_dir():
        pytest.skip("needs the folder of conformance cases beside the checkout, which is not part of it")
    return folder
