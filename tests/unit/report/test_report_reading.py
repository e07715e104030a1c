"""A run that was read from its JSON says in every format what the run itself says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from blueprinter.compliance import Run
from blueprinter.diagnostics import InvalidInput
from blueprinter.report import FORMATS, ReportOptions, read_run
from unit.report import runs

MAKERS = [runs.small, runs.medium, runs.full, runs.hostile, runs.empty, runs.without_framework]
TEXT_FORMATS = [row.name for row in FORMATS if row.write is not None]


def written(run: Run, name: str) -> str:
    row = FORMATS.get(name)
    assert row is not None
    assert row.write is not None
    return "".join(row.write(run, ReportOptions(all_states=True)))


def read(text: str) -> Run:
    return read_run(text.encode(), "run.json")


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_every_format_is_the_same_from_the_run_and_from_its_json(make: Callable[[], Run], name: str) -> None:
    run = make()
    text = written(run, "json")
    assert written(read(text), name) == written(run, name)


def test_a_document_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidInput) as found:
        read('{"schema": "blueprinter/validate/1"}')
    assert [one.code for one in found.value.diagnostics] == ["BP290"]


@pytest.mark.parametrize("lost", ["controls", "findings", "population", "trend", "policies"])
def test_a_document_that_lost_a_part_is_refused(lost: str) -> None:
    whole: dict[str, Any] = json.loads(written(runs.small(), "json"))
    del whole[lost]
    with pytest.raises(InvalidInput) as found:
        read(json.dumps(whole))
    assert lost in found.value.diagnostics[0].message
