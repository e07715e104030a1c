"""A live run in a bundle: the answers of Azure are kept with it, so that it comes out again without Azure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from blueprinter.azure import ArmClient, AzureError, Replay, connect_in_process, read_exchanges
from blueprinter.cli import run as command
from blueprinter.cli.loop import Loop
from contract.contoso import NOW, assigned_estate

Commands = Callable[..., int]
EVALUATED = (NOW + timedelta(minutes=16)).isoformat()


@pytest.fixture(scope="module")
def loop(root: Path) -> Iterator[Loop]:
    with assigned_estate(root) as found:
        yield found


@pytest.fixture
def commands(root: Path, loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Runs commands in a folder of their own; those that ask Azure ask the sandbox."""
    monkeypatch.chdir(tmp_path)

    def opened(*_: object) -> ArmClient:
        connection = connect_in_process(loop.sandbox.respond)
        return ArmClient(connection, poll_seconds=0, sleep=lambda _: None)

    monkeypatch.setattr("blueprinter.cli.commands.evaluate.client", opened)
    return lambda *arguments: command([str(one) for one in arguments])


TRIGGER = ("--trigger", "--sandbox", "http://127.0.0.1:4280")
"""With a sandbox nothing is waited for; the client is another one here."""


@pytest.mark.parametrize(("source", "more"), [("resource-graph", TRIGGER), ("policy-insights", ())])
def test_a_live_run_comes_out_again_from_the_answers_that_were_kept(
    root: Path,
    commands: Commands,
    tmp_path: Path,
    source: str,
    more: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    estate = root / "examples/contoso"
    code = commands(
        "evaluate", "-a", estate / "assignments/contoso.yaml", "--registers", estate / "registers", "--source", source,
        "--now", EVALUATED, "--save", *more, "--fail-on", "none", "-o", "json=run.json",
    )  # fmt: skip
    assert code == 0, capsys.readouterr().err
    headline = json.loads(Path("run.json").read_text(encoding="utf-8"))["headline"]
    assert "collected until 2026-11-20 06:16 UTC" in headline[0]  # the clock goes on from `--now`
    assert commands("history", "bundle", "-o", "evidence.zip") == 0, capsys.readouterr().err

    def nobody(*_: object) -> ArmClient:
        raise AssertionError("Azure is asked")

    monkeypatch.setattr("blueprinter.cli.commands.evaluate.client", nobody)
    assert commands("history", "verify", "evidence.zip") == 0, capsys.readouterr().err
    assert commands("history", "bundle", "-o", "evidence") == 0
    answers = (tmp_path / "evidence/answers.jsonl").read_bytes()
    exchanges = list(read_exchanges(answers.splitlines()))
    assert len(exchanges) > 5
    assert {one.status for one in exchanges} == ({200, 202} if more else {200})
    assert b"Bearer" not in answers
    assert b"authorization" not in json.dumps([dict(one.headers) for one in exchanges]).lower().encode()
    in_force = json.loads((tmp_path / "evidence/in-force.json").read_bytes())
    assert all(one["policyAssignmentId"] for one in in_force)
    assert len(in_force) > 100


def test_a_recording_says_what_it_was_never_asked() -> None:
    with (
        ArmClient(connect_in_process(Replay(()).handle)) as arm,
        pytest.raises(AzureError, match="no answer to this request") as raised,
    ):
        arm.get("/subscriptions", "2022-12-01")
    assert raised.value.row == "BP609"
