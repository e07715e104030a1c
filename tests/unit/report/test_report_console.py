"""The console report: what comes first, how wide it is, and that plain means plain."""

from __future__ import annotations

import pytest

from blueprinter.compliance import ControlState, Run
from blueprinter.report import FORMATS, ReportOptions
from unit.report import runs


def written(run: Run, **options: object) -> str:
    row = FORMATS.get("console")
    assert row is not None
    assert row.write is not None
    return "".join(row.write(run, ReportOptions(**options)))  # type: ignore[arg-type]  # test shorthand


def test_verdict_then_gaps_then_at_risk_then_incomplete_then_findings() -> None:
    run = runs.medium()
    text = written(run, width=120)
    marks = [
        run.headline[0],
        "93 controls:",
        "Gap (6)",
        "At risk (2)",
        "Incomplete (5)",
        "Findings (52",
        "Exemptions",
    ]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert text.index("A.8.20") < text.index("A.8.24") < text.index("A.8.26") < text.index("A.5.2 ")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("make", [runs.small, runs.medium, runs.hostile, runs.without_framework])
def test_no_line_is_wider_than_the_terminal(make: object, width: int) -> None:
    assert callable(make)
    assert max(len(line) for line in written(make(), width=width).splitlines()) <= width


def test_plain_text_has_no_escape_codes_no_boxes_and_no_trailing_space() -> None:
    text = written(runs.medium(), width=100)
    assert "\x1b" not in text
    assert not set(text) & set("│─┌┐└┘├┤┬┴┼━┃╭╮╰╯|")
    assert all(line == line.rstrip() for line in text.splitlines())
    assert text.endswith("\n")


def test_colour_changes_no_word() -> None:
    import re

    run = runs.medium()
    coloured = written(run, width=100, color=True)
    assert "\x1b[" in coloured
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == written(run, width=100).splitlines()


def test_every_control_that_needs_work_is_there_with_its_reason() -> None:
    run = runs.small()
    flat = " ".join(written(run, width=200).split())
    for result in run.results:
        if result.state in (ControlState.GAP, ControlState.AT_RISK, ControlState.INCOMPLETE):
            assert f"{result.control.title}: {result.reasons[0]}" in flat


def test_without_a_framework_only_findings_are_shown() -> None:
    text = written(runs.without_framework(), width=120)
    assert "Findings (2 failures, 1 undecided, 1 exempt)" in text
    assert "controls" not in text.casefold()
    assert "Coverage" not in text


def test_the_environment_does_not_change_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    before = written(runs.small(), width=100)
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "40"), ("TERM", "dumb"), ("TTY_COMPATIBLE", "1")):
        monkeypatch.setenv(name, value)
    assert written(runs.small(), width=100) == before
