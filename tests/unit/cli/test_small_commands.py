"""`explain`, `schema`, `show`, `completion`: what there is, and what it means."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from blueprinter.cli import COMMANDS
from blueprinter.cli.sections import SectionedCommand
from unit.cli.command_lines import parse
from unit.cli.conftest import Cli

CODE = re.compile(r"\bBP\d{3}\b")


def test_every_code_stands_once_and_is_explained(cli: Cli) -> None:
    listed = cli("explain")
    codes = CODE.findall(listed.out)
    assert listed.code == 0
    assert len(codes) == len(set(codes)) > 100
    for code in codes:
        explained = cli("explain", code)
        assert explained.code == 0
        assert len(explained.out.splitlines()) > 2, code


def test_every_code_that_is_raised_is_explained(cli: Cli, root: Path) -> None:
    known = set(CODE.findall(cli("explain").out))
    raised = {
        code
        for file in (root / "src").rglob("*.py")
        for code in re.findall(r'"(BP\d{3})"', file.read_text(encoding="utf-8"))
    }
    assert raised <= known


def test_an_unknown_code_is_answered_with_a_hint(cli: Cli) -> None:
    done = cli("explain", "BP1006")
    assert done.code == 2
    assert "did you mean" in done.err


def test_every_schema_is_a_schema(cli: Cli) -> None:
    kinds = cli("schema").out.split()
    assert {"blueprint", "controls", "framework", "assignment", "exemptions", "soa"} <= set(kinds)
    for kind in kinds:
        schema = json.loads(cli("schema", kind).out)
        assert schema["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize(
    "kind",
    [
        "frameworks",
        "framework",
        "controls",
        "coverage",
        "blueprints",
        "policies",
        "policy",
        "templates",
        "formats",
        "targets",
    ],
)
def test_show(cli: Cli, kind: str) -> None:
    done = cli("show", kind)
    assert done.code == 0
    assert done.out


def test_blueprints_are_listed_by_title(cli: Cli) -> None:
    lines = cli("show", "blueprints").out.splitlines()
    rows = dict(line.split(maxsplit=1) for line in lines)
    assert rows["iso-27001-2022"] == "ISO/IEC 27001:2022"
    # names stand apart from what follows, however long they are
    assert "microsoft-iso-27001-2013-government" in rows


def test_a_blueprint_is_shown_with_its_parameters(cli: Cli) -> None:
    text = cli("show", "blueprint", "iso-27001-2022").out
    assert "allowedIssuerHosts (array, has a default): Allowed token issuers" in text
    (item,) = json.loads(cli("show", "blueprint", "iso-27001-2022", "-o", "json").out)["items"]
    assert {one["name"] for one in item["parameters"]} >= {"allowedIssuerHosts", "approvedExtensions"}
    done = cli("show", "blueprint", "iso-27001-2021")
    assert done.code == 2
    assert "did you mean `iso-27001-202" in done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(cli: Cli, shell: str) -> None:
    assert "_BLUEPRINTER_COMPLETE" in cli("completion", shell).out


def test_an_unknown_command_says_so(cli: Cli) -> None:
    done = cli("evalaute")
    assert done.code == 2
    assert "evalaute" in done.err


def test_every_option_of_a_long_command_stands_under_one_heading(cli: Cli) -> None:
    text = cli("evaluate", "--help").out
    headings = re.findall(r"^(\S.*):$", text, re.MULTILINE)
    assert headings[:2] == ["Judged by", "What is judged, from files"]
    command = parse(["evaluate", "x"]).command
    assert isinstance(command, SectionedCommand)
    named = [name for names in command.sections.values() for name in names]
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    assert sorted(named) == sorted(one.opts[-1] for one in options)
    assert text.rpartition("Other options:")[2].split()[:2] == ["-h,", "--help"]


def test_commands_stand_under_headings(cli: Cli) -> None:
    text = cli("--help").out
    for row in COMMANDS:
        assert f"\n  {row.name} " in text.partition(f"\n{row.section}:")[2]
