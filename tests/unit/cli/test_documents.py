"""What the documents tell people to type exists, and what they link to is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from blueprinter.cli import cli
from blueprinter.cli.variables import PREFIX, SHARED, SPOKEN
from blueprinter.deploy.environments_file import EnvironmentFile, EnvironmentsFile
from unit.cli.command_lines import parse

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("examples/**/README.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(blueprinter [a-z][^`]*)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
NOT_WRITTEN_OUT = re.compile(r"[…|]|\.\.\.")


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def command_lines(file: Path) -> Iterator[str]:
    """What stands in blocks for a shell, and in running text."""
    text = text_of(file)
    for language, block in BLOCK.findall(text):
        if language in ("sh", "bash", "console", "shell"):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("blueprinter "):
                    yield re.sub(r"\s+#.*|\s+&$|\s+[|>].*", "", line)
    for line in INLINE.findall(BLOCK.sub("", text)):
        if not NOT_WRITTEN_OUT.search(line):
            yield line


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_command_and_option_exists(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for line in command_lines(file):
        try:
            parse(shlex.split(re.sub(r"<id>|\bID\b", SUBSCRIPTION, line))[1:])
        except click.MissingParameter:
            pass  # running text names a command without its arguments
        except click.exceptions.Exit as left:
            if left.exit_code != 0:  # 0 where the line asks for help
                raise
        except click.UsageError as wrong:
            if "does not exist" in wrong.format_message():
                continue  # a file of the reader's
            pytest.fail(f"{line}: {wrong.format_message()}")


def test_commands_are_found() -> None:
    """Or the test above would check nothing."""
    assert sum(1 for file in DOCUMENTS for _ in command_lines(file)) > 60


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path) -> None:
    targets = [link for link in LINK.findall(text_of(file)) if "://" not in link]
    assert [link for link in targets if not (file.parent / link).exists()] == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    linked = {
        (ROOT / link).resolve() for link in LINK.findall(text_of(ROOT / "README.md")) if "://" not in link
    }
    assert set((ROOT / "docs").glob("*.md")) <= linked


def test_the_variables_of_all_commands_are_listed() -> None:
    text = text_of(ROOT / "docs" / "deploying.md")
    own = {one for option in cli.params for one in option.envvar or ()}
    for name in {*own, *(f"{PREFIX}_{name.upper()}" for name in SHARED)}:
        assert f"`{name}`" in text
    for name in SPOKEN - {"help", "version"}:
        assert f"`--{name}`" in text


def test_the_environments_of_the_documents_are_as_the_schema_has_them() -> None:
    text = text_of(ROOT / "docs" / "deploying.md")
    examples = [yaml.safe_load(block) for language, block in BLOCK.findall(text) if language == "yaml"]
    (found,) = [one for one in examples if one.get("schema") == "blueprinter/environments/1"]
    EnvironmentsFile.model_validate(found)
    used = {key for row in found["environments"].values() for key in row} | set(found)
    keys = {field.alias or name for name, field in EnvironmentFile.model_fields.items()}
    assert keys <= used
    table = {
        name for line in text.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)
    }
    assert keys <= table
