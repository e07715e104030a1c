"""The policy tests of the conformance folder: every case of every file must pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from blueprinter.policy import AliasTable, load_tests, run_cases

FOLDER = Path(__file__).parents[3] / "shared" / "conformance" / "policy"
FILES = sorted(FOLDER.rglob("*.tests.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(FOLDER).as_posix())
def test_case_file(file: Path) -> None:
    results = run_cases(load_tests(file), FOLDER, AliasTable.empty())
    assert results
    failed = [
        (result.name, dict(result.expected), dict(result.actual)) for result in results if not result.passed
    ]
    assert not failed


def test_there_are_cases(shared: Path) -> None:
    assert FILES, "the conformance folder holds policy tests"
