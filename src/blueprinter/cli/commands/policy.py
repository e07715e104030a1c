"""`blueprinter policy test|lint|explain|diff`: the policy engine alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.commands import policy_diff, policy_explain, policy_lint
from blueprinter.cli.inputs import files_of
from blueprinter.cli.remarks import echo_json, say
from blueprinter.cli.workspace import known_aliases
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Json, json_line, load
from blueprinter.policy import (
    CaseResult,
    cases_as_json,
    definition_files,
    is_definition,
    load_tests,
    read_stated_aliases,
    run_cases,
)
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

    What a file of tests holds: `blueprinter schema policy-tests`. Exit code 1 when a case fails or none was found, 2
    when a test file or its policy is invalid.
    """
    folders = [Path(path) for path in paths or ("policies",)]
    files = [file for folder in folders for file in _test_files(folder)]
    aliases = known_aliases(Path.cwd())
    read_table = cache(read_stated_aliases)  # most files name the same one
    results: list[CaseResult] = []
    faults: list[InvalidInput] = []
    for file in files:
        try:
            results.extend(run_cases(load_tests(file), _root(file, folders), aliases, read_table))
        except InvalidInput as found:
            faults.append(found)
    untested = _untested(folders, {result.policy for result in results})
    failed = [result for result in results if not result.passed]
    if output == "json":
        document = cases_as_json(results, untested=untested)
        echo_json(document)
    else:
        for line in (
            *_failures(failed),
            *_remarks(results),
            *(f"untested {path}" for path in untested),
            *_reached(results),
        ):
            click.echo(for_terminal(line))
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


_MOST_BRANCHES = 10
"""Branches that no case reaches are listed up to so many."""


def _failures(failed: Sequence[CaseResult]) -> Iterator[str]:
    """What is said of cases that fail: every key that came out otherwise, and why."""
    for result in failed:
        yield f"FAILED {result.file}:{result.position.line}: {result.name}"
        for key, wanted in result.expected.items():
            if key not in result.actual or result.actual[key] != wanted:
                yield f"  {key}: expected {_shown(wanted)}, got {_shown(result.actual.get(key))}"
        said = result.actual.get("detail") or result.actual.get("diagnostics") or []
        for line in (*(said if isinstance(said, list) else [said]), result.finding):
            if line:
                yield f"  {line}"


def _remarks(results: Sequence[CaseResult]) -> Iterator[str]:
    """What Azure would refuse of cases: they may test something else than it seems."""
    for result in results:
        for remark in result.remarks:
            yield f"warning {result.file}:{result.position.line}: {result.name}: {remark}; Azure refuses it"


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json_line(value).removesuffix("\n")


def _reached(results: Sequence[CaseResult]) -> Iterator[str]:
    """How many branches of the policies cases reach, and the others where they are few."""
    known = {(result.policy, branch) for result in results for branch in result.branches}
    missing = known - {(result.policy, branch) for result in results for branch in result.reached}
    if not known:
        return
    few = 0 < len(missing) <= _MOST_BRANCHES
    if few:
        for policy, branch in sorted(missing, key=lambda one: (one[0], one[1].pointer, one[1].outcome)):
            yield f"not reached {policy}: {branch.pointer} is never {str(branch.outcome).lower()}"
    hint = "" if few or not missing else "; -o json names the others"
    yield f"{len(known) - len(missing):,} of {plural(len(known), 'branch', 'branches')} reached{hint}"


def _untested(folders: Sequence[Path], tested: Collection[str]) -> list[str]:
    """Policies below the folders that no case is about, and that have no tests beside them under a usual name."""
    known = {Path(policy).resolve() for policy in tested}
    found: list[str] = []
    for file in definition_files([folder for folder in folders if folder.is_dir()]):
        if file.resolve() in known or file.name.endswith(_SUFFIXES):
            continue
        beside = file.stem == "policy" and any(
            other.name.endswith(_SUFFIXES) for other in file.parent.iterdir()
        )
        if not beside and _is_policy(file):
            found.append(str(file))
    return found


def _is_policy(file: Path) -> bool:
    try:
        return is_definition(load(file).value)
    except InvalidInput:
        return False
