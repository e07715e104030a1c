"""Saved runs: what changed, since when, the trend, and a file that is whole whatever happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from blueprinter.arm import Resource
from blueprinter.blueprint import SoaEntry
from blueprinter.compliance import (
    Change,
    ControlState,
    Finding,
    History,
    Run,
    ScopeCoverage,
    Statement,
    compare,
    count_gaps,
    snapshot,
)
from blueprinter.compliance.comparing import Failure, mean_age
from blueprinter.diagnostics import InvalidInput
from blueprinter.policy import PolicySeverity
from unit.report import runs


def run_of(day: int, failing: Iterable[str] = ("a", "b"), **changes: object) -> Run:
    """A run of a November day in which these storage accounts fail."""
    findings: list[Finding] = [
        runs.finding(runs.HTTPS, account(name), ["A.8.24"], expected="true", actual="false")
        for name in failing
    ]
    plain = runs.small()
    moved = replace(
        plain,
        run_id=f"run-{day:02}",
        now=datetime(2026, 11, day, 6, 0, tzinfo=UTC),
        findings=tuple(findings),
        findings_total=len(findings),
        pack_sha256="ab" * 32,
    )
    return replace(moved, **changes)


def account(name: str) -> Resource:
    return runs.resource("Microsoft.Storage/storageAccounts", name)


def saved(file: Path, *given: Run) -> list[Run]:
    found = []
    with History(file, create=True) as history:
        for run in given:
            placed = history.placed(run)
            history.save(placed, f"document of {run.run_id}".encode())
            found.append(placed)
    return found


def ages(run: Run) -> dict[str, str]:
    return {found.state.resource.name: found.first_seen for found in run.findings}


def changed(run: Run, change: Change) -> set[str]:
    assert run.comparison is not None
    return {one.resource.rpartition("/")[2] for one in run.comparison.findings if one.change is change}


def test_new_fixed_and_reopened_with_their_ages(tmp_path: Path) -> None:
    first, second, third, fourth = saved(
        tmp_path / "h.db", run_of(1, "ab"), run_of(8, "bc"), run_of(15, "ac"), run_of(16, "ac")
    )
    assert first.comparison is None
    assert ages(first) == {"a": "2026-11-01", "b": "2026-11-01"}
    assert (changed(second, Change.NEW), changed(second, Change.FIXED)) == ({"c"}, {"a"})
    assert ages(second) == {"b": "2026-11-01", "c": "2026-11-08"}
    assert changed(third, Change.REOPENED) == {"a"}
    assert changed(third, Change.NEW) == set()
    assert changed(third, Change.FIXED) == {"b"}
    assert ages(third) == {"a": "2026-11-15", "c": "2026-11-08"}
    assert [point.run_id for point in fourth.trend] == ["run-01", "run-08", "run-15", "run-16"]
    assert [(p.new, p.reopened, p.fixed) for p in fourth.trend] == [
        (0, 0, 0),
        (1, 0, 1),
        (0, 1, 1),
        (0, 0, 0),
    ]
    assert [point.mean_age for point in fourth.trend] == [0, 3, 3, 4]
    assert [point.failing for point in fourth.trend] == [2, 2, 2, 2]
    assert [point.comparable for point in fourth.trend] == [False, True, True, True]


def test_the_same_run_is_saved_once_and_a_run_is_placed_without_being_saved(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    saved(file, run_of(1))
    with History(file) as history:
        assert history.save(history.placed(run_of(1)), b"again") is False
        assert history.placed(run_of(2)).comparison is not None
        assert [run.run_id for run in history.runs()] == ["run-01"]
        assert history.document(history.find("run-01")) == b"document of run-01"


def test_a_run_of_the_past_is_compared_with_what_lies_before_it(tmp_path: Path) -> None:
    *_, late = saved(tmp_path / "h.db", run_of(1, "a"), run_of(20, "abc"), run_of(10, "ab"))
    assert late.comparison is not None
    assert late.comparison.run_id == "run-01"
    assert [point.run_id for point in late.trend] == ["run-01", "run-10"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"blueprint_version": "1.3.0"}, "stub-baseline was 1.2.0, and is now 1.3.0"),
        ({"pack_sha256": "cd" * 32}, "the content of stub-baseline 1.2.0 is another, with the same version"),
    ],
)
def test_another_pack_is_not_comparable_and_breaks_the_trend(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    _, second = saved(tmp_path / "h.db", run_of(1), run_of(2, **changes))  # type: ignore[arg-type] # names
    assert second.comparison is not None
    assert (second.comparison.comparable, second.comparison.why_not) == (False, why)
    assert [point.comparable for point in second.trend] == [False, False]
    assert ages(second) == {"a": "2026-11-01", "b": "2026-11-01"}


def test_another_blueprint_or_assignment_is_another_line(tmp_path: Path) -> None:
    _, other, assigned = saved(
        tmp_path / "h.db", run_of(1), run_of(2, blueprint="other"), run_of(3, assignment="prod")
    )
    assert other.comparison is None
    assert assigned.comparison is None
    assert len(assigned.trend) == 1


def test_scopes_that_came_and_went_are_told(tmp_path: Path) -> None:
    scope = ScopeCoverage("/subscriptions/new", "New", "read", 1)
    wider = replace(run_of(2), population=runs.population(scopes=(scope,)))
    _, second = saved(tmp_path / "h.db", run_of(1), wider)
    assert second.comparison is not None
    assert second.comparison.notes == (
        "1 scope more than before: /subscriptions/new",
        f"1 scope less than before: /subscriptions/{runs.SUBSCRIPTION}",
    )


def test_tests_and_declarations_that_changed_are_told(tmp_path: Path) -> None:
    first = run_of(1)
    entries = {id: SoaEntry(id, True, status="planned") for id in ("A.8.5", "A.8.24")}
    declared = replace(first, statement=Statement("stub-2022", "1", entries))
    without = tuple(
        replace(result, links=()) if result.control.id == "A.8.5" else result for result in first.results
    )
    entries = {**entries, "A.8.24": SoaEntry("A.8.24", False)}
    later = run_of(2, results=without, statement=Statement("stub-2022", "2", entries))
    _, second = saved(tmp_path / "h.db", declared, later)
    assert second.comparison is not None
    assert second.comparison.notes == (
        "1 test less than before: Web apps accept HTTPS only",
        "the SoA declares 1 control otherwise: A.8.24 planned → excluded",
    )


def test_a_list_that_was_cut_tells_nothing_about_what_it_does_not_hold() -> None:
    cut, whole = snapshot(run_of(1, "a", findings_total=9)), snapshot(run_of(2, "b"))
    forth, back = compare(cut, whole), compare(whole, cut)
    assert [one.change for one in forth.findings] == [Change.FIXED]
    assert [one.change for one in back.findings] == [Change.NEW]
    assert "kept only its worst findings" in forth.notes[0]
    assert "kept only its worst findings" in back.notes[0]


def test_names_of_runs(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    saved(file, run_of(1), run_of(2), run_of(11))
    with History(file) as history:
        for name, wanted in (
            ("latest", "run-11"),
            ("latest~2", "run-01"),
            ("run-02", "run-02"),
            ("run-11", "run-11"),
        ):
            assert history.find(name).run_id == wanted
        for name in ("run", "run-9", "", "latest~3", "latest~x"):
            with pytest.raises(InvalidInput) as found:
                history.find(name)
            assert [one.code for one in found.value.diagnostics] == ["BP291"], name


def test_an_interrupt_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "h.db"
    saved(file, run_of(1))
    before = file.read_bytes()

    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    with History(file) as history:
        placed = history.placed(run_of(2, [f"n{i}" for i in range(200)]))
        monkeypatch.setattr("blueprinter.compliance.history.json.dumps", interrupted)
        with pytest.raises(KeyboardInterrupt):
            history.save(placed, b"x")
        monkeypatch.undo()
    assert file.read_bytes() == before
    with History(file) as history:
        assert [run.run_id for run in history.runs()] == ["run-01"]
        assert history.broken() == ()


def test_the_chain_shows_what_was_changed_or_taken_out(tmp_path: Path) -> None:
    for statement in (
        "DELETE FROM run WHERE id = 'run-02'",
        "UPDATE run SET document = (SELECT document FROM run WHERE id = 'run-01') WHERE id = 'run-02'",
        "UPDATE run SET sha256 = 'other' WHERE id = 'run-02'",
    ):
        file = tmp_path / f"{abs(hash(statement))}.db"
        saved(file, run_of(1), run_of(2), run_of(3))
        with History(file) as history:
            assert history.broken() == ()
        base = sqlite3.connect(file)
        base.execute(statement)
        base.commit()
        base.close()
        with History(file) as history:
            assert {one.code for one in history.broken()} == {"BP293"}, statement


@pytest.mark.parametrize("content", [b"this is no database at all, but long enough to be read", b""])
def test_a_file_that_is_no_history_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "h.db"
    file.write_bytes(content)
    with pytest.raises(InvalidInput) as found:
        History(file)
    assert [one.code for one in found.value.diagnostics] == ["BP292"]


def test_a_history_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    saved(file, run_of(1))
    base = sqlite3.connect(file)
    base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(InvalidInput):
        History(file, create=True)


def test_without_a_file_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        History(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_mean_age_is_rounded_down_and_unknown_is_of_today() -> None:
    failures = [
        Failure("t", name, "", PolicySeverity.LOW, (), since)
        for name, since in (("a", "2026-11-10"), ("b", "2026-11-13"), ("c", ""))
    ]
    assert mean_age(failures, date(2026, 11, 20)) == 5
    assert mean_age([], date(2026, 11, 20)) == 0


# --- the baseline of a pipeline -------------------------------------------------------------------------------------


def test_only_new_gaps_count_against_a_baseline() -> None:
    baseline = snapshot(run_of(1, "ab"))
    assert count_gaps(run_of(2, "ab")) == 1
    assert count_gaps(run_of(2, "ab"), None, baseline) == 0
    assert count_gaps(run_of(2, "b"), None, baseline) == 0
    assert count_gaps(run_of(2, "abc"), None, baseline) == 1


def test_a_control_that_was_no_gap_before_counts() -> None:
    run = run_of(1, "ab")
    fine = tuple(
        replace(result, state=ControlState.SATISFIED) if result.control.id == "A.8.24" else result
        for result in run.results
    )
    assert count_gaps(run_of(2, "ab"), None, snapshot(replace(run, results=fine))) == 1


def test_without_controls_new_failures_count() -> None:
    bare = {"results": (), "framework": None}
    baseline = snapshot(run_of(1, "ab", **bare))  # type: ignore[arg-type] # names
    later = run_of(2, "bcd", **bare)  # type: ignore[arg-type] # names
    assert count_gaps(later, None, baseline) == 2
    assert count_gaps(later, PolicySeverity.CRITICAL, baseline) == 0
