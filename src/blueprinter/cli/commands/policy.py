"""`blueprinter policy test|lint|explain|diff`: the policy engine alone."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from blueprinter.blueprint import policy_names
from blueprinter.cli import Settings
from blueprinter.cli.commands import policy_diff, policy_explain, policy_lint
from blueprinter.cli.inputs import files_of
from blueprinter.cli.remarks import say
from blueprinter.cli.workspace import open_workspace
from blueprinter.diagnostics import InvalidInput
from blueprinter.policy import CaseResult, cases_as_json, load_tests, run_cases
from blueprinter.text import for_terminal, plural

_SUFFIXES = ("tests.yaml", "tests.yml", "tests.json")


@click.group("policy", help="The policy engine alone.")
def command() -> None:
    """The group."""


command.add_command(policy_lint.command)
command.add_command(policy_explain.command)
command.add_command(policy_diff.command)


@command.command("test")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def test_command(settings: Settings, paths: tuple[str, ...], output: str) -> int:
    """Run policy tests: files, folders or quoted globs of tests.yaml (default: ./policies).

    Exit code 1 when a case fails, 2 when a test file or its policy is invalid.
    """
    folders = [Path(path) for path in paths or ("policies",)]
    files = [file for folder in folders for file in _test_files(folder)]
    aliases = open_workspace(Path.cwd()).aliases
    results: list[CaseResult] = []
    faults: list[InvalidInput] = []
    for file in files:
        try:
            results.extend(run_cases(load_tests(file), _root(file, folders), aliases))
        except InvalidInput as found:
            faults.append(found)
    untested = _untested(folders)
    failed = [result for result in results if not result.passed]
    if output == "json":
        document = cases_as_json(results, untested=untested)
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        for result in failed:
            click.echo(
                f"FAILED {for_terminal(result.file)}: {for_terminal(result.name)}\n"
                f"  expected {for_terminal(str(result.expected))}\n  actual   {for_terminal(str(result.actual))}"
            )
        for path in untested:
            click.echo(f"untested {for_terminal(path)}")
        known = {(result.policy, branch) for result in results for branch in result.branches}
        reached = {(result.policy, branch) for result in results for branch in result.reached} & known
        click.echo(
            f"{len(reached):,} of {plural(len(known), 'branch', 'branches')} reached; -o json names the others"
        )
        click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    if faults:
        raise InvalidInput(diagnostic for fault in faults for diagnostic in fault.diagnostics)
    if not results:
        say("no test was found", settings)
    say(f"{plural(len(files), 'file')}", settings)
    return 1 if failed or not results else 0


def _test_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.name.endswith(_SUFFIXES) and file.is_file())
    return list(files_of([str(path)], _SUFFIXES))


def _root(file: Path, folders: list[Path]) -> Path:
    """The folder that paths in a test file may not leave: the one named, or that of `<category>/<name>/tests.yaml`."""
    above = file.resolve().parents
    named = [folder.resolve() for folder in folders if folder.is_dir() and folder.resolve() in above]
    return min([*named, above[min(2, len(above) - 1)]], key=lambda folder: len(folder.parts))


def _untested(folders: list[Path]) -> list[str]:
    """Policies below the folders that have no tests beside them."""
    return [
        str(file)
        for folder in folders
        if folder.is_dir()
        for files in policy_names([folder]).values()
        for file in files
        if not any(other.name.endswith(_SUFFIXES) for other in file.parent.iterdir())
    ]
