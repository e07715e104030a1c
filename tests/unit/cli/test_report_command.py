"""`evaluate --save`, `report`, `history`: a run is kept, compared, and written again without evaluating."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unit.cli.conftest import Cli, Done
from unit.cli.test_evaluate_command import HTTPS_ONLY, STORAGE, rows, write

FORMATS = ("console", "json", "csv", "markdown", "sarif", "github", "azure-devops", "junit")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write(tmp_path / "rules" / "https-only.json", HTTPS_ONLY)


def account(name: str, *, https: bool = False) -> str:
    id = STORAGE["id"]
    assert isinstance(id, str)
    body = {
        **STORAGE,
        "name": name,
        "id": f"{id[:-1]}{name}",
        "properties": {"supportsHttpsTrafficOnly": https},
    }
    return json.dumps(body)


def evaluated(
    cli: Cli, tmp_path: Path, policy: Path, day: int, *names: str, more: tuple[str, ...] = ()
) -> Done:
    """A run of a day in which these accounts fail and `fine` does not."""
    lines = [account("fine", https=True), *(account(name) for name in names)]
    inventory = rows(tmp_path, *lines)
    now = f"2026-11-{day:02}T06:00:00Z"
    return cli("evaluate", "--policies", policy, "--inventory", inventory, "--now", now, *more)


def test_a_saved_run_gives_every_format_again(cli: Cli, tmp_path: Path, policy: Path) -> None:
    outputs = [part for name in FORMATS for part in ("-o", f"{name}=first/{name}")]
    assert evaluated(cli, tmp_path, policy, 1, "a", "b", more=("--save", *outputs)).code == 3
    again = [part for name in FORMATS for part in ("-o", f"{name}=second/{name}")]
    assert cli("report", "latest", *again).code == 0
    for name in FORMATS:
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), name
    assert cli("report", "first/json", "-o", "json=third.json").code == 0
    assert (tmp_path / "third.json").read_bytes() == (tmp_path / "first" / "json").read_bytes()


def test_history_lists_shows_and_compares(cli: Cli, tmp_path: Path, policy: Path) -> None:
    for day, names in ((1, "ab"), (2, "bc")):
        evaluated(cli, tmp_path, policy, day, *names, more=("--save", "-o", "json=run.json"))
    listed = json.loads(cli("history", "list", "-o", "json").out)
    assert [(run["new"], run["fixed"], run["failing"]) for run in listed["runs"]] == [(0, 0, 2), (1, 1, 2)]
    newest = listed["runs"][-1]["run"]
    lines = cli("history", "list").out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["run", "blueprint", "gaps", "failures", "new", "fixed", "reopened"],
        [newest, "policies", "0", "2", "1", "1", "0"],
    ]
    assert lines[1][lines[0].index("failures") + len("failures") - 1] == "2"  # below the end of its head
    assert lines[2].endswith("first of its pack")
    assert json.loads(cli("history", "show").out)["run"]["id"] == newest
    found = json.loads(cli("history", "compare", "-o", "json").out)["comparison"]
    assert found["counts"] == {"new": 1, "reopened": 0, "fixed": 1}
    assert "new: HTTPS only" in cli("history", "compare").out
    since = cli("report", "latest", "--since", "latest~1", "-o", "markdown")
    assert "1 new" in since.out


def test_a_baseline_lets_known_gaps_pass_and_new_ones_fail(cli: Cli, tmp_path: Path, policy: Path) -> None:
    assert evaluated(cli, tmp_path, policy, 1, "a", more=("-o", "json=old.json")).code == 3
    for names, code in ((("a",), 0), ((), 0), (("a", "b"), 3), (("b",), 3)):
        done = evaluated(
            cli, tmp_path, policy, 2, *names, more=("--baseline", "old.json", "-o", "json=new.json")
        )
        assert done.code == code, names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report", "none.json"), "BP290"),
        (("report", "latest"), "BP292"),
        (("history", "list"), "BP292"),
        (("report", "rules/https-only.json"), "BP290"),
    ],
)
def test_what_is_no_run_is_named(cli: Cli, policy: Path, arguments: tuple[str, ...], message: str) -> None:
    done = cli(*arguments)
    assert done.code == 2
    assert message in done.err


def test_a_format_that_cannot_write_a_document_says_which_can(cli: Cli, tmp_path: Path, policy: Path) -> None:
    evaluated(cli, tmp_path, policy, 1, "a", more=("-o", "json=run.json"))
    done = cli("report", "run.json", "--document", "soa", "-o", "sarif=x.sarif")
    assert done.code == 2
    assert "formats: csv, markdown, html" in done.err
    done = cli("report", "run.json", "-o", "oscal")
    assert "is written to a file or folder" in done.err


def test_a_sample_comes_again_with_its_seed(cli: Cli, tmp_path: Path, policy: Path) -> None:
    evaluated(cli, tmp_path, policy, 1, *"abcdefgh", more=("-o", "json=run.json"))
    drawn = [cli("report", "run.json", "--sample", "3", "--seed", seed, "-o", "json").out for seed in "112"]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(json.loads(drawn[0])["sample"]) == 3


def test_a_sample_of_every_state_draws_what_passes_too(cli: Cli, tmp_path: Path, policy: Path) -> None:
    more = ("--all-states", "-o", "json=run.json", "-o", "jsonl=states.jsonl")
    evaluated(cli, tmp_path, policy, 1, *"abcdefgh", more=more)
    arguments = ("report", "run.json", "--sample", "4", "--states", "states.jsonl", "-o", "json", "--seed")
    drawn = [cli(*arguments, seed).out for seed in "112"]
    assert drawn[0] == drawn[1] != drawn[2]
    found = json.loads(drawn[0])
    assert (found["states"]["resources"], found["states"]["passing"], len(found["sample"])) == (9, 1, 4)
    lines = (tmp_path / "states.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "states.jsonl").write_text("".join(reversed(lines)), encoding="utf-8")
    again = json.loads(cli(*arguments, "1").out)
    assert again["sample"] == found["sample"], "the order of the lines plays no part"
    everything = json.loads(cli("report", "run.json", "--sample", "99", *arguments[4:], "1").out)["sample"]
    results = {one["resourceId"]: one["findings"][0]["result"] for one in everything}
    assert len(results) == 9
    assert list(results.values()).count("Compliant") == 1
    assert list(results)[:4] == [one["resourceId"] for one in found["sample"]]
    (tmp_path / "states.jsonl").write_text("".join(lines[:2]), encoding="utf-8")
    refused = cli(*arguments, "1")
    assert refused.code == 2
    assert "states of another run" in refused.err
    (tmp_path / "states.jsonl").write_text("[]\n", encoding="utf-8")
    assert "BP290" in cli(*arguments, "1").err


def test_a_workbook_and_the_other_files(cli: Cli, tmp_path: Path, policy: Path) -> None:
    evaluated(cli, tmp_path, policy, 1, *"abc", more=("-o", "json=run.json"))
    assert cli("report", "run.json", "-o", "gaps.xlsx", "-o", "page.html", "--max-findings", "1").code == 0
    assert (tmp_path / "gaps.xlsx").read_bytes().startswith(b"PK")
    assert len((tmp_path / "page.findings.jsonl").read_text().splitlines()) == 3
    assert not list(tmp_path.glob(".*.html*"))


def test_a_device_is_written_to_and_stays_a_device(cli: Cli, tmp_path: Path, policy: Path) -> None:
    evaluated(cli, tmp_path, policy, 1, "a", more=("-o", "json=run.json"))
    null = Path("/dev/null")
    if not null.is_char_device():
        pytest.skip("needs /dev/null")
    link = tmp_path / "sink"
    link.symlink_to(null)
    assert cli("report", "run.json", "-o", f"json={link}").code == 0
    assert link.is_char_device()


def test_the_command_of_a_result_gives_the_same_result(cli: Cli, tmp_path: Path, policy: Path) -> None:
    more = ("--warn-days", "10", "--allow-partial", "-o", "json=run.json")
    evaluated(cli, tmp_path, policy, 1, "a", more=more)
    first = (tmp_path / "run.json").read_bytes()
    run = json.loads(first)["run"]
    (tmp_path / "run.json").unlink()
    assert {"--warn-days", "--allow-partial", "--policies", "--inventory"} <= set(run["arguments"])
    cli(*run["arguments"], "--now", run["now"], "-o", "json=run.json")
    assert (tmp_path / "run.json").read_bytes() == first
    assert [one["passed"] for one in run["conformance"]] == [one["cases"] for one in run["conformance"]]
